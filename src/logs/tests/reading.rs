//! Reading back what has left memory.

use std::sync::mpsc;

use super::*;
use crate::model::{LogPlace, OldLines};

/// What is read for one request.
fn piece(logs: &Logs, before: LogPlace, lines: usize) -> OldLines {
    let (sender, receiver) = mpsc::channel();
    assert!(logs.read_back(A, before, lines, move |old| sender.send(old).unwrap()));
    receiver.recv_timeout(LONG).unwrap()
}

/// Everything before `before`, in pieces of `lines`, oldest first.
fn all_before(logs: &Logs, before: LogPlace, lines: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut next = Some(before);
    while let Some(before) = next {
        let old = piece(logs, before, lines);
        assert!(old.lines.len() <= lines);
        assert!(!old.lines.is_empty() || old.before.is_none(), "a piece brings something");
        next = old.before;
        pieces.push(old.lines);
    }
    pieces.into_iter().rev().flatten().map(|placed| placed.line.text.to_string()).collect()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

fn push_numbers(logs: &Logs, range: std::ops::Range<usize>) {
    for n in range {
        logs.push(A, line(&n.to_string()));
    }
}

/// The number of the oldest line in memory.
fn oldest(logs: &Logs) -> u64 {
    let (lines, next, _) = logs.lines_from(A, 0);
    next - lines.len() as u64
}

fn keeping(dir: &Path, max_size: u64, max_files: u32) -> Logs {
    let logs = Logs::start(Some(dir.to_owned()), max_size, max_files);
    logs.register(A, &StreamId::new("a").unwrap());
    logs
}

/// Waits until all that was pushed is in the files.
fn written(logs: &Logs) {
    wait_for("the writer", || {
        let mut state = logs.owner.shared.lock();
        state.hurry = true;
        logs.owner.shared.changed.notify_all();
        state.queue_bytes == 0
    });
}

#[test]
fn what_left_memory_comes_back_once_over_rotated_files() {
    let dir = tempfile::tempdir().unwrap();
    let logs = keeping(dir.path(), 10_000, 100);
    push_numbers(&logs, 0..3_000);
    let first = oldest(&logs);
    assert_eq!(first, 2_600);
    // Asked at once: what was not written yet is waited for.
    assert_eq!(all_before(&logs, LogPlace::Line(first), 1_000), numbers(0..2_600));
    assert!(fs::read_dir(dir.path()).unwrap().count() > 5, "it was rotated");
    // A pane may keep lines that the ring has dropped meanwhile, and ask from any of them.
    for number in [0_usize, 1, 17, 1_234, 2_999] {
        assert_eq!(all_before(&logs, LogPlace::Line(number as u64), 333), numbers(0..number), "{number}");
    }
    // Each line tells where it stands.
    let old = piece(&logs, LogPlace::Line(first), 100);
    for placed in &old.lines {
        let older = all_before(&logs, placed.place, 1_000);
        assert_eq!(older, numbers(0..placed.line.text.parse().unwrap()));
    }
}

#[test]
fn lines_are_told_apart_however_alike_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let logs = keeping(dir.path(), 1_000_000, 2);
    for _ in 0..RING_LINES + 500 {
        logs.push(A, line("the same"));
    }
    assert_eq!(all_before(&logs, LogPlace::Line(oldest(&logs)), 200).len(), 500);
}

#[test]
fn lines_come_back_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let logs = keeping(dir.path(), 1_000_000, 2);
    let levels = [LineLevel::Error, LineLevel::Warning, LineLevel::Info, LineLevel::Debug];
    let pushed: Vec<LogLine> = levels
        .into_iter()
        .zip(["plain", "  two  blanks ", "ünïcode ␛[31m", "x=1 WARNING y"])
        .map(|(level, text)| LogLine { wall_ms: WALL_MS, level, text: text.into() })
        .collect();
    for line in pushed.iter().chain([&line("after")]) {
        logs.push(A, line.clone());
    }
    let old = piece(&logs, LogPlace::Line(4), 100);
    assert_eq!(old.lines.into_iter().map(|placed| placed.line).collect::<Vec<_>>(), pushed);
    assert_eq!(old.before, None);
}

#[test]
fn an_earlier_run_is_read_too() {
    let dir = tempfile::tempdir().unwrap();
    let before = keeping(dir.path(), 1_000, 100);
    push_numbers(&before, 0..200);
    assert!(before.close(LONG));
    let logs = keeping(dir.path(), 1_000, 100);
    assert_eq!(all_before(&logs, LogPlace::Line(0), 70), numbers(0..200), "before any line of this run");
    push_numbers(&logs, 200..300);
    assert_eq!(all_before(&logs, LogPlace::Line(0), 70), numbers(0..200));
    assert_eq!(all_before(&logs, LogPlace::Line(50), 70), numbers(0..250));
}

