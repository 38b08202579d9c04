//! What the console knows. No terminal, no clock, no link in it: it changes only by
//! [`update`](update::update), and a view of it changes nothing.

mod alarm;
pub mod arrangement;
pub mod audit;
pub mod bulk;
mod care;
pub mod charts;
mod clock;
mod drag;
mod files;
pub mod footer;
mod found_again;
mod frames;
mod going;
mod grid;
mod held;
pub mod help;
mod hold;
pub mod incidents;
mod keys;
pub mod list;
pub mod log;
pub mod logs;
pub mod lookback;
pub mod looks;
pub mod machine;
mod mouse;
pub mod notices;
mod orders;
pub mod overlay;
mod own_log;
pub mod pages;
pub mod penalty;
pub mod selection;
mod taking;
#[cfg(test)]
mod tests;
pub mod toasts;
pub mod tops;
pub mod undo;
pub mod update;
mod useful;
pub mod wall;
pub mod wants;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::layout::Size;

use super::columns::Widest;
use super::keymap::{Keymap, Places};
use super::layout::{self, Areas};
use super::mistake::Mistake;
use super::text::cells;
pub use super::text::counted;
use super::theme::Surroundings;
use super::wishes::Wishes;
use crate::model::{Board, Detail, Moment, Notice, NoticeKind, RolloutOrder, Row, StreamIx, Totals};
use arrangement::Arrangement;
use audit::AuditPage;
use bulk::Bulk;
use care::Aim;
use charts::Charts;
use clock::Clock;
pub use clock::OLD_AFTER;
pub use frames::Dirty;
use incidents::Incidents;
use list::List;
use log::LogPane;
use lookback::Lookback;
use looks::Looks;
use overlay::Overlay;
use overlay::earlier::AllEarlier;
use own_log::OwnLog;
use pages::Pages;
use penalty::Penalty;
use selection::Selected;
use tops::Tops;
use undo::{Back, Undo};
use wall::Wall;

/// An answer stays in the footer this long.
pub const TOAST_FOR: Duration = Duration::from_secs(6);
/// Commands whose answers are awaited; older ones are answered without their name.
pub const MAX_PENDING: usize = 64;
/// While a stream that takes turns is open, the supervisor is told this often that someone looks.
pub const LOOK_EVERY: Duration = Duration::from_secs(30);
/// headend's own log tells nobody that it grew: while it is open it is looked at this often.
pub const OWN_LOG_EVERY: Duration = Duration::from_millis(500);

/// What the screen is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// All streams.
    Grid,
    /// One stream with its log.
    Stream,
    /// One stream's log.
    Log,
    /// headend's own log.
    OwnLog,
    /// The machine.
    Machine,
    /// The keys.
    Help,
    /// Who ordered what.
    Audit,
    /// Only the streams that are not well.
    Penalty,
    /// Incidents, open ones first.
    Incidents,
    /// One incident.
    Incident,
    /// Totals and tiles, and nothing else.
    Wall,
}

impl Screen {
    /// The place it is in the keymap.
    #[must_use]
    pub const fn place(self) -> Places {
        match self {
            Self::Grid => Places::GRID,
            Self::Stream => Places::STREAM,
            Self::Log => Places::LOG,
            Self::OwnLog => Places::OWN_LOG,
            Self::Machine => Places::MACHINE,
            Self::Help => Places::HELP,
            Self::Penalty => Places::PENALTY,
            Self::Audit => Places::AUDIT,
            Self::Incidents | Self::Incident => Places::INCIDENTS,
            // No key means anything there by itself.
            Self::Wall => Places::NOWHERE,
        }
    }
}

/// What is asked before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Leave?
    Quit,
    /// Sleep?
    Suspend,
    /// Do it to all of these?
    Many(Bulk),
    /// Go on with the rollout that has stopped, or back?
    Rollout(RolloutOrder),
}

/// What is said in the footer for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// One line.
    pub text: String,
    /// It tells of something that did not work.
    pub bad: bool,
    /// Until when.
    pub until: Moment,
}

/// headend is leaving.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leaving {
    /// The operator asked for it here.
    pub asked: bool,
    /// Workers that still run, as far as told.
    pub left: Option<u32>,
}

/// A command whose answer is awaited.
#[derive(Debug, Default)]
struct Pending {
    seq: u64,
    what: String,
    /// What to say when it is done, if not how many streams it touched.
    done: Option<String>,
    /// Nobody pressed a key for it: nothing is said.
    quiet: bool,
    /// Streams begin to run by it.
    starts: bool,
    /// It takes another one back, for streams that are counted.
    undoes: bool,
    /// What takes it back once it is done.
    back: Option<Back>,
}

