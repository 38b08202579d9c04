//! What charts show: which history, how far it reaches, and where in it one looks.

use crate::model::{History, HistoryOf, Moment, Span};

/// How much a chart shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zoom {
    /// One minute.
    Minute,
    /// Five minutes, all that there is by the second.
    #[default]
    FiveMinutes,
    /// A quarter of an hour.
    QuarterHour,
    /// An hour, all that there is by ten seconds.
    Hour,
    /// Six hours.
    SixHours,
    /// A day, all that there is.
    Day,
}

impl Zoom {
    /// Every zoom, the shortest first.
    pub const ALL: [Self; 6] =
        [Self::Minute, Self::FiveMinutes, Self::QuarterHour, Self::Hour, Self::SixHours, Self::Day];

    /// The history it is taken from.
    #[must_use]
    pub const fn span(self) -> Span {
        match self {
            Self::Minute | Self::FiveMinutes => Span::FiveMinutes,
            Self::QuarterHour | Self::Hour => Span::Hour,
            Self::SixHours | Self::Day => Span::Day,
        }
    }

    /// How many of its steps are shown.
    #[must_use]
    pub const fn steps(self) -> u64 {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::QuarterHour | Self::SixHours => 90,
            Self::Hour | Self::Day => 360,
        }
    }

    /// The words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Minute => "1 min",
            Self::FiveMinutes => "5 min",
            Self::QuarterHour => "15 min",
            Self::Hour => "1 h",
            Self::SixHours => "6 h",
            Self::Day => "24 h",
        }
    }

    fn step(self, wider: bool) -> Option<Self> {
        let at = Self::ALL.iter().position(|zoom| *zoom == self)?;
        Self::ALL.get(if wider { at + 1 } else { at.checked_sub(1)? }).copied()
    }
}

/// What charts show.
#[derive(Debug, Default)]
pub struct Charts {
    /// How much.
    pub zoom: Zoom,
    /// The step after the last one that is shown, of the zoom's history; `None`: the newest one's. It
    /// stays where it is while time goes on, as long as it is kept.
    until: Option<u64>,
    /// While the board is frozen: the second, as histories count them, from which on nothing is shown.
    frozen: Option<u64>,
    /// The second, as histories count them, at [`Moment::ZERO`]; `None` before a history has come.
    zero: Option<i64>,
    /// What came of the history that was asked for last, and of the one before until then.
    history: Option<History>,
    /// How often a piece did not fit: then all of it is asked for again.
    pub lost: u32,
}

impl Charts {
    /// Takes in what came at `now`. What does not fit what is here is asked for again.
    pub fn take_in(&mut self, piece: History, now: Moment) {
        // A piece comes when its last step is complete; the whole of one whose steps are long may lag
        // behind by one of them.
        if !piece.fresh || piece.span == Span::FiveMinutes || self.zero.is_none() {
            let end = i64::try_from(piece.end().saturating_mul(piece.span.seconds())).unwrap_or(i64::MAX);
            self.zero = Some(end.saturating_sub(now.millis().div_euclid(1_000)));
        }
        let taken = match &mut self.history {
            Some(history) => history.take_in(piece),
            None if piece.fresh => {
                self.history = Some(piece);
                true
            }
            None => false,
        };
        if !taken {
            self.history = None;
            self.lost = self.lost.wrapping_add(1);
        }
    }

    /// The history of this, if it is the one that is here.
    #[must_use]
    pub fn of(&self, of: HistoryOf, span: Span) -> Option<&History> {
        self.history.as_ref().filter(|history| history.of == of && history.span == span)
    }

