//! One collection.

use std::sync::Arc;

use bson::Document;

use super::Index;
use crate::matcher::Validator;
use crate::storage::Outcome;

/// A collection, with the statements that its table needs.
#[derive(Debug)]
pub(crate) struct Collection {
    /// Its number, which names its table.
    pub(crate) id: i64,
    pub(crate) database: String,
    pub(crate) name: String,
    pub(crate) uuid: [u8; 16],
    /// As `listCollections` tells them.
    pub(crate) options: Document,
    pub(crate) validation: Option<Validation>,
    /// The secondary indexes, in the order of their making.
    pub(crate) indexes: Vec<Arc<Index>>,
    /// The table of the documents.
    pub(crate) table: String,
    pub(crate) insert_sql: String,
    pub(crate) update_sql: String,
    pub(crate) delete_sql: String,
    pub(crate) by_id_sql: String,
    pub(crate) by_row_sql: String,
}

/// What a collection asks of the documents written to it.
#[derive(Debug)]
pub(crate) struct Validation {
    pub(crate) validator: Validator,
    /// `moderate`: a document that did not pass before may be changed.
    pub(crate) is_moderate: bool,
    /// `warn`: what does not pass is written all the same.
    pub(crate) only_warns: bool,
}

impl Collection {
    pub(super) fn new(
        id: i64,
        database: String,
        name: String,
        uuid: [u8; 16],
        options: Document,
        indexes: Vec<Arc<Index>>,
    ) -> Outcome<Self> {
        let table = table_name(id);
        Ok(Self {
            validation: Validation::of(&options)?,
            insert_sql: format!("INSERT INTO {table} (id, doc) VALUES (?1, ?2)"),
            update_sql: format!("UPDATE {table} SET doc = ?2 WHERE r = ?1"),
            delete_sql: format!("DELETE FROM {table} WHERE r = ?1"),
            by_id_sql: format!("SELECT r, doc FROM {table} WHERE id = ?1"),
            by_row_sql: format!("SELECT doc FROM {table} WHERE r = ?1"),
            id,
            database,
            name,
            uuid,
            options,
            indexes,
            table,
        })
    }

    /// `database.collection`.
    pub(crate) fn namespace(&self) -> String {
        format!("{}.{}", self.database, self.name)
    }

    /// A secondary index by its name.
    pub(crate) fn index(&self, name: &str) -> Option<&Arc<Index>> {
        self.indexes.iter().find(|index| index.name == name)
    }

    /// The statements that make the table.
    pub(crate) fn create_sql(id: i64) -> String {
        let table = table_name(id);
        format!(
            "CREATE TABLE {table} (r INTEGER PRIMARY KEY, id BLOB NOT NULL, doc BLOB NOT NULL);
             CREATE UNIQUE INDEX {table}_id ON {table} (id);"
        )
    }
}

fn table_name(id: i64) -> String {
    format!("c{id}")
}

impl Validation {
    /// What the options of a collection ask; none where they ask nothing.
    ///
    /// # Errors
    /// The validator cannot be parsed.
    pub(crate) fn of(options: &Document) -> Outcome<Option<Self>> {
        let Ok(validator) = options.get_document("validator") else { return Ok(None) };
        let level = options.get_str("validationLevel").unwrap_or("strict");
        if validator.is_empty() || level == "off" {
            return Ok(None);
        }
        Ok(Some(Self {
            validator: Validator::parse(validator)?,
            is_moderate: level == "moderate",
            only_warns: options.get_str("validationAction").is_ok_and(|action| action == "warn"),
        }))
    }
}
