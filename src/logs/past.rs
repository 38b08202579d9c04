//! Reading a log backwards, from a place in one of its files, over rotated files too.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

use jiff::Timestamp;

use super::file::{CHANGED, LogFile, Opened, Plan};
use crate::model::{LineLevel, LogLine, LogPlace, OldLines, PlacedLine, clean_line};

/// Bytes that are read for one piece.
pub const READ_BYTES: u64 = 512 * 1_024;
/// Read at once. No line of ours is nearly as long.
const WINDOW: u64 = 64 * 1_024;

/// Where reading begins, going backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begin {
    /// In the file of this turn.
    pub turn: i64,
    /// Before this byte; `None`: at its end.
    pub offset: Option<u64>,
}

/// Reads up to `count` lines that stand before `begin`.
pub fn read(log: &LogFile, plan: &Plan, begin: Begin, count: usize) -> OldLines {
    Past { log, plan, count, found: VecDeque::new(), bytes: 0, missing: Vec::new() }.read(begin)
}

/// A line of headend's own between those of the log.
pub fn note(text: &str, turn: i64) -> PlacedLine {
    let text = clean_line(&format!("headend: {text}"), LogLine::MAX_BYTES).into();
    PlacedLine {
        place: LogPlace::File { turn, offset: 0 },
        line: LogLine { wall_ms: 0, level: LineLevel::Warning, text },
    }
}

/// The byte behind `lines` lines that begin at `offset`; `None` where there are fewer.
pub fn behind_lines(file: &File, offset: u64, lines: u64) -> io::Result<Option<u64>> {
    let mut window = vec![0; usize::try_from(WINDOW).unwrap_or(usize::MAX)];
    let (mut at, mut left) = (offset, lines);
    while left > 0 {
        let got = read_at(file, &mut window, at)?;
        if got == 0 {
            return Ok(None);
        }
        for (n, _) in window[..got].iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            left -= 1;
            if left == 0 {
                return Ok(Some(at + n as u64 + 1));
            }
        }
        at += got as u64;
    }
    Ok(Some(at))
}

/// Reads as much of `buffer` as the file has; a signal is no error.
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read_at(&mut buffer[got..], at + got as u64) {
            Ok(0) => break,
            Ok(count) => got += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

/// What stands in a window of a file that ends at the end of a line.
struct Window {
    bytes: Vec<u8>,
    /// The first byte's place in the file.
    start: u64,
}

struct Past<'a> {
    log: &'a LogFile,
    plan: &'a Plan,
    count: usize,
    /// Oldest first.
    found: VecDeque<PlacedLine>,
    /// Read so far.
    bytes: u64,
    /// Files that should have been there, unless the log begins behind them.
    missing: Vec<(String, i64)>,
}

