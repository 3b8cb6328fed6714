//! The factorisation as an object.

use super::factor::{Factored, factor};
use super::tall::Tall;
use crate::error::{Kind, Result};
use crate::local::Triangle;
use crate::operand::{Matrix, Operand, promoted};
use crate::scalar::{Entry, Scalar};
use crate::tiles::{NotFinite, Panel, Seat, Sides, Tiles, Tuning, give_sides, no_divisor, not_finite};
use crate::triangular::{Reading, Triangular, solve_in_tiles};
use ndarray::{Array2, Ix2};
use pmi::{Handle, Task};
use pmi_array::{Block, DistArray, Part, Shape};
use serde::{Deserialize, Serialize};

/// Rows and columns of a tile; of a large matrix, which has panels enough to share out.
const BLOCK: usize = 64;
const LARGE_BLOCK: usize = 128;
const LARGE: usize = 1500;
/// Up to so many tasks, each panel is on one: more take a grid that is nearer to a square.
const ONE_ROW: usize = 4;
/// As do all where one side is so short.
const NARROW: usize = 256;
/// A smaller matrix is factored by one task: others would only wait for messages.
const ALONE: usize = 256 * 256;

/// The QR factorisation of a matrix, to be used again: see [`qr`] and [`qr_pivoted`](crate::qr_pivoted).
#[derive(Clone)]
pub struct Qr<T: Scalar> {
    pub(super) shape: [usize; 2],
    pub(super) form: Form<T>,
    /// Which column of the matrix each column of the factored one is, where columns changed places.
    pub(super) permutation: Option<Vec<usize>>,
}

/// Where the factors are.
#[derive(Clone)]
pub(super) enum Form<T: Scalar> {
    Tiled(Tiled<T>),
    Tall(Tall<T>),
}

/// `R` and the vectors of the reflections in tiles, and the triangles `T` on every task of the grid.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Tiled<T: Scalar> {
    pub(super) matrix: DistArray<T, Ix2>,
    pub(super) triangles: Handle<Triangles<T>>,
    pub(super) tiles: Tiles,
}

/// What a task has of a factorisation in tiles beside its slab.
#[derive(Default)]
pub(super) struct Steps<T> {
    /// The triangles of the steps; empty where only others need it.
    pub(super) triangles: Vec<Panel<T>>,
    /// Which column of the matrix comes at each place, where columns changed places.
    pub(super) places: Vec<usize>,
}

/// That, or what forbids it.
pub(super) type Triangles<T> = std::result::Result<Steps<T>, NotFinite>;

/// The QR factorisation `A = Q R` of any `m x n` matrix: `Q` has orthonormal columns, `R` is upper triangular
/// (trapezoidal, where `m < n`). The diagonal of `R` is real and has LAPACK's signs: opposite to those of the elements
/// that are reflected, so some are negative.
///
/// Householder's reflections in blocks, as LAPACK's `geqrf`, on tiles, with the next panel under way while the last is
/// applied: `2 n^2 (m - n / 3)` operations (four times as many for complex numbers). On a grid of `p x q` tasks each
/// gets `m n / p` numbers along its row, and `n^2 / q` and some `32 n` along its column, where `p > 1` in `2 n`
/// messages (Choi and others, LAPACK Working Note 80, 1994). Up to 4 tasks take `p = 1`, so that no column needs a
/// message. The matrix is copied into tiles before.
///
/// A matrix that is tall enough, with up to 256 columns, no fewer rows on each task and 8 times as many in all, is
/// factored where its rows are: each task factors its own, in pieces that fit the cache, and triangles `R` are combined
/// in a binomial tree, `n^2 / 2 log(tasks)` numbers on the longest way (TSQR: Demmel, Grigori, Hoemmen and Langou,
/// *Communication-optimal parallel and sequential QR and LU factorizations*, 2012).
///
/// ```
/// use pmi_array::{DistArray, Expression};
/// use pmi_linalg::{matmul, qr};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_array(&ndarray::array![[3f64, 5.0], [4.0, 0.0], [0.0, 12.0]]);
/// let f = qr(&a)?;
/// let error = &matmul(&f.q()?, &f.r()?) - &a;
/// assert!(error.eval().gather()?.iter().all(|x| x.abs() < 1e-14));
/// assert!((f.r()?.gather()?[(0, 0)] + 5.0).abs() < 1e-14);
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where elements are infinite or not a number, saying how many and where the first is.
///
/// # Panics
/// Where the calling thread does not control the matrix's world.
#[track_caller]
pub fn qr<T: Entry>(a: impl Operand<T>) -> Result<Qr<T::Scalar>> {
    let a = promoted(a);
    let shape = a.shape();
    if Tall::<T::Scalar>::suits(shape, a.array.layout().tasks()) {
        let (tall, _) = Tall::factor("qr", &a, false)?;
        return Ok(Qr { shape, form: Form::Tall(tall), permutation: None });
    }
    factored(a, Tuning::default())
}

