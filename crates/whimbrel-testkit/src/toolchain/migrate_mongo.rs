//! migrate-mongo, the peer of migrations on documents, with the driver that it is given.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Toolchain, npm_install, run};

/// migrate-mongo's version.
pub const MIGRATE_MONGO_VERSION: &str = "14.0.7";
/// The version of MongoDB's driver for Node that it runs with.
const DRIVER_VERSION: &str = "7.0.0";

/// An installed migrate-mongo.
#[derive(Debug, Clone)]
pub struct MigrateMongo {
    node: PathBuf,
    modules: PathBuf,
}

impl Toolchain {
    /// Returns migrate-mongo, installing it when it is missing.
    ///
    /// # Errors
    /// When Node or npm is missing, or npm fails.
    pub fn migrate_mongo(&self) -> Result<MigrateMongo> {
        let name = format!("migrate-mongo-{MIGRATE_MONGO_VERSION}-mongodb-{DRIVER_VERSION}");
        let folder = self.install(&name, |folder| {
            npm_install(folder, &[("migrate-mongo", MIGRATE_MONGO_VERSION), ("mongodb", DRIVER_VERSION)])
        })?;
        // Asked of Node itself, since what stands in the path may be a script that starts it.
        let node = run(Command::new("node").args(["--print", "process.execPath"]))
            .context("migrate-mongo needs Node 20 or newer")?;
        Ok(MigrateMongo { node: PathBuf::from(node.trim_end()), modules: folder.join("node_modules") })
    }
}

impl MigrateMongo {
    /// Node, which runs it.
    #[must_use]
    pub fn node(&self) -> &Path {
        &self.node
    }

    /// Its program, a script of Node's.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.modules.join("migrate-mongo/bin/migrate-mongo.js")
    }

    /// Makes a folder a project of migrate-mongo's: its settings, its migrations folder, and the driver for its files.
    /// `more` is put into the settings.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn project(&self, folder: &Path, url: &str, database: &str, more: &str) -> Result<()> {
        fs::create_dir_all(folder.join("migrations"))
            .with_context(|| format!("create {}", folder.display()))?;
        let link = folder.join("node_modules");
        if !link.exists() {
            symlink(&self.modules, &link).with_context(|| format!("link {}", link.display()))?;
        }
        let settings = format!(
            "module.exports = {{\n  mongodb: {{ url: {url:?}, databaseName: {database:?}, options: {{}} }},\n  migrationsDir: 'migrations',\n  \
             changelogCollectionName: 'changelog',\n  lockCollectionName: 'changelog_lock',\n  lockTtl: 0,\n  migrationFileExtension: '.js',\n  \
             useFileHash: false,\n  moduleSystem: 'commonjs',\n  {more}\n}};\n"
        );
        let path = folder.join("migrate-mongo-config.js");
        fs::write(&path, settings).with_context(|| format!("write {}", path.display()))
    }

    /// Runs it in a project and returns what it printed.
    ///
    /// # Errors
    /// When it fails; the error has its words.
    pub fn run(&self, folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<String> {
        let mut command = Command::new(&self.node);
        command.arg(self.program()).args(arguments).current_dir(folder);
        let output = command.output().context("start migrate-mongo")?;
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        if !output.status.success() {
            bail!("migrate-mongo ended with {}: {printed}", output.status);
        }
        Ok(printed)
    }
}
