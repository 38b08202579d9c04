//! By what the grid is sorted.

use super::*;

#[test]
fn the_column_to_sort_by_is_picked() {
    let mut state = grid();
    let pick = |state: &mut State, text: &str| {
        control(state, 'o');
        presses(state, text);
        press(state, KeyCode::Enter);
    };
    pick(&mut state, "mem");
    assert_eq!(state.list.sort, SortBy { column: Some(Column::Mem), reversed: false });
    let memory = |state: &State, n: usize| state.row(state.list.order[n]).unwrap().usage.unwrap();
    assert!(memory(&state, 0).memory_bytes > memory(&state, 100).memory_bytes);
    pick(&mut state, "mem");
    assert!(state.list.sort.reversed && memory(&state, 0).memory_bytes < memory(&state, 100).memory_bytes);
    pick(&mut state, "configured");
    assert_eq!(state.list.sort, SortBy::default());
}

#[test]
fn totals_are_kept_as_if_they_were_counted() {
    let mut state = grid();
    for n in 0..60 {
        let mut changed = row(n * 3);
        if n % 2 == 0 {
            trouble(&mut changed);
            (changed.phase, changed.wanted) = (Phase::Stopped, Wanted::Stopped);
        }
        change(&mut state, vec![changed]);
        assert_eq!(state.totals, state.board.totals(), "{n}");
    }
    let gone = Delta { removed: vec![StreamIx(0), StreamIx(1)], ..delta(&state, vec![row(300)]) };
    tell(&mut state, ServerMessage::Delta(Box::new(gone)));
    assert_eq!(state.totals, state.board.totals());
    let before = state.totals;
    let gap = Delta { from: 7, to: 8, ..delta(&state, vec![row(3)]) };
    tell(&mut state, ServerMessage::Delta(Box::new(gap)));
    assert_eq!(state.totals, before, "what is not taken is not counted");
    assert_ne!(before, Totals::default());
}
