//! Commands of every kind that are right as far as their form goes.

use bson::{Bson, Document, doc};

use super::random::Random;
use super::values::{document, field, geometry, number, regex, value};

/// What commands name as their collection; the last one stands for none.
pub(super) const COLLECTIONS: [&str; 4] = ["c", "d", "damaged", "absent"];

const COMPARISONS: [&str; 6] = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"];
const TYPES: [&str; 8] = ["int", "string", "number", "object", "array", "date", "null", "nonsense"];
/// Functions of any values.
const LENIENT: [&str; 9] = ["$eq", "$ne", "$cmp", "$gt", "$lte", "$and", "$or", "$ifNull", "$mergeObjects"];
/// Functions of one value.
const SINGLE: [&str; 4] = ["$not", "$type", "$isArray", "$isNumber"];
const NUMERIC: [&str; 22] = [
    "$add",
    "$subtract",
    "$multiply",
    "$divide",
    "$mod",
    "$abs",
    "$ceil",
    "$floor",
    "$round",
    "$trunc",
    "$pow",
    "$sqrt",
    "$ln",
    "$log10",
    "$exp",
    "$sin",
    "$cos",
    "$degreesToRadians",
    "$bitAnd",
    "$bitXor",
    "$avg",
    "$max",
];
const TEXTUAL: [&str; 12] = [
    "$concat",
    "$toUpper",
    "$toLower",
    "$strLenCP",
    "$strLenBytes",
    "$substrCP",
    "$substrBytes",
    "$split",
    "$indexOfCP",
    "$strcasecmp",
    "$toString",
    "$toInt",
];
const LISTS: [&str; 14] = [
    "$size",
    "$concatArrays",
    "$arrayElemAt",
    "$slice",
    "$reverseArray",
    "$in",
    "$setUnion",
    "$setIntersection",
    "$setDifference",
    "$range",
    "$first",
    "$last",
    "$indexOfArray",
    "$arrayToObject",
];
const DATES: [&str; 8] =
    ["$year", "$month", "$dayOfWeek", "$isoWeek", "$hour", "$toDate", "$toLong", "$dateToParts"];
const ACCUMULATORS: [&str; 10] =
    ["$sum", "$avg", "$min", "$max", "$first", "$last", "$push", "$addToSet", "$stdDevPop", "$mergeObjects"];
const NUMBERS: [&str; 5] = ["$n", "$a.b.c", "$_id", "$list.v", "$absent"];

/// A query.
pub(super) fn filter(random: &mut Random, depth: usize) -> Document {
    let parts = random.times(2, |random| condition(random, depth));
    parts.into_iter().collect()
}

fn condition(random: &mut Random, depth: usize) -> (String, Bson) {
    match random.below(14) {
        0 | 1 if depth > 0 => {
            let parts: Vec<_> = (0..=random.below(3)).map(|_| filter(random, depth - 1)).collect();
            (random.of(&["$and", "$or", "$nor"]).to_owned(), parts.into())
        }
        2 => ("$expr".to_owned(), expression(random, 2)),
        3 => ("loc".to_owned(), near(random)),
        4 if random.percent(40) => ("$text".to_owned(), doc! { "$search": "temple -word \"a b\"" }.into()),
        5 if random.percent(50) => ("$jsonSchema".to_owned(), schema(random).into()),
        6 => ("_id".to_owned(), doc! { "$gte": random.small(20), "$lt": random.small(40) }.into()),
        _ => (field(random), predicate(random, depth)),
    }
}

fn near(random: &mut Random) -> Bson {
    let circle = doc! { "$centerSphere": [[1.0, 5.0], 0.5] };
    match random.below(4) {
        0 => doc! { "$geoWithin": circle },
        1 => doc! { "$geoIntersects": { "$geometry": geometry(random) } },
        2 => doc! { "$geoWithin": { "$geometry": geometry(random) } },
        _ => doc! { "$near": { "$geometry": { "type": "Point", "coordinates": [1.0, 5.0] }, "$maxDistance": number(random) } },
    }
    .into()
}

pub(super) fn schema(random: &mut Random) -> Document {
    let inner = doc! { "bsonType": random.of(&TYPES[..7]), "minimum": random.small(5), "maxLength": 9 };
    doc! { "required": [field(random)], "properties": { field(random): inner } }
}

