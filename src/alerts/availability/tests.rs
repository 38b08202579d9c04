use std::time::Duration;

use super::*;
use crate::model::{Condition, ConditionKind, Explained, Mode};

/// 2026-11-24 00:00:00 UTC, the begin of a slot of every length.
const MIDNIGHT_MS: u64 = 1_795_478_400_000;

fn after(seconds: u64) -> Now {
    Now { at: Moment::ZERO + Duration::from_secs(seconds), wall_ms: MIDNIGHT_MS + seconds * 1_000 }
}

fn row(phase: Phase) -> Row {
    Row {
        name: "News".into(),
        mode: Mode::Packets,
        phase,
        priority: 50,
        input_of: (1, 1),
        ..Row::blank(StreamIx(1), id())
    }
}

fn id() -> StreamId {
    StreamId::new("news").unwrap()
}

fn put(ledger: &mut Ledger, now: Now, row: Row) {
    ledger.rows(now, &[Arc::new(row)]);
}

fn windows(ledger: &mut Ledger, now: Now) -> [(u64, u64, u64); 4] {
    ledger.of(now, Some(&id())).windows.map(|w| (w.watched_s, w.up_s, w.of_s))
}

#[test]
fn seconds_of_a_live_stream_are_up_and_those_of_one_that_fails_are_not() {
    let mut ledger = Ledger::default();
    put(&mut ledger, after(0), row(Phase::Live));
    put(&mut ledger, after(600), row(Phase::Backoff));
    put(&mut ledger, after(700), row(Phase::Starting));
    put(&mut ledger, after(800), row(Phase::Live));
    let [hour, day, week, month] = windows(&mut ledger, after(1_000));
    assert_eq!(hour, (1_000, 800, 11 * 300 + 100));
    assert_eq!(day, (1_000, 800, 23 * 3_600 + 1_000));
    assert_eq!((week.0, week.1, month.0, month.1), (1_000, 800, 1_000, 800));
}

#[test]
fn what_nobody_could_tell_is_not_watched() {
    let black = |explained| {
        let condition = Condition {
            kind: ConditionKind::Black,
            severity: Severity::Critical,
            since: Moment::ZERO,
            explained,
        };
        Row { conditions: vec![condition], ..row(Phase::Live) }
    };
    for (unwatched, words) in [
        (Row { wanted: Wanted::Stopped, ..row(Phase::Live) }, "stopped by hand"),
        (Row { maintenance: true, ..row(Phase::Backoff) }, "maintenance"),
        (row(Phase::Queued), "queued"),
        (row(Phase::Held), "held"),
        (row(Phase::Resting), "resting"),
        (row(Phase::Starting), "its first start"),
        (black(Some(Explained::Overload)), "the host's fault"),
    ] {
        let mut ledger = Ledger::default();
        put(&mut ledger, after(0), unwatched);
        assert_eq!(windows(&mut ledger, after(60))[0].0, 0, "{words}");
    }
    let mut ledger = Ledger::default();
    put(&mut ledger, after(0), black(None));
    assert_eq!(windows(&mut ledger, after(60))[0], (60, 0, 11 * 300 + 60));
}

#[test]
fn each_window_forgets_what_is_older() {
    let mut ledger = Ledger::default();
    put(&mut ledger, after(0), row(Phase::Broken));
    put(&mut ledger, after(3_600), row(Phase::Live));
    let [hour, day, ..] = windows(&mut ledger, after(2 * 3_600 + 299));
    assert_eq!((hour.0, hour.1), (11 * 300 + 299, 11 * 300 + 299));
    assert_eq!((day.0, day.1), (2 * 3_600 + 299, 3_600 + 299));
    let [_, day, week, _] = windows(&mut ledger, after(30 * 3_600));
    assert_eq!(day.1, day.0);
    assert_eq!((week.0, week.1), (30 * 3_600, 29 * 3_600));
    let late = after(40 * 86_400);
    let [.., month] = windows(&mut ledger, late);
    assert_eq!(month, (119 * 21_600, 119 * 21_600, 119 * 21_600));
    for (slots, (_, kept)) in ledger.books[&id()].slots.iter().zip(LENGTHS) {
        assert!(slots.len() as u64 <= kept, "{}", slots.len());
    }
}

#[test]
fn what_was_kept_is_counted_on_and_the_time_between_is_not_watched() {
    let mut ledger = Ledger::default();
    put(&mut ledger, after(0), row(Phase::Live));
    let kept = ledger.to_keep(after(1_800));
    assert_eq!(kept.len(), 1);
    assert_eq!(ledger.to_keep(after(1_800)), [], "nothing has changed");
    let text = kept[0].1.clone().unwrap();
    assert!(text.len() < 600, "{}: {text}", text.len());
    // Another run, whose clock begins anew, ten minutes later on the wall.
    let mut next = Ledger::new([("news", &*text), ("bad id!", "{}"), ("damaged", "{")]);
    let later =
        |seconds: u64| Now { at: Moment::ZERO + Duration::from_secs(seconds), ..after(2_400 + seconds) };
    put(&mut next, later(0), row(Phase::Live));
    assert_eq!(windows(&mut next, later(300))[0], (2_100, 2_100, 8 * 300 + 3 * 300));
}

#[test]
fn a_clock_that_is_set_never_makes_more_than_there_is() {
    let mut ledger = Ledger::default();
    put(&mut ledger, after(0), row(Phase::Live));
    let _ = ledger.of(after(50_000), None);
    // A day back, and on again.
    let back = Now { at: Moment::ZERO + Duration::from_secs(50_100), wall_ms: MIDNIGHT_MS - 86_400_000 };
    let _ = ledger.of(back, None);
    let on =
        Now { at: Moment::ZERO + Duration::from_secs(60_000), wall_ms: MIDNIGHT_MS - 86_400_000 + 9_900_000 };
    for (watched, up, of) in windows(&mut ledger, on) {
        assert!(up <= watched && watched <= of, "{up} of {watched} of {of}");
    }
}

#[test]
fn streams_that_are_gone_stay_known_until_there_is_no_room() {
    let mut ledger = Ledger::default();
    put(&mut ledger, after(0), row(Phase::Live));
    ledger.removed(after(100), &[StreamIx(1)]);
    assert_eq!(ledger.of(after(200), None), Availability::default(), "all that are there: none");
    assert_eq!(windows(&mut ledger, after(200))[0].0, 100);
    for n in 0..MAX_BOOKS {
        let id = StreamId::new(&format!("s{n}")).unwrap();
        put(
            &mut ledger,
            after(200),
            Row { ix: StreamIx(u32::try_from(n).unwrap() + 2), id, ..row(Phase::Live) },
        );
    }
    let kept = ledger.to_keep(after(300));
    assert!(kept.contains(&(id(), None)), "the one that is gone went");
    assert_eq!(ledger.books.len(), MAX_BOOKS);
}

#[test]
fn all_together_is_the_sum_of_those_that_are_there() {
    let mut ledger = Ledger::default();
    put(&mut ledger, after(0), row(Phase::Live));
    let two = StreamId::new("two").unwrap();
    put(&mut ledger, after(0), Row { ix: StreamIx(2), id: two, ..row(Phase::Backoff) });
    let all = ledger.of(after(100), None).windows[0];
    assert_eq!((all.watched_s, all.up_s, all.of_s), (200, 100, 2 * (11 * 300 + 100)));
    assert_eq!(all.share(), Some(0.5));
}
