//! The order of the steps of a factorisation, panel after panel from the left, with lookahead.

use super::Seat;
use super::lane::Sending;
use std::ops::Range;

/// A right-looking factorisation: each step factors a panel, a block of columns, and updates all columns right of it.
///
/// `factor` and `update` may talk along the grid column, `factor` and `receive` along the grid row. What fails, fails on all
/// tasks in the same step: the panel that is sent says so.
pub(crate) trait Factoring<'t> {
    /// What an update needs to know of a factored panel.
    type Panel;
    /// The type of the numbers sent.
    type Number: bytemuck::Pod + Send + Sync;
    /// Why a step fails.
    type Failure;

    fn seat(&self) -> &Seat<'t>;

    /// On the tasks that have the columns of `step`: factors them, and starts to send them along the grid row.
    fn factor(&mut self, step: usize) -> (Result<Self::Panel, Self::Failure>, Sending<Self::Number>);

    /// On the other tasks: the panel, and it is handed on.
    fn receive(&mut self, step: usize) -> (Result<Self::Panel, Self::Failure>, Sending<Self::Number>);

    /// Applies the panel of `step` to these columns of the slab.
    fn update(&mut self, step: usize, panel: &Self::Panel, columns: Range<usize>);
}

/// Carries out all steps. The tasks that have the next panel update its columns first, factor it and send it, and update their
/// other columns while it travels; so no task waits for a panel, as long as factoring takes less time than updating (lookahead
/// of depth one: Strazdins, *A comparison of lookahead and algorithmic blocking techniques for parallel matrix
/// factorization*, 1998).
pub(crate) fn sweep<'t, F: Factoring<'t>>(work: &mut F) -> Result<(), F::Failure> {
    let mut sending = Vec::new();
    let result = steps(work, &mut sending);
    sending.into_iter().for_each(Sending::wait);
    result
}

fn steps<'t, F: Factoring<'t>>(work: &mut F, sending: &mut Vec<Sending<F::Number>>) -> Result<(), F::Failure> {
    let tiles = work.seat().tiles;
    let mut obtain = |work: &mut F, step| {
        let mine = work.seat().has_columns(step);
        let (panel, sent) = if mine { work.factor(step) } else { work.receive(step) };
        // Those of the last step have long left.
        sending.drain(..).for_each(Sending::wait);
        sending.push(sent);
        panel
    };
    if tiles.steps() == 0 {
        return Ok(());
    }
    let mut panel = obtain(work, 0)?;
    for step in 0..tiles.steps() {
        let (seat, next) = (work.seat(), step + 1);
        let end = tiles.diagonal(step).end;
        let columns = seat.columns(end..tiles.shape[1]);
        if next == tiles.steps() {
            work.update(step, &panel, columns);
        } else if seat.has_columns(next) && tiles.grid[1] > 1 {
            let of_next = seat.columns(end..tiles.diagonal(next).end);
            work.update(step, &panel, of_next.clone());
            let next = obtain(work, next)?;
            work.update(step, &panel, of_next.end..columns.end);
            panel = next;
        } else {
            work.update(step, &panel, columns);
            panel = obtain(work, next)?;
        }
    }
    Ok(())
}
