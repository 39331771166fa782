//! The errors of the use cases.

use miette::Diagnostic;
use thiserror::Error;

use crate::migration::MigrationError;
use crate::project::ProjectError;

/// The result of a use case.
pub type Result<T> = std::result::Result<T, LifecycleError>;

/// What can go wrong in a use case.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum LifecycleError {
    /// The project or its environment.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Project(#[from] ProjectError),
    /// The migration files or their history.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Migration(#[from] MigrationError),
    /// Another tool's history.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Adopt(#[from] crate::adopt::AdoptError),
    /// A script that is to become migration files.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Import(#[from] crate::alembic::ImportError),
    /// The database.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Engine(#[from] whimbrel_engine::EngineError),
    /// The schema's source.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Schema(#[from] whimbrel_schema::read::ReadError),
    /// What the schema asks for cannot be written as a relational catalogue.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Lower(#[from] whimbrel_schema::lower::LowerError),
    /// What the schema asks for cannot be reached from what stands.
    #[error(transparent)]
    #[diagnostic(transparent)]
    DocumentDiff(#[from] whimbrel_schema::document::DocumentDiffError),
    /// A guard refuses.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Guard(#[from] crate::project::GuardError),
    /// A hook before the migrations failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Hook(#[from] crate::hooks::HookError),
    /// A hook's process is out of reach.
    #[error("the command cannot be watched: {reason}")]
    #[diagnostic(code(hook::process), help("run the same command again"))]
    HookProcess {
        /// What the system said.
        reason: String,
    },
    /// Lint refuses.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Lint(#[from] crate::lint::LintError),
    /// The rows that stand do not fit, or would be lost.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Preflight(#[from] crate::preflight::PreflightError),
    /// A schema document cannot be read.
    #[error("{path}: {reason}")]
    #[diagnostic(
        code(schema::document),
        help("`whimbrel schema print --format json` shows the form that is expected")
    )]
    SchemaDocument {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The schema file is not there.
    #[error("there is no schema at {path}")]
    #[diagnostic(
        code(schema::missing),
        help(
            "write it, name another file as `schema` in whimbrel.toml, or take it from the database: `whimbrel schema pull`"
        )
    )]
    SchemaMissing {
        /// The file.
        path: String,
    },
    /// A file would be overwritten.
    #[error("{path} exists already and holds another schema")]
    #[diagnostic(code(schema::exists), help("`--force` replaces it, `--stdout` prints instead"))]
    SchemaExists {
        /// The file.
        path: String,
    },
    /// A file cannot be written.
    #[error("{path} cannot be written: {reason}")]
    #[diagnostic(code(project::file), help("check that the path exists and its permissions"))]
    File {
        /// The path.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A relational command on another data model.
    #[error("{product} has no relational schema")]
    #[diagnostic(
        code(project::data_model),
        help("check `model` in whimbrel.toml and the URL: `whimbrel config`")
    )]
    NotRelational {
        /// The product.
        product: String,
    },
    /// A command for documents on another data model.
    #[error("{product} holds no documents")]
    #[diagnostic(
        code(project::data_model),
        help("check `model` in whimbrel.toml and the URL: `whimbrel config`")
    )]
    NotDocuments {
        /// The product.
        product: String,
    },
    /// A script did not run to its end.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Script(#[from] crate::scripted::ScriptFailure),
    /// What an index says of itself is none of BSON's values.
    #[error("the index {index} cannot be built: {reason}")]
    #[diagnostic(code(index::option), help("correct its filter or options in the schema"))]
    IndexOption {
        /// The index.
        index: String,
        /// What is wrong.
        reason: String,
    },
    /// A rename that names nothing.
    #[error("--rename {given}: {what}")]
    #[diagnostic(
        code(migrate::bad_rename),
        help("write `--rename old_table:new_table`, `--rename table.old_column:new_column`")
    )]
    BadRename {
        /// What was given.
        given: String,
        /// What is wrong.
        what: String,
    },
    /// What stands is not what is declared.
    #[error("the database is not what the schema declares:{}", listed(.differences))]
    #[diagnostic(
        code(verify::differs),
        help(
            "`whimbrel migrate create --auto --name …` writes what no migration makes; `whimbrel status` shows the whole picture"
        )
    )]
    Differs {
        /// The differences in words.
        differences: Vec<String>,
    },
    /// A baseline over a history.
    #[error("this database has a migration history already")]
    #[diagnostic(
        code(migrate::has_history),
        help("`whimbrel migrate status` shows it; name a version to mark up to it")
    )]
    HasHistory,
}

/// How many differences a message lists.
const LISTED: usize = 10;

fn listed(differences: &[String]) -> String {
    let mut text: String =
        differences.iter().take(LISTED).map(|sentence| format!("\n- {sentence}")).collect();
    if differences.len() > LISTED {
        text.push_str(&format!("\n- and {} more", differences.len() - LISTED));
    }
    text
}
