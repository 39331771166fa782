//! The table of every key of whimbrel.toml: the parser checks against it, and the reference is written from it.

use std::fmt::Write as _;

use super::values::{DataModel, LintLevel, LogFormat, LogLevel, SslMode, Synchronous};

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Path,
    Url,
    Choice(&'static [&'static str]),
    Integer {
        min: u32,
        max: u32,
    },
    Boolean,
    /// `off` says whether `0s` turns the limit off.
    Duration {
        off: bool,
    },
    TextList,
    /// Commands and files of SQL.
    Hooks,
    /// One name of a variable, or several in order of precedence.
    Names,
}

impl Kind {
    /// Describes the kind in a sentence's middle.
    pub(crate) fn expected(self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Path => "a string that holds a path".to_owned(),
            Self::Url => "a string that holds a database URL".to_owned(),
            Self::Choice(names) => format!("one of {}", quoted(names)),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Boolean => "true or false".to_owned(),
            Self::Duration { off: false } => "a duration such as \"10s\"".to_owned(),
            Self::Duration { off: true } => "a duration such as \"10s\" (\"0s\" is off)".to_owned(),
            Self::TextList => "a list of strings".to_owned(),
            Self::Hooks => "a list of commands and files of SQL".to_owned(),
            Self::Names => "a variable's name or a list of names".to_owned(),
        }
    }

    fn type_name(self) -> String {
        match self {
            Self::Text => "string".to_owned(),
            Self::Path => "path".to_owned(),
            Self::Url => "URL".to_owned(),
            Self::Choice(names) => quoted(names).replace(" or ", ", "),
            Self::Integer { min, max } => format!("integer, {min} to {max}"),
            Self::Boolean => "boolean".to_owned(),
            Self::Duration { off: false } => "duration".to_owned(),
            Self::Duration { off: true } => "duration, \"0s\" is off".to_owned(),
            Self::TextList => "list of strings".to_owned(),
            Self::Hooks => "list of hooks".to_owned(),
            Self::Names => "string or list of strings".to_owned(),
        }
    }
}

/// Writes names as `"a", "b" or "c"`.
pub(crate) fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Key {
    /// The whole key; `<name>` stands for an environment's name.
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    /// The default as whimbrel.toml would write it without quotes; words in parentheses are computed.
    pub(crate) default: &'static str,
    pub(crate) doc: &'static str,
}

const fn key(path: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key { path, kind, default, doc }
}

const COUNT: Kind = Kind::Integer { min: 0, max: 10_000 };
const TIME: Kind = Kind::Duration { off: false };
const TIME_OR_OFF: Kind = Kind::Duration { off: true };

