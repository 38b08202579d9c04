//! Log panes: what each of their states looks like, and that nothing in a line does harm.

use std::sync::Arc;

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

use super::support::*;
use crate::console::state::State;
use crate::console::state::update::{Effect, Event, update};
use crate::console::text::width;
use crate::console::theme::{Look, Surroundings};
use crate::console::view;
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{LineLevel, LogLine, LogPlace, OldLines, PlacedLine, StreamIx};

const SIZES: [(u16, u16); 4] = [(40, 15), (80, 24), (120, 40), (250, 70)];

/// A log of the first stream on the whole screen, with lines that wait in its files.
fn pane(columns: u16, height: u16) -> State {
    let mut board = troubled_board(200);
    Arc::make_mut(board.rows.get_mut(&StreamIx(0)).unwrap()).lines_dropped = 4;
    let mut state = state(columns, height, board);
    press(&mut state, KeyCode::Char('l'));
    come(&mut state, StreamIx(0), log_lines(300), true);
    let now = state.now;
    let wall = i64::try_from(log_lines(300)[299].wall_ms + 30_000).unwrap();
    update(&mut state, now, Event::WallClock(wall - now.millis()));
    state
}

fn come(state: &mut State, stream: StreamIx, lines: Vec<LogLine>, fresh: bool) -> Vec<Effect> {
    tell(state, ServerMessage::Log { stream, first: 1_000, lines, missed: 0, fresh })
}

/// What is asked to be read back, if something is.
fn asked(effects: &[Effect]) -> Option<u64> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(ClientMessage::ReadLog { seq, .. }) => Some(*seq),
        _ => None,
    })
}

fn keys(state: &mut State, keys: &str) -> Vec<Effect> {
    keys.chars().flat_map(|key| press(state, KeyCode::Char(key))).collect()
}

/// The same state at each size.
fn each_size(name: &str, to_state: impl Fn(&mut State)) {
    for (columns, height) in SIZES {
        let mut state = pane(columns, height);
        to_state(&mut state);
        let shown = screen(&state);
        assert!(shown.lines().all(|line| width(line) <= columns.into()), "{shown}");
        assert_snapshot!(format!("{name}_{columns}x{height}"), shown);
        assert!(screen_in(&state, &ascii_look()).is_ascii());
    }
}

#[test]
fn following() {
    each_size("following", |_| {});
}

#[test]
fn scrolled_and_with_other_times() {
    each_size("scrolled", |state| {
        press(state, KeyCode::PageUp);
        keys(state, "tt");
    });
    each_size("ages", |state| {
        keys(state, "t");
    });
}

#[test]
fn filtered_by_pattern_and_severity() {
    each_size("filtered", |state| {
        keys(state, "f&!connection");
        press(state, KeyCode::Enter);
    });
    each_size("filtered_to_nothing", |state| {
        let seq = asked(&keys(state, "ff&nowhere")).expect("older lines may pass it");
        press(state, KeyCode::Enter);
        let old = OldLines::default();
        tell(state, ServerMessage::OldLog { seq, stream: StreamIx(0), old });
    });
}

#[test]
fn searched() {
    each_size("search_typed", |state| {
        keys(state, "/reset|retry");
    });
    each_size("search_wrong", |state| {
        keys(state, "/re(set");
    });
    each_size("search_hits", |state| {
        keys(state, "/reset|retry");
        press(state, KeyCode::Enter);
        keys(state, "NNN");
    });
}

#[test]
fn selected() {
    each_size("selected", |state| {
        keys(state, "v");
        for _ in 0..3 {
            press(state, KeyCode::Up);
        }
    });
}

#[test]
fn merged() {
    each_size("merged", |state| {
        let effect = state.open_logs(&[StreamIx(0), StreamIx(3), StreamIx(4)]);
        let streams = vec![StreamIx(0), StreamIx(3), StreamIx(4)];
        assert_eq!(effect, Effect::Send(ClientMessage::FollowLogs(streams.clone())));
        for (n, stream) in streams.into_iter().enumerate() {
            let lines = log_lines(300).into_iter().skip(n * 20).step_by(n + 1);
            come(
                state,
                stream,
                lines.map(|line| LogLine { wall_ms: line.wall_ms + n as u64, ..line }).collect(),
                true,
            );
        }
    });
}

#[test]
fn reading_back() {
    each_size("reading", |state| {
        press(state, KeyCode::Home);
        assert!(asked(&press(state, KeyCode::PageUp)).is_some());
    });
    each_size("read_to_the_begin", |state| {
        press(state, KeyCode::Home);
        let seq = asked(&press(state, KeyCode::Home)).unwrap();
        let place = LogPlace::File { turn: -1, offset: 0 };
        let told = ["headend: a.log.2 can't be read: it is not a plain file", "headend: damaged: ␀␀␀"];
        let told = told.map(|text| LogLine { wall_ms: 0, level: LineLevel::Warning, text: text.into() });
        let lines = told.into_iter().map(|line| PlacedLine { place, line }).collect();
        let old = OldLines { lines, before: None };
        tell(state, ServerMessage::OldLog { seq, stream: StreamIx(0), old });
    });
}

