//! One circuit breaker for each origin host: when a host is down its streams wait together, and a
//! few of them find out for all when it is back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::config::Policy;
use crate::model::{Breaker, FaultClass, Moment, StreamIx};

use super::backoff::{doubled, jittered};

/// A breaker that opens again so soon after it closed has relapsed.
const RELAPSE: Duration = Duration::from_secs(60);
/// For so many streams that wait one is let through.
const WAITING_PER_PROBE: usize = 10;

/// A host's number, dense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostIx(pub u32);

/// Whether this class says that the host, and not the one stream on it, is at fault.
#[must_use]
pub const fn blames_the_host(class: FaultClass) -> bool {
    matches!(
        class,
        FaultClass::Dns
            | FaultClass::Refused
            | FaultClass::RtmpOpen
            | FaultClass::Timeout
            | FaultClass::ServerError
    )
}

/// An open breaker.
#[derive(Debug, Clone)]
struct Open {
    since: Moment,
    class: FaultClass,
    next_probe: Moment,
    /// Streams that were let through and whose end is not known yet.
    probing: BTreeSet<StreamIx>,
    /// Streams that wait for this host, by when they were last tried.
    waiting: BTreeSet<(Moment, StreamIx)>,
}

#[derive(Debug, Clone)]
struct Origin {
    host: Arc<str>,
    /// When its breaker closed last, and how often in a row it opened again soon after.
    closed: Option<Moment>,
    relapses: u32,
    /// Streams whose last run on it failed because of the host, and when.
    failed: BTreeMap<StreamIx, Moment>,
    /// Streams that are live on it.
    good: BTreeSet<StreamIx>,
    open: Option<Open>,
}

impl Origin {
    /// From one probe to the next: longer with each time the host fell ill again soon after it had
    /// been well.
    fn retry(&self, policy: &Policy) -> Duration {
        doubled(policy.origin_retry, self.relapses, policy.broken_retry.max(policy.origin_retry))
    }
}

/// What a host's line on the board says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostDown {
    /// Which host.
    pub host: Arc<str>,
    /// What is wrong with it.
    pub class: FaultClass,
    /// Since when.
    pub since: Moment,
    /// How many streams wait for it.
    pub waiting: usize,
}

/// What a failure made of a host's breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Each stream for itself.
    Closed,
    /// It has just opened.
    Opened,
    /// It was open already.
    Open,
}

/// The hosts of all streams' inputs.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    numbers: BTreeMap<Arc<str>, HostIx>,
    hosts: Vec<Origin>,
    /// Those whose breaker is open, by when they are probed next.
    probes: BTreeSet<(Moment, HostIx)>,
    /// Numbers of hosts that no stream has any more.
    free: Vec<HostIx>,
}

impl Origins {
    /// The number of this host.
    pub fn number(&mut self, host: &str) -> HostIx {
        // Names of hosts are the same in any case.
        let host = host.to_ascii_lowercase();
        if let Some(ix) = self.numbers.get(&*host) {
            return *ix;
        }
        let host: Arc<str> = host.into();
        // At most one for each input, and inputs fit.
        let next = HostIx(u32::try_from(self.hosts.len()).unwrap_or(u32::MAX));
        let ix = self.free.pop().unwrap_or(next);
        self.numbers.insert(Arc::clone(&host), ix);
        let origin = Origin {
            host,
            closed: None,
            relapses: 0,
            failed: BTreeMap::new(),
            good: BTreeSet::new(),
            open: None,
        };
        match self.hosts.get_mut(ix.0 as usize) {
            Some(freed) => *freed = origin,
            None => self.hosts.push(origin),
        }
        ix
    }

