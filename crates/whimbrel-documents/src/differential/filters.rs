//! Every query operator over every kind of value.

use bson::{Bson, Document, bson, doc};

use super::values::{decimal, documents, lists_of_paths, regex, values};
use super::{Case, run};

const PATHS: [&str; 4] = ["a", "n.b", "l.b", "m"];

pub(crate) fn on(path: &str, value: impl Into<Bson>) -> Document {
    let mut filter = Document::new();
    filter.insert(path, value);
    filter
}

fn operator(name: &str, argument: impl Into<Bson>) -> Document {
    on(name, argument)
}

fn comparisons() -> Vec<Case> {
    let mut cases = Vec::new();
    for name in ["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"] {
        for value in values() {
            for path in PATHS {
                cases.push(Case::find(name, on(path, operator(name, value.clone()))));
            }
        }
    }
    for value in values() {
        cases.push(Case::find("equality", on("a", value.clone())));
        cases.push(Case::find("equality", on("m.0", value.clone())));
        cases.push(Case::find("$in", on("a", doc! { "$in": [value.clone(), 5, "abc"] })));
        cases.push(Case::find("$in", on("l.b", doc! { "$in": [value.clone()] })));
        cases.push(Case::find("$nin", on("n.b", doc! { "$nin": [value.clone(), 1] })));
        cases.push(Case::find("$all", on("m", doc! { "$all": [value.clone(), 1] })));
        cases.push(Case::find("$all", on("l.b", doc! { "$all": [value.clone()] })));
        cases.push(Case::find("$not", on("l.b", doc! { "$not": { "$gt": value.clone() } })));
        cases.push(Case::find("$elemMatch", on("m", doc! { "$elemMatch": { "$gte": value.clone() } })));
        cases.push(Case::find("$elemMatch", on("l", doc! { "$elemMatch": { "b": value.clone() } })));
        cases.push(Case::find("$exists", on("a", doc! { "$exists": value.clone() })));
        cases.push(Case::find("$size", on("a", doc! { "$size": value.clone() })));
        cases.push(Case::find("$mod", on("a", doc! { "$mod": [value.clone(), 1] })));
        cases.push(Case::find("$bits", on("a", doc! { "$bitsAnySet": value.clone() })));
        cases.push(Case::find("$expr", doc! { "$expr": { "$gt": ["$a", { "$literal": value }] } }));
    }
    cases
}

fn types() -> Vec<Case> {
    let mut cases = Vec::new();
    let names = [
        "double",
        "string",
        "object",
        "array",
        "binData",
        "objectId",
        "bool",
        "date",
        "null",
        "regex",
        "int",
        "timestamp",
        "long",
        "decimal",
        "minKey",
        "maxKey",
        "number",
        "javascript",
        "undefined",
        "foo",
    ];
    for name in names {
        for path in PATHS {
            cases.push(Case::find("$type", on(path, doc! { "$type": name })));
        }
    }
    for number in [-1, 0, 1, 2, 3, 4, 8, 9, 10, 11, 16, 17, 18, 19, 20, 127] {
        cases.push(Case::find("$type", on("a", doc! { "$type": number })));
    }
    cases.push(Case::find("$type", on("a", doc! { "$type": ["string", 16] })));
    cases
}

fn patterns() -> Vec<Case> {
    let mut cases = Vec::new();
    for (pattern, options) in [
        ("a", ""),
        ("^a", ""),
        ("^a", "i"),
        ("c$", ""),
        ("^abc$", ""),
        ("^ABC", "i"),
        (".", ""),
        ("\\d", ""),
        ("\\w+", ""),
        ("^\\w+$", ""),
        ("É", "i"),
        ("a.c", ""),
        ("c.", "s"),
        ("c.", ""),
        ("b$|c$", "m"),
        ("a b c", "x"),
        ("(?i)ABC", ""),
        ("a(?=b)", ""),
        ("(a)bc\\1?", ""),
        ("[[:alpha:]]+", ""),
        ("[^a]", ""),
        ("^$", ""),
        ("a{1,2}", ""),
        ("(", ""),
        ("a", "q"),
        ("\\bab", ""),
        ("(?<!x)bc", ""),
        ("[]a]", ""),
        ("^[a-c]+\\Z", ""),
        ("\\D", ""),
    ] {
        for path in ["a", "m", "l.b"] {
            cases.push(Case::find("$regex", on(path, doc! { "$regex": pattern, "$options": options })));
        }
        if !options.contains('q') {
            cases.push(Case::find("$regex", on("a", regex(pattern, options))));
            cases.push(Case::find("$regex", on("a", doc! { "$in": [regex(pattern, options), 1] })));
            cases.push(Case::find("$regex", on("a", doc! { "$not": regex(pattern, options) })));
        }
    }
    cases
}

