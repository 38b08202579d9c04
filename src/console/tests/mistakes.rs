//! What is wrong with the operator's files is told as long as it is wrong, on every screen.

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use super::ways::{begun, files_say, wished};
use crate::console::keymap::{Does, patch};
use crate::console::mistake::Mistake;
use crate::console::state::{Screen, State};
use crate::console::text::width;
use crate::console::wishes::Told;

/// What a file of keys with these lines says; as it was there at the start.
fn keys(text: &str) -> Told {
    match patch::read("/etc/headend/keys.toml", text) {
        Ok(keymap) => Told { keymap: Some(keymap.into()), ..wished("nord", false) },
        Err(mistakes) => Told { mistakes, ..Told::default() },
    }
}

const WRONG: &str = "[grid]\nopen = \"x\"\nstop = \"ctrl-i\"\n[everywhere]\nqiut = \"Q\"\n";
const PLACE: &str = "keys.toml:2:8";

#[test]
fn a_mistake_keeps_what_was_there_and_is_shown() {
    let mut state = begun(80, 24, wished("nord", false));
    files_say(&mut state, keys("[grid]\nopen = \"e\"\n"));
    assert_eq!(state.toast.as_ref().unwrap().text, "keys read anew");
    files_say(&mut state, keys(WRONG));
    assert_eq!(state.keymap.key_for(Does::Open), "e");
    assert_eq!(state.looks.name, "nord");
    wait(&mut state, 3_600);
    assert_snapshot!("mistakes_80x24", screen(&state));
    press(&mut state, KeyCode::Char('?'));
    assert_snapshot!("mistakes_help", screen(&state));
    // The same again is not said again.
    files_say(&mut state, keys(WRONG));
    assert_eq!(state.toasts().count(), 0);
    files_say(&mut state, wished("nord", false));
    let said: Vec<&str> = state.toasts().map(|toast| toast.text.as_str()).collect();
    assert_eq!(said, ["no mistakes in the console's files any more"]);
    assert!(!screen(&state).contains("keys.toml"));
    files_say(&mut state, Told { keymap: Some(std::sync::Arc::default()), ..wished("nord", false) });
    assert_eq!((state.mistakes.len(), state.keymap.key_for(Does::Open).as_str()), (0, "enter"));
}

/// Each screen, of this size, opened by its key from the grid.
fn each_screen(size: (u16, u16), told: &Told) -> Vec<State> {
    let keys = [None, Some('m'), Some('L'), Some('?'), Some('l'), Some('P'), Some('W')];
    let mut all: Vec<State> = Vec::new();
    for key in keys {
        let mut state = begun(size.0, size.1, told.clone());
        if let Some(key) = key {
            press(&mut state, KeyCode::Char(key));
        }
        all.push(state);
    }
    let mut page = begun(size.0, size.1, told.clone());
    open(&mut page, 10);
    let mut wall = begun(size.0, size.1, told.clone());
    wall.wall_alone();
    all.extend([page, wall]);
    all
}

#[test]
fn it_is_marked_on_every_screen_until_it_is_mended() {
    for size in [(40, 12), (40, 15), (80, 24), (250, 70)] {
        for mut state in each_screen(size, &keys(WRONG)) {
            let shown = screen(&state);
            let line = shown.lines().find(|line| line.contains(PLACE));
            let line = line.unwrap_or_else(|| panic!("{:?} at {size:?}:\n{shown}", state.screen()));
            let tells = line.ends_with("? tells all");
            assert_eq!(tells, !matches!(state.screen(), Screen::Wall | Screen::Help), "{line}");
            // A file with another mistake, and one without.
            files_say(&mut state, keys("\n\n[grid]\nopen = 5\n"));
            assert!(screen(&state).contains("keys.toml:4:8"), "{:?}", state.screen());
            files_say(&mut state, keys(""));
            wait(&mut state, 60);
            assert!(!screen(&state).contains("keys.toml"), "{:?}", state.screen());
        }
    }
    assert_snapshot!("mistakes_40x15", screen(&begun(40, 15, keys(WRONG))));
    let mut wall = begun(120, 40, keys(WRONG));
    press(&mut wall, KeyCode::Char('W'));
    assert_snapshot!("mistakes_wall", screen(&wall));
}

#[test]
fn the_place_keeps_its_number_however_long_the_name_is() {
    let text = "it is not what it should be".to_owned();
    let file = format!("/etc/{}.toml", "a-theme-with-a-long-name-".repeat(9));
    let mistakes = vec![Mistake { file, line: 12, column: 345, text }];
    let shown = screen(&begun(40, 15, Told { mistakes, ..Told::default() }));
    let line = shown.lines().find(|line| line.contains("a-theme")).unwrap();
    assert!(line.contains("…:12:345") && line.ends_with("? tells all") && width(line) <= 40, "{line}");
}

#[test]
fn what_is_selected_stays_in_sight_when_the_line_comes() {
    let mut state = begun(80, 24, Told::default());
    press(&mut state, KeyCode::PageDown);
    let selected = state.target().unwrap().name.to_string();
    files_say(&mut state, keys(WRONG));
    assert!(screen(&state).contains(&selected), "{}", screen(&state));
}