/// As [`qr`], in tiles whatever the shape, on a grid of one's own choice.
///
/// # Errors
/// As [`qr`].
///
/// # Panics
/// As [`qr`], and where the grid has more tasks than the world.
#[track_caller]
pub fn qr_with<T: Entry>(a: impl Operand<T>, tuning: Tuning) -> Result<Qr<T::Scalar>> {
    factored(promoted(a), tuning)
}

#[track_caller]
fn factored<T: Scalar>(a: Matrix<T>, tuning: Tuning) -> Result<Qr<T>> {
    let (shape, tasks) = (a.shape(), a.array.layout().tasks());
    let tuning = match tasks {
        _ if shape[0] * shape[1] <= ALONE => tuning.grid_or(1, 1),
        ..=ONE_ROW => tuning.grid_or(1, tasks),
        _ if shape[0].min(shape[1]) <= NARROW => tuning.grid_or(1, tasks),
        _ => tuning,
    };
    let block = if shape[0].min(shape[1]) < LARGE { BLOCK } else { LARGE_BLOCK };
    let tiles = tuning.tiles(shape, tasks, block);
    let matrix = a.in_tiles(tiles);
    let factor = |task: &Task, (matrix, tiles): (DistArray<T, Ix2>, Tiles)| -> Triangles<T> {
        let Some(seat) = Seat::take(task, tiles) else { return Ok(Steps::default()) };
        let mut matrix = matrix.local_mut(task);
        let slab = matrix.as_slice_mut().expect("a slab has its elements in C order");
        not_finite(&seat, slab, None).map_or(Ok(()), Err)?;
        Ok(Steps { triangles: factor(seat, slab), places: Vec::new() })
    };
    let triangles = pmi::create(factor, (matrix.clone(), tiles))?;
    let tiled = Tiled { matrix, triangles, tiles };
    tiled.check("qr")?;
    Ok(Qr { shape, form: Form::Tiled(tiled), permutation: None })
}

impl<T: Scalar> Tiled<T> {
    /// Says what was wrong with the matrix.
    pub(super) fn check(&self, what: &'static str) -> Result<()> {
        let fault = |task: &Task, triangles: Handle<Triangles<T>>| task.get(&triangles).as_ref().err().copied();
        match pmi::first(fault, self.triangles.clone())? {
            None => Ok(()),
            Some(NotFinite { count, row, column }) => Err(Kind::NotFinite { what, count, row, column }.into()),
        }
    }

    /// Calls `f` on the tasks of the grid with what they have of the factors.
    fn on_grid<R>(&self, task: &Task, f: impl FnOnce(&Factored<T>) -> R) -> Option<R> {
        let seat = Seat::take(task, self.tiles)?;
        let (matrix, triangles) = (self.matrix.local(task), task.get(&self.triangles));
        let slab = matrix.as_slice().expect("a slab has its elements in C order");
        let steps = triangles.as_ref().expect("only matrices without faults are used");
        Some(f(&Factored { seat: &seat, slab, triangles: &steps.triangles }))
    }

    /// How many of so many sides a task of the grid has.
    fn sides_of(&self, seat: &Seat, sides: usize) -> usize {
        Block::new(sides, self.tiles.grid[1]).range(seat.place[1]).len()
    }

