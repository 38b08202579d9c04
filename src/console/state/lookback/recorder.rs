//! The board's last minutes, kept as what it was before each second that changed it.
//!
//! Nothing is kept of a second in which nothing changed. Going back means undoing the seconds since,
//! so the newest ones cost least, the oldest can go at any time, and no copy of the board is kept.

use std::collections::{BTreeMap, VecDeque};
use std::mem::size_of;
use std::sync::Arc;

use super::fields::{Before, Packed, Was};
use crate::model::{
    Board, Delta, HostReading, IncidentBrief, LimitReading, Moment, Notice, PoolReading, Row, SelfReading,
    StreamIx, WorkersReading,
};

/// What is kept takes at most so many bytes; the oldest seconds go first.
pub const MAX_BYTES: usize = 24 * 1024 * 1024;
/// How far back it reaches at most, in seconds.
pub const REACH: i64 = 15 * 60;
/// A second that changed more than one in so many rows is undone by walking over all of them.
const DENSE: usize = 4;

/// The second a moment is in.
#[must_use]
pub const fn second_of(moment: Moment) -> i64 {
    moment.millis().div_euclid(1_000)
}

/// The last moment of a second.
#[must_use]
pub const fn end_of(second: i64) -> Moment {
    Moment::from_millis(second * 1_000 + 999)
}

/// What the parts of the board that are no rows were, where they changed.
#[derive(Debug, Default)]
struct Rest {
    pool: Option<PoolReading>,
    host: Option<HostReading>,
    own: Option<SelfReading>,
    workers: Option<WorkersReading>,
    limits: Option<LimitReading>,
    notices: Option<Vec<Notice>>,
    /// Incidents that came, changed or ended; `None`: it was not open.
    incidents: BTreeMap<u64, Option<Arc<IncidentBrief>>>,
}

impl Rest {
    fn take_in(&mut self, board: &Board, delta: &Delta, bytes: &mut usize) {
        fn first<T: PartialEq + Clone>(kept: &mut Option<T>, old: &T, new: Option<&T>) {
            if kept.is_none() && new.is_some_and(|new| new != old) {
                *kept = Some(old.clone());
            }
        }
        first(&mut self.pool, &board.pool, delta.pool.as_ref());
        first(&mut self.host, &board.host, delta.host.as_ref());
        first(&mut self.own, &board.own, delta.own.as_ref());
        first(&mut self.workers, &board.workers, delta.workers.as_ref());
        first(&mut self.limits, &board.limits, delta.limits.as_ref());
        if self.notices.is_none() {
            first(&mut self.notices, &board.notices, delta.notices.as_ref());
            *bytes += self.notice_bytes();
        }
        for number in delta.incidents.keys().chain(&delta.ended) {
            let was = || {
                let was = board.incidents.get(number).cloned();
                *bytes += incident_bytes(was.as_deref());
                was
            };
            self.incidents.entry(*number).or_insert_with(was);
        }
    }

    fn put_back(&self, board: &mut Board) {
        board.pool = self.pool.unwrap_or(board.pool);
        board.host = self.host.unwrap_or(board.host);
        board.own = self.own.unwrap_or(board.own);
        board.workers = self.workers.unwrap_or(board.workers);
        board.limits = self.limits.unwrap_or(board.limits);
        if let Some(notices) = &self.notices {
            board.notices.clone_from(notices);
        }
        for (number, was) in &self.incidents {
            match was {
                Some(brief) => board.incidents.insert(*number, Arc::clone(brief)),
                None => board.incidents.remove(number),
            };
        }
    }

    /// The memory it holds beyond itself.
    fn notice_bytes(&self) -> usize {
        let notices = self.notices.iter().flatten();
        notices.map(|n| size_of::<Notice>() + n.text.len()).sum()
    }
}

/// What an incident takes that is kept as it was.
fn incident_bytes(was: Option<&IncidentBrief>) -> usize {
    size_of::<u64>() + was.map_or(0, |brief| size_of::<IncidentBrief>() + brief.title.len())
}

