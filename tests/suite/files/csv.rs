//! Tables, there and back.

use crate::folders::Folder;
use crate::layouts::distributions;
use crate::{Case, cases};
use ndarray::{Array2, Ix1, Ix2};
use pmi_toolkit::array::array_equal;
use pmi_toolkit::prelude::*;
use std::fs;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        every_layout_comes_back_in_every_other
        every_type_comes_back
        names_of_columns
        tables_of_others
        tables_of_all_lengths
        tables_of_several_pieces
        what_is_no_table
        pipes_are_read_through
    ]
}

fn every_layout_comes_back_in_every_other() {
    let folder = Folder::new();
    let path = folder.file("a.csv");
    for shape in [(1, 1), (2, 3), (13, 1), (5, 9)] {
        let serial = Array2::from_shape_fn(shape, |(i, j)| (i as f64 + 0.1) / (j as f64 - 0.3));
        let mut texts = Vec::new();
        for from in distributions(2) {
            DistArray::from_array(&serial).redistribute(from).save_csv(&path).unwrap();
            texts.push(fs::read_to_string(&path).unwrap());
            let b = DistArray::<f64, Ix2>::load_csv(&path).unwrap();
            assert_eq!((b.gather().unwrap(), b.layout().axes()), (serial.clone(), &[Axis::Block, Axis::Whole][..]));
            for to in distributions(2) {
                let c = DistArray::<f64, Ix2>::load_csv_as(&path, to.clone()).unwrap();
                assert_eq!((c.gather().unwrap(), c.layout().axes()), (serial.clone(), &to[..]));
            }
        }
        let expected: String = (serial.outer_iter())
            .map(|row| row.iter().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(",") + "\n")
            .collect();
        assert!(texts.iter().all(|text| *text == expected), "{texts:?}");
    }
    assert_eq!(folder.list(), ["a.csv"]);
}

fn every_type_comes_back() {
    let folder = Folder::new();
    let path = folder.file("a.csv");
    macro_rules! check {
        ($($type:ty: $f:expr;)*) => {$(
            let serial = Array2::from_shape_fn((9, 7), |(i, j)| $f(7 * i + j));
            DistArray::from_array(&serial).save_csv(&path).unwrap();
            assert_eq!(DistArray::<$type, Ix2>::load_csv(&path).unwrap().gather().unwrap(), serial);
            let column = DistArray::from_fn(11, |i: usize| $f(i)).redistribute([Axis::Cyclic]);
            column.save_csv(&path).unwrap();
            let back = DistArray::<$type, Ix1>::load_csv(&path).unwrap().to_vec().unwrap();
            assert_eq!(back, column.to_vec().unwrap());
        )*};
    }
    real_types!(check);
}

fn names_of_columns() {
    let folder = Folder::new();
    let path = folder.file("a.csv");
    let a = DistArray::from_fn((4, 3), |(i, j)| (3 * i + j) as i32);
    let names = ["plain", "with, comma", "with \"quotes\" and\na line"];
    a.save_csv_with_header(&path, &names).unwrap();
    let (b, read) = DistArray::<i32, Ix2>::load_csv_with_header_as(&path, [Axis::Whole, Axis::Block]).unwrap();
    assert_eq!((b.gather().unwrap(), read), (a.gather().unwrap(), names.map(String::from).to_vec()));
    let error = a.save_csv_with_header(&path, &["one"]).unwrap_err();
    assert!(error.is_argument() && error.to_string().contains("1 names are not for 3 columns"), "{error}");
    // Lines count from the first, also behind a name of two lines.
    fs::write(&path, "a,\"b\nb\"\n1,2\n3,x\n").unwrap();
    let error = DistArray::<i32, Ix2>::load_csv_with_header(&path).unwrap_err().to_string();
    assert!(error.contains("a.csv: line 4: column 2: \"x\" is no i32, on task "), "{error}");
}

fn tables_of_others() {
    let folder = Folder::new();
    let path = folder.file("a.csv");
    fs::write(&path, "\u{feff}x,y\r\n1,\"2.5\" \r\n\r\n,-inf\r\nnan,1E3").unwrap();
    let (a, names) = DistArray::<f64, Ix2>::load_csv_with_header(&path).unwrap();
    assert_eq!((a.shape(), names), (&[3, 2][..], vec!["x".to_string(), "y".to_string()]));
    let all = a.to_vec().unwrap();
    assert_eq!(all[..2], [1.0, 2.5]);
    assert!(all[2].is_nan() && all[4].is_nan());
    assert_eq!([all[3], all[5]], [f64::NEG_INFINITY, 1000.0]);
}

