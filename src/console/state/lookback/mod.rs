//! Freezing what is shown, and stepping back through the last minutes, while life goes on behind it.
//!
//! While it is frozen `State::board` is the board as it was, and everything that draws a board draws
//! that one; the live one waits in here.

mod fields;
mod recorder;

use std::time::Duration;

use super::penalty::Tally;
use super::{Dirty, State};
use crate::console::keymap::{Does, acts};
use crate::model::{Board, Delta, Health, Moment, Row, Run, StreamIx};
use recorder::{Recorder, end_of, second_of};

/// A minute's step.
pub const MINUTE: i64 = 60;

/// What is shown is frozen.
#[derive(Debug)]
pub struct Frozen {
    /// The moment that is shown.
    pub at: Moment,
    /// The board as it is now.
    live: Board,
    /// How many of its streams stand where in the penalty box.
    pub live_tally: Tally,
}

/// The last minutes, and whether something of them is shown.
#[derive(Debug, Default)]
pub struct Lookback {
    /// What was.
    pub recorder: Recorder,
    /// Which moment of it is shown, if not now.
    pub frozen: Option<Frozen>,
}

impl Lookback {
    /// The board as it is now; `shown` is the one on the screen.
    #[must_use]
    pub fn live<'a>(&'a self, shown: &'a Board) -> &'a Board {
        self.frozen.as_ref().map_or(shown, |frozen| &frozen.live)
    }

    /// A whole board is about to come. `first`: there was none before.
    pub fn record_board(&mut self, shown: &Board, first: bool, board: &Board, wall_zero: Option<i64>) {
        let Self { recorder, frozen } = self;
        let old = frozen.as_ref().map_or(shown, |frozen| &frozen.live);
        recorder.replaced((!first).then_some(old), board, wall_zero);
    }

    /// The live board is about to change.
    pub fn record(&mut self, shown: &Board, delta: &Delta, wall_zero: Option<i64>) {
        let Self { recorder, frozen } = self;
        recorder.record(frozen.as_ref().map_or(shown, |frozen| &frozen.live), delta, wall_zero);
    }
}

impl Frozen {
    fn take_delta(&mut self, delta: &Delta, now: Moment) {
        self.live_tally.take_delta(delta, now);
        // It fits: that was looked at before.
        let _ = self.live.apply(delta);
    }
}

