//! A statement that runs in batches, restricted to a range of its key.

use squawk_lexer::TokenKind;

/// An UPDATE or a DELETE, by the places that a restriction goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batched {
    sql: String,
    /// The table as it is written, its schema included.
    pub(crate) table: String,
    /// What stands for the table in the statement: its alias, or its name.
    reference: String,
    /// The condition's place in the statement, where there is one.
    condition: Option<(usize, usize)>,
    /// Where a WHERE clause goes, where there is none.
    insertion: usize,
}

/// A range of the key's values: above one, up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range<'a> {
    pub(crate) above: Option<&'a str>,
    pub(crate) up_to: Option<&'a str>,
}

struct Word<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

impl Word<'_> {
    fn is(&self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }
}

/// What stands for the key's column and for the lower end of a range in a script's template.
const KEY_PLACE: &str = "whimbrel:key";
const ABOVE_PLACE: &str = "whimbrel:above";

impl Batched {
    /// Reads the statement; none where it has another form.
    pub(crate) fn read(sql: &str) -> Option<Self> {
        let words = outer_words(sql);
        let mut at = match words.first()? {
            first if first.is("update") => 1,
            first if first.is("delete") && words.get(1)?.is("from") => 2,
            _ => return None,
        };
        if words.get(at)?.is("only") {
            at += 1;
        }
        let start = words.get(at)?.start;
        let mut end = words.get(at)?.end;
        let mut reference = words.get(at)?.text;
        at += 1;
        while words.get(at).is_some_and(|word| word.text == ".") {
            let part = words.get(at + 1)?;
            (end, reference) = (part.end, part.text);
            at += 2;
        }
        if words.get(at).is_some_and(|word| word.text == "*") {
            at += 1;
        }
        if words.get(at).is_some_and(|word| word.is("as")) {
            at += 1;
            reference = words.get(at)?.text;
        } else if let Some(alias) = words.get(at)
            && !["set", "using", "where", "returning"].iter().any(|keyword| alias.is(keyword))
        {
            reference = alias.text;
        }
        let tail = words.get(at..).unwrap_or_default();
        let returning = tail.iter().find(|word| word.is("returning")).map_or(sql.len(), |word| word.start);
        let place = tail.iter().position(|word| word.is("where"));
        if place.and_then(|place| tail.get(place + 1)).is_some_and(|word| word.is("current")) {
            return None;
        }
        let condition = place.and_then(|place| tail.get(place)).map(|word| (word.end, returning));
        Some(Batched {
            sql: sql.to_owned(),
            table: sql[start..end].to_owned(),
            reference: reference.to_owned(),
            condition,
            insertion: returning,
        })
    }

    /// The statement for the rows whose key is in the range.
    pub(crate) fn within(&self, key: &str, range: Range<'_>) -> String {
        let column = format!("{}.{}", self.reference, quote(key));
        let mut limits = Vec::new();
        limits.extend(range.above.map(|value| format!("{column} > {}", literal(value))));
        limits.extend(range.up_to.map(|value| format!("{column} <= {}", literal(value))));
        let Some(limits) = (!limits.is_empty()).then(|| limits.join(" AND ")) else {
            return self.sql.clone();
        };
        match self.condition {
            Some((start, end)) => {
                let (head, tail) = (&self.sql[..start], &self.sql[end..]);
                let condition = self.sql[start..end].trim();
                // A comment at the condition's end must not swallow the parenthesis.
                format!("{head} {limits} AND (\n{condition}\n) {tail}").trim_end().to_owned()
            }
            None => {
                let (head, tail) = self.sql.split_at(self.insertion);
                format!("{}\nWHERE {limits} {tail}", head.trim_end()).trim_end().to_owned()
            }
        }
    }

    /// The statement with places for what only the server knows, for a script.
    pub(crate) fn template(&self, batch: &whimbrel_engine::Batch) -> whimbrel_engine::BatchTemplate {
        let key = batch.key.clone().unwrap_or_else(|| KEY_PLACE.to_owned());
        let column = format!("{}.{}", self.reference, quote(&key));
        let value = literal(whimbrel_engine::BATCH_VALUE);
        let range = Range { above: Some(ABOVE_PLACE), up_to: Some(whimbrel_engine::BATCH_VALUE) };
        let (above, up_to) = (format!("{column} > {value}"), format!("{column} <= {value}"));
        let bounded =
            self.within(&key, range).replace(&format!("{column} > {}", literal(ABOVE_PLACE)), &above);
        whimbrel_engine::BatchTemplate {
            table: self.table.clone(),
            key: batch.key.clone(),
            whole: self.sql.clone(),
            bounded,
            key_place: quote(&key),
            above,
            up_to,
            size: batch.size,
            pause: batch.pause,
        }
    }

