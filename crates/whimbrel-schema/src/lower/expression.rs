//! The restricted expressions of checks as SQL.

use super::{LowerError, Lowering, field};
use crate::model::{BinaryOperator, Condition, Expression, Field, FieldType, Model, Scalar};
use crate::sql_text::{quote_identifier, quote_literal};

/// How tightly SQL binds a text, loosest first; PostgreSQL's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Not,
    Is,
    Comparison,
    In,
    Sum,
    Product,
    Sign,
    Atom,
}

/// SQL text and how tightly it binds.
struct Sql {
    text: String,
    binding: Binding,
}

impl Sql {
    fn new(text: impl Into<String>, binding: Binding) -> Self {
        Sql { text: text.into(), binding }
    }

    /// The text, in parentheses where it binds less tightly than its place asks.
    fn within(self, least: Binding) -> String {
        if self.binding < least { format!("({})", self.text) } else { self.text }
    }
}

/// A field path's column and what stands at its end.
pub(super) struct Place<'a> {
    column: &'a Field,
    leaf: &'a Field,
    /// The document fields below the column.
    below: Vec<&'a str>,
}

impl Place<'_> {
    /// The column's name where the path is one.
    pub(super) fn column_name(&self) -> Option<&str> {
        self.below.is_empty().then(|| self.column.column_name())
    }

    pub(super) fn ty(&self) -> &FieldType {
        &self.leaf.ty
    }

    /// The value as text, or the column itself.
    pub(super) fn text_sql(&self) -> String {
        let column = quote_identifier(self.column.column_name());
        match self.below.split_last() {
            None => column,
            Some((last, before)) => {
                let mut sql = column;
                for name in before {
                    sql.push_str(" -> ");
                    sql.push_str(&quote_literal(name));
                }
                format!("{sql} ->> {}", quote_literal(last))
            }
        }
    }

    /// The value as JSON.
    fn json_sql(&self) -> String {
        self.below.iter().fold(quote_identifier(self.column.column_name()), |sql, name| {
            format!("{sql} -> {}", quote_literal(name))
        })
    }

    /// The value in its own type.
    fn sql(&self) -> Sql {
        if self.below.is_empty() {
            return Sql::new(self.text_sql(), Binding::Atom);
        }
        let cast = match &self.leaf.ty {
            FieldType::Scalar(Scalar::Uuid) => "uuid",
            FieldType::Scalar(Scalar::Decimal) => "numeric",
            FieldType::Scalar(Scalar::Bool) => "boolean",
            FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64) => "bigint",
            FieldType::Scalar(Scalar::F64) => "double precision",
            _ => return Sql::new(format!("({})", self.text_sql()), Binding::Atom),
        };
        Sql::new(format!("({})::{cast}", self.text_sql()), Binding::Atom)
    }
}

impl<'a> Lowering<'a> {
    /// The condition as SQL without outer parentheses.
    pub(super) fn condition(&self, model: &'a Model, condition: &Condition) -> Result<String, LowerError> {
        match condition {
            Condition::Expression(expression) => Ok(self.expression(model, expression)?.text),
            Condition::Sql(sql) => Ok(sql.clone()),
        }
    }

