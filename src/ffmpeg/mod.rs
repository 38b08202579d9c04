//! All that knows FFmpeg: command lines, the progress reader, the log-line classifier, detectors.
//!
//! Nothing in here runs a worker or reads a clock. [`command_line`] says what to start, the
//! [`Reader`] makes readings of what comes back; whoever owns the process passes bytes and times in.
//! Only [`find`] and [`probe()`] touch the machine, once, before the first worker starts.
//!
//! Written against what FFmpeg 5.1 and 9.0 really print: the recordings the tests read are theirs.

mod budget;
mod classify;
mod command;
mod detect;
mod line;
mod probe;
mod progress;
mod reader;
mod shown;
mod splitter;
#[cfg(test)]
mod tests;
mod tracks;
mod version;

pub use command::{CommandError, CommandLine, command_line};
pub use probe::{Capabilities, FfmpegError, find, probe};
pub use reader::{Reader, Reading};
pub use version::Version;

/// Every bound and every fixed span of this room.
mod bounds {
    use std::time::Duration;

    /// Log lines passed on per second, over any longer time.
    pub const LINES_PER_SECOND: u32 = 50;
    /// Log lines passed on at once after a quiet time.
    pub const LINES_BURST: u32 = 500;
    /// Lines per second that are still looked at when the budget is used up, so that a flood of
    /// noise can't hide why a worker dies.
    pub const CLASSED_PER_SECOND: u32 = 10;
    /// The same, at once.
    pub const CLASSED_BURST: u32 = 50;

    /// Samples and detections passed on per second: more than the shortest period can ask for.
    pub const READINGS_PER_SECOND: u32 = 20;
    /// The same, at once.
    pub const READINGS_BURST: u32 = 200;

    /// Figures span at least this long...
    pub const WINDOW: Duration = Duration::from_secs(5);
    /// ... and at least this many steps: HLS moves by a segment at a time, and a window that holds
    /// less than a few of them would show 20, 30, 20, 30 frames a second for a steady 25.
    pub const WINDOW_STEPS: usize = 3;
    /// What moves within this time after the first step is the burst of a start: HLS loads the
    /// three segments that wait for it at once, which would show as three times the speed for 10 s.
    pub const BURST: Duration = Duration::from_secs(3);
    /// Steps remembered, whatever the period.
    pub const MAX_STEPS: usize = 128;
    /// Figures over less than this would be guesses.
    pub const MIN_SPAN: Duration = Duration::from_millis(900);

    /// A freeze is never dated back by more, whatever the media time says.
    pub const FREEZE_BACK_MAX: Duration = Duration::from_secs(60);
    /// How long silence must last before FFmpeg tells; what is told is dated back by it.
    pub const SILENCE_DELAY: Duration = Duration::from_secs(2);
    /// A decoder that joins in the middle complains until the first key frame.
    pub const JOINING: Duration = Duration::from_secs(5);
    /// A vague error ("Input/output error") this soon after a precise one adds nothing to it.
    pub const VAGUE_AFTER: Duration = Duration::from_secs(5);

    /// Network reads give up after a share of the stall threshold, within these.
    pub const NETWORK_TIMEOUT_MIN: Duration = Duration::from_secs(5);
    /// See [`NETWORK_TIMEOUT_MIN`].
    pub const NETWORK_TIMEOUT_MAX: Duration = Duration::from_secs(15);
    /// The shortest period FFmpeg is asked to report at.
    pub const STATS_PERIOD_MIN: Duration = Duration::from_millis(100);

    /// Of a command that is shown so much is told, bytes: an operator's arguments may be 32 MB.
    pub const COMMAND_SHOWN_BYTES: usize = 64 * 1024;

    /// How long one question to FFmpeg (`-version`, ...) may take.
    pub const PROBE_TIMEOUT: Duration = Duration::from_secs(10);
    /// How much it may answer, bytes (a full build lists 60 kB of filters).
    pub const PROBE_MAX_BYTES: u64 = 1024 * 1024;
    /// How often a program that is being written to is tried again.
    pub const BUSY_TRIES: u32 = 20;
}
