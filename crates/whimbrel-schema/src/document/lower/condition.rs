//! Checks as `$expr`.
//!
//! A check passes where a part of it is null or missing, as in SQL, while MongoDB's comparisons know only true
//! and false. So each condition is written in one of two forms: that it is not false, or that it is not true;
//! both hold where it is unknown, and `!` leads from one to the other.

use serde_json::{Value, json};

use super::super::filter;
use super::literal::{number_as, text_as};
use super::schema::number;
use super::{Lowering, stored_name};
use crate::lower::LowerError;
use crate::model::{BinaryOperator, Check, Condition, Expression, Field, FieldType, Scalar};

/// What a condition's paths begin at.
struct Scope<'a> {
    fields: &'a [Field],
    owner: &'a str,
    /// What stands before a field's name in an expression: `$`, `$profile.` or `$$each.`.
    prefix: String,
    /// Whether what holds the fields may be missing.
    optional: bool,
}

/// A field as an expression reads it.
struct Operand<'a> {
    /// `$price`
    reference: String,
    leaf: &'a Field,
    /// Whether it may be null or missing.
    optional: bool,
}

/// Which of the two forms is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    NotFalse,
    NotTrue,
}

impl Form {
    fn other(self) -> Form {
        match self {
            Form::NotFalse => Form::NotTrue,
            Form::NotTrue => Form::NotFalse,
        }
    }
}

impl<'a> Lowering<'a> {
    /// Every condition of the model, as queries beside its `$jsonSchema`.
    pub(super) fn conditions(&self) -> Result<Vec<Value>, LowerError> {
        let scope = Scope {
            fields: &self.model.fields,
            owner: &self.model.name,
            prefix: "$".into(),
            optional: false,
        };
        let mut queries = Vec::new();
        for check in &self.model.checks {
            queries.push(match &check.condition {
                Condition::Sql(text) => self.query(check, text)?,
                Condition::Expression(expression) => {
                    json!({ "$expr": self.form(Form::NotFalse, expression, &scope)? })
                }
            });
        }
        for expression in self.of_fields(&scope, &mut Vec::new())? {
            queries.push(json!({ "$expr": expression }));
        }
        for field in &self.model.fields {
            for check in &field.checks {
                if let Condition::Sql(text) = &check.condition {
                    queries.push(self.query(check, text)?);
                }
            }
        }
        Ok(queries)
    }

    fn query(&self, check: &Check, text: &str) -> Result<Value, LowerError> {
        filter::condition(text).map_err(|reason| LowerError::NotInDocuments {
            what: format!("check `{}` of `{}` {reason}", check.name, self.model.name),
            help: "write it as an expression, or as a query in JSON".into(),
        })
    }

    /// The conditions that stand on fields, and those of the structs within them.
    fn of_fields(&self, scope: &Scope<'a>, within: &mut Vec<&'a str>) -> Result<Vec<Value>, LowerError> {
        let mut expressions = Vec::new();
        for field in scope.fields {
            for check in &field.checks {
                if let Condition::Expression(expression) = &check.condition {
                    expressions.push(self.form(Form::NotFalse, expression, scope)?);
                } else if !within.is_empty() {
                    return Err(LowerError::NotInDocuments {
                        what: format!("check `{}` of `{}` is a query of its own", check.name, scope.owner),
                        help: "write it on the model, whose documents a query is about".into(),
                    });
                }
            }
            let reference = format!("{}{}", scope.prefix, stored_name(field));
            if field.ty == FieldType::Scalar(Scalar::Bytes) && field.encrypted.is_none() {
                expressions.extend(bytes_length(field, &reference, scope.optional || field.optional));
            }
            if field.encrypted.is_none() {
                expressions.extend(self.conditions_of_type(&field.ty, field, &reference, scope, within)?);
            }
        }
        Ok(expressions)
    }

