//! Values that know where they came from, and values that are never shown.

use std::fmt;
use std::ops::Deref;
use std::path::PathBuf;

use serde::Serialize;

/// A value together with the place that decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value in force.
    pub value: T,
    /// The place that decided it.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// Joins a value and its origin.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// Changes the value and keeps the origin.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), origin: self.origin }
    }
}

impl<T> Deref for Setting<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The place that decided a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origin {
    /// A flag of the command line.
    Flag {
        /// The flag as it is typed, `--url`.
        name: &'static str,
    },
    /// One variable.
    Variable(VariableSource),
    /// Several variables that make up one value, such as `DB_HOST` and `DB_NAME`.
    Variables {
        /// The variables in the order in which they stand in the value.
        variables: Vec<VariableSource>,
    },
    /// A line of whimbrel.toml.
    File {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The variables that were expanded in the value.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        through: Vec<VariableSource>,
    },
    /// Nothing was said, so the documented default is in force.
    Default,
}

/// A variable and the place where it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VariableSource {
    /// The variable's name.
    pub name: String,
    /// Where it is set.
    pub from: VariableFrom,
}

/// The place where a variable is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum VariableFrom {
    /// The environment of the process.
    Process,
    /// A line of a `.env` file.
    DotEnv {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag { name } => write!(formatter, "{name}"),
            Self::Variable(variable) => write!(formatter, "{variable}"),
            Self::Variables { variables } => write_list(formatter, variables),
            Self::File { path, line, through } => {
                write!(formatter, "{}:{line}", file_name(path))?;
                if !through.is_empty() {
                    formatter.write_str(" through ")?;
                    write_list(formatter, through)?;
                }
                Ok(())
            }
            Self::Default => formatter.write_str("default"),
        }
    }
}

impl fmt::Display for VariableSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            VariableFrom::Process => write!(formatter, "{} in the environment", self.name),
            VariableFrom::DotEnv { path, line } => {
                write!(formatter, "{} in {}:{line}", self.name, file_name(path))
            }
        }
    }
}

fn write_list(formatter: &mut fmt::Formatter<'_>, variables: &[VariableSource]) -> fmt::Result {
    for (position, variable) in variables.iter().enumerate() {
        if position > 0 {
            formatter.write_str(", ")?;
        }
        write!(formatter, "{variable}")?;
    }
    Ok(())
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// One line of `whimbrel config`: a key, its value with secrets masked, and its origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingRow {
    /// The key as whimbrel.toml writes it, `pool.size`.
    pub key: String,
    /// The value in force, fit to be printed.
    pub value: String,
    /// The place that decided it.
    pub origin: Origin,
}

/// A text that must never be shown: it has no `Display`, and `Debug` prints `****`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Gives the real text; the caller must not print it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****")
    }
}
