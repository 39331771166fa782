//! The statements of a change of type beside the old column: a second column that a trigger and a backfill fill,
//! and one short transaction that puts it in the first one's place.

use crate::catalog::{ColumnType, IndexDefinition, IndexPartTarget};
use crate::ddl::column::{alter, target};
use crate::ddl::constraint::{self, Build};
use crate::ddl::quote::{quote_identifier, quote_qualified};
use crate::ddl::section::Unit;
use crate::ddl::{cast, comment, statements, type_name};
use crate::operation::{Operation, rename_column};

use super::expansion::{Expansion, Rebuilt, Retyped};
use super::names::derived;

/// Closes the trigger function's body.
const BODY_QUOTE: &str = "$whimbrel$";

/// Writes the change for PostgreSQL, and as plain statements for SQLite.
pub(super) fn units(expansion: &Expansion, operations: &[Operation]) -> Vec<Unit> {
    let swap = Swap::of(expansion);
    let mut units = vec![swap.beginning(), swap.backfill()];
    units.extend(swap.indexes.iter().map(|named| {
        Unit::alone(constraint::create_index(swap.table(), &named.definition, Build::Concurrent))
    }));
    units.extend(swap.checks());
    units.extend(swap.validations());
    units.push(Unit::alone(swap.analyze()));
    units.push(swap.ending());
    let mut units: Vec<Unit> = units.into_iter().map(|unit| unit.only("postgres")).collect();
    let plain = expansion.consumed.iter().flat_map(|position| statements(&operations[*position]));
    units.push(Unit::together(plain).only("sqlite"));
    units
}

/// An object over the new columns under the name that it has until the end.
struct Named<T> {
    definition: T,
    /// The name that it gets at last; none where it has it from the start.
    becomes: Option<String>,
}

struct Beside<'a> {
    column: &'a Retyped,
    /// The new column's name until the end.
    name: String,
    /// The check that the new column holds no NULL; none where it may.
    not_null: Option<String>,
}

struct Swap<'a> {
    expansion: &'a Expansion,
    columns: Vec<Beside<'a>>,
    checks: Vec<Named<crate::catalog::CheckConstraint>>,
    indexes: Vec<Named<IndexDefinition>>,
    function: String,
}

impl<'a> Swap<'a> {
    fn of(expansion: &'a Expansion) -> Self {
        let table = &expansion.table;
        let is_constraint = |name: &str| {
            table.checks.iter().any(|check| check.name == name)
                || expansion.checks.iter().any(|check| check.definition.name == name)
        };
        let columns: Vec<Beside<'a>> = expansion
            .columns
            .iter()
            .map(|column| {
                let after = &column.after;
                let base = format!("{}_{}", table.name.name, after.name);
                let name = derived(&after.name, "__new", |name| table.column(name).is_some());
                let not_null = (!after.nullable).then(|| derived(&base, "__not_null", is_constraint));
                Beside { column, name, not_null }
            })
            .collect();
        let renamed = |text: &str| {
            columns
                .iter()
                .fold(text.to_owned(), |text, each| rename_column(&text, &each.column.after.name, &each.name))
        };
        let is_index = |name: &str| {
            table.indexes.iter().any(|index| index.name == name)
                || expansion.indexes.iter().any(|index| index.definition.name == name)
        };
        let checks = expansion.checks.iter().map(|rebuilt| {
            let mut definition = rebuilt.definition.clone();
            definition.expression = renamed(&definition.expression);
            let becomes = given_for_a_while(rebuilt, &mut definition.name, is_constraint);
            Named { definition, becomes }
        });
        let indexes = expansion.indexes.iter().map(|rebuilt| {
            let mut definition = over_new_columns(&rebuilt.definition, &columns, &renamed);
            let becomes = given_for_a_while(rebuilt, &mut definition.name, is_index);
            Named { definition, becomes }
        });
        let function = derived(&format!("whimbrel_convert_{}", table.name.name), "", |_| false);
        Swap { checks: checks.collect(), indexes: indexes.collect(), expansion, columns, function }
    }