    fn conditions_of_type(
        &self,
        ty: &'a FieldType,
        field: &'a Field,
        reference: &str,
        scope: &Scope<'a>,
        within: &mut Vec<&'a str>,
    ) -> Result<Vec<Value>, LowerError> {
        match ty {
            FieldType::Embedded(name) if !within.contains(&name.as_str()) => {
                let embedded = self.embedded(name, scope.owner)?;
                let inner = Scope {
                    fields: &embedded.fields,
                    owner: &embedded.name,
                    prefix: format!("{reference}."),
                    optional: scope.optional || field.optional,
                };
                within.push(name);
                let found = self.of_fields(&inner, within)?;
                within.pop();
                Ok(found)
            }
            FieldType::List(element) if matches!(**element, FieldType::Embedded(_)) => {
                let variable = format!("each{}", within.len());
                let inner =
                    self.conditions_of_type(element, field, &format!("$${variable}"), scope, within)?;
                Ok(match all(inner) {
                    None => Vec::new(),
                    Some(condition) => vec![json!({ "$allElementsTrue": { "$map": {
                        "input": { "$ifNull": [reference, []] },
                        "as": variable,
                        "in": condition,
                    } } })],
                })
            }
            _ => Ok(Vec::new()),
        }
    }

    fn form(&self, form: Form, expression: &Expression, scope: &Scope<'a>) -> Result<Value, LowerError> {
        Ok(match expression {
            Expression::Not(inner) => self.form(form.other(), inner, scope)?,
            Expression::Binary(operator @ (BinaryOperator::And | BinaryOperator::Or), left, right) => {
                let parts = [self.form(form, left, scope)?, self.form(form, right, scope)?];
                let joins_all = (*operator == BinaryOperator::And) == (form == Form::NotFalse);
                joined(if joins_all { "$and" } else { "$or" }, parts)
            }
            Expression::Binary(operator, left, right) => {
                let Some((holds, fails)) = comparison(*operator) else { return Err(not_a_truth(scope)) };
                let symbol = if form == Form::NotFalse { holds } else { fails };
                let values = self.pair(left, right, scope)?;
                let unknown = self.unknown(&[left, right], scope)?;
                or_unknown(unknown, json!({ symbol: values }))
            }
            Expression::OneOf(value, options) => {
                let leaf = self.leaf(value, scope)?;
                let options = options.iter().map(|option| self.value(option, leaf, scope)).collect::<Result<
                    Vec<_>,
                    _,
                >>(
                )?;
                let found = json!({ "$in": [self.value(value, None, scope)?, options] });
                let test = if form == Form::NotFalse { found } else { json!({ "$not": [found] }) };
                or_unknown(self.unknown(&[value], scope)?, test)
            }
            Expression::IsNone { field, negated } => {
                let reference = self.operand(field, scope)?.reference;
                let is_none = *negated != (form == Form::NotFalse);
                json!({ if is_none { "$eq" } else { "$ne" }: [{ "$ifNull": [reference, null] }, null] })
            }
            Expression::Bool(value) => json!(*value == (form == Form::NotFalse)),
            Expression::Field(path) => {
                let operand = self.operand(path, scope)?;
                let test = json!({ "$eq": [operand.reference, form == Form::NotFalse] });
                or_unknown(self.unknown(&[expression], scope)?, test)
            }
            _ => return Err(not_a_truth(scope)),
        })
    }

    /// Both sides of a comparison, a literal in the type of the field that it is compared with.
    fn pair(
        &self,
        left: &Expression,
        right: &Expression,
        scope: &Scope<'a>,
    ) -> Result<[Value; 2], LowerError> {
        let (of_left, of_right) = (self.leaf(left, scope)?, self.leaf(right, scope)?);
        Ok([self.value(left, of_right, scope)?, self.value(right, of_left, scope)?])
    }

