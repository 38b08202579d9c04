//! What operators do in a simulated world: all of it, at odd moments, to the same one again.

use super::super::caring;
use super::*;

impl World {
    pub(super) fn operator(&mut self) {
        let ms = self.ms(100..40_000);
        self.plan_in(ms, Happening::Operator);
        if self.healing || self.left.is_some() {
            return;
        }
        if self.random.u8(..3) == 0 {
            self.operates_on_all();
        }
        if self.aside.u8(..3) == 0 {
            self.cares();
        }
        let all = self.random.u8(..60) == 0;
        let action = match self.random.u8(..10) {
            0..3 => Action::Stop,
            3..8 => Action::Start,
            _ => Action::Restart,
        };
        let one = self.random.usize(..self.streams);
        if !self.is_here(one) {
            return;
        }
        // Often the same one again, at once: that is where the odd transitions are.
        for action in
            [action, Action::Stop, Action::Restart, Action::Start].into_iter().take(self.random.usize(1..5))
        {
            let ixs = if all { 0..self.streams } else { one..one + 1 };
            for ix in ixs {
                if self.is_here(ix) {
                    self.laws.ordered(action, ix, all);
                }
            }
            let id = self.core.streams[one].spec().id.clone();
            let target = if all { Selection::All } else { Selection::Ids(vec![id]) };
            self.core.handle(
                self.now,
                Input::Command(Command::Streams { action, target }),
                &mut self.effects,
            );
            // Between two commands the effects of the first are carried out.
            self.carry_out();
        }
    }

    /// What concerns all streams: another size of the pool, a word on the rollout, a look.
    fn operates_on_all(&mut self) {
        let one = self.random.usize(..self.streams);
        let id = self.core.streams[one].spec().id.clone();
        let order = if self.random.bool() { RolloutOrder::Continue } else { RolloutOrder::Back };
        let most = self.random.u32(1..60);
        let command = match self.random.u8(..5) {
            0 => Command::Rollout(order),
            1..3 => Command::Streams { action: Action::Look, target: Selection::Ids(vec![id]) },
            _ if self.plan.streams > 1_000 => return,
            3 => Command::Slots(Some(most)),
            _ => Command::Slots(None),
        };
        // What the core says about its size is taken; that it keeps to it is the law.
        self.core.handle(self.now, Input::Command(command), &mut self.effects);
        self.laws.resized(self.core.pool().slots);
        self.laws.waits_for_others(&self.core);
        self.carry_out();
    }

    /// Somebody notes something about a stream, or about all.
    fn cares(&mut self) {
        let order = caring::order(&mut self.aside);
        let one = self.aside.usize(..self.streams);
        let all = self.streams < 1_000 && self.aside.u8(..30) == 0;
        let ixs = if all { 0..self.streams } else { one..one + 1 };
        let ixs: Vec<usize> = ixs.filter(|ix| self.is_here(*ix)).collect();
        let before: Vec<Row> = ixs.iter().map(|ix| self.core.streams[*ix].row()).collect();
        if before.is_empty() {
            return;
        }
        let target = if all { Selection::All } else { Selection::Ids(vec![before[0].id.clone()]) };
        let command = Command::Care { order: order.clone(), target };
        self.core.handle(self.now, Input::Command(command), &mut self.effects);
        self.carry_out();
        for (ix, before) in ixs.into_iter().zip(before) {
            self.laws.noted(self.now, &order, &before, &self.core.streams[ix].row());
        }
    }

    pub(super) fn is_here(&self, ix: usize) -> bool {
        self.core.streams[ix].presence == Presence::Here
    }

    /// What an earlier run may have left.
    pub(super) fn cared(&mut self) -> Cared {
        let mut cared = Cared::default();
        if self.aside.bool() {
            cared.care.acknowledged = Some(Moment::from_millis(-60_000));
            cared.covers = vec![ConditionKind::Refused];
        }
        if self.aside.bool() {
            let ms = self.aside.i64(1..200_000);
            cared.care.muted_until = Some(Moment::from_millis(ms));
        }
        cared
    }
}
