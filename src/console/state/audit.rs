//! The audit log's page: who ordered what, as far as it was read. The newest stand at the bottom; older
//! ones are read when somebody scrolls to where they would stand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::update::Effect;
use super::{Dirty, Screen, State};
use crate::console::layout::penalty_parts;
use crate::link::ClientMessage;
use crate::model::{AuditEntry, Moment};

/// Entries that are held at most: as many as a supervisor keeps.
pub const MAX_ENTRIES: usize = 10_000;
/// Entries of the newest page, which is read again and again.
const NEWEST: usize = 100;
/// Entries of an older page.
const OLDER: usize = 200;
/// While the page is open the newest entries are read this often; at once when an order was answered.
pub const READ_EVERY: Duration = Duration::from_secs(5);

/// A page that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    Newest,
    Older,
    /// For a page that was left meanwhile.
    Nobody,
}

/// What was read, and what of it is seen.
#[derive(Debug, Default)]
pub struct AuditPage {
    entries: BTreeMap<u64, AuditEntry>,
    /// The numbers of those that are found, oldest first.
    shown: Vec<u64>,
    /// The one under the cursor; `None`: the newest, whichever that is.
    selected: Option<u64>,
    /// The number of the first line.
    top: u64,
    filter: String,
    asked: Option<(u64, Reads)>,
    /// A page has come.
    pub read: bool,
    /// There is nothing older.
    pub begins: bool,
    /// When the newest are read again.
    due: Moment,
    /// After a refusal nothing is read before this.
    not_before: Moment,
    /// Why the last page was not read.
    pub trouble: Option<Arc<str>>,
}

impl AuditPage {
    /// So many were read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// So many are found.
    #[must_use]
    pub const fn found(&self) -> usize {
        self.shown.len()
    }

    /// What they are to have in them.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// The entry of this number.
    #[must_use]
    pub fn entry(&self, number: u64) -> Option<&AuditEntry> {
        self.entries.get(&number)
    }

    /// The one under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&AuditEntry> {
        self.entry(*self.shown.get(self.at()?)?)
    }

    /// Where the cursor is among those that are found.
    fn at(&self) -> Option<usize> {
        let last = self.shown.len().checked_sub(1)?;
        // Where it is hidden, the next one stands for it.
        let at = self.selected.map(|number| self.shown.partition_point(|n| *n < number));
        Some(at.map_or(last, |at| at.min(last)))
    }

    /// The numbers of those that `height` lines show, oldest first.
    #[must_use]
    pub fn visible(&self, height: usize) -> &[u64] {
        let first = self.first(height);
        let end = (first + height).min(self.shown.len());
        &self.shown[first..end]
    }

    fn first(&self, height: usize) -> usize {
        let Some(at) = self.at() else { return 0 };
        let last = self.shown.len().saturating_sub(height);
        let top = self.shown.partition_point(|n| *n < self.top);
        top.clamp((at + 1).saturating_sub(height), at).min(last)
    }

    fn move_by(&mut self, lines: isize, height: usize) {
        if let Some(at) = self.at() {
            self.select_at(at.saturating_add_signed(lines), height);
        }
    }

    fn select_at(&mut self, at: usize, height: usize) {
        let top = self.first(height);
        // The newest is followed, as a log's end is.
        let follows = at + 1 >= self.shown.len();
        self.selected = self.shown.get(at).copied().filter(|_| !follows);
        self.top = self.shown.get(top).copied().unwrap_or(0);
        self.top = self.shown.get(self.first(height)).copied().unwrap_or(0);
    }

    pub(super) fn select(&mut self, number: u64, height: usize) {
        if let Ok(at) = self.shown.binary_search(&number) {
            self.select_at(at, height);
        }
    }

    /// Shows only what has all these words in it.
    pub(super) fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.filter);
        self.find();
    }

    fn find(&mut self) {
        let words: Vec<String> = self.filter.split_whitespace().map(str::to_lowercase).collect();
        let found = self.entries.values().filter(|entry| {
            words.is_empty() || {
                let text = format!("{entry} {}", entry.role).to_lowercase();
                words.iter().all(|word| text.contains(word.as_str()))
            }
        });
        self.shown = found.map(|entry| entry.number).collect();
    }

    /// Whether someone is about to see what was not read.
    fn wants_older(&self, height: usize) -> bool {
        self.read && !self.begins && self.entries.len() < MAX_ENTRIES && self.first(height) < height
    }

    /// When the next page is to be read; `None`: one is on its way.
    fn reads_at(&self, height: usize) -> Option<Moment> {
        let due = if self.wants_older(height) { Moment::ZERO } else { self.due };
        self.asked.is_none().then_some(due.max(self.not_before))
    }

    /// What is to be read now, if something is.
    fn ask(&mut self, seq: u64, now: Moment, height: usize) -> Option<ClientMessage> {
        self.reads_at(height).filter(|at| *at <= now)?;
        let (reads, before, count) = match self.entries.keys().next() {
            Some(first) if self.due > now => (Reads::Older, *first, OLDER),
            _ => (Reads::Newest, u64::MAX, NEWEST),
        };
        self.asked = Some((seq, reads));
        Some(ClientMessage::ReadAudit { seq, before, count })
    }

    /// A page has come; says whether anything is new.
    fn take(&mut self, seq: u64, page: Vec<AuditEntry>, now: Moment) -> bool {
        let Some((_, reads)) = self.asked.take_if(|(asked, _)| *asked == seq) else { return false };
        let known = (self.entries.len(), self.entries.keys().next_back().copied(), self.read, self.begins);
        let troubled = reads != Reads::Nobody && self.trouble.take().is_some();
        match reads {
            Reads::Nobody => return false,
            Reads::Older => self.begins |= page.len() < OLDER,
            Reads::Newest => {
                self.due = now + READ_EVERY;
                self.read = true;
                let whole = page.len() < NEWEST;
                self.begins |= whole;
                let ends = (page.first().map(|e| e.number), page.last().map(|e| e.number));
                // Another log has come in its place, or so much that what lies between is not known.
                let another = ends.1 < known.1;
                let gap = !whole && ends.0 > known.1 && known.1.is_some();
                if another || gap {
                    self.entries.clear();
                    self.begins = whole;
                }
            }
        }
        self.entries.extend(page.into_iter().map(|entry| (entry.number, entry)));
        while self.entries.len() > MAX_ENTRIES {
            self.entries.pop_first();
        }
        self.find();
        let is = (self.entries.len(), self.entries.keys().next_back().copied(), self.read, self.begins);
        troubled || is != known
    }

    /// A page was not read; false: this was none of its numbers.
    fn refused(&mut self, seq: u64, reason: &Arc<str>, now: Moment) -> bool {
        let Some((_, reads)) = self.asked.take_if(|(asked, _)| *asked == seq) else { return false };
        if reads != Reads::Nobody {
            self.trouble = Some(Arc::clone(reason));
            self.not_before = now + READ_EVERY;
        }
        true
    }

    /// Nobody looks at it any more.
    fn leave(&mut self) {
        let asked = self.asked.map(|(seq, _)| (seq, Reads::Nobody));
        *self = Self { asked, ..Self::default() };
    }
}

