//! Steps as a script for the `sqlite3` shell.
//!
//! What a statement becomes depends on the tables that it meets, so the steps are carried out on a database that is
//! thrown away: one in memory that was brought to where the script begins, or the real one in a transaction that is
//! rolled back.

use std::collections::BTreeMap;

use rusqlite::Connection;
use whimbrel_engine::{
    BatchTemplate, HistoryChange, JournalEntry, Result, ScriptWriter, Source, Statement, Step, Written,
};

use crate::connection::{self, SqliteOptions, classify};
use crate::ledger::{self, STATE};
use crate::quote::{quoted, text_literal};
use crate::transaction::carry_out;
use crate::workspace::Workspace;

/// Writes steps as a script for the `sqlite3` shell.
pub struct SqliteScript {
    connection: Connection,
    database: String,
    guards: usize,
}

/// What Whimbrel's documents are, by key.
type Documents = BTreeMap<String, String>;

impl SqliteScript {
    /// A script that needs no database: what comes before it is told by [`ScriptWriter::assume`].
    ///
    /// # Errors
    /// SQLite cannot open a database in memory.
    pub fn offline() -> Result<Self> {
        Self::over(&SqliteOptions::memory())
    }

    /// A script for what stands in this database; nothing of it is changed.
    ///
    /// # Errors
    /// The database cannot be opened, or another writer holds it.
    pub fn over(options: &SqliteOptions) -> Result<Self> {
        let connection = connection::open(options)?;
        let database = options.display();
        connection
            .pragma_update(None, "foreign_keys", false)
            .and_then(|()| connection.execute_batch("BEGIN IMMEDIATE"))
            .and_then(|()| ledger::prepare(&connection))
            .map_err(|error| classify(&error, &database, "writing a script"))?;
        Ok(SqliteScript { connection, database, guards: 0 })
    }

    /// Carries statements out; gives what was sent, and whether a table was rebuilt for it. Where one fails, nothing
    /// of them stands.
    fn try_out(&self, source: &Source, statements: &[Statement]) -> Result<(Vec<String>, bool)> {
        let failed = |error: rusqlite::Error| classify(&error, &self.database, "writing a script");
        self.connection.execute_batch("SAVEPOINT whimbrel_script").map_err(failed)?;
        let mut workspace = Workspace::new(&self.connection, false);
        let outcome = carry_out(&mut workspace, source, statements, &self.database);
        if let Err(error) = outcome {
            let undo = "ROLLBACK TO whimbrel_script; RELEASE whimbrel_script";
            self.connection.execute_batch(undo).map_err(failed)?;
            return Err(error.into_error());
        }
        self.connection.execute_batch("RELEASE whimbrel_script").map_err(failed)?;
        Ok((workspace.sent, workspace.rebuilt))
    }

    fn documents(&self) -> Result<Documents> {
        let read = || -> rusqlite::Result<Documents> {
            let mut statement = self.connection.prepare(&format!("SELECT key, document FROM {STATE}"))?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        };
        read().map_err(|error| classify(&error, &self.database, "reading whimbrel_state"))
    }

    /// What stops the script unless the query gives 1.
    fn check(&mut self, what: &str, query: &str) -> String {
        self.guards += 1;
        let table = format!("whimbrel_guard_{}", self.guards);
        format!(
            "CREATE TEMP TABLE {table} (fine INTEGER NOT NULL CONSTRAINT {} CHECK (fine = 1));\n\
             INSERT INTO {table} SELECT ({query});\nDROP TABLE {table};\n",
            quoted(what)
        )
    }
}

impl ScriptWriter for SqliteScript {
    fn dialect(&self) -> &'static str {
        "sqlite"
    }

    fn opening(&mut self) -> String {
        let tables: Vec<String> =
            ledger::table_statements().into_iter().map(|statement| format!("{statement};\n")).collect();
        format!("-- Run it with: sqlite3 FILE < SCRIPT\n.bail on\n{}", tables.concat())
    }

    fn guard(&mut self, newest: Option<&str>) -> String {
        let newest = newest.unwrap_or("0");
        let query = format!(
            "SELECT coalesce((SELECT ltrim(version, '0') FROM {} ORDER BY length(ltrim(version, '0')) DESC, \
             ltrim(version, '0') DESC LIMIT 1), '') = ltrim({}, '0')",
            ledger::HISTORY,
            text_literal(newest)
        );
        self.check(&format!("this database is not at {newest}, as the script expects here"), &query)
    }

    fn assume(&mut self, step: &Step) -> Result<()> {
        self.try_out(&step.source, &step.statements).map(drop)
    }

    fn runs_outside(&self, _statement: &Statement) -> bool {
        false
    }

    fn together(
        &mut self,
        source: &Source,
        statements: &[Statement],
        history: Option<&HistoryChange>,
        journal: Option<&JournalEntry>,
    ) -> Result<Written> {
        let before = self.documents()?;
        let (sent, rebuilt) = self.try_out(source, statements)?;
        let after = self.documents()?;
        let mut text =
            format!("PRAGMA foreign_keys = {};\nBEGIN IMMEDIATE;\n", if rebuilt { "OFF" } else { "ON" });
        for statement in sent {
            text.push_str(&format!("{statement};\n"));
        }
        if rebuilt {
            let query = "SELECT count(*) = 0 FROM pragma_foreign_key_check";
            text.push_str(&self.check("a row refers to a row that does not exist", query));
        }
        for key in before.keys().filter(|key| !after.contains_key(*key)) {
            text.push_str(&format!("DELETE FROM {STATE} WHERE key = {};\n", text_literal(key)));
        }
        for (key, document) in after.iter().filter(|(key, document)| before.get(*key) != Some(document)) {
            let change = HistoryChange::Record { key: key.clone(), document: document.clone() };
            text.push_str(&format!("{};\n", ledger::change_statement(&change)));
        }
        if let Some(change) = history {
            text.push_str(&format!("{};\n", ledger::change_statement(change)));
        }
        if let Some(entry) = journal {
            text.push_str(&format!("{};\n", ledger::journal_statement(entry)));
        }
        text.push_str("COMMIT;\n");
        Ok(text.into())
    }

    fn outside(&mut self, statement: &Statement, _intent: &JournalEntry, _done: &JournalEntry) -> Written {
        format!("{};\n", statement.sql).into()
    }

    fn batched(
        &mut self,
        source: &Source,
        batch: &BatchTemplate,
        _running: &JournalEntry,
        done: &JournalEntry,
    ) -> Result<Written> {
        let mut written =
            self.together(source, &[Statement::new(batch.whole.as_str(), 0)], None, Some(done))?;
        written.warnings.push(format!(
            "the rows of {} are changed at once: a script of SQLite has no loop for batches",
            batch.table
        ));
        Ok(written)
    }

    fn finish(&mut self, change: &HistoryChange) -> String {
        let change = ledger::change_statement(change);
        format!("BEGIN IMMEDIATE;\n{change};\nDELETE FROM {};\nCOMMIT;\n", ledger::JOURNAL)
    }
}
