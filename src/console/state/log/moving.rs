//! What of a pane is on the screen, and moving about in it.

use super::lines::{Entry, What};
use super::sources::Wanted;
use super::{LogPane, Room, Row};
use crate::console::text;

/// A row: of which entry, and which of its rows.
type Position = (u64, usize);

/// By so many rows upwards: to the first one, however many there are.
const FARTHEST: isize = isize::MIN / 4;

impl LogPane {
    /// Whether the newest line is kept in sight.
    #[must_use]
    pub const fn follows(&self) -> bool {
        self.lines.looks.bottom.is_none()
    }

    /// The rows of an entry.
    fn rows(&self, entry: &Entry, width: u16) -> Vec<std::ops::Range<usize>> {
        match entry.line() {
            Some(line) if self.wrap => text::rows(&line.text, self.text_width(width)),
            line => std::iter::once(0..line.map_or(0, |line| line.text.len())).collect(),
        }
    }

    fn row_count(&self, spot: u64, width: u16) -> usize {
        match self.lines.get(spot) {
            Some(entry) if self.wrap => self.rows(entry, width).len(),
            _ => 1,
        }
    }

    /// The first spot from `from` on that is shown.
    pub(super) fn shown_from(&self, from: u64) -> Option<u64> {
        let from = from.max(self.top());
        self.lines.range(from, self.lines.end()).find(|(_, entry)| entry.shown).map(|(spot, _)| spot)
    }

    /// The last spot before `before` that is shown.
    pub(super) fn shown_before(&self, before: u64) -> Option<u64> {
        self.lines.range(self.top(), before).rev().find(|(_, entry)| entry.shown).map(|(spot, _)| spot)
    }

    fn last_row(&self, spot: u64, width: u16) -> Position {
        (spot, self.row_count(spot, width) - 1)
    }

    /// One row up.
    fn above(&self, (spot, row): Position, width: u16) -> Option<Position> {
        match row.checked_sub(1) {
            Some(row) => Some((spot, row)),
            None => self.shown_before(spot).map(|spot| self.last_row(spot, width)),
        }
    }

    /// One row down.
    fn below(&self, (spot, row): Position, width: u16) -> Option<Position> {
        if row + 1 < self.row_count(spot, width) {
            return Some((spot, row + 1));
        }
        self.shown_from(spot + 1).map(|spot| (spot, 0))
    }

