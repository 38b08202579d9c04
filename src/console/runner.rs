//! The console's thread: waits, updates, draws.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nix::libc::SIGCONT;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ratatui::Terminal;
use ratatui::layout::Size;

use super::backend::QuietBackend;
use super::frames::Frames;
use super::inbox::{FromTerminal, Inbox, Mail};
use super::input::Input;
use super::keeper::Keeper;
use super::state::State;
use super::state::update::{Effect, Event, believed, update};
use super::state::wants::Wants;
use super::terminal::{self, Taken};
use super::theme::Surroundings;
use super::watch::Watch;
use super::wishes::{self, Wishes};
use super::{ConsoleError, Ending, Settings, escape, osc52, remembered, saving, view};
use crate::link::{ClientMessage, Link, ServerMessage};
use crate::model::Moment;

/// The link is read at most this often: what comes in between is one merged delta.
const TAKE_EVERY: Duration = Duration::from_millis(33);

/// A wall is looked at from afar: once a second is often enough, where that saves anything.
const WALL_PACE: Duration = Duration::from_secs(1);

/// The wall clock is told anew when it is off by more milliseconds than this.
const WALL_CLOCK_JITTER: u64 = 500;

/// How long a signal to oneself may take until it stops every thread.
const FALLS_ASLEEP_IN: Duration = Duration::from_millis(50);

/// Runs the console on this thread, until it ends; the terminal is given back then.
///
/// `asked_to_quit` is called once, when the operator wants to leave; the console then stays and
/// shows how many workers are left, until [`ServerMessage::Leaving`] says zero.
///
/// # Errors
/// When there is no terminal to run on, or no such theme. Losing the terminal later is no error but
/// an [`Ending`].
pub fn run(
    link: Box<dyn Link>,
    settings: Settings,
    asked_to_quit: impl Fn() + Send + 'static,
) -> Result<Ending, ConsoleError> {
    let Settings { source, title, exports, version, wall, attached, may_go_on, remember, only, says } =
        settings;
    let around = Surroundings::read();
    let told = wishes::read(&source, &Wishes::default(), around.depth());
    if let Some(wish) = told.wishes.as_ref().and_then(|w| w.theme.as_ref()).filter(|wish| wish.firm) {
        wish.read(around.depth()).map_err(ConsoleError::Theme)?;
    }
    if !terminal::is_there() {
        return Err(ConsoleError::NoTerminal);
    }
    let inbox = Arc::new(Inbox::default());
    let waker = Arc::clone(&inbox);
    link.wake_by(Arc::new(move || waker.link_has_something()));
    let size = terminal::size().map_err(ConsoleError::Terminal)?;
    let backend = QuietBackend::new(terminal::writer().map_err(ConsoleError::Terminal)?, size);
    let screen = Terminal::new(backend).map_err(ConsoleError::Terminal)?;
    let taken = Taken::take().map_err(ConsoleError::Terminal)?;
    let input = Input::start(Arc::clone(&inbox)).map_err(ConsoleError::Terminal)?;
    inbox.link_has_something();
    let depth = around.depth();
    let mut state = State::new(&title, version, size, TimeZone::system());
    state.begin(around, told.clone());
    (state.attached, state.may_go_on) = (attached, may_go_on);
    state.only = only.map(Into::into);
    if wall {
        link.send(ClientMessage::Pace(WALL_PACE));
        state.wall_alone();
        state.mouse = false;
    }
    state.exports = exports;
    let (remembered, damage) = remember.as_deref().map(remembered::load).unwrap_or_default();
    let keeper = remember.and_then(|path| keeper(path, &inbox));
    state.recall(remembered, keeper.is_some());
    if let Some(damage) = damage {
        inbox.failed(damage);
    }
    let files = Arc::clone(&inbox);
    let watch = Watch::start(source, told, depth, move |told| files.files_say(told));
    if let Err(error) = &watch {
        log::warn!("changes of the console's files are not seen: {error}");
    }
    if let Some(text) = says {
        state.say(text, true);
    }
    let runner = Runner {
        state,
        keeper,
        link,
        inbox,
        screen,
        clock: Clock::new(Instant::now()),
        frames: Frames::default(),
        wall_zero: None,
        taken_at: None,
        link_waits: false,
        told: Wants::default(),
        asked_to_quit,
        ending: None,
    };
    let ending = runner.run();
    drop(taken);
    drop(watch);
    Ok(if input.end() { ending } else { Ending::Defect })
}

