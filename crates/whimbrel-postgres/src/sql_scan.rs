//! A scanner over SQL text: enough to tell words, literals and parentheses apart.

use std::ops::Range;

/// One piece of SQL text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: PieceKind,
    pub(crate) range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PieceKind {
    /// An unquoted name or keyword.
    Word,
    /// A name in double quotes.
    QuotedName,
    /// A literal of any kind: `'…'`, `E'…'`, `$$…$$`.
    Literal,
    /// Any other single character.
    Symbol(char),
}

/// The pieces of the text, without white space and comments.
pub(crate) fn pieces(sql: &str) -> Vec<Piece> {
    scan(sql).collect()
}

/// Reads the pieces one after the other, no further than they are asked for.
pub(crate) fn scan(sql: &str) -> impl Iterator<Item = Piece> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        while let Some(first) = sql[start..].chars().next() {
            let rest = &sql[start..];
            let (kind, length) = if first.is_whitespace() {
                (None, first.len_utf8())
            } else if rest.starts_with("--") {
                (None, rest.find('\n').map_or(rest.len(), |end| end + 1))
            } else if rest.starts_with("/*") {
                (None, comment_length(rest))
            } else {
                let (kind, length) = piece(rest, first);
                (Some(kind), length)
            };
            let range = start..start + length;
            start = range.end;
            if let Some(kind) = kind {
                return Some(Piece { kind, range });
            }
        }
        None
    })
}

fn piece(rest: &str, first: char) -> (PieceKind, usize) {
    match first {
        '\'' => (PieceKind::Literal, quoted_length(rest, '\'', false)),
        '"' => (PieceKind::QuotedName, quoted_length(rest, '"', false)),
        'e' | 'E' if rest[1..].starts_with('\'') => {
            (PieceKind::Literal, 1 + quoted_length(&rest[1..], '\'', true))
        }
        '$' => dollar_length(rest).map_or((PieceKind::Symbol('$'), 1), |length| (PieceKind::Literal, length)),
        _ if is_word_start(first) => {
            let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            (PieceKind::Word, length)
        }
        _ => (PieceKind::Symbol(first), first.len_utf8()),
    }
}

fn is_word_start(character: char) -> bool {
    character.is_alphabetic() || character == '_' || !character.is_ascii()
}

fn is_word(character: char) -> bool {
    is_word_start(character) || character.is_ascii_digit() || character == '$'
}

/// How long a quoted text is, its quotes included; the whole rest where it does not end.
fn quoted_length(rest: &str, quote: char, backslashes: bool) -> usize {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((index, character)) = characters.next() {
        if character == '\\' && backslashes {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return index + 1;
        }
    }
    rest.len()
}

/// How long a dollar-quoted text is; none where it is not one.
fn dollar_length(rest: &str) -> Option<usize> {
    let tag_end = rest[1..].find('$')? + 1;
    let tag = &rest[..=tag_end];
    let inner = &tag[1..tag.len() - 1];
    if !inner.chars().all(is_word) || inner.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let end = rest[tag.len()..].find(tag).map_or(rest.len(), |end| end + 2 * tag.len());
    Some(end)
}

