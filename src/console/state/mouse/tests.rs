//! Clicks, drags and the wheel.

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

fn remembered(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Remember(_))).count()
}

#[test]
fn a_drag_is_remembered_once_when_it_ends() {
    let mut state = grid();
    state.recall(crate::console::remembered::Remembered::default(), true);
    let name = |state: &State| *state.columns().iter().find(|p| p.column == Column::Name).unwrap();
    let (at, y) = (name(&state).x + name(&state).width, find(&state, "phase").1);
    click(&mut state, at, y);
    for x in (10..at).rev() {
        assert_eq!(mouse(&mut state, MouseDid::Drag, x, y), []);
    }
    assert_eq!(remembered(&mouse(&mut state, MouseDid::Release, 10, y)), 1);
    assert_eq!(mouse(&mut state, MouseDid::Release, 10, y), []);
    // A click alone has arranged nothing.
    let (x, y) = find(&state, "phase");
    click(&mut state, x, y);
    assert_eq!(remembered(&mouse(&mut state, MouseDid::Release, x, y)), 0);
}

#[test]
fn a_drag_ends_with_the_screen_it_is_on() {
    for key in ['?', 'm', ':', '/', 'X', 'D', 'W'] {
        let mut state = grid();
        state.recall(crate::console::remembered::Remembered::default(), true);
        let name = |state: &State| *state.columns().iter().find(|p| p.column == Column::Name).unwrap();
        let (at, y) = (name(&state).x + name(&state).width, find(&state, "phase").1);
        click(&mut state, at, y);
        mouse(&mut state, MouseDid::Drag, at - 5, y);
        let effects = if key == 'D' {
            press(&mut state, KeyCode::Char('d'));
            press(&mut state, KeyCode::Char('d'))
        } else {
            press(&mut state, KeyCode::Char(key))
        };
        assert_eq!(remembered(&effects), 1, "{key}: what was sized stays so");
        press(&mut state, KeyCode::Esc);
        press(&mut state, KeyCode::Char('d'));
        let width = name(&state).width;
        mouse(&mut state, MouseDid::Drag, at + 9, y);
        mouse(&mut state, MouseDid::Release, at + 9, y);
        assert_eq!((name(&state).width, state.list.sort), (width, SortBy::default()), "{key}");
    }
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
                    for did in [MouseDid::Drag, MouseDid::Release, MouseDid::WheelUp, MouseDid::WheelDown] {
                        mouse(&mut state, did, x, y);
                    }
                }
            }
            click(&mut state, u16::MAX, u16::MAX);
        }
    }
}