/// A size of the pool that was ordered, until the board shows what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SlotsOrder {
    seq: u64,
    slots: u32,
    answered: bool,
}

/// What the console knows.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and none excludes another")]
pub struct State {
    /// What runs: "demo", or the configuration's path.
    pub title: Arc<str>,
    /// headend's version.
    pub version: &'static str,
    /// The board that is shown: as far as it came, or as it was (see [`lookback`]).
    pub board: Board,
    /// A board has come.
    pub connected: bool,
    /// The supervisor is another process, which goes on without this console.
    pub attached: bool,
    /// The supervisor is in this process, and may go on without this console.
    pub may_go_on: bool,
    /// Only streams that this query finds are on the board: others are not told of.
    pub only: Option<Arc<str>>,
    /// How many streams are in which health and phase.
    pub totals: Totals,
    /// The supervisor's clock.
    pub now: Moment,
    /// The terminal's size.
    pub size: Size,
    /// The screens on top of each other; the first one is the grid, the last one is seen.
    screens: Vec<Screen>,
    /// The grid's list.
    pub list: List,
    /// Who is not well.
    pub penalty: Penalty,
    /// Who ordered what.
    pub audit: AuditPage,
    /// What lasted.
    pub incidents: Incidents,
    /// What stands on the wall.
    pub wall: Wall,
    /// What was.
    pub lookback: Lookback,
    /// What time it is for people.
    clock: Clock,
    /// Whom a mute or a note that is being chosen or typed is for.
    aim: Option<Aim>,
    /// How the grid is arranged.
    pub arrangement: Arrangement,
    /// The streams that are selected together.
    pub chosen: Selected,
    /// What takes the last order back.
    pub undo: Option<Undo>,
    /// The title that is held with the mouse.
    drag: Option<drag::Drag>,
    /// The stream that is open.
    pub open: Option<StreamIx>,
    /// What is known about it beyond its row, as soon as it has come.
    pub detail: Option<Box<Detail>>,
    /// Its log.
    pub log: LogPane,
    /// What charts show.
    pub charts: Charts,
    /// Where one looks on the pages with several parts.
    pub pages: Pages,
    /// The workers that take most.
    pub tops: Tops,
    /// When a key was pressed last.
    pressed_at: Option<Moment>,
    /// Where headend's own log is looked at.
    pub own_log: OwnLog,
    own_log_seen: Moment,
    /// The first line of the help that is seen.
    pub help_top: usize,
    /// What is looked for in the help, and whether there is one in front.
    pub help: help::Help,
    /// What stands in front and takes the keys.
    pub overlay: Option<Overlay>,
    /// What was typed before.
    earlier: AllEarlier,
    /// The keys, as this operator has them.
    pub keymap: Arc<Keymap>,
    /// Colours and signs.
    pub looks: Looks,
    /// What the operator wishes of the console.
    wishes: Wishes,
    /// What is wrong with the files that say so.
    pub mistakes: Vec<Mistake>,
    /// Clicks and the wheel come here, and do not select text.
    pub mouse: bool,
    clicked: mouse::Clicked,
    alarm: alarm::Alarm,
    /// What is said in the footer.
    pub toast: Option<Toast>,
    /// What was said before it and is not over.
    older_toasts: VecDeque<Toast>,
    /// headend is leaving.
    pub leaving: Option<Leaving>,
    /// Where the operator is on earth, for the log's times.
    pub zone: TimeZone,
    /// Where files go that the operator saves.
    pub exports: Option<PathBuf>,
    /// One is being written.
    saving: bool,
    /// How wide the texts of the board are.
    widest: Widest,
    pending: VecDeque<Pending>,
    next_seq: u64,
    /// The number of the last order.
    last_order: u64,
    slots_order: Option<SlotsOrder>,
    /// When the supervisor was last told that someone looks at the open stream.
    looked_at: Option<Moment>,
    /// Whether the supervisor thinks that readings are shown here.
    told_readings: bool,
    dirty: Dirty,
    /// When a visible age changes; set after each frame.
    ages_due: Option<Moment>,
}