    /// Which history is shown on a page of charts.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.zoom.span()
    }

    /// The step after the last one that is shown.
    #[must_use]
    pub fn end(&self, history: &History) -> u64 {
        let (first, newest) = (history.first, self.newest(history));
        let earliest = (first + self.zoom.steps()).min(newest);
        self.until.map_or(newest, |until| until.clamp(earliest, newest))
    }

    /// The step after the newest one there is to show: what came after the frozen moment is none.
    #[must_use]
    pub fn newest(&self, history: &History) -> u64 {
        // A step that was not over then holds what came later.
        let frozen = self.frozen.map(|seconds| seconds / history.span.seconds());
        frozen.map_or(history.end(), |frozen| frozen.clamp(history.first, history.end()))
    }

    /// Whether what is newest is not in sight.
    #[must_use]
    pub fn looks_back(&self, history: &History) -> bool {
        self.end(history) < self.newest(history)
    }

    /// Shows nothing that came after `at`; `None`: shows all again, and follows.
    pub fn freeze(&mut self, at: Option<Moment>) {
        let second = |at: Moment| Some(self.zero?.saturating_add(at.millis().div_euclid(1_000)));
        self.frozen = at.and_then(second).map(|second| u64::try_from(second).unwrap_or(0));
        if at.is_none() {
            self.follow();
        }
    }

    /// When a step of a history began.
    #[must_use]
    pub fn moment_of(&self, step: u64, span: Span) -> Option<Moment> {
        let second = i64::try_from(step.saturating_mul(span.seconds())).ok()?;
        Some(Moment::from_millis(second.saturating_sub(self.zero?).saturating_mul(1_000)))
    }

    /// Whether it is known from where on nothing is shown.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// Whether what is shown stays as it is when something new comes.
    #[must_use]
    pub fn holds_still(&self) -> bool {
        self.history.as_ref().is_some_and(|history| {
            let full = history.first + self.zoom.steps();
            let kept = self.until.is_some_and(|until| until >= full);
            kept && self.looks_back(history) || self.frozen.is_some() && self.end(history) > full
        })
    }

    /// Shows more, or less. What was at the right stays there. False: there is no more, or no less.
    pub fn zoom(&mut self, wider: bool) -> bool {
        let Some(zoom) = self.zoom.step(wider) else { return false };
        let seconds = self.until.map(|until| until.saturating_mul(self.span().seconds()));
        self.until = seconds.map(|seconds| seconds.div_ceil(zoom.span().seconds()));
        self.zoom = zoom;
        true
    }

    /// Goes back or forth by a quarter of what is shown. At the newest it follows again. False: there
    /// is nothing further.
    pub fn pan(&mut self, back: bool) -> bool {
        let Some(history) = self.history.as_ref().filter(|history| history.span == self.span()) else {
            return false;
        };
        let (now, step) = (self.end(history), (self.zoom.steps() / 4).max(1));
        let newest = self.newest(history);
        let wanted = if back { now.saturating_sub(step) } else { now + step };
        self.until = (wanted < newest).then_some(wanted);
        let then = self.end(history);
        self.until = (then < newest).then_some(then);
        then != now
    }

    /// To the newest.
    pub const fn follow(&mut self) {
        self.until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(span: Span, first: u64, count: usize) -> History {
        History { of: HistoryOf::Machine, span, first, fresh: true, series: vec![vec![1.0; count]] }
    }

    fn charts(zoom: Zoom, first: u64, count: usize) -> Charts {
        let mut charts = Charts { zoom, ..Charts::default() };
        charts.take_in(history(zoom.span(), first, count), after(0));
        charts
    }

    /// Moments are counted from second 300 here: the first sample stood for the 300th second before.
    fn after(seconds: i64) -> Moment {
        Moment::from_millis(seconds * 1_000)
    }

    fn end(charts: &Charts) -> u64 {
        charts.end(charts.of(HistoryOf::Machine, charts.span()).unwrap())
    }

    #[test]
    fn every_zoom_shows_as_much_as_its_words_say_and_has_it() {
        for zoom in Zoom::ALL {
            assert!(zoom.steps() <= zoom.span().values() as u64, "{zoom:?}");
            let seconds = zoom.steps() * zoom.span().seconds();
            let words = match seconds {
                60..3_600 => format!("{} min", seconds / 60),
                _ => format!("{} h", seconds / 3_600),
            };
            assert_eq!(zoom.words(), words);
        }
        for span in Span::ALL {
            assert!(Zoom::ALL.iter().any(|zoom| zoom.span() == span && zoom.words() == span.words()));
        }
    }

    #[test]
    fn looking_back_stays_where_it_is_until_it_is_no_longer_kept() {
        let mut charts = charts(Zoom::Minute, 100, 300);
        assert_eq!(end(&charts), 400);
        assert!(charts.pan(true) && charts.pan(true));
        assert_eq!(end(&charts), 370);
        let more = History { first: 400, fresh: false, ..history(Span::FiveMinutes, 0, 1) };
        charts.take_in(more, after(0));
        assert_eq!(end(&charts), 370);
        assert!(charts.pan(false) && charts.pan(false) && charts.pan(false));
        assert_eq!(end(&charts), 401);
        assert!(!charts.pan(false), "there is nothing newer");
        for _ in 0..100 {
            charts.pan(true);
        }
        assert_eq!(end(&charts), 161, "a full minute from the first that is kept");
        assert!(!charts.pan(true));
        let more = History { first: 401, fresh: false, ..history(Span::FiveMinutes, 0, 100) };
        charts.take_in(more, after(0));
        assert_eq!(end(&charts), 261);
        charts.follow();
        assert_eq!(end(&charts), 501);
    }

    #[test]
    fn what_came_after_the_frozen_moment_is_not_shown() {
        // All seconds before the 400th are known at moment 0.
        let mut charts = charts(Zoom::Minute, 100, 300);
        charts.freeze(Some(after(-30)));
        assert_eq!(end(&charts), 370);
        let more = |first| History { first, fresh: false, ..history(Span::FiveMinutes, 0, 10) };
        charts.take_in(more(400), after(10));
        assert!(charts.holds_still() && charts.is_frozen());
        assert_eq!(end(&charts), 370);
        assert!(charts.pan(true));
        assert_eq!(end(&charts), 355);
        assert!(charts.pan(false) && !charts.pan(false), "not beyond the moment that is shown");
        assert_eq!(end(&charts), 370);
        // A history of another fineness has the same moment, however late its newest step is; and of a
        // step that was not over nothing is shown.
        charts.zoom(true);
        charts.zoom(true);
        charts.take_in(history(Span::Hour, 0, 41), after(19));
        assert_eq!(end(&charts), 37);
        charts.freeze(Some(after(-21)));
        assert_eq!(end(&charts), 37);
        charts.freeze(Some(after(-31)));
        assert_eq!(end(&charts), 36);
        charts.freeze(None);
        assert_eq!(end(&charts), 41);
        // Where nothing has come yet it is not known what is too late.
        let mut empty = Charts::default();
        empty.freeze(Some(after(5)));
        assert!(!empty.is_frozen());
    }

    #[test]
    fn a_step_knows_when_it_began() {
        let charts = charts(Zoom::Minute, 100, 300);
        assert_eq!(charts.moment_of(400, Span::FiveMinutes), Some(after(0)));
        assert_eq!(charts.moment_of(37, Span::Hour), Some(after(-30)));
        assert_eq!(Charts::default().moment_of(37, Span::Hour), None);
    }

    #[test]
    fn all_that_is_kept_can_not_be_panned() {
        let mut charts = charts(Zoom::FiveMinutes, 100, 300);
        assert!(!charts.pan(true) && !charts.pan(false));
        // Nor can what is shorter than what is shown.
        let mut charts = self::charts(Zoom::QuarterHour, 0, 20);
        assert!(!charts.pan(true));
        assert_eq!(end(&charts), 20);
    }

    #[test]
    fn zooming_keeps_the_right_edge() {
        let mut charts = charts(Zoom::QuarterHour, 1_000, 360);
        assert!(charts.pan(true));
        assert_eq!(end(&charts), 1_338);
        assert!(charts.zoom(false));
        charts.take_in(history(Span::FiveMinutes, 13_310, 300), after(0));
        assert_eq!(end(&charts), 13_610, "further back than seconds are kept: the nearest there is");
        assert!(charts.zoom(false) && !charts.zoom(false), "there is nothing shorter");
        assert_eq!(charts.zoom, Zoom::Minute);
        for _ in 0..5 {
            assert!(charts.zoom(true));
        }
        assert!(!charts.zoom(true));
        assert_eq!(charts.zoom, Zoom::Day);
    }

    #[test]
    fn a_piece_that_does_not_fit_is_asked_for_again() {
        let mut charts = Charts::default();
        let piece = |first| History { first, fresh: false, ..history(Span::FiveMinutes, 0, 1) };
        charts.take_in(piece(7), after(0));
        assert_eq!(charts.lost, 1);
        charts.take_in(history(Span::FiveMinutes, 0, 10), after(0));
        charts.take_in(piece(10), after(0));
        assert_eq!(charts.lost, 1);
        charts.take_in(piece(12), after(0));
        assert_eq!(charts.lost, 2);
        assert!(charts.of(HistoryOf::Machine, Span::FiveMinutes).is_none());
    }
}
