//! The migrations folder: files in the order of their versions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::source::hex;
use super::{MigrationError, MigrationFile, Version, parse, parse_forward, parse_script};

/// The folder within the migrations folder that keeps the declared schema of each revision.
pub const SNAPSHOT_FOLDER: &str = "snapshots";

/// One migration: its file, and its override files by dialect.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The version.
    pub version: Version,
    /// The rest of the file's name, without its ending.
    pub name: String,
    /// The file's name.
    pub file_name: String,
    /// The file's content.
    pub file: MigrationFile,
    /// Override files (`NAME.sqlite.sql`) by dialect.
    pub overrides: BTreeMap<String, MigrationFile>,
    /// The checksum over the file and its overrides, lower-case hex.
    pub checksum: String,
}

impl Migration {
    /// The content that this dialect runs.
    #[must_use]
    pub fn content(&self, dialect: &str) -> &MigrationFile {
        self.overrides.get(dialect).unwrap_or(&self.file)
    }
}

/// A file without a version: it runs after the migrations whenever its content changed.
#[derive(Clone, Debug)]
pub struct Repeatable {
    /// The file's name without `R-` or `R__` and without its ending.
    pub name: String,
    /// The file's name.
    pub file_name: String,
    /// The file's content.
    pub file: MigrationFile,
    /// Override files (`R-name.sqlite.sql`) by dialect.
    pub overrides: BTreeMap<String, MigrationFile>,
    /// The checksum over the file and its overrides, lower-case hex.
    pub checksum: String,
}

impl Repeatable {
    /// The content that this dialect runs.
    #[must_use]
    pub fn content(&self, dialect: &str) -> &MigrationFile {
        self.overrides.get(dialect).unwrap_or(&self.file)
    }
}

/// The migrations of a project, in order.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// The migrations in the order of their versions.
    pub migrations: Vec<Migration>,
    /// The repeatable files by name.
    pub repeatables: Vec<Repeatable>,
}

impl Folder {
    /// Reads every migration file of a folder; a folder that does not exist is an empty one.
    ///
    /// # Errors
    /// A file that cannot be read or understood, a name without a version, a version given twice.
    pub fn read(path: &Path) -> Result<Self, MigrationError> {
        let Listing { bases, repeatables, overrides } = list(path)?;
        if let Some(pair) = bases.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(MigrationError::DuplicateVersion {
                first: pair[0].2.clone(),
                second: pair[1].2.clone(),
            });
        }
        if let Some((base, file)) = overrides.iter().find(|(base, _)| {
            !bases.iter().any(|(_, _, file_name)| file_name == base)
                && !repeatables.iter().any(|(_, file_name)| file_name == base)
        }) {
            return Err(MigrationError::LoneOverride { file: file.clone(), base: base.clone() });
        }
        let migrations = bases
            .into_iter()
            .map(|(version, name, file_name)| load(path, version, name, file_name, &overrides))
            .collect::<Result<_, _>>()?;
        let repeatables = repeatables
            .into_iter()
            .map(|(name, file_name)| load_repeatable(path, name, file_name, &overrides))
            .collect::<Result<_, _>>()?;
        Ok(Folder { path: path.to_owned(), migrations, repeatables })
    }

    /// The migration of this version.
    #[must_use]
    pub fn find(&self, version: &Version) -> Option<&Migration> {
        let place = self.migrations.binary_search_by(|migration| migration.version.cmp(version));
        place.ok().map(|place| &self.migrations[place])
    }

    /// Where the declared schema of a revision is kept.
    #[must_use]
    pub fn snapshot_path(&self, version: &Version) -> PathBuf {
        self.path.join(SNAPSHOT_FOLDER).join(format!("{version}.json"))
    }

    /// Where the declared catalogue of a revision is kept as a server of this dialect prints it.
    #[must_use]
    pub fn normalised_path(&self, version: &Version, dialect: &str) -> PathBuf {
        self.path.join(SNAPSHOT_FOLDER).join(format!("{version}.{dialect}.json"))
    }
}

/// The names of a folder's migration files, whatever is wrong between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    /// Version, name and file name of each migration, in order.
    pub(crate) bases: Vec<(Version, String, String)>,
    /// Name and file name of each repeatable file, by name.
    pub(crate) repeatables: Vec<(String, String)>,
    /// Each override file, behind the name of the file that it belongs to.
    pub(crate) overrides: Vec<(String, String)>,
}

/// Lists a folder's migration files by their names alone.
pub(crate) fn list(path: &Path) -> Result<Listing, MigrationError> {
    let mut listing = Listing::default();
    for file_name in migration_files(path)? {
        let Some(stem) = file_name.strip_suffix(".sql") else {
            let stem = file_name.rsplit_once('.').map_or(file_name.as_str(), |(stem, _)| stem);
            let (version, name) =
                split_name(stem).ok_or_else(|| MigrationError::FileName { file: file_name.clone() })?;
            listing.bases.push((version, name, file_name));
            continue;
        };
        if let Some((base, _dialect)) = stem.rsplit_once('.') {
            listing.overrides.push((format!("{base}.sql"), file_name.clone()));
            continue;
        }
        if let Some(name) = repeatable_name(stem) {
            listing.repeatables.push((name, file_name));
            continue;
        }
        let (version, name) =
            split_name(stem).ok_or_else(|| MigrationError::FileName { file: file_name.clone() })?;
        listing.bases.push((version, name, file_name));
    }
    listing.bases.sort();
    listing.repeatables.sort();
    if let Some(pair) = listing.repeatables.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(MigrationError::SameRepeatable { first: pair[0].1.clone(), second: pair[1].1.clone() });
    }
    Ok(listing)
}

