//! What a frozen screen looks like: marked as such, and as of then in every part.

use std::time::Duration;

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use crate::console::state::State;
use crate::console::state::update::{Event, update};
use crate::link::ServerMessage;
use crate::model::{Delta, StreamIx};

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
