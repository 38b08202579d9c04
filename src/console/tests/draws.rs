//! When it draws, not only what: every frame of a scripted while is recorded with its time.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::support::*;
use crate::console::decode::Typed;
use crate::console::frames::Frames;
use crate::console::state::State;
use crate::console::state::update::{Event, update};
use crate::link::ServerMessage;
use crate::model::{ConditionKind, Figures, HostReading, Moment, Phase, Row};

/// A console whose clock is ours, and the times of its frames in milliseconds.
struct Recorded {
    state: State,
    frames: Frames,
    begin: Instant,
    ms: u64,
    drawn: Vec<u64>,
}

impl Recorded {
    fn new(state: State) -> Self {
        let mut recorded =
            Self { state, frames: Frames::default(), begin: Instant::now(), ms: 0, drawn: Vec::new() };
        recorded.until(5_000);
        // What came up at the begin is not what is recorded.
        recorded.drawn.clear();
        recorded.begin += Duration::from_millis(recorded.ms);
        recorded.ms = 0;
        recorded
    }

    fn now(&self) -> Instant {
        self.begin + Duration::from_millis(self.ms)
    }

    /// Draws what is due now.
    fn look(&mut self) {
        let now = self.now();
        if self.frames.due(self.state.dirty(), now).is_some_and(|at| at <= now) {
            self.frames.drawn(now);
            self.state.drawn();
            self.drawn.push(self.ms);
        }
    }

    /// Time goes on, and the console wakes only when it has asked for it.
    fn until(&mut self, ms: u64) {
        self.look();
        while self.ms < ms {
            let frame = self.frames.due(self.state.dirty(), self.now()).map(|at| at - self.now());
            let clock = self.state.deadline().map(|at| self.state.now.until(at));
            let next = [frame, clock].into_iter().flatten().min().unwrap_or(Duration::MAX);
            let step = u64::try_from(next.as_millis()).unwrap_or(u64::MAX).max(1).min(ms - self.ms);
            self.ms += step;
            let now = self.state.now + Duration::from_millis(step);
            // The supervisor lives, and says nothing because nothing is new.
            update(&mut self.state, now, Event::Heard(Duration::ZERO));
            update(&mut self.state, now, Event::Clock);
            self.look();
        }
    }

    fn at(&mut self, ms: u64, what: impl FnOnce(&mut State)) {
        self.until(ms);
        what(&mut self.state);
        self.look();
    }

    fn changes(&mut self, ms: u64, ix: u32, change: impl FnOnce(&mut Row)) {
        self.at(ms, |state| {
            let mut row = state.row(crate::model::StreamIx(ix)).unwrap().clone();
            change(&mut row);
            let delta = delta(state, vec![row]);
            tell(state, ServerMessage::Delta(Box::new(delta)));
        });
    }

    fn key(&mut self, ms: u64, code: KeyCode) {
        self.at(ms, |state| {
            let key = KeyEvent::new(code, KeyModifiers::NONE);
            let now = state.now;
            update(state, now, Event::Typed(Typed::Key(key)));
        });
    }
}

/// A board on which nothing grows older within minutes.
fn calm(width: u16, height: u16) -> Recorded {
    let mut board = board(200);
    for row in board.rows.values_mut() {
        let row = std::sync::Arc::make_mut(row);
        row.started = Some(NOW - Duration::from_secs(3 * 86_400 + 60));
        row.since = NOW - Duration::from_secs(3 * 86_400 + 60);
        row.last_message_at = NOW - Duration::from_secs(3 * 86_400 + 60);
    }
    Recorded::new(state(width, height, board))
}

fn figures(fps: f32) -> Figures {
    Figures { fps: Some(fps), bitrate_kbps: Some(2_000.0), speed: Some(1.0) }
}

#[test]
fn nothing_happens_and_nothing_is_drawn() {
    let mut grid = calm(80, 24);
    assert_eq!(grid.state.deadline().filter(|at| *at < NOW + Duration::from_secs(60)), None::<Moment>);
    grid.until(60_000);
    assert!(grid.drawn.is_empty(), "{:?}", grid.drawn);
}

#[test]
fn what_can_t_be_seen_draws_nothing() {
    let mut grid = calm(80, 24);
    for second in 1..=10u8 {
        grid.changes(u64::from(second) * 1_000, 150, |row| row.figures = figures(f32::from(second)));
        grid.at(u64::from(second) * 1_000 + 300, |state| {
            let mut delta = delta(state, Vec::new());
            delta.host = Some(HostReading { cpu_percent: f32::from(second), ..state.board.host });
            tell(state, ServerMessage::Delta(Box::new(delta)));
        });
    }
    grid.until(20_000);
    assert!(grid.drawn.is_empty(), "{:?}", grid.drawn);
}

#[test]
fn figures_are_drawn_once_a_second_however_often_they_come() {
    let mut grid = calm(80, 24);
    for n in 0..40u8 {
        grid.changes(100 + u64::from(n) * 100, 3, |row| row.figures = figures(20.0 + f32::from(n)));
    }
    grid.until(10_000);
    assert_eq!(grid.drawn, [100, 1_100, 2_100, 3_100, 4_100]);
}

#[test]
fn a_fault_is_drawn_at_once_and_a_burst_of_them_is_a_few_frames() {
    let mut grid = calm(80, 24);
    grid.changes(1_000, 3, |row| row.figures = figures(20.0));
    for n in 0..20u32 {
        grid.changes(1_100 + u64::from(n), n, |row| {
            row.phase = Phase::Stalled;
            row.conditions.push(condition(ConditionKind::Stalled, 0));
        });
    }
    grid.until(1_500);
    assert_eq!(grid.drawn, [1_000, 1_100, 1_133]);
}

#[test]
fn a_key_does_not_wait_for_anything() {
    let mut grid = calm(80, 24);
    grid.changes(1_000, 3, |row| row.figures = figures(20.0));
    grid.key(1_010, KeyCode::Down);
    // Two at once are one frame.
    grid.key(1_500, KeyCode::Down);
    grid.key(1_501, KeyCode::Down);
    grid.key(1_502, KeyCode::Down);
    grid.until(1_600);
    assert_eq!(grid.drawn, [1_000, 1_010, 1_500, 1_508]);
}
