//! The URL's parts that the driver does not know, and the driver's configuration from the rest.

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode as DriverSslMode};
use whimbrel_engine::{EngineError, Result};

use crate::options::{PostgresOptions, SslMode};

const DEFAULT_PORT: u16 = 5432;
/// Where servers put their sockets: Debian and Red Hat, then the sources' default.
const SOCKET_FOLDERS: [&str; 3] = ["/run/postgresql", "/var/run/postgresql", "/tmp"];
/// Parameters of libpq that change nothing here.
const IGNORED_PARAMETERS: [&str; 6] =
    ["gssencmode", "sslcompression", "sslsni", "fallback_application_name", "client_encoding", "krbsrvname"];

/// What a URL and its options come to.
#[derive(Debug)]
pub(crate) struct Address {
    /// The driver's configuration, without the session's settings; its own TLS mode is set by [`crate::connection`].
    pub(crate) config: Config,
    pub(crate) ssl: Ssl,
    pub(crate) target: Target,
}

/// The encryption that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ssl {
    pub(crate) mode: SslMode,
    pub(crate) root_cert: Option<PathBuf>,
    pub(crate) cert: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

/// Where a connection goes, for messages: nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) location: String,
    pub(crate) user: String,
    pub(crate) database: String,
}

/// Reads the URL of `options`.
///
/// # Errors
/// [`EngineError::Setting`], which never quotes a part of the URL that could be a password.
pub(crate) fn address(options: &PostgresOptions) -> Result<Address> {
    let mut ssl = Ssl {
        mode: options.ssl_mode.unwrap_or_default(),
        root_cert: options.ssl_root_cert.clone(),
        cert: options.ssl_cert.clone(),
        key: options.ssl_key.clone(),
    };
    let rest = take_ssl_parameters(&options.url, &mut ssl)?;
    let mut config: Config = rest.parse().map_err(|error| unusable(&error))?;
    complete(&mut config)?;
    if config.get_application_name().is_none() {
        config.application_name(&options.application_name);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(options.connect_timeout);
    }
    let only_sockets = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
    if only_sockets {
        // As in libpq: a local socket is not encrypted, whatever the mode.
        ssl.mode = SslMode::Disable;
    }
    config.ssl_mode(driver_mode(ssl.mode));
    let target = target(&config);
    Ok(Address { config, ssl, target })
}

/// The driver's mode; who is trusted is the connector's affair.
pub(crate) const fn driver_mode(mode: SslMode) -> DriverSslMode {
    match mode {
        SslMode::Disable => DriverSslMode::Disable,
        SslMode::Prefer => DriverSslMode::Prefer,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => DriverSslMode::Require,
    }
}

/// Has the session's settings go with the connection's first message, as `-c name=value`, so that they need no round trip of their own.
///
/// A connection pooler may refuse such a configuration; [`session_settings`] are then set by a query.
pub(crate) fn with_session_options(config: &Config, options: &PostgresOptions) -> Config {
    let mut words: Vec<String> = session_settings(options)
        .into_iter()
        .chain(KEEPALIVES.map(|(name, value)| (name, value.to_owned())))
        .chain([(SESSION_MARK, session_mark())])
        .map(|(name, value)| format!("-c {name}={}", value.replace('\\', "\\\\").replace(' ', "\\ ")))
        .collect();
    // What the URL says comes last and wins.
    words.extend(config.get_options().map(str::to_owned));
    let mut config = config.clone();
    config.options(words.join(" "));
    config
}

/// A setting of our own, by which a session is known again as the one that the connection began.
pub(crate) const SESSION_MARK: &str = "whimbrel.session";

/// The mark of this process: no other one has it, on whatever machine.
pub(crate) fn session_mark() -> String {
    static MARK: OnceLock<u64> = OnceLock::new();
    let mark = MARK.get_or_init(|| RandomState::new().hash_one(std::process::id()));
    format!("{mark:016x}")
}

