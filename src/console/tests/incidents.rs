//! The pages of incidents, and what every screen says of them.

use std::fmt::Write as _;
use std::sync::Arc;

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::support::*;
use crate::console::incident::tests::{AT, incident, over};
use crate::console::state::State;
use crate::console::state::update::Effect;
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{
    AlertsReading, Availability, Available, Board, Cause, ConditionKind, Flapping, Incident, IncidentBrief,
    IncidentPage, IncidentQuery, ReceiverReading, Severity, StreamId, Told,
};

const SIZES: [(u16, u16); 5] = [(40, 15), (80, 24), (120, 40), (200, 60), (250, 70)];

/// One stream that is black for so many minutes.
pub fn black(number: u64, minutes: u64) -> Incident {
    let stream = StreamId::new("ch-004").unwrap();
    let mut one = incident(number, 1);
    one.began_wall_ms = AT - minutes * 60_000;
    one.opened_wall_ms = one.began_wall_ms + 30_000;
    one.members[0].stream = stream.clone();
    one.members[0].name = "Alpenblick TV".into();
    one.cause = Cause::Stream { stream, kind: ConditionKind::Black };
    Incident { title: "Alpenblick TV: black".into(), ..one }
}

/// Three are open: one nobody knows of, one that somebody does, and one that comes and goes.
pub fn open_ones() -> Vec<Incident> {
    let mut known = black(4_712, 9);
    known.acknowledged = over(1).acknowledged;
    let slow = Incident {
        severity: Severity::Warning,
        title: "Stadion Eins: slower than real time".into(),
        flapping: Some(Flapping { changes: 12, within_ms: 600_000 }),
        ..black(4_713, 300)
    };
    vec![incident(4_711, 12), known, slow]
}

fn brief(incident: &Incident, told: Told) -> Arc<IncidentBrief> {
    Arc::new(IncidentBrief { told, ..incident.brief() })
}

/// A board with these open.
pub fn with_open(mut board: Board, open: &[Incident]) -> Board {
    let told = [Told::Sent, Told::Waits, Told::Failed, Told::Nobody];
    let briefs = open.iter().zip(told.into_iter().cycle());
    board.incidents = briefs.map(|(one, told)| (one.number, brief(one, told))).collect();
    board
}

/// What was asked for, if anything was.
pub fn asked(effects: &[Effect]) -> Option<(u64, IncidentQuery)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(ClientMessage::ReadIncidents { seq, query }) => Some((*seq, query.clone())),
        _ => None,
    })
}

/// Answers questions as where all of these are kept would, until there is none.
pub fn answer(state: &mut State, effects: Vec<Effect>, kept: &[Incident]) {
    let mut effects = effects;
    while let Some((seq, query)) = asked(&effects) {
        let found = kept.iter().rev().filter(|one| query.before.is_none_or(|before| one.number < before));
        let found = found.filter(|one| {
            query.stream.as_ref().is_none_or(|id| one.members.iter().any(|member| member.stream == *id))
        });
        let mut incidents: Vec<Arc<Incident>> = found.cloned().map(Arc::new).collect();
        let more = incidents.len() > query.count as usize;
        incidents.truncate(query.count as usize);
        let page = Box::new(IncidentPage { incidents, more, ..IncidentPage::default() });
        effects = tell(state, ServerMessage::Incidents { seq, page });
    }
}

/// Everything that is kept, oldest first.
fn kept(over_ones: u64) -> Vec<Incident> {
    (4_711 - over_ones..4_711).map(over).chain(open_ones()).collect()
}

fn opened(width: u16, height: u16, kept: &[Incident]) -> State {
    let open: Vec<Incident> = kept.iter().filter(|one| one.is_open()).cloned().collect();
    let mut state = state(width, height, with_open(troubled_board(20), &open));
    tell_time(&mut state);
    let effects = press(&mut state, KeyCode::Char('I'));
    answer(&mut state, effects, kept);
    state
}

#[test]
fn the_open_ones_come_first_the_worst_above() {
    for (width, height) in SIZES {
        let state = opened(width, height, &kept(60));
        assert_snapshot!(format!("incidents_{width}x{height}"), screen(&state));
    }
    let shown = screen_in(&opened(120, 24, &kept(3)), &ascii_look());
    assert!(shown.is_ascii());
    assert_snapshot!("incidents_ascii", shown);
}

