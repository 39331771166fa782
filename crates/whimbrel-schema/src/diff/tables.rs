//! Tables: what happens to the constraints and indexes of those that stay, and the order in which
//! others come and go.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{
    Catalog, CheckConstraint, ForeignKeyConstraint, IndexDefinition, PrimaryKey, QualifiedName, Table,
    UniqueConstraint,
};
use crate::ddl::owned_sequence_name;
use crate::operation::{Operation, Validated};

use super::disturbance::Disturbance;
use super::pairing::{Definition, Pairing, pair};

/// What happens to a table that stays, apart from its columns.
pub(super) struct TablePlan {
    /// The table's name after every rename.
    pub(super) name: QualifiedName,
    primary_key: Pairing<PrimaryKey>,
    uniques: Pairing<UniqueConstraint>,
    foreign_keys: Pairing<ForeignKeyConstraint>,
    checks: Pairing<CheckConstraint>,
    indexes: Pairing<IndexDefinition>,
    properties: Vec<Operation>,
}

/// The table of this name in a sorted catalogue.
pub(super) fn find<'a>(catalog: &'a Catalog, name: &QualifiedName) -> Option<&'a Table> {
    let place = catalog.tables.binary_search_by(|table| table.name.cmp(name));
    place.ok().map(|place| &catalog.tables[place])
}

/// Compares the tables that stand before and after.
pub(super) fn plans(work: &Catalog, to: &Catalog, disturbance: &Disturbance) -> Vec<TablePlan> {
    let both = || work.tables.iter().filter_map(|old| find(to, &old.name).map(|new| (old, new)));
    let mut plans: Vec<TablePlan> = both().map(|(old, new)| compare(old, new, disturbance)).collect();
    // A foreign key goes and comes with the key that it refers to.
    let foreign_keys: Vec<Pairing<ForeignKeyConstraint>> = {
        let dropping: Vec<&TablePlan> = plans.iter().filter(|plan| plan.drops_keys()).collect();
        let disturbed = |old: &Table, key: &ForeignKeyConstraint| {
            disturbance.disturbs_foreign_key(&old.name, key)
                || dropping.iter().any(|plan| plan.drops_key_of(key))
        };
        both()
            .map(|(old, new)| pair(&old.foreign_keys, &new.foreign_keys, |key| disturbed(old, key)))
            .collect()
    };
    for (plan, foreign_keys) in plans.iter_mut().zip(foreign_keys) {
        plan.foreign_keys = foreign_keys;
    }
    plans
}

fn compare(old: &Table, new: &Table, disturbance: &Disturbance) -> TablePlan {
    let table = &old.name;
    TablePlan {
        name: table.clone(),
        primary_key: pair(as_list(&old.primary_key), as_list(&new.primary_key), |key| {
            disturbance.disturbs_list(table, &key.columns)
        }),
        uniques: pair(&old.uniques, &new.uniques, |unique| {
            disturbance.disturbs_list(table, &unique.columns)
                || disturbance.disturbs_list(table, &unique.include)
        }),
        foreign_keys: pair(&[], &[], |_| false),
        checks: pair(&old.checks, &new.checks, |check| disturbance.disturbs_check(table, check)),
        indexes: pair(&old.indexes, &new.indexes, |index| disturbance.disturbs_index(table, index)),
        properties: properties(old, new),
    }
}

fn as_list(key: &Option<PrimaryKey>) -> &[PrimaryKey] {
    key.as_ref().map(std::slice::from_ref).unwrap_or_default()
}

fn properties(old: &Table, new: &Table) -> Vec<Operation> {
    let mut operations = Vec::new();
    if old.with != new.with {
        operations.push(Operation::SetTableStorage {
            table: old.name.clone(),
            from: old.with.clone(),
            to: new.with.clone(),
        });
    }
    if old.comment != new.comment {
        operations.push(Operation::SetTableComment {
            table: old.name.clone(),
            from: old.comment.clone(),
            to: new.comment.clone(),
        });
    }
    operations
}

