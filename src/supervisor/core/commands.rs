//! What operators order, and why it is refused where it can't be done.

use std::collections::BTreeSet;

use super::event::Effect;
use super::stream::{Stream, Surroundings};
use super::{Supervisor, care};
use crate::model::{Action, Command, Moment, Selection, StreamIx, Wanted};

impl Supervisor {
    /// Why a command can't be carried out now, if it can't.
    #[must_use]
    pub fn refusal(&self, command: &Command) -> Option<String> {
        let most = self.most_slots;
        match command {
            _ if self.leaving => Some("headend is leaving".to_owned()),
            Command::Care { order, .. } => care::refusal(order),
            Command::Rollout(_) if self.rolling.is_none() => Some("no rollout is under way".to_owned()),
            Command::Streams { action: Action::Restart, target } if self.hold.is_some() => {
                let many = match target {
                    Selection::All => true,
                    Selection::Ids(ids) => ids.len() > 1,
                };
                let why = self.hold.as_deref().unwrap_or_default();
                many.then(|| format!("they would not start again: {why}"))
            }
            Command::Slots(Some(slots)) if *slots > most => {
                Some(format!("the limit on open files allows {most} workers; raise it (ulimit -Hn)"))
            }
            _ => None,
        }
    }

    /// Carries a command out; says how many streams it changed something for.
    pub fn command(&mut self, now: Moment, command: &Command, effects: &mut Vec<Effect>) -> usize {
        if self.leaving {
            return 0;
        }
        let touched = match command {
            Command::Streams { action, target } => self.command_streams(now, *action, target, effects),
            Command::Care { order, target } => {
                let targets = self.targets(target);
                self.let_each(now, targets, effects, |stream, around| stream.take_care(around, order))
            }
            Command::Slots(slots) => {
                let slots = slots.map(|slots| slots.max(1));
                let before = std::mem::replace(&mut self.policy.slots, slots);
                usize::from(before != slots)
            }
            Command::Rollout(order) => self.order_rollout(now, *order, effects),
            // No files are read in here: who asks for that comes with what they say. And the end is
            // that of more than the core: it is told by its own input.
            // Orders about incidents never come here: where incidents are kept takes them.
            Command::Incident { .. } | Command::Reload | Command::Shutdown => 0,
        };
        self.dispatch(now, effects);
        touched
    }

    fn command_streams(
        &mut self,
        now: Moment,
        action: Action,
        target: &Selection,
        effects: &mut Vec<Effect>,
    ) -> usize {
        let targets = self.targets(target);
        let everyone = *target == Selection::All;
        if matches!(action, Action::Start | Action::Restart) {
            self.let_go_or_roll_out(now, action, &targets, effects);
        }
        self.let_each(now, targets, effects, |stream, around| match action {
            // Who restarts everything does not mean what was stopped on purpose.
            Action::Restart if everyone && stream.wanted == Wanted::Stopped => false,
            Action::Start => stream.start(around),
            Action::Stop => stream.stop(around),
            Action::Restart => stream.restart(around),
            Action::Look => stream.look(around),
        })
    }

    /// Those that are meant, in the order of the configuration: what is first there starts first.
    fn targets(&self, target: &Selection) -> Vec<StreamIx> {
        let mut targets: Vec<StreamIx> = match target {
            Selection::All => self.by_id.values().copied().collect(),
            Selection::Ids(ids) => {
                let known: BTreeSet<_> = ids.iter().filter_map(|id| self.by_id.get(id).copied()).collect();
                known.into_iter().collect()
            }
        };
        targets.sort_unstable();
        targets
    }

    /// Does something to each; says for how many that changed anything.
    fn let_each(
        &mut self,
        now: Moment,
        targets: Vec<StreamIx>,
        effects: &mut Vec<Effect>,
        mut act: impl FnMut(&mut Stream, &mut Surroundings<'_>) -> bool,
    ) -> usize {
        let mut touched = 0;
        for ix in targets {
            let mut changed = false;
            self.with_stream(now, ix, effects, |stream, around| changed = act(stream, around));
            touched += usize::from(changed);
        }
        touched
    }
}
