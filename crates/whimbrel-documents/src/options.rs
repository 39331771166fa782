//! How a document store is opened.

use std::path::PathBuf;
use std::time::Duration;

/// How long a writer waits for another one unless the options say otherwise.
pub const DEFAULT_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How often documents are looked for that have expired, unless the options say otherwise; as often as MongoDB does.
pub const DEFAULT_EXPIRY_INTERVAL: Duration = Duration::from_secs(60);

/// Where the documents are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In a file, which other processes may open too.
    File(PathBuf),
    /// For as long as the store is open: a file of its own in a temporary folder, in memory where the system has one.
    Memory,
}

/// When a commit counts as durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Each commit waits for the disk: it outlasts a power cut.
    #[default]
    Full,
    /// Commits reach the disk at checkpoints: the last ones may be lost in a power cut, none in the end of a process.
    Normal,
    /// Never waits for the disk: for what may be lost.
    Off,
}

/// How a document store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentOptions {
    /// Where the documents are.
    pub location: Location,
    /// The database that the project lives in.
    pub database: String,
    /// When a commit counts as durable.
    pub synchronous: Synchronous,
    /// How long a writer waits for another one.
    pub busy_timeout: Duration,
    /// How often documents are looked for that have expired.
    pub expiry_interval: Duration,
    /// Whether a missing file is made.
    pub create: bool,
    /// Whether nothing may be written.
    pub read_only: bool,
}

impl DocumentOptions {
    /// The usual options: made where missing, durable at each commit.
    #[must_use]
    pub fn new(location: Location, database: impl Into<String>) -> Self {
        Self {
            location,
            database: database.into(),
            synchronous: Synchronous::Full,
            busy_timeout: DEFAULT_BUSY_TIMEOUT,
            expiry_interval: DEFAULT_EXPIRY_INTERVAL,
            create: true,
            read_only: false,
        }
    }
}
