//! The last lines of narrow screens: nothing that matters is cut in its middle.

use std::fmt::Write as _;

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use super::ways::begun;
use crate::console::keymap::patch;
use crate::console::state::State;
use crate::console::wishes::Told;

const ANSWER: &str = "restart Nordlicht News: refused: headend is leaving, and nothing is started any more";

/// Screens by the keys that lead there from the grid, with a name.
const SCREENS: [(&str, &str); 8] = [
    ("grid", ""),
    ("machine", "m"),
    ("own-log", "L"),
    ("help", "?"),
    ("log", "l"),
    ("penalty", "P"),
    ("palette", ":"),
    ("question", "q"),
];

fn at(keys: &str, width: u16, height: u16) -> State {
    let mut state = begun(width, height, Told::default());
    type_in(&mut state, keys);
    state
}

fn footer(state: &State) -> String {
    screen(state).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn the_last_lines_of_each_screen() {
    for (width, height) in [(40, 15), (80, 24)] {
        let mut shown = String::new();
        // What stands in headend's own log other tests have written.
        for (name, keys) in SCREENS.into_iter().filter(|(name, _)| *name != "own-log") {
            let mut state = at(keys, width, height);
            let before = footer(&state);
            state.say("stop Alpha: done".into(), false);
            let short = footer(&state);
            state.say(ANSWER.into(), true);
            let lines = screen(&state);
            let lines: Vec<&str> = lines.lines().rev().take(5).collect();
            let _ = writeln!(shown, "-- {name}\n{before}\n-- {name}, something is said\n{short}");
            shown += "-- and something long\n";
            for line in lines.into_iter().rev() {
                let _ = writeln!(shown, "{line}");
            }
        }
        assert_snapshot!(format!("narrow_{width}x{height}"), shown);
    }
}

#[test]
fn a_footer_is_never_cut_in_the_middle_of_a_key_or_a_word() {
    // Keys with the longest names there are.
    let text = "[everywhere]\nquit = \"ctrl-page down\"\nhelp = \"ctrl-insert\"\n\
                back = \"alt-backspace\"\n";
    let long = match patch::read("keys.toml", text) {
        Ok(keymap) => Told { keymap: Some(keymap.into()), ..Told::default() },
        Err(mistakes) => panic!("{mistakes:?}"),
    };
    for told in [Told::default(), long] {
        for width in 40..130 {
            for (name, keys) in SCREENS {
                for said in [None, Some("done"), Some(ANSWER)] {
                    let mut state = begun(width, 24, told.clone());
                    type_in(&mut state, keys);
                    if let Some(text) = said {
                        state.say(text.into(), true);
                    }
                    let shown = footer(&state);
                    assert!(!shown.contains('…'), "{name} at {width}: {shown}");
                    assert!(
                        said.is_none_or(|said| said != "done" || screen(&state).contains("▲ done")),
                        "{name} at {width}: {shown}"
                    );
                    let words: Vec<String> = state.hints().into_iter().map(|(_, hint)| hint.word).collect();
                    assert!(name == "question" || words.iter().all(|word| shown.contains(word)), "{shown}");
                }
            }
        }
    }
}

#[test]
fn what_is_said_at_length_is_told_whole_above_the_footer() {
    for (width, lines) in [(40, 3), (80, 2)] {
        let mut state = at("", width, 24);
        state.say(ANSWER.into(), true);
        let shown = screen(&state);
        let told: Vec<&str> = shown.lines().rev().skip(1).take(lines).collect();
        // It stands at the right: what is left of it is the grid's.
        let told: Vec<&str> = told.into_iter().rev().flat_map(str::split_whitespace).collect();
        let words: Vec<&str> = ANSWER.split_whitespace().collect();
        assert!(words.iter().all(|word| told.contains(word)), "{shown}");
        assert!(footer(&state).contains("? help") && footer(&state).contains("q quit"));
    }
    let mut state = at("", 40, 15);
    state.say(format!("{ANSWER} {ANSWER}"), true);
    state.say(ANSWER.into(), true);
    let shown = screen(&state);
    assert!(shown.contains('…'), "what has no room is marked: {shown}");
}

#[test]
fn what_is_typed_leaves_the_others_whole_or_out() {
    for (keys, typed) in
        [("/", "group:news health:critical condition:black"), ("l/", "a long pattern to find")]
    {
        for width in 40..100 {
            let mut state = at(keys, width, 24);
            type_in(&mut state, typed);
            let shown = footer(&state);
            assert!(shown.trim_end().ends_with("clear") || shown.trim_end().ends_with("undo"), "{shown}");
        }
    }
    let mut state = at("", 40, 15);
    press(&mut state, KeyCode::Char('q'));
    assert!(footer(&state).contains("y yes  n no"));
}
