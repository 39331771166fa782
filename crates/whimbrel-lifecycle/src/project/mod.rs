//! Opens a project: finds whimbrel.toml, reads `.env`, chooses the environment and decides every setting.
//!
//! This module owns what is in force and where it came from. It must not print, open a socket or look at the
//! process's environment: [`ProcessEnvironment::read`] is the one place that does, and its result is handed in.

mod address;
mod dotenv;
mod environment;
mod error;
mod file;
mod guard;
mod hooks;
mod interpret;
mod keys;
mod mask;
mod resolve;
mod rows;
mod setting;
mod template;
mod url;
mod values;

#[cfg(test)]
mod tests;

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use self::environment::Variables;
use self::file::{ConfigFile, FILE_NAME};
use self::resolve::Resolver;

pub use self::environment::{EnvironmentVariables, ProcessEnvironment};
pub use self::error::ProjectError;
pub use self::guard::{Action, GuardError};
pub use self::hooks::{Hook, HookRun, HookSettings};
pub use self::keys::reference_markdown;
pub use self::setting::{Origin, Secret, Setting, SettingRow, VariableFrom, VariableSource};
pub use self::url::{DatabaseUrl, SqliteLocation, UrlError, UrlScheme};
pub use self::values::{
    DataModel, LintLevel, LintSettings, LogFormat, LogLevel, LoggingSettings, MongodbSettings, PoolSettings,
    PostgresSettings, SqliteSettings, SslMode, Synchronous,
};
pub(crate) use self::values::{duration_text, parse_duration};

/// What the command line says about a project.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--env`.
    pub env: Option<String>,
    /// `--url`.
    pub url: Option<Secret>,
}

/// A project in one environment, every setting decided.
#[derive(Clone, Debug)]
pub struct Project {
    /// The project's name.
    pub name: Setting<String>,
    /// Its data model.
    pub model: Setting<DataModel>,
    /// The folder of whimbrel.toml, absolute.
    pub folder: PathBuf,
    /// The schema: a `.rs` or `.json` file, absolute.
    pub schema_path: Setting<PathBuf>,
    /// The folder of the migration files, absolute.
    pub migrations_folder: Setting<PathBuf>,
    /// The folder of the seed files, absolute.
    pub seeds_folder: Setting<PathBuf>,
    /// The environment.
    pub environment: Setting<String>,
    /// Whether the environment is guarded.
    pub protected: Setting<bool>,
    /// The database.
    pub url: Setting<DatabaseUrl>,
    /// The connection pool.
    pub pool: PoolSettings,
    /// The embedded engine.
    pub sqlite: SqliteSettings,
    /// PostgreSQL.
    pub postgres: PostgresSettings,
    /// MongoDB.
    pub mongodb: MongodbSettings,
    /// Logging.
    pub logging: LoggingSettings,
    /// What runs around the migrations.
    pub hooks: HookSettings,
    /// What is looked for in a plan's statements.
    pub lint: LintSettings,
}

