//! Incidents: the open ones stand on the board, the others are read page by page.

mod desk;
mod reading;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Dirty, Screen, State};
use crate::console::incident::Clock;
use crate::console::spans::age_changes_in;
use crate::model::{
    AlertsReading, Availability, Board, Cause, Delta, Ending, Incident, IncidentBrief, Moment, Row, Severity,
    StreamIx, Told, host_of,
};
use reading::Asked;

/// Messages that wait longer than this are said on every screen.
const LONG_WAIT: Duration = Duration::from_secs(300);

/// What is known of incidents beyond the board.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and none excludes another")]
pub struct Incidents {
    /// Only those that are open are listed.
    pub open_only: bool,
    /// The one under the cursor.
    pub selected: Option<u64>,
    /// The first line of the list that is seen.
    pub top: usize,
    /// What was read, by number.
    history: BTreeMap<u64, Arc<Incident>>,
    /// There are older ones than those that were read.
    more: bool,
    /// Something was read.
    read: bool,
    /// The newest ones are to be read again.
    stale: bool,
    /// The one that is open on its page.
    pub opened: Option<u64>,
    /// All of it, once it has come.
    whole: Option<Arc<Incident>>,
    /// It was asked for and is no longer kept.
    pub gone: bool,
    whole_stale: bool,
    /// The first line of its page that is seen.
    pub page_top: usize,
    /// What was read for the open stream.
    of_stream: Option<OfStream>,
    stream_stale: bool,
    asked: Option<Asked>,
    asked_at: Option<Moment>,
    /// Why nothing can be read.
    pub refused: Option<Arc<str>>,
    /// Since when messages wait to be sent.
    waiting_since: Option<Moment>,
}

/// How a stream was, and its last incidents.
#[derive(Debug)]
pub struct OfStream {
    /// Which.
    stream: StreamIx,
    /// The newest first.
    pub incidents: Vec<Arc<Incident>>,
    /// How available it was.
    pub availability: Availability,
}

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// See [`Incident::number`].
    pub number: u64,
    /// See [`Incident::severity`].
    pub severity: Severity,
    /// See [`Incident::title`].
    pub title: &'a str,
    /// See [`Incident::began_wall_ms`].
    pub began_ms: u64,
    /// See [`Incident::ended`].
    pub ended: Option<(u64, Ending)>,
    /// It comes and goes.
    pub flapping: bool,
    /// Streams that have the fault.
    pub failing: u32,
    /// Streams that have or had it.
    pub streams: u32,
    /// Who knows.
    pub known: Option<&'a str>,
    /// How far the telling has come; known of open ones.
    pub told: Option<Told>,
}

impl<'a> Entry<'a> {
    fn of_brief(brief: &'a IncidentBrief) -> Self {
        Self {
            number: brief.number,
            severity: brief.severity,
            title: &brief.title,
            began_ms: brief.began_wall_ms,
            ended: None,
            flapping: brief.flapping,
            failing: brief.failing,
            streams: brief.streams,
            known: brief.acknowledged.as_deref(),
            told: Some(brief.told),
        }
    }

    /// As it was at `at_ms`: what ended later had not ended.
    pub fn of(incident: &'a Incident, at_ms: u64) -> Self {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let ended = incident.ended.filter(|(at, _)| *at <= at_ms);
        Self {
            number: incident.number,
            severity: incident.severity,
            title: &incident.title,
            began_ms: incident.began_wall_ms,
            ended,
            flapping: incident.flapping.is_some(),
            failing: if ended.is_some() { 0 } else { count(incident.failing()) },
            streams: count(incident.members.len()).saturating_add(incident.more_members),
            known: incident.acknowledged.as_ref().map(|known| &*known.by),
            told: None,
        }
    }

    /// Whether it has not ended.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.ended.is_none()
    }
}

/// How many incidents are open on a board.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenCount {
    /// All of them.
    pub open: usize,
    /// Those that nobody has acknowledged.
    pub unknown: usize,
    /// The worst of those; where there are none, of all.
    pub worst: Option<Severity>,
}

impl State {
    /// How many incidents are open at the moment that is shown.
    #[must_use]
    pub fn incidents_count(&self) -> OpenCount {
        let open = || self.board.incidents.values();
        let unknown = || open().filter(|brief| brief.acknowledged.is_none());
        let worst = unknown().map(|brief| brief.severity).max();
        let worst = worst.or_else(|| open().map(|brief| brief.severity).max());
        OpenCount { open: open().count(), unknown: unknown().count(), worst }
    }

