//! A line typed at the bottom of the screen, and what becomes of it.

use crossterm::event::{KeyCode, KeyEvent};

use super::{LineEdit, Overlay};
use crate::console::state::State;
use crate::console::state::update::Effect;
use crate::model::query;

/// What the line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptFor {
    /// The filter of the grid, which works while it is typed.
    Filter,
    /// The name of a view that is to be saved.
    ViewName,
}

impl PromptFor {
    /// What stands before the line.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Filter => "/",
            Self::ViewName => "save view as: ",
        }
    }
}

/// What is wrong with the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where, in bytes of the line.
    pub at: usize,
    /// What, and what to write instead.
    pub text: String,
}

/// A line being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What for.
    pub purpose: PromptFor,
    /// The line.
    pub edit: LineEdit,
    /// What is wrong with it now.
    pub mistake: Option<Mistake>,
}

/// What is being typed at the end of a query.
fn last_word(text: &str) -> &str {
    text.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|' | '-' | '!'))
        .next()
        .unwrap_or(text)
}

/// What stands before the term that has its mistake at `at`.
fn before_mistake(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or(text);
    let term = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    before.get(..term).unwrap_or("")
}

impl State {
    /// Begins a line.
    pub(in crate::console::state) fn prompt_for(&mut self, purpose: PromptFor, text: &str) {
        self.overlay = Some(Overlay::Prompt(Prompt { purpose, edit: LineEdit::of(text), mistake: None }));
    }

    pub(super) fn pressed_in_prompt(&mut self, key: &KeyEvent) -> Vec<Effect> {
        let Some(Overlay::Prompt(prompt)) = &mut self.overlay else {
            return Vec::new();
        };
        match key.code {
            KeyCode::Enter => return self.prompt_done(),
            KeyCode::Esc => self.drop_overlay(),
            // Out of an empty line there is only one way.
            KeyCode::Backspace if prompt.edit.text().is_empty() => self.drop_overlay(),
            _ => match prompt.edit.pressed(key) {
                Some(true) => self.prompt_changed(),
                Some(false) => {}
                None => self.moved_in_prompt(key),
            },
        }
        Vec::new()
    }

    /// A key that is none of the line's: the list behind it moves.
    fn moved_in_prompt(&mut self, key: &KeyEvent) {
        if self.prompt().is_none_or(|prompt| prompt.purpose != PromptFor::Filter) {
            return;
        }
        match key.code {
            KeyCode::Up => self.move_by(-1),
            KeyCode::Down => self.move_by(1),
            KeyCode::PageUp => self.move_by(-self.page()),
            KeyCode::PageDown => self.move_by(self.page()),
            _ => {}
        }
    }

    /// The line has changed.
    pub(super) fn prompt_changed(&mut self) {
        let Some(Overlay::Prompt(prompt)) = &mut self.overlay else {
            return;
        };
        prompt.mistake = None;
        match prompt.purpose {
            PromptFor::Filter => {
                let before = self.list.filter.clone();
                let text = prompt.edit.text().to_owned();
                // While it has a mistake the last one without stays in force.
                if let Err(mistake) = self.list.set_filter(&text) {
                    let before = before_mistake(&text, mistake.at).to_owned();
                    prompt.mistake = Some(Mistake { at: mistake.at, text: mistake.text });
                    // The one without may be a half-typed field, which found nothing as a word.
                    if self.list.order.is_empty() && self.list.set_filter(&before).is_ok() {
                        self.rebuild();
                    }
                    return;
                }
                self.rebuild();
                // So it does while a field is being typed.
                if self.list.order.is_empty() && query::Field::may_begin_with(last_word(&text)) {
                    let _ = self.list.set_filter(&before);
                    self.rebuild();
                }
            }
            PromptFor::ViewName => {}
        }
    }

    /// The line is taken as it is.
    fn prompt_done(&mut self) -> Vec<Effect> {
        let Some(Overlay::Prompt(mut prompt)) = self.overlay.take() else {
            return Vec::new();
        };
        let done = match prompt.purpose {
            // With a mistake it is not done.
            PromptFor::Filter => match self.list.set_filter(prompt.edit.text()) {
                Ok(()) => {
                    self.rebuild();
                    Ok(Vec::new())
                }
                Err(query::Mistake { at, text }) => Err(Mistake { at, text }),
            },
            PromptFor::ViewName => self.save_view(prompt.edit.text()),
        };
        done.unwrap_or_else(|mistake| {
            prompt.mistake = Some(mistake);
            self.overlay = Some(Overlay::Prompt(prompt));
            Vec::new()
        })
    }

    /// The line is dropped.
    pub(super) fn prompt_dropped(&mut self, prompt: &Prompt) {
        match prompt.purpose {
            PromptFor::Filter => {
                let faults_only = self.list.faults_only;
                self.list.drop_filter();
                self.list.faults_only = faults_only;
                self.rebuild();
            }
            PromptFor::ViewName => {}
        }
    }
}
