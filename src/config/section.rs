//! A table of the file, read key by key; what does not fit is reported where it stands.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{INCLUDED, SHAPES, TOP};
use super::mistake::quote;
use super::report::Report;
use super::sheet::Sheet;
use super::words::{self, Problem, any_of, nearest};

/// Where something stands in its file, bytes.
pub(super) type Span = Range<usize>;

/// What a table is called and which keys it may have.
#[derive(Debug)]
pub(super) struct Shape {
    /// As messages call it.
    pub title: &'static str,
    /// In the order of the documentation.
    pub keys: &'static [&'static str],
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// One table of a file.
pub(super) struct Section<'a, 'i> {
    /// The file.
    pub sheet: &'a Sheet,
    /// Its header, or the whole of it when inline.
    pub span: Span,
    table: &'a DeTable<'i>,
    shape: &'static Shape,
}

/// Keys people write, and what they are called here.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("url", "inputs"),
    ("urls", "inputs"),
    ("source", "inputs"),
    ("command", "args"),
    ("title", "name"),
    ("enabled", "start"),
    ("autostart", "start"),
    ("workers", "slots"),
    ("file", "path"),
];

impl<'a, 'i> Section<'a, 'i> {
    /// A table that may have the keys of `shape`; any other is reported at once.
    pub fn new(
        sheet: &'a Sheet,
        span: Span,
        table: &'a DeTable<'i>,
        shape: &'static Shape,
        report: &mut Report,
    ) -> Self {
        for key in table.keys() {
            if !shape.keys.contains(&key.get_ref().as_ref()) {
                report.mistake(sheet, key.span(), unknown_key(key.get_ref(), shape));
            }
        }
        Self { sheet, span, table, shape }
    }

    /// Whether the key is there, with any value.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Where the key stands; the header when it does not.
    pub fn key_span(&self, key: &str) -> Span {
        self.table.get_key_value(key).map_or_else(|| self.span.clone(), |(key, _)| key.span())
    }

    /// Reports a problem where `key` stands.
    pub fn mistake_at(&self, key: &str, problem: Problem, report: &mut Report) {
        report.mistake(self.sheet, self.key_span(key), problem);
    }

    /// Reports that `key` is missing.
    pub fn missing(&self, key: &str, expected: &str, report: &mut Report) {
        let message = format!("{} has no {}", self.shape.title, quote(key));
        report.missing(self.sheet, self.span.clone(), Problem::new(message, expected));
    }

    fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'i>>> {
        debug_assert!(self.shape.keys.contains(&key), "{key} is not in the shape of {}", self.shape.title);
        let (key, value) = self.table.get_key_value(key)?;
        // What stands on a line with a syntax error has a value that nobody wrote.
        (!self.sheet.is_broken_at(key.span().start)).then_some(value)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str, report: &mut Report) {
        let message = format!("{} is {}", quote(key), kind_of(value.get_ref()));
        report.mistake(self.sheet, value.span(), Problem::new(message, format!("expected {expected}")));
    }

    /// A text.
    pub fn text(&self, key: &str, report: &mut Report) -> Option<At<&'a str>> {
        let value = self.get(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(key, value, "a text in quotes", report);
            return None;
        };
        Some(At { value: text, span: value.span() })
    }

    /// A text of which nothing may be told, also when it is none.
    pub fn hidden(&self, key: &str, report: &mut Report) -> Option<At<&'a str>> {
        let value = self.get(key)?;
        let Some(text) = value.get_ref().as_str() else {
            let message = format!("{} is no text", quote(key));
            report.mistake(
                self.sheet,
                self.key_span(key),
                Problem::new(message, "expected a text in quotes"),
            );
            return None;
        };
        Some(At { value: text, span: value.span() })
    }

    /// Yes or no.
    pub fn flag(&self, key: &str, report: &mut Report) -> Option<bool> {
        let value = self.get(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(key, value, "true or false, without quotes", report);
        }
        flag
    }

    /// A number within `bounds`; whole if `T` is.
    pub fn number<T>(&self, key: &str, bounds: &RangeInclusive<T>, report: &mut Report) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        let value = self.get(key)?;
        self.number_at(key, value, bounds, report)
    }

    /// The numbers of a list of at most `max`, each within `bounds`; none of them when one is wrong.
    pub fn numbers<T>(
        &self,
        key: &str,
        max: usize,
        bounds: &RangeInclusive<T>,
        report: &mut Report,
    ) -> Option<Vec<At<T>>>
    where
        T: FromStr + PartialOrd + Display,
    {
        let value = self.get(key)?;
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of numbers, like [10, 20]", report);
            return None;
        };
        if array.len() > max {
            self.too_many(key, value.span(), array.len(), max, report);
            return None;
        }
        let read = array.iter().map(|entry| {
            let value = self.number_at(key, entry, bounds, report)?;
            Some(At { value, span: entry.span() })
        });
        // All of them are looked at, so that each mistake is told.
        let numbers: Vec<_> = read.collect();
        numbers.into_iter().collect()
    }

    fn number_at<T>(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        bounds: &RangeInclusive<T>,
        report: &mut Report,
    ) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        // Only a type of whole numbers does not read this.
        let kind = if "0.5".parse::<T>().is_err() { "a whole number" } else { "a number" };
        let expected = format!("{kind} between {} and {}", bounds.start(), bounds.end());
        let Some(text) = number_text(value.get_ref()) else {
            self.wrong_type(key, value, &expected, report);
            return None;
        };
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        if number.is_none() {
            let message = format!("{} is {text}", quote(key));
            let problem = Problem::new(message, format!("expected {expected}"));
            report.mistake(self.sheet, value.span(), problem);
        }
        number
    }

    fn too_many(&self, key: &str, span: Span, count: usize, max: usize, report: &mut Report) {
        let message = format!("{} has {count} entries", quote(key));
        report.mistake(self.sheet, span, Problem::new(message, format!("expected at most {max}")));
    }

    /// A duration within `bounds`.
    pub fn duration(
        &self,
        key: &str,
        bounds: &RangeInclusive<Duration>,
        report: &mut Report,
    ) -> Option<Duration> {
        let value = self.get(key)?;
        let read = match value.get_ref() {
            DeValue::String(text) => words::duration(text, bounds),
            other => {
                let Some(number) = number_text(other) else {
                    self.wrong_type(key, value, "a duration in quotes, like \"10s\"", report);
                    return None;
                };
                Err(words::no_unit(&number))
            }
        };
        self.keep(read, value, report)
    }

    /// A duration, or the word that stands for none; `fallback` when it is neither, or not there.
    pub fn duration_or(
        &self,
        key: &str,
        word: &str,
        bounds: &RangeInclusive<Duration>,
        fallback: Option<Duration>,
        report: &mut Report,
    ) -> Option<Duration> {
        match self.get(key).map(|value| value.get_ref().as_str()) {
            None => fallback,
            Some(Some(text)) if text == word => None,
            Some(_) => self.duration(key, bounds, report).or(fallback),
        }
    }

    /// A size in bytes within `bounds`.
    pub fn size(&self, key: &str, bounds: &RangeInclusive<u64>, report: &mut Report) -> Option<u64> {
        let value = self.get(key)?;
        let read = match value.get_ref() {
            DeValue::String(text) => words::size(text, bounds),
            DeValue::Integer(number) if number.radix() == 10 => words::size(number.as_str(), bounds),
            _ => {
                self.wrong_type(key, value, "a size like \"10 MiB\", or a number of bytes", report);
                return None;
            }
        };
        self.keep(read, value, report)
    }

    fn keep<T>(
        &self,
        read: Result<T, Problem>,
        value: &Spanned<DeValue<'_>>,
        report: &mut Report,
    ) -> Option<T> {
        read.map_err(|problem| report.mistake(self.sheet, value.span(), problem)).ok()
    }

    /// A list of at most `max` texts; those that are none are reported and left out.
    pub fn list(&self, key: &str, max: usize, report: &mut Report) -> Option<Vec<At<&'a str>>> {
        let value = self.get(key)?;
        let Some(array) = value.get_ref().as_array() else {
            let expected = match value.get_ref().as_str() {
                Some(text) => format!("a list: [{}]", quote(text)),
                None => "a list of texts, like [\"one\", \"two\"]".to_owned(),
            };
            self.wrong_type(key, value, &expected, report);
            return None;
        };
        if array.len() > max {
            self.too_many(key, value.span(), array.len(), max, report);
        }
        let mut texts = Vec::new();
        for entry in array.iter().take(max) {
            match entry.get_ref().as_str() {
                Some(text) => texts.push(At { value: text, span: entry.span() }),
                None => self.wrong_type(key, entry, "only texts in quotes in it", report),
            }
        }
        Some(texts)
    }

    /// A table below this one.
    pub fn table(&self, key: &str, shape: &'static Shape, report: &mut Report) -> Option<Section<'a, 'i>> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            let expected = match shape.title.strip_prefix('[') {
                Some(_) => format!("the table {}", shape.title),
                None => format!("a table: {key} = {{ {} = ... }}", shape.keys.first().unwrap_or(&"key")),
            };
            self.wrong_type(key, value, &expected, report);
            return None;
        };
        Some(Section::new(self.sheet, value.span(), table, shape, report))
    }

    /// A list of tables below this one, in the order they were written.
    pub fn tables(&self, key: &str, shape: &'static Shape, report: &mut Report) -> Vec<Section<'a, 'i>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let expected = format!("{} before each", shape.title);
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, &expected, report);
            return Vec::new();
        };
        let mut sections = Vec::with_capacity(array.len());
        for entry in array {
            match entry.get_ref().as_table() {
                Some(table) => sections.push(Section::new(self.sheet, entry.span(), table, shape, report)),
                None => self.wrong_type(key, entry, &expected, report),
            }
        }
        sections
    }

    /// A whole number, or the word that stands for none; `fallback` when it is neither, or not there.
    pub fn number_or<T>(
        &self,
        key: &str,
        word: &str,
        bounds: &RangeInclusive<T>,
        fallback: Option<T>,
        report: &mut Report,
    ) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        let Some(value) = self.get(key) else { return fallback };
        match value.get_ref().as_str() {
            None => self.number(key, bounds, report).or(fallback),
            Some(text) if text == word => None,
            Some(_) => {
                let (low, high) = (bounds.start(), bounds.end());
                let expected = format!("a whole number between {low} and {high}, or {}", quote(word));
                self.wrong_type(key, value, &expected, report);
                fallback
            }
        }
    }
}

