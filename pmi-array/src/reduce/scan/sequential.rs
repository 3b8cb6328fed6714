//! Many lanes: each from its start to its end.

use super::{Lanes, Rule, TAG};
use crate::element::Element;
use crate::expr::{BLOCK, Place, View, blame, read_block};
use crate::simd::{Kernel, Vector, dispatch, level, prefetch, prefetch_to_write};
use ndarray::{ArrayViewMut2, ArrayViewMut3};
use pmi::Task;
use rayon::prelude::*;
use std::marker::PhantomData;

/// Many lanes: each from its start to its end.
pub(super) struct Sequential<'a, W: View, R> {
    pub(super) view: W,
    pub(super) place: &'a Place,
    pub(super) lanes: &'a Lanes,
    pub(super) rule: PhantomData<fn() -> R>,
}

impl<W: View, R: Rule<W::Elem>> Sequential<'_, W, R> {
    pub(super) fn run(&self, task: &Task, out: &mut [R::Out]) {
        let Lanes { outer, len, inner, .. } = *self.lanes;
        if inner == 1 {
            let tiles =
                if len == 0 { (0..outer.div_ceil(LANES)).map(|_| Vec::new()).collect() } else { self.rows(out) };
            let width = |tile: usize| LANES.min(outer - tile * LANES);
            return self.pipeline(task, tiles, width, |tile, rows, last| self.scan_rows(tile * LANES, rows, last));
        }
        let across = inner.div_ceil(TILE);
        let width = |tile: usize| TILE.min(inner - tile % across * TILE);
        let mut blocks = ArrayViewMut3::from_shape((outer, len, inner), out).expect("the slab has that shape");
        let tiles = blocks.outer_iter_mut().flat_map(|block| {
            let columns = (0..across).map(|tile| tile * TILE);
            let mut rest = Some(block);
            columns.map(move |from| {
                let block = rest.take().expect("there are columns left");
                let (now, later) = block.split_at(ndarray::Axis(1), TILE.min(inner - from));
                rest = Some(later);
                now
            })
        });
        let tiles: Vec<ArrayViewMut2<'_, R::Out>> = tiles.collect();
        self.pipeline(task, tiles, width, |tile, block, last| {
            self.scan_columns(tile / across * len * inner + tile % across * TILE, block, last);
        });
    }

    /// The lanes of rows, so many a tile.
    fn rows<'o>(&self, out: &'o mut [R::Out]) -> Vec<Vec<&'o mut [R::Out]>> {
        let mut rows = out.chunks_mut(self.lanes.len);
        std::iter::from_fn(|| Some(rows.by_ref().take(LANES).collect::<Vec<_>>()).filter(|tile| !tile.is_empty()))
            .collect()
    }

    /// Scans the tiles, as many at a time as there are threads where other tasks have parts of the lanes: the last values
    /// come from the task before and go on to the one after.
    fn pipeline<V: Send>(
        &self,
        task: &Task,
        tiles: Vec<V>,
        width: impl Fn(usize) -> usize,
        scan: impl Fn(usize, V, &mut Vec<R::Out>) + Sync,
    ) {
        let comm = task.comm();
        let alone = self.lanes.before.is_none() && self.lanes.after.is_none();
        let batch = if alone { tiles.len().max(1) } else { task.threads() };
        let mut tiles = tiles.into_iter().enumerate();
        loop {
            let now: Vec<_> = tiles.by_ref().take(batch).collect();
            if now.is_empty() {
                return;
            }
            let mut lasts: Vec<Vec<R::Out>> = now
                .iter()
                .map(|_| self.lanes.before.map_or_else(Vec::new, |before| R::Out::from_bits(comm.recv(before, TAG))))
                .collect();
            debug_assert!(
                lasts.iter().zip(&now).all(|(last, (tile, _))| last.is_empty() || last.len() == width(*tile))
            );
            let scan_one = |((tile, view), last): ((usize, V), &mut Vec<R::Out>)| scan(tile, view, last);
            if task.threads() == 1 || now.len() == 1 {
                now.into_iter().zip(&mut lasts).for_each(scan_one);
            } else {
                task.install(|| now.into_par_iter().zip(&mut lasts).for_each(scan_one));
            }
            if let Some(after) = self.lanes.after {
                lasts.iter().for_each(|last| comm.send(after, TAG, R::Out::bits(last)));
            }
        }
    }

    /// A tile of lanes that lie side by side; `last` has the values before the first row, if there are any, and then
    /// those of the last.
    fn scan_columns(&self, start: usize, mut out: ArrayViewMut2<'_, R::Out>, last: &mut Vec<R::Out>) {
        let (mut cursor, mut buffer) = (self.view.cursor(), [W::Elem::default(); BLOCK]);
        let width = out.ncols();
        for (row, mut out) in out.outer_iter_mut().enumerate() {
            let (start, ahead) = (start + row * self.lanes.inner, self.lanes.inner);
            let x = self.read(&mut cursor, start, start + ahead, &mut buffer[..width]);
            if last.is_empty() {
                last.extend(x.iter().map(|x| R::lift(*x)));
                out.as_slice_mut().expect("rows are contiguous").copy_from_slice(last);
            } else {
                let out = out.as_slice_mut().expect("rows are contiguous");
                dispatch(level(), Row::<W::Elem, R> { x, last, out, ahead, rule: PhantomData });
            }
        }
    }

    /// A tile of lanes that lie one behind the other.
    fn scan_rows(&self, first: usize, rows: Vec<&mut [R::Out]>, last: &mut Vec<R::Out>) {
        let len = self.lanes.len;
        let before = std::mem::take(last);
        let mut cursors: [W::Cursor; ABREAST] = std::array::from_fn(|_| self.view.cursor());
        let mut buffers = [[W::Elem::default(); BLOCK]; ABREAST];
        let mut lane = first;
        let mut rows = rows.into_iter();
        loop {
            let mut abreast: Vec<_> = rows.by_ref().take(ABREAST).collect();
            if abreast.is_empty() {
                // Where there are no rows here the values go on as they came.
                if last.is_empty() {
                    *last = before;
                }
                return;
            }
            let mut values: Vec<Option<R::Out>> =
                (0..abreast.len()).map(|i| before.get(lane - first + i).copied()).collect();
            for from in (0..len).step_by(BLOCK) {
                let count = BLOCK.min(len - from);
                let mut x = [&[][..]; ABREAST];
                let sources = cursors.iter_mut().zip(&mut buffers).take(abreast.len());
                for (i, (cursor, buffer)) in sources.enumerate() {
                    let start = (lane + i) * len + from;
                    x[i] = self.read(cursor, start, start + count, &mut buffer[..count]);
                }
                let outs = abreast.iter_mut().map(|row| &mut row[from..from + count]);
                running::<W::Elem, R>(&mut values, &x, outs.collect());
            }
            last.extend(values.into_iter().flatten());
            lane += abreast.len();
        }
    }

    /// As [`read_block`]; a panic of a closure says at which element.
    fn read<'b>(
        &self,
        cursor: &'b mut W::Cursor,
        start: usize,
        next: usize,
        buffer: &'b mut [W::Elem],
    ) -> &'b [W::Elem] {
        let len = buffer.len();
        blame(self.view, self.place, start, len, || read_block(cursor, start, next, buffer))
    }
}

