//! Starting a large set step by step: the next step only when the last one is well.

use std::time::Duration;

use crate::config::Rollout;
use crate::model::{Moment, RolloutOrder, StreamIx, counted_do};

/// While a step is not well it is looked at again this often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What the streams of the steps taken so far come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Started {
    /// Wanted and on air.
    pub wanted: u32,
    /// Of these: live, or seen live in their turn.
    pub live: u32,
}

/// Where a rollout stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// The step is watched until this moment.
    Watching(Moment),
    /// It is not well: why, and when it is looked at again. Goes on by itself when it is.
    Stopped(String, Moment),
    /// The operator turned back: goes on only by order.
    TurnedBack,
}

/// A rollout under way.
#[derive(Debug, Clone)]
pub struct Rolling {
    /// Who takes part; those first that start first.
    members: Vec<StreamIx>,
    /// After each step so many are started. Ends with all of them.
    steps: Vec<usize>,
    /// The step that was taken last; `None`: turned back behind the first.
    step: Option<usize>,
    standing: Standing,
    rule: Rollout,
    begun: Moment,
}

/// What a rollout wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// These may start.
    Start(Vec<StreamIx>),
    /// These are held back again.
    Hold(Vec<StreamIx>),
}

impl Rolling {
    /// Begins one for `members`, unless the first step is all of them. The second value: who is
    /// held back for now.
    #[must_use]
    pub fn begin(now: Moment, rule: &Rollout, members: Vec<StreamIx>) -> Option<(Self, Vec<StreamIx>)> {
        let all = members.len();
        let mut steps: Vec<usize> =
            rule.steps.iter().map(|step| *step as usize).filter(|step| *step > 0 && *step < all).collect();
        steps.push(all);
        let first = *steps.first()?;
        if first >= all {
            return None;
        }
        let held = members.get(first..).unwrap_or_default().to_vec();
        let standing = Standing::Watching(now + rule.hold);
        Some((Self { members, steps, step: Some(0), standing, rule: rule.clone(), begun: now }, held))
    }

    /// `more` are to be started too: with the last step, if that is still to come. Says who is held
    /// back for that.
    pub fn join(&mut self, more: Vec<StreamIx>) -> Vec<StreamIx> {
        if self.allowed() == self.members.len() {
            return Vec::new();
        }
        self.members.extend_from_slice(&more);
        if let Some(last) = self.steps.last_mut() {
            *last = self.members.len();
        }
        more
    }

    /// Since when.
    #[must_use]
    pub const fn begun(&self) -> Moment {
        self.begun
    }

    /// Who was started so far.
    #[must_use]
    pub fn started(&self) -> &[StreamIx] {
        self.members.get(..self.allowed()).unwrap_or_default()
    }

    fn allowed(&self) -> usize {
        self.step.and_then(|step| self.steps.get(step)).copied().unwrap_or(0)
    }

