//! Where one looks on the pages with several parts.

use ratatui::layout::Rect;

use super::{Dirty, Screen, State};
use crate::console::glyphs::UNICODE;
use crate::console::pages::{self, Part, Placed, Section};
use crate::console::state::update::Effect;
use crate::console::text::cells;
use crate::console::view::{machine as machine_view, stream as stream_view};
use crate::model::{History, HistoryOf, shell_line};

/// Where one looks on the pages with several parts.
#[derive(Debug, Default)]
pub struct Pages {
    /// The part of the stream's page that is wanted.
    pub part: Part,
    /// The first line of each that is seen, in the order of [`Part::ALL`].
    pub part_tops: [usize; Part::ALL.len()],
    /// The part of the machine's page that is wanted.
    pub section: Section,
    /// The first of its meters that is seen, where not all are.
    pub meters_top: usize,
    /// The first notice that is seen on it.
    pub notices_top: usize,
}

impl Pages {
    /// A page is opened: what matters most is seen first, whatever was looked at before.
    pub(super) fn begin(&mut self, screen: Screen) {
        match screen {
            Screen::Stream => self.part = Part::default(),
            Screen::Machine => {
                (self.section, self.notices_top, self.meters_top) = (Section::default(), 0, 0);
            }
            _ => {}
        }
    }
}

impl State {
    /// The parts of the stream's page, with their places.
    #[must_use]
    pub fn parts(&self) -> Vec<Placed<Part>> {
        pages::stream(self.areas().body, self.pages.part)
    }

    /// The parts of the machine's page, with their places.
    #[must_use]
    pub fn sections(&self) -> Vec<Placed<Section>> {
        let body = self.areas().body;
        let notices = machine_view::notice_lines(self, body.width, &UNICODE);
        pages::machine(body, self.pages.section, cells(notices), machine_view::alert_lines(self))
    }

