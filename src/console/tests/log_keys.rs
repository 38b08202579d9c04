//! What keys and messages do in log panes.

use std::time::Duration;

use crossterm::event::KeyCode;

use super::support::*;
use crate::console::state::log::taking::COPY_BYTES;
use crate::console::state::overlay::edit::MAX_LINE;
use crate::console::state::update::{Effect, Event, update};
use crate::console::state::{Dirty, Screen, State};
use crate::link::{ClientMessage, MAX_FOLLOWED, ServerMessage};
use crate::model::{Answer, LineLevel, LogLine, LogPlace, OldLines, StreamIx};

const FIRST: StreamIx = StreamIx(0);

/// The first stream's log on the whole screen, with 300 lines.
fn pane() -> State {
    let mut state = state(100, 24, troubled_board(200));
    assert_eq!(keys(&mut state, "l"), [follow(&[0])]);
    tell(&mut state, log(log_lines(300)));
    state.drawn();
    state
}

fn log(lines: Vec<LogLine>) -> ServerMessage {
    ServerMessage::Log { stream: FIRST, first: 1_000, lines, missed: 0, fresh: true }
}

fn follow(streams: &[u32]) -> Effect {
    Effect::Send(ClientMessage::FollowLogs(streams.iter().copied().map(StreamIx).collect()))
}

fn keys(state: &mut State, keys: &str) -> Vec<Effect> {
    keys.chars().flat_map(|key| press(state, KeyCode::Char(key))).collect()
}

fn enter(state: &mut State) -> Vec<Effect> {
    press(state, KeyCode::Enter)
}

fn toast(state: &State) -> &str {
    state.toast.as_ref().map_or("", |toast| toast.text.as_str())
}

