//! Disks that are full, read-only or damaged.

use std::io::{Read, Seek, SeekFrom, Write};

use super::*;

/// Rounds of random damage.
const FUZZ: u64 = 50;

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// A small file system of its own, where the test may mount one.
struct Mounted(tempfile::TempDir);

impl Mounted {
    fn tmpfs(options: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mount = ["-t", "tmpfs", "-o", options, "tmpfs"];
        let done = Command::new("mount").args(mount).arg(dir.path()).output();
        let mounted = done.is_ok_and(|output| output.status.success());
        if !mounted {
            println!("not run: this user may not mount a tmpfs");
        }
        mounted.then_some(Self(dir))
    }

    fn remount(&self, options: &str) {
        let args = ["-o", &format!("remount,{options}")];
        assert!(Command::new("mount").args(args).arg(self.0.path()).status().unwrap().success());
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut file = fs::File::create(self.path().join("filler")).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[test]
fn a_damaged_store_opens_again_from_the_export_and_is_kept() {
    type Damage = Box<dyn Fn(&Path)>;
    let each_file = |folder: &Path, work: fn(&Path)| {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_file() {
                work(&entry.path());
            }
        }
    };
    let halve: fn(&Path) = |path| {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    };
    let flip: fn(&Path) = |path| {
        let mut file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
        let size = file.metadata().unwrap().len();
        for at in (0..size.min(20_000)).step_by(37) {
            let mut byte = [0];
            file.seek(SeekFrom::Start(at)).unwrap();
            file.read_exact(&mut byte).unwrap();
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(&[byte[0] ^ 0xff]).unwrap();
        }
    };
    let snapshots: fn(&Path, fn(&Path)) = |folder, work| {
        for name in names(folder, "snap.") {
            work(&folder.join(name));
        }
    };
    let empty: fn(&Path) = |path| fs::write(path, "").unwrap();
    let garbage: fn(&Path) = |path| fs::write(path, vec![0xa5; 300_000]).unwrap();
    let remove: fn(&Path) = |path| fs::remove_file(path).unwrap();
    let damages: Vec<(&str, Damage)> = vec![
        ("db halved", Box::new(move |folder| halve(&folder.join("db")))),
        ("db flipped", Box::new(move |folder| flip(&folder.join("db")))),
        ("db empty", Box::new(move |folder| empty(&folder.join("db")))),
        ("db garbage", Box::new(move |folder| garbage(&folder.join("db")))),
        ("db removed", Box::new(move |folder| remove(&folder.join("db")))),
        ("conf flipped", Box::new(move |folder| flip(&folder.join("conf")))),
        ("conf empty", Box::new(move |folder| empty(&folder.join("conf")))),
        ("conf removed", Box::new(move |folder| remove(&folder.join("conf")))),
        ("snap halved", Box::new(move |folder| snapshots(folder, halve))),
        ("snap flipped", Box::new(move |folder| snapshots(folder, flip))),
        ("snap garbage", Box::new(move |folder| snapshots(folder, garbage))),
        ("snap removed", Box::new(move |folder| snapshots(folder, remove))),
        ("all flipped", Box::new(move |folder| each_file(folder, flip))),
        ("all halved", Box::new(move |folder| each_file(folder, halve))),
        (
            "a file in its place",
            Box::new(|folder| {
                fs::remove_dir_all(folder).unwrap();
                fs::write(folder, "what is this").unwrap();
            }),
        ),
    ];
    for (name, damage) in damages {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path());
        damage(&dir.path().join("store"));
        let (store, opened) = open(dir.path());
        assert_eq!(opened.records.len(), 20, "{name}: {:?}", opened.notes);
        expect_filled(&opened);
        assert_eq!(store.trouble(), None, "{name}");
        store.save(&id(0), record(100));
        assert_eq!(barrier(&store), Ok(()), "{name}");
        let aside = names(dir.path(), "store.damaged");
        let told = opened.notes.iter().any(|note| note.contains("damaged"));
        assert_eq!(told, !aside.is_empty(), "{name}: {:?} {aside:?}", opened.notes);
        store.close(LONG).unwrap();
        let (_store, opened) = open(dir.path());
        assert_eq!(opened.records[&id(0)], record(100), "{name}");
        assert_eq!(opened.notes, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn random_damage_never_keeps_a_store_from_opening() {
    let good = tempfile::tempdir().unwrap();
    filled(good.path());
    for seed in 0..FUZZ {
        let mut random = fastrand::Rng::with_seed(seed);
        let dir = tempfile::tempdir().unwrap();
        copy_folder(good.path(), dir.path());
        let folder = dir.path().join("store");
        let files = names(&folder, "").into_iter().filter(|name| name != "blobs").collect::<Vec<_>>();
        let path = folder.join(&files[random.usize(..files.len())]);
        let mut bytes = fs::read(&path).unwrap();
        match random.u8(..4) {
            0 => bytes.truncate(random.usize(..=bytes.len())),
            1 => bytes.clear(),
            _ => {
                // Most of sled's file is empty: what is damaged is near its beginning.
                let end = bytes.len().min(8_192);
                for _ in 0..random.usize(1..20) {
                    bytes[random.usize(..end)] = random.u8(..);
                }
            }
        }
        fs::write(&path, bytes).unwrap();
        let (store, opened) = open(dir.path());
        assert_eq!(opened.records.len(), 20, "seed {seed}: {:?}", opened.notes);
        expect_filled(&opened);
        assert_eq!(store.trouble(), None, "seed {seed}");
        store.save(&id(0), record(seed.try_into().unwrap()));
        assert_eq!(barrier(&store), Ok(()), "seed {seed}");
        store.close(LONG).unwrap();
    }
}

#[test]
fn a_damaged_store_without_an_export_starts_empty_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("store"), "no folder").unwrap();
    fs::write(dir.path().join("export-3.json"), "{ no export").unwrap();
    let (store, opened) = open(dir.path());
    assert!(opened.records.is_empty());
    assert_eq!(opened.notes.len(), 2, "{:?}", opened.notes);
    assert_eq!(store.trouble(), None);
    assert_eq!(names(dir.path(), "store.damaged").len(), 1);
}

#[test]
fn only_a_few_damaged_folders_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..DAMAGED_KEPT + 3 {
        fs::create_dir(dir.path().join(format!("store.damaged-2020010{n}T000000Z"))).unwrap();
    }
    fs::create_dir(dir.path().join("store")).unwrap();
    let aside = disk::move_aside(&dir.path().join("store")).unwrap();
    assert_eq!(names(dir.path(), "store.damaged").len(), DAMAGED_KEPT);
    assert!(aside.exists());
}

