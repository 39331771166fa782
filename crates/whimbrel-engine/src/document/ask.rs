//! Asking through the command primitive: whole results instead of cursors, writes with their errors checked.

use bson::{Bson, Document, doc};

use super::commands::{CommandError, CommandResult, Commands, SessionId};
use super::failure::{checked, integer};
use crate::{EngineError, Result};

/// How many batches of one cursor are read; at the server's own batch size that is gigabytes.
const BATCH_LIMIT: u32 = 1_000_000;

/// One asker: the commands, and the session that they belong to.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) commands: &'a dyn Commands,
    pub(crate) session: Option<SessionId>,
}

impl<'a> Ask<'a> {
    /// Asks outside any session.
    pub(crate) fn plainly(commands: &'a dyn Commands) -> Self {
        Ask { commands, session: None }
    }

    /// Runs one command on the project's database.
    pub(crate) async fn run(&self, command: Document) -> CommandResult<Document> {
        self.commands.run_on(self.commands.database(), command, self.session).await
    }

    /// Runs a command that writes. Outside a transaction it is done once a majority has it.
    pub(crate) async fn write(&self, mut command: Document) -> CommandResult<Document> {
        if self.session.is_none() {
            command.insert("writeConcern", doc! { "w": "majority" });
        }
        checked(self.run(command).await?)
    }

    /// Runs a command that answers with a cursor, and reads it to its end.
    pub(crate) async fn all(&self, command: Document) -> CommandResult<Vec<Document>> {
        let reply = self.run(command).await?;
        let (mut documents, mut id, namespace) = batch(reply, "firstBatch")?;
        let collection = namespace.split_once('.').map_or(namespace.as_str(), |(_, name)| name).to_owned();
        let mut batches = 0;
        while id != 0 {
            batches += 1;
            if batches > BATCH_LIMIT {
                return Err(unreadable("a cursor does not end"));
            }
            let reply = self.run(doc! { "getMore": id, "collection": &collection }).await?;
            let (more, next, _) = batch(reply, "nextBatch")?;
            documents.extend(more);
            id = next;
        }
        Ok(documents)
    }

    /// The error of a command that failed while `doing` something.
    pub(crate) fn failed(&self, error: CommandError, doing: &str) -> EngineError {
        error.while_doing(self.commands.database(), doing)
    }

    /// Puts a command's failure into an engine's words.
    pub(crate) fn told<T>(&self, result: CommandResult<T>, doing: &str) -> Result<T> {
        result.map_err(|error| self.failed(error, doing))
    }
}

/// The text under a key.
pub(crate) fn text<'a>(document: &'a Document, key: &str) -> Option<&'a str> {
    document.get(key).and_then(Bson::as_str)
}

/// The documents of a reply's cursor, the cursor's number and its namespace.
fn batch(mut reply: Document, key: &str) -> CommandResult<(Vec<Document>, i64, String)> {
    let Some(Bson::Document(mut cursor)) = reply.remove("cursor") else {
        return Err(unreadable("a reply has no cursor"));
    };
    let id = integer(cursor.get("id")).unwrap_or_default();
    let namespace = cursor.get_str("ns").unwrap_or_default().to_owned();
    let Some(Bson::Array(values)) = cursor.remove(key) else {
        return Err(unreadable("a cursor has no batch"));
    };
    let documents = values.into_iter().filter_map(|value| match value {
        Bson::Document(document) => Some(document),
        _ => None,
    });
    Ok((documents.collect(), id, namespace))
}

fn unreadable(what: &str) -> CommandError {
    EngineError::Refused { doing: "reading an answer".to_owned(), reason: what.to_owned() }.into()
}
