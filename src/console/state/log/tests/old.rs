//! Lines that are no longer in memory: asked for, taken in, found, given up.

use std::collections::BTreeSet;

use super::*;

#[test]
fn old_lines_come_when_one_scrolls_beyond_the_oldest() {
    let mut pane = pane(2_600, 3_000);
    let mut files = Files::of(3_000);
    assert_eq!(files.serve(&mut pane), None);
    assert_eq!(files.asked, 0, "the screen is full");
    pane.show_first(ROOM);
    files.serve(&mut pane);
    assert_eq!((files.asked, first(&pane)), (0, "2600".into()));
    pane.scroll(-3, ROOM);
    assert_eq!(first(&pane), "2600", "not here yet");
    files.serve(&mut pane);
    assert_eq!((first(&pane), facts(&pane).lines, facts(&pane).reading), ("2597".into(), 1_400, false));
    // To the first line again and again, to the begin of the log.
    for (lines, top) in [(2_400, "600"), (3_000, "0"), (3_000, "0")] {
        pane.show_first(ROOM);
        pane.show_first(ROOM);
        files.serve(&mut pane);
        assert_eq!((facts(&pane).lines, first(&pane).as_str()), (lines, top));
    }
    assert!(facts(&pane).from_begin && !pane.follows());
    assert_eq!(files.asked, 3);
    let all: Vec<String> = pane.to_save().into_iter().map(|saved| saved.line.text.to_string()).collect();
    assert_eq!(all, (0..3_000).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_screen_that_is_not_full_is_filled_with_old_lines() {
    let mut pane = pane(2_997, 3_000);
    let mut files = Files::of(3_000);
    files.serve(&mut pane);
    assert_eq!((files.asked, texts(&pane).len(), pane.follows()), (1, 10, true));
    // A filter that hides nearly all looks a little further, and no further.
    pane.filter(pattern("^(2500|17)$"), false, ROOM);
    assert_eq!(texts(&pane), ["2500"]);
    files.serve(&mut pane);
    assert_eq!((texts(&pane).len(), files.asked), (2, 3));
    let mut long = self::pane(50_000, 50_400);
    let mut files = Files::of(50_400);
    long.filter(pattern("^7$"), false, ROOM);
    files.serve(&mut long);
    assert_eq!((files.asked, texts(&long).len()), (4, 0));
    // Who scrolls up goes on until something is found.
    long.scroll(-1, ROOM);
    files.serve(&mut long);
    assert_eq!(texts(&long), Vec::<String>::new(), "there is nothing to scroll");
}

#[test]
fn scrolling_through_a_filter_reads_until_something_is_found() {
    let mut pane = pane(50_000, 50_400);
    let mut files = Files::of(50_400);
    pane.filter(pattern("^(7|503..)$"), false, ROOM);
    pane.show_first(ROOM);
    pane.scroll(-2, ROOM);
    files.serve(&mut pane);
    assert_eq!((first(&pane), files.asked), ("7".into(), 50));
    assert!(texts(&pane)[1].starts_with("gap"));
    assert!(facts(&pane).lines <= MAX_LINES);
    // Whoever moves on meanwhile is not moved when it comes.
    let mut pane = self::pane(50_000, 50_400);
    pane.show_first(ROOM);
    pane.scroll(-1, ROOM);
    let ask = pane.ask(7).unwrap();
    pane.scroll(5, ROOM);
    let before = texts(&pane);
    pane.take_old(7, files.answer(ask), ROOM);
    assert_eq!((texts(&pane), pane.ask(8)), (before, None));
}

#[test]
fn reading_far_back_gives_up_the_middle_and_the_end_gives_up_the_old() {
    let end = 60_000;
    let mut pane = pane(end - 400, end);
    let mut files = Files::of(end + 50);
    for _ in 0..40 {
        pane.show_first(ROOM);
        pane.show_first(ROOM);
        files.serve(&mut pane);
        assert!(facts(&pane).lines <= MAX_LINES);
    }
    assert_eq!(first(&pane), (end - 40_400).to_string());
    // Down to the gap: what is missing is said, and counted right.
    let mut seen = BTreeSet::new();
    let gap = loop {
        let rows = texts(&pane);
        if let Some(gap) = rows.iter().find_map(|text| text.strip_prefix("gap ")) {
            break gap.parse::<u64>().unwrap();
        }
        seen.extend(rows);
        pane.scroll(10, ROOM);
    };
    assert_eq!(gap + facts(&pane).lines as u64, 40_400);
    assert!(seen.len() > MAX_LINES - 2 * TAIL - 20, "{}", seen.len());
    come(&mut pane, end..end + 50);
    pane.show_last();
    assert_eq!(last(&pane), (end + 49).to_string());
    assert!(facts(&pane).lines < 2 * TAIL);
    // And back again: what gave way is read anew, once.
    for _ in 0..3 {
        pane.show_first(ROOM);
        pane.show_first(ROOM);
        files.serve(&mut pane);
    }
    let numbers: Vec<u64> = pane.to_save().iter().map(|saved| saved.line.text.parse().unwrap()).collect();
    assert_eq!(numbers, (numbers[0]..end + 50).collect::<Vec<_>>());
    assert!(numbers.len() > 3_000);
}

#[test]
fn an_answer_for_what_is_no_longer_open_is_ignored() {
    let mut pane = pane(600, 1_000);
    let files = Files::of(1_000);
    pane.show_first(ROOM);
    pane.scroll(-1, ROOM);
    let ask = pane.ask(3).unwrap();
    pane.open(vec![(A, "alpha".into())]);
    pane.take_in(news(A, 700, numbered(700..1_000), true), ROOM);
    pane.show_first(ROOM);
    pane.scroll(-1, ROOM);
    assert_eq!(pane.ask(4), None, "the one before has not been answered");
    assert!(!facts(&pane).reading);
    pane.take_old(3, files.answer(ask), ROOM);
    assert_eq!(facts(&pane).lines, 300);
    let ask = pane.ask(5).unwrap();
    assert_eq!(ask.before, LogPlace::Line(700));
    assert!(!pane.refused(4) && pane.refused(5));
    assert_eq!(pane.ask(6), None, "a refusal is not asked again by itself");
    pane.take_old(5, files.answer(ask), ROOM);
    assert_eq!(facts(&pane).lines, 300);
}

#[test]
fn a_search_goes_from_hit_to_hit_and_on_into_old_lines() {
    let mut pane = pane(2_600, 3_000);
    let mut files = Files::of(3_000);
    pane.search(pattern("77$"));
    assert_eq!(facts(&pane).hits, Some((None, 4)));
    pane.jump_to_nearest(ROOM).unwrap();
    let current =
        |pane: &LogPane| pane.lines.get(pane.cursor().unwrap()).unwrap().line().unwrap().text.to_string();
    assert_eq!((current(&pane), facts(&pane).hits), ("2977".into(), Some((Some(4), 4))));
    assert!(texts(&pane).contains(&"2977".into()) && !pane.follows());
    for wanted in ["2877", "2777", "2677"] {
        pane.jump(false, ROOM).unwrap();
        assert_eq!(current(&pane), wanted);
    }
    pane.jump(true, ROOM).unwrap();
    assert_eq!(current(&pane), "2777");
    pane.jump(false, ROOM).unwrap();
    // Above the oldest: read until there is one.
    pane.jump(false, ROOM).unwrap();
    assert_eq!(current(&pane), "2677");
    files.serve(&mut pane);
    assert_eq!((current(&pane), files.asked), ("2577".into(), 1));
    assert!(texts(&pane).contains(&"2577".into()));
    // To the begin, and no further.
    pane.search(pattern("^17$"));
    pane.jump(false, ROOM).unwrap();
    files.serve(&mut pane);
    assert_eq!(current(&pane), "17");
    pane.jump(false, ROOM).unwrap_err();
    pane.jump(true, ROOM).unwrap_err();
    pane.search(None);
    assert_eq!((pane.cursor(), facts(&pane).hits), (None, None));
}

#[test]
fn a_search_for_what_is_nowhere_says_so_at_the_begin() {
    let mut pane = pane(2_600, 3_000);
    let mut files = Files::of(3_000);
    pane.search(pattern("nowhere"));
    pane.jump_to_nearest(ROOM).unwrap();
    assert!(files.serve(&mut pane).unwrap().contains("begins here"));
    assert_eq!(pane.jump(true, ROOM), Err("no hit below"));
    // Only below: that one, then.
    pane.search(pattern("^2999$"));
    pane.show_first(ROOM);
    pane.jump_to_nearest(ROOM).unwrap();
    assert_eq!(last(&pane), "2999");
}

#[test]
fn a_selection_goes_on_into_old_lines() {
    let mut pane = pane(2_600, 3_000);
    let mut files = Files::of(3_000);
    pane.select(ROOM);
    pane.show_first(ROOM);
    pane.scroll(-1, ROOM);
    files.serve(&mut pane);
    pane.scroll(-5, ROOM);
    assert_eq!((first(&pane), pane.copied(ROOM).of), ("2595".into(), 405));
}

#[test]
fn lines_without_a_time_stand_where_they_stood() {
    let mut pane = pane(5, 8);
    let lines = [line(T + 1, "1"), line(0, "headend: damaged: x"), line(0, "headend: y"), line(T + 4, "4")];
    let place = |offset| LogPlace::File { turn: 0, offset };
    let lines = (0..).zip(lines).map(|(n, line)| PlacedLine { place: place(n), line }).collect();
    pane.show_first(ROOM);
    pane.scroll(-1, ROOM);
    pane.ask(1).unwrap();
    pane.take_old(1, OldLines { lines, before: None }, ROOM);
    assert_eq!(texts(&pane), ["1", "headend: damaged: x", "headend: y", "4", "5", "6", "7"]);
    // Nor do they harm a pane that has no other.
    let mut pane = self::pane(0, 0);
    assert!(pane.ask(1).is_some());
    let only = PlacedLine { place: place(0), line: line(0, "headend: no log files are written") };
    pane.take_old(1, OldLines { lines: vec![only], before: None }, ROOM);
    come(&mut pane, 0..2);
    assert_eq!(texts(&pane), ["headend: no log files are written", "0", "1"]);
}
