//! A query, put together from its pieces.

use super::token::{Token, Tokens};
use super::{Is, MAX_DEPTH, MAX_QUERY, MAX_TERMS, Mistake, Node, Term, value};

/// Reads a query; `None`: nothing is asked.
pub(super) fn parse(text: &str) -> Result<Option<Node>, Mistake> {
    if let Some((at, _)) = text.char_indices().nth(MAX_QUERY) {
        return Err(Mistake::new(at, format!("the query is too long; at most {MAX_QUERY} characters")));
    }
    let mut parser = Parser { tokens: Tokens::of(text), next: None, end: text.len(), terms: 0 };
    parser.step()?;
    if parser.next.is_none() {
        return Ok(None);
    }
    let node = parser.any(0)?;
    match parser.next {
        // Only a closing bracket ends it before its end.
        Some((at, _)) => Err(Mistake::new(at, "no bracket is open here")),
        None => Ok(Some(node)),
    }
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    next: Option<(usize, Token)>,
    end: usize,
    terms: usize,
}

impl Parser<'_> {
    fn step(&mut self) -> Result<(), Mistake> {
        self.next = self.tokens.next()?;
        Ok(())
    }

    /// Alternatives.
    fn any(&mut self, depth: usize) -> Result<Node, Mistake> {
        let mut parts = Vec::new();
        push_any(&mut parts, self.all(depth)?);
        while matches!(self.next, Some((_, Token::Or))) {
            self.step()?;
            push_any(&mut parts, self.all(depth)?);
        }
        Ok(one_or(parts, Node::Any))
    }

    /// What must all hold.
    fn all(&mut self, depth: usize) -> Result<Node, Mistake> {
        let mut parts = Vec::new();
        push_all(&mut parts, self.one(depth)?);
        loop {
            match self.next {
                None | Some((_, Token::Close | Token::Or)) => break,
                Some((_, Token::And)) => self.step()?,
                Some(_) => {}
            }
            push_all(&mut parts, self.one(depth)?);
        }
        Ok(one_or(parts, Node::All))
    }

    fn one(&mut self, depth: usize) -> Result<Node, Mistake> {
        let Some((at, token)) = self.next.take() else {
            return Err(Mistake::new(self.end, "something to look for is missing here"));
        };
        if depth > MAX_DEPTH {
            return Err(Mistake::new(at, format!("too deep; at most {MAX_DEPTH} brackets in each other")));
        }
        let node = match token {
            Token::Open => {
                self.step()?;
                let node = self.any(depth + 1)?;
                if !matches!(self.next, Some((_, Token::Close))) {
                    return Err(Mistake::new(at, "this bracket has no end; write ) behind its last term"));
                }
                node
            }
            Token::Not => {
                self.step()?;
                return Ok(Node::Not(Box::new(self.one(depth + 1)?)));
            }
            Token::Close | Token::Or | Token::And => {
                return Err(Mistake::new(at, "something to look for is missing before this"));
            }
            Token::Word(text) => self.term(at, Term::Word(text))?,
            Token::Quoted(text) => self.term(at, Term::Quoted(text))?,
            Token::Is(field, relation, text, place) => {
                let meaning = value::read(field, relation, &text, place)?;
                self.term(at, Term::Is(Box::new(Is { field, relation, text, meaning })))?
            }
        };
        self.step()?;
        Ok(node)
    }

    fn term(&mut self, at: usize, term: Term) -> Result<Node, Mistake> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(Mistake::new(at, format!("too many terms; at most {MAX_TERMS}")));
        }
        Ok(Node::Term(term))
    }
}

fn push_any(parts: &mut Vec<Node>, node: Node) {
    match node {
        Node::Any(inner) => parts.extend(inner),
        node => parts.push(node),
    }
}

fn push_all(parts: &mut Vec<Node>, node: Node) {
    match node {
        Node::All(inner) => parts.extend(inner),
        node => parts.push(node),
    }
}

fn one_or(mut parts: Vec<Node>, whole: impl Fn(Vec<Node>) -> Node) -> Node {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => whole(parts.into_iter().chain(last).collect()),
    }
}
