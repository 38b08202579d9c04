//! Where headend keeps what it keeps.

use std::path::{Path, PathBuf};

use crate::model::shell_word;

/// `$XDG_STATE_HOME/headend`, else `~/.local/state/headend`. `None` when no home folder is known.
#[must_use]
pub fn default_state_dir() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    base.map(|base| base.join("headend"))
}

/// How a shell calls the headend of this state folder: for letters, which are read anywhere.
#[must_use]
pub fn how_to_call(folder: Option<&Path>) -> String {
    match folder {
        Some(folder) if Some(folder) != default_state_dir().as_deref() => {
            format!("headend --state {}", shell_word(&folder.to_string_lossy()))
        }
        _ => "headend".to_owned(),
    }
}
