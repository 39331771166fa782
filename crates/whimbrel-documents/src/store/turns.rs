//! The connections: many that read, and one that writes at a time.

use std::time::Duration;

use bson::{Bson, Document};
use whimbrel_engine::document::Refusal;

use super::{Inner, locked};
use crate::refusal::refuse;
use crate::storage::{Failure, Gate, Holder, Link, Outcome, busy, is_busy};

/// Connections for reading that are kept open.
const IDLE_READERS: usize = 8;

impl Inner {
    /// Runs a piece of work that sees one state of the database.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&mut Link) -> Outcome<T>) -> Outcome<T> {
        self.read_on(self.reader()?, work)
    }

    pub(super) fn read_on<T>(
        &self,
        mut link: Link,
        work: impl FnOnce(&mut Link) -> Outcome<T>,
    ) -> Outcome<T> {
        link.begin(false)?;
        let done = work(&mut link);
        if done.is_ok() {
            link.commit()?
        } else {
            link.rollback()
        }
        self.give_back(link);
        done
    }

    /// Runs a piece of work that writes: all of it, or nothing.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&mut Link) -> Outcome<T>) -> Outcome<T> {
        let busy_timeout = self.place.busy_timeout;
        self.write_within(&Patience { wait: busy_timeout, is_own: false }, work)
    }

    pub(super) fn write_within<T>(
        &self,
        patience: &Patience,
        work: impl FnOnce(&mut Link) -> Outcome<T>,
    ) -> Outcome<T> {
        if !self.gate.enter(Holder::Command, patience.wait) {
            return Err(patience.over().into());
        }
        // A command that panics gives the right to write back too.
        let _turn = Turn(&self.gate);
        self.write_inside(patience, work)
    }

    fn write_inside<T>(&self, patience: &Patience, work: impl FnOnce(&mut Link) -> Outcome<T>) -> Outcome<T> {
        let mut writer = locked(&self.writer);
        let mut link = match writer.take() {
            Some(link) => link,
            None => Link::open(&self.place)?,
        };
        if patience.is_own {
            link.sqlite.busy_timeout(patience.wait)?;
        }
        let begun = link.begin(true);
        if patience.is_own {
            link.sqlite.busy_timeout(self.place.busy_timeout)?;
        }
        if let Err(failure) = begun {
            *writer = Some(link);
            return Err(patience.told(failure));
        }
        let done = work(&mut link).and_then(|value| link.commit().map(|()| value));
        if done.is_err() {
            link.rollback();
        }
        *writer = Some(link);
        done
    }

    pub(super) fn reader(&self) -> Outcome<Link> {
        let idle = locked(&self.readers).pop();
        match idle {
            Some(link) => Ok(link),
            None => Ok(Link::open(&self.place)?),
        }
    }

    pub(super) fn give_back(&self, link: Link) {
        let mut idle = locked(&self.readers);
        if idle.len() < IDLE_READERS && link.sqlite.is_autocommit() {
            idle.push(link);
        }
    }
}

/// How long a command waits for another writer.
pub(super) struct Patience {
    wait: Duration,
    /// Whether the command says so itself, by `maxTimeMS`.
    is_own: bool,
}

impl Patience {
    /// The command's own limit, where it is shorter than the store's.
    pub(super) fn of(command: &Document, busy_timeout: Duration) -> Self {
        let limit_ms = match command.get("maxTimeMS") {
            Some(Bson::Int32(limit)) => u64::try_from(*limit).ok(),
            Some(Bson::Int64(limit)) => u64::try_from(*limit).ok(),
            _ => None,
        };
        // Zero is no limit.
        let limit = limit_ms.filter(|limit| *limit > 0).map(Duration::from_millis);
        match limit.filter(|limit| *limit < busy_timeout) {
            Some(wait) => Patience { wait, is_own: true },
            None => Patience { wait: busy_timeout, is_own: false },
        }
    }

    /// The refusal of a command that has waited long enough.
    fn over(&self) -> Refusal {
        if self.is_own {
            return refuse(50, "MaxTimeMSExpired", "operation exceeded time limit");
        }
        busy(false)
    }

    fn told(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Sqlite(error) if is_busy(&error) => self.over().into(),
            other => other,
        }
    }
}

/// A command's right to write, given back at its end.
struct Turn<'g>(&'g Gate);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.leave(Holder::Command);
    }
}
