//! What PostgreSQL rewrites a table for.

use crate::catalog::{Column, ColumnType};
use crate::operation::{StoredType, called_functions};

/// Functions that give every row of one statement the same value, and keywords that look like calls.
///
/// What is not among these is taken to be volatile: the form for volatile defaults fills the rows as well.
const STEADY_FUNCTIONS: &[&str] = &[
    "any",
    "array",
    "array_fill",
    "any_value",
    "and",
    "case",
    "cast",
    "clamp",
    "coalesce",
    "concat",
    "concat_ws",
    "current_setting",
    "current_timestamp",
    "current_time",
    "date",
    "date_part",
    "date_trunc",
    "decode",
    "digest",
    "else",
    "encode",
    "extract",
    "format",
    "greatest",
    "in",
    "interval",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "least",
    "left",
    "length",
    "localtime",
    "localtimestamp",
    "lower",
    "make_date",
    "make_interval",
    "make_time",
    "make_timestamp",
    "make_timestamptz",
    "md5",
    "not",
    "now",
    "nullif",
    "numeric",
    "or",
    "point",
    "replace",
    "right",
    "round",
    "row",
    "statement_timestamp",
    "substring",
    "then",
    "time",
    "timestamp",
    "timestamptz",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "transaction_timestamp",
    "trim",
    "trunc",
    "upper",
    "when",
];

/// Whether the default gives each row a value of its own, so that adding the column writes every row anew.
pub(super) fn is_volatile(default: &str) -> bool {
    called_functions(default).iter().any(|function| !STEADY_FUNCTIONS.contains(&function.as_str()))
}

/// Why adding the column writes every row anew whatever the form; none where it does not.
pub(super) fn reason_for_rewrite(column: &Column) -> Option<&'static str> {
    if column.serial {
        Some("each row takes a number from its sequence")
    } else if column.identity.is_some() {
        Some("each row takes an identity")
    } else if column.generated.is_some() {
        Some("each row stores its generated value")
    } else {
        None
    }
}

/// Whether a change of type writes every row anew. A change of collation alone does not, but rebuilds indexes.
pub(super) fn rewrites(from: &StoredType, to: &StoredType) -> bool {
    use ColumnType as T;
    match (&from.ty, &to.ty) {
        (a, b) if a == b => false,
        (T::Varchar(_), T::Text | T::Varchar(None)) | (T::Text, T::Varchar(None)) => false,
        (T::Varchar(Some(from)), T::Varchar(Some(to))) => to < from,
        (T::Numeric(Some(_)), T::Numeric(None)) => false,
        (T::Numeric(Some((from, from_scale))), T::Numeric(Some((to, to_scale)))) => {
            from_scale != to_scale || to < from
        }
        (T::Other(from), T::Text | T::Varchar(None)) if from == "citext" => false,
        (T::Other(from), T::Other(to)) if from == "cidr" && to == "inet" => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ColumnType as T;

    #[test]
    fn a_default_is_volatile_unless_it_is_known_to_be_steady() {
        for (default, expected) in [
            ("0", false),
            ("'random()'", false),
            ("now()", false),
            ("CURRENT_TIMESTAMP", false),
            ("(now() + '1 day'::interval)", false),
            ("upper('a'::varchar(3))", false),
            ("gen_random_uuid()", true),
            ("random()", true),
            ("clock_timestamp()", true),
            ("nextval('tickets'::regclass)", true),
            ("coalesce(own_function(), 1)", true),
        ] {
            assert_eq!(is_volatile(default), expected, "{default}");
        }
    }

    #[test]
    fn only_a_change_of_the_stored_form_rewrites() {
        let cases = [
            (T::Integer, T::BigInt, true),
            (T::Text, T::Integer, true),
            (T::Varchar(Some(10)), T::Varchar(Some(20)), false),
            (T::Varchar(Some(20)), T::Varchar(Some(10)), true),
            (T::Varchar(Some(20)), T::Text, false),
            (T::Text, T::Varchar(Some(10)), true),
            (T::Text, T::Varchar(None), false),
            (T::Numeric(Some((10, 2))), T::Numeric(Some((12, 2))), false),
            (T::Numeric(Some((10, 2))), T::Numeric(Some((12, 4))), true),
            (T::Numeric(Some((10, 2))), T::Numeric(None), false),
            (T::Numeric(None), T::Numeric(Some((10, 2))), true),
            (T::Timestamp, T::TimestampTz, true),
            (T::Other("cidr".into()), T::Other("inet".into()), false),
            (T::Other("json".into()), T::Jsonb, true),
            (T::Array(Box::new(T::Varchar(None))), T::Array(Box::new(T::Text)), true),
        ];
        for (from, to, expected) in cases {
            let stored = |ty: &T| StoredType { ty: ty.clone(), collation: None };
            assert_eq!(rewrites(&stored(&from), &stored(&to)), expected, "{from:?} to {to:?}");
        }
    }
}
