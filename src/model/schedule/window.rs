//! One window: read from its text, and where it lies around a moment.

use std::fmt;
use std::time::Duration;

use croner::parser::{CronParser, Seconds, Year};
use croner::{Cron, Direction};
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, ToSpan};

use super::{Stretch, timestamp};

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];
const MINUTES_PER_DAY: u32 = 24 * 60;
/// How long a cron window may last.
const CRON_LASTS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(7 * 86_400);
/// How often a cron window may begin within a day. More often is no schedule, and dear to look
/// through for a year.
const MAX_BEGINS_PER_DAY: usize = 24;
/// Days that are looked through for the next begin of a weekly window: two weeks, as a day can be
/// left out where a zone moves over the date line.
const LOOK_AHEAD_DAYS: i64 = 15;
/// Where a cron pattern is tried out: any year will do, and this one is a leap year.
const TRIAL: DateTime = DateTime::constant(2024, 1, 1, 0, 0, 0, 0);

const FORMS: &str = "expected one like \"mon-fri 06:00-22:00\", \"22:00-06:00\", \"sat,sun\" or \
                     \"cron 0 6 * * 1-5 for 16h\"";

/// One window of a schedule: when it opens, again and again, and for how long.
///
/// Texts: `mon-fri 06:00-22:00`, `sat,sun 10:00-02:00` (over midnight: it belongs to the day on which
/// it begins), `06:00-22:00` (every day), `mon-fri` (whole days), `cron 0 6 * * 1-5 for 16h`.
#[derive(Debug, Clone, PartialEq)]
pub struct Window(Kind);

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// Minutes since midnight; `end` is above `begin`, and above a day where it is over midnight.
    Weekly {
        days: [bool; 7],
        begin: u32,
        end: u32,
    },
    Cron {
        pattern: Box<Cron>,
        lasts: Duration,
    },
}

impl Eq for Window {}

impl fmt::Display for Window {
    /// As it is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, begin, end) = match &self.0 {
            Kind::Weekly { days, begin, end } => (days, *begin, *end),
            Kind::Cron { pattern, lasts } => {
                return write!(f, "cron {} for {}m", pattern.as_str(), lasts.as_secs() / 60);
            }
        };
        let whole_days = begin == 0 && end == MINUTES_PER_DAY;
        let every_day = days.iter().all(|day| *day);
        if whole_days || !every_day {
            let named = DAYS.iter().zip(days).filter(|(_, is_one)| **is_one).map(|((name, _), _)| *name);
            f.write_str(&named.collect::<Vec<_>>().join(","))?;
        }
        if whole_days {
            return Ok(());
        }
        let end = if end > MINUTES_PER_DAY { end - MINUTES_PER_DAY } else { end };
        let blank = if every_day { "" } else { " " };
        write!(f, "{blank}{:02}:{:02}-{:02}:{:02}", begin / 60, begin % 60, end / 60, end % 60)
    }
}

/// Why a text is no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part:?} {what}; {expected}")]
pub struct InvalidWindow {
    /// The part of the text that is wrong, as it was written.
    pub part: String,
    /// What is wrong with it: words to follow it.
    pub what: &'static str,
    /// What was expected instead: words to follow a semicolon.
    pub expected: String,
}

impl InvalidWindow {
    fn new(part: &str, what: &'static str, expected: impl Into<String>) -> Self {
        Self { part: part.to_owned(), what, expected: expected.into() }
    }
}

impl Window {
    /// Reads a window.
    ///
    /// # Errors
    /// When `text` has none of the forms above, or can never open.
    pub fn parse(text: &str) -> Result<Self, InvalidWindow> {
        let mut words = text.split_whitespace();
        let kind = match (words.next(), words.next(), words.next()) {
            (Some("cron"), ..) => cron(text),
            (Some(times), None, _) if times.contains(':') => weekly([true; 7], times),
            (Some(days), None, _) => {
                Ok(Kind::Weekly { days: read_days(days)?, begin: 0, end: MINUTES_PER_DAY })
            }
            (Some(days), Some(times), None) => weekly(read_days(days)?, times),
            _ => Err(InvalidWindow::new(text, "is no window", FORMS)),
        };
        kind.map(Self)
    }

    /// Days, begin and end of a weekly one.
    #[cfg(test)]
    pub(super) fn week(&self) -> Option<([bool; 7], u32, u32)> {
        match self.0 {
            Kind::Weekly { days, begin, end } => Some((days, begin, end)),
            Kind::Cron { .. } => None,
        }
    }

