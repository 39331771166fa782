//! Names that the declaration leaves to custom: PostgreSQL's own, cut to its limit, each given out once.

use std::collections::{BTreeMap, BTreeSet};

use sha2::Digest as _;

use super::{in_schema, table_name};
use crate::catalog::QualifiedName;
use crate::model::{Model, Schema, Storage, snake_case};

/// PostgreSQL keeps this many bytes of a name.
pub(crate) const NAME_LIMIT_BYTES: usize = 63;

/// Gives out default names that no other object has.
///
/// Tables, views, sequences and indexes share one namespace per database schema; constraints one per table.
#[derive(Debug, Default)]
pub(super) struct NameTaker {
    relations: BTreeSet<QualifiedName>,
    constraints: BTreeMap<QualifiedName, BTreeSet<String>>,
}

impl NameTaker {
    /// Every name that the schema gives itself is taken from the start.
    pub(super) fn new(schema: &Schema) -> Self {
        let mut taker = NameTaker::default();
        for sequence in &schema.sequences {
            let name = sequence.sequence.clone().unwrap_or_else(|| snake_case(&sequence.name));
            taker.relations.insert(in_schema(sequence.schema.as_deref(), name));
        }
        for model in &schema.models {
            taker.relations.insert(table_name(model));
            if model.storage == Storage::Table {
                taker.take_given(model);
            }
        }
        taker
    }

    fn take_given(&mut self, model: &Model) {
        let table = table_name(model);
        let indexes = (model.indexes.iter().filter_map(|index| index.name.as_ref()))
            .chain(model.fields.iter().filter_map(|field| field.index.as_ref()?.name.as_ref()));
        let keys = model
            .primary_key_name
            .iter()
            .chain(model.uniques.iter().filter_map(|unique| unique.name.as_ref()));
        let others = (model.foreign_keys.iter().filter_map(|key| key.name.as_ref()))
            .chain(model.fields.iter().filter_map(|field| field.references.as_ref()?.name.as_ref()))
            .chain(model.checks.iter().map(|check| &check.name))
            .chain(model.fields.iter().flat_map(|field| field.checks.iter().map(|check| &check.name)));
        for name in indexes {
            self.relations.insert(table.sibling(name));
        }
        for name in keys {
            self.relations.insert(table.sibling(name));
            self.constraints.entry(table.clone()).or_default().insert(name.clone());
        }
        for name in others {
            self.constraints.entry(table.clone()).or_default().insert(name.clone());
        }
    }

    /// A name for an index.
    pub(super) fn index(&mut self, table: &QualifiedName, wanted: &str) -> String {
        let name = first_free(wanted, |name| !self.relations.contains(&table.sibling(name)));
        self.relations.insert(table.sibling(&name));
        name
    }

    /// A name for a primary key or unique constraint, whose index has it too.
    pub(super) fn key(&mut self, table: &QualifiedName, wanted: &str) -> String {
        let taken = self.constraints.entry(table.clone()).or_default();
        let name = first_free(wanted, |name| {
            !taken.contains(name) && !self.relations.contains(&table.sibling(name))
        });
        taken.insert(name.clone());
        self.relations.insert(table.sibling(&name));
        name
    }

    /// A name for a foreign key or check.
    pub(super) fn constraint(&mut self, table: &QualifiedName, wanted: &str) -> String {
        let taken = self.constraints.entry(table.clone()).or_default();
        let name = first_free(wanted, |name| !taken.contains(name));
        taken.insert(name.clone());
        name
    }
}

fn first_free(wanted: &str, is_free: impl Fn(&str) -> bool) -> String {
    let first = shortened(wanted);
    if is_free(&first) {
        return first;
    }
    (1_u32..)
        .map(|number| shortened(&format!("{wanted}{number}")))
        .find(|name| is_free(name))
        .expect("a schema holds fewer names than there are numbers")
}

/// The name within PostgreSQL's limit: a longer one ends in a hash of the whole.
pub(crate) fn shortened(name: &str) -> String {
    const HASH_BYTES: usize = 4;
    if name.len() <= NAME_LIMIT_BYTES {
        return name.to_owned();
    }
    let hash: String =
        sha2::Sha256::digest(name).iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let mut end = NAME_LIMIT_BYTES - 1 - hash.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{hash}", &name[..end])
}
