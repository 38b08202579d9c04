//! Streams that are selected together, to act on all of them.

use std::collections::BTreeSet;

use super::State;
use super::list::Entry;
use crate::model::StreamIx;

/// The streams that are selected; never more than the board has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    streams: BTreeSet<StreamIx>,
    /// Where a range begins: what was selected or taken out last.
    last: Option<StreamIx>,
    /// How many of them the filter hides.
    hidden: usize,
}

impl Selected {
    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.streams.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Whether a stream is one of them.
    #[must_use]
    pub fn has(&self, ix: StreamIx) -> bool {
        self.streams.contains(&ix)
    }

    /// How many of them the filter hides.
    #[must_use]
    pub const fn hidden(&self) -> usize {
        self.hidden
    }

    /// All of them, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = StreamIx> + '_ {
        self.streams.iter().copied()
    }

    /// None of them.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// They have other numbers now.
    pub fn renumber(&mut self, number: impl Fn(StreamIx) -> Option<StreamIx>) {
        self.streams = self.streams.iter().filter_map(|ix| number(*ix)).collect();
        self.last = self.last.and_then(number);
    }

    /// Keeps those that are still there.
    pub fn retain(&mut self, there: impl Fn(StreamIx) -> bool) {
        self.streams.retain(|ix| there(*ix));
        self.last = self.last.filter(|ix| there(*ix));
    }
}

impl State {
    /// The streams an entry stands for.
    fn streams_of(&self, entry: Entry) -> Vec<StreamIx> {
        match entry {
            Entry::Stream(ix) => vec![ix],
            Entry::Group(number) => {
                let group = self.list.groups().get(number);
                group.map_or_else(Vec::new, |group| self.list.order[group.from..group.to].to_vec())
            }
        }
    }

    /// Selects what is under the cursor or takes it out, and moves on.
    pub(super) fn toggle_selected(&mut self) {
        let Some(entry) = self.list.position().and_then(|at| self.list.entries().get(at).copied()) else {
            self.say("nothing is under the cursor".into(), true);
            return;
        };
        let streams = self.streams_of(entry);
        self.chosen.last = self.list.selected.or_else(|| streams.first().copied());
        if streams.iter().all(|ix| self.chosen.has(*ix)) {
            for ix in &streams {
                self.chosen.streams.remove(ix);
            }
        } else {
            self.chosen.streams.extend(streams);
        }
        self.recount_selected();
        let height = self.grid_height();
        self.list.move_beside(1, height);
    }

    /// Selects all from what was selected last to what is under the cursor.
    pub(super) fn select_range(&mut self) {
        let line = |ix| self.list.entry_of(ix).or_else(|| self.list.group_of(ix).map(|group| group.entry));
        let from = self.chosen.last.and_then(line);
        let (Some(from), Some(to)) = (from, self.list.position()) else {
            self.say("select where the range begins first".into(), true);
            return;
        };
        let range = from.min(to)..=from.max(to);
        // The line of a group that is open stands for nobody: its streams have lines of their own.
        let open = |entry: &Entry| match entry {
            Entry::Group(number) => self.list.groups().get(*number).is_some_and(|group| !group.folded),
            Entry::Stream(_) => false,
        };
        let entries: Vec<Entry> =
            self.list.entries()[range].iter().copied().filter(|entry| !open(entry)).collect();
        let streams: Vec<StreamIx> = entries.into_iter().flat_map(|entry| self.streams_of(entry)).collect();
        self.chosen.streams.extend(streams);
        self.chosen.last = self.list.selected.or(self.chosen.last);
        self.recount_selected();
    }

    /// Selects all that match; when they are selected already, none.
    pub(super) fn select_all(&mut self) {
        if self.list.order.iter().all(|ix| self.chosen.has(*ix)) {
            self.chosen.clear();
        } else {
            self.chosen.streams.extend(self.list.order.iter().copied());
        }
        self.recount_selected();
    }

    /// Selects these, and nobody else.
    pub(super) fn choose(&mut self, streams: BTreeSet<StreamIx>) {
        self.chosen = Selected { last: streams.first().copied(), streams, hidden: 0 };
        self.recount_selected();
    }

    /// Takes nobody as selected any more.
    pub(super) fn select_none(&mut self) {
        self.chosen.clear();
        self.recount_selected();
    }

    /// The selection or the list has changed: counts what is said of it on every frame.
    pub(super) fn recount_selected(&mut self) {
        self.chosen.hidden = self.chosen.iter().filter(|ix| !self.list.holds(*ix)).count();
        let chosen = &self.chosen;
        self.list.count_selected(|ix| chosen.has(ix));
    }
}
