//! Solutions made better, and judged, by their residuals.

use super::condition::greater;
use super::{Lu, Pivoting};
use crate::error::{Kind, Result};
use crate::operand::{Matrix, Operand, promoted};
use crate::product::matmul;
use crate::scalar::{Entry, Scalar};
use crate::tiles::{Seat, Sides, Tiles, Tuning, give_sides};
use crate::triangular::{Reading, square};
use ndarray::{Array2, ArrayView1, Ix2};
use num_complex::Complex;
use pmi::Task;
use pmi_array::{DistArray, Expression, Reduce};

/// Numbers that have others with fewer digits: `f64` has `f32`, `Complex<f64>` has `Complex<f32>`. Those of single precision stay
/// as they are.
pub trait Narrow: Scalar {
    /// The type with fewer digits.
    type Narrow: Scalar;

    /// The nearest of that type; infinite beyond its range.
    fn narrow(self) -> Self::Narrow;

    /// The same number.
    fn widened(narrow: Self::Narrow) -> Self;
}

macro_rules! narrow {
    ($($wide:ty => $narrow:ty: |$x:ident| $down:expr, $up:expr;)*) => {$(
        impl Narrow for $wide {
            type Narrow = $narrow;
            fn narrow(self) -> $narrow {
                let $x = self;
                $down
            }
            fn widened($x: $narrow) -> Self {
                $up
            }
        }
    )*};
}

narrow! {
    f32 => f32: |x| x, x;
    f64 => f32: |x| x as f32, f64::from(x);
    Complex<f32> => Complex<f32>: |x| x, x;
    Complex<f64> => Complex<f32>: |z| Complex::new(z.re as f32, z.im as f32), Complex::new(z.re.into(), z.im.into());
}

/// How [`solve_with`] solves: by default as [`solve`](crate::solve()).
#[derive(Debug, Clone, Copy, Default)]
pub struct SolveOptions {
    tuning: Tuning,
    refinements: usize,
    mixed: bool,
}

impl SolveOptions {
    /// On tiles and a grid of one's own choice.
    #[must_use]
    pub fn tuning(self, tuning: Tuning) -> Self {
        Self { tuning, ..self }
    }

    /// With so many steps of iterative refinement at the most: the system is solved for the residual, and the solution
    /// added, as long as that makes the backward error smaller and it is more than rounding.
    #[must_use]
    pub fn refined(self, steps: usize) -> Self {
        Self { refinements: steps, ..self }
    }

    /// With factors in single precision, which take half the time, and refinement up to double precision (Langou and others,
    /// *Exploiting the performance of 32 bit floating point arithmetic in obtaining 64 bit accuracy*, SC 2006: LAPACK's `dsgesv`).
    /// Where that does not converge, since the matrix is too near to a singular one, factors in double precision are used.
    #[must_use]
    pub fn mixed_precision(self) -> Self {
        Self { mixed: true, ..self }
    }
}

/// A solution, and how good it is.
pub struct Solution<T: Scalar, D: Sides> {
    /// The `x` with `A x = b`.
    pub x: DistArray<T, D>,
    /// The largest backward error of a side: `|b - A x| / (|A| |x| + |b|)` in 1-norms. `x` solves a system exactly that differs so
    /// little from the given one, relatively.
    pub backward_error: f64,
    /// How many steps of refinement were made.
    pub refinements: usize,
    /// Whether factors in single precision were enough, where they were wanted.
    pub mixed: bool,
}

/// So many steps make of single precision double, or it never will be.
const STEPS: usize = 30;

/// As [`solve`](crate::solve()), with options, and with the backward error of the solution.
///
/// Judging a solution takes a product with the matrix, `2 n^2` operations a side, as does each step of refinement beside
/// the solution for the residual.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::{SolveOptions, solve_with};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_fn((50, 50), |(i, j)| if i == j { 50.0 } else { 1.0 / (1 + i + 2 * j) as f64 });
/// let b = DistArray::<f64, _>::ones(50);
/// let solution = solve_with(&a, &b, SolveOptions::default().mixed_precision())?;
/// assert!(solution.mixed && solution.backward_error < 1e-15);
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// As [`solve`](crate::solve()).
///
/// # Panics
/// As [`solve`](crate::solve()), and where a grid has more tasks than the world.
#[track_caller]
pub fn solve_with<T: Entry<Scalar: Narrow>, E: Entry<Scalar = T::Scalar>, D: Sides>(
    a: impl Operand<T>,
    b: &DistArray<E, D>,
    options: SolveOptions,
) -> Result<Solution<T::Scalar, D>> {
    solved(promoted(a), b, options)
}