impl State {
    /// Whether what is shown is frozen.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        self.lookback.frozen.is_some()
    }

    /// The moment that is shown: now, or the one that is looked back at. Every age on the screen is
    /// counted from here.
    #[must_use]
    pub fn seen_at(&self) -> Moment {
        self.lookback.frozen.as_ref().map_or(self.now, |frozen| frozen.at)
    }

    /// The board as it is now, whatever is shown.
    #[must_use]
    pub fn live(&self) -> &Board {
        self.lookback.live(&self.board)
    }

    /// How long ago the moment that is shown was.
    #[must_use]
    pub fn seen_ago(&self) -> Duration {
        self.now.since(self.seen_at())
    }

    /// How far back can be looked.
    #[must_use]
    pub fn reaches_back(&self) -> Duration {
        self.now.since(end_of(self.lookback.recorder.earliest(second_of(self.now))))
    }

    /// The runs of the open stream that had ended at the moment that is shown, the newest first.
    pub fn runs_until_then(&self, ix: StreamIx) -> impl Iterator<Item = &Run> {
        let detail = self.detail.as_deref().filter(|detail| detail.stream == ix);
        let seen_at = self.seen_at();
        detail.into_iter().flat_map(|detail| &detail.runs).filter(move |run| run.ended <= seen_at)
    }

    /// Freezes what is shown, or goes on.
    pub(super) fn freeze_or_not(&mut self) {
        if self.is_frozen() {
            self.go_live();
        } else if self.connected {
            self.freeze();
        }
    }

    fn freeze(&mut self) {
        let (at, live, live_tally) = (self.now, self.board.clone(), self.penalty.tally.clone());
        self.lookback.frozen = Some(Frozen { at, live, live_tally });
        self.charts.freeze(Some(at));
        // Its banner takes a line.
        self.fit_to_size();
    }

    /// Shows what is.
    pub(super) fn go_live(&mut self) {
        if let Some(frozen) = self.lookback.frozen.take() {
            self.board = frozen.live;
            self.charts.freeze(None);
            self.another_board();
            self.sort_tops();
        }
    }

    /// A whole board came while something else is shown.
    pub(super) fn take_board_behind(&mut self, board: Board) {
        if let Some(frozen) = &mut self.lookback.frozen {
            frozen.live_tally = Tally::of(&board, self.now);
            frozen.live = board;
            self.want(Dirty::Figures);
        }
    }

    /// The live board changes while something else is shown; says whether something else is.
    pub(super) fn take_delta_behind(&mut self, delta: &Delta) -> bool {
        let Some(frozen) = &mut self.lookback.frozen else { return false };
        let before = frozen.live_tally.open();
        frozen.take_delta(delta, self.now);
        let (empty, changed) = (frozen.live_tally.all() == 0, frozen.live_tally.open() != before);
        self.penalty.empty_or_not(empty, self.now, true);
        if changed {
            // The banner says so.
            self.want(Dirty::Figures);
        }
        true
    }

    /// Steps so many seconds, back when negative.
    pub(super) fn step_by(&mut self, seconds: i64) {
        let from = second_of(self.seen_at());
        self.look_at(from + seconds);
    }

    /// Steps to the next second in which a health changed, or to the one before.
    pub(super) fn step_to_turn(&mut self, back: bool) {
        let from = second_of(self.seen_at());
        let earliest = self.lookback.recorder.earliest(second_of(self.now));
        let turn = self.lookback.recorder.turn(from, back);
        match turn.filter(|second| *second >= earliest) {
            Some(second) => {
                self.look_at(second);
                self.say_what_turned(second);
            }
            None if back => self.say("no health changed before that, as far as it reaches".into(), true),
            None => {
                self.look_at(second_of(self.now));
                self.say("no health has changed since".into(), false);
            }
        }
    }

    /// Shows the board as it was at the end of `second`, or as near as can be.
    fn look_at(&mut self, second: i64) {
        let now = second_of(self.now);
        let earliest = self.lookback.recorder.earliest(now);
        if second < earliest {
            let far = Duration::from_secs(u64::try_from(now - earliest).unwrap_or(0));
            let why = if self.lookback.recorder.is_full() { "as memory is kept for" } else { "as is known" };
            let text = format!("this is as far back {why}: {}", crate::model::span_words(far));
            self.say(text, true);
        }
        let second = second.clamp(earliest, now);
        let from = second_of(self.seen_at());
        let Some(frozen) = &mut self.lookback.frozen else { return };
        if second == now {
            (frozen.at, self.board) = (self.now, frozen.live.clone());
        } else if second < from {
            self.lookback.recorder.go_back(&mut self.board, from, second);
            frozen.at = end_of(second);
        } else if second > from {
            self.board = frozen.live.clone();
            self.lookback.recorder.go_back(&mut self.board, now, second);
            frozen.at = end_of(second);
        }
        self.charts.freeze(Some(self.seen_at()));
        self.another_board();
        self.sort_tops();
    }

    /// Says whose health changed in `second`, which is the one that is shown.
    fn say_what_turned(&mut self, second: i64) {
        let mut before = self.board.clone();
        self.lookback.recorder.go_back(&mut before, second, second - 1);
        let health = |row: Option<&Row>| row.map(Row::health);
        let streams = self.lookback.recorder.changed_in(second);
        let mut turned = streams.iter().filter_map(|ix| {
            let (old, new) = (before.rows.get(ix).map(AsRef::as_ref), self.row(*ix));
            let name = new.or(old).map(|row| row.name.to_string())?;
            (health(old) != health(new)).then(|| {
                let word = |health: Option<Health>| health.map_or("not there", Health::word);
                format!("{name} was {}, is {}", word(health(old)), word(health(new)))
            })
        });
        if let Some(first) = turned.next() {
            let more = match turned.count() {
                0 => String::new(),
                more => format!(", +{more} more"),
            };
            self.say(first + &more, false);
        }
    }

    /// Whether this can't be done now, because it would be done to what is no more; says so.
    pub(super) fn refuses_frozen(&mut self, does: Does) -> bool {
        let refused = self.is_frozen() && acts(does);
        if refused {
            let key = self.keymap.key_for(Does::Freeze);
            self.say(format!("frozen: this is not what is now; {key} goes live, then again"), true);
        }
        refused
    }
}

#[cfg(test)]
mod tests;
