//! All keys, from the table.

use ratatui::layout::Rect;

use super::pen::Pen;
use crate::console::keymap::{CHAPTERS, Keymap};
use crate::console::state::State;
use crate::console::text::cells;

/// Cells for the keys' names.
const KEYS: u16 = 26;
/// A column of the help needs this many cells.
const COLUMN: u16 = 90;

enum Line {
    Chapter(&'static str),
    Key(String, &'static str, String),
    Blank,
}

fn lines(keymap: &Keymap) -> Vec<Line> {
    let mut lines = Vec::new();
    for chapter in CHAPTERS {
        if !lines.is_empty() {
            lines.push(Line::Blank);
        }
        lines.push(Line::Chapter(chapter));
        for bound in keymap.lines().iter().filter(|b| b.binding.chapter == chapter) {
            let binding = bound.binding;
            lines.push(Line::Key(bound.key_names(), binding.help, bound.places.words()));
        }
    }
    lines
}

/// How many lines the help takes on a screen this wide.
#[must_use]
pub fn height(keymap: &Keymap, width: u16) -> usize {
    lines(keymap).len().div_ceil(usize::from((width / COLUMN).max(1)))
}

/// Draws the help.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let lines = lines(&state.keymap);
    let columns = (area.width / COLUMN).max(1);
    let per_column = lines.len().div_ceil(columns.into());
    let width = area.width / columns;
    for (column, chunk) in lines.chunks(per_column).enumerate() {
        let x = area.x + width * cells(column) + 1;
        for (line, y) in chunk.iter().skip(state.help_top).zip(area.y..area.bottom()) {
            match line {
                Line::Blank => {}
                Line::Chapter(title) => {
                    pen.left(x, y, width - 2, title, theme.heading);
                }
                Line::Key(keys, help, places) => {
                    pen.left(x + 1, y, KEYS - 1, keys, theme.accent);
                    let room = width.saturating_sub(KEYS + 3);
                    let used = pen.left(x + 1 + KEYS, y, room, help, theme.text);
                    if used + 2 < room {
                        pen.left(x + 1 + KEYS + used, y, room - used, &format!("  {places}"), theme.faint);
                    }
                }
            }
        }
    }
}
