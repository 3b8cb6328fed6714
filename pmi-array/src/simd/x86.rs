//! The vectors of x86-64. Their types are private to this module: only `avx2` and `avx512` name them, and only as
//! the parameter of the kernel they run. So a method of such a type runs within one of these functions, hence on a CPU
//! that has its target features: the SAFETY argument of every intrinsic below.

use super::{Kernel, LINE, Vector};
use std::arch::x86_64::*;

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

#[inline(always)]
pub(super) fn prefetch<T>(start: *const T, count: usize) {
    for line in lines(start, count) {
        // SAFETY: a hint reads nothing and raises no fault, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
    }
}

#[inline(always)]
pub(super) fn prefetch_to_write<T>(start: *const T, count: usize) {
    for line in lines(start, count) {
        // SAFETY: likewise; processors that do not know the instruction take it for none. The intrinsic of this hint
        // would become the one for reading, since the levels are not compiled for it.
        unsafe { std::arch::asm!("prefetchw byte ptr [{}]", in(reg) line, options(nostack, preserves_flags)) };
    }
}

/// An address in each of the cache lines of so many elements.
#[inline(always)]
fn lines<T>(start: *const T, count: usize) -> impl Iterator<Item = *const i8> {
    (0..count * size_of::<T>()).step_by(LINE).map(move |byte| start.cast::<i8>().wrapping_add(byte))
}

/// One method, by one expression of intrinsics.
macro_rules! methods {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty = $body:expr;)*) => {$(
        #[inline(always)]
        fn $name($($arg: $type),*) -> $out {
            // SAFETY: the CPU has the instructions, see the module; `load` and `store` pass a pointer to an array
            // of `LANES` values, which a checked slice gave, and `pick` reads within the table it borrows.
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
        mul_sub(self: Self, y: Self, z: Self) -> Self = Self(_mm512_fmsub_pd(self.0, y.0, z.0));
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
        and_bits(self: Self, y: Self) -> Self = Self(_mm512_and_pd(self.0, y.0));
        or_bits(self: Self, y: Self) -> Self = Self(_mm512_or_pd(self.0, y.0));
        shift_up(self: Self, places: u32) -> Self = {
            let shifted = _mm512_sll_epi64(_mm512_castpd_si512(self.0), _mm_cvtsi32_si128(places as i32));
            Self(_mm512_castsi512_pd(shifted))
        };
        shift_down(self: Self, places: u32) -> Self = {
            let shifted = _mm512_srl_epi64(_mm512_castpd_si512(self.0), _mm_cvtsi32_si128(places as i32));
            Self(_mm512_castsi512_pd(shifted))
        };
        // The table is two registers; the instruction itself takes four bits of each lane.
        pick(self: Self, table: &[f64; 16]) -> Self = {
            let (low, high) = (_mm512_loadu_pd(table[..8].as_ptr()), _mm512_loadu_pd(table[8..].as_ptr()));
            Self(_mm512_permutex2var_pd(low, _mm512_castpd_si512(self.0), high))
        };
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
        mul_sub(self: Self, y: Self, z: Self) -> Self = Self(_mm256_fmsub_pd(self.0, y.0, z.0));
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
        bits(mask: __m256d) -> u64 = _mm256_movemask_pd(mask) as u64;
        add_bits(self: Self, y: Self) -> Self = {
            let sum = _mm256_add_epi64(_mm256_castpd_si256(self.0), _mm256_castpd_si256(y.0));
            Self(_mm256_castsi256_pd(sum))
        };
        or_differing(self: Self, x: Self, y: Self) -> Self = Self(_mm256_or_pd(self.0, _mm256_xor_pd(x.0, y.0)));
        is_clear(self: Self, mask: Self) -> bool =
            _mm256_testz_si256(_mm256_castpd_si256(self.0), _mm256_castpd_si256(mask.0)) != 0;
        and_bits(self: Self, y: Self) -> Self = Self(_mm256_and_pd(self.0, y.0));
        or_bits(self: Self, y: Self) -> Self = Self(_mm256_or_pd(self.0, y.0));
        shift_up(self: Self, places: u32) -> Self = {
            let shifted = _mm256_sll_epi64(_mm256_castpd_si256(self.0), _mm_cvtsi32_si128(places as i32));
            Self(_mm256_castsi256_pd(shifted))
        };
        shift_down(self: Self, places: u32) -> Self = {
            let shifted = _mm256_srl_epi64(_mm256_castpd_si256(self.0), _mm_cvtsi32_si128(places as i32));
            Self(_mm256_castsi256_pd(shifted))
        };
        // The numbers are below 16, the table's length.
        pick(self: Self, table: &[f64; 16]) -> Self = {
            let numbers = _mm256_and_si256(_mm256_castpd_si256(self.0), _mm256_set1_epi64x(15));
            Self(_mm256_i64gather_pd::<8>(table.as_ptr(), numbers))
        };
    }
}
