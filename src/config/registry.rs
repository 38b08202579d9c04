//! The streams read so far, and where the id of each was written.

use std::collections::HashMap;

use super::MAX_STREAMS;
use super::mistake::quote;
use super::report::Report;
use super::section::Span;
use super::sheet::Sheet;
use super::words::Problem;
use crate::model::{StreamId, StreamSpec, clean};

/// The streams read so far.
#[derive(Default)]
pub(super) struct Registry {
    pub streams: Vec<StreamSpec>,
    places: HashMap<StreamId, String>,
    /// All streams, also those with a mistake.
    seen: usize,
}

impl Registry {
    /// Counts a stream; false from the first on that is too many.
    pub fn room(&mut self, sheet: &Sheet, span: Span, report: &mut Report) -> bool {
        self.seen += 1;
        if self.seen == MAX_STREAMS + 1 {
            let message = format!("there are more than {MAX_STREAMS} streams");
            let expected = "expected fewer: split them over several headends, each with its state folder";
            report.mistake(sheet, span, Problem::new(message, expected));
        }
        self.seen <= MAX_STREAMS
    }

    /// Takes `id` for a stream; reports when another has it.
    pub fn claim(&mut self, id: &StreamId, sheet: &Sheet, span: Span, advice: &str, report: &mut Report) {
        if let Some(first) = self.places.get(id) {
            let message = format!("the id {} is used twice, first at {first}", quote(id.as_str()));
            report.mistake(sheet, span, Problem::new(message, advice));
            return;
        }
        let place = format!("{}:{}", clean(&sheet.path.to_string_lossy()), sheet.line_of(span.start));
        self.places.insert(id.clone(), place);
    }
}
