//! A stream's log.

use jiff::Timestamp;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, Piece};
use crate::console::state::State;
use crate::console::text::{counted, wrap};
use crate::model::{LineLevel, LogLine};

/// `12:34:56 E `.
const TEXT_AT: u16 = 12;

/// Draws the log of the stream that is open; `alone`: it has the whole screen, so it says whose it is.
pub fn draw(state: &State, area: Rect, alone: bool, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    title(state, area, alone, pen);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let room = body.width.saturating_sub(TEXT_AT + 1);
    let height = usize::from(body.height);
    let mut y = body.bottom();
    for line in state.log.upwards(height) {
        let pieces = if state.log.wrap {
            wrap(&line.text, room.into(), pen.glyphs)
        } else {
            vec![line.text.to_string()]
        };
        let style = style(line.level, pen);
        for (n, piece) in pieces.iter().enumerate().rev() {
            if y == body.y {
                return;
            }
            y -= 1;
            pen.left(body.x + TEXT_AT, y, room, piece, style);
            if n == 0 {
                pen.left(body.x + 1, y, 8, &time_of_day(state, line), pen.theme.faint);
                pen.left(body.x + 10, y, 1, letter(line.level), style);
            }
        }
    }
    // A short log stands at the top, as a text does.
    let empty = y - body.y;
    if empty > 0 && empty < body.height {
        move_up(pen, body, empty);
    } else if empty == body.height {
        pen.left(body.x + 1, body.y, body.width, "no lines yet", pen.theme.dim);
    }
}

fn title(state: &State, area: Rect, alone: bool, pen: &mut Pen) {
    let theme = pen.theme;
    let mut title: Vec<Piece> = vec![("log".into(), theme.heading)];
    let row = state.open.and_then(|ix| state.row(ix));
    if let (true, Some(row)) = (alone, row) {
        title.push((format!(" of {}", row.name), theme.title));
        title.push((format!("  {}", row.id), theme.dim));
    }
    let mut facts: Vec<Piece> = Vec::new();
    let mut fact = |text: String, style: Style| {
        if !facts.is_empty() {
            facts.push((format!(" {} ", pen.glyphs.dot), theme.faint));
        }
        facts.push((text, style));
    };
    if state.log.missed > 0 {
        fact(format!("{} missed", state.log.missed), theme.warning);
    }
    if let Some(dropped) = row.map(|r| r.lines_dropped).filter(|n| *n > 0) {
        fact(format!("{dropped} dropped or folded"), theme.warning);
    }
    if state.log.follows() {
        fact("following".into(), theme.ok);
    } else {
        let below = usize::try_from(state.log.below(state.log_height())).unwrap_or(usize::MAX);
        fact(format!("{} below", counted(below, "line")), theme.accent);
    }
    if state.log.wrap {
        fact("wrapped".into(), theme.dim);
    }
    pen.rule(area.x, area.y, area.width, &title, &facts);
}

const fn style(level: LineLevel, pen: &Pen) -> Style {
    match level {
        LineLevel::Error => pen.theme.critical,
        LineLevel::Warning => pen.theme.warning,
        LineLevel::Info => pen.theme.text,
        LineLevel::Debug => pen.theme.dim,
    }
}

/// A letter for those who can't see the colour.
const fn letter(level: LineLevel) -> &'static str {
    match level {
        LineLevel::Error => "E",
        LineLevel::Warning => "W",
        LineLevel::Info => " ",
        LineLevel::Debug => "d",
    }
}

fn time_of_day(state: &State, line: &LogLine) -> String {
    let at = i64::try_from(line.wall_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map_or_else(
        || "--:--:--".into(),
        |at| at.to_zoned(state.zone.clone()).strftime("%H:%M:%S").to_string(),
    )
}

/// Moves what stands at the bottom of `area` up by `lines`.
fn move_up(pen: &mut Pen, area: Rect, lines: u16) {
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            let from = y + lines;
            let cell = if from < area.bottom() {
                pen.buffer[(x, from)].clone()
            } else {
                ratatui::buffer::Cell::EMPTY
            };
            pen.buffer[(x, y)] = cell;
        }
    }
}
