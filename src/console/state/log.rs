//! The log pane: a bounded copy of the newest lines, and where the operator looks in it.

use std::collections::VecDeque;

use crate::model::{LogLine, StreamIx};

/// Lines the pane keeps; the ring with the supervisor is the source, files have the rest.
pub const MAX_LINES: usize = 5_000;

/// One stream's log, as far as it is here.
#[derive(Debug, Default)]
pub struct LogPane {
    /// Whose log it is.
    pub stream: Option<StreamIx>,
    /// Oldest first.
    pub lines: VecDeque<LogLine>,
    /// The number of the first line here; lines are counted from the begin of the subscription.
    first: u64,
    /// Lines that never came here.
    pub missed: u64,
    /// The number after the last line on the screen; `None`: follow the newest.
    anchor: Option<u64>,
    /// Long lines go on in the next row.
    pub wrap: bool,
}

impl LogPane {
    /// Begins with another stream.
    pub fn open(&mut self, stream: StreamIx) {
        *self = Self { stream: Some(stream), wrap: self.wrap, ..Self::default() };
    }

    /// Forgets everything.
    pub fn close(&mut self) {
        *self = Self { wrap: self.wrap, ..Self::default() };
    }

    /// Takes lines in.
    pub fn take_in(&mut self, lines: Vec<LogLine>, missed: u64, fresh: bool) {
        if fresh {
            self.lines.clear();
            (self.first, self.missed, self.anchor) = (0, 0, None);
        }
        self.missed += missed;
        for line in lines {
            if self.lines.len() == MAX_LINES {
                self.lines.pop_front();
                self.first += 1;
            }
            self.lines.push_back(line);
        }
    }

    /// Whether the newest line is kept in sight.
    #[must_use]
    pub const fn follows(&self) -> bool {
        self.anchor.is_none()
    }

    fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// How many lines are newer than those on the screen.
    #[must_use]
    pub fn below(&self, height: usize) -> u64 {
        self.end() - self.bottom(height)
    }

    /// The number after the last line on the screen.
    fn bottom(&self, height: usize) -> u64 {
        let page = if self.wrap { 1 } else { height as u64 };
        let lowest = self.first + page.min(self.lines.len() as u64);
        self.anchor.map_or(self.end(), |anchor| anchor.clamp(lowest, self.end().max(lowest)))
    }

    /// Moves by `lines`, down when positive. Moving up leaves following, reaching the end follows
    /// again.
    pub fn scroll(&mut self, lines: i64, height: usize) {
        let bottom = self.bottom(height).saturating_add_signed(lines);
        self.anchor = (bottom < self.end()).then_some(bottom);
        if self.anchor.is_some() {
            self.anchor = Some(self.bottom(height));
            // A log that fits the screen can't be scrolled.
            if self.anchor == Some(self.end()) {
                self.anchor = None;
            }
        }
    }

    /// To the oldest line here.
    pub fn show_first(&mut self, height: usize) {
        self.scroll(i64::MIN / 2, height);
    }

    /// To the newest line, and follow.
    pub const fn show_last(&mut self) {
        self.anchor = None;
    }

    /// The lines that can be on a screen of `height` rows, newest first.
    pub fn upwards(&self, height: usize) -> impl Iterator<Item = &LogLine> {
        let count = usize::try_from(self.bottom(height) - self.first).unwrap_or(usize::MAX);
        self.lines.range(..count.min(self.lines.len())).rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LineLevel;

    fn lines(from: u64, count: u64) -> Vec<LogLine> {
        let line = |n| LogLine { wall_ms: n, level: LineLevel::Info, text: n.to_string().into() };
        (from..from + count).map(line).collect()
    }

    fn last(pane: &LogPane, height: usize) -> u64 {
        pane.upwards(height).next().unwrap().wall_ms
    }

    #[test]
    fn scrolling_leaves_following_and_the_end_resumes_it() {
        let mut pane = LogPane::default();
        pane.take_in(lines(0, 100), 0, true);
        assert!(pane.follows());
        pane.scroll(-5, 10);
        assert!(!pane.follows());
        assert_eq!(last(&pane, 10), 94);
        pane.take_in(lines(100, 50), 0, false);
        assert_eq!(last(&pane, 10), 94, "new lines don't move what is being read");
        assert_eq!(pane.below(10), 55);
        pane.scroll(55, 10);
        assert!(pane.follows());
        pane.show_first(10);
        assert_eq!(last(&pane, 10), 9, "the first page is a full page");
        pane.show_last();
        assert_eq!(last(&pane, 10), 149);
    }

    #[test]
    fn a_short_log_can_not_be_scrolled() {
        let mut pane = LogPane::default();
        pane.scroll(-5, 10);
        assert!(pane.follows() && pane.upwards(10).next().is_none());
        pane.take_in(lines(0, 4), 0, true);
        pane.scroll(-5, 10);
        assert!(pane.follows());
    }

    #[test]
    fn the_pane_is_bounded_and_keeps_its_place_when_old_lines_go() {
        let mut pane = LogPane::default();
        pane.take_in(lines(0, MAX_LINES as u64), 3, true);
        pane.show_first(10);
        pane.take_in(lines(MAX_LINES as u64, 500), 7, false);
        assert_eq!((pane.lines.len(), pane.missed), (MAX_LINES, 10));
        assert_eq!(pane.upwards(10).count(), 10);
        assert_eq!(last(&pane, 10), 509);
        pane.take_in(lines(0, 1), 0, true);
        assert!(pane.follows() && pane.missed == 0 && pane.lines.len() == 1);
    }
}
