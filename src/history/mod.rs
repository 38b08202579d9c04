//! Figures of streams and machine over the last day, in memory, within a bound.
//!
//! Three rings for each: five minutes by the second, an hour by ten seconds, a day by four minutes.
//! Of each step of the longer ones the lowest value and the highest are kept: what is short is seen in
//! each of them. A value takes two bytes (see [`code`]), so a stream takes 17 KiB and the machine 62: 200
//! streams take 3.5 MiB. All of it stays below [`MAX_BYTES`]: with more streams than fit, the finest spans are
//! given up first.
//!
//! Steps are counted on a clock that goes on while headend does not run: time without samples is a
//! gap.

mod code;
mod meters;
mod rings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Board, History, HistoryOf, MACHINE_METERS, STREAM_METERS, Span, StreamIx};
use rings::{Rings, Way, step_of};

/// All histories together take no more than this, bytes.
pub const MAX_BYTES: usize = 32 << 20;
/// What a stream's histories take beside their values, bytes: its place in the map, the extremes of
/// steps that are not complete, what the allocator adds. Rounded up.
const BESIDE: usize = 320;
/// A sample may come so many seconds after the one before without leaving a gap: the machine was busy,
/// and what is true before and after was true in between.
const MAY_BE_LATE: u64 = 3;

const STREAM: usize = STREAM_METERS.len();
const MACHINE: usize = MACHINE_METERS.len();

/// How many streams have which spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    /// Streams have this span and those that are coarser.
    finest: Span,
    /// So many streams have a history, those with the lowest numbers.
    streams: usize,
}

impl Plan {
    fn of(streams: usize) -> Self {
        let room = MAX_BYTES - rings::bytes(&Span::ALL, MACHINE);
        for (n, finest) in Span::ALL.into_iter().enumerate() {
            let each = rings::bytes(&Span::ALL[n..], STREAM) + BESIDE;
            if streams.saturating_mul(each) <= room {
                return Self { finest, streams };
            }
        }
        Self { finest: Span::Day, streams: room / (rings::bytes(&[Span::Day], STREAM) + BESIDE) }
    }
}

/// All histories.
#[derive(Debug)]
pub struct Histories {
    plan: Plan,
    streams: BTreeMap<StreamIx, Rings<STREAM>>,
    machine: Rings<MACHINE>,
    /// The seconds of the first and of the last sample.
    samples: Option<(u64, u64)>,
}

impl Default for Histories {
    fn default() -> Self {
        let machine = Rings::new(Span::FiveMinutes);
        Self { plan: Plan::of(0), streams: BTreeMap::new(), machine, samples: None }
    }
}

impl Histories {
    /// Whether there is no sample of this second yet.
    #[must_use]
    pub fn is_due(&self, clock: Duration) -> bool {
        self.samples.is_none_or(|(_, last)| clock.as_secs() > last)
    }

    /// Takes a sample of the board, unless there is one of this second. `clock` must go on while
    /// headend does not run, and never back. Says whether there is a new value.
    pub fn record(&mut self, board: &Board, clock: Duration) -> bool {
        if !self.is_due(clock) {
            return false;
        }
        let second = clock.as_secs();
        let last = self.samples.map(|(_, last)| last);
        let late = last.filter(|last| second - last <= MAY_BE_LATE);
        let way = Way { last, from: late.map_or(second, |last| last + 1), second };
        self.samples = Some((self.samples.map_or(second, |(first, _)| first), second));
        let machine = meters::of_board(board);
        self.machine.push(way, &machine, &machine);
        self.fit_to(board);
        for (ix, row) in board.rows.iter().take(self.plan.streams) {
            let rings = self.streams.entry(*ix).or_insert_with(|| Rings::new(self.plan.finest));
            rings.push(way, &meters::of_row(row), &meters::of_row_in_long(row));
        }
        true
    }

    /// Keeps what there is room for, of the streams on the board.
    fn fit_to(&mut self, board: &Board) {
        let plan = Plan::of(board.rows.len());
        if plan.finest != self.plan.finest {
            for rings in self.streams.values_mut() {
                rings.keep(plan.finest);
            }
        }
        self.plan = plan;
        let wanted = || board.rows.keys().take(plan.streams);
        if !self.streams.keys().eq(wanted()) {
            let last = wanted().next_back();
            self.streams.retain(|ix, _| last >= Some(ix) && board.rows.contains_key(ix));
        }
    }

    /// The number of the first step of a span that is not complete.
    #[must_use]
    pub fn next_step(&self, span: Span) -> u64 {
        match (self.samples, span) {
            (None, _) => 0,
            // A second is known with its sample.
            (Some((_, last)), Span::FiveMinutes) => last + 1,
            (Some((_, last)), _) => step_of(span, last),
        }
    }

    /// The steps from `from` on, or all where those are no longer there or `from` is `None`.
    #[must_use]
    pub fn read(&self, of: HistoryOf, span: Span, from: Option<u64>) -> History {
        let end = self.next_step(span);
        let began = self.samples.map_or(0, |(first, _)| step_of(span, first)).min(end);
        let oldest = began.max(end.saturating_sub(span.values() as u64));
        let from = from.filter(|from| (oldest..=end).contains(from));
        let first = from.unwrap_or(oldest);
        let sides = rings::sides(span);
        let series: Option<Vec<Vec<f32>>> = match of {
            HistoryOf::Machine => {
                (0..MACHINE * sides).map(|m| self.machine.series(span, m, first, end)).collect()
            }
            HistoryOf::Stream(ix) => match self.streams.get(&ix) {
                Some(rings) => (0..STREAM * sides).map(|m| rings.series(span, m, first, end)).collect(),
                None => None,
            },
        };
        History { of, span, first, fresh: from.is_none(), series: series.unwrap_or_default() }
    }
}
