//! Types as DDL writes them.

use crate::catalog::ColumnType;

use super::quote::quote_qualified;

/// Writes a column's type the way people write it in DDL (`varchar(255)`, `timestamptz`, `text[]`).
#[must_use]
pub fn type_name(ty: &ColumnType) -> String {
    match ty {
        ColumnType::SmallInt => "smallint".to_owned(),
        ColumnType::Integer => "integer".to_owned(),
        ColumnType::BigInt => "bigint".to_owned(),
        ColumnType::DoublePrecision => "double precision".to_owned(),
        ColumnType::Numeric(None) => "numeric".to_owned(),
        ColumnType::Numeric(Some((precision, scale))) => format!("numeric({precision},{scale})"),
        ColumnType::Text => "text".to_owned(),
        ColumnType::Varchar(None) => "varchar".to_owned(),
        ColumnType::Varchar(Some(length)) => format!("varchar({length})"),
        ColumnType::Boolean => "boolean".to_owned(),
        ColumnType::Uuid => "uuid".to_owned(),
        ColumnType::Date => "date".to_owned(),
        ColumnType::Time => "time".to_owned(),
        ColumnType::Timestamp => "timestamp".to_owned(),
        ColumnType::TimestampTz => "timestamptz".to_owned(),
        ColumnType::Jsonb => "jsonb".to_owned(),
        ColumnType::Bytea => "bytea".to_owned(),
        ColumnType::Point => "point".to_owned(),
        ColumnType::Enum(name) => quote_qualified(name),
        ColumnType::Array(element) => format!("{}[]", type_name(element)),
        ColumnType::Other(name) => name.clone(),
    }
}
