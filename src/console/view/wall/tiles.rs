//! The tiles: one a stream, with its sign, its name and its word. No figures: a wall is still while
//! nothing happens.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::console::layout::wall::Plan;
use crate::console::spans::slow_age;
use crate::console::state::State;
use crate::console::state::penalty::{Standing, looks};
use crate::console::state::wall::aged_from;
use crate::console::text::{cells, fit_ends, width};
use crate::console::view::pen::Pen;
use crate::console::view::words;
use crate::model::{Health, Moment, Phase, Row};

/// Draws the page of tiles that is shown.
pub fn draw(state: &State, plan: &Plan, pen: &mut Pen) {
    let area = plan.tiles;
    for (n, ix) in state.wall_tiles(plan).iter().enumerate() {
        let Some(row) = state.row(*ix) else { continue };
        let (column, line) = (cells(n % plan.columns), cells(n / plan.columns));
        let place = Rect {
            x: area.x + column * plan.tile.width,
            y: area.y + line * plan.tile.height,
            width: plan.tile.width - 1,
            // Of the higher ones the last line is free.
            height: if plan.tile.height > 2 { plan.tile.height - 1 } else { plan.tile.height },
        };
        tile(state, row, place, pen);
    }
}

fn tile(state: &State, row: &Row, area: Rect, pen: &mut Pen) {
    let now = state.seen_at();
    let style = style(row, now, pen);
    let alarm = Standing::of(row, now) == Some(Standing::Critical);
    if alarm {
        for y in area.y..area.bottom() {
            pen.left(area.x, y, area.width, &" ".repeat(area.width.into()), style);
        }
    }
    let (sign, word) = (sign(row, pen), word(row, now));
    let (x, room) = (area.x + 3, area.width.saturating_sub(3));
    pen.left(area.x + 1, area.y, 1, sign, style);
    let tended = matches!(Standing::of(row, now), Some(Standing::Acknowledged | Standing::Muted));
    if tended {
        pen.left(area.x + 2, area.y, 1, pen.glyphs.tended, pen.theme.dim);
    }
    let name = if alarm { style } else { name_style(row, now, pen) };
    if area.height == 1 {
        let word = short(row, &word, now, room);
        let wide = cells(width(&word)).min(room / 2);
        let name_room = room.saturating_sub(if wide > 0 { wide + 1 } else { 0 });
        pen.left(x, area.y, name_room, &fit_ends(&row.name, name_room.into(), pen.glyphs), name);
        pen.left((x + room).saturating_sub(wide), area.y, wide, &word, style);
        return;
    }
    pen.left(x, area.y, room, &fit_ends(&row.name, room.into(), pen.glyphs), name);
    pen.left(x, area.y + 1, room, &word, style);
    if area.height > 2 {
        let (text, dim) = (more(row), if alarm { style } else { pen.theme.dim });
        pen.left(x, area.y + 2, room, &text, dim);
    }
}

/// The worst that is wrong with it, and for how long; else how it is.
pub fn word(row: &Row, now: Moment) -> String {
    let rests = row.phase == Phase::Resting && row.last_seen.is_some();
    let age = aged_from(row, now).map(|from| slow_age(now.since(from)));
    match (words::by_weight(row).next(), age) {
        (Some(worst), Some(age)) if rests => format!("{}, {age} ago", worst.kind.word()),
        (Some(worst), age) => {
            let text = format!("{} {}", worst.kind.word(), age.unwrap_or_default());
            if worst.explained.is_some() { format!("({text})") } else { text }
        }
        (None, Some(age)) => format!("{} {age}", row.phase.word()),
        (None, _) if row.phase == Phase::Live => Health::Ok.word().into(),
        (None, _) => row.phase.word().into(),
    }
}

/// The word in one line with the name, which comes first: who is well has none, and a fault has its
/// age only where that takes nothing from the name.
fn short(row: &Row, word: &str, now: Moment, room: u16) -> String {
    if Standing::of(row, now).is_none() && row.phase == Phase::Live {
        return String::new();
    }
    if width(&row.name) + 1 + width(word) <= room.into() {
        return word.to_owned();
    }
    let worst = words::by_weight(row).next().map(|c| c.kind.word());
    worst.unwrap_or_else(|| row.phase.word()).to_owned()
}

/// What else is wrong, or why it does not run.
fn more(row: &Row) -> String {
    let others: Vec<&str> = words::by_weight(row).skip(1).map(|c| c.kind.word()).collect();
    if others.is_empty() { row.reason.to_string() } else { others.join(", ") }
}

fn sign(row: &Row, pen: &Pen) -> &'static str {
    match looks(row) {
        Health::Unknown => pen.glyphs.phase(row.phase),
        // What was well when it was last seen is not seen now.
        Health::Ok if row.phase == Phase::Resting => pen.glyphs.phase(row.phase),
        health => pen.glyphs.health(health),
    }
}

fn style(row: &Row, now: Moment, pen: &Pen) -> Style {
    let plain = pen.theme.health(looks(row)).remove_modifier(Modifier::UNDERLINED);
    match Standing::of(row, now) {
        Some(Standing::Critical) => plain.add_modifier(Modifier::REVERSED),
        Some(Standing::Muted | Standing::Explained) => pen.theme.dim,
        Some(Standing::Acknowledged) => pen.theme.text,
        Some(Standing::Warning) => plain,
        None if row.phase == Phase::Live => pen.theme.ok,
        None => pen.theme.phase(row.phase),
    }
}

fn name_style(row: &Row, now: Moment, pen: &Pen) -> Style {
    match Standing::of(row, now) {
        Some(Standing::Warning) => pen.theme.title,
        Some(Standing::Acknowledged | Standing::Muted | Standing::Explained) => pen.theme.dim,
        _ if row.phase == Phase::Stopped => pen.theme.dim,
        _ => pen.theme.text,
    }
}
