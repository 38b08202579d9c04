//! What the operator wrote: read, checked, with defaults filled in.

mod settings;

pub use settings::{Config, LogSettings, Policy};
