//! Changes single streams in the text of a configuration file: everything else stays as it was
//! written, comments and order included.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::export::quoted;
use crate::model::StreamId;

/// Why a text can't be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text itself is wrong.
    #[error("the file is no TOML: {0}")]
    NoToml(String),
    /// It is in no `[[stream]]` of this text.
    #[error("there is no [[stream]] with the id {0} in this file")]
    Missing(StreamId),
    /// The streams are written as one list.
    #[error("the streams of this file are written as one list, stream = [...]: edit it by hand")]
    Inline,
    /// Not a key that can be set.
    #[error("{0:?} is no key: expected one like priority or thresholds.black")]
    NoKey(String),
    /// The id is what a stream is known by.
    #[error("the id can't be changed: it would be another stream; add that one and remove this one")]
    Id,
}

/// One `[[stream]]` in a text.
struct Found<'t> {
    /// Where its header stands.
    header: Range<usize>,
    table: &'t DeTable<'t>,
}

/// Whether `text` has a `[[stream]]` with this id.
#[must_use]
pub fn has_stream(text: &str, id: &StreamId) -> bool {
    DeTable::parse(text).is_ok_and(|table| find(text, table.get_ref(), id).is_ok())
}

/// `text` with a stream more, at its end.
#[must_use]
pub fn add_stream(text: &str, table: &str) -> String {
    let mut out = text.to_owned();
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out + table
}

/// `text` without this stream, and without the comment that stands right above it.
///
/// # Errors
/// When it is not there, or not in a table of its own.
pub fn remove_stream(text: &str, id: &StreamId) -> Result<String, EditError> {
    let table = DeTable::parse(text).map_err(|error| EditError::NoToml(error.message().to_owned()))?;
    let found = find(text, table.get_ref(), id)?;
    let begin = above_comments(text, line_start(text, found.header.start));
    let mut end = region_end(text, &found);
    if end < text.len() {
        // What stands right above the next table is about that one.
        end = above_comments(text, end);
    }
    Ok(cut(text, begin..end.max(begin)))
}

/// `text` with `key` of this stream set to `value`, or without that key. `key` may be one of a table
/// below, as in `thresholds.black`, or a whole such table, however it is written. What is no TOML value
/// is taken for a text.
///
/// # Errors
/// When the stream is not there, or `key` is none. Whether the value fits is not looked at.
pub fn set_key(text: &str, id: &StreamId, key: &str, value: Option<&str>) -> Result<String, EditError> {
    let path: Vec<&str> = key.split('.').map(str::trim).collect();
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let good = path.len() <= 2 && path.iter().all(|part| !part.is_empty() && part.chars().all(bare));
    if !good {
        return Err(EditError::NoKey(key.to_owned()));
    }
    if path == ["id"] {
        return Err(EditError::Id);
    }
    let table = DeTable::parse(text).map_err(|error| EditError::NoToml(error.message().to_owned()))?;
    let found = find(text, table.get_ref(), id)?;
    let (whole, value) = (value, value.map(literal));
    let mut below = found.table;
    for (depth, part) in path.iter().enumerate() {
        let last = depth + 1 == path.len();
        match (below.get_key_value(*part), last) {
            (Some((_, there)), true) if is_spread(text, there) => {
                let left = without_table(text, &found, there);
                return if value.is_some() { set_key(&left, id, key, whole) } else { Ok(left) };
            }
            (Some((key, there)), true) => {
                return Ok(match value {
                    Some(value) => replaced(text, there.span(), &value),
                    None => without(text, key_start(text, key.span().start), there.span()),
                });
            }
            (None, _) => {
                let Some(value) = value else { return Ok(text.to_owned()) };
                return Ok(inserted(text, &found, below, &path[depth..], &path[..depth], &value));
            }
            (Some((_, there)), false) => match there.get_ref().as_table() {
                Some(table) => below = table,
                None => return Err(EditError::NoKey(key.to_owned())),
            },
        }
    }
    Err(EditError::NoKey(key.to_owned()))
}

