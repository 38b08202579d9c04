//! When a frame is drawn: at once when there was none for a while, else after a pause that depends
//! on what is to be seen. What comes in between is one frame.

use std::time::Instant;

use super::state::Dirty;

/// The frames drawn so far.
#[derive(Debug, Default)]
pub struct Frames {
    drawn_at: Option<Instant>,
}

impl Frames {
    /// When the next frame is due, if one is wanted; `now` when it is overdue.
    #[must_use]
    pub fn due(&self, wanted: Dirty, now: Instant) -> Option<Instant> {
        match (wanted, self.drawn_at) {
            (Dirty::Clean, _) => None,
            (_, None) => Some(now),
            (wanted, Some(at)) => Some((at + wanted.pause()).max(now)),
        }
    }

    /// A frame was drawn.
    pub const fn drawn(&mut self, at: Instant) {
        self.drawn_at = Some(at);
    }
}
