//! migrate-mongo: its files are read as they are, and its changelog says which of them were run.

use std::collections::BTreeMap;
use std::path::Path;

use bson::{Bson, DateTime, Document, doc};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use whimbrel_engine::document::{Commands, read_all};
use whimbrel_schema::catalog::QualifiedName;

use super::files::{self, Plan};
use super::history::{Applied, ToolHistory};
use super::tool::{Found, Tool};
use super::{AdoptError, AdoptOptions, AdoptReport};
use crate::error::Result;
use crate::migration::{Folder, Migration, Version, hex};
use crate::session::{Session, check_languages};

const TOOL: Tool = Tool::MigrateMongo;
/// What the name of its lock's collection adds to the changelog's, by its own defaults.
const LOCK_ENDING: &str = "_lock";
/// The entries that an error names; a changelog that is another tool's has any number of them.
const NAMED_ENTRIES: usize = 5;

/// One file of the changelog.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    file: String,
    /// When it ran first. With `useFileHash` an edited file runs again.
    first: DateTime,
    /// When it ran last.
    last: DateTime,
    /// The checksum of the file that ran last, where one was kept.
    hash: Option<String>,
}

/// Marks what the changelog names, once every file of it stands in the folder.
pub(super) async fn take_over(session: &mut Session<'_>, options: &AdoptOptions) -> Result<AdoptReport> {
    let commands = session.documents()?.commands();
    let name = options.changelog.as_deref().unwrap_or(TOOL.table());
    let documents = changelog(commands.as_ref(), name).await?;
    let entries = entries(&documents, name)?;
    let lock = format!("{name}{LOCK_ENDING}");
    let has_lock = has_lock(commands.as_ref(), &lock).await?;
    let own = std::iter::once(name).chain(has_lock.then_some(lock.as_str()));
    let found =
        Found { tool: TOOL, table: QualifiedName::plain(name), own: own.map(QualifiedName::plain).collect() };
    let applied = |entry: &Entry| Applied { version: entry.file.clone(), checksum: entry.hash.clone() };
    let history = ToolHistory {
        applied: entries.iter().map(applied).collect(),
        entries: documents.len(),
        ..ToolHistory::default()
    };
    let plan = plan(session, &entries, options)?;
    files::carry_out(session, &found, &history, plan, options).await
}

/// Whether a collection of this name with these documents, in Extended JSON, is a changelog of migrate-mongo's.
pub(crate) fn is_changelog(name: &str, documents: &[Value]) -> bool {
    let fits =
        |document: &Value| document["fileName"].is_string() && document["appliedAt"]["$date"] != Value::Null;
    name == TOOL.table() && !documents.is_empty() && documents.iter().all(fits)
}

/// What the changelog holds.
async fn changelog(commands: &dyn Commands, name: &str) -> Result<Vec<Document>> {
    let nothing = |strange: String| AdoptError::NotFound {
        looked: format!("the collection {name}"),
        strange,
        help: format!(
            "check the database (`whimbrel config`); where {}'s configuration names another collection, name it: \
             `whimbrel migrate adopt {} --changelog NAME`",
            TOOL.title(),
            TOOL.word()
        ),
    };
    if !stands(commands, name).await? {
        return Err(nothing(String::new()).into());
    }
    let documents = read_all(commands, doc! { "find": name }, "reading the changelog").await?;
    if !documents.is_empty() && documents.iter().all(|document| entry(document).is_none()) {
        let keys: Vec<&str> = documents[0].keys().map(String::as_str).collect();
        let strange =
            format!("; {name} has documents with the fields {}, which are another tool's", keys.join(", "));
        return Err(nothing(strange).into());
    }
    Ok(documents)
}

async fn stands(commands: &dyn Commands, name: &str) -> Result<bool> {
    let list = doc! { "listCollections": 1, "filter": { "name": name }, "nameOnly": true };
    Ok(!read_all(commands, list, "looking for the changelog").await?.is_empty())
}

/// Whether there is a collection for locks; one that is taken is refused.
async fn has_lock(commands: &dyn Commands, name: &str) -> Result<bool> {
    if !stands(commands, name).await? {
        return Ok(false);
    }
    let held =
        read_all(commands, doc! { "find": name, "limit": 1 }, "looking at the changelog's lock").await?;
    if held.iter().any(|lock| lock.get_datetime("createdAt").is_ok()) {
        return Err(AdoptError::Locked { tool: TOOL.title(), lock: name.to_owned() }.into());
    }
    Ok(true)
}

/// One document of the changelog; none where it is not of its form.
fn entry(document: &Document) -> Option<Entry> {
    let moment = *document.get_datetime("appliedAt").ok()?;
    Some(Entry {
        file: document.get_str("fileName").ok()?.to_owned(),
        first: moment,
        last: moment,
        hash: document.get_str("fileHash").ok().map(str::to_owned),
    })
}

/// The files of the changelog, each once, by name.
fn entries(documents: &[Document], name: &str) -> Result<Vec<Entry>> {
    let mut by_file: BTreeMap<String, Entry> = BTreeMap::new();
    let mut strange = Vec::new();
    for document in documents {
        let Some(entry) = entry(document) else {
            strange.push(document.get("_id").map_or_else(|| "one without _id".to_owned(), Bson::to_string));
            continue;
        };
        let known = by_file.entry(entry.file.clone()).or_insert_with(|| entry.clone());
        known.first = known.first.min(entry.first);
        if entry.last > known.last {
            (known.last, known.hash) = (entry.last, entry.hash);
        }
    }
    if !strange.is_empty() {
        let more = strange.len().saturating_sub(NAMED_ENTRIES);
        strange.truncate(NAMED_ENTRIES);
        if more > 0 {
            strange.push(format!("and {more} more"));
        }
        return Err(
            AdoptError::Strange { tool: TOOL.title(), table: name.to_owned(), entries: strange }.into()
        );
    }
    Ok(by_file.into_values().collect())
}

