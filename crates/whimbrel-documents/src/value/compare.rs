//! BSON's comparison order, across all types.

use std::cmp::Ordering;

use bson::Bson;

use super::number::{Number, compare_numbers};
use super::view::{DocRef, ValueRef};

/// The place of a value's type in the order of types; types that share a place are compared by value.
pub(crate) fn canonical_rank(value: ValueRef<'_>) -> i8 {
    match value {
        ValueRef::MinKey => -1,
        ValueRef::Undefined => 0,
        ValueRef::Null => 5,
        ValueRef::Int32(_) | ValueRef::Int64(_) | ValueRef::Double(_) | ValueRef::Decimal(_) => 10,
        ValueRef::String(_) | ValueRef::Symbol(_) => 15,
        ValueRef::Document(_) => 20,
        ValueRef::Array(_) => 25,
        ValueRef::Binary(..) => 30,
        ValueRef::ObjectId(_) => 35,
        ValueRef::Boolean(_) => 40,
        ValueRef::Date(_) => 45,
        ValueRef::Timestamp(_) => 47,
        ValueRef::Regex(..) => 50,
        ValueRef::Pointer(_) => 55,
        ValueRef::Code(_) => 60,
        ValueRef::CodeWithScope(..) => 65,
        ValueRef::MaxKey => 127,
    }
}

/// Compares two values: first by type, then by content.
pub(crate) fn compare(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    if let (Some(left), Some(right)) = (Number::of(left), Number::of(right)) {
        return compare_numbers(left, right);
    }
    match (left, right) {
        (
            ValueRef::String(left) | ValueRef::Symbol(left),
            ValueRef::String(right) | ValueRef::Symbol(right),
        )
        | (ValueRef::Code(left), ValueRef::Code(right)) => left.as_bytes().cmp(right.as_bytes()),
        (ValueRef::Document(left), ValueRef::Document(right)) => compare_documents(left, right),
        (ValueRef::Array(left), ValueRef::Array(right)) => compare_arrays(left, right),
        (ValueRef::Binary(left_kind, left), ValueRef::Binary(right_kind, right)) => {
            compare_bytes((left_kind, left), (right_kind, right))
        }
        (ValueRef::ObjectId(left), ValueRef::ObjectId(right)) => left.bytes().cmp(&right.bytes()),
        (ValueRef::Boolean(left), ValueRef::Boolean(right)) => left.cmp(&right),
        (ValueRef::Date(left), ValueRef::Date(right)) => left.cmp(&right),
        (ValueRef::Timestamp(left), ValueRef::Timestamp(right)) => {
            (left.time, left.increment).cmp(&(right.time, right.increment))
        }
        (ValueRef::Regex(left, left_options), ValueRef::Regex(right, right_options)) => {
            (left, left_options).cmp(&(right, right_options))
        }
        (ValueRef::CodeWithScope(left, left_scope), ValueRef::CodeWithScope(right, right_scope)) => {
            left.cmp(right).then_with(|| compare_documents(left_scope, right_scope))
        }
        (ValueRef::Pointer(_), ValueRef::Pointer(_)) => {
            format!("{:?}", left.to_bson()).cmp(&format!("{:?}", right.to_bson()))
        }
        _ => canonical_rank(left).cmp(&canonical_rank(right)),
    }
}

/// Compares binary values: by length, subtype and content.
pub(crate) fn compare_bytes(left: (u8, &[u8]), right: (u8, &[u8])) -> Ordering {
    left.1.len().cmp(&right.1.len()).then_with(|| left.0.cmp(&right.0)).then_with(|| left.1.cmp(right.1))
}

/// Compares field by field: the type of the value, then the key, then the value.
fn compare_documents(left: DocRef<'_>, right: DocRef<'_>) -> Ordering {
    let (mut left, mut right) = (left.iter(), right.iter());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some((left_key, left)), Some((right_key, right))) => {
                let order = canonical_rank(left)
                    .cmp(&canonical_rank(right))
                    .then_with(|| left_key.as_bytes().cmp(right_key.as_bytes()))
                    .then_with(|| compare(left, right));
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
    }
}

fn compare_arrays(left: DocRef<'_>, right: DocRef<'_>) -> Ordering {
    let (mut left, mut right) = (left.values(), right.values());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => {
                let order = compare(left, right);
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
    }
}

/// Compares two decoded values.
pub(crate) fn compare_bson(left: &Bson, right: &Bson) -> Ordering {
    compare(left.into(), right.into())
}

/// Whether two decoded values are equal in the comparison order: `1` and `1.0` are.
pub(crate) fn equal_bson(left: &Bson, right: &Bson) -> bool {
    compare_bson(left, right) == Ordering::Equal
}

/// Whether a value is not a number although its type is.
pub(crate) fn is_nan(value: ValueRef<'_>) -> bool {
    Number::of(value).is_some_and(Number::is_nan)
}
