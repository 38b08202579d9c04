//! Reads the configuration file and everything it names.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::DeTable;

use super::common::Common;
use super::console::read_console;
use super::document::{
    INCLUDED, PLAYLIST, STREAM, TOP, apply_environment, path_of, read_settings, read_stream, resolve,
};
use super::files::{Disk, Environment, Files};
use super::mistake::{Mistake, Mistakes, quote};
use super::playlist::{self, Format};
use super::registry::Registry;
use super::report::Report;
use super::section::{At, Section, Span, choice};
use super::sheet::{Sheet, decode_latin1, decode_utf8};
use super::words::Problem;
use super::{Config, ConsoleSettings, MAX_FILE_BYTES, MAX_FILES, MAX_INCLUDE_DEPTH, MAX_RECOVER_BYTES};
use crate::model::{Mode, clean};

/// A configuration without mistakes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// What the operator wrote, with defaults filled in.
    pub config: Config,
    /// Every file that was read, the configuration file first.
    pub files: Vec<PathBuf>,
    /// What was probably not meant so; at most [`super::MAX_MISTAKES`].
    pub warnings: Vec<Mistake>,
}

/// Reads the configuration at `path` and the files it names.
///
/// # Errors
/// Every mistake in any of them.
pub fn load(path: &Path, env: &Environment) -> Result<Loaded, Mistakes> {
    load_from(path, env, &Disk)
}

/// Reads the configuration at `path` and the files it names, all of them from `files`.
///
/// # Errors
/// Every mistake in any of them.
pub fn load_from(path: &Path, env: &Environment, files: &dyn Files) -> Result<Loaded, Mistakes> {
    let mut loader = Loader::new(env, files);
    match files.read(path) {
        Ok(bytes) => loader.main(bytes, path),
        Err(error) => loader.report.elsewhere(path, unreadable(&error)),
    }
    loader.finish()
}

/// Reads a configuration whose text is `text`, as if it stood in a file at `origin`. The files it
/// names come from `files`, so nothing else of this machine matters.
///
/// # Errors
/// Every mistake in the text and in those files.
pub fn parse(text: &str, origin: &Path, env: &Environment, files: &dyn Files) -> Result<Loaded, Mistakes> {
    let mut loader = Loader::new(env, files);
    loader.main(text.as_bytes().to_vec(), origin);
    loader.finish()
}

/// The state folder that the configuration at `path` names, whatever else is wrong with it; `None`
/// when it names none or can't be read. What a variable says instead is not looked at.
#[must_use]
pub fn state_dir_of(path: &Path, env: &Environment) -> Option<PathBuf> {
    let (text, _) = decode_utf8(Disk.read(path).ok()?);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(_) if text.len() > MAX_RECOVER_BYTES => return None,
        Err(_) => DeTable::parse_recoverable(text).0,
    };
    let state = table.get_ref().get("state")?.get_ref().as_table()?.get("dir")?;
    let dir = state.get_ref().as_str().filter(|dir| !dir.trim().is_empty())?;
    Some(resolve(dir, path.parent().unwrap_or(Path::new("")), env))
}

/// What the configuration at `path` says of the console, and only that: no other file is read, and
/// what is wrong elsewhere in it is not looked at.
///
/// # Errors
/// Every mistake in it, and those that leave it no TOML.
pub fn console_of(path: &Path, env: &Environment) -> Result<ConsoleSettings, Mistakes> {
    let mut loader = Loader::new(env, &Disk);
    match Disk.read(path) {
        Ok(bytes) => loader.console(bytes, path),
        Err(error) => loader.report.elsewhere(path, unreadable(&error)),
    }
    let console = loader.config.console;
    loader.report.finish().map(|_| console)
}

struct Loader<'a> {
    env: &'a Environment,
    files: &'a dyn Files,
    report: Report,
    registry: Registry,
    config: Config,
    read: Vec<PathBuf>,
    /// TOML files by identity, with where they are included; the file itself has no such place.
    included: BTreeMap<PathBuf, Option<String>>,
    /// The included files that are being read, outermost first.
    chain: Vec<PathBuf>,
}

