//! Orders that are taken back.

use super::*;

#[test]
fn a_stop_is_taken_back_for_those_it_stopped() {
    let mut state = grid();
    filter(&mut state, "id:ch-016 | id:ch-017 | id:ch-018");
    control(&mut state, 'a');
    presses(&mut state, "x");
    let (seq, _) = command(press(&mut state, ch('y')));
    presses(&mut state, "u");
    assert_eq!(toast(&state), "nothing to undo", "it is not done yet");
    answer(&mut state, seq, Answer::Done { touched: 2 });
    assert_eq!(toast(&state), "stop 3 streams: done, 2 streams (u undoes)");
    let (seq, undone) = command(press(&mut state, ch('u')));
    let Command::Streams { action, target } = undone else { panic!() };
    assert_eq!((action, ids(&target)), (Action::Start, vec!["ch-016", "ch-018"]));
    answer(&mut state, seq, Answer::Done { touched: 2 });
    assert_eq!(toast(&state), "undone: stop 3 streams");
    assert!(!screen(&state).contains("undoes"), "the answer before it says nothing of it any more");
    assert!(press(&mut state, ch('u')).is_empty(), "once");
}

#[test]
fn there_are_ten_seconds_for_it() {
    for (seconds, works) in [(9, true), (10, false)] {
        let mut state = grid();
        let (seq, _) = command(press(&mut state, ch('x')));
        answer(&mut state, seq, Answer::Done { touched: 1 });
        wait(&mut state, seconds);
        assert_eq!(state.toast.is_some(), works);
        assert_eq!(!press(&mut state, ch('u')).is_empty(), works, "after {seconds} s");
    }
    assert_eq!(UNDO_FOR, Duration::from_secs(10));
}

#[test]
fn what_was_refused_or_changed_nothing_can_not_be_undone() {
    for answered in [Answer::Refused { reason: "no".into() }, Answer::Done { touched: 0 }] {
        let mut state = grid();
        let (seq, _) = command(press(&mut state, ch('x')));
        answer(&mut state, seq, answered);
        assert!(!toast(&state).contains("undoes"));
        assert!(press(&mut state, ch('u')).is_empty());
    }
    let mut state = grid();
    let (seq, _) = command(press(&mut state, ch('r')));
    answer(&mut state, seq, Answer::Done { touched: 1 });
    assert!(press(&mut state, ch('u')).is_empty(), "a restart is what it is");
    // Not saved, but done: it can be taken back.
    let (seq, _) = command(press(&mut state, ch('x')));
    answer(&mut state, seq, Answer::NotSaved { touched: 1, reason: "disk full".into() });
    assert!(toast(&state).contains("NOT SAVED") && toast(&state).contains("u undoes"));
    assert!(!press(&mut state, ch('u')).is_empty());
}

/// The board with some rows as another operator, or the order itself, has left them.
fn now_are(state: &mut State, ixs: &[u32], to: impl Fn(&mut crate::model::Row)) {
    let rows = ixs.iter().map(|ix| {
        let mut row = state.row(StreamIx(*ix)).unwrap().clone();
        to(&mut row);
        row
    });
    let rows = rows.collect();
    change(state, rows);
}

#[test]
fn an_order_before_the_last_one_is_not_taken_back() {
    let mut state = grid();
    let (stop, _) = command(press(&mut state, ch('x')));
    let (start, _) = command(press(&mut state, ch('s')));
    answer(&mut state, stop, Answer::Done { touched: 1 });
    assert!(!toast(&state).contains("undoes"), "{}", toast(&state));
    answer(&mut state, start, Answer::Done { touched: 1 });
    assert!(press(&mut state, ch('u')).is_empty(), "it would stop what was started after it");
}

#[test]
fn what_somebody_has_changed_since_stays_so() {
    let mut state = grid();
    presses(&mut state, " j ");
    presses(&mut state, "Nours");
    let (seq, _) = command(press(&mut state, KeyCode::Enter));
    now_are(&mut state, &[0, 2], |row| row.care.note = "ours".into());
    answer(&mut state, seq, Answer::Done { touched: 2 });
    now_are(&mut state, &[2], |row| row.care.note = "theirs".into());
    let (seq, undone) = command(press(&mut state, ch('u')));
    let Command::Care { order: CareOrder::Note(note), target } = undone else { panic!() };
    assert_eq!((&*note, ids(&target)), ("", vec!["ch-001"]));
    answer(&mut state, seq, Answer::Done { touched: 1 });
    assert_eq!(toast(&state), "undone: note 2 streams, but for what was changed again since");

    let mut state = grid();
    presses(&mut state, "m");
    let (seq, _) = command(press(&mut state, ch('+')));
    answer(&mut state, seq, Answer::Done { touched: 1 });
    let pool = crate::model::PoolReading { slots: 50, ..state.board.pool };
    let changed = Delta { pool: Some(pool), ..delta(&state, Vec::new()) };
    tell(&mut state, ServerMessage::Delta(changed.into()));
    assert!(press(&mut state, ch('u')).is_empty());
    assert_eq!(toast(&state), "undo 220 slots: it was changed again since, and stays so");
}

