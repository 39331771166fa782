//! What a sample of documents shows of a collection's fields: counts, from which types are concluded.
//!
//! Documents come as Extended JSON, relaxed or canonical; whoever reads a database converts them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Different texts are kept up to this number: more are no enumeration.
const KEPT_TEXTS: usize = 12;
/// An enumeration has at most this many values.
const ENUM_VALUES: usize = 8;
/// An enumeration is concluded from at least this many texts for each of its values.
const TEXTS_PER_ENUM_VALUE: u64 = 10;
/// A value of an enumeration has at most this many characters.
const ENUM_VALUE_CHARS: usize = 32;
/// Objects with more different fields than this are maps, whose keys are data.
const STRUCT_FIELDS: usize = 100;

/// The kinds of value that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Null,
    Bool,
    Whole,
    Double,
    Decimal,
    Text,
    Date,
    ObjectId,
    Uuid,
    Bytes,
    Array,
    Object,
    Other,
}

impl Kind {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "bool",
            Kind::Whole => "whole number",
            Kind::Double => "double",
            Kind::Decimal => "decimal",
            Kind::Text => "string",
            Kind::Date => "date",
            Kind::ObjectId => "ObjectId",
            Kind::Uuid => "UUID",
            Kind::Bytes => "binary",
            Kind::Array => "array",
            Kind::Object => "object",
            Kind::Other => "another type",
        }
    }
}

/// What was seen of one collection's documents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    pub(super) documents: Struct,
}

/// What was seen of objects in one place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Struct {
    /// How many objects.
    pub(super) count: u64,
    /// Their fields, in the order in which they were first seen.
    pub(super) fields: Vec<(String, Seen)>,
    places: BTreeMap<String, usize>,
}

/// What was seen of values in one place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// How many values.
    pub(super) count: u64,
    /// How many of each kind.
    pub(super) kinds: BTreeMap<Kind, u64>,
    texts: BTreeSet<String>,
    /// How many of the objects are GeoJSON points.
    pub(super) points: u64,
    /// The fields of the objects.
    pub(super) object: Struct,
    /// The elements of the arrays.
    pub(super) elements: Option<Box<Seen>>,
}

impl Sample {
    /// Counts documents.
    pub fn collect<'d>(documents: impl IntoIterator<Item = &'d Value>) -> Self {
        let mut sample = Sample::default();
        documents.into_iter().for_each(|document| sample.add(document));
        sample
    }

    /// Counts one more document; what is no object is passed over.
    pub fn add(&mut self, document: &Value) {
        if let Value::Object(fields) = document {
            self.documents.add(fields);
        }
    }

    /// How many documents were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.documents.count
    }
}

impl Struct {
    fn add(&mut self, fields: &Map<String, Value>) {
        self.count += 1;
        for (name, value) in fields {
            let place = *self.places.entry(name.clone()).or_insert_with(|| {
                self.fields.push((name.clone(), Seen::default()));
                self.fields.len() - 1
            });
            self.fields[place].1.add(value);
        }
    }

    /// Whether the objects have the same fields over and over, and not keys that are data.
    pub(super) fn is_struct(&self) -> bool {
        !self.fields.is_empty() && self.fields.len() <= STRUCT_FIELDS
    }
}

impl Seen {
    fn add(&mut self, value: &Value) {
        self.count += 1;
        let kind = kind(value);
        *self.kinds.entry(kind).or_default() += 1;
        match value {
            Value::String(text) if self.texts.len() < KEPT_TEXTS => {
                self.texts.insert(text.clone());
            }
            Value::Array(items) => {
                let elements = self.elements.get_or_insert_default();
                items.iter().for_each(|item| elements.add(item));
            }
            Value::Object(fields) if kind == Kind::Object => {
                self.points += u64::from(is_point(fields));
                self.object.add(fields);
            }
            _ => {}
        }
    }

    /// The kinds without null.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.kinds.keys().copied().filter(|kind| *kind != Kind::Null).collect()
    }

    /// The values of an enumeration, where there is enough to tell that it is one.
    pub(super) fn enumeration(&self) -> Option<Vec<String>> {
        let values = self.texts.len();
        let texts = self.kinds.get(&Kind::Text).copied().unwrap_or_default();
        let enough = texts >= TEXTS_PER_ENUM_VALUE * u64::try_from(values).unwrap_or(u64::MAX);
        let is_word = |text: &String| {
            text.chars().next().is_some_and(char::is_alphabetic)
                && text.chars().count() <= ENUM_VALUE_CHARS
                && text.chars().all(|current| current.is_alphanumeric() || "_- ".contains(current))
        };
        ((2..=ENUM_VALUES).contains(&values) && enough && self.texts.iter().all(is_word))
            .then(|| self.texts.iter().cloned().collect())
    }

    /// What was seen, in words: "string 12 times, null 3 times".
    pub(super) fn words(&self) -> String {
        let words: Vec<String> =
            self.kinds.iter().map(|(kind, count)| format!("{} {count} times", kind.words())).collect();
        words.join(", ")
    }
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Bool,
        Value::Number(number) if number.is_f64() => Kind::Double,
        Value::Number(_) => Kind::Whole,
        Value::String(_) => Kind::Text,
        Value::Array(_) => Kind::Array,
        Value::Object(entries) => match entries.iter().next() {
            Some((key, value)) if key.starts_with('$') && entries.len() <= 2 => extended(key, value),
            _ => Kind::Object,
        },
    }
}

/// The kind of a value of Extended JSON.
fn extended(key: &str, value: &Value) -> Kind {
    match key {
        "$oid" => Kind::ObjectId,
        "$date" => Kind::Date,
        "$numberInt" | "$numberLong" => Kind::Whole,
        "$numberDouble" => Kind::Double,
        "$numberDecimal" => Kind::Decimal,
        "$uuid" => Kind::Uuid,
        "$binary" if value.get("subType").is_some_and(|kind| kind == "04" || kind == "4") => Kind::Uuid,
        "$binary" => Kind::Bytes,
        // A reference of the old kind is an object with fields.
        "$ref" => Kind::Object,
        _ => Kind::Other,
    }
}

fn is_point(fields: &Map<String, Value>) -> bool {
    let is_number = |value: &Value| matches!(kind(value), Kind::Whole | Kind::Double);
    let has_position = |value: &Value| {
        value.as_array().is_some_and(|position| position.len() == 2 && position.iter().all(is_number))
    };
    fields.len() == 2
        && fields.get("type").is_some_and(|kind| kind == "Point")
        && fields.get("coordinates").is_some_and(has_position)
}