    /// When it wants to be looked at.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Moment> {
        match self.standing {
            Standing::Watching(at) | Standing::Stopped(_, at) => Some(at),
            Standing::TurnedBack => None,
        }
    }

    /// Whether a look is due.
    #[must_use]
    pub fn is_due(&self, now: Moment) -> bool {
        self.next_deadline().is_some_and(|at| at <= now)
    }

    /// Looks whether the step is well: who may start then. `busy`: the host is above its limits.
    pub fn look(&mut self, now: Moment, started: Started, busy: bool) -> Option<Turn> {
        let share = f64::from(started.live) / f64::from(started.wanted.max(1));
        // Nobody of the step is wanted any more: there is nothing to wait for.
        let well = started.wanted == 0 || share >= self.rule.healthy;
        if well && !busy {
            return Some(self.next(now));
        }
        let why = if well {
            "the host is above its limits".to_owned()
        } else {
            let (live, wanted) = (started.live, started.wanted);
            format!("{live} of {wanted} live, {:.0} % wanted", self.rule.healthy * 100.0)
        };
        self.standing = Standing::Stopped(why, now + LOOK_AGAIN);
        None
    }

    fn next(&mut self, now: Moment) -> Turn {
        let before = self.allowed();
        self.step = Some(self.step.map_or(0, |step| step + 1));
        self.standing = Standing::Watching(now + self.rule.hold);
        Turn::Start(self.members.get(before..self.allowed()).unwrap_or_default().to_vec())
    }

    /// The operator's order.
    pub fn order(&mut self, now: Moment, order: RolloutOrder) -> Turn {
        match order {
            RolloutOrder::Continue => self.next(now),
            RolloutOrder::Back => {
                let before = self.allowed();
                self.step = self.step.and_then(|step| step.checked_sub(1));
                self.standing = Standing::TurnedBack;
                Turn::Hold(self.members.get(self.allowed()..before).unwrap_or_default().to_vec())
            }
        }
    }

    /// What its line on the board says; `held` streams are held back.
    #[must_use]
    pub fn words(&self, held: u32) -> String {
        let (step, steps) = (self.step.map_or(0, |step| step + 1), self.steps.len());
        let wait = counted_do(held as usize, "stream", "wait");
        match &self.standing {
            Standing::Watching(_) => {
                format!("rollout: step {step} of {steps} is watched, {wait}")
            }
            Standing::Stopped(why, _) => {
                format!("rollout stopped at step {step} of {steps}: {why}; {wait}: continue or turn back")
            }
            Standing::TurnedBack => {
                format!("rollout turned back to step {step} of {steps}; {wait}: continue when ready")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Rollout {
        Rollout { steps: vec![2, 4], hold: Duration::from_secs(60), healthy: 0.5 }
    }

    fn members(count: u32) -> Vec<StreamIx> {
        (0..count).map(StreamIx).collect()
    }

    fn begin(count: u32) -> (Rolling, Vec<StreamIx>) {
        Rolling::begin(Moment::ZERO, &rule(), members(count)).unwrap()
    }

    fn second(second: i64) -> Moment {
        Moment::from_millis(second * 1_000)
    }

    #[test]
    fn a_small_set_needs_none() {
        assert!(Rolling::begin(Moment::ZERO, &rule(), members(2)).is_none());
        let none = Rollout { steps: Vec::new(), ..rule() };
        assert!(Rolling::begin(Moment::ZERO, &none, members(9)).is_none());
    }

    #[test]
    fn step_follows_step_while_all_is_well() {
        let (mut rolling, held) = begin(5);
        assert_eq!(held, [StreamIx(2), StreamIx(3), StreamIx(4)]);
        assert!(!rolling.is_due(second(59)) && rolling.is_due(second(60)));
        let turn = rolling.look(second(60), Started { wanted: 2, live: 1 }, false);
        assert_eq!(turn, Some(Turn::Start(vec![StreamIx(2), StreamIx(3)])));
        assert_eq!(rolling.next_deadline(), Some(second(120)));
        let turn = rolling.look(second(120), Started { wanted: 4, live: 4 }, false);
        assert_eq!(turn, Some(Turn::Start(vec![StreamIx(4)])));
        assert_eq!(rolling.started().len(), 5);
    }

    #[test]
    fn it_stops_where_too_few_are_live_or_the_host_is_busy_and_says_so() {
        let (mut rolling, _) = begin(5);
        assert_eq!(rolling.look(second(60), Started { wanted: 2, live: 0 }, false), None);
        assert!(rolling.words(3).contains("0 of 2 live, 50 % wanted; 3 streams wait"));
        assert!(!rolling.is_due(second(60)), "not again at once");
        assert_eq!(rolling.look(second(61), Started { wanted: 2, live: 2 }, true), None);
        assert!(rolling.words(3).contains("the host is above its limits"));
        assert!(rolling.look(second(62), Started { wanted: 2, live: 2 }, false).is_some(), "and goes on");
    }

    #[test]
    fn the_operator_continues_or_turns_back() {
        let (mut rolling, _) = begin(5);
        rolling.look(second(60), Started { wanted: 2, live: 0 }, false);
        let turn = rolling.order(second(61), RolloutOrder::Continue);
        assert_eq!(turn, Turn::Start(vec![StreamIx(2), StreamIx(3)]));
        let turn = rolling.order(second(62), RolloutOrder::Back);
        assert_eq!(turn, Turn::Hold(vec![StreamIx(2), StreamIx(3)]));
        assert!(!rolling.is_due(second(9_999)), "not by itself");
        let turn = rolling.order(second(63), RolloutOrder::Back);
        assert_eq!((turn, rolling.started().len()), (Turn::Hold(vec![StreamIx(0), StreamIx(1)]), 0));
        assert_eq!(
            rolling.order(second(64), RolloutOrder::Continue),
            Turn::Start(vec![StreamIx(0), StreamIx(1)])
        );
    }
}
