//! Writes a schema as formatted Rust source, which reads back equal.

mod attributes;
mod expression;
mod literal;

use crate::model::{Embedded, EnumType, Field, FieldType, Model, Schema, Sequence, Variant};
use literal::ident;

pub use expression::print_expression;

/// The longest line of attributes; longer ones are divided among several `#[db(…)]`.
const WIDTH: usize = 100;

/// The schema as one file of Rust source.
#[must_use]
pub fn print_rust(schema: &Schema) -> String {
    let mut out = String::from("use whimbrel::prelude::*;\n");
    for declared in &schema.enums {
        print_enum(&mut out, declared);
    }
    for embedded in &schema.embedded {
        print_embedded(&mut out, embedded);
    }
    for model in &schema.models {
        print_model(&mut out, model);
    }
    for sequence in &schema.sequences {
        print_sequence(&mut out, sequence);
    }
    out
}

fn print_model(out: &mut String, model: &Model) {
    head(out, model.doc.as_deref(), "Model");
    let (names, lists) = attributes::of_model(model);
    db(out, "", &names);
    for list in lists {
        db(out, "", &[list]);
    }
    fields(out, &model.name, &model.fields);
}

fn print_embedded(out: &mut String, embedded: &Embedded) {
    head(out, embedded.doc.as_deref(), "Embedded");
    fields(out, &embedded.name, &embedded.fields);
}

fn print_enum(out: &mut String, declared: &EnumType) {
    head(out, declared.doc.as_deref(), "Enum");
    db(out, "", &attributes::of_enum(declared));
    open(out, "enum", &declared.name, declared.variants.is_empty());
    for Variant { name, doc: text, value, was } in &declared.variants {
        doc(out, "    ", text.as_deref());
        db(out, "    ", &attributes::of_variant(value.as_deref(), was.as_deref()));
        out.push_str("    ");
        out.push_str(&ident(name));
        out.push_str(",\n");
    }
    if !declared.variants.is_empty() {
        out.push_str("}\n");
    }
}

fn print_sequence(out: &mut String, sequence: &Sequence) {
    head(out, None, "Sequence");
    db(out, "", &attributes::of_sequence(sequence));
    out.push_str("pub struct ");
    out.push_str(&ident(&sequence.name));
    out.push_str(";\n");
}

fn head(out: &mut String, text: Option<&str>, derive: &str) {
    out.push('\n');
    doc(out, "", text);
    out.push_str("#[derive(");
    out.push_str(derive);
    out.push_str(")]\n");
}

fn open(out: &mut String, keyword: &str, name: &str, empty: bool) {
    out.push_str("pub ");
    out.push_str(keyword);
    out.push(' ');
    out.push_str(&ident(name));
    out.push_str(if empty { " {}\n" } else { " {\n" });
}

fn fields(out: &mut String, name: &str, fields: &[Field]) {
    open(out, "struct", name, fields.is_empty());
    for field in fields {
        doc(out, "    ", field.doc.as_deref());
        db(out, "    ", &attributes::of_field(field));
        out.push_str("    pub ");
        out.push_str(&ident(&field.name));
        out.push_str(": ");
        if field.optional {
            out.push_str("Option<");
        }
        field_type(out, &field.ty);
        if field.optional {
            out.push('>');
        }
        out.push_str(",\n");
    }
    if !fields.is_empty() {
        out.push_str("}\n");
    }
}

fn field_type(out: &mut String, ty: &FieldType) {
    match ty {
        FieldType::Scalar(scalar) => out.push_str(scalar.rust_name()),
        FieldType::Enum(name) | FieldType::Embedded(name) => out.push_str(&ident(name)),
        FieldType::List(element) => {
            out.push_str("Vec<");
            field_type(out, element);
            out.push('>');
        }
    }
}

fn doc(out: &mut String, indent: &str, text: Option<&str>) {
    let Some(text) = text else { return };
    if text.contains('\r') {
        // A comment cannot hold a bare carriage return; an attribute can.
        out.push_str(&format!("{indent}#[doc = {:?}]\n", format!(" {text}")));
        return;
    }
    for line in text.split('\n') {
        out.push_str(indent);
        out.push_str("///");
        if !line.is_empty() {
            out.push(' ');
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// One `#[db(…)]`, or several where the line would be too long.
fn db(out: &mut String, indent: &str, items: &[String]) {
    const FRAME: usize = "#[db()]".len();
    let mut line = String::new();
    for item in items {
        if !line.is_empty() && indent.len() + FRAME + line.len() + 2 + item.len() > WIDTH {
            out.push_str(&format!("{indent}#[db({line})]\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(item);
    }
    if !line.is_empty() {
        out.push_str(&format!("{indent}#[db({line})]\n"));
    }
}
