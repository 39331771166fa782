//! Every expression operator over every kind of value.

use bson::{Bson, Document, bson, doc};

use super::values::{date, decimal, documents, few, regex, values};
use super::{Case, run};

fn literal(value: &Bson) -> Bson {
    bson!({ "$literal": value.clone() })
}

/// Computes one expression over the single document of the test.
pub(super) fn compute(kind: &str, expression: impl Into<Bson>) -> Case {
    let expression: Bson = expression.into();
    Case::aggregate(kind, vec![doc! { "$project": { "_id": 0, "v": expression } }])
}

pub(super) fn call(name: &str, argument: impl Into<Bson>) -> Document {
    let mut document = Document::new();
    document.insert(name, argument);
    document
}

/// The functions of one argument.
const UNARY: [&str; 54] = [
    "$abs",
    "$ceil",
    "$floor",
    "$round",
    "$trunc",
    "$sqrt",
    "$exp",
    "$ln",
    "$log10",
    "$size",
    "$isArray",
    "$first",
    "$last",
    "$reverseArray",
    "$arrayToObject",
    "$objectToArray",
    "$mergeObjects",
    "$type",
    "$isNumber",
    "$bsonSize",
    "$strLenCP",
    "$strLenBytes",
    "$toLower",
    "$toUpper",
    "$toInt",
    "$toLong",
    "$toDouble",
    "$toDecimal",
    "$toBool",
    "$toDate",
    "$toObjectId",
    "$not",
    "$anyElementTrue",
    "$allElementsTrue",
    "$year",
    "$month",
    "$dayOfMonth",
    "$dayOfWeek",
    "$dayOfYear",
    "$hour",
    "$minute",
    "$second",
    "$millisecond",
    "$week",
    "$isoWeek",
    "$isoWeekYear",
    "$isoDayOfWeek",
    "$sum",
    "$avg",
    "$min",
    "$max",
    "$stdDevPop",
    "$stdDevSamp",
    "$and",
];
/// The functions of two arguments.
const BINARY: [&str; 26] = [
    "$add",
    "$subtract",
    "$multiply",
    "$divide",
    "$mod",
    "$pow",
    "$eq",
    "$ne",
    "$lt",
    "$gte",
    "$cmp",
    "$arrayElemAt",
    "$concatArrays",
    "$in",
    "$indexOfArray",
    "$setUnion",
    "$setIntersection",
    "$setDifference",
    "$setEquals",
    "$setIsSubset",
    "$concat",
    "$split",
    "$indexOfCP",
    "$strcasecmp",
    "$ifNull",
    "$sum",
];

#[tokio::test]
async fn functions_of_one_argument_compute_the_same() {
    let mut cases = Vec::new();
    for name in UNARY {
        for value in values() {
            cases.push(compute(name, call(name, vec![literal(&value)])).approximate());
        }
        cases.push(compute(name, call(name, vec![bson!("$missing")])));
        cases.push(compute(name, call(name, vec![bson!(1), bson!(2)])).approximate());
    }
    for value in few() {
        cases.push(compute(
            "$toString",
            call("$convert", doc! { "input": literal(&value), "to": "int", "onError": "E", "onNull": "N" }),
        ));
    }
    for number in [
        bson!(1),
        bson!(1.0),
        bson!(1.5),
        bson!(1e22),
        bson!(1e-7),
        bson!(123_456_789.125),
        Bson::Int64(5),
        super::values::decimal("1.50"),
        bson!(true),
        date(1),
        bson!("x"),
        Bson::Null,
        Bson::Double(f64::INFINITY),
    ] {
        cases.push(compute("$toString", call("$toString", literal(&number))));
    }
    run("unary", &[("docs", vec![doc! { "_id": 1 }])], cases).await;
}

#[tokio::test]
async fn functions_of_two_arguments_compute_the_same() {
    let mut cases = Vec::new();
    for name in BINARY {
        for left in few() {
            for right in few() {
                cases.push(compute(name, call(name, vec![literal(&left), literal(&right)])).approximate());
            }
        }
        cases.push(compute(name, call(name, vec![bson!("$missing"), bson!(1)])));
        cases.push(compute(name, call(name, vec![bson!(1), bson!("$missing")])));
    }
    run("binary", &[("docs", vec![doc! { "_id": 1 }])], cases).await;
}

