//! Reading Rust source, and reading back what the printer wrote.

use whimbrel_schema::model::*;
use whimbrel_schema::print::print_rust;
use whimbrel_schema::read::{read_files, read_json, read_text};

const SHOP: &str = include_str!("../schemas/shop.rs");
const GUIDE: &str = include_str!("../schemas/guide.rs");

fn read(text: &str) -> Schema {
    match read_text("src/schema.rs", text) {
        Ok(schema) => schema,
        Err(error) => {
            let all: Vec<String> = error
                .problems
                .iter()
                .map(|problem| {
                    let (line, column) =
                        problem.place.as_ref().map_or((0, 0), |place| place.line_and_column());
                    format!("{line}:{column} {} {} ({:?})", problem.code, problem.message, problem.help)
                })
                .collect();
            panic!("{}\n{text}", all.join("\n"));
        }
    }
}

#[test]
fn every_attribute_reads_back_equal_after_printing() {
    for text in [SHOP, GUIDE] {
        let schema = read(text);
        let printed = print_rust(&schema);
        let again = read(&printed);
        assert_eq!(again, schema, "{printed}");
        assert_eq!(print_rust(&again), printed);
    }
}

#[test]
fn json_reads_back_equal() {
    for text in [SHOP, GUIDE] {
        let schema = read(text);
        let json = serde_json::to_string_pretty(&schema).unwrap();
        assert_eq!(read_json("schema.json", &json).unwrap(), schema);
    }
}

#[test]
fn attributes_mean_what_they_say() {
    let schema = read(SHOP);
    let customer = schema.model("Customer").unwrap();
    assert_eq!(customer.comment.as_deref(), Some("People who \"buy\"."));
    assert_eq!(customer.with[1], ("toast.autovacuum_enabled".into(), "off".into()));
    assert_eq!(customer.indexes.len(), 7);
    assert_eq!(customer.indexes[0].keys[0].nulls_first, Some(false));
    assert!(customer.indexes[0].keys[0].descending);
    assert_eq!(customer.indexes[2].keys[0].target, IndexTarget::Sql("lower(email)".into()));
    assert_eq!(customer.indexes[3].kind, IndexKind::Method("gin".into()));
    assert_eq!(customer.indexes[6].keys[1].weight, Some(5));
    assert_eq!(customer.indexes[6].name.as_deref(), Some("idx_customers_words"));
    let slug = customer.field("slug").unwrap();
    assert_eq!((slug.collation.as_deref(), slug.was.as_deref()), (Some("C"), Some("handle")));
    assert_eq!(customer.field("address").unwrap().ty, FieldType::Embedded("Address".into()));
    assert_eq!(customer.field("status").unwrap().ty, FieldType::Enum("OrderStatus".into()));
    assert_eq!(customer.field("type").unwrap().column_name(), "type");
    let order = schema.model("Order").unwrap();
    let reference = order.field("customer_id").unwrap().references.clone().unwrap();
    assert_eq!(reference.on_delete, ReferentialAction::SetNull);
    assert_eq!(reference.on_update, ReferentialAction::Cascade);
    assert_eq!(reference.deferral, Deferral::InitiallyDeferred);
    assert_eq!(order.foreign_keys[1].references, ["tenant_id", "slug"]);
    assert_eq!(schema.enums[0].variants[1].stored(), "in-progress");
    assert_eq!(schema.enums[0].doc.as_deref(), Some("How far an order is."));
    assert_eq!(schema.sequences[0].increment, Some(-1));
}

#[test]
fn modules_and_uses_are_followed() {
    let files = |name: &str| {
        let text = match name {
            "src/schema.rs" => {
                "mod trips;\npub mod inner { #[derive(Enum)] pub enum Mood { Good } }\nuse crate::shared::Money;"
            }
            "src/schema/trips.rs" => {
                "use super::inner::Mood; mod parts;\n#[derive(Model)] #[db(table = \"trips\")] pub struct Trip { #[db(id)] pub id: i64, pub mood: Mood, pub money: Money, pub part: Part }"
            }
            "src/schema/trips/parts/mod.rs" => "#[derive(Embedded)] pub struct Part { pub name: String }",
            "src/shared.rs" => "#[derive(Embedded)] pub struct Money { pub cents: i64 }",
            _ => return None,
        };
        Some(text.to_owned())
    };
    let read = read_files("src/schema.rs", &files).unwrap();
    assert_eq!(
        read.files,
        ["src/schema.rs", "src/schema/trips.rs", "src/schema/trips/parts/mod.rs", "src/shared.rs"]
    );
    assert_eq!(read.schema.models.len(), 1);
    assert_eq!(read.schema.embedded.len(), 2);
}

