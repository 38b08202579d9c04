//! Where the supervisor's results go: to the board, the store, the clients.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::link::{Hub, HubChange};
use crate::logs::Logs;
use crate::model::{
    Answer, HostReading, LimitReading, Moment, Notice, NoticeKind, SelfReading, Severity, StreamId,
    WorkersReading,
};
use crate::store::{Record, Store};
use crate::supervisor::core::{Changes, Kept};
use crate::supervisor::runtime::{Outlet, wall_ms};

/// The newest readings of the host, until the next publication takes them along.
#[derive(Debug, Default)]
pub struct Readings {
    host: Option<HostReading>,
    own: Option<SelfReading>,
    workers: Option<WorkersReading>,
}

impl Readings {
    /// Keeps the newest of each.
    pub fn take_in(&mut self, host: HostReading, own: SelfReading, workers: Option<WorkersReading>) {
        self.host = Some(host);
        self.own = Some(own);
        self.workers = workers.or(self.workers);
    }
}

/// Readings are plain numbers: whole whatever happened to the thread that held the lock.
pub fn lock(readings: &Mutex<Readings>) -> MutexGuard<'_, Readings> {
    readings.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connects the supervisor with board, store and clients.
pub struct ServiceOutlet {
    hub: Hub,
    store: Arc<Store>,
    logs: Logs,
    readings: Arc<Mutex<Readings>>,
    limits: Option<LimitReading>,
    notices: BTreeMap<NoticeKind, Notice>,
    shown: Option<Vec<Notice>>,
}

impl ServiceOutlet {
    /// An outlet that has shown nothing yet.
    pub fn new(
        hub: Hub,
        store: Arc<Store>,
        logs: Logs,
        readings: Arc<Mutex<Readings>>,
        limits: LimitReading,
        notices: Vec<Notice>,
    ) -> Self {
        let notices = notices.into_iter().map(|notice| (notice.kind, notice)).collect();
        Self { hub, store, logs, readings, limits: Some(limits), notices, shown: None }
    }

    /// The notices as they are now, if they differ from those shown.
    fn notices(&mut self, now: Moment) -> Option<Vec<Notice>> {
        let troubles = [(NoticeKind::Store, self.store.trouble()), (NoticeKind::Logs, self.logs.trouble())];
        for (kind, trouble) in troubles {
            match trouble {
                None => {
                    if self.notices.remove(&kind).is_some() {
                        log::info!("{kind:?}: works again");
                    }
                }
                Some(text) => {
                    let same = self.notices.get(&kind).is_some_and(|old| *old.text == *text);
                    if !same {
                        log::error!("{text}");
                        let since = self.notices.get(&kind).map_or(now, |old| old.since);
                        let text = text.into();
                        self.notices.insert(kind, Notice { kind, severity: Severity::Critical, text, since });
                    }
                }
            }
        }
        let notices: Vec<Notice> = self.notices.values().cloned().collect();
        let changed = self.shown.as_ref() != Some(&notices);
        changed.then(|| {
            self.shown = Some(notices.clone());
            notices
        })
    }
}

impl Outlet for ServiceOutlet {
    fn save(&mut self, id: &StreamId, kept: Kept) {
        let Kept { wanted, phase, restarts } = kept;
        self.store.save(id, Record { wanted, phase, restarts, changed_wall_ms: wall_ms() });
    }

    fn publish(&mut self, now: Moment, changes: Changes) {
        let Readings { host, own, workers } = std::mem::take(&mut *lock(&self.readings));
        let change = HubChange {
            rows: changes.rows,
            pool: changes.pool,
            host,
            own,
            workers,
            limits: self.limits.take(),
            notices: self.notices(now),
            ..HubChange::default()
        };
        if change != HubChange::default() {
            self.hub.publish(now, change);
        }
    }

    fn lines_moved(&mut self) {
        self.hub.logs_moved();
    }

    fn commanded(&mut self, client: u64, seq: u64, touched: usize) {
        let hub = self.hub.clone();
        self.store.barrier(Box::new(move |saved: Result<(), String>| {
            let answer = match saved {
                Ok(()) => Answer::Done { touched },
                Err(reason) => Answer::NotSaved { touched, reason: reason.into() },
            };
            hub.answer(client, seq, answer);
        }));
    }

    fn leaving(&mut self, workers_left: u32) {
        self.hub.leaving(workers_left);
    }
}
