//! Random schemas of collections.

use super::{Histogram, Random};
use crate::document::{ValidationAction, ValidationLevel};
use crate::model::{
    BinaryOperator, Check, Condition, Default, Embedded, Encryption, EnumType, Expression, Field, FieldIndex,
    FieldType, Index, IndexKey, IndexKind, IndexTarget, Model, Scalar, Schema, Storage, Unique, Validation,
    Variant,
};

/// A valid schema of so many collections drawn from the seed, and the count of what was drawn.
#[must_use]
pub fn random_documents(seed: u64, collections: usize) -> (Schema, Histogram) {
    let mut generator = Generator { random: Random::new(seed), histogram: Histogram::default(), serial: 0 };
    let mut schema = Schema::new();
    schema.enums.push(EnumType {
        name: "Role".into(),
        doc: None,
        type_name: None,
        schema: None,
        was: None,
        store: None,
        variants: ["Owner", "Guest", "InProgress"]
            .into_iter()
            .map(|name| Variant { name: name.into(), doc: None, value: None, was: None })
            .collect(),
    });
    for name in ["Part", "Whole"] {
        let mut fields = generator.fields(3, false);
        if name == "Whole" {
            let part = FieldType::Embedded("Part".into());
            let ty =
                if generator.chance(50, "list of embedded") { FieldType::List(Box::new(part)) } else { part };
            fields.push(Field::new("part", ty));
        }
        schema.embedded.push(Embedded { name: name.into(), doc: None, fields });
    }
    for at in 0..collections.max(1) {
        let model = generator.model(at);
        schema.models.push(model);
    }
    (schema, generator.histogram)
}

struct Generator {
    random: Random,
    histogram: Histogram,
    serial: usize,
}

impl Generator {
    fn chance(&mut self, percent: usize, kind: &'static str) -> bool {
        let drawn = self.random.percent(percent);
        if drawn {
            self.histogram.count(kind);
        }
        drawn
    }

    fn model(&mut self, at: usize) -> Model {
        let mut model = Model::new(format!("Model{at}"), Storage::Collection, format!("collection_{at}"));
        let key = self.random.one([Scalar::ObjectId, Scalar::Uuid, Scalar::String, Scalar::I64]);
        model.fields.push(Field { id: true, ..Field::new("id", FieldType::Scalar(key)) });
        let count = 4 + self.random.below(6);
        model.fields.extend(self.fields(count, true));
        if self.chance(60, "embedded") {
            let mut whole = Field::new("whole", FieldType::Embedded("Whole".into()));
            whole.optional = self.random.percent(40);
            model.fields.push(whole);
        }
        if self.chance(25, "validation") {
            let level =
                self.random.one([ValidationLevel::Moderate, ValidationLevel::Off, ValidationLevel::Strict]);
            let warns = level != ValidationLevel::Off && self.random.percent(60);
            let action = if warns { ValidationAction::Warn } else { ValidationAction::Error };
            model.validation = Some(Validation { level, action });
        }
        self.indexes(&mut model);
        self.checks(&mut model);
        model
    }

    fn fields(&mut self, count: usize, of_model: bool) -> Vec<Field> {
        (0..count).map(|_| self.field(of_model)).collect()
    }

    fn field(&mut self, of_model: bool) -> Field {
        self.serial += 1;
        let name = format!("field{}", self.serial);
        let ty = match self.random.below(10) {
            0 if self.chance(100, "enum") => FieldType::Enum("Role".into()),
            1 if self.chance(100, "list") => FieldType::List(Box::new(FieldType::Scalar(self.random.one([
                Scalar::String,
                Scalar::I32,
                Scalar::ObjectId,
            ])))),
            _ => FieldType::Scalar(Scalar::ALL[self.random.below(Scalar::ALL.len())]),
        };
        let mut field = Field::new(name, ty);
        field.optional = self.chance(35, "optional");
        field.null = field.optional && self.chance(20, "null");
        if self.chance(20, "name") {
            field.column = Some(format!("camelCase{}", self.serial));
        }
        if self.chance(10, "comment") {
            field.comment = Some("It's in euros".into());
        }
        self.rules(&mut field);
        if of_model {
            self.marks(&mut field);
        }
        field
    }

