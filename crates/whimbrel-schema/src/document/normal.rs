//! The normal form of what stands in a document database, and comparing in it.
//!
//! A server prints more than was declared, and in another order. What says nothing is left out, what has no order
//! is sorted, and numbers of one size are one number, whatever their type.

use serde_json::{Map, Number, Value};

use super::{Collection, CollectionIndex, DocumentCatalog, KeyKind, Validator};

/// The lists of a `$jsonSchema` that are sets.
const SETS: &[&str] = &["required", "enum", "bsonType", "type"];

/// Options of an index that the server adds by itself, with the values it gives them.
const INDEX_DEFAULTS: &[(&str, &[&str])] = &[
    ("v", &["1", "2"]),
    ("background", &["true", "false"]),
    ("textIndexVersion", &["2", "3", "4"]),
    ("2dsphereIndexVersion", &["2", "3", "4"]),
    ("default_language", &["\"english\""]),
    ("language_override", &["\"language\""]),
    ("bits", &["26"]),
    ("min", &["-180"]),
    ("max", &["180"]),
];

impl DocumentCatalog {
    /// Puts the catalogue into the normal form; a validator keeps its order, which [`is_same`] passes over.
    pub fn normalize(&mut self) {
        for collection in &mut self.collections {
            collection.normalize();
        }
        self.sort();
    }

    /// Whether both hold the same, in whatever form.
    #[must_use]
    pub fn is_same(&self, other: &DocumentCatalog) -> bool {
        let (mut one, mut other) = (self.clone(), other.clone());
        one.normalize();
        other.normalize();
        one.views == other.views
            && one.collections.len() == other.collections.len()
            && one.collections.iter().zip(&other.collections).all(|(one, other)| one.is_same(other))
    }
}

impl Collection {
    fn is_same(&self, other: &Collection) -> bool {
        let same_validator = match (&self.validator, &other.validator) {
            (Some(one), Some(other)) => one.is_same(other),
            (None, None) => true,
            _ => false,
        };
        let options = |collection: &Collection| canonical(&Value::Object(collection.options.clone()));
        let same_index = |(one, other): (&CollectionIndex, &CollectionIndex)| {
            one.name == other.name && one.is_same_but_name(other)
        };
        self.name == other.name
            && same_validator
            && options(self) == options(other)
            && self.indexes.len() == other.indexes.len()
            && self.indexes.iter().zip(&other.indexes).all(same_index)
    }

