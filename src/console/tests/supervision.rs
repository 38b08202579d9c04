//! What supervision has to say, on the screen: reasons and times, turns, explanations, notices, the
//! pool, the machine, leaving.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use crate::console::state::toasts::BAD_TOAST_FOR;
use crate::console::state::undo::UNDO_FOR;
use crate::console::state::update::Effect;
use crate::console::state::{Dirty, LOOK_EVERY, Question, State};
use crate::console::text::width;
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{
    Action, Answer, Board, Command, NoticeKind, Phase, PoolReading, RolloutOrder, Selection, Severity,
    StreamIx, WatchKind,
};

/// Opens the stream with this number.
fn open_nth(state: &mut State, n: u32) {
    while state.list.selected != Some(StreamIx(n)) {
        press(state, KeyCode::Down);
    }
    open(state, 40);
}

#[test]
fn grid() {
    for (columns, height) in [(60, 24), (80, 24), (120, 24), (200, 24), (250, 24)] {
        let shown = screen(&state(columns, height, supervised_board(40)));
        assert_snapshot!(format!("supervision_grid_{columns}"), shown);
    }
}

#[test]
fn stream_pages() {
    for (n, name) in [(2, "resting"), (6, "explained"), (7, "maintenance"), (9, "fallback"), (12, "held")] {
        let mut state = state(80, 24, supervised_board(40));
        open_nth(&mut state, n);
        assert_snapshot!(format!("supervision_stream_{name}"), screen(&state));
    }
    let mut state = state(200, 60, supervised_board(40));
    open_nth(&mut state, 7);
    assert_snapshot!("supervision_stream_wide", screen(&state));
}

#[test]
fn a_long_reason_is_told_whole_on_80_columns() {
    let mut state = state(80, 24, supervised_board(40));
    open_nth(&mut state, 12);
    let shown = screen(&state);
    let words: Vec<&str> = shown.split_whitespace().collect();
    let reason = state.row(StreamIx(12)).unwrap().reason.clone();
    let reason: Vec<&str> = reason.split_whitespace().collect();
    assert!(words.windows(reason.len()).any(|w| w == reason), "{shown}");
}

#[test]
fn every_phase_says_when_it_changes_next() {
    for phase in Phase::ALL {
        let mut board = board(1);
        let row = Arc::make_mut(board.rows.get_mut(&StreamIx(0)).unwrap());
        (row.phase, row.reason) = (phase, "for a reason".into());
        row.next = Some(NOW + Duration::from_millis(12_300));
        let why = row.why(NOW);
        assert!(why.starts_with("for a reason, ") && why.contains("13 s"), "{why}");
        let mut state = state(200, 24, board);
        let grid = screen(&state);
        let coarse = why.replace("13 s", "15 s");
        assert_eq!(grid.contains(&coarse), phase != Phase::Live, "{phase:?}:\n{grid}");
        open(&mut state, 2);
        let page = screen(&state);
        let next = why.strip_prefix("for a reason, ").unwrap().trim_start_matches("next ");
        assert!(page.contains("why        for a reason "), "{phase:?}:\n{page}");
        assert!(page.contains(&format!("next       {next} ")), "{phase:?}:\n{page}");
    }
}

/// A second at a time, says at which seconds a frame was wanted.
fn frames(state: &mut State, seconds: u64) -> Vec<u64> {
    state.drawn();
    let mut at = Vec::new();
    for second in 1..=seconds {
        wait(state, 1);
        if state.dirty() > Dirty::Clean {
            state.drawn();
            at.push(second);
        }
    }
    at
}

