//! What is remembered of each command: who gave it, and what became of it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Role;
use crate::model::{Action, Answer, AuditEntry, Command};

/// Commands that are on their way; of more the oldest is remembered without an answer.
const MAX_UNANSWERED: usize = 2_048;

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

/// A command, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// Who gave it; `None`: a client in the supervisor's own process that did not say.
    pub who: Option<Who>,
    /// What it might do.
    pub role: Role,
    /// What it wanted.
    pub command: Command,
    /// What became of it.
    pub answer: Answer,
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
    command: Command,
}

impl Waiting {
    fn answered(self, answer: Answer) -> Audited {
        Audited { who: self.who, role: self.role, command: self.command, answer }
    }
}

/// Whether a command changes anything that somebody might ask for later. Looking at a stream does not.
pub(super) const fn is_remembered(command: &Command) -> bool {
    !matches!(command, Command::Streams { action: Action::Look, .. })
}

impl Unanswered {
    /// One more; gives what is remembered at once because too many wait.
    pub fn put(
        &mut self,
        (client, seq): (u64, u64),
        who: Option<Who>,
        role: Role,
        command: &Command,
    ) -> Option<Audited> {
        if !is_remembered(command) {
            return None;
        }
        let full = self.waiting.len() >= MAX_UNANSWERED;
        let oldest = full.then(|| self.waiting.pop_front()).flatten();
        self.waiting.push_back(Waiting { client, seq, who, role, command: command.clone() });
        oldest.map(|oldest| {
            oldest.answered(Answer::Refused { reason: "not known: it was never answered".into() })
        })
    }

    /// The oldest one of this client and number, with its answer.
    pub fn take(&mut self, client: u64, seq: u64, answer: &Answer) -> Option<Audited> {
        let at = self.waiting.iter().position(|w| (w.client, w.seq) == (client, seq))?;
        self.waiting.remove(at).map(|waiting| waiting.answered(answer.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Selection;

    const STOP: Command = Command::Streams { action: Action::Stop, target: Selection::All };

    #[test]
    fn each_answer_finds_its_command_and_the_number_that_waits_is_bounded() {
        let mut waiting = Unanswered::default();
        let done = Answer::Done { touched: 1 };
        assert_eq!(waiting.put((1, 7), None, Role::Operator, &STOP), None);
        assert_eq!(waiting.take(2, 7, &done), None, "another client's");
        assert_eq!(waiting.take(1, 7, &done).unwrap().answer, done);
        assert_eq!(waiting.take(1, 7, &done), None);
        let look = Command::Streams { action: Action::Look, target: Selection::All };
        waiting.put((1, 8), None, Role::Operator, &look);
        assert_eq!(waiting.take(1, 8, &done), None, "looking is not remembered");
        let mut left = 0;
        for seq in 0..MAX_UNANSWERED as u64 + 3 {
            left += u32::from(waiting.put((1, seq), None, Role::Operator, &STOP).is_some());
        }
        assert_eq!((left, waiting.waiting.len()), (3, MAX_UNANSWERED));
    }
}
