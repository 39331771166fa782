//! Reads the restricted Rust expressions of checks.

use syn::spanned::Spanned as _;
use syn::{BinOp, Expr, Lit, Member, UnOp};

use super::attributes::{Read, digits};
use super::problem::{Problem, code};
use crate::model::{BinaryOperator, Expression};

/// A condition: an expression that is true or false.
pub(super) fn condition(expr: &Expr) -> Read<Expression> {
    let read = expression(expr)?;
    match read {
        Expression::Number(_)
        | Expression::Text(_)
        | Expression::Variant(..)
        | Expression::Negate(_)
        | Expression::Len(_)
        | Expression::Binary(
            BinaryOperator::Add
            | BinaryOperator::Subtract
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Remainder,
            ..,
        ) => Err(refuse(expr, "a condition must be true or false").help("compare it with something")),
        _ => Ok(read),
    }
}

pub(super) fn expression(expr: &Expr) -> Read<Expression> {
    match expr {
        Expr::Paren(inner) => expression(&inner.expr),
        Expr::Group(inner) => expression(&inner.expr),
        Expr::Lit(literal) => value(expr, &literal.lit),
        Expr::Path(_) | Expr::Field(_) => path(expr),
        Expr::Unary(unary) => match unary.op {
            UnOp::Not(_) => Ok(Expression::Not(Box::new(expression(&unary.expr)?))),
            UnOp::Neg(_) => negated(&unary.expr),
            _ => Err(refuse(expr, "`*` has no meaning in a condition").help("name the field itself")),
        },
        Expr::Binary(binary) => {
            let operator = operator(expr, &binary.op)?;
            let left = expression(&binary.left)?;
            Ok(Expression::Binary(operator, Box::new(left), Box::new(expression(&binary.right)?)))
        }
        Expr::MethodCall(call) => method(expr, call),
        Expr::Macro(_) => Err(refuse(expr, "a macro cannot stand in a condition")
            .help("for `matches!`, write `[A::B, A::C].contains(&field)`")),
        Expr::Call(_) => Err(refuse(expr, "a function cannot stand in a condition")
            .help("write the condition as SQL: check(name = \"lower(a) = a\")")),
        Expr::Range(_) => Err(refuse(expr, "a range cannot stand in a condition").help("write `a >= 1 && a <= 9`")),
        _ => Err(refuse(expr, "this is not in the language of conditions")
            .help("use comparisons, `&&`, `||`, `!`, arithmetic, `is_none()`, `len()` and `contains`, or SQL in a string")),
    }
}

fn value(expr: &Expr, literal: &Lit) -> Read<Expression> {
    match literal {
        Lit::Str(text) => Ok(Expression::Text(text.value())),
        Lit::Bool(value) => Ok(Expression::Bool(value.value())),
        Lit::Char(value) => {
            Err(refuse(expr, "a condition has no characters").help(format!("write \"{}\"", value.value())))
        }
        _ => {
            match digits(literal) {
                Some(digits) => Ok(Expression::Number(digits)),
                None => Err(refuse(expr, "this literal has no meaning in a condition")
                    .help("write it without a suffix")),
            }
        }
    }
}

/// `-1` is the number, `-(1)` and `-a` the operation.
fn negated(expr: &Expr) -> Read<Expression> {
    if let Expr::Lit(literal) = expr
        && let Some(digits) = digits(&literal.lit)
    {
        return Ok(Expression::Number(format!("-{digits}")));
    }
    Ok(Expression::Negate(Box::new(expression(expr)?)))
}

fn path(expr: &Expr) -> Read<Expression> {
    if let Expr::Path(path) = expr {
        let segments: Vec<String> = path
            .path
            .segments
            .iter()
            .map(|segment| syn::ext::IdentExt::unraw(&segment.ident).to_string())
            .collect();
        let plain =
            path.qself.is_none() && path.path.segments.iter().all(|segment| segment.arguments.is_none());
        match segments.as_slice() {
            [.., declared, variant] if plain => {
                return Ok(Expression::Variant(declared.clone(), variant.clone()));
            }
            [name] if plain && name == "self" => {
                return Err(
                    refuse(expr, "`self` has no meaning in a condition").help("name the field itself")
                );
            }
            _ => {}
        }
    }
    field(expr).map(Expression::Field)
}

