//! The entries of one document in one index: made, put and taken away.

use bson::{Bson, Document, RawDocument, doc};
use rusqlite::params_from_iter;
use whimbrel_engine::document::Refusal;

use super::sphere::Cube;
use super::{sphere, words};
use crate::answer::with_field;
use crate::catalog::{Collection, Index, IndexKind};
use crate::key::{Keys, Unindexable, extract, values_of};
use crate::refusal::{at_location, refuse};
use crate::storage::{Link, Outcome};
use crate::value::{DocRef, show_document};

/// What a document leaves in an index.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Entries {
    /// The index does not hold the document.
    #[default]
    None,
    /// Keys of an ordered or hashed index.
    Keys(Keys),
    /// The words of each column of a text index.
    Words(Vec<String>),
    /// The space that its geometries take up.
    Space(Cube),
}

/// What a document leaves in an index.
///
/// # Errors
/// The document cannot stand in the index.
pub(crate) fn entries(index: &Index, document: &RawDocument) -> Outcome<Entries> {
    if let Some(partial) = &index.partial
        && !partial.matcher.matches(document)?
    {
        return Ok(Entries::None);
    }
    match &index.kind {
        IndexKind::Text(text) => Ok(words::entries(text, document)),
        IndexKind::Sphere(paths) => Ok(sphere::entries(paths, document)?),
        IndexKind::Ordered | IndexKind::Hashed => {
            let keys = extract(document, &index.extraction).map_err(|trouble| unindexable(&trouble))?;
            if keys.is_multikey && index.kind == IndexKind::Hashed {
                let path = index.key_pattern().keys().next().cloned().unwrap_or_default();
                return Err(at_location(
                    16766,
                    format!(
                        "Error: hashed indexes do not currently support array values. Found array at path: {path}"
                    ),
                )
                .into());
            }
            Ok(if keys.keys.is_empty() { Entries::None } else { Entries::Keys(keys) })
        }
    }
}

/// The key of a unique index that another document has.
pub(crate) fn taken<'k>(
    link: &Link,
    index: &Index,
    row: Option<i64>,
    wanted: &'k Entries,
) -> Outcome<Option<&'k [u8]>> {
    let Entries::Keys(keys) = wanted else { return Ok(None) };
    if !index.is_unique {
        return Ok(None);
    }
    let mut holder = link.sqlite.prepare_cached(&index.holder_sql)?;
    for key in &keys.keys {
        let mut rows = holder.query([key])?;
        if let Some(found) = rows.next()?
            && Some(found.get::<_, i64>(0)?) != row
        {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Puts a document's entries beside those that it has already; those of a unique index are free.
pub(crate) fn put(link: &Link, index: &Index, row: i64, wanted: &Entries, present: &Entries) -> Outcome<()> {
    match (wanted, present) {
        (Entries::None, _) => {}
        (Entries::Keys(keys), _) => {
            let present: &[Vec<u8>] = if let Entries::Keys(present) = present { &present.keys } else { &[] };
            let added = keys.keys.iter().filter(|key| present.binary_search(key).is_err());
            for key in added {
                link.execute(&index.insert_sql, (key, row))?;
            }
        }
        (Entries::Words(columns), _) => {
            let names: Vec<String> = (0..columns.len()).map(|column| format!("w{column}")).collect();
            let sql = format!(
                "INSERT INTO {} (rowid, {}) VALUES (?{})",
                index.table,
                names.join(", "),
                ", ?".repeat(columns.len())
            );
            let row = rusqlite::types::Value::from(row);
            let values = std::iter::once(row).chain(columns.iter().map(|text| text.clone().into()));
            link.execute(&sql, params_from_iter(values))?;
        }
        (Entries::Space(cube), _) => {
            let sql = format!("INSERT INTO {} VALUES (?, ?, ?, ?, ?, ?, ?)", index.table);
            let [x, y, z] = cube.sides;
            link.execute(&sql, (row, x.0, x.1, y.0, y.1, z.0, z.1))?;
        }
    }
    Ok(())
}

/// Takes away the entries that are not wanted any more.
pub(crate) fn remove(
    link: &Link,
    index: &Index,
    row: i64,
    present: &Entries,
    wanted: &Entries,
) -> Outcome<()> {
    match present {
        Entries::None => {}
        Entries::Keys(keys) => {
            let wanted: &[Vec<u8>] = if let Entries::Keys(wanted) = wanted { &wanted.keys } else { &[] };
            for key in keys.keys.iter().filter(|key| wanted.binary_search(key).is_err()) {
                link.execute(&index.delete_sql, (key, row))?;
            }
        }
        Entries::Words(_) | Entries::Space(_) => {
            link.execute(&index.delete_sql, [row])?;
        }
    }
    Ok(())
}

/// Error 11000 for a key of a secondary index.
pub(crate) fn duplicate_key(
    collection: &Collection,
    index: &Index,
    document: &RawDocument,
    key: &[u8],
) -> Refusal {
    let values = values_of(document, &index.extraction, key).unwrap_or_default();
    let pattern = index.key_pattern();
    let mut named = Document::new();
    for (position, path) in pattern.keys().enumerate() {
        named.insert(path, values.get(position).cloned().unwrap_or(Bson::Null));
    }
    duplicate(&collection.namespace(), &index.name, pattern, named)
}

/// Error 11000.
pub(crate) fn duplicate(namespace: &str, index: &str, pattern: Document, value: Document) -> Refusal {
    let shown = show_document(DocRef::Parsed(&value));
    let message =
        format!("E11000 duplicate key error collection: {namespace} index: {index} dup key: {shown}");
    let refusal = refuse(11000, "DuplicateKey", message);
    with_field(with_field(refusal, "keyPattern", pattern), "keyValue", value)
}

/// Error 11000 for an `_id`.
pub(crate) fn duplicate_id(namespace: &str, id: Bson) -> Refusal {
    duplicate(namespace, "_id_", doc! { "_id": 1 }, doc! { "_id": id })
}

/// A document that an index cannot hold.
pub(crate) fn unindexable(trouble: &Unindexable) -> Refusal {
    match trouble {
        Unindexable::ParallelArrays(later, earlier) => refuse(
            171,
            "CannotIndexParallelArrays",
            format!("cannot index parallel arrays [{later}] [{earlier}]"),
        ),
        Unindexable::AmbiguousField(name, array) => at_location(
            16746,
            format!(
                "Ambiguous field name found in array (do not use numeric field names in embedded elements in an \
                 array), field: '{name}' for array: {array}"
            ),
        ),
    }
}
