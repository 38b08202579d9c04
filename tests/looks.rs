//! How the console looks and what it listens to: the whole program in a terminal, against the stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::path::PathBuf;

use nix::sys::signal::Signal;
use support::headless::headend;
use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage, contains};
use support::{LIMIT, wait_for};
use vt100::Color;

const SIZE: (u16, u16) = (120, 40);

fn three() -> Stage {
    Stage::new(&[("alpha", "healthy"), ("beta", "healthy"), ("gamma", "healthy")])
}

/// A stage with lines under `[console]`.
fn with_console(lines: &str) -> Stage {
    let stage = Stage::empty();
    configure(&stage, lines);
    stage
}

fn configure(stage: &Stage, lines: &str) {
    let streams: String = ["alpha", "beta", "gamma"].map(|id| stage.stream(id, "healthy", "")).concat();
    put(&stage.folder().join("headend.toml"), &format!("{QUICK}[console]\n{lines}\n{streams}"));
}

/// Puts a whole file in place, as editors do.
fn put(path: &std::path::Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, path).unwrap();
}

fn keys(stage: &Stage) -> PathBuf {
    stage.folder().join("keys.toml")
}

fn live(screen: &Screen) {
    screen.wait_text("live 3");
}

/// The colour of the first cell of a text.
fn colour(screen: &vt100::Screen, text: &str) -> Option<Color> {
    let rows = screen.rows(0, screen.size().1.get());
    let (y, row) = (0..).zip(rows).find(|(_, row)| row.contains(text))?;
    let x = row[..row.find(text)?].chars().count();
    Some(screen.cell(y, u16::try_from(x).ok()?)?.fgcolor())
}

fn wait_colour(screen: &Screen, text: &str, colour_is: Color) {
    screen.wait_until(&format!("{text} in {colour_is:?}"), |shown| colour(shown, text) == Some(colour_is));
}

