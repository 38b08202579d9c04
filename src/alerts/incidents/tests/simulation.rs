//! A day of many streams with everything that can happen to them, from one seed, and laws that hold all
//! the time.

use std::collections::BTreeSet;

use crate::model::{Cause, Ending};

use super::*;

const STREAMS: u32 = 60;
const HOSTS: u32 = 6;

struct Day {
    world: World,
    random: fastrand::Rng,
    /// Since when each fault that somebody wants to know of is there without a break.
    faults: BTreeMap<(u32, Family), (Moment, Severity)>,
    opened: BTreeSet<u64>,
    highest: u64,
}

impl Day {
    fn new(seed: u64) -> Self {
        let mut world = World::new();
        for n in 0..STREAMS {
            world.on_host([n], &format!("host-{}.example", n % HOSTS));
        }
        let random = fastrand::Rng::with_seed(seed);
        Self { world, random, faults: BTreeMap::new(), opened: BTreeSet::new(), highest: 0 }
    }

    fn some_kinds(&mut self) -> Vec<Condition> {
        let count = self.random.usize(1..3);
        let since = self.world.at - Duration::from_millis(self.random.u64(..20_000));
        let mut kinds: Vec<ConditionKind> =
            (0..count).map(|_| ConditionKind::ALL[self.random.usize(..ConditionKind::ALL.len())]).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.into_iter().map(|kind| condition(kind, since)).collect()
    }

    /// Something happens.
    fn event(&mut self) {
        let n = self.random.u32(..STREAMS);
        let now = self.world.at;
        match self.random.u8(..40) {
            0..12 => {
                let conditions = self.some_kinds();
                self.world.change([n], |row| row.conditions.clone_from(&conditions));
            }
            12..22 => self.world.is_well([n]),
            22..26 => {
                let phase = Phase::ALL[self.random.usize(..Phase::ALL.len())];
                self.world.change([n], |row| {
                    row.phase = phase;
                    row.started = phase.holds_slot().then_some(now);
                });
            }
            26 => self.world.change([n], |row| row.maintenance = !row.maintenance),
            27 => self.world.change([n], |row| {
                let stopped = row.wanted == Wanted::Stopped;
                row.wanted = if stopped { Wanted::Started } else { Wanted::Stopped };
            }),
            28 => self.world.change([n], |row| row.care.muted_until = Some(now + secs(300))),
            29 => self.world.change([n], |row| {
                row.care.acknowledged = row.care.acknowledged.is_none().then_some(now);
            }),
            30..32 => {
                let host = self.random.u32(..HOSTS);
                let streams: Vec<u32> = (0..STREAMS).filter(|n| n % HOSTS == host).collect();
                let well = self.random.bool();
                if well {
                    self.world.is_well(streams);
                } else {
                    self.world.has(streams, ConditionKind::Refused);
                }
            }
            32 => {
                let order = match self.random.u8(..3) {
                    0 => IncidentOrder::Acknowledge,
                    1 => IncidentOrder::Unacknowledge,
                    _ => IncidentOrder::Note("a note".into()),
                };
                let number = self.random.u64(..self.highest + 2);
                self.world.order(number, order);
            }
            33 => {
                let notices = [notice(NoticeKind::Host, Severity::Critical, "busy", now)];
                let stands = usize::from(self.random.bool());
                self.world.feed(Input::Notices(&notices[..stands]));
            }
            34 => {
                self.world.rows.remove(&n);
                self.world.feed(Input::Removed(&[StreamIx(n)]));
                self.world.on_host([n], &format!("host-{}.example", n % HOSTS));
            }
            35 => self.world.wall_ms = self.world.wall_ms.saturating_sub(self.random.u64(..100_000_000)),
            36 => {
                let settings = AlertSettings {
                    together: self.random.u32(2..8),
                    flap_changes: self.random.u32(4..8),
                    keep: self.random.u32(..50),
                    ..AlertSettings::default()
                };
                self.world.feed(Input::Settings(&settings));
            }
            37 if self.random.u8(..4) == 0 => self.restart(),
            _ => self.world.feed(Input::Time),
        }
        self.muted_rows();
    }