#[test]
fn a_countdown_wakes_a_wall_seldom_and_the_open_page_each_second() {
    for columns in [60, 80, 120, 200] {
        let mut board = board(1);
        let row = Arc::make_mut(board.rows.get_mut(&StreamIx(0)).unwrap());
        (row.phase, row.pid, row.started) = (Phase::Backoff, None, None);
        (row.reason, row.next) = ("connection refused".into(), Some(NOW + Duration::from_secs(130)));
        let mut state = state(columns, 24, board);
        // 3 min, 2 min, 60 s, and then every five seconds.
        let expected: Vec<u64> = [10, 70].into_iter().chain((75..130).step_by(5)).collect();
        assert_eq!(frames(&mut state, 140), expected, "at {columns}");
    }
    let mut state = state(80, 24, supervised_board(40));
    open_nth(&mut state, 14);
    assert_eq!(frames(&mut state, 10), (1..=10).collect::<Vec<u64>>());
}

#[test]
fn the_text_of_a_reason_changes_only_when_a_frame_is_wanted() {
    for columns in [60, 80, 120, 200, 250] {
        let mut state = state(columns, 24, supervised_board(40));
        state.drawn();
        let mut before = screen(&state);
        for _ in 0..200 {
            wait(&mut state, 1);
            let shown = screen(&state);
            assert!(shown == before || state.dirty() > Dirty::Clean, "at {columns}:\n{before}\n{shown}");
            if state.dirty() > Dirty::Clean {
                state.drawn();
            }
            before = shown;
        }
    }
}

#[test]
fn what_is_explained_does_not_look_like_an_alarm() {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    let state = state(120, 24, supervised_board(40));
    let look = look();
    let mut terminal = Terminal::new(TestBackend::new(120, 24)).unwrap();
    terminal.draw(|frame| crate::console::view::draw(&state, &look, frame)).unwrap();
    let shown = screen(&state);
    let style_of = |text: &str| {
        let (y, line) = shown.lines().enumerate().find(|(_, l)| l.contains(text)).unwrap();
        let x = width(&line[..line.find(text).unwrap()]);
        let cell = &terminal.backend().buffer()[(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())];
        cell.fg
    };
    assert_eq!(style_of("(slow 1m)"), look.theme.dim.fg.unwrap());
    assert_eq!(style_of("slow 33s"), look.theme.severity(crate::model::Severity::Warning).fg.unwrap());
    // The one without an explanation stands first.
    assert!(shown.contains("silent 31s, (frozen 8m)") || shown.contains("silent 31s, (fr"), "{shown}");
}

#[test]
fn filters_know_turns_maintenance_and_fallback() {
    let mut state = state(120, 40, supervised_board(40));
    let mut shown = |filter: &str| {
        press(&mut state, KeyCode::Char('/'));
        type_in(&mut state, filter);
        let found: Vec<u32> = state.list.order.iter().map(|ix| ix.0).collect();
        press(&mut state, KeyCode::Esc);
        found
    };
    assert_eq!(shown("rotate"), [1, 2, 4, 14]);
    assert_eq!(shown("always").len(), 36);
    assert_eq!(shown("maintenance"), [7, 10]);
    assert_eq!(shown("fallback"), [9]);
    assert_eq!(shown("overload"), [6]);
    assert_eq!(shown("rotate !resting"), [14]);
}

const fn ch(c: char) -> KeyCode {
    KeyCode::Char(c)
}

