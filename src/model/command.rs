//! What an operator can ask for, and what comes back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StreamId;

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
}

impl Action {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
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

/// One order of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// What to do.
    pub action: Action,
    /// With which streams.
    pub target: Selection,
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
    /// Not taken.
    Refused {
        /// Why.
        reason: Arc<str>,
    },
}
