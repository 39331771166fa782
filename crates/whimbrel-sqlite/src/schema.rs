//! The schema as it stands in the open transaction, held in memory.
//!
//! SQLite's texts are read once a step, and a note when its table is first asked for. What the statements
//! make of a table is kept here and noted once, when they are done: a step's time then grows with the
//! number of its statements and tables, not with their product.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rusqlite::Connection;
use whimbrel_schema::catalog::{EnumDefinition, Table, View};

use crate::introspect::{self, TableText};
use crate::ledger::{self, Noted};

/// What stands in the database, described as far as it was asked for.
pub(crate) struct Schema {
    /// The texts of the tables that nothing has asked for yet.
    found_tables: BTreeMap<String, TableText>,
    tables: BTreeMap<String, Rc<Table>>,
    /// Where virtual tables keep their data: tables that one may ask for and that no list holds.
    shadows: BTreeSet<String>,
    found_views: BTreeMap<String, String>,
    views: BTreeMap<String, Rc<View>>,
    enums: Rc<Vec<EnumDefinition>>,
    /// The names of tables, views and indexes, in lower case.
    names: BTreeSet<String>,
    /// The tables and views whose notes are not written yet.
    changed_tables: BTreeSet<String>,
    changed_views: BTreeSet<String>,
}

impl Schema {
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let texts = introspect::texts(connection)?;
        Ok(Schema {
            found_tables: texts.tables,
            tables: BTreeMap::new(),
            shadows: texts.shadows,
            found_views: texts.views,
            views: BTreeMap::new(),
            enums: Rc::new(ledger::all(connection, Noted::Enum)?),
            names: introspect::names(connection)?.iter().map(|name| name.to_ascii_lowercase()).collect(),
            changed_tables: BTreeSet::new(),
            changed_views: BTreeSet::new(),
        })
    }

    pub(crate) fn table(
        &mut self,
        connection: &Connection,
        name: &str,
    ) -> rusqlite::Result<Option<Rc<Table>>> {
        if let Some(text) = self.found_tables.get(name) {
            let table = introspect::described(connection, name, text)?;
            self.tables.insert(name.to_owned(), Rc::new(table));
            self.found_tables.remove(name);
        }
        Ok(self.tables.get(name).cloned())
    }

    pub(crate) fn tables(&mut self, connection: &Connection) -> rusqlite::Result<Vec<Rc<Table>>> {
        for (name, text) in &self.found_tables {
            let table = introspect::described(connection, name, text)?;
            self.tables.insert(name.clone(), Rc::new(table));
        }
        self.found_tables.clear();
        let listed = self.tables.iter().filter(|(name, _)| !self.shadows.contains(*name));
        Ok(listed.map(|(_, table)| Rc::clone(table)).collect())
    }

    pub(crate) fn views(&mut self, connection: &Connection) -> rusqlite::Result<Vec<Rc<View>>> {
        for (name, text) in &self.found_views {
            let view = introspect::view(connection, name, text)?;
            self.views.insert(name.clone(), Rc::new(view));
        }
        self.found_views.clear();
        Ok(self.views.values().map(Rc::clone).collect())
    }

    pub(crate) fn has_view(&self, name: &str) -> bool {
        self.views.contains_key(name) || self.found_views.contains_key(name)
    }

    pub(crate) fn enums(&self) -> Rc<Vec<EnumDefinition>> {
        Rc::clone(&self.enums)
    }

    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.names.contains(&name.to_ascii_lowercase())
    }

    pub(crate) fn keep_table(&mut self, table: &Table) {
        let name = &table.name.name;
        self.forget_table(name);
        self.names.insert(name.to_ascii_lowercase());
        self.names.extend(table.indexes.iter().map(|index| index.name.to_ascii_lowercase()));
        self.tables.insert(name.clone(), Rc::new(table.clone()));
        self.changed_tables.insert(name.clone());
    }

    pub(crate) fn forget_table(&mut self, name: &str) {
        let described = self.tables.remove(name);
        let found = self.found_tables.remove(name);
        let indexes = described.iter().flat_map(|table| table.indexes.iter().map(|index| &index.name));
        let texts = found.iter().flat_map(|text| text.indexes.iter().map(|(index, _)| index));
        for index in indexes.chain(texts) {
            self.names.remove(&index.to_ascii_lowercase());
        }
        self.names.remove(&name.to_ascii_lowercase());
        self.changed_tables.remove(name);
    }

    pub(crate) fn keep_view(&mut self, view: &View) {
        let name = &view.name.name;
        self.found_views.remove(name);
        self.names.insert(name.to_ascii_lowercase());
        self.views.insert(name.clone(), Rc::new(view.clone()));
        self.changed_views.insert(name.clone());
    }

    pub(crate) fn forget_view(&mut self, name: &str) {
        self.found_views.remove(name);
        self.views.remove(name);
        self.names.remove(&name.to_ascii_lowercase());
        self.changed_views.remove(name);
    }

    pub(crate) fn keep_enum(&mut self, definition: &EnumDefinition) {
        let enums = Rc::make_mut(&mut self.enums);
        match enums.binary_search_by(|known| known.name.name.cmp(&definition.name.name)) {
            Ok(at) => enums[at] = definition.clone(),
            Err(at) => enums.insert(at, definition.clone()),
        }
    }

    pub(crate) fn forget_enum(&mut self, name: &str) {
        Rc::make_mut(&mut self.enums).retain(|known| known.name.name != name);
    }

    /// Writes the notes of what changed, each beside the hash of SQLite's text as it is now.
    pub(crate) fn write_notes(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.changed_tables.is_empty() && self.changed_views.is_empty() {
            return Ok(());
        }
        let texts = introspect::texts(connection)?;
        for name in std::mem::take(&mut self.changed_tables) {
            if let (Some(table), Some(text)) = (self.tables.get(&name), texts.tables.get(&name)) {
                let hashes = (ledger::hash(&text.whole()), text.parts());
                ledger::note_table(connection, &name, hashes, table)?;
            }
        }
        for name in std::mem::take(&mut self.changed_views) {
            let hash = ledger::hash(texts.views.get(&name).map(String::as_str).unwrap_or_default());
            if let Some(view) = self.views.get(&name) {
                ledger::note(connection, Noted::View, &name, hash, view.as_ref())?;
            }
        }
        Ok(())
    }
}