fn forms() -> Vec<Bson> {
    vec![
        bson!({ "$cond": ["$a", 1, 2] }),
        bson!({ "$cond": { "if": { "$gt": ["$a", 1] }, "then": "$n.b", "else": "$$REMOVE" } }),
        bson!({ "$switch": { "branches": [{ "case": { "$eq": ["$a", 1] }, "then": "one" }, { "case": { "$isArray": "$a" }, "then": "array" }], "default": "$a" } }),
        bson!({ "$ifNull": ["$a", "$n.b", "none"] }),
        bson!({ "$ifNull": ["$zz", "$yy"] }),
        bson!({ "$let": { "vars": { "x": "$a", "y": { "$type": "$a" } }, "in": ["$$x", "$$y"] } }),
        bson!({ "$map": { "input": { "$cond": [{ "$isArray": "$l" }, "$l", []] }, "as": "e", "in": "$$e.b" } }),
        bson!({ "$map": { "input": "$zz", "in": "$$this" } }),
        bson!({ "$filter": { "input": { "$cond": [{ "$isArray": "$m" }, "$m", []] }, "cond": { "$gt": ["$$this", 0] } } }),
        bson!({ "$filter": { "input": [1, 2, 3, 4], "as": "n", "cond": { "$gt": ["$$n", 1] }, "limit": 2 } }),
        bson!({ "$reduce": { "input": { "$cond": [{ "$isArray": "$m" }, "$m", []] }, "initialValue": [], "in": { "$concatArrays": ["$$value", [{ "$type": "$$this" }]] } } }),
        bson!({ "$reduce": { "input": [1, 2, 3], "initialValue": { "s": 0, "p": 1 }, "in": { "s": { "$add": ["$$value.s", "$$this"] }, "p": { "$multiply": ["$$value.p", "$$this"] } } } }),
        bson!({ "$sortArray": { "input": { "$cond": [{ "$isArray": "$m" }, "$m", []] }, "sortBy": 1 } }),
        bson!({ "$sortArray": { "input": [{ "x": 2, "y": 1 }, { "x": 1 }, { "x": 2, "y": 0 }], "sortBy": { "x": -1, "y": 1 } } }),
        bson!({ "$zip": { "inputs": [[1, 2], ["a"], [true, false, Bson::Null]] } }),
        bson!({ "$zip": { "inputs": [[1, 2], ["a"]], "useLongestLength": true, "defaults": [0, "z"] } }),
        bson!({ "$arrayElemAt": [[1, 2, 3], -1] }),
        bson!({ "$arrayElemAt": [[1, 2, 3], 5] }),
        bson!({ "$slice": [[1, 2, 3, 4], 2] }),
        bson!({ "$slice": [[1, 2, 3, 4], -2] }),
        bson!({ "$slice": [[1, 2, 3, 4], 1, 2] }),
        bson!({ "$slice": [[1, 2, 3, 4], -3, 2] }),
        bson!({ "$slice": [[1, 2, 3, 4], 9, 2] }),
        bson!({ "$range": [0, 10, 3] }),
        bson!({ "$range": [5, 0, -2] }),
        bson!({ "$range": [5, 0] }),
        bson!({ "$range": [0, 3.0] }),
        bson!({ "$range": [0.5, 3] }),
        bson!({ "$indexOfArray": [[1, 2, 1], 1, 1] }),
        bson!({ "$indexOfCP": ["été été", "té", 2] }),
        bson!({ "$indexOfBytes": ["été été", "té", 2] }),
        bson!({ "$indexOfCP": ["abc", ""] }),
        bson!({ "$substrCP": ["été", 1, 1] }),
        bson!({ "$substrCP": ["été", 5, 1] }),
        bson!({ "$substrBytes": ["été", 0, 2] }),
        bson!({ "$substrBytes": ["été", 1, 2] }),
        bson!({ "$substrBytes": ["abcdefgh", decimal("1.5"), decimal("2.5")] }),
        bson!({ "$substrBytes": ["abcdefgh", 1.7, decimal("0.5")] }),
        bson!({ "$substrBytes": ["abcdefgh", decimal("-0.5"), 3.9] }),
        bson!({ "$setField": { "field": "b", "input": "$zz", "value": { "$log10": [-1] } } }),
        bson!({ "$setField": { "field": "b", "input": {}, "value": { "$log10": [-1] } } }),
        bson!({ "$or": [true, { "$setField": { "field": "b", "input": {}, "value": { "$log10": [-1] } } }] }),
        bson!({ "$unsetField": { "field": "b", "input": { "$cond": ["$zz", { "$log10": [-1] }, {}] } } }),
        bson!({ "$getField": { "field": "b", "input": { "$cond": ["$zz", { "$log10": [-1] }, {}] } } }),
        bson!({ "$ifNull": ["$zz", null] }),
        bson!({ "$ifNull": [null, "$zz"] }),
        bson!({ "$ifNull": ["$zz", null, "$zz"] }),
        bson!({ "$ifNull": [null, null] }),
        bson!({ "$trunc": [5, 9_007_199_254_740_992_i64] }),
        bson!({ "$trunc": [5, 2_147_483_648.0] }),
        bson!({ "$round": [5, 2_147_483_647] }),
        bson!({ "$round": [5, decimal("1E+20")] }),
        bson!({ "$round": [5, f64::NAN] }),
        bson!({ "$add": [date(0), 0.5, 0.5] }),
        bson!({ "$add": [0.5, date(0), 0.5, 1.5] }),
        bson!({ "$add": [0.5, 0.5, date(0)] }),
        bson!({ "$add": [date(0), decimal("1.5"), decimal("0.5"), 1.5] }),
        bson!({ "$add": [decimal("2.5"), date(0), decimal("2.5")] }),
        bson!({ "$subtract": [date(0), decimal("2.5")] }),
        bson!({ "$subtract": [date(0), decimal("-1.5")] }),
        bson!({ "$setField": { "field": "b", "input": "$zz", "value": { "$toUpper": ["$n", 1] } } }),
        bson!({ "$setField": { "field": "b", "input": "$zz", "value": { "$add": [{ "$toString": "$_id" }, 1] } } }),
        bson!({ "$setField": { "field": "b", "input": "$s", "value": { "$add": [{ "$toString": "$_id" }, 1] } } }),
        bson!({ "$setField": { "field": "b", "input": "$n", "value": { "$add": [{ "$toString": "$_id" }, 1] } } }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, {}] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$ifNull": [-1, "$a"] }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$ifNull": [null, -1, "$a"] }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$ifNull": [null, "$a", -1] }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$cond": [true, 5, "$a"] }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$cond": [0, "$a", 5] }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$switch": { "branches": [{ "case": true, "then": 5 }], "default": "$a" } }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$switch": { "branches": [{ "case": false, "then": "$a" }], "default": 5 } }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$let": { "vars": { "v": 1 }, "in": 5 } }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$let": { "vars": { "v": 1 }, "in": "$$v" } }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$map": { "input": [1], "in": 5 } }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$filter": { "input": [1], "cond": true } }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$or": ["$a", 1] }] }),
        bson!({ "$and": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$and": ["$a", 0] }] }),
        bson!({ "$and": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$ifNull": [0, "$a"] }] }),
        bson!({ "$ifNull": [1, { "$log10": [-1] }] }),
        bson!({ "$ifNull": [1, { "$add": [{ "$toString": "$_id" }, 1] }] }),
        bson!({ "$ifNull": ["$zz", { "$log10": [-1] }] }),
        bson!({ "$ifNull": [null, { "$add": [{ "$toString": "$_id" }, 1] }] }),
        bson!({ "$cond": [true, 1, { "$log10": [-1] }] }),
        bson!({ "$cond": [false, { "$log10": [-1] }, 2] }),
        bson!({ "$cond": ["$zz", { "$log10": [-1] }, 2] }),
        bson!({ "$switch": { "branches": [{ "case": true, "then": 5 }, { "case": { "$log10": [-1] }, "then": 6 }], "default": 1 } }),
        bson!({ "$switch": { "branches": [{ "case": false, "then": { "$log10": [-1] } }], "default": 1 } }),
        bson!({ "$switch": { "branches": [{ "case": true, "then": 1 }], "default": { "$log10": [-1] } } }),
        bson!({ "$switch": { "branches": [{ "case": false, "then": 1 }] } }),
        bson!({ "$switch": { "branches": [{ "case": "$zz", "then": { "$log10": [-1] } }], "default": 1 } }),
        bson!({ "$and": [false, { "$log10": [-1] }] }),
        bson!({ "$and": [{ "$log10": [-1] }, false] }),
        bson!({ "$or": [true, { "$log10": [-1] }] }),
        bson!({ "$minN": { "n": 3, "input": { "$map": { "input": { "$literal": [] }, "in": { "$log10": [-1] } } } } }),
        bson!({ "$map": { "input": { "$literal": [] }, "in": { "$log10": [-1] } } }),
        bson!({ "$map": { "input": "$q", "in": { "$log10": [-1] } } }),
        bson!({ "$firstN": { "n": 3, "input": { "$cond": ["$zz", { "$log10": [-1] }, "$q"] } } }),
        bson!({ "$maxN": { "n": 1, "input": [{ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, true] }] } }),
        bson!({ "$maxN": { "n": { "$add": [1, 1] }, "input": "$q" } }),
        bson!({ "$let": { "vars": { "v": { "$log10": [-1] } }, "in": 5 } }),
        bson!({ "$let": { "vars": { "v": { "$add": [{ "$toString": "$_id" }, 1] } }, "in": 5 } }),
        bson!({ "$let": { "vars": {}, "in": { "$log10": [-1] } } }),
        bson!({ "$filter": { "input": [], "cond": { "$log10": [-1] } } }),
        bson!({ "$reduce": { "input": [], "initialValue": 1, "in": { "$log10": [-1] } } }),
        bson!({ "$reduce": { "input": null, "initialValue": { "$log10": [-1] }, "in": 1 } }),
        bson!({ "$not": [{ "$log10": [-1] }] }),
        bson!({ "$max": ["$a", { "$log10": [-1] }] }),
        bson!({ "$mergeObjects": ["$n", { "$log10": [-1] }] }),
        bson!({ "$zip": { "inputs": [[], { "$log10": [-1] }] } }),
        bson!({ "$sortArray": { "input": { "$log10": [-1] }, "sortBy": 1 } }),
        bson!({ "$getField": { "field": "a", "input": { "$log10": [-1] } } }),
        bson!({ "x": { "$log10": [-1] } }),
        bson!([{ "$log10": [-1] }]),
        bson!({ "$concat": ["$zz", { "$log10": [-1] }] }),
        bson!({ "$eq": ["$zz", { "$cond": [true, 1, { "$log10": [-1] }] }] }),
        bson!({ "$in": [5, { "$ifNull": [3, 4] }] }),
        bson!({ "$setUnion": ["$q", { "$ifNull": [3, 4] }] }),
        bson!({ "$setEquals": ["$q", { "$ifNull": [3, 4] }] }),
        bson!({ "$setIsSubset": ["$q", { "$cond": [1, 4, "$a"] }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "x": [] }] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, []] }),
        bson!({ "$or": [{ "$add": [{ "$toString": "$_id" }, 1] }, ["$a"]] }),
        bson!({ "$and": [{ "$add": [{ "$toString": "$_id" }, 1] }, { "$not": [[]] }] }),
        bson!({ "$substr": [123_456, 1, 3] }),
        bson!({ "$trim": { "input": "  a b\t\n" } }),
        bson!({ "$ltrim": { "input": "xxaxx", "chars": "x" } }),
        bson!({ "$rtrim": { "input": "xxaxyx", "chars": "yx" } }),
        bson!({ "$trim": { "input": Bson::Null } }),
        bson!({ "$regexMatch": { "input": "Hello", "regex": "^h", "options": "i" } }),
        bson!({ "$regexMatch": { "input": Bson::Null, "regex": "^h" } }),
        bson!({ "$regexFind": { "input": "aé1b22", "regex": "([0-9])([0-9])?" } }),
        bson!({ "$regexFindAll": { "input": "aé1b22", "regex": "([0-9])([0-9])?" } }),
        bson!({ "$regexFindAll": { "input": "", "regex": "x" } }),
        bson!({ "$regexFind": { "input": "abc", "regex": regex("B", "i") } }),
        bson!({ "$replaceOne": { "input": "a.b.c", "find": ".", "replacement": "-" } }),
        bson!({ "$replaceAll": { "input": "a.b.c", "find": ".", "replacement": "-" } }),
        bson!({ "$replaceAll": { "input": Bson::Null, "find": ".", "replacement": "-" } }),
        bson!({ "$split": ["a,b,,c", ","] }),
        bson!({ "$concat": ["a", { "$toString": 5 }, "é"] }),
        bson!({ "$mergeObjects": [{ "a": 1, "b": 2 }, Bson::Null, { "b": 3, "c": 4 }] }),
        bson!({ "$arrayToObject": [[["a", 1], ["b", 2]]] }),
        bson!({ "$arrayToObject": [[{ "k": "a", "v": 1 }]] }),
        bson!({ "$objectToArray": { "a": 1, "b": { "c": 2 } } }),
        bson!({ "$setField": { "field": "x.y", "input": { "a": 1 }, "value": 2 } }),
        bson!({ "$unsetField": { "field": "a", "input": { "a": 1, "b": 2 } } }),
        bson!({ "$getField": "a" }),
        bson!({ "$getField": { "field": "b", "input": "$n" } }),
        bson!({ "$firstN": { "n": 2, "input": [1, 2, 3] } }),
        bson!({ "$lastN": { "n": 2, "input": [1, 2, 3] } }),
        bson!({ "$maxN": { "n": 2, "input": [1, Bson::Null, 3, 2] } }),
        bson!({ "$minN": { "n": 2, "input": [1, Bson::Null, 3, 2] } }),
        bson!({ "$round": [2.345, 2] }),
        bson!({ "$round": [1234, -2] }),
        bson!({ "$trunc": [-2.789, 1] }),
        bson!({ "$log": [100, 10] }),
        bson!({ "$max": ["$a", 1, "x"] }),
        bson!({ "$min": ["$a", 1, "x"] }),
        bson!({ "$sum": ["$a", 1, 2.5] }),
        bson!({ "$avg": ["$m"] }),
        bson!("$l.b"),
        bson!("$m.0"),
        bson!("$$ROOT.a"),
        bson!("$$CURRENT.n.b"),
        bson!(["$a", "$zz", 1]),
        bson!({ "x": "$a", "y": { "z": "$zz" } }),
        bson!({ "$eq": ["$zz", Bson::Null] }),
        bson!({ "$lt": ["$zz", Bson::Null] }),
        bson!({ "$literal": "$a" }),
        bson!({ "$and": ["$a", "$n.b"] }),
        bson!({ "$or": ["$zz", "$a"] }),
        bson!({ "$getField": { "field": { "$literal": "$x" }, "input": { "$setField": { "field": { "$literal": "$x" }, "input": {}, "value": 7 } } } }),
        bson!({ "$getField": { "$concat": ["a", ""] } }),
        bson!({ "$getField": { "field": "b", "input": "$zz" } }),
        bson!({ "$exp": decimal("0") }),
        bson!({ "$sqrt": decimal("4") }),
        bson!({ "$log": [decimal("100"), 10] }),
        bson!({ "$pow": [decimal("10"), 2] }),
        bson!({ "$sum": [decimal("1.5"), 100, 1e22] }),
        bson!({ "$sum": [decimal("1.5"), 1e300] }),
        bson!({ "$avg": [decimal("1.5"), 0.1] }),
        bson!({ "$toLower": 123_456_789.125 }),
        bson!({ "$toLower": 0.000_01 }),
        bson!({ "$substr": [1_234_567.5, 0, 30] }),
        bson!({ "$convert": { "input": "12", "to": "int" } }),
        bson!({ "$convert": { "input": "12.5", "to": 1 } }),
        bson!({ "$toDecimal": "1.50" }),
        bson!({ "$toDouble": "1e3" }),
    ]
}

