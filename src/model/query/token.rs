//! A query, taken apart into words and signs.

use super::super::quote;
use super::{Field, Mistake, Relation};

/// One piece of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `|` or `or`
    Or,
    /// `and`, which says what is so anyway.
    And,
    /// `-` or `!`, right before what is not wanted.
    Not,
    /// A word to look for.
    Word(String),
    /// A text in quotes.
    Quoted(String),
    /// A field, what is asked of it, and where the value stands.
    Is(Field, Relation, String, usize),
}

/// Where a word ends.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '|' | '"')
}

/// Takes a text apart, piece by piece.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub const fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = &self.text[self.at..self.at + bytes];
        self.at += bytes;
        taken
    }

    /// The next piece, with its place; `None` at the end.
    pub fn next(&mut self) -> Result<Option<(usize, Token)>, Mistake> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        let (rest, at) = (self.rest(), self.at);
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let token = match first {
            '(' => self.sign(Token::Open),
            ')' => self.sign(Token::Close),
            '|' => self.sign(Token::Or),
            '-' | '!' => self.negation(first)?,
            '"' => Token::Quoted(self.quoted()?),
            '<' | '>' | '=' | ':' => {
                let message = "no field stands before it; write it in one piece, like fps<20";
                return Err(Mistake::new(at, message));
            }
            _ => self.word()?,
        };
        Ok(Some((at, token)))
    }

    fn sign(&mut self, token: Token) -> Token {
        self.take(1);
        token
    }

    fn negation(&mut self, sign: char) -> Result<Token, Mistake> {
        let at = self.at;
        self.take(1);
        match self.rest().chars().next() {
            Some(c) if !c.is_whitespace() && c != ')' && c != '|' => Ok(Token::Not),
            _ => Err(Mistake::new(at, format!("what is not wanted stands right behind it, like {sign}news"))),
        }
    }

    /// A text in quotes, from its first one on. `\"` and `\\` stand for a quote and a backslash.
    fn quoted(&mut self) -> Result<String, Mistake> {
        let begin = self.at;
        self.take(1);
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.take(at + 1);
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(Mistake::new(begin, "this quote has no end; write another one behind the text"))
    }

    fn word(&mut self) -> Result<Token, Mistake> {
        if let Some(token) = self.field()? {
            return Ok(token);
        }
        let rest = self.rest();
        let word = self.take(rest.find(ends_word).unwrap_or(rest.len()));
        Ok(match word {
            "or" => Token::Or,
            "and" => Token::And,
            word => Token::Word(word.to_owned()),
        })
    }

    /// A field with its sign and value, if that is what stands here.
    fn field(&mut self) -> Result<Option<Token>, Mistake> {
        let (rest, at) = (self.rest(), self.at);
        let letters = |c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '_');
        let name = &rest[..rest.find(|c| !letters(c)).unwrap_or(rest.len())];
        let behind = &rest[name.len()..];
        let found = Relation::ALL.into_iter().find(|relation| behind.starts_with(relation.sign()));
        let Some(relation) = found.filter(|_| !name.is_empty() && !behind.starts_with("://")) else {
            return Ok(None);
        };
        let Some(field) = Field::of_word(name) else {
            return Err(Mistake::new(at, no_field(name)));
        };
        self.take(name.len() + relation.sign().len());
        let place = self.at;
        let value = self.rest();
        let text = if value.starts_with('"') {
            self.quoted()?
        } else {
            let text = self.take(value.find(ends_word).unwrap_or(value.len()));
            if text.is_empty() {
                return Err(Mistake::new(place, no_value(field)));
            }
            text.to_owned()
        };
        Ok(Some(Token::Is(field, relation, text, place)))
    }
}

fn no_field(name: &str) -> String {
    if let Some(meant) = Field::meant_by(name) {
        return format!("no field {}; did you mean {meant}?", quote(name));
    }
    let names: Vec<&str> = Field::ALL.iter().map(|field| field.word()).collect();
    format!("no field {}; there are {}", quote(name), names.join(", "))
}

fn no_value(field: Field) -> String {
    format!("the value of {} is missing; write it like {}", field.word(), field.example())
}