/// The one of `choices` that is called `found`.
pub(super) fn choice<T: Copy>(what: &str, found: &str, choices: &[(&'static str, T)]) -> Result<T, Problem> {
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == found) {
        return Ok(*value);
    }
    let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
    let meant = nearest(found, words.iter().copied()).map(|word| format!("; did you mean {}?", quote(word)));
    let expected = format!("expected {}{}", any_of(&words), meant.unwrap_or_default());
    Err(Problem::new(format!("{} is no {what}", quote(found)), expected))
}

fn unknown_key(key: &str, shape: &Shape) -> Problem {
    let message = format!("unknown key {} in {}", quote(key), shape.title);
    if shape.title == INCLUDED.title && TOP.keys.contains(&key) {
        return Problem::new(
            message,
            "expected it in the main file; here only include, [[stream]], [[playlist]]",
        );
    }
    let here = |word: &&str| shape.keys.contains(word);
    let other_name = OTHER_NAMES.iter().find(|(name, _)| *name == key).map(|(_, word)| *word);
    if let Some(meant) = nearest(key, shape.keys.iter().copied()).or(other_name.filter(here)) {
        return Problem::new(message, format!("did you mean {}?", quote(meant)));
    }
    let homes: Vec<_> = SHAPES.iter().filter(|other| other.keys.contains(&key)).map(|s| s.title).collect();
    if !homes.is_empty() {
        return Problem::new(message, format!("it belongs into {}", any_of(&homes)));
    }
    Problem::new(message, format!("expected {}", any_of(shape.keys)))
}

/// A number as decimal text.
fn number_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

/// What a value is, for people.
fn kind_of(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {}", quote(text)),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