/// A left click on the first cell of a text.
fn click(screen: &Screen, text: &str) {
    screen.wait_text(text);
    let place = screen.look(|shown| {
        let rows = shown.rows(0, shown.size().1.get());
        let found = (1..).zip(rows).find(|(_, row)| row.contains(text));
        found.map(|(y, row): (u16, String)| (row[..row.find(text).unwrap()].chars().count() + 1, y))
    });
    let (x, y) = place.unwrap();
    screen.send(format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m").as_bytes());
}

/// The numbers of every sequence that changes how cells look.
fn renditions(raw: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(raw).into_owned();
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    sequences.flat_map(|s| s.split(';').filter_map(|n| n.parse().ok()).collect::<Vec<u16>>()).collect()
}

const fn is_colour(number: u16) -> bool {
    matches!(number, 30..=38 | 40..=48 | 90..=107)
}

mod keys {
    use super::*;

    #[test]
    fn a_file_beside_the_configuration_changes_them_also_while_it_runs() {
        let stage = three();
        put(&keys(&stage), "[everywhere]\nmachine = \"alt-m\"\n[grid]\nopen = [\"e\", \"F5\"]\n");
        let mut screen = stage.console(SIZE, &[]);
        live(&screen);
        screen.wait_text("e open");
        screen.send(b"\x1bm");
        screen.wait_text("meters");
        screen.press(Key::Backspace);
        screen.wait_text("e open");
        screen.press(Key::F(5));
        screen.wait_text("mode packets");
        screen.press(Key::Backspace);

        put(&keys(&stage), "[grid]\nopen = \"w\"\n");
        screen.wait_text("keys read anew");
        screen.wait_text("w open");

        // A mistake keeps what was, and is told with its place.
        put(&keys(&stage), "[grid]\nopen = \"x\"\n");
        screen.wait_text("keys.toml:2:8: \"x\" does open and stop");
        screen.wait_text("w open");
        screen.keys("?");
        screen.wait_text("1 mistake");
        screen.wait_text("keys.toml:2:8");
        screen.press(Key::Backspace);
        std::fs::remove_file(keys(&stage)).unwrap();
        screen.wait_text("enter open");
        assert!(screen.quit().success());
        assert_eq!(screen.not_given_back(), Vec::<&str>::new());
    }

    #[test]
    fn what_is_wrong_at_the_start_is_shown_and_does_not_keep_it_from_starting() {
        let stage = three();
        put(&keys(&stage), "[grid]\nopne = \"e\"\n");
        let screen = stage.console(SIZE, &[]);
        screen.wait_text("did you mean \"open\"?");
        live(&screen);
        screen.wait_text("enter open");
    }

    #[test]
    fn they_are_printed_and_checked_without_a_terminal() {
        let stage = three();
        let config = stage.folder().join("headend.toml");
        let config = config.to_str().unwrap();
        put(&keys(&stage), "[grid]\nopen = \"e\"\n");
        let printed = headend(&["keys", "--config", config], &[], LIMIT);
        assert!(printed.stdout.contains("| `e` | open |"), "{printed:?}");
        assert!(headend(&["check", config], &[], LIMIT).status.success());
        put(&keys(&stage), "[grid]\nopen = \"x\"\n");
        for arguments in [&["keys", "--config", config][..], &["check", config]] {
            let refused = headend(arguments, &[], LIMIT);
            assert_eq!(refused.status.code(), Some(2));
            assert!(
                refused.stderr.contains("keys.toml:2:8: \"x\" does open and stop in grid"),
                "{refused:?}"
            );
        }
        configure(&stage, "theme = \"nrod\"");
        std::fs::remove_file(keys(&stage)).unwrap();
        let refused = headend(&["check", config], &[], LIMIT);
        assert!(refused.stderr.contains("there is no theme \"nrod\"; did you mean \"nord\"?"), "{refused:?}");
    }
}

mod themes {
    use super::*;

    const NORD: Color = Color::Rgb(0xd8, 0xde, 0xe9);
    const TITLE: Color = Color::Rgb(0xec, 0xef, 0xf4);
    const DARK: Color = Color::Rgb(0xc8, 0xce, 0xd6);
    const LIGHT: Color = Color::Rgb(0x24, 0x29, 0x2f);

    #[test]
    fn one_is_tried_on_and_taken_off_again() {
        let stage = three();
        let screen = stage.console(SIZE, &[]);
        live(&screen);
        wait_colour(&screen, "beta", DARK);
        screen.keys("T");
        screen.wait_text("theme:");
        screen.keys("nord");
        wait_colour(&screen, "headend 0", TITLE);
        screen.press(Key::Esc);
        wait_colour(&screen, "gamma", DARK);
        screen.keys("T");
        screen.wait_text("theme:");
        screen.keys("nord");
        screen.press(Key::Enter);
        screen.wait_no_text("theme:");
        wait_colour(&screen, "gamma", NORD);
        screen.wait_until("the theme's ground where nothing stands", |shown| {
            shown.cell(20, 60).unwrap().bgcolor() == Color::Rgb(0x2e, 0x34, 0x40)
        });
    }

    #[test]
    fn a_light_terminal_says_so_and_no_piece_of_its_answer_is_a_key() {
        let stage = three();
        let screen = stage.console(SIZE, &[]);
        live(&screen);
        wait_for("the question", LIMIT, || contains(&screen.raw_output(), b"\x1b]11;?\x1b\\").then_some(()));
        wait_colour(&screen, "beta", DARK);
        // `f` would show only faults, and `/` begin a filter.
        for piece in [&b"\x1b]11;rgb:ff"[..], b"ff/ffff/", b"ffff", b"\x1b", b"\\"] {
            screen.send(piece);
            screen.settle(std::time::Duration::from_millis(100));
        }
        wait_colour(&screen, "beta", LIGHT);
        live(&screen);
        assert!(
            !screen.text().contains("shown") && !screen.text().contains("faults only"),
            "{}",
            screen.text()
        );
        // The desktop turns dark in the evening.
        screen.send(b"\x1b[?997;1n");
        wait_colour(&screen, "beta", DARK);
    }

    #[test]
    fn nobody_asks_a_terminal_whose_theme_was_chosen() {
        let stage = with_console("theme = \"nord\"");
        let mut screen = stage.console(SIZE, &[]);
        live(&screen);
        wait_colour(&screen, "beta", NORD);
        screen.send(b"\x1b[?997;2n");
        screen.keys("m");
        screen.wait_text("meters");
        screen.press(Key::Backspace);
        wait_colour(&screen, "beta", NORD);
        assert!(screen.quit().success());
        assert!(!contains(&screen.raw_output(), b"\x1b]11;?"));
    }

    #[test]
    fn a_theme_of_ones_own_is_taken_in_when_it_changes() {
        let stage = with_console("theme = \"mine.toml\"");
        let mine = stage.folder().join("mine.toml");
        put(&mine, "base = \"nord\"\ntext = { color = \"#010203\" }\n");
        let screen = stage.console(SIZE, &[]);
        live(&screen);
        wait_colour(&screen, "beta", Color::Rgb(1, 2, 3));
        put(&mine, "base = \"nord\"\ntext = { color = \"#040506\" }\n");
        wait_colour(&screen, "beta", Color::Rgb(4, 5, 6));
        put(&mine, "base = \"nord\"\ntext = { color = \"#0405\" }\n");
        screen.wait_text("mine.toml:2:18: text: \"#0405\" is no colour");
        wait_colour(&screen, "gamma", Color::Rgb(4, 5, 6));
        configure(&stage, "theme = \"gruvbox\"");
        wait_colour(&screen, "beta", Color::Rgb(0xeb, 0xdb, 0xb2));
        configure(&stage, "theme = \"gruvbox");
        screen.wait_text("headend.toml:");
        wait_colour(&screen, "gamma", Color::Rgb(0xeb, 0xdb, 0xb2));
    }
}

mod surroundings {
    use super::*;

    fn raw_in(environment: &[(&str, &str)], arguments: &[&str]) -> Vec<u8> {
        let stage = three();
        let mut screen = stage.console_in(SIZE, arguments, environment);
        live(&screen);
        screen.keys("T");
        screen.wait_text("theme:");
        screen.press(Key::Esc);
        screen.wait_no_text("theme:");
        assert!(screen.quit().success());
        assert_eq!(screen.not_given_back(), Vec::<&str>::new());
        screen.raw_output()
    }

    #[test]
    fn no_color_writes_no_colour_but_still_weight() {
        let raw = raw_in(&[("NO_COLOR", "1")], &[]);
        let numbers = renditions(&raw);
        assert!(!numbers.iter().any(|n| is_colour(*n)), "{numbers:?}");
        assert!(numbers.contains(&7) && numbers.contains(&1), "the selection is reversed, titles are bold");
        assert!(!contains(&raw, b"\x1b]11;?"));
    }

    #[test]
    fn a_dumb_terminal_is_asked_nothing_and_gets_no_colour() {
        let raw = raw_in(&[("TERM", "dumb"), ("COLORTERM", "")], &[]);
        assert!(!renditions(&raw).iter().any(|n| is_colour(*n)));
        for sequence in [&b"\x1b]"[..], b"\x1b[?1000h", b"\x1b[?1002h", b"\x1b[?2031h"] {
            assert!(!contains(&raw, sequence), "{}", String::from_utf8_lossy(sequence));
        }
    }

    #[test]
    fn a_terminal_gets_as_many_colours_as_it_has() {
        // Full colour is 38;2, one of 256 is 38;5, and crossterm writes the first 16 as the latter too.
        for (term, colorterm, full, many) in [
            ("xterm-256color", "truecolor", true, true),
            ("xterm-256color", "", false, true),
            ("xterm", "", false, false),
            ("linux", "", false, false),
        ] {
            let raw = raw_in(&[("TERM", term), ("COLORTERM", colorterm)], &[]);
            let text = String::from_utf8_lossy(&raw).into_owned();
            assert_eq!(text.contains("38;2;"), full, "{term} {colorterm}");
            let beyond = text.split("38;5;").skip(1).any(|rest| {
                let number = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
                number.parse::<u16>().is_ok_and(|number| number > 15)
            });
            assert_eq!(beyond, many && !full, "{term} {colorterm}");
        }
    }

    #[test]
    fn a_locale_without_utf8_gets_ascii_only() {
        for (environment, arguments) in
            [(&[("LANG", "C"), ("LC_ALL", "C")][..], &[][..]), (&[], &["--ascii"])]
        {
            let raw = raw_in(environment, arguments);
            assert!(raw.is_ascii(), "{environment:?} {arguments:?}");
        }
    }
}

mod mouse {
    use super::*;

    #[test]
    fn clicks_select_open_and_sort_and_the_wheel_scrolls() {
        let stage = Stage::crowd(QUICK, 30, "healthy");
        let mut screen = stage.console((100, 24), &[]);
        screen.wait_text("live 30");
        click(&screen, "s05");
        click(&screen, "s05");
        screen.wait_text("mode packets");
        click(&screen, "esc back");
        screen.wait_text("enter open");
        assert!(!screen.text().contains("s29"));
        for _ in 0..10 {
            screen.send(b"\x1b[<65;20;12M");
        }
        screen.wait_text("s29");
        screen.wait_no_text("s05");
        click(&screen, "name");
        screen.wait_text("name▲");
        click(&screen, "name▲");
        screen.wait_text("name▼");
        // It can be given back to the terminal, by name as it has no key.
        screen.keys(":");
        screen.wait_text("do:");
        screen.keys("toggle mouse");
        screen.press(Key::Enter);
        screen.wait_text("mouse off");
        let mode = |screen: &Screen| screen.look(vt100::Screen::mouse_protocol_mode);
        assert_eq!(mode(&screen), vt100::MouseProtocolMode::None);
        assert!(screen.quit().success());
        assert_eq!(screen.not_given_back(), Vec::<&str>::new());
    }

    #[test]
    fn it_is_off_where_the_configuration_says_so_and_given_back_where_not() {
        for (lines, mode) in [
            ("mouse = false", vt100::MouseProtocolMode::None),
            ("mouse = true", vt100::MouseProtocolMode::ButtonMotion),
        ] {
            let stage = with_console(lines);
            let mut screen = stage.console(SIZE, &[]);
            live(&screen);
            assert_eq!(screen.look(vt100::Screen::mouse_protocol_mode), mode, "{lines}");
            if lines == "mouse = false" {
                configure(&stage, "mouse = true");
                screen.wait_text("mouse on");
                assert_ne!(screen.look(vt100::Screen::mouse_protocol_mode), mode);
            }
            assert!(screen.quit().success());
            assert_eq!(screen.not_given_back(), Vec::<&str>::new());
        }
    }
}

mod calling {
    use super::*;

    fn critical(lines: &str, environment: &[(&str, &str)]) -> Vec<u8> {
        let stage = Stage::empty();
        let stream = stage.stream("alpha", "exit?code=1&after=4", "name = \"Al;pha\"");
        put(&stage.folder().join("headend.toml"), &format!("{QUICK}[console]\n{lines}\n{stream}"));
        let mut screen = stage.console_in(SIZE, &[], environment);
        screen.wait_text("live 1");
        screen.wait_text("1 critical");
        screen.process().signal(Signal::SIGTERM);
        assert!(screen.finish().success());
        screen.raw_output()
    }

    #[test]
    fn a_critical_stream_rings_and_notifies_when_that_is_asked_for() {
        let raw = critical("bell = true\nnotify = \"osc777\"", &[]);
        assert!(contains(&raw, b"\x1b]777;notify;headend;Al,pha critical: exited\x07\x07"));
        let raw = critical("tmux_alert = true\nnotify = \"osc9\"", &[("TMUX", "/tmp/x,1,0")]);
        assert!(contains(&raw, b"\x1bPtmux;\x1b\x1b]9;Al,pha critical: exited\x07\x1b\\\x07"));
        let raw = critical("", &[("TMUX", "/tmp/x,1,0")]);
        assert!(!contains(&raw, b"\x07") && !contains(&raw, b"\x1bP"));
    }
}
