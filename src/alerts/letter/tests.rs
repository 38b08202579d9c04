//! Letters as they are read. Each snapshot was read with one question: would I know what to do at night?

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::*;
use crate::alerts::{LAST_LINE, RESTARTS};
use crate::model::{
    Acknowledgement, Cause, ConditionKind, Ending, Flapping, Incident, IncidentNote, Member, NoticeKind,
    Severity, StreamId,
};

mod hostile;

/// 2026-03-14 03:12:40 in Berlin.
const BEGAN: u64 = 1_773_454_360_000;
const MINUTE: u64 = 60_000;

fn about() -> About {
    About {
        host: "seed".into(),
        zone: TimeZone::get("Europe/Berlin").expect("a zone"),
        headend: "headend".into(),
    }
}

fn stream(id: &str) -> StreamId {
    StreamId::new(id).unwrap()
}

fn member(n: u64) -> Member {
    Member {
        stream: stream(&format!("news-{n}")),
        name: format!("News {n}").into(),
        input: format!("https://***@cdn-a.example/live/news-{n}.m3u8").into(),
        since_wall_ms: BEGAN + n * 700,
        cleared_wall_ms: None,
    }
}

fn incident(members: u64) -> Incident {
    Incident {
        number: 4711,
        cause: Cause::Origin { host: "cdn-a.example".into(), kind: ConditionKind::Refused },
        severity: Severity::Critical,
        title: format!("{members} streams: cdn-a.example refused connections").into(),
        began_wall_ms: BEGAN,
        opened_wall_ms: BEGAN + 10_000,
        ended: None,
        flapping: None,
        members: (1..=members).map(member).collect(),
        more_members: 0,
        values: vec![("answers".into(), "0 of 12 within 10 s".into())],
        lines: vec![
            "[tcp @ 0x55d0] Connection to tcp://cdn-a.example:443 failed: Connection refused".into(),
            "https://***@cdn-a.example/live/news-1.m3u8: Connection refused".into(),
        ],
        acknowledged: None,
        notes: Vec::new(),
        rule: "news".into(),
    }
}

fn black() -> Incident {
    Incident {
        number: 4712,
        cause: Cause::Stream { stream: stream("sport-2"), kind: ConditionKind::Black },
        title: "sport-2 is black".into(),
        members: vec![Member {
            stream: stream("sport-2"),
            name: "Sport 2 HD".into(),
            input: "udp://239.1.1.2:5000".into(),
            ..member(1)
        }],
        values: Vec::new(),
        lines: vec!["black_start:120.4".into()],
        ..incident(1)
    }
}

fn item(event: Event, incident: Incident) -> Item {
    Item { event, incident: Arc::new(incident), why: "rule \"news\" tells ops of critical incidents".into() }
}

fn message(items: Vec<Item>, after_ms: u64) -> Message {
    Message {
        number: 17,
        message_id: "17.5f3a9c@seed".into(),
        receiver: "ops".into(),
        items,
        more_items: 0,
        held_back: 0,
        made_wall_ms: BEGAN + after_ms,
    }
}

fn one(event: Event, incident: Incident, after_ms: u64) -> Letter {
    letter(&message(vec![item(event, incident)], after_ms), &about())
}

fn over(incident: Incident, ending: Ending) -> Incident {
    Incident { ended: Some((BEGAN + 14 * MINUTE, ending)), ..incident }
}

fn shown(letter: &Letter) -> String {
    format!("Subject: {}\n\n{}", letter.subject, letter.text)
}

fn flapping() -> Incident {
    Incident { flapping: Some(Flapping { changes: 8, within_ms: 10 * MINUTE }), ..black() }
}

/// Some of twelve are well again, somebody knows, and has written something.
fn known() -> Incident {
    let mut incident = incident(12);
    for member in &mut incident.members[8..] {
        member.cleared_wall_ms = Some(BEGAN + 9 * MINUTE);
    }
    incident.acknowledged = Some(Acknowledgement { wall_ms: BEGAN + 3 * MINUTE, by: "mia".into() });
    incident.notes = vec![IncidentNote {
        wall_ms: BEGAN + 4 * MINUTE,
        by: "mia".into(),
        text: "called the CDN, they are on it".into(),
    }];
    incident
}

