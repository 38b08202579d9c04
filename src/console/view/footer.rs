//! The footer: the keys that work here, the filter being typed, the answer to a command.

use ratatui::layout::Rect;

use super::pen::{Pen, Piece, length};
use crate::console::keymap::{Bound, Does, Places, acts};
use crate::console::state::overlay::prompt::{Prompt, PromptFor};
use crate::console::state::{Screen, State};
use crate::console::text::{cells, width};
use crate::model::MAX_NOTE;

/// With less room than this a sign stands for "to look at".
const LEAST_WORDS: usize = 56;

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
            && (b.does != Does::Back || state.screen() != Screen::Grid || state.list.is_filtered())
            // Nothing can be done to what was.
            && !(state.is_frozen() && acts(b.does))
    };
    let look = state.penalty.tally.open() > 0;
    let kept = |b: &Bound| match b.binding.does {
        Does::Help | Does::Quit => true,
        Does::PenaltyBox => look,
        _ => false,
    };
    let stepping = if state.is_frozen() { Places::FROZEN } else { Places::NOWHERE };
    let here = state.keymap.at(stepping).chain(state.keymap.at(place));
    let (mut always, mut others): (Vec<&Bound>, Vec<&Bound>) = here.filter(useful).partition(|b| kept(b));
    if state.screen() == Screen::Penalty {
        // What the box is for.
        others.sort_by_key(|b| !matches!(b.binding.does, Does::Acknowledge | Does::Mute | Does::Note));
    }
    // What there is to look at stands at one place on every screen.
    always.sort_by_key(|b| b.binding.does != Does::PenaltyBox);
    let piece = |b: &Bound| match b.binding.does {
        Does::PenaltyBox => to_look_at(state, b, room < LEAST_WORDS, pen),
        _ => hint(b.keys.first().map(|k| k.name()).unwrap_or_default(), b.binding.short, pen),
    };
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

/// How many streams are to be looked at, with the key that shows them.
fn to_look_at(state: &State, bound: &Bound, short: bool, pen: &Pen) -> [Piece; 2] {
    let key = bound.keys.first().map(|key| key.name()).unwrap_or_default();
    let tally = state.penalty.tally;
    let style = if tally.open() > 0 { pen.theme.health(tally.worst()) } else { pen.theme.dim };
    let words = if short {
        format!(" {} {}  ", pen.glyphs.health(tally.worst()), tally.open())
    } else {
        format!(" {} {}  ", tally.open(), bound.binding.short)
    };
    [(key, pen.theme.accent), (words, style)]
}

/// The line being typed, and beside it what it finds, or what is wrong with it.
fn prompt_line(state: &State, prompt: &Prompt, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let (found, drop) = match prompt.purpose {
        PromptFor::Filter => {
            (format!("{} of {}   ", state.list.order.len(), state.board.rows.len()), " clear")
        }
        PromptFor::Note => {
            (format!("{} of {MAX_NOTE}   ", prompt.edit.text().trim().chars().count()), " drop")
        }
        PromptFor::Mute => (String::new(), " drop"),
    };
    let mut facts = match &prompt.mistake {
        Some(mistake) => vec![(mistake.text.clone(), theme.warning)],
        None => vec![
            (found, theme.dim),
            ("enter".into(), theme.accent),
            (" keep  ".into(), theme.dim),
            ("esc".into(), theme.accent),
            (drop.into(), theme.dim),
        ],
    };
    if length(&facts) > usize::from(area.width / 2) {
        facts.truncate(1);
    }
    let wide = cells(length(&facts)).min(area.width / 2);
    pen.pieces(area.right().saturating_sub(wide + 1), area.y, wide, &facts);
    let room = area.width.saturating_sub(wide + 3);
    let (before, behind) = prompt.edit.halves();
    let sign = sign(state, prompt.purpose, room);
    let typed = [
        (sign.clone(), theme.accent),
        // Where it does not fit, its begin is what nobody looks at.
        (end_of(before, usize::from(room).saturating_sub(width(&sign) + 1)).to_owned(), theme.title),
        (pen.glyphs.caret.into(), theme.accent),
        (behind.to_owned(), theme.title),
    ];
    pen.pieces(area.x + 1, area.y, room, &typed);
}

/// What stands before the line: for what it is, and for whom, where there is room for that.
fn sign(state: &State, purpose: PromptFor, room: u16) -> String {
    let whole = state.aimed_at().and_then(|whom| match purpose {
        PromptFor::Filter => None,
        PromptFor::Note => Some(format!("note about {whom}: ")),
        PromptFor::Mute => Some(format!("mute {whom} for: ")),
    });
    let whole = whole.filter(|whole| width(whole) <= usize::from(room / 2));
    whole.unwrap_or_else(|| purpose.sign().into())
}

/// The end of `text` that fits into `room` cells.
fn end_of(text: &str, room: usize) -> &str {
    let begins = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    begins.map(|at| &text[at..]).find(|rest| width(rest) <= room).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_line_is_what_is_seen() {
        assert_eq!(end_of("abc", 3), "abc");
        assert_eq!(end_of("abcdef", 3), "def");
        assert_eq!(end_of("新闻联播", 5), "联播");
        assert_eq!(end_of("abc", 0), "");
    }
}
