//! What Alembic's users write for a revision: its identifier or the beginning of it, `head`, `base`, and steps from there.

use super::origin::Origin;
use crate::migration::{Folder, MigrationError, Version};

/// The version that a reference stands for: a version, the identifier that an imported revision had in Alembic, the beginning
/// of either where only one begins so, `head`, `base` and `current`, each with `+N` or `-N` behind it.
///
/// # Errors
/// Nothing, or more than one thing, is called so.
pub fn version_of(
    folder: &Folder,
    current: Option<&Version>,
    reference: &str,
) -> Result<Version, MigrationError> {
    let unknown = || MigrationError::UnknownVersion { version: reference.to_owned() };
    if let Some(place) = place(folder, current, reference) {
        return version_at(folder, place).ok_or_else(unknown);
    }
    let at = reference.rfind(['+', '-']).ok_or_else(unknown)?;
    let (start, steps) = reference.split_at(at);
    let steps: isize = steps.parse().map_err(|_| unknown())?;
    let start = if start.is_empty() { "current" } else { start };
    let place = place(folder, current, start)
        .and_then(|place| place.checked_add_signed(steps))
        .ok_or_else(unknown)?;
    version_at(folder, place).ok_or_else(unknown)
}

/// How many files stand up to and including the named one.
fn place(folder: &Folder, current: Option<&Version>, name: &str) -> Option<usize> {
    let of = |version: &Version| {
        folder.migrations.iter().position(|file| file.version == *version).map(|at| at + 1)
    };
    match name {
        "base" => return Some(0),
        "head" | "heads" => return Some(folder.migrations.len()),
        "current" => return current.map_or(Some(0), of),
        _ => {}
    }
    if let Some(version) = Version::parse(name)
        && (version.is_zero() || folder.find(&version).is_some())
    {
        return if version.is_zero() { Some(0) } else { of(&version) };
    }
    let names: Vec<(String, usize)> = folder
        .migrations
        .iter()
        .enumerate()
        .flat_map(|(index, file)| {
            let revision = Origin::of(file).map(|origin| (origin.revision, index + 1));
            std::iter::once((file.version.to_string(), index + 1)).chain(revision)
        })
        .collect();
    if let Some((_, place)) = names.iter().find(|(known, _)| known == name) {
        return Some(*place);
    }
    let mut beginning = names.iter().filter(|(known, _)| !name.is_empty() && known.starts_with(name));
    match (beginning.next(), beginning.next()) {
        (Some((_, place)), None) => Some(*place),
        _ => None,
    }
}

fn version_at(folder: &Folder, place: usize) -> Option<Version> {
    match place.checked_sub(1) {
        None => Version::parse("0"),
        Some(index) => folder.migrations.get(index).map(|file| file.version.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_understood_as_alembic_does() {
        let directory = tempfile::tempdir().unwrap();
        for (name, revision) in [("0001-a", "1a2b"), ("0002-b", "1c3d"), ("0003-c", "ae10")] {
            let text = format!("-- Alembic revision {revision}\n-- whimbrel:up\n");
            std::fs::write(directory.path().join(format!("{name}.sql")), text).unwrap();
        }
        let folder = Folder::read(directory.path()).unwrap();
        let current = Version::parse("0002");
        for (reference, expected) in [
            ("head", Some("0003")),
            ("base", Some("0")),
            ("0", Some("0")),
            ("2", Some("0002")),
            ("ae10", Some("0003")),
            ("ae", Some("0003")),
            ("1a", Some("0001")),
            ("1c+1", Some("0003")),
            ("head-2", Some("0001")),
            ("ae10-3", Some("0")),
            ("current+1", Some("0003")),
            ("-1", Some("0001")),
            ("+1", Some("0003")),
            ("+2", None),
            ("-3", None),
            ("000", Some("0")),
            ("abcdef", None),
            ("0009", None),
            ("+x", None),
            ("", None),
        ] {
            let found = version_of(&folder, current.as_ref(), reference).ok();
            assert_eq!(found.as_ref().map(Version::as_str), expected, "{reference}");
        }
        // Two revisions begin so, and no version is called so.
        std::fs::write(directory.path().join("0004-d.sql"), "-- Alembic revision ae99\n-- whimbrel:up\n")
            .unwrap();
        let folder = Folder::read(directory.path()).unwrap();
        assert!(version_of(&folder, None, "ae").is_err());
    }
}
