//! The columns of the grid: their names, and which of them someone chose to see.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::near::{any_of, nearest};
use super::text::clean_line;

macro_rules! columns {
    ($($(#[$doc:meta])* $variant:ident $word:literal $help:literal,)*) => {
        /// A column of the grid, in the order of the screen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Column {
            $($(#[$doc])* $variant,)*
        }

        impl Column {
            /// Every column, in the order of the screen.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in the configuration and in lists to choose from.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What it shows, for people.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }
        }
    };
}

columns! {
    /// Where the supervisor is with the stream.
    Phase "phase" "where the supervisor is with it",
    /// Its name.
    Name "name" "its name",
    /// Its id.
    Id "id" "its id",
    /// Its group.
    Group "group" "its group",
    /// Words it was given.
    Tags "tags" "words it was given",
    /// How FFmpeg looks at it.
    Mode "mode" "how FFmpeg looks at it",
    /// Whether it keeps its slot or takes turns.
    Watch "watch" "whether it keeps its slot or takes turns",
    /// Who goes first.
    Priority "priority" "who goes first; more is more important",
    /// Its health, with its conditions.
    Health "health" "its conditions, with their ages",
    /// What operators noted about it.
    Care "care" "acknowledged, muted, and the note",
    /// Frames a second.
    Fps "fps" "frames a second",
    /// Bit rate.
    Bitrate "bitrate" "bit rate of the input",
    /// Seconds of media per second.
    Speed "speed" "seconds of media per second",
    /// How long its worker has been running.
    Uptime "uptime" "how long its worker has been running",
    /// Starts beyond the first.
    Restarts "restarts" "starts beyond the first",
    /// Failures in a row.
    Failures "failures" "failures in a row",
    /// What its worker takes of a core.
    Cpu "cpu" "its worker's share of one core",
    /// What its worker has of memory.
    Mem "mem" "its worker's memory",
    /// How many files its worker has open.
    Fds "fds" "its worker's open files",
    /// Its worker's process id.
    Pid "pid" "its worker's process id",
    /// When a worker last showed progress.
    Seen "seen" "how long ago its picture was last seen",
    /// How old the message is.
    Age "age" "how old the message is",
    /// The newest line worth showing, or what it waits for.
    Message "message" "the newest line worth showing, or what it waits for",
    /// The input in use.
    Input "input" "the input in use",
}

impl Column {
    /// The column of this name.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|column| column.word() == word)
    }

    /// The column of this name.
    ///
    /// # Errors
    /// What is wrong with the name, and what to write.
    pub fn read(word: &str) -> Result<Self, String> {
        Self::of_word(word).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|column| column.word()).collect();
            let shown = clean_line(word, 60);
            match nearest(word, words.iter().copied()) {
                Some(meant) => format!("\"{shown}\" is no column; did you mean \"{meant}\"?"),
                None => format!("\"{shown}\" is no column; expected {}", any_of(&words)),
            }
        })
    }
}

/// A column that someone chose to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnChoice {
    /// Which.
    pub column: Column,
    /// In cells; `None`: as wide as suits the screen.
    pub width: Option<u16>,
}

impl ColumnChoice {
    /// The fewest cells a column can be given.
    pub const LEAST: u16 = 3;
    /// The most.
    pub const MOST: u16 = 200;

    /// A column as wide as suits the screen.
    #[must_use]
    pub const fn of(column: Column) -> Self {
        Self { column, width: None }
    }
}

impl Display for ColumnChoice {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.column.word())?;
        self.width.map_or(Ok(()), |width| write!(f, ":{width}"))
    }
}

impl FromStr for ColumnChoice {
    type Err = String;

    /// Reads `name`, or `name:24` with a width.
    fn from_str(text: &str) -> Result<Self, String> {
        let (word, width) = text.split_once(':').map_or((text, None), |(word, width)| (word, Some(width)));
        let column = Column::read(word.trim())?;
        let Some(width) = width else { return Ok(Self::of(column)) };
        let read = width.trim().parse().ok().filter(|width| (Self::LEAST..=Self::MOST).contains(width));
        let (least, most) = (Self::LEAST, Self::MOST);
        read.map(|width| Self { column, width: Some(width) }).ok_or_else(|| {
            format!("\"{}\" is no width; expected {least} to {most} cells", clean_line(width, 60))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_as_it_is_shown() {
        for column in Column::ALL {
            for width in [None, Some(ColumnChoice::LEAST), Some(ColumnChoice::MOST)] {
                let choice = ColumnChoice { column: *column, width };
                assert_eq!(choice.to_string().parse(), Ok(choice));
            }
        }
        let wrong = |text: &str| text.parse::<ColumnChoice>().unwrap_err();
        assert_eq!(wrong("nmae"), "\"nmae\" is no column; did you mean \"name\"?");
        assert!(wrong("wheels").starts_with("\"wheels\" is no column; expected phase, name,"));
        for width in ["", "2", "201", "-1", "wide", "99999999999"] {
            assert!(wrong(&format!("name:{width}")).ends_with("expected 3 to 200 cells"), "{width}");
        }
    }
}
