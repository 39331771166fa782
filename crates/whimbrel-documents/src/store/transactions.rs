//! Sessions' transactions: how they begin, take commands, and end.

use std::time::Duration;

use bson::Document;
use whimbrel_engine::document::{CommandResult, SessionId};

use super::{Inner, locked};
use crate::command::{Access, Verb};
use crate::raw_reply::RawReply;
use crate::refusal::refuse;
use crate::session::{Scope, Transaction, no_such_transaction};
use crate::storage::{Failure, Holder, Link, Outcome, busy};

/// How long a transaction waits for another one's writes before it says that they conflict.
const TRANSACTION_WAIT: Duration = Duration::from_millis(100);

impl Inner {
    /// Runs a command in a session's transaction, which ends without effect where the command fails.
    pub(super) fn execute_in(
        &self,
        database: &str,
        (verb, command): (&Verb, Document),
        session: SessionId,
        transaction: &mut Transaction,
        raw: Option<&mut RawReply>,
    ) -> CommandResult<Document> {
        let Some(scope) = transaction.scope() else {
            return Err(no_such_transaction("Transaction was aborted.").into());
        };
        let done = if scope == Scope::Everything {
            self.run_in_whole(database, (verb, command), session, transaction, raw)
        } else if verb.in_transaction {
            self.run_in(database, (verb, command), session, transaction, raw)
        } else {
            let message = format!("Cannot run '{}' in a multi-document transaction.", verb.name);
            Err(refuse(263, "OperationNotSupportedInTransaction", message).into())
        };
        let is_over = match (&done, scope) {
            (Ok(reply), Scope::Documents) => reply.contains_key("writeErrors"),
            (Ok(_), Scope::Everything) => false,
            // It goes on where SQLite has not ended it.
            (Err(Failure::Refused(_)), Scope::Everything) => !is_open(transaction),
            (Err(_), _) => true,
        };
        if is_over {
            self.abandon(session, transaction);
        }
        let doing = format!("running {} in a transaction", verb.name);
        done.map_err(|failure| failure.into_command_error(&self.place.text(), &doing, true))
    }

    /// Runs a command in a transaction that takes every one. It holds the right to write from the first one on.
    fn run_in_whole(
        &self,
        database: &str,
        (verb, command): (&Verb, Document),
        session: SessionId,
        transaction: &mut Transaction,
        raw: Option<&mut RawReply>,
    ) -> Outcome<Document> {
        if !matches!(transaction, Transaction::Open { .. }) {
            if !self.gate.enter(Holder::Transaction(session), self.place.busy_timeout) {
                return Err(busy(true).into());
            }
            let link = self.opened(true)?;
            *transaction = Transaction::Open { link, is_writer: true, scope: Scope::Everything };
        }
        let Transaction::Open { link, .. } = transaction else { unreachable!("opened above") };
        link.execute("SAVEPOINT command", [])?;
        let before = word_tables(link)?;
        let done = (verb.run)(&mut self.work(database, link, Some(session), raw), command);
        if done.is_err() && !link.sqlite.is_autocommit() {
            // FTS5 writes to its tables at each savepoint, to those too that were rolled back and are gone: unless they
            // are dropped before.
            for made in word_tables(link)?.iter().filter(|table| !before.contains(table)) {
                link.sqlite.execute_batch(&format!("DROP TABLE \"{made}\""))?;
            }
            link.execute("ROLLBACK TO command", [])?;
            // What the command made is forgotten: this link may have read it.
            link.catalog()?;
        }
        if !link.sqlite.is_autocommit() {
            link.execute("RELEASE command", [])?;
        }
        done
    }

