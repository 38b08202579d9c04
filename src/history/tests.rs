//! Rings over seconds, hours and days, gaps, and more streams than there is room for.

use std::sync::Arc;

use super::*;
use crate::model::{Figures, HostReading, Mode, Phase, Row, StreamId, Usage};

fn row(n: u32) -> Row {
    Row {
        mode: Mode::Picture,
        phase: Phase::Live,
        figures: Figures { fps: Some(25.0), bitrate_kbps: Some(2_000.0), speed: Some(1.0) },
        priority: 50,
        input_of: (1, 1),
        usage: Some(Usage { cpu_percent: 0.5, memory_bytes: 22 << 20, open_files: 9 }),
        ..Row::blank(StreamIx(n), StreamId::new(&format!("s{n}")).unwrap())
    }
}

fn board(streams: u32) -> Board {
    let rows = (0..streams).map(|n| (StreamIx(n), Arc::new(row(n)))).collect();
    let host = HostReading { cpu_percent: 40.0, cores: 2, ..HostReading::default() };
    Board { rows, host, ..Board::default() }
}

fn with(mut board: Board, change: impl Fn(&mut Row)) -> Board {
    board.rows.values_mut().for_each(|row| change(Arc::make_mut(row)));
    board
}

const fn at(second: u64) -> Duration {
    Duration::from_millis(second * 1_000 + 400)
}

fn read(histories: &Histories, span: Span) -> History {
    histories.read(HistoryOf::Stream(StreamIx(0)), span, None)
}

const FPS: usize = 0;
const BITRATE: usize = 1;
const CPU: usize = 3;

#[test]
fn seconds_are_kept_as_they_are_and_longer_steps_by_their_lowest_and_highest() {
    let mut histories = Histories::default();
    for second in 0..600_u16 {
        let board = with(board(1), |row| {
            row.figures.fps = Some(if second == 455 { 3.0 } else { 25.0 });
            row.figures.bitrate_kbps = Some(f32::from(second % 10) * 100.0);
            let cpu_percent = if second == 303 { 90.0 } else { 0.5 };
            row.usage = row.usage.map(|usage| Usage { cpu_percent, ..usage });
        });
        assert!(histories.record(&board, at(second.into())));
        assert!(!histories.record(&board, at(second.into())), "once a second");
    }
    let fine = read(&histories, Span::FiveMinutes);
    assert_eq!((fine.first, fine.end(), fine.fresh), (300, 600, true));
    assert_eq!(fine.series.len(), STREAM);
    assert_eq!((fine.series[FPS][155], fine.series[FPS][156]), (3.0, 25.0));
    assert_eq!(fine.series[BITRATE][..3], [0.0, 100.0, 200.0]);

    let hour = read(&histories, Span::Hour);
    assert_eq!((hour.first, hour.end()), (0, 59), "the last ten seconds are not complete");
    let (lowest, highest) = hour.extremes(BITRATE).unwrap();
    assert!(lowest.iter().all(|v| *v == 0.0) && highest.iter().all(|v| (v - 900.0).abs() < 0.5));
    let (lowest, highest) = hour.extremes(FPS).unwrap();
    assert_eq!((lowest[45], highest[45]), (3.0, 25.0), "a short fault is seen");
    assert_eq!((lowest[46], highest[46]), (25.0, 25.0));
    let (lowest, highest) = hour.extremes(CPU).unwrap();
    assert_eq!((lowest[30], highest[30], highest[31]), (0.5, 90.0, 0.5), "so is a short peak");
    let day = read(&histories, Span::Day);
    assert_eq!((day.first, day.end()), (0, 2));
    assert_eq!(day.extremes(FPS), Some((&[25.0, 3.0][..], &[25.0, 25.0][..])));
    assert_eq!(day.extremes(CPU), Some((&[0.5, 0.5][..], &[0.5, 90.0][..])));
}

#[test]
fn rings_go_round_and_stay_as_long_as_they_are() {
    let mut histories = Histories::default();
    let board = board(1);
    for second in 0..90_000 {
        histories.record(&board, at(second));
    }
    for span in Span::ALL {
        let history = read(&histories, span);
        assert_eq!(history.len(), span.values(), "{span:?}");
        assert_eq!(history.end(), histories.next_step(span));
        assert!(history.series.iter().flatten().all(|v| v.is_finite()), "{span:?}");
    }
}

#[test]
fn time_without_samples_is_a_gap_and_a_late_sample_is_none() {
    let mut histories = Histories::default();
    let board = board(1);
    for second in (0..100).chain([102, 103]).chain(700..760) {
        histories.record(&board, at(second));
    }
    let known = |span| {
        let history = read(&histories, span);
        let known: Vec<bool> = history.series[FPS].iter().map(|v| v.is_finite()).collect();
        (history.first, known)
    };
    let (first, fine) = known(Span::FiveMinutes);
    assert_eq!(first, 460);
    assert_eq!(fine, (460..760).map(|s| s >= 700).collect::<Vec<_>>());
    let (first, hour) = known(Span::Hour);
    assert_eq!(first, 0);
    assert_eq!(hour, (0..75).map(|step| step <= 10 || step >= 70).collect::<Vec<_>>());
    let (_, day) = known(Span::Day);
    assert_eq!(day, [true, false, true], "the last step has 20 of its seconds");

    let mut histories = Histories::default();
    for second in [0, 1, 4] {
        assert!(histories.record(&board, at(second)));
    }
    assert!(read(&histories, Span::FiveMinutes).series[FPS].iter().all(|v| v.is_finite()));
    histories.record(&board, at(10_000_000_000));
    assert_eq!(read(&histories, Span::FiveMinutes).series[FPS].iter().filter(|v| v.is_finite()).count(), 1);
}

