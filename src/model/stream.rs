//! A stream as the operator described it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ConditionKind, Schedule};

/// A stream's id: what the operator, the store, the log file's name and every message call it.
///
/// 1 to 64 characters of `a-z A-Z 0-9 . _ -`, not beginning with a dot or a dash, so that it is
/// safe as a file name and as an argument.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamId(Arc<str>);

/// Why a text is no stream id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no stream id: use 1 to 64 of a-z A-Z 0-9 . _ - and begin with a letter, digit or _")]
pub struct InvalidStreamId(pub String);

impl StreamId {
    /// The longest id, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Reads an id.
    ///
    /// # Errors
    /// When `text` breaks the rule above.
    pub fn new(text: &str) -> Result<Self, InvalidStreamId> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let fits = (1..=Self::MAX_BYTES).contains(&text.len());
        if fits && text.chars().all(plain) && !text.starts_with(['.', '-']) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidStreamId(text.chars().take(80).collect()))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for StreamId {
    type Error = InvalidStreamId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<StreamId> for String {
    fn from(id: StreamId) -> Self {
        id.as_str().to_owned()
    }
}

/// A stream's number within one run of the supervisor: dense, in the order of the configuration,
/// never used twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamIx(pub u32);

impl StreamIx {
    /// As an index into a dense list.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// How FFmpeg looks at a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Demux only, no decoding.
    Packets,
    /// Key frames decoded: black, freeze, silence.
    #[default]
    Picture,
    /// Every frame decoded, the same detectors.
    Full,
    /// The operator's own arguments.
    Run,
}

impl Mode {
    /// Every mode, cheapest first.
    pub const ALL: [Self; 4] = [Self::Packets, Self::Picture, Self::Full, Self::Run];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Packets => "packets",
            Self::Picture => "picture",
            Self::Full => "full",
            Self::Run => "run",
        }
    }
}

/// What the operator wants of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// It should run.
    #[default]
    Started,
    /// It should not.
    Stopped,
}

/// Whether a stream keeps its slot or takes turns on one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WatchKind {
    /// It holds its slot as long as it is wanted.
    #[default]
    Always,
    /// It takes turns with the others that rotate.
    Rotate,
}

impl WatchKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Always, Self::Rotate];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Rotate => "rotate",
        }
    }
}

/// When a stream with several inputs goes to another one, and back to its primary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// Conditions that make it switch when they last; a failed run always does.
    pub on: Vec<ConditionKind>,
    /// They must last this long, from the moment they are raised.
    pub after: Duration,
    /// A probe of the primary must have been good for this long before it is used again; zero:
    /// never back by itself.
    pub good_for: Duration,
    /// From one probe of the primary to the next; after a bad one twice as long, up to ten times.
    pub probe_every: Duration,
}

impl Default for Fallback {
    fn default() -> Self {
        Self {
            on: Vec::new(),
            after: Duration::from_secs(30),
            good_for: Duration::from_secs(30),
            probe_every: Duration::from_secs(60),
        }
    }
}

/// Which tracks a stream should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    /// A video track is missed when it is not there.
    pub video: bool,
    /// An audio track is missed when it is not there.
    pub audio: bool,
}

/// How long, how much: when an observation becomes a condition.
///
/// The starting values are those of the measured table in `docs/reference.md`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Black this long is `black`. Zero turns the check off, as it does for the next two.
    pub black: Duration,
    /// Unchanged this long is `frozen`.
    pub frozen: Duration,
    /// Silent this long is `silent`.
    pub silent: Duration,
    /// No first progress within this time fails the start.
    pub start_grace: Duration,
    /// Output time still for this long is `stalled`.
    pub stall: Duration,
    /// Stalled this much longer: the worker is replaced.
    pub stall_restart: Duration,
    /// Windowed speed below this for [`Thresholds::slow_for`] is `slow`.
    pub slow_speed: f32,
    /// See [`Thresholds::slow_speed`].
    pub slow_for: Duration,
    /// Windowed speed above this for [`Thresholds::fast_for`] is `fast`.
    pub fast_speed: f32,
    /// See [`Thresholds::fast_speed`].
    pub fast_for: Duration,
    /// Bit rate below this (kbit/s) for 30 s is `bitrate-low`; unset: not checked.
    pub bitrate_min_kbps: Option<f32>,
    /// Frame rate below this for 30 s is `fps-low`; unset: not checked.
    pub fps_min: Option<f32>,
}

