//! Columns moved and sized by dragging their titles.

use super::update::Effect;
use super::{Screen, State};
use crate::console::columns::Placed;
use crate::console::layout::is_too_small;
use crate::model::{Column, ColumnChoice, Density};

/// A title that is held with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drag {
    column: Column,
    /// It is held at its right edge: the column is sized, not moved.
    edge: bool,
    /// Something was moved or sized: it was no click.
    moved: bool,
    /// That is to be remembered.
    keep: bool,
}

impl State {
    /// A title is pressed.
    pub(super) fn grab_title(&mut self, column: Column, x: u16) {
        let edge = self.columns().iter().any(|p| p.column == column && x == p.x + p.width);
        self.drag = Some(Drag { column, edge, moved: false, keep: false });
    }

    /// The mouse is at `x` of the screen, with a title held. The grid follows at once; it is remembered
    /// when the mouse lets go.
    pub(super) fn drag_title(&mut self, x: u16) {
        let Some(drag) = self.drag else { return };
        let placed = self.columns();
        let Some(held) = placed.iter().find(|p| p.column == drag.column) else { return };
        let mut columns = self.columns_chosen();
        let Some(from) = columns.iter().position(|choice| choice.column == drag.column) else {
            return;
        };
        if drag.edge {
            let width = x.saturating_sub(held.x).clamp(ColumnChoice::LEAST, ColumnChoice::MOST);
            if width == held.width {
                return;
            }
            columns[from].width = Some(width);
        } else {
            let over = placed.iter().find(|p| (p.x..=p.x + p.width).contains(&x));
            let to = over.and_then(|over| columns.iter().position(|choice| choice.column == over.column));
            let Some(to) = to.filter(|to| *to != from && would_reach(*held, over.copied(), x)) else {
                return;
            };
            let choice = columns.remove(from);
            columns.insert(to, choice);
        }
        let keep = self.show_columns(columns);
        self.drag = Some(Drag { moved: true, keep, ..drag });
    }

    /// The mouse lets go: a title that was only clicked sorts.
    pub(super) fn drop_title(&mut self) -> Vec<Effect> {
        if let Some(Drag { column, moved: false, .. }) = self.drag {
            self.sort_by_column(Some(column));
        }
        self.leave_title()
    }

    /// No title is held any more; what was moved or sized until now stays so.
    pub(super) fn leave_title(&mut self) -> Vec<Effect> {
        if self.drag.take().is_some_and(|drag| drag.keep) { self.remember() } else { Vec::new() }
    }

    /// A title is held no longer than it is seen, and nothing stands in front of it.
    pub(super) fn hold_title(&mut self) -> Vec<Effect> {
        let seen = self.screen() == Screen::Grid && self.arrangement.density != Density::Tiles;
        let held = seen && self.mouse && self.overlay.is_none() && !is_too_small(self.size);
        if held { Vec::new() } else { self.leave_title() }
    }
}

/// Whether the held column, in the place of the one the mouse is over, would be under the mouse:
/// else a wide one and a narrow one would change places for ever.
fn would_reach(held: Placed, over: Option<Placed>, x: u16) -> bool {
    over.is_some_and(|over| {
        if over.x > held.x { x + held.width > over.x + over.width } else { x < over.x + held.width }
    })
}
