//! How fast messages go to one receiver.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{BURST_WINDOW, DIGEST_EVERY, MAX_LIMITED, RETRY_FIRST, RETRY_MOST};
use crate::alerts::{Event, Item};
use crate::config::AlertSettings;
use crate::model::{Cause, Moment, Severity};

/// What `per_hour` counts over.
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// When one receiver gets its next message.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When each message of the last hour was first given out, oldest first; no more than `per_hour`.
    given: VecDeque<Moment>,
    /// When the last message beyond `digest_above` was given out.
    beyond: Option<Moment>,
    /// Messages since the last pause.
    in_batch: u32,
    last: Option<Moment>,
    pause_until: Option<Moment>,
    /// Tries that failed since the last one that did not.
    failures: u32,
    retry_at: Option<Moment>,
}

impl Pace {
    /// Forgets what is longer ago than an hour.
    pub(super) fn look(&mut self, now: Moment) {
        while self.given.front().is_some_and(|at| *at + HOUR <= now) {
            self.given.pop_front();
        }
    }

    /// When anything can be sent, or tried again.
    pub(super) fn open_at(&self) -> Moment {
        self.retry_at.into_iter().chain(self.pause_until).max().unwrap_or(Moment::ZERO)
    }

    /// When the hourly cap lets one message more through; `None`: now.
    pub(super) fn capped_until(&self, settings: &AlertSettings) -> Option<Moment> {
        let most = settings.per_hour.max(1) as usize;
        let over = self.given.len().checked_sub(most)?;
        self.given.get(over).map(|at| *at + HOUR)
    }

    /// How many messages the hourly cap lets through now.
    pub(super) fn left(&self, settings: &AlertSettings) -> usize {
        (settings.per_hour.max(1) as usize).saturating_sub(self.given.len())
    }

    /// How many more messages may tell of one thing each.
    pub(super) fn alone_left(&self, settings: &AlertSettings, now: Moment) -> usize {
        let recent = self.given.iter().rev().take_while(|at| **at + BURST_WINDOW > now).count();
        (settings.digest_above as usize).saturating_sub(recent)
    }

    /// When what can't go alone goes together.
    pub(super) fn together_at(&self) -> Moment {
        self.beyond.map_or(Moment::ZERO, |at| at + DIGEST_EVERY)
    }

    /// A message is given out for the first time; `beyond`: it is one of those that do not go alone.
    pub(super) fn gave(&mut self, at: Moment, beyond: bool) {
        self.given.push_back(at);
        if beyond {
            self.beyond = Some(at);
        }
    }

    /// The server has answered, this way or that.
    pub(super) fn answered(&mut self, settings: &AlertSettings, now: Moment) {
        self.failures = 0;
        self.retry_at = None;
        if self.last.is_none_or(|last| last + settings.batch_pause <= now) {
            self.in_batch = 0;
        }
        self.last = Some(now);
        self.in_batch += 1;
        if self.in_batch >= settings.batch.max(1) {
            self.in_batch = 0;
            self.pause_until = Some(now + settings.batch_pause);
        }
    }

    /// It has not; tries again later and later.
    pub(super) fn failed(&mut self, now: Moment) -> Moment {
        self.failures = self.failures.saturating_add(1);
        let at = now + retry_after(self.failures);
        self.retry_at = Some(at);
        at
    }
}

/// How long to wait after so many failures.
pub(super) fn retry_after(failures: u32) -> Duration {
    RETRY_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(RETRY_MOST)
}

/// What was told of which cause last: one message in `rate_limit`.
///
/// That a thing is over may follow within it, as one would wait for that: raise and recovery are a pair. Only
/// once: when the cause comes back within the time, nothing more is said until the time is over, and from then
/// on one message in each, until it has been quiet for as long. What is worse than was told may be told at once.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    last: BTreeMap<Cause, Last>,
    clean_at: Option<Moment>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    at: Moment,
    severity: Severity,
    incident: u64,
    /// The pair is complete, or there is none.
    closed: bool,
}

impl Limiter {
    /// When an item may be told; the past: now.
    pub(super) fn free_at(&self, item: &Item, limit: Duration) -> Moment {
        let Some(last) = self.last.get(&item.incident.cause) else { return Moment::ZERO };
        let second = item.event == Event::Recovered && item.incident.number == last.incident && !last.closed;
        if second || item.incident.severity > last.severity || item.event == Event::Test {
            return Moment::ZERO;
        }
        last.at + limit
    }

    /// Something is told. `since`: when it began to wait.
    pub(super) fn told(&mut self, about: Told<'_>, since: Moment, now: Moment, limit: Duration) {
        let before = self.last.get(about.cause).copied();
        let mut last = Last { at: now, severity: about.severity, incident: about.incident, closed: false };
        if let Some(before) = before {
            let until = before.at + limit;
            if now < until && about.severity <= before.severity {
                // The second of a pair: the time goes on from the first.
                last = Last { closed: true, ..before };
            } else {
                last.closed = since < until && about.severity <= before.severity;
            }
        }
        self.last.insert(about.cause.clone(), last);
        self.clean_at.get_or_insert(now + limit + limit);
        if self.last.len() > MAX_LIMITED {
            let oldest = self.last.iter().min_by_key(|(_, last)| last.at).map(|(cause, _)| cause.clone());
            oldest.and_then(|cause| self.last.remove(&cause));
        }
    }

    /// Forgets what is longer ago than twice the limit: until then it is known who came back within it.
    pub(super) fn look(&mut self, now: Moment, limit: Duration) {
        if self.clean_at.is_some_and(|at| at <= now) {
            self.last.retain(|_, last| last.at + limit + limit > now);
            self.clean_at = (!self.last.is_empty()).then(|| now + limit);
        }
    }

    /// When it wants to be looked at.
    pub(super) const fn clean_at(&self) -> Option<Moment> {
        self.clean_at
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.last.len()
    }
}

/// What a message said, for the limiter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) cause: &'a Cause,
    pub(super) severity: Severity,
    pub(super) incident: u64,
}
