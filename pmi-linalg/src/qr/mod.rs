//! The QR factorisation, and what rests on it.

mod panel;
