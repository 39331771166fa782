//! A private connection pooler in a temporary folder, in front of a PostgreSQL server.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use percent_encoding::percent_decode_str;
use tempfile::TempDir;

use crate::account::ServerAccount;
use crate::process::{self, free_port, wait_until};
use crate::psql;
use crate::toolchain::Toolchain;

/// How long a pooler may take to answer on a busy machine; alone it takes milliseconds.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an immediate shutdown may take before the pooler is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How often another port is tried when a process takes the free one first.
const PORT_ATTEMPTS: u32 = 5;
/// The pooler's own database, whose "tables" are its `SHOW` commands.
const CONSOLE: &str = "pgbouncer";

/// How a pooler runs; the default is what Debian's package does, with transactions as the unit of pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PgBouncerOptions {
    /// Connections to the server for each pair of user and database.
    pub pool_size: u32,
    /// Clients that may be connected at once.
    pub max_clients: u32,
    /// Accepts the startup parameter `options` and ignores what it says, instead of refusing the client.
    pub ignores_options: bool,
}

impl Default for PgBouncerOptions {
    fn default() -> Self {
        Self { pool_size: 4, max_clients: 200, ignores_options: false }
    }
}

/// A running pooler (`pool_mode = transaction`) on a free loopback port; dropping it stops it and removes its folder.
///
/// It knows the account of the server's URL, and asks the server for the passwords of others. It also stops when the
/// *thread* that started it ends, so start it on a thread that outlives its use.
#[derive(Debug)]
pub struct PgBouncer {
    server: ServerUrl,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl PgBouncer {
    /// Starts a pooler in front of the server at `server_url`, as Debian's package is configured.
    ///
    /// # Errors
    /// When the pooler cannot be installed or does not answer within half a minute.
    pub fn start(server_url: &str) -> Result<Self> {
        Self::start_with(server_url, PgBouncerOptions::default())
    }

    /// Starts a pooler as `options` say in front of the server at `server_url`, a superuser's.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(server_url: &str, options: PgBouncerOptions) -> Result<Self> {
        let program = Toolchain::locate()?.pgbouncer()?;
        let account = ServerAccount::find()?;
        account.check_can_run(&program)?;
        let folder = tempfile::Builder::new()
            .prefix("whimbrel-pgbouncer-")
            .tempdir()
            .context("make a folder for the pooler")?;
        account.give(folder.path())?;
        let mut pooler = Self { server: ServerUrl::parse(server_url)?, folder, port: 0, child: None };
        for attempt in 1.. {
            pooler.port = free_port()?;
            pooler.write_configuration(options, &account)?;
            match pooler.launch(account.command(&program)) {
                Err(_) if attempt < PORT_ATTEMPTS && pooler.log().contains("Address already in use") => {}
                outcome => return outcome.map(|()| pooler),
            }
        }
        unreachable!("the loop ends with the last attempt")
    }

