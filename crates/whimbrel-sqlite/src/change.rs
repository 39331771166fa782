//! Changing a table: by SQLite's own ALTER where it has one, else by a rebuild that keeps the rows.

use std::collections::BTreeMap;

use whimbrel_schema::catalog::{Column, Table};

use crate::canonical::canonicalise;
use crate::expression::conversion;
use crate::introspect;
use crate::ledger::Noted;
use crate::quote::{quoted, quoted_list, text_literal};
use crate::render::{self, is_constant, is_numbered, numbering};
use crate::trouble::{Outcome, Trouble};
use crate::types::{self, Kind};
use crate::workspace::Workspace;

/// The name that a table has while it is rebuilt.
const REBUILT: &str = "whimbrel_rebuilt";

/// What the rows of the changed table are taken from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Copying {
    /// The old column of each kept column, by its new name.
    pub(crate) sources: BTreeMap<String, String>,
    /// SQLite's expression over the old row, for a column whose type changed `USING` one.
    pub(crate) using: BTreeMap<String, String>,
}

impl Copying {
    /// Every column from the one of its name.
    pub(crate) fn same(table: &Table) -> Self {
        let sources = table.columns.iter().map(|column| (column.name.clone(), column.name.clone())).collect();
        Copying { sources, using: BTreeMap::new() }
    }
}

/// Makes `old` into `new`, rows included, and notes it. Both have the same name.
pub(crate) fn change(
    workspace: &mut Workspace<'_>,
    old: &Table,
    mut new: Table,
    copying: &Copying,
) -> Outcome<()> {
    render::check_table(&new)?;
    canonicalise(&mut new)?;
    if new == *old && copying.using.is_empty() {
        return workspace.note_table(&new);
    }
    workspace.check_references(&new)?;
    if copying.using.is_empty() && same_body(old, &new) {
        change_indexes(workspace, old, &new)?;
    } else if let Some(added) = addable(old, &new, copying) {
        let added: Vec<Column> = added.to_vec();
        let enums = workspace.enums()?;
        for column in &added {
            let definition = render::column_definition(&new, column, &enums)?;
            workspace.run(format!("ALTER TABLE {} ADD COLUMN {definition}", quoted(&new.name.name)))?;
        }
        change_indexes(workspace, old, &new)?;
    } else {
        rebuild(workspace, old, &new, copying)?;
    }
    workspace.note_table(&new)
}

/// Rebuilds the table though its own description may be the same: the values of a type of its columns changed.
pub(crate) fn rebuild_for_types(
    workspace: &mut Workspace<'_>,
    old: &Table,
    mut new: Table,
    copying: &Copying,
) -> Outcome<()> {
    render::check_table(&new)?;
    canonicalise(&mut new)?;
    rebuild(workspace, old, &new, copying)?;
    workspace.note_table(&new)
}

/// Whether the two differ in nothing that SQLite's text of the table holds.
fn same_body(old: &Table, new: &Table) -> bool {
    let bare = |table: &Table| {
        let mut table = table.clone();
        table.indexes.clear();
        table.with.clear();
        table.comment = None;
        for column in &mut table.columns {
            column.comment = None;
            column.collation = None;
        }
        for unique in &mut table.uniques {
            unique.include.clear();
        }
        table
    };
    bare(old) == bare(new)
}

fn change_indexes(workspace: &mut Workspace<'_>, old: &Table, new: &Table) -> Outcome<()> {
    for index in old.indexes.iter().filter(|index| !new.indexes.contains(index)) {
        workspace.run(format!("DROP INDEX {}", quoted(&index.name)))?;
    }
    for index in new.indexes.iter().filter(|index| !old.indexes.contains(index)) {
        workspace.run(render::create_index(new, index)?)?;
    }
    Ok(())
}

/// The columns at the end that ALTER TABLE can add; none where the change is another.
fn addable<'n>(old: &Table, new: &'n Table, copying: &Copying) -> Option<&'n [Column]> {
    let count = old.columns.len();
    if new.columns.len() <= count || !copying.using.is_empty() {
        return None;
    }
    let (kept, added) = new.columns.split_at(count);
    let simple = |column: &Column| {
        let default = column.default.as_deref();
        let constant = default.is_none_or(|default| {
            render::default_sql(default, column, &crate::expression::Columns::of(new))
                .is_ok_and(|sql| is_constant(&sql))
        });
        constant
            && (column.nullable || default.is_some())
            && column.generated.is_none()
            && numbering(column).is_none()
    };
    let same = Table { columns: kept.to_vec(), ..new.clone() };
    (same_body(old, &same) && added.iter().all(simple)).then_some(added)
}