/// The server notices within a minute that a client's machine has gone, and frees its locks.
const KEEPALIVES: [(&str, &str); 3] =
    [("tcp_keepalives_idle", "30"), ("tcp_keepalives_interval", "10"), ("tcp_keepalives_count", "3")];

/// The settings that every session begins with.
pub(crate) fn session_settings(options: &PostgresOptions) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("standard_conforming_strings", "on".to_owned()),
        ("datestyle", "ISO".to_owned()),
        ("intervalstyle", "postgres".to_owned()),
        ("extra_float_digits", "1".to_owned()),
    ];
    let milliseconds = |duration: Duration| duration.as_millis().to_string();
    if let Some(timeout) = options.statement_timeout {
        settings.push(("statement_timeout", milliseconds(timeout)));
    }
    if let Some(timeout) = options.lock_timeout {
        settings.push(("lock_timeout", milliseconds(timeout)));
    }
    if options.schema != "public" {
        settings.push(("search_path", format!("{}, public", crate::quote::identifier(&options.schema))));
    }
    settings
}

/// Takes the parameters of TLS out of the URL and gives the rest back.
fn take_ssl_parameters(url: &str, ssl: &mut Ssl) -> Result<String> {
    let url = url.trim();
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err(setting("url", "it does not begin with `postgres://`"));
    }
    if url.bytes().filter(|byte| *byte == b'@').count() > 1 {
        return Err(setting("url", "an `@` in the user or the password must be written `%40`"));
    }
    // A `?` before the `@` belongs to the password.
    let after_user = url.find('@').unwrap_or(0);
    let Some(question) = url[after_user..].find('?').map(|index| index + after_user) else {
        return Ok(url.to_owned());
    };
    let mut kept = Vec::new();
    for parameter in url[question + 1..].split('&').filter(|parameter| !parameter.is_empty()) {
        let Some((key, value)) = parameter.split_once('=') else {
            return Err(setting("url", format!("the parameter `{parameter}` has no value")));
        };
        let value = percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| setting(key, "it is not UTF-8"))?
            .into_owned();
        match key {
            "sslmode" => {
                ssl.mode = SslMode::from_word(&value).ok_or_else(|| {
                    setting(
                        key,
                        format!(
                            "`{value}` is none of disable, allow, prefer, require, verify-ca, verify-full"
                        ),
                    )
                })?;
            }
            "sslrootcert" => ssl.root_cert = Some(value.into()),
            "sslcert" => ssl.cert = Some(value.into()),
            "sslkey" => ssl.key = Some(value.into()),
            key if IGNORED_PARAMETERS.contains(&key) => {}
            _ => kept.push(parameter),
        }
    }
    let base = &url[..question];
    Ok(if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) })
}

/// Fills in what libpq fills in: the socket, the user, the database.
fn complete(config: &mut Config) -> Result<()> {
    if config.get_hosts().is_empty() {
        let addresses: Vec<String> = config.get_hostaddrs().iter().map(ToString::to_string).collect();
        if addresses.is_empty() {
            let port = config.get_ports().first().copied().unwrap_or(DEFAULT_PORT);
            match SOCKET_FOLDERS.iter().find(|folder| socket(folder, port).exists()) {
                Some(folder) => config.host_path(folder),
                None => config.host("localhost"),
            };
        }
        for address in addresses {
            config.host(address);
        }
    }
    if config.get_user().is_none() {
        let user = whoami::username().map_err(|error| setting("url", format!("no user: {error}")))?;
        config.user(user);
    }
    if config.get_dbname().is_none() {
        let user = config.get_user().unwrap_or_default().to_owned();
        config.dbname(user);
    }
    Ok(())
}

fn socket(folder: impl AsRef<Path>, port: u16) -> PathBuf {
    folder.as_ref().join(format!(".s.PGSQL.{port}"))
}

