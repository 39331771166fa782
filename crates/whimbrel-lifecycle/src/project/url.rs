//! The address of a database, shown with its password masked, always.

use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::mask::{self, MASK};
use super::setting::Secret;
use super::values::DataModel;

/// Everything but the unreserved letters of RFC 3986.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The schemes that are accepted, for messages.
pub(crate) const ACCEPTED: &str =
    "postgres://, postgresql://, mongodb://, mongodb+srv://, sqlite:PATH or sqlite::memory:";

/// The kind of database that a URL leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlScheme {
    /// `postgres://` or `postgresql://`.
    Postgres,
    /// `mongodb://`.
    Mongodb,
    /// `mongodb+srv://`.
    MongodbSrv,
    /// `sqlite:`.
    Sqlite,
}

impl UrlScheme {
    /// Gives the scheme's name, without the colon.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mongodb => "mongodb",
            Self::MongodbSrv => "mongodb+srv",
            Self::Sqlite => "sqlite",
        }
    }

    /// Says whether a project of this data model can live there.
    pub fn fits(self, model: DataModel) -> bool {
        match self {
            Self::Postgres => model == DataModel::Relational,
            Self::Mongodb | Self::MongodbSrv => model == DataModel::Document,
            Self::Sqlite => true,
        }
    }
}

/// Where an embedded database lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqliteLocation {
    /// In memory, gone with the process.
    Memory,
    /// In a file.
    File(PathBuf),
}

/// What is wrong with a URL. No variant repeats the text: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// There is no scheme at all.
    #[error("it has no scheme; accepted are {ACCEPTED}")]
    NoScheme,
    /// The scheme is not one of those accepted.
    #[error("the scheme `{scheme}` is not known; accepted are {ACCEPTED}")]
    UnknownScheme {
        /// The scheme.
        scheme: String,
    },
    /// The scheme belongs to the other data model.
    #[error("`{scheme}` does not fit model = \"{model}\", which takes {accepted}")]
    OtherModel {
        /// The scheme.
        scheme: &'static str,
        /// The project's data model.
        model: DataModel,
        /// The schemes that fit.
        accepted: &'static str,
    },
    /// An `@` stands after the host, so a password probably holds an unencoded `/` or `?`.
    #[error(
        "an `@` stands after the first `/` or `?`; percent-encode these in a user name or password (`/` is %2F, `?` is %3F, `@` is %40)"
    )]
    Ambiguous,
    /// A port is not a number from 1 to 65535.
    #[error(
        "what follows the host's `:` is not a port from 1 to 65535; a user name and password are written `user:password@host`"
    )]
    Port,
    /// A host is missing.
    #[error("it names no host")]
    NoHost,
    /// A `mongodb+srv` URL has several hosts or a port.
    #[error("mongodb+srv takes exactly one host and no port")]
    Srv,
    /// A file path is missing.
    #[error("it names no file; write `sqlite:path/to/file.db` or `sqlite::memory:`")]
    NoPath,
    /// A sqlite URL has parameters.
    #[error("a sqlite URL takes no `?` parameters; the [sqlite] table of whimbrel.toml holds its settings")]
    SqliteParameters,
}

/// The parts of a server's URL, decoded where that is safe.
#[derive(Clone, PartialEq, Eq)]
struct Server {
    user: Option<Vec<u8>>,
    password: Option<Vec<u8>>,
    /// As written: `host`, `host:5432,other:5433`, `[::1]:5432`.
    hosts: String,
    /// As written, without the leading `/`.
    database: Option<String>,
    /// As written: key and value of each parameter.
    parameters: Vec<(String, Option<String>)>,
}

#[derive(Clone, PartialEq, Eq)]
enum Address {
    Server(Server),
    /// The location, and the path as it was written.
    Sqlite(SqliteLocation, String),
}

/// The address of a database. `Display` and `Debug` show it with every password as `****`.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    scheme: UrlScheme,
    address: Address,
}

