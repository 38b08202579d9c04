//! Words that were nearly right.

/// Comparing costs the product of the lengths; nothing longer is a slip of the fingers. Characters.
const LONGEST: usize = 40;

/// The one of `candidates` that `word` was probably meant to be. Capitals, and whether words are joined
/// by `-`, `_` or a blank, make no difference.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length == 0 || length > LONGEST {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let word = plain(word);
    let near = candidates.into_iter().map(|c| (strsim::damerau_levenshtein(&word, &plain(c)), c));
    near.filter(|(distance, _)| *distance <= (length / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

/// `a, b or c`.
#[must_use]
pub fn any_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_or_none() {
        let keys = ["slots", "start_parallel", "tags"];
        assert_eq!(nearest("slot", keys), Some("slots"));
        assert_eq!(nearest("SLOTS", keys), Some("slots"));
        assert_eq!(nearest("start-paralel", keys), Some("start_parallel"));
        assert_eq!(nearest("wheels", keys), None);
        assert_eq!(nearest(&"s".repeat(10_000), keys), None);
        assert_eq!(nearest("", keys), None);
        let names = ["page-up", "own-log", "Quit"];
        assert_eq!(nearest("pageup", names), Some("page-up"));
        assert_eq!(nearest("own log", names), Some("own-log"));
        assert_eq!(nearest("qiut", names), Some("Quit"));
    }
}
