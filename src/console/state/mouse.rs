//! What a click, a drag and the wheel do: which thing is under them, and what that means.

use std::time::Duration;

use ratatui::layout::Position;

use super::list::Entry;
use super::overlay::Overlay;
use super::update::Effect;
use super::{Dirty, Moment, Screen, State};
use crate::console::decode::{Mouse, MouseDid};
use crate::console::keymap::Does;
use crate::console::layout;
use crate::console::pages::Part;
use crate::console::view::dialog;
use crate::model::{Column, Density, StreamIx};

/// Rows or lines that one notch of the wheel goes.
const NOTCH: isize = 3;
/// A second click on the same row opens it, when it comes this soon.
const SECOND_CLICK: Duration = Duration::from_secs(2);

/// Something that can be pointed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Under {
    /// A stream's row or tile, or the line of a group.
    Entry(Entry),
    /// A row of the penalty box.
    Unwell(StreamIx),
    /// A line of the list of incidents: its number.
    Incident(u64),
    /// An order in the audit log, by its number.
    Ordered(u64),
    /// A column's title.
    Title(Column),
    /// A key in the footer.
    Hint(Does),
    /// An entry of a list to choose from: its place among those shown.
    Item(usize),
    /// The answer to a question.
    Answer(bool),
    /// A part of the stream's page, its log for one; the log that has a page of its own too.
    Part(Part),
    /// A notice at the top.
    Notice,
    /// Outside of what stands in front.
    Outside,
    /// Nothing that does anything.
    Nothing,
}

impl State {
    /// The mouse did something.
    pub(super) fn moused(&mut self, mouse: Mouse) -> Vec<Effect> {
        if !self.mouse || layout::is_too_small(self.size) || self.screen() == Screen::Wall {
            return Vec::new();
        }
        match mouse.did {
            MouseDid::Drag if self.drag.is_some() => {
                self.list.hold(self.now);
                self.want(Dirty::Typed);
                self.drag_title(mouse.x);
                return Vec::new();
            }
            MouseDid::Release if self.drag.is_some() => {
                self.want(Dirty::Typed);
                return self.drop_title();
            }
            MouseDid::Drag | MouseDid::Release => return Vec::new(),
            _ => {}
        }
        self.want(Dirty::Typed);
        // That it was let go was not told.
        let mut effects = self.leave_title();
        if self.overlay.is_some() && std::mem::take(&mut self.help.front) {
            return effects;
        }
        let under = self.under(Position::new(mouse.x, mouse.y));
        effects.extend(match mouse.did {
            MouseDid::Press => {
                self.list.hold(self.now);
                self.penalty.list.hold(self.now);
                if let Under::Title(column) = under
                    && self.overlay.is_none()
                {
                    self.grab_title(column, mouse.x);
                }
                self.clicked(under)
            }
            MouseDid::WheelUp => self.wheeled(-NOTCH, under),
            MouseDid::WheelDown => self.wheeled(NOTCH, under),
            MouseDid::Drag | MouseDid::Release => Vec::new(),
        });
        effects
    }

    fn under(&self, at: Position) -> Under {
        let areas = self.areas();
        match &self.overlay {
            Some(Overlay::Question(question)) => {
                return dialog::answer_at(self, question, at).map_or(Under::Nothing, Under::Answer);
            }
            Some(Overlay::Picker(picker)) => {
                let Some((frame, list)) = layout::picker(areas.body, picker.items.len()) else {
                    return Under::Outside;
                };
                if !frame.contains(at) {
                    return Under::Outside;
                }
                let first = layout::first_seen(picker.selected, list.height);
                let n = first + usize::from(at.y.saturating_sub(list.y));
                let on = list.contains(at) && n < picker.shown.len();
                return if on { Under::Item(n) } else { Under::Nothing };
            }
            Some(Overlay::Columns(_)) => return Under::Outside,
            Some(Overlay::Prompt(_)) | None => {}
        }
        if areas.footer.contains(at) {
            let hints = if self.overlay.is_none() { self.hints() } else { Vec::new() };
            let hint = hints.into_iter().find(|(x, hint)| (*x..*x + hint.width()).contains(&at.x));
            return hint.map_or(Under::Nothing, |(_, hint)| Under::Hint(hint.does));
        }
        if areas.banner.contains(at) {
            let of_files = self.line_of_mistakes() == Some(at.y - areas.banner.y);
            return if of_files { Under::Hint(Does::Help) } else { Under::Notice };
        }
        if areas.body.contains(at) { self.under_in_body(at) } else { Under::Nothing }
    }