/// A field path: `a`, `a.b`; `self.a` is `a`.
fn field(expr: &Expr) -> Read<Vec<String>> {
    match expr {
        Expr::Paren(inner) => field(&inner.expr),
        Expr::Group(inner) => field(&inner.expr),
        Expr::Path(path) => match path.path.get_ident() {
            Some(ident) => Ok(vec![syn::ext::IdentExt::unraw(ident).to_string()]),
            None => Err(refuse(expr, "this is not a field")),
        },
        Expr::Field(access) => {
            let Member::Named(name) = &access.member else {
                return Err(refuse(expr, "a field has a name, not a number"));
            };
            let name = syn::ext::IdentExt::unraw(name).to_string();
            if let Expr::Path(base) = access.base.as_ref()
                && base.path.is_ident("self")
            {
                return Ok(vec![name]);
            }
            let mut path = field(&access.base)?;
            path.push(name);
            Ok(path)
        }
        _ => Err(refuse(expr, "this is not a field").help("the method needs a field before it")),
    }
}

fn operator(expr: &Expr, operator: &BinOp) -> Read<BinaryOperator> {
    Ok(match operator {
        BinOp::Or(_) => BinaryOperator::Or,
        BinOp::And(_) => BinaryOperator::And,
        BinOp::Eq(_) => BinaryOperator::Equal,
        BinOp::Ne(_) => BinaryOperator::NotEqual,
        BinOp::Lt(_) => BinaryOperator::Less,
        BinOp::Le(_) => BinaryOperator::LessOrEqual,
        BinOp::Gt(_) => BinaryOperator::Greater,
        BinOp::Ge(_) => BinaryOperator::GreaterOrEqual,
        BinOp::Add(_) => BinaryOperator::Add,
        BinOp::Sub(_) => BinaryOperator::Subtract,
        BinOp::Mul(_) => BinaryOperator::Multiply,
        BinOp::Div(_) => BinaryOperator::Divide,
        BinOp::Rem(_) => BinaryOperator::Remainder,
        _ => {
            return Err(refuse(expr, "this operator has no meaning in a condition")
                .help("use `&&` and `||`; for bits, write SQL in a string"));
        }
    })
}

fn method(expr: &Expr, call: &syn::ExprMethodCall) -> Read<Expression> {
    let name = call.method.to_string();
    match (name.as_str(), call.args.len()) {
        ("is_none" | "is_some", 0) => {
            Ok(Expression::IsNone { field: field(&call.receiver)?, negated: name == "is_some" })
        }
        ("len", 0) => Ok(Expression::Len(field(&call.receiver)?)),
        ("contains", 1) => contains(expr, call),
        ("is_empty", 0) => {
            Err(refuse(expr, "`is_empty` is not in the language of conditions")
                .help("write `field.len() == 0`"))
        }
        _ => Err(refuse(expr, format!("`{name}` is not in the language of conditions"))
            .help("the methods are `is_none()`, `is_some()`, `len()` and `[…].contains(&field)`")),
    }
}

fn contains(expr: &Expr, call: &syn::ExprMethodCall) -> Read<Expression> {
    let form = || {
        refuse(expr, "`contains` needs a list of values before it")
            .help("write `[\"a\", \"b\"].contains(&field)`")
    };
    let Expr::Array(list) = call.receiver.as_ref() else { return Err(form()) };
    let Some(Expr::Reference(target)) = call.args.first() else { return Err(form()) };
    if list.elems.is_empty() {
        return Err(refuse(expr, "nothing is in an empty list").help("name at least one value"));
    }
    let values = list.elems.iter().map(expression).collect::<Read<Vec<_>>>()?;
    Ok(Expression::OneOf(Box::new(expression(&target.expr)?), values))
}

fn refuse(expr: &Expr, message: impl Into<String>) -> Problem {
    Problem::new(expr.span(), code::CONDITION, message).label("not a condition")
}
