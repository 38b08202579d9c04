//! The wall: which tiles are on which page, and when it turns. Needs no key.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crossterm::event::KeyEvent;

use super::penalty::{Standing, in_order, severity};
use super::update::Effect;
use super::{Dirty, Screen, State, notices};
use crate::console::keymap::Does;
use crate::console::layout::wall::{Plan, loud, plan};
use crate::console::spans::slow_age_changes_in;
use crate::console::text::cells;
use crate::model::{Board, Moment, Row, Severity, StreamIx};

/// A page is shown this long.
pub const PAGE_FOR: Duration = Duration::from_secs(15);
/// Tiles change their places at most this often: what jumps can't be read from across a room.
pub const REORDER_EVERY: Duration = Duration::from_secs(5);

/// When no health has changed for so long, the tiles take their places as configured again.
pub const CALM_AFTER: Duration = Duration::from_secs(60);

/// What stands on the wall.
#[derive(Debug, Default)]
pub struct Wall {
    /// It is the whole console: there is nothing to go back to.
    pub alone: bool,
    /// The tiles: those with a fault first, and else as the configuration has them.
    pub order: Vec<StreamIx>,
    /// The penalty box.
    pub unwell: Vec<StreamIx>,
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
    /// Puts tiles and box in order from the ground up.
    fn put_in_order(&mut self, board: &Board, now: Moment) {
        (self.stale, self.ordered_at, self.shuffled) = (false, now, false);
        self.unwell = in_order(board);
        self.order = ordered(board);
    }

    /// Brings those with a fault to the front, and moves as few as can be: who was there and is well
    /// changes places with who comes. All others stay, until it is calm.
    fn bring_to_front(&mut self, board: &Board, now: Moment) {
        (self.stale, self.ordered_at, self.shuffled) = (false, now, true);
        self.unwell = in_order(board);
        let rank_of = |ix: &StreamIx| board.rows.get(ix).map(|row| rank(row));
        let mut here: Vec<Option<Rank>> = self.order.iter().map(rank_of).collect();
        let mut wanted: Vec<Rank> = board.rows.values().map(|row| rank(row)).collect();
        wanted.sort_unstable();
        // By rank, where one stands that belongs elsewhere.
        let mut strays: BTreeMap<Rank, VecDeque<usize>> = BTreeMap::new();
        for (at, (here, wanted)) in here.iter().zip(&wanted).enumerate() {
            if let Some(here) = here.filter(|here| here != wanted) {
                strays.entry(here).or_default().push_back(at);
            }
        }
        for (at, wants) in wanted.iter().enumerate() {
            let Some(stands) = here.get(at).copied().flatten().filter(|stands| stands != wants) else {
                continue;
            };
            let Some(places) = strays.get_mut(wants) else { continue };
            // Best is one who stands where this one belongs.
            let best = places.iter().position(|place| wanted.get(*place) == Some(&stands));
            let Some(from) = places.remove(best.unwrap_or(0)) else { continue };
            self.order.swap(at, from);
            here.swap(at, from);
            let others = strays.entry(stands).or_default();
            others.retain(|place| *place != at);
            if wanted.get(from) != Some(&stands) {
                others.push_back(from);
            }
        }
    }
}

/// The tiles, those with a fault first.
fn ordered(board: &Board) -> Vec<StreamIx> {
    let mut order: Vec<_> = board.rows.values().map(|row| (rank(row), row.ix)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, ix)| ix).collect()
}

/// Who comes first among the tiles. Ordered.
type Rank = (bool, Option<Standing>, Reverse<Option<Severity>>);

fn rank(row: &Row) -> Rank {
    let standing = Standing::of(row);
    (standing.is_none(), standing, Reverse(severity(row)))
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
            self.wall.put_in_order(&self.board, self.now);
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
        match change {
            Dirty::Now if moved && Standing::of(new) == Some(Standing::Critical) => Dirty::Now,
            Dirty::Now => Dirty::Figures,
            _ => Dirty::Clean,
        }
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
            self.wall.bring_to_front(&self.board, self.now);
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
                self.wall.put_in_order(&self.board, self.now);
            }
        }
    }

    fn minute(&self) -> Option<i64> {
        self.wall_now().map(|ms| ms.div_euclid(60_000))
    }

    /// When an age on the wall changes.
    pub(super) fn wall_ages(&self, consider: &mut impl FnMut(Duration)) {
        for row in self.wall.unwell.iter().filter_map(|ix| self.row(*ix)) {
            let ages = row.conditions.iter().map(|c| c.since).chain([super::penalty::since(row)]);
            let ages = ages.chain(row.last_seen);
            ages.for_each(|since| consider(slow_age_changes_in(self.now.since(since))));
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
