//! `xtask tidy`: the invariants that a program can check.
//!
//! Each check is a pure function over the text of the tree or over cargo's metadata, and returns findings.

mod dependencies;
mod layout;
mod source;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Whether a finding fails the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Warning,
    Failure,
}

/// One breach of an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    severity: Severity,
    place: String,
    message: String,
}

impl Finding {
    fn failure(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Failure, place: place.into(), message: message.into() }
    }

    fn warning(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, place: place.into(), message: message.into() }
    }
}

/// The text files of a tree, by their paths from its root.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<PathBuf, String>,
}

impl Tree {
    /// Reads every file that git tracks or would track; files that are not text are left out.
    fn read(root: &Path) -> Result<Self> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("start git")?;
        if !output.status.success() {
            bail!("git ls-files failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let mut files = BTreeMap::new();
        for path in String::from_utf8_lossy(&output.stdout).split('\0').filter(|path| !path.is_empty()) {
            // A tracked file may have been deleted in the work tree, and a binary file has no lines.
            if let Ok(text) = std::fs::read_to_string(root.join(path)) {
                files.insert(PathBuf::from(path), text);
            }
        }
        Ok(Self { files })
    }

    fn rust_files(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.iter().filter(|(path, _)| path.extension().is_some_and(|extension| extension == "rs"))
    }

    fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files.iter().map(|(path, text)| (path.as_path(), text.as_str()))
    }

    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect() }
    }
}

/// Runs every check and prints its findings.
pub(crate) fn run() -> Result<ExitCode> {
    let root = workspace::root()?;
    let tree = Tree::read(&root)?;
    let mut findings = Vec::new();
    findings.extend(source::lengths(&tree));
    findings.extend(source::module_names(&tree));
    findings.extend(source::ignored_tests(&tree));
    findings.extend(source::printing(&tree));
    findings.extend(layout::lints_inherited(&tree));
    findings.extend(layout::forgotten_tests(&tree));
    findings.extend(layout::one_test_binary(&tree));
    findings.extend(words::forbidden(&tree, &words::list(&root)));
    findings.extend(dependencies::check(&dependencies::metadata(&root)?)?);
    for finding in &findings {
        let severity = match finding.severity {
            Severity::Warning => "warning",
            Severity::Failure => "error",
        };
        eprintln!("{severity}: {}: {}", finding.place, finding.message);
    }
    let failures = findings.iter().filter(|finding| finding.severity == Severity::Failure).count();
    println!("tidy: {} files, {failures} errors, {} warnings", tree.files.len(), findings.len() - failures);
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
