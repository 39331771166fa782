//! Checks in both forms.

use super::Generator;
use crate::model::{BinaryOperator, Check, Condition, Expression, Field, FieldType, Model, Scalar};
use crate::sql_text::quote_identifier;

impl Generator {
    pub(super) fn checks(&mut self, model: &mut Model) {
        for _ in 0..self.random.below(4) {
            let Some(condition) = self.condition(model) else { continue };
            let number = self.number();
            let name = format!("{} {number}", self.random.one(["check", "Rule", "chk"]));
            let check = Check { name, condition };
            let own = (model.fields.iter()).position(|field| is_plain(field) && field.encrypted.is_none());
            match own {
                Some(at) if self.random.percent(25) && mentions_only(&check, &model.fields[at]) => {
                    self.histogram.count("check on field");
                    model.fields[at].checks.push(check);
                }
                _ => {
                    self.histogram.count("check on model");
                    model.checks.push(check);
                }
            }
        }
        let absent = (model.fields.iter()).position(|field| field.optional && is_plain(field));
        if let Some(at) = absent
            && self.chance(15, "check on field")
        {
            self.histogram.count("expression is_some");
            let field = vec![model.fields[at].name.clone()];
            let condition = Condition::Expression(Expression::IsNone { field, negated: true });
            let name = format!("set {}", self.number());
            model.fields[at].checks.push(Check { name, condition });
        }
    }

    fn condition(&mut self, model: &Model) -> Option<Condition> {
        if self.random.percent(25) {
            let whole = model.fields.iter().find(|field| is_plain(field) && is_whole(field))?;
            self.histogram.count("check sql");
            let column = quote_identifier(whole.column_name());
            return Some(Condition::Sql(format!("{column} BETWEEN -5 AND 30000 OR {column} IS NULL")));
        }
        let first = self.truth(model)?;
        if self.random.percent(50) {
            return Some(Condition::Expression(first));
        }
        let second = self.truth(model)?;
        let (operator, kind) =
            self.random.one([(BinaryOperator::And, "expression &&"), (BinaryOperator::Or, "expression ||")]);
        self.histogram.count(kind);
        let joined = Expression::Binary(operator, Box::new(first), Box::new(second));
        if self.chance(20, "expression !") {
            return Some(Condition::Expression(Expression::Not(Box::new(joined))));
        }
        Some(Condition::Expression(joined))
    }

