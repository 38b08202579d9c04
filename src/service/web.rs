//! The server that other systems ask, as the configuration wants it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::standing::Standing;
use crate::config::{HttpSettings, Secret};
use crate::http::{Listening, Server};
use crate::link::Hub;

/// After a server that was to end the address may be taken a moment longer: it is tried so often.
const TRIES: u32 = 10;
/// And after this again.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// The server, if there is to be one. Shared by who starts and ends it, and who reads the configuration again.
#[derive(Clone)]
pub struct Web {
    hub: Hub,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    running: Option<(Listening, Server)>,
    /// headend leaves: nothing is started any more.
    ended: bool,
}

impl Web {
    /// As `settings` want it. Where that can't be, streams run as well, and the board says so.
    pub fn start(hub: Hub, settings: &HttpSettings, standing: &Standing) -> Self {
        let web = Self { hub, state: Arc::default() };
        if let Err(why) = web.apply(settings) {
            standing.set_trouble(Some(why.into()));
        }
        web
    }

    /// Has it listen as `settings` want, or not at all.
    ///
    /// # Errors
    /// Why nobody can ask now, for people. Nobody can then: not with another token than the one that is wanted.
    pub fn apply(&self, settings: &HttpSettings) -> Result<(), String> {
        let wanted = wanted(settings);
        let before = {
            let mut state = self.lock();
            let as_before =
                matches!((&wanted, &state.running), (Ok(Some(wanted)), Some((now, _))) if wanted == now);
            if as_before || state.ended {
                return Ok(());
            }
            state.running.take()
        };
        // Not under the lock: who leaves does not wait for it.
        let replaces = before.is_some();
        if let Some((_, server)) = before {
            server.stop();
        }
        let Some(listening) = wanted? else { return Ok(()) };
        let tries = if replaces { TRIES } else { 1 };
        let server = start(&self.hub, &listening, tries)
            .map_err(|error| format!("[http] nobody can ask at {}: {error}", listening.address))?;
        log::info!("other systems can ask at http://{}/", server.address());
        if listening.token.is_none() && !listening.address.ip().is_loopback() {
            log::warn!("[http] whoever reaches {} can read everything: set a token", server.address());
        }
        let mut state = self.lock();
        if !state.ended {
            state.running = Some((listening, server));
        }
        Ok(())
    }

    /// Has it end for good; returns at once.
    pub fn ask_to_stop(&self) {
        let mut state = self.lock();
        state.ended = true;
        if let Some((_, server)) = &state.running {
            server.ask_to_stop();
        }
    }

    /// The same, and waits for it. Takes [`crate::http::STOP_LIMIT`] at most.
    pub fn stop(self) {
        self.ask_to_stop();
        let running = self.lock().running.take();
        if let Some((_, server)) = running {
            server.stop();
        }
    }

    /// Whole at each moment, whoever held the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start(hub: &Hub, listening: &Listening, tries: u32) -> std::io::Result<Server> {
    let mut left = tries;
    loop {
        left = left.saturating_sub(1);
        match Server::start(hub, listening.clone()) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && left > 0 => {
                std::thread::sleep(TRY_AGAIN);
            }
            other => return other,
        }
    }
}

fn wanted(settings: &HttpSettings) -> Result<Option<Listening>, String> {
    let Some(address) = settings.listen else { return Ok(None) };
    let token = settings.token.as_ref().map(Secret::read).transpose();
    let token = token.map_err(|error| format!("[http] nobody can ask: the token: {error}"))?;
    Ok(Some(Listening { address, token }))
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;
    use crate::link::{LogSlice, LogSource, OldLogAnswer};
    use crate::model::{LogPlace, StreamIx};

    struct NoLogs;

    impl LogSource for NoLogs {
        fn lines_from(&self, _: StreamIx, _: u64) -> LogSlice {
            LogSlice::default()
        }

        fn next_number(&self, _: StreamIx) -> u64 {
            0
        }

        fn read_back(&self, _: StreamIx, _: LogPlace, _: usize, _: OldLogAnswer) -> bool {
            false
        }
    }

    fn web() -> Web {
        let hub = Hub::new(Arc::new(NoLogs), Box::new(|| {}));
        Web::start(hub, &HttpSettings::default(), &Standing::default())
    }

    fn at(web: &Web) -> Option<std::net::SocketAddr> {
        web.lock().running.as_ref().map(|(_, server)| server.address())
    }

    fn settings(listen: &str, token: Option<Secret>) -> HttpSettings {
        HttpSettings { listen: Some(listen.parse().unwrap()), token }
    }

    #[test]
    fn it_goes_where_it_is_wanted_and_with_the_token_that_is_wanted() {
        let web = web();
        web.apply(&HttpSettings::default()).unwrap();
        assert_eq!(at(&web), None);
        let any = settings("127.0.0.1:0", None);
        web.apply(&any).unwrap();
        let first = at(&web).unwrap();
        web.apply(&any).unwrap();
        assert_eq!(at(&web), Some(first), "nothing is wanted otherwise");
        // The same address with a token: free at once.
        let with_token = settings(&first.to_string(), Some(Secret::Here("kanarie".into())));
        web.apply(&with_token).unwrap();
        assert_eq!(at(&web), Some(first));
        web.apply(&HttpSettings::default()).unwrap();
        assert_eq!(at(&web), None);
        assert!(TcpStream::connect(first).is_err());
        web.apply(&any).unwrap();
        let last = at(&web).unwrap();
        web.clone().stop();
        web.apply(&any).unwrap();
        assert!(at(&web).is_none() && TcpStream::connect(last).is_err(), "who leaves starts nothing");
    }

    #[test]
    fn without_its_token_it_does_not_listen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let web = web();
        let of_file = settings("127.0.0.1:0", Some(Secret::File(file.clone())));
        assert!(web.apply(&of_file).unwrap_err().contains("token"));
        assert_eq!(at(&web), None);
        std::fs::write(&file, "kanarie\nmore").unwrap();
        web.apply(&of_file).unwrap();
        assert!(at(&web).is_some());
        std::fs::write(&file, "\nkanarie").unwrap();
        assert!(web.apply(&of_file).unwrap_err().contains("empty"));
        assert_eq!(at(&web), None, "the token that was there is no longer wanted");
    }

    #[test]
    fn an_address_that_is_taken_is_told() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let why = web().apply(&settings(&address, None)).unwrap_err();
        assert!(why.contains(&address) && why.contains("in use"), "{why}");
    }
}
