//! Two vectors as one.

use super::Vector;

/// Two vectors, each operation done on one after the other: a long formula has twice as many operations that need not wait
/// for each other among those that the processor can look at.
#[derive(Clone, Copy)]
pub(crate) struct Twice<V>(V, V);

/// Methods that do the same with both.
macro_rules! both {
    ($($name:ident($($arg:ident: $type:ty),*);)*) => {$(
        #[inline(always)]
        fn $name(self $(, $arg: $type)*) -> Self {
            Self(self.0.$name($($arg.0),*), self.1.$name($($arg.1),*))
        }
    )*};
}

impl<V: Vector> Vector for Twice<V> {
    type Mask = (V::Mask, V::Mask);

    const LANES: usize = 2 * V::LANES;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(V::splat(x), V::splat(x))
    }

    #[inline(always)]
    fn load(from: &[f64]) -> Self {
        Self(V::load(from), V::load(&from[V::LANES..]))
    }

    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        self.0.store(to);
        self.1.store(&mut to[V::LANES..]);
    }

    both! {
        add(y: Self);
        sub(y: Self);
        mul(y: Self);
        mul_add(y: Self, z: Self);
        mul_sub(y: Self, z: Self);
        abs();
        sqrt();
        select(mask: Self::Mask, y: Self);
        tally(mask: Self::Mask);
        add_bits(y: Self);
        or_differing(x: Self, y: Self);
        and_bits(y: Self);
        or_bits(y: Self);
    }

    #[inline(always)]
    fn le(self, y: Self) -> Self::Mask {
        (self.0.le(y.0), self.1.le(y.1))
    }

    #[inline(always)]
    fn eq(self, y: Self) -> Self::Mask {
        (self.0.eq(y.0), self.1.eq(y.1))
    }

    #[inline(always)]
    fn bits(mask: Self::Mask) -> u64 {
        V::bits(mask.0) | V::bits(mask.1) << V::LANES
    }

    #[inline(always)]
    fn is_clear(self, mask: Self) -> bool {
        self.0.is_clear(mask.0) && self.1.is_clear(mask.1)
    }

    #[inline(always)]
    fn shift_up(self, places: u32) -> Self {
        Self(self.0.shift_up(places), self.1.shift_up(places))
    }

    #[inline(always)]
    fn shift_down(self, places: u32) -> Self {
        Self(self.0.shift_down(places), self.1.shift_down(places))
    }

    #[inline(always)]
    fn pick(self, table: &[f64; 16]) -> Self {
        Self(self.0.pick(table), self.1.pick(table))
    }
}
