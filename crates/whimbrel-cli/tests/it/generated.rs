//! Random schemas on every engine: printed and read back, built, compared, and taken down again.
//!
//! The base seed is new in every run and printed; `WHIMBREL_TEST_SEED` repeats one.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use whimbrel_engine::{
    Batch, Grouping, HistoryChange, HistoryEntry, HistoryKind, JournalEntry, JournalState, Scope, Source,
    Statement, Step, Unit, Unwatched,
};
use whimbrel_schema::catalog::{Catalog, ColumnType, IndexPartTarget};
use whimbrel_schema::ddl::{self, Forms, Section};
use whimbrel_schema::diff::{describe, diff};
use whimbrel_schema::generate::{Histogram, Options, Random, random_schema};
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

/// How many pairs of neighbouring schemas each engine is led between.
const PAIRS_PER_ENGINE: u64 = 15;

#[test]
fn every_way_between_two_schemas_arrives_and_leads_back() {
    let base = base_seed();
    println!("base seed {base}; repeat with WHIMBREL_TEST_SEED={base}");
    std::thread::scope(|scope| {
        for (engine, number) in Engine::ALL.into_iter().zip(0..) {
            scope.spawn(move || lead_between(engine, base.wrapping_add(number * PAIRS_PER_ENGINE)));
        }
    });
}

/// The same seed with another number of tables gives schemas that share most tables and few constraints.
fn lead_between(engine: Engine, first: u64) {
    let project = Project::new(engine);
    wait(async {
        let mut session = connect(&project).await;
        session.prepare().await.unwrap();
        let mut failures = Vec::new();
        for seed in first..first.wrapping_add(PAIRS_PER_ENGINE) {
            let [one, mut other] = [5, 4].map(|tables| {
                let options = Options { for_sqlite: engine == Engine::Sqlite, tables };
                lower(&random_schema(seed, options).0).unwrap().catalog
            });
            change_columns(&mut other, &mut Random::new(seed), engine);
            for forms in [Forms::Safe, Forms::Plain] {
                if let Err(what) = there_and_back(session.as_mut(), &one, &other, forms).await {
                    failures.push(format!("{engine:?}, {forms:?}, seed {seed}: {what}"));
                }
                for catalog in [&one, &other] {
                    session.clear(&scope_of(catalog)).await.unwrap();
                }
                session.prepare().await.unwrap();
            }
        }
        assert!(
            failures.is_empty(),
            "{} of {PAIRS_PER_ENGINE} fail\n{}",
            failures.len(),
            failures.join("\n\n")
        );
    });
}

/// Changes a third of the columns in place: nullability, default, comment, and types that widen.
fn change_columns(catalog: &mut Catalog, random: &mut Random, engine: Engine) {
    let keys: Vec<_> = catalog.tables.iter().flat_map(|table| table.foreign_keys.clone()).collect();
    for table in &mut catalog.tables {
        let fixed: Vec<String> = (table.primary_key.iter().flat_map(|key| &key.columns))
            .chain(
                keys.iter()
                    .filter(|key| key.references == table.name)
                    .flat_map(|key| &key.referenced_columns),
            )
            .chain(table.foreign_keys.iter().flat_map(|key| &key.columns))
            .chain(table.indexes.iter().flat_map(|index| &index.keys).filter_map(|part| match &part.target {
                IndexPartTarget::Column(name) if part.operator_class.is_some() => Some(name),
                IndexPartTarget::Column(_) | IndexPartTarget::Expression(_) => None,
            }))
            .cloned()
            .collect();
        for column in &mut table.columns {
            let plain = !column.serial && column.identity.is_none() && column.generated.is_none();
            if fixed.contains(&column.name) || !plain || !random.percent(33) {
                continue;
            }
            match random.below(4) {
                0 => column.nullable = !column.nullable,
                1 => column.default = None,
                2 if engine != Engine::Sqlite => column.comment = Some("It's changed.".to_owned()),
                _ => column.ty = widened(&column.ty),
            }
        }
    }
}

fn widened(ty: &ColumnType) -> ColumnType {
    match ty {
        ColumnType::SmallInt => ColumnType::Integer,
        ColumnType::Integer => ColumnType::BigInt,
        ColumnType::Varchar(Some(length)) => ColumnType::Varchar(Some(length * 2)),
        ColumnType::Timestamp => ColumnType::TimestampTz,
        other => other.clone(),
    }
}

