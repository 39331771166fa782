//! Start-up, migration status, the no-op difference, and reading the schema.

use std::path::Path;

use anyhow::Result;
use whimbrel_testkit::PostgresVersion;
use whimbrel_testkit::toolchain::Toolchain;

use super::report::Bar;
use super::{Case, Server, Stage, projects};

/// Tables of the project whose status is asked for: the number does not matter to any of the tools.
const SMALL_PROJECT_TABLES: usize = 10;
/// Tables of the project that is compared with its database.
const LARGE_PROJECT_TABLES: usize = 1_000;
/// Start-up and status against Alembic.
const FASTER_THAN_ALEMBIC: f64 = 20.0;
/// The no-op difference against Alembic.
const CHECK_FASTER_THAN_ALEMBIC: f64 = 8.0;
/// Start-up and status against dbmate.
const NO_SLOWER: f64 = 1.0;
/// Peak memory of the no-op difference.
const CHECK_PEAK_MEMORY_MB: f64 = 100.0;
/// Reading the schema source of the large project.
const SCHEMA_READ_MS: f64 = 150.0;

/// `--version`, beside `alembic current` and dbmate's `--version`.
pub(super) fn version(stage: &Stage) -> Result<Case> {
    let folder = stage.project("version")?;
    let mut commands: Vec<_> = stage.whimbrel(&folder, &["--version"]).into_iter().collect();
    commands.push(alembic_project(stage, "version_alembic", SMALL_PROJECT_TABLES, &["current"])?);
    commands.push(stage.dbmate(&folder, "postgres://127.0.0.1/none", &["--version"]));
    commands.push(stage.floor(Path::new("/bin/true"), &[], "true"));
    Ok(Case { commands, bars: faster_than_peers(), pinned: false, server: Server::Postgres })
}

/// `migrate status` with nothing pending, beside `alembic current` and dbmate's `status`.
pub(super) fn status(stage: &Stage) -> Result<Case> {
    let mut commands: Vec<_> =
        whimbrel_project(stage, "status_whimbrel", SMALL_PROJECT_TABLES, &["migrate", "status"])?
            .into_iter()
            .collect();
    commands.push(alembic_project(stage, "status_alembic", SMALL_PROJECT_TABLES, &["current"])?);

    let folder = stage.project("status_dbmate")?;
    let url = stage.database("status_dbmate")?;
    projects::dbmate(&folder, SMALL_PROJECT_TABLES)?;
    stage.dbmate(&folder, &url, &["up"]).prepare()?;
    commands.push(stage.dbmate(&folder, &url, &["status"]));
    commands.push(psql(
        stage,
        "status_dbmate",
        "SELECT version FROM schema_migrations",
        "psql -c 'SELECT version …'",
    ));
    Ok(Case { commands, bars: faster_than_peers(), pinned: false, server: Server::Postgres })
}

/// `migrate check` over a database that already has every declared table, beside `alembic check`.
pub(super) fn check(stage: &Stage) -> Result<Case> {
    let whimbrel = whimbrel_project(stage, "check_whimbrel", LARGE_PROJECT_TABLES, &["migrate", "check"])?;
    let mut commands: Vec<_> = whimbrel.into_iter().collect();
    commands.push(alembic_project(stage, "check_alembic", LARGE_PROJECT_TABLES, &["check"])?);
    let columns = "COPY (SELECT a.*, format_type(atttypid, atttypmod), pg_get_expr(adbin, adrelid) FROM pg_attribute a \
                   JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum \
                   WHERE relnamespace = 'public'::regnamespace AND attnum > 0) TO STDOUT";
    commands.push(psql(stage, "check_alembic", columns, "psql -c 'COPY (every column) …'"));
    let bars = vec![
        Bar::TimesFaster { factor: CHECK_FASTER_THAN_ALEMBIC, peer: "alembic" },
        Bar::BelowMb(CHECK_PEAK_MEMORY_MB),
    ];
    Ok(Case { commands, bars, pinned: false, server: Server::Postgres })
}

/// Reads the schema source of a thousand models and prints it as JSON; no database is asked.
pub(super) fn schema_read(stage: &Stage) -> Result<Case> {
    let folder = stage.project("schema_read")?;
    projects::whimbrel(&folder, LARGE_PROJECT_TABLES, "sqlite::memory:")?;
    let mut commands: Vec<_> =
        stage.whimbrel(&folder, &["schema", "print", "--format", "json"]).into_iter().collect();
    commands.push(stage.floor(
        Path::new("/bin/cat"),
        &[&folder.join("src/schema.rs").display().to_string()],
        "cat src/schema.rs",
    ));
    Ok(Case { commands, bars: vec![Bar::BelowMs(SCHEMA_READ_MS)], pinned: false, server: Server::Postgres })
}

fn faster_than_peers() -> Vec<Bar> {
    vec![
        Bar::TimesFaster { factor: FASTER_THAN_ALEMBIC, peer: "alembic" },
        Bar::TimesFaster { factor: NO_SLOWER, peer: "dbmate" },
    ]
}

/// A Whimbrel project whose one migration has been written and applied, and the command to measure in it.
fn whimbrel_project(
    stage: &Stage,
    name: &str,
    tables: usize,
    arguments: &[&str],
) -> Result<Option<super::Measured>> {
    let folder = stage.project(name)?;
    let Some(measured) = stage.whimbrel(&folder, arguments) else { return Ok(None) };
    projects::whimbrel(&folder, tables, &stage.database(name)?)?;
    for arguments in [&["migrate", "create", "--name", "init", "--auto"][..], &["migrate"]] {
        if let Some(step) = stage.whimbrel(&folder, arguments) {
            step.prepare()?;
        }
    }
    Ok(Some(measured))
}

/// An Alembic project whose one revision has been written and applied, and the command to measure in it.
fn alembic_project(stage: &Stage, name: &str, tables: usize, arguments: &[&str]) -> Result<super::Measured> {
    let folder = stage.project(name)?;
    projects::alembic(&folder, tables, &stage.database(name)?)?;
    stage.alembic(&folder, &["revision", "--autogenerate", "-m", "init"]).prepare()?;
    stage.alembic(&folder, &["upgrade", "head"]).prepare()?;
    Ok(stage.alembic(&folder, arguments))
}

fn psql(stage: &Stage, database: &str, sql: &str, shown: &str) -> super::Measured {
    let program = Toolchain::packaged_postgres_bin(PostgresVersion::V15).join("psql");
    stage.floor(&program, &["--no-psqlrc", &stage.server.url(database), "-c", sql], shown)
}
