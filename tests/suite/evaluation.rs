//! How expressions are evaluated: broadcasting, operands of every layout, assignment, closures and their panics; against
//! serial ndarray.

use crate::expressions::{dealt, same};
use crate::layouts::{SHAPES, distributions, number, numbered, refusal};
use crate::{Case, cases};
use ndarray::{Array1, Array2, ArrayD, Dimension, IxDyn, Zip as Serial};
use pmi::Setup;
use pmi_toolkit::array::Layout;
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        every_pair_of_shapes_is_broadcast
        every_pair_of_layouts
        bounds_and_grids
        several_blocks_and_jobs
        compound_assignment
        assignment_from_itself
        assignment_of_what_does_not_fit
        choices_and_limits
        closures_over_several_operands
        closures_with_indices
        closures_in_place
        a_panic_names_the_element
        a_panic_in_a_reduction_names_the_element
        tasks_of_several_threads
    ]
}

/// Shapes whose pairs have every way of repeating elements, of one block and of several.
const OPERANDS: [&[usize]; 18] = [
    &[],
    &[0],
    &[1],
    &[5],
    &[1300],
    &[3, 1],
    &[1, 5],
    &[3, 5],
    &[0, 5],
    &[2, 0],
    &[3, 1300],
    &[1300, 1],
    &[2, 1, 5],
    &[2, 3, 1],
    &[4, 1, 1],
    &[2, 3, 5],
    &[2, 1, 3, 5],
    &[700, 3, 1, 1],
];

/// NumPy's rule for the shape of a result, in other words than the library's.
fn common(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let ndim = a.len().max(b.len());
    let side = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(ndim).map_or(1, |axis| shape[axis]);
    let both = |axis| match (side(a, axis), side(b, axis)) {
        (p, q) if p == q => Some(p),
        (1, p) | (p, 1) => Some(p),
        _ => None,
    };
    (0..ndim).map(both).collect()
}

/// The numbers of elements, in this shape.
fn count(shape: &[usize]) -> ArrayD<u64> {
    ArrayD::from_shape_fn(shape, |index| number(shape, index.slice()) as u64)
}

/// What tells both operands apart, computed serially.
fn mixed(a: &[usize], b: &[usize], shape: &[usize]) -> ArrayD<u64> {
    let (a, b) = (count(a), count(b));
    Serial::from(a.broadcast(shape).unwrap()).and(b.broadcast(shape).unwrap()).map_collect(|x, y| 1_000_003 * x + y)
}

fn every_pair_of_shapes_is_broadcast() {
    let arrays: Vec<_> = OPERANDS.iter().map(|shape| DistArray::from_array(&count(shape))).collect();
    for (a, p) in arrays.iter().zip(OPERANDS) {
        for (b, q) in arrays.iter().zip(OPERANDS) {
            let Some(shape) = common(p, q) else {
                let text = refusal(|| a + b);
                assert!(text.contains(&format!("{p:?} and {q:?} cannot be broadcast")), "{text}");
                continue;
            };
            if shape.iter().product::<usize>() > 50_000 {
                continue;
            }
            let sum = a * 1_000_003 + b;
            assert_eq!(sum.gather().unwrap(), mixed(p, q, &shape), "{p:?} and {q:?}");
            assert_eq!(sum.count(), mixed(p, q, &shape).iter().filter(|x| **x != 0).count(), "{p:?} and {q:?}");
        }
    }
    // Dimensions that are part of the type.
    let (row, column) = (DistArray::arange(0, 4, 1), DistArray::from_fn((3, 1), |(i, _)| 10 * i as i32));
    let table: DistArray<i32, ndarray::Ix2> = (&row + &column).eval();
    assert_eq!(table.gather().unwrap(), Array2::from_shape_fn((3, 4), |(i, j)| (10 * i + j) as i32));
}

fn every_pair_of_layouts() {
    let shapes: [(&[usize], &[usize]); 9] = [
        (&[13], &[13]),
        (&[], &[13]),
        (&[2], &[1]),
        (&[4, 5], &[4, 5]),
        (&[4, 5], &[5]),
        (&[4, 1], &[1, 9]),
        (&[1, 5], &[7, 5]),
        (&[5, 0], &[1, 1]),
        (&[3, 2, 4], &[2, 1]),
    ];
    for (p, q) in shapes {
        let shape = common(p, q).unwrap();
        let expected = mixed(p, q, &shape);
        for from in distributions(p.len()) {
            let a = numbered(p, from);
            for to in distributions(q.len()) {
                let b = numbered(q, to);
                let both = (&a * 1_000_003 + &b).eval();
                assert_eq!(both.gather().unwrap(), expected, "{} and {}", a.layout(), b.layout());
                let blocks = Layout::new(&shape, pmi::size().unwrap());
                let like = [&a, &b].into_iter().find(|operand| operand.shape() == shape);
                assert_eq!(both.layout(), like.map_or(&blocks, |operand| operand.layout()));
            }
        }
    }
}

