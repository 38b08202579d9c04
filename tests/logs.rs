//! Log panes in a real terminal: the whole program against a stand-in that has much to say.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::fs;
use std::path::PathBuf;

use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage, WIDE, contains};
use support::{LIMIT, wait_for};

/// Small files, so that they are rotated; and enough of them.
const SMALL_FILES: &str = "[logs]\nmax_size = \"16k\"\nmax_files = 20\n";
/// What a worker says at its start.
const LINES: usize = 450;

fn chatty(ids: &[&str]) -> Stage {
    let plays: Vec<String> = ids.iter().map(|id| format!("chatter?n={LINES}&who={id}")).collect();
    let streams: Vec<(&str, &str)> = ids.iter().copied().zip(plays.iter().map(String::as_str)).collect();
    Stage::with(&format!("{SMALL_FILES}{QUICK}"), &streams)
}

/// Opens the first stream's log on the whole screen; everything has been said.
fn open(stage: &Stage, environment: &[(&str, &str)]) -> Screen {
    let screen = stage.console_in(WIDE, &[], environment);
    screen.wait_phase("alpha", "live");
    screen.keys("l");
    screen.wait_text("log of alpha");
    screen.wait_text(&format!("chatter {LINES} of alpha"));
    screen
}

fn enter(screen: &Screen, text: &str) {
    screen.keys(text);
    screen.press(Key::Enter);
}

#[test]
fn lines_are_searched_and_filtered() {
    let stage = chatty(&["alpha"]);
    let screen = open(&stage, &[]);
    screen.keys("/chatter 44(");
    screen.wait_text("not closed");
    screen.press(Key::Backspace);
    screen.wait_text("10 hits");
    screen.press(Key::Enter);
    screen.wait_text("hit 10 of 10");
    screen.keys("NN");
    screen.wait_text("hit 8 of 10");
    screen.keys("n");
    screen.wait_text("hit 9 of 10");
    // A hit is marked where it stands.
    screen.wait_until("a hit in reverse", |shown| {
        let rows = shown.size().0.get();
        let row =
            (0..rows).find(|row| shown.rows(0, 200).nth(usize::from(*row)).unwrap().contains("chatter 448"));
        row.is_some_and(|row| {
            (0..200).any(|column| shown.cell(row, column).is_some_and(vt100::Cell::inverse))
        })
    });
    enter(&screen, "&!chatter 44");
    screen.wait_no_text("chatter 448");
    screen.wait_text("without chatter 44");
    screen.keys("fff");
    screen.wait_text("errors without chatter 44");
    screen.wait_no_text("chatter 450");
    screen.wait_text("chatter 431");
    // One step back after the other: the search, then the filters.
    screen.press(Key::Esc);
    screen.wait_no_text("hit 9 of 10");
    screen.press(Key::Esc);
    screen.wait_no_text("errors without");
    screen.keys("G");
    screen.wait_text("chatter 448");
    screen.keys("M");
    screen.wait_text("─ mark ");
}

#[test]
fn old_lines_are_read_back_from_rotated_files() {
    let stage = chatty(&["alpha"]);
    let screen = open(&stage, &[]);
    // Another run: what the first one said has left memory by the time the second one is done.
    screen.press(Key::Esc);
    screen.wait_text("enter open");
    let old = stage.worker("alpha");
    screen.keys("r");
    stage.other_worker("alpha", &[old]);
    wait_for("the lines of both runs in files", LIMIT, || {
        (all_logs(&stage).len() >= 2 * LINES).then_some(())
    });
    assert!(log_files(&stage).len() > 2, "{:?}", log_files(&stage));
    screen.keys("l");
    screen.wait_text("following");
    screen.keys("g");
    screen.wait_text("lines below");
    assert!(!screen.text().contains("from the begin"), "{}", screen.text());
    screen.keys("g");
    screen.wait_text("from the begin");
    // Every line once, in order: saved, they are what the files hold.
    screen.keys("S");
    screen.wait_text("save to: ");
    screen.press(Key::Enter);
    screen.wait_text(" saved to ");
    let saved = saved_files(&stage);
    let saved = fs::read_to_string(&saved[0]).unwrap();
    let saved: Vec<&str> = saved.lines().filter(|line| line.contains("] chatter ")).collect();
    assert_eq!(saved, all_logs(&stage), "each once and in order");
    assert_eq!(saved.len(), 2 * LINES);
    // And down again to the newest.
    screen.keys("G");
    screen.wait_text("following");
}

