//! The spawner: one thread that starts every worker and never ends before the program does.
//!
//! A worker's death signal follows the thread that started it, not the process: were workers
//! started from threads that come and go, they would be killed with them (measured).

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;

use super::shim;
use super::strays::{Strays, Tracked};
use crate::host;
use crate::model::{StreamId, StreamIx};
use crate::supervisor::core::{Generation, Purpose};

/// Orders waiting for the spawner. There are never more than workers in `starting`.
const MAX_ORDERS: usize = 4_096;
/// After a failed start children that nobody knows of are looked for at once, and so often again
/// until none is found.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Looks in a row that must find nothing: the kernel's list may leave one out while another ends.
const CLEAN_LOOKS: u32 = 2;

/// Each worker has this in its environment, and hands it down to what it starts: the stream's id. A
/// later headend knows by it whom an earlier one left in a group whose leader is gone.
pub const MARK: &str = "HEADEND_WORKER";

/// How workers are started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Our own binary, for the shim.
    pub headend: PathBuf,
    /// FFmpeg.
    pub ffmpeg: PathBuf,
    /// The soft open-file limit of a worker.
    pub open_files: u64,
}

/// One worker to start.
#[derive(Debug)]
pub struct Order {
    /// For which stream.
    pub stream: StreamIx,
    /// Its id, for the worker's [`MARK`].
    pub id: StreamId,
    /// Which start.
    pub generation: Generation,
    /// What for.
    pub purpose: Purpose,
    /// FFmpeg's arguments.
    pub args: Vec<OsString>,
}

/// What became of an order.
#[derive(Debug)]
pub struct Born {
    /// For which stream.
    pub stream: StreamIx,
    /// Which start.
    pub generation: Generation,
    /// What for.
    pub purpose: Purpose,
    /// When the child was started, on the kernel's clock: with its number, what it is known by.
    pub started: Option<u64>,
    /// The child.
    pub result: std::io::Result<Child>,
}

/// The spawner's end for the runtime. Dropping it lets the thread live on: it must.
pub struct Spawner {
    orders: SyncSender<Order>,
}

impl Spawner {
    /// Starts the thread. Children are registered with `runtime`, and their numbers are put into
    /// `tracked`; `born` is called on the spawner's thread with each result.
    ///
    /// # Errors
    /// When the thread can't be started.
    pub fn start(
        launch: Launch,
        runtime: Handle,
        tracked: Tracked,
        born: impl FnMut(Born) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (orders, waiting) = sync_channel(MAX_ORDERS);
        let run = move || attend(&launch, &runtime, &waiting, &tracked, born);
        std::thread::Builder::new().name("spawner".into()).spawn(run)?;
        Ok(Self { orders })
    }

    /// One that never carries an order out, and its orders.
    #[cfg(test)]
    pub fn that_hangs() -> (Self, Receiver<Order>) {
        let (orders, waiting) = sync_channel(MAX_ORDERS);
        (Self { orders }, waiting)
    }

    /// Queues an order.
    ///
    /// # Errors
    /// Gives the order back when too many wait or the spawner is gone.
    pub fn order(&self, order: Order) -> Result<(), Order> {
        use std::sync::mpsc::TrySendError;
        self.orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(order) | TrySendError::Disconnected(order) => order,
        })
    }
}

fn attend(
    launch: &Launch,
    runtime: &Handle,
    orders: &Receiver<Order>,
    tracked: &Tracked,
    mut born: impl FnMut(Born),
) {
    let _context = runtime.enter();
    let parent = std::process::id();
    let mut strays = Strays::new(tracked.clone());
    let mut looks = 0;
    loop {
        let order = if looks == 0 {
            orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            orders.recv_timeout(LOOK_AGAIN)
        };
        match order {
            Ok(Order { stream, id, generation, purpose, args }) => {
                let result = spawn(launch, parent, &id, &args);
                let pid = result.as_ref().ok().and_then(Child::id);
                // Not reaped before `born` has it, so the number is its own.
                let started = pid.and_then(host::process).map(|process| process.started);
                match pid {
                    Some(pid) => tracked.insert(pid),
                    None => looks = CLEAN_LOOKS,
                }
                born(Born { stream, generation, purpose, started, result });
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if looks > 0 {
            looks = if strays.end_all() > 0 { CLEAN_LOOKS } else { looks - 1 };
        }
    }
    // The runtime is gone and so are its workers. This thread stays all the same: were a worker
    // still ending, it would be killed with us here.
    loop {
        std::thread::park();
    }
}

fn spawn(launch: &Launch, parent: u32, id: &StreamId, args: &[OsString]) -> std::io::Result<Child> {
    Command::new(&launch.headend)
        .args(shim::arguments(parent, launch.open_files, launch.ffmpeg.as_os_str(), args))
        .env(MARK, id.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

#[cfg(test)]
mod tests;
