//! M3U channel lists: `#EXTINF` lines with attributes, each followed by a URL.

use super::{Entry, name_from_url};
use crate::config::report::Report;
use crate::config::section::{At, Span};
use crate::config::sheet::Sheet;
use crate::config::words::Problem;

/// What an `#EXTINF` line said.
#[derive(Debug, Default)]
struct Info {
    span: Span,
    id: Option<String>,
    name: Option<At<String>>,
    group: Option<At<String>>,
}

/// The channels of a list, in its order.
pub(super) fn entries(sheet: &Sheet, report: &mut Report) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut info: Option<Info> = None;
    let mut first = true;
    for number in 1..=sheet.lines() {
        let (line, span) = trimmed(sheet, number);
        if line.is_empty() {
            continue;
        }
        if std::mem::take(&mut first) && !line.starts_with("#EXTM3U") {
            let problem =
                Problem::new("the list does not begin with #EXTM3U", "expected it on the first line");
            report.warning(sheet, span.clone(), problem);
        }
        if line.starts_with("#EXT-X-") {
            let message = "this is an HLS playlist, not a channel list";
            let expected = "this is a stream: put its URL into the \"inputs\" of a [[stream]]";
            report.mistake(sheet, span, Problem::new(message, expected));
            return Vec::new();
        } else if let Some(text) = line.strip_prefix("#EXTINF:") {
            if let Some(unused) = info.take() {
                without_url(sheet, unused.span, report);
            }
            let at = span.end - text.len();
            info = Some(read_info(sheet, text, at, span, report));
        } else if let Some(group) = line.strip_prefix("#EXTGRP:") {
            let at = span.end - group.len()..span.end;
            info.get_or_insert_with(|| Info { span, ..Info::default() })
                .group
                .get_or_insert(At { value: group.trim().to_owned(), span: at });
        } else if !line.starts_with('#') {
            entries.push(entry(info.take().unwrap_or_default(), line, span));
        }
    }
    if let Some(unused) = info {
        without_url(sheet, unused.span, report);
    }
    entries
}

/// A line without blanks around it, and where it stands.
fn trimmed(sheet: &Sheet, number: usize) -> (&str, Span) {
    let range = sheet.line_range(number);
    let line = &sheet.text[range.clone()];
    let start = range.start + (line.len() - line.trim_start().len());
    let line = line.trim();
    (line, start..start + line.len())
}

fn without_url(sheet: &Sheet, span: Span, report: &mut Report) {
    report.warning(
        sheet,
        span,
        Problem::new("this channel has no URL and was left out", "expected one below it"),
    );
}

fn entry(info: Info, url: &str, span: Span) -> Entry {
    let from_url = name_from_url(url);
    let shown = info.name.as_ref().map_or(from_url, |name| name.value.as_str());
    Entry {
        slug_from: info.id.unwrap_or_else(|| shown.to_owned()),
        name: info.name.or_else(|| Some(At { value: from_url.to_owned(), span: span.clone() })),
        group: info.group,
        inputs: vec![At { value: url.to_owned(), span: span.clone() }],
        span,
        ..Entry::default()
    }
}

/// Reads `-1 tvg-id="x" group-title="y",Name`; `at` is where it stands.
fn read_info(sheet: &Sheet, text: &str, at: usize, span: Span, report: &mut Report) -> Info {
    let mut info = Info { span, ..Info::default() };
    let mut tvg_name = None;
    let mut rest = text;
    let here = |rest: &str| at + (text.len() - rest.len());
    loop {
        // The duration, blanks, and whatever else is no attribute.
        rest = rest.trim_start();
        let word = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        match rest[word..].chars().next() {
            None => {
                let problem = Problem::new("this #EXTINF line has no comma", "expected the name after one");
                report.warning(sheet, info.span.clone(), problem);
                break;
            }
            Some(',') => {
                let name = rest[word + 1..].trim();
                let start = here(&rest[word + 1..]);
                if !name.is_empty() {
                    info.name = Some(At { value: name.to_owned(), span: start..at + text.len() });
                }
                break;
            }
            Some('=') => {
                let key = &rest[..word];
                let value_at = &rest[word + 1..];
                let (value, after) = attribute(value_at);
                if after.is_none() {
                    let problem = Problem::new(
                        "a quote is not closed on this line",
                        "expected another \" after the value",
                    );
                    let start = here(value_at);
                    report.warning(sheet, start..start + 1, problem);
                }
                let value = value.trim();
                if !value.is_empty() {
                    let start = here(value_at);
                    let found = At { value: value.to_owned(), span: start..start + value.len() };
                    match key.to_ascii_lowercase().as_str() {
                        "tvg-id" => info.id = Some(found.value),
                        "tvg-name" => tvg_name = Some(found),
                        "group-title" => info.group = Some(found),
                        _ => {}
                    }
                }
                let Some(after) = after else { break };
                rest = after;
            }
            Some(_) => rest = &rest[word..],
        }
    }
    info.name = info.name.or(tvg_name);
    info
}

/// The value at the beginning of `text`, and what follows it; `None` when its quote is not closed.
fn attribute(text: &str) -> (&str, Option<&str>) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        return (&text[..end], Some(&text[end..]));
    };
    match quoted.split_once('"') {
        Some((value, after)) => (value, Some(after)),
        // What is left of the line up to the comma is most likely the value.
        None => (quoted.split(',').next().unwrap_or_default(), None),
    }
}
