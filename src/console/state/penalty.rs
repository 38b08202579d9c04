//! The penalty box: only streams that are not well, the worst first, the oldest fault first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use super::held::Held;
use super::{Dirty, Screen, State};
use crate::console::layout;
use crate::console::spans::{Countdown, age_changes_in};
use crate::model::{Board, Delta, Health, Moment, Phase, Row, Severity, StreamIx};

/// Where a stream stands in the penalty box. Ordered: who is looked at first is least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Viewers see it, and nobody has said that they know.
    Critical,
    /// Someone should look, and nobody has said that they know.
    Warning,
    /// Someone knows.
    Acknowledged,
    /// Nobody is told about it for a while.
    Muted,
    /// Overload or maintenance explain all of it.
    Explained,
}

/// How many there are.
const STANDINGS: usize = 5;

impl Standing {
    /// Where this stream stands at `now`; `None` when nothing is wrong with it.
    #[must_use]
    pub fn of(row: &Row, now: Moment) -> Option<Self> {
        let Some(severity) = severity(row) else {
            return (!row.conditions.is_empty() || is_failing(row)).then_some(Self::Explained);
        };
        Some(match severity {
            _ if row.care.is_muted(now) => Self::Muted,
            _ if row.care.acknowledged.is_some() => Self::Acknowledged,
            Severity::Critical => Self::Critical,
            Severity::Warning => Self::Warning,
        })
    }

    /// Whether someone is to look at it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Critical | Self::Warning)
    }
}

/// Whether its phase alone is a fault.
const fn is_failing(row: &Row) -> bool {
    matches!(row.phase, Phase::Backoff | Phase::Broken | Phase::Stalled)
}

/// How bad it is, apart from what something else explains. A run that failed is a fault too while
/// nobody knows of what.
#[must_use]
pub fn severity(row: &Row) -> Option<Severity> {
    let open = row.conditions.iter().filter(|c| c.explained.is_none());
    open.map(|c| c.severity).max().or(match row.phase {
        _ if !row.conditions.is_empty() || row.maintenance => None,
        Phase::Broken | Phase::Stalled => Some(Severity::Critical),
        Phase::Backoff => Some(Severity::Warning),
        _ => None,
    })
}

/// How bad it looks: as its health, or as its phase where nothing is known.
#[must_use]
pub fn looks(row: &Row) -> Health {
    match severity(row) {
        Some(Severity::Critical) => Health::Critical,
        Some(Severity::Warning) => Health::Warning,
        None if !row.conditions.is_empty() || is_failing(row) => Health::Warning,
        None => row.health(),
    }
}

/// When what is wrong with it began: its oldest fault, apart from explained ones where there are
/// others.
#[must_use]
pub fn since(row: &Row) -> Moment {
    let of = |explained: bool| {
        let of = row.conditions.iter().filter(move |c| c.explained.is_some() == explained);
        of.map(|c| c.since).min()
    };
    of(false).or_else(|| of(true)).unwrap_or(row.since)
}

/// The streams that are not well at `now`, the worst first.
#[must_use]
pub fn in_order(board: &Board, now: Moment) -> Vec<StreamIx> {
    let rows = board.rows.values();
    let mut unwell: Vec<_> = rows
        .filter_map(|row| Some((Standing::of(row, now)?, Reverse(severity(row)), since(row), row.ix)))
        .collect();
    unwell.sort_unstable();
    unwell.into_iter().map(|(.., ix)| ix).collect()
}

/// How many streams stand where. Each is counted as it was when it was put in: a mute that runs out
/// meanwhile makes no count wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: [u32; STANDINGS],
    /// Those that stand somewhere.
    standings: BTreeMap<StreamIx, Standing>,
}

impl Tally {
    /// Counts the rows of a board as they are at `now`.
    #[must_use]
    pub fn of(board: &Board, now: Moment) -> Self {
        let mut tally = Self::default();
        for row in board.rows.values() {
            tally.put(row.ix, Standing::of(row, now));
        }
        tally
    }

    /// A stream stands there now, or nowhere. Says where it stood.
    pub fn put(&mut self, ix: StreamIx, standing: Option<Standing>) -> Option<Standing> {
        let was = match standing {
            Some(standing) => {
                self.counts[standing as usize] += 1;
                self.standings.insert(ix, standing)
            }
            None => self.standings.remove(&ix),
        };
        if let Some(was) = was {
            self.counts[was as usize] -= 1;
        }
        was
    }

    /// A delta is about to change the board that was counted, at `now`.
    pub fn take_delta(&mut self, delta: &Delta, now: Moment) {
        for ix in delta.removed.iter().filter(|ix| !delta.rows.contains_key(ix)) {
            self.put(*ix, None);
        }
        for (ix, row) in &delta.rows {
            self.put(*ix, Standing::of(row, now));
        }
    }