fn paths() -> Vec<Case> {
    let mut cases = Vec::new();
    for path in [
        "m.0", "m.1", "m.0.0", "l.0", "l.0.b", "l.1.b", "l.b.0", "l.b.c", "n.0", "n.b.c", "n.b.0.c", "n.0.b",
        "m.b", "a.x", "a.0", "a.0.0", "a.x.0", "a.1", "l.0.0", "m.00", "zz.y",
    ] {
        for argument in [
            bson!({ "$exists": true }),
            bson!({ "$exists": false }),
            bson!(1),
            bson!(5),
            Bson::Null,
            bson!({ "$ne": Bson::Null }),
            bson!({ "$gt": 0 }),
            bson!({ "$size": 1 }),
            bson!({ "$type": "array" }),
            bson!({ "$in": [Bson::Null, 5] }),
            bson!({ "$nin": [1, 5] }),
            bson!({ "$elemMatch": { "$gt": 0 } }),
            bson!({ "$not": { "$exists": true } }),
            bson!([5]),
            bson!({ "$all": [5] }),
        ] {
            cases.push(Case::find("path", on(path, argument)));
        }
    }
    cases
}

fn logic() -> Vec<Case> {
    let some = doc! { "a": { "$gt": 0 } };
    let other = doc! { "l.b": { "$exists": true } };
    let mut cases = Vec::new();
    for name in ["$and", "$or", "$nor"] {
        for branches in [
            bson!([some.clone()]),
            bson!([some.clone(), other.clone()]),
            bson!([{}]),
            bson!([]),
            bson!(1),
            bson!([1]),
            bson!([{ "$foo": 1 }]),
            bson!([{ "$or": [some.clone(), { "a": "abc" }] }, other.clone()]),
        ] {
            cases.push(Case::find(name, on(name, branches)));
        }
    }
    for filter in [
        doc! { "m": { "$elemMatch": { "$gt": 0, "$lt": 5 } } },
        doc! { "l": { "$elemMatch": { "$or": [{ "b": 1 }, { "c": 1 }] } } },
        doc! { "l": { "$elemMatch": { "b": { "$gt": 1 }, "c": { "$exists": false } } } },
        doc! { "l": { "$elemMatch": { "0": 5 } } },
        doc! { "l": { "$elemMatch": { "$elemMatch": { "b": 5 } } } },
        doc! { "m": { "$elemMatch": { "$elemMatch": { "$gt": 1 } } } },
        doc! { "m": { "$elemMatch": { "$not": { "$gt": 1 } } } },
        doc! { "m": { "$elemMatch": { "$in": [5, Bson::Null] } } },
        doc! { "m": { "$not": { "$elemMatch": { "$gt": 1 } } } },
        doc! { "l": { "$all": [{ "$elemMatch": { "b": 1 } }, { "$elemMatch": { "b": 5 } }] } },
        doc! { "a": { "$gt": 0, "$lt": 6, "$ne": 5 } },
        doc! { "a": { "$not": { "$gt": 0, "$lt": 6 } } },
        doc! { "$expr": { "$and": [{ "$gt": ["$a", 0] }, { "$lt": ["$a", 6] }] } },
        doc! { "$expr": "$a" },
        doc! { "$expr": { "$eq": ["$n.b", "$a"] } },
        doc! { "$expr": { "$in": [1, { "$ifNull": [{ "$cond": [{ "$isArray": "$m" }, "$m", []] }, []] }] } },
        doc! { "$comment": "x", "a": 1 },
        doc! { "a": { "$bitsAllSet": [0, 2] } },
        doc! { "a": { "$bitsAllClear": [1, 3] } },
        doc! { "a": { "$bitsAnyClear": 5 } },
        doc! { "a": { "$bitsAnySet": [0, 200] } },
        doc! { "a": { "$all": [] } },
        doc! { "a": { "$in": [] } },
        doc! { "a": { "$nin": [] } },
        doc! { "a": { "$in": [decimal("5"), decimal("1.5")] } },
        doc! { "$jsonSchema": { "required": ["a"], "properties": { "a": { "bsonType": "int" } } } },
        doc! { "$nor": [{ "$jsonSchema": { "properties": { "a": { "bsonType": ["string", "array"] } } } }] },
    ] {
        cases.push(Case::find("combined", filter));
    }
    cases
}

