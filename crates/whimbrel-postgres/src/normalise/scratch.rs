//! Declared schemas and the scratch schemas that stand for them.

use std::collections::{BTreeSet, HashSet};

use whimbrel_schema::catalog::{Catalog, DEFAULT_SCHEMA, QualifiedName};
use whimbrel_schema::ddl::owned_sequence_name;
use whimbrel_schema::sql_text::quote_identifier;

use super::visit::{self, Rewrite};
use crate::sql_scan::{Piece, PieceKind, pieces};

/// Which scratch schema stands for which declared one; the default schema comes first.
pub(super) struct Scratch {
    /// Declared name and scratch name.
    pairs: Vec<(String, String)>,
    scratch_names: Vec<String>,
    /// Everything that is built, by its declared name.
    objects: HashSet<QualifiedName>,
    /// What the default schema is really called.
    default_name: String,
}

impl Scratch {
    pub(super) fn new(desired: &Catalog, prefix: &str, default_name: &str) -> Self {
        let objects = objects(desired);
        let used = objects.iter().map(|name| name.schema.clone()).chain(desired.schemas.iter().cloned());
        let mut schemas: BTreeSet<String> = used.collect();
        schemas.remove(DEFAULT_SCHEMA);
        let pairs: Vec<(String, String)> = std::iter::once(DEFAULT_SCHEMA.to_owned())
            .chain(schemas)
            .enumerate()
            .map(|(number, schema)| (schema, format!("{prefix}_{number}")))
            .collect();
        let scratch_names = pairs.iter().map(|(_, scratch)| scratch.clone()).collect();
        Scratch { pairs, scratch_names, objects, default_name: default_name.to_owned() }
    }

    /// The scratch schemas, the default one's first.
    pub(super) fn schemas(&self) -> &[String] {
        &self.scratch_names
    }

    pub(super) fn default_schema(&self) -> &str {
        &self.scratch_names[0]
    }

    /// The catalogue with every schema replaced.
    pub(super) fn to_scratch(&self, desired: &Catalog) -> Catalog {
        let mut mapped = desired.clone();
        visit::catalog(&mut mapped, &Into(self));
        mapped.schemas = self.scratch_names.clone();
        mapped
    }

    /// The catalogue that was read from the scratch schemas, as if it had been read from the declared ones.
    pub(super) fn out_of_scratch(&self, mut read: Catalog) -> Catalog {
        visit::catalog(&mut read, &OutOf(self));
        read.schemas = self.pairs.iter().skip(1).map(|(declared, _)| declared.clone()).collect();
        read.unmanaged.clear();
        read
    }

    /// A message without scratch names.
    pub(super) fn shown(&self, message: &str) -> String {
        let mut message = message.to_owned();
        for (place, (declared, scratch)) in self.pairs.iter().enumerate().rev() {
            if place == 0 {
                message = message.replace(&format!("{scratch}."), "");
            }
            message = message.replace(scratch.as_str(), &quote_identifier(declared));
        }
        message
    }

    /// The scratch schema of a schema as SQL names it.
    fn of_written(&self, schema: &str) -> Option<(&str, &str)> {
        let declared = if schema == self.default_name { DEFAULT_SCHEMA } else { schema };
        self.pairs
            .iter()
            .find(|(name, _)| name == declared)
            .map(|(name, scratch)| (name.as_str(), scratch.as_str()))
    }
}

fn objects(catalog: &Catalog) -> HashSet<QualifiedName> {
    let mut names: HashSet<QualifiedName> = HashSet::new();
    names.extend(catalog.enums.iter().map(|definition| definition.name.clone()));
    names.extend(catalog.sequences.iter().map(|definition| definition.name.clone()));
    names.extend(catalog.views.iter().map(|view| view.name.clone()));
    for table in &catalog.tables {
        names.insert(table.name.clone());
        let serials = table.columns.iter().filter(|column| column.serial);
        names.extend(serials.map(|column| owned_sequence_name(&table.name, &column.name)));
    }
    names
}

/// Declared → scratch.
struct Into<'a>(&'a Scratch);

