//! What is asked of a headend that runs, from a script or by hand: each verb is one more client of it.

pub mod alerts;
pub mod args;
pub mod audit;
pub mod doctor;
pub mod events;
pub mod incidents;
pub mod logs;
pub mod order;
pub mod reload;
mod select;
mod session;
pub mod shell;
pub mod shutdown;
pub mod status;
mod table;
#[cfg(test)]
mod tests;
pub mod top;

use std::io::{BufRead, IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::console::glyphs::{self, Glyphs};
use crate::console::terminal;
pub use session::state_dir;
use table::Fit;

fn span(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text)
}

/// The time for people, in milliseconds since the Unix epoch; 0 for a clock that is before it.
fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Lines of text, each with its end.
fn joined(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// A JSON document on a line of its own.
fn one_line<T: serde::Serialize>(document: &T) -> String {
    // Texts and finite numbers only: there is nothing in one that JSON can't hold.
    serde_json::to_string(document).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}")) + "\n"
}

/// The terminal this runs on, as others know it (`/dev` left out); empty without one.
pub fn terminal_name() -> String {
    let name = |descriptor: &str| {
        let path = std::fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
        let name = path.strip_prefix("/dev").ok()?.to_str()?.to_owned();
        (name.starts_with("pts/") || name.starts_with("tty")).then_some(name)
    };
    ["0", "2", "1"].into_iter().find_map(name).unwrap_or_default()
}

/// Whether standard output is a terminal.
fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether somebody can be asked something.
fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks on standard error, and reads the answer; only `y` and `yes` are yes.
fn asked(question: &str) -> std::io::Result<bool> {
    let mut err = std::io::stderr();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// How a table is to be printed on standard output.
fn fits() -> Fit {
    let terminal = is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    Fit {
        columns: terminal.then(|| terminal::size().map_or(80, |size| size.width.into())),
        coloured: terminal && !plain && !dumb,
        glyphs: if terminal { signs() } else { glyphs::UNICODE },
    }
}

/// The lines that the terminal has.
fn height() -> usize {
    terminal::size().map_or(24, |size| size.height.into())
}

/// The signs that the locale allows.
fn signs() -> Glyphs {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        (!value.is_empty()).then_some(value)
    });
    if locale.is_some_and(|locale| glyphs::is_utf8(&locale)) { glyphs::UNICODE } else { glyphs::ASCII }
}

/// Whether whoever reads standard output has gone away.
fn reader_is_gone() -> bool {
    let out = std::io::stdout();
    let mut looks = [PollFd::new(out.as_fd(), PollFlags::empty())];
    let told = poll(&mut looks, PollTimeout::ZERO).is_ok_and(|count| count > 0);
    told && looks[0].revents().is_some_and(|found| found.contains(PollFlags::POLLERR))
}