fn bounds_and_grids() {
    let tasks = pmi::size().unwrap();
    let columns = if tasks.is_multiple_of(2) { 2 } else { 1 };
    let ascending = |len: usize| Axis::Bounds((0..=tasks).map(|part| len * part * part / (tasks * tasks)).collect());
    let last = |len: usize| Axis::Bounds((0..tasks).map(|_| 0).chain([len]).collect());
    let a = DistArray::from_array(&count(&[23, 6]));
    let forms = [
        a.redistribute(vec![ascending(23), Axis::Whole]),
        a.redistribute(vec![Axis::Whole, last(6)]),
        a.redistribute((vec![Axis::Block, Axis::Cyclic], vec![tasks / columns, columns])),
        a.redistribute((vec![Axis::BlockCyclic(3), Axis::Block], vec![1, tasks])),
    ];
    let row = DistArray::from_array(&count(&[6])).redistribute(vec![last(6)]);
    let expected = mixed(&[23, 6], &[6], &[23, 6]);
    for x in &forms {
        assert_eq!((x * 1_000_003 + &row).gather().unwrap(), expected, "{}", x.layout());
        for y in &forms {
            let both = (x * 1_000_003 + y).eval();
            assert_eq!(
                both.gather().unwrap(),
                mixed(&[23, 6], &[23, 6], &[23, 6]),
                "{} and {}",
                x.layout(),
                y.layout()
            );
            assert_eq!(both.layout(), x.layout());
        }
    }
}

fn several_blocks_and_jobs() {
    // Lengths around blocks of 1024 elements and jobs of 32 of them.
    for n in [1023, 1024, 1025, 2048, 32 * 1024, 32 * 1024 + 1, 100_003] {
        let x = DistArray::from_fn(n, |i| i as f64);
        let y = x.redistribute([Axis::Cyclic]);
        let root = (&x * &y).sqrt() + (&y - 1.0).abs();
        let expected = Array1::from_shape_fn(n, |i| i as f64 + (i as f64 - 1.0).abs());
        assert_eq!(root.gather().unwrap(), expected);
    }
    let (rows, columns) = (37, 3001);
    let down = DistArray::from_fn((rows, 1), |(i, _)| i as i32);
    let along = DistArray::from_fn(columns, |j| 100 * j as i32);
    for axes in distributions(2) {
        let zeros = DistArray::<i32, _>::zeros((rows, columns).distributed(axes));
        let table = &zeros + &along + &down;
        assert_eq!(table.gather().unwrap(), Array2::from_shape_fn((rows, columns), |(i, j)| (i + 100 * j) as i32));
    }
}

fn compound_assignment() {
    for axes in distributions(2) {
        let serial = Array2::from_shape_fn((7, 4), |(i, j)| (4 * i + j) as i64 - 9);
        let other =
            DistArray::from_fn((7, 4).distributed([Axis::Whole, Axis::Cyclic]), |(i, j)| (i + j) as i64 % 3 + 1);
        let (mut a, rest) = (DistArray::from_array(&serial).redistribute(axes), other.gather().unwrap());
        let (alias, layout) = (a.clone(), a.layout().clone());
        let row = DistArray::from_fn(4, |j| j as i64);
        a += &other;
        a *= 3;
        a -= &row;
        a -= row.clone() * 2;
        a %= &other * 4;
        a ^= &row | 8;
        a |= 1;
        a &= &other + 100;
        let j = |index: (usize, usize)| index.1 as i64;
        let expected = Array2::from_shape_fn((7, 4), |index| {
            let (x, y) = (serial[index], rest[index]);
            ((((x + y) * 3 - 3 * j(index)).rem_euclid(4 * y) ^ (j(index) | 8)) | 1) & (y + 100)
        });
        // All that name the array see it.
        assert_eq!((alias.gather().unwrap(), alias.layout()), (expected, &layout));
        let mut x = a.astype::<f64>().eval();
        x /= &other.astype::<f64>();
        x += &a;
        x /= 2.0;
        let a = a.gather().unwrap();
        let expected =
            Array2::from_shape_fn((7, 4), |index| (a[index] as f64 / rest[index] as f64 + a[index] as f64) / 2.0);
        assert_eq!((x.gather().unwrap(), x.layout()), (expected, &layout));
    }
    let mut flags = dealt(vec![true, false, true], 1);
    flags &= dealt(vec![true, true, false], 2);
    flags ^= true;
    assert_eq!(flags.to_vec().unwrap(), [false, true, true]);
}

