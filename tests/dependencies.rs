//! Each package in `Cargo.toml` has its reason in `docs/dependencies.md`, and none has one there
//! for nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A reason shorter than this names no rival.
const SHORTEST_REASON: usize = 30;

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()))
}

/// The names in all tables of dependencies, those of single targets too.
fn packages(manifest: &str) -> BTreeSet<String> {
    let manifest: toml::Table = manifest.parse().unwrap_or_else(|error| panic!("Cargo.toml: {error}"));
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let for_targets = targets.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table);
    std::iter::once(&manifest)
        .chain(for_targets)
        .flat_map(|table| {
            ["dependencies", "dev-dependencies", "build-dependencies"].map(|kind| table.get(kind))
        })
        .flatten()
        .filter_map(toml::Value::as_table)
        .flat_map(toml::Table::keys)
        .cloned()
        .collect()
}

/// Name and reason of each row.
fn reasons(page: &str) -> Vec<(String, String)> {
    page.lines()
        .filter_map(|line| {
            let (name, rest) = line.strip_prefix("| `")?.split_once("` |")?;
            Some((name.to_owned(), rest.trim_end_matches('|').trim().to_owned()))
        })
        .collect()
}

/// What is wrong, one line each.
fn mistakes(manifest: &str, page: &str) -> Vec<String> {
    let packages = packages(manifest);
    let reasons = reasons(page);
    let named: BTreeSet<String> = reasons.iter().map(|(name, _)| name.clone()).collect();
    let mut wrong: Vec<String> =
        packages.difference(&named).map(|name| format!("{name} has no line")).collect();
    wrong.extend(named.difference(&packages).map(|name| format!("{name} is not in Cargo.toml")));
    wrong.extend(
        reasons
            .iter()
            .filter(|(_, why)| why.len() < SHORTEST_REASON)
            .map(|(name, _)| format!("{name}: no reason")),
    );
    if named.len() != reasons.len() {
        wrong.push("a package has two lines".to_owned());
    }
    wrong
}

#[test]
fn each_dependency_has_its_reason() {
    let wrong = mistakes(&read("Cargo.toml"), &read("docs/dependencies.md"));
    assert!(wrong.is_empty(), "docs/dependencies.md: {wrong:#?}");
}

#[test]
fn mistakes_are_seen() {
    const MANIFEST: &str = "
        [dependencies]\nnix = '1'\n[dev-dependencies]\ninsta = '1'\n[target.'cfg(unix)'.dependencies]\nlibc = '1'
    ";
    let why = "because its rival does it worse than this one";
    let row = |name: &str, why: &str| format!("| `{name}` | {why} |\n");
    let good = row("nix", why) + &row("insta", why) + &row("libc", why);
    assert_eq!(mistakes(MANIFEST, &good), Vec::<String>::new());
    assert_eq!(mistakes(MANIFEST, &(row("nix", why) + &row("insta", why))), ["libc has no line"]);
    assert_eq!(mistakes(MANIFEST, &(good.clone() + &row("sled", why))), ["sled is not in Cargo.toml"]);
    assert_eq!(mistakes(MANIFEST, &(good.clone() + &row("nix", why))), ["a package has two lines"]);
    assert_eq!(mistakes(MANIFEST, &good.replacen(why, "good", 1)), ["nix: no reason"]);
}