/// What a row was at the beginning of the second.
#[derive(Debug)]
enum Entry {
    /// It was another one.
    Was(Before),
    /// It was not there.
    Came,
    /// It was there, and is no more.
    Went(Arc<Row>),
}

/// The second that is still going on.
#[derive(Debug)]
struct Open {
    second: i64,
    revision: u64,
    at: Moment,
    wall_zero: Option<i64>,
    rows: BTreeMap<StreamIx, Entry>,
    rest: Rest,
    /// A health changed in it.
    turned: bool,
    bytes: usize,
}

/// A second that changed the board: what undoes it. Each list is in the order of the streams.
#[derive(Debug)]
struct Step {
    second: i64,
    revision: u64,
    at: Moment,
    wall_zero: Option<i64>,
    figures: Box<[(StreamIx, Packed)]>,
    fields: Box<[(StreamIx, Was)]>,
    came: Box<[StreamIx]>,
    went: Box<[Arc<Row>]>,
    rest: Rest,
    turned: bool,
}

impl From<Open> for Step {
    fn from(open: Open) -> Self {
        let (mut figures, mut fields, mut came, mut went) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (ix, entry) in open.rows {
            match entry {
                Entry::Was(before) => {
                    figures.extend(before.figures.map(|packed| (ix, packed)));
                    fields.extend(before.fields.into_iter().map(|was| (ix, was)));
                }
                Entry::Came => came.push(ix),
                Entry::Went(row) => went.push(row),
            }
        }
        let Open { second, revision, at, wall_zero, rest, turned, .. } = open;
        Self {
            second,
            revision,
            at,
            wall_zero,
            figures: figures.into(),
            fields: fields.into(),
            came: came.into(),
            went: went.into(),
            rest,
            turned,
        }
    }
}

impl Step {
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + size_of_val(&*self.figures)
            + size_of_val(&*self.fields)
            + self.fields.iter().map(|(_, was)| was.bytes()).sum::<usize>()
            + size_of_val(&*self.came)
            + self.went.iter().map(|row| bytes_of(row)).sum::<usize>()
            + self.rest.notice_bytes()
            + self.rest.incidents.values().map(|was| incident_bytes(was.as_deref())).sum::<usize>()
    }

    /// Makes of the board what it was before this second.
    fn undo(&self, board: &mut Board) {
        (board.revision, board.at) = (self.revision, self.at);
        for ix in &self.came {
            board.rows.remove(ix);
        }
        for row in &self.went {
            board.rows.insert(row.ix, Arc::clone(row));
        }
        put_figures_back(&mut board.rows, &self.figures);
        for (ix, was) in &self.fields {
            if let Some(row) = board.rows.get_mut(ix) {
                was.put_back(Arc::make_mut(row));
            }
        }
        self.rest.put_back(board);
    }

    /// The streams it changed otherwise than in figures.
    fn streams(&self) -> impl Iterator<Item = StreamIx> + '_ {
        let went = self.went.iter().map(|row| row.ix);
        self.fields.iter().map(|(ix, _)| *ix).chain(self.came.iter().copied()).chain(went)
    }
}

fn put_figures_back(rows: &mut BTreeMap<StreamIx, Arc<Row>>, figures: &[(StreamIx, Packed)]) {
    if figures.len() * DENSE < rows.len() {
        for (ix, packed) in figures {
            if let Some(row) = rows.get_mut(ix) {
                Arc::make_mut(row).figures = packed.figures();
            }
        }
        return;
    }
    let mut rows = rows.iter_mut().peekable();
    for (ix, packed) in figures {
        while rows.next_if(|(other, _)| *other < ix).is_some() {}
        if let Some((_, row)) = rows.next_if(|(other, _)| *other == ix) {
            Arc::make_mut(row).figures = packed.figures();
        }
    }
}

/// The memory a row takes that nobody else has.
fn bytes_of(row: &Row) -> usize {
    let texts = [&row.name, &row.group, &row.reason, &row.input, &row.last_message, &row.care.note];
    let counts = 2 * size_of::<usize>();
    let texts = texts.into_iter().chain(&row.last_error).chain(&*row.tags).map(|text| text.len() + counts);
    let conditions = size_of_val(&*row.conditions);
    counts + size_of::<Row>() + conditions + texts.sum::<usize>() + row.id.as_str().len()
}

