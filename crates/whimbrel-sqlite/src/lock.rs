//! The deployers' lock: a file beside the database that the operating system locks, and unlocks when its
//! holder ends in whatever way.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use whimbrel_engine::{EngineError, Result};

/// A waiting deployer looks again this often: soon enough for a person, seldom enough for the machine.
const POLL: Duration = Duration::from_millis(50);

/// A lock that is held until the value is dropped.
#[derive(Debug)]
pub(crate) struct DeployLock {
    file: File,
}

/// The lock file of a database.
pub(crate) fn path_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// One attempt; none where another process holds it.
pub(crate) fn attempt(database: &Path) -> Result<Option<DeployLock>> {
    let path = path_of(database);
    let refused = |error: std::io::Error| EngineError::NotWritable {
        database: database.display().to_string(),
        doing: format!("taking the lock {}", path.display()),
        reason: error.to_string(),
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(refused)?;
    }
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(refused)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(refused(error)),
    }
    let text = format!("process {} since {}\n", std::process::id(), now());
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(text.as_bytes()))
        .map_err(refused)?;
    Ok(Some(DeployLock { file }))
}

/// What the holder wrote of itself.
pub(crate) fn holder(database: &Path) -> String {
    let path = path_of(database);
    let mut text = String::new();
    let read = File::open(&path).and_then(|mut file| file.read_to_string(&mut text));
    match (read, text.trim()) {
        (Ok(_), known) if !known.is_empty() => format!("{known} (lock file {})", path.display()),
        _ => format!("a process that has not said its number yet (lock file {})", path.display()),
    }
}

/// Whether to try again, and after what pause.
pub(crate) fn pause(until: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then(|| left.min(POLL))
}

impl DeployLock {
    pub(crate) fn release(mut self) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.unlock()
    }
}

fn now() -> String {
    let seconds = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map(|since| since.as_secs())
        .unwrap_or_default();
    crate::literal::utc_of_seconds(i64::try_from(seconds).unwrap_or_default())
}
