//! A query, held against rows.

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::super::{Explained, Moment, Row};
use super::glob::Glob;
use super::value::Meaning;
use super::{Field, Is, Node, Query, Relation, Term};

/// What a match is worth for each letter that is looked for, at least: letters that lie scattered
/// over a long name are no match. A letter alone is worth 16, in a run or at a word's begin more.
const LEAST_WORTH: u32 = 18;
/// So much may be missing: a letter or two are found anywhere.
const SPARE_WORTH: u32 = 2;

/// A query, made ready to be held against many rows.
pub struct Search {
    node: Option<Ready>,
    tools: Tools,
}

/// What is used again for each row.
struct Tools {
    matcher: Matcher,
    letters: Vec<char>,
}

enum Ready {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// By its letters, and as a word that stands for a state.
    Word {
        atom: Atom,
        least: u32,
        word: String,
    },
    /// The whole of a name, and as a word that stands for a state.
    Whole {
        glob: Glob,
        word: String,
    },
    Quoted(Atom),
    Is(Is),
}

impl Search {
    /// Makes a query ready.
    #[must_use]
    pub fn new(query: &Query) -> Self {
        let tools = Tools { matcher: Matcher::new(Config::DEFAULT), letters: Vec::new() };
        Self { node: query.node.as_ref().map(|node| Ready::of(node, false)), tools }
    }

    /// The same for who does something with what is found, unseen: words must be the whole of a name,
    /// an id, a group or a tag, in which `*` and `?` are placeholders, or a state. Some letters of one
    /// are not enough.
    #[must_use]
    pub fn exact(query: &Query) -> Self {
        Self { node: query.node.as_ref().map(|node| Ready::of(node, true)), ..Self::new(&Query::default()) }
    }

    /// Whether it finds `row`, at the board's time `now`.
    pub fn finds(&mut self, row: &Row, now: Moment) -> bool {
        self.node.as_ref().is_none_or(|node| node.finds(row, now, &mut self.tools))
    }
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search").field("everything", &self.node.is_none()).finish_non_exhaustive()
    }
}

impl Default for Search {
    fn default() -> Self {
        Self::new(&Query::default())
    }
}

impl Ready {
    fn of(node: &Node, exact: bool) -> Self {
        let several = |parts: &[Node]| parts.iter().map(|part| Self::of(part, exact)).collect();
        let atom =
            |text: &str, kind| Atom::new(text, CaseMatching::Ignore, Normalization::Smart, kind, false);
        match node {
            Node::All(parts) => Self::All(several(parts)),
            Node::Any(parts) => Self::Any(several(parts)),
            Node::Not(part) => Self::Not(Box::new(Self::of(part, exact))),
            Node::Term(Term::Quoted(text)) => Self::Quoted(atom(text, AtomKind::Substring)),
            Node::Term(Term::Is(is)) => Self::Is((**is).clone()),
            Node::Term(Term::Word(text)) if exact => {
                Self::Whole { glob: Glob::whole(text), word: text.to_lowercase() }
            }
            Node::Term(Term::Word(text)) => {
                let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
                let least = letters.saturating_mul(LEAST_WORTH).saturating_sub(SPARE_WORTH);
                Self::Word { atom: atom(text, AtomKind::Fuzzy), least, word: text.to_lowercase() }
            }
        }
    }

    fn finds(&self, row: &Row, now: Moment, tools: &mut Tools) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.finds(row, now, tools)),
            Self::Any(parts) => parts.iter().any(|part| part.finds(row, now, tools)),
            Self::Not(part) => !part.finds(row, now, tools),
            Self::Whole { glob, word } => {
                texts_of(row).any(|text| tools.like(text, glob)) || is_state(row, now, word)
            }
            Self::Quoted(atom) => tools.in_texts(row, atom, 0),
            Self::Word { atom, least, word } => tools.in_texts(row, atom, *least) || is_state(row, now, word),
            Self::Is(is) => is.holds(row, now, tools),
        }
    }
}

impl Tools {
    /// Whether one of the texts people call a stream by holds `atom`.
    fn in_texts(&mut self, row: &Row, atom: &Atom, least: u32) -> bool {
        texts_of(row).any(|text| {
            let text = Utf32Str::new(text, &mut self.letters);
            atom.score(text, &mut self.matcher).is_some_and(|score| u32::from(score) >= least)
        })
    }

    fn like(&mut self, text: &str, glob: &Glob) -> bool {
        glob.matches(text, &mut self.letters)
    }
}

/// What people call a stream by.
fn texts_of(row: &Row) -> impl Iterator<Item = &str> {
    let texts = [&*row.name, row.id.as_str(), &*row.group];
    texts.into_iter().chain(row.tags.iter().map(AsRef::as_ref))
}

