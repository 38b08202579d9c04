//! The wall in real terminals: at any size, asleep and awake, with pages and alarms, and in tmux.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage};
use support::{HEADEND, LIMIT, wait_for, wait_until};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 60);
/// When nothing was written for so long, all that was to be drawn is drawn.
const QUIET: Duration = Duration::from_millis(500);

/// A configuration of which `fails` fails as long as a file is there.
struct Faulty {
    stage: Stage,
    file: PathBuf,
}

impl Faulty {
    /// With so many other streams.
    fn new(others: usize) -> Self {
        let stage = Stage::empty();
        let file = stage.folder().join("failing");
        let plays = format!(
            "exit?code=1&while={}&stderr=[http @ 0x1] HTTP error 404 Not Found%0A&say-after=0",
            file.display()
        );
        let others: String = (0..others).map(|n| stage.stream(&format!("s{n:03}"), "healthy", "")).collect();
        stage.write(&format!("{QUICK}{}{others}", stage.stream("fails", &plays, "")));
        Self { stage, file }
    }

    fn fails(&self, fails: bool) {
        if fails {
            std::fs::write(&self.file, "").unwrap();
            self.stage.worker("fails").signal(Signal::SIGKILL);
        } else {
            std::fs::remove_file(&self.file).unwrap();
        }
    }
}

/// The wall alone: `headend wall`.
fn wall(stage: &Stage, size: (u16, u16)) -> Screen {
    let arguments: Vec<String> = ["wall".to_owned()].into_iter().chain(stage.arguments(&[])).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let screen = Screen::headend(size, &arguments, &stage.environment(&[]));
    screen.wait_text("stream");
    screen
}

/// Waits until so many are well, and the wall says so.
fn wait_all_well(screen: &Screen) {
    screen.wait_text("all is well");
}

fn tidy(screen: &Screen) {
    assert_eq!(screen.not_given_back(), Vec::<&str>::new());
}

/// Whether the wall fills a terminal: totals and clock at its top, tiles, and the box.
fn is_whole(shown: &vt100::Screen, streams: usize) -> bool {
    let text = shown.contents();
    let clock =
        text.lines().take(6).any(|line| line.contains(':') || line.contains('▀') || line.contains('█'));
    clock && text.contains(&format!("{streams} streams")) && text.contains("0 to look at")
}

mod alone {
    use super::*;

    #[test]
    fn it_is_laid_out_for_its_size_and_understands_only_leaving() {
        let stage = Stage::crowd(QUICK, 12, "healthy");
        let mut screen = wall(&stage, LARGE);
        wait_all_well(&screen);
        screen.wait_until("every tile", |shown| {
            is_whole(shown, 12) && (0..12).all(|n| shown.contents().contains(&format!("s{n:02}")))
        });
        let workers = stage.wait_workers(12);
        screen.keys("xXzPm?:/");
        screen.press(Key::Enter);
        screen.press(Key::Esc);
        screen.keys("q");
        screen.wait_text("Quit and stop");
        assert_eq!(stage.workers(), workers, "no key before did anything");
        screen.keys("y");
        assert!(screen.finish().success());
        tidy(&screen);
    }

    #[test]
    fn sizes_come_and_go_and_leave_the_right_picture() {
        let stage = Stage::crowd(QUICK, 12, "healthy");
        let mut screen = wall(&stage, SMALL);
        wait_all_well(&screen);
        for size in [(40, 15), (1, 1), (500, 200), (1, 200), (500, 1), LARGE] {
            screen.resize(size);
        }
        screen.wait_until("a large wall", |shown| is_whole(shown, 12) && shown.contents().contains("● ok"));
        for n in 0..100u16 {
            screen.resize((1 + n * 7 % 500, 1 + n * 3 % 200));
        }
        screen.resize(SMALL);
        screen.wait_until("a small wall", |shown| {
            is_whole(shown, 12) && (0..12).all(|n| shown.contents().contains(&format!("s{n:02}")))
        });
        // Whole again after a size that is over before anyone looked.
        let is_as_wide = |shown: &vt100::Screen| {
            let text = shown.contents();
            text.lines().filter(|line| line.starts_with('─') && line.chars().count() == 80).count() == 2
        };
        screen.wait_until("all its columns", is_as_wide);
        screen.settle(QUIET);
        let drawn = without_time(&screen.text());
        screen.resize((79, 24));
        screen.resize(SMALL);
        screen.wait_until("the same picture", |shown| {
            is_as_wide(shown) && without_time(&shown.contents()) == drawn
        });
        screen.process().signal(Signal::SIGTERM);
        assert_eq!(screen.finish().code(), Some(0));
        tidy(&screen);
    }

