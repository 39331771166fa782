//! `migrate import alembic`: the script of Alembic's offline mode becomes migration files, one a revision; and how Alembic's
//! users refer to revisions.
//!
//! This module reads and writes files; it speaks to no database.

mod error;
mod log;
mod origin;
mod reference;
mod script;
mod words;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

pub use error::ImportError;
pub(crate) use origin::Origin;
pub use reference::version_of;
use script::{Piece, Revision, Verb};

use crate::error::Result;
use crate::migration::{Folder, NewMigration, Version, file_stem, next_version};

/// A script's name and text.
#[derive(Clone, Debug)]
pub struct Script {
    /// The name, for messages.
    pub name: String,
    /// The text.
    pub text: String,
}

/// What is to be imported.
#[derive(Clone, Debug)]
pub struct Import {
    /// What `alembic upgrade … --sql` wrote.
    pub up: Script,
    /// What `alembic downgrade … --sql` wrote.
    pub down: Option<Script>,
    /// The folder of the revisions' Python files, whose names tell what each does.
    pub revisions: Option<PathBuf>,
    /// Whether nothing is to be written.
    pub dry_run: bool,
}

/// The outcome of an import.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ImportReport {
    /// The files, in order.
    pub files: Vec<ImportedFile>,
    /// Revisions that the folder holds already.
    pub present: Vec<String>,
    /// What deserves a look.
    pub notes: Vec<String>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// One revision as a file.
#[derive(Clone, Debug, Serialize)]
pub struct ImportedFile {
    /// The revision.
    pub revision: String,
    /// The file.
    pub path: PathBuf,
    /// How many statements it runs upwards.
    pub statements: usize,
    /// Whether it has a way back.
    pub reversible: bool,
    /// Whether a part of it runs outside a transaction.
    pub outside: bool,
}

/// Writes a migration file for each revision of a script; what the folder holds already stays as it is.
///
/// # Errors
/// A script is not Alembic's or is cut off, or a file cannot be written. Nothing is written then.
pub fn import(folder: &Folder, import: &Import) -> Result<ImportReport> {
    let (up_text, mut messages) = log::without_log(&import.up.text);
    let ups = read(&import.up.name, &up_text, Verb::Upgrade)?;
    let mut downs = BTreeMap::new();
    if let Some(down) = &import.down {
        let (text, _) = log::without_log(&down.text);
        for revision in read(&down.name, &text, Verb::Downgrade)? {
            downs.insert(revision.from[0].clone(), revision);
        }
    }
    if let Some(path) = &import.revisions {
        messages.extend(log::messages_of_files(path)?);
    }
    let known: Vec<Origin> = folder.migrations.iter().filter_map(Origin::of).collect();
    let mut report = ImportReport { dry_run: import.dry_run, ..ImportReport::default() };
    let mut written = Vec::new();
    let mut version = next_version(folder, jiff::Timestamp::now());
    for up in &ups {
        let revision = &up.to[0];
        let down = downs.remove(revision);
        if known.iter().any(|origin| origin.revision == *revision) {
            report.present.push(revision.clone());
            continue;
        }
        let message = messages.get(revision).map(String::as_str);
        let new = new_migration(&version, up, down.as_ref(), message)?;
        report.files.push(ImportedFile {
            revision: revision.clone(),
            path: folder.path.join(&new.file_name),
            statements: up.statements().count(),
            reversible: down.is_some(),
            outside: up.outside() || down.is_some_and(|down| down.outside()),
        });
        written.push(new);
        version = version.next();
    }
    report.notes = notes(&report, import.down.is_some(), &downs);
    if !import.dry_run && !written.is_empty() {
        NewMigration::write_all(&written, folder)?;
    }
    Ok(report)
}

/// Reads a script that goes one way only, each revision once.
fn read(name: &str, text: &str, wanted: Verb) -> Result<Vec<Revision>> {
    let revisions = script::read(name, text)?;
    let mut seen = std::collections::HashSet::new();
    for revision in &revisions {
        if revision.verb != wanted {
            let (found, wanted) = match wanted {
                Verb::Upgrade => ("downgrade", "upgrade"),
                Verb::Downgrade => ("upgrade", "downgrade"),
            };
            return Err(ImportError::Direction { file: name.to_owned(), found, wanted }.into());
        }
        let own = if wanted == Verb::Upgrade { &revision.to[0] } else { &revision.from[0] };
        if !seen.insert(own.clone()) {
            return Err(ImportError::Duplicate { file: name.to_owned(), revision: own.clone() }.into());
        }
    }
    Ok(revisions)
}

fn new_migration(
    version: &Version,
    up: &Revision,
    down: Option<&Revision>,
    message: Option<&str>,
) -> Result<NewMigration> {
    let origin = Origin::from_upgrade(up);
    let name = match message {
        Some(message) => format!("{} {message}", origin.revision),
        None => origin.revision.clone(),
    };
    let file_name = format!("{version}-{}.sql", file_stem(&name)?);
    let text = write::file(&file_name, &origin, message, up, down)?;
    Ok(NewMigration { version: version.clone(), file_name, text, snapshot: None })
}

fn notes(report: &ImportReport, has_down: bool, left: &BTreeMap<String, Revision>) -> Vec<String> {
    let mut notes = Vec::new();
    let without = report.files.iter().filter(|file| !file.reversible).count();
    if !report.files.is_empty() && !has_down {
        notes.push(
            "no file has a way back: `alembic downgrade head:base --sql` writes what `--down FILE` takes"
                .to_owned(),
        );
    } else if without > 0 {
        notes.push(format!(
            "{without} of the files have no way back: the script of downgrades does not hold them"
        ));
    }
    if !left.is_empty() {
        let names: Vec<&str> = left.keys().map(String::as_str).collect();
        notes.push(format!("downgrades without their upgrade were left out: {}", names.join(", ")));
    }
    notes
}

impl Revision {
    pub(crate) fn statements(&self) -> impl Iterator<Item = (&str, bool)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Statement { sql, inside } => Some((sql.as_str(), *inside)),
            Piece::Comment(_) => None,
        })
    }

    /// Whether a part of it runs outside a transaction.
    fn outside(&self) -> bool {
        self.statements().any(|(_, inside)| !inside)
    }
}
