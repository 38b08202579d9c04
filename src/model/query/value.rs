//! What stands behind a field's sign.

use super::super::near::{any_of, nearest};
use super::super::{ConditionKind, Health, Mode, Phase, WatchKind, quote};
use super::field::Kind;
use super::glob::Glob;
use super::{Field, Mistake, Relation};

/// A value, read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// The field's text is like this.
    Text(Glob),
    /// A condition is called like this.
    Condition(Glob),
    /// The field is this word.
    Word(&'static str),
    /// The field is this health.
    Health(Health),
    /// The field is about this number: no further away than `near` is the same.
    Number { value: f64, near: f64 },
    /// The field holds, or does not.
    Flag(bool),
}

/// Reads the value of `field` that stands at `at`.
pub(super) fn read(field: Field, relation: Relation, text: &str, at: usize) -> Result<Meaning, Mistake> {
    let kind = field.kind();
    let ordered = matches!(kind, Kind::Health | Kind::Number | Kind::Bitrate | Kind::Bytes | Kind::Span);
    if relation.orders() && !ordered {
        let text = format!("{} has no order; write it like {}", field.word(), field.example());
        return Err(Mistake::new(at, text));
    }
    match kind {
        Kind::Part | Kind::Whole if text.is_empty() => Ok(Meaning::Text(Glob::whole(""))),
        Kind::Part if relation == Relation::Has => Ok(Meaning::Text(Glob::part(text))),
        Kind::Part | Kind::Whole => Ok(Meaning::Text(Glob::whole(text))),
        Kind::Word => word(field, text, words_of(field), at).map(Meaning::Word),
        Kind::Health => {
            let words = Health::ALL.map(Health::word);
            let word = word(field, text, &words, at)?;
            let health = Health::ALL.into_iter().find(|health| health.word() == word);
            Ok(Meaning::Health(health.unwrap_or_default()))
        }
        Kind::Condition => condition(text, at),
        Kind::Flag => flag(field, text, at),
        Kind::Number => number(field, text, at),
        Kind::Bitrate => scaled(field, text, at, &[("k", 1e3), ("m", 1e6), ("g", 1e9)]),
        Kind::Bytes => scaled(field, text, at, &[("k", 1_024.0), ("m", 1_048_576.0), ("g", 1_073_741_824.0)]),
        Kind::Span => span(field, text, at),
    }
}

fn words_of(field: Field) -> &'static [&'static str] {
    const PHASES: [&str; 10] = {
        let mut words = [""; 10];
        let mut n = 0;
        while n < words.len() {
            words[n] = Phase::ALL[n].word();
            n += 1;
        }
        words
    };
    const MODES: [&str; 4] =
        [Mode::ALL[0].word(), Mode::ALL[1].word(), Mode::ALL[2].word(), Mode::ALL[3].word()];
    const WATCHES: [&str; 2] = [WatchKind::ALL[0].word(), WatchKind::ALL[1].word()];
    match field {
        Field::Phase => &PHASES,
        Field::Mode => &MODES,
        Field::Watch => &WATCHES,
        _ => &[],
    }
}

fn word<'a>(field: Field, text: &str, words: &[&'a str], at: usize) -> Result<&'a str, Mistake> {
    let found = words.iter().copied().find(|word| word.eq_ignore_ascii_case(text));
    found.ok_or_else(|| Mistake::new(at, no_such(field.word(), text, words)))
}

fn no_such(what: &str, text: &str, words: &[&str]) -> String {
    if text.is_empty() {
        return format!("the {what} is missing; expected {}", any_of(words));
    }
    match nearest(text, words.iter().copied()) {
        Some(meant) => format!("{} is no {what}; did you mean {meant}?", quote(text)),
        None => format!("{} is no {what}; expected {}", quote(text), any_of(words)),
    }
}

fn condition(text: &str, at: usize) -> Result<Meaning, Mistake> {
    let glob = Glob::whole(text);
    let mut letters = Vec::new();
    if ConditionKind::ALL.iter().any(|kind| glob.matches(kind.word(), &mut letters)) {
        return Ok(Meaning::Condition(glob));
    }
    let words: Vec<&str> = ConditionKind::ALL.iter().map(|kind| kind.word()).collect();
    Err(Mistake::new(at, no_such("condition", text, &words)))
}

fn flag(field: Field, text: &str, at: usize) -> Result<Meaning, Mistake> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" => Ok(Meaning::Flag(true)),
        "no" | "false" => Ok(Meaning::Flag(false)),
        _ => {
            let word = field.word();
            let message = if text.is_empty() { "the value is missing".into() } else { no_flag(text) };
            Err(Mistake::new(at, format!("{message}; write {word}:yes or {word}:no")))
        }
    }
}

fn no_flag(text: &str) -> String {
    format!("{} is neither yes nor no", quote(text))
}

/// Digits with at most one point in them, and nothing else.
fn plain(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.parse().ok().filter(|value: &f64| digits && value.is_finite())
}

fn no_number(field: Field, text: &str, at: usize) -> Mistake {
    let example = field.example();
    if text.is_empty() {
        return Mistake::new(at, format!("the number is missing; write it like {example}"));
    }
    Mistake::new(at, format!("{} is no number for {}; write it like {example}", quote(text), field.word()))
}

fn number(field: Field, text: &str, at: usize) -> Result<Meaning, Mistake> {
    let (unit, near) = match field {
        Field::Cpu => ("%", 0.05),
        Field::Speed => ("x", 0.005),
        Field::Fps => ("", 0.05),
        _ => ("", 0.0),
    };
    let value = plain(text.strip_suffix(unit).unwrap_or(text)).ok_or_else(|| no_number(field, text, at))?;
    Ok(Meaning::Number { value, near })
}

/// A number with one of these units, without regard to capitals.
fn scaled(field: Field, text: &str, at: usize, units: &[(&str, f64)]) -> Result<Meaning, Mistake> {
    let lower = text.to_ascii_lowercase();
    for (unit, factor) in units {
        if let Some(value) = lower.strip_suffix(unit).and_then(plain) {
            // As near as the three digits that are shown.
            let value = value * factor;
            return Ok(Meaning::Number { value, near: value * 0.005 });
        }
    }
    if plain(text).is_some() {
        let word = field.word();
        return Err(Mistake::new(at, format!("{word} needs a unit; write {text}k or {text}M")));
    }
    Err(no_number(field, text, at))
}

/// Seconds of `90s`, `5m`, `1h30m`, `2d`; largest unit first.
fn span(field: Field, text: &str, at: usize) -> Result<Meaning, Mistake> {
    const UNITS: [(char, f64); 4] = [('d', 86_400.0), ('h', 3_600.0), ('m', 60.0), ('s', 1.0)];
    if plain(text).is_some() {
        let word = field.word();
        return Err(Mistake::new(at, format!("{word} needs a unit; write {text}s, {text}m or {text}h")));
    }
    let wrong = || no_number(field, text, at);
    let (mut rest, mut value, mut units) = (text, 0.0, UNITS.as_slice());
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
        let number = plain(&rest[..end]).ok_or_else(wrong)?;
        let unit = rest[end..].chars().next().map(|c| c.to_ascii_lowercase());
        let nth = units.iter().position(|(name, _)| Some(*name) == unit).ok_or_else(wrong)?;
        value += number * units[nth].1;
        units = &units[nth + 1..];
        rest = &rest[end + 1..];
    }
    if text.is_empty() { Err(wrong()) } else { Ok(Meaning::Number { value, near: 0.5 }) }
}
