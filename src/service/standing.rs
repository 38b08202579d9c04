//! What the thread that reads the configuration tells the one that publishes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::{Config, Limit};
use crate::ffmpeg::Capabilities;
use crate::model::{GuardLimits, LimitReading, Moment, Notice, NoticeKind, Severity, SoftHard, counted};

/// What follows from the configuration beside the streams.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// Limits, of which those of the host guard are configured.
    pub limits: LimitReading,
    /// All notices that follow from what is configured.
    pub notices: Vec<Notice>,
}

#[derive(Debug, Default)]
struct State {
    trouble: Option<Arc<str>>,
    renewed: Option<Renewed>,
}

/// Where the configuration stands, shared by both.
#[derive(Debug, Clone, Default)]
pub struct Standing(Arc<Mutex<State>>);

impl Standing {
    /// The files have mistakes, and something else is in force; `None`: they have none any more.
    pub fn set_trouble(&self, trouble: Option<Arc<str>>) {
        self.lock().trouble = trouble;
    }

    /// What is wrong with the files, if something is.
    pub fn trouble(&self) -> Option<String> {
        self.lock().trouble.as_ref().map(ToString::to_string)
    }

    /// Another configuration is in force.
    pub fn renew(&self, renewed: Renewed) {
        self.lock().renewed = Some(renewed);
    }

    /// Takes what is new since it was last taken.
    pub fn take_renewed(&self) -> Option<Renewed> {
        self.lock().renewed.take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The limits as they were found, with those that are configured.
pub fn limits_of(config: &Config, found: LimitReading) -> LimitReading {
    LimitReading { guard: guard_limits(config), ..found }
}

/// The notices that follow from what is configured.
pub fn notices_of(config: &Config, limits: LimitReading, capabilities: &Capabilities) -> Vec<Notice> {
    limit_notice(config, limits).into_iter().chain(filter_notice(config, capabilities)).collect()
}

/// From where on the machine counts as busy, for people.
fn guard_limits(config: &Config) -> Option<GuardLimits> {
    let guard = &config.policy.guard;
    let of = |limit: Limit| SoftHard { soft: limit.soft, hard: limit.hard };
    guard.enabled.then(|| GuardLimits {
        cpu: of(guard.cpu),
        cpu_pressure: of(guard.cpu_pressure),
        memory: of(guard.memory),
        memory_pressure: of(guard.memory_pressure),
        open_files: of(guard.open_files),
        disk: of(guard.disk),
    })
}

fn limit_notice(config: &Config, limits: LimitReading) -> Option<Notice> {
    let streams = config.streams.len();
    let short = usize::try_from(limits.workers).is_ok_and(|workers| workers < streams);
    short.then(|| Notice {
        kind: NoticeKind::Limits,
        severity: Severity::Warning,
        text: format!(
            "{} open files allow {} workers, {streams} streams are configured: raise the hard limit (ulimit -Hn)",
            limits.fds_now, limits.workers
        )
        .into(),
        since: Moment::ZERO,
    })
}

fn filter_notice(config: &Config, capabilities: &Capabilities) -> Option<Notice> {
    let lacking = config.streams.iter().map(|spec| capabilities.missing_for(spec.mode));
    let lacking: Vec<_> = lacking.filter(|missing| !missing.is_empty()).collect();
    let missing: std::collections::BTreeSet<_> = lacking.iter().flatten().copied().collect();
    let missing: Vec<_> = missing.into_iter().collect();
    (!missing.is_empty()).then(|| Notice {
        kind: NoticeKind::Ffmpeg,
        severity: Severity::Critical,
        text: format!(
            "this FFmpeg lacks {}: what needs it is not checked on {}; install a full build of FFmpeg",
            missing.join(", "),
            counted(lacking.len(), "stream")
        )
        .into(),
        since: Moment::ZERO,
    })
}
