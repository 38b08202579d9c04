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
                return self.drag_title(mouse.x);
            }
            MouseDid::Release if self.drag.is_some() => {
                self.want(Dirty::Typed);
                self.drop_title();
                return Vec::new();
            }
            MouseDid::Drag | MouseDid::Release => return Vec::new(),
            _ => self.drag = None,
        }
        self.want(Dirty::Typed);
        if self.overlay.is_some() && std::mem::take(&mut self.help.front) {
            return Vec::new();
        }
        let under = self.under(Position::new(mouse.x, mouse.y));
        match mouse.did {
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
        }
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
            Under::Entry(_) | Under::Unwell(_) => {
                let again =
                    before.is_some_and(|(thing, at)| thing == under && self.now.since(at) <= SECOND_CLICK);
                if again && self.overlay.is_none() && self.is_selected(under) {
                    return self.does(Does::Open);
                }
                self.select(under);
                self.clicked = Some((under, self.now));
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
            Under::Title(_) | Under::Notice | Under::Part(_) | Under::Nothing => Vec::new(),
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
            _ => {}
        }
    }

    fn is_selected(&self, under: Under) -> bool {
        match under {
            Under::Entry(entry) => {
                self.list.position().and_then(|at| self.list.entries().get(at)) == Some(&entry)
            }
            Under::Unwell(ix) => self.penalty.list.selected == Some(ix),
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
        let scrolls = matches!(self.screen(), Screen::Help | Screen::Machine | Screen::OwnLog);
        match under {
            Under::Entry(_) | Under::Title(_) => {
                self.list.hold(self.now);
                let height = self.grid_height();
                self.list.scroll_by(lines, height);
            }
            Under::Part(part) => self.scroll_part(part, lines),
            Under::Unwell(_) => self.scroll(lines),
            _ if scrolls => self.scroll(lines),
            _ => {}
        }
        Vec::new()
    }
}

