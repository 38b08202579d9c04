//! Views: kept, opened, and what they hold.

use super::*;

fn sport() -> View {
    View {
        name: "sport".into(),
        key: Some(2),
        filter: "group:sport".into(),
        sort: SortBy { column: Some(Column::Bitrate), reversed: true },
        columns: vec![ColumnChoice::of(Column::Name), ColumnChoice::of(Column::Bitrate)],
        density: Density::Two,
        grouped: true,
        ..View::default()
    }
}

fn with(views: Vec<View>, remembered: Remembered) -> State {
    let mut state = grid();
    state.arrangement.configure(views);
    state.recall(remembered, true);
    state
}

fn save(state: &mut State, name: &str) -> Vec<Effect> {
    control(state, 'n');
    control(state, 'u');
    presses(state, name);
    press(state, KeyCode::Enter)
}

fn remembered(effects: &[Effect]) -> Remembered {
    let [Effect::Remember(text)] = effects else { panic!("{effects:?}") };
    Remembered::read(text).unwrap()
}

#[test]
fn a_view_brings_all_its_parts_and_zero_takes_them_back() {
    let mut state = with(vec![sport()], Remembered::default());
    let usual = state.columns();
    presses(&mut state, "2");
    assert_eq!((state.list.order.len(), state.list.groups().len()), (20, 1));
    assert_eq!((state.columns().len(), state.entry_height()), (2, 2));
    assert_eq!(state.shown_view(), Some((&sport(), false)));
    presses(&mut state, "O");
    assert_eq!(state.shown_view(), Some((&sport(), true)));
    presses(&mut state, "0");
    assert_eq!((state.list.order.len(), state.columns(), state.shown_view()), (200, usual, None));
    assert_eq!((state.list.sort, state.list.grouped), (SortBy::default(), false));
    presses(&mut state, "7");
    assert!(toast(&state).contains("no view is on 7"), "{}", toast(&state));
}

#[test]
fn what_is_shown_is_saved_on_the_next_free_key() {
    let mut state = with(vec![View { key: Some(1), ..sport() }], Remembered::default());
    filter(&mut state, "health:critical");
    presses(&mut state, "o");
    let effects = save(&mut state, "bad ones");
    let saved = &remembered(&effects).views[0];
    assert_eq!((&*saved.name, saved.key, &*saved.filter), ("bad ones", Some(2), "health:critical"));
    assert_eq!(toast(&state), "the view bad ones is on 2");
    presses(&mut state, "0");
    presses(&mut state, "2");
    assert_eq!((state.list.order.len(), state.list.sort.column), (4, Some(Column::Health)));
    // Under the same name it is replaced, on its key.
    presses(&mut state, "d");
    let effects = save(&mut state, "bad ones");
    assert_eq!(remembered(&effects).views.len(), 1);
    assert_eq!(
        (remembered(&effects).views[0].density, remembered(&effects).views[0].key),
        (Density::Two, Some(2))
    );
    // It can be picked by its name, and forgotten.
    presses(&mut state, "0vbad");
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.list.order.len(), 4);
    presses(&mut state, "vforget bad");
    let effects = press(&mut state, KeyCode::Enter);
    assert_eq!(remembered(&effects), Remembered::default());
}

#[test]
fn names_are_checked() {
    let mut state = with(vec![sport()], Remembered::default());
    for (name, part) in [
        ("  ", "needs a name"),
        ("sport", "choose another one"),
        (&*"x".repeat(MAX_VIEW_NAME + 1), "at most 40 characters"),
    ] {
        assert!(save(&mut state, name).is_empty());
        let mistake = state.prompt().unwrap().mistake.clone().unwrap();
        assert!(mistake.text.contains(part), "{mistake:?}");
        press(&mut state, KeyCode::Esc);
    }
    for n in 0..MAX_VIEWS {
        assert_eq!(save(&mut state, &format!("v{n}")).len(), 1, "{n}");
    }
    assert!(toast(&state).contains("in the list on v"), "{}", toast(&state));
    assert!(save(&mut state, "one more").is_empty());
    assert!(state.prompt().unwrap().mistake.as_ref().unwrap().text.contains("forget one first"));
}

#[test]
fn the_configurations_views_keep_their_key_and_name() {
    let saved = |name: &str, key| View { name: name.into(), key: Some(key), ..View::default() };
    let views = vec![saved("sport", 5), saved("other", 2), saved("third", 3)];
    let state = with(vec![sport()], Remembered { views, ..Remembered::default() });
    let found: Vec<_> =
        state.arrangement.views.iter().map(|n| (&*n.view.name, n.view.key, n.saved)).collect();
    assert_eq!(found, [("sport", Some(2), false), ("other", Some(1), true), ("third", Some(3), true)]);
}

#[test]
fn chosen_columns_outlive_views() {
    let own = vec![ColumnChoice::of(Column::Cpu), ColumnChoice::of(Column::Name)];
    let mut state = with(vec![sport()], Remembered { columns: own.clone(), ..Remembered::default() });
    assert_eq!(state.arrangement.columns, own);
    presses(&mut state, "2");
    // What is changed while a view brings its own columns is the view's matter.
    presses(&mut state, "C");
    assert!(press(&mut state, ch('J')).is_empty());
    press(&mut state, KeyCode::Esc);
    assert!(state.shown_view().unwrap().1);
    presses(&mut state, "0");
    assert_eq!(state.arrangement.columns, own);
    let effects = save(&mut state, "mine");
    let remembered = remembered(&effects);
    assert_eq!((remembered.columns, remembered.views[0].columns.len()), (own, 0));
}

#[test]
fn a_theme_that_was_picked_is_remembered_beside_them() {
    let mut state = grid();
    let around = Surroundings { term: "xterm-256color".into(), ..Surroundings::default() };
    state.begin(around, Told::default());
    let nord = PickedTheme { name: "nord".into(), instead_of: None };
    state.recall(Remembered { theme: Some(nord), ..Remembered::default() }, true);
    assert_eq!(state.looks.name, "nord");
    let effects = save(&mut state, "mine");
    assert_eq!(remembered(&effects).theme.unwrap().name, "nord");
}