impl Thresholds {
    /// How long a still picture must last before FFmpeg tells, if the threshold is not shorter.
    /// Longer than key frames are usually apart: below that FFmpeg tells of each pair of them.
    pub const FREEZE_WAIT_MAX: Duration = Duration::from_secs(10);

    /// How long a still picture must last before FFmpeg tells of it; zero: it does not look.
    #[must_use]
    pub fn freeze_wait(&self) -> Duration {
        self.frozen.min(Self::FREEZE_WAIT_MAX)
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            black: Duration::from_secs(10),
            frozen: Duration::from_secs(15),
            silent: Duration::from_secs(15),
            start_grace: Duration::from_secs(30),
            stall: Duration::from_secs(20),
            stall_restart: Duration::from_secs(10),
            // HLS readers that ask for the playlist every two seconds and a bit fall back by 1 to 5 % until
            // two segments wait at once (measured, more on a loaded machine): that is not slow.
            slow_speed: 0.9,
            slow_for: Duration::from_secs(30),
            fast_speed: 1.5,
            fast_for: Duration::from_secs(15),
            bitrate_min_kbps: None,
            fps_min: None,
        }
    }
}

/// A stream as the operator described it, defaults filled in and everything checked.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamSpec {
    /// Unique among all streams.
    pub id: StreamId,
    /// For people; cleaned of control characters.
    pub name: Arc<str>,
    /// For people; empty when not given.
    pub group: Arc<str>,
    /// Free words to select by.
    pub tags: Vec<Arc<str>>,
    /// URLs or device names, the first is the primary. Only in mode `run` may it be empty.
    /// Unmasked: never show one without [`super::mask_secrets`].
    pub inputs: Vec<Arc<str>>,
    /// How FFmpeg looks at it.
    pub mode: Mode,
    /// In mode `run`: the operator's own arguments.
    pub args: Vec<String>,
    /// FFmpeg input options put right before `-i` (never in mode `run`).
    pub input_args: Vec<String>,
    /// The FFmpeg protocols an input of this stream may use, nested ones included.
    pub protocols: Vec<Arc<str>>,
    /// Which tracks it should have.
    pub expect: Expect,
    /// When observations become conditions.
    pub thresholds: Thresholds,
    /// What is wanted of it until the operator says otherwise.
    pub wanted: Wanted,
    /// Who goes first when there are too few slots, and last when the host is overloaded: 0 to
    /// [`StreamSpec::MAX_PRIORITY`], more is more important.
    pub priority: u8,
    /// Whether it keeps its slot or takes turns.
    pub watch: WatchKind,
    /// How long a turn lasts, from the first progress on.
    pub turn: Duration,
    /// When it goes to another input and back.
    pub fallback: Fallback,
    /// When it is on air; `None`: always.
    pub on_air: Option<Arc<Schedule>>,
    /// When its faults are expected; `None`: never.
    pub maintenance: Option<Arc<Schedule>>,
}

impl StreamSpec {
    /// The highest priority.
    pub const MAX_PRIORITY: u8 = 100;
    /// The priority of a stream that was given none.
    pub const USUAL_PRIORITY: u8 = 50;
    /// The turn of a stream that was given none.
    pub const USUAL_TURN: Duration = Duration::from_secs(30);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_as_file_names_and_arguments() {
        for good in ["a", "news-1", "_x", "A.b_c-9", &"x".repeat(64)] {
            assert_eq!(StreamId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", ".a", "-rf", "a/b", "a b", "é", "a\n", &"x".repeat(65)] {
            assert!(StreamId::new(bad).is_err(), "{bad:?}");
        }
    }
}
