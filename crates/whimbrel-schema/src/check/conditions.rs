//! Conditions of checks: fields and variants that exist, comparisons that have an answer.

use super::lists::unknown_field;
use super::{At, Declared, Finding, Known, List, Part, is_relational};
use crate::grammar;
use crate::model::{BinaryOperator, Check, Condition, Expression, Field, FieldType, Model, Scalar, Storage};

const CONDITION: &str = "schema::condition";

pub(super) fn check(known: &Known<'_>, found: &mut Vec<Finding>) {
    let relational = known.schema.models.first().is_none_or(is_relational);
    for (index, model) in known.schema.models.iter().enumerate() {
        for (number, check) in model.checks.iter().enumerate() {
            let at = At::model(index, Part::List(List::Check, number));
            condition(known, model, at, check, relational, found);
        }
        for (number, field) in model.fields.iter().enumerate() {
            for (position, check) in field.checks.iter().enumerate() {
                let at = At::model(index, Part::MemberCheck(number, position));
                condition(known, model, at, check, relational, found);
            }
        }
    }
    for (index, embedded) in known.schema.embedded.iter().enumerate() {
        if embedded.fields.iter().all(|field| field.checks.is_empty()) {
            continue;
        }
        // The paths of a check begin at the struct that the check stands in.
        let mut owner = Model::new(&embedded.name, Storage::Collection, "");
        owner.fields.clone_from(&embedded.fields);
        for (number, field) in embedded.fields.iter().enumerate() {
            for (position, check) in field.checks.iter().enumerate() {
                let at = At::new(Declared::Embedded, index, Part::MemberCheck(number, position));
                condition(known, &owner, at, check, relational, found);
            }
        }
    }
}

fn condition(
    known: &Known<'_>,
    model: &Model,
    at: At,
    check: &Check,
    relational: bool,
    found: &mut Vec<Finding>,
) {
    match &check.condition {
        Condition::Sql(text) if !relational => {
            if let Err(reason) = crate::document::filter::condition(text) {
                found.push(
                    Finding::new(at, CONDITION, format!("check `{}` {reason}", check.name))
                        .label("not a query")
                        .help(
                            "write an expression, `check(positive_price = price > 0)`, or a query as JSON: `check(a = r#\"{\"price\": {\"$gt\": 0}}\"#)`",
                        ),
                );
            }
        }
        Condition::Sql(_) => {}
        Condition::Expression(expression) => {
            let walk = Walk { known, model, at, check: &check.name };
            walk.kind(expression, found);
        }
    }
}

/// What an expression's value is, as far as comparing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind<'a> {
    Number,
    Text,
    Truth,
    Variant(&'a str),
    Of(Scalar),
    Other,
}

struct Walk<'k, 'a> {
    known: &'k Known<'a>,
    model: &'k Model,
    at: At,
    check: &'k str,
}

