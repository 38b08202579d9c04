//! What operators note about a stream while they look after it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Moment;

/// The longest note, in characters.
pub const MAX_NOTE: usize = 200;

/// What operators noted about one stream. Kept over restarts of headend.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Care {
    /// Someone knows about what is wrong now: since when. Ends when the stream is well again for a
    /// while, and when something worse comes.
    pub acknowledged: Option<Moment>,
    /// Nobody is told about it until then.
    pub muted_until: Option<Moment>,
    /// For the next shift; at most [`MAX_NOTE`] characters on one clean line, empty when there is none.
    pub note: Arc<str>,
}

/// An operator's order about what is noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CareOrder {
    /// I know. Streams that have nothing wrong are left as they are.
    Acknowledge,
    /// I don't, after all.
    Unacknowledge,
    /// Tell nobody for so long; a new time replaces the one before.
    Mute(Duration),
    /// Tell again.
    Unmute,
    /// Keep this note; an empty one removes it.
    Note(Arc<str>),
}

impl CareOrder {
    /// The word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Unacknowledge => "unacknowledge",
            Self::Mute(_) => "mute",
            Self::Unmute => "unmute",
            Self::Note(_) => "note",
        }
    }
}
