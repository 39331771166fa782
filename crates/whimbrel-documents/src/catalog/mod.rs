//! What stands in the file: collections, their options and their indexes.

mod collection;
mod index;

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::Document;
use rusqlite::Connection;

pub(crate) use collection::{Collection, Validation};
pub(crate) use index::{Index, IndexKind, TextIndex, number};

use crate::storage::Outcome;

/// The collections of every database in the file, as one transaction sees them.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    databases: BTreeMap<String, BTreeMap<String, Arc<Collection>>>,
}

impl Catalog {
    /// Reads the catalogue's tables.
    pub(crate) fn load(sqlite: &Connection) -> Outcome<Self> {
        let mut indexes: BTreeMap<i64, Vec<Arc<Index>>> = BTreeMap::new();
        let mut statement =
            sqlite.prepare_cached("SELECT id, collection, spec, is_multikey FROM indexes ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let spec = decoded(row.get_ref(2)?.as_blob().unwrap_or_default());
            let index = Index::new(row.get(0)?, spec, row.get(3)?)?;
            indexes.entry(row.get(1)?).or_default().push(Arc::new(index));
        }
        let mut catalog = Self::default();
        let mut statement =
            sqlite.prepare_cached("SELECT id, database, name, uuid, options FROM collections")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let options = decoded(row.get_ref(4)?.as_blob().unwrap_or_default());
            let collection = Collection::new(
                id,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                options,
                indexes.remove(&id).unwrap_or_default(),
            )?;
            let database = catalog.databases.entry(collection.database.clone()).or_default();
            database.insert(collection.name.clone(), Arc::new(collection));
        }
        Ok(catalog)
    }

    /// A collection.
    pub(crate) fn collection(&self, database: &str, name: &str) -> Option<&Arc<Collection>> {
        self.databases.get(database)?.get(name)
    }

    /// A database's collections, by name.
    pub(crate) fn collections(&self, database: &str) -> impl Iterator<Item = &Arc<Collection>> {
        self.databases.get(database).into_iter().flat_map(BTreeMap::values)
    }

    /// The databases that hold a collection, by name.
    pub(crate) fn databases(&self) -> impl Iterator<Item = &str> {
        self.databases.keys().map(String::as_str)
    }
}

/// A document of the catalogue; an unreadable one counts as empty, and the parts that it lacks are refused by name.
fn decoded(bytes: &[u8]) -> Document {
    Document::from_reader(bytes).unwrap_or_default()
}
