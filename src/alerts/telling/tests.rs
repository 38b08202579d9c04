use std::collections::BTreeMap;

use super::*;
use crate::alerts::outbox::tests::{incident, now, over, settings};
use crate::model::{Acknowledgement, Schedule, Window};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;

/// Telling, with an outbox that says at once what it is told to say.
struct Bench {
    telling: Telling,
    ms: i64,
    told: Vec<(i64, String, Event, u64, String)>,
    kept: BTreeMap<String, Arc<str>>,
    withdrawn: Vec<u64>,
    ended: Vec<u64>,
    acknowledged: Vec<u64>,
    /// `None`: it waits.
    how: Option<How>,
}

fn rule(change: impl FnOnce(&mut Rule)) -> Rule {
    let mut rule = Rule { name: "news".into(), tell: vec!["a".into()], ..Rule::fallback(&[]) };
    rule.repeat = None;
    change(&mut rule);
    rule
}

/// An incident of the rule.
fn one(number: u64) -> Arc<Incident> {
    Arc::new(Incident { rule: "news".into(), ..(*incident(number)).clone() })
}

fn known(incident: &Arc<Incident>) -> Arc<Incident> {
    let acknowledged = Some(Acknowledgement { wall_ms: 1, by: "eva".into() });
    Arc::new(Incident { acknowledged, ..(**incident).clone() })
}

fn warning(incident: &Arc<Incident>) -> Arc<Incident> {
    Arc::new(Incident { severity: Severity::Warning, ..(**incident).clone() })
}

/// From 10 to 14 o'clock: noon is within it.
fn quiet() -> Schedule {
    let windows = vec![Window::parse("mon-sun 10:00-14:00").unwrap()];
    Schedule::new(windows, jiff::tz::TimeZone::UTC)
}

impl Bench {
    fn new(rule: Rule) -> Self {
        let settings = AlertSettings { rules: vec![rule], ..settings(&["a", "b", "c"]) };
        Self {
            telling: Telling::new(Arc::new(settings), Vec::new(), &[], now(0)),
            ms: 0,
            told: Vec::new(),
            kept: BTreeMap::new(),
            withdrawn: Vec::new(),
            ended: Vec::new(),
            acknowledged: Vec::new(),
            how: Some(How::Accepted),
        }
    }

    fn input(&mut self, input: Input<'_>) {
        let mut effects = self.telling.handle(now(self.ms), input);
        while !effects.is_empty() {
            let mut more = Vec::new();
            for effect in effects {
                match effect {
                    Effect::Tell { receiver, item } => {
                        let number = item.incident.number;
                        self.told.push((
                            self.ms,
                            receiver.to_string(),
                            item.event,
                            number,
                            item.why.to_string(),
                        ));
                        if let Some(how) = self.how {
                            let settled = Settled { receiver, said: vec![Said::of(&item)], how };
                            more.extend(self.telling.handle(now(self.ms), Input::Settled(&settled)));
                        }
                    }
                    Effect::Acknowledged(incident) => self.acknowledged.push(incident.number),
                    Effect::Ended(incident) => self.ended.push(incident.number),
                    Effect::Withdrawn(number) => self.withdrawn.push(number),
                    Effect::Keep(Paper { key, value: Some(value) }) => drop(self.kept.insert(key, value)),
                    Effect::Keep(Paper { key, value: None }) => drop(self.kept.remove(&key)),
                }
            }
            effects = more;
        }
    }

    fn happens(&mut self, incident: &Arc<Incident>, change: Change) {
        self.input(Input::Happened(&Happening { incident: Arc::clone(incident), change }));
    }

    fn settle(&mut self, incident: &Arc<Incident>, event: Event, how: How) {
        let said = Said { incident: incident.number, event, over: !incident.is_open() };
        self.input(Input::Settled(&Settled { receiver: "a".into(), said: vec![said], how }));
    }

    fn until(&mut self, ms: i64) {
        while let Some(at) = self.telling.next_deadline().map(Moment::millis)
            && at <= ms
        {
            self.ms = self.ms.max(at);
            self.input(Input::Time);
            assert!(self.telling.next_deadline().is_none_or(|next| next.millis() > self.ms));
        }
        self.ms = ms;
    }

