//! Function calls.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::ColumnType;

use super::{Columns, Writer, is_expression, unknown};
use crate::syntax::{child, children, has, identifier, place, tokens};
use crate::trouble::{Outcome, Trouble};
use crate::types::Kind;

/// How a function is written for SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rendering {
    /// Under this name with the same arguments.
    Named(&'static str),
    /// The present moment in the form of the type it is for.
    Now,
}

/// What kind of value a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    Kind(Kind),
    /// That of the first argument.
    Same,
}

/// One function of the closed list.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) arguments: std::ops::RangeInclusive<usize>,
    pub(crate) rendering: Rendering,
    pub(crate) gives: Gives,
    /// Whether it takes all rows of a group.
    pub(crate) aggregate: bool,
}

const fn scalar(
    name: &'static str,
    arguments: std::ops::RangeInclusive<usize>,
    sqlite: &'static str,
    gives: Gives,
) -> Function {
    Function { name, arguments, rendering: Rendering::Named(sqlite), gives, aggregate: false }
}

const fn aggregate(name: &'static str, gives: Gives) -> Function {
    Function { name, arguments: 1..=1, rendering: Rendering::Named(name), gives, aggregate: true }
}

const MANY: usize = 100;

/// Every function of the closed list.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "now",
        arguments: 0..=0,
        rendering: Rendering::Now,
        gives: Gives::Kind(Kind::Moment),
        aggregate: false,
    },
    Function {
        name: "transaction_timestamp",
        arguments: 0..=0,
        rendering: Rendering::Now,
        gives: Gives::Kind(Kind::Moment),
        aggregate: false,
    },
    Function {
        name: "statement_timestamp",
        arguments: 0..=0,
        rendering: Rendering::Now,
        gives: Gives::Kind(Kind::Moment),
        aggregate: false,
    },
    Function {
        name: "clock_timestamp",
        arguments: 0..=0,
        rendering: Rendering::Now,
        gives: Gives::Kind(Kind::Moment),
        aggregate: false,
    },
    scalar("gen_random_uuid", 0..=0, "gen_random_uuid", Gives::Kind(Kind::Uuid)),
    scalar("lower", 1..=1, "lower_unicode", Gives::Kind(Kind::Text)),
    scalar("upper", 1..=1, "upper_unicode", Gives::Kind(Kind::Text)),
    scalar("length", 1..=1, "length", Gives::Kind(Kind::Integer)),
    scalar("char_length", 1..=1, "length", Gives::Kind(Kind::Integer)),
    scalar("character_length", 1..=1, "length", Gives::Kind(Kind::Integer)),
    scalar("octet_length", 1..=1, "octet_length", Gives::Kind(Kind::Integer)),
    scalar("cardinality", 1..=1, "json_array_length", Gives::Kind(Kind::Integer)),
    scalar("jsonb_array_length", 1..=1, "json_array_length", Gives::Kind(Kind::Integer)),
    scalar("btrim", 1..=2, "trim", Gives::Kind(Kind::Text)),
    scalar("trim", 1..=2, "trim", Gives::Kind(Kind::Text)),
    scalar("ltrim", 1..=2, "ltrim", Gives::Kind(Kind::Text)),
    scalar("rtrim", 1..=2, "rtrim", Gives::Kind(Kind::Text)),
    scalar("replace", 3..=3, "replace", Gives::Kind(Kind::Text)),
    scalar("strpos", 2..=2, "instr", Gives::Kind(Kind::Integer)),
    scalar("concat", 1..=MANY, "concat", Gives::Kind(Kind::Text)),
    scalar("coalesce", 2..=MANY, "coalesce", Gives::Same),
    scalar("nullif", 2..=2, "nullif", Gives::Same),
    scalar("abs", 1..=1, "abs", Gives::Same),
    scalar("round", 1..=2, "round", Gives::Kind(Kind::Fraction)),
    Function {
        name: "count",
        arguments: 0..=1,
        rendering: Rendering::Named("count"),
        gives: Gives::Kind(Kind::Integer),
        aggregate: true,
    },
    aggregate("sum", Gives::Same),
    aggregate("avg", Gives::Kind(Kind::Fraction)),
    aggregate("min", Gives::Same),
    aggregate("max", Gives::Same),
];

