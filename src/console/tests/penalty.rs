//! The penalty box in its states.

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use crate::console::state::State;
use crate::model::Board;

/// The sizes a screen must do well at.
const SIZES: [(u16, u16); 4] = [(40, 15), (80, 24), (120, 40), (250, 70)];

fn opened(width: u16, height: u16, board: Board) -> State {
    let mut state = state(width, height, board);
    tell_time(&mut state);
    press(&mut state, KeyCode::Char('P'));
    state
}

#[test]
fn full() {
    for (width, height) in SIZES {
        let state = opened(width, height, tended_board(60));
        assert_snapshot!(format!("penalty_{width}x{height}"), screen(&state));
    }
    let shown = screen_in(&opened(120, 24, tended_board(60)), &ascii_look());
    assert!(shown.is_ascii());
    assert_snapshot!("penalty_ascii", shown);
}
