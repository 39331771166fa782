//! The relational systems of the repository: from nothing to a database that stands, twice, down to nothing, and up again.

use std::path::Path;

use whimbrel_testkit::{PostgresVersion, SIPREMS_SQL, TRAVYA_SQL};

use crate::catalogue::introspect;
use crate::document_systems;
use crate::project::{Engine, Project, source_folder};

/// Declares a test for each engine.
macro_rules! each_engine {
    ($($name:ident => $system:literal, $tables:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn sqlite() {
                stands($system, &$tables, Engine::Sqlite);
            }
            #[test]
            fn postgres_15() {
                stands($system, &$tables, Engine::Postgres(PostgresVersion::V15));
            }
            #[test]
            fn postgres_17() {
                stands($system, &$tables, Engine::Postgres(PostgresVersion::V17));
            }
            #[test]
            fn postgres_18() {
                stands($system, &$tables, Engine::Postgres(PostgresVersion::V18));
            }
        }
    )*};
}

each_engine! {
    travya => "travya", [
        "bookings", "conversation_messages", "conversations", "itineraries", "trip_collaborators", "trips", "users",
    ];
    siprems => "siprems", ["events", "products", "transactions", "users"];
}

/// A copy of a system in a project of its own.
pub(crate) fn copy_of(system: &str, engine: Engine) -> Project {
    let project = Project::new(engine);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../systems").join(system);
    for part in ["whimbrel.toml", "src", "migrations"] {
        project.sandbox.copy(&source.join(part), part).unwrap();
    }
    project
}

fn stands(system: &str, tables: &[&str], engine: Engine) {
    let project = copy_of(system, engine);
    let first = project.run(&["init"], 0);
    assert!(first.stdout.contains("Applied "), "{}", first.stdout);
    let built = introspect(&project);
    let names: Vec<_> = built.tables.iter().map(|table| table.name.to_string()).collect();
    assert_eq!(names, tables);

    let second = project.run(&["init"], 0);
    assert!(second.stdout.starts_with("Nothing to do"), "{}", second.stdout);
    assert_eq!(introspect(&project), built);
    project.run(&["migrate", "check"], 0);
    project.run(&["status", "--exit-code"], 0);

    project.run(&["rollback", "--to", "0"], 0);
    let left = introspect(&project);
    assert!(left.is_empty(), "{left:#?}");
    project.run(&["init"], 0);
    assert_eq!(introspect(&project), built);
    project.run(&["migrate", "check"], 0);
}

#[test]
fn init_builds_what_the_pages_describe() {
    for version in PostgresVersion::ALL {
        for (system, page) in [("travya", TRAVYA_SQL), ("siprems", SIPREMS_SQL)] {
            let ours = copy_of(system, Engine::Postgres(version));
            ours.run(&["init"], 0);
            let theirs = Project::new(Engine::Postgres(version));
            theirs.database().psql(page).unwrap();
            assert_eq!(introspect(&ours), introspect(&theirs), "{system} on PostgreSQL {}", version.major());
        }
    }
}

#[test]
fn every_system_is_tested() {
    let folder = source_folder("../../../../systems");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let mut tested = vec!["siprems", "travya"];
    tested.extend(document_systems::NAMES);
    tested.sort_unstable();
    assert_eq!(found, tested, "a new system needs its tests here or beside this file");
}
