//! The files of sqlx and Flyway, and the migration files that they become.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha384};

use super::AdoptError;
use super::tool::Tool;
use crate::error::Result;
use crate::migration::{Migration, NewMigration, Version, file_stem, hex, parse};

/// How the line begins that says where a file came from.
const OPENING: &str = "-- Taken over from ";
const CHECKSUM: &str = ", checksum ";

/// A version as a tool orders it: `1.2` before `1.10`, `1.0` the same as `1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(Vec<u128>);

impl Key {
    /// The key of a version's text; none where it is no version.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts: Vec<u128> =
            text.split(['.', '_']).map(|part| part.parse().ok()).collect::<Option<_>>()?;
        while parts.len() > 1 && parts.last() == Some(&0) {
            parts.pop();
        }
        Some(Key(parts))
    }

    /// Whether a file's number can be its version as it is.
    fn is_plain(&self) -> bool {
        self.0.len() == 1 && self.0[0] > 0
    }
}

/// A tool's migration that stands in the project: as the tool's file, or as the file that it became.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) key: Key,
    /// The version as the tool writes it.
    pub(super) written: String,
    /// The tool's file.
    pub(super) file: String,
    /// The file's checksum, as the tool computes it.
    pub(super) checksum: String,
    /// The version that it has or gets here.
    pub(super) version: Version,
    /// The file to write; none where it stands already.
    pub(super) new: Option<NewMigration>,
}

/// One migration as the tool keeps it.
struct Original {
    key: Key,
    written: String,
    description: String,
    file: String,
    up: String,
    down: Option<String>,
}

/// A tool's files.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// The migrations, in order.
    pub(super) known: Vec<Known>,
    /// Flyway's repeatable files, name and text; they are read as they are.
    pub(super) repeatable: Vec<(String, String)>,
    /// What deserves a look.
    pub(super) notes: Vec<String>,
}

/// Reads a tool's files and says what each becomes.
///
/// # Errors
/// A file cannot be read, or two have one version.
pub(super) fn read(tool: Tool, folder: &Path) -> Result<Files> {
    let mut ups: BTreeMap<Key, Original> = BTreeMap::new();
    let mut downs: BTreeMap<Key, (String, String)> = BTreeMap::new();
    let mut notes = Vec::new();
    let mut repeatable = Vec::new();
    for name in sql_files(folder)? {
        if tool == Tool::Flyway && name.starts_with("R__") {
            let text = read_text(&folder.join(&name))?;
            repeatable.push((name, text));
            continue;
        }
        let Some(named) = FileName::parse(tool, &name) else {
            notes.push(format!("{name} was left out: its name is no migration's"));
            continue;
        };
        let text = read_text(&folder.join(&name))?;
        if named.is_down {
            downs.insert(named.key, (name, text));
            continue;
        }
        let original = Original {
            key: named.key.clone(),
            written: named.written,
            description: named.description,
            file: name.clone(),
            up: text,
            down: None,
        };
        if let Some(first) = ups.insert(named.key, original) {
            return Err(AdoptError::Duplicate { tool: tool.title(), first: first.file, second: name }.into());
        }
    }
    for (key, (name, text)) in downs {
        match ups.get_mut(&key) {
            Some(original) => original.down = Some(text),
            None => notes.push(format!("{name} was left out: it undoes nothing that stands here")),
        }
    }
    let plain = ups.keys().all(Key::is_plain);
    let mut known = Vec::new();
    for (index, original) in ups.into_values().enumerate() {
        let digits = if plain { original.written.clone() } else { format!("{:04}", index + 1) };
        let version = Version::parse(&digits).ok_or_else(|| AdoptError::File {
            path: original.file.clone(),
            reason: "its version has too many digits".to_owned(),
        })?;
        notes.extend(placeholder(tool, &original));
        known.push(converted(tool, original, version)?);
    }
    Ok(Files { known, repeatable, notes })
}

/// What a migration file that was converted before says of itself.
pub(super) fn of_converted(tool: Tool, migration: &Migration) -> Option<Known> {
    let line = migration.file.source.text.lines().next()?.strip_prefix(OPENING)?;
    let rest = line.strip_prefix(tool.title())?.strip_prefix(": ")?;
    let (file, checksum) = rest.split_once(CHECKSUM)?;
    let named = FileName::parse(tool, file)?;
    Some(Known {
        key: named.key,
        written: named.written,
        file: file.to_owned(),
        checksum: checksum.trim().to_owned(),
        version: migration.version.clone(),
        new: None,
    })
}

