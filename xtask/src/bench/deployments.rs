//! Applying and rolling back a long series of migrations, a transaction each.

use std::path::{Path, PathBuf};

use anyhow::Result;
use whimbrel_testkit::PostgresVersion;
use whimbrel_testkit::toolchain::Toolchain;

use super::measure::Measured;
use super::report::Bar;
use super::{Case, Server, Stage, series};

/// Migrations that are applied.
const APPLIED: usize = 1_000;
/// Migrations that are rolled back.
const ROLLED_BACK: usize = 100;
/// The time that a deployment may take beside psql, which keeps no history and checks no file.
const WITHIN_FLOOR: f64 = 1.2;
/// Against the peers.
const FASTER: f64 = 1.0;

/// `migrate` of the whole series into an empty database, beside `alembic upgrade head` and `dbmate up`.
pub(super) fn apply(stage: &Stage) -> Result<Case> {
    let empty = |stage: &Stage, name: &str| fresh(stage, name, "template0");
    let mut commands = Vec::new();

    // The floor runs next to the subject, since their ratio has the narrowest bar.
    let name = "apply_whimbrel";
    let folder = stage.project(name)?;
    series::whimbrel(&folder, APPLIED, &stage.database(name)?)?;
    if seal(stage, &folder)? {
        let measured = stage.whimbrel(&folder, &["migrate"]);
        commands.extend(measured.map(|command| command.after(empty(stage, name))));
    }

    let name = "apply_floor";
    let (up, _) = series::psql(&stage.project(name)?, APPLIED)?;
    commands.push(psql_file(stage, name, &up, "psql -f up.sql (autocommit)").after(empty(stage, name)));

    let name = "apply_alembic";
    let folder = stage.project(name)?;
    series::alembic(&folder, APPLIED, &stage.server.url(name))?;
    commands.push(stage.alembic(&folder, &["upgrade", "head"]).after(empty(stage, name)));

    let name = "apply_dbmate";
    let folder = stage.project(name)?;
    series::dbmate(&folder, APPLIED)?;
    commands.push(stage.dbmate(&folder, &stage.server.url(name), &["up"]).after(empty(stage, name)));

    let bars = vec![
        Bar::TimesFaster { factor: FASTER, peer: "alembic" },
        Bar::TimesFaster { factor: FASTER, peer: "dbmate" },
        Bar::WithinFloor { factor: WITHIN_FLOOR },
    ];
    Ok(Case { commands, bars, pinned: true, server: Server::Postgres })
}

/// `rollback` of every migration, beside `alembic downgrade base`; dbmate rolls back one at a time only.
pub(super) fn roll_back(stage: &Stage) -> Result<Case> {
    // Each database is copied from one in which everything is applied.
    let full = |name: &str| format!("{name}_full");
    let mut commands = Vec::new();

    let name = "rollback_whimbrel";
    let (folder, applied) = (stage.project(name)?, stage.project(&full(name))?);
    series::whimbrel(&applied, ROLLED_BACK, &stage.database(&full(name))?)?;
    series::whimbrel(&folder, ROLLED_BACK, &stage.database(name)?)?;
    if seal(stage, &folder)? {
        let measured = stage.whimbrel(&folder, &["rollback", &ROLLED_BACK.to_string()]);
        commands.extend(measured.map(|command| command.after(fresh(stage, name, &full(name)))));
        if let Some(apply) = stage.whimbrel(&applied, &["migrate"]) {
            apply.prepare()?;
        }
    }

    let name = "rollback_floor";
    let (up, down) = series::psql(&stage.project(name)?, ROLLED_BACK)?;
    stage.database(&full(name))?;
    psql_file(stage, &full(name), &up, "psql -f up.sql").prepare()?;
    let floor = psql_file(stage, name, &down, "psql -f down.sql (autocommit)");
    commands.push(floor.after(fresh(stage, name, &full(name))));

    let name = "rollback_alembic";
    let (folder, applied) = (stage.project(name)?, stage.project(&full(name))?);
    series::alembic(&applied, ROLLED_BACK, &stage.database(&full(name))?)?;
    series::alembic(&folder, ROLLED_BACK, &stage.server.url(name))?;
    stage.alembic(&applied, &["upgrade", "head"]).prepare()?;
    commands.push(stage.alembic(&folder, &["downgrade", "base"]).after(fresh(stage, name, &full(name))));

    Ok(Case {
        commands,
        bars: vec![Bar::TimesFaster { factor: FASTER, peer: "alembic" }],
        pinned: true,
        server: Server::Postgres,
    })
}

/// Seals the files of a project, as they are in a repository; false when only the peers are measured.
fn seal(stage: &Stage, folder: &Path) -> Result<bool> {
    let Some(seal) = stage.whimbrel(folder, &["migrate", "seal"]) else { return Ok(false) };
    seal.prepare()?;
    Ok(true)
}

/// Makes a database anew as a copy of another, and ends with a checkpoint, so that no run pays for the one before it.
fn fresh(stage: &Stage, name: &str, template: &str) -> Measured {
    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
    let url = stage.server.url("postgres");
    let arguments = ["-Xqc", &drop, "-c", &create, "-c", "CHECKPOINT", &url];
    stage.floor(&psql(), &arguments, &format!("psql -c 'CREATE DATABASE {name} …'"))
}

/// Runs a file of statements, each in the transaction that the server gives it.
fn psql_file(stage: &Stage, database: &str, file: &Path, shown: &str) -> Measured {
    let (file, url) = (file.display().to_string(), stage.server.url(database));
    stage.floor(&psql(), &["-Xq", "--set=ON_ERROR_STOP=1", "-f", &file, &url], shown)
}

fn psql() -> PathBuf {
    Toolchain::packaged_postgres_bin(PostgresVersion::V15).join("psql")
}
