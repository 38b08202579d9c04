//! What the doctor reads of the machine and of the terminal.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};

use crate::console::glyphs::is_utf8;
use crate::console::terminal;

/// Limits of this user and process.
#[derive(Debug, Clone, Copy, Default)]
pub struct LimitsFound {
    /// Open files: what headend raises its limit to.
    pub open_files: u64,
    /// Processes and threads of this user; `None`: not known, or root, for whom it does not count.
    pub processes: Option<u64>,
}

/// Reads the limits.
pub fn limits() -> LimitsFound {
    let hard = |resource| getrlimit(resource).map_or(0, |(_, hard)| hard);
    let root = nix::unistd::Uid::effective().is_root();
    let soft = getrlimit(Resource::RLIMIT_NPROC).ok().map(|(soft, _)| soft);
    LimitsFound { open_files: hard(Resource::RLIMIT_NOFILE), processes: soft.filter(|_| !root) }
}

/// What the terminal says of itself.
#[derive(Debug, Clone, Default)]
pub struct TerminalFound {
    /// Columns and rows; `None`: there is no terminal.
    pub size: Option<(u16, u16)>,
    /// `TERM`.
    pub term: String,
    /// `COLORTERM`.
    pub colorterm: String,
    /// The locale that counts.
    pub locale: String,
    /// The terminal is tmux.
    pub tmux: bool,
    /// What tmux does with texts for the clipboard: its `set-clipboard`; empty when not known.
    pub clipboard: String,
}

impl TerminalFound {
    pub fn is_utf8(&self) -> bool {
        is_utf8(&self.locale)
    }
}

/// Asks the terminal's environment, and tmux where it is one.
pub fn terminal() -> TerminalFound {
    let value = |name: &str| std::env::var(name).unwrap_or_default();
    let locales = ["LC_ALL", "LC_CTYPE", "LANG"].map(value);
    let tmux = !value("TMUX").is_empty();
    let size = terminal::size().ok().filter(|_| terminal::is_there());
    TerminalFound {
        size: size.map(|size| (size.width, size.height)),
        term: value("TERM"),
        colorterm: value("COLORTERM"),
        locale: locales.into_iter().find(|locale| !locale.is_empty()).unwrap_or_default(),
        tmux,
        clipboard: if tmux { tmux_option("set-clipboard") } else { String::new() },
    }
}

fn tmux_option(name: &str) -> String {
    let asked = std::process::Command::new("tmux").args(["show-options", "-sv", name]).output();
    asked.map_or_else(|_| String::new(), |told| String::from_utf8_lossy(&told.stdout).trim().to_owned())
}

/// The state folder.
#[derive(Debug, Clone, Default)]
pub struct FolderFound {
    pub path: PathBuf,
    /// It, or the nearest folder above it that is there, can be written.
    pub writable: bool,
    pub exists: bool,
    /// Free for this user, bytes; `None`: not known.
    pub free: Option<u64>,
    /// Others than its owner may write it.
    pub open_to_others: bool,
}

/// Looks at the state folder, and makes none.
pub fn folder(path: &Path) -> FolderFound {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = whole.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let free = statvfs(there).ok().map(|disk| disk.blocks_available().saturating_mul(disk.fragment_size()));
    let exists = path.exists();
    FolderFound {
        path: path.to_owned(),
        writable: access(there, AccessFlags::W_OK | AccessFlags::X_OK).is_ok() && there.is_dir(),
        exists,
        free,
        open_to_others: exists && path.metadata().is_ok_and(|found| found.mode() & 0o002 != 0),
    }
}

/// The clock.
#[derive(Debug, Clone)]
pub struct ClockFound {
    /// Milliseconds since the Unix epoch.
    pub wall_ms: u64,
    /// The time zone's name; `None`: not known.
    pub zone: Option<String>,
    /// When this program was built, or its file laid down; milliseconds since the Unix epoch.
    pub built_ms: u64,
}

/// Looks at the clock.
pub fn clock() -> ClockFound {
    let zone = jiff::tz::TimeZone::try_system().ok();
    let zone = zone.map(|zone| zone.iana_name().map_or_else(|| "without a name".to_owned(), str::to_owned));
    let laid = std::env::current_exe().and_then(|path| path.metadata()).and_then(|found| found.modified());
    let built = laid.ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
    let built_ms = u64::try_from(built.as_millis()).unwrap_or(0);
    ClockFound { wall_ms: super::super::wall_ms(), zone, built_ms }
}
