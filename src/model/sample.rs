//! What is measured on a worker.

use serde::{Deserialize, Serialize};

use super::Moment;

/// Figures over the last few seconds, as shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Frames a second of the first video output.
    pub fps: Option<f32>,
    /// Bit rate of the input, kbit/s.
    pub bitrate_kbps: Option<f32>,
    /// Seconds of media per second; 1.0 is real time.
    pub speed: Option<f32>,
}

/// One progress block, made into figures.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sample {
    /// Frames since the worker started.
    pub frame: Option<u64>,
    /// Output time in microseconds; the watchdog looks at this one. `None` when FFmpeg said `N/A`.
    pub out_time_us: Option<i64>,
    /// Bytes of the first output since the worker started.
    pub total_size: Option<u64>,
    /// Frames dropped since the worker started.
    pub dropped: u64,
    /// Frames duplicated since the worker started.
    pub duplicated: u64,
    /// Over a window of a few seconds.
    pub figures: Figures,
    /// The block said `progress=end`.
    pub end: bool,
}

/// What a detector says about picture or sound. `at` is when it happened, not when it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// The picture turned black.
    BlackBegan,
    /// The picture is no longer black.
    BlackEnded,
    /// The picture stopped changing.
    FreezeBegan,
    /// The picture changes again.
    FreezeEnded,
    /// The sound fell silent.
    SilenceBegan,
    /// There is sound again.
    SilenceEnded,
}

/// Which kinds of track FFmpeg found in the input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tracks {
    /// At least one video track.
    pub video: bool,
    /// At least one audio track.
    pub audio: bool,
}

/// When a detection took place: moved back by the detector's own delay.
impl Detection {
    /// Whether it begins a fault (or ends one).
    #[must_use]
    pub const fn begins(self) -> bool {
        matches!(self, Self::BlackBegan | Self::FreezeBegan | Self::SilenceBegan)
    }

    /// The same detection, told at `now` by a detector that waits `delay_ms` before it tells.
    #[must_use]
    pub fn happened_at(self, now: Moment, delay_ms: u64) -> Moment {
        if self.begins() { now - std::time::Duration::from_millis(delay_ms) } else { now }
    }
}
