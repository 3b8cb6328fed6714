//! Which axes of two arrays belong together in a product.

use serde::{Deserialize, Serialize};

/// A product of two arrays: `c[..] = sum a[..] b[..]`, where each axis has a label, and the sum is over the labels that `c`
/// has not. A matrix product is `a[i, l] b[l, j]`, and all others (of transposed matrices, of vectors, outer, batched, NumPy's
/// `tensordot` and `einsum`) differ in nothing but the labels.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Indexing {
    /// How many indices a label stands for.
    pub(super) lens: Vec<usize>,
    /// The labels of `a`'s axes. An axis of length 1 that is repeated, as in broadcasting, has none.
    pub(super) a: Vec<Option<usize>>,
    /// Those of `b`'s.
    pub(super) b: Vec<Option<usize>>,
    /// Those of the result's, all different.
    pub(super) c: Vec<usize>,
}

/// What a label does, by the arrays that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is in all three: a product for each of its indices.
    Batch,
    /// In `a` and the result: the rows of a matrix product.
    Row,
    /// In `b` and the result: the columns.
    Column,
    /// In `a` and `b`: summed over.
    Inner,
    /// In one operand only, and summed over: within that operand.
    Alone,
}

impl Indexing {
    /// Of operands with these labels and shapes. An axis of length 1 goes with any length.
    ///
    /// # Panics
    /// Where axes with one label have different lengths. `name` and `label` are for the message.
    #[track_caller]
    pub(super) fn new(
        name: &str,
        label: &dyn Fn(usize) -> String,
        operands: [(&[usize], &[usize]); 2],
        result: &[usize],
    ) -> Self {
        let [(a, shape_a), (b, shape_b)] = operands;
        let labels = a.iter().chain(b).chain(result).max().map_or(0, |most| most + 1);
        let mut lens = vec![1; labels];
        for (of, &len) in a.iter().zip(shape_a).chain(b.iter().zip(shape_b)).filter(|(_, len)| **len != 1) {
            assert!(
                lens[*of] == 1 || lens[*of] == len,
                "{name}: operands of shapes {shape_a:?} and {shape_b:?} do not fit: {} is {} here and {len} there",
                label(*of),
                lens[*of],
            );
            lens[*of] = len;
        }
        let of_axes = |labels: &[usize], shape: &[usize]| {
            labels.iter().zip(shape).map(|(label, len)| (lens[*label] == *len).then_some(*label)).collect()
        };
        Self { a: of_axes(a, shape_a), b: of_axes(b, shape_b), c: result.to_vec(), lens }
    }

    /// What a label does; labels that nothing has do nothing.
    pub(super) fn role(&self, label: usize) -> Role {
        let [in_a, in_b] = [&self.a, &self.b].map(|labels| labels.contains(&Some(label)));
        match (in_a, in_b, self.c.contains(&label)) {
            (true, true, true) => Role::Batch,
            (true, false, true) => Role::Row,
            (false, _, true) => Role::Column,
            (true, true, false) => Role::Inner,
            _ => Role::Alone,
        }
    }

    /// The labels with this role: those of the result in its order, then the others.
    pub(super) fn with_role(&self, role: Role) -> Vec<usize> {
        let others = (0..self.lens.len()).filter(|label| !self.c.contains(label));
        self.c.iter().copied().chain(others).filter(|label| self.role(*label) == role).collect()
    }

    /// The shape of the result.
    pub(super) fn shape(&self) -> Vec<usize> {
        self.c.iter().map(|label| self.lens[*label]).collect()
    }
}
