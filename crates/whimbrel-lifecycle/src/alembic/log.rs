//! What each revision is for: from Alembic's log where it got into the script, and from the names of the revisions' files.

use std::collections::BTreeMap;
use std::path::Path;

use super::ImportError;

/// How a line of Alembic's log begins.
const LOG_LINES: [&str; 3] = ["INFO  [alembic", "INFO [alembic", "INFO:alembic"];

/// The script without the lines of Alembic's log, and what they say of the revisions.
pub(super) fn without_log(text: &str) -> (String, BTreeMap<String, String>) {
    let mut messages = BTreeMap::new();
    if !LOG_LINES.iter().any(|opening| text.contains(opening)) {
        return (text.to_owned(), messages);
    }
    let mut kept = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if !LOG_LINES.iter().any(|opening| line.starts_with(opening)) {
            kept.push_str(line);
            continue;
        }
        let message = line
            .split_once("Running upgrade ")
            .and_then(|(_, rest)| rest.split_once("->"))
            .and_then(|(_, rest)| rest.trim().split_once(", "));
        if let Some((revision, message)) = message {
            messages.insert(revision.trim().to_owned(), message.trim().to_owned());
        }
    }
    (kept, messages)
}

/// `1a2b_add_users.py` says that 1a2b adds users.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn messages_of_files(folder: &Path) -> Result<BTreeMap<String, String>, ImportError> {
    let failed = |error: std::io::Error| ImportError::File {
        file: folder.display().to_string(),
        reason: error.to_string(),
    };
    let mut messages = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".py") else { continue };
        if let Some((revision, words)) = stem.split_once('_').filter(|(revision, _)| !revision.is_empty()) {
            messages.insert(revision.to_owned(), words.replace('_', " ").trim().to_owned());
        }
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_leave_the_script_and_tell_what_revisions_do() {
        let text = "INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.\nBEGIN;\n\
                    INFO  [alembic.runtime.migration] Running upgrade a, b -> c, join a, and b\nSELECT 1;\n";
        let (kept, messages) = without_log(text);
        assert_eq!(kept, "BEGIN;\nSELECT 1;\n");
        assert_eq!(messages.get("c").map(String::as_str), Some("join a, and b"));
    }

    #[test]
    fn file_names_tell_what_revisions_do() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["1a2b_add_users.py", "__init__.py", "notes_x.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let messages = messages_of_files(folder.path()).unwrap();
        assert_eq!(messages, BTreeMap::from([("1a2b".to_owned(), "add users".to_owned())]));
        assert!(messages_of_files(&folder.path().join("none")).is_err());
    }
}
