//! A private PostgreSQL server in a temporary folder.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::account::ServerAccount;
use crate::certificate::ServerCertificate;
use crate::process::{self, POLL_INTERVAL, free_port, wait_until};
use crate::psql;
use crate::toolchain::{PostgresVersion, Toolchain};

/// How long a server may take to answer: crash recovery of a large database on a busy machine takes several seconds.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a fast shutdown may take before the server is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
/// How often another port is tried when a process takes the free one first.
const PORT_ATTEMPTS: u32 = 5;
/// The superuser of every test server.
const SUPERUSER: &str = "postgres";
/// How long a replica may take until the primary sends to it.
const REPLICATION_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections that one server accepts: as many tests run at once as there are cores, each with a pool or sixteen deployers.
const MAX_CONNECTIONS: u32 = 200;

/// How a private server runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PostgresOptions {
    /// Keeps `fsync` and `synchronous_commit` on, as benchmarks and crash tests of the server need it.
    pub durable: bool,
    /// Accepts TLS connections only, with a certificate from a throw-away authority.
    pub tls: bool,
}

/// A running private server on a free loopback port; dropping it stops the server and removes its folder.
///
/// The server also stops when the *thread* that started it ends, so start it on a thread that outlives its use.
#[derive(Debug)]
pub struct PostgresServer {
    version: PostgresVersion,
    options: PostgresOptions,
    bin: PathBuf,
    account: ServerAccount,
    folder: TempDir,
    certificate: Option<ServerCertificate>,
    password: String,
    port: u16,
    child: Option<Child>,
}

impl PostgresServer {
    /// Starts a server for tests: not durable, without TLS.
    ///
    /// # Errors
    /// When the server cannot be installed or does not answer within a minute.
    pub fn start(version: PostgresVersion) -> Result<Self> {
        Self::start_with(version, PostgresOptions::default())
    }

