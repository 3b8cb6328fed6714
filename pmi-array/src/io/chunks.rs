//! Chunks: which fit an array, how large they are made, and what each has of a box.

use crate::layout::Layout;

/// The bytes of a chunk of our own choice, at the most and, where the array has as many, at the least.
const LARGEST: usize = 1 << 20;
const SMALLEST: usize = 1 << 14;

/// What makes no sense of chunks and names of axes that a user gives for `what`, an array of this shape, whose axis 0 can
/// grow where it is `unlimited`.
pub(super) fn mistake(
    what: &str,
    shape: &[usize],
    unlimited: bool,
    chunk: Option<&[usize]>,
    dims: &[String],
) -> Option<String> {
    let ndim = shape.len();
    if let Some(chunk) = chunk {
        if chunk.len() != ndim || chunk.contains(&0) {
            return Some(format!(
                "chunks of {chunk:?} do not fit {what}, of shape {shape:?}: give {ndim} numbers, 1 or more each"
            ));
        }
        let limited = |axis: &usize| !(unlimited && *axis == 0);
        if let Some(axis) = (0..ndim).filter(limited).find(|axis| chunk[*axis] > shape[*axis].max(1)) {
            return Some(format!("chunks of {chunk:?} are longer along axis {axis} than {what}, {shape:?}"));
        }
    }
    (!dims.is_empty() && dims.len() != ndim)
        .then(|| format!("{dims:?} are no names for the {ndim} axes of {what}: give one for each"))
}

/// Chunks for an array of this layout, of elements of `bytes` bytes: the rows of one task, cut along the first axes
/// until they are small enough. Axis 0 is not the layout's but an unlimited one before it where `frames`: a chunk is then
/// in one frame, unless frames are very small.
pub(super) fn fitted(layout: &Layout, frames: bool, bytes: usize) -> Vec<usize> {
    let mut chunk: Vec<usize> = layout.shape().iter().map(|len| (*len).max(1)).collect();
    if let (Some(rows), true) = (chunk.first_mut(), layout.is_in_rows()) {
        // The most that divides every task's share where all are equal.
        *rows = rows.div_ceil(layout.grid()[0]);
    }
    let mut size = chunk.iter().fold(bytes, |size, len| size.saturating_mul(*len));
    for len in &mut chunk {
        if size <= LARGEST {
            break;
        }
        let one = size / *len;
        // Equal parts; what divides none of a task's rows is better than that, where it is not much shorter.
        let most = (LARGEST / one.max(1)).clamp(1, *len);
        let equal = len.div_ceil(len.div_ceil(most));
        *len = (equal.div_ceil(2)..=most).rev().find(|part| len.is_multiple_of(*part)).unwrap_or(equal);
        size = one * *len;
    }
    if frames {
        chunk.insert(0, (SMALLEST / size.max(1)).max(1));
    }
    chunk
}

/// A box of an array that is cut into chunks.
pub(super) struct Cut<'a> {
    /// The box's and the chunks' extents; where `shape` is no multiple of `chunk`, the last chunks are filled with
    /// zeros.
    pub(super) shape: &'a [usize],
    pub(super) chunk: &'a [usize],
    /// The bytes of an element.
    pub(super) element: usize,
}

impl Cut<'_> {
    /// How many chunks there are.
    pub(super) fn count(&self) -> usize {
        self.along().product()
    }

    fn along(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.shape.iter().zip(self.chunk).map(|(len, chunk)| len.div_ceil(*chunk))
    }

    /// The index in the box where a chunk begins, of so many in C order.
    pub(super) fn start(&self, number: usize) -> Vec<usize> {
        let mut rest = number;
        let mut start: Vec<_> = (self.along().rev().zip(self.chunk.iter().rev()))
            .map(|(along, chunk)| {
                let at = rest % along * chunk;
                rest /= along;
                at
            })
            .collect();
        start.reverse();
        start
    }

    /// The bytes of the chunk that begins there, of those of the box.
    pub(super) fn chunk_at(&self, start: &[usize], bytes: &[u8]) -> Vec<u8> {
        let axes = self.shape.len();
        let mut chunk = vec![0; self.chunk.iter().product::<usize>() * self.element];
        let count: Vec<_> = (0..axes).map(|axis| self.chunk[axis].min(self.shape[axis] - start[axis])).collect();
        // All axes but the last; without axes there is one run, of one element.
        let outer = axes.saturating_sub(1);
        let run = count.last().copied().unwrap_or(1) * self.element;
        let mut row = vec![0; outer];
        loop {
            let place = |extent: &[usize], offset: &dyn Fn(usize) -> usize| {
                let index = |axis: usize| offset(axis) + row.get(axis).copied().unwrap_or(0);
                (0..axes).fold(0, |place, axis| place * extent[axis] + index(axis)) * self.element
            };
            let (from, to) = (place(self.shape, &|axis| start[axis]), place(self.chunk, &|_| 0));
            chunk[to..to + run].copy_from_slice(&bytes[from..from + run]);
            // The next row: the last axis but one runs fastest.
            let Some(axis) = (0..outer).rev().find(|axis| row[*axis] + 1 < count[*axis]) else { break };
            row[axis] += 1;
            row[axis + 1..].fill(0);
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_have_their_part_of_the_box_and_zeros() {
        let numbers: Vec<u8> = (1..=30).collect();
        let cut = Cut { shape: &[2, 3, 5], chunk: &[1, 2, 4], element: 1 };
        assert_eq!(cut.count(), 8);
        for start in (0..8).map(|number| cut.start(number)) {
            let expected: Vec<u8> = (0..8)
                .map(|n| [start[0], start[1] + n / 4, start[2] + n % 4])
                .map(|[i, j, k]| if j < 3 && k < 5 { numbers[(i * 3 + j) * 5 + k] } else { 0 })
                .collect();
            assert_eq!(cut.chunk_at(&start, &numbers), expected, "at {start:?}");
        }
        let single = Cut { shape: &[], chunk: &[], element: 4 };
        assert_eq!((single.count(), single.chunk_at(&single.start(0), &[1, 2, 3, 4])), (1, vec![1, 2, 3, 4]));
        assert_eq!(Cut { shape: &[3, 0], chunk: &[2, 1], element: 8 }.count(), 0);
    }

    #[test]
    fn chunks_fit_the_tasks_rows() {
        let of = |shape: &[usize], tasks, frames| fitted(&Layout::new(shape, tasks), frames, 8);
        assert_eq!(of(&[10, 10], 2, false), [5, 10]);
        assert_eq!(of(&[1 << 10, 1 << 10], 4, false), [128, 1 << 10]);
        assert_eq!(of(&[200, 1 << 14], 2, false), [5, 1 << 14]);
        assert_eq!(of(&[3, 1 << 20], 3, false), [1, 1 << 17]);
        assert_eq!(of(&[0, 1 << 61], 2, false)[0], 1);
        assert_eq!(of(&[256, 512], 2, true), [1, 128, 512]);
        assert_eq!(of(&[], 2, true), [2048]);
        assert_eq!(of(&[0, 4], 2, false), [1, 4]);
    }
}
