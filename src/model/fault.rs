//! What a worker's log lines can mean.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ConditionKind;

/// How grave a log line says it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineLevel {
    /// `fatal` and `panic` too.
    Error,
    /// Something is off.
    Warning,
    /// The ordinary flow of events.
    #[default]
    Info,
    /// `verbose`, `debug` and `trace`.
    Debug,
}

impl LineLevel {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// One line of a worker's log, cleaned and with secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Wall-clock time it was read, in milliseconds since the Unix epoch; 0: not known, as of a
    /// damaged line in a file.
    pub wall_ms: u64,
    /// How grave it is.
    pub level: LineLevel,
    /// The text, at most [`crate::model::LogLine::MAX_BYTES`] long.
    pub text: Arc<str>,
}

impl LogLine {
    /// The longest text kept of one line, in bytes; what is longer is cut and marked.
    pub const MAX_BYTES: usize = 2_048;
}

/// What a log line means for a restart. The words are FFMPEG's own field's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultClass {
    /// The host's name does not resolve.
    Dns,
    /// Connection refused.
    Refused,
    /// 401 or 403.
    Auth,
    /// 404 and other 4xx.
    NotFound,
    /// 5xx.
    ServerError,
    /// No answer in time.
    Timeout,
    /// TLS failed.
    Tls,
    /// Not a stream FFmpeg can read.
    InvalidData,
    /// A damaged packet.
    Corrupt,
    /// A time stamp that jumps or runs backwards.
    Timestamps,
    /// Segments skipped, a playlist that could not be reloaded.
    HlsSkip,
    /// A segment that could not be opened.
    Segment,
    /// No key frame seen yet.
    NoKeyframe,
    /// The decoder met an error.
    Decode,
    /// The stream ended early.
    End,
    /// The disk is full.
    DiskFull,
    /// The output was closed by its reader.
    BrokenPipe,
    /// Nothing in it that could be mapped.
    NoStream,
    /// An RTMP connection could not be opened.
    RtmpOpen,
    /// FFmpeg reconnects by itself.
    Reconnect,
    /// A bad option, a missing file: only an edit can mend it.
    BadArgument,
}

impl FaultClass {
    /// Every class.
    pub const ALL: [Self; 21] = [
        Self::Dns,
        Self::Refused,
        Self::Auth,
        Self::NotFound,
        Self::ServerError,
        Self::Timeout,
        Self::Tls,
        Self::InvalidData,
        Self::Corrupt,
        Self::Timestamps,
        Self::HlsSkip,
        Self::Segment,
        Self::NoKeyframe,
        Self::Decode,
        Self::End,
        Self::DiskFull,
        Self::BrokenPipe,
        Self::NoStream,
        Self::RtmpOpen,
        Self::Reconnect,
        Self::BadArgument,
    ];

    /// The condition a failed run of this class raises.
    #[must_use]
    pub const fn condition(self) -> ConditionKind {
        match self {
            Self::Dns => ConditionKind::Dns,
            Self::Refused | Self::RtmpOpen => ConditionKind::Refused,
            Self::Auth | Self::NotFound => ConditionKind::Http4xx,
            Self::ServerError => ConditionKind::Http5xx,
            Self::Timeout => ConditionKind::Timeout,
            Self::Tls => ConditionKind::Tls,
            Self::InvalidData | Self::NoStream => ConditionKind::InvalidData,
            Self::Corrupt => ConditionKind::Corrupt,
            Self::Timestamps => ConditionKind::Timestamps,
            Self::HlsSkip | Self::Segment => ConditionKind::Segments,
            Self::NoKeyframe | Self::Decode => ConditionKind::Decode,
            Self::End => ConditionKind::Exited,
            Self::DiskFull | Self::BrokenPipe => ConditionKind::Output,
            Self::Reconnect => ConditionKind::Reconnects,
            Self::BadArgument => ConditionKind::NotStarted,
        }
    }

    /// Whether this class alone explains why a run ended (the others are only rates).
    #[must_use]
    pub const fn ends_a_run(self) -> bool {
        !matches!(
            self,
            Self::Corrupt
                | Self::Timestamps
                | Self::HlsSkip
                | Self::Segment
                | Self::NoKeyframe
                | Self::Decode
                | Self::Reconnect
        )
    }
}
