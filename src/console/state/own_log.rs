//! Where headend's own log is looked at.

use log::LevelFilter;
use tui_logger::{TuiWidgetEvent, TuiWidgetState};

/// The pane of headend's own log. Its lines are tui-logger's, which keeps a bounded number of them.
pub struct OwnLog {
    /// tui-logger's own state: what is on the screen.
    pub pane: TuiWidgetState,
    /// Lines below this are hidden.
    level: LevelFilter,
}

impl Default for OwnLog {
    fn default() -> Self {
        Self { pane: TuiWidgetState::new(), level: LevelFilter::Info }
    }
}

impl OwnLog {
    /// Hides info, then warnings too, then nothing again. There is nothing below info in it.
    pub fn turn_level(&mut self) {
        self.level = match self.level {
            LevelFilter::Info => LevelFilter::Warn,
            LevelFilter::Warn => LevelFilter::Error,
            _ => LevelFilter::Info,
        };
        self.pane = std::mem::take(&mut self.pane).set_default_display_level(self.level);
        // What was in the middle may be hidden now.
        self.pane.transition(TuiWidgetEvent::EscapeKey);
    }

    /// What is hidden, in words; `None`: nothing.
    #[must_use]
    pub const fn hidden(&self) -> Option<&'static str> {
        match self.level {
            LevelFilter::Warn => Some("warnings and errors only"),
            LevelFilter::Error => Some("errors only"),
            _ => None,
        }
    }

    /// Moves by a page up or down, however many lines are asked for: tui-logger knows pages only. To
    /// the last line when `lines` is half of the largest number.
    pub fn scroll(&self, lines: isize) {
        self.pane.transition(match lines {
            _ if lines == isize::MAX / 2 => TuiWidgetEvent::EscapeKey,
            ..0 => TuiWidgetEvent::PrevPageKey,
            _ => TuiWidgetEvent::NextPageKey,
        });
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;
    use log::{Level, Record};

    use crate::console::state::State;
    use crate::console::tests::support::*;

    /// A line of each level. Other tests write into the same log at the same time.
    fn write() {
        let drain = tui_logger::Drain::new();
        for (level, text) in
            [(Level::Error, "it broke"), (Level::Warn, "it may break"), (Level::Info, "it went well")]
        {
            let args = format_args!("{text}");
            drain.log(&Record::builder().level(level).target("headend").args(args).build());
        }
        tui_logger::move_events();
    }

    fn wait_shown(state: &State, text: &str) -> String {
        for _ in 0..1_000 {
            write();
            let shown = screen(state);
            if shown.contains(text) {
                return shown;
            }
        }
        panic!("{text} is not shown: {}", screen(state));
    }

    #[test]
    fn its_level_is_turned_and_told_and_everything_comes_back() {
        let mut state = state(80, 24, board(3));
        press(&mut state, KeyCode::Char('L'));
        wait_shown(&state, "it went well");
        press(&mut state, KeyCode::Char('f'));
        let shown = wait_shown(&state, "it may break");
        assert!(!shown.contains("it went well") && shown.contains("warnings and errors only"), "{shown}");
        press(&mut state, KeyCode::Char('f'));
        let shown = wait_shown(&state, "it broke");
        assert!(!shown.contains("it may break") && shown.contains("errors only"), "{shown}");
        press(&mut state, KeyCode::Char('f'));
        let shown = wait_shown(&state, "it went well");
        assert!(!shown.contains(" only"), "{shown}");
    }

    #[test]
    fn it_scrolls_by_pages_and_comes_back_to_the_end() {
        let mut state = state(80, 24, board(3));
        press(&mut state, KeyCode::Char('L'));
        for _ in 0..50 {
            write();
        }
        let end = wait_shown(&state, "it broke");
        assert!(end.matches("it ").count() >= 10, "{end}");
        press(&mut state, KeyCode::PageUp);
        screen(&state);
        press(&mut state, KeyCode::Char('G'));
        wait_shown(&state, "it broke");
    }
}
