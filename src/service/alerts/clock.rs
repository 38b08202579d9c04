//! The supervisor's time between two revisions of the board.

use std::time::{Duration, Instant};

use crate::alerts::Now;
use crate::model::Moment;
use crate::supervisor::runtime::wall_ms;

/// Beyond this from the last revision on, time is not counted: the supervisor does not count time in which
/// it did not run either.
const AHEAD: Duration = Duration::from_secs(10);

/// What time it is for the supervisor, seen from another thread.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The board's time, and when that was taken.
    at: Moment,
    taken: Instant,
    /// It never runs backwards.
    last: Moment,
}

impl Clock {
    /// One that begins with the board's.
    pub fn new() -> Self {
        Self { at: Moment::ZERO, taken: Instant::now(), last: Moment::ZERO }
    }

    /// The board has come to this time.
    pub fn set(&mut self, at: Moment) {
        (self.at, self.taken) = (at, Instant::now());
    }

    /// Now.
    pub fn now(&mut self) -> Now {
        let at = self.at + self.taken.elapsed().min(AHEAD);
        self.last = self.last.max(at);
        Now { at: self.last, wall_ms: wall_ms() }
    }

    /// When it will be so late, on our own clock; at least a little later than now.
    pub fn instant(&self, due: Moment) -> Instant {
        Instant::now() + self.last.until(due)
    }
}
