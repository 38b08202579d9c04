//! What the grid's keys do: queries, orders, groups, selection, undo, columns, views.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::grid_screens::rich_board;
use super::support::*;
use crate::console::decode::Typed;
use crate::console::remembered::Remembered;
use crate::console::state::list::Entry;
use crate::console::state::overlay::Overlay;
use crate::console::state::undo::UNDO_FOR;
use crate::console::state::update::{Effect, Event, update};
use crate::console::state::{Dirty, Question, State};
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{
    Action, Answer, Column, ColumnChoice, Command, Delta, Density, Figures, MAX_VIEW_NAME, MAX_VIEWS, Phase,
    Selection, SortBy, StreamIx, Totals, View, Wanted,
};

fn grid() -> State {
    let mut state = state(120, 40, rich_board(200));
    state.drawn();
    state
}

fn ch(c: char) -> KeyCode {
    KeyCode::Char(c)
}

fn presses(state: &mut State, keys: &str) {
    for key in keys.chars() {
        press(state, ch(key));
    }
}

fn press_with(state: &mut State, code: KeyCode, modifiers: KeyModifiers) {
    let now = state.now;
    update(state, now, Event::Typed(Typed::Key(KeyEvent::new(code, modifiers))));
}

/// Types a filter and keeps it.
fn filter(state: &mut State, text: &str) {
    presses(state, "/");
    presses(state, text);
    press(state, KeyCode::Enter);
}

fn numbers(state: &State) -> Vec<u32> {
    state.list.order.iter().map(|ix| ix.0).collect()
}

/// The one command that was sent.
fn command(effects: Vec<Effect>) -> (u64, Command) {
    let sent: Vec<_> = effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Send(ClientMessage::Command { seq, command }) => Some((seq, command)),
            _ => None,
        })
        .collect();
    let [one] = <[_; 1]>::try_from(sent).unwrap();
    one
}

fn ids(target: &Selection) -> Vec<&str> {
    let Selection::Ids(ids) = target else { panic!("{target:?}") };
    ids.iter().map(crate::model::StreamId::as_str).collect()
}

fn answer(state: &mut State, seq: u64, answer: Answer) {
    tell(state, ServerMessage::Answer { seq, answer });
}

fn toast(state: &State) -> &str {
    state.toast.as_ref().map_or("", |toast| &toast.text)
}

mod queries {
    use super::*;

    #[test]
    fn fields_and_words_go_together() {
        let mut state = grid();
        filter(&mut state, "group:sport (health:critical | fps<20) -tag:paid");
        assert_eq!(numbers(&state), [11, 21]);
        press(&mut state, KeyCode::Esc);
        filter(&mut state, "restarts>3");
        assert_eq!(numbers(&state), [8]);
    }

    #[test]
    fn while_a_query_is_broken_the_last_good_one_stays_in_force() {
        let mut state = grid();
        presses(&mut state, "/sport ");
        let sport = numbers(&state);
        assert_eq!(sport.len(), 20);
        for c in "fps<".chars() {
            press(&mut state, ch(c));
            assert_eq!(numbers(&state), sport, "also before it is known to be a field");
        }
        let mistake = state.prompt().unwrap().mistake.clone().unwrap();
        assert_eq!((mistake.at, numbers(&state)), (10, sport.clone()));
        // It is not taken as it is, and can be mended.
        press(&mut state, KeyCode::Enter);
        assert!(state.prompt().is_some_and(|prompt| prompt.mistake.is_some()));
        presses(&mut state, "20");
        assert_eq!((numbers(&state), &state.prompt().unwrap().mistake), (vec![11], &None));
        press(&mut state, KeyCode::Enter);
        assert!(state.prompt().is_none());
        // Left broken, nothing of it stays.
        presses(&mut state, "/sport helth:x");
        assert_eq!(numbers(&state), [11], "and not nothing, as the word helth would find");
        press(&mut state, KeyCode::Esc);
        assert_eq!((state.list.order.len(), &*state.list.filter), (200, ""));
    }

    #[test]
    fn a_word_that_is_the_begin_of_a_field_is_a_word_once_it_is_kept() {
        let mut state = grid();
        presses(&mut state, "/restar");
        assert!(!state.list.order.is_empty(), "what was found before stays");
        press(&mut state, KeyCode::Enter);
        assert_eq!((state.list.order.len(), &*state.list.filter), (0, "restar"));
        press(&mut state, KeyCode::Esc);
        presses(&mut state, "/fallb");
        assert!(!state.list.order.is_empty());
        presses(&mut state, "x");
        assert_eq!(state.list.order.len(), 0, "no field begins like this");
    }

