//! Promises about many workers and many starts: the whole program against the stand-in. Which test
//! holds which promise stands in `docs/architecture.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use support::headless::Running;
use support::processes::{self, Process};
use support::pty::Key;
use support::stage::{QUICK, Stage, WIDE, contains, measured, pid_namespaces, skipped};
use support::{HEADEND, LIMIT, stand_in, wait_for, wait_until};

/// Workers that are no longer wanted are gone in this time whatever the machine is busy with; how
/// long it takes is a benchmark's to tell.
const GONE: Duration = Duration::from_secs(30);

/// Hundreds of workers start on a busy machine in this time.
const STARTED: Duration = Duration::from_secs(90);

/// Whoever fails is tried again at once, for ever.
const STORM: &str = r#"
[pool]
start_parallel = 200
starts_per_second = 1000
[restart]
backoff_first = "10ms"
backoff_cap = "10ms"
jitter = 0
broken_failures = 1000
broken_window = "10ms"
[origin]
failures = 10000
[guard]
enabled = false
[defaults]
mode = "packets"
"#;

/// Streams `s000` and on, with one journal for all of them.
fn many(settings: &str, count: usize, plays: impl Fn(usize) -> &'static str) -> Stage {
    let stage = Stage::empty();
    let mut text = settings.to_owned();
    for n in 0..count {
        text += &stage.stream(&format!("s{n:03}"), &stage.journalled("all", plays(n)), "");
    }
    stage.write(&text);
    stage
}

/// Waits until so many workers play: each has said something.
fn wait_playing(stage: &Stage, count: usize) -> Vec<Process> {
    wait_for(&format!("{count} workers that play"), STARTED, || {
        let workers = stage.workers();
        let playing = workers.iter().filter(|worker| worker.written() > 300).count();
        (playing == count && workers.len() == count).then_some(workers)
    })
}

#[test]
fn a_killed_headend_leaves_none_of_two_hundred_workers() {
    let stage = many(QUICK, 200, |_| "healthy");
    let mut headend = stage.headless(&[]);
    let workers = wait_playing(&stage, 200);
    let begin = Instant::now();
    headend.kill();
    processes::wait_gone(&workers, GONE);
    measured(&format!("200 workers were gone {:?} after SIGKILL of headend", begin.elapsed()));
    assert_eq!(stage.workers(), []);
}

#[test]
fn of_two_hundred_workers_those_that_do_not_listen_are_gone_too() {
    let stage = many(QUICK, 200, |n| if n < 20 { "ignore-term" } else { "healthy" });
    let mut headend = stage.headless(&[]);
    let workers = wait_playing(&stage, 200);
    for n in 20..25 {
        stage.worker(&format!("s{n:03}")).signal(Signal::SIGSTOP);
    }
    let begin = Instant::now();
    headend.process().signal(Signal::SIGTERM);
    assert_eq!(headend.wait_exit(GONE).code(), Some(0));
    measured(&format!("200 workers, 20 deaf and 5 stopped, were gone in {:?}", begin.elapsed()));
    processes::wait_gone(&workers, Duration::ZERO);
    assert_eq!(stage.workers(), []);
}

#[test]
fn threads_of_ours_that_end_take_no_worker_along() {
    let stage = many(QUICK, 20, |_| "healthy");
    let mut screen = stage.console(WIDE, &[]);
    let workers = wait_playing(&stage, 20);
    let headend = screen.process();
    let names = || headend.threads().into_iter().map(|(_, name)| name).collect::<BTreeSet<_>>();
    let spawner = || headend.threads().into_iter().find(|(_, name)| name == "spawner");
    let before = spawner().expect("a spawner's thread");
    assert!(names().contains("console"), "{:?}", names());
    // The terminal goes, and the console's threads with it.
    screen.hang_up();
    wait_until("the end of the console's threads", LIMIT, || !names().iter().any(|n| n.contains("console")));
    // More starts, after those threads have ended.
    let some = &workers[..5];
    for worker in some {
        worker.signal(Signal::SIGKILL);
    }
    processes::wait_gone(some, LIMIT);
    wait_playing(&stage, 20);
    assert_eq!(spawner(), Some(before), "the thread whose end would kill them all");
    assert_eq!(workers.iter().filter(|w| w.is_alive()).count(), 15);
    assert_eq!(stage.starts("all").len(), 25, "nobody was started but those that were killed");
    headend.signal(Signal::SIGTERM);
    assert_eq!(screen.exit_status().code(), Some(0));
}

