//! The systems of this repository load, with the settings of their pages.

use std::path::PathBuf;
use std::time::Duration;

use super::super::{EnvironmentVariables, Overrides, Project};

fn system(name: &str, variables: &[(&str, &str)]) -> Project {
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "systems", name].iter().collect();
    // Stated here, so that the variables of the tests' own process do not matter.
    let environment: EnvironmentVariables = variables.iter().copied().collect();
    Project::open(Some(&root), &Overrides::default(), &environment).unwrap()
}

#[test]
fn travya_loads() {
    let url = "postgresql+psycopg2://travya:s3cret@db:5432/travya";
    let project = system("travya", &[("DATABASE_URL", url)]);
    assert_eq!(project.name.value, "travya");
    assert_eq!(project.url.expose(), "postgres://travya:s3cret@db:5432/travya");
    let pool = &project.pool;
    assert_eq!((pool.size.value, pool.overflow.value, pool.pre_ping.value), (20, 30, true));
    assert_eq!(pool.recycle.value, Some(Duration::from_secs(3600)));
    assert!(pool.size.origin.to_string().starts_with("whimbrel.toml:"));
}

#[test]
fn siprems_loads() {
    let variables = [
        ("DB_HOST", "localhost"),
        ("DB_PORT", "5432"),
        ("DB_NAME", "siprems_db"),
        ("DB_USER", "postgres"),
        ("DB_PASSWORD", "s3cret"),
        ("DATABASE_URL", "postgres://elsewhere/other"),
    ];
    let project = system("siprems", &variables);
    assert_eq!(project.url.expose(), "postgres://postgres:s3cret@localhost:5432/siprems_db");
    assert_eq!(project.url.to_string(), "postgres://postgres:****@localhost:5432/siprems_db");
    let pool = &project.pool;
    assert_eq!((pool.size.value, pool.overflow.value, pool.pre_ping.value), (10, 20, true));
    let embedded = system("siprems", &[]);
    assert_eq!(embedded.url.to_string(), "sqlite:.whimbrel/development.db");
}
