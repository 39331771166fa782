//! Queries, aggregation and plans.

use mongodb::bson::{Document, doc};
use mongodb::error::Error;

use super::{Outcome::*, Row, Server, is, number, row};

#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    row("$lookup", Works, Works, |server| {
        server.insert("orders", [doc! { "_id": 1, "city": 7 }])?;
        server.insert("cities", [doc! { "_id": 7, "name": "Puno" }])?;
        let lookup = doc! { "from": "cities", "localField": "city", "foreignField": "_id", "as": "found" };
        let found = server.aggregate("orders", [doc! { "$lookup": lookup }])?;
        Ok(found[0].get_array("found").unwrap().len() == 1)
    }),
    row("$lookup with let and a pipeline", Works, Works, |server| {
        server.insert("orders_let", [doc! { "_id": 1, "city": 7 }])?;
        server.insert("cities_let", [doc! { "_id": 7 }, doc! { "_id": 8 }])?;
        let pipeline = vec![doc! { "$match": { "$expr": { "$eq": ["$_id", "$$wanted"] } } }];
        let lookup = doc! { "from": "cities_let", "let": { "wanted": "$city" }, "pipeline": pipeline, "as": "found" };
        let found = server.aggregate("orders_let", [doc! { "$lookup": lookup }])?;
        Ok(found[0].get_array("found").unwrap().len() == 1)
    }),
    row("$facet", Works, Works, |server| {
        server.insert("facet", [doc! { "a": 1 }, doc! { "a": 2 }])?;
        let found = server.aggregate("facet", [doc! { "$facet": { "n": [{ "$count": "n" }], "all": [] } }])?;
        Ok(found[0].get_array("all").is_ok_and(|all| all.len() == 2))
    }),
    row("$graphLookup", Works, Works, |server| {
        server.insert("graph", [doc! { "_id": 1 }, doc! { "_id": 2, "up": 1 }, doc! { "_id": 3, "up": 2 }])?;
        let graph = doc! { "from": "graph", "startWith": "$up", "connectFromField": "up", "connectToField": "_id", "as": "above" };
        let found = server.aggregate("graph", [doc! { "$match": { "_id": 3 } }, doc! { "$graphLookup": graph }])?;
        Ok(found[0].get_array("above").unwrap().len() == 2)
    }),
    row("$merge and $out", Works, Works, |server| {
        server.insert("merged", [doc! { "_id": 1 }])?;
        server.aggregate("merged", [doc! { "$merge": { "into": "merged_to" } }])?;
        server.aggregate("merged", [doc! { "$out": "merged_out" }])?;
        Ok(server.find("merged_to", doc! {})?.len() + server.find("merged_out", doc! {})?.len() == 2)
    }),
    row("$setWindowFields", Works, Works, |server| {
        server.insert("window", [doc! { "_id": 1, "n": 2 }, doc! { "_id": 2, "n": 3 }])?;
        let output = doc! { "sum": { "$sum": "$n", "window": { "documents": ["unbounded", "current"] } } };
        let found = server.aggregate("window", [doc! { "$setWindowFields": { "sortBy": { "_id": 1 }, "output": output } }])?;
        Ok(is(&found[1], "sum", 5))
    }),
    row("$geoNear", Works, Works, |server| {
        server.index("geo_near", doc! { "at": "2dsphere" }, doc! {})?;
        let point = |x: f64| doc! { "type": "Point", "coordinates": [x, 0.0] };
        server.insert("geo_near", [doc! { "at": point(1.0) }])?;
        let near = doc! { "near": point(0.0), "distanceField": "metres", "spherical": true };
        let found = server.aggregate("geo_near", [doc! { "$geoNear": near }])?;
        Ok(found[0].get_f64("metres").is_ok_and(|metres| (111_000.0..112_000.0).contains(&metres)))
    }),
    row("$sample", Works, Works, |server| {
        server.insert("sampled", (0..10).map(|n| doc! { "_id": n }))?;
        Ok(server.aggregate("sampled", [doc! { "$sample": { "size": 3 } }])?.len() == 3)
    }),
    row("$jsonSchema in a find", Works, Works, |server| {
        server.insert("by_schema", [doc! { "a": 1 }, doc! { "a": "x" }])?;
        let schema = doc! { "required": ["a"], "properties": { "a": { "bsonType": "int" } } };
        Ok(server.find("by_schema", doc! { "$jsonSchema": schema })?.len() == 1)
    }),
    row("$expr in a find", Works, Works, |server| {
        server.insert("by_expression", [doc! { "a": 1, "b": 2 }, doc! { "a": 2, "b": 1 }])?;
        Ok(server.find("by_expression", doc! { "$expr": { "$gt": ["$b", "$a"] } })?.len() == 1)
    }),
    row("collation in a find", Works, Works, |server| {
        server.insert("by_collation", [doc! { "a": "Lima" }])?;
        let find = doc! { "find": "by_collation", "filter": { "a": "lima" }, "collation": { "locale": "en", "strength": 2 } };
        Ok(server.batch(find)?.len() == 1)
    }),
    row("distinct", Works, Works, |server| {
        server.insert("distinct", [doc! { "a": 1 }, doc! { "a": [1, 2] }])?;
        let reply = server.run(doc! { "distinct": "distinct", "key": "a" })?;
        Ok(reply.get_array("values").unwrap().len() == 2)
    }),
    row("getMore", Works, Works, |server| {
        server.insert("cursor", (0..10).map(|n| doc! { "_id": n }))?;
        let reply = server.run(doc! { "find": "cursor", "batchSize": 4 })?;
        let id = reply.get_document("cursor").unwrap().get_i64("id").unwrap();
        let more = server.run(doc! { "getMore": id, "collection": "cursor" })?;
        Ok(more.get_document("cursor").unwrap().get_array("nextBatch").unwrap().len() == 6)
    }),
    row("explain: queryPlanner", Works, Works, |server| {
        server.index("explained", doc! { "a": 1 }, doc! {})?;
        server.insert("explained", [doc! { "a": 1 }])?;
        Ok(winning_plan(server, "explained", doc! { "a": 1 })?.contains("IXSCAN"))
    }),
    row("explain: executionStats", Works, Works, |server| {
        server.insert("executed", (0..10).map(|n| doc! { "a": n }))?;
        let explain = doc! { "explain": { "find": "executed", "filter": { "a": 1 } }, "verbosity": "executionStats" };
        let reply = server.run(explain)?;
        let Ok(statistics) = reply.get_document("executionStats") else { return Ok(false) };
        Ok(number(statistics.get("totalDocsExamined")) == Some(10) && number(statistics.get("nReturned")) == Some(1))
    }),
    row("explain of an aggregate", Works, Works, |server| {
        server.insert("explained_pipeline", [doc! { "a": 1 }])?;
        let pipeline = vec![doc! { "$match": { "a": 1 } }];
        let aggregate = doc! { "aggregate": "explained_pipeline", "pipeline": pipeline, "cursor": {} };
        let reply = server.run(doc! { "explain": aggregate, "verbosity": "queryPlanner" })?;
        Ok(format!("{reply:?}").contains("COLLSCAN"))
    }),
    row("$indexStats lists the indexes", Works, Works, |server| {
        server.index("index_list", doc! { "a": 1 }, doc! {})?;
        let found = server.aggregate("index_list", [doc! { "$indexStats": {} }])?;
        Ok(found.iter().filter(|index| index.contains_key("accesses")).count() == 2)
    }),
    row("$indexStats counts accesses", Works, Ignores, |server| {
        server.index("index_stats", doc! { "a": 1 }, doc! {})?;
        server.insert("index_stats", [doc! { "a": 1 }])?;
        server.find("index_stats", doc! { "a": 1 })?;
        let found = server.aggregate("index_stats", [doc! { "$indexStats": {} }])?;
        let probe = found.iter().find(|index| is(index, "name", "probe"));
        Ok(probe.is_some_and(|probe| {
            let accesses = probe.get_document("accesses");
            accesses.is_ok_and(|accesses| number(accesses.get("ops")).is_some_and(|ops| ops > 0))
        }))
    }),
    row("$collStats with storageStats and count", Works, Ignores, |server| {
        server.insert("coll_stats", [doc! { "a": 1 }])?;
        let found = server.aggregate("coll_stats", [doc! { "$collStats": { "storageStats": {}, "count": {} } }])?;
        let Some(storage) = found.first().and_then(|found| found.get_document("storageStats").ok()) else { return Ok(false) };
        Ok(["size", "storageSize", "totalIndexSize"].iter().all(|name| number(storage.get(name)).is_some_and(|size| size > 0))
            && storage.get_document("indexSizes").is_ok()
            && number(found[0].get("count")) == Some(1))
    }),
    row("maxTimeMS is refused with 50 when it passes", Works, Works, |server| {
        server.insert("slow", (0..100).map(|n| doc! { "a": n }))?;
        let lookup = doc! { "from": "slow", "pipeline": [{ "$lookup": { "from": "slow", "pipeline": [], "as": "c" } }], "as": "b" };
        let pipeline = vec![doc! { "$lookup": lookup }, doc! { "$unwind": "$b" }, doc! { "$unwind": "$b.c" }, doc! { "$count": "n" }];
        let slow = doc! { "aggregate": "slow", "pipeline": pipeline, "cursor": {}, "maxTimeMS": 1 };
        super::index::refused_with(server.run(slow), 50)
    }),
];

/// The winning plan of a find, as text.
pub(super) fn winning_plan(server: &Server, collection: &str, filter: Document) -> Result<String, Error> {
    let explain = doc! { "explain": { "find": collection, "filter": filter }, "verbosity": "queryPlanner" };
    let reply = server.run(explain)?;
    let planner = reply.get_document("queryPlanner").cloned().unwrap_or_default();
    Ok(planner.get("winningPlan").map(ToString::to_string).unwrap_or_default())
}
