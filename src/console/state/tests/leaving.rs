//! Leaving and sleeping.

use super::*;

#[test]
fn quitting_asks_while_workers_run() {
    let mut state = grid();
    assert!(press(&mut state, ch('q')).is_empty());
    assert_eq!(state.question(), Some(&Question::Quit));
    assert!(press(&mut state, KeyCode::Esc).is_empty());
    assert_eq!(state.leaving, None);
    press(&mut state, ch('q'));
    assert_eq!(press(&mut state, ch('y')), [Effect::AskToQuit]);
    assert!(state.leaving.unwrap().asked);
    assert!(tell(&mut state, ServerMessage::Leaving { workers_left: 12 }).is_empty());
    assert!(screen(&state).contains("12 workers left"));
    let end = tell(&mut state, ServerMessage::Leaving { workers_left: 0 });
    assert_eq!(end, [Effect::Ended { asked: true }]);
}

#[test]
fn quitting_twice_does_not_wait() {
    let mut state = grid();
    control(&mut state, 'c');
    assert_eq!(control(&mut state, 'c'), [Effect::AskToQuit]);
    assert_eq!(control(&mut state, 'c'), [Effect::Hurry]);
    assert_eq!(press(&mut state, ch('q')), [Effect::Hurry]);
}

#[test]
fn quitting_without_workers_asks_nothing() {
    let mut state = state(80, 24, crate::model::Board::default());
    assert_eq!(press(&mut state, ch('q')), [Effect::AskToQuit]);
}

#[test]
fn a_supervisor_that_leaves_by_itself_is_told_apart() {
    let mut state = grid();
    let end = tell(&mut state, ServerMessage::Leaving { workers_left: 0 });
    assert_eq!(end, [Effect::Ended { asked: false }]);
}

#[test]
fn sleep_is_asked_for() {
    let mut state = grid();
    assert!(control(&mut state, 'z').is_empty());
    assert_eq!(press(&mut state, ch('y')), [Effect::Suspend]);
    assert_eq!(control(&mut state, 'l'), [Effect::Redraw]);
}

#[test]
fn q_asks_while_streams_are_wanted_though_no_worker_runs() {
    let mut board = board(3);
    for row in board.rows.values_mut() {
        let row = Arc::make_mut(row);
        (row.phase, row.pid, row.started) = (Phase::Broken, None, None);
    }
    board.pool.busy = 0;
    let mut state = state(120, 40, board);
    assert_eq!(state.workers(), 0);
    assert!(press(&mut state, ch('q')).is_empty());
    assert_eq!(state.question(), Some(&Question::Quit));
}
