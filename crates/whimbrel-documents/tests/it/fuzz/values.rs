//! Values of every BSON type, at the ends of their ranges and in between.

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Decimal128, Document, JavaScriptCodeWithScope, Regex, Timestamp, doc};

use super::random::Random;

/// How deep a value is nested once in a while: as deep as a document may be, and deeper.
const DEEP: [usize; 4] = [90, 150, 179, 250];

pub(super) const FIELDS: [&str; 14] =
    ["_id", "a", "b", "a.b", "a.0", "a.b.c", "tags", "at", "loc", "text", "n", "s", "m.x", "list.v"];
const ODD_FIELDS: [&str; 14] = [
    "",
    "$x",
    "a..b",
    ".a",
    "a.",
    "a.$",
    "a.$[]",
    "a.$[e]",
    "a.-1",
    "a.99999999999",
    "\u{0}",
    "ключ",
    "$$ROOT",
    "__proto__",
];
const WORDS: [&str; 12] = [
    "",
    "a",
    "Cusco",
    "temple beach",
    "$a",
    "$$ROOT",
    "a.b",
    "ÄÖÜ ß ﬁ",
    "2024-02-30",
    "UTC",
    "int",
    "%Y-%m-%dT%H:%M:%S.%LZ",
];
const PATTERNS: [&str; 8] = ["^a", "e$", "(a|b)+", "[", "(?i)x", "(a+)+$", "\\d{2,}", "(?<!a)b"];

/// A field's name, or a path.
pub(super) fn field(random: &mut Random) -> String {
    if random.percent(4) { random.of(&ODD_FIELDS) } else { random.of(&FIELDS) }.to_owned()
}

/// A number of any type.
pub(super) fn number(random: &mut Random) -> Bson {
    match random.below(12) {
        0..=3 => Bson::Int32(random.small(12)),
        4 => Bson::Int32(random.of(&[-1, i32::MAX, i32::MIN])),
        5 => Bson::Int64(random.of(&[0, -7, i64::MAX, i64::MIN, (1 << 53)])),
        6 => Bson::Double(random.of(&[0.5, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY])),
        7 => Bson::Double(random.of(&[1e308, 5e-324, 9.007_199_254_740_993e15, -2.5, 1e19])),
        8 => decimal(random.of(&["1.5", "NaN", "Infinity", "-0", "9.999E+6144", "1E-6176", "0.1"])),
        9 => Bson::Double(f64::from(random.small(100)) / 4.0),
        _ => Bson::Int64(i64::from(random.small(50))),
    }
}

fn decimal(text: &str) -> Bson {
    text.parse::<Decimal128>().map_or(Bson::Null, Bson::Decimal128)
}

/// A point, a line or a polygon on the sphere, sometimes none.
pub(super) fn geometry(random: &mut Random) -> Bson {
    let place = |random: &mut Random| {
        let whole = |bound: usize, random: &mut Random| f64::from(random.small(bound));
        vec![Bson::Double(whole(370, random) - 185.0), Bson::Double(whole(190, random) - 95.0)]
    };
    match random.below(5) {
        0 | 1 => doc! { "type": "Point", "coordinates": place(random) }.into(),
        2 => doc! { "type": "LineString", "coordinates": [place(random), place(random)] }.into(),
        3 => {
            let start = place(random);
            let ring = vec![start.clone(), place(random), place(random), start];
            doc! { "type": "Polygon", "coordinates": [ring] }.into()
        }
        _ => Bson::Array(place(random)),
    }
}

/// A value of any type.
pub(super) fn value(random: &mut Random, depth: usize) -> Bson {
    match random.below(24) {
        0..=5 => number(random),
        6..=8 => Bson::String(random.of(&WORDS).to_owned()),
        9 => Bson::Null,
        10 => Bson::Boolean(random.percent(50)),
        11 => Bson::ObjectId(ObjectId::from_bytes([random.below(4).to_le_bytes()[0]; 12])),
        12 => Bson::DateTime(DateTime::from_millis(random.of(&[
            0,
            1_700_000_000_000,
            i64::MAX,
            i64::MIN,
            -62_135_596_800_000,
        ]))),
        13 => Bson::RegularExpression(regex(random)),
        14 => odd(random),
        15 => geometry(random),
        16 if depth > 0 && random.percent(3) => deep(random),
        16..=18 if depth > 0 => Bson::Array(random.times(4, |random| value(random, depth - 1))),
        _ if depth > 0 => document(random, depth - 1).into(),
        _ => number(random),
    }
}

/// The types that are rare.
fn odd(random: &mut Random) -> Bson {
    match random.below(8) {
        0 => Bson::MinKey,
        1 => Bson::MaxKey,
        2 => Bson::Undefined,
        3 => Bson::Symbol("symbol".to_owned()),
        4 => Bson::JavaScriptCode("function() { return 1; }".to_owned()),
        5 => Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope {
            code: "x".to_owned(),
            scope: doc! { "x": 1 },
        }),
        6 => Bson::Timestamp(Timestamp { time: u32::MAX, increment: 1 }),
        _ => {
            let subtype = random.of(&[BinarySubtype::Generic, BinarySubtype::Uuid, BinarySubtype::Md5]);
            let bytes = random.times(20, |random| random.next().to_le_bytes()[0]);
            Bson::Binary(Binary { subtype, bytes })
        }
    }
}

/// A pattern; some are wrong.
pub(super) fn regex(random: &mut Random) -> Regex {
    let options = if random.percent(3) { "z" } else { random.of(&["", "i", "msx"]) };
    let options = options.to_owned();
    let pattern = random.of(&PATTERNS).to_owned();
    // A pattern without a NUL can always be made.
    Regex {
        pattern: pattern.try_into().expect("it has no NUL"),
        options: options.try_into().expect("it has no NUL"),
    }
}

/// One value within many others.
pub(super) fn deep(random: &mut Random) -> Bson {
    let levels = random.of(&[DEEP[0], DEEP[1], DEEP[2], DEEP[3]]);
    let as_array = random.percent(50);
    let name = random.of(&["a", "$and", "$not", "$add", "$cond"]).to_owned();
    (0..levels).fold(Bson::Int32(1), |inner, _| {
        if as_array { Bson::Array(vec![inner]) } else { doc! { name.as_str(): inner }.into() }
    })
}

/// A document.
pub(super) fn document(random: &mut Random, depth: usize) -> Document {
    let fields = random.times(5, |random| (field(random), value(random, depth)));
    fields.into_iter().collect()
}

/// A document that the collections begin with: every field that an index is over, of the type it expects.
pub(super) fn usual(random: &mut Random, id: i32) -> Document {
    let mut document = doc! {
        "_id": id, "n": id, "s": format!("word{}", id % 7), "a": { "b": { "c": id % 5 } },
        "tags": [id % 3, id % 4], "text": format!("temple {} beach", id % 4),
        "at": DateTime::from_millis(1_700_000_000_000 + i64::from(id) * 3_600_000),
        "loc": { "type": "Point", "coordinates": [f64::from(id) / 10.0, 5.0] },
        "list": [{ "v": id }, { "v": id % 2 }],
    };
    document.insert("m", doc! { "x": number(random) });
    document
}
