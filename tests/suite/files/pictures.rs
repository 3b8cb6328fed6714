//! Pictures with options, of colours, and in motion, read back.

use crate::folders::Folder;
use crate::layouts::distributions;
use crate::{Case, cases};
use ndarray::Ix3;
use pmi_toolkit::prelude::*;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        options_of_pictures
        every_type_has_a_picture
        pictures_of_colors
        animations
        what_makes_no_picture
    ]
}

/// The pictures of a file, width, height and pixels each, and what the file says of its animation.
fn read(path: &Path) -> (Vec<(u32, u32, Vec<u8>)>, Option<(u32, Vec<(u16, u16)>)>) {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap())).read_info().unwrap();
    let animation = reader.info().animation_control.map(|control| control.num_frames);
    let (mut frames, mut delays) = (Vec::new(), Vec::new());
    for _ in 0..animation.unwrap_or(1) {
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        delays.extend(reader.info().frame_control.map(|control| (control.delay_num, control.delay_den)));
        frames.push((info.width, info.height, pixels));
    }
    (frames, animation.map(|count| (count, delays)))
}

pub(super) fn pixels(path: &Path) -> Vec<[u8; 3]> {
    let (mut frames, animation) = read(path);
    assert_eq!((frames.len(), animation), (1, None));
    frames.remove(0).2.as_chunks().0.to_vec()
}

/// What the map has for a number from 0 to 1, in the steps that pictures have.
fn color(map: Colormap, t: f64) -> [u8; 3] {
    map.color((t * 1023.0).round() / 1023.0)
}

fn options_of_pictures() {
    let folder = Folder::new();
    let path = folder.file("a.png");
    for axes in distributions(2) {
        let numbers = [f64::NAN, -1.0, 0.0, 1.0, 10.0, 100.0, 1000.0, f64::INFINITY];
        let a = DistArray::from_array(&ndarray::Array2::from_shape_vec((4, 2), numbers.to_vec()).unwrap());
        let a = a.redistribute(axes);
        let picture = a.picture().colormap(Colormap::Plasma).nan_color([1, 2, 3]);
        let nan = [1, 2, 3];
        let plasma = |t: f64| color(Colormap::Plasma, t);
        picture.clone().range(0.0, 200.0).save(&path).unwrap();
        let ends = [plasma(0.0), plasma(1.0)];
        let linear = [nan, ends[0], ends[0], plasma(1.0 / 200.0), plasma(0.05), plasma(0.5), ends[1], ends[1]];
        assert_eq!(pixels(&path), linear);
        picture.clone().range(1.0, 100.0).log().save(&path).unwrap();
        assert_eq!(pixels(&path), [nan, nan, nan, ends[0], plasma(0.5), ends[1], ends[1], ends[1]]);
        // The range of what has a logarithm.
        picture.log().save(&path).unwrap();
        let found = [nan, nan, nan, ends[0], plasma(1.0 / 3.0), plasma(2.0 / 3.0), ends[1], ends[1]];
        assert_eq!(pixels(&path), found);
        a.picture().save(&path).unwrap();
        assert_eq!(pixels(&path)[..2], [[128; 3], color(Colormap::Viridis, 0.0)]);
    }
}

fn every_type_has_a_picture() {
    let folder = Folder::new();
    macro_rules! check {
        ($($type:ty)*) => {$(
            let path = folder.file(stringify!($type));
            let a = DistArray::from_fn((1, 3), |(_, j)| j as u8).astype::<$type>().eval();
            a.save_png(&path, Colormap::Turbo).unwrap();
            let middle = if stringify!($type) == "bool" { 1.0 } else { 0.5 };
            assert_eq!(pixels(&path), [0.0, middle, 1.0].map(|t| color(Colormap::Turbo, t)));
        )*};
    }
    check! { f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool }
}

fn pictures_of_colors() {
    let folder = Folder::new();
    let path = folder.file("a.png");
    let f = |(i, j, c): (usize, usize, usize)| (100 * i + 10 * j + c) as u8;
    for axes in distributions(3) {
        DistArray::from_fn((2, 5, 3).distributed(axes), f).save_rgb(&path).unwrap();
        let expected: Vec<u8> = ndarray::Array3::from_shape_fn((2, 5, 3), f).into_iter().collect();
        assert_eq!(read(&path), (vec![(5, 2, expected)], None));
    }
}

fn animations() {
    let folder = Folder::new();
    let path = folder.file("a.png");
    let tasks = pmi::size().unwrap();
    // As many pictures as tasks, one whose rows lie on several, and numbers in between.
    for frames in [1, 2, tasks, 2 * tasks + 1] {
        for axes in distributions(3) {
            let a = DistArray::from_fn((frames, 3, 2).distributed(axes), |(t, i, j)| (6 * t + 2 * i + j) as f64);
            a.picture().colormap(Colormap::Greys).save_animation(&path, 25.0).unwrap();
            let (pictures, animation) = read(&path);
            assert_eq!(animation, Some((frames as u32, vec![(40, 1000); frames])));
            let last = (6 * frames - 1) as f64;
            for (t, (width, height, pixels)) in pictures.into_iter().enumerate() {
                let expected: Vec<_> =
                    (6 * t..6 * (t + 1)).flat_map(|n| color(Colormap::Greys, n as f64 / last)).collect();
                assert_eq!((width, height, pixels), (2, 3, expected));
            }
        }
    }
}

fn what_makes_no_picture() {
    let folder = Folder::new();
    let path = folder.file("a.png");
    let a = DistArray::<f64, _>::ones((2, 2));
    let film = DistArray::<f64, Ix3>::ones((2, 2, 2));
    let colors = DistArray::<u8, Ix3>::zeros((2, 2, 2));
    for (result, words) in [
        (a.picture().range(2.0, 1.0).save(&path), "from 2 to 1"),
        (a.picture().range(0.0, 1.0).log().save(&path), "numbers above 0"),
        (film.picture().save_animation(&path, 0.0), "0 pictures a second"),
        (film.picture().save_animation(&path, f64::NAN), "NaN pictures a second"),
        (DistArray::<f64, Ix3>::zeros((0, 2, 2)).picture().save_animation(&path, 1.0), "[0, 2, 2]"),
        (DistArray::<f64, _>::zeros((2, 0)).picture().save(&path), "[2, 0]"),
        (colors.save_rgb(&path), "(height, width, 3)"),
    ] {
        let error = result.unwrap_err();
        assert!(error.is_argument() && error.to_string().contains(words), "{error}");
    }
    assert_eq!(folder.list(), [""; 0]);
    let missing = folder.file("no/such.png");
    let error = film.picture().save_animation(&missing, 1.0).unwrap_err();
    assert!(error.is_file() && error.to_string().ends_with("on task 0"), "{error}");
    fs::write(&path, "old").unwrap();
    assert_eq!(a.sum(), 4.0);
}
