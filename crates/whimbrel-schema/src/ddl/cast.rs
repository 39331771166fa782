//! What converting a column's values from one type to another takes, and what it may cost.

use crate::catalog::ColumnType;

use super::type_name;

/// What a conversion may do to values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Every value converts to itself.
    None,
    /// A value that does not fit is an error, and nothing is changed.
    Refused,
    /// A value may be rounded, cut or dropped without an error.
    Silent,
}

/// Families of types between which PostgreSQL converts when it assigns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Number,
    Text,
    Date,
    Timestamp,
    Time,
    Json,
    Boolean,
    Bytes,
    Array,
    Alone,
}

/// The expression that a change of type needs after `USING`; none where the server converts by itself.
///
/// `column` is the column's name, quoted.
#[must_use]
pub fn using(column: &str, from: &ColumnType, to: &ColumnType) -> Option<String> {
    use Family as F;
    if from == to {
        return None;
    }
    let target = type_name(to);
    // Without this the server would take the values as local to the session's time zone.
    if let (ColumnType::Timestamp, ColumnType::TimestampTz)
    | (ColumnType::TimestampTz, ColumnType::Timestamp) = (from, to)
    {
        return Some(format!("{column} AT TIME ZONE 'UTC'"));
    }
    let expression = match (family(from), family(to)) {
        (F::Number, F::Number)
        | (F::Text, F::Text)
        | (F::Json, F::Json)
        | (F::Date | F::Timestamp, F::Date | F::Timestamp)
        | (F::Timestamp, F::Time) => return None,
        (F::Array, F::Array) => return using_of_array(column, from, to),
        (F::Bytes, F::Text) => format!("convert_from({column}, 'UTF8'){}", length_cast(to)),
        (F::Text, F::Bytes) => format!("convert_to({column}, 'UTF8')"),
        // Any value is assigned to text as it is printed.
        (_, F::Text) => return None,
        (F::Boolean, F::Number) if *to == ColumnType::Integer => format!("{column}::integer"),
        (F::Boolean, F::Number) => format!("{column}::integer::{target}"),
        (F::Number, F::Boolean) => format!("{column} <> 0"),
        (F::Text, F::Array) if !matches!(element(to), Some(ColumnType::Text | ColumnType::Varchar(_))) => {
            format!("{column}::{target}")
        }
        (_, F::Array) => wrapped(column, from, to),
        (F::Array, _) => unwrapped(column, from, to),
        (F::Text, _) => format!("{column}::{target}"),
        _ => format!("{column}::text::{target}"),
    };
    Some(expression)
}

/// What converting values may cost.
#[must_use]
pub fn loss(from: &ColumnType, to: &ColumnType) -> Loss {
    use ColumnType as T;
    if from == to {
        return Loss::None;
    }
    match (from, to) {
        (T::Array(from), T::Array(to)) => loss(from, to),
        (T::Array(_), _) if family(to) != Family::Text => Loss::Silent,
        (_, T::Array(element)) => loss(from, element),
        (T::Varchar(from), T::Varchar(to)) => shrinks(*from, *to),
        (_, T::Varchar(Some(_))) => Loss::Refused,
        (T::Bytea, T::Text | T::Varchar(None)) => Loss::Refused,
        (_, T::Text | T::Varchar(None)) => Loss::None,
        (T::SmallInt, T::Integer | T::BigInt) | (T::Integer, T::BigInt) => Loss::None,
        (T::SmallInt | T::Integer, T::DoublePrecision) => Loss::None,
        (T::SmallInt | T::Integer | T::BigInt, T::Numeric(None)) => Loss::None,
        (T::SmallInt | T::Integer | T::BigInt, T::SmallInt | T::Integer | T::Numeric(_)) => Loss::Refused,
        (T::Numeric(Some(from)), T::Numeric(Some(to))) => numeric_loss(*from, *to),
        (T::Numeric(Some(_)), T::Numeric(None)) => Loss::None,
        (T::Boolean, _) if family(to) == Family::Number => Loss::None,
        (T::Date, T::Timestamp | T::TimestampTz) | (T::Timestamp, T::TimestampTz) => Loss::None,
        (T::TimestampTz, T::Timestamp) => Loss::None,
        _ if family(from) == Family::Text => Loss::Refused,
        (T::Enum(_), T::Enum(_)) => Loss::Refused,
        (T::Other(json), T::Jsonb) if json == "json" => Loss::None,
        (T::Jsonb, T::Other(json)) if json == "json" => Loss::None,
        _ => Loss::Silent,
    }
}