    /// The first field of an expression.
    fn leaf(&self, expression: &Expression, scope: &Scope<'a>) -> Result<Option<&'a Field>, LowerError> {
        let mut paths = Vec::new();
        operands(expression, &mut paths);
        paths.first().map(|path| self.operand(path, scope).map(|operand| operand.leaf)).transpose()
    }

    fn value(
        &self,
        expression: &Expression,
        beside: Option<&'a Field>,
        scope: &Scope<'a>,
    ) -> Result<Value, LowerError> {
        let scalar = beside.and_then(|field| match &field.ty {
            FieldType::Scalar(scalar) => Some(*scalar),
            _ => None,
        });
        Ok(match expression {
            Expression::Field(path) => json!(self.operand(path, scope)?.reference),
            Expression::Number(text) if scalar == Some(Scalar::Decimal) => {
                let whole = number(text, true);
                if whole.is_number() { whole } else { number_as(Scalar::Decimal, text) }
            }
            Expression::Number(text) => number(text, false),
            Expression::Bool(value) => json!(value),
            Expression::Variant(declared, variant) => literal(json!(self.variant(declared, variant)?)),
            Expression::Text(text) => match scalar {
                None | Some(Scalar::String | Scalar::Json) => literal(json!(text)),
                Some(scalar) => literal(text_as(scalar, text).ok_or_else(|| LowerError::NotInDocuments {
                    what: format!(
                        "a check of `{}` compares with `{text}`, which is no {}",
                        scope.owner,
                        scalar.rust_name()
                    ),
                    help: "write the text of such a value: \"2024-12-31\", \"2024-12-31T12:00:00Z\"".into(),
                })?),
            },
            Expression::Negate(inner) => match self.value(inner, beside, scope)? {
                Value::Number(number) => super::schema::number(&format!("-{number}"), false),
                value => json!({ "$multiply": [value, -1] }),
            },
            Expression::Len(path) => length(&self.operand(path, scope)?, scope)?,
            Expression::Binary(operator, left, right) => {
                let name = arithmetic(*operator).ok_or_else(|| not_a_number(scope))?;
                let both = self.pair(left, right, scope)?;
                let result = json!({ name: both });
                // Whole numbers divide into a whole number, as in SQL and in Rust.
                if *operator == BinaryOperator::Divide
                    && self.is_whole(left, scope)?
                    && self.is_whole(right, scope)?
                {
                    json!({ "$trunc": result })
                } else {
                    result
                }
            }
            Expression::Not(_) | Expression::IsNone { .. } | Expression::OneOf(..) => {
                return Err(not_a_number(scope));
            }
        })
    }

    fn is_whole(&self, expression: &Expression, scope: &Scope<'a>) -> Result<bool, LowerError> {
        Ok(match expression {
            Expression::Number(text) => !text.contains(['.', 'e', 'E']),
            Expression::Field(path) => matches!(
                self.operand(path, scope)?.leaf.ty,
                FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64)
            ),
            Expression::Negate(inner) => self.is_whole(inner, scope)?,
            Expression::Len(_) => true,
            Expression::Binary(_, left, right) => {
                self.is_whole(left, scope)? && self.is_whole(right, scope)?
            }
            _ => false,
        })
    }

    /// Tests that find an operand null or missing, one for each that may be.
    fn unknown(&self, expressions: &[&Expression], scope: &Scope<'a>) -> Result<Vec<Value>, LowerError> {
        let mut paths = Vec::new();
        expressions.iter().for_each(|expression| operands(expression, &mut paths));
        let mut tests = Vec::new();
        for path in paths {
            let operand = self.operand(path, scope)?;
            let test = json!({ "$eq": [{ "$ifNull": [operand.reference, null] }, null] });
            if operand.optional && !tests.contains(&test) {
                tests.push(test);
            }
        }
        Ok(tests)
    }

    fn operand(&self, path: &[String], scope: &Scope<'a>) -> Result<Operand<'a>, LowerError> {
        let unknown = |owner: &str, name: &str| LowerError::UnknownField {
            model: owner.to_owned(),
            name: name.to_owned(),
        };
        let mut fields = scope.fields;
        let mut owner = scope.owner;
        let mut reference = scope.prefix.clone();
        let mut optional = scope.optional;
        let mut leaf: Option<&'a Field> = None;
        for name in path {
            if let Some(outer) = leaf {
                reference.push('.');
                match &outer.ty {
                    FieldType::Embedded(inner) => {
                        let embedded = self.embedded(inner, owner)?;
                        (fields, owner) = (&embedded.fields, &embedded.name);
                    }
                    // Anything may stand in a JSON value, or nothing.
                    FieldType::Scalar(Scalar::Json) => {
                        reference.push_str(name);
                        optional = true;
                        continue;
                    }
                    _ => return Err(unknown(owner, name)),
                }
            }
            let field =
                fields.iter().find(|field| field.name == *name).ok_or_else(|| unknown(owner, name))?;
            reference.push_str(stored_name(field));
            optional |= field.optional;
            leaf = Some(field);
        }
        let leaf = leaf.ok_or_else(|| unknown(owner, ""))?;
        if leaf.encrypted.is_some() {
            return Err(LowerError::NotInDocuments {
                what: format!("a check of `{}` reads `{}`, which is encrypted", scope.owner, leaf.name),
                help: "check it in the application: `input(…)`".into(),
            });
        }
        Ok(Operand { reference, leaf, optional })
    }
}

/// The fields of an expression, in order.
fn operands<'e>(expression: &'e Expression, found: &mut Vec<&'e [String]>) {
    match expression {
        Expression::Field(path) | Expression::Len(path) => found.push(path),
        Expression::Not(inner) | Expression::Negate(inner) => operands(inner, found),
        Expression::Binary(_, left, right) => {
            operands(left, found);
            operands(right, found);
        }
        Expression::OneOf(value, options) => {
            operands(value, found);
            options.iter().for_each(|option| operands(option, found));
        }
        Expression::IsNone { .. }
        | Expression::Number(_)
        | Expression::Text(_)
        | Expression::Bool(_)
        | Expression::Variant(..) => {}
    }
}

