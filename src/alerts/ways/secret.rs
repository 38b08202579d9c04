//! Passwords and keys, taken out of what a server answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::alerts::letter::outside;

/// The longest answer that is kept, bytes.
pub const MAX_ANSWER_TEXT: usize = 300;

/// A part of a URL's path is taken for a token from this length on, bytes.
const MIN_TOKEN: usize = 8;

/// What must not be seen in an answer, in each form a server may have seen it in.
#[derive(Default)]
pub struct Hidden(Vec<String>);

impl Hidden {
    /// Hides what is sent when `user` signs in with `password`.
    pub fn sign_in(user: &str, password: &str) -> Self {
        let plain = STANDARD.encode(format!("\0{user}\0{password}"));
        Self(vec![plain, STANDARD.encode(password), password.to_owned()])
    }

    /// Hides a URL's path and query, and those parts of them that are long enough to be a token.
    pub fn path(path: &str) -> Self {
        let parts = path.split(['/', '?', '&', '=']).filter(|part| part.len() >= MIN_TOKEN);
        let whole = std::iter::once(path).filter(|path| path.len() > 1);
        Self(whole.chain(parts).map(str::to_owned).collect())
    }

    /// An answer as it may be shown and kept: one clean, masked line without what is hidden.
    pub fn clean(&self, answer: &str) -> String {
        let mut answer = answer.to_owned();
        for hidden in self.0.iter().filter(|hidden| !hidden.is_empty()) {
            answer = answer.replace(hidden, "***");
        }
        let one_line: Vec<&str> = answer.split_whitespace().collect();
        outside(&one_line.join(" "), MAX_ANSWER_TEXT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_shows_no_form_of_the_password() {
        let hidden = Hidden::sign_in("ops", "kanarie");
        let said = "kanarie  AG9wcwBrYW5hcmll\r\n a2FuYXJpZQ== \u{1b}[31m";
        assert_eq!(hidden.clean(said), "*** *** *** ␛[31m");
        let hidden = Hidden::path("/services/T0/kanarie-kanarie");
        assert_eq!(hidden.clean("no /services/T0/kanarie-kanarie, no kanarie-kanarie"), "no ***, no ***");
        assert_eq!(Hidden::path("/").clean("a/b"), "a/b");
        assert_eq!(Hidden::default().clean("see https://u:p@h/x"), "see https://***@h/x");
        assert!(hidden.clean(&"x ".repeat(10_000)).len() <= MAX_ANSWER_TEXT);
    }
}
