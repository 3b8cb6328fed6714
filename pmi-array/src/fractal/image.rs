//! Whole images, computed by all tasks.

use super::{Formula, View, mirror, row_counts, row_smooth};
use crate::array::{DistArray, Slab};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::memory::memory;
use ndarray::Ix2;
use pmi::{Code, Portable, Task};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};

/// An escape-time fractal to compute: which, where, how fine and how far.
///
/// ```
/// use pmi_array::{Fractal, Reduce};
/// # pmi::with_tasks(2, || {
/// let seahorses = Fractal::mandelbrot().center((-0.745, 0.11), 100.0).size(90, 60).maxit(500);
/// let counts = seahorses.counts().unwrap();
/// assert_eq!(counts.shape(), [60, 90]);
/// assert_eq!(counts.sum(), seahorses.shortcuts(false).counts().unwrap().sum());
/// # })
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[must_use = "nothing is computed before `counts` or `smooth`"]
pub struct Fractal {
    formula: Formula,
    frame: Frame,
    size: (usize, usize),
    maxit: u32,
    shortcuts: bool,
}

/// Which part of the complex plane to show.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Frame {
    Corners((f64, f64), (f64, f64)),
    Center((f64, f64), f64),
}

/// The width of the view at zoom 1, in the complex plane.
const WIDTH: f64 = 3.0;

impl Fractal {
    /// Of a formula, with the defaults: corners (-2, -1) and (1, 1), 900 x 600 pixels, 1000 iterations, shortcuts.
    pub fn new(formula: Formula) -> Self {
        let frame = Frame::Corners((-2.0, -1.0), (1.0, 1.0));
        Self { formula, frame, size: (900, 600), maxit: 1000, shortcuts: true }
    }

    /// The Mandelbrot set: `z -> z^2 + c` from 0, `c` the pixel.
    pub fn mandelbrot() -> Self {
        Self::new(Formula::Mandelbrot)
    }

    /// The Julia set of `c`: `z -> z^2 + c` from the pixel. The default corners are (-1.5, -1) and (1.5, 1).
    pub fn julia(c: (f64, f64)) -> Self {
        Self::new(Formula::Julia { c }).corners((-1.5, -1.0), (1.5, 1.0))
    }

    /// The burning ship: `z -> (|Re z| + i |Im z|)^2 + c`.
    pub fn burning_ship() -> Self {
        Self::new(Formula::BurningShip)
    }

    /// The Multibrot set of a degree: `z -> z^degree + c`.
    pub fn multibrot(degree: u32) -> Self {
        Self::new(Formula::Multibrot { degree })
    }

    /// The points of the first and the last pixel. Row 0, the top of a picture, lies at `corner1`'s imaginary part: give
    /// the greater one first for a picture with the imaginary axis upwards.
    pub fn corners(mut self, corner1: (f64, f64), corner2: (f64, f64)) -> Self {
        self.frame = Frame::Corners(corner1, corner2);
        self
    }

    /// The points around `center`: a view `3 / zoom` wide, as high as square pixels make it, with the smaller imaginary
    /// part on top.
    pub fn center(mut self, center: (f64, f64), zoom: f64) -> Self {
        self.frame = Frame::Center(center, zoom);
        self
    }

    /// Columns and rows, in pixels.
    pub fn size(mut self, width: usize, height: usize) -> Self {
        self.size = (width, height);
        self
    }

    /// How many iterations at most.
    pub fn maxit(mut self, maxit: u32) -> Self {
        self.maxit = maxit;
        self
    }

    /// Whether iterations are left out whose outcome is known: interior points, cycles, rows that mirror another. The
    /// result is the same, bit for bit.
    pub fn shortcuts(mut self, shortcuts: bool) -> Self {
        self.shortcuts = shortcuts;
        self
    }

    /// The view: the corners and the size.
    pub fn view(&self) -> View {
        let (width, height) = self.size;
        let (corner1, corner2) = match self.frame {
            Frame::Corners(corner1, corner2) => (corner1, corner2),
            Frame::Center((x, y), zoom) => {
                let dx = WIDTH / zoom / 2.0;
                let dy = dx * height as f64 / width.max(1) as f64;
                ((x - dx, y - dy), (x + dx, y + dy))
            }
        };
        View { corner1, corner2, width, height }
    }