    /// What a path of Rust names stands for.
    pub(super) fn place(&self, model: &'a Model, path: &[impl AsRef<str>]) -> Result<Place<'a>, LowerError> {
        let first = path.first().map(AsRef::as_ref).unwrap_or_default();
        let column = field(model, first)?;
        let mut place = Place { column, leaf: column, below: Vec::new() };
        for name in path.iter().skip(1).map(AsRef::as_ref) {
            let unknown =
                |model: &str| LowerError::UnknownField { model: model.to_owned(), name: name.to_owned() };
            let FieldType::Embedded(embedded) = &place.leaf.ty else { return Err(unknown(&model.name)) };
            let embedded = self.schema.embedded(embedded).ok_or_else(|| unknown(embedded))?;
            place.leaf = (embedded.fields.iter())
                .find(|candidate| candidate.name == name)
                .ok_or_else(|| unknown(&embedded.name))?;
            place.below.push(place.leaf.column_name());
        }
        Ok(place)
    }

    fn expression(&self, model: &'a Model, expression: &Expression) -> Result<Sql, LowerError> {
        Ok(match expression {
            Expression::Field(path) => self.place(model, path)?.sql(),
            Expression::Number(number) => number_sql(number),
            Expression::Text(text) => Sql::new(quote_literal(text), Binding::Atom),
            Expression::Bool(value) => Sql::new(value.to_string(), Binding::Atom),
            Expression::Variant(name, variant) => {
                Sql::new(quote_literal(&self.variant(name, variant)?), Binding::Atom)
            }
            Expression::Not(inner) => {
                let inner = self.expression(model, inner)?.within(Binding::Not);
                Sql::new(format!("NOT {inner}"), Binding::Not)
            }
            Expression::Negate(inner) => {
                let inner = self.expression(model, inner)?.within(Binding::Atom);
                Sql::new(format!("-{inner}"), Binding::Sign)
            }
            Expression::IsNone { field, negated } => {
                let value = self.place(model, field)?.sql().within(Binding::Comparison);
                let test = if *negated { "IS NOT NULL" } else { "IS NULL" };
                Sql::new(format!("{value} {test}"), Binding::Is)
            }
            Expression::Len(path) => Sql::new(self.length(model, path)?, Binding::Atom),
            Expression::Binary(operator, left, right) => self.binary(model, *operator, left, right)?,
            Expression::OneOf(value, options) => self.one_of(model, value, options)?,
        })
    }

    fn binary(
        &self,
        model: &'a Model,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
    ) -> Result<Sql, LowerError> {
        let (symbol, binding, left_least, right_least) = operator_sql(operator);
        let left = self.expression(model, left)?.within(left_least);
        let right = self.expression(model, right)?.within(right_least);
        Ok(Sql::new(format!("{left} {symbol} {right}"), binding))
    }

    fn one_of(
        &self,
        model: &'a Model,
        value: &Expression,
        options: &[Expression],
    ) -> Result<Sql, LowerError> {
        let value = self.expression(model, value)?.within(Binding::Sum);
        if options.is_empty() {
            return Ok(Sql::new(format!("{value} IS NULL"), Binding::Is));
        }
        let options = options
            .iter()
            .map(|option| Ok(self.expression(model, option)?.text))
            .collect::<Result<Vec<_>, LowerError>>()?;
        Ok(Sql::new(format!("{value} IN ({})", options.join(", ")), Binding::In))
    }

    /// Characters of a text, bytes of bytes, elements of a list.
    pub(super) fn length(&self, model: &'a Model, path: &[impl AsRef<str>]) -> Result<String, LowerError> {
        let place = self.place(model, path)?;
        let in_column = place.below.is_empty();
        let function = match place.ty() {
            FieldType::Scalar(Scalar::Bytes) if in_column => "octet_length",
            FieldType::Scalar(Scalar::String) | FieldType::Enum(_) => "char_length",
            FieldType::List(element) if in_column && !matches!(**element, FieldType::Embedded(_)) => {
                "cardinality"
            }
            FieldType::List(_) | FieldType::Scalar(Scalar::Json) => {
                return Ok(format!("jsonb_array_length({})", place.json_sql()));
            }
            _ => {
                let field = path.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(".");
                return Err(LowerError::NoLength { model: model.name.clone(), field });
            }
        };
        Ok(format!("{function}({})", place.text_sql()))
    }
}

fn number_sql(number: &str) -> Sql {
    let number = number.replace('_', "");
    let binding = if number.starts_with('-') { Binding::Sign } else { Binding::Atom };
    Sql::new(number, binding)
}

/// The symbol, its binding, and the least binding of its two sides.
fn operator_sql(operator: BinaryOperator) -> (&'static str, Binding, Binding, Binding) {
    let comparison = |symbol| (symbol, Binding::Comparison, Binding::In, Binding::In);
    match operator {
        BinaryOperator::Or => ("OR", Binding::Or, Binding::Or, Binding::And),
        BinaryOperator::And => ("AND", Binding::And, Binding::And, Binding::Not),
        BinaryOperator::Equal => comparison("="),
        BinaryOperator::NotEqual => comparison("<>"),
        BinaryOperator::Less => comparison("<"),
        BinaryOperator::LessOrEqual => comparison("<="),
        BinaryOperator::Greater => comparison(">"),
        BinaryOperator::GreaterOrEqual => comparison(">="),
        BinaryOperator::Add => ("+", Binding::Sum, Binding::Sum, Binding::Product),
        BinaryOperator::Subtract => ("-", Binding::Sum, Binding::Sum, Binding::Product),
        BinaryOperator::Multiply => ("*", Binding::Product, Binding::Product, Binding::Sign),
        BinaryOperator::Divide => ("/", Binding::Product, Binding::Product, Binding::Sign),
        BinaryOperator::Remainder => ("%", Binding::Product, Binding::Product, Binding::Sign),
    }
}
