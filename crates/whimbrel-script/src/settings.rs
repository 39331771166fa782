//! How far a script may go, and what it is given.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How far a script may go before it is ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long it may compute without asking the host for anything. Waiting for the database, `sleep` and timers do not count.
    pub computing: Duration,
    /// How long the whole run may last, waits included; an answer that is under way is awaited.
    pub total: Duration,
    /// The memory of the JavaScript engine, in bytes.
    pub memory_bytes: usize,
    /// The output that is passed on, in bytes; the rest is dropped, which a last line says.
    pub output_bytes: usize,
    /// How many files it may load from its folder.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            computing: Duration::from_secs(30),
            total: Duration::from_secs(24 * 60 * 60),
            memory_bytes: 256 * 1024 * 1024,
            output_bytes: 1024 * 1024,
            files: 64,
        }
    }
}

/// The files beside a script, for `require('./other')` and `import … from './other.js'`.
pub trait Files: Send + Sync {
    /// Reads a file by its path inside the folder, with `/` between its parts and no `.` or `..`; `None` where there is none.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    fn read(&self, path: &str) -> std::io::Result<Option<String>>;
}

impl Files for BTreeMap<String, String> {
    fn read(&self, path: &str) -> std::io::Result<Option<String>> {
        Ok(self.get(path).cloned())
    }
}

/// What a script is given, and how far it may go.
#[derive(Clone, Default)]
pub struct Settings {
    /// How far it may go.
    pub limits: Limits,
    /// What `process.env` holds, and nothing else.
    pub environment: BTreeMap<String, String>,
    /// The files beside the script; without them `require` knows its built-in modules only.
    pub files: Option<Arc<dyn Files>>,
}

impl fmt::Debug for Settings {
    /// Shows the names of the variables and not their values, which may be secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("limits", &self.limits)
            .field("environment", &self.environment.keys().collect::<Vec<_>>())
            .field("files", &self.files.is_some())
            .finish()
    }
}
