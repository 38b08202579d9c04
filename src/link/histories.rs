//! A client's subscription to a history. Its values stay in the rings they are in: the client costs
//! a few numbers.

use crate::model::{History, HistoryOf, Span};

/// Where histories are read from.
pub trait HistorySource: Send + Sync {
    /// The steps from `from` on, or all where those are no longer there or `from` is `None`.
    fn history_from(&self, of: HistoryOf, span: Span, from: Option<u64>) -> History;
    /// The number of the first step that is not complete.
    fn next_step(&self, span: Span) -> u64;
}

/// What a client follows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Follow {
    of: HistoryOf,
    span: Span,
    /// The step after the last one it was sent.
    next: Option<u64>,
}

impl Follow {
    pub(super) const fn new(of: HistoryOf, span: Span) -> Self {
        Self { of, span, next: None }
    }

    /// Whether there is something to send.
    pub(super) fn is_behind(&self, source: &dyn HistorySource) -> bool {
        self.next != Some(source.next_step(self.span))
    }

    /// What there is to send. What is not kept is said once.
    pub(super) fn take(&mut self, source: &dyn HistorySource) -> Option<Box<History>> {
        if !self.is_behind(source) {
            return None;
        }
        let begins = self.next.is_none();
        let history = source.history_from(self.of, self.span, self.next);
        self.next = Some(source.next_step(self.span));
        (begins || !history.is_empty()).then(|| Box::new(history))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::link::{Client, ClientMessage, Hub, NoLogs, Role, ServerMessage};
    use crate::model::StreamIx;

    /// Every step of every span is its own number; streams from 100 on are not kept.
    #[derive(Default)]
    struct Steps {
        next: AtomicU64,
        asked: Mutex<Vec<Option<u64>>>,
    }

    impl HistorySource for Steps {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        fn history_from(&self, of: HistoryOf, span: Span, from: Option<u64>) -> History {
            self.asked.lock().unwrap().push(from);
            let kept = !matches!(of, HistoryOf::Stream(StreamIx(100..)));
            let first = from.unwrap_or(0);
            let values = (first..self.next_step(span)).map(|n| n as f32).collect();
            let series = if kept { vec![values] } else { Vec::new() };
            History { of, span, first, fresh: from.is_none(), series }
        }

        fn next_step(&self, _: Span) -> u64 {
            self.next.load(Ordering::Relaxed)
        }
    }

    fn hub() -> (Hub, Arc<Steps>) {
        let hub = Hub::new(Arc::new(NoLogs), Box::new(|| {}));
        let steps = Arc::new(Steps::default());
        hub.read_histories_from(Arc::clone(&steps) as Arc<dyn HistorySource>);
        (hub, steps)
    }

    fn taken(client: &Client) -> Vec<(u64, usize, bool)> {
        let of = |message| match message {
            ServerMessage::History(history) => Some((history.first, history.len(), history.fresh)),
            _ => None,
        };
        client.take().into_iter().filter_map(of).collect()
    }

    #[test]
    fn a_client_gets_all_of_it_and_then_what_is_new() {
        let (hub, steps) = hub();
        let client = hub.attach(Role::Viewer, || {});
        steps.next.store(50, Ordering::Relaxed);
        assert_eq!(taken(&client), [], "nothing was asked for");
        let follow = |of| client.send(ClientMessage::FollowHistory(of));
        follow(Some((HistoryOf::Machine, Span::FiveMinutes)));
        assert_eq!(taken(&client), [(0, 50, true)]);
        assert_eq!(taken(&client), [], "nothing is new");
        // Who does not read for a while gets what came meanwhile, once.
        steps.next.store(57, Ordering::Relaxed);
        assert_eq!(taken(&client), [(50, 7, false)]);
        follow(Some((HistoryOf::Stream(StreamIx(3)), Span::Day)));
        assert_eq!(taken(&client), [(0, 57, true)]);
        follow(None);
        steps.next.store(60, Ordering::Relaxed);
        assert_eq!(taken(&client), []);
    }

    #[test]
    fn what_is_not_kept_is_said_once() {
        let (hub, steps) = hub();
        let client = hub.attach(Role::Viewer, || {});
        client.send(ClientMessage::FollowHistory(Some((HistoryOf::Stream(StreamIx(100)), Span::Hour))));
        for next in 1..5 {
            steps.next.store(next, Ordering::Relaxed);
            assert_eq!(taken(&client).len(), usize::from(next == 1));
        }
    }

    #[test]
    fn only_who_follows_is_woken_and_only_by_a_step() {
        let (hub, steps) = hub();
        let woken = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let [quiet, follower] = woken.clone().map(|woken| {
            hub.attach(Role::Viewer, move || {
                woken.fetch_add(1, Ordering::Relaxed);
            })
        });
        follower.send(ClientMessage::FollowHistory(Some((HistoryOf::Machine, Span::Hour))));
        let _ = (quiet.take(), follower.take());
        let before = woken.each_ref().map(|woken| woken.load(Ordering::Relaxed));
        hub.histories_moved();
        steps.next.store(1, Ordering::Relaxed);
        hub.histories_moved();
        let after = woken.each_ref().map(|woken| woken.load(Ordering::Relaxed));
        assert_eq!(after, [before[0], before[1] + 1]);
    }

    /// Looks whether somebody else gets at the board while it is read.
    struct Slow(Hub, AtomicUsize);

    impl HistorySource for Slow {
        fn history_from(&self, of: HistoryOf, span: Span, from: Option<u64>) -> History {
            let hub = self.0.clone();
            let (tell, told) = std::sync::mpsc::channel();
            std::thread::spawn(move || tell.send(hub.board().revision));
            let got_there = told.recv_timeout(std::time::Duration::from_secs(10)).is_ok();
            self.1.fetch_add(usize::from(got_there), Ordering::Relaxed);
            History { of, span, first: 0, fresh: from.is_none(), series: Vec::new() }
        }

        fn next_step(&self, _: Span) -> u64 {
            1
        }
    }

    #[test]
    fn reading_a_history_holds_up_nobody() {
        let hub = Hub::new(Arc::new(NoLogs), Box::new(|| {}));
        let slow = Arc::new(Slow(hub.clone(), AtomicUsize::new(0)));
        hub.read_histories_from(Arc::clone(&slow) as Arc<dyn HistorySource>);
        let client = hub.attach(Role::Viewer, || {});
        client.send(ClientMessage::FollowHistory(Some((HistoryOf::Machine, Span::Hour))));
        assert_eq!(taken(&client), [(0, 0, true)]);
        assert_eq!(slow.1.load(Ordering::Relaxed), 1, "the hub was locked meanwhile");
    }

    #[test]
    fn without_a_source_nobody_gets_any() {
        let hub = Hub::new(Arc::new(NoLogs), Box::new(|| {}));
        let client = hub.attach(Role::Viewer, || {});
        client.send(ClientMessage::FollowHistory(Some((HistoryOf::Machine, Span::Hour))));
        hub.histories_moved();
        assert_eq!(taken(&client), []);
    }
}
