//! How telling people goes: each receiver, and what became of the messages.

use ratatui::layout::Rect;

use super::super::pen::{Pen, Piece};
use crate::console::keymap::Does;
use crate::console::pages::Section;
use crate::console::spans::age_words;
use crate::console::state::State;
use crate::console::text::{cells, width};
use crate::model::{Health, ReceiverReading, span_words};

/// The widest name of a receiver.
const NAME: usize = 20;
/// Cells of how it is told.
const WAY: u16 = 7;

/// Lines that it takes, its title included; none where nobody is to be told.
pub fn count(state: &State) -> u16 {
    let receivers = state.live().alerts.receivers.len();
    if receivers == 0 { 0 } else { cells(receivers + 1) }
}

/// Draws the receivers, those in trouble first, as far as they fit.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    let (theme, alerts) = (pen.theme, &state.live().alerts);
    let wanted = state.pages.section == Section::Alerts;
    let word = if wanted { "[alerts]" } else { "alerts" };
    let title = [(word.to_owned(), if wanted { theme.accent } else { theme.heading })];
    let failed = if alerts.failed > 0 { theme.warning } else { theme.dim };
    let facts = [
        (format!("{} wait  {} sent  ", alerts.waiting, alerts.sent), theme.dim),
        (format!("{} failed", alerts.failed), failed),
        (format!("  {} told in others", alerts.merged), theme.dim),
    ];
    pen.rule(area.x, area.y, area.width, &title, &facts);
    let mut receivers: Vec<&ReceiverReading> = alerts.receivers.iter().collect();
    receivers.sort_by_key(|receiver| receiver.trouble.is_none());
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if receivers.is_empty() {
        pen.left(body.x + 1, body.y, body.width.saturating_sub(1), "nobody is to be told", theme.dim);
        return;
    }
    let name = receivers.iter().map(|receiver| width(&receiver.name)).max().unwrap_or(0).min(NAME);
    let height = usize::from(body.height);
    let shown = if receivers.len() > height { height.saturating_sub(1) } else { height };
    for (receiver, y) in receivers.iter().take(shown).zip(body.y..) {
        line(state, receiver, cells(name), Rect { y, height: 1, ..body }, pen);
    }
    if receivers.len() > height && height > 0 {
        let key = state.keymap.key_for(Does::Part);
        let text = format!("+{} more: {key}", receivers.len() - shown);
        pen.left(body.x + 1, body.bottom() - 1, body.width.saturating_sub(1), &text, theme.dim);
    }
}

fn line(state: &State, receiver: &ReceiverReading, name: u16, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let (health, style) = match receiver.trouble {
        Some(_) => (Health::Warning, theme.warning),
        None => (Health::Ok, theme.ok),
    };
    pen.left(area.x + 1, area.y, 1, pen.glyphs.health(health), style);
    let mut x = area.x + 3;
    pen.left(x, area.y, name, &receiver.name, theme.text);
    x += name + 1;
    pen.left(x, area.y, WAY, &receiver.way, theme.dim);
    x += WAY + 1;
    let pieces: Vec<Piece> = [
        (waits(receiver), theme.text),
        (trouble(state, receiver), style),
        (accepted(state, receiver), theme.dim),
    ]
    .into_iter()
    .filter(|(text, _)| !text.is_empty())
    .collect();
    pen.pieces(x, area.y, area.right().saturating_sub(x), &pieces);
}

fn waits(receiver: &ReceiverReading) -> String {
    match receiver.waiting {
        0 => String::new(),
        1 => "1 waits  ".into(),
        waiting => format!("{waiting} wait  "),
    }
}

/// What it answered instead of accepting, and when it is tried again.
fn trouble(state: &State, receiver: &ReceiverReading) -> String {
    let Some(trouble) = &receiver.trouble else { return String::new() };
    let clock = state.incident_clock();
    let next = receiver.next_wall_ms.filter(|_| clock.now_ms < u64::MAX);
    let next = next.map_or_else(String::new, |at| {
        let left = std::time::Duration::from_millis(at.saturating_sub(clock.now_ms));
        if left.is_zero() { "tried now: ".into() } else { format!("next try in {}: ", span_words(left)) }
    });
    format!("{next}{trouble}  ")
}

fn accepted(state: &State, receiver: &ReceiverReading) -> String {
    let clock = state.incident_clock();
    match receiver.accepted_wall_ms {
        None => "has accepted nothing yet".into(),
        Some(_) if clock.now_ms == u64::MAX => String::new(),
        Some(at) => format!("last accepted {} ago", age_words(clock.ago(at))),
    }
}
