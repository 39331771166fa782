//! Golden cases and properties of the difference.

mod cases;
mod database_objects;
mod keys_and_indexes;
mod properties;
mod sample;
mod views_and_sequences;

use crate::catalog::Catalog;
use crate::ddl;
use crate::operation::apply_all;
use crate::rename::Rename;

use super::{describe, diff};

/// One change, and what must be found and written for it.
struct Case {
    name: &'static str,
    from: Catalog,
    to: Catalog,
    renames: Vec<Rename>,
    operations: &'static [&'static str],
    up: &'static [&'static str],
    down: &'static [&'static str],
}

/// A case over the sample catalogue, changed by one function for each side.
fn case(
    name: &'static str,
    from: impl Fn(&mut Catalog),
    to: impl Fn(&mut Catalog),
    operations: &'static [&'static str],
    up: &'static [&'static str],
    down: &'static [&'static str],
) -> Case {
    let make = |change: &dyn Fn(&mut Catalog)| {
        let mut catalog = sample::catalog();
        change(&mut catalog);
        catalog.sort();
        catalog
    };
    Case { name, from: make(&from), to: make(&to), renames: Vec::new(), operations, up, down }
}

/// The sample catalogue as it is.
fn same(_: &mut Catalog) {}

impl Case {
    fn renaming(mut self, rename: Rename) -> Self {
        self.renames.push(rename);
        self
    }

    fn check(&self) {
        let operations = diff(&self.from, &self.to, &self.renames);
        let text = ddl::script(&operations, &self.from, ddl::Forms::Plain);
        assert_eq!(describe(&operations), self.operations, "operations of {:?}", self.name);
        assert_eq!(text.up.statements("postgres").collect::<Vec<_>>(), self.up, "up of {:?}", self.name);
        assert_eq!(
            text.down.statements("postgres").collect::<Vec<_>>(),
            self.down,
            "down of {:?}",
            self.name
        );
        check_round_trip(&self.from, &self.to, &self.renames, self.name);
    }
}

/// Up leads to the one catalogue, down back to the other, and neither differs from itself.
fn check_round_trip(from: &Catalog, to: &Catalog, renames: &[Rename], name: &str) {
    assert_eq!(diff(from, from, &[]), [], "{name:?}: a catalogue does not differ from itself");
    let operations = diff(from, to, renames);
    let mut catalog = from.clone();
    catalog.sort();
    apply_all(&operations, &mut catalog).unwrap_or_else(|error| panic!("up of {name:?}: {error}"));
    assert_eq!(comparable(&catalog), comparable(to), "up of {name:?}");
    assert_eq!(diff(&catalog, to, &[]), [], "{name:?}: nothing is left after up");
    let inverses: Vec<_> = operations.iter().rev().filter_map(|operation| operation.inverse()).collect();
    assert_eq!(inverses.len(), operations.len(), "{name:?}: every operation has its inverse");
    apply_all(&inverses, &mut catalog).unwrap_or_else(|error| panic!("down of {name:?}: {error}"));
    assert_eq!(comparable(&catalog), comparable(from), "down of {name:?}");
}

/// A catalogue without what is no difference: the order of columns, and which index is not built.
fn comparable(catalog: &Catalog) -> Catalog {
    let mut catalog = catalog.clone();
    catalog.sort();
    catalog.unmanaged.clear();
    for table in &mut catalog.tables {
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
        table.indexes.iter_mut().for_each(|index| index.invalid = false);
    }
    catalog
}

fn check_all(cases: &[Case]) {
    assert!(!cases.is_empty());
    cases.iter().for_each(Case::check);
}
