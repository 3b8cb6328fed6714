//! Who sends what to whom, in how many rounds.

use super::copy;
use crate::layout::{Overlap, Part};
use bytemuck::Pod;
use pmi::{Task, op};
use rayon::prelude::*;
use std::ops::Range;

/// How many elements a rayon job packs, at the least.
const GRAIN: usize = 32 * 1024;

/// One task's share of an exchange.
pub(super) struct Plan {
    /// What goes to and comes from each task; nothing to and from itself.
    outgoing: Vec<Option<Overlap>>,
    incoming: Vec<Option<Overlap>>,
    /// How many elements of a message travel in one round, at the most.
    piece: usize,
    rounds: usize,
}

impl Plan {
    /// Within buffers of `budget` elements. One reduction of two numbers.
    pub(super) fn new(task: &Task, have: &[Part], wanted: &[Part], budget: usize) -> Self {
        let rank = task.rank();
        let common = |other: usize, mine: &Part, theirs: &Part| {
            (other != rank && !mine.is_empty() && !theirs.is_empty())
                .then(|| mine.overlap(theirs))
                .filter(|overlap| !overlap.is_empty())
        };
        let outgoing: Vec<_> = (0..wanted.len()).map(|to| common(to, &have[rank], &wanted[to])).collect();
        let incoming: Vec<_> = (0..wanted.len()).map(|from| common(from, &have[from], &wanted[rank])).collect();
        let messages = outgoing.iter().flatten().count() + incoming.iter().flatten().count();
        let longest = outgoing.iter().chain(&incoming).flatten().map(Overlap::len).max().unwrap_or(0);
        // The budget is shared by the messages of the task that has most of them; all cut theirs alike.
        let most = task.comm().guarded(false).all_reduce(&[messages, longest], op::MAX);
        let piece = (budget / most[0].max(1)).max(1);
        Self { outgoing, incoming, piece, rounds: most[1].div_ceil(piece) }
    }

    /// The elements of a message that travel in a round.
    fn range(&self, overlap: &Option<Overlap>, round: usize) -> Range<usize> {
        let len = overlap.as_ref().map_or(0, Overlap::len);
        (round * self.piece).min(len)..((round + 1) * self.piece).min(len)
    }

    fn counts(&self, messages: &[Option<Overlap>], round: usize) -> Vec<usize> {
        messages.iter().map(|overlap| self.range(overlap, round).len()).collect()
    }

    /// Sends elements of `source` and puts those that come into `result`.
    pub(super) fn run<B: Pod + Send + Sync>(&self, task: &Task, source: &[B], result: &mut [B]) {
        let comm = task.comm().guarded(false);
        // No round is longer than the first.
        let room = |messages| bytemuck::zeroed_vec::<B>(self.counts(messages, 0).iter().sum());
        let (mut send, mut receive) = (room(&self.outgoing), room(&self.incoming));
        for round in 0..self.rounds {
            let (to, from) = (self.counts(&self.outgoing, round), self.counts(&self.incoming, round));
            let (send, receive) = (&mut send[..to.iter().sum()], &mut receive[..from.iter().sum()]);
            self.pack(task, round, source, send);
            comm.all_to_all_v_into(send, &to, receive, &from);
            let mut rest = &receive[..];
            for overlap in &self.incoming {
                let range = self.range(overlap, round);
                if let (Some(overlap), Some(piece)) = (overlap, rest.split_off(..range.len())) {
                    copy::unpack(overlap, range, piece, result);
                }
            }
        }
    }

    fn pack<B: Pod + Send + Sync>(&self, task: &Task, round: usize, source: &[B], send: &mut [B]) {
        let mut rest = send;
        let mut jobs = Vec::new();
        for overlap in &self.outgoing {
            let range = self.range(overlap, round);
            if let (Some(overlap), Some(piece)) = (overlap, rest.split_off_mut(..range.len())) {
                let starts = range.step_by(GRAIN);
                jobs.extend(starts.zip(piece.chunks_mut(GRAIN)).map(|(start, chunk)| (overlap, start, chunk)));
            }
        }
        let pack = |(overlap, start, chunk): (&Overlap, usize, &mut [B])| {
            copy::pack(overlap, start..start + chunk.len(), source, chunk);
        };
        if task.threads() == 1 {
            jobs.into_iter().for_each(pack);
        } else {
            task.install(|| jobs.into_par_iter().for_each(pack));
        }
    }
}
