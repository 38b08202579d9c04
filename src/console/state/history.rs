//! Figures of the last minutes, for the small charts. Bounded, and taken without a tick: between
//! two deltas nothing changes, so what a tick would have seen is worked out when one is needed.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::machine::{METERS, Meter};
use crate::model::{Board, Moment, StreamIx};

/// Samples kept of a stream's figures.
pub const FIGURE_SAMPLES: usize = 120;
/// One of them stands for this long.
pub const FIGURES_EVERY: Duration = Duration::from_secs(1);
/// Samples kept of the machine.
pub const MACHINE_SAMPLES: usize = 150;
/// One of them stands for this long.
pub const MACHINE_EVERY: Duration = Duration::from_secs(2);
/// With more streams than this only the open one has a history.
pub const MAX_HISTORIES: usize = 1_000;

/// The newest values of one figure, oldest first; not a number where it was unknown.
#[derive(Debug, Clone, Default)]
pub struct Ring(VecDeque<f32>);

impl Ring {
    fn push(&mut self, value: f32, times: usize, bound: usize) {
        for _ in 0..times.min(bound) {
            if self.0.len() == bound {
                self.0.pop_front();
            }
            self.0.push_back(value);
        }
    }

    /// The values, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = f32> + '_ {
        self.0.iter().rev().copied()
    }
}

/// The figures of one stream.
#[derive(Debug, Clone, Default)]
pub struct FigureHistory {
    /// Frames a second.
    pub fps: Ring,
    /// Bit rate, kbit/s.
    pub bitrate: Ring,
    /// Speed.
    pub speed: Ring,
}

/// All histories.
#[derive(Debug, Default)]
pub struct History {
    figures: BTreeMap<StreamIx, FigureHistory>,
    machine: [Ring; METERS],
    figures_at: Option<Moment>,
    machine_at: Option<Moment>,
}

impl History {
    /// Takes the samples due until `now`, from the board as it has been since the last call: call
    /// it before the board changes. `open` is the stream that always has a history.
    pub fn sample(&mut self, board: &Board, open: Option<StreamIx>, now: Moment) {
        let times = due(&mut self.figures_at, now, FIGURES_EVERY);
        if times > 0 {
            self.sample_figures(board, open, times);
        }
        let times = due(&mut self.machine_at, now, MACHINE_EVERY);
        if times > 0 {
            for (ring, meter) in self.machine.iter_mut().zip(Meter::all(board)) {
                ring.push(meter.sample, times, MACHINE_SAMPLES);
            }
        }
    }

    fn sample_figures(&mut self, board: &Board, open: Option<StreamIx>, times: usize) {
        let few = board.rows.len() <= MAX_HISTORIES;
        self.figures.retain(|ix, _| board.rows.contains_key(ix) && (few || Some(*ix) == open));
        for (ix, row) in &board.rows {
            if !few && Some(*ix) != open {
                continue;
            }
            let history = self.figures.entry(*ix).or_default();
            let value = |v: Option<f32>| v.unwrap_or(f32::NAN);
            history.fps.push(value(row.figures.fps), times, FIGURE_SAMPLES);
            history.bitrate.push(value(row.figures.bitrate_kbps), times, FIGURE_SAMPLES);
            history.speed.push(value(row.figures.speed), times, FIGURE_SAMPLES);
        }
    }

    /// What is remembered of a stream.
    #[must_use]
    pub fn figures(&self, stream: StreamIx) -> Option<&FigureHistory> {
        self.figures.get(&stream)
    }

    /// What is remembered of the meter with this number.
    #[must_use]
    pub fn machine(&self, meter: usize) -> Option<&Ring> {
        self.machine.get(meter)
    }

    /// When the next sample of the figures is due, if any was taken.
    #[must_use]
    pub fn figures_due(&self) -> Option<Moment> {
        self.figures_at.map(|at| at + FIGURES_EVERY)
    }

    /// When the next sample of the machine is due, if any was taken.
    #[must_use]
    pub fn machine_due(&self) -> Option<Moment> {
        self.machine_at.map(|at| at + MACHINE_EVERY)
    }
}

/// How many samples are due; the first one is due at once.
fn due(last: &mut Option<Moment>, now: Moment, every: Duration) -> usize {
    let Some(at) = last else {
        *last = Some(now);
        return 1;
    };
    let times = u32::try_from(now.since(*at).as_millis() / every.as_millis()).unwrap_or(u32::MAX);
    *at = *at + every.saturating_mul(times);
    usize::try_from(times).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::support;

    #[test]
    fn what_lies_between_two_calls_is_filled_in() {
        let board = support::board(1);
        let ix = *board.rows.keys().next().unwrap();
        let mut history = History::default();
        history.sample(&board, None, Moment::from_millis(0));
        history.sample(&board, None, Moment::from_millis(900));
        assert_eq!(history.figures(ix).unwrap().fps.0.len(), 1);
        history.sample(&board, None, Moment::from_millis(5_100));
        assert_eq!(history.figures(ix).unwrap().fps.0.len(), 6);
        assert_eq!(history.figures_due(), Some(Moment::from_millis(6_000)));
    }

    #[test]
    fn histories_are_bounded() {
        let board = support::board(3);
        let mut history = History::default();
        history.sample(&board, None, Moment::ZERO);
        history.sample(&board, None, Moment::from_millis(i64::MAX));
        assert!(history.figures.values().all(|h| h.fps.0.len() == FIGURE_SAMPLES));
        assert!(history.machine.iter().all(|r| r.0.len() == MACHINE_SAMPLES));

        let many = support::board(u32::try_from(MAX_HISTORIES).unwrap() + 1);
        history.sample(&many, Some(StreamIx(7)), Moment::from_millis(i64::MAX));
        let mut history = History::default();
        history.sample(&many, Some(StreamIx(7)), Moment::ZERO);
        assert_eq!(history.figures.len(), 1);
        history.sample(&board, None, Moment::from_millis(2_000));
        assert_eq!(history.figures.len(), 3);
    }
}
