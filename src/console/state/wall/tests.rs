use std::sync::Arc;

use crossterm::event::KeyCode;

use super::*;
use crate::console::state::Question;
use crate::console::state::clock::OLD_AFTER;
use crate::console::state::update::{Event, update};
use crate::console::tests::support::*;
use crate::link::ServerMessage;
use crate::model::{Care, Condition, ConditionKind, Phase, Totals};

const fn ch(c: char) -> KeyCode {
    KeyCode::Char(c)
}

/// A wall that was opened from the console.
fn wall(width: u16, height: u16, board: Board) -> State {
    let mut state = state(width, height, board);
    tell_time(&mut state);
    press(&mut state, ch('W'));
    assert_eq!(state.screen(), Screen::Wall);
    state.drawn();
    state
}

fn black(n: u32, seconds: u64) -> Row {
    let mut row = row(n);
    let kind = ConditionKind::Black;
    row.conditions =
        vec![Condition { kind, severity: kind.severity(), since: ago(seconds), explained: None }];
    row
}

fn silent(n: u32) -> Row {
    let mut row = row(n);
    let kind = ConditionKind::Silent;
    row.conditions = vec![Condition { kind, severity: kind.severity(), since: ago(9), explained: None }];
    row
}

fn first(state: &State, count: usize) -> Vec<u32> {
    state.wall.order.iter().take(count).map(|ix| ix.0).collect()
}

#[test]
fn any_key_goes_back_to_where_one_was() {
    for keys in ["", "m", "P", "?"] {
        let mut state = state(120, 40, tended_board(60));
        for key in keys.chars() {
            press(&mut state, ch(key));
        }
        let before = state.screen();
        for key in [ch('x'), ch('q'), ch('W'), KeyCode::Enter, KeyCode::Esc, KeyCode::F(5)] {
            press(&mut state, ch('W'));
            assert!(press(&mut state, key).is_empty(), "and does nothing else");
            assert_eq!(state.screen(), before);
            assert!(state.overlay.is_none());
        }
    }
    // What is pasted is no key.
    let mut state = wall(120, 40, tended_board(60));
    let now = state.now;
    update(
        &mut state,
        now,
        Event::Typed(crate::console::decode::Typed::Paste { text: "x".into(), cut: false }),
    );
    assert_eq!((state.screen(), state.toast), (Screen::Wall, None));
}

#[test]
fn a_wall_alone_understands_only_leaving() {
    let mut state = state(120, 40, tended_board(60));
    state.wall_alone();
    for key in ['x', 'X', 'P', 'z', 'm', 'n', ':', '/'] {
        assert!(press(&mut state, ch(key)).is_empty(), "{key}");
        assert!(state.screen() == Screen::Wall && state.overlay.is_none() && !state.is_frozen());
    }
    press(&mut state, KeyCode::Esc);
    control(&mut state, 'z');
    assert!(state.screen() == Screen::Wall && state.overlay.is_none());
    press(&mut state, ch('q'));
    assert_eq!(state.question(), Some(&Question::Quit));
    assert!(screen(&state).contains("Quit and stop"), "{}", screen(&state));
    press(&mut state, ch('n'));
    assert!(state.overlay.is_none());
    control(&mut state, 'c');
    assert_eq!(press(&mut state, ch('y')), [Effect::AskToQuit]);
    tell(&mut state, ServerMessage::Leaving { workers_left: 7 });
    assert_eq!(state.screen(), Screen::Wall);
    assert!(screen(&state).contains("7 workers left"), "{}", screen(&state));
    assert_eq!(press(&mut state, ch('q')), [Effect::Hurry]);
}

#[test]
fn faults_come_first_and_all_others_stay_as_configured() {
    let mut state = wall(200, 60, board(60));
    assert_eq!(first(&state, 60), (0..60).collect::<Vec<_>>());
    let mut known = black(40, 9);
    known.care = Care { acknowledged: Some(state.now), ..Care::default() };
    let mut stopped = row(3);
    stopped.phase = Phase::Stopped;
    change(&mut state, vec![silent(50), black(20, 1), black(30, 999), known, stopped]);
    wait(&mut state, REORDER_EVERY.as_secs());
    assert_eq!(first(&state, 4), [20, 30, 50, 40]);
    // Who had to make room is back in its place when it has been calm for a while.
    wait(&mut state, 2 * CALM_AFTER.as_secs());
    assert_eq!(first(&state, 8), [20, 30, 50, 40, 0, 1, 2, 3]);
}

