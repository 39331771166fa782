//! Every update operator over every kind of value.

use bson::{Bson, Document, bson, doc};

use super::values::{few, lists_of_paths, values};
use super::{Case, run};

fn base() -> Document {
    doc! {
        "a": 1, "big": Bson::Int64(i64::MAX), "f": 1.5, "s": "x", "x": [1, 2, 3], "d": { "k": 1 },
        "o": [{ "k": 1, "v": 1 }, { "k": 2, "v": 2 }, 5], "n": Bson::Null, "e": [], "q": [[1, 2], [3]],
    }
}

/// One document for each update, so that none disturbs another; the documents are compared at the end.
struct Table {
    documents: Vec<Document>,
    cases: Vec<Case>,
}

impl Table {
    fn add(&mut self, kind: &str, filter: &Document, update: impl Into<Bson>, options: &Document) {
        let id = i32::try_from(self.documents.len()).expect("a small table");
        let mut document = doc! { "_id": id };
        document.extend(base());
        self.documents.push(document);
        let mut filter = filter.clone();
        filter.insert("_id", id);
        let update: Bson = update.into();
        let mut change = doc! { "q": filter, "u": update };
        change.extend(options.clone());
        self.cases.push(Case::new(kind, doc! { "update": "docs", "updates": [change] }));
    }
}

const FIELDS: [&str; 14] =
    ["a", "f", "s", "x", "x.1", "x.5", "x.b", "d", "d.k", "d.z.y", "o.k", "o.1.v", "zz", "big"];

fn operators(table: &mut Table) {
    let none = Document::new();
    let arguments = few();
    for name in
        ["$set", "$unset", "$inc", "$mul", "$min", "$max", "$push", "$addToSet", "$pull", "$setOnInsert"]
    {
        for field in FIELDS {
            for value in
                [&arguments[0], &arguments[2], &arguments[5], &arguments[8], &arguments[10], &arguments[11]]
            {
                let mut fields = Document::new();
                fields.insert(field, value.clone());
                let mut update = Document::new();
                update.insert(name, fields);
                table.add(name, &none, update, &none);
            }
        }
    }
    for value in values() {
        table.add("$set", &none, doc! { "$set": { "a": value.clone() } }, &none);
        table.add("$inc", &none, doc! { "$inc": { "a": value.clone() } }, &none);
        table.add("$inc", &none, doc! { "$inc": { "big": value.clone() } }, &none);
        table.add("$mul", &none, doc! { "$mul": { "f": value.clone() } }, &none);
        table.add("$max", &none, doc! { "$max": { "s": value.clone() } }, &none);
        table.add("$min", &none, doc! { "$min": { "x": value.clone() } }, &none);
        table.add("$pop", &none, doc! { "$pop": { "x": value.clone() } }, &none);
        table.add("$bit", &none, doc! { "$bit": { "a": { "or": value.clone() } } }, &none);
        table.add("$pullAll", &none, doc! { "$pullAll": { "x": [value.clone(), 2] } }, &none);
        table.add("replacement", &none, doc! { "a": value }, &none);
    }
}

