//! Every key of the console, in one table. The footer, the help screen and the documentation are
//! made from it, and nothing else in the console knows a key.

use std::fmt::Write as _;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Does {
    /// One row or line up.
    Up,
    /// One row or line down.
    Down,
    /// A screenful up.
    PageUp,
    /// A screenful down.
    PageDown,
    /// To the first row or line.
    First,
    /// To the last row or line; in a log: follow it.
    Last,
    /// Open the selected stream.
    Open,
    /// One step back.
    Back,
    /// The stream above, while one is open.
    Previous,
    /// The stream below, while one is open.
    Next,
    /// Type a filter.
    Filter,
    /// Show only streams with a fault, or all again.
    Faults,
    /// Sort by the next column.
    SortNext,
    /// Sort by the column before.
    SortPrevious,
    /// Sort the other way round.
    SortReverse,
    /// Start the selected stream.
    Start,
    /// Stop the selected stream.
    Stop,
    /// Restart the selected stream.
    Restart,
    /// Start all streams shown.
    StartAll,
    /// Stop all streams shown.
    StopAll,
    /// Restart all streams shown.
    RestartAll,
    /// Go on with a rollout that has stopped.
    RolloutContinue,
    /// Turn a rollout that has stopped back.
    RolloutBack,
    /// A larger pool.
    SlotsMore,
    /// A smaller pool.
    SlotsFewer,
    /// As many slots as the machine carries.
    SlotsAuto,
    /// The selected stream's log on the whole screen.
    Log,
    /// Wrap long lines, or cut them.
    Wrap,
    /// The machine: processor, memory, files, slots.
    Machine,
    /// headend's own log.
    OwnLog,
    /// All keys.
    Help,
    /// Draw everything anew.
    Redraw,
    /// Put headend to sleep, as the shell does.
    Suspend,
    /// Leave.
    Quit,
}

/// Where a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places(u8);

impl Places {
    /// The grid of streams.
    pub const GRID: Self = Self(1);
    /// One stream's detail.
    pub const STREAM: Self = Self(2);
    /// One stream's log, on the whole screen.
    pub const LOG: Self = Self(4);
    /// headend's own log.
    pub const OWN_LOG: Self = Self(8);
    /// The machine.
    pub const MACHINE: Self = Self(16);
    /// The keys.
    pub const HELP: Self = Self(32);
    /// Everywhere.
    pub const ALL: Self = Self(63);

    /// Each place, with the word for it.
    pub const EACH: [(Self, &'static str); 6] = [
        (Self::GRID, "grid"),
        (Self::STREAM, "stream"),
        (Self::LOG, "log"),
        (Self::OWN_LOG, "own log"),
        (Self::MACHINE, "machine"),
        (Self::HELP, "help"),
    ];

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn but(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether `place` is one of these.
    #[must_use]
    pub const fn has(self, place: Self) -> bool {
        self.0 & place.0 != 0
    }

    /// The words for them: `everywhere`, or `grid, stream`.
    #[must_use]
    pub fn words(self) -> String {
        if self == Self::ALL {
            return "everywhere".into();
        }
        let words: Vec<&str> = Self::EACH.iter().filter(|(p, _)| self.has(*p)).map(|(_, w)| *w).collect();
        words.join(", ")
    }
}

/// A key as it is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    control: bool,
}

impl Key {
    const fn char(c: char) -> Self {
        Self { code: KeyCode::Char(c), control: false }
    }

    const fn control(c: char) -> Self {
        Self { code: KeyCode::Char(c), control: true }
    }

    const fn named(code: KeyCode) -> Self {
        Self { code, control: false }
    }

