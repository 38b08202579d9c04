//! Where headend keeps what it keeps.

use std::path::PathBuf;

/// `$XDG_STATE_HOME/headend`, else `~/.local/state/headend`. `None` when no home folder is known.
#[must_use]
pub fn default_state_dir() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    base.map(|base| base.join("headend"))
}
