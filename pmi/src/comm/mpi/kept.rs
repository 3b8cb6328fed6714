//! Communicators that were split from others, when nobody uses them any more: which are freed, and which are kept to be
//! used again.
//!
//! One that was there when a call failed may have messages on their way, which libraries deliver to the next communicator
//! that gets the same number; so it is never freed. But a process has few (MPICH 2048): the next split that makes a
//! communicator of the same members takes a kept one in its place, if all tasks of the split can. Messages have the epoch
//! in their tags, so that what came too late matches nothing there either.

use super::raw;
use std::cell::{Cell, RefCell};

/// A communicator that was split from another.
pub(super) struct Split {
    pub(super) raw: raw::MPI_Comm,
    /// The ranks in the world of its members, in the order of theirs in it.
    pub(super) members: Vec<usize>,
    /// The same on all members, another for every split.
    pub(super) mark: u64,
    /// The epoch it was split in, and whether it was a kept one then.
    pub(super) epoch: u64,
    pub(super) kept: bool,
    /// Counts the splits of this task: of two communicators with the same members all have made the same first.
    birth: u64,
}

/// A task's communicators that nobody uses.
#[derive(Default)]
pub(super) struct Shelf {
    births: Cell<u64>,
    /// To be freed when the call has gone well.
    retired: RefCell<Vec<Split>>,
    /// Never to be freed, with the epoch that they were last used in.
    kept: RefCell<Vec<(Split, u64)>>,
}

impl Shelf {
    pub(super) fn split(&self, raw: raw::MPI_Comm, members: Vec<usize>, mark: u64, epoch: u64, kept: bool) -> Split {
        let birth = self.births.replace(self.births.get() + 1);
        Split { raw, members, mark, epoch, kept, birth }
    }

    /// Takes a communicator that nobody uses any more, in this epoch.
    pub(super) fn put(&self, split: Split, epoch: u64) {
        if split.kept || split.epoch != epoch {
            self.kept.borrow_mut().push((split, epoch));
        } else {
            self.retired.borrow_mut().push(split);
        }
    }

    /// Those to be freed.
    pub(super) fn take_retired(&self) -> Vec<Split> {
        if self.retired.borrow().is_empty() { Vec::new() } else { self.retired.take() }
    }

    /// A call has failed, after which this epoch begins. Where `cycle` epochs are over tags begin again, and nothing that
    /// was used before can be used ever again.
    pub(super) fn begin_epoch(&self, epoch: u64, cycle: u64) {
        let mut kept = self.kept.borrow_mut();
        kept.extend(self.retired.take().into_iter().map(|split| (split, epoch - 1)));
        kept.retain(|(split, _)| split.epoch / cycle == epoch / cycle);
    }

    /// Whether there is one to be used again in this epoch.
    pub(super) fn has_kept(&self, epoch: u64) -> bool {
        self.kept.borrow().iter().any(|(_, used)| *used < epoch)
    }

    /// The mark of the oldest one of these members that can be used again in this epoch, 0 where there is none.
    pub(super) fn offer(&self, members: &[usize], epoch: u64) -> u64 {
        let kept = self.kept.borrow();
        let fit = kept.iter().filter(|(split, used)| *used < epoch && split.members == members);
        fit.min_by_key(|(split, _)| split.birth).map_or(0, |(split, _)| split.mark)
    }

    /// The communicator with this mark, which was offered.
    pub(super) fn take(&self, mark: u64) -> raw::MPI_Comm {
        let mut kept = self.kept.borrow_mut();
        let at = kept.iter().position(|(split, _)| split.mark == mark).expect("it was offered");
        kept.swap_remove(at).0.raw
    }
}
