//! What supervision has to say, on the screen: reasons and times, turns, explanations, notices, the
//! pool, the machine, leaving.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use crate::console::state::{Dirty, State};
use crate::console::text::width;
use crate::model::{Phase, StreamIx};

/// Opens the stream with this number.
fn open_nth(state: &mut State, n: u32) {
    while state.list.selected != Some(StreamIx(n)) {
        press(state, KeyCode::Down);
    }
    open(state, 40);
}

#[test]
fn grid() {
    for (columns, height) in [(60, 24), (80, 24), (120, 24), (200, 24), (250, 24)] {
        let shown = screen(&state(columns, height, supervised_board(40)));
        assert_snapshot!(format!("supervision_grid_{columns}"), shown);
    }
}

#[test]
fn stream_pages() {
    for (n, name) in [(2, "resting"), (6, "explained"), (7, "maintenance"), (9, "fallback"), (12, "held")] {
        let mut state = state(80, 24, supervised_board(40));
        open_nth(&mut state, n);
        assert_snapshot!(format!("supervision_stream_{name}"), screen(&state));
    }
    let mut state = state(200, 60, supervised_board(40));
    open_nth(&mut state, 7);
    assert_snapshot!("supervision_stream_wide", screen(&state));
}

#[test]
fn a_long_reason_is_told_whole_on_80_columns() {
    let mut state = state(80, 24, supervised_board(40));
    open_nth(&mut state, 12);
    let shown = screen(&state);
    let words: Vec<&str> = shown.split_whitespace().collect();
    let reason = state.row(StreamIx(12)).unwrap().reason.clone();
    let reason: Vec<&str> = reason.split_whitespace().collect();
    assert!(words.windows(reason.len()).any(|w| w == reason), "{shown}");
    assert!(shown.contains("last line"), "and nothing else is lost:\n{shown}");
}

#[test]
fn every_phase_says_when_it_changes_next() {
    for phase in Phase::ALL {
        let mut board = board(1);
        let row = Arc::make_mut(board.rows.get_mut(&StreamIx(0)).unwrap());
        (row.phase, row.reason) = (phase, "for a reason".into());
        row.next = Some(NOW + Duration::from_millis(12_300));
        let why = row.why(NOW);
        assert!(why.starts_with("for a reason, ") && why.contains("13 s"), "{why}");
        let mut state = state(200, 24, board);
        let grid = screen(&state);
        let coarse = why.replace("13 s", "15 s");
        assert_eq!(grid.contains(&coarse), phase != Phase::Live, "{phase:?}:\n{grid}");
        open(&mut state, 2);
        let page = screen(&state);
        assert!(page.contains(&why), "{phase:?}:\n{page}");
    }
}

/// A second at a time, says at which seconds a frame was wanted.
fn frames(state: &mut State, seconds: u64) -> Vec<u64> {
    state.drawn();
    let mut at = Vec::new();
    for second in 1..=seconds {
        wait(state, 1);
        if state.dirty() > Dirty::Clean {
            state.drawn();
            at.push(second);
        }
    }
    at
}

#[test]
fn a_countdown_wakes_a_wall_seldom_and_the_open_page_each_second() {
    for columns in [60, 80, 120, 200] {
        let mut board = board(1);
        let row = Arc::make_mut(board.rows.get_mut(&StreamIx(0)).unwrap());
        (row.phase, row.pid, row.started) = (Phase::Backoff, None, None);
        (row.reason, row.next) = ("connection refused".into(), Some(NOW + Duration::from_secs(130)));
        let mut state = state(columns, 24, board);
        // 3 min, 2 min, 60 s, and then every five seconds.
        let expected: Vec<u64> = [10, 70].into_iter().chain((75..130).step_by(5)).collect();
        assert_eq!(frames(&mut state, 140), expected, "at {columns}");
    }
    let mut state = state(80, 24, supervised_board(40));
    open_nth(&mut state, 14);
    assert_eq!(frames(&mut state, 10), (1..=10).collect::<Vec<u64>>());
}

#[test]
fn the_text_of_a_reason_changes_only_when_a_frame_is_wanted() {
    for columns in [60, 80, 120, 200, 250] {
        let mut state = state(columns, 24, supervised_board(40));
        state.drawn();
        let mut before = screen(&state);
        for _ in 0..200 {
            wait(&mut state, 1);
            let shown = screen(&state);
            assert!(shown == before || state.dirty() > Dirty::Clean, "at {columns}:\n{before}\n{shown}");
            if state.dirty() > Dirty::Clean {
                state.drawn();
            }
            before = shown;
        }
    }
}

#[test]
fn what_is_explained_does_not_look_like_an_alarm() {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    let state = state(120, 24, supervised_board(40));
    let look = look();
    let mut terminal = Terminal::new(TestBackend::new(120, 24)).unwrap();
    terminal.draw(|frame| crate::console::view::draw(&state, &look, frame)).unwrap();
    let shown = screen(&state);
    let style_of = |text: &str| {
        let (y, line) = shown.lines().enumerate().find(|(_, l)| l.contains(text)).unwrap();
        let x = width(&line[..line.find(text).unwrap()]);
        let cell = &terminal.backend().buffer()[(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())];
        cell.fg
    };
    assert_eq!(style_of("(slow 1m)"), look.theme.dim.fg.unwrap());
    assert_eq!(style_of("slow 33s"), look.theme.severity(crate::model::Severity::Warning).fg.unwrap());
    // The one without an explanation stands first.
    assert!(shown.contains("silent 31s, (frozen 8m)") || shown.contains("silent 31s, (fr"), "{shown}");
}

#[test]
fn filters_know_turns_maintenance_and_fallback() {
    let mut state = state(120, 40, supervised_board(40));
    let mut shown = |filter: &str| {
        press(&mut state, KeyCode::Char('/'));
        type_in(&mut state, filter);
        let found: Vec<u32> = state.list.order.iter().map(|ix| ix.0).collect();
        press(&mut state, KeyCode::Esc);
        found
    };
    assert_eq!(shown("rotate"), [1, 2, 4, 14]);
    assert_eq!(shown("always").len(), 36);
    assert_eq!(shown("maintenance"), [7, 10]);
    assert_eq!(shown("fallback"), [9]);
    assert_eq!(shown("overload"), [6]);
    assert_eq!(shown("rotate !resting"), [14]);
}
