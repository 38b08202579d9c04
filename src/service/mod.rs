//! Puts the parts together, in the order of starting and leaving.
//!
//! Starting: limits, state folder, store, logs, FFmpeg, what an earlier headend left, supervisor, host
//! readings. Leaving: no more starts, workers end, logs are written, the store is flushed and exported.

mod alerts;
mod audit;
mod changes;
mod ground;
mod histories;
mod kept;
mod leftovers;
mod outlet;
mod own_log;
mod paths;
mod reload;
pub mod revisions;
pub mod signals;
mod sockets;
mod standing;
pub mod systemd;
mod web;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use own_log::{OWN_LOG, install_pane};
pub use paths::default_state_dir;
pub use reload::Source;

use crate::config::{Config, Sources};
use crate::ffmpeg::{self, FfmpegError};
use crate::host::{self, Sampler};
use crate::http;
use crate::link::{self, Hub, Server};
use crate::logs::Logs;
use crate::model::Command;
use crate::store::{LockError, StateLock, Store};
use crate::supervisor::core::Supervisor;
use crate::supervisor::runtime::{self, Bid, Bids, Launch, Limits, Runtime, Tools, wall_ms};
use alerts::Alerts;
use audit::Audit;
use ground::{Ground, LogsOf, Streams, restore};
use outlet::{Left, Readings, ServiceOutlet};
use reload::{Asker, Reloader, Reloads};
use signals::Hangups;
use standing::{Renewed, Standing};
use web::Web;

/// Leaving takes no longer than this, whatever workers, disks and terminals do: the sum of all that
/// follows.
pub const LEAVE_LIMIT: Duration = Duration::from_secs(30);
/// What is left of the workers may take this long to end; then they are let go.
const WORKERS_LIMIT: Duration = Limits::OURS.whole();
/// Beyond that a supervisor that has not ended hangs, and is left behind.
const SUPERVISOR_SPARE: Duration = Duration::from_secs(1);
/// A console held by a frozen terminal is left behind after this.
pub const CONSOLE_LIMIT: Duration = Duration::from_secs(2);
/// With fewer open files than this headend does not start. Without a terminal and without workers
/// it has 15 open (measured); the terminal, log files and a worker's birth need some more.
const LEAST_OPEN_FILES: u64 = 40;
/// Writing the rest of the logs may take this long when leaving.
const LOGS_LIMIT: Duration = Duration::from_secs(3);
/// Flushing and exporting the store may take this long when leaving.
const STORE_LIMIT: Duration = Duration::from_secs(8);
const _: () = assert!(
    LEAVE_LIMIT.as_millis()
        >= WORKERS_LIMIT.as_millis()
            + SUPERVISOR_SPARE.as_millis()
            + CONSOLE_LIMIT.as_millis()
            + link::STOP_LIMIT.as_millis()
            + http::STOP_LIMIT.as_millis()
            + audit::STOP_LIMIT.as_millis()
            + alerts::STOP_LIMIT.as_millis()
            + host::STOP_LIMIT.as_millis()
            + LOGS_LIMIT.as_millis()
            + STORE_LIMIT.as_millis()
);
/// How often it is looked whether the supervisor has ended.
const LOOK: Duration = Duration::from_millis(20);
/// Spreads the start time over the seed's bits.
const SEED_FROM: u64 = 0x9e37_79b9_7f4a_7c15;

/// Why headend can't start.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Another headend has the state folder.
    #[error(transparent)]
    Locked(LockError),
    /// FFmpeg is missing, too old, or no FFmpeg.
    #[error(transparent)]
    Ffmpeg(#[from] FfmpegError),
    /// headend itself has more files open than the limit allows.
    #[error(
        "the limit on open files is {0}, and headend needs {LEAST_OPEN_FILES} and 3 for each worker: raise it (ulimit -n)"
    )]
    OpenFiles(u64),
    /// The machine refuses a thread or the event loop.
    #[error("{what} could not be started: {source}; free memory or raise the limit on processes")]
    Machine {
        /// What.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
}

