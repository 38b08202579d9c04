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
    presses(&mut state, "/ sport helth:x");
    assert_eq!(numbers(&state), [11], "and not nothing, as the word helth would find");
    press(&mut state, KeyCode::Esc);
    assert_eq!((numbers(&state), &*state.list.filter), (vec![11], "sport fps<20"));
    press(&mut state, KeyCode::Esc);
    assert_eq!((state.list.order.len(), &*state.list.filter), (200, ""));
}

/// How many cells of the first row are written in the colour of what is of no weight.
fn dimmed(state: &State) -> usize {
    let (look, y) = (look(), state.areas().body.y + 3);
    let buffer = buffer_in(state, &look);
    let dim = look.theme.dim.fg.unwrap();
    (0..state.size.width).filter(|x| buffer[(*x, y)].fg == dim).count()
}

#[test]
fn rows_that_are_no_answer_to_what_is_typed_say_so() {
    for (columns, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut state = state(columns, height, rich_board(200));
        presses(&mut state, "/sport");
        assert!(screen(&state).contains("20 of 200") && dimmed(&state) < columns.into());
        presses(&mut state, " fps<");
        let shown = screen(&state);
        assert!(!shown.contains("20 of 200"), "that is no answer\n{shown}");
        assert!(shown.lines().take(2).any(|line| line.contains("▲ not applied, sh")), "{shown}");
        assert!(columns < 120 || shown.contains("▲ not applied, shown: /sport "), "{shown}");
        assert!(shown.contains("not applied   esc clear") && shown.contains("the value of fps is missing"));
        assert_eq!(dimmed(&state), usize::from(columns));
        // Mended it is an answer again.
        presses(&mut state, "20");
        let shown = screen(&state);
        assert!(shown.contains("1 of 200 shown") && !shown.contains("not applied"), "{shown}");
        // So is the half of a field's name: it has found nothing yet.
        control(&mut state, 'u');
        presses(&mut state, "restar");
        assert!(screen(&state).contains("not applied, sh") && !screen(&state).contains("200 of 200"));
        press(&mut state, KeyCode::Esc);
        assert!(!screen(&state).contains("not applied"));
    }
}

#[test]
fn a_mistake_is_marked_where_it_is_also_in_a_long_line() {
    let mut state = state(120, 40, rich_board(200));
    state.say("an answer that came before".into(), true);
    presses(&mut state, &format!("/{} fps<x sport", "sport ".repeat(40)));
    let shown = screen(&state);
    let lines: Vec<&str> = shown.lines().rev().collect();
    let column = |line: &str, text: &str| line.find(text).map(|at| line[..at].chars().count());
    assert_eq!(column(lines[1], "▼"), column(lines[0], "x sport"), "{shown}");
    assert!(lines[1].contains("number") && lines[2].contains("an answer that came before"), "{shown}");
    // One in what is left out is marked at the cut.
    control(&mut state, 'u');
    presses(&mut state, &format!("fps<x {}", "sport ".repeat(40)));
    let shown = screen(&state);
    assert_eq!(shown.lines().rev().nth(1).and_then(|line| column(line, "▼")), Some(1), "{shown}");
}

#[test]
fn leaving_the_line_brings_the_filter_before_it_back() {
    let mut state = grid();
    filter(&mut state, "sport");
    let sport = numbers(&state);
    presses(&mut state, "/ fps<20");
    assert_eq!(numbers(&state), [11]);
    assert!(screen(&state).contains("esc undo"));
    press(&mut state, KeyCode::Esc);
    assert_eq!((&numbers(&state), state.list.filter.as_str()), (&sport, "sport"));
    // Once the line is taken out, nothing is looked for any more.
    presses(&mut state, "/");
    control(&mut state, 'u');
    press(&mut state, KeyCode::Backspace);
    assert!(state.prompt().is_none() && state.list.filter.is_empty());
    filter(&mut state, "sport");
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.list.order.len(), 200, "in the grid it drops the filter");
}

#[test]
fn filters_from_before_are_called_again() {
    let mut state = grid();
    for text in ["news", "sport", "kino"] {
        filter(&mut state, text);
        press(&mut state, KeyCode::Esc);
    }
    let line = |state: &State| state.prompt().unwrap().edit.text().to_owned();
    presses(&mut state, "/do");
    let mut called = Vec::new();
    for key in [KeyCode::Up, KeyCode::Up, KeyCode::Up, KeyCode::Up, KeyCode::Down, KeyCode::Down] {
        press(&mut state, key);
        called.push(line(&state));
    }
    assert_eq!(called, ["kino", "sport", "news", "news", "sport", "kino"]);
    assert_eq!(state.list.filter, "kino", "it works at once");
    press(&mut state, KeyCode::Down);
    press(&mut state, KeyCode::Down);
    assert_eq!(line(&state), "do", "what was typed is not lost");
    // The one that stands there already is no other.
    control(&mut state, 'u');
    filter_on(&mut state, "kino");
    presses(&mut state, "/");
    press(&mut state, KeyCode::Up);
    assert_eq!(line(&state), "sport");
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.list.filter, "sport");
    // The newest is the one that was kept last.
    presses(&mut state, "/x");
    press(&mut state, KeyCode::Up);
    press(&mut state, KeyCode::Up);
    assert_eq!(line(&state), "kino");
    press(&mut state, KeyCode::PageDown);
    assert_eq!(line(&state), "kino", "the list has page keys of its own");
}

/// Types the rest of a filter and keeps it.
fn filter_on(state: &mut State, text: &str) {
    presses(state, text);
    press(state, KeyCode::Enter);
}

#[test]
fn a_long_filter_leaves_the_counts_where_they_are() {
    let long = "-tag:paid ".repeat(40);
    for (columns, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut state = state(columns, height, rich_board(200));
        let phases = |state: &State| {
            let second = screen(state).lines().nth(1).unwrap().to_owned();
            second.trim().split("   ").next().unwrap().to_owned()
        };
        let (before, head) =
            (phases(&state), |state: &State| screen(state).lines().take(2).collect::<Vec<_>>().join("\n"));
        assert!(before.starts_with("live 194  broken 1"));
        filter(&mut state, &long);
        assert_eq!(phases(&state), before, "{}", screen(&state));
        let shown = head(&state);
        assert!(shown.contains("150 of 200 shown   /-tag") && shown.contains("…"), "{shown}");
        assert!(shown.contains("slots 196/200") && shown.contains("3 unknown"), "{shown}");
    }
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
