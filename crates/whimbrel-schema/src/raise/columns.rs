//! Columns as fields.

use super::Raising;
use super::defaults::default_of;
use crate::catalog::{Column, ColumnType, Table};
use crate::model::{Field, FieldType, Scalar};

impl<'a> Raising<'a> {
    pub(super) fn field(&mut self, table: &'a Table, column: &'a Column) -> Field {
        let name = self.field_name(table, &column.name);
        let mut field = Field::new(name, FieldType::Scalar(Scalar::String));
        self.set_type(&mut field, &column.ty);
        field.column = (field.name != column.name).then(|| column.name.clone());
        field.optional = column.nullable;
        field.auto_increment = column.serial;
        field.identity = column.identity;
        field.generated.clone_from(&column.generated);
        field.collation.clone_from(&column.collation);
        field.comment.clone_from(&column.comment);
        let enumeration = match &column.ty {
            ColumnType::Enum(name) => self.catalog.enums.iter().find(|definition| definition.name == *name),
            _ => None,
        };
        field.default =
            column.default.as_deref().map(|sql| default_of(sql, &field.ty, &column.ty, enumeration));
        if column.serial && column.nullable {
            self.notes.push(format!(
                "`{}.{}` is numbered by its own sequence and may be NULL; the schema makes it required",
                table.name, column.name
            ));
        }
        field
    }

    fn set_type(&self, field: &mut Field, ty: &ColumnType) {
        match self.plain_type(field, ty) {
            Some(plain) => field.ty = plain,
            None => {
                field.sql_type = Some(ty.to_string());
                field.ty = match ty {
                    ColumnType::Array(element) => {
                        FieldType::List(Box::new(FieldType::Scalar(nearest_scalar(element))))
                    }
                    _ => FieldType::Scalar(nearest_scalar(ty)),
                };
            }
        }
    }

    /// The type where the schema language has one for it; sets the field's length or precision.
    fn plain_type(&self, field: &mut Field, ty: &ColumnType) -> Option<FieldType> {
        let scalar = match ty {
            ColumnType::SmallInt => Scalar::I16,
            ColumnType::Integer => Scalar::I32,
            ColumnType::BigInt => Scalar::I64,
            ColumnType::DoublePrecision => Scalar::F64,
            ColumnType::Numeric(limits) => {
                field.decimal = *limits;
                Scalar::Decimal
            }
            ColumnType::Text => Scalar::String,
            ColumnType::Varchar(Some(length)) => {
                field.varchar = Some(*length);
                Scalar::String
            }
            ColumnType::Boolean => Scalar::Bool,
            ColumnType::Uuid => Scalar::Uuid,
            ColumnType::Date => Scalar::Date,
            ColumnType::Time => Scalar::Time,
            ColumnType::Timestamp => Scalar::NaiveTimestamp,
            ColumnType::TimestampTz => Scalar::Timestamp,
            ColumnType::Jsonb => Scalar::Json,
            ColumnType::Bytea => Scalar::Bytes,
            ColumnType::Point => Scalar::GeoPoint,
            ColumnType::Enum(name) => return self.types.get(name).cloned().map(FieldType::Enum),
            ColumnType::Array(element) => {
                return self.plain_type(field, element).map(|element| FieldType::List(Box::new(element)));
            }
            ColumnType::Varchar(None) | ColumnType::Other(_) => return None,
        };
        Some(FieldType::Scalar(scalar))
    }
}

/// The scalar that holds the values of a type which the schema language has no name for.
fn nearest_scalar(ty: &ColumnType) -> Scalar {
    let ColumnType::Other(_) = ty else { return Scalar::String };
    match ty.base_name().as_str() {
        "json" => Scalar::Json,
        "real" => Scalar::F64,
        "numeric" => Scalar::Decimal,
        "oid" => Scalar::I64,
        "timestamp without time zone" => Scalar::NaiveTimestamp,
        "timestamp with time zone" => Scalar::Timestamp,
        "time without time zone" => Scalar::Time,
        _ => Scalar::String,
    }
}
