//! What is wrong with a file that says how the console is to look or to listen, and where.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue, Error as TomlError};

pub use crate::model::quote;
use crate::model::{LineStarts, clean_line, nearest};

/// Mistakes that are told of one file; the first ones, as one slip often causes many.
pub const MAX_MISTAKES: usize = 20;
/// The longest message that is kept, bytes.
const MAX_TEXT: usize = 400;

/// One thing that is wrong. All text in it is clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file, as it is shown.
    pub file: String,
    /// From 1; 0 when it has no place in the file.
    pub line: usize,
    /// From 1, in characters; 0 when the line is.
    pub column: usize,
    /// What was found, and what to write instead.
    pub text: String,
}

impl Mistake {
    /// Where it is: the file, without its folder, and the place in it, which may be empty.
    #[must_use]
    pub fn place(&self) -> (&str, String) {
        let file = self.file.rsplit('/').next().unwrap_or_default();
        (file, if self.line == 0 { String::new() } else { format!(":{}:{}", self.line, self.column) })
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.text),
            line => write!(f, "{}:{line}:{}: {}", self.file, self.column, self.text),
        }
    }
}

/// A file's text, and what was found to be wrong with it.
#[derive(Debug)]
pub struct Sheet<'a> {
    file: String,
    text: &'a str,
    starts: LineStarts,
    mistakes: Vec<(usize, Mistake)>,
}

impl<'a> Sheet<'a> {
    /// The text of `file`.
    #[must_use]
    pub fn new(file: &str, text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let starts = LineStarts::of(text);
        Self { file: clean_line(file, MAX_TEXT), text, starts, mistakes: Vec::new() }
    }

    /// Something is wrong at `span`.
    pub fn wrong(&mut self, span: Range<usize>, text: impl AsRef<str>) {
        let (line, column) = self.starts.place(self.text, span.start);
        let text = clean_line(text.as_ref(), MAX_TEXT);
        self.mistakes.push((span.start, Mistake { file: self.file.clone(), line, column, text }));
    }

    /// Something is wrong with the file as a whole.
    pub fn wrong_altogether(&mut self, text: impl AsRef<str>) {
        let text = clean_line(text.as_ref(), MAX_TEXT);
        self.mistakes.push((usize::MAX, Mistake { file: self.file.clone(), line: 0, column: 0, text }));
    }

    /// Whether something is wrong already.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        !self.mistakes.is_empty()
    }

    /// The tables of the text; what is no TOML is a mistake.
    pub fn parse(&mut self) -> DeTable<'a> {
        let text = self.text;
        match DeTable::parse(text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                self.syntax(&error);
                DeTable::new()
            }
        }
    }

    fn syntax(&mut self, error: &TomlError) {
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        self.wrong(error.span().unwrap_or(0..0), format!("this is no TOML: {message}"));
    }

    /// `value`, when nothing is wrong.
    ///
    /// # Errors
    /// What is wrong, in the order of the file; at most [`MAX_MISTAKES`].
    pub fn finish<T>(mut self, value: T) -> Result<T, Vec<Mistake>> {
        if self.mistakes.is_empty() {
            return Ok(value);
        }
        self.mistakes.sort_by_key(|(at, _)| *at);
        self.mistakes.truncate(MAX_MISTAKES);
        Err(self.mistakes.into_iter().map(|(_, mistake)| mistake).collect())
    }
}

/// Reads a file of at most `most` bytes.
///
/// # Errors
/// Why it can't be read, as a mistake.
pub fn read_file(path: &Path, most: u64) -> Result<String, Mistake> {
    use std::io::Read as _;
    let wrong = |text: String| Mistake {
        file: clean_line(&path.to_string_lossy(), MAX_TEXT),
        line: 0,
        column: 0,
        text: clean_line(&text, MAX_TEXT),
    };
    let unreadable = |error| wrong(format!("{error}; check the path"));
    // A pipe would be waited for without end.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(wrong("it is no file; check the path".into()));
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more than may be, to notice; never more, even from a device without an end.
    let read = file.take(most + 1).read_to_end(&mut bytes);
    read.map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(wrong(format!("the file is larger than {most} bytes; check that it is the right one")));
    }
    String::from_utf8(bytes).map_err(|_| wrong("the file is no UTF-8; save it as UTF-8".into()))
}

/// What a value is, for people.
#[must_use]
pub fn kind_of(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {}", quote(text)),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// `; did you mean "x"?` for the one of `candidates` that `word` was probably meant to be, else
/// nothing.
#[must_use]
pub fn meant<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!("; did you mean {}?", quote(near)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_come_in_the_order_of_the_file_and_are_bounded() {
        let text = "a = 1\n".repeat(100);
        let mut sheet = Sheet::new("evil\x1b[2J.toml", &text);
        sheet.wrong_altogether("nothing fits");
        for line in (0..100).rev() {
            sheet.wrong(line * 6 + 4..line * 6 + 5, "this is \x07 wrong");
        }
        let mistakes = sheet.finish(()).unwrap_err();
        assert_eq!(mistakes.len(), MAX_MISTAKES);
        assert_eq!(mistakes[1].to_string(), "evil␛[2J.toml:2:5: this is ␇ wrong");
    }

    #[test]
    fn a_text_that_is_no_toml_is_told_with_its_place() {
        let mut sheet = Sheet::new("keys.toml", "[grid]\nopen = = 3\n");
        assert!(sheet.parse().is_empty());
        let mistakes = sheet.finish(()).unwrap_err();
        let told = mistakes[0].to_string();
        assert!(told.starts_with("keys.toml:2:8: this is no TOML: "), "{told}");
    }

    #[test]
    fn files_are_read_up_to_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        assert!(read_file(&path, 10).unwrap_err().to_string().contains("x.toml: "));
        std::fs::write(&path, "0123456789").unwrap();
        assert_eq!(read_file(&path, 10).unwrap(), "0123456789");
        std::fs::write(&path, "0123456789A").unwrap();
        assert!(read_file(&path, 10).unwrap_err().text.contains("larger than 10 bytes"));
        std::fs::write(&path, b"\xff").unwrap();
        assert!(read_file(&path, 10).unwrap_err().text.contains("UTF-8"));
        assert!(read_file(Path::new("/dev/zero"), 10).is_err());
    }

    #[test]
    fn what_was_meant_is_asked() {
        assert_eq!(meant("quti", ["page-up", "quit"]), "; did you mean \"quit\"?");
        assert_eq!(meant("wheels", ["page-up", "quit"]), "");
    }
}
