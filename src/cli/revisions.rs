//! `headend config`: what the configuration was, and back to it.

use std::path::{Path, PathBuf};

use color_eyre::eyre::eyre;

use super::args;
use super::replace;
use super::verbs::args::Place;
use super::verbs::state_dir;
use super::{Failed, MISTAKEN, OK, check, difference, print, tell};
use crate::config::{self, Capture, Disk, Environment, Files, Overlay, Sources};
use crate::model::{LogLine, WallTime, clean, clean_line};
use crate::service::revisions as kept;
use crate::store::{Head, Revision, RevisionError, Revisions};

/// Runs one of the verbs.
pub fn run(args: &args::Kept) -> Result<u8, Failed> {
    let environment = Environment::from_process();
    if let args::KeptVerb::Check { file } = &args.verb {
        // `--config` stands here for the state folder it names, and another file is another file.
        let config = args.config.clone().filter(|_| file.is_none());
        return check::check(&args::Check { config, file: file.clone() });
    }
    // Mistakes in the configuration are no hindrance: they are why one goes back.
    let place = Place { config: args.config.clone(), state: args.state.clone() };
    let revisions = Revisions::of(&state_dir(&place, &environment)?);
    match args.verb {
        args::KeptVerb::Check { .. } => Ok(OK),
        args::KeptVerb::Diff { ref with } => {
            difference::diff(args.config.as_deref(), with.as_deref(), &revisions, &environment)
        }
        args::KeptVerb::Apply { ref file } => {
            difference::apply(args.config.as_deref(), file.as_deref(), &revisions, &environment)
        }
        args::KeptVerb::History => history(&revisions),
        args::KeptVerb::Show { number } => with(&revisions, number, |revision| show(&revision)),
        args::KeptVerb::Rollback { number } => {
            with(&revisions, number, |revision| roll_back(&revisions, &revision, &environment))
        }
    }
}

fn history(revisions: &Revisions) -> Result<u8, Failed> {
    let (heads, notes) = revisions.list()?;
    for note in notes {
        tell(&format!("headend: skipped: {}", clean(&note)));
    }
    if heads.is_empty() {
        tell(&format!("headend: there are no revisions yet in {}", revisions.dir().display()));
    }
    let lines = heads.iter().map(|head| {
        let Head { number, wall_ms, summary, files } = head;
        let files = if *files == 1 { "1 file".to_owned() } else { format!("{files} files") };
        let summary = clean_line(summary, LogLine::MAX_BYTES);
        format!("{number:>6}  {}  {files:>9}  {summary}\n", WallTime(*wall_ms))
    });
    print(&lines.collect::<String>())?;
    Ok(OK)
}

/// Goes on with a revision; one that is not there is a mistake of who asked for it.
fn with(
    revisions: &Revisions,
    number: u64,
    go_on: impl FnOnce(Revision) -> Result<u8, Failed>,
) -> Result<u8, Failed> {
    match revisions.read(number) {
        Ok(revision) => go_on(revision),
        Err(missing @ RevisionError::Missing { .. }) => {
            tell(&format!("headend: {missing}"));
            Ok(MISTAKEN)
        }
        Err(other) => Err(other.into()),
    }
}

fn show(revision: &Revision) -> Result<u8, Failed> {
    let summary = clean_line(&revision.summary, LogLine::MAX_BYTES);
    let mut lines =
        vec![format!("# revision {}, {}, {summary}", revision.number, WallTime(revision.wall_ms))];
    for file in &revision.files {
        lines.push(format!("# {}", shown(&file.path)));
        let mut masking = config::MaskedLines::default();
        for line in file.text.lines() {
            let masked = masking.mask(line);
            // Tabs are no danger, and lists may be separated by them.
            let cells: Vec<_> = masked.split('\t').map(clean).collect();
            lines.push(cells.join("\t"));
        }
    }
    print_lines(&lines)?;
    Ok(OK)
}

pub(super) fn print_lines(lines: &[String]) -> std::io::Result<()> {
    print(&lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>())
}

pub(super) fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy()).into_owned()
}

fn roll_back(revisions: &Revisions, revision: &Revision, environment: &Environment) -> Result<u8, Failed> {
    let number = revision.number;
    let Some(main) = revision.files.first() else {
        return Err(eyre!("revision {number} has no files").into());
    };
    if let Err(mistakes) = kept::load_revision(revision, environment) {
        tell(&format!("headend: revision {number} does not hold any more, nothing is written:"));
        return Err(Failed::Mistakes(mistakes));
    }
    let _turn = replace::take_turn(&main.path)?;
    // The next start also reads what matches its patterns today.
    let memory = kept::in_memory(&revision.files);
    let overlay = Overlay { over: &memory };
    let next = Capture::new(&overlay);
    if let Err(mistakes) = config::load_from(&main.path, environment, &next) {
        tell(&format!(
            "headend: with files that are not part of revision {number} and would still be read there are \
             mistakes, nothing is written; move those files away first:"
        ));
        return Err(Failed::Mistakes(mistakes));
    }
    let next = next.into_sources();
    let changed: Vec<_> = revision
        .files
        .iter()
        .filter_map(|file| {
            let bytes = file.bytes().unwrap_or_default();
            let same = Disk.read(&file.path).is_ok_and(|found| found == bytes);
            (!same).then(|| (file.path.clone(), bytes))
        })
        .collect();
    let today = today(&main.path, &changed, environment);
    let mut lines = Vec::new();
    if changed.is_empty() {
        lines.push(format!("the files are as in revision {number} already; nothing is written"));
    } else {
        let undo = remember_today(revisions, &today)?;
        difference::put(&changed, undo)?;
    }
    lines.extend(left_alone(revision, &today, &next));
    lines.push(difference::HOW_IT_HOLDS.to_owned());
    print_lines(&lines)?;
    Ok(OK)
}

/// The files of the configuration at `main` as it is now, however wrong, and those that are about to
/// be replaced.
pub(super) fn today(main: &Path, changed: &[(PathBuf, Vec<u8>)], environment: &Environment) -> Sources {
    let capture = Capture::new(&Disk);
    // Its mistakes are why one goes back.
    let _ = config::load_from(main, environment, &capture);
    for (path, _) in changed {
        // What is not there has nothing to lose.
        let _ = capture.read(path);
    }
    capture.into_sources()
}

/// Keeps what is there now, unless it is kept already. Nothing is replaced that could be lost.
pub(super) fn remember_today(revisions: &Revisions, today: &Sources) -> Result<Option<u64>, RevisionError> {
    let files = kept::revision_files(today)?;
    if files.is_empty() {
        return Ok(None);
    }
    if let Some(known) = revisions.find(&files)? {
        return Ok(Some(known));
    }
    Ok(Some(kept::record(revisions, files)?))
}

fn left_alone(revision: &Revision, today: &Sources, next: &Sources) -> Vec<String> {
    let number = revision.number;
    let part = |path: &Path| revision.files.iter().any(|file| file.path == *path);
    let still_read = |path: &Path| next.files.iter().any(|(read, _)| read == path);
    let others = today.files.iter().map(|(path, _)| path).filter(|path| !part(path));
    let lines = others.map(|path| {
        let read = if still_read(path) { "still read" } else { "no longer read" };
        format!("left     {} (not part of revision {number}; {read})", shown(path))
    });
    lines.collect()
}
