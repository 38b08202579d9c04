//! CSV channel lists: a header line with the names of the columns, then a line for each channel.

use ::csv::{ReaderBuilder, StringRecord};

use super::{Entry, name_from_url};
use crate::config::mistake::quote;
use crate::config::report::Report;
use crate::config::section::{At, Span};
use crate::config::sheet::Sheet;
use crate::config::words::{Problem, any_of, nearest};

/// The columns there may be.
const COLUMNS: [&str; 6] = ["id", "name", "group", "tags", "inputs", "mode"];
/// What may separate them; the one the header has most of is taken.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
/// What separates several inputs or tags in one field.
const INNER: char = '|';

/// A record and where its fields stand.
struct Line {
    fields: Vec<At<String>>,
    span: Span,
}

/// The channels of a list, in its order.
pub(super) fn entries(sheet: &Sheet, report: &mut Report) -> Vec<Entry> {
    let header = sheet.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |d: &u8| header.bytes().filter(|b| b == d).count();
    // The first of those that are equally many: a comma when there is none at all.
    let delimiter = DELIMITERS.iter().rev().max_by_key(|d| count(d)).copied().unwrap_or(b',');
    let mut lines = records(&sheet.text, delimiter).into_iter();
    let Some(header) = lines.next() else {
        let problem =
            Problem::new("the file is empty", format!("expected a header line: {}", COLUMNS.join(",")));
        report.mistake(sheet, 0..0, problem);
        return Vec::new();
    };
    let Some(columns) = read_header(sheet, &header, report) else { return Vec::new() };
    lines.filter_map(|line| read_line(sheet, line, &columns, report)).collect()
}

/// The columns by position; `None` when the lines below make no sense without.
fn read_header(sheet: &Sheet, header: &Line, report: &mut Report) -> Option<Vec<Option<&'static str>>> {
    let mut columns = Vec::with_capacity(header.fields.len());
    for field in &header.fields {
        let word = field.value.trim().to_lowercase();
        let known = COLUMNS.into_iter().find(|column| *column == word);
        let problem = match known {
            None => {
                let meant = nearest(&word, COLUMNS)
                    .or_else(|| matches!(word.as_str(), "url" | "urls" | "source").then_some("inputs"));
                let expected = match meant {
                    Some(meant) => format!("did you mean {}?", quote(meant)),
                    None => format!("expected {}", any_of(&COLUMNS)),
                };
                Some(Problem::new(format!("unknown column {}", quote(field.value.trim())), expected))
            }
            Some(word) if columns.contains(&Some(word)) => {
                Some(Problem::new(format!("the column \"{word}\" is there twice"), "expected each once"))
            }
            Some(_) => None,
        };
        if let Some(problem) = problem {
            report.mistake(sheet, field.span.clone(), problem);
        }
        columns.push(known);
    }
    if !columns.contains(&Some("inputs")) {
        let problem = Problem::new(
            "there is no column \"inputs\"",
            format!("expected a header line: {}", COLUMNS.join(",")),
        );
        report.mistake(sheet, header.span.clone(), problem);
        return None;
    }
    Some(columns)
}

fn read_line(
    sheet: &Sheet,
    line: Line,
    columns: &[Option<&'static str>],
    report: &mut Report,
) -> Option<Entry> {
    if let Some(field) = line.fields.iter().find(|field| field.value.contains('\n')) {
        let problem = Problem::new(
            "a quoted field goes on over several lines",
            "expected its closing quote on this line",
        );
        report.mistake(sheet, field.span.clone(), problem);
        return None;
    }
    if line.fields.len() != columns.len() {
        let message = format!("the line has {} fields", line.fields.len());
        let problem = Problem::new(message, format!("expected {}, as the header has", columns.len()));
        report.mistake(sheet, line.span, problem);
        return None;
    }
    let mut entry = Entry { span: line.span, ..Entry::default() };
    for (field, column) in line.fields.into_iter().zip(columns) {
        let span = field.span.clone();
        let value = field.value.trim().to_owned();
        if value.is_empty() {
            continue;
        }
        let parts = || {
            let parts = value.split(INNER).map(str::trim).filter(|part| !part.is_empty());
            parts.map(|part| At { value: part.to_owned(), span: span.clone() }).collect()
        };
        match *column {
            Some("tags") => entry.tags = parts(),
            Some("inputs") => entry.inputs = parts(),
            Some("id") => entry.id = Some(At { value, span }),
            Some("name") => entry.name = Some(At { value, span }),
            Some("group") => entry.group = Some(At { value, span }),
            Some("mode") => entry.mode = Some(At { value, span }),
            _ => {}
        }
    }
    if entry.inputs.is_empty() {
        let problem = Problem::new("this channel has no input", "expected a URL in the column \"inputs\"");
        report.mistake(sheet, entry.span, problem);
        return None;
    }
    entry.slug_from = match &entry.name {
        Some(name) => name.value.clone(),
        None => name_from_url(&entry.inputs[0].value).to_owned(),
    };
    Some(entry)
}

/// The records of `text`; those without any text are left out.
fn records(text: &str, delimiter: u8) -> Vec<Line> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut lines = Vec::new();
    // Reading fails only where the text is no UTF-8, and this is.
    while matches!(reader.read_record(&mut record), Ok(true)) {
        let start = record.position().and_then(|at| usize::try_from(at.byte()).ok()).unwrap_or(0);
        // Empty lines before a record are skipped without moving its position.
        let start = start + text[start..].bytes().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let mut fields = Vec::with_capacity(record.len());
        let mut at = start;
        for value in &record {
            let end = field_end(text, at, delimiter);
            fields.push(At { value: value.to_owned(), span: at..end });
            at = (end + 1).min(text.len());
        }
        let end = fields.last().map_or(start, |field| field.span.end);
        lines.push(Line { fields, span: start..end });
    }
    lines
}

/// Where the field that begins at `start` ends.
fn field_end(text: &str, start: usize, delimiter: u8) -> usize {
    let bytes = text.as_bytes();
    let mut quoted = bytes.get(start) == Some(&b'"');
    let mut at = if quoted { start + 1 } else { start };
    while let Some(&byte) = bytes.get(at) {
        match byte {
            // A doubled quote closes and opens again at once.
            b'"' if quoted => quoted = false,
            b'"' if bytes[at - 1] == b'"' && at > start => quoted = true,
            b'\r' | b'\n' if !quoted => break,
            _ if !quoted && byte == delimiter => break,
            _ => {}
        }
        at += 1;
    }
    at
}
