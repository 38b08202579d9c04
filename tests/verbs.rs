//! Verbs against a headend that runs, as a script and as a person at a terminal use them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;

use support::headless::{Finished, Running, headend};
use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage, skipped};
use support::{HEADEND, LIMIT, wait_for, wait_until};

/// A password that must not be seen.
const CANARY: &str = "kanarie-9";

fn words(stage: &Stage, verb: &[&str]) -> Vec<String> {
    let folder = stage.state().to_str().unwrap().to_owned();
    verb.iter().map(|word| (*word).to_owned()).chain(["--state".to_owned(), folder]).collect()
}

fn start(stage: &Stage, verb: &[&str]) -> Running {
    stage.start_verb(verb)
}

fn run(stage: &Stage, verb: &[&str]) -> Finished {
    stage.verb(verb)
}

fn done(stage: &Stage, verb: &[&str]) -> String {
    stage.done(verb)
}

/// Runs a verb in a terminal.
fn on_terminal(stage: &Stage, verb: &[&str]) -> Screen {
    let words = words(stage, verb);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Screen::headend((100, 30), &words, &[("TERM", "xterm-256color"), ("LC_ALL", "C.UTF-8")])
}

/// Two streams of one group and one of another, under a daemon; all live.
fn stage() -> (Stage, Running) {
    let stage = Stage::empty();
    let of = |id: &str, lines: &str| stage.stream(id, "healthy", lines);
    let text = format!(
        "{QUICK}{}{}{}",
        of("news-1", "group = 'news'"),
        of("news-2", "group = 'news'\ntags = ['hd']"),
        of("sport-1", "group = 'sport'")
    );
    stage.write(&text);
    let daemon = daemon(&stage);
    wait_phases(&stage, "*", "live", 3);
    (stage, daemon)
}

fn daemon(stage: &Stage) -> Running {
    stage.daemon()
}

fn status(stage: &Stage, selector: &str) -> Vec<Value> {
    stage.status(selector)
}

fn wait_phases(stage: &Stage, selector: &str, phase: &str, count: usize) {
    wait_until(&format!("{selector} to be {phase}"), LIMIT, || {
        status(stage, selector).iter().filter(|stream| stream["phase"] == phase).count() == count
    });
}