/// From nothing to one, to the other, and back.
async fn there_and_back(
    engine: &mut dyn whimbrel_engine::Engine,
    one: &Catalog,
    other: &Catalog,
    forms: Forms,
) -> Result<(), String> {
    let first = ddl::script(&diff(&Catalog::default(), one, &[]), &Catalog::default(), Forms::Plain);
    run(engine, &first.up, "0001", true).await.map_err(|error| format!("building: {error:?}"))?;
    let operations = diff(one, other, &[]);
    assert!(!operations.is_empty(), "the two schemas differ");
    let change = ddl::script(&operations, one, forms);
    run(engine, &change.up, "0002", true)
        .await
        .map_err(|error| format!("there: {error:?}\n{:#?}", change.up))?;
    stands(engine, other).await.map_err(|what| format!("there: {what}\n{:#?}", change.up))?;
    run(engine, &change.down, "0002", false)
        .await
        .map_err(|error| format!("back: {error:?}\n{:#?}", change.down))?;
    stands(engine, one).await.map_err(|what| format!("back: {what}\n{:#?}", change.down))
}

/// Compares what stands with what is wanted, whatever the order of columns.
async fn stands(engine: &mut dyn whimbrel_engine::Engine, wanted: &Catalog) -> Result<(), String> {
    let scope = scope_of(wanted);
    let relational = engine.relational().expect("the engine is relational");
    let mut present = relational.introspect(&scope).await.map_err(|error| format!("reading: {error:?}"))?;
    let mut desired =
        relational.normalise(wanted).await.map_err(|error| format!("normalising: {error:?}"))?;
    let differences = describe(&diff(&present, &desired, &[]));
    if !differences.is_empty() {
        return Err(format!("a difference: {differences:#?}"));
    }
    for table in present.tables.iter_mut().chain(&mut desired.tables) {
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
    }
    if present == desired { Ok(()) } else { Err(first_inequality(&present, &desired)) }
}

/// Builds the catalogue, compares what stands with what is wanted, and takes everything down again.
async fn build_and_empty(engine: &mut dyn whimbrel_engine::Engine, declared: &Catalog) -> Result<(), String> {
    let scope = scope_of(declared);
    let script = ddl::script(&diff(&Catalog::default(), declared, &[]), &Catalog::default(), Forms::Plain);
    let relational = engine.relational().expect("the engine is relational");
    let desired = relational.normalise(declared).await.map_err(|error| format!("normalising: {error:?}"))?;
    run(engine, &script.up, "0001", true).await.map_err(|error| format!("up: {error:?}"))?;
    let relational = engine.relational().expect("the engine is relational");
    let present = relational.introspect(&scope).await.map_err(|error| format!("reading: {error:?}"))?;
    let differences = describe(&diff(&present, &desired, &[]));
    if !differences.is_empty() {
        return Err(format!("a false difference: {differences:#?}"));
    }
    if present != desired {
        return Err(first_inequality(&present, &desired));
    }
    run(engine, &script.down, "0001", false).await.map_err(|error| format!("down: {error:?}"))?;
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

/// Runs a section as the product does: as one transaction, or unit by unit; batches at once.
async fn run(
    engine: &mut dyn whimbrel_engine::Engine,
    section: &Section,
    version: &str,
    up: bool,
) -> whimbrel_engine::Result<()> {
    let step = step(section, engine.dialect(), version, up);
    let relational = engine.relational().expect("the engine is relational");
    let Some(units) = step.units(&relational.runs_outside()) else {
        relational.apply(&step, &mut Unwatched).await?;
        return Ok(());
    };
    for (position, unit) in (1..).zip(&units) {
        if let Unit::Outside(statement) = unit {
            let outside = relational.outside_transactions().expect("the engine has such statements");
            outside.run_outside(&step.source, statement, &mut Unwatched).await?;
            continue;
        }
        let entry = JournalEntry {
            version: "generated".to_owned(),
            direction: "up".to_owned(),
            position,
            checksum: String::new(),
            state: JournalState::Done,
            cursor: None,
            rows: 0,
            duration_ms: 0,
            act: None,
        };
        relational.run_together(&step.source, unit.statements(), &entry, &mut Unwatched).await?;
    }
    engine.journal().finish(&step.history, 0).await
}

/// A migration of these statements.
fn step(section: &Section, dialect: &str, version: &str, up: bool) -> Step {
    let mut text = String::new();
    let mut statements = Vec::new();
    let is_whole = section.units.len() == 1;
    for (number, unit) in section.units.iter().enumerate() {
        if unit.dialect.is_some_and(|only| only != dialect) {
            continue;
        }
        for each in &unit.statements {
            let mut statement = Statement::new(each.sql.as_str(), text.len());
            statement.grouping = match unit.statements.len() {
                _ if is_whole => Grouping::File,
                1 => Grouping::Alone,
                _ => Grouping::Group(number),
            };
            statement.batch = each.batch.as_ref().map(|batch| Batch {
                size: u64::from(batch.size),
                key: batch.key.clone(),
                pause: Duration::ZERO,
            });
            text.push_str(&each.sql);
            text.push_str(";\n");
            statements.push(statement);
        }
    }
    let entry = HistoryEntry {
        version: version.to_owned(),
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
        if up { HistoryChange::Insert(entry) } else { HistoryChange::Remove { version: version.to_owned() } };
    Step {
        source: Source { name: format!("{version}-generated.sql"), text: Arc::from(text) },
        statements,
        history,
    }
}
