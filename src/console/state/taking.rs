//! What the supervisor tells of the board: taken in, and how soon it is wanted on the screen.

use std::time::Duration;

use super::update::Effect;
use super::{Dirty, Screen, State};
use crate::console::columns;
use crate::link::ClientMessage;
use crate::model::{Board, Delta, PoolReading, Row, StreamIx};

impl State {
    pub(super) fn take_board(&mut self, board: Board) {
        self.now = self.now.max(board.at);
        self.heard(Duration::ZERO);
        self.lookback.record_board(&self.board, !self.connected, &board, self.clock.wall_zero);
        self.watch_board_for_alarms(&board, !self.connected);
        self.connected = true;
        self.incidents_anew();
        self.watch_telling(&board);
        if self.is_frozen() {
            self.take_board_behind(board);
        } else {
            self.board = board;
            self.another_board();
        }
    }

    /// The board that is shown is another one.
    pub(super) fn another_board(&mut self) {
        self.pool_changed();
        self.streams_changed();
        self.fit_to_size();
        self.settle();
        self.settle_tops();
        self.unwell_changed();
        self.settle_incidents();
        self.want(Dirty::Now);
    }

    pub(super) fn take_delta(&mut self, delta: &Delta) -> Vec<Effect> {
        if delta.from != self.live().revision {
            return vec![Effect::Send(ClientMessage::WantBoard)];
        }
        self.lookback.record(&self.board, delta, self.clock.wall_zero);
        self.now = self.now.max(delta.at);
        self.heard(Duration::ZERO);
        self.watch_for_alarms(delta);
        let incidents = self.incidents_change(delta);
        if self.take_delta_behind(delta) {
            return Vec::new();
        }
        let mut came_or_went = delta.rows.keys().any(|ix| !self.board.rows.contains_key(ix))
            || delta.removed.iter().any(|ix| self.board.rows.contains_key(ix));
        let mut dirty = self.machine_dirty(delta).max(incidents);
        let mut order_may_change = false;
        let (before, height) = (self.totals, self.grid_height());
        for (ix, row) in &delta.rows {
            let change = self.count(*ix, row);
            order_may_change |= change > Dirty::Clean;
            came_or_went |= self.row(*ix).is_some_and(|old| is_called_otherwise(old, row));
            if self.is_visible(*ix, height) && (change != Dirty::Figures || self.shows_figures()) {
                dirty = dirty.max(change);
            }
            dirty = dirty.max(self.unwell_row(*ix, row, change));
            if change > Dirty::Clean && self.group_changed(row, height) {
                dirty = dirty.max(Dirty::Figures);
            }
        }
        delta.removed.iter().for_each(|ix| self.unwell_row_goes(*ix, delta));
        let notices = delta.notices.as_ref().is_some_and(|n| *n != self.board.notices);
        // It fits: that was looked at before.
        let _ = self.board.apply(delta);
        if notices {
            self.pages.notices_top = self.pages.notices_top.min(self.board.notices.len().saturating_sub(1));
            self.fit_to_size();
        }
        if delta.pool.is_some() {
            self.pool_changed();
        }
        if order_may_change {
            self.list.rows_changed();
        }
        dirty = dirty.max(self.settle_tops());
        if came_or_went {
            dirty = Dirty::Now;
            self.streams_changed();
            self.settle();
        }
        if self.totals != before || notices {
            dirty = Dirty::Now;
        }
        self.unwell_settled();
        self.settle_incidents();
        self.want(dirty);
        self.look().into_iter().collect()
    }

    /// How soon the pool's and the machine's part of a delta is wanted on this screen.
    fn machine_dirty(&self, delta: &Delta) -> Dirty {
        if let Some(pool) = delta.pool.filter(|pool| *pool != self.board.pool) {
            // Who was not seen for longest changes with every turn, and its age hardly ever.
            let unseen_since = self.board.pool.unseen_since;
            let only_turns = PoolReading { unseen_since, ..pool } == self.board.pool;
            return if only_turns { Dirty::Figures } else { Dirty::Now };
        }
        let measured = delta.host.is_some_and(|v| v != self.board.host)
            || delta.own.is_some_and(|v| v != self.board.own)
            || delta.workers.is_some_and(|v| v != self.board.workers)
            || delta.limits.is_some_and(|v| v != self.board.limits);
        if measured && self.shows_readings() { Dirty::Figures } else { Dirty::Clean }
    }

    /// Whether something on this screen was measured on the machine. While the supervisor is not heard,
    /// everything that comes from it is news.
    fn shows_readings(&self) -> bool {
        let silent = self.silent_for().is_some();
        silent || self.screen() == Screen::Machine || self.areas().strip.height > 0
    }

    /// Tells the supervisor when readings begin or cease to be shown: nobody is woken for what
    /// nobody sees.
    pub(super) fn readings_wanted(&mut self) -> Option<Effect> {
        let shown = self.shows_readings();
        let told = std::mem::replace(&mut self.told_readings, shown);
        (told != shown).then_some(Effect::Send(ClientMessage::WakeForReadings(shown)))
    }

    /// Counts a row that is to replace the one on the board; says how soon that is wanted.
    fn count(&mut self, ix: StreamIx, new: &Row) -> Dirty {
        let old = self.board.rows.get(&ix).map(AsRef::as_ref);
        if let Some(old) = old {
            self.totals.take_out(old);
        }
        self.totals.put_in(new);
        changed(old, new)
    }

    /// Counts a row for its group's line; says whether that can be seen.
    fn group_changed(&mut self, new: &Row, height: usize) -> bool {
        let old = self.board.rows.get(&new.ix);
        old.is_some_and(|old| self.list.row_changed(old, new, height)) && self.screen() == Screen::Grid
    }

    fn streams_changed(&mut self) {
        let rows = &self.live().rows;
        let gone = |ix: &StreamIx| !rows.contains_key(ix);
        let gone: Vec<StreamIx> = self.chosen.iter().filter(gone).collect();
        self.chosen.retain(|ix| !gone.contains(&ix));
        self.totals = self.board.totals();
        self.widest = columns::measure(self.board.rows.values().map(AsRef::as_ref));
        self.wall_changed();
    }
}

/// Whether it has another name or another group: columns and groups are made anew then.
fn is_called_otherwise(old: &Row, new: &Row) -> bool {
    old.name != new.name || old.group != new.group || old.tags != new.tags
}

/// How soon the difference between two states of a row is wanted.
fn changed(old: Option<&Row>, new: &Row) -> Dirty {
    let Some(old) = old else { return Dirty::Now };
    let same_state = old.phase == new.phase
        && old.conditions == new.conditions
        && old.wanted == new.wanted
        && old.restarts == new.restarts
        && old.name == new.name
        && old.group == new.group
        && old.reason == new.reason
        && old.input_of == new.input_of
        && old.maintenance == new.maintenance
        && old.priority == new.priority
        && old.care == new.care
        && old.tags == new.tags
        && old.watch == new.watch
        && old.pid == new.pid
        && old.care == new.care;
    if !same_state {
        Dirty::Now
    } else if old == new {
        Dirty::Clean
    } else {
        Dirty::Figures
    }
}
