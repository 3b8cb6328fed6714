//! One clock for all tasks.

use crate::comm::Transport;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The tag of the messages.
const CLOCK: u32 = 5;
const ROUNDS: usize = 4;

/// This host's time of day.
pub(crate) fn time_of_day() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn nanoseconds() -> i64 {
    time_of_day().as_nanos() as i64
}

/// How many nanoseconds this task's time of day is ahead of the controller's. All tasks call it together.
///
/// The controller asks each task for its time (Cristian, *Probabilistic clock synchronization*, 1989): an answer was
/// given between question and reply, which bounds the difference of the clocks. Where the bounds allow for none, as
/// between tasks of one host, there is none; else it is the middle of the bounds.
pub(crate) fn offset(control: &dyn Transport) -> i64 {
    let mut message = Vec::new();
    if control.rank() > 0 {
        for _ in 0..ROUNDS {
            control.collect(Some(0), CLOCK, &mut message, false);
            control.post(0, CLOCK, &nanoseconds().to_le_bytes());
        }
        control.collect(Some(0), CLOCK, &mut message, false);
        return number(&message);
    }
    for rank in 1..control.size() {
        let (mut least, mut most) = (i64::MIN, i64::MAX);
        for _ in 0..ROUNDS {
            let asked = nanoseconds();
            control.post(rank, CLOCK, &[]);
            control.collect(Some(rank), CLOCK, &mut message, false);
            let (theirs, heard) = (number(&message), nanoseconds());
            (least, most) = (least.max(theirs - heard), most.min(theirs - asked));
        }
        let ahead = if least <= 0 && most >= 0 { 0 } else { least.midpoint(most) };
        control.post(rank, CLOCK, &ahead.to_le_bytes());
    }
    0
}

fn number(message: &[u8]) -> i64 {
    i64::from_le_bytes(message.try_into().expect("a time has eight bytes"))
}
