//! The audit log's page: what it looks like, what it asks for and when.

use std::time::Duration;

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use crate::console::state::State;
use crate::console::state::audit::{MAX_ENTRIES, READ_EVERY};
use crate::console::state::update::{Effect, Event, update};
use crate::console::text::width;
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{Answer, AuditEntry};

const SIZES: [(u16, u16); 4] = [(40, 15), (80, 24), (120, 40), (250, 70)];

fn entry(number: u64) -> AuditEntry {
    let (user, terminal, role, command, result) = match number % 7 {
        0 => ("sam", "ssh 10.0.0.7", "viewer", "stop all", "refused: a viewer may not give commands"),
        1 => ("anna", "pts/3", "operator", "restart news-1, news-2", "done, 2 streams"),
        2 => (
            "anna",
            "pts/3",
            "operator",
            "note kino-klassik: \"the provider knows of it, and says that it is mended by 18:00; until then \
             nobody needs to call, and the thresholds stay as they are\"",
            "done, 1 stream",
        ),
        3 => ("root", "", "operator", "reload", "2 added, 1 changed"),
        4 => ("operator-of-the-night", "pts/11", "operator", "slots 120", "done"),
        5 => ("anna", "pts/3", "operator", "mute news-1 for 2 h", "done, 1 stream, not saved: no space left"),
        _ => (
            "sam",
            "pts/9",
            "operator",
            "start a, b, c, d, e, f, g, h, i, j and 190 more",
            "done, 200 streams",
        ),
    };
    AuditEntry {
        number,
        wall_ms: 1_789_990_000_000 + number * 61_000,
        uid: 1_000,
        user: user.into(),
        terminal: terminal.into(),
        role: role.into(),
        command: command.into(),
        result: result.into(),
        times: if number.is_multiple_of(7) { 3 } else { 1 },
    }
}

fn entries(numbers: impl Iterator<Item = u64>) -> Vec<AuditEntry> {
    numbers.map(entry).collect()
}

/// What is asked for: the number of the request, before which entry, and how many.
fn asked(effects: &[Effect]) -> Option<(u64, u64, usize)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(ClientMessage::ReadAudit { seq, before, count }) => Some((*seq, *before, *count)),
        _ => None,
    })
}

fn come(state: &mut State, seq: u64, entries: Vec<AuditEntry>) -> Vec<Effect> {
    tell(state, ServerMessage::Audit { seq, entries })
}

/// The supervisor has entries up to `last`, and answers whatever is asked.
fn serve(state: &mut State, effects: &[Effect], last: u64) -> usize {
    let (mut asks, mut next) = (0, asked(effects));
    while let Some((seq, before, count)) = next {
        let end = before.min(last + 1);
        let first = end.saturating_sub(count as u64).max(1);
        let effects = come(state, seq, entries(first..end));
        (asks, next) = (asks + 1, asked(&effects));
    }
    asks
}

fn opened(columns: u16, height: u16, last: u64) -> State {
    let mut state = state(columns, height, troubled_board(60));
    tell_time(&mut state);
    let effects = press(&mut state, KeyCode::Char('A'));
    serve(&mut state, &effects, last);
    state
}

fn clock(state: &mut State, span: Duration) -> Vec<Effect> {
    let now = state.now + span;
    let heard = update(state, now, Event::Heard(Duration::ZERO));
    heard.into_iter().chain(update(state, now, Event::Clock)).collect()
}

#[test]
fn some_at_every_size() {
    for (columns, height) in SIZES {
        let state = opened(columns, height, 30);
        let shown = screen(&state);
        assert!(shown.lines().all(|line| width(line) <= columns.into()), "{shown}");
        assert!(shown.contains("refused"), "{shown}");
        assert_snapshot!(format!("audit_{columns}x{height}"), shown);
    }
    assert_snapshot!("audit_ascii", screen_in(&opened(80, 24, 30), &ascii_look()));
}

#[test]
fn a_long_order_and_a_refused_one_are_told_whole_and_the_newest_stands_below() {
    let mut state = opened(80, 24, 30);
    assert_eq!(state.audit.selected().unwrap().number, 30);
    press(&mut state, KeyCode::Up);
    press(&mut state, KeyCode::Up);
    let shown = screen(&state);
    assert!(shown.contains("refused: a viewer may not give commands, 3 times"), "{shown}");
    assert_snapshot!("audit_refused", shown);
    for _ in 0..5 {
        press(&mut state, KeyCode::Up);
    }
    assert_snapshot!("audit_long", screen(&state));
}

#[test]
fn nobody_has_ordered_anything_and_nothing_is_found() {
    assert_snapshot!("audit_none", screen(&opened(80, 24, 0)));
    let mut state = opened(80, 24, 30);
    press(&mut state, KeyCode::Char('/'));
    type_in(&mut state, "Anna RESTART");
    let shown = screen(&state);
    assert!(shown.contains("5 of 30") && !shown.contains("sam "), "{shown}");
    press(&mut state, KeyCode::Enter);
    assert_snapshot!("audit_filtered", screen(&state));
    press(&mut state, KeyCode::Char('/'));
    type_in(&mut state, " nobody");
    assert!(screen(&state).contains("No order has Anna RESTART nobody in it."));
    // What was there before comes back, and esc shows all again before it leaves.
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.audit.filter(), "Anna RESTART");
    press(&mut state, KeyCode::Esc);
    assert_eq!((state.audit.found(), state.screen().place()), (30, crate::console::keymap::Places::AUDIT));
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.screen().place(), crate::console::keymap::Places::GRID);
    assert_eq!(state.audit.len(), 0, "nobody looks at it");
}

