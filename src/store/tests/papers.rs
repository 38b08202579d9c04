//! What is kept beside the records: incidents, messages, availability.

use super::*;
use crate::store::export::Export;
use crate::store::papers::{Desk, PaperKey, Papers};

/// Around every bound there is, bytes.
const SIZES: [usize; 12] =
    [20, 100, 4_093, 4_094, 4_095, 4_096, 4_097, 8_192, 8_193, 20_000, 70_000, 200 * 1_024];

/// Number `n` of a key: a JSON text that says so and is as long as its number asks for, or for every fifth just
/// the number.
pub fn paper(n: u32) -> Arc<str> {
    if n.is_multiple_of(5) {
        return n.to_string().into();
    }
    let text = format!("\"{n}:\"");
    let size = SIZES[n as usize % SIZES.len()];
    let fill = char::from(b'a' + u8::try_from(n % 26).unwrap());
    let fill: String = std::iter::repeat_n(fill, size.saturating_sub(text.len())).collect();
    format!("\"{n}:{fill}\"").into()
}

/// Which one it is, if it is one of [`paper`] as a whole.
fn number_of(found: &str) -> Option<u32> {
    let digits: String = found.trim_start_matches('"').chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|n| *paper(*n) == *found)
}

/// What the helper does to its key with number `n`: removes it now and then.
pub fn change(n: u32) -> Option<Arc<str>> {
    (n % 11 != 7).then(|| paper(n))
}

/// Where the helper keeps number `n`.
pub fn place(n: u32) -> (Tree, String) {
    (Tree::ALL[(n % 3) as usize], (n % HELPER_IDS).to_string())
}

/// Checks that everything that was acknowledged is there, or something newer, and all of it.
pub fn expect_survived(opened: &Opened, acknowledged: &BTreeMap<(Tree, String), u32>, round: u32) {
    let found = |(tree, key): &(Tree, String)| opened.papers.get(tree).and_then(|papers| papers.get(key));
    for (place, n) in acknowledged {
        match found(place) {
            None => assert!(
                (0..4 * HELPER_IDS * 3)
                    .any(|more| change(n + more).is_none() && self::place(n + more) == *place),
                "round {round}: {place:?} is lost, acknowledged was {n}"
            ),
            Some(value) => {
                let number = number_of(value);
                let start: String = value.chars().take(20).collect();
                assert!(number >= Some(*n), "round {round}: {place:?} is {start}, acknowledged was {n}");
            }
        }
    }
}

fn key(tree: Tree, key: &str) -> PaperKey {
    (tree, key.into())
}

fn keep(store: &Store, tree: Tree, key: &str, value: Option<&str>) {
    assert!(store.keep(tree, key, value.map(Arc::from)), "{key}");
}

fn papers_of(opened: &Opened, tree: Tree) -> BTreeMap<String, Arc<str>> {
    opened.papers.get(&tree).cloned().unwrap_or_default()
}

/// The entries of a tree in sled; for damage in a closed store too.
fn raw<T>(dir: &Path, tree: Tree, work: impl FnOnce(&sled::Tree) -> T) -> T {
    // Opening reads, and so mends: damage is done behind it.
    let (disk, _) = Disk::open(&dir.join("store")).unwrap();
    let done = work(disk.raw(tree));
    disk.make_durable().unwrap();
    done
}

#[test]
fn what_was_kept_is_there_again_whatever_its_length() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let mut expected: BTreeMap<Tree, BTreeMap<String, Arc<str>>> = BTreeMap::new();
    for n in 0..60 {
        let (tree, name) = (Tree::ALL[(n % 3) as usize], format!("ключ {n}"));
        keep(&store, tree, &name, Some("{\"old\": true}"));
        keep(&store, tree, &name, Some(&paper(n)));
        expected.entry(tree).or_default().insert(name, paper(n));
    }
    let largest = format!("\"{}\"", "x".repeat(MAX_PAPER_BYTES - 2));
    keep(&store, Tree::Outbox, "largest", Some(&largest));
    expected.entry(Tree::Outbox).or_default().insert("largest".into(), largest.into());
    assert_eq!(barrier(&store), Ok(()));
    assert_eq!(fs::read_dir(dir.path().join("store/blobs")).map_or(0, Iterator::count), 0, "sled's long way");
    store.close(LONG).unwrap();
    for _ in 0..2 {
        let (store, opened) = open(dir.path());
        assert_eq!((&opened.papers, opened.notes.len()), (&expected, 0));
        store.close(LONG).unwrap();
    }
}

#[test]
fn replaced_and_removed_ones_leave_no_parts() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let long = format!("\"{}\"", "x".repeat(100_000));
    for name in ["a", "b", "ab", "c"] {
        keep(&store, Tree::Incidents, name, Some(&long));
    }
    assert_eq!(barrier(&store), Ok(()));
    keep(&store, Tree::Incidents, "a", Some("1"));
    keep(&store, Tree::Incidents, "b", Some(&"7".repeat(9_999)));
    keep(&store, Tree::Incidents, "ab", None);
    keep(&store, Tree::Incidents, "never there", None);
    store.close(LONG).unwrap();
    let (store, opened) = open(dir.path());
    let lengths: Vec<_> =
        papers_of(&opened, Tree::Incidents).into_iter().map(|(k, v)| (k, v.len())).collect();
    assert_eq!(lengths, [("a".to_owned(), 1), ("b".to_owned(), 9_999), ("c".to_owned(), 100_002)]);
    store.close(LONG).unwrap();
    // One whole, three parts and a header, 25 parts and a header.
    assert_eq!(raw(dir.path(), Tree::Incidents, sled::Tree::len), 1 + 4 + 26);
}

