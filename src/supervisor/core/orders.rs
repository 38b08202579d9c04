//! What operators, the rollout and the host guard want of one stream.

use crate::model::{Phase, Wanted};

use super::process::Then;
use super::stream::{Presence, Stream, Surroundings, Wait};

impl Stream {
    /// Brings it to what is wanted at the program's start.
    pub fn begin(&mut self, around: &mut Surroundings<'_>) {
        self.air = super::air::Air::of(&self.spec, around.now, around.wall);
        match self.wanted {
            Wanted::Started => self.queue(around, "waits for its turn to start"),
            Wanted::Stopped if self.known => self.reason = "stopped by the operator".into(),
            Wanted::Stopped => self.reason = "not started yet: start = false".into(),
        }
    }

    /// The operator wants it to run. Says whether that changed anything.
    pub fn start(&mut self, around: &mut Surroundings<'_>) -> bool {
        let changed = self.wanted != Wanted::Started;
        self.wanted = Wanted::Started;
        match self.phase {
            // Off air it is wanted all the same, and comes with its window.
            Phase::Stopped if !changed && !self.air.on => false,
            Phase::Stopped | Phase::Backoff | Phase::Broken => {
                self.fresh_start();
                self.queue(around, "started by the operator");
                true
            }
            Phase::Held if self.wait == Wait::Rollout && !self.held_back => {
                self.queue(around, "started by the operator");
                true
            }
            Phase::Resting if self.wait == Wait::Shed => changed,
            // Only what the operator stopped rests after its end: it was wanted stopped until now.
            Phase::Stopping if changed => {
                self.fresh_start();
                self.end_worker(around, Then::StartAnew, "ends its old worker, then starts");
                self.save(around);
                true
            }
            _ => changed,
        }
    }

    /// The operator wants it stopped. Says whether that changed anything.
    pub fn stop(&mut self, around: &mut Surroundings<'_>) -> bool {
        let changed = self.wanted != Wanted::Stopped;
        self.wanted = Wanted::Stopped;
        self.rest(around, "stopped by the operator");
        // It may have been stopping already: then its phase stays, but not what is wanted of it.
        self.save(around);
        changed
    }

    /// Ends what runs and forgets what was wrong; a stream at rest has no faults.
    pub(super) fn rest(&mut self, around: &mut Surroundings<'_>, reason: &str) {
        self.watch.failure_over();
        self.turns.found.clear();
        self.shed = false;
        self.held_back = false;
        self.end_probe(around);
        around.concerns.push(super::stream::Concern::NotLive(self.ix));
        if let Some(host) = self.at_host.or(self.inputs.host()) {
            around.origins.forget(host, self.ix);
        }
        if self.worker.is_some() {
            self.end_worker(around, Then::Rest(Wait::Nothing), reason);
        } else if self.phase != Phase::Stopped || *self.reason != *reason {
            self.set_phase(around, Phase::Stopped, Wait::Nothing, reason);
        }
    }

    /// The operator wants a new worker, whatever state it is in. Says whether that changed anything.
    pub fn restart(&mut self, around: &mut Surroundings<'_>) -> bool {
        self.wanted = Wanted::Started;
        self.fresh_start();
        self.end_probe(around);
        if self.worker.is_some() {
            self.end_worker(around, Then::StartAnew, "restarted by the operator");
            // It may have been stopping already: then its phase stays, but not what is wanted of it.
            self.save(around);
        } else if self.phase != Phase::Queued {
            self.queue(around, "restarted by the operator");
        }
        true
    }

    /// headend leaves: end the workers, but keep what is wanted.
    pub fn leave(&mut self, around: &mut Surroundings<'_>) {
        self.end_probe(around);
        if self.worker.is_some() {
            self.end_worker(around, Then::Rest(Wait::Nothing), "headend is leaving");
        } else if self.phase != Phase::Stopped {
            self.set_phase(around, Phase::Stopped, Wait::Nothing, "headend is leaving");
        }
    }

    /// The rollout holds it back, or lets it go. Says whether that changed anything.
    pub fn hold_back(&mut self, around: &mut Surroundings<'_>, held: bool) -> bool {
        if self.held_back == held || self.presence != Presence::Here {
            return false;
        }
        self.held_back = held;
        if !held {
            if self.wait == Wait::Rollout {
                self.queue(around, "its step of the rollout has come");
            }
        } else if self.is_due() {
            self.end_probe(around);
            if self.worker.is_some() {
                self.end_worker(around, Then::Rest(Wait::Rollout), "the rollout turned back");
            } else {
                // Through the line: what waited for something else waits for the rollout now.
                self.set_phase_held(around);
            }
        }
        true
    }

    fn set_phase_held(&mut self, around: &mut Surroundings<'_>) {
        self.failures.forget();
        self.inputs.forget();
        self.watch.failure_over();
        self.queue(around, "the rollout turned back");
    }

    /// The host is overloaded: it rests until that is over.
    pub fn shed(&mut self, around: &mut Surroundings<'_>, reason: &str) {
        self.shed = true;
        self.end_probe(around);
        self.end_worker(around, Then::Rest(Wait::Shed), reason);
    }

    /// The overload is over.
    pub fn unshed(&mut self, around: &mut Surroundings<'_>) {
        self.shed = false;
        if self.wait == Wait::Shed {
            self.queue(around, "the host is within its limits again");
        }
    }

    /// The pool became smaller: it gives its slot back and waits for another.
    pub fn give_slot_back(&mut self, around: &mut Surroundings<'_>) {
        self.end_probe(around);
        self.end_worker(around, Then::StartAnew, "the pool was made smaller");
    }
}
