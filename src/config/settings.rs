//! The settings, with every default and its reason in one place.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::StreamSpec;

/// Everything the operator wrote, checked and with defaults filled in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// Which FFmpeg; `None`: `ffmpeg` on the `PATH`.
    pub ffmpeg: Option<PathBuf>,
    /// The state folder; `None`: the platform's place for it.
    pub state_dir: Option<PathBuf>,
    /// Slots, pacing, restarting, stopping.
    pub policy: Policy,
    /// Log files.
    pub logs: LogSettings,
    /// The streams, in the order they were written.
    pub streams: Vec<StreamSpec>,
}

/// How the supervisor starts, restarts and stops.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Workers at the same time; `None`: as many as there are streams and limits allow.
    pub slots: Option<u32>,
    /// Workers in `starting` at the same time.
    pub start_parallel: u32,
    /// Starts a second, over any second (a token bucket of this size).
    pub starts_per_second: u32,
    /// The first wait after a failure.
    pub backoff_first: Duration,
    /// The longest wait after a failure.
    pub backoff_cap: Duration,
    /// Each wait is multiplied by a number between 1 minus and 1 plus this.
    pub backoff_jitter: f64,
    /// This long of unbroken progress forgets the failures.
    pub backoff_reset: Duration,
    /// This many failures within [`Policy::broken_window`] open the circuit: phase `broken`.
    pub broken_failures: u32,
    /// See [`Policy::broken_failures`].
    pub broken_window: Duration,
    /// A broken stream is tried again after this, for ever.
    pub broken_retry: Duration,
    /// How often a worker prints a progress block.
    pub stats_period: Duration,
    /// From the first TERM to the second.
    pub stop_again: Duration,
    /// From the second TERM to KILL.
    pub stop_kill: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            slots: None,
            start_parallel: 15,
            starts_per_second: 10,
            backoff_first: Duration::from_secs(1),
            backoff_cap: Duration::from_secs(60),
            backoff_jitter: 0.25,
            backoff_reset: Duration::from_secs(120),
            broken_failures: 10,
            broken_window: Duration::from_secs(600),
            broken_retry: Duration::from_secs(300),
            stats_period: Duration::from_secs(1),
            stop_again: Duration::from_secs(2),
            stop_kill: Duration::from_secs(3),
        }
    }
}

/// The log files of streams and of headend itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// A file larger than this is rotated; bytes. Also `MAX_LOG_SIZE`.
    pub max_size: u64,
    /// Files kept of each stream, the current one included. Also `MAX_LOG_FILES`.
    pub max_files: u32,
    /// Where; `None`: `logs` in the state folder.
    pub dir: Option<PathBuf>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { max_size: 10 * 1024 * 1024, max_files: 5, dir: None }
    }
}
