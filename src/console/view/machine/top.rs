//! The workers that take most: by processor, by memory, by open files.

use ratatui::layout::Rect;

use super::super::pen::{Pen, Piece, length};
use crate::console::keymap::Does;
use crate::console::pages::Section;
use crate::console::state::State;
use crate::console::state::tops::TopBy;
use crate::console::text::{bytes, cells, percent, width};
use crate::model::{Row, Usage};

/// A list beside others needs this many cells.
const NARROWEST: u16 = 38;
/// Cells of the three figures.
const FIGURES: [u16; 3] = [7, 7, 6];

/// Draws one list, or all three where they have room: beside each other, or below.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    let count = cells(TopBy::ALL.len());
    if area.width >= NARROWEST * count {
        let wide = area.width / count;
        for (by, n) in TopBy::ALL.into_iter().zip(0..) {
            list(state, by, Rect { x: area.x + n * wide, width: wide - 1, ..area }, pen);
        }
    } else if area.height >= 24 {
        let high = area.height / count;
        for (by, n) in TopBy::ALL.into_iter().zip(0..) {
            list(state, by, Rect { y: area.y + n * high, height: high, ..area }, pen);
        }
    } else {
        list(state, state.tops.by, area, pen);
    }
}

fn figure(by: TopBy, usage: Usage) -> String {
    match by {
        TopBy::Cpu => percent(usage.cpu_percent),
        TopBy::Memory => bytes(usage.memory_bytes),
        TopBy::Files => usage.open_files.to_string(),
    }
}

const fn name(by: TopBy) -> &'static str {
    match by {
        TopBy::Cpu => "cpu",
        TopBy::Memory => "mem",
        TopBy::Files => "files",
    }
}

/// The figures of a list with their cells, that it is ordered by first, and their cells together. On
/// a narrow screen the others give way, the name does not.
fn shown_figures(by: TopBy, wide: u16) -> (Vec<(TopBy, u16)>, u16) {
    let all = [by].into_iter().chain(TopBy::ALL.into_iter().filter(|other| *other != by));
    let keep = if wide >= 45 { FIGURES.len() } else { 1 };
    let figures: Vec<(TopBy, u16)> = all.zip(FIGURES).take(keep).collect();
    let wide = figures.iter().map(|(_, wide)| wide).sum();
    (figures, wide)
}

fn list(state: &State, by: TopBy, area: Rect, pen: &mut Pen) {
    if area.height < 2 {
        return;
    }
    let theme = pen.theme;
    // The cursor is in one of them.
    let here = state.tops.by == by;
    let active = here && state.pages.section != Section::Notices;
    let mut title: Vec<Piece> =
        vec![(format!("most {}", by.words()), if active { theme.accent } else { theme.heading })];
    if here {
        let keys = [Does::TopOrder, Does::Open].map(|does| state.keymap.key_for(does));
        title.push((format!("  {} order  {} open", keys[0], keys[1]), theme.dim));
    }
    pen.rule(area.x, area.y, area.width, &title, &[]);
    let used = cells(length(&title)) + 4;
    let (figures, wide) = shown_figures(by, area.width);
    if used + wide <= area.width {
        let mut x = area.right() - wide;
        for (figure, wide) in figures {
            pen.right(x, area.y, wide, &format!(" {}", name(figure)), theme.heading);
            x += wide;
        }
    }
    let list = state.tops.list(by);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if list.is_empty() {
        let text = "no worker has been measured yet";
        pen.left(body.x + 1, body.y, body.width, text, theme.dim);
        return;
    }
    let selected = state.tops.selected().filter(|_| here);
    let at = list.iter().position(|ix| Some(*ix) == selected).unwrap_or(0);
    let first = (at + 1).saturating_sub(body.height.into());
    for (ix, y) in list.iter().skip(first).zip(body.y..body.bottom()) {
        let Some((row, usage)) = state.row(*ix).and_then(|row| Some((row, row.usage?))) else { continue };
        let line = Rect { y, height: 1, ..body };
        worker(row, usage, by, line, pen);
        if selected == Some(*ix) {
            pen.left(line.x, y, 1, pen.glyphs.cursor, theme.accent);
            pen.paint(line, theme.selection);
        }
    }
}

fn worker(row: &Row, usage: Usage, by: TopBy, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let (figures, wide) = shown_figures(by, area.width);
    let name_room = area.width.saturating_sub(wide + 2);
    let used = pen.left(area.x + 1, area.y, name_room, &row.name, theme.text);
    let id = format!("  {}", row.id);
    if usize::from(used) + width(&id) <= name_room.into() {
        pen.left(area.x + 1 + used, area.y, name_room - used, &id, theme.faint);
    }
    let mut x = area.right().saturating_sub(wide);
    for (n, (by, wide)) in figures.into_iter().enumerate() {
        let style = if n == 0 { theme.text } else { theme.dim };
        pen.right(x, area.y, wide, &figure(by, usage), style);
        x += wide;
    }
}
