//! The store against real sled, real kills and real disks.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use super::disk::{Disk, DiskError};
use super::*;

mod disks;
mod papers;
mod revisions;
mod workers;

const LONG: Duration = Duration::from_secs(30);
/// Tells a re-executed test binary which folder to work in.
const HELPER_DIR: &str = "HEADEND_TEST_STORE_DIR";
const HELPER_IDS: u32 = 40;

fn rules() -> Rules {
    Rules {
        min_free_bytes: 0,
        retry_after: Duration::from_millis(50),
        open_limit: LONG,
        stuck_after: LONG,
        ..Rules::default()
    }
}

fn open(dir: &Path) -> (Store, Opened) {
    Store::open_with(dir, rules())
}

fn id(n: u32) -> StreamId {
    StreamId::new(&format!("s{n}")).unwrap()
}

fn record(restarts: u32) -> Record {
    let wanted = if restarts.is_multiple_of(2) { Wanted::Started } else { Wanted::Stopped };
    let wall_ms = 1_795_485_784_567;
    let care = CareRecord {
        acknowledged_wall_ms: Some(wall_ms),
        covers: vec!["black".to_owned()],
        muted_until_wall_ms: Some(wall_ms + u64::from(restarts)),
        note: format!("note {restarts}"),
    };
    let care = if restarts.is_multiple_of(3) { CareRecord::default() } else { care };
    Record { wanted, phase: Phase::Live, restarts, changed_wall_ms: wall_ms, care }
}

/// Waits at a barrier.
fn barrier(store: &Store) -> Result<(), String> {
    let (send, receive) = mpsc::channel();
    store.barrier(Box::new(move |result| send.send(result).unwrap()));
    receive.recv_timeout(LONG).expect("every barrier is answered")
}

fn worker(n: u32) -> WorkerRecord {
    WorkerRecord { stream: id(n), started: 100 + u64::from(n), boot: "a-boot".into() }
}

fn wait_for(what: &str, mut seen: impl FnMut() -> bool) {
    let start = Instant::now();
    while !seen() {
        assert!(start.elapsed() < LONG, "never came: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn names(dir: &Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with(prefix)).collect();
    names.sort();
    names
}

/// A store with records and papers 0 to 19, closed in order, and opened once more: that is when sled writes its
/// snapshot.
fn filled(dir: &Path) {
    let (store, _) = open(dir);
    for n in 0..20 {
        store.save(&id(n), record(n));
        let (tree, key) = papers::place(n);
        assert!(store.keep(tree, &key, Some(papers::paper(n))));
    }
    store.close(LONG).unwrap();
    open(dir).0.close(LONG).unwrap();
    assert!(!names(&dir.join("store"), "snap.").is_empty());
}

fn expect_filled(opened: &Opened) {
    let expected: BTreeMap<_, _> = (0..20).map(|n| (id(n), record(n))).collect();
    assert_eq!(opened.records, expected);
    for n in 0..20 {
        let (tree, key) = papers::place(n);
        let found = opened.papers.get(&tree).and_then(|papers| papers.get(&key));
        assert!(found == Some(&papers::paper(n)), "{tree:?} {key}");
    }
}

/// This test binary again, running only `helper`, in `dir`.
fn helper(dir: &Path, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("store::tests::{name}"), "--nocapture"])
        .env(HELPER_DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn what_was_forgotten_is_not_there_again_unless_it_was_saved_since() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let (store, opened) = open(dir.path());
    expect_filled(&opened);
    store.forget((0..18).map(id));
    store.save(&id(4), record(44));
    assert_eq!(barrier(&store), Ok(()));
    store.save(&id(5), record(55));
    store.forget([id(5), id(99)]);
    store.close(LONG).unwrap();
    let kept: BTreeMap<_, _> = [(4, 44), (18, 18), (19, 19)].map(|(n, saved)| (id(n), record(saved))).into();
    assert_eq!(open(dir.path()).1.records, kept);
    // Nor is it in the export, from which a damaged store is built again.
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    assert_eq!(open(dir.path()).1.records, kept);
}

#[test]
fn what_was_saved_is_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let (store, opened) = open(dir.path());
    assert_eq!(opened, Opened::default());
    store.save(&id(0), record(7));
    store.save(&id(0), record(8));
    assert_eq!(barrier(&store), Ok(()));
    assert_eq!(store.trouble(), None);
    store.close(LONG).unwrap();
    assert!(barrier(&store).is_err(), "a closed store promises nothing");

    let (_store, opened) = open(dir.path());
    assert_eq!(opened.records, BTreeMap::from([(id(0), record(8))]));
    assert_eq!(opened.notes, Vec::<String>::new());
}

