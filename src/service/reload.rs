//! The thread that reads the configuration again when somebody asks for it, and has the supervisor go
//! over to it.
//!
//! All of it is read and checked first. With a mistake anywhere nothing changes, and a notice stays on
//! the board until the files are mended.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use nix::unistd::Uid;

use super::alerts::Renewals;
use super::changes::{Changes, LOOK_EVERY};
use super::revisions;
use super::standing::{Renewed, Standing, limits_of, notices_of};
use super::web::Web;
use crate::config::{self, Capture, Config, Difference, Disk, Environment, Holds, Key, Mistakes, Sources};
use crate::ffmpeg::Capabilities;
use crate::link::access::name_of;
use crate::link::{AuditTrail, Audited, Hub, Ordered, Role, Who};
use crate::model::{Answer, Command, LimitReading, StreamId, counted};
use crate::supervisor::core::{Reconfiguration, Reconfigured, Restored};
use crate::supervisor::runtime::{Bid, Bids};

/// Requests that wait while the configuration is read; one more is refused.
const MAX_ASKS: usize = 16;
/// The supervisor goes over to another configuration in this time, or is taken for busy.
pub const REPLY_LIMIT: Duration = Duration::from_secs(30);
/// And shows what follows on the board within this, or whoever asked is answered before it does.
const SHOW_LIMIT: Duration = Duration::from_secs(1);
const BUSY: &str = "headend is busy or leaving; try again";
const LATE: &str = "headend is busy and has not gone over to the configuration yet; it may still do so";
/// What is logged of a difference, lines.
const MAX_LOGGED: usize = 50;
/// Mistakes that are logged; the board shows the first.
const MAX_MISTAKES_LOGGED: usize = 20;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A signal.
    Signal,
    /// A file that changed.
    File,
    /// A client, with the number of its command.
    Client(u64, u64),
}

/// What is needed to read the configuration again.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its file.
    pub path: PathBuf,
    /// The variables it is read with.
    pub environment: Environment,
}

/// Asks for a reload.
#[derive(Clone)]
pub struct Reloads {
    asks: Option<SyncSender<Asker>>,
    hub: Hub,
}

impl Reloads {
    /// Has the configuration read again, some time soon. A client is answered in any case.
    pub fn ask(&self, asker: Asker) {
        let refused = match &self.asks {
            None => "this headend has no configuration file to read again",
            Some(asks) => match asks.try_send(asker) {
                Ok(()) => return,
                Err(_) => "the configuration is being read; try again",
            },
        };
        match asker {
            Asker::Client(client, seq) => {
                self.hub.answer(client, seq, Answer::Refused { reason: refused.into() });
            }
            Asker::Signal | Asker::File => log::warn!("not reloaded: {refused}"),
        }
    }
}

/// What the thread works with.
pub struct Reloader {
    /// Where the configuration is; `None`: it is no file, and can't be read again.
    pub source: Option<Source>,
    /// What is in force.
    pub config: Config,
    /// The files it was read from.
    pub sources: Sources,
    /// What was read last, be it with mistakes.
    pub tried: Sources,
    /// The state folder, for revisions.
    pub folder: Option<PathBuf>,
    /// What the store knows of streams that were not configured when headend started.
    pub others: BTreeMap<StreamId, Restored>,
    /// Limits as they were found.
    pub limits: LimitReading,
    /// What this FFmpeg can do.
    pub capabilities: Capabilities,
    /// For what concerns the board.
    pub standing: Standing,
    /// What other systems ask.
    pub web: Web,
    /// To the supervisor.
    pub bids: Bids,
    /// For answers.
    pub hub: Hub,
    /// For what no client asked for.
    pub trail: Arc<dyn AuditTrail>,
    /// To who keeps incidents.
    pub renewals: Renewals,
    /// What the supervisor has not answered yet.
    pub pending: Option<Pending>,
    /// The supervisor did not take it: it is tried again where files are watched.
    pub again: bool,
    /// The supervisor's answer is waited for so long.
    pub patience: Duration,
}

/// A configuration that the supervisor was given.
pub struct Pending {
    asker: Asker,
    config: Config,
    difference: Difference,
    read: Sources,
    /// What was tried before.
    tried: Sources,
    replied: Receiver<Result<Reconfigured, String>>,
}

impl Reloader {
    /// Starts the thread, which ends when nobody can ask any more.
    ///
    /// # Errors
    /// When the machine gives no thread.
    pub fn start(self) -> std::io::Result<Reloads> {
        let hub = self.hub.clone();
        let Some(source) = self.source.clone() else { return Ok(Reloads { asks: None, hub }) };
        let (asks, waiting) = sync_channel(MAX_ASKS);
        std::thread::Builder::new().name("reload".into()).spawn(move || self.run(&source, &waiting))?;
        Ok(Reloads { asks: Some(asks), hub })
    }

