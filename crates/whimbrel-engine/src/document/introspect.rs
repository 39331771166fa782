//! The collections of a database as data.

use bson::{Bson, Document, doc};
use serde_json::{Map, Value, json};
use whimbrel_schema::document::{Collection, DocumentCatalog, ValidationAction, ValidationLevel, Validator};

use super::ask::{Ask, text};
use super::failure::code;
use super::indexes::{self, Collations};
use super::own::{is_internal, is_own};
use super::value::plain;
use crate::{EngineError, Result};

const READING: &str = "reading the collections";

/// What stands in the database, sorted, without Whimbrel's own and the server's own collections.
pub(crate) async fn catalog(ask: Ask<'_>) -> Result<DocumentCatalog> {
    let listed = ask.all(doc! { "listCollections": 1 }).await;
    let mut catalog = DocumentCatalog::default();
    for stored in ask.told(listed, READING)? {
        let name = stored.get_str("name").unwrap_or_default().to_owned();
        if is_own(&name) || is_internal(&name) {
            continue;
        }
        if text(&stored, "type") == Some("view") {
            catalog.views.push(name);
        } else {
            let options = stored.get_document("options").cloned().unwrap_or_default();
            catalog.collections.push(collection(ask, name, &options).await?);
        }
    }
    catalog.sort();
    Ok(catalog)
}

async fn collection(ask: Ask<'_>, name: String, stored: &Document) -> Result<Collection> {
    let listed = match ask.all(doc! { "listIndexes": &name }).await {
        Ok(listed) => listed,
        // It was dropped a moment ago.
        Err(error) if error.code() == Some(code::NAMESPACE_NOT_FOUND) => Vec::new(),
        Err(error) => return Err(ask.failed(error, READING)),
    };
    let identity = listed.iter().find(|index| text(index, "name") == Some("_id_"));
    let collations = Collations {
        own: indexes::collation(stored.get("collation")),
        listed: identity.is_some_and(|index| index.contains_key("collation")),
    };
    let mut found = Vec::new();
    for index in &listed {
        let read = indexes::read(index, &collations).map_err(|what| EngineError::UnsupportedSchema {
            product: "whimbrel",
            object: format!("the collection `{name}`"),
            what,
            help: "drop the index, or leave the collection to another tool".to_owned(),
        })?;
        found.extend(read.filter(|index| !is_automatic(stored, index)));
    }
    Ok(Collection { options: options(stored), validator: validator(stored), indexes: found, name })
}

/// Whether a server makes this index of a time series by itself.
fn is_automatic(options: &Document, index: &whimbrel_schema::document::CollectionIndex) -> bool {
    let Ok(series) = options.get_document("timeseries") else { return false };
    let (Ok(meta), Ok(time)) = (series.get_str("metaField"), series.get_str("timeField")) else {
        return false;
    };
    index.name == format!("{meta}_1_{time}_1")
}

fn validator(stored: &Document) -> Option<Validator> {
    let rule = stored.get_document("validator").ok().filter(|rule| !rule.is_empty())?;
    Some(Validator {
        rule: plain(&Bson::Document(rule.clone())),
        level: match stored.get_str("validationLevel") {
            Ok("moderate") => ValidationLevel::Moderate,
            Ok("off") => ValidationLevel::Off,
            _ => ValidationLevel::Strict,
        },
        action: match stored.get_str("validationAction") {
            Ok("warn") => ValidationAction::Warn,
            _ => ValidationAction::Error,
        },
    })
}

fn options(stored: &Document) -> Map<String, Value> {
    let mut options = Map::new();
    for (name, value) in stored {
        let written = match name.as_str() {
            // The validator is apart, and the rest are a server's own notes.
            "validator" | "validationLevel" | "validationAction" | "autoIndexId" | "flags" | "uuid"
            | "temp" => None,
            "collation" => indexes::collation(Some(value)),
            "timeseries" => Some(time_series(plain(value))),
            "clusteredIndex" => Some(clustered(plain(value))),
            "capped" | "recordPreImages" => value.as_bool().filter(|flag| *flag).map(Value::from),
            "changeStreamPreAndPostImages" => {
                Some(plain(value)).filter(|images| images["enabled"] == json!(true))
            }
            _ => Some(plain(value)),
        };
        if let Some(written) = written {
            options.insert(name.clone(), written);
        }
    }
    options
}

/// The options of a time series without what a server fills in.
fn time_series(mut series: Value) -> Value {
    let span = match series["granularity"].as_str() {
        Some("minutes") => 86_400,
        Some("hours") => 2_592_000,
        _ => 3_600,
    };
    if let Some(fields) = series.as_object_mut() {
        fields.shift_remove("fixedBucketing");
        if fields.get("bucketMaxSpanSeconds") == Some(&json!(span))
            && !fields.contains_key("bucketRoundingSeconds")
        {
            fields.shift_remove("bucketMaxSpanSeconds");
        }
        if fields.get("granularity") == Some(&json!("seconds")) {
            fields.shift_remove("granularity");
        }
    }
    series
}

/// The options of a clustered index without its version.
fn clustered(mut index: Value) -> Value {
    if let Some(fields) = index.as_object_mut() {
        fields.shift_remove("v");
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_that_somebody_gave() {
        let stored = doc! {
            "capped": true, "size": 4096.0, "validator": { "a": 1 }, "validationLevel": "moderate",
            "collation": { "locale": "simple" }, "recordPreImages": false,
            "changeStreamPreAndPostImages": { "enabled": false },
            "timeseries": {
                "timeField": "t", "granularity": "seconds", "bucketMaxSpanSeconds": 3600, "fixedBucketing": true
            },
        };
        let expected = json!({ "capped": true, "size": 4096, "timeseries": { "timeField": "t" } });
        assert_eq!(Value::Object(options(&stored)), expected);
        let found = validator(&stored).unwrap();
        assert_eq!((found.rule, found.level), (json!({ "a": 1 }), ValidationLevel::Moderate));
        assert!(validator(&doc! { "validator": {}, "validationLevel": "strict" }).is_none());
    }

    #[test]
    fn an_unusual_time_series_is_kept() {
        let given = json!({ "timeField": "t", "granularity": "hours", "bucketMaxSpanSeconds": 2_592_000 });
        assert_eq!(time_series(given), json!({ "timeField": "t", "granularity": "hours" }));
        let given = json!({ "timeField": "t", "bucketMaxSpanSeconds": 60, "bucketRoundingSeconds": 60 });
        assert_eq!(time_series(given.clone()), given);
    }
}
