//! Debian's packages: installed by the package manager, or unpacked into a folder without it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::geteuid;

use super::{Toolchain, make_executable, run};

/// The script in an unpacked package's folder that starts its program with the libraries unpacked beside it.
pub(super) const LAUNCHER: &str = "launch";
/// The folder with the package files while they are unpacked.
const ARCHIVES: &str = "archives";

/// Installs a package unless `proof` stands by the time that the lock is held.
pub(super) fn install(toolchain: &Toolchain, package: &str, proof: &Path) -> Result<()> {
    let _lock = toolchain.lock("apt")?;
    if proof.exists() {
        return Ok(());
    }
    (toolchain.announce)(&format!("installing Debian's package {package}"));
    update(package)?;
    let no_cluster = NoDefaultCluster::request();
    run(as_root().args(["install", "--yes", "--no-install-recommends", package]))
        .with_context(|| format!("run `apt-get install {package}` as root"))?;
    drop(no_cluster);
    if !proof.exists() {
        bail!("{package} was installed, but {} is missing", proof.display());
    }
    Ok(())
}

/// Unpacks a package, and those of its dependencies that the system lacks, into `folder`, and writes [`LAUNCHER`] for `program`,
/// which is the path that the package gives it.
///
/// None of the packages' own scripts run, so that no service starts.
pub(super) fn unpack(folder: &Path, package: &str, program: &Path) -> Result<()> {
    let archives = folder.join(ARCHIVES);
    fs::create_dir_all(archives.join("partial")).with_context(|| format!("create {}", archives.display()))?;
    if download(&archives, package).is_err() {
        // The usual reason is that the package lists are missing or old.
        update(package)?;
        download(&archives, package)?;
    }
    let system = folder.join("system");
    for archive in entries(&archives)? {
        if archive.extension() == Some(OsStr::new("deb")) {
            run(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(&system))?;
        }
    }
    fs::remove_dir_all(&archives).with_context(|| format!("remove {}", archives.display()))?;
    let program = system.join(program.strip_prefix("/").unwrap_or(program));
    if !program.exists() {
        bail!("{package} was unpacked, but {} is missing", program.display());
    }
    let launcher = folder.join(LAUNCHER);
    fs::write(&launcher, launcher_script(&program, &libraries(&system)?))
        .with_context(|| format!("write {}", launcher.display()))?;
    make_executable(&launcher)
}

/// Downloads what `apt-get install` would; this needs no rights, since nothing of the system is written.
fn download(archives: &Path, package: &str) -> Result<()> {
    run(apt_get(Command::new("apt-get"))
        .args(["install", "--download-only", "--yes", "--no-install-recommends"])
        .args(["--option", "Debug::NoLocking=1", "--option", "APT::Sandbox::User=root", "--option"])
        .arg(format!("Dir::Cache::archives={}", archives.display()))
        .arg(package))
    .map(drop)
}

fn update(package: &str) -> Result<()> {
    run(as_root().arg("update"))
        .with_context(|| format!("install {package}: run `apt-get update` as root"))?;
    Ok(())
}

fn as_root() -> Command {
    if geteuid().is_root() {
        return apt_get(Command::new("apt-get"));
    }
    let mut command = Command::new("sudo");
    command.args(["-n", "apt-get"]);
    apt_get(command)
}

fn apt_get(mut command: Command) -> Command {
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
    command
}

/// The folders of libraries among the unpacked packages, such as `usr/lib/x86_64-linux-gnu`.
fn libraries(system: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for parent in ["lib", "usr/lib"].map(|parent| system.join(parent)) {
        if parent.is_dir() {
            let named = |path: &PathBuf| path.to_string_lossy().ends_with("-linux-gnu");
            folders.extend(entries(&parent)?.into_iter().filter(named));
        }
    }
    Ok(folders)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut paths = read().with_context(|| format!("read {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

fn launcher_script(program: &Path, libraries: &[PathBuf]) -> String {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    let libraries: Vec<_> = libraries.iter().map(|path| quoted(path)).collect();
    format!("#!/bin/sh\nLD_LIBRARY_PATH={} exec {} \"$@\"\n", libraries.join(":"), quoted(program))
}

/// Keeps Debian's package from making and starting a server of its own while it is installed.
///
/// The request is a file that `postgresql-common` reads; it goes with this value, so that later installations by hand do as they always do.
struct NoDefaultCluster {
    file: Option<PathBuf>,
}

impl NoDefaultCluster {
    /// Writes the file; without the right to do so the package makes its server, which does no harm.
    fn request() -> Self {
        let folder = Path::new("/etc/postgresql-common/createcluster.d");
        let file = folder.join("whimbrel-test.conf");
        let written =
            fs::create_dir_all(folder).and_then(|()| fs::write(&file, "create_main_cluster = false\n"));
        Self { file: written.is_ok().then_some(file) }
    }
}

impl Drop for NoDefaultCluster {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // A file that stays behind only keeps a later package from making a server by itself.
            drop(fs::remove_file(file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_launcher_passes_arguments_on_from_any_folder() {
        let folder = tempfile::Builder::new().prefix("it's ").tempdir().unwrap();
        let launcher = folder.path().join(LAUNCHER);
        fs::write(&launcher, launcher_script(Path::new("/bin/echo"), &[folder.path().to_owned()])).unwrap();
        make_executable(&launcher).unwrap();
        let output = Command::new(&launcher).args(["two words", "$HOME"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "two words $HOME\n");
    }
}
