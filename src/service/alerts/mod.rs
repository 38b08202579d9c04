//! The thread that keeps incidents and tells people: it feeds what decides (`alerts`) from the board, and
//! carries out what that wants done.
//!
//! It is a client of the hub like any other, with a loop of its own. Whatever a mail server does, supervision
//! does not notice.

mod clock;
mod desk;
mod keeper;
mod wakes;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use crate::alerts::letter::About;
use crate::config::{AlertSettings, Config, MailSettings};
use crate::link::{Hub, IncidentAnswer, Who};
use crate::logs::Logs;
use crate::model::{IncidentOrder, clean_line};
use crate::store::{Opened, Store};
use desk::{Desk, Kept};
use keeper::Keeper;

/// Orders and words of the service that wait for the thread; one more order is refused.
const MAX_ERRANDS: usize = 256;
/// What is on its way when headend leaves may take this long. It is kept, and sent again at the next start.
pub const STOP_LIMIT: Duration = Duration::from_millis(1_500);
/// How often it is looked whether the thread has ended.
const LOOK: Duration = Duration::from_millis(5);
/// The longest name of a machine that is told, bytes.
const MAX_HOST: usize = 64;

/// What the thread is told by others.
enum Errand {
    /// Somebody orders something about an incident.
    Order { number: u64, order: IncidentOrder, who: Option<Who>, answer: IncidentAnswer },
    /// Another configuration is in force.
    Renew(Arc<Wanted>),
    /// headend leaves.
    End,
}

/// What the configuration says about telling.
#[derive(Debug, PartialEq)]
struct Wanted {
    alerts: Arc<AlertSettings>,
    mail: Option<MailSettings>,
}

impl Wanted {
    fn of(config: &Config) -> Arc<Self> {
        Arc::new(Self { alerts: Arc::new(config.alerts.clone()), mail: config.mail.clone() })
    }
}

/// The thread, for who started it.
pub struct Alerts {
    errands: mpsc::Sender<Errand>,
    thread: JoinHandle<()>,
}

/// Tells the thread of another configuration.
#[derive(Clone)]
pub struct Renewals(mpsc::Sender<Errand>);

impl Renewals {
    /// For tests of who tells it: nobody hears.
    #[cfg(test)]
    pub fn unheard() -> Self {
        Self(mpsc::channel(1).0)
    }

    /// Another configuration is in force. Waits where the thread has much to do; not for longer than
    /// that takes.
    pub fn renew(&self, config: &Config) {
        if self.0.blocking_send(Errand::Renew(Wanted::of(config))).is_err() {
            log::warn!("nobody keeps incidents any more: the new rules are not in force");
        }
    }
}

/// Whom and what the thread works with.
pub struct Ground<'a> {
    /// The board, and who orders.
    pub hub: &'a Hub,
    /// Where everything is kept before it is told.
    pub store: &'a Arc<Store>,
    /// For the last lines of a stream that fails.
    pub logs: &'a Logs,
    /// What was kept.
    pub opened: &'a Opened,
    /// Who is told.
    pub config: &'a Config,
    /// How a shell calls this headend.
    pub headend: String,
    /// What programs are started through.
    pub through: Vec<OsString>,
    /// Makes what must differ from run to run.
    pub seed: u64,
}

impl Alerts {
    /// Starts it.
    ///
    /// # Errors
    /// When the machine gives no thread or event loop.
    pub fn start(ground: &Ground<'_>) -> std::io::Result<Self> {
        let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (errands, waiting) = mpsc::channel(MAX_ERRANDS);
        let about = About { host: host(), zone: TimeZone::system(), headend: ground.headend.as_str().into() };
        let wanted = Wanted::of(ground.config);
        let desk = Desk::new(&wanted.alerts, Kept::read(ground.opened), errands.clone());
        ground.hub.keep_incidents_at(desk.clone());
        let keeper = Keeper::new(ground, &wanted, desk, about);
        let hub = ground.hub.clone();
        let run = move || {
            let ran = catch_unwind(AssertUnwindSafe(|| event_loop.block_on(keeper.run(waiting))));
            if ran.is_err() {
                // The panic itself is in the log already.
                tell_that_nobody_is_told(&hub);
            }
            // A name that is looked up and does not come can't be called off.
            event_loop.shutdown_timeout(Duration::ZERO);
        };
        let thread = std::thread::Builder::new().name("alerts".into()).spawn(run)?;
        Ok(Self { errands, thread })
    }

    /// A handle that tells the thread of another configuration.
    pub fn renewals(&self) -> Renewals {
        Renewals(self.errands.clone())
    }

    /// Keeps what is known and ends, within [`STOP_LIMIT`] and a little.
    pub fn stop(self) {
        let until = Instant::now() + STOP_LIMIT + LOOK;
        let mut told = false;
        while !self.thread.is_finished() && Instant::now() < until {
            told = told || self.errands.try_send(Errand::End).is_ok();
            std::thread::sleep(LOOK);
        }
    }
}

/// After a defect of ours the streams run on; who looks at the board or asks for the health must see that
/// nobody hears of them.
fn tell_that_nobody_is_told(hub: &Hub) {
    const WHY: &str = "nobody is told any more: a defect of headend ended that part; restart headend";
    log::error!("{WHY}");
    let mut reading = (*hub.board().alerts).clone();
    for receiver in &mut reading.receivers {
        receiver.trouble = Some(WHY.into());
        receiver.waiting = receiver.waiting.max(1);
    }
    hub.publish_incidents(BTreeMap::new(), Vec::new(), Some(Arc::new(reading)));
}

/// The machine's name, for people and for ids of messages.
fn host() -> Arc<str> {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let name: String = clean_line(&name.unwrap_or_default(), MAX_HOST).chars().filter(plain).collect();
    if name.is_empty() { "localhost".into() } else { name.into() }
}
