//! Lines that have left memory and are not in the file yet, as the disk is slow.

use super::super::sources::MOST_TRIES;
use super::*;

/// What the reader says then: a note, and the place it was asked for.
fn not_yet(ask: Ask) -> OldLines {
    let line = LogLine { wall_ms: 0, level: LineLevel::Warning, text: "headend: not in the file yet".into() };
    let note = PlacedLine { place: LogPlace::File { turn: 0, offset: 0 }, line };
    OldLines { lines: vec![note], before: Some(ask.before) }
}

/// Answers so until nothing is asked for; how often that was, and what was said.
fn answer_not_yet(pane: &mut LogPane, seq: u64) -> (u8, Option<&'static str>) {
    let mut said = None;
    for tries in 0..100 {
        let Some(ask) = pane.ask(seq + u64::from(tries)) else { return (tries, said) };
        said = said.or(pane.take_old(seq + u64::from(tries), not_yet(ask), ROOM));
    }
    panic!("it asks again and again");
}

#[test]
fn they_are_asked_for_a_few_times_and_then_told_about() {
    for filtered in [false, true] {
        let mut pane = pane(12_600, 13_000);
        if filtered {
            pane.filter(pattern("^nowhere$"), false, ROOM);
            // What filling the screen wants is another story.
            while let Some(ask) = pane.ask(1) {
                pane.take_old(1, Files::of(13_000).answer(ask), ROOM);
            }
        }
        let lines = facts(&pane).lines;
        for round in 1..4 {
            pane.show_first(ROOM);
            pane.scroll(-5, ROOM);
            let (tries, said) = answer_not_yet(&mut pane, round * 1_000);
            assert_eq!(tries, MOST_TRIES);
            assert!(said.unwrap().contains("try again in a moment"));
            assert_eq!(facts(&pane).lines, lines, "and no note is left each time");
        }
        // A moment later they are there.
        pane.scroll(-5, ROOM);
        let mut files = Files { seq: 9_000, ..Files::of(13_000) };
        files.serve(&mut pane);
        assert!(files.asked > 0);
    }
}

#[test]
fn a_search_gives_up_as_well_and_goes_on_when_asked_again() {
    let mut pane = pane(12_600, 13_000);
    pane.search(pattern("^nowhere$"));
    pane.jump_to_nearest(ROOM).unwrap();
    let (tries, said) = answer_not_yet(&mut pane, 1_000);
    assert_eq!((tries, said.is_some()), (MOST_TRIES, true));
    pane.jump(false, ROOM).unwrap();
    let said = Files { seq: 9_000, ..Files::of(13_000) }.serve(&mut pane);
    assert!(said.unwrap().contains("begins here"));
}

#[test]
fn a_screen_that_is_to_be_filled_gives_up_too() {
    let mut pane = pane(2_998, 3_000);
    pane.show_first(ROOM);
    let (tries, said) = answer_not_yet(&mut pane, 1_000);
    assert!(tries <= MOST_TRIES + 1 && said.is_some(), "{tries}");
    come(&mut pane, 3_000..3_001);
    assert_eq!(pane.ask(2_000), None, "news of the log is no reason to ask again");
}
