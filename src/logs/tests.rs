use std::fs;
use std::path::Path;

use super::*;
use crate::model::LineLevel;

mod reading;

const LONG: Duration = Duration::from_secs(20);
const A: StreamIx = StreamIx(0);
const B: StreamIx = StreamIx(1);
/// 2026-11-24T02:03:04.567Z
const WALL_MS: u64 = 1_795_485_784_567;

fn line(text: &str) -> LogLine {
    LogLine { wall_ms: WALL_MS, level: LineLevel::Warning, text: text.into() }
}

fn logs(dir: Option<&Path>, max_size: u64) -> Logs {
    let logs = Logs::start(dir.map(Path::to_owned), max_size, 3);
    logs.register(A, &StreamId::new("a").unwrap());
    logs.register(B, &StreamId::new("b").unwrap());
    logs
}

/// Waits until what `seen` looks for is there.
fn wait_for(what: &str, mut seen: impl FnMut() -> bool) {
    let start = Instant::now();
    while !seen() {
        assert!(start.elapsed() < LONG, "never came: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn texts(lines: &[LogLine]) -> Vec<&str> {
    lines.iter().map(|line| &*line.text).collect()
}

/// A small file system of its own, where the test may mount one.
struct Mounted(tempfile::TempDir);

impl Mounted {
    fn tmpfs(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mount = ["-t", "tmpfs", "-o", &options, "tmpfs"];
        let done = std::process::Command::new("mount").args(mount).arg(dir.path()).output();
        done.is_ok_and(|output| output.status.success()).then_some(Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[test]
fn lines_reach_their_own_files_in_order_and_in_form() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(Some(dir.path()), 1_000_000);
    logs.push(A, line("one"));
    logs.push(B, line("other"));
    logs.push(A, line("two\nfake \u{1b}[31m"));
    assert!(logs.close(LONG));
    let text = fs::read_to_string(dir.path().join("a.log")).unwrap();
    let stamp = "2026-11-24T02:03:04.567Z WARNING";
    assert_eq!(text, format!("{stamp} one\n{stamp} two␊fake ␛[31m\n"));
    assert_eq!(fs::read_to_string(dir.path().join("b.log")).unwrap(), format!("{stamp} other\n"));
    assert_eq!(logs.trouble(), None);
    assert_eq!(logs.dropped(A), 0);
}

#[test]
fn the_writer_writes_without_being_closed_and_holds_no_file_open() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(Some(dir.path()), 1_000_000);
    let path = dir.path().join("a.log");
    for (n, word) in ["one", "two"].iter().enumerate() {
        logs.push(A, line(word));
        wait_for(word, || fs::read_to_string(&path).is_ok_and(|text| text.lines().count() == n + 1));
    }
    let held = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let targets = held.filter_map(|entry| fs::read_link(entry.path()).ok());
    assert_eq!(targets.filter(|target| target == &path).count(), 0);
}

#[test]
fn the_tail_is_read_by_number_and_tells_what_is_gone() {
    let logs = logs(None, 1);
    assert_eq!(logs.lines_from(A, 0), (vec![], 0, 0));
    for n in 0..RING_LINES + 10 {
        logs.push(A, line(&n.to_string()));
    }
    let (lines, next, missed) = logs.lines_from(A, 0);
    assert_eq!((lines.len(), next, missed), (RING_LINES, RING_LINES as u64 + 10, 10));
    assert_eq!(&*lines[0].text, "10");
    let (lines, next, missed) = logs.lines_from(A, 408);
    assert_eq!((texts(&lines), next, missed), (vec!["408", "409"], 410, 0));
    assert_eq!(logs.lines_from(A, 410), (vec![], 410, 0));
    assert_eq!(logs.lines_from(A, 9_999), (vec![], 410, 0), "a number from another run");
    assert_eq!(logs.next_number(A), 410);
    assert_eq!(logs.next_number(B), 0);
    assert_eq!(logs.dropped(A), 0, "there is no file it could be missing from");
}

#[test]
fn a_stream_that_is_gone_has_no_lines_in_memory_and_one_that_comes_back_counts_on() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(Some(dir.path()), 1_000_000);
    (0..3).for_each(|n| logs.push(A, line(&format!("line {n}"))));
    logs.retire(A);
    logs.retire(A);
    logs.push(A, line("said by nobody"));
    assert_eq!(logs.lines_from(A, 0), (Vec::new(), 3, 3));
    logs.register(A, &StreamId::new("a").unwrap());
    logs.push(A, line("back"));
    let (lines, next, missed) = logs.lines_from(A, 0);
    assert_eq!((texts(&lines), next, missed), (vec!["back"], 4, 3));
    assert!(logs.close(LONG));
    let written = fs::read_to_string(dir.path().join("a.log")).unwrap();
    assert!(
        written.contains("line 2") && written.contains("back") && !written.contains("nobody"),
        "{written}"
    );
}

#[test]
fn the_tail_is_bounded_by_memory() {
    let logs = logs(None, 1);
    let long = "x".repeat(LogLine::MAX_BYTES);
    for _ in 0..1_000 {
        logs.push(A, line(&long));
    }
    let state = logs.owner.shared.lock();
    let bytes = state.streams[&A].ring.bytes();
    assert!(bytes <= RING_BYTES && bytes > RING_BYTES - 2 * LogLine::MAX_BYTES, "{bytes}");
    const { assert!(200 * RING_BYTES < 10 * 1_024 * 1_024) }
}

#[test]
fn many_streams_share_a_fixed_amount_of_memory() {
    let logs = Logs::start(None, 1, 1);
    let count = 10_000;
    for n in 0..count {
        logs.register(StreamIx(n), &StreamId::new(&format!("s{n}")).unwrap());
    }
    let text: Arc<str> = "x".repeat(1_000).into();
    for n in 0..count {
        for _ in 0..60 {
            logs.push(StreamIx(n), LogLine { text: Arc::clone(&text), ..line("") });
        }
    }
    let state = logs.owner.shared.lock();
    let bytes: usize = state.streams.values().map(|stream| stream.ring.bytes()).sum();
    assert!(bytes <= RINGS_BYTES && bytes > RINGS_BYTES / 2, "{bytes}");
}

#[test]
fn a_flood_is_bounded_counted_and_hurts_no_other_stream() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(Some(dir.path()), 1_000_000_000);
    let long = "x".repeat(2_000);
    let flood = 5_000;
    for _ in 0..flood {
        logs.push(A, line(&long));
        let state = logs.owner.shared.lock();
        assert!(state.streams[&A].queued_bytes <= QUEUE_BYTES_PER_STREAM);
        assert!(state.queue_bytes <= QUEUE_BYTES);
    }
    logs.push(B, line("still heard"));
    assert!(logs.close(LONG));
    let dropped = logs.dropped(A);
    assert!(dropped > 0);
    assert_eq!(logs.dropped(B), 0);
    assert!(fs::read_to_string(dir.path().join("b.log")).unwrap().contains("still heard"));
    let text = fs::read_to_string(dir.path().join("a.log")).unwrap();
    let arrived = text.lines().filter(|line| line.ends_with("xx")).count() as u64;
    assert_eq!(arrived + dropped, flood, "each line is in the file or counted");
    let state = logs.owner.shared.lock();
    assert_eq!((state.queue_bytes, state.streams[&A].queued_bytes), (0, 0));
}

#[test]
fn all_streams_together_are_bounded_too() {
    let dir = tempfile::tempdir().unwrap();
    let logs = Logs::start(Some(dir.path().to_owned()), 1_000_000_000, 1);
    let streams = 3 * QUEUE_BYTES / QUEUE_BYTES_PER_STREAM;
    let text: Arc<str> = "x".repeat(LogLine::MAX_BYTES).into();
    for n in 0..streams {
        let ix = StreamIx(u32::try_from(n).unwrap());
        logs.register(ix, &StreamId::new(&format!("s{n}")).unwrap());
        for _ in 0..QUEUE_BYTES_PER_STREAM / LogLine::MAX_BYTES {
            logs.push(ix, LogLine { text: Arc::clone(&text), ..line("") });
            assert!(logs.owner.shared.lock().queue_bytes <= QUEUE_BYTES);
        }
    }
}

#[test]
fn lost_lines_are_told_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(Some(dir.path()), 1_000_000);
    logs.owner.shared.lock().streams.get_mut(&A).unwrap().dropped = 7;
    logs.push(A, line("after"));
    assert!(logs.close(LONG));
    let text = fs::read_to_string(dir.path().join("a.log")).unwrap();
    let told: Vec<_> = text.lines().collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].ends_with("headend: 7 lines are missing here") && told[1].ends_with("after"), "{told:?}");
}

