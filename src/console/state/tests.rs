//! What keys and messages do to the state.

mod frames;
mod leaving;

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use super::overlay::edit::MAX_LINE;
use super::update::{Effect, Event, believed, update};
use super::*;
use crate::console::decode::Typed;
use crate::console::tests::support::*;
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{Action, Answer, Column, Command, Delta, Figures, Phase, Selection, SortBy, StreamId};

fn grid() -> State {
    let mut state = state(120, 40, troubled_board(200));
    state.drawn();
    state
}

fn ch(c: char) -> KeyCode {
    KeyCode::Char(c)
}

fn selected(state: &State) -> u32 {
    state.list.selected.unwrap().0
}

fn command(effects: &[Effect]) -> (&Command, u64) {
    match effects {
        [Effect::Send(ClientMessage::Command { seq, command })] => (command, *seq),
        other => panic!("no command: {other:?}"),
    }
}

#[test]
fn moving_selects_streams_and_scrolls() {
    let mut state = grid();
    assert_eq!(selected(&state), 0);
    press(&mut state, KeyCode::Up);
    assert_eq!(selected(&state), 0);
    press(&mut state, ch('j'));
    press(&mut state, KeyCode::Down);
    assert_eq!(selected(&state), 2);
    press(&mut state, KeyCode::PageDown);
    assert_eq!(selected(&state) as usize, 2 + state.grid_height());
    assert!(state.list.is_visible(state.list.selected.unwrap(), state.grid_height()));
    press(&mut state, ch('G'));
    assert_eq!((selected(&state), state.list.top), (199, 200 - state.grid_height()));
    press(&mut state, KeyCode::Home);
    assert_eq!((selected(&state), state.list.top), (0, 0));
}

#[test]
fn a_single_stream_is_ordered_by_its_id_and_the_answer_names_it() {
    for (key, action) in [('s', Action::Start), ('x', Action::Stop), ('r', Action::Restart)] {
        let mut state = grid();
        press(&mut state, ch('j'));
        let effects = press(&mut state, ch(key));
        let (command, seq) = command(&effects);
        let target = Selection::Ids(vec![StreamId::new("ch-002").unwrap()]);
        assert_eq!(*command, Command::Streams { action, target });
        tell(&mut state, ServerMessage::Answer { seq, answer: Answer::Done { touched: 1 } });
        let undo = if action == Action::Stop { " (u undoes)" } else { "" };
        let text = format!("{} Stadion Eins: done{undo}", action.word());
        assert_eq!(state.toast.as_ref().unwrap().text, text);
        wait(&mut state, TOAST_FOR.max(undo::UNDO_FOR).as_secs());
        assert_eq!(state.toast, None);
    }
}

#[test]
fn answers_tell_what_did_not_work() {
    let mut state = grid();
    for (answer, part) in [
        (Answer::Refused { reason: "headend is leaving".into() }, "refused: headend is leaving"),
        (Answer::NotSaved { touched: 1, reason: "disk full".into() }, "NOT SAVED"),
        (Answer::Done { touched: 0 }, "nothing to do"),
    ] {
        let effects = press(&mut state, ch('s'));
        let (_, seq) = command(&effects);
        let bad = !matches!(answer, Answer::Done { .. });
        tell(&mut state, ServerMessage::Answer { seq, answer });
        let toast = state.toast.clone().unwrap();
        assert!(toast.text.contains(part) && toast.bad == bad, "{toast:?}");
    }
}

#[test]
fn answers_that_never_come_do_not_pile_up() {
    let mut state = grid();
    for _ in 0..10 * MAX_PENDING {
        press(&mut state, ch('s'));
    }
    assert_eq!(state.pending.len(), MAX_PENDING);
}

#[test]
fn all_streams_are_ordered_only_after_a_yes() {
    // One of the 200 was stopped on purpose: who restarts many does not mean it.
    for (key, action, count) in
        [('S', Action::Start, 200), ('X', Action::Stop, 200), ('R', Action::Restart, 199)]
    {
        let mut state = grid();
        assert!(press(&mut state, ch(key)).is_empty());
        let Some(Question::Many(bulk)) = state.question() else { panic!("{:?}", state.question()) };
        assert_eq!((bulk.action, bulk.count, bulk.left_out), (action, count, 200 - count));
        assert!(press(&mut state, ch('n')).is_empty());
        assert_eq!(state.question(), None);
        press(&mut state, ch(key));
        assert!(press(&mut state, ch(key)).is_empty(), "only y is a yes");
        let effects = press(&mut state, ch('y'));
        let Command::Streams { action: ordered, target: Selection::Ids(ids) } = command(&effects).0 else {
            panic!("{effects:?}")
        };
        assert_eq!((*ordered, ids.len()), (action, count));
    }
}

