//! How available each stream was, over restarts of headend: seconds watched and seconds well, in slots of
//! time.
//!
//! A second counts as watched while the stream is to run and headend knows how it is. Of these it was up
//! while its worker was live and nothing critical was wrong. What is not watched is in neither figure: while
//! headend did not run, the stream was stopped, off air or in maintenance, waited for a slot or its turn, or
//! the host was too busy to tell.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Now;
use crate::model::{
    AVAILABILITY_HOURS, Availability, Available, Health, Moment, Phase, Row, Severity, StreamId, StreamIx,
    Wanted,
};

/// Streams that are kept; those that are no longer there go first, the longest gone before the others.
pub const MAX_BOOKS: usize = 20_000;
/// Slots of one length: seconds, and how many are kept. The window of the last hour is counted in the first,
/// the last day in the second, 7 and 30 days in the third.
const LENGTHS: [(u64, u64); 3] = [(300, 12), (3_600, 24), (21_600, 120)];
/// Which slots, and how many of them, each of [`AVAILABILITY_HOURS`] is counted in.
const WINDOWS: [(usize, u64); 4] = [(0, 12), (1, 24), (2, 28), (2, 120)];
const _: () = {
    let mut window = 0;
    while window < WINDOWS.len() {
        let (length, slots) = WINDOWS[window];
        assert!(LENGTHS[length].0 * slots == AVAILABILITY_HOURS[window] as u64 * 3_600);
        assert!(LENGTHS[length].1 >= slots);
        window += 1;
    }
};

/// What a stream is counted as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Unwatched,
    Up,
    Down,
}

impl State {
    /// What a row says; `None`: as before.
    fn of(row: &Row) -> Option<Self> {
        if row.wanted != Wanted::Started || row.maintenance {
            return Some(Self::Unwatched);
        }
        let excused = |c: &crate::model::Condition| c.severity == Severity::Critical && c.explained.is_some();
        match row.phase {
            Phase::Live if row.health() == Health::Critical => Some(Self::Down),
            Phase::Live | Phase::Stalled if row.conditions.iter().any(excused) => Some(Self::Unwatched),
            Phase::Live => Some(Self::Up),
            Phase::Stalled | Phase::Backoff | Phase::Broken => Some(Self::Down),
            // Between two workers it is as it was.
            Phase::Starting | Phase::Stopping => None,
            Phase::Stopped | Phase::Queued | Phase::Held | Phase::Resting => Some(Self::Unwatched),
        }
    }
}

/// Seconds of one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Slot(u64, u32, u32);

/// One stream's: for each length the slots in which it was watched, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Book {
    slots: [Vec<Slot>; 3],
    #[serde(skip)]
    state: State,
    /// Up to here it is counted.
    #[serde(skip)]
    counted: Moment,
    /// Milliseconds counted and not yet a whole second.
    #[serde(skip)]
    rest_ms: u64,
    /// It differs from what was kept.
    #[serde(skip)]
    dirty: bool,
    /// It is no longer there, since when on the wall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone_wall_ms: Option<u64>,
}

impl Book {
    /// Counts what passed since the last time, up to `now`.
    fn count(&mut self, now: Now) {
        let passed = u64::try_from(self.counted.until(now.at).as_millis()).unwrap_or(u64::MAX);
        self.counted = now.at;
        if self.state == State::Unwatched {
            self.rest_ms = 0;
            return;
        }
        self.rest_ms = self.rest_ms.saturating_add(passed);
        let seconds = self.rest_ms / 1_000;
        self.rest_ms %= 1_000;
        if seconds == 0 {
            return;
        }
        let end = now.wall_ms / 1_000;
        let begin = end.saturating_sub(seconds);
        let up = self.state == State::Up;
        for (slots, (length, kept)) in self.slots.iter_mut().zip(LENGTHS) {
            add(slots, length, kept, (begin, end), up);
        }
        self.dirty = true;
    }

    fn window(&self, window: usize, wall_ms: u64) -> Available {
        let (length, slots) = WINDOWS[window];
        let (seconds, now) = (LENGTHS[length].0, wall_ms / 1_000);
        let last = now / seconds;
        let first = (last + 1).saturating_sub(slots);
        let mut sum = Available { of_s: (slots - 1) * seconds + now % seconds, ..Available::default() };
        for Slot(number, watched, up) in &self.slots[length] {
            if (first..=last).contains(number) {
                sum.watched_s += u64::from(*watched);
                sum.up_s += u64::from(*up);
            }
        }
        // A clock that was set back counts some seconds twice.
        sum.watched_s = sum.watched_s.min(sum.of_s);
        sum.up_s = sum.up_s.min(sum.watched_s);
        sum
    }
}

