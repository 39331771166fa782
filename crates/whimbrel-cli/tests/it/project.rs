//! A throw-away project with its own database, and the binary run in it.

use std::path::{Path, PathBuf};

use whimbrel_testkit::{PostgresVersion, RunOutput, Sandbox, TestDatabase, test_database};

/// SQLite's file in a project.
const DATABASE_FILE: &str = "database.db";

/// An engine that the tests run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres(PostgresVersion),
}

impl Engine {
    /// Every engine that is built into the binary.
    pub(crate) const ALL: [Engine; 4] = [
        Engine::Sqlite,
        Engine::Postgres(PostgresVersion::V15),
        Engine::Postgres(PostgresVersion::V17),
        Engine::Postgres(PostgresVersion::V18),
    ];
}

/// A project folder and a database that nobody else uses.
pub(crate) struct Project {
    pub(crate) sandbox: Sandbox,
    pub(crate) engine: Engine,
    url: String,
    database: Option<TestDatabase>,
}

impl Project {
    /// An empty folder, a fresh database, and the URL of it in the environment.
    pub(crate) fn new(engine: Engine) -> Self {
        let mut sandbox = Sandbox::new(env!("CARGO_BIN_EXE_whimbrel")).unwrap();
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres(version) => Some(test_database(version).unwrap()),
        };
        let url = match &database {
            Some(database) => database.url().to_owned(),
            None => format!("sqlite:{}", sandbox.path(DATABASE_FILE).display()),
        };
        sandbox.env("WHIMBREL_URL", &url);
        Project { sandbox, engine, url, database }
    }

    /// With a whimbrel.toml that says nothing but the name.
    pub(crate) fn bare(engine: Engine) -> Self {
        let project = Project::new(engine);
        project.sandbox.write("whimbrel.toml", "name = \"case\"\nmodel = \"relational\"\n").unwrap();
        project
    }

    /// Another project with the same files, and a database with the same content.
    pub(crate) fn copy(&self) -> Self {
        let mut sandbox = Sandbox::new(env!("CARGO_BIN_EXE_whimbrel")).unwrap();
        for entry in std::fs::read_dir(self.sandbox.root()).unwrap() {
            let path = entry.unwrap().path();
            sandbox.copy(&path, path.file_name().unwrap()).unwrap();
        }
        let database = self.database.as_ref().map(|database| database.copy().unwrap());
        let url = match &database {
            Some(database) => database.url().to_owned(),
            None => format!("sqlite:{}", sandbox.path(DATABASE_FILE).display()),
        };
        sandbox.env("WHIMBREL_URL", &url);
        Project { sandbox, engine: self.engine, url, database }
    }

    /// The database's URL.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// SQLite's file.
    pub(crate) fn database_path(&self) -> PathBuf {
        self.sandbox.path(DATABASE_FILE)
    }

    /// The server's database; only PostgreSQL has one.
    pub(crate) fn database(&self) -> &TestDatabase {
        self.database.as_ref().expect("the test asked for PostgreSQL")
    }

    /// Writes src/schema.rs.
    pub(crate) fn declare(&self, body: &str) {
        self.sandbox.write("src/schema.rs", format!("use whimbrel::prelude::*;\n\n{body}")).unwrap();
    }

    /// Runs the binary and expects the exit code.
    pub(crate) fn run(&self, arguments: &[&str], code: i32) -> RunOutput {
        let output = self.sandbox.run(arguments).unwrap();
        assert_eq!(
            output.code,
            Some(code),
            "on {:?}, `whimbrel {}` wrote\n{}{}",
            self.engine,
            arguments.join(" "),
            output.stdout,
            output.stderr
        );
        output
    }

    /// The path of the one migration file whose name ends so.
    pub(crate) fn migration(&self, ending: &str) -> String {
        let mut found: Vec<_> = std::fs::read_dir(self.sandbox.path("migrations"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(ending))
            .collect();
        assert_eq!(found.len(), 1, "migrations that end with {ending}: {found:?}");
        format!("migrations/{}", found.remove(0))
    }
}

/// A folder of this test's sources.
pub(crate) fn source_folder(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(relative)
}
