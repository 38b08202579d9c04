//! What the operator orders, what is asked first, and what came of it.

use super::overlay::Overlay;
use super::undo::{Back, Undo, inverse};
use super::update::Effect;
use super::{Dirty, LOOK_EVERY, Leaving, MAX_PENDING, Pending, Question, Screen, SlotsOrder, State, counted};
use crate::link::ClientMessage;
use crate::model::{Action, Answer, Command, NoticeKind, RolloutOrder, Selection, Wanted, WatchKind};

/// A pool smaller than this is changed by one slot at a time, a larger one by a tenth.
const SLOTS_ONE_BY_ONE: u32 = 20;

/// Whether streams begin to run by it.
pub(super) const fn starts(command: &Command) -> bool {
    matches!(command, Command::Streams { action: Action::Start | Action::Restart, .. })
}

impl State {
    /// Orders something for the stream under the cursor.
    pub(super) fn order_one(&mut self, action: Action) -> Vec<Effect> {
        let Some(row) = self.target() else {
            self.say(format!("{}: no stream is selected", action.word()), true);
            return Vec::new();
        };
        let what = format!("{} {}", action.word(), row.name);
        let target = Selection::Ids(vec![row.id.clone()]);
        let command = Command::Streams { action, target };
        vec![self.order(command, what, None)]
    }

    /// Orders something. What it changes can be taken back for a while, as far as that is possible.
    pub(super) fn order(&mut self, command: Command, what: String, done: Option<String>) -> Effect {
        let commands = inverse(&command, &self.board, self.now);
        let back = (!commands.is_empty()).then(|| Back { ordered: command.clone(), commands });
        // What can be taken back is the last order, and nothing while its answer is on its way.
        self.take_undo();
        self.last_order = self.next_seq;
        let starts = starts(&command);
        let pending = Pending { seq: self.next_seq, what, done, starts, back, ..Pending::default() };
        self.send(command, pending)
    }

    /// The machine is too busy, or too full, for anything to be started.
    #[must_use]
    pub fn host_holds(&self) -> bool {
        self.live().notices.iter().any(|notice| notice.kind == NoticeKind::Host)
    }

    pub(super) fn send(&mut self, command: Command, pending: Pending) -> Effect {
        let seq = pending.seq;
        self.next_seq = seq + 1;
        if self.pending.len() == MAX_PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back(pending);
        Effect::Send(ClientMessage::Command { seq, command })
    }

    /// Asks whether to go on with the rollout, or back.
    pub(super) fn ask_rollout(&mut self, order: RolloutOrder) {
        if self.rollout().is_some() {
            self.ask(Question::Rollout(order));
        } else {
            self.say("no rollout has stopped".into(), true);
        }
    }

    /// Orders a larger or a smaller pool. Steps add up while the board does not show them yet.
    pub(super) fn change_slots(&mut self, more: bool) -> Vec<Effect> {
        let from = self.slots_order.map_or(self.board.pool.slots, |order| order.slots);
        let step = if from < SLOTS_ONE_BY_ONE { 1 } else { (from / 10).max(1) };
        let slots = if more { from.saturating_add(step) } else { from.saturating_sub(step).max(1) };
        if slots == from {
            self.say(format!("the pool has {} already", counted(slots as usize, "slot")), true);
            return Vec::new();
        }
        let what = counted(slots as usize, "slot");
        let done = format!("the pool is now to have {what}");
        self.slots_order = Some(SlotsOrder { seq: self.next_seq, slots, answered: false });
        vec![self.order(Command::Slots(Some(slots)), what, Some(done))]
    }

    /// Orders as many slots as the machine carries.
    pub(super) fn auto_slots(&mut self) -> Vec<Effect> {
        self.slots_order = None;
        let done = "the number of slots follows the machine".to_owned();
        vec![self.order(Command::Slots(None), "slots auto".into(), Some(done))]
    }

    /// The board's pool has changed: an order that it shows, or that was answered before, is done.
    pub(super) fn pool_changed(&mut self) {
        let slots = self.board.pool.slots;
        self.slots_order = self.slots_order.filter(|order| !order.answered && order.slots != slots);
    }

    /// Tells the supervisor that someone looks at the open stream, when it takes turns and was not
    /// told for a while.
    pub(super) fn look(&mut self) -> Option<Effect> {
        let row = self.open.and_then(|ix| self.row(ix)).filter(|row| row.watch == WatchKind::Rotate)?;
        let due = self.looked_at.is_none_or(|at| self.now.since(at) >= LOOK_EVERY);
        if !due || self.leaving.is_some() || self.is_frozen() {
            return None;
        }
        let target = Selection::Ids(vec![row.id.clone()]);
        self.looked_at = Some(self.now);
        let pending = Pending { seq: self.next_seq, quiet: true, ..Pending::default() };
        Some(self.send(Command::Streams { action: Action::Look, target }, pending))
    }

