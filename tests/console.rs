//! The console in a real terminal: the whole program against the stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use support::headless;
use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage, WIDE, contains};
use support::{HEADEND, LIMIT, processes};

const SMALL: (u16, u16) = (80, 24);

fn three() -> Stage {
    Stage::new(&[("alpha", "healthy"), ("beta", "healthy?fps=50"), ("gamma", "exit?code=1&after=600")])
}

fn live(screen: &Screen, ids: &[&str]) {
    for id in ids {
        screen.wait_phase(id, "live");
    }
}

fn tidy(screen: &Screen) {
    assert_eq!(screen.not_given_back(), Vec::<&str>::new());
}

mod looking {
    use super::*;

    #[test]
    fn it_comes_up_in_a_small_and_in_a_large_terminal() {
        let stage = three();
        for size in [SMALL, WIDE, (250, 70)] {
            let mut screen = stage.console(size, &[]);
            live(&screen, &["alpha", "beta", "gamma"]);
            screen.wait_text("live 3");
            screen.wait_text("q quit");
            assert!(screen.quit().success());
            tidy(&screen);
        }
    }

    #[test]
    fn a_stream_opens_and_its_log_follows() {
        let stage = Stage::new(&[("alpha", "healthy?stderr=[warning] late news%0A&say-after=6")]);
        let screen = stage.console(SMALL, &[]);
        screen.press(Key::Enter);
        screen.wait_text("following");
        screen.wait_text("Input #0");
        screen.wait_text("late news");
        screen.keys("l");
        screen.wait_text("log of alpha");
        screen.press(Key::Esc);
        screen.wait_text("mode packets");
        screen.press(Key::Esc);
        screen.wait_text("enter open");
    }

    #[test]
    fn every_screen_has_its_key() {
        let stage = three();
        let screen = stage.console(WIDE, &[]);
        live(&screen, &["alpha"]);
        for (key, shows) in [("?", "one step back"), ("m", "room for"), ("L", "headend's own log")] {
            screen.keys(key);
            screen.wait_text(shows);
            screen.press(Key::Esc);
            // An escape and a letter at once would be alt and that letter.
            screen.wait_no_text(shows);
            screen.wait_text("enter open");
        }
        // What headend itself did is in its own log: the FFmpeg it found.
        screen.keys("L");
        screen.wait_text("FFmpeg 5.1.9-stand-in");
    }