/// The board's last minutes.
#[derive(Debug)]
pub struct Recorder {
    /// The oldest first.
    steps: VecDeque<Step>,
    /// Of `steps`.
    bytes: usize,
    open: Option<Open>,
    /// The oldest second whose end is known; `None` before there was a board.
    earliest: Option<i64>,
    /// Seconds were let go because they took too much memory.
    full: bool,
    /// What is kept takes at most so many bytes.
    bound: usize,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { steps: VecDeque::new(), bytes: 0, open: None, earliest: None, full: false, bound: MAX_BYTES }
    }
}

impl Recorder {
    /// The whole board is another one: `old` as it was, if there was one.
    pub fn replaced(&mut self, old: Option<&Board>, new: &Board, wall_zero: Option<i64>) {
        let Some(old) = old.filter(|old| second_of(new.at) >= second_of(old.at)) else {
            // The first board there is, or the first of another supervisor.
            *self = Self { earliest: Some(second_of(new.at)), bound: self.bound, ..Self::default() };
            return;
        };
        let changed = new.rows.iter().filter(|(ix, row)| old.rows.get(ix).is_none_or(|old| old != *row));
        let incidents =
            new.incidents.iter().filter(|(number, brief)| old.incidents.get(number) != Some(brief));
        let delta = Delta {
            at: new.at,
            rows: changed.map(|(ix, row)| (*ix, Arc::clone(row))).collect(),
            removed: old.rows.keys().filter(|ix| !new.rows.contains_key(ix)).copied().collect(),
            pool: Some(new.pool),
            host: Some(new.host),
            own: Some(new.own),
            workers: Some(new.workers),
            limits: Some(new.limits),
            notices: Some(new.notices.clone()),
            incidents: incidents.map(|(number, brief)| (*number, Arc::clone(brief))).collect(),
            ended: old.incidents.keys().filter(|n| !new.incidents.contains_key(n)).copied().collect(),
            ..Delta::default()
        };
        self.record(old, &delta, wall_zero);
    }

    /// `board` is about to change by `delta`. `wall_zero`: the wall clock at [`Moment::ZERO`].
    pub fn record(&mut self, board: &Board, delta: &Delta, wall_zero: Option<i64>) {
        if self.earliest.is_none() {
            return;
        }
        let newest = self.newest();
        let second = second_of(delta.at).max(newest);
        if second > newest {
            self.close();
        }
        let open = self.open.get_or_insert_with(|| Open {
            second,
            revision: board.revision,
            at: board.at,
            wall_zero,
            rows: BTreeMap::new(),
            rest: Rest::default(),
            turned: false,
            bytes: size_of::<Step>(),
        });
        open.rest.take_in(board, delta, &mut open.bytes);
        for ix in delta.removed.iter().filter(|ix| !delta.rows.contains_key(ix)) {
            open.row_goes(board, *ix);
        }
        for (ix, row) in &delta.rows {
            open.row_changes(board, *ix, row);
        }
        self.let_go();
    }

    /// The newest second of which something is kept.
    fn newest(&self) -> i64 {
        let closed = self.steps.back().map(|step| step.second);
        self.open.as_ref().map(|open| open.second).or(closed).unwrap_or(i64::MIN)
    }

