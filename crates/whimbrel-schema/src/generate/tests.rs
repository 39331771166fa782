use super::*;
use crate::lower::lower;
use crate::raise::raise;

const SEEDS: u64 = 200;

fn options(for_sqlite: bool) -> Options {
    Options { for_sqlite, ..Options::default() }
}

#[test]
fn a_seed_always_gives_the_same_schema() {
    assert_eq!(random_schema(7, options(false)), random_schema(7, options(false)));
    assert_ne!(random_schema(7, options(false)).0, random_schema(8, options(false)).0);
}

#[test]
fn every_kind_is_drawn() {
    for for_sqlite in [false, true] {
        let mut total = Histogram::default();
        for seed in 0..SEEDS {
            total.add(&random_schema(seed, options(for_sqlite)).1);
        }
        assert_eq!(total.never_drawn(for_sqlite), Vec::<&str>::new(), "{total}");
        if for_sqlite {
            for kind in Histogram::SERVER_KINDS {
                assert!(!total.counts.contains_key(kind), "{kind} is not for SQLite");
            }
        }
    }
    for kind in Histogram::SERVER_KINDS {
        assert!(Histogram::KINDS.contains(kind), "{kind} is listed");
    }
}

#[test]
fn every_schema_has_a_catalogue_that_comes_back() {
    for for_sqlite in [false, true] {
        for seed in 0..SEEDS {
            let (schema, _) = random_schema(seed, options(for_sqlite));
            let mut catalog = lower(&schema).expect("the schema is relational").catalog;
            let raised = raise(&catalog);
            catalog.views.clear();
            let again = lower(&raised.schema).expect("a raised schema is relational").catalog;
            assert_eq!(again, catalog, "seed {seed}");
        }
    }
}

#[test]
fn names_are_unique_where_the_database_needs_them_so() {
    use std::collections::BTreeSet;
    for seed in 0..SEEDS {
        let (schema, _) = random_schema(seed, options(false));
        let catalog = lower(&schema).expect("the schema is relational").catalog;
        let mut relations = BTreeSet::new();
        for table in &catalog.tables {
            assert!(relations.insert(table.name.clone()), "{}", table.name);
            let indexes = (table.primary_key.iter().map(|key| &key.name))
                .chain(table.uniques.iter().map(|unique| &unique.name))
                .chain(table.indexes.iter().map(|index| &index.name));
            for name in indexes {
                assert!(name.len() <= 63, "{name}");
                assert!(relations.insert(table.name.sibling(name)), "{name}");
            }
            let mut columns = BTreeSet::new();
            assert!(table.columns.iter().all(|column| columns.insert(&column.name)), "{}", table.name);
        }
    }
}

#[test]
fn every_schema_prints_and_reads_back() {
    for for_sqlite in [false, true] {
        for seed in 0..SEEDS / 4 {
            let (schema, _) = random_schema(seed, options(for_sqlite));
            let raised = raise(&lower(&schema).expect("the schema is relational").catalog).schema;
            for schema in [schema, raised] {
                let text = crate::print::print_rust(&schema);
                match crate::read::read_text("schema.rs", &text) {
                    Ok(back) => assert_eq!(back, schema, "seed {seed}"),
                    Err(error) => panic!("seed {seed}: {error}\n{text}"),
                }
            }
        }
    }
}