/// What keeps the file at `path` up to date.
fn keeper(path: PathBuf, inbox: &Arc<Inbox>) -> Option<Keeper> {
    let inbox = Arc::clone(inbox);
    let keeper = Keeper::start(path, move |failure| inbox.failed(failure));
    keeper.map_err(|error| log::warn!("nothing of the screen is remembered: {error}")).ok()
}

/// The supervisor's clock, carried on between the messages that tell it.
#[derive(Debug, Clone, Copy)]
struct Clock {
    told: Moment,
    told_at: Instant,
}

impl Clock {
    const fn new(at: Instant) -> Self {
        Self { told: Moment::ZERO, told_at: at }
    }

    fn now(&self, at: Instant) -> Moment {
        self.told + at.saturating_duration_since(self.told_at)
    }

    /// A message says that it is `moment`.
    fn told(&mut self, moment: Moment, at: Instant) {
        if believed(self.now(at), moment) == moment {
            *self = Self { told: moment, told_at: at };
        }
    }

    fn instant(&self, moment: Moment) -> Instant {
        let ahead = self.told.until(moment);
        // Further ahead than any clock goes: a day is as good.
        self.told_at.checked_add(ahead).unwrap_or(self.told_at + Duration::from_secs(86_400))
    }
}

struct Runner<F: Fn()> {
    state: State,
    keeper: Option<Keeper>,
    link: Box<dyn Link>,
    inbox: Arc<Inbox>,
    screen: Terminal<QuietBackend<File>>,
    clock: Clock,
    frames: Frames,
    /// What the state was told of the wall clock.
    wall_zero: Option<i64>,
    taken_at: Option<Instant>,
    /// The link has something that was not taken yet.
    link_waits: bool,
    /// What the supervisor was told that the screen needs.
    told: Wants,
    asked_to_quit: F,
    ending: Option<Ending>,
}

impl<F: Fn()> Runner<F> {
    fn run(mut self) -> Ending {
        let ending = self.until_ended();
        let backend = self.screen.backend();
        log::debug!(
            "the console ended: {ending:?}, {} bytes in {} frames",
            backend.bytes(),
            backend.writes()
        );
        ending
    }

    fn until_ended(&mut self) -> Ending {
        self.set_up();
        loop {
            let mail = self.inbox.wait(self.wakes_at());
            crate::defect::on_purpose("console");
            self.take_in(mail);
            self.tell_wall_clock();
            // Nobody is woken for what no screen shows, and that the supervisor lives is such a thing.
            if self.state.old_from() <= self.clock.now(Instant::now()) {
                self.tell(Event::Heard(self.link.heard_ago()));
            }
            self.tell(Event::Clock);
            self.ask_for_what_is_needed();
            if let Some(ending) = self.ending {
                return ending;
            }
            // Someone gave the terminal back, most likely a panic elsewhere: it is no longer ours.
            if !terminal::is_ours() {
                return Ending::TerminalLost;
            }
            if self.frame_at().is_some_and(|at| at <= Instant::now())
                && let Err(error) = self.draw()
            {
                log::warn!("the terminal can't be written any more: {error}");
                return Ending::TerminalLost;
            }
        }
    }

    /// When the next frame is due, if one is wanted.
    fn frame_at(&self) -> Option<Instant> {
        self.frames.due(self.state.dirty(), Instant::now())
    }

    fn take_at(&self) -> Option<Instant> {
        self.link_waits.then(|| self.taken_at.map_or_else(Instant::now, |at| at + TAKE_EVERY))
    }

