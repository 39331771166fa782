//! How to connect.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bson::Document;
use mongodb::options::{ClientOptions, Credential, Tls, WriteConcern};
use whimbrel_engine::{EngineError, Result};

use crate::failure::Secrets;
use crate::{PRODUCT, failure};

/// A parameter that other drivers take and the official Rust driver refuses; nothing here depends on it.
const FOREIGN_PARAMETER: &str = "sockettimeoutms";
/// What a deployment is asked for where nobody names the database.
const NO_DATABASE: &str = "neither the URL's path nor a variable names the database: write mongodb://host/NAME, or set `variables.database`";

/// Where to connect and with which settings. What the URL says goes before the settings.
#[derive(Clone, PartialEq, Eq)]
pub struct MongoOptions {
    /// The URL: `mongodb://` or `mongodb+srv://`. It may hold a password.
    pub url: String,
    /// The database, where the URL names none.
    pub database: Option<String>,
    /// What the server shows for the connection.
    pub application_name: String,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// How long a server that fits is looked for.
    pub server_selection_timeout: Duration,
    /// How long a command may run; none sets no limit.
    pub statement_timeout: Option<Duration>,
    /// How many connections are kept open even when idle.
    pub min_pool_size: Option<u32>,
    /// How many connections there may be to each server.
    pub max_pool_size: Option<u32>,
    /// How long a connection may be idle before it is closed.
    pub max_idle_time: Option<Duration>,
    /// Encryption.
    pub tls: TlsOptions,
    /// How long the deployers' lock holds without a sign of life.
    pub lease: Duration,
}

/// How a connection is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// Whether it is; a `mongodb+srv://` URL says so by itself, and so does a file below.
    pub enabled: Option<bool>,
    /// A PEM file of the authorities to trust; else the public ones.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with the client's certificate and its key.
    pub certificate_key_file: Option<PathBuf>,
}

/// A write concern as commands name it; none where it says nothing.
pub(crate) fn concern(concern: &WriteConcern) -> Option<Document> {
    bson::serialize_to_document(concern).ok().filter(|concern| !concern.is_empty())
}

impl MongoOptions {
    /// The options of a URL, everything else as usual.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        MongoOptions {
            url: url.into(),
            database: None,
            application_name: "whimbrel".to_owned(),
            connect_timeout: Duration::from_secs(10),
            server_selection_timeout: Duration::from_secs(5),
            statement_timeout: None,
            min_pool_size: None,
            max_pool_size: None,
            max_idle_time: None,
            tls: TlsOptions::default(),
            lease: Duration::from_secs(15),
        }
    }

    /// The driver's options and the database's name.
    ///
    /// # Errors
    /// [`EngineError::Setting`], which holds no password.
    pub(crate) async fn driver(&self) -> Result<(ClientOptions, String)> {
        let secrets = Secrets::of_url(&self.url);
        let url = without_foreign_parameter(&self.url);
        let mut options = ClientOptions::parse(&url).await.map_err(|error| {
            failure::of_connecting(&error, &secrets, &failure::hosts_of_url(&self.url), None)
        })?;
        options.app_name.get_or_insert_with(|| self.application_name.clone());
        options.connect_timeout.get_or_insert(self.connect_timeout);
        options.server_selection_timeout.get_or_insert(self.server_selection_timeout);
        options.min_pool_size = options.min_pool_size.or(self.min_pool_size);
        options.max_pool_size = options.max_pool_size.or(self.max_pool_size);
        options.max_idle_time = options.max_idle_time.or(self.max_idle_time);
        let (min, max) = (options.min_pool_size, options.max_pool_size);
        if let (Some(min), Some(max @ 1..)) = (min, max)
            && min > max
        {
            return Err(setting(
                "pool.min",
                format!("{min} connections are more than the {max} of the pool"),
            ));
        }
        self.encrypt(&mut options);
        let database = options.default_database.clone().or_else(|| self.database.clone());
        let database = database.ok_or_else(|| setting("url", NO_DATABASE))?;
        check_database(&database)?;
        Ok((options, database))
    }

    /// Adds what the settings say of encryption to what the URL says.
    fn encrypt(&self, options: &mut ClientOptions) {
        let asked =
            self.tls.enabled.unwrap_or(self.tls.ca_file.is_some() || self.tls.certificate_key_file.is_some());
        match &mut options.tls {
            Some(Tls::Disabled) => {}
            Some(Tls::Enabled(tls)) => self.complete(tls),
            none => {
                if asked {
                    let mut tls = mongodb::options::TlsOptions::default();
                    self.complete(&mut tls);
                    *none = Some(Tls::Enabled(tls));
                }
            }
        }
    }

    fn complete(&self, tls: &mut mongodb::options::TlsOptions) {
        tls.ca_file_path = tls.ca_file_path.take().or_else(|| self.tls.ca_file.clone());
        tls.cert_key_file_path =
            tls.cert_key_file_path.take().or_else(|| self.tls.certificate_key_file.clone());
    }
}

/// The user that a connection is authenticated as.
pub(crate) fn user(credential: Option<&Credential>) -> Option<String> {
    credential.and_then(|credential| credential.username.clone())
}

