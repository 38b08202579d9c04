//! Channel lists: M3U and CSV, one stream for each entry.

mod csv;
mod m3u;
mod slug;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::MAX_INPUTS;
use super::common::{Common, read_mode, read_tag, unique};
use super::document::bad_id;
use super::input::check_input;
use super::registry::Registry;
use super::report::Report;
use super::section::{At, Span};
use super::sheet::Sheet;
use super::words::Problem;
use super::{MAX_GROUP_CHARS, MAX_NAME_CHARS, MAX_TAGS};
use crate::model::{Mode, StreamId, StreamSpec, clean, mask_secrets};

/// The longest `prefix`, bytes: it must leave room for an id behind it.
const MAX_PREFIX_BYTES: usize = 32;

/// How a channel list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    M3u,
    Csv,
}

impl Format {
    pub const WORDS: [(&str, Self); 3] = [("m3u", Self::M3u), ("m3u8", Self::M3u), ("csv", Self::Csv)];

    /// The format that the ending of `path` says.
    pub fn by_ending(path: &str) -> Option<Self> {
        let ending = Path::new(path).extension()?.to_str()?.to_ascii_lowercase();
        Self::WORDS.iter().find(|(word, _)| *word == ending).map(|(_, format)| *format)
    }
}

/// One channel as the list has it. Empty texts count as not given.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// The whole of it.
    span: Span,
    /// An id somebody chose; it must be a valid one.
    id: Option<At<String>>,
    /// What to make an id from when none was chosen.
    slug_from: String,
    name: Option<At<String>>,
    group: Option<At<String>>,
    tags: Vec<At<String>>,
    inputs: Vec<At<String>>,
    mode: Option<At<String>>,
}

/// One channel list to read.
pub(super) struct Source<'a> {
    pub sheet: &'a Sheet,
    pub format: Format,
    /// What its streams start from.
    pub common: &'a Common,
    /// Put before each id.
    pub prefix: &'a str,
}

/// The id an entry asks for.
enum Chosen {
    /// None: one is made from its name.
    Nothing,
    /// One that is not valid; it was reported.
    Invalid,
    /// This one.
    Id(StreamId),
}

/// The ids one list has given out.
#[derive(Default)]
struct Ids {
    taken: BTreeSet<StreamId>,
    /// The next number to try behind a base, so that a thousand equal names cost no million tries.
    next: HashMap<String, u32>,
}

/// Whether `prefix` may stand before ids.
pub(super) fn check_prefix(prefix: &str) -> Result<(), Problem> {
    if prefix.is_empty() || (StreamId::new(prefix).is_ok() && prefix.len() <= MAX_PREFIX_BYTES) {
        return Ok(());
    }
    let message = format!("{} can't stand before an id", super::mistake::quote(prefix));
    let expected = format!("expected at most {MAX_PREFIX_BYTES} of a-z A-Z 0-9 . _ -, like \"news-\"");
    Err(Problem::new(message, expected))
}

/// Why a list can't have mode `run`.
pub(super) fn no_run() -> Problem {
    let expected = "expected packets, picture or full; mode \"run\" needs a [[stream]] with \"args\"";
    Problem::new("a channel list can't have mode \"run\"", expected)
}

