//! The grid: one row a stream, and only the rows that can be seen.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::Pen;
use super::words;
use crate::console::columns::{Column, Placed, Sort, place_of_why};
use crate::console::state::State;
use crate::console::text::{UNKNOWN, bitrate, cells, count, fps, speed};
use crate::model::{Health, Phase, Row, coarse_age};

/// Draws the grid.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    let columns = state.columns();
    titles(state, &columns, area, pen);
    let rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let visible = state.list.visible(rows.height.into());
    for (n, ix) in visible.iter().enumerate() {
        let Some(row) = state.row(*ix) else { continue };
        let y = rows.y + cells(n);
        let selected = state.list.selected == Some(*ix);
        draw_row(state, row, &columns, y, pen);
        if selected {
            pen.left(area.x, y, 1, pen.glyphs.cursor, pen.theme.accent);
            pen.paint(Rect { y, height: 1, ..area }, pen.theme.selection);
        }
    }
    if visible.is_empty() {
        let text = if !state.connected {
            "waiting for the supervisor"
        } else if state.list.is_filtered() {
            "no stream matches; esc drops the filter"
        } else {
            "no streams are configured"
        };
        pen.left(
            area.x + 3,
            rows.y + rows.height.min(2) / 2,
            area.width.saturating_sub(3),
            text,
            pen.theme.dim,
        );
    }
}

fn titles(state: &State, columns: &[Placed], area: Rect, pen: &mut Pen) {
    let list = &state.list;
    for placed in columns {
        let mut title = placed.column.title(placed.width).to_owned();
        let sorted = list.sort.column() == Some(placed.column);
        if sorted {
            title.push_str(if list.sort.descends() == list.reversed {
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
    // Which input is in use stands with the input where that has a column.
    let with_input = !columns.iter().any(|placed| placed.column == Column::Input);
    // Who sorts by restarts wants to see them.
    let wanted = !row.phase.holds_slot() && state.list.sort != Sort::Restarts;
    let why = place_of_why(columns).filter(|_| wanted);
    let why = why.map(|(x, room)| (x, room, words::why_in(row, state.seen_at(), room)));
    let why = why.filter(|(.., text)| !text.is_empty());
    for placed in columns {
        if why.as_ref().is_some_and(|(x, ..)| placed.x >= *x) {
            continue;
        }
        let (text, style) = cell(state, row, placed.column, with_input, pen);
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

fn cell(state: &State, row: &Row, column: Column, with_input: bool, pen: &Pen) -> (String, Style) {
    let (theme, now) = (pen.theme, state.seen_at());
    let health = row.health();
    let stands_out = matches!(health, Health::Critical);
    let number = |text: String| {
        let style = if text == UNKNOWN { theme.faint } else { theme.dim };
        (text, style)
    };
    match column {
        Column::Phase => (row.phase.word().into(), theme.phase(row.phase)),
        Column::Name => (row.name.to_string(), if stands_out { theme.title } else { theme.text }),
        Column::Id => (row.id.to_string(), theme.dim),
        Column::Group => (row.group.to_string(), theme.dim),
        Column::Mode => (row.mode.word().into(), theme.dim),
        Column::Health => {
            // What something else explains is no alarm.
            let calm = row.conditions.is_empty() || words::is_explained(row);
            let style = if calm { theme.dim } else { theme.health(health) };
            (words::health(row, now, pen.glyphs, with_input), style)
        }
        Column::Fps => number(fps(row.figures.fps)),
        Column::Bitrate => number(bitrate(row.figures.bitrate_kbps)),
        Column::Speed => number(speed(row.figures.speed)),
        Column::Uptime => number(words::uptime(row, now).unwrap_or_else(|| UNKNOWN.into())),
        Column::Restarts => {
            (count(row.restarts.into()), if row.restarts == 0 { theme.faint } else { theme.dim })
        }
        Column::Pid => number(row.pid.map_or_else(|| UNKNOWN.into(), |pid| pid.to_string())),
        Column::Age if row.last_message.is_empty() => (String::new(), theme.faint),
        Column::Age => (coarse_age(now.since(row.last_message_at)), theme.faint),
        Column::Message => {
            let calm = matches!(row.phase, Phase::Live | Phase::Stopped);
            (words::message(row, now), if calm { theme.dim } else { theme.text })
        }
        Column::Input if words::on_fallback(row) => {
            let (number, of) = row.input_of;
            (format!("{number}/{of} {}", row.input), theme.text)
        }
        Column::Input => (row.input.to_string(), theme.faint),
    }
}