fn assignment_from_itself() {
    for axes in distributions(1) {
        let mut a = DistArray::from_fn(2500.distributed(axes), |i| i as f64);
        let (alias, moved) = (a.clone(), a.redistribute([Axis::Cyclic]));
        a.assign(&a.clone() * 2.0 + &moved - &alias);
        assert_eq!(alias.gather().unwrap(), Array1::from_shape_fn(2500, |i| 2.0 * i as f64));
        a += a.clone();
        a -= &alias * 0.5;
        assert_eq!(alias.gather().unwrap(), Array1::from_shape_fn(2500, |i| 2.0 * i as f64));
    }
    for axes in distributions(3) {
        let mut a = numbered(&[3, 2, 4], axes);
        a.assign(DistArray::from_array(&count(&[2, 1])));
        assert_eq!(a.gather().unwrap(), ArrayD::from_shape_fn(IxDyn(&[3, 2, 4]), |index| index[1] as u64));
        DistArray::full((), 9u64).eval_into(&mut a);
        assert_eq!(a.gather().unwrap(), ArrayD::from_elem(IxDyn(&[3, 2, 4]), 9));
    }
    for shape in SHAPES {
        let mut a = numbered(shape, distributions(shape.len()).remove(0));
        a += 1;
        a.assign(&a.clone() + &a.clone());
        assert_eq!(a.gather().unwrap(), (count(shape) + 1) * 2);
    }
}

fn assignment_of_what_does_not_fit() {
    let mut a = DistArray::from_fn((4, 3), |(i, j)| (i + j) as f64);
    let before = a.gather().unwrap();
    let shapes: [&[usize]; 4] = [&[4], &[3, 3], &[2, 4, 3], &[0]];
    for shape in shapes {
        let b = DistArray::<f64, _>::ones(shape);
        for text in [
            refusal(|| a.assign(&b * 2.0)),
            refusal(|| (&b * 2.0).eval_into(&mut a)),
            refusal(|| a += &b),
            refusal(|| a *= &b + 1.0),
        ] {
            assert!(text.contains("[4, 3]") && text.contains(&format!("{shape:?}")), "{text}");
        }
    }
    assert_eq!(a.gather().unwrap(), before);
}

fn choices_and_limits() {
    let x = [-3.5, -0.0, 2.0, f64::NAN, 7.0, f64::INFINITY, f64::NEG_INFINITY];
    for turn in 0..4 {
        let a = dealt(x.to_vec(), turn);
        same(&a.clip(-1.0, 2.5).to_vec().unwrap(), &[-1.0, -0.0, 2.0, f64::NAN, 2.5, 2.5, -1.0], "clip");
        same(
            &a.greater(0.0).where_(&a, -&a).to_vec().unwrap(),
            &[3.5, 0.0, 2.0, -f64::NAN, 7.0, f64::INFINITY, f64::INFINITY]
                .map(|x: f64| if x.is_nan() { f64::NAN } else { x }),
            "where",
        );
        let counts: DistArray<f64, _> = a.isnan().where_(0u8, &a.abs()).eval();
        assert_eq!(counts.sum(), f64::INFINITY);
        same(&a.astype::<i16>().to_vec().unwrap(), &[-3, 0, 2, 0, 7, i16::MAX, i16::MIN], "astype");
    }
    assert!(refusal(|| DistArray::arange(0, 3, 1).clip(2, 1)).contains("2 and 1"));
    assert!(refusal(|| DistArray::arange(0.0, 3.0, 1.0).clip(f64::NAN, 1.0)).contains("NaN and 1.0"));
    // Broadcast against each other, condition and choices.
    for axes in distributions(2) {
        let grid = DistArray::from_fn((5, 6).distributed(axes), |(i, j)| (i + j) % 2 == 0);
        let (row, column) = (DistArray::arange(0i32, 6, 1), DistArray::from_fn((5, 1), |(i, _)| -(i as i64)));
        let chosen: DistArray<i64, _> = grid.where_(&row, &column).eval();
        let expected = Array2::from_shape_fn((5, 6), |(i, j)| if (i + j) % 2 == 0 { j as i64 } else { -(i as i64) });
        assert_eq!((chosen.gather().unwrap(), chosen.layout()), (expected, grid.layout()));
        assert_eq!(row.less(3).where_(&column, &row).sum(), 3 * -10 + 5 * (3 + 4 + 5));
    }
    let narrow = DistArray::<bool, _>::ones(3);
    let text = refusal(|| narrow.where_(1, &DistArray::<i32, _>::ones((2, 3))));
    assert!(text.contains("put the operand with the most axes first"), "{text}");
}

