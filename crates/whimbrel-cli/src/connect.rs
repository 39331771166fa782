//! The one place that knows which engine a URL stands for.

use std::sync::Arc;

use whimbrel_documents::{DocumentOptions, DocumentStore};
use whimbrel_engine::document::DocumentEngine;
use whimbrel_engine::{Engine, EngineError, ScriptWriter};
use whimbrel_lifecycle::project::{DataModel, Project, SqliteLocation, Synchronous, UrlScheme};
use whimbrel_lifecycle::{LifecycleError, require_sql};
use whimbrel_mongo::{MongoOptions, TokioRuntime};
use whimbrel_postgres::{Postgres, PostgresOptions, PostgresScript, SslMode};
use whimbrel_sqlite::{Location, Sqlite, SqliteOptions, SqliteScript};

/// The database of an embedded file: it holds one project.
const EMBEDDED_DATABASE: &str = "app";

/// What the connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To read. An embedded database that does not exist counts as empty and is not made.
    Look,
    /// To change what is there.
    Change,
    /// To change what is there, and to create the database where it is missing and nothing protects it.
    BringUp,
}

/// Connects to the project's database.
pub(crate) async fn connect(project: &Project, purpose: Purpose) -> Result<Box<dyn Engine>, LifecycleError> {
    match project.url.value.scheme() {
        UrlScheme::Postgres => postgres(project, purpose).await,
        UrlScheme::Mongodb | UrlScheme::MongodbSrv => {
            Ok(Box::new(whimbrel_mongo::connect(&mongo_options(project)).await?))
        }
        UrlScheme::Sqlite if project.model.value == DataModel::Relational => sqlite(project, purpose),
        UrlScheme::Sqlite => documents(project, purpose),
        other => Err(no_engine(other)),
    }
}

/// What writes a script for the project's database; `over` says whether it may look at the database itself.
pub(crate) fn script_writer(project: &Project, over: bool) -> Result<Box<dyn ScriptWriter>, LifecycleError> {
    require_sql(project, "a script by `--sql`")?;
    match project.url.value.scheme() {
        UrlScheme::Postgres => Ok(Box::new(PostgresScript::new(&postgres_options(project)?)?)),
        UrlScheme::Sqlite => {
            let options = sqlite_options(project, Purpose::Look);
            let exists = matches!(&options.location, Location::File(path) if path.exists());
            Ok(Box::new(if over && exists {
                SqliteScript::over(&options)?
            } else {
                SqliteScript::offline()?
            }))
        }
        other => Err(no_engine(other)),
    }
}

fn no_engine(scheme: UrlScheme) -> LifecycleError {
    EngineError::Setting {
        setting: "url".to_owned(),
        reason: format!("no engine for {}:// is built into this version", scheme.name()),
    }
    .into()
}

async fn postgres(project: &Project, purpose: Purpose) -> Result<Box<dyn Engine>, LifecycleError> {
    let options = postgres_options(project)?;
    let engine = match Postgres::connect(&options).await {
        Err(EngineError::UnknownDatabase { .. })
            if purpose == Purpose::BringUp && !project.protected.value =>
        {
            whimbrel_postgres::create_database(&options).await?;
            Postgres::connect(&options).await?
        }
        connected => connected?,
    };
    Ok(Box::new(engine))
}

fn postgres_options(project: &Project) -> Result<PostgresOptions, LifecycleError> {
    let settings = &project.postgres;
    let mode = settings.ssl_mode.value.as_str();
    let ssl_mode = SslMode::from_word(mode).ok_or_else(|| EngineError::Setting {
        setting: "postgres.ssl_mode".to_owned(),
        reason: format!("`{mode}` is no mode"),
    })?;
    // These stand in the settings already, with the URL's own values first.
    let url = project.url.value.clone().without_parameters(&[
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "application_name",
    ]);
    let mut options = PostgresOptions::new(url.expose());
    options.ssl_mode = Some(ssl_mode);
    options.ssl_root_cert.clone_from(&settings.ssl_root_cert.value);
    options.ssl_cert.clone_from(&settings.ssl_cert.value);
    options.ssl_key.clone_from(&settings.ssl_key.value);
    options.application_name.clone_from(&settings.application_name.value);
    options.connect_timeout = project.pool.connect_timeout.value;
    options.statement_timeout = project.pool.statement_timeout.value;
    options.lock_timeout = project.pool.lock_timeout.value;
    options.lease = project.pool.lease.value;
    if let Some(schema) = settings.schemas.value.first() {
        options.schema.clone_from(schema);
    }
    Ok(options)
}

fn mongo_options(project: &Project) -> MongoOptions {
    let (settings, pool) = (&project.mongodb, &project.pool);
    let mut options = MongoOptions::new(project.url.value.expose());
    options.application_name.clone_from(&settings.application_name.value);
    options.connect_timeout = pool.connect_timeout.value;
    options.server_selection_timeout = settings.server_selection_timeout.value;
    options.statement_timeout = pool.statement_timeout.value;
    options.min_pool_size = Some(pool.min.value);
    options.max_pool_size = Some(pool.size.value.saturating_add(pool.overflow.value));
    options.max_idle_time = pool.idle_time.value;
    options.tls.enabled = settings.tls.value.then_some(true);
    options.tls.ca_file.clone_from(&settings.tls_ca_file.value);
    options.tls.certificate_key_file.clone_from(&settings.tls_certificate_key_file.value);
    options.lease = pool.lease.value;
    options
}

fn documents(project: &Project, purpose: Purpose) -> Result<Box<dyn Engine>, LifecycleError> {
    let location = match project.url.value.sqlite().expect("a sqlite URL names a location") {
        SqliteLocation::Memory => whimbrel_documents::Location::Memory,
        // What does not exist yet counts as empty, and is not made by looking.
        SqliteLocation::File(path) if purpose == Purpose::Look && !path.exists() => {
            whimbrel_documents::Location::Memory
        }
        SqliteLocation::File(path) => whimbrel_documents::Location::File(path.clone()),
    };
    let mut options = DocumentOptions::new(location, EMBEDDED_DATABASE);
    options.busy_timeout = project.sqlite.busy_timeout.value;
    options.synchronous = match project.sqlite.synchronous.value {
        Synchronous::Full => whimbrel_documents::Synchronous::Full,
        Synchronous::Normal => whimbrel_documents::Synchronous::Normal,
    };
    let store = DocumentStore::open(&options)?;
    let lease =
        whimbrel_mongo::lease_options(project.pool.lease.value, &project.mongodb.application_name.value);
    Ok(Box::new(DocumentEngine::new(store, Arc::new(TokioRuntime), lease)))
}

fn sqlite(project: &Project, purpose: Purpose) -> Result<Box<dyn Engine>, LifecycleError> {
    Ok(Box::new(Sqlite::open(&sqlite_options(project, purpose))?))
}

fn sqlite_options(project: &Project, purpose: Purpose) -> SqliteOptions {
    let location = project.url.value.sqlite().expect("a sqlite URL names a location");
    let mut options = match location {
        SqliteLocation::Memory => SqliteOptions::memory(),
        SqliteLocation::File(path) => SqliteOptions::file(path.clone()),
    };
    options.create = purpose != Purpose::Look;
    options.busy_timeout = project.sqlite.busy_timeout.value;
    options.lease = project.pool.lease.value;
    options.synchronous = match project.sqlite.synchronous.value {
        Synchronous::Full => whimbrel_sqlite::Synchronous::Full,
        Synchronous::Normal => whimbrel_sqlite::Synchronous::Normal,
    };
    options
}
