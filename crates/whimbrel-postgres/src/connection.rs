//! One connection: made, described, and closed.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error};
use whimbrel_engine::{EngineError, Result, ServerDescription};

use crate::failure::{PRODUCT, classify, classify_connect};
use crate::lock::Guard;
use crate::options::{PostgresOptions, SslMode};
use crate::prepared::Prepared;
use crate::quote;
use crate::replica::SeenWal;
use crate::result_set::{self, ResultSet, RowText};
use crate::tls::Connector;
use crate::url::{
    Address, SESSION_MARK, Target, address, driver_mode, session_mark, session_settings, with_session_options,
};

/// What begins a transaction for which nothing has to be set.
pub(crate) const BEGIN: &str = "BEGIN";
/// The oldest major version whose catalogues are understood.
const OLDEST_MAJOR: u32 = 12;
/// How long a closing connection may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Databases that a server has from the beginning.
const MAINTENANCE_DATABASES: [&str; 2] = ["postgres", "template1"];

/// A connected PostgreSQL database.
#[derive(Debug)]
pub struct Postgres {
    pub(crate) client: Client,
    pub(crate) target: Target,
    pub(crate) server: ServerDescription,
    pub(crate) major: u32,
    /// The database's name on the server; a pooler may know it by another.
    pub(crate) database: String,
    /// The default schema.
    pub(crate) schema: String,
    /// What puts the session's settings back after a migration has changed them.
    pub(crate) reset: String,
    /// Whether the session is the server's own.
    pub(crate) session: Session,
    /// What it was connected with, for a companion.
    pub(crate) options: PostgresOptions,
    /// The second connection, opened when something takes long.
    pub(crate) companion: Option<Box<Postgres>>,
    /// The deployers' lock, while it is held.
    pub(crate) guard: Option<Guard>,
    /// What was seen of the WAL while replicas were looked at.
    pub(crate) seen_wal: SeenWal,
    /// What the session has prepared.
    pub(crate) prepared: Prepared,
    task: JoinHandle<()>,
}

/// Whether the connection keeps its session from one transaction to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Session {
    /// It does: settings and advisory locks hold.
    Own {
        /// The server process.
        pid: i32,
    },
    /// A pooler may give every transaction another session: settings are made anew in each.
    Pooled {
        /// `SET LOCAL …; …`
        settings: String,
        /// How many settings there are.
        count: usize,
    },
}

/// One answer and the time from the one before.
pub(crate) struct Answer {
    pub(crate) result: std::result::Result<Vec<ResultSet>, Error>,
    pub(crate) took: Duration,
    /// The characters that stood before the statement in its message.
    pub(crate) lead: usize,
}

impl Postgres {
    /// Connects to the URL's database. The connection lives on the current tokio runtime.
    ///
    /// # Errors
    /// Whatever keeps the connection from being made, by class; never with the password.
    pub async fn connect(options: &PostgresOptions) -> Result<Self> {
        let address = address(options)?;
        let target = address.target.clone();
        let limit = options.connect_timeout;
        match tokio::time::timeout(limit, connect(address, options)).await {
            Ok(result) => result,
            Err(_) => Err(EngineError::Unreachable {
                product: PRODUCT,
                location: target.location,
                reason: format!("no answer within {} ms", limit.as_millis()),
            }),
        }
    }

    /// Connects as these options say, to another database of the same server.
    pub(crate) async fn connect_to(options: &PostgresOptions, database: &str) -> Result<Self> {
        let mut address = address(options)?;
        address.config.dbname(database);
        database.clone_into(&mut address.target.database);
        connect(address, options).await
    }

    /// Ends the session. Dropping the value does so too, without waiting for it.
    pub async fn close(self) {
        let Postgres { client, task, companion, guard, .. } = self;
        drop(guard);
        drop(companion);
        drop(client);
        // The server learns of the end either way; the wait is for its sake only.
        drop(tokio::time::timeout(CLOSE_TIMEOUT, task).await);
    }

    /// Runs statements in one round trip; one result a statement.
    pub(crate) async fn run(&self, sql: &str, doing: &str) -> Result<Vec<ResultSet>> {
        self.try_run(sql).await.map_err(|error| self.failed(&error, doing))
    }