fn arrays(table: &mut Table) {
    let none = Document::new();
    for clause in [
        doc! { "$each": [4, 0] },
        doc! { "$each": [] },
        doc! { "$each": [0], "$sort": 1 },
        doc! { "$each": [0], "$sort": -1, "$slice": 2 },
        doc! { "$each": [0], "$slice": -2 },
        doc! { "$each": [0], "$slice": 0 },
        doc! { "$each": [0], "$position": 0 },
        doc! { "$each": [0], "$position": 1 },
        doc! { "$each": [0], "$position": -1 },
        doc! { "$each": [0], "$position": 99 },
        doc! { "$each": 1 },
        doc! { "$each": [0], "$slice": "a" },
        doc! { "$each": [0], "$foo": 1 },
        doc! { "$each": [0], "$sort": 2 },
        doc! { "$each": [0], "$sort": {} },
        doc! { "$each": [0], "$position": 1.5 },
        doc! { "$slice": 1 },
        doc! { "$each": [{ "k": 0 }], "$sort": { "k": -1 } },
        doc! { "$each": [9, 8], "$sort": { "k": 1 }, "$slice": -3 },
    ] {
        for field in ["x", "o", "zz", "a", "e"] {
            let mut fields = Document::new();
            fields.insert(field, clause.clone());
            table.add("$push", &none, doc! { "$push": fields.clone() }, &none);
            table.add("$addToSet", &none, doc! { "$addToSet": fields }, &none);
        }
    }
    for condition in [
        bson!(2),
        bson!({ "$gte": 2 }),
        bson!({ "k": 1 }),
        bson!({ "k": { "$gt": 1 } }),
        bson!({ "$in": [1, 5] }),
        bson!([1, 2]),
        bson!({ "$elemMatch": { "$eq": 1 } }),
        bson!({ "k": 1, "v": 1 }),
        bson!({ "$or": [{ "k": 1 }, { "v": 2 }] }),
        bson!({}),
        bson!({ "$foo": 1 }),
        bson!({ "$exists": true }),
    ] {
        for field in ["x", "o", "q", "a", "zz", "n"] {
            let mut fields = Document::new();
            fields.insert(field, condition.clone());
            table.add("$pull", &none, doc! { "$pull": fields }, &none);
        }
    }
    for update in [
        doc! { "$pop": { "x": 1 } },
        doc! { "$pop": { "x": -1 } },
        doc! { "$pop": { "e": 1 } },
        doc! { "$pop": { "a": 1 } },
        doc! { "$pop": { "zz.y": 1 } },
        doc! { "$pop": { "q.0": 1 } },
        doc! { "$pullAll": { "x": 1 } },
        doc! { "$pullAll": { "a": [1] } },
        doc! { "$pullAll": { "x.b": [1] } },
        doc! { "$pop": { "x.b": 1 } },
        doc! { "$pop": { "s.b": 1 } },
        doc! { "$pull": { "o.5.v": 1 } },
        doc! { "$pull": { "x.0.v": 1 } },
        doc! { "$pull": { "n.v": 1 } },
        doc! { "$pullAll": { "o": [{ "k": 1, "v": 1 }, 5] } },
    ] {
        table.add("array", &none, update, &none);
    }
}