    /// When who was told what.
    fn log(&self) -> Vec<(i64, &str, Event)> {
        self.told.iter().map(|(ms, receiver, event, ..)| (*ms, &**receiver, *event)).collect()
    }

    fn why(&self, at: usize) -> &str {
        &self.told[at].4
    }
}

#[test]
fn the_rule_says_who_is_told_and_of_what() {
    let mut bench = Bench::new(rule(|rule| rule.tell = vec!["b".into(), "c".into()]));
    bench.happens(&warning(&one(1)), Change::Opened);
    assert_eq!(bench.log(), [], "the rule wants critical ones");
    assert_eq!(bench.telling.told(1), Told::Nobody);
    bench.happens(&one(1), Change::Rose);
    assert_eq!(bench.log(), [(0, "b", Event::Raised), (0, "c", Event::Raised)]);
    assert_eq!((bench.why(0), bench.telling.told(1)), ("rule \"news\"", Told::Sent));
    bench.happens(&one(1), Change::Rose);
    assert_eq!(bench.log()[2..], [(0, "b", Event::Changed), (0, "c", Event::Changed)]);
    assert_eq!(bench.why(2), "rule \"news\", it is worse than before");
}

#[test]
fn where_no_rule_fits_critical_ones_are_told_to_all_and_again_after_hours() {
    let mut bench = Bench::new(rule(|_| {}));
    bench.happens(&warning(&incident(1)), Change::Opened);
    bench.happens(&incident(2), Change::Opened);
    bench.until(9 * HOUR);
    let times: Vec<i64> =
        bench.told.iter().filter(|(_, to, ..)| to == "b").map(|(ms, ..)| ms / HOUR).collect();
    assert_eq!(times, [0, 4, 8]);
    assert_eq!((bench.told.len(), bench.why(0)), (9, "rule \"default\""));
    assert_eq!(bench.why(3), "rule \"default\", again after 4 h while nobody acknowledges");
}

#[test]
fn a_rule_that_ignores_tells_nobody() {
    let mut bench = Bench::new(rule(|rule| rule.ignore = true));
    bench.happens(&one(1), Change::Opened);
    assert_eq!(bench.log(), []);
}

#[test]
fn that_it_grows_is_told_now_and_then_and_that_it_flaps_at_once() {
    let mut bench = Bench::new(rule(|_| {}));
    bench.happens(&one(1), Change::Opened);
    for _ in 0..20 {
        bench.until(bench.ms + 20 * SECOND);
        bench.happens(&one(1), Change::Grew);
    }
    bench.until(20 * MINUTE);
    let changed = |ms| (ms, "a", Event::Changed);
    assert_eq!(bench.log()[1..], [changed(5 * MINUTE), changed(10 * MINUTE)]);
    assert_eq!(bench.why(1), "rule \"news\", it has grown");
    bench.happens(&one(1), Change::Flaps);
    assert_eq!(bench.log()[3..], [changed(20 * MINUTE)]);
}

#[test]
fn what_is_over_is_told_to_whom_knows_of_it() {
    let mut bench = Bench::new(rule(|_| {}));
    bench.happens(&one(1), Change::Opened);
    bench.happens(&over(&one(1), 0), Change::Ended);
    assert_eq!(bench.log()[1..], [(0, "a", Event::Recovered)]);
    assert_eq!(bench.ended, [1]);
    assert!(bench.kept.is_empty(), "nothing is left to do: {:?}", bench.kept);

    bench.how = Some(How::Refused);
    bench.happens(&one(2), Change::Opened);
    assert_eq!(bench.telling.told(2), Told::Failed);
    bench.happens(&over(&one(2), 0), Change::Ended);
    bench.how = Some(How::Counted);
    bench.happens(&one(3), Change::Opened);
    bench.happens(&over(&one(3), 0), Change::Ended);
    assert_eq!(bench.told.len(), 4, "no recovery for whom the raise did not reach");
    assert!(bench.kept.is_empty());
}

#[test]
fn no_recovery_where_the_rule_wants_none() {
    let mut bench = Bench::new(rule(|rule| rule.recovery = false));
    bench.happens(&one(1), Change::Opened);
    bench.happens(&over(&one(1), 0), Change::Ended);
    assert_eq!(bench.log(), [(0, "a", Event::Raised)]);
    assert!(bench.kept.is_empty());
}

