//! The command as it was run, as a shell would take it.

use std::sync::Arc;

use super::super::tone::{Line, Lines, Tone};
use crate::console::glyphs::Glyphs;
use crate::console::keymap::Does;
use crate::console::state::State;
use crate::model::Row;

/// The arguments as one line for a shell, quoted where they must be.
#[must_use]
pub fn shell_words(arguments: &[Arc<str>]) -> String {
    let words: Vec<String> = arguments.iter().map(|argument| shell_word(argument)).collect();
    words.join(" ")
}

fn shell_word(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+=./:,@%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

/// The command, and the key to take it along.
pub fn lines(state: &State, row: &Row, wide: u16, glyphs: &Glyphs) -> Vec<Line> {
    let mut lines = Lines::new(wide, false, glyphs);
    let detail = state.detail.as_deref().filter(|detail| detail.stream == row.ix);
    match detail {
        None => lines.line("", vec![("waiting for the supervisor".into(), Tone::Dim)]),
        Some(detail) if detail.command.is_empty() => {
            lines.line("", vec![("no worker has been started yet".into(), Tone::Dim)]);
        }
        Some(detail) => {
            let key = state.keymap.key_for(Does::CopyCommand);
            if !key.is_empty() {
                let text = format!("as it was run last, secrets masked; {key} copies it");
                lines.text("", Vec::new(), &text, Tone::Dim, 0);
            }
            lines.text("", Vec::new(), &shell_words(&detail.command), Tone::Text, 2);
        }
    }
    lines.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_the_command_apart_as_it_was() {
        let arguments =
            ["ffmpeg", "-i", "http://a/b?x=1&y=2", "it's", "", "a b", "-vf", "fps=1,scale=8:8", "$HOME"];
        let line = shell_words(&arguments.map(Arc::from));
        assert_eq!(line, r"ffmpeg -i 'http://a/b?x=1&y=2' 'it'\''s' '' 'a b' -vf fps=1,scale=8:8 '$HOME'");
        let output =
            std::process::Command::new("sh").args(["-c", &format!("printf '%s\\n' {line}")]).output();
        let told = String::from_utf8(output.unwrap().stdout).unwrap();
        assert_eq!(told, arguments.join("\n") + "\n");
    }
}
