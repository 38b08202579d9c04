//! The list in which the columns are chosen, moved and sized, while the grid behind it follows.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Overlay;
use crate::console::keymap::Does;
use crate::console::state::State;
use crate::console::state::update::Effect;
use crate::model::{Column, ColumnChoice};

/// The columns, as they are arranged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnList {
    /// Every column, in the order of the screen as far as it is shown.
    pub columns: Vec<(ColumnChoice, bool)>,
    /// Which of them the keys are about.
    pub selected: usize,
    /// Nobody chose: they are those that suit the screen.
    pub automatic: bool,
}

impl ColumnList {
    fn move_by(&mut self, rows: isize) {
        let last = self.columns.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(rows).min(last);
    }

    /// Moves the column itself.
    fn carry(&mut self, down: bool) {
        let from = self.selected;
        self.move_by(if down { 1 } else { -1 });
        self.columns.swap(from, self.selected);
    }

    /// Shows the column or hides it; the last one stays.
    fn toggle(&mut self) {
        let shown = self.columns.iter().filter(|(_, shown)| *shown).count();
        if let Some((_, on)) = self.columns.get_mut(self.selected)
            && (!*on || shown > 1)
        {
            *on = !*on;
        }
    }

    /// Gives the column a width; `None`: as suits the screen.
    fn set_width(&mut self, width: Option<u16>) {
        if let Some((choice, _)) = self.columns.get_mut(self.selected) {
            choice.width = width.map(|width| width.clamp(ColumnChoice::LEAST, ColumnChoice::MOST));
        }
    }

    fn choices(&self) -> Vec<ColumnChoice> {
        self.columns.iter().filter(|(_, shown)| *shown).map(|(choice, _)| *choice).collect()
    }
}

impl State {
    /// The columns that were chosen; where nobody chose, those on the screen.
    pub(in crate::console::state) fn columns_chosen(&self) -> Vec<ColumnChoice> {
        let chosen = &self.arrangement.columns;
        if chosen.is_empty() {
            return self.columns().iter().map(|placed| ColumnChoice::of(placed.column)).collect();
        }
        chosen.clone()
    }

    fn column_list(&self) -> ColumnList {
        let automatic = self.arrangement.columns.is_empty();
        let shown = self.columns_chosen();
        let hidden = Column::ALL.iter().filter(|column| !shown.iter().any(|c| c.column == **column));
        let hidden = hidden.map(|column| (ColumnChoice::of(*column), false));
        let columns = shown.iter().map(|choice| (*choice, true)).chain(hidden).collect();
        ColumnList { columns, selected: 0, automatic }
    }

    /// Shows the list of columns.
    pub(in crate::console::state) fn open_columns(&mut self) {
        self.overlay = Some(Overlay::Columns(self.column_list()));
    }

    /// How wide a column is on the screen now; as wide as it may get least when it is not on it.
    fn width_now(&self, column: Column) -> u16 {
        let placed = self.columns().into_iter().find(|placed| placed.column == column);
        placed.map_or(ColumnChoice::LEAST, |placed| placed.width)
    }

    pub(super) fn pressed_in_columns(&mut self, key: &KeyEvent) -> Vec<Effect> {
        let leaves = self.keymap.look_up(self.screen().place(), key) == Some(Does::Columns);
        let Some(Overlay::Columns(list)) = &self.overlay else {
            return Vec::new();
        };
        let mut list = list.clone();
        let before = list.columns.clone();
        let column = list.columns.get(list.selected).map(|(choice, _)| choice.column);
        let width = column.map_or(0, |column| self.width_now(column));
        let carries = key.modifiers.intersects(KeyModifiers::SHIFT | KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc | KeyCode::Enter => return self.close_columns(),
            _ if leaves => return self.close_columns(),
            KeyCode::Up if carries => list.carry(false),
            KeyCode::Down if carries => list.carry(true),
            KeyCode::Char('K') => list.carry(false),
            KeyCode::Char('J') => list.carry(true),
            KeyCode::Up | KeyCode::Char('k') => list.move_by(-1),
            KeyCode::Down | KeyCode::Char('j') => list.move_by(1),
            KeyCode::Home | KeyCode::Char('g') => list.selected = 0,
            KeyCode::End | KeyCode::Char('G') => list.move_by(isize::MAX),
            KeyCode::Char(' ') => list.toggle(),
            KeyCode::Char('+' | '=') => list.set_width(Some(width.saturating_add(1))),
            KeyCode::Char('-') => list.set_width(Some(width.saturating_sub(1))),
            KeyCode::Char('0') => list.set_width(None),
            KeyCode::Char('r') => return self.reset_columns(),
            _ => {}
        }
        let changed = list.columns != before;
        list.automatic &= !changed;
        let choices = list.choices();
        self.overlay = Some(Overlay::Columns(list));
        if changed { self.set_columns(choices) } else { Vec::new() }
    }

    fn close_columns(&mut self) -> Vec<Effect> {
        self.drop_overlay();
        Vec::new()
    }

    /// Those that suit the screen, again.
    fn reset_columns(&mut self) -> Vec<Effect> {
        let effects = self.set_columns(Vec::new());
        self.open_columns();
        effects
    }
}
