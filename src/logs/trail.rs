//! Where the lines of this run stand in their files: by this a line that is still in memory is
//! found there, however alike the lines are.

use std::collections::VecDeque;

/// Stretches kept of one stream. One ends where the log was rotated and where lines were dropped.
pub const MAX_STRETCHES: usize = 64;

/// Lines with numbers that follow each other, standing one behind the other in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    /// The number of the first.
    first: u64,
    /// How many.
    lines: u64,
    turn: i64,
    offset: u64,
    end: u64,
}

/// Where one stream's lines went.
#[derive(Debug, Default)]
pub struct Trail {
    stretches: VecDeque<Stretch>,
    /// Of lines before this number it is no longer known.
    forgotten: u64,
}

/// Where what is older than a line begins, going backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// So many lines behind a byte of a file.
    In {
        /// Which file.
        turn: i64,
        /// The byte.
        offset: u64,
        /// Lines from there on that are older too.
        lines: u64,
    },
    /// At the end of the current file: nothing in it is of this run.
    End,
    /// It is no longer known.
    Unknown,
}

impl Trail {
    /// The line with this number went to `offset` of the file of `turn`, and ends before `end`.
    pub fn add(&mut self, number: u64, turn: i64, offset: u64, end: u64) {
        self.push(Stretch { first: number, lines: 1, turn, offset, end });
    }

    /// What `newer` knows is newer.
    pub fn append(&mut self, newer: &Self) {
        self.forgotten = self.forgotten.max(newer.forgotten);
        for stretch in &newer.stretches {
            self.push(*stretch);
        }
    }

    fn push(&mut self, new: Stretch) {
        if let Some(last) = self.stretches.back_mut()
            && (last.first + last.lines, last.turn, last.end) == (new.first, new.turn, new.offset)
        {
            last.lines += new.lines;
            last.end = new.end;
            return;
        }
        if self.stretches.len() == MAX_STRETCHES
            && let Some(oldest) = self.stretches.pop_front()
        {
            self.forgotten = oldest.first + oldest.lines;
        }
        self.stretches.push_back(new);
    }

    /// Where what is older than the line `number` begins. What headend said of lost lines stands
    /// before the line that came after them, so the edge is before that line where it can be.
    pub fn edge(&self, number: u64) -> Edge {
        if number < self.forgotten {
            return Edge::Unknown;
        }
        let newer = self.stretches.iter().find(|stretch| stretch.first + stretch.lines > number);
        let stretch = newer.or(self.stretches.back());
        stretch.map_or(Edge::End, |&Stretch { first, lines, turn, offset, end }| {
            let older = number.saturating_sub(first);
            if older >= lines {
                Edge::In { turn, offset: end, lines: 0 }
            } else {
                Edge::In { turn, offset, lines: older }
            }
        })
    }

    #[cfg(test)]
    pub fn stretches(&self) -> usize {
        self.stretches.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_follow_each_other_are_one_stretch() {
        let mut trail = Trail::default();
        assert_eq!(trail.edge(7), Edge::End);
        for n in 5..500 {
            trail.add(n, 0, n * 10, n * 10 + 10);
        }
        assert_eq!(trail.stretches(), 1);
        assert_eq!(trail.edge(5), Edge::In { turn: 0, offset: 50, lines: 0 });
        assert_eq!(trail.edge(3), Edge::In { turn: 0, offset: 50, lines: 0 });
        assert_eq!(trail.edge(6), Edge::In { turn: 0, offset: 50, lines: 1 });
        assert_eq!(trail.edge(500), Edge::In { turn: 0, offset: 5_000, lines: 0 });
        // Lines that were lost on the way are in no file.
        assert_eq!(trail.edge(900), Edge::In { turn: 0, offset: 5_000, lines: 0 });
    }

    #[test]
    fn a_gap_in_the_numbers_in_the_file_or_between_files_begins_another() {
        let mut trail = Trail::default();
        trail.add(0, 0, 0, 10);
        trail.add(2, 0, 10, 20);
        trail.add(3, 0, 25, 30);
        trail.add(4, 1, 30, 40);
        let mut newer = Trail::default();
        newer.add(5, 1, 40, 50);
        trail.append(&newer);
        assert_eq!(trail.stretches(), 4);
        assert_eq!(trail.edge(1), Edge::In { turn: 0, offset: 10, lines: 0 });
        assert_eq!(trail.edge(2), Edge::In { turn: 0, offset: 10, lines: 0 });
        assert_eq!(trail.edge(3), Edge::In { turn: 0, offset: 25, lines: 0 });
        assert_eq!(trail.edge(4), Edge::In { turn: 1, offset: 30, lines: 0 });
        assert_eq!(trail.edge(5), Edge::In { turn: 1, offset: 30, lines: 1 });
    }

    #[test]
    fn more_stretches_than_are_kept_make_the_oldest_unknown() {
        let mut trail = Trail::default();
        for n in 0..MAX_STRETCHES as u64 + 10 {
            trail.add(2 * n, 0, 100 * n, 100 * n + 10);
        }
        assert_eq!(trail.stretches(), MAX_STRETCHES);
        assert_eq!(trail.edge(18), Edge::Unknown);
        assert_eq!(trail.edge(19), Edge::In { turn: 0, offset: 1_000, lines: 0 });
        assert_eq!(trail.edge(21), Edge::In { turn: 0, offset: 1_100, lines: 0 });
        assert_eq!(trail.edge(999), Edge::In { turn: 0, offset: 7_310, lines: 0 });
    }
}
