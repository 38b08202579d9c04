//! Which FFmpeg there is, and what it can do.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::Version;
use super::bounds::{BUSY_TRIES, PROBE_MAX_BYTES, PROBE_TIMEOUT};
use crate::model::{Mode, clean_line};

/// Why there is no FFmpeg to work with.
#[derive(Debug, thiserror::Error)]
pub enum FfmpegError {
    /// No path is configured and no folder of the `PATH` has one.
    #[error("no ffmpeg on the PATH: install it (apt install ffmpeg) or set [ffmpeg] path")]
    NotOnPath,
    /// The configured path leads nowhere.
    #[error("no FFmpeg at {}: there is no such file; correct [ffmpeg] path or HEADEND_FFMPEG", .0.display())]
    Missing(PathBuf),
    /// It is a folder, a socket, ...
    #[error("{} is not a file: [ffmpeg] path must name the ffmpeg program itself", .0.display())]
    NotAFile(PathBuf),
    /// No execute permission.
    #[error("{} is not executable: chmod +x it, or name another FFmpeg", .0.display())]
    NotExecutable(PathBuf),
    /// The system would not start it.
    #[error("cannot run {}: {error}", path.display())]
    Spawn {
        /// The program.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It did not end in time and was killed.
    #[error("{} {question} did not end within {} s: it is no FFmpeg, or the machine is overloaded", path.display(), limit.as_secs())]
    Hangs {
        /// The program.
        path: PathBuf,
        /// The option it was given.
        question: &'static str,
        /// How long it was given.
        limit: Duration,
    },
    /// It answered, but not like FFmpeg.
    #[error("{} is no FFmpeg: {question} printed {answer:?}; correct [ffmpeg] path or HEADEND_FFMPEG", path.display())]
    NotFfmpeg {
        /// The program.
        path: PathBuf,
        /// The option it was given.
        question: &'static str,
        /// The first line of its answer.
        answer: String,
    },
    /// An FFmpeg from before what headend needs.
    #[error("{} is FFmpeg {version}: headend needs {} or newer", path.display(), Version::OLDEST)]
    TooOld {
        /// The program.
        path: PathBuf,
        /// As it calls itself.
        version: String,
    },
}

/// What one FFmpeg can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// As it calls itself: `5.1.9-0+deb12u1`.
    pub version_text: String,
    /// The same to compare.
    pub version: Version,
    /// Names of its filters.
    pub filters: BTreeSet<String>,
    /// Names of the protocols it reads.
    pub protocols: BTreeSet<String>,
}

impl Capabilities {
    /// The filters `mode` wants and this FFmpeg lacks. The checks that need them are left out of
    /// the command line; everything else works.
    #[must_use]
    pub fn missing_for(&self, mode: Mode) -> Vec<&'static str> {
        let wanted: &[&str] = match mode {
            Mode::Packets | Mode::Run => &[],
            Mode::Picture => &["scale", "blackdetect", "metadata", "freezedetect", "silencedetect"],
            Mode::Full => &["blackdetect", "metadata", "freezedetect", "silencedetect"],
        };
        wanted.iter().copied().filter(|name| !self.has(name)).collect()
    }

    /// Whether there is a filter of this name.
    #[must_use]
    pub fn has(&self, filter: &str) -> bool {
        self.filters.contains(filter)
    }
}

/// The FFmpeg to use: the configured one, else the first `ffmpeg` on the `PATH`.
///
/// # Errors
/// When there is none, or it is no executable file. It is not run: [`probe`] does that.
pub fn find(configured: Option<&Path>) -> Result<PathBuf, FfmpegError> {
    let path = env::var_os("PATH").unwrap_or_default();
    find_in(configured, env::split_paths(&path))
}

fn find_in(
    configured: Option<&Path>,
    mut folders: impl Iterator<Item = PathBuf>,
) -> Result<PathBuf, FfmpegError> {
    match configured {
        // A bare name is looked up like the shell does; `Path::parent` of it is the empty path.
        Some(name) if name.parent() == Some(Path::new("")) && !name.exists() => folders
            .map(|folder| folder.join(name))
            .find(|path| check(path).is_ok())
            .ok_or_else(|| FfmpegError::Missing(name.to_owned())),
        Some(path) => check(path).map(|()| path.to_owned()),
        None => folders
            .find_map(|folder| Some(folder.join("ffmpeg")).filter(|path| check(path).is_ok()))
            .ok_or(FfmpegError::NotOnPath),
    }
}

