//! A polynomial through noisy measurements, by least squares, and a plot of it.
//!
//! `cargo run --release --features plot --example least_squares [FILE.png] [M] [DEGREE]`: M measurements, 400 unless given, and a
//! polynomial of degree 9.

use pmi_toolkit::array::plot::Figure;
use pmi_toolkit::linalg::{lstsq, matvec};
use pmi_toolkit::prelude::*;
use std::f64::consts::PI;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().unwrap_or("least_squares.png".into());
    let mut number = |otherwise: usize| match arguments.next() {
        Some(text) => text.parse().map_err(|_| format!("{text:?} is not a number")),
        None => Ok(otherwise),
    };
    let (measurements, degree) = (number(400)?, number(9)?);
    let _pmi = pmi::setup()?;

    // What is measured, more often near the ends, with an error of up to 0.1 that looks like chance.
    let angle = DistArray::linspace(PI, 0.0, measurements);
    let x = angle.cos().eval();
    let truth = (&x * 4.0).sin() * (-&x).exp();
    let noise = DistArray::from_fn(measurements, |i| 0.2 * ((i * i) as f64 * 0.618_033_988_749_895).fract() - 0.1);
    let measured = (&truth + &noise).eval();

    // Column k has Chebyshev's polynomial cos(k acos x), which makes a good basis.
    let columns = DistArray::arange(0.0, (degree + 1) as f64, 1.0);
    let (k, angle) = DistArray::meshgrid(&columns, &angle);
    let basis = (&k * &angle).cos().eval();

    let fit = lstsq(&basis, &measured, None)?;
    let polynomial = matvec(&basis, &fit.solution);
    let root_mean_square = (fit.residuals[0] / measurements as f64).sqrt();
    println!("{measurements} measurements, degree {degree}, rank {} on {} tasks", fit.rank, pmi::size()?);
    println!(
        "residual {root_mean_square:.4} a measurement, noise {:.4}",
        (noise.norm() / (measurements as f64).sqrt())
    );
    println!("largest difference from the truth {:.4}", (&polynomial - &truth).abs().max());

    Figure::new()
        .title(format!("{measurements} measurements and a polynomial of degree {degree}"))
        .xlabel("x")
        .scatter(&x, &measured, "measured")
        .plot(&x, &truth, "truth")
        .plot(&x, &polynomial, "least squares")
        .savefig(&file)?;
    println!("{file}: the plot");
    Ok(())
}
