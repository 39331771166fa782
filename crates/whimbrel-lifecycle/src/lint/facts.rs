//! What the rules want to know, asked of the engine once for a plan.

use std::collections::{BTreeMap, BTreeSet};

use whimbrel_engine::TableSize;
use whimbrel_schema::catalog::{Catalog, QualifiedName};
use whimbrel_schema::lint::{Facts, Finding, LintFile, LintStatement, Size, tables_made, tables_of};
use whimbrel_schema::statement::Action;

use crate::error::Result;
use crate::session::Session;

/// Sizes and catalogue as they stand before the plan, and the tables that its earlier files make.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    sizes: BTreeMap<QualifiedName, TableSize>,
    catalog: Option<Catalog>,
    /// Tables that an earlier file of the plan makes.
    pub(super) made: BTreeSet<QualifiedName>,
}

impl Gathered {
    /// Asks the engine about the tables that stand and that the files work on; about nothing where they make
    /// every table themselves.
    pub(super) async fn gather(session: &mut Session<'_>, files: &[LintFile]) -> Result<Self> {
        let mut gathered = Gathered::default();
        let mut made = BTreeSet::new();
        let mut wanted = BTreeSet::new();
        for file in files {
            let own = tables_made(file);
            wanted.extend(
                tables_of(file).into_iter().filter(|table| !made.contains(table) && !own.contains(table)),
            );
            made.extend(own);
        }
        for table in wanted {
            if let Some(size) = session.relational()?.table_size(&table).await? {
                gathered.sizes.insert(table, size);
            }
        }
        let drops_index = files
            .iter()
            .flat_map(|file| &file.statements)
            .flat_map(LintStatement::acts)
            .any(|act| matches!(act.action, Action::DropIndex { .. }));
        if !gathered.sizes.is_empty() || drops_index {
            let catalog = session.present_around(gathered.sizes.keys()).await?;
            gathered.add_parents(session, &catalog).await?;
            gathered.catalog = Some(catalog);
        }
        Ok(gathered)
    }

    /// Whether the table that a finding is about stands in the catalogue, under its present name.
    pub(super) fn stands(&self, file: &LintFile, finding: &Finding) -> bool {
        let statement = finding.statement.and_then(|index| file.statements.get(index));
        let mut acts = statement.into_iter().flat_map(LintStatement::acts);
        acts.all(|act| act.action.table().is_none_or(|table| self.table(table).is_some()))
    }

    /// The sizes of the tables that the known ones refer to: dropping a table locks those too.
    async fn add_parents(&mut self, session: &mut Session<'_>, catalog: &Catalog) -> Result<()> {
        let parents: BTreeSet<QualifiedName> = catalog
            .tables
            .iter()
            .filter(|table| self.sizes.contains_key(&table.name))
            .flat_map(|table| &table.foreign_keys)
            .map(|key| key.references.clone())
            .filter(|parent| !self.sizes.contains_key(parent))
            .collect();
        for parent in parents {
            if let Some(size) = session.relational()?.table_size(&parent).await? {
                self.sizes.insert(parent, size);
            }
        }
        Ok(())
    }
}

impl Facts for Gathered {
    fn size(&self, table: &QualifiedName) -> Size {
        match self.sizes.get(table) {
            Some(size) => Size::Known { rows: size.rows, estimated: !size.is_exact, bytes: size.bytes },
            None if self.made.contains(table) => Size::New,
            None => Size::Unknown,
        }
    }

    fn catalog(&self) -> Option<&Catalog> {
        self.catalog.as_ref()
    }
}
