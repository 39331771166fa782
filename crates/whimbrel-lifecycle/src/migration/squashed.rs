//! Squashed files: what `-- whimbrel:replaces` says, and a history in which such a file takes the place of others.

use sha2::{Digest as _, Sha256};
use whimbrel_engine::{HistoryEntry, HistoryKind};

use super::source::hex;
use super::{Chain, Folder, Migration, MigrationError, Version};

/// `-- whimbrel:replaces FROM..TO HASH`: the file stands for all the files of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// The first version.
    pub from: Version,
    /// The last version.
    pub to: Version,
    /// The chain over the replaced files, lower-case hex.
    pub hash: String,
}

/// Entries of a history that one squashed file stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The versions that give way, in order.
    pub versions: Vec<String>,
    /// The squashed file.
    pub file_name: String,
    /// The entry that stands for them.
    pub entry: HistoryEntry,
}

/// The chain over version, name and checksum of some files, whatever comes before them.
#[must_use]
pub fn replaced_hash<'a>(files: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> String {
    let mut hash = String::new();
    for (version, name, checksum) in files {
        let mut hasher = Sha256::new();
        hasher.update(format!("{hash}\n{version}-{name}\n{checksum}"));
        hash = hex(&hasher.finalize());
    }
    hash
}

/// Puts each squashed file in the place of the entries that it stands for.
///
/// # Errors
/// The history holds some of a squashed file's versions and not all of them, or others than those.
pub(super) fn take_over(
    folder: &Folder,
    chain: &Chain,
    applied: &mut Vec<HistoryEntry>,
) -> Result<Vec<Replacement>, MigrationError> {
    let mut replacements = Vec::new();
    for migration in &folder.migrations {
        let Some(replaces) = &migration.file.replaces else { continue };
        let within = |entry: &HistoryEntry| {
            Version::parse(&entry.version)
                .is_some_and(|version| version >= replaces.from && version <= replaces.to)
        };
        let rows: Vec<&HistoryEntry> = applied.iter().filter(|entry| within(entry)).collect();
        let is_new = |entry: &HistoryEntry| {
            Version::parse(&entry.version).as_ref() == Some(&migration.version)
                && entry.name == migration.name
        };
        let Some(last) = rows.last().filter(|_| !rows.iter().all(|entry| is_new(entry))) else { continue };
        let found = rows.iter().map(|row| (row.version.as_str(), row.name.as_str(), row.checksum.as_str()));
        if replaced_hash(found) != replaces.hash {
            return Err(partly(migration, replaces, &rows));
        }
        let entry = HistoryEntry {
            version: migration.version.as_str().to_owned(),
            name: migration.name.clone(),
            checksum: migration.checksum.clone(),
            chain: chain.hash_at(&migration.file_name).unwrap_or_default().to_owned(),
            kind: HistoryKind::Baseline,
            ..(*last).clone()
        };
        let versions = rows.iter().map(|row| row.version.clone()).collect();
        applied.retain(|entry| !within(entry));
        applied.push(entry.clone());
        applied.sort_by_key(|entry| Version::parse(&entry.version));
        replacements.push(Replacement { versions, file_name: migration.file_name.clone(), entry });
    }
    Ok(replacements)
}

fn partly(migration: &Migration, replaces: &Replaces, rows: &[&HistoryEntry]) -> MigrationError {
    MigrationError::SquashedPartly {
        file: migration.file_name.clone(),
        from: replaces.from.to_string(),
        to: replaces.to.to_string(),
        applied: rows
            .iter()
            .map(|row| format!("{}-{}", row.version, row.name))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
