//! Writes conditions as Rust.

use super::literal::{ident, string};
use crate::model::{BinaryOperator, Expression};

/// The expression as Rust source.
#[must_use]
pub fn print_expression(expression: &Expression) -> String {
    match expression {
        Expression::Field(path) | Expression::Len(path) | Expression::IsNone { field: path, .. } => {
            let field = path.iter().map(|part| ident(part)).collect::<Vec<_>>().join(".");
            match expression {
                Expression::Len(_) => format!("{field}.len()"),
                Expression::IsNone { negated: false, .. } => format!("{field}.is_none()"),
                Expression::IsNone { negated: true, .. } => format!("{field}.is_some()"),
                _ => field,
            }
        }
        Expression::Number(number) => number.clone(),
        Expression::Text(text) => string(text),
        Expression::Bool(value) => value.to_string(),
        Expression::Variant(declared, variant) => format!("{}::{}", ident(declared), ident(variant)),
        Expression::Not(inner) => {
            format!("!{}", operand(inner, UNARY, matches!(**inner, Expression::Binary(..))))
        }
        Expression::Negate(inner) => {
            // A bare `-1` reads as the number.
            let wrapped =
                matches!(**inner, Expression::Binary(..) | Expression::Number(_) | Expression::Negate(_));
            format!("-{}", operand(inner, UNARY, wrapped))
        }
        Expression::Binary(operator, left, right) => {
            let level = level(*operator);
            let compares = level == COMPARISON;
            let left = operand(left, level, compares);
            // Operators of one level group from the left.
            let right = operand(right, level, true);
            format!("{left} {} {right}", symbol(*operator))
        }
        Expression::OneOf(target, values) => {
            let values = values.iter().map(print_expression).collect::<Vec<_>>().join(", ");
            let wrapped = matches!(**target, Expression::Binary(..));
            format!("[{values}].contains(&{})", operand(target, UNARY, wrapped))
        }
    }
}

const COMPARISON: u8 = 3;
const UNARY: u8 = 9;

/// A part of an operation, in parentheses where it would otherwise group differently.
fn operand(expression: &Expression, outer: u8, equal_too: bool) -> String {
    let text = print_expression(expression);
    let wrap = match expression {
        Expression::Binary(operator, ..) => {
            let inner = level(*operator);
            inner < outer || (inner == outer && equal_too)
        }
        Expression::Number(_) | Expression::Negate(_) => outer == UNARY && equal_too,
        _ => false,
    };
    if wrap { format!("({text})") } else { text }
}

fn level(operator: BinaryOperator) -> u8 {
    match operator {
        BinaryOperator::Or => 1,
        BinaryOperator::And => 2,
        BinaryOperator::Equal
        | BinaryOperator::NotEqual
        | BinaryOperator::Less
        | BinaryOperator::LessOrEqual
        | BinaryOperator::Greater
        | BinaryOperator::GreaterOrEqual => COMPARISON,
        BinaryOperator::Add | BinaryOperator::Subtract => 4,
        BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder => 5,
    }
}

fn symbol(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Or => "||",
        BinaryOperator::And => "&&",
        BinaryOperator::Equal => "==",
        BinaryOperator::NotEqual => "!=",
        BinaryOperator::Less => "<",
        BinaryOperator::LessOrEqual => "<=",
        BinaryOperator::Greater => ">",
        BinaryOperator::GreaterOrEqual => ">=",
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Remainder => "%",
    }
}
