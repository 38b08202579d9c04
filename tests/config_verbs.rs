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
    let how =
        "\na running headend takes it in when it is asked to (headend reload), by itself with [reload] watch";
    assert!(back.stdout.contains(how), "{back:?}");
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
    assert!(history.stdout.ends_with("first, 1 stream\n"), "{history:?}");

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

/// A verb that works on this stage's configuration.
fn verb(stage: &Stage, verb: &[&str]) -> Finished {
    let config = stage.folder().join("headend.toml");
    let arguments = [verb, &["--config", config.to_str().unwrap()]].concat();
    headend(&arguments, &[("HEADEND_STATE", stage.state().to_str().unwrap())], LIMIT)
}

#[test]
fn what_would_change_is_told_against_what_was_taken_in_last() {
    let stage = Stage::empty();
    let one = |more: &str| QUICK.to_owned() + &stage.stream("one", "healthy", more);
    stage.write(&one(""));
    let none = config(&stage, &["diff"]);
    assert!(none.stderr.contains("nothing was taken in yet") && none.stdout.contains("+ one"), "{none:?}");
    take_in(&stage);
    assert_eq!(config(&stage, &["diff"]).stdout, "nothing differs\n");
    let secret = stage.stream("two", "healthy", "").replace("http://", &format!("http://u:{CANARY}@"));
    stage.write(&(one("priority = 9") + &secret));
    let told = config(&stage, &["diff"]);
    assert_eq!(told.stdout, "+ two\n~ one: priority 50 -> 9\n+1 ~1 streams\n");
    let other = stage.folder().join("other.toml");
    fs::write(&other, one("mode = 'full'") + &secret).unwrap();
    let told = config(&stage, &["diff", other.to_str().unwrap()]);
    let restarts = "~ one: mode packets -> full; its worker is replaced (mode)\n";
    assert!(told.stdout.contains(restarts) && !told.stdout.contains(CANARY), "{told:?}");
    assert_eq!(config(&stage, &["diff", "1"]).stdout, "nothing differs\n");
    assert_eq!(config(&stage, &["diff", "7"]).code(), 2);

    // Applied without another file it is checked and kept.
    let applied = config(&stage, &["apply"]);
    assert_eq!(applied.code(), 0, "{applied:?}");
    assert!(
        applied.stdout.contains("~ one: priority 50 -> 9") && applied.stdout.contains("kept as revision 2")
    );
    assert!(config(&stage, &["apply"]).stdout.contains("it is the newest revision already"));
    let applied = config(&stage, &["apply", other.to_str().unwrap()]);
    assert_eq!(applied.code(), 0, "{applied:?}");
    assert!(
        applied.stdout.contains("what was there is revision 2")
            && applied.stdout.contains("kept as revision 3")
    );
    assert_eq!(read(&stage, "headend.toml"), read(&stage, "other.toml"));
    // One with a mistake is not.
    fs::write(&other, one("priority = 900")).unwrap();
    let refused = config(&stage, &["apply", other.to_str().unwrap()]);
    assert_eq!((refused.code(), refused.stdout.as_str()), (2, ""), "{refused:?}");
    assert_ne!(read(&stage, "headend.toml"), read(&stage, "other.toml"));
    assert_eq!(config(&stage, &["check"]).code(), 0);
    assert_eq!(config(&stage, &["check", other.to_str().unwrap()]).code(), 2);
}