#[test]
fn few_move_when_some_get_faults_and_some_are_well_again() {
    let mut state = wall(200, 60, board(200));
    let seed = |n: u32, round: u32| n.wrapping_mul(2_654_435_761).wrapping_add(round.wrapping_mul(97)) >> 8;
    for round in 0..30u32 {
        let changed: Vec<Row> = (0..5)
            .map(|n| seed(n, round) % 200)
            .map(|n| match seed(n, round + 1) % 4 {
                0 => black(n, 9),
                1 => silent(n),
                _ => row(n),
            })
            .collect();
        let before = state.wall.order.clone();
        let ranks = |state: &State| -> Vec<Rank> {
            state.wall.order.iter().map(|ix| rank(state.row(*ix).unwrap(), state.now)).collect()
        };
        change(&mut state, changed);
        wait(&mut state, REORDER_EVERY.as_secs());
        assert!(ranks(&state).is_sorted(), "round {round}");
        let mut all = state.wall.order.clone();
        all.sort_unstable();
        assert!(all.iter().map(|ix| ix.0).eq(0..200), "nobody is lost, nobody is there twice");
        let moved = state.wall.order.iter().zip(&before).filter(|(now, then)| now != then).count();
        // Each that changed may move a few, one in each rank between.
        assert!(moved <= 5 * 4, "{moved} moved in round {round}");
    }
}

#[test]
fn tiles_change_their_places_seldom_and_only_when_a_health_does() {
    let mut state = wall(200, 60, board(60));
    wait(&mut state, 60);
    state.drawn();
    change(&mut state, vec![black(20, 1)]);
    wait(&mut state, 0);
    assert_eq!(first(&state, 1), [20], "after a while of quiet, at once");
    for second in 1..REORDER_EVERY.as_secs() {
        change(&mut state, vec![black(u32::try_from(30 + second).unwrap(), 1)]);
        wait(&mut state, 1);
        assert_eq!(first(&state, 2), [20, 1], "{second} s after the last time");
    }
    wait(&mut state, 1);
    assert_eq!(first(&state, 6), [20, 31, 32, 33, 34, 5]);
    state.drawn();
    // What changes no health moves nobody, and wakes nobody for it.
    let mut restarted = row(7);
    restarted.restarts = 9;
    change(&mut state, vec![restarted]);
    assert_ne!(state.wall_due(), Some(state.now + REORDER_EVERY));
    wait(&mut state, 30);
    assert_eq!(first(&state, 6), [20, 31, 32, 33, 34, 5]);
}

#[test]
fn pages_turn_by_themselves_and_faults_are_on_each() {
    let mut board = board(200);
    for n in [150, 199] {
        board.rows.insert(StreamIx(n), Arc::new(black(n, 65)));
    }
    let mut state = wall(80, 24, board);
    let pages = state.wall_plan().pages;
    assert!(pages > 3);
    let mut seen: Vec<StreamIx> = Vec::new();
    for page in 0..pages {
        let shown = screen(&state);
        assert!(shown.contains(&format!("page {} of {pages}", page + 1)), "{shown}");
        assert!(shown.contains("Nordlicht News 16") && shown.contains("Markt & Meinung 20"), "{shown}");
        assert!(shown.contains("2 to look at") && shown.contains("CRITICAL: 2 streams"), "{shown}");
        seen.extend(state.wall_tiles(&state.wall_plan()));
        let due = state.deadline().unwrap();
        assert!(state.now.until(due) <= PAGE_FOR);
        wait(&mut state, PAGE_FOR.as_secs());
        assert!(state.dirty() > Dirty::Clean);
        state.drawn();
    }
    assert_eq!(state.wall.page, 0);
    seen.sort_unstable();
    assert_eq!(seen, state.board.rows.keys().copied().collect::<Vec<_>>());
}

#[test]
fn one_page_never_turns() {
    let mut state = wall(200, 60, board(200));
    assert_eq!(state.wall_plan().pages, 1);
    for _ in 0..100 {
        wait(&mut state, 1);
        assert_eq!(state.wall.page, 0);
    }
    assert!(!screen(&state).contains("page"));
}

#[test]
fn fewer_pages_leave_nobody_on_one_that_is_gone() {
    let mut state = wall(40, 15, board(200));
    let pages = state.wall_plan().pages;
    for _ in 1..pages {
        wait(&mut state, PAGE_FOR.as_secs());
    }
    assert_eq!(state.wall.page, pages - 1);
    let now = state.now;
    update(&mut state, now, Event::Resized(ratatui::layout::Size::new(200, 60)));
    assert_eq!(state.wall.page, 0);
    let mut state = wall(40, 15, board(200));
    wait(&mut state, PAGE_FOR.as_secs());
    let delta = crate::model::Delta { removed: (5..200).map(StreamIx).collect(), ..delta(&state, vec![]) };
    tell(&mut state, ServerMessage::Delta(Box::new(delta)));
    assert_eq!((state.wall.page, state.wall_tiles(&state.wall_plan()).len()), (0, 5));
}