/// A value as TOML: as it is if it is one, else a text.
#[must_use]
pub fn literal(value: &str) -> String {
    let trimmed = value.trim();
    let line = format!("x = {trimmed}");
    let read = DeTable::parse(&line).ok().filter(|_| !trimmed.contains('\n'));
    // All of it: behind a value there may be a comment, which would hide what follows.
    let span = read.and_then(|table| table.get_ref().get("x").map(Spanned::span));
    if span.is_some_and(|span| span.end == line.len()) { trimmed.to_owned() } else { quoted(value) }
}

fn find<'t>(text: &str, table: &'t DeTable<'t>, id: &StreamId) -> Result<Found<'t>, EditError> {
    let missing = || EditError::Missing(id.clone());
    let streams = table.get("stream").ok_or_else(missing)?;
    let list = streams.get_ref().as_array().ok_or_else(missing)?;
    let is_it = |entry: &&Spanned<DeValue<'_>>| {
        let own = entry.get_ref().as_table().and_then(|table| table.get("id"));
        own.and_then(|own| own.get_ref().as_str()) == Some(id.as_str())
    };
    let entry = list.iter().find(is_it).ok_or_else(missing)?;
    let table = entry.get_ref().as_table().ok_or_else(missing)?;
    if !text[entry.span()].starts_with('[') {
        return Err(EditError::Inline);
    }
    Ok(Found { header: entry.span(), table })
}

fn replaced(text: &str, span: Range<usize>, value: &str) -> String {
    format!("{}{value}{}", &text[..span.start], &text[span.end..])
}

/// Without a key and its value: the whole line, or the part of an inline table.
fn without(text: &str, key: usize, value: Range<usize>) -> String {
    let start = line_start(text, key);
    let end = line_end(text, value.end);
    let alone = text[start..key].trim().is_empty();
    let rest = text[value.end..end].trim();
    if alone && (rest.is_empty() || rest.starts_with('#')) {
        return format!("{}{}", &text[..start], &text[end..]);
    }
    // Inside an inline table, with the comma behind it, or else that before it.
    let behind = &text[value.end..];
    let (mut from, mut to) = (key, value.end);
    if let Some(after) = behind.trim_start().strip_prefix(',') {
        to = text.len() - after.trim_start_matches(' ').len();
    } else if let Some(before) = text[..key].trim_end().strip_suffix(',') {
        from = before.len();
    }
    format!("{}{}", &text[..from], &text[to..])
}

/// Whether this is a table that is not written as one value: under a header, or by dotted keys.
fn is_spread(text: &str, value: &Spanned<DeValue<'_>>) -> bool {
    value.get_ref().is_table() && !text[value.span()].starts_with('{')
}

/// Without such a table of a stream: its header and what is below it, or all of its dotted keys.
fn without_table(text: &str, found: &Found<'_>, value: &Spanned<DeValue<'_>>) -> String {
    let span = value.span();
    if text[span.clone()].starts_with('[') {
        let begin = line_start(text, span.start);
        let end = headers(text, found).find(|at| *at > begin).unwrap_or(text.len());
        let end = if end < text.len() { above_comments(text, end) } else { end };
        return cut(text, above_comments(text, begin)..end.max(begin));
    }
    let mut keys = Vec::new();
    if let Some(table) = value.get_ref().as_table() {
        written_keys(text, table, &mut keys);
    }
    // From behind, so that those before stay where they are.
    keys.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
    keys.into_iter()
        .fold(text.to_owned(), |text, (start, value)| without(&text, key_start(&text, start), value))
}

/// Where the last parts of the keys of a table stand, and their values: those of a table that is made of
/// dotted keys one by one, one in braces as a value.
fn written_keys(text: &str, table: &DeTable<'_>, into: &mut Vec<(usize, Range<usize>)>) {
    for (key, value) in table {
        match value.get_ref().as_table().filter(|_| is_spread(text, value)) {
            Some(below) => written_keys(text, below, into),
            None => into.push((key.span().start, value.span())),
        }
    }
}

/// Where a key begins whose last part is at `last`: dotted ones have more parts on the same line before.
fn key_start(text: &str, last: usize) -> usize {
    let blank = |c: char| matches!(c, ' ' | '\t');
    let mut start = last;
    while let Some(before) = text[..start].trim_end_matches(blank).strip_suffix('.') {
        let before = before.trim_end_matches(blank);
        start = match before.chars().next_back() {
            Some(quote @ ('"' | '\'')) => before[..before.len() - 1].rfind(quote).unwrap_or(0),
            _ => before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).len(),
        };
    }
    start
}

