use super::*;
use crate::alerts::papers::Papers;
use crate::config::Receiver;
use crate::model::{ConditionKind, Ending, Member, StreamId};

/// 2026-11-24 at noon.
pub const WALL: u64 = 1_795_521_600_000;

pub fn now(ms: i64) -> Now {
    Now { at: Moment::from_millis(ms), wall_ms: WALL.saturating_add_signed(ms) }
}

/// An incident of a stream of its own, critical and open.
pub fn incident(number: u64) -> Arc<Incident> {
    let stream = StreamId::new(&format!("s{number}")).unwrap();
    let member = Member {
        stream: stream.clone(),
        name: "One".into(),
        input: "".into(),
        since_wall_ms: WALL,
        cleared_wall_ms: None,
    };
    Arc::new(Incident {
        number,
        cause: Cause::Stream { stream, kind: ConditionKind::Black },
        severity: Severity::Critical,
        title: format!("s{number}: black").into(),
        began_wall_ms: WALL,
        opened_wall_ms: WALL,
        ended: None,
        flapping: None,
        members: vec![member],
        more_members: 0,
        values: Vec::new(),
        lines: vec!["a line".into()],
        acknowledged: None,
        notes: Vec::new(),
        rule: "".into(),
    })
}

/// The same one, over.
pub fn over(incident: &Arc<Incident>, ms: i64) -> Arc<Incident> {
    Arc::new(Incident { ended: Some((now(ms).wall_ms, Ending::Cleared)), ..(**incident).clone() })
}

/// One of the same cause as another.
pub fn alike(number: u64, other: &Arc<Incident>) -> Arc<Incident> {
    Arc::new(Incident { number, ..(**other).clone() })
}

pub fn item(event: Event, incident: Arc<Incident>) -> Item {
    Item { event, incident, why: "rule \"x\"".into() }
}

pub fn receiver(name: &str) -> Receiver {
    Receiver { name: name.into(), way: Way::Mail { to: vec![format!("{name}@example.org").into()] } }
}

pub fn settings(receivers: &[&str]) -> AlertSettings {
    AlertSettings {
        receivers: receivers.iter().map(|name| receiver(name)).collect(),
        ..AlertSettings::default()
    }
}

type Answers = dyn FnMut(&Message) -> Option<Outcome>;

/// An outbox, a store that is always quick, and what was done.
struct Bench {
    outbox: Outbox,
    ms: i64,
    disk: BTreeMap<String, Arc<str>>,
    sends: Vec<(i64, Message)>,
    settled: Vec<Settled>,
    notes: Vec<Arc<str>>,
    /// What the other side says to each try.
    answer: Box<Answers>,
}

impl Bench {
    fn new(settings: AlertSettings) -> Self {
        Self {
            outbox: Outbox::new(Arc::new(settings), Vec::new(), 1, 7, "tv.example", now(0)),
            ms: 0,
            disk: BTreeMap::new(),
            sends: Vec::new(),
            settled: Vec::new(),
            notes: Vec::new(),
            answer: Box::new(|_| Some(Outcome::Accepted("250 ok".into()))),
        }
    }

    fn one(settings: impl FnOnce(&mut AlertSettings)) -> Self {
        let mut all = self::settings(&["a"]);
        settings(&mut all);
        Self::new(all)
    }

