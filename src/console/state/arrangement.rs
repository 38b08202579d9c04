//! How the grid is arranged: density, columns, and the views that bring both with a filter.

use std::sync::Arc;

use super::State;
use super::overlay::picker::{Item, Pick, Picker};
use super::overlay::prompt::{Mistake, PromptFor};
use super::update::Effect;
use crate::console::columns::{self, Placed, Wanted};
use crate::console::keymap::Does;
use crate::console::remembered::Remembered;
use crate::model::{ColumnChoice, Density, LAST_VIEW_KEY, MAX_VIEW_NAME, MAX_VIEWS, SortBy, View, clean};

/// A view there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What it shows, and the key it is on now.
    pub view: View,
    /// It was saved from the screen; else it is the configuration's.
    pub saved: bool,
}

/// How the grid is arranged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// How much room a stream is given.
    pub density: Density,
    /// The columns that were chosen; empty: those that suit the screen.
    pub columns: Vec<ColumnChoice>,
    /// Those that were chosen without a view, to come back to.
    own: Vec<ColumnChoice>,
    configured: Vec<View>,
    saved: Vec<View>,
    /// The views there are, the configuration's first.
    pub views: Vec<Named>,
    /// The view that was called for last.
    active: Option<Arc<str>>,
    /// What is changed is remembered for the next start.
    pub remembers: bool,
}

impl Arrangement {
    fn named(&self, name: &str) -> Option<&View> {
        self.views.iter().map(|named| &named.view).find(|view| &*view.name == name)
    }

    /// The view on a number key.
    fn on_key(&self, key: u8) -> Option<&View> {
        self.views.iter().map(|named| &named.view).find(|view| view.key == Some(key))
    }

    fn free_key(&self) -> Option<u8> {
        (1..=LAST_VIEW_KEY).find(|key| self.on_key(*key).is_none())
    }

    /// Takes over the configuration's views.
    pub fn configure(&mut self, views: Vec<View>) {
        self.configured = views;
        self.configured.truncate(MAX_VIEWS);
        self.list_views();
    }

    /// Lists all views. Of two on one key the configuration's keeps it, and of two with one name the
    /// saved one is not seen, until the configuration's is gone.
    fn list_views(&mut self) {
        self.views = self.configured.iter().map(|view| Named { view: view.clone(), saved: false }).collect();
        for view in &self.saved {
            if self.configured.iter().all(|other| other.name != view.name) {
                let key = view.key.filter(|key| self.on_key(*key).is_none());
                self.views.push(Named { view: View { key, ..view.clone() }, saved: true });
            }
        }
        for at in 0..self.views.len() {
            let free = self.free_key();
            let Named { view, saved } = &mut self.views[at];
            if *saved && view.key.is_none() {
                view.key = free;
            }
        }
    }

    /// What is to be remembered, but for the theme.
    fn to_remember(&self) -> Remembered {
        Remembered { columns: self.own.clone(), views: self.saved.clone(), theme: None }
    }
}

impl State {
    /// Takes over what was remembered of earlier runs; `remembers`: what changes is remembered too.
    pub fn recall(&mut self, remembered: Remembered, remembers: bool) {
        let Remembered { columns, views, theme } = remembered;
        let arrangement = &mut self.arrangement;
        arrangement.remembers = remembers;
        arrangement.columns.clone_from(&columns);
        (arrangement.own, arrangement.saved) = (columns, views);
        arrangement.saved.truncate(MAX_VIEWS);
        arrangement.list_views();
        self.looks.recall(theme);
    }

    /// The columns of the grid.
    #[must_use]
    pub fn columns(&self) -> Vec<Placed> {
        let Arrangement { density, columns, .. } = &self.arrangement;
        let wanted = if columns.is_empty() { Wanted::Usual(*density) } else { Wanted::Chosen(columns) };
        columns::place(self.size.width, self.widest, wanted)
    }