    #[test]
    fn a_wall_that_slept_shows_what_is() {
        let faulty = Faulty::new(3);
        let mut screen = wall(&faulty.stage, SMALL);
        wait_all_well(&screen);
        let headend = screen.process();
        headend.signal(Signal::SIGSTOP);
        screen.resize((120, 40));
        faulty.fails(true);
        headend.signal(Signal::SIGCONT);
        screen.wait_until("the fault, for the new size", |shown| {
            let text = shown.contents();
            text.contains("CRITICAL: 1 stream")
                && text.contains("1 to look at")
                && text.lines().any(|line| line.trim_end().chars().count() > 80)
        });
        screen.process().signal(Signal::SIGTERM);
        assert_eq!(screen.finish().code(), Some(0));
        tidy(&screen);
    }

    #[test]
    fn what_a_shell_wrote_meanwhile_is_gone_when_it_comes_to_the_front_again() {
        let stage = Stage::crowd(QUICK, 3, "healthy");
        // The shell of an operator, who puts it to sleep with a signal: no key does, on a wall.
        let script = "set -m; \"$0\" \"$@\"; echo asleep; read line; fg; echo code $?";
        let mut arguments = ["-c", script, HEADEND, "wall"].map(str::to_owned).to_vec();
        arguments.extend(stage.arguments(&[]));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut screen = Screen::open(Path::new("/bin/bash"), SMALL, &arguments, &stage.environment(&[]));
        wait_all_well(&screen);
        let headend = support::processes::with_argument(stage.folder().to_str().unwrap());
        let headend = headend.into_iter().find(|process| process.pid != screen.pid()).unwrap();
        // The whole job, the process in front and the one behind it, as a terminal would.
        let job = nix::unistd::getpgid(Some(nix::unistd::Pid::from_raw(headend.pid))).unwrap();
        nix::sys::signal::killpg(job, Signal::SIGSTOP).unwrap();
        screen.wait_text("asleep");
        // Whoever was stopped so could not give the terminal back: no key is made a line feed.
        screen.keys("\n");
        screen.wait_until("the whole wall again", |shown| {
            is_whole(shown, 3) && !shown.contents().contains("asleep")
        });
        assert!(screen.look(vt100::Screen::alternate_screen));
        screen.keys("q");
        screen.wait_text("y yes");
        screen.keys("y");
        screen.finish();
        assert!(screen.text().contains("code 0"), "{}", screen.text());
        // Its mode the shell sets as it found it when the job was stopped.
        assert!(screen.not_given_back().iter().all(|left| *left == "raw mode"));
    }

    #[test]
    fn an_alarm_comes_and_goes_with_its_line_in_the_box() {
        let faulty = Faulty::new(3);
        let screen = wall(&faulty.stage, SMALL);
        wait_all_well(&screen);
        assert!(!screen.text().contains("CRITICAL"));
        faulty.fails(true);
        screen.wait_until("the alarm", |shown| {
            let text = shown.contents();
            text.contains("CRITICAL: 1 stream   fails") && text.contains("1 to look at")
        });
        // Reversed from edge to edge.
        screen.look(|shown| {
            let y = (0..24).find(|y| shown.rows(0, 80).nth(*y).unwrap().contains("CRITICAL")).unwrap();
            let y = u16::try_from(y).unwrap();
            assert!((0..80).all(|x| shown.cell(y, x).unwrap().inverse()));
        });
        faulty.fails(false);
        wait_all_well(&screen);
        screen.wait_no_text("CRITICAL");
    }

    #[test]
    fn pages_turn_by_themselves_when_not_all_fit() {
        let stage = Stage::crowd(QUICK, 30, "healthy");
        let screen = wall(&stage, (40, 15));
        wait_all_well(&screen);
        let pages: usize = screen.look(|shown| {
            let text = shown.contents();
            let at = text.find("page 1 of ").map(|at| &text[at + 10..]);
            let digits = at.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
            digits.and_then(|digits| digits.parse().ok()).unwrap_or(1)
        });
        assert!(pages > 1, "{}", screen.text());
        let mut seen = std::collections::BTreeSet::new();
        let ids: Vec<String> = (0..30).map(|n| format!("s{n:02}")).collect();
        for page in 1..=pages {
            screen.wait_text(&format!("page {page} of {pages}"));
            let text = screen.text();
            seen.extend(ids.iter().filter(|id| text.contains(id.as_str())).cloned());
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ids);
        screen.wait_text(&format!("page 1 of {pages}"));
    }
}

