//! The parts of one line of FFmpeg's log.

use crate::model::LineLevel;

/// `[hls @ 0x55c4a8325540] [warning] Failed to reload playlist 0`, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Who says it: `hls`. The innermost one, without its address.
    pub context: Option<&'a str>,
    /// What the tag says; `None` where there is none: not FFmpeg's own logging, or a folded repeat.
    pub level: Option<LineLevel>,
    /// The rest.
    pub message: &'a str,
}

impl<'a> Line<'a> {
    /// Takes a line apart. Never fails: what has no prefix is all message.
    pub fn parse(text: &'a str) -> Self {
        let mut line = Self { context: None, level: None, message: text };
        while let Some((word, rest)) =
            line.message.strip_prefix('[').and_then(|inside| inside.split_once("] "))
        {
            if let Some((context, address)) = word.split_once(" @ ") {
                if !address.starts_with("0x") {
                    break;
                }
                line.context = Some(context);
            } else if let Some(level) = level(word) {
                line.level = Some(level);
                line.message = rest;
                break;
            } else {
                break;
            }
            line.message = rest;
        }
        line
    }

    /// `N` of `Last message repeated N times`, which carries no level tag.
    pub fn repeats(&self) -> Option<u32> {
        let count = self.message.trim_start().strip_prefix("Last message repeated ")?;
        count.strip_suffix(" times")?.parse().ok()
    }
}

fn level(word: &str) -> Option<LineLevel> {
    match word {
        "panic" | "fatal" | "error" => Some(LineLevel::Error),
        "warning" => Some(LineLevel::Warning),
        "info" => Some(LineLevel::Info),
        "verbose" | "debug" | "trace" => Some(LineLevel::Debug),
        _ => None,
    }
}

/// Info lines that say nothing an operator would ever look for: one for every segment and playlist
/// of an HLS stream, for ever.
pub fn is_noise(message: &str) -> bool {
    (message.starts_with("Opening '") && message.ends_with("' for reading"))
        || message.starts_with("Skip ('#")
        || message.starts_with("ffmpeg stats and -progress period set to")
        || message.starts_with("frame=")
        || message.starts_with("size=")
        || message.trim() == "Metadata:"
        || message.trim_start().starts_with("variant_bitrate")
}

/// Warnings and errors that are none: what an orderly stop of a stalled worker says, what the copy
/// to nowhere says about sound, and that an idle connection had been closed by its server.
pub fn is_harmless(message: &str) -> bool {
    message.ends_with("Immediate exit requested")
        || message == "frame size not set"
        || (message.starts_with("keepalive request failed for") && !message.contains("timed out"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_both_versions_are_taken_off() {
        for (text, context, level, message) in [
            ("[info] Stream mapping:", None, Some(LineLevel::Info), "Stream mapping:"),
            (
                "[http @ 0x1f] [warning] HTTP error 404",
                Some("http"),
                Some(LineLevel::Warning),
                "HTTP error 404",
            ),
            ("[in#0/hls @ 0x5] [error] x [y] z", Some("in#0/hls"), Some(LineLevel::Error), "x [y] z"),
            ("[a @ 0x1] [b @ 0x2] [fatal] m", Some("b"), Some(LineLevel::Error), "m"),
            ("[info]   Stream #0:0: Video", None, Some(LineLevel::Info), "  Stream #0:0: Video"),
            ("[verbose] v", None, Some(LineLevel::Debug), "v"),
            ("no tag", None, None, "no tag"),
            ("[27][0][0][0] odd", None, None, "[27][0][0][0] odd"),
            ("[x @ y] [error] m", None, None, "[x @ y] [error] m"),
            ("[", None, None, "["),
        ] {
            assert_eq!(Line::parse(text), Line { context, level, message });
        }
    }

    #[test]
    fn folded_lines_are_counted() {
        assert_eq!(Line::parse("    Last message repeated 17 times").repeats(), Some(17));
        assert_eq!(Line::parse("[x @ 0x1]     Last message repeated 1 times").repeats(), Some(1));
        assert_eq!(Line::parse("Last message repeated many times").repeats(), None);
        assert_eq!(Line::parse("Last message repeated 99999999999 times").repeats(), None);
    }

    #[test]
    fn each_segment_is_noise_and_an_error_is_not() {
        assert!(is_noise("Opening 'http://h/seg1.ts' for reading"));
        assert!(is_noise("Skip ('#EXT-X-VERSION:3')"));
        assert!(!is_noise("Opening an input failed"));
        assert!(!is_noise("Input #0, hls, from 'http://h/live.m3u8':"));
    }
}
