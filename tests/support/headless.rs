//! Programs without a terminal: headend headless, its verbs, the stand-in.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::processes::Process;

/// Kept of each of the two outputs; what comes after is counted and dropped.
const KEPT: usize = 16 * 1024 * 1024;

/// A program that is running; killed when dropped.
pub struct Running {
    child: Child,
    process: Process,
    stdout: Pipe,
    stderr: Pipe,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    /// Invalid UTF-8 replaced.
    pub stdout: String,
    /// Invalid UTF-8 replaced.
    pub stderr: String,
}

impl Finished {
    /// What it printed as one JSON document.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON document on stdout: {error}\n{self:#?}"))
    }

    /// The exit code; a panic with all it said when a signal ended it.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("ended by a signal: {self:#?}"))
    }
}

/// Runs headend to its end.
pub fn headend(arguments: &[&str], environment: &[(&str, &str)], limit: Duration) -> Finished {
    Running::start(Path::new(super::HEADEND), arguments, environment).finish(limit)
}

/// Runs headend headless for so long and gives its report; anything but exit 0 is a panic.
pub fn report(
    arguments: &[&str],
    environment: &[(&str, &str)],
    seconds: u32,
    limit: Duration,
) -> serde_json::Value {
    let span = format!("{seconds}s");
    let arguments = [arguments, &["--headless", "--for", &span, "--report", "json"]].concat();
    let finished = headend(&arguments, environment, limit);
    assert!(finished.status.success(), "headend failed: {finished:#?}");
    finished.json()
}

impl Running {
    /// Starts a program with its own pipes and nothing on stdin.
    pub fn start(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("starting {}: {error}", program.display()));
        let stdout = Pipe::read(child.stdout.take().expect("piped"));
        let stderr = Pipe::read(child.stderr.take().expect("piped"));
        let pid = child.id().cast_signed();
        // Not reaped yet, so the pid is still its own even if it has ended.
        let process = super::wait_for("the started process", super::LIMIT, || {
            Process::find(pid).or_else(|| Process::find_ended(pid))
        });
        Self { child, process, stdout, stderr }
    }

    pub fn process(&self) -> Process {
        self.process
    }

    pub fn pid(&self) -> i32 {
        self.process.pid
    }

    /// What came on stdout until now.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What came on stderr until now.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Bytes of stdout and of stderr until now, those not kept included.
    pub fn bytes(&self) -> (u64, u64) {
        (self.stdout.total(), self.stderr.total())
    }

    /// Waits for something on stdout and gives all that is there by then.
    pub fn wait_stdout(&self, what: &str, holds: impl FnMut(&str) -> bool) -> String {
        self.stdout.wait(what, holds)
    }

    /// Waits for something on stderr and gives all that is there by then.
    pub fn wait_stderr(&self, what: &str, holds: impl FnMut(&str) -> bool) -> String {
        self.stderr.wait(what, holds)
    }

    /// Waits for its end by itself; panics, and kills it, after `limit`.
    pub fn finish(mut self, limit: Duration) -> Finished {
        let status = self.wait_exit(limit);
        // Not for ever: a grandchild may hold the pipes.
        self.stdout.closed(super::LIMIT);
        self.stderr.closed(super::LIMIT);
        Finished { status, stdout: self.stdout(), stderr: self.stderr() }
    }

    /// Waits for its end, whoever still holds its pipes.
    pub fn wait_exit(&mut self, limit: Duration) -> ExitStatus {
        let until = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().expect("waiting for a child") {
                return status;
            }
            assert!(
                Instant::now() < until,
                "{:?} did not end within {limit:?}\nstdout: {}\nstderr: {}",
                self.process.arguments(),
                self.stdout(),
                self.stderr()
            );
            std::thread::sleep(super::LOOK);
        }
    }

    /// Ends a daemon as its service manager does.
    pub fn end(mut self) {
        self.process.signal(nix::sys::signal::Signal::SIGTERM);
        assert!(self.wait_exit(super::LIMIT).success());
    }

    /// SIGKILL, and the exit taken.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A pipe that is emptied by a thread.
struct Pipe {
    shared: Arc<(Mutex<Kept>, Condvar)>,
    _reader: JoinHandle<()>,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    total: u64,
    closed: bool,
}

impl Pipe {
    fn read(mut from: impl Read + Send + 'static) -> Self {
        let shared = Arc::new((Mutex::new(Kept::default()), Condvar::new()));
        let ours = Arc::clone(&shared);
        let reader = std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let count = match from.read(&mut buffer) {
                    Ok(count) => count,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    Err(_) => 0,
                };
                let mut kept = ours.0.lock().unwrap_or_else(PoisonError::into_inner);
                let room = KEPT.saturating_sub(kept.bytes.len()).min(count);
                kept.bytes.extend_from_slice(&buffer[..room]);
                kept.total += count as u64;
                kept.closed = count == 0;
                ours.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self { shared, _reader: reader }
    }

    fn text(&self) -> String {
        let kept = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept.bytes).into_owned()
    }

    fn total(&self) -> u64 {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    fn closed(&self, limit: Duration) {
        let kept = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.shared.1.wait_timeout_while(kept, limit, |kept| !kept.closed));
    }

    fn wait(&self, what: &str, mut holds: impl FnMut(&str) -> bool) -> String {
        let until = Instant::now() + super::LIMIT;
        let mut kept = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let text = String::from_utf8_lossy(&kept.bytes).into_owned();
            if holds(&text) {
                return text;
            }
            assert!(!kept.closed, "the program closed its output before {what}:\n{text}");
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited {:?} in vain for {what}:\n{text}", super::LIMIT);
            kept = self.shared.1.wait_timeout(kept, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
