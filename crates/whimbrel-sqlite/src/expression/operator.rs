//! Operators.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::ColumnType;

use super::{Columns, Writer, array_items, is_expression, unknown, without_parentheses};
use crate::quote::text_literal;
use crate::syntax::{child, place, tokens};
use crate::trouble::{Outcome, Trouble};
use crate::types::Kind;

/// One row of the list of operators: PostgreSQL's and what it becomes.
pub(crate) const OPERATORS: &[(&str, &str)] = &[
    ("= <> != < <= > >=", "the same"),
    ("AND OR NOT", "the same"),
    ("IS [NOT] NULL, IS [NOT] TRUE, IS [NOT] FALSE", "the same"),
    ("IS [NOT] DISTINCT FROM", "IS NOT, IS"),
    ("[NOT] BETWEEN, [NOT] IN (list or query)", "the same"),
    ("= ANY (ARRAY[…]), <> ALL (ARRAY[…]) with literals", "IN, NOT IN"),
    ("+ - * on numbers", "the same"),
    ("/ and % on numbers", "the same between integers; / in floating point otherwise"),
    ("|| on text", "the same"),
    ("[NOT] LIKE, [NOT] ILIKE", "like_case(), like_nocase(): registered functions"),
    ("~ ~* !~ !~*", "regexp(), regexp_nocase(): registered functions"),
    ("-> and ->> with a literal key", "the same; ->> gives text"),
    ("[n] on an array", "json_extract"),
    (
        "AT TIME ZONE 'UTC' on a timestamp or timestamptz; no other zone",
        "the Z at the end put on or taken away",
    ),
];

/// The operator as [`parts`] gives it.
const AT_TIME_ZONE: &str = "AT TIME ZONE";

/// The type of a value that may stand before `AT TIME ZONE`, and of what that makes of it.
fn zoned(value: &SyntaxNode, columns: &Columns) -> Option<(ColumnType, ColumnType)> {
    // The present moment takes the form of the place it stands in, so it has no type of its own elsewhere.
    let ty = columns.type_of(value).or_else(|| super::call::type_of_now(&without_parentheses(value)))?;
    match ty {
        ColumnType::Timestamp => Some((ty, ColumnType::TimestampTz)),
        ColumnType::TimestampTz => Some((ty, ColumnType::Timestamp)),
        _ => None,
    }
}

/// The type of `<value> AT TIME ZONE <zone>`; none where the node is another operation.
pub(super) fn type_at_time_zone(node: &SyntaxNode, columns: &Columns) -> Option<ColumnType> {
    let (left, operator, _) = parts(node)?;
    if operator == AT_TIME_ZONE { zoned(&left, columns).map(|(_, made)| made) } else { None }
}

/// The two sides and the operator between them, in upper case and single spaces.
pub(crate) fn parts(node: &SyntaxNode) -> Option<(SyntaxNode, String, SyntaxNode)> {
    let sides: Vec<SyntaxNode> = node
        .children()
        .filter(|side| is_expression(side.kind()) || matches!(side.kind(), SyntaxKind::PAREN_SELECT))
        .collect();
    let [left, right] = sides.as_slice() else { return None };
    let mut operator = String::new();
    for element in node.children_with_tokens() {
        let between = element.text_range().start() >= left.text_range().end()
            && element.text_range().end() <= right.text_range().start();
        if !between {
            continue;
        }
        let words: Vec<String> = match (element.as_token(), element.as_node()) {
            (Some(token), _) if !crate::syntax::is_trivia(token.kind()) => vec![token.text().to_uppercase()],
            (_, Some(inner)) if inner.kind() == SyntaxKind::CUSTOM_OP => {
                vec![tokens(inner).map(|token| token.text().to_owned()).collect()]
            }
            (_, Some(inner)) if inner.kind() == SyntaxKind::OPERATOR_CALL => return None,
            (_, Some(inner)) => tokens(inner).map(|token| token.text().to_uppercase()).collect(),
            _ => Vec::new(),
        };
        for word in words {
            let symbol = !word.starts_with(char::is_alphabetic);
            if !operator.is_empty() && !symbol {
                operator.push(' ');
            }
            operator.push_str(&word);
        }
    }
    Some((left.clone(), operator, right.clone()))
}

