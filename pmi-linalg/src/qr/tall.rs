//! Tall matrices: each task factors its own rows, and triangles are combined in a tree (TSQR).

use super::columns::pivoted_square;
use super::panel::{Reflector, Rows, factor_panel, triangle};
use crate::error::{Kind, Result};
use crate::local::{Block, Triangle, add_product, solve_triangle};
use crate::operand::Matrix;
use crate::scalar::{Entry, Scalar};
use crate::tiles::{Lane, NotFinite, Panel, Seat, Sides, Tiles, add_not_finite, take_sides};
use faer::{MatMut, MatRef};
use ndarray::{Array2, Ix2};
use pmi::{Handle, Task};
use pmi_array::{Axis, DistArray, Distribution, Part, Shape};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The bytes of a piece that is factored at once: it stays in the second-level cache.
const PIECE: usize = 1 << 19;
/// A piece has at least so many times as many rows as columns.
const SLIM: usize = 4;
/// A matrix is tall from so many times as many rows as columns on.
const TALL: usize = 8;
/// Wider matrices are factored in tiles.
const WIDEST: usize = 256;

/// The factors of a tall matrix: on each task those of its rows.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Tall<T: Scalar> {
    shape: [usize; 2],
    tree: Handle<std::result::Result<Tree<T>, NotFinite>>,
}

/// What a task has of the tree.
pub(super) struct Tree<T> {
    /// The pieces of its rows; of the triangles of these, one below the other; and so on, until there is one.
    levels: Vec<Vec<Reflector<T>>>,
    /// The tasks whose triangles were combined with its own, and how.
    children: Vec<(usize, Reflector<T>)>,
    parent: Option<usize>,
    /// The factorisation with pivoting of the last triangle, at the root.
    pivoted: Option<(Vec<usize>, Reflector<T>)>,
    /// The triangle in the end; what counts is the root's.
    r: Panel<T>,
}

/// The tasks as a column: rows are dealt out in blocks.
fn column(task: &Task, shape: [usize; 2]) -> Seat<'_> {
    let tiles = Tiles::new(shape, 1, [task.size(), 1]);
    Seat::take(task, tiles).expect("the grid has a place for every task")
}

/// The rows of a task.
fn rows_of(rows: usize, tasks: usize, rank: usize) -> Range<usize> {
    pmi_array::Block::new(rows, tasks).range(rank)
}

/// The rows of the pieces that so many rows are cut into, whatever the number of threads.
fn pieces<T>(rows: usize, columns: usize) -> Vec<Range<usize>> {
    let least = (PIECE / size_of::<T>() / columns.max(1)).max(SLIM * columns);
    let count = (rows / least.max(1)).max(1);
    (0..count).map(|piece| rows_of(rows, count, piece)).collect()
}

impl<T: Scalar> Tall<T> {
    /// Whether a matrix is tall enough.
    pub(super) fn suits([rows, columns]: [usize; 2], tasks: usize) -> bool {
        let least = (0..tasks).map(|rank| rows_of(rows, tasks, rank).len()).min().unwrap_or(0);
        (1..=WIDEST).contains(&columns) && least >= columns && rows >= TALL * columns
    }

    /// The factors; where columns shall change places, those of the triangle do, and which ones is told.
    #[track_caller]
    pub(super) fn factor(what: &'static str, a: &Matrix<T>, pivot: bool) -> Result<(Self, Option<Vec<usize>>)> {
        let make = |task: &Task, (a, pivot): (Matrix<T>, bool)| factor(task, &a, pivot);
        let tree = pmi::create(make, (a.clone(), pivot))?;
        let tall = Self { shape: a.shape(), tree };
        let told = |task: &Task, tall: Self| match &*task.get(&tall.tree) {
            Ok(tree) => Ok(tree.pivoted.as_ref().map(|(places, _)| places.clone())),
            Err(found) => Err(*found),
        };
        match pmi::first(told, tall.clone())? {
            Ok(places) => Ok((tall, places)),
            Err(NotFinite { count, row, column }) => Err(Kind::NotFinite { what, count, row, column }.into()),
        }
    }

