//! One family of faults of one stream, or one notice: since when, how bad, and how it comes and goes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{ConditionKind, Flapping, Moment, NoticeKind, Severity, StreamIx};

use super::family::Family;
use super::rules::{RuleIx, Rules};

/// Changes remembered of each; more than that in one window are as many.
pub const MAX_CHANGES: usize = 100;
/// A stream that is not to run any more, though nobody stopped it, is off air only after this long: at its
/// start and when it leaves headend shows all of them so for a moment.
pub const OFF_AIR_AFTER: Duration = Duration::from_secs(60);
/// What took longer to be seen counts as if it had taken so long.
const MAX_DELAY: Duration = Duration::from_secs(600);

/// Who or what has a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A stream.
    Stream(StreamIx, Family),
    /// headend itself or its machine.
    Notice(NoticeKind),
}

impl Subject {
    pub const fn stream(self) -> Option<StreamIx> {
        match self {
            Self::Stream(ix, _) => Some(ix),
            Self::Notice(_) => None,
        }
    }
}

/// What is known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is there, and nobody wants to know.
    Quiet,
    /// It is there.
    Failing,
    /// Its worker is being replaced, or waits: as it was before, for all that is known.
    Unknown {
        /// It was gone then.
        was_well: bool,
    },
    /// The stream is not to run.
    OffAir {
        /// Since when.
        since: Moment,
    },
    /// It is gone.
    Well {
        /// Since when.
        since: Moment,
        /// Since when that means something: the worker is new, and could not have seen it before.
        known: Moment,
        /// It is counted as a change.
        counted: bool,
    },
}

/// Who sees nothing wrong.
#[derive(Debug, Clone, Copy)]
pub struct Worker {
    /// When it was started; `None`: there is none.
    pub started: Option<Moment>,
    /// Since when it sees.
    pub live: Moment,
}

/// What is seen in a row or in a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The worst, or the one that tells most; `None` for a notice.
    pub kind: Option<ConditionKind>,
    pub severity: Severity,
    pub rule: RuleIx,
    /// Since when there is any.
    pub since: Moment,
    /// Since when there is a critical one, if there is.
    pub critical_since: Option<Moment>,
}

/// When something began, and when it was first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    since: Moment,
    seen: Moment,
}

/// See the module.
#[derive(Debug)]
pub struct Trouble {
    pub standing: Standing,
    pub found: Found,
    /// The incident it belongs to.
    pub incident: Option<u64>,
    /// Where it came from when it began.
    pub host: Option<Arc<str>>,
    pub input: Arc<str>,
    /// Which rule holds for each kind that was seen.
    pub rules: Vec<(ConditionKind, RuleIx)>,
    /// When it is to be looked at by itself, as it stands in the list of these times.
    pub timer: Option<Moment>,
    /// When the worker was started that saw it last.
    pub worker: Option<Moment>,
    /// It is known from the store only: headend has just started.
    pub restored: bool,
    any: Mark,
    critical: Option<Mark>,
    delay: Duration,
    changes: VecDeque<Moment>,
    flapping: Option<Moment>,
}

impl Trouble {
    /// Something that nobody wants to know yet.
    pub fn new(now: Moment, found: Found) -> Self {
        Self {
            standing: Standing::Quiet,
            found,
            incident: None,
            host: None,
            input: "".into(),
            rules: Vec::new(),
            timer: None,
            worker: None,
            restored: false,
            any: Mark { since: found.since, seen: now },
            critical: None,
            delay: Duration::ZERO,
            changes: VecDeque::new(),
            flapping: None,
        }
    }

    /// Since when, in one go.
    pub const fn since(&self) -> Moment {
        self.any.since
    }

    /// It is there, and people want to know. Says whether it is there anew. `hushed`: it was there before,
    /// and nobody wanted to know: it counts from now.
    pub fn fails(&mut self, now: Moment, found: Found, hushed: bool, rules: &Rules) -> bool {
        let was_well = matches!(
            self.standing,
            Standing::Well { counted: true, .. } | Standing::Unknown { was_well: true }
        );
        let anew = self.standing == Standing::Quiet || (was_well && self.incident.is_none());
        let from = |since: Moment| Mark { since: if hushed { now } else { since.min(now) }, seen: now };
        if anew {
            self.any = from(found.since);
            self.critical = None;
            self.delay = now.since(found.since).min(MAX_DELAY);
        }
        if was_well || self.standing == Standing::Quiet {
            self.count(now, rules);
        }
        self.critical = found.critical_since.map(|since| self.critical.unwrap_or_else(|| from(since)));
        self.found = found;
        self.restored = false;
        self.standing = Standing::Failing;
        anew
    }

    /// It is not seen any more. What could not have seen it yet must look for `watched_for` first.
    pub fn is_well(&mut self, now: Moment, worker: Worker, watched_for: Duration, rules: &Rules) {
        if matches!(self.standing, Standing::Well { .. }) {
            return;
        }
        let watched_for = match watched_for {
            span if self.restored => span.max(OFF_AIR_AFTER),
            Duration::ZERO => Duration::ZERO,
            span => span.max(self.delay),
        };
        let renewed = worker.started.is_some() && (self.restored || self.worker != worker.started);
        let known = if renewed { (worker.live + watched_for).max(now) } else { now };
        let was_well = self.standing == Standing::Unknown { was_well: true };
        let counted = known <= now || was_well;
        if counted && !was_well {
            self.count(now, rules);
        }
        self.standing = Standing::Well { since: now, known, counted };
    }