#[test]
fn what_was_stored_before_anything_could_be_noted_still_opens() {
    let dir = tempfile::tempdir().unwrap();
    let old = r#"{"wanted":"stopped","phase":"live","restarts":3,"changed_wall_ms":1795485784567}"#;
    let (disk, _) = Disk::open(&dir.path().join("store")).unwrap();
    disk.insert_raw(b"s3", old.as_bytes());
    drop(disk);
    let export = format!(r#"{{"format":1,"saves":9,"records":{{"s9":{old}}}}}"#);
    fs::write(dir.path().join("export-1.json"), export).unwrap();
    let (_store, opened) = open(dir.path());
    let record = Record { restarts: 3, wanted: Wanted::Stopped, ..record(3) };
    assert_eq!(opened.records, BTreeMap::from([(id(3), record.clone()), (id(9), record.clone())]));
    // And one without notes is written as it always was.
    assert_eq!(serde_json::to_string(&record).unwrap(), old);
}

#[test]
fn the_longest_note_fits() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    for (n, text) in [(0, "\u{1f4fa}"), (1, "\\"), (2, "\"")] {
        let note = text.repeat(crate::model::MAX_NOTE);
        let covers = crate::model::ConditionKind::ALL.iter().map(|kind| kind.word().to_owned()).collect();
        let (acknowledged_wall_ms, muted_until_wall_ms) = (Some(u64::MAX), Some(u64::MAX));
        let care = CareRecord { acknowledged_wall_ms, covers, muted_until_wall_ms, note };
        store.save(&id(n), Record { care, ..record(n) });
        assert_eq!(barrier(&store), Ok(()), "{text}");
    }
    assert_eq!(store.trouble(), None);
}

/// Not a test by itself: saves and tells of each record that was acknowledged, until it is killed.
#[test]
fn helper_saves_until_killed() {
    let Some(dir) = std::env::var_os(HELPER_DIR) else {
        return;
    };
    let (store, _) = open(Path::new(&dir));
    for n in 0.. {
        store.save(&id(n % HELPER_IDS), record(n));
        let (tree, key) = papers::place(n);
        assert!(store.keep(tree, &key, papers::change(n)));
        assert_eq!(barrier(&store), Ok(()));
        println!("ack {n}");
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let mut child = helper(dir.path(), "helper_saves_until_killed");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut acknowledged, mut places) = (BTreeMap::new(), BTreeMap::new());
        let mut acks = 0;
        // Killed at a different place each time, and while it goes on writing.
        while acks < 1 + round * 7 {
            let line = lines.next().expect("the helper ended by itself").unwrap();
            let Some(n) = line.split("ack ").nth(1) else {
                continue;
            };
            let n: u32 = n.parse().unwrap();
            acknowledged.insert(id(n % HELPER_IDS), n);
            places.insert(papers::place(n), n);
            acks += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let (store, opened) = open(dir.path());
        assert_eq!(opened.notes, Vec::<String>::new(), "round {round}");
        for (id, n) in acknowledged {
            let found = &opened.records[&id];
            assert!(found.restarts >= n, "round {round}: {id} has {found:?}, acknowledged was {n}");
            assert_eq!(*found, record(found.restarts), "round {round}: all of it or nothing");
        }
        papers::expect_survived(&opened, &places, round);
        store.close(LONG).unwrap();
    }
}

#[test]
fn waiting_saves_are_one_a_stream_and_barriers_are_bounded() {
    // As with a thread that hangs: nobody takes what is saved.
    let shared = Arc::new(Shared::new(LONG));
    let store = Store { owner: Arc::new(Owner { shared, threads: Mutex::default() }) };
    for n in 0..10_000 {
        store.save(&id(n % 10), record(n));
    }
    assert_eq!(store.owner.shared.lock().pending.len(), 10);
    assert_eq!(store.owner.shared.lock().pending[&id(9)], record(9_999));
    let (send, receive) = mpsc::channel();
    for _ in 0..MAX_BARRIERS + 5 {
        let send = send.clone();
        store.barrier(Box::new(move |result| send.send(result).unwrap()));
    }
    let refused: Vec<_> = receive.try_iter().collect();
    assert_eq!(refused.len(), 5);
    assert!(refused.iter().all(Result::is_err));
    // The thread's end answers the rest.
    store.owner.shared.end(Ok(()));
    assert_eq!(receive.try_iter().filter(Result::is_err).count(), MAX_BARRIERS);
}