/// What did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Unclean {
    /// Everything ended as asked, but this could not be saved.
    #[error("{0}")]
    NotSaved(String),
    /// The supervisor ended by itself.
    #[error("{0}")]
    Defect(String),
}

/// What to run, and where.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Everything the operator wrote.
    pub config: Config,
    /// The files it was read from, to be kept as a revision; `None`: it is nobody's.
    pub sources: Option<Sources>,
    /// The state folder; before the configuration's.
    pub state_dir: Option<PathBuf>,
    /// What runs, in one line, for consoles that attach.
    pub title: String,
    /// Where the configuration is read again from; `None`: it can't be.
    pub source: Option<Source>,
    /// What SIGHUP means.
    pub on_hangup: OnHangup,
}

/// What SIGHUP means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnHangup {
    /// The terminal is lost: everything ends.
    Leave,
    /// The terminal is lost: the streams go on. Without one the configuration is to be read again.
    #[default]
    GoOn,
    /// The configuration is to be read again.
    Reload,
}

/// The running supervisor and everything beside it, console excluded.
pub struct Service {
    hub: Hub,
    bids: Bids,
    supervisor: JoinHandle<std::io::Result<()>>,
    sampler: Sampler,
    logs: Logs,
    store: Arc<Store>,
    /// Who attaches is served by it; there is none without a state folder.
    server: Option<Server>,
    /// Other systems are answered by it, if they are to be.
    web: Web,
    audit: Audit,
    alerts: Alerts,
    /// The state folder, if it can be used.
    folder: Option<PathBuf>,
    left: Left,
    hangups: Hangups,
    // Held until everything else is gone: dropped last, as the last field.
    _lock: Option<StateLock>,
}

impl Service {
    /// Starts everything. When this returns the first workers are being started.
    ///
    /// # Errors
    /// When another headend has the state folder, when FFmpeg can't be used, or when the machine
    /// refuses a thread. A state folder that can't be written is no error: it is said on the board.
    pub fn start(options: Options) -> Result<Self, ServiceError> {
        let limits = standing::limits_of(&options.config, host::raise_open_files());
        if limits.fds_now < LEAST_OPEN_FILES {
            return Err(ServiceError::OpenFiles(limits.fds_now));
        }
        let ffmpeg = ffmpeg::find(options.config.ffmpeg.as_deref())?;
        let capabilities = ffmpeg::probe(&ffmpeg)?;
        let Ground { store, opened, lock, logs, folder } = Ground::prepare(&options)?;
        log::info!("FFmpeg {} ({})", capabilities.version_text, ffmpeg.display());
        let notices = standing::notices_of(&options.config, limits, &capabilities);
        // Without a terminal nobody sees the board.
        for notice in &notices {
            log::warn!("{}", notice.text);
        }

        let requests = Arc::new(tokio::sync::Notify::new());
        let poke = Arc::clone(&requests);
        let hub = Hub::new(Arc::new(LogsOf(logs.clone())), Box::new(move || poke.notify_one()));
        let (audit, trail) = Audit::start(folder.as_deref())
            .map_err(|source| ServiceError::Machine { what: "the audit log's thread", source })?;
        hub.remember_in(Arc::clone(&trail));
        let store = Arc::new(store);
        let ground = alerts::Ground {
            hub: &hub,
            store: &store,
            logs: &logs,
            opened: &opened,
            config: &options.config,
            headend: paths::how_to_call(folder.as_deref()),
            through: runtime::through(&own_binary(), host::child_open_files()),
            seed: wall_ms() ^ SEED_FROM,
        };
        let alerts = Alerts::start(&ground)
            .map_err(|source| ServiceError::Machine { what: "the alerts' thread", source })?;
        let pids = Arc::new(Mutex::new(Vec::new()));
        let readings = Arc::new(Mutex::new(Readings::default()));
        let boot = host::boot_id();
        // Before anything is started: a leftover holds its stream's input and the machine's memory.
        leftovers::end_all(&opened, boot.as_deref(), &store);
        let standing = Standing::default();
        let outlet = ServiceOutlet::new(
            hub.clone(),
            Arc::clone(&store),
            logs.clone(),
            Arc::clone(&readings),
            Renewed { limits, notices },
            standing.clone(),
            boot,
        );
        let left = outlet.left();
        let tools = Tools {
            launch: Launch { headend: own_binary(), ffmpeg, open_files: host::child_open_files() },
            capabilities: capabilities.clone(),
            stats_period: options.config.policy.stats_period,
            logs: logs.clone(),
            pids: Arc::clone(&pids),
        };
        let socket = sockets::listening(folder.as_deref(), &options.config.socket, options.title);
        let core = Supervisor::new(options.config.policy.clone(), limits.workers, wall_ms() ^ SEED_FROM);
        let (streams, mut others) = restore(&options.config, &opened);
        store.forget(kept::take_surplus(&mut others));
        let sources = options.sources.unwrap_or_default();
        let web = Web::start(hub.clone(), &options.config.http, &standing);
        let reloader = |bids: &Bids| Reloader {
            source: options.source,
            config: options.config,
            tried: sources.clone(),
            sources,
            folder: folder.clone(),
            others,
            limits,
            capabilities,
            standing,
            web: web.clone(),
            bids: bids.clone(),
            hub: hub.clone(),
            trail,
            renewals: alerts.renewals(),
            pending: None,
            again: false,
            patience: reload::REPLY_LIMIT,
        };
        let hangups = Hangups::new(options.on_hangup);
        let (bids, supervisor) =
            run_supervisor(core, tools, outlet, streams, reloader, requests, hangups.clone())?;
        let sampler = start_sampler(pids, folder.clone(), readings, bids.clone());
        let server = socket.and_then(|listening| sockets::serve(hub.clone(), listening));
        Ok(Self {
            hub,
            bids,
            supervisor,
            sampler,
            logs,
            store,
            server,
            web,
            audit,
            alerts,
            folder,
            left,
            hangups,
            _lock: lock,
        })
    }

