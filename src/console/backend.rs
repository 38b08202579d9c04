//! The terminal as ratatui draws on it, but quiet: nothing changed, nothing written.
//!
//! ratatui's own backend writes 25 bytes in 13 calls for a frame without a change. This one looks
//! first whether there is a change, remembers whether the cursor is shown, collects a frame in one
//! buffer and writes it once, bracketed as one synchronized update (mode 2026).

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
const END_UPDATE: &[u8] = b"\x1b[?2026l";
/// The buffer shrinks back to this after a frame that was larger.
const KEPT_BYTES: usize = 64 * 1024;

/// A backend that writes each frame at once, and only when there is something to write.
#[derive(Debug)]
pub struct QuietBackend<W: Write> {
    out: W,
    size: Size,
    /// The frame so far; empty, or begun with [`BEGIN_UPDATE`].
    frame: Vec<u8>,
    /// `None` while it is not known whether the cursor is shown.
    cursor_shown: Option<bool>,
    cursor_at: Option<Position>,
    bytes: u64,
    writes: u64,
}

impl<W: Write> QuietBackend<W> {
    /// Draws on `out`, a terminal of this size. `out` should not cut what it is given into pieces.
    pub const fn new(out: W, size: Size) -> Self {
        Self { out, size, frame: Vec::new(), cursor_shown: None, cursor_at: None, bytes: 0, writes: 0 }
    }

    /// The terminal has another size now.
    pub const fn set_size(&mut self, size: Size) {
        self.size = size;
    }

    /// Someone else may have written to the terminal: nothing is known about its cursor.
    pub const fn forget(&mut self) {
        self.cursor_shown = None;
        self.cursor_at = None;
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Frames written so far.
    #[must_use]
    pub const fn writes(&self) -> u64 {
        self.writes
    }

    /// Says something to the terminal that is no part of the picture, at once and in one write.
    ///
    /// # Errors
    /// Those of the terminal.
    pub fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.out.write_all(bytes).and_then(|()| self.out.flush());
        self.bytes += bytes.len() as u64;
        self.writes += 1;
        written
    }

    /// crossterm's backend, writing into the frame.
    fn frame(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        if self.frame.is_empty() {
            self.frame.extend_from_slice(BEGIN_UPDATE);
        }
        CrosstermBackend::new(&mut self.frame)
    }
}

impl<W: Write> Backend for QuietBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.cursor_at = None;
        self.frame().draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown != Some(false) {
            self.frame().hide_cursor()?;
            self.cursor_shown = Some(false);
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown != Some(true) {
            self.frame().show_cursor()?;
            self.cursor_shown = Some(true);
        }
        Ok(())
    }

    /// Never asks the terminal: the answer comes on the channel the keys come on (crossterm #963).
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor_at.unwrap_or(Position::ORIGIN))
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor_at != Some(position) {
            self.frame().set_cursor_position(position)?;
            self.cursor_at = Some(position);
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.frame().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        self.frame.extend_from_slice(END_UPDATE);
        // What could not be written is gone: the next frame would only garble it further.
        let written = self.out.write_all(&self.frame).and_then(|()| self.out.flush());
        self.bytes += self.frame.len() as u64;
        self.writes += 1;
        self.frame.clear();
        self.frame.shrink_to(KEPT_BYTES);
        written
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::widgets::Paragraph;

    use super::*;

    /// Remembers each write; fails from a number of writes on.
    #[derive(Debug, Default)]
    struct Recorder {
        writes: Vec<Vec<u8>>,
        fails_after: Option<usize>,
    }

    impl Write for &mut Recorder {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.fails_after.is_some_and(|n| self.writes.len() >= n) {
                return Err(io::Error::other("the terminal is gone"));
            }
            self.writes.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn draw(terminal: &mut Terminal<QuietBackend<&mut Recorder>>, text: &str) -> io::Result<()> {
        terminal.draw(|frame| frame.render_widget(Paragraph::new(text), frame.area())).map(|_| ())
    }

    #[test]
    fn an_unchanged_frame_writes_nothing() {
        let mut out = Recorder::default();
        let mut terminal = Terminal::new(QuietBackend::new(&mut out, Size::new(40, 5))).unwrap();
        draw(&mut terminal, "one").unwrap();
        let (bytes, writes) = (terminal.backend().bytes(), terminal.backend().writes());
        for _ in 0..10 {
            draw(&mut terminal, "one").unwrap();
        }
        assert_eq!((terminal.backend().bytes(), terminal.backend().writes()), (bytes, writes));
        drop(terminal);
        assert_eq!(out.writes.len(), 1);
    }

    #[test]
    fn a_frame_is_one_write_and_one_synchronized_update() {
        let mut out = Recorder::default();
        let mut terminal = Terminal::new(QuietBackend::new(&mut out, Size::new(200, 60))).unwrap();
        draw(&mut terminal, &"much text ".repeat(1_000)).unwrap();
        draw(&mut terminal, "little").unwrap();
        drop(terminal);
        assert_eq!(out.writes.len(), 2);
        assert!(out.writes.iter().all(|w| w.starts_with(BEGIN_UPDATE) && w.ends_with(END_UPDATE)));
    }

    #[test]
    fn one_changed_character_costs_little() {
        let mut out = Recorder::default();
        let mut terminal = Terminal::new(QuietBackend::new(&mut out, Size::new(40, 5))).unwrap();
        draw(&mut terminal, "one").unwrap();
        let before = terminal.backend().bytes();
        draw(&mut terminal, "onE").unwrap();
        let cost = terminal.backend().bytes() - before;
        assert!((1..=60).contains(&cost), "{cost}");
    }

    #[test]
    fn a_resize_is_drawn_anew_without_asking_for_the_cursor() {
        let mut out = Recorder::default();
        let mut terminal = Terminal::new(QuietBackend::new(&mut out, Size::new(40, 5))).unwrap();
        draw(&mut terminal, "one").unwrap();
        terminal.backend_mut().set_size(Size::new(30, 4));
        draw(&mut terminal, "one").unwrap();
        drop(terminal);
        let last = String::from_utf8(out.writes.pop().unwrap()).unwrap();
        assert!(last.contains("\x1b[2J") && last.contains("one"), "{last:?}");
        assert!(!out.writes.concat().windows(4).any(|w| w == b"\x1b[6n"));
    }

    #[test]
    fn a_writer_that_fails_is_told() {
        let mut out = Recorder { fails_after: Some(1), ..Recorder::default() };
        let mut terminal = Terminal::new(QuietBackend::new(&mut out, Size::new(40, 5))).unwrap();
        draw(&mut terminal, "one").unwrap();
        assert!(draw(&mut terminal, "two").is_err());
    }
}
