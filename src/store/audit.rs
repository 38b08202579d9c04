//! The audit log: every command of every client, a line of JSON each.
//!
//! It is a file of its own and not in sled, which one process only can open: so it can be looked at
//! while headend runs and when it does not, by anything that reads text.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::AuditEntry;

/// Its name in the state folder.
pub const AUDIT_FILE: &str = "audit.jsonl";
/// Entries kept; the oldest go.
pub const AUDIT_KEPT: usize = 10_000;
/// Of them so many may be refusals: who may give no orders pushes out no more of what others did.
const REFUSED_KEPT: usize = 2_000;
/// What is older goes too.
pub const AUDIT_KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);
/// So many more may be there before it is written anew without the oldest.
const SPARE: usize = 1_000;
/// And so much older may the oldest be, milliseconds.
const SPARE_MS: u64 = 86_400_000;
/// As much is read of it at most, from its end; bytes. All that is kept fits, an entry being 1 KiB at most.
const MAX_BYTES: u64 = 16 * 1_024 * 1_024;
/// The longest entry, bytes; a longer line is somebody else's.
const MAX_ENTRY: usize = 8 * 1_024;
/// Notes may stand in it: nobody else may read it.
const MODE: u32 = 0o600;

/// The open file.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    file: File,
    next: u64,
    /// Its length, bytes.
    end: u64,
    /// Where its last entry begins, if this one wrote it.
    last_at: Option<u64>,
    /// Lines in it.
    lines: usize,
    /// When the first of them was written; milliseconds since the Unix epoch.
    oldest_ms: u64,
}

impl AuditLog {
    /// Opens the audit log of a state folder, without what is too old or too much. Take
    /// [`super::StateLock`] first.
    ///
    /// # Errors
    /// When it can't be read or written.
    pub fn open(dir: &Path, now_ms: u64) -> io::Result<Self> {
        let path = dir.join(AUDIT_FILE);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(MODE).open(&path)?;
        let text = tail(&mut file)?;
        let mut end = file.metadata()?.len();
        // A crash may have left half a line.
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all_at(b"\n", end)?;
            end += 1;
        }
        let entries = entries(&text);
        let next = entries.iter().map(|entry| entry.number).max().unwrap_or(0) + 1;
        let oldest_ms = entries.first().map_or(now_ms, |entry| entry.wall_ms);
        let mut log = Self { path, file, next, end, last_at: None, lines: text.lines().count(), oldest_ms };
        log.trim_if_due(now_ms)?;
        Ok(log)
    }

    /// Writes entries behind those that are there, numbers them, and makes them durable.
    ///
    /// # Errors
    /// When they can't be written; some of them may be.
    pub fn append(&mut self, entries: &mut [AuditEntry]) -> io::Result<()> {
        let (mut out, mut last_at) = (Vec::new(), self.last_at);
        for entry in &mut *entries {
            entry.number = self.next;
            self.next += 1;
            last_at = Some(self.end + out.len() as u64);
            write_line(&mut out, entry)?;
        }
        self.put(self.end, &out)?;
        self.last_at = last_at;
        self.lines += entries.len();
        self.trim_if_due(entries.last().map_or(0, |entry| entry.wall_ms))
    }

    /// Writes an entry in the place of the one that was appended last, and makes it durable. False: that one
    /// is not the last any more, and nothing was written.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn replace_last(&mut self, entry: &AuditEntry) -> io::Result<bool> {
        let Some(at) = self.last_at.filter(|_| entry.number + 1 == self.next) else { return Ok(false) };
        let mut out = Vec::new();
        write_line(&mut out, entry)?;
        self.put(at, &out)?;
        Ok(true)
    }

    /// Writes what is to be the end of the file.
    fn put(&mut self, at: u64, lines: &[u8]) -> io::Result<()> {
        self.file.write_all_at(lines, at)?;
        let end = at + lines.len() as u64;
        if end < self.end {
            self.file.set_len(end)?;
        }
        self.file.sync_data()?;
        self.end = end;
        Ok(())
    }

    /// Up to `count` entries with numbers below `before`, oldest first.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn read(&mut self, before: u64, count: usize) -> io::Result<Vec<AuditEntry>> {
        Ok(last(&tail(&mut self.file)?, before, count))
    }

    fn trim_if_due(&mut self, now_ms: u64) -> io::Result<()> {
        let limit_ms = now_ms.saturating_sub(u64::try_from(AUDIT_KEPT_FOR.as_millis()).unwrap_or(u64::MAX));
        if self.lines <= AUDIT_KEPT + SPARE && self.oldest_ms >= limit_ms.saturating_sub(SPARE_MS) {
            return Ok(());
        }
        let kept = kept(&tail(&mut self.file)?, limit_ms);
        let (mut out, mut last_at) = (Vec::new(), None);
        for entry in &kept {
            last_at = Some(out.len() as u64);
            write_line(&mut out, entry)?;
        }
        let beside = self.path.with_extension("jsonl.writing");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(MODE).open(&beside)?;
        file.write_all(&out)?;
        file.sync_data()?;
        fs::rename(&beside, &self.path)?;
        self.file = file;
        (self.end, self.last_at, self.lines) = (out.len() as u64, last_at, kept.len());
        self.oldest_ms = kept.first().map_or(now_ms, |entry| entry.wall_ms);
        Ok(())
    }
}