    fn run(mut self, source: &Source, asks: &Receiver<Asker>) {
        let mut changes = Changes::default();
        loop {
            changes.follow(&self.watched(source));
            let Some(asker) = self.next_ask(source, asks, &mut changes) else { return };
            let told = self.reload(source, asker);
            self.show();
            let answer = self.tell(asker, told);
            if let Asker::Client(client, seq) = asker {
                self.hub.answer(client, seq, answer);
            }
        }
    }

    /// Tells what a reload came to, except to a client.
    fn tell(&self, asker: Asker, told: Result<Done, String>) -> Answer {
        match &told {
            Ok(done) => {
                log::info!("reloaded: {}", done.summary);
                for line in done.lines.iter().take(MAX_LOGGED) {
                    log::info!("reloaded: {line}");
                }
            }
            Err(why) => {
                log::error!("not reloaded, what was there before goes on: {why}");
                if asker == Asker::Signal {
                    // Only who has no terminal is asked so, and whoever sent it looks there.
                    let _ = writeln!(std::io::stderr(), "headend: not reloaded: {why}");
                }
            }
        }
        let answer = match told {
            Ok(Done { summary, lines }) => Answer::Reloaded {
                summary: summary.into(),
                lines: lines.into_iter().map(Arc::from).collect(),
            },
            Err(reason) => Answer::Refused { reason: reason.into() },
        };
        let by = match asker {
            Asker::Signal => "SIGHUP",
            Asker::File => "a changed file",
            // The link remembers those.
            Asker::Client(..) => return answer,
        };
        let uid = Uid::effective().as_raw();
        let who = Some(Who { uid, user: name_of(uid).into(), terminal: by.into() });
        self.trail.record(Audited::new(who, Role::Operator, Ordered::of(&Command::Reload), &answer));
        answer
    }

