//! What the operator orders, what is asked first, and what came of it.

use super::update::Effect;
use super::{Leaving, MAX_PENDING, Pending, Question, Screen, State, TOAST_FOR, Toast, counted};
use crate::link::ClientMessage;
use crate::model::{Action, Answer, Command, Selection, StreamId, Wanted};

impl State {
    /// Says something in the footer.
    pub(super) fn say(&mut self, text: String, bad: bool) {
        self.toast = Some(Toast { text, bad, until: self.now + TOAST_FOR });
    }

    /// Orders something for the stream under the cursor.
    pub(super) fn order_one(&mut self, action: Action) -> Vec<Effect> {
        let Some(row) = self.target() else {
            self.say(format!("{}: no stream is selected", action.word()), true);
            return Vec::new();
        };
        let what = format!("{} {}", action.word(), row.name);
        let target = Selection::Ids(vec![row.id.clone()]);
        vec![self.order(action, target, what)]
    }

    /// Asks whether to do it to all streams that are shown.
    pub(super) fn ask_many(&mut self, action: Action) {
        let shown = self.list.order.iter().filter_map(|ix| self.row(*ix));
        // Who restarts many does not mean what was stopped on purpose.
        let shown = shown.filter(|row| action != Action::Restart || row.wanted == Wanted::Started);
        let ids: Vec<StreamId> = shown.map(|row| row.id.clone()).collect();
        let count = ids.len();
        if count == 0 {
            self.say(format!("{}: no streams are shown", action.word()), true);
            return;
        }
        let ids = (self.list.is_filtered() && count < self.board.rows.len()).then_some(ids);
        self.question = Some(Question::Many { action, count, ids });
    }

    fn order(&mut self, action: Action, target: Selection, what: String) -> Effect {
        let seq = self.next_seq;
        self.next_seq += 1;
        if self.pending.len() == MAX_PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back(Pending { seq, what });
        Effect::Send(ClientMessage::Command { seq, command: Command::Streams { action, target } })
    }

    /// Says what became of a command.
    pub(super) fn answered(&mut self, seq: u64, answer: &Answer) {
        let at = self.pending.iter().position(|p| p.seq == seq);
        let what = at.and_then(|at| self.pending.remove(at)).map_or("order".into(), |p| p.what);
        let streams = |touched: usize| match touched {
            0 => "nothing to do".to_owned(),
            1 => "done".to_owned(),
            n => format!("done, {}", counted(n, "stream")),
        };
        match answer {
            Answer::Done { touched } => self.say(format!("{what}: {}", streams(*touched)), false),
            Answer::NotSaved { touched, reason } => {
                let done = streams(*touched);
                self.say(format!("{what}: {done}, but NOT SAVED for the next start: {reason}"), true);
            }
            Answer::Refused { reason } => self.say(format!("{what}: refused: {reason}"), true),
        }
    }

    /// The operator wants to leave.
    pub(super) fn quit(&mut self) -> Vec<Effect> {
        if self.leaving.is_some() {
            return vec![Effect::Hurry];
        }
        if self.workers() > 0 {
            self.question = Some(Question::Quit);
            return Vec::new();
        }
        self.leave()
    }

    /// Workers that run now.
    #[must_use]
    pub fn workers(&self) -> u32 {
        let holding = self.board.rows.values().filter(|row| row.phase.holds_slot()).count();
        self.board.pool.busy.max(u32::try_from(holding).unwrap_or(u32::MAX))
    }

    fn leave(&mut self) -> Vec<Effect> {
        let left = self.leaving.and_then(|l| l.left);
        self.leaving = Some(Leaving { asked: true, left });
        // What is left to see is in the grid.
        self.screens.retain(|s| *s == Screen::Grid);
        self.fit_to_size();
        vec![Effect::AskToQuit]
    }

    /// The question was answered with yes.
    pub(super) fn confirm(&mut self) -> Vec<Effect> {
        match self.question.take() {
            None => Vec::new(),
            Some(Question::Quit) => self.leave(),
            Some(Question::Suspend) => vec![Effect::Suspend],
            Some(Question::Many { action, count, ids }) => {
                let what = format!("{} {}", action.word(), counted(count, "stream"));
                vec![self.order(action, ids.map_or(Selection::All, Selection::Ids), what)]
            }
        }
    }
}
