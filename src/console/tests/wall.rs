//! The wall in its states.

use insta::assert_snapshot;

use super::support::*;
use crate::console::state::State;
use crate::model::Board;

/// The sizes a screen must do well at.
const SIZES: [(u16, u16); 4] = [(40, 15), (80, 24), (120, 40), (250, 70)];

fn wall(width: u16, height: u16, board: Board) -> State {
    let mut state = crate::console::state::State::new(
        "demo",
        "0.1.0",
        ratatui::layout::Size::new(width, height),
        jiff::tz::TimeZone::UTC,
    );
    state.wall_alone();
    tell(&mut state, crate::link::ServerMessage::Board(Box::new(board)));
    tell_time(&mut state);
    state
}

#[test]
fn with_faults() {
    for (width, height) in SIZES {
        assert_snapshot!(format!("wall_{width}x{height}"), screen(&wall(width, height, tended_board(200))));
    }
}
