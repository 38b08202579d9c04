use std::sync::Arc;

use crossterm::event::KeyCode;

use super::*;
use crate::console::state::update::Effect;
use crate::console::state::{Overlay, TOAST_FOR};
use crate::console::tests::support::*;
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{
    Action, Answer, Care, CareOrder, Command, Condition, ConditionKind, Explained, Selection, StreamId,
};

const fn ch(c: char) -> KeyCode {
    KeyCode::Char(c)
}

fn opened() -> State {
    let mut state = state(120, 40, tended_board(60));
    press(&mut state, ch('P'));
    state
}

fn command(effects: &[Effect]) -> (Command, u64) {
    match effects {
        [Effect::Send(ClientMessage::Command { seq, command })] => (command.clone(), *seq),
        other => panic!("no command: {other:?}"),
    }
}

fn ids(names: &[&str]) -> Selection {
    Selection::Ids(names.iter().map(|id| StreamId::new(id).unwrap()).collect())
}

fn selected(state: &State) -> u32 {
    state.target().unwrap().ix.0
}

fn with(change: impl FnOnce(&mut Row)) -> Row {
    let mut row = row(1);
    change(&mut row);
    row
}

fn faulty(kind: ConditionKind, seconds: u64, explained: Option<Explained>) -> Condition {
    Condition { kind, severity: kind.severity(), since: ago(seconds), explained }
}

#[test]
fn everyone_has_a_place() {
    let black = || vec![faulty(ConditionKind::Black, 5, None)];
    let slow = |explained| vec![faulty(ConditionKind::Slow, 5, explained)];
    let phase = |phase| move |row: &mut Row| row.phase = phase;
    let care = |care: Care| move |row: &mut Row| (row.conditions, row.care) = (black(), care);
    let acknowledged = Care { acknowledged: Some(NOW), ..Care::default() };
    let soon = NOW + Duration::from_secs(1);
    let muted = Care { muted_until: Some(soon), acknowledged: Some(NOW), ..Care::default() };
    let told_again = Care { muted_until: Some(NOW), ..Care::default() };
    let cases: [(Row, Option<Standing>); 14] = [
        (with(care(told_again)), Some(Standing::Critical)),
        (row(1), None),
        (with(phase(Phase::Stopped)), None),
        (with(phase(Phase::Queued)), None),
        (with(phase(Phase::Held)), None),
        (with(|row| row.care = muted.clone()), None),
        (with(|row| row.conditions = black()), Some(Standing::Critical)),
        (with(phase(Phase::Broken)), Some(Standing::Critical)),
        (with(|row| row.conditions = slow(None)), Some(Standing::Warning)),
        (with(phase(Phase::Backoff)), Some(Standing::Warning)),
        (with(care(acknowledged)), Some(Standing::Acknowledged)),
        (with(care(muted.clone())), Some(Standing::Muted)),
        (with(|row| row.conditions = slow(Some(Explained::Overload))), Some(Standing::Explained)),
        (with(|row| (row.phase, row.maintenance) = (Phase::Backoff, true)), Some(Standing::Explained)),
    ];
    for (row, standing) in cases {
        assert_eq!(Standing::of(&row, NOW), standing, "{row:?}");
    }
}

#[test]
fn the_worst_come_first_and_of_those_the_oldest_fault() {
    let state = opened();
    let order: Vec<u32> = state.penalty.list.order.iter().map(|ix| ix.0).collect();
    assert_eq!(order, [22, 2, 3, 5, 25, 21, 7, 33, 8, 31, 11, 6]);
    assert_eq!(state.penalty.tally.open(), 8);
    assert_eq!(selected(&state), 22);
    assert_eq!(in_order(&state.board, state.now), state.penalty.list.order);
}

#[test]
fn an_age_is_that_of_what_nothing_explains() {
    let row = with(|row| {
        row.conditions = vec![
            faulty(ConditionKind::Silent, 31, None),
            faulty(ConditionKind::Frozen, 500, Some(Explained::Maintenance)),
        ];
    });
    assert_eq!((since(&row), severity(&row)), (ago(31), Some(Severity::Warning)));
    let explained = with(|row| {
        row.conditions = vec![faulty(ConditionKind::Frozen, 500, Some(Explained::Maintenance))];
    });
    assert_eq!((since(&explained), looks(&explained)), (ago(500), Health::Warning));
}

