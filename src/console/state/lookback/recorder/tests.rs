use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::console::tests::support;
use crate::model::{Care, Condition, ConditionKind, Figures, NoticeKind, Phase, Severity, StreamId, Usage};

/// One thing that happens to the board.
#[derive(Debug, Clone)]
enum Happens {
    Figures(u32, Option<f32>),
    Usage(u32, u32),
    Phase(u32, u8),
    Conditions(u32, u8),
    Message(u32, String),
    Care(u32, bool),
    Renamed(u32, String),
    Comes(u32),
    Goes(u32),
    Pool(u32),
    Host(f32),
    Notices(u8),
    Nothing,
}

fn happens() -> impl Strategy<Value = Happens> {
    let ix = || 0..7_u32;
    prop_oneof![
        6 => (ix(), proptest::option::of(0.0..60.0_f32)).prop_map(|(ix, fps)| Happens::Figures(ix, fps)),
        2 => (ix(), 0..90_u32).prop_map(|(ix, files)| Happens::Usage(ix, files)),
        3 => (ix(), 0..10_u8).prop_map(|(ix, phase)| Happens::Phase(ix, phase)),
        3 => (ix(), 0..3_u8).prop_map(|(ix, conditions)| Happens::Conditions(ix, conditions)),
        3 => (ix(), "[a-c]{0,3}").prop_map(|(ix, text)| Happens::Message(ix, text)),
        1 => (ix(), any::<bool>()).prop_map(|(ix, on)| Happens::Care(ix, on)),
        1 => (ix(), "[a-c]{1,3}").prop_map(|(ix, text)| Happens::Renamed(ix, text)),
        2 => ix().prop_map(Happens::Comes),
        2 => ix().prop_map(Happens::Goes),
        1 => (0..5_u32).prop_map(Happens::Pool),
        1 => (0.0..100.0_f32).prop_map(Happens::Host),
        1 => (0..3_u8).prop_map(Happens::Notices),
        1 => Just(Happens::Nothing),
    ]
}

fn with(delta: &mut Delta, board: &Board, ix: u32, change: impl FnOnce(&mut Row)) {
    let ix = StreamIx(ix);
    let old = delta.rows.get(&ix).or_else(|| board.rows.get(&ix));
    if let Some(mut row) = old.map(|row| Row::clone(row)) {
        change(&mut row);
        delta.rows.insert(ix, Arc::new(row));
    }
}

/// Puts what happens into a delta, which may hold other things already.
fn put(delta: &mut Delta, board: &Board, what: Happens) {
    let condition =
        |kind: ConditionKind| Condition { kind, severity: kind.severity(), since: board.at, explained: None };
    match what {
        Happens::Figures(ix, fps) => with(delta, board, ix, |row| {
            row.figures = Figures { fps, bitrate_kbps: fps.map(|fps| fps * 100.0), speed: None };
        }),
        Happens::Usage(ix, open_files) => with(delta, board, ix, |row| {
            row.usage = Some(Usage { open_files, ..Usage::default() });
        }),
        Happens::Phase(ix, phase) => with(delta, board, ix, |row| {
            row.phase = Phase::ALL[usize::from(phase)];
            (row.since, row.reason) = (board.at, row.phase.word().into());
            row.next = (phase > 4).then_some(board.at);
        }),
        Happens::Conditions(ix, count) => with(delta, board, ix, |row| {
            let kinds = [ConditionKind::Black, ConditionKind::Silent];
            row.conditions = kinds.into_iter().take(count.into()).map(condition).collect();
        }),
        Happens::Message(ix, text) => with(delta, board, ix, |row| row.last_message = text.into()),
        Happens::Care(ix, on) => with(delta, board, ix, |row| {
            row.care = Care { acknowledged: on.then_some(board.at), ..Care::default() };
        }),
        Happens::Renamed(ix, text) => with(delta, board, ix, |row| {
            (row.name, row.tags) = (text.as_str().into(), vec![text.as_str().into()].into());
        }),
        Happens::Comes(ix) => {
            delta.rows.insert(StreamIx(ix), Arc::new(support::row(ix)));
        }
        Happens::Goes(ix) => {
            delta.rows.remove(&StreamIx(ix));
            delta.removed.push(StreamIx(ix));
        }
        Happens::Pool(busy) => delta.pool = Some(PoolReading { busy, ..board.pool }),
        Happens::Host(cpu_percent) => delta.host = Some(HostReading { cpu_percent, ..board.host }),
        Happens::Notices(count) => {
            let notice = |n: u8| support::notice(NoticeKind::Store, Severity::Warning, &n.to_string());
            delta.notices = Some((0..count).map(notice).collect());
        }
        Happens::Nothing => {}
    }
}

