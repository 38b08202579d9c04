//! The newest lines of one stream, bounded by number and by memory.

use std::collections::VecDeque;

use super::{RING_LINES, cost};
use crate::model::LogLine;

/// Starts empty and small; a stream that says nothing costs nothing.
#[derive(Default)]
pub struct Ring {
    lines: VecDeque<LogLine>,
    bytes: usize,
    next: u64,
}

impl Ring {
    /// Takes a line; the oldest go until at most [`RING_LINES`] lines and `max_bytes` are left. A
    /// line that is too long by itself is only counted.
    pub fn push(&mut self, line: LogLine, max_bytes: usize) {
        self.bytes += cost(&line);
        self.lines.push_back(line);
        self.next += 1;
        while self.lines.len() > RING_LINES || self.bytes > max_bytes {
            let Some(oldest) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= cost(&oldest);
        }
    }

    /// Lets go of all lines; the numbers go on.
    pub fn forget_lines(&mut self) {
        self.lines = VecDeque::new();
        self.bytes = 0;
    }

    /// The number the next line will have.
    pub const fn next_number(&self) -> u64 {
        self.next
    }

    /// Lines from number `from` on, the number after the last, and how many of them are gone.
    pub fn lines_from(&self, from: u64) -> (Vec<LogLine>, u64, u64) {
        let first = self.next - self.lines.len() as u64;
        let missed = first.saturating_sub(from);
        let skip = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        (self.lines.iter().skip(skip).cloned().collect(), self.next, missed)
    }

    #[cfg(test)]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}
