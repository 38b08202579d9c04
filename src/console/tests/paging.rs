//! What keys do on the stream's page and the machine's, and when these are drawn.

use std::time::Duration;

use crossterm::event::KeyCode;

use super::stories::*;
use super::support::*;
use crate::console::pages::{Part, Section};
use crate::console::rehearsal::Rehearsal;
use crate::console::state::charts::Zoom;
use crate::console::state::machine::Kind;
use crate::console::state::tops::TopBy;
use crate::console::state::update::Effect;
use crate::console::state::{Dirty, Screen, State};
use crate::console::text::width;
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{Condition, ConditionKind, Detail, Figures, History, HistoryOf, Span, StreamIx, Usage};

const fn ch(c: char) -> KeyCode {
    KeyCode::Char(c)
}

const FIRST: StreamIx = StreamIx(0);

/// A step of a history that goes on where the one of [`page`] ended.
fn step(of: HistoryOf, n: u64) -> History {
    let whole = history(of, Span::FiveMinutes, 301 + n, healthy);
    let series = whole.series.into_iter().map(|values| values[values.len() - 1..].to_vec()).collect();
    History { first: whole.first + 300 + n, fresh: false, series, ..whole }
}

#[test]
fn what_is_on_a_page_changes_only_when_a_frame_is_wanted() {
    for name in STORIES {
        for (size, parts) in [((80, 24), &Part::ALL[..4]), ((200, 60), &Part::ALL[..1])] {
            for part in parts {
                let mut state = page(size, name);
                to_part(&mut state, *part);
                state.drawn();
                let mut before = screen(&state);
                for second in 0..65 {
                    wait(&mut state, 1);
                    let shown = screen(&state);
                    let wanted = state.dirty() > Dirty::Clean;
                    assert!(shown == before || wanted, "{name}, {part:?}, {second}:\n{before}\n{shown}");
                    if wanted {
                        state.drawn();
                    }
                    before = shown;
                }
            }
        }
    }
}

/// How often it was drawn in so many seconds, without any message.
fn frames(state: &mut State, seconds: u64) -> usize {
    state.drawn();
    let mut count = 0;
    for _ in 0..seconds {
        wait(state, 1);
        if state.dirty() > Dirty::Clean {
            count += 1;
            state.drawn();
        }
    }
    count
}

#[test]
fn charts_wake_nobody_by_themselves() {
    for zoom in Zoom::ALL {
        let mut state = page((80, 24), "live");
        to_part(&mut state, Part::Charts);
        state.charts.zoom = zoom;
        assert_eq!(frames(&mut state, 600), 0, "{zoom:?}");
    }
    assert_eq!(frames(&mut machine((80, 24), "normal"), 30), 0);
}

#[test]
fn a_step_is_drawn_where_its_chart_is_seen() {
    let of = HistoryOf::Stream(FIRST);
    for (part, wanted) in
        [(Part::Charts, Dirty::Figures), (Part::Command, Dirty::Clean), (Part::Log, Dirty::Clean)]
    {
        let mut state = page((80, 24), "live");
        to_part(&mut state, part);
        state.drawn();
        tell_history(&mut state, step(of, 0));
        assert_eq!(state.dirty(), wanted, "{part:?}");
    }
    // Of another stream, or while one looks back: nothing that is seen moves.
    let mut state = page((80, 24), "live");
    to_part(&mut state, Part::Charts);
    press(&mut state, ch('['));
    press(&mut state, ch('<'));
    state.drawn();
    let before = screen(&state);
    tell_history(&mut state, step(of, 0));
    assert_eq!(state.dirty(), Dirty::Clean);
    assert_ne!(before, screen(&state), "the axis is drawn with the next frame");
    let mut machine = machine((80, 24), "normal");
    machine.drawn();
    tell_history(&mut machine, step(HistoryOf::Machine, 0));
    assert_eq!(machine.dirty(), Dirty::Figures);
}

