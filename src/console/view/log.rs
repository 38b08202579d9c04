//! A log: of one stream, or of several in one pane.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::pen::{Pen, Piece, length};
use crate::console::keymap::Does;
use crate::console::state::State;
use crate::console::state::log::lines::What;
use crate::console::state::log::stamps::local;
use crate::console::state::log::taking::{COPY_BYTES, Size};
use crate::console::state::log::{Facts, Room, Row};
use crate::console::text::{bytes, counted, fit, thousands, width};
use crate::model::LineLevel;

/// Cells a title keeps beside the facts, however many those are: those of its first word.
const LEAST_TITLE: usize = 3;
/// With fewer cells than this a title has few words.
const NARROW: u16 = 64;

/// Draws the log of what is open; `alone`: it has the whole screen, so it says whose it is.
pub fn draw(state: &State, area: Rect, alone: bool, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    let room = Room { width: area.width, height: area.height - 1 };
    let facts = state.log.facts(room);
    title(state, &facts, area, alone, pen);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let page = state.log.page(room);
    for (row, y) in page.iter().zip(body.y..body.bottom()) {
        draw_row(state, row, Rect { y, height: 1, ..body }, pen);
    }
    if page.is_empty() && body.height > 0 {
        let text = match (facts.reading, facts.lines) {
            (true, _) => format!("reading{}", pen.glyphs.cut),
            (false, 0) => "no lines yet".into(),
            (false, lines) => format!("none of {} is shown", lines_of(lines)),
        };
        pen.left(body.x + 1, body.y, body.width.saturating_sub(1), &text, pen.theme.dim);
    }
}

fn lines_of(count: usize) -> String {
    format!("{} {}", thousands(count as u64), if count == 1 { "line" } else { "lines" })
}