impl State {
    /// Lines of the audit log that fit.
    #[must_use]
    pub fn audit_height(&self) -> usize {
        let (list, _) = penalty_parts(self.areas().body);
        usize::from(list.height.saturating_sub(1)).max(1)
    }

    pub(super) fn move_in_audit(&mut self, lines: isize) {
        let height = self.audit_height();
        self.audit.move_by(lines, height);
    }

    /// Shows all orders again; false: it does.
    pub(super) fn back_in_audit(&mut self) -> bool {
        let filtered = self.screen() == Screen::Audit && !self.audit.filter().trim().is_empty();
        if filtered {
            self.audit.set_filter("");
        }
        filtered
    }

    /// When the audit log is read next by itself.
    pub(super) fn audit_due(&self) -> Option<Moment> {
        // Who is gone is not asked.
        let open = self.screen() == Screen::Audit && self.lost().is_none();
        self.audit.reads_at(self.audit_height()).filter(|_| open)
    }

    /// What is to be read of the audit log now, if something is.
    pub(super) fn orders_wanted(&mut self) -> Option<Effect> {
        if !self.screens.contains(&Screen::Audit) {
            if self.audit.read || self.audit.trouble.is_some() || !self.audit.filter.is_empty() {
                self.audit.leave();
            }
            return None;
        }
        self.audit_due()?;
        let (seq, now, height) = (self.next_seq, self.now, self.audit_height());
        let ask = self.audit.ask(seq, now, height)?;
        self.next_seq += 1;
        Some(Effect::Send(ask))
    }

    /// A page of the audit log has come.
    pub(super) fn told_audit(&mut self, seq: u64, entries: Vec<AuditEntry>) {
        if self.audit.take(seq, entries, self.now) && self.screen() == Screen::Audit {
            self.want(Dirty::Now);
        }
    }

    /// A page of it was refused; false: this was no request for one.
    pub(super) fn audit_refused(&mut self, seq: u64, reason: &Arc<str>) -> bool {
        let refused = self.audit.refused(seq, reason, self.now);
        if refused && self.screen() == Screen::Audit {
            self.want(Dirty::Now);
        }
        refused
    }

    /// An order was answered, and stands in the audit log now.
    pub(super) fn order_was_recorded(&mut self) {
        self.audit.due = self.now;
    }
}
