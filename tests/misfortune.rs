//! What befalls a console: terminals that stop reading, go away or change their size all the time,
//! and defects of our own. The streams go on, and the terminal is given back.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use support::pty::{Key, Screen};
use support::stage::{Stage, WIDE};
use support::{LIMIT, processes, wait_until};

const SMALL: (u16, u16) = (80, 24);
const IDS: [&str; 3] = ["alpha", "beta", "gamma"];
/// More than a terminal that nobody reads takes, in bytes.
const FULL: u64 = 256 * 1024;
/// What drawing for a terminal that does not read may cost, in bytes of memory.
const MEMORY: u64 = 8 << 20;

fn three() -> Stage {
    Stage::new(&IDS.map(|id| (id, "healthy?wobble=0.3")))
}

fn live(screen: &Screen) {
    for id in IDS {
        screen.wait_phase(id, "live");
    }
}

fn tidy(screen: &Screen) {
    assert_eq!(screen.not_given_back(), Vec::<&str>::new());
}

/// Someone kills a worker from outside, and it comes back: supervision goes on.
fn a_worker_comes_back(stage: &Stage, id: &str) {
    let old = stage.worker(id);
    old.signal(Signal::SIGKILL);
    stage.other_worker(id, &[old]);
}

#[test]
fn a_terminal_that_stops_reading_stops_nothing_else() {
    let stage = three();
    let mut screen = stage.console(WIDE, &[]);
    live(&screen);
    let (headend, written) = (screen.process(), screen.bytes_written());
    screen.pause_reading(true);
    // Each of these draws the whole screen anew: together many times what a terminal holds.
    for _ in 0..100 {
        screen.keys("m");
        screen.press(Key::Backspace);
        screen.keys("?");
        screen.press(Key::Backspace);
    }
    a_worker_comes_back(&stage, "alpha");
    let memory = headend.memory();
    for _ in 0..3 {
        a_worker_comes_back(&stage, "beta");
    }
    assert!(screen.bytes_written() < written + FULL, "it was read all the time");
    assert!(headend.memory() < memory + MEMORY, "{} and then {}", memory, headend.memory());
    screen.pause_reading(false);
    // Of keys pressed in front of a terminal that shows nothing, the inbox keeps only some.
    screen.settle(Duration::from_millis(300));
    screen.press(Key::Backspace);
    screen.press(Key::Backspace);
    screen.wait_text("enter open");
    // What is seen then is how things are, not how they were.
    screen.wait_row("beta", "live, with its restarts", |row| {
        row.contains("live") && row.split_whitespace().any(|word| word == "3")
    });
    live(&screen);
    assert!(screen.quit().success());
    tidy(&screen);
}

#[test]
fn headend_leaves_in_time_though_nobody_reads_its_terminal() {
    let stage = three();
    let mut screen = stage.console(WIDE, &[]);
    live(&screen);
    let workers = stage.wait_workers(3);
    screen.pause_reading(true);
    for _ in 0..100 {
        screen.keys("m");
        screen.press(Key::Backspace);
    }
    screen.process().signal(Signal::SIGTERM);
    assert_eq!(screen.exit_status().code(), Some(0));
    processes::wait_gone(&workers, LIMIT);
}

#[test]
fn a_storm_of_sizes_leaves_the_right_picture() {
    let stage = three();
    let mut screen = stage.console(SMALL, &[]);
    live(&screen);
    let workers = stage.wait_workers(3);
    for n in 0..300u16 {
        screen.resize((1 + n * 7 % 500, 1 + n * 3 % 200));
        if n % 10 == 0 {
            screen.keys("m");
        }
    }
    for size in [(500, 200), (1, 1), (40, 15), SMALL, WIDE] {
        screen.resize(size);
    }
    screen.press(Key::Backspace);
    live(&screen);
    screen.wait_text("enter open");
    assert_eq!(stage.workers(), workers);
    assert!(screen.quit().success());
    tidy(&screen);
}

/// Lets a thread have a defect as soon as it next does something.
struct Defect {
    folder: tempfile::TempDir,
}

impl Defect {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("now")
    }

    fn console(&self, stage: &Stage, place: &str) -> Screen {
        let wanted = format!("{place}={}", self.file().display());
        stage.console_in(SMALL, &[], &[("HEADEND_DEFECT", wanted.as_str())])
    }

    fn happens(&self) {
        std::fs::write(self.file(), "").unwrap();
    }

    fn wait(&self) {
        wait_until("the defect", LIMIT, || !self.file().exists());
    }
}

#[test]
fn a_defect_of_the_console_is_mended_and_no_stream_s() {
    for place in ["console", "console-input"] {
        let stage = three();
        let defect = Defect::new();
        let mut screen = defect.console(&stage, place);
        live(&screen);
        let workers = stage.wait_workers(3);
        defect.happens();
        screen.press(Key::Down);
        defect.wait();
        screen.wait_text("was started anew");
        live(&screen);
        assert_eq!(stage.workers(), workers, "{place}");
        stage.wait_log("_headend", "a defect of headend in thread console");
        assert_eq!(screen.quit().code(), Some(0), "{place}");
        tidy(&screen);
    }
}

#[test]
fn a_console_that_has_one_defect_after_the_other_stays_away() {
    let stage = three();
    let defect = Defect::new();
    let mut screen = defect.console(&stage, "console");
    live(&screen);
    let workers = stage.wait_workers(3);
    for n in 0..4 {
        defect.happens();
        // Until it is up again no key gets through; then one is enough.
        wait_until("the defect", LIMIT, || {
            screen.press(Key::Down);
            !defect.file().exists()
        });
        if n < 3 {
            screen.wait_text("was started anew");
            live(&screen);
        }
    }
    stage.wait_log("_headend", "the streams go on");
    tidy(&screen);
    assert_eq!(stage.workers(), workers);
    // The prompt is back, and the streams run on until somebody ends them.
    assert_eq!(screen.exit_status().code(), Some(0));
    stage.done(&["shutdown"]);
    processes::wait_gone(&workers, LIMIT);
}

#[test]
fn a_defect_elsewhere_is_told_in_the_console() {
    for place in ["logs", "store"] {
        let stage = three();
        let defect = Defect::new();
        let mut screen = defect.console(&stage, place);
        live(&screen);
        let workers = stage.wait_workers(3);
        defect.happens();
        // Something to write for either of them.
        screen.filter("gamma");
        screen.keys("x");
        defect.wait();
        screen.keys("L");
        screen.wait_text(&format!("a defect of headend in thread {place}"));
        screen.press(Key::Backspace);
        let others: Vec<_> = stage.workers().into_iter().filter(|w| workers.contains(w)).collect();
        assert!(others.len() >= 2, "{place}");
        screen.quit();
        tidy(&screen);
    }
}

#[test]
fn a_defect_of_the_supervisor_ends_headend_with_its_workers_and_says_so() {
    let stage = three();
    let defect = Defect::new();
    let mut screen = defect.console(&stage, "supervisor");
    live(&screen);
    let workers = stage.wait_workers(3);
    defect.happens();
    assert_eq!(screen.finish().code(), Some(1));
    processes::wait_gone(&workers, LIMIT);
    assert!(screen.text().contains("defect"), "{}", screen.text());
    tidy(&screen);
}
