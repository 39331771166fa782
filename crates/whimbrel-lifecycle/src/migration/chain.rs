//! The chain over the migration files, `whimbrel.sum`.
//!
//! Each line fixes one file and, through its hash, every file before it: a changed, missing, added or
//! reordered file is found at once, and two branches that both added a file conflict in version control.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::source::hex;
use super::{Folder, MigrationError, conflict};

/// The chain's file name within the migrations folder.
pub const SUM_FILE: &str = "whimbrel.sum";

const HEADER: &str = "# The chain over the migration files; written by `whimbrel migrate seal`. Version 1.";

/// One sealed file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Link {
    file_name: String,
    checksum: String,
    hash: String,
}

/// The chain over a sequence of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    links: Vec<Link>,
    /// Name and checksum of each repeatable file; they have no place in the order, so they stand beside it.
    repeatables: Vec<(String, String)>,
}

/// The word that stands in the place of a repeatable file's hash.
const REPEATABLE: &str = "repeatable";

impl Chain {
    /// The chain over the files as they are now.
    #[must_use]
    pub fn of(folder: &Folder) -> Self {
        let mut chain = Chain::default();
        for migration in &folder.migrations {
            let hash = link_hash(chain.links.last(), &migration.file_name, &migration.checksum);
            chain.links.push(Link {
                file_name: migration.file_name.clone(),
                checksum: migration.checksum.clone(),
                hash,
            });
        }
        chain.repeatables = folder
            .repeatables
            .iter()
            .map(|repeatable| (repeatable.file_name.clone(), repeatable.checksum.clone()))
            .collect();
        chain
    }

    /// The chain as sealed; empty where there is no file yet.
    ///
    /// # Errors
    /// The file cannot be read, a line has another form, or a hash does not follow from the line before.
    pub fn read(folder: &Path) -> Result<Self, MigrationError> {
        let path = folder.join(SUM_FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Chain::default()),
            Err(error) => return Err(file_error(path, &error)),
        };
        let mut chain = Chain::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if conflict::begins(line) {
                return Err(MigrationError::MergeConflict { line: index + 1 });
            }
            let bad = |what: &str| MigrationError::BadSum { line: index + 1, what: what.to_owned() };
            let words: Vec<&str> = line.split_whitespace().collect();
            let [hash, checksum, file_name] = words[..] else {
                return Err(bad("a line holds a hash, a checksum and a file name"));
            };
            if hash == REPEATABLE {
                chain.repeatables.push((file_name.to_owned(), checksum.to_owned()));
                continue;
            }
            if hash != link_hash(chain.links.last(), file_name, checksum) {
                return Err(bad(
                    "the hash does not follow from the lines before: a line was changed, moved or lost",
                ));
            }
            chain.links.push(Link {
                file_name: file_name.to_owned(),
                checksum: checksum.to_owned(),
                hash: hash.to_owned(),
            });
        }
        Ok(chain)
    }

    /// The names of the sealed files in a chain's text, whatever is wrong with its hashes.
    #[must_use]
    pub(crate) fn names_in(text: &str) -> Vec<String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
                [_, _, file_name] => Some(file_name.to_owned()),
                _ => None,
            })
            .collect()
    }

    /// Writes the chain beside the files, whole or not at all.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), MigrationError> {
        let path = folder.join(SUM_FILE);
        let fresh = folder.join(format!(".{SUM_FILE}.new"));
        let mut text = format!("{HEADER}\n");
        for link in &self.links {
            text.push_str(&format!("{} {} {}\n", link.hash, link.checksum, link.file_name));
        }
        for (file_name, checksum) in &self.repeatables {
            text.push_str(&format!("{REPEATABLE} {checksum} {file_name}\n"));
        }
        std::fs::write(&fresh, text).map_err(|error| file_error(fresh.clone(), &error))?;
        std::fs::rename(&fresh, &path).map_err(|error| file_error(path, &error))
    }

    /// The chain's hash up to and including this file, lower-case hex.
    #[must_use]
    pub fn hash_at(&self, file_name: &str) -> Option<&str> {
        self.links.iter().find(|link| link.file_name == file_name).map(|link| link.hash.as_str())
    }

    /// The chain's hash up to and including the file at this place of the folder, lower-case hex.
    pub(super) fn hash_in_place(&self, place: usize) -> Option<&str> {
        self.links.get(place).map(|link| link.hash.as_str())
    }

    /// How the files differ from this sealed chain, a sentence each; empty where they do not.
    #[must_use]
    pub fn changes(&self, present: &Chain) -> Vec<String> {
        let (sealed, found) = (self.checksums(), present.checksums());
        let mut changes = Vec::new();
        for (file_name, checksum) in &sealed {
            match found.iter().find(|(candidate, _)| candidate == file_name) {
                None => changes.push(format!("{file_name} is missing")),
                Some((_, present)) if present != checksum => changes.push(format!("{file_name} was changed")),
                Some(_) => {}
            }
        }
        for (file_name, _) in &found {
            if !sealed.iter().any(|(candidate, _)| candidate == file_name) {
                changes.push(format!("{file_name} is new"));
            }
        }
        if changes.is_empty() && self != present {
            changes.push("the files are in another order".to_owned());
        }
        changes
    }

    /// Name and checksum of every file.
    fn checksums(&self) -> Vec<(&str, &str)> {
        let versioned = self.links.iter().map(|link| (link.file_name.as_str(), link.checksum.as_str()));
        let repeatable = self.repeatables.iter().map(|(name, checksum)| (name.as_str(), checksum.as_str()));
        versioned.chain(repeatable).collect()
    }

    /// The names of the sealed files whose content in `present` is not the sealed one, or that are gone.
    #[must_use]
    pub fn broken(&self, present: &Chain) -> Vec<String> {
        self.links
            .iter()
            .filter(|link| {
                !present
                    .links
                    .iter()
                    .any(|found| found.file_name == link.file_name && found.checksum == link.checksum)
            })
            .map(|link| link.file_name.clone())
            .collect()
    }
}