    /// As [`Self::run`], with the driver's error.
    pub(crate) async fn try_run(&self, sql: &str) -> std::result::Result<Vec<ResultSet>, Error> {
        match &self.session {
            Session::Own { .. } => self.try_run_bare(sql).await,
            Session::Pooled { settings, count } => {
                let mut sets = self.try_run_bare(&format!("{settings}; {sql}")).await?;
                sets.drain(..(*count).min(sets.len()));
                Ok(sets)
            }
        }
    }

    /// Sends the text as it is, without the settings that a pooled session needs.
    pub(crate) async fn try_run_bare(&self, sql: &str) -> std::result::Result<Vec<ResultSet>, Error> {
        Ok(result_set::split(self.client.simple_query(sql).await?))
    }

    /// The answers to a text of several commands up to the first error.
    pub(crate) async fn run_until_error(&self, sql: &str) -> (Vec<ResultSet>, Option<Error>) {
        let mut messages = Vec::new();
        let mut failure = None;
        match self.client.simple_query_raw(sql).await {
            Ok(stream) => {
                let mut stream = std::pin::pin!(stream);
                loop {
                    match stream.try_next().await {
                        Ok(Some(message)) => messages.push(message),
                        Ok(None) => break,
                        Err(error) => {
                            failure = Some(error);
                            break;
                        }
                    }
                }
            }
            Err(error) => failure = Some(error),
        }
        (result_set::split(messages), failure)
    }

    /// What begins a transaction.
    pub(crate) fn begin(&self) -> String {
        match &self.session {
            Session::Own { .. } => BEGIN.to_owned(),
            Session::Pooled { settings, .. } => format!("{BEGIN}; {settings}"),
        }
    }

    /// Sends every query at once and collects every answer, in order.
    pub(crate) async fn pipeline<S: AsRef<str> + Sync>(
        &self,
        queries: &[S],
    ) -> Vec<std::result::Result<Vec<ResultSet>, Error>> {
        self.timed_pipeline(queries).await.into_iter().map(|answer| answer.result).collect()
    }

    /// As [`Self::pipeline`], with the time that each answer took after the one before.
    pub(crate) async fn timed_pipeline<S: AsRef<str> + Sync>(&self, queries: &[S]) -> Vec<Answer> {
        let mut last = Instant::now();
        let mut streams = Vec::new();
        for sql in queries {
            // Ready at once: it waits for the sending, not for the answer.
            streams.push(self.client.simple_query_raw(sql.as_ref()).await);
        }
        let mut answers = Vec::with_capacity(streams.len());
        for stream in streams {
            let messages = match stream {
                Ok(stream) => stream.try_collect().await,
                Err(error) => Err(error),
            };
            let now = Instant::now();
            answers.push(Answer { result: messages.map(result_set::split), took: now - last, lead: 0 });
            last = now;
        }
        answers
    }

    /// Ends an open transaction without a trace, whatever state it is in.
    pub(crate) async fn roll_back(&self) {
        // Where this fails the connection is gone, and the transaction with it.
        drop(self.client.batch_execute("ROLLBACK").await);
    }

    pub(crate) fn failed(&self, error: &Error, doing: &str) -> EngineError {
        classify(error, &self.target, doing)
    }
}

