//! `xtask gen`: files of the repository that code writes.
//!
//! To add one, write a function that returns its text and name it in [`entries`].

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace;

/// A generated file and the function that writes its text.
struct Generated {
    /// The path from the workspace's root.
    path: &'static str,
    text: fn() -> Result<String>,
}

/// Every generated file.
fn entries() -> Vec<Generated> {
    vec![
        Generated {
            path: "docs/reference/schema.md",
            text: || Ok(whimbrel_schema::grammar::reference_markdown()),
        },
        Generated {
            path: "docs/reference/config.md",
            text: || Ok(whimbrel_lifecycle::project::reference_markdown()),
        },
        Generated { path: "docs/reference/cli.md", text: || Ok(whimbrel_cli::reference_markdown()) },
        Generated {
            path: "docs/reference/lint.md",
            text: || Ok(whimbrel_schema::lint::reference_markdown()),
        },
        Generated {
            path: "docs/reference/sqlite-ddl.md",
            text: || Ok(whimbrel_sqlite::supported_markdown()),
        },
        Generated { path: "COMPATIBILITY.md", text: crate::compatibility::markdown },
    ]
}

/// Writes every generated file.
pub(crate) fn write() -> Result<ExitCode> {
    let entries = entries();
    let changed = write_stale(&workspace::root()?, &entries)?;
    for path in &changed {
        println!("gen: wrote {path}");
    }
    println!("gen: {} files, {} written", entries.len(), changed.len());
    Ok(ExitCode::SUCCESS)
}

/// Fails when a generated file is not what its function returns.
pub(crate) fn check() -> Result<ExitCode> {
    let entries = entries();
    let stale = stale(&workspace::root()?, &entries)?;
    for (generated, _) in &stale {
        eprintln!("error: {} is stale", generated.path);
    }
    println!("gen: {} files, {} stale", entries.len(), stale.len());
    if stale.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("run `cargo xtask gen` and commit what it writes");
    Ok(ExitCode::FAILURE)
}

/// The entries whose file differs from their text, or is missing, each with its new text.
fn stale<'a>(root: &Path, entries: &'a [Generated]) -> Result<Vec<(&'a Generated, String)>> {
    let mut stale = Vec::new();
    for generated in entries {
        let text = (generated.text)().with_context(|| format!("generate {}", generated.path))?;
        if fs::read_to_string(root.join(generated.path)).ok().as_ref() != Some(&text) {
            stale.push((generated, text));
        }
    }
    Ok(stale)
}

fn write_stale(root: &Path, entries: &[Generated]) -> Result<Vec<&'static str>> {
    let mut written = Vec::new();
    for (generated, text) in stale(root, entries)? {
        let path = root.join(generated.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        written.push(generated.path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_edited_files_are_stale_until_written() {
        let root = tempfile::tempdir().unwrap();
        let entries = [
            Generated { path: "docs/a.md", text: || Ok("a\n".to_owned()) },
            Generated { path: "docs/b.md", text: || Ok("b\n".to_owned()) },
        ];
        assert_eq!(write_stale(root.path(), &entries).unwrap(), ["docs/a.md", "docs/b.md"]);
        assert!(stale(root.path(), &entries).unwrap().is_empty());
        fs::write(root.path().join("docs/b.md"), "edited\n").unwrap();
        let found: Vec<_> =
            stale(root.path(), &entries).unwrap().into_iter().map(|(generated, _)| generated.path).collect();
        assert_eq!(found, ["docs/b.md"]);
        assert_eq!(write_stale(root.path(), &entries).unwrap(), ["docs/b.md"]);
    }

    #[test]
    fn a_generator_that_fails_is_named() {
        let entries = [Generated { path: "docs/a.md", text: || anyhow::bail!("no table") }];
        let error = stale(Path::new("/nonexistent"), &entries).err().unwrap();
        assert_eq!(format!("{error:#}"), "generate docs/a.md: no table");
    }
}
