//! What headend says of itself.

use crate::model::{Cause, Ending};

use super::*;

fn say(world: &mut World, notices: &[Notice]) {
    world.feed(Input::Notices(notices));
}

#[test]
fn a_notice_that_lasts_is_an_incident_of_its_own() {
    let mut world = World::new();
    let busy = notice(NoticeKind::Host, Severity::Critical, "the host is busy: CPU", at(0));
    say(&mut world, &[busy]);
    world.until(10);
    assert_eq!(world.told, [(10, 1, Change::Opened)], "there is nobody to gather");
    let incident = world.incident(1);
    assert_eq!(incident.cause, Cause::Headend { notice: NoticeKind::Host });
    assert_eq!((&*incident.title, incident.severity), ("the host is busy: CPU", Severity::Critical));
    assert!(incident.members.is_empty());
    world.until(100);
    say(&mut world, &[]);
    world.until(130);
    assert_eq!(world.told[1..], [(130, 1, Change::Ended)]);
    assert_eq!(world.incident(1).ended.unwrap().1, Ending::Cleared);
}

#[test]
fn each_kind_has_its_severity_and_hosts_have_none() {
    let mut world = World::new();
    let all = [
        (NoticeKind::Store, Severity::Critical),
        (NoticeKind::Logs, Severity::Critical),
        (NoticeKind::Ffmpeg, Severity::Critical),
        (NoticeKind::Host, Severity::Warning),
        (NoticeKind::Config, Severity::Critical),
        (NoticeKind::Limits, Severity::Critical),
        (NoticeKind::Pool, Severity::Critical),
        (NoticeKind::Origin, Severity::Critical),
    ];
    let mut notices: Vec<Notice> =
        all.into_iter().map(|(kind, severity)| notice(kind, severity, "text", at(0))).collect();
    notices.push(notice(NoticeKind::Rollout, Severity::Warning, "rollout: step 1 of 2 is watched", at(0)));
    say(&mut world, &notices);
    world.until(100);
    let found: Vec<(NoticeKind, Severity)> = world
        .open()
        .iter()
        .map(|incident| match incident.cause {
            Cause::Headend { notice } => (notice, incident.severity),
            _ => panic!("of a stream"),
        })
        .collect();
    let critical = [NoticeKind::Store, NoticeKind::Logs, NoticeKind::Ffmpeg];
    let warning = [NoticeKind::Config, NoticeKind::Limits, NoticeKind::Host, NoticeKind::Pool];
    let expected = critical.map(|kind| (kind, Severity::Critical)).into_iter();
    assert_eq!(found, expected.chain(warning.map(|kind| (kind, Severity::Warning))).collect::<Vec<_>>());
    // A rollout that is watched needs nobody; one that has stopped does.
    say(&mut world, &[notice(NoticeKind::Rollout, Severity::Warning, "rollout stopped at step 1", at(100))]);
    world.until(160);
    assert_eq!(world.titles(), ["rollout stopped at step 1"]);
}

#[test]
fn overload_that_gets_worse_rises() {
    let mut world = World::new();
    say(&mut world, &[notice(NoticeKind::Host, Severity::Warning, "nothing is started", at(0))]);
    world.until(70);
    say(&mut world, &[notice(NoticeKind::Host, Severity::Critical, "3 streams rest", at(0))]);
    assert_eq!(world.changes(), [(1, Change::Opened), (1, Change::Rose)]);
    assert_eq!(world.titles(), ["3 streams rest"]);
}

#[test]
fn a_host_that_is_busy_again_and_again_is_said_once() {
    let mut world = World::new();
    for n in 0..40 {
        say(&mut world, &[notice(NoticeKind::Host, Severity::Critical, "busy", at(n * 20))]);
        world.until(n * 20 + 6);
        say(&mut world, &[]);
        world.until(n * 20 + 20);
    }
    assert_eq!(world.changes(), [(1, Change::Opened)]);
    assert!(world.incident(1).flapping.is_some());
}