#[test]
fn a_frozen_page_has_the_charts_of_its_moment() {
    let mut state = page((80, 24), "live");
    to_part(&mut state, Part::Charts);
    press(&mut state, ch('['));
    press(&mut state, ch('z'));
    state.drawn();
    let charts = |state: &State| -> Vec<String> {
        let lines = screen(state);
        lines.lines().filter(|line| line.contains(['⠒', '⠤', 'm', 'n'])).skip(3).map(str::to_owned).collect()
    };
    let before = charts(&state);
    for n in 0..20 {
        state.now = state.now + Duration::from_secs(1);
        tell_history(&mut state, step(HistoryOf::Stream(FIRST), n));
    }
    assert_eq!(state.dirty(), Dirty::Clean, "life goes on, and nothing of it is seen");
    assert_eq!(charts(&state), before);
    press(&mut state, ch('z'));
    assert_ne!(charts(&state), before);
}

#[test]
fn figures_that_are_not_shown_draw_nothing() {
    for (part, wanted) in [
        (Part::Overview, Dirty::Figures),
        (Part::Charts, Dirty::Figures),
        (Part::Runs, Dirty::Clean),
        (Part::Command, Dirty::Clean),
    ] {
        let mut state = page((80, 24), "live");
        to_part(&mut state, part);
        state.drawn();
        let mut row = state.row(FIRST).unwrap().clone();
        row.figures = Figures { fps: Some(24.0), ..row.figures };
        change(&mut state, vec![row]);
        assert_eq!(state.dirty(), wanted, "{part:?}");
    }
}

#[test]
fn the_command_is_copied_as_a_shell_takes_it() {
    let mut state = page((80, 24), "live");
    let effects = press(&mut state, ch('y'));
    let [Effect::Copy(text)] = &effects[..] else { panic!("{effects:?}") };
    assert!(text.starts_with("/usr/bin/ffmpeg -hide_banner "), "{text}");
    assert!(text.contains("'http://cdn-1.example/live/news/index.m3u8?token=***&session=17'"), "{text}");
    assert!(!state.toast.as_ref().unwrap().bad);
    let mut never_run = page((80, 24), "new");
    assert!(press(&mut never_run, ch('y')).is_empty());
    assert!(never_run.toast.as_ref().unwrap().bad);
    // What is known of another stream is not this one's.
    press(&mut state, ch('n'));
    assert!(press(&mut state, ch('y')).is_empty());
}

/// Everything that is seen while scrolling down to the end.
fn scrolled(state: &mut State) -> String {
    let mut seen = screen(state);
    for _ in 0..200 {
        press(state, KeyCode::Down);
        let shown = screen(state);
        if seen.ends_with(&shown) {
            break;
        }
        seen += &shown;
    }
    seen
}

#[test]
fn nothing_is_out_of_reach_on_the_least_screen() {
    let mut state = page((40, 15), "fallback");
    let mut row = state.row(FIRST).unwrap().clone();
    let kinds = &ConditionKind::ALL[..14];
    row.conditions = kinds
        .iter()
        .map(|kind| Condition { kind: *kind, severity: kind.severity(), since: ago(77), explained: None })
        .collect();
    row.last_error = Some("the very last error".into());
    change(&mut state, vec![row]);
    let detail = Detail { runs: runs(12), ..story("fallback").1 };
    tell(&mut state, ServerMessage::Detail(Box::new(detail)));
    let first = screen(&state);
    assert!(first.contains("more: down"), "{first}");
    let seen = scrolled(&mut state);
    for kind in kinds {
        assert!(seen.contains(kind.word()), "{}", kind.word());
    }
    for part in ["udp://239.1.2.3:5000", "being probed now", "the very last error", "tags sport hd"] {
        assert!(seen.contains(part), "{part} in\n{seen}");
    }
    // Scrolled to its end it goes back without a detour, and another stream begins at its top.
    press(&mut state, KeyCode::Up);
    assert!(!screen(&state).contains("the very last error"));
    to_part(&mut state, Part::Runs);
    let seen = scrolled(&mut state);
    assert!(seen.contains("5h ago"), "{seen}");
    press(&mut state, ch('n'));
    assert_eq!(state.pages.part_tops, [0; Part::ALL.len()]);
}

