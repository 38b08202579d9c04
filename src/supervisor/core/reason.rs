//! Why a run ended, in the words the operator reads.

use crate::model::{ConditionKind, FaultClass, clean_line};

use super::backoff::Haste;
use super::event::WorkerEnd;

/// As much of FFmpeg's own words is told as the reason of an end, bytes.
const MAX_SAID_BYTES: usize = 200;

/// Why a run failed: the words, the condition it raises, and whether only an edit can mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In a few words, clean.
    pub reason: String,
    /// How the process ended, where the reason does not say it.
    pub how: Option<String>,
    /// The condition it raises.
    pub kind: ConditionKind,
    /// Nothing but a change of the configuration or the machine can mend it.
    pub needs_edit: bool,
    /// What a log line said that explains it.
    pub class: Option<FaultClass>,
    /// This machine could not start it, or it hung: no reason to start many at once.
    pub slow_start: bool,
}

impl Failure {
    /// How soon a new try makes sense.
    #[must_use]
    pub const fn haste(&self) -> Haste {
        match self.class {
            _ if self.needs_edit => Haste::None,
            Some(FaultClass::Auth | FaultClass::Tls) => Haste::Little,
            _ => Haste::Usual,
        }
    }

    /// The reason and how it ended.
    #[must_use]
    pub fn in_full(&self) -> String {
        match &self.how {
            Some(how) => format!("{} ({how})", self.reason),
            None => self.reason.clone(),
        }
    }

    /// A worker that ended by itself.
    #[must_use]
    pub fn ended(end: WorkerEnd, was_live: bool, said: &Said<'_>) -> Self {
        let how = match end {
            WorkerEnd::Code(code) => format!("exit code {code}"),
            WorkerEnd::Signal(signal) => format!("signal {signal}"),
        };
        // A signal from outside explains itself; what was in the log before is another story.
        let explained = said.fault.filter(|_| matches!(end, WorkerEnd::Code(_)));
        if let Some(class) = explained {
            let refused = said.refused.filter(|_| class == FaultClass::BadArgument);
            return Self {
                reason: match refused {
                    Some(text) => format!("FFmpeg refuses: {}", clean_line(text, MAX_SAID_BYTES)),
                    None => words(class).to_owned(),
                },
                how: Some(how),
                kind: class.condition(),
                // Arguments that were good enough to go live need no edit.
                needs_edit: class == FaultClass::BadArgument && !was_live,
                class: Some(class),
                slow_start: false,
            };
        }
        let what = match (end, was_live) {
            (WorkerEnd::Signal(_), _) => "FFmpeg was killed",
            (WorkerEnd::Code(0), true) => "the stream ended",
            (WorkerEnd::Code(_), true) => "FFmpeg ended",
            (WorkerEnd::Code(_), false) => "FFmpeg ended before any progress",
        };
        // FFmpeg's own words, where ours have none for it.
        let (reason, how) = match (said.error, end) {
            (Some(said), WorkerEnd::Code(_)) => {
                (format!("{what}: {}", clean_line(said, MAX_SAID_BYTES)), Some(how))
            }
            _ => (format!("{what} ({how})"), None),
        };
        Self { reason, how, kind: ConditionKind::Exited, needs_edit: false, class: None, slow_start: false }
    }
}

/// What a worker said lately that may explain its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Said<'a> {
    /// A line of this class.
    pub fault: Option<FaultClass>,
    /// The first of its lines that refused an argument: those that follow only say that one did.
    pub refused: Option<&'a str>,
    /// Its last error.
    pub error: Option<&'a str>,
}

/// A class of fault, in the words of the operator.
#[must_use]
pub const fn words(class: FaultClass) -> &'static str {
    match class {
        FaultClass::Dns => "host name does not resolve",
        FaultClass::Refused => "connection refused",
        FaultClass::Auth => "access denied: credentials or region",
        FaultClass::NotFound => "not found (HTTP 4xx)",
        FaultClass::ServerError => "server error (HTTP 5xx)",
        FaultClass::Timeout => "timed out",
        FaultClass::Tls => "TLS failed",
        FaultClass::InvalidData => "not a readable stream",
        FaultClass::Corrupt => "corrupt packets",
        FaultClass::Timestamps => "broken time stamps",
        FaultClass::HlsSkip => "segments skipped",
        FaultClass::Segment => "segment could not be opened",
        FaultClass::NoKeyframe => "no key frame",
        FaultClass::Decode => "decoding failed",
        FaultClass::End => "the stream ended early",
        FaultClass::DiskFull => "no space left on the output's disk",
        FaultClass::BrokenPipe => "the output was closed",
        FaultClass::NoStream => "no picture or sound in it",
        FaultClass::RtmpOpen => "RTMP connection could not be opened",
        FaultClass::Reconnect => "reconnecting",
        FaultClass::BadArgument => "FFmpeg refuses its arguments, or a file is missing",
    }
}
