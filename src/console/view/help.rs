//! The keys: of a screen on a screen of their own, of what stands in front in front of that.

use ratatui::layout::Rect;

use super::dialog::border;
use super::pen::Pen;
use crate::console::glyphs::Glyphs;
use crate::console::state::State;
use crate::console::state::help::Line;
use crate::console::text::{cells, width, wrap};

/// Cells for the keys' names.
const KEYS: u16 = 26;
/// The same on a narrow screen.
const NARROW_KEYS: u16 = 15;
/// Below this a screen is narrow.
const NARROW: u16 = 70;
/// A column of the help needs this many cells.
const COLUMN: u16 = 90;

/// The lines of the help, in columns of `width` cells.
fn lines(state: &State, width: u16, glyphs: &Glyphs) -> Vec<Vec<(u16, Part, String)>> {
    let keys_wide = if width < NARROW { NARROW_KEYS } else { KEYS };
    let mut drawn = Vec::new();
    for line in state.help_lines() {
        match line {
            Line::Blank => drawn.push(Vec::new()),
            Line::Title(title) => drawn.push(vec![(0, Part::Title, title)]),
            Line::Wrong(text) => {
                let room = usize::from(width.saturating_sub(3)).max(2);
                drawn.extend(wrap(&text, room, glyphs).into_iter().map(|text| vec![(1, Part::Wrong, text)]));
            }
            Line::Key { keys, help, name, places } => {
                // Who looks for something may want to write it down.
                let named = if state.help.find.trim().is_empty() { "" } else { name };
                let places = [named, &places].into_iter().filter(|text| !text.is_empty());
                let places = places.collect::<Vec<_>>().join("  ");
                let (x, end) = (1 + keys_wide, width.saturating_sub(2));
                let room = usize::from(end.saturating_sub(x)).max(2);
                for (n, text) in wrap(help, room, glyphs).into_iter().enumerate() {
                    let keys = (n == 0).then(|| (1, Part::Keys, keys.clone()));
                    drawn.push(keys.into_iter().chain([(x, Part::Help, text)]).collect());
                }
                let last =
                    drawn.last_mut().and_then(|parts: &mut Vec<_>| Some((parts.last()?.2.len(), parts)));
                if let Some((text, parts)) = last {
                    let at = x + cells(text) + 2;
                    if at + 4 < end && !places.is_empty() {
                        parts.push((at, Part::Places, places));
                    }
                }
            }
        }
    }
    drawn
}

/// What a piece of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Title,
    Keys,
    Help,
    Places,
    Wrong,
}

/// How many lines the help takes on a screen this wide.
#[must_use]
pub fn height(state: &State, width: u16) -> usize {
    let columns = (width / COLUMN).max(1);
    lines(state, width / columns, &state.looks.look.glyphs).len().div_ceil(columns.into())
}

/// Draws the help.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    let columns = (area.width / COLUMN).max(1);
    let wide = area.width / columns;
    let lines = lines(state, wide, pen.glyphs);
    if lines.is_empty() {
        let text = format!("no key has {} in it", state.help.find);
        pen.left(area.x + 1, area.y, area.width.saturating_sub(2), &text, pen.theme.dim);
        return;
    }
    let per_column = lines.len().div_ceil(columns.into());
    for (column, chunk) in lines.chunks(per_column).enumerate() {
        let x = area.x + wide * cells(column) + 1;
        for (parts, y) in chunk.iter().skip(state.help_top).zip(area.y..area.bottom()) {
            for (n, (at, part, text)) in parts.iter().enumerate() {
                let style = match part {
                    Part::Title => pen.theme.heading,
                    Part::Keys => pen.theme.accent,
                    Part::Help => pen.theme.text,
                    Part::Places => pen.theme.faint,
                    Part::Wrong => pen.theme.warning,
                };
                let end =
                    parts.get(n + 1).map_or(wide.saturating_sub(2), |(next, ..)| next.saturating_sub(1));
                pen.left(x + at, y, end.saturating_sub(*at), text, style);
            }
        }
    }
}

/// Draws the keys of what stands in front.
pub fn front(state: &State, area: Rect, pen: &mut Pen) {
    let Some(front) = state.front() else { return };
    let rows: Vec<(String, &str)> = front.keys.iter().map(|(keys, help)| (keys.join(", "), *help)).collect();
    let keys = rows.iter().map(|(keys, _)| width(keys)).max().unwrap_or(0);
    let helps = rows.iter().map(|(_, help)| width(help)).max().unwrap_or(0);
    let wide = cells(keys + helps + 8).min(area.width);
    let high = cells(rows.len() + 4).min(area.height);
    let frame = Rect {
        x: area.x + (area.width - wide) / 2,
        y: area.y + (area.height - high) / 2,
        width: wide,
        height: high,
    };
    pen.wipe(frame);
    border(frame, pen);
    let (x, room) = (frame.x + 3, wide.saturating_sub(5));
    pen.left(x, frame.y + 1, room, &format!("Keys of {}", front.title), pen.theme.title);
    let keys = cells(keys).min(room / 2);
    for ((names, help), y) in rows.iter().zip(frame.y + 3..frame.bottom().saturating_sub(1)) {
        pen.left(x, y, keys, names, pen.theme.accent);
        pen.left(x + keys + 2, y, room.saturating_sub(keys + 2), help, pen.theme.text);
    }
}