    /// The escape-time counts: row `j`, column `i` has the number of iterations after which the pixel's point escapes,
    /// `maxit` where it does not; see [`escape_count`](super::escape_count). The shape is (height, width).
    ///
    /// The rows are dealt out to the tasks one by one, like cards, since they differ in cost by orders of magnitude,
    /// and then sent to the tasks whose slab they belong to: each task sends every other one message, `(P - 1) / P` of
    /// the image in all.
    ///
    /// # Errors
    /// Where a corner or `c` is not finite, the degree of a Multibrot set is below 2, or the image has more pixels
    /// than memory can address.
    pub fn counts(&self) -> Result<DistArray<u32, Ix2>> {
        let row = |fractal: &Fractal, view: &View, row, out: &mut [u32]| {
            row_counts(&fractal.formula, view, row, fractal.maxit, fractal.shortcuts, out);
        };
        // Counts that fit 16 bits travel as such: half the bytes.
        if self.maxit <= u16::MAX.into() { self.image::<_, u16, _>(row) } else { self.image::<_, u32, _>(row) }
    }

    /// The continuous escape times, without the steps of the counts; see [`escape_smooth`](super::escape_smooth).
    /// Otherwise as [`counts`](Fractal::counts).
    ///
    /// # Errors
    /// As [`counts`](Fractal::counts).
    pub fn smooth(&self) -> Result<DistArray<f64, Ix2>> {
        self.image::<_, f64, _>(|fractal: &Fractal, view: &View, row, out: &mut [f64]| {
            row_smooth(&fractal.formula, view, row, fractal.maxit, fractal.shortcuts, out);
        })
    }

    /// The view, if it and the rest make sense.
    fn check(&self) -> Result<View> {
        let view = self.view();
        if let Frame::Center(_, zoom) = self.frame
            && !(zoom.is_finite() && zoom > 0.0)
        {
            return Err(Error::argument(format!("the zoom is {zoom}: it must be finite and above 0")));
        }
        let finite = |(x, y): (f64, f64), what: &str| match x.is_finite() && y.is_finite() {
            true => Ok(()),
            false => Err(Error::argument(format!("{what} is ({x}, {y}): it must be finite"))),
        };
        finite(view.corner1, "the first corner of the view")?;
        finite(view.corner2, "the second corner of the view")?;
        match self.formula {
            Formula::Julia { c } => finite(c, "the c of the Julia set")?,
            Formula::Multibrot { degree } if degree < 2 => {
                return Err(Error::argument(format!(
                    "the degree of the Multibrot set is {degree}: it must be 2 or more"
                )));
            }
            _ => {}
        }
        let View { width, height, .. } = view;
        let bytes = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(size_of::<f64>()));
        if bytes.is_none_or(|bytes| bytes > isize::MAX as usize) {
            return Err(Error::argument(format!("an image of {width} x {height} pixels is too large for any memory")));
        }
        Ok(view)
    }

    /// The image whose rows `row` computes, and which are sent between tasks as `W`s.
    fn image<T: Element, W: Sent<T>, F>(&self, row: F) -> Result<DistArray<T, Ix2>>
    where
        F: Fn(&Fractal, &View, usize, &mut [T]) + Portable + Send + Sync,
    {
        let view = self.check()?;
        let make = |task: &Task, (layout, (fractal, row)): (Layout, (Fractal, Code<F>))| {
            fractal.slab::<T, W>(task, &layout, row.get())
        };
        let layout = Layout::new(&[view.height, view.width], pmi::size()?);
        Ok(DistArray::try_create_in(layout, make, (*self, Code::new(row)))?)
    }

    /// One task's slab, and in passing the rows of other slabs that it was dealt.
    fn slab<T: Element, W: Sent<T>>(
        &self,
        task: &Task,
        layout: &Layout,
        compute: impl Fn(&Fractal, &View, usize, &mut [T]) + Sync,
    ) -> Slab<T, Ix2> {
        let (rank, tasks, view) = (task.rank(), task.size(), self.view());
        let width = view.width;
        let mut mine = memory::<T>(layout.local_len(rank));
        if layout.is_empty() {
            return Slab::from_elements(layout, rank, mine);
        }
        let deal = Deal::new(self, &view, layout, tasks);
        let outgoing = deal.outgoing(rank);
        let mut send = vec![W::default(); outgoing.len() * width];

        let rows = layout.rows().range(rank);
        let own = rows.clone().zip(mine.chunks_exact_mut(width)).filter(|(row, _)| deal.computer(*row) == rank);
        let others = outgoing.iter().map(|(_, row)| *row).zip(send.chunks_exact_mut(width));
        let jobs = deal.jobs(own, others);
        let (progress, done, all) = (task.progress(), AtomicUsize::new(0), jobs.len() as f64);
        task.install(|| {
            // Jobs differ in cost: they are handed to the threads in twos, not in long runs.
            let scratch = || vec![T::default(); width];
            jobs.into_par_iter().with_max_len(2).for_each_init(scratch, |scratch, Job { row, own, others }| {
                let mut own = own.into_iter();
                let first = own.next().unwrap_or(scratch);
                compute(self, &view, row, first);
                own.for_each(|twin| twin.copy_from_slice(first));
                for place in others {
                    place.iter_mut().zip(&*first).for_each(|(to, x)| *to = W::narrow(*x));
                }
                if progress.is_heard() {
                    progress.report((done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / all);
                }
            });
        });

        if tasks > 1 {
            let count = |to: usize| outgoing.iter().filter(|(other, _)| *other == to).count() * width;
            let counts: Vec<_> = (0..tasks).map(count).collect();
            let incoming: Vec<Vec<usize>> = (0..tasks).map(|from| deal.between(from, rank)).collect();
            let in_counts: Vec<_> = incoming.iter().map(|rows| rows.len() * width).collect();
            let mut receive = bytemuck::zeroed_vec(in_counts.iter().sum());
            task.comm().all_to_all_v_into(W::bits(&send), &counts, &mut receive, &in_counts);
            let received = W::from_bits(receive);
            for (row, values) in incoming.iter().flatten().zip(received.chunks_exact(width)) {
                let to = &mut mine[(row - rows.start) * width..][..width];
                to.iter_mut().zip(values).for_each(|(to, x)| *to = x.widen());
            }
        }
        Slab::from_elements(layout, rank, mine)
    }
}

