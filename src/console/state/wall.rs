//! The wall: which tiles are on which page, and when it turns. Needs no key.

mod swaps;

use std::cmp::Reverse;
use std::time::Duration;

use crossterm::event::KeyEvent;

use super::penalty::{Standing, in_order, severity, since};
use super::update::Effect;
use super::{Dirty, Screen, State, notices};
use crate::console::keymap::Does;
use crate::console::layout::wall::{BoxPlan, Plan, box_plan, loud, plan};
use crate::console::spans::slow_age_changes_in;
use crate::console::text::cells;
use crate::model::{Board, Moment, Phase, Row, Severity, StreamIx};

/// A page is shown this long.
pub const PAGE_FOR: Duration = Duration::from_secs(15);
/// Tiles change their places at most this often: what jumps can't be read from across a room.
pub const REORDER_EVERY: Duration = Duration::from_secs(5);

/// When no health has changed for so long, the tiles take their places as configured again.
pub const CALM_AFTER: Duration = Duration::from_secs(60);

/// What stands on the wall.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and none excludes another")]
pub struct Wall {
    /// It is the whole console: there is nothing to go back to.
    pub alone: bool,
    /// The tiles: those with a fault first, and else as the configuration has them.
    pub order: Vec<StreamIx>,
    /// Who is in the penalty box, in order: always as its counts say.
    pub unwell: Vec<StreamIx>,
    /// Who is in there, or in which order, changed since.
    unwell_stale: bool,
    /// Which page is shown, from 0.
    pub page: usize,
    /// A health changed since the tiles were put in order.
    stale: bool,
    /// Tiles have changed places since.
    shuffled: bool,
    ordered_at: Moment,
    turned_at: Moment,
    /// The minute on the clock.
    minute: Option<i64>,
}

impl Wall {
    /// Puts tiles and box in order from the ground up; the board is seen at `seen_at`.
    fn put_in_order(&mut self, board: &Board, seen_at: Moment, now: Moment) {
        (self.stale, self.ordered_at, self.shuffled) = (false, now, false);
        self.unwell = in_order(board, seen_at);
        self.order = ordered(board, seen_at);
    }

    /// Brings those with a fault to the front, and moves as few as can be: who was there and is well
    /// changes places with who comes. All others stay, until it is calm.
    fn bring_to_front(&mut self, board: &Board, seen_at: Moment, now: Moment) {
        (self.stale, self.ordered_at, self.shuffled) = (false, now, true);
        let rank_of = |ix: &StreamIx| board.rows.get(ix).map(|row| rank(row, seen_at));
        let mut ranks: Vec<Rank> = self.order.iter().filter_map(rank_of).collect();
        if ranks.len() != self.order.len() {
            // Some went: all have their places anew.
            self.put_in_order(board, seen_at, now);
            return;
        }
        swaps::put_in_order(&mut ranks, |a, b| self.order.swap(a, b));
    }
}

/// The tiles, those with a fault first.
fn ordered(board: &Board, seen_at: Moment) -> Vec<StreamIx> {
    let mut order: Vec<_> = board.rows.values().map(|row| (rank(row, seen_at), row.ix)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, ix)| ix).collect()
}

/// Who comes first among the tiles. Ordered.
type Rank = (bool, Option<Standing>, Reverse<Option<Severity>>);

fn rank(row: &Row, seen_at: Moment) -> Rank {
    let standing = Standing::of(row, seen_at);
    (standing.is_none(), standing, Reverse(severity(row)))
}

/// From when on the age counts that stands on the wall for a stream, if one does: that of the worst
/// that is wrong with it.
#[must_use]
pub fn aged_from(row: &Row, now: Moment) -> Option<Moment> {
    let worst = row.conditions.iter().find(|c| c.explained.is_none()).or(row.conditions.first());
    match (worst, row.last_seen.filter(|_| row.phase == Phase::Resting)) {
        (Some(_), Some(seen)) => Some(seen),
        (Some(worst), None) => Some(worst.since),
        (None, _) => Standing::of(row, now).map(|_| since(row)),
    }
}

impl State {
    /// Makes the wall the whole console.
    pub fn wall_alone(&mut self) {
        self.wall.alone = true;
        self.screens = vec![Screen::Wall];
    }

    /// Opens the wall.
    pub(super) fn open_wall(&mut self) {
        (self.wall.page, self.wall.turned_at) = (0, self.now);
        self.wall.minute = self.minute();
        self.go(Screen::Wall);
        self.wall_changed();
    }

    /// Where things stand on it.
    #[must_use]
    pub fn wall_plan(&self) -> Plan {
        plan(self.size, self.wall_banners(), self.board.rows.len(), self.penalty.tally.all() > 0)
    }

    /// Lines that can't be missed.
    fn wall_banners(&self) -> u16 {
        let loud = loud(self.size);
        let lines = [
            (self.silent_for().is_some(), loud),
            (self.penalty.tally.at(Standing::Critical) > 0, loud),
            (self.is_frozen(), 1),
            (!self.mistakes.is_empty(), 1),
            (self.leaving.is_some(), 1),
        ];
        let said: u16 = lines.into_iter().filter(|(said, _)| *said).map(|(_, lines)| lines).sum();
        said + cells(notices::lines(&self.board.notices).len())
    }

