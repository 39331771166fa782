//! Walks every field of a model with its path: what `was` and `default` say about it.

use serde_json::json;

use super::super::path::FieldPath;
use super::literal::{number_as, text_as};
use super::{DefaultValue, DocumentRename, FieldDefault, Intent, Lowering, stored_name};
use crate::lower::LowerError;
use crate::model::{Default, Field, FieldType, Scalar};

impl<'a> Lowering<'a> {
    pub(super) fn intent(&self, intent: &mut Intent) -> Result<(), LowerError> {
        self.fields(&self.model.fields, &FieldPath::root(), &mut Vec::new(), intent)
    }

    fn fields(
        &self,
        fields: &'a [Field],
        within: &FieldPath,
        structs: &mut Vec<&'a str>,
        intent: &mut Intent,
    ) -> Result<(), LowerError> {
        for field in fields {
            let name = stored_name(field);
            let path = within.field(name);
            if let Some(from) = &field.was {
                intent.renames.push(DocumentRename::Field {
                    collection: self.model.table.clone(),
                    within: within.clone(),
                    from: from.clone(),
                    to: name.to_owned(),
                });
            }
            if let Some(default) = &field.default {
                let value = self.default(field, default, &path)?;
                intent.defaults.push(FieldDefault {
                    collection: self.model.table.clone(),
                    path: path.clone(),
                    value,
                });
            }
            if field.encrypted.is_none() {
                self.below(&field.ty, &path, structs, intent)?;
            }
        }
        Ok(())
    }

    fn below(
        &self,
        ty: &'a FieldType,
        path: &FieldPath,
        structs: &mut Vec<&'a str>,
        intent: &mut Intent,
    ) -> Result<(), LowerError> {
        match ty {
            FieldType::Scalar(_) => {}
            FieldType::List(element) => self.below(element, &path.each(), structs, intent)?,
            FieldType::Embedded(name) => {
                if !structs.contains(&name.as_str()) {
                    structs.push(name);
                    let embedded = self.embedded(name, &self.model.name)?;
                    self.fields(&embedded.fields, path, structs, intent)?;
                    structs.pop();
                }
            }
            FieldType::Enum(name) => {
                let declared = self
                    .schema
                    .enum_type(name)
                    .ok_or_else(|| LowerError::UnknownEnum { name: name.clone() })?;
                for variant in &declared.variants {
                    if let Some(from) = &variant.was {
                        intent.renames.push(DocumentRename::Value {
                            collection: self.model.table.clone(),
                            path: path.clone(),
                            from: from.clone(),
                            to: variant.stored(),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    fn default(
        &self,
        field: &'a Field,
        default: &Default,
        path: &FieldPath,
    ) -> Result<DefaultValue, LowerError> {
        let scalar = match &field.ty {
            FieldType::Scalar(scalar) => Some(*scalar),
            _ => None,
        };
        if scalar == Some(Scalar::GeoPoint) {
            return Err(self.no_default(path, "is a position, which has none"));
        }
        Ok(match default {
            Default::Uuid => DefaultValue::Uuid,
            Default::Now => DefaultValue::Now,
            Default::Bool(value) => DefaultValue::Value(json!(value)),
            Default::Empty if matches!(field.ty, FieldType::List(_)) => DefaultValue::Value(json!([])),
            Default::Empty => DefaultValue::Value(json!({})),
            Default::Number(text) => DefaultValue::Value(number_as(scalar.unwrap_or(Scalar::F64), text)),
            Default::Text(text) => DefaultValue::Value(
                text_as(scalar.unwrap_or(Scalar::String), text)
                    .ok_or_else(|| self.no_default(path, &format!("is no value of its type: `{text}`")))?,
            ),
            Default::Variant(name) => {
                let FieldType::Enum(declared) = &field.ty else {
                    return Err(LowerError::UnknownEnum { name: name.clone() });
                };
                DefaultValue::Value(json!(self.variant(declared, name)?))
            }
            Default::Sql(_) => return Err(self.no_default(path, "is SQL, which documents do not speak")),
        })
    }

    /// The stored value of a variant.
    pub(super) fn variant(&self, declared: &str, variant: &str) -> Result<String, LowerError> {
        (self.schema.enum_type(declared))
            .and_then(|declared| declared.variants.iter().find(|candidate| candidate.name == variant))
            .map(crate::model::Variant::stored)
            .ok_or_else(|| LowerError::UnknownEnum { name: format!("{declared}::{variant}") })
    }
}
