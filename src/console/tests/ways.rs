//! Finding one's way: the palette, the help, the list of themes; and every theme once.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;
use ratatui::style::Color;

use super::support::*;
use crate::console::decode::{Background, Typed};
use crate::console::mistake::Mistake;
use crate::console::remembered::{PickedTheme, Remembered};
use crate::console::state::help::Line;
use crate::console::state::update::{Effect, Event, update};
use crate::console::state::{Screen, State};
use crate::console::theme::{BUILT_IN, Depth, Look, Surroundings, Theme};
use crate::console::view;
use crate::console::wishes::{ThemeWish, Told, Wishes};

const SIZES: [(u16, u16); 4] = [(40, 15), (80, 24), (120, 40), (250, 70)];

fn around() -> Surroundings {
    Surroundings {
        term: "xterm-256color".into(),
        colorterm: "truecolor".into(),
        locale: "C.UTF-8".into(),
        ..Surroundings::default()
    }
}

/// A state in a terminal with all colours, with what the files said.
pub fn begun(width: u16, height: u16, told: Told) -> State {
    let mut state = state(width, height, troubled_board(200));
    state.begin(around(), told);
    state
}

pub fn files_say(state: &mut State, told: Told) -> Vec<Effect> {
    let now = state.now;
    update(state, now, Event::Files(Box::new(told)))
}

fn drawn(state: &State, look: &Look) -> Buffer {
    let Size { width, height } = state.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view::draw(state, look, frame)).unwrap();
    terminal.backend().buffer().clone()
}

#[test]
fn the_palette_at_every_size() {
    for (width, height) in SIZES {
        let mut state = begun(width, height, Told::default());
        press(&mut state, KeyCode::Char(':'));
        assert_snapshot!(format!("ways_palette_{width}x{height}"), screen(&state));
    }
}

#[test]
fn the_palette_finds_names_first_and_offers_only_what_makes_sense() {
    let mut state = begun(80, 24, Told::default());
    press(&mut state, KeyCode::Char(':'));
    let shown = |state: &State| {
        let picker = match &state.overlay {
            Some(crate::console::state::overlay::Overlay::Picker(picker)) => picker,
            other => panic!("{other:?}"),
        };
        picker.shown.iter().map(|at| picker.items[*at].label.clone()).collect::<Vec<_>>()
    };
    let all = shown(&state);
    for absent in ["rollout continue", "rollout back", "back", "start", "slots more", "palette"] {
        assert!(!all.contains(&absent.to_owned()), "{absent}");
    }
    for there in ["stop", "toggle mouse", "theme nord", "theme auto", "help"] {
        assert!(all.contains(&there.to_owned()), "{there}");
    }
    type_in(&mut state, "nord");
    assert_eq!(shown(&state), ["theme nord"]);
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.looks.name, "nord");
    press(&mut state, KeyCode::Char(':'));
    // `processor` stands only in a note.
    type_in(&mut state, "processor");
    assert_eq!(shown(&state), ["machine"]);
}

#[test]
fn the_help_of_each_place() {
    for (n, name) in ["grid", "stream", "log", "own-log", "machine", "audit"].into_iter().enumerate() {
        let mut state = begun(80, 40, Told::default());
        match n {
            1 => open(&mut state, 3),
            2 => drop(press(&mut state, KeyCode::Char('l'))),
            3 => drop(press(&mut state, KeyCode::Char('L'))),
            4 => drop(press(&mut state, KeyCode::Char('m'))),
            5 => drop(press(&mut state, KeyCode::Char('A'))),
            _ => {}
        }
        press(&mut state, KeyCode::Char('?'));
        assert_snapshot!(format!("ways_help_{name}"), screen(&state));
        press(&mut state, KeyCode::Esc);
        assert_ne!(state.screen(), Screen::Help);
    }
}

#[test]
fn the_help_at_every_size() {
    for (width, height) in SIZES {
        let mut state = begun(width, height, Told::default());
        press(&mut state, KeyCode::Char('?'));
        assert_snapshot!(format!("ways_help_{width}x{height}"), screen(&state));
    }
}