#[tokio::test]
async fn forms_compute_the_same() {
    let over_all = forms().into_iter().map(|form| {
        Case::aggregate("form", vec![doc! { "$sort": { "_id": 1 } }, doc! { "$project": { "v": form } }])
            .approximate()
    });
    run("forms", &[("docs", documents())], over_all.collect()).await;
}

/// Expressions that both sides refuse.
#[tokio::test]
async fn bad_expressions_are_refused_alike() {
    let cases = [
        bson!("$"),
        bson!("$a."),
        bson!("$a..b"),
        bson!("$$"),
        bson!("$$foo"),
        bson!("$a.$b"),
        bson!({ "$foo": 1 }),
        bson!([{ "$foo": 1 }]),
        bson!({ "a": 1, "$add": 1 }),
        bson!({ "$cond": [1, 2] }),
        bson!({ "$cond": { "if": 1, "then": 2 } }),
        bson!({ "$cond": { "if": 1, "then": 2, "else": 3, "x": 1 } }),
        bson!({ "$ifNull": [1] }),
        bson!({ "$switch": {} }),
        bson!({ "$switch": 1 }),
        bson!({ "$switch": { "branches": [{ "case": 1 }] } }),
        bson!({ "$let": { "in": 1 } }),
        bson!({ "$let": { "vars": { "A": 1 }, "in": 1 } }),
        bson!({ "$map": { "input": [1] } }),
        bson!({ "$map": { "input": "$s", "in": 1 } }),
        bson!({ "$filter": { "input": [1] } }),
        bson!({ "$filter": { "input": [1], "cond": 1, "limit": 0 } }),
        bson!({ "$reduce": { "input": [1], "in": 1 } }),
        bson!({ "$zip": { "inputs": "$s" } }),
        bson!({ "$zip": { "inputs": [[1]], "defaults": [1] } }),
        bson!({ "$sortArray": { "input": [1], "sortBy": 2 } }),
        bson!({ "$trim": { "foo": 1 } }),
        bson!({ "$trim": "$s" }),
        bson!({ "$trim": { "input": 1 } }),
        bson!({ "$regexMatch": { "input": "$s" } }),
        bson!({ "$regexMatch": { "input": 1, "regex": "x" } }),
        bson!({ "$replaceAll": { "input": "$s", "find": "x" } }),
        bson!({ "$range": [0, 5, 0] }),
        bson!({ "$slice": [[1], 1, 0] }),
        bson!({ "$convert": { "input": "$s", "to": "foo" } }),
        bson!({ "$convert": { "input": 1 } }),
        bson!({ "$firstN": { "n": 0, "input": [1] } }),
        bson!({ "$getField": { "field": 1 } }),
        bson!({ "$dateToString": {} }),
        bson!({ "$year": { "foo": 1 } }),
        bson!({ "$abs": [1, 2] }),
        bson!({ "$eq": [1] }),
        bson!({ "$slice": [1] }),
        bson!({ "$literal": "$a" }),
        bson!({ "$meta": "foo" }),
        bson!({ "$round": [1.5, 200] }),
        bson!({ "$dateToParts": "$s" }),
        bson!({ "$dateFromParts": {} }),
        bson!({ "$substrCP": ["a", -1, 1] }),
        bson!({ "$setEquals": [[1]] }),
        bson!({ "$getField": { "x": 1 } }),
        bson!({ "$getField": 5 }),
        bson!({ "$getField": "$_id" }),
        bson!({ "$convert": "$s" }),
        bson!({ "$regexMatch": "$s" }),
        bson!({ "$replaceAll": "$s" }),
        bson!({ "$dateAdd": "$s" }),
        bson!({ "$dateDiff": "$s" }),
        bson!({ "$dateTrunc": "$s" }),
        bson!({ "$dateToString": "$s" }),
        bson!({ "$dateFromString": "$s" }),
        bson!({ "$dateFromParts": "$s" }),
        bson!({ "$setField": "$s" }),
        bson!({ "$firstN": "$s" }),
        bson!({ "$filter": "$s" }),
        bson!({ "$sortArray": "$s" }),
        bson!({ "$reduce": "$s" }),
        bson!({ "$zip": "$s" }),
    ];
    let cases = cases.into_iter().map(|form| compute("refused", form)).collect();
    run("refused", &[("docs", vec![doc! { "_id": 1, "s": "x" }])], cases).await;
}
