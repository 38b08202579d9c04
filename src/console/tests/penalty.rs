//! The penalty box in its states.

use std::sync::Arc;

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use crate::console::state::State;
use crate::model::{Board, Moment, Phase};

/// The sizes a screen must do well at.
const SIZES: [(u16, u16); 4] = [(40, 15), (80, 24), (120, 40), (250, 70)];

fn opened(width: u16, height: u16, board: Board) -> State {
    let mut state = state(width, height, board);
    tell_time(&mut state);
    press(&mut state, KeyCode::Char('P'));
    state
}

/// Everybody has the fault of the fourth.
fn all_black(streams: u32) -> Board {
    let mut board = tended_board(streams);
    let black = board.rows.values().nth(3).unwrap().conditions.clone();
    for row in board.rows.values_mut().skip(40) {
        Arc::make_mut(row).conditions.clone_from(&black);
    }
    board
}

#[test]
fn some() {
    for (width, height) in SIZES {
        let state = opened(width, height, tended_board(60));
        assert_snapshot!(format!("penalty_{width}x{height}"), screen(&state));
    }
    let shown = screen_in(&opened(120, 24, tended_board(60)), &ascii_look());
    assert!(shown.is_ascii());
    assert_snapshot!("penalty_ascii", shown);
}

#[test]
fn full() {
    for (width, height) in SIZES {
        let mut state = opened(width, height, all_black(200));
        press(&mut state, KeyCode::PageDown);
        assert_snapshot!(format!("penalty_full_{width}x{height}"), screen(&state));
    }
}

#[test]
fn empty() {
    for (width, height) in SIZES {
        let mut state = opened(width, height, board(60));
        wait(&mut state, 3 * 3_600 + 60);
        assert_snapshot!(format!("penalty_empty_{width}x{height}"), screen(&state));
    }
    // Somebody was in it, and it is known since when nobody is.
    let mut state = opened(80, 24, tended_board(60));
    let well = (0..60).map(row).collect();
    wait(&mut state, 60);
    change(&mut state, well);
    wait(&mut state, 125);
    assert_snapshot!("penalty_empty_again", screen(&state));
    assert_snapshot!("penalty_no_streams", screen(&opened(80, 24, Board::default())));
    let mut starting = board(10);
    for row in starting.rows.values_mut().take(4) {
        Arc::make_mut(row).phase = Phase::Queued;
    }
    assert!(screen(&opened(80, 24, starting)).contains("of 4 nothing is known"));
}

#[test]
fn the_selected_one_is_told_whole() {
    let mut state = opened(80, 24, tended_board(60));
    // The one with a long note, one with a reason, one that is acknowledged, one that is muted.
    for (steps, name) in [(0, "note"), (3, "reason"), (5, "acknowledged"), (1, "muted")] {
        for _ in 0..steps {
            press(&mut state, KeyCode::Down);
        }
        assert_snapshot!(format!("penalty_selected_{name}"), screen(&state));
    }
}

#[test]
fn who_is_well_again_under_the_cursor_says_so() {
    let mut state = opened(120, 24, tended_board(60));
    press(&mut state, KeyCode::Down);
    let well = state.target().unwrap().ix;
    change(&mut state, vec![row(well.0)]);
    wait(&mut state, 5);
    let shown = screen(&state);
    let line = shown.lines().find(|line| line.starts_with('▌')).unwrap();
    assert!(line.contains("well now"), "{shown}");
    assert_eq!(state.target().unwrap().ix, well);
    press(&mut state, KeyCode::Down);
    wait(&mut state, 5);
    assert!(!screen(&state).contains("well now"));
}

#[test]
fn picking_and_typing() {
    for (width, height) in [(40, 15), (80, 24)] {
        let mut state = opened(width, height, tended_board(60));
        press(&mut state, KeyCode::Char('M'));
        assert_snapshot!(format!("penalty_mute_{width}x{height}"), screen(&state));
        press(&mut state, KeyCode::Esc);
        press(&mut state, KeyCode::Char('N'));
        assert_snapshot!(format!("penalty_note_{width}x{height}"), screen(&state));
    }
    let mut state = opened(80, 24, tended_board(60));
    for _ in 0..9 {
        press(&mut state, KeyCode::Down);
    }
    press(&mut state, KeyCode::Char('M'));
    assert!(screen(&state).contains("unmute"), "it is muted");
    type_in(&mut state, "another");
    press(&mut state, KeyCode::Enter);
    type_in(&mut state, "2 x");
    assert_snapshot!("penalty_mute_for", screen(&state));
}

#[test]
fn the_grid_shows_who_was_looked_after() {
    let shown = screen(&state(120, 40, tended_board(60)));
    assert!(shown.contains("http-5xx 11m (ack)") && shown.contains("slow 33s (muted)"), "{shown}");
}

#[test]
fn hostile_names_and_notes_are_shown_harmless() {
    let mut board = tended_board(60);
    for row in board.rows.values_mut() {
        let row = Arc::make_mut(row);
        (row.name, row.group) = ("\u{1b}[2J新闻联播新闻联播\u{202e}".into(), "g\u{7}".into());
        row.care.note = "line\nfeed \u{1b}]0;x\u{7} 新闻".repeat(9).into();
        (row.last_message, row.last_message_at) = ("a\tb".into(), Moment::ZERO);
    }
    for (width, height) in SIZES {
        let shown = screen(&opened(width, height, board.clone()));
        for line in shown.lines() {
            assert!(crate::console::text::width(line) <= width.into(), "{line}");
            assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
        }
    }
    assert!(screen_in(&opened(120, 24, board), &ascii_look()).is_ascii());
}

#[test]
fn it_can_be_drawn_at_every_size() {
    for width in (1..300).step_by(13) {
        for height in (1..80).step_by(7) {
            for board in [tended_board(60), board(3), Board::default()] {
                screen(&opened(width, height, board));
            }
        }
    }
    screen(&opened(500, 200, tended_board(60)));
}
