//! SIGTERM, SIGINT and SIGHUP.

use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use super::OnHangup;
use super::reload::{Asker, Reloads};
use crate::supervisor::runtime::{Bid, Bids};

/// What comes within this of the first one is the same one: a terminal and a shell's `kill` signal a whole
/// process group, and the process in front passes on what it got itself.
const SAME_WITHIN: Duration = Duration::from_millis(300);

/// Listens from now on: the first TERM or INT asks to leave, each one after a moment hurries. HUP means what
/// `on_hangup` says, and never hurries.
///
/// # Errors
/// When the handlers can't be installed.
pub fn listen(bids: Bids, on_hangup: OnHangup, reloads: Reloads) -> std::io::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut hup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        let mut asked: Option<Instant> = None;
        loop {
            let hangup = tokio::select! {
                _ = term.recv() => false,
                _ = int.recv() => false,
                _ = hup.recv() => true,
            };
            match on_hangup {
                OnHangup::GoOn if hangup => {
                    log::warn!(
                        "the terminal is gone (SIGHUP); the streams go on, until headend shutdown or a TERM to process {}",
                        std::process::id()
                    );
                    continue;
                }
                OnHangup::Reload if hangup => {
                    log::info!("asked by SIGHUP to read the configuration again");
                    reloads.ask(Asker::Signal);
                    continue;
                }
                _ => {}
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
