//! PostgreSQL's types in SQLite: the declared type, the check that keeps its strictness, and literals.

use whimbrel_schema::catalog::ColumnType;

use crate::literal;
use crate::quote::{quoted, text_literal};

/// The largest precision that SQLite's numbers keep exactly.
pub(crate) const LARGEST_PRECISION: u32 = 15;

/// One row of the list of types: PostgreSQL's name, the declared one, how values are stored.
pub(crate) const TYPES: &[(&str, &str, &str)] = &[
    ("smallint", "smallint", "integer, range checked"),
    ("integer", "int (integer for a serial or identity key)", "integer, range checked"),
    ("bigint", "bigint", "integer"),
    (
        "serial, bigserial, smallserial, GENERATED … AS IDENTITY",
        "integer",
        "INTEGER PRIMARY KEY AUTOINCREMENT; only as the single primary key column",
    ),
    ("double precision", "double precision", "real"),
    ("real", "real", "real"),
    (
        "numeric(p, s) with p ≤ 15",
        "numeric(p,s)",
        "integer or real, size checked; rounded to s when written as a literal and when read",
    ),
    ("text", "text", "text"),
    ("varchar(n), varchar", "varchar(n), varchar", "text, length checked"),
    ("char(n)", "character(n)", "text, length checked"),
    ("boolean", "boolean", "0 or 1"),
    ("uuid", "uuid_text", "text, lower case with hyphens, shape checked"),
    ("date", "date_text", "text `2026-01-31`, checked"),
    ("time", "time_text", "text `15:04:05.000`, checked"),
    ("timestamp", "timestamp_text", "text `2026-01-31T15:04:05.000`, checked"),
    ("timestamptz", "timestamptz_text", "text `2026-01-31T15:04:05.000Z` in UTC, checked"),
    ("jsonb, json", "jsonb_text, json_text", "text, json_valid"),
    ("bytea", "blob", "blob"),
    ("point", "coordinates_text", "text `(x,y)`, shape checked"),
    ("an enum", "name_enum_text", "text, membership checked"),
    ("an array of any of these", "text_array_text and so on", "a JSON array, checked; its elements are not"),
];

/// What a type means to an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Fraction,
    Text,
    Boolean,
    Date,
    Time,
    Moment,
    Uuid,
    Json,
    /// A value taken out of JSON as text.
    JsonText,
    Array,
    Bytes,
    Unknown,
}

impl Kind {
    pub(crate) fn of(ty: &ColumnType) -> Kind {
        match ty {
            ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt => Kind::Integer,
            ColumnType::DoublePrecision | ColumnType::Numeric(_) => Kind::Fraction,
            ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Enum(_) => Kind::Text,
            ColumnType::Boolean => Kind::Boolean,
            ColumnType::Uuid => Kind::Uuid,
            ColumnType::Date => Kind::Date,
            ColumnType::Time => Kind::Time,
            ColumnType::Timestamp | ColumnType::TimestampTz => Kind::Moment,
            ColumnType::Jsonb => Kind::Json,
            ColumnType::Bytea => Kind::Bytes,
            ColumnType::Array(_) => Kind::Array,
            ColumnType::Other(name) if name == "real" => Kind::Fraction,
            ColumnType::Other(name) if name == "json" => Kind::Json,
            ColumnType::Other(name) if character_length(name).is_some() => Kind::Text,
            ColumnType::Point | ColumnType::Other(_) => Kind::Unknown,
        }
    }
}

/// The length of `character(n)`.
pub(crate) fn character_length(name: &str) -> Option<u32> {
    name.strip_prefix("character(")?.strip_suffix(')')?.parse().ok()
}