    /// `Q`, with as many columns as the matrix.
    #[track_caller]
    pub(super) fn q(&self) -> Result<DistArray<T, Ix2>> {
        let q = DistArray::<T, Ix2>::zeros((self.shape[0], self.shape[1]));
        let expand = |task: &Task, (tall, q): (Self, DistArray<T, Ix2>)| {
            let ([_, n], mut q) = (tall.shape, q.local_mut(task));
            let mut top = vec![T::default(); n * n];
            if task.rank() == 0 {
                (0..n).for_each(|i| top[i * n + i] = T::of(1.0));
            }
            let rows = q.nrows();
            tall.with_tree(task, |tree, lane| {
                tree.combine(lane, false, &mut top, n);
                let q = MatMut::from_row_major_slice_mut(
                    q.as_slice_mut().expect("a slab has its elements in C order"),
                    rows,
                    n,
                );
                expand(&tree.levels, &top, q);
            });
        };
        pmi::exec(expand, (self.clone(), q.clone()))?;
        Ok(q)
    }

    /// `R`, on the first task.
    #[track_caller]
    pub(super) fn r(&self) -> DistArray<T, Ix2> {
        let n = self.shape[1];
        let make = |task: &Task, part: &Part, tall: Self| {
            let shape = part.shape();
            tall.with_tree(task, |tree, _| {
                Array2::from_shape_fn((shape[0], shape[1]), |(i, j)| tree.r.matrix()[(i, j)])
            })
        };
        DistArray::from_local((n, n).distributed(Tiles::new([n, n], n, [1, 1]).distribution()), make, self.clone())
    }

    /// `Q b` or `Q^H b`, in rows.
    #[track_caller]
    pub(super) fn multiplied<E: Entry<Scalar = T>, D: Sides>(
        &self,
        adjoint: bool,
        b: &DistArray<E, D>,
    ) -> Result<DistArray<T, Ix2>> {
        let sides = take_sides(b, Distribution::from([Axis::Block, Axis::Whole]));
        let apply = |task: &Task, (tall, sides, adjoint): (Self, DistArray<T, Ix2>, bool)| {
            let (mut sides, width) = (sides.local_mut(task), sides.shape()[1]);
            let b = sides.as_slice_mut().expect("a slab has its elements in C order");
            tall.with_tree(task, |tree, lane| {
                multiply(&tree.levels, adjoint, b, width, &mut |top| tree.combine(lane, adjoint, top, width));
            });
        };
        pmi::exec(apply, (self.clone(), sides.clone(), adjoint))?;
        Ok(sides)
    }

    /// As that of the form in tiles.
    pub(super) fn back_substitute(&self, sides: &DistArray<T, Ix2>) -> Result<std::result::Result<(), usize>> {
        let solve = |task: &Task, (tall, sides): (Self, DistArray<T, Ix2>)| {
            let (mut sides, width, n) = (sides.local_mut(task), sides.shape()[1], tall.shape[1]);
            let b = sides.as_slice_mut().expect("a slab has its elements in C order");
            tall.with_tree(task, |tree, _| {
                if task.rank() > 0 {
                    return Ok(());
                }
                let r = tree.r.matrix();
                if let Some(zero) = (0..n).find(|i| r[(*i, *i)] == T::default()) {
                    return Err(zero);
                }
                let top = MatMut::from_row_major_slice_mut(&mut b[..n * width], n, width);
                solve_triangle(r.into(), Triangle::Upper, top, task.threads());
                Ok(())
            })
        };
        Ok(pmi::first(solve, (self.clone(), sides.clone()))?)
    }

    /// The diagonal of `R`.
    pub(super) fn diagonal(&self) -> Result<Vec<T>> {
        let of_root = |task: &Task, tall: Self| {
            tall.with_tree(task, |tree, _| (0..tall.shape[1]).map(|i| tree.r.matrix()[(i, i)]).collect::<Vec<T>>())
        };
        Ok(pmi::first(of_root, self.clone())?)
    }

    fn with_tree<R>(&self, task: &Task, f: impl FnOnce(&Tree<T>, &Lane) -> R) -> R {
        let tree = task.get(&self.tree);
        f(tree.as_ref().expect("only matrices without faults are used"), &column(task, self.shape).column)
    }
}

