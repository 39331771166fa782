//! Queries written as JSON in a declaration: which of them a validator and a partial index take.

use serde_json::{Map, Value};

/// What a partial index may ask of a field; MongoDB refuses every other operator there.
const PARTIAL_OPERATORS: &[&str] =
    &["$eq", "$exists", "$gt", "$gte", "$lt", "$lte", "$type", "$in", "$geoWithin", "$geoIntersects"];

/// What no validator may ask.
const NOT_IN_VALIDATORS: &[&str] = &["$text", "$near", "$nearSphere", "$where", "$geoNear"];

/// A check's condition as a query.
///
/// # Errors
///
/// What is wrong with it, to be read after the name of the check.
pub(crate) fn condition(text: &str) -> Result<Value, String> {
    let query = object(text)?;
    if let Some(operator) = operator_in(&query, NOT_IN_VALIDATORS) {
        return Err(format!("uses `{operator}`, which a validator cannot"));
    }
    Ok(query)
}

/// The filter of a partial index.
///
/// # Errors
///
/// What is wrong with it, to be read after the name of the index.
pub(crate) fn partial(text: &str) -> Result<Value, String> {
    let filter = object(text)?;
    partial_object(filter.as_object().expect("the text was read as an object"))?;
    Ok(filter)
}

fn object(text: &str) -> Result<Value, String> {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("is not a JSON object".into()),
        Err(error) => Err(format!("is not a JSON filter ({error})")),
    }
}

fn operator_in<'o>(query: &Value, operators: &[&'o str]) -> Option<&'o str> {
    match query {
        Value::Array(items) => items.iter().find_map(|item| operator_in(item, operators)),
        Value::Object(entries) => entries.iter().find_map(|(key, value)| {
            operators
                .iter()
                .find(|operator| **operator == key)
                .copied()
                .or_else(|| operator_in(value, operators))
        }),
        _ => None,
    }
}

fn partial_object(filter: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in filter {
        match (key.as_str(), value) {
            ("$and" | "$or", Value::Array(parts)) if !parts.is_empty() => {
                for part in parts {
                    let part = part
                        .as_object()
                        .ok_or_else(|| format!("has a `{key}` of something else than filters"))?;
                    partial_object(part)?;
                }
            }
            ("$and" | "$or", _) => return Err(format!("has a `{key}` without a list of filters")),
            (operator, _) if operator.starts_with('$') => {
                return Err(format!("uses `{operator}`, which a partial index cannot"));
            }
            (_, Value::Object(entries)) if is_operators(entries) => partial_operators(entries)?,
            _ => {}
        }
    }
    Ok(())
}

fn partial_operators(operators: &Map<String, Value>) -> Result<(), String> {
    for (operator, value) in operators {
        if !PARTIAL_OPERATORS.contains(&operator.as_str()) {
            return Err(format!("uses `{operator}`, which a partial index cannot"));
        }
        if operator == "$exists" && value != &Value::Bool(true) {
            return Err("asks for `$exists: false`, which a partial index cannot".into());
        }
    }
    Ok(())
}

/// Whether these are operators, and not a value of Extended JSON such as `{"$oid": …}`.
fn is_operators(entries: &Map<String, Value>) -> bool {
    const VALUES: &[&str] = &[
        "$oid",
        "$date",
        "$numberDecimal",
        "$numberLong",
        "$numberInt",
        "$numberDouble",
        "$binary",
        "$uuid",
        "$regularExpression",
        "$timestamp",
        "$minKey",
        "$maxKey",
    ];
    entries.keys().next().is_some_and(|key| key.starts_with('$') && !VALUES.contains(&key.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_filter_takes_what_mongodb_takes() {
        for taken in [
            r#"{"phone": {"$exists": true}}"#,
            r#"{"status": "open", "age": {"$gte": 18, "$lt": 65}}"#,
            r#"{"$or": [{"a": 1}, {"$and": [{"b": {"$in": [1, 2]}}]}]}"#,
            r#"{"owner": {"$oid": "65a1b2c3d4e5f60718293a4b"}}"#,
            r#"{"kind": {"$type": "string"}}"#,
        ] {
            assert!(partial(taken).is_ok(), "{taken}: {:?}", partial(taken));
        }
        for refused in [
            "a IS NULL",
            "[1]",
            r#"{"phone": {"$exists": false}}"#,
            r#"{"phone": {"$ne": null}}"#,
            r#"{"$nor": [{"a": 1}]}"#,
            r#"{"$or": {"a": 1}}"#,
            r#"{"$expr": {"$gt": ["$a", "$b"]}}"#,
            r#"{"name": {"$regex": "^a"}}"#,
        ] {
            assert!(partial(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_condition_is_a_query_without_positions_and_words() {
        assert!(condition(r#"{"price": {"$gt": 0}}"#).is_ok());
        assert!(condition(r#"{"$or": [{"a": {"$near": [0, 0]}}]}"#).is_err());
        assert!(condition("price > 0").is_err());
    }
}
