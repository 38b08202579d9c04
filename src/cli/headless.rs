//! Running without a terminal.

use std::time::{Duration, Instant};

use super::args::Common;
use super::leaving::Progress;
use super::report::Report;
use super::{Failed, OK, print};
use crate::service::Service;

/// How often the end is looked for. Nothing else depends on it.
const LOOK: Duration = Duration::from_millis(100);

/// Runs until the time is over or a signal came, then prints the report if one is wanted. The
/// board in it is the one before leaving: afterwards every stream is stopped.
pub fn run(service: Service, common: &Common, until: Option<Instant>) -> Result<u8, Failed> {
    let mut progress = Progress::on_stderr();
    while !service.has_ended() && until.is_none_or(|until| Instant::now() < until) {
        // After a signal the supervisor leaves by itself.
        progress.show(service.workers_left());
        std::thread::sleep(LOOK);
    }
    let hub = service.hub().clone();
    let saved = service.wait(|service| progress.show(service.workers_left()));
    progress.end();
    if common.report.is_some() {
        print(&Report::of(&hub.board_to_report()).to_json())?;
    }
    Ok(super::run::code_of(OK, &saved))
}