/// The last entries of a state folder that nobody has opened, oldest first; none where there is no file.
///
/// # Errors
/// When it can't be read.
pub fn read_audit(dir: &Path, count: usize) -> io::Result<Vec<AuditEntry>> {
    match File::open(dir.join(AUDIT_FILE)) {
        Ok(mut file) => Ok(last(&tail(&mut file)?, u64::MAX, count)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What stands at the end of the file, in whole lines.
fn tail(file: &mut File) -> io::Result<String> {
    let size = file.metadata()?.len();
    let from = size.saturating_sub(MAX_BYTES);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = if from > 0 { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    Ok(whole.to_owned())
}

fn write_line(out: &mut Vec<u8>, entry: &AuditEntry) -> io::Result<()> {
    serde_json::to_writer(&mut *out, entry)?;
    out.push(b'\n');
    Ok(())
}

/// What is no entry is passed over: a damaged line costs itself.
fn read_line(line: &str) -> Option<AuditEntry> {
    if line.len() > MAX_ENTRY { None } else { serde_json::from_str(line).ok() }
}

fn entries(text: &str) -> Vec<AuditEntry> {
    text.lines().filter_map(read_line).collect()
}

/// What stays when the oldest go.
fn kept(text: &str, limit_ms: u64) -> Vec<AuditEntry> {
    let mut refused = 0;
    let newest = text.lines().rev().filter_map(read_line).filter(|entry| {
        refused += usize::from(entry.is_refused());
        entry.wall_ms >= limit_ms && (refused <= REFUSED_KEPT || !entry.is_refused())
    });
    let mut kept: Vec<AuditEntry> = newest.take(AUDIT_KEPT).collect();
    kept.reverse();
    kept
}

fn last(text: &str, before: u64, count: usize) -> Vec<AuditEntry> {
    let newest = text.lines().rev().filter_map(read_line).filter(|entry| entry.number < before);
    let mut found: Vec<AuditEntry> = newest.take(count).collect();
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 86_400_000;

    fn entry(wall_ms: u64) -> AuditEntry {
        AuditEntry {
            number: 0,
            wall_ms,
            uid: 1_000,
            user: "anna".into(),
            terminal: "pts/3".into(),
            role: "operator".into(),
            command: "stop news-1".into(),
            result: "done, 1 stream".into(),
            times: 1,
        }
    }

    fn numbers(entries: &[AuditEntry]) -> Vec<u64> {
        entries.iter().map(|entry| entry.number).collect()
    }

    #[test]
    fn entries_are_numbered_and_stay() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read_audit(dir.path(), 10).unwrap(), []);
        let mut log = AuditLog::open(dir.path(), 0).unwrap();
        log.append(&mut [entry(1), entry(2)]).unwrap();
        drop(log);
        let mut log = AuditLog::open(dir.path(), 3).unwrap();
        log.append(&mut [entry(3)]).unwrap();
        assert_eq!(numbers(&log.read(u64::MAX, 10).unwrap()), [1, 2, 3]);
        assert_eq!(numbers(&log.read(3, 1).unwrap()), [2]);
        assert_eq!(numbers(&read_audit(dir.path(), 2).unwrap()), [2, 3]);
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &dir.path().join(AUDIT_FILE).metadata().unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_last_one_can_be_written_anew_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = AuditLog::open(dir.path(), 0).unwrap();
        let mut two = [entry(1), entry(2)];
        log.append(&mut two).unwrap();
        let [first, mut last] = two;
        for times in [1_000, 2_000, 7] {
            last.times = times;
            assert!(log.replace_last(&last).unwrap());
            assert_eq!(read_audit(dir.path(), 10).unwrap(), [first.clone(), last.clone()]);
        }
        assert!(!log.replace_last(&first).unwrap());
        log.append(&mut [entry(3)]).unwrap();
        assert!(!log.replace_last(&last).unwrap());
        assert_eq!(numbers(&read_audit(dir.path(), 10).unwrap()), [1, 2, 3]);
        // Also after it was cut, and not by who has not written it.
        let mut many = vec![entry(DAY_MS); AUDIT_KEPT + SPARE + 1];
        log.append(&mut many).unwrap();
        let newest = AuditEntry { times: 9, ..many.last().unwrap().clone() };
        assert!(log.lines == AUDIT_KEPT && log.replace_last(&newest).unwrap());
        assert_eq!(log.read(u64::MAX, 1).unwrap(), std::slice::from_ref(&newest));
        assert_eq!(read_audit(dir.path(), usize::MAX).unwrap().len(), AUDIT_KEPT);
        assert!(!AuditLog::open(dir.path(), DAY_MS).unwrap().replace_last(&newest).unwrap());
    }

    #[test]
    fn damage_costs_its_own_line_only() {
        let dir = tempfile::tempdir().unwrap();
        AuditLog::open(dir.path(), 0).unwrap().append(&mut [entry(1)]).unwrap();
        let path = dir.path().join(AUDIT_FILE);
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(b"\xff\xfe garbage\n{\"number\": 2, \"wall");
        fs::write(&path, bytes).unwrap();
        let mut log = AuditLog::open(dir.path(), 0).unwrap();
        log.append(&mut [entry(5)]).unwrap();
        assert_eq!(numbers(&log.read(u64::MAX, 10).unwrap()), [1, 2]);
    }

    #[test]
    fn refusals_push_out_no_more_than_their_share() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = AuditLog::open(dir.path(), 0).unwrap();
        log.append(&mut vec![entry(DAY_MS); 100]).unwrap();
        let refused = AuditEntry { result: "refused: no".into(), ..entry(DAY_MS) };
        for _ in 0..3 {
            log.append(&mut vec![refused.clone(); AUDIT_KEPT + SPARE]).unwrap();
        }
        let kept = log.read(u64::MAX, AUDIT_KEPT).unwrap();
        assert_eq!(kept.iter().filter(|entry| !entry.is_refused()).count(), 100);
        assert_eq!(kept.len(), 100 + REFUSED_KEPT);
    }

    #[test]
    fn no_more_are_kept_than_it_says_and_none_that_are_too_old() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = AuditLog::open(dir.path(), 0).unwrap();
        let mut many = vec![entry(DAY_MS); AUDIT_KEPT + SPARE];
        log.append(&mut many).unwrap();
        assert_eq!(log.lines, AUDIT_KEPT + SPARE);
        log.append(&mut [entry(3 * DAY_MS)]).unwrap();
        assert_eq!(log.lines, AUDIT_KEPT);
        let newest = (AUDIT_KEPT + SPARE + 1) as u64;
        assert_eq!(numbers(&log.read(u64::MAX, 2).unwrap()), [newest - 1, newest]);
        drop(log);
        let mut log = AuditLog::open(dir.path(), 32 * DAY_MS + 1).unwrap();
        assert_eq!(numbers(&log.read(u64::MAX, 10).unwrap()), [newest]);
        log.append(&mut [entry(33 * DAY_MS)]).unwrap();
        assert_eq!(numbers(&read_audit(dir.path(), 10).unwrap()), [newest, newest + 1]);
    }
}
