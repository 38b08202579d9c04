//! Carries out what the core decides, and tells it what happens. It decides nothing.
//!
//! Everything runs on one thread: a loop that owns the core, and a task per worker. Only the
//! spawner has a thread of its own (see there why).

mod attend;
mod clock;
pub mod shim;
mod spawner;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::process::Child;
use tokio::sync::{Notify, mpsc};

pub use attend::wall_ms;
pub use spawner::Launch;

use crate::ffmpeg::{Capabilities, Reader, command_line};
use crate::logs::Logs;
use crate::model::{Action, Command, LineLevel, LogLine, Moment, StreamId, StreamIx, StreamSpec};
use crate::supervisor::core::{Changes, Effect, Generation, Input, Kept, Restored, Supervisor, WorkerEvent};
use attend::{Attendant, Group, Told};
use clock::Clock;
use spawner::{Born, Order, Spawner};

/// Events of workers waiting for the loop. When it is full, workers' pipes wait.
const MAX_TOLD: usize = 1_024;
/// Spawn results and orders waiting for the loop.
const MAX_ORDERS: usize = 1_024;
/// Inputs taken in before changes are published and timers looked at.
const BATCH: usize = 256;
/// Changes wait this long for others to come along: a worker's death must show within 100 ms.
const GATHER: Duration = Duration::from_millis(25);
/// Figures are published this often.
const FIGURES: Duration = Duration::from_secs(1);

/// Where the loop's results go.
pub trait Outlet {
    /// Keep this on disk, some time soon.
    fn save(&mut self, id: &StreamId, kept: Kept);
    /// Show this. Also called with nothing in it, once a second.
    fn publish(&mut self, now: Moment, changes: Changes);
    /// Lines were written to logs.
    fn lines_moved(&mut self);
    /// A command was taken: it changed something for so many streams, all of it saved already.
    fn commanded(&mut self, client: u64, seq: u64, touched: usize);
    /// headend is leaving; so many workers are left.
    fn leaving(&mut self, workers_left: u32);
}

/// An order to the loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bid {
    /// A command of a client.
    Command {
        /// Whose, for the answer.
        client: u64,
        /// Its number, for the answer.
        seq: u64,
        /// What.
        command: Command,
    },
    /// Stop all workers, then end.
    Leave,
    /// Kill what is left.
    Hurry,
}

/// The loop's outside end.
#[derive(Debug, Clone)]
pub struct Bids(mpsc::Sender<Bid>);

impl Bids {
    /// Queues an order; `false` when too many wait or the loop has ended.
    #[must_use]
    pub fn send(&self, bid: Bid) -> bool {
        self.0.try_send(bid).is_ok()
    }
}

/// A worker as the loop knows it.
struct Running {
    generation: Generation,
    group: Group,
    pid: u32,
}

/// What the runtime works with.
pub struct Tools {
    /// How workers are started.
    pub launch: Launch,
    /// What this FFmpeg can do.
    pub capabilities: Capabilities,
    /// How often a worker prints a progress block.
    pub stats_period: Duration,
    /// Where lines go.
    pub logs: Logs,
    /// The process ids of all workers, kept up to date for whoever measures them.
    pub pids: Arc<Mutex<Vec<u32>>>,
}

/// The loop and everything it owns.
pub struct Runtime<O> {
    core: Supervisor,
    tools: Tools,
    outlet: O,
    spawner: Spawner,
    clock: Clock,
    shown_now: Arc<AtomicI64>,
    running: BTreeMap<StreamIx, Running>,
    bids: mpsc::Receiver<Bid>,
    born: mpsc::Receiver<Born>,
    told: mpsc::Receiver<Told>,
    teller: mpsc::Sender<Told>,
    lines_moved: Arc<Notify>,
    publish_at: Option<Instant>,
    figures_at: Instant,
    lines_waiting: bool,
    leaving: bool,
}

enum Event {
    Bid(Bid),
    Born(Born),
    Told(Told),
    LinesMoved,
    Time,
}

impl<O: Outlet> Runtime<O> {
    /// Makes a runtime for `core`. Must be called inside the tokio runtime that will run it.
    ///
    /// # Errors
    /// When the spawner's thread can't be started.
    pub fn new(core: Supervisor, tools: Tools, outlet: O) -> std::io::Result<(Self, Bids)> {
        let (bid, bids) = mpsc::channel(MAX_ORDERS);
        let (baby, born) = mpsc::channel(MAX_ORDERS);
        let (teller, told) = mpsc::channel(MAX_TOLD);
        let handle = tokio::runtime::Handle::current();
        let spawner = Spawner::start(tools.launch.clone(), handle, move |result| {
            // A result that finds no loop belongs to a program that is ending; the child is
            // dropped here and so killed.
            let _ = baby.blocking_send(result);
        })?;
        let mut clock = Clock::start();
        let (now, _) = clock.look();
        let runtime = Self {
            core,
            tools,
            outlet,
            spawner,
            clock,
            shown_now: Arc::new(AtomicI64::new(now.millis())),
            running: BTreeMap::new(),
            bids,
            born,
            told,
            teller,
            lines_moved: Arc::new(Notify::new()),
            publish_at: None,
            figures_at: Instant::now() + FIGURES,
            lines_waiting: false,
            leaving: false,
        };
        Ok((runtime, Bids(bid)))
    }