fn closures_over_several_operands() {
    for axes in distributions(2) {
        let a = DistArray::from_fn((6, 5).distributed(axes), |(i, j)| (5 * i + j) as i32);
        let row = DistArray::from_fn(5.distributed([Axis::Cyclic]), |j| j as f64 / 2.0);
        let column = DistArray::from_fn((6, 1), |(i, _)| i % 2 == 0);
        let two: DistArray<f64, _> = (&a, &row).zip_map(|a, r| f64::from(a) * r).eval();
        let three = (a.clone(), &row * 2.0, &column).zip_map(|a, r, odd| if odd { a } else { r as i32 });
        let four = (&a, &three, 7u8, &column).zip_map(|a, b, c, d| (i64::from(a - b) * i64::from(c)) * i64::from(d));
        let five = (&a, 1, 2, 3, &four).zip_map(|a, b, c, d, e| a * b + c * d + e as i32);
        let six = (&two, &three, &four, &five, &row, &a)
            .zip_map(|a, b, c, d, e, f| a + (b as f64) + c as f64 + f64::from(d) * e - f64::from(f));
        let expected = Array2::from_shape_fn((6, 5), |(i, j)| {
            let (a, r) = ((5 * i + j) as f64, j as f64 / 2.0);
            let three = if i % 2 == 0 { a } else { j as f64 };
            let four = if i % 2 == 0 { (a - three) * 7.0 } else { 0.0 };
            a * r + three + four + (a + 6.0 + four) * r - a
        });
        assert_eq!((six.gather().unwrap(), six.eval().layout()), (expected, a.layout()));
        let scaled = a.map_with((vec![10, 20], 3), |(table, by), x| table[(x % 2) as usize] + by * x);
        assert_eq!(scaled.to_vec().unwrap(), (0..30).map(|x| [10, 20][x % 2] + 3 * x as i32).collect::<Vec<_>>());
    }
    let text =
        refusal(|| (DistArray::arange(0, 3, 1), DistArray::<f64, _>::ones((2, 3))).zip_map(|a, b| f64::from(a) + b));
    assert!(text.contains("[2, 3]") && text.contains("put the operand with the most axes first"), "{text}");
    let text = refusal(|| (DistArray::arange(0, 3, 1), DistArray::arange(0, 4, 1), 5).zip_map(|a, b, c| a + b + c));
    assert!(text.contains("[3] and [4] and []"), "{text}");
}

fn closures_with_indices() {
    for shape in SHAPES {
        for axes in distributions(shape.len()) {
            let a = numbered(shape, axes);
            let f = |index: IxDyn, x: u64| (0..index.ndim()).fold(x, |sum, axis| 10 * sum + index[axis] as u64);
            let expected = ArrayD::from_shape_fn(shape, |index| f(index.clone(), number(shape, index.slice()) as u64));
            assert_eq!(a.indexed_map(f).gather().unwrap(), expected, "{}", a.layout());
        }
    }
    for axes in distributions(2) {
        // More than a block; the operand's own index where it is broadcast.
        let a = DistArray::<u32, _>::zeros((61, 53).distributed(axes));
        let own = a.indexed_map(|(i, j), x| x + (1000 * i + j) as u32);
        assert_eq!(own.gather().unwrap(), Array2::from_shape_fn((61, 53), |(i, j)| (1000 * i + j) as u32));
        let row = DistArray::<u32, _>::ones(53).indexed_map(|j, x| x + j as u32);
        let column = DistArray::<u32, _>::ones((61, 1)).indexed_map(|(i, j), x| 1000 * (x + i as u32) + j as u32);
        let table = (&a + &row + &column).gather().unwrap();
        assert_eq!(table, Array2::from_shape_fn((61, 53), |(i, j)| (1001 + 1000 * i + j) as u32));
    }
}