fn disk() -> Incident {
    Incident {
        number: 12,
        cause: Cause::Headend { notice: NoticeKind::Store },
        severity: Severity::Warning,
        title: "the store can't be written: no space left on /var/lib/headend".into(),
        members: Vec::new(),
        values: Vec::new(),
        lines: Vec::new(),
        ..incident(0)
    }
}

fn digest() -> Message {
    let mut items: Vec<Item> = (0..4)
        .map(|n| {
            let incident = Incident {
                number: 4720 + n,
                severity: if n == 2 { Severity::Critical } else { Severity::Warning },
                title: format!("film-{n} has no sound").into(),
                ..black()
            };
            item(
                [Event::Raised, Event::Repeated, Event::Raised, Event::Changed][usize::try_from(n).unwrap()],
                incident,
            )
        })
        .collect();
    items[1].incident = Arc::new(Incident { flapping: flapping().flapping, ..(*items[1].incident).clone() });
    items.push(item(Event::Recovered, over(black(), Ending::Cleared)));
    items.push(item(Event::Recovered, over(Incident { number: 4713, ..black() }, Ending::Withdrawn)));
    // It waited, and its end came first.
    items.push(item(Event::Raised, over(Incident { number: 4714, ..black() }, Ending::Cleared)));
    Message { more_items: 37, held_back: 7, ..message(items, 20 * MINUTE) }
}

#[test]
fn an_origin_that_is_gone() {
    insta::assert_snapshot!(shown(&one(Event::Raised, incident(12), 20_000)));
}

#[test]
fn one_stream_that_is_black() {
    insta::assert_snapshot!(shown(&one(Event::Raised, black(), 15_000)));
}

#[test]
fn one_that_changed_and_is_known() {
    insta::assert_snapshot!(shown(&one(Event::Changed, known(), 10 * MINUTE)));
}

#[test]
fn one_that_comes_and_goes() {
    insta::assert_snapshot!(shown(&one(Event::Changed, flapping(), 10 * MINUTE)));
}

#[test]
fn one_that_is_still_there_the_next_day() {
    insta::assert_snapshot!(shown(&one(Event::Repeated, black(), 29 * 60 * MINUTE)));
}

#[test]
fn one_that_nobody_acknowledged() {
    insta::assert_snapshot!(shown(&one(Event::Escalated, black(), 15 * MINUTE)));
}

#[test]
fn one_that_is_over() {
    let mut incident = over(incident(3), Ending::Cleared);
    incident.members.iter_mut().for_each(|member| member.cleared_wall_ms = Some(BEGAN + 13 * MINUTE));
    insta::assert_snapshot!(shown(&one(Event::Recovered, incident, 14 * MINUTE + 30_000)));
}

#[test]
fn one_that_was_over_before_it_could_be_told() {
    let letter = one(Event::Raised, over(flapping(), Ending::Cleared), 20 * MINUTE);
    insta::assert_snapshot!(shown(&letter));
    assert!(!letter.urgent && letter.html.contains("#2e7d32"), "{}", letter.html);
}

#[test]
fn what_is_over_is_offered_to_nobody_for_acknowledgement() {
    for event in [Event::Raised, Event::Changed, Event::Repeated, Event::Escalated, Event::Recovered] {
        let letter = one(event, over(black(), Ending::Cleared), 20 * MINUTE);
        assert!(letter.subject.starts_with("[OK] "), "{}", letter.subject);
        assert!(!letter.text.contains(" ack ") && !letter.text.contains(" mute "), "{}", letter.text);
        assert!(letter.text.contains("\nIt is over. It lasted 14 min"), "{}", letter.text);
        assert!(letter.text.contains("critical\n") && !letter.text.contains("obody has"), "{}", letter.text);
        assert!(!letter.urgent);
    }
    let two =
        [4712, 4713].map(|number| item(Event::Raised, over(Incident { number, ..black() }, Ending::Cleared)));
    let letter = letter(&message(two.to_vec(), 20 * MINUTE), &about());
    assert_eq!(letter.subject, "[OK] 2 incidents over: sport-2 is black; sport-2 is black");
    assert!(letter.text.starts_with("OK: ") && !letter.text.contains("There now"), "{}", letter.text);
    assert!(!letter.text.contains(" ack "), "{}", letter.text);
}

