//! The engine of the document data model, over whatever answers commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bson::doc;
use whimbrel_schema::document::DocumentCatalog;

use super::ask::Ask;
use super::commands::{Commands, SessionId};
use super::known::{Known, Rows};
use super::lease::{Lease, LeaseOptions};
use super::runtime::Runtime;
use super::{history, index_use, introspect, inventory, journal, own, state};
use crate::{
    Documents, Engine, EngineError, HistoryChange, HistoryEntry, IndexUse, Inventory, Journal, JournalEntry,
    Relational, Result, Scope, ServerDescription,
};

/// What the names of databases that are made for a proof begin with; nothing else is ever dropped whole.
const PROOF_PREFIX: &str = "whimbrel_proof_";
/// Counts this process's databases.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// A document database as an engine: all that it does, it does by commands.
pub struct DocumentEngine {
    commands: Arc<dyn Commands>,
    runtime: Arc<dyn Runtime>,
    options: LeaseOptions,
    lease: Option<Lease>,
    /// While the lock is held.
    known: Known,
    /// Whether everything was dropped while the lock was held: it goes as well, at the end.
    is_cleared: bool,
}

impl DocumentEngine {
    /// An engine over these commands.
    #[must_use]
    pub fn new(commands: Arc<dyn Commands>, runtime: Arc<dyn Runtime>, options: LeaseOptions) -> Self {
        DocumentEngine { commands, runtime, options, lease: None, known: Known::default(), is_cleared: false }
    }

    fn ask(&self, session: Option<SessionId>) -> Ask<'_> {
        Ask { commands: self.commands.as_ref(), session }
    }

    /// Makes sure, where the lock was taken, that it is still held. Within a transaction the transaction is bound to it.
    async fn hold(&self, session: Option<SessionId>) -> Result<()> {
        match (&self.lease, session) {
            (None, _) => Ok(()),
            (Some(lease), None) => lease.keep().await,
            (Some(lease), Some(session)) => lease.fence(session).await,
        }
    }

    /// Writes a session into the lock, where the lock was taken.
    async fn announced(&self, session: SessionId) -> Result<()> {
        match &self.lease {
            None => Ok(()),
            Some(lease) => lease.announce(session).await,
        }
    }

    /// Runs writes as one transaction where the deployment has transactions, else one after the other, in an order
    /// that a crash may cut anywhere.
    async fn together(&mut self, doing: &str, writes: &Writes<'_>) -> Result<()> {
        // Until they have succeeded, nothing is known for certain.
        let mut known = std::mem::take(&mut self.known);
        if self.commands.deployment().transactions {
            self.in_transaction(doing, writes, &mut known).await?;
        } else {
            self.hold(None).await?;
            writes.run(self.ask(None), &mut known).await?;
        }
        self.learn(known);
        Ok(())
    }

    async fn in_transaction(&self, doing: &str, writes: &Writes<'_>, known: &mut Known) -> Result<()> {
        let ask = self.ask(None);
        let session = ask.told(self.commands.start_session().await, doing)?;
        let outcome = async {
            self.announced(session).await?;
            ask.told(self.commands.start_transaction(session).await, doing)?;
            self.hold(Some(session)).await?;
            writes.run(self.ask(Some(session)), known).await?;
            ask.told(self.commands.commit_transaction(session).await, doing)
        }
        .await;
        // An open transaction ends with its session.
        self.commands.end_session(session).await;
        outcome
    }

    /// Keeps in mind what only the holder of the lock can be sure of.
    fn learn(&mut self, known: Known) {
        if self.lease.is_some() {
            self.known = known;
        }
    }
}

