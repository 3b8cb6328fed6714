//! The product of the parts that one task has: as products of matrices that lie in them, or in copies.

use super::indexing::{Indexing, Role};
use crate::local::{Block, add_product};
use crate::numeric::Numeric;
use faer::{MatMut, MatRef};
use ndarray::{ArrayViewD, ArrayViewMutD, Axis, IxDyn, ShapeBuilder};
use pmi_array::Cast;
use rayon::prelude::*;
use std::borrow::Cow;

/// Products of matrices of fewer operations are not worth a call each, where copies make them larger.
const SMALL: usize = 4096;
/// A rayon job does so many operations at the least.
const GRAIN: usize = 1 << 18;

/// Numbers of an operand, and how far apart they are along each label: 0 where the operand has not the label.
#[derive(Clone)]
pub(super) struct Strided<'a, T: Clone> {
    pub(super) numbers: Cow<'a, [T]>,
    pub(super) strides: Vec<usize>,
    pub(super) conjugated: bool,
}

impl<'a, T: Numeric> Strided<'a, T> {
    /// A part in C order, whose axes have these labels, of `count`, and lengths.
    pub(super) fn new(numbers: &'a [T], labels: &[Option<usize>], shape: &[usize], count: usize) -> Self {
        let mut strides = vec![0; count];
        let mut stride = 1;
        for (label, len) in labels.iter().zip(shape).rev() {
            // A label twice is a diagonal.
            label.iter().for_each(|label| strides[*label] += stride);
            stride *= len;
        }
        Self { numbers: Cow::Borrowed(numbers), strides, conjugated: false }
    }

    /// Without the first numbers, so many steps along a label.
    pub(super) fn skip(self, label: usize, steps: usize) -> Self {
        let first = (steps * self.strides[label]).min(self.numbers.len());
        match self.numbers {
            Cow::Borrowed(numbers) => Self { numbers: Cow::Borrowed(&numbers[first..]), ..self },
            Cow::Owned(_) => unreachable!("copies are made of what is needed"),
        }
    }

    /// As a matrix, from number `first` on, if rows or columns are contiguous.
    fn matrix(&self, first: usize, shape: [usize; 2], strides: [usize; 2]) -> Option<Block<'_, T>> {
        let ([rows, columns], numbers) = (shape, &self.numbers[first.min(self.numbers.len())..]);
        let matrix = match readable(shape, strides)? {
            Reading::Rows(stride) => MatRef::from_row_major_slice_with_stride(numbers, rows, columns, stride),
            Reading::Columns(stride) => MatRef::from_column_major_slice_with_stride(numbers, rows, columns, stride),
        };
        Some(Block::from(matrix).read(false, self.conjugated))
    }

    /// A copy in the order of these labels, summed over those.
    fn packed(&self, order: &[usize], summed: &[usize], lens: &[usize]) -> Strided<'static, T> {
        let of = |labels: &[usize]| -> Vec<usize> { labels.iter().map(|label| lens[*label]).collect() };
        let shape = of(order);
        let mut copy = vec![T::default(); shape.iter().product()];
        let strides: Vec<_> = order.iter().map(|label| self.strides[*label]).collect();
        for index in indices(&of(summed)) {
            let first: usize = index.iter().zip(summed).map(|(i, label)| i * self.strides[*label]).sum();
            if copy.is_empty() {
                break;
            }
            let view = ArrayViewD::from_shape(IxDyn(&shape).strides(IxDyn(&strides)), &self.numbers[first..])
                .expect("a part has the elements that its indices name");
            let mut copy = ArrayViewMutD::from_shape(IxDyn(&shape), &mut copy).expect("the copy was made as long");
            add(&mut copy, &view);
        }
        let labels: Vec<_> = order.iter().map(|label| Some(*label)).collect();
        let strides = Strided::<T>::new(&[], &labels, &shape, lens.len()).strides;
        Strided { numbers: Cow::Owned(copy), strides, conjugated: self.conjugated }
    }
}