/// Whether `word`, in small letters, is the name of a state that the row is in.
fn is_state(row: &Row, now: Moment, word: &str) -> bool {
    let flag = |field: Field| field.word() == word && flag_of(field, row, now);
    let flags = [Field::Maintenance, Field::Fallback, Field::Acknowledged, Field::Muted];
    row.phase.word() == word
        || row.mode.word() == word
        || row.watch.word() == word
        || row.health().word() == word
        || flags.into_iter().any(flag)
        || row.conditions.iter().any(|condition| {
            condition.kind.word().contains(word)
                || condition.explained.map(Explained::word).is_some_and(|explained| explained == word)
        })
}

impl Is {
    fn holds(&self, row: &Row, now: Moment, tools: &mut Tools) -> bool {
        let same = match &self.meaning {
            Meaning::Number { value, near } => {
                let Some(found) = number_of(self.field, row, now) else {
                    // What nobody knows is neither more nor less, only not the same.
                    return self.relation == Relation::Unequal;
                };
                return match self.relation {
                    Relation::Less => found < *value,
                    Relation::AtMost => found <= *value,
                    Relation::More => found > *value,
                    Relation::AtLeast => found >= *value,
                    Relation::Has | Relation::Equal => (found - value).abs() <= *near,
                    Relation::Unequal => (found - value).abs() > *near,
                };
            }
            Meaning::Health(health) => {
                let found = row.health();
                match self.relation {
                    Relation::Less => return found < *health,
                    Relation::AtMost => return found <= *health,
                    Relation::More => return found > *health,
                    Relation::AtLeast => return found >= *health,
                    Relation::Has | Relation::Equal | Relation::Unequal => found == *health,
                }
            }
            Meaning::Word(word) => word_of(self.field, row) == *word,
            Meaning::Flag(wanted) => flag_of(self.field, row, now) == *wanted,
            Meaning::Condition(glob) => row.conditions.iter().any(|c| tools.like(c.kind.word(), glob)),
            Meaning::Text(glob) => self.text_holds(row, glob, tools),
        };
        same != (self.relation == Relation::Unequal)
    }

    fn text_holds(&self, row: &Row, glob: &Glob, tools: &mut Tools) -> bool {
        // `*` means that there is something.
        let mut like = |text: &str| text.is_empty() == self.text.is_empty() && tools.like(text, glob);
        match self.field {
            Field::Group => like(&row.group),
            Field::Tag if row.tags.is_empty() => like(""),
            Field::Tag => row.tags.iter().any(|tag| like(tag)),
            Field::Id => like(row.id.as_str()),
            Field::Name => like(&row.name),
            Field::Input => like(&row.input),
            Field::Host => {
                let (host, port) = host_of(&row.input);
                like(host) || port.is_some_and(&mut like)
            }
            Field::Reason => like(&row.reason),
            Field::Note => like(&row.care.note),
            _ => false,
        }
    }
}

fn word_of(field: Field, row: &Row) -> &'static str {
    match field {
        Field::Phase => row.phase.word(),
        Field::Mode => row.mode.word(),
        Field::Watch => row.watch.word(),
        _ => "",
    }
}

fn flag_of(field: Field, row: &Row, now: Moment) -> bool {
    match field {
        Field::Acknowledged => row.care.acknowledged.is_some(),
        Field::Muted => row.care.is_muted(now),
        Field::Maintenance => row.maintenance,
        Field::Fallback => row.input_of.0 > 1,
        _ => false,
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody asks for memory to the byte")]
fn number_of(field: Field, row: &Row, now: Moment) -> Option<f64> {
    let figure = |value: Option<f32>| value.map(f64::from).filter(|value| value.is_finite());
    match field {
        Field::Fps => figure(row.figures.fps),
        Field::Bitrate => figure(row.figures.bitrate_kbps).map(|kbps| kbps * 1_000.0),
        Field::Speed => figure(row.figures.speed),
        Field::Uptime => {
            let started = row.started.filter(|_| row.phase.holds_slot())?;
            Some(now.since(started).as_secs_f64())
        }
        Field::Restarts => Some(row.restarts.into()),
        Field::Failures => Some(row.failures.into()),
        Field::Priority => Some(row.priority.into()),
        Field::Cpu => figure(row.usage.map(|usage| usage.cpu_percent)),
        Field::Mem => row.usage.map(|usage| usage.memory_bytes as f64),
        Field::Fds => row.usage.map(|usage| usage.open_files.into()),
        _ => None,
    }
}

/// The host of an input without its port, and with it if it has one; empty when it has none.
fn host_of(input: &str) -> (&str, Option<&str>) {
    let Some((_, behind)) = input.split_once("://") else { return ("", None) };
    let authority = behind.split(['/', '?', '#']).next().unwrap_or(behind);
    // User, password and the `@` of a multicast address are no part of it.
    let host = authority.rsplit('@').next().unwrap_or(authority);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, Some(host)),
        _ => (host, None),
    }
}
