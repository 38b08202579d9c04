use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

/// A row that differs from another by `restarts` alone.
fn row(ix: u32, restarts: u32) -> Row {
    Row {
        name: "name".into(),
        phase: Phase::Queued,
        restarts,
        priority: 50,
        input_of: (1, 1),
        ..Row::blank(StreamIx(ix), StreamId::new(&format!("s{ix}")).unwrap())
    }
}

fn condition(severity: Severity) -> Condition {
    Condition { kind: crate::model::ConditionKind::Black, severity, since: Moment::ZERO, explained: None }
}

fn brief(number: u64, failing: u32) -> IncidentBrief {
    IncidentBrief {
        number,
        cause: crate::model::Cause::Headend { notice: NoticeKind::Store },
        severity: Severity::Critical,
        title: "it is full".into(),
        began_wall_ms: 1,
        opened_wall_ms: 2,
        failing,
        streams: 9,
        flapping: false,
        acknowledged: None,
        told: crate::model::Told::Nobody,
    }
}

/// Deltas of a board at revision 0, in order; every field comes and goes.
fn deltas() -> impl Strategy<Value = Vec<Delta>> {
    let rows = vec((0..6_u32, 0..9_u32), 0..4);
    let small = || option::of(0..9_u32);
    let incidents = || (vec((0..6_u64, 0..9_u32), 0..4), vec(0..6_u64, 0..3), small());
    let change =
        (rows, vec(0..6_u32, 0..3), (small(), small(), small()), (small(), small(), small()), incidents());
    vec(change, 1..12).prop_map(|changes| {
        let delta = |(
            n,
            (rows, removed, (pool, host, own), (workers, limits, notices), (opened, ended, sent)),
        ): (u64, _)| {
            let rows: Vec<(u32, u32)> = rows;
            let removed: Vec<u32> = removed;
            let (opened, ended): (Vec<(u64, u32)>, Vec<u64>) = (opened, ended);
            let text = |n: u32| Notice {
                kind: NoticeKind::Store,
                severity: Severity::Warning,
                text: n.to_string().into(),
                since: Moment::ZERO,
            };
            Delta {
                from: n,
                to: n + 1,
                at: Moment::from_millis(i64::try_from(n).unwrap_or(0) * 10),
                rows: rows.into_iter().map(|(ix, n)| (StreamIx(ix), Arc::new(row(ix, n)))).collect(),
                removed: removed.into_iter().map(StreamIx).collect(),
                pool: Option::map(pool, |busy| PoolReading { busy, ..PoolReading::default() }),
                host: Option::map(host, |cores| HostReading { cores, ..HostReading::default() }),
                own: Option::map(own, |n: u32| SelfReading { fds_open: n.into(), ..SelfReading::default() }),
                workers: Option::map(workers, |count| WorkersReading { count, memory_bytes: 0 }),
                limits: Option::map(limits, |workers| LimitReading { workers, ..LimitReading::default() }),
                // Zero: the last notice has gone.
                notices: Option::map(notices, |n| if n == 0 { Vec::new() } else { vec![text(n)] }),
                incidents: opened
                    .into_iter()
                    .map(|(number, n)| (number, Arc::new(brief(number, n))))
                    .collect(),
                ended,
                alerts: Option::map(sent, |waiting| {
                    Arc::new(AlertsReading { waiting, ..AlertsReading::default() })
                }),
            }
        };
        (0..).zip(changes).map(delta).collect()
    })
}