    /// How many stand there.
    #[must_use]
    pub const fn at(&self, standing: Standing) -> u32 {
        self.counts[standing as usize]
    }

    /// How many someone is to look at.
    #[must_use]
    pub const fn open(&self) -> u32 {
        self.at(Standing::Critical) + self.at(Standing::Warning)
    }

    /// How bad the worst of those is.
    #[must_use]
    pub const fn worst(&self) -> Health {
        match (self.at(Standing::Critical), self.at(Standing::Warning)) {
            (0, 0) => Health::Ok,
            (0, _) => Health::Warning,
            _ => Health::Critical,
        }
    }

    /// How many are in the box.
    #[must_use]
    pub fn all(&self) -> u32 {
        self.counts.iter().sum()
    }
}

/// The penalty box.
#[derive(Debug, Default)]
pub struct Penalty {
    /// Who is in it, as shown.
    pub list: Held,
    /// How many stand where.
    pub tally: Tally,
    /// Since when nobody is in it, and whether that began while the console looked.
    pub empty_since: Option<(Moment, bool)>,
    /// There was a board.
    counted: bool,
}

impl Penalty {
    /// The whole board is another one, seen at `now`. Says whether there was one before.
    pub fn count(&mut self, board: &Board, now: Moment) -> bool {
        self.tally = Tally::of(board, now);
        self.list.changed();
        std::mem::replace(&mut self.counted, true)
    }

    /// A row is about to change, at `now`. Says whether that changes who is in the box, or in which
    /// order.
    pub fn row_changes(&mut self, ix: StreamIx, old: Option<&Row>, new: Option<&Row>, now: Moment) -> bool {
        let standing = new.and_then(|row| Standing::of(row, now));
        let stood = self.tally.put(ix, standing);
        let place = |row: &Row| (severity(row), since(row));
        let moved = stood != standing || standing.is_some() && old.map(place) != new.map(place);
        if moved {
            self.list.changed();
        }
        moved
    }

    /// Remembers since when nobody is in the box; `seen`: it was looked at before, too.
    pub fn empty_or_not(&mut self, empty: bool, now: Moment, seen: bool) {
        self.empty_since = empty.then(|| self.empty_since.unwrap_or((now, seen)));
    }

    /// Who is in the box now. Whom someone is about to act on stays where it is, even when it is well
    /// again.
    fn order(&self, board: &Board, seen_at: Moment, now: Moment) -> Vec<StreamIx> {
        let mut order = in_order(board, seen_at);
        let kept = self.list.selected.filter(|_| self.list.is_attended(now));
        let kept = kept.filter(|ix| board.rows.contains_key(ix) && !order.contains(ix));
        if let (Some(ix), Some(at)) = (kept, self.list.position()) {
            order.insert(at.min(order.len()), ix);
        }
        order
    }

    /// Opens the box over the board as it is at `seen_at`: the worst is selected.
    pub fn open(&mut self, board: &Board, seen_at: Moment, now: Moment) {
        self.list.open(in_order(board, seen_at), now);
    }

    /// Puts the box in order by itself, over the board as it is at `seen_at`. Says whether anything
    /// moved.
    pub fn settle(&mut self, board: &Board, seen_at: Moment, now: Moment, height: usize) -> bool {
        let order = self.order(board, seen_at, now);
        self.list.arrange(order, now, height)
    }
}

impl State {
    /// Rows of the penalty box that fit the screen.
    #[must_use]
    pub fn penalty_height(&self) -> usize {
        let (list, _) = layout::penalty_parts(self.areas().body);
        usize::from(list.height.saturating_sub(1)).max(1)
    }

    /// Opens the box.
    pub(super) fn open_penalty(&mut self) {
        self.penalty.open(&self.board, self.seen_at(), self.now);
        self.go(Screen::Penalty);
    }

    /// The whole board is another one.
    pub(super) fn unwell_changed(&mut self) {
        let seen_at = self.seen_at();
        let seen = self.penalty.count(&self.board, seen_at);
        if !self.is_frozen() {
            self.penalty.empty_or_not(self.penalty.tally.all() == 0, self.now, seen);
        }
        self.settle_penalty();
    }

    fn settle_penalty(&mut self) -> bool {
        let (height, seen_at) = (self.penalty_height(), self.seen_at());
        self.penalty.settle(&self.board, seen_at, self.now, height)
    }

