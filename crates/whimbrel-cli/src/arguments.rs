//! The command tree.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

/// Schema, migrations and what stands in the database, for PostgreSQL and embedded SQLite.
#[derive(Debug, Parser)]
#[command(
    name = "whimbrel",
    version,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done · 1 failed · 2 usage · 3 pending or drift found · 4 lock timeout · 5 refused by a guard or by lint · \
                  6 done, but an optional part failed · 7 verification failed · 130 interrupted\n\nAlembic's words work too: upgrade, downgrade, revision, history, current, heads, show, stamp, check."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// The project's folder; else the nearest whimbrel.toml upwards
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) project: Option<PathBuf>,
    /// The environment; else WHIMBREL_ENV, else development
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub(crate) env: Option<String>,
    /// The database's URL, before every other source
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub(crate) url: Option<String>,
    /// JSON on standard output
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// Answer every question with yes
    #[arg(long, short = 'y', global = true, help_heading = "Global options")]
    pub(crate) yes: bool,
    /// Only results and errors
    #[arg(long, short = 'q', global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// More about the work; statements where the environment's logging allows them
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = "Global options")]
    pub(crate) verbose: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = "Global options")]
    pub(crate) color: Color,
    /// How long to wait for another deployer, such as 30s or 5m
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, help_heading = "Global options")]
    pub(crate) lock_timeout: Option<Duration>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Connect, guard, migrate, verify, report: from nothing to a database that stands
    Init(InitArguments),
    /// Show connection, migrations, drift, indexes and tables on one screen
    Status(StatusArguments),
    /// Check everything that a command needs, and say what to do about what fails
    Doctor,
    /// Show every setting with the place that decided it
    Config,
    /// Apply pending migrations, and everything about them
    Migrate(MigrateArguments),
    /// Roll migrations back: the last one, the last N, or down to a version
    Rollback(RollbackArguments),
    /// Drop everything and bring it up again (never in a protected environment)
    Reset,
    /// Print, pull or compare the schema
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Compare, build, repair and drop indexes
    #[command(subcommand)]
    Index(IndexCommand),
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Alembic's `upgrade head | REV | +N`
    #[command(hide = true)]
    Upgrade {
        #[arg(default_value = "head", allow_hyphen_values = true)]
        target: String,
        #[arg(long)]
        sql: bool,
        #[command(flatten)]
        allowing: Allowing,
    },
    /// Alembic's `downgrade -N | REV | base`
    #[command(hide = true)]
    Downgrade {
        #[arg(default_value = "-1", allow_hyphen_values = true)]
        target: String,
        #[arg(long)]
        sql: bool,
        #[command(flatten)]
        allowing: Allowing,
    },
    /// Alembic's `revision [--autogenerate] -m`
    #[command(hide = true)]
    Revision {
        #[arg(short, long)]
        message: String,
        #[arg(long)]
        autogenerate: bool,
    },
    /// Alembic's `history`
    #[command(hide = true)]
    History {
        /// Only START:END, both included
        #[arg(short = 'r', long, value_name = "START:END", allow_hyphen_values = true)]
        rev_range: Option<String>,
        /// Mark the newest
        #[arg(short, long)]
        indicate_current: bool,
    },
    /// Alembic's `current`
    #[command(hide = true)]
    Current {
        /// Exit with 3 unless the newest file is applied
        #[arg(long)]
        check_heads: bool,
    },
    /// Alembic's `heads`
    #[command(hide = true)]
    Heads {
        /// Of no meaning here: versions are one line
        #[arg(long)]
        resolve_dependencies: bool,
    },
    /// Alembic's `show`
    #[command(hide = true)]
    Show {
        /// A version or a revision
        revision: String,
    },
    /// Alembic's `branches`
    #[command(hide = true)]
    Branches,
    /// Alembic's `merge`
    #[command(hide = true)]
    Merge {
        /// The heads to join
        revisions: Vec<String>,
        #[arg(short, long)]
        message: Option<String>,
    },
    /// Alembic's `ensure_version`
    #[command(hide = true, name = "ensure_version")]
    EnsureVersion,
    /// Alembic's `stamp`
    #[command(hide = true)]
    Stamp {
        /// A version, or head
        #[arg(default_value = "head")]
        version: String,
    },
    /// Alembic's `check`
    #[command(hide = true)]
    Check,
}

/// Arguments of `init`.
#[derive(Args, Debug)]
pub(crate) struct InitArguments {
    /// Without seeds
    #[arg(long, conflicts_with = "reset")]
    pub(crate) quick: bool,
    /// Drop everything first (never in a protected environment)
    #[arg(long)]
    pub(crate) reset: bool,
}