#[test]
fn a_stuck_store_is_told_and_keeps_nobody_waiting() {
    let shared = Arc::new(Shared::new(Duration::from_millis(50)));
    let watch = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || shared.watch())
    };
    let store = Store { owner: Arc::new(Owner { shared, threads: Mutex::new(vec![watch]) }) };
    store.owner.shared.lock().busy_since = Some(Instant::now());
    let answer = barrier(&store).unwrap_err();
    assert!(answer.contains("stuck"), "{answer}");
    wait_for("trouble", || store.trouble().is_some());
    assert!(store.trouble().unwrap().contains("stuck"));
    let refused = barrier(&store).unwrap_err();
    assert!(refused.contains("stuck"), "{refused}");
    assert!(store.close(Duration::from_millis(50)).unwrap_err().contains("in time"));
    // It comes back to life.
    store.owner.shared.lock().busy_since = None;
    assert_eq!(store.trouble(), None);
    store.owner.shared.end(Ok(()));
    assert_eq!(store.close(LONG), Ok(()), "the watchdog ends too");
}

#[test]
fn a_store_slow_to_open_does_not_hold_up_the_start() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    // sled waits for this lock.
    let db = fs::File::open(dir.path().join("store/db")).unwrap();
    db.try_lock().unwrap();
    let (store, opened) = Store::open_with(dir.path(), Rules { open_limit: Duration::ZERO, ..rules() });
    expect_filled(&opened);
    assert!(opened.notes.iter().any(|note| note.contains("takes long")), "{:?}", opened.notes);
    for name in names(dir.path(), "export") {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    store.save(&id(0), record(100));
    drop(db);
    wait_for("the store", || barrier(&store).is_ok());
    store.close(LONG).unwrap();

    let (_store, opened) = open(dir.path());
    assert_eq!(opened.records[&id(0)], record(100), "saved meanwhile, so newer than what was stored");
    assert_eq!((opened.records.len(), &opened.records[&id(1)]), (20, &record(1)), "the rest is as it was");
}

#[test]
fn unfinished_snapshots_are_removed_and_real_ones_are_not() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let folder = dir.path().join("store");
    let real = names(&folder, "snap.");
    fs::write(folder.join("snap.00000000000000FF.generating"), "half").unwrap();
    let (store, opened) = open(dir.path());
    expect_filled(&opened);
    assert_eq!(opened.notes, Vec::<String>::new());
    assert!(names(&folder, "snap.").iter().all(|name| !name.ends_with("generating")));
    assert!(!names(&folder, "snap.").is_empty(), "{real:?}");
    store.close(LONG).unwrap();
    assert_eq!(names(dir.path(), "store.damaged"), Vec::<String>::new());
}

#[test]
fn records_that_make_no_sense_are_skipped_with_a_note() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let (disk, _) = Disk::open(&dir.path().join("store")).unwrap();
    disk.insert_raw(b"good", b"not json");
    disk.insert_raw(b"../bad\x1b[31m", b"{}");
    for n in 0..30 {
        disk.insert_raw(format!("z{n}").as_bytes(), b"{\"wanted\":\"perhaps\"}");
    }
    drop(disk);
    let (_store, opened) = open(dir.path());
    expect_filled(&opened);
    assert_eq!(opened.notes.len(), MAX_NOTES + 1, "{:?}", opened.notes);
    assert!(opened.notes.last().unwrap().contains("12 more"));
    assert!(opened.notes.iter().all(|note| !note.contains('\x1b')));
}

#[test]
fn a_newer_store_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let (disk, _) = Disk::open(&dir.path().join("store")).unwrap();
    disk.set_format(u64::from(FORMAT) + 1);
    drop(disk);
    let exports = names(dir.path(), "export");
    let (store, opened) = open(dir.path());
    assert!(opened.records.is_empty());
    let trouble = store.trouble().unwrap();
    assert!(trouble.contains("newer headend") && trouble.contains("format 2"), "{trouble}");
    store.save(&id(0), record(99));
    assert_eq!(barrier(&store), Err(trouble.clone()));
    assert_eq!(store.close(LONG), Err(trouble));
    assert_eq!(names(dir.path(), "export"), exports);
    assert_eq!(names(dir.path(), "store.damaged"), Vec::<String>::new());
    let again = Disk::open(&dir.path().join("store"));
    assert!(matches!(again, Err(DiskError::Newer(2))));
}

