//! The pixels of a row that are still going.

use super::lanes::places;
use super::recurrence::{Complex, Parameter};
use crate::simd::Vector;

/// Vectors of each variable in flight: enough that the arithmetic of some hides the latency of others, few enough that
/// they stay in registers (with AVX-512).
pub(super) const FLIGHT: usize = 8;

/// One pixel's state.
#[derive(Clone, Copy)]
pub(super) struct Pixel {
    pub(super) z: (f64, f64),
    pub(super) c_re: f64,
    /// The `z` of an earlier iteration, to recognise a cycle by.
    pub(super) anchor: (f64, f64),
    pub(super) column: u32,
}

/// Pixels in no order, one array a variable, with room up to a whole number of blocks of `FLIGHT` vectors.
#[derive(Default)]
pub(super) struct Pool {
    z_re: Vec<f64>,
    z_im: Vec<f64>,
    c_re: Vec<f64>,
    next_re: Vec<f64>,
    next_im: Vec<f64>,
    anchor_re: Vec<f64>,
    anchor_im: Vec<f64>,
    column: Vec<u32>,
    /// Of each block: which lanes' orbits are cycles, and which have left.
    found: Vec<(usize, u64, u64)>,
    len: usize,
}

impl Pool {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    pub(super) fn get(&self, place: usize) -> Pixel {
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

    #[inline(always)]
    pub(super) fn push(&mut self, pixel: Pixel) {
        if self.len == self.column.len() {
            self.grow();
        }
        self.set(self.len, pixel);
        self.len += 1;
    }

    /// Makes room. It holds zeros at first and old pixels later: lanes that iterate to no effect.
    #[cold]
    fn grow(&mut self) {
        let room = (2 * self.len).max(512);
        for variable in
            [&mut self.z_re, &mut self.z_im, &mut self.c_re, &mut self.next_re, &mut self.next_im, &mut self.anchor_re, &mut self.anchor_im]
        {
            variable.resize(room, 0.0);
        }
        self.column.resize(room, 0);
    }

    /// Takes out the pixel at `place` and puts the last one there.
    pub(super) fn swap_remove(&mut self, place: usize) {
        self.len -= 1;
        self.set(place, self.get(self.len));
    }

    /// The `z` of the block from `first` on.
    #[inline(always)]
    pub(super) fn z<V: Vector, const N: usize>(&self, first: usize) -> Complex<V, N> {
        Complex { re: load(&self.z_re[first..]), im: load(&self.z_im[first..]) }
    }

    #[inline(always)]
    pub(super) fn c<V: Vector, const N: usize>(&self, first: usize, im: f64) -> Parameter<V, N> {
        Parameter { re: load(&self.c_re[first..]), im: V::splat(im) }
    }

    #[inline(always)]
    pub(super) fn anchor<V: Vector, const N: usize>(&self, first: usize) -> Complex<V, N> {
        Complex { re: load(&self.anchor_re[first..]), im: load(&self.anchor_im[first..]) }
    }

    #[inline(always)]
    pub(super) fn end_lap<V: Vector, const N: usize>(&mut self, first: usize, z: &Complex<V, N>, cycles: u64, left: u64) {
        for v in 0..N {
            let at = first + v * V::LANES;
            z.re[v].store(&mut self.next_re[at..]);
            z.im[v].store(&mut self.next_im[at..]);
        }
        let all = u64::MAX >> (64 - (self.len - first).min(N * V::LANES));
        if (cycles | left) & all != 0 {
            self.found.push((first, cycles & all, left & all));
        }
    }

    pub(super) fn finish_lap(&mut self, outside: &mut Pool) {
        for &(first, cycles, left) in &self.found {
            for l in places(left & !cycles) {
                outside.push(self.get(first + l));
            }
        }
        std::mem::swap(&mut self.z_re, &mut self.next_re);
        std::mem::swap(&mut self.z_im, &mut self.next_im);
        let mut found = std::mem::take(&mut self.found);
        for (first, cycles, left) in found.drain(..).rev() {
            let mut gone = cycles | left;
            while gone != 0 {
                let l = gone.ilog2() as usize;
                gone ^= 1 << l;
                self.swap_remove(first + l);
            }
        }
        self.found = found;
    }

    /// Makes every pixel's `z` its anchor.
    pub(super) fn drop_anchor(&mut self) {
        self.anchor_re[..self.len].copy_from_slice(&self.z_re[..self.len]);
        self.anchor_im[..self.len].copy_from_slice(&self.z_im[..self.len]);
    }
}

#[inline(always)]
pub(super) fn load<V: Vector, const N: usize>(from: &[f64]) -> [V; N] {
    let mut vectors = [V::splat(0.0); N];
    for (v, vector) in vectors.iter_mut().enumerate() {
        *vector = V::load(&from[v * V::LANES..]);
    }
    vectors
}
