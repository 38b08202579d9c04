//! Views of the console.

use std::fmt::Write as _;

use super::{check, good, read};
use crate::config::{Environment, Memory, console_of};
use crate::model::{Column, ColumnChoice, Density, MAX_VIEW_NAME, MAX_VIEWS, SortBy, View};

#[test]
fn a_view_has_all_its_parts() {
    let text = "\
[[view]]
name = ' night shift '
key = 3
filter = 'health:critical | group:\"a b\"'
faults = true
sort = '-bitrate'
columns = ['name:30', 'cpu']
density = 'tiles'
group = true
[[view]]
name = 'plain'
";
    let view = View {
        name: "night shift".into(),
        key: Some(3),
        filter: "health:critical | group:\"a b\"".into(),
        faults: true,
        sort: SortBy { column: Some(Column::Bitrate), reversed: true },
        columns: vec![ColumnChoice { column: Column::Name, width: Some(30) }, ColumnChoice::of(Column::Cpu)],
        density: Density::Tiles,
        grouped: true,
    };
    let plain = View { name: "plain".into(), ..View::default() };
    assert_eq!(good(text, &Memory::new()).config.console.views, [view, plain]);
}

#[test]
fn views_are_read_alone_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("headend.toml");
    std::fs::write(&path, "[[view]]\nname = 'x'\nfilter = 'fps<20'\n[[stream]]\n").unwrap();
    let console = console_of(&path, &Environment::default()).unwrap();
    assert_eq!(console.views.iter().map(|view| &*view.filter).collect::<Vec<_>>(), ["fps<20"]);
    std::fs::write(&path, "[[view]]\nname = 'x'\nfilter = 'fps<'\n").unwrap();
    assert_eq!(console_of(&path, &Environment::default()).unwrap_err().count(), 1);
}

#[test]
fn mistakes_in_views_have_their_place() {
    let text = "\
[[view]]
key = 10
[[view]]
name = 'a'
key = 1
filter = 'helth:critical'
sort = 'helth'
columns = ['name', 'nmae', 'name:9', 'fps:2']
density = 'two lines'
group = 'yes'
wheels = 4
[[view]]
name = 'a'
key = 1
columns = []
[[view]]
name = ''
filter = 'name:x fps<fast'
";
    check(
        text,
        &Memory::new(),
        &[
            r#"headend.toml:1:1: [[view]] has no "name"; expected one like name = "night shift""#,
            r#"headend.toml:2:7: "key" is 10; expected a whole number between 1 and 9"#,
            r#"headend.toml:6:10: the filter is no query, at its character 1; no field "helth"; did you mean health?"#,
            r#"headend.toml:7:8: "helth" is no column; did you mean "health"?; "-" before it turns it round"#,
            r#"headend.toml:8:20: "nmae" is no column; did you mean "name"?; a width may stand behind it, like "name:24""#,
            r#"headend.toml:8:28: the column "name" is there twice; expected it once"#,
            r#"headend.toml:8:38: "2" is no width; expected 3 to 200 cells; a width may stand behind it, like "name:24""#,
            r#"headend.toml:9:11: "two lines" is no density; expected one, two or tiles"#,
            r#"headend.toml:10:9: "group" is the text "yes"; expected true or false, without quotes"#,
            r#"headend.toml:11:1: unknown key "wheels" in [[view]]; expected name, key, filter, faults, sort, columns, density or group"#,
            r#"headend.toml:13:8: there is a view "a" already; expected another name"#,
            r#"headend.toml:14:1: the view "a" is on this key already; expected another one from 1 to 9"#,
            r#"headend.toml:15:1: "columns" is empty; expected at least one, like ["name"]"#,
            r#"headend.toml:17:8: the name "" is 0 characters long; expected 1 to 40"#,
            r#"headend.toml:18:10: the filter is no query, at its character 12; "fast" is no number for fps; write it like fps<20"#,
        ],
    );
}

#[test]
fn views_are_bounded() {
    let mut text = String::new();
    for n in 0..MAX_VIEWS {
        writeln!(text, "[[view]]\nname = 'v{n}'").unwrap();
    }
    assert_eq!(good(&text, &Memory::new()).config.console.views.len(), MAX_VIEWS);
    writeln!(text, "[[view]]\nname = 'one more'\n[[view]]\nname = 'and one'").unwrap();
    let mistakes = read(&text, &Memory::new()).unwrap_err();
    assert_eq!((mistakes.count(), &*mistakes.list[0].message), (1, "there are more than 30 views"));

    let named = |length: usize| format!("[[view]]\nname = '{}'", "ü".repeat(length));
    good(&named(MAX_VIEW_NAME), &Memory::new());
    assert!(read(&named(MAX_VIEW_NAME + 1), &Memory::new()).is_err());
}
