//! `headend shutdown`: ends the headend that runs, and waits until it has.

use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::args;
use super::session::Session;
use crate::cli::leaving::Progress;
use crate::cli::{FAILED, Failed, OK, REFUSED, print, tell};
use crate::console::text::counted;
use crate::link::{Link, LinkState, Role, ServerMessage};
use crate::model::{Answer, Command};
use crate::service::LEAVE_LIMIT;

/// Beyond the time in which it leaves.
const SPARE: Duration = Duration::from_secs(5);
/// How often it is looked whether the process has ended.
const LOOK: Duration = Duration::from_millis(50);

/// Ends it.
pub fn run(args: &args::Shutdown) -> Result<u8, Failed> {
    let mut session = Session::open(&args.place, Role::Operator)?;
    let pid = session.remote.welcome().pid;
    let running = session.board.rows.values().filter(|row| row.pid.is_some()).count();
    if !args.yes && super::can_ask() {
        let streams = counted(running, "stream");
        if !super::asked(&format!("end the headend that runs (process {pid}) and its {streams}?"))? {
            tell("headend: nothing was done");
            return Ok(FAILED);
        }
    }
    if let Answer::Refused { reason } = session.order(Command::Shutdown)? {
        tell(&format!("headend: shutdown is refused: {reason}"));
        return Ok(REFUSED);
    }
    let until = Instant::now() + LEAVE_LIMIT + SPARE;
    let mut progress = Progress::on_stderr();
    while session.remote.state() == LinkState::Open && Instant::now() < until {
        for message in session.remote.wait(until) {
            if let ServerMessage::Leaving { workers_left } = message {
                progress.show(Some(workers_left));
            }
        }
    }
    progress.end();
    while is_there(pid) {
        if Instant::now() >= until {
            let limit = (LEAVE_LIMIT + SPARE).as_secs();
            return Err(Failed::Said(
                FAILED,
                format!("process {pid} has not ended within {limit} s: it hangs"),
            ));
        }
        std::thread::sleep(LOOK);
    }
    print("headend has ended\n")?;
    Ok(OK)
}

/// Whether a process is there, whoever's it is. One that nobody has waited for is not.
fn is_there(pid: u32) -> bool {
    let Ok(number) = i32::try_from(pid) else { return false };
    let answers = kill(Pid::from_raw(number), None);
    let zombie = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))
    };
    matches!(answers, Ok(()) | Err(Errno::EPERM)) && !zombie()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_has_ended_is_not_there() {
        assert!(is_there(std::process::id()));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        while is_there(pid) {
            std::thread::sleep(LOOK);
        }
        child.wait().unwrap();
        assert!(!is_there(pid));
    }
}