impl Past<'_> {
    fn read(mut self, begin: Begin) -> OldLines {
        let mut at = begin;
        // The place behind a file that is done with, where the next piece goes on.
        let begin_of = |turn| Some(LogPlace::File { turn, offset: 0 });
        let before = loop {
            let Opened { name, back, file } = self.log.open(self.plan, at.turn);
            let older = Begin { turn: at.turn.saturating_sub(1), offset: None };
            let result = match file {
                Ok(file) => self.read_file(&file, at, &name),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    if back >= self.plan.max_files.into() {
                        if at == begin {
                            self.tell(gone(back), at.turn);
                        }
                        break None;
                    }
                    self.missing.push((name, at.turn));
                    at = older;
                    continue;
                }
                Err(error) => Err(error),
            };
            match result {
                Ok(Some(offset)) => break Some(LogPlace::File { turn: at.turn, offset }),
                Ok(None) => {}
                Err(error) => {
                    self.tell(&format!("{name} can't be read: {error}"), at.turn);
                    // There are no more than these: a folder that can't be read has no end otherwise.
                    if back >= self.plan.max_files.into() {
                        break None;
                    }
                }
            }
            if self.is_full() {
                break begin_of(at.turn);
            }
            at = older;
        };
        OldLines { lines: self.found.into(), before }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.count || self.bytes >= READ_BYTES
    }

    fn tell(&mut self, text: &str, turn: i64) {
        // Between files that are there one was missing.
        for (name, turn) in std::mem::take(&mut self.missing) {
            self.found.push_front(note(&format!("{name} is not there"), turn));
        }
        if !text.is_empty() {
            self.found.push_front(note(text, turn));
        }
    }

    /// Reads one file; gives the place in it where there is no room for more, `None` at its begin.
    fn read_file(&mut self, file: &File, at: Begin, name: &str) -> io::Result<Option<u64>> {
        let length = file.metadata()?.len();
        let mut end = at.offset.unwrap_or(length);
        if end > length {
            self.tell(&format!("{name} is shorter than it was: someone else changed it"), at.turn);
            return Ok(None);
        }
        self.tell("", at.turn);
        while end > 0 {
            if self.is_full() {
                return Ok(Some(end));
            }
            let start = end.saturating_sub(WINDOW);
            let mut bytes = vec![0; usize::try_from(end - start).unwrap_or(usize::MAX)];
            if read_at(file, &mut bytes, start)? < bytes.len() {
                self.tell(&format!("{name} became shorter while it was read"), at.turn);
                return Ok(None);
            }
            self.bytes += bytes.len() as u64;
            end = self.take(&Window { bytes, start }, at.turn);
        }
        Ok(None)
    }

    /// Takes the lines of a window, the last one first; gives the place of the first one taken.
    fn take(&mut self, window: &Window, turn: i64) -> u64 {
        let bytes = &window.bytes;
        // The begin of what stands first is in the window before, unless this is the file's.
        let feeds = bytes.iter().take(bytes.len() - 1).position(|byte| *byte == b'\n');
        let first = if window.start == 0 { 0 } else { feeds.map_or(0, |feed| feed + 1) };
        let mut end = bytes.len();
        while end > first && self.found.len() < self.count {
            let text = &bytes[first..end];
            let text = text.strip_suffix(b"\n").unwrap_or(text);
            let begin = first + text.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
            let text = &bytes[begin..first + text.len()];
            end = begin;
            if !text.is_empty() {
                let place = LogPlace::File { turn, offset: window.start + begin as u64 };
                self.found.push_front(PlacedLine { place, line: parse(text) });
            }
        }
        window.start + end as u64
    }
}

fn gone(back: u64) -> &'static str {
    if i64::try_from(back).is_ok_and(|back| back < CHANGED / 2) {
        "what is older was rotated away meanwhile"
    } else {
        "what is older can't be found any more: someone else changed the log files; close and open the log"
    }
}

/// A line as [`super::writer::format_line`] writes it; anything else is shown as damaged, as far as
/// it can be read.
fn parse(bytes: &[u8]) -> LogLine {
    let whole = std::str::from_utf8(bytes).ok().and_then(parse_whole);
    whole.unwrap_or_else(|| {
        let text = if bytes.iter().all(|byte| *byte == 0) {
            format!("{} zero bytes", bytes.len())
        } else {
            String::from_utf8_lossy(&bytes[..bytes.len().min(LogLine::MAX_BYTES)]).into_owned()
        };
        let text = clean_line(&format!("headend: damaged: {text}"), LogLine::MAX_BYTES).into();
        LogLine { wall_ms: 0, level: LineLevel::Warning, text }
    })
}

fn parse_whole(text: &str) -> Option<LogLine> {
    let (time, rest) = text.split_once(' ')?;
    let (level, text) = rest.split_once(' ')?;
    let level = match level {
        "ERROR" => LineLevel::Error,
        "WARNING" => LineLevel::Warning,
        "INFO" => LineLevel::Info,
        "DEBUG" => LineLevel::Debug,
        _ => return None,
    };
    let wall_ms = time.parse::<Timestamp>().ok().and_then(|at| u64::try_from(at.as_millisecond()).ok())?;
    Some(LogLine { wall_ms, level, text: clean_line(text, LogLine::MAX_BYTES).into() })
}
