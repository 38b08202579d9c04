//! The columns of the grid: what they are called, how wide they are, where they stand.

mod place;
mod sort;

pub use place::{Placed, Wanted, Widest, measure, place, place_of_why};
pub use sort::{compare, descends, is_live, step};

use crate::model::{Column, Health, Phase, Row};

impl Column {
    /// The title, at a width.
    #[must_use]
    pub const fn title(self, width: u16) -> &'static str {
        match self {
            Self::Uptime if width < 7 => "up",
            Self::Restarts if width < 9 => "rst",
            Self::Bitrate if width < 8 => "rate",
            Self::Priority if width < 8 => "prio",
            Self::Failures if width < 8 => "fail",
            Self::Fds if width >= 5 => "files",
            Self::Age => "ago",
            Self::Message => "last message",
            other => other.word(),
        }
    }

    /// Whether it holds numbers, which stand at the right.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Priority
                | Self::Fps
                | Self::Bitrate
                | Self::Speed
                | Self::Uptime
                | Self::Restarts
                | Self::Failures
                | Self::Cpu
                | Self::Mem
                | Self::Fds
                | Self::Pid
                | Self::Seen
                | Self::Age
        )
    }

    /// Whether a row without a worker has nothing to say in it.
    const fn is_of_a_worker(self) -> bool {
        matches!(
            self,
            Self::Fps
                | Self::Bitrate
                | Self::Speed
                | Self::Uptime
                | Self::Restarts
                | Self::Failures
                | Self::Cpu
                | Self::Mem
                | Self::Fds
                | Self::Pid
                | Self::Age
                | Self::Message
        )
    }
}

/// Whether a row is worth showing when only faults are asked for.
#[must_use]
pub fn has_fault(row: &Row) -> bool {
    matches!(row.health(), Health::Warning | Health::Critical)
        || matches!(row.phase, Phase::Backoff | Phase::Broken | Phase::Stalled)
}
