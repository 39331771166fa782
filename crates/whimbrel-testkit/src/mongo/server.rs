//! A private server that stands for MongoDB, in a temporary folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mongodb::bson::{Document, doc};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::database::on_server;
use super::{MongoDatabase, MongoKind, client};
use crate::account::ServerAccount;
use crate::certificate::ServerCertificate;
use crate::postgres::random_password;
use crate::process::{self, free_port, wait_until};
use crate::toolchain::{MongodbEngine, Toolchain};

/// How long a server may take to listen: a busy machine takes seconds to load either of them.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an orderly stop may take before the server is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
/// How often another port is tried when a process takes the free one first.
const PORT_ATTEMPTS: u32 = 5;
/// The account that may do everything on a server with users.
const ADMINISTRATOR: &str = "administrator";
/// Ends a server with the thread that started it: it is one process, whose data nobody wants any more, and an orderly stop
/// of SecantusDB can hang.
const ENDED_WITH_ITS_THREAD_BY: &str = "KILL";
/// Serves MongoDB's engine on a port.
const ENGINE_SCRIPT: &str = include_str!("../../fixtures/mongodb_engine.js");

/// How a private SecantusDB runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecantusOptions {
    /// Asks for a user and a password; [`MongoServer::url`] names an administrator's.
    pub users: bool,
    /// Accepts TLS connections only, with a certificate from a throw-away authority that the URL names.
    pub tls: bool,
    /// Syncs every commit to the disk, as benchmarks and tests of lost power need it.
    pub durable: bool,
}

/// A running private server on a free loopback port; dropping it stops the server and removes its folder.
///
/// The server also stops when the *thread* that started it ends, so start it on a thread that outlives its use.
#[derive(Debug)]
pub struct MongoServer {
    program: Program,
    folder: TempDir,
    port: u16,
    /// The administrator's, once the account exists.
    password: Option<String>,
    certificate: Option<ServerCertificate>,
    child: Option<Child>,
}

/// What runs, and how.
#[derive(Debug)]
enum Program {
    Engine(MongodbEngine),
    SecantusDb { path: PathBuf, durable: bool },
}

impl MongoServer {
    /// Starts a server without users and TLS.
    ///
    /// # Errors
    /// When the server cannot be installed or does not answer within a minute.
    pub fn start(kind: MongoKind) -> Result<Self> {
        match kind {
            MongoKind::Engine => Self::start_engine(),
            MongoKind::SecantusDb => Self::start_secantusdb(SecantusOptions::default()),
        }
    }