#[test]
fn a_folder_that_cannot_be_is_trouble_until_it_can() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("logs");
    fs::write(&place, "a file in the folder's place").unwrap();
    let logs = logs(Some(&place), 1_000_000);
    wait_for("trouble before any line", || logs.trouble().is_some());
    logs.push(A, line("lost"));
    wait_for("the count", || logs.dropped(A) == 1);
    let trouble = logs.trouble().unwrap();
    assert!(trouble.contains(place.to_str().unwrap()) && trouble.contains("; "), "{trouble}");

    fs::remove_file(&place).unwrap();
    logs.push(A, line("kept"));
    wait_for("the end of trouble", || logs.trouble().is_none());
    let text = fs::read_to_string(place.join("a.log")).unwrap();
    assert!(text.contains("1 line is missing") && text.contains("kept"), "{text}");
    assert_eq!(logs.lines_from(A, 0).0.len(), 2, "both are in memory");
}

#[test]
fn one_bad_file_is_trouble_of_that_stream_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a.log")).unwrap();
    let logs = logs(Some(dir.path()), 1_000_000);
    logs.push(A, line("lost"));
    wait_for("trouble", || logs.trouble().is_some());
    logs.push(B, line("kept"));
    wait_for("the other stream", || dir.path().join("b.log").exists());
    assert!(logs.trouble().unwrap().contains("a.log"), "another stream's success does not end it");
    fs::remove_dir(dir.path().join("a.log")).unwrap();
    logs.push(A, line("kept"));
    wait_for("the end of trouble", || logs.trouble().is_none());
}

