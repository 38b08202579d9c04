//! What the operator wishes of the console, and the files that say so: the configuration's
//! `[console]`, keys.toml, a theme. Each is read whole or not at all.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keymap::{Keymap, patch};
use super::mistake::{MAX_MISTAKES, Mistake, read_file};
use super::theme::{Depth, Theme};
use crate::model::View;

/// What the operator may choose about the console. It may change while the console runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wishes {
    /// Which theme; `None`: what suits the terminal.
    pub theme: Option<ThemeWish>,
    /// Keys that are not as in the table.
    pub keys: Option<KeysFile>,
    /// Only ASCII, also on a terminal that knows more.
    pub ascii: bool,
    /// Clicks and the wheel do something.
    pub mouse: bool,
    /// How someone is called when a stream becomes critical.
    pub calls: Calls,
    /// What the grid can show on a key.
    pub views: Vec<View>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            theme: None,
            keys: None,
            ascii: false,
            mouse: true,
            calls: Calls::default(),
            views: Vec::new(),
        }
    }
}

/// A theme that is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeWish {
    /// A built-in theme's name, or the path of a `.toml` file.
    pub name: String,
    /// Where it is wished for: a file or an argument.
    pub file: String,
    /// The place in that file; zeros for an argument.
    pub at: (usize, usize),
    /// Asked for by an argument: what was picked another day does not win over it.
    pub firm: bool,
}

/// The file of the operator's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysFile {
    /// Where it is.
    pub path: PathBuf,
    /// Nobody named it: that it is not there is no mistake.
    pub optional: bool,
}

/// How someone is called when a stream becomes critical. All off by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Ring the terminal's bell.
    pub bell: bool,
    /// Ring it only inside tmux, which marks the window then.
    pub tmux_alert: bool,
    /// Show a notification.
    pub notify: Option<Notify>,
}

/// How a terminal is asked to show a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    /// OSC 9.
    Osc9,
    /// OSC 777.
    Osc777,
}

/// Reads what the configuration says of the console.
type Read = dyn Fn() -> Result<Wishes, Vec<Mistake>> + Send + Sync;

/// Where wishes come from.
#[derive(Clone)]
pub struct Source {
    /// The configuration, if there is one: it is watched for changes.
    pub config: Option<PathBuf>,
    /// Reads it, and says everything that is wrong with it.
    pub read: Arc<Read>,
}

impl Source {
    /// Wishes that never change.
    #[must_use]
    pub fn fixed(wishes: Wishes) -> Self {
        Self { config: None, read: Arc::new(move || Ok(wishes.clone())) }
    }
}

/// What the files said when they were read. What is `None` had mistakes: what was before stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// The configuration's part.
    pub wishes: Option<Wishes>,
    /// The keys.
    pub keymap: Option<Arc<Keymap>>,
    /// The theme that is wished for, when one is.
    pub theme: Option<Option<Theme>>,
    /// Everything that is wrong.
    pub mistakes: Vec<Mistake>,
}

/// Reads the files. `known`: the wishes there were, which name the files when the configuration
/// can't be read.
#[must_use]
pub fn read(source: &Source, known: &Wishes, depth: Depth) -> Told {
    let mut told = Told::default();
    match (source.read)() {
        Ok(wishes) => told.wishes = Some(wishes),
        Err(mistakes) => told.mistakes = mistakes,
    }
    let wishes = told.wishes.as_ref().unwrap_or(known);
    match keymap(wishes.keys.as_ref()) {
        Ok(keymap) => told.keymap = Some(Arc::new(keymap)),
        Err(mistakes) => told.mistakes.extend(mistakes),
    }
    match wishes.theme.as_ref().map(|wish| wish.read(depth)).transpose() {
        Ok(theme) => told.theme = Some(theme),
        Err(mistakes) => told.mistakes.extend(mistakes),
    }
    told.mistakes.truncate(MAX_MISTAKES);
    told
}

/// The keys that a file makes of the table.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn keymap(file: Option<&KeysFile>) -> Result<Keymap, Vec<Mistake>> {
    let Some(KeysFile { path, optional }) = file else { return Ok(Keymap::default()) };
    if *optional && !path.exists() {
        return Ok(Keymap::default());
    }
    let text = read_file(path, patch::MAX_BYTES).map_err(|mistake| vec![mistake])?;
    patch::read(&path.to_string_lossy(), &text)
}

impl ThemeWish {
    /// The theme.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(&self, depth: Depth) -> Result<Theme, Vec<Mistake>> {
        Theme::wished(&self.name, depth).map_err(|mut mistakes| {
            // What is no theme is told where it is wished for.
            for mistake in mistakes.iter_mut().filter(|m| m.line == 0 && !self.is_file()) {
                mistake.file.clone_from(&self.file);
                (mistake.line, mistake.column) = self.at;
            }
            mistakes
        })
    }

    /// Whether it is a file and not a built-in theme.
    #[must_use]
    pub fn is_file(&self) -> bool {
        Path::new(&self.name).extension().is_some_and(|ending| ending == "toml")
    }
}

/// Everything that is wrong with the files that `wishes` name.
#[must_use]
pub fn check(wishes: &Wishes) -> Vec<Mistake> {
    let source = Source::fixed(wishes.clone());
    read(&source, wishes, Depth::True).mistakes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(folder: &Path) -> Wishes {
        let theme = ThemeWish { name: "nrod".into(), file: "headend.toml".into(), at: (3, 9), firm: false };
        let keys = KeysFile { path: folder.join("keys.toml"), optional: true };
        Wishes { theme: Some(theme), keys: Some(keys), ..Wishes::default() }
    }

    #[test]
    fn what_is_wrong_leaves_the_rest_as_it_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut wishes = wishes(folder.path());
        let told = read(&Source::fixed(wishes.clone()), &Wishes::default(), Depth::True);
        assert_eq!(told.keymap.as_deref(), Some(&Keymap::default()));
        assert_eq!((told.theme, told.mistakes.len()), (None, 1));
        assert_eq!(
            told.mistakes[0].to_string(),
            "headend.toml:3:9: there is no theme \"nrod\"; did you mean \"nord\"?"
        );
        std::fs::write(folder.path().join("keys.toml"), "[grid]\nopen = \"x\"\n").unwrap();
        wishes.theme = None;
        let told = read(&Source::fixed(wishes.clone()), &Wishes::default(), Depth::True);
        assert_eq!((told.theme, told.keymap), (Some(None), None));
        assert!(told.mistakes[0].to_string().contains("keys.toml:2:8: \"x\" does open and stop"));
        assert_eq!(told.wishes, Some(wishes));
    }

    #[test]
    fn a_configuration_that_can_not_be_read_leaves_the_files_it_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys.toml"), "[grid]\nopen = \"e\"\n").unwrap();
        let known = Wishes { theme: None, ..wishes(folder.path()) };
        let mistake = Mistake { file: "headend.toml".into(), line: 1, column: 1, text: "no".into() };
        let wrong = mistake.clone();
        let source = Source { config: None, read: Arc::new(move || Err(vec![wrong.clone()])) };
        let told = read(&source, &known, Depth::True);
        assert_eq!((told.wishes, told.mistakes), (None, vec![mistake]));
        assert_eq!(told.keymap.unwrap().key_for(crate::console::keymap::Does::Open), "e");
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let mut wishes = Wishes { theme: None, ..wishes(folder.path()) };
        assert_eq!(check(&wishes), []);
        wishes.keys = wishes.keys.map(|keys| KeysFile { optional: false, ..keys });
        assert!(check(&wishes)[0].to_string().contains("keys.toml: No such file"));
    }
}
