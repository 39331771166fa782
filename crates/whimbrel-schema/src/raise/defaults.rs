//! Default expressions, as the server prints them, back to their declared form.
//!
//! A form is taken only where lowering it and storing it makes the server print the same text again; all else
//! stays SQL. So `now()` stays `sql("now()")`: the server does not print it for `CURRENT_TIMESTAMP`.

use crate::catalog::{ColumnType, EnumDefinition};
use crate::lower::now_sql;
use crate::model::{Default, FieldType, Scalar};
use crate::sql_text::split_literal;

use super::names::NameMaker;

/// The declared default for the SQL text.
pub(super) fn default_of(
    sql: &str,
    declared: &FieldType,
    ty: &ColumnType,
    enumeration: Option<&EnumDefinition>,
) -> Default {
    let known = match declared {
        FieldType::Scalar(scalar) => scalar_default(sql, *scalar, ty),
        FieldType::Enum(_) => literal(sql, ty)
            .and_then(|value| enumeration.and_then(|definition| variant_of(definition, &value)))
            .map(Default::Variant),
        FieldType::List(_) => (literal(sql, ty).as_deref() == Some("{}")).then_some(Default::Empty),
        FieldType::Embedded(_) => None,
    };
    known.unwrap_or_else(|| Default::Sql(sql.to_owned()))
}

fn scalar_default(sql: &str, scalar: Scalar, ty: &ColumnType) -> Option<Default> {
    match scalar {
        Scalar::Uuid => (sql == "gen_random_uuid()").then_some(Default::Uuid),
        Scalar::Date | Scalar::Time | Scalar::Timestamp | Scalar::NaiveTimestamp => {
            (sql == now_sql(ty)).then_some(Default::Now)
        }
        Scalar::Bool => match sql {
            "true" => Some(Default::Bool(true)),
            "false" => Some(Default::Bool(false)),
            _ => None,
        },
        Scalar::I16 | Scalar::I32 | Scalar::I64 | Scalar::F64 | Scalar::Decimal => {
            number(sql).map(Default::Number)
        }
        Scalar::String => literal(sql, ty).map(Default::Text),
        Scalar::Json => (literal(sql, ty).as_deref() == Some("{}")).then_some(Default::Empty),
        Scalar::ObjectId | Scalar::Bytes | Scalar::GeoPoint => None,
    }
}

/// The text of a literal that has no cast, or the cast that the server adds for this column.
fn literal(sql: &str, ty: &ColumnType) -> Option<String> {
    let (text, rest) = split_literal(sql)?;
    // A server with an empty search path qualifies the types of the default schema too.
    let is_own = rest.is_empty()
        || rest.strip_prefix("::").is_some_and(|cast| {
            cast == ty.base_name() || cast.strip_prefix("public.") == Some(ty.base_name().as_str())
        });
    is_own.then_some(text)
}

/// A plain number, or a negative one in the form that the server prints (`'-1'::integer`).
fn number(sql: &str) -> Option<String> {
    if is_number(sql.strip_prefix('-').unwrap_or(sql)) {
        return Some(sql.to_owned());
    }
    let (text, rest) = split_literal(sql)?;
    let digits = text.strip_prefix('-')?;
    let server_cast = if !is_number(digits) {
        return None;
    } else if text.parse::<i32>().is_ok() {
        "::integer"
    } else if text.parse::<i64>().is_ok() {
        "::bigint"
    } else {
        "::numeric"
    };
    (rest == server_cast).then_some(text)
}

fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction)
}

/// The Rust name that the value has; variants are named in order, as for the enum itself.
fn variant_of(definition: &EnumDefinition, value: &str) -> Option<String> {
    let mut taken = NameMaker::variants();
    let mut named = definition.values.iter().filter(|value| !value.is_empty());
    named.find_map(|candidate| {
        let name = taken.variant(candidate);
        (candidate == value).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(sql: &str, scalar: Scalar, ty: &str) -> Default {
        default_of(sql, &FieldType::Scalar(scalar), &ColumnType::parse(ty), None)
    }

    #[test]
    fn server_text_becomes_its_declared_form() {
        let text = |value: &str| Default::Text(value.to_owned());
        let number = |value: &str| Default::Number(value.to_owned());
        for (sql, kind, ty, expected) in [
            ("gen_random_uuid()", Scalar::Uuid, "uuid", Default::Uuid),
            ("CURRENT_TIMESTAMP", Scalar::NaiveTimestamp, "timestamp", Default::Now),
            ("CURRENT_TIMESTAMP", Scalar::Timestamp, "timestamptz", Default::Now),
            ("CURRENT_DATE", Scalar::Date, "date", Default::Now),
            ("LOCALTIME", Scalar::Time, "time", Default::Now),
            ("'planned'::character varying", Scalar::String, "varchar(20)", text("planned")),
            ("'it''s'::text", Scalar::String, "text", text("it's")),
            ("'USD'::bpchar", Scalar::String, "char(3)", text("USD")),
            ("'::1'::inet", Scalar::String, "inet", text("::1")),
            ("0", Scalar::I32, "int", number("0")),
            ("1.50", Scalar::Decimal, "numeric(10,2)", number("1.50")),
            ("'-1'::integer", Scalar::I64, "bigint", number("-1")),
            ("'-3000000000'::bigint", Scalar::I64, "bigint", number("-3000000000")),
            ("'-0.5'::numeric", Scalar::F64, "float8", number("-0.5")),
            ("true", Scalar::Bool, "bool", Default::Bool(true)),
            ("'{}'::jsonb", Scalar::Json, "jsonb", Default::Empty),
        ] {
            assert_eq!(scalar(sql, kind, ty), expected, "{sql}");
        }
    }

    #[test]
    fn text_that_would_not_come_back_stays_sql() {
        for (sql, kind, ty) in [
            ("now()", Scalar::Timestamp, "timestamptz"),
            ("'planned'::text", Scalar::String, "varchar(20)"),
            ("'1'::bigint", Scalar::I64, "bigint"),
            ("'-1'::bigint", Scalar::I64, "bigint"),
            ("('a' || 'b')", Scalar::String, "text"),
            ("E'a\\\\b'::text", Scalar::String, "text"),
            ("uuid_generate_v4()", Scalar::Uuid, "uuid"),
            ("'[]'::jsonb", Scalar::Json, "jsonb"),
            ("(1 + 1)", Scalar::I32, "int"),
        ] {
            assert_eq!(scalar(sql, kind, ty), Default::Sql(sql.to_owned()), "{sql}");
        }
    }

    #[test]
    fn lists_and_enums_have_theirs() {
        let list = FieldType::List(Box::new(FieldType::Scalar(Scalar::String)));
        let ty = ColumnType::parse("text[]");
        assert_eq!(default_of("'{}'::text[]", &list, &ty, None), Default::Empty);
        assert_eq!(default_of("'{a}'::text[]", &list, &ty, None), Default::Sql("'{a}'::text[]".to_owned()));
        let name = crate::catalog::QualifiedName::plain("trip_status");
        let definition = EnumDefinition {
            name: name.clone(),
            values: vec!["planned".to_owned(), "in progress".to_owned()],
            comment: None,
        };
        let declared = FieldType::Enum("TripStatus".to_owned());
        let ty = ColumnType::Enum(name);
        for cast in ["trip_status", "public.trip_status"] {
            assert_eq!(
                default_of(&format!("'in progress'::{cast}"), &declared, &ty, Some(&definition)),
                Default::Variant("InProgress".to_owned())
            );
        }
    }
}
