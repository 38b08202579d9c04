//! What is searched for, and what lines are filtered by: a regular expression.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast, ClassSetItem};

use crate::console::state::overlay::prompt::Mistake;

/// Memory a pattern may take when it is ready for use, bytes; and again while it matches.
pub const PATTERN_BYTES: usize = 1024 * 1024;
/// Brackets within brackets.
pub const NESTING: u32 = 32;
/// Hits shown in one line; the others are not marked.
pub const HITS_IN_LINE: usize = 64;

/// A pattern that can be used.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Pattern {
    /// Reads a pattern. With a capital letter in it large and small letters are different.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn new(text: &str) -> Result<Self, Mistake> {
        let mistake = |at: usize, what: String| Mistake { at, text: what };
        let ast = ast::parse::ParserBuilder::new().nest_limit(NESTING).build().parse(text);
        let ast = ast.map_err(|error| mistake(error.span().start.offset, explain(&error)))?;
        let any_case = !has_capital(&ast);
        let mut translator = regex_syntax::hir::translate::TranslatorBuilder::new();
        translator.case_insensitive(any_case);
        if let Err(error) = translator.build().translate(text, &ast) {
            return Err(mistake(error.span().start.offset, error.kind().to_string()));
        }
        let regex = RegexBuilder::new(text)
            .case_insensitive(any_case)
            .size_limit(PATTERN_BYTES)
            .dfa_size_limit(PATTERN_BYTES)
            .nest_limit(NESTING)
            .build();
        let regex = regex.map_err(|_| mistake(0, "too large a pattern: repeat less".into()))?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// As it was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is somewhere in `text`.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Where it is in `text`, in bytes; at most [`HITS_IN_LINE`] places.
    #[must_use]
    pub fn hits(&self, text: &str) -> Vec<Range<usize>> {
        let hits = self.regex.find_iter(text).map(|hit| hit.range());
        hits.filter(|hit| !hit.is_empty()).take(HITS_IN_LINE).collect()
    }
}

/// The mistake in words an operator knows.
fn explain(error: &ast::Error) -> String {
    use ast::ErrorKind as Kind;
    match error.kind() {
        Kind::GroupUnclosed => "this ( is not closed: write \\( for a bracket".into(),
        Kind::GroupUnopened => "this ) was not opened: write \\) for a bracket".into(),
        Kind::ClassUnclosed => "this [ is not closed: write \\[ for a bracket".into(),
        Kind::RepetitionMissing => {
            "nothing to repeat here: write \\ before it to mean the sign itself".into()
        }
        Kind::EscapeUnexpectedEof => "something must follow the \\".into(),
        Kind::EscapeUnrecognized => "no such escape: write \\\\ for a \\".into(),
        Kind::RepetitionCountUnclosed => "this { is not closed: write \\{ for a bracket".into(),
        Kind::NestLimitExceeded(_) => "too many brackets in brackets".into(),
        other => other.to_string(),
    }
}

/// Whether a capital letter stands for itself in it (`\W` is none).
fn has_capital(ast: &Ast) -> bool {
    struct Capitals(bool);
    impl ast::Visitor for Capitals {
        type Output = bool;
        type Err = std::convert::Infallible;

        fn finish(self) -> Result<bool, Self::Err> {
            Ok(self.0)
        }

        fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
            if let Ast::Literal(literal) = ast {
                self.0 |= literal.c.is_uppercase();
            }
            Ok(())
        }

        fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
            match item {
                ClassSetItem::Literal(literal) => self.0 |= literal.c.is_uppercase(),
                ClassSetItem::Range(range) => {
                    self.0 |= range.start.c.is_uppercase() || range.end.c.is_uppercase();
                }
                _ => {}
            }
            Ok(())
        }
    }
    match ast::visit(ast, Capitals(false)) {
        Ok(found) => found,
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_letters_find_both_and_capitals_only_themselves() {
        let found = |pattern: &str, text: &str| Pattern::new(pattern).unwrap().is_in(text);
        assert!(found("refused", "Connection REFUSED"));
        assert!(found("Refused", "Refused") && !found("Refused", "refused"));
        assert!(found(r"\Wrefused\S", "a REFUSED!"), "a class is no capital");
        assert!(found("[a-f]x", "BX") && !found("[A-F]x", "bx"));
        assert!(found("über", "ÜBER"));
    }

    #[test]
    fn a_mistake_has_its_place() {
        for (pattern, at, says) in [
            ("ab(c", 2, "not closed"),
            ("ab)c", 2, "not opened"),
            ("x[a-", 1, "not closed"),
            ("*x", 0, "nothing to repeat"),
            (r"x\", 1, "must follow"),
            (r"x\q", 1, "no such escape"),
            (r"\p{Foo}", 0, "not found"),
            ("ü{2,1}", 2, "range"),
        ] {
            let mistake = Pattern::new(pattern).unwrap_err();
            assert_eq!(mistake.at, at, "{pattern}: {mistake:?}");
            assert!(mistake.text.contains(says), "{pattern}: {mistake:?}");
        }
    }

    #[test]
    fn patterns_are_bounded_in_size_and_depth() {
        assert!(Pattern::new(r"(\w{100}){100}").unwrap_err().text.contains("too large"));
        let deep = "(".repeat(100) + &")".repeat(100);
        assert!(Pattern::new(&deep).unwrap_err().text.contains("brackets in brackets"));
    }

    #[test]
    fn hits_are_bounded_and_never_empty() {
        let pattern = Pattern::new("a").unwrap();
        assert_eq!(pattern.hits("banana"), [1..2, 3..4, 5..6]);
        assert_eq!(pattern.hits(&"a".repeat(2_000)).len(), HITS_IN_LINE);
        assert!(Pattern::new("x*").unwrap().hits("banana").is_empty());
        assert!(Pattern::new("").unwrap().is_in("anything"));
    }

    #[test]
    fn a_pattern_that_would_be_slow_elsewhere_is_not() {
        let line = "a".repeat(2_048);
        assert!(!Pattern::new("(a*)*b").unwrap().is_in(&line));
    }
}
