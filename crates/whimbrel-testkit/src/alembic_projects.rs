//! Public projects with Alembic revisions, and the scripts that Alembic writes of them in its offline mode.
//!
//! A revision that asks the database what is there cannot be written offline, so that some of the scripts end before the first
//! one that does. Nothing of the projects is kept in the repository: their packages are installed into the cache folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::toolchain::{Toolchain, run};

/// A number that changes with what is generated, so that an older cache is not used.
const GENERATION: u32 = 1;
const ENVIRONMENT: &str = include_str!("../fixtures/alembic/env.py");
const GENERATE: &str = include_str!("../fixtures/alembic/generate.py");

/// A public project.
#[derive(Debug, Clone, Copy)]
pub struct AlembicProject {
    /// A name for messages and the cache.
    pub name: &'static str,
    /// Its packages, installed alone.
    packages: &'static [&'static str],
    /// Packages that its revisions need, installed with theirs.
    needs: &'static [&'static str],
    /// Modules that its revisions name and do not use.
    stubs: &'static [&'static str],
    /// Modules that its environment would import.
    imports: &'static [&'static str],
    /// Options of the environment.
    options: &'static [&'static str],
    /// The folders of its revisions in the packages.
    versions: &'static [&'static str],
    /// How far the script goes.
    pub target: &'static str,
    /// From where to where the way back goes, where it can be written offline.
    back: Option<&'static str>,
    /// How many revisions the script holds.
    pub revisions: usize,
}

const NONE: AlembicProject = AlembicProject {
    name: "",
    packages: &[],
    needs: &[],
    stubs: &[],
    imports: &[],
    options: &[],
    versions: &[],
    target: "heads",
    back: None,
    revisions: 0,
};

/// What revisions of OpenStack's projects take their types from, next to the Alembic that runs them.
const OPENSTACK: &[&str] = &["oslo.db==18.1.1", "oslo.log==8.3.2", "alembic==1.20.1", "SQLAlchemy==2.1.9"];

/// The projects.
pub const ALEMBIC_PROJECTS: [AlembicProject; 10] = [
    AlembicProject {
        name: "argilla",
        packages: &["argilla-server==2.8.0"],
        versions: &["argilla_server/alembic/versions"],
        back: Some("580a6553186f:base"),
        revisions: 24,
        ..NONE
    },
    AlembicProject {
        name: "keylime",
        packages: &["keylime==7.14.3"],
        needs: &[
            "lark==1.3.1",
            "cryptography==50.0.2",
            "jsonschema==4.26.0",
            "packaging==26.3",
            "PyYAML==6.0.3",
        ],
        stubs: &["gpg"],
        imports: &["keylime.db.registrar_db", "keylime.db.verifier_db"],
        options: &["engine=registrar"],
        versions: &["keylime/migrations/versions"],
        revisions: 40,
        ..NONE
    },
    AlembicProject {
        name: "ckan",
        packages: &["ckan==2.12.0"],
        versions: &["ckan/migration/versions"],
        target: "8ea886d0ede4",
        revisions: 82,
        ..NONE
    },
    AlembicProject {
        name: "quetz",
        packages: &["quetz-server==0.10.4"],
        versions: &["quetz/migrations/versions"],
        target: "d212023a8e0b",
        revisions: 19,
        ..NONE
    },
    AlembicProject {
        name: "conda-store",
        packages: &["conda-store-server==2025.2.2"],
        versions: &["conda_store_server/_internal/alembic/versions"],
        target: "0f7e23ff24ee",
        back: Some("0f7e23ff24ee:base"),
        revisions: 10,
        ..NONE
    },
    // Several branches with dependencies between them; what helpers of invenio_db would do in two revisions is left out.
    AlembicProject {
        name: "invenio",
        packages: &["invenio-db==2.6.1", "invenio-accounts==9.1.0", "invenio-oauthclient==9.1.2"],
        needs: &["SQLAlchemy-Utils==0.43.0", "cryptography==50.0.2"],
        stubs: &["flask", "invenio_accounts", "invenio_db"],
        versions: &["invenio_db/alembic", "invenio_accounts/alembic", "invenio_oauthclient/alembic"],
        target: "invenio_oauthclient@head",
        revisions: 15,
        ..NONE
    },
    AlembicProject {
        name: "sahara",
        packages: &["sahara==19.0.0"],
        needs: OPENSTACK,
        stubs: &["six"],
        versions: &["sahara/db/migration/alembic_migrations/versions"],
        revisions: 35,
        ..NONE
    },
    // One of the project's several lineages, each with a version table of its own.
    AlembicProject {
        name: "cloudkitty",
        packages: &["cloudkitty==25.0.0"],
        needs: OPENSTACK,
        stubs: &["voluptuous", "werkzeug"],
        versions: &["cloudkitty/storage_state/alembic/versions"],
        revisions: 6,
        ..NONE
    },
    AlembicProject {
        name: "masakari",
        packages: &["masakari==22.0.0"],
        needs: OPENSTACK,
        versions: &["masakari/db/sqlalchemy/migrations/versions"],
        revisions: 3,
        ..NONE
    },
    AlembicProject {
        name: "barbican",
        packages: &["barbican==23.0.0"],
        needs: OPENSTACK,
        stubs: &["pecan", "oslo_middleware", "oslo_service"],
        imports: &["barbican.model.models"],
        versions: &["barbican/model/migration/alembic_migrations/versions"],
        revisions: 3,
        ..NONE
    },
];

