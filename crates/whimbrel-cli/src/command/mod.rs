//! The subcommands: each opens what it needs, calls one use case and shows its report.

use whimbrel_lifecycle::declared::DeclaredSchema;
use whimbrel_lifecycle::project::{Overrides, ProcessEnvironment, Project, Secret};
use whimbrel_lifecycle::{DEFAULT_LOCK_TIMEOUT, LifecycleError, Session};
use whimbrel_schema::ddl::Forms;

use crate::arguments::{Arguments, Command, Global, IndexCommand, MigrateCommand, SchemaCommand};
use crate::connect::{Purpose, connect};
use crate::error::ExitCode;
use crate::output::Output;

mod adopt;
mod alembic;
mod completions;
mod config;
mod create;
mod doctor;
mod import;
mod index;
mod init;
mod lint;
mod migrate;
mod outcome;
mod page;
mod rebase;
mod rollback;
mod schema;
mod squash;
mod status;
mod text;

/// The outcome of a command.
pub(crate) type Outcome = Result<ExitCode, LifecycleError>;

/// Runs the command that the arguments name.
pub(crate) async fn run(arguments: &Arguments, output: &Output) -> Outcome {
    let context = Context { global: &arguments.global, output };
    match &arguments.command {
        Command::Init(given) => init::run(&context, given).await,
        Command::Status(given) => status::run(&context, given).await,
        Command::Doctor => doctor::run(&context).await,
        Command::Config => config::run(&context),
        Command::Migrate(given) => match &given.command {
            None => migrate::run(&context, given).await,
            Some(MigrateCommand::Status(given)) => migrate::status(&context, given).await,
            Some(MigrateCommand::Create(given)) => create::run(&context, given).await,
            Some(MigrateCommand::Check) => migrate::check(&context).await,
            Some(MigrateCommand::History) => migrate::history(&context, None, false).await,
            Some(MigrateCommand::Current) => migrate::current(&context).await,
            Some(MigrateCommand::Redo { allowing }) => migrate::redo(&context, *allowing).await,
            Some(MigrateCommand::Lint(given)) => lint::run(&context, given).await,
            Some(MigrateCommand::Resolve(given)) => migrate::resolve(&context, given).await,
            Some(MigrateCommand::Seal) => migrate::seal(&context).await,
            Some(MigrateCommand::Squash(given)) => squash::run(&context, given).await,
            Some(MigrateCommand::Rebase(given)) => rebase::run(&context, given).await,
            Some(MigrateCommand::Baseline { version }) => {
                migrate::baseline(&context, version.as_deref()).await
            }
            Some(MigrateCommand::Adopt(given)) => adopt::run(&context, given).await,
            Some(MigrateCommand::Import(given)) => import::run(&context, given),
        },
        Command::Rollback(given) => rollback::run(&context, given).await,
        Command::Reset => init::reset(&context).await,
        Command::Schema(SchemaCommand::Print { format }) => schema::print(&context, *format),
        Command::Schema(SchemaCommand::Pull { stdout, force }) => {
            schema::pull(&context, *stdout, *force).await
        }
        Command::Schema(SchemaCommand::Diff { exit_code }) => schema::diff(&context, *exit_code).await,
        Command::Index(IndexCommand::Status(given)) => index::status(&context, given).await,
        Command::Index(IndexCommand::Plan(given)) => index::plan(&context, given).await,
        Command::Index(IndexCommand::Apply(given)) => index::apply(&context, given).await,
        Command::Completions { shell } => Ok(completions::run(&context, *shell)),
        Command::Upgrade { target, sql, allowing } => {
            alembic::upgrade(&context, target, *sql, *allowing).await
        }
        Command::Downgrade { target, sql, allowing } => {
            alembic::downgrade(&context, target, *sql, *allowing).await
        }
        Command::Revision { message, autogenerate } => {
            create::write(&context, message, *autogenerate, &[], Forms::Safe).await
        }
        Command::History { rev_range, indicate_current } => {
            migrate::history(&context, rev_range.as_deref(), *indicate_current).await
        }
        Command::Current { check_heads } => alembic::current(&context, *check_heads).await,
        Command::Heads { .. } => alembic::heads(&context),
        Command::Show { revision } => alembic::show(&context, revision).await,
        Command::Branches | Command::Merge { .. } => alembic::one_line(&context),
        Command::EnsureVersion => alembic::ensure_version(&context).await,
        Command::Stamp { version } => alembic::stamp(&context, version).await,
        Command::Check => migrate::check(&context).await,
    }
}

/// What every command has at hand.
pub(crate) struct Context<'a> {
    /// The global options.
    pub(crate) global: &'a Global,
    /// Where text goes.
    pub(crate) output: &'a Output,
}

impl Context<'_> {
    /// Opens the project that the options name.
    pub(crate) fn project(&self) -> Result<Project, LifecycleError> {
        let overrides = Overrides {
            env: self.global.env.clone(),
            url: self.global.url.as_ref().map(|url| Secret::from(url.clone())),
        };
        Ok(Project::open(self.global.project.as_deref(), &overrides, &ProcessEnvironment::read())?)
    }

    /// Connects to the project's database.
    pub(crate) async fn session<'p>(
        &self,
        project: &'p Project,
        purpose: Purpose,
    ) -> Result<Session<'p>, LifecycleError> {
        let engine = connect(project, purpose).await?;
        let mut session = Session::new(project, engine, deployer());
        session.lock_timeout = self.global.lock_timeout.unwrap_or(DEFAULT_LOCK_TIMEOUT);
        Ok(session)
    }

    /// Reads the declared schema in a thread of its own while the connection is made.
    pub(crate) async fn session_and_schema<'p>(
        &self,
        project: &'p Project,
        purpose: Purpose,
    ) -> Result<(Session<'p>, DeclaredSchema), LifecycleError> {
        let copy = project.clone();
        let reader = tokio::task::spawn_blocking(move || DeclaredSchema::read(&copy));
        let session = self.session(project, purpose).await;
        let declared = reader.await.expect("the schema's reader does not panic")?;
        Ok((session?, declared))
    }
}

/// `user@host`, as far as the system tells.
fn deployer() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USER")
        .or_else(|| variable("LOGNAME"))
        .or_else(|| variable("USERNAME"))
        .or_else(account_name);
    let host = variable("HOSTNAME")
        .or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
        .map(|name| name.trim().to_owned());
    format!("{}@{}", user.as_deref().unwrap_or("unknown"), host.as_deref().unwrap_or("unknown"))
}

/// The account that owns this process, by the system's list of accounts.
#[cfg(unix)]
fn account_name() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let number = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    accounts.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == number).then(|| name.to_owned())
    })
}

#[cfg(not(unix))]
fn account_name() -> Option<String> {
    None
}