/// What must be the same after a storm as before.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    files: usize,
    threads: Vec<(i32, String)>,
    zombies: usize,
    children: usize,
}

impl Held {
    fn by(headend: Process) -> Self {
        let mut threads = headend.threads();
        threads.sort();
        let (files, pid) = (headend.open_files(), headend.pid);
        let (zombies, children) = (processes::zombies_of(pid).len(), processes::children_of(pid).len());
        Self { files, threads, zombies, children }
    }
}

/// `HEADEND_CRASH_CYCLES` sets another number of them, such as 100000.
#[test]
fn crash_cycles_leave_nothing_behind() {
    const STREAMS: usize = 20;
    /// Fills what has a bound: tails of logs, caches, the allocator's own.
    const WARM_UP: usize = 500;
    /// What an allocator and sled's cache may add; a leak of 16 KiB a cycle is more.
    const GROWTH: u64 = 32 * 1024 * 1024;
    /// Far longer than one cycle takes.
    const A_CYCLE: Duration = Duration::from_millis(60);
    let asked = std::env::var("HEADEND_CRASH_CYCLES").ok().and_then(|count| count.parse().ok());
    let cycles: usize = asked.unwrap_or(2_000);

    let stage = Stage::empty();
    let sign = stage.folder().join("fail");
    let plays = stage.journalled("all", &format!("exit?code=1&while={}", sign.display()));
    let mut text = STORM.to_owned();
    for n in 0..STREAMS {
        text += &stage.stream(&format!("s{n:03}"), &plays, "");
    }
    stage.write(&text);
    let mut headend = stage.headless(&[]);
    wait_playing(&stage, STREAMS);
    let storm = |count: usize| {
        let enough = stage.starts("all").len() + count;
        std::fs::write(&sign, "").unwrap();
        for worker in stage.workers() {
            worker.signal(Signal::SIGKILL);
        }
        let limit = LIMIT + A_CYCLE * u32::try_from(count).unwrap();
        wait_until("crash cycles", limit, || stage.starts("all").len() >= enough);
        std::fs::remove_file(&sign).unwrap();
        wait_playing(&stage, STREAMS);
    };
    storm(WARM_UP);
    let process = headend.process();
    // Files of logs and store are opened for a moment only: the same twice is the rest.
    let at_rest = wait_for("a rest", LIMIT, || {
        let held = Held::by(process);
        std::thread::sleep(Duration::from_millis(100));
        (held == Held::by(process) && held.children == STREAMS && held.zombies == 0).then_some(held)
    });
    let memory = process.memory();
    let begin = Instant::now();
    storm(cycles);
    measured(&format!("{cycles} crash cycles in {:?}", begin.elapsed()));
    let mut last = None;
    let until = Instant::now() + LIMIT;
    while last.as_ref() != Some(&at_rest) {
        assert!(Instant::now() < until, "held after the storm: {last:#?}\nbefore: {at_rest:#?}");
        std::thread::sleep(Duration::from_millis(50));
        last = Some(Held::by(process));
    }
    let grown = process.memory().saturating_sub(memory);
    measured(&format!("memory grew by {} KiB, from {} KiB", grown / 1024, memory / 1024));
    assert!(grown < GROWTH, "{} KiB more after {cycles} cycles", grown / 1024);
    process.signal(Signal::SIGTERM);
    assert_eq!(headend.wait_exit(LIMIT).code(), Some(0));
}

#[test]
fn a_crash_storm_is_held_to_the_start_budget() {
    const A_SECOND: u64 = 40;
    /// Those of the bucket when it is full, and five seconds' worth.
    const STARTS: usize = 240;
    let settings = STORM.replace("starts_per_second = 1000", &format!("starts_per_second = {A_SECOND}"));
    let stage = many(&settings, 200, |_| "exit?code=1");
    let headend = stage.headless(&[]);
    stage.wait_starts("all", STARTS);
    let begun = headend.process().started();
    drop(headend);
    let mut forks: Vec<u64> = stage.starts("all").into_iter().map(|(_, forked)| forked).collect();
    forks.sort_unstable();
    // The bucket was not there before headend was, and whatever held up a start only made it later:
    // so this holds on a busy machine too.
    for (n, forked) in forks.iter().enumerate() {
        let allowed = A_SECOND + A_SECOND * (forked - begun + 1) / processes::ticks_a_second();
        assert!(
            n as u64 <= allowed,
            "{n} starts {} ticks after headend's own: {allowed} are allowed",
            forked - begun
        );
    }
}

