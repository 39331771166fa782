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
/// The folder into which packages are unpacked.
const SYSTEM: &str = "system";
/// The folder with apt's state while packages of another suite are downloaded.
const APT: &str = "apt";
/// The keys with which Debian signs its suites, where its keyring package is installed.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// What apt is asked of each package list of the machine: its suite, its part and its address.
const LIST_FORMAT: &str = "$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)";

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
    let system = folder.join(SYSTEM);
    extract(&archives, &system)?;
    let program = system.join(program.strip_prefix("/").unwrap_or(program));
    if !program.exists() {
        bail!("{package} was unpacked, but {} is missing", program.display());
    }
    let launcher = folder.join(LAUNCHER);
    fs::write(&launcher, launcher_script(&program, &libraries(&system)?))
        .with_context(|| format!("write {}", launcher.display()))?;
    make_executable(&launcher)
}

/// Unpacks packages of another suite of Debian into `folder`, from where the machine gets its own packages.
///
/// apt works on a state of its own, so that the machine's package lists know nothing of the other suite.
pub(super) fn unpack_from_suite(folder: &Path, suite: &str, packages: &[&str]) -> Result<()> {
    let codename = codename(&fs::read_to_string("/etc/os-release").context("read /etc/os-release")?)
        .context("/etc/os-release names no Debian release, so that packages of another one cannot be had")?;
    let lists = run(Command::new("apt-get").args(["indextargets", "--format", LIST_FORMAT]))?;
    let address = own_address(&lists, &codename)
        .with_context(|| format!("apt's configuration has no source for the suite {codename}"))?;
    let state = folder.join(APT);
    let archives = folder.join(ARCHIVES);
    for path in [state.join("lists/partial"), archives.join("partial")] {
        fs::create_dir_all(&path).with_context(|| format!("create {}", path.display()))?;
    }
    let signed_by = if Path::new(KEYRING).exists() { format!(" signed-by={KEYRING}") } else { String::new() };
    for (name, text) in [
        ("sources.list", format!("deb [target=Packages{signed_by}] {address} {suite} main\n")),
        ("status", String::new()),
    ] {
        let path = state.join(name);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    }
    let apt = || {
        let mut command = apt_get(Command::new("apt-get"));
        for (option, path) in [
            ("Dir::Etc::SourceList", state.join("sources.list")),
            ("Dir::State", state.clone()),
            ("Dir::State::Lists", state.join("lists")),
            ("Dir::State::Status", state.join("status")),
            ("Dir::Cache", state.clone()),
        ] {
            command.arg("--option").arg(format!("{option}={}", path.display()));
        }
        command.args(["--option", "Dir::Etc::SourceParts=-", "--option", "APT::Sandbox::User=root"]);
        command
    };
    run(apt().arg("update")).with_context(|| format!("read the package lists of {suite}"))?;
    run(apt().arg("download").args(packages).current_dir(&archives))?;
    extract(&archives, &folder.join(SYSTEM))?;
    fs::remove_dir_all(&state).with_context(|| format!("remove {}", state.display()))
}

/// The program loader among the packages unpacked into `folder`, and the folder of libraries that it stands in.
pub(super) fn loader(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    for libraries in libraries(&folder.join(SYSTEM))? {
        let is_loader = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-linux"))
        };
        if let Some(loader) = entries(&libraries)?.into_iter().find(is_loader) {
            return Ok((loader, libraries));
        }
    }
    bail!("{} holds no program loader", folder.display())
}

/// The code name of the machine's release, when it is Debian's.
fn codename(os_release: &str) -> Option<String> {
    let value = |key: &str| {
        os_release.lines().find_map(|line| Some(line.strip_prefix(key)?.strip_prefix('=')?.trim_matches('"')))
    };
    (value("ID")? == "debian").then(|| value("VERSION_CODENAME").map(str::to_owned))?
}

/// The address of the machine's own packages of `codename` among its package lists, each a line of [`LIST_FORMAT`].
fn own_address<'a>(lists: &'a str, codename: &str) -> Option<&'a str> {
    lists.lines().find_map(|line| {
        let mut fields = line.split(' ');
        let wanted = ["Packages", codename, "main"].iter().all(|field| fields.next() == Some(field));
        fields.next().filter(|_| wanted)
    })
}

/// Extracts every package file of `archives` into `system` and removes `archives`.
fn extract(archives: &Path, system: &Path) -> Result<()> {
    for archive in entries(archives)? {
        if archive.extension() == Some(OsStr::new("deb")) {
            run(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(system))?;
        }
    }
    fs::remove_dir_all(archives).with_context(|| format!("remove {}", archives.display()))
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

    #[test]
    fn the_machines_own_source_is_found() {
        let os_release = "PRETTY_NAME=\"Debian\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        assert_eq!(codename(os_release).as_deref(), Some("bookworm"));
        assert_eq!(codename("ID=ubuntu\nVERSION_CODENAME=jammy\n"), None);
        let lists = "Packages nodistro main https://other.example/\n\
                     DEP-11 bookworm main http://appstream.example/\n\
                     Packages bookworm-security main http://security.example/\n\
                     Packages bookworm contrib http://contrib.example/\n\
                     Packages bookworm main http://mirror.example/debian/\n";
        assert_eq!(own_address(lists, "bookworm"), Some("http://mirror.example/debian/"));
        assert_eq!(own_address(lists, "trixie"), None);
    }
}