#[test]
fn the_count_is_right_whatever_happens() {
    let mut state = state(120, 40, tended_board(60));
    let tally = |state: &State| Tally::of(&state.board, state.now);
    let rows: Vec<Row> = state.board.rows.values().map(|row| Row::clone(row)).collect();
    for n in 0..60 {
        // Everyone becomes everyone else, one after the other.
        let mut row = Row { ix: StreamIx(n), ..rows[(n as usize * 7 + 3) % 60].clone() };
        row.id = rows[n as usize].id.clone();
        change(&mut state, vec![row]);
        assert_eq!(state.penalty.tally, tally(&state), "after {n}");
    }
    let delta = crate::model::Delta {
        removed: (10..30).map(StreamIx).collect(),
        rows: [row(70), row(12)].map(|row| (row.ix, Arc::new(row))).into(),
        ..delta(&state, Vec::new())
    };
    tell(&mut state, ServerMessage::Delta(Box::new(delta)));
    assert_eq!(state.penalty.tally, tally(&state));
}

#[test]
fn the_count_stands_on_every_screen() {
    let mut state = state(120, 40, tended_board(60));
    for key in ["", "m", "L", "?", "\r", "l"] {
        for key in key.chars() {
            press(&mut state, if key == '\r' { KeyCode::Enter } else { ch(key) });
        }
        assert!(screen(&state).contains("P 8 to look at"), "{}", screen(&state));
        state.screens.truncate(1);
    }
    state.drawn();
    let mut acknowledged = Row::clone(&state.board.rows[&StreamIx(22)]);
    acknowledged.care.acknowledged = Some(state.now);
    change(&mut state, vec![acknowledged]);
    assert!(state.dirty() >= Dirty::Now && screen(&state).contains("P 7 to look at"));
}

#[test]
fn acknowledging_names_the_stream_under_the_cursor() {
    let mut state = opened();
    press(&mut state, KeyCode::Down);
    let (order, seq) = command(&press(&mut state, ch('a')));
    assert_eq!(order, Command::Care { order: CareOrder::Acknowledge, target: ids(&["ch-003"]) });
    tell(&mut state, ServerMessage::Answer { seq, answer: Answer::Done { touched: 1 } });
    assert_eq!(state.toast.as_ref().unwrap().text, "acknowledge Kino Klassik: done (u undoes)");
    // Somebody else was quicker.
    let (_, seq) = command(&press(&mut state, ch('a')));
    tell(&mut state, ServerMessage::Answer { seq, answer: Answer::Done { touched: 0 } });
    assert_eq!(state.toast.as_ref().unwrap().text, "acknowledge Kino Klassik: nothing to do");
    // Again: not after all.
    let mut known = Row::clone(&state.board.rows[&StreamIx(2)]);
    known.care.acknowledged = Some(state.now);
    change(&mut state, vec![known]);
    assert_eq!(selected(&state), 2);
    let (order, _) = command(&press(&mut state, ch('a')));
    assert_eq!(order, Command::Care { order: CareOrder::Unacknowledge, target: ids(&["ch-003"]) });
}

#[test]
fn the_usual_orders_work_here_and_care_works_elsewhere() {
    let mut state = opened();
    for (key, action) in [('s', Action::Start), ('x', Action::Stop), ('r', Action::Restart)] {
        let (order, _) = command(&press(&mut state, ch(key)));
        assert_eq!(order, Command::Streams { action, target: ids(&["ch-023"]) });
    }
    press(&mut state, KeyCode::Esc);
    press(&mut state, ch('j'));
    let (order, _) = command(&press(&mut state, ch('a')));
    assert_eq!(order, Command::Care { order: CareOrder::Acknowledge, target: ids(&["ch-002"]) });
    open(&mut state, 3);
    let (order, _) = command(&press(&mut state, ch('a')));
    assert_eq!(order, Command::Care { order: CareOrder::Acknowledge, target: ids(&["ch-002"]) });
}

