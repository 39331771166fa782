//! Checks of the workspace's layout: manifests and integration tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Finding, Tree};

/// Every package takes its lints from the workspace.
pub(super) fn lints_inherited(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.iter().filter(|(path, _)| path.file_name().is_some_and(|name| name == "Cargo.toml"));
    let mut findings = Vec::new();
    for (path, text) in manifests {
        let place = path.display().to_string();
        let manifest: toml::Table = match text.parse() {
            Ok(manifest) => manifest,
            Err(error) => {
                findings.push(Finding::failure(place, format!("not a TOML file: {error}")));
                continue;
            }
        };
        let inherits =
            manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool)
                == Some(true);
        if manifest.contains_key("package") && !inherits {
            findings.push(Finding::failure(
                place,
                "the package does not inherit the lints: add `[lints] workspace = true`",
            ));
        }
    }
    findings
}

/// Every file in `tests/it` is named by its `main.rs`, else it is never compiled.
pub(super) fn forgotten_tests(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, _) in
        tree.rust_files().filter(|(path, _)| path.parent().is_some_and(|folder| folder.ends_with("tests/it")))
    {
        let (Some(folder), Some(module)) = (path.parent(), path.file_stem().and_then(|stem| stem.to_str()))
        else {
            continue;
        };
        if module == "main" {
            continue;
        }
        let main = tree.files.get(&folder.join("main.rs")).map_or("", String::as_str);
        if !main.lines().any(|line| line.trim() == format!("mod {module};")) {
            findings.push(Finding::failure(
                path.display().to_string(),
                format!("never compiled: main.rs lacks `mod {module};`"),
            ));
        }
    }
    findings
}

/// A crate links one integration-test binary, since each costs a link of everything below it.
pub(super) fn one_test_binary(tree: &Tree) -> Vec<Finding> {
    let mut binaries: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for (path, _) in tree.rust_files() {
        if let Some(package) = test_binary_of(path) {
            binaries.entry(package).or_default().push(path.display().to_string());
        }
    }
    let many = binaries.into_iter().filter(|(_, files)| files.len() > 1);
    many.map(|(package, files)| {
        Finding::failure(
            package.display().to_string(),
            format!("more than one integration-test binary: {}", files.join(", ")),
        )
    })
    .collect()
}

/// The package whose integration-test binary has `path` as its root.
fn test_binary_of(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    let tests = if folder.file_name()? == "tests" {
        folder
    } else if path.file_name()? == "main.rs" {
        folder.parent().filter(|parent| parent.file_name().is_some_and(|name| name == "tests"))?
    } else {
        return None;
    };
    // A module named `tests` inside the source is not a binary.
    tests
        .parent()
        .filter(|package| package.components().all(|part| part.as_os_str() != "src"))
        .map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.place.as_str()).collect()
    }

    #[test]
    fn a_package_without_the_lints_is_found() {
        let tree = Tree::of(&[
            ("Cargo.toml", "[workspace]\n"),
            ("a/Cargo.toml", "[package]\nname = \"a\"\n[lints]\nworkspace = true\n"),
            ("b/Cargo.toml", "[package]\nname = \"b\"\n[lints.rust]\nunused = \"warn\"\n"),
            ("c/Cargo.toml", "[package\n"),
        ]);
        assert_eq!(places(&lints_inherited(&tree)), ["b/Cargo.toml", "c/Cargo.toml"]);
    }

    #[test]
    fn a_test_file_that_nobody_names_is_found() {
        let tree = Tree::of(&[
            ("a/tests/it/main.rs", "mod named;\n// mod forgotten;\n"),
            ("a/tests/it/named.rs", ""),
            ("a/tests/it/forgotten.rs", ""),
            ("b/tests/it/alone.rs", ""),
        ]);
        assert_eq!(places(&forgotten_tests(&tree)), ["a/tests/it/forgotten.rs", "b/tests/it/alone.rs"]);
    }

    #[test]
    fn a_second_test_binary_is_found() {
        let tree = Tree::of(&[
            ("a/tests/it/main.rs", ""),
            ("a/tests/it/x.rs", ""),
            ("a/tests/ui/wrong.rs", ""),
            ("b/tests/it/main.rs", ""),
            ("b/tests/extra.rs", ""),
            ("c/src/tests/unit.rs", ""),
            ("c/src/tests/other.rs", ""),
            ("c/src/project/tests/one.rs", ""),
            ("c/src/project/tests/two.rs", ""),
        ]);
        assert_eq!(places(&one_test_binary(&tree)), ["b"]);
    }
}
