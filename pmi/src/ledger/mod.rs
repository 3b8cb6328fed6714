//! The ledger: what each task did, how long it took and what it sent.
//!
//! While a world records, every task has a [`Recorder`]. The engine tells it of the verbs, and wraps the communicator
//! of parallel functions in a [`Metered`] transport, which tells it of the communicator's operations. While it does
//! not, neither exists.

mod clock;
mod label;
mod metered;
mod recorder;
mod report;
mod trace;

pub(crate) use clock::offset;
pub(crate) use label::Label;
pub(crate) use metered::Metered;
pub use recorder::Tally;
pub(crate) use recorder::{Record, Recorder};
pub use report::{Entry, Ledger};
