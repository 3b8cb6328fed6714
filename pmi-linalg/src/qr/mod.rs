//! The QR factorisation, and what rests on it.

mod panel;
mod factor;
mod decomposition;

pub use decomposition::{Qr, qr};