    fn rules(&mut self, field: &mut Field) {
        match &field.ty {
            FieldType::Scalar(Scalar::String | Scalar::Bytes) | FieldType::List(_)
                if self.chance(40, "length") =>
            {
                field.rules.min_len = Some(1);
                field.rules.len = self.random.percent(60).then_some(40);
            }
            FieldType::Scalar(Scalar::String) if self.chance(40, "pattern") => {
                field.rules.email = self.random.percent(50);
                field.rules.pattern =
                    (!field.rules.email || self.random.percent(30)).then(|| "^[a-z@.]+$".into());
            }
            FieldType::Scalar(Scalar::Decimal) if self.chance(60, "decimal") => {
                field.decimal = Some(self.random.one([(10, 2), (34, 0), (4, 4)]));
            }
            _ => {}
        }
        let is_number = matches!(
            field.ty,
            FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64 | Scalar::F64 | Scalar::Decimal)
        );
        if is_number && self.chance(40, "bounds") {
            field.rules.min = self.random.percent(70).then(|| "0".into());
            field.rules.max = self.random.percent(50).then(|| "0.5".into());
            if matches!(field.ty, FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64)) {
                field.rules.max = field.rules.max.take().map(|_| "100".into());
            }
        }
        field.default = match &field.ty {
            FieldType::Scalar(Scalar::Timestamp) if self.chance(40, "default") => Some(Default::Now),
            FieldType::Scalar(Scalar::Uuid) if self.chance(40, "default") => Some(Default::Uuid),
            FieldType::Scalar(Scalar::Bool) if self.chance(40, "default") => Some(Default::Bool(true)),
            FieldType::Enum(_) if self.chance(40, "default") => Some(Default::Variant("Guest".into())),
            FieldType::List(_) if self.chance(40, "default") => Some(Default::Empty),
            _ => None,
        };
    }

    fn marks(&mut self, field: &mut Field) {
        let is_text = field.ty == FieldType::Scalar(Scalar::String);
        if is_text && self.chance(15, "encrypted") {
            field.encrypted = Some(Encryption { blind_index: true });
            field.rules = crate::model::Rules::default();
        }
        if self.chance(15, "unique") {
            field.unique = true;
        }
        if self.chance(20, "index") {
            let name = self.random.percent(30).then(|| format!("ix_{}", field.name));
            field.index = Some(FieldIndex { descending: self.random.percent(50), name });
        }
        if field.ty == FieldType::Scalar(Scalar::Timestamp) && self.chance(40, "ttl") {
            field.ttl = Some(self.random.one(["0s", "30d", "2h"]).into());
        }
        field.sparse = (field.unique || field.index.is_some()) && self.chance(40, "sparse");
    }

    fn indexes(&mut self, model: &mut Model) {
        let number = self.serial;
        let of = |model: &Model, fits: fn(&Field) -> bool| -> Vec<String> {
            (model.fields.iter().filter(|field| !field.id && fits(field)))
                .map(|field| field.name.clone())
                .collect()
        };
        let key = |path: &String| IndexKey {
            target: IndexTarget::Field(path.clone()),
            descending: false,
            nulls_first: None,
            operator_class: None,
            collation: None,
            weight: None,
        };
        let index = |kind, keys| Index {
            name: None,
            kind,
            keys,
            unique: false,
            sparse: false,
            nulls_not_distinct: false,
            predicate: None,
            include: Vec::new(),
            with: Vec::new(),
        };
        let plain = of(model, |field| !matches!(field.ty, FieldType::List(_)) && field.encrypted.is_none());
        if let [first, .., last] = plain.as_slice() {
            if self.chance(50, "compound index") {
                let mut keys = vec![key(first), key(last)];
                keys[1].descending = self.random.percent(50);
                let mut made = index(IndexKind::Ordered, keys);
                made.unique = self.chance(20, "unique compound index");
                if self.chance(40, "partial index") {
                    made.predicate = Some(r#"{"a": {"$gt": 1.0}}"#.into());
                    made.name = Some(format!("partial_{number}"));
                }
                model.indexes.push(made);
            }
            if self.chance(25, "unique over fields") {
                model.uniques.push(Unique {
                    fields: vec![last.clone(), first.clone()],
                    name: None,
                    nulls_not_distinct: false,
                    deferral: crate::model::Deferral::default(),
                    include: Vec::new(),
                });
            }
            if self.chance(15, "hashed index") {
                model.indexes.push(index(IndexKind::Hashed, vec![key(first)]));
            }
        }
        let texts =
            of(model, |field| field.ty == FieldType::Scalar(Scalar::String) && field.encrypted.is_none());
        if !texts.is_empty() && self.chance(50, "text index") {
            let mut keys: Vec<IndexKey> = texts.iter().rev().map(key).collect();
            keys[0].weight = Some(self.random.one([1, 5]));
            model.indexes.push(index(IndexKind::Text, keys));
        }
        for place in of(model, |field| {
            field.ty == FieldType::Scalar(Scalar::GeoPoint) && !field.unique && field.index.is_none()
        }) {
            if self.chance(60, "geo index") {
                model.indexes.push(index(IndexKind::Geo, vec![key(&place)]));
            }
        }
        if model.fields.iter().any(|field| field.name == "whole") && self.chance(40, "nested index") {
            model.indexes.push(index(IndexKind::Ordered, vec![key(&"whole.part".to_owned())]));
        }
    }

    fn checks(&mut self, model: &mut Model) {
        let numbers: Vec<Vec<String>> = (model.fields.iter())
            .filter(|field| {
                !field.id && matches!(field.ty, FieldType::Scalar(Scalar::I32 | Scalar::F64 | Scalar::I64))
            })
            .map(|field| vec![field.name.clone()])
            .collect();
        if let [first, .., last] = numbers.as_slice()
            && self.chance(70, "check")
        {
            let compared = Expression::Binary(
                BinaryOperator::Less,
                Box::new(Expression::Field(first.clone())),
                Box::new(Expression::Field(last.clone())),
            );
            let condition =
                if self.random.percent(40) { Expression::Not(Box::new(compared)) } else { compared };
            model.checks.push(Check { name: "ordered".into(), condition: Condition::Expression(condition) });
        }
        if self.chance(15, "check as query") {
            let query = r#"{"a": {"$ne": 1}}"#.to_owned();
            model.checks.push(Check { name: "no_one".into(), condition: Condition::Sql(query) });
        }
    }
}
