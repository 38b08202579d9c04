//! What the console remembers of earlier runs: the columns that were chosen, the views that were
//! saved, and the theme that was picked. One small TOML file in the state folder.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::query::Query;
use crate::model::{
    ColumnChoice, Density, LAST_VIEW_KEY, MAX_VIEW_NAME, MAX_VIEWS, SortBy, View, clean_line,
};

/// The file's name.
pub const FILE_NAME: &str = "console.toml";
/// The largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 256 * 1024;
/// What is said about a damaged file, bytes.
const MAX_REASON: usize = 200;
/// The name of a theme, or its path, bytes.
const MAX_THEME: usize = 4_096;

/// What is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The columns that were chosen; empty: nobody chose.
    pub columns: Vec<ColumnChoice>,
    /// The views that were saved; at most [`MAX_VIEWS`].
    pub views: Vec<View>,
    /// The theme that was picked.
    pub theme: Option<PickedTheme>,
}

/// A theme that was picked on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickedTheme {
    /// Its name.
    pub name: String,
    /// The theme that the configuration asked for then, if it did: who has written another one since
    /// wants to see that.
    pub instead_of: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Written {
    columns: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme_instead_of: Option<String>,
    #[serde(rename = "view")]
    views: Vec<FileView>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct FileView {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<u8>,
    #[serde(skip_serializing_if = "String::is_empty")]
    filter: String,
    #[serde(skip_serializing_if = "is_false")]
    faults: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    sort: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    density: String,
    #[serde(skip_serializing_if = "is_false")]
    group: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

const HEAD: &str = "# Written by headend's console: what was chosen and saved on the screen.\n";

impl Remembered {
    /// The file's text.
    #[must_use]
    pub fn write(&self) -> String {
        let words = |columns: &[ColumnChoice]| columns.iter().map(ToString::to_string).collect();
        let view = |view: &View| FileView {
            name: view.name.to_string(),
            key: view.key,
            filter: view.filter.to_string(),
            faults: view.faults,
            sort: if view.sort == SortBy::default() { String::new() } else { view.sort.word() },
            columns: words(&view.columns),
            density: Some(view.density).filter(|d| *d != Density::One).map_or("", Density::word).into(),
            group: view.grouped,
        };
        let theme = self.theme.as_ref();
        let file = Written {
            columns: words(&self.columns),
            theme: theme.map(|picked| picked.name.clone()),
            theme_instead_of: theme.and_then(|picked| picked.instead_of.clone()),
            views: self.views.iter().map(view).collect(),
        };
        // Texts, numbers and flags: there is nothing in it that TOML can't say.
        format!("{HEAD}{}", toml::to_string(&file).unwrap_or_default())
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong with it. Nothing of it is used then.
    pub fn read(text: &str) -> Result<Self, String> {
        let file: Written = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        if file.views.len() > MAX_VIEWS {
            return Err(format!("there are more than {MAX_VIEWS} views"));
        }
        let views: Result<Vec<View>, String> = file.views.iter().map(FileView::read).collect();
        let clean = |text: String| clean_line(&text, MAX_THEME);
        let theme = file
            .theme
            .map(|name| PickedTheme { name: clean(name), instead_of: file.theme_instead_of.map(clean) });
        Ok(Self { columns: columns(&file.columns)?, views: views?, theme })
    }
}

/// Each column once.
fn columns(words: &[String]) -> Result<Vec<ColumnChoice>, String> {
    let mut columns: Vec<ColumnChoice> = Vec::new();
    for word in words {
        let choice: ColumnChoice = word.parse()?;
        if !columns.iter().any(|known| known.column == choice.column) {
            columns.push(choice);
        }
    }
    Ok(columns)
}

impl FileView {
    fn read(&self) -> Result<View, String> {
        let name = clean_line(self.name.trim(), 4 * MAX_VIEW_NAME);
        if name.is_empty() || name.chars().count() > MAX_VIEW_NAME {
            return Err(format!("a view has no name of 1 to {MAX_VIEW_NAME} characters"));
        }
        if self.key.is_some_and(|key| !(1..=LAST_VIEW_KEY).contains(&key)) {
            return Err(format!("the view {name} is on no key from 1 to {LAST_VIEW_KEY}"));
        }
        Query::parse(&self.filter).map_err(|mistake| format!("the filter of {name}: {mistake}"))?;
        let density =
            Some(&*self.density).filter(|word| !word.is_empty()).map_or(Some(Density::One), Density::of_word);
        let sort = Some(&*self.sort).filter(|word| !word.is_empty());
        Ok(View {
            key: self.key,
            filter: clean_line(&self.filter, self.filter.len().max(1) * 4).into(),
            faults: self.faults,
            sort: sort.map_or(Ok(SortBy::default()), SortBy::read)?,
            columns: columns(&self.columns)?,
            density: density.ok_or_else(|| format!("the view {name} has no density there is"))?,
            grouped: self.group,
            name: Arc::from(name),
        })
    }
}

/// Reads what was remembered. A file that can't be used is put aside; what was wrong with it comes
/// back in one clean line.
#[must_use]
pub fn load(path: &Path) -> (Remembered, Option<String>) {
    let bytes = match read_bounded(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Default::default(),
        Err(error) => {
            let text = format!("{} can't be read: {error}", path.display());
            return (Remembered::default(), Some(clean_line(&text, MAX_REASON)));
        }
    };
    let read = if bytes.len() as u64 > MAX_BYTES {
        Err(format!("it is larger than {MAX_BYTES} bytes"))
    } else {
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()).and_then(|t| Remembered::read(&t))
    };
    match read {
        Ok(remembered) => (remembered, None),
        Err(reason) => {
            let aside = aside(path);
            let what = match fs::rename(path, &aside) {
                Ok(()) => format!("it is now {}", aside.display()),
                Err(error) => format!("it could not be put aside: {error}"),
            };
            let text = format!("{} is damaged ({reason}); {what}", path.display());
            (Remembered::default(), Some(clean_line(&text, MAX_REASON)))
        }
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A pipe would be waited for without end.
    if fs::metadata(path)?.is_file() {
        File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    Err(io::Error::other("it is no file"))
}

/// Where a damaged file goes: one place, so that there is never more than one.
fn aside(path: &Path) -> PathBuf {
    path.with_extension("toml.damaged")
}

/// Puts `text` in the file's place: whoever reads it finds the old text or the new one.
///
/// # Errors
/// When the folder can't be written.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("toml.new");
    // A file of ours that was left half written, or a link that somebody put there.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o640).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Column;

    fn some() -> Remembered {
        let view = View {
            name: "night \"shift\" ü".into(),
            key: Some(3),
            filter: "health:critical (group:\"a b\" | news)".into(),
            faults: true,
            sort: SortBy { column: Some(Column::Bitrate), reversed: true },
            columns: vec![
                ColumnChoice::of(Column::Name),
                ColumnChoice { column: Column::Cpu, width: Some(9) },
            ],
            density: Density::Tiles,
            grouped: true,
        };
        let plain = View { name: "plain".into(), ..View::default() };
        Remembered {
            columns: vec![ColumnChoice { column: Column::Name, width: Some(40) }],
            views: vec![view, plain],
            theme: Some(PickedTheme { name: "nord".into(), instead_of: Some("dark".into()) }),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for remembered in [Remembered::default(), some()] {
            assert_eq!(
                Remembered::read(&remembered.write()),
                Ok(remembered.clone()),
                "{}",
                remembered.write()
            );
        }
        assert_eq!(Remembered::read(""), Ok(Remembered::default()));
        assert_eq!(Remembered::read("later = 1"), Ok(Remembered::default()), "of a later version");
    }

    #[test]
    fn a_damaged_text_is_not_used() {
        let views = format!("{}[[view]]\nname = 'x'\n", "[[view]]\nname = 'y'\n".repeat(MAX_VIEWS));
        for (text, part) in [
            ("columns = 5", "expected a sequence"),
            ("columns = ['nmae']", "did you mean \"name\"?"),
            ("[[view]]\nname = ''", "no name"),
            ("[[view]]\nname = 'x'\nkey = 10", "no key"),
            ("[[view]]\nname = 'x'\nfilter = 'fps<'", "the filter of x"),
            ("[[view]]\nname = 'x'\nsort = 'helth'", "did you mean \"health\"?"),
            ("[[view]]\nname = 'x'\ndensity = 'three'", "no density"),
            (&views, "more than 30 views"),
            ("\u{0}", "expected"),
        ] {
            let reason = Remembered::read(text).unwrap_err();
            assert!(reason.contains(part), "{text}: {reason}");
        }
    }

    #[test]
    fn a_file_is_replaced_and_a_damaged_one_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        assert_eq!(load(&path), (Remembered::default(), None));
        replace(&path, &some().write()).unwrap();
        replace(&path, &some().write()).unwrap();
        assert_eq!(load(&path), (some(), None));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left over");

        let large = format!("# {}", "x".repeat(usize::try_from(MAX_BYTES).unwrap()));
        for damaged in [b"columns = \xff".to_vec(), b"view = 1".to_vec(), large.into_bytes()] {
            fs::write(&path, &damaged).unwrap();
            let (remembered, told) = load(&path);
            assert_eq!(remembered, Remembered::default());
            let told = told.unwrap();
            assert!(told.contains("is damaged") && told.contains("console.toml.damaged"), "{told}");
            assert!(!path.exists());
            assert_eq!(fs::read(dir.path().join("console.toml.damaged")).unwrap(), damaged);
        }
    }

    #[test]
    fn a_folder_that_can_not_be_written_is_told() {
        let dir = tempfile::tempdir().unwrap();
        assert!(replace(&dir.path().join("none/console.toml"), "").is_err());
        fs::create_dir(dir.path().join(FILE_NAME)).unwrap();
        let (remembered, told) = load(&dir.path().join(FILE_NAME));
        assert!(remembered == Remembered::default() && told.unwrap().contains("can't be read"));
    }
}
