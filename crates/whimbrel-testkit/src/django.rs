//! A database as Django's own migrations leave it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::toolchain::{Toolchain, run};

/// Django's version.
const DJANGO: &str = "Django==5.2.19";
/// Runs the migrations of the applications that come with Django.
const MIGRATE: &str = include_str!("../fixtures/django_migrate.py");

impl Toolchain {
    /// Runs Django's `migrate` over a PostgreSQL URL or an SQLite file.
    ///
    /// # Errors
    /// When pip or Django fails.
    pub fn django_migrate(&self, database: &str) -> Result<()> {
        let python = self.alembic_bin()?.join("python");
        let packages: PathBuf = self.install(&DJANGO.replace("==", "-"), |folder| {
            run(Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"])
                .arg(folder)
                .arg(DJANGO))
            .map(drop)
        })?;
        run(Command::new(&python).args(["-c", MIGRATE, database]).env("PYTHONPATH", packages)).map(drop)
    }
}
