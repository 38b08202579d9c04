//! The footer: the keys that work here, the filter being typed, the answer to a command.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;

use super::pen::{Pen, Piece, length};
use crate::console::keymap::Does;
use crate::console::state::footer::Hint;
use crate::console::state::overlay::edit::MAX_LINE;
use crate::console::state::overlay::prompt::{Mistake, Prompt, PromptFor};
use crate::console::state::{State, Toast};
use crate::console::text::{cells, counted, keep_lines, thousands, width, wrap};
use crate::model::{Health, MAX_NOTE};

/// What is wrong with a line is told in at most so many lines.
const MISTAKE_LINES: usize = 3;
/// And what is said and has no room in the footer.
const TOAST_LINES: usize = 3;

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
        let left_out = prompt_line(state, prompt, area, pen);
        if let Some(mistake) = &prompt.mistake {
            let at = place(state, prompt, mistake.at).saturating_sub(left_out).max(1);
            mistake_lines(mistake, at, area, pen);
        }
        return;
    }
    let wide = state.toast_width();
    if let Some(toast) = state.toast.as_ref().filter(|_| wide > 0) {
        pen.pieces(area.right().saturating_sub(wide + 1), area.y, wide, &[said(toast, pen)]);
    }
    for (x, Hint { does, key, sign, word }) in state.hints() {
        let word = sign.map_or_else(String::new, |sign| format!("{} ", pen.glyphs.health(sign))) + &word;
        let mut pieces = hint(key, &word, pen);
        // Behind the last one there may be no room for the gap, and no cut is to be marked for it.
        pieces[1].0.truncate(1 + word.len());
        let tally = &state.penalty.tally;
        if does == Does::PenaltyBox && tally.open() > 0 {
            pieces[1].1 = pen.theme.health(tally.worst());
        }
        pen.pieces(area.x + x, area.y, area.width.saturating_sub(x + 1), &pieces);
    }
}

fn said(toast: &Toast, pen: &Pen) -> Piece {
    let (sign, style) = said_sign(toast, pen);
    (format!("{sign} {}", toast.text), style)
}

fn said_sign(toast: &Toast, pen: &Pen) -> (&'static str, Style) {
    if toast.bad {
        (pen.glyphs.health(Health::Warning), pen.theme.warning)
    } else {
        (pen.glyphs.dot, pen.theme.accent)
    }
}

/// What is said and has no place in the footer stands above it, at the right: whole, where a few lines
/// are enough for that.
pub fn toasts(state: &State, body: Rect, pen: &mut Pen) {
    let in_footer = usize::from(state.toast_width() > 0);
    let toasts: Vec<&Toast> = state.toasts().collect();
    // What is wrong with the line being typed stands there first.
    let mistake = state.prompt().and_then(|prompt| prompt.mistake.as_ref());
    let taken = mistake.map_or(0, |mistake| cells(mistake_text(mistake, body.width, pen).len()));
    let mut bottom = body.bottom().saturating_sub(taken).max(body.y);
    for toast in toasts[..toasts.len() - in_footer].iter().rev() {
        let (sign, style) = said_sign(toast, pen);
        // Behind the sign, on each line.
        let room = body.width.saturating_sub(6);
        let mut lines = wrap(&toast.text, room.into(), pen.glyphs);
        keep_lines(&mut lines, TOAST_LINES);
        let high = cells(lines.len()).min(bottom - body.y);
        let wide = lines.iter().map(|line| cells(width(line))).max().unwrap_or(0).min(room) + 2;
        let place = Rect { x: body.right() - wide - 2, y: bottom - high, width: wide + 2, height: high };
        pen.wipe(place);
        pen.paint(place, pen.theme.bar);
        pen.left(place.x + 1, place.y, 1, sign, style);
        for (line, y) in lines.iter().zip(place.y..place.bottom()) {
            pen.left(place.x + 3, y, wide - 2, line, style);
        }
        bottom = place.y;
    }
}