/// How many columns a tile has, and how many rows.
const TILE: usize = 512;
const LANES: usize = 16;
/// How many rows are scanned at the same time: each next value waits for the one before.
const ABREAST: usize = 4;

/// How many elements of the next row are brought from memory at a time.
const PREFETCH: usize = 64;

/// One row of values from the one before; the next is so many elements `ahead`.
struct Row<'a, T: Element, R: Rule<T>> {
    x: &'a [T],
    last: &'a mut [R::Out],
    out: &'a mut [R::Out],
    ahead: usize,
    rule: PhantomData<fn() -> R>,
}

impl<T: Element, R: Rule<T>> Kernel for Row<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let groups = self.x.chunks(PREFETCH).zip(self.last.chunks_mut(PREFETCH)).zip(self.out.chunks_mut(PREFETCH));
        for ((x, last), out) in groups {
            prefetch(x.as_ptr().wrapping_add(self.ahead), x.len());
            prefetch_to_write(out.as_ptr().wrapping_add(self.ahead), out.len());
            advance::<T, R>(x, last, out);
        }
    }
}

/// A few values of a row. A function, so that the compiler knows that the slices have nothing in common.
#[inline(always)]
fn advance<T: Element, R: Rule<T>>(x: &[T], last: &mut [R::Out], out: &mut [R::Out]) {
    for ((x, last), out) in x.iter().zip(last).zip(out) {
        *last = R::next(*last, R::lift(*x));
        *out = *last;
    }
}

/// Goes on with the running values of several lanes.
fn running<T: Element, R: Rule<T>>(values: &mut [Option<R::Out>], x: &[&[T]; ABREAST], mut out: Vec<&mut [R::Out]>) {
    let start = usize::from(values.iter().any(Option::is_none));
    for ((value, x), out) in values.iter_mut().zip(x).zip(&mut out) {
        if start == 1 {
            let first = R::lift(x[0]);
            *value = Some(first);
            out[0] = first;
        }
    }
    if let ([Some(a), Some(b), Some(c), Some(d)], [oa, ob, oc, od]) = (&mut *values, &mut out[..]) {
        let x = x.map(|x| &x[start..]);
        let outs = oa[start..].iter_mut().zip(&mut ob[start..]).zip(oc[start..].iter_mut().zip(&mut od[start..]));
        let xs = x[0].iter().zip(x[1]).zip(x[2].iter().zip(x[3]));
        for (((oa, ob), (oc, od)), ((xa, xb), (xc, xd))) in outs.zip(xs) {
            (*a, *b) = (R::next(*a, R::lift(*xa)), R::next(*b, R::lift(*xb)));
            (*c, *d) = (R::next(*c, R::lift(*xc)), R::next(*d, R::lift(*xd)));
            (*oa, *ob, *oc, *od) = (*a, *b, *c, *d);
        }
        return;
    }
    for ((value, x), out) in values.iter_mut().zip(x).zip(out) {
        for (x, out) in x[start..].iter().zip(&mut out[start..]) {
            let next = value.map_or_else(|| R::lift(*x), |value| R::next(value, R::lift(*x)));
            (*value, *out) = (Some(next), next);
        }
    }
}