#[test]
fn time_that_the_supervisor_does_not_count_is_not_counted_here() {
    let at = |s: i64| Moment::from_millis(s * 1_000);
    assert_eq!(believed(at(100), at(101)), at(101));
    assert_eq!(believed(at(100), at(99)), at(100), "it was on its way");
    assert_eq!(believed(at(700), at(100)), at(100), "headend was stopped for ten minutes");
}

#[test]
fn with_a_filter_all_means_all_that_are_shown() {
    let mut state = grid();
    press(&mut state, ch('/'));
    type_in(&mut state, "news 2");
    press(&mut state, KeyCode::Enter);
    press(&mut state, ch('X'));
    let shown = state.list.order.len();
    assert!(shown > 1 && shown < 200);
    let effects = press(&mut state, ch('y'));
    let Command::Streams { target: Selection::Ids(ids), .. } = command(&effects).0 else { panic!("all") };
    assert_eq!(ids.len(), shown);
}

#[test]
fn the_filter_works_while_it_is_typed() {
    let mut state = grid();
    press(&mut state, ch('/'));
    type_in(&mut state, "q");
    assert!(state.question().is_none() && state.prompt().is_some(), "keys are text now");
    press(&mut state, KeyCode::Backspace);
    type_in(&mut state, "BLACK");
    assert_eq!(state.list.order, [StreamIx(3)]);
    assert_eq!(selected(&state), 3);
    press(&mut state, KeyCode::Enter);
    assert!(state.prompt().is_none() && state.list.is_filtered());
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.list.order.len(), 200);
    assert_eq!(selected(&state), 3, "the selection survives the filter");
}

#[test]
fn filters_know_words_and_their_absence() {
    let mut state = grid();
    let mut shown = |filter: &str| {
        press(&mut state, ch('/'));
        type_in(&mut state, filter);
        let count = state.list.order.len();
        press(&mut state, KeyCode::Esc);
        count
    };
    assert_eq!(shown("backoff"), 1);
    assert_eq!(shown("critical"), 4);
    assert_eq!(shown("critical !refused"), 3);
    assert_eq!(shown("ch-017"), 1);
    assert_eq!(shown("sport live"), 19);
    assert_eq!(shown("nosuchthing"), 0);
    assert_eq!(shown("!"), 200);
}

#[test]
fn pasted_text_is_one_line_or_nothing() {
    let mut state = grid();
    let paste = |state: &mut State, text: &str| {
        let now = state.now;
        update(state, now, Event::Typed(Typed::Paste { text: text.into(), cut: false }))
    };
    assert!(paste(&mut state, "xxXy").is_empty());
    assert!(state.question().is_none() && state.toast.is_some());
    press(&mut state, ch('/'));
    paste(&mut state, "sport\nlive\r\n");
    assert_eq!((state.list.filter.as_str(), state.list.order.len()), ("sport live", 19));
    paste(&mut state, "\u{1b}[2J");
    assert_eq!(state.list.filter, "sport live␛[2J", "and no command to the terminal");
    // A query as long as one may be is taken whole.
    control(&mut state, 'u');
    paste(&mut state, &"live ".repeat(80));
    assert!(state.prompt().unwrap().mistake.is_none());
    control(&mut state, 'u');
    for (columns, height) in [(80, 24), (120, 40), (200, 60)] {
        update(&mut state, NOW, Event::Resized(Size::new(columns, height)));
        paste(&mut state, &"x".repeat(MAX_LINE));
        assert_eq!(state.list.filter.chars().count(), MAX_LINE);
        assert!(!screen(&state).contains("▲ cut"), "it has room");
        paste(&mut state, "y");
        assert!(screen(&state).contains("▲ cut at 1 000 characters"), "{}", screen(&state));
        press(&mut state, KeyCode::Backspace);
        assert!(!screen(&state).contains("▲ cut"));
        control(&mut state, 'u');
    }
    // Where the rest was lost before it came here, that is told too.
    update(&mut state, NOW, Event::Typed(Typed::Paste { text: "news".into(), cut: true }));
    assert!(screen(&state).contains("▲ cut at"));
    press(&mut state, KeyCode::Esc);
    press(&mut state, ch(':'));
    paste(&mut state, &"theme\n".repeat(1_000));
    assert!(screen(&state).contains("▲ cut at"), "{}", screen(&state));
    press(&mut state, KeyCode::Esc);
    press(&mut state, ch('N'));
    paste(&mut state, "called the\nprovider");
    let effects = press(&mut state, KeyCode::Enter);
    let Command::Care { order, .. } = command(&effects).0 else { panic!() };
    assert_eq!(*order, crate::model::CareOrder::Note("called the provider".into()));
}