    fn under_in_body(&self, at: Position) -> Under {
        let body = self.areas().body;
        match self.screen() {
            Screen::Grid if at.y == body.y && self.arrangement.density != Density::Tiles => {
                let columns = self.columns();
                let column = columns.iter().find(|p| (p.x..=p.x + p.width).contains(&at.x));
                column.map_or(Under::Nothing, |placed| Under::Title(placed.column))
            }
            Screen::Grid => self.entry_at(at.x, at.y).map_or(Under::Nothing, Under::Entry),
            Screen::Penalty => {
                let list = layout::penalty_parts(body).0;
                let rows = self.penalty.list.visible(self.penalty_height());
                let row = usize::from(at.y.saturating_sub(list.y + 1));
                let on = at.y > list.y && list.contains(at);
                rows.get(row).filter(|_| on).map_or(Under::Nothing, |ix| Under::Unwell(*ix))
            }
            Screen::Incidents => {
                // Below its title and its headings.
                let line = usize::from(at.y - body.y).checked_sub(2);
                let entries = self.incident_entries();
                let entry = line.and_then(|line| entries.get(self.incidents.top + line));
                entry.map_or(Under::Nothing, |entry| Under::Incident(entry.number))
            }
            Screen::Audit => {
                let list = layout::penalty_parts(body).0;
                let line = usize::from(at.y.saturating_sub(list.y + 1));
                let number = self.audit.visible(self.audit_height()).get(line);
                let on = at.y > list.y && list.contains(at);
                number.filter(|_| on).map_or(Under::Nothing, |number| Under::Ordered(*number))
            }
            Screen::Log => Under::Part(Part::Log),
            Screen::Stream => {
                let part = self.parts().into_iter().find(|(_, area)| area.contains(at));
                part.map_or(Under::Nothing, |(part, _)| Under::Part(part))
            }
            _ => Under::Nothing,
        }
    }

    fn clicked(&mut self, under: Under) -> Vec<Effect> {
        let before = self.clicked.take();
        match under {
            Under::Entry(_) | Under::Unwell(_) | Under::Incident(_) => {
                let again =
                    before.is_some_and(|(thing, at)| thing == under && self.now.since(at) <= SECOND_CLICK);
                if again && self.overlay.is_none() && self.is_selected(under) {
                    return self.does(Does::Open);
                }
                self.select(under);
                self.clicked = Some((under, self.now));
                Vec::new()
            }
            Under::Ordered(number) if self.overlay.is_none() => {
                let height = self.audit_height();
                self.audit.select(number, height);
                Vec::new()
            }
            Under::Hint(does) => self.does(does),
            Under::Notice if self.overlay.is_none() => self.does(Does::Machine),
            Under::Item(n) => self.item_clicked(n),
            Under::Answer(true) => self.confirm(),
            Under::Answer(false) | Under::Outside => {
                self.drop_overlay();
                Vec::new()
            }
            Under::Title(_) | Under::Notice | Under::Part(_) | Under::Ordered(_) | Under::Nothing => {
                Vec::new()
            }
        }
    }

    /// The first click on an entry goes to it, the second one takes it.
    fn item_clicked(&mut self, n: usize) -> Vec<Effect> {
        let Some(Overlay::Picker(picker)) = &mut self.overlay else { return Vec::new() };
        if picker.selected == n {
            return self.picked();
        }
        picker.selected = n;
        self.picker_moved();
        Vec::new()
    }

    fn select(&mut self, under: Under) {
        match under {
            Under::Entry(entry) => {
                let at = self.list.entries().iter().position(|other| *other == entry);
                self.list.select_entry(at.unwrap_or(usize::MAX));
            }
            Under::Unwell(ix) => self.penalty.list.selected = Some(ix),
            Under::Incident(number) => self.incidents.selected = Some(number),
            _ => {}
        }
    }

    fn is_selected(&self, under: Under) -> bool {
        match under {
            Under::Entry(entry) => {
                self.list.position().and_then(|at| self.list.entries().get(at)) == Some(&entry)
            }
            Under::Unwell(ix) => self.penalty.list.selected == Some(ix),
            Under::Incident(number) => self.incidents.selected == Some(number),
            _ => false,
        }
    }

    fn wheeled(&mut self, lines: isize, under: Under) -> Vec<Effect> {
        match &mut self.overlay {
            Some(Overlay::Question(_) | Overlay::Columns(_)) => return Vec::new(),
            Some(Overlay::Picker(picker)) => {
                picker.move_by(lines.signum());
                self.picker_moved();
                return Vec::new();
            }
            Some(Overlay::Prompt(_)) | None => {}
        }
        let scrolls = matches!(
            self.screen(),
            Screen::Help | Screen::Machine | Screen::OwnLog | Screen::Incidents | Screen::Incident
        );
        match under {
            Under::Entry(_) | Under::Title(_) => {
                self.list.hold(self.now);
                let height = self.grid_height();
                self.list.scroll_by(lines, height);
            }
            Under::Part(part) => self.scroll_part(part, lines),
            Under::Unwell(_) | Under::Ordered(_) => self.scroll(lines),
            _ if scrolls => self.scroll(lines),
            _ => {}
        }
        Vec::new()
    }
}

/// What was clicked last, and when.
pub(super) type Clicked = Option<(Under, Moment)>;

#[cfg(test)]
mod tests;
