//! What PostgreSQL rewrites a table for.

use crate::catalog::Column;
use crate::operation::{StoredType, called_functions};
use crate::rewrite::is_stable;

/// Keywords before a parenthesis, which look like calls.
const KEYWORDS: &[&str] = &[
    "and",
    "any",
    "array",
    "case",
    "cast",
    "else",
    "in",
    "interval",
    "not",
    "numeric",
    "or",
    "row",
    "then",
    "time",
    "timestamp",
    "timestamptz",
    "when",
    "current_timestamp",
    "current_time",
    "localtime",
    "date",
];

/// Whether the default gives each row a value of its own, so that adding the column writes every row anew.
pub(super) fn is_volatile(default: &str) -> bool {
    called_functions(default)
        .iter()
        .any(|function| !KEYWORDS.contains(&function.as_str()) && !is_stable(function))
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
    crate::rewrite::rewrites(&from.ty, &to.ty)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
