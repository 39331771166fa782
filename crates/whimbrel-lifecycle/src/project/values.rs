//! The types of a project's settings.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::setting::Setting;

/// Declares a closed choice: its names are those of whimbrel.toml.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_meta])* $variant),+ }

        impl $name {
            pub(crate) const NAMES: &'static [&'static str] = &[$($text),+];

            /// Gives the name as whimbrel.toml writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub(crate) fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

choice! {
    /// The data model of a project.
    DataModel {
        /// Tables: PostgreSQL or SQLite.
        Relational = "relational",
        /// Documents: MongoDB or SQLite.
        Document = "document",
    }
}

choice! {
    /// How often SQLite waits for the disk.
    Synchronous {
        /// At every commit: nothing that was committed is lost.
        Full = "full",
        /// At checkpoints: a power failure may lose the last commits, never the database.
        Normal = "normal",
    }
}

choice! {
    /// How a connection to PostgreSQL is encrypted and checked, in libpq's words.
    SslMode {
        /// Never.
        Disable = "disable",
        /// When the server can.
        Prefer = "prefer",
        /// Always, without checking the certificate.
        Require = "require",
        /// Always, and the certificate must lead to a known authority.
        VerifyCa = "verify-ca",
        /// As `verify-ca`, and the certificate must name the host.
        VerifyFull = "verify-full",
    }
}

choice! {
    /// How much is logged.
    LogLevel {
        /// Failures only.
        Error = "error",
        /// Failures and warnings.
        Warn = "warn",
        /// Each step.
        Info = "info",
        /// Each step with its details.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

choice! {
    /// What findings about a plan's statements do.
    LintLevel {
        /// Nothing: nobody looks.
        Off = "off",
        /// They are shown.
        Advise = "advise",
        /// They are shown, and errors stop the plan.
        Refuse = "refuse",
    }
}

choice! {
    /// The form of a log line.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

/// What is looked for in a plan's statements before they run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintSettings {
    /// What findings do.
    pub level: Setting<LintLevel>,
    /// Codes of findings that are not wanted.
    pub ignore: Setting<Vec<String>>,
    /// On a table with fewer rows a finding about locks is a note.
    pub big_table_rows: Setting<u32>,
}

/// The connection pool of a server engine. `None` means that the limit is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// Connections that are kept.
    pub size: Setting<u32>,
    /// Further connections for a rush, closed when they come back.
    pub overflow: Setting<u32>,
    /// Connections that are kept open even when idle.
    pub min: Setting<u32>,
    /// How long a connection above `min` may be idle.
    pub idle_time: Setting<Option<Duration>>,
    /// The age at which a connection is replaced.
    pub recycle: Setting<Option<Duration>>,
    /// Whether a connection is tested before it is lent out.
    pub pre_ping: Setting<bool>,
    /// How long opening a connection may take.
    pub connect_timeout: Setting<Duration>,
    /// How long a caller waits for a free connection.
    pub acquire_timeout: Setting<Duration>,
    /// How long a statement may run.
    pub statement_timeout: Setting<Option<Duration>>,
    /// How long a statement waits for a lock.
    pub lock_timeout: Setting<Option<Duration>>,
    /// How long the deployers' lock holds without a sign of life, where it is a lease.
    pub lease: Setting<Duration>,
}

/// Settings of the embedded engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteSettings {
    /// How often SQLite waits for the disk.
    pub synchronous: Setting<Synchronous>,
    /// How long a writer waits for another.
    pub busy_timeout: Setting<Duration>,
}

/// Settings of PostgreSQL. `sslmode`, `sslrootcert`, `sslcert`, `sslkey` and `application_name` in the URL are
/// read into them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresSettings {
    /// How a connection is encrypted and checked.
    pub ssl_mode: Setting<SslMode>,
    /// The authorities to trust; without it, the public ones.
    pub ssl_root_cert: Setting<Option<PathBuf>>,
    /// The client's certificate.
    pub ssl_cert: Setting<Option<PathBuf>>,
    /// The client's key.
    pub ssl_key: Setting<Option<PathBuf>>,
    /// The name that the server shows for the connection.
    pub application_name: Setting<String>,
    /// The schemas that Whimbrel manages.
    pub schemas: Setting<Vec<String>>,
}

/// Settings of MongoDB. `tls`, `tlsCAFile`, `tlsCertificateKeyFile`, `appName` and `serverSelectionTimeoutMS` in the URL
/// are read into them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MongodbSettings {
    /// Whether a connection is encrypted, where neither the URL's scheme nor a file below says so.
    pub tls: Setting<bool>,
    /// The authorities to trust; without it, the public ones.
    pub tls_ca_file: Setting<Option<PathBuf>>,
    /// The client's certificate and its key.
    pub tls_certificate_key_file: Setting<Option<PathBuf>>,
    /// The name that the server shows for the connection.
    pub application_name: Setting<String>,
    /// How long a server that fits is looked for.
    pub server_selection_timeout: Setting<Duration>,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggingSettings {
    /// How much.
    pub level: Setting<LogLevel>,
    /// In which form.
    pub format: Setting<LogFormat>,
    /// Whether statements are logged with their text.
    pub sql: Setting<bool>,
}

/// Writes a duration in the largest unit that it is a whole number of.
pub(crate) fn duration_text(duration: Duration) -> String {
    let millis = duration.as_millis();
    for (unit, unit_millis) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
        if millis > 0 && millis.is_multiple_of(unit_millis) {
            return format!("{}{unit}", millis / unit_millis);
        }
    }
    if millis == 0 { "0s".to_owned() } else { format!("{millis}ms") }
}

/// Reads `10s`, `500ms`, `5m`, `1h`, `2d` or a sum such as `1h30m`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut millis: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let amount: u64 = rest[..digits].parse().ok()?;
        let tail = &rest[digits..];
        let unit_end = tail.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(tail.len());
        let unit_millis = match &tail[..unit_end] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        millis = millis.checked_add(amount.checked_mul(unit_millis)?)?;
        rest = &tail[unit_end..];
    }
    Some(Duration::from_millis(millis))
}
