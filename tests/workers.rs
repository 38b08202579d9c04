//! What a worker may do to headend, and what headend does with its workers: the whole program
//! against the stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use support::headless::{self, Running};
use support::processes;
use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage, Sweep, WIDE, contains, files_with, row_of, stream};
use support::{HEADEND, LIMIT, wait_until};

/// The promise is 2 s; the rest is for a busy machine.
const GONE_AFTER_KILL: Duration = Duration::from_secs(5);
/// The promise is 6 s (2 to the second TERM, 3 to KILL); the rest is for a busy machine.
const GONE_AFTER_TERM: Duration = Duration::from_secs(10);
/// More than headend needs for anything a worker can do to it, and far less than a flood brings.
const MEMORY: u64 = 150 * 1024 * 1024;

mod leaving {
    use super::*;

    #[test]
    fn a_killed_headend_leaves_no_worker() {
        let stage = Stage::crowd(QUICK, 40, "healthy");
        let mut headend = stage.headless(&[]);
        let workers = stage.wait_workers(40);
        assert!(workers.iter().all(|w| w.is_alive()));
        headend.kill();
        processes::wait_gone(&workers, GONE_AFTER_KILL);
    }

    #[test]
    fn nor_does_one_killed_while_it_starts_them() {
        let stage = Stage::crowd(QUICK, 200, "healthy");
        for enough in [1, 60, 150] {
            let mut headend = stage.headless(&[]);
            wait_until("the first workers", LIMIT, || stage.workers().len() >= enough);
            headend.kill();
            let left = || stage.workers().iter().filter(|w| w.pid != headend.pid()).count();
            wait_until("no workers", GONE_AFTER_KILL, || left() == 0);
            // Who was only on the way to become a worker then would be one now.
            std::thread::sleep(Duration::from_millis(200));
            assert_eq!(left(), 0);
        }
    }

    #[test]
    fn workers_that_do_not_listen_are_gone_in_time() {
        let stage = Stage::empty();
        let mut text = QUICK.to_owned();
        for n in 0..25 {
            let plays = if n < 20 { "ignore-term" } else { "healthy" };
            text += &stage.stream(&format!("s{n}"), plays, "");
        }
        stage.write(&text);
        let mut headend = stage.headless(&[]);
        let workers = stage.wait_workers(25);
        // Only one that plays already knows what it is to ignore.
        for n in 0..25 {
            stage.wait_log(&format!("s{n}"), "Input #0");
        }
        for n in 20..25 {
            stage.worker(&format!("s{n}")).signal(Signal::SIGSTOP);
        }
        let begin = Instant::now();
        headend.process().signal(Signal::SIGTERM);
        assert_eq!(headend.wait_exit(LIMIT).code(), Some(0));
        let took = begin.elapsed();
        assert!(took < GONE_AFTER_TERM, "{took:?}");
        assert!(took > Duration::from_secs(4), "not ended as asked, then: {took:?}");
        processes::wait_gone(&workers, Duration::ZERO);
    }

    #[test]
    fn a_stopped_worker_is_woken_to_end_by_itself() {
        let stage = Stage::with(&format!("{QUICK}\n[stop]\nagain = \"1m\"\nkill = \"1m\"\n"), &[]);
        let mut text = std::fs::read_to_string(stage.folder().join("headend.toml")).unwrap();
        text += &stage.stream("one", "healthy", "");
        stage.write(&text);
        let mut headend = stage.headless(&[]);
        stage.wait_log("one", "Input #0");
        stage.worker("one").signal(Signal::SIGSTOP);
        headend.process().signal(Signal::SIGTERM);
        assert_eq!(headend.wait_exit(GONE_AFTER_TERM).code(), Some(0));
    }

    #[test]
    fn nobody_is_waited_for_longer_than_leaving_may_take() {
        let stage = Stage::with(
            &format!("{QUICK}\n[stop]\nagain = \"1m\"\nkill = \"1m\"\n"),
            &[("one", "ignore-term")],
        );
        let mut headend = stage.headless(&[]);
        stage.wait_log("one", "Input #0");
        let worker = stage.worker("one");
        headend.process().signal(Signal::SIGTERM);
        assert_eq!(headend.wait_exit(LIMIT).code(), Some(0));
        processes::wait_gone(&[worker], Duration::ZERO);
        assert!(stage.log("_headend").contains("1 worker did not end in time: killed"));
    }

