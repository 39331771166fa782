//! Whether a default gives one value for all rows, or must be computed for each.

use squawk_syntax::ast::{AstNode as _, Expr};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::rewrite::is_stable;

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
        return super::tree::tokens(call).next().is_some_and(|word| is_stable(&word.text().to_lowercase()));
    };
    let name = called.text().to_string().to_lowercase();
    is_stable(name.trim().trim_start_matches("pg_catalog."))
}

#[cfg(test)]
mod tests {
    use super::*;

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
