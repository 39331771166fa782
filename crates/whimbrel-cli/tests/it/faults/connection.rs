//! Servers that are not there, that are something else, or that refuse.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use whimbrel_testkit::PostgresVersion;

use super::{PASSWORD, Standing, applied, fails, query, refused, standing};
use crate::project::{Engine, Project};

const COMMANDS: [&[&str]; 5] =
    [&["migrate"], &["migrate", "status"], &["status"], &["init"], &["migrate", "check"]];
const ENGINE: Engine = Engine::Postgres(PostgresVersion::V17);

/// A project whose first file is applied and whose schema declares that table.
fn project(engine: Engine) -> Project {
    let project = standing(engine, "0001");
    project.declare("#[derive(Model)]\n#[db(table = \"first\")]\npub struct First {\n    #[db(id)]\n    pub id: i32,\n}\n");
    project
}

/// The project's URL with another user and password.
fn url_of(project: &Project, user: &str) -> String {
    let (_, address) = project.url().split_once('@').unwrap();
    format!("postgres://{user}:{PASSWORD}@{address}")
}

/// Every command is refused at that URL, and the project's own database stays as it is.
fn refused_at(project: &Project, url: &str, code: &str, words: &[&str]) {
    for command in COMMANDS {
        let mut arguments = command.to_vec();
        arguments.extend(["--url", url]);
        refused(project, &arguments, (1, code, words));
    }
    doctor_says(project, url);
}

/// `doctor` names the connection as what fails, and shows no password.
fn doctor_says(project: &Project, url: &str) {
    let output = project.run(&["doctor", "--url", url], 1);
    assert!(output.stdout.contains("FAIL  connection"), "{}", output.stdout);
    super::no_password(project, &output);
}

#[test]
fn wrong_password() {
    for version in PostgresVersion::ALL {
        let project = project(Engine::Postgres(version));
        let url = url_of(&project, "postgres");
        let words: &[&str] =
            &["127.0.0.1", "`postgres`", "check the user and the password", "whimbrel config"];
        refused_at(&project, &url, "connect::authentication", words);
    }
}

#[test]
fn unknown_user() {
    let project = project(ENGINE);
    refused_at(&project, &url_of(&project, "nobody_here"), "connect::authentication", &["`nobody_here`"]);
}

#[test]
fn server_is_not_there() {
    let project = project(ENGINE);
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://app:{PASSWORD}@127.0.0.1:{port}/shop");
    let address = format!("127.0.0.1:{port}");
    refused_at(
        &project,
        &url,
        "connect::unreachable",
        &[&address, "check that the server runs", "whimbrel config"],
    );
    let url = format!("postgres://app:{PASSWORD}@no-such-host.invalid:5432/shop");
    refused(
        &project,
        &["migrate", "--url", &url],
        (1, "connect::unreachable", &["no-such-host.invalid:5432"]),
    );
}

/// A listener that is not PostgreSQL; it ends with the test's process.
fn impostor(answer: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream);
        }
    });
    address
}

fn refused_by(answer: impl Fn(TcpStream) + Send + 'static) {
    let project = project(ENGINE);
    let address = impostor(answer);
    project
        .sandbox
        .write("whimbrel.toml", "name = \"case\"\nmodel = \"relational\"\n[pool]\nconnect_timeout = \"1s\"\n")
        .unwrap();
    let url = format!("postgres://app:{PASSWORD}@{address}/shop");
    let begin = Instant::now();
    let location = address.to_string();
    let failure: super::Failure<'_> = (1, "connect::unreachable", &[&location, "check that the server runs"]);
    for command in [&["migrate"][..], &["status"]] {
        let mut arguments = command.to_vec();
        arguments.extend(["--url", &url]);
        refused(&project, &arguments, failure);
    }
    assert!(begin.elapsed() < Duration::from_secs(30), "six runs took {:?}", begin.elapsed());
}

#[test]
fn server_closes_at_once() {
    refused_by(drop);
}

#[test]
fn server_answers_garbage() {
    refused_by(|mut stream| {
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    });
}

#[test]
fn server_never_answers() {
    refused_by(std::mem::forget);
}

