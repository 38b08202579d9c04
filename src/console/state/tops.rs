//! The workers that take most of the machine.

use std::cmp::Reverse;

use super::hold::HOLD_AFTER_KEY;
use crate::model::{Board, Moment, Row, StreamIx, Usage};

/// So many are listed of each.
pub const MAX_TOP: usize = 100;

/// By what they are ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TopBy {
    /// Processor time.
    #[default]
    Cpu,
    /// Memory.
    Memory,
    /// Open files.
    Files,
}

impl TopBy {
    /// Every order, in the order of the key.
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Memory, Self::Files];

    /// The words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Cpu => "processor",
            Self::Memory => "memory",
            Self::Files => "open files",
        }
    }

    fn key(self, usage: Usage) -> u64 {
        match self {
            // Positive numbers are ordered as their bits are.
            Self::Cpu => usage.cpu_percent.max(0.0).to_bits().into(),
            Self::Memory => usage.memory_bytes,
            Self::Files => usage.open_files.into(),
        }
    }
}

/// The lists, and where one is in them.
#[derive(Debug, Default)]
pub struct Tops {
    /// By what the list with the cursor is ordered.
    pub by: TopBy,
    /// One list for each order, in the order of [`TopBy::ALL`].
    lists: [Vec<StreamIx>; TopBy::ALL.len()],
    /// A stream, never a position.
    selected: Option<StreamIx>,
}

impl Tops {
    /// Puts the lists in order, unless someone is about to act on what is under the cursor. Says
    /// whether anything moved.
    pub fn settle(&mut self, board: &Board, now: Moment, pressed: Option<Moment>) -> bool {
        if pressed.is_some_and(|at| now.since(at) < HOLD_AFTER_KEY) && !self.lists[0].is_empty() {
            return false;
        }
        let measured = |row: &Row| row.usage.map(|usage| (usage, row.ix));
        let measured: Vec<(Usage, StreamIx)> = board.rows.values().filter_map(|row| measured(row)).collect();
        let mut moved = false;
        for (by, list) in TopBy::ALL.into_iter().zip(&mut self.lists) {
            let mut order: Vec<(Reverse<u64>, StreamIx)> =
                measured.iter().map(|(usage, ix)| (Reverse(by.key(*usage)), *ix)).collect();
            order.sort_unstable();
            let order: Vec<StreamIx> = order.into_iter().map(|(_, ix)| ix).take(MAX_TOP).collect();
            moved |= *list != order;
            *list = order;
        }
        moved
    }

    /// Who takes most, by one order.
    #[must_use]
    pub fn list(&self, by: TopBy) -> &[StreamIx] {
        &self.lists[by as usize]
    }

    /// Who is under the cursor: whoever was chosen, else the first of the list.
    #[must_use]
    pub fn selected(&self) -> Option<StreamIx> {
        let list = self.list(self.by);
        self.selected.filter(|ix| list.contains(ix)).or_else(|| list.first().copied())
    }

    /// Moves the cursor.
    pub fn move_by(&mut self, rows: isize) {
        let list = self.list(self.by);
        let at = list.iter().position(|ix| Some(*ix) == self.selected()).unwrap_or(0);
        let bottom = list.len().saturating_sub(1);
        self.selected = list.get(at.saturating_add_signed(rows).min(bottom)).copied();
    }

    /// The next order; the cursor stands on its first.
    pub fn turn(&mut self) {
        self.by = TopBy::ALL[(self.by as usize + 1) % TopBy::ALL.len()];
        self.selected = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::console::tests::support::{NOW, board};

    fn measured(streams: u16, heavy: u32) -> Board {
        let mut board = board(streams.into());
        for row in board.rows.values_mut() {
            let n = row.ix.0;
            let cpu_percent = if n == heavy { 90.0 } else { 0.5 };
            let usage = Usage { cpu_percent, memory_bytes: u64::from(n) << 20, open_files: 9 };
            Arc::make_mut(row).usage = Some(usage);
        }
        board
    }

    #[test]
    fn each_list_has_its_order_and_its_bound() {
        let mut tops = Tops::default();
        let mut board = measured(300, 7);
        Arc::make_mut(board.rows.get_mut(&StreamIx(299)).unwrap()).usage = None;
        assert!(tops.settle(&board, NOW, None));
        assert_eq!(tops.list(TopBy::Cpu)[..2], [StreamIx(7), StreamIx(0)]);
        assert_eq!(tops.list(TopBy::Memory)[..2], [StreamIx(298), StreamIx(297)]);
        assert_eq!(tops.list(TopBy::Files).len(), MAX_TOP);
        assert!(!tops.settle(&board, NOW, None), "nothing moved");
    }

    #[test]
    fn the_cursor_stays_on_its_stream_and_nothing_moves_under_a_hand() {
        let mut tops = Tops::default();
        tops.settle(&measured(20, 7), NOW, None);
        assert_eq!(tops.selected(), Some(StreamIx(7)));
        tops.move_by(2);
        assert_eq!(tops.selected(), Some(StreamIx(1)));
        let pressed = Some(NOW);
        let soon = NOW + Duration::from_secs(2);
        assert!(!tops.settle(&measured(20, 1), soon, pressed));
        assert_eq!(tops.list(TopBy::Cpu)[0], StreamIx(7));
        assert!(tops.settle(&measured(20, 1), NOW + HOLD_AFTER_KEY, pressed));
        assert_eq!((tops.list(TopBy::Cpu)[0], tops.selected()), (StreamIx(1), Some(StreamIx(1))));
        tops.move_by(-5);
        tops.move_by(isize::MAX / 2);
        assert_eq!(tops.selected(), Some(StreamIx(19)));
        tops.turn();
        assert_eq!((tops.by, tops.selected()), (TopBy::Memory, Some(StreamIx(19))));
        // Who is gone gives the cursor to the first.
        tops.settle(&measured(3, 1), NOW + HOLD_AFTER_KEY, None);
        assert_eq!(tops.selected(), Some(StreamIx(2)));
        assert_eq!(Tops::default().selected(), None);
    }
}
