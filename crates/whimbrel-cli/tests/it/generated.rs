//! Random schemas on every engine: printed and read back, built, compared, and taken down again.
//!
//! The base seed is new in every run and printed; `WHIMBREL_TEST_SEED` repeats one.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use whimbrel_engine::{
    Engine as _, HistoryChange, HistoryEntry, HistoryKind, Scope, Source, Statement, Step,
};
use whimbrel_schema::catalog::Catalog;
use whimbrel_schema::ddl;
use whimbrel_schema::diff::{describe, diff};
use whimbrel_schema::generate::{Histogram, Options, random_schema};
use whimbrel_schema::lower::lower;
use whimbrel_schema::print::print_rust;
use whimbrel_schema::read::read_text;

use crate::catalogue::{connect, wait};
use crate::project::{Engine, Project};

/// How many schemas each of the four engines gets.
const SCHEMAS_PER_ENGINE: u64 = 50;

#[test]
fn no_generated_schema_differs_from_what_it_builds() {
    let base = base_seed();
    println!("base seed {base}; repeat with WHIMBREL_TEST_SEED={base}");
    let mut total = Histogram::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (Engine::ALL.into_iter().zip(0..))
            .map(|(engine, number)| {
                scope.spawn(move || run_engine(engine, base.wrapping_add(number * SCHEMAS_PER_ENGINE)))
            })
            .collect();
        for worker in workers {
            match worker.join() {
                Ok(drawn) => total.add(&drawn),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    println!("{total}");
    assert_eq!(total.never_drawn(false), Vec::<&str>::new(), "never drawn from base seed {base}");
}

/// The given base seed, else one from the clock, never the same twice.
fn base_seed() -> u64 {
    if let Ok(given) = std::env::var("WHIMBREL_TEST_SEED") {
        return given.parse().expect("WHIMBREL_TEST_SEED is a number");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs() * 1_000_000 + u64::from(now.subsec_micros())
}

/// Tries an engine's share of the schemas in one database of its own.
fn run_engine(engine: Engine, first: u64) -> Histogram {
    let mut total = Histogram::default();
    let project = Project::new(engine);
    wait(async {
        let mut session = connect(&project).await;
        session.prepare().await.unwrap();
        let mut failures = Vec::new();
        for seed in first..first.wrapping_add(SCHEMAS_PER_ENGINE) {
            let options = Options { for_sqlite: engine == Engine::Sqlite, ..Options::default() };
            let (schema, drawn) = random_schema(seed, options);
            total.add(&drawn);
            let text = print_rust(&schema);
            assert_eq!(read_text("schema.rs", &text).unwrap(), schema, "seed {seed} prints\n{text}");
            let declared = lower(&schema).unwrap().catalog;
            if let Err(what) = build_and_empty(session.as_mut(), &declared).await {
                failures.push(format!("{engine:?}, seed {seed}: {what}"));
                let scope = scope_of(&declared);
                session.clear(&scope).await.unwrap();
                session.prepare().await.unwrap();
            }
        }
        assert!(
            failures.is_empty(),
            "{} of {SCHEMAS_PER_ENGINE} fail\n{}",
            failures.len(),
            failures.join("\n\n")
        );
    });
    total
}

/// Builds the catalogue, compares what stands with what is wanted, and takes everything down again.
async fn build_and_empty(engine: &mut dyn whimbrel_engine::Engine, declared: &Catalog) -> Result<(), String> {
    let scope = scope_of(declared);
    let script = ddl::script(&diff(&Catalog::default(), declared, &[]));
    let relational = engine.relational().expect("the engine is relational");
    let desired = relational.normalise(declared).await.map_err(|error| format!("normalising: {error:?}"))?;
    engine.apply(&step(&script.up, true)).await.map_err(|error| format!("up: {error:?}"))?;
    let relational = engine.relational().expect("the engine is relational");
    let present = relational.introspect(&scope).await.map_err(|error| format!("reading: {error:?}"))?;
    let differences = describe(&diff(&present, &desired, &[]));
    if !differences.is_empty() {
        return Err(format!("a false difference: {differences:#?}"));
    }
    if present != desired {
        return Err(first_inequality(&present, &desired));
    }
    engine.apply(&step(&script.down, false)).await.map_err(|error| format!("down: {error:?}"))?;
    let relational = engine.relational().expect("the engine is relational");
    let left = relational.introspect(&scope).await.map_err(|error| format!("reading: {error:?}"))?;
    if left.is_empty() { Ok(()) } else { Err(format!("the way down leaves {left:#?}")) }
}

/// The first lines in which two catalogues that have no difference are not equal.
fn first_inequality(present: &Catalog, desired: &Catalog) -> String {
    let (present, desired) = (format!("{present:#?}"), format!("{desired:#?}"));
    let lines = present.lines().zip(desired.lines()).enumerate().find(|(_, (a, b))| a != b);
    format!("no difference, but not equal either: {lines:?}")
}

fn scope_of(declared: &Catalog) -> Scope {
    let schemas = std::iter::once("public".to_owned()).chain(declared.schemas.iter().cloned());
    Scope { schemas: schemas.collect() }
}

/// A migration of these statements.
fn step(statements: &[String], up: bool) -> Step {
    const VERSION: &str = "0001";
    let mut text = String::new();
    let statements = statements
        .iter()
        .map(|sql| {
            let offset = text.len();
            text.push_str(sql);
            text.push_str(";\n");
            Statement { sql: sql.clone(), offset }
        })
        .collect();
    let entry = HistoryEntry {
        version: VERSION.to_owned(),
        name: "generated".to_owned(),
        checksum: String::new(),
        chain: String::new(),
        schema_hash: None,
        kind: HistoryKind::Applied,
        applied_at: String::new(),
        duration_ms: 0,
        applied_by: "test".to_owned(),
    };
    let history =
        if up { HistoryChange::Insert(entry) } else { HistoryChange::Remove { version: VERSION.to_owned() } };
    Step {
        source: Source { name: "0001-generated.sql".to_owned(), text: Arc::from(text) },
        statements,
        history,
    }
}