/// What Alembic wrote.
#[derive(Debug, Clone)]
pub struct AlembicScripts {
    /// `upgrade --sql`.
    pub up: String,
    /// `downgrade --sql`, where it can be written offline.
    pub down: Option<String>,
}

impl Toolchain {
    /// The scripts of a public project for PostgreSQL, written once by Alembic and kept.
    ///
    /// # Errors
    /// When pip or Alembic fails.
    pub fn alembic_scripts(&self, project: &AlembicProject) -> Result<AlembicScripts> {
        let python = self.alembic_bin()?.join("python");
        let folder = self.install(&format!("alembic-{}-{GENERATION}", project.name), |folder| {
            let packages = folder.join("packages");
            pip_install(&python, &packages, project.packages, true)?;
            if !project.needs.is_empty() {
                pip_install(&python, &packages, project.needs, false)?;
            }
            fs::write(folder.join("up.sql"), write(&python, folder, project, false)?)?;
            if project.back.is_some() {
                fs::write(folder.join("down.sql"), write(&python, folder, project, true)?)?;
            }
            // The packages are many times larger than what was wanted of them.
            fs::remove_dir_all(&packages).with_context(|| format!("remove {}", packages.display()))
        })?;
        let read = |name: &str| {
            fs::read_to_string(folder.join(name)).with_context(|| format!("read {name} of {}", project.name))
        };
        let down = project.back.map(|_| read("down.sql")).transpose()?;
        Ok(AlembicScripts { up: read("up.sql")?, down })
    }

    /// What Alembic writes of the revisions in a folder, with the environment's options such as `dialect=postgresql`;
    /// `range` is `heads`, or `heads:base` for the way back.
    ///
    /// # Errors
    /// When Alembic fails.
    pub fn alembic_offline(
        &self,
        versions: &Path,
        range: &str,
        down: bool,
        options: &[&str],
    ) -> Result<String> {
        let python = self.alembic_bin()?.join("python");
        let folder = tempfile::tempdir().context("make a folder for Alembic's environment")?;
        let mut command = generate(&python, folder.path(), &[versions.to_owned()], options)?;
        command.arg(format!("--range={range}"));
        if down {
            command.arg("--down");
        }
        run(&mut command)
    }
}

fn pip_install(python: &Path, target: &Path, packages: &[&str], alone: bool) -> Result<()> {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]).arg(target);
    if alone {
        command.arg("--no-deps");
    }
    run(command.args(packages)).map(drop)
}

fn write(python: &Path, folder: &Path, project: &AlembicProject, down: bool) -> Result<String> {
    let packages = folder.join("packages");
    let versions: Vec<PathBuf> = project.versions.iter().map(|versions| packages.join(versions)).collect();
    let options: Vec<&str> =
        ["dialect=postgresql"].into_iter().chain(project.options.iter().copied()).collect();
    let mut command = generate(python, folder, &versions, &options)?;
    command.arg("--path").arg(&packages);
    for stub in project.stubs {
        command.args(["--stub", stub]);
    }
    for module in project.imports {
        command.args(["--import", module]);
    }
    match project.back.filter(|_| down) {
        Some(range) => command.args(["--down", "--range", range]),
        None => command.args(["--range", project.target]),
    };
    run(&mut command).with_context(|| format!("write the script of {}", project.name))
}

fn generate(python: &Path, folder: &Path, versions: &[PathBuf], options: &[&str]) -> Result<Command> {
    fs::write(folder.join("env.py"), ENVIRONMENT).context("write Alembic's environment")?;
    let script = folder.join("generate.py");
    fs::write(&script, GENERATE).context("write the script that runs Alembic")?;
    let mut command = Command::new(python);
    command.arg(script).env("PYTHONDONTWRITEBYTECODE", "1");
    for folder in versions {
        command.arg("--versions").arg(folder);
    }
    for option in options {
        command.args(["--option", option]);
    }
    Ok(command)
}
