//! `create`, `drop`, `dropDatabase`, `renameCollection` and `collMod`.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use whimbrel_engine::document::Refusal;

use super::Work;
use super::fields::{Fields, check_collection_name};
use super::index_spec::{restated, whole_seconds};
use crate::answer::ok;
use crate::catalog::{Collection, Validation};
use crate::planner::same_pattern;
use crate::refusal::{bad_value, not_implemented, refuse};
use crate::storage::Outcome;

/// Options that MongoDB has and this engine has not.
const UNKNOWN_KINDS: &[&str] = &[
    "timeseries",
    "clusteredIndex",
    "viewOn",
    "pipeline",
    "changeStreamPreAndPostImages",
    "encryptedFields",
    "expireAfterSeconds",
    "capped",
    "size",
    "max",
    "storageEngine",
    "indexOptionDefaults",
];

/// Makes a collection.
pub(super) fn create(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("create", command);
    let name = fields.collection()?;
    check_collection_name(work.database, &name)?;
    fields.refuse_collation()?;
    fields.refuse_options(UNKNOWN_KINDS)?;
    fields.ignore(&["idIndex", "autoIndexId", "flags", "temp"]);
    let options = validation_options(&mut fields)?;
    fields.finish()?;
    if let Some(standing) = work.collection(&name)? {
        if standing.options == options {
            return Ok(ok(Document::new()));
        }
        let message =
            format!("namespace {} already exists, but with different options", standing.namespace());
        return Err(refuse(48, "NamespaceExists", message).into());
    }
    make(work, &name, &options)?;
    Ok(ok(Document::new()))
}

/// Takes the three options of a validator.
fn validation_options(fields: &mut Fields) -> Outcome<Document> {
    let mut options = Document::new();
    if let Some(validator) = fields.document("validator")? {
        options.insert("validator", validator);
    }
    for (name, known) in [
        ("validationLevel", &["off", "strict", "moderate"][..]),
        ("validationAction", &["error", "warn"][..]),
    ] {
        let Some(value) = fields.text(name)? else { continue };
        if !known.contains(&value.as_str()) {
            let message = format!("Enumeration value '{value}' for field '{name}' is not a valid value.");
            return Err(bad_value(message).into());
        }
        options.insert(name, value);
    }
    Ok(options)
}

/// Makes a collection that does not stand.
pub(super) fn make(work: &mut Work<'_>, name: &str, options: &Document) -> Outcome<Arc<Collection>> {
    check_validator(options)?;
    let uuid = bson::Uuid::new().bytes();
    work.link.execute(
        "INSERT INTO collections (database, name, uuid, options) VALUES (?1, ?2, ?3, ?4)",
        (work.database, name, uuid, bytes_of(options)?),
    )?;
    let id = work.link.sqlite.last_insert_rowid();
    work.link.sqlite.execute_batch(&Collection::create_sql(id))?;
    work.link.catalog_changed()?;
    let made = work.collection(name)?;
    Ok(made.ok_or_else(|| not_found(work.database, name))?)
}

fn check_validator(options: &Document) -> Outcome<()> {
    let validation = Validation::of(options)?;
    let Some(validation) = validation else { return Ok(()) };
    if validation.validator.text().is_some() || validation.validator.near().is_some() {
        return Err(refuse(
            224,
            "QueryFeatureNotAllowed",
            "$text and $near are not allowed in a collection's validator",
        )
        .into());
    }
    Ok(())
}

/// A document of the catalogue, as bytes.
pub(super) fn bytes_of(document: &Document) -> Outcome<Vec<u8>> {
    Ok(crate::limits::encoded(document)?.into_bytes())
}

/// A collection that is not there.
pub(super) fn not_found(database: &str, name: &str) -> Refusal {
    refuse(26, "NamespaceNotFound", format!("ns not found {database}.{name}"))
}

/// Drops a collection; what is not there is as good as dropped.
pub(super) fn drop(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("drop", command);
    let name = fields.collection()?;
    fields.finish()?;
    let Some(collection) = work.collection(&name)? else { return Ok(ok(Document::new())) };
    remove(work, &collection)?;
    work.link.catalog_changed()?;
    let indexes = i32::try_from(collection.indexes.len() + 1).unwrap_or(i32::MAX);
    Ok(ok(doc! { "nIndexesWas": indexes, "ns": collection.namespace() }))
}

/// Drops a collection's tables and what the catalogue says of it.
pub(super) fn remove(work: &mut Work<'_>, collection: &Collection) -> Outcome<()> {
    for index in &collection.indexes {
        work.link.sqlite.execute_batch(&format!("DROP TABLE {}", index.table))?;
    }
    work.link.sqlite.execute_batch(&format!("DROP TABLE {}", collection.table))?;
    work.link.execute("DELETE FROM indexes WHERE collection = ?1", [collection.id])?;
    work.link.execute("DELETE FROM collections WHERE id = ?1", [collection.id])?;
    Ok(())
}

/// Drops every collection of a database.
pub(super) fn drop_database(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("dropDatabase", command);
    fields.require("dropDatabase")?;
    fields.finish()?;
    let catalog = work.link.catalog()?;
    let mut has_dropped = false;
    for collection in catalog.collections(work.database) {
        remove(work, collection)?;
        has_dropped = true;
    }
    if has_dropped {
        work.link.catalog_changed()?;
    }
    Ok(ok(Document::new()))
}

