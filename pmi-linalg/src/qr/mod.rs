//! The QR factorisation, and what rests on it.

mod panel;
mod factor;
mod columns;
mod tall;
mod decomposition;
mod pivoted;
mod least_squares;

pub use decomposition::{Qr, qr, qr_with};
pub use least_squares::{LeastSquares, lstsq, matrix_rank, pinv};
pub use pivoted::qr_pivoted;

#[cfg(test)]
mod tests;
