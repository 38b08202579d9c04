//! Where a configuration is read from: the disk, or memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use super::{MAX_FILE_BYTES, MAX_FILES, MAX_SOURCES_BYTES};

/// The environment variables that matter, read once so that nothing else depends on them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `HEADEND_FFMPEG`: which FFmpeg; wins over `[ffmpeg] path`.
    pub ffmpeg: Option<PathBuf>,
    /// `HEADEND_STATE`: the state folder; wins over `[state] dir`.
    pub state: Option<PathBuf>,
    /// `MAX_LOG_SIZE`: wins over `[logs] max_size`.
    pub max_log_size: Option<String>,
    /// `MAX_LOG_FILES`: wins over `[logs] max_files`.
    pub max_log_files: Option<String>,
    /// `EMAIL_RATE_LIMIT_MS`: wins over `[alerts] rate_limit`.
    pub email_rate_limit_ms: Option<String>,
    /// `XDG_CONFIG_HOME`, when it is an absolute path.
    pub config_home: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
}

impl Environment {
    /// The variables of this process. An empty one counts as not set.
    #[must_use]
    pub fn from_process() -> Self {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    /// The variables that `lookup` finds. An empty one counts as not set.
    #[must_use]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let get = |name| lookup(name).filter(|value| !value.is_empty());
        let text = |name| get(name).map(|value| value.to_string_lossy().into_owned());
        Self {
            ffmpeg: get("HEADEND_FFMPEG").map(PathBuf::from),
            state: get("HEADEND_STATE").map(PathBuf::from),
            max_log_size: text("MAX_LOG_SIZE"),
            max_log_files: text("MAX_LOG_FILES"),
            email_rate_limit_ms: text("EMAIL_RATE_LIMIT_MS"),
            // The XDG rules say that a relative one is to be ignored.
            config_home: get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute()),
            home: get("HOME").map(PathBuf::from),
        }
    }
}

/// What a configuration is read from.
pub trait Files {
    /// All bytes of the file at `path`.
    ///
    /// # Errors
    /// When it can't be read; [`io::ErrorKind::FileTooLarge`] above [`MAX_FILE_BYTES`].
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The files that match `pattern` (its wildcards are `*`, `?`, `[...]` and `**`) in the folder
    /// `base`, sorted, at most [`MAX_FILES`] and one.
    ///
    /// # Errors
    /// When the pattern is none; the text says why.
    fn expand(&self, base: &Path, pattern: &str) -> Result<Vec<PathBuf>, String>;

    /// One path for all the ways to write the path of the same file.
    fn identity(&self, path: &Path) -> PathBuf;
}

/// As a shell does it: `*` stops at slashes and leaves hidden files out.
const MATCHING: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = std::fs::File::open(path)?;
        let mut bytes = Vec::new();
        // One byte more than may be, to notice; never more, even from a device without an end.
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    fn expand(&self, base: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
        let whole = full_pattern(base, pattern);
        let found = glob::glob_with(&whole, MATCHING).map_err(|e| e.msg.to_owned())?;
        // A folder that can't be read holds nothing we could read either.
        let files = found.filter_map(Result::ok).filter(|path| path.is_file());
        let mut files: Vec<_> = files.take(MAX_FILES + 1).collect();
        files.sort();
        Ok(files)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        std::fs::canonicalize(path).unwrap_or_else(|_| plain(path))
    }
}

/// Files that exist only in memory: for tests, and for a configuration made by a program.
#[derive(Debug, Clone, Default)]
pub struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one file more.
    #[must_use]
    pub fn with(mut self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.insert(plain(path.as_ref()), bytes.into());
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.0.get(&plain(path)).ok_or(io::ErrorKind::NotFound)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.clone())
    }

    fn expand(&self, base: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
        let whole = plain(Path::new(&full_pattern(base, pattern)));
        let matcher = glob::Pattern::new(&whole.to_string_lossy()).map_err(|e| e.msg.to_owned())?;
        let files = self.0.keys().filter(|path| matcher.matches_path_with(path, MATCHING));
        Ok(files.take(MAX_FILES + 1).cloned().collect())
    }

    fn identity(&self, path: &Path) -> PathBuf {
        plain(path)
    }
}

/// The files a configuration was read from, with what was in them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Whole paths and bytes, the configuration file first, each once.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// More was read than [`MAX_SOURCES_BYTES`], so some of it is missing here.
    pub too_large: bool,
}

// Not derived: a debug print must not show passwords.
impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let paths = self.files.iter().map(|(path, bytes)| (path, bytes.len()));
        f.debug_map().entries(paths).finish()
    }
}

/// Other files, and what was read of them.
pub struct Capture<'a> {
    files: &'a dyn Files,
    sources: RefCell<Sources>,
}

impl<'a> Capture<'a> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(files: &'a dyn Files) -> Self {
        Self { files, sources: RefCell::default() }
    }

    /// What was read.
    #[must_use]
    pub fn into_sources(self) -> Sources {
        self.sources.into_inner()
    }
}