impl<'k, 'a: 'k> Walk<'k, 'a> {
    fn kind(&self, expression: &'k Expression, found: &mut Vec<Finding>) -> Kind<'k> {
        match expression {
            Expression::Number(_) => Kind::Number,
            Expression::Text(_) => Kind::Text,
            Expression::Bool(_) => Kind::Truth,
            Expression::Field(path) => self.field(path, found).map_or(Kind::Other, kind_of_field),
            Expression::Variant(declared, variant) => {
                if self.variant(declared, variant, found) {
                    Kind::Variant(declared)
                } else {
                    Kind::Other
                }
            }
            Expression::Not(inner) => {
                self.kind(inner, found);
                Kind::Truth
            }
            Expression::Negate(inner) => self.kind(inner, found),
            Expression::IsNone { field: path, negated } => {
                if let Some(field) = self.field(path, found)
                    && !field.optional
                    && path.len() == 1
                {
                    let method = if *negated { "is_some" } else { "is_none" };
                    self.report(
                        found,
                        format!("`{}` is never missing", path.join(".")),
                        format!("remove `{method}()`, or make it an `Option`"),
                    );
                }
                Kind::Truth
            }
            Expression::Len(path) => {
                if let Some(field) = self.field(path, found)
                    && !matches!(
                        field.ty,
                        FieldType::List(_) | FieldType::Scalar(Scalar::String | Scalar::Bytes)
                    )
                {
                    self.report(
                        found,
                        format!("`{}` has no length", path.join(".")),
                        "`len()` is for String, Bytes and lists".into(),
                    );
                }
                Kind::Number
            }
            Expression::Binary(operator, left, right) => self.binary(*operator, left, right, found),
            Expression::OneOf(target, values) => {
                let target = self.kind(target, found);
                for value in values {
                    let value = self.kind(value, found);
                    self.comparable(target, value, found);
                }
                Kind::Truth
            }
        }
    }

    fn binary(
        &self,
        operator: BinaryOperator,
        left: &'k Expression,
        right: &'k Expression,
        found: &mut Vec<Finding>,
    ) -> Kind<'k> {
        let left = self.kind(left, found);
        let right = self.kind(right, found);
        match operator {
            BinaryOperator::Or | BinaryOperator::And => Kind::Truth,
            BinaryOperator::Add
            | BinaryOperator::Subtract
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Remainder => match (left, right) {
                (Kind::Text | Kind::Truth | Kind::Variant(_), _)
                | (_, Kind::Text | Kind::Truth | Kind::Variant(_)) => {
                    self.report(
                        found,
                        "only numbers can be computed with".into(),
                        "compare the values instead".into(),
                    );
                    Kind::Other
                }
                (Kind::Number, Kind::Number) => Kind::Number,
                _ => Kind::Other,
            },
            _ => {
                self.comparable(left, right, found);
                Kind::Truth
            }
        }
    }

    fn comparable(&self, left: Kind<'_>, right: Kind<'_>, found: &mut Vec<Finding>) {
        // A text may stand for a date, a time, a UUID or an enum's stored value.
        let fits = match (left, right) {
            (Kind::Other, _) | (_, Kind::Other) => true,
            (Kind::Of(scalar), Kind::Text) | (Kind::Text, Kind::Of(scalar)) => {
                !matches!(scalar, Scalar::Json | Scalar::GeoPoint)
            }
            (Kind::Of(one), Kind::Of(other)) => one == other,
            (Kind::Variant(one), Kind::Variant(other)) => one == other,
            (Kind::Variant(_), Kind::Text) | (Kind::Text, Kind::Variant(_)) => true,
            (one, other) => one == other,
        };
        if !fits {
            self.report(
                found,
                format!("{} and {} cannot be compared", words(left), words(right)),
                "compare values of one type".into(),
            );
        }
    }

    fn field(&self, path: &[String], found: &mut Vec<Finding>) -> Option<&'k Field> {
        let mut fields: &'k [Field] = &self.model.fields;
        let mut field: Option<&'k Field> = None;
        for part in path {
            if let Some(outer) = field {
                match &outer.ty {
                    FieldType::Embedded(name) => {
                        fields = self.known.embedded.get(name.as_str()).map_or(&[], |found| &found.fields)
                    }
                    FieldType::Scalar(Scalar::Json) => return None,
                    _ => fields = &[],
                }
            }
            let Some(next) = fields.iter().find(|candidate| candidate.name == *part) else {
                let near: Vec<&str> = fields.iter().map(|candidate| candidate.name.as_str()).collect();
                found.push(unknown_field(self.at, &self.model.name, &path.join("."), part, &near));
                return None;
            };
            field = Some(next);
        }
        field
    }

    fn variant(&self, declared: &str, variant: &str, found: &mut Vec<Finding>) -> bool {
        let Some(known) = self.known.enums.get(declared) else {
            let near = grammar::nearest(declared, self.known.enums.keys().copied());
            let help = near.map_or_else(
                || "declare it with `#[derive(Enum)]`".into(),
                |near| format!("did you mean `{near}`?"),
            );
            self.report(found, format!("there is no enum `{declared}`"), help);
            return false;
        };
        if !known.variants.iter().any(|candidate| candidate.name == variant) {
            let names: Vec<&str> = known.variants.iter().map(|candidate| candidate.name.as_str()).collect();
            let help = grammar::nearest(variant, names.iter().copied()).map_or_else(
                || format!("one of {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.report(found, format!("`{variant}` is not a variant of `{declared}`"), help);
        }
        true
    }

    fn report(&self, found: &mut Vec<Finding>, message: String, help: String) {
        found.push(
            Finding::new(self.at, CONDITION, format!("check `{}`: {message}", self.check))
                .label("in this condition")
                .help(help),
        );
    }
}

fn kind_of_field(field: &Field) -> Kind<'_> {
    match &field.ty {
        FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64 | Scalar::F64 | Scalar::Decimal) => {
            Kind::Number
        }
        FieldType::Scalar(Scalar::String) => Kind::Text,
        FieldType::Scalar(Scalar::Bool) => Kind::Truth,
        FieldType::Scalar(scalar) => Kind::Of(*scalar),
        FieldType::Enum(name) => Kind::Variant(name),
        FieldType::Embedded(_) | FieldType::List(_) => Kind::Other,
    }
}

fn words(kind: Kind<'_>) -> String {
    match kind {
        Kind::Number => "a number".into(),
        Kind::Text => "a text".into(),
        Kind::Truth => "a truth value".into(),
        Kind::Variant(name) => format!("a `{name}`"),
        Kind::Of(scalar) => format!("a `{}`", scalar.rust_name()),
        Kind::Other => "this".into(),
    }
}