#[test]
fn a_script_sees_steers_and_is_told_by_exit_codes() {
    let (stage, daemon) = stage();
    let table = done(&stage, &["status"]);
    assert!(table.starts_with("3 streams: 3 "), "{table}");
    assert!(!table.contains('\x1b') && table.lines().count() == 5, "{table}");
    for id in ["news-1", "news-2", "sport-1"] {
        assert!(table.contains(&format!("\n{id}")), "{table}");
    }

    assert_eq!(done(&stage, &["stop", "news-1"]), "stop: 1 stream\n");
    assert_eq!(done(&stage, &["stop", "news-1"]), "stop: nothing to do for 1 stream\n");
    wait_phases(&stage, "news-1", "stopped", 1);
    assert_eq!(done(&stage, &["stop", "group:news"]), "stop: 1 of 2 streams\n");
    assert_eq!(done(&stage, &["start", "news-*"]), "start: 2 streams\n");
    wait_phases(&stage, "news", "live", 2);
    let before = stage.worker("news-2");
    assert_eq!(done(&stage, &["restart", "hd"]), "restart: 1 stream\n");
    stage.other_worker("news-2", &[before]);
    assert_eq!(done(&stage, &["mute", "sport-1", "news-1", "--for", "2h"]), "mute: 2 streams\n");
    assert!(status(&stage, "sport-1")[0]["muted_for_s"].as_u64().unwrap() > 7_000);
    assert_eq!(done(&stage, &["unmute", "--all"]), "unmute: 2 of 3 streams\n");
    done(&stage, &["note", "sport-1", "--text", &format!("http://me:{CANARY}@wiki/")]);
    assert_eq!(status(&stage, "sport-1")[0]["note"], "http://***@wiki/");
    assert_eq!(done(&stage, &["ack", "--all"]), "acknowledge: nothing to do for 3 streams\n");

    for (verb, code, said) in [
        (&["status", "news"][..], 0, ""),
        (&["status", "nosuch"], 5, "no stream is found by \"nosuch\""),
        (&["stop", "news-11"], 5, "near: news-1"),
        (&["stop", "fps<"], 2, "the selector \"fps<\", column 5"),
        (&["stop"], 2, "say --all"),
        (&["stop", "*"], 2, "say --all instead of *"),
        (&["mute", "news-1", "--for", "1s"], 2, "from 1m to 30d"),
        (&["status", "--watch"], 2, "headend events -f"),
        (&["logs"], 2, "required"),
        (&["status", "--exit-code"], 0, ""),
    ] {
        let finished = run(&stage, verb);
        assert_eq!(finished.code(), code, "{verb:?}: {finished:#?}");
        assert!(finished.stderr.contains(said), "{verb:?}: {finished:#?}");
    }
    assert_eq!(status(&stage, "*").iter().filter(|stream| stream["phase"] == "stopped").count(), 0);
    daemon.end();
    let nobody = run(&stage, &["status"]);
    assert_eq!(nobody.code(), 3, "{nobody:#?}");
    assert!(nobody.stderr.contains("no headend runs in"), "{nobody:#?}");
    assert_eq!(stage.files_that_tell(CANARY), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_critical_stream_is_an_exit_code_when_that_is_asked_for() {
    let stage = Stage::new(&[("bad", "refused"), ("good", "healthy")]);
    let daemon = daemon(&stage);
    wait_until("a fault", LIMIT, || status(&stage, "bad")[0]["health"] == "critical");
    let codes = |verb: &[&str]| run(&stage, verb).code();
    assert_eq!(codes(&["status", "bad"]), 0);
    assert_eq!(codes(&["status", "--exit-code", "bad"]), 6);
    assert_eq!(codes(&["status", "--exit-code", "good"]), 0);
    assert_eq!(codes(&["status", "critical"]), 0);
    daemon.end();
}

/// The JSON lines that are whole.
fn json_lines(text: &str) -> Vec<Value> {
    let whole = text.rfind('\n').map_or("", |at| &text[..at]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[test]
fn changes_are_followed_line_by_line_until_ctrl_c() {
    let (stage, daemon) = stage();
    let now = json_lines(&done(&stage, &["events", "--json", "news"]));
    assert_eq!(now.len(), 2);
    assert!(now.iter().all(|line| line["change"] == "now" && line["phase"] == "live"), "{now:?}");

    let mut follows = start(&stage, &["events", "-f", "--json", "news"]);
    follows.wait_stdout("what is now", |text| json_lines(text).len() == 2);
    let pid = now[0]["pid"].clone();
    assert!(pid.is_u64(), "{now:?}");
    done(&stage, &["stop", "news-1", "sport-1"]);
    let text = follows.wait_stdout("the stop", |text| {
        json_lines(text).iter().any(|line| line["change"] == "phase" && line["to"] == "stopped")
    });
    let lines = json_lines(&text);
    let has = |wanted: Value| {
        let object = wanted.as_object().unwrap();
        lines.iter().any(|line| object.iter().all(|(key, value)| line[key] == *value))
    };
    let of = |fields: Value| {
        let mut whole = serde_json::json!({"id": "news-1"});
        whole.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        whole
    };
    assert!(has(of(serde_json::json!({"change": "wanted", "from": "started", "to": "stopped"}))), "{text}");
    assert!(has(of(serde_json::json!({"change": "pid", "from": pid, "to": null}))), "{text}");
    assert!(lines.iter().all(|line| line["id"] != "sport-1"), "{text}");
    assert!(lines.iter().all(|line| line["time"].as_str().unwrap().ends_with('Z')), "{text}");
    follows.process().signal(Signal::SIGINT);
    assert_eq!(follows.wait_exit(LIMIT).code(), Some(0));

    // Whoever reads it goes away: that is no error.
    let piped = format!("{HEADEND} events -f --state {} | head -n 1; echo ended", stage.state().display());
    let piped = Running::start(Path::new("/bin/sh"), &["-c", &piped], &[]).finish(LIMIT);
    assert!(piped.stdout.ends_with("ended\n") && piped.stderr.is_empty(), "{piped:#?}");

    // The supervisor's end is told.
    let mut follows = start(&stage, &["events", "-f", "news-2"]);
    follows.wait_stdout("what is now", |text| text.contains("news-2"));
    daemon.end();
    assert_eq!(follows.wait_exit(LIMIT).code(), Some(3), "{}", follows.stderr());
    assert!(follows.stderr().contains("the headend that ran is gone"), "{}", follows.stderr());
}

#[test]
fn logs_are_printed_merged_and_followed() {
    let (stage, daemon) = stage();
    done(&stage, &["restart", "news-1"]);
    let own = wait_for("the order in headend's own log", LIMIT, || {
        let text = done(&stage, &["logs", "_headend", "--since", "1h"]);
        text.contains("restart news-1: done, 1 stream").then_some(text)
    });
    let line = own.lines().find(|line| line.contains("audit: ")).unwrap();
    let fields: Vec<&str> = line.splitn(3, ' ').collect();
    assert!(fields[0].ends_with('Z') && fields[1] == "INFO", "{line}");
    assert_eq!(done(&stage, &["logs", "_headend", "-n", "1"]).lines().count(), 1);
    assert_eq!(done(&stage, &["logs", "_headend", "-n", "0"]), "");
    let none = done(&stage, &["logs", "_headend", "--level", "error"]);
    assert!(!none.contains(" INFO "), "{none}");

    let mut follows = start(&stage, &["logs", "-f", "news"]);
    let worker = stage.worker("news-1");
    worker.signal(Signal::SIGKILL);
    stage.other_worker("news-1", &[worker]);
    let text = follows.wait_stdout("what headend says of the death", |text| {
        text.lines().any(|line| line.starts_with("news-1  ") && line.contains("headend"))
    });
    assert!(text.lines().all(|line| line.starts_with("news-1  ") || line.starts_with("news-2  ")), "{text}");
    follows.process().signal(Signal::SIGINT);
    assert_eq!(follows.wait_exit(LIMIT).code(), Some(0));
    daemon.end();
}

#[test]
fn who_ordered_what_is_told_while_headend_runs_and_afterwards() {
    let (stage, daemon) = stage();
    done(&stage, &["stop", "news-1"]);
    done(&stage, &["stop", "--all"]);
    let audit = || json_lines(&done(&stage, &["audit", "--json"]));
    let told = audit();
    let commands = |told: &[Value]| -> Vec<String> {
        told.iter()
            .map(|e| format!("{}: {}", e["command"].as_str().unwrap(), e["result"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(commands(&told), ["stop news-1: done, 1 stream", "stop all: done, 2 streams"]);
    assert_eq!(
        (&told[0]["number"], &told[0]["times"], &told[0]["role"]),
        (&1.into(), &1.into(), &"operator".into())
    );
    assert_eq!(told[0]["uid"], nix::unistd::Uid::effective().as_raw());
    // One on a terminal.
    let mut screen = on_terminal(&stage, &["start", "sport-1"]);
    assert!(screen.finish().success());
    let told = audit();
    assert!(told[2]["terminal"].as_str().unwrap().starts_with("pts/"), "{told:?}");
    let shown = done(&stage, &["audit", "-n", "1"]);
    assert!(shown.lines().count() == 2 && shown.contains("start sport-1: done, 1 stream"), "{shown}");

    // It ends, having said how far it is, and what was ordered is still told.
    assert_eq!(done(&stage, &["shutdown"]), "headend has ended\n");
    assert!(daemon.finish(LIMIT).status.success());
    assert!(stage.workers().is_empty());
    assert_eq!(audit().len(), 4);
    assert_eq!(run(&stage, &["shutdown"]).code(), 3);
}

#[test]
fn who_may_only_look_is_refused_and_that_is_remembered() {
    if !nix::unistd::Uid::effective().is_root() {
        return skipped("only root can be somebody else");
    }
    let stage = Stage::empty();
    let rights = "[socket]\nmode = '0666'\nviewers = ['nobody']\n";
    stage.write(&format!("{QUICK}{rights}{}", stage.stream("alpha", "healthy", "")));
    let daemon = daemon(&stage);
    for folder in [stage.folder().to_owned(), stage.state()] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let nobody = |verb: &[&str]| {
        let words = words(&stage, verb);
        let before = ["--reuid=nobody", "--clear-groups", HEADEND];
        let words: Vec<&str> = before.into_iter().chain(words.iter().map(String::as_str)).collect();
        Running::start(Path::new("/usr/bin/setpriv"), &words, &[]).finish(LIMIT)
    };
    let looks = nobody(&["status"]);
    if looks.stderr.contains("setpriv") {
        return skipped("this program can't be run by nobody here");
    }
    assert_eq!(looks.code(), 0, "{looks:#?}");
    let refused = nobody(&["stop", "alpha"]);
    assert_eq!(refused.code(), 4, "{refused:#?}");
    assert!(refused.stderr.contains("a viewer may not give commands"), "{refused:#?}");
    assert_eq!(nobody(&["shutdown"]).code(), 4);
    let told = json_lines(&done(&stage, &["audit", "--json"]));
    let first = ["user", "role", "command", "result"].map(|field| told[0][field].as_str().unwrap());
    assert_eq!(first, ["nobody", "viewer", "stop alpha", "refused: a viewer may not give commands"]);
    assert_eq!(told[1]["command"], "shutdown");
    daemon.end();
}

#[test]
fn at_a_terminal_several_are_asked_about_and_a_watched_table_gives_the_screen_back() {
    let (stage, daemon) = stage();
    let mut watch = on_terminal(&stage, &["status", "--watch"]);
    watch.wait_text("3 streams:");
    watch.wait_text("sport-1");
    let mut asks = on_terminal(&stage, &["stop", "news"]);
    asks.wait_text("stop 2 streams: news-1, news-2? [y/N]");
    asks.keys("n");
    asks.press(Key::Enter);
    assert_eq!(asks.finish().code(), Some(1));
    assert!(asks.text().contains("nothing was done"), "{}", asks.text());
    let mut asks = on_terminal(&stage, &["stop", "*"]);
    asks.wait_text("stop all 3 streams");
    asks.keys("y");
    asks.press(Key::Enter);
    assert!(asks.finish().success());
    watch.wait_text("3 stopped");
    watch.press(Key::Ctrl('c'));
    assert!(watch.finish().success());
    assert_eq!(watch.not_given_back(), Vec::<&str>::new());
    let mut asks = on_terminal(&stage, &["shutdown"]);
    asks.wait_text("end the headend that runs");
    asks.keys("y");
    asks.press(Key::Enter);
    assert!(asks.finish().success());
    assert!(daemon.finish(LIMIT).status.success());
}

#[test]
fn many_verbs_at_once_are_all_answered() {
    let (stage, daemon) = stage();
    let verbs: Vec<Running> = (0..24)
        .map(|n| match n % 4 {
            0 => start(&stage, &["status", "--json"]),
            1 => start(&stage, &["stop", "news-1"]),
            2 => start(&stage, &["start", "news-1"]),
            _ => start(&stage, &["top", "--json"]),
        })
        .collect();
    for verb in verbs {
        let finished = verb.finish(LIMIT);
        assert_eq!(finished.code(), 0, "{finished:#?}");
        if finished.stdout.starts_with('{') {
            finished.json();
        }
    }
    daemon.end();
}

#[test]
fn the_doctor_shells_and_the_manual_need_no_headend() {
    let stage = Stage::new(&[("alpha", "healthy")]);
    let doctor = |more: &[&str]| {
        let arguments = [stage.arguments(&[]), more.iter().map(|word| (*word).to_owned()).collect()].concat();
        let arguments: Vec<&str> =
            ["doctor"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        headend(&arguments, &stage.environment(&[]), LIMIT)
    };
    let found = doctor(&["--json"]);
    let verdict = |value: &Value, about: &str| -> String {
        let findings = value["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["about"] == about);
        found.unwrap_or_else(|| panic!("{about}: {value:#}"))["verdict"].as_str().unwrap().to_owned()
    };
    let value = found.json();
    for about in ["configuration", "FFmpeg", "state folder", "running", "terminal", "clock", "open files"] {
        assert_eq!(verdict(&value, about), "ok", "{about}: {value:#}");
    }
    let daemon = daemon(&stage);
    let plain = doctor(&[]);
    assert!(plain.stdout.contains(&format!("process {}", daemon.pid())), "{plain:#?}");
    daemon.end();
    stage.write("[pool]\nslot = 4\n");
    let mistaken = doctor(&["--json"]);
    assert_eq!((mistaken.code(), verdict(&mistaken.json(), "configuration").as_str()), (1, "wrong"));

    for shell in ["bash", "zsh", "fish"] {
        let script = headend(&["completions", shell], &[], LIMIT);
        assert!(script.code() == 0 && script.stdout.contains("status"), "{shell}");
    }
    let page = headend(&["man"], &[], LIMIT);
    assert!(page.code() == 0 && page.stdout.contains(".TH headend 1"), "{page:#?}");
    let into = stage.folder().join("man");
    assert_eq!(headend(&["man", "--into", into.to_str().unwrap()], &[], LIMIT).code(), 0);
    assert!(into.join("headend-status.1").is_file() && into.join("headend.1").is_file());
}

#[test]
fn a_reload_is_told_and_a_mistake_refused() {
    let (stage, daemon) = stage();
    let before = stage.worker("news-1");
    let old = std::fs::read_to_string(stage.folder().join("headend.toml")).unwrap();
    stage.write(&format!("{old}{}", stage.stream("added", "healthy", "")));
    let told = done(&stage, &["reload"]);
    assert!(told.contains("added"), "{told}");
    wait_phases(&stage, "added", "live", 1);
    assert_eq!(stage.worker("news-1"), before);
    stage.write("[pool]\nslot = 4\n");
    let refused = run(&stage, &["reload"]);
    assert_eq!(refused.code(), 4, "{refused:#?}");
    assert!(refused.stderr.contains("slot"), "{refused:#?}");
    assert_eq!(status(&stage, "*").len(), 4);
    daemon.end();
}
