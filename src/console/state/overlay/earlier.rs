//! Lines that were taken in this session, to be called again.

use std::collections::VecDeque;

use super::prompt::PromptFor;

/// Lines of one kind that are kept; with one more the oldest goes.
pub const MAX_EARLIER: usize = 50;

/// Lines of one kind, the oldest first.
#[derive(Debug, Default)]
pub struct Earlier {
    lines: VecDeque<String>,
}

impl Earlier {
    /// Keeps a line as the newest one; one that is there already only moves.
    fn keep(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        self.lines.retain(|other| other != line);
        if self.lines.len() == MAX_EARLIER {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }

    /// The line so many back; 1 is the newest.
    #[must_use]
    pub fn back(&self, lines: usize) -> Option<&str> {
        let at = self.lines.len().checked_sub(lines)?;
        self.lines.get(at).map(String::as_str)
    }
}

/// All that were taken.
#[derive(Debug, Default)]
pub struct AllEarlier {
    filters: Earlier,
    searches: Earlier,
    log_filters: Earlier,
    audit_filters: Earlier,
}

impl AllEarlier {
    /// Those for the same purpose; `None`: of these none are kept.
    #[must_use]
    pub const fn of(&self, purpose: PromptFor) -> Option<&Earlier> {
        match purpose {
            PromptFor::Filter => Some(&self.filters),
            PromptFor::LogSearch => Some(&self.searches),
            PromptFor::LogFilter => Some(&self.log_filters),
            PromptFor::AuditFilter => Some(&self.audit_filters),
            _ => None,
        }
    }

    /// Keeps a line that was taken.
    pub fn keep(&mut self, purpose: PromptFor, line: &str) {
        match purpose {
            PromptFor::Filter => self.filters.keep(line),
            PromptFor::LogSearch => self.searches.keep(line),
            PromptFor::LogFilter => self.log_filters.keep(line),
            PromptFor::AuditFilter => self.audit_filters.keep(line),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_each_once() {
        let mut earlier = Earlier::default();
        for n in 0..MAX_EARLIER + 10 {
            earlier.keep(&format!("line {n}"));
        }
        earlier.keep("  ");
        earlier.keep("line 30");
        assert_eq!((earlier.back(1), earlier.back(2)), (Some("line 30"), Some("line 59")));
        assert_eq!((earlier.back(MAX_EARLIER), earlier.back(MAX_EARLIER + 1)), (Some("line 10"), None));
        assert_eq!((earlier.back(0), Earlier::default().back(1)), (None, None));
        assert_eq!((1..=MAX_EARLIER).filter(|n| earlier.back(*n) == Some("line 30")).count(), 1);
    }
}
