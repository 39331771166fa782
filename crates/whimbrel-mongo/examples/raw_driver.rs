//! Sends the commands of a file as they are, and writes a line of history after each group: the least that a tool of
//! migrations could do. `xtask bench` measures it beside Whimbrel: `raw_driver URL FILE`. A third argument,
//! `plain`, leaves the history out.
//!
//! The file holds a JSON array of groups; a group is an array of commands in Extended JSON.

use std::error::Error;

use mongodb::Client;
use mongodb::bson::{Bson, DateTime, Document, doc};
use mongodb::options::ClientOptions;

/// The collection that the history goes to.
const HISTORY: &str = "raw_history";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: raw_driver URL FILE [plain]".into());
    };
    let is_plain = arguments.next().as_deref() == Some("plain");
    let groups: Vec<Vec<serde_json::Map<String, serde_json::Value>>> =
        serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let options = ClientOptions::parse(&url).await?;
    let concern = options.write_concern.clone().unwrap_or_default();
    let concern = mongodb::bson::serialize_to_document(&concern)?;
    let database = Client::with_options(options)?.default_database().ok_or("the URL names no database")?;
    for (index, group) in groups.into_iter().enumerate() {
        for command in group {
            let mut command = Document::try_from(command)?;
            command.insert("writeConcern", concern.clone());
            checked(database.run_command(command).await?)?;
        }
        if is_plain {
            continue;
        }
        let row = doc! {
            "_id": format!("{:04}", index + 1),
            "checksum": "0".repeat(64),
            "chain": "0".repeat(64),
            "applied_by": "nobody@nowhere",
            "applied_at": DateTime::now(),
        };
        let insert = doc! { "insert": HISTORY, "documents": [row], "writeConcern": concern.clone() };
        checked(database.run_command(insert).await?)?;
    }
    Ok(())
}

/// A reply whose writes all stand.
fn checked(reply: Document) -> Result<(), String> {
    match reply.get("writeErrors").or_else(|| reply.get("writeConcernError")) {
        Some(Bson::Array(errors)) if errors.is_empty() => Ok(()),
        Some(error) => Err(format!("a write failed: {error}")),
        None => Ok(()),
    }
}
