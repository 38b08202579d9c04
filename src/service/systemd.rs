//! What a service manager wants to hear: that headend is ready, that it lives, that it leaves.
//!
//! One datagram each, to the socket that `NOTIFY_SOCKET` names; that is the whole protocol.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

/// The supervisor publishes something every two seconds at least. One that has not for so long hangs,
/// and is to be started anew.
const HANGS_AFTER: Duration = Duration::from_secs(10);

/// The service manager that started this process, if one did and wants to hear.
#[derive(Debug, Default)]
pub struct Manager {
    socket: Option<UnixDatagram>,
    /// It wants a sign of life this often.
    watchdog: Option<Duration>,
    alive_at: Option<Instant>,
    leaving: bool,
}

impl Manager {
    /// Of what the environment says.
    #[must_use]
    pub fn from_environment() -> Self {
        let text = |name: &str| std::env::var(name).ok();
        let socket = text("NOTIFY_SOCKET").and_then(|address| {
            let socket = connected(&address);
            socket.map_err(|error| log::warn!("the service manager can't be told anything: {error}")).ok()
        });
        // What is meant for another process is none of ours.
        let ours = text("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let span = text("WATCHDOG_USEC").filter(|_| ours).and_then(|span| span.parse().ok());
        Self { socket, watchdog: span.map(Duration::from_micros), ..Self::default() }
    }

    /// headend is ready: the first workers are being started.
    pub fn ready(&self) {
        self.tell(&format!("READY=1\nMAINPID={}", std::process::id()));
    }

    /// headend leaves; said once.
    pub fn stopping(&mut self) {
        if !std::mem::replace(&mut self.leaving, true) {
            self.tell("STOPPING=1");
        }
    }

    /// Gives a sign of life where one is due, and the supervisor has published something lately. Who
    /// calls this is another thread: a supervisor that hangs must not look alive.
    pub fn look(&mut self, published_ago: Duration, now: Instant) {
        let Some(span) = self.watchdog else { return };
        // Twice as often as asked for, as the manager's own page says.
        let due = self.alive_at.is_none_or(|at| now.saturating_duration_since(at) >= span / 2);
        if due && published_ago < HANGS_AFTER {
            self.alive_at = Some(now);
            self.tell("WATCHDOG=1");
        }
    }

    /// A manager that does not listen is its own problem.
    fn tell(&self, text: &str) {
        if let Some(Err(error)) = self.socket.as_ref().map(|socket| socket.send(text.as_bytes())) {
            log::debug!("the service manager was not told {text}: {error}");
        }
    }
}

fn connected(address: &str) -> std::io::Result<UnixDatagram> {
    let address = match address.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(address)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    // Its queue may be full: that must hold up nobody.
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager(address: &SocketAddr) -> (UnixDatagram, Manager) {
        let socket = UnixDatagram::bind_addr(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let name = match (address.as_abstract_name(), address.as_pathname()) {
            (Some(name), _) => format!("@{}", String::from_utf8_lossy(name)),
            (None, Some(path)) => path.display().to_string(),
            (None, None) => unreachable!("it has a name"),
        };
        let manager = Manager {
            socket: Some(connected(&name).unwrap()),
            watchdog: Some(Duration::from_secs(20)),
            ..Manager::default()
        };
        (socket, manager)
    }

    fn heard(socket: &UnixDatagram) -> Option<String> {
        let mut bytes = [0; 100];
        let count = socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..count]).into_owned())
    }

    #[test]
    fn a_manager_hears_it_at_either_kind_of_address() {
        let folder = tempfile::tempdir().unwrap();
        let path = SocketAddr::from_pathname(folder.path().join("notify")).unwrap();
        let hidden = format!("headend-test-{}", std::process::id());
        for address in [path, SocketAddr::from_abstract_name(hidden).unwrap()] {
            let (socket, mut manager) = manager(&address);
            manager.ready();
            assert!(heard(&socket).unwrap().starts_with("READY=1\nMAINPID="));
            manager.stopping();
            manager.stopping();
            assert_eq!(heard(&socket).as_deref(), Some("STOPPING=1"));
            assert_eq!(heard(&socket), None);
        }
    }

    #[test]
    fn a_supervisor_that_hangs_gives_no_sign_of_life() {
        let name = format!("headend-watchdog-{}", std::process::id());
        let (socket, mut manager) = manager(&SocketAddr::from_abstract_name(name).unwrap());
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        manager.look(Duration::from_secs(1), after(0));
        assert_eq!(heard(&socket).as_deref(), Some("WATCHDOG=1"));
        manager.look(Duration::from_secs(1), after(9));
        assert_eq!(heard(&socket), None, "it is not due");
        manager.look(HANGS_AFTER, after(10));
        assert_eq!(heard(&socket), None, "it hangs");
        manager.look(Duration::ZERO, after(11));
        assert_eq!(heard(&socket).as_deref(), Some("WATCHDOG=1"));
    }

    #[test]
    fn without_a_manager_nothing_is_told() {
        let mut nobody = Manager::default();
        nobody.ready();
        nobody.look(Duration::ZERO, Instant::now());
        nobody.stopping();
    }
}