    /// Which column of the matrix comes at each place.
    pub(super) fn places(&self, task: &Task) -> Vec<usize> {
        task.get(&self.triangles).as_ref().map_or(Vec::new(), |steps| steps.places.clone())
    }

    /// The first `columns` columns of `Q`.
    #[track_caller]
    fn q(&self, columns: usize) -> Result<DistArray<T, Ix2>> {
        let tiles = self.tiles.with_columns(columns);
        let q = DistArray::<T, Ix2>::zeros((tiles.shape[0], columns).distributed(tiles.distribution()));
        let make = |task: &Task, (tiled, q): (Self, DistArray<T, Ix2>)| {
            let mut slab = q.local_mut(task);
            let c = slab.as_slice_mut().expect("a slab has its elements in C order");
            tiled.on_grid(task, |factored| {
                let (seat, columns) = (factored.seat, q.shape()[1]);
                let tiles = seat.tiles.with_columns(columns);
                let width = tiles.columns_before(columns, seat.place[1]);
                for j in 0..width {
                    let column = tiles.column_at(j, seat.place[1]);
                    seat.rows(column..column + 1).for_each(|i| c[i * width + j] = T::of(1.0));
                }
                let first = |step| tiles.columns_before(tiles.diagonal(step).start, seat.place[1]);
                factored.apply(false, c, width, |step| first(step)..width);
            });
        };
        pmi::exec(make, (self.clone(), q.clone()))?;
        Ok(q)
    }

    /// `R`.
    #[track_caller]
    fn r(&self) -> DistArray<T, Ix2> {
        let [rows, columns] = self.tiles.shape;
        let make = |task: &Task, part: &Part, tiled: Self| {
            let (shape, matrix) = (part.shape(), tiled.matrix.local(task));
            let [of_rows, of_columns] = part.axes() else { unreachable!("a matrix has two axes") };
            // The task's rows of R are the first of its rows.
            Array2::from_shape_fn((shape[0], shape[1]), |(i, j)| {
                if of_rows.get(i) <= of_columns.get(j) { matrix[(i, j)] } else { T::default() }
            })
        };
        let tiles = Tiles { shape: [rows.min(columns), columns], ..self.tiles };
        DistArray::from_local((rows.min(columns), columns).distributed(tiles.distribution()), make, self.clone())
    }

    /// `Q b`, or `Q^H b`, in the place of `b`'s copy.
    #[track_caller]
    fn apply(&self, adjoint: bool, sides: &DistArray<T, Ix2>) -> Result<()> {
        let apply = |task: &Task, (tiled, sides, adjoint): (Self, DistArray<T, Ix2>, bool)| {
            let mut slab = sides.local_mut(task);
            let c = slab.as_slice_mut().expect("a slab has its elements in C order");
            tiled.on_grid(task, |factored| {
                let width = tiled.sides_of(factored.seat, sides.shape()[1]);
                factored.apply(adjoint, c, width, |_| 0..width);
            });
        };
        Ok(pmi::exec(apply, (self.clone(), sides.clone(), adjoint))?)
    }

    /// The `x` with `R x = c`, the first rows of `sides`, in their place; `Err` has the number of a row whose diagonal
    /// element nothing can be divided by.
    pub(super) fn back_substitute(&self, sides: &DistArray<T, Ix2>) -> Result<std::result::Result<(), usize>> {
        let solve = |task: &Task, (tiled, sides): (Self, DistArray<T, Ix2>)| {
            let n = tiled.tiles.shape[1];
            let square = Tiles { shape: [n, n], ..tiled.tiles };
            let (mut slab, count) = (sides.local_mut(task), sides.shape()[1]);
            let b = slab.as_slice_mut().expect("a slab has its elements in C order");
            let solved = tiled.on_grid(task, |factored| {
                let seat = Seat::take(task, square).expect("the grid is the same");
                let [rows, columns] = seat.shape();
                let slab = &factored.slab[..rows * columns];
                no_divisor(&seat, slab).map_or(Ok(()), Err)?;
                let r = Triangular { slab, half: Triangle::Upper, reading: Reading::Plain };
                let width = tiled.sides_of(&seat, count);
                solve_in_tiles(&seat, r, &mut b[..rows * width], count);
                Ok(())
            });
            solved.unwrap_or(Ok(()))
        };
        Ok(pmi::first(solve, (self.clone(), sides.clone()))?)
    }
}

