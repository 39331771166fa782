//! Sessions by number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mongodb::ClientSession;
use whimbrel_engine::document::SessionId;

/// A session that one command at a time may use.
pub(crate) type Shared = Arc<tokio::sync::Mutex<ClientSession>>;

/// The open sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<SessionId, Shared>>,
    last: AtomicU64,
}

impl Sessions {
    /// Keeps a session.
    pub(crate) fn keep(&self, session: ClientSession) -> SessionId {
        let id = SessionId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        self.open().insert(id, Arc::new(tokio::sync::Mutex::new(session)));
        id
    }

    /// The session with this number.
    pub(crate) fn find(&self, id: SessionId) -> Option<Shared> {
        self.open().get(&id).cloned()
    }

    /// Takes a session out.
    pub(crate) fn remove(&self, id: SessionId) -> Option<Shared> {
        self.open().remove(&id)
    }

    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Shared>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
