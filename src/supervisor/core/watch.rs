//! What is observed on a worker, and which conditions that makes.
//!
//! Conditions are worked out from the facts and the time, never stored: so one can't be forgotten.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{
    Condition, ConditionKind, Detection, Expect, FaultClass, Figures, Mode, Moment, Severity, Thresholds,
    Tracks,
};

/// A class of line that says the input fails now is believed for this long after it was last seen.
const FAULT_LASTS: Duration = Duration::from_secs(15);
/// Rates are counted over this window.
const RATE_WINDOW: Duration = Duration::from_secs(60);
/// `bitrate-low` and `fps-low` are raised after this long.
const LOW_FOR: Duration = Duration::from_secs(30);
/// Speed is not judged in a worker's first seconds: it catches up on what waited for it.
const SPEED_GRACE: Duration = Duration::from_secs(30);
/// Decoders complain until the first key frame.
const DECODE_GRACE: Duration = Duration::from_secs(5);
/// Log lines dropped without a pause of [`FLOOD_PAUSE`] for this long are a flood.
const FLOOD_FOR: Duration = Duration::from_secs(10);
/// See [`FLOOD_FOR`].
const FLOOD_PAUSE: Duration = Duration::from_secs(3);

/// How many events within [`RATE_WINDOW`] raise the condition.
const RATES: [(ConditionKind, u32); 5] = [
    (ConditionKind::Corrupt, 5),
    (ConditionKind::Timestamps, 5),
    (ConditionKind::Segments, 2),
    (ConditionKind::Decode, 10),
    (ConditionKind::Reconnects, 5),
];

/// Events of one kind: only as many moments as raise the condition.
#[derive(Debug, Clone, Default)]
struct Rate {
    recent: VecDeque<Moment>,
    raised: Option<Moment>,
}

impl Rate {
    fn count(&mut self, now: Moment, limit: u32, times: u32) {
        for _ in 0..times.min(limit) {
            if self.recent.len() == limit as usize {
                self.recent.pop_front();
            }
            self.recent.push_back(now);
        }
        self.settle(now, limit);
    }

    fn settle(&mut self, now: Moment, limit: u32) {
        let full = self.recent.len() == limit as usize;
        let first = self.recent.front().copied().filter(|first| full && now.since(*first) < RATE_WINDOW);
        self.raised = first.map(|first| self.raised.unwrap_or(first));
    }

    fn ends(&self) -> Option<Moment> {
        self.raised.and(self.recent.front()).map(|first| *first + RATE_WINDOW)
    }
}

/// Something that must last before it counts.
#[derive(Debug, Clone, Copy, Default)]
struct Lasting(Option<Moment>);

impl Lasting {
    fn observe(&mut self, now: Moment, holds: bool) {
        self.0 = if holds { self.0.or(Some(now)) } else { None };
    }

    fn raised(self, now: Moment, after: Duration) -> Option<Moment> {
        self.0.filter(|since| !after.is_zero() && now.since(*since) >= after)
    }

    fn raises(self, now: Moment, after: Duration) -> Option<Moment> {
        let at = self.0.filter(|_| !after.is_zero())? + after;
        (at > now).then_some(at)
    }
}

/// The observations on one stream.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    started: Moment,
    black: Lasting,
    frozen: Lasting,
    silent: Lasting,
    slow: Lasting,
    fast: Lasting,
    bitrate_low: Lasting,
    fps_low: Lasting,
    stalled: Option<Moment>,
    tracks: Option<Tracks>,
    rates: [Rate; RATES.len()],
    /// What lines say fails now: kind, first and last seen. One entry a kind.
    failing: Vec<(ConditionKind, Moment, Moment)>,
    /// Why the last run failed; outlives the worker, ends when a new one is live.
    failed: Option<(ConditionKind, Moment)>,
    flood_began: Option<Moment>,
    flood_last: Moment,
    dropped: u64,
}

impl Watch {
    /// Forgets what was seen on the worker before; why it failed is kept.
    pub fn worker_started(&mut self, now: Moment) {
        *self = Self { started: now, failed: self.failed, ..Self::default() };
    }

    /// The worker ended: what was seen on it is past.
    pub fn worker_ended(&mut self) {
        *self = Self { failed: self.failed, ..Self::default() };
    }

