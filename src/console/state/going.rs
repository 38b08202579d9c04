//! From screen to screen, and back.

use super::update::Effect;
use super::{Screen, State};
use crate::link::ClientMessage;
use crate::model::StreamIx;

impl State {
    /// Goes to a screen; one that is already below is gone back to.
    pub(super) fn go(&mut self, screen: Screen) {
        if let Some(at) = self.screens.iter().position(|s| *s == screen) {
            self.screens.truncate(at + 1);
        } else {
            self.screens.push(screen);
            self.pages.begin(screen);
        }
    }

    pub(super) fn open_selected(&mut self, screen: Screen) -> Vec<Effect> {
        let Some(ix) = self.target().map(|row| row.ix) else {
            self.say("no stream is selected".into(), true);
            return Vec::new();
        };
        self.go(screen);
        self.open_stream(ix)
    }

    /// Opens the worker under the cursor of the machine's list.
    pub(super) fn open_top(&mut self) -> Vec<Effect> {
        let Some(ix) = self.tops.selected() else {
            self.say("no worker has been measured yet".into(), true);
            return Vec::new();
        };
        self.go(Screen::Stream);
        self.open_stream(ix)
    }

    pub(super) fn open_stream(&mut self, ix: StreamIx) -> Vec<Effect> {
        self.open = Some(ix);
        // What is known of the same stream is still true: the supervisor tells nothing twice.
        self.detail = self.detail.take().filter(|detail| detail.stream == ix);
        self.page_anew();
        self.list.select_stream(ix);
        let follow = self.open_logs(&[ix]);
        self.fit_to_size();
        self.looked_at = None;
        let look = self.look();
        [follow].into_iter().chain(look).collect()
    }

    pub(super) fn open_neighbour(&mut self, forward: bool) -> Vec<Effect> {
        match self.neighbour(forward) {
            Some(ix) if Some(ix) != self.open => self.open_stream(ix),
            _ => Vec::new(),
        }
    }

    pub(super) fn back(&mut self) -> Vec<Effect> {
        if self.back_in_log() || self.back_in_audit() {
            return Vec::new();
        }
        if self.screens.len() > 1 {
            self.screens.pop();
            let still_open = self.screens.iter().any(|s| matches!(s, Screen::Stream | Screen::Log));
            if self.open.is_some() && !still_open {
                self.open = None;
                self.log.close();
                return vec![Effect::Send(ClientMessage::FollowLogs(Vec::new()))];
            }
        } else if !self.chosen.is_empty() {
            self.select_none();
        } else if self.list.is_filtered() {
            self.list.drop_filter();
            self.rebuild();
        } else if self.is_frozen() {
            self.go_live();
        } else {
            self.forget_toasts();
        }
        Vec::new()
    }
}
