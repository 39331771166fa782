//! Who may write: SQLite has one writer, and the tasks of this process queue for it here.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use whimbrel_engine::document::SessionId;

/// Who holds the right to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// One command, for as long as it runs.
    Command,
    /// A session's transaction, until it ends.
    Transaction(SessionId),
}

/// The right to write, held by one at a time.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    holder: Mutex<Option<Holder>>,
    freed: Condvar,
}

impl Gate {
    /// Takes the right to write; false where another held it all the time.
    pub(crate) fn enter(&self, holder: Holder, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut current = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        while current.is_some() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let (guard, _) = self.freed.wait_timeout(current, left).unwrap_or_else(PoisonError::into_inner);
            current = guard;
        }
        *current = Some(holder);
        true
    }

    /// Gives the right back, where this one holds it.
    pub(crate) fn leave(&self, holder: Holder) {
        let mut current = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        if *current == Some(holder) {
            *current = None;
            self.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writes_at_a_time() {
        let gate = Gate::default();
        let session = Holder::Transaction(SessionId(1));
        assert!(gate.enter(session, Duration::ZERO));
        assert!(!gate.enter(Holder::Command, Duration::from_millis(5)));
        gate.leave(Holder::Command);
        assert!(!gate.enter(Holder::Command, Duration::ZERO));
        gate.leave(session);
        assert!(gate.enter(Holder::Command, Duration::ZERO));
    }
}
