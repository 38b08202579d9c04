//! `headend config history`, `show` and `rollback`: the whole program on real files; and what other
//! verbs refuse.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use support::LIMIT;
use support::headless::{Finished, headend};
use support::stage::{QUICK, Stage};

/// A password that must not be seen.
const CANARY: &str = "kanarie-7";

fn config(stage: &Stage, verb: &[&str]) -> Finished {
    let arguments = [&["config"], verb].concat();
    let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).chain(stage.arguments(&[])).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    headend(&arguments, &[], LIMIT)
}

/// Runs headend until its streams are on the board once, so that it has taken in what is written.
fn take_in(stage: &Stage) {
    stage.report("1s", &[]);
}

fn main_file(stage: &Stage) -> String {
    format!("include = ['more/*.toml']\n{QUICK}{}", stage.stream("main", "healthy", ""))
}

fn put(stage: &Stage, name: &str, text: &str) {
    let path = stage.folder().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn read(stage: &Stage, name: &str) -> String {
    fs::read_to_string(stage.folder().join(name)).unwrap()
}

#[test]
fn more_streams_that_take_turns_than_there_are_streams_are_refused() {
    for verb in ["demo", "origin"] {
        let refused = headend(&[verb, "--streams", "3", "--rotate", "4"], &[], LIMIT);
        assert_eq!((refused.code(), refused.stdout.as_str()), (2, ""), "{refused:#?}");
        assert!(refused.stderr.contains("--rotate 4 is more than the 3 streams there are"), "{refused:#?}");
    }
}

#[test]
fn what_was_taken_in_is_listed_shown_and_brought_back() {
    let stage = Stage::empty();
    let none = config(&stage, &["history"]);
    assert_eq!((none.code(), none.stdout.as_str()), (2, ""), "there is no configuration yet");

    // A secret, a list that is no UTF-8, and a file that others may not read.
    let secret = stage.stream("secret", "healthy", "").replace("http://", &format!("http://u:{CANARY}@"));
    let list = b"#EXTM3U\n#EXTINF:-1,Caf\xe9\nhttp://stand-in/healthy\n";
    put(&stage, "more/a.toml", &(secret + "[[playlist]]\npath = 'list.m3u'\n"));
    fs::write(stage.folder().join("more/list.m3u"), list).unwrap();
    let first = main_file(&stage);
    stage.write(&first);
    let mode = |mode| fs::Permissions::from_mode(mode);
    fs::set_permissions(stage.folder().join("headend.toml"), mode(0o600)).unwrap();
    let none = config(&stage, &["history"]);
    assert_eq!((none.code(), none.stdout.as_str()), (0, ""));
    assert!(none.stderr.contains("no revisions yet"), "{none:?}");
    take_in(&stage);
    // The same again is no news.
    take_in(&stage);

    stage.write(&format!("{first}{}", stage.stream("added", "healthy", "")));
    fs::remove_file(stage.folder().join("more/list.m3u")).unwrap();
    put(&stage, "more/a.toml", &stage.stream("secret", "healthy", "priority = 9"));
    take_in(&stage);

    let history = config(&stage, &["history"]);
    let lines: Vec<_> = history.stdout.lines().collect();
    assert_eq!((history.code(), lines.len()), (0, 2), "{history:?}");
    assert!(
        lines[0].starts_with("     1  20") && lines[0].ends_with("Z    3 files  first, 3 streams"),
        "{history:?}"
    );
    assert!(lines[1].ends_with("2 files  +1 -1 ~1 streams"), "{history:?}");

    let shown = config(&stage, &["show", "1"]);
    assert_eq!(shown.code(), 0);
    assert!(
        shown.stdout.contains("http://***@stand-in/") && shown.stdout.contains("more/list.m3u"),
        "{shown:?}"
    );
    assert!(!shown.stdout.contains(CANARY), "{shown:?}");
    let missing = config(&stage, &["show", "7"]);
    assert_eq!((missing.code(), missing.stdout.as_str()), (2, ""));
    assert!(missing.stderr.contains("there is no revision 7"), "{missing:?}");

    // What was never taken in, and a file that the first revision does not know.
    stage.write(&first.replace("main", "edited"));
    put(&stage, "more/b.toml", &stage.stream("new", "healthy", ""));
    let back = config(&stage, &["rollback", "1"]);
    assert_eq!(back.code(), 0, "{back:?}");
    for line in ["headend.toml", "more/a.toml", "more/list.m3u"] {
        assert!(back.stdout.lines().any(|l| l.starts_with("written  ") && l.ends_with(line)), "{back:?}");
    }
    let left = back.stdout.lines().find(|line| line.starts_with("left ")).unwrap();
    assert!(left.ends_with("more/b.toml (not part of revision 1; still read)"), "{back:?}");
    assert!(back.stdout.contains("what was there is revision 3"), "{back:?}");
    assert!(back.stdout.ends_with("a running headend takes it in at its next start\n"), "{back:?}");
    assert_eq!(read(&stage, "headend.toml"), first);
    assert_eq!(fs::read(stage.folder().join("more/list.m3u")).unwrap(), list);
    let permissions = fs::metadata(stage.folder().join("headend.toml")).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600, "a file keeps its mode");
    assert!(read(&stage, "more/b.toml").contains("new"));

    let again = config(&stage, &["rollback", "1"]);
    assert!(again.stdout.starts_with("the files are as in revision 1 already"), "{again:?}");
    let undo = config(&stage, &["rollback", "3"]);
    assert_eq!(undo.code(), 0, "{undo:?}");
    assert!(read(&stage, "headend.toml").contains("edited"));
    // Nothing is left beside.
    let names = |folder: &Path| fs::read_dir(folder).unwrap().count();
    assert_eq!((names(stage.folder()), names(&stage.folder().join("more"))), (3, 3), "{undo:?}");
}