    /// Where it opens around `now`: every stretch that `now` may lie in is among them.
    pub(super) fn around(&self, now: i64, zone: &TimeZone) -> Vec<Stretch> {
        let local = timestamp(now).to_zoned(zone.clone()).datetime();
        match &self.0 {
            Kind::Weekly { days, begin, end } => {
                // None lasts longer than a day, and a clock jumps by no more than another.
                let dates = (-2..=1).filter_map(|days| local.date().checked_add(days.days()).ok());
                let dates = dates.filter(|date| is_one_of(*days, *date));
                dates.filter_map(|date| stretch(date, *begin, *end, zone)).collect()
            }
            Kind::Cron { pattern, lasts } => {
                // Those after the last begin end later than those before it.
                let begin = last_begin(pattern, now, local, zone);
                begin.map(|begin| Stretch { begin, end: begin + millis(*lasts) }).into_iter().collect()
            }
        }
    }

    /// When it opens next, later than `now`.
    pub(super) fn next_begin(&self, now: i64, zone: &TimeZone) -> Option<i64> {
        let local = timestamp(now).to_zoned(zone.clone()).datetime();
        match &self.0 {
            Kind::Weekly { days, begin, end } => {
                let dates = (-1..=LOOK_AHEAD_DAYS).filter_map(|n| local.date().checked_add(n.days()).ok());
                let dates = dates.filter(|date| is_one_of(*days, *date));
                let mut begins = dates.filter_map(|date| stretch(date, *begin, *end, zone)).map(|s| s.begin);
                begins.find(|begin| *begin > now)
            }
            Kind::Cron { pattern, .. } => {
                let mut at = local;
                loop {
                    at = pattern.find_next_occurrence(&at, false).ok()?;
                    let begin = instant(at, zone, Side::Begin)?;
                    // In an hour that comes the second time: it began the first time.
                    if begin > now {
                        return Some(begin);
                    }
                }
            }
        }
    }
}

/// Whether the weekly ones among `windows` are open at any time.
pub(super) fn leave_no_gap(windows: &[Window]) -> bool {
    let week = 7 * MINUTES_PER_DAY as usize;
    let mut covered = vec![false; week];
    for window in windows {
        let Kind::Weekly { days, begin, end } = &window.0 else { continue };
        for day in (0..7).filter(|day| days[*day]) {
            let midnight = day * MINUTES_PER_DAY as usize;
            for minute in *begin as usize..*end as usize {
                covered[(midnight + minute) % week] = true;
            }
        }
    }
    covered.into_iter().all(|minute| minute)
}

fn is_one_of(days: [bool; 7], date: Date) -> bool {
    let day = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
    days[day]
}

fn read_days(text: &str) -> Result<[bool; 7], InvalidWindow> {
    let day = |word: &str| {
        let at = DAYS.iter().position(|(name, _)| name.eq_ignore_ascii_case(word));
        let expected = "expected mon, tue, wed, thu, fri, sat or sun, like \"mon-fri\" or \"sat,sun\"";
        at.ok_or_else(|| InvalidWindow::new(word, "is no day", expected))
    };
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        // From Saturday to Monday is three days.
        for step in 0..=(last + 7 - first) % 7 {
            days[(first + step) % 7] = true;
        }
    }
    Ok(days)
}

fn weekly(days: [bool; 7], times: &str) -> Result<Kind, InvalidWindow> {
    let wrong = || InvalidWindow::new(times, "are no times", "expected them like \"06:00-22:00\"");
    let (begin, end) = times.split_once('-').ok_or_else(wrong)?;
    let (begin, end) = (minutes(begin)?, minutes(end)?);
    if begin == end || begin == MINUTES_PER_DAY {
        let expected = "expected an end after the begin; whole days need no times";
        return Err(InvalidWindow::new(times, "is an empty window", expected));
    }
    let end = if end > begin { end } else { end + MINUTES_PER_DAY };
    Ok(Kind::Weekly { days, begin, end })
}

/// Minutes since midnight.
fn minutes(text: &str) -> Result<u32, InvalidWindow> {
    let number = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u32>().ok()).flatten()
    };
    let read = text.split_once(':').and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)));
    let minutes = read.filter(|(_, minute)| *minute < 60).map(|(hour, minute)| hour * 60 + minute);
    let expected = "expected 00:00 to 24:00, always with two digits each";
    let fits = minutes.filter(|minutes| *minutes <= MINUTES_PER_DAY);
    fits.ok_or_else(|| InvalidWindow::new(text, "is no time of day", expected))
}