    /// The link's end for consoles.
    #[must_use]
    pub const fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The state folder, if it can be used.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// What SIGHUP means, to be told when there is no terminal any more.
    #[must_use]
    pub const fn hangups(&self) -> &Hangups {
        &self.hangups
    }

    /// Asks everything to end. Returns at once.
    pub fn leave(&self) {
        ask_to_leave(&self.bids);
    }

    /// A handle that asks to leave, for another thread.
    pub fn leaver(&self) -> impl Fn() + Send + Sync + use<> {
        let bids = self.bids.clone();
        move || ask_to_leave(&bids)
    }

    /// Kills what is left of the workers.
    pub fn hurry(&self) {
        let _ = self.bids.send(Bid::Hurry);
    }

    /// Whether the supervisor has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.supervisor.is_finished()
    }

    /// How many workers are left; `None` until leaving has begun.
    #[must_use]
    pub fn workers_left(&self) -> Option<u32> {
        self.left.get()
    }

    /// Leaves: waits until the last worker is gone or let go, then writes what is left and closes
    /// everything. Calls `look` again and again while there are workers. Takes [`LEAVE_LIMIT`] at
    /// most.
    ///
    /// # Errors
    /// [`Unclean`]: a defect, or something that could not be saved.
    pub fn wait(self, mut look: impl FnMut(&Self)) -> Result<(), Unclean> {
        self.leave();
        let until = Instant::now() + WORKERS_LIMIT + SUPERVISOR_SPARE;
        while !self.has_ended() && Instant::now() < until {
            look(&self);
            std::thread::sleep(LOOK);
        }
        look(&self);
        let ended = self.supervisor.is_finished().then(|| self.supervisor.join());
        // It ends while the others do.
        self.web.ask_to_stop();
        self.sampler.stop();
        if let Some(server) = self.server {
            server.stop();
        }
        self.web.stop();
        self.alerts.stop();
        self.audit.stop();
        self.logs.close(LOGS_LIMIT);
        let saved = self.store.close(STORE_LIMIT);
        let Some(ended) = ended else {
            return Err(Unclean::Defect(
                "the supervisor does not end; it is left behind, and the kernel kills its workers".to_owned(),
            ));
        };
        match ended {
            Ok(Ok(())) => saved.map_err(Unclean::NotSaved),
            Ok(Err(error)) => Err(Unclean::Defect(format!("the supervisor could not start: {error}"))),
            Err(_) => Err(Unclean::Defect(
                "the supervisor ended by a defect of headend; its log tells where".to_owned(),
            )),
        }
    }
}

