//! Which streams the grid shows, in which order, and which one is selected.

use std::time::Duration;

use crate::console::columns::{Sort, has_fault};
use crate::model::{Board, Moment, Row, StreamIx};

/// A live list is sorted again at most this often: rows that jump can't be read.
pub const RESORT_EVERY: Duration = Duration::from_secs(2);
/// While someone moves or acts, and this long after, no row moves under the cursor.
pub const HOLD_AFTER_KEY: Duration = Duration::from_secs(3);
/// After this long without a key nobody is taken to sit there: a list that stands at its top stays
/// there, so that a wall display sorted by health shows the worst, and the cursor gives way.
pub const NOBODY_AFTER: Duration = Duration::from_secs(60);

/// The grid's list.
#[derive(Debug, Default)]
pub struct List {
    /// The streams shown, in the order shown.
    pub order: Vec<StreamIx>,
    /// The selected stream: a stream, never a position. None on an empty list, and when the cursor
    /// gave way (see [`NOBODY_AFTER`]).
    pub selected: Option<StreamIx>,
    /// The position of the first row on the screen.
    pub top: usize,
    /// What it is sorted by.
    pub sort: Sort,
    /// The other way round.
    pub reversed: bool,
    /// Words that a stream must all have somewhere.
    pub filter: String,
    /// Only streams with a fault.
    pub faults_only: bool,
    /// Something changed that may change the order.
    stale: bool,
    sorted_at: Option<Moment>,
    pressed_at: Option<Moment>,
}

impl List {
    /// Whether streams may be left out.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.faults_only || !self.filter.trim().is_empty()
    }

    /// Where the selected stream is.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        self.order.iter().position(|ix| Some(*ix) == self.selected)
    }

    /// The streams on a screen with room for `height` rows.
    #[must_use]
    pub fn visible(&self, height: usize) -> &[StreamIx] {
        let from = self.top.min(self.order.len());
        &self.order[from..(from + height).min(self.order.len())]
    }

    /// A key was pressed: rows hold still for a while.
    pub const fn hold(&mut self, now: Moment) {
        self.pressed_at = Some(now);
    }

    /// Rows changed in a way that may change the order.
    pub const fn rows_changed(&mut self) {
        if self.sort.is_live() || self.faults_only || !self.filter.is_empty() {
            self.stale = true;
        }
    }

    /// When the list is to be sorted again, if it is.
    #[must_use]
    pub fn sort_due(&self) -> Option<Moment> {
        let after = |moment: Option<Moment>, pause| moment.map_or(Moment::ZERO, |m| m + pause);
        self.stale.then(|| after(self.sorted_at, RESORT_EVERY).max(after(self.pressed_at, HOLD_AFTER_KEY)))
    }

    /// Puts the list in order, because the operator asked for it: whoever is filtered out goes.
    pub fn rebuild(&mut self, board: &Board, now: Moment, height: usize) {
        self.build(board, now, height, false);
    }

    /// To the first row: whoever asks for an order wants to see its beginning.
    pub fn show_first(&mut self) {
        self.top = 0;
        self.selected = self.order.first().copied();
    }

    /// Puts the list in order by itself. The selected stream stays, even when the filter no longer
    /// lets it through: what is under the cursor must not change while someone reaches for a key.
    /// Says whether anything moved.
    pub fn settle(&mut self, board: &Board, now: Moment, height: usize) -> bool {
        let before = std::mem::take(&mut self.order);
        let top = self.top;
        self.order.clone_from(&before);
        self.build(board, now, height, true);
        self.order != before || self.top != top
    }

    fn build(&mut self, board: &Board, now: Moment, height: usize, keep_selected: bool) {
        let (position, was_at_top) = (self.position(), self.top == 0);
        // The cursor gave way before: it comes back when someone moves.
        let rests = keep_selected && self.selected.is_none() && !self.order.is_empty();
        let words: Vec<String> = self.filter.split_whitespace().map(str::to_lowercase).collect();
        let wanted = |row: &Row| {
            let kept = keep_selected && self.selected == Some(row.ix);
            kept || ((!self.faults_only || has_fault(row)) && matches(row, &words))
        };
        let mut rows: Vec<&Row> = board.rows.values().map(AsRef::as_ref).filter(|r| wanted(r)).collect();
        if self.sort != Sort::Configured || self.reversed {
            rows.sort_by(|a, b| self.sort.compare(self.reversed, a, b));
        }
        self.order = rows.into_iter().map(|row| row.ix).collect();
        self.stale = false;
        self.sorted_at = Some(now);
        let on_screen = position.map_or(0, |p| p.saturating_sub(self.top));
        if let Some(position) = self.position() {
            let nobody = self.pressed_at.is_none_or(|at| now.since(at) >= NOBODY_AFTER);
            if keep_selected && was_at_top && position >= height && nobody {
                self.selected = None;
                return;
            }
            // The selected stream keeps its line on the screen, unless the list's top was in sight
            // and both can be.
            let stays_at_top = keep_selected && was_at_top && position < height;
            self.top = if stays_at_top { 0 } else { position.saturating_sub(on_screen) };
        } else if !rests {
            let fallback = position.unwrap_or(0).min(self.order.len().saturating_sub(1));
            self.selected = self.order.get(fallback).copied();
        }
        self.show_selected(height);
    }

    /// Moves the selection by `rows`, not beyond the ends.
    pub fn move_by(&mut self, rows: isize, height: usize) {
        let Some(last) = self.order.len().checked_sub(1) else { return };
        let at = match self.position() {
            Some(at) => at.saturating_add_signed(rows).min(last),
            // The first move only shows the cursor.
            None => self.top.min(last),
        };
        self.selected = Some(self.order[at]);
        self.show_selected(height);
    }

    /// Scrolls by `rows`, not beyond the ends; the selection stays on the screen.
    pub fn scroll_by(&mut self, rows: isize, height: usize) {
        let Some(last) = self.order.len().checked_sub(1) else { return };
        self.top = self.top.saturating_add_signed(rows).min(self.order.len().saturating_sub(height));
        if let Some(at) = self.position() {
            let lowest = (self.top + height.saturating_sub(1)).min(last);
            self.selected = self.order.get(at.clamp(self.top, lowest)).copied();
        }
    }

    /// Scrolls so that the selected row is on a screen of `height` rows, and no room is left empty
    /// at the end.
    pub fn show_selected(&mut self, height: usize) {
        let at = self.position().unwrap_or(self.top);
        let lowest_top = at.saturating_sub(height.saturating_sub(1));
        self.top = self.top.clamp(lowest_top, at).min(self.order.len().saturating_sub(height));
    }
}

/// Whether `row` has each word somewhere. A word that begins with `!` must not be there.
fn matches(row: &Row, words: &[String]) -> bool {
    let has = |word: &str| {
        let texts = [&*row.name, row.id.as_str(), &*row.group];
        texts.iter().any(|text| text.to_lowercase().contains(word))
            || row.phase.word() == word
            || row.mode.word() == word
            || row.watch.word() == word
            || (word == "maintenance" && row.maintenance)
            || (word == "fallback" && row.input_of.0 > 1)
            || row.health().word() == word
            || row.conditions.iter().any(|c| {
                c.kind.word().contains(word) || c.explained.is_some_and(|explained| explained.word() == word)
            })
    };
    words.iter().all(|word| match word.strip_prefix('!') {
        Some("") => true,
        Some(word) => !has(word),
        None => has(word),
    })
}
