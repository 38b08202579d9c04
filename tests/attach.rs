//! Many terminals and one supervisor: the daemon, consoles that attach, and each of them going away.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use support::processes::Process;
use support::pty::Screen;
use support::stage::{Stage, WIDE};
use support::{HEADEND, LIMIT, wait_until};

/// Opens a wall, and waits for a text.
fn wall(stage: &Stage, text: &str) -> Screen {
    let mut arguments = stage.arguments(&[]);
    arguments.insert(0, "wall".to_owned());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let screen = Screen::headend(WIDE, &arguments, &stage.environment(&[]));
    screen.wait_text(text);
    screen
}

#[test]
fn what_one_console_orders_another_one_sees_and_none_going_away_changes_a_stream() {
    let stage = Stage::new(&[("alpha", "healthy"), ("beta", "healthy")]);
    let daemon = stage.daemon();
    let (mut one, mut two) = (stage.console(WIDE, &[]), stage.console(WIDE, &[]));
    let mut wall = wall(&stage, "alpha");
    for screen in [&one, &two] {
        screen.wait_phase("alpha", "live");
        screen.wait_phase("beta", "live");
    }
    let before = stage.worker("beta");
    one.filter("alpha");
    one.keys("x");
    two.wait_phase("alpha", "stopped");
    stage.wait_log("_headend", ") stop alpha: done, 1 stream");
    one.wait_phase("alpha", "stopped");
    // One leaves by itself, at once and without a question; the others are killed and hung up on.
    assert!(one.quit_idle().success());
    assert_eq!(one.not_given_back(), Vec::<&str>::new());
    two.kill();
    wall.hang_up();
    let mut three = stage.console(WIDE, &[]);
    three.wait_phase("alpha", "stopped");
    three.wait_phase("beta", "live");
    assert_eq!(stage.worker("beta"), before);
    // A signal gives the terminal back first.
    three.process().signal(Signal::SIGTERM);
    assert!(three.exit_status().success());
    assert_eq!(three.not_given_back(), Vec::<&str>::new());
    daemon.end();
}

/// The workers of these streams, which are live.
fn live(stage: &Stage, ids: &[&str]) -> Vec<Process> {
    wait_until(&format!("{ids:?} to be live"), LIMIT, || {
        phases(stage, ids).iter().all(|told| told.0 == "live")
    });
    let workers: Vec<Process> = ids.iter().map(|id| stage.worker(id)).collect();
    let told: Vec<u64> = phases(stage, ids).into_iter().map(|(_, pid)| pid).collect();
    assert_eq!(told, workers.iter().map(|worker| u64::from(worker.pid.unsigned_abs())).collect::<Vec<_>>());
    workers
}

/// The phase of each, and the process of its worker; 0: it has none.
fn phases(stage: &Stage, ids: &[&str]) -> Vec<(String, u64)> {
    let told = |id: &&str| {
        let stream = stage.status(id).remove(0);
        (stream["phase"].as_str().unwrap().to_owned(), stream["pid"].as_u64().unwrap_or(0))
    };
    ids.iter().map(told).collect()
}

