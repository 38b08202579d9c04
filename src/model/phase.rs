//! Where the supervisor is with a stream.

use serde::{Deserialize, Serialize};

/// Where the supervisor is with a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Nobody wants it to run.
    #[default]
    Stopped,
    /// Wanted; waits for a slot or for its turn to start.
    Queued,
    /// A worker was asked for and has not shown progress yet.
    Starting,
    /// A worker runs and its output time moves.
    Live,
    /// A worker runs, but its output time has stopped moving.
    Stalled,
    /// The worker was asked to end and has not ended yet.
    Stopping,
    /// Failed; waits before the next try.
    Backoff,
    /// Failed too often; tried again seldom.
    Broken,
    /// Kept from starting by the host's load or by a rollout.
    Held,
    /// Waits for its next turn in a rotation.
    Resting,
}

impl Phase {
    /// Every phase, in the order of the design's table.
    pub const ALL: [Self; 10] = [
        Self::Stopped,
        Self::Queued,
        Self::Starting,
        Self::Live,
        Self::Stalled,
        Self::Stopping,
        Self::Backoff,
        Self::Broken,
        Self::Held,
        Self::Resting,
    ];

    /// The word for it, the same everywhere.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Queued => "queued",
            Self::Starting => "starting",
            Self::Live => "live",
            Self::Stalled => "stalled",
            Self::Stopping => "stopping",
            Self::Backoff => "backoff",
            Self::Broken => "broken",
            Self::Held => "held",
            Self::Resting => "resting",
        }
    }

    /// Whether a stream in this phase holds a slot.
    #[must_use]
    pub const fn holds_slot(self) -> bool {
        matches!(self, Self::Starting | Self::Live | Self::Stalled | Self::Stopping)
    }

    /// The phases that may follow this one directly. `docs/supervision.md` draws this table.
    #[must_use]
    pub const fn successors(self) -> &'static [Self] {
        use Phase::{Backoff, Broken, Held, Live, Queued, Resting, Stalled, Starting, Stopped, Stopping};
        match self {
            Stopped => &[Queued, Held],
            Queued => &[Starting, Held, Stopped],
            Live => &[Stalled, Stopping, Backoff, Broken, Held],
            Starting | Stalled => &[Live, Stopping, Backoff, Broken, Held],
            Stopping => &[Stopped, Queued, Backoff, Broken, Held, Resting],
            Backoff => &[Queued, Broken, Held, Stopped],
            Broken => &[Queued, Held, Stopped],
            Held => &[Queued, Starting, Stopped],
            Resting => &[Queued, Starting, Held, Stopped],
        }
    }
}
