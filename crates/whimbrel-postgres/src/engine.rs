//! The engine's traits over a PostgreSQL connection.

use std::time::Duration;

use async_trait::async_trait;
use whimbrel_engine::{
    Applied, Documents, Engine, HistoryEntry, IndexUse, Inventory, Journal, JournalEntry, Locking,
    OutsideTransactions, Relational, Result, Scope, ServerDescription, Source, Statement, Step, TableSize,
    Watch,
};
use whimbrel_schema::catalog::{Catalog, QualifiedName};

use crate::apply::Closing;
use crate::connection::Postgres;
use crate::control::{Control, control};

#[async_trait]
impl Engine for Postgres {
    fn server(&self) -> &ServerDescription {
        &self.server
    }

    fn dialect(&self) -> &'static str {
        "postgres"
    }

    async fn history(&mut self) -> Result<Vec<HistoryEntry>> {
        self.read_history().await
    }

    async fn prepare(&mut self) -> Result<bool> {
        self.prepare_tables().await
    }

    async fn recorded(&mut self, key: &str) -> Result<Option<String>> {
        self.read_document(key).await
    }

    async fn record(&mut self, key: &str, document: &str) -> Result<()> {
        self.write_document(key, document).await
    }

    async fn lock(&mut self, timeout: Duration) -> Result<()> {
        self.take_lock(timeout).await
    }

    async fn keep_lock(&mut self) -> Result<()> {
        match self.fence() {
            Some(_) => self.run_fenced(&[], "keeping the migration lock").await,
            None => Ok(()),
        }
    }

    async fn unlock(&mut self) -> Result<()> {
        self.give_lock_back().await
    }

    fn journal(&mut self) -> &mut dyn Journal {
        self
    }

    async fn mark(&mut self, entries: &[HistoryEntry]) -> Result<()> {
        self.mark_history(entries).await
    }

    async fn inventory(&mut self, scope: &Scope) -> Result<Inventory> {
        self.take_inventory(scope).await
    }

    async fn index_use(&mut self, scope: &Scope) -> Result<Vec<IndexUse>> {
        self.read_index_use(scope).await
    }

    async fn clear(&mut self, scope: &Scope) -> Result<Vec<String>> {
        self.drop_everything(scope).await
    }

    async fn beside(&self) -> Result<Box<dyn Engine>> {
        Ok(Box::new(self.make_beside().await?))
    }

    async fn drop_beside(&self, beside: Box<dyn Engine>) -> Result<()> {
        let name = beside.server().database.clone();
        drop(beside);
        self.remove_beside(&name).await
    }

    async fn scratch(&self) -> Result<Option<Box<dyn Engine>>> {
        Ok(None)
    }

    fn relational(&mut self) -> Option<&mut dyn Relational> {
        Some(self)
    }

    fn documents(&mut self) -> Option<&mut dyn Documents> {
        None
    }
}

#[async_trait]
impl Relational for Postgres {
    async fn apply(&mut self, step: &Step, watch: &mut dyn Watch) -> Result<Applied> {
        let closing = Closing::History(&step.history);
        self.run_transaction(&step.source, &step.statements, closing, watch).await
    }

    async fn run_together(
        &mut self,
        source: &Source,
        statements: &[Statement],
        entry: &JournalEntry,
        watch: &mut dyn Watch,
    ) -> Result<Applied> {
        self.run_transaction(source, statements, Closing::Journal(entry), watch).await
    }

    async fn run_unrecorded(
        &mut self,
        source: &Source,
        statements: &[Statement],
        watch: &mut dyn Watch,
    ) -> Result<Applied> {
        self.run_transaction(source, statements, Closing::Nothing, watch).await
    }

    fn runs_outside(&self) -> fn(&Statement) -> bool {
        |statement| control(&statement.sql) == Control::Outside
    }

    fn outside_transactions(&mut self) -> Option<&mut dyn OutsideTransactions> {
        Some(self)
    }

    async fn preview(&mut self, steps: &[Step]) -> Result<Vec<Vec<String>>> {
        let verbatim = |step: &Step| step.statements.iter().map(|statement| statement.sql.clone()).collect();
        Ok(steps.iter().map(verbatim).collect())
    }

    async fn introspect(&mut self, scope: &Scope) -> Result<Catalog> {
        self.read_catalog(scope).await
    }

    async fn normalise(&mut self, desired: &Catalog) -> Result<Catalog> {
        self.build_in_scratch(desired).await
    }

    async fn rows(&mut self, query: &str) -> Result<Vec<Vec<Option<String>>>> {
        self.read_rows(query).await
    }

    fn locking(&self) -> Locking {
        Locking::Tables
    }

    async fn table_size(&mut self, table: &QualifiedName) -> Result<Option<TableSize>> {
        self.size_of_table(table).await
    }

    async fn replica_lag(&mut self) -> Result<Option<Duration>> {
        self.slowest_replica().await
    }
}