#[test]
fn streams_are_added_edited_and_removed_where_they_stand() {
    let stage = Stage::empty();
    let main = format!(
        "# Mine.\ninclude = ['more/*.toml']\n{QUICK}# The first.\n{}",
        stage.stream("one", "healthy", "").trim_start()
    );
    stage.write(&main);
    put(
        &stage,
        "more/a.toml",
        "# More of them.\n\n[[stream]]\nid = 'below'\ninputs = ['http://h/below'] # x\n",
    );
    put(&stage, "list.csv", "id,inputs\nlisted,http://h/listed\n");

    let edited = verb(&stage, &["edit", "below", "priority=9", "thresholds.black=5s"]);
    assert_eq!(edited.code(), 0, "{edited:?}");
    assert!(
        edited.stdout.contains("~ below: thresholds {black 10s} -> {black 5s}, priority 50 -> 9"),
        "{edited:?}"
    );
    let below = read(&stage, "more/a.toml");
    assert!(
        below.starts_with("# More of them.\n")
            && below.contains("# x\npriority = 9\nthresholds.black = \"5s\"\n"),
        "{below}"
    );
    assert_eq!(read(&stage, "headend.toml"), main, "another file is not touched");

    // What it wrote itself it can take out.
    let without = verb(&stage, &["edit", "below", "thresholds.black="]);
    assert!(without.stdout.contains("~ below: thresholds {black 5s} -> {black 10s}"), "{without:?}");
    assert_eq!(read(&stage, "more/a.toml"), below.replace("thresholds.black = \"5s\"\n", ""));
    let below = read(&stage, "more/a.toml");

    let refused = verb(&stage, &["edit", "below", "priority=900"]);
    assert_eq!((refused.code(), read(&stage, "more/a.toml")), (2, below), "{refused:?}");
    assert_eq!(verb(&stage, &["edit", "none", "priority=9"]).code(), 2);

    let added = verb(&stage, &["add", "new", "http://h/new", "http://h/spare", "--set", "name=A new one"]);
    assert!(added.stdout.contains("+ new"), "{added:?}");
    let text = read(&stage, "headend.toml");
    let table =
        "[[stream]]\nid = \"new\"\ninputs = [\"http://h/new\", \"http://h/spare\"]\nname = \"A new one\"\n";
    assert!(text.starts_with(&main) && text.ends_with(table), "{text}");
    assert_eq!(verb(&stage, &["add", "new", "http://h/new"]).code(), 2, "it is there already");

    let list = stage.folder().join("list.csv");
    let imported = verb(
        &stage,
        &["import", list.to_str().unwrap(), "--into", stage.folder().join("more/b.toml").to_str().unwrap()],
    );
    assert!(imported.stdout.contains("+ listed"), "{imported:?}");
    let removed = verb(&stage, &["remove", "new", "listed", "one"]);
    assert_eq!(removed.code(), 0, "{removed:?}");
    assert!(
        removed.stdout.contains("- new") && removed.stdout.contains("- listed"),
        "told once: {removed:?}"
    );
    assert_eq!(removed.stdout.matches("written  ").count(), 2, "{removed:?}");
    assert!(
        !read(&stage, "headend.toml").contains("The first.")
            && read(&stage, "headend.toml").starts_with("# Mine.")
    );
    assert_eq!(verb(&stage, &["check"]).stdout.split(": ").nth(1).unwrap(), "1 stream, no mistakes\n");
}

#[test]
fn streams_of_several_files_go_together_and_what_was_there_can_be_brought_back() {
    let stage = Stage::empty();
    let main = format!("include = ['more/*.toml']\n{QUICK}{}", stage.stream("one", "healthy", ""));
    stage.write(&main);
    let stream = |id: &str, more: &str| format!("[[stream]]\nid = '{id}'\ninputs = ['http://h/x']\n{more}\n");
    put(&stage, "more/a.toml", &stream("below", ""));
    put(&stage, "more/b.toml", &stream("beside", ""));
    let files = ["headend.toml", "more/a.toml", "more/b.toml"];
    let before = files.map(|file| read(&stage, file));

    // One can't be written, as there is no name for what is beside it: none is touched.
    let long = format!("more/{}.toml", "x".repeat(250));
    put(&stage, &long, &stream("long", ""));
    let refused = verb(&stage, &["remove", "one", "below", "long"]);
    assert!(refused.code() == 1 && refused.stderr.contains("nothing is replaced"), "{refused:?}");
    assert_eq!(files.map(|file| read(&stage, file)), before);
    fs::remove_file(stage.folder().join(long)).unwrap();

    let removed = verb(&stage, &["remove", "one", "below", "beside"]);
    assert_eq!(removed.code(), 0, "{removed:?}");
    let told = "-3 streams";
    assert!(
        removed.stdout.contains(told) && removed.stdout.contains("what was there is revision 2"),
        "{removed:?}"
    );
    assert!(files.iter().all(|file| !read(&stage, file).contains("[[stream]]")));
    assert_eq!(fs::read_dir(stage.folder().join("more")).unwrap().count(), 2, "nothing is left beside");
    assert_eq!(config(&stage, &["rollback", "2"]).code(), 0);
    assert_eq!(files.map(|file| read(&stage, file)), before);
    // Each edit keeps what it found.
    for (priority, kept) in [("priority=1", 2), ("priority=2", 4), ("priority=3", 5)] {
        let edited = verb(&stage, &["edit", "below", priority]);
        assert!(edited.stdout.contains(&format!("what was there is revision {kept}\n")), "{edited:?}");
    }
    assert_eq!(config(&stage, &["rollback", "4"]).code(), 0);
    assert!(read(&stage, "more/a.toml").contains("priority = 1\n"));

    // Who has no right to the state folder is told so, and the edit is done.
    let nowhere = ["edit", "below", "priority=9", "--state", "/dev/null/state"];
    let edited = verb(&stage, &nowhere);
    assert!(edited.code() == 0 && edited.stderr.contains("what was there is not kept: "), "{edited:?}");
}

