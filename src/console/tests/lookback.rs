//! What a frozen screen looks like: marked as such, and as of then in every part.

use std::time::Duration;

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::stories::*;
use super::support::*;
use crate::console::pages::Part;
use crate::console::state::State;
use crate::console::state::tops::TopBy;
use crate::console::state::update::{Event, update};
use crate::link::ServerMessage;
use crate::model::{Delta, Detail, History, HistoryOf, RUNS_KEPT, Row, Run, Span, StreamIx, Usage};

/// The sizes a screen must do well at.
const SIZES: [(u16, u16); 4] = [(40, 15), (80, 24), (120, 40), (250, 70)];

/// Frozen 23 s ago, at 14:32:05; since then one stream more is black.
fn frozen(width: u16, height: u16, keys: &[KeyCode]) -> State {
    let mut state = state(width, height, tended_board(60));
    tell_time(&mut state);
    for key in keys {
        press(&mut state, *key);
    }
    press(&mut state, KeyCode::Char('z'));
    let now = state.now + Duration::from_secs(23);
    let mut black = row(40);
    black.conditions = state.row(StreamIx(3)).unwrap().conditions.clone();
    let delta = Delta { at: now, ..delta(&state, vec![black]) };
    update(&mut state, now, Event::Told(ServerMessage::Delta(Box::new(delta))));
    update(&mut state, now, Event::Clock);
    state
}

#[test]
fn grid() {
    for (width, height) in SIZES {
        let shown = screen(&frozen(width, height, &[]));
        assert!(shown.contains("FROZEN at 14:32:05, 23 s ago"), "{shown}");
        assert_snapshot!(format!("frozen_grid_{width}x{height}"), shown);
    }
    let shown = screen_in(&frozen(120, 24, &[]), &ascii_look());
    assert!(shown.is_ascii());
    assert_snapshot!("frozen_ascii", shown);
}

#[test]
fn stream_page() {
    for (width, height) in SIZES {
        let mut state = frozen(width, height, &[KeyCode::Down, KeyCode::Down, KeyCode::Down, KeyCode::Enter]);
        let stream = state.open.unwrap();
        tell(
            &mut state,
            ServerMessage::Log { stream, first: 0, lines: log_lines(40), missed: 0, fresh: true },
        );
        assert_snapshot!(format!("frozen_stream_{width}x{height}"), screen(&state));
    }
}

#[test]
fn penalty_box_and_machine() {
    for (key, name) in [('P', "penalty"), ('m', "machine")] {
        assert_snapshot!(format!("frozen_{name}"), screen(&frozen(120, 40, &[KeyCode::Char(key)])));
    }
}

#[test]
fn a_wall_that_is_frozen_says_so() {
    let mut state = frozen(120, 40, &[]);
    press(&mut state, KeyCode::Char('W'));
    let shown = screen(&state);
    assert!(shown.contains("FROZEN at 14:32:05, 23 s ago"), "{shown}");
    assert_snapshot!("frozen_wall", shown);
}

/// Whoever shows an age from the clock shows a wrong one on a frozen screen.
#[test]
fn no_view_asks_what_time_it_is() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/view")];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let text = std::fs::read_to_string(&entry).unwrap();
            let wrong = text.lines().find(|line| line.contains("state.now") && !line.contains("//"));
            assert_eq!(wrong, None, "{}: use state.seen_at()", entry.display());
            looked_at += 1;
        }
    }
    assert!(looked_at > 15);
}

#[test]
fn every_frozen_screen_can_be_drawn_at_every_size() {
    for width in (1..260).step_by(23) {
        for height in (1..80).step_by(9) {
            for keys in [&[][..], &[KeyCode::Enter], &[KeyCode::Char('P')], &[KeyCode::Char('m')]] {
                let mut state = frozen(width, height, keys);
                screen(&state);
                press(&mut state, KeyCode::Char(','));
                screen_in(&state, &ascii_look());
            }
        }
    }
}

