//! Indexes of every kind.

use super::Generator;
use super::checks::is_whole;
use super::fields::is_keyable;
use crate::model::{Field, FieldType, Index, IndexKey, IndexKind, IndexTarget, Model, Scalar};
use crate::sql_text::quote_identifier;

impl Generator {
    pub(super) fn indexes(&mut self, model: &mut Model) {
        for _ in 0..self.random.below(5) {
            if let Some(index) = self.ordered(model) {
                model.indexes.push(index);
            }
        }
        if !self.options.for_sqlite {
            for field in model.fields.clone() {
                if let Some(index) = self.of_server(&field) {
                    model.indexes.push(index);
                }
            }
            self.words(model);
        }
    }

    fn ordered(&mut self, model: &Model) -> Option<Index> {
        let keyable: Vec<&Field> = model.fields.iter().filter(|field| is_keyable(field)).collect();
        let first = (*self.random.pick(&keyable)?).clone();
        self.histogram.count("index ordered");
        let mut index = plain(IndexKind::Ordered, vec![self.ordered_key(&first)]);
        if let Some(second) = self.random.pick(&keyable).map(|&field| field.clone())
            && second.name != first.name
            && self.chance(50, "index several")
        {
            let key = self.ordered_key(&second);
            index.keys.push(key);
        }
        let name = format!("Index {}", self.number());
        index.name = self.chance(40, "index name").then_some(name);
        index.unique = self.chance(15, "index unique");
        if index.unique {
            index.nulls_not_distinct = self.server_chance(25, "index nulls_not_distinct");
        }
        if self.chance(20, "index partial") {
            let column = quote_identifier(first.column_name());
            index.predicate = Some(format!("{column} IS NOT NULL"));
            if is_whole(&first) {
                index.predicate = Some(format!("{column} > 0"));
            }
        }
        index.sparse = first.optional && self.chance(15, "index sparse");
        let covered: Vec<&Field> = (model.fields.iter())
            .filter(|field| {
                !index.keys.iter().any(|key| key.target == IndexTarget::Field(field.name.clone()))
            })
            .filter(|field| !index.sparse && field.generated.is_none())
            .collect();
        if let Some(field) = self.random.pick(&covered).map(|&field| field.clone())
            && self.server_chance(15, "index include")
        {
            index.include.push(field.name);
        }
        if self.server_chance(15, "index with") {
            index.with.push(("fillfactor".to_owned(), "80".to_owned()));
        }
        Some(index)
    }

    fn ordered_key(&mut self, field: &Field) -> IndexKey {
        let is_text = field.ty == FieldType::Scalar(Scalar::String);
        let column = quote_identifier(field.column_name());
        let mut key = key(&field.name);
        key.descending = self.chance(30, "index desc");
        if self.server_chance(20, "index nulls") {
            key.nulls_first = Some(!key.descending);
        }
        if is_text && self.chance(15, "index expression") {
            key.target = IndexTarget::Sql(format!("lower({column})"));
        } else if is_whole(field) && self.chance(10, "index expression") {
            key.target = IndexTarget::Sql(format!("{column} + 1"));
        } else if is_text {
            if self.server_chance(15, "index opclass") {
                let varchar = field.varchar.is_some();
                key.operator_class =
                    Some(if varchar { "varchar_pattern_ops" } else { "text_pattern_ops" }.to_owned());
            }
            if field.collation.is_none() && self.chance(15, "index collate") {
                key.collation = Some("C".to_owned());
            }
        }
        key
    }

    /// Kinds that only a server has, each for the fields that it suits.
    fn of_server(&mut self, field: &Field) -> Option<Index> {
        let name = field.name.as_str();
        match &field.ty {
            FieldType::Scalar(Scalar::GeoPoint) => {
                self.chance(40, "index geo").then(|| plain(IndexKind::Geo, vec![key(name)]))
            }
            FieldType::Scalar(Scalar::Json) if self.chance(40, "index gin") => {
                let mut index = plain(IndexKind::Method("gin".to_owned()), vec![key(name)]);
                if self.chance(50, "index opclass") {
                    index.keys[0].operator_class = Some("jsonb_path_ops".to_owned());
                }
                if self.chance(30, "index with") {
                    index.with.push(("fastupdate".to_owned(), "off".to_owned()));
                }
                Some(index)
            }
            FieldType::List(element)
                if matches!(**element, FieldType::Scalar(Scalar::String | Scalar::I32 | Scalar::Uuid))
                    && self.chance(40, "index gin") =>
            {
                Some(plain(IndexKind::Method("gin".to_owned()), vec![key(name)]))
            }
            FieldType::Embedded(_) => self
                .chance(30, "index part")
                .then(|| plain(IndexKind::Ordered, vec![key(&format!("{name}.city"))])),
            FieldType::Scalar(Scalar::I64 | Scalar::Timestamp | Scalar::Date)
                if self.chance(10, "index brin") =>
            {
                let mut index = plain(IndexKind::Method("brin".to_owned()), vec![key(name)]);
                index.with.push(("pages_per_range".to_owned(), "32".to_owned()));
                Some(index)
            }
            FieldType::Scalar(Scalar::Uuid | Scalar::String) if is_keyable(field) => self
                .chance(6, "index hash")
                .then(|| plain(IndexKind::Method("hash".to_owned()), vec![key(name)])),
            _ => None,
        }
    }

    fn words(&mut self, model: &mut Model) {
        let texts: Vec<String> = (model.fields.iter())
            .filter(|field| field.ty == FieldType::Scalar(Scalar::String) && is_keyable(field))
            .filter(|field| field.collation.is_none() && field.generated.is_none())
            .map(|field| field.name.clone())
            .take(2)
            .collect();
        if !texts.is_empty() && self.chance(15, "index text") {
            model.indexes.push(plain(IndexKind::Text, texts.iter().map(|name| key(name)).collect()));
        }
    }
}

fn key(path: &str) -> IndexKey {
    IndexKey {
        target: IndexTarget::Field(path.to_owned()),
        descending: false,
        nulls_first: None,
        operator_class: None,
        collation: None,
        weight: None,
    }
}

fn plain(kind: IndexKind, keys: Vec<IndexKey>) -> Index {
    Index {
        name: None,
        kind,
        keys,
        unique: false,
        sparse: false,
        nulls_not_distinct: false,
        predicate: None,
        include: Vec::new(),
        with: Vec::new(),
    }
}
