//! A command as people see it: secrets masked, control characters visible, and not without end.

use std::borrow::Cow;
use std::sync::Arc;

use super::bounds::COMMAND_SHOWN_BYTES;
use super::command::CommandLine;
use crate::model::{clean, mask_secrets, shell_line};

/// What stands in the place of a secret that is shown.
const MASK: &str = "***";

impl CommandLine {
    /// The command as a person would type it, `ffmpeg` first: quoted for a shell, secrets masked,
    /// control characters made visible. One line; to show and to copy, not to run.
    #[must_use]
    pub fn shown(&self) -> String {
        shell_line(&self.words("ffmpeg"))
    }

    /// The same word by word and not quoted, behind the program's own name. Of a very long command
    /// the rest is left out, and the last word is `…`.
    #[must_use]
    pub fn words(&self, program: &str) -> Vec<Arc<str>> {
        let mut words: Vec<Arc<str>> = vec![shown_text(program).into()];
        let mut left = COMMAND_SHOWN_BYTES;
        let mut before = Cow::Borrowed("");
        for arg in &self.args {
            let arg = arg.to_string_lossy();
            let text = match () {
                () if holds_secret(&before) => MASK.to_owned(),
                // What is published under is the key to publish under; what is read is a name.
                () if before != "-i" => without_stream_key(&shown_text(&arg)),
                () => shown_text(&arg),
            };
            let Some(room) = left.checked_sub(text.len()) else {
                words.push("…".into());
                break;
            };
            left = room;
            words.push(text.into());
            before = arg;
        }
        words
    }
}

/// Whether the value of this option is a secret whatever it looks like.
fn holds_secret(option: &str) -> bool {
    const WORDS: &[&str] = &[
        "pass",
        "pwd",
        "cookies",
        "headers",
        "secret",
        "token",
        "auth",
        "decryption_key",
        "enc_key",
        "cryptokey",
        "srtp",
    ];
    option.strip_prefix('-').is_some_and(|name| WORDS.iter().any(|word| name.contains(word)))
}

/// An RTMP address that is written to, without its last part.
fn without_stream_key(text: &str) -> String {
    let address =
        ["rtmp://", "rtmps://", "rtmpt://", "rtmpe://"].iter().any(|scheme| text.starts_with(scheme));
    match text.rsplit_once('/') {
        Some((begin, key)) if address && !key.is_empty() && begin.matches('/').count() > 2 => {
            format!("{begin}/{MASK}")
        }
        _ => text.to_owned(),
    }
}

/// Any text of a command, masked and clean.
pub fn shown_text(text: &str) -> String {
    clean(&mask_secrets(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(args: &[&str]) -> CommandLine {
        CommandLine { args: args.iter().map(Into::into).collect() }
    }

    #[test]
    fn what_is_shown_is_masked_and_quoted() {
        let args = [
            "-stats_period",
            "0.5",
            "-headers",
            "Authorization: Basic x\r\n",
            "-passphrase",
            "hush",
            "-i",
            "http://u:p@h/x?token=T&n=1",
            "o'clock.ts",
            "",
        ];
        let wanted = "ffmpeg -stats_period 0.5 -headers '***' -passphrase '***' \
                      -i 'http://***@h/x?token=***&n=1' 'o'\\''clock.ts' ''";
        assert_eq!(line(&args).shown(), wanted);
    }

    #[test]
    fn what_is_published_under_is_a_secret_and_what_is_read_is_a_name() {
        let args = [
            "-i",
            "rtmp://in.example/live/camera-1",
            "-f",
            "flv",
            "rtmp://out.example/app/k3y",
            "rtmps://out.example:443/app/instance/k3y?n=1",
            "rtmp://out.example/app",
            "rtmp://out.example/app/",
            "http://out.example/app/name",
        ];
        let wanted = [
            "ffmpeg",
            "-i",
            "rtmp://in.example/live/camera-1",
            "-f",
            "flv",
            "rtmp://out.example/app/***",
            "rtmps://out.example:443/app/instance/***",
            "rtmp://out.example/app",
            "rtmp://out.example/app/",
            "http://out.example/app/name",
        ];
        let words = line(&args).words("ffmpeg");
        assert_eq!(words.iter().map(|word| &**word).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn word_by_word_it_is_masked_and_not_quoted() {
        let args =
            ["-headers", "Authorization: x\r\n", "-i", "http://u:p@h/x?token=T&n=1", "a b\u{1b}[2J.ts", ""];
        let words = line(&args).words("/opt/my ff/ffmpeg");
        let wanted =
            ["/opt/my ff/ffmpeg", "-headers", "***", "-i", "http://***@h/x?token=***&n=1", "a b␛[2J.ts", ""];
        assert_eq!(words.iter().map(|word| &**word).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn of_a_command_without_end_the_rest_is_left_out() {
        let long = "x".repeat(COMMAND_SHOWN_BYTES / 10);
        let line = line(&[long.as_str(); 1_000]);
        let words = line.words("ffmpeg");
        assert_eq!(words.last().map(|word| &**word), Some("…"));
        assert!(words.iter().map(|word| word.len()).sum::<usize>() <= COMMAND_SHOWN_BYTES + 20);
        assert!(words.len() == 12 && line.shown().len() < 2 * COMMAND_SHOWN_BYTES);
    }
}
