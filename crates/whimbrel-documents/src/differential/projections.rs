//! Projections of find and of aggregate, and sorts.

use bson::{Bson, Document, bson, doc};

use super::values::{decimal, documents};
use super::{Case, run};

fn shown(filter: Document, projection: Document) -> Case {
    let command = doc! { "find": "docs", "filter": filter, "projection": projection, "sort": { "_id": 1 }, "batchSize": 100_000 };
    Case::new("projection", command)
}

fn stated() -> Vec<Document> {
    let one = doc! { "$add": [1, 1] };
    vec![
        doc! {},
        doc! { "a": 1 },
        doc! { "a": 0 },
        doc! { "_id": 0 },
        doc! { "_id": 1 },
        doc! { "_id": 0, "a": 1 },
        doc! { "_id": 1, "a": 0 },
        doc! { "a": 1, "n": 0 },
        doc! { "n": 0, "a": 1 },
        doc! { "n.b": 1 },
        doc! { "n": { "b": 1 } },
        doc! { "l.b": 1 },
        doc! { "l.b": 0 },
        doc! { "l.b.c": 1 },
        doc! { "l.b.c": 0 },
        doc! { "m.x": 1 },
        doc! { "m.x": 0 },
        doc! { "m": 1, "l": 1 },
        doc! { "z": "$a" },
        doc! { "z": "lit" },
        doc! { "z": one.clone() },
        doc! { "z": one, "a": 0 },
        doc! { "a": "$m" },
        doc! { "n.b": "$a" },
        doc! { "l.z": "$_id" },
        doc! { "m.z": 5, "a": 1 },
        doc! { "n": 1, "n.b": 1 },
        doc! { "n.b": 1, "n": 1 },
        doc! { "": 1 },
        doc! { "a.": 1 },
        doc! { "$a": 1 },
        doc! { "a": {} },
        doc! { "a": [] },
        doc! { "z": [1, "$a"] },
        doc! { "a": Bson::Null },
        doc! { "a": 1.5 },
        doc! { "a": -1, "l": true },
        doc! { "z": { "q": "$a", "w": 1 } },
        doc! { "z.q": "$a", "z.w": "$_id" },
        doc! { "_id": "$a" },
        doc! { "_id": 0, "z": "$_id" },
        doc! { "z": { "$foo": 1 } },
        doc! { "z": "$$REMOVE" },
        doc! { "a": "$$REMOVE", "n": 1 },
        doc! { "_id": 0, "n": { "b": 0 } },
        doc! { "n.b": 1, "n.q": "$_id" },
        doc! { "a": { "b": 1, "$c": 1 } },
        doc! { "l": { "b": 1, "c": 1 }, "m": 1 },
        doc! { "m.0": 1 },
    ]
}

fn find_only() -> Vec<(Document, Document)> {
    let all = Document::new;
    vec![
        (all(), doc! { "m": { "$slice": 1 } }),
        (doc! { "$and": [] }, doc! { "m.x": 1, "m": 1 }),
        (all(), doc! { "m": { "$slice": decimal("1.5") } }),
        (all(), doc! { "m": { "$slice": [1.7, decimal("0.7")] } }),
        (all(), doc! { "m": { "$slice": [1, 1] } }),
        (all(), doc! { "m": { "$slice": -1 }, "a": 1 }),
        (all(), doc! { "m": { "$slice": -1 }, "a": 0 }),
        (all(), doc! { "l.b": { "$slice": 1 } }),
        (all(), doc! { "m": { "$slice": [-2, 1] } }),
        (all(), doc! { "m": { "$slice": 0 } }),
        (all(), doc! { "m": { "$slice": [1, 0] } }),
        (all(), doc! { "m": { "$slice": [1, -1] } }),
        (all(), doc! { "l": { "$elemMatch": { "b": 1 } } }),
        (all(), doc! { "l": { "$elemMatch": { "b": 99 } } }),
        (all(), doc! { "l": { "$elemMatch": { "b": 1 } }, "a": 1 }),
        (all(), doc! { "l": { "$elemMatch": { "b": 1 } }, "a": 0 }),
        (all(), doc! { "m": { "$elemMatch": { "$gt": 0 } } }),
        (all(), doc! { "n.b": { "$elemMatch": { "x": 1 } } }),
        (all(), doc! { "a": 1, "m": { "$elemMatch": { "$gt": 1 } }, "n": 1 }),
        (doc! { "m": 1 }, doc! { "m.$": 1 }),
        (doc! { "m": { "$gte": 5 } }, doc! { "m.$": 1, "a": 1 }),
        (doc! { "l.b": 1 }, doc! { "l.$": 1 }),
        (doc! { "l": { "$elemMatch": { "b": 5 } } }, doc! { "l.$": 1 }),
        (doc! { "m": 1 }, doc! { "m.$": 0 }),
        (doc! { "m": 1 }, doc! { "m.$": 1, "l.$": 1 }),
        (doc! { "m": 1 }, doc! { "m.$.x": 1 }),
        (doc! { "a": 1 }, doc! { "m.$": 1 }),
        (doc! { "m": 1 }, doc! { "m.$": 1, "a": 0 }),
    ]
}

