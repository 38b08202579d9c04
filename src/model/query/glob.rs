//! Texts with `*` and `?` in them.

/// A pattern, held against texts without regard to capitals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// `*`: anything, also nothing.
    Any,
    /// `?`: one character.
    One,
    This(char),
}

impl Glob {
    /// A pattern for whole texts.
    pub fn whole(text: &str) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        for c in text.chars().flat_map(char::to_lowercase) {
            let piece = match c {
                '*' => Piece::Any,
                '?' => Piece::One,
                c => Piece::This(c),
            };
            if piece != Piece::Any || pieces.last() != Some(&Piece::Any) {
                pieces.push(piece);
            }
        }
        Self { pieces }
    }

    /// A text that is looked for anywhere; with `*` or `?` in it, it must be the whole.
    pub fn part(text: &str) -> Self {
        if text.contains(['*', '?']) { Self::whole(text) } else { Self::whole(&format!("*{text}*")) }
    }

    /// Whether `text` is as the pattern says. `letters` is only there to be used again.
    pub fn matches(&self, text: &str, letters: &mut Vec<char>) -> bool {
        letters.clear();
        letters.extend(text.chars().flat_map(char::to_lowercase));
        let (mut at, mut piece) = (0, 0);
        // Where the last `*` stands, and where what follows it was tried.
        let mut back: Option<(usize, usize)> = None;
        while at < letters.len() {
            match self.pieces.get(piece) {
                Some(Piece::Any) => {
                    back = Some((piece, at));
                    piece += 1;
                    continue;
                }
                Some(Piece::One) => {}
                Some(Piece::This(c)) if *c == letters[at] => {}
                _ => {
                    let Some((star, tried)) = back else { return false };
                    back = Some((star, tried + 1));
                    (piece, at) = (star + 1, tried + 1);
                    continue;
                }
            }
            (piece, at) = (piece + 1, at + 1);
        }
        self.pieces[piece..].iter().all(|piece| *piece == Piece::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_are_placeholders() {
        let whole = |pattern: &str, text: &str| Glob::whole(pattern).matches(text, &mut Vec::new());
        for (pattern, text, expected) in [
            ("ch-1", "ch-1", true),
            ("ch-1", "ch-10", false),
            ("CH-*", "ch-10", true),
            ("*", "", true),
            ("?", "", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*d", "abcbd", true),
            ("*b*d", "abcbde", false),
            ("a**b", "ab", true),
            ("stra\u{df}e*", "STRA\u{df}E 7", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(whole(pattern, text), expected, "{pattern} {text}");
        }
        let part = |pattern: &str, text: &str| Glob::part(pattern).matches(text, &mut Vec::new());
        assert!(part("news", "Nordlicht News 2") && !part("news*", "Nordlicht News 2"));
    }

    #[test]
    fn stars_do_not_make_it_slow() {
        let pattern = Glob::whole(&"*a".repeat(400));
        assert!(!pattern.matches(&"a".repeat(399), &mut Vec::new()));
        assert!(!Glob::whole(&format!("{}b", "*a".repeat(100))).matches(&"a".repeat(4_000), &mut Vec::new()));
    }
}