#[test]
fn what_makes_no_sense_is_forgotten_with_a_note_and_the_rest_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let long = format!("\"{}\"", "x".repeat(9_000));
    for name in ["good", "no-part", "mixed", "short", "torn"] {
        keep(&store, Tree::Outbox, name, Some(&long));
    }
    keep(&store, Tree::Availability, "fine", Some("[1]"));
    store.close(LONG).unwrap();
    fs::remove_file(dir.path().join("export-1.json")).unwrap();
    raw(dir.path(), Tree::Outbox, |tree| {
        let part = |name: &str, n: usize| {
            let keys = tree.scan_prefix([name.as_bytes(), &[0]].concat()).keys();
            keys.map(Result::unwrap).nth(n).unwrap()
        };
        tree.remove(part("no-part", 1)).unwrap();
        // A part of another generation in the place of one.
        let other = [b"mixed\0", &b"f".repeat(16)[..], b"00000001"].concat();
        tree.insert(other, tree.remove(part("mixed", 1)).unwrap().unwrap()).unwrap();
        tree.insert(part("short", 2), b"x").unwrap();
        // As a batch would leave it that was torn before its header.
        tree.insert([b"torn\0", &b"f".repeat(16)[..], b"00000000"].concat(), b"newer").unwrap();
        tree.insert(b"no json", b"=nonsense").unwrap();
        tree.insert(b"nothing", b"").unwrap();
        tree.insert(b"\xff\x1b[31m", b"=1").unwrap();
        tree.insert(b"nobody's\0part", b"x").unwrap();
        for n in 0..30 {
            tree.insert(format!("z{n}").as_bytes(), b"?").unwrap();
        }
    });
    let (store, opened) = open(dir.path());
    let expected: BTreeMap<_, _> = ["good", "torn"].map(|name| (name.to_owned(), Arc::from(&*long))).into();
    assert_eq!(papers_of(&opened, Tree::Outbox), expected);
    assert_eq!(papers_of(&opened, Tree::Availability).len(), 1);
    assert_eq!(opened.notes.len(), MAX_NOTES + 1, "{:?}", opened.notes);
    assert!(opened.notes.iter().all(|note| !note.contains('\x1b')), "{:?}", opened.notes);
    assert!(opened.notes.last().unwrap().contains("16 more"), "{:?}", opened.notes);
    store.close(LONG).unwrap();
    assert_eq!(raw(dir.path(), Tree::Outbox, sled::Tree::len), 2 * 4, "nothing of them is left");
    let (_store, opened) = open(dir.path());
    assert_eq!((opened.notes.len(), papers_of(&opened, Tree::Outbox)), (0, expected));
}

#[test]
fn what_can_t_be_kept_is_refused_and_what_was_there_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    keep(&store, Tree::Outbox, "1", Some("{}"));
    let large = format!("\"{}\"", "x".repeat(MAX_PAPER_BYTES - 1));
    let long_key = "k".repeat(MAX_PAPER_KEY_BYTES + 1);
    for (name, value) in [("1", &*large), ("1", "no json"), ("", "1"), ("a\0b", "1"), (&long_key, "1")] {
        assert!(!store.keep(Tree::Outbox, name, Some(value.into())), "{name:?}");
    }
    assert_eq!(barrier(&store), Ok(()), "and nothing else is hurt");
    store.close(LONG).unwrap();
    assert!(!store.keep(Tree::Outbox, "2", Some("1".into())));
    let papers = open(dir.path()).1.papers;
    assert_eq!(papers, BTreeMap::from([(Tree::Outbox, BTreeMap::from([("1".to_owned(), Arc::from("{}"))]))]));
}

#[test]
fn all_together_are_bounded_in_bytes_and_in_number() {
    // As with a thread that hangs: nobody takes what is kept.
    let store = || {
        let shared = Arc::new(Shared::new(LONG));
        Store { owner: Arc::new(Owner { shared, threads: Mutex::default() }) }
    };
    let large: Arc<str> = format!("\"{}\"", "x".repeat(MAX_PAPER_BYTES - 2)).into();
    let full = store();
    let kept = (0..200).filter(|n| full.keep(Tree::Outbox, &n.to_string(), Some(Arc::clone(&large)))).count();
    assert_eq!(kept, MAX_PAPERS_BYTES / MAX_PAPER_BYTES - 1, "the keys count too");
    // Smaller ones and removals go on.
    keep(&full, Tree::Outbox, "3", Some("1"));
    keep(&full, Tree::Outbox, "4", None);
    keep(&full, Tree::Outbox, "new", Some(&large));
    keep(&full, Tree::Outbox, "newer", Some(&large));
    assert!(!full.keep(Tree::Outbox, "newest", Some(large)), "two went, two came");

    let many = store();
    for n in 0..MAX_PAPERS {
        keep(&many, Tree::Incidents, &n.to_string(), Some("1"));
        keep(&many, Tree::Incidents, &n.to_string(), Some("2"));
    }
    assert_eq!(many.owner.shared.lock().desk.changed.len(), MAX_PAPERS, "one a key");
    assert!(!many.keep(Tree::Outbox, "one more", Some("1".into())));
    // Also what is removed, while nobody takes it.
    for n in 0..MAX_PAPERS {
        keep(&many, Tree::Outbox, &n.to_string(), None);
    }
    assert!(!many.keep(Tree::Outbox, "one more", None));
    keep(&many, Tree::Incidents, "0", None);
}

