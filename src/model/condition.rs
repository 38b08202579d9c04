//! Named faults of a stream, and what they make of its health.

use serde::{Deserialize, Serialize};

use super::Moment;

/// How bad a condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Someone should look.
    Warning,
    /// Viewers see it.
    Critical,
}

/// The worst severity of a stream's conditions. Ordered from best to worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It runs and nothing is wrong.
    Ok,
    /// Nothing is known: it does not run, or has not run long enough.
    #[default]
    Unknown,
    /// The worst condition is a warning.
    Warning,
    /// At least one condition is critical.
    Critical,
}

impl Health {
    /// Every health, best first.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Unknown, Self::Warning, Self::Critical];

    /// The word for it, the same everywhere.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

macro_rules! condition_kinds {
    ($($(#[$doc:meta])* $variant:ident $word:literal $severity:ident,)*) => {
        /// The name of a fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ConditionKind {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)*
        }

        impl ConditionKind {
            /// Every kind, picture faults first.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word for it, the same on the screen, in the configuration and in JSON.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The kind of this name.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.word() == word)
            }

            /// How bad it is unless the configuration says otherwise.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }
        }
    };
}

condition_kinds! {
    /// The picture is black.
    Black "black" Critical,
    /// The picture does not change.
    Frozen "frozen" Critical,
    /// The sound is silent.
    Silent "silent" Warning,
    /// There is no video track where one is expected.
    NoVideo "no-video" Critical,
    /// There is no audio track where one is expected.
    NoAudio "no-audio" Warning,
    /// Output time has stopped moving.
    Stalled "stalled" Critical,
    /// Slower than real time.
    Slow "slow" Warning,
    /// Faster than real time: an input that loops.
    Fast "fast" Warning,
    /// The bit rate is below what the configuration asks for.
    BitrateLow "bitrate-low" Warning,
    /// The frame rate is below what the configuration asks for.
    FpsLow "fps-low" Warning,
    /// The host's name does not resolve.
    Dns "dns" Critical,
    /// The host refuses connections.
    Refused "refused" Critical,
    /// The server answers 4xx.
    Http4xx "http-4xx" Critical,
    /// The server answers 5xx.
    Http5xx "http-5xx" Critical,
    /// No answer in time.
    Timeout "timeout" Critical,
    /// TLS failed.
    Tls "tls" Critical,
    /// What arrives is not a stream FFmpeg can read.
    InvalidData "invalid-data" Critical,
    /// FFmpeg ended, for a reason it did not tell.
    Exited "exited" Critical,
    /// The worker could not be started at all.
    NotStarted "not-started" Critical,
    /// The output can't be written (run mode).
    Output "output" Critical,
    /// Damaged packets, at a rate that is seen.
    Corrupt "corrupt" Warning,
    /// Time stamps jump or run backwards.
    Timestamps "timestamps" Warning,
    /// Segments are missing or late.
    Segments "segments" Warning,
    /// The decoder meets errors.
    Decode "decode" Warning,
    /// Reconnects, at a rate that is seen.
    Reconnects "reconnects" Warning,
    /// The worker floods its log.
    Flood "flood" Warning,
}

/// Why a condition is no fault of the stream: it is shown, and nobody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Explained {
    /// The host is overloaded: what reads late looks late.
    Overload,
    /// The stream is in a maintenance window.
    Maintenance,
}

impl Explained {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Overload => "overload",
            Self::Maintenance => "maintenance",
        }
    }
}

/// One fault of a stream, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Which fault.
    pub kind: ConditionKind,
    /// How bad.
    pub severity: Severity,
    /// When what causes it began (not when it was raised).
    pub since: Moment,
    /// What explains it, if something outside the stream does.
    pub explained: Option<Explained>,
}