fn positions(table: &mut Table) {
    let none = Document::new();
    for (filter, update) in [
        (doc! { "x": 2 }, doc! { "$set": { "x.$": 9 } }),
        (doc! { "o.k": 2 }, doc! { "$set": { "o.$.v": 9 } }),
        (doc! { "o": { "$elemMatch": { "k": 2 } } }, doc! { "$inc": { "o.$.v": 9 } }),
        (doc! { "x": { "$gte": 2 } }, doc! { "$unset": { "x.$": 1 } }),
        (doc! { "x": { "$elemMatch": { "$gt": 1 } } }, doc! { "$mul": { "x.$": 10 } }),
        (doc! { "a": 1 }, doc! { "$set": { "x.$": 9 } }),
        (doc! { "x": { "$in": [3] } }, doc! { "$set": { "x.$": 9 } }),
        (doc! { "x.1": 2 }, doc! { "$set": { "x.$": 9 } }),
        (doc! { "o.1.v": 2 }, doc! { "$set": { "o.$.v": 9 } }),
        (doc! { "q": [3] }, doc! { "$set": { "q.$": 9 } }),
        (doc! { "$or": [{ "x": 7 }, { "x": 3 }] }, doc! { "$set": { "x.$": 9 } }),
        (doc! { "x": 2, "o.k": 1 }, doc! { "$set": { "x.$": 9 } }),
        (doc! { "x": { "$size": 3 } }, doc! { "$set": { "x.$": 9 } }),
        (doc! { "$and": [{ "o.k": 2 }], "o": { "k": 1, "v": 1 } }, doc! { "$set": { "o.$": 9 } }),
        (
            doc! { "o": { "k": 1, "v": 1 }, "$and": [{ "$and": [{ "o.k": 2 }] }] },
            doc! { "$set": { "o.$": 9 } },
        ),
        (doc! { "$or": [{ "o.k": 2 }], "o": { "k": 1, "v": 1 } }, doc! { "$set": { "o.$": 9 } }),
        (
            doc! { "$or": [{ "o.k": 2 }, { "o.v": 7 }], "o": { "k": 1, "v": 1 } },
            doc! { "$set": { "o.$": 9 } },
        ),
        (doc! { "x": { "$all": [2, 3] } }, doc! { "$set": { "x.$": 9 } }),
        (doc! {}, doc! { "$set": { "$.x": 9 } }),
        (doc! { "x": 2 }, doc! { "$set": { "x.$.$": 9 } }),
    ] {
        table.add("positional", &filter, update, &none);
    }
    for (update, filters) in [
        (doc! { "$set": { "o.$[].v": 9 } }, bson!([])),
        (doc! { "$inc": { "x.$[]": 1 } }, bson!([])),
        (doc! { "$set": { "a.$[]": 9 } }, bson!([])),
        (doc! { "$set": { "zz.$[]": 9 } }, bson!([])),
        (doc! { "$unset": { "zz.$[]": 9 } }, bson!([])),
        (doc! { "$inc": { "q.$[].$[]": 1 } }, bson!([])),
        (doc! { "$set": { "e.$[]": 1 } }, bson!([])),
        (doc! { "$set": { "x.$[e]": 9 } }, bson!([{ "e": { "$gte": 2 } }])),
        (doc! { "$set": { "o.$[e].v": 9 } }, bson!([{ "e.k": 2 }])),
        (doc! { "$set": { "x.$[e]": 9 } }, bson!([])),
        (doc! { "$set": { "x.$[e]": 9 } }, bson!([{ "f": 1 }])),
        (doc! { "$set": { "x.$[e]": 9 } }, bson!([{ "e": 1 }, { "f": 1 }])),
        (doc! { "$set": { "x.$[e]": 9 } }, bson!([{ "e": 1 }, { "e": 1 }])),
        (doc! { "$set": { "x.$[e]": 9 } }, bson!([{ "e": 1, "f": 1 }])),
        (doc! { "$set": { "x.$[e]": 9 } }, bson!([{}])),
        (doc! { "$set": { "x.$[E]": 9 } }, bson!([{ "E": 1 }])),
        (doc! { "$set": { "x.$[e]": 9 } }, bson!([{ "$or": [{ "e": 1 }, { "e": 3 }] }])),
        (doc! { "$set": { "q.$[r].$[c]": 9 } }, bson!([{ "r": 3 }, { "c": { "$gt": 1 } }])),
        (doc! { "$set": { "q.$[].$[c]": 9 } }, bson!([{ "c": { "$gt": 1 } }])),
        (doc! { "$unset": { "o.$[e].v": 1 } }, bson!([{ "e.k": { "$exists": true } }])),
        (doc! { "$push": { "q.$[]": 7 } }, bson!([])),
        (doc! { "$set": { "$[]": 1 } }, bson!([])),
    ] {
        table.add("arrayFilters", &none, update, &doc! { "arrayFilters": filters });
    }
}

