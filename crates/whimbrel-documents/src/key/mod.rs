//! Keys: bytes whose order is the comparison order of BSON.
//!
//! A value is a type byte in the order of the types, then its content in a form that ends by itself, so that values
//! can follow each other in a compound key. A descending part has every byte inverted.

mod extract;
mod number;

use bson::{Bson, RawArray, RawBson, RawBsonRef, RawDocument};

pub(crate) use extract::{Extraction, KeyPart, Keys, Unindexable, extract, values_of};

/// The type bytes, in the order in which BSON compares types.
pub(crate) mod tag {
    /// Ends an object or an array: below every type.
    pub(super) const END: u8 = 0x00;
    /// Below every value.
    pub(crate) const MIN_KEY: u8 = 0x08;
    /// Also what an empty array leaves in an index.
    pub(crate) const UNDEFINED: u8 = 0x10;
    /// Null, and what is missing.
    pub(crate) const NULL: u8 = 0x18;
    /// Every type of number.
    pub(crate) const NUMBER: u8 = 0x20;
    /// Strings and symbols.
    pub(crate) const STRING: u8 = 0x28;
    /// Embedded documents.
    pub(crate) const OBJECT: u8 = 0x30;
    /// Arrays.
    pub(crate) const ARRAY: u8 = 0x38;
    /// Binary data.
    pub(crate) const BINARY: u8 = 0x40;
    /// Object ids.
    pub(crate) const OBJECT_ID: u8 = 0x48;
    /// Booleans.
    pub(crate) const BOOLEAN: u8 = 0x50;
    /// Dates.
    pub(crate) const DATE: u8 = 0x58;
    /// Timestamps.
    pub(crate) const TIMESTAMP: u8 = 0x60;
    /// Regular expressions.
    pub(crate) const REGEX: u8 = 0x68;
    /// Database pointers.
    pub(super) const POINTER: u8 = 0x70;
    /// Code.
    pub(super) const CODE: u8 = 0x74;
    /// Code with a scope.
    pub(super) const CODE_WITH_SCOPE: u8 = 0x78;
    /// Above every value.
    pub(crate) const MAX_KEY: u8 = 0x7e;
}

/// The key of one value.
pub(crate) fn key_of(value: RawBsonRef<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(16);
    encode(value, &mut out);
    out
}

/// The key of a value of a command; none where it cannot be BSON, as a string with a NUL in a key's name.
pub(crate) fn key_of_bson(value: &Bson) -> Option<Vec<u8>> {
    let raw = RawBson::try_from(value.clone()).ok()?;
    Some(key_of(raw.as_raw_bson_ref()))
}

/// Writes a value.
pub(crate) fn encode(value: RawBsonRef<'_>, out: &mut Vec<u8>) {
    out.push(type_byte(&value));
    content(value, out);
}

/// Writes a value of an index part, inverted where the part descends.
pub(crate) fn encode_part(value: RawBsonRef<'_>, is_descending: bool, out: &mut Vec<u8>) {
    let start = out.len();
    encode(value, out);
    if is_descending {
        invert(&mut out[start..]);
    }
}

/// Inverts every byte: what was ascending descends.
pub(crate) fn invert(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = !*byte;
    }
}

/// The byte that stands for a value's type.
pub(crate) fn type_byte(value: &RawBsonRef<'_>) -> u8 {
    match value {
        RawBsonRef::MinKey => tag::MIN_KEY,
        RawBsonRef::Undefined => tag::UNDEFINED,
        RawBsonRef::Null => tag::NULL,
        RawBsonRef::Int32(_) | RawBsonRef::Int64(_) | RawBsonRef::Double(_) | RawBsonRef::Decimal128(_) => {
            tag::NUMBER
        }
        RawBsonRef::String(_) | RawBsonRef::Symbol(_) => tag::STRING,
        RawBsonRef::Document(_) => tag::OBJECT,
        RawBsonRef::Array(_) => tag::ARRAY,
        RawBsonRef::Binary(_) => tag::BINARY,
        RawBsonRef::ObjectId(_) => tag::OBJECT_ID,
        RawBsonRef::Boolean(_) => tag::BOOLEAN,
        RawBsonRef::DateTime(_) => tag::DATE,
        RawBsonRef::Timestamp(_) => tag::TIMESTAMP,
        RawBsonRef::RegularExpression(_) => tag::REGEX,
        RawBsonRef::DbPointer(_) => tag::POINTER,
        RawBsonRef::JavaScriptCode(_) => tag::CODE,
        RawBsonRef::JavaScriptCodeWithScope(_) => tag::CODE_WITH_SCOPE,
        RawBsonRef::MaxKey => tag::MAX_KEY,
    }
}

