//! A program in a pseudo-terminal, with somebody at its keyboard.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::{PollFd, PollFlags, poll};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{LocalFlags, tcgetattr};

use super::LIMIT;
use super::processes::Process;

/// Kept of what was written, the newest.
const RAW_KEPT: usize = 8 * 1024 * 1024;

/// How often the reading thread looks whether it is to hang up, in milliseconds.
const HANG_UP_LOOK: u16 = 50;

/// A key that has no character of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    /// 1 to 12.
    F(u8),
    /// With a lower-case letter.
    Ctrl(char),
}

impl Key {
    /// What xterm sends.
    fn bytes(self) -> Vec<u8> {
        let fixed: &[u8] = match self {
            Self::Enter => b"\r",
            Self::Esc => b"\x1b",
            Self::Tab => b"\t",
            Self::BackTab => b"\x1b[Z",
            Self::Backspace => b"\x7f",
            Self::Delete => b"\x1b[3~",
            Self::Up => b"\x1b[A",
            Self::Down => b"\x1b[B",
            Self::Right => b"\x1b[C",
            Self::Left => b"\x1b[D",
            Self::Home => b"\x1b[H",
            Self::End => b"\x1b[F",
            Self::PageUp => b"\x1b[5~",
            Self::PageDown => b"\x1b[6~",
            Self::F(n @ 1..=4) => return vec![0x1b, b'O', b'O' + n],
            Self::F(n) => {
                let code = [15, 17, 18, 19, 20, 21, 23, 24][usize::from(n) - 5];
                return format!("\x1b[{code}~").into_bytes();
            }
            Self::Ctrl(letter) => {
                assert!(letter.is_ascii_lowercase(), "no control key for {letter:?}");
                return vec![letter as u8 & 0x1f];
            }
        };
        fixed.to_vec()
    }
}

/// A running program and the terminal it draws on. Dropped, it kills the program.
pub struct Screen {
    child: Child,
    process: Process,
    /// `None` after hanging up.
    master: Option<File>,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser,
    raw: VecDeque<u8>,
    written: u64,
    last_write: Instant,
    /// Nobody has the terminal open any more, or we have hung up.
    closed: bool,
    /// The reading thread is to close its descriptor.
    hang_up: bool,
    /// Nobody reads, as behind a stopped tmux.
    paused: bool,
}

impl Shared {
    fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.changed.notify_all();
    }
}

impl Screen {
    /// Runs headend in a terminal of `(columns, rows)`.
    pub fn headend(size: (u16, u16), arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::open(Path::new(super::HEADEND), size, arguments, environment)
    }