#[test]
fn a_key_is_found_by_typing() {
    let mut state = begun(80, 24, Told::default());
    press(&mut state, KeyCode::Char('?'));
    press(&mut state, KeyCode::Char('/'));
    type_in(&mut state, "sort");
    assert_snapshot!("ways_help_find", screen(&state));
    press(&mut state, KeyCode::Enter);
    assert!(!screen(&state).contains("turn a rollout"));
    // By the name in keys.toml, in words too, and by the key.
    for (find, help) in [
        ("sort-next", "sort by the next column"),
        ("sort next", "sort by the next column"),
        ("toggle-mouse", "take clicks and the wheel"),
        ("ctrl-o", "choose the column to sort by"),
    ] {
        state.help.find = find.into();
        let shown = screen(&state);
        let name = if find == "ctrl-o" { "sort-by" } else { &find.replace(' ', "-") };
        assert!(shown.contains(help) && shown.contains(name), "{find}: {shown}");
        assert!(!shown.contains("turn a rollout"), "{find}: {shown}");
    }
    press(&mut state, KeyCode::Char('/'));
    press(&mut state, KeyCode::Esc);
    assert!(state.help.find.is_empty());
    press(&mut state, KeyCode::Char('/'));
    type_in(&mut state, "X");
    let shown = screen(&state);
    assert!(shown.contains("stop all streams shown") && !shown.contains("keep it stopped"), "{shown}");
    type_in(&mut state, "yz");
    assert!(screen(&state).contains("no key has Xyz in it"));
}

#[test]
fn what_stands_in_front_has_help_of_its_own() {
    for (n, (keys, help)) in
        [("X", KeyCode::Char('?')), ("/", KeyCode::F(1)), (":", KeyCode::F(1))].into_iter().enumerate()
    {
        let mut state = begun(80, 24, Told::default());
        type_in(&mut state, keys);
        press(&mut state, help);
        assert_snapshot!(format!("ways_front_help_{n}"), screen(&state));
        // The next key only goes on, whatever it is.
        assert_eq!(press(&mut state, KeyCode::Char('y')), []);
        assert!(state.overlay.is_some() && !state.help.front);
    }
    let mut state = begun(80, 24, Told::default());
    type_in(&mut state, "/what?");
    assert_eq!((state.list.filter.as_str(), state.help.front), ("what?", false), "it is typed there");
}

#[test]
fn the_themes_at_every_size() {
    for (width, height) in SIZES {
        let mut state = begun(width, height, Told::default());
        press(&mut state, KeyCode::Char('T'));
        press(&mut state, KeyCode::Down);
        assert_snapshot!(format!("ways_themes_{width}x{height}"), screen(&state));
    }
}

#[test]
fn a_theme_is_worn_while_it_is_looked_at_and_kept_only_when_it_is_taken() {
    let mut state = begun(80, 24, Told::default());
    let before = state.looks.clone();
    press(&mut state, KeyCode::Char('T'));
    assert_eq!(state.looks, before, "opening the list changes nothing");
    let mut seen = Vec::new();
    for _ in BUILT_IN {
        press(&mut state, KeyCode::Down);
        seen.push(state.looks.name.clone());
        assert_eq!(Some(&state.looks.look.theme), Theme::built_in(&state.looks.name, Depth::True).as_ref());
    }
    assert_eq!(seen, BUILT_IN.map_names());
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.looks, before);
    press(&mut state, KeyCode::Char('T'));
    type_in(&mut state, "gruv");
    assert_eq!(state.looks.name, "gruvbox", "also while it is typed");
    control(&mut state, 'c');
    assert_eq!(state.looks, before, "however the list is left");
    press(&mut state, KeyCode::Esc);
    press(&mut state, KeyCode::Char('T'));
    type_in(&mut state, "gruv");
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.looks.picked(), Some("gruvbox"));
    // And back to what suits the terminal.
    press(&mut state, KeyCode::Char('T'));
    press(&mut state, KeyCode::Up);
    type_in(&mut state, "auto");
    assert_eq!(press(&mut state, KeyCode::Enter), [Effect::AskBackground]);
    assert_eq!((state.looks.picked(), state.looks.name.as_str()), (None, "dark"));
}

trait Names {
    fn map_names(&self) -> Vec<String>;
}

