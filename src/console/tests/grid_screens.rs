//! The grid in every arrangement, at every size.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use crate::console::state::State;
use crate::console::text::width;
use crate::model::{Care, StreamIx, Usage, View};

const SIZES: [(u16, u16); 4] = [(40, 15), (80, 24), (120, 40), (250, 70)];

fn ch(c: char) -> KeyCode {
    KeyCode::Char(c)
}

/// Streams of which more is known: their workers are measured, some have tags and notes.
pub fn rich_board(streams: u32) -> crate::model::Board {
    let mut board = troubled_board(streams);
    for row in board.rows.values_mut() {
        let row = Arc::make_mut(row);
        let n = row.ix.0;
        let memory = u64::from(80 + n % 40) << 20;
        row.usage = row.pid.map(|_| Usage { cpu_percent: 3.5, memory_bytes: memory, open_files: 21 + n % 9 });
        row.priority = if n % 10 == 1 { 80 } else { 50 };
        if n % 4 == 0 {
            row.tags = [Arc::from("hd"), Arc::from("paid")].into();
        }
        match n {
            3 => row.care = Care { acknowledged: Some(ago(100)), ..Care::default() },
            8 => {
                row.care.muted_until = Some(NOW + Duration::from_secs(900));
                row.care.note = "the provider works on it until noon".into();
            }
            _ => {}
        }
        row.last_seen = Some(ago(u64::from(n % 3)));
    }
    board
}

/// A state of a board of 200.
fn grid(width: u16, height: u16) -> State {
    state(width, height, rich_board(200))
}

fn presses(state: &mut State, keys: &str) {
    for key in keys.chars() {
        press(state, ch(key));
    }
}

#[test]
fn two_lines() {
    for (width, height) in SIZES {
        let mut state = grid(width, height);
        presses(&mut state, "d");
        assert_snapshot!(format!("two_lines_{width}x{height}"), screen(&state));
    }
}

#[test]
fn tiles() {
    for (width, height) in SIZES {
        let mut state = grid(width, height);
        presses(&mut state, "dd");
        press(&mut state, KeyCode::Right);
        assert_snapshot!(format!("tiles_{width}x{height}"), screen(&state));
    }
    let mut state = state(100, 30, rich_board(40));
    presses(&mut state, "ddt");
    let shown = screen_in(&state, &ascii_look());
    assert!(shown.is_ascii());
    assert_snapshot!("tiles_grouped_ascii", shown);
}

#[test]
fn all_of_two_hundred_are_on_one_screen() {
    let mut state = grid(120, 40);
    presses(&mut state, "dd");
    assert_eq!(state.list.visible(state.grid_height()).len(), 200);
    let shown = screen(&state);
    for line in shown.lines() {
        assert!(width(line) <= 120, "{line}");
    }
    for row in state.board.rows.values().filter(|row| row.ix.0 >= 190) {
        let number = row.name.rsplit(' ').next().unwrap();
        assert!(shown.contains(&format!(" {number}")), "{}:\n{shown}", row.name);
    }
}

#[test]
fn groups_unfolded_and_folded() {
    for (width, height) in SIZES {
        let mut state = grid(width, height);
        presses(&mut state, "t");
        assert_snapshot!(format!("groups_{width}x{height}"), screen(&state));
        presses(&mut state, "_");
        press(&mut state, KeyCode::Down);
        press(&mut state, KeyCode::Right);
        assert_snapshot!(format!("groups_folded_{width}x{height}"), screen(&state));
    }
    let mut state = grid(100, 30);
    presses(&mut state, "td");
    let shown = screen_in(&state, &ascii_look());
    assert!(shown.is_ascii());
    assert_snapshot!("groups_two_lines_ascii", shown);
}

#[test]
fn selected() {
    for (width, height) in SIZES {
        let mut state = grid(width, height);
        presses(&mut state, "  jj V");
        assert_snapshot!(format!("selected_{width}x{height}"), screen(&state));
    }
    let mut state = grid(80, 24);
    presses(&mut state, "  jj Vx");
    assert_snapshot!("question_stop_selected", screen(&state));
    presses(&mut state, "n/sport");
    press(&mut state, KeyCode::Enter);
    presses(&mut state, "r");
    assert_snapshot!("question_restart_selected_hidden", screen(&state));
    let mut state = grid(80, 24);
    presses(&mut state, "  t");
    assert_snapshot!("selected_ascii", screen_in(&state, &ascii_look()));
}

