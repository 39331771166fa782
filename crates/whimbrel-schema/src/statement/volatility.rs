//! Whether a default gives one value for all rows, or must be computed for each.

use squawk_syntax::ast::{AstNode as _, Expr};
use squawk_syntax::{SyntaxKind, SyntaxNode};

/// Built-in functions that are not volatile and that people write in defaults, sorted.
const STABLE: &[&str] = &[
    "abs",
    "array_fill",
    "ceil",
    "chr",
    "coalesce",
    "concat",
    "convert_to",
    "current_database",
    "current_schema",
    "current_setting",
    "date_part",
    "date_trunc",
    "decode",
    "encode",
    "extract",
    "floor",
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
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_timestamp",
    "to_tsvector",
    "transaction_timestamp",
    "trim",
    "tsrange",
    "tstzrange",
    "upper",
];

/// Whether the expression may give another value for each row. A function that is not known to be stable counts
/// as volatile, since that is what a function is where nothing else is said.
pub(super) fn is_volatile(expression: &SyntaxNode) -> bool {
    expression.descendants().any(|node| match node.kind() {
        SyntaxKind::CALL_EXPR => !calls_stable(&node),
        SyntaxKind::SELECT | SyntaxKind::PAREN_SELECT => true,
        _ => false,
    })
}

fn calls_stable(call: &SyntaxNode) -> bool {
    let called =
        call.children().find(|part| Expr::can_cast(part.kind()) && part.kind() != SyntaxKind::ARG_LIST);
    let Some(called) = called else {
        // `EXTRACT(…)`, `COALESCE(…)` and their like are keywords with a syntax of their own.
        return super::tree::tokens(call).next().is_some_and(|word| is_stable(word.text()));
    };
    let name = called.text().to_string().to_lowercase();
    is_stable(name.trim().trim_start_matches("pg_catalog."))
}

fn is_stable(name: &str) -> bool {
    STABLE.binary_search(&name.to_lowercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(STABLE.is_sorted());
    }

    #[test]
    fn only_known_functions_give_one_value_for_all_rows() {
        for (expression, expected) in [
            ("0", false),
            ("'a'::text", false),
            ("now()", false),
            ("now() + interval '1 day'", false),
            ("CURRENT_TIMESTAMP", false),
            ("'{}'::jsonb", false),
            ("ARRAY[]::text[]", false),
            ("lower('A')", false),
            ("timezone('utc', now())", false),
            ("pg_catalog.now()", false),
            ("random()", true),
            ("gen_random_uuid()", true),
            ("nextval('s')", true),
            ("clock_timestamp()", true),
            ("md5(random()::text)", true),
            ("my_function()", true),
            ("app.now()", true),
        ] {
            let sql = format!("SELECT {expression}");
            let parse = squawk_syntax::SourceFile::parse(&sql);
            let target =
                parse.tree().syntax().descendants().find(|node| node.kind() == SyntaxKind::TARGET).unwrap();
            assert_eq!(is_volatile(&target), expected, "{expression}");
        }
    }
}
