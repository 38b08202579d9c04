//! SIGTERM, SIGINT and SIGHUP.

use tokio::signal::unix::{SignalKind, signal};

use crate::supervisor::runtime::{Bid, Bids};

/// Listens from now on: the first TERM or INT asks to leave, each later one hurries. HUP asks to
/// leave when `leave_on_hangup`, and never hurries; otherwise the streams go on without a terminal.
///
/// # Errors
/// When the handlers can't be installed.
pub fn listen(bids: Bids, leave_on_hangup: bool) -> std::io::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut hup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        let mut asked = false;
        loop {
            let hangup = tokio::select! {
                _ = term.recv() => false,
                _ = int.recv() => false,
                _ = hup.recv() => true,
            };
            if hangup && !leave_on_hangup {
                log::warn!("SIGHUP: the streams go on. Stop them with: kill {}", std::process::id());
                continue;
            }
            let bid = if asked && !hangup { Bid::Hurry } else { Bid::Leave };
            asked = true;
            // Full: the operator will send the signal again.
            let _ = bids.send(bid);
        }
    });
    Ok(())
}
