//! A connection of a verb to the headend that runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use color_eyre::eyre::{WrapErr, eyre};

use super::args::{Place, Which};
use super::select::{Selector, Unselected, nothing};
use crate::cli::{FAILED, Failed, MISTAKEN, NOBODY, NOTHING, REFUSED};
use crate::config::{self, Environment, NotFound};
use crate::link::{
    ClientMessage, ConnectError, Connecting, Link, LinkState, Remote, Role, ServerMessage, place,
};
use crate::model::{Answer, Board, Command};
use crate::service::default_state_dir;

/// The board comes within this, and the answer to an order: the disk may take its time.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How often it is looked whether a verb that follows something is to end.
const LOOK: Duration = Duration::from_millis(200);
/// The number of a verb's order; it has one at a time.
const SEQ: u64 = 1;

/// A verb's end of the link, and the board as it was last told.
pub struct Session {
    pub remote: Remote,
    pub board: Board,
}

/// The state folder that the arguments mean, as running finds it. Mistakes in the configuration are no
/// hindrance.
pub fn state_dir(place: &Place, environment: &Environment) -> Result<PathBuf, Failed> {
    let path = match config::locate(place.config.as_deref(), environment) {
        Ok(path) => Some(path),
        Err(NotFound::Asked(path)) => return Err(Failed::Nothing(NotFound::Asked(path))),
        Err(_) => None,
    };
    let said = place.state.clone().or_else(|| environment.state.clone());
    let configured = || config::state_dir_of(path.as_deref()?, environment);
    let dir = said.or_else(configured).or_else(default_state_dir);
    dir.ok_or_else(|| eyre!("no home folder is known; name the state folder with --state").into())
}

/// Connects to the headend that has the state folder `dir`.
pub fn connect(dir: &Path, role: Role) -> Result<Remote, ConnectError> {
    Remote::connect(Connecting {
        path: dir.join(place::SOCKET),
        role,
        terminal: super::terminal_name(),
        silent_after: ANSWER_LIMIT,
        again: false,
        show: String::new(),
    })
}

impl Session {
    /// Connects, and waits for the board.
    pub fn open(place: &Place, role: Role) -> Result<Self, Failed> {
        let dir = state_dir(place, &Environment::from_process())?;
        let remote = connect(&dir, role).map_err(|error| match error {
            ConnectError::NotRunning(_) => Failed::Said(
                NOBODY,
                format!(
                    "{error}: start one with headend or headend daemon, or name another state folder with --state"
                ),
            ),
            ConnectError::Refused(_) => Failed::Said(REFUSED, error.to_string()),
            _ => Failed::Said(FAILED, error.to_string()),
        })?;
        let mut session = Self { remote, board: Board::default() };
        let until = Instant::now() + ANSWER_LIMIT;
        while session.board.revision == 0 {
            session.wait(until)?;
            if Instant::now() >= until {
                return Err(Failed::Said(FAILED, "the headend that runs sends no board".into()));
            }
        }
        Ok(session)
    }

    /// Waits for messages, takes what is told of the board in, and gives the others; empty at `until`.
    /// The supervisor's end is an error.
    pub fn wait(&mut self, until: Instant) -> Result<Vec<ServerMessage>, Failed> {
        let mut others = Vec::new();
        let messages = self.remote.wait(until);
        let ended = messages.is_empty().then(|| self.remote.state());
        for message in messages {
            match message {
                ServerMessage::Board(board) => self.board = *board,
                ServerMessage::Delta(delta) => {
                    if self.board.apply(&delta).is_err() {
                        self.remote.send(ClientMessage::WantBoard);
                    }
                }
                other => others.push(other),
            }
        }
        match ended {
            Some(LinkState::Lost { why, .. }) => {
                Err(Failed::Said(NOBODY, format!("the headend that ran is gone: {why}")))
            }
            _ => Ok(others),
        }
    }

    /// Gives an order, and waits for its answer.
    pub fn order(&mut self, command: Command) -> Result<Answer, Failed> {
        self.remote.send(ClientMessage::Command { seq: SEQ, command });
        let until = Instant::now() + ANSWER_LIMIT;
        loop {
            for message in self.wait(until)? {
                if let ServerMessage::Answer { seq: SEQ, answer } = message {
                    return Ok(answer);
                }
            }
            if Instant::now() >= until {
                let why = "headend has not answered in time: look whether it was done";
                return Err(Failed::Said(FAILED, why.into()));
            }
        }
    }

    /// The selector, and those that it finds now: somebody, or it is an error.
    pub fn select(&self, which: &Which) -> Result<(Selector, Board), Failed> {
        let (selector, found) = self.look_for(which)?;
        if found.rows.is_empty() {
            return Err(unselected(&nothing(&self.board, &which.selector)));
        }
        Ok((selector, found))
    }

    /// From now on only those that are meant are told of, where that can be asked for.
    pub fn narrow(&self, selector: &Selector) {
        if let Some(query) = selector.lasting() {
            self.remote.send(ClientMessage::Show(query));
        }
    }

    /// The same, where nobody may be found yet.
    pub fn look_for(&self, which: &Which) -> Result<(Selector, Board), Failed> {
        let mut selector = Selector::read(&self.board, &which.selector).map_err(|why| unselected(&why))?;
        let found = selector.restrict(&self.board);
        Ok((selector, found))
    }
}

/// As an exit.
pub fn unselected(why: &Unselected) -> Failed {
    let code = if matches!(why, Unselected::Mistake(_)) { MISTAKEN } else { NOTHING };
    Failed::Said(code, why.to_string())
}

/// Whether a verb that follows something is to end: somebody pressed ctrl-c, or nobody reads it.
pub struct Following {
    asked: Arc<AtomicBool>,
}

impl Following {
    /// Listens to signals from now on.
    pub fn begin() -> Result<Self, Failed> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
        {
            let listens = signal_hook::flag::register(signal, Arc::clone(&asked));
            listens.wrap_err("signals can't be listened to")?;
        }
        Ok(Self { asked })
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.asked.load(Ordering::SeqCst) || super::reader_is_gone()
    }

    /// Until when to wait before it is asked again.
    pub fn next_look() -> Instant {
        Instant::now() + LOOK
    }
}