impl TablePlan {
    fn drops_keys(&self) -> bool {
        !self.primary_key.dropped.is_empty()
            || !self.uniques.dropped.is_empty()
            || self.indexes.dropped.iter().any(|index| index.unique)
    }

    /// Whether the key, unique constraint or unique index goes that a foreign key refers to.
    pub(super) fn drops_key_of(&self, key: &ForeignKeyConstraint) -> bool {
        let wanted: BTreeSet<&str> = key.referenced_columns.iter().map(String::as_str).collect();
        let same = |columns: &[String]| columns.iter().map(String::as_str).collect::<BTreeSet<_>>() == wanted;
        key.references == self.name
            && (self.primary_key.dropped.iter().any(|each| same(&each.columns))
                || self.uniques.dropped.iter().any(|each| same(&each.columns))
                || self.indexes.dropped.iter().any(|each| each.unique))
    }

    /// Drops foreign keys.
    pub(super) fn foreign_key_drops(&self) -> Vec<Operation> {
        let table = || self.name.clone();
        let dropped = self.foreign_keys.dropped.iter().cloned();
        dropped.map(|constraint| Operation::DropForeignKey { table: table(), constraint }).collect()
    }

    /// Adds foreign keys and validates those that stay.
    pub(super) fn foreign_key_additions(&self) -> Vec<Operation> {
        let table = || self.name.clone();
        let added = self.foreign_keys.added.iter().cloned();
        let mut operations: Vec<Operation> =
            added.map(|constraint| Operation::AddForeignKey { table: table(), constraint }).collect();
        let staying = self.foreign_keys.kept.iter().chain(&self.foreign_keys.renamed);
        operations.extend(staying.filter_map(|(old, new)| {
            let constraint = Validated::ForeignKey(new.clone());
            validation(&self.name, old.not_valid, new.not_valid, constraint)
        }));
        operations
    }

    /// Drops indexes and the other constraints.
    pub(super) fn drops(&self) -> Vec<Operation> {
        let table = || self.name.clone();
        let indexes = self.indexes.dropped.iter().cloned();
        let checks = self.checks.dropped.iter().cloned();
        let uniques = self.uniques.dropped.iter().cloned();
        let keys = self.primary_key.dropped.iter().cloned();
        indexes
            .map(|index| Operation::DropIndex { table: table(), index })
            .chain(checks.map(|constraint| Operation::DropCheck { table: table(), constraint }))
            .chain(uniques.map(|constraint| Operation::DropUnique { table: table(), constraint }))
            .chain(keys.map(|key| Operation::DropPrimaryKey { table: table(), key }))
            .collect()
    }

    /// Renames constraints and indexes.
    pub(super) fn renames(&self) -> Vec<Operation> {
        let constraints = names(&self.primary_key.renamed)
            .chain(names(&self.uniques.renamed))
            .chain(names(&self.foreign_keys.renamed))
            .chain(names(&self.checks.renamed))
            .map(|(from, to)| Operation::RenameConstraint { table: self.name.clone(), from, to });
        let indexes = names(&self.indexes.renamed).map(|(from, to)| Operation::RenameIndex {
            table: self.name.clone(),
            from,
            to,
        });
        constraints.chain(indexes).collect()
    }

    /// Adds constraints and indexes, brings those that stay up to date, and sets the table's properties.
    pub(super) fn additions(&self) -> Vec<Operation> {
        let table = || self.name.clone();
        let keys = self.primary_key.added.iter().cloned();
        let uniques = self.uniques.added.iter().cloned();
        let checks = self.checks.added.iter().cloned();
        let indexes = self.indexes.added.iter().cloned();
        let staying_checks = self.checks.kept.iter().chain(&self.checks.renamed);
        let staying_indexes = self.indexes.kept.iter().chain(&self.indexes.renamed);
        let mut operations: Vec<Operation> = keys
            .map(|key| Operation::AddPrimaryKey { table: table(), key })
            .chain(uniques.map(|constraint| Operation::AddUnique { table: table(), constraint }))
            .chain(checks.map(|constraint| Operation::AddCheck { table: table(), constraint }))
            .chain(staying_checks.filter_map(|(old, new)| {
                validation(&self.name, old.not_valid, new.not_valid, Validated::Check(new.clone()))
            }))
            .chain(indexes.map(|index| Operation::CreateIndex { table: table(), index }))
            .chain(staying_indexes.flat_map(|(old, new)| self.index_upkeep(old, new)))
            .collect();
        operations.extend(self.properties.iter().cloned());
        operations
    }

