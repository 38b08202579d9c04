//! The core in a simulated world, held to its promises after every step.
//!
//! Everything comes from one seed. A run that breaks a promise says which seed it was; the
//! environment variable `HEADEND_SEED` runs that one alone.

mod laws;
mod world;

use super::*;
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

/// The seeds to run: all of `seeds`, or only the one that is asked for.
fn seeds(seeds: std::ops::Range<u64>) -> Vec<u64> {
    let asked = std::env::var("HEADEND_SEED").ok().and_then(|seed| seed.parse().ok());
    asked.map_or_else(|| seeds.collect(), |seed| vec![seed])
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn many_small_worlds() {
    for seed in seeds(0..200) {
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