#[test]
fn a_full_disk_is_survived_again_and_again() {
    let Some(mounted) = Mounted::tmpfs("size=16m") else {
        return;
    };
    let (store, _) = open(mounted.path());
    // More than sled's file has room for without growing.
    let many = |from: u32| {
        for n in 0..3_000 {
            store.save(&id(n), record(from + n));
        }
    };
    for round in 0..20 {
        mounted.fill();
        let mut tries = 0;
        while store.trouble().is_none() && tries < 200 {
            many(tries);
            let _ = barrier(&store);
            tries += 1;
        }
        let trouble = store.trouble().expect("the disk is full");
        assert!(trouble.contains("disk full") && trouble.contains("make room"), "{trouble}");
        store.save(&id(1), record(1_000 + round));
        // Started and ended while nothing can be written: only what runs at the end counts.
        store.worker_born(1_000 + round, worker(round));
        store.worker_gone(999 + round);
        assert!(barrier(&store).is_err());
        mounted.free();
        wait_for("the end of trouble", || store.trouble().is_none());
        assert_eq!(barrier(&store), Ok(()));
    }
    store.close(LONG).unwrap();
    let (_store, opened) = open(mounted.path());
    assert_eq!(opened.records[&id(1)], record(1_019));
    assert_eq!(opened.workers, BTreeMap::from([(1_019, worker(19))]));
    assert_eq!(names(mounted.path(), "store.damaged"), Vec::<String>::new());
}

