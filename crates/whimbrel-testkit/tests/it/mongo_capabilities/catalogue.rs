//! Collections, their kinds and options.

use mongodb::bson::{Bson, Decimal128, Document, doc};
use mongodb::error::Error;

use super::index::refused_with;
use super::{Outcome::*, Row, Server, is, number, row};

#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    row("validator refuses with 121", Works, Works, |server| {
        validated(server, "validated", doc! {})?;
        Ok(Server::write_code(&server.insert("validated", [doc! { "a": "x" }])?) == Some(121))
    }),
    row("validator tells errInfo details", Works, Works, |server| {
        validated(server, "detailed", doc! {})?;
        let reply = server.insert("detailed", [doc! { "a": "x" }])?;
        let information = Server::write_error(&reply).and_then(|error| error.get_document("errInfo").ok());
        let details = information.and_then(|information| information.get_document("details").ok());
        Ok(details.is_some_and(|details| {
            is(details, "operatorName", "$jsonSchema")
                && details.get_array("schemaRulesNotSatisfied").is_ok_and(|rules| !rules.is_empty())
        }))
    }),
    row("validator compares Decimal128 with a minimum", Works, Ignores, |server| {
        refuses(server, "decimals", doc! { "minimum": 0 }, "-1".parse::<Decimal128>().unwrap())
    }),
    row("validator reads POSIX classes in a pattern", Works, Ignores, |server| {
        Ok(!refuses(server, "classes", doc! { "pattern": "^[^@[:space:]]+$" }, "ab")?)
    }),
    row("validationAction warn", Works, Works, |server| {
        validated(server, "warned", doc! { "validationAction": "warn" })?;
        Ok(Server::write_error(&server.insert("warned", [doc! { "a": "x" }])?).is_none())
    }),
    row("validationLevel moderate", Refuses(59), Works, |server| {
        server.insert("moderate", [doc! { "_id": 1, "a": "x" }])?;
        let modify = doc! { "collMod": "moderate", "validator": schema(), "validationLevel": "moderate" };
        server.run(modify)?;
        let update = doc! { "q": { "_id": 1 }, "u": { "$set": { "b": 1 } } };
        let reply = server.run(doc! { "update": "moderate", "updates": [update] })?;
        Ok(number(reply.get("nModified")) == Some(1)
            && Server::write_code(&server.insert("moderate", [doc! { "a": "y" }])?) == Some(121))
    }),
    row("bypassDocumentValidation", Works, Works, |server| {
        validated(server, "bypassed", doc! {})?;
        let reply = server.run(doc! { "insert": "bypassed", "documents": [{ "a": "x" }], "bypassDocumentValidation": true })?;
        Ok(Server::write_error(&reply).is_none())
    }),
    row("collMod: validator", Refuses(59), Works, |server| {
        server.run(doc! { "create": "modified_validator" })?;
        server.run(doc! { "collMod": "modified_validator", "validator": schema() })?;
        Ok(Server::write_code(&server.insert("modified_validator", [doc! { "a": "x" }])?) == Some(121))
    }),
    row("collMod: hidden index", Refuses(59), Ignores, |server| {
        server.index("modified_hidden", doc! { "a": 1 }, doc! {})?;
        server.run(doc! { "collMod": "modified_hidden", "index": { "name": "probe", "hidden": true } })?;
        listed_index(server, "modified_hidden", |index| is(index, "hidden", true))
    }),
    row("collMod: TTL", Refuses(59), Works, |server| {
        server.index("modified_ttl", doc! { "a": 1 }, doc! { "expireAfterSeconds": 7 })?;
        server.run(doc! { "collMod": "modified_ttl", "index": { "name": "probe", "expireAfterSeconds": 9 } })?;
        listed_index(server, "modified_ttl", |index| number(index.get("expireAfterSeconds")) == Some(9))
    }),
    row("collMod: prepareUnique and unique", Refuses(59), Works, |server| {
        server.index("modified_unique", doc! { "a": 1 }, doc! {})?;
        for option in ["prepareUnique", "unique"] {
            server.run(doc! { "collMod": "modified_unique", "index": { "name": "probe", option: true } })?;
        }
        listed_index(server, "modified_unique", |index| is(index, "unique", true))
    }),
    row("create twice is refused with 48", Works, Works, |server| {
        server.run(doc! { "create": "created_twice" })?;
        refused_with(server.run(doc! { "create": "created_twice", "capped": true, "size": 4096 }), 48)
    }),
    row("drop of what is missing", Works, Works, |server| {
        // Since MongoDB 7 this is no error any more.
        server.run(doc! { "drop": "never_created" }).map(|_| true)
    }),
    row("renameCollection with dropTarget", Works, Works, |server| {
        server.insert("renamed_from", [doc! { "a": 1 }])?;
        server.insert("renamed_to", [doc! { "b": 1 }])?;
        let rename = doc! { "renameCollection": "capabilities.renamed_from", "to": "capabilities.renamed_to" };
        let refused = refused_with(server.admin(rename.clone()), 48)?;
        let mut replacing = rename;
        replacing.insert("dropTarget", true);
        server.admin(replacing)?;
        Ok(refused && server.find("renamed_to", doc! { "a": 1 })?.len() == 1)
    }),
    row("capped collections", Works, Ignores, |server| {
        server.run(doc! { "create": "capped", "capped": true, "size": 4096, "max": 2 })?;
        server.insert("capped", (0..5).map(|n| doc! { "_id": n }))?;
        Ok(server.find("capped", doc! {})? == [doc! { "_id": 3 }, doc! { "_id": 4 }])
    }),
    row("time series", Works, Ignores, |server| {
        server.run(doc! { "create": "series", "timeseries": { "timeField": "at", "metaField": "sensor" } })?;
        let at = mongodb::bson::DateTime::from_millis(1_700_000_000_000);
        server.insert("series", [doc! { "_id": 1, "at": at, "sensor": 1, "n": 2 }])?;
        let kind = options_of(server, "series")?.1;
        Ok(kind == "timeseries" && server.find("series", doc! { "sensor": 1 })?.len() == 1)
    }),
    row("clustered collections", Works, Works, |server| {
        server.run(doc! { "create": "clustered", "clusteredIndex": { "key": { "_id": 1 }, "unique": true } })?;
        server.insert("clustered", [doc! { "_id": 1 }])?;
        Ok(options_of(server, "clustered")?.0.get_document("clusteredIndex").is_ok())
    }),
    row("views", Works, Works, |server| {
        server.insert("viewed", [doc! { "a": 1 }, doc! { "a": 2 }])?;
        server.run(doc! { "create": "view", "viewOn": "viewed", "pipeline": [{ "$match": { "a": 1 } }] })?;
        Ok(server.find("view", doc! {})?.len() == 1 && options_of(server, "view")?.1 == "view")
    }),
    row("collection with a default collation", Works, Ignores, |server| {
        server.run(doc! { "create": "collated", "collation": { "locale": "en", "strength": 2 } })?;
        server.insert("collated", [doc! { "a": "Lima" }])?;
        Ok(server.find("collated", doc! { "a": "LIMA" })?.len() == 1)
    }),
    row("listCollections with options and uuid", Works, Works, |server| {
        validated(server, "listed", doc! { "validationLevel": "moderate", "validationAction": "error" })?;
        let listed = server.batch(doc! { "listCollections": 1, "filter": { "name": "listed" } })?;
        let options = listed[0].get_document("options").unwrap();
        Ok(is(options, "validator", schema())
            && is(options, "validationLevel", "moderate")
            && listed[0].get_document("info").is_ok_and(|information| information.contains_key("uuid"))
            && listed[0].get_document("idIndex").is_ok())
    }),
    row("dropDatabase", Works, Works, |server| {
        server.run_in("dropped", doc! { "insert": "c", "documents": [{ "a": 1 }] })?;
        server.run_in("dropped", doc! { "dropDatabase": 1 })?;
        let reply = server.admin(doc! { "listDatabases": 1, "filter": { "name": "dropped" } })?;
        Ok(reply.get_array("databases").unwrap().is_empty())
    }),
    row("validate", Works, Works, |server| {
        server.insert("checked", [doc! { "a": 1 }])?;
        let reply = server.run(doc! { "validate": "checked", "full": true })?;
        Ok(is(&reply, "valid", true) && number(reply.get("nrecords")) == Some(1))
    }),
    row("collStats and dbStats", Works, Works, |server| {
        server.insert("statistics", [doc! { "a": 1 }])?;
        let collection = server.run(doc! { "collStats": "statistics" })?;
        let database = server.run(doc! { "dbStats": 1 })?;
        Ok(number(collection.get("count")) == Some(1) && number(database.get("collections")).is_some_and(|n| n > 0))
    }),
    row("compact", Refuses(59), Refuses(59), |server| {
        server.insert("compacted", [doc! { "a": 1 }])?;
        server.run(doc! { "compact": "compacted" }).map(|_| true)
    }),
];

