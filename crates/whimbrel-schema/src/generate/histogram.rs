//! The count of what was drawn.

use std::collections::BTreeMap;
use std::fmt;

/// How often each kind of declaration was drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The count by kind; a kind that was not drawn is absent.
    pub counts: BTreeMap<&'static str, usize>,
}

impl Histogram {
    /// Every kind that the generator can draw.
    pub const KINDS: &[&str] = &[
        "cache",
        "check on field",
        "check on model",
        "check sql",
        "collate",
        "column name",
        "comment on field",
        "comment on model",
        "comment on view",
        "decimal",
        "default bool",
        "default empty",
        "default now",
        "default number",
        "default sql",
        "default text",
        "default uuid",
        "default variant",
        "deferred",
        "deferrable",
        "doc",
        "encrypted",
        "encrypted blind_index",
        "enum schema",
        "enum store text",
        "enum type name",
        "expression -",
        "expression !",
        "expression !=",
        "expression %",
        "expression &&",
        "expression *",
        "expression +",
        "expression /",
        "expression <",
        "expression <=",
        "expression ==",
        "expression >",
        "expression >=",
        "expression bool",
        "expression contains",
        "expression is_none",
        "expression is_some",
        "expression len of list",
        "expression len of text",
        "expression negate",
        "expression number",
        "expression part",
        "expression text",
        "expression variant",
        "expression ||",
        "foreign_key composite",
        "foreign_key second",
        "foreign_key name",
        "generated",
        "id composite",
        "id single",
        "identity always",
        "identity by_default",
        "auto_increment",
        "auto_increment beside id",
        "index brin",
        "index collate",
        "index desc",
        "index expression",
        "index geo",
        "index gin",
        "index hash",
        "index include",
        "index name",
        "index nulls",
        "index nulls_not_distinct",
        "index on field",
        "index on field desc",
        "index on field name",
        "index on field sparse",
        "index opclass",
        "index ordered",
        "index part",
        "index partial",
        "index several",
        "index sparse",
        "index text",
        "index unique",
        "index with",
        "input rules",
        "long name",
        "nextval",
        "on_delete Cascade",
        "on_delete NoAction",
        "on_delete Restrict",
        "on_delete SetDefault",
        "on_delete SetNull",
        "on_update Cascade",
        "on_update NoAction",
        "on_update Restrict",
        "on_update SetDefault",
        "on_update SetNull",
        "on_update now",
        "optional",
        "primary_key name",
        "reference to unique",
        "references",
        "references name",
        "references self",
        "rule email",
        "rule len",
        "rule max",
        "rule min",
        "rule min_len",
        "rule pattern",
        "schema",
        "sensitive",
        "sequence",
        "sequence name",
        "sequence options",
        "sequence schema",
        "store native on field",
        "store text on field",
        "table name",
        "type",
        "type Bytes",
        "type Date",
        "type Decimal",
        "type GeoPoint",
        "type Json",
        "type NaiveTimestamp",
        "type String",
        "type Time",
        "type Timestamp",
        "type Uuid",
        "type bool",
        "type embedded",
        "type enum",
        "type f64",
        "type i16",
        "type i32",
        "type i64",
        "type list of embedded",
        "type list of enum",
        "type list of scalar",
        "unique deferrable",
        "unique include",
        "unique name",
        "unique nulls_not_distinct",
        "unique on field",
        "unique on model",
        "unique sparse",
        "varchar",
        "variant name",
        "version",
        "view",
        "view materialized",
        "with",
    ];

    /// The kinds that are never drawn for SQLite.
    pub const SERVER_KINDS: &[&str] = &[
        "auto_increment beside id",
        "enum schema",
        "expression part",
        "index brin",
        "index geo",
        "index gin",
        "index hash",
        "index include",
        "index nulls",
        "index nulls_not_distinct",
        "index opclass",
        "index part",
        "index text",
        "index with",
        "nextval",
        "schema",
        "sequence",
        "sequence name",
        "sequence options",
        "sequence schema",
        "unique deferrable",
        "unique include",
        "unique nulls_not_distinct",
        "view materialized",
        "with",
    ];

    /// Every kind that can be drawn for a schema of collections.
    pub const DOCUMENT_KINDS: &[&str] = &[
        "bounds",
        "check",
        "check as query",
        "comment",
        "compound index",
        "decimal",
        "default",
        "embedded",
        "encrypted",
        "enum",
        "geo index",
        "hashed index",
        "index",
        "length",
        "list",
        "list of embedded",
        "name",
        "nested index",
        "null",
        "optional",
        "partial index",
        "pattern",
        "sparse",
        "text index",
        "ttl",
        "unique",
        "unique compound index",
        "unique over fields",
        "validation",
    ];

    pub(super) fn count(&mut self, kind: &'static str) {
        debug_assert!(
            Self::KINDS.contains(&kind) || Self::DOCUMENT_KINDS.contains(&kind),
            "{kind} is listed"
        );
        *self.counts.entry(kind).or_default() += 1;
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Histogram) {
        for (kind, count) in &other.counts {
            *self.counts.entry(kind).or_default() += count;
        }
    }

    /// The kinds that were not drawn; with `for_sqlite`, without those that never are for it.
    #[must_use]
    pub fn never_drawn(&self, for_sqlite: bool) -> Vec<&'static str> {
        Self::KINDS
            .iter()
            .copied()
            .filter(|kind| !self.counts.contains_key(kind))
            .filter(|kind| !for_sqlite || !Self::SERVER_KINDS.contains(kind))
            .collect()
    }
}

/// One kind a line, with its count.
impl fmt::Display for Histogram {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in Self::KINDS {
            writeln!(formatter, "{:>7}  {kind}", self.counts.get(kind).copied().unwrap_or_default())?;
        }
        Ok(())
    }
}
