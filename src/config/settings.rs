//! The settings, with every default and its reason in one place.

use std::path::PathBuf;
use std::time::Duration;

use super::{AlertSettings, HttpSettings, MailSettings};
use crate::model::{StreamSpec, View};

/// Everything the operator wrote, checked and with defaults filled in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// Which FFmpeg; `None`: `ffmpeg` on the `PATH`.
    pub ffmpeg: Option<PathBuf>,
    /// The state folder; `None`: the platform's place for it.
    pub state_dir: Option<PathBuf>,
    /// Slots, pacing, restarting, stopping.
    pub policy: Policy,
    /// Log files.
    pub logs: LogSettings,
    /// When the files are read again by themselves.
    pub reload: ReloadSettings,
    /// How the console looks and what it listens to.
    pub console: ConsoleSettings,
    /// Who may attach.
    pub socket: SocketSettings,
    /// When something becomes an incident, and who is told.
    pub alerts: AlertSettings,
    /// The server that mail is given to; `None`: there is none, and receivers with mail are a mistake.
    pub mail: Option<MailSettings>,
    /// What other systems can ask over HTTP.
    pub http: HttpSettings,
    /// The streams, in the order they were written.
    pub streams: Vec<StreamSpec>,
}

/// How the supervisor starts, restarts and stops.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Workers at the same time; `None`: as many as there are streams and limits allow.
    pub slots: Option<u32>,
    /// Workers in `starting` at the same time.
    pub start_parallel: u32,
    /// Starts a second, over any second (a token bucket of this size).
    pub starts_per_second: u32,
    /// The first wait after a failure.
    pub backoff_first: Duration,
    /// The longest wait after a failure.
    pub backoff_cap: Duration,
    /// Each wait is multiplied by a number between 1 minus and 1 plus this.
    pub backoff_jitter: f64,
    /// This long of unbroken progress forgets the failures.
    pub backoff_reset: Duration,
    /// This many failures within [`Policy::broken_window`] open the circuit: phase `broken`.
    pub broken_failures: u32,
    /// See [`Policy::broken_failures`].
    pub broken_window: Duration,
    /// A broken stream is tried again after this, for ever.
    pub broken_retry: Duration,
    /// How often a worker prints a progress block.
    pub stats_period: Duration,
    /// From the first TERM to the second.
    pub stop_again: Duration,
    /// From the second TERM to KILL.
    pub stop_kill: Duration,
    /// The first wait after access was denied or TLS failed; doubled up to [`Policy::broken_retry`].
    pub denied_first: Duration,
    /// So many streams of one origin host whose last run failed because of the host, and no fewer
    /// than [`Policy::origin_share`] of those that were tried, open the host's breaker.
    pub origin_failures: u32,
    /// See [`Policy::origin_failures`]; 0 to 1.
    pub origin_share: f64,
    /// Failures longer ago than this don't count for a host's breaker.
    pub origin_window: Duration,
    /// While a host's breaker is open, a few probes are let through this often.
    pub origin_retry: Duration,
    /// So many probes at a time.
    pub origin_probes: u32,
    /// How a large set is started.
    pub rollout: Option<Rollout>,
    /// When the host is too busy.
    pub guard: Guard,
}

/// Starting a large set step by step.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// How many streams are started after each step; after the last one, all of them.
    pub steps: Vec<u32>,
    /// How long a step is watched before the next.
    pub hold: Duration,
    /// This share of the started ones must be live.
    pub healthy: f64,
}

/// A soft and a hard limit on one figure, in percent; see [`Guard`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Above the soft limit nothing is started.
    pub soft: f32,
    /// Above the hard limit the lowest priority rests.
    pub hard: f32,
}

/// When the host is too busy to start more (soft), and when streams must rest (hard). All figures
/// in percent. A limit lets go at 95 % of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guard {
    /// Whether it works at all.
    pub enabled: bool,
    /// Busy share of all cores (or of the container's quota).
    pub cpu: Limit,
    /// Time in which some process waited for a CPU (`cpu.some avg10`).
    pub cpu_pressure: Limit,
    /// Memory in use (of the container's limit, where there is one).
    pub memory: Limit,
    /// Time in which all processes waited for memory (`memory.full avg10`).
    pub memory_pressure: Limit,
    /// Open files of headend against its own limit, and of the machine against its limit.
    pub open_files: Limit,
    /// The state folder's disk in use.
    pub disk: Limit,
    /// A limit must be passed for this long before it holds.
    pub rises_after: Duration,
    /// And undercut for this long before it lets go.
    pub falls_after: Duration,
    /// While above a hard limit: from one round of resting streams to the next.
    pub shed_every: Duration,
}