#[test]
fn a_mute_is_taken_back_while_it_is_the_one_that_was_ordered() {
    for (minutes, ours) in [(15, true), (240, false)] {
        let mut state = grid();
        presses(&mut state, "M");
        let (seq, _) = command(press(&mut state, KeyCode::Enter));
        let until = state.now + Duration::from_secs(minutes * 60);
        now_are(&mut state, &[0], |row| row.care.muted_until = Some(until));
        answer(&mut state, seq, Answer::Done { touched: 1 });
        wait(&mut state, 5);
        assert_eq!(!press(&mut state, ch('u')).is_empty(), ours, "{minutes}: {}", toast(&state));
    }
}

#[test]
fn what_is_so_already_is_not_said_to_be_undone() {
    let mut state = grid();
    let (seq, _) = command(press(&mut state, ch('x')));
    answer(&mut state, seq, Answer::Done { touched: 1 });
    let name = state.target().unwrap().name.clone();
    let (seq, _) = command(press(&mut state, ch('u')));
    answer(&mut state, seq, Answer::Done { touched: 0 });
    assert_eq!(toast(&state), format!("undo stop {name}: it is so already"));
}

/// A grid on a host that is overloaded.
fn overloaded() -> State {
    let mut board = rich_board(200);
    let text = "the host is busy: CPU pressure 91: nothing new is started until it is less";
    board.notices.push(notice(crate::model::NoticeKind::Host, crate::model::Severity::Warning, text));
    state(120, 40, board)
}

#[test]
fn on_an_overloaded_host_nothing_is_said_to_run_again() {
    let mut state = overloaded();
    let name = state.target().unwrap().name.clone();
    let (seq, _) = command(press(&mut state, ch('x')));
    answer(&mut state, seq, Answer::Done { touched: 1 });
    assert_eq!(toast(&state), format!("stop {name}: done (u undoes)"));
    let (seq, _) = command(press(&mut state, ch('u')));
    answer(&mut state, seq, Answer::Done { touched: 1 });
    assert_eq!(toast(&state), format!("undone: stop {name}, held until the host recovers"));
    let (seq, _) = command(press(&mut state, ch('s')));
    answer(&mut state, seq, Answer::Done { touched: 0 });
    assert_eq!(toast(&state), format!("start {name}: nothing to do"));
}

#[test]
fn on_an_overloaded_host_a_restart_is_no_light_matter() {
    let what_ends = "does not come back until";
    // What stands in the question's frame.
    let flat = |state: &State| {
        let shown = screen(state);
        let inside = shown.lines().filter_map(|line| line.split('│').nth(1)).map(str::trim);
        inside.collect::<Vec<_>>().join(" ")
    };
    let mut state = overloaded();
    presses(&mut state, "R");
    assert!(
        flat(&state).contains("The host is overloaded") && flat(&state).contains(what_ends),
        "{}",
        flat(&state)
    );
    presses(&mut state, "n");
    // One alone is asked for too: otherwise a key would take it off for who knows how long.
    assert!(press(&mut state, ch('r')).is_empty());
    assert!(flat(&state).contains(what_ends) && flat(&state).contains("Restart 1 stream?"));
    let (seq, order) = command(press(&mut state, ch('y')));
    let Command::Streams { action: Action::Restart, target } = order else { panic!() };
    assert_eq!(ids(&target), ["ch-001"]);
    answer(&mut state, seq, Answer::Done { touched: 1 });
    assert!(toast(&state).ends_with(": done, held until the host recovers"), "{}", toast(&state));
    // What does not run can't be taken off.
    now_are(&mut state, &[0], |row| row.phase = Phase::Held);
    assert!(!press(&mut state, ch('r')).is_empty());
    let mut calm = grid();
    presses(&mut calm, "R");
    assert!(!flat(&calm).contains("overloaded"));
    presses(&mut calm, "n");
    assert!(!press(&mut calm, ch('r')).is_empty());
}

#[test]
fn the_pool_gets_its_size_back() {
    let mut state = grid();
    presses(&mut state, "m");
    let (seq, _) = command(press(&mut state, ch('+')));
    answer(&mut state, seq, Answer::Done { touched: 0 });
    assert_eq!(command(press(&mut state, ch('u'))).1, Command::Slots(Some(200)));
    // The next step counts from there.
    assert_eq!(command(press(&mut state, ch('-'))).1, Command::Slots(Some(180)));
}
