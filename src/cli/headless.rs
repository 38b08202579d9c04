//! Running without a terminal.

use std::time::{Duration, Instant};

use super::args::Common;
use super::leaving::Progress;
use super::{Failed, OK, print};
use crate::model::Report;
use crate::service::Service;
use crate::service::systemd::Manager;

/// How often the end is looked for. Nothing else depends on it.
const LOOK: Duration = Duration::from_millis(100);

/// Runs until the time is over or a signal came, then prints the report if one is wanted. The
/// board in it is the one before leaving: afterwards every stream is stopped.
pub fn run(service: Service, common: &Common, until: Option<Instant>) -> Result<u8, Failed> {
    let mut progress = Progress::on_stderr();
    let mut manager = if common.daemon { Manager::from_environment() } else { Manager::default() };
    manager.ready();
    while !service.has_ended() && until.is_none_or(|until| Instant::now() < until) {
        // After a signal the supervisor leaves by itself.
        progress.show(service.workers_left());
        if service.workers_left().is_some() {
            manager.stopping();
        }
        manager.look(service.hub().published_ago(), Instant::now());
        std::thread::sleep(LOOK);
    }
    manager.stopping();
    let hub = service.hub().clone();
    let saved = service.wait(|service| progress.show(service.workers_left()));
    progress.end();
    if common.report.is_some() {
        print(&Report::of(&hub.board_to_report()).to_json())?;
    }
    Ok(super::run::code_of(OK, &saved))
}