    fn index_upkeep(&self, old: &IndexDefinition, new: &IndexDefinition) -> Vec<Operation> {
        let mut operations = Vec::new();
        if old.with != new.with {
            operations.push(Operation::SetIndexStorage {
                table: self.name.clone(),
                index: new.name.clone(),
                from: old.with.clone(),
                to: new.with.clone(),
            });
        }
        if old.invalid && !new.invalid {
            operations.push(Operation::RebuildIndex { table: self.name.clone(), index: new.name.clone() });
        }
        operations
    }
}

fn names<T: Definition>(pairs: &[(T, T)]) -> impl Iterator<Item = (String, String)> {
    pairs.iter().map(|(old, new)| (old.name().to_owned(), new.name().to_owned()))
}

fn validation(
    table: &QualifiedName,
    was_not_valid: bool,
    is_not_valid: bool,
    mut constraint: Validated,
) -> Option<Operation> {
    match &mut constraint {
        Validated::Check(check) => check.not_valid = false,
        Validated::ForeignKey(key) => key.not_valid = false,
    }
    let table = table.clone();
    match (was_not_valid, is_not_valid) {
        (true, false) => Some(Operation::ValidateConstraint { table, constraint }),
        (false, true) => Some(Operation::InvalidateConstraint { table, constraint }),
        _ => None,
    }
}

/// The tables that come, each after those that it refers to, and the foreign keys that close circles.
pub(super) fn creation_order(
    work: &Catalog,
    to: &Catalog,
) -> (Vec<Table>, Vec<(QualifiedName, ForeignKeyConstraint)>) {
    let new: Vec<&Table> = to.tables.iter().filter(|table| find(work, &table.name).is_none()).collect();
    let places = places(&new);
    let waits_for: Vec<Vec<usize>> =
        new.iter().map(|table| referenced(table, &places).map(|(place, _)| place).collect()).collect();
    let mut created: BTreeSet<&QualifiedName> = BTreeSet::new();
    let mut ordered = Vec::with_capacity(new.len());
    let mut later = Vec::new();
    for place in least_waiting_first(&waits_for) {
        let mut table = new[place].clone();
        created.insert(&new[place].name);
        let (kept, postponed): (Vec<_>, Vec<_>) = table
            .foreign_keys
            .drain(..)
            .partition(|key| !places.contains_key(&key.references) || created.contains(&key.references));
        table.foreign_keys = kept;
        later.extend(postponed.into_iter().map(|key| (table.name.clone(), key)));
        ordered.push(table);
    }
    (ordered, later)
}

/// An order in which tables can go.
pub(super) struct DroppingOrder {
    /// The tables, each before those that it refers to.
    pub(super) tables: Vec<QualifiedName>,
    /// Foreign keys that must go first, by table and name, since they close circles.
    pub(super) in_circles: BTreeSet<(QualifiedName, String)>,
}

/// Orders tables that go.
pub(super) fn dropping_order(work: &Catalog, names: &[QualifiedName]) -> DroppingOrder {
    let names: BTreeSet<&QualifiedName> = names.iter().collect();
    // From the last to the first, so that dropping mirrors creating.
    let old: Vec<&Table> = work.tables.iter().rev().filter(|table| names.contains(&table.name)).collect();
    let places = places(&old);
    let mut waits_for: Vec<Vec<usize>> = vec![Vec::new(); old.len()];
    for (place, table) in old.iter().enumerate() {
        referenced(table, &places).for_each(|(target, _)| waits_for[target].push(place));
    }
    let mut order = DroppingOrder { tables: Vec::new(), in_circles: BTreeSet::new() };
    let mut gone: BTreeSet<usize> = BTreeSet::new();
    for place in least_waiting_first(&waits_for) {
        gone.insert(place);
        for referring in waits_for[place].iter().filter(|referring| !gone.contains(*referring)) {
            let table = old[*referring];
            let keys = referenced(table, &places).filter(|(target, _)| *target == place);
            order.in_circles.extend(keys.map(|(_, key)| (table.name.clone(), key.name.clone())));
        }
        order.tables.push(old[place].name.clone());
    }
    order
}

