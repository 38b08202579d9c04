//! The pane alone: what is on its screen after what has come and what was pressed.

mod anything;
mod not_yet;
mod old;

use super::lines::{MAX_LINES, TAIL};
use super::pattern::Pattern;
use super::taking::COPY_BYTES;
use super::*;
use crate::model::{LineLevel, LogLine, PlacedLine};

const ROOM: Room = Room { width: 80, height: 10 };
const A: StreamIx = StreamIx(1);
const B: StreamIx = StreamIx(2);
/// Line numbers are their times too, after this.
const T: u64 = 1_000_000;

fn line(wall_ms: u64, text: &str) -> LogLine {
    LogLine { wall_ms, level: LineLevel::Info, text: text.into() }
}

fn numbered(range: std::ops::Range<u64>) -> Vec<LogLine> {
    range.map(|n| line(T + n, &n.to_string())).collect()
}

fn news(stream: StreamIx, first: u64, lines: Vec<LogLine>, fresh: bool) -> News {
    News { stream, first, lines, missed: 0, fresh }
}

/// A pane of one stream that has lines from `first` to `end`.
fn pane(first: u64, end: u64) -> LogPane {
    let mut pane = LogPane::default();
    pane.open(vec![(A, "alpha".into())]);
    pane.take_in(news(A, first, numbered(first..end), true), ROOM);
    pane
}

fn come(pane: &mut LogPane, range: std::ops::Range<u64>) {
    pane.take_in(news(A, range.start, numbered(range), false), ROOM);
}

/// The texts on the screen.
fn texts(pane: &LogPane) -> Vec<String> {
    let text = |row: &Row| match &row.entry.what {
        What::Line { line, .. } => line.text[row.text.clone()].to_owned(),
        What::Mark(at) => format!("mark {at}"),
        What::Missed(count) => format!("missed {count}"),
        What::Gap(count) => format!("gap {count}"),
    };
    pane.page(ROOM).iter().map(text).collect()
}

fn last(pane: &LogPane) -> String {
    texts(pane).pop().unwrap()
}

fn first(pane: &LogPane) -> String {
    texts(pane).swap_remove(0)
}

fn facts(pane: &LogPane) -> Facts {
    pane.facts(ROOM)
}

fn pattern(text: &str) -> Option<Pattern> {
    Pattern::new(text).ok()
}

/// A log whose lines before those in memory are in files: answers what the pane asks, as the
/// supervisor does.
struct Files {
    seq: u64,
    /// Of each stream, the lines by their numbers.
    lines: Vec<(StreamIx, Vec<LogLine>)>,
    /// Requests answered so far.
    asked: usize,
}

impl Files {
    fn new(lines: Vec<(StreamIx, Vec<LogLine>)>) -> Self {
        Self { seq: 0, lines, asked: 0 }
    }

    fn of(end: u64) -> Self {
        Self::new(vec![(A, numbered(0..end))])
    }

    fn answer(&self, ask: Ask) -> OldLines {
        let (_, all) = self.lines.iter().find(|(stream, _)| *stream == ask.stream).unwrap();
        let end = match ask.before {
            LogPlace::Line(number) => usize::try_from(number).unwrap(),
            LogPlace::File { offset, .. } => usize::try_from(offset).unwrap(),
        };
        let begin = end.saturating_sub(ask.lines);
        let place = |at: usize| LogPlace::File { turn: 0, offset: at as u64 };
        let lines = (begin..end).map(|at| PlacedLine { place: place(at), line: all[at].clone() });
        OldLines { lines: lines.collect(), before: (begin > 0).then(|| place(begin)) }
    }

    /// Answers everything the pane asks for now; what it says at the end.
    fn serve(&mut self, pane: &mut LogPane) -> Option<&'static str> {
        let mut said = None;
        self.seq += 1;
        while let Some(ask) = pane.ask(self.seq) {
            assert!(pane.ask(self.seq + 1).is_none(), "one at a time");
            assert!(facts(pane).reading);
            self.asked += 1;
            said = said.or(pane.take_old(self.seq, self.answer(ask), ROOM));
            self.seq += 1;
        }
        said
    }
}

#[test]
fn scrolling_leaves_following_and_the_end_resumes_it() {
    let mut pane = pane(0, 100);
    assert!(pane.follows());
    pane.scroll(-5, ROOM);
    assert!(!pane.follows());
    assert_eq!(last(&pane), "94");
    come(&mut pane, 100..150);
    assert_eq!(last(&pane), "94", "new lines don't move what is being read");
    assert_eq!(facts(&pane).below, 55);
    pane.scroll(55, ROOM);
    assert!(pane.follows());
    pane.show_first(ROOM);
    assert_eq!((first(&pane), last(&pane)), ("0".into(), "9".into()), "the first page is a full page");
    pane.show_last();
    assert_eq!(last(&pane), "149");
}

