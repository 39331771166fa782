//! The derives describe what the reader of text reads.

use whimbrel::prelude::*;
use whimbrel_schema::fingerprint;
use whimbrel_schema::model::Model as ModelData;
use whimbrel_schema::read::read_text;

#[expect(
    dead_code,
    unreachable_pub,
    reason = "the file is also read as text and stands for a project's schema"
)]
mod schema {
    include!("../compile/schema.rs");
}

use schema::{Address, InvoiceNumbers, Trip, TripStatus, User};

fn read() -> whimbrel_schema::model::Schema {
    read_text("schema.rs", include_str!("../compile/schema.rs")).expect("the schema reads")
}

fn agrees<T: ModelDescription>(model: &ModelData) {
    let described: ModelData = serde_json::from_str(&T::description()).expect("a description is JSON");
    assert_eq!(&described, model);
    assert_eq!((T::NAME, T::TABLE), (model.name.as_str(), model.table.as_str()));
    assert_eq!(T::SCHEMA, model.schema.as_deref());
    assert_eq!(T::HASH, fingerprint::of_model(model));
}

#[test]
fn the_compiled_schema_is_the_one_read_from_text() {
    let schema = read();
    agrees::<Trip>(schema.model("Trip").unwrap());
    agrees::<User>(schema.model("User").unwrap());
    let address: whimbrel_schema::model::Embedded = serde_json::from_str(&Address::description()).unwrap();
    assert_eq!(&address, schema.embedded("Address").unwrap());
    assert_eq!(Address::HASH, fingerprint::of_embedded(&address));
    let status: whimbrel_schema::model::EnumType = serde_json::from_str(TripStatus::DESCRIPTION).unwrap();
    assert_eq!(&status, schema.enum_type("TripStatus").unwrap());
    assert_eq!(TripStatus::HASH, fingerprint::of_enum(&status));
    assert_eq!(InvoiceNumbers::SEQUENCE, "invoice_numbers");
    assert_eq!(InvoiceNumbers::HASH, fingerprint::of_sequence(&schema.sequences[0]));
}

#[test]
fn docs_do_not_change_a_fingerprint_but_attributes_do() {
    let mut model = read().model("Trip").unwrap().clone();
    model.doc = Some("Something else.".into());
    assert_eq!(fingerprint::of_model(&model), Trip::HASH);
    model.fields[1].unique = true;
    assert_ne!(fingerprint::of_model(&model), Trip::HASH);
}

#[test]
fn variants_are_stored_by_their_values() {
    assert_eq!(TripStatus::VALUES, ["planned", "in-progress"]);
    assert_eq!(TripStatus::InProgress.stored(), "in-progress");
    assert_eq!(TripStatus::from_stored("planned"), Some(TripStatus::Planned));
    assert_eq!(TripStatus::from_stored("Planned"), None);
}