/// Adds the seconds from `begin` to `end` to slots of `length` seconds, of which the newest `kept` stay.
fn add(slots: &mut Vec<Slot>, length: u64, kept: u64, (begin, end): (u64, u64), up: bool) {
    let last = end / length;
    let oldest = (last + 1).saturating_sub(kept);
    // Those of a clock that has been set back are of no time any more.
    slots.retain(|slot| (oldest..=last).contains(&slot.0));
    let mut from = begin.max(oldest * length);
    while from < end {
        let number = from / length;
        let until = end.min((number + 1) * length);
        let seconds = u32::try_from(until - from).unwrap_or(u32::MAX);
        let most = u32::try_from(length).unwrap_or(u32::MAX);
        let at = slots.partition_point(|slot| slot.0 < number);
        if slots.get(at).is_none_or(|slot| slot.0 != number) {
            slots.insert(at, Slot(number, 0, 0));
        }
        let slot = &mut slots[at];
        slot.1 = slot.1.saturating_add(seconds).min(most);
        if up {
            slot.2 = slot.2.saturating_add(seconds).min(slot.1);
        }
        from = until;
    }
}

/// How available all streams were.
#[derive(Debug, Default)]
pub struct Ledger {
    books: BTreeMap<StreamId, Book>,
    ids: BTreeMap<StreamIx, StreamId>,
}

impl Ledger {
    /// What was kept, by stream; what can't be read is passed over.
    #[must_use]
    pub fn new<'a>(kept: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let read = |(id, text): (&str, &str)| {
            let mut book: Book = serde_json::from_str(text).ok()?;
            book.slots.iter_mut().zip(LENGTHS).for_each(|(slots, (_, most))| {
                slots.sort_unstable_by_key(|slot| slot.0);
                slots.dedup_by_key(|slot| slot.0);
                let surplus = slots.len().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
                slots.drain(..surplus);
            });
            Some((StreamId::new(id).ok()?, book))
        };
        Self { books: kept.into_iter().filter_map(read).take(MAX_BOOKS).collect(), ids: BTreeMap::new() }
    }

    /// Takes in rows that are new or different.
    pub fn rows<'a>(&mut self, now: Now, rows: impl IntoIterator<Item = &'a Arc<Row>>) {
        for row in rows {
            let known = self.ids.contains_key(&row.ix);
            if !known {
                self.ids.insert(row.ix, row.id.clone());
            }
            let book = self.books.entry(row.id.clone()).or_default();
            let state = State::of(row).unwrap_or(book.state);
            if !known {
                // Until now nobody has watched it in this run.
                (book.counted, book.state, book.gone_wall_ms) = (now.at, state, None);
            } else if state != book.state {
                book.count(now);
                book.state = state;
            }
        }
    }

    /// Streams that are no longer configured. Their books stay while there is room: they may come again.
    pub fn removed(&mut self, now: Now, removed: &[StreamIx]) {
        for ix in removed {
            let Some(book) = self.ids.remove(ix).and_then(|id| self.books.get_mut(&id)) else { continue };
            book.count(now);
            (book.state, book.gone_wall_ms, book.dirty) = (State::Unwatched, Some(now.wall_ms), true);
        }
    }

    /// What is to be kept, each as text, and which are to go: what changed since the last time.
    pub fn to_keep(&mut self, now: Now) -> Vec<(StreamId, Option<Arc<str>>)> {
        let mut keep = Vec::new();
        for (id, book) in &mut self.books {
            book.count(now);
            if std::mem::take(&mut book.dirty) {
                // Numbers and arrays: it can always be written.
                keep.push((id.clone(), serde_json::to_string(book).ok().map(Arc::from)));
            }
        }
        let surplus = self.books.len().saturating_sub(MAX_BOOKS);
        if surplus > 0 {
            let gone = self.books.iter().filter_map(|(id, book)| Some((book.gone_wall_ms?, id.clone())));
            let mut gone: Vec<_> = gone.collect();
            gone.sort();
            for (_, id) in gone.into_iter().take(surplus) {
                self.books.remove(&id);
                keep.push((id, None));
            }
        }
        keep
    }

    /// How available one stream was, or all that are there now.
    pub fn of(&mut self, now: Now, stream: Option<&StreamId>) -> Availability {
        let mut sum = Availability::default();
        let one = stream.into_iter();
        let all = self.ids.values().filter(|_| stream.is_none());
        for id in one.chain(all) {
            let Some(book) = self.books.get_mut(id) else { continue };
            book.count(now);
            for (window, place) in sum.windows.iter_mut().enumerate() {
                let of = book.window(window, now.wall_ms);
                place.watched_s += of.watched_s;
                place.up_s += of.up_s;
                place.of_s += of.of_s;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests;