#[test]
fn exports_are_few_and_only_made_when_something_changed() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..5 {
        let (store, _) = open(dir.path());
        store.save(&id(n), record(n));
        store.close(LONG).unwrap();
        let (store, _) = open(dir.path());
        store.close(LONG).unwrap();
    }
    assert_eq!(names(dir.path(), "export"), ["export-3.json", "export-4.json", "export-5.json"]);
    let (export, notes) = export::newest(dir.path());
    assert_eq!((export.unwrap().records.len(), notes.len()), (5, 0));

    fs::write(dir.path().join("export-9.json"), "").unwrap();
    let (export, notes) = export::newest(dir.path());
    assert_eq!((export.unwrap().records.len(), notes.len()), (5, 1), "the one before serves");
}

#[test]
fn an_export_is_made_while_running_too() {
    let dir = tempfile::tempdir().unwrap();
    let rules = Rules { export_every: Duration::from_millis(20), ..rules() };
    let (store, _) = Store::open_with(dir.path(), rules);
    store.save(&id(0), record(1));
    wait_for("the export", || export::newest(dir.path()).0.is_some_and(|e| e.records.len() == 1));
    store.close(LONG).unwrap();
}

#[test]
fn what_no_barrier_waits_for_is_written_soon() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open_with(dir.path(), Rules { sync_after: Duration::ZERO, ..rules() });
    store.save(&id(0), record(1));
    // Read from a copy, as a kill at that moment would find it.
    let found = || disk::read_from_copy(&dir.path().join("store"), MAX_EXPORT_BYTES);
    wait_for("the record", || found().is_some_and(|loaded| loaded.records.len() == 1));
    store.close(LONG).unwrap();
}

#[test]
fn an_absent_store_says_why_at_every_barrier() {
    let store = Store::absent("no state folder");
    store.save(&id(0), record(0));
    assert_eq!(store.trouble().as_deref(), Some("no state folder"));
    assert_eq!(barrier(&store), Err("no state folder".into()));
    assert_eq!(store.close(LONG), Err("no state folder".into()));
}

/// Not a test by itself: holds the lock until it is killed.
#[test]
fn helper_holds_the_lock() {
    let Some(dir) = std::env::var_os(HELPER_DIR) else {
        return;
    };
    let _lock = StateLock::take(Path::new(&dir)).unwrap();
    println!("ack held");
    loop {
        thread::park();
    }
}

#[test]
fn a_second_process_is_told_who_has_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("state/headend");
    let mut child = helper(&dir, "helper_holds_the_lock");
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("ack held")));
    let error = StateLock::take(&dir).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&format!("process {}", child.id())) && text.contains(" ago)"), "{text}");
    assert!(matches!(error, LockError::Held { pid: Some(_), since: Some(_), .. }));
    child.kill().unwrap();
    child.wait().unwrap();

    let lock = StateLock::take(&dir).unwrap();
    let mode = fs::metadata(&dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o027, 0, "other users have no business in it");
    assert!(matches!(StateLock::take(&dir), Err(LockError::Held { .. })), "nor twice in one process");
    drop(lock);
    StateLock::take(&dir).unwrap();
}

#[test]
fn a_folder_that_cannot_be_is_unusable() {
    let dir = tempfile::tempdir().unwrap();
    let file: PathBuf = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = StateLock::take(&file.join("state")).unwrap_err();
    assert!(matches!(error, LockError::Unusable { .. }));
    assert!(error.to_string().contains("file/state"), "{error}");
    let (store, opened) = open(&file.join("state"));
    assert_eq!(opened.records.len(), 0);
    assert!(store.trouble().is_some());
    assert!(store.close(LONG).is_err());
}

#[test]
fn a_torn_lock_file_still_holds() {
    let dir = tempfile::tempdir().unwrap();
    let _lock = StateLock::take(dir.path()).unwrap();
    fs::write(dir.path().join("lock"), [0xff, 0xfe]).unwrap();
    let error = StateLock::take(dir.path()).unwrap_err();
    assert!(error.to_string().contains("another process has it;"), "{error}");
}