/// SQLite's documented procedure: a new table, the rows, the old one away, the new one in its place.
fn rebuild(workspace: &mut Workspace<'_>, old: &Table, new: &Table, copying: &Copying) -> Outcome<()> {
    if workspace.enforced {
        return Err(Trouble::NeedsForeignKeysOff);
    }
    workspace.rebuilt = true;
    let connection = workspace.connection;
    let triggers = workspace.read(introspect::triggers(connection, &old.name.name))?;
    let enums = workspace.enums()?;
    workspace.run(render::create_table(new, REBUILT, &enums)?)?;
    copy_rows(workspace, old, new, copying)?;
    keep_numbers(workspace, old, new)?;
    workspace.run(format!("DROP TABLE {}", quoted(&old.name.name)))?;
    // Views and references name the table as it will be called, so none of them may be rewritten or checked now.
    workspace.run("PRAGMA legacy_alter_table = ON".to_owned())?;
    let renamed =
        workspace.run(format!("ALTER TABLE {} RENAME TO {}", quoted(REBUILT), quoted(&new.name.name)));
    workspace.run("PRAGMA legacy_alter_table = OFF".to_owned())?;
    renamed?;
    for index in &new.indexes {
        workspace.run(render::create_index(new, index)?)?;
    }
    for (_, trigger) in triggers {
        workspace.run(trigger)?;
    }
    Ok(())
}

fn copy_rows(workspace: &mut Workspace<'_>, old: &Table, new: &Table, copying: &Copying) -> Outcome<()> {
    let mut targets = Vec::new();
    let mut values = Vec::new();
    for column in new.columns.iter().filter(|column| column.generated.is_none()) {
        let Some(source) = copying.sources.get(&column.name).and_then(|source| old.column(source)) else {
            continue;
        };
        targets.push(column.name.clone());
        values.push(match copying.using.get(&column.name) {
            Some(using) => using.clone(),
            None => copied(source, column)?,
        });
    }
    if targets.is_empty() {
        return Err(Trouble::refused("a table that keeps none of its columns"));
    }
    let copied = workspace.run(format!(
        "INSERT INTO {} ({}) SELECT {} FROM {}",
        quoted(REBUILT),
        quoted_list(&targets),
        values.join(", "),
        quoted(&old.name.name)
    ));
    copied.map_err(|trouble| match trouble {
        Trouble::Sqlite { error, .. }
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) =>
        {
            let reason = crate::connection::message(&error).replace(REBUILT, &new.name.name);
            Trouble::failed(format!("a row of `{}` does not fit: {reason}", new.name))
        }
        other => other,
    })
}

/// The old value as one of the new type. The new table's checks refuse what does not fit.
fn copied(source: &Column, target: &Column) -> Outcome<String> {
    let value = quoted(&source.name);
    if source.ty == target.ty || types::declared(&source.ty) == types::declared(&target.ty) {
        return Ok(value);
    }
    let (from, to) = (Kind::of(&source.ty), Kind::of(&target.ty));
    // A shorter text must be refused, not cut: PostgreSQL refuses it too.
    if from == Kind::Text && to == Kind::Text {
        return Ok(value);
    }
    let text_in = match (from, to) {
        // The column's affinity converts a text that is a number, and its check refuses any other.
        (Kind::Text, Kind::Integer | Kind::Fraction | Kind::Date | Kind::Time | Kind::Moment) => {
            Some(value.clone())
        }
        (Kind::Text, Kind::Boolean) => Some(format!(
            "CASE lower({value}) WHEN 'true' THEN 1 WHEN 't' THEN 1 WHEN 'false' THEN 0 WHEN 'f' THEN 0 ELSE {value} END"
        )),
        _ => None,
    };
    let converted = text_in.or_else(|| conversion(from, Some(&source.ty), &target.ty, &value));
    converted.ok_or_else(|| {
        Trouble::refused(format!(
            "the change of column `{}` from {} to {}",
            target.name, source.ty, target.ty
        ))
    })
}

/// The next number of a numbered key goes on where it was, also when the last rows are gone.
fn keep_numbers(workspace: &mut Workspace<'_>, old: &Table, new: &Table) -> Outcome<()> {
    let numbered = |table: &Table| table.columns.iter().any(|column| is_numbered(table, column));
    if !numbered(old) || !numbered(new) {
        return Ok(());
    }
    let (old_name, rebuilt) = (text_literal(&old.name.name), text_literal(REBUILT));
    workspace.run(format!("DELETE FROM sqlite_sequence WHERE name = {rebuilt}"))?;
    workspace.run(format!(
        "INSERT INTO sqlite_sequence (name, seq) SELECT {rebuilt}, seq FROM sqlite_sequence WHERE name = {old_name}"
    ))
}

/// Renames a table by SQLite's own ALTER, which follows the name in references and views.
pub(crate) fn rename_table(workspace: &mut Workspace<'_>, old: &Table, mut new: Table) -> Outcome<()> {
    workspace.run(format!("ALTER TABLE {} RENAME TO {}", quoted(&old.name.name), quoted(&new.name.name)))?;
    workspace.forget(Noted::Table, &old.name.name)?;
    for key in new.foreign_keys.iter_mut().filter(|key| key.references == old.name) {
        key.references = new.name.clone();
    }
    workspace.note_table(&new)
}
