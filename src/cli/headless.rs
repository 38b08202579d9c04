//! Running without a terminal.

use std::time::{Duration, Instant};

use super::args::Common;
use super::report::Report;
use super::{Failed, OK, print, tell};
use crate::service::Service;

/// How often the end is looked for. Nothing else depends on it.
const LOOK: Duration = Duration::from_millis(100);

/// Runs until the time is over or a signal came, then prints the report if one is wanted. The
/// board in it is the one before leaving: afterwards every stream is stopped.
pub fn run(service: Service, common: &Common) -> Result<u8, Failed> {
    let until = common.run_for.map(|span| Instant::now() + span);
    let mut board = None;
    while !service.has_ended() {
        let over = until.is_some_and(|until| Instant::now() >= until);
        if over {
            break;
        }
        std::thread::sleep(LOOK);
        // A signal ends it from outside: keep what the board last was while it ran.
        let now = service.hub().board();
        if !service.hub().is_leaving() {
            board = Some(now);
        }
    }
    let board = board.unwrap_or_else(|| service.hub().board());
    service.leave();
    let saved = service.wait();
    if common.report.is_some() {
        print(&Report::of(&board).to_json())?;
    }
    if let Err(trouble) = saved {
        tell(&format!("headend: {trouble}"));
    }
    Ok(OK)
}