impl<'a> Loader<'a> {
    fn new(env: &'a Environment, files: &'a dyn Files) -> Self {
        Self {
            env,
            files,
            report: Report::default(),
            registry: Registry::default(),
            config: Config::default(),
            read: Vec::new(),
            included: BTreeMap::new(),
            chain: Vec::new(),
        }
    }

    fn finish(mut self) -> Result<Loaded, Mistakes> {
        apply_environment(&mut self.config, self.env, &mut self.report);
        self.config.streams = self.registry.streams;
        let warnings = self.report.finish()?;
        Ok(Loaded { config: self.config, files: self.read, warnings })
    }

    fn main(&mut self, bytes: Vec<u8>, path: &Path) {
        if bytes.len() as u64 > MAX_FILE_BYTES {
            self.report.elsewhere(path, unreadable(&io::ErrorKind::FileTooLarge.into()));
            return;
        }
        let identity = self.files.identity(path);
        self.included.insert(identity.clone(), None);
        self.chain.push(identity);
        self.toml(bytes, path, None);
        self.chain.pop();
    }

    /// Reads the console's table alone.
    fn console(&mut self, bytes: Vec<u8>, path: &Path) {
        let (text, _) = decode_utf8(bytes);
        let mut sheet = Sheet::new(0, path, &text);
        let text = Arc::clone(&sheet.text);
        let Some(table) = self.parse(&text, &mut sheet) else { return };
        let base = path.parent().unwrap_or(Path::new(""));
        // Another table's mistakes are told when all of it is read.
        let top = Section::new(&sheet, 0..0, &table, &TOP, &mut Report::default());
        self.config.console = read_console(&top, base, self.env, &mut self.report);
    }

    /// Reads one TOML file; `defaults` are those of the main file, `None` for that file itself.
    fn toml(&mut self, bytes: Vec<u8>, path: &Path, defaults: Option<&Common>) {
        self.read.push(path.to_owned());
        if self.is_utf16(&bytes, path) {
            return;
        }
        let (text, bad) = decode_utf8(bytes);
        let mut sheet = Sheet::new(self.read.len(), path, &text);
        drop(text);
        if let Some(bad) = bad {
            let message = format!("the byte 0x{:02x} is not UTF-8", bad.byte);
            let problem = Problem::new(message, "expected a text saved as UTF-8");
            self.report.syntax(&sheet, bad.offset..bad.offset + 1, problem);
        }
        let text = Arc::clone(&sheet.text);
        let Some(table) = self.parse(&text, &mut sheet) else { return };
        let base = path.parent().unwrap_or(Path::new("")).to_owned();
        let whole = 0..0;
        let shape = if defaults.is_some() { &INCLUDED } else { &TOP };
        let top = Section::new(&sheet, whole, &table, shape, &mut self.report);
        let defaults = match defaults {
            Some(defaults) => defaults.clone(),
            None => read_settings(&top, &base, self.env, &mut self.config, &mut self.report),
        };
        // Streams and playlists in the order they were written, whatever their kind.
        let streams = top.tables("stream", &STREAM, &mut self.report).into_iter().map(|s| (s, false));
        let playlists = top.tables("playlist", &PLAYLIST, &mut self.report).into_iter().map(|s| (s, true));
        let mut sections: Vec<_> = streams.chain(playlists).collect();
        sections.sort_by_key(|(section, _)| section.span.start);
        for (section, is_playlist) in &sections {
            if *is_playlist {
                self.playlist(section, &base, &defaults);
            } else {
                read_stream(section, &defaults, &mut self.registry, &mut self.report);
            }
        }
        for pattern in top.list("include", MAX_FILES, &mut self.report).unwrap_or_default() {
            self.include(&sheet, &base, &pattern, &defaults);
        }
    }

