//! A list to choose from, in front of the screen.

use ratatui::layout::Rect;

use super::dialog::border;
use super::footer::{cut_sign, keep_caret};
use super::pen::Pen;
use crate::console::layout;
use crate::console::state::overlay::picker::Picker;
use crate::console::text::{cells, width};

/// Cells for the key at the right.
const KEY: u16 = 12;
/// The least and the most cells for what an item is called.
const LABEL: (u16, u16) = (18, 28);

/// Draws the list at the top of `area`.
pub fn draw(picker: &Picker, area: Rect, pen: &mut Pen) {
    let Some((frame, list)) = layout::picker(area, picker.items.len()) else { return };
    pen.wipe(frame);
    border(frame, pen);
    typed(picker, list.x, frame.y + 1, list.width, pen);
    let labels = picker.items.iter().map(|item| cells(width(&item.label))).max().unwrap_or(0);
    let label = labels.clamp(LABEL.0, LABEL.1).min(list.width * 2 / 3);
    let first = layout::first_seen(picker.selected, list.height);
    for (n, y) in (first..picker.shown.len()).zip(list.top()..list.bottom()) {
        line(picker, n, label, Rect { y, height: 1, ..list }, pen);
    }
    if picker.shown.is_empty() {
        pen.left(list.x + 2, list.y, list.width, "nothing matches", pen.theme.dim);
    }
}

fn typed(picker: &Picker, x: u16, y: u16, room: u16, pen: &mut Pen) {
    let (count, style) = if picker.edit.is_cut() {
        (cut_sign(pen), pen.theme.warning)
    } else {
        (format!("{} of {}", picker.shown.len(), picker.items.len()), pen.theme.dim)
    };
    let wide = cells(width(&count));
    pen.right(x, y, room, &count, style);
    let (before, behind) = picker.edit.halves();
    let mut typed = vec![
        (before.to_owned(), pen.theme.title),
        (pen.glyphs.caret.to_owned(), pen.theme.accent),
        (behind.to_owned(), pen.theme.title),
    ];
    let title = format!("{}: ", picker.title);
    let room = room.saturating_sub(wide + 1);
    keep_caret(&mut typed, usize::from(room).saturating_sub(width(&title)), pen);
    typed.insert(0, (title, pen.theme.heading));
    pen.pieces(x, y, room, &typed);
}

fn line(picker: &Picker, n: usize, label: u16, place: Rect, pen: &mut Pen) {
    let Some(item) = picker.shown.get(n).and_then(|at| picker.items.get(*at)) else {
        return;
    };
    let Rect { x, y, width: room, .. } = place;
    let key = cells(width(&item.key)).min(KEY);
    pen.left(x + 1, y, label.min(room - 1), &item.label, pen.theme.text);
    let note_room = room.saturating_sub(label + key + 4);
    pen.left(x + label + 2, y, note_room, &item.note, pen.theme.dim);
    pen.right(x, y, room, &item.key, pen.theme.accent);
    if n == picker.selected {
        pen.left(x, y, 1, pen.glyphs.cursor, pen.theme.accent);
        pen.paint(place, pen.theme.selection);
    }
}