fn others(table: &mut Table) {
    let none = Document::new();
    for update in [
        bson!({ "$foo": { "a": 1 } }),
        bson!({ "$set": 1 }),
        bson!({ "$set": {} }),
        bson!({ "$set": { "a": 1 }, "$inc": { "a": 1 } }),
        bson!({ "$set": { "d": 1, "d.k": 2 } }),
        bson!({ "$set": { "": 1 } }),
        bson!({ "$set": { "a.": 1 } }),
        bson!({ "$set": { "a..b": 1 } }),
        bson!({ "$set": { "$a": 1 } }),
        bson!({ "$set": { "a.$b": 1 } }),
        bson!({ "$set": { "z": { "$x": 1 } } }),
        bson!({ "$set": { "_id": -5 } }),
        bson!({ "$inc": { "_id": 1 } }),
        bson!({ "$unset": { "_id": 1 } }),
        bson!({ "$rename": { "a": "b" } }),
        bson!({ "$rename": { "a": "a" } }),
        bson!({ "$rename": { "a": 1 } }),
        bson!({ "$rename": { "zz": "b" } }),
        bson!({ "$rename": { "x.0": "b" } }),
        bson!({ "$rename": { "a": "x.0" } }),
        bson!({ "$rename": { "a": "d" } }),
        bson!({ "$rename": { "d.k": "d.j" } }),
        bson!({ "$rename": { "a": "a.b" } }),
        bson!({ "$rename": { "a": "n1.n2" } }),
        bson!({ "$rename": { "a": "s.q" } }),
        bson!({ "$rename": { "d.k": "k" } }),
        bson!({ "$rename": { "a": "b", "s": "c" } }),
        bson!({ "$rename": { "a": "b" }, "$set": { "b": 1 } }),
        bson!({ "$bit": { "a": { "and": 6 } } }),
        bson!({ "$bit": { "a": { "or": 6, "xor": 1 } } }),
        bson!({ "$bit": { "a": { "foo": 1 } } }),
        bson!({ "$bit": { "a": 1 } }),
        bson!({ "$bit": { "s": { "and": 1 } } }),
        bson!({ "$bit": { "zz": { "or": 4 } } }),
        bson!({ "$bit": { "a": {} } }),
        bson!({ "$bit": { "a": { "or": Bson::Int64(8) } } }),
        bson!({ "$currentDate": { "z": 1 } }),
        bson!({ "$currentDate": { "z": { "$type": "foo" } } }),
        bson!({ "$currentDate": { "z": { "$foo": "date" } } }),
        bson!({ "$set": { "z2": 1, "z10": 1, "b": 1 } }),
        bson!({ "$set": { "zz.10": 1, "zz.9": 2 } }),
        bson!({ "$set": { "b": 1 }, "a": 1 }),
        bson!({ "a": 1, "$set": { "b": 1 } }),
        bson!({ "_id": -5, "a": 1 }),
        bson!({}),
        bson!({ "x.y": 1 }),
        bson!({ "a": 5, "b": { "$c": 1 } }),
        bson!([{ "$set": { "b": "$a", "x": { "$size": "$x" } } }]),
        bson!([{ "$unset": "a" }]),
        bson!([{ "$unset": ["a", "d.k"] }]),
        bson!([{ "$project": { "a": 1 } }]),
        bson!([{ "$replaceWith": { "z": 1 } }]),
        bson!([{ "$replaceRoot": { "newRoot": "$d" } }]),
        bson!([{ "$match": {} }]),
        bson!([{ "$group": { "_id": 1 } }]),
        bson!([]),
        bson!([{ "$set": { "_id": -5 } }]),
        bson!([{ "$addFields": { "d.j": 2 } }]),
        bson!([{ "$set": { "a": "$$REMOVE" } }]),
        bson!([{ "$set": { "a": { "$add": ["$a", 1] } } }, { "$set": { "b": "$a" } }]),
        bson!([{ "$set": { "a": { "$add": ["$s", 1] } } }]),
        bson!([{ "$set": { "a": 1 } }]),
        bson!({ "$set": { "n.x": 1 } }),
        bson!({ "$unset": { "o.0": 1, "x.9": 1 } }),
        bson!({ "$set": { "x.01": 1 } }),
    ] {
        table.add("other", &none, update, &none);
    }
    table.add("multi", &none, doc! { "b": 1 }, &doc! { "multi": true });
    table.add("multi", &none, doc! { "$set": { "b": 1 } }, &doc! { "multi": true });
}

#[tokio::test]
async fn updates_change_what_mongodb_changes() {
    let mut table = Table { documents: Vec::new(), cases: Vec::new() };
    operators(&mut table);
    arrays(&mut table);
    positions(&mut table);
    others(&mut table);
    let mut cases = table.cases;
    for id in 0..table.documents.len() {
        cases.push(Case::find("result", doc! { "_id": i32::try_from(id).expect("a small table") }));
    }
    run("updates", &[("docs", table.documents)], cases).await;
}

