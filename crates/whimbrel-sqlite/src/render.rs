//! A catalogue's objects as SQLite's statements.

use whimbrel_schema::catalog::{
    Column, ColumnType, Deferral, EnumDefinition, ForeignKeyConstraint, Identity, IndexDefinition,
    IndexPartTarget, ReferentialAction, Table,
};

use crate::expression::{Columns, sqlite_text};
use crate::quote::{quoted, quoted_list};
use crate::trouble::{Outcome, Trouble};
use crate::types;

/// The prefix of the checks that keep a type's strictness.
pub(crate) const TYPE_CHECK: &str = "whimbrel_type_";

/// The prefix of the check that tells what numbers the rows.
pub(crate) const AUTO_CHECK: &str = "whimbrel_auto_";

/// What makes a column number its rows by itself; none where it does not.
pub(crate) fn numbering(column: &Column) -> Option<&'static str> {
    match (column.serial, column.identity) {
        (true, _) => Some("serial"),
        (false, Some(Identity::Always)) => Some("always"),
        (false, Some(Identity::ByDefault)) => Some("by_default"),
        (false, None) => None,
    }
}

/// Whether the column is the whole primary key and numbers its rows: SQLite's AUTOINCREMENT.
pub(crate) fn is_numbered(table: &Table, column: &Column) -> bool {
    let whole = matches!(column.ty, ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt);
    let alone = table.primary_key.as_ref().is_some_and(|key| key.columns == [column.name.clone()]);
    numbering(column).is_some() && whole && alone
}

/// Refuses a column that numbers its rows where SQLite has nothing for it. Within a file a table may be so for
/// a while: between the statement that drops its key and the one that adds another.
pub(crate) fn check_numbering(table: &Table) -> Outcome<()> {
    match table.columns.iter().find(|column| numbering(column).is_some() && !is_numbered(table, column)) {
        None => Ok(()),
        Some(column) => Err(Trouble::refused(format!(
            "a serial or identity column that is not the whole primary key (column `{}` of `{}`)",
            column.name, table.name
        ))),
    }
}

/// The `CREATE TABLE` of a table under `name`, which is a temporary one while it is rebuilt.
pub(crate) fn create_table(table: &Table, name: &str, enums: &[EnumDefinition]) -> Outcome<String> {
    let mut parts = Vec::new();
    for column in &table.columns {
        parts.push(column_definition(table, column, enums)?);
    }
    let numbered = table.columns.iter().any(|column| is_numbered(table, column));
    if let Some(key) = table.primary_key.as_ref().filter(|_| !numbered) {
        parts.push(format!("CONSTRAINT {} PRIMARY KEY ({})", quoted(&key.name), quoted_list(&key.columns)));
    }
    for unique in &table.uniques {
        parts.push(format!("CONSTRAINT {} UNIQUE ({})", quoted(&unique.name), quoted_list(&unique.columns)));
    }
    let columns = Columns::of(table);
    for check in &table.checks {
        let condition = sqlite_text(&check.expression, &columns, Some(&ColumnType::Boolean))?;
        parts.push(format!("CONSTRAINT {} CHECK ({condition})", quoted(&check.name)));
    }
    for key in &table.foreign_keys {
        parts.push(foreign_key(key));
    }
    Ok(format!("CREATE TABLE {} (\n  {}\n)", quoted(name), parts.join(",\n  ")))
}

fn foreign_key(key: &ForeignKeyConstraint) -> String {
    format!(
        "CONSTRAINT {} FOREIGN KEY ({}) {}",
        quoted(&key.name),
        quoted_list(&key.columns),
        references(key)
    )
}

fn references(key: &ForeignKeyConstraint) -> String {
    let mut sql =
        format!("REFERENCES {} ({})", quoted(&key.references.name), quoted_list(&key.referenced_columns));
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        let word = match action {
            ReferentialAction::NoAction => continue,
            ReferentialAction::Restrict => "RESTRICT",
            ReferentialAction::Cascade => "CASCADE",
            ReferentialAction::SetNull => "SET NULL",
            ReferentialAction::SetDefault => "SET DEFAULT",
        };
        sql.push_str(&format!(" ON {event} {word}"));
    }
    match key.deferral {
        Deferral::NotDeferrable => {}
        Deferral::InitiallyImmediate => sql.push_str(" DEFERRABLE INITIALLY IMMEDIATE"),
        Deferral::InitiallyDeferred => sql.push_str(" DEFERRABLE INITIALLY DEFERRED"),
    }
    sql
}

