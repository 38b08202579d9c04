//! One stream: everything its row holds, and its log.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, Piece, length};
use super::{chart, log, words};
use crate::console::layout::stream_parts;
use crate::console::spans::{Countdown, slow_age};
use crate::console::state::State;
use crate::console::state::history::Ring;
use crate::console::text::{UNKNOWN, bitrate, counted, fps, keep_lines, speed, wrap_after};
use crate::model::{Condition, Phase, Row, Wanted, WatchKind, coarse_age};

/// Cells the labels take.
const LABEL: u16 = 11;
/// With at least this many lines each condition has its own, and the charts are high.
const ROOMY: u16 = 28;
/// Lines of the facts when no text takes more than one.
const FACTS: u16 = 11;
/// Below this the three figures share a line.
const LEAST_CHARTS: u16 = 11;
/// The most lines one text takes.
const MOST_LINES: usize = 4;
/// The height of a high chart.
const CHART_HEIGHT: u16 = 4;

/// Draws the open stream.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    let (facts, lines) = stream_parts(area);
    if let Some(row) = state.open.and_then(|ix| state.row(ix)) {
        let spare = usize::from(facts.height.saturating_sub(FACTS)).max(1);
        Facts { state, row, area: facts, y: facts.y, spare }.draw(pen);
    } else {
        let text = "this stream is no longer configured; esc goes back";
        pen.left(facts.x + 1, facts.y + 1, facts.width.saturating_sub(1), text, pen.theme.warning);
    }
    log::draw(state, lines, false, pen);
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { UNKNOWN } else { text }
}

