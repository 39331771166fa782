//! A temporary project and the `whimbrel` binary, run in it with a cleaned environment.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::redact::redact;

/// How long one run may take before it is killed and the test fails.
const RUN_TIMEOUT: Duration = Duration::from_secs(120);
/// How often a running command is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// What one run of the binary left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOutput {
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
    /// The exit code; `None` when a signal ended the process.
    pub code: Option<i32>,
}

/// A temporary folder and a binary that runs in it.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
    binary: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Sandbox {
    /// Makes an empty folder for `binary`, which a test takes from `env!("CARGO_BIN_EXE_whimbrel")`.
    ///
    /// # Errors
    /// When no temporary folder can be made.
    pub fn new(binary: impl Into<PathBuf>) -> Result<Self> {
        let root =
            tempfile::Builder::new().prefix("whimbrel-sandbox-").tempdir().context("make a sandbox")?;
        Ok(Self { root, binary: binary.into(), environment: BTreeMap::new() })
    }

    /// The sandbox's folder, in which the binary runs.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// A path in the sandbox.
    #[must_use]
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(relative)
    }

    /// Writes a file and the folders above it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, relative: impl AsRef<Path>, text: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(relative);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("create {}", parent.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))
    }

    /// Reads a file as text.
    ///
    /// # Errors
    /// When the file cannot be read or is not UTF-8.
    pub fn read(&self, relative: impl AsRef<Path>) -> Result<String> {
        let path = self.path(relative);
        fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
    }

    /// Copies a file, or a folder with everything in it, into the sandbox.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn copy(&self, from: &Path, relative: impl AsRef<Path>) -> Result<()> {
        copy_tree(from, &self.path(relative))
    }

    /// Sets a variable for the runs that follow.
    pub fn env(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Builds a run of the binary in the sandbox whose environment holds `PATH`, `HOME` and what [`Self::env`] set.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(self.root()).env_clear().env("HOME", self.root()).stdin(Stdio::null());
        // Coverage tools need their variable to reach the binary; nothing else is passed through.
        for name in ["PATH", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(&self.environment);
        command
    }

    /// Runs the binary to its end.
    ///
    /// # Errors
    /// When it cannot be started, or is still running after two minutes.
    pub fn run<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Result<RunOutput> {
        let mut command = self.command();
        command.args(arguments);
        run_bounded(&mut command, RUN_TIMEOUT)
    }

    /// Replaces paths, ports, durations and times in an output; see [`redact`].
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        redact(text, self.root())
    }
}

fn run_bounded(command: &mut Command, timeout: Duration) -> Result<RunOutput> {
    let name = command.get_program().display().to_string();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("start {name}"))?;
    let stdout = collect(child.stdout.take().expect("stdout was asked to be a pipe"));
    let stderr = collect(child.stderr.take().expect("stderr was asked to be a pipe"));
    let deadline = Instant::now() + timeout;
    let status = loop {
        if let Some(status) = child.try_wait().with_context(|| format!("wait for {name}"))? {
            break Some(status);
        }
        if Instant::now() >= deadline {
            child.kill().with_context(|| format!("kill {name}"))?;
            child.wait().with_context(|| format!("wait for {name}"))?;
            break None;
        }
        std::thread::sleep(POLL_INTERVAL);
    };
    let text = |thread: std::thread::JoinHandle<Vec<u8>>| {
        String::from_utf8_lossy(&thread.join().expect("the reading thread does not panic")).into_owned()
    };
    let (stdout, stderr) = (text(stdout), text(stderr));
    let Some(status) = status else { bail!("{name} still ran after {timeout:?}; it wrote {stdout}{stderr}") };
    Ok(RunOutput { stdout, stderr, code: status.code() })
}

fn collect(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks ends the text; the exit status tells the rest.
        drop(pipe.read_to_end(&mut bytes));
        bytes
    })
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).with_context(|| format!("create {}", parent.display()))?;
        }
        return fs::copy(from, to)
            .map(drop)
            .with_context(|| format!("copy {} to {}", from.display(), to.display()));
    }
    fs::create_dir_all(to).with_context(|| format!("create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry.with_context(|| format!("read {}", from.display()))?;
        copy_tree(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_a_clean_environment_and_keeps_its_outputs_apart() {
        let mut sandbox = Sandbox::new("/bin/sh").unwrap();
        sandbox
            .env("GIVEN", "yes")
            .write("script/x.sh", "echo out $GIVEN $CARGO_MANIFEST_DIR; echo err >&2; exit 3")
            .unwrap();
        let output = sandbox.run(["script/x.sh"]).unwrap();
        assert_eq!(
            output,
            RunOutput { stdout: "out yes\n".to_owned(), stderr: "err\n".to_owned(), code: Some(3) }
        );
    }

    #[test]
    fn a_run_that_hangs_is_ended() {
        let error = run_bounded(Command::new("/bin/sleep").arg("60"), Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("still ran after"), "{error}");
    }

    #[test]
    fn folders_are_copied_whole() {
        let source = Sandbox::new("/bin/true").unwrap();
        source.write("a/b.txt", "b").unwrap();
        let target = Sandbox::new("/bin/true").unwrap();
        target.copy(source.root(), "copy").unwrap();
        assert_eq!(target.read("copy/a/b.txt").unwrap(), "b");
    }
}
