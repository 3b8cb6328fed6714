//! Plots, read back pixel by pixel.

use super::pictures::pixels;
use crate::folders::Folder;
use crate::layouts::refusal;
use crate::{Case, cases};
use pmi_toolkit::array::plot::Figure;
use pmi_toolkit::prelude::*;
use std::fs;
use std::path::Path;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        lines_and_points
        images_with_a_bar
        images_in_every_layout_are_one
        ends_of_all_kinds
        what_cannot_be_plotted
    ]
}

/// How many pixels have a colour.
fn count(path: &Path, color: [u8; 3]) -> usize {
    pixels(path).into_iter().filter(|pixel| *pixel == color).count()
}

/// Writes to a file, which also goes where a person can look at it, if the environment says where.
fn save(figure: Figure, path: &Path) {
    figure.savefig(path).unwrap();
    if let Some(folder) = std::env::var_os("PMI_SUITE_PICTURES") {
        let name = format!("{}-{}.png", path.file_stem().unwrap().to_str().unwrap(), pmi::size().unwrap());
        fs::copy(path, Path::new(&folder).join(name)).unwrap();
    }
}

const BLUE: [u8; 3] = [0, 114, 178];
const RED: [u8; 3] = [213, 94, 0];

fn lines_and_points() {
    let folder = Folder::new();
    let path = folder.file("lines.png");
    let x = DistArray::linspace(0.0, 6.5, 400);
    let few = DistArray::linspace(0.0, 6.5, 14);
    let gap = x.map(|x: f64| if (3.0..3.5).contains(&x) { f64::NAN } else { x.sin() });
    let figure = || {
        Figure::new().title("Two functions").xlabel("time in s").ylabel("signal").plot(&x, &gap, "sin").scatter(
            &few,
            few.cos(),
            "cos",
        )
    };
    save(figure(), &path);
    // A line of 800 pixels, two wide, that goes up and down; 14 filled circles of about 30 pixels.
    let (line, points) = (count(&path, BLUE), count(&path, RED));
    assert!((900..4000).contains(&line), "{line}");
    assert!((14 * 20..15 * 40).contains(&points), "{points}");
    // No line in the gap.
    let all = pixels(&path);
    let columns: Vec<_> = (0..800).map(|column| (0..600).any(|row| all[800 * row + column] == BLUE)).collect();
    let (first, last) = (columns.iter().position(|c| *c).unwrap(), columns.iter().rposition(|c| *c).unwrap());
    let empty = columns[first..last].iter().filter(|column| !**column).count();
    // The legend has a line, too, far right.
    assert!(empty > 30, "{empty}");
    // Without labels and title, of integers.
    let numbers = DistArray::arange(0i32, 5, 1);
    save(Figure::new().size(300, 200).plot(&numbers, &numbers * &numbers, ""), &folder.file("bare.png"));
    assert_eq!(pixels(&folder.file("bare.png")).len(), 300 * 200);
}

fn images_with_a_bar() {
    let folder = Folder::new();
    let path = folder.file("image.png");
    let field = DistArray::from_fn((2, 3), |(i, j)| if (i, j) == (1, 2) { f64::NAN } else { (3 * i + j) as f64 });
    let figure = Figure::new().title("Six").imshow(&field).nan_color([255, 0, 255]).colorbar("height");
    save(figure, &path);
    // Elements are squares of one size: as many pixels of each colour, and the ends of the bar.
    let counts = [Colormap::Viridis.color(0.0), Colormap::Viridis.color(1.0), [255, 0, 255]].map(|c| count(&path, c));
    let side = counts[2].isqrt();
    assert!(side > 100 && side.abs_diff(counts[2] / side) < 4, "{counts:?}");
    assert!(counts.iter().all(|count| count.abs_diff(counts[2]) < counts[2] / 20), "{counts:?}");
    let path = folder.file("log.png");
    let wide = DistArray::from_fn((300, 500), |(i, j)| 10f64.powf((i + j) as f64 / 100.0));
    let wave = DistArray::linspace(0.0, 1.0, 50);
    let figure = Figure::new()
        .title("Logarithm, from 1 to 1e8")
        .xlabel("x in m")
        .ylabel("y in m")
        .imshow(&wide)
        .extent(0.0, 1.0, 0.0, 2.0)
        .colormap(Colormap::Inferno)
        .log()
        .colorbar("density")
        .plot(&wave, wave.map(|x: f64| 1.0 + (9.0 * x).sin() / 2.0), "a wave");
    save(figure, &path);
    assert!(count(&path, BLUE) > 500);
}

fn images_in_every_layout_are_one() {
    let folder = Folder::new();
    // More elements than pixels along one axis.
    let f = |(i, j): (usize, usize)| (i * j) as u32;
    let mut all = crate::layouts::distributions(2).into_iter().map(|axes| {
        let path = folder.file("a.png");
        let a = DistArray::from_fn((1000, 50).distributed(axes), f);
        save(Figure::new().size(400, 300).imshow(&a).extent(-1.0, 1.0, -1.0, 1.0), &path);
        fs::read(&path).unwrap()
    });
    let first = all.next().unwrap();
    assert!(all.all(|other| other == first));
}

fn ends_of_all_kinds() {
    let folder = Folder::new();
    let path = folder.file("a.png");
    let numbers = |numbers: &[f64]| DistArray::from_array(&ndarray::Array1::from(numbers.to_vec()));
    for x in [&[][..], &[3.0], &[0.0, 0.0], &[f64::NAN], &[f64::INFINITY, 1.0], &[-1e308, 1e308], &[1e-300, 2e-300]] {
        let a = numbers(x);
        Figure::new().plot(&a, &a, "line").scatter(&a, &a, "points").savefig(&path).unwrap();
        assert_eq!(pixels(&path).len(), 800 * 600);
    }
    let a = numbers(&[1.0, 2.0]);
    Figure::new().xlim(2.0, 1.0).ylim(-1.0, 1e9).plot(&a, &a, "turned").savefig(&path).unwrap();
    let one = DistArray::<f64, _>::ones((1, 1));
    Figure::new().imshow(&one).colorbar("").savefig(&path).unwrap();
    Figure::new().size(1, 1).imshow(&DistArray::<u8, _>::ones((1, 5000))).colorbar("").savefig(&path).unwrap();
    Figure::new().savefig(&path).unwrap();
}

fn what_cannot_be_plotted() {
    let folder = Folder::new();
    let path = folder.file("a.png");
    let (three, two) = (DistArray::<f64, _>::ones(3), DistArray::<f64, _>::ones(2));
    assert!(refusal(|| Figure::new().plot(&three, &two, "")).contains("3 x and 2 y"));
    for (figure, words) in [
        (Figure::new().xlim(1.0, 1.0), "from 1 to 1"),
        (Figure::new().ylim(f64::NAN, 1.0), "from NaN to 1"),
        (Figure::new().imshow(&DistArray::<f64, _>::ones((0, 3))), "[0, 3] is no image"),
        (Figure::new().imshow(&DistArray::<f64, _>::ones((3, 3))).clim(-1.0, 1.0).log(), "numbers above 0"),
    ] {
        let error = figure.savefig(&path).unwrap_err();
        assert!(error.is_argument() && error.to_string().contains(words), "{error}");
    }
    let missing = folder.file("no/such.png");
    let error = Figure::new().plot(&two, &two, "").savefig(&missing).unwrap_err().to_string();
    assert!(error.contains("such.png: No such file or directory") && error.ends_with("on task 0"), "{error}");
    assert_eq!(folder.list(), [""; 0]);
}
