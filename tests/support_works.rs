//! The tools of the whole-program tests, tried on programs that are known to work: a test that
//! leans on them can then blame headend.

mod support;
#[path = "support_works/worker.rs"]
mod worker;

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use support::headless::Running;
use support::processes::{self, Process};
use support::pty::{Key, Screen};
use support::{LIMIT, stand_in, wait_for, wait_until};

const SH: &str = "/bin/sh";

fn shell(script: &str) -> Screen {
    Screen::open(Path::new(SH), (40, 6), &["-c", script], &[])
}

fn worker(url: &str) -> Running {
    let arguments = [
        "-hide_banner",
        "-nostdin",
        "-nostats",
        "-loglevel",
        "repeat+level+info",
        "-stats_period",
        "0.05",
        "-progress",
        "pipe:1",
        "-i",
        url,
        "-f",
        "null",
        "-",
    ];
    Running::start(stand_in(), &arguments, &[])
}

/// The values of one key in all blocks so far.
fn values(progress: &str, key: &str) -> Vec<String> {
    progress
        .lines()
        .filter_map(|line| line.split_once('=').filter(|(k, _)| *k == key).map(|(_, v)| v.trim().to_owned()))
        .collect()
}

fn out_times(progress: &str) -> Vec<i64> {
    values(progress, "out_time_us").iter().map(|v| v.parse().unwrap_or(-1)).collect()
}

mod terminal {
    use super::*;

    #[test]
    fn keys_arrive_and_the_answer_is_seen() {
        let screen = shell("read word; echo got-$word; read rest");
        screen.keys("hello");
        screen.press(Key::Enter);
        screen.wait_text("got-hello");
        screen.wait_no_text("got-nothing");
        assert!(screen.bytes_written() >= "hello\r\ngot-hello\r\n".len() as u64);
    }

    #[test]
    fn colours_and_cursor_are_seen() {
        let screen = shell(r"printf '\033[?1049h\033[?25l\033[31mred'; read rest");
        screen.wait_text("red");
        screen.look(|screen| {
            assert_eq!(screen.cell(0, 0).unwrap().fgcolor(), vt100::Color::Idx(1));
            assert!(screen.alternate_screen() && screen.hide_cursor());
        });
    }

    #[test]
    fn it_is_a_controlling_terminal_of_the_right_size_and_can_change() {
        let screen =
            shell("trap 'stty size' WINCH; stty size; echo on-tty </dev/tty; while :; do sleep 0.05; done");
        screen.wait_text("6 40");
        screen.wait_text("on-tty");
        screen.resize((50, 9));
        screen.wait_text("9 50");
        screen.press(Key::Ctrl('c'));
        let mut screen = screen;
        assert!(!screen.finish().success(), "Ctrl-C must end it");
    }

    #[test]
    fn what_was_not_given_back_is_named() {
        let mut untidy =
            shell(r"stty raw -echo; printf '\033[?1049h\033[?25l\033[?2004h\033[?1000h\033[?2026h'");
        untidy.finish();
        assert_eq!(
            untidy.not_given_back(),
            [
                "raw mode",
                "alternate screen",
                "hidden cursor",
                "mouse reports",
                "bracketed paste",
                "an open synchronized update"
            ]
        );
        let mut tidy = shell(r"printf '\033[?1049h\033[?25l'; printf '\033[?25h\033[?1049l'");
        assert!(tidy.finish().success());
        assert!(tidy.not_given_back().is_empty(), "{:?}", tidy.not_given_back());
        assert!(tidy.raw_output().windows(8).any(|w| w == b"\x1b[?1049l"));
    }

    #[test]
    fn a_quiet_screen_writes_nothing() {
        let screen = shell("echo ready; read word; echo more; read rest");
        screen.wait_text("ready");
        let before = screen.settle(Duration::from_millis(200));
        assert_eq!(screen.bytes_written(), before);
        screen.press(Key::Enter);
        screen.wait_text("more");
        assert!(screen.settle(Duration::from_millis(200)) > before);
    }

    #[test]
    #[should_panic(expected = "the program ended before \"never\" on the screen")]
    fn an_ended_program_is_not_waited_for() {
        shell("echo bye").wait_text("never");
    }

    #[test]
    fn hanging_up_sends_sighup() {
        let mut screen = shell("echo ready; while :; do sleep 0.05; done");
        screen.wait_text("ready");
        screen.hang_up();
        let status = screen.exit_status();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(Signal::SIGHUP as i32));
    }

    #[test]
    fn a_dropped_screen_leaves_no_process() {
        let screen = shell("echo ready; while :; do sleep 0.05; done");
        screen.wait_text("ready");
        let process = screen.process();
        assert!(process.is_alive());
        drop(screen);
        processes::wait_gone(&[process], LIMIT);
    }
}

mod process {
    use super::*;

    #[test]
    fn children_are_found_and_their_end_is_seen() {
        let running = Running::start(Path::new(SH), &["-c", "sleep 300 & sleep 300 & wait"], &[]);
        let children = wait_for("two children", LIMIT, || {
            let found = processes::children_of(running.pid());
            (found.len() == 2 && found.iter().all(|c| c.arguments().first().is_some_and(|a| a == "sleep")))
                .then_some(found)
        });
        assert_eq!(processes::descendants_of(running.pid()).len(), 2);
        assert!(children.iter().all(|c| c.is_alive() && c.group().is_some()));
        for child in &children {
            child.signal(Signal::SIGKILL);
        }
        processes::wait_gone(&children, LIMIT);
    }

    #[test]
    fn a_zombie_is_not_alive() {
        // exec: the shell's child becomes the child of a program that never waits.
        let running = Running::start(Path::new(SH), &["-c", "sleep 0.01 & exec sleep 300"], &[]);
        let zombies = wait_for("a zombie", LIMIT, || {
            Some(processes::zombies_of(running.pid())).filter(|z| !z.is_empty())
        });
        assert!(Process::find(zombies[0]).is_none());
        assert!(Process::find_ended(zombies[0]).unwrap().is_zombie());
        assert!(processes::children_of(running.pid()).is_empty());
    }

    #[test]
    fn memory_and_open_files_are_read() {
        let own = Process::find(std::process::id().cast_signed()).unwrap();
        assert!(own.memory() > 1_000_000 && own.open_files() >= 3);
    }

    #[test]
    #[should_panic(expected = "1 of 1 still alive")]
    fn waiting_for_one_that_stays_fails() {
        let running = Running::start(Path::new("/bin/sleep"), &["300"], &[]);
        processes::wait_gone(&[running.process()], Duration::from_millis(50));
    }

    #[test]
    fn a_program_s_end_and_document_are_taken() {
        let script = r#"echo '{"streams": [1, 2]}'; echo oops >&2; exit 3"#;
        let finished = Running::start(Path::new(SH), &["-c", script], &[]).finish(LIMIT);
        assert_eq!((finished.code(), finished.stderr.as_str()), (3, "oops\n"));
        assert_eq!(finished.json()["streams"][1], 2);
    }

    #[test]
    #[should_panic(expected = "did not end within")]
    fn a_program_that_stays_is_told() {
        let _ = Running::start(Path::new("/bin/sleep"), &["300"], &[]).finish(Duration::from_millis(50));
    }
}
