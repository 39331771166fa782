//! Sessions and their transactions: one connection each, for as long as the transaction is open.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use whimbrel_engine::document::{Refusal, SessionId};

use crate::answer::with_label;
use crate::refusal::refuse;
use crate::storage::Link;

/// The open sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    next: AtomicU64,
    open: Mutex<HashMap<SessionId, Arc<Mutex<Transaction>>>>,
}

/// What has become of a session's latest transaction.
#[derive(Default)]
pub(crate) enum Transaction {
    /// There has been none.
    #[default]
    None,
    /// It has been opened, and has touched nothing yet.
    Begun(Scope),
    /// It sees the database as it was at its first command.
    Open { link: Link, is_writer: bool, scope: Scope },
    /// It has ended without effect.
    Aborted,
    /// It has ended with effect.
    Committed,
}

/// Which commands a transaction takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those that MongoDB's transactions take; a command that fails ends the transaction.
    Documents,
    /// All; a refused command takes back only what it did itself.
    Everything,
}

impl Sessions {
    /// Opens a session.
    pub(crate) fn start(&self) -> SessionId {
        let id = SessionId(self.next.fetch_add(1, Ordering::Relaxed) + 1);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::default());
        id
    }

    /// A session's transaction.
    ///
    /// # Errors
    /// There is no such session.
    pub(crate) fn transaction(&self, id: SessionId) -> Result<Arc<Mutex<Transaction>>, Refusal> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&id).cloned().ok_or_else(|| {
            refuse(206, "NoSuchSession", format!("there is no open session {}: start one first", id.0))
        })
    }

    /// Forgets a session.
    pub(crate) fn end(&self, id: SessionId) -> Option<Arc<Mutex<Transaction>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }
}

impl Transaction {
    /// Whether commands of the session belong to it.
    pub(crate) fn takes_commands(&self) -> bool {
        matches!(self, Transaction::Begun(_) | Transaction::Open { .. } | Transaction::Aborted)
    }

    /// Which commands it takes, while it is open.
    pub(crate) fn scope(&self) -> Option<Scope> {
        match self {
            Transaction::Begun(scope) | Transaction::Open { scope, .. } => Some(*scope),
            _ => None,
        }
    }
}

/// A transaction that is not there to be used.
pub(crate) fn no_such_transaction(message: &str) -> Refusal {
    with_label(refuse(251, "NoSuchTransaction", message), "TransientTransactionError")
}