#[test]
fn of_edits_at_the_same_time_none_is_lost() {
    let stage = Stage::empty();
    stage.write(QUICK);
    let ids: Vec<String> = (0..8).map(|n| format!("s{n}")).collect();
    std::thread::scope(|scope| {
        for id in &ids {
            scope.spawn(|| {
                let added = verb(&stage, &["add", id, "http://h/x"]);
                assert_eq!(added.code(), 0, "{added:?}");
            });
        }
    });
    let text = read(&stage, "headend.toml");
    for id in &ids {
        assert!(text.contains(&format!("id = \"{id}\"")), "{text}");
    }
    let beside = fs::read_dir(stage.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(beside.filter(|name| name != "state").count(), 1, "nothing is left beside");
}

#[test]
fn an_export_has_no_secret_unless_it_is_asked_for() {
    let stage = Stage::empty();
    let secret =
        stage.stream("secret", "healthy", "priority = 9").replace("http://", &format!("http://u:{CANARY}@"));
    let args = format!(
        "[[stream]]\nid = 'runs'\nmode = 'run'\nargs = ['-headers', 'X-Key: {CANARY}', '-f', 'flv', 'rtmp://h/live/{CANARY}']\n"
    );
    stage.write(&(QUICK.to_owned() + &secret + &args));
    for form in ["toml", "m3u", "csv", "json"] {
        let masked = verb(&stage, &["export", "--form", form]);
        assert_eq!(masked.code(), 0, "{masked:?}");
        assert!(!masked.stdout.contains(CANARY) && masked.stderr.contains("are masked"), "{masked:?}");
        let open = verb(&stage, &["export", "--form", form, "--with-secrets"]);
        assert!(open.stdout.contains(CANARY) && !open.stderr.contains("are masked"), "{open:?}");
        let whole = matches!(form, "toml" | "json");
        assert_eq!(open.stderr.contains("not in it: priority of 1 stream"), !whole, "{open:?}");
    }
    // Out to a file, and into an empty configuration.
    let file = stage.folder().join("out.json");
    let done = verb(&stage, &["export", "--with-secrets", file.to_str().unwrap()]);
    assert_eq!((done.code(), done.stdout.as_str()), (0, ""), "{done:?}");
    let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600, "for nobody else");
    let without = stage.folder().join("masked.json");
    assert_eq!(verb(&stage, &["export", without.to_str().unwrap()]).code(), 0);
    assert_eq!(mode(&without) & 0o607, 0o600, "nor is this for everybody");
    let other = Stage::empty();
    other.write(QUICK);
    let imported = verb(&other, &["import", file.to_str().unwrap()]);
    assert_eq!(imported.code(), 0, "{imported:?}");
    let again = verb(&other, &["export", "--form", "json", "--with-secrets"]);
    assert_eq!(again.stdout, fs::read_to_string(&file).unwrap());
}