fn read(effects: &[Effect]) -> Option<(u64, LogPlace)> {
    match effects {
        [] => None,
        [Effect::Send(ClientMessage::ReadLog { seq, stream: FIRST, before, .. })] => Some((*seq, *before)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pattern_works_while_it_is_typed_and_one_with_a_mistake_is_not_taken() {
    let mut state = pane();
    let hits = |state: &State| state.log.facts(state.log_room()).hits.map(|(_, count)| count);
    keys(&mut state, "/reset");
    assert_eq!(hits(&state), Some(33));
    keys(&mut state, "(");
    assert_eq!((hits(&state), state.prompt().unwrap().mistake.as_ref().unwrap().at), (None, 5));
    enter(&mut state);
    assert!(state.prompt().is_some(), "it stays to be mended");
    press(&mut state, KeyCode::Backspace);
    enter(&mut state);
    assert!(state.prompt().is_none() && state.log.cursor().is_some());
    assert_eq!(hits(&state), Some(33));
    // Typed anew and dropped: as before.
    keys(&mut state, "/x");
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.log.sieve().search.as_ref().unwrap().text(), "reset");
    // Emptied: no search.
    keys(&mut state, "/");
    control(&mut state, 'u');
    enter(&mut state);
    assert_eq!((hits(&state), state.log.cursor()), (None, None));
    keys(&mut state, "n");
    assert!(toast(&state).contains("press / first"), "{}", toast(&state));
}

#[test]
fn a_filter_is_inverted_by_a_mark_before_it() {
    let mut state = pane();
    let shown = |state: &State| state.log.facts(state.log_room()).shown;
    keys(&mut state, "&opening");
    assert_eq!(shown(&state), 201, "without capitals it finds both");
    keys(&mut state, "(");
    assert_eq!((shown(&state), state.prompt().unwrap().mistake.as_ref().unwrap().at), (201, 7));
    press(&mut state, KeyCode::Esc);
    assert_eq!(shown(&state), 300);
    keys(&mut state, "&!opening");
    enter(&mut state);
    assert_eq!(shown(&state), 99);
    keys(&mut state, "&(");
    assert_eq!(state.prompt().unwrap().mistake.as_ref().unwrap().at, 8, "behind what was there");
    press(&mut state, KeyCode::Esc);
    keys(&mut state, "ff");
    assert_eq!(shown(&state), 66);
    keys(&mut state, "fff");
    assert_eq!(shown(&state), 66, "errors, all, without debug");
}

#[test]
fn searches_and_filters_from_before_are_called_again_each_by_its_own() {
    let mut state = pane();
    for typed in ["/reset", "/seg", "&http", "&!hls"] {
        keys(&mut state, &typed[..1]);
        control(&mut state, 'u');
        keys(&mut state, &typed[1..]);
        enter(&mut state);
    }
    let line = |state: &State| state.prompt().unwrap().edit.text().to_owned();
    keys(&mut state, "/");
    press(&mut state, KeyCode::Up);
    assert_eq!((line(&state), state.log.sieve().search.as_ref().unwrap().text()), ("reset".into(), "reset"));
    press(&mut state, KeyCode::Up);
    assert_eq!(line(&state), "reset", "there are no others");
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.log.sieve().search.as_ref().unwrap().text(), "seg");
    keys(&mut state, "&");
    press(&mut state, KeyCode::Up);
    assert_eq!((line(&state), state.log.sieve().inverted), ("http".into(), false));
    press(&mut state, KeyCode::Down);
    assert_eq!((line(&state), state.log.sieve().inverted), ("!hls".into(), true));
    // Taken out, it hides nothing any more.
    control(&mut state, 'u');
    press(&mut state, KeyCode::Backspace);
    assert!(state.prompt().is_none() && !state.log.sieve().hides());
}

#[test]
fn back_takes_one_step_after_the_other() {
    let mut state = pane();
    keys(&mut state, "&e");
    enter(&mut state);
    keys(&mut state, "/r");
    enter(&mut state);
    keys(&mut state, "v");
    press(&mut state, KeyCode::Esc);
    assert!(state.log.selection().is_none() && state.log.sieve().search.is_some());
    press(&mut state, KeyCode::Esc);
    assert!(state.log.sieve().search.is_none() && state.log.sieve().hides());
    press(&mut state, KeyCode::Esc);
    assert!(!state.log.sieve().hides() && state.screen() == Screen::Log);
    assert_eq!(press(&mut state, KeyCode::Esc), [follow(&[])]);
    assert_eq!(state.screen(), Screen::Grid);
    // Another log begins without what was searched for in the one before.
    keys(&mut state, "jl");
    assert!(!state.log.sieve().hides());
    // But the next one is seen in the same way.
    keys(&mut state, "ff");
    assert_eq!(press(&mut state, KeyCode::Right), [follow(&[2])]);
    assert!(state.log.sieve().hides());
}

#[test]
fn old_lines_are_asked_for_once_and_a_refusal_is_told() {
    let mut state = pane();
    assert_eq!(read(&keys(&mut state, "g")), None);
    let (seq, before) = read(&keys(&mut state, "k")).unwrap();
    assert_eq!(before, LogPlace::Line(1_000));
    assert_eq!(read(&keys(&mut state, "kkg")), None, "one at a time");
    let refused = Answer::Refused { reason: "too many logs are being read".into() };
    tell(&mut state, ServerMessage::Answer { seq, answer: refused });
    assert_eq!(toast(&state), "older lines: too many logs are being read");
    let (again, _) = read(&keys(&mut state, "k")).unwrap();
    assert!(again > seq);
    state.drawn();
    let old = OldLines::default();
    assert!(tell(&mut state, ServerMessage::OldLog { seq: again, stream: FIRST, old }).is_empty());
    assert_eq!(state.dirty(), Dirty::Now);
    assert_eq!(read(&keys(&mut state, "kg")), None, "there are none");
}

#[test]
fn a_log_with_few_lines_in_memory_is_full_at_once() {
    let mut state = state(100, 24, troubled_board(200));
    keys(&mut state, "l");
    let (_, before) = read(&tell(&mut state, log(log_lines(3)))).unwrap();
    assert_eq!(before, LogPlace::Line(1_000));
    // Who follows nothing reads nothing.
    press(&mut state, KeyCode::Esc);
    assert!(read(&tell(&mut state, log(log_lines(3)))).is_none());
}

#[test]
fn lines_go_to_the_clipboard_and_what_does_not_fit_is_told() {
    let mut state = pane();
    let copied = |effects: Vec<Effect>| match <[Effect; 1]>::try_from(effects) {
        Ok([Effect::Copy(text)]) => text,
        other => panic!("{other:?}"),
    };
    let text = copied(keys(&mut state, "y"));
    assert_eq!(text, "2026-09-21T14:21:48.300Z INFO [hls @ 0x5581] Opening 'seg-1042.ts' for reading");
    assert!(toast(&state).starts_with("1 line sent to the clipboard"), "{}", toast(&state));
    keys(&mut state, "vkk");
    let told = state.log.selection().unwrap();
    assert!(screen(&state).contains(&format!("3 selected, {}B of 64K", told.bytes)));
    let text = copied(keys(&mut state, "y"));
    assert_eq!((text.lines().count(), text.len()), (3, told.bytes));
    assert!(state.log.selection().is_none());
    let long = LogLine { wall_ms: 5, level: LineLevel::Info, text: "x".repeat(2_000).into() };
    tell(&mut state, log(vec![long; 200]));
    keys(&mut state, "vg");
    assert!(screen(&state).contains("200 selected, 397K: only 64K can be copied"), "{}", screen(&state));
    let text = copied(keys(&mut state, "y"));
    assert!(text.len() <= COPY_BYTES);
    assert!(toast(&state).contains("of 200 lines copied: 64 KiB"), "{}", toast(&state));
    assert!(state.log.selection().is_some(), "to be saved");
    tell(&mut state, log(Vec::new()));
    assert!(keys(&mut state, "y").is_empty());
}

#[test]
fn what_is_shown_is_saved_where_the_operator_says() {
    let mut state = pane();
    let now = state.now;
    update(&mut state, now, Event::WallClock(1_795_485_784_567 - now.millis()));
    keys(&mut state, "fffS");
    assert_eq!(state.prompt().unwrap().edit.text(), "ch-001-20261124T020304Z.log");
    press(&mut state, KeyCode::Esc);
    state.exports = Some("/state/exports".into());
    keys(&mut state, "S");
    let effects = enter(&mut state);
    let [Effect::Save(order)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(order.path.to_str(), Some("/state/exports/ch-001-20261124T020304Z.log"));
    assert!(order.make_folder && order.lines.len() == 33, "{}", order.lines.len());
    assert!(keys(&mut state, "S").is_empty() && state.prompt().is_none(), "one at a time");
    state.drawn();
    update(&mut state, now, Event::Saved(Err("/state/exports/x is not saved: no space".into())));
    assert_eq!((toast(&state), state.dirty()), ("/state/exports/x is not saved: no space", Dirty::Now));
    keys(&mut state, "S");
    control(&mut state, 'u');
    assert!(enter(&mut state).is_empty() && toast(&state).contains("no name"));
    keys(&mut state, "S");
    control(&mut state, 'u');
    type_in(&mut state, "/tmp/other.log");
    let effects = enter(&mut state);
    assert!(matches!(&effects[..], [Effect::Save(order)] if !order.make_folder), "{effects:?}");
    // A path that could not be typed is not proposed.
    update(&mut state, now, Event::Saved(Ok("saved".into())));
    state.exports = Some(format!("/{}", "x".repeat(MAX_LINE)).into());
    keys(&mut state, "S");
    assert!(!state.prompt().unwrap().edit.text().contains('/'));
}

#[test]
fn several_logs_come_into_one_pane() {
    let mut state = pane();
    keys(&mut state, "a");
    type_in(&mut state, "kino");
    assert_eq!(enter(&mut state), [follow(&[0, 2])]);
    for n in 3..=MAX_FOLLOWED {
        keys(&mut state, "a");
        let effects = enter(&mut state);
        assert!(
            matches!(&effects[..], [Effect::Send(ClientMessage::FollowLogs(streams))] if streams.len() == n)
        );
    }
    keys(&mut state, "a");
    assert!(toast(&state).contains("16 logs are the most"), "{}", toast(&state));
    // Of the streams selected in the grid.
    press(&mut state, KeyCode::Esc);
    keys(&mut state, "g  ");
    assert_eq!(keys(&mut state, "l"), [follow(&[0, 1])]);
    assert_eq!((state.screen(), state.log.streams().len()), (Screen::Log, 2));
    press(&mut state, KeyCode::Esc);
    control(&mut state, 'a');
    assert_eq!(keys(&mut state, "l"), [follow(&(0..16).collect::<Vec<_>>())]);
    assert!(toast(&state).contains("the first 16 of 200"), "{}", toast(&state));
}

#[test]
fn ages_change_on_the_screen_when_they_do_and_no_other_time_does() {
    let mut state = pane();
    let wall = i64::try_from(log_lines(300)[299].wall_ms).unwrap();
    let now = state.now;
    update(&mut state, now, Event::WallClock(wall + 90_000 - now.millis()));
    state.drawn();
    assert!(
        state.deadline().is_none_or(|at| now.until(at) > Duration::from_secs(5)),
        "{:?}",
        state.deadline()
    );
    keys(&mut state, "t");
    state.drawn();
    let due = state.deadline().unwrap();
    assert!(now.until(due) <= Duration::from_secs(60));
    update(&mut state, due, Event::Clock);
    assert_eq!(state.dirty(), Dirty::Figures);
    // Of a log that nobody sees nothing changes.
    press(&mut state, KeyCode::Esc);
    state.drawn();
    tell(&mut state, log(log_lines(5)));
    assert_eq!(state.dirty(), Dirty::Clean);
}

#[test]
fn marks_are_set_at_the_time_of_day() {
    let mut state = pane();
    let now = state.now;
    update(&mut state, now, Event::WallClock(1_795_485_784_567 - now.millis()));
    keys(&mut state, "M");
    assert!(screen(&state).contains("mark 02:03:04"), "{}", screen(&state));
    keys(&mut state, "g");
    assert!(!screen(&state).contains("mark 02:03:04"));
    keys(&mut state, "]");
    assert!(screen(&state).contains("mark 02:03:04"));
    keys(&mut state, "g[");
    assert_eq!(toast(&state), "no mark above");
}
