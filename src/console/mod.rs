//! Everything the operator sees: state, update, view, and the thread that joins them with the
//! terminal and the link.
//!
//! `update(state, event) -> effects` touches no terminal, `view(state, frame)` changes nothing. What
//! may grow has its bound where it lives: keys waiting in `inbox`, a pasted text in `decode`,
//! the filter in `state::list`, lines in `state::log`, histories in [`crate::model::History`], workers
//! listed in `state::tops`, commands in `state`, a theme file in [`theme`].

mod backend;
mod clipboard;
mod columns;
mod decode;
mod frames;
mod fuzzy;
mod glyphs;
mod inbox;
mod input;
pub mod keymap;
mod layout;
mod pages;
pub mod rehearsal;
mod runner;
mod spans;
mod state;
pub mod terminal;
#[cfg(test)]
mod tests;
mod text;
pub mod theme;
mod view;

use std::io;

pub use runner::run;

/// How the console is to look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// A built-in theme's name, or the path of a `.toml` file; `None`: what suits the terminal.
    pub theme: Option<String>,
    /// Only ASCII, also on a terminal that knows more.
    pub ascii: bool,
    /// What runs: "demo", or the configuration's path. One line.
    pub title: String,
    /// headend's version.
    pub version: &'static str,
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
    /// The theme can't be used.
    #[error(transparent)]
    Theme(#[from] theme::ThemeError),
    /// The terminal refused.
    #[error("the terminal can't be set up: {0}; try another TERM, or --headless")]
    Terminal(#[source] io::Error),
}
