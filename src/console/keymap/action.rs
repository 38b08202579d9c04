//! What an operator can do, each with the name that keys.toml, the palette and the documentation
//! call it.

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// What a key does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Does {
            $($(#[$doc])* $variant,)*
        }

        impl Does {
            /// Everything that can be done.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name, the same everywhere.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Its name in words, as lists show it.
            #[must_use]
            pub fn label(self) -> String {
                self.name().replace('-', " ")
            }

            /// What has this name.
            #[must_use]
            pub fn of_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|does| does.name() == name)
            }
        }
    };
}

actions! {
    /// One row or line up.
    Up "up",
    /// One row or line down.
    Down "down",
    /// A screenful up.
    PageUp "page-up",
    /// A screenful down.
    PageDown "page-down",
    /// To the first row or line.
    First "first",
    /// To the last row or line; in a log: follow it.
    Last "last",
    /// Open the selected stream.
    Open "open",
    /// One step back.
    Back "back",
    /// The stream above, while one is open.
    Previous "previous",
    /// The stream below, while one is open.
    Next "next",
    /// Type a filter.
    Filter "filter",
    /// Show only streams with a fault, or all again.
    Faults "faults",
    /// Sort by the next column.
    SortNext "sort-next",
    /// Sort by the column before.
    SortPrevious "sort-previous",
    /// Sort the other way round.
    SortReverse "sort-reverse",
    /// Choose the column to sort by.
    SortBy "sort-by",
    /// To the left: the tile beside it, or out of a group.
    Left "left",
    /// To the right: the tile beside it, or into a group.
    Right "right",
    /// Streams under their groups, or not.
    Group "group",
    /// Fold the group under the cursor.
    Fold "fold",
    /// Unfold it.
    Unfold "unfold",
    /// Fold all groups.
    FoldAll "fold-all",
    /// Unfold all groups.
    UnfoldAll "unfold-all",
    /// One line, two lines, tiles.
    Density "density",
    /// Choose, move and size columns.
    Columns "columns",
    /// Select the stream under the cursor, or take it out.
    Select "select",
    /// Select all from the last selected one to the cursor.
    SelectRange "select-range",
    /// Select all that match.
    SelectAll "select-all",
    /// Choose a view.
    Views "views",
    /// Save what is shown as a view.
    ViewSave "view-save",
    /// No view.
    View0 "view-0",
    /// The view on key 1.
    View1 "view-1",
    /// The view on key 2.
    View2 "view-2",
    /// The view on key 3.
    View3 "view-3",
    /// The view on key 4.
    View4 "view-4",
    /// The view on key 5.
    View5 "view-5",
    /// The view on key 6.
    View6 "view-6",
    /// The view on key 7.
    View7 "view-7",
    /// The view on key 8.
    View8 "view-8",
    /// The view on key 9.
    View9 "view-9",
    /// Take the last order back.
    Undo "undo",
    /// Start the selected stream.
    Start "start",
    /// Stop the selected stream.
    Stop "stop",
    /// Restart the selected stream.
    Restart "restart",
    /// Start all streams shown.
    StartAll "start-all",
    /// Stop all streams shown.
    StopAll "stop-all",
    /// Restart all streams shown.
    RestartAll "restart-all",
    /// Go on with a rollout that has stopped.
    RolloutContinue "rollout-continue",
    /// Turn a rollout that has stopped back.
    RolloutBack "rollout-back",
    /// A larger pool.
    SlotsMore "slots-more",
    /// A smaller pool.
    SlotsFewer "slots-fewer",
    /// As many slots as the machine carries.
    SlotsAuto "slots-auto",
    /// The selected stream's log on the whole screen.
    Log "log",
    /// Wrap long lines, or cut them.
    Wrap "wrap",
    /// The next stream of the grid, its log.
    LogNext "log-next",
    /// The stream before it, its log.
    LogPrevious "log-previous",
    /// Search in a log.
    LogSearch "log-search",
    /// To the next hit.
    LogHitDown "log-hit-down",
    /// To the hit before.
    LogHitUp "log-hit-up",
    /// Show only lines of a log that match, or that do not.
    LogFilter "log-filter",
    /// Show only graver lines, or all again.
    LogSeverity "log-severity",
    /// Tell the time of lines another way.
    LogTimes "log-times",
    /// Set a mark in a log.
    LogMark "log-mark",
    /// To the mark above.
    LogMarkUp "log-mark-up",
    /// To the mark below.
    LogMarkDown "log-mark-down",
    /// Select lines of a log.
    LogSelect "log-select",
    /// Copy the selected lines.
    LogCopy "log-copy",
    /// Save what a log shows to a file.
    LogSave "log-save",
    /// Show another stream's log in the same pane.
    LogAdd "log-add",
    /// The next part of a page.
    Part "part",
    /// The part of a page before.
    PartBack "part-back",
    /// Charts show less, and finer.
    ZoomIn "zoom-in",
    /// Charts show more.
    ZoomOut "zoom-out",
    /// Charts show what was earlier.
    Earlier "earlier",
    /// Charts show what was later.
    Later "later",
    /// The worker's command into the clipboard.
    CopyCommand "copy-command",
    /// Another order of the workers that take most.
    TopOrder "top-order",
    /// The machine: processor, memory, files, slots.
    Machine "machine",
    /// headend's own log.
    OwnLog "own-log",
    /// Who ordered what.
    Audit "audit",
    /// Show only orders that have some words in them.
    AuditFilter "audit-filter",
    /// Only the streams that are not well.
    PenaltyBox "penalty-box",
    /// What lasted: open incidents, and those that are over.
    Incidents "incidents",
    /// Only open incidents, or all again.
    IncidentsOpen "incidents-open",
    /// The streams of an incident in the grid.
    IncidentStreams "incident-streams",
    /// The wall: totals, tiles, what is broken.
    Wall "wall",
    /// Say that the fault is known, or that it is not.
    Acknowledge "acknowledge",
    /// Tell nobody about the stream for a while.
    Mute "mute",
    /// Note something about the stream.
    Note "note",
    /// Freeze what is shown, or go live again.
    Freeze "freeze",
    /// A second back, while frozen.
    StepBack "step-back",
    /// A second forward, while frozen.
    StepForward "step-forward",
    /// A minute back, while frozen.
    MinuteBack "minute-back",
    /// A minute forward, while frozen.
    MinuteForward "minute-forward",
    /// To the last change of a health before, while frozen.
    TurnBack "turn-back",
    /// To the next change of a health, while frozen.
    TurnForward "turn-forward",
    /// Choose another theme.
    Theme "theme",
    /// Take clicks and the wheel, or leave them to the terminal.
    ToggleMouse "toggle-mouse",
    /// Everything that can be done here, to choose from.
    Palette "palette",
    /// All keys.
    Help "help",
    /// Look for a key in the help.
    FindKey "find-key",
    /// Draw everything anew.
    Redraw "redraw",
    /// Put headend to sleep, as the shell does.
    Suspend "suspend",
    /// Leave.
    Quit "quit",
}