    fn input(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            for effect in self.outbox.handle(now(self.ms), input) {
                match effect {
                    Effect::Keep(Paper { key, value: Some(value) }) => drop(self.disk.insert(key, value)),
                    Effect::Keep(Paper { key, value: None }) => drop(self.disk.remove(&key)),
                    Effect::Barrier(number) => inputs.push(Input::Durable(number)),
                    Effect::Send(message) => {
                        self.sends.push((self.ms, (*message).clone()));
                        if let Some(outcome) = (self.answer)(&message) {
                            inputs.push(Input::Sent { number: message.number, outcome });
                        }
                    }
                    Effect::Settled(settled) => self.settled.push(settled),
                    Effect::Note(text) => self.notes.push(text),
                }
            }
        }
    }

    fn tell(&mut self, receiver: &str, event: Event, incident: &Arc<Incident>) {
        self.input(Input::Tell { receiver: receiver.into(), item: item(event, Arc::clone(incident)) });
    }

    /// Lets time pass up to `ms`, as it asks for.
    fn until(&mut self, ms: i64) {
        let mut asked = 0;
        while let Some(at) = self.outbox.next_deadline().map(Moment::millis)
            && at <= ms
        {
            asked = if at > self.ms { 0 } else { asked + 1 };
            assert!(asked < 5, "it asks for the same time again: {at}");
            self.ms = self.ms.max(at);
            self.input(Input::Time);
        }
        self.ms = ms;
    }

    /// When messages went out, with what is in each.
    fn log(&self) -> Vec<(i64, Vec<(u64, Event)>)> {
        let items = |message: &Message| {
            message.items.iter().map(|item| (item.incident.number, item.event)).collect::<Vec<_>>()
        };
        self.sends.iter().map(|(ms, message)| (*ms, items(message))).collect()
    }

    fn restarted(&self, settings: AlertSettings) -> Self {
        let papers = Papers::read(&self.disk);
        assert!(papers.notes.is_empty(), "{:?}", papers.notes);
        let mut bench = Self::new(settings.clone());
        bench.outbox =
            Outbox::new(Arc::new(settings), papers.kept, papers.next_number, 8, "tv.example", now(self.ms));
        (bench.ms, bench.disk) = (self.ms, self.disk.clone());
        bench
    }
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

fn temporary() -> Outcome {
    Outcome::Temporary("421 not now".into())
}