/// This task's part of the factorisation.
fn factor<T: Scalar>(task: &Task, a: &Matrix<T>, pivot: bool) -> std::result::Result<Tree<T>, NotFinite> {
    let ([m, n], tasks) = (a.shape(), task.size());
    let fetched = a.array.fetch(task, |rank| a.part(rows_of(m, tasks, rank), 0..n));
    let mine = rows_of(m, tasks, task.rank());
    let rows = match a.transposed {
        true => MatRef::from_column_major_slice(&fetched, mine.len(), n),
        false => MatRef::from_row_major_slice(&fetched, mine.len(), n),
    };
    let (seat, cut) = (column(task, a.shape()), pieces::<T>(mine.len(), n));
    let copied = |piece: Range<usize>| {
        let mut copy = Panel::copied(rows.subrows(piece.start, piece.len()));
        if a.conjugated {
            copy.numbers_mut().iter_mut().for_each(|x| *x = x.conjugated());
        }
        let faults = faults(&copy, mine.start + piece.start);
        (copy, faults)
    };
    let factored = |piece: &Range<usize>| {
        let (copy, faults) = copied(piece.clone());
        // Others must not wait for what has no end.
        (faults[0] == 0).then(|| factor_piece(copy)).ok_or(faults)
    };
    let first: Vec<_> = task.install(|| cut.par_iter().map(factored).collect());
    let mut found = vec![0, usize::MAX, usize::MAX];
    first.iter().filter_map(|piece| piece.as_ref().err()).for_each(|faults| add_not_finite(&mut found, faults));
    let found = seat.column.all_reduce(found, add_not_finite);
    if found[0] > 0 {
        return Err(NotFinite { count: found[0], row: found[1], column: found[2] });
    }
    let mut factored: Vec<_> = first.into_iter().filter_map(std::result::Result::ok).collect();
    let mut levels = Vec::new();
    let mut r = loop {
        let (reflectors, mut triangles): (Vec<_>, Vec<_>) = factored.into_iter().unzip();
        levels.push(reflectors);
        if triangles.len() == 1 {
            break triangles.remove(0);
        }
        let stack = stacked(&triangles);
        let cut = pieces::<T>(triangles.len() * n, n);
        let piece =
            |piece: &Range<usize>| factor_piece(Panel::copied(stack.matrix().subrows(piece.start, piece.len())));
        factored = task.install(|| cut.par_iter().map(piece).collect());
    };
    let (lane, mut children, mut parent) = (&seat.column, Vec::new(), None);
    let mut step = 1;
    while step < lane.len() && parent.is_none() {
        if lane.me() & step > 0 {
            parent = Some(lane.me() - step);
            lane.start_sends([lane.me() - step], &packed(&r)).wait();
        } else if lane.me() + step < lane.len() {
            let theirs = unpacked(&lane.receive_from(lane.me() + step), n);
            let (reflector, triangle) = factor_piece(stacked(&[r, theirs]));
            children.push((lane.me() + step, reflector));
            r = triangle;
        }
        step *= 2;
    }
    let pivoted = (pivot && parent.is_none()).then(|| {
        let (places, reflector, triangle) =
            pivoted_square(std::mem::replace(&mut r, Panel::zeros(0, 0)), task.threads());
        r = triangle;
        (places, reflector)
    });
    Ok(Tree { levels, children, parent, pivoted, r })
}

/// How many numbers are not finite, and where the first is.
fn faults<T: Scalar>(copy: &Panel<T>, first_row: usize) -> [usize; 3] {
    let mut found = [0, usize::MAX, usize::MAX];
    let rows = copy.matrix().nrows();
    for (column, numbers) in copy.numbers().chunks_exact(rows.max(1)).enumerate() {
        if !numbers.iter().fold(true, |all, x| all & x.is_finite()) {
            for (row, _) in numbers.iter().enumerate().filter(|(_, x)| !x.is_finite()) {
                add_not_finite(&mut found, &[1, first_row + row, column]);
            }
        }
    }
    found
}

/// The reflections and the triangle of a block that has no fewer rows than columns.
fn factor_piece<T: Scalar>(mut piece: Panel<T>) -> (Reflector<T>, Panel<T>) {
    let n = piece.matrix().ncols();
    let mut t = Panel::zeros(n, n);
    factor_panel(piece.matrix_mut(), t.matrix_mut(), Rows::all(1));
    let r = triangle(piece.matrix());
    (Reflector::new(piece, t, true), r)
}

/// Triangles one below the other.
fn stacked<T: Scalar>(triangles: &[Panel<T>]) -> Panel<T> {
    let n = triangles[0].matrix().ncols();
    let mut stack = Panel::zeros(triangles.len() * n, n);
    for (number, triangle) in triangles.iter().enumerate() {
        stack.matrix_mut().subrows_mut(number * n, n).copy_from(triangle.matrix());
    }
    stack
}

/// What is not zero of a triangle, for a message.
fn packed<T: Scalar>(r: &Panel<T>) -> Vec<T> {
    let n = r.matrix().ncols();
    (0..n).flat_map(|j| &r.numbers()[j * n..=j * n + j]).copied().collect()
}

fn unpacked<T: Scalar>(numbers: &[T], n: usize) -> Panel<T> {
    let mut r = vec![T::default(); n * n];
    let mut rest = numbers;
    for j in 0..n {
        let (column, behind) = rest.split_at(j + 1);
        r[j * n..=j * n + j].copy_from_slice(column);
        rest = behind;
    }
    Panel::new(r, n, n)
}

