//! Tools of the whole-program tests. `mod support;` at the top of a test brings them all.

#![allow(dead_code, reason = "no test uses every tool")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

pub mod ask;
pub mod headless;
pub mod openapi;
pub mod processes;
pub mod pty;
pub mod smtp;
pub mod stage;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// No wait in a test is longer: what has not come by then does not come.
pub const LIMIT: Duration = Duration::from_secs(30);

/// How often a condition outside of our hands (another process, a file) is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// The built headend.
pub const HEADEND: &str = env!("CARGO_BIN_EXE_headend");

/// Waits until `look` gives something; panics with `what` after `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited {limit:?} in vain for {what}");
        std::thread::sleep(LOOK);
    }
}

/// [`wait_for`] a condition.
pub fn wait_until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    wait_for(what, limit, || holds().then_some(()));
}

/// The stand-in worker (its faults: `tests/support/stand_in/main.rs`).
pub fn stand_in() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| example("stand_in", "stand_in"))
}

/// The library that gives a program another wall clock (`tests/support/clock_step/lib.rs`).
pub fn clock_step() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| example("clock_step", "libclock_step.so"))
}

/// An example of ours, as the file it is built to.
///
/// `cargo test` builds it with all examples; `cargo test --test NAME` does not, so it is built
/// here where it is missing or older than its source.
fn example(name: &str, file: &str) -> PathBuf {
    // target/PROFILE/deps/TEST
    let own = std::env::current_exe().expect("own path");
    let profile = own.ancestors().nth(2).expect("target/PROFILE").to_owned();
    let path = profile.join("examples").join(file);
    if is_older_than_source(&path, name) {
        build_example(&profile, name);
    }
    assert!(path.is_file(), "{} is not there: cargo build --example {name}", path.display());
    path
}

fn is_older_than_source(path: &Path, name: &str) -> bool {
    let Ok(built) = path.metadata().and_then(|m| m.modified()) else { return true };
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support").join(name);
    std::fs::read_dir(sources)
        .expect("the source of an example")
        .filter_map(|entry| entry.ok()?.metadata().ok()?.modified().ok())
        .any(|changed| changed > built)
}

fn build_example(profile: &Path, name: &str) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--offline", "--example", name, "--target-dir"])
        .arg(profile.parent().expect("target"))
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile.ends_with("release") {
        command.arg("--release");
    }
    assert!(command.status().expect("cargo").success(), "building {name} failed: see above");
}
