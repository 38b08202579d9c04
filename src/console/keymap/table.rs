//! The table of all keys, as they are until the operator changes them.

use crossterm::event::KeyCode;

use super::{Binding, Does, Key, Places};

pub(super) const MOVE: &str = "Moving";
pub(super) const LOOK: &str = "Looking";
pub(super) const ACT: &str = "Acting";
pub(super) const GENERAL: &str = "General";

const ROWS: Places = Places::ALL;
const ONE: Places = Places::STREAM.and(Places::LOG);
const LOGS: Places = ONE;
const ROLLOUT: Places = Places::GRID.and(Places::STREAM).and(Places::MACHINE);
const LISTS: Places = Places::GRID.and(Places::MACHINE);
const PAGES: Places = Places::STREAM.and(Places::MACHINE);
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
pub(super) const TABLE: &[Binding] = &[
    binding!(
        Back,
        Places::ALL,
        MOVE,
        "back",
        "one step back; in the grid: drop the filter",
        [Key::named(Esc), Key::named(KeyCode::Backspace)]
    ),
    binding!(
        Part,
        PAGES,
        LOOK,
        "part",
        "the next part of the page, where not all fit",
        [Key::named(KeyCode::Tab)]
    ),
    binding!(PartBack, PAGES, LOOK, "", "the part before it", [Key::named(KeyCode::BackTab)]),
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
    binding!(Open, LISTS, LOOK, "open", "the selected stream with its log", [Key::named(Enter)]),
    binding!(ZoomOut, PAGES, LOOK, "longer", "charts over a longer time: up to a day", [Key::char(']')]),
    binding!(
        ZoomIn,
        PAGES,
        LOOK,
        "shorter",
        "charts over a shorter time: down to a minute",
        [Key::char('[')]
    ),
    binding!(
        Earlier,
        PAGES,
        LOOK,
        "",
        "charts of what was earlier, where more is kept than shown",
        [Key::char('<'), Key::char(',')]
    ),
    binding!(Later, PAGES, LOOK, "", "charts of what was later, up to now", [Key::char('>'), Key::char('.')]),
    binding!(
        CopyCommand,
        Places::STREAM,
        LOOK,
        "copy command",
        "the worker's command into the clipboard, secrets masked",
        [Key::char('y')]
    ),
    binding!(
        TopOrder,
        Places::MACHINE,
        LOOK,
        "order",
        "the workers that take most by processor, by memory, by open files",
        [Key::char('o')]
    ),
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
        Palette,
        Places::ALL,
        GENERAL,
        "do",
        "everything that can be done here, to choose from",
        [Key::char(':'), Key::control('p')]
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