/// Has the machine measured, for the board and for the supervisor.
fn start_sampler(
    pids: Arc<Mutex<Vec<u32>>>,
    folder: Option<PathBuf>,
    readings: Arc<Mutex<Readings>>,
    bids: Bids,
) -> Sampler {
    Sampler::start(pids, folder, move |host, own, workers| {
        outlet::lock(&readings).take_in(host, own, workers.as_ref().map(|workers| workers.sum));
        bids.measured(host, own, workers);
    })
}

fn ask_to_leave(bids: &Bids) {
    // Asked again it goes on as it does. Full or gone: it is busy and will be asked again, or it has ended already.
    let _ = bids.send(Bid::Leave);
}

/// Our own binary as the kernel knows it, so that an upgrade on disk does not change the shim
/// under a running headend.
fn own_binary() -> PathBuf {
    std::env::var_os("HEADEND_SHIM").map_or_else(|| PathBuf::from("/proc/self/exe"), PathBuf::from)
}

type Supervising = (Bids, JoinHandle<std::io::Result<()>>);

fn run_supervisor(
    core: Supervisor,
    tools: Tools,
    outlet: ServiceOutlet,
    streams: Streams,
    reloader: impl FnOnce(&Bids) -> Reloader,
    requests: Arc<tokio::sync::Notify>,
    hangups: Hangups,
) -> Result<Supervising, ServiceError> {
    let machine = |what| move |source| ServiceError::Machine { what, source };
    let event_loop = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(machine("the event loop"))?;
    let (mut runtime, bids) = {
        let _context = event_loop.enter();
        Runtime::new(core, tools, outlet).map_err(machine("the spawner's thread"))?
    };
    let reloader = reloader(&bids);
    let hub = reloader.hub.clone();
    let reloads = reloader.start().map_err(machine("the thread that reads the configuration"))?;
    let (forward, signalled) = (bids.clone(), bids.clone());
    let run = move || {
        event_loop.block_on(async move {
            signals::listen(signalled, hangups, reloads.clone())?;
            tokio::spawn(forward_requests(hub, forward, requests, reloads));
            runtime.add(streams);
            runtime.run().await;
            Ok(())
        })
    };
    let thread = std::thread::Builder::new().name("supervisor".into()).spawn(run);
    Ok((bids, thread.map_err(machine("the supervisor's thread"))?))
}

/// Takes clients' commands out of the link and gives them to the supervisor, which is also told when
/// somebody opens a stream.
async fn forward_requests(hub: Hub, bids: Bids, requests: Arc<tokio::sync::Notify>, reloads: Reloads) {
    use crate::link::Request;
    loop {
        requests.notified().await;
        while let Some(Request { client, seq, command }) = hub.next_request() {
            if command == Command::Shutdown {
                ask_to_leave(&bids);
                hub.answer(client, seq, crate::model::Answer::Done { touched: 0 });
            } else if command == Command::Reload {
                reloads.ask(Asker::Client(client, seq));
            } else if !bids.send(Bid::Command { client, seq, command }) {
                let reason = "headend is busy or leaving; try again".into();
                hub.answer(client, seq, crate::model::Answer::Refused { reason });
            }
        }
        // Too busy for that: it is told with what changes next, within a second.
        if !hub.details_wanted().is_empty() {
            let _ = bids.send(Bid::Details);
        }
    }
}