fn places<'a>(tables: &[&'a Table]) -> BTreeMap<&'a QualifiedName, usize> {
    tables.iter().enumerate().map(|(place, table)| (&table.name, place)).collect()
}

/// The foreign keys of a table to other ones among the given, with the places of these.
fn referenced<'a>(
    table: &'a Table,
    places: &'a BTreeMap<&QualifiedName, usize>,
) -> impl Iterator<Item = (usize, &'a ForeignKeyConstraint)> {
    let others = table.foreign_keys.iter().filter(|key| key.references != table.name);
    others.filter_map(|key| places.get(&key.references).map(|place| (*place, key)))
}

/// An order of `0..waits_for.len()` in which as few as possible come before what they wait for: the one
/// that waits for the fewest is next, the first among equals.
fn least_waiting_first(waits_for: &[Vec<usize>]) -> Vec<usize> {
    let mut frees: Vec<Vec<usize>> = vec![Vec::new(); waits_for.len()];
    for (place, targets) in waits_for.iter().enumerate() {
        targets.iter().for_each(|target| frees[*target].push(place));
    }
    let mut counts: Vec<usize> = waits_for.iter().map(Vec::len).collect();
    let mut waiting: BTreeSet<(usize, usize)> =
        counts.iter().enumerate().map(|(place, count)| (*count, place)).collect();
    let mut order = Vec::with_capacity(waits_for.len());
    while let Some((_, place)) = waiting.pop_first() {
        order.push(place);
        for freed in &frees[place] {
            if waiting.remove(&(counts[*freed], *freed)) {
                counts[*freed] -= 1;
                waiting.insert((counts[*freed], *freed));
            }
        }
    }
    order
}

/// The names that a table takes up among relations: its own, its indexes', its sequences'.
pub(super) fn relation_names(table: &Table) -> Vec<QualifiedName> {
    let indexes = table
        .primary_key
        .iter()
        .map(|key| &key.name)
        .chain(table.uniques.iter().map(|unique| &unique.name))
        .chain(table.indexes.iter().map(|index| &index.name));
    let sequences = table.columns.iter().filter(|column| column.serial || column.identity.is_some());
    let mut names = vec![table.name.clone()];
    names.extend(indexes.map(|name| table.name.sibling(name.clone())));
    names.extend(sequences.map(|column| owned_sequence_name(&table.name, &column.name)));
    names
}

impl Definition for PrimaryKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn same_definition(&self, other: &Self) -> bool {
        self.columns == other.columns
    }
}

impl Definition for UniqueConstraint {
    fn name(&self) -> &str {
        &self.name
    }

    fn same_definition(&self, other: &Self) -> bool {
        UniqueConstraint { name: other.name.clone(), ..self.clone() } == *other
    }
}

impl Definition for ForeignKeyConstraint {
    fn name(&self) -> &str {
        &self.name
    }

    fn same_definition(&self, other: &Self) -> bool {
        let same_name = other.name.clone();
        ForeignKeyConstraint { name: same_name, not_valid: other.not_valid, ..self.clone() } == *other
    }
}

impl Definition for CheckConstraint {
    fn name(&self) -> &str {
        &self.name
    }

    fn same_definition(&self, other: &Self) -> bool {
        self.expression == other.expression
    }
}

impl Definition for IndexDefinition {
    fn name(&self) -> &str {
        &self.name
    }

    fn same_definition(&self, other: &Self) -> bool {
        let alike = IndexDefinition {
            name: other.name.clone(),
            with: other.with.clone(),
            invalid: other.invalid,
            ..self.clone()
        };
        alike == *other
    }
}
