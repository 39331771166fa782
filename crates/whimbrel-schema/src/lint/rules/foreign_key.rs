//! Foreign keys whose columns no index begins with.

use super::super::world::World;
use super::super::{Class, Facts, Finding, Options, Rule, Severity, Size};
use crate::catalog::{IndexPartTarget, QualifiedName};
use crate::sql_text::{quote_identifier, quote_name};

pub(super) const RULES: &[&Rule] = &[&WITHOUT_INDEX];

const WITHOUT_INDEX: Rule = Rule {
    code: "foreign-key-without-index",
    class: Class::Correctness,
    severity: Severity::Warning,
    title: "A foreign key without an index",
    why: "Deleting or changing a row of the other table reads this whole table, once for each such row.",
    naive: "-- whimbrel:transaction off\n\
            ALTER TABLE orders ADD CONSTRAINT orders_shop FOREIGN KEY (shop_id) REFERENCES shops (id) NOT VALID;\n\
            ALTER TABLE orders VALIDATE CONSTRAINT orders_shop;",
    safe: "-- whimbrel:transaction off\n\
           CREATE INDEX CONCURRENTLY idx_orders_shop_id ON orders (shop_id);\n\
           ALTER TABLE orders ADD CONSTRAINT orders_shop FOREIGN KEY (shop_id) REFERENCES shops (id) NOT VALID;\n\
           ALTER TABLE orders VALIDATE CONSTRAINT orders_shop;",
};

pub(super) fn check(facts: &dyn Facts, options: &Options, world: &World, found: &mut Vec<Finding>) {
    for key in &world.foreign_keys {
        let is_known = world.has_made(&key.table) || facts.table(world.origin(&key.table)).is_some();
        if key.columns.is_empty() || !is_known || is_indexed(facts, world, &key.table, &key.columns) {
            continue;
        }
        let names = key.columns.join("`, `");
        let reason = format!(
            "no index of `{}` begins with `{names}`, which refers to `{}`",
            key.table, key.references
        );
        let listed: Vec<String> = key.columns.iter().map(|column| quote_identifier(column)).collect();
        let how = if options.locks_tables && !world.has_made(&key.table) { "CONCURRENTLY " } else { "" };
        let index = quote_identifier(&format!("idx_{}_{}", key.table.name, key.columns.join("_")));
        let mut finding = Finding::new(&WITHOUT_INDEX, reason, key.span.clone()).instead(format!(
            "CREATE INDEX {how}{index} ON {} ({});",
            quote_name(&key.table),
            listed.join(", ")
        ));
        finding.statement = Some(key.statement);
        if matches!(world.size(&key.table, facts), Size::New | Size::Known { rows: 0, .. }) {
            finding.severity = Severity::Note;
        }
        found.push(finding);
    }
}

/// Whether an index or key begins with these columns, in any order.
fn is_indexed(facts: &dyn Facts, world: &World, table: &QualifiedName, columns: &[String]) -> bool {
    let leads = |list: &[String]| {
        list.len() >= columns.len() && columns.iter().all(|column| list[..columns.len()].contains(column))
    };
    let here = world.indexed.iter().any(|(owner, list)| owner == table && leads(list));
    let before = facts.table(world.origin(table)).is_some_and(|known| {
        let key = known.primary_key.iter().map(|key| key.columns.clone());
        let uniques = known.uniques.iter().map(|unique| unique.columns.clone());
        let indexes = known.indexes.iter().filter(|index| index.predicate.is_none()).map(|index| {
            index
                .keys
                .iter()
                .map_while(|part| match &part.target {
                    IndexPartTarget::Column(name) => Some(name.clone()),
                    IndexPartTarget::Expression(_) => None,
                })
                .collect::<Vec<_>>()
        });
        key.chain(uniques).chain(indexes).any(|list| leads(&list))
    });
    here || before
}
