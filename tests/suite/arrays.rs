//! Distributed arrays against serial ndarray.

use crate::{Case, cases};
use ndarray::{Array1, Array2, Ix1, Ix2, array};
use pmi::{Task, op};
use pmi_toolkit::array::{Error, Layout};
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        from_fn_of_every_size_and_dimension
        map_and_map_with
        sums_are_the_same_bits_for_any_number_of_tasks
        sums_follow_numpys_types
        reduce_keeps_the_order_of_elements
        min_and_max
        slabs_are_the_tasks_own
        every_element_type_comes_back
        a_panic_in_a_closure_panics_here_and_the_world_goes_on
        gather_has_a_limit
        pictures_can_be_read_back
        pictures_that_cannot_be_written
    ]
}

const SIZES: [usize; 8] = [0, 1, 2, 3, 5, 8, 100, 10_007];

fn from_fn_of_every_size_and_dimension() {
    for n in SIZES {
        let a = DistArray::from_fn(n, |i| i as f64 * 0.5);
        assert_eq!(a.gather().unwrap(), Array1::from_shape_fn(n, |i| i as f64 * 0.5));
        assert_eq!((a.shape(), a.len(), a.ndim(), a.is_empty()), (&[n][..], n, 1, n == 0));
        for m in [0, 1, 3] {
            let a = DistArray::from_fn((n, m), |(i, j)| (i, j).0 as i32 - 7 * j as i32);
            assert_eq!(a.gather().unwrap(), Array2::from_shape_fn((n, m), |(i, j)| i as i32 - 7 * j as i32));
        }
    }
    assert_eq!(DistArray::from_fn((), |()| 7u8).gather().unwrap()[()], 7);
    let a = DistArray::from_fn((3, 2, 4), |(i, j, k)| (100 * i + 10 * j + k) as u16).gather().unwrap();
    assert!(a.indexed_iter().all(|((i, j, k), x)| usize::from(*x) == 100 * i + 10 * j + k));
}

fn map_and_map_with() {
    for n in SIZES {
        let a = DistArray::from_fn(n, |i| i as f32);
        let b = a.map(|x| x as i64 * 3).map_with((4, 1), |(a, b), x| a * x + b);
        assert_eq!(b.gather().unwrap(), Array1::from_shape_fn(n, |i| 12 * i as i64 + 1));
    }
}

/// Numbers of very different size, whose sum depends on the order.
fn rough(i: usize) -> f64 {
    let x = (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    (x as f64 - 8e12) * 2f64.powi((x % 90) as i32 - 45)
}

fn sums_are_the_same_bits_for_any_number_of_tasks() {
    for n in [0, 1, 5, 4095, 4096, 4097, 100_003, 300_000] {
        let here = DistArray::from_fn(n, rough);
        let fold = |a: f64, b: f64| (a + b) * (1.0 + f64::EPSILON);
        let ours = (here.sum().to_bits(), here.reduce(fold).map(f64::to_bits));
        let alone = pmi::with_tasks(1, move || {
            let a = DistArray::from_fn(n, rough);
            (a.sum().to_bits(), a.reduce(fold).map(f64::to_bits))
        });
        assert_eq!(ours, alone, "{n} elements");
    }
    // Against the exact sum, to the accuracy of pairwise summation.
    let a = DistArray::from_fn(100_000, |i| 1.0 / (i + 1) as f64);
    let exact = (0..100_000).rev().map(|i| 1.0 / f64::from(i + 1)).sum::<f64>();
    assert!((a.sum() - exact).abs() < 1e-14 * exact, "{} {exact}", a.sum());
}

fn sums_follow_numpys_types() {
    assert_eq!(DistArray::from_fn(1000, |_| 250u8).sum(), 250_000u64);
    assert_eq!(DistArray::from_fn(1000, |_| -100i8).sum(), -100_000i64);
    assert_eq!(DistArray::from_fn(1001, |i| i % 2 == 0).sum(), 501u64);
    assert_eq!(DistArray::from_fn(8, |i| i as f32).sum(), 28f32);
}

fn reduce_keeps_the_order_of_elements() {
    // The composition of x -> 3 x + i (mod 2^32), as a pair: not commutative.
    let compose = |f: u64, g: u64| {
        let ((a, b), (c, d)) = ((f >> 32, f & 0xFFFF_FFFF), (g >> 32, g & 0xFFFF_FFFF));
        (((a * c) & 0xFFFF_FFFF) << 32) | ((c * b + d) & 0xFFFF_FFFF)
    };
    for n in SIZES {
        let a = DistArray::from_fn(n, |i| (3u64 << 32) | i as u64);
        assert_eq!(a.reduce(compose), (0..n).map(|i| (3u64 << 32) | i as u64).reduce(compose), "{n}");
    }
}

fn min_and_max() {
    for n in SIZES.into_iter().filter(|n| *n > 0) {
        let a = DistArray::from_fn(n, |i| ((i * 7919) % 1009) as i32 - 300);
        let serial: Vec<_> = (0..n).map(|i| ((i * 7919) % 1009) as i32 - 300).collect();
        assert_eq!((a.min(), a.max()), (*serial.iter().min().unwrap(), *serial.iter().max().unwrap()));
        assert_eq!(a.reduce(op::MAX), Some(a.max()));
        let nan = DistArray::from_fn(n, |i| if i == 0 { f64::NAN } else { i as f64 });
        assert!(nan.min().is_nan() && nan.max().is_nan());
    }
    let empty = std::panic::catch_unwind(|| DistArray::from_fn((3, 0), |_| 0.0).max()).unwrap_err();
    assert!(empty.downcast_ref::<String>().unwrap().contains("max of an array without elements"));
}

fn slabs_are_the_tasks_own() {
    let a = DistArray::from_fn((11, 3), |(i, j)| 10 * i as u64 + j as u64);
    let check = |task: &Task, a: DistArray<u64, Ix2>| {
        let (slab, rows) = (a.local(task), a.local_rows(task));
        assert_eq!(slab.shape(), [rows.len(), 3]);
        slab.indexed_iter().for_each(|((i, j), x)| assert_eq!(*x, 10 * (rows.start + i) as u64 + j as u64));
        a.layout().clone()
    };
    let layouts = pmi::invoke(check, a.clone()).unwrap();
    assert!(layouts.iter().all(|layout| layout == a.layout()));
    assert_eq!(a.layout(), &Layout::new(&[11, 3], layouts.len()));
    pmi::exec(|task: &Task, a: DistArray<u64, Ix2>| *a.local_mut(task) *= 2, a.clone()).unwrap();
    assert_eq!(a.gather().unwrap()[(10, 2)], 204);
}

fn every_element_type_comes_back() {
    macro_rules! check {
        ($($type:ty: $f:expr;)*) => {$(
            let f = $f;
            let a = DistArray::<$type, Ix1>::from_fn(13, f);
            assert_eq!(a.gather().unwrap(), Array1::from_shape_fn(13, f));
        )*};
    }
    check! {
        f32: |i: usize| i as f32; f64: |i: usize| i as f64; i8: |i: usize| i as i8; i16: |i: usize| -(i as i16);
        i32: |i: usize| i as i32; i64: |i: usize| -(i as i64); u8: |i: usize| i as u8; u16: |i: usize| i as u16;
        u32: |i: usize| i as u32; u64: |i: usize| i as u64; bool: |i: usize| i.is_multiple_of(3);
        num_complex::Complex<f32>: |i: usize| num_complex::Complex::new(i as f32, 1.0);
        num_complex::Complex<f64>: |i: usize| num_complex::Complex::new(1.0, i as f64);
    }
}

fn a_panic_in_a_closure_panics_here_and_the_world_goes_on() {
    let a = DistArray::from_fn(100, |i| i as f64);
    let bad = |x: f64| if x == 99.0 { panic!("no {x}") } else { x };
    let panic = std::panic::catch_unwind(|| a.map(bad).eval()).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("no 99") && text.contains("arrays.rs"), "{text}");
    assert_eq!(a.sum(), 4950.0);
}