/// What a key word for the present moment stands for.
pub(super) fn moment_word(kind: SyntaxKind) -> Option<ColumnType> {
    Some(match kind {
        SyntaxKind::CURRENT_TIMESTAMP_KW => ColumnType::TimestampTz,
        SyntaxKind::LOCALTIMESTAMP_KW => ColumnType::Timestamp,
        SyntaxKind::CURRENT_DATE_KW => ColumnType::Date,
        SyntaxKind::CURRENT_TIME_KW | SyntaxKind::LOCALTIME_KW => ColumnType::Time,
        _ => return None,
    })
}

pub(super) fn is_moment(ty: &ColumnType) -> bool {
    matches!(Kind::of(ty), Kind::Moment | Kind::Date | Kind::Time)
}

/// The present moment in the form of the type it is for.
pub(super) fn moment(expected: Option<&ColumnType>, own: ColumnType) -> String {
    let form = match expected.unwrap_or(&own) {
        ColumnType::Date => "%Y-%m-%d",
        ColumnType::Time => "%H:%M:%f",
        ColumnType::Timestamp => "%Y-%m-%dT%H:%M:%f",
        _ => "%Y-%m-%dT%H:%M:%fZ",
    };
    format!("strftime('{form}', 'now')")
}

fn function(node: &SyntaxNode) -> Option<(String, Option<&'static Function>)> {
    let callee = node.children().next()?;
    if !matches!(callee.kind(), SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR) {
        return None;
    }
    let mut parts: Vec<String> = tokens(&callee)
        .filter(|token| token.kind() != SyntaxKind::DOT)
        .map(|token| identifier(token.text()))
        .collect();
    if parts.len() == 2 && parts[0] == "pg_catalog" {
        parts.remove(0);
    }
    let name = parts.join(".");
    let known = FUNCTIONS.iter().find(|function| function.name == name);
    Some((name, known))
}

/// The type of an expression that is the present moment.
pub(super) fn type_of_now(node: &SyntaxNode) -> Option<ColumnType> {
    if node.kind() == SyntaxKind::NAME_REF {
        return moment_word(tokens(node).next()?.kind());
    }
    let (_, known) = (node.kind() == SyntaxKind::CALL_EXPR).then(|| function(node)).flatten()?;
    known.filter(|known| known.rendering == Rendering::Now).map(|_| ColumnType::TimestampTz)
}

pub(super) fn kind(node: &SyntaxNode, columns: &Columns) -> Kind {
    match function(node) {
        Some((_, Some(function))) => match function.gives {
            Gives::Kind(kind) => kind,
            Gives::Same => arguments(node).first().map_or(Kind::Unknown, |first| columns.kind_of(first)),
        },
        _ => match node.children().next().map(|inner| inner.kind()) {
            Some(SyntaxKind::SUBSTRING_FN | SyntaxKind::TRIM_FN) => Kind::Text,
            Some(SyntaxKind::POSITION_FN) => Kind::Integer,
            Some(SyntaxKind::EXISTS_FN) => Kind::Boolean,
            _ => Kind::Unknown,
        },
    }
}

fn arguments(node: &SyntaxNode) -> Vec<SyntaxNode> {
    child(node, SyntaxKind::ARG_LIST)
        .map(|list| {
            children(&list, SyntaxKind::ARG).filter_map(|argument| argument.children().next()).collect()
        })
        .unwrap_or_default()
}

