//! Running a migration's statements in one transaction, with what goes on record of them.

use std::time::Instant;

use rusqlite::Connection;
use whimbrel_engine::{
    Applied, EngineError, HistoryChange, JournalEntry, Result, Source, Statement, StatementReport, Step,
};

use crate::connection::classify;
use crate::lock::{self, Lease};
use crate::trouble::Trouble;
use crate::workspace::Workspace;
use crate::{interpret, ledger};

/// What a transaction of a migration's statements ends with.
#[derive(Clone, Copy)]
pub(crate) enum Closing<'a> {
    /// The change to the history.
    History(&'a HistoryChange),
    /// The journal's row; the rows and the time are added to it.
    Journal(&'a JournalEntry),
    /// Nothing: the statements belong to no migration.
    Nothing,
}

/// Statements and what they are run with.
pub(crate) struct Work<'a> {
    pub(crate) source: &'a Source,
    pub(crate) statements: &'a [Statement],
    pub(crate) closing: Closing<'a>,
    pub(crate) lease: Option<&'a Lease>,
    pub(crate) database: &'a str,
}

pub(crate) enum Attempt {
    NeedsForeignKeysOff,
    Failed(EngineError),
}

impl Attempt {
    pub(crate) fn into_error(self) -> EngineError {
        match self {
            Attempt::Failed(error) => error,
            Attempt::NeedsForeignKeysOff => EngineError::Refused {
                doing: "rebuilding a table".to_owned(),
                reason: "foreign keys could not be switched off".to_owned(),
            },
        }
    }
}

pub(crate) type Tried<T> = std::result::Result<T, Attempt>;

impl Work<'_> {
    /// Runs everything, or nothing.
    pub(crate) fn run(&self, connection: &Connection) -> Result<Applied> {
        let started = Instant::now();
        match self.attempt(connection, true, started) {
            // Foreign keys cannot be switched inside a transaction, so the step begins again without them.
            Err(Attempt::NeedsForeignKeysOff) => self.attempt(connection, false, started),
            other => other,
        }
        .map_err(Attempt::into_error)
    }

    /// One attempt; the transaction has ended when it returns.
    fn attempt(&self, connection: &Connection, enforced: bool, started: Instant) -> Tried<Applied> {
        let doing = format!("running {}", self.source.name);
        let failed = |error: &rusqlite::Error| Attempt::Failed(classify(error, self.database, &doing));
        connection.pragma_update(None, "foreign_keys", enforced).map_err(|error| failed(&error))?;
        let result = connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(|error| failed(&error))
            .and_then(|()| self.in_transaction(connection, enforced, started))
            .and_then(|applied| {
                connection.execute_batch("COMMIT").map(|()| applied).map_err(|error| failed(&error))
            });
        if result.is_err() {
            roll_back(connection);
        }
        if !enforced {
            connection.pragma_update(None, "foreign_keys", true).map_err(|error| failed(&error))?;
        }
        result
    }

    fn in_transaction(&self, connection: &Connection, enforced: bool, started: Instant) -> Tried<Applied> {
        let doing = format!("recording {}", self.source.name);
        let failed = |error: rusqlite::Error| Attempt::Failed(classify(&error, self.database, &doing));
        self.renew(connection)?;
        ledger::prepare(connection).map_err(failed)?;
        let mut workspace = Workspace::new(connection, enforced);
        let statements = carry_out(&mut workspace, self.source, self.statements, self.database)?;
        if !enforced {
            check_foreign_keys(connection, self.source, self.database)?;
        }
        let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        match self.closing {
            Closing::History(change) => {
                if let Some(version) = ledger::change(connection, change, duration_ms).map_err(failed)? {
                    return Err(Attempt::Failed(EngineError::Refused {
                        doing,
                        reason: format!("the history has no version {version}"),
                    }));
                }
            }
            Closing::Journal(entry) => {
                let rows: u64 = statements.iter().filter_map(|report| report.rows).sum();
                let entry = JournalEntry {
                    rows: entry.rows.saturating_add(i64::try_from(rows).unwrap_or(i64::MAX)),
                    duration_ms: entry.duration_ms.saturating_add(duration_ms),
                    ..entry.clone()
                };
                ledger::write_journal(connection, &entry).map_err(failed)?;
            }
            Closing::Nothing => {}
        }
        // A long transaction has used its lease up; nobody could take it meanwhile.
        self.renew(connection)?;
        Ok(Applied { duration_ms, statements, waits: Vec::new() })
    }

    fn renew(&self, connection: &Connection) -> Tried<()> {
        let Some(lease) = self.lease else { return Ok(()) };
        match lock::renew(connection, lease) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Attempt::Failed(lock::lost(connection))),
            Err(error) => {
                Err(Attempt::Failed(classify(&error, self.database, "renewing the migration lock")))
            }
        }
    }
}

