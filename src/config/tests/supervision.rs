//! Origin, rollout, guard, and what a stream says of priority, turns, fallback and windows.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{check, good, stream};
use crate::config::{Guard, Limit, MAX_ROLLOUT_STEPS, Memory, Policy, Rollout};
use crate::model::{ConditionKind, Fallback, Schedule, StreamSpec, WatchKind, Window};

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn schedule(windows: &[&str], zone: &str) -> Arc<Schedule> {
    let windows = windows.iter().map(|text| Window::parse(text).unwrap()).collect();
    Arc::new(Schedule::new(windows, TimeZone::get(zone).unwrap()))
}

#[test]
fn policies_reach_their_places() {
    let text = "\
[restart]
denied_first = '40s'
[origin]
failures = 7
share = 0.25
window = '3m'
retry = '20s'
probes = 5
[rollout]
steps = [10, 20]
hold = '2m'
healthy = 0.9
[guard]
enabled = false
cpu = [70, 80.5]
cpu_pressure = [1, 2]
memory = [3, 4]
memory_pressure = [0.5, 6]
open_files = [7, 8]
disk = [9, 100]
rises_after = '0s'
falls_after = '1m'
shed_every = '2s'
";
    let limit = |soft, hard| Limit { soft, hard };
    let guard = Guard {
        enabled: false,
        cpu: limit(70.0, 80.5),
        cpu_pressure: limit(1.0, 2.0),
        memory: limit(3.0, 4.0),
        memory_pressure: limit(0.5, 6.0),
        open_files: limit(7.0, 8.0),
        disk: limit(9.0, 100.0),
        rises_after: Duration::ZERO,
        falls_after: seconds(60),
        shed_every: seconds(2),
    };
    let policy = Policy {
        denied_first: seconds(40),
        origin_failures: 7,
        origin_share: 0.25,
        origin_window: seconds(180),
        origin_retry: seconds(20),
        origin_probes: 5,
        rollout: Some(Rollout { steps: vec![10, 20], hold: seconds(120), healthy: 0.9 }),
        guard,
        ..Policy::default()
    };
    assert_eq!(good(text, &Memory::new()).config.policy, policy);
}