fn hint(key: String, word: &str, pen: &Pen) -> [Piece; 2] {
    [(key, pen.theme.accent), (format!(" {word}  "), pen.theme.dim)]
}

/// The line being typed, and beside it what it finds; gives the cells by which it stands further left,
/// where its begin is left out.
fn prompt_line(state: &State, prompt: &Prompt, area: Rect, pen: &mut Pen) -> u16 {
    let theme = pen.theme;
    let mut facts = prompt_facts(state, prompt, pen);
    let mut typed = vec![(sign(state, prompt.purpose), theme.accent)];
    typed.extend(typed_pieces(prompt, pen));
    let free = area.width.saturating_sub(cells(length(&typed)) + 3);
    // Each as a whole or not at all; behind the last there is no gap.
    if let Some((last, _)) = facts.last_mut().and_then(|fact| fact.last_mut()) {
        last.truncate(last.trim_end().len());
    }
    let wide = |facts: &[Vec<Piece>]| cells(facts.iter().map(|fact| length(fact)).sum());
    while wide(&facts) > free.max(area.width / 2) && facts.len() > 1 {
        facts.remove(0);
    }
    let wide = wide(&facts);
    pen.pieces(area.right().saturating_sub(wide + 1), area.y, wide, &facts.concat());
    let room = area.width.saturating_sub(wide + 3);
    let whole = length(&typed);
    keep_caret(&mut typed, room.into(), pen);
    pen.pieces(area.x + 1, area.y, room, &typed);
    cells(whole - length(&typed).min(whole))
}

/// What stands before the line: what it is for, and for whom, where there is room for that.
fn sign(state: &State, purpose: PromptFor) -> String {
    let whole = state.aimed_at().and_then(|whom| match purpose {
        PromptFor::Note => Some(format!("note about {whom}: ")),
        PromptFor::Mute => Some(format!("mute {whom} for: ")),
        _ => None,
    });
    let whole = whole.filter(|whole| width(whole) <= usize::from(state.size.width / 3));
    whole.unwrap_or_else(|| purpose.sign().into())
}

/// Says that not all of what was put in is there.
pub fn cut_sign(pen: &Pen) -> String {
    let most = thousands(MAX_LINE as u64);
    format!("{} cut at {most} characters", pen.glyphs.health(Health::Warning))
}

/// Leaves out the begin of a line that is too long, so that the caret is seen.
pub fn keep_caret(typed: &mut Vec<Piece>, room: usize, pen: &Pen) {
    let caret = typed.iter().position(|(text, _)| text == pen.glyphs.caret).unwrap_or(0);
    let mut over = length(&typed[..=caret]).saturating_sub(room);
    if over == 0 {
        return;
    }
    // Its own mark takes room too.
    over += width(pen.glyphs.cut);
    for (text, _) in &mut typed[..caret] {
        while over > 0
            && let Some(first) = text.graphemes(true).next().map(str::to_owned)
        {
            over = over.saturating_sub(width(&first));
            text.drain(..first.len());
        }
    }
    typed.insert(0, (pen.glyphs.cut.into(), pen.theme.faint));
}

/// What is typed, with the caret in it, and marked where it is wrong.
fn typed_pieces(prompt: &Prompt, pen: &Pen) -> Vec<Piece> {
    let theme = pen.theme;
    let wrong = theme.warning.add_modifier(Modifier::REVERSED);
    let mut pieces = Vec::new();
    let (before, behind) = prompt.edit.halves();
    let mut from = 0;
    for (half, caret) in [(before, true), (behind, false)] {
        let at = prompt.mistake.as_ref().map(|mistake| mistake.at.wrapping_sub(from));
        let (head, rest) = at.and_then(|at| half.split_at_checked(at)).unwrap_or((half, ""));
        let sign = rest.chars().next().map_or(0, char::len_utf8);
        pieces.push((head.to_owned(), theme.title));
        pieces.push((rest[..sign].to_owned(), wrong));
        pieces.push((rest[sign..].to_owned(), theme.title));
        if caret {
            pieces.push((pen.glyphs.caret.into(), theme.accent));
        }
        from += half.len();
    }
    pieces.retain(|(text, _)| !text.is_empty());
    pieces
}