    fn run_in(
        &self,
        database: &str,
        (verb, command): (&Verb, Document),
        session: SessionId,
        transaction: &mut Transaction,
        raw: Option<&mut RawReply>,
    ) -> Outcome<Document> {
        let writes = verb.access_of(&command) == Access::Write;
        let holder = Holder::Transaction(session);
        if writes && !matches!(transaction, Transaction::Open { is_writer: true, .. }) {
            if !self.gate.enter(holder, TRANSACTION_WAIT) {
                return Err(busy(true).into());
            }
            match transaction {
                Transaction::Open { link, is_writer, .. } => {
                    *is_writer = true;
                    // Fails where somebody has written since this transaction first read.
                    link.execute("UPDATE format SET version = version", [])?;
                }
                _ => match self.opened(true) {
                    Ok(link) => {
                        *transaction = Transaction::Open { link, is_writer: true, scope: Scope::Documents }
                    }
                    Err(failure) => {
                        self.gate.leave(holder);
                        return Err(failure);
                    }
                },
            }
        }
        if !matches!(transaction, Transaction::Open { .. }) {
            let link = self.opened(false)?;
            *transaction = Transaction::Open { link, is_writer: false, scope: Scope::Documents };
        }
        let Transaction::Open { link, .. } = transaction else { unreachable!("opened above") };
        (verb.run)(&mut self.work(database, link, Some(session), raw), command)
    }

    fn opened(&self, is_writer: bool) -> Outcome<Link> {
        let link = self.reader()?;
        link.begin(is_writer)?;
        Ok(link)
    }

    pub(super) fn start_transaction(&self, session: SessionId, scope: Scope) -> CommandResult<()> {
        let transaction = self.sessions.transaction(session)?;
        let mut transaction = locked(&transaction);
        if transaction.scope().is_some() {
            return Err(refuse(50911, "Location50911", "a transaction is already in progress").into());
        }
        *transaction = Transaction::Begun(scope);
        Ok(())
    }

    pub(super) fn commit_transaction(&self, session: SessionId) -> CommandResult<()> {
        let transaction = self.sessions.transaction(session)?;
        let mut transaction = locked(&transaction);
        match &mut *transaction {
            Transaction::None => return Err(no_such_transaction("there is no transaction to commit").into()),
            Transaction::Aborted => return Err(no_such_transaction("Transaction was aborted.").into()),
            // A commit that is sent again answers as the first one did.
            Transaction::Committed => return Ok(()),
            Transaction::Begun(_) => {}
            Transaction::Open { link, .. } => {
                if let Err(failure) = link.commit() {
                    self.abandon(session, &mut transaction);
                    let doing = "committing a transaction";
                    return Err(failure.into_command_error(&self.place.text(), doing, true));
                }
            }
        }
        if let Transaction::Open { link, .. } = std::mem::replace(&mut *transaction, Transaction::Committed) {
            self.give_back(link);
        }
        self.gate.leave(Holder::Transaction(session));
        Ok(())
    }

    pub(super) fn abort_transaction(&self, session: SessionId) -> CommandResult<()> {
        let transaction = self.sessions.transaction(session)?;
        let mut transaction = locked(&transaction);
        match *transaction {
            Transaction::None => Err(no_such_transaction("there is no transaction to abort").into()),
            Transaction::Aborted => Err(no_such_transaction("Transaction was aborted.").into()),
            Transaction::Committed => Err(refuse(
                256,
                "TransactionCommitted",
                "the transaction has been committed and cannot be aborted any more",
            )
            .into()),
            Transaction::Begun(_) | Transaction::Open { .. } => {
                self.abandon(session, &mut transaction);
                Ok(())
            }
        }
    }

    pub(super) fn end_session(&self, session: SessionId) -> CommandResult<()> {
        if let Some(transaction) = self.sessions.end(session) {
            self.abandon(session, &mut locked(&transaction));
        }
        self.cursors.end_session(session);
        Ok(())
    }

    /// Ends a transaction without effect.
    fn abandon(&self, session: SessionId, transaction: &mut Transaction) {
        if let Transaction::Open { mut link, .. } = std::mem::replace(transaction, Transaction::Aborted) {
            link.rollback();
            self.give_back(link);
        }
        self.gate.leave(Holder::Transaction(session));
    }
}

/// The tables of the indexes over words.
fn word_tables(link: &Link) -> Outcome<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%fts5%'";
    let mut statement = link.sqlite.prepare_cached(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

/// Whether a transaction is open in SQLite too, which ends one by itself where the disk is full.
fn is_open(transaction: &Transaction) -> bool {
    matches!(transaction, Transaction::Open { link, .. } if !link.sqlite.is_autocommit())
}
