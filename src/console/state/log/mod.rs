//! The log pane: the newest lines of one or several logs and, as far as they were read back, older
//! ones; and where the operator looks in them. Knows no key, no clock and no link.

pub mod lines;
mod moving;
pub mod pattern;
pub mod sieve;
mod sources;
pub mod stamps;
pub mod taking;

use std::ops::Range;

use crate::model::{LogPlace, OldLines, StreamIx};
use lines::{Entry, Lines, Looks, What};
use pattern::Pattern;
use sieve::Sieve;
pub use sources::Ask;
use sources::{Answered, Sources, Wanted};
use stamps::Stamps;

/// Marks in one pane; with one more the oldest goes.
pub const MAX_MARKS: usize = 32;
/// Cells for a stream's name in a pane of several.
const MOST_NAME: u16 = 16;

/// The room a pane has for its lines, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Columns, those before the text included.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// One row of a pane on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// Of this entry.
    pub spot: u64,
    /// The entry.
    pub entry: &'a Entry,
    /// These bytes of its text; nothing of a rule.
    pub text: Range<usize>,
    /// It is the entry's first row.
    pub begins: bool,
}

/// What is to be said about a pane, beside its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Lines that are here.
    pub lines: usize,
    /// Lines that no filter hides.
    pub shown: usize,
    /// Lines that are shown below the screen.
    pub below: usize,
    /// Lines with a hit, and the number of the current one among them.
    pub hits: Option<(Option<usize>, usize)>,
    /// Lines that never came here.
    pub missed: u64,
    /// Old lines are on their way.
    pub reading: bool,
    /// The first line there is is on the screen.
    pub from_begin: bool,
}

/// The pane.
#[derive(Debug, Default)]
pub struct LogPane {
    sources: Sources,
    lines: Lines,
    sieve: Sieve,
    /// Long lines go on in the next row.
    pub wrap: bool,
    /// How the time of a line is told.
    pub stamps: Stamps,
    /// Lines that never came here.
    missed: u64,
    /// What was shown and searched for before a pattern was typed.
    before_typing: Option<Sieve>,
}

impl LogPane {
    /// Begins with these streams, by the names they are called here.
    pub fn open(&mut self, streams: Vec<(StreamIx, String)>) {
        self.sources.begin(streams);
        self.lines = Lines::default();
        self.missed = 0;
    }

    /// Forgets everything but how the operator wants to see it.
    pub fn close(&mut self) {
        self.open(Vec::new());
        self.sieve = Sieve::default();
    }

    /// The streams in it.
    #[must_use]
    pub fn streams(&self) -> Vec<StreamIx> {
        self.sources.each().iter().map(|source| source.stream).collect()
    }

    /// What a source is called.
    #[must_use]
    pub fn name(&self, source: usize) -> &str {
        self.sources.each().get(source).map_or("", |source| &source.name)
    }

    /// What is shown, and what is searched for.
    #[must_use]
    pub const fn sieve(&self) -> &Sieve {
        &self.sieve
    }

    /// Takes new lines in.
    pub fn take_in(&mut self, news: News, room: Room) {
        let Some(source) = self.sources.of(news.stream) else {
            return;
        };
        if news.fresh {
            self.lines.retain(|entry| entry.source() != Some(source));
            if self.lines.counts().0 == 0 {
                self.lines.looks = Looks::default();
            }
            self.sources.start(source, &news);
        } else if !self.sources.has_started(source) {
            // Of a subscription before this one.
            return;
        }
        if news.missed > 0 {
            self.missed += news.missed;
            let key = self.sources.newest_key(source);
            self.lines.put(Entry::rule(key, What::Missed(news.missed)));
        }
        let numbers = news.first..;
        for (number, line) in numbers.zip(news.lines) {
            let entry = self.sources.newer(source, LogPlace::Line(number), line, &self.sieve);
            self.lines.put(entry);
        }
        self.keep_bounds();
        if news.fresh {
            self.fill(room);
        }
    }

