//! A list of streams that is sorted by itself and holds still while someone acts: rows are known by
//! stream, never by position.

use std::collections::BTreeSet;

use super::hold::Hold;
use crate::model::{Moment, StreamIx};

/// The list.
#[derive(Debug, Default)]
pub struct Held {
    /// The streams, in the order shown.
    pub order: Vec<StreamIx>,
    /// The selected stream. None on an empty list, and when the cursor gave way (see
    /// [`NOBODY_AFTER`](super::hold::NOBODY_AFTER)).
    pub selected: Option<StreamIx>,
    /// The position of the first row on the screen.
    pub top: usize,
    hold: Hold,
}

impl Held {
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
        self.hold.pressed(now);
    }

    /// The order may no longer be right.
    pub const fn changed(&mut self) {
        self.hold.changed();
    }

    /// Whether someone pressed a key not long ago.
    #[must_use]
    pub fn is_attended(&self, now: Moment) -> bool {
        self.hold.is_attended(now)
    }

    /// When the list is to be sorted again, if it is.
    #[must_use]
    pub fn sort_due(&self) -> Option<Moment> {
        self.hold.sort_due()
    }

    /// When who is new is to be shown, though the list is held still.
    #[must_use]
    pub fn join_due(&self) -> Option<Moment> {
        self.hold.join_due()
    }

    /// Puts those of `order` that are not in the list yet at its end: nothing moves under the cursor.
    /// Says whether there were any.
    pub fn join(&mut self, order: &[StreamIx], now: Moment) -> bool {
        let there: BTreeSet<StreamIx> = self.order.iter().copied().collect();
        let before = self.order.len();
        self.order.extend(order.iter().filter(|ix| !there.contains(ix)));
        self.hold.joined(now);
        if self.selected.is_none() && before == 0 {
            self.selected = self.order.first().copied();
        }
        self.order.len() > before
    }

    /// Opens with this order, at its beginning.
    pub fn open(&mut self, order: Vec<StreamIx>, now: Moment) {
        (self.selected, self.top) = (order.first().copied(), 0);
        self.order = order;
        self.hold.sorted(now);
    }

    /// Takes the order that is right now, on a screen of `height` rows. The selected stream keeps
    /// its line on the screen; when it is in the list no longer, its neighbour is selected. Says
    /// whether anything moved.
    pub fn arrange(&mut self, order: Vec<StreamIx>, now: Moment, height: usize) -> bool {
        let (position, top, selected) = (self.position(), self.top, self.selected);
        // The cursor gave way before: it comes back when someone moves.
        let rests = self.selected.is_none() && !self.order.is_empty();
        let moved = self.order != order;
        self.order = order;
        self.hold.sorted(now);
        if let Some(at) = self.position() {
            if top == 0 && at >= height && !self.is_attended(now) {
                self.selected = None;
            } else if top > 0 || at >= height {
                self.top = at.saturating_sub(position.map_or(0, |position| position.saturating_sub(top)));
            }
        } else if !rests {
            let neighbour = position.unwrap_or(0).min(self.order.len().saturating_sub(1));
            self.selected = self.order.get(neighbour).copied();
        }
        self.show_selected(height);
        moved || (self.top, self.selected) != (top, selected)
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

    /// Scrolls so that the selected row is on a screen of `height` rows, and no room is left empty
    /// at the end.
    pub fn show_selected(&mut self, height: usize) {
        let at = self.position().unwrap_or(self.top);
        let lowest_top = at.saturating_sub(height.saturating_sub(1));
        self.top = self.top.clamp(lowest_top, at).min(self.order.len().saturating_sub(height));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HEIGHT: usize = 5;

    fn streams(numbers: impl IntoIterator<Item = u32>) -> Vec<StreamIx> {
        numbers.into_iter().map(StreamIx).collect()
    }

    fn after(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    fn opened() -> Held {
        let mut held = Held::default();
        held.open(streams(0..20), Moment::ZERO);
        held
    }

    #[test]
    fn the_selection_is_a_stream_and_keeps_its_line() {
        let mut held = opened();
        held.hold(Moment::ZERO);
        held.move_by(12, HEIGHT);
        let line = held.position().unwrap() - held.top;
        assert!(held.arrange(streams((0..20).rev()), after(4), HEIGHT));
        assert_eq!(held.selected, Some(StreamIx(12)));
        assert_eq!(held.position().unwrap() - held.top, line);
        assert!(!held.arrange(streams((0..20).rev()), after(8), HEIGHT), "nothing moved");
    }

    #[test]
    fn who_is_new_stands_at_the_end_while_someone_acts() {
        let mut held = opened();
        held.move_by(12, HEIGHT);
        let (selected, top) = (held.selected, held.top);
        held.hold(after(10));
        held.changed();
        assert_eq!(held.join_due(), Some(after(2)), "before anything may move: {:?}", held.sort_due());
        assert!(held.join(&streams([30, 3, 31, 0]), after(10)));
        assert_eq!(held.order, streams((0..20).chain([30, 31])));
        assert_eq!((held.selected, held.top), (selected, top));
        assert_eq!(held.join_due(), Some(after(12)), "not too often");
        assert!(!held.join(&streams([30]), after(12)));
    }

    #[test]
    fn who_leaves_gives_the_cursor_to_its_neighbour() {
        let mut held = opened();
        held.move_by(19, HEIGHT);
        held.arrange(streams(0..19), after(4), HEIGHT);
        assert_eq!(held.selected, Some(StreamIx(18)));
        held.arrange(Vec::new(), after(8), HEIGHT);
        assert_eq!((held.selected, held.top), (None, 0));
        held.arrange(streams([7]), after(12), HEIGHT);
        assert_eq!(held.selected, Some(StreamIx(7)));
    }

    #[test]
    fn where_nobody_sits_the_top_stays_in_sight() {
        let mut held = opened();
        let worse = || streams((10..20).chain(0..10));
        held.arrange(worse(), after(90), HEIGHT);
        assert_eq!((held.top, held.selected), (0, None));
        held.arrange(streams(0..20), after(95), HEIGHT);
        assert_eq!(held.selected, None, "it stays so");
        held.move_by(1, HEIGHT);
        assert_eq!(held.selected, Some(StreamIx(0)));
        held.hold(after(100));
        held.arrange(worse(), after(104), HEIGHT);
        assert!(held.visible(HEIGHT).contains(&StreamIx(0)), "someone is there");
    }
}