fn content(value: RawBsonRef<'_>, out: &mut Vec<u8>) {
    match value {
        RawBsonRef::MinKey | RawBsonRef::Undefined | RawBsonRef::Null | RawBsonRef::MaxKey => {}
        RawBsonRef::Int32(number) => number::integer(i64::from(number), out),
        RawBsonRef::Int64(number) => number::integer(number, out),
        RawBsonRef::Double(number) => number::double(number, out),
        RawBsonRef::Decimal128(number) => number::decimal(number, out),
        RawBsonRef::String(text) | RawBsonRef::Symbol(text) | RawBsonRef::JavaScriptCode(text) => {
            escaped(text.as_bytes(), out);
        }
        RawBsonRef::Document(document) => object(document, out),
        RawBsonRef::Array(elements) => array(elements, out),
        RawBsonRef::Binary(binary) => {
            out.extend_from_slice(&u32::try_from(binary.bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.push(u8::from(binary.subtype));
            out.extend_from_slice(binary.bytes);
        }
        RawBsonRef::ObjectId(id) => out.extend_from_slice(&id.bytes()),
        RawBsonRef::Boolean(is_true) => out.push(u8::from(is_true)),
        RawBsonRef::DateTime(date) => out.extend_from_slice(&signed(date.timestamp_millis())),
        RawBsonRef::Timestamp(timestamp) => {
            out.extend_from_slice(&timestamp.time.to_be_bytes());
            out.extend_from_slice(&timestamp.increment.to_be_bytes());
        }
        RawBsonRef::RegularExpression(regex) => {
            escaped(regex.pattern.as_str().as_bytes(), out);
            escaped(regex.options.as_str().as_bytes(), out);
        }
        // The crate keeps the pointer's parts to itself; its text says both of them.
        RawBsonRef::DbPointer(pointer) => escaped(format!("{pointer:?}").as_bytes(), out),
        RawBsonRef::JavaScriptCodeWithScope(code) => {
            escaped(code.code.as_bytes(), out);
            object(code.scope, out);
        }
    }
}

/// Signed milliseconds as bytes in order.
fn signed(value: i64) -> [u8; 8] {
    let mut bytes = value.to_be_bytes();
    bytes[0] ^= 0x80;
    bytes
}

/// Bytes that end by themselves: a zero byte is followed by 0xff, the end by what is less.
fn escaped(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
    out.push(0);
}

/// A document: its fields in their order, each by type, then name, then value.
fn object(document: &RawDocument, out: &mut Vec<u8>) {
    // What was stored has been read before; a field that cannot be read ends the key.
    for (name, value) in document.iter().map_while(Result::ok) {
        out.push(type_byte(&value));
        escaped(name.as_str().as_bytes(), out);
        content(value, out);
    }
    out.push(tag::END);
}

fn array(elements: &RawArray, out: &mut Vec<u8>) {
    for value in elements.into_iter().map_while(Result::ok) {
        encode(value, out);
    }
    out.push(tag::END);
}

#[cfg(test)]
mod tests {
    use bson::{Bson, DateTime, Decimal128, Document, Timestamp};

    use super::*;
    use crate::value::compare_bson;

    /// Pairs that are compared; every run has its own.
    const PAIRS: usize = 60_000;

    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % limit as u64).unwrap()
        }

        fn number(&mut self) -> Bson {
            let near = i64::try_from(self.below(7)).unwrap() - 3;
            let base = [0, 1, 1 << 53, i64::MAX - 3, i64::MIN + 3, 9_007_199_254_740_993][self.below(6)];
            let whole = base.wrapping_add(near);
            #[expect(clippy::cast_precision_loss, reason = "what is lost is what is compared")]
            let double = whole as f64;
            match self.below(8) {
                0 => Bson::Int64(whole),
                1 => Bson::Double(double),
                2 => Bson::Double(double / 10.0),
                3 => Bson::Decimal128(whole.to_string().parse().unwrap()),
                4 => Bson::Decimal128(format!("{whole}E-1").parse().unwrap()),
                5 => Bson::Decimal128(self.special()),
                6 => Bson::Double(
                    [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, f64::MAX][self.below(6)],
                ),
                _ => Bson::Int32(i32::try_from(near).unwrap()),
            }
        }

        fn special(&mut self) -> Decimal128 {
            let texts = [
                "NaN",
                "Infinity",
                "-Infinity",
                "0E+10",
                "3.0",
                "30E-1",
                "1E+6000",
                "-1E-6000",
                "0.1",
                "1E+400",
            ];
            texts[self.below(texts.len())].parse().unwrap()
        }

        fn text(&mut self) -> String {
            (0..self.below(4))
                .map(|_| ['a', 'b', '\u{0}', '\u{1}', 'é', '\u{10ffff}'][self.below(6)])
                .collect()
        }

        fn value(&mut self, depth: usize) -> Bson {
            match self.below(if depth > 0 { 16 } else { 13 }) {
                0 => Bson::MinKey,
                1 => Bson::MaxKey,
                2 => Bson::Null,
                3 => Bson::Boolean(self.below(2) == 0),
                4 => Bson::DateTime(DateTime::from_millis(i64::try_from(self.below(5)).unwrap() - 2)),
                5 => Bson::Timestamp(Timestamp { time: 1, increment: u32::try_from(self.below(3)).unwrap() }),
                6 | 7 => Bson::String(self.text()),
                8 => Bson::Symbol(self.text()),
                9 => Bson::Binary(bson::Binary {
                    subtype: [bson::spec::BinarySubtype::Generic, bson::spec::BinarySubtype::Uuid]
                        [self.below(2)],
                    bytes: self.text().into_bytes(),
                }),
                10 => Bson::ObjectId(bson::oid::ObjectId::from_bytes(
                    [u8::try_from(self.below(3)).unwrap(); 12],
                )),
                13 => Bson::Array((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
                14 | 15 => {
                    let names = ["a", "b", "", "aa"];
                    let fields =
                        (0..self.below(3)).map(|_| (names[self.below(4)].to_owned(), self.value(depth - 1)));
                    Bson::Document(fields.collect::<Document>())
                }
                _ => self.number(),
            }
        }
    }

    fn seed() -> u64 {
        if let Ok(seed) = std::env::var("WHIMBREL_TEST_SEED") {
            return seed.parse().expect("WHIMBREL_TEST_SEED is a number");
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        u64::from(now.subsec_nanos()) << 16 | 1
    }

    #[test]
    fn keys_are_in_the_order_of_the_values() {
        let seed = seed();
        println!("WHIMBREL_TEST_SEED={seed}");
        let mut random = Random(seed);
        for _ in 0..PAIRS {
            let (one, other) = (random.value(2), random.value(2));
            let keys = (key_of_bson(&one).unwrap(), key_of_bson(&other).unwrap());
            let expected = compare_bson(&one, &other);
            assert_eq!(keys.0.cmp(&keys.1), expected, "seed {seed}: {one:?} and {other:?}");
            let (mut first, mut second) = keys;
            // What follows in a compound key must not change the order, nor may the descending form.
            first.extend(key_of_bson(&other).unwrap());
            second.extend(key_of_bson(&one).unwrap());
            if expected.is_ne() {
                assert_eq!(
                    first.cmp(&second),
                    expected,
                    "seed {seed}: {one:?} and {other:?} in a compound key"
                );
            }
            invert(&mut first);
            invert(&mut second);
            if expected.is_ne() {
                assert_eq!(
                    first.cmp(&second),
                    expected.reverse(),
                    "seed {seed}: {one:?} and {other:?} descending"
                );
            }
        }
    }
}