fn gather_has_a_limit() {
    // The limit is the process's: above what the other cases gather.
    pmi_toolkit::array::set_gather_limit(1 << 24);
    let a = DistArray::from_fn((1 << 24) + 1, |_| 0u8);
    let error = a.gather().unwrap_err();
    assert!(error.is_gather_limit() && error.to_string().contains("16777217 bytes"), "{error}");
    assert_eq!(DistArray::from_fn(1 << 24, |_| 0u8).gather().unwrap().len(), 1 << 24);
}

fn read(path: &std::path::Path) -> (Vec<u8>, (u32, u32)) {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (pixels, (info.width, info.height))
}

fn scratch(name: &str) -> std::path::PathBuf {
    let unique = format!("pmi-suite-{}-{:?}-{name}", std::process::id(), std::thread::current().id());
    std::env::temp_dir().join(unique)
}

fn pictures_can_be_read_back() {
    let path = scratch("ramp.png");
    let map = Colormap::Viridis;
    let a = DistArray::from_fn((5, 4), |(i, j)| if (i, j) == (4, 0) { f64::NAN } else { (4 * i + j) as f64 });
    a.save_png(&path, map).unwrap();
    let (pixels, size) = read(&path);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(size, (4, 5));
    let expected = |pixel: usize| match pixel {
        16 => [128, 128, 128],
        pixel => map.color((pixel as f64 / 19.0 * 1023.0).round() / 1023.0),
    };
    let expected: Vec<_> = (0..20).flat_map(expected).collect();
    assert_eq!(pixels, expected);
    // All the same number: the first colour.
    DistArray::from_fn((1, 1), |_| 5u8).save_png(&path, map).unwrap();
    assert_eq!(read(&path).0, map.color(0.0));
    std::fs::remove_file(&path).unwrap();
}

fn pictures_that_cannot_be_written() {
    let a = DistArray::from_fn((2, 2), |_| 1.0);
    let error = a.save_png("/no/such/folder/x.png", Colormap::Magma).unwrap_err();
    assert!(error.is_file() && error.to_string().contains("/no/such/folder/x.png"), "{error}");
    let path = scratch("empty.png");
    let error: Error = DistArray::from_fn((0, 2), |_| 1.0).save_png(&path, Colormap::Magma).unwrap_err();
    assert!(error.is_argument() && !path.exists(), "{error}");
    assert_eq!(a.gather().unwrap(), array![[1.0, 1.0], [1.0, 1.0]]);
}