/// Whether two types are the same but for a length or a precision.
#[must_use]
pub fn differ_in_length_only(from: &ColumnType, to: &ColumnType) -> bool {
    match (from, to) {
        (ColumnType::Varchar(_), ColumnType::Varchar(_))
        | (ColumnType::Numeric(_), ColumnType::Numeric(_)) => true,
        _ => from == to,
    }
}

fn shrinks(from: Option<u32>, to: Option<u32>) -> Loss {
    match (from, to) {
        (_, None) => Loss::None,
        (Some(from), Some(to)) if to >= from => Loss::None,
        _ => Loss::Refused,
    }
}

fn numeric_loss(from: (u32, u32), to: (u32, u32)) -> Loss {
    let whole = |(precision, scale): (u32, u32)| precision.saturating_sub(scale);
    if to.1 < from.1 {
        Loss::Silent
    } else if whole(to) < whole(from) {
        Loss::Refused
    } else {
        Loss::None
    }
}

fn family(ty: &ColumnType) -> Family {
    match ty {
        ColumnType::SmallInt
        | ColumnType::Integer
        | ColumnType::BigInt
        | ColumnType::DoublePrecision
        | ColumnType::Numeric(_) => Family::Number,
        ColumnType::Text | ColumnType::Varchar(_) => Family::Text,
        ColumnType::Date => Family::Date,
        ColumnType::Timestamp | ColumnType::TimestampTz => Family::Timestamp,
        ColumnType::Time => Family::Time,
        ColumnType::Jsonb => Family::Json,
        ColumnType::Boolean => Family::Boolean,
        ColumnType::Bytea => Family::Bytes,
        ColumnType::Array(_) => Family::Array,
        ColumnType::Uuid | ColumnType::Point | ColumnType::Enum(_) => Family::Alone,
        ColumnType::Other(name) => family_of_other(name),
    }
}

fn family_of_other(name: &str) -> Family {
    let base = name.split('(').next().unwrap_or(name).trim();
    match base {
        "real" => Family::Number,
        "character" | "bpchar" | "name" | "citext" => Family::Text,
        "json" => Family::Json,
        "time with time zone" | "time without time zone" => Family::Time,
        "timestamp with time zone" | "timestamp without time zone" => Family::Timestamp,
        _ => Family::Alone,
    }
}

fn element(ty: &ColumnType) -> Option<&ColumnType> {
    match ty {
        ColumnType::Array(element) => Some(element),
        _ => None,
    }
}

/// Arrays convert as their elements do.
fn using_of_array(column: &str, from: &ColumnType, to: &ColumnType) -> Option<String> {
    let (from_element, to_element) = (element(from)?, element(to)?);
    using(column, from_element, to_element)?;
    let target = type_name(to);
    if family(from_element) == Family::Text {
        Some(format!("{column}::{target}"))
    } else {
        Some(format!("{column}::text[]::{target}"))
    }
}

/// A value becomes an array of one; NULL stays NULL.
fn wrapped(column: &str, from: &ColumnType, to: &ColumnType) -> String {
    let element = element(to).expect("the target is an array");
    let value = using(column, from, element).unwrap_or_else(|| column.to_owned());
    format!("CASE WHEN {column} IS NULL THEN NULL ELSE ARRAY[{value}]::{} END", type_name(to))
}

