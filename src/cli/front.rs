//! The process that a shell waits for.
//!
//! A process can't leave its shell's foreground and live on: only its end gives the prompt back. So
//! the headend that an operator starts in a terminal starts itself once more, as the one that runs
//! the streams and has the console, and waits for it. When the operator leaves the streams running,
//! that one lets go of the terminal and this one ends. Nothing is handed over, and no worker has
//! another parent.

use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt, parent_id};
use std::process::{Child, Command};
use std::sync::Arc;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, getsid, setsid};

use super::{FAILED, OK};
use crate::console::terminal::Before;

/// The process in front, told to the one behind it. Whoever has another parent is not meant.
pub const VARIABLE: &str = "HEADEND_FRONT";

/// Passed on to the one behind.
const PASSED_ON: [Signal; 4] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP];
/// The one behind has let go.
const LETS_GO: Signal = Signal::SIGUSR1;

fn heard() -> SigSet {
    let mut heard = SigSet::empty();
    PASSED_ON.into_iter().chain([LETS_GO, Signal::SIGCHLD]).for_each(|signal| heard.add(signal));
    heard
}

/// The parent, if it is the process in front: without that one it is whoever takes in orphans.
fn parent_in_front() -> Option<Pid> {
    let front = std::env::var(VARIABLE).ok()?.parse::<u32>().ok()?;
    let front = (front == parent_id()).then_some(front)?;
    i32::try_from(front).ok().map(Pid::from_raw)
}

/// Whether there is a process in front of this one. That one's death is this one's, as if there were
/// one process only, until [`let_go`]. To be called before there are threads.
pub fn is_there() -> bool {
    if parent_in_front().is_none() {
        return false;
    }
    // What the one in front waits for was blocked, and that is inherited.
    let _ = heard().thread_unblock();
    if let Err(error) = set_pdeathsig(Signal::SIGKILL) {
        log::debug!("the death of the process in front is not told: {error}");
    }
    // It may have died before that.
    if parent_in_front().is_none() {
        std::process::exit(i32::from(OK));
    }
    true
}

/// Starts this program once more and waits for it: the exit code. `None`: it can't be started, and this one
/// is to do what there is to do.
pub fn run() -> Option<u8> {
    let before = Before::read();
    heard().thread_block().ok()?;
    // Where it is ignored, which is inherited, the one behind would end unnoticed. What is blocked calls no
    // handler, and the one behind has the default again.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGCHLD, Arc::default());
    let mut args = std::env::args_os();
    let mut command = Command::new("/proc/self/exe");
    command.arg0(args.next().unwrap_or_else(|| "headend".into())).args(args);
    command.env(VARIABLE, std::process::id().to_string());
    if let Ok(behind) = command.spawn() {
        return Some(wait(behind, &before));
    }
    let _ = heard().thread_unblock();
    None
}

fn wait(mut behind: Child, before: &Before) -> u8 {
    let pid = i32::try_from(behind.id()).map(Pid::from_raw).ok();
    loop {
        match heard().wait() {
            // Before it says so it has a session of its own. Anybody else's is not meant.
            Ok(LETS_GO) => {
                if pid.is_some_and(has_another_session) {
                    return OK;
                }
            }
            Ok(Signal::SIGCHLD) | Err(_) => match behind.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => {
                    if status.signal().is_some() {
                        // It had no time to do it.
                        before.bring_back();
                    }
                    let signal = status.signal().map_or(1, |signal| 128 + signal);
                    return u8::try_from(status.code().unwrap_or(signal)).unwrap_or(1);
                }
                // There is nothing to wait for, and nobody knows how it ended.
                Err(_) => {
                    before.bring_back();
                    return FAILED;
                }
            },
            Ok(signal) => {
                if let Some(pid) = pid {
                    // It is not reaped yet: the number is still its own.
                    let _ = kill(pid, signal);
                }
            }
        }
    }
}

fn has_another_session(pid: Pid) -> bool {
    matches!((getsid(Some(pid)), getsid(None)), (Ok(its), Ok(ours)) if its != ours)
}

/// Lets go of the terminal, and lets the one in front end. The terminal was given back.
pub fn let_go() {
    let alone = set_pdeathsig(None).and_then(|()| setsid().map(|_| ()));
    if let Err(error) = alone {
        log::warn!("headend still belongs to the terminal: {error}");
        return;
    }
    match File::options().read(true).write(true).open("/dev/null") {
        Ok(nowhere) => {
            let all = [dup2_stdin(&nowhere), dup2_stdout(&nowhere), dup2_stderr(&nowhere)];
            if all.iter().any(Result::is_err) {
                log::warn!("headend still holds the terminal open");
            }
        }
        Err(error) => log::warn!("headend still holds the terminal open: {error}"),
    }
    // Gone already, when the whole session was hung up: then nobody waits.
    if let Some(front) = parent_in_front() {
        let _ = kill(front, LETS_GO);
    }
}