impl Files for Capture<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.files.read(path)?;
        let mut sources = self.sources.borrow_mut();
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if !sources.files.iter().any(|(known, _)| *known == path) {
            let kept: usize = sources.files.iter().map(|(_, bytes)| bytes.len()).sum();
            if kept + bytes.len() > MAX_SOURCES_BYTES {
                sources.too_large = true;
            } else {
                sources.files.push((path, bytes.clone()));
            }
        }
        Ok(bytes)
    }

    fn expand(&self, base: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
        self.files.expand(base, pattern)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        self.files.identity(path)
    }
}

/// Files of this machine, some of which are other ones.
pub struct Overlay<'a> {
    /// Those that are other ones, or not there.
    pub over: &'a Memory,
}

impl Files for Overlay<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.over.read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Disk.read(path),
            other => other,
        }
    }

    fn expand(&self, base: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
        let mut paths = Disk.expand(base, pattern)?;
        paths.extend(self.over.expand(base, pattern)?);
        // Plain, or one file would be two.
        let paths: BTreeSet<_> = paths.iter().map(|path| plain(path)).collect();
        Ok(paths.into_iter().take(MAX_FILES + 1).collect())
    }

    fn identity(&self, path: &Path) -> PathBuf {
        Disk.identity(path)
    }
}

/// `pattern` seen from `base`, whose own characters are no wildcards.
fn full_pattern(base: &Path, pattern: &str) -> String {
    if Path::new(pattern).is_absolute() || base.as_os_str().is_empty() {
        return pattern.to_owned();
    }
    let base = glob::Pattern::escape(&base.to_string_lossy());
    format!("{}/{pattern}", base.trim_end_matches('/'))
}

/// `path` without `.` and `x/..`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_relative_variables_count_as_not_set() {
        let env = Environment::from_lookup(|name| {
            Some(match name {
                "HEADEND_FFMPEG" => "/opt/ffmpeg".into(),
                "XDG_CONFIG_HOME" => "relative".into(),
                "MAX_LOG_SIZE" => "5 MB".into(),
                _ => OsString::new(),
            })
        });
        let expected = Environment {
            ffmpeg: Some("/opt/ffmpeg".into()),
            max_log_size: Some("5 MB".into()),
            ..Environment::default()
        };
        assert_eq!(env, expected);
    }

    #[test]
    fn disk_and_memory_expand_alike() {
        let dir = tempfile::tempdir().unwrap();
        // A folder whose name is a pattern itself.
        let base = dir.path().join("a[b]");
        std::fs::create_dir_all(base.join("s")).unwrap();
        let mut memory = Memory::new();
        for name in ["s/b.toml", "s/a.toml", "s/.hidden.toml", "s/c.txt", "x.toml"] {
            std::fs::write(base.join(name), name).unwrap();
            memory = memory.with(base.join(name), name);
        }
        for (pattern, found) in [
            ("s/*.toml", vec!["s/a.toml", "s/b.toml"]),
            ("*.toml", vec!["x.toml"]),
            ("**/a.toml", vec!["s/a.toml"]),
            ("s", vec![]),
            ("s/../x.toml", vec!["x.toml"]),
            ("none*", vec![]),
        ] {
            let found: Vec<_> = found.iter().map(|name| base.join(name)).collect();
            let on_disk = Disk.expand(&base, pattern).unwrap();
            assert_eq!(on_disk.iter().map(|p| plain(p)).collect::<Vec<_>>(), found, "disk {pattern}");
            assert_eq!(memory.expand(&base, pattern).unwrap(), found, "memory {pattern}");
        }
        assert!(Disk.expand(&base, "[").is_err());
        assert!(memory.expand(&base, "[").is_err());
    }

    #[test]
    fn a_file_without_an_end_is_refused() {
        let error = Disk.read(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(Disk.read(Path::new("/")).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn what_was_read_is_kept_once_and_within_the_bound() {
        let large = "#".repeat(MAX_SOURCES_BYTES - 3);
        let memory = Memory::new().with("/a", "ab").with("/b", "x").with("/c", "y").with("/d", large);
        let capture = Capture::new(&memory);
        for path in ["/a", "/b", "/./a", "/none", "/d", "/c"] {
            let _ = capture.read(Path::new(path));
        }
        let sources = capture.into_sources();
        let paths: Vec<_> = sources.files.iter().map(|(path, bytes)| (path.to_str(), bytes.len())).collect();
        assert_eq!(paths, [(Some("/a"), 2), (Some("/b"), 1), (Some("/d"), MAX_SOURCES_BYTES - 3)]);
        assert!(sources.too_large && !format!("{sources:?}").contains("ab"));

        let capture = Capture::new(&memory);
        capture.read(Path::new("/a")).unwrap();
        assert!(!capture.into_sources().too_large);
    }

    #[test]
    fn an_overlay_shows_both_and_prefers_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for name in ["a.toml", "b.toml"] {
            std::fs::write(path(name), "disk").unwrap();
        }
        let over = Memory::new().with(path("x/../b.toml"), "over").with(path("c.toml"), "over");
        let overlay = Overlay { over: &over };
        let names = ["a.toml", "b.toml", "c.toml"].map(path);
        assert_eq!(overlay.expand(dir.path(), "*.toml").unwrap(), names);
        let texts = names.each_ref().map(|path| overlay.read(path).unwrap());
        assert_eq!(texts, ["disk", "over", "over"].map(str::as_bytes));
        assert!(overlay.read(&path("d.toml")).is_err() && overlay.expand(dir.path(), "[").is_err());
    }
}
