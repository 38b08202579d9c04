use std::sync::Arc;

use crossterm::event::KeyCode;

use super::*;
use crate::console::state::update::{Effect, Event, update};
use crate::console::state::{Question, Screen};
use crate::console::tests::support::*;
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{Answer, Delta, NoticeKind, Phase, Severity, StreamIx};

const fn ch(c: char) -> KeyCode {
    KeyCode::Char(c)
}

/// A second goes by, and these rows are so then.
fn second(state: &mut State, rows: Vec<Row>) {
    let now = state.now + Duration::from_secs(1);
    let delta = Delta { at: now, ..delta(state, rows) };
    update(state, now, Event::Told(ServerMessage::Delta(Box::new(delta))));
    update(state, now, Event::Clock);
}

fn with_fps(n: u32, fps: f32) -> Row {
    let mut row = row(n);
    row.figures.fps = Some(fps);
    row
}

fn broken(n: u32) -> Row {
    let mut row = row(n);
    row.conditions = troubled_board(4).rows[&StreamIx(3)].conditions.clone();
    row
}

/// A minute: the figures of the first stream count the seconds, and its second neighbour is black
/// from second 20 to second 40.
fn minute() -> State {
    let mut state = state(120, 24, board(10));
    tell_time(&mut state);
    for n in 1..=60u8 {
        let mut rows = vec![with_fps(0, f32::from(n))];
        match n {
            20 => rows.push(broken(2)),
            40 => rows.push(row(2)),
            _ => {}
        }
        second(&mut state, rows);
    }
    state
}

/// The frames a second of the first stream, which are whole here.
fn fps(state: &State) -> u8 {
    let fps = state.row(StreamIx(0)).unwrap().figures.fps.unwrap();
    (0..=u8::MAX).find(|whole| (f32::from(*whole) - fps).abs() < 0.01).unwrap()
}

#[test]
fn what_is_frozen_stays_while_life_goes_on() {
    let mut state = minute();
    press(&mut state, ch('z'));
    let (shown, at) = (state.board.clone(), state.now);
    for n in 61..=70u8 {
        second(&mut state, vec![with_fps(0, f32::from(n)), broken(5)]);
    }
    assert_eq!(state.board, shown);
    assert_eq!((state.seen_at(), state.seen_ago()), (at, Duration::from_secs(10)));
    assert_eq!(state.totals.with_health(Health::Critical), 0);
    assert_eq!(state.live().rows[&StreamIx(0)].figures.fps, Some(70.0));
    press(&mut state, ch('z'));
    assert_eq!((fps(&state), state.seen_at()), (70, state.now));
    assert_eq!(state.totals.with_health(Health::Critical), 1);
    assert_eq!(state.penalty.tally.open(), 1);
}

#[test]
fn seconds_and_minutes_go_back_and_forward() {
    let mut state = minute();
    press(&mut state, ch('z'));
    for n in (50..60u8).rev() {
        press(&mut state, ch(','));
        assert_eq!(fps(&state), n);
    }
    press(&mut state, ch('.'));
    assert_eq!(fps(&state), 51);
    press(&mut state, ch('<'));
    assert_eq!(fps(&state), 25, "as far back as is known: before the first second it was 25");
    assert!(state.toast.take().unwrap().text.contains("as far back as is known"));
    press(&mut state, ch('.'));
    assert_eq!(fps(&state), 1);
    press(&mut state, ch('>'));
    assert_eq!((fps(&state), state.seen_at()), (60, state.now), "never beyond now");
    assert!(state.is_frozen());
}

#[test]
fn stepping_forward_reaches_what_came_meanwhile() {
    let mut state = minute();
    press(&mut state, ch('z'));
    for n in 61..=65u8 {
        second(&mut state, vec![with_fps(0, f32::from(n))]);
    }
    for n in 61..=65u8 {
        press(&mut state, ch('.'));
        assert_eq!(fps(&state), n);
    }
    press(&mut state, ch('.'));
    assert_eq!((fps(&state), state.seen_ago()), (65, Duration::ZERO));
}

#[test]
fn a_step_from_within_a_second_loses_nothing_of_it() {
    let mut state = minute();
    // Frozen between two changes of one second.
    let now = state.now + Duration::from_millis(300);
    let change = |state: &mut State, at: Moment, fps: f32| {
        let delta = Delta { at, ..delta(state, vec![with_fps(0, fps)]) };
        update(state, at, Event::Told(ServerMessage::Delta(Box::new(delta))));
    };
    change(&mut state, now, 100.0);
    press(&mut state, ch('z'));
    change(&mut state, now + Duration::from_millis(300), 101.0);
    second(&mut state, vec![with_fps(0, 102.0)]);
    assert_eq!(fps(&state), 100);
    press(&mut state, ch(','));
    assert_eq!(fps(&state), 59);
    press(&mut state, ch('.'));
    assert_eq!(fps(&state), 101, "the end of that second");
}