    /// Shows these columns from now on, and remembers them; none: those that suit the screen.
    pub(super) fn set_columns(&mut self, columns: Vec<ColumnChoice>) -> Vec<Effect> {
        if self.show_columns(columns) { self.remember() } else { Vec::new() }
    }

    /// Shows these columns; says whether that is to be remembered. A view keeps its own.
    pub(super) fn show_columns(&mut self, columns: Vec<ColumnChoice>) -> bool {
        let arrangement = &mut self.arrangement;
        arrangement.columns.clone_from(&columns);
        let of_view = arrangement.active.as_deref().and_then(|name| arrangement.named(name));
        if of_view.is_some_and(|view| !view.columns.is_empty()) {
            return false;
        }
        arrangement.own = columns;
        true
    }

    /// What is to be remembered has changed.
    pub(super) fn remember(&self) -> Vec<Effect> {
        if !self.arrangement.remembers {
            return Vec::new();
        }
        let theme = self.looks.kept().cloned();
        vec![Effect::Remember(Remembered { theme, ..self.arrangement.to_remember() }.write())]
    }

    /// What is shown now, as a view.
    fn as_view(&self, name: &str, key: Option<u8>) -> View {
        let Arrangement { density, columns, own, .. } = &self.arrangement;
        View {
            name: name.into(),
            key,
            filter: self.list.filter.trim().into(),
            faults: self.list.faults_only,
            sort: self.list.sort,
            columns: if columns == own { Vec::new() } else { columns.clone() },
            density: *density,
            grouped: self.list.grouped,
        }
    }

    /// The view that is shown, and whether something was changed since it was called for.
    #[must_use]
    pub fn shown_view(&self) -> Option<(&View, bool)> {
        let view = self.arrangement.named(self.arrangement.active.as_deref()?)?;
        let columns = if view.columns.is_empty() { &self.arrangement.own } else { &view.columns };
        let same = *columns == self.arrangement.columns
            && View { columns: view.columns.clone(), ..self.as_view(&view.name, view.key) } == *view;
        Some((view, !same))
    }

    fn show_view(&mut self, view: View) {
        self.arrangement.active = Some(Arc::clone(&view.name)).filter(|name| !name.is_empty());
        let own = &self.arrangement.own;
        self.arrangement.columns = if view.columns.is_empty() { own.clone() } else { view.columns };
        self.arrangement.density = view.density;
        (self.list.sort, self.list.grouped) = (view.sort, view.grouped);
        self.list.drop_filter();
        self.list.faults_only = view.faults;
        if let Err(mistake) = self.list.set_filter(&view.filter) {
            self.say(format!("the view {}: {mistake}", view.name), true);
        }
        self.rebuild();
        self.list.show_first();
    }

    /// The view on a number key; 0: as it was without a view.
    pub(super) fn show_view_on(&mut self, key: u8) {
        if key == 0 {
            self.show_view(View::default());
        } else if let Some(view) = self.arrangement.on_key(key).cloned() {
            self.show_view(view);
        } else {
            let save = self.keymap.key_for(Does::ViewSave);
            self.say(format!("no view is on {key}: {save} saves what is shown as one"), true);
        }
    }

    /// The view of this name.
    pub(super) fn show_view_named(&mut self, name: &str) {
        if let Some(view) = self.arrangement.named(name).cloned() {
            self.show_view(view);
        }
    }

    /// All views, to choose from.
    pub(super) fn choose_view(&mut self) {
        let item = |label: String, note: String, key: String, pick| Item { label, note, key, pick };
        let mut items: Vec<Item> = Vec::new();
        for Named { view, saved } in &self.arrangement.views {
            let key = view.key.map(|key| self.keymap.key_for(view_key(key))).unwrap_or_default();
            let from = if *saved { "saved" } else { "configured" };
            let note = format!("{from}: {}", in_words(view));
            items.push(item(view.name.to_string(), note, key, Pick::View(Arc::clone(&view.name))));
        }
        let default = "all streams, as the configuration has them".to_owned();
        let key = |does| self.keymap.key_for(does);
        items.push(item("no view".into(), default, key(Does::View0), Pick::Does(Does::View0)));
        let save = "save what is shown as a view".to_owned();
        items.push(item("save".into(), save, key(Does::ViewSave), Pick::Does(Does::ViewSave)));
        for Named { view, .. } in self.arrangement.views.iter().filter(|named| named.saved) {
            let label = format!("forget {}", view.name);
            items.push(item(label, "remove this saved view".into(), String::new(), {
                Pick::ForgetView(Arc::clone(&view.name))
            }));
        }
        self.pick_from(Picker::new("view", items));
    }

