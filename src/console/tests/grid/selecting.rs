//! Streams that are selected together, and what goes to them.

use super::*;

fn selected(state: &State) -> Vec<u32> {
    state.chosen.iter().map(|ix| ix.0).collect()
}

#[test]
fn streams_are_selected_one_by_one_as_a_range_and_all() {
    let mut state = grid();
    presses(&mut state, " j ");
    assert_eq!((selected(&state), state.list.position()), (vec![0, 2], Some(3)));
    presses(&mut state, "jjV");
    assert_eq!(selected(&state), [0, 2, 3, 4, 5]);
    presses(&mut state, "kk ");
    assert_eq!(selected(&state), [0, 2, 4, 5], "taken out again");
    filter(&mut state, "sport");
    control(&mut state, 'a');
    assert_eq!(state.chosen.len(), 24);
    assert!(screen(&state).contains("24 selected, 4 hidden"));
    press(&mut state, KeyCode::Esc);
    assert!(state.chosen.is_empty() && state.list.is_filtered(), "the filter goes with the next one");
    control(&mut state, 'a');
    control(&mut state, 'a');
    assert!(state.chosen.is_empty());
    presses(&mut state, "V");
    assert!(toast(&state).contains("select where the range begins"));
}

#[test]
fn a_groups_line_stands_for_its_streams() {
    let mut state = grid();
    presses(&mut state, "t");
    press(&mut state, KeyCode::Home);
    presses(&mut state, " ");
    assert_eq!(state.chosen.len(), 40);
    presses(&mut state, "k ");
    assert!(state.chosen.is_empty());
    // From the first stream over a folded group to the next but one.
    press(&mut state, KeyCode::Home);
    presses(&mut state, "_ jjV");
    assert_eq!(state.chosen.len(), 40 + 20 + 20 + 40);
}

#[test]
fn streams_that_go_are_no_longer_selected() {
    let mut state = grid();
    presses(&mut state, "   ");
    let gone = Delta { removed: vec![StreamIx(1)], ..delta(&state, vec![]) };
    tell(&mut state, ServerMessage::Delta(Box::new(gone)));
    assert_eq!(selected(&state), [0, 2]);
}

#[test]
fn orders_are_for_the_selected_streams_after_a_yes() {
    for (key, action) in [('s', Action::Start), ('x', Action::Stop), ('r', Action::Restart)] {
        let mut state = grid();
        presses(&mut state, "   ");
        filter(&mut state, "kleine");
        assert!(press(&mut state, ch(key)).is_empty());
        let Some(Question::Many(bulk)) = state.question() else { panic!("{:?}", state.question()) };
        assert_eq!((bulk.count, bulk.hidden, bulk.named.len()), (3, 3, 3));
        assert!(press(&mut state, ch('n')).is_empty());
        press(&mut state, ch(key));
        let (_, command) = command(press(&mut state, ch('y')));
        let Command::Streams { action: ordered, target } = command else { panic!() };
        assert_eq!((ordered, ids(&target)), (action, vec!["ch-001", "ch-002", "ch-003"]));
    }
}

#[test]
fn what_was_stopped_on_purpose_is_not_restarted() {
    let mut state = grid();
    filter(&mut state, "id:ch-017 | id:ch-018");
    control(&mut state, 'a');
    presses(&mut state, "r");
    let shown = screen(&state);
    assert!(shown.contains("Restart 1 stream?") && shown.contains("1 other stays stopped"), "{shown}");
    let (_, command) = command(press(&mut state, ch('y')));
    let Command::Streams { target, .. } = command else { panic!() };
    assert_eq!(ids(&target), ["ch-018"]);
}

#[test]
fn what_is_noted_is_noted_of_all_that_are_selected() {
    let mut state = grid();
    presses(&mut state, "   ");
    let (seq, acknowledged) = command(press(&mut state, ch('a')));
    let Command::Care { order, target } = acknowledged else { panic!() };
    assert_eq!((order, ids(&target)), (CareOrder::Acknowledge, vec!["ch-001", "ch-002", "ch-003"]));
    answer(&mut state, seq, Answer::Done { touched: 3 });
    assert!(toast(&state).contains("acknowledge 3 streams") && toast(&state).contains("u undoes"));
    let (_, undone) = command(press(&mut state, ch('u')));
    assert!(matches!(undone, Command::Care { order: CareOrder::Unacknowledge, .. }));
    press(&mut state, KeyCode::Esc);
    presses(&mut state, "t");
    press(&mut state, KeyCode::Home);
    presses(&mut state, "N");
    presses(&mut state, "look");
    let (_, noted) = command(press(&mut state, KeyCode::Enter));
    let Command::Care { target, .. } = noted else { panic!() };
    assert_eq!(ids(&target).len(), 40, "those of the group");
}

#[test]
fn an_open_stream_is_ordered_alone() {
    let mut state = grid();
    presses(&mut state, "   ");
    press(&mut state, KeyCode::Enter);
    let (_, command) = command(press(&mut state, ch('x')));
    let Command::Streams { target, .. } = command else { panic!() };
    assert_eq!(ids(&target), ["ch-004"]);
}
