//! Looking for what someone has typed half of.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// One pattern, held against many texts. Words may stand in any order, each must be there; capital
/// letters count only where they are typed.
pub struct Fuzzy {
    pattern: Pattern,
    matcher: Matcher,
    letters: Vec<char>,
}

impl Fuzzy {
    /// Looks for `typed`; an empty one is found everywhere.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        Self {
            pattern: Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart),
            matcher: Matcher::new(Config::DEFAULT),
            letters: Vec::new(),
        }
    }

    /// How well `text` matches; `None` when it does not.
    pub fn score(&mut self, text: &str) -> Option<u32> {
        self.pattern.score(Utf32Str::new(text, &mut self.letters), &mut self.matcher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_half_typed_is_found_and_the_better_match_scores_higher() {
        let mut fuzzy = Fuzzy::new("rst");
        let restart = fuzzy.score("restart").unwrap();
        assert!(fuzzy.score("first screen tells").is_some_and(|score| score < restart));
        assert_eq!(fuzzy.score("stop"), None);
        assert_eq!(Fuzzy::new("").score("anything"), Some(0));
        assert!(Fuzzy::new("all stop").score("stop all").is_some());
        assert!(Fuzzy::new("kuste").score("Küstenradio").is_some());
    }
}