impl State {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(title: &str, version: &'static str, size: Size, zone: TimeZone) -> Self {
        Self {
            title: title.into(),
            version,
            board: Board::default(),
            connected: false,
            attached: false,
            may_go_on: false,
            only: None,
            totals: Totals::default(),
            now: Moment::ZERO,
            size,
            screens: vec![Screen::Grid],
            list: List::default(),
            penalty: Penalty::default(),
            audit: AuditPage::default(),
            incidents: Incidents::default(),
            wall: Wall::default(),
            lookback: Lookback::default(),
            clock: Clock::default(),
            aim: None,
            arrangement: Arrangement::default(),
            chosen: Selected::default(),
            undo: None,
            drag: None,
            open: None,
            detail: None,
            log: LogPane::default(),
            charts: Charts::default(),
            pages: Pages::default(),
            tops: Tops::default(),
            pressed_at: None,
            own_log: OwnLog::default(),
            own_log_seen: Moment::ZERO,
            help_top: 0,
            help: help::Help::default(),
            overlay: None,
            earlier: AllEarlier::default(),
            keymap: Arc::default(),
            looks: Looks::new(Surroundings::default()),
            wishes: Wishes::default(),
            mistakes: Vec::new(),
            mouse: false,
            clicked: None,
            alarm: alarm::Alarm::default(),
            toast: None,
            older_toasts: VecDeque::new(),
            leaving: None,
            zone,
            exports: None,
            saving: false,
            widest: Widest::default(),
            pending: VecDeque::new(),
            next_seq: 1,
            last_order: 0,
            slots_order: None,
            looked_at: None,
            told_readings: true,
            dirty: Dirty::Now,
            ages_due: None,
        }
    }

    /// What the screen is about.
    #[must_use]
    pub fn screen(&self) -> Screen {
        self.screens.last().copied().unwrap_or(Screen::Grid)
    }

    /// How soon a frame is wanted.
    #[must_use]
    pub const fn dirty(&self) -> Dirty {
        self.dirty
    }

    fn want(&mut self, dirty: Dirty) {
        self.dirty = self.dirty.max(dirty);
    }

    /// A frame was drawn from this state.
    pub fn drawn(&mut self) {
        self.dirty = Dirty::Clean;
        self.ages_due = self.next_age_change();
    }

    /// Where things stand on the screen.
    #[must_use]
    pub fn areas(&self) -> Areas {
        // The machine's screen lists them all.
        let listed = self.screen() == Screen::Machine;
        let notices = if listed { 0 } else { notices::lines(&self.board.notices).len() };
        let wrong = !self.mistakes.is_empty();
        let mine = [self.leaving.is_some(), self.is_frozen(), self.silent_for().is_some(), wrong];
        let banners = cells(notices) + mine.map(u16::from).iter().sum::<u16>();
        layout::areas(self.size, banners, self.screen() == Screen::Grid)
    }

    /// How wide the texts of the board are.
    #[must_use]
    pub const fn widest(&self) -> Widest {
        self.widest
    }

    /// How many of how many streams are told of, and by what they are found; where there is little room the
    /// latter alone. `None`: all are told of.
    #[must_use]
    pub fn only_words(&self) -> Option<(String, String)> {
        let short = format!("only {}", self.only.as_ref()?);
        let (here, all) = (self.board.rows.len(), self.board.pool.streams as usize);
        Some((format!("{here} of {}, {short}", all.max(here)), short))
    }

    /// Why there are no streams on the board.
    #[must_use]
    pub fn no_streams(&self) -> String {
        let none = |only| format!("no stream is found by --only {only}");
        self.only.as_ref().map_or_else(|| "no streams are configured".to_owned(), none)
    }

    /// The row that commands go to.
    #[must_use]
    pub fn target(&self) -> Option<&Row> {
        let ix = match self.screen() {
            Screen::Grid => self.list.selected,
            Screen::Penalty => self.penalty.list.selected,
            _ => self.open,
        };
        self.row(ix?)
    }

    /// The notice of a rollout that has stopped.
    #[must_use]
    pub fn rollout(&self) -> Option<&Notice> {
        self.board.notices.iter().find(|notice| notice.kind == NoticeKind::Rollout)
    }

    /// A row.
    #[must_use]
    pub fn row(&self, ix: StreamIx) -> Option<&Row> {
        self.board.rows.get(&ix).map(AsRef::as_ref)
    }

    /// Whether changes of this row can be seen, where the grid has room for `height` lines.
    fn is_visible(&self, ix: StreamIx, height: usize) -> bool {
        match self.screen() {
            Screen::Grid => self.list.is_visible(ix, height),
            Screen::Stream | Screen::Log => self.open == Some(ix),
            _ => false,
        }
    }
}
