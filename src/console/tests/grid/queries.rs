//! Queries typed as a filter.

use super::*;

#[test]
fn fields_and_words_go_together() {
    let mut state = grid();
    filter(&mut state, "group:sport (health:critical | fps<20) -tag:paid");
    assert_eq!(numbers(&state), [11, 21]);
    press(&mut state, KeyCode::Esc);
    filter(&mut state, "restarts>3");
    assert_eq!(numbers(&state), [8]);
}

#[test]
fn while_a_query_is_broken_the_last_good_one_stays_in_force() {
    let mut state = grid();
    presses(&mut state, "/sport ");
    let sport = numbers(&state);
    assert_eq!(sport.len(), 20);
    for c in "fps<".chars() {
        press(&mut state, ch(c));
        assert_eq!(numbers(&state), sport, "also before it is known to be a field");
    }
    let mistake = state.prompt().unwrap().mistake.clone().unwrap();
    assert_eq!((mistake.at, numbers(&state)), (10, sport.clone()));
    // It is not taken as it is, and can be mended.
    press(&mut state, KeyCode::Enter);
    assert!(state.prompt().is_some_and(|prompt| prompt.mistake.is_some()));
    presses(&mut state, "20");
    assert_eq!((numbers(&state), &state.prompt().unwrap().mistake), (vec![11], &None));
    press(&mut state, KeyCode::Enter);
    assert!(state.prompt().is_none());
    // Left broken, nothing of it stays.
    presses(&mut state, "/sport helth:x");
    assert_eq!(numbers(&state), [11], "and not nothing, as the word helth would find");
    press(&mut state, KeyCode::Esc);
    assert_eq!((state.list.order.len(), &*state.list.filter), (200, ""));
}

#[test]
fn a_word_that_is_the_begin_of_a_field_is_a_word_once_it_is_kept() {
    let mut state = grid();
    presses(&mut state, "/restar");
    assert!(!state.list.order.is_empty(), "what was found before stays");
    press(&mut state, KeyCode::Enter);
    assert_eq!((state.list.order.len(), &*state.list.filter), (0, "restar"));
    press(&mut state, KeyCode::Esc);
    presses(&mut state, "/fallb");
    assert!(!state.list.order.is_empty());
    presses(&mut state, "x");
    assert_eq!(state.list.order.len(), 0, "no field begins like this");
}

#[test]
fn backspace_leaves_an_empty_line() {
    let mut state = grid();
    presses(&mut state, "/a");
    press(&mut state, KeyCode::Backspace);
    assert!(state.prompt().is_some());
    press(&mut state, KeyCode::Backspace);
    assert!(state.prompt().is_none());
}

#[test]
fn leaving_the_filter_keeps_faults_only() {
    let mut state = grid();
    presses(&mut state, "f/sport");
    press(&mut state, KeyCode::Esc);
    assert_eq!(numbers(&state), [3, 5, 8, 11, 21]);
}