    /// A run failed for this reason. What was seen of it before the run ended is its beginning, and
    /// the same reason again keeps its first moment.
    pub fn run_failed(&mut self, now: Moment, kind: ConditionKind) {
        let before = self.failed.filter(|(old, _)| *old == kind).map(|(_, since)| since);
        let said = self.failing.iter().find(|(old, ..)| *old == kind).map(|(_, first, _)| *first);
        let stood = self.stalled.filter(|_| kind == ConditionKind::Stalled);
        let since = [before, said, stood].into_iter().flatten().min().unwrap_or(now);
        self.failed = Some((kind, since));
    }

    /// It is live (or nobody wants it any more): what failed before is over.
    pub fn failure_over(&mut self) {
        self.failed = None;
    }

    /// Output time stopped moving at `since`, or moves again.
    pub fn stalled(&mut self, since: Option<Moment>) {
        self.stalled = since;
    }

    /// A detector spoke.
    pub fn detected(&mut self, what: Detection, began: Moment) {
        let lasting = match what {
            Detection::BlackBegan | Detection::BlackEnded => &mut self.black,
            Detection::FreezeBegan | Detection::FreezeEnded => &mut self.frozen,
            Detection::SilenceBegan | Detection::SilenceEnded => &mut self.silent,
        };
        lasting.observe(began, what.begins());
        // A freeze seen while it was black was the black: it counts from here, if it is one at all.
        if what == Detection::BlackEnded && self.frozen.0.is_some() {
            self.frozen = Lasting(Some(began));
        }
    }

    /// FFmpeg told what is in the input.
    pub fn tracks(&mut self, tracks: Tracks) {
        self.tracks = Some(tracks);
    }

    /// The worker's figures.
    pub fn figures(&mut self, now: Moment, figures: &Figures, thresholds: &Thresholds) {
        let settled = now.since(self.started) >= SPEED_GRACE;
        let below = |value: Option<f32>, limit: Option<f32>| {
            settled && value.zip(limit).is_some_and(|(value, limit)| value < limit)
        };
        self.slow.observe(now, below(figures.speed, Some(thresholds.slow_speed)));
        self.fast.observe(now, settled && figures.speed.is_some_and(|speed| speed > thresholds.fast_speed));
        self.bitrate_low.observe(now, below(figures.bitrate_kbps, thresholds.bitrate_min_kbps));
        self.fps_low.observe(now, below(figures.fps, thresholds.fps_min));
    }

    /// Whether figures like these change nothing: no threshold is or was passed.
    #[must_use]
    pub fn takes_routinely(&self, figures: &Figures, thresholds: &Thresholds) -> bool {
        let above = |value: Option<f32>, limit: Option<f32>| value.zip(limit).is_none_or(|(v, l)| v >= l);
        self.slow.0.is_none()
            && self.fast.0.is_none()
            && self.bitrate_low.0.is_none()
            && self.fps_low.0.is_none()
            && above(figures.speed, Some(thresholds.slow_speed))
            && figures.speed.is_none_or(|speed| speed <= thresholds.fast_speed)
            && above(figures.bitrate_kbps, thresholds.bitrate_min_kbps)
            && above(figures.fps, thresholds.fps_min)
    }