/// Whose it is at the left, and at the right what is to be known about it: of that, as much as fits,
/// the most important first.
fn title(state: &State, facts: &Facts, area: Rect, alone: bool, pen: &mut Pen) {
    let whole = usize::from(area.width).saturating_sub(8);
    let mut told = facts_of(state, facts, area.width < NARROW, pen);
    let taken = |told: &[Fact]| {
        told.iter().map(|fact| width(&fact.text)).sum::<usize>() + 3 * told.len().saturating_sub(1)
    };
    while taken(&told) + LEAST_TITLE > whole && told.len() > 1 {
        let least = told.iter().enumerate().max_by_key(|(_, fact)| fact.weight);
        if let Some((at, _)) = least {
            told.remove(at);
        }
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for Fact { text, style, .. } in told {
        if !pieces.is_empty() {
            pieces.push((format!(" {} ", pen.glyphs.dot), pen.theme.faint));
        }
        pieces.push((text, style));
    }
    let mut left = whole.saturating_sub(length(&pieces));
    let mut titled: Vec<Piece> = Vec::new();
    for (text, style) in whose(state, alone, pen) {
        let fitted = fit(&text, left, pen.glyphs).into_owned();
        let cut = fitted != text;
        left -= width(&fitted).min(left);
        titled.push((fitted, style));
        if cut {
            break;
        }
    }
    pen.rule(area.x, area.y, area.width, &titled, &pieces);
}

fn whose(state: &State, alone: bool, pen: &Pen) -> Vec<Piece> {
    let theme = pen.theme;
    let streams = state.log.streams();
    if streams.len() > 1 {
        let names: Vec<&str> = (0..streams.len()).map(|source| state.log.name(source)).collect();
        let logs = format!("{} logs", streams.len());
        return vec![(logs, theme.heading), (format!(" of {}", names.join(", ")), theme.title)];
    }
    let mut whose: Vec<Piece> = vec![("log".into(), theme.heading)];
    let row = state.open.and_then(|ix| state.row(ix));
    if let (true, Some(row)) = (alone, row) {
        whose.push((format!(" of {}", row.name), theme.title));
        whose.push((format!("  {}", row.id), theme.dim));
    }
    whose
}

/// Something to be known.
struct Fact {
    /// 0 is the heaviest, and goes last.
    weight: u8,
    text: String,
    style: Style,
}

/// What is to be known, in few words where there is little room.
fn facts_of(state: &State, facts: &Facts, short: bool, pen: &Pen) -> Vec<Fact> {
    let theme = pen.theme;
    let sieve = state.log.sieve();
    let mut told = Vec::new();
    let mut tell = |weight: u8, long: String, few: String, style: Style| {
        told.push(Fact { weight, text: if short { few } else { long }, style });
    };
    let rows = state.log.streams().into_iter().filter_map(|ix| state.row(ix));
    let dropped: u64 = rows.map(|row| row.lines_dropped).sum();
    if state.is_frozen() {
        // Lines are not kept by the moment.
        tell(1, "as now, not as then".into(), "as now".into(), theme.accent);
    }
    if facts.missed > 0 {
        let text = format!("{} missed", facts.missed);
        tell(1, text.clone(), text, theme.warning);
    }
    if dropped > 0 {
        tell(0, format!("{dropped} dropped or folded"), format!("{dropped} dropped"), theme.warning);
    }
    if sieve.hides() {
        let (shown, lines) = (facts.shown, facts.lines);
        let long = format!("{} of {}", thousands(shown as u64), lines_of(lines));
        tell(2, long, format!("{shown}/{lines}"), theme.accent);
        tell(7, sieve.words(), sieve.words(), theme.dim);
    }
    if let Some((current, count)) = facts.hits {
        let few = current.map_or_else(|| counted(count, "hit"), |current| format!("hit {current}/{count}"));
        let long = current.map_or_else(|| few.clone(), |current| format!("hit {current} of {count}"));
        tell(3, long, few, theme.accent);
    }
    if let Some(Size { lines, bytes: taken }) = state.log.selection() {
        let (size, most) = (bytes(taken as u64), bytes(COPY_BYTES as u64));
        let fits = taken < COPY_BYTES;
        let (long, few, style) = if fits {
            let long = format!("{} selected, {size} of {most}", thousands(lines as u64));
            (long, format!("{lines} sel {size}/{most}"), theme.accent)
        } else {
            let long = format!("{} selected, {size}: only {most} can be copied", thousands(lines as u64));
            (long, format!("{lines} sel {size}>{most}"), theme.warning)
        };
        tell(1, long, few, style);
    }
    if facts.reading {
        let text = format!("reading{}", pen.glyphs.cut);
        tell(4, text.clone(), text, theme.busy);
    }
    if state.log.follows() {
        tell(5, "following".into(), "follows".into(), theme.ok);
    } else {
        let below = facts.below;
        tell(5, format!("{} below", counted(below, "line")), format!("{below} below"), theme.accent);
    }
    if facts.from_begin && !state.log.follows() {
        tell(8, "from the begin".into(), "begin".into(), theme.dim);
    }
    if state.log.wrap {
        tell(9, "wrapped".into(), "wrapped".into(), theme.dim);
    }
    told
}

fn draw_row(state: &State, row: &Row, area: Rect, pen: &mut Pen) {
    let (log, theme) = (&state.log, pen.theme);
    let What::Line { source, line, .. } = &row.entry.what else {
        rule(state, row, area, pen);
        return;
    };
    let style = style(line.level, pen);
    if row.begins {
        let stamp = log.stamps.text(line.wall_ms, state.time_ms(), &state.zone);
        pen.left(area.x + 1, area.y, log.stamps.width(), &stamp, theme.faint);
        let at = area.x + log.stamps.width() + 2;
        pen.left(at, area.y, 1, letter(line.level), style);
        let name = log.name_width(area.width);
        pen.left(at + 2, area.y, name, log.name(*source), theme.heading);
    }
    let at = log.text_at(area.width);
    let room = area.width.saturating_sub(at + 1);
    let hits = match &log.sieve().search {
        Some(search) if row.entry.hit => search.hits(&line.text),
        _ => Vec::new(),
    };
    let is_hit = |byte: usize| hits.iter().any(|hit| hit.contains(&byte));
    let text = &line.text[row.text.clone()];
    let pieces = styled(text, room.into(), pen, style, |byte| is_hit(row.text.start + byte));
    pen.pieces(area.x + at, area.y, room, &pieces);
    if log.is_selected(row.spot) || log.cursor() == Some(row.spot) {
        pen.left(area.x, area.y, 1, pen.glyphs.cursor, theme.accent);
        pen.paint(area, theme.selection);
    }
}

/// A text cut to `room` cells, with what is a hit marked. A character is never split from its marks.
fn styled(text: &str, room: usize, pen: &Pen, style: Style, is_hit: impl Fn(usize) -> bool) -> Vec<Piece> {
    let cut = width(text) > room;
    let room = if cut { room.saturating_sub(width(pen.glyphs.cut)) } else { room };
    let marked = style.add_modifier(Modifier::REVERSED | Modifier::UNDERLINED);
    let mut pieces: Vec<Piece> = Vec::new();
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > room {
            break;
        }
        let style = if is_hit(at) { marked } else { style };
        match pieces.last_mut() {
            Some((piece, last)) if *last == style => piece.push_str(grapheme),
            _ => pieces.push((grapheme.to_owned(), style)),
        }
    }
    if cut {
        if let Some((last, _)) = pieces.last_mut() {
            last.truncate(last.trim_end().len());
        }
        pieces.push((pen.glyphs.cut.into(), style));
    }
    pieces
}

/// A line across the pane between those of the log.
fn rule(state: &State, row: &Row, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let title: Piece = match row.entry.what {
        What::Mark(at) => (format!("mark {}", local(at, "%H:%M:%S", &state.zone)), theme.accent),
        What::Missed(count) => {
            (format!("{} came too quickly to be shown", lines_of(usize_of(count))), theme.warning)
        }
        What::Gap(count) => {
            let newest = state.keymap.key_for(Does::Last);
            (format!("{} gave way: {newest} for the newest", lines_of(usize_of(count))), theme.warning)
        }
        What::Line { .. } => return,
    };
    pen.rule(area.x, area.y, area.width, &[title], &[]);
    if state.log.cursor() == Some(row.spot) {
        pen.paint(area, theme.selection);
    }
}

fn usize_of(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

const fn style(level: LineLevel, pen: &Pen) -> Style {
    match level {
        LineLevel::Error => pen.theme.critical,
        LineLevel::Warning => pen.theme.warning,
        LineLevel::Info => pen.theme.text,
        LineLevel::Debug => pen.theme.dim,
    }
}

/// A letter for those who can't see the colour.
const fn letter(level: LineLevel) -> &'static str {
    match level {
        LineLevel::Error => "E",
        LineLevel::Warning => "W",
        LineLevel::Info => " ",
        LineLevel::Debug => "d",
    }
}