    /// Starts a server that syncs every commit to the disk, for benchmarks.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_durable(version: PostgresVersion) -> Result<Self> {
        Self::start_with(version, PostgresOptions { durable: true, tls: false })
    }

    /// Starts a server that accepts TLS connections only; [`Self::authority_certificate`] is what a client must trust.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with_tls(version: PostgresVersion) -> Result<Self> {
        Self::start_with(version, PostgresOptions { durable: false, tls: true })
    }

    /// Starts a server as `options` say.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(version: PostgresVersion, options: PostgresOptions) -> Result<Self> {
        let toolchain = Toolchain::locate()?;
        // psql and the unprivileged account come with Debian's package, whatever the server's version.
        toolchain.postgres_bin(PostgresVersion::V15)?;
        let bin = toolchain.postgres_bin(version)?;
        let account = ServerAccount::find()?;
        account.check_can_run(&bin.join("postgres"))?;
        let folder = server_folder(&account)?;
        let certificate =
            if options.tls { Some(ServerCertificate::write(folder.path(), &account)?) } else { None };
        let mut server = Self {
            version,
            options,
            bin,
            account,
            folder,
            certificate,
            password: random_password()?,
            port: 0,
            child: None,
        };
        server.initialise()?;
        server.launch_on_a_free_port()?;
        Ok(server)
    }

    /// Starts a streaming replica of this server, with a port and a folder of its own; it answers queries.
    ///
    /// Roles and databases are the primary's. Drop it before the primary.
    ///
    /// # Errors
    /// When the version comes without `pg_basebackup` (only Debian's PostgreSQL 15 has it), the server speaks TLS only, or
    /// the replica does not stream within half a minute.
    pub fn start_replica(&self) -> Result<Self> {
        ensure!(self.certificate.is_none(), "a server that speaks TLS only has no replicas here");
        let program = self.bin.join("pg_basebackup");
        ensure!(program.exists(), "PostgreSQL {} comes without pg_basebackup", self.version.major());
        let folder = server_folder(&self.account)?;
        let mut replica = Self {
            version: self.version,
            options: self.options,
            bin: self.bin.clone(),
            account: self.account.clone(),
            folder,
            certificate: None,
            password: self.password.clone(),
            port: 0,
            child: None,
        };
        replica.copy_from(self, &program)?;
        replica.launch_on_a_free_port()?;
        let streams =
            "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn IS NOT NULL";
        let before = Instant::now();
        while self.psql("postgres", streams)? == "0" {
            ensure!(before.elapsed() < REPLICATION_TIMEOUT, "the replica does not stream: {}", replica.log());
            std::thread::sleep(POLL_INTERVAL);
        }
        Ok(replica)
    }

    /// The server's version.
    #[must_use]
    pub fn version(&self) -> PostgresVersion {
        self.version
    }

    /// The loopback port that the server listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The superuser's password, random for each server.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The superuser's URL of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The certificate of the authority that signed the server's, in PEM form, when the server speaks TLS.
    #[must_use]
    pub fn authority_certificate(&self) -> Option<&Path> {
        self.certificate.as_ref().map(|certificate| certificate.authority.as_path())
    }

    /// What the server has logged since it was last started.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.log_path())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Creates an empty database.
    ///
    /// # Errors
    /// When the server refuses, for example because the database exists.
    pub fn create_database(&self, name: &str) -> Result<()> {
        self.psql(
            "postgres",
            &format!("CREATE DATABASE \"{}\" TEMPLATE template0", name.replace('"', "\"\"")),
        )
        .map(drop)
    }

    /// Runs SQL as the superuser and returns the unaligned rows without headers.
    ///
    /// # Errors
    /// When a statement fails; the message is psql's.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String> {
        psql::run(&self.url(database), sql)
    }

    /// Ends the server and every process of it with SIGKILL, as a failing machine would; [`Self::restart`] brings it back
    /// through crash recovery.
    ///
    /// A server that is not durable can lose its last commits in this.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub fn kill9(&mut self) -> Result<()> {
        self.child.take().map_or(Ok(()), process::kill_with_children)
    }

    /// Stops the server as `pg_ctl stop --mode=immediate` does: without a checkpoint, so that the next start recovers.
    ///
    /// A server that is not durable can lose its last commits in this.
    ///
    /// # Errors
    /// When the process cannot be signalled.
    pub fn stop_immediately(&mut self) -> Result<()> {
        self.end(Signal::SIGQUIT)
    }

    /// Stops the server in its orderly way; clients are disconnected.
    ///
    /// # Errors
    /// When the process cannot be signalled.
    pub fn stop(&mut self) -> Result<()> {
        self.end(Signal::SIGINT)
    }

    /// Keeps every process of the server on these cores, a list such as `0` or `0-1`; a benchmark of latency names the client's.
    ///
    /// # Errors
    /// When the server does not run, or this process may not use one of the cores.
    pub fn run_on_cores(&self, cores: &str) -> Result<()> {
        process::run_on_cores(self.child.as_ref().context("the server does not run")?, cores)
    }

    fn end(&mut self, signal: Signal) -> Result<()> {
        self.child.take().map_or(Ok(()), |child| process::end(child, signal, STOP_TIMEOUT))
    }

    /// Stops the server if it runs, and starts it on the same port with the same data.
    ///
    /// # Errors
    /// When the server does not answer within a minute.
    pub fn restart(&mut self) -> Result<()> {
        self.stop()?;
        // When only the first process has been killed, by a test of its own, the orphaned backends hold the shared memory
        // for a moment, and the first start is refused.
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            match self.launch() {
                Err(error) if Instant::now() < deadline && self.log().contains("shared memory block") => {
                    drop(error);
                    std::thread::sleep(POLL_INTERVAL);
                }
                outcome => return outcome,
            }
        }
    }

    fn data_path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn initialise(&self) -> Result<()> {
        let password_file = self.folder.path().join("password");
        fs::write(&password_file, &self.password)
            .with_context(|| format!("write {}", password_file.display()))?;
        self.account.give(&password_file)?;
        let output = self
            .account
            .command(self.bin.join("initdb"))
            .args([
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ])
            .arg(format!("--username={SUPERUSER}"))
            .arg(format!("--pwfile={}", password_file.display()))
            .arg(format!("--pgdata={}", self.data_path().display()))
            .current_dir(self.folder.path())
            .output()
            .context("start initdb")?;
        if !output.status.success() {
            bail!(
                "initdb failed: {}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        fs::remove_file(&password_file).with_context(|| format!("remove {}", password_file.display()))?;
        let kind = if self.options.tls { "hostssl" } else { "host" };
        let rules = self.data_path().join("pg_hba.conf");
        fs::write(&rules, format!("{kind} all all 127.0.0.1/32 scram-sha-256\n{kind} replication all 127.0.0.1/32 scram-sha-256\n"))
            .with_context(|| format!("write {}", rules.display()))
    }

    /// Fills the folder with a copy of a running server that will follow it.
    fn copy_from(&self, primary: &Self, program: &Path) -> Result<()> {
        // What the copy is told of its primary holds the password, in a file that only the account can read.
        let output = self
            .account
            .command(program)
            .env("PGPASSWORD", &primary.password)
            .args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"])
            .args(["--no-password", "--host=127.0.0.1"])
            .arg(format!("--port={}", primary.port))
            .arg(format!("--username={SUPERUSER}"))
            .arg(format!("--pgdata={}", self.data_path().display()))
            .current_dir(self.folder.path())
            .output()
            .context("start pg_basebackup")?;
        ensure!(
            output.status.success(),
            "pg_basebackup failed: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    fn launch_on_a_free_port(&mut self) -> Result<()> {
        for _ in 1..PORT_ATTEMPTS {
            self.port = free_port()?;
            match self.launch() {
                Err(_) if self.log().contains("Address already in use") => {}
                outcome => return outcome,
            }
        }
        self.port = free_port()?;
        self.launch()
    }

    fn launch(&mut self) -> Result<()> {
        let log =
            File::create(self.log_path()).with_context(|| format!("write {}", self.log_path().display()))?;
        let mut command = self.account.command(self.bin.join("postgres"));
        command.arg("-D").arg(self.data_path());
        for setting in self.settings() {
            command.arg("-c").arg(setting);
        }
        let child = command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share the server's log")?)
            .stderr(log)
            .spawn()
            .context("start postgres")?;
        self.child = Some(child);
        self.wait_until_it_answers()
    }

    fn settings(&self) -> Vec<String> {
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            "unix_socket_directories=".to_owned(),
            format!("max_connections={MAX_CONNECTIONS}"),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
        ];
        if !self.options.durable {
            settings
                .extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(String::from));
        }
        if let Some(certificate) = &self.certificate {
            settings.push("ssl=on".to_owned());
            settings.push(format!("ssl_cert_file={}", certificate.certificate.display()));
            settings.push(format!("ssl_key_file={}", certificate.key.display()));
        }
        settings
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let ready = Toolchain::packaged_postgres_bin(PostgresVersion::V15).join("pg_isready");
        let child = self.child.as_mut().expect("launch sets the child before it waits for it");
        let mut ended = None;
        let port = self.port.to_string();
        let answered = wait_until(START_TIMEOUT, || {
            ended = child.try_wait().ok().flatten();
            let answers = || {
                Command::new(&ready)
                    .args(["--quiet", "--host=127.0.0.1", "--timeout=2", "--port", &port])
                    .status()
                    .is_ok_and(|status| status.success())
            };
            ended.is_some() || answers()
        });
        match ended {
            None if answered => Ok(()),
            None => {
                self.stop()?;
                bail!(
                    "PostgreSQL {} did not answer within {START_TIMEOUT:?}: {}",
                    self.version.major(),
                    self.log()
                )
            }
            Some(status) => {
                self.child = None;
                bail!("PostgreSQL {} ended with {status}: {}", self.version.major(), self.log())
            }
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // A failure here has no caller to go to; the parent-death signal ends the server at the latest with this thread.
        drop(self.stop());
    }
}

/// A temporary folder that the server's account owns.
fn server_folder(account: &ServerAccount) -> Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("whimbrel-postgres-")
        .tempdir()
        .context("make a folder for the server")?;
    account.give(folder.path())?;
    Ok(folder)
}

/// A password that no other text contains by chance, so that a test can look for it in any output.
pub(crate) fn random_password() -> Result<String> {
    Ok(format!("secret-{}", random_hex()?))
}

/// Sixteen hexadecimal digits from the system's random source.
pub(crate) fn random_hex() -> Result<String> {
    let mut bytes = [0_u8; 8];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("read /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