/// Creates the URL's database, connecting to one that every server has.
///
/// # Errors
/// As [`Postgres::connect`], and where the server refuses.
pub async fn create_database(options: &PostgresOptions) -> Result<()> {
    let name = address(options)?.target.database;
    let mut last = None;
    for database in MAINTENANCE_DATABASES {
        let mut address = address(options)?;
        address.config.dbname(database);
        address.target.database = database.to_owned();
        match connect(address, options).await {
            Ok(postgres) => {
                let sql = format!("CREATE DATABASE {}", quote::identifier(&name));
                let result = postgres.run(&sql, &format!("the creation of database `{name}`")).await;
                postgres.close().await;
                return result.map(drop);
            }
            Err(error @ EngineError::UnknownDatabase { .. }) => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.expect("there is at least one maintenance database"))
}

async fn connect(address: Address, options: &PostgresOptions) -> Result<Postgres> {
    let Address { config: without_options, ssl, target } = address;
    let mut config = with_session_options(&without_options, options);
    let connector = Connector::new(&ssl)?;
    let opened = loop {
        match open(&config, connector.clone()).await {
            Ok(opened) => break opened,
            Err(error)
                if refuses_options(&error)
                    && config.get_options().is_some()
                    && without_options.get_options().is_none() =>
            {
                // A connection pooler that passes no options on: they are set in every transaction instead.
                let mode = config.get_ssl_mode();
                config = without_options.clone();
                config.ssl_mode(mode);
            }
            Err(error) => {
                let error = classify_connect(&error, &target);
                let may_go_plain = ssl.mode == SslMode::Prefer
                    && matches!(error, EngineError::Tls { .. })
                    && config.get_ssl_mode() != driver_mode(SslMode::Disable);
                if !may_go_plain {
                    return Err(error);
                }
                // As in libpq: `prefer` goes on without encryption where it cannot be had.
                config.ssl_mode(driver_mode(SslMode::Disable));
            }
        }
    };
    let (client, task, version) = opened;
    let major = major(&version);
    if major < OLDEST_MAJOR {
        return Err(EngineError::TooOld { product: PRODUCT, version, oldest: "12" });
    }
    let server = ServerDescription {
        product: PRODUCT.to_owned(),
        version,
        database: target.database.clone(),
        location: target.location.clone(),
        user: Some(target.user.clone()),
        encrypted: Some(connector.is_encrypted()),
    };
    let reset = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL".to_owned();
    let mut postgres = Postgres {
        client,
        database: target.database.clone(),
        target,
        server,
        major,
        schema: options.schema.clone(),
        reset,
        session: Session::Own { pid: 0 },
        options: options.clone(),
        companion: None,
        seen_wal: SeenWal::default(),
        prepared: Prepared::default(),
        guard: None,
        task,
    };
    postgres.session = postgres.probe(options).await?;
    if let Session::Pooled { settings, .. } = &postgres.session {
        postgres.reset = format!("{}; {settings}", postgres.reset);
    }
    Ok(postgres)
}

impl Postgres {
    /// Whether the setting that the connection asked for at its start is there: a transaction pooler takes
    /// none, or gives the query to a session that another one began.
    async fn probe(&mut self, options: &PostgresOptions) -> Result<Session> {
        let sql =
            format!("SELECT current_setting('{SESSION_MARK}', true), pg_backend_pid(), current_database()");
        let answer = self.try_run_bare(&sql).await;
        let sets = answer.map_err(|error| self.failed(&error, "describing the session"))?;
        let row = sets.first().and_then(|set| set.rows.first());
        if let Some(name) = row.and_then(|row| row.optional(2)) {
            self.database = name;
        }
        if row.is_some_and(|row| row.text(0) == Some(session_mark().as_str())) {
            return Ok(Session::Own { pid: row.map_or(0, |row| row.number(1)) });
        }
        let settings = pooled_settings(options);
        Ok(Session::Pooled { count: settings.len(), settings: settings.join("; ") })
    }
}

type Opened = (Client, JoinHandle<()>, String);

async fn open(config: &Config, connector: Connector) -> std::result::Result<Opened, Error> {
    let (client, connection) = config.connect(connector).await?;
    let version = connection.parameter("server_version").unwrap_or_default().to_owned();
    let task = tokio::spawn(async move {
        // Whoever waits for an answer gets the error.
        drop(connection.await);
    });
    // `15.18 (Debian 15.18-0+deb12u1)`
    let version = version.split_whitespace().next().unwrap_or_default().to_owned();
    Ok((client, task, version))
}

fn refuses_options(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| {
        *error.code() == SqlState::PROTOCOL_VIOLATION && error.message().contains("options")
    })
}

fn pooled_settings(options: &PostgresOptions) -> Vec<String> {
    let mut settings: Vec<String> = session_settings(options)
        .into_iter()
        .map(|(name, value)| match name {
            "search_path" => format!("SET LOCAL search_path = {value}"),
            _ => format!("SET LOCAL {name} = {}", quote::literal(&value)),
        })
        .collect();
    // A forgotten transaction must not keep the lease from others for longer than the lease itself lasts.
    let limit_ms = options.lease.as_millis();
    settings.push(format!("SET LOCAL idle_in_transaction_session_timeout = {limit_ms}"));
    settings
}

/// `15.18` → 15; `19devel` → 19.
fn major(version: &str) -> u32 {
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_the_leading_number() {
        for (version, expected) in [("15.18", 15), ("19devel", 19), ("9.6.24", 9), ("", 0)] {
            assert_eq!(major(version), expected, "{version}");
        }
    }
}
