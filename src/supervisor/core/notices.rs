//! What the supervisor has to say that belongs to no single stream.

use crate::model::{Moment, Notice, NoticeKind, Severity, clean, counted, counted_do};

use super::Supervisor;
use super::reason::words;

/// So many hosts that are down get a line each; the others are counted.
const MOST_HOSTS: usize = 20;

impl Supervisor {
    /// The notices as they are now. Their texts hold no figure that changes by the second.
    pub(super) fn notices(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        let mut say = |kind, severity, since: Moment, text: String| {
            notices.push(Notice { kind, severity, text: text.into(), since });
        };
        if let Some((since, streams)) = self.disk_full.is_full() {
            let text = format!(
                "no space left on the disk of the outputs of {}: nothing is started; make room",
                counted(streams, "stream")
            );
            say(NoticeKind::Host, Severity::Critical, since, text);
        } else if let (Some(why), Some(since)) = (self.guard.reason(&self.policy.guard), self.guard.since()) {
            let (severity, what) = match self.shedding.resting.len() {
                0 => (Severity::Warning, "nothing new is started".to_owned()),
                resting => {
                    let rest = counted_do(resting, "stream", "rest");
                    (Severity::Critical, format!("nothing is started, {rest}"))
                }
            };
            say(
                NoticeKind::Host,
                severity,
                since,
                format!("the host is busy: {why}: {what} until it is less"),
            );
        } else if !self.shedding.resting.is_empty() {
            // Nothing may be wrong any more, and still not everything runs.
            let what = match self.shedding.resting.len() {
                1 => "1 stream rests and comes back soon".to_owned(),
                resting => format!("{resting} streams rest and come back a few at a time"),
            };
            say(
                NoticeKind::Host,
                Severity::Warning,
                self.shedding.began,
                format!("the host was busy: {what}"),
            );
        }
        self.hosts_down(&mut say);
        if let Some(rolling) = &self.rolling {
            say(
                NoticeKind::Rollout,
                Severity::Warning,
                rolling.begun(),
                rolling.words(self.counted.held_back),
            );
        }
        if let Some(since) = self.short_since {
            let (waiting, slots) = (self.line.len(), self.slots());
            let text = format!(
                "{} for a slot that never comes free: all {slots} are kept; make the pool larger, or let more streams rotate",
                counted_do(waiting as usize, "stream", "wait")
            );
            say(NoticeKind::Pool, Severity::Warning, since, text);
        }
        notices
    }

    fn hosts_down(&self, say: &mut impl FnMut(NoticeKind, Severity, Moment, String)) {
        if !self.origins.any_down() {
            return;
        }
        let down = self.origins.down();
        for host in down.iter().take(MOST_HOSTS) {
            let text = format!(
                "origin {}: {}; {} together and {} tried a few at a time",
                clean(&host.host),
                words(host.class),
                counted_do(host.waiting as usize, "stream", "wait"),
                if host.waiting == 1 { "is" } else { "are" }
            );
            say(NoticeKind::Origin, Severity::Critical, host.since, text);
        }
        if let Some(more) = down.len().checked_sub(MOST_HOSTS).filter(|more| *more > 0) {
            let since = down.last().map_or(Moment::ZERO, |host| host.since);
            say(NoticeKind::Origin, Severity::Critical, since, format!("{more} more origin hosts are down"));
        }
    }
}
