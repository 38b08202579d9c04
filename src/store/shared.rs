//! What the handles, the store's thread and its watchdog share.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::papers::Desk;
use super::{Opened, Record, WorkerRecord};
use crate::model::StreamId;

pub struct Shared {
    state: Mutex<State>,
    /// Told whenever something in the state changes that somebody may wait for.
    pub changed: Condvar,
    pub stuck_after: Duration,
}

#[derive(Default)]
pub struct State {
    /// Saved and not yet taken by the store's thread: at most one record a stream.
    pub pending: BTreeMap<StreamId, Record>,
    /// To be forgotten; none of them is pending.
    pub forgotten: BTreeSet<StreamId>,
    /// What is kept beside them.
    pub desk: Desk,
    /// Every worker that runs, as many as there are slots, and what earlier ones left.
    pub workers: BTreeMap<u32, WorkerRecord>,
    /// They differ from what the store's thread has taken.
    pub workers_changed: bool,
    /// In the order they were asked for. The front ones may be in work.
    pub barriers: VecDeque<Barrier>,
    /// How many barriers were ever taken off the front.
    pub answered: u64,
    /// Why nothing can be saved now.
    pub failing: Option<String>,
    /// Since when the store's thread has been in the file system.
    pub busy_since: Option<Instant>,
    pub opened: Option<Opened>,
    pub closing: bool,
    /// Set once, when the store's thread does no more.
    pub ended: Option<Result<(), String>>,
}

pub struct Barrier {
    pub asked: Instant,
    pub done: Box<dyn FnOnce(Result<(), String>) + Send>,
}

impl State {
    pub fn trouble(&self, stuck_after: Duration) -> Option<String> {
        if let Some(Err(reason)) = &self.ended {
            return Some(reason.clone());
        }
        if self.busy_since.is_some_and(|since| since.elapsed() >= stuck_after) {
            return Some("store stuck: the disk does not answer, nothing is saved; look at the disk".into());
        }
        self.failing.clone()
    }

    /// Takes barriers off the front until `until` have been taken since the beginning.
    fn take_barriers(&mut self, until: u64) -> Vec<Barrier> {
        let count = usize::try_from(until.saturating_sub(self.answered)).unwrap_or(usize::MAX);
        let taken: Vec<_> = self.barriers.drain(..count.min(self.barriers.len())).collect();
        self.answered += taken.len() as u64;
        taken
    }
}

impl Shared {
    pub fn new(stuck_after: Duration) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), stuck_after }
    }

    /// A panic elsewhere leaves the state whole: each change under the lock is complete in itself.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while `condition` holds, at most until `deadline`.
    pub fn wait_while(
        &self,
        deadline: Option<Instant>,
        condition: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'_, State> {
        let state = self.lock();
        match deadline {
            None => self.changed.wait_while(state, condition).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                let waited = self.changed.wait_timeout_while(state, left, condition);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    pub fn wait_opened(&self, limit: Duration) -> Option<Opened> {
        let waiting = |state: &mut State| state.opened.is_none() && state.ended.is_none();
        let mut state = self.wait_while(Instant::now().checked_add(limit), waiting);
        let ended = state.ended.is_some();
        state.opened.take().or_else(|| ended.then(Opened::default))
    }

    pub fn wait_ended(&self, limit: Duration) -> Option<Result<(), String>> {
        self.wait_while(Instant::now().checked_add(limit), |state| state.ended.is_none()).ended.clone()
    }

    /// Answers the barriers that were asked for before number `until`, outside the lock.
    pub fn answer(&self, until: u64, answer: &Result<(), String>) {
        let barriers = self.lock().take_barriers(until);
        for barrier in barriers {
            (barrier.done)(answer.clone());
        }
    }

    /// The store does no more: nothing waits for it any longer.
    pub fn end(&self, result: Result<(), String>) {
        let answer = result.clone().and(Err("the store is closed".to_owned()));
        {
            let mut state = self.lock();
            state.busy_since = None;
            state.pending.clear();
            state.forgotten.clear();
            state.desk = Desk::default();
            state.workers.clear();
            state.ended.get_or_insert(result);
        }
        self.answer(u64::MAX, &answer);
        self.changed.notify_all();
    }

    /// The watchdog: answers barriers that the store's thread leaves waiting. Sleeps for ever while
    /// there are none.
    pub fn watch(&self) {
        loop {
            let idle =
                |state: &mut State| state.barriers.is_empty() && state.ended.is_none() && !state.closing;
            let mut state = self.wait_while(None, idle);
            let Some(oldest) = state.barriers.front() else {
                return;
            };
            let (asked, answered) = (oldest.asked, state.answered);
            let limit = asked.checked_add(self.stuck_after);
            if limit.is_some_and(|limit| Instant::now() < limit) {
                drop(state);
                drop(self.wait_while(limit, |state| state.answered == answered));
                continue;
            }
            let overdue = state.take_barriers(answered + 1);
            drop(state);
            for barrier in overdue {
                (barrier.done)(Err("not saved in time: store stuck, the disk does not answer".into()));
            }
        }
    }
}
