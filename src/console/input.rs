//! The thread that reads the terminal: keys, size, loss.
//!
//! It waits with poll(2) for the descriptor itself and never reads from one that has hung up, so a
//! lost terminal ends it instead of making it spin (crossterm #793). Nothing of the supervisor runs
//! on it.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::JoinHandle;

use nix::errno::Errno;
use nix::libc::{SIGCONT, SIGWINCH};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{getpgrp, tcgetpgrp};
use signal_hook::SigId;
use signal_hook::low_level::{pipe, unregister};

use super::decode::{Decoder, Typed};
use super::inbox::{FromTerminal, Inbox};
use super::terminal;

/// How long an Escape waits to see whether it begins a longer sequence, in milliseconds. Long
/// enough for one that was cut in two by a network, too short to be felt.
const ESCAPE_PATIENCE_MS: u16 = 40;
/// How often it is looked whether a terminal that the shell took has come back, in milliseconds; waking tells
/// it sooner.
const LENT_LOOK_MS: u16 = 500;
/// Bytes read at once.
const READ_BYTES: usize = 1_024;

/// The reading thread. Ends when dropped.
#[derive(Debug)]
pub struct Input {
    end: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Input {
    /// Starts to read standard input into `inbox`.
    ///
    /// # Errors
    /// When the thread can't be started, or signals can't be listened to.
    pub fn start(inbox: Arc<Inbox>) -> io::Result<Self> {
        let (end, ended) = UnixStream::pair()?;
        let sources =
            Sources { ended, resized: Signal::listen(SIGWINCH)?, continued: Signal::listen(SIGCONT)? };
        let thread = std::thread::Builder::new().name("console-input".into()).spawn(move || {
            match read(&io::stdin(), &sources, &inbox) {
                Ok(Over::Ended) => {}
                Ok(Over::Lost) => inbox.put(FromTerminal::Lost),
                Err(error) => {
                    log::warn!("the terminal can't be read any more: {error}");
                    inbox.put(FromTerminal::Lost);
                }
            }
        })?;
        Ok(Self { end, thread: Some(thread) })
    }
}

impl Input {
    /// Ends the reading. False when the thread had a defect.
    pub fn end(mut self) -> bool {
        self.join()
    }

    fn join(&mut self) -> bool {
        let _ = self.end.write_all(b"x");
        self.thread.take().is_none_or(|thread| thread.join().is_ok())
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.join();
    }
}

/// A signal, as a descriptor that becomes readable.
#[derive(Debug)]
struct Signal {
    id: SigId,
    came: UnixStream,
}

impl Signal {
    fn listen(number: i32) -> io::Result<Self> {
        let (came, comes) = UnixStream::pair()?;
        came.set_nonblocking(true)?;
        Ok(Self { id: pipe::register(number, comes)?, came })
    }