    #[test]
    fn backspace_leaves_an_empty_line() {
        let mut state = grid();
        presses(&mut state, "/a");
        press(&mut state, KeyCode::Backspace);
        assert!(state.prompt().is_some());
        press(&mut state, KeyCode::Backspace);
        assert!(state.prompt().is_none());
    }

    #[test]
    fn leaving_the_filter_keeps_faults_only() {
        let mut state = grid();
        presses(&mut state, "f/sport");
        press(&mut state, KeyCode::Esc);
        assert_eq!(numbers(&state), [3, 5, 8, 11, 21]);
    }
}

mod orders {
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
        assert!(
            state.list.sort.reversed && memory(&state, 0).memory_bytes < memory(&state, 100).memory_bytes
        );
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
}

mod groups {
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
            state
                .list
                .groups()
                .iter()
                .filter(|group| group.folded)
                .map(|group| group.name.to_string())
                .collect()
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
}

mod density {
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
                    let lines: String =
                        shown.lines().skip(usize::from(y).saturating_sub(1)).take(2).collect();
                    assert!(lines.contains(&text), "{keys} {x},{y}: {text} in {lines}");
                }
            }
            assert!(seen > 60, "{keys}: {seen}");
            assert!(state.entry_at(3, 0).is_none() && state.entry_at(3, 39).is_none());
        }
    }
}

mod selecting {
    use super::*;

    fn selected(state: &State) -> Vec<u32> {
        state.chosen.iter().map(|ix| ix.0).collect()
    }

    #[test]
    fn streams_are_selected_one_by_one_as_a_range_and_all() {
        let mut state = grid();
        presses(&mut state, " j ");
        assert_eq!((selected(&state), state.list.position()), (vec![0, 2], Some(3)));
        presses(&mut state, "jjV");
        assert_eq!(selected(&state), [0, 2, 3, 4, 5]);
        presses(&mut state, "kk ");
        assert_eq!(selected(&state), [0, 2, 4, 5], "taken out again");
        filter(&mut state, "sport");
        control(&mut state, 'a');
        assert_eq!(state.chosen.len(), 24);
        assert!(screen(&state).contains("24 selected, 4 hidden"));
        press(&mut state, KeyCode::Esc);
        assert!(state.chosen.is_empty() && state.list.is_filtered(), "the filter goes with the next one");
        control(&mut state, 'a');
        control(&mut state, 'a');
        assert!(state.chosen.is_empty());
        presses(&mut state, "V");
        assert!(toast(&state).contains("select where the range begins"));
    }

    #[test]
    fn a_groups_line_stands_for_its_streams() {
        let mut state = grid();
        presses(&mut state, "t");
        press(&mut state, KeyCode::Home);
        presses(&mut state, " ");
        assert_eq!(state.chosen.len(), 40);
        presses(&mut state, "k ");
        assert!(state.chosen.is_empty());
        // From the first stream over a folded group to the next but one.
        press(&mut state, KeyCode::Home);
        presses(&mut state, "_ jjV");
        assert_eq!(state.chosen.len(), 40 + 20 + 20 + 40);
    }

    #[test]
    fn streams_that_go_are_no_longer_selected() {
        let mut state = grid();
        presses(&mut state, "   ");
        let gone = Delta { removed: vec![StreamIx(1)], ..delta(&state, vec![]) };
        tell(&mut state, ServerMessage::Delta(Box::new(gone)));
        assert_eq!(selected(&state), [0, 2]);
    }

    #[test]
    fn orders_are_for_the_selected_streams_after_a_yes() {
        for (key, action) in [('s', Action::Start), ('x', Action::Stop), ('r', Action::Restart)] {
            let mut state = grid();
            presses(&mut state, "   ");
            filter(&mut state, "kleine");
            assert!(press(&mut state, ch(key)).is_empty());
            let Some(Question::Many(bulk)) = state.question() else { panic!("{:?}", state.question()) };
            assert_eq!((bulk.count, bulk.hidden, bulk.named.len()), (3, 3, 3));
            assert!(press(&mut state, ch('n')).is_empty());
            press(&mut state, ch(key));
            let (_, command) = command(press(&mut state, ch('y')));
            let Command::Streams { action: ordered, target } = command else { panic!() };
            assert_eq!((ordered, ids(&target)), (action, vec!["ch-001", "ch-002", "ch-003"]));
        }
    }