#[test]
fn an_idle_wall_wakes_once_a_minute() {
    let mut state = wall(200, 60, board(200));
    let mut woken = 0;
    for _ in 0..600 {
        let due = state.deadline();
        wait(&mut state, 1);
        // Nothing else than what is due wants a frame.
        assert_eq!(state.dirty() > Dirty::Clean, due.is_some_and(|at| at <= state.now));
        if state.dirty() > Dirty::Clean {
            woken += 1;
            state.drawn();
        }
    }
    // Once for the clock, and once for how long all is well.
    assert_eq!(woken, 20);
}

#[test]
fn the_clock_shows_minutes_and_changes_with_them() {
    let mut state = wall(40, 15, board(3));
    assert!(screen(&state).contains("14:32"));
    wait(&mut state, 54);
    assert!(screen(&state).contains("14:32"));
    assert_eq!(state.deadline(), Some(state.now + Duration::from_secs(1)));
    wait(&mut state, 1);
    assert!(state.dirty() > Dirty::Clean && screen(&state).contains("14:33"));
    // It is set.
    state.drawn();
    let zero = state.wall_ms(Moment::ZERO).unwrap() - 3_600_000;
    let now = state.now;
    update(&mut state, now, Event::WallClock(zero));
    assert!(state.dirty() > Dirty::Clean && screen(&state).contains("13:33"));
}

#[test]
fn figures_want_no_frame() {
    let mut state = wall(200, 60, tended_board(200));
    let moved: Vec<Row> = state
        .board
        .rows
        .values()
        .map(|row| {
            let mut row = Row::clone(row);
            row.figures.fps = row.figures.fps.map(|fps| fps + 1.0);
            row.last_message = "another line".into();
            row
        })
        .collect();
    change(&mut state, moved);
    assert_eq!(state.dirty(), Dirty::Clean);
    change(&mut state, vec![silent(100)]);
    assert_eq!(state.dirty(), Dirty::Now, "totals");
    state.drawn();
    let mut other = silent(100);
    other.reason = "another reason".into();
    change(&mut state, vec![other]);
    assert_eq!(state.dirty(), Dirty::Figures, "nobody waits in front of a wall");
    state.drawn();
    change(&mut state, vec![black(101, 1)]);
    assert_eq!(state.dirty(), Dirty::Now);
}

#[test]
fn old_data_is_said_on_every_screen_and_goes_with_the_next_word() {
    for key in [None, Some('W'), Some('P'), Some('m'), Some('?')] {
        let mut state = state(80, 24, board(20));
        if let Some(key) = key {
            press(&mut state, ch(key));
        }
        state.drawn();
        silence(&mut state, OLD_AFTER.as_secs() - 1);
        assert!(!screen(&state).contains("DATA IS OLD"), "{key:?}");
        silence(&mut state, 1);
        assert!(state.dirty() >= Dirty::Now, "{key:?}");
        assert!(screen(&state).contains("DATA IS OLD: nothing heard for 10 s"), "{}", screen(&state));
        state.drawn();
        assert!(state.deadline().unwrap() <= state.now + Duration::from_secs(1), "it counts");
        silence(&mut state, 32);
        assert!(screen(&state).contains("nothing heard for 42 s"));
        silence(&mut state, 120);
        assert!(screen(&state).contains("nothing heard for 2 min"));
        state.drawn();
        change(&mut state, Vec::new());
        assert!(state.dirty() >= Dirty::Now, "{key:?}");
        assert!(!screen(&state).contains("DATA IS OLD"), "{key:?}");
    }
}

#[test]
fn words_that_waited_are_as_old_as_they_are() {
    let mut state = wall(80, 24, board(20));
    let now = state.now + Duration::from_secs(60);
    // Nobody was woken for what was said forty seconds ago, and nothing was said since.
    let waited = crate::model::Delta { at: now - Duration::from_secs(40), ..delta(&state, Vec::new()) };
    update(&mut state, now, Event::Told(ServerMessage::Delta(Box::new(waited))));
    update(&mut state, now, Event::Heard(Duration::from_secs(40)));
    assert_eq!(state.now, now);
    assert!(screen(&state).contains("nothing heard for 40 s"), "{}", screen(&state));
    update(&mut state, now, Event::Heard(Duration::from_secs(1)));
    assert_eq!(state.silent_for(), None);
}

