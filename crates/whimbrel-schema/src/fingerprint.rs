//! The hash of one declaration, the same from compiled code and from source.
//!
//! A derive macro sees one struct at a time and cannot know whether a named type is an enum or an
//! embedded struct, so the hash does not tell the two apart. Doc comments do not count.

use serde::Serialize;
use sha2::Digest as _;

use crate::model::{Embedded, EnumType, Field, FieldType, Model, Sequence};

/// The hash of a model, in lower-case hex.
#[must_use]
pub fn of_model(model: &Model) -> String {
    let mut plain = model.clone();
    plain.doc = None;
    plain.fields.iter_mut().for_each(strip);
    digest(&plain)
}

/// The hash of an embedded struct, in lower-case hex.
#[must_use]
pub fn of_embedded(embedded: &Embedded) -> String {
    let mut plain = embedded.clone();
    plain.doc = None;
    plain.fields.iter_mut().for_each(strip);
    digest(&plain)
}

/// The hash of an enum, in lower-case hex.
#[must_use]
pub fn of_enum(declared: &EnumType) -> String {
    let mut plain = declared.clone();
    plain.doc = None;
    plain.variants.iter_mut().for_each(|variant| variant.doc = None);
    digest(&plain)
}

/// The hash of a sequence, in lower-case hex.
#[must_use]
pub fn of_sequence(sequence: &Sequence) -> String {
    digest(sequence)
}

fn strip(field: &mut Field) {
    field.doc = None;
    let named = match &mut field.ty {
        FieldType::List(element) => element.as_mut(),
        other => other,
    };
    if let FieldType::Embedded(name) = named {
        *named = FieldType::Enum(std::mem::take(name));
    }
}

fn digest(plain: &impl Serialize) -> String {
    let json = serde_json::to_vec(plain).expect("a declaration always has a JSON form");
    sha2::Sha256::digest(&json).iter().map(|byte| format!("{byte:02x}")).collect()
}
