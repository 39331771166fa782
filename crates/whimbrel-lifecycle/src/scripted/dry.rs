//! A rehearsal: a script runs without changing anything, and says what it would do to how many documents.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bson::{Bson, Document, doc, oid::ObjectId};
use serde::Serialize;
use whimbrel_engine::document::{Commands, SessionId};
use whimbrel_script::classify;
use whimbrel_script::{Batch, BatchProgress, BatchStart, Call, ConsoleLevel, Host, HostResult, StepDecision};

use super::command::whole;
use crate::error::Result;
use crate::migration::PlannedStep;
use crate::session::Session;

/// One command that a script would send, or several of the same method one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DryAct {
    /// The method as the script's author knows it: `users.updateMany`.
    pub method: String,
    /// The documents that it would touch; none where that cannot be told.
    pub documents: Option<u64>,
    /// How many such commands it would send one after the other.
    pub commands: usize,
}

impl DryAct {
    /// The act in words: `users.updateMany: 12 documents`.
    #[must_use]
    pub fn words(&self) -> String {
        let DryAct { method, commands, .. } = self;
        match self.documents {
            None => method.clone(),
            Some(1) => format!("{method}: 1 document"),
            Some(documents) if *commands > 1 => {
                format!("{method}: {documents} documents in {commands} commands")
            }
            Some(documents) => format!("{method}: {documents} documents"),
        }
    }
}

/// Rehearses a script: what reads is asked of the database, what writes is counted and answered without being done.
/// A script that goes by what it wrote before may do more or less when it runs.
///
/// # Errors
/// The script fails by itself, or the database cannot be asked.
pub async fn rehearse(session: &mut Session<'_>, planned: &PlannedStep) -> Result<Vec<DryAct>> {
    let commands = session.documents()?.commands();
    let settings = super::settings(session);
    let mut host = DryHost { commands, acts: Vec::new(), sessions: 0, totals: HashMap::new() };
    let entry = super::entry(planned.direction);
    let ended = whimbrel_script::run(&planned.step.source, entry, &mut host, &settings).await;
    ended.map_err(super::ScriptFailure::rehearsed)?;
    Ok(host.acts)
}

struct DryHost {
    commands: Arc<dyn Commands>,
    acts: Vec<DryAct>,
    sessions: u64,
    totals: HashMap<String, u64>,
}

impl DryHost {
    /// How many documents a command that writes would touch.
    async fn count(&self, call: &Call) -> Option<u64> {
        let database = call.database.as_deref().unwrap_or_else(|| self.commands.database());
        let touches = classify::touches(&call.command);
        let mut total = 0_u64;
        for touch in &touches {
            total += match (touch.known, &touch.count) {
                (Some(known), _) => known,
                (None, Some(count)) => {
                    let reply = self.commands.run_on(database, count.clone(), None).await.ok()?;
                    let found = whole(&reply, "n")?;
                    if touch.upsert { found.max(1) } else { found }
                }
                (None, None) => return None,
            };
        }
        (!touches.is_empty()).then_some(total)
    }
}

#[async_trait]
impl Host for DryHost {
    fn database(&self) -> &str {
        self.commands.database()
    }

    async fn command(&mut self, call: Call) -> HostResult<Document> {
        let database = call.database.as_deref().unwrap_or_else(|| self.commands.database()).to_owned();
        if !classify::is_write(&call.command) {
            return Ok(self.commands.run_on(&database, call.command, None).await?);
        }
        let documents = self.count(&call).await;
        let reply = answer(&call.command, documents.unwrap_or_default());
        match self.acts.last_mut() {
            Some(last) if last.method == call.method && documents.is_some() && last.documents.is_some() => {
                last.documents = last.documents.zip(documents).map(|(before, more)| before + more);
                last.commands += 1;
            }
            _ => self.acts.push(DryAct { method: call.method, documents, commands: 1 }),
        }
        Ok(reply)
    }

    async fn start_session(&mut self) -> HostResult<SessionId> {
        self.sessions += 1;
        Ok(SessionId(self.sessions))
    }

    async fn start_transaction(&mut self, _session: SessionId) -> HostResult<()> {
        Ok(())
    }

    async fn commit_transaction(&mut self, _session: SessionId) -> HostResult<()> {
        Ok(())
    }

    async fn abort_transaction(&mut self, _session: SessionId) -> HostResult<()> {
        Ok(())
    }

    async fn end_session(&mut self, _session: SessionId) {}

    async fn step_begin(&mut self, _name: &str) -> HostResult<StepDecision> {
        Ok(StepDecision::Run)
    }

    async fn step_done(&mut self, _name: &str, _result: &Bson) -> HostResult<()> {
        Ok(())
    }

    async fn step_failed(&mut self, _name: &str) -> HostResult<()> {
        Ok(())
    }

    async fn batch_begin(&mut self, batch: &Batch) -> HostResult<BatchStart> {
        let database = batch.database.as_deref().unwrap_or_else(|| self.commands.database());
        let count = doc! { "count": &batch.collection, "query": batch.filter.clone() };
        let reply = self.commands.run_on(database, count, None).await?;
        let documents = whole(&reply, "n").unwrap_or_default();
        self.totals.insert(batch.name.clone(), documents);
        self.acts.push(DryAct {
            method: format!("batch \"{}\"", batch.name),
            documents: Some(documents),
            commands: 1,
        });
        // Its function is not called: what it does depends on what it did to the documents before.
        Ok(BatchStart::Finished { documents })
    }

    async fn batch_chunk(&mut self, _batch: &Batch) -> HostResult<()> {
        Ok(())
    }

    async fn batch_done(&mut self, _batch: &Batch, _progress: &BatchProgress) -> HostResult<()> {
        Ok(())
    }

    async fn batch_failed(&mut self, _batch: &Batch) -> HostResult<()> {
        Ok(())
    }

    fn console(&mut self, _level: ConsoleLevel, _text: String) {}
}

/// The reply that a command gets which is not sent.
fn answer(command: &Document, documents: u64) -> Document {
    let count = i32::try_from(documents).unwrap_or(i32::MAX);
    match command.keys().next().map(String::as_str) {
        Some("insert") => {
            let sent = command.get_array("documents").map_or(0, Vec::len);
            doc! { "ok": 1.0, "n": i32::try_from(sent).unwrap_or(i32::MAX) }
        }
        Some("update") => {
            doc! { "ok": 1.0, "n": count, "nModified": count, "upserted": upserted(command, documents) }
        }
        Some("findAndModify" | "findandmodify") => {
            doc! { "ok": 1.0, "value": Bson::Null, "lastErrorObject": { "n": count, "updatedExisting": documents > 0 } }
        }
        Some("createIndexes") => {
            doc! { "ok": 1.0, "numIndexesBefore": 1, "numIndexesAfter": 2, "createdCollectionAutomatically": false }
        }
        _ => doc! { "ok": 1.0, "n": count },
    }
}

/// The ids that an upsert would report where nothing matches.
fn upserted(command: &Document, documents: u64) -> Vec<Bson> {
    let updates = command.get_array("updates").cloned().unwrap_or_default();
    let upserts = updates
        .iter()
        .any(|update| update.as_document().is_some_and(|update| update.get_bool("upsert").unwrap_or(false)));
    if upserts && documents == 0 {
        vec![doc! { "index": 0, "_id": ObjectId::new() }.into()]
    } else {
        Vec::new()
    }
}
