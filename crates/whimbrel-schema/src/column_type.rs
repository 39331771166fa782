//! Column types as text: PostgreSQL's aliases are read, and its own spelling is written.

use std::fmt;

use crate::catalog::{ColumnType, QualifiedName};
use crate::sql_text::quote_name;

impl ColumnType {
    /// The type that the SQL text names.
    ///
    /// Aliases are resolved (`int4`, `varchar(20)`, `decimal(10,2)`, `timestamptz`, `text[]`). What is
    /// not known becomes [`ColumnType::Other`] in the server's spelling as far as that is known.
    ///
    /// ```
    /// use whimbrel_schema::catalog::ColumnType;
    /// assert_eq!(ColumnType::parse("VARCHAR(20)"), ColumnType::Varchar(Some(20)));
    /// assert_eq!(ColumnType::parse("int4").to_string(), "integer");
    /// assert_eq!(ColumnType::parse("text[]").to_string(), "text[]");
    /// assert_eq!(ColumnType::parse("char(3)").to_string(), "character(3)");
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> ColumnType {
        let text = normalise(text);
        let (element, is_array) = strip_array(&text);
        let element = parse_element(element);
        if is_array { ColumnType::Array(Box::new(element)) } else { element }
    }

    /// The type's name without length, precision or scale, as PostgreSQL prints it in a cast.
    #[must_use]
    pub fn base_name(&self) -> String {
        match self {
            ColumnType::Numeric(_) => "numeric".to_owned(),
            ColumnType::Varchar(_) => "character varying".to_owned(),
            ColumnType::Array(element) => format!("{}[]", element.base_name()),
            ColumnType::Other(text) => base_of_other(text),
            other => other.to_string(),
        }
    }
}

/// The type as PostgreSQL's `format_type` prints it; an enumerated type is qualified where it is not in the
/// default schema, and every part quoted where it must be.
impl fmt::Display for ColumnType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = match self {
            ColumnType::SmallInt => "smallint",
            ColumnType::Integer => "integer",
            ColumnType::BigInt => "bigint",
            ColumnType::DoublePrecision => "double precision",
            ColumnType::Numeric(None) => "numeric",
            ColumnType::Numeric(Some((precision, scale))) => {
                return write!(formatter, "numeric({precision},{scale})");
            }
            ColumnType::Text => "text",
            ColumnType::Varchar(None) => "character varying",
            ColumnType::Varchar(Some(length)) => return write!(formatter, "character varying({length})"),
            ColumnType::Boolean => "boolean",
            ColumnType::Uuid => "uuid",
            ColumnType::Date => "date",
            ColumnType::Time => "time without time zone",
            ColumnType::Timestamp => "timestamp without time zone",
            ColumnType::TimestampTz => "timestamp with time zone",
            ColumnType::Jsonb => "jsonb",
            ColumnType::Bytea => "bytea",
            ColumnType::Point => "point",
            ColumnType::Enum(name) => return formatter.write_str(&quote_name(name)),
            ColumnType::Array(element) => return write!(formatter, "{element}[]"),
            ColumnType::Other(text) => text,
        };
        formatter.write_str(plain)
    }
}

/// Lower case and single spaces outside double quotes, none around brackets and commas.
fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quoted = false;
    let mut space = false;
    for current in text.trim().chars() {
        if quoted {
            out.push(current);
            quoted = current != '"';
            continue;
        }
        if current.is_whitespace() {
            space = true;
            continue;
        }
        let glued = matches!(current, '(' | ')' | ',' | '[' | ']' | '.');
        if space && !glued && !out.ends_with(['(', ',', '[', '.']) && !out.is_empty() {
            out.push(' ');
        }
        space = false;
        quoted = current == '"';
        out.extend(current.to_lowercase());
    }
    out
}

/// PostgreSQL keeps neither the bounds nor the number of an array's dimensions.
fn strip_array(text: &str) -> (&str, bool) {
    let mut element = text;
    let mut is_array = false;
    loop {
        let shorter = element
            .strip_suffix(']')
            .and_then(|inner| inner.rsplit_once('['))
            .filter(|(_, bound)| bound.bytes().all(|byte| byte.is_ascii_digit()))
            .map(|(before, _)| before)
            .or_else(|| element.strip_suffix(" array"));
        match shorter {
            Some(before) => {
                element = before;
                is_array = true;
            }
            None => return (element, is_array),
        }
    }
}

