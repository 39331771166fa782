//! Random values and documents: a field for each kind of value, at times missing, null, or something else.

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, Timestamp, bson, doc};

use super::random::Random;
use crate::differential::values::{date, decimal, regex};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Number,
    /// A small whole number.
    Whole,
    Text,
    List,
    Object,
    Flag,
    Date,
}

/// The kinds of values, each of which has to be drawn.
pub(super) const VALUES: [&str; 19] = [
    "null",
    "int",
    "long",
    "double",
    "NaN",
    "infinity",
    "-0",
    "decimal",
    "string",
    "bool",
    "date",
    "objectId",
    "binary",
    "regex",
    "timestamp",
    "minKey",
    "maxKey",
    "array",
    "document",
];
const TEXTS: [&str; 14] = [
    "",
    "a",
    "abc",
    "Abc",
    "b",
    "été",
    "5",
    "12.5",
    "2024-02-29",
    "a b",
    "abc\n",
    "xaxbx",
    "ABC abc",
    "été été",
];
const DECIMALS: [&str; 8] = ["0.1", "1", "1.50", "-2.5", "NaN", "-0", "1E+3", "7"];
const DOUBLES: [f64; 9] = [0.0, 1.0, 1.5, 2.5, -2.5, 0.1, 5.0, 1e300, 9_007_199_254_740_992.0];
const LONGS: [i64; 5] = [1, 2, 5, 9_007_199_254_740_993, i64::MAX];
const MILLIS: [i64; 5] = [0, 1_700_000_000_123, 1_709_210_096_789, 1_730_000_000_000, -86_400_000];

/// A value of any kind.
pub(super) fn any(random: &mut Random, depth: usize) -> Bson {
    let kinds = if depth == 0 { &VALUES[..17] } else { &VALUES[..] };
    match random.below(10) {
        0..=3 => bson!(random.between(-1, 6)),
        4 => text(random),
        5 if depth > 0 => list(random, depth - 1),
        6 if depth > 0 => object(random, depth - 1),
        _ => {
            let kind = random.deal("value", &VALUES);
            of_name(random, if kinds.contains(&kind) { kind } else { "null" }, depth)
        }
    }
}

fn of_name(random: &mut Random, kind: &str, depth: usize) -> Bson {
    match kind {
        "int" => bson!(random.between(-3, 9)),
        "long" => Bson::Int64(*random.pick(&LONGS)),
        "double" => Bson::Double(*random.pick(&DOUBLES)),
        "NaN" => Bson::Double(f64::NAN),
        "infinity" => Bson::Double(if random.chance(50) { f64::INFINITY } else { f64::NEG_INFINITY }),
        "-0" => Bson::Double(-0.0),
        "decimal" => decimal(DECIMALS[random.below(DECIMALS.len())]),
        "string" => text(random),
        "bool" => bson!(random.chance(50)),
        "date" => date(*random.pick(&MILLIS)),
        "objectId" => Bson::ObjectId(ObjectId::from_bytes([u8::from(random.chance(50)); 12])),
        "binary" => binary(random),
        "regex" => {
            if random.chance(50) {
                regex("^a", "i")
            } else {
                regex("b", "")
            }
        }
        "timestamp" => Bson::Timestamp(Timestamp { time: 5, increment: u32::from(random.chance(50)) }),
        "minKey" => Bson::MinKey,
        "maxKey" => Bson::MaxKey,
        "array" => list(random, depth.saturating_sub(1)),
        "document" => object(random, depth.saturating_sub(1)),
        _ => Bson::Null,
    }
}

fn binary(random: &mut Random) -> Bson {
    let subtype = if random.chance(80) { BinarySubtype::Generic } else { BinarySubtype::UserDefined(128) };
    let bytes = if random.chance(50) { vec![1, 2, 255] } else { vec![5] };
    Bson::Binary(Binary { subtype, bytes })
}

pub(super) fn text(random: &mut Random) -> Bson {
    bson!(*random.pick(&TEXTS))
}

fn list(random: &mut Random, depth: usize) -> Bson {
    let length = random.below(4);
    Bson::Array((0..length).map(|_| any(random, depth)).collect())
}

fn object(random: &mut Random, depth: usize) -> Bson {
    let mut object = Document::new();
    for name in ["b", "c", "x"] {
        if random.chance(50) {
            object.insert(name, any(random, depth));
        }
    }
    Bson::Document(object)
}

/// A number that no sum of a few takes out of its type.
fn tame_number(random: &mut Random) -> Bson {
    match random.below(8) {
        0 => Bson::Double(*random.pick(&DOUBLES[..7])),
        1 => Bson::Int64(i64::from(random.between(-3, 40))),
        2 => decimal(["0.5", "1", "1.50", "-2.5"][random.below(4)]),
        _ => bson!(random.between(-3, 9)),
    }
}

/// A value of a kind.
pub(super) fn value(random: &mut Random, kind: Kind, depth: usize) -> Bson {
    match kind {
        Kind::Any => any(random, depth),
        Kind::Number => tame_number(random),
        Kind::Whole => bson!(random.between(0, 4)),
        Kind::Text => text(random),
        Kind::List => list(random, depth.saturating_sub(1)),
        Kind::Object => object(random, depth.saturating_sub(1)),
        Kind::Flag => bson!(random.chance(50)),
        Kind::Date => date(*random.pick(&MILLIS)),
    }
}