#[test]
fn consoles_a_wall_and_a_script_come_and_go_and_only_what_is_ordered_changes() {
    let ids = ["alpha", "beta", "gamma"];
    let stage = Stage::new(&[ids[0], ids[1], ids[2], "ordered"].map(|id| (id, "healthy")));
    let daemon = stage.daemon();
    live(&stage, &["ordered"]);
    let before = live(&stage, &ids);
    let mut consoles = [(); 3].map(|()| stage.console(WIDE, &[]));
    let mut wall = wall(&stage, "ordered");
    let follows = stage.start_verb(&["events", "-f", "--json"]);
    follows.wait_stdout("what is now", |text| text.lines().count() == 4);
    let undisturbed = |after: &str| assert_eq!(live(&stage, &ids), before, "after {after}");
    for console in &consoles {
        console.wait_phase("ordered", "live");
    }

    // The script orders one stream about, and each time somebody is lost meanwhile.
    let [one, two, three] = &mut consoles;
    let old = stage.worker("ordered");
    let restart = stage.start_verb(&["restart", "ordered"]);
    one.kill();
    assert_eq!(restart.finish(LIMIT).code(), 0);
    stage.other_worker("ordered", &[old]);
    undisturbed("SIGKILL of a console");

    assert_eq!(stage.done(&["stop", "ordered"]), "stop: 1 stream\n");
    two.wait_phase("ordered", "stopped");
    two.process().signal(Signal::SIGTERM);
    assert!(two.exit_status().success());
    assert_eq!(two.not_given_back(), Vec::<&str>::new());
    undisturbed("SIGTERM of a console");

    stage.done(&["start", "ordered"]);
    three.wait_phase("ordered", "live");
    wall.hang_up();
    wall.exit_status();
    undisturbed("the hang-up of a wall's terminal");

    for verb in [&["ack", "ordered"][..], &["mute", "ordered", "--for", "1h"], &["unmute", "ordered"]] {
        stage.done(verb);
    }
    let text = std::fs::read_to_string(stage.folder().join("headend.toml")).unwrap();
    stage.write(&(text + &stage.stream("more", "healthy", "")));
    let said = stage.done(&["reload"]);
    assert!(
        said.starts_with("1 stream added, 0 removed, 0 changed (0 get another worker), 4 as before"),
        "{said}"
    );
    three.wait_phase("more", "live");
    assert!(three.quit_idle().success());
    assert_eq!(three.not_given_back(), Vec::<&str>::new());
    undisturbed("a reload, and a console that was left");

    // Who has followed all that has heard of what was ordered, and of no other worker.
    let told = follows.wait_stdout("the stream that was added", |text| text.contains("\"more\""));
    let lines = told.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let moved = |line: &serde_json::Value| line["change"] == "phase" || line["change"] == "pid";
    let moved: Vec<_> = lines.filter(moved).collect();
    assert!(moved.iter().any(|line| line["id"] == "ordered"), "{told}");
    assert!(moved.iter().all(|line| line["id"] == "ordered" || line["id"] == "more"), "{told}");
    drop(follows);
    undisturbed("SIGKILL of a verb");
    daemon.end();
}

#[test]
fn whoever_closes_the_laptop_finds_the_streams_as_they_were() {
    let stage = Stage::new(&[("alpha", "healthy"), ("beta", "healthy"), ("gamma", "healthy")]);
    let ids = ["alpha", "beta", "gamma"];
    for way in ["it is left", "its terminal hangs up"] {
        let mut first = stage.console(WIDE, &[]);
        for id in ids {
            first.wait_phase(id, "live");
        }
        stage.done(&["stop", "gamma"]);
        first.wait_phase("gamma", "stopped");
        let (headend, before) = (first.process(), phases(&stage, &ids));
        let workers = live(&stage, &ids[..2]);
        if way == "it is left" {
            first.keys("q");
            first.wait_text("lets the streams run on");
            first.keys("d");
            assert!(first.finish().success());
        }
        first.hang_up();
        first.exit_status();
        assert_eq!(phases(&stage, &ids), before, "{way}");
        for _ in 0..2 {
            // `headend`, as before.
            let mut again = stage.console(WIDE, &[]);
            for (id, (phase, _)) in ids.iter().zip(&before) {
                again.wait_phase(id, phase);
            }
            assert_eq!(phases(&stage, &ids), before, "{way}");
            assert_eq!(live(&stage, &ids[..2]), workers, "{way}");
            again.hang_up();
        }
        let mut last = stage.console(WIDE, &[]);
        assert!(headend.is_alive(), "{way}");
        stage.done(&["start", "gamma"]);
        stage.done(&["shutdown"]);
        last.wait_text("THE SUPERVISOR IS GONE");
        last.kill();
        support::processes::wait_gone(&[&[headend][..], &workers].concat(), LIMIT);
    }
}