fn predicate(random: &mut Random, depth: usize) -> Bson {
    let some = |random: &mut Random| random.times(4, |random| value(random, 1));
    let made = match random.below(16) {
        0..=5 => doc! { random.of(&COMPARISONS): value(random, 1) },
        6 => doc! { random.of(&["$in", "$nin", "$all"]): some(random) },
        7 => doc! { "$exists": random.percent(50) },
        8 => doc! { "$type": random.of(&TYPES) },
        9 => doc! { "$size": random.small(4) },
        10 => doc! { "$mod": [1 + random.small(5), random.small(5)] },
        11 => doc! { random.of(&["$bitsAllSet", "$bitsAnyClear"]): random.small(16) },
        12 if depth > 0 => doc! { "$elemMatch": filter(random, depth - 1) },
        13 if depth > 0 => doc! { "$not": predicate(random, depth - 1) },
        14 => return Bson::RegularExpression(regex(random)),
        _ => return value(random, 2),
    };
    made.into()
}

/// An expression.
pub(super) fn expression(random: &mut Random, depth: usize) -> Bson {
    if depth == 0 || random.percent(15) {
        return match random.below(5) {
            0 => number(random),
            1 => format!("${}", field(random)).into(),
            2 => doc! { "$literal": value(random, 1) }.into(),
            _ => random.of(&NUMBERS).into(),
        };
    }
    let next = |random: &mut Random| expression(random, depth - 1);
    let numbers = |random: &mut Random| -> Vec<Bson> {
        vec![Bson::from(random.of(&NUMBERS[..3])), Bson::Int32(1 + random.small(9))]
    };
    match random.below(20) {
        0..=3 => doc! { random.of(&LENIENT): [next(random), next(random)] },
        4 => doc! { random.of(&SINGLE): [next(random)] },
        5..=7 => {
            let count = if random.percent(60) { 2 } else { 1 };
            doc! { random.of(&NUMERIC): numbers(random).into_iter().take(count).collect::<Vec<_>>() }
        }
        8 => doc! { random.of(&TEXTUAL): [{ "$toString": "$s" }, random.of(&["o", "1", ""])] },
        9 => doc! { random.of(&LISTS): ["$tags", next(random)] },
        10 => doc! { random.of(&DATES): "$at" },
        11 => doc! { "$cond": [next(random), next(random), next(random)] },
        12 => doc! { "$map": { "input": "$tags", "as": "x", "in": { "$add": ["$$x", 1] } } },
        13 => doc! { "$filter": { "input": "$list", "cond": next(random) } },
        14 => doc! { "$reduce": { "input": "$tags", "initialValue": next(random), "in": "$$this" } },
        15 => doc! { "$let": { "vars": { "v": next(random) }, "in": { "$ifNull": ["$$v", next(random)] } } },
        16 => {
            doc! { "$convert": { "input": next(random), "to": random.of(&TYPES), "onError": 0, "onNull": 1 } }
        }
        17 => {
            doc! { "$switch": { "branches": [{ "case": next(random), "then": 1 }], "default": next(random) } }
        }
        18 => date_expression(random),
        _ => doc! { "x": next(random), "y": [next(random)] },
    }
    .into()
}

fn date_expression(random: &mut Random) -> Document {
    let unit = random.of(&["year", "quarter", "week", "day", "second", "eon"]);
    match random.below(5) {
        0 => doc! { "$dateAdd": { "startDate": "$at", "unit": unit, "amount": number(random) } },
        1 => doc! { "$dateTrunc": { "date": "$at", "unit": unit, "binSize": 1 + random.small(9) } },
        2 => {
            doc! { "$dateToString": { "date": "$at", "format": "%Y-%m-%d %j %G %V %u %z", "timezone": "America/Lima" } }
        }
        3 => doc! { "$dateFromString": { "dateString": "$s", "onError": null, "onNull": null } },
        _ => doc! { "$dateDiff": { "startDate": "$at", "endDate": "$at", "unit": unit } },
    }
}

