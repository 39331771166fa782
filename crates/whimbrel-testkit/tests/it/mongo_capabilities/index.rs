//! Kinds of indexes and what they promise.

use mongodb::bson::{Document, doc};
use mongodb::error::Error;

use super::{Outcome::*, Row, Server, is, row};

#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    row("unique index", Works, Works, |server| {
        server.index("unique", doc! { "a": 1 }, doc! { "unique": true })?;
        duplicate(server, "unique", doc! { "a": 1 }, doc! { "a": 1 })
    }),
    row("duplicate key tells keyPattern and keyValue", Works, Works, |server| {
        server.index("duplicate", doc! { "a": 1 }, doc! { "unique": true })?;
        let reply = server.insert("duplicate", [doc! { "a": 1 }, doc! { "a": 1 }])?;
        let error = Server::write_error(&reply).unwrap();
        Ok(is(error, "keyPattern", doc! { "a": 1 })
            && is(error, "keyValue", doc! { "a": 1 }))
    }),
    row("unique index on duplicates is refused with 11000", Works, Works, |server| {
        server.insert("duplicates", [doc! { "a": 1 }, doc! { "a": 1 }])?;
        refused_with(server.index("duplicates", doc! { "a": 1 }, doc! { "unique": true }), 11000)
    }),
    row("sparse index", Works, Works, |server| {
        server.index("sparse", doc! { "a": 1 }, doc! { "unique": true, "sparse": true })?;
        Ok(!duplicate(server, "sparse", doc! { "b": 1 }, doc! { "b": 2 })?
            && duplicate(server, "sparse", doc! { "a": 1 }, doc! { "a": 1 })?)
    }),
    row("partial index", Works, Works, |server| {
        let options = doc! { "unique": true, "partialFilterExpression": { "on": true } };
        server.index("partial", doc! { "a": 1 }, options)?;
        Ok(!duplicate(server, "partial", doc! { "a": 1 }, doc! { "a": 1 })?
            && duplicate(server, "partial", doc! { "a": 2, "on": true }, doc! { "a": 2, "on": true })?)
    }),
    row("index with collation", Works, Works, |server| {
        let options = doc! { "unique": true, "collation": { "locale": "en", "strength": 2 } };
        server.index("collation", doc! { "a": 1 }, options)?;
        duplicate(server, "collation", doc! { "a": "Lima" }, doc! { "a": "LIMA" })
    }),
    row("multikey unique index", Works, Works, |server| {
        server.index("multikey", doc! { "a": 1 }, doc! { "unique": true })?;
        duplicate(server, "multikey", doc! { "a": [1, 2] }, doc! { "a": [2, 3] })
    }),
    // SecantusDB deletes within a minute, the engine never; no test waits for that.
    row("TTL index is kept", Works, Works, |server| {
        let listed = server.index("ttl", doc! { "at": 1 }, doc! { "expireAfterSeconds": 7 })?;
        Ok(super::number(listed.get("expireAfterSeconds")) == Some(7))
    }),
    row("hidden index is kept", Works, Works, |server| {
        Ok(is(&server.index("hidden_kept", doc! { "a": 1 }, doc! { "hidden": true })?, "hidden", true))
    }),
    row("hidden index is not used", Works, Ignores, |server| {
        server.index("hidden", doc! { "a": 1 }, doc! { "hidden": true })?;
        server.insert("hidden", [doc! { "a": 1 }])?;
        Ok(!super::read::winning_plan(server, "hidden", doc! { "a": 1 })?.contains("IXSCAN"))
    }),
    row("text index and $text", Works, Refuses(67), |server| {
        server.index("text", doc! { "a": "text" }, doc! { "weights": { "a": 3 } })?;
        server.insert("text", [doc! { "a": "walking to the lake" }, doc! { "a": "mountain" }])?;
        Ok(server.find("text", doc! { "$text": { "$search": "walk" } })?.len() == 1)
    }),
    row("hashed index", Works, Refuses(67), |server| {
        let listed = server.index("hashed", doc! { "a": "hashed" }, doc! {})?;
        Ok(is(&listed, "key", doc! { "a": "hashed" }))
    }),
    row("wildcard index", Works, Works, |server| {
        let listed = server.index("wildcard", doc! { "$**": 1 }, doc! {})?;
        Ok(is(&listed, "key", doc! { "$**": 1 }))
    }),
    row("2dsphere index and $geoWithin", Works, Works, |server| {
        server.index("within", doc! { "at": "2dsphere" }, doc! {})?;
        let point = |x: f64| doc! { "type": "Point", "coordinates": [x, 0.0] };
        server.insert("within", [doc! { "at": point(1.0) }, doc! { "at": point(9.0) }])?;
        let circle = doc! { "$centerSphere": [[0.0, 0.0], 0.1] };
        Ok(server.find("within", doc! { "at": { "$geoWithin": circle } })?.len() == 1)
    }),
    row("$near sorts by distance", Works, Ignores, |server| {
        server.index("sphere", doc! { "at": "2dsphere" }, doc! {})?;
        let point = |x: f64| doc! { "type": "Point", "coordinates": [x, 0.0] };
        server.insert("sphere", [doc! { "_id": 1, "at": point(1.0) }, doc! { "_id": 2, "at": point(0.1) }])?;
        let near = doc! { "$near": { "$geometry": point(0.0), "$maxDistance": 500_000 } };
        let found = server.find("sphere", doc! { "at": near })?;
        Ok(found.len() == 2 && is(&found[0], "_id", 2))
    }),
    row("createIndexes on documents that exist", Works, Works, |server| {
        server.insert("existing", (0..100).map(|n| doc! { "a": n }))?;
        server.index("existing", doc! { "a": 1 }, doc! {})?;
        let plan = super::read::winning_plan(server, "existing", doc! { "a": 5 })?;
        Ok(plan.contains("IXSCAN") && server.find("existing", doc! { "a": 5 })?.len() == 1)
    }),
    row("the same index twice tells numIndexesBefore and After", Works, Works, |server| {
        let create = doc! { "createIndexes": "twice", "indexes": [{ "key": { "a": 1 }, "name": "probe" }] };
        server.run(create.clone())?;
        let reply = server.run(create)?;
        Ok(["numIndexesBefore", "numIndexesAfter"].iter().all(|name| super::number(reply.get(name)) == Some(2)))
    }),
    row("another index of the same name is refused with 86", Works, Works, |server| {
        server.index("conflict", doc! { "a": 1 }, doc! {})?;
        refused_with(server.index("conflict", doc! { "b": 1 }, doc! {}), 86)
    }),
    row("the same key with other options is refused with 85", Works, Works, |server| {
        server.index("options", doc! { "a": 1 }, doc! {})?;
        let other = doc! { "createIndexes": "options", "indexes": [{ "key": { "a": 1 }, "name": "other" }] };
        refused_with(server.run(other), 85)
    }),
    row("dropIndexes", Works, Works, |server| {
        server.index("drop_index", doc! { "a": 1 }, doc! {})?;
        server.run(doc! { "dropIndexes": "drop_index", "index": "probe" })?;
        Ok(server.batch(doc! { "listIndexes": "drop_index" })?.len() == 1)
    }),
    // The engine's version takes it for done; the releases before it refuse it as SecantusDB does.
    row("dropIndexes of what is missing is refused with 27", Ignores, Works, |server| {
        server.run(doc! { "create": "drop_missing" })?;
        refused_with(server.run(doc! { "dropIndexes": "drop_missing", "index": "probe" }), 27)
    }),
];

/// Inserts two documents and says whether the second was refused as a duplicate.
fn duplicate(server: &Server, collection: &str, first: Document, second: Document) -> Result<bool, Error> {
    let reply = server.insert(collection, [first, second])?;
    Ok(Server::write_code(&reply) == Some(11000))
}

/// Whether a command was refused with this code; another refusal stays an error.
pub(super) fn refused_with(answer: Result<Document, Error>, code: i32) -> Result<bool, Error> {
    match answer {
        Ok(_) => Ok(false),
        Err(error) if super::outcome(Err(error.clone())) == Refuses(code) => Ok(true),
        Err(error) => Err(error),
    }
}