    fn matches(self, event: &KeyEvent) -> bool {
        let pressed = event.modifiers.difference(KeyModifiers::SHIFT);
        let wanted = if self.control { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        self.code == event.code && pressed == wanted
    }

    /// The key's name: `g`, `ctrl-c`, `page up`.
    #[must_use]
    pub fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(c) if self.control => format!("ctrl-{c}"),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::F(n) => format!("F{n}"),
            KeyCode::Up => "up".into(),
            KeyCode::Down => "down".into(),
            KeyCode::PageUp => "page up".into(),
            KeyCode::PageDown => "page down".into(),
            KeyCode::Home => "home".into(),
            KeyCode::End => "end".into(),
            KeyCode::Enter => "enter".into(),
            KeyCode::Esc => "esc".into(),
            KeyCode::Left => "left".into(),
            KeyCode::Right => "right".into(),
            KeyCode::Backspace => "backspace".into(),
            _ => "?".into(),
        };
        if name == " " { "space".into() } else { name }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What it does.
    pub does: Does,
    /// The keys that do it, the one to show first.
    pub keys: &'static [Key],
    /// Where they work.
    pub places: Places,
    /// Under which heading it stands in the help.
    pub chapter: &'static str,
    /// One word for the footer; empty: not in the footer.
    pub short: &'static str,
    /// What it does, for people.
    pub help: &'static str,
}

const MOVE: &str = "Moving";
const LOOK: &str = "Looking";
const ACT: &str = "Acting";
const GENERAL: &str = "General";

const ROWS: Places = Places::ALL;
const ONE: Places = Places::STREAM.and(Places::LOG);
const LOGS: Places = ONE;
const ROLLOUT: Places = Places::GRID.and(Places::STREAM).and(Places::MACHINE);
const ACTS: Places = Places::GRID.and(Places::STREAM);

macro_rules! binding {
    ($does:ident, $places:expr, $chapter:expr, $short:literal, $help:literal, [$($key:expr),+]) => {
        Binding {
            does: Does::$does,
            keys: &[$($key),+],
            places: $places,
            chapter: $chapter,
            short: $short,
            help: $help,
        }
    };
}

use KeyCode::{Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Up};

/// The table. The footer shows its lines from the top until the screen's width is used.
const TABLE: &[Binding] = &[
    binding!(
        Back,
        Places::ALL,
        MOVE,
        "back",
        "one step back; in the grid: drop the filter",
        [Key::named(Esc), Key::named(KeyCode::Backspace)]
    ),
    binding!(
        RolloutContinue,
        ROLLOUT,
        ACT,
        "continue",
        "take a rollout's next step although it has stopped; asks first",
        [Key::char('c')]
    ),
    binding!(
        RolloutBack,
        ROLLOUT,
        ACT,
        "turn back",
        "stop the streams of a rollout's last step again; asks first",
        [Key::char('b')]
    ),
    binding!(
        SlotsMore,
        Places::MACHINE,
        ACT,
        "more slots",
        "a larger pool: by one, from 20 on by a tenth",
        [Key::char('+'), Key::char('=')]
    ),
    binding!(
        SlotsFewer,
        Places::MACHINE,
        ACT,
        "fewer",
        "a smaller pool: the lowest priority gives way first",
        [Key::char('-')]
    ),
    binding!(
        SlotsAuto,
        Places::MACHINE,
        ACT,
        "auto",
        "as many slots as the machine carries",
        [Key::char('a')]
    ),
    binding!(Open, Places::GRID, LOOK, "open", "the selected stream with its log", [Key::named(Enter)]),
    binding!(Start, ACTS, ACT, "start", "start the stream and keep it running", [Key::char('s')]),
    binding!(Stop, ACTS, ACT, "stop", "stop the stream and keep it stopped", [Key::char('x')]),
    binding!(Restart, ACTS, ACT, "restart", "replace the stream's worker now", [Key::char('r')]),
    binding!(
        Filter,
        Places::GRID,
        LOOK,
        "filter",
        "filter by name, id, group, phase or condition",
        [Key::char('/')]
    ),
    binding!(
        Faults,
        Places::GRID,
        LOOK,
        "faults",
        "only streams with a fault, or all again",
        [Key::char('f')]
    ),
    binding!(
        SortNext,
        Places::GRID,
        LOOK,
        "sort",
        "sort by the next column",
        [Key::char('o'), Key::char('>')]
    ),
    binding!(SortPrevious, Places::GRID, LOOK, "", "sort by the column before", [Key::char('<')]),
    binding!(SortReverse, Places::GRID, LOOK, "", "sort the other way round", [Key::char('O')]),
    binding!(Log, ACTS, LOOK, "log", "the stream's log on the whole screen", [Key::char('l')]),
    binding!(Wrap, LOGS, LOOK, "wrap", "wrap long lines, or cut them", [Key::char('w')]),
    binding!(Next, ONE, MOVE, "next", "the next stream of the grid", [Key::char('n'), Key::named(Right)]),
    binding!(Previous, ONE, MOVE, "previous", "the stream before it", [Key::char('p'), Key::named(Left)]),
    binding!(
        Machine,
        Places::ALL.but(Places::MACHINE),
        LOOK,
        "machine",
        "processor, memory, files and slots",
        [Key::char('m')]
    ),
    binding!(
        OwnLog,
        Places::ALL.but(Places::OWN_LOG),
        LOOK,
        "own log",
        "what headend itself has to say",
        [Key::char('L')]
    ),
    binding!(
        Help,
        Places::ALL.but(Places::HELP),
        GENERAL,
        "help",
        "all keys",
        [Key::char('?'), Key::named(F(1))]
    ),
    binding!(
        Quit,
        Places::ALL,
        GENERAL,
        "quit",
        "stop all workers and leave; asks first",
        [Key::char('q'), Key::control('c')]
    ),
    binding!(StartAll, Places::GRID, ACT, "", "start all streams shown; asks first", [Key::char('S')]),
    binding!(StopAll, Places::GRID, ACT, "", "stop all streams shown; asks first", [Key::char('X')]),
    binding!(RestartAll, Places::GRID, ACT, "", "restart all streams shown; asks first", [Key::char('R')]),
    binding!(Up, ROWS, MOVE, "", "up", [Key::named(Up), Key::char('k')]),
    binding!(Down, ROWS, MOVE, "", "down", [Key::named(Down), Key::char('j')]),
    binding!(PageUp, ROWS, MOVE, "", "a screenful up", [Key::named(PageUp), Key::control('u')]),
    binding!(
        PageDown,
        ROWS,
        MOVE,
        "",
        "a screenful down",
        [Key::named(PageDown), Key::control('d'), Key::char(' ')]
    ),
    binding!(First, ROWS, MOVE, "", "to the first", [Key::named(Home), Key::char('g')]),
    binding!(
        Last,
        ROWS,
        MOVE,
        "",
        "to the last; in a log: follow it again",
        [Key::named(End), Key::char('G')]
    ),
    binding!(Redraw, Places::ALL, GENERAL, "", "draw everything anew", [Key::control('l')]),
    binding!(
        Suspend,
        Places::ALL,
        GENERAL,
        "",
        "put headend to sleep until fg; asks first",
        [Key::control('z')]
    ),
];

/// The whole table, in the order of the footer.
#[must_use]
pub const fn table() -> &'static [Binding] {
    TABLE
}

