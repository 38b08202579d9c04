//! `headend reload`: has the headend that runs read its configuration again.

use super::args;
use super::session::Session;
use crate::cli::{Failed, OK, REFUSED, print, tell};
use crate::link::Role;
use crate::model::{Answer, Command};

/// Asks for it, and tells what it came to.
pub fn run(args: &args::Reload) -> Result<u8, Failed> {
    let mut session = Session::open(&args.place, Role::Operator)?;
    match session.order(Command::Reload)? {
        Answer::Reloaded { summary, lines } => {
            let lines: String = lines.iter().flat_map(|line| [&**line, "\n"]).collect();
            print(&format!("{summary}\n{lines}"))?;
            Ok(OK)
        }
        Answer::Refused { reason } => {
            tell(&format!("headend: reload is refused: {reason}"));
            Ok(REFUSED)
        }
        // Those are answers to orders about streams.
        Answer::Done { .. } | Answer::NotSaved { .. } => Ok(OK),
    }
}
