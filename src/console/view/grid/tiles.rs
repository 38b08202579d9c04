//! The grid as tiles: as many streams as possible, each in a few cells.

use ratatui::layout::Rect;

use super::super::pen::{Pen, Piece};
use super::super::words;
use super::cell::name_style;
use super::groups;
use crate::console::state::State;
use crate::console::state::list::{Entry, Group};
use crate::console::text::{cells, fit, short_name, width};
use crate::model::{Health, Phase, Row};

/// A name is not cut shorter than this for the sake of what is wrong, as long as there is room.
const LEAST_NAME: u16 = 8;

/// Draws the tiles.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    let (across, wide) = state.tiles();
    let cursor = state.list.position();
    let visible = state.list.visible(area.height.into());
    for (n, entry) in visible.iter().enumerate() {
        let (line, beside) = (cells(n / across), cells(n % across));
        // The last cell stays free, so that two tiles can be told apart.
        let tile =
            Rect { x: area.x + beside * wide, y: area.y + line, width: wide.saturating_sub(1), height: 1 };
        match entry {
            Entry::Stream(ix) => {
                if let Some(row) = state.row(*ix) {
                    stream(state, row, tile, pen);
                }
            }
            Entry::Group(number) => {
                if let Some(group) = state.list.groups().get(*number) {
                    header(group, tile, pen);
                }
            }
        }
        super::mark(state, *entry, cursor == Some(state.list.top + n), tile, pen);
    }
}

fn stream(state: &State, row: &Row, tile: Rect, pen: &mut Pen) {
    let (health, theme) = (row.health(), pen.theme);
    let ill = matches!(health, Health::Warning | Health::Critical);
    let (sign, style) = if ill {
        (pen.glyphs.health(health), theme.health(health))
    } else {
        (pen.glyphs.phase(row.phase), theme.phase(row.phase))
    };
    pen.left(tile.x + 1, tile.y, 1, sign, style);
    let (x, room) = (tile.x + 3, tile.width.saturating_sub(3));
    let word = words::by_weight(row).next().map_or_else(
        || if row.phase == Phase::Live { "" } else { row.phase.word() },
        |condition| condition.kind.word(),
    );
    let word_room = cells(width(word)).min(room.saturating_sub(LEAST_NAME + 1));
    let name_room = if word_room == 0 { room } else { room.saturating_sub(word_room + 1) };
    let name = short_name(&row.name, name_room.into(), pen.glyphs);
    pen.left(x, tile.y, name_room, &name, name_style(state, row, pen));
    pen.right(x, tile.y, room, &fit(word, word_room.into(), pen.glyphs), style);
}

fn header(group: &Group, tile: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    pen.left(tile.x + 1, tile.y, 1, groups::sign(group, pen), theme.accent);
    let room = tile.width.saturating_sub(3);
    let count = (format!(" {}  ", group.tally.count), theme.dim);
    let worst = groups::healths(group, pen).into_iter().next();
    let behind: Vec<Piece> = [count].into_iter().chain(worst).collect();
    let name_room = room.saturating_sub(cells(super::super::pen::length(&behind)));
    let name = fit(groups::name(group), name_room.into(), pen.glyphs).into_owned();
    let pieces: Vec<Piece> = [(name, theme.title)].into_iter().chain(behind).collect();
    pen.pieces(tile.x + 3, tile.y, room, &pieces);
}
