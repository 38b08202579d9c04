//! What the console is told of the configuration and the arguments.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Common;
use crate::config::{self, ConsoleSettings, Environment, Mistakes, Notify};
use crate::console::mistake::Mistake;
use crate::console::wishes::{self, Calls, KeysFile, Source, ThemeWish, Wishes};

/// The operator's keys, beside the configuration.
const KEYS_FILE: &str = "keys.toml";

/// Where the console's wishes come from: the configuration, if there is one, and the arguments,
/// which win over it.
pub fn source(config: Option<PathBuf>, common: &Common) -> Source {
    let (theme, ascii) = (common.theme.clone(), common.ascii);
    let path = config.clone();
    let read = move || {
        let mut wishes = match &path {
            Some(path) => read(path)?,
            None => Wishes::default(),
        };
        wishes.ascii |= ascii;
        if let Some(name) = &theme {
            let wish = ThemeWish { name: name.clone(), file: "--theme".into(), at: (0, 0), firm: true };
            wishes.theme = Some(wish);
        }
        Ok(wishes)
    };
    Source { config, read: Arc::new(read) }
}

/// What the configuration at `path` says of the console.
pub fn read(path: &Path) -> Result<Wishes, Vec<Mistake>> {
    let settings = config::console_of(path, &Environment::from_process()).map_err(mistakes)?;
    Ok(wishes_of(path, settings))
}

/// Everything that is wrong with the files that the configuration names for the console.
pub fn check(path: &Path, settings: ConsoleSettings) -> Vec<Mistake> {
    wishes::check(&wishes_of(path, settings))
}

fn wishes_of(path: &Path, settings: ConsoleSettings) -> Wishes {
    let beside = || KeysFile { path: path.with_file_name(KEYS_FILE), optional: true };
    let keys = settings.keys.map_or_else(beside, |path| KeysFile { path, optional: false });
    let file = path.to_string_lossy().into_owned();
    let at = settings.theme_at.unwrap_or_default();
    Wishes {
        theme: settings.theme.map(|name| ThemeWish { name, file, at, firm: false }),
        keys: Some(keys),
        ascii: settings.ascii,
        mouse: settings.mouse,
        views: settings.views,
        calls: Calls {
            bell: settings.bell,
            tmux_alert: settings.tmux_alert,
            notify: match settings.notify {
                Notify::Off => None,
                Notify::Osc9 => Some(wishes::Notify::Osc9),
                Notify::Osc777 => Some(wishes::Notify::Osc777),
            },
        },
    }
}

fn mistakes(mistakes: Mistakes) -> Vec<Mistake> {
    let mistake = |m: config::Mistake| Mistake {
        file: m.file.to_string_lossy().into_owned(),
        line: m.line,
        column: m.column,
        text: format!("{}; {}", m.message, m.expected),
    };
    mistakes.list.into_iter().map(mistake).collect()
}