    /// Whether nothing observed so far can become or end a condition by time alone.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let lasting =
            [self.black, self.frozen, self.silent, self.slow, self.fast, self.bitrate_low, self.fps_low];
        lasting.iter().all(|one| one.0.is_none())
            && self.rates.iter().all(|rate| rate.raised.is_none())
            && self.failing.is_empty()
            && self.flood_began.is_none()
    }

    /// Whether picture or sound looks bad since at most `fresh`, too short yet for a condition.
    #[must_use]
    pub fn suspects(&self, now: Moment, fresh: Duration) -> bool {
        let seen = [self.black, self.frozen, self.silent];
        seen.iter().any(|one| one.0.is_some_and(|since| now.since(since) < fresh))
    }

    /// A log line of this class came so many times.
    pub fn line(&mut self, now: Moment, class: FaultClass, times: u32) {
        // A worker that says so and lives on lost the rest of one segment, not the stream.
        let kind = if class == FaultClass::End { ConditionKind::Segments } else { class.condition() };
        if class.ends_a_run() && class != FaultClass::End {
            match self.failing.iter_mut().find(|(old, ..)| *old == kind) {
                Some((_, first, last)) => {
                    if now.since(*last) >= FAULT_LASTS {
                        *first = now;
                    }
                    *last = now;
                }
                None => self.failing.push((kind, now, now)),
            }
            return;
        }
        if kind == ConditionKind::Decode && now.since(self.started) < DECODE_GRACE {
            return;
        }
        for (rate, (of, limit)) in self.rates.iter_mut().zip(RATES) {
            if of == kind {
                rate.count(now, limit, times.max(1));
            }
        }
    }

    /// The worker's total of dropped lines.
    pub fn dropped(&mut self, now: Moment, total: u64) {
        if total > self.dropped {
            if self.flood_began.is_none() || now.since(self.flood_last) >= FLOOD_PAUSE {
                self.flood_began = Some(now);
            }
            self.flood_last = now;
        }
        self.dropped = total;
    }

    /// The conditions at `now`, worst first, then oldest first.
    pub fn conditions(
        &mut self,
        now: Moment,
        mode: Mode,
        expect: Expect,
        thresholds: &Thresholds,
    ) -> Vec<Condition> {
        let mut found: Vec<(ConditionKind, Moment)> = Vec::new();
        let mut raise = |kind, since: Option<Moment>| found.extend(since.map(|since| (kind, since)));
        raise(ConditionKind::Black, self.black.raised(now, thresholds.black));
        // A black picture does not move either; that is one fault, not two.
        let frozen = self.frozen.raised(now, thresholds.frozen);
        raise(ConditionKind::Frozen, frozen.filter(|_| self.black.0.is_none()));
        raise(ConditionKind::Silent, self.silent.raised(now, thresholds.silent));
        raise(ConditionKind::Stalled, self.stalled);
        raise(ConditionKind::Slow, self.slow.raised(now, thresholds.slow_for));
        raise(ConditionKind::Fast, self.fast.raised(now, thresholds.fast_for));
        raise(ConditionKind::BitrateLow, self.bitrate_low.raised(now, LOW_FOR));
        raise(ConditionKind::FpsLow, self.fps_low.raised(now, LOW_FOR));
        if let Some(tracks) = self.tracks.filter(|_| mode != Mode::Run) {
            raise(ConditionKind::NoVideo, (expect.video && !tracks.video).then_some(self.started));
            raise(ConditionKind::NoAudio, (expect.audio && !tracks.audio).then_some(self.started));
        }
        for (rate, (kind, limit)) in self.rates.iter_mut().zip(RATES) {
            rate.settle(now, limit);
            raise(kind, rate.raised);
        }
        let flooding = self.flood_began.filter(|began| {
            now.since(self.flood_last) < FLOOD_PAUSE && self.flood_last.since(*began) >= FLOOD_FOR
        });
        raise(ConditionKind::Flood, flooding);
        self.failing.retain(|(.., last)| now.since(*last) < FAULT_LASTS);
        for (kind, first, _) in &self.failing {
            raise(*kind, Some(*first));
        }
        if let Some((kind, since)) = self.failed {
            raise(kind, Some(since));
        }
        settle(found)
    }

    /// When [`Watch::conditions`] says something else next, if nothing new is observed.
    #[must_use]
    pub fn next_deadline(&self, now: Moment, thresholds: &Thresholds) -> Option<Moment> {
        let lasting = [
            self.black.raises(now, thresholds.black),
            self.frozen.raises(now, thresholds.frozen),
            self.silent.raises(now, thresholds.silent),
            self.slow.raises(now, thresholds.slow_for),
            self.fast.raises(now, thresholds.fast_for),
            self.bitrate_low.raises(now, LOW_FOR),
            self.fps_low.raises(now, LOW_FOR),
        ];
        let rates = self.rates.iter().filter_map(Rate::ends);
        let failing = self.failing.iter().map(|(.., last)| *last + FAULT_LASTS);
        let flood = self.flood_began.map(|_| self.flood_last + FLOOD_PAUSE).filter(|at| *at > now);
        lasting.into_iter().flatten().chain(rates).chain(failing).chain(flood).min()
    }
}

/// One condition a kind (the older moment wins), worst first, then oldest first.
fn settle(mut found: Vec<(ConditionKind, Moment)>) -> Vec<Condition> {
    found.sort_by_key(|(kind, since)| (*kind, *since));
    found.dedup_by_key(|(kind, _)| *kind);
    let mut conditions: Vec<Condition> = found
        .into_iter()
        .map(|(kind, since)| Condition { kind, severity: kind.severity(), since, explained: None })
        .collect();
    let rank = |severity| i32::from(severity != Severity::Critical);
    conditions.sort_by_key(|c| (rank(c.severity), c.since));
    conditions
}

#[cfg(test)]
mod tests;