    /// The tables of a text, with every syntax error reported.
    fn parse<'t>(&mut self, text: &'t str, sheet: &mut Sheet) -> Option<DeTable<'t>> {
        let (table, errors) = match DeTable::parse(text) {
            Ok(table) => (Some(table.into_inner()), Vec::new()),
            Err(error) if text.len() > MAX_RECOVER_BYTES => (None, vec![error]),
            Err(_) => {
                let (table, errors) = DeTable::parse_recoverable(text);
                (Some(table.into_inner()), errors)
            }
        };
        let mut places: Vec<_> =
            errors.iter().map(|error| (error.span().unwrap_or(0..0), error.message())).collect();
        places.sort_by_key(|(span, _)| span.start);
        for (span, message) in places {
            // What follows on the same line is mostly an echo of the first one.
            if !sheet.is_broken_at(span.start) {
                sheet.mark_broken(span.start);
                let problem = syntax_problem(message, text.get(span.clone()).unwrap_or_default());
                self.report.syntax(sheet, span, problem);
            }
        }
        table
    }

    fn include(&mut self, sheet: &Sheet, base: &Path, pattern: &At<&str>, defaults: &Common) {
        let span = pattern.span.clone();
        let text = pattern.value;
        if !text.contains(['*', '?', '[']) {
            let path = resolve(text, base, self.env);
            self.included_file(sheet, &path, span, defaults);
            return;
        }
        match self.files.expand(base, text) {
            Err(why) => {
                let message = format!("{} is no pattern: {why}", quote(text));
                let problem = Problem::new(message, "expected one like \"streams/*.toml\"");
                self.report.mistake(sheet, span, problem);
            }
            Ok(paths) if paths.is_empty() => {
                let message = format!("no file matches {}", quote(text));
                let problem =
                    Problem::new(message, "expected at least one, in a place relative to this file");
                self.report.warning(sheet, span, problem);
            }
            Ok(paths) => {
                for path in paths {
                    if !self.included_file(sheet, &path, span.clone(), defaults) {
                        break;
                    }
                }
            }
        }
    }

    /// Reads an included file; false when there may be no more of them.
    fn included_file(&mut self, sheet: &Sheet, path: &Path, span: Span, defaults: &Common) -> bool {
        let shown = quote(&path.to_string_lossy());
        let identity = self.files.identity(path);
        let refused = if self.chain.contains(&identity) {
            Some(Problem::new(format!("{shown} includes itself"), "expected no circle"))
        } else if let Some(first) = self.included.get(&identity) {
            let first = first.as_deref().unwrap_or("the start");
            Some(Problem::new(format!("{shown} is included twice, first at {first}"), "expected it once"))
        } else if self.chain.len() > MAX_INCLUDE_DEPTH {
            let message = format!("{shown} is included too deep");
            Some(Problem::new(
                message,
                format!("expected at most {MAX_INCLUDE_DEPTH} files inside each other"),
            ))
        } else {
            None
        };
        if let Some(problem) = refused {
            self.report.mistake(sheet, span, problem);
            return true;
        }
        let Some(bytes) = self.bytes(sheet, path, &span) else { return self.read.len() < MAX_FILES };
        let place = format!("{}:{}", clean(&sheet.path.to_string_lossy()), sheet.line_of(span.start));
        self.included.insert(identity.clone(), Some(place));
        self.chain.push(identity);
        self.toml(bytes, path, Some(defaults));
        self.chain.pop();
        true
    }

    fn playlist(&mut self, section: &Section<'_, '_>, base: &Path, defaults: &Common) {
        let report = &mut self.report;
        let common = defaults.refined(section, report);
        if common.mode == Mode::Run {
            section.mistake_at("mode", playlist::no_run(), report);
        }
        let prefix = section.text("prefix", report).and_then(|prefix| {
            let read = playlist::check_prefix(prefix.value).map(|()| prefix.value);
            read.map_err(|problem| report.mistake(section.sheet, prefix.span, problem)).ok()
        });
        if !section.has("path") {
            section.missing("path", "expected the path of an M3U or CSV file", report);
        }
        let Some(path) = path_of(section, "path", report) else { return };
        if path.value.contains("://") {
            let message = format!("{} is a URL", quote(path.value));
            let problem = Problem::new(message, "expected the path of a file: fetch the list first");
            report.mistake(section.sheet, path.span, problem);
            return;
        }
        let Some(format) = self.playlist_format(section, &path) else { return };
        let file = resolve(path.value, base, self.env);
        let Some(bytes) = self.bytes(section.sheet, &file, &path.span) else { return };
        self.read.push(file.clone());
        if self.is_utf16(&bytes, &file) {
            return;
        }
        let (text, bad) = decode_latin1(bytes);
        let sheet = Sheet::new(self.read.len(), &file, &text);
        drop(text);
        if let Some(bad) = bad {
            let message = format!("the byte 0x{:02x} is not UTF-8; the file was read as Latin-1", bad.byte);
            let problem = Problem::new(message, "expected a text saved as UTF-8");
            self.report.warning(&sheet, bad.offset..bad.offset + 1, problem);
        }
        let source =
            playlist::Source { sheet: &sheet, format, common: &common, prefix: prefix.unwrap_or("") };
        source.read(&mut self.registry, &mut self.report);
    }

    /// What `format` says, or else the ending of the path.
    fn playlist_format(&mut self, section: &Section<'_, '_>, path: &At<&str>) -> Option<Format> {
        if let Some(word) = section.text("format", &mut self.report) {
            let format = choice("format", word.value, &Format::WORDS);
            return format.map_err(|problem| self.report.mistake(section.sheet, word.span, problem)).ok();
        }
        let format = Format::by_ending(path.value);
        if format.is_none() && !section.has("format") {
            let message = format!("{} does not say by its ending what it is", quote(path.value));
            let problem = Problem::new(message, "expected .m3u, .m3u8 or .csv, or a \"format\"");
            self.report.mistake(section.sheet, path.span.clone(), problem);
        }
        format
    }

    /// Reports a file that spreadsheets and some editors save, and that would read as garbage.
    fn is_utf16(&mut self, bytes: &[u8], path: &Path) -> bool {
        let is = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        if is {
            let sheet = Sheet::new(self.read.len(), path, "");
            self.report.syntax(
                &sheet,
                0..0,
                Problem::new("the file is UTF-16", "expected a text saved as UTF-8"),
            );
        }
        is
    }

    /// The bytes of a file that is named at `span`.
    fn bytes(&mut self, sheet: &Sheet, path: &Path, span: &Span) -> Option<Vec<u8>> {
        if self.read.len() >= MAX_FILES {
            let message = format!("there are more than {MAX_FILES} files");
            let problem = Problem::new(message, "expected fewer, larger ones");
            self.report.mistake(sheet, span.clone(), problem);
            return None;
        }
        let read = self.files.read(path);
        read.map_err(|error| {
            let Problem { message, expected } = unreadable(&error);
            let message = format!("{}: {message}", quote(&path.to_string_lossy()));
            self.report.mistake(sheet, span.clone(), Problem { message, expected });
        })
        .ok()
    }
}

fn unreadable(error: &io::Error) -> Problem {
    let (message, expected) = match error.kind() {
        io::ErrorKind::NotFound => {
            ("there is no such file", "expected a path relative to this file, or a whole one")
        }
        io::ErrorKind::PermissionDenied => ("it may not be read", "expected a file this user may read"),
        io::ErrorKind::IsADirectory => ("it is a folder", "expected a file"),
        io::ErrorKind::FileTooLarge => ("it is too large", "expected at most 16 MiB"),
        _ => return Problem::new(format!("it can't be read: {error}"), "expected a file that can be read"),
    };
    Problem::new(message, expected)
}

/// The words for a syntax error, from what the TOML parser says of it.
fn syntax_problem(message: &str, found: &str) -> Problem {
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let what = clean(what);
    match (what.as_ref(), expected) {
        ("duplicate key", _) => {
            let message = format!("{} is there twice", quote(found));
            Problem::new(message, "expected each key once in its table")
        }
        (_, "" | "nothing") => Problem::new(what, "expected TOML: [table], or key = value"),
        (_, expected) => Problem::new(what, format!("expected {}", clean(expected))),
    }
}