impl Writer<'_> {
    pub(super) fn call(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        let Some((name, known)) = function(node) else { return self.special_call(node) };
        let plain = node.children().all(|inner| {
            matches!(inner.kind(), SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR | SyntaxKind::ARG_LIST)
        });
        let function =
            known.ok_or_else(|| Trouble::refused(format!("the function `{name}`")).at(place(node)))?;
        let list = child(node, SyntaxKind::ARG_LIST).ok_or_else(|| unknown(node))?;
        let given = arguments(node);
        let star = has(&list, SyntaxKind::STAR);
        let distinct = child(&list, SyntaxKind::DISTINCT).is_some();
        if !plain || !function.arguments.contains(&given.len()) || ((star || distinct) && !function.aggregate)
        {
            return Err(Trouble::refused(format!("this form of the function `{name}`")).at(place(node)));
        }
        if !self.is_sqlite() {
            return self.write_call(function.name, star, distinct, &given, None);
        }
        match function.rendering {
            Rendering::Now => {
                let ty = expected.filter(|ty| is_moment(ty));
                self.word(&moment(ty, ColumnType::TimestampTz));
                Ok(())
            }
            Rendering::Named(sqlite) => {
                let passes = function.gives == Gives::Same;
                let first = given.first().and_then(|first| self.columns.type_of(first));
                let ty = expected.or(first.as_ref()).filter(|_| passes);
                self.write_call(sqlite, star, distinct, &given, ty)
            }
        }
    }

    fn write_call(
        &mut self,
        name: &str,
        star: bool,
        distinct: bool,
        arguments: &[SyntaxNode],
        expected: Option<&ColumnType>,
    ) -> Outcome<()> {
        self.word(name);
        self.glue("(");
        if star {
            self.glue("*");
        }
        if distinct {
            self.word("DISTINCT");
        }
        for (at, argument) in arguments.iter().enumerate() {
            if at > 0 {
                self.glue(",");
            }
            self.expression(argument, expected)?;
        }
        self.glue(")");
        Ok(())
    }

    /// `substring(a from 1 for 2)`, `trim(both from a)`, `position('a' in b)`, `exists (…)`.
    fn special_call(&mut self, node: &SyntaxNode) -> Outcome<()> {
        let inner = node.children().next().ok_or_else(|| unknown(node))?;
        let values: Vec<SyntaxNode> = inner
            .descendants()
            .filter(|value| is_expression(value.kind()))
            .filter(|value| {
                value.ancestors().skip(1).take_while(|up| *up != inner).all(|up| !is_expression(up.kind()))
            })
            .collect();
        match (inner.kind(), values.as_slice()) {
            (SyntaxKind::EXISTS_FN, _) => {
                let query = inner.children().next().ok_or_else(|| unknown(node))?;
                self.word("EXISTS");
                self.word("(");
                self.expression(&query, None)?;
                self.glue(")");
                Ok(())
            }
            (SyntaxKind::SUBSTRING_FN, [_, _] | [_, _, _]) => {
                let name = if self.is_sqlite() { "substr" } else { "substring" };
                self.write_call(name, false, false, &values, None)
            }
            (SyntaxKind::TRIM_FN, [_]) => {
                let words: Vec<SyntaxKind> = tokens(&inner).map(|token| token.kind()).collect();
                let name = if words.contains(&SyntaxKind::LEADING_KW) {
                    "ltrim"
                } else if words.contains(&SyntaxKind::TRAILING_KW) {
                    "rtrim"
                } else if self.is_sqlite() {
                    "trim"
                } else {
                    "btrim"
                };
                self.write_call(name, false, false, &values, None)
            }
            (SyntaxKind::POSITION_FN, [needle, hay]) => {
                let (name, arguments) =
                    if self.is_sqlite() { ("instr", [hay, needle]) } else { ("strpos", [hay, needle]) };
                self.write_call(name, false, false, &arguments.map(Clone::clone), None)
            }
            _ => Err(unknown(node)),
        }
    }
}
