//! A program of the operator's: JSON on its standard input, its exit code is the answer.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout};

use super::secret::Hidden;
use crate::alerts::Outcome;

/// A program may take this long; then it is asked to end.
pub const LIMIT: Duration = Duration::from_secs(30);
/// And this long to end; then it is killed.
const GRACE: Duration = Duration::from_secs(3);
/// What it still had to say is waited for this long, once it has ended.
const DRAIN: Duration = Duration::from_millis(250);
/// So much of each of its outputs is read, bytes; then the pipe is closed.
const MAX_OUTPUT: usize = 1024 * 1024;
/// The longest line of it that is kept, bytes.
const MAX_LINE: usize = 1_000;
/// What it inherits of our environment, if it is there: nothing else of ours is its business.
const INHERITED: [&str; 8] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// Exit codes after which it is not tried again, as `sysexits.h` has them: wrong use, bad data, bad
/// configuration.
const PERMANENT: [i32; 3] = [64, 65, 78];

/// What is run.
pub struct Run<'a> {
    /// What starts the program, with arguments that come before it; empty: nothing does.
    pub through: &'a [OsString],
    /// The program and its arguments.
    pub command: &'a [Arc<str>],
    /// What it reads.
    pub input: String,
    /// What it finds in its environment beside [`INHERITED`].
    pub environment: Vec<(&'static str, String)>,
    /// How long it may take.
    pub limit: Duration,
}

/// Runs it once. When this is dropped the program and what it started are killed.
pub async fn run(run: Run<'_>) -> Outcome {
    // From before the start on: a death that nobody waits for yet is remembered.
    let Ok(deaths) = signal(SignalKind::child()) else {
        return Outcome::Temporary("the program was not started: no signals of its end".to_owned());
    };
    let name = run.command.first().cloned().unwrap_or_default();
    let child = match spawn(&run) {
        Ok(child) => child,
        Err(error) => {
            return Outcome::Temporary(Hidden::default().clean(&format!("{name} can't be started: {error}")));
        }
    };
    let mut group = Group { child };
    let (out, err, ended) = attend(&mut group, deaths, run.input, run.limit).await;
    let said = if err.is_empty() { out } else { err };
    judge(&name, &ended, &Hidden::default().clean(&said))
}

fn spawn(run: &Run<'_>) -> std::io::Result<Child> {
    let mut words = run.through.iter().cloned().chain(run.command.iter().map(|word| (**word).into()));
    let first = words.next().ok_or_else(|| std::io::Error::other("no program is named"))?;
    let mut command = Command::new(first);
    command.args(words).env_clear();
    command.envs(INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
    command.envs(run.environment.iter().map(|(name, value)| (*name, value.replace('\0', " "))));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true).spawn()
}

/// The program with all of its process group, until it is reaped.
struct Group {
    child: Child,
}

impl Group {
    /// Its number, while it is ours to signal: a zombie keeps it.
    fn leader(&self) -> Option<Pid> {
        self.child.id().and_then(|pid| i32::try_from(pid).ok()).filter(|pid| *pid > 1).map(Pid::from_raw)
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.leader() {
            let _ = killpg(group, signal);
        }
    }

    /// Whether it has ended, without reaping it.
    fn is_dead(&self) -> bool {
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
        match self.leader() {
            Some(leader) => !matches!(waitid(Id::Pid(leader), look), Ok(WaitStatus::StillAlive)),
            None => true,
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Nothing when it was reaped; tokio reaps it else.
        self.signal(Signal::SIGKILL);
    }
}

/// How it ended.
struct Ended {
    status: std::io::Result<ExitStatus>,
    /// It had to be ended, after this long.
    cut_after: Option<Duration>,
}

/// Feeds it, reads what it says, waits for its end or makes it, and reaps it.
async fn attend(
    group: &mut Group,
    mut deaths: tokio::signal::unix::Signal,
    input: String,
    limit: Duration,
) -> (String, String, Ended) {
    let pipes = (group.child.stdin.take(), group.child.stdout.take(), group.child.stderr.take());
    let (mut out, mut err) = (String::new(), String::new());
    let mut cut_after = None;
    let status = {
        let talk = async {
            tokio::join!(feed(pipes.0, input), last_line(pipes.1, &mut out), last_line(pipes.2, &mut err))
        };
        tokio::pin!(talk);
        let mut said_all = false;
        let mut until = Instant::now() + limit;
        // It is not waited for in the usual way: that reaps it, and with that its group's number is gone
        // while others may still be in it.
        while !group.is_dead() {
            tokio::select! {
                _ = deaths.recv() => {}
                _ = &mut talk, if !said_all => said_all = true,
                () = sleep_until(until) => {
                    // Who is stopped can't hear; so TERM comes with CONT.
                    let first = cut_after.replace(limit).is_none();
                    if first {
                        group.signal(Signal::SIGTERM);
                        group.signal(Signal::SIGCONT);
                    } else {
                        group.signal(Signal::SIGKILL);
                    }
                    until = Instant::now() + GRACE;
                }
            }
        }
        // What it left behind in its group.
        group.signal(Signal::SIGKILL);
        let status = group.child.wait().await;
        if !said_all {
            let _ = timeout(DRAIN, talk).await;
        }
        status
    };
    (out, err, Ended { status, cut_after })
}

/// A program that does not read, or reads only a part, is none of our business.
async fn feed(stdin: Option<ChildStdin>, input: String) {
    let Some(mut stdin) = stdin else { return };
    let _ = stdin.write_all(input.as_bytes()).await;
    let _ = stdin.write_all(b"\n").await;
    let _ = stdin.shutdown().await;
}

/// Reads until the end and keeps the last line that is not empty.
async fn last_line(pipe: Option<impl AsyncRead + Unpin>, last: &mut String) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 8 * 1024];
    let (mut line, mut read) = (Vec::new(), 0);
    while read < MAX_OUTPUT {
        let bytes = match pipe.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(bytes) => bytes,
        };
        read += bytes;
        for byte in &buffer[..bytes] {
            match byte {
                b'\n' => {
                    keep(&line, last);
                    line.clear();
                }
                _ if line.len() < MAX_LINE => line.push(*byte),
                _ => {}
            }
        }
        // As it is so far: the rest may never come.
        keep(&line, last);
    }
}

fn keep(line: &[u8], last: &mut String) {
    if !line.trim_ascii().is_empty() {
        *last = String::from_utf8_lossy(line).into_owned();
    }
}

fn judge(name: &str, ended: &Ended, said: &str) -> Outcome {
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    let name = Hidden::default().clean(name);
    if let Some(limit) = ended.cut_after {
        return Outcome::Temporary(format!("{name} had not ended after {} s{said}", limit.as_secs_f32()));
    }
    let status = match &ended.status {
        Ok(status) => status,
        Err(error) => return Outcome::Temporary(format!("how {name} ended is not known: {error}")),
    };
    match (status.code(), status.signal()) {
        (Some(0), _) => Outcome::Accepted(format!("{name} took it{said}")),
        (Some(code), _) if PERMANENT.contains(&code) => {
            Outcome::Permanent(format!("{name} refused it with exit code {code}{said}"))
        }
        (Some(code), _) => Outcome::Temporary(format!("{name} ended with exit code {code}{said}")),
        (None, Some(signal)) => Outcome::Temporary(format!("{name} was ended by signal {signal}{said}")),
        (None, None) => Outcome::Temporary(format!("how {name} ended is not known")),
    }
}
