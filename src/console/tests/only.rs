//! A console that is told of some streams only.

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use crate::console::state::State;
use crate::console::state::update::Effect;
use crate::console::text::width;
use crate::link::ClientMessage;
use crate::model::{Board, Command, Selection};

const SIZES: [(u16, u16); 4] = [(40, 15), (80, 24), (120, 40), (250, 70)];

/// Twelve of two hundred.
fn some() -> Board {
    let mut board = troubled_board(12);
    board.pool.streams = 200;
    board.pool.slots = 200;
    board
}

fn only(columns: u16, height: u16, board: Board, query: &str) -> State {
    let mut state = state(columns, height, board);
    state.only = Some(query.into());
    tell_time(&mut state);
    state
}

#[test]
fn every_screen_says_so() {
    for (columns, height) in SIZES {
        let mut state = only(columns, height, some(), "group:news");
        assert_snapshot!(format!("only_grid_{columns}x{height}"), screen(&state));
        press(&mut state, KeyCode::Char('m'));
        let top = screen(&state).lines().next().unwrap().to_owned();
        assert!(columns < 60 || top.contains("only group:news"), "{top}");
        assert!(columns < 120 || top.contains("12 of 200, only group:news"), "{top}");
        press(&mut state, KeyCode::Char('W'));
        let wall = screen(&state);
        assert!(wall.contains("12 of 200, only group:news"), "{wall}");
    }
    let long = only(80, 24, some(), &"group:news | ".repeat(15));
    let shown = screen(&long);
    assert!(shown.contains("12 of 200, only group:news") && shown.contains("slots "), "{shown}");
    assert!(shown.lines().all(|line| width(line) <= 80), "{shown}");
}

#[test]
fn where_nobody_is_found_it_says_by_what() {
    let mut none = some();
    none.rows.clear();
    let mut state = only(80, 24, none, "group:nws");
    assert!(screen(&state).contains("no stream is found by --only group:nws"), "{}", screen(&state));
    press(&mut state, KeyCode::Char('P'));
    assert!(screen(&state).contains("no stream is found by --only group:nws"), "{}", screen(&state));
    press(&mut state, KeyCode::Char('W'));
    assert!(screen(&state).contains("no stream is found by --only group:nws"), "{}", screen(&state));
}

#[test]
fn orders_for_all_are_for_those_that_are_shown_and_leaving_asks_for_the_others() {
    let mut state = only(80, 24, some(), "group:news");
    press(&mut state, KeyCode::Char('X'));
    let effects = press(&mut state, KeyCode::Char('y'));
    let [Effect::Send(ClientMessage::Command { command: Command::Streams { target, .. }, .. })] =
        &effects[..]
    else {
        panic!("{effects:?}")
    };
    let Selection::Ids(ids) = target else { panic!("{target:?}") };
    assert_eq!(ids.len(), 12);
    // Nobody here runs or is wanted; others may.
    let mut none = some();
    none.rows.clear();
    none.pool.busy = 0;
    let mut state = only(80, 24, none, "group:nws");
    press(&mut state, KeyCode::Char('q'));
    assert!(state.question().is_some());
}