fn converted(tool: Tool, original: Original, version: Version) -> Result<Known> {
    let checksum = match tool {
        Tool::Flyway => flyway_checksum(&original.up).to_string(),
        _ => hex(&Sha384::digest(original.up.as_bytes())),
    };
    let mut text =
        format!("{OPENING}{}: {}{CHECKSUM}{checksum}\n\n-- whimbrel:up\n", tool.title(), original.file);
    // sqlx runs a file whose first line says so without a transaction.
    if tool == Tool::Sqlx && original.up.starts_with("-- no-transaction") {
        text.push_str("-- whimbrel:transaction off\n");
    }
    text.push_str(body(&original.up));
    if let Some(down) = &original.down {
        text.push_str("\n-- whimbrel:down\n");
        if tool == Tool::Sqlx && down.starts_with("-- no-transaction") {
            text.push_str("-- whimbrel:transaction off\n");
        }
        text.push_str(body(down));
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let file_name = format!("{version}-{}.sql", file_stem(&original.description)?);
    parse(&original.file, &text)?;
    Ok(Known {
        key: original.key,
        written: original.written,
        file: original.file,
        checksum,
        version: version.clone(),
        new: Some(NewMigration { version, file_name, text, snapshot: None }),
    })
}

/// The text without what would stand in the way in the middle of a file.
fn body(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_end()
}

/// Flyway puts values in place of `${name}`; here nobody does.
fn placeholder(tool: Tool, original: &Original) -> Option<String> {
    let (_, rest) = original.up.split_once("${").filter(|_| tool == Tool::Flyway)?;
    let (name, _) = rest.split_once('}')?;
    Some(format!("{} holds the placeholder ${{{name}}}: write its value into the new file", original.file))
}

struct FileName {
    key: Key,
    written: String,
    description: String,
    is_down: bool,
}

impl FileName {
    fn parse(tool: Tool, name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".sql")?;
        let (rest, is_down, separator) = match tool {
            Tool::Flyway => match stem.chars().next()? {
                'V' => (&stem[1..], false, "__"),
                'U' => (&stem[1..], true, "__"),
                _ => return None,
            },
            _ => match (stem.strip_suffix(".down"), stem.strip_suffix(".up")) {
                (Some(down), _) => (down, true, "_"),
                (None, Some(up)) => (up, false, "_"),
                (None, None) => (stem, false, "_"),
            },
        };
        let (written, description) = rest.split_once(separator)?;
        let key = Key::parse(written)?;
        let description = description.replace('_', " ");
        Some(FileName { key, written: written.replace('_', "."), description, is_down })
    }
}

/// The checksum that Flyway keeps: CRC-32 over the lines without their ends, as a signed number.
fn flyway_checksum(text: &str) -> i32 {
    let mut crc = u32::MAX;
    for line in text.trim_start_matches('\u{feff}').lines() {
        for byte in line.trim_end_matches('\r').bytes() {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                let carry = if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
                crc = (crc >> 1) ^ carry;
            }
        }
    }
    (!crc).cast_signed()
}

/// The names of the SQL files of a folder, sorted; none where there is no such folder.
pub(super) fn sql_files(folder: &Path) -> Result<Vec<String>> {
    let failed = |error: std::io::Error| AdoptError::File {
        path: folder.display().to_string(),
        reason: error.to_string(),
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error).into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|ending| ending == "sql") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Whether a file is the tool's own by its name.
pub(super) fn is_named_by(tool: Tool, name: &str) -> bool {
    FileName::parse(tool, name).is_some()
}

/// A file's text.
pub(super) fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        AdoptError::File { path: path.display().to_string(), reason: error.to_string() }.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_part_by_part() {
        let key = |text: &str| Key::parse(text).unwrap();
        assert!(key("1.2") < key("1.10") && key("1_2") == key("1.2"));
        assert_eq!(key("1.0"), key("1"));
        assert!(Key::parse("1.a").is_none() && Key::parse("").is_none());
    }

    #[test]
    fn flyway_s_checksum_ignores_line_ends() {
        // The check value of CRC-32 over these nine digits is known: cbf43926.
        assert_eq!(flyway_checksum("123456789\n"), 0xcbf4_3926_u32.cast_signed());
        assert_eq!(flyway_checksum("\u{feff}1234\r\n56789"), flyway_checksum("123456789"));
    }

    #[test]
    fn names_of_files_are_taken_apart() {
        for (tool, name, expected) in [
            (Tool::Sqlx, "001_add_users.sql", Some(("001", "add users", false))),
            (Tool::Sqlx, "20240101_a.up.sql", Some(("20240101", "a", false))),
            (Tool::Sqlx, "20240101_a.down.sql", Some(("20240101", "a", true))),
            (Tool::Sqlx, "notes.sql", None),
            (Tool::Flyway, "V1_2__Add_users.sql", Some(("1.2", "Add users", false))),
            (Tool::Flyway, "U1.2__Add_users.sql", Some(("1.2", "Add users", true))),
            (Tool::Flyway, "R__views.sql", None),
        ] {
            let found = FileName::parse(tool, name);
            let found =
                found.as_ref().map(|name| (name.written.as_str(), name.description.as_str(), name.is_down));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn dotted_versions_become_numbers_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("V1.10__c.sql", "SELECT 3;"),
            ("V1.2__b.sql", "SELECT ${x};"),
            ("V1__a.sql", "SELECT 1"),
            ("U1.2__b.sql", "SELECT 0;"),
            ("afterMigrate.sql", "SELECT 9;"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let Files { known, notes, .. } = read(Tool::Flyway, folder.path()).unwrap();
        let files: Vec<_> = known.iter().map(|known| known.new.as_ref().unwrap().file_name.clone()).collect();
        assert_eq!(files, ["0001-a.sql", "0002-b.sql", "0003-c.sql"]);
        assert!(known[1].new.as_ref().unwrap().text.ends_with("-- whimbrel:down\nSELECT 0;\n"));
        assert_eq!(notes.len(), 2, "{notes:?}");
    }
}