#[test]
fn every_example_of_the_grammar_reads() {
    use whimbrel_schema::grammar::{self, DataModels, Place, TypeSet};
    const NAMES: [&str; 19] = [
        "String",
        "i64",
        "Uuid",
        "Decimal",
        "bool",
        "Timestamp",
        "Colour",
        "Address",
        "Vec<String>",
        "Json",
        "Bytes",
        "i16",
        "i32",
        "f64",
        "Date",
        "Time",
        "NaiveTimestamp",
        "GeoPoint",
        "ObjectId",
    ];
    let mut read_ones = 0;
    for attribute in grammar::attributes() {
        for place in attribute.places {
            let document = attribute.models == DataModels::Document;
            let example = attribute.example;
            let text = match place {
                Place::Model => {
                    let storage = match attribute.name {
                        "table" | "collection" | "view" => "",
                        "query" => "view = \"v\", ",
                        "materialized" => "view = \"v\", query = \"SELECT 1\", ",
                        _ if document => "collection = \"c\", ",
                        _ => "table = \"t\", ",
                    };
                    let query = if attribute.name == "view" { ", query = \"SELECT 1\"" } else { "" };
                    let id = if attribute.name == "keyless" { "" } else { "#[db(id)] pub id: i64," };
                    format!(
                        "#[derive(Model)] #[db({storage}{example}{query})] pub struct T {{ {id} pub user_id: i64, pub tenant_id: i64, pub start_date: Date, \
                         pub end_date: Date, pub slug: String, pub email: String, pub bio: String, pub title: String, pub location: GeoPoint, \
                         pub country: String, pub city: String }}\n\
                         #[derive(Model)] #[db({} = \"people\")] pub struct User {{ #[db(id)] pub id: i64, #[db(default = 1)] pub tenant_id: i64 {} }}",
                        if document || attribute.name == "collection" { "collection" } else { "table" },
                        ""
                    )
                    .replace("pub struct User", if attribute.name == "foreign_key" { "#[db(unique(tenant_id, id))] pub struct User" } else { "pub struct User" })
                }
                Place::Field | Place::EmbeddedField => {
                    let ty = NAMES
                        .iter()
                        .find(|name| {
                            let ty = match **name {
                                "Colour" => FieldType::Enum("Colour".into()),
                                "Address" => FieldType::Embedded("Address".into()),
                                "Vec<String>" => FieldType::List(Box::new(FieldType::Scalar(Scalar::String))),
                                other => FieldType::Scalar(
                                    Scalar::ALL
                                        .into_iter()
                                        .find(|scalar| scalar.rust_name() == other)
                                        .unwrap(),
                                ),
                            };
                            attribute.types.meets(TypeSet::kind(&ty))
                        })
                        .unwrap();
                    let ty = match attribute.name {
                        "default" | "check" | "references" | "on_delete" | "deferrable" | "deferred"
                        | "constraint" => "i64",
                        "on_update" => "Timestamp",
                        "generated" => "i64",
                        "null" => "Option<String>",
                        _ => ty,
                    };
                    let field = if attribute.name == "check" { "price" } else { "subject" };
                    let storage = if document { "collection" } else { "table" };
                    if *place == Place::Field {
                        let id = if attribute.name == "id" { "" } else { "#[db(id)] pub id: i64," };
                        format!(
                            "#[derive(Enum)] pub enum Colour {{ Red }} #[derive(Embedded)] pub struct Address {{ pub a: String }}\n\
                             #[derive(Model)] #[db({storage} = \"t\")] pub struct T {{ {id} #[db({example})] pub {field}: {ty} }}\n\
                             #[derive(Model)] #[db({storage} = \"users\")] pub struct User {{ #[db(id)] pub id: i64 }}"
                        )
                    } else {
                        format!(
                            "#[derive(Enum)] pub enum Colour {{ Red }} #[derive(Embedded)] pub struct Address {{ #[db({example})] pub {field}: {ty} }}\n\
                             #[derive(Model)] #[db({storage} = \"users\")] pub struct User {{ #[db(id)] pub id: i64, pub address: Address }}"
                        )
                    }
                }
                Place::Enum => format!("#[derive(Enum)] #[db({example})] pub enum Colour {{ Red }}"),
                Place::Variant => format!("#[derive(Enum)] pub enum Colour {{ #[db({example})] Red }}"),
                Place::Sequence => format!("#[derive(Sequence)] #[db({example})] pub struct Numbers;"),
                Place::Index => format!(
                    "#[derive(Model)] #[db(table = \"t\", index(id, {example}{}))] pub struct T {{ #[db(id)] pub id: i64, pub title: String, pub budget: i64 }}",
                    if attribute.name == "nulls_not_distinct" { ", unique" } else { "" }
                ),
                Place::Unique => format!(
                    "#[derive(Model)] #[db(table = \"t\", unique(id, {example}))] pub struct T {{ #[db(id)] pub id: i64, pub title: String, pub budget: i64 }}"
                ),
                Place::ForeignKey => format!(
                    "#[derive(Model)] #[db(table = \"t\", foreign_key(id -> T::id, {example}))] pub struct T {{ #[db(id)] pub id: i64 }}"
                ),
            };
            let schema = read(&text);
            assert_eq!(read(&print_rust(&schema)), schema);
            read_ones += 1;
        }
    }
    assert!(read_ones > 80, "{read_ones}");
}

#[test]
fn a_long_line_of_attributes_is_divided() {
    for line in print_rust(&read(SHOP)).lines().filter(|line| line.trim_start().starts_with("#[db(")) {
        assert!(line.len() <= 100 || !line.contains("), "), "{line}");
    }
}