    /// Asks for the name under which what is shown is saved.
    pub(super) fn name_view(&mut self) {
        let name = self.shown_view().map(|(view, _)| view.name.to_string()).unwrap_or_default();
        self.prompt_for(PromptFor::ViewName, &name);
    }

    /// Saves what is shown under this name.
    pub(super) fn save_view(&mut self, name: &str) -> Result<Vec<Effect>, Mistake> {
        let mistake = |text: String| Mistake { at: 0, text };
        let name = clean(name.trim()).into_owned();
        if name.is_empty() {
            return Err(mistake("a view needs a name".into()));
        }
        if let Some((at, _)) = name.char_indices().nth(MAX_VIEW_NAME) {
            return Err(Mistake { at, text: format!("too long; at most {MAX_VIEW_NAME} characters") });
        }
        let arrangement = &self.arrangement;
        if arrangement.configured.iter().any(|view| *view.name == *name) {
            return Err(mistake("the configuration has a view of this name; choose another one".into()));
        }
        let before = arrangement.saved.iter().position(|view| *view.name == *name);
        if before.is_none() && arrangement.saved.len() >= MAX_VIEWS {
            return Err(mistake(format!("{MAX_VIEWS} views are saved already; forget one first")));
        }
        let key = match before {
            Some(_) => arrangement.named(&name).and_then(|view| view.key),
            None => arrangement.free_key(),
        };
        let view = self.as_view(&name, key);
        match before {
            Some(at) => self.arrangement.saved[at] = view,
            None => self.arrangement.saved.push(view),
        }
        self.arrangement.list_views();
        let place = key.map_or_else(
            || format!("in the list on {}", self.keymap.key_for(Does::Views)),
            |key| format!("on {}", self.keymap.key_for(view_key(key))),
        );
        let until = if self.arrangement.remembers { "" } else { ", until headend ends: it keeps no state" };
        self.say(format!("the view {name} is {place}{until}"), false);
        self.arrangement.active = Some(name.into());
        Ok(self.remember())
    }

    /// Removes a saved view.
    pub(super) fn forget_view(&mut self, name: &str) -> Vec<Effect> {
        self.arrangement.saved.retain(|view| &*view.name != name);
        self.arrangement.list_views();
        self.say(format!("the view {name} is forgotten"), false);
        self.remember()
    }
}

/// What shows the view on a number key.
const fn view_key(key: u8) -> Does {
    match key {
        1 => Does::View1,
        2 => Does::View2,
        3 => Does::View3,
        4 => Does::View4,
        5 => Does::View5,
        6 => Does::View6,
        7 => Does::View7,
        8 => Does::View8,
        9 => Does::View9,
        _ => Does::View0,
    }
}

/// What a view shows, in a few words.
fn in_words(view: &View) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(Some(view.filter.to_string()).filter(|filter| !filter.is_empty()));
    words.extend(view.faults.then(|| "faults only".to_owned()));
    words.extend((view.sort != SortBy::default()).then(|| format!("by {}", view.sort.word())));
    words.extend(view.grouped.then(|| "grouped".to_owned()));
    words.extend(match view.density {
        Density::One => None,
        Density::Two => Some("two lines".to_owned()),
        Density::Tiles => Some("tiles".to_owned()),
    });
    words.extend((!view.columns.is_empty()).then(|| super::counted(view.columns.len(), "column")));
    if words.is_empty() { "all streams".into() } else { words.join(", ") }
}
