//! Indexes as the server's statistics tell of them: `$indexStats`, `collStats` and `currentOp`.

use bson::{Bson, Document, doc};
use whimbrel_schema::catalog::QualifiedName;

use super::ask::{Ask, text};
use super::failure::integer;
use super::own::{is_internal, is_own};
use crate::{IndexBuild, IndexUse, Pages, Result};

const LOOKING: &str = "reading the use of the indexes";
/// The server's own index of every collection.
const OWN_INDEX: &str = "_id_";
/// Where a server tells of the operations under way.
const ADMIN: &str = "admin";

/// Every index of every collection, sorted by collection and name.
pub(crate) async fn read(ask: Ask<'_>) -> Result<Vec<IndexUse>> {
    let listed = ask.all(doc! { "listCollections": 1, "nameOnly": true }).await;
    let mut names: Vec<String> = ask
        .told(listed, LOOKING)?
        .iter()
        .filter(|stored| text(stored, "type") != Some("view"))
        .filter_map(|stored| text(stored, "name"))
        .filter(|name| !is_own(name) && !is_internal(name))
        .map(str::to_owned)
        .collect();
    names.sort();
    let builds = builds(ask).await?;
    let mut found = Vec::new();
    for name in &names {
        found.extend(of_collection(ask, name, &builds).await?);
    }
    Ok(found)
}

async fn of_collection(ask: Ask<'_>, collection: &str, builds: &[Document]) -> Result<Vec<IndexUse>> {
    let listed = ask.told(ask.all(doc! { "listIndexes": collection }).await, LOOKING)?;
    let counted =
        asked_for(ask, doc! { "aggregate": collection, "pipeline": [{ "$indexStats": {} }], "cursor": {} });
    let counted = counted.await?;
    let sizes = match ask.run(doc! { "collStats": collection }).await {
        Ok(stats) => stats,
        Err(error) if error.code().is_some() => Document::new(),
        Err(error) => return Err(ask.failed(error, LOOKING)),
    };
    let mut found: Vec<IndexUse> = listed
        .iter()
        .filter_map(|stored| text(stored, "name"))
        .map(|name| index_use(ask, (collection, name), &counted, &sizes, builds))
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// What a command's cursor gives; nothing where the server refuses it.
async fn asked_for(ask: Ask<'_>, command: Document) -> Result<Vec<Document>> {
    match ask.all(command).await {
        Ok(documents) => Ok(documents),
        Err(error) if error.code().is_some() => Ok(Vec::new()),
        Err(error) => Err(ask.failed(error, LOOKING)),
    }
}

fn index_use(
    ask: Ask<'_>,
    (collection, name): (&str, &str),
    counted: &[Document],
    sizes: &Document,
    builds: &[Document],
) -> IndexUse {
    // Each shard and each member that was asked counts by itself.
    let own = || counted.iter().filter(|stats| text(stats, "name") == Some(name));
    let accesses = || own().filter_map(|stats| stats.get_document("accesses").ok());
    let uses = accesses().filter_map(|accesses| unsigned(accesses, "ops")).reduce(u64::saturating_add);
    let since = accesses().filter_map(|accesses| accesses.get_datetime("since").ok()).max();
    let size = sizes.get_document("indexSizes").ok().and_then(|sizes| unsigned(sizes, name));
    let namespace = format!("{}.{collection}", ask.commands.database());
    IndexUse {
        table: QualifiedName::plain(collection),
        name: name.to_owned(),
        is_constraint: name == OWN_INDEX,
        size_bytes: size,
        uses,
        counted_since: since.and_then(|since| since.try_to_rfc3339_string().ok()),
        last_used: None,
        pages: pages(sizes, name),
        build: builds.iter().find_map(|operation| build_of(operation, &namespace, name)),
    }
}

/// What WiredTiger says of an index's pages.
fn pages(stats: &Document, name: &str) -> Option<Pages> {
    let cache =
        stats.get_document("indexDetails").ok()?.get_document(name).ok()?.get_document("cache").ok()?;
    let asked = unsigned(cache, "pages requested from the cache")?;
    let reads = unsigned(cache, "pages read into cache")?;
    Some(Pages { hits: asked.saturating_sub(reads), reads })
}

/// The index builds under way; none where the user may not see them, or the server does not tell.
async fn builds(ask: Ask<'_>) -> Result<Vec<Document>> {
    let command = doc! { "currentOp": 1, "command.createIndexes": { "$exists": true } };
    match ask.commands.run_on(ADMIN, command, None).await {
        Ok(reply) => {
            let operations = reply.get_array("inprog").map(Vec::as_slice).unwrap_or_default();
            Ok(operations.iter().filter_map(|operation| operation.as_document().cloned()).collect())
        }
        Err(error) if error.code().is_some() => Ok(Vec::new()),
        Err(error) => Err(ask.failed(error, LOOKING)),
    }
}

fn build_of(operation: &Document, namespace: &str, name: &str) -> Option<IndexBuild> {
    let command = operation.get_document("command").ok()?;
    let indexes = command.get_array("indexes").ok()?;
    let is_built =
        indexes.iter().filter_map(Bson::as_document).any(|index| text(index, "name") == Some(name));
    let here = text(operation, "ns").is_some_and(|place| {
        place == namespace
            || command.get_str("createIndexes").is_ok_and(|of| namespace.ends_with(&format!(".{of}")))
    });
    if !is_built || !here {
        return None;
    }
    let progress = operation.get_document("progress").ok();
    let number = |key: &str| progress.and_then(|progress| unsigned(progress, key));
    Some(IndexBuild {
        phase: text(operation, "msg").unwrap_or("building").to_owned(),
        done: number("done").unwrap_or_default(),
        total: number("total").filter(|total| *total > 0),
        running_ms: unsigned(operation, "microsecs_running").unwrap_or_default() / 1_000,
    })
}

fn unsigned(document: &Document, key: &str) -> Option<u64> {
    integer(document.get(key)).and_then(|number| u64::try_from(number).ok())
}