    /// Adds the streams, in this order.
    pub fn add(&mut self, streams: Vec<(StreamSpec, Option<Restored>)>) {
        let now = self.look();
        let ids: Vec<StreamId> = streams.iter().map(|(spec, _)| spec.id.clone()).collect();
        let mut effects = Vec::new();
        for (id, added) in ids.iter().zip(self.core.add_all(now, streams, &mut effects)) {
            match added {
                Ok(ix) => self.tools.logs.register(ix, id),
                Err(_) => log::error!("two streams have the id {id}; the second is left out"),
            }
        }
        self.carry_out(now, effects);
    }

    /// Runs until it was told to leave and the last worker is gone.
    pub async fn run(mut self) -> O {
        while !self.core.is_done() {
            let event = self.next_event().await;
            let now = self.look();
            self.take_in(now, event);
            for _ in 0..BATCH {
                let Some(event) = self.waiting_event() else { break };
                self.take_in(now, event);
            }
            if self.core.next_deadline(now).is_some_and(|at| at <= now) {
                self.handle(now, Input::Tick);
            }
            self.publish_what_is_due(now);
        }
        let now = self.look();
        self.publish(now, true);
        self.outlet.leaving(0);
        self.outlet
    }

    async fn next_event(&mut self) -> Event {
        let now = Moment::from_millis(self.shown_now.load(Ordering::Relaxed));
        let deadline = self.core.next_deadline(now).map(|at| self.clock.instant(at));
        let due = [deadline, self.publish_at, Some(self.figures_at)];
        // The figures' time is always set.
        let due = due.into_iter().flatten().min().unwrap_or(self.figures_at);
        tokio::select! {
            biased;
            Some(bid) = self.bids.recv() => Event::Bid(bid),
            Some(born) = self.born.recv() => Event::Born(born),
            Some(told) = self.told.recv() => Event::Told(told),
            () = self.lines_moved.notified() => Event::LinesMoved,
            () = tokio::time::sleep_until(due.into()) => Event::Time,
        }
    }

    fn waiting_event(&mut self) -> Option<Event> {
        if let Ok(born) = self.born.try_recv() {
            return Some(Event::Born(born));
        }
        self.told.try_recv().ok().map(Event::Told)
    }

    fn look(&mut self) -> Moment {
        let (now, stood) = self.clock.look();
        if !stood.is_zero() {
            log::warn!(
                "headend did not run for {} s; that time is not held against the workers",
                stood.as_secs()
            );
        }
        self.shown_now.store(now.millis(), Ordering::Relaxed);
        now
    }

    fn take_in(&mut self, now: Moment, event: Event) {
        match event {
            Event::Bid(Bid::Command { client, seq, command }) => {
                let mut effects = Vec::new();
                let touched = self.core.command(now, &command, &mut effects);
                match &command {
                    Command::Streams { action: Action::Look, .. } => {}
                    Command::Streams { action, .. } => {
                        log::info!("{} {touched} streams, by the operator", action.word());
                    }
                    other => log::info!("{other:?}, by the operator"),
                }
                self.carry_out(now, effects);
                self.outlet.commanded(client, seq, touched);
            }
            Event::Bid(Bid::Leave) => {
                // What was true until now is shown before everything stops.
                self.publish(now, true);
                self.leaving = true;
                self.outlet.leaving(self.core.workers_left());
                log::info!("leaving: {} workers are asked to end", self.core.workers_left());
                self.handle(now, Input::Shutdown);
            }
            Event::Bid(Bid::Hurry) => self.handle(now, Input::Hurry),
            Event::Born((stream, generation, result)) => self.take_in_born(now, stream, generation, result),
            Event::Told(told) => {
                if matches!(told.event, WorkerEvent::Exited(_) | WorkerEvent::SpawnFailed { .. }) {
                    self.forget(told.stream, told.generation);
                }
                let Told { stream, generation, event } = told;
                self.handle(now, Input::Worker { stream, generation, event });
            }
            Event::LinesMoved => {
                self.lines_waiting = true;
                self.publish_at.get_or_insert(Instant::now() + GATHER);
            }
            Event::Time => {}
        }
    }

