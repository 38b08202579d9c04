//! The whole program with stand-in workers: how it starts, restarts, stops and never leaks them.

#![allow(clippy::unwrap_used, reason = "in tests a panic is the message")]

mod support;

use std::time::Duration;

use nix::sys::signal::Signal;
use support::processes::{children_of, wait_gone};
use support::site::{Site, wait_workers, worker_with, workers};
use support::{LIMIT, wait_for, wait_until};

fn stream<'a>(report: &'a serde_json::Value, id: &str) -> &'a serde_json::Value {
    report["streams"].as_array().unwrap().iter().find(|s| s["id"] == id).unwrap()
}

#[test]
fn no_worker_outlives_a_headend_that_is_killed() {
    let site = Site::new("", &["healthy"; 30]);
    let mut headend = site.headless(&[]);
    // Some run, some are just being born.
    wait_until("some workers", LIMIT, || workers(headend.pid()).len() >= 12);
    let children = children_of(headend.pid());
    headend.kill();
    wait_gone(&children, Duration::from_secs(10));
}

#[test]
fn stopping_is_bounded_for_those_who_do_not_listen_and_those_who_cannot() {
    let modes = [["ignore-term"; 6].as_slice(), ["healthy"; 6].as_slice()].concat();
    let site = Site::new("", &modes);
    let mut headend = site.headless(&[]);
    let all = wait_workers(headend.pid(), 12);
    for worker in all.iter().filter(|w| w.arguments().iter().any(|a| a.contains("healthy"))).take(3) {
        worker.signal(Signal::SIGSTOP);
    }
    headend.process().signal(Signal::SIGTERM);
    // TERM, TERM after 2 s, KILL after 3 s more.
    wait_gone(&all, Duration::from_secs(9));
    assert!(headend.wait_exit(LIMIT).success());
}

#[test]
fn a_worker_that_is_killed_comes_back_as_another_one() {
    let site = Site::new("", &["healthy", "healthy?kbps=77"]);
    let mut headend = site.headless(&["--report", "json"]);
    wait_workers(headend.pid(), 2);
    let first = worker_with(headend.pid(), "kbps=77").unwrap();
    first.signal(Signal::SIGKILL);
    let second = wait_for("a new worker", LIMIT, || {
        worker_with(headend.pid(), "kbps=77").filter(|worker| worker.pid != first.pid)
    });
    assert!(second.is_alive());
    wait_until("it is noted", LIMIT, || site.log("s1").contains("signal 9"));
    headend.process().signal(Signal::SIGTERM);
    assert!(headend.wait_exit(LIMIT).success());
    let report: serde_json::Value = serde_json::from_str(&headend.stdout()).unwrap();
    assert_eq!(stream(&report, "s1")["restarts"], 1);
    assert_eq!(stream(&report, "s0")["restarts"], 0);
}

#[test]
fn each_bad_child_is_told_from_the_others_and_hurts_none_of_them() {
    let site = Site::new(
        "[defaults]\nthresholds = { stall = \"2s\", stall_restart = \"20s\", start_grace = \"4s\" }",
        &[
            "healthy",
            "exit?code=0",
            "stall?after=1",
            "stall?after=1&kind=silent",
            "hang",
            "bad-bytes",
            "flood",
            "endless-line",
            "close?what=stdout&after=1",
            "backwards",
            "grandchild?after=1&for=60",
        ],
    );
    let report = site.report(12);
    let phase = |id: &str| stream(&report, id)["phase"].as_str().unwrap().to_owned();
    let has = |id: &str, word: &str| {
        stream(&report, id)["conditions"].as_array().unwrap().iter().any(|c| c == word)
    };
    assert_eq!(phase("s0"), "live", "{report:#}");
    assert_eq!(stream(&report, "s0")["health"], "ok", "{report:#}");
    assert!(has("s1", "exited"), "exit code 0 of a live input is a failure: {report:#}");
    assert!(has("s2", "stalled") && has("s3", "stalled") && has("s8", "stalled"), "{report:#}");
    assert!(has("s4", "stalled"), "no progress within the grace: {report:#}");
    for id in ["s5", "s6", "s7", "s9"] {
        assert_eq!(phase(id), "live", "{id}: {report:#}");
    }
    assert!(has("s10", "exited"), "its grandchild holds the pipes, the exit is seen: {report:#}");
    assert!(report["self"]["memory_bytes"].as_u64().unwrap() < 200 << 20, "{report:#}");
}

