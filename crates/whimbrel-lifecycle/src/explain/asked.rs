//! The command that a document query stands for: written as JSON, or in the shell's words, which are run against nothing.

use std::time::Duration;

use async_trait::async_trait;
use bson::{Bson, Document};
use miette::NamedSource;
use whimbrel_engine::Source;
use whimbrel_engine::document::SessionId;
use whimbrel_script::{
    Batch, BatchProgress, BatchStart, Call, ConsoleLevel, Entry, Host, HostError, HostResult, Limits,
    ScriptError, Settings, StepDecision,
};

use super::error::ExplainError;

/// How long the words may compute before they send a command.
const COMPUTING: Duration = Duration::from_secs(5);
/// The commands that MongoDB explains.
const EXPLAINED: [&str; 8] =
    ["find", "aggregate", "count", "distinct", "update", "delete", "findAndModify", "findandmodify"];
/// Those of them that write whatever they say.
const WRITING: [&str; 4] = ["update", "delete", "findAndModify", "findandmodify"];
/// What stands before the words, so that a cursor that nobody reads is read.
const BEFORE: &str = "var whimbrelAsked =\n";
/// What stands after them.
const AFTER: &str =
    "\n;if (whimbrelAsked && typeof whimbrelAsked.toArray === 'function') { whimbrelAsked.toArray(); }\n";

/// A command, and the database that it is for where it is not the project's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) database: Option<String>,
    pub(super) command: Document,
}

impl Asked {
    /// Whether it may write.
    pub(super) fn writes(&self) -> bool {
        let name = self.command.keys().next().map(String::as_str).unwrap_or_default();
        let stages = self.command.get_array("pipeline").into_iter().flatten();
        let is_sink = |stage: &Bson| {
            stage
                .as_document()
                .is_some_and(|stage| stage.contains_key("$out") || stage.contains_key("$merge"))
        };
        WRITING.contains(&name) || stages.into_iter().any(is_sink)
    }

    /// The collection.
    pub(super) fn collection(&self) -> Option<&str> {
        self.command.values().next().and_then(Bson::as_str)
    }

    /// What it asks of the documents.
    pub(super) fn filter(&self) -> Option<&Document> {
        let first = |key: &str, of: &str| -> Option<&Document> {
            self.command.get_array(key).ok()?.first()?.as_document()?.get_document(of).ok()
        };
        self.command
            .get_document("filter")
            .ok()
            .or_else(|| self.command.get_document("query").ok())
            .or_else(|| first("updates", "q"))
            .or_else(|| first("deletes", "q"))
            .or_else(|| first("pipeline", "$match"))
    }
}

/// Reads what is asked for. No server hears of it.
///
/// # Errors
/// It is neither a command nor the shell's words, or MongoDB explains no such command.
pub(super) async fn read(source: &Source, database: &str) -> Result<Asked, ExplainError> {
    let text = source.text.trim();
    if text.is_empty() {
        return Err(ExplainError::NoQuery { name: source.name.clone() });
    }
    let mut asked = if text.starts_with('{') { json(source)? } else { words(source, database).await? };
    // `….explain()` asks for what this command asks for by itself.
    if let Ok(inner) = asked.command.get_document("explain") {
        asked.command = inner.clone();
    }
    let name = asked.command.keys().next().cloned().unwrap_or_default();
    if !EXPLAINED.contains(&name.as_str()) {
        return Err(ExplainError::Command { command: name });
    }
    Ok(asked)
}

fn json(source: &Source) -> Result<Asked, ExplainError> {
    let refused = |line: usize, column: usize, reason: String| ExplainError::Json {
        reason,
        source_code: NamedSource::new(&source.name, source.text.clone()).with_language("json"),
        span: (offset(&source.text, line, column), 1.min(source.text.len())).into(),
    };
    let value: serde_json::Value = serde_json::from_str(&source.text)
        .map_err(|error| refused(error.line(), error.column(), error.to_string()))?;
    match Bson::try_from(value) {
        Ok(Bson::Document(command)) => Ok(Asked { database: None, command }),
        Ok(_) => Err(refused(1, 1, "it is no document".to_owned())),
        Err(error) => Err(refused(1, 1, error.to_string())),
    }
}

/// The byte at a line and column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut place = (before + column.saturating_sub(1)).min(text.len().saturating_sub(1));
    while !text.is_char_boundary(place) {
        place -= 1;
    }
    place
}

/// Runs the shell's words up to the first command that they would send.
async fn words(source: &Source, database: &str) -> Result<Asked, ExplainError> {
    let text = format!("{BEFORE}{}{AFTER}", source.text.trim_end());
    let wrapped = Source { name: source.name.clone(), text: text.into() };
    match first_command(&wrapped, database).await {
        // The place of a mistake is told in the user's own text.
        Err(ExplainError::Words(error)) => match first_command(source, database).await {
            Err(ExplainError::Words(own)) => Err(ExplainError::Words(own)),
            _ => Err(ExplainError::Words(error)),
        },
        other => other,
    }
}