/// Why SQLite cannot hold the type; none where it can.
pub(crate) fn objection(ty: &ColumnType) -> Option<String> {
    match ty {
        ColumnType::Numeric(None) => Some(format!(
            "the type numeric without a precision: its numbers keep {LARGEST_PRECISION} digits; write numeric(p, s) with p ≤ {LARGEST_PRECISION}"
        )),
        ColumnType::Numeric(Some((precision, scale)))
            if *precision > LARGEST_PRECISION || scale > precision =>
        {
            Some(format!(
                "the type {ty}: its numbers keep {LARGEST_PRECISION} digits; write numeric(p, s) with s ≤ p ≤ {LARGEST_PRECISION}"
            ))
        }
        ColumnType::Array(element) => match **element {
            ColumnType::Bytea => Some("the type bytea[]: JSON has no bytes".to_owned()),
            ref other => objection(other),
        },
        ColumnType::Enum(name) if !name.in_default_schema() => {
            Some(format!("the type {ty} of another schema"))
        }
        ColumnType::Other(name) if name == "real" || name == "json" || character_length(name).is_some() => {
            None
        }
        ColumnType::Other(name) => Some(format!("the type {name}")),
        _ => None,
    }
}

/// The declared type of a column, which keeps PostgreSQL's readable and has the right affinity.
pub(crate) fn declared(ty: &ColumnType) -> String {
    match ty {
        ColumnType::SmallInt => "smallint".to_owned(),
        // Exactly `INTEGER` would make a single-column primary key an alias of the rowid, which numbers rows by itself.
        ColumnType::Integer => "int".to_owned(),
        ColumnType::BigInt => "bigint".to_owned(),
        ColumnType::DoublePrecision => "double precision".to_owned(),
        ColumnType::Numeric(Some((precision, scale))) => format!("numeric({precision},{scale})"),
        ColumnType::Numeric(None) => "numeric".to_owned(),
        ColumnType::Varchar(Some(length)) => format!("varchar({length})"),
        ColumnType::Varchar(None) => "varchar".to_owned(),
        ColumnType::Text => "text".to_owned(),
        ColumnType::Boolean => "boolean".to_owned(),
        ColumnType::Bytea => "blob".to_owned(),
        ColumnType::Other(name) if name != "json" => name.clone(),
        ColumnType::Enum(_) => quoted(&format!("{}_text", stem(ty))),
        ColumnType::Array(element) => match (&**element, arguments(element)) {
            (ColumnType::Enum(_), _) => quoted(&format!("{}_array_text", stem(element))),
            (element, arguments) => format!("{}_array_text{arguments}", stem(element)),
        },
        other => format!("{}_text", stem(other)),
    }
}

