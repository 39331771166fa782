//! Changes of documents as updates: by path where no list is on it, else as a pipeline that maps the list.
//!
//! Every update may run again on a document that it has changed already: it then changes nothing.

use serde_json::{Map, Value, json};

use super::javascript::expression;
use super::lower::DefaultValue;
use super::operation::{DocumentOperation, conversion_target};
use super::path::{FieldPath, PathPart};

/// One change of many documents.
pub(super) struct Update {
    /// The documents that it concerns.
    pub(super) filter: Value,
    /// The second argument of `updateMany`; a list is a pipeline.
    pub(super) change: Value,
    /// What each document gets a value of its own for, so that it is written by itself.
    pub(super) each: bool,
    /// Finds the documents that the change would not leave whole, and what they hold.
    pub(super) unfit: Option<(Value, String)>,
}

/// The update of an operation that writes documents.
pub(super) fn update(operation: &DocumentOperation) -> Option<Update> {
    Some(match operation {
        DocumentOperation::RenameField { within, from, to, .. } => rename(within, from, to),
        DocumentOperation::ConvertField { path, to, .. } => convert(path, to)?,
        DocumentOperation::RenameValue { path, from, to, .. } => replace(path, from, to),
        DocumentOperation::FillField { path, value, .. } => fill(path, value),
        DocumentOperation::RemoveField { path, .. } => remove(path),
        _ => return None,
    })
}

fn plain(filter: Value, change: Value) -> Update {
    Update { filter, change, each: false, unfit: None }
}

fn exists(path: &FieldPath) -> Value {
    json!({ path.dotted(): { "$exists": true } })
}

fn rename(within: &FieldPath, from: &str, to: &str) -> Update {
    let old = within.field(from);
    if !within.in_list() {
        return plain(exists(&old), json!({ "$rename": { old.dotted(): within.field(to).dotted() } }));
    }
    let change = mapped(within, &|held| {
        let value = format!("{held}.{from}");
        json!({ "$cond": [
            { "$eq": [{ "$type": value }, "missing"] },
            held,
            { "$unsetField": { "field": from, "input": { "$mergeObjects": [held, { to: value }] } } },
        ] })
    });
    plain(exists(&old), change)
}

fn remove(path: &FieldPath) -> Update {
    let (within, name) = split(path);
    if !path.in_list() {
        return plain(exists(path), json!({ "$unset": { path.dotted(): "" } }));
    }
    let change = mapped(&within, &|held| {
        json!({ "$cond": [
            { "$eq": [{ "$type": held }, "object"] },
            { "$unsetField": { "field": name, "input": held } },
            held,
        ] })
    });
    plain(exists(path), change)
}

fn replace(path: &FieldPath, from: &str, to: &str) -> Update {
    let filter = json!({ path.dotted(): from });
    if !path.in_list() {
        return plain(filter, json!({ "$set": { path.dotted(): to } }));
    }
    let text = |text: &str| json!({ "$literal": text });
    let change = mapped(path, &|held| json!({ "$cond": [{ "$eq": [held, text(from)] }, text(to), held] }));
    plain(filter, change)
}

fn fill(path: &FieldPath, value: &DefaultValue) -> Update {
    let (within, name) = split(path);
    let value = match value {
        DefaultValue::Value(value) => value.clone(),
        DefaultValue::Now => expression("new Date()"),
        DefaultValue::Uuid => expression("UUID()"),
    };
    if !path.in_list() {
        let mut filter = Map::from_iter([(path.dotted(), json!({ "$exists": false }))]);
        if !within.parts().is_empty() {
            filter.insert(within.dotted(), json!({ "$type": "object" }));
        }
        let each = value == expression("UUID()");
        return Update { each, ..plain(Value::Object(filter), json!({ "$set": { path.dotted(): value } })) };
    }
    let change = mapped(&within, &|held| {
        json!({ "$cond": [
            { "$and": [
                { "$eq": [{ "$type": held }, "object"] },
                { "$eq": [{ "$type": format!("{held}.{name}") }, "missing"] },
            ] },
            { "$mergeObjects": [held, { name.as_str(): { "$literal": value } }] },
            held,
        ] })
    });
    let list = outer_list(path);
    plain(json!({ list.dotted(): { "$elemMatch": { "$exists": true } } }), change)
}

