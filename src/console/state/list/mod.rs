//! Which streams the grid shows, in which order, and what is under the cursor.

mod groups;

use std::sync::Arc;

pub use groups::Group;

use super::hold::Hold;
use crate::console::columns::{compare, has_fault, is_live};
use crate::model::query::{Mistake, Query, Search};
use crate::model::{Board, Moment, Row, SortBy, StreamIx};
use groups::Groups;

/// What the cursor can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A stream.
    Stream(StreamIx),
    /// The line of a group, by its number in [`List::groups`].
    Group(usize),
}

/// Where a stream is.
#[derive(Debug, Clone, Copy)]
struct Place {
    ix: StreamIx,
    /// Among the entries; `None`: its group is folded.
    entry: Option<u32>,
    group: u32,
}

/// The grid's list.
#[derive(Debug)]
pub struct List {
    /// The streams that match, in their order; also those whose group is folded.
    pub order: Vec<StreamIx>,
    /// What is shown of them.
    entries: Vec<Entry>,
    /// Sorted by stream.
    places: Vec<Place>,
    groups: Groups,
    /// The selected stream: a stream, never a position. None on an empty list, on the line of a
    /// group, and when the cursor gave way (see [`NOBODY_AFTER`](super::hold::NOBODY_AFTER)).
    pub selected: Option<StreamIx>,
    /// The group on whose line the cursor is.
    pub header: Option<Arc<str>>,
    /// The place of the first entry on the screen; a multiple of `across`.
    pub top: usize,
    /// Entries beside each other.
    pub across: usize,
    /// What it is sorted by.
    pub sort: SortBy,
    /// Streams stand under their groups.
    pub grouped: bool,
    /// What a stream must match, as it was typed; always a query without mistakes.
    pub filter: String,
    search: Search,
    /// Only streams with a fault.
    pub faults_only: bool,
    hold: Hold,
}

impl Default for List {
    fn default() -> Self {
        Self {
            order: Vec::new(),
            entries: Vec::new(),
            places: Vec::new(),
            groups: Groups::default(),
            selected: None,
            header: None,
            top: 0,
            across: 1,
            sort: SortBy::default(),
            grouped: false,
            filter: String::new(),
            search: Search::default(),
            faults_only: false,
            hold: Hold::default(),
        }
    }
}

