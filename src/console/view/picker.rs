//! A list to choose from, in front of the screen.

use ratatui::layout::Rect;

use super::dialog::border;
use super::pen::Pen;
use crate::console::state::overlay::picker::Picker;
use crate::console::text::{cells, width};

/// The widest a list gets.
const WIDEST: u16 = 90;
/// The most lines it shows at a time.
const HIGHEST: u16 = 20;
/// Cells for the key at the right.
const KEY: u16 = 12;

/// Draws the list at the top of `area`.
pub fn draw(picker: &Picker, area: Rect, pen: &mut Pen) {
    let wide = WIDEST.min(area.width.saturating_sub(2));
    let rows = cells(picker.items.len()).clamp(1, HIGHEST).min(area.height.saturating_sub(3));
    if wide < 10 || rows == 0 {
        return;
    }
    let frame = Rect { x: area.x + (area.width - wide) / 2, y: area.y, width: wide, height: rows + 3 };
    pen.wipe(frame);
    border(frame, pen);
    let (x, room) = (frame.x + 2, wide - 4);
    typed(picker, x, frame.y + 1, room, pen);
    let first = (picker.selected + 1).saturating_sub(rows.into());
    for (n, y) in (first..picker.shown.len()).zip(frame.y + 2..frame.bottom() - 1) {
        line(picker, n, x, y, room, pen);
    }
    if picker.shown.is_empty() {
        pen.left(x + 2, frame.y + 2, room, "nothing matches", pen.theme.dim);
    }
}

fn typed(picker: &Picker, x: u16, y: u16, room: u16, pen: &mut Pen) {
    let count = format!("{} of {}", picker.shown.len(), picker.items.len());
    let wide = cells(width(&count));
    pen.right(x, y, room, &count, pen.theme.dim);
    let (before, behind) = picker.edit.halves();
    let pieces = [
        (format!("{}: ", picker.title), pen.theme.heading),
        (before.to_owned(), pen.theme.title),
        (pen.glyphs.caret.to_owned(), pen.theme.accent),
        (behind.to_owned(), pen.theme.title),
    ];
    pen.pieces(x, y, room.saturating_sub(wide + 1), &pieces);
}

fn line(picker: &Picker, n: usize, x: u16, y: u16, room: u16, pen: &mut Pen) {
    let Some(item) = picker.shown.get(n).and_then(|at| picker.items.get(*at)) else {
        return;
    };
    let label = cells(width(&item.label)).clamp(18, 28).min(room);
    let key = cells(width(&item.key)).min(KEY);
    pen.left(x + 1, y, label.min(room - 1), &item.label, pen.theme.text);
    let note_room = room.saturating_sub(label + key + 4);
    pen.left(x + label + 2, y, note_room, &item.note, pen.theme.dim);
    pen.right(x, y, room, &item.key, pen.theme.accent);
    if n == picker.selected {
        pen.left(x, y, 1, pen.glyphs.cursor, pen.theme.accent);
        pen.paint(Rect::new(x, y, room, 1), pen.theme.selection);
    }
}