impl Rewrite for Into<'_> {
    fn name(&self, name: &mut QualifiedName) {
        if let Some((_, scratch)) = self.0.pairs.iter().find(|(declared, _)| *declared == name.schema) {
            name.schema.clone_from(scratch);
        }
    }

    /// Replaces the schema of every name that is qualified by hand and is built here.
    fn sql(&self, sql: &mut String) {
        let pieces = pieces(sql);
        let mut replacements = Vec::new();
        for place in 0..pieces.len() {
            if pieces[place].kind == PieceKind::Literal {
                let range = pieces[place].range.clone();
                replacements.extend(self.literal(&sql[range.clone()]).map(|text| (range, text)));
                continue;
            }
            let follows_dot = place > 0 && pieces[place - 1].kind == PieceKind::Symbol('.');
            if let (false, Some(scratch)) = (follows_dot, self.qualified(sql, &pieces[place..])) {
                replacements.push((pieces[place].range.clone(), scratch.to_owned()));
            }
        }
        for (range, text) in replacements.into_iter().rev() {
            sql.replace_range(range, &text);
        }
    }
}

impl Into<'_> {
    /// The scratch schema where the pieces begin with `schema.object` and the object is built here.
    fn qualified(&self, sql: &str, pieces: &[Piece]) -> Option<&str> {
        let [schema, dot, object, ..] = pieces else { return None };
        if dot.kind != PieceKind::Symbol('.') {
            return None;
        }
        let (declared, scratch) = self.0.of_written(&identifier(sql, schema)?)?;
        let object = QualifiedName::new(declared, identifier(sql, object)?);
        self.0.objects.contains(&object).then_some(scratch)
    }

    /// `'billing.numbers'`, as in `nextval('billing.numbers')`.
    fn literal(&self, literal: &str) -> Option<String> {
        let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?;
        let pieces = pieces(inner);
        if pieces.len() != 3 {
            return None;
        }
        let scratch = self.qualified(inner, &pieces)?;
        Some(format!("'{scratch}{}'", &inner[pieces[0].range.end..]))
    }
}

/// The name that a piece is, folded to lower case where it is not quoted.
fn identifier(sql: &str, piece: &Piece) -> Option<String> {
    let text = &sql[piece.range.clone()];
    match piece.kind {
        PieceKind::Word => Some(text.to_lowercase()),
        PieceKind::QuotedName => Some(text[1..text.len().saturating_sub(1).max(1)].replace("\"\"", "\"")),
        _ => None,
    }
}

/// Scratch → declared.
struct OutOf<'a>(&'a Scratch);

impl Rewrite for OutOf<'_> {
    fn name(&self, name: &mut QualifiedName) {
        if let Some((declared, _)) = self.0.pairs.iter().find(|(_, scratch)| *scratch == name.schema) {
            name.schema.clone_from(declared);
        }
    }

    fn sql(&self, sql: &mut String) {
        for (place, (declared, scratch)) in self.0.pairs.iter().enumerate().rev() {
            let real = if place == 0 { &self.0.default_name } else { declared };
            let qualifier = format!("{scratch}.");
            if sql.contains(&qualifier) {
                *sql = sql.replace(&qualifier, &format!("{}.", quote_identifier(real)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use whimbrel_schema::catalog::{SequenceDefinition, Table};

    use super::*;

    fn scratch() -> Scratch {
        let mut catalog = Catalog {
            schemas: vec!["Odd".to_owned(), "billing".to_owned()],
            tables: vec![
                Table::new(QualifiedName::plain("trips")),
                Table::new(QualifiedName::new("Odd", "Parts")),
            ],
            ..Catalog::default()
        };
        catalog.sequences.push(SequenceDefinition {
            name: QualifiedName::new("billing", "numbers"),
            start: 1,
            increment: 1,
            min: 1,
            max: 9,
            cache: 1,
            cycle: false,
        });
        Scratch::new(&catalog, "s", "public")
    }

    #[test]
    fn names_qualified_by_hand_are_led_to_the_scratch_schemas_and_back() {
        let scratch = scratch();
        for (sql, inside) in [
            ("nextval('billing.numbers'::regclass)", "nextval('s_2.numbers'::regclass)"),
            (
                "SELECT \"Odd\".\"Parts\".id FROM \"Odd\".\"Parts\"",
                "SELECT s_1.\"Parts\".id FROM s_1.\"Parts\"",
            ),
            ("SELECT 1 FROM public.trips", "SELECT 1 FROM s_0.trips"),
            // Neither is built here.
            ("billing.tax(1)", "billing.tax(1)"),
            ("'billing.unknown'::text", "'billing.unknown'::text"),
            ("a.billing.numbers", "a.billing.numbers"),
        ] {
            let mut text = sql.to_owned();
            Into(&scratch).sql(&mut text);
            assert_eq!(text, inside);
            OutOf(&scratch).sql(&mut text);
            assert_eq!(text, sql);
        }
        assert_eq!(scratch.shown("s_0.trips in s_0 and s_1"), "trips in public and \"Odd\"");
    }
}