    fn wakes_at(&self) -> Option<Instant> {
        let clock = self.state.deadline().map(|moment| self.clock.instant(moment));
        [self.frame_at(), self.take_at(), clock].into_iter().flatten().min()
    }

    fn take_in(&mut self, mail: Mail) {
        self.link_waits |= mail.link;
        if let Some(failure) = mail.failed {
            log::warn!("{failure}");
            self.tell(Event::Failed(failure));
        }
        if let Some(outcome) = mail.saved {
            self.tell(Event::Saved(outcome));
        }
        if let Some(told) = mail.files {
            self.tell(Event::Files(told));
        }
        for from_terminal in mail.terminal {
            match from_terminal {
                FromTerminal::Typed(typed) => self.tell(Event::Typed(typed)),
                FromTerminal::Resized(size) => self.resize(size),
                FromTerminal::Continued => self.take_back(),
                FromTerminal::Lost => self.ending = Some(Ending::TerminalLost),
            }
        }
        if self.take_at().is_some_and(|at| at <= Instant::now()) {
            self.take_messages();
        }
    }

    fn take_messages(&mut self) {
        self.link_waits = false;
        self.taken_at = Some(Instant::now());
        // What comes now may have waited: it was told then.
        let ago = self.link.heard_ago();
        self.tell(Event::Link(self.link.state()));
        for message in self.link.take() {
            let at = match &message {
                ServerMessage::Board(board) => Some(board.at),
                ServerMessage::Delta(delta) => Some(delta.at),
                _ => None,
            };
            if let Some(at) = at {
                self.clock.told(at + ago, Instant::now());
            }
            self.tell(Event::Told(message));
        }
        self.tell(Event::Heard(ago));
    }

    /// Charts and details are full in the frame in which they open.
    fn ask_for_what_is_needed(&mut self) {
        let wants = self.state.wants();
        let asks = wants.beyond(&self.told);
        self.told = wants;
        if asks.is_empty() {
            return;
        }
        for message in asks {
            self.link.send(message);
        }
        self.take_messages();
    }

    fn tell(&mut self, event: Event) {
        let now = self.clock.now(Instant::now());
        for effect in update(&mut self.state, now, event) {
            self.carry_out(effect);
        }
    }

    /// Tells the state what time it is for people, when that is not what it thinks.
    fn tell_wall_clock(&mut self) {
        let now = self.clock.now(Instant::now());
        let zero = Timestamp::now().as_millisecond().saturating_sub(now.millis());
        if self.wall_zero.is_none_or(|told| told.abs_diff(zero) > WALL_CLOCK_JITTER) {
            self.wall_zero = Some(zero);
            self.tell(Event::WallClock(zero));
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Send(message) => {
                let opens_log = matches!(&message, ClientMessage::FollowLogs(streams) if !streams.is_empty());
                self.link.send(message);
                // The pane is full in the frame in which it opens.
                if opens_log {
                    self.take_messages();
                }
            }
            Effect::AskToQuit => (self.asked_to_quit)(),
            Effect::Hurry => self.ending = Some(Ending::Hurried),
            Effect::Detach => self.ending = Some(Ending::Detached),
            Effect::Ended { asked: true } => self.ending = Some(Ending::Quit),
            Effect::Ended { asked: false } => self.ending = Some(Ending::SupervisorGone),
            Effect::Redraw => self.redraw(),
            Effect::Suspend => self.suspend(),
            Effect::Remember(text) => {
                if let Some(keeper) = &self.keeper {
                    keeper.keep(text);
                }
            }
            Effect::Copy(text) => self.copy(&text),
            Effect::Save(order) => {
                let inbox = Arc::clone(&self.inbox);
                if let Err(error) = saving::start(order, move |outcome| inbox.saved(outcome)) {
                    self.tell(Event::Saved(Err(format!("nothing is saved: no thread: {error}"))));
                }
            }
            Effect::Mouse(on) => self.say(escape::mouse(on)),
            Effect::Call { calls, text } => {
                let bytes = escape::call(calls, &text, self.state.looks.around().tmux);
                self.say(&bytes);
            }
            Effect::AskBackground => {
                // Before the question: the answer may be here before the next line is run.
                self.inbox.expect_answer();
                self.say(escape::ASK_BACKGROUND);
            }
        }
    }

