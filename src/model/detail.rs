//! What is known about one stream beyond its row: sent only to who has it open.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Moment, StreamIx, Thresholds};

/// Runs remembered of one stream.
pub const RUNS_KEPT: usize = 12;

/// One stream in detail. All text in it is clean and masked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Whose.
    pub stream: StreamIx,
    /// The newest worker's command, program first, argument by argument; empty before the first.
    pub command: Vec<Arc<str>>,
    /// Its inputs in their order.
    pub inputs: Vec<InputDetail>,
    /// Runs that have ended, the newest first; at most [`RUNS_KEPT`].
    pub runs: Vec<Run>,
    /// The breaker of the whole stream.
    pub breaker: Breaker,
    /// When the breaker tries next, if it is open.
    pub breaker_next: Option<Moment>,
    /// When the primary input is probed next, while another one is in use.
    pub next_probe: Option<Moment>,
    /// When its figures become conditions: what its charts are measured against.
    pub thresholds: Thresholds,
}

/// Where a circuit breaker stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Breaker {
    /// All goes through.
    #[default]
    Closed,
    /// A few probes go through.
    HalfOpen,
    /// Nothing goes through for a while.
    Open,
}

impl Breaker {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        }
    }
}

/// One input of a stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InputDetail {
    /// Masked.
    pub url: Arc<str>,
    /// It is the one in use.
    pub in_use: bool,
    /// A second worker looks at it now, to see whether it is good again.
    pub probed: bool,
    /// Failures in a row.
    pub failures: u32,
    /// Why it failed last; empty when it never did.
    pub last_error: Arc<str>,
    /// The host it comes from; empty when it has none.
    pub host: Arc<str>,
    /// That host's breaker.
    pub breaker: Breaker,
    /// When that breaker lets the next probes through, if it is open.
    pub breaker_next: Option<Moment>,
}

/// One run of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// When the worker was started.
    pub started: Moment,
    /// When it ended.
    pub ended: Moment,
    /// Which input it had, counted from 1; 0 without any.
    pub input: u32,
    /// It was live at some time.
    pub was_live: bool,
    /// Why it ended.
    pub reason: Arc<str>,
}