    /// headend is killed, and starts again with what the store has.
    fn restart(&mut self) {
        let world = &mut self.world;
        let now = Now { at: world.at, wall_ms: world.wall_ms };
        let stored = world.stored.values().cloned().collect();
        let settings = world.incidents.rules.settings.clone();
        let notices: Vec<Notice> = world.incidents.notices.values().cloned().collect();
        world.incidents = Incidents::new(&settings, stored, self.highest + 1, now);
        world.change(0..STREAMS, |_| ());
        world.feed(Input::Notices(&notices));
        // What had not lasted long enough begins anew.
        self.faults.clear();
    }

    /// The supervisor ends a mute by itself, and shows it.
    fn muted_rows(&mut self) {
        let now = self.world.at;
        let over = |row: &Row| row.care.muted_until.is_some_and(|until| until <= now);
        let over: Vec<u32> = self.world.rows.iter().filter(|(_, row)| over(row)).map(|(n, _)| *n).collect();
        if !over.is_empty() {
            self.world.change(over, |row| row.care.muted_until = None);
        }
    }

    /// Notes which faults are there, as anybody who looks at the rows would.
    fn observe(&mut self) {
        let now = self.world.at;
        for (n, row) in &self.world.rows {
            for family in Family::ALL {
                let kinds = row.conditions.iter().filter(|condition| Family::of(condition.kind) == family);
                let worst = kinds.map(|condition| condition.severity).max();
                let running =
                    matches!(row.phase, Phase::Live | Phase::Backoff | Phase::Stalled | Phase::Broken);
                let loud =
                    running && row.wanted == Wanted::Started && !row.maintenance && !row.care.is_muted(now);
                match worst.filter(|_| loud) {
                    None => {
                        self.faults.remove(&(*n, family));
                    }
                    Some(severity) => {
                        let fault = self.faults.entry((*n, family)).or_insert((now, severity));
                        if fault.1 != severity {
                            *fault = (now, severity);
                        }
                    }
                }
            }
        }
    }

    fn laws(&mut self, seed: u64) {
        let world = &self.world;
        let where_it_is = format!("seed {seed}, second {}", world.second());
        let mut keys = BTreeSet::new();
        let mut covered = BTreeSet::new();
        for incident in world.incidents.open() {
            assert!(keys.insert(Key::of(&incident.cause)), "{where_it_is}: two of {:?}", incident.cause);
            assert!(incident.is_open() && world.stored[&incident.number] == **incident, "{where_it_is}");
            let family = match &incident.cause {
                Cause::Stream { kind, .. } | Cause::Origin { kind, .. } => Family::of(*kind),
                Cause::Headend { .. } => continue,
            };
            assert!(incident.failing() > 0, "{where_it_is}: open, and nobody fails: {incident:?}");
            for member in incident.members.iter().filter(|member| member.cleared_wall_ms.is_none()) {
                let fresh = covered.insert((member.stream.clone(), family));
                assert!(fresh, "{where_it_is}: {} has two incidents of {family:?}", member.stream);
            }
        }
        for ((n, family), (since, severity)) in &self.faults {
            let after = if *severity == Severity::Critical { 15 } else { 65 };
            if world.at.since(*since) > secs(after) {
                let is = covered.contains(&(id(*n), *family));
                assert!(is, "{where_it_is}: {n} has {family:?} since {since:?}, and no incident");
            }
        }
        for (_, number, change) in &world.told {
            if *change == Change::Opened {
                self.highest = self.highest.max(*number);
            }
        }
        let known = &world.incidents;
        assert!(known.troubles.len() <= STREAMS as usize * Family::ALL.len() + 1, "{where_it_is}");
        assert!(known.rows.len() <= STREAMS as usize && known.timers.len() <= known.troubles.len());
        assert!(known.ended.len() <= known.rules.settings.keep as usize, "{where_it_is}");
        assert_eq!(known.kept.len(), known.open.len() + known.ended.len(), "{where_it_is}");
        assert_eq!(known.kept.len(), world.stored.len(), "{where_it_is}");
        assert_eq!(known.index.len(), known.open.len(), "{where_it_is}");
    }

