//! headend with real FFmpeg on the real origin: what goes wrong is shown while it lasts, and no
//! longer, and nothing is left behind.

#![allow(clippy::unwrap_used, reason = "in tests a failed unwrap is the message")]

mod support;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use headend::demo::{Fault, FaultKind, Origin, Timetable, channels, clips, configuration};
use support::headless;
use support::processes::with_argument;
use support::pty::Screen;

/// Real streams, real seconds: longer than the other tests may take.
const LIMIT: Duration = Duration::from_secs(120);

fn ffmpeg() -> PathBuf {
    headend::ffmpeg::find(std::env::var_os("HEADEND_FFMPEG").map(PathBuf::from).as_deref()).unwrap()
}

/// An origin on a thread of its own, with these faults: channel, what, from and until in seconds.
/// Gives its configuration; it ends with the sender.
fn origin(
    count: usize,
    faults: &[(usize, FaultKind, u64, u64)],
) -> (String, tokio::sync::oneshot::Sender<()>) {
    let cache = tempfile::tempdir().unwrap();
    let clips = clips::prepare(&ffmpeg(), cache.path(), &mut |_| ()).unwrap();
    let list = channels(count, 1);
    let fault = |kind, from, until| Fault { kind, from_ms: from * 1_000, until_ms: until * 1_000 };
    let script =
        faults.iter().map(|&(channel, kind, from, until)| (channel, fault(kind, from, until))).collect();
    let (tell, told) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let loopback: SocketAddr = "127.0.0.1:0".parse().unwrap();
            let origin = Origin::start(loopback, list.clone(), Timetable::scripted(script), clips).unwrap();
            tell.send(configuration(&list, &origin.base_url())).unwrap();
            // An error too says that the test is over.
            let _ = stopped.await;
            origin.shutdown().await;
        });
    });
    (told.recv().unwrap(), stop)
}

/// The screen's row with this text at its beginning, after the phase.
fn row_of(screen: &vt100::Screen, name: &str) -> String {
    screen.contents().lines().find(|line| line.contains(name)).unwrap_or_default().to_owned()
}

#[test]
fn black_frozen_and_silent_show_while_they_last() {
    const ENDS: u64 = 45;
    let begun = Instant::now();
    let (text, _stop) = origin(
        4,
        &[
            (0, FaultKind::Black, 15, ENDS),
            (1, FaultKind::Frozen, 15, ENDS),
            (2, FaultKind::Silent, 15, ENDS),
        ],
    );
    let names: Vec<String> = channels(4, 1).iter().map(|c| c.name.to_string()).collect();
    let folder = tempfile::tempdir().unwrap();
    let (config, state) = (folder.path().join("headend.toml"), folder.path().join("state"));
    let thresholds = "[defaults]\nthresholds = { black = \"3s\", frozen = \"5s\", silent = \"3s\" }\n";
    std::fs::write(&config, format!("{thresholds}{text}")).unwrap();
    let args = ["--config", config.to_str().unwrap(), "--state", state.to_str().unwrap()];
    let screen = Screen::headend((200, 40), &args, &[("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]);
    let wait = |what: &str, holds: &dyn Fn(&vt100::Screen) -> bool| {
        support::wait_until(what, LIMIT, || screen.look(|grid| holds(grid)));
    };
    wait("all are well first", &|grid| grid.contents().contains("4 ok"));
    for (name, word) in names.iter().zip(["black", "frozen", "silent"]) {
        wait(word, &|grid| row_of(grid, name).contains(word));
    }
    // The workers are a few segments behind what the origin makes.
    assert!(begun.elapsed() < Duration::from_secs(ENDS + 5), "told only when it was over");
    screen.look(|grid| assert!(!row_of(grid, &names[0]).contains("frozen"), "black is one fault, not two"));
    screen.look(|grid| assert!(row_of(grid, &names[3]).contains(" ok "), "the fourth has nothing"));
    wait("all are well again", &|grid| grid.contents().contains("4 ok"));
}

#[test]
fn the_demo_runs_without_a_terminal_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (state, cache) = (folder.path().join("state"), folder.path().join("cache"));
    let args = [
        "demo",
        "--streams",
        "12",
        "--faults",
        "storm",
        "--seed",
        "7",
        "--state",
        state.to_str().unwrap(),
        "--headless",
        "--for",
        "45s",
        "--report",
        "json",
    ];
    let ended = headless::headend(&args, &[("XDG_CACHE_HOME", cache.to_str().unwrap())], LIMIT);
    assert_eq!(ended.code(), 0, "{ended:#?}");
    let report = ended.json();
    let streams = report["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 12);
    let mut keys: Vec<&str> = streams[0].as_object().unwrap().keys().map(String::as_str).collect();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md")).unwrap();
    let fields = page.lines().filter_map(|line| line.strip_prefix("| `streams[].")?.split('`').next());
    // A field of a field has a row of its own.
    let mut documented: Vec<&str> = fields.filter(|field| !field.contains('.')).collect();
    keys.sort_unstable();
    documented.sort_unstable();
    assert_eq!(keys, documented);
    let count = |key: &str, word: &str| streams.iter().filter(|s| s[key] == word).count();
    assert!(count("phase", "live") >= 4, "{report:#}");
    assert!(
        count("health", "ok") >= 2 && count("health", "ok") < 12,
        "a storm, but not everywhere: {report:#}"
    );
    let origin = streams[0]["input"].as_str().unwrap().split('/').nth(2).unwrap().to_owned();
    assert_eq!(with_argument(&origin), [], "workers are left");
}
