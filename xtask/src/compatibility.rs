//! COMPATIBILITY.md: what the embedded document engine answers, what it refuses by name, and what is known to differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::workspace;

/// Where the three lists stand.
const CRATE: &str = "crates/whimbrel-documents";

/// What stands before the lists.
const BEGINNING: &str = "\
# What the embedded document engine answers

<!-- Written by `cargo xtask gen` from tier1.toml, tier2.toml, differences.toml and src/differential/known.txt in crates/whimbrel-documents. -->

A document project without a server keeps its documents in an SQLite file, and an engine of Whimbrel's answers MongoDB's
commands over it. It answers what stands in the first list as MongoDB does: a test sends each of these names to both and compares
the replies. What stands in the second list it refuses by name, with code 238 (NotImplemented), and never guesses at. A name in
neither list is refused with MongoDB's own words for what it does not know.
";

/// A list of names by group.
fn groups(root: &Path, file: &str) -> Result<BTreeMap<String, Vec<String>>> {
    let table = table(root, file)?;
    let groups = table.get("groups").with_context(|| format!("{file} has no groups"))?;
    groups.clone().try_into().with_context(|| format!("read the groups of {file}"))
}

fn table(root: &Path, file: &str) -> Result<toml::Table> {
    let path = root.join(CRATE).join(file);
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("parse {}", path.display()))
}

/// A table of groups and their names.
fn listed(groups: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = String::from("| | |\n|---|---|\n");
    for (group, names) in groups {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {group} | {} |", names.join(" "));
    }
    text
}

/// The differences in words, one paragraph each.
fn differences(root: &Path) -> Result<String> {
    let table = table(root, "differences.toml")?;
    let entries = table.get("difference").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let mut text = String::new();
    for entry in entries {
        let part = |key: &str| {
            entry
                .get(key)
                .and_then(toml::Value::as_str)
                .with_context(|| format!("a difference without {key}"))
        };
        let _ = writeln!(text, "- **{}**: {}", part("about")?, part("what")?.trim());
    }
    Ok(text)
}

/// How many single commands are listed as answered differently, by what they are about.
fn known(root: &Path) -> Result<String> {
    let path = root.join(CRATE).join("src/differential/known.txt");
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let kind =
            line.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(line, |(kind, _)| kind);
        *kinds.entry(kind).or_default() += 1;
    }
    if kinds.is_empty() {
        return Ok(
            "Of the commands that the comparison sends to both, none is listed as answered differently.\n"
                .to_owned(),
        );
    }
    let counted: Vec<String> = kinds.iter().map(|(kind, count)| format!("`{kind}` {count}")).collect();
    Ok(format!(
        "Single commands that are answered differently, by what they are about: {}.\n",
        counted.join(", ")
    ))
}

/// The text of COMPATIBILITY.md.
///
/// # Errors
/// A list cannot be read.
pub(crate) fn markdown() -> Result<String> {
    let root = workspace::root()?;
    Ok(format!(
        "{BEGINNING}\n## Answered as MongoDB answers\n\n{}\n## Refused by name\n\n{}\n## Known to differ\n\n{}\n{}",
        listed(&groups(&root, "tier1.toml")?),
        listed(&groups(&root, "tier2.toml")?),
        differences(&root)?,
        known(&root)?,
    ))
}
