//! Which lines of a pane are shown, and in which of them something is found.

use super::pattern::Pattern;
use crate::model::{LineLevel, LogLine};

/// What is shown and what is searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct Sieve {
    /// The least grave that is shown.
    pub level: LineLevel,
    /// Only lines with this; or only those without.
    pub filter: Option<Pattern>,
    /// The filter hides what it matches.
    pub inverted: bool,
    /// This is searched for.
    pub search: Option<Pattern>,
}

impl Default for Sieve {
    fn default() -> Self {
        Self { level: LineLevel::Debug, filter: None, inverted: false, search: None }
    }
}

impl Sieve {
    /// Whether a line is shown, and whether it is a hit.
    #[must_use]
    pub fn judge(&self, line: &LogLine) -> (bool, bool) {
        let passes = self.filter.as_ref().is_none_or(|filter| filter.is_in(&line.text) != self.inverted);
        let shown = line.level <= self.level && passes;
        (shown, shown && self.search.as_ref().is_some_and(|search| search.is_in(&line.text)))
    }

    /// Whether it hides anything.
    #[must_use]
    pub fn hides(&self) -> bool {
        self.level != LineLevel::Debug || self.filter.is_some()
    }

    /// Shows only graver lines than now; after the gravest, all again.
    pub const fn next_level(&mut self) {
        self.level = match self.level {
            LineLevel::Debug => LineLevel::Info,
            LineLevel::Info => LineLevel::Warning,
            LineLevel::Warning => LineLevel::Error,
            LineLevel::Error => LineLevel::Debug,
        };
    }

    /// The filter as it is typed: with a `!` before it when it is inverted.
    #[must_use]
    pub fn typed(&self) -> String {
        let text = self.filter.as_ref().map_or("", Pattern::text);
        format!("{}{text}", if self.inverted { "!" } else { "" })
    }

    /// What is shown, in words; empty when it is everything.
    #[must_use]
    pub fn words(&self) -> String {
        let level = match self.level {
            LineLevel::Debug => "",
            LineLevel::Info => "info and above",
            LineLevel::Warning => "warnings and errors",
            LineLevel::Error => "errors",
        };
        let Some(filter) = &self.filter else {
            return level.to_owned();
        };
        let sign = if self.inverted { "without" } else { "with" };
        let gap = if level.is_empty() { "" } else { " " };
        format!("{level}{gap}{sign} {}", filter.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: LineLevel, text: &str) -> LogLine {
        LogLine { wall_ms: 1, level, text: text.into() }
    }

    #[test]
    fn severity_filter_and_search_work_together() {
        let pattern = |text| Some(Pattern::new(text).unwrap());
        let mut sieve = Sieve { filter: pattern("http"), search: pattern("404"), ..Sieve::default() };
        let judge = |sieve: &Sieve, level, text| sieve.judge(&line(level, text));
        assert_eq!(judge(&sieve, LineLevel::Info, "HTTP 404"), (true, true));
        assert_eq!(judge(&sieve, LineLevel::Info, "http 200"), (true, false));
        assert_eq!(judge(&sieve, LineLevel::Info, "404"), (false, false), "what is hidden is no hit");
        sieve.inverted = true;
        assert_eq!(judge(&sieve, LineLevel::Info, "404"), (true, true));
        assert_eq!(judge(&sieve, LineLevel::Info, "HTTP 404"), (false, false));
        sieve.next_level();
        sieve.next_level();
        assert_eq!(sieve.words(), "warnings and errors without http");
        assert_eq!(judge(&sieve, LineLevel::Info, "404"), (false, false));
        assert_eq!(judge(&sieve, LineLevel::Error, "404"), (true, true));
        sieve.next_level();
        sieve.next_level();
        assert_eq!((sieve.level, sieve.hides()), (LineLevel::Debug, true));
    }

    #[test]
    fn a_filter_is_typed_again_as_it_was() {
        let mut sieve = Sieve { filter: Some(Pattern::new("x").unwrap()), ..Sieve::default() };
        assert_eq!(sieve.typed(), "x");
        sieve.inverted = true;
        assert_eq!(sieve.typed(), "!x");
    }
}
