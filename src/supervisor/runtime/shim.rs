//! The shim: headend started again, between us and FFmpeg, for the time of an exec.
//!
//! FFmpeg ignores that its parent is gone, and nothing is dropped on SIGKILL. So each worker is
//! started through our own binary, which asks the kernel to kill it together with the thread that
//! started it, and then becomes FFmpeg. Doing the same between fork and exec (`pre_exec`) would
//! give up the fast spawn: 140 ms a start with a large heap, against 1.5 ms this way (measured).

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{close, getppid};

/// The hidden verb. The arguments after it: our process id, the open-file limit for the worker,
/// the program, and its arguments.
pub const VERB: &str = "__worker";

/// The shim's exit code when the program could not be started; as shells do it.
pub const CANNOT_START: i32 = 127;

/// What the shim's message begins with when the program could not be started.
pub const CANNOT_START_PREFIX: &str = "headend: could not start ";

/// Variables that would change what FFmpeg prints, and those that are headend's own business with who
/// started it.
const NOT_FOR_WORKERS: [&str; 6] =
    ["FFREPORT", "AV_LOG_FORCE_COLOR", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "HEADEND_FRONT"];
/// Killed first when memory runs out: one worker is one stream, headend is all of them.
const OOM_SCORE: &str = "500";

/// Descriptors looked at when closing what was inherited.
const FD_DIR: &str = "/proc/self/fd";

/// The arguments that make `headend` start `program` as a worker.
#[must_use]
pub fn arguments(parent: u32, open_files: u64, program: &OsStr, args: &[OsString]) -> Vec<OsString> {
    let mut all: Vec<OsString> =
        vec![VERB.into(), parent.to_string().into(), open_files.to_string().into(), program.to_owned()];
    all.extend_from_slice(args);
    all
}

/// What stands before a program and its arguments, for `headend` to start it so.
#[must_use]
pub fn through(headend: &std::path::Path, open_files: u64) -> Vec<OsString> {
    let own = std::process::id();
    vec![headend.into(), VERB.into(), own.to_string().into(), open_files.to_string().into()]
}

/// Becomes the worker. `args` are those after [`VERB`]. Returns only when that failed: the exit
/// code to leave with.
#[must_use]
pub fn run(mut args: impl Iterator<Item = OsString>) -> i32 {
    let number = |arg: Option<OsString>| arg.and_then(|a| a.to_str().and_then(|a| a.parse::<u64>().ok()));
    let (parent, open_files, program) = (number(args.next()), number(args.next()), args.next());
    let (Some(parent), Some(open_files), Some(program)) = (parent, open_files, program) else {
        return fail(OsStr::new("a worker"), "this verb is headend's own");
    };
    if let Err(error) = prctl::set_pdeathsig(Signal::SIGKILL) {
        return fail(&program, &format!("no death signal: {error}"));
    }
    // The parent may have died before the line above; then nobody would ever kill us.
    if u64::try_from(getppid().as_raw()) != Ok(parent) {
        return fail(&program, "headend is gone");
    }
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let soft = open_files.min(hard);
        let _ = setrlimit(Resource::RLIMIT_NOFILE, soft, hard);
    }
    // A system without this file does without the preference.
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    close_inherited();
    let mut command = Command::new(&program);
    command.args(args);
    for name in NOT_FOR_WORKERS {
        command.env_remove(name);
    }
    let error = command.exec();
    fail(&program, &error.to_string())
}

/// Closes what headend itself inherited without the close-on-exec mark: none of it is the worker's.
fn close_inherited() {
    let Ok(entries) = std::fs::read_dir(FD_DIR) else { return };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    for fd in names.filter(|fd| *fd > 2).collect::<Vec<_>>() {
        // The folder's own descriptor is closed already; nothing else in this process has one open.
        let _ = close(fd);
    }
}

fn fail(program: &OsStr, why: &str) -> i32 {
    let line = format!("{CANNOT_START_PREFIX}{}: {why}\n", program.display());
    let _ = std::io::stderr().write_all(line.as_bytes());
    CANNOT_START
}