fn arguments(ty: &ColumnType) -> String {
    match ty {
        ColumnType::Numeric(Some((precision, scale))) => format!("({precision},{scale})"),
        ColumnType::Varchar(Some(length)) => format!("({length})"),
        ColumnType::Other(name) => {
            character_length(name).map(|length| format!("({length})")).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// A word without `int`, which would give the declared type integer affinity.
fn stem(ty: &ColumnType) -> String {
    match ty {
        ColumnType::SmallInt => "i16".to_owned(),
        ColumnType::Integer => "i32".to_owned(),
        ColumnType::BigInt => "i64".to_owned(),
        ColumnType::DoublePrecision => "double".to_owned(),
        ColumnType::Numeric(_) => "numeric".to_owned(),
        ColumnType::Text => "text".to_owned(),
        ColumnType::Varchar(_) => "varchar".to_owned(),
        ColumnType::Boolean => "boolean".to_owned(),
        ColumnType::Uuid => "uuid".to_owned(),
        ColumnType::Date => "date".to_owned(),
        ColumnType::Time => "time".to_owned(),
        ColumnType::Timestamp => "timestamp".to_owned(),
        ColumnType::TimestampTz => "timestamptz".to_owned(),
        ColumnType::Jsonb => "jsonb".to_owned(),
        ColumnType::Bytea => "blob".to_owned(),
        ColumnType::Point => "coordinates".to_owned(),
        ColumnType::Enum(name) => format!("{}_enum", break_int(&name.name)),
        ColumnType::Array(element) => format!("{}_array", stem(element)),
        ColumnType::Other(name) if character_length(name).is_some() => "character".to_owned(),
        ColumnType::Other(name) => name.clone(),
    }
}

fn break_int(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (at, current) in name.char_indices() {
        out.push(current);
        let ahead = name.as_bytes().get(at..at + 3);
        if current == '~' || ahead.is_some_and(|ahead| ahead.eq_ignore_ascii_case(b"int")) {
            out.push('~');
        }
    }
    out
}

fn mend_int(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut characters = name.chars().peekable();
    while let Some(current) = characters.next() {
        out.push(current);
        if (current == '~' || current.eq_ignore_ascii_case(&'i')) && characters.peek() == Some(&'~') {
            characters.next();
        }
    }
    out
}

/// The type that a declared one stands for: ours exactly, others' as well as they say.
pub(crate) fn from_declared(declared: &str) -> ColumnType {
    let lower = declared.trim().to_lowercase();
    let (base, arguments) = match lower.split_once('(') {
        Some((base, rest)) => (base.trim().to_owned(), format!("({}", rest.trim())),
        None => (lower.clone(), String::new()),
    };
    if let Some(element) = base.strip_suffix("_array_text") {
        let element = stem_type(element, &arguments, &declared[..element.len()]);
        return ColumnType::Array(Box::new(element));
    }
    if let Some(word) = base.strip_suffix("_text") {
        return stem_type(word, &arguments, &declared[..word.len()]);
    }
    match base.as_str() {
        "blob" => ColumnType::Bytea,
        "" => ColumnType::Other("any".to_owned()),
        "datetime" => ColumnType::Timestamp,
        "nvarchar" | "varying character" | "native character" | "nchar" => {
            ColumnType::parse(&format!("varchar{arguments}"))
        }
        "mediumint" | "tinyint" => ColumnType::Integer,
        "unsigned big int" => ColumnType::BigInt,
        "clob" => ColumnType::Text,
        "double" => ColumnType::DoublePrecision,
        _ => ColumnType::parse(&lower),
    }
}

fn stem_type(word: &str, arguments: &str, original: &str) -> ColumnType {
    match word {
        "i16" => ColumnType::SmallInt,
        "i32" => ColumnType::Integer,
        "i64" => ColumnType::BigInt,
        "double" => ColumnType::DoublePrecision,
        "coordinates" => ColumnType::Point,
        "blob" => ColumnType::Bytea,
        _ => match word.strip_suffix("_enum") {
            Some(name) => {
                let name = mend_int(&original[..name.len()]);
                ColumnType::Enum(whimbrel_schema::catalog::QualifiedName::plain(name))
            }
            None => ColumnType::parse(&format!("{word}{arguments}")),
        },
    }
}

/// The condition that keeps PostgreSQL's strictness; NULL passes.
pub(crate) fn strictness(column: &str, ty: &ColumnType, values: &[String]) -> Option<String> {
    let c = quoted(column);
    Some(match ty {
        ColumnType::SmallInt => {
            format!("typeof({c}) IN ('integer', 'null') AND {c} BETWEEN -32768 AND 32767")
        }
        ColumnType::Integer => {
            format!("typeof({c}) IN ('integer', 'null') AND {c} BETWEEN -2147483648 AND 2147483647")
        }
        ColumnType::BigInt => format!("typeof({c}) IN ('integer', 'null')"),
        ColumnType::DoublePrecision => format!("typeof({c}) IN ('real', 'null')"),
        ColumnType::Numeric(Some((precision, scale))) => format!(
            "typeof({c}) IN ('integer', 'real', 'null') AND abs(round({c}, {scale})) < 1{}",
            "0".repeat(usize::try_from(precision - scale).unwrap_or_default())
        ),
        ColumnType::Numeric(None) => format!("typeof({c}) IN ('integer', 'real', 'null')"),
        ColumnType::Text | ColumnType::Varchar(None) => format!("typeof({c}) IN ('text', 'null')"),
        ColumnType::Varchar(Some(length)) => {
            format!("typeof({c}) IN ('text', 'null') AND length({c}) <= {length}")
        }
        ColumnType::Boolean => format!("typeof({c}) IN ('integer', 'null') AND {c} IN (0, 1)"),
        ColumnType::Uuid => format!(
            "{c} GLOB '????????-????-????-????-????????????' AND {c} NOT GLOB '*[^0-9a-f-]*' AND length(replace({c}, '-', '')) = 32"
        ),
        ColumnType::Date => format!("strftime('%Y-%m-%d', {c}) IS {c}"),
        ColumnType::Time => format!("strftime('%H:%M:%f', {c}) IS {c}"),
        ColumnType::Timestamp => format!("strftime('%Y-%m-%dT%H:%M:%f', {c}) IS {c}"),
        ColumnType::TimestampTz => format!("strftime('%Y-%m-%dT%H:%M:%fZ', {c}) IS {c}"),
        ColumnType::Jsonb => format!("typeof({c}) IN ('text', 'null') AND json_valid({c})"),
        ColumnType::Bytea => format!("typeof({c}) IN ('blob', 'null')"),
        ColumnType::Point => format!("{c} GLOB '(*[0-9]*,*[0-9]*)' AND {c} NOT GLOB '*[^0-9eE+.,()-]*'"),
        ColumnType::Enum(_) => {
            if values.is_empty() {
                format!("{c} IS NULL")
            } else {
                format!(
                    "{c} IN ({})",
                    values.iter().map(|value| text_literal(value)).collect::<Vec<_>>().join(", ")
                )
            }
        }
        ColumnType::Array(_) => {
            format!("CASE WHEN json_valid({c}) THEN json_type({c}) = 'array' ELSE {c} IS NULL END")
        }
        ColumnType::Other(name) => match (name.as_str(), character_length(name)) {
            ("real", _) => format!("typeof({c}) IN ('real', 'null')"),
            ("json", _) => format!("typeof({c}) IN ('text', 'null') AND json_valid({c})"),
            (_, Some(length)) => format!("typeof({c}) IN ('text', 'null') AND length({c}) <= {length}"),
            _ => return None,
        },
    })
}

/// A text literal as SQLite's expression for a value of the type.
///
/// # Errors
/// What PostgreSQL would say of text that is no value of the type.
pub(crate) fn literal_of(ty: &ColumnType, text: &str) -> Result<String, String> {
    let bad = |kind: &str| Err(format!("'{text}' is no value of type {kind}"));
    match ty {
        ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt => match text.trim().parse::<i64>() {
            Ok(number) => Ok(number.to_string()),
            Err(_) => bad("integer"),
        },
        ColumnType::Numeric(Some((_, scale))) => match literal::round_decimal(text, *scale) {
            Some(number) => Ok(number),
            None => bad("numeric"),
        },
        ColumnType::DoublePrecision | ColumnType::Numeric(None) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(format!("{number:?}")),
            _ => bad("double precision"),
        },
        ColumnType::Boolean => match text.trim().to_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => Ok("TRUE".to_owned()),
            "f" | "false" | "n" | "no" | "off" | "0" => Ok("FALSE".to_owned()),
            _ => bad("boolean"),
        },
        ColumnType::Uuid => match uuid::Uuid::parse_str(text.trim()) {
            Ok(id) => Ok(text_literal(&id.hyphenated().to_string())),
            Err(_) => bad("uuid"),
        },
        ColumnType::Date => moment(literal::date(text), "date", text),
        ColumnType::Time => moment(literal::time(text), "time", text),
        ColumnType::Timestamp => moment(literal::timestamp(text), "timestamp", text),
        ColumnType::TimestampTz => moment(literal::timestamp_utc(text), "timestamp with time zone", text),
        ColumnType::Jsonb => json(text),
        ColumnType::Other(name) if name == "json" => json(text),
        ColumnType::Bytea => match literal::bytes(text) {
            Some(hex) => Ok(format!("X'{hex}'")),
            None => bad("bytea"),
        },
        ColumnType::Array(element) => {
            let items = literal::array(text).ok_or_else(|| format!("'{text}' is no array"))?;
            literal::json_array(element, &items).map(|json| text_literal(&json))
        }
        ColumnType::Point => Ok(text_literal(&text.split_whitespace().collect::<String>())),
        ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Enum(_) | ColumnType::Other(_) => {
            Ok(text_literal(text))
        }
    }
}

fn moment(form: Option<String>, name: &str, text: &str) -> Result<String, String> {
    form.map(|form| text_literal(&form))
        .ok_or_else(|| format!("'{text}' is no value of type {name} that SQLite keeps"))
}

fn json(text: &str) -> Result<String, String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("'{text}' is not JSON: {error}"))?;
    Ok(text_literal(&value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use whimbrel_schema::catalog::QualifiedName;

    #[test]
    fn every_declared_type_reads_back() {
        for name in [
            "smallint",
            "integer",
            "bigint",
            "double precision",
            "real",
            "numeric(10,2)",
            "text",
            "varchar(20)",
            "varchar",
            "char(3)",
            "boolean",
            "uuid",
            "date",
            "time",
            "timestamp",
            "timestamptz",
            "jsonb",
            "json",
            "bytea",
            "point",
        ] {
            let ty = ColumnType::parse(name);
            assert_eq!(objection(&ty), None, "{name}");
            assert_eq!(from_declared(&declared(&ty)), ty, "{name}");
            if name != "bytea" {
                let array = ColumnType::Array(Box::new(ty));
                assert_eq!(from_declared(&declared(&array)), array, "{name}[]");
            }
        }
        for name in ["status", "maintenance_kind", "POINT", "a~b", "int~int"] {
            let ty = ColumnType::Enum(QualifiedName::plain(name));
            let word = declared(&ty);
            assert!(!word.to_lowercase().contains("int"), "{word} would have integer affinity");
            assert_eq!(from_declared(word.trim_matches('"')), ty, "{word}");
        }
    }

    #[test]
    fn literals_take_their_fixed_form() {
        for (ty, text, expected) in [
            ("numeric(10,2)", "12.345", Ok("12.35")),
            ("numeric(10,2)", "-0.005", Ok("-0.01")),
            ("numeric(10,2)", "x", Err(())),
            ("boolean", "yes", Ok("TRUE")),
            ("uuid", "6F9619FF-8B86-D011-B42D-00C04FC964FF", Ok("'6f9619ff-8b86-d011-b42d-00c04fc964ff'")),
            ("date", "2024-2-3", Err(())),
            ("date", "2024-02-30", Err(())),
            ("timestamp", "2024-02-03 4:05", Err(())),
            ("timestamp", "2024-02-03 04:05", Ok("'2024-02-03T04:05:00.000'")),
            ("timestamptz", "2024-02-03 04:05:06.5+02", Ok("'2024-02-03T02:05:06.500Z'")),
            ("timestamptz", "2024-03-01T00:30:00+05:30", Ok("'2024-02-29T19:00:00.000Z'")),
            ("time", "04:05", Ok("'04:05:00.000'")),
            ("jsonb", "{ \"a\" : 1 }", Ok("'{\"a\":1}'")),
            ("text[]", "{a,\"b c\",NULL}", Ok("'[\"a\",\"b c\",null]'")),
            ("integer[]", "{1,2}", Ok("'[1,2]'")),
            ("bytea", "\\x00ff", Ok("X'00ff'")),
        ] {
            let result = literal_of(&ColumnType::parse(ty), text);
            assert_eq!(result.as_deref().map_err(|_| ()), expected, "{ty} {text}");
        }
    }
}
