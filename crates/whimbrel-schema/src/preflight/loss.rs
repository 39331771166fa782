//! Rows and values that a statement takes away, or that a narrower type cannot hold.

use super::constraint::violation;
use super::{Probe, ProbeKind, Unit};
use crate::catalog::{ColumnType, QualifiedName, Table};
use crate::sql_text::quote_identifier;
use crate::statement::{Action, TypeChange};

/// The counts of what the action at this position takes away.
pub(super) fn probes(unit: &Unit<'_>, position: usize, action: &Action) -> Vec<Probe> {
    match action {
        Action::DropTable { table, .. } => rows(unit, table, "dropped").into_iter().collect(),
        Action::Truncate { table, cascade } => {
            let mut all: Vec<Probe> = rows(unit, table, "deleted").into_iter().collect();
            if *cascade {
                all.extend(referring(unit, table).iter().filter_map(|other| rows(unit, other, "deleted")));
            }
            all
        }
        Action::DropColumn { table, column } if !unit.is_swapped_in(position, table, column) => {
            let Some(known) = unit.table(table).filter(|known| known.column(column).is_some()) else {
                return Vec::new();
            };
            vec![values(known, column, &present(column), "dropped")]
        }
        Action::AlterType { table, column, to, using, casts } => {
            let Some(known) = unit.table(table) else { return Vec::new() };
            let Some(own) = known.column(column) else { return Vec::new() };
            if using.is_some() || !TypeChange::between(&own.ty, to).narrows {
                return Vec::new();
            }
            narrowing(known, column, &own.ty, to, *casts)
        }
        _ => Vec::new(),
    }
}

/// The tables that refer to this one, directly or through others.
fn referring(unit: &Unit<'_>, table: &QualifiedName) -> Vec<QualifiedName> {
    let mut found: Vec<QualifiedName> = vec![table.clone()];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next].clone();
        for other in &unit.catalog.tables {
            let refers = other.foreign_keys.iter().any(|key| key.references == parent);
            if refers && !found.contains(&other.name) {
                found.push(other.name.clone());
            }
        }
        next += 1;
    }
    found.split_off(1)
}

fn present(column: &str) -> String {
    format!("{} IS NOT NULL", quote_identifier(column))
}

fn rows(unit: &Unit<'_>, table: &QualifiedName, verb: &str) -> Option<Probe> {
    let known = unit.table(table)?;
    let words = (format!("row of `{table}` is {verb}"), format!("rows of `{table}` are {verb}"));
    Some(loss(known, words, "true"))
}

fn values(table: &Table, column: &str, condition: &str, verb: &str) -> Probe {
    let name = &table.name;
    let words =
        (format!("value of `{name}.{column}` is {verb}"), format!("values of `{name}.{column}` are {verb}"));
    loss(table, words, condition)
}

fn loss(table: &Table, words: (String, String), condition: &str) -> Probe {
    let probe = violation(table, words, condition, &[]);
    Probe { kind: ProbeKind::Loss, list: None, columns: Vec::new(), ..probe }
}

fn refused(table: &Table, column: &str, to: &ColumnType, condition: &str) -> Probe {
    let name = &table.name;
    let words = (
        format!("value of `{name}.{column}` does not fit {to}"),
        format!("values of `{name}.{column}` do not fit {to}"),
    );
    violation(table, words, condition, &[column.to_owned()])
}

fn narrowing(table: &Table, column: &str, from: &ColumnType, to: &ColumnType, casts: bool) -> Vec<Probe> {
    let name = quote_identifier(column);
    match to {
        ColumnType::Varchar(Some(length)) if matches!(from, ColumnType::Text | ColumnType::Varchar(_)) => {
            let too_long = format!("length({name}) > {length}");
            if casts {
                vec![values(table, column, &too_long, "cut")]
            } else {
                vec![refused(table, column, to, &too_long)]
            }
        }
        ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt => {
            let (low, high) = match to {
                ColumnType::SmallInt => (i64::from(i16::MIN), i64::from(i16::MAX)),
                ColumnType::Integer => (i64::from(i32::MIN), i64::from(i32::MAX)),
                _ => (i64::MIN, i64::MAX),
            };
            let mut all = Vec::new();
            if is_number(from) {
                let outside = format!("({name} < {low} OR {name} > {high})");
                all.push(refused(table, column, to, &outside));
            }
            if matches!(from, ColumnType::Numeric(_) | ColumnType::DoublePrecision) {
                all.push(values(table, column, &format!("{name} <> round({name})"), "rounded"));
            }
            all
        }
        ColumnType::Numeric(Some((precision, scale))) if is_number(from) => {
            let limit = format!("1{}", "0".repeat(precision.saturating_sub(*scale) as usize));
            let mut all = vec![refused(table, column, to, &format!("abs({name}) >= {limit}"))];
            if matches!(from, ColumnType::Numeric(_)) {
                all.push(values(table, column, &format!("{name} <> round({name}, {scale})"), "rounded"));
            }
            all
        }
        // A text is converted only by an expression: without one the server refuses the change itself.
        _ if matches!(from, ColumnType::Text | ColumnType::Varchar(_)) && !casts => Vec::new(),
        _ => vec![values(table, column, &present(column), "shortened")],
    }
}

fn is_number(ty: &ColumnType) -> bool {
    matches!(
        ty,
        ColumnType::SmallInt
            | ColumnType::Integer
            | ColumnType::BigInt
            | ColumnType::Numeric(_)
            | ColumnType::DoublePrecision
    )
}