    #[test]
    fn a_second_signal_does_not_wait() {
        let stage = Stage::with(
            &format!("{QUICK}\n[stop]\nagain = \"1m\"\nkill = \"1m\"\n"),
            &[("one", "ignore-term")],
        );
        let mut headend = stage.headless(&[]);
        stage.wait_log("one", "Input #0");
        let worker = stage.worker("one");
        headend.process().signal(Signal::SIGTERM);
        stage.wait_log("_headend", "leaving");
        assert!(worker.is_alive());
        // Right after the first it would count as the same one.
        support::wait_until("the worker's end", GONE_AFTER_TERM, || {
            headend.process().signal(Signal::SIGTERM);
            !worker.is_alive()
        });
        assert_eq!(headend.wait_exit(GONE_AFTER_TERM).code(), Some(0));
    }
}

mod restarting {
    use super::*;

    #[test]
    fn a_worker_killed_by_hand_comes_back() {
        let stage = Stage::new(&[("one", "healthy")]);
        let mut screen = stage.console(WIDE, &[]);
        screen.wait_phase("one", "live");
        let old = stage.worker("one");
        old.signal(Signal::SIGKILL);
        let new = stage.other_worker("one", &[old]);
        assert_ne!(old.pid, new.pid);
        let pid = new.pid.to_string();
        screen.wait_row("one", "live again under its new pid", |row| {
            row.contains("live") && row.split_whitespace().any(|word| word == pid)
        });
        screen.press(Key::Enter);
        screen.wait_text("1 restart");
        screen.wait_text("signal 9");
        assert!(screen.quit().success());
    }

    #[test]
    fn an_exit_without_an_error_is_a_failure_all_the_same() {
        let settings = QUICK.replace("100ms", "1m").replace("\"1s\"", "\"1m\"");
        let stage = Stage::with(&settings, &[("one", "exit?code=0&after=1.5")]);
        let mut screen = stage.console(WIDE, &[]);
        screen.wait_row("one", "in backoff", |row| row.contains("backoff") && row.contains("exited"));
        assert!(screen.quit().success());
    }

    #[test]
    fn a_grandchild_with_the_pipes_does_not_hide_an_exit() {
        let _sweep = Sweep("sleep?for=3071.5");
        let settings = QUICK.replace("100ms", "1m").replace("\"1s\"", "\"1m\"");
        let stage = Stage::with(&settings, &[("one", "grandchild?after=1.5&for=3071.5&code=5&group=own")]);
        let screen = stage.console(WIDE, &[]);
        let worker = stage.worker("one");
        processes::wait_gone(&[worker], LIMIT);
        screen.wait_phase("one", "backoff");
        let grandchild = processes::with_argument("sleep?for=3071.5");
        assert_eq!(grandchild.len(), 1, "it must still hold the pipes");
    }

    #[test]
    fn what_a_worker_leaves_in_its_group_ends_with_it() {
        let _sweep = Sweep("sleep?for=3072.5");
        let stage = Stage::new(&[("one", "crowd?n=3&for=3072.5")]);
        let headend = stage.headless(&[]);
        let crowd = || processes::with_argument("sleep?for=3072.5");
        wait_until("its children", LIMIT, || crowd().len() == 3);
        let old = crowd();
        stage.worker("one").signal(Signal::SIGKILL);
        processes::wait_gone(&old, LIMIT);
        drop(headend);
    }

    #[test]
    fn one_that_closes_its_pipes_and_hangs_is_replaced() {
        let stage = Stage::with(
            &format!("{QUICK}\n[defaults.thresholds]\nstall = \"2s\"\nstall_restart = \"1s\"\n"),
            &[("one", "close?what=both&after=1.5")],
        );
        let screen = stage.console(WIDE, &[]);
        let old = stage.worker("one");
        screen.wait_phase("one", "stalled");
        assert!(old.is_alive(), "alive, and yet known to be stuck");
        stage.other_worker("one", &[old]);
        processes::wait_gone(&[old], LIMIT);
    }

