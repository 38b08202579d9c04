//! `headend check`.

use super::{Failed, MISTAKEN, OK, args, console, print, tell};
use crate::config::{self, Environment};
use crate::model::counted;

/// Reads the configuration and tells what it found.
pub fn check(args: &args::Check) -> Result<u8, Failed> {
    let explicit = args.config.as_deref().or(args.file.as_deref());
    let environment = Environment::from_process();
    let path = config::locate(explicit, &environment).map_err(Failed::Nothing)?;
    let loaded = config::load(&path, &environment).map_err(Failed::Mistakes)?;
    for warning in &loaded.warnings {
        tell(&format!("warning: {warning}"));
    }
    let wrong = console::check(&path, loaded.config.console);
    if !wrong.is_empty() {
        for mistake in &wrong {
            tell(&mistake.to_string());
        }
        return Ok(MISTAKEN);
    }
    let streams = counted(loaded.config.streams.len(), "stream");
    print(&format!("{}: {streams}, no mistakes\n", path.display()))?;
    Ok(OK)
}