/// Whether a collection whose field `a` has this rule refuses a value of it.
fn refuses(server: &Server, collection: &str, rule: Document, value: impl Into<Bson>) -> Result<bool, Error> {
    server.run(
        doc! { "create": collection, "validator": { "$jsonSchema": { "properties": { "a": rule } } } },
    )?;
    Ok(Server::write_code(&server.insert(collection, [doc! { "a": value.into() }])?) == Some(121))
}

fn schema() -> Document {
    doc! { "$jsonSchema": { "bsonType": "object", "required": ["a"], "properties": { "a": { "bsonType": "int" } } } }
}

fn validated(server: &Server, collection: &str, options: Document) -> Result<(), Error> {
    let mut create = doc! { "create": collection, "validator": schema() };
    create.extend(options);
    server.run(create).map(drop)
}

fn listed_index(server: &Server, collection: &str, holds: fn(&Document) -> bool) -> Result<bool, Error> {
    let listed = server.batch(doc! { "listIndexes": collection })?;
    Ok(listed.iter().any(|index| is(index, "name", "probe") && holds(index)))
}

/// A collection's options and type as `listCollections` tells them.
fn options_of(server: &Server, collection: &str) -> Result<(Document, String), Error> {
    let listed = server.batch(doc! { "listCollections": 1, "filter": { "name": collection } })?;
    let kind = listed[0].get_str("type").unwrap_or_default().to_owned();
    Ok((listed[0].get_document("options").cloned().unwrap_or_default(), kind))
}