    #[test]
    fn a_program_that_disappears_is_told_and_its_return_noticed() {
        let mut stage = Stage::new(&[("one", "healthy")]);
        let (here, away) = (stage.folder().join("ffmpeg"), stage.folder().join("away"));
        std::fs::copy(support::stand_in(), &here).unwrap();
        stage.set_ffmpeg(&here);
        let mut screen = stage.console(WIDE, &[]);
        screen.wait_phase("one", "live");
        std::fs::rename(&here, &away).unwrap();
        stage.worker("one").signal(Signal::SIGKILL);
        screen.wait_row("one", "broken", |row| row.contains("broken") && row.contains("not-started"));
        screen.press(Key::Enter);
        screen.wait_text("last error");
        screen.wait_text("No such file");
        screen.press(Key::Esc);
        screen.wait_no_text("last error");
        std::fs::rename(&away, &here).unwrap();
        screen.keys("r");
        screen.wait_phase("one", "live");
        assert!(screen.quit().success());
    }
}

mod hostile {
    use super::*;

    /// What must not come out as it went in: its escape sequences, and a title for the window.
    const OWNED: &[&[u8]] = &[b"\x1b]0;", b"\x1b[31m and", "\u{202e}".as_bytes(), b"\x1b[2J\x1b[H and"];

    #[test]
    fn floods_and_garbage_hurt_nobody_else() {
        let stage = Stage::new(&[
            ("flood-err", "flood?to=stderr"),
            ("flood-out", "flood?to=stdout"),
            ("endless-err", "endless-line?to=stderr"),
            ("endless-out", "endless-line?to=stdout"),
            ("long", "long-line?to=stderr&mb=100"),
            ("bad", "bad-bytes"),
            ("good-1", "healthy"),
            ("good-2", "healthy?audio-only=1"),
        ]);
        let mut screen = stage.console(WIDE, &[]);
        let process = screen.process();
        let look = || {
            let memory = process.memory();
            assert!(memory < MEMORY, "{} MB", memory / 1024 / 1024);
        };
        let old = [stage.worker("good-1"), stage.worker("good-2")];
        screen.wait_until("the good ones live, the bad bytes' too", |shown| {
            look();
            ["good-1", "good-2", "bad"].iter().all(|id| row_of(shown, id).contains("live"))
        });
        open(&screen, "flood-err");
        screen.wait_until("a flood that is counted", |shown| {
            look();
            shown.contents().contains("dropped or folded")
        });
        screen.press(Key::Esc);
        screen.wait_text("of 8 shown");
        screen.press(Key::Esc);
        for id in ["good-1", "good-2"] {
            screen
                .wait_row(id, "live, at its own speed", |row| row.contains("live") && row.contains("1.00x"));
        }
        assert_eq!(old, [stage.worker("good-1"), stage.worker("good-2")], "never restarted");
        let raw = screen.raw_output();
        for bytes in OWNED {
            assert!(!contains(&raw, bytes), "{:?} on the terminal", String::from_utf8_lossy(bytes));
        }
        assert!(!files_with(&stage.state().join("logs"), "INFO").is_empty());
        for bytes in ["\u{1b}", "\u{202e}", "\u{0}"] {
            assert_eq!(files_with(&stage.state().join("logs"), bytes), Vec::<std::path::PathBuf>::new());
        }
        look();
        assert!(screen.quit().success());
    }

    fn open(screen: &Screen, id: &str) {
        screen.filter(id);
        screen.press(Key::Enter);
        screen.wait_text("following");
    }

    #[test]
    fn secrets_are_seen_nowhere() {
        const CANARY: &str = "c4n4ryc4n4ry";
        let plays = format!("secrets?canary={CANARY}");
        let environment = [("HEADEND_STAND_IN", plays.as_str())];
        let stage = Stage::empty();
        let url = format!("https://user:{CANARY}@cdn.example/live.m3u8?token={CANARY}");
        stage.write(&format!("{QUICK}\n[[stream]]\nid = \"one\"\ninputs = [\"{url}\"]\n"));
        let mut screen = stage.open(WIDE, &["--report", "json"], &environment);
        screen.wait_phase("one", "live");
        screen.press(Key::Enter);
        screen.wait_text("passphrase=***");
        screen.wait_text("https://***@cdn.example");
        screen.keys("L");
        screen.wait_text("own log");
        assert!(screen.quit().success());
        assert!(contains(&screen.raw_output(), b"\"streams\""), "the report too");
        assert!(!contains(&screen.raw_output(), CANARY.as_bytes()), "on the screen or in the report");
        assert_eq!(stage.files_that_tell(CANARY), Vec::<std::path::PathBuf>::new());
        let report = stage.report("2s", &environment);
        assert_eq!(stream(&report, "one")["phase"], "live");
        assert!(!report.to_string().contains(CANARY), "{report:#}");
    }
}