#[test]
fn a_rollout_is_there_when_its_table_is_and_has_steps() {
    let rollout = |text: &str| good(text, &Memory::new()).config.policy.rollout;
    assert_eq!(rollout(""), None);
    assert_eq!(rollout("[rollout]\nsteps = []\nhold = '5s'"), None);
    assert_eq!(rollout("[rollout]"), Some(Rollout::default()));
    let most: Vec<_> = (1..=MAX_ROLLOUT_STEPS).collect();
    assert_eq!(rollout(&format!("[rollout]\nsteps = {most:?}")).unwrap().steps.len(), MAX_ROLLOUT_STEPS);
    let more: Vec<_> = (1..=MAX_ROLLOUT_STEPS + 1).collect();
    check(
        &format!("[rollout]\nsteps = {more:?}"),
        &Memory::new(),
        &[r#"headend.toml:2:9: "steps" has 17 entries; expected at most 16"#],
    );
}

#[test]
fn mistakes_in_policies_are_told() {
    let text = "\
[origin]
failures = 0
share = 1.5
probes = 101
retrie = '1s'
[rollout]
steps = [50, 50, 0, 'x', 40]
hold = '0s'
healthy = 95
[guard]
enabled = 'no'
cpu = [90, 90]
memory = [0, 50]
disk = [95]
open_files = [50, 101]
cpu_pressure = 60
memory_pressure = [1, 2, 3]
shed_every = '0s'
[restart]
denied_first = '0s'
";
    check(
        text,
        &Memory::new(),
        &[
            r#"headend.toml:2:12: "failures" is 0; expected a whole number between 1 and 10000"#,
            r#"headend.toml:3:9: "share" is 1.5; expected a number between 0 and 1"#,
            r#"headend.toml:4:10: "probes" is 101; expected a whole number between 1 and 100"#,
            r#"headend.toml:5:1: unknown key "retrie" in [origin]; did you mean "retry"?"#,
            r#"headend.toml:7:18: "steps" is 0; expected a whole number between 1 and 10000"#,
            r#"headend.toml:7:21: "steps" is the text "x"; expected a whole number between 1 and 10000"#,
            r#"headend.toml:8:8: "0s" is too short; expected between "1s" and "1d""#,
            r#"headend.toml:9:11: "healthy" is 95; expected a number between 0 and 1"#,
            r#"headend.toml:11:11: "enabled" is the text "no"; expected true or false, without quotes"#,
            r#"headend.toml:12:1: the limits of "cpu" are 90 and 90; expected the soft one first, and a higher hard one"#,
            r#"headend.toml:13:1: the soft limit of "memory" is 0; expected more than 0"#,
            r#"headend.toml:14:1: "disk" has 1 entries; expected two: [soft, hard], in percent"#,
            r#"headend.toml:15:19: "open_files" is 101; expected a number between 0 and 100"#,
            r#"headend.toml:16:16: "cpu_pressure" is the number 60; expected a list of numbers, like [10, 20]"#,
            r#"headend.toml:17:19: "memory_pressure" has 3 entries; expected at most 2"#,
            r#"headend.toml:18:14: "0s" is too short; expected between "1s" and "1h""#,
            r#"headend.toml:20:16: "0s" is too short; expected between "10ms" and "1d""#,
        ],
    );
    check(
        "[rollout]\nsteps = [50, 50, 40]",
        &Memory::new(),
        &[
            "headend.toml:2:14: the step 50 is not above the one before it; expected more than 50",
            "headend.toml:2:18: the step 40 is not above the one before it; expected more than 50",
        ],
    );
}

#[test]
fn streams_take_over_and_say_their_own() {
    let text = "\
[defaults]
priority = 0
watch = 'rotate'
turn = '5s'
on_air = ['mon-fri 06:00-22:00']
maintenance = ['sun 03:00-04:00', 'cron 0 3 1 * * for 1h']
time_zone = 'Europe/Berlin'
[defaults.fallback]
on = ['black', 'frozen', 'black']
after = '0s'
[[stream]]
id = 'a'
inputs = ['http://h/a']
[[stream]]
id = 'b'
inputs = ['http://h/b']
priority = 100
watch = 'always'
turn = '1h'
fallback = { on = [], good_for = '0s', probe_every = '5s' }
on_air = []
maintenance = ['06:00-07:00']
time_zone = 'Asia/Tokyo'
[[stream]]
id = 'c'
inputs = ['http://h/c']
time_zone = 'Asia/Tokyo'
[[playlist]]
path = 'list.csv'
priority = 7
on_air = ['sat']
fallback = { after = '9s' }
";
    let files = Memory::new().with("/etc/headend/list.csv", "id,inputs\nd,http://h/d\ne,http://h/e\n");
    let config = good(text, &files).config;
    let [plain, own, moved, first, second] = config.streams.as_slice() else { panic!("{config:?}") };
    let on = vec![ConditionKind::Black, ConditionKind::Frozen];
    let fallback = Fallback { on, after: Duration::ZERO, ..Fallback::default() };
    assert_eq!(
        (plain.priority, plain.watch, plain.turn, &plain.fallback),
        (0, WatchKind::Rotate, seconds(5), &fallback)
    );
    assert_eq!(plain.on_air, Some(schedule(&["mon-fri 06:00-22:00"], "Europe/Berlin")));
    let at_night = ["sun 03:00-04:00", "cron 0 3 1 * * for 1h"];
    assert_eq!(plain.maintenance, Some(schedule(&at_night, "Europe/Berlin")));

    assert_eq!((own.priority, own.watch, own.turn), (100, WatchKind::Always, seconds(3_600)));
    let fallback =
        Fallback { on: vec![], after: Duration::ZERO, good_for: Duration::ZERO, probe_every: seconds(5) };
    assert_eq!(own.fallback, fallback);
    assert_eq!((&own.on_air, &own.maintenance), (&None, &Some(schedule(&["06:00-07:00"], "Asia/Tokyo"))));

    assert_eq!(moved.on_air, Some(schedule(&["mon-fri 06:00-22:00"], "Asia/Tokyo")));
    assert_eq!(moved.maintenance, Some(schedule(&at_night, "Asia/Tokyo")));
    assert_eq!((first.priority, first.watch, first.fallback.after), (7, WatchKind::Rotate, seconds(9)));
    assert_eq!(first.on_air, Some(schedule(&["sat"], "Europe/Berlin")));
    // One schedule for all that take it over: it answers thousands of streams at once.
    let shared = |one: &StreamSpec, two: &StreamSpec| {
        Arc::ptr_eq(one.maintenance.as_ref().unwrap(), two.maintenance.as_ref().unwrap())
    };
    assert!(
        shared(plain, first)
            && shared(first, second)
            && Arc::ptr_eq(first.on_air.as_ref().unwrap(), second.on_air.as_ref().unwrap())
    );
}

#[test]
fn mistakes_of_streams_are_told() {
    for (line, expected) in [
        ("priority = 101", r#"12: "priority" is 101; expected a whole number between 0 and 100"#),
        ("priority = -1", r#"12: "priority" is -1; expected a whole number between 0 and 100"#),
        (
            "watch = 'rotated'",
            r#"9: "rotated" is no way to watch; expected always or rotate; did you mean "rotate"?"#,
        ),
        ("turn = '4s'", r#"8: "4s" is too short; expected between "5s" and "1h""#),
        ("prioritty = 1", r#"1: unknown key "prioritty" in [[stream]]; did you mean "priority"?"#),
        ("fallback = { on = ['blak'] }", r#"20: "blak" is no condition; expected black, "#),
        (
            "fallback = { good_four = '1s' }",
            r#"14: unknown key "good_four" in fallback; did you mean "good_for"?"#,
        ),
        ("fallback = { probe_every = '1s' }", r#"28: "1s" is too short; expected between "5s" and "1d""#),
        ("fallback = 'x'", r#"12: "fallback" is the text "x"; expected a table: fallback = { on = ... }"#),
        ("on_air = 'mon'", r#"10: "on_air" is the text "mon"; expected a list: ["mon"]"#),
        ("on_air = ['mon', 'mon 25:00-26:00']", r#"18: "25:00" is no time of day; expected 00:00 to 24:00"#),
        (
            "maintenance = ['cron 61 * * * * for 1h']",
            r#"16: "61 * * * *" is no cron pattern; expected minute"#,
        ),
        (
            "time_zone = 'Europe/Berln'",
            r#"13: there is no time zone "Europe/Berln"; did you mean "Europe/Berlin"?"#,
        ),
        (
            "time_zone = 'Here'",
            r#"13: there is no time zone "Here"; expected one like "Europe/Berlin" or "UTC""#,
        ),
        ("time_zone = '../../etc/passwd'", r#"13: there is no time zone "../../etc/passwd"; "#),
    ] {
        let mistakes = super::read(&stream(line), &Memory::new()).unwrap_err();
        let [mistake] = mistakes.list.as_slice() else { panic!("{line}: {mistakes}") };
        let shown = mistake.to_string();
        let found = shown.strip_prefix("/etc/headend/headend.toml:4:").unwrap();
        assert!(found.starts_with(expected), "{line}: {shown}");
    }
    let many = format!("on_air = [{}]", "'mon',".repeat(Schedule::MAX_WINDOWS + 1));
    let mistakes = super::read(&stream(&many), &Memory::new()).unwrap_err();
    assert_eq!(mistakes.list[0].message, "\"on_air\" has 33 entries");
}