/// MongoDB's own rules for the name of a database, on every system.
fn check_database(name: &str) -> Result<()> {
    /// In bytes.
    const LONGEST: usize = 63;
    let reason = if name.len() > LONGEST {
        format!("a database's name has {LONGEST} bytes at most")
    } else if name.is_empty() || name.contains(['/', '\\', '.', ' ', '"', '$', '\0']) {
        "a database's name is not empty and holds no space and none of / \\ . \" $".to_owned()
    } else {
        return Ok(());
    };
    Err(setting("database", format!("`{name}`: {reason}")))
}

fn without_foreign_parameter(url: &str) -> String {
    let Some((front, query)) = url.split_once('?') else { return url.to_owned() };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|parameter| {
            let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
            name != FOREIGN_PARAMETER
        })
        .collect();
    if kept.is_empty() { front.to_owned() } else { format!("{front}?{}", kept.join("&")) }
}

pub(crate) fn setting(name: &str, reason: impl Into<String>) -> EngineError {
    EngineError::Setting { setting: name.to_owned(), reason: reason.into() }
}

impl fmt::Debug for MongoOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MongoOptions")
            .field("product", &PRODUCT)
            .field("hosts", &failure::hosts_of_url(&self.url))
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(options: &MongoOptions) -> (ClientOptions, String) {
        options.driver().await.unwrap()
    }

    #[tokio::test]
    async fn the_url_goes_before_the_settings() {
        let mut options = MongoOptions::new(
            "mongodb://ana:p%40ss@db.example:27018/wayra?appName=x&maxPoolSize=3&connectTimeoutMS=700&tls=true\
             &tlsCAFile=/url.pem&socketTimeoutMS=45000&authSource=users",
        );
        options.database = Some("other".to_owned());
        options.application_name = "whimbrel/wayra".to_owned();
        options.max_pool_size = Some(20);
        options.min_pool_size = Some(2);
        options.tls.ca_file = Some("/file.pem".into());
        options.tls.certificate_key_file = Some("/client.pem".into());
        let (driver, database) = read(&options).await;
        assert_eq!(database, "wayra");
        assert_eq!(driver.app_name.as_deref(), Some("x"));
        assert_eq!((driver.max_pool_size, driver.min_pool_size), (Some(3), Some(2)));
        assert_eq!(driver.connect_timeout, Some(Duration::from_millis(700)));
        assert_eq!(driver.server_selection_timeout, Some(Duration::from_secs(5)));
        let Some(Tls::Enabled(tls)) = driver.tls else { panic!("it is encrypted") };
        assert_eq!(tls.ca_file_path, Some("/url.pem".into()));
        assert_eq!(tls.cert_key_file_path, Some("/client.pem".into()));
        assert_eq!(driver.credential.and_then(|credential| credential.source).as_deref(), Some("users"));
    }

    #[tokio::test]
    async fn a_database_must_be_named_and_nameable() {
        let mut options = MongoOptions::new("mongodb://h/?directConnection=true");
        assert!(options.driver().await.unwrap_err().to_string().contains("variables.database"));
        options.database = Some("wayra".to_owned());
        assert_eq!(read(&options).await.1, "wayra");
        for name in ["", "a.b", "a b", "a$b", &"x".repeat(64)] {
            options.database = Some(name.to_owned());
            assert!(matches!(options.driver().await, Err(EngineError::Setting { .. })), "{name}");
        }
    }

    #[tokio::test]
    async fn tls_is_off_unless_something_asks_for_it() {
        let mut options = MongoOptions::new("mongodb://h/d");
        assert!(!matches!(read(&options).await.0.tls, Some(Tls::Enabled(_))));
        options.tls.ca_file = Some("/ca.pem".into());
        assert!(matches!(read(&options).await.0.tls, Some(Tls::Enabled(_))));
        options.tls.enabled = Some(false);
        assert!(!matches!(read(&options).await.0.tls, Some(Tls::Enabled(_))));
        options.url.push_str("?tls=false");
        options.tls.enabled = Some(true);
        assert!(matches!(read(&options).await.0.tls, Some(Tls::Disabled)));
    }

    #[tokio::test]
    async fn a_url_that_cannot_be_read_shows_no_password() {
        for url in [
            "mongodb://u:hun%ter2@h/d",
            "mongodb://u:hunter2@h/d?authMechanism=hunter2",
            "mongodb://u:hunter2@h:port/d",
            "mongodb://u:hunter2@/d",
            "mongodb://u:hunter2@h/d?maxPoolSize=many",
            "mongodb://u:hunter2@h/d?authMechanism=MONGODB-X509",
            "mongodb://u:hunter2@h/d?authMechanismProperties=hunter2",
        ] {
            let error = MongoOptions::new(url).driver().await.unwrap_err();
            let shown = format!("{error} {error:?} {:?}", MongoOptions::new(url));
            assert!(!shown.contains("hunter2") && !shown.contains("ter2"), "{shown}");
            assert!(matches!(error, EngineError::Setting { .. }), "{shown}");
        }
    }
}
