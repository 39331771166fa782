//! What a connection is made from.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How long a connection may take until it is ready, unless said otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a lease holds unless it is renewed, unless said otherwise: several renewals may fail before it is lost.
const LEASE: Duration = Duration::from_secs(15);

/// How a connection is encrypted and whom it trusts, with libpq's meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted where the server can; libpq's `allow` means this too.
    #[default]
    Prefer,
    /// Always encrypted; the certificate is verified only where a root certificate is given.
    Require,
    /// Always encrypted, the certificate's chain is verified.
    VerifyCa,
    /// Always encrypted, the certificate's chain and the server's name are verified.
    VerifyFull,
}

impl SslMode {
    /// The mode of libpq's word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "disable" => SslMode::Disable,
            "allow" | "prefer" => SslMode::Prefer,
            "require" => SslMode::Require,
            "verify-ca" => SslMode::VerifyCa,
            "verify-full" => SslMode::VerifyFull,
            _ => return None,
        })
    }
}

/// How to reach and use a PostgreSQL database.
///
/// What the URL's own parameters say wins over the fields here.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database?sslmode=…`; never shown.
    pub url: String,
    /// The encryption, where the URL says nothing.
    pub ssl_mode: Option<SslMode>,
    /// The file of trusted root certificates (PEM), or `system` for the well-known public authorities.
    pub ssl_root_cert: Option<PathBuf>,
    /// The file of the client's certificate chain (PEM).
    pub ssl_cert: Option<PathBuf>,
    /// The file of the client's key (PEM, not encrypted).
    pub ssl_key: Option<PathBuf>,
    /// The name that the server shows for the session.
    pub application_name: String,
    /// How long the connection may take until it is ready.
    pub connect_timeout: Duration,
    /// How long a statement may take; none leaves the server's setting.
    pub statement_timeout: Option<Duration>,
    /// How long a statement may wait for a lock; none leaves the server's setting.
    pub lock_timeout: Option<Duration>,
    /// How long the deployers' lock holds without a sign of life, where a pooler makes it a lease.
    pub lease: Duration,
    /// The default schema: where Whimbrel's tables live and what an unqualified name stands for.
    pub schema: String,
}

impl PostgresOptions {
    /// The options with nothing but a URL.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        PostgresOptions {
            url: url.into(),
            ssl_mode: None,
            ssl_root_cert: None,
            ssl_cert: None,
            ssl_key: None,
            application_name: "whimbrel".to_owned(),
            connect_timeout: CONNECT_TIMEOUT,
            statement_timeout: None,
            lock_timeout: None,
            lease: LEASE,
            schema: "public".to_owned(),
        }
    }
}

/// Leaves the URL out: it holds a password.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresOptions")
            .field("ssl_mode", &self.ssl_mode)
            .field("ssl_root_cert", &self.ssl_root_cert)
            .field("ssl_cert", &self.ssl_cert)
            .field("ssl_key", &self.ssl_key)
            .field("application_name", &self.application_name)
            .field("connect_timeout", &self.connect_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .field("lease", &self.lease)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
