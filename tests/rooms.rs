//! Who may use whom: the table in `docs/architecture.md` against the `crate::` paths in `src/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A room's path from the table, such as `src/supervisor/core/` or `src/main.rs`.
type RoomPath = String;

/// What a room may use, by short names (`core`, `model`).
#[derive(Debug, PartialEq)]
enum Allowed {
    AllBut(BTreeSet<String>),
    Only(BTreeSet<String>),
}

impl Allowed {
    fn read(text: &str) -> Self {
        let names =
            |list: &str| list.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
        match text.trim() {
            "nobody" => Self::Only(BTreeSet::new()),
            "all" => Self::AllBut(BTreeSet::new()),
            other => match other.strip_prefix("all but ") {
                Some(list) => Self::AllBut(names(list)),
                None => Self::Only(names(other)),
            },
        }
    }

    fn allows(&self, room: &str) -> bool {
        match self {
            Self::AllBut(names) => !names.contains(room),
            Self::Only(names) => names.contains(room),
        }
    }

    fn names(&self) -> &BTreeSet<String> {
        match self {
            Self::AllBut(names) | Self::Only(names) => names,
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `src/supervisor/core/` is called `core`, `src/main.rs` `main`.
fn short_name(room: &str) -> &str {
    room.trim_end_matches('/').rsplit('/').next().unwrap_or(room).trim_end_matches(".rs")
}

fn read_table(page: &str) -> BTreeMap<RoomPath, Allowed> {
    page.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').collect();
            let room = cells.first()?.trim().strip_suffix('`')?;
            room.starts_with("src/").then(|| (room.to_owned(), Allowed::read(cells.get(2).unwrap_or(&""))))
        })
        .collect()
}

/// The room a file lives in: the longest path in the table that holds it.
fn room_of<'a>(file: &str, table: &'a BTreeMap<RoomPath, Allowed>) -> Option<&'a str> {
    table
        .keys()
        .filter(|room| file.starts_with(room.as_str()))
        .max_by_key(|room| room.len())
        .map(String::as_str)
}

fn without_comments(code: &str) -> String {
    code.lines()
        .map(|line| line.split_once("//").map_or(line, |(before, _)| before))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The first two names of each `crate::` path, those in braces one by one, with their lines.
fn crate_paths(code: &str) -> Vec<(usize, Vec<String>)> {
    let code = without_comments(code);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        for path in expand(&code[at + "crate::".len()..], 2) {
            found.push((line, path));
        }
    }
    found
}

/// Takes apart what stands after a `::`: a name and what follows it, or a group in braces.
fn expand(text: &str, depth: usize) -> Vec<Vec<String>> {
    if depth == 0 {
        return vec![Vec::new()];
    }
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        return group_members(group).into_iter().flat_map(|member| expand(member, depth)).collect();
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rests = match rest.trim_start().strip_prefix("::") {
        Some(rest) => expand(rest, depth - 1),
        None => vec![Vec::new()],
    };
    rests.into_iter().map(|rest| std::iter::once(name.to_owned()).chain(rest).collect()).collect()
}

/// The members of a group, up to its closing brace.
fn group_members(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut members) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                members.push(text[from..at].trim());
                from = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    members.retain(|member| !member.is_empty());
    members
}

/// The short name of the room that a path points into; `None`: the crate's own top.
fn room_pointed_at(path: &[String], table: &BTreeMap<RoomPath, Allowed>) -> Option<String> {
    let deep = path.get(1).map(|second| format!("src/{}/{second}/", path[0]));
    let shallow = path.first().map(|first| format!("src/{first}/"));
    let file = path.first().map(|first| format!("src/{first}.rs"));
    [deep, shallow, file]
        .into_iter()
        .flatten()
        .find(|room| table.contains_key(room))
        .map(|room| short_name(&room).to_owned())
}

