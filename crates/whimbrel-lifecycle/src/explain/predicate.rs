//! A condition taken apart: which columns it asks about, and whether an index could answer each part.

use squawk_lexer::TokenKind;
use whimbrel_schema::catalog::{ColumnType, Table};

use super::statement::{Token, tokens};

/// How a part of a condition asks about a table's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The column itself is compared: an ordered index can answer.
    Column {
        /// Whether one value is asked for, and no range.
        is_equality: bool,
    },
    /// The column's text must begin so: an index answers where it orders by characters.
    Prefix,
    /// The pattern begins with a wildcard.
    LeadingWildcard,
    /// An operator that no ordered index answers.
    Operator(String),
    /// Something computed from columns is compared.
    Expression(String),
    /// A cast of a column is compared.
    Cast(String),
    /// One of several conditions must hold.
    Either,
    /// Columns are compared with each other.
    Columns,
}

/// One of several conditions that must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Predicate {
    pub(super) text: String,
    /// The columns that it asks about.
    pub(super) columns: Vec<String>,
    pub(super) form: Form,
}

/// The parts of a condition that ask about the table's columns, without the parentheses around each.
pub(super) fn predicates(condition: &str, table: &Table, alias: Option<&str>) -> Vec<Predicate> {
    let tokens = tokens(condition);
    let mut parts = Vec::new();
    split(&tokens, "and", &mut parts);
    parts.into_iter().filter_map(|part| Reader { table, alias, source: condition }.predicate(part)).collect()
}

/// The parts of a condition as text, for comparing with an index's own condition.
pub(super) fn parts(condition: &str) -> Vec<String> {
    let tokens = tokens(condition);
    let mut found = Vec::new();
    split(&tokens, "and", &mut found);
    found.into_iter().map(compact).collect()
}

/// The tokens without space between them, in lower case outside literals.
pub(super) fn compact(tokens: &[Token<'_>]) -> String {
    let words = tokens.iter().map(|token| match token.kind {
        TokenKind::Literal { .. } | TokenKind::QuotedIdent { .. } => token.text.to_owned(),
        _ => token.text.to_lowercase(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The expression without parentheses around the whole, in one spelling.
pub(super) fn spelling(expression: &str) -> String {
    compact(inner(&tokens(expression)))
}

/// The tokens without parentheses around the whole.
fn inner<'t, 's>(tokens: &'t [Token<'s>]) -> &'t [Token<'s>] {
    let mut part = tokens;
    while let [first, middle @ .., last] = part {
        let wraps = first.kind == TokenKind::OpenParen && last.kind == TokenKind::CloseParen;
        if !wraps || !balanced(middle) {
            break;
        }
        part = middle;
    }
    part
}

fn balanced(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0_i32;
    tokens.iter().all(|token| {
        depth += step(token.kind);
        depth >= 0
    })
}

/// How a token changes the depth of parentheses.
fn step(kind: TokenKind) -> i32 {
    match kind {
        TokenKind::OpenParen | TokenKind::OpenBracket => 1,
        TokenKind::CloseParen | TokenKind::CloseBracket => -1,
        _ => 0,
    }
}

fn is_word(token: &Token<'_>, word: &str) -> bool {
    token.kind == TokenKind::Ident && token.text.eq_ignore_ascii_case(word)
}

/// Takes an expression apart at this word, in every depth of parentheses that hold the whole; the AND of a BETWEEN stays.
fn split<'t, 's>(tokens: &'t [Token<'s>], word: &str, found: &mut Vec<&'t [Token<'s>]>) {
    let part = inner(tokens);
    let (mut depth, mut start, mut is_between, mut cuts) = (0, 0, false, Vec::new());
    for (index, token) in part.iter().enumerate() {
        depth += step(token.kind);
        if depth == 0 && is_word(token, "between") {
            is_between = true;
        } else if depth == 0 && is_word(token, word) && !std::mem::take(&mut is_between) {
            cuts.push(start..index);
            start = index + 1;
        }
    }
    if cuts.is_empty() {
        found.push(part);
        return;
    }
    cuts.push(start..part.len());
    for cut in cuts {
        split(&part[cut], word, found);
    }
}

struct Reader<'a> {
    table: &'a Table,
    alias: Option<&'a str>,
    source: &'a str,
}

/// One side of a comparison.
enum Side {
    Constant,
    Column(String),
    Cast { text: String },
    Expression { text: String },
}