    /// `often`: it is looked all the time, not only when something is due.
    fn run(seed: u64, seconds: i64, often: bool) -> World {
        let mut day = Self::new(seed);
        while day.world.second() < seconds {
            let wait = if day.random.u8(..10) == 0 { 60_000 } else { 4_000 };
            let next = day.world.at + Duration::from_millis(day.random.u64(..wait));
            while often && day.world.at + Duration::from_millis(700) < next {
                day.world.until_moment(day.world.at + Duration::from_millis(700));
                day.world.feed(Input::Time);
            }
            day.world.until_moment(next);
            day.laws(seed);
            day.event();
            day.observe();
            day.laws(seed);
        }
        // All is well at last.
        day.world.feed(Input::Notices(&[]));
        let started = day.world.at;
        day.world.change(0..STREAMS, |row| {
            (row.phase, row.wanted, row.maintenance) = (Phase::Live, Wanted::Started, false);
            row.started = Some(started);
            row.care = Care::default();
            row.conditions.clear();
        });
        day.world.until(day.world.second() + 1_500);
        assert!(day.world.open().is_empty(), "seed {seed}: not over: {:?}", day.world.open());
        let left = &day.world.incidents;
        assert!(left.troubles.is_empty() && left.rows.is_empty() && left.by_host.is_empty(), "seed {seed}");
        assert!(left.touched.is_empty() && left.untold.is_empty() && left.timers.is_empty(), "seed {seed}");
        day.opened.extend(day.world.told.iter().filter(|(.., c)| *c == Change::Opened).map(|(_, n, _)| *n));
        let opened = day.world.told.iter().filter(|(.., change)| *change == Change::Opened).count();
        assert_eq!(opened, day.opened.len(), "seed {seed}: a number was used twice");
        let ended = day.world.told.iter().filter(|(.., change)| *change == Change::Ended).count();
        assert_eq!(opened, ended, "seed {seed}: each that was told of is told to be over");
        day.world
    }
}

#[test]
fn a_day_of_streams_keeps_the_laws() {
    let mut seen = BTreeSet::new();
    for seed in 0..8 {
        let world = Day::run(seed, 10_000, false);
        seen.extend(world.told.iter().map(|(.., change)| format!("{change:?}")));
        seen.extend(world.stored.values().map(|incident| match incident.ended {
            Some((_, Ending::Cleared)) => "cleared".to_owned(),
            _ => "withdrawn".to_owned(),
        }));
    }
    let all = [
        "Opened",
        "Restored",
        "Rose",
        "Grew",
        "Flaps",
        "Acknowledged",
        "Unacknowledged",
        "Ended",
        "cleared",
        "withdrawn",
    ];
    assert_eq!(seen, all.iter().map(|word| (*word).to_owned()).collect(), "the laws were hardly tried");
}

#[test]
fn the_same_seed_is_the_same_day() {
    let (one, other) = (Day::run(77, 5_000, false), Day::run(77, 5_000, false));
    assert!(one.told.len() > 20);
    assert_eq!((one.told, one.stored, one.refused), (other.told, other.stored, other.refused));
}

#[test]
fn deadlines_are_exact_looking_all_the_time_shows_no_more() {
    let (seldom, often) = (Day::run(99, 5_000, false), Day::run(99, 5_000, true));
    assert_eq!((seldom.told, seldom.stored), (often.told, often.stored));
}