    fn table(&self) -> &crate::catalog::QualifiedName {
        &self.expansion.table.name
    }

    fn quoted_table(&self) -> String {
        quote_qualified(self.table())
    }

    fn quoted_function(&self) -> String {
        quote_qualified(&self.table().sibling(self.function.clone()))
    }

    /// The new columns and the trigger that fills them: from here on no write misses them.
    fn beginning(&self) -> Unit {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|each| {
                let after = &each.column.after;
                let collation = after.collation.as_ref();
                let collation =
                    collation.map(|name| format!(" COLLATE {}", quote_identifier(name))).unwrap_or_default();
                format!("ADD COLUMN {} {}{collation}", quote_identifier(&each.name), type_name(&after.ty))
            })
            .collect();
        let (table, function) = (self.quoted_table(), self.quoted_function());
        let assignments: String = self
            .columns
            .iter()
            .map(|each| {
                let old = format!("NEW.{}", quote_identifier(&each.column.after.name));
                format!("    NEW.{} := {};\n", quote_identifier(&each.name), each.column.converted(&old))
            })
            .collect();
        let trigger = quote_identifier(&self.function);
        Unit::together([
            format!("ALTER TABLE {table} {}", columns.join(", ")),
            format!(
                "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql{} AS {BODY_QUOTE}\nBEGIN\n{assignments}    RETURN NEW;\nEND\n{BODY_QUOTE}",
                self.settings()
            ),
            format!(
                "CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"
            ),
            // Rows that replication brings are converted as well.
            format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"),
        ])
    }

    /// The session's settings that the conversion depends on stay those of the migration.
    fn settings(&self) -> String {
        let mut settings = vec!["search_path"];
        if self.columns.iter().any(|each| each.column.depends_on_time_zone()) {
            settings.extend(["timezone", "datestyle"]);
        }
        settings.iter().map(|setting| format!(" SET {setting} FROM CURRENT")).collect()
    }

    fn backfill(&self) -> Unit {
        let mut sets = Vec::new();
        let mut missing = Vec::new();
        for each in &self.columns {
            let (old, new) = (quote_identifier(&each.column.after.name), quote_identifier(&each.name));
            sets.push(format!("{new} = {}", each.column.converted(&old)));
            missing.push(format!("{new} IS NULL AND {old} IS NOT NULL"));
        }
        let condition = match missing.as_slice() {
            [only] => only.clone(),
            several => several.iter().map(|each| format!("({each})")).collect::<Vec<_>>().join(" OR "),
        };
        let sql = format!("UPDATE {} SET {} WHERE {condition}", self.quoted_table(), sets.join(", "));
        Unit::in_batches(sql, self.expansion.key.clone())
    }

    /// Checks are added for what comes; the rows that are there are checked afterwards.
    fn checks(&self) -> Option<Unit> {
        let table = self.quoted_table();
        let not_null = self.columns.iter().filter_map(|each| {
            let (name, column) = (quote_identifier(each.not_null.as_ref()?), quote_identifier(&each.name));
            Some(format!("ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID"))
        });
        let checks = self.checks.iter().map(|named| constraint::add(self.table(), &named.definition, true));
        let unit = Unit::together(not_null.chain(checks));
        (!unit.statements.is_empty()).then_some(unit)
    }

    fn validations(&self) -> Vec<Unit> {
        let not_null = self.columns.iter().filter_map(|each| each.not_null.as_ref());
        let checks = self.checks.iter().filter(|named| !named.definition.not_valid);
        let names = not_null.chain(checks.map(|named| &named.definition.name));
        names.map(|name| Unit::alone(constraint::validate(self.table(), name))).collect()
    }

    /// What the planner knows of the old column goes with it.
    fn analyze(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|each| quote_identifier(&each.name)).collect();
        format!("ANALYZE {} ({})", self.quoted_table(), columns.join(", "))
    }

    /// Puts the new columns in the old ones' place.
    fn ending(&self) -> Unit {
        let table = self.quoted_table();
        let mut statements = vec![
            format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"),
            format!("DROP TRIGGER {} ON {table}", quote_identifier(&self.function)),
            format!("DROP FUNCTION {}()", self.quoted_function()),
        ];
        for each in &self.columns {
            statements.extend(self.take_the_place(each));
        }
        for named in &self.indexes {
            if let Some(to) = &named.becomes {
                let index = constraint::index_name(self.table(), &named.definition.name);
                statements.push(format!("ALTER INDEX {index} RENAME TO {}", quote_identifier(to)));
            }
        }
        for named in &self.checks {
            if let Some(to) = &named.becomes {
                let (from, to) = (quote_identifier(&named.definition.name), quote_identifier(to));
                statements.push(format!("ALTER TABLE {table} RENAME CONSTRAINT {from} TO {to}"));
            }
        }
        Unit::together(statements)
    }

    fn take_the_place(&self, each: &Beside<'_>) -> Vec<String> {
        let (table, after) = (self.quoted_table(), &each.column.after);
        let name = quote_identifier(&after.name);
        let mut statements = vec![
            format!("ALTER TABLE {table} DROP COLUMN {name}"),
            format!("ALTER TABLE {table} RENAME COLUMN {} TO {name}", quote_identifier(&each.name)),
        ];
        if let Some(check) = &each.not_null {
            statements.push(format!("{} SET NOT NULL", alter(self.table(), &after.name)));
            statements.push(constraint::drop(self.table(), check));
        }
        if let Some(default) = &after.default {
            statements.push(format!("{} SET DEFAULT {default}", alter(self.table(), &after.name)));
        }
        if let Some(text) = &after.comment {
            statements.push(comment("COLUMN", &target(self.table(), &after.name), Some(text)));
        }
        statements
    }
}

