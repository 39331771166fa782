//! The open transaction that statements are carried out in, with the schema as it stands there.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

use rusqlite::Connection;
use whimbrel_schema::catalog::{EnumDefinition, IndexDefinition, QualifiedName, Table, View};

use crate::canonical::canonicalise;
use crate::ledger::{self, Noted};
use crate::quote::quoted;
use crate::render;
use crate::schema::Schema;
use crate::trouble::{Outcome, Trouble};

/// What the statements of one step see and do.
pub(crate) struct Workspace<'c> {
    pub(crate) connection: &'c Connection,
    /// Whether foreign keys are enforced while the statements run.
    pub(crate) enforced: bool,
    /// Every statement that was sent, in order.
    pub(crate) sent: Vec<String>,
    /// Whether a table was rebuilt.
    pub(crate) rebuilt: bool,
    /// Which statement of the step is being carried out.
    pub(crate) position: usize,
    /// The rows that were changed since this was last set to none.
    pub(crate) changed: u64,
    /// The tables that must still become what SQLite can hold, each with the statement that left it so.
    unsettled: BTreeMap<QualifiedName, usize>,
    /// What stands there; read when it is first asked for.
    schema: RefCell<Option<Schema>>,
}

impl<'c> Workspace<'c> {
    pub(crate) fn new(connection: &'c Connection, enforced: bool) -> Self {
        Workspace {
            connection,
            enforced,
            sent: Vec::new(),
            rebuilt: false,
            position: 0,
            changed: 0,
            unsettled: BTreeMap::new(),
            schema: RefCell::new(None),
        }
    }

    /// Sends one statement; rows that it gives are read and dropped.
    pub(crate) fn run(&mut self, sql: String) -> Outcome<()> {
        let result = self.connection.prepare(&sql).and_then(|mut statement| {
            if statement.column_count() == 0 {
                return statement.execute([]);
            }
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            Ok(usize::try_from(self.connection.changes()).unwrap_or_default())
        });
        match result {
            Ok(changed) => {
                self.changed = u64::try_from(changed).unwrap_or(u64::MAX);
                self.sent.push(sql);
                Ok(())
            }
            Err(error) => Err(Trouble::Sqlite { error, sql }),
        }
    }

    /// The statements as one would send them by hand.
    pub(crate) fn script(self) -> Vec<String> {
        if !self.rebuilt {
            return self.sent;
        }
        let mut script = vec!["PRAGMA foreign_keys = OFF".to_owned()];
        script.extend(self.sent);
        script.push("PRAGMA foreign_key_check".to_owned());
        script
    }

    /// Wraps a read of the schema.
    pub(crate) fn read<T>(&self, result: rusqlite::Result<T>) -> Outcome<T> {
        result.map_err(|error| Trouble::Sqlite { error, sql: "a read of the schema".to_owned() })
    }

