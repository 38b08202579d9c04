//! What a frame costs on the wire.

use std::io::{self, Write};

use ratatui::Terminal;
use ratatui::layout::Size;

use super::support::*;
use crate::console::backend::QuietBackend;
use crate::console::state::{Dirty, State};
use crate::console::view;
use crate::link::ServerMessage;
use crate::model::{Figures, PoolReading, Row};

/// Takes everything and keeps nothing.
pub struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub type Screen = Terminal<QuietBackend<Sink>>;

pub fn screen_of(state: &State) -> Screen {
    Terminal::new(QuietBackend::new(Sink, Size::new(state.size.width, state.size.height))).unwrap()
}

/// Draws, and says how many bytes that took.
pub fn draw(screen: &mut Screen, state: &mut State) -> u64 {
    let look = look();
    let before = screen.backend().bytes();
    screen.draw(|frame| view::draw(state, &look, frame)).unwrap();
    state.drawn();
    screen.backend().bytes() - before
}

fn moved(row: &Row, by: f32) -> Row {
    let figures = Figures {
        fps: row.figures.fps.map(|v| v + by / 10.0),
        bitrate_kbps: row.figures.bitrate_kbps.map(|v| v + by * 37.0),
        speed: row.figures.speed.map(|v| v + by / 100.0),
    };
    Row { figures, ..row.clone() }
}

#[test]
fn an_unchanged_state_costs_no_byte() {
    let mut state = state(200, 60, troubled_board(200));
    let mut screen = screen_of(&state);
    assert!(draw(&mut screen, &mut state) > 1_000);
    assert_eq!(draw(&mut screen, &mut state), 0);
}

#[test]
fn figures_of_a_full_screen_cost_less_than_four_kilobytes() {
    let mut state = state(200, 60, board(200));
    let mut screen = screen_of(&state);
    draw(&mut screen, &mut state);
    for step in 1..6u8 {
        let by = f32::from(step % 3) - 1.0;
        let rows: Vec<Row> = state.board.rows.values().map(|r| moved(r, by + 0.5)).collect();
        change(&mut state, rows);
        let bytes = draw(&mut screen, &mut state);
        assert!((500..4_096).contains(&bytes), "{bytes} bytes for {} rows", state.grid_height());
    }
}

#[test]
fn turns_that_change_no_text_cost_nothing() {
    let mut state = state(200, 60, supervised_board(200));
    let mut screen = screen_of(&state);
    draw(&mut screen, &mut state);
    for (seconds, costs) in [(130, false), (125, false), (60, true), (3, true), (58, false)] {
        let mut delta = delta(&state, Vec::new());
        delta.pool = Some(PoolReading { unseen_since: Some(ago(seconds)), ..state.board.pool });
        tell(&mut state, ServerMessage::Delta(Box::new(delta)));
        assert_eq!(state.dirty(), Dirty::Figures);
        assert_eq!(draw(&mut screen, &mut state) > 0, costs, "{seconds}");
    }
}

#[test]
fn moving_the_cursor_costs_two_rows_at_most() {
    let mut state = state(200, 60, board(200));
    let mut screen = screen_of(&state);
    draw(&mut screen, &mut state);
    press(&mut state, crossterm::event::KeyCode::Down);
    let bytes = draw(&mut screen, &mut state);
    assert!(bytes < 2_500, "{bytes}");
}

#[test]
fn a_clock_that_goes_on_costs_only_ages() {
    let mut state = state(200, 60, board(200));
    let mut screen = screen_of(&state);
    draw(&mut screen, &mut state);
    wait(&mut state, 1);
    let bytes = draw(&mut screen, &mut state);
    assert!(bytes < 300, "{bytes}");
}
