//! Rows that a constraint would refuse.

use super::{ExampleColumn, Probe, ProbeKind, Unit};
use crate::catalog::{QualifiedName, Table};
use crate::sql_text::{quote_identifier, quote_name};
use crate::statement::{Action, ConstraintKind, Fill, IndexKey, NewConstraint, NewIndex};

/// The counts that tell whether the action will fail on the rows that stand.
pub(super) fn probes(unit: &Unit<'_>, action: &Action) -> Vec<Probe> {
    match action {
        Action::SetNotNull { table, column } => not_null(unit, table, column).into_iter().collect(),
        Action::AddColumn { table, column } if column.not_null && column.fill == Fill::Null => {
            let Some(known) = unit.table(table) else { return Vec::new() };
            let noun = format!("of `{table}`");
            let name = &column.name;
            vec![violation(
                known,
                (
                    format!("row {noun} would have no value in the required column `{name}`"),
                    format!("rows {noun} would have no value in the required column `{name}`"),
                ),
                "true",
                &[],
            )]
        }
        Action::AddConstraint { table, constraint } if !constraint.not_valid => {
            added(unit, table, &constraint.kind)
        }
        Action::ValidateConstraint { table, name } => validated(unit, table, name),
        Action::CreateIndex(index) if index.unique => unique_index(unit, index).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn added(unit: &Unit<'_>, table: &QualifiedName, kind: &ConstraintKind) -> Vec<Probe> {
    match kind {
        ConstraintKind::Check(condition) => check(unit, table, condition).into_iter().collect(),
        ConstraintKind::NotNull(column) => not_null(unit, table, column).into_iter().collect(),
        ConstraintKind::Unique { columns, nulls_not_distinct, using_index: None } => {
            let keys: Vec<IndexKey> = columns.iter().cloned().map(IndexKey::Column).collect();
            duplicates(unit, table, &keys, *nulls_not_distinct, None).into_iter().collect()
        }
        ConstraintKind::PrimaryKey { columns, using_index: None } => {
            let keys: Vec<IndexKey> = columns.iter().cloned().map(IndexKey::Column).collect();
            let nulls = columns.iter().filter_map(|column| not_null(unit, table, column));
            nulls.chain(duplicates(unit, table, &keys, false, None)).collect()
        }
        ConstraintKind::ForeignKey { columns, references, referenced_columns } => {
            foreign_key(unit, table, columns, references, referenced_columns).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// A constraint that is validated: one of this transaction, or one that stands.
fn validated(unit: &Unit<'_>, table: &QualifiedName, name: &str) -> Vec<Probe> {
    let is_it = |own: &NewConstraint| own.name.as_deref() == Some(name);
    if let Some((_, constraint)) = unit.added.iter().find(|(owner, own)| owner == table && is_it(own)) {
        return added(unit, table, &constraint.kind);
    }
    let Some(known) = unit.table(table) else { return Vec::new() };
    if let Some(own) = known.checks.iter().find(|own| own.name == name) {
        return check(unit, table, &own.expression).into_iter().collect();
    }
    let key = known.foreign_keys.iter().find(|own| own.name == name);
    key.and_then(|key| foreign_key(unit, table, &key.columns, &key.references, &key.referenced_columns))
        .into_iter()
        .collect()
}

fn has_columns(table: &Table, columns: &[String]) -> bool {
    !columns.is_empty() && columns.iter().all(|column| table.column(column).is_some())
}

fn not_null(unit: &Unit<'_>, table: &QualifiedName, column: &str) -> Option<Probe> {
    let known = unit.table(table)?;
    let own = known.column(column)?;
    if !own.nullable {
        return None;
    }
    let words = (
        format!("row of `{table}` has no value in `{column}`"),
        format!("rows of `{table}` have no value in `{column}`"),
    );
    Some(violation(known, words, &format!("{} IS NULL", quote_identifier(column)), &[]))
}

fn check(unit: &Unit<'_>, table: &QualifiedName, condition: &str) -> Option<Probe> {
    let known = unit.table(table)?;
    let named: Vec<String> = known
        .columns
        .iter()
        .map(|column| column.name.clone())
        .filter(|column| mentions(condition, column))
        .collect();
    let words = (
        format!("row of `{table}` does not keep `{condition}`"),
        format!("rows of `{table}` do not keep `{condition}`"),
    );
    Some(violation(known, words, &format!("NOT ({condition})"), &named))
}

/// Whether the text names this word.
pub(super) fn mentions(text: &str, word: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(|part| part.eq_ignore_ascii_case(word))
}

/// The columns that tell rows apart: the primary key's, or none.
fn key_columns(table: &Table) -> Vec<String> {
    table.primary_key.as_ref().map(|key| key.columns.clone()).unwrap_or_default()
}

/// A count of the rows that meet a condition, with the key and these columns as examples.
pub(super) fn violation(
    table: &Table,
    words: (String, String),
    condition: &str,
    columns: &[String],
) -> Probe {
    let name = quote_name(&table.name);
    let mut shown = key_columns(table);
    shown.extend(columns.iter().filter(|column| !key_columns(table).contains(column)).cloned());
    let list: Vec<String> = shown.iter().map(|column| quote_identifier(column)).collect();
    let order: Vec<String> = key_columns(table).iter().map(|column| quote_identifier(column)).collect();
    let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
    Probe {
        statement: 0,
        span: 0..0,
        kind: ProbeKind::Violation,
        table: table.name.clone(),
        one: words.0,
        many: words.1,
        count: format!("SELECT count(*) FROM {name} WHERE {condition}"),
        list: (!list.is_empty())
            .then(|| format!("SELECT {} FROM {name} WHERE {condition}{order}", list.join(", "))),
        columns: shown
            .into_iter()
            .map(|column| ExampleColumn { label: column.clone(), shows: vec![column] })
            .collect(),
    }
}

fn unique_index(unit: &Unit<'_>, index: &NewIndex) -> Option<Probe> {
    duplicates(unit, &index.table, &index.keys, index.nulls_not_distinct, index.predicate.as_deref())
}

fn duplicates(
    unit: &Unit<'_>,
    table: &QualifiedName,
    keys: &[IndexKey],
    nulls_not_distinct: bool,
    predicate: Option<&str>,
) -> Option<Probe> {
    let known = unit.table(table)?;
    let texts: Vec<String> = keys
        .iter()
        .map(|key| match key {
            IndexKey::Column(column) => known.column(column).map(|_| quote_identifier(column)),
            IndexKey::Expression(text) => Some(text.clone()),
        })
        .collect::<Option<_>>()?;
    let mut conditions: Vec<String> =
        predicate.map(|predicate| format!("({predicate})")).into_iter().collect();
    if !nulls_not_distinct {
        conditions.extend(texts.iter().map(|text| format!("{text} IS NOT NULL")));
    }
    let filter =
        if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let (name, list) = (quote_name(table), texts.join(", "));
    let grouped = format!("FROM {name}{filter} GROUP BY {list} HAVING count(*) > 1");
    let labels: Vec<String> = keys
        .iter()
        .map(|key| match key {
            IndexKey::Column(column) | IndexKey::Expression(column) => column.clone(),
        })
        .collect();
    let words = labels.join("`, `");
    let shows = |label: &String| -> Vec<String> {
        known
            .columns
            .iter()
            .map(|column| column.name.clone())
            .filter(|column| mentions(label, column))
            .collect()
    };
    let mut columns: Vec<ExampleColumn> =
        labels.iter().map(|label| ExampleColumn { label: label.clone(), shows: shows(label) }).collect();
    columns.push(ExampleColumn { label: "rows".to_owned(), shows: Vec::new() });
    Some(Probe {
        statement: 0,
        span: 0..0,
        kind: ProbeKind::Violation,
        table: table.clone(),
        one: format!("value of `{words}` stands in more than one row of `{table}`"),
        many: format!("values of `{words}` stand in more than one row of `{table}`"),
        count: format!("SELECT count(*) FROM (SELECT count(*) AS rows {grouped}) AS duplicates"),
        list: Some(format!("SELECT {list}, count(*) AS rows {grouped} ORDER BY count(*) DESC, {list}")),
        columns,
    })
}

fn foreign_key(
    unit: &Unit<'_>,
    table: &QualifiedName,
    columns: &[String],
    references: &QualifiedName,
    referenced_columns: &[String],
) -> Option<Probe> {
    let child = unit.table(table)?;
    let parent = unit.table(references)?;
    let own_key = parent.primary_key.as_ref().map(|key| key.columns.clone()).unwrap_or_default();
    let targets = if referenced_columns.is_empty() { &own_key } else { referenced_columns };
    if !has_columns(child, columns) || !has_columns(parent, targets) || columns.len() != targets.len() {
        return None;
    }
    let filled: Vec<String> =
        columns.iter().map(|column| format!("child.{} IS NOT NULL", quote_identifier(column))).collect();
    let equal: Vec<String> = columns
        .iter()
        .zip(targets)
        .map(|(own, target)| format!("parent.{} = child.{}", quote_identifier(target), quote_identifier(own)))
        .collect();
    let from = format!(
        "FROM {} AS child WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS parent WHERE {})",
        quote_name(table),
        filled.join(" AND "),
        quote_name(references),
        equal.join(" AND ")
    );
    let mut shown = key_columns(child);
    shown.extend(columns.iter().filter(|column| !key_columns(child).contains(column)).cloned());
    let list: Vec<String> =
        shown.iter().map(|column| format!("child.{}", quote_identifier(column))).collect();
    let words = columns.join("`, `");
    Some(Probe {
        statement: 0,
        span: 0..0,
        kind: ProbeKind::Violation,
        table: table.clone(),
        one: format!("row of `{table}` refers by `{words}` to a row that `{references}` does not have"),
        many: format!("rows of `{table}` refer by `{words}` to rows that `{references}` does not have"),
        count: format!("SELECT count(*) {from}"),
        list: Some(format!("SELECT {} {from} ORDER BY {}", list.join(", "), list.join(", "))),
        columns: shown
            .into_iter()
            .map(|column| ExampleColumn { label: column.clone(), shows: vec![column] })
            .collect(),
    })
}