fn link_hash(before: Option<&Link>, file_name: &str, checksum: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(before.map_or("", |link| link.hash.as_str()));
    hasher.update(format!("\n{file_name}\n{checksum}"));
    hex(&hasher.finalize())
}

fn file_error(path: PathBuf, error: &std::io::Error) -> MigrationError {
    MigrationError::File { path: path.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(files: &[(&str, &str)]) -> (tempfile::TempDir, Chain) {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), format!("-- whimbrel:up\n{text};\n")).unwrap();
        }
        let chain = Chain::of(&Folder::read(directory.path()).unwrap());
        chain.write(directory.path()).unwrap();
        (directory, chain)
    }

    #[test]
    fn a_written_chain_reads_back_and_finds_every_kind_of_change() {
        let (directory, chain) = sealed(&[("1-a.sql", "SELECT 1"), ("2-b.sql", "SELECT 2")]);
        assert_eq!(Chain::read(directory.path()).unwrap(), chain);
        let cases: [(&[(&str, &str)], &str); 3] = [
            (&[("1-a.sql", "SELECT 9"), ("2-b.sql", "SELECT 2")], "1-a.sql was changed"),
            (&[("2-b.sql", "SELECT 2")], "1-a.sql is missing"),
            (&[("1-a.sql", "SELECT 1"), ("2-b.sql", "SELECT 2"), ("3-c.sql", "SELECT 3")], "3-c.sql is new"),
        ];
        for (files, expected) in cases {
            let (_keep, present) = sealed(files);
            assert_eq!(chain.changes(&present), [expected]);
        }
        let (_keep, swapped) = sealed(&[("1-b.sql", "SELECT 2"), ("2-a.sql", "SELECT 1")]);
        assert_eq!(chain.changes(&swapped).len(), 4);
    }

    #[test]
    fn a_line_moved_or_edited_in_the_sum_file_is_found() {
        let (directory, _) = sealed(&[("1-a.sql", "SELECT 1"), ("2-b.sql", "SELECT 2")]);
        let path = directory.path().join(SUM_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let swapped = format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1]);
        let edited = text.replace("2-b.sql", "2-c.sql");
        for bad in [swapped, edited, "x\n".to_owned()] {
            std::fs::write(&path, bad).unwrap();
            assert!(matches!(Chain::read(directory.path()), Err(MigrationError::BadSum { .. })));
        }
    }
}