#[test]
fn no_signal_goes_to_a_stranger_who_has_the_number_of_a_worker() {
    /// Canaries that lived and died with the number of a worker.
    const ENOUGH: usize = 100;
    if !pid_namespaces() {
        skipped("signals to strangers: pid namespaces are not allowed here");
        return;
    }
    let settings = format!(
        "{STORM}\n[stop]\nagain = \"100ms\"\nkill = \"100ms\"\n[ffmpeg]\nstats_period = \"100ms\"\n\
         [defaults.thresholds]\nstall = \"1s\"\nstall_restart = \"0s\"\n"
    );
    // Those that stall are replaced: they end at the first of three signals, 100 ms apart, and
    // what they leave behind holds their pipes for 250 ms after their number is free.
    let stage = many(&settings, 20, |n| {
        if n < 17 { "stall?after=0.5&child=1&for=3&group=own" } else { "exit?code=1&after=0.2" }
    });
    let canaries = format!("stand-in:canaries?of={}", stage.journal("all").display());
    let arguments = stage.arguments(&["--headless"]);
    let namespace = ["--pid", "--fork", "--kill-child", "--mount-proc"];
    let ours = [stand_in().to_str().unwrap(), "-i", &canaries, "--", HEADEND];
    let arguments: Vec<&str> =
        namespace.into_iter().chain(ours).chain(arguments.iter().map(String::as_str)).collect();
    let running = Running::start(Path::new("unshare"), &arguments, &stage.environment(&[]));
    let workers = || stage.starts("all").into_iter().map(|(pid, _)| pid).collect::<BTreeSet<_>>();
    let out = running.wait_stdout("canaries with a worker's number", |out| {
        let workers = workers();
        let sung = out.lines().filter_map(|line| line.strip_prefix("canary ")?.parse().ok());
        out.contains("hurt") || sung.filter(|pid| workers.contains(pid)).count() >= ENOUGH
    });
    let hurt: Vec<&str> = out.lines().filter(|line| line.starts_with("hurt")).collect();
    assert!(hurt.is_empty(), "{hurt:?}");
    assert!(!out.contains("ended"), "headend has ended: {out}");
}

#[test]
fn secrets_an_operator_wrote_are_seen_nowhere() {
    const CANARY: &str = "c4n4ryc4n4ry";
    let stage = Stage::empty();
    let args = [
        "-headers".to_owned(),
        format!("Authorization: Bearer {CANARY}\\r\\nX-Api-Key: {CANARY}\\r\\n"),
        "-passphrase".to_owned(),
        CANARY.to_owned(),
        "-cookies".to_owned(),
        format!("session={CANARY}; path=/"),
        "-i".to_owned(),
        stage.url("args", &format!("healthy?token={CANARY}")).replace("://", &format!("://user:{CANARY}@")),
        "-f".to_owned(),
        "flv".to_owned(),
        format!("rtmp://user:{CANARY}@relay.example/live?key={CANARY}"),
    ];
    let args = args.map(|arg| format!("\"{arg}\"")).join(", ");
    let settings = QUICK.replace("jitter", "broken_failures = 2\njitter");
    let input_args = format!("[\"-headers\", \"Cookie: session={CANARY}\"]");
    stage.write(&format!(
        "{settings}\n[[stream]]\nid = \"args\"\nmode = \"run\"\nargs = [{args}]\n\
         [[stream]]\nid = \"fails\"\ninputs = [\"{}\"]\ninput_args = {input_args}\n",
        stage.url("fails", &format!("exit?code=1&token={CANARY}&stderr=[error] token={CANARY} is wrong%0A")),
    ));
    let mut screen = stage.open(WIDE, &["--report", "json"], &[]);
    screen.wait_phase("args", "live");
    screen.wait_phase("fails", "broken");
    screen.filter("args");
    screen.press(Key::Enter);
    screen.wait_text("following");
    screen.keys("w");
    screen.wait_text("-passphrase '***'");
    assert!(screen.quit().success());
    let raw = screen.raw_output();
    assert!(contains(&raw, b"\"streams\""), "the report too");
    assert!(!contains(&raw, CANARY.as_bytes()), "on the screen or in the report");
    assert!(stage.log("args").contains("-passphrase '***'"), "{}", stage.log("args"));
    assert!(stage.log("fails").contains("token=*** is wrong"), "{}", stage.log("fails"));
    // The export of an orderly end is there too.
    assert!(stage.state().join("store").is_dir());
    assert_eq!(stage.files_that_tell(CANARY), Vec::<std::path::PathBuf>::new());
}