#[test]
fn a_thing_to_tell_waits_for_a_moment_and_is_kept_before_it_is_sent() {
    let mut outbox = Outbox::new(Arc::new(settings(&["a"])), Vec::new(), 1, 7, "tv.example", now(0));
    outbox.handle(now(0), Input::Time);
    let effects =
        outbox.handle(now(0), Input::Tell { receiver: "a".into(), item: item(Event::Raised, incident(5)) });
    assert!(matches!(&effects[..], [Effect::Keep(paper)] if paper.key == "next"), "{effects:?}");
    assert_eq!(outbox.next_deadline(), Some(Moment::from_millis(1_000)));
    let effects = outbox.handle(now(1_000), Input::Time);
    let [Effect::Keep(paper), Effect::Barrier(1)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(paper.key, "message/0000000001");
    assert!(outbox.handle(now(5_000), Input::Time).is_empty(), "not before it is on disk");
    let effects = outbox.handle(now(5_000), Input::Durable(1));
    let [Effect::Send(message)] = &effects[..] else { panic!("{effects:?}") };
    let (random, host) = message.message_id.strip_prefix("1.").unwrap().split_once('@').unwrap();
    assert_eq!((random.len(), host), (ID_CHARACTERS, "tv.example"));
    let effects =
        outbox.handle(now(6_000), Input::Sent { number: 1, outcome: Outcome::Accepted("250 ok".into()) });
    let [Effect::Keep(paper), Effect::Settled(settled)] = &effects[..] else { panic!("{effects:?}") };
    let kept: Kept = serde_json::from_str(paper.value.as_ref().unwrap()).unwrap();
    assert!(matches!(&kept, Kept::Sent { answer, .. } if &**answer == "250 ok"), "{kept:?}");
    assert_eq!((settled.how, settled.said[0].incident), (How::Accepted, 5));
    let reading = outbox.reading();
    assert_eq!((reading.waiting, reading.sent, reading.receivers[0].waiting), (0, 1, 0));
    assert_eq!(reading.receivers[0].accepted_wall_ms, Some(now(6_000).wall_ms));
}

#[test]
fn what_is_accepted_leaves_the_store_when_the_limits_look_back_no_further() {
    let mut bench = Bench::one(|_| {});
    bench.tell("a", Event::Raised, &incident(1));
    bench.until(HOUR_MS);
    assert!(bench.disk.contains_key("message/0000000001"));
    bench.until(HOUR_MS + 2 * SECOND);
    assert_eq!(bench.disk.keys().collect::<Vec<_>>(), ["next"]);
    assert_eq!(bench.outbox.next_deadline(), None, "an idle outbox sleeps");
}

#[test]
fn two_hundred_at_once_are_ten_messages_and_a_digest() {
    let mut bench = Bench::one(|_| {});
    for number in 1..=200 {
        bench.tell("a", Event::Raised, &incident(number));
    }
    bench.until(MINUTE);
    assert_eq!(bench.sends.len(), 11);
    let told: std::collections::BTreeSet<u64> =
        bench.sends.iter().flat_map(|(_, message)| &message.items).map(|item| item.incident.number).collect();
    assert_eq!(told.len(), 200, "none is lost");
    assert_eq!(bench.sends[10].1.items.len(), 190);
    assert!(bench.sends[10].1.items.iter().all(|item| item.incident.lines.is_empty()));
    assert_eq!(bench.sends[10].0, 3 * SECOND, "after ten there is a pause");
    assert_eq!(bench.outbox.reading().merged, 189);
}

#[test]
fn what_comes_one_after_the_other_is_no_more_mail_than_what_comes_at_once() {
    let mut bench = Bench::one(|_| {});
    for number in 1..=200 {
        bench.tell("a", Event::Raised, &incident(number));
        bench.until(bench.ms + 300);
    }
    bench.until(5 * MINUTE);
    let first_minute = bench.sends.iter().filter(|(ms, _)| *ms <= MINUTE).count();
    assert!((11..=15).contains(&first_minute), "{first_minute}");
    assert!(bench.sends.iter().all(|(ms, _)| *ms < 80 * SECOND));
    assert_eq!(bench.sends.iter().map(|(_, message)| message.items.len()).sum::<usize>(), 200);
}

#[test]
fn the_worst_go_alone() {
    let mut bench = Bench::one(|settings| settings.digest_above = 2);
    let warning = |number| Arc::new(Incident { severity: Severity::Warning, ..(*incident(number)).clone() });
    for number in 1..=4 {
        bench.tell("a", Event::Raised, &warning(number));
    }
    bench.tell("a", Event::Raised, &over(&incident(5), 0));
    bench.tell("a", Event::Raised, &incident(6));
    bench.until(MINUTE);
    let numbers: Vec<Vec<u64>> = bench
        .log()
        .into_iter()
        .map(|(_, items)| items.into_iter().map(|(number, _)| number).collect())
        .collect();
    assert_eq!(numbers, [vec![6], vec![1], vec![2, 3, 4, 5]], "what is over comes last");
}

#[test]
fn a_digest_names_so_many_and_counts_the_others() {
    let mut bench = Bench::one(|_| {});
    for number in 1..=1_000 {
        bench.tell("a", Event::Raised, &incident(number));
        assert!(bench.outbox.sizes().0 <= MAX_DRAFTS);
    }
    bench.until(MINUTE);
    let digest = &bench.sends.iter().find(|(_, message)| message.is_digest()).unwrap().1;
    assert_eq!(digest.items.len(), crate::alerts::MAX_ITEMS);
    let counted: u32 = bench.sends.iter().map(|(_, message)| message.more_items).sum();
    let named: usize = bench.sends.iter().map(|(_, message)| message.items.len()).sum();
    assert_eq!(named + counted as usize, 1_000, "none is silently dropped");
    let said =
        |how| bench.settled.iter().filter(|one| one.how == how).map(|one| one.said.len()).sum::<usize>();
    assert_eq!((said(How::Accepted), said(How::Counted)), (named, counted as usize));
}

#[test]
fn a_square_wave_is_a_pair_and_one_message_in_each_time() {
    let mut bench = Bench::one(|_| {});
    for number in 1..=60 {
        let one = alike(number, &incident(1));
        bench.tell("a", Event::Raised, &one);
        bench.until(bench.ms + 5 * SECOND);
        bench.input(Input::Ended(over(&one, bench.ms)));
        if bench
            .sends
            .iter()
            .any(|(_, message)| message.items.iter().any(|held| held.incident.number == number))
        {
            bench.tell("a", Event::Recovered, &over(&one, bench.ms));
        }
        bench.until(bench.ms + 5 * SECOND);
    }
    assert_eq!(bench.ms, 10 * MINUTE);
    let times: Vec<i64> = bench.sends.iter().map(|(ms, _)| *ms).collect();
    assert_eq!(times, [SECOND, 6 * SECOND, 301 * SECOND]);
    bench.until(20 * MINUTE);
    let told: std::collections::BTreeSet<u64> =
        bench.sends.iter().flat_map(|(_, message)| &message.items).map(|item| item.incident.number).collect();
    assert_eq!((bench.sends.len(), told.len()), (4, 60), "and all are told in the end");
}

#[test]
fn who_comes_back_within_the_time_waits_and_what_is_worse_does_not() {
    let mut bench = Bench::one(|_| {});
    let one = Arc::new(Incident { severity: Severity::Warning, ..(*incident(1)).clone() });
    bench.tell("a", Event::Raised, &one);
    bench.until(10 * SECOND);
    bench.tell("a", Event::Changed, &one);
    bench.tell("a", Event::Raised, &incident(2));
    bench.until(MINUTE);
    assert_eq!(bench.log().len(), 2, "another cause has its own time: {:?}", bench.log());
    bench.tell("a", Event::Changed, &incident(1));
    bench.until(70 * SECOND);
    assert_eq!(bench.log()[2], (MINUTE, vec![(1, Event::Changed)]), "it is critical now");
    bench.tell("a", Event::Changed, &incident(1));
    bench.until(10 * MINUTE);
    assert_eq!(bench.log()[3], (6 * MINUTE, vec![(1, Event::Changed)]));
}

#[test]
fn what_is_over_before_it_is_sent_is_one_message_that_says_so() {
    let mut bench = Bench::one(|_| {});
    bench.tell("a", Event::Raised, &incident(1));
    bench.ms = 500;
    bench.input(Input::Ended(over(&incident(1), 500)));
    bench.until(MINUTE);
    assert_eq!(bench.log(), [(SECOND, vec![(1, Event::Raised)])]);
    assert!(!bench.sends[0].1.items[0].incident.is_open());
    assert!(bench.settled[0].said[0].over);
}

#[test]
fn that_it_goes_on_is_not_told_of_what_is_over() {
    let mut bench = Bench::one(|_| {});
    bench.tell("a", Event::Repeated, &incident(1));
    bench.input(Input::Ended(over(&incident(1), 0)));
    bench.until(MINUTE);
    assert_eq!(bench.log(), []);
    assert_eq!(bench.settled[0].how, How::Dropped);
    assert_eq!(bench.outbox.reading().waiting, 0);
}

#[test]
fn that_nobody_knows_is_not_told_once_somebody_does() {
    let mut bench = Bench::one(|_| {});
    let knows = |number| {
        let acknowledged = Some(crate::model::Acknowledgement { wall_ms: 1, by: "eva".into() });
        Arc::new(Incident { acknowledged, ..(*incident(number)).clone() })
    };
    for (number, event) in (1..).zip([Event::Repeated, Event::Escalated, Event::Raised, Event::Changed]) {
        bench.tell("a", event, &incident(number));
        bench.input(Input::Acknowledged(knows(number)));
    }
    let dropped: Vec<Event> = bench.settled.iter().flat_map(|one| &one.said).map(|said| said.event).collect();
    assert_eq!(dropped, [Event::Repeated, Event::Escalated]);
    assert!(bench.settled.iter().all(|one| one.how == How::Dropped));
    bench.until(MINUTE);
    assert_eq!(bench.log(), [(SECOND, vec![(3, Event::Raised)]), (SECOND, vec![(4, Event::Changed)])]);
    assert!(bench.sends.iter().all(|(_, message)| message.items[0].incident.acknowledged.is_some()));
}

#[test]
fn what_is_withdrawn_is_not_sent_unless_it_may_have_been() {
    let mut bench = Bench::one(|_| {});
    bench.answer = Box::new(|_| Some(temporary()));
    bench.tell("a", Event::Raised, &incident(1));
    bench.until(2 * SECOND);
    bench.tell("a", Event::Raised, &incident(2));
    bench.until(5 * SECOND);
    bench.input(Input::Withdrawn(1));
    bench.input(Input::Withdrawn(2));
    bench.answer = Box::new(|_| Some(Outcome::Accepted(String::new())));
    bench.until(MINUTE);
    assert_eq!(bench.log(), [(SECOND, vec![(1, Event::Raised)]), (11 * SECOND, vec![(1, Event::Raised)])]);
    assert!(Papers::read(&bench.disk).kept.iter().all(|kept| matches!(kept, Kept::Sent { .. })));
}

#[test]
fn a_server_that_is_down_is_asked_later_and_later_and_the_message_stays_the_same() {
    let mut bench = Bench::one(|_| {});
    bench.answer = Box::new(|_| Some(temporary()));
    bench.tell("a", Event::Raised, &incident(1));
    bench.until(2 * HOUR_MS);
    let waits: Vec<i64> = bench.sends.windows(2).map(|pair| (pair[1].0 - pair[0].0) / SECOND).collect();
    assert_eq!(&waits[..8], [10, 20, 40, 80, 160, 320, 640, 900]);
    assert!(bench.sends.iter().all(|(_, message)| *message == bench.sends[0].1));
    let reading = bench.outbox.reading();
    let one = &reading.receivers[0];
    assert_eq!((reading.waiting, one.trouble.as_deref()), (1, Some("421 not now")));
    assert_eq!(one.next_wall_ms, bench.outbox.next_deadline().map(|at| now(at.millis()).wall_ms));
    bench.answer = Box::new(|_| Some(Outcome::Accepted("250".into())));
    bench.until(3 * HOUR_MS);
    let reading = bench.outbox.reading();
    assert_eq!((reading.waiting, reading.sent, reading.receivers[0].trouble.as_ref()), (0, 1, None));
}

#[test]
fn while_a_server_is_down_what_comes_is_one_digest_in_the_end() {
    let mut bench = Bench::one(|_| {});
    bench.answer = Box::new(|_| Some(temporary()));
    for number in 1..=150 {
        bench.tell("a", Event::Raised, &incident(number));
        bench.until(bench.ms + 40 * SECOND);
        assert!(bench.outbox.sizes().0 <= 10 + SPARE_DRAFTS + 5, "{:?}", bench.outbox.sizes());
    }
    let tried: std::collections::BTreeSet<u64> =
        bench.sends.iter().map(|(_, message)| message.number).collect();
    assert!(tried.len() <= 4, "{tried:?}");
    bench.answer = Box::new(|_| Some(Outcome::Accepted("250".into())));
    let before = bench.sends.len();
    bench.until(bench.ms + 20 * MINUTE);
    let after = &bench.sends[before..];
    assert!(after.len() <= 15, "{}", after.len());
    let named: usize = after.iter().map(|(_, message)| message.items.len()).sum();
    assert_eq!(named, 150, "nothing lost, nothing twice");
}

#[test]
fn one_message_that_is_never_taken_holds_up_no_other() {
    let mut bench = Bench::one(|_| {});
    bench.answer = Box::new(|message| {
        let poison = message.items.iter().any(|item| item.incident.number == 1);
        if poison { Some(temporary()) } else { Some(Outcome::Accepted("250".into())) }
    });
    bench.tell("a", Event::Raised, &incident(1));
    bench.until(20 * MINUTE);
    bench.tell("a", Event::Raised, &incident(2));
    bench.until(50 * MINUTE);
    bench.tell("a", Event::Raised, &incident(3));
    bench.until(51 * MINUTE);
    let first = |number| bench.log().iter().find(|(_, items)| items[0].0 == number).unwrap().0;
    assert!(first(2) < 36 * MINUTE, "it waits once, as nobody knows whose fault it is");
    assert_eq!(first(3), 50 * MINUTE + SECOND);
}

#[test]
fn a_message_is_given_up_after_days_and_that_is_said() {
    let mut bench = Bench::one(|_| {});
    bench.answer = Box::new(|_| Some(temporary()));
    bench.tell("a", Event::Raised, &incident(1));
    bench.until(5 * 24 * HOUR_MS);
    assert_eq!(bench.sends.len(), MAX_TRIES as usize);
    let (last, _) = bench.sends[bench.sends.len() - 1];
    assert!((2..=4).contains(&(last / HOUR_MS / 24)), "{last}");
    assert_eq!(bench.settled[0].how, How::Refused);
    assert!(bench.notes[0].contains("not accepted in 300 tries: 421 not now"), "{:?}", bench.notes);
    assert_eq!((bench.outbox.reading().waiting, bench.outbox.reading().failed), (0, 1));
}

#[test]
fn what_is_refused_for_good_is_not_tried_again_and_is_shown() {
    let mut bench = Bench::one(|_| {});
    bench.answer = Box::new(|_| Some(Outcome::Permanent("550 no such user".into())));
    bench.tell("a", Event::Raised, &incident(1));
    bench.until(HOUR_MS);
    let reading = bench.outbox.reading();
    assert_eq!((bench.sends.len(), reading.failed, reading.waiting), (1, 1, 0));
    assert_eq!(reading.receivers[0].trouble.as_deref(), Some("550 no such user"));
    assert_eq!((bench.settled[0].how, bench.notes.len()), (How::Refused, 1));
    assert_eq!(bench.disk.len(), 1, "only the number: {:?}", bench.disk);
    bench.answer = Box::new(|_| Some(Outcome::Accepted("250".into())));
    bench.tell("a", Event::Raised, &incident(2));
    bench.until(2 * HOUR_MS);
    assert_eq!(bench.outbox.reading().receivers[0].trouble, None);
}

#[test]
fn a_receiver_that_is_dead_holds_up_no_other() {
    let mut bench = Bench::new(settings(&["a", "b"]));
    bench.answer = Box::new(|message| (&*message.receiver == "b").then(|| Outcome::Accepted("250".into())));
    for number in 1..=3 {
        bench.tell("a", Event::Raised, &incident(number));
        bench.tell("b", Event::Raised, &incident(number));
    }
    bench.until(MINUTE);
    let to = |name: &str| bench.sends.iter().filter(|(_, message)| &*message.receiver == name).count();
    assert_eq!((to("a"), to("b")), (1, 3), "and one at a time to each");
}

#[test]
fn the_hourly_cap_holds_and_what_it_held_back_is_counted() {
    let mut bench = Bench::one(|settings| settings.per_hour = 5);
    for number in 1..=20 {
        bench.tell("a", Event::Raised, &incident(number));
        bench.until(bench.ms + 2 * MINUTE);
    }
    assert_eq!(bench.sends.len(), 5);
    bench.until(2 * HOUR_MS);
    let hour = |from: i64| bench.sends.iter().filter(|(ms, _)| (from..from + HOUR_MS).contains(ms)).count();
    assert!(bench.sends.iter().all(|(ms, _)| hour(*ms) <= 5), "{:?}", bench.log());
    let named: usize = bench.sends.iter().map(|(_, message)| message.items.len()).sum();
    assert_eq!(named, 20);
    let held: u32 = bench.sends.iter().map(|(_, message)| message.held_back).sum();
    let merged: usize = bench.sends.iter().filter(|(_, m)| m.is_digest()).map(|(_, m)| m.items.len()).sum();
    assert_eq!(held as usize, merged, "{:?}", bench.log());
}

#[test]
fn after_a_batch_there_is_a_pause() {
    let mut bench =
        Bench::one(|settings| (settings.batch, settings.batch_pause) = (3, Duration::from_secs(7)));
    for number in 1..=8 {
        bench.tell("a", Event::Raised, &incident(number));
    }
    bench.until(MINUTE);
    let times: Vec<i64> = bench.sends.iter().map(|(ms, _)| *ms / SECOND).collect();
    assert_eq!(times, [1, 1, 1, 8, 8, 8, 15, 15]);
}

#[test]
fn a_receiver_that_is_taken_out_gets_nothing_more_and_that_is_said() {
    let mut bench = Bench::new(settings(&["a", "b"]));
    bench.answer = Box::new(|_| None);
    bench.tell("b", Event::Raised, &incident(1));
    bench.until(2 * SECOND);
    bench.tell("b", Event::Raised, &incident(2));
    bench.until(4 * SECOND);
    bench.input(Input::Settings(Arc::new(settings(&["a"]))));
    assert_eq!(bench.notes.len(), 2, "{:?}", bench.notes);
    assert!(bench.settled.iter().all(|one| one.how == How::Refused));
    assert_eq!(bench.disk.keys().collect::<Vec<_>>(), ["next"]);
    bench.input(Input::Sent { number: 1, outcome: Outcome::Accepted("late".into()) });
    bench.tell("b", Event::Raised, &incident(3));
    bench.until(MINUTE);
    assert_eq!((bench.sends.len(), bench.notes.len()), (1, 3));
    assert_eq!(bench.outbox.reading().receivers.len(), 1);
}

#[test]
fn after_a_restart_what_may_have_been_sent_is_sent_again_as_it_was() {
    let mut bench = Bench::one(|_| {});
    bench.answer = Box::new(|_| None);
    bench.tell("a", Event::Raised, &incident(1));
    bench.until(2 * SECOND);
    bench.tell("a", Event::Raised, &incident(2));
    bench.until(4 * SECOND);
    let sent = bench.sends[0].1.clone();
    let mut again = bench.restarted(settings(&["a"]));
    again.input(Input::Ended(over(&incident(1), 4 * SECOND)));
    again.input(Input::Ended(over(&incident(2), 4 * SECOND)));
    again.until(MINUTE);
    assert_eq!(again.sends[0].1, sent, "what may have been sent does not change");
    assert!(!again.sends[1].1.items[0].incident.is_open(), "what has not, does");
    again.tell("a", Event::Raised, &incident(3));
    again.until(2 * MINUTE);
    assert!(again.sends[2].1.number > NUMBERS_AT_ONCE, "no number is used twice");
}

#[test]
fn after_a_restart_the_limits_still_hold() {
    let limit = |settings: &mut AlertSettings| settings.per_hour = 3;
    let mut bench = Bench::one(limit);
    for number in 1..=3 {
        bench.tell("a", Event::Raised, &incident(number));
    }
    bench.until(MINUTE);
    let mut all = settings(&["a"]);
    limit(&mut all);
    let mut again = bench.restarted(all);
    again.tell("a", Event::Raised, &incident(4));
    again.until(50 * MINUTE);
    assert_eq!(again.sends.len(), 0);
    again.until(62 * MINUTE);
    assert_eq!(again.sends.len(), 1);

    let mut again = bench.restarted(settings(&["a"]));
    again.tell("a", Event::Raised, &alike(9, &incident(1)));
    again.until(4 * MINUTE);
    assert_eq!(again.sends.len(), 0, "the same cause within the time");
    again.until(6 * MINUTE);
    assert_eq!(again.sends.len(), 1);
}

#[test]
fn what_went_into_another_message_is_not_sent_besides() {
    let mut bench = Bench::one(|settings| settings.digest_above = 1);
    bench.answer = Box::new(|_| None);
    bench.tell("a", Event::Raised, &incident(1));
    bench.until(2 * SECOND);
    for number in 2..=5 {
        bench.tell("a", Event::Raised, &incident(number));
    }
    bench.until(4 * SECOND);
    let before = bench.disk.clone();
    bench.answer = Box::new(|_| None);
    bench.input(Input::Sent { number: 1, outcome: Outcome::Accepted("250".into()) });
    bench.until(30 * SECOND);
    // A store that has written the digest, and not yet that what went into it is gone.
    for (key, value) in before {
        bench.disk.entry(key).or_insert(value);
    }
    let mut again = bench.restarted(settings(&["a"]));
    again.until(MINUTE);
    assert_eq!(again.log(), [(30 * SECOND, (2..=5).map(|number| (number, Event::Raised)).collect())]);
    again.until(2 * HOUR_MS);
    assert_eq!(again.disk.keys().collect::<Vec<_>>(), ["next"]);
}

#[test]
fn what_the_limiter_remembers_is_bounded_and_cleaned() {
    let mut bench = Bench::one(|settings| {
        (settings.per_hour, settings.digest_above) = (100_000, 100_000);
        (settings.rate_limit, settings.batch) = (Duration::from_secs(86_400), 100_000);
    });
    for number in 1..=(MAX_LIMITED as u64 + 300) {
        bench.tell("a", Event::Raised, &incident(number));
        if number % 100 == 0 {
            bench.until(bench.ms + 2 * SECOND);
        }
    }
    assert_eq!(bench.outbox.sizes().1, MAX_LIMITED);
    bench.until(4 * 24 * HOUR_MS);
    assert_eq!(bench.outbox.sizes(), (0, 0));
}

#[test]
fn what_can_not_be_read_is_noted_and_the_rest_is() {
    let mut bench = Bench::one(|_| {});
    bench.tell("a", Event::Raised, &incident(1));
    bench.until(MINUTE);
    bench.disk.insert("message/0000000009".into(), "{".into());
    bench.disk.insert("elsewhere".into(), "1".into());
    let papers = Papers::read(&bench.disk);
    assert_eq!((papers.kept.len(), papers.next_number, papers.notes.len()), (1, 102, 2));
}
