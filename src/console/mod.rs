//! Everything the operator sees: state, update, view, and the thread that joins them with the
//! terminal and the link.
//!
//! `update(state, event) -> effects` touches no terminal, `view(state, frame)` changes nothing. What
//! may grow has its bound where it lives: keys waiting in `inbox`, a pasted text in `decode`,
//! the filter in `state::list`, lines in `state::log`, histories in [`crate::model::History`], workers
//! listed in `state::tops`, commands in `state`, a theme file in [`theme`].

mod backend;
mod columns;
mod decode;
mod escape;
mod frames;
mod fuzzy;
pub mod glyphs;
mod inbox;
pub mod incident;
mod input;
mod keeper;
pub mod keymap;
mod layout;
pub mod mistake;
mod osc52;
mod pages;
pub mod rehearsal;
mod remembered;
mod runner;
mod saving;
mod spans;
mod state;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod text;
pub mod theme;
mod view;
mod watch;
pub mod wishes;

use std::io;
use std::path::PathBuf;

pub use remembered::FILE_NAME;
pub use runner::run;
pub use state::OLD_AFTER;

/// What the console is to know of its own.
#[derive(Clone)]
pub struct Settings {
    /// How it is to look and what it is to listen to.
    pub source: wishes::Source,
    /// What runs: "demo", or the configuration's path. One line.
    pub title: String,
    /// Where files go that the operator saves; `None`: wherever headend was started.
    pub exports: Option<std::path::PathBuf>,
    /// headend's version.
    pub version: &'static str,
    /// A wall: it shows, and takes no commands.
    pub wall: bool,
    /// The supervisor is another process: leaving ends the console and nothing else, and its end
    /// is waited out.
    pub attached: bool,
    /// The streams may go on without this console, though this process runs them.
    pub may_go_on: bool,
    /// The file in which columns, saved views and the theme are remembered; `None`: they are forgotten.
    pub remember: Option<PathBuf>,
    /// The link was told to send only what this query finds.
    pub only: Option<String>,
    /// Said at the start, as of something that went wrong before.
    pub says: Option<String>,
}

/// Why the console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The operator asked for it, and the supervisor has ended.
    Quit,
    /// The operator asked for it, and does not want to wait for the supervisor's end.
    Hurried,
    /// The operator asked for it, and the supervisor goes on.
    Detached,
    /// The supervisor ended for a reason of its own.
    SupervisorGone,
    /// The terminal went away, or was given back by [`terminal::restore`] (as a panic does).
    TerminalLost,
    /// The thread that reads the keys had a defect; the terminal is given back.
    Defect,
}

/// Why there is no console.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// Standard input or output is no terminal.
    #[error("the console needs a terminal for its input and output; without one use --headless")]
    NoTerminal,
    /// The theme that an argument asks for can't be used.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Theme(Vec<mistake::Mistake>),
    /// The terminal refused.
    #[error("the terminal can't be set up: {0}; try another TERM, or --headless")]
    Terminal(#[source] io::Error),
}