#[test]
fn exports_have_them_and_bring_them_back() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let long = paper(11);
    keep(&store, Tree::Incidents, "7", Some("{\"b\": 1, \"a\": [2]}"));
    keep(&store, Tree::Incidents, "8", Some(&long));
    keep(&store, Tree::Outbox, "9", Some("null"));
    store.close(LONG).unwrap();
    let text = fs::read_to_string(dir.path().join("export-1.json")).unwrap();
    assert!(
        text.contains("\"papers\":{\"incidents\":{\"7\":{\"b\": 1, \"a\": [2]},\"8\":\""),
        "{}",
        &text[..200]
    );
    let expected = open(dir.path()).1.papers;
    assert_eq!(expected[&Tree::Incidents].len(), 2);

    fs::remove_dir_all(dir.path().join("store")).unwrap();
    let (store, opened) = open(dir.path());
    assert_eq!(opened.papers, expected);
    // It is in the new store too, and what goes now does not come back from the old export.
    keep(&store, Tree::Outbox, "9", None);
    assert_eq!(barrier(&store), Ok(()));
    store.close(LONG).unwrap();
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    assert_eq!(papers_of(&open(dir.path()).1, Tree::Outbox), BTreeMap::new());
}

#[test]
fn exports_of_older_and_newer_headends_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("export-1.json");
    fs::write(&path, r#"{"format":1,"saves":9,"records":{}}"#).unwrap();
    assert_eq!(export::newest(dir.path()).0, Some(Export { saves: 9, ..Export::default() }));
    // An older one, of a time when nothing was kept: what the store has stays.
    let (store, _) = open(dir.path());
    keep(&store, Tree::Outbox, "1", Some("1"));
    assert_eq!(barrier(&store), Ok(()));
    drop(store.close(LONG));
    for name in names(dir.path(), "export") {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    fs::write(&path, r#"{"format":1,"saves":99,"records":{}}"#).unwrap();
    assert_eq!(papers_of(&open(dir.path()).1, Tree::Outbox).len(), 1);
    let newer = r#"{"format":1,"saves":999,"records":{},"papers":{"outbox":{"2":[]},"coffee":{"x":1}}}"#;
    fs::write(&path, newer).unwrap();
    let papers: Papers = [(key(Tree::Outbox, "2"), "[]".into())].into();
    assert_eq!(export::newest(dir.path()).0.and_then(|export| export.papers), Some(papers));
}

#[test]
fn what_is_kept_while_the_store_is_slow_to_open_is_newer() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let db = fs::File::open(dir.path().join("store/db")).unwrap();
    db.try_lock().unwrap();
    let (store, opened) = Store::open_with(dir.path(), Rules { open_limit: Duration::ZERO, ..rules() });
    expect_filled(&opened);
    let (tree, name) = place(1);
    keep(&store, tree, &name, Some("\"newer\""));
    let (gone, gone_name) = place(2);
    keep(&store, gone, &gone_name, None);
    drop(db);
    wait_for("the store", || barrier(&store).is_ok());
    store.close(LONG).unwrap();
    let (_store, opened) = open(dir.path());
    assert_eq!(opened.papers[&tree][&name], "\"newer\"".into());
    assert_eq!(opened.papers[&gone].get(&gone_name), None);
    assert_eq!(opened.papers.values().map(BTreeMap::len).sum::<usize>(), 19, "the rest is as it was");
}

#[test]
fn learning_keeps_what_was_changed_since() {
    let mut desk = Desk::default();
    assert_eq!(desk.put(key(Tree::Outbox, "1"), Some("1".into())), Ok(()));
    assert_eq!(desk.put(key(Tree::Outbox, "2"), None), Ok(()));
    let found: Papers = ["1", "2", "3"].map(|name| (key(Tree::Outbox, name), Arc::from("0"))).into();
    desk.learn(&found);
    let known: Vec<_> = desk.known.iter().map(|((_, name), value)| (&**name, &**value)).collect();
    assert_eq!(known, [("1", "1"), ("3", "0")]);
    let taken = desk.take();
    assert_eq!(
        taken.into_iter().map(|(key, value)| (key.1, value.is_some())).collect::<Vec<_>>(),
        [("1".into(), true), ("2".into(), false)]
    );
    assert!(desk.take().is_empty());
}
