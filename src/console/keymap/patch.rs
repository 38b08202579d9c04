//! keys.toml: what the operator has changed about the keys.
//!
//! ```toml
//! [everywhere]
//! quit = "ctrl-q"
//! [grid]
//! sort-next = ["o", ">"]
//! open = []
//! ```
//!
//! A table is a place, a key in it an action, and its value the keys that do it there, instead of
//! those it had. `everywhere` is wherever the action works; a place's own table wins over it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Bound, Does, Key, Keymap, Places, TABLE};
use crate::console::mistake::{Mistake, Sheet, kind_of, meant, quote};

/// The largest keys.toml that is read, bytes.
pub const MAX_BYTES: u64 = 64 * 1024;
/// Keys that one action may have in one place.
pub const MAX_KEYS: usize = 8;

/// Nobody may lock themselves in: these have a key wherever they work.
const ESSENTIAL: [Does; 3] = [Does::Quit, Does::Back, Does::Help];

/// One entry of the file.
struct Entry {
    /// Written under `everywhere`.
    everywhere: bool,
    /// Where it changes something.
    places: Places,
    does: Does,
    keys: Vec<Key>,
    span: Range<usize>,
}

/// The keys as `text`, which stands in `file`, changes them.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(file: &str, text: &str) -> Result<Keymap, Vec<Mistake>> {
    let mut sheet = Sheet::new(file, text);
    let table = sheet.parse();
    let mut entries = Vec::new();
    for (name, value) in &table {
        let (Some(place), Some(actions)) = (place(name, &mut sheet), actions(name, value, &mut sheet)) else {
            continue;
        };
        for (action, keys) in actions {
            entries.extend(entry(place, action, keys, &mut sheet));
        }
    }
    // The closer one wins, wherever it stands.
    entries.sort_by_key(|entry| !entry.everywhere);
    let mut keymap = Keymap::default();
    for entry in &entries {
        keymap.change(entry);
    }
    if !entries.is_empty() {
        conflicts(&keymap, &entries, &mut sheet);
        essentials(&keymap, &entries, &mut sheet);
    }
    sheet.finish(keymap)
}

fn place(name: &Spanned<std::borrow::Cow<'_, str>>, sheet: &mut Sheet<'_>) -> Option<Places> {
    let found = Places::of_name(name.get_ref());
    if found.is_none() {
        let places: Vec<&str> = names_of_places().collect();
        let near = meant(name.get_ref(), places.iter().copied());
        let also = if near.is_empty() { format!(": write one of {}", places.join(", ")) } else { near };
        sheet.wrong(name.span(), format!("{} is no place{also}", quote(name.get_ref())));
    }
    found
}

fn names_of_places() -> impl Iterator<Item = &'static str> {
    std::iter::once(Places::EVERYWHERE).chain(Places::EACH.iter().map(|(_, word)| *word))
}

fn actions<'t, 'i>(
    name: &Spanned<std::borrow::Cow<'_, str>>,
    value: &'t Spanned<DeValue<'i>>,
    sheet: &mut Sheet<'_>,
) -> Option<&'t DeTable<'i>> {
    let table = value.get_ref().as_table();
    // What is no place was told already.
    if table.is_none() && Places::of_name(name.get_ref()).is_some() {
        let found = kind_of(value.get_ref());
        let text =
            format!("{} is {found}: write [{}] and its actions below", quote(name.get_ref()), name.get_ref());
        sheet.wrong(value.span(), text);
    }
    table
}

fn entry(
    place: Places,
    action: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
    sheet: &mut Sheet<'_>,
) -> Option<Entry> {
    let name = action.get_ref().as_ref();
    let keys = keys(value, sheet);
    let Some(does) = Does::of_name(name) else {
        let near = meant(name, Does::ALL.iter().map(|does| does.name()));
        let also = if near.is_empty() { ": `headend keys` prints them all" } else { &near };
        sheet.wrong(action.span(), format!("{} is no action{also}", quote(name)));
        return None;
    };
    let works = TABLE.iter().find(|binding| binding.does == does)?.places;
    let everywhere = place == Places::ALL;
    let places = if everywhere { works } else { works.both(place) };
    if places.is_none() {
        let text = format!("{} does nothing there: it works in {}", quote(name), works.words());
        sheet.wrong(action.span(), text);
        return None;
    }
    Some(Entry { everywhere, places, does, keys: keys?, span: value.span() })
}