fn load(
    folder: &Path,
    version: Version,
    name: String,
    file_name: String,
    overrides: &[(String, String)],
) -> Result<Migration, MigrationError> {
    let parser = if is_script(&file_name) { parse_script } else { parse };
    let file = read_file(folder, &file_name, parser)?;
    let overrides = read_overrides(folder, &file_name, overrides, parse)?;
    let checksum = checksum(&file, &overrides);
    Ok(Migration { version, name, file_name, file, overrides, checksum })
}

fn load_repeatable(
    folder: &Path,
    name: String,
    file_name: String,
    overrides: &[(String, String)],
) -> Result<Repeatable, MigrationError> {
    let file = read_file(folder, &file_name, parse_forward)?;
    let overrides = read_overrides(folder, &file_name, overrides, parse_forward)?;
    let checksum = checksum(&file, &overrides);
    Ok(Repeatable { name, file_name, file, overrides, checksum })
}

type Parser = fn(&str, &str) -> Result<MigrationFile, MigrationError>;

fn read_overrides(
    folder: &Path,
    base: &str,
    overrides: &[(String, String)],
    parser: Parser,
) -> Result<BTreeMap<String, MigrationFile>, MigrationError> {
    let mut by_dialect = BTreeMap::new();
    for (_, override_name) in overrides.iter().filter(|(owner, _)| owner == base) {
        let stem = override_name.trim_end_matches(".sql");
        let dialect = stem.rsplit_once('.').map_or(stem, |(_, dialect)| dialect);
        if !["sqlite", "postgres"].contains(&dialect) {
            return Err(MigrationError::FileName { file: override_name.clone() });
        }
        by_dialect.insert(dialect.to_owned(), read_file(folder, override_name, parser)?);
    }
    Ok(by_dialect)
}

/// The checksum over a file and its overrides, lower-case hex.
fn checksum(file: &MigrationFile, overrides: &BTreeMap<String, MigrationFile>) -> String {
    if overrides.is_empty() {
        return file.checksum.clone();
    }
    let mut hasher = Sha256::new();
    hasher.update(&file.checksum);
    for (dialect, content) in overrides {
        hasher.update(format!("\n{dialect} {}", content.checksum));
    }
    hex(&hasher.finalize())
}

fn read_file(folder: &Path, file_name: &str, parser: Parser) -> Result<MigrationFile, MigrationError> {
    let path = folder.join(file_name);
    let text = std::fs::read_to_string(&path).map_err(|error| MigrationError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    })?;
    let folder_name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    parser(&format!("{folder_name}/{file_name}"), &text)
}

/// The endings of scripts: CommonJS and modules alike.
const SCRIPT_ENDINGS: [&str; 3] = [".js", ".cjs", ".mjs"];

/// What migrate-mongo makes new files of where a team has put it into the folder; no migration.
const TEMPLATE: &str = "sample-migration";

/// Whether the file is a script by its ending.
fn is_script(file_name: &str) -> bool {
    SCRIPT_ENDINGS.iter().any(|ending| file_name.ends_with(ending))
}

/// The names of the SQL files and scripts; a script whose name begins with `_` is a module of others.
fn migration_files(path: &Path) -> Result<Vec<String>, MigrationError> {
    let failed = |error: std::io::Error| MigrationError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_sql = Path::new(&name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("sql"));
        let is_template = is_script(&name) && name.rsplit_once('.').is_some_and(|(stem, _)| stem == TEMPLATE);
        if (is_sql || is_script(&name)) && !name.starts_with(['.', '_']) && !is_template {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// `0001-create-tables` → (`0001`, `create-tables`); `_` separates as well.
pub(crate) fn split_name(stem: &str) -> Option<(Version, String)> {
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    let version = Version::parse(&stem[..digits])?;
    let name = stem[digits..].strip_prefix(['-', '_'])?;
    (!name.is_empty() && !version.is_zero()).then(|| (version, name.to_owned()))
}

/// `R-views` or `R__views` → `views`.
fn repeatable_name(stem: &str) -> Option<String> {
    let name = stem.strip_prefix("R__").or_else(|| stem.strip_prefix("R-"))?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Folder, MigrationError>) {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let read = Folder::read(directory.path());
        (directory, read)
    }

    const UP: &str = "-- whimbrel:up\nSELECT 1;\n";

    #[test]
    fn files_come_in_the_order_of_their_numbers() {
        let (_keep, read) =
            folder(&[("10-c.sql", UP), ("2_b.sql", UP), ("0001-a.sql", UP), ("notes.txt", "x")]);
        let names: Vec<_> = read.unwrap().migrations.into_iter().map(|migration| migration.name).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn an_override_replaces_the_content_and_changes_the_checksum() {
        let (_keep, read) = folder(&[("1-a.sql", UP), ("1-a.sqlite.sql", "-- whimbrel:up\nSELECT 2;")]);
        let migration = read.unwrap().migrations.remove(0);
        assert_eq!(migration.content("sqlite").up[0].statement.sql, "SELECT 2");
        assert_eq!(migration.content("postgres").up[0].statement.sql, "SELECT 1");
        assert_ne!(migration.checksum, migration.file.checksum);
    }

    #[test]
    fn odd_names_are_refused() {
        for files in [
            &[("create.sql", UP)][..],
            &[("0-zero.sql", UP)],
            &[("1.sql", UP)],
            &[("1-a.sql", UP), ("01-b.sql", UP)],
            &[("1-a.sqlite.sql", UP)],
            &[("1-a.sql", UP), ("1-a.oracle.sql", UP)],
        ] {
            let (_keep, read) = folder(files);
            assert!(read.is_err(), "{files:?}");
        }
    }
}