#[test]
fn values_that_say_nothing_new_are_left_out() {
    let values = |lines: &[&str], restarts: &str| {
        let values = [("phase", "waiting"), (RESTARTS, restarts), (LAST_LINE, "Connection refused")];
        let values = values.map(|(name, value)| (name.into(), value.into())).to_vec();
        let lines = lines.iter().map(|line| (*line).into()).collect();
        one(Event::Raised, Incident { values, lines, ..black() }, 20_000).text
    };
    let text = values(&["Connection refused"], "0");
    assert!(text.contains("phase      waiting\n"), "{text}");
    assert!(!text.contains("restarts") && !text.contains("last line"), "{text}");
    let text = values(&[], "3");
    assert!(text.contains("restarts   3\n") && text.contains("last line  Connection refused\n"), "{text}");
}

#[test]
fn one_that_nobody_wants_to_know_of_any_more() {
    let incident = over(black(), Ending::Withdrawn);
    insta::assert_snapshot!(shown(&one(Event::Recovered, incident, 14 * MINUTE)));
}

#[test]
fn trouble_of_our_own() {
    insta::assert_snapshot!(shown(&one(Event::Raised, disk(), 65_000)));
}

#[test]
fn a_test() {
    insta::assert_snapshot!(shown(&one(Event::Test, black(), 15_000)));
}

#[test]
fn many_in_one() {
    insta::assert_snapshot!(shown(&letter(&digest(), &about())));
}

#[test]
fn the_same_for_a_screen() {
    insta::assert_snapshot!(one(Event::Changed, known(), 10 * MINUTE).html);
}

#[test]
fn many_for_a_screen() {
    insta::assert_snapshot!(letter(&digest(), &about()).html);
}

#[test]
fn the_same_for_a_program() {
    let message = message(vec![item(Event::Raised, black())], 15_000);
    let document: serde_json::Value = serde_json::from_str(&document(&message, &about()).unwrap()).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
}

#[test]
fn the_same_on_its_way() {
    let letter = one(Event::Raised, black(), 15_000);
    let (from, to) = (address("alerts@example.org").unwrap(), address("Ops <ops@example.org>").unwrap());
    let bytes = mail(&letter, &from, &[to], &about()).unwrap();
    insta::assert_snapshot!(String::from_utf8(bytes).unwrap().replace("\r\n", "\n"));
}

#[test]
fn subjects_say_what_matters_first() {
    let subject = |event, incident, after| one(event, incident, after).subject;
    for (event, incident, after, expected) in [
        (
            Event::Raised,
            incident(12),
            20_000,
            "[CRITICAL] 12 streams: cdn-a.example refused connections (since 03:12)",
        ),
        (Event::Raised, flapping(), 20_000, "[CRITICAL] sport-2 is black (comes and goes, since 03:12)"),
        (Event::Changed, black(), 20_000, "[CRITICAL] sport-2 is black (changed, since 03:12)"),
        (
            Event::Repeated,
            black(),
            4 * 60 * MINUTE,
            "[still CRITICAL] sport-2 is black (since 03:12, for 4 h)",
        ),
        (
            Event::Repeated,
            black(),
            30 * 60 * MINUTE,
            "[still CRITICAL] sport-2 is black (since Sat 14 Mar 03:12, for 30 h)",
        ),
        (
            Event::Escalated,
            black(),
            15 * MINUTE,
            "[CRITICAL] sport-2 is black (since 03:12, nobody has acknowledged)",
        ),
        (
            Event::Recovered,
            over(black(), Ending::Cleared),
            15 * MINUTE,
            "[OK] sport-2 is black (was critical for 14 min)",
        ),
        (
            Event::Recovered,
            over(disk(), Ending::Cleared),
            15 * MINUTE,
            "[OK] the store can't be written: no space left on /var/lib/headend (was a warning for 14 min)",
        ),
        (
            Event::Recovered,
            over(black(), Ending::Withdrawn),
            15 * MINUTE,
            "[ENDED] sport-2 is black (no longer watched, after 14 min)",
        ),
        (
            Event::Raised,
            over(black(), Ending::Cleared),
            15 * MINUTE,
            "[OK] sport-2 is black (was critical for 14 min, over before this could be sent)",
        ),
        (
            Event::Escalated,
            over(flapping(), Ending::Cleared),
            15 * MINUTE,
            "[OK] sport-2 is black (was critical for 14 min, over before this could be sent)",
        ),
        (
            Event::Repeated,
            over(black(), Ending::Cleared),
            15 * MINUTE,
            "[OK] sport-2 is black (was critical for 14 min)",
        ),
        (
            Event::Raised,
            over(black(), Ending::Withdrawn),
            15 * MINUTE,
            "[ENDED] sport-2 is black (no longer watched, after 14 min)",
        ),
        (Event::Test, black(), 0, "[TEST] sport-2 is black (a test, nothing is wrong)"),
    ] {
        assert_eq!(subject(event, incident, after), expected);
    }
}