fn convert(path: &FieldPath, to: &[String]) -> Option<Update> {
    let target = conversion_target(to)?;
    let mut kept: Vec<Value> = to.iter().map(|ty| json!(ty)).collect();
    kept.push(json!("null"));
    let mut stays: Vec<&str> = to.iter().map(String::as_str).chain(["null", "missing"]).collect();
    if stays.contains(&"number") {
        stays.extend(["int", "long", "double", "decimal"]);
    }
    let converted = |held: &str| json!({ "$convert": { "input": held, "to": target, "onError": null } });
    let is_kept = |held: &str| json!({ "$in": [{ "$type": held }, stays] });
    // Without `onError`: what came after the count and does not convert stops the update, and is not lost.
    let change_of = |held: &str| json!({ "$cond": [is_kept(held), held, { "$convert": { "input": held, "to": target } }] });
    // A number that would lose its fraction does not convert either.
    let is_unfit = |held: &str| {
        let fails = json!({ "$eq": [converted(held), null] });
        let test = if matches!(target, "int" | "long") {
            let rounded = json!({ "$and": [{ "$isNumber": held }, { "$ne": [converted(held), held] }] });
            json!({ "$or": [fails, rounded] })
        } else {
            fails
        };
        json!({ "$and": [{ "$not": [is_kept(held)] }, test] })
    };
    let filter = if path.in_list() {
        exists(path)
    } else {
        json!({ path.dotted(): { "$exists": true, "$not": { "$type": kept } } })
    };
    let mut unfit = filter.clone();
    if let Value::Object(entries) = &mut unfit {
        entries.insert("$expr".into(), any(path, &is_unfit));
    }
    let change = if path.in_list() {
        mapped(path, &change_of)
    } else {
        json!([{ "$set": { path.dotted(): change_of(&format!("${}", path.dotted())) } }])
    };
    let holds = format!("hold a value in {path} that does not convert to {target}");
    Some(Update { unfit: Some((unfit, holds)), ..plain(filter, change) })
}

fn split(path: &FieldPath) -> (FieldPath, String) {
    let mut within = FieldPath::root();
    let (last, outer) =
        path.parts().split_last().map_or((None, &[][..]), |(last, outer)| (Some(last), outer));
    for part in outer {
        within = match part {
            PathPart::Field(name) => within.field(name),
            PathPart::Each => within.each(),
        };
    }
    let name = match last {
        Some(PathPart::Field(name)) => name.clone(),
        _ => String::new(),
    };
    (within, name)
}

/// The path down to the first list.
fn outer_list(path: &FieldPath) -> FieldPath {
    let mut list = FieldPath::root();
    for part in path.parts() {
        match part {
            PathPart::Field(name) => list = list.field(name),
            PathPart::Each => break,
        }
    }
    list
}

/// A pipeline that puts what `leaf` makes of each value in its place; `leaf` gets the expression that reads it.
fn mapped(path: &FieldPath, leaf: &dyn Fn(&str) -> Value) -> Value {
    let list = outer_list(path);
    let rest = &path.parts()[list.parts().len()..];
    let name = list.dotted();
    json!([{ "$set": { name.as_str(): rewritten(rest, &format!("${name}"), 0, leaf) } }])
}

fn rewritten(rest: &[PathPart], held: &str, depth: usize, leaf: &dyn Fn(&str) -> Value) -> Value {
    match rest {
        [] => leaf(held),
        [PathPart::Each, rest @ ..] => {
            let variable = element(depth);
            let inner = rewritten(rest, &format!("$${variable}"), depth + 1, leaf);
            json!({ "$cond": [
                { "$isArray": [held] },
                { "$map": { "input": held, "as": variable, "in": inner } },
                held,
            ] })
        }
        [PathPart::Field(name), rest @ ..] => {
            let inner = rewritten(rest, &format!("{held}.{name}"), depth, leaf);
            json!({ "$cond": [
                { "$eq": [{ "$type": held }, "object"] },
                { "$mergeObjects": [held, { name.as_str(): inner }] },
                held,
            ] })
        }
    }
}

/// Whether the test holds for any value at the path.
fn any(path: &FieldPath, test: &dyn Fn(&str) -> Value) -> Value {
    let list = outer_list(path);
    let rest = &path.parts()[list.parts().len()..];
    any_of(rest, &format!("${}", list.dotted()), 0, test)
}

fn any_of(rest: &[PathPart], held: &str, depth: usize, test: &dyn Fn(&str) -> Value) -> Value {
    match rest {
        [] => test(held),
        [PathPart::Field(name), rest @ ..] => any_of(rest, &format!("{held}.{name}"), depth, test),
        [PathPart::Each, rest @ ..] => {
            let variable = element(depth);
            let inner = any_of(rest, &format!("$${variable}"), depth + 1, test);
            json!({ "$anyElementTrue": [{ "$map": {
                "input": { "$cond": [{ "$isArray": [held] }, held, []] },
                "as": variable,
                "in": inner,
            } }] })
        }
    }
}

fn element(depth: usize) -> String {
    if depth == 0 { "element".into() } else { format!("element{depth}") }
}
