//! Strangers whose process numbers are those that others have just given back.
//!
//! Started as the first process of a pid namespace (`unshare --pid --fork --mount-proc`), with a
//! program after `--`, which it runs beside itself. It keeps `n` children alive, each leading a
//! group of its own for a moment, and has the kernel draw the numbers of all processes in the
//! namespace from a small range, again and again. Whoever signals a number that is no longer his
//! soon hits one of them.
//!
//! Prints a line for each child that ended: `canary PID`, or `hurt PID SIGNAL`; and `ended` when the
//! program has.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::EXIT_BY_SIGNAL;
use crate::output::{Output, Pipe, write_raw};
use crate::request::Request;

/// The number that the kernel gave last, in this namespace; the next is above it.
const LAST_PID: &str = "/proc/sys/kernel/ns_last_pid";

/// How often children are replaced.
const ROUND: Duration = Duration::from_millis(5);

/// Keeps canaries until it is told to end.
pub fn keep(request: &Request, out: &mut Output) -> u8 {
    let program = start_program();
    let (first, range) = (request.count("first", 300), request.count("range", 100));
    let alive_for = request.number("for", 0.3).to_string();
    let wanted = request.count("n", 20) as usize;
    let mut canaries = BTreeSet::new();
    while out.wait(ROUND) {
        while let Some(status) = ended() {
            let line = match status {
                WaitStatus::Exited(pid, _) if canaries.remove(&pid.as_raw()) => format!("canary {pid}\n"),
                WaitStatus::Signaled(pid, signal, _) if canaries.remove(&pid.as_raw()) => {
                    format!("hurt {pid} {signal}\n")
                }
                WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..)
                    if Some(pid.as_raw()) == program =>
                {
                    "ended\n".to_owned()
                }
                // What others left behind: the first process of a namespace inherits it.
                _ => continue,
            };
            write_raw(Pipe::Stdout, line.as_bytes());
        }
        let last: u32 =
            std::fs::read_to_string(LAST_PID).ok().and_then(|last| last.trim().parse().ok()).unwrap_or(0);
        if !(first..first + range).contains(&last) {
            std::fs::write(LAST_PID, first.to_string()).expect("choosing process numbers");
        }
        if canaries.len() < wanted {
            // Reaped above, by number.
            #[allow(clippy::zombie_processes, reason = "all children are waited for in one place")]
            let canary = Command::new("sleep")
                .arg(&alive_for)
                .process_group(0)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("starting a canary");
            canaries.insert(canary.id().cast_signed());
        }
    }
    EXIT_BY_SIGNAL
}

/// Starts what stands after `--`.
fn start_program() -> Option<i32> {
    let mut arguments = std::env::args_os().skip_while(|a| a != "--").skip(1);
    let program = arguments.next()?;
    #[allow(clippy::zombie_processes, reason = "all children are waited for in one place")]
    let child = Command::new(program).args(arguments).spawn().expect("starting the program");
    Some(child.id().cast_signed())
}

/// Takes the exit of one child.
fn ended() -> Option<WaitStatus> {
    match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::StillAlive) | Err(_) => None,
        Ok(status) => Some(status),
    }
}