#[test]
fn arrows_move_what_can_be_moved() {
    // All facts fit: the log below them is scrolled.
    let mut state = page((80, 24), "live");
    press(&mut state, KeyCode::Up);
    assert!(!state.log.follows());
    press(&mut state, KeyCode::End);
    assert!(state.log.follows());
    // They don't: they are, and the log stays.
    let mut state = page((80, 24), "fallback");
    let before = screen(&state);
    press(&mut state, KeyCode::Down);
    assert!(state.log.follows());
    assert_ne!(before, screen(&state));
    // Where all parts are seen, the one that was chosen is moved, and marked.
    let mut state = page((250, 70), "broken");
    to_part(&mut state, Part::Log);
    press(&mut state, KeyCode::PageUp);
    to_part(&mut state, Part::Runs);
    assert!(screen(&state).contains("[runs]"));
}

#[test]
fn a_figure_beyond_its_threshold_is_named() {
    let mut state = page((120, 40), "live");
    to_part(&mut state, Part::Charts);
    for (figures, word) in [
        (Figures { fps: Some(12.0), bitrate_kbps: Some(2_000.0), speed: Some(1.0) }, "fps 12.0 fps-low"),
        (
            Figures { fps: Some(25.0), bitrate_kbps: Some(900.0), speed: Some(1.0) },
            "bitrate 900k bitrate-low",
        ),
        (Figures { fps: Some(25.0), bitrate_kbps: Some(2_000.0), speed: Some(0.5) }, "speed 0.50x slow"),
        (Figures { fps: Some(25.0), bitrate_kbps: Some(2_000.0), speed: Some(3.0) }, "speed 3.00x fast"),
    ] {
        let row = crate::model::Row { figures, ..state.row(FIRST).unwrap().clone() };
        change(&mut state, vec![row]);
        let shown = screen(&state);
        assert!(shown.contains(word), "{shown}");
        let words = ["0 fps-low", "k bitrate-low", "x slow", "x fast"];
        assert_eq!(words.into_iter().filter(|word| shown.contains(word)).count(), 1, "{shown}");
    }
}

/// Bytes of each second of a page that changes each second, after its first frame.
fn bytes_a_second(size: (u16, u16), keys: &[KeyCode], of: HistoryOf) -> Vec<u64> {
    let mut rehearsal = Rehearsal::new(size).unwrap();
    let (row, detail) = story("live");
    let mut board = machine_board("normal");
    board.rows.insert(row.ix, std::sync::Arc::new(row.clone()));
    let (mut now, mut revision) = (board.at, board.revision);
    rehearsal.tell(now, ServerMessage::Board(Box::new(board)));
    for key in keys {
        rehearsal.press(now, *key);
    }
    rehearsal.tell(now, ServerMessage::Detail(Box::new(detail)));
    rehearsal.tell(now, ServerMessage::History(Box::new(history(of, Span::FiveMinutes, 300, healthy))));
    rehearsal.draw().unwrap();
    let second = |n: u64| {
        now = now + Duration::from_secs(1);
        let mut row = row.clone();
        row.figures.bitrate_kbps = Some(healthy("bitrate", n));
        let rows = [(row.ix, std::sync::Arc::new(row))].into();
        let delta =
            crate::model::Delta { from: revision, to: revision + 1, at: now, rows, ..Default::default() };
        revision += 1;
        rehearsal.tell(now, ServerMessage::Delta(Box::new(delta)));
        rehearsal.tell(now, ServerMessage::History(Box::new(step(of, n))));
        rehearsal.draw().unwrap()
    };
    (0..60).map(second).collect()
}

#[test]
fn a_page_of_charts_costs_little_on_a_slow_line() {
    let stream = HistoryOf::Stream(FIRST);
    let charts = [KeyCode::Enter, KeyCode::Tab];
    for (size, keys, of, most) in [
        ((80, 24), &charts[..], stream, 1_500),
        ((120, 40), &charts[..], stream, 1_500),
        ((200, 60), &charts[..1], stream, 1_500),
        ((200, 60), &[KeyCode::Char('m')][..], HistoryOf::Machine, 1_500),
    ] {
        let bytes = bytes_a_second(size, keys, of);
        let mean = bytes.iter().sum::<u64>() / 60;
        println!("MEASURED: {size:?} {of:?}: {mean} bytes a second, {:?} at most", bytes.iter().max());
        assert!(mean < most, "{size:?}: {mean} bytes a second: {bytes:?}");
        // Most seconds only the newest cells change.
        let quiet = bytes.iter().filter(|bytes| **bytes < 700).count();
        assert!(quiet >= 30, "{size:?}: {bytes:?}");
    }
}

