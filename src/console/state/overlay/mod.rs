//! What stands in front of a screen and takes the keys first: a question, a line being typed, a
//! list to choose from. One at a time.

pub mod columns;
pub mod earlier;
pub mod edit;
pub mod picker;
pub mod prompt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::update::Effect;
use super::{Question, Screen, State};
use crate::console::keymap::{Does, Places};
use columns::ColumnList;
use edit::LineEdit;
use picker::Picker;
use prompt::Prompt;

/// What stands in front.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// Something is asked before it is done.
    Question(Question),
    /// A line is typed, at the bottom of the screen.
    Prompt(Prompt),
    /// Something is chosen from a list.
    Picker(Picker),
    /// The columns are chosen, moved and sized.
    Columns(ColumnList),
}

/// Whether it is ctrl-c, which leaves from everywhere.
fn is_interrupt(key: &KeyEvent) -> bool {
    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL)
}

impl State {
    /// What is asked, if something is.
    #[must_use]
    pub fn question(&self) -> Option<&Question> {
        match &self.overlay {
            Some(Overlay::Question(question)) => Some(question),
            _ => None,
        }
    }

    /// The line being typed, if one is.
    #[must_use]
    pub fn prompt(&self) -> Option<&Prompt> {
        match &self.overlay {
            Some(Overlay::Prompt(prompt)) => Some(prompt),
            _ => None,
        }
    }

    /// Asks something.
    pub(super) fn ask(&mut self, question: Question) {
        self.overlay = Some(Overlay::Question(question));
    }

    /// The key goes to what stands in front. `None`: nothing does, or the key goes through it.
    pub(super) fn pressed_in_front(&mut self, key: &KeyEvent) -> Option<Vec<Effect>> {
        if self.overlay.is_some() && std::mem::take(&mut self.help.front) {
            // Whatever it was: it was pressed to go on.
            return Some(Vec::new());
        }
        if self.asks_for_help(key) {
            self.help.front = true;
            return Some(Vec::new());
        }
        match self.overlay {
            None => None,
            Some(Overlay::Question(_)) => Some(self.pressed_in_question(key)),
            Some(_) if is_interrupt(key) => {
                self.drop_overlay();
                None
            }
            Some(Overlay::Prompt(_)) => Some(self.pressed_in_prompt(key)),
            Some(Overlay::Picker(_)) => Some(self.pressed_in_picker(key)),
            Some(Overlay::Columns(_)) => Some(self.pressed_in_columns(key)),
        }
    }

    /// Whether the key asks for help on what stands in front; where a text is typed, no character does.
    fn asks_for_help(&self, key: &KeyEvent) -> bool {
        let typed = !matches!(self.overlay, Some(Overlay::Question(_)) | None);
        let text =
            typed && matches!(key.code, KeyCode::Char(_)) && !key.modifiers.contains(KeyModifiers::CONTROL);
        // In the help itself no key is for help.
        let place = if self.screen() == Screen::Help { Places::GRID } else { self.screen().place() };
        let help = || self.keymap.look_up(place, key) == Some(Does::Help);
        self.overlay.is_some() && !text && help()
    }

    /// Leaves what stands in front without doing it.
    pub(super) fn drop_overlay(&mut self) {
        match self.overlay.take() {
            Some(Overlay::Prompt(prompt)) => self.prompt_dropped(&prompt),
            Some(Overlay::Picker(picker)) => self.picker_dropped(&picker),
            Some(Overlay::Question(_) | Overlay::Columns(_)) | None => {}
        }
    }

    fn pressed_in_question(&mut self, key: &KeyEvent) -> Vec<Effect> {
        let interrupt = is_interrupt(key);
        match key.code {
            KeyCode::Char('y' | 'Y') => self.confirm(),
            KeyCode::Char('d' | 'D') if self.may_go_on && self.question() == Some(&Question::Quit) => {
                self.drop_overlay();
                vec![Effect::Detach]
            }
            // Whoever presses it again means it.
            _ if interrupt && self.question() == Some(&Question::Quit) => self.confirm(),
            KeyCode::Char('n' | 'N' | 'q') | KeyCode::Esc => {
                self.drop_overlay();
                Vec::new()
            }
            _ => {
                if interrupt {
                    self.drop_overlay();
                }
                Vec::new()
            }
        }
    }

    /// Text was pasted; `cut`: there was more of it.
    pub(super) fn pasted(&mut self, text: &str, cut: bool) {
        let paste = |edit: &mut LineEdit| edit.paste(text, cut);
        // Whoever pastes goes on.
        self.help.front = false;
        let on_the_wall = self.screen() == Screen::Wall;
        match &mut self.overlay {
            Some(Overlay::Prompt(prompt)) => {
                paste(&mut prompt.edit);
                self.prompt_changed();
            }
            Some(Overlay::Picker(picker)) => {
                paste(&mut picker.edit);
                picker.narrow();
                self.picker_moved();
            }
            Some(Overlay::Question(_) | Overlay::Columns(_)) => {}
            None if on_the_wall => {}
            None => {
                let filter = self.keymap.key_for(Does::Filter);
                self.say(format!("pasted text is ignored here: press {filter} first to filter by it"), true);
            }
        }
    }
}