    /// The query for the key at which a batch of this size ends; it gives no row where fewer rows are left.
    pub(crate) fn end_query(&self, key: &str, above: Option<&str>, size: u64) -> String {
        let column = quote(key);
        let limit = above.map_or_else(String::new, |value| format!(" WHERE {column} > {}", literal(value)));
        let table = &self.table;
        format!(
            "SELECT {column} FROM {table}{limit} ORDER BY {column} LIMIT 1 OFFSET {}",
            size.saturating_sub(1)
        )
    }

    /// The query for how many rows have no key: they would be left out.
    pub(crate) fn without_key_query(&self, key: &str) -> String {
        format!("SELECT count(*) FROM {} WHERE {} IS NULL", self.table, quote(key))
    }

    /// The last part of the table's name and its schema, as the catalogue keeps them.
    pub(crate) fn table_name(&self) -> (Option<String>, String) {
        let parts: Vec<String> = outer_words(&self.table)
            .iter()
            .filter(|word| word.text != ".")
            .map(|word| match word.text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                Some(inner) => inner.replace("\"\"", "\""),
                None => word.text.to_lowercase(),
            })
            .collect();
        match parts.as_slice() {
            [schema, name] => (Some(schema.clone()), name.clone()),
            [name] => (None, name.clone()),
            _ => (None, self.table.clone()),
        }
    }
}

/// Names, keywords and symbols that stand in no parentheses.
fn outer_words(sql: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for token in squawk_lexer::tokenize(sql) {
        let end = start + usize::try_from(token.len).expect("a token's length fits");
        match token.kind {
            TokenKind::Eof => break,
            TokenKind::OpenParen => depth += 1,
            TokenKind::CloseParen => depth = depth.saturating_sub(1),
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => {}
            _ if depth == 0 => words.push(Word { text: &sql[start..end], start, end }),
            _ => {}
        }
        start = end;
    }
    words
}

fn quote(name: &str) -> String {
    whimbrel_schema::ddl::quote::quote_identifier(name)
}

fn literal(text: &str) -> String {
    whimbrel_schema::ddl::quote::quote_literal(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(sql: &str) -> String {
        let range = Range { above: Some("10"), up_to: Some("20") };
        Batched::read(sql).unwrap().within("id", range)
    }

    #[test]
    fn the_range_is_added_to_the_statement_s_own_condition() {
        for (sql, expected) in [
            ("UPDATE t SET a = 1", "UPDATE t SET a = 1\nWHERE t.id > '10' AND t.id <= '20'"),
            (
                "UPDATE ONLY s.\"T\" AS x SET a = (SELECT 1 WHERE true) WHERE x.a IS NULL OR b = 'where'",
                "UPDATE ONLY s.\"T\" AS x SET a = (SELECT 1 WHERE true) WHERE x.id > '10' AND x.id <= '20' AND (\n\
                 x.a IS NULL OR b = 'where'\n)",
            ),
            (
                "DELETE FROM t u USING v WHERE u.v = v.id -- gone\nRETURNING u.id",
                "DELETE FROM t u USING v WHERE u.id > '10' AND u.id <= '20' AND (\nu.v = v.id -- gone\n) RETURNING u.id",
            ),
            (
                "UPDATE t SET a = b IS DISTINCT FROM c FROM v RETURNING 1",
                "UPDATE t SET a = b IS DISTINCT FROM c FROM v\nWHERE t.id > '10' AND t.id <= '20' RETURNING 1",
            ),
        ] {
            assert_eq!(within(sql), expected);
        }
        let whole = Range { above: None, up_to: None };
        assert_eq!(Batched::read("DELETE FROM t").unwrap().within("id", whole), "DELETE FROM t");
    }

    #[test]
    fn other_statements_are_no_batches() {
        for sql in [
            "SELECT 1",
            "DELETE t",
            "WITH x AS (SELECT 1) UPDATE t SET a = 1",
            "UPDATE t SET a = 1 WHERE CURRENT OF c",
        ] {
            assert_eq!(Batched::read(sql), None, "{sql}");
        }
    }

    #[test]
    fn a_batch_ends_at_a_key() {
        let batched = Batched::read("UPDATE s.\"Big one\" SET a = 1").unwrap();
        assert_eq!(
            batched.end_query("Id", Some("it's"), 100),
            "SELECT \"Id\" FROM s.\"Big one\" WHERE \"Id\" > 'it''s' ORDER BY \"Id\" LIMIT 1 OFFSET 99"
        );
        assert_eq!(batched.table_name(), (Some("s".into()), "Big one".into()));
    }
}
