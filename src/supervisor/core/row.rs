//! The row of a stream on the board, and what in it is worth telling at once.

use std::sync::Arc;

use crate::model::{Care, Figures, Moment, Phase, Row, Wanted};

use super::process::Stop;
use super::stream::{Stream, Wait};

/// What a row shows apart from conditions and figures: as long as it is the same, no new row is due.
#[derive(Debug, PartialEq)]
pub struct Shown {
    wanted: Wanted,
    phase: Phase,
    reason: Arc<str>,
    since: Moment,
    next: Option<Moment>,
    failures: u32,
    pid: Option<u32>,
    started: Option<Moment>,
    restarts: u32,
    input: usize,
    last_error: Option<Arc<str>>,
    last_message: Arc<str>,
    last_message_at: Moment,
    last_seen: Option<Moment>,
    maintenance: bool,
    care: Care,
}

impl Stream {
    /// What its row shows apart from conditions and figures.
    #[must_use]
    pub fn shown(&self) -> Shown {
        Shown {
            wanted: self.wanted,
            phase: self.phase,
            reason: Arc::clone(&self.reason),
            since: self.since,
            next: self.next_change(),
            failures: self.failures.in_a_row(),
            pid: self.worker.as_ref().and_then(|w| w.pid),
            started: self.worker.as_ref().map(|w| w.started),
            restarts: self.restarts,
            input: self.inputs.current(),
            last_error: self.last_error.clone(),
            last_message: Arc::clone(&self.last_message),
            last_message_at: self.last_message_at,
            last_seen: self.turns.last_seen,
            maintenance: self.air.maintenance,
            care: self.cared.care.clone(),
        }
    }

    /// The figures its row shows; the board is in no hurry for these.
    #[must_use]
    pub const fn numbers(&self) -> (Figures, u64) {
        (self.figures, self.dropped)
    }

    /// When its phase changes by itself next, if it does.
    fn next_change(&self) -> Option<Moment> {
        let thresholds = &self.spec.thresholds;
        let Some(worker) = &self.worker else {
            return match self.wait {
                Wait::Retry(at) => Some(at),
                Wait::Origin(..) => self.origin_probe,
                Wait::Line if self.phase == Phase::Resting => self.turns.expected,
                Wait::Nothing if self.wanted == Wanted::Started => self.air.changes,
                _ => None,
            };
        };
        match &worker.stop {
            Some(Stop { next, .. }) => *next,
            None if worker.live.is_none() => Some(worker.started + thresholds.start_grace),
            None if self.phase == Phase::Stalled => Some(self.replaced_at(worker)),
            None => self.turns.ends,
        }
    }

    /// Its row on the board.
    #[must_use]
    pub fn row(&self) -> Row {
        let counted = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let inputs = self.shown_inputs.len();
        let input = self.inputs.current();
        Row {
            ix: self.ix,
            id: self.spec.id.clone(),
            name: Arc::clone(&self.spec.name),
            group: Arc::clone(&self.spec.group),
            mode: self.spec.mode,
            wanted: self.wanted,
            phase: self.phase,
            reason: Arc::clone(&self.reason),
            since: self.since,
            next: self.next_change(),
            failures: self.failures.in_a_row(),
            conditions: self.conditions.clone(),
            pid: self.worker.as_ref().and_then(|w| w.pid),
            started: self.worker.as_ref().map(|w| w.started),
            restarts: self.restarts,
            figures: self.figures,
            input: self.shown_inputs.get(input).cloned().unwrap_or_default(),
            last_error: self.last_error.clone(),
            last_message: Arc::clone(&self.last_message),
            last_message_at: self.last_message_at,
            lines_dropped: self.dropped,
            priority: self.spec.priority,
            watch: self.spec.watch,
            last_seen: self.turns.last_seen,
            input_of: if inputs == 0 { (0, 0) } else { (counted(input) + 1, counted(inputs)) },
            maintenance: self.air.maintenance,
            usage: self.usage,
            care: self.cared.care.clone(),
            tags: Arc::clone(&self.shown_tags),
        }
    }
}