/// What came of a board, and how it was at the end of each second.
struct Played {
    recorder: Recorder,
    board: Board,
    seconds: BTreeMap<i64, Board>,
}

/// Plays deltas, each with so many milliseconds before it.
fn play(deltas: Vec<(u16, Vec<Happens>)>, bound: usize, whole: bool) -> Played {
    let mut board = support::board(4);
    let mut recorder = Recorder { bound, ..Recorder::default() };
    recorder.replaced(None, &board, Some(1_000));
    let mut seconds = BTreeMap::new();
    for (pause, all) in deltas {
        let at = board.at + Duration::from_millis(pause.into());
        for second in second_of(board.at)..second_of(at) {
            seconds.insert(second, board.clone());
        }
        let mut delta = Delta { from: board.revision, to: board.revision + 1, at, ..Delta::default() };
        for what in all {
            put(&mut delta, &board, what);
        }
        let mut after = board.clone();
        after.apply(&delta).unwrap();
        // Whoever fell behind gets the whole board instead, and what was is known all the same.
        if whole && pause % 5 == 0 {
            recorder.replaced(Some(&board), &after, Some(1_000));
        } else {
            recorder.record(&board, &delta, Some(1_000));
        }
        board = after;
    }
    seconds.insert(second_of(board.at), board.clone());
    Played { recorder, board, seconds }
}