/// What pixels of type `T` are sent as.
trait Sent<T>: Element {
    fn narrow(pixel: T) -> Self;
    fn widen(self) -> T;
}

impl<T: Element> Sent<T> for T {
    fn narrow(pixel: T) -> T {
        pixel
    }
    fn widen(self) -> T {
        self
    }
}

impl Sent<u32> for u16 {
    /// The caller has made sure that all pixels fit.
    fn narrow(pixel: u32) -> u16 {
        pixel as u16
    }
    fn widen(self) -> u32 {
        self.into()
    }
}

/// A row to compute, and where it goes: to its own place and to that of a row that mirrors it, in this task's slab or
/// among what is sent to others.
struct Job<'a, T, W> {
    row: usize,
    own: Vec<&'a mut [T]>,
    others: Vec<&'a mut [W]>,
}

/// Which task computes which row.
struct Deal<'a> {
    layout: &'a Layout,
    tasks: usize,
    /// For each row the one that is computed for it: itself, or one that mirrors it.
    source: Vec<usize>,
    /// For each row that is computed its number among these.
    number: Vec<usize>,
}

impl<'a> Deal<'a> {
    fn new(fractal: &Fractal, view: &View, layout: &'a Layout, tasks: usize) -> Self {
        let height = view.height;
        let twin = |row| mirror(&fractal.formula, view, row).filter(|_| fractal.shortcuts);
        let source: Vec<_> = (0..height).map(|row| twin(row).map_or(row, |twin| twin.min(row))).collect();
        let mut next = 0;
        let number = source.iter().enumerate().map(|(row, source)| {
            let number = next;
            next += usize::from(*source == row);
            number
        });
        Self { layout, tasks, number: number.collect(), source }
    }

    /// The task that computes what row `row` shows.
    fn computer(&self, row: usize) -> usize {
        self.number[self.source[row]] % self.tasks
    }