    /// The tiles on the page that is shown.
    #[must_use]
    pub fn wall_tiles(&self, plan: &Plan) -> &[StreamIx] {
        let from = (self.wall.page * plan.per_page).min(self.wall.order.len());
        &self.wall.order[from..(from + plan.per_page).min(self.wall.order.len())]
    }

    /// Streams came or went, or the board is another one.
    pub(super) fn wall_changed(&mut self) {
        if self.screen() == Screen::Wall {
            let seen_at = self.seen_at();
            self.wall.put_in_order(&self.board, seen_at, self.now);
            self.fit_wall();
        }
    }

    /// After a change of the room there is.
    pub(super) fn fit_wall(&mut self) {
        if self.screen() == Screen::Wall {
            self.wall.page = self.wall.page.min(self.wall_plan().pages - 1);
        }
    }

    /// A row is about to change, which is worth `change` where it is seen whole. A wall shows no
    /// figures, and takes its time: only what viewers see is there at once.
    pub(super) fn wall_row(&mut self, change: Dirty, moved: bool, new: &Row) -> Dirty {
        self.wall.stale |= moved;
        self.wall.unwell_stale |= moved;
        match change {
            Dirty::Now if moved && Standing::of(new, self.now) == Some(Standing::Critical) => Dirty::Now,
            Dirty::Now => Dirty::Figures,
            _ => Dirty::Clean,
        }
    }

    /// Rows have changed: the box lists whom its title counts. Tiles take their time, lines of a list may
    /// come and go.
    pub(super) fn settle_wall_box(&mut self) {
        if std::mem::take(&mut self.wall.unwell_stale) && self.screen() == Screen::Wall {
            self.wall.unwell = in_order(&self.board, self.seen_at());
        }
    }

    /// The lines of the penalty box that have room on the wall.
    #[must_use]
    pub fn wall_box(&self, plan: &Plan) -> (BoxPlan, &[StreamIx]) {
        let lines = box_plan(plan.penalty, self.wall.unwell.len());
        (lines, &self.wall.unwell[..lines.shown])
    }

    /// When something changes on the wall without an event.
    pub(super) fn wall_due(&self) -> Option<Moment> {
        let turns = (self.wall_plan().pages > 1).then_some(self.wall.turned_at + PAGE_FOR);
        let orders = self.wall.stale.then_some(self.wall.ordered_at + REORDER_EVERY);
        [turns, orders, self.minute_due()].into_iter().flatten().min()
    }

    /// Time went on.
    pub(super) fn wall_ticks(&mut self) {
        if self.screen() != Screen::Wall {
            return;
        }
        if self.wall.stale && self.wall.ordered_at + REORDER_EVERY <= self.now {
            let seen_at = self.seen_at();
            self.wall.bring_to_front(&self.board, seen_at, self.now);
            self.want(Dirty::Figures);
        }
        if self.wall.turned_at + PAGE_FOR <= self.now {
            self.wall.turned_at = self.now;
            let pages = self.wall_plan().pages;
            if pages > 1 {
                self.wall.page = (self.wall.page + 1) % pages;
                self.want(Dirty::Now);
            }
        }
        let minute = self.minute();
        if std::mem::replace(&mut self.wall.minute, minute) != minute {
            self.want(Dirty::Figures);
            // It is drawn anyway now: where nothing changed for a while, all take their places again.
            if self.wall.shuffled && !self.wall.stale && self.wall.ordered_at + CALM_AFTER <= self.now {
                let seen_at = self.seen_at();
                self.wall.put_in_order(&self.board, seen_at, self.now);
            }
        }
    }

    fn minute(&self) -> Option<i64> {
        self.wall_now().map(|ms| ms.div_euclid(60_000))
    }

    /// When an age on the wall changes that is drawn: of tiles on other pages, and of streams for which
    /// the box has no room, nobody sees it.
    pub(super) fn wall_ages(&self, consider: &mut impl FnMut(Duration)) {
        let plan = self.wall_plan();
        let (_, listed) = self.wall_box(&plan);
        // The first of them is named in the banner.
        let named = self.wall.unwell.first();
        let drawn = self.wall_tiles(&plan).iter().chain(listed).chain(named);
        for row in drawn.filter_map(|ix| self.row(*ix)) {
            if let Some(from) = aged_from(row, self.now) {
                consider(slow_age_changes_in(self.now.since(from)));
            }
            row.care.muted_for(self.now).into_iter().for_each(&mut *consider);
        }
        if let Some((since, _)) = self.penalty.empty_since {
            consider(slow_age_changes_in(self.now.since(since)));
        }
    }

    /// A key on the wall: any one goes back; where there is nothing to go back to, only leaving is
    /// understood. `None`: there is no wall.
    pub(super) fn pressed_on_wall(&mut self, key: &KeyEvent) -> Option<Vec<Effect>> {
        if self.screen() != Screen::Wall {
            return None;
        }
        if !self.wall.alone {
            return Some(self.back());
        }
        let quits = |bound: &&crate::console::keymap::Bound| bound.binding.does == Does::Quit;
        let leaves = self.keymap.lines().iter().filter(quits).any(|b| b.keys.iter().any(|k| k.matches(key)));
        Some(if leaves { self.quit() } else { Vec::new() })
    }
}

#[cfg(test)]
mod tests;
