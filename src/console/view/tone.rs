//! Lines of facts: a label, and pieces that wrap where they have no room. They are made without a
//! screen, so that it is known how many there are.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, Piece};
use crate::console::glyphs::Glyphs;
use crate::console::text::{width, wrap_after};
use crate::console::theme::Theme;
use crate::model::{Health, Phase, Severity};

/// Cells the labels take.
pub const LABEL: u16 = 11;

/// How a piece looks, whatever the theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// What is read.
    Text,
    /// What is looked up.
    Dim,
    /// A name.
    Title,
    /// What the operator chose.
    Accent,
    /// As a phase.
    Phase(Phase),
    /// As a health.
    Health(Health),
    /// As a severity.
    Severity(Severity),
}

impl Tone {
    /// Its style.
    #[must_use]
    pub const fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Text => theme.text,
            Self::Dim => theme.dim,
            Self::Title => theme.title,
            Self::Accent => theme.accent,
            Self::Phase(phase) => theme.phase(phase),
            Self::Health(health) => theme.health(health),
            Self::Severity(severity) => theme.severity(severity),
        }
    }
}

/// A piece of a line of facts.
pub type Toned = (String, Tone);

/// One line of facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about; empty where it goes on.
    pub label: &'static str,
    /// What it says.
    pub pieces: Vec<Toned>,
}

/// Lines of facts for a place of some width.
#[derive(Debug)]
pub struct Lines<'a> {
    /// Cells for what is said, without the label.
    room: usize,
    glyphs: &'a Glyphs,
    done: Vec<Line>,
}

impl<'a> Lines<'a> {
    /// No lines, for a place this wide; `labelled`: labels take a part of it.
    #[must_use]
    pub fn new(wide: u16, labelled: bool, glyphs: &'a Glyphs) -> Self {
        let room = usize::from(wide.saturating_sub(if labelled { LABEL + 1 } else { 2 })).max(2);
        Self { room, glyphs, done: Vec::new() }
    }

    /// Cells for what is said.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.room
    }

    /// One line; what has no room is cut.
    pub fn line(&mut self, label: &'static str, pieces: Vec<Toned>) {
        self.done.push(Line { label, pieces });
    }

    /// A text behind some pieces, on as many lines as it needs, those below the first moved in by
    /// `indent`.
    pub fn text(&mut self, label: &'static str, before: Vec<Toned>, text: &str, tone: Tone, indent: usize) {
        let taken: usize = before.iter().map(|(text, _)| width(text)).sum();
        let indent = indent.min(self.room / 2);
        let room = self.room - indent;
        // Wrapped as if all lines were moved in, and the first had so much less taken.
        let wrapped = wrap_after(taken.saturating_sub(indent), text, room, self.glyphs);
        let mut pieces = before;
        for (n, text) in wrapped.into_iter().enumerate() {
            if n > 0 {
                pieces.push((" ".repeat(indent), tone));
            }
            pieces.push((text, tone));
            self.line(if n == 0 { label } else { "" }, std::mem::take(&mut pieces));
        }
    }

    /// Groups of pieces one after the other with a gap between; a group without room begins the next
    /// line.
    pub fn flow(&mut self, label: &'static str, groups: Vec<Vec<Toned>>, gap: &str) {
        let long = |group: &[Toned]| group.iter().map(|(text, _)| width(text)).sum::<usize>();
        let (mut pieces, mut used, mut label) = (Vec::new(), 0, label);
        for group in groups {
            let wide = long(&group);
            if used > 0 && used + width(gap) + wide > self.room {
                self.line(label, std::mem::take(&mut pieces));
                (used, label) = (0, "");
            }
            if used > 0 {
                pieces.push((gap.to_owned(), Tone::Dim));
                used += width(gap);
            }
            used += wide;
            pieces.extend(group);
        }
        self.line(label, pieces);
    }

    /// What came of it.
    #[must_use]
    pub fn done(self) -> Vec<Line> {
        self.done
    }
}

/// Draws lines from `top` on, as far as they fit. Where some are below, the last line says how many
/// and `hint`, how to get there.
pub fn draw(lines: &[Line], top: usize, hint: &str, area: Rect, pen: &mut Pen) {
    let height = usize::from(area.height);
    let top = top.min(overflow(lines.len(), height));
    let below = lines.len().saturating_sub(top + height);
    // The line that counts takes the place of one.
    let shown = if below > 0 { height.saturating_sub(1) } else { height };
    for (line, y) in lines.iter().skip(top).take(shown).zip(area.y..) {
        let labelled = lines.iter().any(|line| !line.label.is_empty());
        let indent = if labelled { LABEL } else { 0 };
        pen.left(
            area.x + 1,
            y,
            LABEL.min(area.width.saturating_sub(1)) - u16::from(area.width > 1),
            line.label,
            pen.theme.heading,
        );
        let pieces: Vec<Piece> =
            line.pieces.iter().map(|(text, tone)| (text.clone(), tone.style(pen.theme))).collect();
        pen.pieces(area.x + 1 + indent, y, area.width.saturating_sub(indent + 1), &pieces);
    }
    if below > 0 && height > 0 {
        let text = format!("+{} more: {hint}", below + 1);
        pen.left(area.x + 1, area.bottom() - 1, area.width.saturating_sub(1), &text, pen.theme.accent);
    }
}

/// How far `lines` can be scrolled in a place of `height`.
#[must_use]
pub const fn overflow(lines: usize, height: usize) -> usize {
    lines.saturating_sub(height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::glyphs::UNICODE;

    fn texts(lines: Lines<'_>) -> Vec<String> {
        let text = |line: Line| {
            let said: String = line.pieces.iter().map(|(text, _)| &**text).collect();
            format!("{}|{said}", line.label)
        };
        lines.done().into_iter().map(text).collect()
    }

    #[test]
    fn texts_wrap_below_their_beginning() {
        let mut lines = Lines::new(28, true, &UNICODE);
        assert_eq!(lines.room(), 16);
        lines.text("why", vec![("1 ".into(), Tone::Dim)], "connection refused by peer", Tone::Text, 2);
        lines.text("url", Vec::new(), &"x".repeat(20), Tone::Text, 0);
        assert_eq!(
            texts(lines),
            ["why|1 connection", "|  refused by", "|  peer", "url|xxxxxxxxxxxxxxxx", "|xxxx"]
        );
    }

    #[test]
    fn groups_stay_together_and_none_is_lost() {
        let mut lines = Lines::new(28, true, &UNICODE);
        let group =
            |name: &str, value: &str| vec![(format!("{name} "), Tone::Dim), (value.into(), Tone::Text)];
        lines.flow("figures", vec![group("fps", "25.0"), group("speed", "1.0x"), group("a", "b")], "  ");
        lines.flow("none", Vec::new(), "  ");
        assert_eq!(texts(lines), ["figures|fps 25.0", "|speed 1.0x  a b", "none|"]);
    }
}