/// One column with its constraints, as it stands in `CREATE TABLE` and in `ADD COLUMN`.
pub(crate) fn column_definition(table: &Table, column: &Column, enums: &[EnumDefinition]) -> Outcome<String> {
    let mut sql = quoted(&column.name);
    if let Some(word) = numbering(column).filter(|_| is_numbered(table, column)) {
        let key = table.primary_key.as_ref().map(|key| key.name.as_str()).unwrap_or_default();
        let check = types::strictness(&column.name, &column.ty, &[]).unwrap_or_else(|| "TRUE".to_owned());
        sql.push_str(&format!(
            " INTEGER NOT NULL CONSTRAINT {} PRIMARY KEY AUTOINCREMENT CONSTRAINT {} CHECK ({check})",
            quoted(key),
            quoted(&format!("{AUTO_CHECK}{}_{word}", column.ty)),
        ));
        return Ok(sql);
    }
    sql.push(' ');
    sql.push_str(&types::declared(&column.ty));
    if !column.nullable {
        sql.push_str(" NOT NULL");
    }
    let columns = Columns::of(table);
    if let Some(default) = &column.default {
        sql.push_str(&format!(" DEFAULT {}", default_sql(default, column, &columns)?));
    }
    if let Some(generated) = &column.generated {
        let expression = sqlite_text(generated, &columns, Some(&column.ty))?;
        sql.push_str(&format!(" GENERATED ALWAYS AS ({expression}) STORED"));
    }
    let values = column
        .ty
        .enum_name()
        .and_then(|name| enums.iter().find(|definition| definition.name == *name))
        .map(|definition| definition.values.as_slice())
        .unwrap_or_default();
    if let Some(check) = types::strictness(&column.name, &column.ty, values) {
        let name = quoted(&format!("{TYPE_CHECK}{}", column.name));
        sql.push_str(&format!(" CONSTRAINT {name} CHECK ({check})"));
    }
    Ok(sql)
}

/// The default's value: a literal as it is, anything else in parentheses.
pub(crate) fn default_sql(default: &str, column: &Column, columns: &Columns) -> Outcome<String> {
    let expression = sqlite_text(default, columns, Some(&column.ty))?;
    Ok(if is_constant(&expression) { expression } else { format!("({expression})") })
}

/// Whether SQLite takes the text as a literal default.
pub(crate) fn is_constant(sql: &str) -> bool {
    let number = sql.strip_prefix(['-', '+']).unwrap_or(sql);
    let is_number = number.starts_with(|first: char| first.is_ascii_digit())
        && number.chars().all(|next| next.is_ascii_alphanumeric() || matches!(next, '.' | '+' | '-'))
        && number.parse::<f64>().is_ok();
    let body = sql.strip_prefix('X').unwrap_or(sql);
    let is_text = body.len() >= 2
        && body.starts_with('\'')
        && body.ends_with('\'')
        && !body[1..body.len() - 1].replace("''", "").contains('\'');
    is_number || is_text || matches!(sql, "NULL" | "TRUE" | "FALSE")
}

/// The `CREATE INDEX` of an index.
pub(crate) fn create_index(table: &Table, index: &IndexDefinition) -> Outcome<String> {
    let columns = Columns::of(table);
    let mut keys = Vec::new();
    for key in &index.keys {
        let mut sql = match &key.target {
            IndexPartTarget::Column(name) => quoted(name),
            IndexPartTarget::Expression(text) => {
                let expression = sqlite_text(text, &columns, None)?;
                format!("({expression})")
            }
        };
        if key.descending {
            sql.push_str(" DESC");
        }
        keys.push(sql);
    }
    let unique = if index.unique { "UNIQUE " } else { "" };
    let mut sql = format!(
        "CREATE {unique}INDEX {} ON {} ({})",
        quoted(&index.name),
        quoted(&table.name.name),
        keys.join(", ")
    );
    if let Some(predicate) = &index.predicate {
        let condition = sqlite_text(predicate, &columns, Some(&ColumnType::Boolean))?;
        sql.push_str(&format!(" WHERE {condition}"));
    }
    Ok(sql)
}

/// Refuses what SQLite cannot hold of a table, and says what.
pub(crate) fn check_table(table: &Table) -> Outcome<()> {
    if !table.name.in_default_schema() {
        return Err(Trouble::refused(format!("it has no schemas besides `public`: {}", table.name)));
    }
    for column in &table.columns {
        check_column(column)?;
    }
    for unique in &table.uniques {
        if unique.nulls_not_distinct {
            return Err(Trouble::refused(format!(
                "NULLS NOT DISTINCT of the unique constraint `{}`",
                unique.name
            )));
        }
        if unique.deferral != Deferral::NotDeferrable {
            return Err(Trouble::refused(format!("DEFERRABLE of the unique constraint `{}`", unique.name)));
        }
    }
    table.indexes.iter().try_for_each(check_index)
}

fn check_column(column: &Column) -> Outcome<()> {
    if let Some(what) = types::objection(&column.ty) {
        return Err(Trouble::refused(format!("{what} (column `{}`)", column.name)));
    }
    if let Some(collation) =
        column.collation.as_deref().filter(|name| !crate::expression::is_byte_order(name))
    {
        return Err(Trouble::refused(format!("the collation `{collation}` of column `{}`", column.name)));
    }
    Ok(())
}

pub(crate) fn check_index(index: &IndexDefinition) -> Outcome<()> {
    if !matches!(index.method.as_str(), "btree" | "hash" | "brin") {
        return Err(Trouble::refused(format!(
            "the index method `{}` (index `{}`)",
            index.method, index.name
        )));
    }
    if index.nulls_not_distinct {
        return Err(Trouble::refused(format!("NULLS NOT DISTINCT of the index `{}`", index.name)));
    }
    for key in &index.keys {
        if let Some(collation) =
            key.collation.as_deref().filter(|name| !crate::expression::is_byte_order(name))
        {
            return Err(Trouble::refused(format!("the collation `{collation}` (index `{}`)", index.name)));
        }
    }
    Ok(())
}