#[test]
fn without_any_it_says_so() {
    let mut none = opened(80, 24, &[]);
    assert_snapshot!("incidents_none", screen(&none));
    press(&mut none, KeyCode::Char('o'));
    assert!(screen(&none).contains("No incident is open."));
    let mut unread = state(80, 24, board(3));
    press(&mut unread, KeyCode::Char('I'));
    assert!(screen(&unread).contains("reading incidents"), "{}", screen(&unread));
}

#[test]
fn one_is_told_whole() {
    for (width, height) in SIZES {
        let mut state = opened(width, height, &kept(3));
        let effects = press(&mut state, KeyCode::Enter);
        answer(&mut state, effects, &kept(3));
        assert_snapshot!(format!("incident_{width}x{height}"), screen(&state));
        press(&mut state, KeyCode::Esc);
        press(&mut state, KeyCode::End);
        let effects = press(&mut state, KeyCode::Enter);
        answer(&mut state, effects, &kept(3));
        assert_snapshot!(format!("incident_over_{width}x{height}"), screen(&state));
    }
}

#[test]
fn older_ones_are_read_as_one_goes_down() {
    let mut state = opened(80, 24, &kept(300));
    let all = kept(300);
    assert!(screen(&state).contains("so far"), "{}", screen(&state));
    for _ in 0..40 {
        let effects = press(&mut state, KeyCode::PageDown);
        answer(&mut state, effects, &all);
    }
    assert_eq!(state.selected_incident(), Some(4_711 - 300));
    assert!(screen(&state).contains("300 over") && !screen(&state).contains("so far"));
}

#[test]
fn hostile_titles_and_lines_are_shown_harmless() {
    let mut bad = black(4_712, 3);
    let text = "\x1b[31mred\x07\n\u{202e}back新闻联播".repeat(40);
    (bad.title, bad.rule) = (text.clone().into(), text.clone().into());
    bad.lines = vec![text.clone().into(); 10];
    bad.values = vec![(text.clone().into(), text.clone().into())];
    (bad.members[0].name, bad.members[0].input) = (text.clone().into(), text.into());
    for (width, height) in SIZES {
        let mut state = opened(width, height, &[bad.clone()]);
        let list = screen(&state);
        let effects = press(&mut state, KeyCode::Enter);
        answer(&mut state, effects, &[bad.clone()]);
        for shown in [list, screen(&state)] {
            assert!(!shown.contains(['\x1b', '\x07', '\u{202e}']), "{shown}");
            assert!(shown.lines().all(|line| crate::console::text::width(line) <= width.into()), "{shown}");
        }
    }
}

/// The first line of a screen.
fn first_line(state: &State) -> String {
    screen(state).lines().next().unwrap_or_default().to_owned()
}

fn troubled(waiting: u32) -> AlertsReading {
    let receiver = |name: &str, way: &str| ReceiverReading {
        name: name.into(),
        way: way.into(),
        waiting,
        accepted_wall_ms: Some(AT - 3_600_000),
        trouble: Some("421 too many connections".into()),
        next_wall_ms: Some(AT + 30_000),
    };
    let fine =
        ReceiverReading { trouble: None, waiting: 0, next_wall_ms: None, ..receiver("desk", "webhook") };
    let receivers = vec![receiver("night shift", "mail"), fine];
    AlertsReading { receivers, waiting, sent: 1_204, failed: 3, merged: 17 }
}

#[test]
fn the_header_counts_them_and_says_when_nobody_can_be_told() {
    let mut lines = String::new();
    let mut add = |what: &str, width: u16, board: Board| {
        let state = state(width, 24, board);
        let _ = writeln!(lines, "{what}, {width}\n{}", first_line(&state));
    };
    let known = || {
        let mut all = open_ones();
        for one in &mut all {
            one.acknowledged = over(1).acknowledged;
        }
        all
    };
    for width in [40, 60, 80, 100, 120, 200] {
        let board = || troubled_board(200);
        add("some nobody knows of", width, with_open(board(), &open_ones()));
        add("all known", width, with_open(board(), &known()));
        add("one", width, with_open(board(), &open_ones()[..1]));
        let mut untold = with_open(board(), &open_ones());
        untold.alerts = Arc::new(troubled(12));
        add("mail waits", width, untold);
    }
    assert_snapshot!("incidents_header", lines);
}

#[test]
fn messages_that_wait_for_long_are_said_though_nothing_is_known_to_be_wrong() {
    let mut board = board(3);
    let alerts = AlertsReading { waiting: 2, ..AlertsReading::default() };
    board.alerts = Arc::new(alerts);
    let mut state = state(120, 24, board);
    assert!(!first_line(&state).contains("wait"));
    state.drawn();
    assert!(state.deadline().is_some_and(|at| at <= state.now + std::time::Duration::from_secs(300)));
    wait(&mut state, 301);
    assert!(first_line(&state).contains("alerts: 2 wait"), "{}", first_line(&state));
}

