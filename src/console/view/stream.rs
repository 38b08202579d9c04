//! One stream: everything its row holds, and its log.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, Piece};
use super::{chart, log, words};
use crate::console::layout::stream_parts;
use crate::console::state::State;
use crate::console::state::history::Ring;
use crate::console::text::{UNKNOWN, bitrate, counted, fps, speed};
use crate::model::{Row, Wanted, coarse_age};

/// Cells the labels take.
const LABEL: u16 = 11;
/// With at least this many lines each condition has its own, and the charts are high.
const ROOMY: u16 = 28;
/// The height of a high chart.
const CHART_HEIGHT: u16 = 4;

/// Draws the open stream.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    let (facts, lines) = stream_parts(area);
    if let Some(row) = state.open.and_then(|ix| state.row(ix)) {
        Facts { state, row, area: facts, y: facts.y }.draw(pen);
    } else {
        let text = "this stream is no longer configured; esc goes back";
        pen.left(facts.x + 1, facts.y + 1, facts.width.saturating_sub(1), text, pen.theme.warning);
    }
    log::draw(state, lines, false, pen);
}

struct Facts<'a> {
    state: &'a State,
    row: &'a Row,
    area: Rect,
    /// The next free line.
    y: u16,
}

impl Facts<'_> {
    fn draw(mut self, pen: &mut Pen) {
        let (row, theme) = (self.row, pen.theme);
        let id = format!("  {}", row.id);
        let title = [(row.name.to_string(), theme.title), (id, theme.dim)];
        let group = if row.group.is_empty() { String::new() } else { format!("{}  ", row.group) };
        let facts = [(group, theme.dim), (format!("mode {}", row.mode.word()), theme.dim)];
        pen.rule(self.area.x, self.y, self.area.width, &title, &facts);
        self.y += 1;
        self.phase(pen);
        self.health(pen);
        self.figures(pen);
        self.worker(pen);
        let or_unknown = |text: &str| if text.is_empty() { UNKNOWN.to_owned() } else { text.to_owned() };
        self.line("input", &[(or_unknown(&row.input), theme.text)], pen);
        let error = row.last_error.as_deref().unwrap_or("");
        self.long("last error", &or_unknown(error), theme.text, pen);
        if row.last_message.is_empty() {
            self.line("last line", &[(UNKNOWN.into(), theme.faint)], pen);
        } else {
            let age = coarse_age(self.state.now.since(row.last_message_at));
            self.long("last line", &format!("{} ({age} ago)", row.last_message), theme.dim, pen);
        }
    }

    const fn roomy(&self) -> bool {
        self.area.height >= ROOMY
    }

    const fn has_room(&self) -> bool {
        self.y < self.area.bottom()
    }

    fn line(&mut self, label: &str, pieces: &[Piece], pen: &mut Pen) {
        if self.has_room() {
            pen.left(self.area.x + 1, self.y, LABEL - 1, label, pen.theme.heading);
            let room = self.area.width.saturating_sub(LABEL + 1);
            pen.pieces(self.area.x + 1 + LABEL, self.y, room, pieces);
            self.y += 1;
        }
    }

    /// A text that may take several lines where there is room.
    fn long(&mut self, label: &str, text: &str, style: Style, pen: &mut Pen) {
        if !self.roomy() {
            self.line(label, &[(text.to_owned(), style)], pen);
            return;
        }
        let room = self.area.width.saturating_sub(LABEL + 1);
        for (n, piece) in
            crate::console::text::wrap(text, room.into(), pen.glyphs).into_iter().take(4).enumerate()
        {
            self.line(if n == 0 { label } else { "" }, &[(piece, style)], pen);
        }
    }

    fn phase(&mut self, pen: &mut Pen) {
        let (row, now, theme) = (self.row, self.state.now, pen.theme);
        let mut pieces = vec![
            (format!("{} {}", pen.glyphs.phase(row.phase), row.phase.word()), theme.phase(row.phase)),
            (format!(" for {}", coarse_age(now.since(row.since))), theme.dim),
        ];
        if row.wanted == Wanted::Stopped {
            pieces.push((", wanted stopped".into(), theme.dim));
        }
        let story = words::story(row, now);
        if !story.is_empty() {
            pieces.push((format!("   {story}"), theme.text));
        }
        self.line("phase", &pieces, pen);
    }

    fn health(&mut self, pen: &mut Pen) {
        let (row, now, theme) = (self.row, self.state.now, pen.theme);
        let health = row.health();
        let word = (format!("{} {}", pen.glyphs.health(health), health.word()), theme.health(health));
        if !self.roomy() {
            let mut pieces = vec![word];
            for condition in &row.conditions {
                let gap = if pieces.len() == 1 { "   " } else { ", " };
                let text = format!("{gap}{}", words::condition(condition, now));
                pieces.push((text, theme.severity(condition.severity)));
            }
            self.line("health", &pieces, pen);
            return;
        }
        self.line("health", &[word], pen);
        for condition in row.conditions.iter().take(6) {
            let kind = format!("{:<14}", condition.kind.word());
            let age = format!("for {}", coarse_age(now.since(condition.since)));
            self.line("", &[(kind, theme.severity(condition.severity)), (age, theme.dim)], pen);
        }
        if row.conditions.len() > 6 {
            let text = format!("and {} more", row.conditions.len() - 6);
            self.line("", &[(text, theme.dim)], pen);
        }
    }

    fn figures(&mut self, pen: &mut Pen) {
        let figures = self.row.figures;
        let values = [
            ("fps", fps(figures.fps)),
            ("bitrate", bitrate(figures.bitrate_kbps)),
            ("speed", speed(figures.speed)),
        ];
        if self.area.height < 11 {
            let text = values.map(|(name, value)| format!("{name} {value}")).join("   ");
            self.line("figures", &[(text, pen.theme.text)], pen);
            return;
        }
        let history = self.state.history.figures(self.row.ix);
        let rings = [history.map(|h| &h.fps), history.map(|h| &h.bitrate), history.map(|h| &h.speed)];
        for ((name, value), ring) in values.into_iter().zip(rings) {
            self.figure(name, value, ring, pen);
        }
    }

    fn figure(&mut self, name: &str, value: String, ring: Option<&Ring>, pen: &mut Pen) {
        let y = self.y;
        self.line(name, &[(value, pen.theme.text)], pen);
        let at = LABEL + 8;
        let room = self.area.width.saturating_sub(at + 2);
        let height = if self.roomy() { CHART_HEIGHT } else { 1 };
        let Some(ring) = ring.filter(|_| y + height <= self.area.bottom()) else { return };
        let top = chart::top(ring.newest_first(), height);
        let drawn = chart::lines(ring.newest_first(), top, room.into(), height.into(), pen.glyphs);
        for (line, y) in drawn.iter().zip(y..) {
            pen.left(self.area.x + at, y, room, line, pen.theme.chart);
        }
        self.y = y + height + u16::from(self.roomy());
    }

    fn worker(&mut self, pen: &mut Pen) {
        let (row, theme) = (self.row, pen.theme);
        let mut parts = vec![row.pid.map_or_else(|| "none".into(), |pid| format!("pid {pid}"))];
        if let Some(up) = words::uptime(row, self.state.now) {
            parts.push(format!("up {up}"));
        }
        parts.push(counted(row.restarts as usize, "restart"));
        if row.failures > 0 {
            parts.push(format!("{} in a row", counted(row.failures as usize, "failure")));
        }
        self.line("worker", &[(parts.join(", "), theme.text)], pen);
    }
}