#[test]
fn a_raise_that_is_on_its_way_at_the_end_is_followed_by_the_recovery_once_it_is_accepted() {
    let mut bench = Bench::new(rule(|_| {}));
    bench.how = None;
    bench.happens(&one(1), Change::Opened);
    assert_eq!(bench.telling.told(1), Told::Waits);
    bench.happens(&over(&one(1), 0), Change::Ended);
    assert_eq!(bench.told.len(), 1);
    bench.settle(&one(1), Event::Raised, How::Accepted);
    assert_eq!(bench.log()[1..], [(0, "a", Event::Recovered)]);
    assert_eq!(bench.kept.len(), 1);
    bench.settle(&over(&one(1), 0), Event::Recovered, How::Accepted);
    assert!(bench.kept.is_empty());

    bench.happens(&one(2), Change::Opened);
    bench.happens(&over(&one(2), 0), Change::Ended);
    bench.settle(&over(&one(2), 0), Event::Raised, How::Accepted);
    assert_eq!(bench.told.len(), 3, "the raise said already that it is over");
    assert!(bench.kept.is_empty());
}

#[test]
fn what_is_withdrawn_is_told_to_nobody() {
    let mut bench = Bench::new(rule(|_| {}));
    bench.happens(&one(1), Change::Opened);
    let gone = Incident { ended: Some((9, Ending::Withdrawn)), ..(*one(1)).clone() };
    bench.happens(&Arc::new(gone), Change::Ended);
    assert_eq!((bench.told.len(), &bench.withdrawn[..]), (1, &[1][..]));
    assert!(bench.kept.is_empty());
    assert_eq!(bench.telling.next_deadline(), None);
}

fn escalating(rule: &mut Rule) {
    (rule.escalate_after, rule.escalate_to) = (Some(Duration::from_secs(900)), vec!["b".into()]);
    rule.repeat = Some(Duration::from_secs(3_600));
}

#[test]
fn who_is_next_is_told_when_nobody_acknowledges_and_again_then_and_at_the_end() {
    let mut bench = Bench::new(rule(escalating));
    bench.happens(&one(1), Change::Opened);
    bench.until(80 * MINUTE);
    bench.happens(&over(&one(1), bench.ms), Change::Ended);
    assert_eq!(
        bench.log(),
        [
            (0, "a", Event::Raised),
            (15 * MINUTE, "b", Event::Escalated),
            (60 * MINUTE, "a", Event::Repeated),
            (75 * MINUTE, "b", Event::Repeated),
            (80 * MINUTE, "a", Event::Recovered),
            (80 * MINUTE, "b", Event::Recovered),
        ]
    );
    assert_eq!(bench.why(1), "rule \"news\", after 15 min without acknowledgement");
}

#[test]
fn an_acknowledgement_stops_repeats_and_escalation_and_taking_it_back_begins_anew() {
    let mut bench = Bench::new(rule(escalating));
    bench.happens(&one(1), Change::Opened);
    bench.until(10 * MINUTE);
    bench.happens(&known(&one(1)), Change::Acknowledged);
    bench.happens(&known(&one(1)), Change::Grew);
    bench.until(5 * HOUR);
    assert_eq!(bench.told.len(), 1, "{:?}", bench.log());
    assert_eq!(bench.acknowledged, [1], "what waits in the outbox hears of it too");
    bench.happens(&known(&one(1)), Change::Rose);
    assert_eq!(bench.log()[1..], [(5 * HOUR, "a", Event::Changed)], "that it is worse is told");
    bench.until(6 * HOUR);
    bench.happens(&one(1), Change::Unacknowledged);
    bench.until(6 * HOUR + 20 * MINUTE);
    let log = bench.log();
    assert_eq!(log[2..], [(6 * HOUR, "a", Event::Repeated), (6 * HOUR + 15 * MINUTE, "b", Event::Escalated)]);
}