/// Arguments of `status`.
#[derive(Args, Debug)]
pub(crate) struct StatusArguments {
    /// Exit with 3 when something is pending, missing or different
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// What is to be done with indexes.
#[derive(Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// Show every index: declared and present, its size and use
    Status(StatusArguments),
    /// Show what would be built, repaired and dropped, and change nothing
    Plan(IndexPlanArguments),
    /// Build what is missing, repair what is different, invalid or hidden
    Apply(ManageArguments),
}

/// Arguments of `index plan`.
#[derive(Args, Debug)]
pub(crate) struct IndexPlanArguments {
    #[command(flatten)]
    pub(crate) manage: ManageArguments,
    /// Exit with 3 when something is to be done
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// What `index apply` may do.
#[derive(Args, Debug)]
pub(crate) struct ManageArguments {
    /// Drop indexes that neither schema nor migrations know; hidden first where the database can hide one
    #[arg(long)]
    pub(crate) drop_unmanaged: bool,
    /// How long such an index is hidden before it is dropped, such as 1h or 7d; 0s drops it at once
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1d", requires = "drop_unmanaged")]
    pub(crate) watch: Duration,
}

/// Arguments of `migrate`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct MigrateArguments {
    #[command(subcommand)]
    pub(crate) command: Option<MigrateCommand>,
    /// Up or down to this version
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<String>,
    /// Show what would run, and run nothing
    #[arg(long, conflicts_with = "sql")]
    pub(crate) dry_run: bool,
    /// Print a script for psql or sqlite3, and run nothing
    #[arg(long)]
    pub(crate) sql: bool,
    /// Where the database is that the script is for; no database is asked then (0 is before the first)
    #[arg(long, value_name = "VERSION", requires = "sql")]
    pub(crate) from: Option<String>,
    #[command(flatten)]
    pub(crate) allowing: Allowing,
}

/// What a protected environment is allowed to suffer, this once.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Allowing {
    /// Allow rolling back and losing data in a protected environment
    #[arg(long)]
    pub(crate) allow_destructive: bool,
    /// Allow long locks and rewrites in a protected environment
    #[arg(long)]
    pub(crate) allow_locking: bool,
}

/// What `migrate` does besides applying.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// List every version with its state
    Status(StatusArguments),
    /// Write a new migration file
    Create(CreateArguments),
    /// Exit with 3 when files, schema and database differ
    Check,
    /// List what was applied, newest first
    History,
    /// Print the newest applied version
    Current,
    /// Roll the newest migration back and apply it again
    Redo {
        #[command(flatten)]
        allowing: Allowing,
    },
    /// Say what pending files would lock, rewrite, lose or break
    Lint(LintArguments),
    /// Write whimbrel.sum anew after an edit of files that are not applied
    Seal,
    /// Replace a range of files by one, proved to leave the same
    Squash(SquashArguments),
    /// Number the files that are not applied after all others, as after a merge of two branches
    Rebase(RebaseArguments),
    /// Say what has become by hand of a file that was begun and is not finished
    Resolve(ResolveArguments),
    /// Mark versions as applied without running them; writes a first migration where there is none
    Baseline {
        /// Up to this version; else all
        version: Option<String>,
    },
    /// Take over the history that another tool keeps in this database
    Adopt(AdoptArguments),
    /// Write migration files from another tool's script
    #[command(subcommand)]
    Import(ImportCommand),
}