/// Writes that belong together.
enum Writes<'a> {
    Finish { change: &'a HistoryChange, duration_ms: i64 },
    Change { change: &'a HistoryChange, duration_ms: i64 },
    Mark(&'a [HistoryEntry]),
}

impl Writes<'_> {
    async fn run(&self, ask: Ask<'_>, known: &mut Known) -> Result<()> {
        if let Writes::Finish { change, duration_ms } = self {
            return journal::finish(ask, change, *duration_ms, known).await;
        }
        if matches!(known.rows, Rows::Past { .. }) {
            journal::discard(ask).await?;
            known.rows = Rows::Empty;
        }
        match self {
            Writes::Finish { .. } => Ok(()),
            Writes::Change { change, duration_ms } => {
                history::change(ask, change, *duration_ms, &mut known.newest).await
            }
            Writes::Mark(entries) => {
                for entry in *entries {
                    let insert = HistoryChange::Insert(entry.clone());
                    history::change(ask, &insert, 0, &mut known.newest).await?;
                }
                Ok(())
            }
        }
    }
}

#[async_trait]
impl Engine for DocumentEngine {
    fn server(&self) -> &ServerDescription {
        &self.commands.deployment().server
    }

    fn dialect(&self) -> &'static str {
        "mongodb"
    }

    async fn history(&mut self) -> Result<Vec<HistoryEntry>> {
        history::read(self.ask(None)).await
    }

    async fn prepare(&mut self) -> Result<bool> {
        own::prepare(self.ask(None)).await
    }

    async fn recorded(&mut self, key: &str) -> Result<Option<String>> {
        state::recorded(self.ask(None), key).await
    }

    async fn record(&mut self, key: &str, document: &str) -> Result<()> {
        self.hold(None).await?;
        state::record(self.ask(None), key, document).await
    }

    async fn lock(&mut self, timeout: Duration) -> Result<()> {
        if self.lease.is_none() {
            self.lease = Some(Lease::take(&self.commands, &self.runtime, &self.options, timeout).await?);
        }
        Ok(())
    }

    async fn keep_lock(&mut self) -> Result<()> {
        self.hold(None).await
    }

    async fn unlock(&mut self) -> Result<()> {
        if matches!(self.known.rows, Rows::Past { .. }) && self.hold(None).await.is_ok() {
            // Rows that stay are passed over; the lock goes back in any case.
            let _ = journal::discard(self.ask(None)).await;
        }
        self.known = Known::default();
        match self.lease.take() {
            Some(lease) if std::mem::take(&mut self.is_cleared) => lease.release_with_collection().await,
            Some(lease) => lease.release().await,
            None => Ok(()),
        }
    }

    fn journal(&mut self) -> &mut dyn Journal {
        self
    }

    async fn mark(&mut self, entries: &[HistoryEntry]) -> Result<()> {
        self.together("marking versions as applied", &Writes::Mark(entries)).await
    }

    async fn inventory(&mut self, _scope: &Scope) -> Result<Inventory> {
        inventory::take(self.ask(None)).await
    }

    async fn index_use(&mut self, _scope: &Scope) -> Result<Vec<IndexUse>> {
        index_use::read(self.ask(None)).await
    }

    async fn clear(&mut self, _scope: &Scope) -> Result<Vec<String>> {
        if let Some(lease) = &self.lease {
            lease.renew().await?;
            self.is_cleared = true;
            self.known = Known::default();
        }
        inventory::clear(self.ask(None)).await
    }

    async fn scratch(&self) -> Result<Option<Box<dyn Engine>>> {
        Ok(None)
    }

    async fn beside(&self) -> Result<Box<dyn Engine>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // A database's name has 63 bytes at most, and comes to be with its first collection.
        let name = format!("{PROOF_PREFIX}{}_{now}_{count}", std::process::id());
        let commands = self.commands.on_database(&name);
        let engine = DocumentEngine::new(commands, Arc::clone(&self.runtime), self.options.clone());
        Ok(Box::new(engine))
    }

    async fn drop_beside(&self, beside: Box<dyn Engine>) -> Result<()> {
        let doing = "dropping the proof's database";
        let name = &beside.server().database;
        if !name.starts_with(PROOF_PREFIX) {
            return Err(EngineError::Refused {
                doing: doing.to_owned(),
                reason: format!("`{name}` was not made for a proof"),
            });
        }
        let dropped = self.commands.run_on(name, doc! { "dropDatabase": 1 }, None).await;
        self.ask(None).told(dropped, doing).map(drop)
    }

    fn relational(&mut self) -> Option<&mut dyn Relational> {
        None
    }

    fn documents(&mut self) -> Option<&mut dyn Documents> {
        Some(self)
    }
}

#[async_trait]
impl Documents for DocumentEngine {
    fn commands(&self) -> Arc<dyn Commands> {
        Arc::clone(&self.commands)
    }

    async fn introspect(&mut self) -> Result<DocumentCatalog> {
        introspect::catalog(self.ask(None)).await
    }

    async fn change_history(
        &mut self,
        change: &HistoryChange,
        duration_ms: i64,
        session: Option<SessionId>,
    ) -> Result<()> {
        match session {
            Some(session) => {
                self.hold(Some(session)).await?;
                let mut newest = self.known.newest;
                history::change(self.ask(Some(session)), change, duration_ms, &mut newest).await?;
                self.learn(Known { newest, ..self.known });
                Ok(())
            }
            None => self.together("changing the history", &Writes::Change { change, duration_ms }).await,
        }
    }

    async fn write_journal(&mut self, entries: &[JournalEntry], session: Option<SessionId>) -> Result<()> {
        self.hold(session).await?;
        let together = session.is_some();
        if entries.iter().any(|entry| self.known.rows.is_in_the_way_of(entry.position, together)) {
            // Another writer would wait for a transaction that holds the only right to write.
            let within = session.filter(|_| self.commands.whole_transactions().is_some());
            journal::discard(self.ask(within)).await?;
            self.known.rows = if within.is_none() { Rows::Empty } else { Rows::Unknown };
        }
        let rows = std::mem::take(&mut self.known.rows);
        journal::write(self.ask(session), entries).await?;
        let rows = entries.iter().fold(rows, |rows, entry| rows.written(entry.position, together));
        self.learn(Known { rows, ..self.known });
        Ok(())
    }

    async fn announce(&mut self, session: SessionId) -> Result<()> {
        self.announced(session).await
    }

    async fn fence(&mut self, session: Option<SessionId>) -> Result<()> {
        self.hold(session).await
    }
}

#[async_trait]
impl Journal for DocumentEngine {
    async fn entries(&mut self) -> Result<Vec<JournalEntry>> {
        if self.lease.is_some() && self.known.rows.is_finished() {
            return Ok(Vec::new());
        }
        let (entries, rows) = journal::entries(self.ask(None)).await?;
        self.learn(Known { rows, ..self.known });
        Ok(entries)
    }

    async fn write(&mut self, entry: &JournalEntry) -> Result<()> {
        self.write_journal(std::slice::from_ref(entry), None).await
    }

    async fn finish(&mut self, change: &HistoryChange, duration_ms: i64) -> Result<()> {
        self.together("finishing a file", &Writes::Finish { change, duration_ms }).await
    }

    async fn discard(&mut self) -> Result<()> {
        self.hold(None).await?;
        journal::discard(self.ask(None)).await?;
        self.learn(Known { rows: Rows::Empty, ..self.known });
        Ok(())
    }
}
