//! Which SIMD instructions the CPU has, found once at run time, and the door through which a kernel is compiled for
//! each of them.
//!
//! [`dispatch`] inlines a [`Kernel`] into one function a [`Level`], each compiled with that level's target features,
//! and calls the right one. A kernel is plain Rust whose loops the compiler turns into vector instructions, or, where
//! registers matter, is written with the level's [`Vector`]. It holds whatever it needs, closures too, so that no call
//! inside a hot loop goes through a pointer.
//!
//! `PMI_SIMD=baseline|avx2|avx512` in the environment lowers the level (never raises it above what the CPU has).
//! CPUs other than x86-64 take the baseline: what the compiler's target has anyway, NEON with FMA on aarch64.

use std::fmt;
use std::sync::OnceLock;

pub(crate) use twice::Twice;

/// A set of SIMD instructions, poorest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the build's target guarantees. SSE2 on x86-64: `f64::mul_add` is then a library call, right though slow.
    Baseline,
    /// AVX2 and FMA: 16 registers of 4 `f64`.
    Avx2,
    /// AVX-512 F, BW, DQ and VL: 32 registers of 8 `f64`.
    Avx512,
}

impl Level {
    const ALL: [Self; 3] = [Self::Baseline, Self::Avx2, Self::Avx512];

    const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// The richest level of this CPU.
    fn detected() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx2") && has!("fma") {
                if has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl") {
                    return Self::Avx512;
                }
                return Self::Avx2;
            }
        }
        Self::Baseline
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The level to [`dispatch`] at: the CPU's, or the lower one that `PMI_SIMD` names. Read once; an unknown name is
/// reported on standard error, once, and ignored.
pub(crate) fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let detected = Level::detected();
        let Some(wanted) = std::env::var_os("PMI_SIMD") else { return detected };
        match Level::ALL.into_iter().find(|level| wanted == level.name()) {
            Some(level) => level.min(detected),
            None => {
                eprintln!("PMI_SIMD={}: not baseline, avx2 or avx512; using {detected}", wanted.display());
                detected
            }
        }
    })
}

/// The name of the SIMD level that kernels run at: `baseline`, `avx2` or `avx512`.
pub fn simd_level() -> &'static str {
    level().name()
}

/// A computation to compile once per [`Level`].
pub(crate) trait Kernel {
    /// What it returns.
    type Output;

    /// Runs it, with `V` the widest vector of the level. A kernel may ignore `V` and leave its loops to the compiler.
    ///
    /// Implementations, and all they call in a hot loop, are `#[inline(always)]`: what stays outside of the caller is
    /// compiled for the baseline.
    fn run<V: Vector>(self) -> Self::Output;
}

/// Runs a kernel with the instructions of the given level, [`level`]'s as a rule, or of the CPU's if that is lower.
pub(crate) fn dispatch<K: Kernel>(level: Level, kernel: K) -> K::Output {
    match level.min(Level::detected()) {
        // SAFETY: calling a function needs the CPU to have the function's target features; `detected`, which bounds
        // the level, answers `Avx512` only after asking the CPU for every feature that `avx512` enables.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::avx512(kernel) },
        // SAFETY: likewise, `Avx2` or above is answered only by a CPU with both features that `avx2` enables.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::avx2(kernel) },
        _ => kernel.run::<f64>(),
    }
}

/// The bytes of a line of the cache, and of the longest vectors.
pub(crate) const LINE: usize = 64;

/// Has so many elements brought from memory, which will be read soon, while the CPU computes. The address may be any.
#[inline(always)]
pub(crate) fn prefetch<T>(start: *const T, count: usize) {
    #[cfg(target_arch = "x86_64")]
    x86::prefetch(start, count);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (start, count);
}

/// Likewise of elements that will be written.
#[inline(always)]
pub(crate) fn prefetch_to_write<T>(start: *const T, count: usize) {
    #[cfg(target_arch = "x86_64")]
    x86::prefetch_to_write(start, count);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (start, count);
}

/// A register of `f64` lanes. Every operation works lane by lane and rounds as the scalar operation of the same name.
pub(crate) trait Vector: Copy {
    /// One truth value a lane.
    type Mask: Copy;

    /// The number of lanes, at most 64.
    const LANES: usize;

