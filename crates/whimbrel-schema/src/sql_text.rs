//! PostgreSQL's rules for writing names and literals, and for reading them back.

use crate::catalog::QualifiedName;

/// The words that PostgreSQL 13 to 18 do not take as a bare column or table name everywhere, sorted.
const KEYWORDS: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json",
    "json_array",
    "json_arrayagg",
    "json_exists",
    "json_object",
    "json_objectagg",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_table",
    "json_value",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "merge_action",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

/// The identifier as SQL text, in double quotes only where PostgreSQL needs them.
///
/// ```
/// use whimbrel_schema::sql_text::quote_identifier;
/// assert_eq!(quote_identifier("trips"), "trips");
/// assert_eq!(quote_identifier("order"), "\"order\"");
/// assert_eq!(quote_identifier("Trip"), "\"Trip\"");
/// ```
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    if is_plain_identifier(name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// The name as SQL text, with its schema where that is not the default one.
#[must_use]
pub fn quote_name(name: &QualifiedName) -> String {
    if name.in_default_schema() {
        quote_identifier(&name.name)
    } else {
        format!("{}.{}", quote_identifier(&name.schema), quote_identifier(&name.name))
    }
}

/// The text as an SQL literal.
#[must_use]
pub fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The literal at the start of `sql` and what follows it; none where `sql` starts with something else.
///
/// Only plain literals are read: `E'…'` and dollar quotes are not.
#[must_use]
pub fn split_literal(sql: &str) -> Option<(String, &str)> {
    let mut rest = sql.strip_prefix('\'')?;
    let mut text = String::new();
    loop {
        let end = rest.find('\'')?;
        text.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return Some((text, rest)),
        }
    }
}

fn is_plain_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && KEYWORDS.binary_search(&name).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted_and_so_found() {
        assert!(KEYWORDS.is_sorted());
        for word in KEYWORDS {
            assert_eq!(quote_identifier(word), format!("\"{word}\""));
        }
    }

    #[test]
    fn identifiers_are_quoted_only_where_needed() {
        for (name, expected) in [
            ("trips", "trips"),
            ("_x1", "_x1"),
            ("name", "name"),
            ("type", "type"),
            ("1st", "\"1st\""),
            ("camelCase", "\"camelCase\""),
            ("a\"b", "\"a\"\"b\""),
            ("é", "\"é\""),
            ("user", "\"user\""),
            ("", "\"\""),
        ] {
            assert_eq!(quote_identifier(name), expected);
        }
        assert_eq!(quote_name(&QualifiedName::new("billing", "order")), "billing.\"order\"");
        assert_eq!(quote_name(&QualifiedName::plain("trips")), "trips");
    }

    #[test]
    fn literals_read_back() {
        for text in ["", "planned", "it's", "''", "a\\b", "naïve"] {
            let sql = format!("{}::text", quote_literal(text));
            assert_eq!(split_literal(&sql), Some((text.to_owned(), "::text")));
        }
        assert_eq!(split_literal("'open"), None);
        assert_eq!(split_literal("0"), None);
    }
}
