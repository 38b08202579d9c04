//! What is remembered of each command: who gave it, and what became of it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Role;
use crate::model::{Action, Answer, AuditEntry, Command, clean_line};

/// Commands that are on their way; of more the oldest is remembered without an answer.
const MAX_UNANSWERED: usize = 2_048;
/// What was ordered, and what became of it: so much of each is kept, bytes.
const MAX_WORDS: usize = 400;

/// Who a client is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The user, as the kernel told it.
    pub uid: u32,
    /// The user's name: clean text.
    pub user: Arc<str>,
    /// The terminal, as the client told it: clean text; empty when there is none.
    pub terminal: Arc<str>,
}

/// What is kept of a command: it may name very many streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// In words: a clean line of 400 bytes at most.
    words: Arc<str>,
    /// Its answer counts streams.
    for_streams: bool,
}

impl Ordered {
    /// Of a command.
    #[must_use]
    pub fn of(command: &Command) -> Self {
        Self { words: clean_line(&command.words(), MAX_WORDS).into(), for_streams: command.is_for_streams() }
    }
}

/// A command, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// Who gave it; `None`: a client in the supervisor's own process that did not say.
    pub who: Option<Who>,
    /// What it might do.
    pub role: Role,
    /// What it wanted, in words: a clean line of 400 bytes at most, however many streams were named.
    pub command: Arc<str>,
    /// What became of it, likewise.
    pub result: Arc<str>,
    /// It was refused.
    pub refused: bool,
    /// More has changed than its words tell: another one with the same words is not the same again.
    pub unlike: bool,
}

impl Audited {
    /// A command, as it is kept, with its answer.
    #[must_use]
    pub fn new(who: Option<Who>, role: Role, ordered: Ordered, answer: &Answer) -> Self {
        let refused = matches!(answer, Answer::Refused { .. });
        // It counts streams, and which ones they are stands in the lines.
        let unlike = matches!(answer, Answer::Reloaded { lines, .. } if !lines.is_empty());
        let result = clean_line(&answer.words(ordered.for_streams), MAX_WORDS).into();
        Self { who, role, command: ordered.words, result, refused, unlike }
    }
}

/// Takes what was read; empty where there is nothing.
pub type AuditAnswer = Box<dyn FnOnce(Vec<AuditEntry>) + Send>;

/// Where commands are remembered.
pub trait AuditTrail: Send + Sync {
    /// Remembers one. Called from threads that must not wait.
    fn record(&self, audited: Audited);
    /// Reads up to `count` entries (there is a bound to it) with numbers below `before`, oldest first, and
    /// gives them to `answer`, on another thread. False: too many requests wait, and `answer` is not called.
    fn read(&self, before: u64, count: usize, answer: AuditAnswer) -> bool;
}

/// Commands that were passed on and not answered yet.
#[derive(Debug, Default)]
pub(super) struct Unanswered {
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    client: u64,
    seq: u64,
    who: Option<Who>,
    role: Role,
    command: Ordered,
}

impl Waiting {
    fn answered(self, answer: &Answer) -> Audited {
        Audited::new(self.who, self.role, self.command, answer)
    }
}

/// What is kept of a command; `None`: it changes nothing that somebody might ask for later, as looking
/// at a stream does not. The command itself may name very many streams.
pub(super) fn remembered(command: &Command) -> Option<Ordered> {
    let looks = matches!(command, Command::Streams { action: Action::Look, .. });
    (!looks).then(|| Ordered::of(command))
}

impl Unanswered {
    /// One more; gives what is remembered at once because too many wait.
    pub fn put(
        &mut self,
        (client, seq): (u64, u64),
        who: Option<Who>,
        role: Role,
        command: Ordered,
    ) -> Option<Audited> {
        let full = self.waiting.len() >= MAX_UNANSWERED;
        let oldest = full.then(|| self.waiting.pop_front()).flatten();
        self.waiting.push_back(Waiting { client, seq, who, role, command });
        let unknown = Answer::Refused { reason: "not known: it was never answered".into() };
        oldest.map(|oldest| oldest.answered(&unknown))
    }

    /// The oldest one of this client and number, with its answer.
    pub fn take(&mut self, client: u64, seq: u64, answer: &Answer) -> Option<Audited> {
        let at = self.waiting.iter().position(|w| (w.client, w.seq) == (client, seq))?;
        self.waiting.remove(at).map(|waiting| waiting.answered(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Selection, StreamId};

    #[test]
    fn each_answer_finds_its_command_and_the_number_that_waits_is_bounded() {
        let mut waiting = Unanswered::default();
        let done = Answer::Done { touched: 1 };
        let stop = || Ordered { words: "stop all".into(), for_streams: true };
        assert_eq!(waiting.put((1, 7), None, Role::Operator, stop()), None);
        assert_eq!(waiting.take(2, 7, &done), None, "another client's");
        assert_eq!(&*waiting.take(1, 7, &done).unwrap().result, "done, 1 stream");
        assert_eq!(waiting.take(1, 7, &done), None);
        let mut left = 0;
        for seq in 0..MAX_UNANSWERED as u64 + 3 {
            left += u32::from(waiting.put((1, seq), None, Role::Operator, stop()).is_some());
        }
        assert_eq!((left, waiting.waiting.len()), (3, MAX_UNANSWERED));
    }

    #[test]
    fn of_a_command_a_line_is_kept_and_of_looking_nothing() {
        let command = |action, target| Command::Streams { action, target };
        assert_eq!(remembered(&command(Action::Look, Selection::All)), None);
        let name = "x".repeat(60);
        let ids = (0..20).map(|n| StreamId::new(&format!("{name}{n}")).unwrap()).collect();
        let kept = remembered(&command(Action::Stop, Selection::Ids(ids))).unwrap();
        assert!(kept.words.starts_with("stop xxx") && kept.words.len() <= MAX_WORDS, "{kept:?}");
    }

    #[test]
    fn only_what_is_for_streams_counts_them() {
        for (command, result) in [
            (Command::Slots(None), "done"),
            (Command::Shutdown, "done"),
            (Command::Streams { action: Action::Stop, target: Selection::All }, "done, 0 streams"),
        ] {
            let done = Answer::Done { touched: 0 };
            let audited = Audited::new(None, Role::Operator, Ordered::of(&command), &done);
            assert_eq!(&*audited.result, result, "{command:?}");
        }
    }
}
