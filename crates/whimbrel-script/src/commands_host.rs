//! The plainest host: every command goes straight to the database, and nothing outlives the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bson::{Bson, Document};
use whimbrel_engine::document::{Commands, SessionId};

use crate::host::{Batch, BatchProgress, BatchStart, Call, ConsoleLevel, Host, HostResult, StepDecision};

/// A host without journal: it forwards commands, remembers steps and batches of this run only, and collects the output.
pub struct CommandsHost {
    commands: Arc<dyn Commands>,
    steps: BTreeMap<String, Bson>,
    output: Vec<(ConsoleLevel, String)>,
}

impl CommandsHost {
    /// A host over a database.
    #[must_use]
    pub fn new(commands: Arc<dyn Commands>) -> Self {
        CommandsHost { commands, steps: BTreeMap::new(), output: Vec::new() }
    }

    /// What the script has written so far.
    #[must_use]
    pub fn output(&self) -> &[(ConsoleLevel, String)] {
        &self.output
    }

    /// Takes what the script has written.
    pub fn take_output(&mut self) -> Vec<(ConsoleLevel, String)> {
        std::mem::take(&mut self.output)
    }
}

#[async_trait]
impl Host for CommandsHost {
    fn database(&self) -> &str {
        self.commands.database()
    }

    async fn command(&mut self, call: Call) -> HostResult<Document> {
        let database = call.database.as_deref().unwrap_or_else(|| self.commands.database());
        Ok(self.commands.run_on(database, call.command, call.session).await?)
    }

    async fn start_session(&mut self) -> HostResult<SessionId> {
        Ok(self.commands.start_session().await?)
    }

    async fn start_transaction(&mut self, session: SessionId) -> HostResult<()> {
        Ok(self.commands.start_transaction(session).await?)
    }

    async fn commit_transaction(&mut self, session: SessionId) -> HostResult<()> {
        Ok(self.commands.commit_transaction(session).await?)
    }

    async fn abort_transaction(&mut self, session: SessionId) -> HostResult<()> {
        Ok(self.commands.abort_transaction(session).await?)
    }

    async fn end_session(&mut self, session: SessionId) {
        self.commands.end_session(session).await;
    }

    async fn step_begin(&mut self, name: &str) -> HostResult<StepDecision> {
        Ok(self.steps.get(name).map_or(StepDecision::Run, |result| StepDecision::Skip(result.clone())))
    }

    async fn step_done(&mut self, name: &str, result: &Bson) -> HostResult<()> {
        self.steps.insert(name.to_owned(), result.clone());
        Ok(())
    }

    async fn step_failed(&mut self, _name: &str) -> HostResult<()> {
        Ok(())
    }

    async fn batch_begin(&mut self, _batch: &Batch) -> HostResult<BatchStart> {
        Ok(BatchStart::Beginning)
    }

    async fn batch_chunk(&mut self, _batch: &Batch) -> HostResult<()> {
        Ok(())
    }

    async fn batch_done(&mut self, batch: &Batch, progress: &BatchProgress) -> HostResult<()> {
        if !progress.finished && !batch.pause.is_zero() {
            tokio::time::sleep(batch.pause).await;
        }
        Ok(())
    }

    async fn batch_failed(&mut self, _batch: &Batch) -> HostResult<()> {
        Ok(())
    }

    fn console(&mut self, level: ConsoleLevel, text: String) {
        self.output.push((level, text));
    }
}
