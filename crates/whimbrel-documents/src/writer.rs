//! Documents written, changed and deleted, with their entries in every index.
//!
//! Each call either writes the document and all its entries, or nothing.

use std::collections::HashSet;
use std::sync::Arc;

use bson::{Bson, RawDocument};

use crate::catalog::{Collection, Index};
use crate::index::{Entries, duplicate_id, duplicate_key, entries, put, remove, taken};
use crate::key::key_of;
use crate::limits;
use crate::storage::{Failure, Link, Outcome};

/// Writes to one collection within one transaction.
pub(crate) struct Writer<'l> {
    pub(crate) link: &'l mut Link,
    pub(crate) collection: Arc<Collection>,
    /// Indexes that this writer has found arrays in.
    flagged: HashSet<i64>,
}

impl<'l> Writer<'l> {
    pub(crate) fn new(link: &'l mut Link, collection: Arc<Collection>) -> Self {
        Self { link, collection, flagged: HashSet::new() }
    }

    /// Writes a new document, whose `_id` stands in it.
    ///
    /// # Errors
    /// Another document has its `_id` or one of its unique keys, or an index cannot hold it.
    pub(crate) fn insert(&mut self, document: &RawDocument) -> Outcome<i64> {
        limits::check_size(document)?;
        let collection = Arc::clone(&self.collection);
        let id =
            document.iter_elements().map_while(Result::ok).find(|element| element.key().as_str() == "_id");
        let id = id.and_then(|element| element.value().ok()).ok_or_else(limits::unreadable)?;
        let mut written = Vec::with_capacity(collection.indexes.len());
        for index in &collection.indexes {
            let wanted = match entries(index, document) {
                Ok(wanted) => wanted,
                Err(refusal) => {
                    // MongoDB looks at `_id` first.
                    self.check_id(&collection, id)?;
                    return Err(refusal);
                }
            };
            if let Some(key) = taken(self.link, index, None, &wanted)? {
                self.check_id(&collection, id)?;
                return Err(duplicate_key(&collection, index, document, key).into());
            }
            written.push(wanted);
        }
        let inserted = self.link.execute(&collection.insert_sql, (key_of(id), document.as_bytes()));
        inserted.map_err(|failure| already_there(failure, &collection, id))?;
        let row = self.link.sqlite.last_insert_rowid();
        for (index, wanted) in collection.indexes.iter().zip(&written) {
            put(self.link, index, row, wanted, &Entries::None)?;
            self.note_arrays(index, wanted)?;
        }
        Ok(row)
    }

    /// Puts a document in another's place; the `_id` stays what it was.
    ///
    /// # Errors
    /// As [`Writer::insert`].
    pub(crate) fn replace(&mut self, row: i64, old: &RawDocument, new: &RawDocument) -> Outcome<()> {
        limits::check_size(new)?;
        let collection = Arc::clone(&self.collection);
        let mut changes = Vec::with_capacity(collection.indexes.len());
        for index in &collection.indexes {
            let wanted = entries(index, new)?;
            // What stands was put there by the same rules, so it can be said again.
            let present = entries(index, old)?;
            if wanted == present {
                continue;
            }
            if let Some(key) = taken(self.link, index, Some(row), &wanted)? {
                return Err(duplicate_key(&collection, index, new, key).into());
            }
            changes.push((index, present, wanted));
        }
        self.link.execute(&collection.update_sql, (row, new.as_bytes()))?;
        for (index, present, wanted) in &changes {
            remove(self.link, index, row, present, wanted)?;
            put(self.link, index, row, wanted, present)?;
            self.note_arrays(index, wanted)?;
        }
        Ok(())
    }

    /// Deletes a document.
    pub(crate) fn delete(&mut self, row: i64, old: &RawDocument) -> Outcome<()> {
        let collection = Arc::clone(&self.collection);
        for index in &collection.indexes {
            let present = entries(index, old)?;
            remove(self.link, index, row, &present, &Entries::None)?;
        }
        self.link.execute(&collection.delete_sql, [row])?;
        Ok(())
    }

    fn check_id(&self, collection: &Collection, id: bson::RawBsonRef<'_>) -> Outcome<()> {
        let mut statement = self.link.sqlite.prepare_cached(&collection.by_id_sql)?;
        if statement.exists([key_of(id)])? {
            let id = Bson::try_from(id).unwrap_or(Bson::Null);
            return Err(duplicate_id(&collection.namespace(), id).into());
        }
        Ok(())
    }

    /// Notes in the catalogue that an index holds arrays, which the planner has to know.
    fn note_arrays(&mut self, index: &Index, wanted: &Entries) -> Outcome<()> {
        let has_arrays = matches!(wanted, Entries::Keys(keys) if keys.is_multikey);
        if has_arrays && !index.is_multikey && self.flagged.insert(index.id) {
            self.link.execute("UPDATE indexes SET is_multikey = 1 WHERE id = ?1", [index.id])?;
            self.link.catalog_changed()?;
        }
        Ok(())
    }
}

fn already_there(failure: Failure, collection: &Collection, id: bson::RawBsonRef<'_>) -> Failure {
    match &failure {
        Failure::Sqlite(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) =>
        {
            duplicate_id(&collection.namespace(), Bson::try_from(id).unwrap_or(Bson::Null)).into()
        }
        _ => failure,
    }
}
