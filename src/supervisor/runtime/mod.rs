//! Carries out what the core decides, and tells it what happens. It decides nothing.
//!
//! Everything runs on one thread: a loop that owns the core, and a task per worker. Only the
//! spawner has a thread of its own (see there why).

mod attend;
mod bids;
mod clock;
mod details;
mod leaving;
pub mod shim;
mod spawner;
mod starts;
mod strays;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};

pub use attend::wall_ms;
pub use bids::{Bid, Bids, Inbox};
pub use leaving::Limits;
pub use shim::through;
pub use spawner::{Launch, MARK};

use crate::ffmpeg::Capabilities;
use crate::logs::Logs;
use crate::model::{Detail, LineLevel, LogLine, Moment, StreamId, StreamIx, StreamSpec, Usage, counted};
use crate::supervisor::core::{
    Changes, Effect, Generation, Input, Kept, Reconfiguration, Reconfigured, Restored, Supervisor,
    WorkerEvent,
};
use attend::{Group, Told};
use bids::Measured;
use clock::{Clock, WallWatch};
use leaving::{Due, Leaving};
use spawner::{Born, Spawner};
use strays::Tracked;

/// Events of workers waiting for the loop. When it is full, workers' pipes wait.
const MAX_TOLD: usize = 1_024;
/// Spawn results waiting for the loop; beyond that the spawner waits.
const MAX_BORN: usize = 1_024;
/// Inputs taken in before changes are published and timers looked at.
const BATCH: usize = 256;
/// Changes wait this long for others to come along: a worker's death must show within 100 ms.
const GATHER: Duration = Duration::from_millis(25);
/// Figures are published this often.
const FIGURES: Duration = Duration::from_secs(1);

/// Where the loop's results go.
pub trait Outlet {
    /// Keep this on disk, some time soon.
    fn save(&mut self, now: Moment, id: &StreamId, kept: Kept);
    /// Show this. Also called with nothing in it, once a second.
    fn publish(&mut self, now: Moment, changes: Changes);
    /// Lines were written to logs.
    fn lines_moved(&mut self);
    /// A command was taken: it changed something for so many streams, all of it saved already.
    fn commanded(&mut self, client: u64, seq: u64, touched: usize);
    /// Which streams' details somebody wants to see now.
    fn details_wanted(&self) -> BTreeSet<StreamIx>;
    /// What is known of such a stream, whether it is news or not.
    fn put_detail(&mut self, detail: &Detail);
    /// A worker was started: its number, and when on the kernel's clock.
    fn worker_born(&mut self, stream: &StreamId, pid: u32, started: u64);
    /// A worker is reaped: its number may be anybody's from now on.
    fn worker_gone(&mut self, pid: u32);
    /// A command can't be carried out, and why.
    fn refused(&mut self, client: u64, seq: u64, reason: String);
    /// headend is leaving; so many workers are left.
    fn leaving(&mut self, workers_left: u32);
}

/// A worker as the loop knows it.
struct Running {
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
    tracked: Tracked,
    clock: Clock,
    wall: WallWatch,
    shown_now: Arc<AtomicI64>,
    /// By stream and start: while a stream is served, another worker may probe its other inputs.
    running: BTreeMap<(StreamIx, Generation), Running>,
    /// What the newest worker of each stream was started with, to be shown.
    commands: BTreeMap<StreamIx, Vec<Arc<str>>>,
    inbox: Inbox,
    born: mpsc::Receiver<Born>,
    told: mpsc::Receiver<Told>,
    teller: mpsc::Sender<Told>,
    lines_moved: Arc<Notify>,
    publish_at: Option<Instant>,
    figures_at: Instant,
    lines_waiting: bool,
    leave_limits: Limits,
    leaving: Option<Leaving>,
}