/// Gives what has a namesake another name for a while. Returns the name that it gets back.
fn given_for_a_while<T>(
    rebuilt: &Rebuilt<T>,
    name: &mut String,
    is_taken: impl Fn(&str) -> bool,
) -> Option<String> {
    if !rebuilt.stands {
        return None;
    }
    let between = derived(name, "__new", is_taken);
    Some(std::mem::replace(name, between))
}

fn over_new_columns(
    index: &IndexDefinition,
    columns: &[Beside<'_>],
    renamed: &impl Fn(&str) -> String,
) -> IndexDefinition {
    let new_name = |name: &mut String| {
        if let Some(each) = columns.iter().find(|each| each.column.after.name == *name) {
            name.clone_from(&each.name);
        }
    };
    let mut index = index.clone();
    index.include.iter_mut().for_each(new_name);
    index.predicate = index.predicate.as_deref().map(renamed);
    for part in &mut index.keys {
        match &mut part.target {
            IndexPartTarget::Column(name) => new_name(name),
            IndexPartTarget::Expression(text) => *text = renamed(text),
        }
    }
    index
}

impl Retyped {
    /// The value of the old column as one of the new.
    fn converted(&self, value: &str) -> String {
        cast::using(value, &self.from.ty, &self.after.ty).unwrap_or_else(|| value.to_owned())
    }

    fn depends_on_time_zone(&self) -> bool {
        let is_moment = |ty: &ColumnType| match ty {
            ColumnType::Date | ColumnType::Time | ColumnType::Timestamp | ColumnType::TimestampTz => true,
            // `timestamp(3) with time zone`, and arrays of such.
            ColumnType::Other(name) => name.starts_with("time") || name.starts_with("interval"),
            ColumnType::Array(_) => true,
            _ => false,
        };
        is_moment(&self.from.ty) || is_moment(&self.after.ty)
    }
}