    /// Nothing is known for now.
    pub fn is_unknown(&mut self) {
        let was_well = match self.standing {
            Standing::Well { counted, .. } => counted,
            Standing::Unknown { was_well } => was_well,
            _ => false,
        };
        if self.standing != Standing::Quiet {
            self.standing = Standing::Unknown { was_well };
        }
    }

    /// Nobody wants to know any more; what was is forgotten.
    pub fn hush(&mut self) {
        self.standing = Standing::Quiet;
        self.critical = None;
        self.forget_changes();
    }

    /// It is over for good.
    pub fn settles(&mut self, now: Moment, rules: &Rules) {
        if let Standing::Well { counted, .. } = &mut self.standing
            && !std::mem::replace(counted, true)
        {
            self.count(now, rules);
        }
        self.flapping = None;
        self.restored = false;
    }

    fn forget_changes(&mut self) {
        self.changes.clear();
        self.flapping = None;
    }

    fn count(&mut self, now: Moment, rules: &Rules) {
        let window = rules.settings.flap_window;
        self.changes.retain(|at| now.since(*at) < window);
        if self.changes.len() >= MAX_CHANGES {
            self.changes.pop_front();
        }
        self.changes.push_back(now);
        let limit = (rules.settings.flap_changes as usize).clamp(2, MAX_CHANGES);
        if self.changes.len() >= limit && self.flapping.is_none() {
            self.flapping = Some(now);
        }
    }

    /// How it comes and goes, if it does so too often.
    pub fn flapping(&self) -> Option<Flapping> {
        let first = self.changes.front().filter(|_| self.flapping.is_some())?;
        let last = self.changes.back()?;
        let changes = u32::try_from(self.changes.len()).unwrap_or(u32::MAX);
        Some(Flapping { changes, within_ms: u64::try_from(last.since(*first).as_millis()).unwrap_or(0) })
    }

    /// Whether it is there, or comes and goes.
    pub fn is_felt(&self) -> bool {
        match self.standing {
            Standing::Failing | Standing::Unknown { was_well: false } => true,
            Standing::Well { .. } | Standing::Unknown { was_well: true } => self.flapping.is_some(),
            Standing::Quiet | Standing::OffAir { .. } => false,
        }
    }

    /// When it has lasted long enough, and gathered, to be an incident.
    pub fn opens_at(&self, rules: &Rules, gather: Duration) -> Option<Moment> {
        let lasted =
            |mark: Mark, severity| (mark.since + rules.after(self.found.rule, severity)).max(mark.seen);
        let failing = self.standing == Standing::Failing;
        let any = failing.then(|| lasted(self.any, Severity::Warning));
        let critical = self.critical.filter(|_| failing).map(|mark| lasted(mark, Severity::Critical));
        let flapping = self.flapping.filter(|_| failing || matches!(self.standing, Standing::Well { .. }));
        Some([any, critical, flapping].into_iter().flatten().min()? + gather)
    }

    /// When it has been gone long enough.
    pub fn clears_at(&self, rules: &Rules) -> Option<Moment> {
        let Standing::Well { since, known, .. } = self.standing else { return None };
        let gone = (since + rules.clear_after(self.found.rule)).max(known);
        let calm = self.flapping.and_then(|_| {
            let calm = (rules.settings.flap_calm as usize).max(1);
            let nth = self.changes.len().checked_sub(calm)?;
            self.changes.get(nth).map(|at| *at + rules.settings.flap_window)
        });
        Some(calm.map_or(gone, |calm| gone.max(calm)))
    }

    /// When nothing need be known of it any more.
    fn expires_at(&self, rules: &Rules) -> Option<Moment> {
        let was_well = matches!(self.standing, Standing::Well { .. } | Standing::Unknown { was_well: true });
        let last = self.changes.back().map(|last| *last + rules.settings.flap_window);
        was_well.then(|| last.unwrap_or(self.any.seen))
    }

    /// What is to be done with it next, and when.
    pub fn next(&self, rules: &Rules, gather: Duration) -> Option<(Moment, Turn)> {
        if let Standing::OffAir { since } = self.standing {
            return Some((since + OFF_AIR_AFTER, Turn::Leave));
        }
        if self.incident.is_some() {
            return self.clears_at(rules).map(|at| (at, Turn::Clear));
        }
        let opens = self.opens_at(rules, gather).map(|at| (at, Turn::Open));
        opens.or_else(|| self.expires_at(rules).map(|at| (at, Turn::Forget)))
    }
}

/// What becomes of a trouble when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is an incident.
    Open,
    /// It is over.
    Clear,
    /// It is not to run any more.
    Leave,
    /// Nothing need be known of it any more.
    Forget,
}
