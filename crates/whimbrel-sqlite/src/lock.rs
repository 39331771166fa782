//! The deployers' lock: a lease, which is a row with its owner's process, a time until which it holds, and a
//! fencing number.
//!
//! Every transaction that writes renews it, and fails where the row no longer carries this owner and this
//! number. A lease whose process has died is taken over at once, one that has run out when it is asked for.

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use whimbrel_engine::{EngineError, Result};

use crate::connection::classify;
use crate::ledger::has_table;

/// The table.
pub(crate) const LOCK: &str = "whimbrel_lock";
/// A waiting deployer looks again this often: soon enough for a person, seldom enough for the machine.
const POLL: Duration = Duration::from_millis(50);

const CREATE: &str = "CREATE TABLE IF NOT EXISTS whimbrel_lock (
  name TEXT NOT NULL PRIMARY KEY,
  fence INTEGER NOT NULL,
  owner TEXT,
  holder TEXT,
  process TEXT,
  acquired_at TEXT,
  expires_at_ms INTEGER NOT NULL
)";

/// A lease that is held.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    /// Who holds it: no two connections have the same.
    owner: String,
    /// Its number: one more than that of the holder before.
    fence: i64,
    /// How long it holds unless a transaction renews it.
    lasts: Duration,
}

/// What one attempt came to.
pub(crate) enum Attempt {
    Taken(Lease),
    /// Another holds it, who is known by these words.
    Held(String),
}

/// One attempt to take the lease.
pub(crate) fn attempt(connection: &Connection, database: &str, lasts: Duration) -> Result<Attempt> {
    match crate::engine::transaction(connection, |connection| take(connection, lasts)) {
        Ok(attempt) => Ok(attempt),
        // Somebody writes at this moment.
        Err(error) if is_busy(&error) => {
            let holder = holder(connection).ok().flatten();
            Ok(Attempt::Held(holder.unwrap_or_else(|| "a process that writes to the database".to_owned())))
        }
        Err(error) => Err(classify(&error, database, "taking the migration lock")),
    }
}

fn take(connection: &Connection, lasts: Duration) -> rusqlite::Result<Attempt> {
    connection.execute(CREATE, [])?;
    let row = connection
        .query_row(
            "SELECT owner, process, expires_at_ms FROM whimbrel_lock WHERE name = 'migrate'",
            [],
            |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?, row.get(2)?)),
        )
        .optional()?;
    if let Some((Some(_), process, expires_at_ms)) = row
        && now_ms() < expires_at_ms
        && !process.as_deref().is_some_and(has_died)
    {
        let holder = holder(connection)?.unwrap_or_else(|| "a process that has not said its name".to_owned());
        return Ok(Attempt::Held(holder));
    }
    let owner = format!("{}-{:x}", std::process::id(), RandomState::new().hash_one(LOCK));
    let holder = format!("process {}", std::process::id());
    connection.execute(
        "INSERT INTO whimbrel_lock (name, fence, owner, holder, process, acquired_at, expires_at_ms)
         VALUES ('migrate', 1, ?1, ?2, ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?4)
         ON CONFLICT (name) DO UPDATE SET fence = fence + 1, owner = excluded.owner, holder = excluded.holder,
           process = excluded.process, acquired_at = excluded.acquired_at, expires_at_ms = excluded.expires_at_ms",
        params![owner, holder, own_process(), expiry_ms(lasts)],
    )?;
    let fence =
        connection
            .query_row("SELECT fence FROM whimbrel_lock WHERE name = 'migrate'", [], |row| row.get(0))?;
    Ok(Attempt::Taken(Lease { owner, fence, lasts }))
}

/// Renews the lease within the open transaction. Says whether it is still held.
pub(crate) fn renew(connection: &Connection, lease: &Lease) -> rusqlite::Result<bool> {
    let renewed = connection
        .prepare_cached(
            "UPDATE whimbrel_lock SET expires_at_ms = ?1 WHERE name = 'migrate' AND owner = ?2 AND fence = ?3",
        )?
        .execute(params![expiry_ms(lease.lasts), lease.owner, lease.fence])?;
    Ok(renewed == 1)
}

