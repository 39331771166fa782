//! What the rules know about the database.

use serde::Serialize;

use crate::catalog::{Catalog, QualifiedName, Table};

/// How large a table is that a statement meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Size {
    /// Nothing is known about it.
    Unknown,
    /// It is made by the same plan: nobody uses it yet.
    New,
    /// As the engine says.
    Known {
        /// Its rows.
        rows: u64,
        /// Whether the rows are the server's estimate.
        estimated: bool,
        /// Its size with its indexes, in bytes, where the engine keeps account of it.
        bytes: Option<u64>,
    },
}

impl Size {
    /// Whether a lock on the table can keep nobody waiting: it is new, or holds nothing.
    #[must_use]
    pub fn is_free(self) -> bool {
        matches!(self, Size::New | Size::Known { rows: 0, estimated: false, .. })
    }

    /// In words: `1,000,000 rows, 120.5 MiB`.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Size::Unknown => "of unknown size".to_owned(),
            Size::New => "new".to_owned(),
            Size::Known { rows, estimated, bytes } => {
                let about = if estimated { "about " } else { "" };
                let noun = if rows == 1 { "row" } else { "rows" };
                let bytes = bytes.map(|bytes| format!(", {}", bytes_words(bytes))).unwrap_or_default();
                format!("{about}{} {noun}{bytes}", grouped(rows))
            }
        }
    }
}

/// `1000000` → `1,000,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn bytes_words(size: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, unit)| size >= *unit) {
        Some((word, unit)) => {
            let tenths = u128::from(size) * 10 / u128::from(unit);
            format!("{}.{} {word}", tenths / 10, tenths % 10)
        }
        None => format!("{size} B"),
    }
}

/// What the caller found out about the database before any of the statements ran.
pub trait Facts {
    /// How large a table is.
    fn size(&self, table: &QualifiedName) -> Size;

    /// The catalogue as it stands; none where it is not known.
    fn catalog(&self) -> Option<&Catalog>;

    /// A table as it stands.
    fn table(&self, name: &QualifiedName) -> Option<&Table> {
        self.catalog()?.tables.iter().find(|table| table.name == *name)
    }
}

/// No database at hand.
#[derive(Clone, Copy, Debug)]
pub struct NoFacts;

impl Facts for NoFacts {
    fn size(&self, _table: &QualifiedName) -> Size {
        Size::Unknown
    }

    fn catalog(&self) -> Option<&Catalog> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        for (size, expected) in [
            (Size::Unknown, "of unknown size"),
            (Size::Known { rows: 1, estimated: false, bytes: None }, "1 row"),
            (Size::Known { rows: 999, estimated: false, bytes: Some(8192) }, "999 rows, 8.0 KiB"),
            (
                Size::Known { rows: 1_234_567, estimated: true, bytes: Some(3 << 30) },
                "about 1,234,567 rows, 3.0 GiB",
            ),
        ] {
            assert_eq!(size.words(), expected);
        }
    }
}
