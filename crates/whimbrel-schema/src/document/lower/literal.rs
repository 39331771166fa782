//! Values of a declaration as Extended JSON.

use serde_json::{Value, json};

use super::schema::number;
use crate::model::Scalar;

/// A text as a value of the scalar; none where it is not one.
pub(super) fn text_as(scalar: Scalar, text: &str) -> Option<Value> {
    Some(match scalar {
        Scalar::String | Scalar::Time => json!(text),
        Scalar::Date | Scalar::Timestamp | Scalar::NaiveTimestamp => json!({ "$date": instant(text)? }),
        Scalar::Uuid => json!({ "$binary": { "base64": base64(&uuid_bytes(text)?), "subType": "04" } }),
        Scalar::ObjectId => {
            let is_id = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_id.then(|| json!({ "$oid": text.to_ascii_lowercase() }))?
        }
        Scalar::Bytes => json!({ "$binary": { "base64": base64(text.as_bytes()), "subType": "00" } }),
        Scalar::Json => serde_json::from_str(text).ok()?,
        Scalar::Decimal => json!({ "$numberDecimal": text }),
        _ => return None,
    })
}

/// A number as a value of the scalar: a decimal is never a float.
pub(super) fn number_as(scalar: Scalar, text: &str) -> Value {
    match scalar {
        Scalar::Decimal => json!({ "$numberDecimal": text.replace('_', "") }),
        _ => number(text, false),
    }
}

/// A date, or a date and a time in UTC, as Extended JSON writes an instant.
fn instant(text: &str) -> Option<String> {
    let text = text.trim();
    let (date, time) = match text.find(['T', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, "00:00:00"),
    };
    let time = time.strip_suffix('Z').or_else(|| time.strip_suffix("+00:00")).unwrap_or(time);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let clock = if clock.len() == 5 { format!("{clock}:00") } else { clock.to_owned() };
    let fraction = fraction.trim_end_matches('0');
    let is_date = has_form(date, "dddd-dd-dd");
    let is_time =
        has_form(&clock, "dd:dd:dd") && fraction.len() <= 3 && fraction.bytes().all(|b| b.is_ascii_digit());
    if !is_date || !is_time {
        return None;
    }
    // As the driver prints it: milliseconds where there are some, always three digits.
    let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction:0<3}") };
    Some(format!("{date}T{clock}{fraction}Z"))
}

fn has_form(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

fn uuid_bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.replace('-', "");
    if digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let padded = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        for place in 0..4 {
            if place <= chunk.len() {
                let index = (bits >> (18 - 6 * place)) & 0x3F;
                out.push(char::from(ALPHABET[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_values_of_their_type() {
        for (scalar, text, expected) in [
            (Scalar::Date, "2024-02-29", Some(json!({ "$date": "2024-02-29T00:00:00Z" }))),
            (Scalar::Timestamp, "2024-02-29 12:30", Some(json!({ "$date": "2024-02-29T12:30:00Z" }))),
            (
                Scalar::Timestamp,
                "2024-02-29T12:30:01.5Z",
                Some(json!({ "$date": "2024-02-29T12:30:01.500Z" })),
            ),
            (Scalar::Timestamp, "2024-02-29T12:30:01+02:00", None),
            (Scalar::Date, "yesterday", None),
            (
                Scalar::ObjectId,
                "65a1b2c3d4e5f60718293A4B",
                Some(json!({ "$oid": "65a1b2c3d4e5f60718293a4b" })),
            ),
            (Scalar::ObjectId, "65a1", None),
            (
                Scalar::Uuid,
                "00112233-4455-6677-8899-aabbccddeeff",
                Some(json!({ "$binary": { "base64": "ABEiM0RVZneImaq7zN3u/w==", "subType": "04" } })),
            ),
            (Scalar::Bytes, "abcd", Some(json!({ "$binary": { "base64": "YWJjZA==", "subType": "00" } }))),
            (Scalar::Json, "{\"a\": 1}", Some(json!({ "a": 1 }))),
            (Scalar::Json, "{", None),
        ] {
            assert_eq!(text_as(scalar, text), expected, "{text}");
        }
    }
}
