//! The spawner: one thread that starts every worker and never ends before the program does.
//!
//! A worker's death signal follows the thread that started it, not the process: were workers
//! started from threads that come and go, they would be killed with them (measured).

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::process::{Child, Command};
use tokio::runtime::Handle;

use super::shim;
use crate::model::StreamIx;
use crate::supervisor::core::Generation;

/// Orders waiting for the spawner. There are never more than workers in `starting`.
const MAX_ORDERS: usize = 4_096;

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
    /// Which start.
    pub generation: Generation,
    /// FFmpeg's arguments.
    pub args: Vec<OsString>,
}

/// What became of an order.
pub type Born = (StreamIx, Generation, std::io::Result<Child>);

/// The spawner's end for the runtime. Dropping it lets the thread live on: it must.
pub struct Spawner {
    orders: SyncSender<Order>,
}

impl Spawner {
    /// Starts the thread. Children are registered with `runtime`; `born` is called on the
    /// spawner's thread with each result.
    ///
    /// # Errors
    /// When the thread can't be started.
    pub fn start(
        launch: Launch,
        runtime: Handle,
        born: impl FnMut(Born) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (orders, waiting) = sync_channel(MAX_ORDERS);
        let run = move || attend(&launch, &runtime, &waiting, born);
        std::thread::Builder::new().name("spawner".into()).spawn(run)?;
        Ok(Self { orders })
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

fn attend(launch: &Launch, runtime: &Handle, orders: &Receiver<Order>, mut born: impl FnMut(Born)) {
    let _context = runtime.enter();
    let parent = std::process::id();
    while let Ok(order) = orders.recv() {
        let args = shim::arguments(parent, launch.open_files, launch.ffmpeg.as_os_str(), &order.args);
        let child = Command::new(&launch.headend)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        born((order.stream, order.generation, child));
    }
    // The runtime is gone and so are its workers. This thread stays all the same: were a worker
    // still ending, it would be killed with us here.
    loop {
        std::thread::park();
    }
}
