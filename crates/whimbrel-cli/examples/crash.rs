//! A deployer that ends, or stops, itself at a chosen moment of its work: the crash tests' driver.
//!
//! `crash up|down N [stop]` migrates the project of the working folder to the newest version, or one step back, and sends
//! itself SIGKILL (SIGSTOP with `stop`) at the N-th moment of the journal. With N = 0 it lists the moments instead.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command of the tests")]

use std::process::ExitCode;
use std::sync::Arc;

use miette::Diagnostic as _;
use nix::sys::signal::{Signal, raise};
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::Engine;
use whimbrel_engine::document::DocumentEngine;
use whimbrel_lifecycle::events::{Event, Observer};
use whimbrel_lifecycle::migrate::migrate;
use whimbrel_lifecycle::migration::Target;
use whimbrel_lifecycle::project::{
    DataModel, Overrides, ProcessEnvironment, Project, SqliteLocation, UrlScheme,
};
use whimbrel_lifecycle::{LifecycleError, Session};
use whimbrel_mongo::{MongoOptions, TokioRuntime};
use whimbrel_postgres::{Postgres, PostgresOptions};
use whimbrel_sqlite::{Sqlite, SqliteOptions};

/// Counts the moments, and raises the signal at one of them.
struct Crash {
    seen: usize,
    at: usize,
    signal: Signal,
}

impl Observer for Crash {
    fn event(&mut self, event: &Event) {
        let moment = match event {
            Event::StepStarted { .. } => "step started".to_owned(),
            Event::Journal { position, moment, .. } => format!("unit {position} {moment:?}").to_lowercase(),
            Event::StepDone { .. } => "step done".to_owned(),
            _ => return,
        };
        self.seen += 1;
        if self.at == 0 {
            println!("{moment}");
        } else if self.seen == self.at {
            eprintln!("{:?} at {moment}", self.signal);
            raise(self.signal).expect("a process may signal itself");
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (direction, at, signal) = match words.as_slice() {
        [direction, at] => (*direction, *at, Signal::SIGKILL),
        [direction, at, "stop"] => (*direction, *at, Signal::SIGSTOP),
        _ => return usage(),
    };
    let target = match direction {
        "up" => Target::Latest,
        "down" => Target::Back(1),
        _ => return usage(),
    };
    let Ok(at) = at.parse() else { return usage() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome =
        runtime.expect("a runtime can be made").block_on(run(&target, &mut Crash { seen: 0, at, signal }));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.code().map(|code| code.to_string()).unwrap_or_default();
            eprintln!("{code}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: crash up|down N [stop]");
    ExitCode::from(2)
}

async fn run(target: &Target, crash: &mut Crash) -> Result<(), LifecycleError> {
    let overrides = Overrides { env: None, url: None };
    let project = Project::open(None, &overrides, &ProcessEnvironment::read())?;
    let engine = connect(&project).await?;
    let mut session = Session::new(&project, engine, "crash@test".to_owned());
    migrate(&mut session, target, crash).await.map(drop)
}

async fn connect(project: &Project) -> Result<Box<dyn Engine>, LifecycleError> {
    if project.url.value.scheme() == UrlScheme::Postgres {
        let mut options = PostgresOptions::new(project.url.value.expose());
        options.lock_timeout = project.pool.lock_timeout.value;
        options.lease = project.pool.lease.value;
        return Ok(Box::new(Postgres::connect(&options).await?));
    }
    if matches!(project.url.value.scheme(), UrlScheme::Mongodb | UrlScheme::MongodbSrv) {
        let mut options = MongoOptions::new(project.url.value.expose());
        options.lease = project.pool.lease.value;
        return Ok(Box::new(whimbrel_mongo::connect(&options).await?));
    }
    if project.model.value == DataModel::Document {
        return documents(project);
    }
    let mut options = match project.url.value.sqlite().expect("every other engine is known above") {
        SqliteLocation::Memory => SqliteOptions::memory(),
        SqliteLocation::File(path) => SqliteOptions::file(path.clone()),
    };
    options.lease = project.pool.lease.value;
    Ok(Box::new(Sqlite::open(&options)?))
}

fn documents(project: &Project) -> Result<Box<dyn Engine>, LifecycleError> {
    let location = match project.url.value.sqlite().expect("every other engine is known above") {
        SqliteLocation::Memory => Location::Memory,
        SqliteLocation::File(path) => Location::File(path.clone()),
    };
    let store = DocumentStore::open(&DocumentOptions::new(location, "app"))?;
    let lease = whimbrel_mongo::lease_options(project.pool.lease.value, "crash");
    Ok(Box::new(DocumentEngine::new(store, Arc::new(TokioRuntime), lease)))
}