    /// The next one who asks; `None`: nobody can any more.
    fn next_ask(&mut self, source: &Source, asks: &Receiver<Asker>, changes: &mut Changes) -> Option<Asker> {
        loop {
            self.look_after_pending();
            if !self.config.reload.watch && self.pending.is_none() {
                return asks.recv().ok();
            }
            match asks.recv_timeout(LOOK_EVERY) {
                Ok(asker) => return Some(asker),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if !self.config.reload.watch => {}
                // A folder changes with any file in it: what says the same is no news.
                Err(RecvTimeoutError::Timeout) if (changes.look() || self.again) && self.differs(source) => {
                    log::info!("a file of the configuration changed");
                    return Some(Asker::File);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// The files whose changes matter: those that were read last, and those in force.
    fn watched(&self, source: &Source) -> BTreeSet<PathBuf> {
        let read = self.sources.files.iter().chain(&self.tried.files).map(|(path, _)| path.clone());
        read.chain([source.path.clone()]).collect()
    }

    /// Whether the files say something else than when they were read last.
    fn differs(&self, source: &Source) -> bool {
        let files = Capture::new(&Disk);
        // What is wrong with them is told when they are read in earnest.
        let _ = config::load_from(&source.path, &source.environment, &files);
        let found = files.into_sources();
        found.too_large || found != self.tried
    }

    fn reload(&mut self, source: &Source, asker: Asker) -> Result<Done, String> {
        self.again = false;
        // The one before comes first.
        self.look_after_pending();
        if self.pending.is_some() {
            return Err(LATE.to_owned());
        }
        let files = Capture::new(&Disk);
        let loaded = config::load_from(&source.path, &source.environment, &files);
        let tried = std::mem::replace(&mut self.tried, files.into_sources());
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(mistakes) => {
                for mistake in mistakes.list.iter().take(MAX_MISTAKES_LOGGED) {
                    log::error!("{mistake}");
                }
                let first = mistakes.list.first().map(ToString::to_string).unwrap_or_default();
                let why = match mistakes.count() {
                    1 => format!("1 mistake: {first}"),
                    count => format!("{count} mistakes, the first: {first}"),
                };
                self.standing.set_trouble(Some(not_taken_in(&mistakes, &source.path).into()));
                return Err(why);
            }
        };
        for warning in &loaded.warnings {
            log::warn!("{warning}");
        }
        let config = loaded.config;
        let difference = config::difference(&self.config, &config);
        let streams = config.streams.iter().map(|spec| (spec.clone(), self.others.get(&spec.id).cloned()));
        let next = Box::new(Reconfiguration { streams: streams.collect(), policy: config.policy.clone() });
        let (reply, replied) = sync_channel(1);
        if !self.bids.send(Bid::Reconfigure { next, reply }) {
            self.again = true;
            return Err(self.refused(tried, BUSY.to_owned()));
        }
        let read = self.tried.clone();
        self.settle(Pending { asker, config, difference, read, tried, replied }, self.patience)
    }

    /// Sees whether the supervisor has answered late, and if so tells what it came to.
    fn look_after_pending(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        let asker = pending.asker;
        let told = self.settle(pending, Duration::ZERO);
        if self.pending.is_none() {
            self.show();
            // A client has its answer already: that it is not known yet.
            self.tell(asker, told);
        }
    }

    /// Has what follows shown on the board, so that whoever is answered and looks finds it there.
    fn show(&self) {
        let (done, shown) = sync_channel(1);
        // Who has not answered yet is busy.
        if self.pending.is_none() && self.bids.send(Bid::Show { done }) {
            let _ = shown.recv_timeout(SHOW_LIMIT);
        }
    }

    /// Waits for the supervisor's answer, and goes over to what it took. Without one it is looked for later.
    fn settle(&mut self, pending: Pending, limit: Duration) -> Result<Done, String> {
        match pending.replied.recv_timeout(limit) {
            Ok(Ok(done)) => Ok(self.take_in(pending, &done)),
            Ok(Err(why)) => Err(self.refused(pending.tried, why)),
            Err(RecvTimeoutError::Disconnected) => Err(self.refused(pending.tried, BUSY.to_owned())),
            Err(RecvTimeoutError::Timeout) => {
                self.standing.set_trouble(Some(LATE.into()));
                self.pending = Some(pending);
                Err(LATE.to_owned())
            }
        }
    }

    /// The supervisor has not taken it: to be tried again, the files count as not read.
    fn refused(&mut self, tried: Sources, why: String) -> String {
        self.tried = tried;
        let text = format!("the configuration is not taken in, the one before goes on: {why}");
        self.standing.set_trouble(Some(text.into()));
        why
    }

    /// It is in force.
    fn take_in(&mut self, pending: Pending, done: &Reconfigured) -> Done {
        let Pending { config, difference, read, .. } = pending;
        self.standing.set_trouble(self.web.apply(&config.http).err().map(Arc::from));
        self.standing.renew(Renewed {
            limits: limits_of(&config, self.limits),
            notices: notices_of(&config, self.limits, &self.capabilities),
        });
        if let Some(folder) = &self.folder {
            revisions::remember(folder, &read);
        }
        self.renewals.renew(&config);
        self.sources = read;
        self.config = config;
        Done::of(done, difference)
    }
}

/// What the board says of a configuration with mistakes. The place of the first comes first, without the
/// folder of the configuration: where there is little room it is what is left.
fn not_taken_in(mistakes: &Mistakes, path: &Path) -> String {
    let Some(first) = mistakes.list.first() else { return "the configuration is not taken in".to_owned() };
    let first = first.to_string();
    let folder = path.parent().map_or_else(String::new, |folder| format!("{}/", folder.display()));
    let first = first.strip_prefix(&folder).unwrap_or(&first);
    let more = match mistakes.count() - 1 {
        0 => String::new(),
        more => format!(" ({} more)", counted(more, "mistake")),
    };
    format!("{first}{more}; the configuration is not taken in, the one before goes on")
}

/// What a reload came to, for people.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    summary: String,
    lines: Vec<String>,
}

impl Done {
    fn of(done: &Reconfigured, mut difference: Difference) -> Self {
        let replaced = done.changed.iter().filter(|one| !one.replaced_for.is_empty()).count();
        let mut summary = format!(
            "{} added, {} removed, {} changed ({replaced} get another worker), {} as before",
            counted(done.added.len(), "stream"),
            done.removed.len(),
            done.changed.len(),
            done.unchanged
        );
        let later = difference.settings.iter().filter(|setting| setting.holds == Holds::NextStart).count();
        let settings = counted(difference.settings.len(), "setting");
        match (difference.settings.len(), later) {
            (0, _) => {}
            (_, 0) => _ = write!(summary, "; {settings} changed"),
            (1, _) => _ = write!(summary, "; {settings} changed, with headend's next start"),
            (_, later) => {
                let _ = write!(summary, "; {settings} changed, {later} of them with headend's next start");
            }
        }
        // Which workers are replaced depends on what they were doing.
        let replaced_for: BTreeMap<&StreamId, &Vec<Key>> =
            done.changed.iter().map(|one| (&one.id, &one.replaced_for)).collect();
        for stream in &mut difference.changed {
            stream.replaced_for = replaced_for.get(&stream.id).map_or_else(Vec::new, |keys| (*keys).clone());
        }
        Self { summary, lines: difference.lines() }
    }
}

#[cfg(test)]
mod tests;
