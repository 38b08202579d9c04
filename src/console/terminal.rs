//! Taking the terminal and giving it back: always, whatever happens.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use ratatui::layout::Size;

/// Alternate screen, bracketed paste (so that pasted text is never taken for keys), no cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[2J";
/// The way back. An open synchronized update is closed first, else the terminal waits for its end. The
/// mouse and the news of the background are given back whether they were taken or not.
const LEAVE: &[u8] =
    b"\x1b[?2026l\x1b[?2031l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h";
/// How long giving the terminal back waits for one that takes no bytes, in milliseconds.
const RESTORE_PATIENCE_MS: u16 = 200;

/// Whether the terminal is ours now.
static OURS: AtomicBool = AtomicBool::new(false);

/// Whether the terminal is ours: entered, and not given back by anyone.
#[must_use]
pub fn is_ours() -> bool {
    OURS.load(Ordering::SeqCst)
}

/// Whether there is a terminal to draw on and to read keys from.
#[must_use]
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The terminal's size, in characters.
///
/// # Errors
/// When the terminal does not tell.
pub fn size() -> io::Result<Size> {
    crossterm::terminal::size().map(|(width, height)| Size { width, height })
}

/// Standard output without the standard library's buffer, which would cut a frame into pieces.
///
/// # Errors
/// When the descriptor can't be duplicated.
pub fn writer() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Gives the terminal back when dropped.
#[derive(Debug)]
pub struct Taken(());

impl Taken {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste.
    ///
    /// # Errors
    /// When the terminal refuses; it is then as it was.
    pub fn take() -> io::Result<Self> {
        let taken = Self(());
        OURS.store(true, Ordering::SeqCst);
        // crossterm does nothing when it believes that the mode is raw already, which a shell may have
        // changed while we were asleep.
        let _ = crossterm::terminal::disable_raw_mode();
        crossterm::terminal::enable_raw_mode()?;
        // The monochrome theme says what is drawn without colour; crossterm's own handling of
        // NO_COLOR would wipe bold and reverse with it.
        crossterm::style::force_color_output(true);
        writer()?.write_all(ENTER)?;
        Ok(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        restore();
    }
}

/// How the terminal was, for who is to bring it back after another process had it.
#[derive(Debug)]
pub struct Before(Option<Termios>);

impl Before {
    /// As it is now.
    #[must_use]
    pub fn read() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }

    /// Brings it back, whatever the other one did to it.
    pub fn bring_back(&self) {
        OURS.store(true, Ordering::SeqCst);
        restore();
        if let Some(mode) = &self.0 {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, mode);
        }
    }
}

/// Gives the terminal back, if it is ours. May be called from any thread, also while panicking,
/// also twice; never panics. For a terminal that takes nothing it waits [`RESTORE_PATIENCE_MS`] and leaves
/// it as it is, but for its mode. One that takes something is written to until it has all of these few
/// bytes: should it freeze between the two, this waits with it.
pub fn restore() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    // A terminal that takes no bytes (a frozen session) must not hold up what comes after this.
    let stdout = io::stdout();
    let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::POLLOUT)];
    let ready = poll(&mut fds, PollTimeout::from(RESTORE_PATIENCE_MS)).is_ok_and(|n| n > 0);
    if ready && let Ok(mut out) = writer() {
        let _ = out.write_all(LEAVE);
    }
    let _ = crossterm::terminal::disable_raw_mode();
}