#[test]
fn twenty_consoles_that_are_killed_together_change_no_stream() {
    let stage = Stage::new(&[("alpha", "healthy"), ("beta", "healthy")]);
    let ids = ["alpha", "beta"];
    let daemon = stage.daemon();
    let before = live(&stage, &ids);
    let files = daemon.process().open_files();
    let consoles: Vec<Screen> = (0..20).map(|_| stage.open(WIDE, &[], &[])).collect();
    for console in &consoles {
        console.wait_phase("alpha", "live");
        console.wait_phase("beta", "live");
    }
    let processes: Vec<Process> = consoles.iter().map(Screen::process).collect();
    for process in &processes {
        process.signal(Signal::SIGKILL);
    }
    // It answers at once, and lets go of all of them.
    assert_eq!(live(&stage, &ids), before);
    support::processes::wait_gone(&processes, LIMIT);
    wait_until("the connections to be closed", LIMIT, || daemon.process().open_files() <= files);
    assert_eq!(live(&stage, &ids), before);
    let mut last = stage.console(WIDE, &[]);
    last.wait_phase("alpha", "live");
    assert!(last.quit_idle().success());
    daemon.end();
}

#[test]
fn consoles_say_that_the_supervisor_is_gone_and_find_the_next_one() {
    let stage = Stage::new(&[("alpha", "healthy"), ("beta", "healthy")]);
    let mut first = stage.daemon();
    let (mut console, mut wall) = (stage.console(WIDE, &[]), wall(&stage, "alpha"));
    console.wait_phase("alpha", "live");
    let workers = stage.wait_workers(2);
    first.kill();
    for screen in [&console, &wall] {
        screen.wait_text("THE SUPERVISOR IS GONE");
    }
    support::processes::wait_gone(&workers, LIMIT);
    // What is ordered meanwhile is refused, and not forgotten silently.
    console.keys("x");
    console.wait_text("the supervisor is gone");
    assert!(stage.socket().exists(), "what a killed one leaves");
    let mut second = stage.daemon();
    console.wait_no_text("THE SUPERVISOR IS GONE");
    wall.wait_no_text("THE SUPERVISOR IS GONE");
    console.wait_phase("alpha", "live");
    console.wait_phase("beta", "live");
    // One that leaves in order is waited for too.
    second.process().signal(Signal::SIGTERM);
    assert!(second.wait_exit(LIMIT).success());
    console.wait_text("it was told to end");
    assert!(!stage.socket().exists());
    let third = stage.daemon();
    console.wait_phase("beta", "live");
    assert!(console.quit_idle().success());
    assert!(wall.quit_idle().success());
    third.end();
}

#[test]
fn the_second_daemon_on_a_folder_says_who_has_it_and_ends() {
    let stage = Stage::new(&[("alpha", "healthy")]);
    let first = stage.daemon();
    let worker = stage.worker("alpha");
    let second = stage.start_daemon(&[]).finish(LIMIT);
    assert_eq!(second.code(), 1);
    assert!(second.stderr.contains(&format!("process {} has it", first.pid())), "{}", second.stderr);
    assert!(UnixStream::connect(stage.socket()).is_ok(), "the first one still listens");
    assert_eq!(stage.worker("alpha"), worker);
    first.end();
}

#[test]
fn without_a_configuration_at_hand_the_folder_is_enough() {
    let stage = Stage::new(&[("alpha", "healthy")]);
    let daemon = stage.daemon();
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = stage.state();
    let environment = [
        ("HOME", elsewhere.path().to_str().unwrap()),
        ("XDG_CONFIG_HOME", elsewhere.path().to_str().unwrap()),
        ("HEADEND_STATE", folder.to_str().unwrap()),
    ];
    let script = ["-c", "cd \"$HOME\" && exec \"$0\"", HEADEND];
    let mut console = Screen::open(Path::new("/bin/sh"), WIDE, &script, &environment);
    console.wait_phase("alpha", "live");
    assert!(console.quit_idle().success());
    daemon.end();
}

