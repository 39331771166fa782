//! Fields from what a sample of documents shows.

use super::super::sample::{Kind, Sample, Seen, Struct};
use super::{Names, Raising};
use crate::model::{Field, FieldType, Model, Scalar};

impl Raising {
    pub(super) fn read_sample(
        &mut self,
        sample: &Sample,
        model: &mut Model,
        names: &mut Names,
        models: &[String],
    ) {
        if let Some((_, id)) = sample.documents.fields.iter().find(|(stored, _)| stored == "_id") {
            let (ty, _) = self.seen_type(id, "id", models);
            match ty {
                FieldType::Scalar(scalar) if scalar != Scalar::Json && scalar != Scalar::GeoPoint => {
                    model.fields[0].ty = FieldType::Scalar(scalar);
                }
                FieldType::Enum(_) => model.fields[0].ty = FieldType::Scalar(Scalar::String),
                _ => self.notes.push(format!(
                    "the ids of `{}` are of several types ({})",
                    model.table,
                    id.words()
                )),
            }
        }
        let fields = self.seen_fields(&sample.documents, names, models);
        model.fields.extend(fields);
    }

    fn seen_fields(&mut self, seen: &Struct, names: &mut Names, models: &[String]) -> Vec<Field> {
        let mut fields = Vec::new();
        for (stored, value) in seen.fields.iter().filter(|(stored, _)| stored != "_id") {
            if stored.is_empty() || stored.starts_with('$') || stored.contains('.') {
                self.notes.push(format!(
                    "a field is called `{stored}`, which no declaration can say: it is left out"
                ));
                continue;
            }
            let (ty, doc) = self.seen_type(value, stored, models);
            let mut field = names.field(stored, ty);
            field.optional = value.count < seen.count || value.kinds.contains_key(&Kind::Null);
            field.doc = doc;
            fields.push(field);
        }
        fields
    }

    /// The type of what was seen, and what there is to say of it.
    fn seen_type(&mut self, seen: &Seen, name: &str, models: &[String]) -> (FieldType, Option<String>) {
        let scalar = match seen.kinds().as_slice() {
            [Kind::Bool] => Scalar::Bool,
            [Kind::Whole] => Scalar::I64,
            [Kind::Double] | [Kind::Whole, Kind::Double] => Scalar::F64,
            [Kind::Decimal] => Scalar::Decimal,
            [Kind::Date] => Scalar::Timestamp,
            [Kind::Uuid] => Scalar::Uuid,
            [Kind::Bytes] => Scalar::Bytes,
            [Kind::ObjectId] => {
                let doc = referenced(name, models).map(|model| format!("Perhaps the id of a `{model}`."));
                return (FieldType::Scalar(Scalar::ObjectId), doc);
            }
            [Kind::Text] => match seen.enumeration() {
                Some(values) => return (self.enumeration(name, &values), None),
                None => Scalar::String,
            },
            [Kind::Array] => {
                let (element, doc) = match &seen.elements {
                    Some(elements) if !elements.kinds.is_empty() => self.seen_type(elements, name, models),
                    _ => (FieldType::Scalar(Scalar::Json), Some("No element was seen.".to_owned())),
                };
                // A list of lists is no type of the schema.
                let element = if matches!(element, FieldType::List(_)) {
                    FieldType::Scalar(Scalar::Json)
                } else {
                    element
                };
                return (FieldType::List(Box::new(element)), doc);
            }
            [Kind::Object] if seen.points == seen.object.count => Scalar::GeoPoint,
            [Kind::Object] if seen.object.is_struct() => {
                let fields = self.seen_fields(&seen.object, &mut Names::new(), models);
                return (self.embedded(name, fields), None);
            }
            [Kind::Object] => Scalar::Json,
            [] => return (FieldType::Scalar(Scalar::Json), Some("Only null was seen.".into())),
            _ => return (FieldType::Scalar(Scalar::Json), Some(format!("Seen as {}.", seen.words()))),
        };
        (FieldType::Scalar(scalar), None)
    }

    /// A validator is the declaration; what stands in documents beside it is told, and not added to it.
    pub(super) fn note_unvalidated(&mut self, sample: &Sample, model: &Model) {
        let beyond: Vec<&str> = (sample.documents.fields.iter())
            .map(|(stored, _)| stored.as_str())
            .filter(|stored| {
                *stored != "_id" && !model.fields.iter().any(|field| field.column_name() == *stored)
            })
            .collect();
        if !beyond.is_empty() {
            self.notes.push(format!(
                "documents of `{}` have fields that its validator does not name: {}",
                model.table,
                beyond.join(", ")
            ));
        }
    }
}

/// `userId` and `user_id` name a `User`, where there is one.
fn referenced<'m>(field: &str, models: &'m [String]) -> Option<&'m String> {
    let stem =
        ["_ids", "_id", "Ids", "Id"].iter().find_map(|ending| field.strip_suffix(ending)).unwrap_or(field);
    let words = |name: &str| name.replace('_', "").to_lowercase();
    models.iter().find(|model| words(model) == words(stem))
}