/// The commands among effects, with their numbers.
fn commands(effects: &[Effect]) -> Vec<(u64, Command)> {
    let of = |effect: &Effect| match effect {
        Effect::Send(ClientMessage::Command { seq, command }) => Some((*seq, command.clone())),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

fn one(effects: &[Effect]) -> (u64, Command) {
    let all = commands(effects);
    assert_eq!(all.len(), 1, "{effects:?}");
    all[0].clone()
}

fn answer(state: &mut State, seq: u64, answer: Answer) {
    tell(state, ServerMessage::Answer { seq, answer });
}

/// Nine hosts that do not answer, a machine that is overloaded, and a rollout that waits.
fn noticed_board() -> Board {
    let mut board = supervised_board(40);
    for n in 0..9 {
        let severity = if n == 4 { Severity::Critical } else { Severity::Warning };
        let text = format!("cdn-{n}.example does not answer: 15 streams wait together, next probe in 30 s");
        board.notices.push(notice(NoticeKind::Origin, severity, &text));
    }
    let text =
        "memory is 96 % full, above the hard limit of 95 %: the lowest priority rests until it is below 85 %";
    board.notices.push(notice(NoticeKind::Host, Severity::Warning, text));
    let text = "rollout stopped at step 2 of 3: 81 of 100 live after 60 s, 95 % are wanted";
    board.notices.push(notice(NoticeKind::Rollout, Severity::Warning, text));
    board
}

#[test]
fn notices() {
    for (columns, height) in [(60, 12), (80, 24), (200, 24)] {
        let mut state = state(columns, height, noticed_board());
        assert_snapshot!(format!("supervision_notices_{columns}"), screen(&state));
        press(&mut state, ch('m'));
        assert_snapshot!(format!("supervision_machine_{columns}"), screen(&state));
    }
}

#[test]
fn every_notice_can_be_read_on_the_machine_page() {
    for (columns, height) in [(60, 12), (80, 24), (250, 70)] {
        let mut state = state(columns, height, noticed_board());
        press(&mut state, ch('m'));
        press(&mut state, KeyCode::BackTab);
        let mut seen = String::new();
        for _ in 0..12 {
            seen += &screen(&state);
            press(&mut state, KeyCode::Down);
        }
        for n in 0..9 {
            assert!(seen.contains(&format!("cdn-{n}.example")), "cdn-{n} at {columns}");
        }
        assert!(seen.contains("rollout stopped") && seen.contains("memory is 96 %"), "at {columns}");
        // It does not scroll into the void, and comes back.
        press(&mut state, KeyCode::Home);
        assert!(screen(&state).contains("cdn-4.example"));
    }
}

#[test]
fn a_notice_that_goes_leaves_nothing_scrolled_away() {
    let mut state = state(80, 24, noticed_board());
    press(&mut state, ch('m'));
    press(&mut state, KeyCode::BackTab);
    press(&mut state, KeyCode::End);
    let mut delta = delta(&state, Vec::new());
    delta.notices = Some(vec![notice(NoticeKind::Host, Severity::Warning, "the last one")]);
    tell(&mut state, ServerMessage::Delta(Box::new(delta)));
    assert!(screen(&state).contains("the last one"));
}

#[test]
fn a_rollout_goes_on_or_back_only_after_a_yes() {
    for (key, order, word) in [('c', RolloutOrder::Continue, "Continue"), ('b', RolloutOrder::Back, "back?")]
    {
        let mut state = state(80, 24, noticed_board());
        assert!(press(&mut state, ch(key)).is_empty());
        let asked = screen(&state);
        assert_snapshot!(format!("supervision_question_{key}"), asked);
        assert!(asked.contains(word) && asked.contains("81 of 100 live"), "{asked}");
        assert!(press(&mut state, ch('n')).is_empty());
        press(&mut state, ch(key));
        let (seq, command) = one(&press(&mut state, ch('y')));
        assert_eq!(command, Command::Rollout(order));
        answer(&mut state, seq, Answer::Refused { reason: "the rollout is over".into() });
        let toast = state.toast.clone().unwrap();
        assert!(toast.bad && toast.text.contains("the rollout is over"), "{toast:?}");
        press(&mut state, ch(key));
        let (seq, _) = one(&press(&mut state, ch('y')));
        answer(&mut state, seq, Answer::Done { touched: 0 });
        let toast = state.toast.clone().unwrap();
        assert!(!toast.bad && toast.text.starts_with("the rollout"), "{toast:?}");
    }
}

#[test]
fn without_a_rollout_its_keys_say_so_and_are_not_offered() {
    let mut state = state(200, 24, board(3));
    for key in ['c', 'b'] {
        assert!(press(&mut state, ch(key)).is_empty());
        assert_eq!(state.question(), None::<&Question>);
        assert!(state.toast.take().unwrap().text.contains("no rollout"));
    }
    assert!(!screen(&state).contains("turn back"));
    let shown = screen(&self::state(200, 24, noticed_board()));
    assert!(shown.contains("c continue") && shown.contains("b turn back"), "{shown}");
}

/// The machine's screen with a pool of so many slots.
fn pool_of(slots: u32) -> State {
    let mut board = board(3);
    board.pool = PoolReading { slots, ..board.pool };
    let mut state = state(80, 24, board);
    press(&mut state, ch('m'));
    state
}

#[test]
fn the_pool_grows_and_shrinks_in_steps() {
    for (from, more, fewer) in [(1, 2, None), (19, 20, Some(18)), (20, 22, Some(18)), (200, 220, Some(180))] {
        let (_, command) = one(&press(&mut pool_of(from), ch('+')));
        assert_eq!(command, Command::Slots(Some(more)));
        let effects = press(&mut pool_of(from), ch('-'));
        let commands: Vec<Command> = commands(&effects).into_iter().map(|(_, command)| command).collect();
        assert_eq!(commands, fewer.map(|n| Command::Slots(Some(n))).into_iter().collect::<Vec<_>>());
    }
    let mut state = pool_of(50);
    let (seq, command) = one(&press(&mut state, ch('a')));
    assert_eq!(command, Command::Slots(None));
    answer(&mut state, seq, Answer::Done { touched: 0 });
    assert_eq!(state.toast.unwrap().text, "the number of slots follows the machine (u undoes)");
}

#[test]
fn steps_add_up_until_the_board_has_caught_up() {
    let mut state = pool_of(10);
    for wanted in [11, 12, 13] {
        let (_, command) = one(&press(&mut state, ch('+')));
        assert_eq!(command, Command::Slots(Some(wanted)));
    }
    let set = |state: &mut State, slots| {
        let mut delta = delta(state, Vec::new());
        delta.pool = Some(PoolReading { slots, ..state.board.pool });
        tell(state, ServerMessage::Delta(Box::new(delta)));
    };
    set(&mut state, 11);
    assert_eq!(one(&press(&mut state, ch('+'))).1, Command::Slots(Some(14)));
    set(&mut state, 14);
    set(&mut state, 30);
    let (seq, command) = one(&press(&mut state, ch('+')));
    assert_eq!(command, Command::Slots(Some(33)), "someone else made it 30");
    answer(&mut state, seq, Answer::Refused { reason: "the machine carries 31".into() });
    assert!(state.toast.as_ref().unwrap().text.contains("33 slots: refused: the machine carries 31"));
    let (seq, command) = one(&press(&mut state, ch('-')));
    assert_eq!(command, Command::Slots(Some(27)), "the refused step does not count");
    // Taken, but the board shows another number: what was ordered is no longer the base.
    answer(&mut state, seq, Answer::Done { touched: 0 });
    assert_eq!(state.toast.as_ref().unwrap().text, "the pool is now to have 27 slots (u undoes)");
    set(&mut state, 28);
    assert_eq!(one(&press(&mut state, ch('-'))).1, Command::Slots(Some(26)));
}

#[test]
fn an_open_stream_that_takes_turns_is_looked_at_quietly() {
    let mut state = state(80, 24, supervised_board(40));
    press(&mut state, ch('j'));
    let target = || Selection::Ids(vec![crate::model::StreamId::new("ch-002").unwrap()]);
    let (seq, command) = one(&press(&mut state, KeyCode::Enter));
    assert_eq!(command, Command::Streams { action: Action::Look, target: target() });
    answer(&mut state, seq, Answer::Refused { reason: "viewers only look".into() });
    assert_eq!(state.toast, None);

    wait(&mut state, LOOK_EVERY.as_secs() - 1);
    assert!(change(&mut state, vec![row(20)]).is_empty());
    wait(&mut state, 1);
    assert_eq!(one(&change(&mut state, vec![row(20)])).1, command);
    assert!(change(&mut state, vec![row(20)]).is_empty(), "once");

    // Another one at once, and one that holds its slot not at all.
    let (_, other) = one(&press(&mut state, ch('n')));
    assert_ne!(other, command);
    press(&mut state, ch('n'));
    assert_eq!(state.open, Some(StreamIx(3)));
    wait(&mut state, 60);
    assert!(change(&mut state, vec![row(20)]).is_empty());
    press(&mut state, ch('p'));
    press(&mut state, KeyCode::Esc);
    wait(&mut state, 60);
    assert!(change(&mut state, vec![row(20)]).is_empty(), "nobody looks any more");
}

#[test]
fn a_stream_that_begins_to_take_turns_while_it_is_open_is_looked_at() {
    let mut state = state(80, 24, board(3));
    assert!(commands(&press(&mut state, KeyCode::Enter)).is_empty());
    let turns = crate::model::Row { watch: WatchKind::Rotate, ..row(0) };
    assert!(matches!(one(&change(&mut state, vec![turns])).1, Command::Streams { action: Action::Look, .. }));
}

#[test]
fn the_header_drops_what_matters_least() {
    let second_line = |columns| {
        let mut board = supervised_board(40);
        (board.pool.rotating, board.pool.unseen_since) = (200, Some(ago(131)));
        screen(&state(columns, 24, board)).lines().nth(1).unwrap().to_owned()
    };
    assert!(second_line(160).contains("rotating 200, longest unseen 2m   slots 187/190 auto"));
    let narrow = second_line(80);
    assert!(narrow.contains("unseen 2m   slots 187/190 auto") && narrow.contains("broken 1"), "{narrow}");
    assert!(!second_line(60).contains("unseen"));
    // Without rotation nothing is said about it.
    assert!(!screen(&state(200, 24, board(3))).contains("unseen"));
}

#[test]
fn what_is_chosen_does_not_push_the_phases_out() {
    for columns in [80, 100, 120, 200] {
        let mut state = state(columns, 24, troubled_board(200));
        let phases = |line: &str| line.trim().split("   ").next().unwrap().to_owned();
        let before = screen(&state).lines().nth(1).map(phases);
        press(&mut state, ch('f'));
        let shown = screen(&state);
        let head: Vec<&str> = shown.lines().take(2).collect();
        assert!(head.concat().contains("5 of 200 shown   faults only"), "{head:?}");
        assert_eq!(Some(phases(head[1])), before);
    }
    let mut least = state(60, 12, troubled_board(200));
    press(&mut least, ch('f'));
    assert!(screen(&least).contains("5 of 200 shown"));
}

#[test]
fn leaving_shows_how_many_are_left_on_the_least_screen_too() {
    for (columns, height) in [(60, 12), (80, 24), (200, 60)] {
        let mut state = state(columns, height, noticed_board());
        press(&mut state, ch('q'));
        press(&mut state, ch('y'));
        for left in [200, 42, 1] {
            tell(&mut state, ServerMessage::Leaving { workers_left: left });
            assert!(state.dirty() >= Dirty::Now);
            let shown = screen(&state);
            let what = if left == 1 { "1 worker left".to_owned() } else { format!("{left} workers left") };
            let line = shown.lines().find(|l| l.contains(&what)).unwrap_or_else(|| panic!("{shown}"));
            assert!(line.contains("q again: kill them and leave"), "{line}");
        }
        assert_eq!(press(&mut state, ch('q')), [Effect::Hurry]);
    }
}

#[test]
fn no_answer_is_said_longer_than_it_is_new() {
    let mut state = pool_of(10);
    let (seq, _) = one(&press(&mut state, ch('+')));
    answer(&mut state, seq, Answer::Refused { reason: "no".into() });
    wait(&mut state, BAD_TOAST_FOR.as_secs());
    assert_eq!(state.toast, None);
    let (seq, _) = one(&press(&mut state, ch('+')));
    answer(&mut state, seq, Answer::Done { touched: 0 });
    wait(&mut state, UNDO_FOR.as_secs() - 1);
    assert!(state.toast.is_some(), "as long as it can be taken back");
    wait(&mut state, 1);
    assert_eq!(state.toast, None);
}