/// What `event` does at `place`.
#[must_use]
pub fn look_up(place: Places, event: &KeyEvent) -> Option<Does> {
    let here = TABLE.iter().filter(|b| b.places.has(place));
    here.into_iter().find(|b| b.keys.iter().any(|k| k.matches(event))).map(|b| b.does)
}

/// The key to show for something.
#[must_use]
pub fn key_for(does: Does) -> String {
    let binding = TABLE.iter().find(|b| b.does == does);
    binding.and_then(|b| b.keys.first()).map(|key| key.name()).unwrap_or_default()
}

/// The table as Markdown, for the documentation.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from("| keys | what they do | where |\n| --- | --- | --- |\n");
    for chapter in CHAPTERS {
        for binding in TABLE.iter().filter(|b| b.chapter == chapter) {
            let keys: Vec<String> = binding.keys.iter().map(|k| format!("`{}`", k.name())).collect();
            let _ = writeln!(out, "| {} | {} | {} |", keys.join(" "), binding.help, binding.places.words());
        }
    }
    out
}

/// The table's chapters, in the order of the help screen.
pub const CHAPTERS: [&str; 4] = [MOVE, LOOK, ACT, GENERAL];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things_in_one_place() {
        for (place, word) in Places::EACH {
            let mut taken: Vec<(Key, Does)> = Vec::new();
            for binding in table().iter().filter(|b| b.places.has(place)) {
                for key in binding.keys {
                    let other = taken.iter().find(|(k, _)| k == key);
                    assert!(other.is_none(), "{} in {word}: {:?} and {other:?}", key.name(), binding.does);
                    taken.push((*key, binding.does));
                }
            }
        }
    }

    #[test]
    fn each_line_can_be_shown() {
        for binding in table() {
            assert!(!binding.keys.is_empty() && !binding.help.is_empty(), "{:?}", binding.does);
            assert!(CHAPTERS.contains(&binding.chapter), "{:?}", binding.does);
            let unnamed = |k: &Key| k.name() == "?" && k.code != KeyCode::Char('?');
            assert!(!binding.keys.iter().any(unnamed), "{:?}", binding.does);
            assert_eq!(table().iter().filter(|b| b.does == binding.does).count(), 1, "{:?}", binding.does);
        }
    }

    #[test]
    fn the_documentation_has_each_line() {
        let text = markdown();
        assert_eq!(text.lines().count(), 2 + table().len());
        assert!(table().iter().all(|b| text.contains(b.help)));
    }

    #[test]
    fn control_and_plain_keys_are_told_apart() {
        let press = |code, modifiers| look_up(Places::GRID, &KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('l'), KeyModifiers::NONE), Some(Does::Log));
        assert_eq!(press(KeyCode::Char('l'), KeyModifiers::CONTROL), Some(Does::Redraw));
        assert_eq!(press(KeyCode::Char('G'), KeyModifiers::SHIFT), Some(Does::Last));
        assert_eq!(press(KeyCode::Char('x'), KeyModifiers::ALT), None);
        assert_eq!(look_up(Places::HELP, &KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE)), None);
    }
}