struct Facts<'a> {
    state: &'a State,
    row: &'a Row,
    area: Rect,
    /// The next free line.
    y: u16,
    /// Lines that nobody needs: long texts may take them.
    spare: usize,
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
        self.watch(pen);
        self.input(pen);
        let error = or_unknown(row.last_error.as_deref().unwrap_or(""));
        self.long("last error", error, theme.text, pen);
        if row.last_message.is_empty() {
            self.line("last line", &[(UNKNOWN.into(), theme.faint)], pen);
        } else {
            let age = coarse_age(self.state.seen_at().since(row.last_message_at));
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
            pen.pieces(self.area.x + 1 + LABEL, self.y, self.room(), pieces);
            self.y += 1;
        }
    }

    const fn room(&self) -> u16 {
        self.area.width.saturating_sub(LABEL + 1)
    }

    /// A text behind `taken` cells of its first line: beyond that line it gets what is spare.
    fn wrapped(&mut self, taken: usize, text: &str, pen: &Pen) -> Vec<String> {
        let mut lines = wrap_after(taken, text, self.room().into(), pen.glyphs);
        let more = lines.len().saturating_sub(1).min(self.spare).min(MOST_LINES - 1);
        self.spare -= more;
        keep_lines(&mut lines, more + 1);
        lines
    }

    /// A text behind `pieces`, which may take several lines where there is room.
    fn behind(&mut self, label: &str, mut pieces: Vec<Piece>, text: &str, pen: &mut Pen) {
        for (n, text) in self.wrapped(length(&pieces), text, pen).into_iter().enumerate() {
            pieces.push((text, pen.theme.text));
            self.line(if n == 0 { label } else { "" }, &pieces, pen);
            pieces.clear();
        }
    }

    /// A text that may take several lines where there is room.
    fn long(&mut self, label: &str, text: &str, style: Style, pen: &mut Pen) {
        let lines = self.wrapped(0, text, pen);
        for (n, line) in lines.into_iter().enumerate() {
            self.line(if n == 0 { label } else { "" }, &[(line, style)], pen);
        }
    }

    fn phase(&mut self, pen: &mut Pen) {
        let (row, now, theme) = (self.row, self.state.seen_at(), pen.theme);
        let mut pieces = vec![
            (format!("{} {}", pen.glyphs.phase(row.phase), row.phase.word()), theme.phase(row.phase)),
            (format!(" for {}", coarse_age(now.since(row.since))), theme.dim),
        ];
        if row.wanted == Wanted::Stopped {
            pieces.push((", wanted stopped".into(), theme.dim));
        }
        let why = words::why(row, now, Countdown::Exact);
        if why.is_empty() {
            self.line("phase", &pieces, pen);
            return;
        }
        pieces.push(("   ".into(), theme.dim));
        self.behind("phase", pieces, &why, pen);
    }

    /// Who goes first, whether it takes turns, and when it was last seen.
    fn watch(&mut self, pen: &mut Pen) {
        let (row, theme) = (self.row, pen.theme);
        let mut parts = match row.watch {
            WatchKind::Always => vec!["always".to_owned()],
            WatchKind::Rotate => vec!["takes turns".to_owned()],
        };
        parts.push(format!("priority {}", row.priority));
        if row.watch == WatchKind::Rotate {
            parts.push(row.last_seen.map_or_else(
                || "not seen yet".into(),
                |seen| format!("last seen {} ago", slow_age(self.state.seen_at().since(seen))),
            ));
        }
        let mut pieces = vec![(parts.join(", "), theme.text)];
        if row.maintenance {
            pieces.push(("   in maintenance".into(), theme.accent));
        }
        self.line("watch", &pieces, pen);
    }

    fn input(&mut self, pen: &mut Pen) {
        let (row, theme) = (self.row, pen.theme);
        let (number, of) = row.input_of;
        let mut pieces = Vec::new();
        if of > 1 {
            pieces.push(if words::on_fallback(row) {
                (format!("{number} of {of}, not the primary  "), theme.warning)
            } else {
                (format!("{number} of {of}  "), theme.dim)
            });
        }
        self.behind("input", pieces, or_unknown(&row.input), pen);
    }

    fn health(&mut self, pen: &mut Pen) {
        let (row, theme) = (self.row, pen.theme);
        let health = row.health();
        let mut pieces =
            vec![(format!("{} {}", pen.glyphs.health(health), health.word()), theme.health(health))];
        if row.phase == Phase::Resting && !row.conditions.is_empty() {
            let age = row
                .last_seen
                .map_or_else(String::new, |at| slow_age(self.state.seen_at().since(at)) + " ago");
            pieces.push((format!("   found when it was last seen, {age}:"), theme.dim));
        }
        if !self.roomy() {
            for (n, condition) in words::by_weight(row).enumerate() {
                let gap = if n > 0 {
                    ", "
                } else if pieces.len() == 1 {
                    "   "
                } else {
                    " "
                };
                let (kind, style, note) = self.condition(condition, pen);
                let note = if note.is_empty() { note } else { format!(" {note}") };
                pieces.extend([(format!("{gap}{kind}"), style), (note, theme.dim)]);
            }
            self.line("health", &pieces, pen);
            return;
        }
        self.line("health", &pieces, pen);
        for condition in words::by_weight(row).take(6) {
            let (kind, style, note) = self.condition(condition, pen);
            self.line("", &[(format!("{kind:<14}"), style), (note, theme.dim)], pen);
        }
        if row.conditions.len() > 6 {
            let text = format!("and {} more", row.conditions.len() - 6);
            self.line("", &[(text, theme.dim)], pen);
        }
    }

    /// A condition's word, how it looks, and what is to be said about it.
    fn condition(&self, condition: &Condition, pen: &Pen) -> (&'static str, Style, String) {
        let mut notes = Vec::new();
        // How long it lasted meanwhile nobody knows.
        if self.row.phase != Phase::Resting {
            let age = coarse_age(self.state.seen_at().since(condition.since));
            notes.push(if self.roomy() { format!("for {age}") } else { age });
        }
        notes.extend(condition.explained.map(|explained| format!("({})", explained.word())));
        let style = match condition.explained {
            Some(_) => pen.theme.dim,
            None => pen.theme.severity(condition.severity),
        };
        (condition.kind.word(), style, notes.join(" "))
    }

    fn figures(&mut self, pen: &mut Pen) {
        let figures = self.row.figures;
        let values = [
            ("fps", fps(figures.fps)),
            ("bitrate", bitrate(figures.bitrate_kbps)),
            ("speed", speed(figures.speed)),
        ];
        if self.area.height < LEAST_CHARTS {
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
        if let Some(up) = words::uptime(row, self.state.seen_at()) {
            parts.push(format!("up {up}"));
        }
        parts.push(counted(row.restarts as usize, "restart"));
        if row.failures > 0 {
            parts.push(format!("{} in a row", counted(row.failures as usize, "failure")));
        }
        self.line("worker", &[(parts.join(", "), theme.text)], pen);
    }
}