/// The keys of one entry: a name, or a list of names.
fn keys(value: &Spanned<DeValue<'_>>, sheet: &mut Sheet<'_>) -> Option<Vec<Key>> {
    let one = std::slice::from_ref(value);
    let names = match value.get_ref() {
        DeValue::String(_) => one,
        DeValue::Array(names) => names,
        other => {
            let text = format!("{} is no key: write a name in quotes, or a list of them", kind_of(other));
            sheet.wrong(value.span(), text);
            return None;
        }
    };
    if names.len() > MAX_KEYS {
        sheet.wrong(value.span(), format!("{} keys for one action: write at most {MAX_KEYS}", names.len()));
        return None;
    }
    let mut keys: Vec<Key> = Vec::new();
    let mut all = true;
    for name in names {
        let read = match name.get_ref().as_str() {
            Some(text) => Key::parse(text),
            None => Err(format!("{} is no key: write its name in quotes", kind_of(name.get_ref()))),
        };
        match read {
            Ok(key) if keys.contains(&key) => {}
            Ok(key) => keys.push(key),
            Err(why) => {
                all = false;
                sheet.wrong(name.span(), why);
            }
        }
    }
    all.then_some(keys)
}

impl Keymap {
    /// Gives an action other keys in some places; its line is cut in two when it works in more.
    fn change(&mut self, entry: &Entry) {
        let mut bounds = Vec::with_capacity(self.bounds.len() + 1);
        for bound in self.bounds.drain(..) {
            let (here, elsewhere) = (bound.places.both(entry.places), bound.places.but(entry.places));
            if bound.binding.does != entry.does || here.is_none() {
                bounds.push(bound);
                continue;
            }
            bounds.push(Bound { places: here, keys: entry.keys.clone(), ..bound });
            if !elsewhere.is_none() {
                bounds.push(Bound { places: elsewhere, ..bound });
            }
        }
        self.bounds = bounds;
    }
}

/// A key that does two things in one place.
struct Conflict<'a> {
    /// Where it was written; where both were, the later one.
    entry: &'a Entry,
    other: Does,
    key: Key,
    places: Places,
}

fn conflicts(keymap: &Keymap, entries: &[Entry], sheet: &mut Sheet<'_>) {
    let mut found: Vec<Conflict<'_>> = Vec::new();
    for (n, one) in keymap.lines().iter().enumerate() {
        for other in &keymap.lines()[n + 1..] {
            let places = one.places.both(other.places);
            for key in one.keys.iter().filter(|key| !places.is_none() && other.keys.contains(key)) {
                found.extend(conflict(one, other, *key, places, entries));
            }
        }
    }
    while let Some(Conflict { entry, other, key, mut places }) = found.pop() {
        // A line that was cut in two is told as one.
        found.retain(|c| {
            let same = c.entry.span == entry.span && c.other == other && c.key == key;
            places = if same { places.and(c.places) } else { places };
            !same
        });
        let (key, name, other) = (quote(&key.name()), entry.does.name(), other.name());
        let places = places.words();
        let text = format!(
            "{key} does {name} and {other} in {places}: give one of them another key, or {other} = []"
        );
        sheet.wrong(entry.span.clone(), text);
    }
}

fn conflict<'a>(
    one: &Bound,
    other: &Bound,
    key: Key,
    places: Places,
    entries: &'a [Entry],
) -> Option<Conflict<'a>> {
    let (one, other) = (one.binding.does, other.binding.does);
    let written = entries.iter().filter(|entry| {
        (entry.does == one || entry.does == other)
            && entry.keys.contains(&key)
            && !entry.places.both(places).is_none()
    });
    let entry = written.max_by_key(|entry| entry.span.start)?;
    let other = if entry.does == one { other } else { one };
    Some(Conflict { entry, other, key, places })
}

