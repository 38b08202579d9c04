//! Figures over time, as charts need them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Moment, StreamIx};

/// How far a history reaches back, and how fine it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// Five minutes, second by second.
    #[default]
    FiveMinutes,
    /// An hour, in steps of ten seconds.
    Hour,
    /// A day, in steps of four minutes.
    Day,
}

impl Span {
    /// Every span, the shortest first.
    pub const ALL: [Self; 3] = [Self::FiveMinutes, Self::Hour, Self::Day];

    /// One value stands for this long.
    #[must_use]
    pub const fn step(self) -> Duration {
        Duration::from_secs(match self {
            Self::FiveMinutes => 1,
            Self::Hour => 10,
            Self::Day => 240,
        })
    }

    /// How many values there are at most.
    #[must_use]
    pub const fn values(self) -> usize {
        match self {
            Self::FiveMinutes => 300,
            Self::Hour | Self::Day => 360,
        }
    }

    /// The words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5 min",
            Self::Hour => "1 h",
            Self::Day => "24 h",
        }
    }
}

/// What a history is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HistoryOf {
    /// One stream: [`STREAM_METERS`].
    Stream(StreamIx),
    /// The machine, headend and the workers: [`MACHINE_METERS`].
    Machine,
}

/// What is kept of a stream, in the order of [`History::series`].
pub const STREAM_METERS: [&str; 5] = ["fps", "bitrate", "speed", "cpu", "memory"];

/// What is kept of the machine, in the order of [`History::series`].
pub const MACHINE_METERS: [&str; 14] = [
    "cpu",
    "load",
    "memory",
    "cpu pressure",
    "memory pressure",
    "io pressure",
    "open files",
    "received",
    "sent",
    "disk used",
    "slots busy",
    "queued",
    "headend cpu",
    "headend memory",
];

/// Some figures over a span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Of what.
    pub of: HistoryOf,
    /// How far back, how fine.
    pub span: Span,
    /// When the newest value was completed.
    pub until: Moment,
    /// A series for each meter, oldest value first, all of one length; not a number where it was
    /// not known. Of many seconds a value is their mean, and of `fps` and `speed` the lowest, so
    /// that a short fault is seen in a long chart too.
    pub series: Vec<Vec<f32>>,
}