impl Source<'_> {
    /// Puts the streams of the list into `registry`.
    pub fn read(&self, registry: &mut Registry, report: &mut Report) {
        let entries = match self.format {
            Format::M3u => m3u::entries(self.sheet, report),
            Format::Csv => csv::entries(self.sheet, report),
        };
        let mut ids = Ids::default();
        // Chosen ids first: one made from a name steps aside for them, wherever they stand.
        let chosen: Vec<_> = entries.iter().map(|entry| self.chosen_id(entry, &mut ids, report)).collect();
        for (entry, chosen) in entries.into_iter().zip(chosen) {
            if !registry.room(self.sheet, entry.span.clone(), report) {
                return;
            }
            self.stream(entry, chosen, &mut ids, registry, report);
        }
    }

    fn chosen_id(&self, entry: &Entry, ids: &mut Ids, report: &mut Report) -> Chosen {
        let Some(text) = &entry.id else { return Chosen::Nothing };
        let whole = format!("{}{}", self.prefix, text.value);
        let Ok(id) = StreamId::new(&whole) else {
            report.mistake(self.sheet, text.span.clone(), bad_id(&whole));
            return Chosen::Invalid;
        };
        ids.taken.insert(id.clone());
        Chosen::Id(id)
    }

    fn stream(
        &self,
        entry: Entry,
        chosen: Chosen,
        ids: &mut Ids,
        registry: &mut Registry,
        report: &mut Report,
    ) {
        let sheet = self.sheet;
        let id = match chosen {
            Chosen::Nothing => ids.make(self.prefix, &entry.slug_from),
            Chosen::Invalid => None,
            Chosen::Id(id) => Some(id),
        };
        let id_span = entry.id.as_ref().map_or_else(|| entry.span.clone(), |id| id.span.clone());
        if let Some(id) = &id {
            registry.claim(id, sheet, id_span, "expected another one; a \"prefix\" sets lists apart", report);
        }
        let mode = entry.mode.and_then(|word| {
            let mode = read_mode(sheet, &word.value, word.span.clone(), report)?;
            if mode == Mode::Run {
                report.mistake(sheet, word.span, no_run());
            }
            Some(mode)
        });
        if entry.tags.len() > MAX_TAGS {
            let problem = Problem::new("there are too many tags", format!("expected at most {MAX_TAGS}"));
            report.mistake(sheet, entry.span.clone(), problem);
        }
        let tags = entry.tags.into_iter().filter_map(|tag| read_tag(sheet, &tag.value, tag.span, report));
        let tags = unique(self.common.tags.iter().cloned().chain(tags));
        let mut inputs = Vec::new();
        if entry.inputs.len() > MAX_INPUTS {
            let problem = Problem::new("there are too many inputs", format!("expected at most {MAX_INPUTS}"));
            report.mistake(sheet, entry.span, problem);
        }
        for input in entry.inputs.into_iter().take(MAX_INPUTS) {
            match check_input(&input.value, &self.common.protocols) {
                Ok(()) => inputs.push(input.value.into()),
                Err(problem) => report.mistake(sheet, input.span, problem),
            }
        }
        let name = entry.name.and_then(|name| shortened("name", name, MAX_NAME_CHARS, sheet, report));
        let group = entry.group.and_then(|group| shortened("group", group, MAX_GROUP_CHARS, sheet, report));
        let Some(id) = id else { return };
        let common = self.common.clone();
        registry.streams.push(StreamSpec {
            name: name.map_or_else(|| id.as_str().into(), |name| clean(&mask_secrets(&name)).as_ref().into()),
            group: group.map_or(common.group, |group| clean(&mask_secrets(&group)).as_ref().into()),
            id,
            tags,
            inputs,
            mode: mode.unwrap_or(self.common.mode),
            args: Vec::new(),
            input_args: common.input_args,
            protocols: common.protocols,
            expect: common.expect,
            thresholds: common.thresholds,
            wanted: common.wanted,
            priority: common.priority,
            watch: common.watch,
            turn: common.turn,
            fallback: common.fallback,
            on_air: common.windows.on_air,
            maintenance: common.windows.maintenance,
        });
    }
}

/// Lists come from others: a text that is too long is cut, with a warning, and an empty one is none.
fn shortened(what: &str, text: At<String>, max: usize, sheet: &Sheet, report: &mut Report) -> Option<String> {
    let value = text.value.trim();
    if value.is_empty() {
        return None;
    }
    let length = value.chars().count();
    if length > max {
        let message = format!("the {what} is {length} characters long and was cut");
        report.warning(sheet, text.span, Problem::new(message, format!("expected at most {max}")));
    }
    Some(value.chars().take(max).collect())
}

impl Ids {
    /// An id made from `text` that this list has not given out yet.
    fn make(&mut self, prefix: &str, text: &str) -> Option<StreamId> {
        let base = slug::slug(prefix, text);
        let next = self.next.entry(base.clone()).or_insert(1);
        loop {
            let candidate = if *next == 1 { base.clone() } else { slug::numbered(&base, *next) };
            *next += 1;
            // A slug is a valid id by how it is made.
            let id = StreamId::new(&candidate).ok()?;
            if self.taken.insert(id.clone()) {
                return Some(id);
            }
        }
    }
}

/// A channel's name for lists that give none: the last part of its URL.
fn name_from_url(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    // User and password of a URL without a path must not become a name.
    let path = path.rsplit('@').next().unwrap_or_default();
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}