#[test]
fn who_shows_that_data_is_old_wants_to_be_woken_for_anything() {
    let mut state = state(80, 24, board(20));
    let wakes = |effects: &[Effect]| {
        let wakes = |on| Effect::Send(crate::link::ClientMessage::WakeForReadings(on));
        (effects.contains(&wakes(true)), effects.contains(&wakes(false)))
    };
    let now = state.now + OLD_AFTER;
    assert_eq!(wakes(&update(&mut state, now, Event::Clock)), (true, false));
    assert_eq!(wakes(&update(&mut state, now, Event::Heard(Duration::ZERO))), (false, true));
}

#[test]
fn totals_are_those_of_the_board() {
    let state = wall(120, 40, tended_board(200));
    assert_eq!(state.totals, Totals::of(state.board.rows.values().map(AsRef::as_ref)));
}

#[test]
fn the_text_of_an_age_changes_only_when_a_frame_is_wanted() {
    for (width, height) in [(40, 15), (80, 24), (120, 40), (250, 70)] {
        for board in [tended_board(60), board(5)] {
            let mut state = wall(width, height, board);
            let mut before = screen(&state);
            for _ in 0..200 {
                wait(&mut state, 1);
                let shown = screen(&state);
                assert!(
                    shown == before || state.dirty() > Dirty::Clean,
                    "{width}x{height}:\n{before}\n{shown}"
                );
                if state.dirty() > Dirty::Clean {
                    state.drawn();
                }
                before = shown;
            }
        }
    }
}

/// The lines of the penalty box on the wall, and the numbers in its title.
fn listed(state: &State) -> (Vec<u32>, usize) {
    let plan = state.wall_plan();
    let shown = screen(state);
    let title: String =
        shown.lines().nth(plan.penalty.y.into()).unwrap().chars().skip(plan.penalty.x.into()).collect();
    let numbers = title.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    let (lines, rows) = state.wall_box(&plan);
    (numbers, rows.len() + lines.more)
}

#[test]
fn the_title_of_the_box_counts_who_is_listed_and_who_of_them_is_known() {
    for (width, height) in [(40, 15), (80, 24), (120, 40), (250, 70)] {
        let mut state = wall(width, height, tended_board(200));
        let (numbers, rows) = listed(&state);
        assert_eq!((numbers.iter().sum::<u32>() as usize, numbers[0]), (rows, state.penalty.tally.open()));
        let shown = screen(&state);
        assert!(shown.contains("to look at") && shown.contains("ack"), "{shown}");
        // Whatever changes, also sooner than tiles change their places.
        let mut known = Row::clone(&state.board.rows[&StreamIx(22)]);
        known.care.acknowledged = Some(state.now);
        for row in [known, black(100, 1), silent(101), row(100), row(22)] {
            change(&mut state, vec![row]);
            let (numbers, rows) = listed(&state);
            let sum = numbers.iter().sum::<u32>() as usize;
            assert_eq!((sum, numbers[0]), (rows, state.penalty.tally.open()), "{}", screen(&state));
            assert_eq!(rows, state.penalty.tally.all() as usize);
        }
        let delta = crate::model::Delta { removed: vec![StreamIx(2)], ..delta(&state, vec![]) };
        tell(&mut state, ServerMessage::Delta(Box::new(delta)));
        let (numbers, rows) = listed(&state);
        assert_eq!(numbers.iter().sum::<u32>() as usize, rows);
    }
}

#[test]
fn ages_that_are_not_drawn_wake_nobody() {
    let mut board = board(200);
    // All but two have had a fault for days; those two have it since a minute or two.
    for n in 0..200 {
        let days = 40 * 86_400 + u64::from(n);
        let seconds = if n == 198 { 110 } else { days };
        board.rows.insert(StreamIx(n), Arc::new(silent_for(n, seconds)));
    }
    let mut state = wall(80, 24, board);
    let plan = state.wall_plan();
    assert!(plan.pages > 3 && state.wall_box(&plan).0.more > 100);
    let due = |state: &State| {
        let mut next = Duration::MAX;
        state.wall_ages(&mut |span| next = next.min(span));
        next
    };
    let on_page = |state: &State| state.wall_tiles(&state.wall_plan()).contains(&StreamIx(198));
    let mut pages_with = 0;
    for _ in 0..plan.pages {
        // Its age is the only one that changes within the hour.
        let minutes = due(&state) < Duration::from_secs(3_600);
        assert_eq!(minutes, on_page(&state), "page {}", state.wall.page);
        pages_with += u32::from(minutes);
        wait(&mut state, PAGE_FOR.as_secs());
    }
    assert_eq!(pages_with, 1);
}

fn silent_for(n: u32, seconds: u64) -> Row {
    let mut row = silent(n);
    row.conditions[0].since = ago(seconds);
    row
}
