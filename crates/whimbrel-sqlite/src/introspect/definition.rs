//! What only the text of a `CREATE TABLE` tells: names of constraints, checks, generated columns, deferral.

use crate::syntax::identifier as fold;

/// One word, name, literal or sign, with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    text: String,
    start: usize,
    end: usize,
}

impl Token {
    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// The name that it stands for, as SQLite reads it: case is kept.
    fn name(&self) -> String {
        let inner =
            |open: char, close: char| self.text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        if let Some(text) = inner('`', '`') {
            return text.replace("``", "`");
        }
        if let Some(text) = inner('[', ']') {
            return text.to_owned();
        }
        if let Some(text) = inner('\'', '\'') {
            return text.replace("''", "'");
        }
        if self.text.starts_with('"') { fold(&self.text) } else { self.text.clone() }
    }
}

fn tokens(sql: &str) -> Vec<Token> {
    let bytes = sql.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            byte if byte.is_ascii_whitespace() => at += 1,
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = sql[at..].find('\n').map_or(bytes.len(), |end| at + end)
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = sql[at..].find("*/").map_or(bytes.len(), |end| at + end + 2)
            }
            quote @ (b'\'' | b'"' | b'`') => {
                at += 1;
                while at < bytes.len() {
                    if bytes[at] == quote {
                        if bytes.get(at + 1) == Some(&quote) {
                            at += 1;
                        } else {
                            break;
                        }
                    }
                    at += 1;
                }
                at = (at + 1).min(bytes.len());
            }
            b'[' => at = sql[at..].find(']').map_or(bytes.len(), |end| at + end + 1),
            byte if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 => {
                while at < bytes.len()
                    && (bytes[at].is_ascii_alphanumeric()
                        || matches!(bytes[at], b'_' | b'$' | b'.')
                        || bytes[at] >= 0x80)
                {
                    at += 1;
                }
            }
            _ => at += 1,
        }
        let text = &sql[start..at];
        if !text.trim().is_empty() && !text.starts_with("--") && !text.starts_with("/*") {
            found.push(Token { text: text.to_owned(), start, end: at });
        }
    }
    found
}

/// A constraint as the text gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Constraint {
    PrimaryKey { name: Option<String>, columns: Vec<String>, autoincrement: bool },
    Unique { name: Option<String>, columns: Vec<String> },
    Check { name: Option<String>, column: Option<String>, expression: String },
    Generated { column: String, expression: String },
    ForeignKey { name: Option<String>, columns: Vec<String>, deferrable: bool, deferred: bool },
}

/// Every constraint of a `CREATE TABLE`.
pub(super) fn constraints(sql: &str) -> Vec<Constraint> {
    let all = tokens(sql);
    let Some(open) = all.iter().position(|token| token.text == "(") else { return Vec::new() };
    let close = matching(&all, open);
    let mut found = Vec::new();
    for item in split(&all[open + 1..close]) {
        read_item(sql, item, &mut found);
    }
    found
}

/// Where the parenthesis at `open` closes.
fn matching(all: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in all.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" => depth += 1,
            ")" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    all.len().saturating_sub(1)
}

