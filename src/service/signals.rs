//! SIGTERM, SIGINT and SIGHUP.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use super::OnHangup;
use super::reload::{Asker, Reloads};
use crate::supervisor::runtime::{Bid, Bids};

/// What comes within this of the first one is the same one: a terminal and a shell's `kill` signal a whole
/// process group, and the process in front passes on what it got itself.
const SAME_WITHIN: Duration = Duration::from_millis(300);

/// One hang-up is several signals: of the kernel, of a shell, and of the process in front. What comes within
/// this of the first one, or of the terminal's loss, is the same one.
const ONE_HANGUP: Duration = Duration::from_secs(2);

/// What HUP means, which is another thing once there is no terminal.
#[derive(Debug, Clone)]
pub struct Hangups {
    means: OnHangup,
    terminal: Arc<Mutex<Terminal>>,
}

#[derive(Debug, Clone, Copy)]
enum Terminal {
    /// As far as is known.
    There,
    /// Since then there is none.
    Lost(Instant),
    /// It was let go of.
    Left,
}

impl Hangups {
    /// As long as there is a terminal they mean this.
    #[must_use]
    pub fn new(means: OnHangup) -> Self {
        Self { means, terminal: Arc::new(Mutex::new(Terminal::There)) }
    }

    /// The terminal is lost: the hang-up that tells so may still come.
    pub fn terminal_lost(&self) {
        self.set(Terminal::Lost(Instant::now()));
    }

    /// The terminal was let go of, without a hang-up.
    pub fn terminal_left(&self) {
        self.set(Terminal::Left);
    }

    fn set(&self, terminal: Terminal) {
        *self.terminal.lock().unwrap_or_else(PoisonError::into_inner) = terminal;
    }

    /// What one means that comes now; `None`: it is the terminal's loss, which is known.
    fn now(&self) -> Option<OnHangup> {
        let terminal = *self.terminal.lock().unwrap_or_else(PoisonError::into_inner);
        match (self.means, terminal) {
            (OnHangup::GoOn, Terminal::Lost(at)) if at.elapsed() < ONE_HANGUP => None,
            (OnHangup::GoOn, Terminal::Lost(_) | Terminal::Left) => Some(OnHangup::Reload),
            (means, _) => Some(means),
        }
    }
}

/// Listens from now on: the first TERM or INT asks to leave, each one after a moment hurries. HUP means what
/// `hangups` says, and never hurries.
///
/// # Errors
/// When the handlers can't be installed.
pub fn listen(bids: Bids, hangups: Hangups, reloads: Reloads) -> std::io::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut hup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        let mut asked: Option<Instant> = None;
        let mut hung_up: Option<Instant> = None;
        loop {
            let hangup = tokio::select! {
                _ = term.recv() => false,
                _ = int.recv() => false,
                _ = hup.recv() => true,
            };
            match hangups.now().filter(|_| hangup) {
                None if hangup => continue,
                Some(OnHangup::GoOn) => {
                    if hung_up.is_none_or(|at| at.elapsed() >= ONE_HANGUP) {
                        hung_up = Some(Instant::now());
                        log::info!("SIGHUP: the terminal hangs up, or somebody says so");
                    }
                    continue;
                }
                Some(OnHangup::Reload) => {
                    log::info!("asked by SIGHUP to read the configuration again");
                    reloads.ask(Asker::Signal);
                    continue;
                }
                None | Some(OnHangup::Leave) => {}
            }
            let bid = match asked {
                Some(first) if !hangup && first.elapsed() < SAME_WITHIN => continue,
                Some(_) if !hangup => Bid::Hurry,
                _ => Bid::Leave,
            };
            asked.get_or_insert_with(Instant::now);
            // Full: the operator will send the signal again.
            let _ = bids.send(bid);
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_a_hangup_is_an_order_once_the_loss_is_over() {
        let hangups = Hangups::new(OnHangup::GoOn);
        assert_eq!(hangups.now(), Some(OnHangup::GoOn));
        hangups.terminal_lost();
        assert_eq!(hangups.now(), None, "its own hang-up");
        hangups.set(Terminal::Lost(Instant::now().checked_sub(ONE_HANGUP).unwrap()));
        assert_eq!(hangups.now(), Some(OnHangup::Reload));
        hangups.terminal_left();
        assert_eq!(hangups.now(), Some(OnHangup::Reload));
        for means in [OnHangup::Leave, OnHangup::Reload] {
            let hangups = Hangups::new(means);
            hangups.terminal_lost();
            assert_eq!(hangups.now(), Some(means));
        }
    }
}
