//! The footer: the keys that work here, the filter being typed, the answer to a command.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::pen::{Pen, Piece, length};
use crate::console::keymap::{Bound, Does};
use crate::console::state::overlay::prompt::{Mistake, Prompt, PromptFor};
use crate::console::state::{Screen, State};
use crate::console::text::{cells, keep_lines, width, wrap};

/// What is wrong with a line is told in at most so many lines.
const MISTAKE_LINES: usize = 3;

/// Draws the footer.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    pen.paint(area, pen.theme.bar);
    let mut room = area.width.saturating_sub(2);
    if state.question().is_some() {
        let keys = [("y", "yes"), ("n", "no")].map(|(key, word)| hint(key.into(), word, pen));
        pen.pieces(area.x + 1, area.y, room, &keys.concat());
        return;
    }
    if let Some(prompt) = state.prompt() {
        prompt_line(state, prompt, area, pen);
        if let Some(mistake) = &prompt.mistake {
            mistake_lines(prompt, mistake, area, pen);
        }
        return;
    }
    if let Some(toast) = &state.toast {
        let style = if toast.bad { pen.theme.warning } else { pen.theme.accent };
        let sign = if toast.bad { pen.glyphs.health(crate::model::Health::Warning) } else { pen.glyphs.dot };
        let text = format!("{sign} {}", toast.text);
        // At least help and quit keep their place.
        let wide = cells(width(&text)).min(room.saturating_sub(17));
        pen.left(area.right().saturating_sub(wide + 1), area.y, wide, &text, style);
        room = room.saturating_sub(wide + 2);
    }
    pen.pieces(area.x + 1, area.y, room, &keys(state, room.into(), pen));
}

/// The keys that work here, as many as fit; help and quit are always among them.
fn keys(state: &State, room: usize, pen: &Pen) -> Vec<Piece> {
    let place = state.screen().place();
    let useful = |bound: &&Bound| {
        let b = bound.binding;
        !b.short.is_empty()
            && !bound.keys.is_empty()
            // Only a rollout that has stopped can go on or back.
            && (!matches!(b.does, Does::RolloutContinue | Does::RolloutBack) || state.rollout().is_some())
            // In the grid there is nothing to go back from but a filter.
            && (b.does != Does::Back
                || state.screen() != Screen::Grid
                || state.list.is_filtered()
                || !state.chosen.is_empty())
    };
    let (always, others): (Vec<&Bound>, Vec<&Bound>) = state
        .keymap
        .at(place)
        .filter(useful)
        .partition(|b| matches!(b.binding.does, Does::Help | Does::Quit));
    let piece = |b: &Bound| hint(b.keys.first().map(|k| k.name()).unwrap_or_default(), b.binding.short, pen);
    let mut tail: Vec<Piece> = always.into_iter().flat_map(piece).collect();
    let mut pieces: Vec<Piece> = Vec::new();
    for binding in others {
        let next = piece(binding);
        if length(&pieces) + length(&next) + length(&tail) > room {
            break;
        }
        pieces.extend(next);
    }
    pieces.append(&mut tail);
    pieces
}

fn hint(key: String, word: &str, pen: &Pen) -> [Piece; 2] {
    [(key, pen.theme.accent), (format!(" {word}  "), pen.theme.dim)]
}

/// The line being typed, and beside it what it finds, or what is wrong with it.
fn prompt_line(state: &State, prompt: &Prompt, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let key = |key: &str, word: &str| [(key.to_owned(), theme.accent), (format!(" {word}  "), theme.dim)];
    // On a narrow screen the header alone says how many there are.
    let roomy = area.width >= 60;
    let found = (format!("{} of {}   ", state.list.order.len(), state.board.rows.len()), theme.dim);
    let found = Some(found).filter(|_| roomy);
    let mut facts: Vec<Piece> = Vec::new();
    match prompt.purpose {
        // With a mistake there is nothing to keep.
        PromptFor::Filter if prompt.mistake.is_some() => facts.extend(found),
        PromptFor::Filter => facts.extend(found.into_iter().chain(key("enter", "keep"))),
        PromptFor::ViewName => facts.extend(key("enter", "save")),
    }
    let leave = if prompt.purpose == PromptFor::Filter { "clear" } else { "leave" };
    facts.extend(key("esc", leave));
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

/// What is wrong, above the line: at its place, or where there is room.
fn mistake_lines(prompt: &Prompt, mistake: &Mistake, area: Rect, pen: &mut Pen) {
    let style = pen.theme.warning;
    let x = place(prompt, mistake.at).saturating_add(area.x).min(area.right().saturating_sub(2));
    // The place itself is marked too, for a text that needs the whole line.
    pen.paint(Rect { x, y: area.y, width: 1, height: 1 }, style.add_modifier(Modifier::REVERSED));
    let mut lines = wrap(&mistake.text, area.width.saturating_sub(2).into(), pen.glyphs);
    keep_lines(&mut lines, MISTAKE_LINES);
    let high = cells(lines.len()).min(area.y);
    let above = Rect { y: area.y - high, height: high, ..area };
    pen.wipe(above);
    pen.paint(above, pen.theme.bar);
    let wide = cells(width(&mistake.text));
    let (y, behind) = (above.y, area.right().saturating_sub(x + 3));
    if high > 1 || wide > behind.max(x.saturating_sub(2)) {
        for (line, y) in lines.iter().zip(above.y..above.bottom()) {
            pen.left(area.x + 1, y, area.width.saturating_sub(2), line, style);
        }
    } else if high == 1 {
        pen.left(x, y, 1, pen.glyphs.down, style);
        let at = if wide <= behind { x + 2 } else { x - wide - 1 };
        pen.left(at, y, wide, &mistake.text, style);
    }
}

/// Where the byte `at` of a line stands, from the left edge.
fn place(prompt: &Prompt, at: usize) -> u16 {
    let (before, behind) = prompt.edit.halves();
    let to = |text: &str, at: usize| text.get(..at).map_or_else(|| width(text), width);
    // The caret takes a cell of its own.
    let caret = usize::from(at > before.len());
    let place = to(before, at.min(before.len())) + to(behind, at.saturating_sub(before.len())) + caret;
    cells(width(prompt.purpose.sign()) + place).saturating_add(1)
}
