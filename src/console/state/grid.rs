//! What the keys of the grid do: moving in it, its order, its groups, its density.

use std::sync::Arc;
use std::time::Duration;

use super::frames::{countdown_changes_in, row_changes_in};
use super::list::Entry;
use super::overlay::picker::{Item, Pick, Picker};
use super::update::Effect;
use super::{Screen, State};
use crate::console::columns;
use crate::console::keymap::Does;
use crate::console::layout;
use crate::console::spans::{Countdown, age_changes_in, slow_age_changes_in};
use crate::model::{Column, Density, Phase, Row, SortBy};

impl State {
    /// Lines of the grid that an entry takes.
    #[must_use]
    pub fn entry_height(&self) -> usize {
        if self.arrangement.density == Density::Two { 2 } else { 1 }
    }

    /// How many lines of entries fit the screen.
    #[must_use]
    pub fn grid_height(&self) -> usize {
        let body = usize::from(self.areas().body.height);
        let lines = if self.arrangement.density == Density::Tiles { body } else { body.saturating_sub(1) };
        (lines / self.entry_height()).max(1)
    }

    /// How many entries stand beside each other, and how wide each of them is.
    #[must_use]
    pub fn tiles(&self) -> (usize, u16) {
        layout::tiles(self.areas().body, self.list.entries().len())
    }

    /// After a change of the room there is, or of how it is used: what was in sight stays in sight.
    pub(super) fn fit_to_size(&mut self) {
        let across = if self.arrangement.density == Density::Tiles { self.tiles().0 } else { 1 };
        if across != self.list.across {
            self.list.across = across;
            self.list.top = 0;
        }
        let height = self.grid_height();
        self.list.show_selected(height);
        let height = self.penalty_height();
        self.penalty.list.show_selected(height);
        self.fit_wall();
    }

    pub(super) fn rebuild(&mut self) {
        let (now, height) = (self.now, self.grid_height());
        self.list.rebuild(&self.board, now, height);
        self.recount_selected();
        self.fit_to_size();
    }

    /// Puts the list in order by itself; says whether anything moved.
    pub(super) fn settle(&mut self) -> bool {
        let (now, height) = (self.now, self.grid_height());
        let moved = self.list.settle(&self.board, now, height);
        self.recount_selected();
        // The cursor may have given way: then the top stays where it is.
        if moved && self.arrangement.density == Density::Tiles {
            self.fit_to_size();
        }
        moved
    }

    pub(super) fn move_by(&mut self, lines: isize) {
        let height = self.grid_height();
        self.list.move_by(lines, height);
    }

    /// Does something of the grid.
    pub(super) fn does_in_grid(&mut self, does: Does) -> Vec<Effect> {
        match does {
            Does::View0 => self.show_view_on(0),
            Does::View1 => self.show_view_on(1),
            Does::View2 => self.show_view_on(2),
            Does::View3 => self.show_view_on(3),
            Does::View4 => self.show_view_on(4),
            Does::View5 => self.show_view_on(5),
            Does::View6 => self.show_view_on(6),
            Does::View7 => self.show_view_on(7),
            Does::View8 => self.show_view_on(8),
            Does::View9 => self.show_view_on(9),
            Does::Left => self.sideways(false),
            Does::Right => self.sideways(true),
            Does::SortNext | Does::SortPrevious => {
                let shown: Vec<Column> = self.columns().iter().map(|placed| placed.column).collect();
                self.sort_by(columns::step(self.list.sort, shown, does == Does::SortNext));
            }
            Does::SortReverse => {
                let SortBy { column, reversed } = self.list.sort;
                self.sort_by(SortBy { column, reversed: !reversed });
            }
            Does::SortBy => self.choose_order(),
            Does::Density => {
                self.arrangement.density = self.arrangement.density.next();
                self.fit_to_size();
            }
            Does::Group => {
                self.list.grouped = !self.list.grouped;
                self.rebuild();
                self.show_group_line();
            }
            Does::Fold | Does::Unfold => self.fold(does == Does::Fold),
            Does::FoldAll | Does::UnfoldAll if self.is_grouped() => {
                self.list.fold_all(does == Does::FoldAll);
                self.rebuild();
            }
            Does::Columns => self.open_columns(),
            Does::Select => self.toggle_selected(),
            Does::SelectRange => self.select_range(),
            Does::SelectAll => self.select_all(),
            Does::Views => self.choose_view(),
            Does::ViewSave => self.name_view(),
            _ => {}
        }
        Vec::new()
    }

    /// Sorts by this from now on, and shows the beginning.
    pub(super) fn sort_by(&mut self, sort: SortBy) {
        self.list.sort = sort;
        self.rebuild();
        self.list.show_first();
    }

    /// Sorts by a column; the other way round if it is sorted by it already.
    pub(super) fn sort_by_column(&mut self, column: Option<Column>) {
        let SortBy { column: before, reversed } = self.list.sort;
        self.sort_by(SortBy { column, reversed: before == column && !reversed });
    }

    /// All orders, to choose from.
    fn choose_order(&mut self) {
        let columns = Column::ALL.iter().copied().map(Some);
        let shown: Vec<Column> = self.columns().iter().map(|placed| placed.column).collect();
        let on_screen = |column: &Option<Column>| column.is_some_and(|column| shown.contains(&column));
        let (first, others): (Vec<_>, Vec<_>) = columns.partition(on_screen);
        let items = [None].into_iter().chain(first).chain(others).map(|column| {
            let sorted = self.list.sort.column == column;
            let way = match (sorted, columns::descends(column) != self.list.sort.reversed) {
                (true, true) => "now downwards: ",
                (true, false) => "now upwards: ",
                (false, _) => "",
            };
            let help = column.map_or("as the configuration has the streams", Column::help);
            Item {
                label: SortBy { column, reversed: false }.word(),
                note: format!("{way}{help}"),
                key: String::new(),
                pick: Pick::Sort(column),
            }
        });
        let items = items.collect();
        self.pick_from(Picker::new("sort by", items));
    }

