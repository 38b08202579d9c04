//! Writing on the screen: everything goes through here, so everything is cut to its place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::console::glyphs::Glyphs;
use crate::console::text::{cells, fit, shown, width};
use crate::console::theme::{Look, Theme};

/// A piece of a line.
pub type Piece = (String, Style);

/// Writes on a buffer in a look.
pub struct Pen<'a> {
    /// The screen.
    pub buffer: &'a mut Buffer,
    /// Colours.
    pub theme: &'a Theme,
    /// Signs.
    pub glyphs: &'a Glyphs,
}

impl<'a> Pen<'a> {
    /// Writes on `buffer`.
    pub const fn new(buffer: &'a mut Buffer, look: &'a Look) -> Self {
        Self { buffer, theme: &look.theme, glyphs: &look.glyphs }
    }

    /// Writes at the left of a field of `room` cells; says how many it took.
    pub fn left(&mut self, x: u16, y: u16, room: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y >= area.bottom() || x >= area.right() {
            return 0;
        }
        let room = room.min(area.right() - x);
        // Most of a screen is plain: finding the characters of such a text is half of a frame's time.
        let plain = text.len() <= usize::from(room) && text.bytes().all(|b| matches!(b, b' '..=b'~'));
        if plain {
            for (at, letter) in (x..).zip(text.chars()) {
                self.buffer[(at, y)].set_char(letter).set_style(style);
            }
            return cells(text.len());
        }
        let text = fit(text, room.into(), self.glyphs);
        let (end, _) = self.buffer.set_stringn(x, y, &text, room.into(), style);
        end - x
    }

    /// Writes at the right of a field of `room` cells.
    pub fn right(&mut self, x: u16, y: u16, room: u16, text: &str, style: Style) {
        let text = fit(text, room.into(), self.glyphs);
        let wide = cells(width(&text));
        self.left(x + room.saturating_sub(wide), y, wide, &text, style);
    }

    /// Writes pieces one after the other; says how many cells they took.
    pub fn pieces(&mut self, x: u16, y: u16, room: u16, pieces: &[Piece]) -> u16 {
        let mut used = 0;
        for (text, style) in pieces {
            let took = self.left(x + used, y, room - used, text, *style);
            used += took;
            // What was cut is the end: nothing stands behind its mark.
            if usize::from(took) < width(&shown(text, self.glyphs)) {
                break;
            }
        }
        used
    }

    /// Gives a whole area a style.
    pub fn paint(&mut self, area: Rect, style: Style) {
        if style == Style::new() {
            return;
        }
        self.buffer.set_style(area, style);
    }

    /// Empties an area. Of a character that reaches into it from the left nothing stays: a terminal
    /// draws the whole of it, over what comes to stand here.
    pub fn wipe(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        if let Some(x) = area.x.checked_sub(1) {
            for y in area.top()..area.bottom() {
                if width(self.buffer[(x, y)].symbol()) > 1 {
                    self.buffer[(x, y)].set_char(' ');
                }
            }
        }
        for position in area.positions() {
            self.buffer[position].reset();
            self.buffer[position].set_style(self.theme.ground);
        }
    }

    /// A line across `room` cells with a title in it and facts at its end.
    pub fn rule(&mut self, x: u16, y: u16, room: u16, title: &[Piece], facts: &[Piece]) {
        let faint = self.theme.faint;
        let line = self.glyphs.line;
        self.left(x, y, room, &line.repeat(room.into()), faint);
        let facts_wide = cells(length(facts));
        let mut titled = vec![(" ".to_owned(), faint)];
        titled.extend_from_slice(title);
        titled.push((" ".to_owned(), faint));
        let title_wide = self.pieces(x + 1, y, room.saturating_sub(2), &titled);
        if facts_wide > 0 && title_wide + facts_wide + 6 <= room {
            let mut framed = vec![(" ".to_owned(), faint)];
            framed.extend_from_slice(facts);
            framed.push((" ".to_owned(), faint));
            self.pieces(x + room - facts_wide - 3, y, facts_wide + 2, &framed);
        }
    }
}

/// How many cells pieces take when nothing is cut.
pub fn length(pieces: &[Piece]) -> usize {
    pieces.iter().map(|(text, _)| width(text)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::style::Color;

    use super::*;
    use crate::console::tests::support::look;

    #[test]
    fn what_is_wiped_is_not_covered_by_half_a_character() {
        let (area, look) = (Rect::new(0, 0, 8, 1), look());
        let mut buffer = Buffer::empty(area);
        buffer.set_string(0, 0, "新闻联播", Style::new());
        let mut pen = Pen::new(&mut buffer, &look);
        pen.wipe(Rect::new(3, 0, 2, 1));
        pen.left(3, 0, 2, "||", Style::new());
        let row: Vec<&str> = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(row, ["新", " ", " ", "|", "|", " ", "播", " "]);
    }

    proptest! {
        #[test]
        fn plain_text_is_written_as_any_other(text in "[ -~]{0,30}", x in 0u16..25, room in 0u16..30) {
            let (area, look) = (Rect::new(0, 0, 20, 2), look());
            let style = Style::new().fg(Color::Red);
            let (mut ours, mut theirs) = (Buffer::empty(area), Buffer::empty(area));
            // What was there before is written over in the same way.
            for buffer in [&mut ours, &mut theirs] {
                buffer.set_string(0, 1, "新闻联播新闻联播新", Style::new());
            }
            let took = Pen::new(&mut ours, &look).left(x, 1, room, &text, style);
            let cut = fit(&text, room.min(20u16.saturating_sub(x)).into(), &look.glyphs);
            let end = if x < 20 { theirs.set_stringn(x, 1, &cut, 20, style).0 } else { x };
            prop_assert_eq!(&ours, &theirs);
            prop_assert_eq!(took, end - x);
        }
    }
}
