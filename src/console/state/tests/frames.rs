//! What wants a frame, and what wakes the console.

use super::*;

#[test]
fn what_can_not_be_seen_wants_no_frame() {
    let mut state = grid();
    let mut hidden = row(150);
    hidden.figures = Figures { fps: Some(24.0), ..hidden.figures };
    change(&mut state, vec![hidden]);
    assert_eq!(state.dirty(), Dirty::Clean);
    // An empty delta, a delta that says what is known, the clock: all the same.
    change(&mut state, vec![row(0)]);
    let now = state.now;
    update(&mut state, now, Event::Clock);
    assert_eq!(state.dirty(), Dirty::Clean);
}

#[test]
fn figures_wait_and_states_do_not() {
    let mut state = grid();
    let mut seen = row(1);
    seen.figures.fps = Some(24.0);
    change(&mut state, vec![seen.clone()]);
    assert_eq!(state.dirty(), Dirty::Figures);
    seen.phase = Phase::Stalled;
    change(&mut state, vec![seen]);
    assert_eq!(state.dirty(), Dirty::Now);
    state.drawn();
    let mut hidden = row(150);
    hidden.phase = Phase::Backoff;
    change(&mut state, vec![hidden]);
    assert_eq!(state.dirty(), Dirty::Now, "the totals can be seen");
}

#[test]
fn an_idle_board_wakes_only_when_an_age_changes() {
    let mut board = board(5);
    for row in board.rows.values_mut() {
        Arc::make_mut(row).started = Some(ago(7_205));
    }
    let mut state = state(80, 24, board);
    state.drawn();
    // The hour that is shown changes after 3 600 s less 5.
    assert_eq!(state.deadline(), Some(state.now + Duration::from_secs(3_595)));
    wait(&mut state, 3_595);
    assert_eq!(state.dirty(), Dirty::Figures);
    state.drawn();
    assert_eq!(state.deadline(), Some(state.now + Duration::from_secs(3_600)));
}

#[test]
fn nothing_running_never_wakes() {
    let mut state = state(80, 24, crate::model::Board::default());
    state.drawn();
    assert_eq!(state.deadline(), None);
}

#[test]
fn nobody_is_woken_for_readings_that_no_screen_shows() {
    let mut state = state(200, 60, board(3));
    let now = state.now;
    let mut pressed = |code| {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        update(&mut state, now, Event::Typed(Typed::Key(key)))
    };
    let wakes = |wakes| vec![Effect::Send(ClientMessage::WakeForReadings(wakes))];
    assert_eq!(pressed(ch('?')), wakes(false));
    assert_eq!(pressed(ch('j')), []);
    assert_eq!(pressed(ch('m')), wakes(true));
    assert_eq!(pressed(KeyCode::Esc), wakes(false));
    assert_eq!(pressed(KeyCode::Esc), wakes(true), "the strip of the grid");
    let size = Size::new(80, 24);
    assert_eq!(update(&mut state, now, Event::Resized(size)), wakes(false), "too small for the strip");
}