#[test]
fn a_short_log_can_not_be_scrolled() {
    let mut pane = pane(0, 0);
    pane.scroll(-5, ROOM);
    assert!(pane.follows() && pane.page(ROOM).is_empty());
    come(&mut pane, 0..4);
    pane.scroll(-5, ROOM);
    pane.show_first(ROOM);
    assert!(pane.follows());
    assert_eq!(texts(&pane), ["0", "1", "2", "3"]);
}

#[test]
fn the_pane_is_bounded_and_keeps_its_place_when_old_lines_go() {
    let end = MAX_LINES as u64;
    let mut pane = pane(0, end);
    pane.scroll(-100, ROOM);
    assert_eq!(last(&pane), (end - 101).to_string());
    come(&mut pane, end..end + 500);
    assert_eq!(facts(&pane).lines, MAX_LINES);
    assert_eq!(last(&pane), (end - 101).to_string());
    pane.show_first(ROOM);
    assert_eq!(first(&pane), "500");
    // Whoever reads the oldest ones keeps them too.
    come(&mut pane, end + 500..end + 1_500);
    assert_eq!((first(&pane), facts(&pane).lines <= MAX_LINES), ("500".into(), true));
}

#[test]
fn what_was_before_the_subscription_is_forgotten() {
    let mut pane = pane(0, 50);
    pane.mark(T, ROOM);
    pane.take_in(News { missed: 7, ..news(A, 57, numbered(57..60), false) }, ROOM);
    assert_eq!((facts(&pane).missed, texts(&pane)[6].as_str()), (7, "missed 7"));
    pane.open(vec![(A, "alpha".into())]);
    come(&mut pane, 60..70);
    assert_eq!(facts(&pane).lines, 0, "of the subscription before");
    pane.take_in(news(A, 60, numbered(60..70), true), ROOM);
    pane.take_in(news(B, 0, numbered(0..5), true), ROOM);
    assert_eq!((facts(&pane).lines, facts(&pane).missed), (10, 0));
    pane.take_in(news(A, 68, numbered(68..72), true), ROOM);
    assert_eq!(facts(&pane).lines, 4, "told anew, it is not there twice");
}

#[test]
fn long_lines_scroll_row_by_row_when_they_wrap() {
    let mut pane = LogPane { wrap: true, ..LogPane::default() };
    pane.open(vec![(A, "alpha".into())]);
    let words: Vec<String> = (0..200).map(|n| format!("word{n}")).collect();
    let long = words.join(" ");
    let lines = vec![line(T, "before"), line(T, &long), line(T, "after")];
    pane.take_in(news(A, 0, lines, true), ROOM);
    let mut files = Files::of(0);
    files.serve(&mut pane);
    let end = texts(&pane);
    assert_eq!(end[9], "after");
    assert!(end[8].ends_with("word199"), "{end:?}");
    pane.scroll(-1, ROOM);
    assert_eq!(last(&pane), end[8], "one row, not one line");
    pane.show_first(ROOM);
    assert_eq!(first(&pane), "before");
    // Every row is seen on the way down.
    let mut seen = String::new();
    loop {
        let rows = texts(&pane);
        if pane.follows() {
            seen.push_str(&rows[..9].join(" "));
            break;
        }
        seen.push_str(&rows[0]);
        seen.push(' ');
        pane.scroll(1, ROOM);
    }
    assert_eq!(seen, format!("before {long}"));
}

#[test]
fn hidden_lines_are_counted_and_neither_scrolled_to_nor_found() {
    let mut pane = pane(0, 1_000);
    pane.filter(pattern("5"), true, ROOM);
    assert_eq!((facts(&pane).shown, facts(&pane).lines), (729, 1_000));
    assert!(!texts(&pane).iter().any(|text| text.contains('5')));
    pane.scroll(-700, ROOM);
    assert!(!texts(&pane).iter().any(|text| text.contains('5')));
    pane.search(pattern("^[45]0$"));
    assert_eq!(facts(&pane).hits, Some((None, 1)));
    come(&mut pane, 1_000..1_006);
    assert_eq!((facts(&pane).shown, facts(&pane).lines), (734, 1_006));
    // What was looked at stays in sight when the filter goes, or comes.
    pane.jump_to_nearest(ROOM).unwrap();
    let spot = pane.cursor().unwrap();
    pane.show_all(ROOM);
    assert!(pane.page(ROOM).iter().any(|row| row.spot == spot), "{:?}", texts(&pane));
    pane.filter(pattern("^40$"), false, ROOM);
    assert_eq!(texts(&pane), ["40"]);
}

