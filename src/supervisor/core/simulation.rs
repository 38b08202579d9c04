//! The core in a simulated world, held to its promises after every step.
//!
//! Everything comes from one seed. A run that breaks a promise says which seed it was; the
//! environment variable `HEADEND_SEED` runs that one alone.

mod caring;
mod day;
mod laws;
mod reloading;
mod world;

use super::*;
use crate::model::{Action, Command, Phase, Row, Selection};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use world::{Plan, World};

/// Runs one seed and says how to run it again if it fails.
fn run(name: &str, seed: u64, plan: Plan) -> World {
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(seed, plan);
        world.live();
        world
    }));
    lived.unwrap_or_else(|panic| {
        eprintln!(
            "to run it again: HEADEND_SEED={seed} cargo test --lib supervisor::core::simulation::{name}"
        );
        resume_unwind(panic)
    })
}

/// A number from the environment, for longer runs than those of every test run.
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

/// The seeds to run: all of `seeds`, more with `HEADEND_SEEDS=1000`, or only the one that is asked
/// for with `HEADEND_SEED`.
fn seeds(seeds: std::ops::Range<u64>) -> Vec<u64> {
    if let Some(seed) = asked("HEADEND_SEED") {
        return vec![seed];
    }
    let end = asked("HEADEND_SEEDS").map_or(seeds.end, |count| seeds.start + count);
    (seeds.start..end).collect()
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn many_small_worlds() {
    for seed in seeds(0..100) {
        let plan = Plan { streams: 40, chaos: 10 * MINUTE, healing: 10 * MINUTE, ..Plan::default() };
        run("many_small_worlds", seed, plan);
    }
}

#[test]
fn worlds_that_are_left_in_the_middle() {
    for seed in seeds(1_000..1_100) {
        let plan = Plan { streams: 40, chaos: 4 * MINUTE, shutdown: true, ..Plan::default() };
        run("worlds_that_are_left_in_the_middle", seed, plan);
    }
}

/// `HEADEND_SEEDS=1000` in a release build is the run in `docs/performance.md`.
#[test]
fn worlds_of_two_hundred() {
    for seed in seeds(2_000..2_010) {
        let plan = Plan {
            streams: 200,
            hosts: 8,
            chaos: 6 * MINUTE,
            healing: 10 * MINUTE,
            rollout: seed % 3 == 0,
            overload: seed % 2 == 0,
            ..Plan::default()
        };
        run("worlds_of_two_hundred", seed, plan);
    }
}

#[test]
fn worlds_with_rollouts_and_overload() {
    for seed in seeds(3_000..3_060) {
        let plan = Plan {
            streams: 40,
            chaos: 12 * MINUTE,
            healing: 12 * MINUTE,
            rollout: true,
            overload: true,
            ..Plan::default()
        };
        run("worlds_with_rollouts_and_overload", seed, plan);
    }
}

#[test]
fn worlds_that_are_reconfigured() {
    for seed in seeds(5_000..5_100) {
        let plan = Plan {
            streams: 40,
            chaos: 8 * MINUTE,
            healing: 10 * MINUTE,
            rollout: seed % 3 == 0,
            overload: seed % 4 == 0,
            shutdown: seed % 5 == 0,
            reloads: true,
            ..Plan::default()
        };
        let world = run("worlds_that_are_reconfigured", seed, plan);
        assert!(world.laws.reloads > 3 || seed % 5 == 0, "{} reloads: too quiet", world.laws.reloads);
    }
}

/// Every arrow of the table is taken, and no other: `set_phase` looks at the latter.
#[test]
fn the_table_of_phases_holds_what_happens_and_nothing_else() {
    let mut followed = std::collections::BTreeSet::new();
    for seed in seeds(4_000..4_060) {
        let plan = Plan {
            streams: 40,
            chaos: 12 * MINUTE,
            shutdown: seed % 4 == 0,
            rollout: seed % 2 == 0,
            overload: true,
            ..Plan::default()
        };
        followed
            .extend(run("the_table_of_phases_holds_what_happens_and_nothing_else", seed, plan).laws.followed);
    }
    let table: std::collections::BTreeSet<_> =
        Phase::ALL.into_iter().flat_map(|from| from.successors().iter().map(move |to| (from, *to))).collect();
    let missing: Vec<_> = table.difference(&followed).collect();
    assert!(missing.is_empty(), "never taken: {missing:?}");
    let extra: Vec<_> = followed.difference(&table).collect();
    assert!(extra.is_empty(), "not in the table: {extra:?}");
}

/// `HEADEND_HOURS=24` in a release build is the run in `docs/performance.md`.
#[test]
fn ten_thousand_streams_for_a_day() {
    let hours = asked("HEADEND_HOURS").unwrap_or(1);
    let lived = day::live(seeds(7..8)[0], 10_000, 100, i64::try_from(hours).unwrap());
    println!("{hours} hours: {lived:?}");
    assert!(lived.blocks > hours * 3_000_000 && lived.outages > 10, "too quiet: {lived:?}");
    assert!(lived.live_at_the_end > 9_000, "{lived:?}");
}

#[test]
fn five_thousand_streams_for_two_hours() {
    for seed in seeds(7..8) {
        let plan = Plan {
            streams: 5_000,
            hosts: 50,
            chaos: 100 * MINUTE,
            healing: 20 * MINUTE,
            // A block now and then is enough: what is tried here is the number of streams.
            stall: 2 * MINUTE,
            block_ms: 70_000..110_000,
            board_ms: 10_000..60_000,
            calm: 4,
            ..Plan::default()
        };
        let world = run("five_thousand_streams_for_two_hours", seed, plan);
        assert!(world.laws.starts > 10_000, "{} starts: the world was too quiet", world.laws.starts);
    }
}

#[test]
fn the_same_seed_gives_the_same_effects() {
    let trace = |seed| {
        let plan = Plan { streams: 20, chaos: 5 * MINUTE, traced: true, ..Plan::default() };
        run("the_same_seed_gives_the_same_effects", seed, plan).trace
    };
    let first = trace(3);
    assert!(first.len() > 300, "{} effects: the world was too quiet", first.len());
    assert_eq!(first, trace(3));
    assert_ne!(first, trace(4));
}
