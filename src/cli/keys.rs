//! `headend keys`.

use super::{Failed, MISTAKEN, OK, args, console, print, tell};
use crate::config::{self, Environment};
use crate::console::keymap::Keymap;
use crate::console::wishes;

/// Prints the keys: the table, or what the configuration's keys.toml makes of it.
pub fn keys(args: &args::Keys) -> Result<u8, Failed> {
    let keymap = match &args.config {
        None => Ok(Keymap::default()),
        Some(path) => {
            let path = config::locate(Some(path), &Environment::from_process()).map_err(Failed::Nothing)?;
            console::read(&path).and_then(|wishes| wishes::keymap(wishes.keys.as_ref()))
        }
    };
    match keymap {
        Ok(keymap) => {
            print(&keymap.markdown())?;
            Ok(OK)
        }
        Err(mistakes) => {
            for mistake in mistakes {
                tell(&mistake.to_string());
            }
            Ok(MISTAKEN)
        }
    }
}
