//! The tools whose histories can be taken over, and how their tables are told apart.

use serde::Serialize;
use whimbrel_schema::catalog::{Catalog, QualifiedName, Table};

use super::AdoptError;

/// The table that Rails keeps beside its versions.
const RAILS_METADATA: &str = "ar_internal_metadata";

/// A tool whose history can be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// Alembic, of SQLAlchemy.
    Alembic,
    /// dbmate.
    Dbmate,
    /// sqlx's `migrate`.
    Sqlx,
    /// Flyway.
    Flyway,
    /// Django's migrations.
    Django,
    /// Rails' Active Record.
    Rails,
    /// goose.
    Goose,
    /// migrate-mongo.
    MigrateMongo,
}

/// A tool's table as it was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) tool: Tool,
    pub(super) table: QualifiedName,
    /// Every table that is the tool's own.
    pub(super) own: Vec<QualifiedName>,
}

impl Tool {
    /// Every tool.
    pub const ALL: [Tool; 8] = [
        Tool::Alembic,
        Tool::Dbmate,
        Tool::Sqlx,
        Tool::Flyway,
        Tool::Django,
        Tool::Rails,
        Tool::Goose,
        Tool::MigrateMongo,
    ];

    /// Whether it keeps its history as documents in a collection.
    #[must_use]
    pub const fn is_of_documents(self) -> bool {
        matches!(self, Tool::MigrateMongo)
    }

    /// The tools that keep their histories in tables.
    fn relational() -> impl Iterator<Item = Tool> {
        Tool::ALL.into_iter().filter(|tool| !tool.is_of_documents())
    }

    /// The word that stands for it on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Tool::Alembic => "alembic",
            Tool::Dbmate => "dbmate",
            Tool::Sqlx => "sqlx",
            Tool::Flyway => "flyway",
            Tool::Django => "django",
            Tool::Rails => "rails",
            Tool::Goose => "goose",
            Tool::MigrateMongo => "migrate-mongo",
        }
    }

    /// The tool that a word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Tool::ALL.into_iter().find(|tool| tool.word() == word)
    }

    /// Its name in a sentence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Tool::Alembic => "Alembic",
            Tool::Flyway => "Flyway",
            Tool::Django => "Django",
            Tool::Rails => "Rails",
            Tool::Dbmate | Tool::Sqlx | Tool::Goose | Tool::MigrateMongo => self.word(),
        }
    }

    /// The table or collection in which it keeps its history, unless it was told of another.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Tool::Alembic => "alembic_version",
            Tool::Dbmate | Tool::Rails => "schema_migrations",
            Tool::Sqlx => "_sqlx_migrations",
            Tool::Flyway => "flyway_schema_history",
            Tool::Django => "django_migrations",
            Tool::Goose => "goose_db_version",
            Tool::MigrateMongo => "changelog",
        }
    }

    /// Columns or fields that its table or collection has in every version of the tool.
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Tool::Alembic => &["version_num"],
            Tool::Dbmate | Tool::Rails => &["version"],
            Tool::Sqlx => &["version", "description", "success", "checksum"],
            Tool::Flyway => &["installed_rank", "version", "type", "script", "checksum", "success"],
            Tool::Django => &["app", "name", "applied"],
            Tool::Goose => &["version_id", "is_applied"],
            Tool::MigrateMongo => &["fileName", "appliedAt"],
        }
    }

    /// Whether a table is this tool's by its columns.
    fn fits(self, table: &Table) -> bool {
        let has = |name: &&str| table.columns.iter().any(|column| column.name == **name);
        let only = matches!(self, Tool::Dbmate | Tool::Rails | Tool::Alembic);
        self.columns().iter().all(has) && (!only || table.columns.len() == self.columns().len())
    }

    /// The command that brings a database up with it, for advice.
    pub(super) const fn upgrade_command(self) -> &'static str {
        match self {
            Tool::Alembic => "alembic upgrade head",
            Tool::Dbmate => "dbmate up",
            Tool::Sqlx => "sqlx migrate run",
            Tool::Flyway => "flyway migrate",
            Tool::Django => "manage.py migrate",
            Tool::Rails => "rails db:migrate",
            Tool::Goose => "goose up",
            Tool::MigrateMongo => "migrate-mongo up",
        }
    }
}

/// Finds the table of the named tool, or of the only one that has a table here.
///
/// # Errors
/// There is none, or there are several and none was named.
pub(super) fn find(catalog: &Catalog, wanted: Option<Tool>) -> Result<Found, AdoptError> {
    let metadata = |table: &Table| {
        let name = table.name.sibling(RAILS_METADATA);
        catalog.table(&name).map(|_| name)
    };
    let mut found: Vec<Found> = Vec::new();
    for table in &catalog.tables {
        for tool in Tool::relational().filter(|tool| tool.table() == table.name.name && tool.fits(table)) {
            let beside = metadata(table);
            let told_apart = match tool {
                Tool::Dbmate => beside.is_none(),
                Tool::Rails => beside.is_some(),
                _ => true,
            };
            // Who names a tool knows better than the table beside.
            if wanted.map_or(told_apart, |wanted| wanted == tool) {
                let beside = beside.filter(|_| tool == Tool::Rails);
                let own = std::iter::once(table.name.clone()).chain(beside).collect();
                found.push(Found { tool, table: table.name.clone(), own });
            }
        }
    }
    if found.len() > 1 {
        let tools = found.iter().map(|found| format!("{} ({})", found.tool.word(), found.table)).collect();
        return Err(AdoptError::Several { tools });
    }
    found.pop().ok_or_else(|| nothing(catalog, wanted))
}

/// Every table in which some tool keeps its history; none of them is a part of a schema.
pub(crate) fn own_tables(catalog: &Catalog) -> Vec<QualifiedName> {
    let is_tool =
        |table: &&Table| Tool::relational().any(|tool| tool.table() == table.name.name && tool.fits(table));
    let histories: Vec<QualifiedName> =
        catalog.tables.iter().filter(is_tool).map(|table| table.name.clone()).collect();
    let metadata = histories
        .iter()
        .filter(|name| name.name == Tool::Rails.table())
        .map(|name| name.sibling(RAILS_METADATA))
        .filter(|name| catalog.table(name).is_some())
        .collect::<Vec<_>>();
    histories.into_iter().chain(metadata).collect()
}

fn nothing(catalog: &Catalog, wanted: Option<Tool>) -> AdoptError {
    let looked_for: Vec<&str> = match wanted {
        Some(tool) => vec![tool.table()],
        None => {
            let mut tables: Vec<&str> = Tool::relational().map(Tool::table).collect();
            tables.dedup();
            tables.sort_unstable();
            tables.dedup();
            tables
        }
    };
    let strange =
        catalog.tables.iter().find(|table| looked_for.contains(&table.name.name.as_str())).map(|table| {
            let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
            format!("; {} has the columns {}, which are another tool's", table.name, columns.join(", "))
        });
    AdoptError::NotFound {
        looked: format!("the tables {}", looked_for.join(", ")),
        strange: strange.unwrap_or_default(),
        help: "check the database (`whimbrel config`) and its schemas; a database that no tool knows is taken over by \
               `whimbrel schema pull` and `whimbrel migrate baseline`"
            .to_owned(),
    }
}
