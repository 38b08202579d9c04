//! The footer: the keys that work here, the filter being typed, the answer to a command.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::pen::{Pen, Piece, length};
use crate::console::keymap::{Bound, Does};
use crate::console::state::overlay::prompt::{Mistake, Prompt, PromptFor};
use crate::console::state::{Screen, State};
use crate::console::text::{cells, width};

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
            mistake_line(prompt, mistake, area, pen);
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
    let found = format!("{} of {}   ", state.list.order.len(), state.board.rows.len());
    let (found, keep, clear) = match prompt.purpose {
        PromptFor::Filter if prompt.mistake.is_some() => {
            ("last good query in force   ".into(), " keep  ", " clear")
        }
        PromptFor::Filter => (found, " keep  ", " clear"),
        PromptFor::ViewName => (String::new(), " save  ", " leave"),
    };
    let facts = [
        (found, theme.dim),
        ("enter".into(), theme.accent),
        (keep.into(), theme.dim),
        ("esc".into(), theme.accent),
        (clear.into(), theme.dim),
    ];
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

/// What is wrong, on the line above, from its place on; from the right where there is no room.
fn mistake_line(prompt: &Prompt, mistake: &Mistake, area: Rect, pen: &mut Pen) {
    let Some(y) = area.y.checked_sub(1) else { return };
    let style = pen.theme.warning;
    let line = Rect { y, height: 1, ..area };
    pen.wipe(line);
    pen.paint(line, pen.theme.bar);
    let (before, behind) = prompt.edit.halves();
    let sign = width(prompt.purpose.sign());
    let to = |text: &str, at: usize| text.get(..at).map_or_else(|| width(text), width);
    // The caret takes a cell of its own.
    let place = if mistake.at < before.len() {
        to(before, mistake.at)
    } else {
        width(before) + to(behind, mistake.at - before.len()) + usize::from(mistake.at > before.len())
    };
    let x = area.x.saturating_add(1).saturating_add(cells(sign + place)).min(area.right().saturating_sub(2));
    let wide = cells(width(&mistake.text));
    let room = area.right().saturating_sub(x + 3);
    // The place itself is marked too, for a text that needs the whole line.
    pen.paint(Rect { x, y: area.y, width: 1, height: 1 }, style.add_modifier(Modifier::REVERSED));
    if wide <= room {
        pen.left(x, y, 1, pen.glyphs.down, style);
        pen.left(x + 2, y, room, &mistake.text, style);
    } else if wide + 2 <= x {
        pen.left(x, y, 1, pen.glyphs.down, style);
        pen.left(x - wide - 1, y, wide, &mistake.text, style);
    } else {
        pen.left(area.x + 1, y, area.width.saturating_sub(2), &mistake.text, style);
    }
}
