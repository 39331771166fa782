//! What the schema language cannot express.

use whimbrel_schema::catalog::{QualifiedName, Unmanaged, UnmanagedKind};

use super::{Context, Oid, RelationKind, Rows};
use crate::result_set::RowText;

pub(super) fn read(context: &Context<'_>, rows: &Rows, computed: &[(Oid, String)]) -> Vec<Unmanaged> {
    let mut found: Vec<Unmanaged> = context
        .relations
        .values()
        .filter_map(|relation| {
            let kind = match relation.kind {
                RelationKind::Partitioned => UnmanagedKind::PartitionedTable,
                RelationKind::Partition => UnmanagedKind::Partition,
                RelationKind::Inherited => UnmanagedKind::InheritedTable,
                RelationKind::Foreign => UnmanagedKind::ForeignTable,
                RelationKind::Table | RelationKind::View | RelationKind::MaterializedView => return None,
            };
            Some(Unmanaged { kind, name: relation.name.clone() })
        })
        .collect();
    for row in rows.constraints.iter().filter(|row| row.text(2) == Some("x")) {
        let table: Oid = row.number(0);
        if let Some(relation) = context.relations.get(&table) {
            let name = relation.name.sibling(format!("{}.{}", relation.name.name, row.string(1)));
            found.push(Unmanaged { kind: UnmanagedKind::ExclusionConstraint, name });
        }
    }
    for (table, column) in computed {
        if let Some(relation) = context.relations.get(table).filter(|one| one.kind == RelationKind::Table) {
            let name = relation.name.sibling(format!("{}.{column}", relation.name.name));
            found.push(Unmanaged { kind: UnmanagedKind::VirtualColumn, name });
        }
    }
    for row in &rows.unmanaged {
        let kind = match row.text(0).unwrap_or_default() {
            "trigger" => UnmanagedKind::Trigger,
            "policy" => UnmanagedKind::Policy,
            "rule" => UnmanagedKind::Rule,
            "function" => UnmanagedKind::Function,
            "type" => UnmanagedKind::Type,
            _ => UnmanagedKind::Extension,
        };
        let own = row.string(3);
        let name = row.text(2).map_or_else(|| own.clone(), |table| format!("{table}.{own}"));
        let name = match row.text(1) {
            Some(schema) => context.name(schema, &name),
            // An extension belongs to the whole database.
            None => QualifiedName::plain(name),
        };
        found.push(Unmanaged { kind, name });
    }
    found
}
