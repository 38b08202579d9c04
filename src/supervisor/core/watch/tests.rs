//! When what is observed becomes a condition, and when it ends.

use super::*;

const BOTH: Expect = Expect { video: true, audio: true };

const fn at(seconds: i64) -> Moment {
    Moment::from_millis(seconds * 1_000)
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn started() -> Watch {
    let mut watch = Watch::default();
    watch.worker_started(Moment::ZERO);
    watch
}

fn kinds_in(watch: &mut Watch, now: Moment, mode: Mode, thresholds: &Thresholds) -> Vec<ConditionKind> {
    watch.conditions(now, mode, BOTH, thresholds).into_iter().map(|c| c.kind).collect()
}

fn kinds(watch: &mut Watch, now: Moment) -> Vec<ConditionKind> {
    kinds_in(watch, now, Mode::Picture, &Thresholds::default())
}

const NONE: [ConditionKind; 0] = [];

#[test]
fn black_is_raised_after_its_for_and_while_it_lasts() {
    let mut watch = started();
    watch.detected(Detection::BlackBegan, at(5));
    assert_eq!(watch.next_deadline(at(5), &Thresholds::default()), Some(at(15)));
    assert_eq!(kinds(&mut watch, Moment::from_millis(14_999)), NONE);
    let raised = watch.conditions(at(15), Mode::Picture, BOTH, &Thresholds::default());
    assert_eq!(raised.len(), 1);
    assert_eq!((raised[0].kind, raised[0].since), (ConditionKind::Black, at(5)));
    // Told again: it is the same black.
    watch.detected(Detection::BlackBegan, at(100));
    assert_eq!(kinds(&mut watch, at(1_000)), [ConditionKind::Black]);
    watch.detected(Detection::BlackEnded, at(1_001));
    assert_eq!(kinds(&mut watch, at(1_001)), NONE);
    assert_eq!(watch.next_deadline(at(1_001), &Thresholds::default()), None);
}

#[test]
fn black_that_is_too_short_is_no_condition() {
    let mut watch = started();
    for n in 0..10 {
        watch.detected(Detection::BlackBegan, at(n * 20));
        assert_eq!(kinds(&mut watch, at(n * 20 + 9)), NONE);
        watch.detected(Detection::BlackEnded, at(n * 20 + 9));
        assert_eq!(kinds(&mut watch, at(n * 20 + 19)), NONE);
    }
}

#[test]
fn black_hides_frozen() {
    let mut watch = started();
    watch.detected(Detection::BlackBegan, at(0));
    watch.detected(Detection::FreezeBegan, at(0));
    assert_eq!(kinds(&mut watch, at(60)), [ConditionKind::Black]);
}

#[test]
fn a_freeze_seen_during_black_counts_from_the_end_of_black() {
    let mut watch = started();
    watch.detected(Detection::BlackBegan, at(0));
    watch.detected(Detection::FreezeBegan, at(2));
    watch.detected(Detection::BlackEnded, at(60));
    assert_eq!(kinds(&mut watch, at(74)), NONE);
    let raised = watch.conditions(at(75), Mode::Picture, BOTH, &Thresholds::default());
    assert_eq!(
        raised.iter().map(|c| (c.kind, c.since)).collect::<Vec<_>>(),
        [(ConditionKind::Frozen, at(60))]
    );
    watch.detected(Detection::FreezeEnded, at(80));
    assert_eq!(kinds(&mut watch, at(80)), NONE);
}

#[test]
fn frozen_and_silent_have_their_own_for() {
    let thresholds = Thresholds { silent: secs(20), ..Thresholds::default() };
    let mut watch = started();
    watch.detected(Detection::FreezeBegan, at(0));
    watch.detected(Detection::SilenceBegan, at(0));
    let mut seen = |now| kinds_in(&mut watch, at(now), Mode::Full, &thresholds);
    assert_eq!(seen(14), NONE);
    assert_eq!(seen(15), [ConditionKind::Frozen]);
    assert_eq!(seen(20), [ConditionKind::Frozen, ConditionKind::Silent], "the critical one first");
    watch.detected(Detection::SilenceEnded, at(21));
    assert_eq!(kinds_in(&mut watch, at(21), Mode::Full, &thresholds), [ConditionKind::Frozen]);
}

#[test]
fn zero_turns_a_check_off() {
    let thresholds = Thresholds {
        black: Duration::ZERO,
        frozen: Duration::ZERO,
        silent: Duration::ZERO,
        ..Thresholds::default()
    };
    let mut watch = started();
    watch.detected(Detection::BlackBegan, at(0));
    watch.detected(Detection::SilenceBegan, at(0));
    assert_eq!(kinds_in(&mut watch, at(999), Mode::Picture, &thresholds), NONE);
    watch.detected(Detection::BlackEnded, at(999));
    watch.detected(Detection::FreezeBegan, at(999));
    assert_eq!(kinds_in(&mut watch, at(2_000), Mode::Picture, &thresholds), NONE);
    assert_eq!(watch.next_deadline(at(2_000), &thresholds), None);
}

/// Gives the same figures each second from `from` to `to`; says what is raised at the end.
fn figures_between(watch: &mut Watch, from: i64, to: i64, figures: Figures) -> Vec<ConditionKind> {
    let thresholds =
        Thresholds { bitrate_min_kbps: Some(500.0), fps_min: Some(20.0), ..Thresholds::default() };
    for second in from..=to {
        watch.figures(at(second), &figures, &thresholds);
    }
    kinds_in(watch, at(to), Mode::Packets, &thresholds)
}

#[test]
fn speed_is_judged_only_after_the_grace() {
    let slow = Figures { speed: Some(0.5), ..Figures::default() };
    let fast = Figures { speed: Some(3.0), ..Figures::default() };
    let mut watch = started();
    assert_eq!(figures_between(&mut watch, 0, 59, slow), NONE);
    assert_eq!(figures_between(&mut watch, 60, 60, slow), [ConditionKind::Slow], "30 s grace, 30 s slow");
    assert_eq!(figures_between(&mut watch, 61, 75, fast), NONE);
    assert_eq!(figures_between(&mut watch, 76, 76, fast), [ConditionKind::Fast]);
    let good = Figures { speed: Some(1.0), ..Figures::default() };
    assert_eq!(figures_between(&mut watch, 77, 77, good), NONE);
    // A good second between starts the time anew.
    assert_eq!(figures_between(&mut watch, 78, 107, slow), NONE);
    assert_eq!(figures_between(&mut watch, 108, 108, good), NONE);
    assert_eq!(figures_between(&mut watch, 109, 138, slow), NONE);
}

#[test]
fn an_unknown_speed_is_no_fault() {
    let mut watch = started();
    assert_eq!(figures_between(&mut watch, 0, 300, Figures::default()), NONE);
}

#[test]
fn bitrate_and_frame_rate_are_judged_only_when_asked_for() {
    let low = Figures { fps: Some(10.0), bitrate_kbps: Some(100.0), speed: Some(1.0) };
    let mut watch = started();
    assert_eq!(figures_between(&mut watch, 0, 59, low), NONE);
    assert_eq!(figures_between(&mut watch, 60, 60, low), [ConditionKind::BitrateLow, ConditionKind::FpsLow]);
    let mut watch = started();
    for second in 0..300 {
        watch.figures(at(second), &low, &Thresholds::default());
    }
    assert_eq!(kinds(&mut watch, at(300)), NONE);
}

#[test]
fn a_rate_is_raised_by_many_and_ends_when_they_are_past() {
    let mut watch = started();
    for second in 10..14 {
        watch.line(at(second), FaultClass::Corrupt, 1);
        assert_eq!(kinds(&mut watch, at(second)), NONE);
    }
    watch.line(at(14), FaultClass::Corrupt, 1);
    assert_eq!(kinds(&mut watch, at(14)), [ConditionKind::Corrupt]);
    assert_eq!(watch.next_deadline(at(14), &Thresholds::default()), Some(at(70)));
    assert_eq!(kinds(&mut watch, Moment::from_millis(69_999)), [ConditionKind::Corrupt]);
    assert_eq!(kinds(&mut watch, at(70)), NONE);
    // Few and far between: never.
    for n in 0..100 {
        watch.line(at(200 + n * 16), FaultClass::Corrupt, 1);
        assert_eq!(kinds(&mut watch, at(200 + n * 16)), NONE);
    }
}

#[test]
fn a_rate_that_goes_on_keeps_its_beginning() {
    let mut watch = started();
    for second in 0..300 {
        watch.line(at(second), FaultClass::Timestamps, 1);
    }
    let raised = watch.conditions(at(300), Mode::Picture, BOTH, &Thresholds::default());
    assert_eq!((raised[0].kind, raised[0].since), (ConditionKind::Timestamps, at(0)));
}

#[test]
fn a_folded_line_counts_as_often_as_it_came() {
    let mut watch = started();
    watch.line(at(10), FaultClass::Reconnect, u32::MAX);
    assert_eq!(kinds(&mut watch, at(10)), [ConditionKind::Reconnects]);
    assert!(watch.rates.iter().all(|rate| rate.recent.len() <= 10), "bounded");
    let mut watch = started();
    watch.line(at(10), FaultClass::Segment, 0);
    assert_eq!(kinds(&mut watch, at(10)), NONE, "once at least, and once is not enough");
    watch.line(at(10), FaultClass::HlsSkip, 0);
    assert_eq!(kinds(&mut watch, at(10)), [ConditionKind::Segments]);
}

#[test]
fn decoders_may_complain_until_the_first_key_frame() {
    let mut watch = started();
    watch.line(Moment::from_millis(4_999), FaultClass::NoKeyframe, 100);
    assert_eq!(kinds(&mut watch, at(5)), NONE);
    watch.line(at(5), FaultClass::Decode, 9);
    assert_eq!(kinds(&mut watch, at(5)), NONE);
    watch.line(at(6), FaultClass::Decode, 1);
    assert_eq!(kinds(&mut watch, at(6)), [ConditionKind::Decode]);
}

#[test]
fn errors_of_a_worker_that_lives_on_are_raised_at_once_and_end_after_15_s() {
    let mut watch = started();
    watch.line(at(100), FaultClass::NotFound, 1);
    assert_eq!(kinds(&mut watch, at(100)), [ConditionKind::Http4xx]);
    watch.line(at(110), FaultClass::Auth, 1);
    let raised = watch.conditions(at(124), Mode::Picture, BOTH, &Thresholds::default());
    assert_eq!((raised.len(), raised[0].since), (1, at(100)), "both are 4xx, one fault");
    assert_eq!(watch.next_deadline(at(124), &Thresholds::default()), Some(at(125)));
    assert_eq!(kinds(&mut watch, at(125)), NONE);
    watch.line(at(200), FaultClass::NotFound, 1);
    let raised = watch.conditions(at(200), Mode::Picture, BOTH, &Thresholds::default());
    assert_eq!(raised[0].since, at(200), "a new one");
}

#[test]
fn a_segment_that_ends_early_is_no_end_of_a_worker_that_lives_on() {
    let mut watch = started();
    watch.line(at(10), FaultClass::End, 1);
    assert!(kinds(&mut watch, at(10)).is_empty(), "one is not many");
    watch.line(at(12), FaultClass::End, 1);
    assert_eq!(kinds(&mut watch, at(12)), [ConditionKind::Segments]);
}

#[test]
fn a_flood_is_raised_after_ten_seconds_and_ends_with_a_pause() {
    // From the very first moment of the supervisor on.
    let mut watch = started();
    let mut total = 0;
    for second in 1..=10 {
        total += 50;
        watch.dropped(at(second), total);
        assert_eq!(kinds(&mut watch, at(second)), NONE, "second {second}");
    }
    watch.dropped(at(11), total + 1);
    let raised = watch.conditions(at(11), Mode::Picture, BOTH, &Thresholds::default());
    assert_eq!(raised.iter().map(|c| (c.kind, c.since)).collect::<Vec<_>>(), [(ConditionKind::Flood, at(1))]);
    watch.dropped(at(12), total + 1);
    assert_eq!(watch.next_deadline(at(12), &Thresholds::default()), Some(at(14)), "the same total is none");
    assert_eq!(kinds(&mut watch, Moment::from_millis(13_999)), [ConditionKind::Flood]);
    assert_eq!(kinds(&mut watch, at(14)), NONE);
    // With pauses: never.
    for n in 0..20 {
        watch.dropped(at(20 + n * 3), total + 2 + u64::try_from(n).unwrap());
        assert_eq!(kinds(&mut watch, at(20 + n * 3)), NONE);
    }
}

#[test]
fn missing_tracks_are_missed_only_when_expected_and_never_in_run_mode() {
    let cases = [
        (BOTH, Tracks { video: false, audio: false }, vec![ConditionKind::NoVideo, ConditionKind::NoAudio]),
        (BOTH, Tracks { video: true, audio: true }, vec![]),
        (BOTH, Tracks { video: true, audio: false }, vec![ConditionKind::NoAudio]),
        (Expect { video: false, audio: true }, Tracks { video: false, audio: true }, vec![]),
        (Expect { video: true, audio: false }, Tracks { video: true, audio: false }, vec![]),
    ];
    for (expect, tracks, expected) in cases {
        let mut watch = started();
        let found = |watch: &mut Watch, mode| {
            let found = watch.conditions(at(1), mode, expect, &Thresholds::default());
            found.into_iter().map(|c| c.kind).collect::<Vec<_>>()
        };
        assert_eq!(found(&mut watch, Mode::Picture), NONE, "nothing is missed before FFmpeg has told");
        watch.tracks(tracks);
        for mode in [Mode::Packets, Mode::Picture, Mode::Full] {
            assert_eq!(found(&mut watch, mode), expected, "{tracks:?} {mode:?}");
        }
        assert_eq!(found(&mut watch, Mode::Run), NONE);
    }
}

#[test]
fn why_a_run_failed_outlives_the_worker_and_nothing_else_does() {
    let mut watch = started();
    watch.detected(Detection::BlackBegan, at(0));
    watch.line(at(1), FaultClass::Timeout, 1);
    watch.run_failed(at(20), ConditionKind::Exited);
    watch.worker_ended();
    assert_eq!(kinds(&mut watch, at(20)), [ConditionKind::Exited]);
    watch.worker_started(at(21));
    assert_eq!(kinds(&mut watch, at(40)), [ConditionKind::Exited]);
    watch.run_failed(at(41), ConditionKind::Dns);
    let raised = watch.conditions(at(41), Mode::Picture, BOTH, &Thresholds::default());
    assert_eq!(raised.iter().map(|c| (c.kind, c.since)).collect::<Vec<_>>(), [(ConditionKind::Dns, at(41))]);
    watch.failure_over();
    assert_eq!(kinds(&mut watch, at(42)), NONE);
}

#[test]
fn conditions_are_one_a_kind_worst_first_then_oldest() {
    let mut watch = started();
    watch.detected(Detection::SilenceBegan, at(0));
    watch.detected(Detection::FreezeBegan, at(10));
    watch.run_failed(at(3), ConditionKind::Timeout);
    watch.line(at(5), FaultClass::Timeout, 1);
    let raised = watch.conditions(at(19), Mode::Picture, BOTH, &Thresholds::default());
    assert_eq!(
        raised.iter().map(|c| (c.kind, c.since)).collect::<Vec<_>>(),
        [(ConditionKind::Timeout, at(3)), (ConditionKind::Silent, at(0)),]
    );
}

/// One random observation.
fn observe(watch: &mut Watch, now: Moment, random: &mut fastrand::Rng, thresholds: &Thresholds) {
    const DETECTIONS: [Detection; 6] = [
        Detection::BlackBegan,
        Detection::BlackEnded,
        Detection::FreezeBegan,
        Detection::FreezeEnded,
        Detection::SilenceBegan,
        Detection::SilenceEnded,
    ];
    match random.u8(..12) {
        0..3 => {
            watch.detected(DETECTIONS[random.usize(..6)], now - Duration::from_millis(random.u64(..2_000)));
        }
        3..5 => watch.line(now, FaultClass::ALL[random.usize(..FaultClass::ALL.len())], random.u32(..4)),
        5..7 => watch.dropped(now, watch.dropped + random.u64(..3)),
        7 => watch.stalled(random.bool().then_some(now)),
        8 => watch.run_failed(now, ConditionKind::ALL[random.usize(..ConditionKind::ALL.len())]),
        9 if random.u8(..10) == 0 => watch.worker_ended(),
        _ => {
            let figures = Figures {
                fps: random.bool().then_some(random.f32() * 30.0),
                bitrate_kbps: Some(random.f32() * 1_000.0),
                speed: Some(random.f32() * 2.0),
            };
            watch.figures(now, &figures, thresholds);
        }
    }
}

#[test]
fn deadlines_are_exact_looking_only_then_shows_what_looking_always_shows() {
    let thresholds = Thresholds {
        // Short, so that much is raised and much ends.
        black: secs(1),
        frozen: secs(2),
        silent: secs(3),
        slow_for: secs(2),
        fast_for: secs(1),
        bitrate_min_kbps: Some(700.0),
        fps_min: Some(20.0),
        ..Thresholds::default()
    };
    let mut ends_seen = 0;
    for seed in 0..60 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut always, mut seldom) = (started(), started());
        let conditions = |watch: &mut Watch, now| watch.conditions(now, Mode::Picture, BOTH, &thresholds);
        let mut shown = Vec::new();
        let mut deadline = None;
        let mut next_event = 0;
        for tick in 0..4_000 {
            let now = Moment::from_millis(tick * 100);
            let event = tick == next_event;
            if event {
                let same = random.clone();
                observe(&mut always, now, &mut random, &thresholds);
                observe(&mut seldom, now, &mut same.clone(), &thresholds);
                next_event = tick + if random.u8(..10) == 0 { random.i64(50..400) } else { random.i64(1..8) };
            }
            let due = deadline.is_some_and(|at| at <= now);
            if event || due {
                let before = std::mem::replace(&mut shown, conditions(&mut seldom, now));
                ends_seen += usize::from(due && !event && before.len() > shown.len());
                deadline = seldom.next_deadline(now, &thresholds);
                assert!(deadline.is_none_or(|at| at > now), "seed {seed}: a deadline that is past");
            }
            assert_eq!(conditions(&mut always, now), shown, "seed {seed} at {now:?}");
        }
    }
    assert!(ends_seen > 100, "{ends_seen}: the property was hardly tried");
}