#[tokio::test]
async fn upserts_insert_what_mongodb_inserts() {
    let pairs = [
        (doc! { "a": 5 }, bson!({ "$set": { "b": 1 } })),
        (doc! { "a": { "$eq": 5 } }, bson!({ "$set": { "b": 1 } })),
        (doc! { "a": { "$gt": 5 } }, bson!({ "$set": { "b": 1 } })),
        (doc! { "a.b": 5 }, bson!({ "$set": { "a.c": 1 } })),
        (doc! { "$or": [{ "a": 5 }] }, bson!({ "$set": { "b": 1 } })),
        (doc! { "$or": [{ "a": 5 }, { "a": 6 }] }, bson!({ "$set": { "b": 1 } })),
        (doc! { "a": { "$in": [5] } }, bson!({ "$set": { "b": 1 } })),
        (doc! { "a": { "$in": [5, 6] } }, bson!({ "$set": { "b": 1 } })),
        (doc! { "a": { "$all": [5] } }, bson!({ "$set": { "b": 1 } })),
        (doc! {}, bson!({ "b": 1 })),
        (doc! { "a": 5 }, bson!({ "b": 1 })),
        (doc! { "a": 5 }, bson!({ "$inc": { "a": 1 } })),
        (doc! { "a": 5 }, bson!({ "$setOnInsert": { "a": 6, "c": 1 } })),
        (doc! { "a": 5 }, bson!([{ "$set": { "b": "$a" } }])),
        (doc! { "a": 5, "a.b": 6 }, bson!({ "$set": { "b": 1 } })),
        (doc! { "a": Bson::Null }, bson!({ "$set": { "b": 1 } })),
        (doc! { "a.0": 5 }, bson!({ "$set": { "b": 1 } })),
        (doc! { "a": { "x": 1 } }, bson!({ "$set": { "a.y": 1 } })),
        (doc! { "a": 5 }, bson!({ "$unset": { "a": 1 } })),
        (doc! { "$expr": { "$eq": ["$a", 1] } }, bson!({ "$set": { "b": 1 } })),
        (doc! { "a": [1, 2] }, bson!({ "$push": { "a": 3 } })),
        (doc! { "a": 5 }, bson!({ "$push": { "l": { "$each": [1, 2] } } })),
        (doc! { "a": 5 }, bson!({ "$set": { "_id": -1 } })),
        (doc! {}, bson!({ "_id": -1 })),
        (doc! { "a": 5 }, bson!({ "$min": { "c": 1 }, "$max": { "d": 2 }, "$mul": { "e": 3 } })),
        (doc! { "a": 5 }, bson!({ "$rename": { "a": "c" } })),
        (doc! { "a": 5 }, bson!({ "$set": { "a.b": 1 } })),
    ];
    let mut cases = Vec::new();
    for (id, (filter, update)) in (0i32..).zip(pairs) {
        let mut filter = filter;
        filter.insert("_id", id);
        cases.push(Case::new(
            "upsert",
            doc! { "update": "docs", "updates": [{ "q": filter, "u": update, "upsert": true }] },
        ));
        cases.push(Case::find("result", doc! { "_id": id }));
    }
    run("upserts", &[("docs", Vec::new())], cases).await;
}

#[tokio::test]
async fn positions_are_found_where_mongodb_finds_them() {
    let lists = lists_of_paths();
    let mut table = Table { documents: Vec::new(), cases: Vec::new() };
    let of_nothing = [Bson::Null, bson!({ "$in": [null, 7] }), bson!({ "$gte": Bson::Null })];
    let of_something = [
        bson!(5),
        bson!({ "$exists": true }),
        bson!({ "$in": [5, "s"] }),
        bson!({ "$gte": 5 }),
        bson!({ "$type": "object" }),
    ];
    let paths = ["l", "l.b", "l.0", "l.1", "l.b.c", "l.0.b", "l.1.b", "l.0.0", "l.b.0", "l.0.b.c", "l.b.0.c"];
    for path in paths {
        for test in of_nothing.iter().chain(&of_something) {
            for list in &lists {
                table.add(
                    "place",
                    &doc! { path: test.clone() },
                    doc! { "$set": { "l.$.z": 9 } },
                    &Document::new(),
                );
                if let Some(document) = table.documents.last_mut() {
                    *document = doc! { "_id": document.get("_id"), "l": list.clone() };
                }
            }
        }
    }
    table.cases.push(Case::find("result", Document::new()));
    run("places", &[("docs", table.documents)], table.cases).await;
}
