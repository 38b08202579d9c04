//! The notices, all of them.

use ratatui::layout::Rect;

use super::super::header::severity;
use super::super::pen::{Pen, Piece};
use crate::console::glyphs::Glyphs;
use crate::console::keymap::Does;
use crate::console::pages::Section;
use crate::console::state::State;
use crate::console::text::{width, wrap_after};
use crate::model::{Notice, Severity, coarse_age};

/// How many lines all of them take.
pub fn count(state: &State, wide: u16, glyphs: &Glyphs) -> usize {
    let lines = |notice: &Notice| {
        let word = if notice.severity == Severity::Critical { "critical" } else { "warning" };
        let age = coarse_age(state.seen_at().since(notice.since));
        wrap_after(word.len() + age.len() + 5, &notice.text, wide.saturating_sub(2).into(), glyphs).len()
    };
    state.board.notices.iter().map(lines).sum()
}

/// Lists them, from the one that was scrolled to, as far as they fit.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    let all = &state.board.notices;
    let room = area.width.saturating_sub(2);
    if all.is_empty() {
        pen.left(area.x + 1, area.y, room, "nothing to say", pen.theme.dim);
    }
    let first = state.pages.notices_top.min(all.len().saturating_sub(1));
    let mut lines: Vec<(usize, Piece, Piece)> = Vec::new();
    for (n, notice) in all.iter().enumerate().skip(first) {
        let (sign, word) = severity(notice.severity, pen);
        let head = format!("{sign} {word} {}  ", coarse_age(state.seen_at().since(notice.since)));
        let style = pen.theme.severity(notice.severity);
        let mut head = (head, style);
        for text in wrap_after(width(&head.0), &notice.text, room.into(), pen.glyphs) {
            lines.push((n, std::mem::replace(&mut head, (String::new(), style)), (text, style)));
        }
    }
    let height = usize::from(area.height);
    let fit = lines.len() <= height;
    // The last line is for how many more there are.
    let shown = if fit { height } else { height.saturating_sub(1) };
    for ((_, head, text), y) in lines.iter().take(shown).zip(area.y..) {
        pen.pieces(area.x + 1, y, room, &[head.clone(), text.clone()]);
    }
    if let Some((next, ..)) = lines.get(shown).filter(|_| !fit && height > 0) {
        let key = |does| state.keymap.key_for(does);
        let how = if state.pages.section == Section::Notices {
            format!("{} and {} scroll", key(Does::Up), key(Does::Down))
        } else {
            key(Does::Part)
        };
        let text = format!("+{} more: {how}", all.len() - next);
        pen.left(area.x + 1, area.bottom() - 1, room, &text, pen.theme.dim);
    }
}
