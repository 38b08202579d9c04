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
    /// Everything that can be done here, to choose from.
    Palette "palette",
    /// All keys.
    Help "help",
    /// Draw everything anew.
    Redraw "redraw",
    /// Put headend to sleep, as the shell does.
    Suspend "suspend",
    /// Leave.
    Quit "quit",
}