#[test]
fn a_console_that_runs_the_streams_can_be_attached_to_and_left() {
    let stage = Stage::new(&[("alpha", "healthy")]);
    let mut first = stage.console(WIDE, &[]);
    first.wait_phase("alpha", "live");
    let mode = std::fs::metadata(stage.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut second = stage.console(WIDE, &[]);
    second.wait_phase("alpha", "live");
    let (headend, worker) = (first.process(), stage.worker("alpha"));
    // The terminal of the one that runs them goes away.
    first.hang_up();
    stage.wait_log("_headend", "the streams go on");
    reloads_by_hangup(&stage, headend);
    assert_eq!(stage.log("_headend").matches("SIGHUP: ").count(), 1, "one hang-up is told once");
    second.keys("x");
    second.wait_phase("alpha", "stopped");
    second.keys("s");
    second.wait_phase("alpha", "live");
    assert!(stage.other_worker("alpha", &[worker]).is_alive());
    assert!(second.quit_idle().success());
    let third = stage.console(WIDE, &[]);
    third.wait_phase("alpha", "live");
    headend.signal(Signal::SIGTERM);
    third.wait_text("it was told to end");
}

/// Adds a stream and hangs up until it is taken in: the first ones may still be the terminal's.
fn reloads_by_hangup(stage: &Stage, headend: Process) {
    let text = std::fs::read_to_string(stage.folder().join("headend.toml")).unwrap();
    stage.write(&(text + &stage.stream("more", "healthy", "")));
    wait_until("the configuration to be read again", LIMIT, || {
        headend.signal(Signal::SIGHUP);
        stage.log("_headend").contains("(SIGHUP) reload: 1 stream added, ")
    });
    stage.worker("more");
}

#[test]
fn who_leaves_the_streams_running_has_the_prompt_back_and_they_run() {
    let stage = Stage::new(&[("alpha", "healthy")]);
    let mut first = stage.console(WIDE, &[]);
    first.wait_phase("alpha", "live");
    let (headend, worker) = (first.process(), stage.worker("alpha"));
    first.keys("q");
    first.wait_text("lets the streams run on");
    first.keys("d");
    assert!(first.finish().success());
    assert_eq!(first.not_given_back(), Vec::<&str>::new());
    let output = String::from_utf8_lossy(&first.raw_output()).into_owned();
    let told = output.rsplit("\x1b[?1049l").next().unwrap().to_owned();
    let folder = stage.state();
    for command in ["headend --state", "headend shutdown --state"] {
        assert!(told.contains(&format!("{command} {}", folder.display())), "{told}");
    }
    // The terminal is closed behind it: that is nobody's business any more.
    first.hang_up();
    let mut second = stage.console(WIDE, &[]);
    second.wait_phase("alpha", "live");
    assert!(headend.is_alive());
    assert_eq!(stage.worker("alpha"), worker);
    assert!(second.quit_idle().success());
    assert_eq!(stage.log("_headend").matches("SIGHUP").count(), 0, "it has no terminal to lose");
    reloads_by_hangup(&stage, headend);
    headend.signal(Signal::SIGTERM);
    support::processes::wait_gone(&[&[headend, worker], stage.workers().as_slice()].concat(), LIMIT);
}

#[test]
fn the_process_in_front_is_one_with_the_one_behind_it() {
    let stage = Stage::new(&[("alpha", "healthy")]);
    // Killed in front: nobody is left.
    let mut killed = stage.console(WIDE, &[]);
    killed.wait_phase("alpha", "live");
    let all = [killed.process(), stage.worker("alpha")];
    killed.kill();
    support::processes::wait_gone(&all, LIMIT);
    // Killed behind: the terminal is given back all the same.
    let mut killed = stage.console(WIDE, &[]);
    killed.wait_phase("alpha", "live");
    killed.process().signal(Signal::SIGKILL);
    assert_eq!(killed.finish().code(), Some(128 + 9));
    assert_eq!(killed.not_given_back(), Vec::<&str>::new());
}

#[test]
fn what_reaches_both_processes_is_one_signal_and_workers_end_in_order() {
    // It ends by the second TERM, after 2 s: only KILL would be quicker.
    let stage = Stage::new(&[("alpha", "ignore-term?times=1")]);
    // Ignored children's ends, as some shells leave them, are noticed all the same.
    let mut console = stage.open_after("trap '' CHLD", WIDE, &[]);
    console.wait_phase("alpha", "live");
    stage.wait_log("alpha", "Input #0");
    let group = Pid::from_raw(console.process().group().unwrap());
    assert_ne!(group.as_raw(), console.pid(), "the one in front leads the group");
    // A stranger's word is not that of the one behind.
    kill(group, Signal::SIGUSR1).unwrap();
    let begin = Instant::now();
    killpg(group, Signal::SIGTERM).unwrap();
    assert_eq!(console.finish().code(), Some(0));
    assert!(begin.elapsed() > Duration::from_secs(1), "killed: {:?}", begin.elapsed());
    assert_eq!(console.not_given_back(), Vec::<&str>::new());
    assert!(stage.workers().is_empty());
}

#[test]
fn with_on_hangup_stop_a_lost_terminal_stops_the_streams() {
    let settings = format!("{}\n[console]\non_hangup = \"stop\"\n", support::stage::QUICK);
    let stage = Stage::with(&settings, &[("alpha", "healthy")]);
    let mut console = stage.console(WIDE, &[]);
    console.wait_phase("alpha", "live");
    let all = [console.process(), stage.worker("alpha")];
    console.hang_up();
    support::processes::wait_gone(&all, LIMIT);
}

#[test]
fn whatever_a_stranger_sends_ends_its_connection_and_nothing_else() {
    let stage = Stage::new(&[("alpha", "healthy")]);
    let daemon = stage.daemon();
    let mut console = stage.console(WIDE, &[]);
    console.wait_phase("alpha", "live");
    let huge = [u32::MAX.to_le_bytes().as_slice(), b"\0"].concat();
    // A hello of a version that is to come: length, kind, magic, protocol, version.
    let mut later = b"headend\0".to_vec();
    later.extend_from_slice(&999_u32.to_le_bytes());
    later.extend_from_slice(b"\x069.9.99");
    let later = [u32::try_from(later.len() + 1).unwrap().to_le_bytes().as_slice(), b"\0", &later].concat();
    for (bytes, answer) in [
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "is not allowed"),
        (huge, "is not allowed"),
        (later, "this client is 9.9.99 (protocol 999)"),
        (b"\x05\0\0\0".to_vec(), "said nothing for"),
    ] {
        let mut stranger = UnixStream::connect(stage.socket()).unwrap();
        stranger.set_read_timeout(Some(LIMIT)).unwrap();
        stranger.write_all(&bytes).unwrap();
        let mut said = Vec::new();
        let _ = stranger.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(answer), "{said:?} is not {answer:?}");
    }
    console.keys("x");
    console.wait_phase("alpha", "stopped");
    assert!(console.quit_idle().success());
    daemon.end();
}

#[test]
fn a_service_manager_hears_when_it_is_ready_that_it_lives_and_that_it_leaves() {
    let stage = Stage::new(&[("alpha", "healthy")]);
    let path = stage.folder().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(LIMIT)).unwrap();
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "200000")];
    let mut daemon = stage.start_daemon(&environment);
    let next = || {
        let mut bytes = [0; 200];
        let count = manager.recv(&mut bytes).expect("a word for the manager");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    assert_eq!(next(), format!("READY=1\nMAINPID={}", daemon.pid()));
    assert_eq!(next(), "WATCHDOG=1");
    assert_eq!(next(), "WATCHDOG=1");
    daemon.process().signal(Signal::SIGTERM);
    while next() != "STOPPING=1" {}
    assert!(daemon.wait_exit(LIMIT).success());
}
