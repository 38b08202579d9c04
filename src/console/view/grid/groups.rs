//! The line of a group: what it is called, and what its streams add up to.

use ratatui::layout::Rect;

use super::super::pen::{Pen, Piece};
use crate::console::state::list::Group;
use crate::console::text::{bitrate, counted, width};
use crate::model::{Health, Severity};

/// Names are given this many cells, so that what follows stands in columns.
const NAME: usize = 16;
/// Below this nothing stands in columns.
const NARROW: u16 = 60;

/// What a group is called.
pub fn name(group: &Group) -> &str {
    if group.name.trim().is_empty() { "(no group)" } else { &group.name }
}

/// The sign that says whether a group is folded.
pub const fn sign(group: &Group, pen: &Pen) -> &'static str {
    if group.folded { pen.glyphs.folded } else { pen.glyphs.unfolded }
}

/// How many are in each health, those that are not well first.
pub fn healths(group: &Group, pen: &Pen) -> Vec<Piece> {
    let present = Health::ALL.into_iter().rev().filter(|health| group.tally.with_health(*health) > 0);
    let piece = |health: Health| {
        let count = group.tally.with_health(health);
        (format!("{} {count}  ", pen.glyphs.health(health)), pen.theme.health(health))
    };
    present.map(piece).collect()
}

/// Draws a group's line, or two.
pub fn draw(group: &Group, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    pen.left(area.x + 1, area.y, 1, sign(group, pen), theme.accent);
    let name = name(group);
    let count = group.tally.count as usize;
    let mut pieces: Vec<Piece> = if area.width < NARROW {
        vec![(name.to_owned(), theme.title), (format!(" {count}  "), theme.dim)]
    } else {
        let gap = " ".repeat(NAME.saturating_sub(width(name)) + 2);
        let count = format!("{gap}{:<13}", counted(count, "stream"));
        vec![(name.to_owned(), theme.title), (count, theme.dim)]
    };
    if group.selected > 0 {
        pieces.push((format!("{} selected  ", group.selected), theme.accent));
    }
    pieces.extend(healths(group, pen));
    if let Some((severity, kind, count)) = group.tally.worst() {
        let of = if count > 1 { format!(" x{count}") } else { String::new() };
        let health = if severity == Severity::Critical { Health::Critical } else { Health::Warning };
        pieces.push((format!("{}{of}  ", kind.word()), theme.health(health)));
    }
    if let Some(kbps) = group.tally.kbps() {
        pieces.push((bitrate(Some(kbps)), theme.dim));
    }
    pen.pieces(area.x + 3, area.y, area.width.saturating_sub(4), &pieces);
    if area.height > 1 {
        let room = area.width.saturating_sub(4);
        pen.left(area.x + 3, area.y + 1, room, &pen.glyphs.line.repeat(room.into()), theme.faint);
    }
}
