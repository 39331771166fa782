//! `xtask bench`: Whimbrel beside the tools that people use today, on the same server in the same run.
//!
//! To add a benchmark, write a function that returns its [`Case`] and name it in [`BENCHMARKS`].

mod cores;
mod deployments;
mod documents;
mod measure;
mod migrations;
pub(crate) mod projects;
mod report;
mod scripts;
mod series;

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use bson::doc;
use tempfile::TempDir;
use whimbrel_testkit::toolchain::{DBMATE_VERSION, MigrateMongo, Toolchain};
use whimbrel_testkit::{MongoServer, PostgresServer, PostgresVersion};

use crate::interrupt::Interrupt;
use crate::workspace;
use measure::{Measured, Measurement, measure};
use report::{Bar, FLOOR, SUBJECT, render};

/// What one benchmark compares, and what Whimbrel must reach in it.
struct Case {
    commands: Vec<Measured>,
    bars: Vec<Bar>,
    /// Keeps every client and the server on one core: between two idle cores the waking of the other would be measured.
    pinned: bool,
    server: Server,
}

/// The server that a benchmark runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    Postgres,
    Mongodb,
    /// None: each side opens its own files.
    None,
}

/// Prepares one benchmark.
enum Prepare {
    /// On servers, with the release binary and the peers among the tools.
    OnServers(fn(&Stage) -> Result<Case>),
    /// On the documents of the embedded engine and of its peers.
    OnDocuments(fn(&documents::Ground) -> Result<Case>),
}

/// Every benchmark by its name, in the order in which they run.
const BENCHMARKS: [(&str, Prepare); 16] = {
    use Prepare::{OnDocuments, OnServers};
    [
        ("version", OnServers(migrations::version)),
        ("migrate-status", OnServers(migrations::status)),
        ("migrate-check-1000-tables", OnServers(migrations::check)),
        ("schema-read-1000-models", OnServers(migrations::schema_read)),
        ("apply-1000", OnServers(deployments::apply)),
        ("rollback-100", OnServers(deployments::roll_back)),
        ("mongodb-status", OnServers(scripts::status)),
        ("mongodb-apply-50", OnServers(scripts::apply)),
        ("mongodb-apply-1000", OnServers(scripts::apply_many)),
        ("documents-insert", OnDocuments(documents::insert)),
        ("documents-index-build", OnDocuments(documents::index_build)),
        ("documents-find", OnDocuments(documents::find)),
        ("documents-range", OnDocuments(documents::range)),
        ("documents-scan", OnDocuments(documents::scan)),
        ("documents-group", OnDocuments(documents::group)),
        ("documents-open", OnDocuments(documents::open)),
    ]
};

/// What the benchmarks run on, each set up by the first that asks for it.
#[derive(Default)]
struct Grounds {
    stage: OnceCell<Stage>,
    documents: OnceCell<documents::Ground>,
}

impl Grounds {
    fn stage(&self, peers_only: bool, interrupt: &Interrupt) -> Result<&Stage> {
        if let Some(stage) = self.stage.get() {
            return Ok(stage);
        }
        let stage = Stage::set(peers_only, interrupt)?;
        Ok(self.stage.get_or_init(|| stage))
    }

    /// The stage of a benchmark that has been prepared on it.
    fn set_stage(&self) -> Result<&Stage> {
        self.stage.get().context("the benchmark was not prepared on servers")
    }

    fn documents(&self, peers_only: bool) -> Result<&documents::Ground> {
        if let Some(ground) = self.documents.get() {
            return Ok(ground);
        }
        let ground = documents::Ground::set(peers_only)?;
        Ok(self.documents.get_or_init(|| ground))
    }
}

/// The servers and the tools on them.
struct Stage {
    server: PostgresServer,
    version: String,
    /// Started by the first benchmark that asks for it.
    mongodb: OnceCell<Documents>,
    folder: TempDir,
    /// The release binary; none when only the peers are measured.
    whimbrel: Option<(PathBuf, String)>,
    alembic: PathBuf,
    alembic_version: String,
    dbmate: PathBuf,
}

/// What the benchmarks on documents run on.
struct Documents {
    server: MongoServer,
    peer: MigrateMongo,
    raw_driver: PathBuf,
    version: String,
}