/// The keys, in the order of the reference.
#[rustfmt::skip]
pub(crate) const KEYS: &[Key] = &[
    key("name", Kind::Text, "(the folder's name)", "The project's name."),
    key("model", Kind::Choice(DataModel::NAMES), "relational", "The data model. It decides which URLs fit: `postgres://` and `sqlite:`, or `mongodb://`, `mongodb+srv://` and `sqlite:`."),
    key("schema", Kind::Path, "src/schema.rs", "The schema: Rust source, or a `.json` file."),
    key("migrations", Kind::Path, "migrations", "The folder of the migration files."),
    key("seeds", Kind::Path, "seeds", "The folder of the seed files."),
    key("default_environment", Kind::Text, "development", "The environment when neither `--env`, nor `WHIMBREL_ENV`, nor the mapped variable names one."),

    key("variables.url", Kind::Names, "(DATABASE_URL; for documents MONGODB_URI, MONGODB_URL)", "Variables that hold the whole database URL."),
    key("variables.host", Kind::Names, "(DB_HOST)", "Variables that hold the server's host. A URL is composed when the host or the database's name is set."),
    key("variables.port", Kind::Names, "(DB_PORT)", "Variables that hold the server's port."),
    key("variables.database", Kind::Names, "(DB_NAME; for documents MONGODB_DATABASE, DATABASE_NAME)", "Variables that hold the database's name."),
    key("variables.user", Kind::Names, "(DB_USER)", "Variables that hold the user's name."),
    key("variables.password", Kind::Names, "(DB_PASSWORD)", "Variables that hold the password."),
    key("variables.environment", Kind::Names, "(none)", "Variables that name the environment, such as NODE_ENV."),
    key("variables.debug", Kind::Names, "(none)", "Variables that raise `logging.level` to debug: `true`, `1`, `*`, or a list of namespaces that covers `<project>:database`."),

    key("pool.size", Kind::Integer { min: 1, max: 10_000 }, "10", "Connections that are kept."),
    key("pool.overflow", COUNT, "10", "Further connections for a rush; they are closed when they come back."),
    key("pool.min", COUNT, "0", "Connections that are kept open even when idle."),
    key("pool.idle_time", TIME_OR_OFF, "10m", "How long a connection above `min` may be idle before it is closed."),
    key("pool.recycle", TIME_OR_OFF, "1h", "The age at which a connection is replaced."),
    key("pool.pre_ping", Kind::Boolean, "true", "Whether a connection is tested before it is lent out."),
    key("pool.connect_timeout", TIME, "10s", "How long opening a connection may take."),
    key("pool.acquire_timeout", TIME, "30s", "How long a caller waits for a free connection."),
    key("pool.statement_timeout", TIME_OR_OFF, "0s", "How long a statement may run."),
    key("pool.lock_timeout", TIME_OR_OFF, "5s", "How long a statement waits for a lock."),
    key("pool.lease", TIME, "15s", "How long the deployers' lock holds without a sign of life, where it is a lease: on SQLite, on MongoDB, and behind a connection pooler. So long do the others wait for a deployer that was cut off."),

    key("sqlite.synchronous", Kind::Choice(Synchronous::NAMES), "full", "`full`: nothing that was committed is lost. `normal`: faster; a power failure may lose the last commits, never the database."),
    key("sqlite.busy_timeout", TIME, "5s", "How long a writer waits for another."),

    key("postgres.ssl_mode", Kind::Choice(SslMode::NAMES), "prefer", "How a connection is encrypted and checked. `sslmode` in the URL goes before the file."),
    key("postgres.ssl_root_cert", Kind::Path, "(the public authorities)", "A PEM file of the authorities to trust."),
    key("postgres.ssl_cert", Kind::Path, "(none)", "A PEM file with the client's certificate."),
    key("postgres.ssl_key", Kind::Path, "(none)", "A PEM file with the client's key."),
    key("postgres.application_name", Kind::Text, "(whimbrel/<name>)", "The name that the server shows for the connection."),
    key("postgres.schemas", Kind::TextList, "public", "The schemas that Whimbrel manages; what stands in others is left alone."),

    key("mongodb.tls", Kind::Boolean, "false", "Whether a connection is encrypted and the server's certificate checked. A `mongodb+srv://` URL and the files below say so too; `tls` in the URL goes before the file."),
    key("mongodb.tls_ca_file", Kind::Path, "(the public authorities)", "A PEM file of the authorities to trust; `tlsCAFile` in the URL."),
    key("mongodb.tls_certificate_key_file", Kind::Path, "(none)", "A PEM file with the client's certificate and its key, for X.509; `tlsCertificateKeyFile` in the URL."),
    key("mongodb.application_name", Kind::Text, "(whimbrel/<name>)", "The name that the server shows for the connection; `appName` in the URL."),
    key("mongodb.server_selection_timeout", TIME, "5s", "How long a server that fits is looked for, such as a primary during an election; `serverSelectionTimeoutMS` in the URL."),

    key("logging.level", Kind::Choice(LogLevel::NAMES), "(development: debug; test: warn; else info)", "How much is logged."),
    key("logging.format", Kind::Choice(LogFormat::NAMES), "(production: json; else text)", "The form of a log line."),
    key("logging.sql", Kind::Boolean, "(development: true; else false)", "Whether statements are logged with their text."),

    key("hooks.before_migrate", Kind::Hooks, "(none)", "What runs before files are applied. When one fails, nothing is run."),
    key("hooks.after_migrate", Kind::Hooks, "(none)", "What runs after files were applied. When one fails, everything stands, and the command exits with 6."),
    key("hooks.before_rollback", Kind::Hooks, "(none)", "The same, before files are rolled back."),
    key("hooks.after_rollback", Kind::Hooks, "(none)", "The same, after files were rolled back."),
    key("hooks.timeout", TIME, "5m", "How long each command may take."),
    key("lint.level", Kind::Choice(LintLevel::NAMES), "(protected environments: refuse; else advise)", "What findings about a plan's statements do: nothing, or be shown, or stop the plan where they are errors."),
    key("lint.ignore", Kind::TextList, "(none)", "Codes of findings that are not wanted here: see docs/reference/lint.md."),
    key("lint.big_table_rows", Kind::Integer { min: 0, max: u32::MAX }, "10000", "On a table with fewer rows a finding about locks is a note."),

    key("environments.<name>.url", Kind::Url, "(development and test: sqlite:.whimbrel/<name>.db)", "The database's URL. A relative SQLite path begins at the project's folder."),
    key("environments.<name>.protected", Kind::Boolean, "(development and test: false; else true)", "Whether the environment refuses to be seeded, reset and cleared, and asks for a flag before a rollback."),
];

/// The tables whose keys an environment can override and a variable can carry.
pub(crate) const OVERRIDABLE_TABLES: [&str; 6] = ["pool", "sqlite", "postgres", "mongodb", "logging", "lint"];

/// A key where it can stand: each overridable key stands at three places.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) kind: Kind,
}

/// Says whether a key belongs to one of the overridable tables.
fn is_overridable(path: &str) -> bool {
    path.split_once('.').is_some_and(|(table, _)| OVERRIDABLE_TABLES.contains(&table))
}

