//! When a list of streams may be put in order by itself: not while someone acts, and not too often.

use std::time::Duration;

use crate::model::Moment;

/// A live list is sorted again at most this often: rows that jump can't be read.
pub const RESORT_EVERY: Duration = Duration::from_secs(2);
/// While someone moves or acts, and this long after, no row moves under the cursor.
pub const HOLD_AFTER_KEY: Duration = Duration::from_secs(3);
/// After this long without a key nobody is taken to sit there: a list that stands at its top stays
/// there, so that a wall display sorted by health shows the worst, and the cursor gives way.
pub const NOBODY_AFTER: Duration = Duration::from_secs(60);

/// What holds a list still.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hold {
    /// Something changed that may change the order.
    stale: bool,
    sorted_at: Option<Moment>,
    joined_at: Option<Moment>,
    pressed_at: Option<Moment>,
}

impl Hold {
    /// A key was pressed: rows hold still for a while.
    pub const fn pressed(&mut self, now: Moment) {
        self.pressed_at = Some(now);
    }

    /// The order may no longer be right.
    pub const fn changed(&mut self) {
        self.stale = true;
    }

    /// The list was put in order.
    pub const fn sorted(&mut self, now: Moment) {
        (self.stale, self.sorted_at) = (false, Some(now));
    }

    /// Who is new was put at the end, where nothing moves for it.
    pub const fn joined(&mut self, now: Moment) {
        self.joined_at = Some(now);
    }

    /// When who is new is to be put at the end of a list that is held still, if anything changed.
    #[must_use]
    pub fn join_due(&self) -> Option<Moment> {
        let last = self.sorted_at.max(self.joined_at);
        self.stale.then(|| last.map_or(Moment::ZERO, |last| last + RESORT_EVERY))
    }

    /// Whether someone pressed a key not long ago, and is taken to sit there.
    #[must_use]
    pub fn is_attended(&self, now: Moment) -> bool {
        self.pressed_at.is_some_and(|pressed| now.since(pressed) < NOBODY_AFTER)
    }

    /// When the list is to be sorted again, if it is.
    #[must_use]
    pub fn sort_due(&self) -> Option<Moment> {
        let after = |moment: Option<Moment>, pause| moment.map_or(Moment::ZERO, |m| m + pause);
        self.stale.then(|| after(self.sorted_at, RESORT_EVERY).max(after(self.pressed_at, HOLD_AFTER_KEY)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn nothing_moves_while_someone_acts_nor_too_often() {
        let mut hold = Hold::default();
        assert_eq!(hold.sort_due(), None, "nothing changed");
        hold.changed();
        assert_eq!(hold.sort_due(), Some(after(0)), "at once: it never was in order");
        hold.sorted(after(10));
        assert_eq!(hold.sort_due(), None);
        hold.changed();
        assert_eq!(hold.sort_due(), Some(after(10) + RESORT_EVERY));
        hold.pressed(after(10));
        assert_eq!(hold.sort_due(), Some(after(10) + HOLD_AFTER_KEY));
        hold.sorted(after(60));
        hold.changed();
        assert_eq!(hold.sort_due(), Some(after(60) + RESORT_EVERY));
    }

    #[test]
    fn who_has_pressed_no_key_for_a_while_is_not_there() {
        let mut hold = Hold::default();
        assert!(!hold.is_attended(after(0)));
        hold.pressed(after(5));
        assert!(hold.is_attended(after(5)) && hold.is_attended(after(64)));
        assert!(!hold.is_attended(after(5) + NOBODY_AFTER));
    }
}