/// What was clicked last, and when.
pub(super) type Clicked = Option<(Under, Moment)>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::decode::Typed;
    use crate::console::state::Question;
    use crate::console::state::overlay::picker::Pick;
    use crate::console::state::update::{Event, update};
    use crate::console::tests::support::*;
    use crate::link::ClientMessage;
    use crate::model::SortBy;
    use crossterm::event::KeyCode;

    fn grid() -> State {
        let mut state = state(120, 40, troubled_board(200));
        state.mouse = true;
        state
    }

    fn mouse(state: &mut State, did: MouseDid, x: u16, y: u16) -> Vec<Effect> {
        let now = state.now;
        update(state, now, Event::Typed(Typed::Mouse(Mouse { did, x, y })))
    }

    fn click(state: &mut State, x: u16, y: u16) -> Vec<Effect> {
        mouse(state, MouseDid::Press, x, y)
    }

    /// Where a text stands on the screen.
    fn find(state: &State, text: &str) -> (u16, u16) {
        let shown = screen(state);
        let (y, line) = shown.lines().enumerate().find(|(_, line)| line.contains(text)).unwrap();
        let x = line[..line.find(text).unwrap()].chars().count();
        (u16::try_from(x).unwrap(), u16::try_from(y).unwrap())
    }

    #[test]
    fn a_click_selects_and_a_second_one_opens() {
        let mut state = grid();
        let (x, y) = find(&state, "Doku Welt");
        assert_eq!(click(&mut state, x, y), []);
        assert_eq!(state.list.selected, Some(StreamIx(7)));
        mouse(&mut state, MouseDid::Release, x, y);
        wait(&mut state, 3);
        click(&mut state, x, y);
        assert_eq!(state.screen(), Screen::Grid, "that was too late");
        let effects = click(&mut state, x, y);
        assert!(effects.contains(&Effect::Send(ClientMessage::FollowLogs(vec![StreamIx(7)]))));
        assert_eq!(state.screen(), Screen::Stream);
    }

    #[test]
    fn the_row_that_is_clicked_is_the_one_that_is_seen() {
        let mut state = grid();
        for key in [KeyCode::End, KeyCode::PageUp, KeyCode::Char('o')] {
            press(&mut state, key);
            for y in state.areas().body.y + 1..state.areas().body.bottom() {
                click(&mut state, 20, y);
                let row = state.target().unwrap();
                let line = screen(&state).lines().nth(y.into()).unwrap().to_owned();
                assert!(line.contains(&*row.name), "{line}\n{}", row.name);
            }
        }
    }

    #[test]
    fn a_click_on_a_title_sorts_and_another_turns() {
        let mut state = grid();
        let click_title = |state: &mut State, text: &str| {
            let (x, y) = find(state, text);
            click(state, x, y);
            mouse(state, MouseDid::Release, x, y);
        };
        click_title(&mut state, "health");
        assert_eq!(state.list.sort, SortBy { column: Some(Column::Health), reversed: false });
        click_title(&mut state, "health");
        assert_eq!(state.list.sort, SortBy { column: Some(Column::Health), reversed: true });
        click_title(&mut state, "group");
        assert_eq!(state.list.sort, SortBy { column: Some(Column::Group), reversed: false });
    }

    fn drag(state: &mut State, from: (u16, u16), to: u16) {
        click(state, from.0, from.1);
        let step = |x: u16| if x < to { x + 1 } else { x - 1 };
        let mut x = from.0;
        while x != to {
            x = step(x);
            mouse(state, MouseDid::Drag, x, from.1);
        }
        mouse(state, MouseDid::Release, to, from.1);
    }

    #[test]
    fn a_title_is_dragged_to_another_place() {
        let mut state = grid();
        let order = |state: &State| state.columns().iter().map(|p| p.column).collect::<Vec<_>>();
        let usual = order(&state);
        let from = find(&state, "group");
        let to = find(&state, "speed").0;
        drag(&mut state, from, to);
        let moved = order(&state);
        let at = |order: &[Column], column| order.iter().position(|c| *c == column).unwrap();
        assert!(at(&moved, Column::Group) > at(&moved, Column::Bitrate), "{moved:?}");
        assert_eq!(state.list.sort, SortBy::default(), "it was no click");
        let from = find(&state, "group");
        drag(&mut state, from, 2);
        let back = find(&state, "group");
        drag(&mut state, back, from.0);
        let mut sorted = order(&state);
        sorted.sort();
        let mut before = usual;
        before.sort();
        assert_eq!(sorted, before, "none is lost");
    }

    #[test]
    fn the_edge_of_a_title_is_dragged_to_size_its_column() {
        let mut state = grid();
        let name = |state: &State| *state.columns().iter().find(|p| p.column == Column::Name).unwrap();
        let (before, y) = (name(&state), find(&state, "phase").1);
        drag(&mut state, (before.x + before.width, y), before.x + 12);
        assert_eq!((name(&state).x, name(&state).width), (before.x, 12));
        drag(&mut state, (before.x + 12, y), 0);
        assert_eq!(name(&state).width, 3, "never less");
        assert_eq!(state.list.sort, SortBy::default());
        // Let go elsewhere, nothing is held any more.
        mouse(&mut state, MouseDid::Drag, 60, y);
        assert_eq!(name(&state).width, 3);
    }

    #[test]
    fn the_wheel_scrolls_what_is_under_it() {
        let mut state = grid();
        mouse(&mut state, MouseDid::WheelDown, 20, 20);
        assert_eq!((state.list.top, state.list.position()), (3, Some(3)));
        mouse(&mut state, MouseDid::WheelUp, 20, 20);
        assert_eq!((state.list.top, state.list.position()), (0, Some(3)));
        mouse(&mut state, MouseDid::WheelUp, 20, 20);
        assert_eq!(state.list.top, 0);
        for _ in 0..200 {
            mouse(&mut state, MouseDid::WheelDown, 20, 20);
        }
        assert_eq!(state.list.top, 200 - state.grid_height());
        open(&mut state, 300);
        let log = state.parts().iter().find(|(part, _)| *part == Part::Log).unwrap().1;
        let body = state.areas().body;
        mouse(&mut state, MouseDid::WheelUp, 20, body.y);
        assert!(state.log.follows(), "the facts were under it");
        mouse(&mut state, MouseDid::WheelUp, 20, log.y + 1);
        assert!(!state.log.follows());
    }

    #[test]
    fn keys_in_the_footer_can_be_clicked() {
        let mut state = grid();
        let (x, y) = find(&state, "to look at");
        click(&mut state, x + 3, y);
        assert_eq!(state.screen(), Screen::Penalty);
        let (x, y) = find(&state, "esc back");
        click(&mut state, x, y);
        assert_eq!(state.screen(), Screen::Grid);
        let (x, y) = find(&state, "x stop");
        let effects = click(&mut state, x, y);
        assert!(matches!(effects.as_slice(), [Effect::Send(ClientMessage::Command { .. })]), "{effects:?}");
        state.say("an answer that takes much of the room there is in the footer".into(), false);
        let (x, y) = find(&state, "q quit");
        click(&mut state, x, y);
        assert_eq!(state.question(), Some(&Question::Quit));
    }

    #[test]
    fn a_question_is_answered_by_a_click_and_by_nothing_beside_it() {
        let mut state = grid();
        press(&mut state, KeyCode::Char('X'));
        let (x, y) = find(&state, "y yes     n no");
        click(&mut state, x + 7, y);
        click(&mut state, 1, 20);
        assert!(matches!(state.question(), Some(Question::Many(_))));
        assert_eq!(click(&mut state, x + 10, y), []);
        assert_eq!(state.question(), None);
        press(&mut state, KeyCode::Char('X'));
        assert_eq!(click(&mut state, x, y).len(), 1);
        // The footer has the same answers.
        press(&mut state, KeyCode::Char('X'));
        let y = state.areas().footer.y;
        let (x, _) = find(&state, " y yes  n no");
        click(&mut state, x + 8, y);
        assert_eq!(state.question(), None);
    }

    #[test]
    fn entries_of_a_list_are_clicked_twice_and_the_outside_once() {
        let mut state = grid();
        press(&mut state, KeyCode::Char('T'));
        let (x, y) = find(&state, "nord ");
        click(&mut state, x, y);
        assert_eq!(state.looks.name, "nord");
        let Some(Overlay::Picker(picker)) = &state.overlay else { panic!() };
        assert_eq!(picker.chosen().unwrap().pick, Pick::Theme(Some("nord".into())));
        click(&mut state, 1, 39);
        assert_eq!((state.overlay.is_none(), state.looks.picked()), (true, None));
        press(&mut state, KeyCode::Char('T'));
        click(&mut state, x, y);
        click(&mut state, x, y);
        assert_eq!((state.overlay.is_none(), state.looks.picked()), (true, Some("nord")));
    }

    #[test]
    fn nothing_is_done_while_the_mouse_is_off_and_nowhere_does_it_hurt() {
        let mut state = grid();
        state.mouse = false;
        click(&mut state, 20, 20);
        assert_eq!(state.list.selected, Some(StreamIx(0)));
        for (width, height) in [(1, 1), (40, 12), (80, 24), (250, 70)] {
            for key in [None, Some('m'), Some('?'), Some(':'), Some('/'), Some('X'), Some('L')] {
                let mut state = crate::console::tests::support::state(width, height, troubled_board(200));
                state.mouse = true;
                if let Some(key) = key {
                    press(&mut state, KeyCode::Char(key));
                }
                for y in 0..height + 2 {
                    for x in (0..width + 2).step_by(7) {
                        for did in [MouseDid::Drag, MouseDid::Release, MouseDid::WheelUp, MouseDid::WheelDown]
                        {
                            mouse(&mut state, did, x, y);
                        }
                    }
                }
                click(&mut state, u16::MAX, u16::MAX);
            }
        }
    }
}