/// A change: operators, a replacement or a pipeline.
pub(super) fn update(random: &mut Random) -> Bson {
    match random.below(10) {
        0 => document(random, 2).into(),
        1 => {
            let stage = random.of(&["$set", "$addFields"]);
            vec![Bson::from(doc! { stage: { "p": expression(random, 2) } })].into()
        }
        _ => {
            let operators: Document = (0..=random.below(2)).map(|_| operator(random)).collect();
            operators.into()
        }
    }
}

fn operator(random: &mut Random) -> (String, Bson) {
    let (name, fields) = match random.below(13) {
        0..=3 => ("$set", doc! { free_field(random): value(random, 2) }),
        4 => ("$unset", doc! { free_field(random): "" }),
        5 => (random.of(&["$inc", "$mul"]), doc! { "n": number(random) }),
        6 => (random.of(&["$min", "$max"]), doc! { free_field(random): value(random, 1) }),
        7 => {
            let each = random.times(3, |random| value(random, 1));
            let sort = 1 - 2 * random.small(2);
            ("$push", doc! { "tags": { "$each": each, "$slice": random.small(9) - 4, "$sort": sort } })
        }
        8 => ("$addToSet", doc! { "tags": { "$each": [value(random, 1), 1] } }),
        9 => ("$pull", doc! { "tags": predicate(random, 1) }),
        10 => ("$pop", doc! { "tags": 1 - 2 * random.small(2) }),
        11 => ("$rename", doc! { "m.x": "m.y" }),
        _ => (random.of(&["$currentDate", "$setOnInsert"]), doc! { "when": true }),
    };
    (name.to_owned(), fields.into())
}

fn free_field(random: &mut Random) -> &'static str {
    random.of(&["q", "q.r", "q.0", "m.z", "list.0.w", "list.$[].w", "a.d", "tags.7"])
}

fn projection(random: &mut Random) -> Document {
    match random.below(5) {
        0 => doc! { "n": 1, "a.b": 1 },
        1 => doc! { "tags": 0, "m": 0 },
        2 => doc! { "tags": { "$slice": random.small(5) - 2 }, "x": expression(random, 2) },
        3 => doc! { "list": { "$elemMatch": { "v": random.small(9) } } },
        _ => doc! {},
    }
}

fn sort(random: &mut Random) -> Document {
    let count = random.below(3);
    (0..count).map(|_| (field(random), Bson::Int32(1 - 2 * random.small(2)))).collect()
}

fn stage(random: &mut Random, depth: usize) -> Document {
    match random.below(21) {
        0..=2 => doc! { "$match": filter(random, 2) },
        3 | 4 => {
            doc! { random.of(&["$set", "$addFields"]): { "x": expression(random, 3), "y.z": expression(random, 1) } }
        }
        5 => doc! { "$project": projection(random) },
        6 => doc! { "$sort": { random.of(&["n", "s", "x"]): -1 } },
        7 => doc! { random.of(&["$limit", "$skip"]): 1 + random.small(9) },
        8..=10 => {
            let accumulated = doc! { random.of(&ACCUMULATORS): random.of(&NUMBERS[..3]) };
            doc! { "$group": { "_id": expression(random, 1), "v": accumulated } }
        }
        11 => {
            doc! { "$unwind": { "path": random.of(&["$tags", "$list", "$n"]), "preserveNullAndEmptyArrays": true } }
        }
        12 if depth > 0 => {
            let mut pipeline = pipeline(random, depth - 1);
            if depth == 1 {
                // A join within a join multiplies the work by the documents of the collection.
                pipeline.insert(0, doc! { "$limit": 1 + random.small(9) });
            }
            doc! { "$lookup": { "from": "d", "let": { "k": "$n" }, "pipeline": pipeline, "as": "found" } }
        }
        13 => {
            doc! { "$lookup": { "from": "d", "localField": field(random), "foreignField": "n", "as": "found" } }
        }
        14 => {
            doc! { "$bucket": { "groupBy": "$n", "boundaries": [0, 5, 10 + random.small(9)], "default": "other" } }
        }
        15 if depth > 0 => doc! { "$facet": { "one": pipeline(random, 0), "two": [{ "$count": "n" }] } },
        16 => doc! { "$replaceRoot": { "newRoot": { "$ifNull": ["$a", expression(random, 1), {}] } } },
        17 => doc! { "$sortByCount": expression(random, 1) },
        18 if depth > 0 => doc! { "$unionWith": { "coll": "d", "pipeline": pipeline(random, depth - 1) } },
        19 => doc! { "$unset": [random.of(&["m", "tags", "a.b"])] },
        _ => doc! { "$count": "n" },
    }
}

