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
    after_help = "Exit codes: 0 done · 1 failed · 2 usage · 3 pending or drift found · 4 lock timeout · 5 refused by a guard · \
                  7 verification failed · 130 interrupted\n\nAlembic's words work too: upgrade, downgrade, revision, history, current, heads, stamp, check."
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
        /// Allow rolling back in a protected environment
        #[arg(long)]
        allow_destructive: bool,
    },
    /// Alembic's `downgrade -N | REV | base`
    #[command(hide = true)]
    Downgrade {
        #[arg(default_value = "-1", allow_hyphen_values = true)]
        target: String,
        #[arg(long)]
        sql: bool,
        /// Allow rolling back in a protected environment
        #[arg(long)]
        allow_destructive: bool,
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
    History,
    /// Alembic's `current`
    #[command(hide = true)]
    Current,
    /// Alembic's `heads`
    #[command(hide = true)]
    Heads,
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
    /// Print the statements as a script, and run nothing
    #[arg(long)]
    pub(crate) sql: bool,
    /// Allow rolling back in a protected environment
    #[arg(long)]
    pub(crate) allow_destructive: bool,
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
        /// Allow rolling back in a protected environment
        #[arg(long)]
        allow_destructive: bool,
    },
    /// Write whimbrel.sum anew after an edit of files that are not applied
    Seal,
    /// Say what has become by hand of a file that was begun and is not finished
    Resolve(ResolveArguments),
    /// Mark versions as applied without running them; writes a first migration where there is none
    Baseline {
        /// Up to this version; else all
        version: Option<String>,
    },
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
    /// Allow it in a protected environment
    #[arg(long)]
    pub(crate) allow_destructive: bool,
    /// Show what would run, and run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
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
    /// Show what takes the database's migrations to the schema, as SQL
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
        _ => Err(format!("`{unit}` is no unit: ms, s, m, h")),
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
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert!(duration("5 parsecs").is_err() && duration("x").is_err());
    }
}
