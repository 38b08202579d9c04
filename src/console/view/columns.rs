//! The list in which columns are chosen, moved and sized, at the right of the screen: the grid can
//! be seen beside it.

use ratatui::layout::Rect;

use super::dialog::border;
use super::pen::Pen;
use crate::console::state::State;
use crate::console::state::overlay::columns::ColumnList;
use crate::console::text::cells;

/// The widest the list gets.
const WIDEST: u16 = 64;
/// On a narrow screen it is as narrow as this.
const NARROWEST: u16 = 38;
/// What the keys do, in two lines.
const KEYS: [&[(&str, &str)]; 2] = [
    &[("space", "show"), ("J/K", "move"), ("+/-", "width")],
    &[("0", "auto width"), ("r", "reset"), ("esc", "done")],
];

/// Draws the list.
pub fn draw(state: &State, list: &ColumnList, area: Rect, pen: &mut Pen) {
    let wide = WIDEST.min((area.width / 2).max(NARROWEST)).min(area.width);
    let lines = cells(list.columns.len()).min(area.height.saturating_sub(5));
    if lines == 0 {
        return;
    }
    let frame = Rect { x: area.right() - wide, y: area.y, width: wide, height: lines + 5 };
    pen.wipe(frame);
    border(frame, pen);
    let (x, room) = (frame.x + 2, wide - 4);
    let title = if list.automatic { "columns: as suits the screen" } else { "columns: as you chose" };
    pen.left(x, frame.y + 1, room, title, pen.theme.heading);
    let first = (list.selected + 1).saturating_sub(lines.into());
    let placed = state.columns();
    for (n, y) in (first..list.columns.len()).zip(frame.y + 2..frame.y + 2 + lines) {
        let Some((choice, shown)) = list.columns.get(n) else { break };
        let style = if *shown { pen.theme.text } else { pen.theme.faint };
        pen.left(x + 1, y, 3, if *shown { "[x]" } else { "[ ]" }, style);
        pen.left(x + 5, y, 9, choice.column.word(), style);
        let on_screen = placed.iter().find(|placed| placed.column == choice.column);
        let width = match (choice.width, on_screen) {
            (Some(width), Some(_)) => width.to_string(),
            (None, Some(placed)) => format!("auto {}", placed.width),
            _ if *shown => "no room".to_owned(),
            _ => String::new(),
        };
        pen.left(x + 15, y, 8, &width, pen.theme.dim);
        pen.left(x + 24, y, room.saturating_sub(24), choice.column.help(), pen.theme.faint);
        if n == list.selected {
            pen.left(x, y, 1, pen.glyphs.cursor, pen.theme.accent);
            pen.paint(Rect::new(x, y, room, 1), pen.theme.selection);
        }
    }
    for (keys, y) in KEYS.iter().zip(frame.bottom() - 3..) {
        let piece = |(key, word): &(&str, &str)| {
            [((*key).to_owned(), pen.theme.accent), (format!(" {word}  "), pen.theme.dim)]
        };
        let pieces: Vec<_> = keys.iter().flat_map(piece).collect();
        pen.pieces(x, y, room, &pieces);
    }
}
