//! New migration files.

use std::path::PathBuf;

use super::{Chain, Folder, MigrationError, Version};

/// A file about to be written.
#[derive(Clone, Debug)]
pub struct NewMigration {
    /// Its version.
    pub version: Version,
    /// Its file name.
    pub file_name: String,
    /// Its text.
    pub text: String,
    /// What it reaches, where it was made from a declaration.
    pub snapshot: Option<Snapshot>,
}

/// What a revision reaches, kept beside its file.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The declared schema, as JSON.
    pub schema: String,
    /// The declared catalogue as a server prints it, as JSON, behind the server's dialect; a document database prints
    /// what is declared.
    pub printed: Option<(&'static str, String)>,
}

impl NewMigration {
    /// Writes the file, its snapshot and the chain. Returns the file's path.
    ///
    /// # Errors
    /// The file exists, or the folder cannot be written.
    pub fn write(&self, folder: &Folder) -> Result<PathBuf, MigrationError> {
        let path = self.write_unsealed(folder)?;
        Chain::of(&Folder::read(&folder.path)?).write(&folder.path)?;
        Ok(path)
    }

    /// Writes several files and the chain over them; where one cannot be written, those before it are taken back.
    ///
    /// # Errors
    /// A file exists, or the folder cannot be written.
    pub fn write_all(files: &[NewMigration], folder: &Folder) -> Result<Vec<PathBuf>, MigrationError> {
        let mut written = Vec::new();
        let outcome = files
            .iter()
            .try_for_each(|file| file.write_unsealed(folder).map(|path| written.push(path)))
            .and_then(|()| Folder::read(&folder.path))
            .and_then(
                |sealed| if files.is_empty() { Ok(()) } else { Chain::of(&sealed).write(&folder.path) },
            );
        if let Err(error) = outcome {
            for path in &written {
                // What stays behind is named by the error's folder; the error itself matters more.
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
        Ok(written)
    }

    fn write_unsealed(&self, folder: &Folder) -> Result<PathBuf, MigrationError> {
        let path = folder.path.join(&self.file_name);
        let failed = |path: &std::path::Path, error: std::io::Error| MigrationError::File {
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        if path.exists() {
            return Err(MigrationError::Exists { path: path.display().to_string() });
        }
        std::fs::create_dir_all(&folder.path).map_err(|error| failed(&folder.path, error))?;
        if let Some(snapshot) = &self.snapshot {
            let snapshot_path = folder.snapshot_path(&self.version);
            if let Some(parent) = snapshot_path.parent() {
                std::fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
            }
            std::fs::write(&snapshot_path, &snapshot.schema)
                .map_err(|error| failed(&snapshot_path, error))?;
            if let Some((dialect, printed)) = &snapshot.printed {
                let printed_path = folder.normalised_path(&self.version, dialect);
                std::fs::write(&printed_path, printed).map_err(|error| failed(&printed_path, error))?;
            }
        }
        std::fs::write(&path, &self.text).map_err(|error| failed(&path, error))?;
        Ok(path)
    }
}

/// The version after the newest file: a number as wide as the others, or a UTC time where they are times.
#[must_use]
pub fn next_version(folder: &Folder, now: jiff::Timestamp) -> Version {
    match folder.migrations.last() {
        None => Version::parse("0001").expect("digits"),
        Some(last) if last.version.is_timestamp() => {
            let text = now.strftime("%Y%m%d%H%M%S").to_string();
            let stamp = Version::parse(&text).expect("a formatted time is digits");
            if stamp > last.version { stamp } else { last.version.next() }
        }
        Some(last) => last.version.next(),
    }
}

/// `Add user roles!` → `add-user-roles`.
///
/// # Errors
/// Nothing is left of the name.
pub fn file_stem(name: &str) -> Result<String, MigrationError> {
    let words: Vec<String> = name
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        return Err(MigrationError::BadName { name: name.to_owned() });
    }
    Ok(words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> (tempfile::TempDir, Folder) {
        let directory = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(directory.path().join(name), "-- whimbrel:up\nSELECT 1;").unwrap();
        }
        let folder = Folder::read(directory.path()).unwrap();
        (directory, folder)
    }

    #[test]
    fn the_next_version_follows_the_folder_s_custom() {
        let now: jiff::Timestamp = "2026-05-06T07:08:09Z".parse().unwrap();
        for (files, expected) in [
            (&[][..], "0001"),
            (&["0009-a.sql"][..], "0010"),
            (&["20250101000000-a.sql"][..], "20260506070809"),
            (&["20990101000000-a.sql"][..], "20990101000001"),
        ] {
            let (_keep, folder) = folder(files);
            assert_eq!(next_version(&folder, now).as_str(), expected);
        }
    }

    #[test]
    fn names_become_file_stems() {
        assert_eq!(file_stem("Add user roles!").unwrap(), "add-user-roles");
        assert!(file_stem("!!").is_err());
    }

    #[test]
    fn a_new_file_is_sealed_and_never_overwrites() {
        let (keep, folder) = folder(&["0001-a.sql"]);
        let new = NewMigration {
            version: Version::parse("0002").unwrap(),
            file_name: "0002-b.sql".into(),
            text: "-- whimbrel:up\nSELECT 2;\n".into(),
            snapshot: Some(Snapshot { schema: "{}".into(), printed: Some(("sqlite", "{}".into())) }),
        };
        new.write(&folder).unwrap();
        let after = Folder::read(keep.path()).unwrap();
        assert_eq!(Chain::read(keep.path()).unwrap(), Chain::of(&after));
        assert!(folder.snapshot_path(&new.version).exists());
        assert!(matches!(new.write(&folder), Err(MigrationError::Exists { .. })));
    }
}