/// Some stages.
pub(super) fn pipeline(random: &mut Random, depth: usize) -> Vec<Document> {
    random.times(4, |random| stage(random, depth))
}

fn index(random: &mut Random) -> Document {
    let name = format!("i{}", random.below(6));
    let mut index = match random.below(8) {
        0 => doc! { "key": { "loc": "2dsphere" } },
        1 => doc! { "key": { "text": "text" } },
        2 => doc! { "key": { "at": 1 }, "expireAfterSeconds": i32::MAX },
        3 => doc! { "key": { "n": 1, "tags": -1 }, "unique": true },
        4 => doc! { "key": { "s": 1 }, "partialFilterExpression": { "n": { "$gt": random.small(9) } } },
        5 => doc! { "key": { field(random): 1 }, "sparse": true },
        6 => doc! { "key": { "s": "hashed" } },
        _ => doc! { "key": { field(random): -1, "_id": 1 } },
    };
    index.insert("name", name);
    index
}

/// A command of any kind on a collection.
pub(super) fn command(random: &mut Random) -> Document {
    let name = if random.percent(70) { "c" } else { random.of(&COLLECTIONS) };
    let query = |random: &mut Random| filter(random, 3);
    match random.below(40) {
        0..=8 => {
            let mut find = doc! { "find": name, "filter": query(random), "limit": random.small(40) };
            find.extend(doc! { "sort": sort(random), "projection": projection(random), "batchSize": 1 + random.small(50) });
            find
        }
        9..=17 => doc! { "aggregate": name, "pipeline": pipeline(random, 2), "cursor": {} },
        18..=21 => {
            let statement = doc! { "q": query(random), "u": update(random), "upsert": random.percent(30) };
            let mut statement = statement;
            if statement
                .get_document("u")
                .is_ok_and(|u| u.keys().next().is_some_and(|key| key.starts_with('$')))
            {
                statement.insert("multi", random.percent(50));
            }
            doc! { "update": name, "updates": [statement], "ordered": random.percent(80) }
        }
        22..=24 => {
            let mut documents = random.times(3, |random| document(random, 3));
            documents.push(doc! { "n": random.small(90), "tags": [value(random, 1)] });
            doc! { "insert": name, "documents": documents, "ordered": random.percent(70) }
        }
        25 => doc! { "delete": name, "deletes": [{ "q": query(random), "limit": 1 }] },
        26 | 27 => {
            let mut change = doc! { "findAndModify": name, "query": query(random), "sort": sort(random) };
            if random.percent(20) {
                change.insert("remove", true);
            } else {
                change.extend(doc! { "update": update(random), "new": random.percent(50), "upsert": random.percent(20) });
            }
            change
        }
        28 => doc! { "count": name, "query": query(random), "skip": random.small(4) },
        29 => doc! { "distinct": name, "key": field(random), "query": query(random) },
        30 => doc! { "createIndexes": name, "indexes": [index(random)] },
        31 => doc! { "dropIndexes": name, "index": format!("i{}", random.below(6)) },
        32 => {
            doc! { "explain": { "find": name, "filter": query(random), "sort": sort(random) }, "verbosity": "executionStats" }
        }
        33 => {
            doc! { "collMod": name, "validator": {}, "validationLevel": random.of(&["strict", "moderate", "off"]) }
        }
        34 => {
            doc! { "create": format!("made{}", random.below(3)), "validator": { "$jsonSchema": schema(random) } }
        }
        35 => doc! { "drop": format!("made{}", random.below(3)) },
        36 => {
            doc! { "aggregate": name, "pipeline": [{ "$match": query(random) }, { random.of(&["$out", "$merge"]): "made0" }], "cursor": {} }
        }
        37 => doc! { random.of(&["collStats", "listIndexes", "validate"]): name },
        38 => doc! { random.of(&["dbStats", "ping", "hello", "listCollections", "serverStatus"]): 1 },
        _ => doc! { "getMore": i64::from(random.small(99)), "collection": name },
    }
}
