//! The reference page of the grammar, generated from its table.

use std::fmt::Write as _;

use super::{Attribute, DataModels, Place, attributes};
use crate::model::Scalar;

/// `docs/reference/schema.md`: every scalar and every attribute.
#[must_use]
pub fn reference_markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    scalars(&mut out);
    for place in Place::ALL {
        if place != Place::EmbeddedField {
            section(&mut out, place);
        }
    }
    out.push_str(CONDITIONS);
    out
}

const INTRODUCTION: &str = "\
# The schema's grammar

<!-- Generated from the table in crates/whimbrel-schema/src/grammar by `cargo xtask gen`. -->

A schema is ordinary Rust: structs with `#[derive(Model)]` or `#[derive(Embedded)]`, enums with `#[derive(Enum)]` and
unit structs with `#[derive(Sequence)]`. Everything else that they say stands in `#[db(…)]`; several of them add up.
Items without these derives are left alone. A name that is a word of the grammar (`unique`, `type`) is written `r#unique`.

";

const CONDITIONS: &str = "\
## Conditions

`check(name = condition)` takes a string, which is SQL in a table and a query as JSON in a collection, or a Rust expression of: field paths (`end_date`, `profile.age`),
numbers, strings, `true`, `false`, variants (`TripStatus::Planned`), `!`, `-`, `+`, `*`, `/`, `%`, `==`, `!=`, `<`, `<=`,
`>`, `>=`, `&&`, `||`, `field.is_none()`, `field.is_some()`, `field.len()`, `[\"a\", \"b\"].contains(&field)` and
parentheses. A condition passes where a part of it is NULL, on every engine.
";

fn scalars(out: &mut String) {
    out.push_str("## Types\n\n");
    let names: Vec<String> = Scalar::ALL.iter().map(|scalar| format!("`{}`", scalar.rust_name())).collect();
    let _ = writeln!(
        out,
        "{}, enums and embedded structs of the schema, `Vec<T>` of these, and `Option<T>` of all.\n",
        names.join(", ")
    );
}

fn section(out: &mut String, place: Place) {
    let title = match place {
        Place::Model => "On a model",
        Place::Field | Place::EmbeddedField => "On a field",
        Place::Enum => "On an enum",
        Place::Variant => "On a variant",
        Place::Sequence => "On a sequence",
        Place::Index => "Options of an index",
        Place::Unique => "Options of a unique constraint",
        Place::ForeignKey => "Options of a foreign key",
    };
    let _ = writeln!(out, "## {title}\n");
    if place == Place::Index {
        out.push_str(
            "A key is a field path, or `expr = \"SQL\"`, followed by any of `asc`, `desc`, `nulls_first`, `nulls_last`, \
             `ops(\"class\")`, `collate(\"name\")`.\n\n",
        );
    }
    for attribute in attributes().filter(|attribute| attribute.places.contains(&place)) {
        entry(out, place, attribute);
    }
}

fn entry(out: &mut String, place: Place, attribute: &Attribute) {
    let _ = writeln!(out, "### `{}`\n\n{}\n", attribute.name, attribute.meaning);
    let _ = writeln!(out, "| | |\n|---|---|\n| form | `{}` |", cell(attribute.syntax));
    if place == Place::Field {
        let mut types = attribute.types.words();
        if attribute.elements {
            types.push_str(", and Vec of them");
        }
        let _ = writeln!(out, "| types | {types} |");
        let embedded = attribute.places.contains(&Place::EmbeddedField);
        let _ = writeln!(out, "| in embedded structs | {} |", if embedded { "yes" } else { "no" });
    }
    let models = match attribute.models {
        DataModels::Both => "tables and collections",
        DataModels::Relational => "tables and views",
        DataModels::Document => "collections",
    };
    let _ = writeln!(out, "| in | {models} |");
    let _ = writeln!(out, "| PostgreSQL | {} |", cell(attribute.postgres));
    let _ = writeln!(out, "| SQLite | {} |", cell(attribute.sqlite));
    let _ = writeln!(out, "| MongoDB | {} |", cell(attribute.mongodb));
    let _ = writeln!(out, "| example | `#[db({})]` |\n", cell(attribute.example));
}

/// A table's cell may not hold a bare bar.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_attribute() {
        let page = reference_markdown();
        for attribute in attributes() {
            assert!(page.contains(&format!("### `{}`", attribute.name)), "{}", attribute.name);
        }
    }
}