/// Ends an open transaction without a trace.
pub(crate) fn roll_back(connection: &Connection) {
    if !connection.is_autocommit() {
        // SQLite has rolled back by itself where this fails; there is nothing else to undo.
        let _ = connection.execute_batch("ROLLBACK");
    }
}

pub(crate) fn carry_out(
    workspace: &mut Workspace<'_>,
    source: &Source,
    statements: &[Statement],
    database: &str,
) -> Tried<Vec<StatementReport>> {
    let mut reports = Vec::with_capacity(statements.len());
    for (position, statement) in statements.iter().enumerate() {
        let started = Instant::now();
        workspace.position = position;
        workspace.changed = 0;
        interpret::carry_out(workspace, &statement.sql).map_err(|trouble| match trouble {
            Trouble::NeedsForeignKeysOff => Attempt::NeedsForeignKeysOff,
            other => Attempt::Failed(other.in_statement(source, statement, database)),
        })?;
        reports.push(StatementReport {
            statement: StatementReport::shown(&statement.sql),
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            rows: changes_rows(&statement.sql).then_some(workspace.changed),
        });
    }
    workspace.settle().map_err(|(position, trouble)| {
        Attempt::Failed(trouble.in_statement(source, &statements[position], database))
    })?;
    workspace.write_notes().map_err(|error| {
        Attempt::Failed(classify(&error, database, &format!("noting what {} made", source.name)))
    })?;
    Ok(reports)
}

fn changes_rows(sql: &str) -> bool {
    let first = sql.split_whitespace().next().unwrap_or_default();
    ["insert", "update", "delete"].iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// Where foreign keys were off, every row must refer to one that is there before the commit.
fn check_foreign_keys(connection: &Connection, source: &Source, database: &str) -> Tried<()> {
    let broken = first_violation(connection)
        .map_err(|error| Attempt::Failed(classify(&error, database, "checking foreign keys")))?;
    match broken {
        None => Ok(()),
        Some((table, references, count)) => Err(Attempt::Failed(EngineError::Refused {
            doing: format!("running {}", source.name),
            reason: format!(
                "{count} rows of `{table}` refer to rows of `{references}` that do not exist; nothing of the file stands. \
                 A file that both alters tables and deletes or renumbers rows that others refer to must be split in two: \
                 SQLite rebuilds tables with foreign keys off, so ON DELETE and ON UPDATE do nothing in it"
            ),
        })),
    }
}

fn first_violation(connection: &Connection) -> rusqlite::Result<Option<(String, String, u64)>> {
    let mut statement = connection.prepare(
        "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 1",
    )?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let count: i64 = row.get(2)?;
    Ok(Some((row.get(0)?, row.get(1)?, count.unsigned_abs())))
}

/// Runs the steps in a transaction that is always rolled back.
pub(crate) fn preview(connection: &Connection, steps: &[Step], database: &str) -> Result<Vec<Vec<String>>> {
    let failed = |error: &rusqlite::Error| classify(error, database, "previewing the migration");
    connection.pragma_update(None, "foreign_keys", false).map_err(|error| failed(&error))?;
    let result = connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| failed(&error)).and_then(|()| {
        ledger::prepare(connection).map_err(|error| failed(&error))?;
        steps
            .iter()
            .map(|step| {
                let mut workspace = Workspace::new(connection, false);
                carry_out(&mut workspace, &step.source, &step.statements, database)
                    .map_err(Attempt::into_error)?;
                Ok(workspace.script())
            })
            .collect()
    });
    roll_back(connection);
    connection.pragma_update(None, "foreign_keys", true).map_err(|error| failed(&error))?;
    result
}