#[test]
fn a_question_fits_the_least_screen() {
    let mut board = rich_board(200);
    for row in board.rows.values_mut() {
        Arc::make_mut(row).name = "a very long name of a stream, as long as names get ".repeat(4).into();
    }
    let mut state = state(40, 12, board);
    control(&mut state, 'a');
    presses(&mut state, "/nothingofthekind");
    press(&mut state, KeyCode::Enter);
    presses(&mut state, "x");
    let shown = screen(&state);
    assert!(shown.contains("Stop 200 streams?") && shown.contains("y yes"), "{shown}");
    assert_snapshot!("question_least", shown);
}

#[test]
fn columns_are_chosen() {
    for (width, height) in SIZES {
        let mut state = grid(width, height);
        presses(&mut state, "C");
        assert_snapshot!(format!("columns_{width}x{height}"), screen(&state));
        // The phase goes, the name gets wider, the health goes first.
        presses(&mut state, " j++jKK");
        assert_snapshot!(format!("columns_changed_{width}x{height}"), screen(&state));
    }
}

#[test]
fn every_column_is_shown_to_who_asks_for_it() {
    let mut state = grid(250, 30);
    presses(&mut state, "CG");
    for _ in 0..crate::model::Column::ALL.len() {
        let crate::console::state::overlay::Overlay::Columns(list) = state.overlay.as_ref().unwrap() else {
            panic!()
        };
        let (choice, shown) = list.columns[list.selected];
        let wide = matches!(choice.column, crate::model::Column::Message | crate::model::Column::Input);
        if shown == wide {
            presses(&mut state, " ");
        }
        presses(&mut state, "k");
    }
    press(&mut state, KeyCode::Esc);
    assert_snapshot!("columns_all", screen(&state));
}

#[test]
fn a_broken_query_is_pointed_at() {
    for (width, height) in SIZES {
        let mut state = grid(width, height);
        presses(&mut state, "/news helth:critical");
        assert_snapshot!(format!("broken_query_{width}x{height}"), screen(&state));
    }
    let mut state = grid(80, 24);
    presses(&mut state, "/sport condition:stoled");
    assert_snapshot!("broken_query_ascii", screen_in(&state, &ascii_look()));
}

#[test]
fn views_are_in_the_header_and_in_their_list() {
    let mut state = grid(80, 24);
    let view =
        View { name: "trouble".into(), key: Some(4), filter: "health>=warning".into(), ..View::default() };
    state.arrangement.configure(vec![view]);
    state.recall(crate::console::remembered::Remembered::default(), true);
    presses(&mut state, "4");
    assert_snapshot!("view_shown", screen(&state));
    presses(&mut state, "o");
    control(&mut state, 'n');
    presses(&mut state, " 2");
    assert_snapshot!("view_named", screen(&state));
    press(&mut state, KeyCode::Enter);
    presses(&mut state, "v");
    assert_snapshot!("view_list", screen(&state));
}

#[test]
fn every_arrangement_can_be_drawn_at_every_size() {
    for columns in (1..260).step_by(37) {
        for height in (1..80).step_by(11) {
            for keys in ["d", "dd", "t", "td", "tdd", "t_", "C", " V", "/fps<x", "/grp:", "C-----", "CJJ"] {
                let mut state = state(columns, height, rich_board(60));
                presses(&mut state, keys);
                let shown = screen(&state);
                assert!(shown.lines().all(|line| width(line) <= columns.into()), "{keys}:\n{shown}");
            }
        }
    }
}

#[test]
fn in_every_arrangement_a_text_changes_only_when_a_frame_is_wanted() {
    for keys in ["d", "dd", "t", "td", "o", "Cjjjjjjjjjjj G kkkk kk k"] {
        let mut state = grid(200, 40);
        presses(&mut state, keys);
        press(&mut state, KeyCode::Esc);
        wait(&mut state, 20);
        state.drawn();
        let mut before = screen(&state);
        for _ in 0..100 {
            wait(&mut state, 1);
            let shown = screen(&state);
            let wanted = state.dirty() > crate::console::state::Dirty::Clean;
            assert!(shown == before || wanted, "{keys}:\n{before}\n{shown}");
            if wanted {
                state.drawn();
            }
            before = shown;
        }
    }
}

#[test]
fn tiles_of_streams_that_are_well_never_wake() {
    let mut state = state(120, 40, board(200));
    presses(&mut state, "dd");
    wait(&mut state, 20);
    state.drawn();
    assert_eq!(state.deadline(), None);
    assert!(state.row(StreamIx(0)).is_some());
}
