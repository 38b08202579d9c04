//! Every screen, as text. `cargo insta review`, or `INSTA_UPDATE=always`, takes a change over.

use std::sync::Arc;

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use crate::console::keymap::{Keymap, Places};
use crate::console::state::State;
use crate::console::state::help::Line;
use crate::console::text::width;
use crate::link::ServerMessage;
use crate::model::{Answer, Board, Moment, NoticeKind, Severity};

fn sizes() -> [(u16, u16); 6] {
    [(40, 15), (60, 12), (80, 24), (120, 40), (200, 60), (250, 70)]
}

#[test]
fn grid() {
    for (width, height) in sizes() {
        assert_snapshot!(
            format!("grid_{width}x{height}"),
            screen(&state(width, height, troubled_board(200)))
        );
    }
}

#[test]
fn grid_with_few_streams_and_with_none() {
    assert_snapshot!("grid_few", screen(&state(80, 24, board(3))));
    assert_snapshot!("grid_none", screen(&state(80, 24, Board::default())));
}

#[test]
fn grid_sorted_and_filtered() {
    let mut state = state(120, 24, troubled_board(200));
    press(&mut state, KeyCode::Char('o'));
    assert_snapshot!("grid_by_health", screen(&state));
    press(&mut state, KeyCode::Char('f'));
    press(&mut state, KeyCode::Char('/'));
    type_in(&mut state, "news");
    assert_snapshot!("grid_typing_a_filter", screen(&state));
    press(&mut state, KeyCode::Enter);
    assert_snapshot!("grid_filtered", screen(&state));
}

#[test]
fn grid_in_ascii() {
    let shown = screen_in(&state(100, 30, troubled_board(40)), &ascii_look());
    assert!(shown.is_ascii());
    assert_snapshot!("grid_ascii", shown);
}

#[test]
fn stream() {
    for (width, height) in sizes() {
        let mut state = state(width, height, troubled_board(200));
        for _ in 0..3 {
            press(&mut state, KeyCode::Down);
        }
        open(&mut state, 200);
        wait(&mut state, 1);
        assert_snapshot!(format!("stream_{width}x{height}"), screen(&state));
    }
}

#[test]
fn stream_that_waits() {
    let mut state = state(120, 40, troubled_board(200));
    for _ in 0..5 {
        press(&mut state, KeyCode::Down);
    }
    open(&mut state, 2);
    assert_snapshot!("stream_backoff", screen(&state));
}

#[test]
fn log_followed_scrolled_and_wrapped() {
    let mut state = state(80, 24, troubled_board(200));
    open(&mut state, 300);
    press(&mut state, KeyCode::Char('l'));
    let stream = state.open.unwrap();
    tell(&mut state, ServerMessage::Log { stream, first: 0, lines: Vec::new(), missed: 17, fresh: false });
    assert_snapshot!("log_followed", screen(&state));
    press(&mut state, KeyCode::PageUp);
    assert_snapshot!("log_scrolled", screen(&state));
    press(&mut state, KeyCode::Char('w'));
    assert_snapshot!("log_wrapped", screen(&state));
}

#[test]
fn machine() {
    for (width, height) in sizes() {
        let mut state = state(width, height, troubled_board(200));
        press(&mut state, KeyCode::Char('m'));
        assert_snapshot!(format!("machine_{width}x{height}"), screen(&state));
    }
}

#[test]
fn the_strip_says_how_many_are_held_though_nobody_queues() {
    let mut board = troubled_board(200);
    (board.pool.queued, board.pool.held) = (0, 6);
    for width in [120, 200] {
        let shown = screen(&state(width, 40, board.clone()));
        assert!(shown.lines().any(|line| line.contains("queue 0, 6 held")), "{shown}");
    }
    (board.pool.queued, board.pool.held) = (3, 0);
    let shown = screen(&state(200, 40, board));
    assert!(shown.contains("queue 3\n") && !shown.contains(" held"), "{shown}");
}

