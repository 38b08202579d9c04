//! What operators note about a stream while they look after it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Moment, clean_line};

/// The longest note, in characters.
pub const MAX_NOTE: usize = 200;
/// So much of what is sent as a note is looked at, bytes: a pasted file is no note.
const MAX_NOTE_SENT: usize = 8 * 1024;
/// The shortest time for which nobody is told.
pub const MIN_MUTE: Duration = Duration::from_secs(60);
/// The longest: what nobody has looked at for a month is forgotten.
pub const MAX_MUTE: Duration = Duration::from_secs(30 * 86_400);

/// What was typed as a note, as it is kept: one clean line without blanks around it, its secrets
/// masked, at most [`MAX_NOTE`] characters.
#[must_use]
pub fn clean_note(typed: &str) -> Arc<str> {
    let clean = clean_line(typed.trim(), MAX_NOTE_SENT);
    let clean = clean.trim();
    if clean.chars().count() <= MAX_NOTE {
        return clean.into();
    }
    let cut: String = clean.chars().take(MAX_NOTE - 1).collect();
    format!("{}…", cut.trim_end()).into()
}

/// What operators noted about one stream. Kept over restarts of headend.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Care {
    /// Someone knows about what is wrong now: since when. Ends when the stream is well again for a
    /// while, and when something worse comes.
    pub acknowledged: Option<Moment>,
    /// Nobody is told about it until then.
    pub muted_until: Option<Moment>,
    /// For the next shift; at most [`MAX_NOTE`] characters on one clean line, empty when there is none.
    pub note: Arc<str>,
}

impl Care {
    /// Whether nobody is told about it at `now`: until the mute's end, not at it.
    #[must_use]
    pub fn is_muted(&self, now: Moment) -> bool {
        self.muted_until.is_some_and(|until| until > now)
    }

    /// For how much longer nobody is told, seen at `now`; `None`: everybody is.
    #[must_use]
    pub fn muted_for(&self, now: Moment) -> Option<Duration> {
        self.is_muted(now).then_some(self.muted_until).flatten().map(|until| now.until(until))
    }
}

/// An operator's order about what is noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CareOrder {
    /// I know. Streams that have nothing wrong are left as they are.
    Acknowledge,
    /// I don't, after all.
    Unacknowledge,
    /// Tell nobody for so long; a new time replaces the one before.
    Mute(Duration),
    /// Tell again.
    Unmute,
    /// Keep this note; an empty one removes it.
    Note(Arc<str>),
}

impl CareOrder {
    /// The word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Unacknowledge => "unacknowledge",
            Self::Mute(_) => "mute",
            Self::Unmute => "unmute",
            Self::Note(_) => "note",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mute_ends_at_its_time() {
        let (end, minute) = (Moment::from_millis(90_000), Duration::from_secs(60));
        let care = Care { muted_until: Some(end), ..Care::default() };
        assert!(care.is_muted(end - minute) && care.is_muted(end - Duration::from_millis(1)));
        assert_eq!(care.muted_for(end - minute), Some(minute));
        for after in [end, end + minute] {
            assert_eq!((care.is_muted(after), care.muted_for(after)), (false, None));
        }
        assert!(!Care::default().is_muted(end));
    }

    #[test]
    fn a_note_is_one_clean_line_of_so_many_characters() {
        for (typed, kept) in [
            ("  ask the provider \n", "ask the provider"),
            ("two\nlines\x1b[2J", "two␊lines␛[2J"),
            ("see https://me:geheim@wiki/x?token=abc", "see https://***@wiki/x?token=***"),
            (" \t\n ", ""),
            ("", ""),
        ] {
            assert_eq!(&*clean_note(typed), kept, "{typed:?}");
        }
        let full = "\u{1f4fa}".repeat(MAX_NOTE);
        assert_eq!(&*clean_note(&full), full);
        for longer in [full + "x", "a b ".repeat(200), "x".repeat(10 * MAX_NOTE_SENT)] {
            let kept = clean_note(&longer);
            assert!(kept.chars().count() <= MAX_NOTE && kept.ends_with('…'), "{kept}");
        }
    }
}