/// Arguments of `migrate adopt`.
#[derive(Args, Debug)]
pub(crate) struct AdoptArguments {
    /// The tool; else the one whose table or collection is found
    #[arg(
        value_name = "TOOL",
        value_parser = ["alembic", "dbmate", "sqlx", "flyway", "django", "rails", "goose", "migrate-mongo"]
    )]
    pub(crate) tool: Option<String>,
    /// The folder of its files, where they do not stand in the migrations folder
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,
    /// The collection in which migrate-mongo keeps its history, where it is not `changelog`
    #[arg(long, value_name = "COLLECTION")]
    pub(crate) changelog: Option<String>,
    /// Replace a schema file that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What `migrate import` reads.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// What `alembic upgrade head --sql` writes, a file a revision
    Alembic {
        /// The script; - is standard input
        file: PathBuf,
        /// What `alembic downgrade head:base --sql` writes; - is standard input
        #[arg(long, value_name = "FILE")]
        down: Option<PathBuf>,
        /// The folder of the revisions' Python files, whose names name the files
        #[arg(long, value_name = "DIR")]
        revisions: Option<PathBuf>,
        /// Show what would be written, and write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Arguments of `migrate squash`.
#[derive(Args, Debug)]
pub(crate) struct SquashArguments {
    /// The first and the last version, as FROM..TO or FROM TO
    #[arg(value_name = "FROM..TO", required = true, num_args = 1..=2)]
    pub(crate) range: Vec<String>,
    /// What the new file is called, in a few words; else as the last one
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Write the plain DDL of what the files leave instead of their statements
    #[arg(long)]
    pub(crate) from_schema: bool,
}

/// Arguments of `migrate rebase`.
#[derive(Args, Debug)]
pub(crate) struct RebaseArguments {
    /// The files that move; else those that are neither applied nor sealed before
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// The version that the moved files follow; else after all others
    #[arg(long, value_name = "VERSION")]
    pub(crate) onto: Option<String>,
    /// Show what would be renamed, and rename nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Arguments of `migrate lint`.
#[derive(Args, Debug)]
pub(crate) struct LintArguments {
    /// These files, by path, name or version; else all that are pending
    #[arg(value_name = "FILE", conflicts_with = "to")]
    pub(crate) files: Vec<String>,
    /// Up or down to this version
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<String>,
    /// Exit with 5 when a finding is an error
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// Arguments of `migrate resolve`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("resolution").required(true).args(["undone", "applied"]))]
pub(crate) struct ResolveArguments {
    /// The unfinished version
    pub(crate) version: String,
    /// Nothing of the file stands any more: it counts as not applied
    #[arg(long)]
    pub(crate) undone: bool,
    /// Everything that the file does stands: it counts as applied
    #[arg(long)]
    pub(crate) applied: bool,
    /// Allow it in a protected environment
    #[arg(long)]
    pub(crate) allow_destructive: bool,
}

/// Arguments of `migrate create`.
#[derive(Args, Debug)]
pub(crate) struct CreateArguments {
    /// What the migration does, in a few words
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: String,
    /// Write what takes the migrations' result to the schema
    #[arg(long)]
    pub(crate) auto: bool,
    /// A renamed table, column or enum: old:new, table.old:new
    #[arg(long, value_name = "OLD:NEW", requires = "auto")]
    pub(crate) rename: Vec<String>,
    /// Write plain statements, all in one transaction, instead of forms that let readers and writers go on
    #[arg(long, requires = "auto")]
    pub(crate) plain: bool,
}

/// Arguments of `rollback`.
#[derive(Args, Debug)]
pub(crate) struct RollbackArguments {
    /// How many
    #[arg(conflicts_with = "to")]
    pub(crate) count: Option<usize>,
    /// Down to this version, which stays; 0 is before the first
    #[arg(long, visible_alias = "version", value_name = "VERSION")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) allowing: Allowing,
    /// Show what would run, and run nothing
    #[arg(long, conflicts_with = "sql")]
    pub(crate) dry_run: bool,
    /// Print a script for psql or sqlite3, and run nothing
    #[arg(long)]
    pub(crate) sql: bool,
    /// Where the database is that the script is for; no database is asked then
    #[arg(long, value_name = "VERSION", requires = "sql")]
    pub(crate) from: Option<String>,
}

/// What `schema` does.
#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    /// Print the declared schema
    Print {
        /// As what
        #[arg(long, value_enum, default_value_t = SchemaFormat::Rust)]
        format: SchemaFormat,
    },
    /// Write the schema file from the database
    Pull {
        /// Print it instead of writing it
        #[arg(long)]
        stdout: bool,
        /// Replace a schema file that is there
        #[arg(long)]
        force: bool,
    },
    /// Show what takes the database's migrations to the schema, as statements
    Diff {
        /// Exit with 3 when something differs
        #[arg(long)]
        exit_code: bool,
    },
}

/// The forms of a printed schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaFormat {
    /// Rust source
    Rust,
    /// The JSON document
    Json,
    /// PostgreSQL's DDL
    Sql,
    /// A page for readers
    Markdown,
}

/// Reads the process's arguments; help, version and mistakes end here.
pub(crate) fn parse() -> Result<Arguments, ExitCode> {
    let given: Vec<OsString> = std::env::args_os().collect();
    Arguments::try_parse_from(given).map_err(|error| {
        let code = u8::try_from(error.exit_code()).unwrap_or(2);
        // Nothing is left to do when the terminal is gone.
        let _ = error.print();
        ExitCode::from(code)
    })
}

/// The whole tree, for completions and the reference.
pub(crate) fn tree() -> clap::Command {
    Arguments::command()
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let number: u64 =
        digits.parse().map_err(|_| "write a number and a unit: 500ms, 30s, 5m, 1h".to_owned())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" | "" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        "h" => Ok(Duration::from_secs(number.saturating_mul(3600))),
        "d" => Ok(Duration::from_secs(number.saturating_mul(86_400))),
        _ => Err(format!("`{unit}` is no unit: ms, s, m, h, d")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_sound() {
        tree().debug_assert();
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(604_800)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert!(duration("5 parsecs").is_err() && duration("x").is_err());
    }
}
