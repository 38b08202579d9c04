//! The wall in its states, and what it costs on the wire.

use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use jiff::tz::TimeZone;
use ratatui::layout::Size;

use super::support::*;
use crate::console::state::State;
use crate::console::state::wall::PAGE_FOR;
use crate::link::ServerMessage;
use crate::model::{Board, Delta, Moment, NoticeKind, Phase, Row, Severity};

/// The sizes a screen must do well at.
const SIZES: [(u16, u16); 4] = [(40, 15), (80, 24), (120, 40), (250, 70)];

/// `headend wall`.
fn wall(width: u16, height: u16, board: Board) -> State {
    let mut state = State::new("demo", "0.1.0", Size::new(width, height), TimeZone::UTC);
    state.wall_alone();
    tell(&mut state, ServerMessage::Board(Box::new(board)));
    tell_time(&mut state);
    state
}

#[test]
fn with_faults() {
    for (width, height) in SIZES {
        assert_snapshot!(format!("wall_{width}x{height}"), screen(&wall(width, height, tended_board(200))));
    }
    let shown = screen_in(&wall(120, 40, tended_board(200)), &ascii_look());
    assert!(shown.is_ascii());
    assert_snapshot!("wall_ascii", shown);
    let shown = screen_in(&wall(250, 70, tended_board(200)), &ascii_look());
    assert!(shown.is_ascii());
}

#[test]
fn all_well() {
    for (width, height) in SIZES {
        let mut state = wall(width, height, board(200));
        wait(&mut state, 8_000);
        assert_snapshot!(format!("wall_well_{width}x{height}"), screen(&state));
    }
}

#[test]
fn few_streams_and_many() {
    for (width, height) in SIZES {
        assert_snapshot!(
            format!("wall_ten_{width}x{height}"),
            screen(&wall(width, height, tended_board(10)))
        );
    }
    for (width, height) in [(120, 40), (250, 70)] {
        let shown = screen(&wall(width, height, tended_board(1_000)));
        assert_snapshot!(format!("wall_thousand_{width}x{height}"), shown);
    }
    assert_snapshot!("wall_none", screen(&wall(80, 24, Board::default())));
}

#[test]
fn pages() {
    let mut state = wall(80, 24, tended_board(120));
    let pages = state.wall_plan().pages;
    assert_eq!(pages, 3);
    for page in 1..=pages {
        assert_snapshot!(format!("wall_page_{page}_of_3"), screen(&state));
        wait(&mut state, PAGE_FOR.as_secs());
    }
}

#[test]
fn warnings_only_are_no_banner() {
    let mut board = board(40);
    let slow = troubled_board(12).rows[&crate::model::StreamIx(11)].conditions.clone();
    Arc::make_mut(board.rows.get_mut(&crate::model::StreamIx(7)).unwrap()).conditions = slow;
    assert_snapshot!("wall_warning", screen(&wall(80, 24, board)));
}

#[test]
fn old_data() {
    for (width, height) in SIZES {
        let mut state = wall(width, height, tended_board(200));
        silence(&mut state, 42);
        assert_snapshot!(format!("wall_old_{width}x{height}"), screen(&state));
    }
}

#[test]
fn notices_and_leaving_are_said_too() {
    let mut board = tended_board(200);
    board.notices = vec![
        notice(NoticeKind::Store, Severity::Critical, "the store can't be written: no space left"),
        notice(NoticeKind::Host, Severity::Warning, "the host is overloaded"),
    ];
    let mut state = wall(120, 40, board);
    tell(&mut state, ServerMessage::Leaving { workers_left: 42 });
    silence(&mut state, 42);
    assert_snapshot!("wall_everything", screen(&state));
}

#[test]
fn before_the_first_board() {
    let mut state = State::new("demo", "0.1.0", Size::new(80, 24), TimeZone::UTC);
    state.wall_alone();
    assert!(screen(&state).contains("waiting for the supervisor"));
    silence(&mut state, 10);
    assert!(screen(&state).contains("nothing heard for 10 s"), "{}", screen(&state));
}

