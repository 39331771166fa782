//! Every query operator over every kind of value.

use bson::{Bson, Document, bson, doc};

use super::values::{decimal, documents, regex, values};
use super::{Case, run};

const PATHS: [&str; 4] = ["a", "n.b", "l.b", "m"];

fn on(path: &str, value: impl Into<Bson>) -> Document {
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

fn point(x: f64, y: f64) -> Bson {
    bson!({ "type": "Point", "coordinates": [x, y] })
}

#[tokio::test]
async fn places_lie_where_mongodb_sees_them() {
    let mut places = Vec::new();
    for x in -6..=6 {
        for y in -6..=6 {
            let (x, y) = (f64::from(x) * 2.3 - 60.1, f64::from(y) * 1.7 - 10.3);
            let id = i32::try_from(places.len()).expect("a few places");
            places.push(doc! { "_id": id, "place": point(x, y), "pair": [x, y] });
        }
    }
    places.push(doc! { "_id": 900, "place": { "type": "LineString", "coordinates": [[-60.0, -10.0], [-58.0, -9.0]] } });
    places.push(doc! { "_id": 901, "place": { "type": "Polygon", "coordinates": [[[-61.0, -11.0], [-59.0, -11.0], [-59.0, -9.0], [-61.0, -9.0], [-61.0, -11.0]]] } });
    places.push(doc! { "_id": 902, "place": { "type": "MultiPoint", "coordinates": [[-60.0, -10.0], [-40.0, 10.0]] } });
    places.push(doc! { "_id": 903 });
    let square = bson!({ "type": "Polygon", "coordinates": [[[-64.0, -14.0], [-55.0, -14.0], [-55.0, -6.0], [-64.0, -6.0], [-64.0, -14.0]]] });
    let holed = bson!({ "type": "Polygon", "coordinates": [[[-70.0, -20.0], [-50.0, -20.0], [-50.0, 0.0], [-70.0, 0.0], [-70.0, -20.0]], [[-62.0, -12.0], [-58.0, -12.0], [-58.0, -8.0], [-62.0, -8.0], [-62.0, -12.0]]] });
    let multi = bson!({ "type": "MultiPolygon", "coordinates": [[[[-64.0, -14.0], [-60.0, -14.0], [-60.0, -10.0], [-64.0, -14.0]]], [[[-55.0, -5.0], [-50.0, -5.0], [-50.0, 0.0], [-55.0, -5.0]]]] });
    let line = bson!({ "type": "LineString", "coordinates": [[-70.0, -10.5], [-50.0, -9.5]] });
    let mut cases = Vec::new();
    for shape in [&square, &holed, &multi] {
        cases.push(Case::find(
            "$geoWithin",
            on("place", doc! { "$geoWithin": { "$geometry": shape.clone() } }),
        ));
    }
    for shape in [&square, &holed, &multi, &line, &point(-60.1, -10.3), &point(1.0, 1.0)] {
        cases.push(Case::find(
            "$geoIntersects",
            on("place", doc! { "$geoIntersects": { "$geometry": shape.clone() } }),
        ));
    }
    for radius in [0.01, 0.05, 0.1, 0.3] {
        cases.push(Case::find(
            "$centerSphere",
            on("place", doc! { "$geoWithin": { "$centerSphere": [[-60.0, -10.0], radius] } }),
        ));
        cases.push(Case::find(
            "$centerSphere",
            on("pair", doc! { "$geoWithin": { "$centerSphere": [[-60.0, -10.0], radius] } }),
        ));
    }
    for field in ["pair", "place"] {
        cases.push(Case::find(
            "$box",
            on(field, doc! { "$geoWithin": { "$box": [[-65.0, -12.0], [-58.0, -8.0]] } }),
        ));
        cases.push(Case::find(
            "$center",
            on(field, doc! { "$geoWithin": { "$center": [[-60.0, -10.0], 5.5] } }),
        ));
        cases.push(Case::find(
            "$polygon",
            on(field, doc! { "$geoWithin": { "$polygon": [[-65.0, -12.0], [-55.0, -12.0], [-60.0, -3.0]] } }),
        ));
    }
    run("places", &[("docs", places)], cases).await;
}
