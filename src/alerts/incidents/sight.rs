//! What rows say: which troubles there are, and which are over.

use std::sync::Arc;

use crate::alerts::Now;
use crate::model::{ConditionKind, Phase, Row, Severity, Wanted, WatchKind, host_of};

use super::Incidents;
use super::family::{Family, tells};
use super::opening::Key;
use super::rules::RuleIx;
use super::trouble::{Found, Standing, Subject, Trouble, Worker};

/// What is seen of one family of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// Nothing, and nobody wants to know.
    Nothing,
    /// Something that nobody wants to know, or that something else explains.
    Hushed(Found),
    /// Something is wrong.
    Failing(Found),
    /// Nothing, but there is no worker that could see it.
    Unknown,
    /// The stream is not to run, and nobody stopped it.
    OffAir,
    /// Nothing is wrong.
    Well,
}

/// Somebody says that this stream is not to be told about.
fn is_quiet(row: &Row, now: Now) -> bool {
    row.wanted == Wanted::Stopped || row.maintenance || row.care.is_muted(now.at)
}

/// headend keeps it from running: the host is busy, a disk is full, a rollout waits.
fn is_held(row: &Row) -> bool {
    row.phase == Phase::Held || (row.phase == Phase::Resting && row.watch == WatchKind::Always)
}

impl Incidents {
    /// A row is new or different. Most rows have nothing wrong: they must cost nothing.
    pub(super) fn take_row(&mut self, now: Now, row: &Arc<Row>) {
        self.remember_input(row);
        self.adopt(now, row);
        if row.conditions.is_empty() && !self.rows.contains_key(&row.ix) {
            return;
        }
        let before = self.rows.insert(row.ix, Arc::clone(row));
        for family in Family::ALL {
            self.look(now, row, family);
        }
        self.acknowledged_in_row(now, row, before.as_deref());
        self.forget_row(row.ix);
    }

    /// A stream with several inputs goes to the next one in the moment in which one fails: what failed is
    /// the one that was read.
    fn remember_input(&mut self, row: &Row) {
        if row.input_of.1 > 1 && row.phase.holds_slot() {
            let known = self.inputs.entry(row.ix).or_insert_with(|| Arc::clone(&row.input));
            if **known != *row.input {
                *known = Arc::clone(&row.input);
            }
        }
    }

    /// What this row says of one family.
    pub(super) fn look(&mut self, now: Now, row: &Row, family: Family) {
        let subject = Subject::Stream(row.ix, family);
        let known = self.troubles.contains_key(&subject);
        if !known && !row.conditions.iter().any(|condition| Family::of(condition.kind) == family) {
            return;
        }
        let mut rules =
            self.troubles.get_mut(&subject).map(|t| std::mem::take(&mut t.rules)).unwrap_or_default();
        let sight = self.sight(now, row, family, &mut rules);
        match sight {
            Sight::Failing(found) => self.fails(now, subject, found, row),
            Sight::Hushed(found) => self.hush(now, subject, found),
            Sight::Nothing => {
                self.leaves(now, subject);
                self.forget(subject);
            }
            Sight::OffAir => self.off_air(now, subject),
            Sight::Unknown => {
                if let Some(trouble) = self.troubles.get_mut(&subject) {
                    trouble.is_unknown();
                }
            }
            Sight::Well => self.is_well(now, subject, row),
        }
        if let Some(trouble) = self.troubles.get_mut(&subject) {
            trouble.rules = rules;
        }
        self.reschedule(subject);
    }

    fn sight(
        &mut self,
        now: Now,
        row: &Row,
        family: Family,
        rules: &mut Vec<(ConditionKind, RuleIx)>,
    ) -> Sight {
        let trouble = self.troubles.get(&Subject::Stream(row.ix, family));
        let is_known = trouble.is_some_and(|t| t.incident.is_some() || t.is_felt());
        let restored = trouble.is_some_and(|t| t.restored);
        let (mut loud, mut hushed): (Option<Found>, Option<Found>) = (None, None);
        for condition in row.conditions.iter().filter(|condition| Family::of(condition.kind) == family) {
            let kind = condition.kind;
            let known = rules.iter().find(|(known, _)| *known == kind).map(|(_, rule)| *rule);
            let rule = known.unwrap_or_else(|| self.rules.for_stream(row, kind, now.at));
            if known.is_none() {
                rules.push((kind, rule));
            }
            let says = self.rules.rule(rule);
            if says.ignore {
                continue;
            }
            let severity = says.severity.unwrap_or(condition.severity);
            let critical_since = (severity == Severity::Critical).then_some(condition.since);
            let found = Found { kind: Some(kind), severity, rule, since: condition.since, critical_since };
            let of = if condition.explained.is_none() { &mut loud } else { &mut hushed };
            *of = Some(of.map_or(found, |other| worse(other, found)));
        }
        if is_quiet(row, now) {
            return loud.or(hushed).map_or(Sight::Nothing, Sight::Hushed);
        }
        match (loud, hushed) {
            _ if row.phase == Phase::Stopped => Sight::OffAir,
            (Some(found), _) if is_held(row) && !is_known => Sight::Hushed(found),
            (Some(found), _) => Sight::Failing(found),
            (None, Some(found)) => Sight::Hushed(found),
            (None, None) if is_held(row) && !restored => Sight::Nothing,
            (None, None) if matches!(row.phase, Phase::Live | Phase::Resting) => Sight::Well,
            (None, None) => Sight::Unknown,
        }
    }

