//! Quoting of names and text for PostgreSQL.
//!
//! Backslashes in literals stand for themselves, as they do with `standard_conforming_strings` on, the
//! default of every supported PostgreSQL, and in SQLite.

pub use crate::sql_text::{quote_identifier, quote_literal, quote_name as quote_qualified};

/// Writes names as identifiers, separated by commas.
#[must_use]
pub fn quote_list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| quote_identifier(name.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::QualifiedName;

    #[test]
    fn names_are_quoted_only_where_needed() {
        let cases = [
            ("trips", "trips"),
            ("status", "status"),
            ("date", "date"),
            ("user", "\"user\""),
            ("timestamp", "\"timestamp\""),
            ("userId", "\"userId\""),
            ("two words", "\"two words\""),
            ("a\"b", "\"a\"\"b\""),
            ("año", "\"año\""),
        ];
        for (name, expected) in cases {
            assert_eq!(quote_identifier(name), expected, "{name}");
        }
        assert_eq!(quote_list(&["id", "order"]), "id, \"order\"");
        assert_eq!(quote_qualified(&QualifiedName::new("Old", "user")), "\"Old\".\"user\"");
    }

    #[test]
    fn literals_double_their_quotes_and_keep_backslashes() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"a\b"), r"'a\b'");
    }
}