impl DatabaseUrl {
    /// Reads a URL. A driver suffix as in `postgresql+psycopg2://` is accepted and dropped.
    ///
    /// # Errors
    /// Says what is wrong without repeating the text.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').ok_or(UrlError::NoScheme)?;
        let written = scheme.to_ascii_lowercase();
        let (base, driver) = match written.split_once('+') {
            Some(("mongodb", "srv")) | None => (written.as_str(), None),
            Some((base, driver)) => (base, Some(driver)),
        };
        let scheme = match base {
            "postgres" | "postgresql" => UrlScheme::Postgres,
            "mongodb" if driver.is_none() => UrlScheme::Mongodb,
            "mongodb+srv" => UrlScheme::MongodbSrv,
            "sqlite" => UrlScheme::Sqlite,
            // Without `://` the first part may as well be a user name, so it is not shown.
            _ if !rest.starts_with("//") || mask::unparsed_url(text) == MASK => {
                return Err(UrlError::NoScheme);
            }
            _ => return Err(UrlError::UnknownScheme { scheme: written }),
        };
        let address = if scheme == UrlScheme::Sqlite {
            parse_sqlite(rest, driver.is_some())?
        } else {
            let rest = rest.strip_prefix("//").ok_or(UrlError::NoScheme)?;
            Address::Server(parse_server(scheme, rest)?)
        };
        Ok(Self { scheme, address })
    }

    /// Checks that the URL fits a data model.
    ///
    /// # Errors
    /// Names the schemes that fit.
    pub fn check_model(&self, model: DataModel) -> Result<(), UrlError> {
        if self.scheme.fits(model) {
            return Ok(());
        }
        Err(UrlError::OtherModel {
            scheme: self.scheme.name(),
            model,
            accepted: match model {
                DataModel::Relational => "postgres:// or sqlite:",
                DataModel::Document => "mongodb://, mongodb+srv:// or sqlite:",
            },
        })
    }

    /// Gives the scheme.
    pub fn scheme(&self) -> UrlScheme {
        self.scheme
    }

    /// Gives the real URL, passwords included, in a normal form: user name and password percent-encoded,
    /// no driver suffix, a SQLite path as `sqlite:PATH`. The caller must not print it.
    pub fn expose(&self) -> String {
        self.write(false)
    }

    /// Gives the user name, decoded.
    pub fn user(&self) -> Option<String> {
        let user = self.server()?.user.as_deref()?;
        Some(String::from_utf8_lossy(user).into_owned())
    }

    /// Gives the password, decoded.
    pub fn password(&self) -> Option<Secret> {
        let password = self.server()?.password.as_deref()?;
        Some(Secret::from(String::from_utf8_lossy(password).into_owned()))
    }

    /// Gives the hosts with their ports, as written.
    pub fn hosts(&self) -> Option<&str> {
        self.server().map(|server| server.hosts.as_str())
    }

    /// Gives the database's name, decoded.
    pub fn database(&self) -> Option<String> {
        let database = self.server()?.database.as_deref()?;
        Some(percent_decode_str(database).decode_utf8_lossy().into_owned())
    }

    /// Gives a parameter after the `?`, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let parameters = &self.server()?.parameters;
        let (_, value) = parameters.iter().find(|(key, _)| key == name)?;
        let value = value.as_deref().unwrap_or_default();
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    /// Leaves out parameters that the caller has read, since not every driver knows each.
    #[must_use]
    pub fn without_parameters(mut self, names: &[&str]) -> Self {
        if let Address::Server(server) = &mut self.address {
            server.parameters.retain(|(key, _)| !names.contains(&key.as_str()));
        }
        self
    }

    /// Gives the place of an embedded database.
    pub fn sqlite(&self) -> Option<&SqliteLocation> {
        match &self.address {
            Address::Sqlite(location, _) => Some(location),
            Address::Server(_) => None,
        }
    }

    /// Makes a SQLite path absolute; `Display` keeps showing it as it was written.
    #[must_use]
    pub fn resolved_in(mut self, folder: &Path) -> Self {
        if let Address::Sqlite(SqliteLocation::File(path), _) = &mut self.address {
            *path = folder.join(path.strip_prefix(".").unwrap_or(path));
        }
        self
    }

    /// Names the database; one that the URL named before stays the one to authenticate against.
    #[must_use]
    pub fn with_database(mut self, database: &str) -> Self {
        if let Address::Server(server) = &mut self.address {
            let encoded = encode(database.as_bytes());
            let before = server.database.replace(encoded.clone());
            let has_source = server.parameters.iter().any(|(key, _)| key == "authSource");
            if let Some(before) = before
                && before != encoded
                && server.user.is_some()
                && !has_source
            {
                server.parameters.push(("authSource".to_owned(), Some(before)));
            }
        }
        self
    }

    /// Puts a server's URL together from its parts, each percent-encoded.
    pub(crate) fn compose(model: DataModel, parts: &UrlParts) -> Result<Self, UrlError> {
        let scheme = match model {
            DataModel::Relational => UrlScheme::Postgres,
            DataModel::Document => UrlScheme::Mongodb,
        };
        let host = parts.host.as_deref().unwrap_or("localhost");
        let host = match host {
            // A folder of a Unix socket, or a bare IPv6 address, cannot stand in a URL as it is.
            socket if socket.starts_with('/') => encode(socket.as_bytes()),
            address if address.matches(':').count() > 1 && !address.starts_with('[') => {
                format!("[{address}]")
            }
            name if name.contains(['@', '/', '?']) => return Err(UrlError::NoHost),
            name => name.to_owned(),
        };
        let hosts = match &parts.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        };
        check_hosts(scheme, &hosts)?;
        let bytes = |text: &Option<String>| text.as_ref().map(|text| text.clone().into_bytes());
        let address = Address::Server(Server {
            user: bytes(&parts.user).or_else(|| parts.password.as_ref().map(|_| Vec::new())),
            password: bytes(&parts.password),
            hosts,
            database: parts.database.as_ref().map(|name| encode(name.as_bytes())),
            parameters: Vec::new(),
        });
        Ok(Self { scheme, address })
    }

    fn server(&self) -> Option<&Server> {
        match &self.address {
            Address::Server(server) => Some(server),
            Address::Sqlite(..) => None,
        }
    }

    fn write(&self, masked: bool) -> String {
        let scheme = self.scheme.name();
        match &self.address {
            Address::Sqlite(SqliteLocation::Memory, _) => format!("{scheme}::memory:"),
            Address::Sqlite(SqliteLocation::File(_), written) if masked => {
                format!("{scheme}:{written}")
            }
            Address::Sqlite(SqliteLocation::File(path), _) => {
                format!("{scheme}:{}", path.display())
            }
            Address::Server(server) => format!("{scheme}://{}", server.write(masked)),
        }
    }
}

