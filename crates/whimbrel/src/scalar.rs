//! The scalar types of the schema.

use std::fmt;
use std::str::FromStr;

/// A UUID.
pub type Uuid = uuid::Uuid;
/// An exact decimal number.
pub type Decimal = rust_decimal::Decimal;
/// A calendar date.
pub type Date = jiff::civil::Date;
/// A time of day.
pub type Time = jiff::civil::Time;
/// An instant, in UTC.
pub type Timestamp = jiff::Timestamp;
/// A date and time without a zone.
pub type NaiveTimestamp = jiff::civil::DateTime;
/// Any JSON value.
pub type Json = serde_json::Value;
/// Bytes.
pub type Bytes = Vec<u8>;

/// A position on the globe, WGS 84.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct GeoPoint {
    /// Degrees east of Greenwich, from -180 to 180.
    pub longitude: f64,
    /// Degrees north of the equator, from -90 to 90.
    pub latitude: f64,
}

/// The id of a document: twelve bytes, of which the first four are the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId([u8; 12]);

impl ObjectId {
    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        ObjectId(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 12] {
        self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// A text that is not 24 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseObjectIdError;

impl fmt::Display for ParseObjectIdError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an ObjectId is 24 hexadecimal digits")
    }
}

impl std::error::Error for ParseObjectIdError {}

impl FromStr for ObjectId {
    type Err = ParseObjectIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 24 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ParseObjectIdError);
        }
        let mut bytes = [0; 12];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digits = &text[index * 2..index * 2 + 2];
            *byte = u8::from_str_radix(digits, 16).map_err(|_error| ParseObjectIdError)?;
        }
        Ok(ObjectId(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_id_reads_back() {
        let text = "507f1f77bcf86cd799439011";
        assert_eq!(text.parse::<ObjectId>().unwrap().to_string(), text);
        for wrong in ["", "507f1f77bcf86cd79943901", "507f1f77bcf86cd79943901g", "é07f1f77bcf86cd7994390111"]
        {
            assert_eq!(wrong.parse::<ObjectId>(), Err(ParseObjectIdError), "{wrong}");
        }
    }
}