fn check(path: &Path) -> Result<(), FfmpegError> {
    let Ok(found) = fs::metadata(path) else {
        return Err(FfmpegError::Missing(path.to_owned()));
    };
    if !found.is_file() {
        return Err(FfmpegError::NotAFile(path.to_owned()));
    }
    if found.permissions().mode() & 0o111 == 0 {
        return Err(FfmpegError::NotExecutable(path.to_owned()));
    }
    Ok(())
}

/// Asks the FFmpeg at `path` what it can do. Runs it three times; blocks, at most half a minute
/// when it hangs, usually a tenth of a second.
///
/// # Errors
/// When it can't be run, hangs (it is then killed), is no FFmpeg, or is older than
/// [`Version::OLDEST`].
pub fn probe(path: &Path) -> Result<Capabilities, FfmpegError> {
    probe_within(path, PROBE_TIMEOUT)
}

fn probe_within(path: &Path, limit: Duration) -> Result<Capabilities, FfmpegError> {
    let banner = ask(path, "-version", limit)?;
    let first = banner.lines().next().unwrap_or_default();
    let Some(version_text) = first.strip_prefix("ffmpeg version ").and_then(|r| r.split(' ').next()) else {
        return Err(not_ffmpeg(path, "-version", first));
    };
    let version_text = clean_line(version_text, 80);
    let version = Version::parse(&version_text);
    if version < Version::OLDEST {
        return Err(FfmpegError::TooOld { path: path.to_owned(), version: version_text });
    }
    let answer = ask(path, "-filters", limit)?;
    let filters = filter_names(&answer);
    // A build without filters can't decode into anything; what prints none is something else.
    if filters.is_empty() {
        return Err(not_ffmpeg(path, "-filters", answer.lines().next().unwrap_or_default()));
    }
    let protocols = protocol_names(&ask(path, "-protocols", limit)?);
    Ok(Capabilities { version_text, version, filters, protocols })
}

fn not_ffmpeg(path: &Path, question: &'static str, answer: &str) -> FfmpegError {
    FfmpegError::NotFfmpeg { path: path.to_owned(), question, answer: clean_line(answer, 120) }
}

/// ` T.. blackdetect       V->V       Detect video intervals that are (almost) black.`
fn filter_names(answer: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let mut words = line.split_whitespace();
        let (_flags, name, shape) = (words.next()?, words.next()?, words.next()?);
        shape.contains("->").then(|| name.to_owned())
    };
    answer.lines().filter_map(name).collect()
}