/// The log files, the oldest first.
fn log_files(stage: &Stage) -> Vec<PathBuf> {
    let folder = stage.state().join("logs");
    let rotated = (1..100).rev().map(|n| folder.join(format!("alpha.log.{n}")));
    rotated.chain([folder.join("alpha.log")]).filter(|path| path.exists()).collect()
}

/// What was chattered until now, from all files.
fn all_logs(stage: &Stage) -> Vec<String> {
    let texts = log_files(stage).into_iter().map(|path| fs::read_to_string(path).unwrap_or_default());
    let lines: Vec<String> =
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.into_iter().filter(|line| line.contains("] chatter ")).collect()
}

fn saved_files(stage: &Stage) -> Vec<PathBuf> {
    let entries = fs::read_dir(stage.state().join("exports")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn lines_are_copied_through_the_terminal() {
    for (environment, through_tmux) in [(&[("TMUX", "")][..], false), (&[("TMUX", "/tmp/tmux,1,0")], true)] {
        let stage = chatty(&["alpha"]);
        let mut screen = open(&stage, environment);
        enter(&screen, "&chatter 45");
        screen.wait_text("with chatter 45");
        // It has left memory: what does not fill the screen is filled from the files.
        screen.wait_text("chatter 45 of alpha");
        screen.keys("vk");
        screen.wait_text(" selected, ");
        screen.keys("y");
        screen.wait_text("2 lines sent to the clipboard");
        assert!(screen.quit().success());
        let raw = screen.raw_output();
        let begin = raw.windows(7).position(|bytes| bytes == b"\x1b]52;c;").expect("OSC 52") + 7;
        let end = begin + raw[begin..].iter().position(|byte| *byte == 7).expect("its end");
        let text = unbase64(&raw[begin..end]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() == 2 && lines[1].ends_with("chatter 450 of alpha"), "{text}");
        assert_eq!(
            all_logs(&stage).iter().filter(|line| lines.contains(&line.as_str())).count(),
            2,
            "{text}"
        );
        let wrapped = [b"\x1bPtmux;\x1b\x1b]52;c;", &raw[begin..end], b"\x07\x1b\\"].concat();
        assert_eq!(contains(&raw, &wrapped), through_tmux);
    }
}

/// Base64 read the plain way.
fn unbase64(text: &[u8]) -> String {
    let signs = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values = text.iter().filter_map(|byte| signs.iter().position(|sign| sign == byte));
    let bits: Vec<bool> =
        values.flat_map(|value| (0..6).rev().map(move |bit| value >> bit & 1 == 1)).collect();
    let byte = |bits: &[bool]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    String::from_utf8(bits.chunks_exact(8).map(byte).collect()).unwrap()
}

#[test]
fn what_is_shown_is_saved_and_nothing_is_overwritten() {
    let stage = chatty(&["alpha"]);
    let screen = open(&stage, &[]);
    enter(&screen, "&chatter 45");
    screen.wait_text("with chatter 45");
    // It has left memory: what does not fill the screen is filled from the files.
    screen.wait_text("chatter 45 of alpha");
    let path = stage.folder().join("mine.txt");
    fs::write(&path, "kept").unwrap();
    for number in ["2", "3"] {
        screen.keys("S");
        screen.wait_text("save to: ");
        screen.press(Key::Ctrl('u'));
        enter(&screen, path.to_str().unwrap());
        screen.wait_text(&format!("mine-{number}.txt, as there was such a file"));
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
    let saved = fs::read_to_string(stage.folder().join("mine-2.txt")).unwrap();
    assert_eq!(saved.lines().count(), 2, "45 and 450: {saved}");
    screen.keys("S");
    screen.wait_text("save to: ");
    screen.press(Key::Ctrl('u'));
    enter(&screen, "/nowhere/at/all.txt");
    screen.wait_text("/nowhere/at/all.txt is not saved");
}

#[test]
fn several_logs_are_read_in_one_pane() {
    let stage = chatty(&["alpha", "beta"]);
    let screen = open(&stage, &[]);
    screen.keys("a");
    screen.wait_text("add the log of");
    enter(&screen, "beta");
    screen.wait_text("2 logs of alpha, beta");
    enter(&screen, "&chatter 450 ");
    screen.wait_until("each line with its name", |shown| {
        let text = shown.contents();
        let with_name = |id: &str| {
            let said = format!("chatter 450 of {id}");
            text.lines().any(|line| line.contains(&format!(" {id} ")) && line.contains(&said))
        };
        with_name("alpha") && with_name("beta")
    });
    screen.wait_text("2 of ");
}