    /// Forgets every host but these: no stream has an input on another one, or a worker.
    pub fn keep_only(&mut self, used: &BTreeSet<HostIx>) {
        let free = &mut self.free;
        self.numbers.retain(|_, ix| {
            let stays = used.contains(ix);
            if !stays {
                free.push(*ix);
            }
            stays
        });
        self.probes.retain(|(_, ix)| used.contains(ix));
        for ix in &self.free {
            if let Some(origin) = self.hosts.get_mut(ix.0 as usize) {
                origin.failed.clear();
                origin.good.clear();
                origin.open = None;
            }
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self, ix: HostIx) -> Arc<str> {
        self.hosts.get(ix.0 as usize).map_or_else(|| "".into(), |origin| Arc::clone(&origin.host))
    }

    /// Where its breaker stands, and when it lets the next ones through, if it is open.
    #[must_use]
    pub fn breaker(&self, ix: HostIx) -> (Breaker, Option<Moment>) {
        match self.hosts.get(ix.0 as usize).and_then(|origin| origin.open.as_ref()) {
            None => (Breaker::Closed, None),
            Some(open) if open.probing.is_empty() => (Breaker::Open, Some(open.next_probe)),
            Some(open) => (Breaker::HalfOpen, Some(open.next_probe)),
        }
    }

    /// Whether its breaker is open, and when it is probed next.
    #[must_use]
    pub fn closed_until(&self, ix: HostIx) -> Option<Moment> {
        self.hosts.get(ix.0 as usize)?.open.as_ref().map(|open| open.next_probe)
    }

    /// What is wrong with a host whose breaker is open.
    #[must_use]
    pub fn class(&self, ix: HostIx) -> Option<FaultClass> {
        self.hosts.get(ix.0 as usize)?.open.as_ref().map(|open| open.class)
    }

    /// A run of `stream` on this host failed because of the host.
    pub fn failed(
        &mut self,
        now: Moment,
        ix: HostIx,
        stream: StreamIx,
        class: FaultClass,
        policy: &Policy,
        random: &mut fastrand::Rng,
    ) -> Gate {
        let Some(origin) = self.hosts.get_mut(ix.0 as usize) else { return Gate::Closed };
        origin.good.remove(&stream);
        origin.failed.insert(stream, now);
        if let Some(open) = &mut origin.open {
            open.probing.remove(&stream);
            open.class = class;
            return Gate::Open;
        }
        origin.failed.retain(|_, at| now.since(*at) <= policy.origin_window);
        let failed = origin.failed.len();
        let tried = failed + origin.good.len();
        #[expect(clippy::cast_precision_loss, reason = "counts of streams are small")]
        let share = failed as f64 / tried as f64;
        if failed < policy.origin_failures.max(1) as usize || share < policy.origin_share {
            return Gate::Closed;
        }
        let relapsed = origin.closed.is_some_and(|at| now.since(at) < RELAPSE);
        origin.relapses = if relapsed { origin.relapses.saturating_add(1) } else { 0 };
        let next_probe = now + jittered(origin.retry(policy), policy.backoff_jitter, random);
        let (probing, waiting) = (BTreeSet::new(), BTreeSet::new());
        origin.open = Some(Open { since: now, class, next_probe, probing, waiting });
        self.probes.insert((next_probe, ix));
        Gate::Opened
    }

    /// Streams that failed because of this host: when its breaker opens they wait for it too.
    #[must_use]
    pub fn failed_streams(&self, ix: HostIx) -> Vec<StreamIx> {
        self.hosts.get(ix.0 as usize).map(|o| o.failed.keys().copied().collect()).unwrap_or_default()
    }

    /// The host answered `stream`: it is live (`good`), or failed for a reason of its own. Gives
    /// those who waited, if that closed the breaker: an answer to one that was let through does.
    /// That some others are well has been so all the time.
    pub fn answered(
        &mut self,
        now: Moment,
        ix: HostIx,
        stream: StreamIx,
        good: bool,
    ) -> Option<Vec<StreamIx>> {
        let origin = self.hosts.get_mut(ix.0 as usize)?;
        origin.failed.remove(&stream);
        if good {
            origin.good.insert(stream);
        } else {
            origin.good.remove(&stream);
        }
        let open = origin.open.take_if(|open| open.probing.contains(&stream))?;
        self.probes.remove(&(open.next_probe, ix));
        origin.failed.clear();
        origin.closed = Some(now);
        Some(open.waiting.into_iter().map(|(_, stream)| stream).collect())
    }

    /// `stream` has no worker on this host any more.
    pub fn gone(&mut self, ix: HostIx, stream: StreamIx) {
        if let Some(origin) = self.hosts.get_mut(ix.0 as usize) {
            origin.good.remove(&stream);
        }
    }

    /// `stream` was let through, and will not tell what became of it.
    pub fn not_probing(&mut self, ix: HostIx, stream: StreamIx) {
        if let Some(open) = self.hosts.get_mut(ix.0 as usize).and_then(|origin| origin.open.as_mut()) {
            open.probing.remove(&stream);
        }
    }

    /// `stream` is no longer wanted: what it knew of this host does not count any more.
    pub fn forget(&mut self, ix: HostIx, stream: StreamIx) {
        if let Some(origin) = self.hosts.get_mut(ix.0 as usize) {
            origin.good.remove(&stream);
            origin.failed.remove(&stream);
        }
    }

    /// Everyone who waits for some host.
    #[must_use]
    pub fn all_waiting(&self) -> Vec<StreamIx> {
        let open = self.probes.iter().filter_map(|(_, ix)| self.hosts.get(ix.0 as usize)?.open.as_ref());
        open.flat_map(|open| open.waiting.iter().map(|(_, stream)| *stream)).collect()
    }

    /// `stream` waits for this host from now on; it was tried last at `tried`.
    pub fn wait(&mut self, ix: HostIx, stream: StreamIx, tried: Moment) {
        if let Some(open) = self.hosts.get_mut(ix.0 as usize).and_then(|origin| origin.open.as_mut()) {
            open.probing.remove(&stream);
            open.waiting.insert((tried, stream));
        }
    }

    /// `stream`, which waited since it was tried at `tried`, does not wait for this host any more.
    pub fn stop_waiting(&mut self, ix: HostIx, stream: StreamIx, tried: Moment) {
        if let Some(open) = self.hosts.get_mut(ix.0 as usize).and_then(|origin| origin.open.as_mut()) {
            open.waiting.remove(&(tried, stream));
        }
    }

    /// When a host is probed next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.probes.first().map(|(at, _)| *at)
    }

