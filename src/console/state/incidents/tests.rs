use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyCode;

use super::*;
use crate::console::incident::tests::{incident, over};
use crate::console::state::update::{Effect, Event, update};
use crate::console::tests::incidents::{answer, asked, black, open_ones, with_open};
use crate::console::tests::support::*;
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{Answer, Board, Command, Incident, IncidentOrder};

fn begun(board: Board) -> State {
    let mut state = state(120, 40, board);
    tell_time(&mut state);
    state
}

fn kept() -> Vec<Incident> {
    (4_700..4_711).map(over).chain(open_ones()).collect()
}

fn opened() -> State {
    let mut state = begun(with_open(troubled_board(20), &open_ones()));
    let effects = press(&mut state, KeyCode::Char('I'));
    answer(&mut state, effects, &kept());
    state
}

fn numbers(state: &State) -> Vec<u64> {
    state.incident_entries().iter().map(|entry| entry.number).collect()
}

/// The board's incidents change.
fn change_incidents(state: &mut State, open: &[Incident], ended: &[u64]) -> Vec<Effect> {
    let mut delta = delta(state, Vec::new());
    delta.incidents = open.iter().map(|one| (one.number, Arc::new(one.brief()))).collect();
    delta.ended = ended.to_vec();
    tell(state, ServerMessage::Delta(Box::new(delta)))
}

/// Time goes on.
fn tick(state: &mut State, seconds: u64) -> Vec<Effect> {
    let now = state.now + Duration::from_secs(seconds);
    update(state, now, Event::Clock)
}

fn ordered(effects: &[Effect]) -> Option<(u64, Command)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(ClientMessage::Command { seq, command }) => Some((*seq, command.clone())),
        _ => None,
    })
}

#[test]
fn open_ones_stand_by_their_weight_and_then_those_that_are_over() {
    let mut state = opened();
    assert_eq!(numbers(&state)[..5], [4_712, 4_711, 4_713, 4_710, 4_709]);
    press(&mut state, KeyCode::Char('o'));
    assert_eq!(numbers(&state), [4_712, 4_711, 4_713]);
    press(&mut state, KeyCode::Char('o'));
    assert_eq!(numbers(&state).len(), 14);
}

#[test]
fn the_cursor_stays_on_its_incident_whatever_comes_and_goes() {
    let mut state = opened();
    press(&mut state, KeyCode::Down);
    assert_eq!(state.selected_incident(), Some(4_711));
    change_incidents(&mut state, &[black(4_714, 0)], &[]);
    assert_eq!((numbers(&state)[0], state.selected_incident()), (4_714, Some(4_711)));
    // It ends: for a moment nobody knows how, and it stays where it is.
    wait(&mut state, 2);
    let effects = change_incidents(&mut state, &[], &[4_711]);
    assert_eq!(state.selected_incident(), Some(4_711));
    let (_, query) = asked(&effects).unwrap();
    assert_eq!((query.before, query.stream), (None, None));
    let mut ended = kept();
    ended[11].ended = over(1).ended;
    answer(&mut state, effects, &ended);
    assert_eq!(state.selected_incident(), Some(4_711));
    let entries = state.incident_entries();
    assert!(entries.iter().any(|entry| entry.number == 4_711 && !entry.is_open()));
}

#[test]
fn what_ended_long_after_it_was_listed_is_not_shown_as_open_for_ever() {
    let mut first = vec![incident(1, 2)];
    first.extend((2..100).map(over));
    let mut state = begun(with_open(board(5), &first[..1]));
    let effects = press(&mut state, KeyCode::Char('I'));
    answer(&mut state, effects, &first);
    press(&mut state, KeyCode::End);
    for _ in 0..5 {
        let effects = press(&mut state, KeyCode::End);
        answer(&mut state, effects, &first);
    }
    assert_eq!(numbers(&state).len(), 99);
    wait(&mut state, 2);
    first[0].ended = over(1).ended;
    let effects = change_incidents(&mut state, &[], &[1]);
    answer(&mut state, effects, &first);
    assert!(state.incident_entries().iter().all(|entry| entry.number != 1 || !entry.is_open()));
}

#[test]
fn changes_are_read_again_not_more_often_than_once_a_second() {
    let mut state = opened();
    let mut asks = 0;
    for n in 0..20 {
        let effects = change_incidents(&mut state, &[black(5_000 + n, 0)], &[4_999 + n]);
        asks += usize::from(asked(&effects).is_some());
        answer(&mut state, effects, &kept());
    }
    assert_eq!(asks, 0, "it was read a moment ago");
    assert!(state.deadline().is_some_and(|at| at <= state.now + Duration::from_secs(1)));
    assert!(asked(&tick(&mut state, 1)).is_some());
}

#[test]
fn an_unanswered_question_is_asked_again_and_a_refusal_is_not() {
    let mut state = begun(board(3));
    let effects = press(&mut state, KeyCode::Char('I'));
    let (seq, _) = asked(&effects).unwrap();
    assert_eq!(asked(&press(&mut state, KeyCode::Down)), None, "it is on its way");
    let (again, _) = asked(&tick(&mut state, 20)).unwrap();
    assert_ne!(seq, again);
    let refused = Answer::Refused { reason: "nobody keeps incidents here".into() };
    tell(&mut state, ServerMessage::Answer { seq: again, answer: refused });
    wait(&mut state, 60);
    assert_eq!(asked(&press(&mut state, KeyCode::Down)), None);
    assert!(screen(&state).contains("nobody keeps incidents here"), "{}", screen(&state));
}