    /// `x` in every lane.
    fn splat(x: f64) -> Self;
    /// The first `LANES` values; panics if there are fewer.
    fn load(from: &[f64]) -> Self;
    /// Writes the first `LANES` values; panics if there is room for fewer.
    fn store(self, to: &mut [f64]);
    fn add(self, y: Self) -> Self;
    fn sub(self, y: Self) -> Self;
    fn mul(self, y: Self) -> Self;
    /// `self * y + z` with one rounding.
    fn mul_add(self, y: Self, z: Self) -> Self;
    /// `self * y - z` with one rounding.
    fn mul_sub(self, y: Self, z: Self) -> Self;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    /// `self <= y`, false where either is NaN.
    fn le(self, y: Self) -> Self::Mask;
    /// `self == y`, false where either is NaN.
    fn eq(self, y: Self) -> Self::Mask;
    /// `self` where the mask holds, else `y`.
    fn select(self, mask: Self::Mask, y: Self) -> Self;
    /// Adds 1 where the mask holds, to lanes that are the bits of a `u64`: see [`f64::to_bits`].
    fn tally(self, mask: Self::Mask) -> Self;
    /// Bit `l` is lane `l`.
    fn bits(mask: Self::Mask) -> u64;
    /// The sum of the lanes' bits as whole numbers, modulo 2^64.
    fn add_bits(self, y: Self) -> Self;
    /// Its bits, and those in which `x` and `y` differ.
    fn or_differing(self, x: Self, y: Self) -> Self;
    /// Whether no lane has a bit that the same lane of `mask` has.
    fn is_clear(self, mask: Self) -> bool;
    /// The bits that both have.
    fn and_bits(self, y: Self) -> Self;
    /// The bits that either has.
    fn or_bits(self, y: Self) -> Self;
    /// The bits moved up by so many places, zeros below.
    fn shift_up(self, places: u32) -> Self;
    /// The bits moved down by so many places, zeros above.
    fn shift_down(self, places: u32) -> Self;
    /// The entries of a table with the numbers that the lowest four bits of the lanes are.
    fn pick(self, table: &[f64; 16]) -> Self;
}

impl Vector for f64 {
    type Mask = bool;

    const LANES: usize = 1;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn load(from: &[f64]) -> Self {
        from[0]
    }

    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        to[0] = self;
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        self + y
    }

    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        self - y
    }

    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        self * y
    }

    #[inline(always)]
    fn mul_add(self, y: Self, z: Self) -> Self {
        f64::mul_add(self, y, z)
    }

    #[inline(always)]
    fn mul_sub(self, y: Self, z: Self) -> Self {
        f64::mul_add(self, y, -z)
    }

    #[inline(always)]
    fn abs(self) -> Self {
        f64::abs(self)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }

    #[inline(always)]
    fn le(self, y: Self) -> bool {
        self <= y
    }

    #[inline(always)]
    fn eq(self, y: Self) -> bool {
        self == y
    }

    #[inline(always)]
    fn select(self, mask: bool, y: Self) -> Self {
        if mask { self } else { y }
    }

    #[inline(always)]
    fn tally(self, mask: bool) -> Self {
        f64::from_bits(self.to_bits() + u64::from(mask))
    }

    #[inline(always)]
    fn bits(mask: bool) -> u64 {
        u64::from(mask)
    }

    #[inline(always)]
    fn add_bits(self, y: Self) -> Self {
        f64::from_bits(self.to_bits().wrapping_add(y.to_bits()))
    }

    #[inline(always)]
    fn or_differing(self, x: Self, y: Self) -> Self {
        f64::from_bits(self.to_bits() | (x.to_bits() ^ y.to_bits()))
    }

    #[inline(always)]
    fn is_clear(self, mask: Self) -> bool {
        self.to_bits() & mask.to_bits() == 0
    }

    #[inline(always)]
    fn and_bits(self, y: Self) -> Self {
        f64::from_bits(self.to_bits() & y.to_bits())
    }

    #[inline(always)]
    fn or_bits(self, y: Self) -> Self {
        f64::from_bits(self.to_bits() | y.to_bits())
    }

    #[inline(always)]
    fn shift_up(self, places: u32) -> Self {
        f64::from_bits(self.to_bits() << places)
    }

    #[inline(always)]
    fn shift_down(self, places: u32) -> Self {
        f64::from_bits(self.to_bits() >> places)
    }

    #[inline(always)]
    fn pick(self, table: &[f64; 16]) -> Self {
        table[(self.to_bits() & 15) as usize]
    }
}

mod twice;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
pub(crate) mod tests {
    use super::{Kernel, Level, Vector, dispatch, level};