#[test]
fn nothing_comes_twice_while_lines_are_written_and_files_rotated() {
    let dir = tempfile::tempdir().unwrap();
    // About 30 lines a file, four files.
    let logs = keeping(dir.path(), 1_200, 4);
    let mut next = 0;
    for round in 0..60 {
        push_numbers(&logs, next..next + 50);
        next += 50;
        if round % 3 == 0 {
            written(&logs);
        }
        // Read back while a further batch is rotating the files away.
        let mut before = Some(LogPlace::Line(oldest(&logs).max(next as u64 - 20)));
        let mut wanted = oldest(&logs).max(next as u64 - 20);
        while let Some(place) = before {
            push_numbers(&logs, next..next + 10);
            next += 10;
            let old = piece(&logs, place, 7);
            let texts: Vec<&str> = old.lines.iter().map(|placed| &*placed.line.text).collect();
            for text in texts.iter().rev() {
                match text.parse::<u64>() {
                    Ok(number) => {
                        wanted -= 1;
                        assert_eq!(number, wanted);
                    }
                    Err(_) => assert!(text.contains("rotated away"), "{text}"),
                }
            }
            before = old.before;
        }
    }
}

#[test]
fn lost_lines_are_told_where_they_are_missing() {
    let dir = tempfile::tempdir().unwrap();
    let logs = keeping(dir.path(), 1_000_000, 2);
    push_numbers(&logs, 0..3);
    written(&logs);
    logs.owner.shared.lock().streams.get_mut(&A).unwrap().dropped = 7;
    push_numbers(&logs, 3..6);
    let missing = "headend: 7 lines are missing here";
    assert_eq!(all_before(&logs, LogPlace::Line(3), 10), ["0", "1", "2", missing]);
    assert_eq!(all_before(&logs, LogPlace::Line(4), 10), ["0", "1", "2", missing, "3"]);
}

#[test]
fn a_line_that_reached_no_file_has_its_place_too() {
    let dir = tempfile::tempdir().unwrap();
    let logs = keeping(dir.path(), 1_000_000, 2);
    push_numbers(&logs, 0..2);
    written(&logs);
    let path = dir.path().join("a.log");
    let aside = dir.path().join("aside");
    fs::rename(&path, &aside).unwrap();
    fs::create_dir(&path).unwrap();
    push_numbers(&logs, 2..4);
    wait_for("the loss", || logs.dropped(A) == 2);
    fs::remove_dir(&path).unwrap();
    fs::rename(&aside, &path).unwrap();
    assert_eq!(all_before(&logs, LogPlace::Line(3), 10), ["0", "1"]);
    push_numbers(&logs, 4..6);
    let all = all_before(&logs, LogPlace::Line(6), 10);
    assert_eq!(all, ["0", "1", "headend: 2 lines are missing here", "4", "5"]);
}

#[test]
fn an_answer_is_bounded_in_lines_and_in_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let logs = keeping(dir.path(), 100_000_000, 2);
    push_numbers(&logs, 0..3_000);
    written(&logs);
    let old = piece(&logs, LogPlace::Line(3_000), usize::MAX);
    assert_eq!(old.lines.len(), MAX_READ_LINES);
    let long = "x".repeat(LogLine::MAX_BYTES);
    for round in 0..6 {
        for _ in 0..100 {
            logs.push(A, line(&long));
        }
        written(&logs);
        assert_eq!(logs.dropped(A), 0, "{round}");
    }
    let old = piece(&logs, LogPlace::Line(3_600), usize::MAX);
    let bytes: usize = old.lines.iter().map(|placed| placed.line.text.len()).sum();
    assert!(old.lines.len() > 100 && bytes as u64 <= READ_BYTES, "{} lines, {bytes} bytes", old.lines.len());
    assert!(old.before.is_some());
}

#[test]
fn requests_are_bounded_and_nobody_waits_for_another() {
    let dir = tempfile::tempdir().unwrap();
    let logs = keeping(dir.path(), 1_000_000, 2);
    push_numbers(&logs, 0..10);
    written(&logs);
    let (hold, waits) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let answer = move |_| {
        begun.send(()).unwrap();
        let _ = waits.recv();
    };
    assert!(logs.read_back(A, LogPlace::Line(5), 10, answer));
    has_begun.recv_timeout(LONG).unwrap();
    let (sender, receiver) = mpsc::channel();
    let ask = || {
        let sender = sender.clone();
        logs.read_back(A, LogPlace::Line(5), 10, move |old| drop(sender.send(old)))
    };
    let taken = (0..MAX_READS + 20).filter(|_| ask()).count();
    assert_eq!(taken, MAX_READS);
    push_numbers(&logs, 10..12);
    drop(hold);
    for _ in 0..MAX_READS {
        assert_eq!(receiver.recv_timeout(LONG).unwrap().lines.len(), 5);
    }
    assert!(logs.close(LONG));
}

#[test]
fn without_files_it_says_so() {
    let logs = logs(None, 1);
    push_numbers(&logs, 0..1_000);
    let old = piece(&logs, LogPlace::Line(600), 100);
    assert!(old.lines[0].line.text.contains("no log files are written"), "{old:?}");
    assert_eq!((old.lines.len(), old.before), (1, None));
    assert!(piece(&logs, LogPlace::File { turn: 3, offset: 9 }, 100).before.is_none());
}