impl Default for Rollout {
    fn default() -> Self {
        Self { steps: vec![50, 100, 200], hold: Duration::from_secs(60), healthy: 0.95 }
    }
}

impl Default for Guard {
    fn default() -> Self {
        let limit = |soft, hard| Limit { soft, hard };
        Self {
            enabled: true,
            cpu: limit(95.0, 98.0),
            cpu_pressure: limit(80.0, 95.0),
            memory: limit(85.0, 95.0),
            memory_pressure: limit(2.0, 10.0),
            open_files: limit(85.0, 95.0),
            disk: limit(95.0, 99.0),
            rises_after: Duration::from_secs(10),
            falls_after: Duration::from_secs(20),
            shed_every: Duration::from_secs(10),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            slots: None,
            start_parallel: 15,
            starts_per_second: 10,
            backoff_first: Duration::from_secs(1),
            backoff_cap: Duration::from_secs(60),
            backoff_jitter: 0.25,
            backoff_reset: Duration::from_secs(120),
            broken_failures: 10,
            broken_window: Duration::from_secs(600),
            broken_retry: Duration::from_secs(300),
            stats_period: Duration::from_secs(1),
            stop_again: Duration::from_secs(2),
            stop_kill: Duration::from_secs(3),
            denied_first: Duration::from_secs(30),
            origin_failures: 5,
            origin_share: 0.5,
            origin_window: Duration::from_secs(120),
            origin_retry: Duration::from_secs(15),
            origin_probes: 3,
            rollout: None,
            guard: Guard::default(),
        }
    }
}

/// The log files of streams and of headend itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// A file larger than this is rotated; bytes. Also `MAX_LOG_SIZE`.
    pub max_size: u64,
    /// Files kept of each stream, the current one included. Also `MAX_LOG_FILES`.
    pub max_files: u32,
    /// Where; `None`: `logs` in the state folder.
    pub dir: Option<PathBuf>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { max_size: 10 * 1024 * 1024, max_files: 5, dir: None }
    }
}

/// The socket to which consoles and verbs attach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketSettings {
    /// Its mode: who may use it at all.
    pub mode: u32,
    /// Users and, with `@` before it, groups that may give commands, beside headend's own user and root.
    pub operators: Vec<String>,
    /// The same for those that may only look.
    pub viewers: Vec<String>,
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self { mode: 0o600, operators: Vec::new(), viewers: Vec::new() }
    }
}

/// What becomes of the streams when the terminal of the console that runs them goes away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnHangup {
    /// They go on, without a console.
    #[default]
    Continue,
    /// They are stopped.
    Stop,
}

/// When the configuration is read again without being asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReloadSettings {
    /// Whether a file of it that changed is taken in.
    pub watch: bool,
}

/// How the console looks, what it listens to, and how it calls for someone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
pub struct ConsoleSettings {
    /// A theme's name, or the path of a `.toml` file; `None`: what suits the terminal.
    pub theme: Option<String>,
    /// Where the theme is named: line and column.
    pub theme_at: Option<(usize, usize)>,
    /// The operator's keys; `None`: `keys.toml` beside the configuration, if there is one.
    pub keys: Option<PathBuf>,
    /// Only ASCII, also on a terminal that knows more.
    pub ascii: bool,
    /// Clicks and the wheel do something. With shift held the terminal still selects text.
    pub mouse: bool,
    /// Ring the terminal's bell for a stream that becomes critical.
    pub bell: bool,
    /// Show it as a notification of the operator's desktop.
    pub notify: Notify,
    /// Ring the bell only inside tmux, which marks the window then.
    pub tmux_alert: bool,
    /// When the terminal goes away.
    pub on_hangup: OnHangup,
    /// What the grid can show on a key; at most [`crate::model::MAX_VIEWS`].
    pub views: Vec<View>,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self {
            theme: None,
            theme_at: None,
            keys: None,
            ascii: false,
            mouse: true,
            bell: false,
            notify: Notify::Off,
            tmux_alert: false,
            on_hangup: OnHangup::Continue,
            views: Vec::new(),
        }
    }
}

/// How a terminal is asked to show a notification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Notify {
    /// Not at all.
    #[default]
    Off,
    /// With OSC 9, which `iTerm2`, kitty, `WezTerm`, Ghostty and Windows Terminal know.
    Osc9,
    /// With OSC 777, which urxvt, foot, Ghostty and VTE terminals know.
    Osc777,
}
