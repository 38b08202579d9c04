//! Revisions of the configuration in their folder.

use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::SystemTime;

use super::*;
use crate::store::revisions::{Encoding, MAX_REVISION_BYTES, REVISIONS_KEPT, RevisionFile, Revisions};

const WALL_MS: u64 = 1_795_485_784_567;

fn file(name: &str, bytes: impl AsRef<[u8]>) -> RevisionFile {
    RevisionFile::new(Path::new("/etc/headend").join(name), bytes.as_ref())
}

fn record(revisions: &Revisions, text: &str) -> u64 {
    revisions.record(vec![file("headend.toml", text)], WALL_MS, "first").unwrap()
}

fn numbers(revisions: &Revisions) -> Vec<u64> {
    revisions.list().unwrap().0.iter().map(|head| head.number).collect()
}

#[test]
fn files_come_back_as_they_were_and_nobody_else_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let revisions = Revisions::of(dir.path());
    let files = vec![file("headend.toml", "a\r\n\u{feff}\u{1b}é"), file("list.csv", b"caf\xe9\0\xff\n")];
    assert_eq!(files[1].encoding, Encoding::Latin1);
    let number = revisions.record(files.clone(), WALL_MS, "+2 streams").unwrap();
    let revision = revisions.read(number).unwrap();
    assert_eq!((revision.number, revision.wall_ms, revision.summary.as_str()), (1, WALL_MS, "+2 streams"));
    assert_eq!(revision.files, files);
    assert_eq!(revision.files[1].bytes().unwrap(), b"caf\xe9\0\xff\n");
    assert_eq!(revisions.find(&files).unwrap(), Some(1));
    assert_eq!(revisions.find(&files[..1]).unwrap(), None);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(revisions.dir()), mode(&revisions.dir().join("000001.json"))), (0o700, 0o600));
    assert!(!format!("{revision:?}").contains("caf"), "a debug print shows no text");
}

#[test]
fn what_is_no_revision_is_named_and_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let revisions = Revisions::of(dir.path());
    assert_eq!(revisions.list().unwrap(), (vec![], vec![]));
    assert!(revisions.newest().unwrap().0.is_none());
    for text in ["one", "two", "three", "four", "five", "six"] {
        record(&revisions, text);
    }
    let path = |name: &str| revisions.dir().join(name);
    let text = |number: u64| fs::read_to_string(path(&format!("{number:06}.json"))).unwrap();
    fs::write(path("000002.json"), &text(2)[..40]).unwrap();
    fs::write(path("000003.json"), text(3).replace("\"format\":1", "\"format\":2")).unwrap();
    fs::write(path("000004.json"), text(5)).unwrap();
    fs::write(path("000006.json"), text(6).replace("utf8", "latin1").replace("six", "sıx")).unwrap();
    fs::remove_file(path("000005.json")).unwrap();
    std::os::unix::fs::symlink(path("000001.json"), path("000005.json")).unwrap();
    fs::write(path("7.json"), text(1)).unwrap();
    fs::write(path("notes.txt"), "x").unwrap();

    let (heads, notes) = revisions.list().unwrap();
    // The text of 6 is looked at when it is read.
    assert_eq!(heads.iter().map(|head| head.number).collect::<Vec<_>>(), [1, 6]);
    let named = ["7.json", "notes.txt", "000002.json", "000003.json", "000004.json", "000005.json"];
    assert_eq!(notes.len(), named.len(), "{notes:?}");
    for (note, name) in notes.iter().zip(named) {
        assert!(note.contains(name), "{name}: {note}");
    }
    assert!(notes[3].contains("format 2") && notes[4].contains("number is 5"), "{notes:?}");
    let (newest, notes) = revisions.newest().unwrap();
    assert_eq!((newest.unwrap().number, notes.len()), (1, 5));
    for (number, message) in [(2, "can't be used"), (6, "damaged"), (7, "there is no revision 7")] {
        let error = revisions.read(number).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    // None of the numbers is given out again.
    assert_eq!(record(&revisions, "seven"), 7);
}