mod starting {
    use super::*;

    #[test]
    fn a_worker_gets_what_is_its_own_and_nothing_else() {
        let stage = Stage::new(&[("one", "healthy")]);
        // A shell that leaves a descriptor open by mistake, as a service manager may do.
        let script = "exec 7</dev/null; exec \"$0\" \"$@\"";
        let mut arguments = vec!["-c".to_owned(), script.to_owned(), HEADEND.to_owned()];
        arguments.extend(stage.arguments(&["--headless"]));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ffmpeg = support::stand_in().to_str().unwrap();
        let headend = Running::start(Path::new("/bin/sh"), &arguments, &[("HEADEND_FFMPEG", ffmpeg)]);
        stage.wait_log("one", "Input #0");
        let worker = stage.worker("one");
        assert!(Path::new(&format!("/proc/{}/fd/7", headend.pid())).exists(), "headend itself has it");
        let mut files: Vec<String> = std::fs::read_dir(format!("/proc/{}/fd", worker.pid))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(files, ["0", "1", "2"]);
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", worker.pid)).unwrap();
        let files = limits.lines().find(|l| l.starts_with("Max open files")).unwrap();
        assert_eq!(files.split_whitespace().nth(3), Some("1024"), "{files}");
        assert_eq!(worker.group(), Some(worker.pid), "a group of its own");
        let score = std::fs::read_to_string(format!("/proc/{}/oom_score_adj", worker.pid)).unwrap();
        assert_eq!(score.trim(), "500");
    }

    /// One clear message on stderr, exit code 1.
    fn refused(ffmpeg: &Path, wants: &str) {
        let mut stage = Stage::new(&[("one", "healthy")]);
        stage.set_ffmpeg(ffmpeg);
        let finished = stage.finish(&["--report", "json"]);
        assert_eq!(finished.code(), 1, "{finished:#?}");
        assert_eq!(finished.stdout, "");
        assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
        assert!(finished.stderr.contains(wants), "{wants:?} is not in {}", finished.stderr);
        assert!(finished.stderr.contains(ffmpeg.to_str().unwrap()), "{}", finished.stderr);
        assert!(!stage.state().join("store").exists(), "nothing was begun");
    }

    fn program(folder: &Path, name: &str, mode: u32, text: &str) -> std::path::PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn an_ffmpeg_that_can_t_be_used_is_one_clear_message() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        refused(&at.join("nothing"), "no such file");
        refused(at, "is not a file");
        refused(&program(at, "plain", 0o644, "#!/bin/sh\n"), "not executable");
        refused(&program(at, "other", 0o755, "#!/bin/sh\necho hello\n"), "is no FFmpeg");
        refused(&program(at, "silent", 0o755, "#!/bin/sh\nexit 0\n"), "is no FFmpeg");
        let old = "#!/bin/sh\necho ffmpeg version 3.4.8 Copyright\n";
        refused(&program(at, "old", 0o755, old), "3.4.8");
    }

    #[test]
    fn exit_codes_tell_how_it_went() {
        let stage = Stage::new(&[("one", "healthy")]);
        assert_eq!(stage.finish(&["--for", "1s"]).code(), 0);
        let code = |arguments: &[&str]| headless::headend(arguments, &[], LIMIT).code();
        assert_eq!(code(&["--help"]), 0);
        assert_eq!(code(&["keys"]), 0);
        assert_eq!(code(&["--no-such-thing"]), 2);
        assert_eq!(code(&["--config", "/nowhere/headend.toml", "--headless"]), 2);
        stage.write("[[stream]]\nid = \"one\"\ninputs = []\ncolour = \"red\"\n");
        let finished = stage.finish(&["--for", "1s"]);
        assert_eq!(finished.code(), 2, "{finished:#?}");
        assert!(finished.stderr.contains("headend.toml:4:1") && finished.stderr.contains("colour"));
        assert!(finished.stderr.contains("inputs"), "all mistakes at once: {}", finished.stderr);
    }

    #[test]
    fn without_a_terminal_the_console_says_what_to_do() {
        let stage = Stage::new(&[("one", "healthy")]);
        let arguments = stage.arguments(&[]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let finished = headless::headend(&arguments, &[], LIMIT);
        assert_eq!(finished.code(), 2);
        assert!(finished.stderr.contains("--headless"), "{}", finished.stderr);
    }
}