#[test]
fn a_line_of_100_mb_is_cut_and_counted() {
    let site = Site::new("", &["long-line?mb=100", "healthy"]);
    let mut headend = site.headless(&[]);
    wait_workers(headend.pid(), 2);
    let mut most = 0;
    // It is read at 256 KiB a second: nobody waits for all of it, and nothing is kept of it.
    wait_until("other streams' logs go on", LIMIT, || {
        most = most.max(headend.process().memory());
        site.log("s0").contains("ffmpeg") && site.log("s1").contains("ffmpeg")
    });
    assert!(most < 200 << 20, "{most} bytes");
    headend.process().signal(Signal::SIGTERM);
    assert!(headend.wait_exit(LIMIT).success());
}

#[test]
fn a_worker_has_its_own_group_its_own_limit_and_none_of_our_descriptors() {
    let site = Site::new("", &["healthy"]);
    let headend = site.headless(&[]);
    let worker = wait_workers(headend.pid(), 1)[0];
    assert_eq!(worker.group(), Some(worker.pid));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", worker.pid)).unwrap();
    let open_files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(open_files.split_whitespace().nth(3), Some("1024"), "{open_files}");
    let names = std::fs::read_dir(format!("/proc/{}/fd", worker.pid)).unwrap();
    let targets: Vec<_> = names
        .filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok()?.to_str().map(str::to_owned))
        .collect();
    let ours = targets
        .iter()
        .filter(|t| !(t.starts_with("pipe:") || *t == "/dev/null" || t.starts_with("anon_inode")));
    assert_eq!(ours.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn secrets_are_nowhere_to_be_read() {
    let site = Site::new("", &["one", "two"]);
    let config = std::fs::read_to_string(site.config()).unwrap();
    let secret = "http://user:kanarienvogel@stream.example/x?token=kanarienvogel&n=";
    std::fs::write(site.config(), config.replace("http://stand-in/", secret)).unwrap();
    let report = site.report_with(4, &[("HEADEND_STAND_IN", "secrets?canary=kanarienvogel")]);
    assert!(!report.to_string().contains("kanarienvogel"), "{report:#}");
    let mut read = 0;
    for folder in [site.state(), site.state().join("logs"), site.state().join("store")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let Ok(bytes) = std::fs::read(&path) else { continue };
            read += 1;
            let found = bytes.windows(13).any(|window| window == b"kanarienvogel");
            assert!(!found, "{}: {}", path.display(), String::from_utf8_lossy(&bytes));
        }
    }
    assert!(read > 4, "there was something to look at");
}

#[test]
fn without_a_usable_ffmpeg_there_is_one_clear_message() {
    let site = Site::new("", &["healthy"]);
    for (program, message) in
        [("/nowhere/ffmpeg", "no such file"), ("/dev/null", "/dev/null"), ("/bin/true", "is no FFmpeg")]
    {
        let config = site.config();
        let args = ["--config", config.to_str().unwrap(), "--headless", "--for", "1s"];
        let ended = support::headless::headend(&args, &[("HEADEND_FFMPEG", program)], LIMIT);
        assert_eq!(ended.code(), 1, "{ended:#?}");
        assert!(ended.stderr.contains(message), "{ended:#?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:#?}");
    }
}

#[test]
fn a_state_folder_has_one_owner_and_the_second_is_told_who() {
    let site = Site::new("", &["healthy"]);
    let headend = site.headless(&[]);
    wait_workers(headend.pid(), 1);
    let second = site.headless(&["--for", "1s"]).finish(LIMIT);
    assert_eq!(second.code(), 1);
    assert!(second.stderr.contains(&headend.pid().to_string()), "{second:#?}");
}

#[test]
fn a_state_folder_that_cannot_be_written_stops_nothing() {
    let site = Site::new("", &["healthy"]);
    std::fs::write(site.state(), "a file stands where the folder should be").unwrap();
    let report = site.report(3);
    assert_eq!(stream(&report, "s0")["phase"], "live", "{report:#}");
    let screen = site.screen((120, 40));
    screen.wait_text("nothing is saved");
    screen.wait_text("live 1");
}