/// Lists every place of every key.
pub(crate) fn places() -> Vec<Place> {
    let mut places = Vec::with_capacity(KEYS.len() * 3);
    for key in KEYS {
        places.push(Place { path: key.path.to_owned(), kind: key.kind });
        if is_overridable(key.path) {
            places.push(Place { path: format!("environments.<name>.{}", key.path), kind: key.kind });
            places.push(Place { path: format!("variables.{}", key.path), kind: Kind::Names });
        }
    }
    places
}

/// Finds a row of the table.
pub(crate) fn find(path: &str) -> &'static Key {
    KEYS.iter()
        .find(|key| key.path == path)
        .expect("each key that the code asks for is in the table; a test reads them all")
}

/// Writes the reference of whimbrel.toml as Markdown.
pub fn reference_markdown() -> String {
    let mut page = String::from(PREFACE);
    let mut table = None;
    for key in KEYS {
        let (this_table, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        if table != Some(this_table) {
            table = Some(this_table);
            let title = if this_table.is_empty() {
                "The file's head".to_owned()
            } else {
                format!("`[{this_table}]`")
            };
            let _ = write!(page, "\n## {title}\n\n{}", introduction(this_table));
            page.push_str("| key | type | default | meaning |\n|---|---|---|---|\n");
        }
        let default = if key.default.starts_with('(') {
            key.default.trim_matches(['(', ')']).to_owned()
        } else {
            format!("`{}`", default_literal(key))
        };
        let _ = writeln!(
            page,
            "| `{name}` | {} | {} | {} |",
            key.kind.type_name(),
            default.replace('|', "\\|"),
            key.doc
        );
    }
    page.push_str(EPILOGUE);
    page
}

fn default_literal(key: &Key) -> String {
    match key.kind {
        Kind::Integer { .. } | Kind::Boolean => key.default.to_owned(),
        Kind::TextList => format!("[\"{}\"]", key.default),
        _ => format!("\"{}\"", key.default),
    }
}

fn introduction(table: &str) -> &'static str {
    match table {
        "variables" => {
            "Which of the project's own variables carry which setting: one name, or several in order of precedence. \
             Beside the keys below, every key of `[pool]`, `[sqlite]`, `[postgres]`, `[logging]` and `[lint]` can stand here, \
             for instance `pool.size = \"DB_POOL_SIZE\"`. A variable's duration may be a bare number of seconds.\n\n"
        }
        "hooks" => {
            "A hook is a file of SQL (`\"hooks/before.sql\"`, run on the deployer's connection in one transaction), or a command: \
             words (`\"npm run check\"`), a list of words (`[\"./tell.sh\", \"two words\"]`), or \
             `{ run = \"./dump.sh\", url = true }`. No shell reads it, and `${VAR}` is not expanded. It runs in the project's folder, with \
             `WHIMBREL_ENV`, and `WHIMBREL_PENDING` and `WHIMBREL_APPLIED`, which list files, one a line. It gets no variable that holds \
             the database's password; with `url = true` it gets the whole URL as `WHIMBREL_URL`. What it writes goes to standard error.\n\n"
        }
        "environments.<name>" => {
            "One table an environment. Beside the keys below, the tables `pool`, `sqlite`, `postgres`, `logging` and `lint` \
             can stand here and override those of the file's head, for instance `pool.size = 50`.\n\n"
        }
        _ => "",
    }
}

const PREFACE: &str = "# whimbrel.toml\n\n\
<!-- Generated from the table of keys; do not edit. -->\n\n\
Every value is decided by the first of these that says something: a flag, `WHIMBREL_<KEY>` (`WHIMBREL_ENV`, `WHIMBREL_URL`, \
`WHIMBREL_POOL_SIZE`, …), a variable that `[variables]` maps, for the URL a well-known variable, the environment's table, \
the file, the default. `whimbrel config` shows each value and what decided it. Variables of the process go before those of `.env` \
beside the file; an empty variable counts as not set.\n\n\
In a string, `${VAR}` is expanded, `${VAR:-default}` has a default for an unset or empty variable, and `$$` is a dollar sign. \
A variable that is not set is an error only when its value is used. A number or a boolean can be written as such a string too.\n\n\
Durations are whole numbers with a unit, `ms`, `s`, `m`, `h` or `d`: `\"500ms\"`, `\"10s\"`, `\"1h30m\"`.\n";

const EPILOGUE: &str = "\n## Database URLs\n\n\
| URL | leads to |\n|---|---|\n\
| `postgres://user:password@host:5432/database` (or `postgresql://`, `postgresql+driver://`) | PostgreSQL |\n\
| `mongodb://…`, `mongodb+srv://…` | MongoDB |\n\
| `sqlite:path/to/file.db` | SQLite, from the project's folder |\n\
| `sqlite:///path/to/file.db` | SQLite, an absolute path |\n\
| `sqlite::memory:` | SQLite in memory |\n";