    /// So many rows down from a position, or as far as it goes.
    fn down(&self, from: Position, rows: usize, width: u16) -> Position {
        let mut at = from;
        for _ in 0..rows {
            match self.below(at, width) {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    fn newest(&self, width: u16) -> Option<Position> {
        self.shown_before(self.lines.end()).map(|spot| self.last_row(spot, width))
    }

    /// The last row on a screen that shows the oldest ones.
    fn highest(&self, room: Room) -> Option<Position> {
        let first = self.shown_from(self.lines.first())?;
        Some(self.down((first, 0), usize::from(room.height).saturating_sub(1), room.width))
    }

    /// The last row on the screen. The screen is always as full as it can be.
    fn bottom(&self, room: Room) -> Option<Position> {
        let newest = self.newest(room.width)?;
        let Some((spot, row)) = self.lines.looks.bottom else {
            return Some(newest);
        };
        let shown = self.lines.get(spot).is_some_and(|entry| entry.shown) && spot >= self.top();
        let at = if shown {
            (spot, row.min(self.last_row(spot, room.width).1))
        } else {
            let before = self.shown_before(spot).map(|spot| self.last_row(spot, room.width));
            before.unwrap_or((0, 0))
        };
        Some(at.max(self.highest(room)?).min(newest))
    }

    /// The rows on the screen, from its top.
    #[must_use]
    pub fn page(&self, room: Room) -> Vec<Row<'_>> {
        let mut page = Vec::new();
        let height = usize::from(room.height);
        let Some((mut spot, row)) = self.bottom(room) else {
            return page;
        };
        let mut until = row + 1;
        while page.len() < height {
            let Some(entry) = self.lines.get(spot) else { break };
            let rows = self.rows(entry, room.width);
            let until_here = until.min(rows.len());
            for (n, text) in rows.into_iter().take(until_here).enumerate().rev() {
                if page.len() < height {
                    page.push(Row { spot, entry, text, begins: n == 0 });
                }
            }
            match self.shown_before(spot) {
                Some(before) => (spot, until) = (before, usize::MAX),
                None => break,
            }
        }
        page.reverse();
        page
    }

    /// Moves by `rows`, down when positive: the current line when there is one to move, else the
    /// screen. Moving up stops following and reads older lines where there are any; reaching the
    /// end follows again.
    pub fn scroll(&mut self, rows: isize, room: Room) {
        if self.lines.looks.begin.is_some() {
            self.move_cursor(rows, room);
            return;
        }
        self.sources.wanted = Wanted::Nothing;
        let left = self.step(rows, room);
        if rows < 0 && left < 0 && self.sources.has_more() {
            self.sources.wanted = Wanted::Rows(-left);
        }
    }

    /// Moves the screen; gives by how much it could not.
    pub(super) fn step(&mut self, rows: isize, room: Room) -> isize {
        let (Some(bottom), Some(newest), Some(highest)) =
            (self.bottom(room), self.newest(room.width), self.highest(room))
        else {
            return rows;
        };
        if rows >= 0 {
            let at = self.down(bottom, rows.unsigned_abs(), room.width);
            if at == newest {
                self.show_last();
            } else {
                self.lines.looks.bottom = Some(at);
            }
            return 0;
        }
        if rows <= FARTHEST {
            self.lines.looks.bottom = Some(highest).filter(|at| *at != newest || !self.follows());
            return rows;
        }
        let mut at = bottom;
        let mut left = rows;
        while left < 0 && at > highest {
            match self.above(at, room.width) {
                Some(next) => at = next,
                None => break,
            }
            left += 1;
        }
        // A log that fits the screen can't be scrolled.
        self.lines.looks.bottom = Some(at).filter(|at| *at != newest || !self.follows());
        left
    }

    /// To the oldest line here; there again, it reads older ones.
    pub fn show_first(&mut self, room: Room) {
        let Some(highest) = self.highest(room) else {
            return;
        };
        if self.lines.looks.begin.is_some() {
            self.lines.looks.cursor = self.shown_from(self.lines.first());
        }
        let there = self.bottom(room) == Some(highest);
        self.lines.looks.bottom = Some(highest).filter(|at| Some(*at) != self.newest(room.width));
        let more = there && self.sources.has_more();
        self.sources.wanted = if more { Wanted::Rows(-FARTHEST) } else { Wanted::Nothing };
    }

    /// To the newest line, and follow.
    pub fn show_last(&mut self) {
        self.sources.wanted = Wanted::Nothing;
        if self.lines.looks.begin.is_some() {
            self.lines.looks.cursor = self.shown_before(self.lines.end());
        }
        self.lines.looks.bottom = None;
        // Nobody looks at the old lines any more, and what is between is not here.
        if let Some(gap) = self.lines.gap() {
            let (first, sources) = (self.lines.first(), &mut self.sources);
            self.lines.remove(first, gap + 1, |entry| sources.dropped(entry));
        }
    }

    /// The line that is copied when nothing is selected, and below which a mark is set.
    #[must_use]
    pub fn current(&self, room: Room) -> Option<u64> {
        let page = self.page(room);
        let cursor = self.lines.looks.cursor.filter(|cursor| page.iter().any(|row| row.spot == *cursor));
        cursor.or_else(|| page.iter().rev().find(|row| row.entry.line().is_some()).map(|row| row.spot))
    }

    /// The current line, if one is marked on the screen.
    #[must_use]
    pub const fn cursor(&self) -> Option<u64> {
        self.lines.looks.cursor
    }

    /// Brings a spot into sight: not at all when it is there, else to the middle of the screen.
    pub(super) fn reveal(&mut self, spot: u64, room: Room) {
        // Whoever looks at something does not want it to move on.
        self.lines.looks.bottom = self.bottom(room);
        let first_row = (spot, 0);
        let page = self.page(room);
        let whole = page.iter().any(|row| row.spot == spot && row.begins);
        if !whole {
            self.lines.looks.bottom = Some(self.down(first_row, usize::from(room.height) / 2, room.width));
        }
    }

    /// Brings a spot to the top of the screen, or as near as there are lines.
    fn put_on_top(&mut self, spot: u64, room: Room) {
        let below = usize::from(room.height).saturating_sub(1);
        self.lines.looks.bottom = Some(self.down((spot, 0), below, room.width));
    }

    fn move_cursor(&mut self, rows: isize, room: Room) {
        let Some(mut at) = self.current(room) else {
            return;
        };
        self.sources.wanted = Wanted::Nothing;
        for _ in 0..rows.unsigned_abs() {
            let next = if rows < 0 { self.shown_before(at) } else { self.shown_from(at + 1) };
            let Some(next) = next else {
                if rows < 0 && self.sources.has_more() {
                    self.sources.wanted = Wanted::Rows(1);
                }
                break;
            };
            at = next;
        }
        self.lines.looks.cursor = Some(at);
        let Some(bottom) = self.bottom(room) else {
            return;
        };
        if (at, 0) > bottom {
            self.lines.looks.bottom = Some(self.last_row(at, room.width));
        } else if self.page(room).iter().all(|row| row.spot != at || !row.begins) {
            self.put_on_top(at, room);
        }
    }

    /// To the next line with a hit, or to the one before; `Err`: there is none, and what is said
    /// about it. Above the oldest line here it is looked for in the files.
    ///
    /// # Errors
    /// There is none there.
    pub fn jump(&mut self, down: bool, room: Room) -> Result<(), &'static str> {
        let page = self.page(room);
        let (Some(first), Some(last)) = (page.first().map(|r| r.spot), page.last().map(|r| r.spot)) else {
            return Err("there is no line here");
        };
        // From the current hit on if it is in sight, else from what is in sight.
        let cursor = self.cursor().filter(|cursor| (first..=last).contains(cursor));
        self.sources.wanted = Wanted::Nothing;
        let top = self.top();
        let hit = |(spot, entry): (u64, &Entry)| entry.hit.then_some(spot);
        let found = if down {
            let from = cursor.map_or(first, |cursor| cursor + 1);
            self.lines.range(from, self.lines.end()).find_map(hit)
        } else {
            let before = cursor.unwrap_or(last + 1);
            self.lines.range(top, before).rev().find_map(hit)
        };
        if let Some(spot) = found {
            self.lines.looks.cursor = Some(spot);
            self.reveal(spot, room);
            return Ok(());
        }
        if down {
            return Err("no hit below");
        }
        if !self.sources.has_more() {
            return Err("no hit above");
        }
        self.sources.wanted = Wanted::Hit;
        Ok(())
    }

    /// To the nearest hit, the newest one first: above the end of the screen, or below it.
    ///
    /// # Errors
    /// There is none.
    pub fn jump_to_nearest(&mut self, room: Room) -> Result<(), &'static str> {
        self.lines.looks.cursor = None;
        let is_here = self.lines.range(self.top(), self.lines.end()).any(|(_, entry)| entry.hit);
        let above = self.jump(false, room);
        if is_here && (above.is_err() || self.sources.wanted == Wanted::Hit) {
            return self.jump(true, room);
        }
        above
    }

    /// To the next mark, or to the one before.
    ///
    /// # Errors
    /// There is none.
    pub fn jump_to_mark(&mut self, down: bool, room: Room) -> Result<(), &'static str> {
        let Some(first) = self.page(room).first().map(|row| row.spot) else {
            return Err("there is no mark");
        };
        let mark = |(spot, entry): (u64, &Entry)| matches!(entry.what, What::Mark(_)).then_some(spot);
        let found = if down {
            self.lines.range(first + 1, self.lines.end()).find_map(mark)
        } else {
            self.lines.range(self.top(), first).rev().find_map(mark)
        };
        let Some(spot) = found else {
            return Err(if down { "no mark below" } else { "no mark above" });
        };
        self.sources.wanted = Wanted::Nothing;
        self.put_on_top(spot, room);
        Ok(())
    }
}
