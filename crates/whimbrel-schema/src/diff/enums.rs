//! Enumerated types: new ones, and new values of those that stay.

use crate::catalog::{Catalog, EnumDefinition, IndexPartTarget, Table};
use crate::operation::{Operation, ValuePosition, enum_of, enum_usage, literal_occurs};

use super::{Plan, tables};

/// Brings the types that stay or come into their form.
pub(super) fn change(plan: &mut Plan, to: &Catalog) {
    for wanted in &to.enums {
        match plan.work.enums.iter().find(|known| known.name == wanted.name).cloned() {
            None => plan.push(Operation::CreateEnum { definition: wanted.clone() }),
            Some(known) => {
                if known.values != wanted.values {
                    change_values(plan, to, &known, wanted);
                }
                if known.comment != wanted.comment {
                    plan.push(Operation::SetEnumComment {
                        name: wanted.name.clone(),
                        from: known.comment.clone(),
                        to: wanted.comment.clone(),
                    });
                }
            }
        }
    }
}

fn change_values(plan: &mut Plan, to: &Catalog, known: &EnumDefinition, wanted: &EnumDefinition) {
    let new: Vec<&String> = wanted.values.iter().filter(|value| !known.values.contains(value)).collect();
    let only_grows = wanted.values.iter().filter(|value| known.values.contains(value)).eq(&known.values);
    // The server refuses a value in the transaction that added it to a type from before.
    let used_at_once = new.iter().any(|value| is_newly_used(value, &plan.work, to));
    if only_grows && !used_at_once {
        add_values(plan, known, wanted);
    } else {
        replace(plan, to, known, wanted);
    }
}

fn add_values(plan: &mut Plan, known: &EnumDefinition, wanted: &EnumDefinition) {
    let mut present = known.clone();
    for (place, value) in wanted.values.iter().enumerate() {
        if present.values.contains(value) {
            continue;
        }
        let position = if place == present.values.len() {
            ValuePosition::Last
        } else if let Some(before) = place.checked_sub(1).and_then(|previous| wanted.values.get(previous)) {
            ValuePosition::After(before.clone())
        } else {
            ValuePosition::Before(present.values[place].clone())
        };
        let grown = position.insert_into(&present, value).expect("the neighbour stands in the type");
        let usage = enum_usage(&plan.work, &known.name);
        plan.push(Operation::AddEnumValue { from: present, value: value.clone(), position, usage });
        present = grown;
    }
}

fn replace(plan: &mut Plan, to: &Catalog, known: &EnumDefinition, wanted: &EnumDefinition) {
    let removed: Vec<&String> = known.values.iter().filter(|value| !wanted.values.contains(value)).collect();
    // A default that changes or names a value that goes cannot be given back to the column.
    let mut defaults = Vec::new();
    for column in enum_usage(&plan.work, &known.name).columns {
        let Some(default) = &column.default else { continue };
        let wanted_column = tables::find(to, &column.table).and_then(|table| table.column(&column.column));
        let changes = wanted_column.is_some_and(|wanted| wanted.default.as_ref() != Some(default));
        if changes || removed.iter().any(|value| literal_occurs(default, value)) {
            defaults.push(Operation::SetDefault {
                table: column.table.clone(),
                column: column.column.clone(),
                from: column.default.clone(),
                to: None,
            });
        }
    }
    plan.extend(defaults);
    let usage = enum_usage(&plan.work, &known.name);
    let mut goal = wanted.clone();
    goal.comment.clone_from(&known.comment);
    plan.push(Operation::ReplaceEnum { from: known.clone(), to: goal, usage });
}

/// Whether an expression that names the value stands after and not before.
fn is_newly_used(value: &str, from: &Catalog, to: &Catalog) -> bool {
    let before = expressions(from);
    expressions(to).into_iter().any(|text| literal_occurs(text, value) && !before.contains(&text))
}

fn expressions(catalog: &Catalog) -> Vec<&str> {
    let views = catalog.views.iter().map(|view| view.query.as_str());
    catalog.tables.iter().flat_map(expressions_of).chain(views).collect()
}

fn expressions_of(table: &Table) -> Vec<&str> {
    let mut texts: Vec<&str> = Vec::new();
    for column in &table.columns {
        if enum_of(&column.ty).is_some() {
            texts.extend(column.default.as_deref());
        }
        texts.extend(column.generated.as_deref());
    }
    texts.extend(table.checks.iter().map(|check| check.expression.as_str()));
    for index in &table.indexes {
        texts.extend(index.predicate.as_deref());
        texts.extend(index.keys.iter().filter_map(|part| match &part.target {
            IndexPartTarget::Expression(text) => Some(text.as_str()),
            IndexPartTarget::Column(_) => None,
        }));
    }
    texts
}