fn essentials(keymap: &Keymap, entries: &[Entry], sheet: &mut Sheet<'_>) {
    // While something is frozen these keys come first.
    let frozen: Vec<Key> = keymap.at(Places::FROZEN).flat_map(|bound| bound.keys.iter().copied()).collect();
    for does in ESSENTIAL {
        let name = does.name();
        let own = || entries.iter().filter(move |entry| entry.does == does);
        let of_does = || keymap.lines().iter().filter(move |bound| bound.binding.does == does);
        if let Some(bound) = of_does().find(|bound| bound.keys.is_empty()) {
            let places = bound.places.words();
            let text = format!(
                "{name} has no key left in {places}: whoever sits there needs one, write {name} = \"...\""
            );
            let entry = own().find(|entry| entry.keys.is_empty());
            sheet.wrong(entry.map_or(0..0, |entry| entry.span.clone()), text);
        } else if of_does().any(|bound| bound.keys.iter().all(|key| frozen.contains(key))) {
            let text = format!("{name} has no key left while something is frozen: leave it one");
            let entry = entries.iter().rfind(|entry| entry.places == Places::FROZEN).or_else(|| own().next());
            sheet.wrong(entry.map_or(0..0, |entry| entry.span.clone()), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use proptest::prelude::*;

    use super::*;

    fn does(keymap: &Keymap, place: Places, key: &str) -> Option<Does> {
        let key = Key::parse(key).unwrap();
        keymap.at(place).find(|bound| bound.keys.contains(&key)).map(|bound| bound.binding.does)
    }

    fn wrong(text: &str) -> Vec<String> {
        let mistakes = read("keys.toml", text).unwrap_err();
        mistakes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_changes_only_what_it_names() {
        let text =
            "[everywhere]\nquit = \"ctrl-q\"\n[grid]\nsort-next = [\"O\", \"alt-s\"]\nsort-reverse = []\n";
        let keymap = read("keys.toml", text).unwrap();
        assert_eq!(does(&keymap, Places::MACHINE, "ctrl-q"), Some(Does::Quit));
        assert_eq!(does(&keymap, Places::GRID, "q"), None);
        assert_eq!(does(&keymap, Places::GRID, "O"), Some(Does::SortNext));
        assert_eq!(does(&keymap, Places::GRID, "o"), None);
        assert_eq!(does(&keymap, Places::GRID, "alt-s"), Some(Does::SortNext));
        assert_eq!(does(&keymap, Places::GRID, "j"), Some(Does::Down));
        assert_eq!(keymap.key_for(Does::Quit), "ctrl-q");
        assert_eq!(keymap.key_for(Does::SortReverse), "");
        assert_eq!(read("keys.toml", "").unwrap(), Keymap::default());
        let event = KeyEvent::new(KeyCode::Char('s'), KeyModifiers::ALT);
        assert_eq!(keymap.look_up(Places::GRID, &event), Some(Does::SortNext));
    }

    #[test]
    fn a_place_wins_over_everywhere_wherever_it_stands() {
        let text = "[log]\ndown = \"e\"\n[everywhere]\ndown = [\"F9\", \"down\"]\n";
        let keymap = read("keys.toml", text).unwrap();
        assert_eq!(does(&keymap, Places::LOG, "e"), Some(Does::Down));
        assert_eq!(does(&keymap, Places::LOG, "down"), None);
        assert_eq!(does(&keymap, Places::GRID, "F9"), Some(Does::Down));
        assert_eq!(does(&keymap, Places::GRID, "j"), None);
        let lines = keymap.markdown();
        assert!(lines.contains("| `e` | down | down | log |"), "{lines}");
        assert!(lines.contains("| `F9` `down` | down | down | all but log |"), "{lines}");
    }

    #[test]
    fn a_key_that_does_two_things_is_told_naming_both() {
        assert_eq!(
            wrong("[grid]\nopen = \"x\"\n"),
            ["keys.toml:2:8: \"x\" does open and stop in grid: give one of them another key, or stop = []"]
        );
        assert_eq!(
            wrong("[grid]\nstop = \"K\"\n[everywhere]\nstart = \"K\"\n"),
            ["keys.toml:4:9: \"K\" does start and stop in grid: give one of them another key, or stop = []"]
        );
        // The same key twice for one action is no conflict, and neither is one that was given away.
        assert!(read("keys.toml", "[grid]\nopen = [\"x\", \"x\"]\nstop = []\n").is_ok());
        assert!(read("keys.toml", "[everywhere]\nopen = \"x\"\nstop = \"X\"\nstop-all = []\n").is_ok());
    }

    #[test]
    fn nobody_can_lock_themselves_in() {
        let told = wrong("[everywhere]\nquit = []\n[log]\nback = []\n");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("keys.toml:2:8: quit has no key left in everywhere"), "{told:?}");
        assert!(told[1].starts_with("keys.toml:4:8: back has no key left in log"), "{told:?}");
        assert!(read("keys.toml", "[log]\nback = \"F12\"\n").is_ok());
        // Keys of what is frozen come before those of the place.
        assert!(read("keys.toml", "[frozen]\nstep-back = \"q\"\n").is_ok(), "ctrl-c is left");
        let told = wrong("[frozen]\nstep-back = [\"q\", \"ctrl-c\"]\n");
        assert_eq!(told, ["keys.toml:2:13: quit has no key left while something is frozen: leave it one"]);
        assert!(read("keys.toml", "[everywhere]\nstep-back = \"F7\"\n").is_ok());
    }

    #[test]
    fn mistakes_are_told_with_their_place_and_what_was_meant() {
        let text = "quit = \"q\"\n[gird]\n[grid]\nopne = \"e\"\nsort = 3\nwrap = \"w\"\nopen = [\"ctr-x\", 7]\n\
                    fly = \"y\"\n[own log]\n";
        let told = wrong(text);
        assert!(told[0].starts_with("keys.toml:9:5: this is no TOML"), "{told:?}");
        let told = wrong(&text.replace("[own log]", "[machine]\nstart = []"));
        let parts = [
            "1:1: \"quit\" is no place: write one of everywhere, grid, ",
            "2:2: \"gird\" is no place; did you mean \"grid\"?",
            "4:1: \"opne\" is no action; did you mean \"open\"?",
            "5:1: \"sort\" is no action",
            "5:8: the number 3 is no key",
            "6:1: \"wrap\" does nothing there: it works in stream, log",
            "7:9: \"ctr-x\" is no key",
            "7:18: the number 7 is no key",
            "8:1: \"fly\" is no action: `headend keys` prints them all",
            "10:1: \"start\" does nothing there: it works in grid, stream",
        ];
        assert_eq!(told.len(), parts.len(), "{told:#?}");
        for (told, part) in told.iter().zip(parts) {
            assert!(told.starts_with(&format!("keys.toml:{part}")), "{told}\n{part}");
        }
    }

    #[test]
    fn an_action_has_so_many_keys_and_no_more() {
        let keys: Vec<String> = (1..=9).map(|n| format!("\"F{n}\"")).collect();
        let told = wrong(&format!("[grid]\nopen = [{}]\n", keys.join(", ")));
        assert_eq!(told, ["keys.toml:2:8: 9 keys for one action: write at most 8"]);
    }

    proptest! {
        #[test]
        fn no_text_hurts(text in "(?s).{0,200}", tables in "(\\[(grid|log|everywhere)\\]\n(open|quit|down) = (\\[\\]|\"[a-z]\"|[0-9])\n){0,6}") {
            let _ = read("keys.toml", &text);
            if let Ok(keymap) = read("keys.toml", &tables) {
                for (place, _) in Places::EACH {
                    for bound in keymap.at(place) {
                        for key in &bound.keys {
                            let same = keymap.at(place).filter(|b| b.keys.contains(key)).count();
                            prop_assert_eq!(same, 1);
                        }
                    }
                }
            }
        }
    }
}
