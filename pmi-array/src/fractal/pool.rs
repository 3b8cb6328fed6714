//! The pixels of a row that are still going.

use super::lanes::places;
use super::recurrence::{Complex, Parameter};
use crate::simd::Vector;

/// The least room of a pool. It doubles, so that there is always a whole number of blocks, of 64 lanes or fewer.
const ROOM: usize = 512;

/// One pixel's state.
#[derive(Clone, Copy)]
pub(super) struct Pixel {
    pub(super) z: (f64, f64),
    pub(super) c_re: f64,
    /// The `z` of an earlier iteration, to recognise a cycle by.
    pub(super) anchor: (f64, f64),
    pub(super) column: u32,
}

/// Pixels in no order, all after the same number of iterations: an array a variable.
///
/// The arrays' room past the last pixel holds zeros or pixels of the past: lanes that iterate to no effect.
#[derive(Default)]
pub(super) struct Pool {
    len: usize,
    z_re: Vec<f64>,
    z_im: Vec<f64>,
    c_re: Vec<f64>,
    anchor_re: Vec<f64>,
    anchor_im: Vec<f64>,
    column: Vec<u32>,
    /// `z` after the lap under way.
    next_re: Vec<f64>,
    next_im: Vec<f64>,
    /// The blocks that lose pixels on this lap: first place, then lanes whose orbit is a cycle, then lanes outside.
    losses: Vec<(usize, u64, u64)>,
}

impl Pool {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    #[inline(always)]
    pub(super) fn push(&mut self, pixel: Pixel) {
        if self.len == self.column.len() {
            self.grow();
        }
        self.set(self.len, pixel);
        self.len += 1;
    }

    #[cold]
    fn grow(&mut self) {
        let room = (2 * self.len).max(ROOM);
        self.column.resize(room, 0);
        for variable in [
            &mut self.z_re,
            &mut self.z_im,
            &mut self.c_re,
            &mut self.anchor_re,
            &mut self.anchor_im,
            &mut self.next_re,
            &mut self.next_im,
        ] {
            variable.resize(room, 0.0);
        }
    }

    fn get(&self, place: usize) -> Pixel {
        Pixel {
            z: (self.z_re[place], self.z_im[place]),
            c_re: self.c_re[place],
            anchor: (self.anchor_re[place], self.anchor_im[place]),
            column: self.column[place],
        }
    }

    fn set(&mut self, place: usize, pixel: Pixel) {
        (self.z_re[place], self.z_im[place]) = pixel.z;
        self.c_re[place] = pixel.c_re;
        (self.anchor_re[place], self.anchor_im[place]) = pixel.anchor;
        self.column[place] = pixel.column;
    }

    /// The `z` of the block of `N` vectors from place `first` on.
    #[inline(always)]
    pub(super) fn z<V: Vector, const N: usize>(&self, first: usize) -> Complex<V, N> {
        Complex { re: load(&self.z_re[first..]), im: load(&self.z_im[first..]) }
    }

    /// The `c` of a block, all with the imaginary part `im`.
    #[inline(always)]
    pub(super) fn c<V: Vector, const N: usize>(&self, first: usize, im: f64) -> Parameter<V, N> {
        Parameter { re: load(&self.c_re[first..]), im: V::splat(im) }
    }

    /// The anchors of a block.
    #[inline(always)]
    pub(super) fn anchor<V: Vector, const N: usize>(&self, first: usize) -> Complex<V, N> {
        Complex { re: load(&self.anchor_re[first..]), im: load(&self.anchor_im[first..]) }
    }

    /// The columns of a block of the given number of lanes, fewer at the end.
    #[inline(always)]
    pub(super) fn columns(&self, first: usize, lanes: usize) -> &[u32] {
        &self.column[first..self.len.min(first + lanes)]
    }

    /// Ends a block's lap: its `z`, the lanes found to be on a cycle, and the lanes found outside.
    #[inline(always)]
    pub(super) fn end_lap<V: Vector, const N: usize>(
        &mut self,
        first: usize,
        z: &Complex<V, N>,
        cycles: u64,
        left: u64,
    ) {
        for v in 0..N {
            let place = first + v * V::LANES;
            z.re[v].store(&mut self.next_re[place..]);
            z.im[v].store(&mut self.next_im[place..]);
        }
        let all = u64::MAX >> (64 - (self.len - first).min(N * V::LANES));
        if (cycles | left) & all != 0 {
            self.losses.push((first, cycles & all, left & all));
        }
    }

    /// Ends the lap of all blocks: pixels that left go to `outside` with the `z` from before the lap; those on a cycle
    /// are dropped.
    pub(super) fn finish_lap(&mut self, outside: &mut Self) {
        for &(first, _, left) in &self.losses {
            for l in places(left) {
                outside.push(self.get(first + l));
            }
        }
        std::mem::swap(&mut self.z_re, &mut self.next_re);
        std::mem::swap(&mut self.z_im, &mut self.next_im);
        // From the last to the first, so that the pixel that fills a gap is not itself lost.
        while let Some((first, cycles, left)) = self.losses.pop() {
            let mut lost = cycles | left;
            while lost != 0 {
                let l = lost.ilog2() as usize;
                lost ^= 1 << l;
                self.len -= 1;
                self.set(first + l, self.get(self.len));
            }
        }
    }

    /// Makes every pixel's `z` its anchor.
    pub(super) fn drop_anchor(&mut self) {
        self.anchor_re[..self.len].copy_from_slice(&self.z_re[..self.len]);
        self.anchor_im[..self.len].copy_from_slice(&self.z_im[..self.len]);
    }
}

/// `N` vectors from the front of a slice.
#[inline(always)]
pub(super) fn load<V: Vector, const N: usize>(from: &[f64]) -> [V; N] {
    let mut vectors = [V::splat(0.0); N];
    for (v, vector) in vectors.iter_mut().enumerate() {
        *vector = V::load(&from[v * V::LANES..]);
    }
    vectors
}