impl List {
    /// Whether streams may be left out.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.faults_only || !self.filter.trim().is_empty()
    }

    /// Takes another query, if it is one; else the one before stays in force.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn set_filter(&mut self, text: &str) -> Result<(), Mistake> {
        let query = Query::parse(text)?;
        self.search = Search::new(&query);
        text.clone_into(&mut self.filter);
        Ok(())
    }

    /// Shows all streams.
    pub fn drop_filter(&mut self) {
        self.filter.clear();
        self.search = Search::default();
        self.faults_only = false;
    }

    /// The groups shown; none while the list is not grouped.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups.shown
    }

    /// Everything the cursor can be on.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn place(&self, ix: StreamIx) -> Option<&Place> {
        let at = self.places.binary_search_by_key(&ix, |place| place.ix).ok()?;
        self.places.get(at)
    }

    /// Where a stream is among the entries, if it is shown.
    #[must_use]
    pub fn entry_of(&self, ix: StreamIx) -> Option<usize> {
        self.place(ix)?.entry.and_then(|entry| usize::try_from(entry).ok())
    }

    /// Whether a stream matches, shown or folded.
    #[must_use]
    pub fn holds(&self, ix: StreamIx) -> bool {
        self.place(ix).is_some()
    }

    /// The group under whose line a stream stands.
    #[must_use]
    pub fn group_of(&self, ix: StreamIx) -> Option<&Group> {
        self.groups.shown.get(self.place(ix)?.group as usize)
    }

    /// The group on whose line the cursor is.
    #[must_use]
    pub fn selected_group(&self) -> Option<&Group> {
        let name = self.header.as_deref().filter(|_| self.selected.is_none())?;
        self.groups.of_name(name)
    }

    /// Puts the cursor on a stream; on the line of its group, where that hides it.
    pub fn select_stream(&mut self, ix: StreamIx) {
        (self.selected, self.header) = (Some(ix), None);
        self.give_way();
    }

    /// Where the cursor is among the entries.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        match self.selected {
            Some(ix) => self.entry_of(ix),
            None => self.selected_group().map(|group| group.entry),
        }
    }

    /// What is on a screen with room for `height` lines of entries.
    #[must_use]
    pub fn visible(&self, height: usize) -> &[Entry] {
        let from = self.top.min(self.entries.len());
        &self.entries[from..(from + height * self.across).min(self.entries.len())]
    }

    /// Whether a stream is on a screen with room for `height` lines of entries.
    #[must_use]
    pub fn is_visible(&self, ix: StreamIx, height: usize) -> bool {
        self.entry_of(ix).is_some_and(|entry| self.is_on_screen(entry, height))
    }

    fn is_on_screen(&self, entry: usize, height: usize) -> bool {
        (self.top..self.top + height * self.across).contains(&entry)
    }

    /// A key was pressed: rows hold still for a while.
    pub const fn hold(&mut self, now: Moment) {
        self.hold.pressed(now);
    }

    /// A row changed; says whether the line of a group that can be seen changes with it.
    pub fn row_changed(&mut self, old: &Row, new: &Row, height: usize) -> bool {
        if !self.grouped {
            return false;
        }
        let Some(number) = self.place(new.ix).map(|place| place.group as usize) else { return false };
        let changed = self.groups.changed(number, old, new);
        changed && self.groups.shown.get(number).is_some_and(|group| self.is_on_screen(group.entry, height))
    }

    /// Rows changed in a way that may change the order.
    pub fn rows_changed(&mut self) {
        if is_live(self.sort.column) || self.is_filtered() {
            self.hold.changed();
        }
    }

    /// When the list is to be sorted again, if it is.
    #[must_use]
    pub fn sort_due(&self) -> Option<Moment> {
        self.hold.sort_due()
    }

    /// Puts the list in order, because the operator asked for it: whoever is filtered out goes.
    pub fn rebuild(&mut self, board: &Board, now: Moment, height: usize) {
        self.build(board, now, height, false);
    }

    /// To the first entry: whoever asks for an order wants to see its beginning.
    pub fn show_first(&mut self) {
        self.top = 0;
        self.select_entry(0);
    }

    /// Puts the list in order by itself. The selected stream stays, even when the filter no longer
    /// lets it through: what is under the cursor must not change while someone reaches for a key.
    /// Says whether anything moved.
    pub fn settle(&mut self, board: &Board, now: Moment, height: usize) -> bool {
        let before = (self.entries.clone(), self.order.clone(), self.top);
        self.build(board, now, height, true);
        (&self.entries, &self.order, self.top) != (&before.0, &before.1, before.2)
    }

    fn build(&mut self, board: &Board, now: Moment, height: usize, keep_selected: bool) {
        let (position, was_at_top) = (self.position(), self.top == 0);
        // The cursor gave way before: it comes back when someone moves.
        let rests =
            keep_selected && self.selected.is_none() && self.header.is_none() && !self.entries.is_empty();
        self.fill(board, now, keep_selected);
        self.hold.sorted(now);
        let line = |place: usize| place / self.across.max(1);
        let on_screen = position.map_or(0, |p| line(p).saturating_sub(line(self.top)));
        if let Some(position) = self.position() {
            let at = line(position);
            let nobody = !self.hold.is_attended(now);
            if keep_selected && was_at_top && at >= height && nobody {
                (self.selected, self.header) = (None, None);
                return;
            }
            // The selected stream keeps its line on the screen, unless the list's top was in sight
            // and both can be.
            let stays_at_top = keep_selected && was_at_top && at < height;
            self.top = if stays_at_top { 0 } else { at.saturating_sub(on_screen) * self.across };
        } else if !rests {
            self.select_entry(position.unwrap_or(0).min(self.entries.len().saturating_sub(1)));
        }
        self.show_selected(height);
    }

    /// Fills the list anew.
    fn fill(&mut self, board: &Board, now: Moment, keep_selected: bool) {
        let (search, faults_only) = (&mut self.search, self.faults_only);
        let kept = self.selected.filter(|_| keep_selected);
        let everything = self.filter.trim().is_empty();
        let mut wanted = |row: &Row| {
            kept == Some(row.ix) || (!faults_only || has_fault(row)) && (everything || search.finds(row, now))
        };
        let mut rows: Vec<&Row> = board.rows.values().map(AsRef::as_ref).filter(|r| wanted(r)).collect();
        let sort = self.sort;
        if sort != SortBy::default() {
            rows.sort_unstable_by(|a, b| compare(sort, now, a, b));
        }
        self.order.clear();
        self.entries.clear();
        self.places.clear();
        if self.grouped {
            self.groups.build(rows, &mut self.order);
            self.enter_groups();
        } else {
            self.groups.clear();
            self.order.extend(rows.into_iter().map(|row| row.ix));
            self.entries.extend(self.order.iter().copied().map(Entry::Stream));
            let places = (0..).zip(&self.order);
            self.places.extend(places.map(|(n, ix)| Place { ix: *ix, entry: Some(n), group: 0 }));
        }
        self.places.sort_unstable_by_key(|place| place.ix);
        self.give_way();
        if self.selected_group().is_none() {
            self.header = None;
        }
    }

    /// The cursor goes to the line of a group that hides its stream.
    fn give_way(&mut self) {
        if let Some(ix) = self.selected.filter(|ix| self.entry_of(*ix).is_none()) {
            self.header = self.group_of(ix).map(|group| Arc::clone(&group.name));
            if self.header.is_some() {
                self.selected = None;
            }
        }
    }

    fn enter_groups(&mut self) {
        // A board has far fewer streams than these numbers reach.
        let short = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        for (number, group) in self.groups.shown.iter_mut().enumerate() {
            group.entry = self.entries.len();
            self.entries.push(Entry::Group(number));
            for ix in &self.order[group.from..group.to] {
                let entry = (!group.folded).then_some(self.entries.len());
                if entry.is_some() {
                    self.entries.push(Entry::Stream(*ix));
                }
                self.places.push(Place { ix: *ix, entry: entry.map(short), group: short(number) });
            }
        }
    }

    /// Puts the cursor on an entry; out of the list, it is on none.
    pub fn select_entry(&mut self, at: usize) {
        (self.selected, self.header) = match self.entries.get(at) {
            Some(Entry::Stream(ix)) => (Some(*ix), None),
            Some(Entry::Group(number)) => (None, self.groups.shown.get(*number).map(|g| Arc::clone(&g.name))),
            None => (None, None),
        };
    }

    /// Moves the cursor by `lines` of entries, not beyond the ends.
    pub fn move_by(&mut self, lines: isize, height: usize) {
        let Some(last) = self.entries.len().checked_sub(1) else { return };
        let across = self.across.max(1);
        let at = match self.position() {
            // All the way: Home and End.
            Some(_) if lines.unsigned_abs() > self.entries.len() => {
                if lines < 0 {
                    0
                } else {
                    last
                }
            }
            Some(at) => {
                let (line, column) = (at / across, at % across);
                let line = line.saturating_add_signed(lines).min(last / across);
                (line * across + column).min(last)
            }
            // The first move only shows the cursor.
            None => self.top.min(last),
        };
        self.select_entry(at);
        self.show_selected(height);
    }

    /// Moves the cursor by so many entries, from the end of a line to the next one.
    pub fn move_beside(&mut self, entries: isize, height: usize) {
        let Some(last) = self.entries.len().checked_sub(1) else { return };
        let at = self.position().map_or(self.top, |at| at.saturating_add_signed(entries));
        self.select_entry(at.min(last));
        self.show_selected(height);
    }

    /// Moves the cursor to the next stream, or the one before, over the lines of groups.
    pub fn move_to_stream(&mut self, forward: bool, height: usize) {
        let at = self.position().unwrap_or(self.top);
        let is_stream = |at: &usize| matches!(self.entries.get(*at), Some(Entry::Stream(_)));
        let found = if forward {
            (at + 1..self.entries.len()).find(is_stream)
        } else {
            (0..at.min(self.entries.len())).rev().find(is_stream)
        };
        if let Some(at) = found {
            self.select_entry(at);
            self.show_selected(height);
        }
    }

    /// Scrolls by `lines` of entries, not beyond the ends; the cursor stays on the screen.
    pub fn scroll_by(&mut self, lines: isize, height: usize) {
        let across = self.across.max(1);
        let last_top = self.entries.len().div_ceil(across).saturating_sub(height);
        let top = (self.top / across).saturating_add_signed(lines).min(last_top);
        self.top = top * across;
        if let Some(at) = self.position() {
            let line = (at / across).clamp(top, top + height.saturating_sub(1));
            let entry = (line * across + at % across).min(self.entries.len().saturating_sub(1));
            if entry != at {
                self.select_entry(entry);
            }
        }
    }

    /// Scrolls so that the selected entry is on a screen of `height` lines, and no room is left
    /// empty at the end.
    pub fn show_selected(&mut self, height: usize) {
        let across = self.across.max(1);
        let top = self.top / across;
        let at = self.position().map_or(top, |at| at / across);
        let lines = self.entries.len().div_ceil(across);
        let lowest_top = at.saturating_sub(height.saturating_sub(1));
        self.top = top.clamp(lowest_top, at).min(lines.saturating_sub(height)) * across;
    }

    /// Counts which streams of each group are selected.
    pub fn count_selected(&mut self, is_selected: impl Fn(StreamIx) -> bool) {
        for group in &mut self.groups.shown {
            let streams = &self.order[group.from..group.to];
            group.selected = streams.iter().filter(|ix| is_selected(**ix)).count();
        }
    }

    /// Folds or unfolds a group; the list is to be built then.
    pub fn fold(&mut self, name: &Arc<str>, fold: bool) {
        self.groups.fold(name, fold);
    }

    /// Folds or unfolds all groups; the list is to be built then.
    pub fn fold_all(&mut self, fold: bool) {
        self.groups.fold_all(fold);
    }
}
