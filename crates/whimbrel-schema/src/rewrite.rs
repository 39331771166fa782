//! What PostgreSQL writes a whole table anew for.

use crate::catalog::ColumnType;

/// Built-in functions that give every row of one statement the same value, sorted. A function that is not among
/// them counts as volatile, since that is what a function is where nothing else is said.
const STABLE: &[&str] = &[
    "abs",
    "any_value",
    "array_fill",
    "ceil",
    "chr",
    "clamp",
    "coalesce",
    "concat",
    "concat_ws",
    "convert_to",
    "current_database",
    "current_schema",
    "current_setting",
    "date_part",
    "date_trunc",
    "decode",
    "digest",
    "encode",
    "extract",
    "floor",
    "format",
    "greatest",
    "int4range",
    "int8range",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "least",
    "left",
    "length",
    "localtimestamp",
    "lower",
    "lpad",
    "make_date",
    "make_interval",
    "make_time",
    "make_timestamp",
    "make_timestamptz",
    "md5",
    "now",
    "nullif",
    "numrange",
    "point",
    "repeat",
    "replace",
    "right",
    "round",
    "row_to_json",
    "rpad",
    "statement_timestamp",
    "substr",
    "substring",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "to_tsvector",
    "transaction_timestamp",
    "trim",
    "trunc",
    "tsrange",
    "tstzrange",
    "upper",
];

/// Whether the function, by its name in lower case, gives every row of one statement the same value.
pub(crate) fn is_stable(function: &str) -> bool {
    STABLE.binary_search(&function).is_ok()
}

/// Whether a change of type writes every row anew.
pub(crate) fn rewrites(from: &ColumnType, to: &ColumnType) -> bool {
    use ColumnType as T;
    match (from, to) {
        (a, b) if a == b => false,
        (T::Varchar(_), T::Text | T::Varchar(None)) | (T::Text, T::Varchar(None)) => false,
        (T::Varchar(Some(from)), T::Varchar(Some(to))) => to < from,
        (T::Numeric(_), T::Numeric(None)) => false,
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
    fn the_list_is_sorted() {
        assert!(STABLE.is_sorted());
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
            assert_eq!(rewrites(&from, &to), expected, "{from:?} to {to:?}");
        }
    }
}