/// `c += x`, in threads.
fn add<T: Numeric>(c: &mut ArrayViewMutD<T>, x: &ArrayViewD<T>) {
    // The first of the longest axes: halves are then far apart.
    let longest = c.shape().iter().enumerate().rev().max_by_key(|(_, len)| **len).map(|(axis, _)| Axis(axis));
    match longest {
        Some(axis) if c.len() > GRAIN && c.len_of(axis) > 1 => {
            let half = c.len_of(axis) / 2;
            let ((mut c0, mut c1), (x0, x1)) = (c.view_mut().split_at(axis, half), x.view().split_at(axis, half));
            rayon::join(|| add(&mut c0, &x0), || add(&mut c1, &x1));
        }
        _ => c.zip_mut_with(x, |c, x| *c = c.plus(*x)),
    }
}

/// All indices of a shape, in C order.
fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let shape = shape.to_vec();
    (0..shape.iter().product::<usize>()).map(move |number| split(number, &shape))
}

/// The index of an element that has this number in C order.
fn split(mut number: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (i, len) in index.iter_mut().zip(shape).rev() {
        (*i, number) = (number % len, number / len);
    }
    index
}

/// How a matrix lies: its rows, or its columns, are contiguous, and so far apart.
enum Reading {
    Rows(usize),
    Columns(usize),
}

fn readable([rows, columns]: [usize; 2], [down, right]: [usize; 2]) -> Option<Reading> {
    match () {
        () if right == 1 || columns < 2 => Some(Reading::Rows(if rows < 2 { columns } else { down })),
        () if down == 1 || rows < 2 => Some(Reading::Columns(if columns < 2 { rows } else { right })),
        () => None,
    }
}

/// The number and the distance of the indices of several labels, taken as one; `None` where they have no one distance.
fn merged(labels: &[usize], lens: &[usize], strides: &[usize]) -> Option<(usize, usize)> {
    let mut all: Option<(usize, usize)> = None;
    for label in labels.iter().rev().filter(|label| lens[**label] != 1) {
        all = match all {
            None => Some((lens[*label], strides[*label])),
            Some((len, stride)) if strides[*label] == len * stride => Some((len * lens[*label], stride)),
            Some(_) => return None,
        };
    }
    Some(all.unwrap_or((1, 1)))
}

/// A way to see the product as products of matrices, one for each index of `batch`, the first labels of the result.
struct Matrices {
    batch: Vec<usize>,
    /// Rows, columns and inner length.
    shape: [usize; 3],
    a: [usize; 2],
    b: [usize; 2],
    c: [usize; 2],
}

