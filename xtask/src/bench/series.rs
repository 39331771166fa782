//! The same series of migrations, one table each, for Whimbrel, Alembic, dbmate and psql.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::projects::{alembic_settings, whimbrel_settings, write};

/// Writes `whimbrel.toml` and a migration file for each table.
pub(super) fn whimbrel(folder: &Path, tables: usize, url: &str) -> Result<()> {
    whimbrel_settings(folder, url)?;
    for table in 1..=tables {
        let text =
            format!("-- whimbrel:up\n{};\n\n-- whimbrel:down\n{};\n", create_table(table), drop_table(table));
        write(folder, &format!("migrations/{table:04}-t{table:04}.sql"), &text)?;
    }
    Ok(())
}

/// Writes `alembic.ini`, an `env.py` that gives each revision its own transaction, and a revision for each table.
pub(super) fn alembic(folder: &Path, tables: usize, url: &str) -> Result<()> {
    alembic_settings(folder, url)?;
    write(folder, "scripts/env.py", ALEMBIC_ENVIRONMENT)?;
    for table in 1..=tables {
        write(folder, &format!("scripts/versions/r{table:04}_t{table:04}.py"), &revision(table))?;
    }
    Ok(())
}

/// Writes a migration file for each table.
pub(super) fn dbmate(folder: &Path, tables: usize) -> Result<()> {
    for table in 1..=tables {
        let text =
            format!("-- migrate:up\n{};\n\n-- migrate:down\n{};\n", create_table(table), drop_table(table));
        write(folder, &format!("migrations/{table:04}_t{table:04}.sql"), &text)?;
    }
    Ok(())
}

/// Writes the bare statements, upwards and downwards, each for psql to send by itself; gives the two files.
pub(super) fn psql(folder: &Path, tables: usize) -> Result<(PathBuf, PathBuf)> {
    let joined = |statements: Vec<String>| statements.join(";\n") + ";\n";
    write(folder, "up.sql", &joined((1..=tables).map(create_table).collect()))?;
    write(folder, "down.sql", &joined((1..=tables).rev().map(drop_table).collect()))?;
    Ok((folder.join("up.sql"), folder.join("down.sql")))
}

fn create_table(table: usize) -> String {
    format!(
        "CREATE TABLE t{table:04} (\n    id bigint NOT NULL,\n    title varchar(255) NOT NULL,\n    \
         created_at timestamptz NOT NULL DEFAULT now(),\n    CONSTRAINT t{table:04}_pkey PRIMARY KEY (id)\n)"
    )
}

fn drop_table(table: usize) -> String {
    format!("DROP TABLE t{table:04}")
}

fn revision(table: usize) -> String {
    let before = table - 1;
    let mut text = String::from("from alembic import op\nimport sqlalchemy as sa\n\n");
    let parent = if before == 0 { "None".to_owned() } else { format!("\"r{before:04}\"") };
    write!(
        text,
        r#"revision = "r{table:04}"
down_revision = {parent}


def upgrade():
    op.create_table(
        "t{table:04}",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("id", name="t{table:04}_pkey"),
    )


def downgrade():
    op.drop_table("t{table:04}")
"#
    )
    .expect("writing to a string does not fail");
    text
}

const ALEMBIC_ENVIRONMENT: &str = "\
from alembic import context
from sqlalchemy import engine_from_config, pool

engine = engine_from_config(context.config.get_section(context.config.config_ini_section), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_gets_as_many_files_of_one_table() {
        let folder = tempfile::tempdir().unwrap();
        let files = |relative: &str| std::fs::read_dir(folder.path().join(relative)).unwrap().count();
        let path = |tool: &str| folder.path().join(tool);
        whimbrel(&path("whimbrel"), 3, "postgres://h/d").unwrap();
        alembic(&path("alembic"), 3, "postgres://h/d").unwrap();
        dbmate(&path("dbmate"), 3).unwrap();
        let (up, down) = psql(&path("psql"), 3).unwrap();
        assert_eq!(files("whimbrel/migrations"), 3);
        assert_eq!(files("alembic/scripts/versions"), 3);
        assert_eq!(files("dbmate/migrations"), 3);
        let text = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert_eq!(text(&up).matches("CREATE TABLE").count(), 3);
        assert_eq!(text(&down), "DROP TABLE t0003;\nDROP TABLE t0002;\nDROP TABLE t0001;\n");
        assert!(revision(1).contains("down_revision = None"));
        assert!(revision(2).contains("down_revision = \"r0001\""));
    }
}