    fn normalize(&mut self) {
        // A validator of no condition checks nothing.
        self.validator.take_if(|validator| validator.rule == Value::Object(Map::new()));
        self.options.retain(|name, value| !(name == "capped" && *value == Value::Bool(false)));
        for index in &mut self.indexes {
            index.normalize();
        }
        self.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

impl CollectionIndex {
    /// Puts the index into the normal form: the fields of a text index, which has no order among them, are sorted.
    pub fn normalize(&mut self) {
        let places: Vec<usize> =
            (0..self.keys.len()).filter(|place| self.keys[*place].1 == KeyKind::Text).collect();
        let mut paths: Vec<String> = places.iter().map(|place| self.keys[*place].0.clone()).collect();
        paths.sort();
        for (place, path) in places.into_iter().zip(paths) {
            self.keys[place].0 = path;
        }
        self.weights.retain(|_, weight| weight.as_f64() != Some(1.0));
        self.weights.sort_keys();
        self.options.retain(|name, value| {
            let text = canonical_number(value).to_string();
            !INDEX_DEFAULTS.iter().any(|(known, values)| known == name && values.contains(&text.as_str()))
        });
        self.options.sort_keys();
        // The simple collation is the absence of one.
        self.collation.take_if(|collation| collation.get("locale").is_some_and(|locale| locale == "simple"));
    }

    /// Whether MongoDB takes both for one index: the same keys, collation and filter.
    #[must_use]
    pub fn has_identity_of(&self, other: &CollectionIndex) -> bool {
        let same = |a: &Option<Value>, b: &Option<Value>| match (a, b) {
            (Some(a), Some(b)) => is_same(a, b),
            (None, None) => true,
            _ => false,
        };
        self.keys == other.keys
            && same(&self.collation, &other.collation)
            && same(&self.partial_filter, &other.partial_filter)
    }

    /// Whether nothing but the name tells them apart.
    #[must_use]
    pub fn is_same_but_name(&self, other: &CollectionIndex) -> bool {
        let numbers = |options: &Map<String, Value>| canonical(&Value::Object(options.clone()));
        self.has_identity_of(other)
            && (self.unique, self.sparse, self.hidden) == (other.unique, other.sparse, other.hidden)
            && self.expire_after_seconds == other.expire_after_seconds
            && numbers(&self.weights) == numbers(&other.weights)
            && numbers(&self.options) == numbers(&other.options)
    }
}

impl Validator {
    /// The filter that finds the documents which do not match, to be counted before the validator is set.
    #[must_use]
    pub fn violations(&self) -> Value {
        serde_json::json!({ "$nor": [self.rule] })
    }

    /// Whether both check the same documents for the same.
    #[must_use]
    pub fn is_same(&self, other: &Validator) -> bool {
        (self.level, self.action) == (other.level, other.action) && is_same(&self.rule, &other.rule)
    }
}

/// Whether two queries are one: the order of keys and of sets says nothing, nor does the type of a number.
#[must_use]
pub fn is_same(one: &Value, other: &Value) -> bool {
    canonical(one) == canonical(other)
}

/// A value in the form in which it is compared.
#[must_use]
pub fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            if let Some(number) = wrapped_number(entries) {
                return number;
            }
            let entries = entries.iter().map(|(key, value)| {
                let mut value = canonical(value);
                if let (true, Value::Array(items)) = (SETS.contains(&key.as_str()), &mut value)
                    && items.iter().all(|item| !item.is_array() && !item.is_object())
                {
                    items.sort_by_key(Value::to_string);
                    items.dedup();
                }
                (key.clone(), value)
            });
            Value::Object(entries.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => canonical_number(other),
    }
}

/// `{"$numberLong": "5"}` is 5.
fn wrapped_number(entries: &Map<String, Value>) -> Option<Value> {
    let (key, Value::String(text)) = entries.iter().next().filter(|_| entries.len() == 1)? else {
        return None;
    };
    match key.as_str() {
        "$numberInt" | "$numberLong" => text.parse::<i64>().ok().map(Value::from),
        "$numberDouble" => Some(canonical_number(&Value::Number(Number::from_f64(text.parse().ok()?)?))),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the number was tested to be whole and small")]
fn canonical_number(value: &Value) -> Value {
    /// Every whole number up to this one has a double of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value.as_f64() {
        Some(number) if value.is_f64() && number.fract() == 0.0 && number.abs() <= EXACT => {
            Value::from(number as i64)
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_and_number_types_say_nothing() {
        for (one, other, same) in [
            (json!({ "minimum": 0 }), json!({ "minimum": 0.0 }), true),
            (json!({ "minimum": 0 }), json!({ "minimum": { "$numberLong": "0" } }), true),
            (json!({ "minimum": 0 }), json!({ "minimum": 0.5 }), false),
            (json!({ "required": ["a", "b"] }), json!({ "required": ["b", "a"] }), true),
            (json!({ "a": 1, "b": 2 }), json!({ "b": 2, "a": 1 }), true),
            (json!({ "$and": [1, 2] }), json!({ "$and": [2, 1] }), false),
            (json!({ "m": { "$numberDecimal": "1" } }), json!({ "m": 1 }), false),
        ] {
            assert_eq!(is_same(&one, &other), same, "{one} and {other}");
        }
    }

    #[test]
    fn what_the_server_adds_to_an_index_is_left_out() {
        let mut index = CollectionIndex {
            name: "words".into(),
            keys: vec![
                ("b".into(), KeyKind::Text),
                ("a".into(), KeyKind::Text),
                ("at".into(), KeyKind::Descending),
            ],
            ..CollectionIndex::default()
        };
        for (name, value) in [
            ("v", json!(2)),
            ("default_language", json!("english")),
            ("textIndexVersion", json!(3.0)),
            ("wildcardProjection", json!({ "a": 1 })),
        ] {
            index.options.insert(name.into(), value);
        }
        index.weights.insert("a".into(), json!(1));
        index.weights.insert("b".into(), json!(5));
        index.normalize();
        let names: Vec<&str> = index.keys.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["a", "b", "at"]);
        assert_eq!(index.options.keys().collect::<Vec<_>>(), ["wildcardProjection"]);
        assert_eq!(index.weights.keys().collect::<Vec<_>>(), ["b"]);
    }
}