    #[test]
    fn it_filters_and_sorts() {
        let stage = three();
        let screen = stage.console(WIDE, &[]);
        live(&screen, &["alpha", "beta", "gamma"]);
        screen.filter("bet");
        screen.wait_text("1 of 3 shown");
        assert!(screen.row("alpha").is_empty() && !screen.row("beta").is_empty());
        screen.press(Key::Esc);
        screen.wait_phase("alpha", "live");

        let first_is = |id: &'static str| {
            screen.wait_until(&format!("{id} on top"), |shown| {
                let at = |id: &str| shown.contents().lines().position(|l| l.contains(&format!(" {id} ")));
                ["alpha", "beta", "gamma"].iter().all(|other| at(id) <= at(other))
            });
        };
        first_is("alpha");
        for order in ["health▼", "phase▼", "name▲"] {
            screen.keys("o");
            screen.wait_text(order);
        }
        first_is("alpha");
        screen.keys("O");
        first_is("gamma");
    }

    #[test]
    fn too_small_says_so_and_recovers() {
        let stage = three();
        let screen = stage.console(SMALL, &[]);
        live(&screen, &["alpha"]);
        screen.resize((30, 5));
        screen.wait_text("too small");
        // No key means anything that can't be seen.
        screen.resize(WIDE);
        screen.wait_no_text("too small");
        live(&screen, &["alpha", "beta", "gamma"]);
        screen.resize((1, 1));
        screen.resize(SMALL);
        live(&screen, &["alpha", "beta", "gamma"]);
    }

    #[test]
    fn nothing_new_writes_nothing() {
        // They never show a frame, so no figure ever changes; and the help has no ages in it.
        let settings = format!("{QUICK}[defaults.thresholds]\nstart_grace = \"10m\"\n");
        let stage = Stage::with(&settings, &[("alpha", "hang"), ("beta", "hang")]);
        let screen = stage.console(WIDE, &[]);
        screen.wait_text("starting 2");
        screen.keys("?");
        screen.wait_text("one step back");
        let before = screen.settle(Duration::from_secs(2));
        // What comes meanwhile changes a row, and is nothing that this screen shows. It is on the board
        // long before it is in the file, which is written once a second; and one line after the other.
        let worker = stage.worker("alpha");
        for n in 1..=3 {
            let line = format!("[warning] unseen {n}");
            let mut stderr = File::options().write(true).open(format!("/proc/{}/fd/2", worker.pid)).unwrap();
            writeln!(stderr, "{line}").unwrap();
            stage.wait_log("alpha", &format!("unseen {n}"));
        }
        assert_eq!(screen.bytes_written(), before, "bytes for nothing");
        screen.keys("j");
        screen.press(Key::Esc);
        screen.wait_text("enter open");
        assert!(screen.bytes_written() > before);
        screen.press(Key::Enter);
        screen.wait_text("unseen 3");
    }

    #[test]
    fn hostile_names_are_shown_harmless() {
        let stage = Stage::empty();
        let name = r#"name = "evil\u001b]0;owned\u0007\u202Etxet""#;
        let group = r#"group = "g\u009b31m\u0000x""#;
        stage.write(&format!("{QUICK}{}", stage.stream("alpha", "bad-bytes", &format!("{name}\n{group}"))));
        let mut screen = stage.open(WIDE, &[], &[]);
        screen.wait_text("evil");
        screen.wait_text("live 1");
        screen.press(Key::Enter);
        screen.wait_text("clears the screen");
        assert!(screen.quit().success());
        let raw = screen.raw_output();
        let hostile: [&[u8]; 5] = [b"\x1b]0;", "\u{202e}".as_bytes(), "\u{9b}".as_bytes(), b"\0", b"\x07"];
        for bytes in hostile {
            assert!(!contains(&raw, bytes), "{:?} on the terminal", String::from_utf8_lossy(bytes));
        }
        tidy(&screen);
    }
}

mod acting {
    use super::*;

    #[test]
    fn one_stream_is_stopped_started_and_restarted() {
        let stage = three();
        let screen = stage.console(WIDE, &[]);
        live(&screen, &["alpha", "beta", "gamma"]);
        let (alpha, beta) = (stage.worker("alpha"), stage.worker("beta"));
        screen.filter("beta");
        screen.keys("x");
        screen.wait_phase("beta", "stopped");
        processes::wait_gone(&[beta], LIMIT);
        screen.keys("s");
        screen.wait_phase("beta", "live");
        let beta = stage.other_worker("beta", &[beta]);
        screen.keys("r");
        stage.other_worker("beta", &[beta]);
        screen.wait_phase("beta", "live");
        assert_eq!(stage.worker("alpha"), alpha, "nobody else was touched");
    }

    #[test]
    fn all_are_asked_for_first() {
        let stage = three();
        let screen = stage.console(WIDE, &[]);
        live(&screen, &["alpha", "beta", "gamma"]);
        let old = stage.wait_workers(3);
        screen.keys("X");
        screen.wait_text("Stop 3 streams?");
        screen.keys("n");
        screen.wait_no_text("Stop 3 streams?");
        assert_eq!(stage.workers(), old);
        screen.keys("X");
        screen.wait_text("Stop 3 streams?");
        screen.keys("y");
        screen.wait_text("stopped 3");
        processes::wait_gone(&old, LIMIT);
        screen.keys("S");
        screen.wait_text("Start 3 streams?");
        screen.keys("y");
        screen.wait_text("live 3");
        let old = stage.wait_workers(3);
        screen.keys("R");
        screen.wait_text("Restart 3 streams?");
        screen.keys("y");
        processes::wait_gone(&old, LIMIT);
        screen.wait_text("live 3");
    }