impl Project {
    /// Opens the project in `folder`, or else the nearest one from the working directory upwards.
    ///
    /// # Errors
    /// When there is none, or anything that is in use is wrong; the error holds the place and the next step.
    pub fn open(
        folder: Option<&Path>,
        overrides: &Overrides,
        environment: &EnvironmentVariables,
    ) -> Result<Self, ProjectError> {
        let folder = match folder {
            Some(folder) => named_folder(folder)?,
            None => Self::find(Path::new("."))?,
        };
        let path = folder.join(FILE_NAME);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| ProjectError::Unreadable { path: path.clone(), source })?;
        let file = ConfigFile::parse(&path, text)?;
        let variables = Variables::read(&folder, environment)?;
        let resolver = Resolver { file: &file, variables: &variables, environment: None, url: None };
        Self::decide(resolver, folder, overrides)
    }

    /// Finds the nearest folder with a whimbrel.toml, from `start` upwards.
    ///
    /// # Errors
    /// When there is none up to the root.
    pub fn find(start: &Path) -> Result<PathBuf, ProjectError> {
        let start = absolute(start)?;
        let found = start.ancestors().find(|folder| folder.join(FILE_NAME).is_file());
        found.map(Path::to_owned).ok_or(ProjectError::NotFound { folder: start, upwards: true })
    }

    fn decide(
        mut resolver: Resolver<'_>,
        folder: PathBuf,
        overrides: &Overrides,
    ) -> Result<Self, ProjectError> {
        let name = resolver
            .optional_text("name")?
            .unwrap_or_else(|| Setting::new(resolver.folder_name(), Origin::Default));
        let model = resolver.choice("model", DataModel::from_name)?;
        let environment = choose_environment(&resolver, overrides)?;
        resolver.environment = Some(environment.value.clone());
        let protected = resolver.protected(&environment.value)?;
        let wanted = address::Wanted {
            flag: overrides.url.as_ref(),
            model: model.value,
            environment: &environment.value,
            folder: &folder,
        };
        let url = address::resolve(&resolver, &wanted)?;
        resolver.url = Some(url.clone());
        let path = |key: &str| -> Result<Setting<PathBuf>, ProjectError> {
            Ok(resolver.text(key)?.map(|path| in_folder(&folder, &path)))
        };
        Ok(Self {
            schema_path: path("schema")?,
            migrations_folder: path("migrations")?,
            seeds_folder: path("seeds")?,
            pool: pool(&resolver)?,
            sqlite: SqliteSettings {
                synchronous: resolver.choice("sqlite.synchronous", Synchronous::from_name)?,
                busy_timeout: resolver.duration("sqlite.busy_timeout")?,
            },
            postgres: postgres(&resolver, &folder, &name.value)?,
            mongodb: mongodb(&resolver, &folder, &name.value)?,
            logging: LoggingSettings {
                level: resolver.choice("logging.level", LogLevel::from_name)?,
                format: resolver.choice("logging.format", LogFormat::from_name)?,
                sql: resolver.boolean("logging.sql")?,
            },
            hooks: HookSettings {
                before_migrate: resolver.hooks("hooks.before_migrate")?,
                after_migrate: resolver.hooks("hooks.after_migrate")?,
                before_rollback: resolver.hooks("hooks.before_rollback")?,
                after_rollback: resolver.hooks("hooks.after_rollback")?,
                timeout: resolver.duration("hooks.timeout")?,
            },
            lint: lint(&resolver, protected.value)?,
            name,
            model,
            environment,
            protected,
            url,
            folder,
        })
    }
}

fn lint(resolver: &Resolver<'_>, is_protected: bool) -> Result<LintSettings, ProjectError> {
    let default = if is_protected { LintLevel::Refuse } else { LintLevel::Advise };
    let level = resolver.optional_choice("lint.level", LintLevel::from_name)?;
    let ignore = resolver.optional_list("lint.ignore")?;
    Ok(LintSettings {
        level: level.unwrap_or_else(|| Setting::new(default, Origin::Default)),
        ignore: ignore.unwrap_or_else(|| Setting::new(Vec::new(), Origin::Default)),
        big_table_rows: resolver.integer("lint.big_table_rows")?,
    })
}

fn absolute(path: &Path) -> Result<PathBuf, ProjectError> {
    let absolute = std::path::absolute(path)
        .map_err(|source| ProjectError::Unreadable { path: path.to_owned(), source })?;
    Ok(lexical(&absolute))
}

/// Removes `.` and `..` as text, which keeps the path as the user knows it.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

fn in_folder(folder: &Path, path: &str) -> PathBuf {
    lexical(&folder.join(path))
}

/// Checks the folder of `--project`; the file itself is accepted too.
fn named_folder(folder: &Path) -> Result<PathBuf, ProjectError> {
    let mut folder = absolute(folder)?;
    if folder.file_name().is_some_and(|name| name == FILE_NAME) && folder.is_file() {
        folder.pop();
    }
    if folder.join(FILE_NAME).is_file() {
        Ok(folder)
    } else {
        Err(ProjectError::NotFound { folder, upwards: false })
    }
}

const BUILT_IN_ENVIRONMENTS: [&str; 3] = ["development", "test", "production"];

