use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::runtime::Runtime;

use super::*;

const LONG: Duration = Duration::from_secs(20);
/// Tells a re-executed test binary that it is the one that runs out of descriptors.
const HELPER: &str = "HEADEND_TEST_NO_DESCRIPTORS";

/// A program that is not FFmpeg, takes no notice of arguments and lives on.
fn sleeper(dir: &Path) -> PathBuf {
    let path = dir.join("sleeper");
    std::fs::write(&path, "#!/bin/sh\nexec sleep 3077.5\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn start(runtime: &Runtime, headend: PathBuf, tracked: Tracked) -> (Spawner, Receiver<Born>) {
    let (send, receive) = mpsc::channel();
    let launch = Launch { headend, ffmpeg: "ffmpeg".into(), open_files: 1_024 };
    let spawner = Spawner::start(launch, runtime.handle().clone(), tracked, move |born| {
        let _ = send.send(born);
    });
    (spawner.unwrap(), receive)
}

fn order(spawner: &Spawner, generation: u64) {
    let order = Order {
        stream: StreamIx(0),
        id: StreamId::new("one").unwrap(),
        generation: Generation(generation),
        purpose: Purpose::Serve,
        args: Vec::new(),
    };
    spawner.order(order).unwrap();
}

/// Children of all the spawner's threads in this process, dead ones included.
fn children() -> BTreeSet<u32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let spawners = tasks.filter(|task| {
        std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim() == "spawner")
    });
    let lists = spawners.map(|task| std::fs::read_to_string(task.path().join("children")).unwrap());
    let pids: Vec<String> = lists.collect();
    pids.iter().flat_map(|list| list.split_ascii_whitespace()).map(|pid| pid.parse().unwrap()).collect()
}

fn wait_for(what: &str, mut seen: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !seen() {
        assert!(begin.elapsed() < LONG, "never came: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A runtime that is gone refuses a child's pipes after the child was started: the one way to have
/// tokio leak it at will.
fn a_start_that_fails_half_way() {
    let dir = tempfile::tempdir().unwrap();
    let build = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let runtime = build();
    let (spawner, born) = start(&runtime, sleeper(dir.path()), Tracked::default());
    drop(runtime);
    for generation in 0..3 {
        order(&spawner, generation);
        let born = born.recv_timeout(LONG).unwrap();
        assert_eq!(born.generation, Generation(generation));
        assert!(born.result.is_err() && born.started.is_none(), "{born:?}");
    }
    wait_for("the end of what the failed starts left", || children().is_empty());
}

/// Descriptors running out at each point of a start: it fails or succeeds, leaks neither a child
/// nor a descriptor, and hurts no worker that runs.
fn descriptors_that_run_out() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tracked = Tracked::default();
    let (spawner, born) = start(&runtime, sleeper(dir.path()), tracked.clone());
    let mut alive = Vec::new();
    let mut generation = 0;
    let mut next = || {
        order(&spawner, generation);
        generation += 1;
        born.recv_timeout(LONG).unwrap()
    };
    let first = next();
    assert!(first.started.is_some());
    alive.push(first.result.unwrap());
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let (mut failed, mut started) = (0, 0);
    for spare in 0..12 {
        let before = open();
        // The folder that was read had one of them.
        setrlimit(Resource::RLIMIT_NOFILE, (before - 1 + spare) as u64, hard).unwrap();
        let result = next().result;
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
        if let Ok(child) = result {
            started += 1;
            alive.push(child);
            continue;
        }
        failed += 1;
        let expected: BTreeSet<u32> = alive.iter().filter_map(Child::id).collect();
        wait_for("no child but those that run", || children() == expected);
        wait_for("every descriptor given back", || open() == before);
    }
    assert!(failed >= 3 && started >= 1, "{failed} failed, {started} started");
    for child in &mut alive {
        assert_eq!(child.try_wait().unwrap(), None, "a worker that ran was hurt");
    }
}

#[test]
fn the_helper() {
    match std::env::var(HELPER).as_deref() {
        Ok("half-way") => a_start_that_fails_half_way(),
        Ok("descriptors") => descriptors_that_run_out(),
        _ => {}
    }
}

/// In a process of its own: limits and children are the whole process's.
fn in_a_process_of_its_own(what: &str) {
    let done = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "supervisor::runtime::spawner::tests::the_helper", "--nocapture"])
        .env(HELPER, what)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn a_start_that_fails_half_way_leaves_no_child() {
    in_a_process_of_its_own("half-way");
}

#[test]
fn descriptors_that_run_out_leak_nothing_and_hurt_nobody() {
    in_a_process_of_its_own("descriptors");
}
