//! Keeps the configuration as a revision whenever headend takes in one that is new.

use crate::model::counted;
use std::path::Path;

use crate::config::{self, Environment, Loaded, Memory, Mistakes, Sources};
use crate::store::{Revision, RevisionError, RevisionFile, Revisions};
use crate::supervisor::runtime::wall_ms;

/// Records `sources` in the state folder `dir` if they differ from the newest revision. What is in
/// the way is only logged: running what the operator wrote matters more than remembering it.
pub fn remember(dir: &Path, sources: &Sources) {
    let revisions = Revisions::of(dir);
    match remember_in(&revisions, sources) {
        Ok(Some((number, summary))) => log::info!("configuration revision {number}: {summary}"),
        Ok(None) => {}
        Err(error) => log::warn!("{error}"),
    }
}

fn remember_in(revisions: &Revisions, sources: &Sources) -> Result<Option<(u64, String)>, RevisionError> {
    let files = revision_files(sources)?;
    let (newest, notes) = revisions.newest()?;
    for note in notes {
        log::warn!("{note}");
    }
    if files.is_empty() || newest.as_ref().is_some_and(|newest| newest.files == files) {
        return Ok(None);
    }
    let summary = summary(newest.as_ref().map(|newest| newest.files.as_slice()), &files);
    let number = revisions.record(files, wall_ms(), &summary)?;
    Ok(Some((number, summary)))
}

/// Records `files` as a new revision, with what differs from the newest one, and gives its number.
///
/// # Errors
/// When they can't be kept.
pub fn record(revisions: &Revisions, files: Vec<RevisionFile>) -> Result<u64, RevisionError> {
    let (newest, _) = revisions.newest()?;
    let summary = summary(newest.as_ref().map(|newest| newest.files.as_slice()), &files);
    revisions.record(files, wall_ms(), &summary)
}

/// The files of a configuration as a revision has them.
///
/// # Errors
/// When they are more than a revision may hold.
pub fn revision_files(sources: &Sources) -> Result<Vec<RevisionFile>, RevisionError> {
    if sources.too_large {
        return Err(RevisionError::Unfit(
            "its files have more than 16 MiB, and at most 16 are kept".to_owned(),
        ));
    }
    let file = |(path, bytes): &(_, Vec<u8>)| RevisionFile::new(std::path::PathBuf::clone(path), bytes);
    Ok(sources.files.iter().map(file).collect())
}

/// The files of a revision, to be read instead of those of this machine. [`Revisions::read`] has seen
/// that their bytes can be had.
#[must_use]
pub fn in_memory(files: &[RevisionFile]) -> Memory {
    let with =
        |memory: Memory, file: &RevisionFile| memory.with(&file.path, file.bytes().unwrap_or_default());
    files.iter().fold(Memory::new(), with)
}

/// Reads a revision as a configuration, without a look at this machine's files.
///
/// # Errors
/// Every mistake in it; [`Revisions::read`] gives none without a file.
pub fn load_revision(revision: &Revision, environment: &Environment) -> Result<Loaded, Mistakes> {
    load_files(&revision.files, environment)
}

fn load_files(files: &[RevisionFile], environment: &Environment) -> Result<Loaded, Mistakes> {
    let main = files.first().map_or(Path::new(config::FILE_NAME), |file| &file.path);
    config::load_from(main, environment, &in_memory(files))
}

/// What differs from the configuration before, in one line: `+3 -1 ~2 streams, 4 settings changed`.
fn summary(before: Option<&[RevisionFile]>, now: &[RevisionFile]) -> String {
    // Both are read from memory, by whole paths: paths they name mean the same in both.
    let environment = Environment::from_process();
    let read = |files| load_files(files, &environment).ok().map(|loaded| loaded.config);
    match (before.map(read), read(now)) {
        (_, None) => "with mistakes".to_owned(),
        (None, Some(now)) => format!("first, {}", counted(now.streams.len(), "stream")),
        (Some(None), Some(now)) => format!("{}, before it mistakes", counted(now.streams.len(), "stream")),
        (Some(Some(before)), Some(now)) => {
            let difference = config::difference(&before, &now);
            if difference.is_empty() { "other text, same meaning".to_owned() } else { difference.summary() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str = "/etc/headend/headend.toml";

    fn stream(id: &str, more: &str) -> String {
        format!("[[stream]]\nid = '{id}'\ninputs = ['http://h/{id}']\n{more}\n")
    }

    fn sources(text: &str) -> Sources {
        Sources { files: vec![(MAIN.into(), text.as_bytes().to_vec())], too_large: false }
    }

    fn files(text: &str) -> Vec<RevisionFile> {
        revision_files(&sources(text)).unwrap()
    }

    #[test]
    fn a_summary_counts_streams_and_names_settings() {
        let base = stream("a", "") + &stream("b", "") + &stream("c", "");
        let before = files(&base);
        for (now, expected) in [
            (base.clone() + "# a word\n", "other text, same meaning"),
            (
                stream("a", "") + &stream("b", "priority = 3") + &stream("d", "") + &stream("e", ""),
                "+2 -1 ~1 streams",
            ),
            (stream("a", ""), "-2 streams"),
            ("[pool]\nslots = 3\n".to_owned() + &base, "1 setting changed"),
            (
                "[defaults]\nturn = '9s'\n[stop]\nkill = '1s'\n".to_owned() + &base,
                "~3 streams, 1 setting changed",
            ),
            ("[pool]\nslotz = 3\n".to_owned() + &base, "with mistakes"),
        ] {
            assert_eq!(summary(Some(&before), &files(&now)), expected, "{now}");
        }
        assert_eq!(summary(None, &before), "first, 3 streams");
        assert_eq!(summary(Some(&files("[")), &before), "3 streams, before it mistakes");
    }

    #[test]
    fn only_what_is_new_is_remembered_and_trouble_is_no_failure() {
        let dir = tempfile::tempdir().unwrap();
        let revisions = Revisions::of(dir.path());
        let remember_text = |text: &str| remember_in(&revisions, &sources(text)).unwrap().map(|(n, _)| n);
        assert_eq!(remember_text(&stream("a", "")), Some(1));
        assert_eq!(remember_text(&stream("a", "")), None);
        assert_eq!(remember_text(&stream("b", "")), Some(2));
        // Back to what was before is news.
        assert_eq!(remember_text(&stream("a", "")), Some(3));
        // A damaged newest one does not hide that the one before it differs.
        std::fs::write(revisions.dir().join("000003.json"), "{").unwrap();
        assert_eq!(remember_text(&stream("b", "")), None);

        let too_large = Sources { too_large: true, ..sources("") };
        assert!(remember_in(&revisions, &too_large).is_err());
        remember(dir.path(), &too_large);
        remember(Path::new("/dev/null"), &sources(""));
    }
}