fn parse_element(text: &str) -> ColumnType {
    let (base, arguments) = split_arguments(text);
    let base = base.strip_prefix("pg_catalog.").unwrap_or(&base);
    let number = |at: usize| arguments.get(at).and_then(|argument| argument.parse::<u32>().ok());
    match (base, arguments.len()) {
        ("smallint" | "int2", 0) => ColumnType::SmallInt,
        ("integer" | "int" | "int4", 0) => ColumnType::Integer,
        ("bigint" | "int8", 0) => ColumnType::BigInt,
        ("double precision" | "float8" | "float", 0) => ColumnType::DoublePrecision,
        ("float", 1) if number(0).is_some_and(|bits| bits > 24) => ColumnType::DoublePrecision,
        ("float", 1) | ("float4", 0) => ColumnType::Other("real".to_owned()),
        ("numeric" | "decimal" | "dec", 0) => ColumnType::Numeric(None),
        ("numeric" | "decimal" | "dec", 1 | 2) => match (number(0), number(1), arguments.len()) {
            (Some(precision), None, 1) => ColumnType::Numeric(Some((precision, 0))),
            (Some(precision), Some(scale), 2) => ColumnType::Numeric(Some((precision, scale))),
            _ => ColumnType::Other(format!("numeric({})", arguments.join(","))),
        },
        ("text", 0) => ColumnType::Text,
        ("character varying" | "varchar" | "char varying", 0) => ColumnType::Varchar(None),
        ("character varying" | "varchar" | "char varying", 1) if number(0).is_some() => {
            ColumnType::Varchar(number(0))
        }
        ("boolean" | "bool", 0) => ColumnType::Boolean,
        ("uuid", 0) => ColumnType::Uuid,
        ("date", 0) => ColumnType::Date,
        ("time" | "time without time zone", 0) => ColumnType::Time,
        ("timestamp" | "timestamp without time zone", 0) => ColumnType::Timestamp,
        ("timestamptz" | "timestamp with time zone", 0) => ColumnType::TimestampTz,
        ("jsonb", 0) => ColumnType::Jsonb,
        ("bytea", 0) => ColumnType::Bytea,
        ("point", 0) => ColumnType::Point,
        _ => ColumnType::Other(other_spelling(base, &arguments)),
    }
}

/// `timestamp(3) with time zone` → (`timestamp with time zone`, [`3`]).
fn split_arguments(text: &str) -> (String, Vec<String>) {
    if text.contains('"') {
        return (text.to_owned(), Vec::new());
    }
    let Some((before, rest)) = text.split_once('(') else { return (text.to_owned(), Vec::new()) };
    let Some((arguments, after)) = rest.split_once(')') else { return (text.to_owned(), Vec::new()) };
    let base = [before.trim(), after.trim()].join(" ");
    (base.trim().to_owned(), arguments.split(',').map(|argument| argument.trim().to_owned()).collect())
}

fn other_spelling(base: &str, arguments: &[String]) -> String {
    let list = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(",")) };
    match base {
        "char" | "character" | "bpchar" if !arguments.is_empty() => format!("character{list}"),
        "char" | "character" => "character(1)".to_owned(),
        "bit" if arguments.is_empty() => "bit(1)".to_owned(),
        "varbit" => format!("bit varying{list}"),
        "time" | "time without time zone" => format!("time{list} without time zone"),
        "timetz" | "time with time zone" => format!("time{list} with time zone"),
        "timestamp" | "timestamp without time zone" => format!("timestamp{list} without time zone"),
        "timestamptz" | "timestamp with time zone" => format!("timestamp{list} with time zone"),
        _ => format!("{base}{list}"),
    }
}

fn base_of_other(text: &str) -> String {
    let (base, arguments) = split_arguments(text);
    if base == "character" && !arguments.is_empty() { "bpchar".to_owned() } else { base }
}

impl ColumnType {
    /// The enumerated type's name where this is one, or an array of one.
    #[must_use]
    pub fn enum_name(&self) -> Option<&QualifiedName> {
        match self {
            ColumnType::Enum(name) => Some(name),
            ColumnType::Array(element) => element.enum_name(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_resolved_and_written_as_the_server_writes_them() {
        for (text, expected) in [
            ("INT4", "integer"),
            ("int2", "smallint"),
            ("int8", "bigint"),
            ("float8", "double precision"),
            ("float(24)", "real"),
            ("float(53)", "double precision"),
            ("Double   Precision", "double precision"),
            ("decimal", "numeric"),
            ("decimal( 10 , 2 )", "numeric(10,2)"),
            ("numeric(5)", "numeric(5,0)"),
            ("numeric(5,-2)", "numeric(5,-2)"),
            ("varchar", "character varying"),
            ("varchar (20)", "character varying(20)"),
            ("character varying(20)[]", "character varying(20)[]"),
            ("bool", "boolean"),
            ("time", "time without time zone"),
            ("timetz", "time with time zone"),
            ("timestamp(3)", "timestamp(3) without time zone"),
            ("timestamp (3) with time zone", "timestamp(3) with time zone"),
            ("timestamptz(3)", "timestamp(3) with time zone"),
            ("timestamptz", "timestamp with time zone"),
            ("text[][]", "text[]"),
            ("text[3]", "text[]"),
            ("text array", "text[]"),
            ("char", "character(1)"),
            ("bpchar", "bpchar"),
            ("varbit(4)", "bit varying(4)"),
            ("inet", "inet"),
            ("interval day to second", "interval day to second"),
            ("\"Odd Type\"", "\"Odd Type\""),
        ] {
            let parsed = ColumnType::parse(text);
            assert_eq!(parsed.to_string(), expected, "{text}");
            assert_eq!(ColumnType::parse(expected), parsed, "{text}");
        }
    }

    #[test]
    fn a_cast_names_the_type_without_its_length() {
        for (text, expected) in [
            ("varchar(20)", "character varying"),
            ("char(3)", "bpchar"),
            ("numeric(4,1)[]", "numeric[]"),
            ("timestamp(3)", "timestamp without time zone"),
            ("integer", "integer"),
        ] {
            assert_eq!(ColumnType::parse(text).base_name(), expected);
        }
        let name = QualifiedName::new("billing", "Status");
        assert_eq!(ColumnType::Enum(name).base_name(), "billing.\"Status\"");
    }
}
