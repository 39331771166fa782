//! The prepared statement with which a long series of files is recorded.
//!
//! The server reads and plans a statement that arrives as text anew for each file; prepared, once. What a migration
//! does may end a prepared statement (`DEALLOCATE ALL`, `DISCARD ALL`): it is taken to be gone after everything but
//! a file of one plain command. Behind a transaction pooler there is none.

use whimbrel_engine::HistoryChange;

use crate::connection::{Postgres, Session};

/// So many files of one plain command are recorded by text before a statement is prepared: preparing is a round
/// trip of its own, which a deployment of a few files need not wait for.
const RECORDED_BY_TEXT: u32 = 8;

/// What the session has prepared.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    /// Files of one plain command that were recorded one after another.
    recorded: u32,
    /// How many statements were prepared; each has its number in its name.
    made: u32,
    /// Whether the newest of them stands.
    stands: bool,
}

impl Prepared {
    /// Something ran that may have ended it.
    pub(crate) fn forget(&mut self) {
        self.recorded = 0;
        self.stands = false;
    }

    fn name(&self) -> String {
        format!("whimbrel_record_{}", self.made)
    }
}

impl Postgres {
    /// The statement that makes the change at the end of a file of one plain command, and returns its duration.
    pub(crate) async fn record_of_plain_file(&mut self, change: &HistoryChange) -> String {
        let entry = match change {
            HistoryChange::Insert(entry) if matches!(self.session, Session::Own { .. }) => entry,
            _ => return self.own().history_sql(change),
        };
        self.prepared.recorded = self.prepared.recorded.saturating_add(1);
        if !self.prepared.stands && self.prepared.recorded > RECORDED_BY_TEXT {
            self.prepared.made = self.prepared.made.saturating_add(1);
            let sql = self.own().prepare_insert_sql(&self.prepared.name());
            // Where it cannot be prepared, the text says why.
            self.prepared.stands = self.try_run_bare(&sql).await.is_ok();
        }
        if self.prepared.stands {
            self.own().execute_insert_sql(&self.prepared.name(), entry)
        } else {
            self.own().history_sql(change)
        }
    }
}
