//! Fields as columns: types and defaults.

use super::{LowerError, Lowering, enum_name};
use crate::catalog::{Column, ColumnType};
use crate::model::{Default, EnumStore, Field, FieldType, Model, Scalar};
use crate::sql_text::quote_literal;

impl Lowering<'_> {
    pub(super) fn column(&mut self, model: &Model, field: &Field) -> Result<Column, LowerError> {
        let ty = self.column_type(model, field)?;
        let always_set = field.id || field.auto_increment || field.identity.is_some();
        Ok(Column {
            name: field.column_name().to_owned(),
            nullable: field.optional && !always_set,
            default: match &field.default {
                Some(default) => Some(self.default_sql(field, default, &ty)?),
                None => None,
            },
            serial: field.auto_increment,
            identity: field.identity,
            generated: field.generated.clone(),
            collation: field.collation.clone(),
            comment: field.comment.clone(),
            ty,
        })
    }

    fn column_type(&mut self, model: &Model, field: &Field) -> Result<ColumnType, LowerError> {
        if let Some(text) = &field.sql_type {
            let parsed = ColumnType::parse(text);
            return Ok(self.declared_enum(&parsed).unwrap_or(parsed));
        }
        self.type_of(model, field, &field.ty)
    }

    fn type_of(&mut self, model: &Model, field: &Field, ty: &FieldType) -> Result<ColumnType, LowerError> {
        Ok(match ty {
            FieldType::Scalar(scalar) => scalar_type(model, field, *scalar)?,
            FieldType::Embedded(_) => ColumnType::Jsonb,
            FieldType::Enum(name) => {
                let declared = (self.schema.enum_type(name))
                    .ok_or_else(|| LowerError::UnknownEnum { name: name.clone() })?;
                match field.store.or(declared.store).unwrap_or(EnumStore::Native) {
                    EnumStore::Native => {
                        self.enums.insert(name.clone());
                        ColumnType::Enum(enum_name(declared))
                    }
                    EnumStore::Text => text_type(field),
                }
            }
            FieldType::List(element) => match element.as_ref() {
                FieldType::Embedded(_) => ColumnType::Jsonb,
                element => ColumnType::Array(Box::new(self.type_of(model, field, element)?)),
            },
        })
    }

    /// A type given as SQL text may be one of the schema's own enums.
    fn declared_enum(&mut self, parsed: &ColumnType) -> Option<ColumnType> {
        match parsed {
            ColumnType::Array(element) => {
                self.declared_enum(element).map(|element| ColumnType::Array(Box::new(element)))
            }
            ColumnType::Other(text) => {
                let declared = self
                    .schema
                    .enums
                    .iter()
                    .find(|declared| ColumnType::Enum(enum_name(declared)).to_string() == *text)?;
                self.enums.insert(declared.name.clone());
                Some(ColumnType::Enum(enum_name(declared)))
            }
            _ => None,
        }
    }

    fn default_sql(&self, field: &Field, default: &Default, ty: &ColumnType) -> Result<String, LowerError> {
        Ok(match default {
            Default::Uuid => "gen_random_uuid()".to_owned(),
            Default::Now => now_sql(ty).to_owned(),
            Default::Text(text) => quote_literal(text),
            Default::Number(number) => number.replace('_', ""),
            Default::Bool(value) => value.to_string(),
            Default::Variant(variant) => quote_literal(&self.stored_variant(field, variant)?),
            Default::Empty => {
                let is_stored_list = *ty == ColumnType::Jsonb && matches!(field.ty, FieldType::List(_));
                if is_stored_list { "'[]'" } else { "'{}'" }.to_owned()
            }
            Default::Sql(sql) => sql.clone(),
        })
    }

    fn stored_variant(&self, field: &Field, variant: &str) -> Result<String, LowerError> {
        match &field.ty {
            FieldType::Enum(name) => self.variant(name, variant),
            FieldType::List(element) => match element.as_ref() {
                FieldType::Enum(name) => self.variant(name, variant),
                _ => Err(LowerError::UnknownEnum { name: variant.to_owned() }),
            },
            _ => Err(LowerError::UnknownEnum { name: variant.to_owned() }),
        }
    }

    /// The stored value of an enum's variant.
    pub(super) fn variant(&self, name: &str, variant: &str) -> Result<String, LowerError> {
        self.schema
            .enum_type(name)
            .and_then(|declared| declared.variants.iter().find(|candidate| candidate.name == variant))
            .map(crate::model::Variant::stored)
            .ok_or_else(|| LowerError::UnknownEnum { name: format!("{name}::{variant}") })
    }
}

fn scalar_type(model: &Model, field: &Field, scalar: Scalar) -> Result<ColumnType, LowerError> {
    Ok(match scalar {
        Scalar::Uuid => ColumnType::Uuid,
        Scalar::ObjectId => {
            return Err(LowerError::ObjectId { model: model.name.clone(), field: field.name.clone() });
        }
        Scalar::String => text_type(field),
        Scalar::Decimal => ColumnType::Numeric(field.decimal),
        Scalar::Date => ColumnType::Date,
        Scalar::Time => ColumnType::Time,
        Scalar::Timestamp => ColumnType::TimestampTz,
        Scalar::NaiveTimestamp => ColumnType::Timestamp,
        Scalar::Bool => ColumnType::Boolean,
        Scalar::I16 => ColumnType::SmallInt,
        Scalar::I32 => ColumnType::Integer,
        Scalar::I64 => ColumnType::BigInt,
        Scalar::F64 => ColumnType::DoublePrecision,
        Scalar::Json => ColumnType::Jsonb,
        Scalar::Bytes => ColumnType::Bytea,
        Scalar::GeoPoint => ColumnType::Point,
    })
}

fn text_type(field: &Field) -> ColumnType {
    match field.varchar {
        Some(length) => ColumnType::Varchar(Some(length)),
        None => ColumnType::Text,
    }
}

/// A date or time without a zone takes the session's own, so that no cast is stored with the default.
pub(crate) fn now_sql(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Date => "CURRENT_DATE",
        ColumnType::Time => "LOCALTIME",
        ColumnType::Other(text) if text.starts_with("time") && text.ends_with("without time zone") => {
            if text.starts_with("timestamp") { "CURRENT_TIMESTAMP" } else { "LOCALTIME" }
        }
        ColumnType::Other(text) if text.starts_with("time") && !text.starts_with("timestamp") => {
            "CURRENT_TIME"
        }
        _ => "CURRENT_TIMESTAMP",
    }
}