impl Writer<'_> {
    pub(super) fn binary(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        let (left, operator, right) = parts(node).ok_or_else(|| unknown(node))?;
        match operator.as_str() {
            "AND" | "OR" => self.between_sides(&left, &operator, &right, Some(&ColumnType::Boolean)),
            "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=" | "IS DISTINCT FROM" | "IS NOT DISTINCT FROM" => {
                self.comparison(node, &left, &operator, &right)
            }
            "IS" | "IS NOT" => {
                self.expression(&left, None)?;
                self.word(&operator);
                self.expression(&right, None)
            }
            "IN" | "NOT IN" => {
                let ty = self.columns.type_of(&left);
                self.expression(&left, None)?;
                self.word(&operator);
                if without_parentheses(&right).kind() != SyntaxKind::TUPLE_EXPR && !holds_query(&right) {
                    self.word("(");
                    self.expression(&without_parentheses(&right), ty.as_ref())?;
                    self.glue(")");
                    return Ok(());
                }
                self.expression(&right, ty.as_ref())
            }
            "+" | "-" | "*" | "%" => {
                self.check_numbers(node, &operator, &left, &right)?;
                self.between_sides(&left, &operator, &right, expected)
            }
            "/" => self.division(node, &left, &right),
            "||" => self.concatenation(node, &left, &right),
            "LIKE" | "NOT LIKE" | "ILIKE" | "NOT ILIKE" => self.like(node, &left, &operator, &right),
            "~" | "~*" | "!~" | "!~*" => self.regular_expression(&left, &operator, &right),
            "->" | "->>" => self.json_field(node, &left, &operator, &right),
            AT_TIME_ZONE => self.at_time_zone(node, &left, &right),
            _ => Err(Trouble::refused(format!("the operator `{operator}`")).at(place(node))),
        }
    }

    /// A timestamp taken as UTC's is a moment, and a moment on UTC's clock is a timestamp: the two texts differ
    /// in the `Z` alone, so no digit is lost.
    fn at_time_zone(&mut self, node: &SyntaxNode, left: &SyntaxNode, zone: &SyntaxNode) -> Outcome<()> {
        let utc = without_parentheses(zone);
        if utc.kind() != SyntaxKind::LITERAL || !super::literal_text(&utc).is_ok_and(|name| name == "UTC") {
            let zone = crate::syntax::text(zone);
            return Err(Trouble::refused(format!("AT TIME ZONE {zone}: of time zones it knows 'UTC'"))
                .at(place(node)));
        }
        let (from, _) = zoned(left, self.columns).ok_or_else(|| {
            Trouble::refused("AT TIME ZONE on what is not known to be a timestamp or timestamptz")
                .at(place(node))
        })?;
        let value = self.apart(left, Some(&from))?;
        let cast = without_parentheses(left).kind() == SyntaxKind::CAST_EXPR && !value.contains("::");
        self.word(&match from {
            // A literal is written without its cast elsewhere; here the cast says which way it goes.
            _ if !self.is_sqlite() && cast => format!("{value}::{from} AT TIME ZONE 'UTC'"),
            _ if !self.is_sqlite() => format!("{value} AT TIME ZONE 'UTC'"),
            ColumnType::Timestamp => format!("({value} || 'Z')"),
            _ => format!("rtrim({value}, 'Z')"),
        });
        Ok(())
    }

    fn between_sides(
        &mut self,
        left: &SyntaxNode,
        operator: &str,
        right: &SyntaxNode,
        expected: Option<&ColumnType>,
    ) -> Outcome<()> {
        self.expression(left, expected)?;
        self.word(operator);
        self.expression(right, expected)
    }

    fn comparison(
        &mut self,
        node: &SyntaxNode,
        left: &SyntaxNode,
        operator: &str,
        right: &SyntaxNode,
    ) -> Outcome<()> {
        let quantified = without_parentheses(right);
        if quantified.kind() == SyntaxKind::CALL_EXPR
            && (child(&quantified, SyntaxKind::ANY_FN).is_some()
                || child(&quantified, SyntaxKind::ALL_FN).is_some())
        {
            return self.quantified(node, left, operator, &quantified);
        }
        let left_type = self.columns.type_of(left);
        let right_type = self.columns.type_of(right);
        let word = match operator {
            "!=" => "<>",
            "IS DISTINCT FROM" if self.is_sqlite() => "IS NOT",
            "IS NOT DISTINCT FROM" if self.is_sqlite() => "IS",
            other => other,
        };
        self.expression(left, right_type.as_ref().filter(|_| left_type.is_none()))?;
        self.word(word);
        self.expression(right, left_type.as_ref().filter(|_| right_type.is_none()))
    }

    /// `= ANY (ARRAY['a', 'b'])` and `<> ALL (…)` over literals.
    fn quantified(
        &mut self,
        node: &SyntaxNode,
        left: &SyntaxNode,
        operator: &str,
        call: &SyntaxNode,
    ) -> Outcome<()> {
        let any = child(call, SyntaxKind::ANY_FN).is_some();
        let word = match (operator, any) {
            ("=", true) => "IN",
            ("<>" | "!=", false) => "NOT IN",
            _ => return Err(unknown(node)),
        };
        let mut array =
            call.children().next().and_then(|inner| inner.children().next()).ok_or_else(|| unknown(node))?;
        loop {
            array = without_parentheses(&array);
            match array.kind() {
                SyntaxKind::CAST_EXPR => {
                    array = array
                        .children()
                        .find(|inner| is_expression(inner.kind()))
                        .ok_or_else(|| unknown(node))?;
                }
                SyntaxKind::ARRAY_EXPR => break,
                _ => return Err(unknown(node)),
            }
        }
        array_items(&array)?;
        let ty = self.columns.type_of(left);
        let mut left = left.clone();
        // The server prints `(name)::text = ANY (…)` for a comparison of a varchar.
        while self.columns.kind_of(&left) == Kind::Text
            && without_parentheses(&left).kind() == SyntaxKind::CAST_EXPR
        {
            match without_parentheses(&left).children().find(|inner| is_expression(inner.kind())) {
                Some(inner) => left = inner,
                None => break,
            }
        }
        self.expression(&left, None)?;
        self.word(word);
        self.word("(");
        for (at, item) in array.children().enumerate() {
            if at > 0 {
                self.glue(",");
            }
            self.expression(&item, ty.as_ref())?;
        }
        self.glue(")");
        Ok(())
    }

    fn check_numbers(
        &self,
        node: &SyntaxNode,
        operator: &str,
        left: &SyntaxNode,
        right: &SyntaxNode,
    ) -> Outcome<()> {
        if !self.is_sqlite() {
            return Ok(());
        }
        let number = |side| matches!(self.columns.kind_of(side), Kind::Integer | Kind::Fraction);
        if number(left) && number(right) {
            return Ok(());
        }
        Err(Trouble::refused(format!(
            "`{operator}` on what is not known to be two numbers: dates and intervals are not translated"
        ))
        .at(place(node)))
    }

    /// A whole number in a numeric column is stored as an integer, so the kind decides, not the value.
    fn division(&mut self, node: &SyntaxNode, left: &SyntaxNode, right: &SyntaxNode) -> Outcome<()> {
        self.check_numbers(node, "/", left, right)?;
        let whole =
            self.columns.kind_of(left) == Kind::Integer && self.columns.kind_of(right) == Kind::Integer;
        if self.is_sqlite() && !whole {
            let left = self.apart(left, None)?;
            self.word(&format!("CAST({left} AS REAL)"));
        } else {
            self.expression(left, None)?;
        }
        self.word("/");
        self.expression(right, None)
    }

    fn concatenation(&mut self, node: &SyntaxNode, left: &SyntaxNode, right: &SyntaxNode) -> Outcome<()> {
        let texts = [left, right].iter().all(|side| {
            matches!(self.columns.kind_of(side), Kind::Text | Kind::Integer | Kind::Uuid | Kind::JsonText)
        });
        if self.is_sqlite() && !texts {
            return Err(Trouble::refused("`||` on what is not known to be text").at(place(node)));
        }
        self.between_sides(left, "||", right, None)
    }

    fn like(
        &mut self,
        node: &SyntaxNode,
        left: &SyntaxNode,
        operator: &str,
        right: &SyntaxNode,
    ) -> Outcome<()> {
        if !self.is_sqlite() {
            return self.between_sides(left, operator, right, None);
        }
        if parts(right).is_some_and(|(_, operator, _)| operator == "ESCAPE") {
            return Err(Trouble::refused("LIKE … ESCAPE: the backslash is the escape").at(place(node)));
        }
        let function = if operator.ends_with("ILIKE") { "like_nocase" } else { "like_case" };
        self.function_of(operator.starts_with("NOT"), function, left, right)
    }

    fn regular_expression(&mut self, left: &SyntaxNode, operator: &str, right: &SyntaxNode) -> Outcome<()> {
        if !self.is_sqlite() {
            return self.between_sides(left, operator, right, None);
        }
        let function = if operator.ends_with('*') { "regexp_nocase" } else { "regexp" };
        if let Ok(pattern) = super::literal_text(&without_parentheses(right))
            && let Err(error) = regex::Regex::new(&pattern)
        {
            let reason = error.to_string();
            let last = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            return Err(
                Trouble::refused(format!("the pattern {}: {last}", text_literal(&pattern))).at(place(right))
            );
        }
        self.function_of(operator.starts_with('!'), function, left, right)
    }

    fn function_of(
        &mut self,
        negated: bool,
        function: &str,
        value: &SyntaxNode,
        pattern: &SyntaxNode,
    ) -> Outcome<()> {
        let value = self.apart(value, None)?;
        let pattern = self.apart(pattern, None)?;
        let call = format!("{function}({pattern}, {value})");
        self.word(&if negated { format!("(NOT {call})") } else { call });
        Ok(())
    }

    fn json_field(
        &mut self,
        node: &SyntaxNode,
        left: &SyntaxNode,
        operator: &str,
        right: &SyntaxNode,
    ) -> Outcome<()> {
        if !self.is_sqlite() {
            return self.between_sides(left, operator, right, None);
        }
        let key = without_parentheses(right);
        let number: Option<i64> = crate::syntax::text(&key).parse().ok();
        let path = match (number, super::literal_text(&key)) {
            (Some(number), _) if number >= 0 => format!("$[{number}]"),
            (_, Ok(name)) if !name.contains('"') => format!("$.\"{name}\""),
            _ => return Err(unknown(node)),
        };
        let value = self.apart(left, None)?;
        let path = text_literal(&path);
        if operator == "->" {
            self.word(&format!("({value} -> {path})"));
        } else {
            self.word(&format!(
                "(CASE json_type({value}, {path}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST({value} ->> {path} AS TEXT) END)"
            ));
        }
        Ok(())
    }

    pub(super) fn prefix(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        let operator = tokens(node).next().map(|token| token.text().to_uppercase()).unwrap_or_default();
        let inner = node.children().last().ok_or_else(|| unknown(node))?;
        match operator.as_str() {
            "NOT" => {
                self.word("NOT");
                self.expression(&inner, Some(&ColumnType::Boolean))
            }
            "-" | "+" => {
                let value = self.apart(&inner, expected)?;
                self.word(&format!("{operator}{value}"));
                Ok(())
            }
            _ => Err(Trouble::refused(format!("the operator `{operator}`")).at(place(node))),
        }
    }

    pub(super) fn postfix(&mut self, node: &SyntaxNode) -> Outcome<()> {
        let inner = node.children().next().ok_or_else(|| unknown(node))?;
        let words: Vec<String> = tokens(node)
            .filter(|token| token.text_range().start() >= inner.text_range().end())
            .map(|token| token.text().to_uppercase())
            .collect();
        let word = match words.join(" ").as_str() {
            "ISNULL" | "IS NULL" => "IS NULL",
            "NOTNULL" | "IS NOT NULL" => "IS NOT NULL",
            _ => return Err(unknown(node)),
        };
        self.expression(&inner, None)?;
        self.word(word);
        Ok(())
    }

    pub(super) fn between(&mut self, node: &SyntaxNode) -> Outcome<()> {
        let sides: Vec<SyntaxNode> = node.children().filter(|side| is_expression(side.kind())).collect();
        let [value, low, high] = sides.as_slice() else { return Err(unknown(node)) };
        if tokens(node).any(|token| token.kind() == SyntaxKind::SYMMETRIC_KW) {
            return Err(unknown(node));
        }
        let ty = self.columns.type_of(value);
        let negated = node.children_with_tokens().any(|element| element.kind() == SyntaxKind::NOT_KW);
        self.expression(value, None)?;
        self.word(if negated { "NOT BETWEEN" } else { "BETWEEN" });
        self.expression(low, ty.as_ref())?;
        self.word("AND");
        self.expression(high, ty.as_ref())
    }
}

fn holds_query(node: &SyntaxNode) -> bool {
    node.children().any(|inner| {
        matches!(inner.kind(), SyntaxKind::SELECT | SyntaxKind::VALUES | SyntaxKind::COMPOUND_SELECT)
    })
}
