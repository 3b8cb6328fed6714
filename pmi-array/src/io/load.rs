//! Arrays whose elements the tasks read.

use super::failure::{Failure, agree};
use super::progress::shown;
use crate::array::{DistArray, Slab};
use crate::element::Element;
use crate::error::Result;
use crate::layout::{Distribution, Layout};
use ndarray::Dimension;
use pmi::{Argument, Code, Portable, Task};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// The layout of an array of this shape, in the current world.
#[track_caller]
pub(crate) fn layout_as(shape: &[usize], distribution: Option<Distribution>) -> Result<Layout> {
    let tasks = pmi::size()?;
    Ok(match distribution {
        Some(distribution) => Layout::distributed(shape, distribution, tasks),
        None => Layout::new(shape, tasks),
    })
}

/// The bytes of the elements of a file's array, where it can be one of `T` with so many axes; otherwise why not.
pub(super) fn bytes_of<T>(shape: &[usize], ndim: Option<usize>) -> Result<usize, String> {
    let axes = shape.len();
    if let Some(ndim) = ndim.filter(|ndim| *ndim != axes) {
        return Err(format!(
            "its array has the shape {shape:?}, {axes} axes, not {ndim}: load it as a DistArray<_, Ix{axes}>, or IxDyn"
        ));
    }
    // The longest axes count where others are empty, too: nothing of this shape could be addressed.
    let bytes = (shape.iter().filter(|len| **len > 0))
        .try_fold(size_of::<T>(), |bytes, len| bytes.checked_mul(*len))
        .filter(|bytes| isize::try_from(*bytes).is_ok())
        .ok_or_else(|| format!("an array of shape {shape:?} does not fit into any memory"))?;
    Ok(if shape.contains(&0) { 0 } else { bytes })
}

/// The array of this layout, read from `path`, whose slabs `read` returns on each task, in C order. Where it fails on
/// one, that is the error, and there is no array.
pub(crate) fn load<T, D, A, F>(path: &Path, layout: Layout, read: F, args: A) -> Result<DistArray<T, D>>
where
    T: Element,
    D: Dimension + 'static,
    A: Argument,
    F: Fn(&Task, &Layout, A) -> Result<Vec<T>, Failure> + Portable,
{
    let array = DistArray { slab: pmi::create(|_: &Task, ()| Slab::<T, D>::absent(), ())?, layout };
    let fill = |task: &Task, (array, read, args): (DistArray<T, D>, Code<F>, A)| {
        let elements = agree(task, (read.get())(task, &array.layout, args))?;
        array.replace(task, Slab::from_elements(&array.layout, task.rank(), elements));
        Ok::<_, Failure>(())
    };
    shown(path, array.nbytes() as u64, || pmi::first(fill, (array.clone(), Code::new(read), args)))??;
    Ok(array)
}

/// The array in a file or folder, at which task 0 looks: for its shape, and what else all must know to `read` it. A
/// broadcast of that.
#[track_caller]
pub(super) fn load_as<T, D, M, L, R>(
    path: &Path,
    distribution: Option<Distribution>,
    look: L,
    read: R,
) -> Result<DistArray<T, D>>
where
    T: Element,
    D: Dimension + 'static,
    M: Serialize + DeserializeOwned + 'static,
    L: Fn(&Task, &Path) -> Result<(Vec<usize>, M), Failure> + Portable,
    R: Fn(&Task, &Layout, (PathBuf, M)) -> Result<Vec<T>, Failure> + Portable,
{
    let ask = |task: &Task, (path, look): (PathBuf, Code<L>)| {
        let found = (task.rank() == 0).then(|| (look.get())(task, &path));
        task.comm().broadcast_object(0, found)
    };
    let (shape, found) = pmi::first(ask, (path.to_owned(), Code::new(look)))??;
    load(path, layout_as(&shape, distribution)?, read, (path.to_owned(), found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Products;
    use ndarray::{Ix0, Ix2, IxDyn};
    use std::io;

    #[test]
    fn all_tasks_read_or_there_is_no_array() {
        let read = |task: &Task, layout: &Layout, good: bool| {
            let cause = io::Error::other("no");
            let mine = vec![task.rank() as f64; layout.local_len(task.rank())];
            if good || task.rank() == 0 { Ok(mine) } else { Err(Failure::file(task, Path::new("there"), &cause)) }
        };
        for tasks in [1, 2, 3] {
            pmi::with_tasks(tasks, || {
                let array: DistArray<_, Ix2> =
                    load(Path::new("there"), Layout::new(&[tasks, 2], tasks), read, true).unwrap();
                assert_eq!(array.to_vec().unwrap(), (0..tasks).flat_map(|i| [i as f64; 2]).collect::<Vec<_>>());
                let other: DistArray<_, IxDyn> =
                    load(Path::new("there"), Layout::new(&[3], tasks), read, true).unwrap();
                assert_eq!(other.dot(&other), (0..3).map(|i| (i * tasks / 3) as f64).map(|x| x * x).sum::<f64>());
                let single: DistArray<_, Ix0> = load(Path::new("there"), Layout::new(&[], tasks), read, true).unwrap();
                assert_eq!(single.to_vec().unwrap(), [0.0]);
                let failed: Result<DistArray<_, Ix2>> =
                    load(Path::new("there"), Layout::new(&[tasks, 2], tasks), read, false);
                assert_eq!(
                    failed.map_err(|error| error.to_string()).err(),
                    (tasks > 1).then(|| "there: no, on task 1".into())
                );
            });
        }
    }
}