    /// Something that is true or false.
    fn truth(&mut self, model: &Model) -> Option<Expression> {
        let fields: Vec<&Field> = (model.fields.iter()).filter(|field| is_plain(field)).collect();
        let field = (*self.random.pick(&fields)?).clone();
        if field.optional && self.random.percent(20) {
            let negated = self.random.percent(50);
            self.histogram.count(if negated { "expression is_some" } else { "expression is_none" });
            return Some(Expression::IsNone { field: vec![field.name], negated });
        }
        match &field.ty {
            FieldType::Scalar(Scalar::Bool) => {
                if self.chance(40, "expression !") {
                    return Some(Expression::Not(Box::new(path(&field))));
                }
                self.histogram.count("expression bool");
                Some(equal(path(&field), Expression::Bool(true)))
            }
            FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64 | Scalar::Decimal | Scalar::F64) => {
                Some(self.number_truth(&field))
            }
            FieldType::Scalar(Scalar::String) if field.sql_type.is_none() => Some(self.text_truth(&field)),
            FieldType::Scalar(Scalar::Date) => {
                self.histogram.count("expression text");
                Some(self.compare(path(&field), Expression::Text("2001-02-03".to_owned())))
            }
            FieldType::Enum(name) => {
                let variant = self.schema.enum_type(name)?.variants.first()?.name.clone();
                self.histogram.count("expression variant");
                self.histogram.count("expression !=");
                let value = Expression::Variant(name.clone(), variant);
                Some(Expression::Binary(BinaryOperator::NotEqual, Box::new(path(&field)), Box::new(value)))
            }
            FieldType::List(element) if matches!(**element, FieldType::Scalar(_)) => {
                self.histogram.count("expression len of list");
                let length = Expression::Len(vec![field.name.clone()]);
                Some(self.compare(length, Expression::Number("9".to_owned())))
            }
            FieldType::Embedded(_) if self.server_chance(80, "expression part") => {
                let part = Expression::Field(vec![field.name.clone(), "age".to_owned()]);
                Some(self.compare(part, Expression::Number("150".to_owned())))
            }
            _ => None,
        }
    }

    fn number_truth(&mut self, field: &Field) -> Expression {
        self.histogram.count("expression number");
        let number = |text: &str| Expression::Number(text.to_owned());
        if self.chance(15, "expression contains") {
            return Expression::OneOf(Box::new(path(field)), vec![number("1"), number("2"), number("3")]);
        }
        let mut left = path(field);
        if self.chance(20, "expression negate") {
            left = Expression::Negate(Box::new(left));
        }
        if self.random.percent(50) {
            let (operator, kind) = self.random.one([
                (BinaryOperator::Add, "expression +"),
                (BinaryOperator::Subtract, "expression -"),
                (BinaryOperator::Multiply, "expression *"),
                (BinaryOperator::Divide, "expression /"),
                (BinaryOperator::Remainder, "expression %"),
            ]);
            if operator != BinaryOperator::Remainder || is_whole(field) {
                self.histogram.count(kind);
                left = Expression::Binary(operator, Box::new(left), Box::new(number("2")));
            }
        }
        let right =
            if self.random.percent(30) { Expression::Negate(Box::new(number("7"))) } else { number("7") };
        self.compare(left, right)
    }

    fn text_truth(&mut self, field: &Field) -> Expression {
        if self.chance(50, "expression len of text") {
            let length = Expression::Len(vec![field.name.clone()]);
            return self.compare(length, Expression::Number("200".to_owned()));
        }
        self.histogram.count("expression text");
        let text = |value: &str| Expression::Text(value.to_owned());
        if self.chance(40, "expression contains") {
            return Expression::OneOf(Box::new(path(field)), vec![text("a"), text("it's")]);
        }
        self.compare(path(field), text("x"))
    }

    fn compare(&mut self, left: Expression, right: Expression) -> Expression {
        let (operator, kind) = self.random.one([
            (BinaryOperator::Equal, "expression =="),
            (BinaryOperator::NotEqual, "expression !="),
            (BinaryOperator::Less, "expression <"),
            (BinaryOperator::LessOrEqual, "expression <="),
            (BinaryOperator::Greater, "expression >"),
            (BinaryOperator::GreaterOrEqual, "expression >="),
        ]);
        self.histogram.count(kind);
        Expression::Binary(operator, Box::new(left), Box::new(right))
    }
}

fn equal(left: Expression, right: Expression) -> Expression {
    Expression::Binary(BinaryOperator::Equal, Box::new(left), Box::new(right))
}

fn path(field: &Field) -> Expression {
    Expression::Field(vec![field.name.clone()])
}

/// Whether a check may speak of the field.
fn is_plain(field: &Field) -> bool {
    field.generated.is_none() && field.encrypted.is_none() && field.sql_type.is_none()
}

pub(super) fn is_whole(field: &Field) -> bool {
    matches!(field.ty, FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64)) && field.sql_type.is_none()
}

/// Whether the check's expression is about this field alone.
fn mentions_only(check: &Check, field: &Field) -> bool {
    fn all(expression: &Expression, name: &str) -> bool {
        match expression {
            Expression::Field(path) | Expression::Len(path) | Expression::IsNone { field: path, .. } => {
                path.first().is_some_and(|first| first == name)
            }
            Expression::Not(inner) | Expression::Negate(inner) => all(inner, name),
            Expression::Binary(_, left, right) => all(left, name) && all(right, name),
            Expression::OneOf(value, _) => all(value, name),
            _ => true,
        }
    }
    match &check.condition {
        Condition::Expression(expression) => all(expression, &field.name),
        Condition::Sql(_) => false,
    }
}
