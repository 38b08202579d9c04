//! Groups: folded and unfolded, their lines, their orders.

use super::*;

fn on(state: &State) -> Option<&str> {
    state.list.header.as_deref()
}

#[test]
fn groups_are_folded_and_unfolded_from_within() {
    let mut state = grid();
    presses(&mut state, "t");
    assert_eq!((state.list.entries()[0], state.list.groups().len()), (Entry::Group(0), 8));
    assert_eq!((state.list.entries().len(), state.list.order.len()), (208, 200));
    assert_eq!(state.list.selected, Some(StreamIx(0)), "the cursor stays on its stream");
    press(&mut state, KeyCode::Left);
    assert_eq!((on(&state), state.list.selected), (Some("news"), None));
    press(&mut state, KeyCode::Left);
    assert_eq!((state.list.entries().len(), on(&state)), (208 - 40, Some("news")));
    press(&mut state, KeyCode::Right);
    press(&mut state, KeyCode::Right);
    assert_eq!(state.list.selected, Some(StreamIx(0)));
    // From a stream inside, the whole group.
    presses(&mut state, "j-");
    assert_eq!((on(&state), state.list.entries().len()), (Some("news"), 168));
    presses(&mut state, "+");
    assert_eq!(state.list.entries().len(), 208);
    presses(&mut state, "_");
    assert_eq!(state.list.entries().len(), 8);
    press(&mut state, KeyCode::Enter);
    assert_eq!((state.list.entries().len(), state.screen()), (48, crate::console::state::Screen::Grid));
    presses(&mut state, "*t");
    assert_eq!((state.list.entries().len(), state.list.groups().len()), (200, 0));
    presses(&mut state, "-");
    assert!(toast(&state).contains("t shows them"), "{}", toast(&state));
}

#[test]
fn a_fold_stays_while_streams_come_go_and_are_sorted() {
    let mut state = grid();
    presses(&mut state, "t");
    press(&mut state, KeyCode::Left);
    presses(&mut state, "-o");
    let folded = |state: &State| {
        state.list.groups().iter().filter(|group| group.folded).map(|group| group.name.to_string()).collect()
    };
    let expected: Vec<String> = vec!["news".into()];
    let found: Vec<String> = folded(&state);
    assert_eq!(found, expected);
    let mut new = row(400);
    new.group = "news".into();
    change(&mut state, vec![new]);
    wait(&mut state, 10);
    let found: Vec<String> = folded(&state);
    assert_eq!(found, expected);
    assert!(state.list.holds(StreamIx(400)) && state.list.entry_of(StreamIx(400)).is_none());
}

#[test]
fn a_groups_line_adds_up_and_is_drawn_when_it_changes() {
    let mut state = grid();
    presses(&mut state, "t_");
    state.drawn();
    let count = |state: &State| state.list.groups()[1].tally.clone();
    let before = count(&state);
    let mut stadion = row(1);
    stadion.figures = Figures { bitrate_kbps: Some(9_000.0), ..stadion.figures };
    change(&mut state, vec![stadion.clone()]);
    assert_eq!((state.dirty(), count(&state).count), (Dirty::Figures, before.count));
    assert!(count(&state).kbps() > before.kbps());
    // Another group than those in sight: nothing to draw.
    presses(&mut state, "*");
    press(&mut state, KeyCode::Home);
    state.drawn();
    let mut business = row(199);
    business.figures = Figures { bitrate_kbps: Some(9_000.0), ..business.figures };
    change(&mut state, vec![business]);
    assert_eq!(state.dirty(), Dirty::Clean);
    wait(&mut state, 10);
    let kept: Vec<_> = state.list.groups().iter().map(|group| group.tally.clone()).collect();
    presses(&mut state, "tt");
    let anew: Vec<_> = state.list.groups().iter().map(|group| group.tally.clone()).collect();
    assert_eq!(kept, anew);
}

#[test]
fn an_order_on_a_groups_line_is_for_its_streams() {
    let mut state = grid();
    presses(&mut state, "t");
    press(&mut state, KeyCode::Home);
    presses(&mut state, "x");
    let Some(Question::Many(bulk)) = state.question() else { panic!("{:?}", state.question()) };
    assert_eq!((bulk.action, bulk.count), (Action::Stop, 40));
    let (_, command) = command(press(&mut state, ch('y')));
    let Command::Streams { target, .. } = command else { panic!() };
    assert_eq!(ids(&target)[..3], ["ch-001", "ch-006", "ch-011"]);
}

#[test]
fn a_stream_that_changes_its_group_changes_its_place() {
    let mut state = grid();
    presses(&mut state, "t");
    let mut moved = row(1);
    moved.group = "kids".into();
    change(&mut state, vec![moved]);
    assert_eq!(state.list.group_of(StreamIx(1)).map(|group| group.name.to_string()), Some("kids".into()));
    let count = |name: &str| state.list.groups().iter().find(|g| &*g.name == name).unwrap().tally.count;
    assert_eq!((count("kids"), count("sport")), (21, 19));
}

#[test]
fn the_next_stream_is_never_a_groups_line() {
    let mut state = grid();
    presses(&mut state, "tjj");
    press(&mut state, KeyCode::Enter);
    for _ in 0..60 {
        presses(&mut state, "n");
        assert!(state.open.is_some() && state.open == state.list.selected);
    }
    presses(&mut state, &"p".repeat(100));
    assert_eq!(state.open, Some(StreamIx(0)));
}