    /// A row is about to change, which is worth `change` where it is seen. How soon what the penalty
    /// box says of it is wanted.
    pub(super) fn unwell_row(&mut self, ix: StreamIx, new: &Row, change: Dirty) -> Dirty {
        let old = self.board.rows.get(&ix).map(AsRef::as_ref);
        // How many there are to look at can be seen everywhere.
        let moved = self.penalty.row_changes(ix, old, Some(new), self.now);
        match self.screen() {
            Screen::Wall => self.wall_row(change, moved, new),
            _ if moved => Dirty::Now,
            Screen::Penalty => self.change_in_box(ix, new, change),
            _ => Dirty::Clean,
        }
    }

    /// How soon a change of a row is wanted that leaves it where it is in the box, if it is in there: no
    /// figures are shown.
    fn change_in_box(&self, ix: StreamIx, new: &Row, change: Dirty) -> Dirty {
        let list = &self.penalty.list;
        let Some(old) = self.row(ix).filter(|_| list.visible(self.penalty_height()).contains(&ix)) else {
            return Dirty::Clean;
        };
        let said = |row: &Row| (row.last_error.clone(), row.last_message.clone());
        let says = list.selected == Some(ix) && said(old) != said(new);
        let counts = |row: &Row| (row.next, row.failures, row.last_seen);
        if change != Dirty::Figures || says || counts(old) != counts(new) { change } else { Dirty::Clean }
    }

    /// A row goes.
    pub(super) fn unwell_row_goes(&mut self, ix: StreamIx, delta: &Delta) {
        if !delta.rows.contains_key(&ix) {
            let old = self.board.rows.get(&ix).map(AsRef::as_ref);
            self.penalty.row_changes(ix, old, None, self.now);
        }
    }

    /// Rows have changed: since when nobody is in the box, and whom the wall lists.
    pub(super) fn unwell_settled(&mut self) {
        let empty = self.penalty.tally.all() == 0;
        self.penalty.empty_or_not(empty, self.now, true);
        self.settle_wall_box();
    }

    /// When the box on the screen is to be put in order.
    pub(super) fn penalty_due(&self) -> Option<Moment> {
        let moves = self.screen() == Screen::Penalty && self.overlay.is_none();
        // Who is new is seen soon, though a list that is acted on holds still.
        let list = &self.penalty.list;
        if moves { list.sort_due().min(list.join_due()) } else { None }
    }

    /// Time went on.
    pub(super) fn penalty_clock(&mut self) {
        if self.penalty_due().is_none_or(|at| at > self.now) {
            return;
        }
        let held = self.penalty.list.sort_due().is_some_and(|at| at > self.now);
        let moved = if held {
            let order = in_order(&self.board, self.seen_at());
            self.penalty.list.join(&order, self.now)
        } else {
            self.settle_penalty()
        };
        if moved {
            self.want(Dirty::Now);
        }
    }

    /// When an age in the box changes.
    pub(super) fn penalty_ages(&self, consider: &mut impl FnMut(Duration)) {
        for ix in self.penalty.list.visible(self.penalty_height()) {
            let Some(row) = self.row(*ix) else { continue };
            consider(age_changes_in(self.now.since(since(row))));
            let ages = row.care.acknowledged.into_iter().chain(row.conditions.iter().map(|c| c.since));
            ages.for_each(|at| consider(age_changes_in(self.now.since(at))));
            if let Some(next) = row.next {
                consider(Countdown::Coarse.changes_in(self.now.until(next)));
            }
            if let Some(left) = row.care.muted_for(self.now) {
                consider(Countdown::Coarse.changes_in(left).min(left));
            }
        }
        if let Some((since, _)) = self.penalty.empty_since {
            consider(age_changes_in(self.now.since(since)));
        }
        let selected = self.penalty.list.selected.and_then(|ix| self.row(ix));
        if let Some(row) = selected {
            consider(age_changes_in(self.now.since(row.since)));
            consider(age_changes_in(self.now.since(row.last_message_at)));
        }
    }

    /// Moves the selection of the list that the open stream came from; says which stream is selected
    /// then.
    pub(super) fn neighbour(&mut self, forward: bool) -> Option<StreamIx> {
        if !self.screens.contains(&Screen::Penalty) {
            let height = self.grid_height();
            self.list.move_to_stream(forward, height);
            return self.list.selected;
        }
        self.move_in_penalty(if forward { 1 } else { -1 });
        self.penalty.list.selected
    }

    pub(super) fn move_in_penalty(&mut self, rows: isize) {
        let height = self.penalty_height();
        self.penalty.list.move_by(rows, height);
        // Who was kept only for the cursor may go.
        self.penalty.list.changed();
    }
}

#[cfg(test)]
mod tests;