impl Documents {
    fn set() -> Result<Self> {
        let server = MongoServer::start_engine()?;
        let version = server.run("admin", doc! { "buildInfo": 1 })?.get_str("version")?.to_owned();
        let peer = Toolchain::locate()?.announcing(|line| eprintln!("xtask: {line}")).migrate_mongo()?;
        Ok(Self { server, peer, raw_driver: build_raw_driver()?, version })
    }
}

impl Stage {
    fn set(peers_only: bool, interrupt: &Interrupt) -> Result<Self> {
        let toolchain = Toolchain::locate()?.announcing(|line| eprintln!("xtask: {line}"));
        let dbmate = toolchain.dbmate()?;
        let alembic = toolchain.alembic_bin()?.join("alembic");
        let folder = tempfile::Builder::new().prefix("whimbrel-bench-").tempdir().context("make a folder")?;
        let version_of = |program: &Path| -> Result<String> {
            let printed = Measured::new("", program, &["--version"], folder.path()).prepare()?;
            Ok(printed.split_whitespace().last().unwrap_or_default().to_owned())
        };
        let alembic_version = version_of(&alembic)?;
        let whimbrel = if peers_only {
            None
        } else {
            let binary = build_release(interrupt)?;
            let version = version_of(&binary)?;
            Some((binary, version))
        };
        let server = PostgresServer::start_durable(PostgresVersion::V15)?;
        let version = server.psql("postgres", "SHOW server_version")?;
        Ok(Self {
            server,
            version,
            mongodb: OnceCell::new(),
            folder,
            whimbrel,
            alembic,
            alembic_version,
            dbmate,
        })
    }

    /// MongoDB's engine and what is measured on it.
    fn documents(&self) -> Result<&Documents> {
        if let Some(documents) = self.mongodb.get() {
            return Ok(documents);
        }
        let documents = Documents::set()?;
        Ok(self.mongodb.get_or_init(|| documents))
    }

    /// A new folder for one tool's project.
    fn project(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        Ok(folder)
    }

    /// The URL of a new, empty database.
    fn database(&self, name: &str) -> Result<String> {
        self.server.create_database(name)?;
        Ok(self.server.url(name))
    }

    fn whimbrel(&self, folder: &Path, arguments: &[&str]) -> Option<Measured> {
        let (program, version) = self.whimbrel.as_ref()?;
        Some(Measured::new(SUBJECT, program, arguments, folder).version(version))
    }

    fn alembic(&self, folder: &Path, arguments: &[&str]) -> Measured {
        Measured::new("alembic", &self.alembic, arguments, folder).version(&self.alembic_version)
    }

    fn dbmate(&self, folder: &Path, url: &str, arguments: &[&str]) -> Measured {
        let all = [&["--migrations-dir", "migrations", "--no-dump-schema"], arguments].concat();
        // The private server speaks no TLS, and dbmate's driver insists on it unless told.
        Measured::new("dbmate", &self.dbmate, &all, folder)
            .version(DBMATE_VERSION)
            .variable("DATABASE_URL", format!("{url}?sslmode=disable"))
            .shown(&format!("dbmate {}", arguments.join(" ")))
    }

    /// The least that any tool could do, measured beside the tools.
    fn floor(&self, program: &Path, arguments: &[&str], shown: &str) -> Measured {
        Measured::new(FLOOR, program, arguments, self.folder.path()).shown(shown)
    }
}