fn split(all: &[Token]) -> Vec<&[Token]> {
    let mut items = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, token) in all.iter().enumerate() {
        match token.text.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                items.push(&all[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&all[start..]);
    items.into_iter().filter(|item| !item.is_empty()).collect()
}

fn read_item(sql: &str, item: &[Token], found: &mut Vec<Constraint>) {
    let starts_constraint =
        ["constraint", "primary", "unique", "check", "foreign"].iter().any(|word| item[0].is(word));
    let column = (!starts_constraint).then(|| item[0].name());
    let mut at = usize::from(column.is_some());
    let mut name = None;
    while at < item.len() {
        let token = &item[at];
        if token.is("constraint") {
            name = item.get(at + 1).map(Token::name);
            at += 2;
        } else if token.is("check") || token.is("as") {
            let close = at + 1 + matching(&item[at + 1..], 0);
            let expression = inside(sql, item, at + 1, close);
            match &column {
                Some(column) if token.is("as") => {
                    found.push(Constraint::Generated { column: column.clone(), expression });
                }
                _ => found.push(Constraint::Check { name: name.take(), column: column.clone(), expression }),
            }
            at = close + 1;
        } else if token.is("primary") || token.is("unique") || token.is("foreign") || token.is("references") {
            at = read_key(item, at, column.as_ref(), name.take(), found);
        } else if token.text == "(" {
            at += matching(&item[at..], 0) + 1;
        } else {
            if token.is("null") || token.is("default") || token.is("collate") {
                name = None;
            }
            at += 1;
        }
    }
}

/// Reads a key from its first word, and says where the next clause begins.
fn read_key(
    item: &[Token],
    at: usize,
    column: Option<&String>,
    name: Option<String>,
    found: &mut Vec<Constraint>,
) -> usize {
    let word = &item[at];
    let open = item[at..].iter().position(|token| token.text == "(").map(|open| at + open);
    let listed = |open: Option<usize>| -> (Vec<String>, usize) {
        let Some(open) = open else { return (Vec::new(), item.len()) };
        let close = open + matching(&item[open..], 0);
        let columns = split(&item[open + 1..close]).into_iter().map(|part| part[0].name()).collect();
        (columns, close + 1)
    };
    let (columns, next) = match column {
        Some(column) => (vec![column.clone()], at + if word.is("primary") { 2 } else { 1 }),
        None => listed(open),
    };
    if word.is("primary") {
        let rest = &item[next.min(item.len())..];
        let autoincrement = rest.iter().take(3).any(|token| token.is("autoincrement"));
        found.push(Constraint::PrimaryKey { name, columns, autoincrement });
        return next;
    }
    if word.is("unique") {
        found.push(Constraint::Unique { name, columns });
        return next;
    }
    // Up to the next clause that begins another constraint.
    let end = item
        .iter()
        .enumerate()
        .skip(next)
        .find(|(_, token)| token.is("constraint") || token.is("check") || token.is("unique"))
        .map_or(item.len(), |(end, _)| end);
    let tail = &item[at..end];
    let after =
        |first: &str, second: &str| tail.windows(2).any(|pair| pair[0].is(first) && pair[1].is(second));
    let deferrable = tail.iter().any(|token| token.is("deferrable")) && !after("not", "deferrable");
    found.push(Constraint::ForeignKey {
        name,
        columns,
        deferrable,
        deferred: after("initially", "deferred"),
    });
    end
}

/// The text between two parentheses.
fn inside(sql: &str, item: &[Token], open: usize, close: usize) -> String {
    match (item.get(open), item.get(close)) {
        (Some(open), Some(close)) if open.end <= close.start => sql[open.end..close.start].trim().to_owned(),
        _ => String::new(),
    }
}

/// The condition of a partial index.
pub(super) fn index_predicate(sql: &str) -> Option<String> {
    let all = tokens(sql);
    let mut depth = 0_usize;
    for token in &all {
        match token.text.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0 && token.is("where") => return Some(sql[token.end..].trim().to_owned()),
            _ => {}
        }
    }
    None
}

/// The keys of an index as they are written, without their order.
pub(super) fn index_keys(sql: &str) -> Vec<String> {
    let all = tokens(sql);
    let Some(open) = all.iter().position(|token| token.text == "(") else { return Vec::new() };
    let close = matching(&all, open);
    split(&all[open + 1..close])
        .into_iter()
        .map(|part| {
            let part = match part.last() {
                Some(last) if part.len() > 1 && (last.is("asc") || last.is("desc")) => {
                    &part[..part.len() - 1]
                }
                _ => part,
            };
            let text = &sql[part[0].start..part[part.len() - 1].end];
            let wraps = part[0].text == "(" && matching(part, 0) == part.len() - 1;
            if wraps { text[1..text.len() - 1].trim().to_owned() } else { text.to_owned() }
        })
        .collect()
}

/// The query of a `CREATE VIEW`.
pub(super) fn view_query(sql: &str) -> String {
    tokens(sql).iter().find(|token| token.is("as")).map_or_else(
        || sql.to_owned(),
        |token| sql[token.end..].trim().trim_end_matches(';').trim().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_checks_and_deferral_are_read() {
        let sql = "CREATE TABLE [t] (\"a\" int CONSTRAINT pk PRIMARY KEY AUTOINCREMENT, b numeric(10, 2) NOT NULL CHECK (b > 0), -- a, comment\n c text AS (lower(b)) STORED, `d` int REFERENCES u (x) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, CONSTRAINT k UNIQUE (a, b), CONSTRAINT f FOREIGN KEY (a, b) REFERENCES u (c, d), CHECK (a IN (1, 2)))";
        let text = |name: Option<&str>| name.map(str::to_owned);
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            constraints(sql),
            vec![
                Constraint::PrimaryKey {
                    name: text(Some("pk")),
                    columns: columns(&["a"]),
                    autoincrement: true
                },
                Constraint::Check { name: None, column: text(Some("b")), expression: "b > 0".to_owned() },
                Constraint::Generated { column: "c".to_owned(), expression: "lower(b)".to_owned() },
                Constraint::ForeignKey {
                    name: None,
                    columns: columns(&["d"]),
                    deferrable: true,
                    deferred: true
                },
                Constraint::Unique { name: text(Some("k")), columns: columns(&["a", "b"]) },
                Constraint::ForeignKey {
                    name: text(Some("f")),
                    columns: columns(&["a", "b"]),
                    deferrable: false,
                    deferred: false
                },
                Constraint::Check { name: None, column: None, expression: "a IN (1, 2)".to_owned() },
            ]
        );
    }

    #[test]
    fn indexes_are_read() {
        let sql = "CREATE INDEX \"i\" ON t (a DESC, (lower(b)), c) WHERE (d IS NOT NULL)";
        assert_eq!(index_keys(sql), vec!["a", "lower(b)", "c"]);
        assert_eq!(index_predicate(sql).as_deref(), Some("(d IS NOT NULL)"));
        assert_eq!(view_query("CREATE VIEW v AS SELECT 1 AS one;"), "SELECT 1 AS one");
    }
}
