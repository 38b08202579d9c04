//! Between the supervisor's clock, which begins anew with each run, and the store's times, which must
//! mean something in the next one.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Care, ConditionKind, MAX_MUTE, Moment, StreamId, clean_note};
use crate::store::{CareRecord, Record};
use crate::supervisor::core::{Cared, Kept, Restored};

/// Streams that are no longer configured of which the store still knows something: they may come back. Of
/// more of them those that changed last are kept, which is looked at at each start.
pub const OTHERS_KEPT: usize = 10_000;

/// Takes those out that are too many, the longest unchanged ones.
pub fn take_surplus(others: &mut BTreeMap<StreamId, Restored>) -> Vec<StreamId> {
    let surplus = others.len().saturating_sub(OTHERS_KEPT);
    let mut all: Vec<_> = others.iter().map(|(id, known)| (known.changed, id.clone())).collect();
    all.sort_unstable();
    let surplus: Vec<StreamId> = all.into_iter().take(surplus).map(|(_, id)| id).collect();
    for id in &surplus {
        others.remove(id);
    }
    surplus
}

/// What the store keeps of a stream, at `now` on the supervisor's clock and `wall_ms` on the wall.
pub fn record_of(kept: Kept, now: Moment, wall_ms: u64) -> Record {
    let Kept { wanted, phase, since, restarts, cared } = kept;
    let wall = |at: Moment| {
        let ahead = at.millis().saturating_sub(now.millis());
        wall_ms.saturating_add_signed(ahead)
    };
    let care = CareRecord {
        acknowledged_wall_ms: cared.care.acknowledged.map(wall),
        covers: cared.covers.iter().map(|kind| kind.word().to_owned()).collect(),
        muted_until_wall_ms: cared.care.muted_until.map(wall),
        note: cared.care.note.to_string(),
    };
    Record { wanted, phase, restarts, changed_wall_ms: wall(since), care }
}

/// What an earlier run kept, in a run that begins when the wall clock shows `wall_ms`.
pub fn restored(record: &Record, wall_ms: u64) -> Restored {
    let past = |at_ms: u64| Moment::ZERO - Duration::from_millis(wall_ms.saturating_sub(at_ms));
    let CareRecord { acknowledged_wall_ms, covers, muted_until_wall_ms, note } = &record.care;
    // A clock that was wrong then or is wrong now must not mute for years.
    let left = |until_ms: u64| Duration::from_millis(until_ms.saturating_sub(wall_ms)).min(MAX_MUTE);
    let muted = muted_until_wall_ms.map(left).filter(|left| !left.is_zero());
    let mut covers: Vec<ConditionKind> =
        covers.iter().filter_map(|word| ConditionKind::of_word(word)).collect();
    covers.sort_unstable();
    covers.dedup();
    let care = Care {
        acknowledged: acknowledged_wall_ms.map(past),
        muted_until: muted.map(|left| Moment::ZERO + left),
        note: clean_note(note),
    };
    if care.acknowledged.is_none() {
        covers.clear();
    }
    Restored {
        wanted: record.wanted,
        restarts: record.restarts,
        changed: past(record.changed_wall_ms),
        cared: Cared { care, covers },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Phase, Wanted};

    const WALL: u64 = 1_795_485_784_567;

    fn at(seconds: i64) -> Moment {
        Moment::from_millis(seconds * 1_000)
    }

    fn cared() -> Cared {
        let (acknowledged, muted_until) = (Some(at(400)), Some(at(1_000)));
        let covers = vec![ConditionKind::Black, ConditionKind::Timeout];
        Cared { care: Care { acknowledged, muted_until, note: "ask the provider".into() }, covers }
    }

    fn record(cared: Cared) -> Record {
        let (wanted, phase) = (Wanted::Started, Phase::Broken);
        record_of(Kept { wanted, phase, since: at(300), restarts: 7, cared }, at(500), WALL)
    }

    /// As the next run finds it, so many seconds after it was kept.
    fn found_after(record: &Record, seconds: u64) -> Restored {
        restored(record, WALL + seconds * 1_000)
    }

    #[test]
    fn times_stay_where_they_were_on_the_wall() {
        let found = found_after(&record(cared()), 60);
        assert_eq!((found.wanted, found.restarts, found.changed), (Wanted::Started, 7, at(-260)));
        let Cared { care, covers } = found.cared;
        assert_eq!((care.acknowledged, care.muted_until), (Some(at(-160)), Some(at(440))));
        assert_eq!((&*care.note, covers), ("ask the provider", cared().covers));
        assert_eq!(found_after(&record(Cared::default()), 60).cared, Cared::default());
    }

    #[test]
    fn of_too_many_that_are_not_configured_the_longest_unchanged_go() {
        let known = |n: usize| {
            // Those in the middle changed last.
            let changed_wall_ms = WALL - (n.abs_diff(OTHERS_KEPT / 2) as u64) * 1_000;
            let record = Record { changed_wall_ms, ..record(Cared::default()) };
            (StreamId::new(&format!("s{n}")).unwrap(), restored(&record, WALL))
        };
        let mut others: BTreeMap<_, _> = (0..OTHERS_KEPT).map(known).collect();
        assert_eq!(take_surplus(&mut others), []);
        others.extend((OTHERS_KEPT..OTHERS_KEPT + 3).map(known));
        let ids = |all: &[usize]| -> Vec<_> { all.iter().map(|n| known(*n).0).collect() };
        assert_eq!(take_surplus(&mut others), ids(&[OTHERS_KEPT + 2, OTHERS_KEPT + 1, 0]));
        assert_eq!(others.len(), OTHERS_KEPT);
    }

    #[test]
    fn a_mute_that_is_over_is_not_restored() {
        let muted = |seconds| found_after(&record(cared()), seconds).cared.care.muted_until;
        assert_eq!(muted(499), Some(at(1)));
        assert_eq!(muted(500), None);
        assert_eq!(muted(9_000), None);
    }

    #[test]
    fn a_clock_that_was_wrong_mutes_for_no_longer_than_one_may() {
        // In 1970, before the machine knew the time.
        let found = restored(&record(cared()), 1_000);
        assert_eq!(found.cared.care.muted_until, Some(Moment::ZERO + MAX_MUTE));
        assert_eq!(found.cared.care.acknowledged, Some(Moment::ZERO), "not in times to come");
        let old = record_of(Kept { since: at(-9_000_000_000), ..kept() }, at(0), 5_000);
        assert_eq!(old.changed_wall_ms, 0);
    }

    fn kept() -> Kept {
        let (wanted, phase) = (Wanted::Stopped, Phase::Stopped);
        Kept { wanted, phase, since: at(0), restarts: 0, cared: Cared::default() }
    }

    #[test]
    fn what_another_headend_wrote_is_taken_as_far_as_it_is_understood() {
        let mut other = record(cared());
        other.care.covers = ["timeout", "gremlins", "black", "timeout"].map(str::to_owned).into();
        other.care.note = "a\u{1b}[31m".to_owned() + &"x".repeat(9_000);
        let found = found_after(&other, 0).cared;
        assert_eq!(found.covers, cared().covers);
        assert!(found.care.note.starts_with("a␛[31mxxx"), "{}", found.care.note);
        assert_eq!(found.care.note.chars().count(), crate::model::MAX_NOTE);
        other.care.acknowledged_wall_ms = None;
        assert_eq!(found_after(&other, 0).cared.covers, []);
    }
}