#[test]
fn a_rollback_that_would_not_hold_is_refused() {
    let stage = Stage::empty();
    let first = main_file(&stage);
    stage.write(&first);
    put(&stage, "more/a.toml", "");
    take_in(&stage);

    // Found though the configuration is broken, and broken ones are kept as well.
    let broken = format!("{first}[pool\n[state]\ndir = 'state'\n");
    stage.write(&broken);
    let config_path = stage.folder().join("headend.toml");
    let history = headend(&["config", "history", "--config", config_path.to_str().unwrap()], &[], LIMIT);
    assert!(history.stdout.ends_with("first, 1 streams\n"), "{history:?}");

    // A file beside it has the same stream: the next start would refuse the whole.
    put(&stage, "more/b.toml", &stage.stream("main", "healthy", ""));
    let refused = config(&stage, &["rollback", "1"]);
    assert_eq!((refused.code(), refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("move those files away first") && refused.stderr.contains("used twice"));
    assert_eq!(read(&stage, "headend.toml"), broken);

    fs::remove_file(stage.folder().join("more/b.toml")).unwrap();
    let back = config(&stage, &["rollback", "1"]);
    assert_eq!((back.code(), read(&stage, "headend.toml")), (0, first), "{back:?}");
    assert!(back.stdout.contains("what was there is revision 2"), "{back:?}");
    let history = config(&stage, &["history"]);
    assert!(history.stdout.ends_with("with mistakes\n"), "{history:?}");

    let refused = config(&stage, &["rollback", "2"]);
    assert_eq!((refused.code(), refused.stdout.as_str()), (2, ""));
    assert!(
        refused.stderr.contains("revision 2 does not hold any more")
            && refused.stderr.contains("headend.toml:")
    );

    // A damaged revision is named and skipped.
    fs::write(stage.state().join("revisions/000001.json"), "{").unwrap();
    let history = config(&stage, &["history"]);
    assert_eq!((history.code(), history.stdout.lines().count()), (0, 1));
    assert!(history.stderr.contains("skipped: ") && history.stderr.contains("000001.json"), "{history:?}");
    let damaged = config(&stage, &["rollback", "1"]);
    assert_eq!(damaged.code(), 1, "{damaged:?}");
}

#[test]
fn a_folder_that_cannot_be_written_stops_nothing() {
    let stage = Stage::new(&[("one", "healthy")]);
    fs::create_dir(stage.state()).unwrap();
    fs::write(stage.state().join("revisions"), "in the way").unwrap();
    let report = stage.report("1s", &[]);
    assert_eq!(report["streams"].as_array().unwrap().len(), 1);
    assert!(stage.log("_headend").contains("revisions"), "{}", stage.log("_headend"));
    let history = config(&stage, &["history"]);
    assert_eq!(history.code(), 1, "{history:?}");
}
