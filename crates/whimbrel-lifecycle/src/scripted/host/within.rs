//! A step or a batch's chunk: what is between its beginning and its end is one transaction, or has a row of its own.

use bson::Document;
use whimbrel_engine::document::SessionId;
use whimbrel_engine::{ActKind, JournalEntry, JournalState};
use whimbrel_script::{Call, HostResult};

use super::super::command::writes_documents;
use super::{ScriptHost, open};
use crate::events::Moment;
use crate::migration::MigrationError;

/// A step or a batch's chunk that is open.
pub(super) struct Within {
    pub(super) kind: ActKind,
    pub(super) name: String,
    /// Whether its commands are one transaction; none before its first command that writes.
    pub(super) together: Option<bool>,
}

impl ScriptHost<'_> {
    /// A command that writes, within a step or a batch's chunk.
    pub(super) async fn inside(&mut self, call: Call, idempotent: bool) -> HostResult<Document> {
        let fits = self.is_whole || writes_documents(&call.command);
        let Some(within) = &mut self.within else { return self.send(&call, call.session).await };
        let is_first = within.together.is_none();
        let together = *within.together.get_or_insert(self.may_open && fits);
        if together && !fits {
            let error = MigrationError::MixedStep {
                file: self.planned.file_name.clone(),
                act: within.name.clone(),
                method: call.method,
            };
            return self.fail(error);
        }
        if together {
            if is_first {
                self.open().await?;
            }
            let sent = self.send(&call, self.own).await;
            self.moment(Moment::Ran);
            return sent;
        }
        let (kind, name) = (within.kind, within.name.clone());
        let state = if kind == ActKind::Batch { JournalState::Running } else { JournalState::Intended };
        let mut row = self.acts.row(kind, &name, state);
        let was_safe = row.act.as_ref().is_none_or(|act| act.idempotent);
        if is_first || (was_safe && !idempotent) {
            if let Some(act) = &mut row.act {
                act.idempotent = was_safe && idempotent;
            }
            self.write(&row, None).await?;
            self.moment(Moment::Intended);
        }
        let sent = self.send(&call, call.session).await;
        self.moment(Moment::Ran);
        sent
    }

    /// Opens a transaction for the open step or chunk.
    pub(super) async fn open(&mut self) -> HostResult<()> {
        let session = match self.own {
            Some(session) => session,
            None => self.commands.start_session().await?,
        };
        self.own = Some(session);
        self.announce(session).await?;
        Ok(open(&self.commands, session).await?)
    }

    /// Tells whoever takes the lock over of a session, so that he can end its transactions.
    pub(super) async fn announce(&mut self, session: SessionId) -> HostResult<()> {
        match self.documents.announce(session).await {
            Ok(()) => Ok(()),
            Err(error) => self.fail(error),
        }
    }

    /// Ends the open step or chunk: its row stands together with what it did.
    pub(super) async fn end_within(&mut self, mut row: JournalEntry) -> HostResult<()> {
        if let Some(act) = &mut row.act {
            act.idempotent = true;
        }
        let together = self.within.as_ref().and_then(|within| within.together) == Some(true);
        if let Some(session) = self.own.filter(|_| together) {
            if let Err(error) = self.documents.fence(Some(session)).await {
                return self.fail(error);
            }
            self.write(&row, Some(session)).await?;
            self.commands.commit_transaction(session).await?;
        } else {
            self.write(&row, None).await?;
        }
        self.within = None;
        Ok(())
    }

    /// Takes back what the open step or chunk did, where it is a transaction.
    pub(super) async fn abandon(&mut self) {
        let Some(within) = self.within.take() else { return };
        if let Some(session) = self.own.filter(|_| within.together == Some(true)) {
            // Where the server has ended it already, there is nothing to take back.
            let _ = self.commands.abort_transaction(session).await;
        }
    }
}