impl<T: Scalar> Qr<T> {
    /// `Q` with `min(m, n)` columns.
    ///
    /// `2 n^2 (m - n / 3)` operations more, and the communication of the factorisation.
    ///
    /// # Errors
    /// Where a task fails.
    #[track_caller]
    pub fn q(&self) -> Result<DistArray<T, Ix2>> {
        match &self.form {
            Form::Tiled(tiled) => tiled.q(self.shape[0].min(self.shape[1])),
            Form::Tall(tall) => tall.q(),
        }
    }

    /// `Q` as a unitary `m x m` matrix: the further columns span what is orthogonal to those of the matrix.
    ///
    /// # Errors
    /// As [`q`](Qr::q).
    #[track_caller]
    pub fn q_complete(&self) -> Result<DistArray<T, Ix2>> {
        match &self.form {
            Form::Tiled(tiled) => tiled.q(self.shape[0]),
            Form::Tall(_) => self.q_mul(&DistArray::<T, Ix2>::eye((self.shape[0], self.shape[0]), 0)),
        }
    }

    /// `R`, with `min(m, n)` rows and `n` columns.
    ///
    /// # Errors
    /// As [`q`](Qr::q).
    #[track_caller]
    pub fn r(&self) -> Result<DistArray<T, Ix2>> {
        match &self.form {
            Form::Tiled(tiled) => Ok(tiled.r()),
            Form::Tall(tall) => Ok(tall.r()),
        }
    }

    /// `Q b`, with the unitary `m x m` matrix, which is never formed: of a vector, or of each column of `b`, in its
    /// layout.
    ///
    /// `4 n m` operations a column, less `2 n^2`.
    ///
    /// # Errors
    /// As [`q`](Qr::q).
    ///
    /// # Panics
    /// Where `b` has not as many rows as the matrix.
    #[track_caller]
    pub fn q_mul<E: Entry<Scalar = T>, D: Sides>(&self, b: &DistArray<E, D>) -> Result<DistArray<T, D>> {
        Ok(give_sides(&self.multiplied("Qr::q_mul", false, b)?, b.layout()))
    }

    /// `Q^H b`, with the unitary `m x m` matrix, which is never formed; the first rows are those of the `Q` with
    /// `min(m, n)` columns.
    ///
    /// # Errors
    /// As [`q`](Qr::q).
    ///
    /// # Panics
    /// As [`q_mul`](Qr::q_mul).
    #[track_caller]
    pub fn q_adjoint_mul<E: Entry<Scalar = T>, D: Sides>(&self, b: &DistArray<E, D>) -> Result<DistArray<T, D>> {
        Ok(give_sides(&self.multiplied("Qr::q_adjoint_mul", true, b)?, b.layout()))
    }

    /// `Q b` or `Q^H b`, in the layout in which it was computed.
    #[track_caller]
    pub(super) fn multiplied<E: Entry<Scalar = T>, D: Sides>(
        &self,
        what: &str,
        adjoint: bool,
        b: &DistArray<E, D>,
    ) -> Result<DistArray<T, Ix2>> {
        let (rows, of_sides) = (self.shape[0], b.shape()[0]);
        assert!(
            of_sides == rows,
            "{what}: the matrix has {rows} rows, the right-hand side {of_sides}: both must have as many"
        );
        match &self.form {
            Form::Tiled(tiled) => {
                let sides = tiled.tiles.take_sides(b);
                tiled.apply(adjoint, &sides)?;
                Ok(sides)
            }
            Form::Tall(tall) => tall.multiplied(adjoint, b),
        }
    }

    /// Which column of the matrix each column of `R` belongs to: `A[:, permutation] = Q R`. The identity, but for
    /// [`qr_pivoted`](crate::qr_pivoted).
    pub fn permutation(&self) -> Vec<usize> {
        self.permutation.clone().unwrap_or_else(|| (0..self.shape[1]).collect())
    }
}
