//! The machine: each meter with its limits and its history, the workers that take most, and what the
//! operator must know.

mod alerts;
mod meters;
mod notices;
mod top;

use ratatui::layout::Rect;

pub use alerts::count as alert_lines;
pub use meters::overflow as meters_overflow;
pub use notices::count as notice_lines;

use super::pen::{Pen, Piece, length};
use super::stream::zoom_words;
use crate::console::keymap::Does;
use crate::console::pages::{Section, title_and_rest};
use crate::console::state::State;
use crate::console::text::thousands;
use crate::model::HistoryOf;

/// Draws the page.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    let (title, _) = title_and_rest(area);
    titles(state, title, pen);
    for (section, area) in state.sections() {
        match section {
            Section::Meters => meters::draw(state, area, pen),
            Section::Top => top::draw(state, area, pen),
            Section::Notices => notices::draw(state, area, pen),
            Section::Alerts => alerts::draw(state, area, pen),
        }
    }
}

fn titles(state: &State, area: Rect, pen: &mut Pen) {
    let (theme, wanted) = (pen.theme, state.pages.section);
    let limits = state.board.limits;
    let mut title: Vec<Piece> = Vec::new();
    for section in state.machine_sections().iter().copied() {
        let notices = state.board.notices.len();
        let word = match section {
            Section::Notices if notices > 0 => format!("{} {notices}", section.word()),
            other => other.word().to_owned(),
        };
        title.push(if section == wanted {
            (format!("[{word}]"), theme.accent)
        } else {
            (format!(" {word} "), theme.dim)
        });
    }
    title.push((format!(" {}", state.keymap.key_for(Does::Part)), theme.dim));
    let zoom = zoom_words(state, Some(HistoryOf::Machine), pen);
    let raised = limits.fds_now != limits.fds_before;
    let before = if raised { format!(" (was {})", thousands(limits.fds_before)) } else { String::new() };
    let limits = format!(
        "   {} open files{before}, room for {} workers",
        thousands(limits.fds_now),
        thousands(limits.workers.into())
    );
    let room = usize::from(area.width).saturating_sub(length(&title) + 8);
    let whole = [&zoom[..], &[(limits, theme.dim)]].concat();
    let short = vec![(state.charts.zoom.words().to_owned(), theme.accent)];
    let facts = [whole, zoom, short].into_iter().find(|facts| length(facts) <= room).unwrap_or_default();
    pen.rule(area.x, area.y, area.width, &title, &facts);
}