#[test]
fn colour_is_never_the_only_sign() {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::style::Modifier;

    let state = wall(120, 40, tended_board(60));
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    terminal.draw(|frame| crate::console::view::draw(&state, &ascii_look(), frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let shown = screen_in(&state, &ascii_look());
    let at = |text: &str| {
        let (y, line) = shown.lines().enumerate().find(|(_, line)| line.contains(text)).unwrap();
        (u16::try_from(line.find(text).unwrap()).unwrap(), u16::try_from(y).unwrap())
    };
    // In monochrome an alarm is reversed from edge to edge, and says what it is.
    let (x, y) = at("CRITICAL: 6 streams");
    assert!((0..120).all(|x| buffer[(x, y)].modifier.contains(Modifier::REVERSED)), "{x} {y}");
    assert!(shown.contains("# Kino Klassik") && shown.contains("* Nordlicht News"), "{shown}");
}

#[test]
fn hostile_names_stay_in_their_tiles() {
    let mut board = tended_board(200);
    for row in board.rows.values_mut() {
        let row = Arc::make_mut(row);
        row.name = "\u{1b}[2J新闻联播新闻联播新闻联播新闻联播\u{202e}👩\u{200d}👩\u{200d}👧".into();
        row.reason = "a\tb\u{7}".into();
    }
    for (width, height) in SIZES {
        let shown = screen(&wall(width, height, board.clone()));
        for line in shown.lines() {
            assert!(crate::console::text::width(line) <= width.into(), "{line}");
            assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
        }
    }
    assert!(screen_in(&wall(120, 40, board), &ascii_look()).is_ascii());
}

#[test]
fn it_can_be_drawn_at_every_size() {
    for width in (1..300).step_by(13) {
        for height in (1..80).step_by(7) {
            for board in [tended_board(60), board(3), Board::default()] {
                let mut state = wall(width, height, board);
                silence(&mut state, 20);
                screen(&state);
            }
        }
    }
    for (width, height) in [(500, 200), (1, 1), (500, 1), (1, 200)] {
        screen(&wall(width, height, tended_board(1_000)));
    }
}

/// A storm: a third of the streams has a fault, and each second some get one and some lose it.
fn stormy(state: &State, second: u32) -> Vec<Row> {
    let healthy = (0..3).map(|n| row((second * 7 + n * 31) % 200));
    let faulty = (0..3).map(|n| {
        let mut bad = row((second * 13 + n * 17 + 5) % 200);
        bad.conditions.clone_from(&state.board.rows[&crate::model::StreamIx(3)].conditions);
        (bad.phase, bad.reason) = (Phase::Backoff, "connection refused".into());
        bad
    });
    let others = state.board.rows.values().map(|row| {
        let mut row = Row::clone(row);
        row.figures.fps = Some(20.0 + f32::from(u8::try_from(second % 7).unwrap()));
        row
    });
    let mut rows: Vec<Row> = others.collect();
    for row in healthy.chain(faulty).filter(|row| row.ix.0 != 3) {
        let at = row.ix.index();
        rows[at] = row;
    }
    rows
}

#[test]
fn two_hundred_tiles_cost_less_than_two_kilobytes_a_second() {
    use super::traffic::{draw, screen_of};

    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut state = wall(width, height, troubled_board(200));
        let mut terminal = screen_of(&state);
        draw(&mut terminal, &mut state);
        let mut bytes = 0;
        for second in 0..120 {
            let now = state.now + Duration::from_secs(1);
            let rows = stormy(&state, second);
            let told = Delta { at: now, ..delta(&state, rows) };
            state.now = now;
            tell(&mut state, ServerMessage::Delta(Box::new(told)));
            wait(&mut state, 0);
            if state.dirty() > crate::console::state::Dirty::Clean {
                bytes += draw(&mut terminal, &mut state);
            }
        }
        assert!(bytes > 10_000, "the storm is seen: {bytes}");
        assert!(bytes / 120 < 2_048, "{} bytes a second at {width}x{height}", bytes / 120);
    }
}

#[test]
fn a_calm_wall_costs_nothing() {
    use super::traffic::{draw, screen_of};

    let mut state = wall(200, 60, board(200));
    let mut terminal = screen_of(&state);
    draw(&mut terminal, &mut state);
    let mut bytes = 0;
    for second in 0..300u16 {
        let moved = state.board.rows.values().map(|row| {
            let mut row = Row::clone(row);
            row.figures.fps = Some(f32::from(second));
            row
        });
        let moved = moved.collect();
        change(&mut state, moved);
        wait(&mut state, 1);
        if state.dirty() > crate::console::state::Dirty::Clean {
            bytes += draw(&mut terminal, &mut state);
        }
    }
    // The clock, and for how long all is well.
    assert!(bytes < 5 * 200, "{bytes} bytes in five minutes");
    assert!(state.now > Moment::ZERO);
}

#[test]
fn who_is_looked_after_has_a_mark_on_its_tile() {
    let shown = screen(&wall(250, 70, tended_board(200)));
    let tile = |name: &str| {
        let at = shown.find(&format!("{name}  ")).unwrap_or_else(|| panic!("{name}: {shown}"));
        shown[..at].chars().rev().take(2).collect::<String>()
    };
    // Acknowledged, muted; and one that nobody has looked after.
    assert_eq!((tile("Musik Nonstop"), tile("Stadion Eins 2")), ("✓■".into(), "✓▲".into()), "{shown}");
    assert_eq!(tile("Alpenblick TV"), " ■", "{shown}");
}