    /// Starts MongoDB's engine.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_engine() -> Result<Self> {
        let mut server = Self::prepare(Program::Engine(Toolchain::locate()?.mongodb_engine()?))?;
        server.write("serve.js", ENGINE_SCRIPT)?;
        server.launch_on_a_free_port()?;
        Ok(server)
    }

    /// Starts SecantusDB as `options` say.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_secantusdb(options: SecantusOptions) -> Result<Self> {
        let path = Toolchain::locate()?.secantusdb()?;
        let mut server = Self::prepare(Program::SecantusDb { path, durable: options.durable })?;
        // Named on the command line, so that no file of the machine's user is read.
        server.write("server.toml", "")?;
        if options.tls {
            let account = ServerAccount::own();
            server.certificate = Some(ServerCertificate::write(server.folder.path(), &account)?);
        }
        server.launch_on_a_free_port()?;
        if options.users {
            // Without users the server lets everybody in; it asks for a password from the next start on.
            let password = random_password()?;
            let create = doc! { "createUser": ADMINISTRATOR, "pwd": &password, "roles": ["root"] };
            server.run("admin", create).context("create the administrator")?;
            server.password = Some(password);
            server.restart()?;
        }
        Ok(server)
    }

    /// Which server this is.
    #[must_use]
    pub fn kind(&self) -> MongoKind {
        match self.program {
            Program::Engine(_) => MongoKind::Engine,
            Program::SecantusDb { .. } => MongoKind::SecantusDb,
        }
    }

    /// The loopback port that the server listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The administrator's password, random for each server, when the server asks for one.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// The URL that may do everything; it names no database.
    #[must_use]
    pub fn url(&self) -> String {
        let account =
            self.password.as_ref().map(|password| format!("{ADMINISTRATOR}:{password}@")).unwrap_or_default();
        let tls = self
            .authority_certificate()
            .map(|path| format!("&tls=true&tlsCAFile={}", path.display()))
            .unwrap_or_default();
        format!("mongodb://{account}127.0.0.1:{}/?directConnection=true{tls}", self.port)
    }

    /// The certificate of the authority that signed the server's, in PEM form, when the server speaks TLS.
    #[must_use]
    pub fn authority_certificate(&self) -> Option<&Path> {
        self.certificate.as_ref().map(|certificate| certificate.authority.as_path())
    }

    /// What the server has logged since it was last started.
    #[must_use]
    pub fn log(&self) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Names a fresh database on this server.
    ///
    /// # Errors
    /// When the system's random source cannot be read.
    pub fn database(&self) -> Result<MongoDatabase> {
        on_server(&self.url())
    }

    /// Runs a command in a database, with all rights, and returns its reply.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the command; the driver's error is the source.
    pub fn run(&self, database: &str, command: Document) -> Result<Document> {
        client::run(&self.url(), database, command)
    }

    /// Ends the server with SIGKILL, as a failing machine would; [`Self::restart`] brings it back with what it had written.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub fn kill9(&mut self) -> Result<()> {
        self.child.take().map_or(Ok(()), process::kill_with_children)
    }

    /// Stops the server in its orderly way; clients are disconnected.
    ///
    /// # Errors
    /// When the process cannot be signalled.
    pub fn stop(&mut self) -> Result<()> {
        self.child.take().map_or(Ok(()), |child| process::end(child, Signal::SIGTERM, STOP_TIMEOUT))
    }

    /// Stops the server if it runs, and starts it on the same port with the same data.
    ///
    /// # Errors
    /// When the server does not answer within a minute.
    pub fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.launch()
    }

    /// Keeps the server on these cores, a list such as `0` or `0-1`; a benchmark of latency names the client's.
    ///
    /// # Errors
    /// When the server does not run, or this process may not use one of the cores.
    pub fn run_on_cores(&self, cores: &str) -> Result<()> {
        process::run_on_cores(self.child.as_ref().context("the server does not run")?, cores)
    }

    fn prepare(program: Program) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("whimbrel-mongodb-")
            .tempdir()
            .context("make a folder for the server")?;
        Ok(Self { program, folder, port: 0, password: None, certificate: None, child: None })
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.path().join(name);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn launch_on_a_free_port(&mut self) -> Result<()> {
        for _ in 1..PORT_ATTEMPTS {
            self.port = free_port()?;
            let is_taken = |log: &str| log.contains("EADDRINUSE") || log.contains("ddress already in use");
            match self.launch() {
                Err(_) if is_taken(&self.log()) => {}
                outcome => return outcome,
            }
        }
        self.port = free_port()?;
        self.launch()
    }

    fn launch(&mut self) -> Result<()> {
        let path = self.log_path();
        let log = File::create(&path).with_context(|| format!("write {}", path.display()))?;
        let child = self
            .command()
            .current_dir(self.folder.path())
            // The engine's socket and whatever else is temporary goes with the folder, however the server ends.
            .env("TMPDIR", self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share the server's log")?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", self.kind().name()))?;
        self.child = Some(child);
        self.wait_until_it_answers()
    }

    /// The command that starts the server; either server runs under any account, root's too.
    fn command(&self) -> Command {
        let account = ServerAccount::own();
        let data = self.folder.path().join("data");
        match &self.program {
            Program::Engine(engine) => {
                let mut command = account.command_ended_by(ENDED_WITH_ITS_THREAD_BY, &engine.node[0]);
                command.args(&engine.node[1..]).arg(self.folder.path().join("serve.js"));
                command.arg(&engine.module).arg(data).arg(self.port.to_string());
                command
            }
            Program::SecantusDb { path, durable } => {
                let mut command = account.command_ended_by(ENDED_WITH_ITS_THREAD_BY, path);
                command.arg("--config").arg(self.folder.path().join("server.toml"));
                command.args(["--host", "127.0.0.1", "--port", &self.port.to_string(), "--storage-path"]);
                command.arg(data);
                if *durable {
                    command.arg("--sync-on-commit");
                }
                if self.password.is_some() {
                    command.arg("--auth");
                }
                if let Some(certificate) = &self.certificate {
                    command.arg("--tls-cert-file").arg(&certificate.certificate);
                    command.arg("--tls-key-file").arg(&certificate.key);
                }
                command
            }
        }
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let child = self.child.as_mut().expect("launch sets the child before it waits for it");
        let mut ended = None;
        let address = ("127.0.0.1", self.port);
        let listens = wait_until(START_TIMEOUT, || {
            ended = child.try_wait().ok().flatten();
            ended.is_some() || std::net::TcpStream::connect(address).is_ok()
        });
        let name = self.kind().name();
        if let Some(status) = ended {
            self.child = None;
            bail!("{name} ended with {status}: {}", self.log());
        }
        if !listens {
            self.stop()?;
            bail!("{name} did not listen within {START_TIMEOUT:?}: {}", self.log());
        }
        let answer = self.run("admin", doc! { "ping": 1 });
        answer.map(drop).with_context(|| format!("{name} listens and does not answer: {}", self.log()))
    }
}

impl Drop for MongoServer {
    fn drop(&mut self) {
        // A failure here has no caller to go to; the parent-death signal ends the server at the latest with this thread.
        drop(self.stop());
    }
}
