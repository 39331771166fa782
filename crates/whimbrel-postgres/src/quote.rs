//! Names and literals in the SQL that this crate itself sends.

/// The name in double quotes, whatever it is.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name within a schema, both in double quotes.
pub(crate) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

/// The text as a literal; the session runs with `standard_conforming_strings` on.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The text as a literal, or `NULL`.
pub(crate) fn optional_literal(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_owned(), literal)
}

/// A list of literals for `IN (…)`; never empty.
pub(crate) fn literal_list<S: AsRef<str>>(texts: &[S]) -> String {
    if texts.is_empty() {
        return "NULL".to_owned();
    }
    texts.iter().map(|text| literal(text.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(qualified("s", "T"), "\"s\".\"T\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(optional_literal(None), "NULL");
        assert_eq!(literal_list(&["a", "b"]), "'a', 'b'");
        assert_eq!(literal_list::<&str>(&[]), "NULL");
    }
}
