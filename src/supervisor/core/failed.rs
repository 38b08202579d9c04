//! What follows when a worker is gone: rest, the next try, another input, or waiting for a host.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{FaultClass, LineLevel, Phase};

use super::backoff::{Haste, Verdict};
use super::origins::{Gate, HostIx, blames_the_host};
use super::reason::{Failure, words};
use super::stream::{Concern, Stream, Surroundings, Wait};

impl Stream {
    pub(super) fn rests(&mut self, around: &mut Surroundings<'_>, wait: Wait) {
        let may_rest = self.is_due() && !around.leaving;
        if self.turns.progress >= around.policy.backoff_reset {
            // A turn alone may be too short for it: what counts is progress without a failure.
            self.failures.forget();
            self.inputs.good(self.inputs.current());
        }
        match wait {
            Wait::Line if may_rest && !self.shed && !self.held_back => {
                // Each turn begins with the primary, unless it failed lately.
                let choice = self.inputs.choose(around.now, around.policy, around.origins);
                self.inputs.take(choice.input);
                self.set_phase(around, Phase::Resting, Wait::Line, "waits for its next turn");
            }
            Wait::Line | Wait::Shed | Wait::Rollout if may_rest => {
                self.queue(around, "waits for its turn to start");
            }
            _ => {
                let reason = Arc::clone(&self.reason);
                self.set_phase(around, Phase::Stopped, Wait::Nothing, &reason);
            }
        }
    }

    pub(super) fn failed(&mut self, around: &mut Surroundings<'_>, failure: &Failure, host: Option<HostIx>) {
        let now = around.now;
        self.watch.run_failed(now, failure.kind);
        let in_full: Arc<str> = failure.in_full().into();
        self.last_error = Some(Arc::clone(&in_full));
        if failure.slow_start {
            around.concerns.push(Concern::Start(None));
        }
        if failure.class == Some(FaultClass::DiskFull) {
            around.concerns.push(Concern::DiskFull(self.ix));
            self.set_phase(around, Phase::Held, Wait::Line, &failure.reason);
            self.note(around, LineLevel::Error, format!("headend: {in_full}").into());
            return;
        }
        around.concerns.push(Concern::NotLive(self.ix));
        self.inputs.burn(now, &in_full);
        self.turns.progress = Duration::ZERO;
        if let Some(host) = host {
            self.tell_origin(around, failure, host);
        }
        let used = self.inputs.current();
        let choice = self.inputs.choose(now, around.policy, around.origins);
        self.inputs.take(choice.input);
        if let Some(host) = choice.closed {
            self.wait_for_origin(around, host);
            return;
        }
        let (policy, haste) = (around.policy, failure.haste());
        // A fresh input is tried soon, whatever became of the last one.
        let haste = if choice.input == used || haste == Haste::None { haste } else { Haste::Usual };
        let (phase, wait) = match self.failures.failed(now, haste, choice.failures, policy, around.random) {
            Verdict::Backoff(wait) => (Phase::Backoff, wait),
            Verdict::Broken(wait) => (Phase::Broken, wait),
        };
        self.set_phase(around, phase, Wait::Retry(now + wait), &failure.reason);
        let other =
            if choice.input == used { String::new() } else { format!(" with input {}", choice.input + 1) };
        let told = format!("headend: {in_full}; next try{other} in {:.1} s", wait.as_secs_f32());
        self.note(around, LineLevel::Error, told.into());
    }

    /// What a failed run says of the input's host: that it is at fault, or that it answers.
    fn tell_origin(&mut self, around: &mut Surroundings<'_>, failure: &Failure, host: HostIx) {
        match failure.class {
            Some(class) if blames_the_host(class) => {
                let gate =
                    around.origins.failed(around.now, host, self.ix, class, around.policy, around.random);
                if gate == Gate::Opened {
                    around.concerns.push(Concern::OriginDown(host, class));
                }
            }
            Some(
                FaultClass::Auth | FaultClass::NotFound | FaultClass::InvalidData | FaultClass::NoStream,
            ) => {
                if let Some(freed) = around.origins.answered(around.now, host, self.ix, false) {
                    around.concerns.push(Concern::OriginBack(host, freed));
                }
            }
            // Says nothing about the host.
            _ => {}
        }
    }

    /// Its host's breaker is open: it waits together with the host's other streams.
    pub(super) fn wait_for_origin(&mut self, around: &mut Surroundings<'_>, host: HostIx) {
        let now = around.now;
        around.origins.wait(host, self.ix, now);
        let name = around.origins.name(host);
        self.origin_probe = around.origins.closed_until(host);
        let why = around.origins.class(host).map_or("no answer", words);
        let text = format!("host {name} is down: {why}");
        self.set_phase(around, Phase::Broken, Wait::Origin(host, now), &text);
        self.note(around, LineLevel::Error, format!("headend: {text}; waits with its other streams").into());
    }

    /// The breaker of `host` has opened: if it failed there and waits for its next try, it waits
    /// for the host instead.
    pub fn origin_down(&mut self, around: &mut Surroundings<'_>, host: HostIx) {
        if matches!(self.wait, Wait::Retry(_)) && self.inputs.host() == Some(host) {
            let choice = self.inputs.choose(around.now, around.policy, around.origins);
            if choice.closed.is_some() {
                self.wait_for_origin(around, host);
            } else {
                // Its next try goes to an input that can be reached.
                self.inputs.take(choice.input);
            }
        }
    }

    /// Its host is probed: it is let through.
    pub fn probe_origin(&mut self, around: &mut Surroundings<'_>) {
        if let Wait::Origin(host, _) = self.wait {
            self.tries_host = Some(host);
            self.queue(around, "tries whether its host is back");
        }
    }

    /// Its host answers again.
    pub fn origin_back(&mut self, around: &mut Surroundings<'_>, host: HostIx) {
        self.inputs.host_is_back(host);
        // It may have waited for the host of another of its inputs.
        if matches!(self.wait, Wait::Origin(..)) && self.inputs.is_on(host) {
            self.failures.forget();
            let choice = self.inputs.choose(around.now, around.policy, around.origins);
            self.inputs.take(choice.input);
            self.queue(around, "its host answers again");
        }
    }
}
