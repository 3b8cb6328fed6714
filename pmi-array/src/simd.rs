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

/// Has so many elements brought from memory, which will be read soon, while the CPU computes. The address may be any.
#[inline(always)]
pub(crate) fn prefetch<T>(start: *const T, count: usize) {
    const LINE: usize = 64;
    for byte in (0..count * size_of::<T>()).step_by(LINE) {
        let line = start.cast::<i8>().wrapping_add(byte);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction is part of every x86-64, changes no value, and never faults.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(line);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = line;
    }
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
    /// Adds the lanes' bits as 64-bit integers, wrapping around.
    fn add_bits(self, y: Self) -> Self;
    /// Its bits, and those in which `x` and `y` differ.
    fn or_differing(self, x: Self, y: Self) -> Self;
    /// Whether no lane has a bit that the same lane of `mask` has.
    fn is_clear(self, mask: Self) -> bool;
    /// Bit `l` is lane `l`.
    fn bits(mask: Self::Mask) -> u64;
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
    fn bits(mask: bool) -> u64 {
        u64::from(mask)
    }
}

/// The vectors of x86-64. Their types are private to this module: only `avx2` and `avx512` name them, and only as
/// the parameter of the kernel they run. So a method of such a type runs within one of these functions, hence on a CPU
/// that has its target features: the SAFETY argument of every intrinsic below.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Kernel, Vector};

    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) fn avx512<K: Kernel>(kernel: K) -> K::Output {
        kernel.run::<F64x8>()
    }

    #[inline(never)]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn avx2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run::<F64x4>()
    }

    /// One method, by one expression of intrinsics.
    macro_rules! methods {
        ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty = $body:expr;)*) => {$(
            #[inline(always)]
            fn $name($($arg: $type),*) -> $out {
                // SAFETY: the CPU has the instructions, see the module; `load` and `store` pass a pointer to an array
                // of `LANES` values, which a checked slice pattern gave.
                unsafe { $body }
            }
        )*};
    }

    #[derive(Clone, Copy)]
    struct F64x8(__m512d);

    impl Vector for F64x8 {
        type Mask = __mmask8;

        const LANES: usize = 8;

        methods! {
            splat(x: f64) -> Self = Self(_mm512_set1_pd(x));
            load(from: &[f64]) -> Self = Self(_mm512_loadu_pd(from[..8].as_ptr()));
            store(self: Self, to: &mut [f64]) -> () = _mm512_storeu_pd(to[..8].as_mut_ptr(), self.0);
            add(self: Self, y: Self) -> Self = Self(_mm512_add_pd(self.0, y.0));
            sub(self: Self, y: Self) -> Self = Self(_mm512_sub_pd(self.0, y.0));
            mul(self: Self, y: Self) -> Self = Self(_mm512_mul_pd(self.0, y.0));
            mul_add(self: Self, y: Self, z: Self) -> Self = Self(_mm512_fmadd_pd(self.0, y.0, z.0));
            abs(self: Self) -> Self = Self(_mm512_abs_pd(self.0));
            sqrt(self: Self) -> Self = Self(_mm512_sqrt_pd(self.0));
            le(self: Self, y: Self) -> __mmask8 = _mm512_cmp_pd_mask::<_CMP_LE_OQ>(self.0, y.0);
            eq(self: Self, y: Self) -> __mmask8 = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(self.0, y.0);
            select(self: Self, mask: __mmask8, y: Self) -> Self = Self(_mm512_mask_mov_pd(y.0, mask, self.0));
            tally(self: Self, mask: __mmask8) -> Self = {
                let n = _mm512_castpd_si512(self.0);
                Self(_mm512_castsi512_pd(_mm512_mask_sub_epi64(n, mask, n, _mm512_set1_epi64(-1))))
            };
            add_bits(self: Self, y: Self) -> Self = {
                let sum = _mm512_add_epi64(_mm512_castpd_si512(self.0), _mm512_castpd_si512(y.0));
                Self(_mm512_castsi512_pd(sum))
            };
            or_differing(self: Self, x: Self, y: Self) -> Self = Self(_mm512_or_pd(self.0, _mm512_xor_pd(x.0, y.0)));
            is_clear(self: Self, mask: Self) -> bool =
                _mm512_test_epi64_mask(_mm512_castpd_si512(self.0), _mm512_castpd_si512(mask.0)) == 0;
        }

        #[inline(always)]
        fn bits(mask: __mmask8) -> u64 {
            u64::from(mask)
        }
    }

    #[derive(Clone, Copy)]
    struct F64x4(__m256d);

    impl Vector for F64x4 {
        /// All bits of a lane set, or none.
        type Mask = __m256d;

        const LANES: usize = 4;

        methods! {
            splat(x: f64) -> Self = Self(_mm256_set1_pd(x));
            load(from: &[f64]) -> Self = Self(_mm256_loadu_pd(from[..4].as_ptr()));
            store(self: Self, to: &mut [f64]) -> () = _mm256_storeu_pd(to[..4].as_mut_ptr(), self.0);
            add(self: Self, y: Self) -> Self = Self(_mm256_add_pd(self.0, y.0));
            sub(self: Self, y: Self) -> Self = Self(_mm256_sub_pd(self.0, y.0));
            mul(self: Self, y: Self) -> Self = Self(_mm256_mul_pd(self.0, y.0));
            mul_add(self: Self, y: Self, z: Self) -> Self = Self(_mm256_fmadd_pd(self.0, y.0, z.0));
            abs(self: Self) -> Self = Self(_mm256_andnot_pd(_mm256_set1_pd(-0.0), self.0));
            sqrt(self: Self) -> Self = Self(_mm256_sqrt_pd(self.0));
            le(self: Self, y: Self) -> __m256d = _mm256_cmp_pd::<_CMP_LE_OQ>(self.0, y.0);
            eq(self: Self, y: Self) -> __m256d = _mm256_cmp_pd::<_CMP_EQ_OQ>(self.0, y.0);
            select(self: Self, mask: __m256d, y: Self) -> Self = Self(_mm256_blendv_pd(y.0, self.0, mask));
            // A set mask is the integer -1.
            tally(self: Self, mask: __m256d) -> Self = {
                let n = _mm256_sub_epi64(_mm256_castpd_si256(self.0), _mm256_castpd_si256(mask));
                Self(_mm256_castsi256_pd(n))
            };
            add_bits(self: Self, y: Self) -> Self = {
                let sum = _mm256_add_epi64(_mm256_castpd_si256(self.0), _mm256_castpd_si256(y.0));
                Self(_mm256_castsi256_pd(sum))
            };
            or_differing(self: Self, x: Self, y: Self) -> Self = Self(_mm256_or_pd(self.0, _mm256_xor_pd(x.0, y.0)));
            is_clear(self: Self, mask: Self) -> bool =
                _mm256_testz_si256(_mm256_castpd_si256(self.0), _mm256_castpd_si256(mask.0)) != 0;
            bits(mask: __m256d) -> u64 = _mm256_movemask_pd(mask) as u64;
        }
    }
}

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

    /// Every operation on X and Y, as bits.
    struct Operations;

    impl Kernel for Operations {
        type Output = Vec<u64>;

        #[inline(always)]
        fn run<V: Vector>(self) -> Vec<u64> {
            let mut results = vec![Vec::new(); 13];
            for i in (0..8).step_by(V::LANES) {
                let (x, y) = (V::load(&X[i..]), V::load(&Y[i..]));
                let (le, eq) = (x.le(y), x.eq(y));
                let count = V::splat(f64::from_bits(6)).tally(le);
                let (sum, differing) = (x.add_bits(y), count.or_differing(x, y));
                let numbers = [x.add(y), x.sub(y), x.mul(y), x.mul_add(y, y), x.abs(), x.sqrt(), x.select(le, y)];
                let vectors = numbers.into_iter().chain([count, sum, differing]);
                for (result, vector) in results.iter_mut().zip(vectors) {
                    let mut lanes = [0.0; 8];
                    vector.store(&mut lanes);
                    // NaN is NaN, whichever its sign and payload.
                    let bits = |x: &f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
                    result.extend(lanes[..V::LANES].iter().map(bits));
                }
                for (result, mask) in results[10..].iter_mut().zip([le, eq]) {
                    result.extend((0..V::LANES).map(|l| V::bits(mask) >> l & 1));
                }
                let clear = |mask: u64| u64::from(sum.is_clear(V::splat(f64::from_bits(mask))));
                results[12] = vec![clear(0), clear(u64::MAX)];
            }
            results.concat()
        }
    }

    #[test]
    fn vectors_round_and_compare_as_scalars_do() {
        let expected = dispatch(Level::Baseline, Operations);
        assert_eq!(expected[8 * 10..][..8], [1, 1, 1, 1, 0, 1, 1, 0], "x <= y");
        assert_eq!(expected[8 * 11..][..8], [1, 0, 1, 0, 0, 1, 0, 0], "x == y");
        assert_eq!(expected[8 * 7..][..8], [7, 7, 7, 7, 6, 7, 7, 6], "6 and a tally of x <= y");
        assert_eq!(expected[8 * 8], 2 * 1.5_f64.to_bits(), "the bits of x and y, added");
        assert_eq!(expected[8 * 9 + 2], 1 << 63 | 7, "those of 7, and those in which 0 and -0 differ");
        assert_eq!(expected[8 * 12..], [1, 0]);
        for at in levels() {
            assert_eq!(dispatch(at, Operations), expected, "{at}");
        }
    }
}