/// What is wrong in one file, as `line N: ...`.
fn trespasses(file: &str, code: &str, table: &BTreeMap<RoomPath, Allowed>) -> Vec<String> {
    let Some(room) = room_of(file, table) else {
        return vec![format!("{file} lives in no room of docs/architecture.md")];
    };
    let own = short_name(room);
    let mut wrong = Vec::new();
    for (line, path) in crate_paths(code) {
        match room_pointed_at(&path, table) {
            // A half of the supervisor may not go round by the door.
            Some(target) if target == own || table[room].allows(&target) => {}
            Some(target) => wrong.push(format!("{file}:{line}: {own} may not use {target}")),
            None => wrong.push(format!("{file}:{line}: crate::{} is in no room", path.join("::"))),
        }
    }
    // One group can name a room many times.
    wrong.dedup();
    wrong
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("reading {}: {e}", folder.display())) {
        let path = entry.unwrap_or_else(|e| panic!("reading {}: {e}", folder.display())).path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn table() -> BTreeMap<RoomPath, Allowed> {
    read_table(&fs::read_to_string(root().join("docs/architecture.md")).unwrap_or_else(|e| panic!("{e}")))
}

#[test]
fn no_room_reaches_for_one_it_was_not_given() {
    let table = table();
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let wrong: Vec<String> = files
        .iter()
        .filter(|file| !file.ends_with("src/lib.rs"))
        .flat_map(|file| {
            let name = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            trespasses(&name, &fs::read_to_string(file).unwrap(), &table)
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}\nThe table is in docs/architecture.md.", wrong.join("\n"));
}

#[test]
fn the_table_names_rooms_that_exist() {
    let table = table();
    assert!(table.len() >= 14, "only {} rooms read: has the table's form changed?", table.len());
    let known: BTreeSet<&str> = table.keys().map(|room| short_name(room)).collect();
    assert_eq!(known.len(), table.len(), "two rooms with one short name");
    for (room, allowed) in &table {
        assert!(root().join(room).exists(), "{room} is in the table and not in src/");
        for name in allowed.names() {
            assert!(known.contains(name.as_str()), "{room} may use {name}, which is no room");
        }
    }
}

/// Lines of `code` that ask for the time of day outside of `fn wall_ms`, which is for people.
fn looks_at_the_wall_clock(code: &str) -> Vec<usize> {
    let code = without_comments(code);
    let mut function = "";
    let mut found = Vec::new();
    for (n, line) in code.lines().enumerate() {
        if let Some((_, name)) = line.split_once("fn ") {
            function = name.split('(').next().unwrap_or_default();
        }
        let asks = ["SystemTime::now", "Timestamp::now", "Zoned::now"].iter().any(|call| line.contains(call));
        if asks && function != "wall_ms" {
            found.push(n + 1);
        }
    }
    found
}

#[test]
fn supervision_never_looks_at_the_wall_clock() {
    let mut files = Vec::new();
    sources(&root().join("src/supervisor"), &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let code = fs::read_to_string(&file).unwrap();
        let at = |line: usize| format!("{}:{line}", file.display());
        wrong.extend(looks_at_the_wall_clock(&code).into_iter().map(at));
        // The core has no clock at all: it is told. Its tests may measure themselves.
        let below = file.strip_prefix(root().join("src/supervisor/core")).ok();
        let part = below.and_then(|path| path.iter().next()).map(|part| part.to_string_lossy());
        if part.is_some_and(|part| !part.starts_with("tests") && !part.starts_with("simulation")) {
            let clocks = without_comments(&code);
            let clocks = clocks
                .lines()
                .enumerate()
                .filter(|(_, l)| l.contains("Instant::now") || l.contains("SystemTime"));
            wrong.extend(clocks.map(|(n, _)| at(n + 1)));
        }
    }
    assert!(wrong.is_empty(), "the wall clock may jump; supervision counts in Moments: {wrong:#?}");
    let code =
        "fn a() {\n SystemTime::now();\n}\nfn wall_ms() {\n SystemTime::now();\n}\n// SystemTime::now()";
    assert_eq!(looks_at_the_wall_clock(code), [2], "and such a look is seen");
}

const PAGE: &str = "
| room | what lives there | may use |
| --- | --- | --- |
| `src/model/` | data | nobody |
| `src/config/` | words | model |
| `src/service/` | all | all but console |
| `src/console/` | screen | model |
| `src/supervisor/` | door | core, runtime |
| `src/supervisor/core/` | rules | model, config |
| `src/supervisor/runtime/` | hands | model, core |
";

fn wrong(file: &str, code: &str) -> Vec<String> {
    trespasses(file, code, &read_table(PAGE))
}

#[test]
fn a_trespass_is_seen_in_every_form() {
    for code in [
        "use crate::console::App;",
        "use crate::{config::X, console::App};",
        "use crate::{\n    config,\n    console::{App, key},\n};",
        "fn f() { crate::console::run(); }",
        "pub(in crate::console) fn f() {}",
        "use crate::supervisor::runtime::X;",
        "use crate::supervisor::{core::A, runtime::B};",
        "use crate::supervisor::Door;",
        "use crate::nowhere::X;",
    ] {
        assert_eq!(wrong("src/supervisor/core/a.rs", code).len(), 1, "{code}");
    }
    assert_eq!(
        wrong("src/service/mod.rs", "\n\nuse crate::console::run;"),
        ["src/service/mod.rs:3: service may not use console"]
    );
    assert_eq!(wrong("src/attic/mod.rs", "").len(), 1);
}

#[test]
fn what_is_given_may_be_used() {
    for code in [
        "use crate::model::X;",
        "use crate::{config::X, model::{A, B}};",
        "use crate::supervisor::core::backoff;",
        "// use crate::console::X;",
        "//! See [`crate::console::App`].",
        "use my_crate::console;",
        "pub(crate) fn f() {}",
    ] {
        assert_eq!(wrong("src/supervisor/core/a.rs", code), Vec::<String>::new(), "{code}");
    }
    assert!(wrong("src/service/mod.rs", "use crate::supervisor::runtime::X; use crate::config;").is_empty());
}
