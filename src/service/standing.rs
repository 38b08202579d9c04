//! What the thread that reads the configuration tells the one that publishes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{LimitReading, Notice};

/// What follows from the configuration beside the streams.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// Limits, of which those of the host guard are configured.
    pub limits: LimitReading,
    /// All notices that follow from what is configured.
    pub notices: Vec<Notice>,
}

#[derive(Debug, Default)]
struct State {
    trouble: Option<Arc<str>>,
    renewed: Option<Renewed>,
}

/// Where the configuration stands, shared by both.
#[derive(Debug, Clone, Default)]
pub struct Standing(Arc<Mutex<State>>);

impl Standing {
    /// The files have mistakes, and something else is in force; `None`: they have none any more.
    pub fn set_trouble(&self, trouble: Option<Arc<str>>) {
        self.lock().trouble = trouble;
    }

    /// What is wrong with the files, if something is.
    pub fn trouble(&self) -> Option<String> {
        self.lock().trouble.as_ref().map(ToString::to_string)
    }

    /// Another configuration is in force.
    pub fn renew(&self, renewed: Renewed) {
        self.lock().renewed = Some(renewed);
    }

    /// Takes what is new since it was last taken.
    pub fn take_renewed(&self) -> Option<Renewed> {
        self.lock().renewed.take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