fn cron(text: &str) -> Result<Kind, InvalidWindow> {
    let rest = text.trim_start().strip_prefix("cron").unwrap_or(text);
    let Some((pattern, lasts)) = rest.rsplit_once(" for ") else {
        let expected = "expected how long it lasts, like \"cron 0 6 * * 1-5 for 16h\"";
        return Err(InvalidWindow::new(text, "has no end", expected));
    };
    let (pattern, lasts) = (pattern.trim(), lasts.trim());
    let lasts = span(lasts).filter(|span| CRON_LASTS.contains(span)).ok_or_else(|| {
        let expected = "expected days, hours and minutes, like \"16h\" or \"1h30m\", between 1m and 7d";
        InvalidWindow::new(lasts, "is no duration of a window", expected)
    })?;
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = parser.parse(pattern).map_err(|_| {
        let expected = "expected minute, hour, day of month, month and day of week, like \"0 6 * * 1-5\"";
        InvalidWindow::new(pattern, "is no cron pattern", expected)
    })?;
    let Ok(first) = cron.find_next_occurrence(&TRIAL, true) else {
        return Err(InvalidWindow::new(pattern, "never comes", "expected a day that is in the calendar"));
    };
    let within_a_day = |at: &DateTime| first.checked_add(1.day()).is_ok_and(|end| *at < end);
    if cron.iter_from(first, Direction::Forward).take_while(within_a_day).take(MAX_BEGINS_PER_DAY + 1).count()
        > MAX_BEGINS_PER_DAY
    {
        let expected = format!("expected at most {MAX_BEGINS_PER_DAY} begins a day, each for longer");
        return Err(InvalidWindow::new(pattern, "begins too often", expected));
    }
    Ok(Kind::Cron { pattern: Box::new(cron), lasts })
}

/// Reads `16h`, `1h30m`, `2d`: largest unit first, each at most once.
fn span(text: &str) -> Option<Duration> {
    let (mut rest, mut seconds, mut units) =
        (text, 0_u64, [('d', 86_400), ('h', 3_600), ('m', 60)].as_slice());
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let at = units.iter().position(|(name, _)| *name == unit)?;
        seconds = seconds.checked_add(number.checked_mul(units[at].1)?)?;
        units = &units[at + 1..];
        rest = &rest[digits + 1..];
    }
    Some(Duration::from_secs(seconds))
}

/// The opening of a weekly window on `date`; `None` where the clock jumps over all of it.
fn stretch(date: Date, begin: u32, end: u32, zone: &TimeZone) -> Option<Stretch> {
    let at = |minutes: u32| {
        date.to_datetime(jiff::civil::Time::midnight()).checked_add(i64::from(minutes).minutes())
    };
    let begin = instant(at(begin).ok()?, zone, Side::Begin)?;
    let end = instant(at(end).ok()?, zone, Side::End)?;
    (begin < end).then_some(Stretch { begin, end })
}

/// When a cron window began last, at `now` or before; `local` is what the clock shows then.
fn last_begin(pattern: &Cron, now: i64, local: DateTime, zone: &TimeZone) -> Option<i64> {
    // In an hour that comes twice the clock may have shown later times before.
    let seen = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Fold { before, after } => local.checked_add(between(before, after)).ok()?,
        _ => local,
    };
    let mut at = pattern.find_previous_occurrence(&seen, true).ok()?;
    loop {
        let begin = instant(at, zone, Side::Begin)?;
        if begin <= now {
            return Some(begin);
        }
        at = pattern.find_previous_occurrence(&at, false).ok()?;
    }
}

/// Which end of a window a time of the clock is.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Begin,
    End,
}

/// The moment at which a clock in `zone` shows `local`. The jump, where it leaves that out; the first
/// time for a begin and the second for an end, where it comes twice.
fn instant(local: DateTime, zone: &TimeZone, side: Side) -> Option<i64> {
    let at = |offset: Offset| offset.to_timestamp(local).ok();
    let offset = |local| zone.to_ambiguous_timestamp(local).offset();
    let moment = match offset(local) {
        AmbiguousOffset::Unambiguous { offset } => at(offset)?,
        AmbiguousOffset::Fold { before, .. } if side == Side::Begin => at(before)?,
        // The end itself is no longer in the window: what counts is what the clock shows just before.
        AmbiguousOffset::Fold { before, after } => match offset(local.checked_sub(1.nanosecond()).ok()?) {
            AmbiguousOffset::Fold { .. } => at(after)?,
            _ => at(before)?,
        },
        // Counted with the offset before it, a time that is left out lies after the jump.
        AmbiguousOffset::Gap { before, .. } => {
            let after = at(before)?.checked_add(1.nanosecond()).ok()?;
            zone.preceding(after).next()?.timestamp()
        }
    };
    Some(moment.as_millisecond())
}

fn between(before: Offset, after: Offset) -> SignedDuration {
    SignedDuration::from_secs(i64::from(before.seconds()) - i64::from(after.seconds()))
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
