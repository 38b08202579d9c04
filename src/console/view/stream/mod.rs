//! One stream: what state, why and what next; its figures over time; its last runs; the command; the
//! log. All at once where there is room, else one after the other.

mod charts;
mod command;
mod facts;
mod runs;

use ratatui::layout::Rect;

use super::log;
use super::pen::{Pen, Piece, length};
use super::tone::{self, Line};
use crate::console::glyphs::{Glyphs, UNICODE};
use crate::console::keymap::Does;
use crate::console::pages::{Part, title_and_rest};
use crate::console::state::State;
use crate::model::{HistoryOf, Row};

/// Draws the open stream.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    let (title, rest) = title_and_rest(area);
    let Some(row) = state.open.and_then(|ix| state.row(ix)) else {
        let text = "this stream is no longer configured; esc goes back";
        pen.left(rest.x + 1, rest.y, rest.width.saturating_sub(1), text, pen.theme.warning);
        return;
    };
    let parts = state.parts();
    titles(state, row, parts.len(), title, pen);
    let several = parts.len() > 1;
    for (part, area) in parts {
        if part == Part::Log {
            log::draw(state, area, false, pen);
            continue;
        }
        let place = inner(part, area, several);
        if place.y > area.y {
            heading(state, part, area, pen);
        }
        let top = state.pages.part_tops[part as usize];
        if part == Part::Charts {
            charts::draw(state, row, top, place, pen);
        } else {
            let lines = lines(state, row, part, place.width, pen.glyphs);
            let keys = [Does::Down, Does::Part].map(|does| state.keymap.key_for(does));
            // Arrows move what is wanted; the others first must be.
            let hint = &keys[usize::from(state.pages.part != part)];
            tone::draw(&lines, top, hint, place, pen);
        }
    }
}

/// Where a part has its lines: below its own title, if it has one. The overview has the page's.
const fn inner(part: Part, area: Rect, several: bool) -> Rect {
    if !several || matches!(part, Part::Overview) || area.height < 2 {
        return area;
    }
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

fn lines(state: &State, row: &Row, part: Part, wide: u16, glyphs: &Glyphs) -> Vec<Line> {
    match part {
        Part::Overview => facts::lines(state, row, wide, glyphs),
        Part::Runs => runs::lines(state, row, wide, glyphs),
        Part::Command => command::lines(state, row, wide, glyphs),
        Part::Charts | Part::Log => Vec::new(),
    }
}

/// How far a part can be scrolled in its place.
pub fn overflow(state: &State, part: Part, area: Rect, several: bool) -> usize {
    let place = inner(part, area, several);
    let Some(row) = state.open.and_then(|ix| state.row(ix)) else { return 0 };
    match part {
        Part::Log => 0,
        Part::Charts => charts::overflow(place),
        _ => tone::overflow(lines(state, row, part, place.width, &UNICODE).len(), place.height.into()),
    }
}

/// What the page is about, and at its end which parts there are and which one is wanted.
fn titles(state: &State, row: &Row, seen: usize, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let mut title: Vec<Piece> =
        vec![(row.name.to_string(), theme.title), (format!("  {}", row.id), theme.dim)];
    let tabs = tabs(state, seen, area.width, pen);
    let group = if row.group.is_empty() { String::new() } else { format!("  {}", row.group) };
    let mode = format!("{group}  mode {}", row.mode.word());
    if length(&title) + mode.len() + length(&tabs) + 10 <= area.width.into() {
        title.push((mode, theme.dim));
    }
    // The name gives way to the parts, which say where one is.
    let room = usize::from(area.width).saturating_sub(length(&tabs) + 8);
    if length(&title) > room {
        title.truncate(1);
        title[0].0 = crate::console::text::fit(&row.name, room, pen.glyphs).into_owned();
    }
    pen.rule(area.x, area.y, area.width, &title, &tabs);
}

/// The parts, the one that is wanted marked; on a narrow screen that one only.
fn tabs(state: &State, seen: usize, wide: u16, pen: &Pen) -> Vec<Piece> {
    let (theme, wanted) = (pen.theme, state.pages.part);
    let key = state.keymap.key_for(Does::Part);
    if seen == Part::ALL.len() {
        return Vec::new();
    }
    let word = if let Some(word) = live_word(state, wanted) {
        word
    } else if wanted == Part::Charts {
        let history = state.open.and_then(|ix| state.charts.of(HistoryOf::Stream(ix), state.charts.span()));
        let back = history.is_some_and(|history| state.charts.looks_back(history));
        format!("charts {}{}", state.charts.zoom.words(), if back { ", back" } else { "" })
    } else {
        wanted.word().to_owned()
    };
    if wide < 70 {
        let at = wanted as usize + 1;
        return vec![(word, theme.accent), (format!(" {at}/{} {key}", Part::ALL.len()), theme.dim)];
    }
    let mut pieces = Vec::new();
    for part in Part::ALL {
        let (text, style) = if part == wanted {
            (format!("[{word}]"), theme.accent)
        } else {
            (format!(" {} ", part.word()), theme.dim)
        };
        pieces.push((text, style));
    }
    pieces.push((format!(" {key}"), theme.dim));
    pieces
}

/// The word of a part that goes on while the rest of the page is frozen; `None` where none does.
fn live_word(state: &State, part: Part) -> Option<String> {
    let goes_on = state.is_frozen() && matches!(part, Part::Command | Part::Log);
    goes_on.then(|| format!("{} as now", part.word()))
}

/// The title of a part among several.
fn heading(state: &State, part: Part, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let wanted = state.pages.part == part;
    let word = live_word(state, part).unwrap_or_else(|| part.word().to_owned());
    let word = if wanted { format!("[{word}]") } else { word };
    let mut title = vec![(word, if wanted { theme.accent } else { theme.heading })];
    let mut facts = Vec::new();
    if part == Part::Charts {
        facts = zoom_words(state, state.open.map(HistoryOf::Stream), pen);
        let room = usize::from(area.width).saturating_sub(length(&title) + 8);
        if length(&facts) > room {
            title.push((format!(" {}", state.charts.zoom.words()), theme.dim));
            facts.clear();
        }
    }
    pen.rule(area.x, area.y, area.width, &title, &facts);
}

/// How much charts show, where in it one looks, and the keys for both.
pub fn zoom_words(state: &State, of: Option<HistoryOf>, pen: &Pen) -> Vec<Piece> {
    let theme = pen.theme;
    let keys =
        [Does::ZoomIn, Does::ZoomOut, Does::Earlier, Does::Later].map(|does| state.keymap.key_for(does));
    let mut facts = vec![(state.charts.zoom.words().to_owned(), theme.accent)];
    let history = of.and_then(|of| state.charts.of(of, state.charts.span()));
    if history.is_some_and(|history| state.charts.looks_back(history)) {
        facts.push((" looking back".into(), theme.warning));
    }
    // While it is frozen these keys may step through time.
    if !state.is_frozen() {
        facts.push((format!("  {} {} zoom  {} {} pan", keys[0], keys[1], keys[2], keys[3]), theme.dim));
    }
    facts
}