    /// One job for each row to compute, from the rows that are wanted, each with its place.
    fn jobs<'p, T, W>(
        &self,
        own: impl Iterator<Item = (usize, &'p mut [T])>,
        others: impl Iterator<Item = (usize, &'p mut [W])>,
    ) -> Vec<Job<'p, T, W>> {
        let mut jobs: Vec<Job<'p, T, W>> = Vec::new();
        let mut job_of = vec![None; self.source.len()];
        let mut job = |jobs: &mut Vec<Job<'p, T, W>>, row: usize| {
            let row = self.source[row];
            *job_of[row].get_or_insert_with(|| {
                jobs.push(Job { row, own: Vec::new(), others: Vec::new() });
                jobs.len() - 1
            })
        };
        for (row, place) in own {
            let job = job(&mut jobs, row);
            jobs[job].own.push(place);
        }
        for (row, place) in others {
            let job = job(&mut jobs, row);
            jobs[job].others.push(place);
        }
        jobs
    }

    /// The rows that `from` computes and `to`, another task, has in its slab, ascending.
    fn between(&self, from: usize, to: usize) -> Vec<usize> {
        if from == to {
            return Vec::new();
        }
        self.layout.rows().range(to).filter(|row| self.computer(*row) == from).collect()
    }

    /// The rows that `from` computes for others: by task, ascending.
    fn outgoing(&self, from: usize) -> Vec<(usize, usize)> {
        (0..self.tasks).flat_map(|to| self.between(from, to).into_iter().map(move |row| (to, row))).collect()
    }
}

impl DistArray<u32, Ix2> {
    /// The Mandelbrot set: escape-time counts of the points between two corners, `(width, height)` of them, after at
    /// most `maxit` iterations. Short for [`Fractal::mandelbrot`], [`Fractal::corners`] and so on.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(3, || {
    /// let counts = DistArray::mandelbrot((-2.0, -1.0), (1.0, 1.0), (7, 5), 100);
    /// assert_eq!(counts.gather().unwrap().row(2).to_vec(), [100, 100, 100, 100, 100, 5, 3]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where a corner is not finite, or the calling thread controls no world.
    #[track_caller]
    pub fn mandelbrot(corner1: (f64, f64), corner2: (f64, f64), size: (usize, usize), maxit: u32) -> Self {
        computed(Fractal::mandelbrot(), corner1, corner2, size, maxit)
    }

    /// The Julia set of `c`. See [`mandelbrot`](DistArray::mandelbrot).
    ///
    /// # Panics
    /// As [`mandelbrot`](DistArray::mandelbrot), and where `c` is not finite.
    #[track_caller]
    pub fn julia(c: (f64, f64), corner1: (f64, f64), corner2: (f64, f64), size: (usize, usize), maxit: u32) -> Self {
        computed(Fractal::julia(c), corner1, corner2, size, maxit)
    }

    /// The burning ship. See [`mandelbrot`](DistArray::mandelbrot).
    ///
    /// # Panics
    /// As [`mandelbrot`](DistArray::mandelbrot).
    #[track_caller]
    pub fn burning_ship(corner1: (f64, f64), corner2: (f64, f64), size: (usize, usize), maxit: u32) -> Self {
        computed(Fractal::burning_ship(), corner1, corner2, size, maxit)
    }

    /// The Multibrot set of a degree. See [`mandelbrot`](DistArray::mandelbrot).
    ///
    /// # Panics
    /// As [`mandelbrot`](DistArray::mandelbrot), and where `degree` is below 2.
    #[track_caller]
    pub fn multibrot(degree: u32, corner1: (f64, f64), corner2: (f64, f64), size: (usize, usize), maxit: u32) -> Self {
        computed(Fractal::multibrot(degree), corner1, corner2, size, maxit)
    }
}

#[track_caller]
fn computed(
    fractal: Fractal,
    corner1: (f64, f64),
    corner2: (f64, f64),
    (width, height): (usize, usize),
    maxit: u32,
) -> DistArray<u32, Ix2> {
    match fractal.corners(corner1, corner2).size(width, height).maxit(maxit).counts() {
        Ok(counts) => counts,
        Err(error) => panic!("{error}"),
    }
}