/// What is to be marked: every file of the changelog stands in the folder as it ran, and they ran in its order.
fn plan(session: &Session<'_>, entries: &[Entry], options: &AdoptOptions) -> Result<Plan> {
    let migrations = &session.project.migrations_folder.value;
    let from = options.from.as_deref().filter(|from| !files::same(from, migrations));
    let folder = Folder::read(from.unwrap_or(migrations))?;
    check_languages(session.project, &folder)?;
    let mut missing = Vec::new();
    let mut changed = Vec::new();
    let mut applied: Vec<(&Migration, &Entry)> = Vec::new();
    for entry in entries {
        let Some(migration) = folder.migrations.iter().find(|migration| migration.file_name == entry.file)
        else {
            missing.push(entry.file.clone());
            continue;
        };
        if let Some(hash) = &entry.hash
            && *hash != file_hash(&folder.path.join(&entry.file))?
        {
            changed.push(entry.file.clone());
        }
        applied.push((migration, entry));
    }
    if !missing.is_empty() {
        return Err(files::missing_files(TOOL, &folder.path, missing, &files::missing_help(TOOL)));
    }
    if !changed.is_empty() {
        return Err(AdoptError::Checksum { tool: TOOL.title(), files: changed }.into());
    }
    let mut plan = Plan { files: files::names(&folder), ..Plan::default() };
    plan.applied = applied.iter().map(|(migration, _)| migration.version.clone()).collect();
    files::refuse_gaps(TOOL, &plan)?;
    refuse_disorder(&mut applied)?;
    if from.is_some() {
        plan.notes.extend(modules_note(&folder));
        plan.new = files::not_yet_there(files::copies(&folder), migrations)?;
    }
    Ok(plan)
}

/// The checksum that migrate-mongo keeps with `useFileHash`: SHA-256 over the file's bytes.
fn file_hash(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path)
        .map_err(|error| AdoptError::File { path: path.display().to_string(), reason: error.to_string() })?;
    Ok(hex(&Sha256::digest(bytes)))
}

/// Whimbrel applies in the order of the numbers: a database that was built in another one may be another one.
fn refuse_disorder(applied: &mut [(&Migration, &Entry)]) -> Result<()> {
    applied.sort_by(|(one, _), (other, _)| one.version.cmp(&other.version));
    let contrary = applied.windows(2).find(|pair| pair[1].1.first < pair[0].1.first);
    let newest: Option<&Version> = applied.last().map(|(migration, _)| &migration.version);
    match (contrary, newest) {
        (Some(pair), Some(newest)) => Err(AdoptError::OutOfOrder {
            tool: TOOL.title(),
            earlier: pair[0].1.file.clone(),
            later: pair[1].1.file.clone(),
            newest: newest.to_string(),
        }
        .into()),
        _ => Ok(()),
    }
}

/// Modules beside the files are not among them.
fn modules_note(folder: &Folder) -> Option<String> {
    let asks = |migration: &&Migration| {
        ["require('.", "require(\".", "from '.", "from \"."]
            .iter()
            .any(|words| migration.file.source.text.contains(words))
    };
    let asking: Vec<&str> =
        folder.migrations.iter().filter(asks).map(|migration| migration.file_name.as_str()).collect();
    (!asking.is_empty()).then(|| {
        format!(
            "modules are not copied; a file whose name begins with `_` is a module, and these ask for one: {}",
            asking.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(file: &str, seconds: i64, hash: Option<&str>) -> Document {
        let moment = DateTime::from_millis(seconds * 1000);
        let mut row = doc! { "_id": seconds, "fileName": file, "appliedAt": moment };
        if let Some(hash) = hash {
            row.insert("fileHash", hash);
        }
        row
    }

    #[test]
    fn a_file_that_ran_again_keeps_its_first_time_and_its_last_checksum() {
        let rows = [row("1-a.js", 30, Some("new")), row("1-a.js", 10, Some("old")), row("2-b.js", 20, None)];
        let entries = entries(&rows, "changelog").unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].first.timestamp_millis(), 10_000);
        assert_eq!(entries[0].hash.as_deref(), Some("new"));
    }

    #[test]
    fn documents_of_another_form_are_named_and_not_without_end() {
        let mut rows: Vec<Document> = (0..8).map(|id| doc! { "_id": id, "fileName": 5 }).collect();
        rows.push(row("1-a.js", 9, None));
        let error = entries(&rows, "changelog").unwrap_err().to_string();
        assert!(error.contains("0, 1, 2, 3, 4, and 3 more") && error.contains("changelog"), "{error}");
    }

    #[test]
    fn a_changelog_is_known_by_all_of_its_documents() {
        let entry =
            serde_json::json!({ "fileName": "1-a.js", "appliedAt": { "$date": "2024-01-01T00:00:00Z" } });
        let other = serde_json::json!({ "what": "the header is blue now" });
        assert!(is_changelog("changelog", std::slice::from_ref(&entry)));
        assert!(!is_changelog("changelog", &[]) && !is_changelog("changelog", &[entry.clone(), other]));
        assert!(!is_changelog("releases", &[entry]));
    }
}