    fn fails(&mut self, now: Now, subject: Subject, found: Found, row: &Row) {
        let Subject::Stream(ix, family) = subject else { return };
        let known = self.troubles.get(&subject).map(|trouble| trouble.standing);
        let hushed = known == Some(Standing::Quiet);
        let trouble = self.troubles.entry(subject).or_insert_with(|| Trouble::new(now.at, found));
        let anew = trouble.fails(now.at, found, hushed, &self.rules);
        trouble.worker = row.started;
        let incident = trouble.incident;
        if anew {
            let input = self.inputs.get(&ix).filter(|_| row.input_of.1 > 1).unwrap_or(&row.input);
            trouble.input = Arc::clone(input);
            let host = host_of(input).map(|host| Arc::from(host.to_ascii_lowercase()));
            let before = std::mem::replace(&mut trouble.host, host.clone());
            self.not_at_host(before, ix, family);
            if let Some(host) = host {
                self.by_host.entry((host, family)).or_default().insert(ix);
            }
        }
        match incident {
            Some(number) => self.still_fails(now, number, subject),
            None => self.joins(now, subject),
        }
    }

    /// A host that is known to fail needs no time to prove it: its streams join at once.
    fn joins(&mut self, now: Now, subject: Subject) {
        let Subject::Stream(_, family) = subject else { return };
        let host = self.troubles.get(&subject).and_then(|trouble| trouble.host.clone());
        if let Some(number) = host.and_then(|host| self.index.get(&Key::Origin(host, family)).copied()) {
            self.add(now, number, subject);
        }
    }

    fn hush(&mut self, now: Now, subject: Subject, found: Found) {
        self.leaves(now, subject);
        self.troubles.entry(subject).or_insert_with(|| Trouble::new(now.at, found)).hush();
    }

    fn off_air(&mut self, now: Now, subject: Subject) {
        match self.troubles.get_mut(&subject) {
            Some(trouble) if trouble.incident.is_some() => {
                if !matches!(trouble.standing, Standing::OffAir { .. }) {
                    trouble.standing = Standing::OffAir { since: now.at };
                }
            }
            _ => self.forget(subject),
        }
    }

    fn is_well(&mut self, now: Now, subject: Subject, row: &Row) {
        let Subject::Stream(_, family) = subject else { return };
        let Some(trouble) = self.troubles.get_mut(&subject) else { return };
        if trouble.standing == Standing::Quiet {
            self.forget(subject);
            return;
        }
        let live = if row.phase == Phase::Live { row.since } else { now.at };
        trouble.is_well(now.at, Worker { started: row.started, live }, family.watched_for(), &self.rules);
        if let Some(number) = trouble.incident {
            self.mark_flapping(number, subject);
        }
    }

    /// The rules are other ones: which holds for what is known of this?
    pub(super) fn judge_anew(&mut self, now: Now, subject: Subject, row: &Row) {
        let Some(trouble) = self.troubles.get_mut(&subject) else { return };
        trouble.rules.clear();
        if let Some(kind) = trouble.found.kind {
            let rule = self.rules.for_stream(row, kind, now.at);
            trouble.found.rule = rule;
            if self.rules.rule(rule).ignore {
                self.leaves(now, subject);
                self.forget(subject);
            }
        }
    }
}

/// Both of them: called after the one that is worse, or tells more of the reason.
fn worse(one: Found, other: Found) -> Found {
    let rank = |found: &Found| (found.severity, found.kind.map_or(0, tells));
    let later = rank(&other) > rank(&one) || (rank(&other) == rank(&one) && other.since < one.since);
    let named = if later { other } else { one };
    let critical_since = match (one.critical_since, other.critical_since) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    Found { since: one.since.min(other.since), critical_since, ..named }
}