impl Server {
    fn write(&self, masked: bool) -> String {
        let mut text = String::new();
        if let Some(user) = &self.user {
            text.push_str(&encode(user));
        }
        if let Some(password) = &self.password {
            text.push(':');
            text.push_str(&if masked { MASK.to_owned() } else { encode(password) });
        }
        if self.user.is_some() || self.password.is_some() {
            text.push('@');
        }
        text.push_str(&self.hosts);
        if let Some(database) = &self.database {
            text.push('/');
            text.push_str(database);
        } else if !self.parameters.is_empty() {
            // The MongoDB driver wants the `/` before its parameters, and PostgreSQL accepts it.
            text.push('/');
        }
        for (position, (key, value)) in self.parameters.iter().enumerate() {
            text.push(if position == 0 { '?' } else { '&' });
            text.push_str(key);
            if let Some(value) = value {
                text.push('=');
                text.push_str(if masked && hides(key, value) { MASK } else { value });
            }
        }
        text
    }
}

/// One part each, as variables such as `DB_HOST` give them.
#[derive(Default)]
pub(crate) struct UrlParts {
    pub(crate) host: Option<String>,
    pub(crate) port: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
}

/// Says whether a parameter's value is a secret, or holds something that looks like one.
fn hides(key: &str, value: &str) -> bool {
    let key = percent_decode_str(key).decode_utf8_lossy();
    let value = percent_decode_str(value).decode_utf8_lossy();
    mask::is_secret_key(&key) || (value.contains(['=', ':', ';']) && mask::is_secret_key(&value))
}

fn encode(text: &[u8]) -> String {
    percent_encode(text, COMPONENT).to_string()
}

fn parse_server(scheme: UrlScheme, rest: &str) -> Result<Server, UrlError> {
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    if tail.contains('@') {
        return Err(UrlError::Ambiguous);
    }
    let (user, password, hosts) = match authority.rsplit_once('@') {
        None => (None, None, authority),
        Some((credentials, hosts)) => {
            let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
            match credentials.split_once(':') {
                Some((user, password)) => (Some(decode(user)), Some(decode(password)), hosts),
                None => (Some(decode(credentials)), None, hosts),
            }
        }
    };
    check_hosts(scheme, hosts)?;
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let database = path.strip_prefix('/').filter(|name| !name.is_empty());
    let parameters = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| match parameter.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (parameter.to_owned(), None),
        })
        .collect();
    Ok(Server { user, password, hosts: hosts.to_owned(), database: database.map(str::to_owned), parameters })
}

fn check_hosts(scheme: UrlScheme, hosts: &str) -> Result<(), UrlError> {
    if hosts.is_empty() {
        // PostgreSQL then takes the `host` parameter or its Unix socket.
        return if scheme == UrlScheme::Postgres { Ok(()) } else { Err(UrlError::NoHost) };
    }
    if scheme == UrlScheme::MongodbSrv && hosts.contains([',', ':']) {
        return Err(UrlError::Srv);
    }
    for host in hosts.split(',') {
        let (name, port) = match host.rsplit_once(']') {
            Some((address, rest)) if address.starts_with('[') => (address, rest.strip_prefix(':')),
            _ => match host.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (host, None),
            },
        };
        if name.is_empty() {
            return Err(UrlError::NoHost);
        }
        let number = port.map(str::parse::<u16>);
        if number.is_some_and(|number| !matches!(number, Ok(1..))) {
            return Err(UrlError::Port);
        }
    }
    Ok(())
}

fn parse_sqlite(rest: &str, is_sqlalchemy: bool) -> Result<Address, UrlError> {
    if rest.contains('?') {
        return Err(UrlError::SqliteParameters);
    }
    let path = match rest.strip_prefix("//") {
        // SQLAlchemy's `sqlite+driver:///x` is relative and its `////x` absolute.
        Some(path) if is_sqlalchemy => path.strip_prefix('/').unwrap_or(path).to_owned(),
        Some(path) if path.starts_with('/') => format!("/{}", path.trim_start_matches('/')),
        Some(path) => path.to_owned(),
        None => rest.to_owned(),
    };
    match path.as_str() {
        "" | "/" => Err(UrlError::NoPath),
        ":memory:" => Ok(Address::Sqlite(SqliteLocation::Memory, path)),
        _ => Ok(Address::Sqlite(SqliteLocation::File(PathBuf::from(&path)), path)),
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.write(true))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DatabaseUrl({self})")
    }
}