/// How wild the documents of a collection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Temper {
    /// Every field holds any kind of value.
    Wild,
    /// A field holds its kind, null, or nothing.
    Tame,
}

/// Puts a field into a document, at times not, and at times as something else.
fn put(random: &mut Random, temper: Temper, document: &mut Document, name: &str, kind: Kind) {
    let stray = if temper == Temper::Wild { 25 } else { 0 };
    match random.below(100) {
        0..=9 => {}
        10..=17 => _ = document.insert(name, Bson::Null),
        roll if roll < 18 + stray => _ = document.insert(name, any(random, 2)),
        _ => _ = document.insert(name, value(random, kind, 2)),
    }
}

/// The fields that hold a kind.
pub(super) fn paths_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Any => &["a", "n.b", "m.0", "x", "_id"],
        Kind::Number => &["i", "i", "n.i", "_id", "n.i"],
        Kind::Whole => &["w"],
        Kind::Text => &["s", "n.s"],
        Kind::List => &["m", "l", "l.b", "q"],
        Kind::Object => &["n", "o"],
        Kind::Flag => &["t"],
        Kind::Date => &["d"],
    }
}

/// The paths that filters, sorts and updates lead along.
pub(super) const PATHS: [&str; 36] = [
    "a", "a", "a", "b", "b", "i", "s", "s", "d", "t", "n", "n.b", "n.b", "n.i", "n.s", "n.c.d", "l", "l.b",
    "l.b", "l.c", "l.0", "l.0.b", "l.1.c", "m", "m", "m", "m.0", "m.1", "q", "q.0", "q.0.0", "a.b", "a.0",
    "o.x", "zz", "zz.y",
];

/// One document of a collection.
pub(super) fn document(random: &mut Random, temper: Temper, id: i32) -> Document {
    let mut document = doc! { "_id": id, "k": id * 10 };
    put(random, temper, &mut document, "a", Kind::Any);
    put(random, temper, &mut document, "b", Kind::Any);
    put(random, temper, &mut document, "i", Kind::Number);
    put(random, temper, &mut document, "w", Kind::Whole);
    put(random, temper, &mut document, "s", Kind::Text);
    put(random, temper, &mut document, "d", Kind::Date);
    put(random, temper, &mut document, "t", Kind::Flag);
    put(random, temper, &mut document, "m", Kind::List);
    put(random, temper, &mut document, "o", Kind::Object);
    nested(random, temper, &mut document);
    elements(random, temper, &mut document);
    let rows = (0..random.below(3)).map(|_| list(random, 0)).collect();
    document.insert("q", Bson::Array(rows));
    document
}

fn nested(random: &mut Random, temper: Temper, document: &mut Document) {
    let mut inner = Document::new();
    put(random, temper, &mut inner, "b", Kind::Any);
    put(random, temper, &mut inner, "i", Kind::Number);
    put(random, temper, &mut inner, "s", Kind::Text);
    if random.chance(60) {
        let mut third = Document::new();
        put(random, temper, &mut third, "d", Kind::Any);
        inner.insert("c", third);
    }
    match random.below(12) {
        0 => {}
        1 if temper == Temper::Wild => _ = document.insert("n", any(random, 1)),
        2 if temper == Temper::Wild => _ = document.insert("n", bson!([inner, 5])),
        _ => _ = document.insert("n", inner),
    }
}

fn elements(random: &mut Random, temper: Temper, document: &mut Document) {
    let mut items = Vec::new();
    for _ in 0..random.below(4) {
        let mut item = Document::new();
        put(random, temper, &mut item, "b", Kind::Any);
        put(random, temper, &mut item, "c", Kind::Number);
        items.push(match random.below(12) {
            0 if temper == Temper::Wild => any(random, 1),
            1 if temper == Temper::Wild => bson!([item]),
            _ => Bson::Document(item),
        });
    }
    match random.below(14) {
        0 => {}
        1 if temper == Temper::Wild => _ = document.insert("l", any(random, 1)),
        2 if temper == Temper::Wild => _ = document.insert("l", items.pop().unwrap_or(Bson::Null)),
        _ => _ = document.insert("l", items),
    }
}

/// A value that is somewhere in the documents at a path, for filters that meet some of them.
pub(super) fn present(random: &mut Random, documents: &[Document], path: &str) -> Option<Bson> {
    for _ in 0..4 {
        if documents.is_empty() {
            return None;
        }
        let document = random.pick(documents);
        let mut found = Some(Bson::Document(document.clone()));
        for name in path.split('.') {
            found = match found {
                Some(Bson::Document(inner)) => inner.get(name).cloned(),
                Some(Bson::Array(items)) if items.is_empty() => None,
                Some(Bson::Array(items)) => match name.parse::<usize>() {
                    Ok(at) => items.get(at).cloned(),
                    Err(_) => random.pick(&items).as_document().and_then(|item| item.get(name).cloned()),
                },
                _ => None,
            };
        }
        match found {
            Some(Bson::Array(items)) if !items.is_empty() && random.chance(70) => {
                return Some(random.pick(&items).clone());
            }
            Some(value) => return Some(value),
            None => {}
        }
    }
    None
}
