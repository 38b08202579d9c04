//! What keys do on the pages of incidents.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::console::keymap::Does;
use crate::console::state::overlay::prompt::PromptFor;
use crate::console::state::update::Effect;
use crate::console::state::{Screen, State};
use crate::console::view::incidents as view;
use crate::model::query::{MAX_QUERY, MAX_TERMS};
use crate::model::{Command, Incident, IncidentOrder, StreamId, StreamIx};

impl State {
    /// Whether this is one of the pages of incidents.
    #[must_use]
    pub fn on_incidents(&self) -> bool {
        matches!(self.screen(), Screen::Incidents | Screen::Incident)
    }

    /// Opens the list.
    pub(in crate::console::state) fn open_incidents(&mut self) {
        self.incidents.refused = None;
        if let Some(read) =
            self.open.filter(|_| self.screen() == Screen::Stream).and_then(|ix| self.incidents_of_stream(ix))
        {
            // From a stream with an open one the cursor is on that.
            let open = read.incidents.iter().find(|one| one.is_open()).map(|one| one.number);
            self.incidents.selected = open.or(self.incidents.selected);
        }
        self.go(Screen::Incidents);
        self.settle_incidents();
    }

    /// What a key does that means something else on these pages. `None`: it is not one of those.
    pub(in crate::console::state) fn does_with_incident(&mut self, does: Does) -> Option<Vec<Effect>> {
        if !self.on_incidents() {
            return None;
        }
        let effects = match does {
            Does::Open if self.screen() == Screen::Incidents => {
                self.open_incident();
                Vec::new()
            }
            Does::Open => self.open_member(Screen::Stream),
            Does::Log => self.open_member(Screen::Log),
            Does::Acknowledge => self.acknowledge_incident(),
            Does::Note => {
                self.note_incident();
                Vec::new()
            }
            Does::IncidentsOpen => {
                self.incidents.open_only = !self.incidents.open_only;
                self.incidents.top = 0;
                self.settle_incidents();
                Vec::new()
            }
            Does::IncidentStreams => {
                self.show_members();
                Vec::new()
            }
            _ => return None,
        };
        Some(effects)
    }

    /// What would do something on these pages.
    #[must_use]
    pub fn is_useful_with_incident(&self, does: Does) -> bool {
        match does {
            Does::IncidentsOpen => self.screen() == Screen::Incidents,
            Does::Open | Does::Log | Does::IncidentStreams if self.screen() == Screen::Incident => {
                self.opened_incident().is_some_and(|incident| !incident.members.is_empty())
            }
            Does::Log | Does::IncidentStreams | Does::Undo => false,
            Does::Open | Does::Acknowledge | Does::Note => self.aimed_incident().is_some(),
            _ => true,
        }
    }

    /// Opens the one under the cursor.
    fn open_incident(&mut self) {
        let Some(number) = self.selected_incident() else {
            self.say("there is no incident to open".into(), false);
            return;
        };
        self.show_whole(number);
    }

    /// Opens one on its page.
    pub(in crate::console::state) fn show_whole(&mut self, number: u64) {
        let incidents = &mut self.incidents;
        if incidents.opened != Some(number) {
            (incidents.whole, incidents.gone) = (None, false);
        }
        (incidents.opened, incidents.whole_stale, incidents.page_top) = (Some(number), true, 0);
        self.go(Screen::Incident);
    }

    /// The streams of the open incident that are configured, those that fail first.
    fn members(&self) -> Vec<StreamIx> {
        let Some(incident) = self.opened_incident() else { return Vec::new() };
        let known: BTreeMap<&StreamId, StreamIx> =
            self.board.rows.values().map(|row| (&row.id, row.ix)).collect();
        members_of(incident).into_iter().filter_map(|id| known.get(id).copied()).collect()
    }

    fn open_member(&mut self, screen: Screen) -> Vec<Effect> {
        if self.screen() == Screen::Incidents {
            self.say("open the incident first".into(), true);
            return Vec::new();
        }
        let Some(ix) = self.members().first().copied() else {
            self.say("none of its streams is configured now".into(), true);
            return Vec::new();
        };
        self.go(screen);
        self.open_stream(ix)
    }

    /// Shows the streams of the open incident in the grid: by a filter, or where that would be too long, by
    /// selecting them.
    fn show_members(&mut self) {
        let members: BTreeSet<StreamIx> = self.members().into_iter().collect();
        let ids: Vec<&str> = members.iter().filter_map(|ix| Some(self.row(*ix)?.id.as_str())).collect();
        if ids.is_empty() {
            self.say("none of its streams is known here".into(), true);
            return;
        }
        let mut filter = String::new();
        for id in &ids {
            let or = if filter.is_empty() { "" } else { " | " };
            let _ = write!(filter, "{or}id:{id}");
        }
        let fits = ids.len() <= MAX_TERMS && filter.chars().count() <= MAX_QUERY;
        self.go(Screen::Grid);
        self.list.drop_filter();
        if !fits || self.list.set_filter(&filter).is_err() {
            self.choose(members);
            self.say("its streams are selected: too many for a filter".into(), false);
        }
        self.rebuild();
    }

    /// I know; or, where that was said already, I don't.
    fn acknowledge_incident(&mut self) -> Vec<Effect> {
        let Some(number) = self.aimed_incident() else {
            self.say("acknowledge: there is no incident here".into(), true);
            return Vec::new();
        };
        let brief = self.live().incidents.get(&number);
        let read = || self.opened_incident().filter(|whole| whole.number == number);
        let known = brief.map_or_else(
            || {
                let listed = self.incidents.history.get(&number).map(AsRef::as_ref);
                read().or(listed).is_some_and(|incident| incident.acknowledged.is_some())
            },
            |brief| brief.acknowledged.is_some(),
        );
        let (order, done) = if known {
            (IncidentOrder::Unacknowledge, "no longer acknowledged")
        } else {
            (IncidentOrder::Acknowledge, "acknowledged")
        };
        self.order_about_incident(number, order, done)
    }

    fn note_incident(&mut self) {
        match self.aimed_incident() {
            Some(number) => {
                self.aim_at_incident(number);
                self.prompt_for(PromptFor::Note, "");
            }
            None => self.say("note: there is no incident here".into(), true),
        }
    }

    /// Orders it, and says so once it is done.
    pub(in crate::console::state) fn order_about_incident(
        &mut self,
        number: u64,
        order: IncidentOrder,
        done: &str,
    ) -> Vec<Effect> {
        let what = format!("{} incident {number}", order.word());
        let done = Some(format!("incident {number}: {done}"));
        vec![self.order(Command::Incident { number, order }, what, done)]
    }

    /// Moves what is seen of the open incident, by lines.
    pub(in crate::console::state) fn scroll_incident(&mut self, lines: isize) {
        let most = view::overflow(self, self.areas().body);
        let top = &mut self.incidents.page_top;
        *top = (*top).min(most).saturating_add_signed(lines).min(most);
    }
}

/// The streams of an incident, those that fail first.
fn members_of(incident: &Incident) -> Vec<&StreamId> {
    let of = |failing: bool| {
        incident.members.iter().filter(move |member| member.cleared_wall_ms.is_none() == failing)
    };
    of(true).chain(of(false)).map(|member| &member.stream).collect()
}