    /// Says what became of a command.
    pub(super) fn answered(&mut self, seq: u64, answer: &Answer) {
        let refused = matches!(answer, Answer::Refused { .. });
        if let Answer::Refused { reason } = answer
            && (self.audit_refused(seq, reason) || self.refused_incidents(seq, reason))
        {
            return;
        }
        self.incident_order_answered();
        if self.log.refused(seq) {
            if let Answer::Refused { reason } = answer {
                self.say(format!("older lines: {reason}"), true);
                self.want(Dirty::Now);
            }
            return;
        }
        if let Some(order) = self.slots_order.as_mut().filter(|order| order.seq == seq) {
            order.answered = true;
            self.slots_order = self.slots_order.filter(|_| !refused);
        }
        let at = self.pending.iter().position(|p| p.seq == seq);
        let pending = at.and_then(|at| self.pending.remove(at));
        if pending.as_ref().is_some_and(|p| p.quiet) {
            return;
        }
        self.order_was_recorded();
        let pending = pending.unwrap_or_else(|| Pending { what: "order".into(), ..Pending::default() });
        let Pending { what, done, back, starts, undoes, .. } = pending;
        let changed = match answer {
            Answer::Done { touched } | Answer::NotSaved { touched, .. } => *touched > 0 || done.is_some(),
            Answer::Reloaded { .. } | Answer::Refused { .. } => false,
        };
        // Another order was given since: to take back what was before it would take that back too.
        let back = back.filter(|_| changed && seq == self.last_order);
        let undo = back.map(|back| self.can_be_undone(&what, back));
        self.want(Dirty::Now);
        let held = if starts && self.host_holds() { ", held until the host recovers" } else { "" };
        let streams = |touched: usize| match touched {
            0 => "nothing to do".to_owned(),
            1 => "done".to_owned(),
            n => format!("done, {}", counted(n, "stream")),
        };
        match answer {
            Answer::Done { touched: 0 } if undoes => self.say(format!("{what}: it is so already"), false),
            Answer::Done { .. } if done.is_some() => {
                self.say(format!("{}{held}", done.unwrap_or_default()), false);
            }
            Answer::Done { touched } => {
                let held = if *touched > 0 { held } else { "" };
                self.say(format!("{what}: {}{held}", streams(*touched)), false);
            }
            Answer::NotSaved { touched, reason } => {
                let done = streams(*touched) + held;
                self.say(format!("{what}: {done}, but NOT SAVED for the next start: {reason}"), true);
            }
            Answer::Reloaded { summary, .. } => self.say(format!("{what}: {summary}"), false),
            Answer::Refused { reason } => self.say(format!("{what}: refused: {reason}"), true),
        }
        if let (Some(until), Some(toast)) = (undo, &mut self.toast) {
            toast.text += self.undo.as_ref().map_or("", Undo::hint);
            toast.until = until;
        }
    }

    /// The operator wants to leave.
    pub(super) fn quit(&mut self) -> Vec<Effect> {
        if self.attached {
            return vec![Effect::Detach];
        }
        if self.leaving.is_some() {
            return vec![Effect::Hurry];
        }
        // In an outage no worker may run, and yet there is much to lose.
        let wanted = self.live().rows.values().any(|row| row.wanted == Wanted::Started);
        // What else runs is not told of here.
        if self.workers() > 0 || wanted || self.only.is_some() {
            self.ask(Question::Quit);
            return Vec::new();
        }
        self.leave()
    }

    /// Workers that run now.
    #[must_use]
    pub fn workers(&self) -> u32 {
        let board = self.live();
        let holding = board.rows.values().filter(|row| row.phase.holds_slot()).count();
        board.pool.busy.max(u32::try_from(holding).unwrap_or(u32::MAX))
    }

    fn leave(&mut self) -> Vec<Effect> {
        let left = self.leaving.and_then(|l| l.left);
        self.leaving = Some(Leaving { asked: true, left });
        // What is left to see is in the grid, as it is now.
        self.go_live();
        if !self.wall.alone {
            self.screens.retain(|s| *s == Screen::Grid);
        }
        self.fit_to_size();
        vec![Effect::AskToQuit]
    }

    /// The question was answered with yes.
    pub(super) fn confirm(&mut self) -> Vec<Effect> {
        let Some(Overlay::Question(question)) = self.overlay.take() else {
            return Vec::new();
        };
        match question {
            Question::Quit => self.leave(),
            Question::Suspend => vec![Effect::Suspend],
            Question::Many(bulk) => self.do_many(bulk),
            Question::Rollout(order) => {
                let (what, done) = match order {
                    RolloutOrder::Continue => ("continue the rollout", "the rollout goes on"),
                    RolloutOrder::Back => ("turn the rollout back", "the rollout's last step is turned back"),
                };
                vec![self.order(Command::Rollout(order), what.into(), Some(done.into()))]
            }
        }
    }
}
