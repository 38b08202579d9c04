//! Columns chosen, moved, sized and sorted by.

use super::*;

fn shown(state: &State) -> Vec<Column> {
    state.columns().iter().map(|placed| placed.column).collect()
}

#[test]
fn columns_are_hidden_moved_and_sized_and_remembered() {
    let mut state = grid();
    state.recall(Remembered::default(), true);
    let usual = shown(&state);
    presses(&mut state, "C");
    let effects = press(&mut state, ch(' '));
    assert_eq!(shown(&state)[0], Column::Name, "the phase is hidden");
    let [Effect::Remember(text)] = effects.as_slice() else { panic!("{effects:?}") };
    let remembered = Remembered::read(text).unwrap();
    assert_eq!(remembered.columns.first(), Some(&ColumnChoice::of(Column::Name)));

    presses(&mut state, "jJ");
    assert_eq!(shown(&state)[..2], [Column::Group, Column::Name]);
    press_with(&mut state, KeyCode::Up, KeyModifiers::SHIFT);
    assert_eq!(shown(&state)[0], Column::Name);
    let before = state.columns()[0].width;
    presses(&mut state, "++-");
    assert_eq!(state.columns()[0].width, before + 1);
    presses(&mut state, "0");
    assert_eq!(state.columns()[0].width, before);
    presses(&mut state, &"-".repeat(60));
    assert_eq!(state.columns()[0].width, ColumnChoice::LEAST);
    presses(&mut state, &"+".repeat(300));
    presses(&mut state, "r");
    assert_eq!(shown(&state), usual);
    press(&mut state, KeyCode::Esc);
    assert!(state.overlay.is_none());
    presses(&mut state, "CC");
    assert!(state.overlay.is_none(), "its own key closes it");
}

#[test]
fn the_last_column_stays() {
    let mut state = grid();
    presses(&mut state, "C");
    for _ in 0..Column::ALL.len() {
        let Some(Overlay::Columns(list)) = &state.overlay else { panic!() };
        if list.columns[list.selected].1 {
            presses(&mut state, " ");
        }
        presses(&mut state, "j");
    }
    assert_eq!(shown(&state).len(), 1);
}

#[test]
fn without_a_state_folder_nothing_is_written() {
    let mut state = grid();
    presses(&mut state, "C");
    assert!(press(&mut state, ch(' ')).is_empty());
    assert_eq!(shown(&state)[0], Column::Name);
}