#[test]
fn severity_hides_what_is_less_grave() {
    let mut pane = LogPane::default();
    pane.open(vec![(A, "alpha".into())]);
    let levels = [LineLevel::Debug, LineLevel::Info, LineLevel::Warning, LineLevel::Error];
    let lines = levels.map(|level| LogLine { level, ..line(T, level.word()) }).to_vec();
    pane.take_in(news(A, 0, lines, true), ROOM);
    for shown in [3, 2, 1, 4] {
        pane.next_level(ROOM);
        assert_eq!(texts(&pane).len(), shown);
    }
}

#[test]
fn typing_a_pattern_can_be_taken_back() {
    let mut pane = pane(0, 100);
    pane.filter(pattern("1"), false, ROOM);
    pane.begin_typing();
    pane.filter(pattern("2"), false, ROOM);
    pane.drop_typing(ROOM);
    assert_eq!(pane.sieve().typed(), "1");
    assert_eq!(last(&pane), "91");
    pane.begin_typing();
    pane.filter(pattern("2"), true, ROOM);
    pane.end_typing();
    pane.drop_typing(ROOM);
    assert_eq!(pane.sieve().typed(), "!2");
}

#[test]
fn marks_stand_where_they_were_set_and_are_bounded() {
    let mut pane = pane(0, 100);
    pane.mark(11, ROOM);
    come(&mut pane, 100..103);
    assert_eq!(texts(&pane)[5..], ["99", "mark 11", "100", "101", "102"]);
    pane.show_first(ROOM);
    pane.mark(22, ROOM);
    pane.scroll(1, ROOM);
    assert_eq!(last(&pane), "mark 22");
    assert_eq!(pane.jump_to_mark(false, ROOM), Err("no mark above"));
    pane.jump_to_mark(true, ROOM).unwrap();
    assert_eq!(first(&pane), "mark 22");
    pane.jump_to_mark(true, ROOM).unwrap();
    assert!(texts(&pane).contains(&"mark 11".into()));
    pane.jump_to_mark(false, ROOM).unwrap();
    assert_eq!(first(&pane), "mark 22");
    // A filter hides no mark, and no mark is counted as a line.
    pane.filter(pattern("nothing"), false, ROOM);
    assert_eq!(texts(&pane), ["mark 22", "mark 11"]);
    assert_eq!((facts(&pane).shown, facts(&pane).lines), (0, 103));
    pane.show_all(ROOM);
    pane.show_last();
    for at in 100..100 + MAX_MARKS as u64 {
        pane.mark(at, ROOM);
    }
    let marks = pane.lines.all().filter_map(|(_, entry)| match entry.what {
        What::Mark(at) => Some(at),
        _ => None,
    });
    let marks: Vec<u64> = marks.collect();
    assert_eq!(marks, (100..100 + MAX_MARKS as u64).collect::<Vec<_>>(), "the oldest went");
    LogPane::default().mark(1, ROOM);
}

#[test]
fn lines_are_selected_and_copied_as_they_stand_in_the_file() {
    let mut pane = pane(0, 100);
    let stamped = |n: u64| format!("1970-01-01T00:16:40.{n:03}Z INFO {n}");
    assert_eq!(pane.copied(ROOM).text, stamped(99), "without a selection: the current line");
    pane.select(ROOM);
    pane.scroll(-14, ROOM);
    assert!(!pane.follows());
    assert_eq!(first(&pane), "85", "what is selected stays in sight");
    let selected = pane.page(ROOM).iter().filter(|row| pane.is_selected(row.spot)).count();
    assert_eq!(selected, 10);
    let copied = pane.copied(ROOM);
    assert_eq!((copied.lines, copied.of), (15, 15));
    assert_eq!(copied.text, (85..100).map(stamped).collect::<Vec<_>>().join("\n"));
    pane.mark(5, ROOM);
    pane.filter(pattern("[02468]$"), false, ROOM);
    assert_eq!(pane.copied(ROOM).lines, 7, "only what is shown");
    assert_eq!(pane.to_save().len(), 7);
    assert!(pane.unselect() && !pane.unselect());
    assert_eq!((pane.to_save().len(), pane.cursor()), (50, None));
    let from: usize = last(&pane).parse().unwrap();
    pane.select(ROOM);
    pane.show_first(ROOM);
    assert_eq!((pane.copied(ROOM).of, first(&pane)), (from / 2 + 1, "0".into()));
    pane.show_last();
    pane.scroll(5, ROOM);
    assert_eq!((pane.copied(ROOM).lines, last(&pane)), ((98 - from) / 2 + 1, "98".into()));
    assert_eq!(LogPane::default().copied(ROOM).lines, 0);
}