#[test]
fn down_by_a_fault_is_seen_in_long_steps_and_stopped_is_not_known() {
    for (phase, lowest) in [(Phase::Backoff, 0.0), (Phase::Stopped, 25.0)] {
        let mut histories = Histories::default();
        for second in 0..30 {
            let board = with(board(1), |row| {
                if second == 14 {
                    (row.phase, row.figures, row.usage) = (phase, Figures::default(), None);
                }
            });
            histories.record(&board, at(second));
        }
        assert!(read(&histories, Span::FiveMinutes).series[FPS][14].is_nan());
        let hour = read(&histories, Span::Hour);
        let second = |meter| hour.extremes(meter).map(|(lowest, highest)| (lowest[1], highest[1]));
        assert_eq!(second(FPS), Some((lowest, 25.0)), "{phase:?}");
        assert_eq!(second(BITRATE), Some((if lowest == 0.0 { 0.0 } else { 2_000.0 }, 2_000.0)));
        assert_eq!(second(CPU), Some((0.5, 0.5)), "of what it takes only what is known counts");
    }
}

#[test]
fn who_has_the_beginning_gets_only_what_came_since() {
    let mut histories = Histories::default();
    let board = board(1);
    (0..50).for_each(|second| assert!(histories.record(&board, at(second))));
    let of = HistoryOf::Stream(StreamIx(0));
    let mut whole = histories.read(of, Span::FiveMinutes, None);
    (50..53).for_each(|second| assert!(histories.record(&board, at(second))));
    let piece = histories.read(of, Span::FiveMinutes, Some(whole.end()));
    assert_eq!((piece.first, piece.len(), piece.fresh), (50, 3, false));
    assert!(whole.take_in(piece));
    assert_eq!(whole, histories.read(of, Span::FiveMinutes, None));
    // Who was away for longer than there is, or comes from another headend, gets all of it.
    (53..500).for_each(|second| assert!(histories.record(&board, at(second))));
    for from in [7, 501, u64::MAX] {
        let all = histories.read(of, Span::FiveMinutes, Some(from));
        assert!(all.fresh && all.len() == 300, "{from}");
    }
}

#[test]
fn a_stream_that_comes_later_was_not_known_before_and_one_that_goes_is_forgotten() {
    let mut histories = Histories::default();
    (0..10).for_each(|second| assert!(histories.record(&board(1), at(second))));
    (10..20).for_each(|second| assert!(histories.record(&board(2), at(second))));
    let late = histories.read(HistoryOf::Stream(StreamIx(1)), Span::FiveMinutes, None);
    assert_eq!(late.series[FPS].iter().position(|v| v.is_finite()), Some(10));
    let mut left = board(2);
    left.rows.remove(&StreamIx(0));
    histories.record(&left, at(20));
    assert!(read(&histories, Span::FiveMinutes).series.is_empty());
    assert_eq!(histories.streams.len(), 1);
}

#[test]
fn the_machine_is_kept_too() {
    let mut histories = Histories::default();
    (0..25).for_each(|second| assert!(histories.record(&board(3), at(second))));
    let machine = histories.read(HistoryOf::Machine, Span::Hour, None);
    assert_eq!(machine.series.len(), 2 * MACHINE);
    let of = |name: &str| machine.series[MACHINE_METERS.iter().position(|m| *m == name).unwrap()][1];
    assert_eq!(vec![of("cpu"), of("workers cpu"), of("slots busy")], [40.0, 1.5, 0.0]);
    assert!(of("memory pressure").is_nan() && of("received").is_nan() && of("disk used").is_nan());
}

/// What all of it takes, as exactly as it can be counted here.
fn bytes(histories: &Histories) -> usize {
    let streams: usize = histories.streams.values().map(|rings| rings.bytes() + BESIDE / 2).sum();
    streams + histories.machine.bytes()
}

#[test]
fn with_more_streams_than_fit_the_finest_spans_are_given_up_first() {
    let mut histories = Histories::default();
    let mut had = Vec::new();
    for streams in [200, 1_850, 2_000, 2_400, 9_900, 2_100, 100] {
        let second = histories.samples.map_or(0, |(_, last)| last + 240);
        histories.record(&board(streams), at(second));
        assert!(bytes(&histories) <= MAX_BYTES, "{streams} take {}", bytes(&histories));
        let of = |n| {
            Span::ALL
                .map(|span| !histories.read(HistoryOf::Stream(StreamIx(n)), span, None).series.is_empty())
        };
        had.push((streams, of(0), of(streams - 1)));
    }
    let (all, hours, days, none) =
        ([true, true, true], [false, true, true], [false, false, true], [false, false, false]);
    let expected = [
        (200, all, all),
        (1_850, all, all),
        (2_000, hours, hours),
        (2_400, days, days),
        (9_900, days, none),
        (2_100, hours, hours),
        (100, all, all),
    ];
    assert_eq!(had, expected);
    // The machine has its own always.
    assert_eq!(histories.read(HistoryOf::Machine, Span::FiveMinutes, None).series.len(), MACHINE);
}