#[test]
fn what_somebody_knows_before_anybody_was_told_wakes_nobody() {
    let mut bench = Bench::new(rule(|_| {}));
    bench.happens(&known(&one(1)), Change::Opened);
    assert_eq!(bench.log(), []);
    bench.happens(&one(1), Change::Unacknowledged);
    assert_eq!(bench.log(), [(0, "a", Event::Raised)]);
}

#[test]
fn in_quiet_hours_warnings_wait_for_their_end_and_critical_ones_do_not() {
    let quiet_rule = || rule(|rule| (rule.quiet, rule.at_least) = (Some(quiet()), Severity::Warning));
    let mut bench = Bench::new(quiet_rule());
    bench.happens(&warning(&one(1)), Change::Opened);
    bench.happens(&warning(&one(2)), Change::Opened);
    bench.happens(&one(3), Change::Opened);
    assert_eq!(bench.told.iter().map(|told| told.3).collect::<Vec<_>>(), [3]);
    assert_eq!(bench.telling.told(1), Told::Nobody);
    bench.until(HOUR);
    bench.happens(&over(&warning(&one(2)), HOUR), Change::Ended);
    bench.until(3 * HOUR);
    assert_eq!(bench.log()[1..], [(2 * HOUR, "a", Event::Raised)], "what is over by then is not told at all");
    assert_eq!(bench.why(1), "rule \"news\", after quiet hours");

    let mut bench = Bench::new(Rule { quiet_critical: true, ..quiet_rule() });
    bench.happens(&one(1), Change::Opened);
    assert_eq!(bench.log(), []);
}

#[test]
fn a_recovery_waits_for_the_end_of_quiet_hours_too() {
    let mut bench = Bench::new(rule(|rule| (rule.quiet, rule.at_least) = (Some(quiet()), Severity::Warning)));
    bench.ms = -3 * HOUR;
    bench.happens(&warning(&one(1)), Change::Opened);
    bench.until(0);
    bench.happens(&over(&warning(&one(1)), 0), Change::Ended);
    bench.until(3 * HOUR);
    assert_eq!(bench.log(), [(-3 * HOUR, "a", Event::Raised), (2 * HOUR, "a", Event::Recovered)]);
    assert!(bench.kept.is_empty());
}

#[test]
fn a_wall_clock_that_is_set_ends_quiet_hours_within_a_minute() {
    let mut bench = Bench::new(rule(|rule| (rule.quiet, rule.at_least) = (Some(quiet()), Severity::Warning)));
    bench.happens(&warning(&one(1)), Change::Opened);
    let later = Now { at: bench.telling.next_deadline().unwrap(), wall_ms: now(3 * HOUR).wall_ms };
    assert!(later.at.millis() <= MINUTE);
    let effects = bench.telling.handle(later, Input::Time);
    assert!(matches!(&effects[0], Effect::Tell { .. }), "{effects:?}");
}

#[test]
fn repeats_do_not_pile_up_behind_what_waits() {
    let mut bench = Bench::new(rule(|rule| rule.repeat = Some(Duration::from_secs(600))));
    bench.how = None;
    bench.happens(&one(1), Change::Opened);
    bench.until(2 * HOUR);
    assert_eq!(bench.told.len(), 1);
    bench.settle(&one(1), Event::Raised, How::Accepted);
    bench.until(2 * HOUR + 11 * MINUTE);
    assert_eq!(bench.told.len(), 2);
}

#[test]
fn a_reload_tells_those_who_are_new_and_no_longer_those_who_are_gone() {
    let mut bench = Bench::new(rule(|rule| rule.repeat = Some(Duration::from_secs(600))));
    bench.happens(&one(1), Change::Opened);
    let changed = rule(|rule| {
        rule.tell = vec!["b".into()];
        rule.repeat = Some(Duration::from_secs(600));
    });
    let settings = AlertSettings { rules: vec![changed], ..settings(&["a", "b"]) };
    bench.input(Input::Settings(Arc::new(settings)));
    bench.until(15 * MINUTE);
    assert_eq!(bench.log()[1..], [(0, "b", Event::Raised), (10 * MINUTE, "b", Event::Repeated)]);
}