/// Runs a script up to the first command that it would send.
async fn first_command(source: &Source, database: &str) -> Result<Asked, ExplainError> {
    let limits = Limits { computing: COMPUTING, total: COMPUTING, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let mut recorder = Recorder { database: database.to_owned(), asked: None };
    let outcome = whimbrel_script::run(source, Entry::Whole, &mut recorder, &settings).await;
    match (recorder.asked, outcome) {
        (Some(asked), _) => Ok(asked),
        (None, Ok(_) | Err(ScriptError::Stopped { .. })) => {
            Err(ExplainError::NoQuery { name: source.name.clone() })
        }
        (None, Err(error)) => Err(ExplainError::Words(Box::new(error))),
    }
}

/// What ends the words once the first command is known.
#[derive(Debug, thiserror::Error)]
#[error("the first command is known")]
struct Known;

/// Keeps the first command, and sends none.
struct Recorder {
    database: String,
    asked: Option<Asked>,
}

#[async_trait]
impl Host for Recorder {
    fn database(&self) -> &str {
        &self.database
    }

    async fn command(&mut self, call: Call) -> HostResult<Document> {
        self.asked.get_or_insert(Asked { database: call.database, command: call.command });
        Err(HostError::stop(Known))
    }

    async fn start_session(&mut self) -> HostResult<SessionId> {
        Err(HostError::stop(Known))
    }

    async fn start_transaction(&mut self, _session: SessionId) -> HostResult<()> {
        Err(HostError::stop(Known))
    }

    async fn commit_transaction(&mut self, _session: SessionId) -> HostResult<()> {
        Err(HostError::stop(Known))
    }

    async fn abort_transaction(&mut self, _session: SessionId) -> HostResult<()> {
        Err(HostError::stop(Known))
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

    async fn batch_begin(&mut self, _batch: &Batch) -> HostResult<BatchStart> {
        Ok(BatchStart::Beginning)
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

#[cfg(test)]
mod tests {
    use bson::doc;
    use miette::Diagnostic as _;

    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "the query".to_owned(), text: text.into() }
    }

    #[tokio::test]
    async fn the_shells_words_and_json_are_commands() {
        for (text, expected, writes) in [
            (
                "db.users.find({email: 'a@b'}).sort({made: -1}).limit(10);",
                doc! { "find": "users", "filter": { "email": "a@b" }, "sort": { "made": -1 }, "limit": 10 },
                false,
            ),
            (
                "{\"find\": \"users\", \"filter\": {\"n\": 3}}",
                doc! { "find": "users", "filter": { "n": 3 } },
                false,
            ),
            ("db.users.distinct('n')", doc! { "distinct": "users", "key": "n", "query": {} }, false),
            ("db.users.find({a: 1}).explain()", doc! { "find": "users", "filter": { "a": 1 } }, false),
        ] {
            let asked = read(&source(text), "app").await.unwrap();
            for (key, value) in &expected {
                assert_eq!(asked.command.get(key), Some(value), "{text}: {asked:?}");
            }
            assert_eq!((asked.collection(), asked.writes()), (Some("users"), writes), "{text}");
        }
        for (text, name, writes, filter) in [
            ("db.users.updateMany({n: 1}, {$set: {z: 1}})", "update", true, doc! { "n": 1 }),
            ("db.users.deleteOne({_id: 1})", "delete", true, doc! { "_id": 1 }),
            ("db.users.findOneAndUpdate({n: 2}, {$set: {z: 1}})", "findAndModify", true, doc! { "n": 2 }),
            ("db.users.countDocuments({n: 3})", "aggregate", false, doc! { "n": 3 }),
            ("db.users.aggregate([{$match: {n: 4}}, {$out: 'x'}])", "aggregate", true, doc! { "n": 4 }),
            ("db.getCollection('users').findOne({n: 5})", "find", false, doc! { "n": 5 }),
        ] {
            let asked = read(&source(text), "app").await.unwrap();
            assert_eq!(asked.command.keys().next().map(String::as_str), Some(name), "{text}");
            assert_eq!((asked.writes(), asked.filter()), (writes, Some(&filter)), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_no_query_is_refused() {
        for (text, code) in [
            ("", "explain::no_query"),
            ("1 + 1", "explain::no_query"),
            ("{\"find\": }", "explain::json"),
            ("db.users.insertOne({a: 1})", "explain::command"),
            ("db.users.drop()", "explain::command"),
            ("{\"insert\": \"users\"}", "explain::command"),
            ("db.users.find({", "script::syntax"),
            ("nothing.users.find()", "script::failed"),
        ] {
            let error = read(&source(text), "app").await.unwrap_err();
            assert_eq!(error.code().unwrap().to_string(), code, "{text}: {error}");
        }
    }
}