    /// Hosts whose time for a probe has come: those who are let through, and those whose wait goes
    /// on until the new time.
    pub fn let_through(
        &mut self,
        now: Moment,
        policy: &Policy,
        random: &mut fastrand::Rng,
    ) -> Vec<(HostIx, Vec<StreamIx>, Vec<StreamIx>)> {
        let mut all = Vec::new();
        while let Some(&(at, ix)) = self.probes.first().filter(|(at, _)| *at <= now) {
            self.probes.remove(&(at, ix));
            let Some(origin) = self.hosts.get_mut(ix.0 as usize) else { continue };
            let retry = origin.retry(policy);
            let Some(open) = &mut origin.open else { continue };
            if open.waiting.is_empty() && open.probing.is_empty() {
                // Its streams have other inputs, or were stopped: nobody could find out that it is
                // back, and nobody fails on it.
                origin.open = None;
                continue;
            }
            open.next_probe = now + jittered(retry, policy.backoff_jitter, random);
            self.probes.insert((open.next_probe, ix));
            // Of a few that wait one is enough: each of them should not be tried all the time.
            let most = (policy.origin_probes as usize).min(open.waiting.len() / WAITING_PER_PROBE).max(1);
            let room = most.saturating_sub(open.probing.len());
            let mut through = Vec::new();
            for _ in 0..room {
                let Some((_, stream)) = open.waiting.pop_first() else { break };
                open.probing.insert(stream);
                through.push(stream);
            }
            let others = open.waiting.iter().map(|(_, stream)| *stream).collect();
            all.push((ix, through, others));
        }
        all
    }

    /// Hosts that are down, oldest first.
    #[must_use]
    pub fn down(&self) -> Vec<HostDown> {
        let open = |origin: &Origin| {
            origin.open.as_ref().map(|open| HostDown {
                host: Arc::clone(&origin.host),
                class: open.class,
                since: open.since,
                waiting: open.waiting.len() + open.probing.len(),
            })
        };
        let mut down: Vec<HostDown> =
            self.probes.iter().filter_map(|(_, ix)| self.hosts.get(ix.0 as usize).and_then(open)).collect();
        down.sort_by(|a, b| (a.since, &a.host).cmp(&(b.since, &b.host)));
        down
    }

    /// For laws: every host, with those that are live on it, those that were let through if its
    /// breaker is open, and how many wait then.
    #[cfg(test)]
    #[expect(clippy::type_complexity, reason = "three lists, for one reader")]
    pub fn all(&self) -> Vec<(HostIx, Vec<StreamIx>, Option<(Vec<StreamIx>, usize)>)> {
        let list = |set: &BTreeSet<StreamIx>| set.iter().copied().collect();
        let open = |open: &Open| (list(&open.probing), open.waiting.len());
        let numbered = (0..).map(HostIx).zip(&self.hosts);
        numbered.map(|(ix, origin)| (ix, list(&origin.good), origin.open.as_ref().map(open))).collect()
    }

    /// Whether any host is down.
    #[must_use]
    pub fn any_down(&self) -> bool {
        !self.probes.is_empty()
    }
}

#[cfg(test)]
mod tests;