#[test]
fn changes_of_a_health_are_found_and_named() {
    let mut state = minute();
    press(&mut state, ch('z'));
    let critical = |state: &State| state.totals.with_health(Health::Critical);
    press(&mut state, ch('['));
    assert_eq!((fps(&state), critical(&state)), (40, 0));
    let said = state.toast.take().unwrap().text;
    assert_eq!(said, "Kino Klassik was critical, is ok");
    press(&mut state, ch(','));
    assert_eq!(critical(&state), 1, "the second before it was black still");
    press(&mut state, ch('['));
    assert_eq!((fps(&state), critical(&state)), (20, 1));
    assert_eq!(state.toast.take().unwrap().text, "Kino Klassik was ok, is critical");
    press(&mut state, ch('['));
    assert!(state.toast.take().unwrap().text.contains("no health changed before"));
    assert_eq!(fps(&state), 20, "and nothing moved");
    press(&mut state, ch(']'));
    assert_eq!(fps(&state), 40);
    press(&mut state, ch(']'));
    assert_eq!((fps(&state), state.seen_ago()), (60, Duration::ZERO));
    assert!(state.toast.take().unwrap().text.contains("no health has changed since"));
}

#[test]
fn streams_that_came_and_went_are_there_as_they_were() {
    let mut state = state(120, 24, board(3));
    second(&mut state, vec![row(3)]);
    let gone =
        Delta { removed: vec![StreamIx(1)], at: state.now + Duration::from_secs(1), ..delta(&state, vec![]) };
    let now = gone.at;
    update(&mut state, now, Event::Told(ServerMessage::Delta(Box::new(gone))));
    let streams = |state: &State| state.list.order.iter().map(|ix| ix.0).collect::<Vec<_>>();
    press(&mut state, ch('z'));
    assert_eq!(streams(&state), [0, 2, 3]);
    press(&mut state, ch(','));
    assert_eq!(streams(&state), [0, 1, 2, 3]);
    press(&mut state, ch(','));
    assert_eq!(streams(&state), [0, 1, 2]);
    press(&mut state, ch('z'));
    assert_eq!(streams(&state), [0, 2, 3]);
}

#[test]
fn the_whole_board_may_come_while_something_else_is_shown() {
    let mut state = minute();
    press(&mut state, ch('z'));
    press(&mut state, ch(','));
    let late = Delta { from: 9_999, to: 10_000, ..Delta::default() };
    let asked = tell(&mut state, ServerMessage::Delta(Box::new(late)));
    assert_eq!(asked, [Effect::Send(ClientMessage::WantBoard)]);
    let mut whole = board(12);
    (whole.at, whole.revision) = (state.now + Duration::from_secs(5), 77);
    let now = whole.at;
    update(&mut state, now, Event::Told(ServerMessage::Board(Box::new(whole))));
    assert_eq!((fps(&state), state.board.rows.len()), (59, 10));
    press(&mut state, ch(','));
    assert_eq!(fps(&state), 58);
    press(&mut state, ch('z'));
    assert_eq!((state.board.rows.len(), state.board.revision), (12, 77));
}

/// The commands among effects.
fn commands(effects: Vec<Effect>) -> Vec<crate::model::Command> {
    let command = |effect| match effect {
        Effect::Send(ClientMessage::Command { command, .. }) => Some(command),
        _ => None,
    };
    effects.into_iter().filter_map(command).collect()
}

#[test]
fn nothing_is_ordered_for_what_was() {
    let leaves = [Does::Quit, Does::Freeze, Does::Back];
    for keys in ["", "\r", "P", "m", "l"] {
        for does in Does::ALL.iter().copied().filter(|does| !leaves.contains(does)) {
            let mut state = state(120, 24, tended_board(40));
            for key in keys.chars() {
                press(&mut state, if key == '\r' { KeyCode::Enter } else { ch(key) });
            }
            press(&mut state, ch('z'));
            // And whatever it asks is answered.
            let mut effects = state.does(does);
            for key in [KeyCode::Enter, ch('y'), KeyCode::Enter] {
                effects.extend(press(&mut state, key));
            }
            assert_eq!(commands(effects), [], "{does:?} after {keys:?}");
        }
    }
}

#[test]
fn what_is_refused_says_how_to_go_live() {
    let acting: Vec<Does> = Does::ALL.iter().copied().filter(|does| acts(*does)).collect();
    for does in [Does::Stop, Does::StopAll, Does::SlotsMore, Does::RolloutBack, Does::Acknowledge, Does::Note]
    {
        assert!(acting.contains(&does), "{does:?}");
    }
    for does in acting {
        let mut state = state(120, 24, tended_board(40));
        press(&mut state, ch('z'));
        assert!(state.does(does).is_empty() && state.overlay.is_none(), "{does:?}");
        let said = state.toast.take().unwrap();
        assert!(said.bad && said.text.contains("z goes live"), "{said:?}");
        assert!(!state.is_useful(does), "nor is it offered");
    }
}

