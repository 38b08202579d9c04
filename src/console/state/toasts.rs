//! What is said for a while: answers to commands, and what else came of something.
//!
//! The newest stands in the footer where it has room there, those before it above. One that says that something did not work
//! stays longer: whoever looked away must find it.

use super::{Dirty, Moment, State, TOAST_FOR, Toast};
use std::time::Duration;

/// What did not work is said this long.
pub const BAD_TOAST_FOR: Duration = Duration::from_secs(15);
/// Toasts at the same time; when there is one more, the oldest goes.
pub const MAX_TOASTS: usize = 3;

impl State {
    /// Says something in the footer.
    pub fn say(&mut self, text: String, bad: bool) {
        let until = self.now + if bad { BAD_TOAST_FOR } else { TOAST_FOR };
        let before = self.toast.replace(Toast { text, bad, until });
        self.older_toasts.retain(|toast| Some(&toast.text) != self.toast.as_ref().map(|t| &t.text));
        let before = before.filter(|before| self.toast.as_ref().is_none_or(|now| now.text != before.text));
        self.older_toasts.extend(before);
        while self.older_toasts.len() >= MAX_TOASTS {
            self.older_toasts.pop_front();
        }
    }

    /// Everything that is said now, the oldest first.
    pub fn toasts(&self) -> impl Iterator<Item = &Toast> {
        self.older_toasts.iter().chain(&self.toast)
    }

    /// When the next one has been said long enough.
    pub(super) fn toast_due(&self) -> Option<Moment> {
        self.toasts().map(|toast| toast.until).min()
    }

    /// What was said long enough goes.
    pub(super) fn drop_toasts(&mut self) {
        let now = self.now;
        if self.toast_due().is_none_or(|due| due > now) {
            return;
        }
        self.older_toasts.retain(|toast| toast.until > now);
        self.toast =
            self.toast.take().filter(|toast| toast.until > now).or_else(|| self.older_toasts.pop_back());
        self.want(Dirty::Now);
    }

    /// Someone has read them all.
    pub(super) fn forget_toasts(&mut self) {
        self.toast = None;
        self.older_toasts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::support::*;

    fn said(state: &State) -> Vec<&str> {
        state.toasts().map(|toast| toast.text.as_str()).collect()
    }

    #[test]
    fn there_are_never_more_than_three_and_the_oldest_goes() {
        let mut state = state(80, 24, board(3));
        for n in 0..100 {
            state.say(format!("{n}"), n % 2 == 0);
            assert!(said(&state).len() <= MAX_TOASTS);
        }
        assert_eq!(said(&state), ["97", "98", "99"]);
        // What is said again is said once.
        state.say("98".into(), true);
        assert_eq!(said(&state), ["97", "99", "98"]);
        state.say("98".into(), true);
        assert_eq!(said(&state), ["97", "99", "98"]);
    }

    #[test]
    fn what_did_not_work_stays_longer_and_takes_the_footer_again() {
        let mut state = state(80, 24, board(3));
        state.say("refused".into(), true);
        state.say("done".into(), false);
        assert_eq!(said(&state), ["refused", "done"]);
        wait(&mut state, TOAST_FOR.as_secs());
        assert_eq!(state.toast.as_ref().unwrap().text, "refused");
        assert!(state.older_toasts.is_empty());
        let left = state.deadline().unwrap().since(state.now);
        wait(&mut state, left.as_secs());
        wait(&mut state, BAD_TOAST_FOR.as_secs());
        assert_eq!(said(&state), Vec::<&str>::new());
    }

    #[test]
    fn the_older_ones_stand_above_the_footer() {
        let mut state = state(80, 24, board(30));
        state.say("stop Alpha: refused: headend is leaving".into(), true);
        state.say("start Beta: done".into(), false);
        let shown = screen(&state);
        let mut lines = shown.lines().rev();
        assert!(lines.next().unwrap().ends_with("· start Beta: done"), "{shown}");
        assert!(lines.next().unwrap().ends_with("▲ stop Alpha: refused: headend is leaving"), "{shown}");
        // While a line is typed in the footer, all of them do.
        press(&mut state, crossterm::event::KeyCode::Char('/'));
        let shown = screen(&state);
        assert!(shown.lines().rev().nth(1).unwrap().ends_with("· start Beta: done"), "{shown}");
    }
}