    /// The moment that is shown on people's clocks; the end of time while that is not known.
    #[must_use]
    pub fn seen_ms(&self) -> u64 {
        self.wall_ms(self.seen_at()).and_then(|ms| u64::try_from(ms).ok()).unwrap_or(u64::MAX)
    }

    /// The same, to tell times by.
    #[must_use]
    pub fn incident_clock(&self) -> Clock<'_> {
        Clock { now_ms: self.seen_ms(), zone: &self.zone }
    }

    /// The lines of the list: the open ones, the worst and newest first, then those that are over, the
    /// newest first.
    #[must_use]
    pub fn incident_entries(&self) -> Vec<Entry<'_>> {
        let at_ms = self.seen_ms();
        let board = &self.board.incidents;
        let briefs = board.values().map(|brief| Entry::of_brief(brief));
        let read = self.incidents.history.values();
        let read = read.filter(|read| read.opened_wall_ms <= at_ms && !board.contains_key(&read.number));
        let read = read.map(|incident| Entry::of(incident, at_ms));
        let shown = |entry: &Entry| entry.is_open() || !self.incidents.open_only;
        let mut entries: Vec<Entry<'_>> = briefs.chain(read).filter(shown).collect();
        entries.sort_by_key(|entry| {
            let worst = entry.is_open().then_some(entry.severity);
            (!entry.is_open(), Reverse(worst), Reverse(entry.number))
        });
        entries
    }

    /// The incident that is open on its page, as far as it has come.
    #[must_use]
    pub fn opened_incident(&self) -> Option<&Incident> {
        let number = self.incidents.opened?;
        let whole = self.incidents.whole.as_ref().filter(|whole| whole.number == number)?;
        Some(whole)
    }

    /// What was read for the open stream.
    #[must_use]
    pub fn incidents_of_stream(&self, ix: StreamIx) -> Option<&OfStream> {
        self.incidents.of_stream.as_ref().filter(|read| read.stream == ix)
    }

    /// The number of the incident that keys are about on these pages.
    #[must_use]
    pub fn aimed_incident(&self) -> Option<u64> {
        match self.screen() {
            Screen::Incident => self.incidents.opened,
            Screen::Incidents => self.selected_incident(),
            _ => None,
        }
    }

    /// The incident under the cursor of the list; the first one where there is none.
    #[must_use]
    pub fn selected_incident(&self) -> Option<u64> {
        let entries = self.incident_entries();
        let selected = entries.iter().find(|entry| Some(entry.number) == self.incidents.selected);
        selected.or_else(|| entries.first()).map(|entry| entry.number)
    }

    /// Incidents that fit the screen.
    #[must_use]
    pub fn incidents_height(&self) -> usize {
        usize::from(self.areas().body.height.saturating_sub(2)).max(1)
    }

    /// Moves the cursor of the list.
    pub(super) fn move_in_incidents(&mut self, lines: isize) {
        let numbers: Vec<u64> = self.incident_entries().iter().map(|entry| entry.number).collect();
        let height = self.incidents_height();
        let Some(last) = numbers.len().checked_sub(1) else { return };
        let at = numbers.iter().position(|number| Some(*number) == self.incidents.selected).unwrap_or(0);
        let at = at.saturating_add_signed(lines).min(last);
        self.incidents.selected = numbers.get(at).copied();
        self.show_incident(at, numbers.len(), height);
    }

    /// Scrolls so that the one under the cursor is in sight.
    fn show_incident(&mut self, at: usize, count: usize, height: usize) {
        let top = &mut self.incidents.top;
        *top = (*top).clamp((at + 1).saturating_sub(height), at).min(count.saturating_sub(height));
    }

    /// The list has changed: the cursor stays on its incident, and in sight.
    pub(super) fn settle_incidents(&mut self) {
        if self.screen() != Screen::Incidents {
            return;
        }
        let selected = self.selected_incident();
        let numbers: Vec<u64> = self.incident_entries().iter().map(|entry| entry.number).collect();
        self.incidents.selected = selected;
        let at = numbers.iter().position(|number| Some(*number) == selected).unwrap_or(0);
        self.show_incident(at, numbers.len(), self.incidents_height());
    }

    /// Remembers since when messages wait.
    fn watch_waiting(&mut self, alerts: &AlertsReading) {
        let since = &mut self.incidents.waiting_since;
        *since = (alerts.waiting > 0).then(|| since.unwrap_or(self.now));
    }

    /// A whole board is about to come.
    pub(super) fn watch_telling(&mut self, board: &Board) {
        self.watch_waiting(&board.alerts);
    }

    /// What is wrong with telling people, in a few words: somebody can't be told, or messages wait for
    /// long.
    #[must_use]
    pub fn telling_trouble(&self) -> Option<String> {
        let alerts = &self.live().alerts;
        let troubled = alerts.receivers.iter().filter(|receiver| receiver.trouble.is_some());
        if let Some(receiver) = troubled.max_by_key(|receiver| receiver.waiting) {
            let way = &receiver.way;
            return Some(match receiver.waiting {
                0 => format!("{way}: trouble"),
                1 => format!("{way}: 1 waits"),
                waiting => format!("{way}: {waiting} wait"),
            });
        }
        let long = self.incidents.waiting_since.is_some_and(|since| self.now.since(since) >= LONG_WAIT);
        long.then(|| format!("alerts: {} wait", alerts.waiting))
    }

    /// When an age on the pages of incidents changes.
    pub(super) fn incident_ages(&self, consider: &mut impl FnMut(Duration)) {
        let clock = self.incident_clock();
        if clock.now_ms == u64::MAX {
            return;
        }
        let mut age = |began_ms: u64| consider(age_changes_in(clock.ago(began_ms)));
        if self.screen() == Screen::Stream {
            let read = self.open.and_then(|ix| self.incidents_of_stream(ix));
            let read = read.into_iter().flat_map(|read| &read.incidents);
            read.map(|one| one.ended.map_or(one.began_wall_ms, |(at, _)| at)).for_each(age);
            return;
        }
        if self.screen() == Screen::Machine {
            let accepted =
                self.live().alerts.receivers.iter().filter_map(|receiver| receiver.accepted_wall_ms);
            accepted.for_each(age);
            return;
        }
        if self.screen() == Screen::Incident {
            self.opened_incident().map(|incident| incident.began_wall_ms).into_iter().for_each(age);
            return;
        }
        let entries = self.incident_entries();
        let seen = entries.iter().skip(self.incidents.top).take(self.incidents_height());
        seen.for_each(|entry| age(entry.began_ms));
    }

    /// How long until messages have waited for long, if some wait.
    pub(super) fn long_wait_in(&self) -> Option<Duration> {
        let since = self.incidents.waiting_since?;
        LONG_WAIT.checked_sub(self.now.since(since)).filter(|left| !left.is_zero())
    }

    /// The live board's incidents are about to become what the delta says: how soon that is wanted.
    pub(super) fn incidents_change(&mut self, delta: &Delta) -> Dirty {
        let live = self.live();
        let alerts = delta.alerts.as_ref().filter(|alerts| **alerts != live.alerts).cloned();
        if let Some(alerts) = &alerts {
            self.watch_waiting(alerts);
        }
        let live = self.live();
        if delta.incidents.is_empty() && delta.ended.is_empty() {
            return if alerts.is_some() { Dirty::Figures } else { Dirty::Clean };
        }
        let number = self.incidents.opened;
        let touched = number
            .is_some_and(|number| delta.incidents.contains_key(&number) || delta.ended.contains(&number));
        let row = self.open.and_then(|ix| live.rows.get(&ix));
        let ended = delta.ended.iter().filter_map(|number| live.incidents.get(number));
        let of_row =
            row.is_some_and(|row| delta.incidents.values().chain(ended).any(|brief| concerns(brief, row)));
        self.incidents.whole_stale |= touched;
        self.incidents.stream_stale |= of_row;
        self.incidents.stale |= !delta.ended.is_empty();
        // How many there are stands on every screen; a wall takes its time.
        if self.screen() == Screen::Wall { Dirty::Figures } else { Dirty::Now }
    }
}

/// Whether an incident may be about this stream: who the members are is not on the board.
#[must_use]
pub fn concerns(brief: &IncidentBrief, row: &Row) -> bool {
    match &brief.cause {
        Cause::Stream { stream, .. } => *stream == row.id,
        Cause::Origin { host, .. } => host_of(&row.input) == Some(host),
        Cause::Headend { .. } => false,
    }
}