    fn is_grouped(&mut self) -> bool {
        if !self.list.grouped {
            let key = self.keymap.key_for(Does::Group);
            self.say(format!("there are no groups to fold: {key} shows them"), true);
        }
        self.list.grouped
    }

    /// Left and right: to the tile beside it, or in and out of a group.
    fn sideways(&mut self, right: bool) {
        let height = self.grid_height();
        if self.arrangement.density == Density::Tiles {
            self.list.move_beside(if right { 1 } else { -1 }, height);
        } else if self.list.grouped {
            let folded = self.list.selected_group().map(|group| group.folded);
            match (folded, right) {
                (Some(false), true) => self.list.move_beside(1, height),
                (None, true) => {}
                // From a stream first to the line of its group.
                (None, false) => self.move_to_group(),
                (Some(_), _) => self.fold(!right),
            }
        }
    }

    /// From a stream to the line of its group.
    fn move_to_group(&mut self) {
        let height = self.grid_height();
        let group = self.list.selected.and_then(|ix| self.list.group_of(ix));
        if let Some(entry) = group.map(|group| group.entry) {
            self.list.select_entry(entry);
            self.list.show_selected(height);
        }
    }

    /// Scrolls so far that the line of the group the cursor is in can be seen, if both can be.
    fn show_group_line(&mut self) {
        let height = self.grid_height();
        let group = self.list.selected.and_then(|ix| self.list.group_of(ix));
        if let Some(entry) = group.map(|group| group.entry) {
            let across = self.list.across.max(1);
            self.list.top = self.list.top.min(entry / across * across);
            self.list.show_selected(height);
        }
    }

    /// Folds or unfolds the group the cursor is in.
    fn fold(&mut self, fold: bool) {
        if !self.is_grouped() {
            return;
        }
        let of_stream = self.list.selected.and_then(|ix| self.list.group_of(ix));
        let Some(group) = self.list.selected_group().or(of_stream) else { return };
        if group.folded != fold {
            let name = Arc::clone(&group.name);
            self.list.fold(&name, fold);
            self.rebuild();
        }
    }

    /// Folds the group under the cursor, or unfolds it; says whether there is one.
    pub(super) fn toggle_group(&mut self) -> bool {
        let folded = self.list.selected_group().map(|group| group.folded);
        if let Some(folded) = folded {
            self.fold(!folded);
        }
        folded.is_some()
    }

    /// How long until a text of the grid changes by itself.
    pub(super) fn grid_changes_in(&self) -> Duration {
        // Tiles have no ages.
        if self.arrangement.density == Density::Tiles {
            return Duration::MAX;
        }
        let placed = self.columns();
        let why = columns::place_of_why(&placed).is_some();
        let columns: Vec<Column> = placed.iter().map(|placed| placed.column).collect();
        let height = self.grid_height();
        let streams = self.list.visible(height).iter().filter_map(|entry| match entry {
            Entry::Stream(ix) => self.row(*ix),
            Entry::Group(_) => None,
        });
        streams.map(|row| self.row_text_changes_in(row, &columns, why)).min().unwrap_or(Duration::MAX)
    }

    fn row_text_changes_in(&self, row: &Row, columns: &[Column], why: bool) -> Duration {
        let now = self.now;
        let has = |column| columns.contains(&column);
        let mut next = row_changes_in(row, now);
        let mut consider = |span: Option<Duration>| next = next.min(span.unwrap_or(Duration::MAX));
        let two = self.arrangement.density == Density::Two;
        if has(Column::Age) || two && !row.last_message.is_empty() {
            consider(Some(age_changes_in(now.since(row.last_message_at))));
        }
        let idle = why && !row.phase.holds_slot();
        if idle || (two || has(Column::Message)) && row.phase != Phase::Live {
            consider(Some(countdown_changes_in(row, now, Countdown::Coarse)));
        }
        if has(Column::Seen) {
            consider(row.last_seen.map(|seen| slow_age_changes_in(now.since(seen))));
        }
        if has(Column::Care) {
            consider(row.care.acknowledged.map(|since| age_changes_in(now.since(since))));
            consider(row.care.muted_for(now).map(|left| Countdown::Coarse.changes_in(left).min(left)));
        }
        next
    }

    /// What is drawn at this place of the screen, for who points at it.
    #[must_use]
    pub fn entry_at(&self, x: u16, y: u16) -> Option<Entry> {
        let body = self.areas().body;
        let tiles = self.arrangement.density == Density::Tiles;
        let top = body.y + u16::from(!tiles);
        let inside = (top..body.bottom()).contains(&y) && (body.x..body.right()).contains(&x);
        if self.screen() != Screen::Grid || !inside {
            return None;
        }
        let line = usize::from(y - top) / self.entry_height();
        let beside = if tiles { usize::from((x - body.x) / self.tiles().1.max(1)) } else { 0 };
        if beside >= self.list.across || line >= self.grid_height() {
            return None;
        }
        self.list.entries().get(self.list.top + line * self.list.across + beside).copied()
    }
}