fn closures_in_place() {
    for shape in SHAPES {
        for axes in distributions(shape.len()) {
            let mut a = numbered(shape, axes);
            let (alias, layout) = (a.clone(), a.layout().clone());
            a.map_inplace(|x| 3 * x + 1);
            assert_eq!((alias.gather().unwrap(), alias.layout()), (count(shape) * 3 + 1, &layout));
        }
    }
}

/// What an evaluation panics with, and that the world goes on.
#[track_caller]
fn blamed<X: Expression>(expression: X, element: &[usize]) {
    let text = refusal(|| expression.eval());
    assert!(text.contains(&format!("(at element {element:?})")), "{text}");
    assert_eq!(DistArray::arange(0u8, 10, 1).sum(), 45u64);
}

fn a_panic_names_the_element() {
    for axes in distributions(2) {
        let a = DistArray::from_fn((6, 5).distributed(axes), |(i, j)| (10 * i + j) as i32);
        blamed(a.map(|x| if x == 34 { panic!("no {x}") } else { x }), &[3, 4]);
        blamed(a.map_with(12, |no, x| if x == *no { panic!("no {x}") } else { x }), &[1, 2]);
        blamed(a.indexed_map(|(i, j), x| if i == 5 && j == 0 { panic!("no {x}") } else { x }), &[5, 0]);
        blamed((&a, 2).zip_map(|x: i32, y: i32| if x == 0 { panic!("no {x}") } else { x % y }), &[0, 0]);
        blamed((a.map(|x| if x == 41 { panic!("no") } else { x }) + 1).sqrt().floor(), &[4, 1]);
        let table = [1, 2, 3];
        let text = refusal(|| a.map_with(table, |table, x| table[x as usize / 10]).eval());
        assert!(text.contains("index out of bounds") && text.contains("evaluation.rs"), "{text}");
        let (mut b, text) = (a.clone(), "no such thing");
        assert!(refusal(|| b.map_inplace(|x| if x == 20 { panic!("no such thing") } else { x })).contains(text));
    }
    for axes in distributions(1) {
        // Beyond the first block, and beyond the first job.
        let a = DistArray::arange(0, 90_000, 1).redistribute(axes);
        blamed(a.map(|x| if x == 80_001 { panic!("no {x}") } else { x }), &[80_001]);
        blamed(a.indexed_map(|i, x| if i == 33_333 { panic!("no {x}") } else { x }), &[33_333]);
    }
    blamed(DistArray::full((), 1.0).map(|x: f64| if x == 1.0 { panic!("no {x}") } else { x }), &[]);
}

fn a_panic_in_a_reduction_names_the_element() {
    for axes in distributions(1) {
        let a = DistArray::arange(0, 5000, 1).redistribute(axes);
        let first = a.map(|x| if x == 0 { panic!("no {x}") } else { x });
        let later = a.map(|x| if x == 4321 { panic!("no {x}") } else { x });
        let check = |at: usize, texts: [String; 5]| {
            for text in texts {
                assert!(text.contains(&format!("no {at} (at element [{at}])")), "{text}");
            }
            assert_eq!(a.max(), 4999);
        };
        macro_rules! reductions {
            ($x:ident) => {
                [
                    refusal(|| $x.sum()),
                    refusal(|| $x.argmax()),
                    refusal(|| $x.var()),
                    refusal(|| $x.any()),
                    refusal(|| $x.prod()),
                ]
            };
        }
        check(0, reductions!(first));
        check(4321, reductions!(later));
    }
}

fn tasks_of_several_threads() {
    // Worlds of their own, beside this one.
    for (tasks, threads) in [(1, 3), (2, 2), (3, 4)] {
        let run = || {
            for axes in distributions(1) {
                let a = DistArray::arange(0u32, 230_000, 1).redistribute(axes);
                let roots = a.map(|x| x % 251) + &a.redistribute([Axis::BlockCyclic(100)]);
                assert_eq!(roots.sum(), (0..230_000u64).map(|x| x % 251 + x).sum::<u64>());
                let found = pmi_toolkit::array::array_equal(roots.eval(), a.indexed_map(|i, x| x + i as u32 % 251));
                assert!(found);
                blamed(a.map(|x| if x == 180_001 { panic!("no {x}") } else { x }), &[180_001]);
            }
        };
        Setup::new().tasks(tasks).threads(threads).run(run).unwrap();
    }
}
