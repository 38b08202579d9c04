//! Reading incidents: one question at a time, and not too often.

use std::sync::Arc;
use std::time::Duration;

use super::OfStream;
use crate::console::state::update::Effect;
use crate::console::state::{Dirty, Screen, State};
use crate::link::ClientMessage;
use crate::model::{IncidentPage, IncidentQuery, Moment, StreamIx};

/// Incidents that are kept of what was read; older ones are for `headend incidents`.
const MAX_HISTORY: usize = 1_000;
/// Incidents of one page.
const PAGE: u32 = 50;
/// Incidents of a stream that stand on its page.
const OF_STREAM: u32 = 5;
/// What changed is read again not more often than this.
const READ_EVERY: Duration = Duration::from_secs(1);
/// A question that was not answered within this is asked again.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// The newest of all.
    Newest,
    /// Those before this one.
    Older(u64),
    /// One with everything.
    One(u64),
    /// A stream's availability and its last ones.
    Stream(StreamIx),
}

/// A question that is not answered yet.
#[derive(Debug)]
pub struct Asked {
    seq: u64,
    what: Reading,
    at: Moment,
}

impl State {
    /// What the screen wants to know, and whether that is known already in an older form.
    fn incidents_wanting(&self) -> Option<(Reading, bool)> {
        let incidents = &self.incidents;
        if !self.connected || incidents.refused.is_some() {
            return None;
        }
        match self.screen() {
            Screen::Incidents if incidents.stale || !incidents.read => {
                Some((Reading::Newest, incidents.read))
            }
            Screen::Incidents => {
                let room = incidents.more && incidents.history.len() < MAX_HISTORY && !incidents.open_only;
                let seen = incidents.top + 2 * self.incidents_height();
                let oldest = incidents.history.keys().next().copied();
                let wanted = room && self.incident_entries().len() < seen;
                oldest.filter(|_| wanted).map(|oldest| (Reading::Older(oldest), false))
            }
            Screen::Incident => {
                let number = incidents.opened?;
                let known = self.opened_incident().is_some() || incidents.gone;
                (incidents.whole_stale || !known).then_some((Reading::One(number), known))
            }
            Screen::Stream => {
                let ix = self.open?;
                let known = self.incidents_of_stream(ix).is_some();
                (incidents.stream_stale || !known).then_some((Reading::Stream(ix), known))
            }
            _ => None,
        }
    }

    /// When something is to be read again, if anything is.
    #[must_use]
    pub fn incidents_due(&self) -> Option<Moment> {
        let (_, known) = self.incidents_wanting()?;
        if let Some(asked) = &self.incidents.asked {
            return Some(asked.at + ANSWER_WITHIN);
        }
        let after = if known { self.incidents.asked_at.map(|at| at + READ_EVERY) } else { None };
        Some(after.unwrap_or(self.now))
    }

    /// Asks for what the screen needs, when it is time to.
    pub(in crate::console::state) fn ask_for_incidents(&mut self) -> Option<Effect> {
        let (what, _) = self.incidents_wanting()?;
        if self.incidents_due()? > self.now {
            return None;
        }
        let query = match what {
            Reading::Newest => IncidentQuery { count: PAGE, ..IncidentQuery::default() },
            Reading::Older(before) => {
                IncidentQuery { before: Some(before), count: PAGE, ..IncidentQuery::default() }
            }
            Reading::One(number) => {
                let before = Some(number.saturating_add(1));
                IncidentQuery { before, count: 1, ..IncidentQuery::default() }
            }
            Reading::Stream(ix) => {
                let stream = Some(self.live().rows.get(&ix)?.id.clone());
                IncidentQuery { stream, count: OF_STREAM, ..IncidentQuery::default() }
            }
        };
        let seq = self.next_seq;
        self.next_seq += 1;
        let incidents = &mut self.incidents;
        // What changes from now on may not be in the answer.
        match what {
            Reading::Newest => incidents.stale = false,
            Reading::Older(_) => {}
            Reading::One(_) => incidents.whole_stale = false,
            Reading::Stream(_) => incidents.stream_stale = false,
        }
        incidents.asked = Some(Asked { seq, what, at: self.now });
        incidents.asked_at = Some(self.now);
        Some(Effect::Send(ClientMessage::ReadIncidents { seq, query }))
    }

    /// What was asked for has come.
    pub(in crate::console::state) fn told_incidents(&mut self, seq: u64, page: IncidentPage) {
        let Some(asked) = self.incidents.asked.take_if(|asked| asked.seq == seq) else { return };
        let open = &self.lookback.live(&self.board).incidents;
        let incidents = &mut self.incidents;
        match asked.what {
            Reading::Newest => {
                let lowest = page.incidents.last().map_or(0, |incident| incident.number);
                let joins = incidents.history.keys().next_back().is_some_and(|number| *number >= lowest);
                // An older one has ended since it was read: what came before this page is read anew.
                let mut older = incidents.history.range(..lowest);
                let ended = older.any(|(number, read)| read.is_open() && !open.contains_key(number));
                if joins && !ended {
                    // Those of this page are as they are now; the others stay as they were.
                    incidents.history.split_off(&lowest);
                } else {
                    incidents.history.clear();
                    incidents.more = page.more;
                }
                incidents.read = true;
            }
            Reading::Older(_) => incidents.more = page.more,
            Reading::One(number) => {
                incidents.whole = page.incidents.into_iter().find(|incident| incident.number == number);
                incidents.gone = incidents.whole.is_none();
                self.want(Dirty::Now);
                return;
            }
            Reading::Stream(stream) => {
                let IncidentPage { incidents: read, availability, .. } = page;
                incidents.of_stream = Some(OfStream { stream, incidents: read, availability });
                if self.screen() == Screen::Stream {
                    self.want(Dirty::Now);
                }
                return;
            }
        }
        incidents.history.extend(page.incidents.into_iter().map(|incident| (incident.number, incident)));
        while incidents.history.len() > MAX_HISTORY {
            incidents.history.pop_first();
            incidents.more = true;
        }
        self.settle_incidents();
        if self.screen() == Screen::Incidents {
            self.want(Dirty::Now);
        }
    }

    /// Whether an answer that refuses something is about a question for incidents.
    pub(in crate::console::state) fn refused_incidents(&mut self, seq: u64, reason: &Arc<str>) -> bool {
        let asked = self.incidents.asked.take_if(|asked| asked.seq == seq).is_some();
        if asked {
            self.incidents.refused = Some(Arc::clone(reason));
            self.want(Dirty::Now);
        }
        asked
    }

    /// Whatever was read may be of another supervisor, or old: it is read again where it is shown.
    pub(in crate::console::state) fn incidents_anew(&mut self) {
        let incidents = &mut self.incidents;
        (incidents.asked, incidents.refused) = (None, None);
        (incidents.stale, incidents.whole_stale, incidents.stream_stale) = (true, true, true);
    }

    /// What was ordered about an incident is done, or not: what is shown of it may have changed.
    pub(in crate::console::state) const fn incident_order_answered(&mut self) {
        self.incidents.whole_stale = true;
    }

    /// Whether older ones than those that are listed can be read, or only with the verb.
    #[must_use]
    pub fn older_incidents(&self) -> Option<bool> {
        let incidents = &self.incidents;
        (incidents.more && !incidents.open_only).then_some(incidents.history.len() < MAX_HISTORY)
    }

    /// Whether the first page of them is still to come.
    #[must_use]
    pub const fn incidents_unread(&self) -> bool {
        !self.incidents.read
    }
}
