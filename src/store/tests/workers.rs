//! The workers that are known at the next start.

use super::*;

#[test]
fn workers_that_were_not_said_to_be_gone_are_known_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let (store, opened) = open(dir.path());
    assert_eq!(opened.workers, BTreeMap::new());
    for n in [7, 8, 9] {
        store.worker_born(n, worker(n));
    }
    store.worker_gone(8);
    assert_eq!(barrier(&store), Ok(()));
    // The same number again, for another start.
    store.worker_gone(9);
    store.worker_born(9, worker(1));
    store.close(LONG).unwrap();
    let left = BTreeMap::from([(7, worker(7)), (9, worker(1))]);

    let (store, opened) = open(dir.path());
    assert_eq!(opened.workers, left);
    store.worker_born(10, worker(10));
    store.close(LONG).unwrap();
    let (store, opened) = open(dir.path());
    assert_eq!(opened.workers.len(), 3, "they stay until they are said to be gone");
    for pid in opened.workers.keys() {
        store.worker_gone(*pid);
    }
    store.close(LONG).unwrap();
    assert_eq!(open(dir.path()).1.workers, BTreeMap::new());
}

#[test]
fn a_worker_alone_is_written_without_a_barrier_and_without_an_export() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    store.worker_born(7, worker(7));
    wait_for("the worker on disk", || {
        disk::read_from_copy(&dir.path().join("store"), MAX_EXPORT_BYTES)
            .is_some_and(|copy| copy.workers.contains_key(&7))
    });
    store.close(LONG).unwrap();
    assert_eq!(names(dir.path(), "export"), Vec::<String>::new());
}
