//! A field on a grid, written as in NumPy: expressions, statistics along axes, a standing wave's energy.
//!
//! `cargo run --release --example statistics [N]`: an N x N grid, 1000 unless given.

use pmi_toolkit::prelude::*;
use std::f64::consts::PI;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let n = match std::env::args().nth(1) {
        Some(text) => text.parse().map_err(|_| format!("{text:?} is not a number of points"))?,
        None => 1000,
    };
    let _pmi = pmi::setup()?;
    let side = DistArray::linspace(0.0, 1.0, n);
    let (x, y) = DistArray::meshgrid(&side, &side);

    // Nothing is computed here: these are expressions.
    let wave = (&x * (3.0 * PI)).sin() * (&y * (2.0 * PI)).sin();
    let energy = wave.square() * 0.5;

    // Each line is one pass over x and y on all tasks, without temporaries.
    println!("{:?} points, {} tasks", wave.eval().shape(), pmi::size()?);
    println!("wave: mean {:.6}, deviation {:.6}, from {:.3} to {:.3}", wave.mean(), wave.std(), wave.min(), wave.max());
    println!("energy: mean {:.6}, norm {:.3}", energy.mean(), energy.norm());

    // Along an axis, the result is an array.
    let along_y = energy.over(0).mean();
    let crest = along_y.argmax();
    println!("most energy at x = {:.3}", side.get(crest));
    let share = along_y.cumsum(0) / along_y.sum();
    println!("half of it left of x = {:.3}", side.get(share.greater_equal(0.5).argmax()));

    // Broadcasting: each column less its mean.
    let centred = &wave - wave.over(0).keepdims().mean();
    println!("largest mean of a centred column {:.0e}", centred.over(0).mean().abs().max().max(1e-16));
    println!("above one half: {} of {} points", wave.greater(0.5).count(), n * n);
    Ok(())
}
