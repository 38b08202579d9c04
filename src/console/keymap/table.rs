//! The table of all keys, as they are until the operator changes them.

use crossterm::event::KeyCode;

use super::{Binding, Does, Key, Places};

pub(super) const MOVE: &str = "Moving";
pub(super) const LOOK: &str = "Looking";
pub(super) const ACT: &str = "Acting";
pub(super) const LOGS: &str = "In a log";
pub(super) const GENERAL: &str = "General";

const ROWS: Places = Places::ALL;
const ONE: Places = Places::STREAM.and(Places::LOG);
const ROLLOUT: Places = ACTS.and(Places::MACHINE);
const PAGES: Places = Places::STREAM.and(Places::MACHINE);
const ACTS: Places = Places::GRID.and(Places::STREAM).and(Places::PENALTY);
const CARED: Places = ACTS.and(Places::INCIDENTS);
const ROWED: Places = Places::GRID.and(Places::PENALTY);
const OPENS: Places = ROWED.and(Places::MACHINE).and(Places::INCIDENTS);

macro_rules! binding {
    ($does:ident, $places:expr, $chapter:expr, $short:literal, $help:literal, [$($key:expr),*]) => {
        Binding {
            does: Does::$does,
            keys: &[$($key),*],
            places: $places,
            chapter: $chapter,
            short: $short,
            help: $help,
        }
    };
}

