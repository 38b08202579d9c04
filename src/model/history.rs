//! Figures over time, as charts need them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::StreamIx;

/// How far a history reaches back, and how fine it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// Five minutes, second by second.
    #[default]
    FiveMinutes,
    /// An hour, in steps of ten seconds.
    Hour,
    /// A day, in steps of four minutes.
    Day,
}

impl Span {
    /// Every span, the shortest first.
    pub const ALL: [Self; 3] = [Self::FiveMinutes, Self::Hour, Self::Day];

    /// One value stands for this long.
    #[must_use]
    pub const fn step(self) -> Duration {
        Duration::from_secs(self.seconds())
    }

    /// The same, in whole seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        match self {
            Self::FiveMinutes => 1,
            Self::Hour => 10,
            Self::Day => 240,
        }
    }

    /// How many values there are at most.
    #[must_use]
    pub const fn values(self) -> usize {
        match self {
            Self::FiveMinutes => 300,
            Self::Hour | Self::Day => 360,
        }
    }

    /// The words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5 min",
            Self::Hour => "1 h",
            Self::Day => "24 h",
        }
    }
}

/// What a history is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HistoryOf {
    /// One stream: [`STREAM_METERS`].
    Stream(StreamIx),
    /// The machine, headend and the workers: [`MACHINE_METERS`].
    Machine,
}

/// What is kept of a stream, in the order of [`History::series`]: frames a second, kbit/s, seconds of
/// media a second, percent of one core, bytes.
pub const STREAM_METERS: [&str; 5] = ["fps", "bitrate", "speed", "cpu", "memory"];

/// What is kept of the machine, in the order of [`History::series`]: percent, bytes (a second), or
/// how many.
pub const MACHINE_METERS: [&str; 18] = [
    "cpu",
    "load",
    "memory",
    "cpu pressure",
    "memory pressure",
    "io pressure",
    "open files",
    "received",
    "sent",
    "disk used",
    "slots busy",
    "queued",
    "headend cpu",
    "headend memory",
    "workers memory",
    "workers cpu",
    "starting",
    "held",
];

impl HistoryOf {
    /// How many meters it has.
    #[must_use]
    pub const fn meters(self) -> usize {
        match self {
            Self::Stream(_) => STREAM_METERS.len(),
            Self::Machine => MACHINE_METERS.len(),
        }
    }
}

/// Some figures over a span, or the newest of them.
///
/// Steps are counted on the machine's clock since it was started, those too in which headend did not
/// run or the machine slept: unlike [`super::Moment`]s, which leave such time out, a history shows it as
/// a gap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Of what.
    pub of: HistoryOf,
    /// How far back, how fine.
    pub span: Span,
    /// The number of the step of the first value.
    pub first: u64,
    /// True: this is all there is, and what was known before is to be forgotten. Else it goes on
    /// where the one before ended.
    pub fresh: bool,
    /// A series for each meter, oldest value first, all of one length; not a number where it was
    /// not known. No series at all: this span is not kept, as there are too many streams.
    ///
    /// A step of many seconds has a lowest value and a highest, so that what is short is seen in a long
    /// chart too: there these are the series of the lowest, and as many of the highest come behind
    /// them (see [`History::extremes`]). In them a stream that was down by a fault had 0 frames a
    /// second, 0 kbit/s and no speed.
    #[serde(with = "gaps")]
    pub series: Vec<Vec<f32>>,
}

impl History {
    /// How many steps it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.series.first().map_or(0, Vec::len)
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lowest and the highest value of a meter in each step; the same where a step is as long as a
    /// sample.
    #[must_use]
    pub fn extremes(&self, meter: usize) -> Option<(&[f32], &[f32])> {
        let lowest = self.series.get(meter).filter(|_| meter < self.of.meters())?;
        Some((lowest, self.series.get(self.of.meters() + meter).unwrap_or(lowest)))
    }

    /// The number of the step after the last.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first + self.len() as u64
    }

    /// Takes in what came later. What does not go on where this one ends takes its place, unless it
    /// is a piece only: then it is not taken, and false is the answer.
    pub fn take_in(&mut self, later: Self) -> bool {
        if later.fresh {
            *self = later;
            return true;
        }
        let same = later.of == self.of && later.span == self.span && later.series.len() == self.series.len();
        if !same || later.first != self.end() {
            return false;
        }
        let (most, end) = (self.span.values(), later.end());
        for (series, mut more) in self.series.iter_mut().zip(later.series) {
            series.append(&mut more);
            let old = series.len().saturating_sub(most);
            series.drain(..old);
        }
        self.first = end.saturating_sub(self.len() as u64);
        true
    }
}

/// Values that are not a number, in forms that know no such thing: nothing stands for them.
mod gaps {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(series: &[Vec<f32>], serializer: S) -> Result<S::Ok, S::Error> {
        let known = |value: &f32| value.is_finite().then_some(*value);
        let series: Vec<Vec<Option<f32>>> = series.iter().map(|s| s.iter().map(known).collect()).collect();
        series.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<f32>>, D::Error> {
        let series: Vec<Vec<Option<f32>>> = Vec::deserialize(deserializer)?;
        let known = |value: Option<f32>| value.unwrap_or(f32::NAN);
        Ok(series.into_iter().map(|s| s.into_iter().map(known).collect()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(first: u64, count: usize, fresh: bool) -> History {
        let values = (0_u16..).take(count).map(f32::from).collect();
        History { of: HistoryOf::Machine, span: Span::FiveMinutes, first, fresh, series: vec![values] }
    }

    #[test]
    fn pieces_go_on_where_the_one_before_ended_and_the_whole_is_bounded() {
        let mut history = piece(100, 200, true);
        assert!(history.take_in(piece(300, 250, false)));
        assert_eq!((history.len(), history.first, history.end()), (Span::FiveMinutes.values(), 250, 550));
        assert!(!history.take_in(piece(551, 1, false)), "one step is missing");
        assert!(!history.take_in(piece(549, 1, false)), "one step comes twice");
        assert!(!history.take_in(History { span: Span::Hour, ..piece(550, 1, false) }));
        assert_eq!(history.end(), 550);
        assert!(history.take_in(piece(0, 3, true)));
        assert_eq!((history.len(), history.first), (3, 0));
    }

    #[test]
    fn the_highest_stand_behind_the_lowest() {
        let mut history = piece(0, 3, true);
        assert_eq!(history.extremes(0), Some((&[0.0, 1.0, 2.0][..], &[0.0, 1.0, 2.0][..])));
        assert_eq!(history.extremes(1), None);
        history.series = (0_u8..).take(2 * MACHINE_METERS.len()).map(|n| vec![n.into()]).collect();
        assert_eq!(history.extremes(2), Some((&[2.0][..], &[20.0][..])));
        assert_eq!(history.extremes(MACHINE_METERS.len()), None, "that is no meter");
    }

    #[test]
    fn gaps_survive_a_form_that_has_no_word_for_them() {
        let mut history = piece(7, 2, true);
        history.series[0][1] = f32::NAN;
        let text = serde_json::to_string(&history).unwrap();
        assert!(text.contains("[0.0,null]"), "{text}");
        let read: History = serde_json::from_str(&text).unwrap();
        assert!(read.series[0][1].is_nan());
        assert_eq!((read.first, read.series[0][0]), (7, 0.0));
    }

    #[test]
    fn a_span_is_as_long_as_its_words_say() {
        let seconds: Vec<u64> = Span::ALL.iter().map(|s| s.seconds() * s.values() as u64).collect();
        assert_eq!(seconds, [300, 3_600, 86_400]);
    }
}
