//! The desired catalogue as the server prints it.
//!
//! Everything is built in scratch schemas inside a transaction that is rolled back, and read from there.
//! No lock is taken on anything that stands already.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use tokio_postgres::Error;
use whimbrel_engine::{EngineError, Result};
use whimbrel_schema::catalog::{Catalog, ForeignKeyConstraint, QualifiedName};
use whimbrel_schema::operation::Operation;
use whimbrel_schema::{ddl, diff};

use crate::connection::Postgres;
use crate::failure::reason;
use crate::quote::literal;
use crate::result_set::ResultSet;

mod scratch;
mod visit;

use scratch::Scratch;

impl Postgres {
    pub(crate) async fn build_in_scratch(&self, desired: &Catalog) -> Result<Catalog> {
        let mut own = desired.clone();
        own.unmanaged.clear();
        let outward = take_outward_keys(&mut own);
        // Names that no other session can have, so that nobody waits for anybody.
        let prefix = format!("whimbrel_scratch_{:x}", RandomState::new().hash_one(std::process::id()));
        let scratch = Scratch::new(&own, &prefix, &self.schema);
        let mapped = scratch.to_scratch(&own);
        let built = self.build_and_read(&mapped, &scratch).await;
        self.roll_back().await;
        let mut catalog = scratch.out_of_scratch(built?);
        give_outward_keys_back(&mut catalog, outward);
        catalog.sort();
        Ok(catalog)
    }

    async fn build_and_read(&self, mapped: &Catalog, scratch: &Scratch) -> Result<Catalog> {
        let operations = diff::diff(&Catalog::default(), mapped, &[]);
        let mut queries = vec![format!(
            "BEGIN; SELECT set_config('search_path', \
             concat_ws(', ', {}, nullif(current_setting('search_path'), '')), true)",
            literal(scratch.default_schema())
        )];
        let mut origins: Vec<Option<&Operation>> = vec![None];
        for operation in &operations {
            for statement in ddl::statements(operation) {
                queries.push(statement);
                origins.push(Some(operation));
            }
        }
        let answers = self.pipeline(&queries).await;
        for ((answer, sql), operation) in answers.into_iter().zip(&queries).zip(origins) {
            self.check(answer, sql, operation, scratch)?;
        }
        let path = [scratch.default_schema(), self.schema.as_str()];
        self.read_catalog_inside(scratch.schemas(), &path).await
    }

    fn check(
        &self,
        answer: std::result::Result<Vec<ResultSet>, Error>,
        sql: &str,
        operation: Option<&Operation>,
        scratch: &Scratch,
    ) -> Result<()> {
        let Err(error) = answer else { return Ok(()) };
        let doing = match operation {
            Some(operation) => {
                format!("building the declared schema in a scratch schema ({})", operation.summary())
            }
            None => "beginning a transaction".to_owned(),
        };
        let doing = scratch.shown(&doing);
        Err(match (self.failed(&error, &doing), error.as_db_error()) {
            (EngineError::Refused { doing, .. }, Some(server)) => EngineError::Refused {
                doing,
                reason: scratch.shown(&format!("{}; the statement was: {sql}", reason(server))),
            },
            (other, _) => other,
        })
    }
}

/// A foreign key and the table it belongs to.
type OutwardKey = (QualifiedName, ForeignKeyConstraint);

/// Foreign keys to tables that are not declared. They are read as they are written: building them would lock a
/// table that stands, and there is no expression in them that the server could print differently.
fn take_outward_keys(catalog: &mut Catalog) -> Vec<OutwardKey> {
    let declared: Vec<QualifiedName> = catalog.tables.iter().map(|table| table.name.clone()).collect();
    let mut outward = Vec::new();
    for table in &mut catalog.tables {
        let keys = std::mem::take(&mut table.foreign_keys);
        let (inward, others) =
            keys.into_iter().partition::<Vec<_>, _>(|key| declared.contains(&key.references));
        table.foreign_keys = inward;
        outward.extend(others.into_iter().map(|key| (table.name.clone(), key)));
    }
    outward
}

fn give_outward_keys_back(catalog: &mut Catalog, outward: Vec<OutwardKey>) {
    for (name, key) in outward {
        if let Some(table) = catalog.tables.iter_mut().find(|table| table.name == name) {
            table.foreign_keys.push(key);
        }
    }
}
