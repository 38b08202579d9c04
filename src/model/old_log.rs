//! Lines of a log that are read back from its files.

use serde::{Deserialize, Serialize};

use super::LogLine;

/// A place in a stream's log, before some line of it. It means something to the supervisor that
/// gave it, and only as long as that one runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogPlace {
    /// Before the line that has this number.
    Line(u64),
    /// Before a byte of a file.
    File {
        /// Which file: how often the log had been rotated when this file was the current one.
        /// Those of earlier runs have negative numbers.
        turn: i64,
        /// Bytes before it in that file.
        offset: u64,
    },
}

/// A line, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedLine {
    /// Before it.
    pub place: LogPlace,
    /// The line.
    pub line: LogLine,
}

/// A piece of a log, read back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldLines {
    /// Oldest first. What could not be read is told by a line of headend's own in its place.
    pub lines: Vec<PlacedLine>,
    /// Where to go on towards older ones; `None`: there are none.
    pub before: Option<LogPlace>,
}