/// The page of `ch-004`, of which everything is known.
fn stream_page(width: u16, height: u16, kept: &[Incident]) -> State {
    let open: Vec<Incident> = kept.iter().filter(|one| one.is_open()).cloned().collect();
    let mut state = state(width, height, with_open(troubled_board(20), &open));
    tell_time(&mut state);
    for _ in 0..3 {
        press(&mut state, KeyCode::Down);
    }
    let effects = press(&mut state, KeyCode::Enter);
    let (seq, query) = asked(&effects).unwrap();
    assert_eq!((query.stream.unwrap().as_str(), query.count), ("ch-004", 5));
    let window = |watched_s, up_s, of_s| Available { watched_s, up_s, of_s };
    let page = IncidentPage {
        incidents: kept.iter().rev().take(5).cloned().map(Arc::new).collect(),
        more: true,
        availability: Availability {
            windows: [
                window(3_600, 3_060, 3_600),
                window(86_400, 85_860, 86_400),
                window(372_000, 371_400, 604_800),
                window(0, 0, 2_592_000),
            ],
        },
    };
    tell(&mut state, ServerMessage::Incidents { seq, page: Box::new(page) });
    state
}

#[test]
fn a_stream_s_page_says_how_available_it_was_and_what_lasted() {
    let kept: Vec<Incident> = (1..8).map(over).chain([black(4_712, 9)]).collect();
    for (width, height) in SIZES {
        assert_snapshot!(
            format!("incidents_stream_{width}x{height}"),
            screen(&stream_page(width, height, &kept))
        );
    }
    // It ends: that is read again, and only then.
    let mut state = stream_page(120, 40, &kept);
    wait(&mut state, 5);
    let mut other = delta(&state, Vec::new());
    other.ended = vec![1];
    assert_eq!(asked(&tell(&mut state, ServerMessage::Delta(Box::new(other)))), None);
    let mut ends = delta(&state, Vec::new());
    ends.ended = vec![4_712];
    assert!(asked(&tell(&mut state, ServerMessage::Delta(Box::new(ends)))).is_some());
    press(&mut state, KeyCode::Char('z'));
    assert!(!screen(&state).contains("available"), "what was then is not known");
}

#[test]
fn from_a_stream_the_cursor_is_on_its_open_incident() {
    let mut all = open_ones();
    all.swap(0, 1);
    let mut state = stream_page(120, 40, &all[..1]);
    press(&mut state, KeyCode::Char('I'));
    assert_eq!(state.selected_incident(), Some(4_712));
}

#[test]
fn the_machine_s_page_says_how_telling_goes() {
    for (width, height) in SIZES {
        let mut board = troubled_board(20);
        board.alerts = Arc::new(troubled(12));
        let mut state = state(width, height, board);
        tell_time(&mut state);
        press(&mut state, KeyCode::Char('m'));
        if height < 40 {
            press(&mut state, KeyCode::BackTab);
        }
        assert_snapshot!(format!("incidents_machine_{width}x{height}"), screen(&state));
    }
    let mut hostile = troubled(1);
    hostile.receivers[0].trouble = Some("550 \x1b[2J no\nsuch user".into());
    let mut board = board(3);
    board.alerts = Arc::new(hostile);
    let mut state = state(120, 40, board);
    press(&mut state, KeyCode::Char('m'));
    assert!(!screen(&state).contains('\x1b') && screen(&state).contains("such user"));
}

#[test]
fn a_wall_names_the_worst_that_nobody_knows_of() {
    let mut lines = String::new();
    for (width, height) in SIZES {
        let board = with_open(troubled_board(200), &open_ones());
        let mut state = state(width, height, board);
        state.wall_alone();
        tell_time(&mut state);
        let shown = screen(&state);
        let rule = shown.lines().find(|line| line.starts_with("─ 200 streams")).unwrap();
        let _ = writeln!(lines, "{width}x{height}\n{rule}");
        // It takes no line: every tile stays where it is.
        let without = state.wall_plan();
        let mut delta = delta(&state, Vec::new());
        delta.ended = vec![4_711, 4_712, 4_713];
        tell(&mut state, ServerMessage::Delta(Box::new(delta)));
        assert_eq!(state.wall_plan(), without);
        assert!(!screen(&state).contains("nobody knows of"));
    }
    assert_snapshot!("incidents_wall", lines);
}
