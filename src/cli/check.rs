//! `headend check`.

use super::{Failed, MISTAKEN, OK, args, console, print, tell};
use crate::config::{self, Config, Environment};
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
    for risk in loaded.config.secrets_at_risk() {
        tell(&format!("warning: {}: {risk}", path.display()));
    }
    let counts = counts(&loaded.config);
    let wrong = console::check(&path, loaded.config.console);
    if !wrong.is_empty() {
        for mistake in &wrong {
            tell(&mistake.to_string());
        }
        return Ok(MISTAKEN);
    }
    print(&format!("{}: {counts}, no mistakes\n", path.display()))?;
    Ok(OK)
}

/// How many there are of what has a name; of receivers and rules only where there are some.
fn counts(config: &Config) -> String {
    let alerts = &config.alerts;
    let named = [(alerts.receivers.len(), "receiver"), (alerts.rules.len(), "rule")];
    let named = named.into_iter().filter(|(count, _)| *count > 0);
    let all = [(config.streams.len(), "stream")].into_iter().chain(named);
    all.map(|(count, one)| counted(count, one)).collect::<Vec<_>>().join(", ")
}
