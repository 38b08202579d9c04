//! How soon a frame is wanted, and when something changes on the screen without an event.

use std::time::Duration;

use super::{OWN_LOG_EVERY, Screen, State};
use crate::console::pages::Part;
use crate::console::spans::{Countdown, age_changes_in, slow_age_changes_in};
use crate::model::{Moment, Phase, Row, WatchKind};

/// How soon a frame is wanted. Ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirty {
    /// No visible cell can have changed.
    #[default]
    Clean,
    /// Figures: nobody reads them more often than once a second.
    Figures,
    /// Log lines: read as a flow.
    Lines,
    /// A state changed.
    Now,
    /// The operator did something, and waits to see it.
    Typed,
}

impl Dirty {
    /// The least time between two frames for it.
    #[must_use]
    pub const fn pause(self) -> Duration {
        match self {
            Self::Clean => Duration::MAX,
            Self::Figures => Duration::from_millis(1_000),
            Self::Lines => Duration::from_millis(150),
            Self::Now => Duration::from_millis(33),
            // A key held down repeats every 30 ms or so: each is its own frame, and a burst is one.
            Self::Typed => Duration::from_millis(8),
        }
    }
}

impl State {
    /// The next moment at which something happens without an event. That the supervisor falls silent is
    /// an event: whoever holds the link says so, as a console that looked itself would never sleep.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let screen = self.screen();
        let own_log = (screen == Screen::OwnLog).then(|| self.own_log_seen + OWN_LOG_EVERY);
        let sort = if self.sorts_by_itself() { self.list.sort_due() } else { None };
        // A frame that is wanted anyway shows the ages as they are then.
        let ages = if self.dirty == Dirty::Clean { self.ages_due } else { None };
        let wall = if screen == Screen::Wall { self.wall_due() } else { None };
        let waits = [self.audit_due(), self.incidents_due()];
        let mine = [wall, self.penalty_due(), self.toast_due(), self.alarm.due()];
        [own_log, sort, ages].into_iter().chain(mine).chain(waits).flatten().min()
    }

    /// Whether the grid's rows may move by themselves: while somebody sees them, and no question is open.
    pub(super) fn sorts_by_itself(&self) -> bool {
        self.screen() == Screen::Grid && self.question().is_none()
    }

    /// When the text of a visible age changes.
    pub(super) fn next_age_change(&self) -> Option<Moment> {
        let mut next = Duration::MAX;
        let mut consider = |span: Duration| next = next.min(span);
        self.silent_for().into_iter().for_each(|span| consider(age_changes_in(span)));
        if self.is_frozen() {
            // Nothing grows older but the frozen moment itself.
            consider(age_changes_in(self.now.since(self.seen_at())));
            return Some(self.now + next);
        }
        match self.screen() {
            Screen::Grid => consider(self.grid_changes_in()),
            Screen::Stream => {
                if let Some(row) = self.open.and_then(|ix| self.row(ix)) {
                    self.page_ages(row, &mut consider);
                }
                if self.sees(Part::Overview) {
                    self.incident_ages(&mut consider);
                }
                consider(self.log_changes_in());
            }
            Screen::Penalty => self.penalty_ages(&mut consider),
            Screen::Incidents | Screen::Incident | Screen::Machine => self.incident_ages(&mut consider),
            Screen::Wall => self.wall_ages(&mut consider),
            Screen::Log => consider(self.log_changes_in()),
            _ => {}
        }
        self.long_wait_in().into_iter().for_each(&mut consider);
        for notice in &self.board.notices {
            consider(age_changes_in(self.now.since(notice.since)));
        }
        if let Some(since) = self.board.pool.unseen_since {
            consider(slow_age_changes_in(self.now.since(since)));
        }
        (next < Duration::MAX).then(|| self.now + next)
    }

    /// The ages and the countdowns of the stream's page.
    fn page_ages(&self, row: &Row, consider: &mut impl FnMut(Duration)) {
        let now = self.now;
        let mut age = |at: Moment| consider(age_changes_in(now.since(at)));
        let detail = self.detail.as_deref().filter(|detail| detail.stream == row.ix);
        let runs = detail.map_or(&[][..], |detail| &detail.runs);
        if self.sees(Part::Runs) {
            runs.iter().map(|run| run.ended).chain(row.started).for_each(&mut age);
        }
        if !self.sees(Part::Overview) {
            return;
        }
        age(row.since);
        age(row.last_message_at);
        runs.first().map(|run| run.ended).into_iter().chain(row.care.acknowledged).for_each(age);
        consider(row_changes_in(row, now));
        let mut countdown = |at: Moment| consider(Countdown::Exact.changes_in(now.until(at)));
        row.next.into_iter().chain(row.care.muted_until).for_each(&mut countdown);
        if let Some(detail) = detail {
            let breakers = detail.inputs.iter().map(|input| input.breaker_next);
            let all = [detail.next_probe, detail.breaker_next].into_iter().chain(breakers);
            all.flatten().for_each(countdown);
        }
    }
}

/// How long until an age changes that stands on the grid and on the stream's own page.
pub(super) fn row_changes_in(row: &Row, now: Moment) -> Duration {
    let started = row.started.filter(|_| row.phase.holds_slot());
    let seen = row.last_seen.filter(|_| row.watch == WatchKind::Rotate);
    // While it rests its conditions are those of then, and have no age.
    let conditions = row.conditions.iter().filter(|_| row.phase != Phase::Resting);
    let ages = started.into_iter().chain(conditions.map(|c| c.since));
    // Its health says that it is muted.
    let ages = ages.map(|since| age_changes_in(now.since(since))).chain(row.care.muted_for(now));
    ages.chain(seen.map(|seen| slow_age_changes_in(now.since(seen)))).min().unwrap_or(Duration::MAX)
}

pub(super) fn countdown_changes_in(row: &Row, now: Moment, countdown: Countdown) -> Duration {
    row.next.map_or(Duration::MAX, |next| countdown.changes_in(now.until(next)))
}
