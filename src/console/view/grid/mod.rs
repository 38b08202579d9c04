//! The grid: one row a stream, or two, or a tile; and only those that can be seen.

mod cell;
mod groups;
mod tiles;

use ratatui::layout::Rect;

use super::pen::Pen;
use super::words;
use crate::console::columns::{Placed, descends, place_of_why};
use crate::console::state::State;
use crate::console::state::list::Entry;
use crate::console::text::cells;
use crate::model::{Column, Density, Phase, Row};

/// Draws the grid.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    entries(state, area, pen);
    if state.filter_behind().is_some() {
        // They are no answer to what is typed.
        let titles = u16::from(state.arrangement.density != Density::Tiles);
        let rows = Rect { y: area.y + titles, height: area.height - titles, ..area };
        pen.paint(rows, pen.theme.dim);
    }
}

fn entries(state: &State, area: Rect, pen: &mut Pen) {
    if state.list.entries().is_empty() {
        empty(state, area, pen);
    }
    if state.arrangement.density == Density::Tiles {
        tiles::draw(state, area, pen);
        return;
    }
    let columns = state.columns();
    titles(state, &columns, area, pen);
    let high = cells(state.entry_height());
    let cursor = state.list.position();
    for (n, entry) in state.list.visible(state.grid_height()).iter().enumerate() {
        let y = area.y + 1 + cells(n) * high;
        if y >= area.bottom() {
            break;
        }
        let line = Rect { y, height: high.min(area.bottom() - y), ..area };
        match entry {
            Entry::Stream(ix) => {
                let Some(row) = state.row(*ix) else { continue };
                draw_row(state, row, &columns, y, pen);
                if line.height > 1 {
                    second_line(state, row, Rect { y: y + 1, height: 1, ..area }, pen);
                }
            }
            Entry::Group(number) => {
                if let Some(group) = state.list.groups().get(*number) {
                    groups::draw(group, line, pen);
                }
            }
        }
        mark(state, *entry, cursor == Some(state.list.top + n), line, pen);
    }
}

/// Marks an entry as selected with others, as the one under the cursor, or as both.
fn mark(state: &State, entry: Entry, cursor: bool, area: Rect, pen: &mut Pen) {
    let chosen = match entry {
        Entry::Stream(ix) => state.chosen.has(ix),
        Entry::Group(number) => {
            let group = state.list.groups().get(number);
            group.is_some_and(|group| group.selected == group.to - group.from)
        }
    };
    let sign = match (cursor, chosen) {
        (true, true) => pen.glyphs.cursor_on_mark,
        (true, false) => pen.glyphs.cursor,
        (false, true) => pen.glyphs.mark,
        (false, false) => return,
    };
    pen.left(area.x, area.y, 1, sign, pen.theme.accent);
    if cursor {
        pen.paint(area, pen.theme.selection);
    }
}

/// Why there is nothing to see.
fn empty(state: &State, area: Rect, pen: &mut Pen) {
    let none = state.no_streams();
    let text = if !state.connected {
        "waiting for the supervisor"
    } else if state.prompt().is_some() {
        "no stream matches"
    } else if state.list.is_filtered() {
        "no stream matches; esc drops the filter"
    } else {
        &none
    };
    let y = area.y + 1 + area.height.saturating_sub(1).min(2) / 2;
    pen.left(area.x + 3, y, area.width.saturating_sub(3), text, pen.theme.dim);
}

fn titles(state: &State, columns: &[Placed], area: Rect, pen: &mut Pen) {
    let sort = state.list.sort;
    for placed in columns {
        let mut title = placed.column.title(placed.width).to_owned();
        let sorted = sort.column == Some(placed.column);
        if sorted {
            title.push_str(if descends(sort.column) == sort.reversed {
                pen.glyphs.up
            } else {
                pen.glyphs.down
            });
        }
        let style = if sorted { pen.theme.accent } else { pen.theme.heading };
        if placed.column.is_number() {
            // A sorted title may need the blank before its column.
            let extra = u16::from(sorted);
            pen.right(placed.x - extra, area.y, placed.width + extra, &title, style);
        } else {
            pen.left(placed.x, area.y, placed.width, &title, style);
        }
    }
}

fn draw_row(state: &State, row: &Row, columns: &[Placed], y: u16, pen: &mut Pen) {
    pen.left(1, y, 1, pen.glyphs.phase(row.phase), pen.theme.phase(row.phase));
    // Which input is in use stands with the input where that is seen.
    let with_input = state.arrangement.density == Density::One
        && !columns.iter().any(|placed| placed.column == Column::Input);
    let why = place_of_why(columns).filter(|_| says_why(state, row));
    let why = why.map(|(x, room)| (x, room, words::why_in(row, state.seen_at(), room)));
    let why = why.filter(|(.., text)| !text.is_empty());
    let covered =
        |placed: &Placed| why.as_ref().is_some_and(|(x, room, _)| placed.x >= *x && placed.x < x + room);
    for placed in columns.iter().filter(|placed| !covered(placed)) {
        let (text, style) = cell::cell(state, row, (placed.column, placed.width), with_input, pen);
        if placed.column.is_number() {
            pen.right(placed.x, y, placed.width, &text, style);
        } else {
            pen.left(placed.x, y, placed.width, &text, style);
        }
    }
    if let Some((x, room, text)) = why {
        let style = if row.phase == Phase::Stopped { pen.theme.dim } else { pen.theme.text };
        pen.left(x, y, room, &text, style);
    }
}

/// Whether a row says why it is as it is in the place of its figures.
fn says_why(state: &State, row: &Row) -> bool {
    // Who sorts by restarts wants to see them.
    let counts = matches!(state.list.sort.column, Some(Column::Restarts | Column::Failures));
    !row.phase.holds_slot() && !counts && state.arrangement.density == Density::One
}

/// What a row has to say beside its figures: why, the newest message, from where, and its tags.
fn second_line(state: &State, row: &Row, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let (message, age) = words::message_and_age(row, state.seen_at());
    let calm = matches!(row.phase, Phase::Live | Phase::Stopped);
    let mut pieces = vec![(message, if calm { theme.dim } else { theme.text })];
    pieces.push((age.map_or_else(String::new, |age| format!(" ({age} ago)")), theme.faint));
    let input = words::input(row);
    let tags = words::tags(row);
    for (text, style) in
        [(input, if words::on_fallback(row) { theme.text } else { theme.faint }), (tags, theme.dim)]
    {
        if !text.is_empty() {
            let begins = pieces.iter().all(|(text, _)| text.is_empty());
            let gap = if begins { String::new() } else { format!("  {}  ", pen.glyphs.dot) };
            pieces.extend([(gap, theme.faint), (text, style)]);
        }
    }
    pen.pieces(area.x + 5, area.y, area.width.saturating_sub(6), &pieces);
}