#[test]
fn a_mute_is_chosen_or_typed_and_can_be_taken_back() {
    let mut state = opened();
    press(&mut state, ch('M'));
    press(&mut state, KeyCode::Down);
    let (order, seq) = command(&press(&mut state, KeyCode::Enter));
    let hour = Duration::from_secs(3_600);
    assert_eq!(order, Command::Care { order: CareOrder::Mute(hour), target: ids(&["ch-023"]) });
    tell(&mut state, ServerMessage::Answer { seq, answer: Answer::Done { touched: 1 } });
    assert_eq!(state.toast.as_ref().unwrap().text, "Kino Klassik 3 is muted for 60 min (u undoes)");

    press(&mut state, ch('M'));
    press(&mut state, KeyCode::End);
    for _ in 0..9 {
        press(&mut state, KeyCode::Down);
    }
    assert!(press(&mut state, KeyCode::Enter).is_empty());
    type_in(&mut state, "1x");
    assert!(press(&mut state, KeyCode::Enter).is_empty(), "no time yet");
    assert!(state.prompt().unwrap().mistake.is_some());
    press(&mut state, KeyCode::Backspace);
    type_in(&mut state, "h30m");
    let (order, _) = command(&press(&mut state, KeyCode::Enter));
    let span = Duration::from_secs(90 * 60);
    assert_eq!(order, Command::Care { order: CareOrder::Mute(span), target: ids(&["ch-023"]) });

    let mut muted = Row::clone(&state.board.rows[&StreamIx(22)]);
    muted.care.muted_until = Some(state.now + span);
    change(&mut state, vec![muted]);
    press(&mut state, ch('M'));
    let (order, _) = command(&press(&mut state, KeyCode::Enter));
    assert_eq!(order, Command::Care { order: CareOrder::Unmute, target: ids(&["ch-023"]) });
    press(&mut state, ch('M'));
    press(&mut state, KeyCode::Esc);
    assert!(state.overlay.is_none());
}

#[test]
fn a_note_is_typed_changed_and_removed() {
    let mut state = opened();
    press(&mut state, KeyCode::Down);
    press(&mut state, ch('N'));
    type_in(&mut state, "ask the provider ");
    let (order, _) = command(&press(&mut state, KeyCode::Enter));
    let note = |text: &str| CareOrder::Note(text.into());
    assert_eq!(order, Command::Care { order: note("ask the provider"), target: ids(&["ch-003"]) });
    let mut noted = Row::clone(&state.board.rows[&StreamIx(2)]);
    noted.care.note = "ask the provider".into();
    change(&mut state, vec![noted]);
    press(&mut state, ch('N'));
    assert_eq!(state.prompt().unwrap().edit.text(), "ask the provider");
    control(&mut state, 'u');
    let (order, seq) = command(&press(&mut state, KeyCode::Enter));
    assert_eq!(order, Command::Care { order: note(""), target: ids(&["ch-003"]) });
    tell(&mut state, ServerMessage::Answer { seq, answer: Answer::Done { touched: 1 } });
    assert_eq!(state.toast.as_ref().unwrap().text, "remove the note of Kino Klassik: done (u undoes)");
    press(&mut state, ch('N'));
    assert!(press(&mut state, KeyCode::Esc).is_empty());
}

#[test]
fn what_is_typed_is_for_whom_it_was_begun() {
    let mut state = opened();
    press(&mut state, ch('N'));
    control(&mut state, 'u');
    type_in(&mut state, "mine");
    // The stream it is for is well again meanwhile, long enough for the cursor to be elsewhere.
    change(&mut state, vec![row(22)]);
    wait(&mut state, 120);
    change(&mut state, vec![row(21)]);
    wait(&mut state, 10);
    let (order, _) = command(&press(&mut state, KeyCode::Enter));
    assert_eq!(order, Command::Care { order: CareOrder::Note("mine".into()), target: ids(&["ch-023"]) });
}

#[test]
fn nobody_to_aim_at_is_said() {
    let mut state = state(120, 40, board(3));
    press(&mut state, ch('P'));
    for (key, word) in [('a', "acknowledge"), ('M', "mute"), ('N', "note")] {
        assert!(press(&mut state, ch(key)).is_empty());
        assert!(state.overlay.is_none());
        assert_eq!(state.toast.take().unwrap().text, format!("{word}: no stream is selected"));
    }
    assert!(press(&mut state, KeyCode::Enter).is_empty() && state.screen() == Screen::Penalty);
}

#[test]
fn rows_hold_still_while_someone_acts_and_who_is_new_stands_below() {
    let mut state = opened();
    press(&mut state, KeyCode::Down);
    let mut before = state.penalty.list.order.clone();
    let mut worse = row(50);
    worse.conditions = vec![faulty(ConditionKind::Black, 9_000, None)];
    change(&mut state, vec![worse]);
    wait(&mut state, 1);
    assert_eq!(state.penalty.list.order, before, "not more often than every two seconds");
    wait(&mut state, 1);
    before.push(StreamIx(50));
    assert_eq!(state.penalty.list.order, before, "a key was pressed less than three seconds ago");
    press(&mut state, ch('M'));
    wait(&mut state, 30);
    assert_eq!(state.penalty.list.order, before, "something is being chosen");
    press(&mut state, KeyCode::Esc);
    wait(&mut state, 3);
    assert_eq!((state.penalty.list.order[0].0, selected(&state)), (50, 2));
}

