//! The origin's hosts: where they listen, and which of them are open now.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use super::outages::{Outage, Outages};
use super::{DemoError, MAX_HOSTS};

/// Connections the system holds while the origin is busy.
const BACKLOG: u32 = 1_024;

/// Where an origin is to listen, and when which of these hosts is gone.
#[derive(Debug, Clone)]
pub struct Hosts {
    pub(super) listen: Vec<SocketAddr>,
    pub(super) outages: Outages,
}

impl From<SocketAddr> for Hosts {
    /// One host that is always there.
    fn from(listen: SocketAddr) -> Self {
        Self { listen: vec![listen], outages: Outages::none() }
    }
}

impl Hosts {
    /// `count` hosts on loopback addresses that follow each other, `first` being the first of them,
    /// all on its port where that is free.
    ///
    /// # Errors
    /// [`DemoError`] where `first` is not on loopback, or there are not so many addresses after it.
    pub fn several(first: SocketAddr, count: usize, outages: Outages) -> Result<Self, DemoError> {
        let nth = |n: u32| match first.ip() {
            _ if n == 0 => Some(first.ip()),
            IpAddr::V4(ip) => u32::from(ip).checked_add(n).map(|ip| IpAddr::V4(Ipv4Addr::from(ip))),
            // There is one loopback address of IPv6.
            IpAddr::V6(_) => None,
        };
        let addresses = (0..).take(count.clamp(1, MAX_HOSTS)).map(nth);
        let listen: Option<Vec<SocketAddr>> =
            addresses.map(|ip| ip.map(|ip| SocketAddr::new(ip, first.port()))).collect();
        let listen =
            listen.filter(|all| !first.ip().is_loopback() || all.iter().all(|a| a.ip().is_loopback()));
        let listen = listen.ok_or(DemoError::TooFewAddresses { count, first: first.ip() })?;
        Ok(Self { listen, outages })
    }

    /// Opens all of them. The first one's port is the others' too unless it is taken there.
    pub(super) fn open(&self) -> Result<Vec<(SocketAddr, TcpListener)>, DemoError> {
        let mut opened: Vec<(SocketAddr, TcpListener)> = Vec::new();
        for &wanted in &self.listen {
            if !wanted.ip().is_loopback() {
                return Err(DemoError::NotLoopback(wanted));
            }
            let listen = |port| reserve(SocketAddr::new(wanted.ip(), port))?.listen(BACKLOG);
            let listener = match opened.first() {
                None => listen(wanted.port()),
                Some((first, _)) => listen(first.port()).or_else(|_| listen(0)),
            };
            let listener = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
            opened.push(listener.map_err(|source| DemoError::Listen { address: wanted, source })?);
        }
        Ok(opened)
    }
}

/// Takes the address without listening on it: who connects is refused, and the system gives the port
/// to nobody who wants any free one.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A host that comes back gets its port though old connections linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Hosts that somebody shut, one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shut(u32);

impl Shut {
    pub const fn has(self, host: usize) -> bool {
        self.0 & (1 << host) != 0
    }

    const fn with(self, host: usize, shut: bool) -> Self {
        if shut { Self(self.0 | 1 << host) } else { Self(self.0 & !(1 << host)) }
    }
}

/// Which hosts are open: by the timetable of outages, and by what somebody asked for.
#[derive(Debug)]
pub(super) struct Doors {
    outages: Outages,
    count: usize,
    started: Instant,
    shut: watch::Sender<Shut>,
}

impl Doors {
    pub fn new(count: usize, outages: Outages) -> Self {
        Self { outages, count, started: Instant::now(), shut: watch::Sender::new(Shut::default()) }
    }

    /// Since the origin's start; time begins with the doors.
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub fn shut(&self) -> Shut {
        *self.shut.borrow()
    }

    /// Shuts a host, or leaves it to its timetable again. `false`: there is none of this number, or
    /// no other one would be left where this could be taken back.
    pub fn ask(&self, host: usize, shut: bool) -> bool {
        let wanted = self.shut().with(host, shut);
        if host >= self.count || (0..self.count).all(|host| wanted.has(host)) {
            return false;
        }
        self.shut.send_replace(wanted);
        true
    }

    fn outage(&self, host: usize) -> Option<Outage> {
        self.outages.next(host, self.now_ms())
    }

    fn is_open(&self, host: usize) -> bool {
        !self.shut().has(host) && self.outage(host).is_none_or(|outage| outage.from_ms > self.now_ms())
    }

    /// Returns once the host is open (`true`) or shut (`false`).
    pub async fn until(&self, host: usize, open: bool) {
        let mut asked = self.shut.subscribe();
        while self.is_open(host) != open {
            let now = self.now_ms();
            let outage = self.outage(host);
            let next = outage.map(|o| if o.from_ms > now { o.from_ms } else { o.until_ms });
            let change = async {
                let Some(at) = next else { return std::future::pending().await };
                tokio::time::sleep(Duration::from_millis(at.saturating_sub(now).max(1))).await;
            };
            tokio::select! {
                () = change => {}
                _ = asked.changed() => {}
            }
        }
    }

    /// Holds the address of a shut host until it is open, then listens on it again.
    pub async fn reopen(&self, host: usize, address: SocketAddr, pause: Duration) -> TcpListener {
        loop {
            if let Ok(socket) = reserve(address) {
                self.until(host, true).await;
                if let Ok(listener) = socket.listen(BACKLOG) {
                    return listener;
                }
            }
            // Out of files, say: it passes.
            tokio::time::sleep(pause).await;
        }
    }
}

/// `POST /hosts/2/down` and `/hosts/2/up`: the host's number, from 0, and whether it is to be shut.
pub(super) fn asked(path: &str) -> Option<(usize, bool)> {
    let (number, what) = path.strip_prefix("/hosts/")?.split_once('/')?;
    let number: usize = number.parse().ok().filter(|n| (1..=MAX_HOSTS).contains(n))?;
    match what {
        "down" => Some((number - 1, true)),
        "up" => Some((number - 1, false)),
        _ => None,
    }
}