macro_rules! view {
    ($does:ident, $key:literal, $help:literal) => {
        binding!($does, Places::GRID, LOOK, "", $help, [Key::char($key)])
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
        "one step back; in the grid: drop the selection or the filter",
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
    binding!(PartBack, PAGES, LOOK, "", "the part before it", [Key::shifted(KeyCode::Tab)]),
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
    binding!(Open, OPENS, LOOK, "open", "a stream with its log, or an incident", [Key::named(Enter)]),
    binding!(
        IncidentsOpen,
        Places::INCIDENTS,
        LOOK,
        "open or all",
        "only open incidents, or all again",
        [Key::char('o')]
    ),
    binding!(
        IncidentStreams,
        Places::INCIDENTS,
        LOOK,
        "streams",
        "the incident's streams in the grid",
        [Key::char('f')]
    ),
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
        [Key::char('<'), Key::shifted(Left)]
    ),
    binding!(
        Later,
        PAGES,
        LOOK,
        "",
        "charts of what was later, up to now",
        [Key::char('>'), Key::shifted(Right)]
    ),
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
        "filter, by words or by fields: health:critical group:sport fps<20",
        [Key::char('/')]
    ),
    binding!(
        AuditFilter,
        Places::AUDIT,
        LOOK,
        "filter",
        "only orders with these words in them: a user, a stream, refused",
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
    binding!(SortBy, Places::GRID, LOOK, "", "choose the column to sort by", [Key::control('o')]),
    binding!(
        Undo,
        ACTS.and(Places::MACHINE),
        ACT,
        "",
        "take the last order back, within ten seconds",
        [Key::char('u')]
    ),
    binding!(Log, CARED, LOOK, "log", "the stream's log on the whole screen", [Key::char('l')]),
    binding!(
        Select,
        Places::GRID,
        ACT,
        "select",
        "select what is under the cursor, or take it out, and go on",
        [Key::char(' ')]
    ),
    binding!(Group, Places::GRID, LOOK, "group", "streams under their groups, or not", [Key::char('t')]),
    binding!(
        Density,
        Places::GRID,
        LOOK,
        "density",
        "one line a stream, two lines, or tiles",
        [Key::char('d')]
    ),
    binding!(Columns, Places::GRID, LOOK, "columns", "choose, move and size columns", [Key::char('C')]),
    binding!(Views, Places::GRID, LOOK, "views", "choose a view", [Key::char('v')]),
    binding!(Wrap, ONE, LOOK, "wrap", "wrap long lines, or cut them", [Key::char('w')]),
    binding!(
        Next,
        Places::STREAM,
        MOVE,
        "next",
        "the next stream of the grid",
        [Key::char('n'), Key::named(Right)]
    ),
    binding!(
        Previous,
        Places::STREAM,
        MOVE,
        "previous",
        "the stream before it",
        [Key::char('p'), Key::named(Left)]
    ),
    binding!(
        LogSearch,
        Places::LOG,
        LOGS,
        "search",
        "search; capitals count when there are any",
        [Key::char('/')]
    ),
    binding!(LogHitDown, Places::LOG, LOGS, "hit", "to the next hit", [Key::char('n')]),
    binding!(LogHitUp, Places::LOG, LOGS, "", "to the hit before, in old lines too", [Key::char('N')]),
    binding!(
        LogFilter,
        Places::LOG,
        LOGS,
        "filter",
        "only lines that match; with ! those that do not",
        [Key::char('&')]
    ),
    binding!(
        LogSeverity,
        Places::LOG.and(Places::OWN_LOG),
        LOGS,
        "severity",
        "hide debug, then info, then warnings, or none",
        [Key::char('f')]
    ),
    binding!(LogTimes, Places::LOG, LOGS, "times", "time of day, age, or date with time", [Key::char('t')]),
    binding!(LogSelect, Places::LOG, LOGS, "select", "select lines; again: no longer", [Key::char('v')]),
    binding!(
        LogCopy,
        Places::LOG,
        LOGS,
        "copy",
        "copy the selected lines, or the current one",
        [Key::char('y')]
    ),
    binding!(
        LogSave,
        Places::LOG,
        LOGS,
        "save",
        "save what is selected or shown to a file",
        [Key::char('S')]
    ),
    binding!(LogAdd, Places::LOG, LOGS, "add", "another stream's log in the same pane", [Key::char('a')]),
    binding!(LogMark, Places::LOG, LOGS, "mark", "set a mark below the current line", [Key::char('M')]),
    binding!(LogMarkUp, Places::LOG, LOGS, "", "to the mark above", [Key::char('[')]),
    binding!(LogMarkDown, Places::LOG, LOGS, "", "to the mark below", [Key::char(']')]),
    binding!(LogNext, Places::LOG, LOGS, "", "the log of the next stream of the grid", [Key::named(Right)]),
    binding!(
        LogPrevious,
        Places::LOG,
        LOGS,
        "",
        "the log of the stream before it",
        [Key::named(Left), Key::char('p')]
    ),
    binding!(
        Acknowledge,
        CARED,
        ACT,
        "acknowledge",
        "say that the fault, or the incident, is known; again: that it is not",
        [Key::char('a')]
    ),
    binding!(Mute, ACTS, ACT, "mute", "tell nobody about the stream for a time, or again", [Key::char('M')]),
    binding!(Note, CARED, ACT, "note", "note something for the next shift", [Key::char('N')]),
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
        PenaltyBox,
        Places::ALL.but(Places::PENALTY),
        LOOK,
        "to look at",
        "the penalty box: only streams that are not well, the worst first",
        [Key::char('P')]
    ),
    binding!(
        Incidents,
        Places::ALL.but(Places::INCIDENTS),
        LOOK,
        "incidents",
        "incidents: the open ones first, then what is over",
        [Key::char('I')]
    ),
    binding!(
        Wall,
        Places::ALL,
        LOOK,
        "wall",
        "totals and tiles on the whole screen; any key comes back",
        [Key::char('W')]
    ),
    binding!(
        Freeze,
        Places::ALL,
        LOOK,
        "freeze",
        "freeze what is shown, to look back; again: go live",
        [Key::char('z')]
    ),
    binding!(
        Audit,
        Places::ALL.but(Places::AUDIT),
        LOOK,
        "audit",
        "who ordered what, and what became of it",
        [Key::char('A')]
    ),
    binding!(StepBack, Places::FROZEN, LOOK, "1 s back", "a second back", [Key::char(',')]),
    binding!(StepForward, Places::FROZEN, LOOK, "forward", "a second forward", [Key::char('.')]),
    binding!(MinuteBack, Places::FROZEN, LOOK, "1 min back", "a minute back", [Key::char('<')]),
    binding!(MinuteForward, Places::FROZEN, LOOK, "forward", "a minute forward", [Key::char('>')]),
    binding!(
        TurnBack,
        Places::FROZEN,
        LOOK,
        "last change",
        "back to when a health changed",
        [Key::char('[')]
    ),
    binding!(
        TurnForward,
        Places::FROZEN,
        LOOK,
        "next change",
        "forward to when a health changes next",
        [Key::char(']')]
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
    binding!(FindKey, Places::HELP, GENERAL, "find", "look for a key", [Key::char('/')]),
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
    binding!(
        SelectRange,
        Places::GRID,
        ACT,
        "",
        "select all from the last selected one to the cursor",
        [Key::char('V')]
    ),
    binding!(SelectAll, Places::GRID, ACT, "", "select all that match; again: none", [Key::control('a')]),
    binding!(
        Left,
        Places::GRID,
        MOVE,
        "",
        "the tile to the left; among groups: out, then fold",
        [Key::named(Left)]
    ),
    binding!(
        Right,
        Places::GRID,
        MOVE,
        "",
        "the tile to the right; among groups: unfold, then in",
        [Key::named(Right)]
    ),
    binding!(Fold, Places::GRID, LOOK, "", "fold the group", [Key::char('-')]),
    binding!(Unfold, Places::GRID, LOOK, "", "unfold the group", [Key::char('+'), Key::char('=')]),
    binding!(FoldAll, Places::GRID, LOOK, "", "fold all groups", [Key::char('_')]),
    binding!(UnfoldAll, Places::GRID, LOOK, "", "unfold all groups", [Key::char('*')]),
    binding!(ViewSave, Places::GRID, LOOK, "", "save what is shown as a view", [Key::control('n')]),
    view!(View0, '0', "no view: all streams, as configured"),
    view!(View1, '1', "the view on 1"),
    view!(View2, '2', "the view on 2"),
    view!(View3, '3', "the view on 3"),
    view!(View4, '4', "the view on 4"),
    view!(View5, '5', "the view on 5"),
    view!(View6, '6', "the view on 6"),
    view!(View7, '7', "the view on 7"),
    view!(View8, '8', "the view on 8"),
    view!(View9, '9', "the view on 9"),
    binding!(Up, ROWS, MOVE, "", "up", [Key::named(Up), Key::char('k')]),
    binding!(Down, ROWS, MOVE, "", "down", [Key::named(Down), Key::char('j')]),
    binding!(PageUp, ROWS, MOVE, "", "a screenful up", [Key::named(PageUp), Key::control('u')]),
    binding!(PageDown, ROWS, MOVE, "", "a screenful down", [Key::named(PageDown), Key::control('d')]),
    binding!(First, ROWS, MOVE, "", "to the first", [Key::named(Home), Key::char('g')]),
    binding!(
        Last,
        ROWS,
        MOVE,
        "",
        "to the last; in a log: follow it again",
        [Key::named(End), Key::char('G')]
    ),
    binding!(Theme, Places::ALL, GENERAL, "", "other colours, shown while you choose", [Key::char('T')]),
    binding!(
        ToggleMouse,
        Places::ALL,
        GENERAL,
        "",
        "take clicks and the wheel, or leave them to the terminal",
        []
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