fn deltas() -> impl Strategy<Value = Vec<(u16, Vec<Happens>)>> {
    vec((prop_oneof![0..400_u16, 0..4_000_u16], vec(happens(), 0..5)), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_second_is_as_it_was(deltas in deltas(), whole in any::<bool>()) {
        let Played { mut recorder, board, seconds } = play(deltas, MAX_BYTES, whole);
        let newest = second_of(board.at);
        prop_assert_eq!(recorder.earliest(newest), *seconds.keys().next().unwrap());
        // From now to each of them, and from each to the one before.
        let mut stepped = board.clone();
        let mut from = newest;
        for (second, then) in seconds.iter().rev() {
            let mut jumped = board.clone();
            recorder.go_back(&mut jumped, newest, *second);
            prop_assert_eq!(&jumped, then, "at {}", second);
            recorder.go_back(&mut stepped, from, *second);
            prop_assert_eq!(&stepped, then, "stepping to {}", second);
            from = *second;
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_kept_is_right(deltas in deltas(), bound in 1_000..40_000_usize) {
        let Played { mut recorder, board, seconds } = play(deltas, bound, false);
        let newest = second_of(board.at);
        recorder.go_back(&mut board.clone(), newest, newest);
        let earliest = recorder.earliest(newest);
        for (second, then) in seconds.range(earliest..) {
            let mut jumped = board.clone();
            recorder.go_back(&mut jumped, newest, *second);
            prop_assert_eq!(&jumped, then);
        }
        // The newest second is kept however large it is.
        let kept = recorder.steps.len();
        prop_assert!(recorder.bytes() <= bound || kept <= 1, "{} bytes in {kept}", recorder.bytes());
    }

    #[test]
    fn figures_survive_being_packed(bits in proptest::array::uniform3(proptest::option::of(any::<u32>()))) {
        let [fps, bitrate_kbps, speed] = bits.map(|bits| bits.map(f32::from_bits));
        let figures = Figures { fps, bitrate_kbps, speed };
        let back = Packed::of(figures).figures();
        let known = |figures: Figures| [figures.fps, figures.bitrate_kbps, figures.speed].map(|v| v.map(f32::to_bits));
        prop_assert_eq!(known(back), known(figures));
    }
}

/// A board whose figures all change each second, and of which one row in `others` changes otherwise.
fn live(streams: u32, seconds: i64, others: u32) -> (Recorder, Board) {
    let mut board = support::board(streams);
    let mut recorder = Recorder::default();
    recorder.replaced(None, &board, None);
    for second in 0..seconds {
        let turn = u32::try_from(second).unwrap();
        let rows = board.rows.values().map(|row| {
            let mut row = Row::clone(row);
            row.figures.fps =
                row.figures.fps.map(|fps| if turn.is_multiple_of(2) { fps + 1.0 } else { fps - 1.0 });
            if (row.ix.0 + turn).is_multiple_of(others) {
                row.last_message = format!("[hls @ 0x55] segment {second} failed, retrying at once").into();
                row.last_message_at = board.at;
                row.usage = Some(Usage { open_files: turn, ..Usage::default() });
                row.conditions.clear();
                if turn.is_multiple_of(2) {
                    let kind = ConditionKind::Segments;
                    let severity = kind.severity();
                    row.conditions.push(Condition { kind, severity, since: board.at, explained: None });
                }
            }
            (row.ix, Arc::new(row))
        });
        let delta = Delta {
            from: board.revision,
            to: board.revision + 1,
            at: board.at + Duration::from_secs(1),
            rows: rows.collect(),
            host: Some(HostReading { load1: 0.5, ..board.host }),
            ..Delta::default()
        };
        recorder.record(&board, &delta, None);
        board.apply(&delta).unwrap();
    }
    (recorder, board)
}

#[test]
fn a_quarter_of_an_hour_of_200_streams_fits_also_in_a_storm() {
    for others in [1_000, 4] {
        let (recorder, board) = live(200, REACH + 60, others);
        let newest = second_of(board.at);
        assert_eq!(recorder.earliest(newest), newest - REACH, "{} bytes", recorder.bytes());
        assert!(!recorder.is_full() && recorder.bytes() < MAX_BYTES, "{} bytes", recorder.bytes());
        assert!(recorder.steps.len() <= usize::try_from(REACH).unwrap() + 1);
    }
}

#[test]
fn ten_thousand_streams_stay_within_the_bound() {
    let (mut recorder, board) = live(10_000, 200, 50);
    assert!(recorder.bytes() <= MAX_BYTES && recorder.is_full(), "{} bytes", recorder.bytes());
    let newest = second_of(board.at);
    let back = newest - recorder.earliest(newest);
    assert!((60..200).contains(&back), "{back} s");
    let mut then = board.clone();
    recorder.go_back(&mut then, newest, newest - back);
    assert_eq!(then.at, board.at - Duration::from_secs(u64::try_from(back).unwrap()));
}

/// What is counted is about what is there: nothing that grows is left out.
#[test]
fn bytes_are_those_of_what_is_kept() {
    let (recorder, _) = live(200, 100, 4);
    let figures: usize = recorder.steps.iter().map(|step| step.figures.len()).sum();
    let fields: usize = recorder.steps.iter().map(|step| step.fields.len()).sum();
    assert_eq!(size_of::<(StreamIx, Packed)>(), 16);
    assert!(size_of::<(StreamIx, Was)>() <= 32, "{}", size_of::<(StreamIx, Was)>());
    let least = figures * 16 + fields * size_of::<(StreamIx, Was)>();
    assert!(figures >= 99 * 200 && fields > 99 * 100 && recorder.bytes() > least);
}

#[test]
fn a_long_text_counts() {
    let board = support::board(1);
    let mut recorder = Recorder::default();
    recorder.replaced(None, &board, None);
    let mut long = board.clone();
    Arc::make_mut(long.rows.get_mut(&StreamIx(0)).unwrap()).last_message = "x".repeat(100_000).into();
    recorder.replaced(Some(&board), &long, None);
    recorder.replaced(Some(&long), &board, None);
    assert!(recorder.bytes() < 10_000, "the first one was short");
    let later = Board { at: board.at + Duration::from_secs(1), ..board.clone() };
    recorder.replaced(Some(&long), &later, None);
    assert!(recorder.bytes() > 100_000, "{}", recorder.bytes());
    // As does a row that goes.
    let mut gone = later.clone();
    gone.rows.clear();
    let mut recorder = Recorder::default();
    recorder.replaced(None, &long, None);
    recorder.replaced(Some(&long), &gone, None);
    assert!(recorder.bytes() > 100_000, "{}", recorder.bytes());
}

#[test]
fn turns_are_found_both_ways() {
    let mut board = support::board(3);
    let mut recorder = Recorder::default();
    recorder.replaced(None, &board, None);
    let begin = second_of(board.at);
    for second in 1..=20 {
        let mut row = Row::clone(&board.rows[&StreamIx(1)]);
        row.figures.fps = Some(20.0);
        if second == 5 || second == 12 {
            row.conditions = support::troubled_board(4).rows[&StreamIx(3)].conditions.clone();
        } else if second == 9 {
            row.conditions.clear();
        }
        let delta = Delta {
            at: board.at + Duration::from_secs(1),
            to: board.revision + 1,
            from: board.revision,
            rows: BTreeMap::from([(row.ix, Arc::new(row))]),
            ..Delta::default()
        };
        recorder.record(&board, &delta, None);
        board.apply(&delta).unwrap();
    }
    let found = |at: i64, back| recorder.turn(begin + at, back).map(|second| second - begin);
    assert_eq!([20, 12, 9, 5].map(|at| found(at, true)), [Some(12), Some(9), Some(5), None]);
    assert_eq!([0, 5, 9, 12].map(|at| found(at, false)), [Some(5), Some(9), Some(12), None]);
    recorder.close();
    assert_eq!(recorder.changed_in(begin + 9), [StreamIx(1)]);
    assert_eq!(recorder.changed_in(begin + 10), [], "nothing but figures");
}

#[test]
fn another_supervisor_begins_anew() {
    let (mut recorder, board) = live(3, 10, 2);
    let younger = Board { at: Moment::from_millis(5_000), ..support::board(3) };
    recorder.replaced(Some(&board), &younger, None);
    assert_eq!((recorder.bytes(), recorder.earliest(5)), (0, 5));
}

#[test]
fn time_that_goes_back_a_little_does_not_mix_the_seconds_up() {
    let (mut recorder, mut board) = live(3, 5, 2);
    let newest = second_of(board.at);
    for back in [0, 900, 1_800] {
        let mut row = support::row(0);
        row.restarts = back;
        let delta = Delta {
            from: board.revision,
            to: board.revision + 1,
            at: board.at - Duration::from_millis(back.into()),
            rows: BTreeMap::from([(row.ix, Arc::new(row))]),
            ..Delta::default()
        };
        recorder.record(&board, &delta, None);
        board.apply(&delta).unwrap();
        recorder.close();
    }
    assert!(recorder.steps.iter().map(|step| step.second).is_sorted());
    assert_eq!(recorder.newest(), newest);
}

#[test]
fn ids_of_streams_are_kept_too() {
    let board = support::board(1);
    let mut other = board.clone();
    Arc::make_mut(other.rows.get_mut(&StreamIx(0)).unwrap()).id = StreamId::new("another").unwrap();
    other.at = other.at + Duration::from_secs(1);
    let mut recorder = Recorder::default();
    recorder.replaced(None, &board, None);
    recorder.replaced(Some(&board), &other, None);
    let (from, to) = (second_of(other.at), second_of(board.at));
    recorder.go_back(&mut other, from, to);
    assert_eq!(other, board);
}