/// Gives a collection another name, in another database of the file too.
pub(super) fn rename(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("renameCollection", command);
    let from = fields.require("renameCollection")?;
    let to = fields.require("to")?;
    let drops_target = fields.flag("dropTarget")?;
    fields.finish()?;
    if work.database != "admin" {
        return Err(refuse(
            13,
            "Unauthorized",
            "renameCollection may only be run against the admin database.",
        )
        .into());
    }
    let (from_database, from) = namespace(&from)?;
    let (to_database, to) = namespace(&to)?;
    check_collection_name(&to_database, &to)?;
    let catalog = work.link.catalog()?;
    let Some(collection) = catalog.collection(&from_database, &from) else {
        let message = format!("Source collection {from_database}.{from} does not exist");
        return Err(refuse(26, "NamespaceNotFound", message).into());
    };
    if from_database == to_database && from == to {
        return Err(refuse(20, "IllegalOperation", "Can't rename a collection to itself").into());
    }
    if let Some(target) = catalog.collection(&to_database, &to) {
        if !drops_target {
            return Err(refuse(48, "NamespaceExists", "target namespace exists").into());
        }
        remove(work, target)?;
    }
    work.link.execute(
        "UPDATE collections SET database = ?2, name = ?3 WHERE id = ?1",
        (collection.id, to_database, to),
    )?;
    work.link.catalog_changed()?;
    Ok(ok(Document::new()))
}

/// Splits `database.collection`.
fn namespace(value: &Bson) -> Outcome<(String, String)> {
    let parts = value.as_str().and_then(|text| text.split_once('.'));
    match parts {
        Some((database, collection)) if !database.is_empty() => {
            Ok((database.to_owned(), collection.to_owned()))
        }
        _ => Err(refuse(73, "InvalidNamespace", format!("Invalid namespace specified: {value}")).into()),
    }
}

/// Changes a collection's validator, or an index's time to live or visibility.
pub(super) fn modify(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("collMod", command);
    let name = fields.collection()?;
    let index = fields.document("index")?;
    fields.refuse_options(&[
        "viewOn",
        "pipeline",
        "timeseries",
        "cappedSize",
        "cappedMax",
        "changeStreamPreAndPostImages",
        "expireAfterSeconds",
        "dryRun",
    ])?;
    let changes = validation_options(&mut fields)?;
    fields.finish()?;
    let Some(collection) = work.collection(&name)? else {
        let message = format!("ns does not exist: {}.{name}", work.database);
        return Err(refuse(26, "NamespaceNotFound", message).into());
    };
    let mut reply = Document::new();
    if !changes.is_empty() {
        let mut options = collection.options.clone();
        for (name, value) in changes {
            options.insert(name, value);
        }
        if options.get_document("validator").is_ok_and(Document::is_empty) {
            options.remove("validator");
        }
        check_validator(&options)?;
        work.link.execute(
            "UPDATE collections SET options = ?2 WHERE id = ?1",
            (collection.id, bytes_of(&options)?),
        )?;
    }
    if let Some(index) = index {
        modify_index(work, &collection, index, &mut reply)?;
    }
    work.link.catalog_changed()?;
    Ok(ok(reply))
}

fn modify_index(
    work: &mut Work<'_>,
    collection: &Collection,
    change: Document,
    reply: &mut Document,
) -> Outcome<()> {
    let mut fields = Fields::of_part("collMod.index", change);
    let name = fields.text("name")?;
    let pattern = fields.document("keyPattern")?;
    let expires = fields.take("expireAfterSeconds");
    let hidden = fields.optional_flag("hidden")?;
    fields.refuse_options(&["unique", "prepareUnique"])?;
    fields.finish()?;
    if expires.is_none() && hidden.is_none() {
        let message = "no expireAfterSeconds, hidden, unique, or prepareUnique field";
        return Err(refuse(72, "InvalidOptions", message).into());
    }
    let found = match (&name, &pattern) {
        (Some(name), None) => collection.index(name),
        (None, Some(pattern)) => {
            collection.indexes.iter().find(|index| same_pattern(&index.key_pattern(), pattern))
        }
        (Some(_), Some(_)) => {
            return Err(refuse(72, "InvalidOptions", "Cannot specify both key pattern and name.").into());
        }
        (None, None) => {
            return Err(refuse(72, "InvalidOptions", "Must specify either index name or key pattern.").into());
        }
    };
    let Some(index) = found else {
        let message =
            format!("cannot find index {} for ns {}", name.unwrap_or_default(), collection.namespace());
        return Err(refuse(27, "IndexNotFound", message).into());
    };
    let mut spec = index.spec.clone();
    if let Some(expires) = expires {
        let seconds = whole_seconds(&expires)?;
        let old = spec.get("expireAfterSeconds").cloned();
        if index.key_pattern().len() != 1 {
            return Err(not_implemented("a time to live on a compound index").into());
        }
        if old.as_ref() != Some(&seconds) {
            reply.extend(old.map(|old| ("expireAfterSeconds_old".to_owned(), widened(&old))));
            reply.insert("expireAfterSeconds_new", widened(&seconds));
            spec.insert("expireAfterSeconds", seconds);
        }
    }
    if let Some(hidden) = hidden
        && hidden != index.is_hidden
    {
        reply.insert("hidden_old", index.is_hidden);
        reply.insert("hidden_new", hidden);
        spec.remove("hidden");
        if hidden {
            spec.insert("hidden", true);
        }
    }
    work.link
        .execute("UPDATE indexes SET spec = ?2 WHERE id = ?1", (index.id, bytes_of(&restated(spec))?))?;
    Ok(())
}

fn widened(seconds: &Bson) -> Bson {
    match seconds {
        Bson::Int32(seconds) => Bson::Int64(i64::from(*seconds)),
        other => other.clone(),
    }
}