    /// Runs a program in a terminal of `(columns, rows)`, as its session's leader, as a shell would
    /// have been. `TERM` and `LANG` are set to what a modern terminal has; `environment` can
    /// override them.
    pub fn open(program: &Path, size: (u16, u16), arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let (master, slave) = open_pair();
        set_size(&master, size);
        let handle = || Stdio::from(slave.try_clone().expect("another descriptor"));
        // setsid(1), of util-linux, makes the terminal the controlling one and execs: the pid stays.
        // env(1), of coreutils, gives back the signals that a build machine's nohup or background job
        // had us ignore: a program keeps that over exec. Both save a pre_exec closure and its unsafe.
        let child = Command::new("setsid")
            .args(["--ctty", "env", "--default-signal"])
            .arg(program)
            .args(arguments)
            .env("TERM", "xterm-256color")
            .env("COLORTERM", "truecolor")
            .env("LANG", "C.UTF-8")
            .env_remove("NO_COLOR")
            .envs(environment.iter().copied())
            .stdin(handle())
            .stdout(handle())
            .stderr(handle())
            .spawn()
            .expect("setsid, of util-linux");
        drop(slave);
        let pid = child.id().cast_signed();
        let process = Process::find(pid).or_else(|| Process::find_ended(pid)).expect("the started process");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                parser: vt100::Parser::new(cells(size.1), cells(size.0), 0),
                raw: VecDeque::new(),
                written: 0,
                last_write: Instant::now(),
                closed: false,
                hang_up: false,
                paused: false,
            }),
            changed: Condvar::new(),
        });
        let from = master.try_clone().expect("another descriptor");
        let ours = Arc::clone(&shared);
        std::thread::spawn(move || read_all(from, &ours));
        Self { child, process, master: Some(master), shared }
    }

    /// Its process. Of a headend that has another one wait in front of it, the one that runs the
    /// streams.
    pub fn process(&self) -> Process {
        let mark = format!("HEADEND_FRONT={}", self.process.pid);
        let behind = |child: &Process| child.environment().contains(&mark);
        super::processes::children_of(self.process.pid).into_iter().find(behind).unwrap_or(self.process)
    }

    pub fn pid(&self) -> i32 {
        self.process().pid
    }

    /// Types characters.
    pub fn keys(&self, text: &str) {
        self.send(text.as_bytes());
    }

    /// Presses one key.
    pub fn press(&self, key: Key) {
        self.send(&key.bytes());
    }

    /// Sends bytes as they are: a paste, a mouse report, garbage.
    pub fn send(&self, bytes: &[u8]) {
        self.master().write_all(bytes).expect("writing to the terminal");
    }

    /// Changes the size to `(columns, rows)`; the program gets its SIGWINCH.
    pub fn resize(&self, size: (u16, u16)) {
        // First the picture, so that what is drawn for the new size finds it.
        self.state().parser.set_size(cells(size.1), cells(size.0));
        set_size(self.master(), size);
    }

    /// Waits until the screen is as wanted; panics with the screen after 30 s, and at once when the
    /// program has gone.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&vt100::Screen) -> bool) {
        self.wait(what, |state| holds(state.parser.screen()));
    }

    /// Waits until this text stands somewhere on the screen, within one row.
    pub fn wait_text(&self, text: &str) {
        self.wait_until(&format!("{text:?} on the screen"), |screen| screen.contents().contains(text));
    }

    /// Waits until this text is nowhere on the screen.
    pub fn wait_no_text(&self, text: &str) {
        self.wait_until(&format!("no {text:?} on the screen"), |screen| !screen.contents().contains(text));
    }

    /// Waits until nothing was written for so long; gives the bytes written until then.
    pub fn settle(&self, quiet: Duration) -> u64 {
        let until = Instant::now() + LIMIT;
        let mut state = self.state();
        loop {
            let since = state.last_write.elapsed();
            if since >= quiet || state.closed {
                return state.written;
            }
            assert!(Instant::now() < until, "the screen is never quiet for {quiet:?}\n{}", frame(&state));
            state = self.wait_change(state, quiet.saturating_sub(since));
        }
    }

    /// The screen's rows, right ends trimmed.
    pub fn text(&self) -> String {
        self.state().parser.screen().contents()
    }

    /// Looks at the screen with colours and all.
    pub fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(self.state().parser.screen())
    }

    /// Bytes the program has written to the terminal since its start.
    pub fn bytes_written(&self) -> u64 {
        self.state().written
    }

    /// The newest of what was written, as it was; at most 8 MiB.
    pub fn raw_output(&self) -> Vec<u8> {
        self.state().raw.iter().copied().collect()
    }

    /// Nobody reads the terminal from now on, as behind a stopped tmux or after ctrl-s; or somebody
    /// does again. What is read already is still shown.
    pub fn pause_reading(&self, paused: bool) {
        self.state().paused = paused;
        self.shared.changed.notify_all();
    }

    /// Waits for the program's end.
    pub fn exit_status(&mut self) -> ExitStatus {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("waiting for a child") {
                return status;
            }
            assert!(Instant::now() < until, "it did not end within {LIMIT:?}\n{}", frame(&self.state()));
            std::thread::sleep(super::LOOK);
        }
    }

    /// What a program that has gone left undone on its terminal; empty: all was given back.
    pub fn not_given_back(&self) -> Vec<&'static str> {
        let mut left = Vec::new();
        let local = tcgetattr(self.master()).expect("the terminal's settings").local_flags;
        if !local.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG) {
            left.push("raw mode");
        }
        let state = self.state();
        let screen = state.parser.screen();
        if screen.alternate_screen() {
            left.push("alternate screen");
        }
        if screen.hide_cursor() {
            left.push("hidden cursor");
        }
        if screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None {
            left.push("mouse reports");
        }
        if screen.bracketed_paste() {
            left.push("bracketed paste");
        }
        if screen.application_cursor() || screen.application_keypad() {
            left.push("application keys");
        }
        if screen.fgcolor() != vt100::Color::Default || screen.bgcolor() != vt100::Color::Default {
            left.push("colours");
        }
        let raw: Vec<u8> = state.raw.iter().copied().collect();
        if last_at(&raw, b"\x1b[?2026h") > last_at(&raw, b"\x1b[?2026l") {
            left.push("an open synchronized update");
        }
        if last_at(&raw, b"\x1b[?1004h") > last_at(&raw, b"\x1b[?1004l") {
            left.push("focus reports");
        }
        left
    }

    /// Waits until everything the ended program wrote has been read, and takes its exit.
    pub fn finish(&mut self) -> ExitStatus {
        let status = self.exit_status();
        // A worker that outlived the program may hold the terminal: that is another test's fault.
        let state = self.state();
        drop(self.shared.changed.wait_timeout_while(state, Duration::from_secs(2), |s| !s.closed));
        status
    }

    /// Hangs up, as a dropped SSH session does: the program gets SIGHUP, and its terminal is dead.
    /// No more keys or sizes can be sent after that.
    pub fn hang_up(&mut self) {
        let mut state = self.state();
        state.hang_up = true;
        // The reading thread lets go of its descriptor; ours is the last one then.
        while !state.closed {
            state = self.wait_change(state, LIMIT);
        }
        drop(state);
        self.master = None;
    }

    /// SIGKILL, and the exit taken.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn wait(&self, what: &str, mut holds: impl FnMut(&State) -> bool) {
        let until = Instant::now() + LIMIT;
        let mut state = self.state();
        while !holds(&state) {
            assert!(!state.closed, "the program ended before {what}\n{}", frame(&state));
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited {LIMIT:?} in vain for {what}\n{}", frame(&state));
            state = self.wait_change(state, left);
        }
    }

    fn master(&self) -> &File {
        self.master.as_ref().expect("the terminal was hung up")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_change<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.shared.changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.kill();
    }
}