proptest! {
    #[test]
    fn one_merged_delta_does_what_all_of_them_did(deltas in deltas(), cut in 0..12_usize) {
        let mut by_one = Board::default();
        for delta in &deltas {
            by_one.apply(delta).unwrap();
        }
        // A reader that had taken a few of them when it fell behind.
        let (read, unread) = deltas.split_at(cut.min(deltas.len() - 1));
        let mut merged = Board::default();
        for delta in read {
            merged.apply(delta).unwrap();
        }
        let mut pending = unread[0].clone();
        for delta in &unread[1..] {
            pending.merge(delta.clone()).unwrap();
        }
        prop_assert!(pending.rows.len() <= 6 && pending.removed.len() <= 6, "{pending:?}");
        merged.apply(&pending).unwrap();
        prop_assert_eq!(merged, by_one);
    }

    #[test]
    fn a_delta_of_another_revision_changes_nothing(deltas in deltas()) {
        let mut board = Board::default();
        board.apply(&deltas[0]).unwrap();
        let before = board.clone();
        prop_assert_eq!(board.apply(&deltas[0]), Err(Gap { have: 1, from: 0 }));
        prop_assert_eq!(&board, &before);

        let mut pending = deltas[0].clone();
        let late = Delta { from: 7, to: 8, ..deltas[0].clone() };
        prop_assert_eq!(pending.merge(late), Err(Gap { have: 1, from: 7 }));
        prop_assert_eq!(&pending, &deltas[0]);
    }
}

#[test]
fn rows_come_change_and_go() {
    let mut board = Board::default();
    let rows = |rows: &[(u32, u32)]| {
        rows.iter().map(|(ix, n)| (StreamIx(*ix), Arc::new(row(*ix, *n)))).collect::<BTreeMap<_, _>>()
    };
    let delta = |from, rows, removed| Delta { from, to: from + 1, rows, removed, ..Delta::default() };
    board.apply(&delta(0, rows(&[(1, 1), (2, 2)]), vec![])).unwrap();
    board.apply(&delta(1, rows(&[(2, 3)]), vec![StreamIx(1)])).unwrap();
    assert_eq!((board.revision, board.rows), (2, rows(&[(2, 3)])));
}

#[test]
fn empty_means_that_nothing_changes_but_the_revision() {
    let nothing = Delta { from: 3, to: 4, at: Moment::from_millis(9), ..Delta::default() };
    assert!(nothing.is_empty());
    assert!(!Delta { removed: vec![StreamIx(0)], ..nothing.clone() }.is_empty());
    assert!(!Delta { notices: Some(Vec::new()), ..nothing.clone() }.is_empty());
    assert!(!Delta { limits: Some(LimitReading::default()), ..nothing }.is_empty());
}

#[test]
fn health_is_the_worst_condition_and_ok_only_while_live() {
    let with = |phase, severities: &[Severity]| {
        let conditions = severities.iter().copied().map(condition).collect();
        Row { phase, conditions, ..row(0, 0) }.health()
    };
    assert_eq!(with(Phase::Live, &[]), Health::Ok);
    assert_eq!(with(Phase::Starting, &[]), Health::Unknown);
    assert_eq!(with(Phase::Live, &[Severity::Warning]), Health::Warning);
    assert_eq!(with(Phase::Backoff, &[Severity::Warning, Severity::Critical]), Health::Critical);
}

#[test]
fn totals_count_every_row_once_under_its_own_name() {
    let rows: Vec<Row> = Phase::ALL.into_iter().map(|phase| Row { phase, ..row(0, 0) }).collect();
    let totals = Totals::of(&rows);
    assert!(Phase::ALL.iter().all(|phase| totals.in_phase(*phase) == 1), "{totals:?}");
    assert_eq!(totals.with_health(Health::Ok), 1);
    assert_eq!(totals.with_health(Health::Unknown), 9);
    let sick = Row { conditions: vec![condition(Severity::Critical)], ..row(0, 0) };
    assert_eq!(Totals::of([&sick]).with_health(Health::Critical), 1);
}

#[test]
fn the_number_of_a_try_is_told_when_there_was_one_before_it() {
    let why = |phase, failures, reason: &str| {
        let next = Some(Moment::from_millis(300_000));
        Row { phase, failures, next, reason: reason.into(), ..row(0, 0) }.why(Moment::ZERO)
    };
    let down = "host a.example is down: refused";
    assert_eq!(why(Phase::Broken, 0, down), format!("{down}, next try in 5 min"));
    assert_eq!(why(Phase::Backoff, 0, ""), "next try in 5 min");
    assert_eq!(why(Phase::Broken, 9, "refused"), "refused, next try in 5 min (10th)");
    assert_eq!(why(Phase::Backoff, 1, "refused"), "refused, next try in 5 min (2nd)");
}
