//! One circuit breaker for each origin host: when a host is down its streams wait together, and a
//! few of them find out for all when it is back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Policy;
use crate::model::{FaultClass, Moment, StreamIx};

use super::backoff::jittered;

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

/// The host (with its port, if it is named) of a URL; `None` for what is no URL with a host.
#[must_use]
pub fn host_of(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if scheme.is_empty() || !scheme.chars().all(plain) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // What is behind a `%` or a `|` is an option of some protocol, no part of a name.
    let host = host.split(['%', '|']).next().unwrap_or(host);
    (!host.is_empty()).then_some(host)
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
    /// Streams whose last run on it failed because of the host, and when.
    failed: BTreeMap<StreamIx, Moment>,
    /// Streams that are live on it.
    good: BTreeSet<StreamIx>,
    open: Option<Open>,
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
}

impl Origins {
    /// The number of this host.
    pub fn number(&mut self, host: &str) -> HostIx {
        if let Some(ix) = self.numbers.get(host) {
            return *ix;
        }
        // At most one for each input, and inputs fit.
        let ix = HostIx(u32::try_from(self.hosts.len()).unwrap_or(u32::MAX));
        let host: Arc<str> = host.into();
        self.numbers.insert(Arc::clone(&host), ix);
        let origin = Origin { host, failed: BTreeMap::new(), good: BTreeSet::new(), open: None };
        self.hosts.push(origin);
        ix
    }