fn choose_environment(
    resolver: &Resolver<'_>,
    overrides: &Overrides,
) -> Result<Setting<String>, ProjectError> {
    let mapped = resolver.file.mapped("environment").iter().map(String::as_str);
    let environment = match &overrides.env {
        Some(name) => Setting::new(name.clone(), Origin::Flag { name: "--env" }),
        None => match resolver.variable(std::iter::once("WHIMBREL_ENV").chain(mapped)) {
            Some((name, source)) => Setting::new(name, Origin::Variable(source)),
            None => resolver.text("default_environment")?,
        },
    };
    let mut known: Vec<&str> = resolver.file.environments().chain(BUILT_IN_ENVIRONMENTS).collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&environment.value.as_str()) {
        return Ok(environment);
    }
    let near = interpret::nearest(&environment.value, known.iter().copied());
    let names = known.join(", ");
    let help = match near {
        Some(near) => format!("did you mean `{near}`? There are {names}"),
        None => format!("there are {names}; another one needs a table [environments.NAME] in whimbrel.toml"),
    };
    let entry = match environment.origin {
        Origin::File { .. } => resolver.file.get("default_environment"),
        _ => None,
    };
    let view = resolver.file.view();
    Err(ProjectError::UnknownEnvironment {
        environment: environment.value,
        origin: environment.origin,
        span: entry.map(|entry| view.span(entry.span.clone())),
        source_code: entry.map(|_| view.named_source()),
        help,
    })
}

/// A shorter lease would be lost while its holder works.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

fn pool(resolver: &Resolver<'_>) -> Result<PoolSettings, ProjectError> {
    let pool = PoolSettings {
        size: resolver.integer("pool.size")?,
        overflow: resolver.integer("pool.overflow")?,
        min: resolver.integer("pool.min")?,
        idle_time: resolver.duration_or_off("pool.idle_time")?,
        recycle: resolver.duration_or_off("pool.recycle")?,
        pre_ping: resolver.boolean("pool.pre_ping")?,
        connect_timeout: resolver.duration("pool.connect_timeout")?,
        acquire_timeout: resolver.duration("pool.acquire_timeout")?,
        statement_timeout: resolver.duration_or_off("pool.statement_timeout")?,
        lock_timeout: resolver.duration_or_off("pool.lock_timeout")?,
        lease: resolver.duration("pool.lease")?,
    };
    if pool.lease.value < SHORTEST_LEASE {
        return Err(ProjectError::BadValue {
            key: "pool.lease".to_owned(),
            reason: format!("is shorter than {} ms", SHORTEST_LEASE.as_millis()),
            origin: pool.lease.origin,
            source_code: None,
            span: None,
            help:
                "a lease must outlast a slow moment of the machine and of the network: `15s` is the default"
                    .to_owned(),
        });
    }
    if pool.min.value > pool.size.value {
        return Err(ProjectError::BadValue {
            key: "pool.min".to_owned(),
            reason: format!("is {}, above pool.size, which is {}", pool.min.value, pool.size.value),
            origin: pool.min.origin,
            source_code: None,
            span: None,
            help: "lower pool.min or raise pool.size".to_owned(),
        });
    }
    Ok(pool)
}

fn postgres(resolver: &Resolver<'_>, folder: &Path, name: &str) -> Result<PostgresSettings, ProjectError> {
    let path = |key: &str| optional_path(resolver, folder, key);
    Ok(PostgresSettings {
        ssl_mode: resolver.choice("postgres.ssl_mode", SslMode::from_name)?,
        ssl_root_cert: path("postgres.ssl_root_cert")?,
        ssl_cert: path("postgres.ssl_cert")?,
        ssl_key: path("postgres.ssl_key")?,
        application_name: resolver
            .optional_text("postgres.application_name")?
            .unwrap_or_else(|| Setting::new(format!("whimbrel/{name}"), Origin::Default)),
        schemas: resolver.list("postgres.schemas")?,
    })
}

fn mongodb(resolver: &Resolver<'_>, folder: &Path, name: &str) -> Result<MongodbSettings, ProjectError> {
    Ok(MongodbSettings {
        tls: resolver.boolean("mongodb.tls")?,
        tls_ca_file: optional_path(resolver, folder, "mongodb.tls_ca_file")?,
        tls_certificate_key_file: optional_path(resolver, folder, "mongodb.tls_certificate_key_file")?,
        application_name: resolver
            .optional_text("mongodb.application_name")?
            .unwrap_or_else(|| Setting::new(format!("whimbrel/{name}"), Origin::Default)),
        server_selection_timeout: resolver.duration("mongodb.server_selection_timeout")?,
    })
}

fn optional_path(
    resolver: &Resolver<'_>,
    folder: &Path,
    key: &str,
) -> Result<Setting<Option<PathBuf>>, ProjectError> {
    let setting = resolver.optional_text(key)?;
    Ok(match setting {
        Some(setting) => setting.map(|path| Some(in_folder(folder, &path))),
        None => Setting::new(None, Origin::Default),
    })
}
