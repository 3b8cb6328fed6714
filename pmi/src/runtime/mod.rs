//! Worlds: setting them up, sending commands to their tasks, carrying them out.

pub(crate) mod command;
mod config;
mod engine;
mod handshake;
mod setup;
pub(crate) mod world;

pub use config::{Setup, launched_rank};
pub use setup::{World, setup, with_tasks};