    /// Its name.
    #[must_use]
    pub fn name(&self, ix: HostIx) -> Arc<str> {
        self.hosts.get(ix.0 as usize).map_or_else(|| "".into(), |origin| Arc::clone(&origin.host))
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
        let next_probe = now + jittered(policy.origin_retry, policy.backoff_jitter, random);
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
    /// those who waited, if that closed the breaker.
    pub fn answered(&mut self, ix: HostIx, stream: StreamIx, good: bool) -> Option<Vec<StreamIx>> {
        let origin = self.hosts.get_mut(ix.0 as usize)?;
        origin.failed.remove(&stream);
        if good {
            origin.good.insert(stream);
        } else {
            origin.good.remove(&stream);
        }
        let open = origin.open.take()?;
        self.probes.remove(&(open.next_probe, ix));
        origin.failed.clear();
        Some(open.waiting.into_iter().map(|(_, stream)| stream).collect())
    }

    /// `stream` has no worker on this host any more, and waits for nothing there.
    pub fn gone(&mut self, ix: HostIx, stream: StreamIx) {
        let Some(origin) = self.hosts.get_mut(ix.0 as usize) else { return };
        origin.good.remove(&stream);
        if let Some(open) = &mut origin.open {
            open.probing.remove(&stream);
        }
    }

    /// `stream` is no longer wanted: what it knew of this host does not count any more. The last
    /// one that waits closes the breaker, since nobody could find out that the host is back.
    pub fn forget(&mut self, ix: HostIx, stream: StreamIx) {
        self.gone(ix, stream);
        let Some(origin) = self.hosts.get_mut(ix.0 as usize) else { return };
        origin.failed.remove(&stream);
        let Some(open) = &mut origin.open else { return };
        if open.waiting.is_empty() && open.probing.is_empty() {
            self.probes.remove(&(open.next_probe, ix));
            origin.open = None;
        }
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
            let Some(open) = self.hosts.get_mut(ix.0 as usize).and_then(|o| o.open.as_mut()) else {
                continue;
            };
            open.next_probe = now + jittered(policy.origin_retry, policy.backoff_jitter, random);
            self.probes.insert((open.next_probe, ix));
            let room = (policy.origin_probes.max(1) as usize).saturating_sub(open.probing.len());
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

    /// Whether any host is down.
    #[must_use]
    pub fn any_down(&self) -> bool {
        !self.probes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_host_of_a_url() {
        for (url, host) in [
            ("http://a.example/live", Some("a.example")),
            ("https://user:secret@a.example:8443/x?u=http://b/", Some("a.example:8443")),
            ("srt://[::1]:9000?mode=caller", Some("[::1]:9000")),
            ("udp://239.0.0.1:1234", Some("239.0.0.1:1234")),
            ("rtmp://h", Some("h")),
            ("file:/tmp/x", None),
            ("/dev/video0", None),
            ("http:///nothing", None),
            ("a b://x", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }

    struct Hosts {
        origins: Origins,
        host: HostIx,
        policy: Policy,
        random: fastrand::Rng,
    }

    impl Hosts {
        fn new() -> Self {
            let mut origins = Origins::default();
            let host = origins.number("a.example");
            Self { origins, host, policy: Policy::default(), random: fastrand::Rng::with_seed(3) }
        }

        fn fails(&mut self, second: i64, stream: u32) -> Gate {
            let now = Moment::from_millis(second * 1_000);
            let class = FaultClass::Refused;
            self.origins.failed(now, self.host, StreamIx(stream), class, &self.policy, &mut self.random)
        }

        fn waits(&mut self, stream: u32) {
            self.origins.wait(self.host, StreamIx(stream), Moment::from_millis(stream.into()));
        }
    }

    #[test]
    fn it_opens_when_most_of_its_streams_say_so_and_not_before() {
        let mut hosts = Hosts::new();
        for stream in 0..8 {
            hosts.origins.answered(hosts.host, StreamIx(100 + stream), true);
        }
        for stream in 0..7 {
            assert_eq!(hosts.fails(1, stream), Gate::Closed, "{stream} of {} fail", stream + 9);
        }
        assert_eq!(hosts.fails(1, 7), Gate::Opened, "8 of 16");
        assert_eq!(hosts.fails(1, 8), Gate::Open);
    }

    #[test]
    fn one_stream_that_fails_often_is_no_host_that_is_down() {
        let mut hosts = Hosts::new();
        assert!((0..50).all(|second| hosts.fails(second, 1) == Gate::Closed));
    }

    #[test]
    fn failures_of_long_ago_do_not_count() {
        let mut hosts = Hosts::new();
        (0..4).for_each(|stream| assert_eq!(hosts.fails(0, stream), Gate::Closed));
        assert_eq!(hosts.fails(121, 4), Gate::Closed);
        (5..8).for_each(|stream| assert_eq!(hosts.fails(121, stream), Gate::Closed));
        assert_eq!(hosts.fails(121, 8), Gate::Opened);
    }

    #[test]
    fn a_few_are_let_through_those_first_that_were_tried_longest_ago() {
        let mut hosts = Hosts::new();
        (0..5).for_each(|stream| _ = hosts.fails(0, stream));
        (0..9).for_each(|stream| hosts.waits(stream));
        let at = hosts.origins.next_deadline().unwrap();
        assert!((11..=19).contains(&at.since(Moment::ZERO).as_secs()), "{at:?}");
        let through = hosts.origins.let_through(at, &hosts.policy, &mut hosts.random);
        assert_eq!(through.len(), 1);
        assert_eq!(through[0].1, [StreamIx(0), StreamIx(1), StreamIx(2)]);
        assert_eq!(through[0].2.len(), 6);
        // As long as it is not known what became of them nobody else is.
        let at = hosts.origins.next_deadline().unwrap();
        let through = hosts.origins.let_through(at, &hosts.policy, &mut hosts.random);
        assert!(through[0].1.is_empty());
        // They failed, and wait at the end.
        for stream in 0..3 {
            assert_eq!(hosts.fails(40, stream), Gate::Open);
            hosts.origins.wait(hosts.host, StreamIx(stream), Moment::from_millis(40_000));
        }
        let at = at + Duration::from_secs(60);
        let through = hosts.origins.let_through(at, &hosts.policy, &mut hosts.random);
        assert_eq!(through[0].1, [StreamIx(3), StreamIx(4), StreamIx(5)]);
    }

    #[test]
    fn an_answer_closes_it_and_frees_those_who_wait() {
        let mut hosts = Hosts::new();
        (0..5).for_each(|stream| _ = hosts.fails(0, stream));
        (0..5).for_each(|stream| hosts.waits(stream));
        assert_eq!(hosts.origins.down().len(), 1);
        let freed = hosts.origins.answered(hosts.host, StreamIx(9), false).unwrap();
        assert_eq!(freed.len(), 5);
        assert!(!hosts.origins.any_down() && hosts.origins.next_deadline().is_none());
        assert_eq!(hosts.fails(1, 1), Gate::Closed, "it counts anew");
    }

    #[test]
    fn when_nobody_waits_for_it_any_more_it_is_closed() {
        let mut hosts = Hosts::new();
        (0..5).for_each(|stream| _ = hosts.fails(0, stream));
        hosts.waits(0);
        hosts.waits(1);
        hosts.origins.stop_waiting(hosts.host, StreamIx(0), Moment::ZERO);
        hosts.origins.forget(hosts.host, StreamIx(0));
        assert!(hosts.origins.any_down());
        hosts.origins.stop_waiting(hosts.host, StreamIx(1), Moment::from_millis(1));
        hosts.origins.forget(hosts.host, StreamIx(1));
        assert!(!hosts.origins.any_down());
    }
}