    #[test]
    fn what_was_stopped_on_purpose_is_not_restarted() {
        let mut state = grid();
        filter(&mut state, "id:ch-017 | id:ch-018");
        control(&mut state, 'a');
        presses(&mut state, "r");
        let shown = screen(&state);
        assert!(shown.contains("Restart 1 stream?") && shown.contains("1 other stays stopped"), "{shown}");
        let (_, command) = command(press(&mut state, ch('y')));
        let Command::Streams { target, .. } = command else { panic!() };
        assert_eq!(ids(&target), ["ch-018"]);
    }

    #[test]
    fn an_open_stream_is_ordered_alone() {
        let mut state = grid();
        presses(&mut state, "   ");
        press(&mut state, KeyCode::Enter);
        let (_, command) = command(press(&mut state, ch('x')));
        let Command::Streams { target, .. } = command else { panic!() };
        assert_eq!(ids(&target), ["ch-004"]);
    }
}

mod undoing {
    use super::*;

    #[test]
    fn a_stop_is_taken_back_for_those_it_stopped() {
        let mut state = grid();
        filter(&mut state, "id:ch-016 | id:ch-017 | id:ch-018");
        control(&mut state, 'a');
        presses(&mut state, "x");
        let (seq, _) = command(press(&mut state, ch('y')));
        presses(&mut state, "u");
        assert_eq!(toast(&state), "nothing to undo", "it is not done yet");
        answer(&mut state, seq, Answer::Done { touched: 2 });
        assert_eq!(toast(&state), "stop 3 streams: done, 2 streams (u undoes)");
        let (seq, undone) = command(press(&mut state, ch('u')));
        let Command::Streams { action, target } = undone else { panic!() };
        assert_eq!((action, ids(&target)), (Action::Start, vec!["ch-016", "ch-018"]));
        answer(&mut state, seq, Answer::Done { touched: 2 });
        assert_eq!(toast(&state), "undone: stop 3 streams");
        assert!(press(&mut state, ch('u')).is_empty(), "once");
    }

    #[test]
    fn there_are_ten_seconds_for_it() {
        for (seconds, works) in [(9, true), (10, false)] {
            let mut state = grid();
            let (seq, _) = command(press(&mut state, ch('x')));
            answer(&mut state, seq, Answer::Done { touched: 1 });
            wait(&mut state, seconds);
            assert_eq!(state.toast.is_some(), works);
            assert_eq!(!press(&mut state, ch('u')).is_empty(), works, "after {seconds} s");
        }
        assert_eq!(UNDO_FOR, Duration::from_secs(10));
    }

    #[test]
    fn what_was_refused_or_changed_nothing_can_not_be_undone() {
        for answered in [Answer::Refused { reason: "no".into() }, Answer::Done { touched: 0 }] {
            let mut state = grid();
            let (seq, _) = command(press(&mut state, ch('x')));
            answer(&mut state, seq, answered);
            assert!(!toast(&state).contains("undoes"));
            assert!(press(&mut state, ch('u')).is_empty());
        }
        let mut state = grid();
        let (seq, _) = command(press(&mut state, ch('r')));
        answer(&mut state, seq, Answer::Done { touched: 1 });
        assert!(press(&mut state, ch('u')).is_empty(), "a restart is what it is");
        // Not saved, but done: it can be taken back.
        let (seq, _) = command(press(&mut state, ch('x')));
        answer(&mut state, seq, Answer::NotSaved { touched: 1, reason: "disk full".into() });
        assert!(toast(&state).contains("NOT SAVED") && toast(&state).contains("u undoes"));
        assert!(!press(&mut state, ch('u')).is_empty());
    }

    #[test]
    fn the_pool_gets_its_size_back() {
        let mut state = grid();
        presses(&mut state, "m");
        let (seq, _) = command(press(&mut state, ch('+')));
        answer(&mut state, seq, Answer::Done { touched: 0 });
        assert_eq!(command(press(&mut state, ch('u'))).1, Command::Slots(Some(200)));
        // The next step counts from there.
        assert_eq!(command(press(&mut state, ch('-'))).1, Command::Slots(Some(180)));
    }
}

mod columns {
    use super::*;

    fn shown(state: &State) -> Vec<Column> {
        state.columns().iter().map(|placed| placed.column).collect()
    }

    #[test]
    fn columns_are_hidden_moved_and_sized_and_remembered() {
        let mut state = grid();
        state.arrange(Vec::new(), Remembered::default(), true);
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
}

mod views {
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
        state.arrange(views, remembered, true);
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
}