#[test]
fn a_frozen_page_shows_no_run_and_no_input_of_later() {
    let mut state = state(80, 24, board(3));
    tell_time(&mut state);
    press(&mut state, KeyCode::Enter);
    let ix = state.open.unwrap();
    let told = |state: &mut State, detail: Detail| {
        tell(state, ServerMessage::Detail(Box::new(detail)));
    };
    let before = Detail { runs: runs(2), ..detail(ix) };
    told(&mut state, before.clone());
    to_part(&mut state, Part::Runs);
    let then = screen(&state);
    press(&mut state, KeyCode::Char('z'));
    // A run ends, and the other input is in use.
    let now = state.now + Duration::from_secs(5);
    update(&mut state, now, Event::Clock);
    let mut after = before.clone();
    after.runs.insert(
        0,
        Run { started: ago(99), ended: now, reason: "killed by signal 11".into(), ..before.runs[0].clone() },
    );
    after.inputs[0].url = "http://cdn-2.example/live/index.m3u8".into();
    told(&mut state, after.clone());
    let shown = screen(&state);
    assert!(shown.contains("Connection refused") && !shown.contains("signal 11"), "{then}\n{shown}");
    to_part(&mut state, Part::Overview);
    let shown = screen(&state);
    assert!(shown.contains("last run   ended 20s ago") && !shown.contains("cdn-2"), "{shown}");
    // Parts that can't be of then say so.
    for (part, word) in [(Part::Command, "[command as now]"), (Part::Log, "[log as now]")] {
        to_part(&mut state, part);
        assert!(screen(&state).contains(word), "{}", screen(&state));
    }
    // Where all that are kept have ended since, that is said.
    after.runs = vec![Run { ended: now, ..after.runs[0].clone() }; RUNS_KEPT];
    told(&mut state, after);
    to_part(&mut state, Part::Runs);
    assert!(screen(&state).contains("no longer kept"), "{}", screen(&state));
    press(&mut state, KeyCode::Char('z'));
    assert!(screen(&state).contains("signal 11"), "{}", screen(&state));
}

#[test]
fn workers_that_take_most_are_those_of_the_moment_that_is_shown() {
    let mut state = state(120, 40, board(9));
    let takes = |n: u32, cpu_percent: f32| {
        let mut row = row(n);
        row.usage = Some(Usage { cpu_percent, memory_bytes: 1, open_files: 1 });
        row
    };
    let second = |state: &mut State, rows: Vec<Row>| {
        let now = state.now + Duration::from_secs(1);
        let delta = Delta { at: now, ..delta(state, rows) };
        update(state, now, Event::Told(ServerMessage::Delta(Box::new(delta))));
    };
    second(&mut state, vec![takes(1, 90.0), takes(2, 10.0)]);
    assert!(state.tops.list(TopBy::Cpu).is_empty(), "nobody sees them: nothing is sorted");
    press(&mut state, KeyCode::Char('m'));
    let first = |state: &State| state.tops.list(TopBy::Cpu)[0].0;
    assert_eq!(first(&state), 1);
    press(&mut state, KeyCode::Esc);
    second(&mut state, vec![takes(1, 10.0), takes(2, 90.0)]);
    assert_eq!(first(&state), 1, "as it was left");
    press(&mut state, KeyCode::Char('m'));
    assert_eq!(first(&state), 2, "a page that opens is in order, also just after a key");
    press(&mut state, KeyCode::Char('z'));
    second(&mut state, vec![takes(3, 99.0)]);
    assert_eq!(first(&state), 2);
    press(&mut state, KeyCode::Char(','));
    assert_eq!(first(&state), 1, "{}", screen(&state));
    press(&mut state, KeyCode::Char('z'));
    assert_eq!(first(&state), 3);
}

#[test]
fn frozen_charts_have_their_moment_at_every_zoom_and_say_what_is_not_kept() {
    let mut state = state(80, 24, board(3));
    tell_time(&mut state);
    press(&mut state, KeyCode::Enter);
    to_part(&mut state, Part::Charts);
    let of = HistoryOf::Stream(StreamIx(0));
    for _ in 0..20 {
        let now = state.now + Duration::from_secs(1);
        let rows = vec![row(1)];
        let delta = Delta { at: now, ..delta(&state, rows) };
        update(&mut state, now, Event::Told(ServerMessage::Delta(Box::new(delta))));
    }
    // Step 7 299 is that of the last second, whatever the zoom.
    tell_history(&mut state, history(of, Span::FiveMinutes, 300, healthy));
    press(&mut state, KeyCode::Char('z'));
    for _ in 0..9 {
        press(&mut state, KeyCode::Char(','));
    }
    let newest = |state: &State| {
        let history = state.charts.of(of, state.charts.span()).unwrap();
        state.charts.newest(history) * history.span.seconds()
    };
    assert_eq!(newest(&state), 7_300 - 9);
    // Its keys step through time while it is frozen.
    state.charts.zoom(true);
    let now = state.now + Duration::from_secs(100);
    update(&mut state, now, Event::Clock);
    tell_history(&mut state, history(of, Span::Hour, 40, healthy));
    assert_eq!(newest(&state), 7_290, "a step that was not over then is not shown");
    state.charts.zoom(false);
    let later = history(of, Span::FiveMinutes, 900, healthy);
    let later = History {
        first: later.first + 600,
        series: later.series.iter().map(|s| s[600..].to_vec()).collect(),
        ..later
    };
    tell_history(&mut state, later);
    assert!(screen(&state).contains("so finely it is not kept from then"), "{}", screen(&state));
}
