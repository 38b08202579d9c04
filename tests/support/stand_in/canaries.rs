//! Strangers with process numbers that somebody else has just given back.
//!
//! Started as the first process of a pid namespace (`unshare --pid --fork --mount-proc`), with a
//! program after `--`, which it runs beside itself. `of` names a journal of process numbers; as
//! soon as one of them is free, a child takes it, which leads a group of its own for a moment. Whoever
//! signals a number that is no longer his hits that child.
//!
//! Prints a line for each child that ended: `canary PID`, or `hurt PID SIGNAL`; and `ended` when the
//! program has.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::SigSet;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::EXIT_BY_SIGNAL;
use crate::output::{Output, Pipe, write_raw};
use crate::request::Request;

/// The number that the kernel gave last, in this namespace; the next is above it.
const LAST_PID: &str = "/proc/sys/kernel/ns_last_pid";

/// How often free numbers are looked for.
const ROUND: Duration = Duration::from_millis(5);

/// Keeps canaries until it is told to end.
pub fn keep(request: &Request, out: &mut Output) -> u8 {
    // Children inherit what is blocked, and these are to feel everything. The first process of a
    // namespace feels nothing itself that it has no handler for.
    SigSet::all().thread_unblock().expect("unblocking signals");
    let program = start_program();
    let alive_for = request.number("for", 0.4).to_string();
    let mut canaries = BTreeSet::new();
    let (mut read, mut wanted) = (0, Vec::new());
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
        let journal = std::fs::read_to_string(request.text("of", "")).unwrap_or_default();
        let lines = journal.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        for line in lines.skip(read) {
            read += 1;
            wanted.extend(line.split_whitespace().next().and_then(|pid| pid.parse::<i32>().ok()));
        }
        // A zombie still has its number, and its folder there.
        let is_free = |pid: &mut i32| !Path::new(&format!("/proc/{pid}")).exists();
        for pid in wanted.extract_if(.., is_free) {
            std::fs::write(LAST_PID, (pid - 1).to_string()).expect("choosing a process number");
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
