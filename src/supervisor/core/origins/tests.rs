use super::*;

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
        hosts.origins.answered(Moment::ZERO, hosts.host, StreamIx(100 + stream), true);
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
    (0..40).for_each(|stream| hosts.waits(stream));
    let at = hosts.origins.next_deadline().unwrap();
    assert!((11..=19).contains(&at.since(Moment::ZERO).as_secs()), "{at:?}");
    let through = hosts.origins.let_through(at, &hosts.policy, &mut hosts.random);
    assert_eq!(through.len(), 1);
    assert_eq!(through[0].1, [StreamIx(0), StreamIx(1), StreamIx(2)]);
    assert_eq!(through[0].2.len(), 37);
    // As long as it is not known what became of them nobody else is.
    let at = hosts.origins.next_deadline().unwrap();
    let through = hosts.origins.let_through(at, &hosts.policy, &mut hosts.random);
    assert!(through[0].1.is_empty());
    // They failed, and wait at the end; one that will not tell counts no longer.
    for stream in 0..2 {
        assert_eq!(hosts.fails(40, stream), Gate::Open);
        hosts.origins.wait(hosts.host, StreamIx(stream), Moment::from_millis(40_000));
    }
    hosts.origins.not_probing(hosts.host, StreamIx(2));
    let at = at + Duration::from_secs(60);
    let through = hosts.origins.let_through(at, &hosts.policy, &mut hosts.random);
    assert_eq!(through[0].1, [StreamIx(3), StreamIx(4), StreamIx(5)]);
}

#[test]
fn of_a_few_that_wait_one_is_let_through() {
    let mut hosts = Hosts::new();
    (0..5).for_each(|stream| _ = hosts.fails(0, stream));
    (0..5).for_each(|stream| hosts.waits(stream));
    let at = hosts.origins.next_deadline().unwrap();
    let through = hosts.origins.let_through(at, &hosts.policy, &mut hosts.random);
    assert_eq!(through[0].1, [StreamIx(0)]);
}

/// The one that is let through is answered.
fn closes(hosts: &mut Hosts, second: i64) -> Option<Vec<StreamIx>> {
    let at = hosts.origins.next_deadline().unwrap();
    let through = hosts.origins.let_through(at, &hosts.policy, &mut hosts.random);
    let probe = through[0].1[0];
    hosts.origins.answered(Moment::from_millis(second * 1_000), hosts.host, probe, true)
}

#[test]
fn an_answer_to_one_that_was_let_through_closes_it_and_frees_those_who_wait() {
    let mut hosts = Hosts::new();
    (0..5).for_each(|stream| _ = hosts.fails(0, stream));
    (0..5).for_each(|stream| hosts.waits(stream));
    assert_eq!(hosts.origins.down().len(), 1);
    let well = hosts.origins.answered(Moment::ZERO, hosts.host, StreamIx(9), true);
    assert_eq!(well, None, "one that was well all the time says nothing new");
    assert_eq!(closes(&mut hosts, 20).unwrap().len(), 4);
    assert!(!hosts.origins.any_down() && hosts.origins.next_deadline().is_none());
    assert_eq!(hosts.fails(100, 1), Gate::Closed, "it counts anew");
}

#[test]
fn one_that_relapses_is_tried_ever_less_often() {
    let mut hosts = Hosts::new();
    hosts.policy.backoff_jitter = 0.0;
    let mut waits = Vec::new();
    let mut second = 0;
    for _ in 0..7 {
        (0..5).for_each(|stream| _ = hosts.fails(second, stream));
        (0..5).for_each(|stream| hosts.waits(stream));
        let at = hosts.origins.next_deadline().unwrap();
        waits.push(at.since(Moment::from_millis(second * 1_000)).as_secs());
        second = at.millis() / 1_000 + 1;
        closes(&mut hosts, second);
        (0..5).for_each(|stream| hosts.origins.gone(hosts.host, StreamIx(stream)));
        second += 1;
    }
    assert_eq!(waits, [15, 30, 60, 120, 240, 300, 300]);
}

#[test]
fn when_nobody_waits_for_it_any_more_it_is_closed() {
    let mut hosts = Hosts::new();
    (0..5).for_each(|stream| _ = hosts.fails(0, stream));
    hosts.waits(0);
    hosts.waits(1);
    hosts.origins.stop_waiting(hosts.host, StreamIx(0), Moment::ZERO);
    let look = |hosts: &mut Hosts| {
        let at = hosts.origins.next_deadline().unwrap();
        hosts.origins.let_through(at, &hosts.policy, &mut hosts.random)
    };
    assert_eq!(look(&mut hosts)[0].1, [StreamIx(1)]);
    hosts.origins.not_probing(hosts.host, StreamIx(1));
    assert!(hosts.origins.any_down(), "for a while: others may come");
    assert!(look(&mut hosts).is_empty());
    assert!(!hosts.origins.any_down());
}