/// What is found by what is typed, and how to leave.
fn prompt_facts(state: &State, prompt: &Prompt, pen: &Pen) -> Vec<Vec<Piece>> {
    let facts = || state.log.facts(state.log_room());
    let undo = if prompt.before.trim().is_empty() { "clear" } else { "undo" };
    let behind = state.filter_behind().is_some();
    let (found, enter, esc) = match prompt.purpose {
        // On a narrow screen the header alone says how many there are.
        PromptFor::Filter if state.size.width < 60 => (String::new(), "keep", undo),
        // What is found is not what is typed.
        PromptFor::Filter if behind => ("not applied   ".to_owned(), "keep", undo),
        PromptFor::ViewName => (String::new(), "save", "leave"),
        PromptFor::Filter => {
            let found = format!("{} of {}   ", state.list.order.len(), state.board.rows.len());
            (found, "keep", undo)
        }
        PromptFor::LogSearch => {
            let found =
                facts().hits.map_or_else(String::new, |(_, count)| format!("{}   ", counted(count, "hit")));
            (found, "go", "undo")
        }
        PromptFor::LogFilter => {
            let facts = facts();
            let of = |count: usize| thousands(count as u64);
            (format!("{} of {}   ", of(facts.shown), of(facts.lines)), "keep", "undo")
        }
        PromptFor::LogSave => (String::new(), "save", "not"),
        PromptFor::Note => {
            let typed = prompt.edit.text().trim().chars().count();
            (format!("{typed} of {MAX_NOTE}   "), "keep", "leave as it is")
        }
        PromptFor::Mute => (String::new(), "mute", "leave as it is"),
        PromptFor::HelpFind => (String::new(), "keep", "clear"),
        PromptFor::AuditFilter => {
            let of = |count: usize| thousands(count as u64);
            (format!("{} of {}   ", of(state.audit.found()), of(state.audit.len())), "keep", undo)
        }
    };
    // Where there is no room for all, the first go first.
    let mut facts = vec![vec![(found, if behind { pen.theme.warning } else { pen.theme.dim })]];
    // With a mistake there is nothing to keep.
    if prompt.mistake.is_none() {
        facts.push(hint("enter".into(), enter, pen).into());
    }
    if prompt.edit.is_cut() {
        facts.push(vec![(format!("{}   ", cut_sign(pen)), pen.theme.warning)]);
    }
    facts.push(hint("esc".into(), esc, pen).into());
    facts
}

fn mistake_text(mistake: &Mistake, width: u16, pen: &Pen) -> Vec<String> {
    let mut lines = wrap(&mistake.text, width.saturating_sub(2).into(), pen.glyphs);
    keep_lines(&mut lines, MISTAKE_LINES);
    lines
}

/// What is wrong, above the line: at its place, or where there is room.
fn mistake_lines(mistake: &Mistake, at: u16, area: Rect, pen: &mut Pen) {
    let style = pen.theme.warning;
    let x = at.saturating_add(area.x).min(area.right().saturating_sub(2));
    // The place itself is marked too, for a text that needs the whole line.
    pen.paint(Rect { x, y: area.y, width: 1, height: 1 }, style.add_modifier(Modifier::REVERSED));
    let lines = mistake_text(mistake, area.width, pen);
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
fn place(state: &State, prompt: &Prompt, at: usize) -> u16 {
    let (before, behind) = prompt.edit.halves();
    let to = |text: &str, at: usize| text.get(..at).map_or_else(|| width(text), width);
    // The caret takes a cell of its own.
    let caret = usize::from(at > before.len());
    let place = to(before, at.min(before.len())) + to(behind, at.saturating_sub(before.len())) + caret;
    cells(width(&sign(state, prompt.purpose)) + place).saturating_add(1)
}
