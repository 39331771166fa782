//! One secondary index.

use bson::{Bson, Document};

use crate::key::{Extraction, KeyPart};
use crate::matcher::Matcher;
use crate::storage::Outcome;

/// A secondary index, with the statements that its table needs.
#[derive(Debug)]
pub(crate) struct Index {
    /// Its number, which names its table.
    pub(crate) id: i64,
    pub(crate) name: String,
    /// As `listIndexes` tells it.
    pub(crate) spec: Document,
    pub(crate) kind: IndexKind,
    /// The paths of the ordered parts.
    pub(crate) extraction: Extraction,
    pub(crate) is_unique: bool,
    pub(crate) partial: Option<Partial>,
    pub(crate) is_hidden: bool,
    pub(crate) expire_after_seconds: Option<i64>,
    /// Whether an array stands, or has stood, in one of its paths.
    pub(crate) is_multikey: bool,
    pub(crate) table: String,
    pub(crate) insert_sql: String,
    pub(crate) delete_sql: String,
    pub(crate) holder_sql: String,
}

/// How an index finds what it holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum IndexKind {
    /// By order-preserving keys.
    Ordered,
    /// As an ordered one that answers equality alone.
    Hashed,
    /// By words.
    Text(TextIndex),
    /// By places on the globe: the paths of the geometries.
    Sphere(Vec<String>),
}

/// The words of a collection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TextIndex {
    /// The paths and their weights, in the order of the columns; `$**` stands for every path.
    pub(crate) weights: Vec<(String, f64)>,
    pub(crate) default_language: String,
}

/// What documents a partial index holds.
#[derive(Debug)]
pub(crate) struct Partial {
    pub(crate) matcher: Matcher,
}

impl Index {
    /// An index from what the catalogue says of it.
    pub(crate) fn new(id: i64, spec: Document, is_multikey: bool) -> Outcome<Self> {
        let table = format!("i{id}");
        let kind = kind_of(&spec);
        let partial = match spec.get_document("partialFilterExpression") {
            Ok(filter) => Some(Partial { matcher: Matcher::parse(filter)? }),
            Err(_) => None,
        };
        let rows = match kind {
            IndexKind::Ordered | IndexKind::Hashed => "k = ?1 AND r = ?2",
            IndexKind::Text(_) => "rowid = ?1",
            IndexKind::Sphere(_) => "r = ?1",
        };
        Ok(Self {
            id,
            name: spec.get_str("name").unwrap_or_default().to_owned(),
            extraction: Extraction { parts: parts_of(&spec), is_sparse: is_set(&spec, "sparse") },
            is_unique: is_set(&spec, "unique"),
            partial,
            is_hidden: is_set(&spec, "hidden"),
            expire_after_seconds: spec.get("expireAfterSeconds").and_then(whole_number),
            is_multikey,
            insert_sql: format!("INSERT INTO {table} (k, r) VALUES (?1, ?2)"),
            delete_sql: format!("DELETE FROM {table} WHERE {rows}"),
            holder_sql: format!("SELECT r FROM {table} WHERE k = ?1"),
            kind,
            spec,
            table,
        })
    }

    /// Its key pattern.
    pub(crate) fn key_pattern(&self) -> Document {
        self.spec.get_document("key").cloned().unwrap_or_default()
    }

    /// Whether a range of keys can be read from it.
    pub(crate) fn is_ordered(&self) -> bool {
        self.kind == IndexKind::Ordered
    }

    /// The statement that makes its table.
    pub(crate) fn create_sql(&self) -> String {
        let table = &self.table;
        match &self.kind {
            IndexKind::Ordered | IndexKind::Hashed if self.is_unique => {
                format!("CREATE TABLE {table} (k BLOB PRIMARY KEY, r INTEGER NOT NULL) WITHOUT ROWID")
            }
            IndexKind::Ordered | IndexKind::Hashed => format!(
                "CREATE TABLE {table} (k BLOB NOT NULL, r INTEGER NOT NULL, PRIMARY KEY (k, r)) WITHOUT ROWID"
            ),
            IndexKind::Text(text) => {
                let columns: Vec<String> =
                    (0..text.weights.len()).map(|column| format!("w{column}")).collect();
                let tokenizer =
                    if text.default_language == "none" { "unicode61" } else { "porter unicode61" };
                format!(
                    "CREATE VIRTUAL TABLE {table} USING fts5({}, content = '', contentless_delete = 1, \
                     tokenize = '{tokenizer}')",
                    columns.join(", ")
                )
            }
            IndexKind::Sphere(_) => {
                format!("CREATE VIRTUAL TABLE {table} USING rtree(r, x0, x1, y0, y1, z0, z1)")
            }
        }
    }
}

fn kind_of(spec: &Document) -> IndexKind {
    let Ok(key) = spec.get_document("key") else { return IndexKind::Ordered };
    let is = |value: &Bson, kind: &str| value.as_str() == Some(kind);
    if key.values().any(|value| is(value, "text")) {
        let weights = spec.get_document("weights").into_iter().flatten();
        let weights = weights.map(|(path, weight)| (path.clone(), number(weight).unwrap_or(1.0))).collect();
        let default_language = spec.get_str("default_language").unwrap_or("english").to_owned();
        return IndexKind::Text(TextIndex { weights, default_language });
    }
    if key.values().any(|value| is(value, "2dsphere")) {
        let paths = key.iter().filter(|(_, value)| is(value, "2dsphere"));
        return IndexKind::Sphere(paths.map(|(path, _)| path.clone()).collect());
    }
    if key.values().any(|value| is(value, "hashed")) { IndexKind::Hashed } else { IndexKind::Ordered }
}

fn parts_of(spec: &Document) -> Vec<KeyPart> {
    let Ok(key) = spec.get_document("key") else { return Vec::new() };
    let ordered = key.iter().filter(|(_, value)| !matches!(value.as_str(), Some("text" | "2dsphere")));
    ordered
        .filter(|(path, _)| !path.starts_with("_fts"))
        .map(|(path, direction)| KeyPart {
            path: path.split('.').map(str::to_owned).collect(),
            is_descending: number(direction).is_some_and(|direction| direction < 0.0),
        })
        .collect()
}

/// Whether an option is true, in one of the forms that MongoDB takes for it.
fn is_set(spec: &Document, option: &str) -> bool {
    match spec.get(option) {
        Some(Bson::Boolean(is_set)) => *is_set,
        Some(value) => number(value).is_some_and(|number| number != 0.0),
        None => false,
    }
}

/// A number of any type.
pub(crate) fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(number) => Some(f64::from(*number)),
        #[expect(clippy::cast_precision_loss, reason = "directions, weights and seconds are small")]
        Bson::Int64(number) => Some(*number as f64),
        Bson::Double(number) => Some(*number),
        Bson::Decimal128(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// A number of any type, cut to a whole one.
fn whole_number(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, which is what MongoDB does")]
        Bson::Double(number) => Some(*number as i64),
        _ => None,
    }
}
