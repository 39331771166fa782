//! Tests of projects, each in a folder of its own.

mod dotenv;
mod guard;
mod masking;
mod mistakes;
mod precedence;
mod reference;
mod systems;
mod template;

use std::fs;
use std::path::Path;

use miette::Diagnostic;
use tempfile::TempDir;

use super::{EnvironmentVariables, Overrides, Project, ProjectError, Secret};

/// A project's folder with its two files, and what is said around it.
struct Case {
    folder: TempDir,
    overrides: Overrides,
    process: EnvironmentVariables,
}

impl Case {
    fn new(toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("whimbrel.toml"), toml).unwrap();
        Self { folder, overrides: Overrides::default(), process: EnvironmentVariables::new() }
    }

    fn dotenv(self, text: &str) -> Self {
        fs::write(self.path().join(".env"), text).unwrap();
        self
    }

    fn process(mut self, variables: &[(&str, &str)]) -> Self {
        for (name, value) in variables {
            self.process = self.process.with(*name, *value);
        }
        self
    }

    fn env(mut self, name: &str) -> Self {
        self.overrides.env = Some(name.to_owned());
        self
    }

    fn url(mut self, url: &str) -> Self {
        self.overrides.url = Some(Secret::from(url));
        self
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn open(&self) -> Result<Project, ProjectError> {
        Project::open(Some(self.path()), &self.overrides, &self.process)
    }

    fn project(&self) -> Project {
        self.open().unwrap_or_else(|error| panic!("{}", everything(&error)))
    }

    fn error(&self) -> ProjectError {
        self.open().expect_err("the project must not open")
    }
}

fn code(error: &ProjectError) -> String {
    error.code().map(|code| code.to_string()).unwrap_or_default()
}

/// Everything that an error could show: message, help, code, `Debug`, and the whole source text.
fn everything(error: &ProjectError) -> String {
    let mut text = format!("{error}\n{error:?}\n{}\n", code(error));
    if let Some(help) = error.help() {
        text.push_str(&help.to_string());
    }
    if let Some(source) = error.source_code() {
        let whole = source.read_span(&(0..0).into(), 0, 10_000).unwrap();
        text.push_str(std::str::from_utf8(whole.data()).unwrap());
    }
    text
}

/// The text under an error's caret.
fn under_caret(error: &ProjectError) -> String {
    let label = error.labels().and_then(|mut labels| labels.next()).expect("the error has a place");
    let source = error.source_code().expect("the error has a source");
    let contents = source.read_span(label.inner(), 0, 0).unwrap();
    std::str::from_utf8(contents.data()).unwrap().to_owned()
}

/// The value and the origin of one row of `whimbrel config`.
fn setting(project: &Project, key: &str) -> (String, String) {
    let row = project.settings().into_iter().find(|row| row.key == key).expect("the key is listed");
    (row.value, row.origin.to_string())
}
