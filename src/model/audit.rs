//! Who ordered what, and what became of it.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::moment::span_words;
use super::{Answer, CareOrder, Command, IncidentOrder, RolloutOrder, Selection, counted};

/// So many streams of a command are named.
const MAX_NAMED: usize = 10;
/// How the result of what was refused begins.
const REFUSED: &str = "refused";

/// One command, as it is remembered. Its JSON form is in `docs/reference.md` and kept stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// From 1 in each state folder, never used twice.
    pub number: u64,
    /// When it was answered: milliseconds since the Unix epoch.
    pub wall_ms: u64,
    /// The user's number, as the kernel told it.
    pub uid: u32,
    /// The user's name; the number where there is none.
    pub user: Arc<str>,
    /// The terminal the client ran on, as the client told it; empty when there was none.
    pub terminal: Arc<str>,
    /// `operator` or `viewer`.
    pub role: Arc<str>,
    /// The command in words.
    pub command: Arc<str>,
    /// What became of it, in words.
    pub result: Arc<str>,
    /// How often the same came in a row: all but the first are written together.
    pub times: u32,
}

impl AuditEntry {
    /// Whether it was refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.result.starts_with(REFUSED)
    }

    /// Whether `other` is the same again, at another time.
    #[must_use]
    pub fn is_again(&self, other: &Self) -> bool {
        let same = |a: &Self| (a.uid, Arc::clone(&a.terminal), Arc::clone(&a.role));
        same(self) == same(other) && self.command == other.command && self.result == other.result
    }
}

impl std::fmt::Display for AuditEntry {
    /// `anna (pts/3) stop news-1: done, 1 stream`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let terminal = if self.terminal.is_empty() { "no terminal" } else { &self.terminal };
        write!(f, "{} ({terminal}) {}: {}", self.user, self.command, self.result)?;
        if self.times > 1 { write!(f, ", {} times", self.times) } else { Ok(()) }
    }
}

impl Command {
    /// Whether it is one for streams, which are counted in its answer.
    #[must_use]
    pub const fn is_for_streams(&self) -> bool {
        matches!(self, Self::Streams { .. } | Self::Care { .. } | Self::Rollout(_))
    }

    /// What is ordered, in a line: `stop news-1, news-2`. Streams beyond the tenth are counted.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Streams { action, target } => format!("{} {}", action.word(), named(target)),
            Self::Care { order: CareOrder::Mute(span), target } => {
                format!("mute {} for {}", named(target), span_words(*span))
            }
            Self::Care { order: CareOrder::Note(note), target } => {
                format!("note {}: {:?}", named(target), super::clean_note(note))
            }
            Self::Care { order, target } => format!("{} {}", order.word(), named(target)),
            Self::Incident { number, order: IncidentOrder::Note(note) } => {
                format!("note incident {number}: {:?}", super::clean_note(note))
            }
            Self::Incident { number, order } => format!("{} incident {number}", order.word()),
            Self::Slots(Some(slots)) => format!("slots {slots}"),
            Self::Slots(None) => "slots auto".to_owned(),
            Self::Rollout(RolloutOrder::Continue) => "rollout continue".to_owned(),
            Self::Rollout(RolloutOrder::Back) => "rollout back".to_owned(),
            Self::Reload => "reload".to_owned(),
            Self::Shutdown => "shutdown".to_owned(),
        }
    }
}

fn named(target: &Selection) -> String {
    let Selection::Ids(ids) = target else { return "all".to_owned() };
    let names: Vec<&str> = ids.iter().take(MAX_NAMED).map(super::StreamId::as_str).collect();
    let mut out = names.join(", ");
    if ids.len() > MAX_NAMED {
        let _ = write!(out, " and {} more", ids.len() - MAX_NAMED);
    }
    if ids.is_empty() { "nobody".to_owned() } else { out }
}

impl Answer {
    /// What became of a command, in a line: `done, 3 streams`; `done` where it is not one for streams.
    #[must_use]
    pub fn words(&self, for_streams: bool) -> String {
        let done = |touched: usize| {
            if for_streams { format!("done, {}", counted(touched, "stream")) } else { "done".to_owned() }
        };
        match self {
            Self::Done { touched } => done(*touched),
            Self::NotSaved { touched, reason } => format!("{}, not saved: {reason}", done(*touched)),
            Self::Reloaded { summary, .. } => summary.to_string(),
            Self::Refused { reason } => format!("{REFUSED}: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Action, StreamId};
    use super::*;

    fn ids(count: usize) -> Selection {
        Selection::Ids((1..=count).map(|n| StreamId::new(&format!("s{n}")).unwrap()).collect())
    }

    #[test]
    fn commands_and_answers_are_a_line_each() {
        let streams = |action, target| Command::Streams { action, target };
        let care = |order| Command::Care { order, target: ids(1) };
        for (command, words) in [
            (streams(Action::Stop, ids(2)), "stop s1, s2"),
            (streams(Action::Restart, Selection::All), "restart all"),
            (streams(Action::Start, ids(12)), "start s1, s2, s3, s4, s5, s6, s7, s8, s9, s10 and 2 more"),
            (streams(Action::Start, ids(0)), "start nobody"),
            (care(CareOrder::Acknowledge), "acknowledge s1"),
            (care(CareOrder::Mute(Duration::from_secs(7_200))), "mute s1 for 2 h"),
            (care(CareOrder::Note("a\nb http://u:geheim@h/".into())), "note s1: \"a␊b http://***@h/\""),
            (Command::Slots(Some(7)), "slots 7"),
            (Command::Shutdown, "shutdown"),
        ] {
            assert_eq!(command.words(), words);
        }
        assert_eq!(Answer::Done { touched: 1 }.words(true), "done, 1 stream");
        assert_eq!(Answer::Done { touched: 0 }.words(false), "done");
        assert_eq!(
            Answer::NotSaved { touched: 2, reason: "full".into() }.words(true),
            "done, 2 streams, not saved: full"
        );
        assert_eq!(Answer::Refused { reason: "no".into() }.words(true), "refused: no");
    }

    #[test]
    fn an_entry_reads_as_a_sentence() {
        let entry = AuditEntry {
            number: 1,
            wall_ms: 5,
            uid: 1_000,
            user: "anna".into(),
            terminal: "pts/3".into(),
            role: "operator".into(),
            command: "stop news-1".into(),
            result: "done, 1 stream".into(),
            times: 1,
        };
        assert_eq!(entry.to_string(), "anna (pts/3) stop news-1: done, 1 stream");
        let again = AuditEntry { number: 2, wall_ms: 9, times: 3, terminal: "".into(), ..entry.clone() };
        assert_eq!(again.to_string(), "anna (no terminal) stop news-1: done, 1 stream, 3 times");
        assert!(!entry.is_again(&again), "from elsewhere");
        assert!(entry.is_again(&AuditEntry { terminal: "pts/3".into(), ..again }));
    }
}
