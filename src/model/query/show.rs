//! A query as text that reads as the same query again.

use std::fmt::{self, Display, Formatter, Write};

use super::token::{Token, Tokens};
use super::{Is, Node, Query, Term};

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.node {
            None => Ok(()),
            Some(node) => show(node, Around::Nothing, f),
        }
    }
}

/// What a part stands in.
#[derive(Clone, Copy, PartialEq)]
enum Around {
    Nothing,
    All,
    Not,
}

fn show(node: &Node, around: Around, f: &mut Formatter<'_>) -> fmt::Result {
    let (parts, between, inner) = match node {
        Node::Term(term) => return show_term(term, f),
        Node::Not(inner) => {
            f.write_char('-')?;
            return show(inner, Around::Not, f);
        }
        Node::All(parts) => (parts, " ", Around::All),
        Node::Any(parts) => (parts, " | ", Around::Nothing),
    };
    let brackets = around == Around::Not || around == Around::All && matches!(node, Node::Any(_));
    if brackets {
        f.write_char('(')?;
    }
    for (n, part) in parts.iter().enumerate() {
        f.write_str(if n == 0 { "" } else { between })?;
        show(part, inner, f)?;
    }
    if brackets {
        f.write_char(')')?;
    }
    Ok(())
}

fn show_term(term: &Term, f: &mut Formatter<'_>) -> fmt::Result {
    match term {
        Term::Word(text) => f.write_str(text),
        Term::Quoted(text) => quoted(text, f),
        Term::Is(is) => {
            let Is { field, relation, text, .. } = &**is;
            write!(f, "{}{}", field.word(), relation.sign())?;
            // As it would be read: in one piece, or in quotes.
            let piece = format!("{}{}{text}", field.word(), relation.sign());
            let mut tokens = Tokens::of(&piece);
            let same = matches!(tokens.next(), Ok(Some((_, Token::Is(.., read, _)))) if read == *text);
            if same && matches!(tokens.next(), Ok(None)) { f.write_str(text) } else { quoted(text, f) }
        }
    }
}

fn quoted(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}
