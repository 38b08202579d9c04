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