    /// Takes what was read back in; gives what is to be said.
    pub fn take_old(&mut self, seq: u64, old: OldLines, room: Room) -> Option<&'static str> {
        let source = match self.sources.answered(seq, old.before)? {
            Answered::Lines(source) => source,
            Answered::NotYet => return self.go_on(false, false, room),
            Answered::GivenUp => return Some("what is older is not in the file yet: try again in a moment"),
        };
        let top_key = self.lines.get(self.top()).map(|entry| entry.key);
        let single = self.sources.each().len() == 1;
        let mut found = false;
        let mut hit = None;
        for placed in old.lines.into_iter().rev() {
            let entry = self.sources.older(source, placed.place, placed.line, &self.sieve);
            found |= entry.shown && single;
            let is_hit = entry.hit;
            let spot = self.lines.put_before(entry);
            // What is put before it moves nothing behind.
            hit = hit.or(Some(spot).filter(|_| is_hit));
        }
        self.sources.read(source, old.before);
        // Of several logs, lines that were here already may have waited for these.
        let first = self.shown_from(self.lines.first()).and_then(|spot| self.lines.get(spot));
        found |= first.map(|entry| entry.key) < top_key;
        if self.sources.wanted == Wanted::Hit && hit.is_some() {
            self.lines.looks.cursor = hit;
        }
        if self.lines.is_over() {
            self.lines.give_way();
        }
        self.go_on(found, hit.is_some(), room)
    }

    /// Does what old lines were wanted for, or goes on wanting them.
    fn go_on(&mut self, found: bool, hit: bool, room: Room) -> Option<&'static str> {
        let more = self.sources.has_more();
        match self.sources.wanted {
            Wanted::Page(_) => self.fill(room),
            Wanted::Rows(rows) if found || !more => {
                self.sources.wanted = Wanted::Nothing;
                self.step(-rows, room);
            }
            Wanted::Hit if hit => {
                self.sources.wanted = Wanted::Nothing;
                if let Some(spot) = self.lines.looks.cursor {
                    self.reveal(spot, room);
                }
            }
            Wanted::Hit if !more => {
                self.sources.wanted = Wanted::Nothing;
                return Some("no hit above: the log begins here");
            }
            Wanted::Nothing | Wanted::Rows(_) | Wanted::Hit => {}
        }
        None
    }

    /// A request was refused: nothing is read for now. False: it was none of ours.
    pub fn refused(&mut self, seq: u64) -> bool {
        self.sources.refused(seq)
    }

    /// What is to be read next, if something is wanted and nothing is being read. Its answer comes
    /// to [`LogPane::take_old`].
    pub fn ask(&mut self, seq: u64) -> Option<Ask> {
        let lines = &self.lines;
        self.sources.ask(seq, |source| {
            lines.all().find_map(|(_, entry)| match &entry.what {
                What::Line { source: other, place, .. } if *other == source => Some(*place),
                _ => None,
            })
        })
    }

    /// Wants so many old lines that the screen is full, within reason.
    fn fill(&mut self, room: Room) {
        let full = self.page(room).len() >= usize::from(room.height);
        self.sources.want_page(full);
    }

    /// Of too many lines the oldest go; those in the middle where the oldest are being read.
    fn keep_bounds(&mut self) {
        let middle = self.lines.first() + (self.lines.end() - self.lines.first()) / 2;
        let reads_old = self.lines.looks.bottom.is_some_and(|(spot, _)| spot < middle);
        while self.lines.is_over() {
            if self.lines.give_way_behind_gap() {
                continue;
            }
            if reads_old {
                self.lines.give_way();
                return;
            }
            let first = self.lines.first();
            let sources = &mut self.sources;
            self.lines.remove(first, first + 1, |entry| sources.dropped(entry));
        }
    }

    /// The first spot that is shown: before it lines of some stream are missing.
    fn top(&self) -> u64 {
        self.sources.complete_from().map_or(self.lines.first(), |key| self.lines.first_from(key))
    }

    /// Sets a mark below the current line.
    pub fn mark(&mut self, now_ms: u64, room: Room) {
        let mut spot = self.lines.end().saturating_sub(1);
        if let Some(current) = self.current(room).filter(|_| !self.follows()) {
            spot = current;
        }
        let marks = self.lines.all().filter_map(|(spot, entry)| match entry.what {
            What::Mark(at) => Some((at, spot)),
            _ => None,
        });
        let marks: Vec<(u64, u64)> = marks.collect();
        if marks.len() >= MAX_MARKS
            && let Some((_, oldest)) = marks.into_iter().min()
        {
            self.lines.remove(oldest, oldest + 1, |_| {});
            // Those before it have moved on by one.
            spot += u64::from(spot < oldest);
        }
        self.lines.put_behind(spot, What::Mark(now_ms));
    }

    /// Filters by a pattern, or no more. It works on what is here and on what comes.
    pub fn filter(&mut self, filter: Option<Pattern>, inverted: bool, room: Room) {
        (self.sieve.filter, self.sieve.inverted) = (filter, inverted);
        self.judge(room);
    }

    /// Shows only graver lines, or all again.
    pub fn next_level(&mut self, room: Room) {
        self.sieve.next_level();
        self.judge(room);
    }

    /// Marks what a pattern finds, or nothing.
    pub fn search(&mut self, search: Option<Pattern>) {
        self.sieve.search = search;
        let sieve = &self.sieve;
        self.lines.judge(|line| sieve.judge(line));
        if self.sieve.search.is_none() && self.lines.looks.begin.is_none() {
            self.lines.looks.cursor = None;
        }
    }

    /// Hides nothing any more.
    pub fn show_all(&mut self, room: Room) {
        let search = self.sieve.search.take();
        self.sieve = Sieve { search, ..Sieve::default() };
        self.judge(room);
    }

    /// A pattern is going to be typed.
    pub fn begin_typing(&mut self) {
        self.before_typing = Some(self.sieve.clone());
    }

    /// The pattern is taken as it is.
    pub fn end_typing(&mut self) {
        self.before_typing = None;
    }

    /// The pattern is dropped: everything is as it was before.
    pub fn drop_typing(&mut self, room: Room) {
        if let Some(before) = self.before_typing.take() {
            self.sieve = before;
            self.judge(room);
        }
    }

    fn judge(&mut self, room: Room) {
        let sieve = &self.sieve;
        self.lines.judge(|line| sieve.judge(line));
        self.sources.fill_anew();
        self.fill(room);
    }

    /// The cells before a line's text.
    #[must_use]
    pub fn text_at(&self, width: u16) -> u16 {
        let name = self.name_width(width);
        let name = if name == 0 { 0 } else { name + 1 };
        1 + self.stamps.width() + 3 + name
    }

    /// The cells for a stream's name; 0 in a pane of one stream.
    #[must_use]
    pub fn name_width(&self, width: u16) -> u16 {
        self.sources.name_width().min(MOST_NAME).min(width / 5)
    }

    fn text_width(&self, width: u16) -> usize {
        width.saturating_sub(self.text_at(width) + 1).into()
    }

    /// What is to be said about it.
    #[must_use]
    pub fn facts(&self, room: Room) -> Facts {
        let (lines, shown) = self.lines.counts();
        let page = self.page(room);
        let below = page.last().map_or(0, |last| {
            let below = self.lines.range(last.spot + 1, self.lines.end());
            below.filter(|(_, entry)| entry.shown && entry.line().is_some()).count()
        });
        let hits = self.sieve.search.as_ref().map(|_| {
            let cursor = self.lines.looks.cursor;
            let mut current = None;
            let mut count = 0;
            for (spot, _) in self.lines.range(self.top(), self.lines.end()).filter(|(_, entry)| entry.hit) {
                count += 1;
                if Some(spot) == cursor {
                    current = Some(count);
                }
            }
            (current, count)
        });
        let first = page.first().map(|row| row.spot);
        let from_begin = first.is_some() && first == self.shown_from(self.top()) && !self.sources.has_more();
        Facts {
            lines,
            shown,
            below,
            hits,
            missed: self.missed,
            reading: self.sources.is_reading(),
            from_begin,
        }
    }
}

/// New lines of one stream.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// Whose.
    pub stream: StreamIx,
    /// The number of the first one.
    pub first: u64,
    /// The lines, oldest first.
    pub lines: Vec<crate::model::LogLine>,
    /// Lines between those before and these that never came.
    pub missed: u64,
    /// What was here of this stream is to be forgotten.
    pub fresh: bool,
}

#[cfg(test)]
mod tests;