#[test]
fn a_place_nobody_gave_harms_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let logs = keeping(dir.path(), 1_000_000, 2);
    push_numbers(&logs, 0..10);
    written(&logs);
    for turn in [i64::MIN, -1_000_000, -1, 1, 99, i64::MAX] {
        for offset in [0, 1, 17, u64::MAX] {
            let old = piece(&logs, LogPlace::File { turn, offset }, 100);
            assert!(old.lines.len() <= 2 && old.before.is_none(), "{turn} {offset} {old:?}");
        }
    }
    assert_eq!(piece(&logs, LogPlace::Line(u64::MAX), 100).lines.len(), 10);
    let past_the_end = piece(&logs, LogPlace::File { turn: 0, offset: u64::MAX }, 100);
    assert!(past_the_end.lines[0].line.text.contains("a.log is shorter than it was"));
}

#[test]
fn files_that_someone_else_changed_are_told_and_bring_no_line_twice() {
    for change in ["emptied", "removed", "replaced"] {
        let dir = tempfile::tempdir().unwrap();
        let logs = keeping(dir.path(), 1_000_000, 3);
        push_numbers(&logs, 0..10);
        written(&logs);
        let place = piece(&logs, LogPlace::Line(10), 5).before.unwrap();
        let path = dir.path().join("a.log");
        match change {
            "emptied" => fs::write(&path, "").unwrap(),
            "removed" => fs::remove_file(&path).unwrap(),
            _ => fs::write(&path, "2026-11-24T02:03:04.567Z INFO of someone else\n").unwrap(),
        }
        let old = piece(&logs, LogPlace::Line(8), 100);
        let ours = |old: &OldLines| old.lines.iter().any(|l| l.line.text.parse::<u64>().is_ok());
        assert!(!ours(&old), "{change}: {old:?}");
        push_numbers(&logs, 10..12);
        written(&logs);
        for before in [place, LogPlace::Line(5)] {
            let old = piece(&logs, before, 100);
            assert!(!ours(&old), "{change}: {old:?}");
            let told = &old.lines.last().unwrap().line.text;
            assert!(told.contains("someone else changed"), "{change}: {told}");
        }
        let all = all_before(&logs, LogPlace::Line(12), 100);
        assert_eq!(all.iter().filter(|text| text.parse::<u64>().is_ok()).count(), 2, "{change}: {all:?}");
    }
}

#[test]
fn a_file_that_can_not_be_read_is_told_and_passed_by() {
    let dir = tempfile::tempdir().unwrap();
    let logs = keeping(dir.path(), 200, 9);
    push_numbers(&logs, 0..25);
    assert!(logs.close(LONG));
    let path = |n: u32| dir.path().join(format!("a.log.{n}"));
    assert!(path(4).exists());
    let kept = |n: u32| fs::read_to_string(path(n)).unwrap();
    let lost: usize = kept(2).lines().count() + kept(3).lines().count();
    fs::remove_file(path(2)).unwrap();
    fs::create_dir(path(2)).unwrap();
    fs::remove_file(path(3)).unwrap();
    let all = all_before(&logs, LogPlace::Line(25), 3);
    let told: Vec<&String> = all.iter().filter(|text| text.parse::<u64>().is_err()).collect();
    assert_eq!(
        told,
        ["headend: a.log.3 is not there", "headend: a.log.2 can't be read: it is not a plain file"]
    );
    assert_eq!(all.len(), 25 - lost + 2);
}

#[test]
fn whatever_stands_in_a_file_is_shown_and_nothing_more() {
    let good = b"2026-11-24T02:03:04.567Z INFO good\n".to_vec();
    let utf16: Vec<u8> = "2026 INFO hi\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, Vec<u8>, usize); 7] = [
        ("no stamp", b"what a core dump says\n\x1b[2J\xff\xfe\n".to_vec(), 2),
        ("half a line", b"2026-11-24T02:03:04.567Z WARN".to_vec(), 1),
        ("another encoding", utf16, 2),
        ("zeros", vec![0; 100_000], 2),
        ("no line end", vec![b'x'; 1_200_000], 19),
        ("blank lines", b"\n\n\n\n".to_vec(), 0),
        ("a secret", b"2026-11-24T02:03:04.567Z INFO http://u:p@h/x\n".to_vec(), 1),
    ];
    for (what, bytes, lines) in cases {
        let dir = tempfile::tempdir().unwrap();
        let text: Vec<u8> = [good.clone(), bytes].concat();
        fs::write(dir.path().join("a.log"), text).unwrap();
        let logs = keeping(dir.path(), 100_000_000, 2);
        let all = all_before(&logs, LogPlace::Line(0), 1_000);
        assert_eq!(all.len(), lines + 1, "{what}: {all:?}");
        // With no line end in it the good line is in one piece with what follows.
        assert!(all[0].contains("good"), "{what}: {all:?}");
        for text in &all {
            assert!(text.len() <= LogLine::MAX_BYTES && !text.contains('\u{1b}'), "{what}: {text}");
            assert!(!text.contains("u:p@"), "{text}");
            assert!(text.contains("good") || text.starts_with("headend: damaged") || what == "a secret");
        }
    }
}
