//! The hub's client behind all answers, and the board as it was last told.

use std::time::Duration;

use crate::link::{Client, ClientMessage, Hub, Role, ServerMessage};
use crate::model::{Answer, Board, IncidentPage, IncidentQuery};

/// What is known, brought up to date when somebody asks.
pub(super) struct Feed {
    hub: Hub,
    client: Client,
    board: Board,
    /// Workers left, once headend is leaving.
    leaving: Option<u32>,
    /// The number of the last question.
    seq: u64,
}

impl Feed {
    pub fn new(hub: &Hub) -> Self {
        // Nobody is woken: what is new is taken when it is asked for, merged into one delta until then.
        let client = hub.attach(Role::Viewer, || {});
        client.send(ClientMessage::WakeForReadings(false));
        Self { hub: hub.clone(), client, board: Board::default(), leaving: None, seq: 0 }
    }

    /// Takes in what is new.
    pub fn refresh(&mut self) {
        let _ = self.take_in();
        if self.board.revision == 0 {
            let _ = self.take_in();
        }
    }

    /// The same, and gives what was answered to the last question.
    fn take_in(&mut self) -> Option<Result<Box<IncidentPage>, String>> {
        let mut answered = None;
        for message in self.client.take() {
            match message {
                ServerMessage::Board(board) => self.board = *board,
                ServerMessage::Delta(delta) => {
                    let gap = self.board.apply(&delta).is_err();
                    if gap {
                        self.client.send(ClientMessage::WantBoard);
                    }
                }
                ServerMessage::Leaving { workers_left } => self.leaving = Some(workers_left),
                ServerMessage::Incidents { seq, page } if seq == self.seq => answered = Some(Ok(page)),
                ServerMessage::Answer { seq, answer: Answer::Refused { reason } } if seq == self.seq => {
                    answered = Some(Err(reason.to_string()));
                }
                _ => {}
            }
        }
        answered
    }

    /// The board as it was at the last [`Self::refresh`].
    pub const fn board(&self) -> &Board {
        &self.board
    }

    /// Workers left, once headend is leaving.
    pub const fn leaving(&self) -> Option<u32> {
        self.leaving
    }

    /// How long ago the supervisor last published something.
    pub fn heard_ago(&self) -> Duration {
        self.client.heard_ago()
    }

    /// Consoles, verbs and whoever else looks, this one excluded.
    pub fn clients(&self) -> usize {
        self.hub.clients().saturating_sub(1)
    }

    /// Incidents, from where they are kept: that is in memory, and answers at once.
    pub fn incidents(&mut self, query: IncidentQuery) -> Result<Box<IncidentPage>, String> {
        self.seq += 1;
        self.client.send(ClientMessage::ReadIncidents { seq: self.seq, query });
        self.take_in().unwrap_or_else(|| Err("incidents can't be read now; try again".to_owned()))
    }
}
