//! The streams whose logs are in a pane, how far back each of them is here, and what of them is to
//! be read next.

use super::News;
use super::lines::{Entry, What};
use super::sieve::Sieve;
use crate::console::text::{cells, width};
use crate::model::{LogLine, LogPlace, StreamIx, clean};

/// Lines asked for at a time.
const PIECE: usize = 1_000;
/// To fill a screen that has just opened or is filtered, so many pieces are read and no more: who
/// wants to see older lines scrolls up.
const PIECES_TO_FILL: u8 = 4;
/// Lines that are on their way into the file are asked for so often in a row: whoever answers has waited
/// for them each time.
pub const MOST_TRIES: u8 = 3;

/// Something to be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Of which stream.
    pub stream: StreamIx,
    /// Before this place.
    pub before: LogPlace,
    /// So many lines.
    pub lines: usize,
}

/// Why old lines are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wanted {
    /// They are not.
    #[default]
    Nothing,
    /// To scroll up by so many rows.
    Rows(isize),
    /// To fill the screen; so many pieces may still be read for it.
    Page(u8),
    /// To find what is searched for.
    Hit,
}

/// Where a log goes on towards older lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Older {
    /// Before the oldest line that is here.
    BeforeOldest,
    /// Before this place.
    Before(LogPlace),
    /// Nowhere.
    Begin,
}

/// One stream.
#[derive(Debug)]
pub struct Source {
    /// Which.
    pub stream: StreamIx,
    /// What it is called in this pane.
    pub name: String,
    /// Its subscription has begun.
    started: bool,
    /// Of lines with this key or a greater one, all are here.
    complete_from: u64,
    /// The key of its oldest line.
    oldest_key: u64,
    /// The key of its newest line.
    newest_key: u64,
    /// The number of the line that comes next.
    next: u64,
    older: Older,
}

/// What is being read.
#[derive(Debug, Clone, Copy)]
struct Asked {
    seq: u64,
    /// `None`: it is no longer wanted.
    source: Option<usize>,
    /// What is read stands before this.
    before: LogPlace,
}

/// Whose lines an answer brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// Lines of this source, or the news that there are none.
    Lines(usize),
    /// Nothing yet: it is asked for again.
    NotYet,
    /// Nothing, and not for the first time: it is not asked for again by itself.
    GivenUp,
}

/// All streams of a pane.
#[derive(Debug, Default)]
pub struct Sources {
    each: Vec<Source>,
    asked: Option<Asked>,
    /// Why old lines are wanted.
    pub wanted: Wanted,
    /// The pieces that may still be read to fill the screen.
    fill_left: u8,
    /// Answers in a row that brought nothing.
    tries: u8,
}

impl Sources {
    /// Others from now on. What is being read for those before is ignored when it comes.
    pub fn begin(&mut self, streams: Vec<(StreamIx, String)>) {
        let source = |(stream, name)| Source {
            stream,
            name,
            started: false,
            complete_from: 0,
            oldest_key: 0,
            newest_key: 0,
            next: 0,
            older: Older::BeforeOldest,
        };
        self.each = streams.into_iter().map(source).collect();
        self.drop_answer();
        self.wanted = Wanted::Nothing;
        (self.fill_left, self.tries) = (PIECES_TO_FILL, 0);
    }

