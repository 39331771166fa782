//! What a change of a column's type costs, and what it may lose.

use crate::catalog::ColumnType;
use crate::rewrite::rewrites;

/// What PostgreSQL does to change a column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeChange {
    /// Whether the table and its indexes are written anew.
    pub rewrites: bool,
    /// Whether values may be shortened, rounded or refused.
    pub narrows: bool,
}

impl TypeChange {
    const REWRITE: TypeChange = TypeChange { rewrites: true, narrows: false };
    const NARROWING: TypeChange = TypeChange { rewrites: true, narrows: true };

    /// From one type to another by a plain cast.
    #[must_use]
    pub fn between(from: &ColumnType, to: &ColumnType) -> TypeChange {
        TypeChange { rewrites: rewrites(from, to), narrows: narrows(from, to) }
    }

    /// To a type from one that is not known.
    #[must_use]
    pub fn from_unknown(to: &ColumnType) -> TypeChange {
        match to {
            ColumnType::Text | ColumnType::Varchar(None) | ColumnType::Numeric(None) | ColumnType::Jsonb => {
                TypeChange::REWRITE
            }
            _ => TypeChange::NARROWING,
        }
    }
}

/// Whether values may be shortened, rounded or refused.
fn narrows(from: &ColumnType, to: &ColumnType) -> bool {
    use ColumnType as T;
    match (from, to) {
        (from, to) if from == to => false,
        (T::Varchar(Some(old)), T::Varchar(Some(new))) => new < old,
        (T::Text | T::Varchar(_), T::Varchar(Some(_))) => true,
        (T::Numeric(Some(old)), T::Numeric(Some(new))) => !keeps_digits(*old, *new),
        (T::Numeric(None), T::Numeric(Some(_))) => true,
        (T::Array(old), T::Array(new)) => narrows(old, new),
        (from, to) => match (whole_digits(from), whole_digits(to)) {
            (Some(old), Some(new)) if old > new => true,
            _ => drops_part(from, to) || matches!(to, T::Other(text) if text.starts_with("character(")),
        },
    }
}

/// Whether every value of the old precision and scale fits the new ones.
fn keeps_digits(old: (u32, u32), new: (u32, u32)) -> bool {
    new.1 >= old.1 && new.0.saturating_sub(new.1) >= old.0.saturating_sub(old.1)
}

/// A rank of whole-number types by what they hold.
fn whole_digits(ty: &ColumnType) -> Option<u8> {
    match ty {
        ColumnType::SmallInt => Some(1),
        ColumnType::Integer => Some(2),
        ColumnType::BigInt => Some(3),
        _ => None,
    }
}

/// Whether the new type cannot hold a part of the old values: fractions, times of day, dates.
fn drops_part(from: &ColumnType, to: &ColumnType) -> bool {
    use ColumnType as T;
    let real = |ty: &T| matches!(ty, T::Other(name) if name == "real");
    match (from, to) {
        (T::Numeric(_) | T::DoublePrecision, T::SmallInt | T::Integer | T::BigInt) => true,
        (T::Numeric(_) | T::DoublePrecision, to) if real(to) => true,
        (T::Numeric(_), T::DoublePrecision) => true,
        (T::BigInt | T::DoublePrecision | T::SmallInt | T::Integer, T::Numeric(Some(_))) => true,
        (T::BigInt, T::DoublePrecision) => true,
        (T::Timestamp | T::TimestampTz, T::Date | T::Time) => true,
        (T::Text | T::Varchar(_), to) => !matches!(to, T::Text | T::Varchar(None) | T::Bytea),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widening_is_free_and_narrowing_is_told() {
        for (from, to, rewrites, narrows) in [
            ("varchar(10)", "varchar(20)", false, false),
            ("varchar(10)", "text", false, false),
            ("text", "varchar", false, false),
            ("varchar(20)", "varchar(10)", true, true),
            ("text", "varchar(10)", true, true),
            ("varchar(20)[]", "varchar(10)[]", true, true),
            ("numeric(10,2)", "numeric(12,2)", false, false),
            ("numeric(10,2)", "numeric", false, false),
            ("numeric(10,2)", "numeric(14,4)", true, false),
            ("numeric(10,2)", "numeric(8,2)", true, true),
            ("numeric", "numeric(8,2)", true, true),
            ("integer", "bigint", true, false),
            ("bigint", "integer", true, true),
            ("integer", "numeric", true, false),
            ("integer", "numeric(5,2)", true, true),
            ("double precision", "real", true, true),
            ("numeric(10,2)", "integer", true, true),
            ("timestamptz", "date", true, true),
            ("date", "timestamptz", true, false),
            ("timestamp", "timestamptz", true, false),
            ("text", "integer", true, true),
            ("text", "char(3)", true, true),
            ("json", "jsonb", true, false),
            ("uuid", "uuid", false, false),
        ] {
            let change = TypeChange::between(&ColumnType::parse(from), &ColumnType::parse(to));
            assert_eq!(change, TypeChange { rewrites, narrows }, "{from} to {to}");
        }
        assert!(TypeChange::from_unknown(&ColumnType::parse("varchar(3)")).narrows);
        assert!(!TypeChange::from_unknown(&ColumnType::parse("text")).narrows);
    }
}