#[test]
fn a_page_begins_with_what_matters_most() {
    let mut state = page((80, 24), "live");
    to_part(&mut state, Part::Command);
    press(&mut state, ch('n'));
    assert_eq!(state.pages.part, Part::Command, "from one stream to the next one compares");
    press(&mut state, ch('m'));
    press(&mut state, KeyCode::Tab);
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.pages.part, Part::Command, "it was there below");
    press(&mut state, ch('m'));
    assert_eq!(state.pages.section, Section::Meters);
    press(&mut state, KeyCode::Esc);
    press(&mut state, KeyCode::Esc);
    press(&mut state, KeyCode::Enter);
    assert_eq!((state.screen(), state.pages.part), (Screen::Stream, Part::Overview));
}

#[test]
fn zoom_and_pan_say_when_there_is_no_more() {
    let mut state = page((80, 24), "live");
    to_part(&mut state, Part::Charts);
    let said = |state: &State| state.toast.as_ref().map(|toast| toast.text.clone()).unwrap_or_default();
    press(&mut state, ch('['));
    assert_eq!((state.charts.zoom, said(&state)), (Zoom::Minute, String::new()));
    press(&mut state, ch('['));
    assert_eq!(said(&state), "charts show no less than 1 min");
    for _ in 0..20 {
        press(&mut state, ch('<'));
    }
    assert_eq!(said(&state), "nothing earlier is kept at this zoom");
    let shown = screen(&state);
    assert!(shown.contains("[charts 1 min, back]") && shown.contains("-4m30"), "{shown}");
    for _ in 0..20 {
        press(&mut state, ch('>'));
    }
    assert_eq!(said(&state), "this is the newest");
    for _ in 0..6 {
        press(&mut state, ch(']'));
    }
    assert_eq!((state.charts.zoom, &*said(&state)), (Zoom::Day, "no more is kept than 24 h"));
    // The machine's page has the same zoom.
    press(&mut state, ch('m'));
    assert!(screen(&state).contains("24 h"));
}

#[test]
fn what_takes_most_is_opened_from_the_list() {
    let mut state = machine((120, 40), "normal");
    let list = state.tops.list(TopBy::Cpu).to_vec();
    press(&mut state, KeyCode::Down);
    let effects = press(&mut state, KeyCode::Enter);
    assert!(effects.contains(&Effect::Send(ClientMessage::FollowLogs(vec![list[1]]))), "{effects:?}");
    assert_eq!((state.screen(), state.open), (Screen::Stream, Some(list[1])));
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.screen(), Screen::Machine);
    press(&mut state, ch('o'));
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.open, Some(state.tops.list(TopBy::Memory)[0]));

    // Without a measured worker there is nothing to open.
    let mut state = self::state(120, 40, board(3));
    press(&mut state, ch('m'));
    assert!(press(&mut state, KeyCode::Enter).is_empty());
    assert!(state.toast.as_ref().unwrap().bad && state.screen() == Screen::Machine);
}

#[test]
fn a_new_measurement_orders_the_list_and_draws_it() {
    let mut state = machine((80, 24), "normal");
    press(&mut state, KeyCode::Tab);
    wait(&mut state, 10);
    state.drawn();
    let mut row = state.row(StreamIx(20)).unwrap().clone();
    row.usage = Some(Usage { cpu_percent: 99.0, memory_bytes: 9, open_files: 9 });
    change(&mut state, vec![row.clone()]);
    assert_eq!(state.dirty(), Dirty::Figures);
    assert_eq!(state.tops.list(TopBy::Cpu)[0], StreamIx(20));
    // Right after a key nothing moves under the cursor.
    press(&mut state, KeyCode::Down);
    row.usage = Some(Usage { cpu_percent: 0.0, memory_bytes: 9, open_files: 9 });
    change(&mut state, vec![row]);
    assert_eq!(state.tops.list(TopBy::Cpu)[0], StreamIx(20));
}

#[test]
fn every_meter_can_be_seen_on_the_least_screen() {
    for story in ["normal", "trouble"] {
        let seen = scrolled(&mut machine((40, 15), story));
        for kind in Kind::ALL {
            assert!(seen.contains(kind.name()), "{kind:?} in\n{seen}");
        }
    }
    let mut state = machine((40, 15), "trouble");
    press(&mut state, KeyCode::BackTab);
    assert_eq!(state.pages.section, Section::Notices);
    let seen = scrolled(&mut state);
    assert!(seen.contains("answer: 15 streams wait together"), "{seen}");
}