#[test]
fn what_is_kept_or_removed_while_the_disk_is_full_and_the_store_is_lost_is_right_again() {
    let Some(mounted) = Mounted::tmpfs("size=16m") else {
        return;
    };
    let (store, _) = open(mounted.path());
    let keep = |n: u32, value: Option<Arc<str>>| {
        let (tree, key) = papers::place(n);
        assert!(store.keep(tree, &key, value));
    };
    (0..20).for_each(|n| keep(n, Some(papers::paper(n))));
    assert_eq!(barrier(&store), Ok(()));
    for round in 0..4 {
        mounted.fill();
        let mut tries = 0;
        while store.trouble().is_none() && tries < 200 {
            // The longest there are.
            (20..40).for_each(|n| keep(n, Some(papers::paper(11 + 12 * (tries % 2)))));
            let _ = barrier(&store);
            tries += 1;
        }
        assert!(store.trouble().is_some(), "the disk is full");
        (20..40).for_each(|n| keep(n, None));
        keep(round, None);
        keep(round + 10, Some(papers::paper(round + 100)));
        if round % 2 == 1 {
            // All that it had: what is known is in memory alone.
            let _ = fs::remove_dir_all(mounted.path().join("store"));
            for name in names(mounted.path(), "export") {
                fs::remove_file(mounted.path().join(name)).unwrap();
            }
        }
        mounted.free();
        wait_for("the end of trouble", || barrier(&store).is_ok());
    }
    store.close(LONG).unwrap();
    for name in names(mounted.path(), "export") {
        fs::remove_file(mounted.path().join(name)).unwrap();
    }
    let mut expected: BTreeMap<Tree, BTreeMap<String, Arc<str>>> = BTreeMap::new();
    for n in 4..20 {
        let (tree, key) = papers::place(n);
        let number = if (10..14).contains(&n) { n + 90 } else { n };
        expected.entry(tree).or_default().insert(key, papers::paper(number));
    }
    assert_eq!(open(mounted.path()).1.papers, expected);
}

#[test]
fn what_was_acknowledged_is_known_when_started_on_a_full_disk() {
    let Some(mounted) = Mounted::tmpfs("size=16m") else {
        return;
    };
    filled(mounted.path());
    for name in names(mounted.path(), "export") {
        fs::remove_file(mounted.path().join(name)).unwrap();
    }
    let before = names(&mounted.path().join("store"), "");
    mounted.fill();
    let (store, opened) = Store::open_with(mounted.path(), Rules { min_free_bytes: 1 << 20, ..rules() });
    expect_filled(&opened);
    assert!(store.trouble().unwrap().contains("disk full"));
    assert_eq!(names(&mounted.path().join("store"), ""), before, "nothing was touched");
    store.save(&id(0), record(50));
    mounted.free();
    wait_for("the end of trouble", || store.trouble().is_none());
    store.close(LONG).unwrap();
    let (_store, opened) = open(mounted.path());
    assert_eq!((opened.records.len(), &opened.records[&id(0)]), (20, &record(50)));
}

#[test]
fn a_read_only_disk_is_told_and_what_is_known_is_known() {
    let Some(mounted) = Mounted::tmpfs("size=16m") else {
        return;
    };
    filled(mounted.path());
    mounted.remount("ro");
    let error = StateLock::take(mounted.path()).unwrap_err();
    assert!(matches!(error, LockError::Unusable { .. }), "{error}");
    let (store, opened) = open(mounted.path());
    expect_filled(&opened);
    let trouble = store.trouble().unwrap();
    assert!(trouble.contains(mounted.path().to_str().unwrap()) && trouble.contains("; look at"), "{trouble}");
    assert_eq!(barrier(&store), Err(trouble));
    mounted.remount("rw");
    wait_for("the end of trouble", || store.trouble().is_none());
    store.close(LONG).unwrap();
}
