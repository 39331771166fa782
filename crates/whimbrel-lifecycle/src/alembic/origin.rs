//! The line that says which revision of Alembic's a migration file was.

use super::script::Revision;
use crate::migration::{Migration, Version};

const OPENING: &str = "-- Alembic revision ";
const AFTER: &str = ", after ";

/// The revision that a migration file was, and those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) version: Option<Version>,
    pub(crate) revision: String,
    /// What it follows or depends on.
    pub(crate) after: Vec<String>,
}

impl Origin {
    pub(super) fn from_upgrade(up: &Revision) -> Self {
        let revision = up.to[0].clone();
        let mut after = up.from.clone();
        for replaced in &up.replaced {
            if *replaced != revision && !after.contains(replaced) {
                after.push(replaced.clone());
            }
        }
        Origin { version: None, revision, after }
    }

    /// What a migration file says of itself; none where it did not come from Alembic.
    pub(crate) fn of(migration: &Migration) -> Option<Self> {
        let line = migration.file.source.text.lines().next()?.strip_prefix(OPENING)?;
        let (revision, after) = line.split_once(AFTER).unwrap_or((line, ""));
        Some(Origin {
            version: Some(migration.version.clone()),
            revision: revision.trim().to_owned(),
            after: after
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }

    /// The line, as the first of a file.
    pub(super) fn line(&self) -> String {
        let after =
            if self.after.is_empty() { String::new() } else { format!("{AFTER}{}", self.after.join(", ")) };
        format!("{OPENING}{}{after}", self.revision)
    }
}
