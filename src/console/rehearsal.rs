//! The console without its thread, its terminal and its link: whoever holds it tells it what has
//! happened and when, and gets the bytes of each frame counted. For benchmarks.

use std::io::{self, Write};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::layout::Size;

use super::ConsoleError;
use super::backend::QuietBackend;
use super::decode::Typed;
use super::state::update::{Event, update};
use super::state::{Dirty, State};
use super::theme::{Look, Surroundings};
use super::view;
use crate::link::ServerMessage;
use crate::model::Moment;

/// A terminal that takes everything and keeps nothing.
#[derive(Debug)]
struct Nowhere;

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A console that is rehearsed.
pub struct Rehearsal {
    state: State,
    look: Look,
    screen: Terminal<QuietBackend<Nowhere>>,
}

impl Rehearsal {
    /// A console on a terminal of `(columns, rows)` with all colours, in the default theme.
    ///
    /// # Errors
    /// None that a terminal without a device could have; the types allow them.
    pub fn new((width, height): (u16, u16)) -> Result<Self, ConsoleError> {
        let size = Size { width, height };
        let around = Surroundings {
            term: "xterm-256color".into(),
            colorterm: "truecolor".into(),
            locale: "C.UTF-8".into(),
            ..Surroundings::default()
        };
        let screen = Terminal::new(QuietBackend::new(Nowhere, size)).map_err(ConsoleError::Terminal)?;
        Ok(Self {
            state: State::new("rehearsal", "0", size, TimeZone::UTC),
            look: Look::suiting(false, &around),
            screen,
        })
    }

    /// The supervisor tells something at `now`.
    pub fn tell(&mut self, now: Moment, message: ServerMessage) {
        update(&mut self.state, now, Event::Told(message));
    }

    /// Time goes on to `now`.
    pub fn wait(&mut self, now: Moment) {
        update(&mut self.state, now, Event::Clock);
    }

    /// Someone presses a key at `now`.
    pub fn press(&mut self, now: Moment, code: KeyCode) {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        update(&mut self.state, now, Event::Typed(Typed::Key(key)));
    }

    /// Whether a frame is wanted.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.state.dirty() != Dirty::Clean
    }

    /// Draws a frame, wanted or not; says how many bytes the terminal was sent.
    ///
    /// # Errors
    /// As [`Rehearsal::new`].
    pub fn draw(&mut self) -> Result<u64, ConsoleError> {
        let (state, look) = (&self.state, &self.look);
        let before = self.screen.backend().bytes();
        self.screen.draw(|frame| view::draw(state, look, frame)).map_err(ConsoleError::Terminal)?;
        self.state.drawn();
        Ok(self.screen.backend().bytes() - before)
    }
}