/// Ends the lease, where it is still held.
pub(crate) fn release(connection: &Connection, lease: &Lease) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE whimbrel_lock SET owner = NULL, holder = NULL, process = NULL
             WHERE name = 'migrate' AND owner = ?1 AND fence = ?2",
            params![lease.owner, lease.fence],
        )
        .map(|_| ())
}

/// The holder, in words.
pub(crate) fn holder(connection: &Connection) -> rusqlite::Result<Option<String>> {
    if !has_table(connection, LOCK)? {
        return Ok(None);
    }
    connection
        .query_row(
            "SELECT holder || ', since ' || acquired_at FROM whimbrel_lock WHERE name = 'migrate' AND owner IS NOT NULL",
            [],
            |row| row.get(0),
        )
        .optional()
}

/// The error of a lease that has passed to another.
pub(crate) fn lost(connection: &Connection) -> EngineError {
    let holder = holder(connection).ok().flatten();
    EngineError::LockLost { holder: holder.unwrap_or_else(|| "it is free again".to_owned()) }
}

/// Whether to try again, and after what pause.
pub(crate) fn pause(until: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then(|| left.min(POLL))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn expiry_ms(lasts: Duration) -> i64 {
    now_ms().saturating_add(i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX))
}

/// This process as another one on the same machine can look for it: `machine number start`. Only its number
/// where the system does not tell more: then nobody concludes anything from its absence.
fn own_process() -> String {
    let number = std::process::id();
    match (machine(), started(number)) {
        (Some(machine), Some(start)) => format!("{machine} {number} {start}"),
        _ => number.to_string(),
    }
}

/// Whether the process is known to be gone: it ran on this machine, and no longer does.
fn has_died(process: &str) -> bool {
    let words: Vec<&str> = process.split(' ').collect();
    let [its_machine, number, start] = words[..] else { return false };
    let Ok(number) = number.parse() else { return false };
    machine().is_some_and(|machine| machine == its_machine) && started(number).as_deref() != Some(start)
}

/// This boot of this machine, and the space in which its process numbers count.
fn machine() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link(Path::new("/proc/self/ns/pid")).ok()?;
    Some(format!("{}/{}", boot.trim(), space.display()))
}

/// When the process began, in the system's ticks; none where there is no such process.
fn started(number: u32) -> Option<String> {
    /// The field after the name, which may hold anything but ends with the last parenthesis.
    const START_FIELD: usize = 19;
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace();
    let state = fields.clone().next()?;
    // A zombie works no more.
    if state == "Z" {
        return None;
    }
    fields.nth(START_FIELD).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_is_known_from_a_dead_one() {
        let mine = own_process();
        assert!(!has_died(&mine), "{mine}");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let number = child.id();
        child.wait().unwrap();
        let machine = machine().unwrap();
        assert!(has_died(&format!("{machine} {number} 1")));
        assert!(!has_died(&format!("another-machine {number} 1")), "nobody knows of another machine");
        assert!(!has_died("17"), "a bare number says nothing");
    }

    #[test]
    fn a_lease_passes_on_and_its_number_rises() {
        const LASTS: Duration = Duration::from_secs(15);
        let connection = Connection::open_in_memory().unwrap();
        let Attempt::Taken(first) = attempt(&connection, "x", LASTS).unwrap() else { panic!("it is free") };
        assert!(matches!(attempt(&connection, "x", LASTS).unwrap(), Attempt::Held(_)));
        connection.execute("UPDATE whimbrel_lock SET expires_at_ms = 0", []).unwrap();
        let Attempt::Taken(second) = attempt(&connection, "x", LASTS).unwrap() else {
            panic!("it has run out")
        };
        assert!(second.fence > first.fence);
        assert!(!renew(&connection, &first).unwrap() && renew(&connection, &second).unwrap());
        release(&connection, &first).unwrap();
        assert!(
            matches!(attempt(&connection, "x", LASTS).unwrap(), Attempt::Held(_)),
            "the first may not free it"
        );
        release(&connection, &second).unwrap();
        assert!(matches!(attempt(&connection, "x", LASTS).unwrap(), Attempt::Taken(_)));
    }
}