/// Filters that both sides refuse, with the same code and message.
fn refused() -> Vec<Case> {
    let arguments = [
        bson!(1),
        bson!("x"),
        bson!({}),
        bson!([]),
        Bson::Null,
        bson!({ "$gt": 1 }),
        bson!([{ "$x": 1 }]),
        bson!(1.5),
        bson!(-1),
        bson!({ "b": 1 }),
    ];
    let operators = [
        "$in",
        "$nin",
        "$all",
        "$mod",
        "$size",
        "$elemMatch",
        "$not",
        "$regex",
        "$options",
        "$type",
        "$bitsAllSet",
        "$geoWithin",
        "$foo",
    ];
    let mut cases = Vec::new();
    for name in operators {
        for argument in &arguments {
            cases.push(Case::find("refused", on("a", operator(name, argument.clone()))));
        }
    }
    for filter in [
        doc! { "$foo": 1 },
        doc! { "$not": { "a": 1 } },
        doc! { "$expr": { "$foo": 1 } },
        doc! { "a": { "$gt": 1, "b": 1 } },
        doc! { "a": { "$ne": regex("a", "") } },
        doc! { "a": { "$gt": regex("a", "") } },
        doc! { "$a.b": 1 },
    ] {
        cases.push(Case::find("refused", filter));
    }
    cases
}

#[tokio::test]
async fn filters_find_what_mongodb_finds() {
    let cases =
        [comparisons(), types(), patterns(), paths(), logic(), refused()].into_iter().flatten().collect();
    let tally = run("filters", &[("docs", documents())], cases).await;
    assert!(tally.cases > 1_500, "the table is whole");
}

#[tokio::test]
async fn multiples_are_what_mongodb_takes_for_multiples() {
    let numbers = [
        bson!(0),
        bson!(7),
        bson!(9_007_199_254_740_990_i64),
        bson!(9_007_199_254_740_992_i64),
        bson!(9_007_199_254_740_990.0),
        bson!(9_007_199_254_740_992.0),
        bson!(1_234_567_890_123_456.0),
        bson!(1e300),
        bson!(3e22),
        bson!(0.1 + 0.2),
        bson!(0.3),
        bson!(-9.0),
        decimal("9007199254740992"),
        decimal("0.30"),
        decimal("NaN"),
        bson!(f64::INFINITY),
        bson!("9"),
    ];
    let divisors = [
        bson!(3),
        bson!(3.0),
        decimal("3"),
        bson!(7_i64),
        bson!(0.1),
        bson!(0.3),
        bson!(9_007_199_254_740_992.0),
        bson!(9_007_199_254_740_992_i64),
        bson!(1e-300),
    ];
    let documents: Vec<Document> =
        (0..).zip(numbers).map(|(id, number): (i32, _)| doc! { "_id": id, "a": number }).collect();
    let multiple = |of| doc! { "$jsonSchema": { "properties": { "a": { "multipleOf": of } } } };
    let cases = divisors.into_iter().map(|of| Case::find("multipleOf", multiple(of))).collect();
    run("multiples", &[("docs", documents)], cases).await;
}

#[tokio::test]
async fn paths_lead_through_arrays_as_in_mongodb() {
    let mut lists = lists_of_paths();
    lists.extend([
        bson!([{ "b": [] }, { "b": { "c": 5 } }]),
        bson!([{ "b": { "c": 5 } }, "s"]),
        bson!([[], [[]]]),
        bson!([[{ "b": 5 }], [{ "c": 5 }]]),
        bson!({ "b": [] }),
        bson!({ "b": [[]] }),
        bson!({ "b": [[{ "c": 5 }]] }),
        Bson::Null,
    ]);
    let documents: Vec<Document> =
        (0..).zip(lists).map(|(id, list): (i32, _)| doc! { "_id": id, "l": list }).collect();
    let paths = [
        "l", "l.b", "l.0", "l.1", "l.b.c", "l.0.b", "l.1.b", "l.0.0", "l.b.0", "l.0.b.c", "l.b.0.c",
        "l.b.0.0", "l.0.0.b",
    ];
    let tests = [
        Bson::Null,
        bson!({ "$in": [null, 7] }),
        bson!({ "$gte": Bson::Null }),
        bson!({ "$ne": Bson::Null }),
        bson!({ "$exists": false }),
        bson!({ "$type": "null" }),
        bson!({ "$not": { "$gt": 1 } }),
        bson!(5),
        bson!([]),
        bson!({ "$size": 0 }),
    ];
    let both = paths.iter().flat_map(|path| tests.iter().map(move |test| (path, test)));
    let cases = both.map(|(path, test)| Case::find(*path, on(path, test.clone()))).collect();
    run("paths", &[("docs", documents)], cases).await;
}