/// A picture without what moves by itself: the clock, and for how long all is well.
fn without_time(text: &str) -> String {
    text.lines()
        .skip(4)
        .filter(|line| !line.contains("all is well"))
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

mod from_the_console {
    use super::*;

    #[test]
    fn a_key_opens_it_and_any_key_goes_back() {
        let faulty = Faulty::new(3);
        let mut screen = faulty.stage.console(SMALL, &[]);
        screen.wait_text("live 4");
        screen.keys("W");
        wait_all_well(&screen);
        screen.resize((120, 40));
        screen.wait_until("a larger wall", |shown| shown.contents().contains("● ok"));
        faulty.fails(true);
        screen.wait_text("CRITICAL: 1 stream");
        screen.keys("x");
        screen.wait_text("enter open");
        screen.wait_no_text("CRITICAL");
        assert_eq!(faulty.stage.workers().len(), 3, "the key stopped nobody");
        assert!(screen.quit().success());
        tidy(&screen);
    }
}

/// A tmux server of its own; ended with the test.
struct Tmux(String);

impl Tmux {
    fn new() -> Self {
        Self(format!("wall-{}", std::process::id()))
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = Command::new("tmux").args(["-L", &self.0, "-f", "/dev/null"]).args(arguments).output();
        output.expect("tmux: `make test` installs it")
    }

    fn tells(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "tmux {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn picture(&self) -> String {
        self.tells(&["capture-pane", "-p"])
    }

    /// Waits until the pane is as wanted.
    fn wait(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let mut last = String::new();
        let until = Instant::now() + LIMIT;
        while !holds(&last) {
            assert!(Instant::now() < until, "waited in vain for {what}:\n{last}");
            std::thread::sleep(Duration::from_millis(50));
            last = self.picture();
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[test]
fn a_wall_in_tmux_outlives_its_terminals() {
    let faulty = Faulty::new(11);
    let tmux = Tmux::new();
    let mut arguments: Vec<String> =
        ["new-session", "-d", "-x", "120", "-y", "40"].map(str::to_owned).to_vec();
    let set = faulty.stage.environment(&[("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")]);
    for (name, value) in set {
        arguments.extend(["-e".to_owned(), format!("{name}={value}")]);
    }
    arguments.extend([HEADEND.to_owned(), "wall".to_owned()]);
    arguments.extend(faulty.stage.arguments(&[]));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    tmux.tells(&arguments);
    tmux.wait("the wall", |text| text.contains("all is well") && text.contains("12 streams"));
    let pane = tmux.tells(&["display-message", "-p", "#{pane_pid}"]);

    // Someone looks at it from a small terminal, and goes.
    let attach = ["-L", &tmux.0, "-f", "/dev/null", "attach"];
    let look = |size| Screen::open(Path::new("/usr/bin/env"), size, &[&["tmux"], &attach[..]].concat(), &[]);
    let mut small = look((80, 24));
    small.wait_until("the wall for a small terminal", |shown| {
        shown.contents().contains("all is well") && shown.contents().contains("12 streams")
    });
    wait_until("the pane's new size", LIMIT, || {
        tmux.tells(&["display-message", "-p", "#{pane_width}"]).trim() == "80"
    });
    tmux.tells(&["detach-client"]);
    small.finish();
    // While nobody looks, something happens.
    faulty.fails(true);
    tmux.wait("the alarm", |text| text.contains("CRITICAL: 1 stream"));
    // Someone comes back with another terminal, and the picture is whole and goes on.
    let large = look((200, 60));
    large.wait_until("the alarm in a large terminal", |shown| {
        let text = shown.contents();
        text.contains("CRITICAL: 1 stream") && (0..11).all(|n| text.contains(&format!("s{n:03}")))
    });
    faulty.fails(false);
    large.wait_text("all is well");
    large.wait_no_text("CRITICAL");
    large.resize((100, 30));
    tmux.wait("the wall at its newest size", |text| {
        let wide = text.lines().map(|line| line.chars().count()).max();
        text.contains("all is well") && wide.is_some_and(|wide| wide <= 100 && wide > 80)
    });
    assert_eq!(tmux.tells(&["display-message", "-p", "#{pane_pid}"]), pane, "it is the same headend");
    let headend: i32 = pane.trim().parse().unwrap();
    drop(large);
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(headend), Signal::SIGTERM).unwrap();
    wait_for("every worker's end", LIMIT, || faulty.stage.workers().is_empty().then_some(()));
}