    fn take_in_born(
        &mut self,
        now: Moment,
        stream: StreamIx,
        generation: Generation,
        result: std::io::Result<Child>,
    ) {
        let born = result.and_then(|child| {
            let pid = child.id().ok_or_else(|| std::io::Error::other("the worker was gone at once"))?;
            Ok((child, pid))
        });
        let event = match born {
            Ok((child, pid)) => {
                self.attend(stream, generation, child, pid);
                WorkerEvent::Spawned { pid }
            }
            Err(error) => {
                let text = format!("{error} ({})", self.tools.launch.headend.display());
                WorkerEvent::SpawnFailed { error: text.into(), needs_edit: false }
            }
        };
        self.handle(now, Input::Worker { stream, generation, event });
    }

    fn attend(&mut self, stream: StreamIx, generation: Generation, child: Child, pid: u32) {
        let mode = self.core.spec(stream).map(|spec| spec.mode).unwrap_or_default();
        let group = Group::new(pid);
        let attendant = Attendant {
            stream,
            generation,
            reader: Reader::new(mode, self.tools.stats_period),
            group: group.clone(),
            logs: self.tools.logs.clone(),
            told: self.teller.clone(),
            lines_moved: Arc::clone(&self.lines_moved),
            now: Arc::clone(&self.shown_now),
            dropped_told: 0,
            dropped_told_at: Instant::now().into(),
            ended: false,
        };
        tokio::spawn(attendant.attend(child));
        self.running.insert(stream, Running { generation, group, pid });
        self.pids().push(pid);
    }

    fn forget(&mut self, stream: StreamIx, generation: Generation) {
        if self.running.get(&stream).is_some_and(|running| running.generation == generation)
            && let Some(gone) = self.running.remove(&stream)
        {
            self.pids().retain(|pid| *pid != gone.pid);
        }
    }

    fn pids(&self) -> std::sync::MutexGuard<'_, Vec<u32>> {
        self.tools.pids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&mut self, now: Moment, input: Input) {
        let mut effects = Vec::new();
        self.core.handle(now, input, &mut effects);
        self.carry_out(now, effects);
    }

    fn carry_out(&mut self, now: Moment, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Spawn { stream, generation, input, .. } => self.spawn(now, stream, generation, input),
                Effect::Signal { stream, generation, signal } => {
                    if let Some(running) = self.running.get(&stream).filter(|r| r.generation == generation) {
                        running.group.signal(signal);
                    }
                }
                Effect::Save { stream, kept } => {
                    if let Some(spec) = self.core.spec(stream) {
                        self.outlet.save(&spec.id, kept);
                    }
                }
                Effect::Note { stream, level, text } => self.note(stream, level, text),
                Effect::Report { level, text } => match level {
                    LineLevel::Error => log::error!("{text}"),
                    LineLevel::Warning => log::warn!("{text}"),
                    LineLevel::Info | LineLevel::Debug => log::info!("{text}"),
                },
            }
        }
        if self.core.has_changes() {
            self.publish_at.get_or_insert(Instant::now() + GATHER);
        }
    }

    fn note(&mut self, stream: StreamIx, level: LineLevel, text: Arc<str>) {
        if let Some(spec) = self.core.spec(stream) {
            log::warn!("{}: {}", spec.id, text.strip_prefix("headend: ").unwrap_or(&text));
        }
        self.tools.logs.push(stream, LogLine { wall_ms: wall_ms(), level, text });
        self.lines_moved.notify_one();
    }

    fn spawn(&mut self, now: Moment, stream: StreamIx, generation: Generation, input: usize) {
        let error = match self.arguments(stream, input) {
            Ok(args) => match self.spawner.order(Order { stream, generation, args }) {
                Ok(()) => return,
                Err(_) => ("too many workers wait to be started".to_owned(), false),
            },
            Err(error) => (error, true),
        };
        let event = WorkerEvent::SpawnFailed { error: error.0.into(), needs_edit: error.1 };
        self.handle(now, Input::Worker { stream, generation, event });
    }

    fn arguments(&self, stream: StreamIx, input: usize) -> Result<Vec<OsString>, String> {
        let spec = self.core.spec(stream).ok_or("the stream is gone")?;
        let line = command_line(spec, input, &self.tools.capabilities, self.tools.stats_period)
            .map_err(|error| error.to_string())?;
        let text: Arc<str> = format!("headend: {}", line.shown()).into();
        self.tools.logs.push(stream, LogLine { wall_ms: wall_ms(), level: LineLevel::Info, text });
        Ok(line.args)
    }

    fn publish_what_is_due(&mut self, now: Moment) {
        let instant = Instant::now();
        let figures = instant >= self.figures_at;
        if figures {
            self.figures_at = instant + FIGURES;
        }
        if figures || self.publish_at.is_some_and(|at| at <= instant) {
            self.publish(now, figures);
        }
    }

    fn publish(&mut self, now: Moment, figures: bool) {
        self.publish_at = None;
        let changes = self.core.drain_changes(figures);
        if figures || changes != Changes::default() {
            self.outlet.publish(now, changes);
        }
        if std::mem::take(&mut self.lines_waiting) {
            self.outlet.lines_moved();
        }
        if self.leaving {
            self.outlet.leaving(self.core.workers_left());
        }
    }
}
