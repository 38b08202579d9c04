//! `headend config diff` and `apply`: what would change, and having it kept.

use std::path::{Path, PathBuf};

use color_eyre::eyre::WrapErr;

use super::replace::{self, Replaced};
use super::revisions::{print_lines, remember_today, shown, today};
use super::{Failed, MISTAKEN, OK, tell};
use crate::config::{self, Capture, Config, Difference, Disk, Environment, Loaded, Memory, Overlay};
use crate::service::revisions as kept;
use crate::store::{RevisionError, Revisions};

/// Tells what going over to the configuration, to another file or to a revision would change.
pub fn diff(
    explicit: Option<&Path>,
    with: Option<&Path>,
    revisions: &Revisions,
    environment: &Environment,
) -> Result<u8, Failed> {
    let number = with.and_then(Path::to_str).and_then(|text| text.parse::<u64>().ok());
    let after = match (number, with) {
        (Some(number), _) => match revisions.read(number) {
            Ok(revision) => kept::load_revision(&revision, environment).map_err(Failed::Mistakes)?,
            Err(missing @ RevisionError::Missing { .. }) => {
                tell(&format!("headend: {missing}"));
                return Ok(MISTAKEN);
            }
            Err(other) => return Err(other.into()),
        },
        (None, with) => {
            let path = config::locate(with.or(explicit), environment).map_err(Failed::Nothing)?;
            config::load(&path, environment).map_err(Failed::Mistakes)?
        }
    };
    let before = taken_in(revisions, environment)?;
    show(&config::difference(&before, &after.config))
}

/// Checks the configuration, tells what it changes, and keeps it as a revision. With `file`, that
/// one's content is put into its place, once all of it is checked.
pub fn apply(
    explicit: Option<&Path>,
    file: Option<&Path>,
    revisions: &Revisions,
    environment: &Environment,
) -> Result<u8, Failed> {
    let path = config::locate(explicit, environment).map_err(Failed::Nothing)?;
    let path = std::path::absolute(&path).unwrap_or(path);
    let _turn = replace::take_turn(&path)?;
    let new = match file {
        None => None,
        Some(file) => {
            let read = std::fs::read(file);
            Some(read.wrap_err_with(|| format!("could not read {}", file.display()))?)
        }
    };
    let over = new.as_ref().map_or_else(Memory::new, |bytes| Memory::new().with(&path, bytes.clone()));
    let overlay = Overlay { over: &over };
    let capture = Capture::new(&overlay);
    let loaded = config::load_from(&path, environment, &capture).map_err(Failed::Mistakes)?;
    warn(&loaded);
    let before = taken_in(revisions, environment)?;
    let difference = config::difference(&before, &loaded.config);
    let code = show(&difference)?;
    if let Some(bytes) = new {
        let files = [(path.clone(), bytes)];
        // Nothing is replaced that could be lost.
        let undo = remember_today(revisions, &today(&path, &files, environment))?;
        put(&files, undo)?;
    }
    let sources = capture.into_sources();
    let files = kept::revision_files(&sources)?;
    let (newest, _) = revisions.newest()?;
    if newest.is_some_and(|newest| newest.files == files) {
        print_lines(&["it is the newest revision already".to_owned()])?;
    } else {
        let number = kept::record(revisions, files)?;
        print_lines(&[format!("kept as revision {number}")])?;
    }
    say_how_it_holds()?;
    Ok(code)
}

/// What headend took in last; nothing at all, when it never did.
fn taken_in(revisions: &Revisions, environment: &Environment) -> Result<Config, Failed> {
    let (newest, notes) = revisions.newest()?;
    for note in notes {
        tell(&format!("headend: skipped: {}", crate::model::clean(&note)));
    }
    let Some(newest) = newest else {
        tell("headend: nothing was taken in yet: compared with no streams");
        return Ok(Config::default());
    };
    if let Ok(loaded) = kept::load_revision(&newest, environment) {
        return Ok(loaded.config);
    }
    tell(&format!("headend: revision {} has mistakes: compared with no streams", newest.number));
    Ok(Config::default())
}

fn show(difference: &Difference) -> Result<u8, Failed> {
    let mut lines = difference.lines();
    lines.push(difference.summary());
    print_lines(&lines)?;
    Ok(OK)
}

/// Tells the warnings of a configuration.
pub fn warn(loaded: &Loaded) {
    for warning in &loaded.warnings {
        tell(&format!("warning: {warning}"));
    }
}

/// How a running headend comes to know.
pub const HOW_IT_HOLDS: &str = "a running headend takes it in when it is asked to (headend reload), by itself \
    with [reload] watch = true, or at its next start";

/// Says [`HOW_IT_HOLDS`].
pub fn say_how_it_holds() -> Result<(), Failed> {
    Ok(print_lines(&[HOW_IT_HOLDS.to_owned()])?)
}

/// Gives files their new content: all of them, or none but for a rename that fails. What was there is the
/// revision `undo`.
pub fn put(files: &[(PathBuf, Vec<u8>)], undo: Option<u64>) -> Result<(), Failed> {
    let Replaced { written, failed } = replace::all(files, replace::NEW_FILE_MODE);
    let mut lines: Vec<String> = written.iter().map(|path| format!("written  {}", shown(path))).collect();
    if failed.is_none() {
        lines.extend(undo.map(|undo| format!("what was there is revision {undo}")));
    }
    print_lines(&lines)?;
    let Some(failed) = failed else { return Ok(()) };
    if let Some(undo) = undo.filter(|_| !written.is_empty()) {
        tell(&format!("headend: `headend config rollback {undo}` brings back what was there"));
    }
    Err(Failed::Other(failed))
}

/// Reads the configuration as it would be with these files, and tells what that changes. Gives those that
/// are no part of it.
pub fn as_if(
    main: &Path,
    files: &[(PathBuf, Vec<u8>)],
    environment: &Environment,
) -> Result<Vec<PathBuf>, Failed> {
    let with = |memory: Memory, (path, bytes): &(PathBuf, Vec<u8>)| memory.with(path, bytes.clone());
    let over = files.iter().fold(Memory::new(), with);
    let capture_over = Overlay { over: &over };
    let capture = Capture::new(&capture_over);
    let loaded = config::load_from(main, environment, &capture).map_err(Failed::Mistakes)?;
    let read = capture.into_sources().files;
    warn(&loaded);
    let now = config::load_from(main, environment, &Disk).map(|now| now.config).unwrap_or_default();
    show(&config::difference(&now, &loaded.config))?;
    let is_apart = |path: &&PathBuf| !read.iter().any(|(read, _)| read == *path);
    Ok(files.iter().map(|(path, _)| path).filter(is_apart).cloned().collect())
}