    #[test]
    fn the_question_is_for_those_the_filter_shows() {
        let stage = three();
        let screen = stage.console(WIDE, &[]);
        live(&screen, &["alpha", "beta", "gamma"]);
        screen.filter("beta");
        screen.keys("X");
        screen.wait_text("Stop 1 stream?");
        screen.keys("y");
        screen.wait_text("stopped 1");
        assert_eq!(stage.wait_workers(2).len(), 2);
    }

    /// Every key of `headend keys`, in each of the places.
    #[test]
    fn no_key_does_harm_anywhere() {
        let stage = three();
        let mut screen = stage.console(SMALL, &[]);
        live(&screen, &["alpha", "beta", "gamma"]);
        let keys = keys();
        assert!(keys.len() > 30, "{keys:?}");
        // How to get to each place from the grid.
        let places: [(&[Key], &str); 6] =
            [(&[], ""), (&[Key::Enter], ""), (&[], "l"), (&[], "L"), (&[], "m"), (&[], "?")];
        for (keys_there, text_there) in places {
            for key in &keys {
                to_grid(&screen);
                for key in keys_there {
                    screen.press(*key);
                }
                screen.keys(text_there);
                screen.send(key);
            }
        }
        to_grid(&screen);
        screen.keys("S");
        screen.wait_text("Start 3 streams?");
        screen.keys("y");
        screen.wait_text("live 3");
        assert!(screen.quit().success());
        tidy(&screen);
    }

    /// Back from wherever a key has led: `n` to a question, ctrl-c out of what is typed or chosen (which
    /// asks whether to leave, `n` again), and steps back. No escape, which together with the next key
    /// would be another key. Then once to the machine and back, to see that all of it has arrived.
    fn to_grid(screen: &Screen) {
        for _ in 0..2 {
            screen.keys("n");
            screen.press(Key::Ctrl('c'));
        }
        screen.keys("n");
        for _ in 0..6 {
            screen.press(Key::Backspace);
        }
        screen.keys("m");
        screen.wait_text("meters");
        screen.press(Key::Backspace);
        screen.wait_no_text("meters");
    }

    /// The bytes of each key in the table, read from what `headend keys` prints.
    fn keys() -> Vec<Vec<u8>> {
        let table = headless::headend(&["keys"], &[], LIMIT).stdout;
        let cells = table.lines().skip(2).filter_map(|line| line.split(" | ").next());
        cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(bytes).collect()
    }

    fn bytes(name: &str) -> Vec<u8> {
        let fixed: &[u8] = match name {
            "esc" => b"\x1b",
            "enter" => b"\r",
            "backspace" => b"\x7f",
            "space" => b" ",
            "up" => b"\x1b[A",
            "down" => b"\x1b[B",
            "right" => b"\x1b[C",
            "left" => b"\x1b[D",
            "home" => b"\x1b[H",
            "end" => b"\x1b[F",
            "page up" => b"\x1b[5~",
            "page down" => b"\x1b[6~",
            "F1" => b"\x1bOP",
            "tab" => b"\t",
            "delete" => b"\x1b[3~",
            "shift-tab" => b"\x1b[Z",
            "shift-left" => b"\x1b[1;2D",
            "shift-right" => b"\x1b[1;2C",
            _ => match name.strip_prefix("ctrl-") {
                Some(letter) => return vec![letter.as_bytes()[0] & 0x1f],
                None if name.chars().count() == 1 => name.as_bytes(),
                None => panic!("a key this test does not know: {name:?}"),
            },
        };
        fixed.to_vec()
    }
}

mod leaving {
    use super::*;

    #[test]
    fn q_asks_and_leaves_and_gives_the_terminal_back() {
        let stage = three();
        let mut screen = stage.console(SMALL, &[]);
        live(&screen, &["alpha"]);
        let workers = stage.wait_workers(3);
        screen.keys("q");
        screen.wait_text("Quit and stop 3 workers?");
        screen.keys("n");
        screen.wait_no_text("Quit and stop");
        assert_eq!(stage.workers(), workers);
        assert_eq!(screen.quit().code(), Some(0));
        processes::wait_gone(&workers, Duration::ZERO);
        tidy(&screen);
    }