#[test]
fn wrapped() {
    each_size("wrapped", |state| {
        keys(state, "w");
    });
}

#[test]
fn marked() {
    each_size("marked", |state| {
        keys(state, "M");
        come(state, StreamIx(0), log_lines(303).split_off(300), false);
        tell(
            state,
            ServerMessage::Log {
                stream: StreamIx(0),
                first: 1_400,
                lines: log_lines(305).split_off(303),
                missed: 97,
                fresh: false,
            },
        );
    });
}

#[test]
fn saving_is_asked_where() {
    each_size("save", |state| {
        state.exports = Some("/var/lib/headend/a-folder-with-a-long-name/exports".into());
        keys(state, "S");
    });
}

/// Lines as nobody should write them.
fn hostile() -> Vec<LogLine> {
    let long = "x".repeat(10_000);
    let texts = [
        "\u{1b}[2J\u{1b}]0;owned\u{7}",
        "a\u{202e}evil\u{2066}",
        "新闻联播新闻联播新闻联播新闻联播新闻联播新闻联播新闻联播新闻联播新闻联播新闻联播新闻联播",
        "👩\u{200d}👩\u{200d}👧\u{200d}👦 family",
        "Zal\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}go",
        "\u{301}begins with a mark",
        "zero\u{200b}width\u{200d}here\u{feff}",
        "line\nfeed\ttab\rreturn",
        "",
        &long,
    ];
    let line = |(n, text): (u64, &str)| LogLine {
        wall_ms: 1_790_000_000_000 + n,
        level: LineLevel::Error,
        text: text.into(),
    };
    (0..).zip(texts).map(line).collect()
}

#[test]
fn hostile_lines_stay_in_their_place() {
    for (columns, height) in [(40, 15), (80, 24), (250, 70)] {
        let mut state = pane(columns, height);
        come(&mut state, StreamIx(0), hostile(), false);
        // What is searched for may stand anywhere, within a character too.
        for key in ["", "w", "/e|\u{301}|新", "t", "v"] {
            keys(&mut state, key);
            press(&mut state, KeyCode::Enter);
            for look in [look(), ascii_look()] {
                let shown = screen_in(&state, &look);
                for line in shown.lines() {
                    assert!(width(line) <= columns.into(), "{line}");
                    assert!(
                        !line.chars().any(|c| c.is_control() || matches!(c, '\u{202e}' | '\u{2066}')),
                        "{line:?}"
                    );
                }
                // The column of levels is straight.
                let at = usize::from(state.log.stamps.width()) + 2;
                let title = shown.lines().position(|line| line.contains(" log")).unwrap();
                let begins = |line: &&str| line.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
                let mut rows = shown.lines().skip(title + 1).filter(begins);
                assert!(rows.all(|line| "EWd ".contains(line.chars().nth(at).unwrap())), "{shown}");
            }
        }
    }
    let mut state = pane(120, 24);
    come(&mut state, StreamIx(0), hostile(), false);
    keys(&mut state, "/e|新");
    press(&mut state, KeyCode::Enter);
    assert_snapshot!("hostile_log", screen(&state));
}

#[test]
fn hits_and_the_selection_are_seen_without_colours() {
    let around = Surroundings { no_color: true, locale: "C.UTF-8".into(), ..Surroundings::default() };
    let look = Look::suiting(false, &around);
    let mut state = pane(80, 24);
    keys(&mut state, "/reset");
    press(&mut state, KeyCode::Enter);
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let marked = |state: &State, terminal: &mut Terminal<TestBackend>, modifier| {
        terminal.draw(|frame| view::draw(state, &look, frame)).unwrap();
        let cells = terminal.backend().buffer().content();
        cells
            .iter()
            .filter(|cell| cell.modifier.contains(modifier))
            .map(ratatui::buffer::Cell::symbol)
            .collect::<String>()
    };
    assert!(marked(&state, &mut terminal, Modifier::UNDERLINED).contains("reset"));
    let before = marked(&state, &mut terminal, Modifier::REVERSED);
    keys(&mut state, "vk");
    let after = marked(&state, &mut terminal, Modifier::REVERSED);
    assert!(after.len() > before.len() + 60, "{before}\n{after}");
    let signs = screen_in(&state, &look).lines().filter(|line| line.starts_with(look.glyphs.cursor)).count();
    assert_eq!(signs, 2);
}

#[test]
fn every_state_can_be_drawn_at_every_size() {
    let sizes = [(1, 1), (12, 5), (40, 12), (41, 15), (63, 20), (64, 24), (80, 13), (170, 50), (500, 200)];
    for (columns, height) in sizes {
        for what in ["", "w", "/re(", "/reset", "&!x", "tv", "MS", "f"] {
            let mut state = pane(columns, height);
            keys(&mut state, what);
            screen(&state);
            press(&mut state, KeyCode::Enter);
            press(&mut state, KeyCode::PageUp);
            come(&mut state, StreamIx(0), hostile(), false);
            screen(&state);
        }
    }
}