#[test]
fn a_full_disk_is_survived() {
    let Some(disk) = Mounted::tmpfs("256k") else {
        println!("not run: this user may not mount a tmpfs");
        return;
    };
    let logs = logs(Some(&disk.path().join("logs")), 1_000_000_000);
    logs.push(A, line("first"));
    wait_for("the file", || disk.path().join("logs/a.log").exists());
    let filler = disk.path().join("filler");
    // Ends with "no space left": that is what it is for.
    fs::write(&filler, vec![0; 1_000_000]).unwrap_err();
    let long = "x".repeat(2_000);
    for _ in 0..20 {
        logs.push(A, line(&long));
    }
    wait_for("trouble", || logs.trouble().is_some());
    assert!(logs.trouble().unwrap().contains("make room"), "{:?}", logs.trouble());
    assert!(logs.dropped(A) > 0);

    fs::remove_file(&filler).unwrap();
    logs.push(A, line("last"));
    wait_for("the end of trouble", || logs.trouble().is_none());
    let text = fs::read_to_string(disk.path().join("logs/a.log")).unwrap();
    assert!(text.ends_with("last\n"));
    assert!(text.lines().all(|line| line.matches("2026-").count() == 1), "no torn line is left");
}

#[test]
fn dropping_the_last_handle_writes_what_waits() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(Some(dir.path()), 1_000_000);
    logs.push(A, line("last words"));
    drop(logs);
    let path = dir.path().join("a.log");
    wait_for("the line", || fs::read_to_string(&path).is_ok_and(|text| text.contains("last words")));
}

#[test]
fn a_stream_nobody_registered_is_ignored() {
    let logs = logs(None, 1);
    logs.push(StreamIx(99), line("x"));
    assert_eq!((logs.next_number(StreamIx(99)), logs.dropped(StreamIx(99))), (0, 0));
}
