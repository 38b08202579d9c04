//! Defects on purpose, for the tests that hold what happens then. A release has none.

/// Has one where the environment's `HEADEND_DEFECT` is `place=FILE` and that file is there; the file
/// is removed first, so that it happens once.
///
/// # Panics
/// On purpose.
#[cfg(debug_assertions)]
pub fn on_purpose(place: &str) {
    use std::path::PathBuf;
    use std::sync::OnceLock;
    static WANTED: OnceLock<Option<(String, PathBuf)>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("HEADEND_DEFECT").ok()?;
        let (place, file) = text.split_once('=')?;
        Some((place.to_owned(), file.into()))
    });
    let Some((_, file)) = wanted.as_ref().filter(|(wanted, _)| wanted == place) else {
        return;
    };
    assert!(std::fs::remove_file(file).is_err(), "a defect on purpose");
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub const fn on_purpose(_place: &str) {}