#[test]
fn pages_can_be_drawn_at_every_size() {
    for columns in (1..260).step_by(17) {
        for height in (1..80).step_by(9) {
            let mut stream = page((columns, height), "fallback");
            let mut machine = machine((columns, height), "trouble");
            for _ in 0..5 {
                for state in [&mut stream, &mut machine] {
                    for line in screen(state).lines() {
                        assert!(width(line) <= columns.into(), "{line}");
                    }
                    press(state, KeyCode::Down);
                    press(state, KeyCode::Tab);
                    press(state, ch(']'));
                }
            }
        }
    }
}

#[test]
fn hostile_words_in_a_detail_are_shown_harmless() {
    let evil = "\u{1b}[2J\u{202e}evil\u{9b}31m\r\n";
    let mut detail = story("fallback").1;
    detail.command = vec![evil.into(), "-i".into()];
    detail.runs = runs(1);
    detail.runs[0].reason = evil.into();
    for input in &mut detail.inputs {
        (input.url, input.last_error, input.host, input.failures) =
            (evil.into(), evil.into(), evil.into(), 3);
    }
    for size in SIZES {
        let mut state = page(size, "fallback");
        tell(&mut state, ServerMessage::Detail(Box::new(detail.clone())));
        for part in Part::ALL {
            to_part(&mut state, part);
            let shown = screen(&state);
            let harmful = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!shown.contains(harmful), "{part:?}:\n{shown}");
        }
    }
}

#[test]
fn a_detail_that_says_the_same_draws_nothing() {
    let mut state = page((80, 24), "live");
    state.drawn();
    let same = state.detail.clone().unwrap();
    tell(&mut state, ServerMessage::Detail(same.clone()));
    assert_eq!(state.dirty(), Dirty::Clean);
    tell(&mut state, ServerMessage::Detail(Box::new(Detail { runs: runs(1), ..*same.clone() })));
    assert_eq!(state.dirty(), Dirty::Now);
    to_part(&mut state, Part::Log);
    state.drawn();
    tell(&mut state, ServerMessage::Detail(Box::new(Detail { runs: runs(2), ..*same })));
    assert_eq!(state.dirty(), Dirty::Clean, "only the log is seen");
}

#[test]
fn a_detail_is_kept_while_its_stream_is_open_and_no_longer() {
    let mut state = page((80, 24), "fallback");
    let command = |state: &State| state.detail.as_ref().map(|detail| (detail.stream, detail.command.clone()));
    let known = command(&state);
    assert!(known.is_some());
    // Another screen in front, and the same stream again: the supervisor tells nothing twice.
    press(&mut state, KeyCode::Char('m'));
    press(&mut state, KeyCode::Esc);
    assert_eq!(command(&state), known);
    press(&mut state, KeyCode::Esc);
    press(&mut state, KeyCode::Enter);
    assert_eq!(command(&state), known);
    // What comes of a stream that is not open changes nothing.
    let mut other = Detail { runs: runs(1), ..*state.detail.clone().unwrap() };
    other.stream = StreamIx(FIRST.0 + 1);
    tell(&mut state, ServerMessage::Detail(Box::new(other)));
    assert_eq!(command(&state), known);
}

#[test]
fn countdowns_of_probes_run_while_they_are_seen() {
    let mut state = page((80, 24), "fallback");
    assert_eq!(frames(&mut state, 10), 10, "primary probed in 40 s");
    to_part(&mut state, Part::Command);
    assert_eq!(frames(&mut state, 10), 0);
    let care = |state: &mut State| {
        let mut row = state.row(FIRST).unwrap().clone();
        row.care.muted_until = Some(state.now + Duration::from_secs(20));
        change(state, vec![row]);
    };
    let mut state = page((80, 24), "live");
    care(&mut state);
    assert!(screen(&state).contains("muted for 20 s more"));
    assert_eq!(frames(&mut state, 5), 5);
    wait(&mut state, 20);
    assert!(!screen(&state).contains("muted"));
}