#[test]
fn leaving_counts_the_workers_that_run_now() {
    let mut state = state(120, 24, board(3));
    press(&mut state, ch('z'));
    let stopped = (0..3).map(|n| {
        let mut row = row(n);
        (row.phase, row.pid, row.started) = (Phase::Stopped, None, None);
        row
    });
    let mut delta = delta(&state, stopped.collect());
    delta.pool = Some(crate::model::PoolReading { busy: 1, ..state.board.pool });
    tell(&mut state, ServerMessage::Delta(Box::new(delta)));
    press(&mut state, ch('q'));
    assert_eq!(state.question(), Some(&Question::Quit));
    assert_eq!(state.workers(), 1);
    press(&mut state, ch('y'));
    assert!(!state.is_frozen(), "what is left to see is how they end");
    assert_eq!(state.totals.in_phase(Phase::Stopped), 3);
}

#[test]
fn escape_goes_live_where_it_does_nothing_else() {
    let mut state = minute();
    press(&mut state, ch('z'));
    press(&mut state, ch('m'));
    press(&mut state, KeyCode::Esc);
    assert_eq!((state.screen(), state.is_frozen()), (Screen::Grid, true));
    press(&mut state, KeyCode::Esc);
    assert!(!state.is_frozen());
}

#[test]
fn keys_that_step_mean_what_they_did_when_nothing_is_frozen() {
    let mut state = minute();
    press(&mut state, ch('<'));
    assert_ne!(state.list.sort, crate::model::SortBy::default());
    for key in [',', '.', '[', ']'] {
        press(&mut state, ch(key));
    }
    assert!(!state.is_frozen());
}

#[test]
fn ages_stand_still_and_only_the_banner_grows_older() {
    let mut state = minute();
    press(&mut state, ch('z'));
    state.drawn();
    let body = |state: &State| screen(state).lines().skip(5).map(str::to_owned).collect::<Vec<_>>();
    let before = body(&state);
    for n in 1..=90 {
        second(&mut state, vec![with_fps(0, 25.0), row(9)]);
        // Each second up to a minute, then each minute.
        let expected = if n <= 60 { Dirty::Figures } else { Dirty::Clean };
        assert_eq!(state.dirty(), expected, "after {n} s");
        assert_eq!(body(&state), before);
        if state.dirty() > Dirty::Clean {
            state.drawn();
        }
    }
}

#[test]
fn what_happens_now_is_said_while_something_else_is_shown() {
    let mut state = minute();
    press(&mut state, ch('z'));
    state.drawn();
    second(&mut state, vec![broken(5), broken(6)]);
    assert!(state.dirty() > Dirty::Clean);
    assert!(screen(&state).contains("2 to look at now"), "{}", screen(&state));
}

#[test]
fn notices_pool_and_machine_are_those_of_then() {
    let mut state = minute();
    let mut delta = delta(&state, Vec::new());
    delta.at = state.now + Duration::from_secs(1);
    delta.notices = Some(vec![notice(NoticeKind::Store, Severity::Critical, "the disk is full")]);
    delta.host = Some(crate::model::HostReading { cpu_percent: 99.0, ..state.board.host });
    let now = delta.at;
    update(&mut state, now, Event::Told(ServerMessage::Delta(Box::new(delta))));
    let full = |state: &State| screen(state).contains("the disk is full");
    press(&mut state, ch('z'));
    assert!(full(&state));
    press(&mut state, ch(','));
    assert!(!full(&state) && state.board.host.cpu_percent < 99.0);
    press(&mut state, ch('.'));
    assert!(full(&state));
}

#[test]
fn times_of_day_are_those_that_the_clock_showed_then() {
    let mut state = minute();
    // The machine sleeps for an hour, which the supervisor does not count.
    let zero = state.clock.wall_zero.unwrap() + 3_600_000;
    let now = state.now;
    update(&mut state, now, Event::WallClock(zero));
    second(&mut state, vec![with_fps(0, 61.0)]);
    press(&mut state, ch('z'));
    assert!(screen(&state).contains("FROZEN at 15:33:06"), "{}", screen(&state));
    press(&mut state, ch(','));
    assert!(screen(&state).contains("FROZEN at 14:33:05"), "{}", screen(&state));
}

#[test]
fn an_answer_that_comes_while_frozen_is_said() {
    let mut state = minute();
    press(&mut state, ch('x'));
    press(&mut state, ch('z'));
    tell(&mut state, ServerMessage::Answer { seq: 1, answer: Answer::Done { touched: 1 } });
    assert!(state.toast.unwrap().text.contains("done"));
}

#[test]
fn rows_are_not_recorded_twice() {
    // A row that is the same as before takes no memory.
    let mut state = state(120, 24, board(10));
    second(&mut state, vec![]);
    second(&mut state, vec![]);
    let before = state.lookback.recorder.bytes();
    let same = state.board.rows.values().map(|row| Row::clone(row)).collect();
    second(&mut state, same);
    let step = state.lookback.recorder.bytes() - before;
    second(&mut state, vec![]);
    assert_eq!(state.lookback.recorder.bytes() - before - step, step, "as a second in which nothing changed");
    assert!(Arc::strong_count(&state.board.rows[&StreamIx(0)]) <= 2);
}