    #[test]
    fn ctrl_c_twice_leaves() {
        let stage = three();
        let mut screen = stage.console(SMALL, &[]);
        live(&screen, &["alpha"]);
        screen.press(Key::Ctrl('c'));
        screen.wait_text("Quit and stop");
        screen.press(Key::Ctrl('c'));
        assert_eq!(screen.finish().code(), Some(0));
        assert!(stage.workers().is_empty());
        tidy(&screen);
    }

    #[test]
    fn who_does_not_want_to_wait_need_not() {
        let settings = format!("{QUICK}\n[stop]\nagain = \"1m\"\nkill = \"1m\"\n");
        let stage = Stage::with(&settings, &[("alpha", "ignore-term")]);
        let mut screen = stage.console(SMALL, &[]);
        live(&screen, &["alpha"]);
        screen.keys("q");
        screen.wait_text("Quit and stop");
        screen.keys("y");
        screen.wait_text("stopping: 1 worker left");
        screen.keys("q");
        assert_eq!(screen.finish().code(), Some(0));
        assert!(stage.workers().is_empty());
        tidy(&screen);
    }

    #[test]
    fn a_signal_leaves_in_order() {
        for signal in [Signal::SIGTERM, Signal::SIGINT] {
            let stage = three();
            let mut screen = stage.console(SMALL, &[]);
            live(&screen, &["alpha"]);
            screen.process().signal(signal);
            assert_eq!(screen.finish().code(), Some(0), "{signal}");
            assert!(stage.workers().is_empty());
            tidy(&screen);
        }
    }

    #[test]
    fn a_hang_up_does_not_end_supervision() {
        let stage = three();
        let mut screen = stage.console(SMALL, &[]);
        live(&screen, &["alpha", "beta", "gamma"]);
        let headend = screen.process();
        screen.hang_up();
        stage.wait_log("_headend", "the streams go on");
        assert_eq!(
            screen.exit_status().code(),
            Some(0),
            "the one in front ends: there is nobody to wait for it"
        );
        let old = stage.worker("alpha");
        old.signal(Signal::SIGKILL);
        stage.other_worker("alpha", &[old]);
        let workers = stage.wait_workers(3);
        headend.signal(Signal::SIGTERM);
        processes::wait_gone(&[headend], LIMIT);
        processes::wait_gone(&workers, Duration::ZERO);
    }

    #[test]
    fn sleeping_gives_the_terminal_back_and_waking_takes_it() {
        let stage = three();
        // A shell with job control, as the operator's own.
        let script = "set -m; \"$0\" \"$@\"; echo asleep; stty -a; read line; fg; echo code $?";
        let mut arguments = vec!["-c".to_owned(), script.to_owned(), HEADEND.to_owned()];
        arguments.extend(stage.arguments(&[]));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ffmpeg = support::stand_in().to_str().unwrap();
        let bash = Path::new("/bin/bash");
        let mut screen = Screen::open(bash, WIDE, &arguments, &[("HEADEND_FFMPEG", ffmpeg)]);
        live(&screen, &["alpha", "beta", "gamma"]);
        let workers = stage.wait_workers(3);
        screen.press(Key::Ctrl('z'));
        screen.wait_text("Put headend to sleep?");
        screen.keys("y");
        screen.wait_text("asleep");
        screen.wait_text(" icanon");
        assert!(!screen.look(vt100::Screen::alternate_screen));
        assert_eq!(stage.workers(), workers, "they go on");
        screen.press(Key::Enter);
        live(&screen, &["alpha", "beta", "gamma"]);
        assert_eq!(stage.workers(), workers, "none was replaced for the time asleep");
        assert!(screen.quit().success());
        assert!(screen.text().contains("code 0"), "{}", screen.text());
        tidy(&screen);
    }
}