    /// Whether it came since the last call. However often it came, it is told once.
    fn take(&self) -> bool {
        let mut bytes = [0; 64];
        let mut any = false;
        while (&self.came).read(&mut bytes).is_ok_and(|count| count > 0) {
            any = true;
        }
        any
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        unregister(self.id);
    }
}

/// What is listened to besides the terminal.
struct Sources {
    ended: UnixStream,
    resized: Signal,
    continued: Signal,
}

/// Why reading is over.
#[derive(Debug, PartialEq, Eq)]
enum Over {
    /// Nobody wants to read any more.
    Ended,
    /// The terminal is gone.
    Lost,
}

/// Whether the shell has the terminal, as when the process in front alone was stopped. What is typed then is
/// the shell's: reading it would stop this whole process, and the read would go on after it was woken, with
/// nothing to read and nothing else listened to.
fn is_lent(tty: &impl AsFd) -> bool {
    // Where it is nobody's terminal it is as good as ours.
    tcgetpgrp(tty).is_ok_and(|foreground| foreground != getpgrp())
}

fn read(tty: &impl AsFd, sources: &Sources, inbox: &Inbox) -> io::Result<Over> {
    let mut decoder = Decoder::default();
    let mut put = |typed: Typed| inbox.put(FromTerminal::Typed(typed));
    let mut bytes = [0; READ_BYTES];
    loop {
        let lent = is_lent(tty);
        let patience = match (decoder.waits(), lent) {
            (true, _) => PollTimeout::from(ESCAPE_PATIENCE_MS),
            (false, true) => PollTimeout::from(LENT_LOOK_MS),
            (false, false) => PollTimeout::NONE,
        };
        let watched = [
            tty.as_fd(),
            sources.ended.as_fd(),
            sources.resized.came.as_fd(),
            sources.continued.came.as_fd(),
        ];
        let mut fds = watched.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        if lent {
            // Its loss is told all the same.
            fds[0].set_events(PollFlags::empty());
        }
        match poll(&mut fds, patience) {
            Ok(0) => {
                if decoder.waits() {
                    decoder.give_up(&mut put);
                }
                continue;
            }
            Ok(_) => {}
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        }
        crate::defect::on_purpose("console-input");
        let [on_tty, ended, ..] = fds.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
        if !ended.is_empty() {
            return Ok(Over::Ended);
        }
        if on_tty.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL) {
            return Ok(Over::Lost);
        }
        if sources.resized.take() {
            inbox.put(FromTerminal::Resized(terminal::size()?));
        }
        if sources.continued.take() {
            inbox.put(FromTerminal::Continued);
        }
        if on_tty.contains(PollFlags::POLLIN) && !is_lent(tty) {
            match nix::unistd::read(tty.as_fd(), &mut bytes) {
                // In raw mode nothing but its loss ends a terminal's input.
                Ok(0) | Err(Errno::EIO) => return Ok(Over::Lost),
                Ok(count) => {
                    if inbox.expects_answer() {
                        decoder.expect_answer();
                    }
                    decoder.feed(&bytes[..count], &mut put);
                }
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;
    use nix::pty::openpty;

    use super::*;

    fn sources() -> (UnixStream, Sources) {
        let (end, ended) = UnixStream::pair().unwrap();
        let sources = Sources {
            ended,
            resized: Signal::listen(SIGWINCH).unwrap(),
            continued: Signal::listen(SIGCONT).unwrap(),
        };
        (end, sources)
    }

    fn keys(inbox: &Inbox, count: usize) -> Vec<KeyCode> {
        let mut keys = Vec::new();
        while keys.len() < count {
            for what in inbox.wait(None).terminal {
                match what {
                    FromTerminal::Typed(Typed::Key(key)) => keys.push(key.code),
                    // Another test's signal reaches every listener of the process.
                    FromTerminal::Continued => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        keys
    }

    #[test]
    fn keys_arrive_and_a_lone_escape_does_not_wait_for_ever() {
        let pty = openpty(None, None).unwrap();
        let (end, sources) = sources();
        let inbox = Inbox::default();
        std::thread::scope(|s| {
            // Owned here: a failure in here ends the reader too.
            let mut end = end;
            let reader = s.spawn(|| read(&pty.slave, &sources, &inbox));
            // The terminal is in its line mode here: a line end hands the line over.
            nix::unistd::write(&pty.master, b"j\n").unwrap();
            assert_eq!(keys(&inbox, 2), [KeyCode::Char('j'), KeyCode::Enter]);
            nix::unistd::write(&pty.master, b"\x1b\x04").unwrap();
            assert_eq!(keys(&inbox, 1), [KeyCode::Esc]);
            end.write_all(b"x").unwrap();
            assert_eq!(reader.join().unwrap().unwrap(), Over::Ended);
        });
    }

    #[test]
    fn a_terminal_that_goes_away_ends_the_reading() {
        let pty = openpty(None, None).unwrap();
        let (_end, sources) = sources();
        let (inbox, slave) = (Inbox::default(), pty.slave);
        std::thread::scope(|s| {
            let reader = s.spawn(|| read(&slave, &sources, &inbox));
            // In the middle of a sequence, which is where waiting for its rest would hang.
            nix::unistd::write(&pty.master, b"\x1b[\x04").unwrap();
            drop(pty.master);
            assert_eq!(reader.join().unwrap().unwrap(), Over::Lost);
        });
    }

    #[test]
    fn signals_arrive_as_news() {
        let (end, sources) = sources();
        let pty = openpty(None, None).unwrap();
        let inbox = Inbox::default();
        std::thread::scope(|s| {
            // Owned here: a failure in here ends the reader too.
            let mut end = end;
            let reader = s.spawn(|| read(&pty.slave, &sources, &inbox));
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGCONT).unwrap();
            assert!(inbox.wait(None).terminal.contains(&FromTerminal::Continued));
            end.write_all(b"x").unwrap();
            assert_eq!(reader.join().unwrap().unwrap(), Over::Ended);
        });
    }
}