#[tokio::test]
async fn projections_show_what_mongodb_shows() {
    let mut cases: Vec<Case> =
        stated().into_iter().map(|projection| shown(Document::new(), projection)).collect();
    cases.extend(find_only().into_iter().map(|(filter, projection)| shown(filter, projection)));
    for projection in stated() {
        cases.push(Case::aggregate(
            "$project",
            vec![doc! { "$sort": { "_id": 1 } }, doc! { "$project": projection.clone() }],
        ));
        cases
            .push(Case::aggregate("$set", vec![doc! { "$sort": { "_id": 1 } }, doc! { "$set": projection }]));
    }
    for argument in [
        bson!("a"),
        bson!(["a", "n.b"]),
        bson!(["l.b", "m"]),
        bson!(1),
        bson!([]),
        bson!(""),
        bson!(["n", "n.b"]),
        bson!([1]),
    ] {
        cases.push(Case::aggregate(
            "$unset",
            vec![doc! { "$sort": { "_id": 1 } }, doc! { "$unset": argument }],
        ));
    }
    run("projections", &[("docs", documents())], cases).await;
}

#[tokio::test]
async fn sorts_order_as_mongodb_orders() {
    let mut cases = Vec::new();
    for path in ["a", "n.b", "l.b", "m", "n", "l", "m.0", "l.0.b", "n.b.c", "l.b.c", "zz", "a.x"] {
        for direction in [1, -1] {
            let mut keys = Document::new();
            keys.insert(path, direction);
            keys.insert("_id", 1);
            cases.push(Case::new(
                "sort",
                doc! { "find": "docs", "filter": {}, "sort": keys.clone(), "batchSize": 100_000 },
            ));
            cases.push(Case::aggregate("$sort", vec![doc! { "$sort": keys.clone() }]));
            cases.push(Case::aggregate(
                "$sort",
                vec![doc! { "$sort": keys.clone() }, doc! { "$limit": 7 }, doc! { "$project": { "_id": 1 } }],
            ));
            let mut compound = doc! { "n.b": -direction };
            compound.extend(keys);
            cases.push(Case::aggregate(
                "$sort",
                vec![doc! { "$match": { "_id": { "$lt": 50 } } }, doc! { "$sort": compound }],
            ));
        }
    }
    for keys in [
        bson!({ "a": 2 }),
        bson!({}),
        bson!(1),
        bson!({ "a": "x" }),
        bson!({ "m": 1, "l": 1 }),
        bson!({ "": 1 }),
        bson!({ "$a": 1 }),
        bson!({ "a": 1.0, "_id": 1 }),
        bson!({ "a": Bson::Int64(-1), "_id": 1 }),
    ] {
        cases.push(Case::aggregate("$sort", vec![doc! { "$sort": keys }]));
    }
    run("sorts", &[("docs", documents())], cases).await;
}

#[tokio::test]
async fn a_place_in_one_array_is_shown_of_another() {
    let documents = vec![
        doc! { "_id": 0, "l": [1, 2, 3], "m": [7] },
        doc! { "_id": 1, "l": [1, 2, 3], "m": [7, 8] },
        doc! { "_id": 2, "l": [1, 2, 3], "m": [] },
        doc! { "_id": 3, "l": [1, 2, 3], "m": [7, 8, 9, 10] },
    ];
    let mut cases = Vec::new();
    for id in 0..4 {
        for wanted in 1..4 {
            cases.push(shown(doc! { "_id": id, "l": wanted }, doc! { "m.$": 1 }));
        }
    }
    run("shown_places", &[("docs", documents)], cases).await;
}
