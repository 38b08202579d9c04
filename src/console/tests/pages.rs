//! The stream's page and the machine's, in every state and at every size.

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::stories::*;
use super::support::*;
use crate::console::pages::{Part, Section};
use crate::link::ServerMessage;
use crate::model::{Detail, History, HistoryOf, Span, StreamIx};

#[test]
fn stories() {
    for size in SIZES {
        for name in STORIES {
            let (width, height) = size;
            assert_snapshot!(format!("page_{name}_{width}x{height}"), screen(&page(size, name)));
        }
    }
}

#[test]
fn parts_one_by_one() {
    for size @ (width, height) in SIZES.into_iter().take(3) {
        let mut state = page(size, "fallback");
        tell(&mut state, ServerMessage::Detail(Box::new(Detail { runs: runs(12), ..story("fallback").1 })));
        for part in [Part::Charts, Part::Runs, Part::Command, Part::Log] {
            to_part(&mut state, part);
            assert_snapshot!(format!("part_{}_{width}x{height}", part.word()), screen(&state));
        }
        // And round again; the other way too.
        press(&mut state, KeyCode::Tab);
        assert_eq!(state.pages.part, Part::Overview);
        press(&mut state, KeyCode::BackTab);
        assert_eq!(state.pages.part, Part::Log);
    }
}

#[test]
fn a_day_with_a_gap() {
    for size @ (width, height) in SIZES {
        let mut state = page(size, "live");
        to_part(&mut state, Part::Charts);
        day(&mut state);
        assert_snapshot!(format!("page_day_{width}x{height}"), screen(&state));
    }
}

#[test]
fn in_ascii() {
    let mut state = page((100, 40), "fallback");
    to_part(&mut state, Part::Charts);
    let shown = screen_in(&state, &ascii_look());
    assert!(shown.is_ascii(), "{shown}");
    assert_snapshot!("page_charts_ascii", shown);
    let state = page((80, 24), "broken");
    let shown = screen_in(&state, &ascii_look());
    assert!(shown.is_ascii(), "{shown}");
    assert_snapshot!("page_broken_ascii", shown);
}

#[test]
fn without_a_history_charts_say_so() {
    let mut state = page((80, 24), "new");
    to_part(&mut state, Part::Charts);
    press(&mut state, KeyCode::Char(']'));
    assert_snapshot!("page_no_history", screen(&state));
    let of = HistoryOf::Stream(StreamIx(0));
    tell_history(&mut state, History { series: Vec::new(), ..history(of, Span::Hour, 0, |_, _| 0.0) });
    assert!(screen(&state).contains("not kept for so many streams"), "{}", screen(&state));
    tell_history(&mut state, history(of, Span::Hour, 9, |_, _| f32::NAN));
    assert!(screen(&state).contains("nothing known in this time"));
}

#[test]
fn a_long_look_at_a_stream_of_seconds_says_since_when_it_is_known() {
    let mut state = state(80, 24, board(3));
    tell_time(&mut state);
    let mut young = row(0);
    young.started = Some(ago(7));
    change(&mut state, vec![young]);
    press(&mut state, KeyCode::Enter);
    to_part(&mut state, Part::Charts);
    press(&mut state, KeyCode::Char(']'));
    let of = HistoryOf::Stream(StreamIx(0));
    tell_history(&mut state, history(of, Span::Hour, 0, |_, _| 1.0));
    let shown = screen(&state);
    assert!(shown.contains("known since 14:31:58; each point takes 10 s"), "{shown}");
    // Who looks back beyond what is known is told when that began.
    let begun = |_: &str, step: u64| if step < 1_000 { f32::NAN } else { 1.0 };
    tell_history(&mut state, history(of, Span::Hour, 360, begun));
    assert!(!screen(&state).contains("known since"));
    for _ in 0..12 {
        press(&mut state, KeyCode::Char('<'));
    }
    assert!(screen(&state).contains("known since 15:22:05"), "{}", screen(&state));
}

#[test]
fn a_stream_without_detail_yet_shows_what_its_row_holds() {
    let mut state = state(80, 24, supervised_board(12));
    for _ in 0..9 {
        press(&mut state, KeyCode::Down);
    }
    open(&mut state, 3);
    let shown = screen(&state);
    assert!(shown.contains("2 of 3  http://127.0.0.1:8080/live/ch-010/index.m3u8"), "{shown}");
    for part in [Part::Runs, Part::Command] {
        to_part(&mut state, part);
        assert!(screen(&state).contains("waiting for the supervisor"));
    }
}

#[test]
fn machines() {
    for size @ (width, height) in SIZES {
        for story in ["normal", "container", "no_pressure", "trouble"] {
            assert_snapshot!(format!("machine_{story}_{width}x{height}"), screen(&machine(size, story)));
        }
    }
    let shown = screen_in(&machine((120, 40), "trouble"), &ascii_look());
    assert!(shown.is_ascii(), "{shown}");
    assert_snapshot!("machine_trouble_ascii", shown);
}

#[test]
fn machines_parts_one_by_one() {
    for size @ (width, height) in SIZES.into_iter().take(2) {
        let mut state = machine(size, "trouble");
        for section in [Section::Top, Section::Notices] {
            press(&mut state, KeyCode::Tab);
            assert_eq!(state.pages.section, section);
            assert_snapshot!(format!("machine_{}_{width}x{height}", section.word()), screen(&state));
        }
    }
}
