//! Orders for many streams at once: who is meant, and what is asked first.

use super::overlay::Overlay;
use super::update::Effect;
use super::{Question, State, counted};
use crate::model::{Action, Command, Row, Selection, StreamIx, Wanted};

/// So many streams are named when it is asked; the others are counted.
pub const MAX_NAMED: usize = 3;

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one stream the operator is at.
    One,
    /// Every stream there is.
    All,
    /// Those that the filter shows.
    Shown,
    /// Those that were selected.
    Selected,
    /// Those of one group, as far as the filter shows them.
    Group(String),
}

/// An order for many streams that waits for a yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk {
    /// What is to be done.
    pub action: Action,
    /// Who is meant.
    pub which: Which,
    /// To which streams.
    pub target: Selection,
    /// How many they are.
    pub count: usize,
    /// The first of them, by id and name.
    pub named: Vec<String>,
    /// How many of them the filter hides.
    pub hidden: usize,
    /// The first of those.
    pub hidden_named: Vec<String>,
    /// Streams that are left out, because they were stopped on purpose.
    pub left_out: usize,
}

/// Longer names are cut when it is asked, characters: the id is whole.
const LONGEST_NAME: usize = 28;

/// What a stream is called where it must not be mistaken for another.
fn label(row: &Row) -> String {
    if row.id.as_str() == &*row.name {
        return row.name.to_string();
    }
    let cut = if row.name.chars().nth(LONGEST_NAME).is_some() { "…" } else { "" };
    let name: String = row.name.chars().take(LONGEST_NAME).collect();
    format!("{} {name}{cut}", row.id)
}

impl State {
    /// Orders something for what the operator is at: the streams that are selected, those of the
    /// group under the cursor, or the one stream.
    pub(super) fn order_here(&mut self, action: Action) -> Vec<Effect> {
        match self.many_here() {
            Some((which, streams)) => {
                self.ask_for(action, which, &streams);
                Vec::new()
            }
            None if action == Action::Restart && self.would_not_come_back() => {
                let one: Vec<StreamIx> = self.target().map(|row| row.ix).into_iter().collect();
                self.ask_for(action, Which::One, &one);
                Vec::new()
            }
            None => self.order_one(action),
        }
    }

    /// Whether the stream the operator is at has a worker, and would not get another one now.
    fn would_not_come_back(&self) -> bool {
        self.host_holds() && self.target().is_some_and(|row| row.phase.holds_slot())
    }

    /// Those that the operator means in the grid, if it is not one stream alone: the streams that
    /// are selected, or those of the group under the cursor.
    pub(super) fn many_here(&self) -> Option<(Which, Vec<StreamIx>)> {
        if self.screen() != super::Screen::Grid {
            return None;
        }
        if !self.chosen.is_empty() {
            return Some((Which::Selected, self.chosen.iter().collect()));
        }
        let group = self.list.selected_group()?;
        Some((Which::Group(group.name.to_string()), self.list.order[group.from..group.to].to_vec()))
    }

    /// Asks whether to do it to all streams that are shown.
    pub(super) fn ask_many(&mut self, action: Action) {
        let streams = self.list.order.clone();
        let some = self.list.is_filtered() && streams.len() < self.board.rows.len();
        self.ask_for(action, if some { Which::Shown } else { Which::All }, &streams);
    }

    fn ask_for(&mut self, action: Action, which: Which, streams: &[StreamIx]) {
        // Who restarts many does not mean what was stopped on purpose.
        let meant = |row: &&Row| action != Action::Restart || row.wanted == Wanted::Started;
        let rows: Vec<&Row> = streams.iter().filter_map(|ix| self.row(*ix)).filter(meant).collect();
        let count = rows.len();
        if count == 0 {
            self.say(format!("{}: no streams for it", action.word()), true);
            return;
        }
        let hidden: Vec<&&Row> = rows.iter().filter(|row| !self.list.holds(row.ix)).collect();
        // Those that are counted and named, and nobody who comes before it is answered.
        let target = Selection::Ids(rows.iter().map(|row| row.id.clone()).collect());
        let bulk = Bulk {
            action,
            which,
            target,
            count,
            named: rows.iter().take(MAX_NAMED).map(|row| label(row)).collect(),
            hidden: hidden.len(),
            hidden_named: hidden.iter().take(MAX_NAMED).map(|row| label(row)).collect(),
            left_out: streams.len() - count,
        };
        self.overlay = Some(Overlay::Question(Question::Many(bulk)));
    }

    /// The answer was yes.
    pub(super) fn do_many(&mut self, bulk: Bulk) -> Vec<Effect> {
        let whom = match (&bulk.which, bulk.named.first()) {
            (Which::One, Some(name)) => name.clone(),
            _ => counted(bulk.count, "stream"),
        };
        let what = format!("{} {whom}", bulk.action.word());
        vec![self.order(Command::Streams { action: bulk.action, target: bulk.target }, what, None)]
    }
}