    /// The parts that the machine's page has: how telling goes is one where somebody is to be told.
    #[must_use]
    pub fn machine_sections(&self) -> &'static [Section] {
        let told = !self.live().alerts.receivers.is_empty();
        if told { &Section::ALL } else { &Section::ALL[..Section::ALL.len() - 1] }
    }

    /// Where the open log stands.
    #[must_use]
    pub fn log_area(&self) -> Rect {
        let parts = if self.screen() == Screen::Stream { self.parts() } else { Vec::new() };
        let log = parts.into_iter().find(|(part, _)| *part == Part::Log);
        log.map_or_else(|| self.areas().body, |(_, area)| area)
    }

    /// Whether a part of the open page can be seen.
    #[must_use]
    pub fn sees(&self, part: Part) -> bool {
        self.screen() == Screen::Stream && self.parts().iter().any(|(placed, _)| *placed == part)
    }

    /// Whether the log is all that can be seen of the stream's page.
    pub(super) fn sees_only_log(&self) -> bool {
        self.parts().iter().all(|(part, _)| *part == Part::Log)
    }

    /// Whether figures of the rows that are in sight are shown.
    pub(super) fn shows_figures(&self) -> bool {
        match self.screen() {
            Screen::Stream => self.sees(Part::Overview) || self.sees(Part::Charts),
            Screen::Grid => true,
            _ => false,
        }
    }

    /// A history has come, or a piece of it.
    pub(super) fn take_history(&mut self, history: History) {
        let of = history.of;
        let whole = history.fresh;
        self.charts.take_in(history, self.now);
        if self.is_frozen() && !self.charts.is_frozen() {
            self.charts.freeze(Some(self.seen_at()));
        }
        let seen = match (self.screen(), of) {
            (Screen::Stream, HistoryOf::Stream(ix)) => self.open == Some(ix) && self.sees(Part::Charts),
            (Screen::Machine, HistoryOf::Machine) => {
                self.sections().iter().any(|(section, _)| *section == Section::Meters)
            }
            (Screen::Grid, HistoryOf::Machine) => self.areas().strip.height > 0,
            _ => false,
        };
        // While one looks back, what is newest is not in sight.
        let still = self.charts.holds_still() && self.screen() != Screen::Grid;
        let moves = !still && !self.is_frozen();
        if seen && (moves || whole) {
            self.want(Dirty::Figures);
        }
    }

    /// Puts the list of workers that take most in order by itself, while its page is open.
    pub(super) fn settle_tops(&mut self) -> Dirty {
        if self.screen() == Screen::Machine && self.tops.settle(&self.board, self.now, self.pressed_at) {
            return Dirty::Figures;
        }
        Dirty::Clean
    }

    /// Puts that list in order for a board of another moment, or because its page opens: nobody has seen
    /// yet what could move under a hand.
    pub(super) fn sort_tops(&mut self) {
        if self.screen() == Screen::Machine {
            self.tops.settle(&self.board, self.now, None);
        }
    }

    /// The next part, or the one before.
    pub(super) fn turn_part(&mut self, forward: bool) {
        fn step<P: Copy + PartialEq>(all: &[P], at: P, forward: bool) -> P {
            let n = all.iter().position(|part| *part == at).unwrap_or(0);
            all[(n + if forward { 1 } else { all.len() - 1 }) % all.len()]
        }
        match self.screen() {
            Screen::Stream => self.pages.part = step(&Part::ALL, self.pages.part, forward),
            Screen::Machine => {
                self.pages.section = step(self.machine_sections(), self.pages.section, forward);
            }
            _ => {}
        }
    }

    /// Another stream is open: its parts are seen from their beginnings.
    pub(super) fn page_anew(&mut self) {
        self.pages.part_tops = Default::default();
        self.charts.follow();
    }

    /// The part of the stream's page that arrows move: the one that is wanted, or its log when all of
    /// that one is in sight.
    #[must_use]
    pub fn scrolled_part(&self) -> Part {
        let part = self.pages.part;
        let overflows = self.part_overflow(part) > 0;
        if part != Part::Log && !overflows && self.sees(Part::Log) { Part::Log } else { part }
    }

    /// How many lines of a part are below what fits its place.
    fn part_overflow(&self, part: Part) -> usize {
        let parts = self.parts();
        let Some((_, area)) = parts.iter().find(|(placed, _)| *placed == part) else { return 0 };
        stream_view::overflow(self, part, *area, parts.len() > 1)
    }

    /// A screenful of what arrows move on the stream's page.
    pub(super) fn part_height(&self) -> usize {
        let part = self.scrolled_part();
        let area = self.parts().into_iter().find(|(placed, _)| *placed == part);
        // A line of a part stays in sight, as its last one may say how many more there are.
        area.map_or(1, |(_, area)| usize::from(area.height).saturating_sub(1).max(1))
    }

    /// Moves what is seen of a part of the stream's page, by lines.
    pub(super) fn scroll_part(&mut self, part: Part, lines: isize) {
        if part == Part::Log {
            self.scroll_log(lines);
            return;
        }
        let most = self.part_overflow(part);
        let top = &mut self.pages.part_tops[part as usize];
        *top = (*top).min(most).saturating_add_signed(lines).min(most);
    }

    /// Moves what arrows move on the machine's page, by lines.
    pub(super) fn scroll_machine(&mut self, lines: isize) {
        let sections = self.sections();
        let area = |section| sections.iter().find(|(placed, _)| *placed == section).map(|(_, area)| *area);
        let meters = area(Section::Meters).map_or(0, machine_view::meters_overflow);
        match self.pages.section {
            Section::Notices => {
                let last = self.board.notices.len().saturating_sub(1);
                let top = &mut self.pages.notices_top;
                *top = (*top).min(last).saturating_add_signed(lines).min(last);
            }
            Section::Meters if meters > 0 => {
                let top = &mut self.pages.meters_top;
                *top = (*top).min(meters).saturating_add_signed(lines).min(meters);
            }
            Section::Meters | Section::Top if area(Section::Top).is_some() => self.tops.move_by(lines),
            Section::Meters | Section::Top | Section::Alerts => {}
        }
    }

    /// Charts show more, or less.
    pub(super) fn zoom(&mut self, wider: bool) {
        if !self.charts.zoom(wider) {
            let words = self.charts.zoom.words();
            let text = if wider { "no more is kept than" } else { "charts show no less than" };
            self.say(format!("{text} {words}"), false);
        }
    }

    /// Charts show what was earlier, or later.
    pub(super) fn pan(&mut self, back: bool) {
        if !self.charts.pan(back) {
            let text = if back { "nothing earlier is kept at this zoom" } else { "this is the newest" };
            self.say(text.into(), false);
        }
    }

    /// The worker's command goes to the clipboard.
    pub(super) fn copy_command(&mut self) -> Vec<Effect> {
        let detail = self.detail.as_ref().filter(|detail| !detail.command.is_empty());
        let Some(command) = detail.map(|detail| shell_line(&detail.command)) else {
            self.say("there is no command to copy: no worker has been started yet".into(), true);
            return Vec::new();
        };
        self.say("the command was sent to the terminal's clipboard, secrets masked".into(), false);
        vec![Effect::Copy(command)]
    }
}