    /// The levels this CPU can run.
    pub(crate) fn levels() -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(|&level| level <= Level::detected())
    }

    struct Map<'a, F>(&'a mut [f64], F);

    impl<F: Fn(f64) -> f64> Kernel for Map<'_, F> {
        type Output = usize;

        #[inline(always)]
        fn run<V: Vector>(self) -> usize {
            for x in self.0 {
                *x = (self.1)(*x);
            }
            V::LANES
        }
    }

    #[test]
    fn every_level_runs_the_closure() {
        for at in levels() {
            let mut x: Vec<f64> = (0..1001).map(f64::from).collect();
            let lanes = dispatch(at, Map(&mut x, |x: f64| x.mul_add(x, 0.5)));
            assert_eq!(lanes, [1, 4, 8][at as usize]);
            assert!((0..1001).all(|i| x[i] == (i * i) as f64 + 0.5), "{at}");
        }
        let mut x = [2.0];
        dispatch(level(), Map(&mut x, f64::sqrt));
        assert_eq!(x, [2.0_f64.sqrt()]);
    }

    #[test]
    fn the_level_is_one_the_cpu_has_and_prints_its_name() {
        assert!(levels().any(|at| at == level()));
        assert_eq!(Level::ALL.map(|level| level.to_string()), ["baseline", "avx2", "avx512"]);
        assert!(Level::Baseline < Level::Avx2 && Level::Avx2 < Level::Avx512);
    }

    const X: [f64; 8] = [1.5, -2.0, 0.0, -0.0, f64::NAN, f64::INFINITY, 1e-310, 3.0];
    const Y: [f64; 8] = [1.5, 0.1, -0.0, 2.0, 1.0, f64::INFINITY, 1e300, f64::NAN];

    /// Numbers of entries, and bits above that do not count.
    const PICKS: [f64; 8] = {
        let bits: [u64; 8] = [0, 15, 1 << 63 | 1, 8, 0x3ff7, 18, 30, 3];
        let mut picks = [0.0; 8];
        let mut i = 0;
        while i < 8 {
            picks[i] = f64::from_bits(bits[i]);
            i += 1;
        }
        picks
    };

    /// Every operation on X and Y, as bits.
    struct Operations;

    impl Kernel for Operations {
        type Output = Vec<u64>;

        #[inline(always)]
        fn run<V: Vector>(self) -> Vec<u64> {
            let mut results = vec![Vec::new(); 16];
            for i in (0..8).step_by(V::LANES) {
                let (x, y) = (V::load(&X[i..]), V::load(&Y[i..]));
                let (le, eq) = (x.le(y), x.eq(y));
                let count = V::splat(f64::from_bits(6)).tally(le);
                let numbers: [f64; 16] = std::array::from_fn(|i| i as f64);
                let arithmetic =
                    [x.add(y), x.sub(y), x.mul(y), x.mul_add(y, y), x.abs(), x.sqrt(), x.select(le, y), count];
                let picked = V::load(&PICKS[i..]).pick(&numbers);
                let (sum, differing) = (x.shift_down(52).add_bits(y), count.or_differing(x, y));
                let bitwise = [sum, x.and_bits(y).or_bits(x.shift_up(3)), picked, x.mul_sub(y, y), differing];
                let vectors = arithmetic.into_iter().chain(bitwise);
                for (result, vector) in results.iter_mut().zip(vectors) {
                    let mut lanes = [0.0; 8];
                    vector.store(&mut lanes);
                    // NaN is NaN, whichever its sign and payload.
                    let bits = |x: &f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
                    result.extend(lanes[..V::LANES].iter().map(bits));
                }
                for (result, mask) in results[13..].iter_mut().zip([le, eq]) {
                    result.extend((0..V::LANES).map(|l| V::bits(mask) >> l & 1));
                }
                let clear = |mask: u64| u64::from(y.shift_down(52).is_clear(V::splat(f64::from_bits(mask))));
                results[15] = vec![clear(0), clear(u64::MAX)];
            }
            results.concat()
        }
    }

    #[test]
    fn vectors_round_and_compare_as_scalars_do() {
        let expected = dispatch(Level::Baseline, Operations);
        assert_eq!(expected[8 * 13..][..8], [1, 1, 1, 1, 0, 1, 1, 0], "x <= y");
        assert_eq!(expected[8 * 14..][..8], [1, 0, 1, 0, 0, 1, 0, 0], "x == y");
        let picked = [0, 15, 1, 8, 7, 2, 14, 3].map(|n| f64::from(n).to_bits());
        assert_eq!(expected[8 * 10..][..8], picked, "entries of a table");
        assert_eq!(expected[8 * 7..][..8], [7, 7, 7, 7, 6, 7, 7, 6], "6 and a tally of x <= y");
        assert_eq!(expected[8 * 12 + 2], 1 << 63 | 7, "the bits of 7, and those in which 0 and -0 differ");
        assert_eq!(expected[8 * 15..], [1, 0], "no bits, and all");
        for at in levels() {
            assert_eq!(dispatch(at, Operations), expected, "{at}");
        }
    }
}