#[test]
fn older_ones_are_read_page_by_page_as_one_scrolls() {
    let mut state = opened(80, 24, 1_000);
    assert_eq!((state.audit.len(), state.audit.begins), (100, false), "one page is enough to begin with");
    let effects = press(&mut state, KeyCode::Home);
    let (seq, before, count) = asked(&effects).expect("older ones are wanted");
    assert_eq!((before, count), (901, 200));
    // One at a time.
    assert_eq!(asked(&press(&mut state, KeyCode::Up)), None);
    assert_eq!(
        asked(&come(&mut state, seq, entries(701..901))),
        None,
        "the cursor is far from the first now"
    );
    assert_eq!(state.audit.selected().unwrap().number, 901, "and has not moved");
    let mut reads = 0;
    while !state.audit.begins {
        let effects = press(&mut state, KeyCode::Home);
        reads += serve(&mut state, &effects, 1_000);
        assert!(reads < 10);
    }
    press(&mut state, KeyCode::Home);
    assert_eq!((state.audit.len(), state.audit.selected().unwrap().number), (1_000, 1));
    assert!(screen(&state).contains("1000 orders"), "{}", screen(&state));
    press(&mut state, KeyCode::End);
    assert_eq!(state.audit.selected().unwrap().number, 1_000);
}

#[test]
fn what_is_looked_for_is_looked_for_in_older_ones_too_and_what_is_held_is_bounded() {
    let mut state = opened(80, 24, 30_000);
    press(&mut state, KeyCode::Char('/'));
    let effects: Vec<Effect> = "zzz".chars().flat_map(|c| press(&mut state, KeyCode::Char(c))).collect();
    serve(&mut state, &effects, 30_000);
    assert_eq!((state.audit.len(), state.audit.found()), (MAX_ENTRIES, 0));
    let effects = clock(&mut state, READ_EVERY);
    serve(&mut state, &effects, 30_010);
    assert_eq!(state.audit.len(), MAX_ENTRIES, "the oldest go");
}

#[test]
fn it_is_read_again_when_an_order_was_answered_and_now_and_then() {
    let mut state = opened(80, 24, 30);
    assert_eq!(asked(&clock(&mut state, Duration::from_secs(1))), None);
    // What was ordered from here stands in it at once.
    let answer = Answer::Done { touched: 1 };
    let effects = tell(&mut state, ServerMessage::Answer { seq: 99, answer });
    assert_eq!(serve(&mut state, &effects, 31), 1);
    assert_eq!(state.audit.selected().unwrap().number, 31, "the newest is followed");
    press(&mut state, KeyCode::Up);
    assert!(state.deadline().is_some_and(|at| at <= state.now + READ_EVERY));
    let effects = clock(&mut state, READ_EVERY);
    assert_eq!(serve(&mut state, &effects, 35), 1);
    assert_eq!(
        (state.audit.len(), state.audit.selected().unwrap().number),
        (35, 30),
        "who reads is left alone"
    );
    // Behind another page it is not.
    press(&mut state, KeyCode::Char('m'));
    assert_eq!(asked(&clock(&mut state, READ_EVERY)), None);
}

#[test]
fn a_gap_and_another_log_begin_anew() {
    let mut state = opened(80, 24, 30);
    let effects = clock(&mut state, READ_EVERY);
    serve(&mut state, &effects, 500);
    assert_eq!((state.audit.len(), state.audit.begins), (100, false), "what lies between is not known");
    let effects = clock(&mut state, READ_EVERY);
    serve(&mut state, &effects, 3);
    assert_eq!((state.audit.len(), state.audit.begins), (3, true), "the folder is another one");
}

#[test]
fn what_is_refused_is_said_and_tried_again_later() {
    let mut state = state(80, 24, board(3));
    let (seq, ..) = asked(&press(&mut state, KeyCode::Char('A'))).unwrap();
    let answer = Answer::Refused { reason: "the audit log can't be read now; try again".into() };
    assert_eq!(asked(&tell(&mut state, ServerMessage::Answer { seq, answer })), None);
    assert!(screen(&state).contains("not read: the audit log can't be read now"), "{}", screen(&state));
    let effects = clock(&mut state, READ_EVERY);
    assert_eq!(serve(&mut state, &effects, 3), 1);
    assert!(!screen(&state).contains("not read"), "{}", screen(&state));
    // Left while a page is on its way, that one is nobody's.
    let effects = clock(&mut state, READ_EVERY);
    press(&mut state, KeyCode::Esc);
    assert_eq!(asked(&press(&mut state, KeyCode::Char('A'))), None, "one at a time");
    assert_eq!(serve(&mut state, &effects, 9), 2);
    assert_eq!(state.audit.len(), 9);
}

#[test]
fn hostile_words_are_shown_harmless_and_every_size_can_be_drawn() {
    let hostile = |number| AuditEntry {
        user: "\u{1b}[2Jx".into(),
        terminal: "新闻\u{7}".into(),
        command: "note a: \"\u{202e}新闻联播\n\"".repeat(20).into(),
        result: "done,\u{1b}]0;x".into(),
        ..entry(number)
    };
    for columns in (1..300).step_by(13) {
        for height in (1..80).step_by(7) {
            let mut state = state(columns, height, board(3));
            let (seq, ..) = asked(&press(&mut state, KeyCode::Char('A'))).unwrap();
            come(&mut state, seq, (1..50).map(hostile).collect());
            for line in screen(&state).lines() {
                assert!(width(line) <= columns.into(), "{line}");
                assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
            }
        }
    }
    assert!(screen_in(&opened(120, 24, 40), &ascii_look()).is_ascii());
}
