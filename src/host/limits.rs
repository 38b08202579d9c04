//! The limit on open files: raised for headend, given back to its workers.

use std::sync::OnceLock;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::{CHILD_FDS, FDS_PER_WORKER, FDS_RESERVE};
use crate::model::LimitReading;

/// The soft limit headend was started with.
static SOFT_AT_START: OnceLock<u64> = OnceLock::new();

/// Raises the soft limit on open files to the hard one and tells what that allows.
///
/// Never fails: where the limit can't be raised (or not even read), the reading says what there is.
/// Call it once, before the first worker is started; more calls change nothing.
#[must_use]
pub fn raise_open_files() -> LimitReading {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        // Only a kernel filter can refuse this; what every Unix gives at least is a safe guess.
        return reading(CHILD_FDS, CHILD_FDS);
    };
    let before = *SOFT_AT_START.get_or_init(|| soft);
    let now = if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() { hard } else { soft };
    reading(before, now)
}

/// The soft limit on open files that a worker is to get: 1024, or what headend itself was started
/// with when that was less. A raised one would make programs slow that close "all" descriptors.
#[must_use]
pub fn child_open_files() -> u64 {
    SOFT_AT_START.get().map_or(CHILD_FDS, |&soft| soft.min(CHILD_FDS))
}

fn reading(fds_before: u64, fds_now: u64) -> LimitReading {
    let workers = fds_now.saturating_sub(FDS_RESERVE) / FDS_PER_WORKER;
    LimitReading { fds_before, fds_now, workers: u32::try_from(workers).unwrap_or(u32::MAX), guard: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raising_reaches_the_hard_limit_and_children_get_theirs_back() {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        let first = raise_open_files();
        assert_eq!(first.fds_now, hard);
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0, hard);
        assert_eq!(raise_open_files(), first, "a second call changes nothing");
        assert_eq!(child_open_files(), first.fds_before.min(CHILD_FDS));
    }

    #[test]
    fn workers_are_what_is_left_after_the_reserve() {
        assert_eq!(reading(1_024, 1_024).workers, 298);
        assert_eq!(reading(64, 64).workers, 0);
        assert_eq!(reading(1_024, u64::MAX).workers, u32::MAX);
    }
}