    const fn drop_answer(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.source = None;
        }
    }

    /// Each stream.
    pub fn each(&self) -> &[Source] {
        &self.each
    }

    /// Which of them is `stream`.
    pub fn of(&self, stream: StreamIx) -> Option<usize> {
        self.each.iter().position(|source| source.stream == stream)
    }

    /// The widest name, where there is more than one.
    pub fn name_width(&self) -> u16 {
        if self.each.len() < 2 {
            return 0;
        }
        self.each.iter().map(|source| cells(width(&source.name))).max().unwrap_or(0)
    }

    /// The subscription to a stream begins.
    pub fn start(&mut self, source: usize, news: &News) {
        if self.asked.is_some_and(|asked| asked.source == Some(source)) {
            self.drop_answer();
        }
        let key = news.lines.first().map_or(0, |line| line.wall_ms);
        if let Some(source) = self.each.get_mut(source) {
            source.started = true;
            (source.complete_from, source.oldest_key, source.newest_key) = (key, key, key);
            source.next = news.first;
            source.older = Older::BeforeOldest;
        }
    }

    /// Whether the subscription to a stream has begun.
    pub fn has_started(&self, source: usize) -> bool {
        self.each.get(source).is_some_and(|source| source.started)
    }

    /// The key of the newest line of a stream.
    pub fn newest_key(&self, source: usize) -> u64 {
        self.each.get(source).map_or(0, |source| source.newest_key)
    }

    /// A line that is newer than all of its stream.
    pub fn newer(&mut self, source: usize, place: LogPlace, line: LogLine, sieve: &Sieve) -> Entry {
        let mut key = line.wall_ms;
        if let Some(source) = self.each.get_mut(source) {
            key = key.max(source.newest_key);
            source.newest_key = key;
            if source.oldest_key == 0 {
                source.oldest_key = key;
            }
            if let LogPlace::Line(number) = place {
                source.next = number + 1;
            }
        }
        entry(source, key, place, line, sieve)
    }

    /// A line that is older than all of its stream. One that has no time has that of the next.
    pub fn older(&mut self, source: usize, place: LogPlace, line: LogLine, sieve: &Sieve) -> Entry {
        let mut key = line.wall_ms;
        if let Some(source) = self.each.get_mut(source) {
            let known = if source.oldest_key == 0 { u64::MAX } else { source.oldest_key };
            let timed = if key == 0 { known } else { key.min(known) };
            // Of a stream that has only lines without a time.
            key = if timed == u64::MAX { 0 } else { timed };
            source.oldest_key = key;
        }
        entry(source, key, place, line, sieve)
    }

    /// A piece of a stream was read, and goes on there.
    pub fn read(&mut self, source: usize, before: Option<LogPlace>) {
        if let Some(source) = self.each.get_mut(source) {
            source.older = before.map_or(Older::Begin, Older::Before);
            source.complete_from = if before.is_none() { 0 } else { source.oldest_key };
        }
    }

    /// An entry was dropped that was the oldest.
    pub fn dropped(&mut self, entry: &Entry) {
        if let Some(source) = entry.source().and_then(|source| self.each.get_mut(source)) {
            source.older = Older::BeforeOldest;
            source.complete_from = source.complete_from.max(entry.key + 1);
            source.oldest_key = entry.key;
        }
    }

    /// From this key on the lines of all streams are here. `None`: nothing to look out for.
    pub fn complete_from(&self) -> Option<u64> {
        let many = self.each.len() > 1;
        self.each.iter().map(|source| source.complete_from).max().filter(|key| many && *key > 0)
    }

    /// Whether there are older lines than those here.
    pub fn has_more(&self) -> bool {
        self.each.iter().any(Source::has_more)
    }

    /// Whether something is being read that is wanted.
    pub fn is_reading(&self) -> bool {
        self.asked.is_some_and(|asked| asked.source.is_some())
    }

    /// What is to be read next. `oldest` gives the place of the oldest line of a source.
    pub fn ask(&mut self, seq: u64, oldest: impl Fn(usize) -> Option<LogPlace>) -> Option<Ask> {
        if self.wanted == Wanted::Nothing || self.asked.is_some() {
            return None;
        }
        // The one that is missing first, going back; one of which nothing is here before all others.
        let key = |source: &Source| if source.complete_from == 0 { u64::MAX } else { source.complete_from };
        let open = self.each.iter().enumerate().filter(|(_, source)| source.has_more());
        let next = open.max_by_key(|(at, source)| (key(source), std::cmp::Reverse(*at))).map(|(at, _)| at);
        let Some(at) = next else {
            self.wanted = Wanted::Nothing;
            return None;
        };
        let source = &self.each[at];
        let before = match source.older {
            Older::Before(place) => place,
            _ => oldest(at).unwrap_or(LogPlace::Line(source.next)),
        };
        let stream = source.stream;
        self.asked = Some(Asked { seq, source: Some(at), before });
        if let Wanted::Page(left) = &mut self.wanted {
            *left -= 1;
            self.fill_left = *left;
        }
        Some(Ask { stream, before, lines: PIECE })
    }

    /// The answer to a request has come, which goes on `before` that place: whose it is, if it is still
    /// wanted.
    pub fn answered(&mut self, seq: u64, before: Option<LogPlace>) -> Option<Answered> {
        let asked = self.asked.take_if(|asked| asked.seq == seq)?;
        let source = asked.source?;
        if before != Some(asked.before) {
            self.tries = 0;
            return Some(Answered::Lines(source));
        }
        self.tries += 1;
        if self.tries < MOST_TRIES {
            return Some(Answered::NotYet);
        }
        (self.tries, self.wanted, self.fill_left) = (0, Wanted::Nothing, 0);
        Some(Answered::GivenUp)
    }

    /// A request was refused; false: it was none of ours.
    pub fn refused(&mut self, seq: u64) -> bool {
        let ours = self.asked.take_if(|asked| asked.seq == seq).is_some();
        if ours {
            self.wanted = Wanted::Nothing;
        }
        ours
    }

    /// Wants old lines to fill the screen, unless it is `full` or enough was read for that.
    pub fn want_page(&mut self, full: bool) {
        match self.wanted {
            Wanted::Nothing | Wanted::Page(_) => {
                let more = !full && self.fill_left > 0 && self.has_more();
                self.wanted = if more { Wanted::Page(self.fill_left) } else { Wanted::Nothing };
            }
            Wanted::Rows(_) | Wanted::Hit => {}
        }
    }

    /// Something else is to be shown: it may be filled anew.
    pub const fn fill_anew(&mut self) {
        self.fill_left = PIECES_TO_FILL;
    }
}

impl Source {
    fn has_more(&self) -> bool {
        self.started && self.older != Older::Begin
    }
}

fn entry(source: usize, key: u64, place: LogPlace, mut line: LogLine, sieve: &Sieve) -> Entry {
    if let std::borrow::Cow::Owned(text) = clean(&line.text) {
        line.text = text.into();
    }
    let (shown, hit) = sieve.judge(&line);
    Entry { key, what: What::Line { source, place, line }, shown, hit }
}
