//! Hashing that agrees with the comparison order, for groups and sets.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use bson::Bson;

use super::compare::{canonical_rank, compare_bson};
use super::number::Number;
use super::view::{DocRef, ValueRef};

/// A value as the key of a hash table: equal where the comparison order says so.
#[derive(Clone, Debug)]
pub(crate) struct HashedKey(pub(crate) Bson);

impl PartialEq for HashedKey {
    fn eq(&self, other: &Self) -> bool {
        compare_bson(&self.0, &other.0) == Ordering::Equal
    }
}

impl Eq for HashedKey {}

impl Hash for HashedKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_value((&self.0).into(), state);
    }
}

/// Hashes a value so that equal values hash alike, whatever types their numbers have.
pub(crate) fn hash_value<H: Hasher>(value: ValueRef<'_>, state: &mut H) {
    state.write_i8(canonical_rank(value));
    if let Some(number) = Number::of(value) {
        return hash_number(number, state);
    }
    match value {
        ValueRef::String(text) | ValueRef::Symbol(text) | ValueRef::Code(text) => text.hash(state),
        ValueRef::Document(document) => hash_fields(document, state, true),
        ValueRef::Array(items) => hash_fields(items, state, false),
        ValueRef::Binary(subtype, bytes) => (subtype, bytes).hash(state),
        ValueRef::ObjectId(id) => id.bytes().hash(state),
        ValueRef::Boolean(value) => value.hash(state),
        ValueRef::Date(millis) => millis.hash(state),
        ValueRef::Timestamp(timestamp) => (timestamp.time, timestamp.increment).hash(state),
        ValueRef::Regex(pattern, options) => (pattern, options).hash(state),
        _ => {}
    }
}

/// Integers hash as themselves; what is none hashes as the nearest double.
fn hash_number<H: Hasher>(number: Number, state: &mut H) {
    match number.as_exact_i64() {
        Some(whole) => whole.hash(state),
        None if number.is_nan() => f64::NAN.to_bits().hash(state),
        None => number.to_f64().to_bits().hash(state),
    }
}

fn hash_fields<H: Hasher>(fields: DocRef<'_>, state: &mut H, keys: bool) {
    for (key, value) in fields.iter() {
        if keys {
            key.hash(state);
        }
        hash_value(value, state);
    }
}