fn read_all(mut from: File, shared: &Shared) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let mut ready = [PollFd::new(from.as_fd(), PollFlags::POLLIN)];
        let waited = poll(&mut ready, HANG_UP_LOOK);
        let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.paused && !state.hang_up {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.hang_up {
            drop(state);
            drop(from);
            shared.close();
            return;
        }
        drop(state);
        if waited == Ok(0) {
            continue;
        }
        let count = match from.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            // EIO: the last descriptor of the other side is closed.
            Err(_) => 0,
        };
        if count == 0 {
            shared.close();
            return;
        }
        let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = &buffer[..count];
        state.parser.process(bytes);
        state.raw.extend(bytes);
        let over = state.raw.len().saturating_sub(RAW_KEPT);
        state.raw.drain(..over);
        state.written += count as u64;
        state.last_write = Instant::now();
        shared.changed.notify_all();
    }
}

/// The screen in a frame, for a failed test's message.
fn frame(state: &State) -> String {
    let screen = state.parser.screen();
    let columns = screen.size().1.get();
    let edge = "─".repeat(usize::from(columns));
    let mut framed = format!("┌{edge}\n");
    for row in screen.rows(0, columns) {
        let _ = writeln!(framed, "│{row}");
    }
    framed + "└" + &edge
}

/// The two ends of a new terminal. Every descriptor is closed on exec from its first moment: tests
/// start programs in other threads meanwhile, and one that inherited the master would keep a
/// hung-up terminal alive. (openpty(3) can't do that.)
fn open_pair() -> (File, File) {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags).expect("a pseudo-terminal");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("the terminal's other side");
    let path = ptsname_r(&master).expect("the terminal's name");
    let slave = File::options()
        .read(true)
        .write(true)
        .custom_flags(OFlag::O_NOCTTY.bits())
        .open(&path)
        .unwrap_or_else(|error| panic!("opening {path}: {error}"));
    (File::from(OwnedFd::from(master)), slave)
}

fn set_size(master: &File, (columns, rows): (u16, u16)) {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    #[allow(unsafe_code, reason = "no safe call sets a terminal's size")]
    // SAFETY: the descriptor is open as long as `master` is, and the kernel only reads the winsize.
    let result = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    assert_eq!(result, 0, "setting the terminal's size: {}", std::io::Error::last_os_error());
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has at least one cell")
}

fn last_at(raw: &[u8], sequence: &[u8]) -> Option<usize> {
    raw.windows(sequence.len()).rposition(|window| window == sequence)
}