#[track_caller]
fn solved<T: Narrow, E: Entry<Scalar = T>, D: Sides>(
    a: Matrix<T>,
    b: &DistArray<E, D>,
    options: SolveOptions,
) -> Result<Solution<T, D>> {
    let n = square("solve_with", &a, b.shape()[0]);
    let tiles = options.tuning.tiles([n, n], a.array.layout().tasks(), super::block([n, n]));
    let system = System { a: &a, tiles, b: tiles.take_sides(b), goal: (n as f64).sqrt() * T::EPSILON / 2.0 };
    let solution = |found: Found<T>, mixed| Solution {
        x: give_sides(&found.x, b.layout()),
        backward_error: found.error,
        refinements: found.steps,
        mixed,
    };
    if options.mixed && T::Narrow::EPSILON > T::EPSILON {
        let narrow = narrowed(&a.in_tiles(tiles), 1.0);
        // What overflows or is singular in single precision may not be so in double.
        let factors = match Lu::in_place("solve_with", narrow, tiles, Pivoting::Partial) {
            Err(error) if !error.lies_in_the_numbers() => return Err(error),
            factors => factors.ok().filter(|factors| factors.zero_pivot().is_none()),
        };
        if let Some(factors) = factors {
            let size = if system.b.is_empty() { 0.0 } else { system.b.map(|x| x.magnitude()).max() };
            let size = if size > 0.0 && size.is_finite() { size } else { 1.0 };
            let found = system.refine(factors.norm, STEPS, size, |sides, size| {
                let narrow = narrowed(sides, size);
                factors.solve_sides(&narrow, Reading::Plain)?;
                Ok(widened(&narrow, size))
            })?;
            if found.error <= system.goal {
                return Ok(solution(found, true));
            }
        }
    }
    let factors = Lu::of("solve_with", &a, options.tuning, Pivoting::Partial)?;
    if let Some(minor) = factors.zero_pivot() {
        return Err(Kind::Singular { what: "solve_with", minor }.into());
    }
    let found = system.refine(factors.norm, options.refinements, 1.0, |sides, _| {
        let solved = sides.redistribute(tiles.sides());
        factors.solve_sides(&solved, Reading::Plain)?;
        Ok(solved)
    })?;
    Ok(solution(found, false))
}

struct System<'a, T: Scalar> {
    a: &'a Matrix<T>,
    tiles: Tiles,
    b: DistArray<T, Ix2>,
    /// No backward error need be less.
    goal: f64,
}

struct Found<T: Scalar> {
    x: DistArray<T, Ix2>,
    /// `b - A x`, and the largest 1-norm of a side of it.
    residual: DistArray<T, Ix2>,
    size: f64,
    error: f64,
    steps: usize,
}

impl<T: Scalar> System<'_, T> {
    /// A solution by `solve`, which gets sides and how large they are (`size` those of the system), and corrections by it, as long
    /// as they help.
    fn refine(
        &self,
        norm: f64,
        steps: usize,
        size: f64,
        solve: impl Fn(&DistArray<T, Ix2>, f64) -> Result<DistArray<T, Ix2>>,
    ) -> Result<Found<T>> {
        let mut found = self.judged(solve(&self.b, size)?, norm, 0)?;
        while found.steps < steps && found.error > self.goal {
            let correction = solve(&found.residual, found.size)?;
            let better = self.judged((&found.x + &correction).eval(), norm, found.steps + 1)?;
            if better.error.is_nan() || better.error >= found.error {
                break;
            }
            found = better;
        }
        Ok(found)
    }

    fn judged(&self, x: DistArray<T, Ix2>, norm: f64, steps: usize) -> Result<Found<T>> {
        let residual = matmul(self.a, &x).redistribute(self.tiles.sides());
        let judge = |task: &Task, (residual, [b, x], (tiles, norm)): Judged<T>| {
            let Some(seat) = Seat::take(task, tiles) else { return (0.0, 0.0) };
            let (mut residual, b, x) = (residual.local_mut(task), b.local(task), x.local(task));
            residual.zip_mut_with(&b, |residual, b| *residual = *b - *residual);
            // Of each side, the 1-norms of the three.
            let norm_of = |side: ArrayView1<T>| side.iter().map(|x| x.magnitude()).sum::<f64>();
            let sides = [&*residual, &*b, &*x].into_iter().flat_map(|of: &Array2<T>| of.columns().into_iter());
            let mine: Vec<f64> = sides.map(norm_of).collect();
            let all = seat.column.all_reduce(mine, |sums, others| {
                sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
            });
            let count = all.len() / 3;
            let error = |side: usize| {
                let (residual, b, x) = (all[side], all[count + side], all[2 * count + side]);
                let size = norm * x + b;
                // Where norms leave the range, nothing is known.
                if size.is_infinite() {
                    f64::NAN
                } else if residual == 0.0 {
                    0.0
                } else {
                    residual / size
                }
            };
            let worst = (0..count).map(error).fold(0.0, greater);
            let size = all[..count].iter().copied().fold(0.0, greater);
            let worst = seat.row.all_reduce(vec![worst, size], |x, y| {
                x.iter_mut().zip(y).for_each(|(x, y)| *x = greater(*x, *y));
            });
            (worst[0], worst[1])
        };
        let (error, size) = pmi::first(judge, (residual.clone(), [self.b.clone(), x.clone()], (self.tiles, norm)))?;
        Ok(Found { x, residual, size, error, steps })
    }
}

type Judged<T> = (DistArray<T, Ix2>, [DistArray<T, Ix2>; 2], (Tiles, f64));

/// The array divided by `size`, with fewer digits.
fn narrowed<T: Narrow>(x: &DistArray<T, Ix2>, size: f64) -> DistArray<T::Narrow, Ix2> {
    x.map_with(size, |size, x: T| x.scaled(1.0 / size).narrow()).eval()
}

/// The array times `size`, with more digits.
fn widened<T: Narrow>(x: &DistArray<T::Narrow, Ix2>, size: f64) -> DistArray<T, Ix2> {
    x.map_with(size, |size, x: T::Narrow| T::widened(x).scaled(*size)).eval()
}
