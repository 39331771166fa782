//! `[hooks]`: what runs before and after the migrations.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::interpret::Problem;
use super::setting::Setting;

/// One hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// What runs.
    pub run: HookRun,
    /// Whether a command gets the database's URL, its password included, as `WHIMBREL_URL`.
    pub url: bool,
}

/// What a hook runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookRun {
    /// A command with its arguments; no shell reads them.
    Command(Vec<String>),
    /// A file of SQL, from the project's folder; it runs on the deployer's connection, in one transaction.
    Sql(PathBuf),
}

impl fmt::Display for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.run {
            HookRun::Command(words) => formatter.write_str(&words.join(" ")),
            HookRun::Sql(path) => write!(formatter, "{}", path.display()),
        }
    }
}

/// What runs around the migrations, and for how long at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookSettings {
    /// Before files are applied.
    pub before_migrate: Setting<Vec<Hook>>,
    /// After files were applied.
    pub after_migrate: Setting<Vec<Hook>>,
    /// Before files are rolled back.
    pub before_rollback: Setting<Vec<Hook>>,
    /// After files were rolled back.
    pub after_rollback: Setting<Vec<Hook>>,
    /// How long each command may take.
    pub timeout: Setting<Duration>,
}

const HELP: &str = "write [\"hooks/before.sql\", \"npm run check\", [\"./tell.sh\", \"two words\"], { run = \"./dump.sh\", url = true }]";

/// Reads the list of one moment.
pub(crate) fn read(value: &DeValue<'_>) -> Result<Vec<Hook>, Problem> {
    let DeValue::Array(items) = value else {
        return Err(Problem::WrongType { found: "something else", help: HELP.to_owned() });
    };
    items.iter().map(|item| hook(item.get_ref())).collect()
}

fn hook(value: &DeValue<'_>) -> Result<Hook, Problem> {
    match value {
        DeValue::Table(table) => described(table),
        other => Ok(Hook { run: run(other)?, url: false }),
    }
}

/// `{ run = …, url = true }`
fn described(table: &DeTable<'_>) -> Result<Hook, Problem> {
    let mut found = None;
    let mut url = false;
    for (key, value) in table {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("run", value) => found = Some(run(value)?),
            ("url", DeValue::Boolean(wanted)) => url = *wanted,
            (name, _) => {
                return Err(bad(&format!("has a hook with `{name}`, which a hook does not take so")));
            }
        }
    }
    match found {
        Some(HookRun::Sql(_)) if url => {
            Err(bad("gives the URL to a file of SQL, which runs on the connection"))
        }
        Some(run) => Ok(Hook { run, url }),
        None => Err(bad("has a hook without `run`")),
    }
}

fn run(value: &DeValue<'_>) -> Result<HookRun, Problem> {
    let words: Option<Vec<String>> = match value {
        DeValue::String(text) if text.ends_with(".sql") && !text.contains(char::is_whitespace) => {
            return Ok(HookRun::Sql(PathBuf::from(text.as_ref())));
        }
        DeValue::String(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
        DeValue::Array(items) => {
            items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
        }
        _ => None,
    };
    match words {
        Some(words) if words.first().is_some_and(|first| !first.is_empty()) => Ok(HookRun::Command(words)),
        _ => Err(bad("has a hook that is no command")),
    }
}

fn bad(reason: &str) -> Problem {
    Problem::Bad { reason: reason.to_owned(), help: HELP.to_owned() }
}
