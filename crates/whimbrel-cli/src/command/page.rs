//! The declared schema as a page for readers, in Markdown.

use serde_json::Value;
use whimbrel_schema::catalog::Catalog;
use whimbrel_schema::document::{Collection, CollectionIndex, DocumentCatalog};

/// The page of a relational schema.
pub(crate) fn of_tables(catalog: &Catalog) -> String {
    let mut out = String::from("# Schema\n");
    for table in &catalog.tables {
        out.push_str(&format!("\n## {}\n\n", table.name));
        if let Some(comment) = &table.comment {
            out.push_str(&format!("{comment}\n\n"));
        }
        out.push_str("| column | type | null | default |\n|---|---|---|---|\n");
        for column in &table.columns {
            let null = if column.nullable { "yes" } else { "no" };
            let default = column.default.as_deref().map(|default| format!("`{default}`")).unwrap_or_default();
            out.push_str(&format!("| {} | {} | {null} | {default} |\n", column.name, column.ty));
        }
        let mut facts = Vec::new();
        facts.extend(table.primary_key.iter().map(|key| format!("primary key ({})", key.columns.join(", "))));
        facts.extend(
            table
                .uniques
                .iter()
                .map(|unique| format!("unique ({}) as `{}`", unique.columns.join(", "), unique.name)),
        );
        facts.extend(table.foreign_keys.iter().map(|key| {
            format!(
                "({}) references {} ({}) as `{}`",
                key.columns.join(", "),
                key.references,
                key.referenced_columns.join(", "),
                key.name
            )
        }));
        facts.extend(
            table.checks.iter().map(|check| format!("check `{}`: `{}`", check.name, check.expression)),
        );
        facts.extend(table.indexes.iter().map(|index| format!("index `{}`", index.name)));
        if !facts.is_empty() {
            out.push('\n');
            out.extend(facts.iter().map(|fact| format!("- {fact}\n")));
        }
    }
    out
}

/// The page of a document schema: every field by its path, with what the validator takes.
pub(crate) fn of_collections(catalog: &DocumentCatalog) -> String {
    let mut out = String::from("# Schema\n");
    for collection in &catalog.collections {
        out.push_str(&format!("\n## {}\n\n", collection.name));
        match shape(collection) {
            Some(shape) => {
                out.push_str("| field | type | required |\n|---|---|---|\n");
                fields(shape, "", &mut out);
            }
            None => out.push_str("Documents are not checked.\n"),
        }
        if !collection.indexes.is_empty() {
            out.push('\n');
            out.extend(collection.indexes.iter().map(|index| format!("- {}\n", index_words(index))));
        }
    }
    out
}

/// The `$jsonSchema` of a collection, which may stand beside other conditions.
fn shape(collection: &Collection) -> Option<&Value> {
    let rule = &collection.validator.as_ref()?.rule;
    let own = rule.get("$jsonSchema");
    own.or_else(|| rule.get("$and")?.as_array()?.iter().find_map(|part| part.get("$jsonSchema")))
}

fn fields(shape: &Value, path: &str, out: &mut String) {
    let required = shape.get("required").and_then(Value::as_array);
    for (name, field) in shape.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let is_required = required.is_some_and(|names| names.iter().any(|one| one == name));
        let need = if is_required { "yes" } else { "no" };
        out.push_str(&format!("| {path} | {} | {need} |\n", type_words(field)));
        fields(field, &path, out);
        if let Some(items) = field.get("items") {
            fields(items, &format!("{path}[]"), out);
        }
    }
}

/// What a field takes: its types, the values of an enum, the types of a list's elements.
fn type_words(field: &Value) -> String {
    if let Some(values) = field.get("enum").and_then(Value::as_array) {
        return values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" or ");
    }
    let names = match field.get("bsonType") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    };
    match field.get("items") {
        Some(items) => format!("{names} of {}", type_words(items)),
        None => names,
    }
}

fn index_words(index: &CollectionIndex) -> String {
    let keys: Vec<String> = index.keys.iter().map(|(path, kind)| format!("{path} {}", kind.name())).collect();
    let mut words = format!("index `{}` ({})", index.name, keys.join(", "));
    let mut add = |is: bool, word: &str| {
        if is {
            words.push_str(", ");
            words.push_str(word);
        }
    };
    add(index.unique, "unique");
    add(index.sparse, "sparse");
    if let Some(seconds) = index.expire_after_seconds {
        add(true, &format!("documents expire after {seconds} s"));
    }
    if let Some(filter) = &index.partial_filter {
        add(true, &format!("where `{filter}`"));
    }
    words
}