/// Runs the benchmarks that `arguments` choose: `--check`, `--peers` and a part of a name.
pub(crate) fn run(arguments: &[&str]) -> Result<ExitCode> {
    let options = Options::parse(arguments)?;
    let chosen: Vec<_> =
        BENCHMARKS.iter().filter(|(name, _)| options.filter.is_none_or(|part| name.contains(part))).collect();
    if chosen.is_empty() {
        bail!("no benchmark has this in its name; there are {}", BENCHMARKS.map(|(name, _)| name).join(", "));
    }
    let interrupt = Interrupt::listen()?;
    let grounds = Grounds::default();
    println!(
        "medians of {} runs, of {} where a bar is near the floor; ratios of runs in the same round\n",
        measure::RUNS,
        measure::PAIRS
    );
    let mut misses = 0;
    for (name, prepare) in chosen {
        let case = match prepare {
            Prepare::OnServers(prepare) => prepare(grounds.stage(options.peers_only, &interrupt)?),
            Prepare::OnDocuments(prepare) => prepare(grounds.documents(options.peers_only)?),
        };
        let case = case.with_context(|| format!("prepare {name}"))?;
        let before = cores::load()?;
        let measurements =
            run_case(&grounds, &case, &interrupt).with_context(|| format!("measure {name}"))?;
        let bars = if options.peers_only { &[][..] } else { &case.bars[..] };
        let verdicts: Vec<_> = bars.iter().map(|bar| bar.judge(&measurements)).collect();
        misses += verdicts.iter().filter(|verdict| !verdict.passed).count();
        print!("{}", render(name, &measurements, &verdicts));
        let place = if case.pinned { "client and server on one core; " } else { "" };
        let on = match case.server {
            Server::Postgres => format!("on PostgreSQL {}, durable; ", grounds.set_stage()?.version),
            Server::Mongodb => format!("on MongoDB's engine {}; ", grounds.set_stage()?.documents()?.version),
            Server::None => documents::CONDITIONS.to_owned(),
        };
        println!("  {on}{place}load of the machine {before} before, {} after\n", cores::load()?);
    }
    if options.check && misses > 0 {
        eprintln!("error: {misses} bars were missed");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures a case, on one core where it asks for it.
fn run_case(grounds: &Grounds, case: &Case, interrupt: &Interrupt) -> Result<Vec<Measurement>> {
    let is_near = case.bars.iter().any(|bar| bar.is_near());
    let pairs = if is_near { measure::PAIRS } else { measure::RUNS };
    if !case.pinned {
        return measure(&case.commands, pairs, interrupt);
    }
    let allowed = cores::allowed()?;
    let one = allowed.first().to_string();
    let keep = |cores: &str| match case.server {
        Server::Postgres => grounds.set_stage()?.server.run_on_cores(cores),
        Server::Mongodb => grounds.set_stage()?.documents()?.server.run_on_cores(cores),
        Server::None => Ok(()),
    };
    keep(&one)?;
    let commands: Vec<_> = case.commands.iter().map(|command| command.clone().on_cores(&one)).collect();
    let measured = measure(&commands, pairs, interrupt);
    keep(&allowed.to_string())?;
    measured
}

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options<'a> {
    check: bool,
    peers_only: bool,
    filter: Option<&'a str>,
}

impl<'a> Options<'a> {
    fn parse(arguments: &[&'a str]) -> Result<Self> {
        let mut options = Self::default();
        for argument in arguments {
            match *argument {
                "--check" => options.check = true,
                "--peers" => options.peers_only = true,
                name if !name.starts_with('-') && options.filter.is_none() => options.filter = Some(name),
                other => {
                    bail!("`{other}` is not understood; usage: cargo xtask bench [--check | --peers] [NAME]")
                }
            }
        }
        if options.check && options.peers_only {
            bail!("--check judges Whimbrel, and --peers leaves it out");
        }
        Ok(options)
    }
}

/// Builds the release binary and returns where it stands.
pub(crate) fn build_release(interrupt: &Interrupt) -> Result<PathBuf> {
    let mut command = Command::new(workspace::cargo());
    command
        .args(["build", "--release", "--quiet", "--package", "whimbrel-cli"])
        .current_dir(workspace::root()?);
    if !interrupt.run(&mut command)?.success() {
        bail!("the release binary could not be built");
    }
    Ok(workspace::target()?.join("release/whimbrel"))
}

/// Builds the program that only sends commands, and returns where it stands.
fn build_raw_driver() -> Result<PathBuf> {
    build_example("whimbrel-mongo", "raw_driver")
}

/// Builds an example of a package, and returns where it stands.
fn build_example(package: &str, example: &str) -> Result<PathBuf> {
    let mut command = Command::new(workspace::cargo());
    command
        .args(["build", "--release", "--quiet", "--package", package, "--example", example])
        .current_dir(workspace::root()?);
    if !command.status().context("start cargo")?.success() {
        bail!("the example {example} of {package} could not be built");
    }
    Ok(workspace::target()?.join("release/examples").join(example))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_understood_and_nonsense_is_refused() {
        assert_eq!(Options::parse(&[]).unwrap(), Options::default());
        let options = Options::parse(&["--check", "status"]).unwrap();
        assert_eq!(options, Options { check: true, peers_only: false, filter: Some("status") });
        assert!(Options::parse(&["--chekc"]).is_err());
        assert!(Options::parse(&["a", "b"]).is_err());
        assert!(Options::parse(&["--check", "--peers"]).is_err());
    }
}