    fn schema(&self) -> Outcome<RefMut<'_, Schema>> {
        let mut schema = self.schema.borrow_mut();
        if schema.is_none() {
            *schema = Some(self.read(Schema::load(self.connection))?);
        }
        Ok(RefMut::map(schema, |schema| schema.as_mut().expect("the schema was loaded just before")))
    }

    pub(crate) fn table(&self, name: &QualifiedName) -> Outcome<Option<Table>> {
        let table = self.read(self.schema()?.table(self.connection, &name.name))?;
        Ok(table.map(Rc::unwrap_or_clone))
    }

    pub(crate) fn require_table(&self, name: &QualifiedName) -> Outcome<Table> {
        self.table(name)?.ok_or_else(|| Trouble::failed(format!("there is no table `{name}`")))
    }

    /// Every table, sorted by name.
    pub(crate) fn tables(&self) -> Outcome<Vec<Rc<Table>>> {
        self.read(self.schema()?.tables(self.connection))
    }

    /// Every view, sorted by name.
    pub(crate) fn views(&self) -> Outcome<Vec<Rc<View>>> {
        self.read(self.schema()?.views(self.connection))
    }

    pub(crate) fn has_view(&self, name: &QualifiedName) -> Outcome<bool> {
        Ok(self.schema()?.has_view(&name.name))
    }

    pub(crate) fn enums(&self) -> Outcome<Rc<Vec<EnumDefinition>>> {
        Ok(self.schema()?.enums())
    }

    /// Whether a table, view or index has the name.
    pub(crate) fn is_taken(&self, name: &str) -> Outcome<bool> {
        Ok(self.schema()?.is_taken(name))
    }

    /// The first thing that the statements left as SQLite cannot hold it, with the statement's position.
    pub(crate) fn settle(&self) -> std::result::Result<(), (usize, Trouble)> {
        for (name, position) in &self.unsettled {
            let settled = self
                .table(name)
                .and_then(|table| table.map_or(Ok(()), |table| render::check_numbering(&table)));
            settled.map_err(|trouble| (*position, trouble))?;
        }
        Ok(())
    }

    /// Notes the table as it now stands.
    pub(crate) fn note_table(&mut self, table: &Table) -> Outcome<()> {
        if render::check_numbering(table).is_err() {
            self.unsettled.entry(table.name.clone()).or_insert(self.position);
        } else {
            self.unsettled.remove(&table.name);
        }
        self.schema()?.keep_table(table);
        Ok(())
    }

    pub(crate) fn note_view(&self, view: &View) -> Outcome<()> {
        self.schema()?.keep_view(view);
        Ok(())
    }

    pub(crate) fn note_enum(&self, definition: &EnumDefinition) -> Outcome<()> {
        self.schema()?.keep_enum(definition);
        let name = &definition.name.name;
        self.read(ledger::note(self.connection, Noted::Enum, name, String::new(), definition))
    }

    pub(crate) fn forget(&self, about: Noted, name: &str) -> Outcome<()> {
        let mut schema = self.schema()?;
        match about {
            Noted::Table => schema.forget_table(name),
            Noted::View => schema.forget_view(name),
            Noted::Enum => schema.forget_enum(name),
        }
        self.read(ledger::forget(self.connection, about, name))
    }

    /// Writes what the statements made of the tables and views; the last act of a step.
    pub(crate) fn write_notes(&self) -> rusqlite::Result<()> {
        match &mut *self.schema.borrow_mut() {
            Some(schema) => schema.write_notes(self.connection),
            None => Ok(()),
        }
    }

    /// Makes the table with its indexes.
    pub(crate) fn create_table(&mut self, table: Table) -> Outcome<()> {
        self.check_references(&table)?;
        self.declare_table(table)
    }

    /// Makes the table with its indexes, whatever it refers to.
    pub(crate) fn declare_table(&mut self, mut table: Table) -> Outcome<()> {
        render::check_table(&table)?;
        canonicalise(&mut table)?;
        let enums = self.enums()?;
        self.run(render::create_table(&table, &table.name.name, &enums)?)?;
        for index in &table.indexes {
            self.run(render::create_index(&table, index)?)?;
        }
        self.note_table(&table)
    }

    /// Adds an index, whose expressions are in their one spelling, to a table.
    pub(crate) fn create_index(&mut self, mut table: Table, index: IndexDefinition) -> Outcome<()> {
        render::check_index(&index)?;
        self.run(render::create_index(&table, &index)?)?;
        table.indexes.push(index);
        table.indexes.sort_by(|one, other| one.name.cmp(&other.name));
        self.note_table(&table)
    }

    pub(crate) fn drop_table(&mut self, name: &QualifiedName) -> Outcome<()> {
        self.run(format!("DROP TABLE {}", quoted(&name.name)))?;
        self.forget(Noted::Table, &name.name)
    }

    /// The types and the referenced columns must exist, as PostgreSQL asks.
    pub(crate) fn check_references(&self, table: &Table) -> Outcome<()> {
        let enums = self.enums()?;
        for column in &table.columns {
            if let Some(name) = column.ty.enum_name()
                && !enums.iter().any(|definition| definition.name == *name)
            {
                return Err(Trouble::refused(format!(
                    "the type `{name}` (column `{}`): no enum has this name",
                    column.name
                )));
            }
        }
        for key in &table.foreign_keys {
            let other =
                if key.references == table.name { Some(table.clone()) } else { self.table(&key.references)? };
            let other = other.ok_or_else(|| {
                Trouble::failed(format!(
                    "there is no table `{}`, which `{}` references",
                    key.references, key.name
                ))
            })?;
            if !is_key(&other, &key.referenced_columns) {
                return Err(Trouble::failed(format!(
                    "`{}` has no primary key or unique constraint over ({}), which `{}` references",
                    key.references,
                    key.referenced_columns.join(", "),
                    key.name
                )));
            }
        }
        Ok(())
    }
}

fn is_key(table: &Table, columns: &[String]) -> bool {
    let same =
        |key: &[String]| key.len() == columns.len() && columns.iter().all(|column| key.contains(column));
    let of_index = |index: &IndexDefinition| -> Option<Vec<String>> {
        index
            .keys
            .iter()
            .map(|key| match &key.target {
                whimbrel_schema::catalog::IndexPartTarget::Column(name) => Some(name.clone()),
                whimbrel_schema::catalog::IndexPartTarget::Expression(_) => None,
            })
            .collect()
    };
    table.primary_key.as_ref().is_some_and(|key| same(&key.columns))
        || table.uniques.iter().any(|unique| same(&unique.columns))
        || table
            .indexes
            .iter()
            .filter(|index| index.unique && index.predicate.is_none())
            .filter_map(of_index)
            .any(|key| same(&key))
}