impl<T: Scalar> Tree<T> {
    /// Applies what combined the tasks' triangles to their blocks of `n` rows: `top` is this task's.
    fn combine(&self, lane: &Lane, adjoint: bool, top: &mut [T], width: usize) {
        let with_parent = |top: &mut [T]| match (self.parent, &self.pivoted) {
            (Some(parent), _) => {
                lane.start_sends([parent], top).wait();
                top.copy_from_slice(&lane.receive_from(parent));
            }
            (None, Some((_, reflector))) => apply(reflector, adjoint, top, width),
            (None, None) => {}
        };
        let with_child = |(child, reflector): &(usize, Reflector<T>), top: &mut [T]| {
            let mut both: Vec<T> = [&*top, &lane.receive_from(*child)].concat();
            apply(reflector, adjoint, &mut both, width);
            lane.start_sends([*child], &both[top.len()..]).wait();
            top.copy_from_slice(&both[..top.len()]);
        };
        if adjoint {
            self.children.iter().for_each(|child| with_child(child, top));
            with_parent(top);
        } else {
            with_parent(top);
            self.children.iter().rev().for_each(|child| with_child(child, top));
        }
    }
}

fn apply<T: Scalar>(reflector: &Reflector<T>, adjoint: bool, numbers: &mut [T], width: usize) {
    let rows = numbers.len() / width.max(1);
    reflector.apply(adjoint, MatMut::from_row_major_slice_mut(numbers, rows, width), Rows::all(1));
}

/// `Q b` or `Q^H b` for the task's rows, where `next` does what is to be done with the first ones together with other
/// tasks.
fn multiply<T: Scalar>(
    levels: &[Vec<Reflector<T>>],
    adjoint: bool,
    b: &mut [T],
    width: usize,
    next: &mut dyn FnMut(&mut [T]),
) {
    let Some((level, others)) = levels.split_first() else { return next(b) };
    let n = level[0].v.matrix().ncols();
    let mut places = Vec::new();
    let mut rest = b;
    for reflector in level {
        let (piece, behind) = rest.split_at_mut(reflector.v.matrix().nrows() * width);
        places.push((reflector, piece));
        rest = behind;
    }
    let all = |places: &mut Vec<(&Reflector<T>, &mut [T])>| {
        places.par_iter_mut().for_each(|(reflector, piece)| apply(reflector, adjoint, piece, width));
    };
    if adjoint {
        all(&mut places);
    }
    let mut tops: Vec<T> = places.iter().flat_map(|(_, piece)| &piece[..n * width]).copied().collect();
    multiply(others, adjoint, &mut tops, width, next);
    if width > 0 {
        places
            .iter_mut()
            .zip(tops.chunks_exact(n * width))
            .for_each(|((_, piece), top)| piece[..n * width].copy_from_slice(top));
    }
    if !adjoint {
        all(&mut places);
    }
}

/// `Q (top, 0)` for the task's rows, into zeros.
fn expand<T: Scalar>(levels: &[Vec<Reflector<T>>], top: &[T], mut out: MatMut<T>) {
    let (n, width) = (out.ncols(), out.ncols());
    let Some((level, others)) = levels.split_first() else {
        return out.copy_from(MatRef::from_row_major_slice(top, n, width));
    };
    let mut tops = vec![T::default(); level.len() * n * width];
    expand(others, top, MatMut::from_row_major_slice_mut(&mut tops, level.len() * n, width));
    let mut places = Vec::new();
    let mut rest = out;
    for (reflector, top) in level.iter().zip(tops.chunks_exact(n * width)) {
        let (piece, behind) = rest.split_at_row_mut(reflector.v.matrix().nrows());
        places.push((reflector, top, piece));
        rest = behind;
    }
    places.into_par_iter().for_each(|(reflector, top, mut piece)| {
        let (v, t) = (reflector.v.matrix(), reflector.t.matrix());
        let top = MatRef::from_row_major_slice(top, n, width);
        let [mut w, mut y] = [Panel::zeros(n, width), Panel::zeros(n, width)];
        add_product(w.matrix_mut(), T::of(1.0), Block::adjoint(v.subrows(0, n)), top, 1);
        add_product(y.matrix_mut(), T::of(1.0), t, w.matrix(), 1);
        piece.as_mut().subrows_mut(0, n).copy_from(top);
        add_product(piece, T::of(-1.0), v, y.matrix(), 1);
    });
}
