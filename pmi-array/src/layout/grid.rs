//! Grids of tasks: ranks as coordinates along the axes of an array.

use super::axis::Axis;

/// The near-square grid of at most `tasks` tasks for these axes.
///
/// Axes that fix their number of parts have it. The others share what is left as ScaLAPACK's programs do it: of `t`
/// tasks and `k` axes the first gets `floor(t^(1/k))`, and so on with the rest.
pub(super) fn near_square(axes: &[Axis], tasks: usize) -> Vec<usize> {
    let fixed: usize = axes.iter().filter_map(Axis::parts).fold(1, usize::saturating_mul);
    let mut left = tasks / fixed.max(1);
    let mut free = axes.iter().filter(|axis| axis.parts().is_none()).count() as u32;
    let share = |axis: &Axis| {
        axis.parts().unwrap_or_else(|| {
            let parts = root(left, free).max(1);
            left /= parts;
            free -= 1;
            parts
        })
    };
    axes.iter().map(share).collect()
}

/// `floor(n^(1/k))`.
fn root(n: usize, k: u32) -> usize {
    let fits = |r: usize| r.checked_pow(k).is_some_and(|power| power <= n);
    let near = (n as f64).powf(1.0 / f64::from(k)) as usize;
    (0..=near + 1).rev().find(|r| fits(*r)).unwrap_or(0)
}

/// The coordinates of a rank, in row-major order; `None` where the grid has no place for it.
pub(super) fn coordinates(grid: &[usize], rank: usize) -> Option<Vec<usize>> {
    let mut rest = rank;
    let mut coordinates = vec![0; grid.len()];
    for (coordinate, parts) in coordinates.iter_mut().zip(grid).rev() {
        (*coordinate, rest) = (rest % parts, rest / parts);
    }
    (rest == 0).then_some(coordinates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_near_square_and_fit() {
        use Axis::{Block, Cyclic, Whole};
        let shares = |axes: &[Axis], tasks| near_square(axes, tasks);
        assert_eq!(shares(&[], 5), [0; 0]);
        assert_eq!(shares(&[Whole, Block], 7), [1, 7]);
        let square = [1, 2, 3, 4, 6, 7, 9, 12].map(|tasks| shares(&[Block, Cyclic], tasks));
        assert_eq!(square, [[1, 1], [1, 2], [1, 3], [2, 2], [2, 3], [2, 3], [3, 3], [3, 4]]);
        assert_eq!(shares(&[Block, Block, Whole, Block], 30), [3, 3, 1, 3]);
        assert_eq!(shares(&[Axis::Bounds(vec![0, 1, 2]), Block], 7), [2, 3]);
        for tasks in 1..200 {
            for axes in [&[Block, Block][..], &[Block, Block, Block]] {
                assert!(shares(axes, tasks).iter().product::<usize>() <= tasks);
            }
        }
    }

    #[test]
    fn ranks_have_coordinates_in_row_major_order() {
        let all: Vec<_> = (0..8).map(|rank| coordinates(&[2, 1, 3], rank)).collect();
        let expected = [[0, 0, 0], [0, 0, 1], [0, 0, 2], [1, 0, 0], [1, 0, 1], [1, 0, 2]];
        assert_eq!(all[..6], expected.map(|place| Some(place.to_vec())));
        assert_eq!(all[6..], [None, None]);
        assert_eq!((coordinates(&[], 0), coordinates(&[], 1)), (Some(vec![]), None));
    }
}
