//! The tasks of one row, or one column, of a grid, and what they tell each other.

use bytemuck::Pod;
use pmi::Comm;
use pmi::SendRequest;

/// The tasks of a row or a column of the grid. They talk in messages of the call's communicator, so that a lane costs
/// nothing to make; all tasks of a lane take part in each of its operations, in the same order.
pub(crate) struct Lane<'t> {
    comm: &'t Comm,
    ranks: Vec<usize>,
    me: usize,
    /// The messages of rows and of columns have tags of their own, since a task is in one of each.
    tag: u32,
}

/// Messages under way: they hold their numbers until these have left.
#[must_use]
pub(crate) struct Sending<T>(Vec<SendRequest<T>>);

impl<T: Pod + Send + Sync> Sending<T> {
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    pub(crate) fn wait(self) {
        self.0.into_iter().for_each(|request| {
            request.wait();
        });
    }
}

impl<'t> Lane<'t> {
    pub(super) fn new(comm: &'t Comm, ranks: Vec<usize>, tag: u32) -> Self {
        let me = ranks.iter().position(|rank| *rank == comm.rank()).expect("a task is in its own lanes");
        Self { comm, ranks, me, tag }
    }

    /// This task's number in the lane.
    pub(crate) fn me(&self) -> usize {
        self.me
    }

    pub(crate) fn len(&self) -> usize {
        self.ranks.len()
    }

    /// Whom this task sends to in a binomial tree from `root`, nearest subtree last, and from whom it gets.
    fn tree(&self, root: usize) -> (Option<usize>, Vec<usize>) {
        let len = self.len();
        let place = (self.me + len - root) % len;
        let rank_of = |place: usize| self.ranks[(place + root) % len];
        let parent = (place > 0).then(|| rank_of(place & (place - 1)));
        let lowest = if place == 0 { len.next_power_of_two() } else { place & place.wrapping_neg() };
        let steps = (0..lowest.trailing_zeros()).rev().map(|bit| place + (1 << bit));
        (parent, steps.filter(|child| *child < len).map(rank_of).collect())
    }

    /// Starts to send the root's numbers to the others, who [receive](Lane::receive) them.
    pub(crate) fn start_broadcast<T: Pod + Send + Sync>(&self, numbers: &[T]) -> Sending<T> {
        let (_, children) = self.tree(self.me);
        Sending(children.into_iter().map(|child| self.comm.isend(child, self.tag, numbers.to_vec())).collect())
    }

    /// What `root` sends to all; handed on to those behind this task.
    pub(crate) fn receive<T: Pod + Send + Sync>(&self, root: usize) -> (Vec<T>, Sending<T>) {
        let (parent, children) = self.tree(root);
        let numbers: Vec<T> = self.comm.recv(parent.expect("the root receives nothing"), self.tag);
        let sending = children.into_iter().map(|child| self.comm.isend(child, self.tag, numbers.clone())).collect();
        (numbers, Sending(sending))
    }

    /// The root's numbers, on all.
    pub(crate) fn broadcast<T: Pod + Send + Sync>(&self, root: usize, numbers: Vec<T>) -> Vec<T> {
        if self.len() == 1 {
            return numbers;
        }
        if self.me == root {
            self.start_broadcast(&numbers).wait();
            return numbers;
        }
        let (numbers, sending) = self.receive(root);
        sending.wait();
        numbers
    }

    /// Everybody's numbers combined in a binomial tree to `root`, in an order that depends on the lane's length alone.
    /// The others keep partial results.
    pub(crate) fn reduce<T: Pod + Send + Sync>(
        &self,
        root: usize,
        numbers: &mut [T],
        combine: impl Fn(&mut [T], &[T]),
    ) {
        if self.len() == 1 {
            return;
        }
        let (parent, children) = self.tree(root);
        for child in children.into_iter().rev() {
            combine(numbers, &self.comm.recv::<T>(child, self.tag));
        }
        if let Some(parent) = parent {
            self.comm.send(parent, self.tag, numbers);
        }
    }

    /// Everybody's numbers combined, on all, the same bits everywhere.
    pub(crate) fn all_reduce<T: Pod + Send + Sync>(
        &self,
        mut numbers: Vec<T>,
        combine: impl Fn(&mut [T], &[T]),
    ) -> Vec<T> {
        self.reduce(0, &mut numbers, combine);
        self.broadcast(0, numbers)
    }

    /// Everybody's numbers, in the order of the lane, on all.
    pub(crate) fn all_gather<T: Pod + Send + Sync>(&self, numbers: Vec<T>) -> Vec<Vec<T>> {
        let others = || (0..self.len()).filter(|other| *other != self.me);
        let sending: Vec<_> =
            others().map(|other| self.comm.isend(self.ranks[other], self.tag, numbers.clone())).collect();
        let mut all: Vec<Vec<T>> = (0..self.len()).map(|_| Vec::new()).collect();
        for other in others() {
            all[other] = self.comm.recv(self.ranks[other], self.tag);
        }
        all[self.me] = numbers;
        Sending(sending).wait();
        all
    }

    /// Starts to send to some tasks of the lane, apart from this one.
    pub(crate) fn start_sends<T: Pod + Send + Sync>(
        &self,
        to: impl IntoIterator<Item = usize>,
        numbers: &[T],
    ) -> Sending<T> {
        let others = to.into_iter().filter(|to| *to != self.me);
        Sending(others.map(|to| self.comm.isend(self.ranks[to], self.tag, numbers.to_vec())).collect())
    }

    /// What another task of the lane has sent to this one.
    pub(crate) fn receive_from<T: Pod + Send + Sync>(&self, from: usize) -> Vec<T> {
        self.comm.recv(self.ranks[from], self.tag)
    }
}