fn target(config: &Config) -> Target {
    let port = |index: usize| {
        let ports = config.get_ports();
        ports.get(index).or_else(|| ports.first()).copied().unwrap_or(DEFAULT_PORT)
    };
    let places: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(index, host)| match host {
            Host::Tcp(name) if name.contains(':') => format!("[{name}]:{}", port(index)),
            Host::Tcp(name) => format!("{name}:{}", port(index)),
            Host::Unix(folder) => socket(folder, port(index)).display().to_string(),
        })
        .collect();
    Target {
        location: places.join(","),
        user: config.get_user().unwrap_or_default().to_owned(),
        database: config.get_dbname().unwrap_or_default().to_owned(),
    }
}

/// The driver's parse errors name a parameter, never a value.
fn unusable(error: &tokio_postgres::Error) -> EngineError {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    setting("url", cause.unwrap_or_else(|| error.to_string()))
}

fn setting(name: &str, reason: impl Into<String>) -> EngineError {
    EngineError::Setting { setting: name.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Address {
        address(&PostgresOptions::new(url)).unwrap()
    }

    #[test]
    fn the_parts_of_a_url_are_read() {
        let address =
            read("postgres://ana:s%40crt@db.example:6543/travya?sslmode=verify-full&sslrootcert=%2Fca.pem");
        assert_eq!(address.ssl.mode, SslMode::VerifyFull);
        assert_eq!(address.ssl.root_cert.as_deref(), Some(Path::new("/ca.pem")));
        assert_eq!(
            address.target,
            Target {
                location: "db.example:6543".to_owned(),
                user: "ana".to_owned(),
                database: "travya".to_owned()
            }
        );
        assert_eq!(address.config.get_password(), Some(b"s@crt".as_slice()));
        assert_eq!(address.config.get_application_name(), Some("whimbrel"));
    }

    #[test]
    fn a_socket_is_never_encrypted() {
        let address = read("postgres:///travya?host=/tmp/sockets&port=6000&user=ana&sslmode=require");
        assert_eq!(address.ssl.mode, SslMode::Disable);
        assert_eq!(address.target.location, "/tmp/sockets/.s.PGSQL.6000");
    }

    #[test]
    fn the_url_wins_over_the_options() {
        let mut options = PostgresOptions::new(
            "postgres://h/d?application_name=x&options=-c%20lock_timeout%3D7&sslmode=disable",
        );
        options.ssl_mode = Some(SslMode::Require);
        options.lock_timeout = Some(Duration::from_secs(3));
        let address = address(&options).unwrap();
        assert_eq!(address.ssl.mode, SslMode::Disable);
        assert_eq!(address.config.get_application_name(), Some("x"));
        let config = with_session_options(&address.config, &options);
        let session = config.get_options().unwrap();
        let (ours, theirs) = (session.find("lock_timeout=3000"), session.find("lock_timeout=7"));
        assert!(ours.is_some() && ours < theirs, "{session}");
    }

    #[test]
    fn a_url_that_cannot_be_read_shows_no_password() {
        for url in [
            "mysql://u:hunter2@h/d",
            "postgres://u:hun@ter2@h/d",
            "postgres://u:hun@ter2?x=hunter2@h/d",
            "postgres://u:hunter2@h:port/d",
            "postgres://u:hunter2@h/d?sslmode=never",
            "postgres://u:hunter2@h/d?sslmode",
            "postgres://u:hunter2@h/d?colour=blue",
            "host=h password=hunter2",
        ] {
            let error = address(&PostgresOptions::new(url)).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter2") && !shown.contains("ter2"), "{shown}");
            assert!(matches!(error, EngineError::Setting { .. }), "{shown}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let options = PostgresOptions::new("postgres://u:hunter2@h/d");
        let shown = format!("{options:?} {:?}", address(&options).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn another_schema_leads_the_search_path() {
        let mut options = PostgresOptions::new("postgres://h/d");
        options.schema = "Odd one".to_owned();
        let address = address(&options).unwrap();
        let config = with_session_options(&address.config, &options);
        let session = config.get_options().unwrap();
        assert!(session.contains("-c search_path=\"Odd\\ one\",\\ public"), "{session}");
    }
}
