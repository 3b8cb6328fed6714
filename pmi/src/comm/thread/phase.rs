//! One half of a meeting: nobody passes before all have come, or somebody withdrew.

use super::Hub;
use std::sync::atomic::{AtomicU64, Ordering};

/// A barrier that a waiting task can withdraw from. Once one has, it lets nobody pass any more; and once all have come
/// nobody can withdraw. So either all pass or none.
pub(super) struct Phase {
    /// How often all have passed (high half), and how many have come since (low half); `BROKEN` once one withdrew.
    state: AtomicU64,
    size: u64,
}

const BROKEN: u64 = 1 << 31;
const COUNT: u64 = BROKEN - 1;

impl Phase {
    pub(super) fn new(size: usize) -> Self {
        Self { state: AtomicU64::new(0), size: size as u64 }
    }

    /// Comes, and waits for the others; false where this task withdrew, because of `give_up`, or another had.
    pub(super) fn pass(&self, hub: &Hub, rank: usize, give_up: impl Fn() -> bool) -> bool {
        let come = |state: u64| match state {
            broken if broken & BROKEN != 0 => None,
            last if last & COUNT == self.size - 1 => Some((round(last) + 1) << 32),
            other => Some(other + 1),
        };
        let Ok(before) = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, come) else {
            return false;
        };
        if before & COUNT == self.size - 1 {
            (0..hub.members.len()).filter(|other| *other != rank).for_each(|other| hub.ring(other));
            return true;
        }
        let mine = round(before);
        let passed = || round(self.state.load(Ordering::Acquire)) != mine;
        hub.wait(rank, || passed() || give_up());
        let withdraw = |state: u64| (round(state) == mine).then_some(state | BROKEN);
        passed() || self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, withdraw).is_err()
    }
}

fn round(state: u64) -> u64 {
    state >> 32
}
