//! Reading files beside the thread that sends: a folder on a network may hang for as long as it likes.

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Readings at once. Those that hang count until they end, long after the tries that wanted them.
const MAX_READINGS: usize = 8;

static FREE: Semaphore = Semaphore::const_new(MAX_READINGS);

/// Does `read` on a thread of its own. Whoever calls this sets the limit; what hangs is left to itself then.
///
/// # Errors
/// When it could not be done, in a few words.
pub async fn aside<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let turn = FREE.acquire().await.map_err(|error| error.to_string())?;
    let done = spawn_blocking(move || {
        let _turn = turn;
        read()
    });
    done.await.map_err(|error| format!("it can't be read: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[test]
    fn what_hangs_holds_up_nothing_else() {
        let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        event_loop.block_on(async {
            let (end, hangs) = mpsc::channel::<()>();
            let hung = aside(move || hangs.recv_timeout(LIMIT));
            tokio::pin!(hung);
            // One thread polls both: it gets to the second one only where the first one does not hold it.
            let other = tokio::select! {
                biased;
                _ = &mut hung => None,
                read = aside(|| "read") => Some(read),
            };
            assert_eq!(other, Some(Ok("read")));
            end.send(()).unwrap();
            assert_eq!(hung.await, Ok(Ok(())));
        });
    }
}
