//! What headend says of itself and its machine.

use std::collections::BTreeSet;

use crate::alerts::Now;
use crate::model::{Notice, NoticeKind, Severity};

use super::Incidents;
use super::trouble::{Found, OFF_AIR_AFTER, Standing, Subject, Trouble, Worker};
use super::words;

/// How a rollout's notice begins when it needs somebody; while it is watched it needs nobody.
const ROLLOUT_STOPPED: &str = "rollout stopped";

/// How bad a notice is, if it is something to be told: what an origin host does, its streams say.
fn severity(notice: &Notice) -> Option<Severity> {
    match notice.kind {
        NoticeKind::Origin => None,
        NoticeKind::Rollout => notice.text.starts_with(ROLLOUT_STOPPED).then_some(notice.severity),
        NoticeKind::Config | NoticeKind::Limits | NoticeKind::Pool => Some(Severity::Warning),
        NoticeKind::Store | NoticeKind::Logs | NoticeKind::Ffmpeg | NoticeKind::Host => Some(notice.severity),
    }
}

impl Incidents {
    pub(super) fn take_notices(&mut self, now: Now, notices: &[Notice]) {
        let mut there = BTreeSet::new();
        for notice in notices {
            let Some(severity) = severity(notice) else { continue };
            // One of a kind, and the worst stands first.
            if there.insert(notice.kind) {
                self.notices.insert(notice.kind, notice.clone());
                self.notice_stands(now, notice, severity);
            }
        }
        self.notices.retain(|kind, _| there.contains(kind));
        let known = self.troubles.range(Subject::Notice(NoticeKind::Store)..).map(|(subject, _)| *subject);
        let known: Vec<Subject> = known.collect();
        for subject in known {
            if !matches!(subject, Subject::Notice(kind) if there.contains(&kind)) {
                self.notice_gone(now, subject);
            }
        }
    }

    fn notice_stands(&mut self, now: Now, notice: &Notice, severity: Severity) {
        let subject = Subject::Notice(notice.kind);
        let rule = self.rules.for_headend();
        let says = self.rules.rule(rule);
        let severity = says.severity.unwrap_or(severity);
        if says.ignore {
            self.leaves(now, subject);
            self.forget(subject);
            return;
        }
        let since = notice.since;
        let critical_since = (severity == Severity::Critical).then_some(since);
        let found = Found { kind: None, severity, rule, since, critical_since };
        let trouble = self.troubles.entry(subject).or_insert_with(|| Trouble::new(now.at, found));
        trouble.fails(now.at, found, false, &self.rules);
        if let Some(number) = trouble.incident {
            let worse = self.kept.get(&number).is_some_and(|incident| severity > incident.severity);
            self.still_fails(now, number, subject);
            if worse {
                self.name_notice(number, notice);
            }
        }
        self.reschedule(subject);
    }

    fn name_notice(&mut self, number: u64, notice: &Notice) {
        if let Some(incident) = self.edit(number) {
            incident.title = words::of_notice(notice);
            incident.values = vec![("notice".into(), notice.text.clone())];
        }
    }

    fn notice_gone(&mut self, now: Now, subject: Subject) {
        let Some(trouble) = self.troubles.get_mut(&subject) else { return };
        // At the start not everything has been looked at.
        let worker = Worker { started: Some(self.began).filter(|_| trouble.restored), live: self.began };
        trouble.is_well(now.at, worker, OFF_AIR_AFTER, &self.rules);
        if let Some(number) = trouble.incident {
            self.mark_flapping(number, subject);
        }
        self.reschedule(subject);
    }

    pub(super) fn judge_notices_anew(&mut self, now: Now) {
        let rule = self.rules.for_headend();
        let ignored = self.rules.rule(rule).ignore;
        let known = self.troubles.range_mut(Subject::Notice(NoticeKind::Store)..);
        let mut gone = Vec::new();
        for (subject, trouble) in known {
            trouble.found.rule = rule;
            if ignored {
                gone.push(*subject);
            }
        }
        for subject in gone {
            self.leaves(now, subject);
            self.forget(subject);
        }
    }

    /// The notice of an incident, that is about to open.
    pub(super) fn title_of(&self, kind: NoticeKind) -> std::sync::Arc<str> {
        self.notices.get(&kind).map_or_else(|| words::of_notice_kind(kind).into(), words::of_notice)
    }

    /// It was there when headend ended.
    pub(super) fn notice_was_there(&mut self, subject: Subject, found: Found, number: u64, now: Now) {
        let mut trouble = Trouble::new(now.at, found);
        trouble.standing = Standing::Unknown { was_well: false };
        trouble.restored = true;
        trouble.incident = Some(number);
        self.troubles.insert(subject, trouble);
    }
}