impl Matrices {
    fn operations(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The matrices in these parts as they lie, if there are some.
fn in_place(of: &Indexing, lens: &[usize], a: &[usize], b: &[usize], c: &[usize]) -> Option<Matrices> {
    if !of.with_role(Role::Alone).is_empty() {
        return None;
    }
    let batches = of.with_role(Role::Batch);
    let inner = of.with_role(Role::Inner);
    let mut as_in_a: Vec<_> = of.a.iter().flatten().copied().filter(|label| inner.contains(label)).collect();
    as_in_a.dedup();
    let with = |cut: usize, inner: &[usize]| {
        let (batch, rest) = of.c.split_at(cut);
        if batches.iter().any(|label| !batch.contains(label) && lens[*label] != 1) {
            return None;
        }
        let role = |role| rest.iter().copied().filter(|label| of.role(*label) == role).collect::<Vec<_>>();
        let (rows, columns) = (role(Role::Row), role(Role::Column));
        let ((m, a_down), (k, a_right)) = (merged(&rows, lens, a)?, merged(inner, lens, a)?);
        let ((_, b_down), (n, b_right)) = (merged(inner, lens, b)?, merged(&columns, lens, b)?);
        let ((_, c_down), (_, c_right)) = (merged(&rows, lens, c)?, merged(&columns, lens, c)?);
        readable([m, k], [a_down, a_right])?;
        readable([k, n], [b_down, b_right])?;
        readable([m, n], [c_down, c_right])?;
        let batch = batch.to_vec();
        let matrices =
            Matrices { batch, shape: [m, n, k], a: [a_down, a_right], b: [b_down, b_right], c: [c_down, c_right] };
        (cut <= batches.len() || matrices.operations() >= SMALL).then_some(matrices)
    };
    (0..=of.c.len()).find_map(|cut| with(cut, &as_in_a).or_else(|| with(cut, &inner)))
}

/// `c += a b`, where `c` has its axes in C order, and `lens` indices of each label are here.
pub(super) fn add_contraction<T: Numeric>(
    of: &Indexing,
    lens: &[usize],
    c: &mut [T],
    a: &Strided<T>,
    b: &Strided<T>,
    threads: usize,
) {
    if lens.contains(&0) {
        return;
    }
    let labels: Vec<_> = of.c.iter().map(|label| Some(*label)).collect();
    let shape: Vec<_> = of.c.iter().map(|label| lens[*label]).collect();
    let strides_c = Strided::<T>::new(&[], &labels, &shape, lens.len()).strides;
    if let Some(matrices) = in_place(of, lens, &a.strides, &b.strides, &strides_c) {
        return multiply(&matrices, lens, c, a, b, threads);
    }
    // Copies in the order batch, row, inner; batch, inner, column; batch, row, column.
    let roles = [Role::Batch, Role::Row, Role::Column, Role::Inner];
    let [batch, rows, columns, inner] = roles.map(|role| of.with_role(role));
    let alone = of.with_role(Role::Alone);
    let summed = |labels: &[Option<usize>]| -> Vec<usize> {
        alone.iter().copied().filter(|label| labels.contains(&Some(*label))).collect()
    };
    let a = a.packed(&[&batch[..], &rows, &inner].concat(), &summed(&of.a), lens);
    let b = b.packed(&[&batch[..], &inner, &columns].concat(), &summed(&of.b), lens);
    let order = [&batch[..], &rows, &columns].concat();
    let count = |labels: &[usize]| labels.iter().map(|label| lens[*label]).product::<usize>();
    let [m, n, k] = [count(&rows), count(&columns), count(&inner)];
    let matrices = Matrices { batch, shape: [m, n, k], a: [k, 1], b: [n, 1], c: [n, 1] };
    if order == of.c {
        return multiply(&matrices, lens, c, &a, &b, threads);
    }
    let mut product = vec![T::default(); c.len()];
    multiply(&matrices, lens, &mut product, &a, &b, threads);
    let labels: Vec<_> = order.iter().map(|label| Some(*label)).collect();
    let of_order: Vec<_> = order.iter().map(|label| lens[*label]).collect();
    let strides = Strided::<T>::new(&[], &labels, &of_order, lens.len()).strides;
    let strides: Vec<_> = of.c.iter().map(|label| strides[*label]).collect();
    let product = ArrayViewD::from_shape(IxDyn(&shape).strides(IxDyn(&strides)), &product).expect("it is as long as c");
    add(&mut ArrayViewMutD::from_shape(IxDyn(&shape), c).expect("c has the shape of its block"), &product);
}

/// The products of the matrices, several at a time where there are many.
fn multiply<T: Numeric>(of: &Matrices, lens: &[usize], c: &mut [T], a: &Strided<T>, b: &Strided<T>, threads: usize) {
    let ([m, n, k], one) = (of.shape, true.cast::<T>());
    let batch: Vec<_> = of.batch.iter().map(|label| lens[*label]).collect();
    let product = |number: usize, c: &mut [T], threads: usize| {
        let index = split(number, &batch);
        let first = |strides: &[usize]| index.iter().zip(&of.batch).map(|(i, label)| i * strides[*label]).sum();
        let a = a.matrix(first(&a.strides), [m, k], of.a).expect("matrices that lie so are looked for");
        let b = b.matrix(first(&b.strides), [k, n], of.b).expect("matrices that lie so are looked for");
        let c = match readable([m, n], of.c).expect("matrices that lie so are looked for") {
            Reading::Rows(stride) => MatMut::from_column_major_slice_with_stride_mut(c, n, m, stride).transpose_mut(),
            Reading::Columns(stride) => MatMut::from_column_major_slice_with_stride_mut(c, m, n, stride),
        };
        add_product(c, one, a, b, threads);
    };
    let (chunk, count) = (m * n, batch.iter().product::<usize>());
    if threads == 1 || count < threads {
        return c.chunks_exact_mut(chunk).enumerate().for_each(|(number, c)| product(number, c, threads));
    }
    let group = (GRAIN / of.operations()).clamp(1, count.div_ceil(threads));
    c.par_chunks_mut(chunk * group).enumerate().for_each(|(first, c)| {
        c.chunks_exact_mut(chunk).enumerate().for_each(|(number, c)| product(first * group + number, c, 1));
    });
}