/// What another run finds in the store.
fn restarted(bench: &Bench, standing: &[Standing]) -> Bench {
    let papers = crate::alerts::papers::Papers::read(&bench.kept);
    let settings = Arc::clone(&bench.telling.settings);
    let telling = Telling::new(settings, papers.told, standing, now(bench.ms));
    let kept = bench.kept.clone();
    Bench { telling, ms: bench.ms, kept, ..Bench::new(rule(|_| {})) }
}

fn standing(incident: &Arc<Incident>, event: Event, accepted: bool) -> Standing {
    let said = Said { incident: incident.number, event, over: !incident.is_open() };
    Standing { receiver: "a".into(), said, accepted }
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let mut bench = Bench::new(rule(escalating));
    bench.happens(&one(1), Change::Opened);
    bench.until(10 * MINUTE);
    let mut again = restarted(&bench, &[]);
    assert_eq!(again.telling.unheard(), [1]);
    again.happens(&one(1), Change::Restored);
    assert!(again.telling.unheard().is_empty());
    again.until(61 * MINUTE);
    assert_eq!(again.log(), [(15 * MINUTE, "b", Event::Escalated), (60 * MINUTE, "a", Event::Repeated)]);
}

#[test]
fn after_a_long_downtime_it_is_first_seen_what_is_over() {
    let mut bench = Bench::new(rule(escalating));
    bench.happens(&one(1), Change::Opened);
    bench.happens(&one(2), Change::Opened);
    let start = 5 * HOUR;
    bench.ms = start;
    let mut again = restarted(&bench, &[]);
    again.happens(&one(1), Change::Restored);
    again.happens(&one(2), Change::Restored);
    again.until(start + MINUTE);
    again.happens(&over(&one(1), again.ms), Change::Ended);
    again.until(start + 2 * MINUTE - SECOND);
    assert_eq!(again.log(), [(start + MINUTE, "a", Event::Recovered)]);
    again.until(start + 3 * MINUTE);
    let at = start + 2 * MINUTE;
    assert_eq!(again.log()[1..], [(at, "a", Event::Repeated), (at, "b", Event::Escalated)]);
}

#[test]
fn what_a_restart_lost_is_told_again_and_what_the_outbox_has_is_not() {
    let mut bench = Bench::new(rule(|_| {}));
    bench.how = None;
    for number in 1..=4 {
        bench.happens(&one(number), Change::Opened);
    }
    let outbox = [standing(&one(2), Event::Raised, false), standing(&one(3), Event::Raised, true)];
    let mut again = restarted(&bench, &outbox);
    for number in 1..=3 {
        again.happens(&one(number), Change::Restored);
    }
    again.happens(&over(&one(4), 0), Change::Ended);
    let told: Vec<(u64, Event)> = again.told.iter().map(|told| (told.3, told.2)).collect();
    assert_eq!(told, [(1, Event::Raised), (4, Event::Raised)], "also what is over meanwhile");
    assert_eq!([1, 2, 3].map(|number| again.telling.told(number)), [Told::Sent, Told::Waits, Told::Sent]);
}

#[test]
fn a_recovery_that_a_restart_lost_is_told_again() {
    let mut bench = Bench::new(rule(|_| {}));
    bench.happens(&one(1), Change::Opened);
    bench.how = None;
    bench.happens(&over(&one(1), 0), Change::Ended);
    let mut again = restarted(&bench, &[standing(&one(1), Event::Raised, true)]);
    again.happens(&over(&one(1), 0), Change::Ended);
    assert_eq!(again.log(), [(0, "a", Event::Recovered)]);
    assert!(again.kept.is_empty());
}

#[test]
fn what_nothing_is_known_of_any_more_is_forgotten() {
    let mut bench = Bench::new(rule(|_| {}));
    bench.happens(&one(1), Change::Opened);
    let mut again = restarted(&bench, &[]);
    again.input(Input::Gone(1));
    assert!(again.kept.is_empty() && again.telling.unheard().is_empty());
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut bench = Bench::new(rule(|_| {}));
    for number in 1..=(MAX_TOLD as u64 + 10) {
        bench.happens(&one(number), Change::Opened);
    }
    assert_eq!(bench.telling.known.len(), MAX_TOLD);
    assert_eq!(bench.kept.len(), MAX_TOLD);
    assert_eq!(bench.told.len(), MAX_TOLD + 10, "and all were told");
}
