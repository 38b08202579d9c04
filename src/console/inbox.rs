//! Where the console's thread waits: for the operator, for the link, for a moment.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ratatui::layout::Size;

use super::decode::Typed;
use super::wishes::Told;

/// What came from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromTerminal {
    /// The operator did something.
    Typed(Typed),
    /// The terminal has another size.
    Resized(Size),
    /// The process was stopped and goes on: someone else had the terminal.
    Continued,
    /// The terminal is gone.
    Lost,
}

/// Everything that came since the last look.
#[derive(Debug, Default)]
pub struct Mail {
    /// From the terminal, in order.
    pub terminal: VecDeque<FromTerminal>,
    /// The link has something.
    pub link: bool,
    /// A file was written, or not: what is to be said about it.
    pub saved: Option<Result<String, String>>,
    /// Something that was to be done did not work; the newest.
    pub failed: Option<String>,
    /// What the operator's files say now, when that is something else than before.
    pub files: Option<Box<Told>>,
}

impl Mail {
    fn is_empty(&self) -> bool {
        self.terminal.is_empty()
            && !self.link
            && self.saved.is_none()
            && self.failed.is_none()
            && self.files.is_none()
    }
}

/// A bounded inbox.
#[derive(Debug, Default)]
pub struct Inbox {
    mail: Mutex<Mail>,
    arrived: Condvar,
    asked: AtomicBool,
}

impl Inbox {
    /// Presses of keys kept; more than this nobody presses in the time of one frame, so what comes
    /// on top is a key held down against a slow terminal, and is dropped.
    pub const MAX_TYPED: usize = 256;

    fn lock(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts something in from the terminal.
    pub fn put(&self, what: FromTerminal) {
        let mut mail = self.lock();
        let full = mail.terminal.len() >= Self::MAX_TYPED;
        match what {
            FromTerminal::Typed(ref typed) => {
                // One answer comes to one question: what is pressed from now on are keys again.
                if matches!(typed, Typed::Background(_)) {
                    self.asked.store(false, Ordering::SeqCst);
                }
                if full {
                    return;
                }
            }
            FromTerminal::Continued if mail.terminal.contains(&what) => return,
            // Only the last size counts.
            FromTerminal::Resized(_) => mail.terminal.retain(|w| !matches!(w, FromTerminal::Resized(_))),
            _ => {}
        }
        mail.terminal.push_back(what);
        drop(mail);
        self.arrived.notify_one();
    }

    /// The link has something.
    pub fn link_has_something(&self) {
        let mut mail = self.lock();
        if !std::mem::replace(&mut mail.link, true) {
            drop(mail);
            self.arrived.notify_one();
        }
    }

    /// A file was written, or not. One is written at a time.
    pub fn saved(&self, outcome: Result<String, String>) {
        self.lock().saved = Some(outcome);
        self.arrived.notify_one();
    }

    /// Something that was to be done did not work.
    pub fn failed(&self, text: String) {
        self.lock().failed = Some(text);
        self.arrived.notify_one();
    }

    /// The terminal was asked something: its answer may come among the keys.
    pub fn expect_answer(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Whether an answer of the terminal may come among the keys.
    pub fn expects_answer(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// The operator's files say this now; only the newest counts.
    pub fn files_say(&self, told: Told) {
        self.lock().files = Some(Box::new(told));
        self.arrived.notify_one();
    }

    /// Waits until something comes, at most until `until` (for ever when `None`), and takes it all.
    pub fn wait(&self, until: Option<Instant>) -> Mail {
        let mut mail = self.lock();
        while mail.is_empty() {
            mail = match until {
                None => self.arrived.wait(mail).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left == Duration::ZERO {
                        break;
                    }
                    self.arrived.wait_timeout(mail, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        std::mem::take(&mut mail)
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;

    fn key() -> FromTerminal {
        FromTerminal::Typed(Typed::Key(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE)))
    }

    #[test]
    fn a_flood_is_bounded_and_the_loss_of_the_terminal_still_arrives() {
        let inbox = Inbox::default();
        for i in 0..10_000 {
            inbox.put(key());
            inbox.put(FromTerminal::Resized(Size::new(i, 50)));
            inbox.put(FromTerminal::Continued);
        }
        inbox.put(FromTerminal::Lost);
        let mail = inbox.wait(None);
        assert!(mail.terminal.len() <= Inbox::MAX_TYPED + 3, "{}", mail.terminal.len());
        assert_eq!(mail.terminal.back(), Some(&FromTerminal::Lost));
        assert!(mail.terminal.contains(&FromTerminal::Resized(Size::new(9_999, 50))));
    }

    #[test]
    fn of_many_failures_the_newest_is_told() {
        let inbox = Inbox::default();
        for n in 0..1_000 {
            inbox.failed(format!("failure {n}"));
        }
        assert_eq!(inbox.wait(None).failed.as_deref(), Some("failure 999"));
        assert!(inbox.wait(Some(Instant::now())).is_empty());
    }

    #[test]
    fn a_resize_storm_is_one_resize() {
        let inbox = Inbox::default();
        for i in 0..100 {
            inbox.put(FromTerminal::Resized(Size::new(i, 50)));
        }
        assert_eq!(inbox.wait(None).terminal, [FromTerminal::Resized(Size::new(99, 50))]);
    }

    #[test]
    fn waiting_ends_at_its_moment_and_at_each_arrival() {
        let inbox = Inbox::default();
        assert!(inbox.wait(Some(Instant::now())).is_empty());
        std::thread::scope(|s| {
            s.spawn(|| inbox.link_has_something());
            assert!(inbox.wait(None).link);
            s.spawn(|| inbox.saved(Ok("a file".into())));
            assert_eq!(inbox.wait(None).saved, Some(Ok("a file".into())));
        });
    }
}
