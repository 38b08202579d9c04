//! One FFmpeg process as the core sees it: how far it has come, and how far the asking to end has
//! gone. What that means for its stream is said elsewhere.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Policy;
use crate::model::{FaultClass, LineLevel, Moment, Sample, StreamIx};

use super::event::{Effect, Generation, Signal, WorkerEnd};
use super::reason::{Failure, Said};
use super::stream::Wait;

/// After KILL was sent and nothing ended, it is sent again this often: a process in an
/// uninterruptible wait dies when it wakes.
const KILL_AGAIN: Duration = Duration::from_secs(5);

/// A faulty line explains the end of a run only when it is this new.
const FAULT_EXPLAINS: Duration = Duration::from_secs(30);

/// What follows when a worker that was asked to end has ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Then {
    /// It waits for this; for nothing: it is stopped.
    Rest(Wait),
    /// Start anew, at once.
    StartAnew,
    /// Start with this input, at once.
    Switch(usize),
    /// It had failed: count that, and back off.
    Failed(Failure),
}

/// How far the asking has gone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stop {
    /// Signals sent so far.
    pub(super) sent: u32,
    /// When the next one is due; `None` until the process id is known.
    pub(super) next: Option<Moment>,
    pub(super) then: Then,
}

/// What a progress block says about output time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// It moved on.
    On,
    /// It stands, or is not known.
    Not,
}

/// One FFmpeg process.
#[derive(Debug, Clone)]
pub(super) struct Worker {
    pub(super) generation: Generation,
    pub(super) pid: Option<u32>,
    pub(super) started: Moment,
    /// When output time first moved: from then on it is live.
    pub(super) live: Option<Moment>,
    /// When output time last moved.
    pub(super) moved: Moment,
    pub(super) out_time_us: Option<i64>,
    /// Since when it has moved without a stall.
    pub(super) steady: Moment,
    /// Since when it has been far too fast.
    pub(super) racing: Option<Moment>,
    /// It stands still, and is spared until then.
    pub(super) spared: Option<Moment>,
    pub(super) stop: Option<Stop>,
    /// The newest error line, for an end that no known class explains.
    error: Option<(Moment, Arc<str>)>,
    /// The newest line that could explain an end.
    fault: Option<(Moment, FaultClass)>,
    /// The first line that refused an argument.
    refused: Option<Arc<str>>,
}

impl Worker {
    /// A worker that was asked for and is not there yet.
    pub(super) const fn expected(generation: Generation, now: Moment) -> Self {
        Self {
            generation,
            pid: None,
            started: now,
            live: None,
            moved: now,
            out_time_us: None,
            steady: now,
            racing: None,
            spared: None,
            stop: None,
            error: None,
            fault: None,
            refused: None,
        }
    }

    /// It said something.
    pub(super) fn says(&mut self, now: Moment, level: LineLevel, class: Option<FaultClass>, text: &Arc<str>) {
        if let Some(class) = class.filter(|class| class.ends_a_run()) {
            self.fault = Some((now, class));
            if class == FaultClass::BadArgument {
                self.refused.get_or_insert_with(|| Arc::clone(text));
            }
        }
        if level == LineLevel::Error {
            self.error = Some((now, Arc::clone(text)));
        }
    }

    /// What it said lately explains this.
    pub(super) fn fault_at(&self, now: Moment) -> Option<FaultClass> {
        self.fault.filter(|(at, _)| now.since(*at) < FAULT_EXPLAINS).map(|(_, class)| class)
    }

    /// Why it ended by itself, at `now`.
    pub(super) fn failure(&self, now: Moment, end: WorkerEnd) -> Failure {
        let error = self.error.as_ref().filter(|(at, _)| now.since(*at) < FAULT_EXPLAINS);
        let said = Said {
            fault: self.fault_at(now),
            refused: self.refused.as_deref(),
            error: error.map(|(_, text)| &**text),
        };
        Failure::ended(end, self.live.is_some(), &said)
    }

    /// It was born. Asked to end before, it can be told only now.
    pub(super) fn spawned(&mut self, now: Moment, pid: u32) {
        self.pid = Some(pid);
        if let Some(stop) = &mut self.stop {
            stop.next = Some(now);
        }
    }

    /// Takes output time in, and says whether it moved on.
    pub(super) fn moves(&mut self, sample: &Sample) -> Moved {
        let moved =
            sample.out_time_us.is_some_and(|time| self.out_time_us.is_none_or(|before| time > before));
        if sample.out_time_us.is_some() {
            // Backwards too: it moves on from there.
            self.out_time_us = sample.out_time_us;
        }
        // Zero (or less) is where it begins: that is no progress yet.
        let starts = sample.out_time_us.is_some_and(|time| time > 0);
        if moved && (self.live.is_some() || starts) { Moved::On } else { Moved::Not }
    }

    /// Notes that it is to end; a process that is still being born is told when it is there.
    /// Says whether that is news.
    pub(super) fn ask_to_end(&mut self, now: Moment, then: Then) -> bool {
        if let Some(stop) = &mut self.stop {
            stop.then = then;
            return false;
        }
        self.stop = Some(Stop { sent: 0, next: self.pid.map(|_| now), then });
        true
    }

    /// No more asking, if it was asked.
    pub(super) fn hurry(&mut self, now: Moment) {
        if let Some(Stop { sent, next, .. }) = &mut self.stop {
            *sent = (*sent).max(2);
            if next.is_some() {
                *next = Some(now);
            }
        }
    }

    /// Sends the next signal if it is due: TERM, TERM again, KILL. Says whether this was the first
    /// KILL.
    pub(super) fn escalate(
        &mut self,
        stream: StreamIx,
        now: Moment,
        policy: &Policy,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let generation = self.generation;
        let Some(stop) = &mut self.stop else { return false };
        if stop.next.is_none_or(|at| at > now) {
            return false;
        }
        let (signal, wait) = match stop.sent {
            0 => (Signal::Term, policy.stop_again),
            1 => (Signal::Term, policy.stop_kill),
            _ => (Signal::Kill, KILL_AGAIN),
        };
        stop.sent += 1;
        stop.next = Some(now + wait);
        effects.push(Effect::Signal { stream, generation, signal });
        stop.sent == 3
    }
}