#[test]
fn who_is_well_again_stays_under_the_cursor_while_someone_is_there() {
    let mut state = opened();
    press(&mut state, KeyCode::Down);
    change(&mut state, vec![row(2)]);
    wait(&mut state, 5);
    assert_eq!((selected(&state), state.penalty.list.position()), (2, Some(1)));
    assert!(!press(&mut state, ch('r')).is_empty(), "and is the one that is restarted");
    change(&mut state, vec![row(21)]);
    wait(&mut state, 120);
    assert!(!state.penalty.list.order.contains(&StreamIx(2)), "nobody is there any more");
}

#[test]
fn a_stream_opened_from_the_box_leads_to_its_neighbours_there() {
    let mut state = opened();
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.open, Some(StreamIx(22)));
    press(&mut state, ch('n'));
    press(&mut state, ch('n'));
    assert_eq!(state.open, Some(StreamIx(3)));
    press(&mut state, ch('p'));
    press(&mut state, KeyCode::Esc);
    assert_eq!((state.screen(), selected(&state)), (Screen::Penalty, 2));
    press(&mut state, ch('l'));
    assert_eq!((state.screen(), state.open), (Screen::Log, Some(StreamIx(2))));
}

#[test]
fn since_when_all_is_well_is_known() {
    let mut state = state(120, 40, board(3));
    assert_eq!(state.penalty.empty_since, Some((state.now, false)));
    wait(&mut state, 60);
    change(&mut state, vec![with(|row| row.phase = Phase::Broken)]);
    assert_eq!(state.penalty.empty_since, None);
    wait(&mut state, 60);
    change(&mut state, vec![row(1)]);
    let since = state.now;
    wait(&mut state, 60);
    change(&mut state, vec![row(2)]);
    assert_eq!(state.penalty.empty_since, Some((since, true)));
}

#[test]
fn the_text_of_an_age_changes_only_when_a_frame_is_wanted() {
    for (width, height) in [(40, 15), (80, 24), (120, 40), (250, 70)] {
        for board in [tended_board(60), board(5)] {
            let mut state = state(width, height, board);
            press(&mut state, ch('P'));
            wait(&mut state, TOAST_FOR.as_secs());
            state.drawn();
            let mut before = screen(&state);
            for _ in 0..200 {
                wait(&mut state, 1);
                let shown = screen(&state);
                assert!(
                    shown == before || state.dirty() > Dirty::Clean,
                    "{width}x{height}:\n{before}\n{shown}"
                );
                if state.dirty() > Dirty::Clean {
                    state.drawn();
                }
                before = shown;
            }
        }
    }
}

#[test]
fn figures_of_those_in_the_box_want_no_frame() {
    let mut state = opened();
    state.drawn();
    let mut same = Row::clone(&state.board.rows[&StreamIx(22)]);
    same.figures.fps = Some(3.0);
    change(&mut state, vec![same.clone()]);
    assert_eq!(state.dirty(), Dirty::Clean);
    same.last_message = "the picture stands".into();
    change(&mut state, vec![same]);
    assert_eq!(state.dirty(), Dirty::Figures, "the selected one's last line can be seen");
}

#[test]
fn ctrl_c_while_choosing_asks_to_leave() {
    let mut state = opened();
    press(&mut state, ch('M'));
    control(&mut state, 'c');
    assert!(matches!(state.overlay, Some(Overlay::Question(_))));
}

#[test]
fn a_mute_that_runs_out_is_over_at_its_time_and_spoils_no_count() {
    let mut state = opened();
    let span = Duration::from_secs(90);
    let mut row = Row::clone(&state.board.rows[&StreamIx(22)]);
    row.care.muted_until = Some(state.now + span);
    change(&mut state, vec![row.clone()]);
    assert_eq!((state.penalty.tally.at(Standing::Muted), state.penalty.tally.open()), (3, 7));
    let before = screen(&state);
    assert!(before.lines().any(|line| line.contains("muted") && line.contains("Kino Klassik 3")), "{before}");
    // Its line says so by itself, before the supervisor does.
    wait(&mut state, span.as_secs());
    assert_eq!(Standing::of(&row, state.now), Some(Standing::Critical));
    let after = screen(&state);
    let line = after.lines().find(|line| line.contains("Kino Klassik 3")).unwrap();
    assert!(line.contains("critical") && !line.contains("muted"), "{after}");
    row.care.muted_until = None;
    change(&mut state, vec![row]);
    assert_eq!((state.penalty.tally.at(Standing::Muted), state.penalty.tally.open()), (2, 8));
    assert_eq!(state.penalty.tally, Tally::of(&state.board, state.now));
}
