//! Views: named combinations of what the grid shows and how.

use std::sync::Arc;

use super::column::{Column, ColumnChoice};

/// Views of one configuration, and as many again that were saved from the screen.
pub const MAX_VIEWS: usize = 30;
/// The longest name of a view, in characters.
pub const MAX_VIEW_NAME: usize = 40;
/// The last of the keys that views can have; the first one is 1.
pub const LAST_VIEW_KEY: u8 = 9;

/// How much room a stream is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Density {
    /// One line.
    #[default]
    One,
    /// Two lines: the second one says why, from where, and the tags.
    Two,
    /// A few cells: as many streams as possible.
    Tiles,
}

impl Density {
    /// Every density, in the order the key walks through them.
    pub const ALL: [Self; 3] = [Self::One, Self::Two, Self::Tiles];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Two => "two",
            Self::Tiles => "tiles",
        }
    }

    /// The density of this name.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|density| density.word() == word)
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::One => Self::Two,
            Self::Two => Self::Tiles,
            Self::Tiles => Self::One,
        }
    }
}

/// By what the grid is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SortBy {
    /// By which column; `None`: as the configuration has the streams.
    pub column: Option<Column>,
    /// The other way round than usual for it.
    pub reversed: bool,
}

impl SortBy {
    const CONFIGURED: &str = "configured";

    /// As it is written: `health`, `-health` when reversed, `configured`.
    #[must_use]
    pub fn word(self) -> String {
        let word = self.column.map_or(Self::CONFIGURED, Column::word);
        if self.reversed { format!("-{word}") } else { word.to_owned() }
    }

    /// Reads what [`SortBy::word`] writes.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (word, reversed) = text.strip_prefix('-').map_or((text, false), |word| (word, true));
        let column = if word == Self::CONFIGURED { None } else { Some(Column::read(word)?) };
        Ok(Self { column, reversed })
    }
}

/// What the grid shows, and how, under a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// For people; one clean line of at most [`MAX_VIEW_NAME`] characters.
    pub name: Arc<str>,
    /// The number key it is on, 1 to [`LAST_VIEW_KEY`]; `None`: it is only in the list of views.
    pub key: Option<u8>,
    /// The query; empty: all streams.
    pub filter: Arc<str>,
    /// Only streams with a fault.
    pub faults: bool,
    /// The order.
    pub sort: SortBy,
    /// The columns; empty: those that are shown without a view.
    pub columns: Vec<ColumnChoice>,
    /// How much room a stream is given.
    pub density: Density,
    /// Streams stand under their groups.
    pub grouped: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for density in Density::ALL {
            assert_eq!(Density::of_word(density.word()), Some(density));
        }
        assert_eq!(Density::One.next().next().next(), Density::One);
        for column in Column::ALL.iter().copied().map(Some).chain([None]) {
            for reversed in [false, true] {
                let sort = SortBy { column, reversed };
                assert_eq!(SortBy::read(&sort.word()), Ok(sort));
            }
        }
        assert_eq!(SortBy::read("-helth"), Err("\"helth\" is no column; did you mean \"health\"?".into()));
    }
}