    /// The second that went on is over.
    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            let step = Step::from(open);
            self.bytes += step.bytes();
            self.steps.push_back(step);
        }
    }

    /// Lets go of what is too old or too much.
    fn let_go(&mut self) {
        let newest = self.newest();
        while let Some(oldest) = self.steps.front() {
            let full = self.bytes() > self.bound;
            if !full && oldest.second > newest - REACH {
                return;
            }
            self.full = full;
            self.earliest = Some(oldest.second);
            self.bytes -= oldest.bytes();
            self.steps.pop_front();
        }
    }

    /// How many bytes are kept, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes + self.open.as_ref().map_or(0, |open| open.bytes)
    }

    /// The oldest second that can be looked at when it is `now`.
    #[must_use]
    pub fn earliest(&self, now: i64) -> i64 {
        self.earliest.map_or(now, |earliest| earliest.max(now - REACH).min(now))
    }

    /// Whether it reaches less far than it should, for want of memory.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.full
    }

    /// The seconds after `from` up to `to` that changed the board, the newest first.
    fn steps_back(&self, from: i64, to: i64) -> impl Iterator<Item = &Step> {
        let last = self.steps.partition_point(|step| step.second <= to);
        self.steps.range(..last).rev().take_while(move |step| step.second > from)
    }

    /// Makes of `board`, which is as it was at some moment of the second `from`, what it was at the
    /// end of `to`, an earlier one.
    pub fn go_back(&mut self, board: &mut Board, from: i64, to: i64) {
        // What goes on is put with the rest first; it goes on as a step of its own.
        self.close();
        for step in self.steps_back(to, from) {
            step.undo(board);
        }
    }

    /// The newest second before `second` in which a health changed, or the first one after it.
    #[must_use]
    pub fn turn(&self, second: i64, back: bool) -> Option<i64> {
        let open = self.open.iter().map(|open| (open.second, open.turned));
        let mut turns = self.steps.iter().map(|step| (step.second, step.turned)).chain(open);
        let turn = if back {
            turns.rfind(|(at, turned)| *turned && *at < second)
        } else {
            turns.find(|(at, turned)| *turned && *at > second)
        };
        turn.map(|(at, _)| at)
    }

    /// The streams that changed in `second` otherwise than in figures.
    #[must_use]
    pub fn changed_in(&self, second: i64) -> Vec<StreamIx> {
        let steps = self.steps_back(second - 1, second);
        let mut streams: Vec<StreamIx> = steps.flat_map(Step::streams).collect();
        streams.sort_unstable();
        streams.dedup();
        streams
    }

    /// The wall clock at [`Moment::ZERO`], as it was known in that second: time that the supervisor
    /// does not count, as while the machine sleeps, moves it.
    #[must_use]
    pub fn wall_zero(&self, at: Moment) -> Option<i64> {
        let second = second_of(at);
        let later = self.steps.partition_point(|step| step.second < second);
        self.steps.get(later).and_then(|step| step.wall_zero)
    }
}

impl Open {
    fn row_goes(&mut self, board: &Board, ix: StreamIx) {
        let Some(row) = board.rows.get(&ix) else { return };
        self.turned = true;
        let was = match self.rows.get(&ix) {
            None => Arc::clone(row),
            Some(Entry::Was(before)) => {
                let mut was = Row::clone(row);
                before.put_back(&mut was);
                Arc::new(was)
            }
            // Not there at the beginning: it is not missed.
            Some(Entry::Came | Entry::Went(_)) => return,
        };
        self.bytes += bytes_of(&was) + size_of::<(StreamIx, Entry)>();
        self.rows.insert(ix, Entry::Went(was));
    }

    fn row_changes(&mut self, board: &Board, ix: StreamIx, new: &Arc<Row>) {
        let Some(old) = board.rows.get(&ix) else {
            self.turned = true;
            // One that went in this second and is back was there at its beginning.
            if !self.rows.contains_key(&ix) {
                self.bytes += size_of::<(StreamIx, Entry)>();
                self.rows.insert(ix, Entry::Came);
            }
            return;
        };
        if Arc::ptr_eq(old, new) {
            return;
        }
        self.turned |= old.health() != new.health();
        match self.rows.get_mut(&ix) {
            Some(Entry::Was(before)) => self.bytes += before.take_in(old, new),
            Some(Entry::Came | Entry::Went(_)) => {}
            None => {
                let mut before = Before::default();
                let bytes = before.take_in(old, new);
                if before.figures.is_some() || !before.fields.is_empty() {
                    self.bytes += bytes + size_of::<(StreamIx, Entry)>();
                    self.rows.insert(ix, Entry::Was(before));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
