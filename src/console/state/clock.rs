//! What time it is for people, and whether the supervisor is still heard.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Dirty, State};
use crate::link::LinkState;
use crate::model::Moment;

/// When nothing was heard from the supervisor for so long, the data is old. One that lives publishes
/// something every two seconds at least, and a machine in trouble may delay that a few times.
pub const OLD_AFTER: Duration = Duration::from_secs(10);

/// What is known about time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// The wall clock at [`Moment::ZERO`], milliseconds since the Unix epoch, as it is now.
    pub wall_zero: Option<i64>,
    /// When the supervisor was last heard.
    heard_at: Moment,
    /// It was not heard for too long, or is lost.
    silent: bool,
    /// It is lost: since when, and why.
    lost: Option<(Moment, Arc<str>)>,
}

impl State {
    /// The wall clock is another one than was thought.
    pub(super) fn wall_clock(&mut self, wall_zero: i64) {
        self.clock.wall_zero = Some(wall_zero);
        self.want(Dirty::Figures);
    }

    /// What time of day it is, in milliseconds since the Unix epoch; 0 while it is not known.
    #[must_use]
    pub fn time_ms(&self) -> u64 {
        self.wall_now().and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0)
    }

    /// The supervisor was heard so long ago.
    pub(super) fn heard(&mut self, ago: Duration) {
        self.clock.heard_at = self.now - ago;
        self.look_for_silence();
    }

    /// For how long nothing was heard from the supervisor, if that is too long; for how long it is
    /// lost, if it is.
    #[must_use]
    pub fn silent_for(&self) -> Option<Duration> {
        let since = self.clock.lost.as_ref().map_or(self.clock.heard_at, |(since, _)| *since);
        self.clock.silent.then(|| self.now.since(since))
    }

    /// Since when the supervisor is lost, and why, if it is.
    #[must_use]
    pub fn lost(&self) -> Option<(Moment, &str)> {
        self.clock.lost.as_ref().map(|(since, why)| (*since, &**why))
    }

    /// Whether there is a supervisor at the other end of the link.
    pub(super) fn link_is(&mut self, link: LinkState) {
        let lost = match link {
            LinkState::Open => None,
            LinkState::Lost { ago, why } => {
                let since = self.clock.lost.as_ref().map(|(since, _)| *since);
                Some((since.unwrap_or(self.now - ago), why))
            }
        };
        if lost == self.clock.lost {
            return;
        }
        // One that was found again is another one, or has not left after all.
        self.leaving = None;
        self.clock.lost = lost;
        self.look_for_silence();
        self.fit_to_size();
        self.want(Dirty::Now);
    }

    /// From when on the data is old, if the supervisor was not heard since. Nobody is woken then: the link
    /// does that (see [`crate::link::Hub::wake_if_silent`]).
    #[must_use]
    pub fn old_from(&self) -> Moment {
        self.clock.heard_at + OLD_AFTER
    }

    /// Time went on.
    pub(super) fn look_for_silence(&mut self) {
        let silent = self.clock.lost.is_some() || self.old_from() <= self.now;
        if std::mem::replace(&mut self.clock.silent, silent) != silent {
            self.fit_to_size();
            self.want(Dirty::Now);
        }
    }

    /// The wall clock at a moment of the supervisor's, milliseconds since the Unix epoch.
    #[must_use]
    pub fn wall_ms(&self, at: Moment) -> Option<i64> {
        let then = self.is_frozen().then(|| self.lookback.recorder.wall_zero(at)).flatten();
        Some(then.or(self.clock.wall_zero)?.saturating_add(at.millis()))
    }

    /// The time of day at a moment, `14:32` or `14:32:05`; empty while it is not known.
    #[must_use]
    pub fn time_of_day(&self, at: Moment, seconds: bool) -> String {
        self.wall_text(self.wall_ms(at), if seconds { "%H:%M:%S" } else { "%H:%M" })
    }

    /// The clock of minutes: what time it is now, whatever is shown.
    #[must_use]
    pub fn clock_text(&self) -> String {
        self.wall_text(self.wall_now(), "%H:%M")
    }

    /// The wall clock now, milliseconds since the Unix epoch.
    pub(super) fn wall_now(&self) -> Option<i64> {
        Some(self.clock.wall_zero?.saturating_add(self.now.millis()))
    }

    fn wall_text(&self, wall_ms: Option<i64>, form: &str) -> String {
        let at = wall_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        at.map_or_else(String::new, |at| at.to_zoned(self.zone.clone()).strftime(form).to_string())
    }

    /// When the next minute begins on the wall clock.
    pub(super) fn minute_due(&self) -> Option<Moment> {
        let left = 60_000 - self.wall_now()?.rem_euclid(60_000);
        Some(self.now + Duration::from_millis(u64::try_from(left).unwrap_or(60_000)))
    }
}
