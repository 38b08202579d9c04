//! A message as people and programs read it. Pure: the same message gives the same letter at each try.

use std::sync::Arc;

use jiff::tz::TimeZone;

/// Who writes: what letters say of their sender, and how they tell the time.
#[derive(Debug, Clone)]
pub struct About {
    /// The machine's name.
    pub host: Arc<str>,
    /// Times are told in this zone.
    pub zone: TimeZone,
    /// How a shell calls this headend, ready to be typed: `headend`, or `headend --state-dir /srv/tv`.
    pub headend: Arc<str>,
}