#[test]
fn faults_only_shows_faults() {
    let mut state = grid();
    press(&mut state, ch('f'));
    let shown: Vec<u32> = state.list.order.iter().map(|ix| ix.0).collect();
    assert_eq!(shown, [3, 5, 8, 11, 21]);
    press(&mut state, ch('f'));
    assert_eq!(state.list.order.len(), 200);
}

#[test]
fn a_stream_under_the_cursor_does_not_vanish_by_itself() {
    let mut state = grid();
    press(&mut state, ch('f'));
    assert_eq!(selected(&state), 3);
    wait(&mut state, 10);
    change(&mut state, vec![row(3)]);
    wait(&mut state, 10);
    assert_eq!(selected(&state), 3, "it recovered, and stays under the cursor");
    press(&mut state, KeyCode::Down);
    change(&mut state, vec![row(5)]);
    wait(&mut state, 10);
    assert!(!state.list.order.contains(&StreamIx(3)), "the cursor left it");
}

#[test]
fn each_order_goes_both_ways_and_unknown_is_last() {
    let mut state = grid();
    let by = |column| SortBy { column: Some(column), reversed: false };
    for column in [Column::Health, Column::Phase, Column::Name, Column::Group, Column::Fps] {
        press(&mut state, ch('o'));
        assert_eq!(state.list.sort, by(column));
    }
    let first = |state: &State| state.row(state.list.order[0]).unwrap().clone();
    while state.list.sort != by(Column::Speed) {
        press(&mut state, ch('o'));
    }
    assert_eq!(first(&state).figures.speed, Some(0.0));
    press(&mut state, ch('O'));
    assert_eq!(first(&state).figures.speed, Some(1.0));
    let last = state.row(*state.list.order.last().unwrap()).unwrap();
    assert_eq!(last.figures.speed, None);
    while state.list.sort != by(Column::Health) {
        press(&mut state, ch('<'));
    }
    assert_eq!(first(&state).ix, StreamIx(3), "two conditions are worse than one");
}

#[test]
fn a_live_order_waits_until_nobody_is_about_to_act() {
    let mut state = grid();
    press(&mut state, ch('o'));
    wait(&mut state, 60);
    let before = state.list.order.clone();
    press(&mut state, ch('j'));
    change(&mut state, vec![broken(150)]);
    wait(&mut state, 2);
    assert_eq!(state.list.order, before, "a key was pressed less than three seconds ago");
    press(&mut state, ch('X'));
    wait(&mut state, 20);
    assert_eq!(state.list.order, before, "a question is open");
    press(&mut state, ch('n'));
    wait(&mut state, 3);
    assert_eq!(state.list.order[0], StreamIx(150));
}

#[test]
fn the_cursor_follows_its_stream_and_keeps_its_line() {
    let mut state = grid();
    press(&mut state, ch('o'));
    press(&mut state, KeyCode::PageDown);
    press(&mut state, KeyCode::PageDown);
    let (ix, line) = (selected(&state), state.list.position().unwrap() - state.list.top);
    let before = state.list.position();
    change(&mut state, vec![broken(150)]);
    wait(&mut state, 5);
    assert_ne!(state.list.position(), before);
    assert_eq!(selected(&state), ix);
    assert_eq!(state.list.position().unwrap() - state.list.top, line);
}

/// A row that is worse than any other.
fn broken(n: u32) -> Row {
    let mut bad = row(n);
    let black = *troubled_board(4).rows[&StreamIx(3)].conditions.first().unwrap();
    bad.conditions = vec![black; 3];
    bad
}

#[test]
fn asking_for_an_order_shows_its_beginning() {
    let mut state = grid();
    press(&mut state, ch('G'));
    press(&mut state, ch('o'));
    assert_eq!((state.list.top, selected(&state)), (0, state.list.order[0].0));
}