fn tables_of_all_lengths() {
    let folder = Folder::new();
    let path = folder.file("a.csv");
    // Lines of different lengths, so that tasks' shares of bytes end anywhere in them.
    for rows in 0..20 {
        let line = |i: usize| format!("{},{}\n", i, 10usize.pow(i as u32 % 10));
        let text: String = (0..rows).map(line).collect();
        for text in [text.trim_end().to_string(), text] {
            fs::write(&path, &text).unwrap();
            let a = DistArray::<u64, Ix2>::load_csv(&path).unwrap();
            assert_eq!(a.shape(), [rows, if rows > 0 { 2 } else { 0 }]);
            let expected: Vec<_> = (0..rows).flat_map(|i| [i as u64, 10u64.pow(i as u32 % 10)]).collect();
            assert_eq!(a.to_vec().unwrap(), expected);
        }
    }
    DistArray::<f64, _>::zeros((0, 2)).save_csv_with_header(&path, &["a", "b"]).unwrap();
    assert_eq!(DistArray::<f64, Ix2>::load_csv_with_header(&path).unwrap().0.shape(), [0, 2]);
    DistArray::<f64, _>::zeros(0).save_csv(&path).unwrap();
    assert_eq!(DistArray::<f64, Ix1>::load_csv(&path).unwrap().shape(), [0]);
    let error = DistArray::<f64, _>::zeros((2, 0)).save_csv(&path).unwrap_err();
    assert!(error.is_argument() && error.to_string().contains("[2, 0] has no columns"), "{error}");
}

fn tables_of_several_pieces() {
    let folder = Folder::new();
    let path = folder.file("a.csv");
    // Some MiB: several pieces of a task's threads on both ways.
    let a = DistArray::from_fn((60_000, 7), |(i, j)| (i as f64).sqrt() + j as f64);
    a.save_csv(&path).unwrap();
    assert!(array_equal(&a, &DistArray::<f64, Ix2>::load_csv(&path).unwrap()));
    let text = fs::read_to_string(&path).unwrap();
    for line in [0, 31_234, 59_999] {
        let mut lines: Vec<_> = text.lines().collect();
        lines[line] = "1,2,3";
        fs::write(&path, lines.join("\n")).unwrap();
        let error = DistArray::<f64, Ix2>::load_csv(&path).unwrap_err().to_string();
        // Where the first line is the short one, it is the others that do not fit.
        assert!(error.contains(&format!("line {}: it has ", if line == 0 { 2 } else { line + 1 })), "{error}");
    }
}

fn what_is_no_table() {
    let folder = Folder::new();
    let path = folder.file("a.csv");
    for (text, words) in [
        ("1,2\n3,4\n5,\n", "line 3: column 2: \"\" is no i32"),
        ("1,2\n3,4,5\n", "line 2: it has 3 cells, "),
        ("1,2\n\n\n3,4.5\n", "line 4: column 2: \"4.5\" is no i32"),
        ("1,2\n\"3\n4\",5\n", "line 2: "),
    ] {
        fs::write(&path, text).unwrap();
        let error = DistArray::<i32, Ix2>::load_csv(&path).unwrap_err();
        assert!(error.is_file() && error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("a.csv: line ") && error.to_string().contains(", on task "), "{error}");
    }
    fs::write(&path, "1,2\n").unwrap();
    let error = DistArray::<i32, Ix1>::load_csv(&path).unwrap_err().to_string();
    assert!(error.contains("line 1: it has 2 cells, not 1"), "{error}");
    fs::write(&path, "").unwrap();
    let error = DistArray::<i32, Ix1>::load_csv_with_header(&path).unwrap_err().to_string();
    assert!(error.contains("no line of names"), "{error}");
    assert_eq!(DistArray::arange(0i32, 4, 1).sum(), 6);
}

fn pipes_are_read_through() {
    let folder = Folder::new();
    let path = folder.pipe("pipe");
    let text: String = (0..5000).map(|i| format!("{i},{}\n", i * i)).collect();
    let through = |text: String, load: &dyn Fn()| {
        std::thread::scope(|scope| {
            scope.spawn(|| fs::write(&path, text).unwrap());
            load();
        });
    };
    through(text.clone(), &|| {
        let a = DistArray::<u64, Ix2>::load_csv(&path).unwrap();
        assert_eq!((a.shape(), a.layout().axes()), (&[5000, 2][..], &[Axis::Block, Axis::Whole][..]));
        assert_eq!(a.over(0).sum().to_vec().unwrap(), [12_497_500, 41_654_167_500]);
    });
    through(format!("\"a\nb\",c\n{text}"), &|| {
        let (a, names) = DistArray::<u64, Ix2>::load_csv_with_header(&path).unwrap();
        assert_eq!((a.shape(), names), (&[5000, 2][..], vec!["a\nb".to_string(), "c".into()]));
    });
    through("x\n1\n2\nthree\n".into(), &|| {
        let error = DistArray::<f64, Ix1>::load_csv_with_header(&path).unwrap_err().to_string();
        assert!(error.contains("pipe: line 4: column 1: \"three\" is no f64, on task 0"), "{error}");
    });
    through(String::new(), &|| assert_eq!(DistArray::<f64, Ix1>::load_csv(&path).unwrap().shape(), [0]));
    // A file that the system makes when it is read says that it has no bytes.
    let system = std::path::Path::new("/proc/sys/kernel/pid_max");
    if system.exists() {
        assert_eq!(DistArray::<u64, Ix1>::load_csv(system).unwrap().shape(), [1]);
    }
}
