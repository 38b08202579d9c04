//! The pages against the program: keys, words and verbs in `docs/reference.md`, links in all of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use headend::model::{ConditionKind, FaultClass, Health, Phase};

const HEADEND: &str = env!("CARGO_BIN_EXE_headend");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()))
}

fn reference() -> String {
    read(&root().join("docs/reference.md"))
}

fn printed_by(args: &[&str]) -> String {
    let output = Command::new(HEADEND).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("headend {args:?}: {error}"));
    assert!(output.status.success(), "headend {args:?}: {}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The text under a heading, up to the next one of its rank or above.
fn chapter<'a>(page: &'a str, heading: &str) -> &'a str {
    let begin = page.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading:?}"));
    let text = &page[begin + heading.len() + 2..];
    let rank = heading.chars().take_while(|c| *c == '#').count();
    let ends = |rank: usize| text.find(&format!("\n{} ", "#".repeat(rank)));
    &text[..(2..=rank).filter_map(ends).min().unwrap_or(text.len())]
}

/// What stands in backquotes at the beginning of each row.
fn first_cells(chapter: &str) -> BTreeSet<&str> {
    let words = chapter.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    words.collect()
}

#[test]
fn the_table_of_keys_is_the_one_that_is_printed() {
    let page = reference();
    let (_, rest) = page.split_once("<!-- keys -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- /keys -->").unwrap();
    assert_eq!(table, printed_by(&["keys"]), "put what `headend keys` prints between the two marks");
}

#[test]
fn each_word_of_the_screen_has_its_row_and_no_other() {
    let page = reference();
    let same = |heading: &str, words: BTreeSet<&str>| {
        assert_eq!(first_cells(chapter(&page, heading)), words, "{heading}");
    };
    same("## Conditions", ConditionKind::ALL.iter().map(|kind| kind.word()).collect());
    same("## Phases", Phase::ALL.iter().map(|phase| phase.word()).collect());
    same("## Health", Health::ALL.iter().map(|health| health.word()).collect());
    let classes: Vec<String> =
        FaultClass::ALL.iter().map(|class| serde_json::to_string(class).unwrap()).collect();
    same("## Log classes", classes.iter().map(|word| word.trim_matches('"')).collect());
}

/// The arrows of the state diagram.
fn arrows(page: &str) -> BTreeSet<(&str, &str)> {
    let arrow = |line: &'_ str| -> Option<(usize, usize)> { Some((line.find(" --> ")?, line.find(": ")?)) };
    let lines = page.lines().map(str::trim);
    lines.filter_map(|line| arrow(line).map(|(to, why)| (&line[..to], &line[to + 5..why]))).collect()
}

#[test]
fn the_state_diagram_is_the_table_of_the_core() {
    let page = read(&root().join("docs/supervision.md"));
    let follows = |from: Phase| from.successors().iter().map(move |to| (from.word(), to.word()));
    let table: BTreeSet<_> = Phase::ALL.into_iter().flat_map(follows).collect();
    assert_eq!(arrows(&page), table, "docs/supervision.md and src/model/phase.rs differ");
}

#[test]
fn severities_and_conditions_of_classes_are_as_written() {
    let page = reference();
    let conditions = chapter(&page, "## Conditions");
    for kind in ConditionKind::ALL {
        let severity = serde_json::to_string(&kind.severity()).unwrap();
        let row = format!("| `{}` | {} |", kind.word(), severity.trim_matches('"'));
        assert!(conditions.contains(&row), "no row begins with {row}");
    }
    let classes = chapter(&page, "## Log classes");
    for class in FaultClass::ALL {
        let word = serde_json::to_string(&class).unwrap();
        let row = classes.lines().find(|line| line.starts_with(&format!("| `{}`", word.trim_matches('"'))));
        let row = row.unwrap_or_else(|| panic!("no row for {word}"));
        assert!(row.contains(&format!("| `{}`", class.condition().word())), "the condition of {word}: {row}");
        assert!(row.ends_with(if class.ends_a_run() { "| yes |" } else { "| no |" }), "{row}");
    }
}

/// The words at the beginning of the lines of clap's list of commands.
fn verbs(help: &str) -> Vec<&str> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    list.take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next()).collect()
}

#[test]
fn each_verb_and_each_option_is_there() {
    let page = reference();
    let text = chapter(&page, "## Verbs");
    let help = printed_by(&["--help"]);
    let verbs = verbs(&help);
    assert!(verbs.len() >= 5, "{help}");
    for verb in &verbs {
        assert!(text.contains(&format!("| `headend {verb}")), "no row for {verb}");
    }
    let others = verbs.iter().filter(|verb| **verb != "help").map(|verb| printed_by(&[verb, "--help"]));
    for help in std::iter::once(help.clone()).chain(others) {
        for word in help.split_whitespace().filter_map(|word| word.strip_prefix("--")) {
            let name = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            assert!(name == "help" || text.contains(&format!("`--{name}")), "nothing about --{name}");
        }
    }
}

/// The targets of Markdown's `[text](target)`.
fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// How a heading is called in a link.
fn anchor(heading: &str) -> String {
    let plain = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = plain.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut pages: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(|p| root().join(p)).into();
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        pages.push(entry.unwrap().path());
    }
    let mut wrong = Vec::new();
    for page in pages.iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        for link in links(&read(page)).filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if file.is_empty() { page.clone() } else { page.parent().unwrap_or(root()).join(file) };
            let found = target.exists()
                && (heading.is_empty()
                    || read(&target).lines().any(|l| l.starts_with('#') && anchor(l) == heading));
            if !found {
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "links that lead nowhere:\n{}", wrong.join("\n"));
}

#[test]
fn each_promise_is_held_by_tests_that_are_there() {
    let page = read(&root().join("docs/architecture.md"));
    let mut promised = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in chapter(&page, "## Promises").lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let Some(number) = cells.get(1).and_then(|number| number.parse::<u8>().ok()) else { continue };
        promised.insert(number);
        let tests: Vec<(&str, &str)> = row
            .split('`')
            .filter_map(|word| word.split_once("::"))
            .filter(|(file, _)| Path::new(file).extension().is_some_and(|e| e == "rs"))
            .collect();
        for (file, test) in &tests {
            let source = fs::read_to_string(root().join(file)).unwrap_or_default();
            let there = source.lines().any(|line| {
                line.trim_start()
                    .strip_prefix("fn ")
                    .is_some_and(|rest| rest.starts_with(&format!("{test}(")))
            });
            if !there {
                wrong.push(format!("{number}: no test {test} in {file}"));
            }
        }
        if tests.is_empty() {
            wrong.push(format!("{number}: no test"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(promised, (1..=25).collect());
}