    fn copy(&mut self, text: &str) {
        let bytes = osc52::sequence(text, self.state.looks.around().tmux);
        if let Err(error) = self.screen.backend_mut().say(&bytes) {
            log::warn!("nothing is copied: {error}");
        }
    }

    /// Says something to the terminal that is no part of the picture. When it can't be said, the next
    /// frame can't be drawn either.
    fn say(&mut self, bytes: &[u8]) {
        if let Err(error) = self.screen.backend_mut().say(bytes) {
            log::warn!("the terminal can't be written: {error}");
        }
    }

    /// Tells the terminal what it is to tell, after it was taken.
    fn set_up(&mut self) {
        for effect in self.state.set_up() {
            self.carry_out(effect);
        }
    }

    fn resize(&mut self, size: Size) {
        if size == self.state.size {
            // It had another one in between, and has lost what did not fit that.
            self.tell(Event::Redraw);
            return;
        }
        self.screen.backend_mut().set_size(size);
        self.tell(Event::Resized(size));
    }

    /// The next frame draws everything.
    fn redraw(&mut self) {
        let size = self.state.size;
        self.screen.backend_mut().forget();
        // Resizing to the same size clears the screen through the backend; ratatui's own clear
        // would ask the terminal for its cursor.
        let area = ratatui::layout::Rect::new(0, 0, size.width, size.height);
        if let Err(error) = self.screen.resize(area) {
            log::warn!("the terminal can't be cleared: {error}");
        }
    }

    fn suspend(&mut self) {
        let woken = Arc::new(AtomicBool::new(false));
        let listens = signal_hook::flag::register(SIGCONT, Arc::clone(&woken)).ok();
        terminal::restore();
        // The whole foreground group, as the terminal's own ctrl-z does it: whoever started headend
        // (make, a script) waits for it and must sleep too. Workers have groups of their own. Where
        // no shell could wake it again the kernel ignores the signal, and headend just goes on.
        if let Err(error) = kill(Pid::from_raw(0), Signal::SIGTSTP) {
            log::warn!("headend can't be put to sleep: {error}");
        }
        // The signal may take effect on another thread first; this one must not go on before.
        std::thread::sleep(FALLS_ASLEEP_IN);
        self.take_back();
        if !woken.load(Ordering::SeqCst) {
            self.tell(Event::Failed("no shell here could wake headend: it goes on".into()));
        }
        if let Some(id) = listens {
            signal_hook::low_level::unregister(id);
        }
    }

    /// Takes the terminal again after headend was asleep.
    fn take_back(&mut self) {
        match Taken::take().and_then(|taken| terminal::size().map(|size| (taken, size))) {
            Ok((taken, size)) => {
                // The guard of the whole run gives it back.
                std::mem::forget(taken);
                self.set_up();
                self.resize(size);
                self.tell(Event::Redraw);
            }
            Err(error) => {
                log::warn!("the terminal can't be taken again: {error}");
                self.ending = Some(Ending::TerminalLost);
            }
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let state = &self.state;
        self.screen.draw(|frame| view::draw(state, &state.looks.look, frame))?;
        self.frames.drawn(Instant::now());
        self.state.drawn();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_on_between_messages_and_never_back() {
        let begin = Instant::now();
        let after = |ms| begin + Duration::from_millis(ms);
        let mut clock = Clock::new(begin);
        clock.told(Moment::from_millis(90_000), after(1_000));
        assert_eq!(clock.now(after(3_000)), Moment::from_millis(92_000));
        clock.told(Moment::from_millis(91_500), after(3_000));
        assert_eq!(clock.now(after(3_000)), Moment::from_millis(92_000));
        assert_eq!(clock.instant(Moment::from_millis(95_000)), after(6_000));
        assert!(clock.instant(Moment::from_millis(i64::MAX)) > begin);
    }
}