/// An array becomes its first element.
fn unwrapped(column: &str, from: &ColumnType, to: &ColumnType) -> String {
    let element = element(from).expect("the source is an array");
    let first = format!("{column}[1]");
    using(&first, element, to).unwrap_or(first)
}

fn length_cast(to: &ColumnType) -> String {
    match to {
        ColumnType::Text => String::new(),
        other => format!("::{}", type_name(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::QualifiedName;
    use ColumnType as T;

    fn array(element: T) -> T {
        T::Array(Box::new(element))
    }

    fn mood() -> T {
        T::Enum(QualifiedName::plain("mood"))
    }

    #[test]
    fn a_cast_is_written_where_the_server_has_none_for_assignment() {
        let cases: Vec<(T, T, Option<&str>)> = vec![
            (T::Integer, T::BigInt, None),
            (T::Integer, T::Text, None),
            (T::Varchar(Some(10)), T::Text, None),
            (T::Text, T::Varchar(Some(10)), None),
            (T::Other("json".into()), T::Jsonb, None),
            (T::Timestamp, T::TimestampTz, Some("x AT TIME ZONE 'UTC'")),
            (T::Timestamp, T::Date, None),
            (mood(), T::Text, None),
            (T::Text, T::Integer, Some("x::integer")),
            (T::Varchar(Some(20)), mood(), Some("x::mood")),
            (mood(), T::Enum(QualifiedName::plain("kind")), Some("x::text::kind")),
            (T::Boolean, T::Integer, Some("x::integer")),
            (T::Boolean, T::SmallInt, Some("x::integer::smallint")),
            (T::BigInt, T::Boolean, Some("x <> 0")),
            (T::Text, T::Jsonb, Some("x::jsonb")),
            (T::Date, T::Time, Some("x::text::time")),
            (T::Text, T::Bytea, Some("convert_to(x, 'UTF8')")),
            (array(T::Varchar(Some(5))), array(T::Text), None),
            (array(T::Text), array(mood()), Some("x::mood[]")),
            (array(mood()), array(T::Integer), Some("x::text[]::integer[]")),
            (T::Text, array(T::Text), Some("CASE WHEN x IS NULL THEN NULL ELSE ARRAY[x]::text[] END")),
            (array(T::Text), T::Integer, Some("x[1]::integer")),
            (array(T::Integer), T::Integer, Some("x[1]")),
        ];
        for (from, to, expected) in cases {
            assert_eq!(using("x", &from, &to).as_deref(), expected, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn what_is_lost_is_known() {
        let cases = [
            (T::Integer, T::BigInt, Loss::None),
            (T::BigInt, T::Integer, Loss::Refused),
            (T::Varchar(Some(10)), T::Varchar(Some(20)), Loss::None),
            (T::Varchar(Some(20)), T::Varchar(Some(10)), Loss::Refused),
            (T::Varchar(None), T::Varchar(Some(10)), Loss::Refused),
            (T::Text, T::Integer, Loss::Refused),
            (T::Numeric(Some((10, 2))), T::Numeric(Some((12, 2))), Loss::None),
            (T::Numeric(Some((10, 2))), T::Numeric(Some((10, 4))), Loss::Refused),
            (T::Numeric(Some((10, 2))), T::Numeric(Some((10, 0))), Loss::Silent),
            (T::Numeric(None), T::Integer, Loss::Silent),
            (T::DoublePrecision, T::Integer, Loss::Silent),
            (T::Timestamp, T::Date, Loss::Silent),
            (T::Other("json".into()), T::Jsonb, Loss::None),
            (mood(), T::Text, Loss::None),
            (array(T::Text), T::Integer, Loss::Silent),
        ];
        for (from, to, expected) in cases {
            assert_eq!(loss(&from, &to), expected, "{from:?} to {to:?}");
        }
    }
}