/// Without whole lines: one blank line between what is left, and none at the end.
fn cut(text: &str, lines: Range<usize>) -> String {
    let before = text[..lines.start].trim_end_matches('\n');
    let after = &text[lines.end..];
    let joint = match (before.is_empty(), after.trim().is_empty()) {
        (true, _) => "",
        (false, true) => "\n",
        (false, false) => "\n\n",
    };
    format!("{before}{joint}{}", after.trim_start_matches('\n'))
}

/// With a key more in the table `below`, which is found at `parents` of the stream.
fn inserted(
    text: &str,
    found: &Found<'_>,
    below: &DeTable<'_>,
    path: &[&str],
    parents: &[&str],
    value: &str,
) -> String {
    let key = path.join(".");
    let parent = parents.last().and_then(|name| found.table.get_key_value(*name));
    if let Some((_, parent)) = parent {
        let span = parent.span();
        if text[span.clone()].starts_with('{') {
            let inside = &text[..span.end - 1];
            let comma = if below.is_empty() { " " } else { ", " };
            return format!("{}{comma}{key} = {value} {}", inside.trim_end(), &text[span.end - 1..]);
        }
        if text[span.clone()].starts_with('[') {
            let at = line_end(text, span.end);
            return with_line(text, at, &format!("{key} = {value}"));
        }
    }
    // Behind the last of its own keys, or its header: what is in tables below has headers of its own.
    let mut own = Vec::new();
    written_keys(text, found.table, &mut own);
    let first_below = first_header_below(text, found);
    let own = own.into_iter().filter(|(start, _)| (found.header.start..first_below).contains(start));
    let last = own.map(|(_, value)| value.end).max().unwrap_or(found.header.end);
    let whole: Vec<&str> = parents.iter().chain(path).copied().collect();
    with_line(text, line_end(text, last), &format!("{} = {value}", whole.join(".")))
}

fn with_line(text: &str, at: usize, line: &str) -> String {
    let before = &text[..at];
    let joint = if before.ends_with('\n') || before.is_empty() { "" } else { "\n" };
    format!("{before}{joint}{line}\n{}", &text[at..])
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |found| found + 1)
}

/// Behind the line's end.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |found| at + found + 1)
}

/// The begin of the comments that stand right above the line at `at`.
fn above_comments(text: &str, at: usize) -> usize {
    let mut begin = at;
    while begin > 0 {
        let above = line_start(text, begin - 1);
        if !text[above..begin].trim_start().starts_with('#') {
            break;
        }
        begin = above;
    }
    begin
}

/// Where what belongs to a stream ends: at the next header that is not below it.
fn region_end(text: &str, found: &Found<'_>) -> usize {
    headers(text, found).find(|at| !is_below(text, *at)).unwrap_or(text.len())
}

/// Where the first header of a table below it stands.
fn first_header_below(text: &str, found: &Found<'_>) -> usize {
    headers(text, found).next().unwrap_or(text.len())
}

fn is_below(text: &str, at: usize) -> bool {
    let header = text[at..].trim_start().trim_start_matches('[').trim_start();
    header.strip_prefix("stream").is_some_and(|rest| rest.trim_start().starts_with('.'))
}

/// Where lines that are headers begin, behind that of the stream.
fn headers<'t>(text: &'t str, found: &Found<'_>) -> impl Iterator<Item = usize> + 't {
    let mut values = Vec::new();
    spans(found.table, &mut values);
    let mut at = line_end(text, found.header.end);
    std::iter::from_fn(move || {
        while at < text.len() {
            let (start, end) = (at, line_end(text, at));
            at = end;
            // A line inside a list or a text of several lines is none.
            let inside = values.iter().any(|value: &Range<usize>| value.start < start && start < value.end);
            if !inside && text[start..end].trim_start().starts_with('[') {
                return Some(start);
            }
        }
        None
    })
}

/// The values of a table, those of tables below included; tables themselves are no values.
fn spans(table: &DeTable<'_>, into: &mut Vec<Range<usize>>) {
    for (_, value) in table {
        match value.get_ref().as_table() {
            Some(below) => spans(below, into),
            None => into.push(value.span()),
        }
    }
}
