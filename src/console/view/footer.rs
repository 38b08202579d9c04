//! The footer: the keys that work here, the filter being typed, the answer to a command.

use ratatui::layout::Rect;

use super::pen::{Pen, Piece, length};
use crate::console::state::footer::Hint;
use crate::console::state::overlay::prompt::{Prompt, PromptFor};
use crate::console::state::{State, Toast};
use crate::console::text::{cells, width};
use crate::model::Health;

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
        let wide = state.toast_width();
        pen.pieces(area.right().saturating_sub(wide + 1), area.y, wide, &[said(toast, pen)]);
    }
    for (x, Hint { key, word, .. }) in state.hints() {
        let room = area.width.saturating_sub(x + 1);
        pen.pieces(area.x + x, area.y, room, &hint(key, word, pen));
    }
}

fn said(toast: &Toast, pen: &Pen) -> Piece {
    let style = if toast.bad { pen.theme.warning } else { pen.theme.accent };
    let sign = if toast.bad { pen.glyphs.health(Health::Warning) } else { pen.glyphs.dot };
    (format!("{sign} {}", toast.text), style)
}

/// What is said and has no place in the footer stands above it, at the right.
pub fn toasts(state: &State, body: Rect, pen: &mut Pen) {
    // Something else has the footer.
    let in_footer = usize::from(state.overlay.is_none() && state.toast.is_some());
    let toasts: Vec<&Toast> = state.toasts().collect();
    let above = &toasts[..toasts.len() - in_footer];
    for (toast, y) in above.iter().rev().zip((body.y..body.bottom()).rev()) {
        let piece = said(toast, pen);
        let wide = cells(width(&piece.0)).min(body.width.saturating_sub(4));
        let place = Rect { x: body.right() - wide - 2, y, width: wide + 2, height: 1 };
        pen.wipe(place);
        pen.paint(place, pen.theme.bar);
        pen.pieces(place.x + 1, y, wide, &[piece]);
    }
}

fn hint(key: String, word: &str, pen: &Pen) -> [Piece; 2] {
    [(key, pen.theme.accent), (format!(" {word}  "), pen.theme.dim)]
}

/// The line being typed, and beside it what it finds, or what is wrong with it.
fn prompt_line(state: &State, prompt: &Prompt, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let found = match prompt.purpose {
        PromptFor::Filter => format!("{} of {}   ", state.list.order.len(), state.board.rows.len()),
        PromptFor::HelpFind => String::new(),
    };
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