/// The names between `Input:` and `Output:`.
fn protocol_names(answer: &str) -> BTreeSet<String> {
    let inputs = answer.lines().skip_while(|line| line.trim() != "Input:").skip(1);
    let inputs = inputs.take_while(|line| line.trim() != "Output:");
    inputs.map(|line| line.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Runs `path` with one question; what it printed on stdout, cut to [`PROBE_MAX_BYTES`].
fn ask(path: &Path, question: &'static str, limit: Duration) -> Result<String, FfmpegError> {
    let deadline = Instant::now() + limit;
    let mut child =
        spawn(path, question).map_err(|error| FfmpegError::Spawn { path: path.to_owned(), error })?;
    let (tell, told) = mpsc::sync_channel(1);
    if let Some(stdout) = child.stdout.take() {
        // Not joined: were it to outlive the kill below (it can't, as long as the group dies), it
        // would hold a pipe and nothing else.
        thread::spawn(move || {
            let mut answer = Vec::new();
            let _ = stdout.take(PROBE_MAX_BYTES).read_to_end(&mut answer);
            let _ = tell.send(answer);
        });
    }
    let answer = told.recv_timeout(limit).ok();
    let ended = wait_until(&mut child, deadline);
    match answer {
        Some(answer) if ended => Ok(String::from_utf8_lossy(&answer).into_owned()),
        _ => Err(FfmpegError::Hangs { path: path.to_owned(), question, limit }),
    }
}

fn spawn(path: &Path, question: &str) -> io::Result<Child> {
    let mut tries = 0;
    loop {
        let spawned = Command::new(path)
            .args(["-hide_banner", question])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Its own group, so that what a wrapper script started dies with it.
            .process_group(0)
            .spawn();
        match spawned {
            // Someone (a package manager, a fork of ours) still has it open for writing.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES => {
                tries += 1;
                thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
}

/// Waits for the child; kills its group and reaps it when `deadline` passes. Whether it ended by
/// itself.
fn wait_until(child: &mut Child, deadline: Instant) -> bool {
    loop {
        match child.try_wait() {
            Ok(Some(_)) => return true,
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            _ => break,
        }
    }
    if let Ok(pid) = i32::try_from(child.id()) {
        // Not reaped yet, so the number is still this child's.
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(folder: &Path, body: &str) -> PathBuf {
        let path = folder.join("ffmpeg");
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn none() -> std::iter::Empty<PathBuf> {
        std::iter::empty()
    }

    #[test]
    fn what_is_missing_or_wrong_has_its_own_message() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| find_in(Some(path), none()).unwrap_err().to_string();
        assert!(message(&folder.path().join("no")).contains("no such file"));
        assert!(message(folder.path()).contains("is not a file"));
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        assert!(message(&plain).contains("is not executable"));
        assert!(find_in(None, none()).unwrap_err().to_string().contains("no ffmpeg on the PATH"));
    }

    #[test]
    fn the_path_is_searched_in_order_past_what_cannot_run() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(first.path().join("ffmpeg"), "not executable").unwrap();
        let good = script(second.path(), "exit 0");
        let folders = || [first.path(), second.path()].map(Path::to_owned).into_iter();
        assert_eq!(find_in(None, folders()).unwrap(), good);
        assert_eq!(find_in(Some(Path::new("ffmpeg")), folders()).unwrap(), good);
        assert!(matches!(find_in(Some(Path::new("ffmpeg9")), folders()), Err(FfmpegError::Missing(_))));
    }

    #[test]
    fn a_real_ffmpeg_tells_what_it_can_do() {
        let found = probe(&find(None).unwrap()).unwrap();
        assert!(found.version >= Version::OLDEST);
        for mode in Mode::ALL {
            assert_eq!(found.missing_for(mode), Vec::<&str>::new());
        }
        assert!(found.protocols.contains("http") && found.protocols.contains("tcp"));
    }

    #[test]
    fn another_program_is_no_ffmpeg() {
        let error = probe(Path::new("/bin/echo")).unwrap_err();
        assert!(matches!(error, FfmpegError::NotFfmpeg { .. }), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let error = probe(&script(folder.path(), "echo ffmpeg version 7.0 fake")).unwrap_err();
        assert!(matches!(error, FfmpegError::NotFfmpeg { question: "-filters", .. }), "{error}");
    }

    #[test]
    fn an_old_one_is_refused_by_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let error = probe(&script(folder.path(), "echo ffmpeg version 4.4.2-0ubuntu Copyright")).unwrap_err();
        assert!(error.to_string().contains("is FFmpeg 4.4.2-0ubuntu: headend needs 5.0"), "{error}");
    }

    #[test]
    fn one_that_hangs_is_killed_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids");
        let body = format!("sleep 600 & echo $$ $! > {}; wait", pids.display());
        let script = script(folder.path(), &body);
        let mut limit = Duration::from_millis(200);
        // On a busy machine the script may not get so far as to say who it is.
        let started = loop {
            let error = probe_within(&script, limit).unwrap_err();
            assert!(matches!(error, FfmpegError::Hangs { question: "-version", .. }), "{error}");
            match fs::read_to_string(&pids) {
                Ok(started) if started.ends_with('\n') => break started,
                _ => limit *= 2,
            }
        };
        for pid in started.split_whitespace() {
            // Dead, though nobody may have collected it yet.
            let gone =
                || fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "));
            while !gone() {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn an_endless_answer_is_cut_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let error = probe_within(&script(folder.path(), "exec yes"), Duration::from_secs(60)).unwrap_err();
        assert!(matches!(error, FfmpegError::NotFfmpeg { .. }), "{error}");
    }

    #[test]
    fn lists_of_both_versions_are_read() {
        let filters = filter_names(
            "Filters:\n  T.. = Timeline support\n ... scale             V->V       Scale.\n T. metadata          V->V       x\n",
        );
        assert_eq!(filters.into_iter().collect::<Vec<_>>(), ["metadata", "scale"]);
        let protocols = protocol_names("Supported file protocols:\nInput:\n  http\n  tcp\nOutput:\n  md5\n");
        assert_eq!(protocols.into_iter().collect::<Vec<_>>(), ["http", "tcp"]);
    }
}