#[test]
fn copying_is_bounded_and_tells_what_is_left_out() {
    let mut pane = LogPane::default();
    pane.open(vec![(A, "alpha".into())]);
    let lines = (0..100).map(|n| line(T + n, &"é".repeat(1_024))).collect();
    pane.take_in(news(A, 0, lines, true), ROOM);
    pane.show_first(ROOM);
    pane.select(ROOM);
    pane.show_last();
    let copied = pane.copied(ROOM);
    assert!(copied.text.len() <= COPY_BYTES && copied.lines < copied.of, "{copied:?}");
    assert_eq!(copied.text.lines().count(), copied.lines, "whole lines only");
}

#[test]
fn several_logs_are_merged_by_time_with_their_names() {
    let mut pane = LogPane::default();
    pane.open(vec![(A, "alpha".into()), (B, "beta".into())]);
    let at = |times: &[u64], name: &str| times.iter().map(|t| line(T + t, &format!("{name}{t}"))).collect();
    pane.take_in(news(A, 0, at(&[10, 30, 50], "a"), true), ROOM);
    pane.take_in(news(B, 0, at(&[10, 20, 60], "b"), true), ROOM);
    assert_eq!(texts(&pane), ["a10", "b10", "b20", "a30", "a50", "b60"]);
    // A line of an earlier time comes later, as the streams are read one after the other.
    pane.scroll(-1, ROOM);
    pane.take_in(news(A, 3, at(&[55, 70], "a"), false), ROOM);
    // A clock that was set back turns nothing round within a log.
    pane.take_in(news(B, 3, at(&[5, 80], "b"), false), ROOM);
    assert_eq!(texts(&pane), ["a10", "b10", "b20", "a30", "a50", "a55", "b60", "b5", "a70", "b80"]);
    let saved: Vec<String> = pane.to_save().iter().map(super::taking::Saved::text).collect();
    assert!(saved[0].ends_with("INFO alpha: a10") && saved[1].ends_with("INFO beta: b10"), "{saved:?}");
    assert_eq!(pane.name_width(80), 5);
}

#[test]
fn of_merged_logs_only_what_is_whole_is_shown() {
    // Of alpha the last 400 of 2,000 are in memory, of the quiet beta all.
    let quiet: Vec<LogLine> = (0..20).map(|n| line(T + n * 100, &format!("b{n}"))).collect();
    let mut files = Files::new(vec![(A, numbered(0..2_000)), (B, quiet.clone())]);
    let mut pane = LogPane::default();
    pane.open(vec![(A, "alpha".into()), (B, "beta".into())]);
    pane.take_in(news(A, 1_600, numbered(1_600..2_000), true), ROOM);
    pane.take_in(news(B, 0, quiet, true), ROOM);
    files.serve(&mut pane);
    pane.show_first(ROOM);
    assert_eq!(first(&pane), "1600", "above it lines of alpha are missing");
    pane.scroll(-1, ROOM);
    files.serve(&mut pane);
    assert_eq!(first(&pane), "1599");
    pane.show_first(ROOM);
    assert_eq!(first(&pane), "600");
    for _ in 0..4 {
        pane.show_first(ROOM);
        pane.show_first(ROOM);
        files.serve(&mut pane);
    }
    assert_eq!(texts(&pane)[..2], ["0", "b0"]);
    assert!(facts(&pane).from_begin);
    let keys: Vec<u64> = pane.lines.all().map(|(_, entry)| entry.key).collect();
    assert!(keys.is_sorted() && keys.len() == 2_020);
}

#[test]
fn hostile_lines_are_clean_here_too() {
    let mut pane = LogPane::default();
    pane.open(vec![(A, "alpha".into())]);
    pane.take_in(news(A, 0, vec![line(T, "a\u{1b}[2J\u{202e}b")], true), ROOM);
    assert_eq!(texts(&pane), ["a␛[2J\u{fffd}b"]);
}