#[test]
fn subjects_of_many_name_the_worst_first() {
    let subject = |message: &Message| letter(message, &about()).subject;
    let mut message = digest();
    assert_eq!(
        subject(&message),
        "[CRITICAL] 44 incidents, 3 over: film-2 has no sound; film-0 has no sound; film-1 has no sound; \
         film-3 has no sound (7 held back before)"
    );
    message.items.retain(|item| item.event == Event::Recovered);
    (message.more_items, message.held_back) = (0, 0);
    assert_eq!(subject(&message), "[OK] 2 incidents over: sport-2 is black; sport-2 is black");
    message.items = vec![item(Event::Repeated, black()), item(Event::Repeated, disk())];
    assert_eq!(
        subject(&message),
        "[still CRITICAL] 2 incidents: sport-2 is black; the store can't be written: no space left on \
         /var/lib/headend"
    );
}

/// What a mail program makes a thread of.
#[test]
fn mails_of_one_incident_are_one_thread() {
    let raised = one(Event::Raised, black(), 15_000);
    assert_eq!(raised.message_id, "17.5f3a9c@seed");
    assert_eq!(raised.thread.as_deref(), Some("incident-4712.19cea1e24d0@seed"));
    for (event, incident) in [
        (Event::Changed, flapping()),
        (Event::Repeated, black()),
        (Event::Escalated, black()),
        (Event::Recovered, over(black(), Ending::Cleared)),
    ] {
        assert_eq!(one(event, incident, 30 * MINUTE).thread, raised.thread);
    }
    // Another headend, or an emptied state folder, counts from 1 again.
    let other = Incident { opened_wall_ms: BEGAN + 99_000, ..black() };
    assert_ne!(one(Event::Raised, other, 15_000).thread, raised.thread);
    assert_eq!(one(Event::Test, black(), 0).thread, None);
    assert_eq!(letter(&digest(), &about()).thread, None);
}

#[test]
fn only_what_is_new_and_critical_is_urgent() {
    assert!(one(Event::Raised, black(), 0).urgent);
    assert!(one(Event::Escalated, black(), 0).urgent);
    assert!(!one(Event::Raised, disk(), 0).urgent);
    assert!(!one(Event::Repeated, black(), 0).urgent);
    assert!(!one(Event::Recovered, over(black(), Ending::Cleared), 0).urgent);
    assert!(!one(Event::Raised, over(black(), Ending::Cleared), 0).urgent);
}

#[test]
fn more_members_than_a_mail_names_are_counted() {
    let mut incident = incident(80);
    incident.more_members = 70;
    let letter = one(Event::Raised, incident, 20_000);
    assert!(letter.text.contains("streams    150\n"), "{}", letter.text);
    assert!(letter.text.contains("news-50") && !letter.text.contains("news-51"), "{}", letter.text);
    assert!(letter.text.contains("and 100 more\n") && letter.html.contains("and 100 more<"));
}

#[test]
fn addresses_are_read_with_and_without_a_name() {
    assert_eq!(address("ops@example.org").unwrap().to_string(), "ops@example.org");
    assert_eq!(
        address(" Night Shift <ops@example.org> ").unwrap().to_string(),
        "Night Shift <ops@example.org>"
    );
    for wrong in
        ["", "ops", "ops@", "@example.org", "ops@exa mple.org", "ops@example.org, b@c.de", "öps@example.org"]
    {
        assert!(address(wrong).is_err(), "{wrong:?}");
    }
}