impl Names for &[(&str, &str)] {
    fn map_names(&self) -> Vec<String> {
        self.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}

#[test]
fn the_terminal_decides_only_where_nobody_else_does() {
    let say = |state: &mut State, background| {
        let now = state.now;
        update(state, now, Event::Typed(Typed::Background(background)));
    };
    let mut state = begun(80, 24, Told::default());
    assert_eq!(state.set_up(), [Effect::AskBackground]);
    state.drawn();
    say(&mut state, Background::Dark);
    assert_eq!(state.dirty(), crate::console::state::Dirty::Clean, "dark it was taken for");
    say(&mut state, Background::Light);
    assert_eq!(state.looks.name, "light");
    press(&mut state, KeyCode::Char('T'));
    type_in(&mut state, "nord");
    say(&mut state, Background::Dark);
    assert_eq!(state.looks.name, "nord", "what is tried on stays on");
    press(&mut state, KeyCode::Enter);
    say(&mut state, Background::Light);
    assert_eq!(state.looks.name, "nord");

    let quiet = Surroundings { no_color: true, ..around() };
    let mut state = begun(80, 24, Told::default());
    state.begin(quiet, Told::default());
    assert_eq!(state.set_up(), []);
    say(&mut state, Background::Light);
    state.looks.recall(Some(picked("nord", None)));
    assert_eq!(state.looks.name, "monochrome");
    state.looks.pick(Some("nord"));
    assert_eq!(state.looks.name, "nord", "who picks one means it");
}

fn picked(name: &str, instead_of: Option<&str>) -> PickedTheme {
    PickedTheme { name: name.into(), instead_of: instead_of.map(Into::into) }
}

#[test]
fn a_pick_is_remembered_until_it_is_taken_back_or_another_theme_is_asked_for() {
    let mut state = begun(80, 24, wished("nord", false));
    state.arrangement.remembers = true;
    let remembers = |effects: &[Effect]| match effects {
        [Effect::Remember(text), ..] => Remembered::read(text).unwrap().theme,
        other => panic!("{other:?}"),
    };
    press(&mut state, KeyCode::Char('T'));
    type_in(&mut state, "gruv");
    let effects = press(&mut state, KeyCode::Enter);
    assert_eq!(remembers(&effects), Some(picked("gruvbox", Some("nord"))));
    let effects = files_say(&mut state, wished("light", false));
    assert_eq!((remembers(&effects), state.looks.name.as_str()), (None, "light"));
    press(&mut state, KeyCode::Char('T'));
    let effects = press(&mut state, KeyCode::Enter);
    assert_eq!(remembers(&effects), None);
}

pub fn wished(name: &str, firm: bool) -> Told {
    let wish = ThemeWish { name: name.into(), file: "headend.toml".into(), at: (1, 1), firm };
    Told {
        theme: Some(wish.read(Depth::True).ok()),
        wishes: Some(Wishes { theme: Some(wish), ..Wishes::default() }),
        ..Told::default()
    }
}

#[test]
fn what_is_worn_is_asked_for_or_picked_whichever_came_last() {
    let mut state = begun(80, 24, wished("nord", false));
    assert_eq!((state.looks.name.as_str(), state.set_up()), ("nord", vec![Effect::Mouse(true)]));
    state.looks.recall(Some(picked("gruvbox", None)));
    assert_eq!(state.looks.name, "nord", "it was picked where the configuration said nothing");
    state.looks.recall(Some(picked("gruvbox", Some("nord"))));
    assert_eq!(state.looks.name, "gruvbox");
    files_say(&mut state, wished("nord", false));
    assert_eq!(state.looks.name, "gruvbox", "the same was said as before");
    files_say(&mut state, wished("light", false));
    assert_eq!(state.looks.name, "light");
    state.looks.pick(None);
    assert_eq!(state.looks.name, "light");

    let mut state = begun(80, 24, wished("high-contrast", true));
    state.looks.recall(Some(picked("gruvbox", Some("nord"))));
    assert_eq!(state.looks.name, "high-contrast", "an argument is for this run");
    assert_eq!(
        state.looks.kept(),
        Some(&picked("gruvbox", Some("nord"))),
        "and changes nothing for the next"
    );
    state.looks.pick(Some("dark"));
    assert_eq!(state.looks.name, "dark");
}

#[test]
fn a_great_many_mistakes_can_be_read() {
    let mistake = |n: usize| Mistake { file: "k".into(), line: n, column: 1, text: "x".repeat(300) };
    for (width, height) in SIZES {
        let mistakes: Vec<Mistake> = (1..=20).map(mistake).collect();
        let mut state = begun(width, height, Told { mistakes, ..Told::default() });
        press(&mut state, KeyCode::Char('?'));
        assert!(screen(&state).contains("20 mistakes"));
        press(&mut state, KeyCode::End);
        let Some(Line::Key { help, .. }) = state.help_lines().pop() else { panic!() };
        assert!(screen(&state).contains(&help[..12]), "{}", screen(&state));
    }
}

#[test]
fn every_theme_is_drawn_at_every_depth() {
    for (name, _) in BUILT_IN {
        for depth in [Depth::True, Depth::Indexed, Depth::Sixteen] {
            let theme = Theme::built_in(name, depth).unwrap();
            for glyphs in [crate::console::glyphs::UNICODE, crate::console::glyphs::ASCII] {
                let look = Look { theme: theme.clone(), glyphs };
                for key in [None, Some('m'), Some('?'), Some(':'), Some('X'), Some('/')] {
                    let mut state = state(120, 40, troubled_board(30));
                    if let Some(key) = key {
                        press(&mut state, KeyCode::Char(key));
                    }
                    state.say("something is said".into(), true);
                    state.say("something else is".into(), false);
                    let buffer = drawn(&state, &look);
                    // A ground of its own has no holes in it.
                    if let Some(ground) = theme.ground.bg {
                        let hole = buffer
                            .content()
                            .iter()
                            .position(|cell| cell.bg == Color::Reset && ground != Color::Reset);
                        assert_eq!(hole, None, "{name} {key:?}");
                    }
                }
            }
        }
    }
}
