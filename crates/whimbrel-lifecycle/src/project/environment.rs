//! The variables that a project may read: those of the process, then those of `.env`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::dotenv;
use super::error::ProjectError;
use super::setting::{VariableFrom, VariableSource};

/// The variables of a process as a plain value, so that a test can state them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvironmentVariables {
    values: BTreeMap<String, String>,
}

impl EnvironmentVariables {
    /// Makes an empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces one variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// Lists the names with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Gives a variable's value, empty or not.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for EnvironmentVariables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self { values: variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}

/// Shows the names only: any value may be a secret.
impl fmt::Debug for EnvironmentVariables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.values.keys()).finish()
    }
}

/// The environment of the running process.
#[derive(Debug)]
pub struct ProcessEnvironment;

impl ProcessEnvironment {
    /// Collects the process's variables; those that are not UTF-8 are left out.
    pub fn read() -> EnvironmentVariables {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }
}

/// The process's variables over those of `.env`.
pub(crate) struct Variables {
    process: EnvironmentVariables,
    dotenv: BTreeMap<String, (String, VariableFrom)>,
}

impl Variables {
    /// Joins the process's variables with the `.env` of a folder, if there is one.
    pub(crate) fn read(folder: &Path, process: &EnvironmentVariables) -> Result<Self, ProjectError> {
        let path = folder.join(".env");
        let mut dotenv_values = BTreeMap::new();
        if path.is_file() {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| ProjectError::Unreadable { path: path.clone(), source })?;
            for assignment in dotenv::parse(&path, &text)? {
                let from = VariableFrom::DotEnv { path: path.clone(), line: assignment.line };
                dotenv_values.insert(assignment.name, (assignment.value, from));
            }
        }
        Ok(Self { process: process.clone(), dotenv: dotenv_values })
    }

    /// Gives a variable that is set, even to nothing.
    pub(crate) fn get(&self, name: &str) -> Option<(&str, VariableSource)> {
        let (value, from) = match self.process.get(name) {
            Some(value) => (value, VariableFrom::Process),
            None => {
                let (value, from) = self.dotenv.get(name)?;
                (value.as_str(), from.clone())
            }
        };
        let source = VariableSource { name: name.to_owned(), from };
        Some((value, source))
    }

    /// Gives a variable that is set to something: an empty one says nothing about a setting.
    pub(crate) fn get_filled(&self, name: &str) -> Option<(&str, VariableSource)> {
        self.get(name).filter(|(value, _)| !value.is_empty())
    }
}
