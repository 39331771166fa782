//! Schemas that are drawn at random: what is built reads back as what was asked for.

use whimbrel_schema::catalog::Catalog;
use whimbrel_schema::generate::{Histogram, Options, random_schema};
use whimbrel_schema::lower::lower;
use whimbrel_schema::{ddl, diff};

use crate::support::{apply, catalog, full, memory, normalise, pointed};

/// As many as the engine's promise is made for.
const SEEDS: u64 = 200;

fn drawn(seed: u64, histogram: &mut Histogram) -> Catalog {
    let (schema, counts) = random_schema(seed, Options { for_sqlite: true, ..Options::default() });
    histogram.add(&counts);
    lower(&schema).unwrap_or_else(|error| panic!("seed {seed}: {error}")).catalog
}

fn script(from: &Catalog, to: &Catalog) -> String {
    let operations = diff::diff(from, to, &[]);
    operations.iter().flat_map(ddl::statements).map(|statement| format!("{statement};\n")).collect()
}

#[test]
fn what_is_built_is_what_was_asked_for() {
    let mut histogram = Histogram::default();
    for seed in 0..SEEDS {
        let desired = drawn(seed, &mut histogram);
        let mut engine = memory();
        let normalised =
            normalise(&mut engine, &desired).unwrap_or_else(|error| panic!("seed {seed}: {}", full(&error)));
        let sql = script(&Catalog::default(), &desired);
        apply(&mut engine, "1", &sql).unwrap_or_else(|error| panic!("seed {seed}: {}\n{sql}", full(&error)));
        let present = catalog(&mut engine);
        assert_eq!(
            diff::describe(&diff::diff(&present, &normalised, &[])),
            Vec::<String>::new(),
            "seed {seed}\n{sql}"
        );
        assert_eq!(present, normalised, "seed {seed}\n{sql}");
        assert_eq!(normalise(&mut engine, &present).unwrap(), present, "seed {seed}: normalising twice");
    }
    println!("{:#?}", histogram.counts);
    assert_eq!(histogram.never_drawn(true), Vec::<&str>::new(), "the generator never drew these");
}

#[test]
fn any_schema_becomes_any_other_and_goes_back() {
    let mut histogram = Histogram::default();
    let mut refused = 0;
    for seed in 0..20 {
        let (from, to) = (drawn(seed, &mut histogram), drawn(seed + 1000, &mut histogram));
        let mut engine = memory();
        let (from, to) = (normalise(&mut engine, &from).unwrap(), normalise(&mut engine, &to).unwrap());
        let sql = script(&Catalog::default(), &from);
        apply(&mut engine, "1", &sql).unwrap_or_else(|error| panic!("seed {seed}: {}\n{sql}", full(&error)));
        for (version, before, after) in [("2", &from, &to), ("3", &to, &from)] {
            let sql = script(before, after);
            match apply(&mut engine, version, &sql) {
                Ok(_) => {
                    let present = catalog(&mut engine);
                    assert_eq!(
                        diff::describe(&diff::diff(&present, after, &[])),
                        Vec::<String>::new(),
                        "seed {seed}\n{sql}"
                    );
                }
                // Not every type can become every other.
                Err(error) => {
                    let text = full(&error);
                    assert!(
                        text.contains("the change of column") || text.contains("the cast of"),
                        "seed {seed}: {text} at {}",
                        pointed(&error)
                    );
                    refused += 1;
                    break;
                }
            }
        }
    }
    assert!(refused <= 4, "{refused} of 40 changes were refused");
}
