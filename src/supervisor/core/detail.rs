//! What is known of one stream beyond its row, and the runs it has had.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{Breaker, Detail, InputDetail, Moment, Phase, RUNS_KEPT, Run, StreamIx};

use super::Supervisor;
use super::origins::Origins;
use super::process::Then;
use super::reason::Failure;
use super::stream::{Presence, Stream, Wait};

/// The newest runs of one stream's workers, the newest first: [`RUNS_KEPT`] at most.
#[derive(Debug, Clone, Default)]
pub struct Runs(VecDeque<Run>);

impl Runs {
    fn remember(&mut self, run: Run) {
        self.0.truncate(RUNS_KEPT - 1);
        self.0.push_front(run);
    }
}

impl Supervisor {
    /// What is known of a stream beyond its row, but for the command: that is the runtime's.
    #[must_use]
    pub fn detail(&self, ix: StreamIx) -> Option<Detail> {
        let here = |stream: &&Stream| stream.presence != Presence::Gone;
        Some(self.stream(ix).filter(here)?.detail(&self.origins))
    }
}

impl Stream {
    fn detail(&self, origins: &Origins) -> Detail {
        let (breaker, breaker_next) = self.breaker();
        Detail {
            stream: self.ix,
            command: Vec::new(),
            inputs: (0..self.shown_inputs.len()).map(|input| self.input_detail(input, origins)).collect(),
            runs: self.runs.0.iter().cloned().collect(),
            breaker,
            breaker_next,
            next_probe: self.probe.due(),
            thresholds: self.spec.thresholds.clone(),
        }
    }

    fn input_detail(&self, input: usize, origins: &Origins) -> InputDetail {
        let (failures, last_error, host) = self.inputs.told(input);
        let (breaker, breaker_next) = host.map_or_else(Default::default, |host| origins.breaker(host));
        InputDetail {
            url: self.shown_inputs.get(input).cloned().unwrap_or_default(),
            in_use: input == self.inputs.current(),
            probed: input == 0 && self.probe.is_running(),
            failures,
            last_error,
            host: host.map(|host| origins.name(host)).unwrap_or_default(),
            breaker,
            breaker_next,
        }
    }

    /// Where the stream's own breaker stands: open while it waits for a try in some minutes, half open
    /// from that try until it has proved to be well.
    fn breaker(&self) -> (Breaker, Option<Moment>) {
        match (self.phase, self.wait) {
            (Phase::Broken, Wait::Retry(at)) => (Breaker::Open, Some(at)),
            (Phase::Broken, _) if self.failures.is_open() => (Breaker::Open, self.origin_probe),
            _ if self.failures.is_open() => (Breaker::HalfOpen, None),
            _ => (Breaker::Closed, None),
        }
    }

    /// Its worker is gone: remembers the run, and says what is to follow if it was asked to end.
    /// `failure`: why it ended, if it was not.
    pub(super) fn remember_run(&mut self, now: Moment, failure: &Failure) -> Option<Then> {
        let worker = self.worker.take()?;
        let then = worker.stop.map(|stop| stop.then);
        let reason: Arc<str> = match &then {
            None => failure.in_full().into(),
            Some(Then::Failed(failed)) => failed.in_full().into(),
            // Why it was asked stands where everybody sees it until now.
            Some(_) => Arc::clone(&self.reason),
        };
        let input = if self.shown_inputs.is_empty() { 0 } else { self.inputs.current() + 1 };
        self.runs.remember(Run {
            started: worker.started,
            ended: now,
            input: u32::try_from(input).unwrap_or(u32::MAX),
            was_live: worker.live.is_some(),
            reason,
        });
        then
    }
}