#[test]
fn one_is_acknowledged_noted_and_a_refusal_is_told() {
    let mut state = opened();
    let (seq, command) = ordered(&press(&mut state, KeyCode::Char('a'))).unwrap();
    // Somebody knows of the first one already.
    let order = IncidentOrder::Unacknowledge;
    assert_eq!(command, Command::Incident { number: 4_712, order });
    tell(&mut state, ServerMessage::Answer { seq, answer: Answer::Done { touched: 1 } });
    assert_eq!(state.toast.as_ref().unwrap().text, "incident 4712: no longer acknowledged");
    press(&mut state, KeyCode::Down);
    let effects = press(&mut state, KeyCode::Enter);
    answer(&mut state, effects, &kept());
    let (seq, command) = ordered(&press(&mut state, KeyCode::Char('a'))).unwrap();
    assert_eq!(command, Command::Incident { number: 4_711, order: IncidentOrder::Acknowledge });
    let reason = "a viewer gives no orders".into();
    tell(&mut state, ServerMessage::Answer { seq, answer: Answer::Refused { reason } });
    let said = &state.toast.as_ref().unwrap().text;
    assert_eq!(said, "acknowledge incident 4711: refused: a viewer gives no orders");
    let effects = tick(&mut state, 2);
    answer(&mut state, effects, &kept());
    press(&mut state, KeyCode::Char('N'));
    assert!(screen(&state).contains("note about incident 4711: "), "{}", screen(&state));
    type_in(&mut state, "their router");
    let (seq, command) = ordered(&press(&mut state, KeyCode::Enter)).unwrap();
    let order = IncidentOrder::Note("their router".into());
    assert_eq!(command, Command::Incident { number: 4_711, order });
    assert_eq!(asked(&tick(&mut state, 2)), None);
    let effects = tell(&mut state, ServerMessage::Answer { seq, answer: Answer::Done { touched: 0 } });
    assert!(
        asked(&effects).is_some_and(|(_, query)| query.before == Some(4_712)),
        "its notes are read again"
    );
    press(&mut state, KeyCode::Char('N'));
    assert_eq!(ordered(&press(&mut state, KeyCode::Enter)), None, "an empty note is none");
}

#[test]
fn from_an_incident_one_goes_to_its_streams() {
    let mut state = opened();
    press(&mut state, KeyCode::Down);
    let effects = press(&mut state, KeyCode::Enter);
    answer(&mut state, effects, &kept());
    press(&mut state, KeyCode::Enter);
    assert_eq!((state.screen(), state.open), (Screen::Stream, Some(StreamIx(0))));
    press(&mut state, KeyCode::Esc);
    press(&mut state, KeyCode::Char('l'));
    assert_eq!((state.screen(), state.open), (Screen::Log, Some(StreamIx(0))));
    press(&mut state, KeyCode::Esc);
    press(&mut state, KeyCode::Char('f'));
    assert_eq!((state.screen(), state.list.order.len()), (Screen::Grid, 12));
    assert!(state.list.filter.starts_with("id:ch-001 | id:ch-002"), "{}", state.list.filter);
}

#[test]
fn more_streams_than_a_filter_holds_are_selected() {
    let many = incident(9, 150);
    let mut state = begun(with_open(board(200), std::slice::from_ref(&many)));
    let effects = press(&mut state, KeyCode::Char('I'));
    answer(&mut state, effects, std::slice::from_ref(&many));
    let effects = press(&mut state, KeyCode::Enter);
    answer(&mut state, effects, std::slice::from_ref(&many));
    press(&mut state, KeyCode::Char('f'));
    assert_eq!((state.screen(), state.chosen.len(), state.list.order.len()), (Screen::Grid, 150, 200));
}

#[test]
fn what_is_frozen_shows_what_was_open_then_and_takes_no_orders() {
    let mut state = opened();
    wait(&mut state, 10);
    press(&mut state, KeyCode::Char('z'));
    change_incidents(&mut state, &[black(4_714, 0)], &[4_712]);
    assert_eq!(numbers(&state)[..3], [4_712, 4_711, 4_713]);
    assert_eq!(ordered(&press(&mut state, KeyCode::Char('a'))), None);
    assert!(state.toast.as_ref().unwrap().text.starts_with("frozen"));
    press(&mut state, KeyCode::Char('z'));
    assert_eq!(numbers(&state)[..2], [4_714, 4_712]);
    assert_eq!(state.incidents_count().open, 3);
    // And back to before it came.
    wait(&mut state, 5);
    press(&mut state, KeyCode::Char('z'));
    for _ in 0..8 {
        press(&mut state, KeyCode::Char(','));
    }
    assert_eq!(state.incidents_count().open, 3);
    assert!(!state.board.incidents.contains_key(&4_714) && state.board.incidents.contains_key(&4_712));
}
