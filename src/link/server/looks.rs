//! Users' names and groups, looked up where that may hang: users may come from a server.
//!
//! For each user there is one look-up at a time, and it is waited for only so long. So a user whose look-up
//! hangs costs one thread, and keeps nobody else out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::link::access::{groups_of, name_of};

/// Look-ups at the same time, of as many users; each may hang.
pub const MAX_LOOKS: usize = 64;
/// Users of whom the last answer is remembered; of more the oldest goes.
pub const MAX_KNOWN: usize = 256;
/// The last answer holds so long, where a new one does not come.
const KNOWN_FOR: Duration = Duration::from_secs(3_600);

/// What is known of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    pub groups: Vec<u32>,
    /// It did not come in time, and this is what is known without.
    pub late: bool,
}

/// Finds the name of a user, and the groups where they are wanted: by user id and group id.
pub type LookUp = Arc<dyn Fn(u32, u32, bool) -> Found + Send + Sync>;

/// As this machine knows them.
pub fn of_this_machine() -> LookUp {
    Arc::new(|uid, gid, groups| {
        let groups = if groups { groups_of(uid, gid) } else { Vec::new() };
        Found { name: name_of(uid), groups, late: false }
    })
}

/// All look-ups.
pub struct Looks {
    look_up: LookUp,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    known: BTreeMap<u32, (Found, Instant)>,
    /// What is being looked up, and where the answer comes.
    going: BTreeMap<u32, watch::Receiver<Option<Found>>>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Whole whatever happened: each change of it is one step.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Looks {
    pub fn new(look_up: LookUp) -> Self {
        Self { look_up, state: Arc::default() }
    }

    /// A user's name and, where they are wanted, groups. What does not come within `limit` is what was found
    /// last, or what the kernel said.
    pub async fn of(&self, uid: u32, gid: u32, groups: bool, limit: Duration) -> Found {
        if let Some(mut going) = self.begin(uid, gid, groups)
            && let Ok(Ok(found)) = timeout(limit, going.wait_for(Option::is_some)).await
            && let Some(found) = &*found
        {
            return found.clone();
        }
        let known = lock(&self.state).known.get(&uid).cloned();
        let known = known.filter(|(_, at)| at.elapsed() < KNOWN_FOR).map(|(found, _)| found);
        let name = if uid == 0 { "root".to_owned() } else { format!("user {uid}") };
        known.unwrap_or_else(|| Found { name, groups: vec![gid], late: true })
    }

    /// Begins a look-up, or joins the one that goes on; `None`: too many do.
    fn begin(&self, uid: u32, gid: u32, groups: bool) -> Option<watch::Receiver<Option<Found>>> {
        let mut state = lock(&self.state);
        // One that ended without an answer is no longer waited for.
        if let Some(going) = state.going.get(&uid).filter(|going| going.has_changed().is_ok()) {
            return Some(going.clone());
        }
        if state.going.len() >= MAX_LOOKS {
            return None;
        }
        let (answer, going) = watch::channel(None);
        state.going.insert(uid, going.clone());
        drop(state);
        let (look_up, state) = (Arc::clone(&self.look_up), Arc::clone(&self.state));
        tokio::task::spawn_blocking(move || {
            let found = look_up(uid, gid, groups);
            let mut state = lock(&state);
            state.going.remove(&uid);
            state.remember(uid, found.clone());
            drop(state);
            let _ = answer.send(Some(found));
        });
        Some(going)
    }
}

impl State {
    fn remember(&mut self, uid: u32, found: Found) {
        self.known.insert(uid, (found, Instant::now()));
        if self.known.len() > MAX_KNOWN
            && let Some(oldest) = self.known.iter().min_by_key(|(_, (_, at))| *at).map(|(uid, _)| *uid)
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Condvar;

    use super::*;

    /// No wait here is longer: what has not come by then does not come.
    const LIMIT: Duration = Duration::from_secs(20);
    /// Long enough to see that something does not come.
    const SHORT: Duration = Duration::from_millis(20);

    /// A directory in which some users' look-ups hang.
    #[derive(Default)]
    struct Directory {
        hanging: Mutex<BTreeSet<u32>>,
        changed: Condvar,
        /// Who was asked for.
        asked: Mutex<Vec<u32>>,
    }

    impl Directory {
        fn hang(&self, users: impl IntoIterator<Item = u32>) {
            *self.hanging.lock().unwrap() = users.into_iter().collect();
            self.changed.notify_all();
        }

        fn looks(self: &Arc<Self>) -> Looks {
            let directory = Arc::clone(self);
            Looks::new(Arc::new(move |uid, _, _| {
                directory.asked.lock().unwrap().push(uid);
                let hanging = directory.hanging.lock().unwrap();
                drop(directory.changed.wait_while(hanging, |hanging| hanging.contains(&uid)).unwrap());
                Found { name: format!("u{uid}"), groups: vec![uid, 1], late: false }
            }))
        }
    }

    fn run(test: impl AsyncFnOnce()) {
        let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        event_loop.block_on(test());
    }

    async fn waits_for(looks: &Looks, uid: u32, limit: Duration) -> (String, Vec<u32>, bool) {
        let Found { name, groups, late } = looks.of(uid, 9, true, limit).await;
        (name, groups, late)
    }

    #[test]
    fn one_whose_look_up_hangs_costs_one_thread_and_keeps_nobody_else_out() {
        let directory = Arc::new(Directory::default());
        directory.hang([7]);
        let looks = directory.looks();
        run(async || {
            for _ in 0..30 {
                assert_eq!(waits_for(&looks, 7, SHORT).await, ("user 7".to_owned(), vec![9], true));
            }
            assert_eq!(waits_for(&looks, 8, LIMIT).await, ("u8".to_owned(), vec![8, 1], false));
            assert_eq!(*directory.asked.lock().unwrap(), [7, 8]);
            // It is waited for when it goes on, and remembered when it hangs once more.
            directory.hang([]);
            let found = ("u7".to_owned(), vec![7, 1], false);
            assert_eq!(waits_for(&looks, 7, LIMIT).await, found);
            directory.hang([7]);
            assert_eq!(waits_for(&looks, 7, SHORT).await, found);
            directory.hang([]);
        });
    }

    #[test]
    fn so_many_may_hang_and_no_more_and_so_many_are_remembered() {
        let directory = Arc::new(Directory::default());
        let looks = directory.looks();
        run(async || {
            for uid in 0..2 * u32::try_from(MAX_KNOWN).unwrap() {
                assert!(!waits_for(&looks, uid, LIMIT).await.2);
            }
            assert_eq!(lock(&looks.state).known.len(), MAX_KNOWN);
            directory.asked.lock().unwrap().clear();
            let many = u32::try_from(MAX_LOOKS).unwrap();
            directory.hang(10_000..20_000);
            for uid in 10_000..10_000 + 2 * many {
                assert!(waits_for(&looks, uid, Duration::from_millis(1)).await.2);
            }
            // Who is known comes in as before, though nobody can be asked.
            let last = 2 * u32::try_from(MAX_KNOWN).unwrap() - 1;
            assert_eq!(waits_for(&looks, last, LIMIT).await.0, format!("u{last}"));
            assert_eq!(lock(&looks.state).going.len(), MAX_LOOKS);
            directory.hang([]);
        });
        assert!(directory.asked.lock().unwrap().len() <= MAX_LOOKS);
    }
}