enum Event {
    Bid(Bid),
    Measured(Measured),
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
        let (baby, born) = mpsc::channel(MAX_BORN);
        let handle = tokio::runtime::Handle::current();
        let tracked = Tracked::default();
        let spawner = Spawner::start(tools.launch.clone(), handle, tracked.clone(), move |result| {
            // A result that finds no loop belongs to a program that is ending; the child is
            // dropped here and so killed.
            let _ = baby.blocking_send(result);
        })?;
        Ok(Self::with_spawner(core, tools, outlet, spawner, tracked, born))
    }

    fn with_spawner(
        core: Supervisor,
        tools: Tools,
        outlet: O,
        spawner: Spawner,
        tracked: Tracked,
        born: mpsc::Receiver<Born>,
    ) -> (Self, Bids) {
        let (bids, inbox) = Inbox::new();
        let (teller, told) = mpsc::channel(MAX_TOLD);
        let mut clock = Clock::start();
        let (now, _) = clock.look();
        let mut runtime = Self {
            core,
            tools,
            outlet,
            spawner,
            tracked,
            clock,
            wall: WallWatch::default(),
            shown_now: Arc::new(AtomicI64::new(now.millis())),
            running: BTreeMap::new(),
            commands: BTreeMap::new(),
            inbox,
            born,
            told,
            teller,
            lines_moved: Arc::new(Notify::new()),
            publish_at: None,
            figures_at: Instant::now() + FIGURES,
            lines_waiting: false,
            leave_limits: Limits::OURS,
            leaving: None,
        };
        // Before the first stream is added: it may have to wait for its time of day.
        runtime.look_at_wall(now);
        (runtime, bids)
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

    /// Runs until it was told to leave and the last worker is gone, or is let go: at most
    /// [`Limits::whole`] after the order.
    pub async fn run(mut self) -> O {
        while !self.core.is_done() {
            let event = self.next_event().await;
            crate::defect::on_purpose("supervisor");
            let now = self.look();
            self.take_in(now, event);
            for _ in 0..BATCH {
                let Some(event) = self.waiting_event() else { break };
                self.take_in(now, event);
            }
            self.look_at_wall(now);
            if self.core.next_deadline(now).is_some_and(|at| at <= now) {
                self.handle(now, Input::Tick);
            }
            match self.leaving.as_mut().map_or(Due::Nothing, |leaving| leaving.due(now)) {
                Due::Nothing => {}
                Due::Kill => {
                    let left = counted(self.core.workers_left() as usize, "worker");
                    log::warn!("{left} did not end in time: killed");
                    self.handle(now, Input::Hurry);
                }
                Due::LetGo => {
                    self.let_go();
                    break;
                }
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
        let leave = self.leaving.as_ref().map(|leaving| self.clock.instant(leaving.next()));
        let due = [deadline, leave, self.publish_at, Some(self.figures_at)];
        // The figures' time is always set.
        let due = due.into_iter().flatten().min().unwrap_or(self.figures_at);
        let (orders, readings) = self.inbox.split();
        tokio::select! {
            biased;
            Some(bid) = orders.recv() => Event::Bid(bid),
            Some(born) = self.born.recv() => Event::Born(born),
            measured = readings.next() => Event::Measured(measured),
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
                if let Some(reason) = self.core.refusal(&command) {
                    self.outlet.refused(client, seq, reason);
                    return;
                }
                let mut effects = Vec::new();
                let touched = self.core.command(now, &command, &mut effects);
                self.carry_out(now, effects);
                self.outlet.commanded(client, seq, touched);
            }
            Event::Bid(Bid::Reconfigure { next, reply }) => {
                // Who asked has given up when nobody takes it.
                let _ = reply.try_send(self.reconfigure(now, *next));
            }
            Event::Bid(Bid::Details) => self.tell_details(),
            Event::Bid(Bid::Show { done }) => {
                self.publish(now, true);
                let _ = done.try_send(());
            }
            Event::Bid(Bid::Leave) => {
                // What was true until now is shown before everything stops.
                self.publish(now, true);
                self.leaving.get_or_insert_with(|| Leaving::begin(now, self.leave_limits));
                self.outlet.leaving(self.core.workers_left());
                let left = counted(self.core.workers_left() as usize, "worker");
                log::info!("leaving: {left} asked to end");
                self.handle(now, Input::Shutdown);
            }
            Event::Bid(Bid::Hurry) => {
                if let Some(leaving) = &mut self.leaving {
                    leaving.hurried(now);
                }
                self.handle(now, Input::Hurry);
            }
            Event::Measured(measured) => self.take_in_measured(now, measured),
            Event::Born(born) => self.take_in_born(now, born),
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

    fn reconfigure(&mut self, now: Moment, next: Reconfiguration) -> Result<Reconfigured, String> {
        let stats_period = next.policy.stats_period;
        let mut effects = Vec::new();
        let done = self.core.reconfigure(now, next, &mut effects);
        if let Ok(done) = &done {
            self.tools.stats_period = stats_period;
            for (ix, id) in &done.added {
                self.tools.logs.register(*ix, id);
            }
        }
        self.carry_out(now, effects);
        done
    }

    fn take_in_measured(&mut self, now: Moment, measured: Measured) {
        let Measured { host, own, workers } = measured;
        let sum = workers.as_ref().map(|workers| workers.sum);
        self.handle(now, Input::Readings { host, own, workers: sum });
        let Some(workers) = workers else { return };
        let whose: BTreeMap<u32, (StreamIx, Generation)> =
            self.running.iter().map(|(whose, running)| (running.pid, *whose)).collect();
        let known = |(pid, usage): (u32, Usage)| {
            whose.get(&pid).map(|(stream, generation)| (*stream, *generation, usage))
        };
        self.handle(now, Input::Usage(workers.each.into_iter().filter_map(known).collect()));
    }

    /// Gives up waiting for workers that don't end even by KILL. They stay in the store, so that the
    /// next start looks for them.
    fn let_go(&self) {
        for ((stream, _), running) in &self.running {
            let id = self.core.spec(*stream).map(|spec| spec.id.to_string()).unwrap_or_default();
            log::error!(
                "the worker of {id} does not end (pid {}): it waits in the kernel, and will die when it \
                 wakes; look at its disk or network",
                running.pid
            );
        }
        if self.running.is_empty() {
            log::error!("a worker that was being started has not come: not waited for any longer");
        }
    }

    fn look_at_wall(&mut self, now: Moment) {
        if let Some(wall) = self.wall.look(now, wall_ms) {
            self.handle(now, Input::Wall(wall));
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
                Effect::Spawn { stream, generation, input, purpose } => {
                    self.spawn(now, stream, generation, input, purpose);
                }
                Effect::Signal { stream, generation, signal } => {
                    if let Some(running) = self.running.get(&(stream, generation)) {
                        running.group.signal(signal);
                    }
                }
                Effect::Save { stream, kept } => {
                    if let Some(spec) = self.core.spec(stream) {
                        self.outlet.save(now, &spec.id, kept);
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
        for ix in &changes.removed {
            self.commands.remove(ix);
            self.tools.logs.retire(*ix);
        }
        if figures || changes != Changes::default() {
            self.outlet.publish(now, changes);
            self.tell_details();
        }
        if std::mem::take(&mut self.lines_waiting) {
            self.outlet.lines_moved();
        }
        if self.leaving.is_some() {
            self.outlet.leaving(self.core.workers_left());
        }
    }
}

#[cfg(test)]
mod tests;
