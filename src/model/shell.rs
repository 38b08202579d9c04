//! Words as a shell takes them.

use std::borrow::Cow;

/// One word for a shell, in quotes where it must be.
#[must_use]
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

/// The words as one line for a shell.
#[must_use]
pub fn shell_line<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<Cow<'_, str>> = words.iter().map(|word| shell_word(word.as_ref())).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_the_line_apart_as_it_was() {
        let words =
            ["ffmpeg", "-i", "http://a/b?x=1&y=2", "it's", "", "a b", "-vf", "fps=1,scale=8:8", "$HOME"];
        let line = shell_line(&words);
        assert_eq!(line, r"ffmpeg -i 'http://a/b?x=1&y=2' 'it'\''s' '' 'a b' -vf fps=1,scale=8:8 '$HOME'");
        let output =
            std::process::Command::new("sh").args(["-c", &format!("printf '%s\\n' {line}")]).output();
        let told = String::from_utf8(output.unwrap().stdout).unwrap();
        assert_eq!(told, words.join("\n") + "\n");
    }
}
