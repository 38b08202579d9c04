//! How what happens changes what the console knows.

use std::time::Duration;

use ratatui::layout::Size;

use super::log::News;
use super::logs::SaveLines;
use super::{Dirty, Leaving, Screen, State, notices};
use crate::console::decode::Typed;
use crate::console::wishes::{Calls, Told};
use crate::link::{ClientMessage, LinkState, ServerMessage};
use crate::model::Moment;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// The operator did something.
    Typed(Typed),
    /// The terminal has another size.
    Resized(Size),
    /// The terminal must be drawn anew.
    Redraw,
    /// The supervisor told something.
    Told(ServerMessage),
    /// Time went on.
    Clock,
    /// Whether there is a supervisor at the other end of the link.
    Link(LinkState),
    /// The supervisor was last heard so long ago, whether that was news or not.
    Heard(Duration),
    /// The wall clock at [`Moment::ZERO`], milliseconds since the Unix epoch, is not what was told
    /// before.
    WallClock(i64),
    /// A file was written, or not: what is to be said about it.
    Saved(Result<String, String>),
    /// Something that was to be done did not work.
    Failed(String),
    /// The operator's files were read.
    Files(Box<Told>),
}

/// Something to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell the supervisor.
    Send(ClientMessage),
    /// Tell the service that the operator wants to leave.
    AskToQuit,
    /// The operator does not want to wait for the end.
    Hurry,
    /// Leave, and let the supervisor go on.
    Detach,
    /// The supervisor has ended.
    Ended {
        /// The operator asked for it here.
        asked: bool,
    },
    /// Draw everything anew, also what has not changed.
    Redraw,
    /// Go to sleep, as the shell does it.
    Suspend,
    /// Give a text to the terminal's clipboard.
    Copy(String),
    /// Write lines to a file, elsewhere than on this thread; [`Event::Saved`] tells of it.
    Save(SaveLines),
    /// Write this for the next start.
    Remember(String),
    /// Let the terminal tell of clicks and the wheel, or no longer.
    Mouse(bool),
    /// Ask the terminal for its background.
    AskBackground,
    /// Call someone.
    Call {
        /// How.
        calls: Calls,
        /// Why, in one line.
        text: String,
    },
}

/// A message may have been on its way this long without its time being believed more than ours.
const BEHIND: Duration = Duration::from_secs(3);

/// The supervisor's time, when we think that it is `known` and a message says that it is `told`.
///
/// A little earlier is no news. Much earlier is: the supervisor does not count the time in which it
/// did not run, as when headend was stopped or the machine slept.
pub fn believed(known: Moment, told: Moment) -> Moment {
    if told > known || known.since(told) > BEHIND { told } else { known }
}

/// Brings `state` up to date with `event`, which happened at `now`.
pub fn update(state: &mut State, now: Moment, event: Event) -> Vec<Effect> {
    state.now = now;
    let mut effects = take_in(state, event);
    effects.extend(state.hold_title());
    effects.extend(state.readings_wanted());
    effects.extend(state.old_lines_wanted());
    effects.extend(state.ask_for_incidents());
    effects.extend(state.orders_wanted());
    effects
}

fn take_in(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Typed(typed) => state.typed(typed),
        Event::Resized(size) => {
            state.size = size;
            state.fit_to_size();
            state.want(Dirty::Now);
            Vec::new()
        }
        Event::Redraw => {
            state.want(Dirty::Now);
            vec![Effect::Redraw]
        }
        Event::Told(message) => state.told(message),
        Event::Files(told) => state.files_told(*told),
        Event::Clock => {
            state.clock();
            state.call().into_iter().collect()
        }
        Event::Link(link) => {
            state.link_is(link);
            Vec::new()
        }
        Event::Heard(ago) => {
            state.heard(ago);
            Vec::new()
        }
        Event::Saved(outcome) => {
            state.saved(outcome);
            Vec::new()
        }
        Event::Failed(text) => {
            state.say(text, true);
            state.want(Dirty::Now);
            Vec::new()
        }
        Event::WallClock(wall_zero) => {
            state.wall_clock(wall_zero);
            Vec::new()
        }
    }
}

impl State {
    fn typed(&mut self, typed: Typed) -> Vec<Effect> {
        match typed {
            Typed::Key(key) => {
                self.want(Dirty::Typed);
                return self.pressed(key);
            }
            Typed::Mouse(mouse) => return self.moused(mouse),
            Typed::Paste { text, cut } => {
                self.want(Dirty::Typed);
                self.pasted(&text, cut);
            }
            Typed::Background(background) => self.background_told(background),
        }
        Vec::new()
    }

    fn told(&mut self, message: ServerMessage) -> Vec<Effect> {
        match message {
            ServerMessage::Board(mut board) => {
                notices::put_in_order(&mut board.notices);
                let closed = self.follow_ids(&board);
                if self.attached {
                    // One that leaves says so again; this may be the next one.
                    self.leaving = None;
                }
                self.take_board(*board);
                return closed.into_iter().chain(self.look()).collect();
            }
            ServerMessage::Delta(mut delta) => {
                delta.notices.iter_mut().for_each(|notices| notices::put_in_order(notices));
                return self.take_delta(&delta);
            }
            ServerMessage::Answer { seq, answer } => self.answered(seq, &answer),
            ServerMessage::Log { stream, first, lines, missed, fresh } => {
                self.told_log(News { stream, first, lines, missed, fresh });
            }
            ServerMessage::OldLog { seq, old, .. } => self.told_old_log(seq, old),
            ServerMessage::Detail(detail) => {
                if self.open == Some(detail.stream) && self.detail.as_ref() != Some(&detail) {
                    self.detail = Some(detail);
                    if self.screen() == Screen::Stream && !self.sees_only_log() {
                        self.want(Dirty::Now);
                    }
                }
            }
            ServerMessage::History(history) => self.take_history(*history),
            ServerMessage::Audit { seq, entries } => self.told_audit(seq, entries),
            ServerMessage::Incidents { seq, page } => self.told_incidents(seq, *page),
            ServerMessage::Leaving { workers_left } => {
                let asked = self.leaving.is_some_and(|l| l.asked);
                self.leaving = Some(Leaving { asked, left: Some(workers_left) });
                self.fit_to_size();
                self.want(Dirty::Now);
                // Who is attached waits for the next one.
                if workers_left == 0 && !self.attached {
                    return vec![Effect::Ended { asked }];
                }
            }
        }
        Vec::new()
    }

    fn clock(&mut self) {
        self.drop_toasts();
        let sorts = self.sorts_by_itself() && self.list.sort_due().is_some_and(|at| at <= self.now);
        if sorts && self.settle() {
            self.want(Dirty::Now);
        }
        if self.ages_due.is_some_and(|at| at <= self.now) {
            self.ages_due = None;
            self.want(Dirty::Figures);
        }
        self.look_for_silence();
        self.penalty_clock();
        self.wall_ticks();
        if self.screen() == Screen::OwnLog && self.own_log_seen + super::OWN_LOG_EVERY <= self.now {
            self.own_log_seen = self.now;
            self.want(Dirty::Lines);
        }
    }
}