impl Reader<'_> {
    fn predicate(&self, part: &[Token<'_>]) -> Option<Predicate> {
        let columns = self.columns(part);
        if columns.is_empty() {
            return None;
        }
        let form = self.form(part);
        Some(Predicate { text: self.text(part), columns, form })
    }

    fn text(&self, part: &[Token<'_>]) -> String {
        match (part.first(), part.last()) {
            (Some(first), Some(last)) => self.source[first.range.start..last.range.end].to_owned(),
            _ => String::new(),
        }
    }

    /// The column that the token at this place names: by itself, or after the table's name.
    fn column(&self, part: &[Token<'_>], index: usize) -> Option<String> {
        let name = match part[index].kind {
            TokenKind::Ident => part[index].text.to_lowercase(),
            TokenKind::QuotedIdent { .. } => part[index].text.trim_matches('"').replace("\"\"", "\""),
            _ => return None,
        };
        let before = |back: usize| index.checked_sub(back).map(|at| &part[at]);
        if part.get(index + 1).is_some_and(|next| matches!(next.kind, TokenKind::OpenParen | TokenKind::Dot))
        {
            return None;
        }
        if before(1).is_some_and(|token| token.kind == TokenKind::Colon) {
            return None;
        }
        if before(1).is_some_and(|token| token.kind == TokenKind::Dot) {
            let owner = before(2)?.text.trim_matches('"');
            let is_own = owner.eq_ignore_ascii_case(self.alias.unwrap_or(&self.table.name.name));
            return (is_own && self.table.column(&name).is_some()).then_some(name);
        }
        self.table.column(&name).is_some().then_some(name)
    }

    fn columns(&self, part: &[Token<'_>]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for column in (0..part.len()).filter_map(|index| self.column(part, index)) {
            if !found.contains(&column) {
                found.push(column);
            }
        }
        found
    }

    fn form(&self, part: &[Token<'_>]) -> Form {
        let mut sides = Vec::new();
        split(part, "or", &mut sides);
        if sides.len() > 1 {
            return Form::Either;
        }
        let Some((left, operator, right)) = comparison(part) else {
            return match self.side(without_not(part)) {
                Side::Column(_) => Form::Column { is_equality: true },
                Side::Cast { text } => Form::Cast(text),
                _ => Form::Expression(self.text(part)),
            };
        };
        let (asked, other) = match (self.side(left), self.side(right)) {
            (Side::Constant, asked) => (asked, left),
            (asked, Side::Constant) => (asked, right),
            _ => return Form::Columns,
        };
        match asked {
            Side::Cast { text } => Form::Cast(text),
            Side::Expression { text } => Form::Expression(text),
            Side::Constant | Side::Column(_) => of_operator(&operator, other),
        }
    }

    fn side(&self, part: &[Token<'_>]) -> Side {
        let part = inner(part);
        if self.columns(part).is_empty() {
            return Side::Constant;
        }
        let text = self.text(part);
        let owned = part.len() == 3 && part[1].kind == TokenKind::Dot;
        if part.len() == 1 || owned {
            let column = self.column(part, part.len() - 1);
            return column.map_or(Side::Expression { text }, Side::Column);
        }
        let cast = part.iter().position(|token| token.kind == TokenKind::Colon);
        let Some(cast) = cast.filter(|at| part.get(at + 1).is_some_and(|next| next.kind == TokenKind::Colon))
        else {
            return Side::Expression { text };
        };
        match self.side(&part[..cast]) {
            Side::Column(column) if self.is_same_text(&column, &part[cast + 2..]) => Side::Column(column),
            Side::Column(_) => Side::Cast { text },
            _ => Side::Expression { text },
        }
    }

    /// Whether a cast changes nothing of what an index holds: between the kinds of text.
    fn is_same_text(&self, column: &str, to: &[Token<'_>]) -> bool {
        let is_text = |ty: &ColumnType| matches!(ty, ColumnType::Text | ColumnType::Varchar(_));
        let to_text = to.first().is_some_and(|word| is_word(word, "text") || is_word(word, "character"));
        to_text && self.table.column(column).is_some_and(|column| is_text(&column.ty))
    }
}

fn without_not<'t, 's>(part: &'t [Token<'s>]) -> &'t [Token<'s>] {
    match part {
        [first, rest @ ..] if is_word(first, "not") => inner(rest),
        _ => part,
    }
}

/// Takes a comparison apart: what is compared, the operator in lower case, and with what.
fn comparison<'t, 's>(part: &'t [Token<'s>]) -> Option<(&'t [Token<'s>], String, &'t [Token<'s>])> {
    let mut depth = 0;
    let mut index = 0;
    while index < part.len() {
        depth += step(part[index].kind);
        if depth == 0 {
            let length = part[index..].iter().take_while(|token| is_operator(token.kind)).count();
            let symbol: String = part[index..index + length].iter().map(|token| token.text).collect();
            if COMPARISONS.contains(&symbol.as_str()) && index > 0 {
                return Some((&part[..index], symbol, &part[index + length..]));
            }
            let word = part[index].text.to_lowercase();
            if part[index].kind == TokenKind::Ident && index > 0 && WORDS.contains(&word.as_str()) {
                let not = is_word(&part[index - 1], "not");
                let left = if not { &part[..index - 1] } else { &part[..index] };
                return Some((left, if not { format!("not {word}") } else { word }, &part[index + 1..]));
            }
            index += length.max(1);
        } else {
            index += 1;
        }
    }
    None
}

/// The operators that compare.
const COMPARISONS: [&str; 22] = [
    "=", "<>", "!=", "<", ">", "<=", ">=", "~~", "!~~", "~~*", "!~~*", "~", "~*", "!~", "!~*", "@>", "<@",
    "&&", "@@", "?", "?|", "?&",
];
/// The words that compare.
const WORDS: [&str; 6] = ["like", "ilike", "in", "is", "between", "similar"];

