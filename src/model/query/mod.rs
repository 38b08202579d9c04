//! The language in which streams are looked for: the filter of the grid, the views, and whatever
//! else takes a selector.
//!
//! Words are looked for by their letters in name, id, group and tags, and are phases, healths and
//! conditions too: `news critical`. Terms ask for a field: `group:sport fps<20 -tag:test`. What
//! stands side by side must all hold; `|` or `or` gives alternatives, brackets hold them together.
//!
//! A query that was read is pure data: [`Query`] shows itself as text that reads as the same query
//! again. A [`Search`] holds it against rows.

mod field;
mod find;
mod glob;
mod parse;
mod show;
#[cfg(test)]
mod tests;
mod token;
mod value;

pub use field::Field;
pub use find::Search;
use value::Meaning;

/// The longest query, in characters.
pub const MAX_QUERY: usize = 1_000;
/// Terms and words of one query.
pub const MAX_TERMS: usize = 100;
/// How deep brackets and negations may stand in each other.
pub const MAX_DEPTH: usize = 20;

/// What is looked for; the default finds everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    node: Option<Node>,
}

/// What is wrong with a text that should be a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Mistake {
    /// Where, in bytes of the text; at most its length.
    pub at: usize,
    /// What, and what to write instead. One clean line.
    pub text: String,
}

impl Mistake {
    fn new(at: usize, text: impl Into<String>) -> Self {
        Self { at, text: text.into() }
    }

    /// Where it is in `text`, in characters, counted from 1.
    #[must_use]
    pub fn column(&self, text: &str) -> usize {
        text.char_indices().take_while(|(at, _)| *at < self.at).count() + 1
    }
}

/// A part of a query. `All` and `Any` have two parts or more, and none of their own kind in them.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Term(Term),
}

impl Node {
    /// No deeper than [`MAX_DEPTH`].
    fn terms(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::terms).sum(),
            Self::Not(part) => part.terms(),
            Self::Term(_) => 1,
        }
    }

    fn called(field: Field, text: &str) -> Self {
        let meaning = Meaning::Text(glob::Glob::whole(text));
        Self::Term(Term::Is(Box::new(Is {
            field,
            relation: Relation::Equal,
            text: text.to_owned(),
            meaning,
        })))
    }

    /// `None`: of nothing.
    fn any(mut parts: Vec<Self>) -> Option<Self> {
        if parts.len() > 1 { Some(Self::Any(parts)) } else { parts.pop() }
    }

    fn lasting(&self) -> Option<Self> {
        let several = |parts: &[Self]| parts.iter().map(Self::lasting).collect::<Option<Vec<_>>>();
        match self {
            Self::All(parts) => several(parts).map(Self::All),
            // Of what was one word there may be several now.
            Self::Any(parts) => {
                Some(Self::Any(several(parts)?.into_iter().flat_map(Self::alternatives).collect()))
            }
            Self::Not(part) => part.lasting().map(|part| Self::Not(Box::new(part))),
            Self::Term(Term::Is(is)) => is.field.is_configured().then(|| self.clone()),
            // A word without a placeholder may be that of a state.
            Self::Term(Term::Word(text)) if text.contains(['*', '?']) => {
                let fields = [Field::Name, Field::Id, Field::Group, Field::Tag];
                Self::any(fields.map(|field| Self::called(field, text)).into())
            }
            Self::Term(_) => None,
        }
    }

    fn alternatives(self) -> Vec<Self> {
        match self {
            Self::Any(parts) => parts,
            other => vec![other],
        }
    }
}

/// What can be found in a row.
#[derive(Debug, Clone, PartialEq)]
enum Term {
    /// Looked for by its letters.
    Word(String),
    /// Looked for as it stands.
    Quoted(String),
    /// Something about a field.
    Is(Box<Is>),
}

/// A field, and what is asked of it.
#[derive(Debug, Clone, PartialEq)]
struct Is {
    field: Field,
    relation: Relation,
    /// As it was written, without quotes.
    text: String,
    meaning: Meaning,
}

/// How a field's value stands to the one in the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// `:`
    Has,
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Relation {
    /// Every relation; a sign that begins with another one's stands before it.
    const ALL: [Self; 7] =
        [Self::Has, Self::Unequal, Self::AtMost, Self::AtLeast, Self::Equal, Self::Less, Self::More];

    const fn sign(self) -> &'static str {
        match self {
            Self::Has => ":",
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    /// It asks for an order, not only for the same.
    const fn orders(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::More | Self::AtLeast)
    }
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// The first mistake, with its place.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        parse::parse(text).map(|node| Self { node })
    }

    /// How many terms and words it has.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.node.as_ref().map_or(0, Node::terms)
    }

    /// A query that finds who has one of these texts as the whole of one of these fields, whatever its
    /// capitals; fields that hold texts.
    #[must_use]
    pub fn called<'a>(fields: &[Field], texts: impl IntoIterator<Item = &'a str>) -> Self {
        let parts = texts.into_iter().flat_map(|text| fields.iter().map(|field| Node::called(*field, text)));
        Self { node: Node::any(parts.collect()) }
    }

    /// The query that finds the same as [`Search::exact`] does with this one, if it asks only for what the
    /// configuration says of a stream: so that who is found stays found, whatever becomes of the stream.
    #[must_use]
    pub fn lasting(&self) -> Option<Self> {
        let Some(node) = &self.node else { return Some(Self::default()) };
        Some(Self { node: Some(node.lasting()?) })
    }

    /// Whether it finds everything, because nothing is asked.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.node.is_none()
    }
}

impl std::str::FromStr for Query {
    type Err = Mistake;

    fn from_str(text: &str) -> Result<Self, Mistake> {
        Self::parse(text)
    }
}
