//! Collects mistakes and warnings: all of them, in order, and never more than the bound.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use super::mistake::{Excerpt, Mistake, Mistakes};
use super::sheet::Sheet;
use super::{MAX_MISTAKES, words::Problem};

/// File, byte, and a number that keeps those of one place in the order they were found.
type Key = (usize, usize, usize);

/// The mistakes and warnings found so far.
#[derive(Default)]
pub(super) struct Report {
    mistakes: Shelf,
    warnings: Shelf,
}

/// Keeps the first [`MAX_MISTAKES`] by place, whatever the order they are found in.
#[derive(Default)]
struct Shelf {
    kept: BTreeMap<Key, Mistake>,
    found: usize,
}

impl Shelf {
    fn put(&mut self, file: usize, offset: usize, make: impl FnOnce() -> Mistake) {
        let key = (file, offset, self.found);
        self.found += 1;
        if self.kept.len() == MAX_MISTAKES {
            if self.kept.last_key_value().is_some_and(|(last, _)| *last < key) {
                return;
            }
            self.kept.pop_last();
        }
        self.kept.insert(key, make());
    }
}

impl Report {
    /// Something is wrong at `span` of `sheet`. Nothing is said of lines that a syntax error is on.
    pub fn mistake(&mut self, sheet: &Sheet, span: Range<usize>, problem: Problem) {
        if !sheet.is_broken_at(span.start) {
            self.syntax(sheet, span, problem);
        }
    }

    /// Something is missing at `span` of `sheet`. Nothing is said when a syntax error may be why.
    pub fn missing(&mut self, sheet: &Sheet, span: Range<usize>, problem: Problem) {
        if !sheet.is_broken() {
            self.syntax(sheet, span, problem);
        }
    }

    /// The text of `sheet` can't be read at `span`.
    pub fn syntax(&mut self, sheet: &Sheet, span: Range<usize>, problem: Problem) {
        self.mistakes.put(sheet.index, span.start, || placed(sheet, span, problem));
    }

    /// Something at `span` of `sheet` was probably not meant so.
    pub fn warning(&mut self, sheet: &Sheet, span: Range<usize>, problem: Problem) {
        self.warnings.put(sheet.index, span.start, || placed(sheet, span, problem));
    }

    /// Something is wrong that has no place in a file; told before everything in a file.
    pub fn elsewhere(&mut self, what: impl Into<PathBuf>, problem: Problem) {
        let Problem { message, expected } = problem;
        self.mistakes.put(0, 0, || Mistake {
            file: what.into(),
            line: 0,
            column: 0,
            message,
            expected,
            excerpt: None,
        });
    }

    /// The mistakes if there are any, else the warnings.
    pub fn finish(self) -> Result<Vec<Mistake>, Mistakes> {
        if self.mistakes.found == 0 {
            return Ok(self.warnings.kept.into_values().collect());
        }
        let more = self.mistakes.found - self.mistakes.kept.len();
        Err(Mistakes { list: self.mistakes.kept.into_values().collect(), more })
    }
}

fn placed(sheet: &Sheet, span: Range<usize>, problem: Problem) -> Mistake {
    let (line, column) = sheet.place(span.start);
    let text = sheet.line(line);
    let at = span.start.saturating_sub(sheet.line_range(line).start);
    let Problem { message, expected } = problem;
    Mistake {
        file: sheet.path.clone(),
        line,
        column,
        message,
        expected,
        excerpt: Excerpt::new(text, at, span.len()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_first_by_place_are_kept_and_the_others_counted() {
        let sheet = Sheet::new(1, Path::new("x"), &"x\n".repeat(1_000));
        let mut report = Report::default();
        for i in (0..1_000).rev() {
            report.mistake(&sheet, i * 2..i * 2 + 1, Problem::new(i.to_string(), "b"));
        }
        let mistakes = report.finish().unwrap_err();
        assert_eq!((mistakes.list.len(), mistakes.more, mistakes.count()), (MAX_MISTAKES, 800, 1_000));
        let lines: Vec<_> = mistakes.list.iter().map(|m| m.line).collect();
        assert_eq!(lines, (1..=MAX_MISTAKES).collect::<Vec<_>>());
        assert!(mistakes.to_string().ends_with("1000 mistakes, 800 of them not shown"));
    }
}