fn is_operator(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Eq
            | TokenKind::Lt
            | TokenKind::Gt
            | TokenKind::Bang
            | TokenKind::Tilde
            | TokenKind::Star
            | TokenKind::At
            | TokenKind::And
            | TokenKind::Or
            | TokenKind::Question
            | TokenKind::Minus
            | TokenKind::Plus
            | TokenKind::Slash
            | TokenKind::Percent
            | TokenKind::Caret
            | TokenKind::Pound
    )
}

fn of_operator(operator: &str, other: &[Token<'_>]) -> Form {
    match operator {
        "=" | "in" | "is" => Form::Column { is_equality: true },
        "<" | ">" | "<=" | ">=" | "between" => Form::Column { is_equality: false },
        "~~" | "like" => match inner(other).first().map(|token| token.text.trim_start_matches(['E', 'e'])) {
            Some(text) if text.starts_with("'%") || text.starts_with("'_") => Form::LeadingWildcard,
            Some(text) if text.starts_with('\'') => Form::Prefix,
            _ => Form::Operator("LIKE".to_owned()),
        },
        other => Form::Operator(printed(other)),
    }
}

/// An operator as people write it.
fn printed(operator: &str) -> String {
    match operator {
        "!~~" | "not like" => "NOT LIKE".to_owned(),
        "~~*" | "ilike" => "ILIKE".to_owned(),
        "!~~*" | "not ilike" => "NOT ILIKE".to_owned(),
        other => other.to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use whimbrel_schema::catalog::{Column, QualifiedName};

    use super::*;

    fn table() -> Table {
        let mut table = Table::new(QualifiedName::plain("trips"));
        let column = |name: &str, ty| Column::new(name, ty);
        table.columns = vec![
            column("id", ColumnType::Integer),
            column("status", ColumnType::Varchar(Some(20))),
            column("made", ColumnType::TimestampTz),
            column("open", ColumnType::Boolean),
            column("tags", ColumnType::Jsonb),
        ];
        table
    }

    #[test]
    fn each_part_has_a_form() {
        let equality = Form::Column { is_equality: true };
        let range = Form::Column { is_equality: false };
        let operator = |text: &str| Form::Operator(text.to_owned());
        for (condition, columns, expected) in [
            ("(id = 1)", vec!["id"], equality.clone()),
            ("(1 = id)", vec!["id"], equality.clone()),
            ("trips.id = $1", vec!["id"], equality.clone()),
            ("(id = ANY ('{1,2}'::integer[]))", vec!["id"], equality.clone()),
            ("id IN (1, 2)", vec!["id"], equality.clone()),
            ("(made IS NULL)", vec!["made"], equality.clone()),
            ("((status)::text = 'draft'::text)", vec!["status"], equality.clone()),
            ("open", vec!["open"], equality.clone()),
            ("(NOT open)", vec!["open"], equality),
            ("made BETWEEN '2020' AND '2021'", vec!["made"], range.clone()),
            ("(id >= 7)", vec!["id"], range),
            ("((status)::text ~~ '%x'::text)", vec!["status"], Form::LeadingWildcard),
            ("status LIKE '_x'", vec!["status"], Form::LeadingWildcard),
            ("status LIKE 'x%'", vec!["status"], Form::Prefix),
            ("(id <> 3)", vec!["id"], operator("<>")),
            ("status NOT LIKE 'x%'", vec!["status"], operator("NOT LIKE")),
            ("(tags @> '{}'::jsonb)", vec!["tags"], operator("@>")),
            ("((made)::date = '2020-01-01'::date)", vec!["made"], Form::Cast("(made)::date".into())),
            (
                "(lower((status)::text) = 'x'::text)",
                vec!["status"],
                Form::Expression("lower((status)::text)".into()),
            ),
            (
                "((tags ->> 'a'::text) = 'x'::text)",
                vec!["tags"],
                Form::Expression("tags ->> 'a'::text".into()),
            ),
            ("((id = 1) OR (open = true))", vec!["id", "open"], Form::Either),
            ("(id = made)", vec!["id", "made"], Form::Columns),
        ] {
            let found = predicates(condition, &table(), None);
            assert_eq!(found.len(), 1, "{condition}");
            assert_eq!(
                (found[0].columns.clone(), found[0].form.clone()),
                (columns.iter().map(|c| (*c).to_owned()).collect(), expected),
                "{condition}"
            );
        }
    }

    #[test]
    fn conditions_are_cut_at_their_ands() {
        let found = predicates("((id = 1) AND ((open) AND (other.id = 2) AND made > now()))", &table(), None);
        let texts: Vec<&str> = found.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(texts, ["id = 1", "open", "made > now()"]);
        assert_eq!(parts("(A = 1) AND (b = 'X')"), ["a = 1", "b = 'X'"]);
        assert_eq!(spelling("(LOWER(status))"), spelling("lower(status)"));
    }
}
