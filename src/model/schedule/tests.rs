use jiff::civil::DateTime;
use proptest::prelude::*;

use super::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn schedule(windows: &[&str], zone_name: &str) -> Schedule {
    let windows = windows.iter().map(|text| Window::parse(text).unwrap_or_else(|e| panic!("{e}")));
    Schedule::new(windows.collect(), zone(zone_name))
}

/// `2026-03-29T01:00Z`, as milliseconds.
fn utc(text: &str) -> u64 {
    let time: DateTime = text.strip_suffix('Z').unwrap().parse().unwrap();
    time.to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond().cast_unsigned()
}

/// Every change from `from` on until `to`, as `+time` or `-time` in UTC.
fn changes(schedule: &Schedule, from: &str, to: &str) -> Vec<String> {
    let (mut at, to) = (utc(from), utc(to));
    let mut found = Vec::new();
    while let Some(until) = schedule.at(at).until_ms.filter(|until| *until < to) {
        let sign = if schedule.at(until).open { '+' } else { '-' };
        let time = timestamp(until.cast_signed()).to_zoned(TimeZone::UTC).datetime();
        found.push(format!("{sign}{}", time.strftime("%d.%m %H:%M")));
        at = until;
    }
    found
}

#[test]
fn windows_are_refused_with_what_is_wrong() {
    for (text, message) in [
        ("", r#""" is no window; expected one like"#),
        ("mon 06:00 22:00", r#""mon 06:00 22:00" is no window; expected one like"#),
        ("monday", r#""monday" is no day; expected mon, tue"#),
        ("mon-fry 06:00-22:00", r#""fry" is no day; "#),
        ("mon,", r#""" is no day; "#),
        ("mon 6:00-22:00", r#""6:00" is no time of day; expected 00:00 to 24:00"#),
        ("mon 06:00-24:01", r#""24:01" is no time of day; "#),
        ("mon 06:60-07:00", r#""06:60" is no time of day; "#),
        ("mon +6:00-07:00", r#""+6:00" is no time of day; "#),
        ("mon 06:00", r#""06:00" are no times; expected them like"#),
        ("06:00-06:00", r#""06:00-06:00" is an empty window; "#),
        ("24:00-06:00", r#""24:00-06:00" is an empty window; "#),
        ("cron 0 6 * * 1-5", r#""cron 0 6 * * 1-5" has no end; expected how long"#),
        ("cron 0 6 * * * for ever", r#""ever" is no duration of a window; "#),
        ("cron 0 6 * * * for 30m1h", r#""30m1h" is no duration of a window; "#),
        ("cron 0 6 * * * for 59s", r#""59s" is no duration of a window; "#),
        ("cron 0 6 * * * for 0h", r#""0h" is no duration of a window; "#),
        ("cron 0 6 * * * for 7d1m", r#""7d1m" is no duration of a window; "#),
        ("cron 0 6 * * * for 99999999999999999999d", "\"99999999999999999999d\" is no duration"),
        ("cron 0 0 6 * * * for 1h", r#""0 0 6 * * *" is no cron pattern; "#),
        ("cron 0 25 * * * for 1h", r#""0 25 * * *" is no cron pattern; "#),
        ("cron 0 0 31 2 * for 1h", r#""0 0 31 2 *" never comes; "#),
        ("cron */30 * * * * for 1h", r#""*/30 * * * *" begins too often; expected at most 24"#),
    ] {
        let error = Window::parse(text).expect_err(text).to_string();
        assert!(error.starts_with(message), "{text}: {error}");
    }
}

#[test]
fn weekly_windows_follow_the_clock_of_their_zone() {
    // From a Saturday on; Berlin is one hour before UTC.
    let (from, to) = ("2026-01-10T00:00Z", "2026-01-14T00:00Z");
    for (windows, expected) in [
        (
            ["mon-fri 06:00-22:00"].as_slice(),
            ["+12.01 05:00", "-12.01 21:00", "+13.01 05:00", "-13.01 21:00"].as_slice(),
        ),
        // Over midnight: Saturday's goes on in Sunday, and Sunday has none of its own.
        (&["SAT 10:00-02:00"], &["+10.01 09:00", "-11.01 01:00"]),
        (&["sat-mon"], &["-12.01 23:00"]),
        (&["tue"], &["+12.01 23:00", "-13.01 23:00"]),
        (
            &["22:00-24:00"],
            &[
                "+10.01 21:00",
                "-10.01 23:00",
                "+11.01 21:00",
                "-11.01 23:00",
                "+12.01 21:00",
                "-12.01 23:00",
                "+13.01 21:00",
                "-13.01 23:00",
            ],
        ),
        // What overlaps or touches is one.
        (&["sun 06:00-12:00", "sun 12:00-14:00", "sun 13:00-18:00"], &["+11.01 05:00", "-11.01 17:00"]),
        (&["sun 20:00-24:00", "mon 00:00-04:00"], &["+11.01 19:00", "-12.01 03:00"]),
        (&["cron 30 5 * * sun for 26h"], &["+11.01 04:30", "-12.01 06:30"]),
        (&["cron 0 0,1,2 11 1 * for 1h30m"], &["+10.01 23:00", "-11.01 02:30"]),
        (&["cron 0 6 * * 1 for 1h", "mon 07:00-08:00"], &["+12.01 05:00", "-12.01 07:00"]),
    ] {
        assert_eq!(changes(&schedule(windows, "Europe/Berlin"), from, to), expected, "{windows:?}");
    }
}

#[test]
fn an_hour_that_is_left_out() {
    // In Berlin the clock goes from 02:00 to 03:00 on 29.03.2026, at 01:00 UTC.
    let (from, to) = ("2026-03-28T12:00Z", "2026-03-29T12:00Z");
    for (window, expected) in [
        ("01:00-04:00", ["+29.03 00:00", "-29.03 02:00"].as_slice()),
        ("01:00-02:30", &["+29.03 00:00", "-29.03 01:00"]),
        ("02:30-04:00", &["+29.03 01:00", "-29.03 02:00"]),
        ("02:00-03:00", &[]),
        ("02:15-02:45", &[]),
        ("cron 30 2 * * * for 30m", &["+29.03 01:00", "-29.03 01:30"]),
    ] {
        assert_eq!(changes(&schedule(&[window], "Europe/Berlin"), from, to), expected, "{window}");
    }
    // Where midnight itself is left out, the day begins at 01:00.
    let sunday = schedule(&["sun"], "America/Sao_Paulo");
    let found = changes(&sunday, "2017-10-14T12:00Z", "2017-10-17T00:00Z");
    assert_eq!(found, ["+15.10 03:00", "-16.10 02:00"]);
    // A whole day: Samoa went from Thursday to Saturday, over the date line.
    let apia =
        |window| changes(&schedule(&[window], "Pacific/Apia"), "2011-12-29T12:00Z", "2012-01-02T00:00Z");
    assert!(apia("fri").is_empty());
    let next = schedule(&["fri"], "Pacific/Apia").at(utc("2011-12-29T12:00Z"));
    assert_eq!(next.until_ms, Some(utc("2012-01-05T10:00Z")), "the Friday after the one that was left out");
    assert_eq!(apia("thu,sat"), ["-31.12 10:00"]);
}

#[test]
fn an_hour_that_comes_twice() {
    // In Berlin the clock goes from 03:00 back to 02:00 on 25.10.2026, at 01:00 UTC.
    let (from, to) = ("2026-10-24T12:00Z", "2026-10-25T12:00Z");
    for (window, expected) in [
        ("01:00-04:00", ["+24.10 23:00", "-25.10 03:00"].as_slice()),
        ("01:00-02:00", &["+24.10 23:00", "-25.10 00:00"]),
        ("01:00-02:30", &["+24.10 23:00", "-25.10 01:30"]),
        ("02:30-04:00", &["+25.10 00:30", "-25.10 03:00"]),
        ("02:15-02:45", &["+25.10 00:15", "-25.10 01:45"]),
        ("03:00-04:00", &["+25.10 02:00", "-25.10 03:00"]),
        ("cron 30 2 * * * for 30m", &["+25.10 00:30", "-25.10 01:00"]),
        ("cron 0 2,3 * * * for 2h", &["+25.10 00:00", "-25.10 04:00"]),
    ] {
        assert_eq!(changes(&schedule(&[window], "Europe/Berlin"), from, to), expected, "{window}");
    }
    // Asked in the second pass: what began last, at a time that the clock does not show yet.
    let late = schedule(&["cron 50 2 * * * for 30m"], "Europe/Berlin");
    assert!(late.at(utc("2026-10-25T01:10Z")).open && !late.at(utc("2026-10-25T01:20Z")).open);
}

#[test]
fn what_is_more_than_a_year_away_is_not_told() {
    let leap = schedule(&["cron 0 0 29 2 * for 1h"], "UTC");
    assert_eq!(leap.at(utc("2026-01-01T00:00Z")), Opening { open: false, until_ms: None });
    let until_ms = Some(utc("2028-02-29T00:00Z"));
    assert_eq!(leap.at(utc("2027-03-01T00:00Z")), Opening { open: false, until_ms });
    let endless: [&[&str]; 3] =
        [&["mon-fri", "sat,sun"], &["06:00-18:00", "17:59-06:00"], &["cron 0 * * * * for 1h"]];
    for endless in endless {
        let opening = schedule(endless, "UTC").at(utc("2026-01-01T00:00Z"));
        assert_eq!(opening, Opening { open: true, until_ms: None }, "{endless:?}");
    }
    assert_eq!(Schedule::default().at(0), Opening { open: true, until_ms: None });
    // The end of the calendar.
    let opening = schedule(&["mon"], "Asia/Tokyo").at(u64::MAX);
    assert!(!opening.open && opening.until_ms.is_some());
}

#[test]
fn more_windows_than_the_bound_are_left_out() {
    let windows = std::iter::repeat_n("mon 10:00-11:00", Schedule::MAX_WINDOWS).chain(["sun"]);
    let schedule = schedule(&windows.collect::<Vec<_>>(), "UTC");
    assert_eq!(
        changes(&schedule, "2026-01-10T12:00Z", "2026-01-13T00:00Z"),
        ["+12.01 10:00", "-12.01 11:00"]
    );
}

#[test]
fn another_zone_moves_the_windows_and_forgets_the_last_answer() {
    let berlin = schedule(&["06:00-22:00"], "Europe/Berlin");
    let at = utc("2026-01-10T05:30Z");
    assert!(berlin.at(at).open);
    let tokyo = berlin.in_zone(zone("Asia/Tokyo"));
    assert_eq!(tokyo.at(at), Opening { open: true, until_ms: Some(utc("2026-01-10T13:00Z")) });
    assert_ne!(berlin, tokyo);
    assert_eq!(berlin, schedule(&["06:00-22:00"], "Europe/Berlin"));
    // The clock may be set back behind what was asked last.
    assert!(!berlin.at(at - HOUR).open);
}

const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Nuuk",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Pacific/Apia",
];

fn a_window() -> impl Strategy<Value = String> {
    let day = || proptest::sample::select(vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
    let days = prop_oneof![
        day().prop_map(str::to_owned),
        (day(), day()).prop_map(|(a, b)| format!("{a}-{b}")),
        (day(), day()).prop_map(|(a, b)| format!("{a},{b}")),
    ];
    // The times at which clocks jump come often.
    let time =
        || (prop_oneof![3 => 0..4_u32, 1 => 0..24_u32], proptest::sample::select(vec![0, 1, 15, 30, 59]));
    let times = (time(), time()).prop_filter("not empty", |(a, b)| a != b);
    let times = times.prop_map(|((h, m), (h2, m2))| format!("{h:02}:{m:02}-{h2:02}:{m2:02}"));
    let cron = (time(), proptest::sample::select(vec!["* * 0", "* * *", "1 * *", "* 3,10 *"]), 1..3_000_u32);
    prop_oneof![
        times.clone(),
        days.clone(),
        (days, times).prop_map(|(days, times)| format!("{days} {times}")),
        cron.prop_map(|((hour, minute), rest, lasts)| format!("cron {minute} {hour} {rest} for {lasts}m")),
    ]
}

/// A moment of twenty years, mostly near one at which a clock in `zone` jumps.
fn a_moment(zone: &TimeZone, pick: u64, near: bool) -> u64 {
    let span = utc("2030-01-01T00:00Z") - utc("2010-01-01T00:00Z");
    let any = utc("2010-01-01T00:00Z") + pick % span;
    let jump = zone.following(timestamp(any.cast_signed())).next();
    match jump {
        Some(jump) if near => {
            jump.timestamp().as_millisecond().cast_unsigned() - 12 * HOUR + pick % (24 * HOUR)
        }
        _ => any,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_schedule_changes_when_it_says_and_never_before(
        windows in proptest::collection::vec(a_window(), 1..4),
        name in proptest::sample::select(ZONES.to_vec()),
        pick in any::<u64>(),
        near in prop_oneof![3 => Just(true), 1 => Just(false)],
        samples in proptest::collection::vec(0.0..1.0_f64, 12),
    ) {
        let windows: Vec<&str> = windows.iter().map(String::as_str).collect();
        // A new one for each question, so that none is answered from memory.
        let ask = |at: u64| schedule(&windows, name).at(at);
        let now = a_moment(&zone(name), pick, near);
        let opening = ask(now);
        let until = opening.until_ms.unwrap_or(now + 366 * 24 * HOUR);
        prop_assert!(until > now);
        if opening.until_ms.is_some() {
            prop_assert_ne!(ask(until).open, opening.open);
        }
        let span = u32::try_from((until - now) / MINUTE).unwrap_or(u32::MAX);
        for share in samples {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of a minute's count")]
            let at = now + (f64::from(span) * share) as u64 * MINUTE;
            prop_assert_eq!(ask(at).open, opening.open, "{} after {}", at, now);
        }
        if opening.until_ms.is_some() {
            prop_assert_eq!(ask(until - 1).open, opening.open);
        }
    }

    #[test]
    fn what_the_clock_shows_within_a_window_is_open(
        text in a_window().prop_filter("weekly", |text| !text.starts_with("cron")),
        name in proptest::sample::select(ZONES.to_vec()),
        pick in any::<u64>(),
    ) {
        let zone = zone(name);
        let now = a_moment(&zone, pick, true);
        let shown = timestamp(now.cast_signed()).to_zoned(zone.clone());
        let (days, begin, end) = Window::parse(&text).unwrap().week().expect("weekly");
        let minute = u32::try_from(shown.hour()).unwrap() * 60 + u32::try_from(shown.minute()).unwrap();
        let day = usize::try_from(shown.weekday().to_monday_zero_offset()).unwrap();
        let within = (days[day] && (begin..end).contains(&minute))
            || (days[(day + 6) % 7] && (begin..end).contains(&(minute + 24 * 60)));
        let open = schedule(&[&text], name).at(now).open;
        // It may be open at other times too, but only between two passes of the same hour.
        let jumps = [zone.preceding(shown.timestamp()).next(), zone.following(shown.timestamp()).next()];
        let day = jiff::SignedDuration::from_hours(24);
        let near = jumps.iter().flatten().any(|j| j.timestamp().duration_since(shown.timestamp()).abs() < day);
        prop_assert!(if within { open } else { !open || near }, "{} shown, open: {}", shown, open);
    }
}
