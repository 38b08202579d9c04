//! Selecting lines, and what is copied and saved of them.

use super::lines::{Entry, What};
use super::{LogPane, Room};
use crate::model::{LogLine, WallTime};

/// The most text that is copied, bytes. Terminals that take more are rare, and tmux keeps it.
pub const COPY_BYTES: usize = 64 * 1024;

/// Bytes of a line's time, as it is copied.
const TIME_BYTES: usize = "2026-01-01T00:00:00.000Z".len();

/// What is copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// The text.
    pub text: String,
    /// How many lines it has.
    pub lines: usize,
    /// How many there would have been.
    pub of: usize,
}

/// How much is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Lines that are shown.
    pub lines: usize,
    /// Bytes they have when they are copied, or would have.
    pub bytes: usize,
}

/// A line to be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Whose it is, where there are several.
    pub of: Option<std::sync::Arc<str>>,
    /// The line.
    pub line: LogLine,
}

impl Saved {
    /// As it stands in a log file.
    #[must_use]
    pub fn text(&self) -> String {
        let LogLine { wall_ms, level, text } = &self.line;
        let time = if *wall_ms == 0 { "-".into() } else { WallTime(*wall_ms).to_string() };
        let level = level.word().to_ascii_uppercase();
        match &self.of {
            Some(name) => format!("{time} {level} {name}: {text}"),
            None => format!("{time} {level} {text}"),
        }
    }
}

impl LogPane {
    /// Begins a selection at the current line, or ends it.
    pub fn select(&mut self, room: Room) {
        if self.lines.looks.begin.is_some() {
            self.unselect();
        } else if let Some(spot) = self.current(room) {
            (self.lines.looks.begin, self.lines.looks.cursor) = (Some(spot), Some(spot));
            self.reveal(spot, room);
        }
    }

    /// Ends a selection; false: there is none.
    pub fn unselect(&mut self) -> bool {
        let was = self.lines.looks.begin.take().is_some();
        if was && self.sieve.search.is_none() {
            self.lines.looks.cursor = None;
        }
        was
    }

    /// Whether a spot is selected.
    #[must_use]
    pub fn is_selected(&self, spot: u64) -> bool {
        self.selected().is_some_and(|(from, to)| (from..to).contains(&spot))
    }

    /// How much is selected, if lines are being selected. Made for each frame, so no text is.
    #[must_use]
    pub fn selection(&self) -> Option<Size> {
        let (from, to) = self.selected()?;
        let named = self.sources.each().len() > 1;
        let mut size = Size { lines: 0, bytes: 0 };
        for (_, entry) in self.lines.range(from, to).filter(|(_, entry)| entry.shown) {
            let What::Line { source, line, .. } = &entry.what else { continue };
            let time = if line.wall_ms == 0 { 1 } else { TIME_BYTES };
            let name = if named { self.name(*source).len() + " : ".len() } else { 1 };
            size.lines += 1;
            // With what separates it from the one before.
            size.bytes +=
                time + 1 + line.level.word().len() + name + line.text.len() + usize::from(size.lines > 1);
        }
        Some(size)
    }

    /// What copying takes: the selected lines, or the current one.
    #[must_use]
    pub fn copied(&self, room: Room) -> Copied {
        let mut copied = Copied::default();
        let current = || self.current(room).map(|spot| (spot, spot + 1));
        let Some((from, to)) = self.selected().or_else(current) else {
            return copied;
        };
        let range = self.lines.range(from, to);
        let mut full = false;
        for saved in range.filter(|(_, entry)| entry.shown).filter_map(|(_, entry)| self.saved(entry)) {
            let text = saved.text();
            copied.of += 1;
            full |= copied.text.len() + text.len() + 1 > COPY_BYTES;
            if !full {
                if !copied.text.is_empty() {
                    copied.text.push('\n');
                }
                copied.text.push_str(&text);
                copied.lines += 1;
            }
        }
        copied
    }

    /// The selected lines, from the first to behind the last.
    fn selected(&self) -> Option<(u64, u64)> {
        let (a, b) = self.lines.looks.begin.zip(self.lines.looks.cursor)?;
        Some((a.min(b), a.max(b) + 1))
    }

    /// What is to be saved: the selected lines, or everything that is shown.
    #[must_use]
    pub fn to_save(&self) -> Vec<Saved> {
        let (from, to) = self.selected().unwrap_or_else(|| (self.top(), self.lines.end()));
        let shown = self.lines.range(from, to).filter(|(_, entry)| entry.shown);
        shown.filter_map(|(_, entry)| self.saved(entry)).collect()
    }

    fn saved(&self, entry: &Entry) -> Option<Saved> {
        let What::Line { source, line, .. } = &entry.what else {
            return None;
        };
        let of = (self.sources.each().len() > 1).then(|| self.name(*source).into());
        Some(Saved { of, line: line.clone() })
    }
}
