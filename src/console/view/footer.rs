//! The footer: the keys that work here, the filter being typed, the answer to a command.

use ratatui::layout::Rect;

use super::pen::{Pen, Piece, length};
use crate::console::state::State;
use crate::console::state::footer::Hint;
use crate::console::state::overlay::prompt::Prompt;
use crate::console::text::cells;

/// Draws the footer.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    pen.paint(area, pen.theme.bar);
    if state.question().is_some() {
        let keys = [("y", "yes"), ("n", "no")].map(|(key, word)| hint(key.into(), word, pen));
        pen.pieces(area.x + 1, area.y, area.width.saturating_sub(2), &keys.concat());
        return;
    }
    if let Some(prompt) = state.prompt() {
        prompt_line(state, prompt, area, pen);
        return;
    }
    if let Some(toast) = &state.toast {
        let style = if toast.bad { pen.theme.warning } else { pen.theme.accent };
        let sign = if toast.bad { pen.glyphs.health(crate::model::Health::Warning) } else { pen.glyphs.dot };
        let wide = state.toast_width();
        let text = format!("{sign} {}", toast.text);
        pen.left(area.right().saturating_sub(wide + 1), area.y, wide, &text, style);
    }
    for (x, Hint { key, word, .. }) in state.hints() {
        let room = area.width.saturating_sub(x + 1);
        pen.pieces(area.x + x, area.y, room, &hint(key, word, pen));
    }
}

fn hint(key: String, word: &str, pen: &Pen) -> [Piece; 2] {
    [(key, pen.theme.accent), (format!(" {word}  "), pen.theme.dim)]
}

/// The line being typed, and beside it what it finds, or what is wrong with it.
fn prompt_line(state: &State, prompt: &Prompt, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let found = format!("{} of {}   ", state.list.order.len(), state.board.rows.len());
    let facts = match &prompt.mistake {
        Some(mistake) => vec![(mistake.text.clone(), theme.warning)],
        None => vec![
            (found, theme.dim),
            ("enter".into(), theme.accent),
            (" keep  ".into(), theme.dim),
            ("esc".into(), theme.accent),
            (" clear".into(), theme.dim),
        ],
    };
    let wide = cells(length(&facts)).min(area.width / 2);
    pen.pieces(area.right().saturating_sub(wide + 1), area.y, wide, &facts);
    let (before, behind) = prompt.edit.halves();
    let typed = [
        (prompt.purpose.sign().into(), theme.accent),
        (before.to_owned(), theme.title),
        (pen.glyphs.caret.into(), theme.accent),
        (behind.to_owned(), theme.title),
    ];
    pen.pieces(area.x + 1, area.y, area.width.saturating_sub(wide + 3), &typed);
}
