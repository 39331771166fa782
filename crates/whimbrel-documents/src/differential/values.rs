//! The values that every operator meets.

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Decimal128, Document, Regex, Timestamp, bson, doc};

/// A decimal by its text.
pub(crate) fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse::<Decimal128>().expect("a decimal"))
}

/// A regular expression.
pub(crate) fn regex(pattern: &str, options: &str) -> Bson {
    let text = |part: &str| part.to_owned().try_into().expect("no NUL");
    Bson::RegularExpression(Regex { pattern: text(pattern), options: text(options) })
}

/// A date by its milliseconds.
pub(crate) fn date(millis: i64) -> Bson {
    Bson::DateTime(DateTime::from_millis(millis))
}

fn binary(bytes: &[u8]) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() })
}

/// One value of each kind, and those around the edges of each kind.
pub(crate) fn values() -> Vec<Bson> {
    vec![
        Bson::Null,
        bson!(0),
        bson!(1),
        bson!(-1),
        bson!(5),
        bson!(7),
        Bson::Int64(1),
        Bson::Int64(9_007_199_254_740_993),
        Bson::Int64(i64::MAX),
        bson!(i32::MAX),
        bson!(0.0),
        bson!(-0.0),
        bson!(1.0),
        bson!(1.5),
        bson!(2.5),
        bson!(-2.5),
        bson!(0.1),
        bson!(1e300),
        bson!(9_007_199_254_740_992.0),
        Bson::Double(f64::NAN),
        Bson::Double(f64::INFINITY),
        Bson::Double(f64::NEG_INFINITY),
        decimal("0.1"),
        decimal("1"),
        decimal("1.50"),
        decimal("NaN"),
        bson!(""),
        bson!("a"),
        bson!("abc"),
        bson!("Abc"),
        bson!("été"),
        bson!("5"),
        bson!("abc\n"),
        bson!({}),
        bson!({ "x": 1 }),
        bson!({ "x": 1, "y": "a" }),
        bson!({ "x": [1, 2] }),
        bson!([]),
        bson!([1]),
        bson!([1, 5, "a"]),
        bson!([[1, 2], [3]]),
        bson!([Bson::Null]),
        bson!([{ "x": 1 }, { "x": 2 }]),
        binary(&[1, 2, 255]),
        binary(&[0, 0, 0, 0, 0]),
        Bson::ObjectId(ObjectId::from_bytes([1; 12])),
        bson!(true),
        bson!(false),
        date(0),
        date(1_700_000_000_123),
        Bson::Timestamp(Timestamp { time: 5, increment: 1 }),
        regex("^a", "i"),
        Bson::MinKey,
        Bson::MaxKey,
    ]
}

/// A few values, for what is combined with itself.
pub(crate) fn few() -> Vec<Bson> {
    vec![
        Bson::Null,
        bson!(0),
        bson!(2),
        bson!(-3),
        Bson::Int64(i64::MAX),
        bson!(1.5),
        Bson::Double(f64::NAN),
        decimal("2.5"),
        bson!("a"),
        bson!("abc"),
        bson!({ "x": 1 }),
        bson!([1, 2, "a"]),
        bson!([]),
        date(86_400_000),
        bson!(true),
    ]
}

/// Documents that hold every value plainly, in a nested document, and in arrays; and some that hold none.
pub(crate) fn documents() -> Vec<Document> {
    let mut documents: Vec<Document> = (0i32..)
        .zip(values())
        .map(|(id, value)| {
            doc! { "_id": id, "a": value.clone(), "n": { "b": value.clone() }, "l": [{ "b": value.clone() }, { "b": 1 }], "m": [value, 1] }
        })
        .collect();
    documents.extend([
        doc! { "_id": 100 },
        doc! { "_id": 101, "n": {}, "l": [], "m": [] },
        doc! { "_id": 102, "n": 5, "l": 5, "m": 5 },
        doc! { "_id": 103, "n": [], "l": [1, 2], "m": [[1]] },
        doc! { "_id": 104, "n": [{ "b": 1 }], "l": [{ "c": 1 }], "m": [{ "b": 1 }] },
        doc! { "_id": 105, "n": [[{ "b": 5 }]], "l": [[{ "b": 5 }], { "b": [5] }], "m": [[5], 5] },
        doc! { "_id": 106, "n": { "0": 5 }, "l": [{ "0": 5 }, [7]], "m": { "0": "a" } },
        doc! { "_id": 107, "n": Bson::Null, "l": Bson::Null, "m": Bson::Null },
        doc! { "_id": 108, "n": { "b": [{ "c": 1 }, { "c": 5 }] }, "l": [{ "b": [{ "c": 1 }] }, { "b": { "c": [5, 7] } }], "m": "abc" },
    ]);
    documents
}

/// Values of a field `l` that paths such as `l.b`, `l.0` and `l.b.c` lead through.
pub(crate) fn lists_of_paths() -> Vec<Bson> {
    vec![
        bson!([{ "b": [] }, "s", { "c": 1 }]),
        bson!([{ "b": [] }, { "c": 1 }]),
        bson!([{ "b": 5 }, { "c": 1 }]),
        bson!(["s", { "c": 1 }]),
        bson!(["s", { "b": 5 }]),
        bson!(["s"]),
        bson!([{ "b": 5 }, "s", { "c": 1 }]),
        bson!([{ "b": [5] }, "s", { "c": 1 }]),
        bson!([{ "b": [null, 5] }, 5]),
        bson!([{ "c": 1 }, "s"]),
        bson!([[{ "c": 1 }], { "b": 5 }]),
        bson!([{ "b": [{}] }, { "b": Bson::Null }]),
        bson!([{ "b": { "c": 5 } }, { "b": [{ "c": Bson::Null }] }]),
        bson!([]),
        bson!({ "b": [5] }),
        bson!({ "b": 5 }),
        bson!("s"),
    ]
}
