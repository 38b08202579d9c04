//! What an operator can ask for, and what comes back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{CareOrder, IncidentOrder, StreamId};

/// What to do with streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Run it, and keep it running.
    Start,
    /// Stop it, and keep it stopped.
    Stop,
    /// End its worker and start a new one at once; counters of failures start fresh.
    Restart,
    /// Someone looks at it: a stream that rotates gets a turn at once and keeps it for a while.
    Look,
}

impl Action {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Look => "look",
        }
    }
}

/// Which streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Selection {
    /// Every stream there is.
    All,
    /// These.
    Ids(Vec<StreamId>),
}

/// What to do with a rollout that has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RolloutOrder {
    /// Take the next step although the last one is not healthy.
    Continue,
    /// Stop the streams of the last step again.
    Back,
}

/// One order of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// Something with streams.
    Streams {
        /// What to do.
        action: Action,
        /// With which streams.
        target: Selection,
    },
    /// Note something about streams.
    Care {
        /// What to note.
        order: CareOrder,
        /// About which streams.
        target: Selection,
    },
    /// Something with an incident.
    Incident {
        /// Its number.
        number: u64,
        /// What to do.
        order: IncidentOrder,
    },
    /// Change the size of the pool; `None`: as many slots as the machine carries.
    Slots(Option<u32>),
    /// Go on with the rollout, or back.
    Rollout(RolloutOrder),
    /// Read the configuration again, and go over to it.
    Reload,
    /// End: all workers, then headend.
    Shutdown,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Taken: it touched so many streams, and what is wanted of them is on disk.
    Done {
        /// Streams it changed something for.
        touched: usize,
    },
    /// Taken, but what is wanted could not be saved: it will be forgotten at the next start.
    NotSaved {
        /// Streams it changed something for.
        touched: usize,
        /// Why it could not be saved.
        reason: Arc<str>,
    },
    /// The configuration was read again.
    Reloaded {
        /// What that came to, in one line.
        summary: Arc<str>,
        /// What differs and which streams restart, line by line; bounded.
        lines: Vec<Arc<str>>,
    },
    /// Not taken.
    Refused {
        /// Why.
        reason: Arc<str>,
    },
}