/// Comments nest.
fn comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut index = 0;
    while index < rest.len() {
        if rest[index..].starts_with("/*") {
            depth += 1;
            index += 2;
        } else if rest[index..].starts_with("*/") {
            depth -= 1;
            index += 2;
            if depth == 0 {
                return index;
            }
        } else {
            index += rest[index..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// An expression as the catalogue keeps it: its print, without parentheses around the whole of it.
pub(crate) fn canonical(printed: &str) -> String {
    with_array_casts_at_elements(without_outer_parentheses(printed))
}

/// The expression without the parentheses around the whole of it.
fn without_outer_parentheses(expression: &str) -> &str {
    let mut expression = expression.trim();
    while is_wrapped(expression) {
        expression = expression[1..expression.len() - 1].trim();
    }
    expression
}

fn is_wrapped(expression: &str) -> bool {
    if !(expression.starts_with('(') && expression.ends_with(')')) {
        return false;
    }
    let mut depth = 0_usize;
    for piece in pieces(expression) {
        match piece.kind {
            PieceKind::Symbol('(') => depth += 1,
            PieceKind::Symbol(')') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return piece.range.end == expression.len();
                }
            }
            _ => {}
        }
    }
    false
}

/// The parts between the commas that stand in no parentheses.
pub(crate) fn split_list(list: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for piece in pieces(list) {
        match piece.kind {
            PieceKind::Symbol('(' | '[') => depth += 1,
            PieceKind::Symbol(')' | ']') => depth = depth.saturating_sub(1),
            PieceKind::Symbol(',') if depth == 0 => {
                parts.push(list[start..piece.range.start].trim());
                start = piece.range.end;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts
}

/// The SQL with the cast of an array constructor written at its elements: `(ARRAY[a, b])::t[]` becomes
/// `ARRAY[(a)::t, (b)::t]`.
///
/// The server prints the first for what was written as `IN (…)`, but the second for what was written as the
/// first: without this, its own print would not be a fixed point.
pub(crate) fn with_array_casts_at_elements(sql: &str) -> String {
    let mut sql = sql.to_owned();
    // Each turn removes one of the casts.
    while let Some((range, text)) = array_cast(&sql) {
        sql.replace_range(range, &text);
    }
    sql
}

fn array_cast(sql: &str) -> Option<(Range<usize>, String)> {
    if !sql.contains("(ARRAY[") {
        return None;
    }
    let pieces = pieces(sql);
    (0..pieces.len()).find_map(|place| array_cast_at(sql, &pieces[place..]))
}

fn array_cast_at(sql: &str, pieces: &[Piece]) -> Option<(Range<usize>, String)> {
    let symbol = |piece: &Piece, expected: char| piece.kind == PieceKind::Symbol(expected);
    let [open, array, bracket, ..] = pieces else { return None };
    if !(symbol(open, '(') && &sql[array.range.clone()] == "ARRAY" && symbol(bracket, '[')) {
        return None;
    }
    let mut depth = 0_usize;
    let end = pieces.iter().position(|piece| {
        match piece.kind {
            PieceKind::Symbol('[') => depth += 1,
            PieceKind::Symbol(']') => depth -= 1,
            _ => {}
        }
        depth == 0 && symbol(piece, ']')
    })?;
    let [close, colon, another, ty @ ..] = pieces.get(end + 1..)? else { return None };
    if !(symbol(close, ')') && symbol(colon, ':') && symbol(another, ':')) {
        return None;
    }
    let type_end = ty.windows(2).position(|pair| symbol(&pair[0], '[') && symbol(&pair[1], ']'))?;
    let is_type = |piece: &Piece| {
        matches!(piece.kind, PieceKind::Word | PieceKind::QuotedName | PieceKind::Symbol('.'))
    };
    if type_end == 0 || !ty[..type_end].iter().all(is_type) {
        return None;
    }
    let name = &sql[ty[0].range.start..ty[type_end - 1].range.end];
    let elements = split_list(&sql[bracket.range.end..pieces[end].range.start]);
    if elements.iter().any(|element| element.is_empty() || element.starts_with("ARRAY[")) {
        return None;
    }
    let elements: Vec<String> = elements.iter().map(|element| format!("({element})::{name}")).collect();
    Some((open.range.start..ty[type_end + 1].range.end, format!("ARRAY[{}]", elements.join(", "))))
}

/// The first words in lower case, at most `count`, until something else comes.
pub(crate) fn leading_words(sql: &str, count: usize) -> Vec<String> {
    scan(sql)
        .take_while(|piece| piece.kind == PieceKind::Word)
        .take(count)
        .map(|piece| sql[piece.range].to_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parentheses_around_the_whole_go() {
        for (expression, expected) in [
            ("(a > 0)", "a > 0"),
            ("((a > 0) AND (b > 0))", "(a > 0) AND (b > 0)"),
            ("(a > 0) AND (b > 0)", "(a > 0) AND (b > 0)"),
            ("((a))", "a"),
            ("(name = ')'::text)", "name = ')'::text"),
            ("(\")\" > 0)", "\")\" > 0"),
            ("lower(a)", "lower(a)"),
            ("(E'\\')' = a)", "E'\\')' = a"),
        ] {
            assert_eq!(without_outer_parentheses(expression), expected);
        }
    }

    #[test]
    fn lists_are_split_at_their_own_commas() {
        assert_eq!(
            split_list("lower(a), COALESCE(b, ','::text), (c || d)"),
            ["lower(a)", "COALESCE(b, ','::text)", "(c || d)"]
        );
        assert_eq!(split_list("a"), ["a"]);
    }

    #[test]
    fn the_cast_of_an_array_moves_to_its_elements() {
        for (sql, expected) in [
            (
                "(s)::text = ANY ((ARRAY['a]'::character varying, 'b,c'::character varying])::text[])",
                "(s)::text = ANY (ARRAY[('a]'::character varying)::text, ('b,c'::character varying)::text])",
            ),
            ("(ARRAY[f(1, 2)])::\"T\"[] || (ARRAY[1])::a.b[]", "ARRAY[(f(1, 2))::\"T\"] || ARRAY[(1)::a.b]"),
            ("ARRAY['a'::text]", "ARRAY['a'::text]"),
            ("(ARRAY[1, 2])[1]", "(ARRAY[1, 2])[1]"),
            ("(ARRAY[])::text[]", "(ARRAY[])::text[]"),
        ] {
            assert_eq!(with_array_casts_at_elements(sql), expected);
        }
    }

    #[test]
    fn comments_and_quotes_hide_words() {
        for (sql, expected) in [
            (
                "-- COMMIT\n  Create /* /* x */ BEGIN */ INDEX Concurrently i",
                vec!["create", "index", "concurrently"],
            ),
            ("$f$ COMMIT $f$", vec![]),
            ("/* unfinished", vec![]),
            ("COMMIT", vec!["commit"]),
        ] {
            assert_eq!(leading_words(sql, 3), expected, "{sql}");
        }
        let literals = pieces("$a$ x $b$ $a$ 'it''s' $1 E'\\'' \"q\"\"\"");
        assert_eq!(literals.iter().filter(|piece| piece.kind == PieceKind::Literal).count(), 3);
        assert_eq!(literals.last().map(|piece| piece.kind), Some(PieceKind::QuotedName));
    }
}
