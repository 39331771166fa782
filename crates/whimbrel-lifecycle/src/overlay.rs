//! Laying declared texts over introspected ones.
//!
//! An engine prints expressions its own way, so the present state and the desired one are compared as the
//! engine prints them; but a migration file must say what the schema declares. [`from_side`] gives the
//! present state in declared words wherever it equals something declared, so that an ordinary difference
//! against the declared catalogue finds exactly the real changes and writes both directions as declared.

use std::collections::HashSet;

use whimbrel_schema::catalog::{Catalog, QualifiedName, Table, Unmanaged, UnmanagedKind};
use whimbrel_schema::rename::Rename;

/// A declared catalogue with the engine's print of it.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    /// As lowered from the schema.
    pub text: &'a Catalog,
    /// As the engine prints it.
    pub normalised: &'a Catalog,
}

/// The present catalogue in declared words: each object that equals the current declaration's print takes
/// the current declaration's text, else the previous declaration's, else keeps the engine's.
#[must_use]
pub fn from_side(present: &Catalog, current: Declared<'_>, previous: Option<Declared<'_>>) -> Catalog {
    let sources: Vec<Declared<'_>> = std::iter::once(current).chain(previous).collect();
    let mut result = present.clone();
    overlay_list(&mut result.enums, &sources, |catalog| &catalog.enums, |item| item.name.to_string());
    overlay_list(&mut result.sequences, &sources, |catalog| &catalog.sequences, |item| item.name.to_string());
    overlay_list(&mut result.views, &sources, |catalog| &catalog.views, |item| item.name.to_string());
    for table in &mut result.tables {
        overlay_table(table, &sources);
    }
    result
}

fn overlay_table(table: &mut Table, sources: &[Declared<'_>]) {
    let name = table.name.clone();
    let tables: Vec<(&Table, &Table)> = sources
        .iter()
        .filter_map(|source| Some((source.text.table(&name)?, source.normalised.table(&name)?)))
        .collect();
    for (text, normalised) in tables.iter().rev() {
        if table.primary_key == normalised.primary_key {
            table.primary_key.clone_from(&text.primary_key);
        }
        if table.with == normalised.with {
            table.with.clone_from(&text.with);
        }
    }
    let from_tables = |table: &mut Table| {
        pick_list(&mut table.columns, &tables, |table| &table.columns, |item| item.name.clone());
        pick_list(&mut table.uniques, &tables, |table| &table.uniques, |item| item.name.clone());
        pick_list(&mut table.foreign_keys, &tables, |table| &table.foreign_keys, |item| item.name.clone());
        pick_list(&mut table.checks, &tables, |table| &table.checks, |item| item.name.clone());
        pick_list(&mut table.indexes, &tables, |table| &table.indexes, |item| item.name.clone());
    };
    from_tables(table);
}

fn overlay_list<T: Clone + PartialEq>(
    items: &mut [T],
    sources: &[Declared<'_>],
    list: impl for<'c> Fn(&'c Catalog) -> &'c Vec<T>,
    key: impl Fn(&T) -> String,
) {
    let pairs: Vec<(&Vec<T>, &Vec<T>)> =
        sources.iter().map(|source| (list(source.text), list(source.normalised))).collect();
    pick(items, &pairs, &key);
}

fn pick_list<T: Clone + PartialEq>(
    items: &mut [T],
    tables: &[(&Table, &Table)],
    list: impl for<'c> Fn(&'c Table) -> &'c Vec<T>,
    key: impl Fn(&T) -> String,
) {
    let pairs: Vec<(&Vec<T>, &Vec<T>)> =
        tables.iter().map(|(text, normalised)| (list(text), list(normalised))).collect();
    pick(items, &pairs, &key);
}

/// Replaces each item by the text of the first source whose print of it is equal.
fn pick<T: Clone + PartialEq>(items: &mut [T], sources: &[(&Vec<T>, &Vec<T>)], key: &impl Fn(&T) -> String) {
    for item in items {
        let name = key(item);
        let replacement = sources.iter().find_map(|(text, normalised)| {
            let printed = normalised.iter().find(|candidate| key(candidate) == name)?;
            (printed == item).then(|| text.iter().find(|candidate| key(candidate) == name))?
        });
        if let Some(replacement) = replacement {
            *item = replacement.clone();
        }
    }
}

/// The names that a project manages: what it declares, what it declared before, and what it renames.
#[derive(Clone, Debug, Default)]
pub struct Managed {
    names: HashSet<QualifiedName>,
    schemas: HashSet<String>,
}