#[test]
fn the_machine_s_title_names_the_part_that_is_seen_and_the_limits() {
    let mut board = board(200);
    board.notices = vec![notice(NoticeKind::Limits, Severity::Warning, "few files")];
    let title = |state: &State| screen(state).lines().find(|line| line.contains("top")).unwrap().to_owned();
    let mut wide = state(200, 60, board.clone());
    press(&mut wide, KeyCode::Char('m'));
    let told = title(&wide);
    for words in
        ["[meters] ", " top ", " notices 1 ", "524 288 open files (was 1 024)", "room for 174 000 workers"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    press(&mut wide, KeyCode::Tab);
    assert!(title(&wide).contains(" meters [top]"), "{}", title(&wide));
    // Where there is little room the limits go first, and the time that charts show last.
    let mut narrow = state(40, 15, board);
    press(&mut narrow, KeyCode::Char('m'));
    let told = title(&narrow);
    assert!(told.contains("[meters]") && !told.contains("open files"), "{told}");
}

#[test]
fn own_log() {
    let mut state = state(80, 24, board(3));
    press(&mut state, KeyCode::Char('L'));
    // What other tests log is in there too: only the frame is looked at.
    let shown = screen(&state);
    assert!(shown.lines().nth(3).unwrap().contains("headend's own log"), "{shown}");
}

#[test]
fn help_shows_every_key() {
    let mut state = state(120, 113, board(3));
    press(&mut state, KeyCode::Char('?'));
    let shown = screen(&state);
    for bound in Keymap::default().lines().iter().filter(|bound| bound.places != Places::HELP) {
        let binding = bound.binding;
        for key in binding.keys {
            assert!(shown.contains(&key.name()), "{}", key.name());
        }
        assert!(shown.contains(binding.help), "{:?}", binding.does);
    }
    assert_snapshot!("help", shown);
}

/// How the last line of the help begins.
fn last_of_help(state: &State) -> String {
    match state.help_lines().last() {
        Some(Line::Key { help, .. }) => help.chars().take(12).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn help_scrolls_where_it_does_not_fit() {
    let mut state = state(60, 12, board(3));
    press(&mut state, KeyCode::Char('?'));
    let first = screen(&state);
    press(&mut state, KeyCode::End);
    let last = screen(&state);
    assert!(first.contains("Here: grid") && last.contains(&last_of_help(&state)), "{last}");
    press(&mut state, KeyCode::PageDown);
    assert_eq!(screen(&state), last);
}

#[test]
fn palette() {
    let mut state = state(80, 24, troubled_board(200));
    press(&mut state, KeyCode::Char(':'));
    assert_snapshot!("palette", screen(&state));
    type_in(&mut state, "rest");
    assert_snapshot!("palette_typed", screen(&state));
    assert!(state.overlay.is_some());
    press(&mut state, KeyCode::Enter);
    assert!(state.overlay.is_none());
    press(&mut state, KeyCode::Char(':'));
    type_in(&mut state, "machine");
    press(&mut state, KeyCode::Enter);
    assert!(screen(&state).contains("[meters]"));
}

#[test]
fn questions() {
    let mut state = state(80, 24, troubled_board(200));
    press(&mut state, KeyCode::Char('X'));
    assert_snapshot!("question_stop_all", screen(&state));
    press(&mut state, KeyCode::Char('n'));
    press(&mut state, KeyCode::Char('f'));
    press(&mut state, KeyCode::Char('R'));
    assert_snapshot!("question_restart_shown", screen(&state));
    press(&mut state, KeyCode::Char('n'));
    press(&mut state, KeyCode::Char('q'));
    assert_snapshot!("question_quit", screen(&state));
    press(&mut state, KeyCode::Char('y'));
    tell(&mut state, ServerMessage::Leaving { workers_left: 42 });
    assert_snapshot!("leaving", screen(&state));
}

#[test]
fn answers_stand_in_the_footer() {
    let mut state = state(80, 24, board(3));
    press(&mut state, KeyCode::Char('x'));
    tell(&mut state, ServerMessage::Answer { seq: 1, answer: Answer::Done { touched: 1 } });
    let footer = screen(&state).lines().last().unwrap().to_owned();
    assert!(footer.contains("stop Nordlicht News: done"), "{footer}");
    assert!(footer.contains("? help") && footer.contains("q quit"), "{footer}");
}

#[test]
fn notices_can_not_be_missed() {
    let mut board = board(30);
    board.notices = vec![
        notice(NoticeKind::Store, Severity::Critical, "the store can't be written: no space left"),
        notice(NoticeKind::Limits, Severity::Warning, "open files: 1 024 are enough for 300 workers only"),
        notice(
            NoticeKind::Ffmpeg,
            Severity::Warning,
            "ffmpeg lacks freezedetect: still pictures are not seen",
        ),
        notice(NoticeKind::Logs, Severity::Warning, "a fourth one has no line"),
    ];
    assert_snapshot!("notices", screen(&state(80, 24, board)));
}

#[test]
fn too_small_says_so_and_recovers() {
    for (width, height) in [(40, 10), (39, 12), (40, 11), (12, 4), (1, 1)] {
        let shown = screen(&state(width, height, board(3)));
        assert!(!shown.contains("phase"), "{shown}");
    }
    assert_snapshot!("too_small", screen(&state(40, 10, board(3))));
    assert!(screen(&state(40, 12, board(3))).contains("phase"));
}

/// Names as nobody should choose them.
fn hostile_board() -> Board {
    let names = [
        "\u{1b}[2J\u{1b}]0;owned\u{7}",
        "a\u{202e}evil\u{2066}",
        "新闻联播新闻联播新闻联播新闻联播新闻联播",
        "👩\u{200d}👩\u{200d}👧\u{200d}👦 family",
        "Zal\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}go",
        "line\nfeed\ttab\rreturn",
        "",
        "ends with a wide one a 界",
    ];
    let mut board = troubled_board(10);
    for (row, name) in board.rows.values_mut().zip(names) {
        let row = Arc::make_mut(row);
        (row.name, row.group, row.last_message) = (name.into(), name.into(), name.into());
        row.last_message_at = Moment::ZERO;
    }
    board
}

#[test]
fn hostile_names_stay_in_their_columns() {
    for (columns, height) in sizes() {
        let mut state = state(columns, height, hostile_board());
        for _ in 0..2 {
            let shown = screen(&state);
            for line in shown.lines() {
                assert!(width(line) <= columns.into(), "{line}");
                assert!(
                    !line.chars().any(|c| c.is_control() || matches!(c, '\u{202e}' | '\u{2066}')),
                    "{line:?}"
                );
            }
            open(&mut state, 10);
        }
    }
    assert_snapshot!("hostile_120x24", screen(&state(120, 24, hostile_board())));
    assert!(screen_in(&state(120, 24, hostile_board()), &ascii_look()).is_ascii());
}

#[test]
fn every_screen_can_be_drawn_at_every_size() {
    let keys = [None, Some('m'), Some('L'), Some('?'), Some('l'), Some('X'), Some('P')];
    for columns in (1..260).step_by(13) {
        for height in (1..80).step_by(7) {
            for key in keys {
                let mut state = state(columns, height, hostile_board());
                if let Some(key) = key {
                    press(&mut state, KeyCode::Char(key));
                }
                screen(&state);
                if key == Some('l') {
                    press(&mut state, KeyCode::Esc);
                    open(&mut state, 30);
                    screen(&state);
                }
            }
        }
    }
}