/// What holds where the comparison does, and where it does not.
fn comparison(operator: BinaryOperator) -> Option<(&'static str, &'static str)> {
    Some(match operator {
        BinaryOperator::Equal => ("$eq", "$ne"),
        BinaryOperator::NotEqual => ("$ne", "$eq"),
        BinaryOperator::Less => ("$lt", "$gte"),
        BinaryOperator::LessOrEqual => ("$lte", "$gt"),
        BinaryOperator::Greater => ("$gt", "$lte"),
        BinaryOperator::GreaterOrEqual => ("$gte", "$lt"),
        _ => return None,
    })
}

fn arithmetic(operator: BinaryOperator) -> Option<&'static str> {
    Some(match operator {
        BinaryOperator::Add => "$add",
        BinaryOperator::Subtract => "$subtract",
        BinaryOperator::Multiply => "$multiply",
        BinaryOperator::Divide => "$divide",
        BinaryOperator::Remainder => "$mod",
        _ => return None,
    })
}

/// The length of a text, of bytes or of a list; none of them fails on a missing value, which is tested beside it.
fn length(operand: &Operand<'_>, scope: &Scope<'_>) -> Result<Value, LowerError> {
    let reference = &operand.reference;
    Ok(match &operand.leaf.ty {
        FieldType::List(_) => json!({ "$size": { "$ifNull": [reference, []] } }),
        FieldType::Scalar(Scalar::String) | FieldType::Enum(_) => {
            json!({ "$strLenCP": { "$ifNull": [reference, ""] } })
        }
        FieldType::Scalar(Scalar::Bytes) => json!({ "$binarySize": { "$ifNull": [reference, ""] } }),
        _ => {
            return Err(LowerError::NoLength {
                model: scope.owner.to_owned(),
                field: operand.leaf.name.clone(),
            });
        }
    })
}

fn bytes_length(field: &Field, reference: &str, optional: bool) -> Vec<Value> {
    let unknown = || {
        let test = json!({ "$eq": [{ "$ifNull": [reference, null] }, null] });
        if optional { vec![test] } else { Vec::new() }
    };
    let size = json!({ "$binarySize": { "$ifNull": [reference, ""] } });
    [("$gte", field.rules.min_len), ("$lte", field.rules.len)]
        .into_iter()
        .filter_map(|(operator, length)| Some(or_unknown(unknown(), json!({ operator: [size, length?] }))))
        .collect()
}

/// A value that no expression reads as a field or an operator.
fn literal(value: Value) -> Value {
    match &value {
        Value::String(text) if text.starts_with('$') => json!({ "$literal": value }),
        _ => value,
    }
}

fn or_unknown(mut unknown: Vec<Value>, test: Value) -> Value {
    if unknown.is_empty() {
        return test;
    }
    unknown.push(test);
    json!({ "$or": unknown })
}

/// `a && b && c` in one list.
fn joined(operator: &str, parts: [Value; 2]) -> Value {
    let mut all = Vec::new();
    for part in parts {
        match part {
            Value::Object(mut inner) if inner.len() == 1 && inner.contains_key(operator) => {
                if let Some(Value::Array(items)) = inner.get_mut(operator).map(Value::take) {
                    all.extend(items);
                }
            }
            other => all.push(other),
        }
    }
    json!({ operator: all })
}

fn all(mut conditions: Vec<Value>) -> Option<Value> {
    match conditions.len() {
        0 => None,
        1 => conditions.pop(),
        _ => Some(json!({ "$and": conditions })),
    }
}

fn not_a_truth(scope: &Scope<'_>) -> LowerError {
    LowerError::NotInDocuments {
        what: format!("a check of `{}` is neither true nor false", scope.owner),
        help: "compare it with something: `price > 0`".into(),
    }
}

fn not_a_number(scope: &Scope<'_>) -> LowerError {
    LowerError::NotInDocuments {
        what: format!("a check of `{}` computes with a condition", scope.owner),
        help: "join conditions with `&&` and `||`".into(),
    }
}
