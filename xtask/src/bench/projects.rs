//! The same tables as a project of Whimbrel, of Alembic and of dbmate.
//!
//! Each table has 8 columns, 2 indexes and 1 foreign key, to the table before it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes `whimbrel.toml` and `src/schema.rs`.
pub(crate) fn whimbrel(folder: &Path, tables: usize, url: &str) -> Result<()> {
    whimbrel_settings(folder, url)?;
    write(folder, "src/schema.rs", &rust_schema(tables))
}

/// Writes `whimbrel.toml`.
pub(super) fn whimbrel_settings(folder: &Path, url: &str) -> Result<()> {
    write(
        folder,
        "whimbrel.toml",
        &format!("name = \"bench\"\nmodel = \"relational\"\n\n[environments.development]\nurl = \"{url}\"\n"),
    )
}

/// Writes `alembic.ini`, `env.py`, the script template and the SQLAlchemy metadata in `models.py`.
pub(super) fn alembic(folder: &Path, tables: usize, url: &str) -> Result<()> {
    alembic_settings(folder, url)?;
    write(folder, "scripts/env.py", ALEMBIC_ENVIRONMENT)?;
    write(folder, "models.py", &python_models(tables))
}

/// Writes `alembic.ini`, the script template and the empty folder of revisions.
pub(super) fn alembic_settings(folder: &Path, url: &str) -> Result<()> {
    // SQLAlchemy refuses the short scheme, and configparser expands percent signs.
    let url = url.replacen("postgres://", "postgresql+psycopg2://", 1).replace('%', "%%");
    write(
        folder,
        "alembic.ini",
        &format!(
            "[alembic]\nscript_location = %(here)s/scripts\nprepend_sys_path = %(here)s\nsqlalchemy.url = {url}\n"
        ),
    )?;
    write(folder, "scripts/script.py.mako", ALEMBIC_TEMPLATE)?;
    fs::create_dir_all(folder.join("scripts/versions")).context("create the folder of revisions")
}

/// Writes one migration for dbmate.
pub(super) fn dbmate(folder: &Path, tables: usize) -> Result<()> {
    write(
        folder,
        "migrations/20260101000000_init.sql",
        &format!("-- migrate:up\n{}\n-- migrate:down\n", sql_tables(tables)),
    )
}

/// Writes a file of a project, and the folders above it.
pub(super) fn write(folder: &Path, relative: &str, text: &str) -> Result<()> {
    let path = folder.join(relative);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("create {}", parent.display()))?;
    }
    fs::write(&path, text).with_context(|| format!("write {}", path.display()))
}

/// The table that a table's foreign key names: the one before it, and the first names itself.
fn parent(table: usize) -> usize {
    table.saturating_sub(1).max(1)
}

fn rust_schema(tables: usize) -> String {
    let mut text = String::from("use whimbrel::prelude::*;\n");
    for table in 1..=tables {
        let parent = parent(table);
        write!(
            text,
            r#"
#[derive(Model)]
#[db(table = "t{table:04}")]
#[db(index(parent_id), index(created_at))]
pub struct T{table:04} {{
    #[db(id, default = uuid)]
    pub id: Uuid,
    #[db(varchar = 255)]
    pub title: String,
    #[db(decimal(10, 2))]
    pub amount: Option<Decimal>,
    #[db(default = 0)]
    pub places: i32,
    #[db(default = true)]
    pub active: bool,
    #[db(references = T{parent:04}::id, on_delete = cascade)]
    pub parent_id: Option<Uuid>,
    pub note: Option<String>,
    #[db(default = now)]
    pub created_at: Timestamp,
}}
"#
        )
        .expect("writing to a string does not fail");
    }
    text
}

fn python_models(tables: usize) -> String {
    let mut text = String::from(PYTHON_HEAD);
    for table in 1..=tables {
        let parent = parent(table);
        write!(
            text,
            r#"
Table(
    "t{table:04}", metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("title", String(255), nullable=False),
    Column("amount", Numeric(10, 2)),
    Column("places", Integer, nullable=False, server_default=text("0")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("parent_id", Uuid, ForeignKey("t{parent:04}.id", name="t{table:04}_parent_id_fkey", ondelete="CASCADE")),
    Column("note", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Index("idx_t{table:04}_parent_id", "parent_id"),
    Index("idx_t{table:04}_created_at", "created_at"),
)
"#
        )
        .expect("writing to a string does not fail");
    }
    text
}

fn sql_tables(tables: usize) -> String {
    let mut text = String::new();
    for table in 1..=tables {
        let parent = parent(table);
        write!(
            text,
            r"
CREATE TABLE t{table:04} (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    title varchar(255) NOT NULL,
    amount numeric(10, 2),
    places integer NOT NULL DEFAULT 0,
    active boolean NOT NULL DEFAULT true,
    parent_id uuid REFERENCES t{parent:04} (id) ON DELETE CASCADE,
    note text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_t{table:04}_parent_id ON t{table:04} (parent_id);
CREATE INDEX idx_t{table:04}_created_at ON t{table:04} (created_at);
"
        )
        .expect("writing to a string does not fail");
    }
    text
}

const PYTHON_HEAD: &str = "\
from sqlalchemy import (
    Boolean, Column, DateTime, ForeignKey, Index, Integer, MetaData, Numeric, String, Table, Text, Uuid, text,
)

metadata = MetaData()
";

const ALEMBIC_ENVIRONMENT: &str = "\
from alembic import context
from sqlalchemy import engine_from_config, pool

from models import metadata

engine = engine_from_config(context.config.get_section(context.config.config_ini_section), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
";

const ALEMBIC_TEMPLATE: &str = r#""""${message}"""
from alembic import op
import sqlalchemy as sa

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_projects_declare_the_same_tables() {
        for (text, table, index, key) in [
            (rust_schema(3), "#[derive(Model)]", "index(", "references ="),
            (python_models(3), "\nTable(", "Index(\"", "ForeignKey(\""),
            (sql_tables(3), "CREATE TABLE", "CREATE INDEX", "REFERENCES"),
        ] {
            assert_eq!(
                (text.matches(table).count(), text.matches(index).count(), text.matches(key).count()),
                (3, 6, 3),
                "{text}"
            );
        }
        assert!(rust_schema(3).contains("references = T0002::id"));
        assert!(rust_schema(1).contains("references = T0001::id"));
    }
}