impl Managed {
    /// Adds everything that a catalogue names.
    #[must_use]
    pub fn with(mut self, catalog: &Catalog) -> Self {
        self.names.extend(catalog.tables.iter().map(|table| table.name.clone()));
        self.names.extend(catalog.views.iter().map(|view| view.name.clone()));
        self.names.extend(catalog.enums.iter().map(|declared| declared.name.clone()));
        self.names.extend(catalog.sequences.iter().map(|sequence| sequence.name.clone()));
        self.schemas.extend(catalog.schemas.iter().cloned());
        self
    }

    /// Adds the former names of what is renamed.
    #[must_use]
    pub fn with_renames(mut self, renames: &[Rename]) -> Self {
        for rename in renames {
            if let Rename::Table { from, .. } | Rename::Enum { from, .. } = rename {
                self.names.insert(from.clone());
            }
        }
        self
    }

    /// The managed part of a catalogue; what is left out of it stands among its unmanaged objects.
    #[must_use]
    pub fn part_of(&self, catalog: &Catalog) -> Catalog {
        let mut part = catalog.clone();
        let ours = |name: &QualifiedName| self.names.contains(name);
        for table in catalog.tables.iter().filter(|table| !ours(&table.name)) {
            part.unmanaged.push(Unmanaged { kind: UnmanagedKind::Table, name: table.name.clone() });
        }
        for view in catalog.views.iter().filter(|view| !ours(&view.name)) {
            part.unmanaged.push(Unmanaged { kind: UnmanagedKind::View, name: view.name.clone() });
        }
        for declared in catalog.enums.iter().filter(|declared| !ours(&declared.name)) {
            part.unmanaged.push(Unmanaged { kind: UnmanagedKind::Type, name: declared.name.clone() });
        }
        for sequence in catalog.sequences.iter().filter(|sequence| !ours(&sequence.name)) {
            part.unmanaged.push(Unmanaged { kind: UnmanagedKind::Sequence, name: sequence.name.clone() });
        }
        part.tables.retain(|table| ours(&table.name));
        part.views.retain(|view| ours(&view.name));
        part.enums.retain(|declared| ours(&declared.name));
        part.sequences.retain(|sequence| ours(&sequence.name));
        part.schemas.retain(|schema| self.schemas.contains(schema));
        part.unmanaged.sort();
        part.unmanaged.dedup();
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whimbrel_schema::catalog::{CheckConstraint, Column, ColumnType};

    fn catalog(check: &str, default: &str) -> Catalog {
        let mut table = Table::new(QualifiedName::plain("trips"));
        let mut column = Column::new("status", ColumnType::Text);
        column.default = Some(default.to_owned());
        table.columns.push(column);
        table.checks.push(CheckConstraint {
            name: "ok".to_owned(),
            expression: check.to_owned(),
            not_valid: false,
        });
        Catalog { tables: vec![table], ..Catalog::default() }
    }

    #[test]
    fn equal_prints_take_the_declared_text_and_others_keep_their_own() {
        let text = catalog("a IN (1, 2)", "'x'");
        let printed = catalog("a = ANY (ARRAY[1, 2])", "'x'::text");
        let present = catalog("a = ANY (ARRAY[1, 2])", "'y'::text");
        let result = from_side(&present, Declared { text: &text, normalised: &printed }, None);
        assert_eq!(result.tables[0].checks, text.tables[0].checks);
        assert_eq!(result.tables[0].columns[0].default.as_deref(), Some("'y'::text"));
    }

    #[test]
    fn the_previous_declaration_gives_words_for_what_is_about_to_change() {
        let (old_text, old_printed) = (catalog("a > 0", "'x'"), catalog("(a > 0)", "'x'::text"));
        let (new_text, new_printed) = (catalog("a > 1", "'x'"), catalog("(a > 1)", "'x'::text"));
        let result = from_side(
            &old_printed,
            Declared { text: &new_text, normalised: &new_printed },
            Some(Declared { text: &old_text, normalised: &old_printed }),
        );
        assert_eq!(result, old_text);
    }

    #[test]
    fn what_nobody_declared_is_unmanaged() {
        let mut present = catalog("a > 0", "'x'");
        present.tables.push(Table::new(QualifiedName::plain("audit")));
        let part = Managed::default().with(&catalog("", "")).part_of(&present);
        assert_eq!(part.tables.len(), 1);
        assert_eq!(part.unmanaged[0].name, QualifiedName::plain("audit"));
    }
}