#[test]
fn unknown_database() {
    let project = project(ENGINE);
    let missing = Missing::of(&project);
    let words: &[&str] = &[&missing.name, "createdb", "whimbrel init"];
    for command in [&["migrate"][..], &["migrate", "status"], &["status"]] {
        let mut arguments = command.to_vec();
        arguments.extend(["--url", &missing.url]);
        refused(&project, &arguments, (1, "connect::unknown_database", words));
    }
    let arguments = ["init", "--env", "production", "--url", &missing.url];
    refused(&project, &arguments, (1, "connect::unknown_database", &[&missing.name]));
    assert_eq!(missing.count(&project), ["0"], "production creates no database");

    for file in ["0002-second", "0003-third"] {
        std::fs::remove_file(project.sandbox.path(format!("migrations/{file}.sql"))).unwrap();
    }
    let output = project.run(&["init", "--url", &missing.url], 0);
    super::no_password(&project, &output);
    assert_eq!(missing.count(&project), ["1"], "development creates it");
    assert_eq!(applied(&project), ["0001"], "the project's own database is another one");
}

/// A database that does not exist yet, and is dropped at the end.
struct Missing<'a> {
    name: String,
    url: String,
    project: &'a Project,
}

impl<'a> Missing<'a> {
    fn of(project: &'a Project) -> Self {
        let name = format!("{}_new", project.database().name());
        Missing { url: project.url().replace(project.database().name(), &name), name, project }
    }

    fn count(&self, project: &Project) -> Vec<String> {
        query(project, &format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", self.name))
    }
}

impl Drop for Missing<'_> {
    fn drop(&mut self) {
        drop(
            self.project.database().psql(&format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name)),
        );
    }
}

/// A user that is dropped at the end.
struct Role<'a> {
    name: String,
    project: &'a Project,
}

impl<'a> Role<'a> {
    fn new(project: &'a Project) -> Self {
        let name = format!("{}_reader", project.database().name());
        let sql = format!(
            "CREATE ROLE \"{name}\" LOGIN PASSWORD '{PASSWORD}'; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
        );
        project.database().psql(&sql).unwrap();
        Role { name, project }
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        drop(self.project.database().psql(&format!("DROP OWNED BY \"{0}\"; DROP ROLE \"{0}\"", self.name)));
    }
}

#[test]
fn user_without_rights() {
    for version in PostgresVersion::ALL {
        let project = project(Engine::Postgres(version));
        let role = Role::new(&project);
        let url = url_of(&project, &role.name);
        // It may not even see the history: that is not an empty history.
        for command in [&["migrate", "status"][..], &["migrate"], &["status"]] {
            let mut arguments = command.to_vec();
            arguments.extend(["--url", &url]);
            refused(
                &project,
                &arguments,
                (1, "database::permission_denied", &["whimbrel_history", "grant the right"]),
            );
        }
        // One that may read sees everything and changes nothing.
        project
            .database()
            .psql(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"{}\"", role.name))
            .unwrap();
        let status = project.run(&["migrate", "status", "--url", &url], 0);
        assert!(status.stdout.contains("pending"), "{}", status.stdout);
        project.run(&["status", "--url", &url], 0);
        // A statement of a file that is refused is shown at its place.
        refused(
            &project,
            &["migrate", "--url", &url],
            (1, "migrate::statement_failed", &["permission denied", "42501"]),
        );
        refused(
            &project,
            &["rollback", "--url", &url],
            (1, "migrate::statement_failed", &["must be owner", "42501"]),
        );
    }
}

/// The first run of a user that may not create tables leaves nothing, not even an empty history.
#[test]
fn user_without_rights_on_an_empty_database() {
    let project = Project::bare(ENGINE);
    let role = Role::new(&project);
    project.sandbox.write(super::FILES[0].0, super::FILES[0].1).unwrap();
    let url = url_of(&project, &role.name);
    let before = Standing::of(&project).objects;
    fails(
        &project,
        &["migrate", "--url", &url],
        (1, "database::permission_denied", &["public", "grant the right"]),
    );
    assert_eq!(Standing::of(&project).objects, before);
}

#[test]
fn no_url_in_production() {
    let project = Project::bare(Engine::Sqlite);
    let mut command = project.sandbox.command();
    let output =
        command.env_remove("WHIMBREL_URL").args(["migrate", "--env", "production"]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("project::no_url") && stderr.contains("DATABASE_URL"), "{stderr}");
    assert!(!project.sandbox.path(".whimbrel").exists());
}