    /// The loopback port that the pooler listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of one of the server's databases, through the pooler, for the account of the server's URL.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{}@127.0.0.1:{}/{database}", self.server.credentials, self.port)
    }

    /// Runs a command such as `SHOW POOLS` on the pooler's console and returns the unaligned rows without headers.
    ///
    /// # Errors
    /// When the command fails; the message is psql's.
    pub fn console(&self, command: &str) -> Result<String> {
        psql::run(&self.url(CONSOLE), command)
    }

    /// What the pooler has logged.
    #[must_use]
    pub fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("pooler.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn write_configuration(&self, options: PgBouncerOptions, account: &ServerAccount) -> Result<()> {
        let PgBouncerOptions { pool_size, max_clients, ignores_options } = options;
        let ServerUrl { user, password, host, port, .. } = &self.server;
        let folder = self.folder.path();
        let ignored = if ignores_options { "ignore_startup_parameters = options\n" } else { "" };
        let configuration = format!(
            "[databases]\n* = host={host} port={port} auth_user={user}\n\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\n\
             pool_mode = transaction\ndefault_pool_size = {pool_size}\nmax_client_conn = {max_clients}\n\
             auth_type = scram-sha-256\nauth_file = {}\nadmin_users = {user}\n{ignored}",
            self.port,
            folder.join("accounts").display(),
        );
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let accounts = format!("{} {}\n", quoted(user), quoted(password));
        for (name, text) in [("pgbouncer.ini", configuration), ("accounts", accounts)] {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
                .with_context(|| format!("protect {}", path.display()))?;
            account.give(&path)?;
        }
        Ok(())
    }

    fn launch(&mut self, mut command: std::process::Command) -> Result<()> {
        let path = self.folder.path().join("pooler.log");
        let log = File::create(&path).with_context(|| format!("write {}", path.display()))?;
        let child = command
            .arg("pgbouncer.ini")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share the pooler's log")?)
            .stderr(log)
            .spawn()
            .context("start pgbouncer")?;
        let child = self.child.insert(child);
        let mut ended = None;
        let console = format!("postgres://{}@127.0.0.1:{}/{CONSOLE}", self.server.credentials, self.port);
        let answered = wait_until(START_TIMEOUT, || {
            ended = child.try_wait().ok().flatten();
            ended.is_some() || psql::run(&console, "SHOW VERSION").is_ok()
        });
        match ended {
            None if answered => Ok(()),
            None => {
                self.stop()?;
                bail!("PgBouncer did not answer within {START_TIMEOUT:?}: {}", self.log())
            }
            Some(status) => {
                self.child = None;
                bail!("PgBouncer ended with {status}: {}", self.log())
            }
        }
    }

    fn stop(&mut self) -> Result<()> {
        // SIGINT would wait for the clients' transactions.
        self.child.take().map_or(Ok(()), |child| process::end(child, Signal::SIGTERM, STOP_TIMEOUT))
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // A failure here has no caller to go to; the parent-death signal ends the pooler at the latest with this thread.
        drop(self.stop());
    }
}

/// The parts of a server's URL that the pooler's configuration names.
#[derive(Debug, PartialEq, Eq)]
struct ServerUrl {
    /// User and password as the URL writes them.
    credentials: String,
    user: String,
    password: String,
    host: String,
    port: u16,
}

impl ServerUrl {
    /// Takes a URL apart; the error never shows it.
    fn parse(url: &str) -> Result<Self> {
        Self::parts(url).context(
            "the pooler needs a server URL of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE with a plain user name",
        )
    }

    fn parts(url: &str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?']).next()?;
        let (credentials, address) = authority.rsplit_once('@')?;
        let (user, password) = credentials.split_once(':')?;
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "5432"));
        let decoded = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
        // The configuration's own syntax has no word for others.
        let is_plain = |text: &str| !text.is_empty() && !text.contains(|c: char| " ='\"%\\".contains(c));
        (is_plain(user) && is_plain(host)).then_some(())?;
        Some(Self {
            credentials: credentials.to_owned(),
            user: user.to_owned(),
            password: decoded(password)?,
            host: host.to_owned(),
            port: port.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_url_is_taken_apart() {
        let url = ServerUrl::parse("postgres://u:p%40s@h:5/db?sslmode=disable").unwrap();
        let expected = ServerUrl {
            credentials: "u:p%40s".to_owned(),
            user: "u".to_owned(),
            password: "p@s".to_owned(),
            host: "h".to_owned(),
            port: 5,
        };
        assert_eq!(url, expected);
        assert_eq!(ServerUrl::parse("postgres://u:p@h").unwrap().port, 5432);
        for url in [
            "nonsense",
            "postgres://h/db",
            "postgres://u@h",
            "postgres://u:secret@h:x",
            "postgres://:secret@h",
        ] {
            let error = format!("{:#}", ServerUrl::parse(url).unwrap_err());
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
