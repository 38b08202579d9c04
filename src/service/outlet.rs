//! Where the supervisor's results go: to the board, the store, the clients.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::histories::KeptHistories;
use super::kept::record_of;
use super::standing::{Renewed, Standing};
use crate::link::{Hub, HubChange};
use crate::logs::Logs;
use crate::model::{
    Answer, Detail, HostReading, LimitReading, Moment, Notice, NoticeKind, SelfReading, Severity, StreamId,
    StreamIx, WorkersReading,
};
use crate::store::{Store, WorkerRecord};
use crate::supervisor::core::{Changes, Kept};
use crate::supervisor::runtime::{Outlet, wall_ms};

/// A revision is published this often at least, be it without a change: who hears nothing for much
/// longer knows that its data is old.
const HEARTBEAT: Duration = Duration::from_secs(2);

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
    histories: KeptHistories,
    limits: Option<LimitReading>,
    standing: Standing,
    /// The service's own, one of a kind.
    notices: BTreeMap<NoticeKind, Notice>,
    /// The supervisor's, as it last told them.
    supervisors: Vec<Notice>,
    shown: Option<Vec<Notice>>,
    /// Which boot of the machine this is; without it a worker can't be recognised later.
    boot: Option<String>,
    left: Left,
    published_at: Option<Moment>,
}

/// How many workers are left while leaving, for whoever waits for the end without a console.
#[derive(Debug, Clone, Default)]
pub struct Left(Arc<Mutex<Option<u32>>>);

impl Left {
    /// `None` until leaving has begun.
    pub fn get(&self) -> Option<u32> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, workers: u32) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(workers);
    }
}

impl ServiceOutlet {
    /// An outlet that has shown nothing yet.
    pub fn new(
        hub: Hub,
        store: Arc<Store>,
        logs: Logs,
        readings: Arc<Mutex<Readings>>,
        configured: Renewed,
        standing: Standing,
        boot: Option<String>,
    ) -> Self {
        let Renewed { limits, notices } = configured;
        let notices = notices.into_iter().map(|notice| (notice.kind, notice)).collect();
        let histories = KeptHistories::default();
        hub.read_histories_from(Arc::new(histories.clone()));
        let limits = Some(limits);
        Self {
            hub,
            store,
            logs,
            readings,
            histories,
            limits,
            standing,
            notices,
            supervisors: Vec::new(),
            shown: None,
            boot,
            left: Left::default(),
            published_at: None,
        }
    }

    /// A handle on how many workers are left.
    pub fn left(&self) -> Left {
        self.left.clone()
    }

    /// Another configuration is in force: what follows from it beside the streams.
    fn renew(&mut self, now: Moment, renewed: Renewed) {
        let Renewed { limits, notices } = renewed;
        self.limits = Some(limits);
        let before = std::mem::take(&mut self.notices);
        let stays = |kind: &NoticeKind| !matches!(kind, NoticeKind::Limits | NoticeKind::Ffmpeg);
        self.notices.extend(before.iter().filter(|(kind, _)| stays(kind)).map(|(k, n)| (*k, n.clone())));
        for notice in notices {
            let known = before.get(&notice.kind).filter(|known| known.text == notice.text);
            if known.is_none() {
                log::warn!("{}", notice.text);
            }
            let since = known.map_or(now, |known| known.since);
            self.notices.insert(notice.kind, Notice { since, ..notice });
        }
    }

    /// The notices as they are now, if they differ from those shown.
    fn notices(&mut self, now: Moment) -> Option<Vec<Notice>> {
        let troubles = [
            (NoticeKind::Store, Severity::Critical, self.store.trouble()),
            (NoticeKind::Logs, Severity::Critical, self.logs.trouble()),
            (NoticeKind::Config, Severity::Warning, self.standing.trouble()),
        ];
        for (kind, severity, trouble) in troubles {
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
                        self.notices.insert(kind, Notice { kind, severity, text, since });
                    }
                }
            }
        }
        let notices = merged(self.notices.values().chain(&self.supervisors));
        let changed = self.shown.as_ref() != Some(&notices);
        changed.then(|| {
            self.shown = Some(notices.clone());
            notices
        })
    }
}

/// In the order they are shown: critical ones first, then the oldest.
fn merged<'a>(notices: impl Iterator<Item = &'a Notice>) -> Vec<Notice> {
    let mut all: Vec<Notice> = notices.cloned().collect();
    // Stable: among those of one moment the supervisor's keep the order it gave them.
    all.sort_by_key(|notice| (Reverse(notice.severity), notice.since));
    all
}

impl Outlet for ServiceOutlet {
    fn save(&mut self, now: Moment, id: &StreamId, kept: Kept) {
        self.store.save(id, record_of(kept, now, wall_ms()));
    }

    fn publish(&mut self, now: Moment, changes: Changes) {
        if let Some(notices) = changes.notices {
            self.supervisors = notices;
        }
        if let Some(renewed) = self.standing.take_renewed() {
            self.renew(now, renewed);
        }
        let Readings { host, own, workers } = std::mem::take(&mut *lock(&self.readings));
        let change = HubChange {
            rows: changes.rows,
            removed: changes.removed,
            pool: changes.pool,
            host,
            own,
            workers,
            limits: self.limits.take(),
            notices: self.notices(now),
        };
        let silent = self.published_at.is_none_or(|at| now.since(at) >= HEARTBEAT);
        if silent || change != HubChange::default() {
            self.published_at = Some(now);
            self.hub.publish(now, change);
        }
        self.histories.record(&self.hub);
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

    fn refused(&mut self, client: u64, seq: u64, reason: String) {
        self.hub.answer(client, seq, Answer::Refused { reason: reason.into() });
    }

    fn details_wanted(&self) -> BTreeSet<StreamIx> {
        self.hub.details_wanted()
    }

    fn put_detail(&mut self, detail: &Detail) {
        self.hub.put_detail(detail);
    }

    fn worker_born(&mut self, stream: &StreamId, pid: u32, started: u64) {
        if let Some(boot) = &self.boot {
            let worker = WorkerRecord { stream: stream.clone(), started, boot: boot.clone() };
            self.store.worker_born(pid, worker);
        }
    }

    fn worker_gone(&mut self, pid: u32) {
        self.store.worker_gone(pid);
    }

    fn leaving(&mut self, workers_left: u32) {
        self.hub.leaving(workers_left);
        self.left.set(workers_left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_notices_come_first_then_the_oldest() {
        let notice = |kind, severity, text: &str, since| Notice {
            kind,
            severity,
            text: text.into(),
            since: Moment::from_millis(since),
        };
        let own = [
            notice(NoticeKind::Store, Severity::Critical, "store", 900),
            notice(NoticeKind::Limits, Severity::Warning, "limits", 0),
        ];
        let supervisors = [
            notice(NoticeKind::Origin, Severity::Warning, "b.example", 500),
            notice(NoticeKind::Origin, Severity::Warning, "a.example", 500),
            notice(NoticeKind::Host, Severity::Critical, "host", 100),
        ];
        let all = merged(own.iter().chain(&supervisors));
        let texts: Vec<&str> = all.iter().map(|notice| &*notice.text).collect();
        assert_eq!(texts, ["host", "store", "limits", "b.example", "a.example"]);
    }
}