#[test]
fn the_oldest_go_and_nothing_too_large_comes() {
    let dir = tempfile::tempdir().unwrap();
    let revisions = Revisions::of(dir.path());
    fs::create_dir(revisions.dir()).unwrap();
    fs::write(revisions.dir().join("notes.txt"), "x").unwrap();
    let last = REVISIONS_KEPT as u64 + 3;
    for n in 1..=last {
        assert_eq!(record(&revisions, &n.to_string()), n);
    }
    assert_eq!(numbers(&revisions), (4..=last).collect::<Vec<_>>());
    assert!(revisions.dir().join("notes.txt").exists(), "what is not ours is left alone");

    let large = "x".repeat(usize::try_from(MAX_REVISION_BYTES).unwrap());
    let error = revisions.record(vec![file("x", &large)], WALL_MS, "").unwrap_err().to_string();
    assert!(error.contains("at most 16"), "{error}");
    fs::write(revisions.dir().join("000100.json"), &large).unwrap();
    assert!(revisions.read(100).unwrap_err().to_string().contains("can't be used"));
    assert_eq!(names(revisions.dir(), "").len(), REVISIONS_KEPT + 2);
}

#[test]
fn writers_at_the_same_time_take_different_numbers() {
    const WRITERS: u64 = 6;
    const EACH: u64 = 5;
    let dir = tempfile::tempdir().unwrap();
    let revisions = Revisions::of(dir.path());
    let write = |writer: u64| {
        let texts = (0..EACH).map(move |n| format!("{writer}-{n}"));
        texts.map(|text| (record(&revisions, &text), text)).collect::<Vec<_>>()
    };
    let written: Vec<_> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let distinct: BTreeSet<u64> = written.iter().map(|(number, _)| *number).collect();
    assert_eq!(distinct, (1..=WRITERS * EACH).collect());
    for (number, text) in written {
        assert_eq!(revisions.read(number).unwrap().files[0].text, text);
    }
}

#[test]
fn what_root_writes_belongs_to_the_owner_of_the_state_folder() {
    const NOBODY: u32 = 65_534;
    let dir = tempfile::tempdir().unwrap();
    let root = nix::unistd::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let revisions = Revisions::of(dir.path());
    record(&revisions, "one");
    let owner = |path: &Path| fs::metadata(path).unwrap().uid();
    // Who is not root can't give anything away, and has nothing to.
    let expected = owner(dir.path());
    assert_eq!(root, expected == NOBODY);
    for path in [revisions.dir(), &revisions.dir().join("000001.json")] {
        assert_eq!(owner(path), expected);
    }
}

#[test]
fn a_number_that_was_taken_meanwhile_is_left_to_who_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let revisions = Revisions::of(dir.path());
    record(&revisions, "one");
    // As by a process that looked before that one was there.
    assert!(!revisions.write(1, b"other").unwrap());
    assert_eq!(revisions.read(1).unwrap().files[0].text, "one");
    // And while another is still writing its own.
    fs::write(revisions.dir().join("000002.writing"), "{").unwrap();
    assert!(!revisions.write(2, b"other").unwrap());
    assert_eq!(names(revisions.dir(), ""), ["000001.json", "000002.writing"]);
}

#[test]
fn what_a_process_that_died_was_writing_goes_after_a_while() {
    let dir = tempfile::tempdir().unwrap();
    let revisions = Revisions::of(dir.path());
    record(&revisions, "one");
    let (old, new) = (revisions.dir().join("000002.writing"), revisions.dir().join("000003.writing"));
    for path in [&old, &new] {
        fs::write(path, "{").unwrap();
    }
    let long_ago = SystemTime::now() - Duration::from_secs(7_200);
    fs::File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(revisions.list().unwrap().1, Vec::<String>::new());
    assert_eq!(record(&revisions, "four"), 4);
    assert!(!old.exists() && new.exists());
}

#[test]
fn a_folder_that_cannot_be_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let revisions = Revisions::of(dir.path());
    fs::write(revisions.dir(), "a file").unwrap();
    for error in [
        revisions.list().unwrap_err(),
        revisions.newest().unwrap_err(),
        revisions.record(vec![file("x", "x")], WALL_MS, "").unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(text.contains("revisions") && text.contains("give this user the right"), "{text}");
    }
}
