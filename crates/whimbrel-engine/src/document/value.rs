//! BSON values as JSON.

use bson::{Bson, Document};
use serde_json::{Map, Value};

use super::failure::integer;

/// Relaxed Extended JSON in which a whole number is written the same whichever of BSON's kinds holds it.
pub(crate) fn plain(value: &Bson) -> Value {
    match value {
        Bson::Document(document) => Value::Object(plain_document(document)),
        Bson::Array(values) => Value::Array(values.iter().map(plain).collect()),
        number => match integer(Some(number)) {
            Some(whole) => Value::from(whole),
            None => number.clone().into_relaxed_extjson(),
        },
    }
}

/// The same, of a document.
pub(crate) fn plain_document(document: &Document) -> Map<String, Value> {
    document.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_look_the_same() {
        let document =
            doc! { "a": 1.0, "b": 1_i64, "c": 1, "d": [1.0, 1.5], "e": { "f": -0.0 }, "g": f64::NAN };
        let expected = json!({
            "a": 1, "b": 1, "c": 1, "d": [1, 1.5], "e": { "f": 0 }, "g": { "$numberDouble": "NaN" }
        });
        assert_eq!(Value::Object(plain_document(&document)), expected);
    }
}
