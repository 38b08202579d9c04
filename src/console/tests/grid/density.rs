//! Rows, dense rows and tiles.

use super::*;

#[test]
fn arrows_move_in_two_dimensions_over_tiles() {
    let mut state = grid();
    presses(&mut state, "dd");
    let across = state.list.across;
    assert!(across >= 6, "{across}");
    press(&mut state, KeyCode::Down);
    press(&mut state, KeyCode::Right);
    press(&mut state, KeyCode::Right);
    assert_eq!(state.list.position(), Some(across + 2));
    press(&mut state, KeyCode::Up);
    press(&mut state, KeyCode::Up);
    assert_eq!(state.list.position(), Some(2), "in its column");
    press(&mut state, KeyCode::Left);
    press(&mut state, KeyCode::End);
    assert_eq!(state.list.position(), Some(199));
    press(&mut state, KeyCode::Down);
    press(&mut state, KeyCode::Right);
    assert_eq!(state.list.position(), Some(199));
    press(&mut state, KeyCode::Home);
    press(&mut state, KeyCode::Left);
    assert_eq!(state.list.position(), Some(0));
}

#[test]
fn the_cursor_keeps_its_stream_and_stays_in_sight() {
    let mut state = grid();
    presses(&mut state, "GkkK");
    press(&mut state, KeyCode::PageUp);
    let selected = state.list.selected;
    for _ in 0..6 {
        presses(&mut state, "d");
        assert_eq!(state.list.selected, selected);
        assert!(state.list.is_visible(selected.unwrap(), state.grid_height()));
        assert_eq!(state.list.top % state.list.across, 0);
    }
}

#[test]
fn who_points_at_a_place_means_what_is_drawn_there() {
    for keys in ["", "d", "dd", "t", "td", "tdd"] {
        let mut state = grid();
        presses(&mut state, keys);
        press(&mut state, KeyCode::PageDown);
        let shown = screen(&state);
        let mut seen = 0;
        for y in 0..40 {
            for x in [3u16, 25, 64, 119] {
                let Some(entry) = state.entry_at(x, y) else { continue };
                seen += 1;
                let text = match entry {
                    Entry::Stream(ix) => state.row(ix).unwrap().name.chars().take(4).collect::<String>(),
                    Entry::Group(n) => state.list.groups()[n].name.chars().take(4).collect(),
                };
                let lines: String = shown.lines().skip(usize::from(y).saturating_sub(1)).take(2).collect();
                assert!(lines.contains(&text), "{keys} {x},{y}: {text} in {lines}");
            }
        }
        assert!(seen > 60, "{keys}: {seen}");
        assert!(state.entry_at(3, 0).is_none() && state.entry_at(3, 39).is_none());
    }
}