#[test]
fn a_wall_stays_at_the_top_and_nothing_is_under_its_cursor() {
    let mut state = grid();
    press(&mut state, ch('o'));
    let height = u32::try_from(state.grid_height()).unwrap();
    let worse: Vec<Row> = (100..100 + height).map(broken).collect();
    // Someone is there: what is selected stays in sight.
    change(&mut state, worse[..3].to_vec());
    wait(&mut state, 5);
    assert_eq!((state.list.top, state.list.position()), (0, Some(3)));
    // Nobody is.
    wait(&mut state, 60);
    change(&mut state, worse);
    wait(&mut state, 5);
    assert_eq!((state.list.top, state.list.selected), (0, None));
    change(&mut state, vec![row(100), broken(100)]);
    wait(&mut state, 5);
    assert_eq!(state.list.selected, None, "it stays so");
    assert!(press(&mut state, ch('x')).is_empty(), "no stream is stopped by accident");
    press(&mut state, ch('j'));
    assert_eq!(selected(&state), 100);
}

#[test]
fn a_removed_stream_gives_the_cursor_to_its_neighbour() {
    let mut state = grid();
    press(&mut state, ch('j'));
    let gone = Delta { removed: vec![StreamIx(1)], ..delta(&state, vec![]) };
    tell(&mut state, ServerMessage::Delta(Box::new(gone)));
    assert_eq!(selected(&state), 2);
    assert_eq!(state.list.order.len(), 199);
}

#[test]
fn opening_follows_the_log_and_going_back_ends_it() {
    let mut state = grid();
    press(&mut state, ch('j'));
    let effects = press(&mut state, KeyCode::Enter);
    assert_eq!(effects[..1], [Effect::Send(ClientMessage::FollowLogs(vec![StreamIx(1)]))]);
    assert!(matches!(effects[1..], [Effect::Send(ClientMessage::ReadIncidents { .. })]), "{effects:?}");
    assert_eq!(state.screen(), Screen::Stream);
    assert_eq!(press(&mut state, ch('n')), [Effect::Send(ClientMessage::FollowLogs(vec![StreamIx(2)]))]);
    assert!(press(&mut state, ch('l')).is_empty());
    assert_eq!(state.screen(), Screen::Log);
    assert!(press(&mut state, KeyCode::Esc).is_empty(), "the log is still seen");
    assert_eq!(press(&mut state, KeyCode::Esc), [Effect::Send(ClientMessage::FollowLogs(Vec::new()))]);
    assert_eq!((state.screen(), state.open), (Screen::Grid, None));
}

#[test]
fn lines_of_another_log_are_not_taken() {
    let mut state = grid();
    open(&mut state, 10);
    let late =
        ServerMessage::Log { stream: StreamIx(7), first: 0, lines: log_lines(5), missed: 9, fresh: false };
    tell(&mut state, late);
    let facts = state.log.facts(state.log_room());
    assert_eq!((facts.lines, facts.missed), (10, 0));
}

#[test]
fn screens_do_not_pile_up() {
    let mut state = grid();
    for key in "mL?mL?mL?".chars() {
        press(&mut state, ch(key));
    }
    assert!(state.screens.len() <= 4, "{:?}", state.screens);
    for _ in 0..4 {
        press(&mut state, KeyCode::Esc);
    }
    assert_eq!(state.screen(), Screen::Grid);
}

#[test]
fn a_gap_asks_for_the_whole_board() {
    let mut state = grid();
    let late = Delta { from: 7, to: 8, ..Delta::default() };
    let effects = tell(&mut state, ServerMessage::Delta(Box::new(late)));
    assert_eq!(effects, [Effect::Send(ClientMessage::WantBoard)]);
}

#[test]
fn a_resize_keeps_the_selection_in_sight() {
    let mut state = grid();
    press(&mut state, KeyCode::PageDown);
    press(&mut state, KeyCode::Up);
    for (width, height) in [(80, 24), (60, 12), (10, 3), (250, 70)] {
        let now = state.now;
        update(&mut state, now, Event::Resized(Size { width, height }));
        let selected = state.list.selected.unwrap();
        assert!(state.list.is_visible(selected, state.grid_height()), "{width}x{height}");
    }
}

#[test]
fn escape_and_a_key_that_come_together_are_both_pressed() {
    let mut state = grid();
    press(&mut state, ch('/'));
    type_in(&mut state, "news");
    press(&mut state, KeyCode::Enter);
    assert!(state.list.is_filtered());
    let key = KeyEvent::new(ch('/'), KeyModifiers::ALT);
    let now = state.now;
    update(&mut state, now, Event::Typed(Typed::Key(key)));
    assert!(state.prompt().is_some() && !state.list.is_filtered());
    // What is typed next is text, and no order.
    let effects = press(&mut state, ch('x'));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Send(ClientMessage::Command { .. }))));
}
