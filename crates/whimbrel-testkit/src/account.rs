//! The account that a server runs under.
//!
//! PostgreSQL refuses to run as root, so root lends it the `postgres` account when Debian's package has made one, else `nobody`.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::{User, geteuid};

/// Accounts tried in this order when the tests run as root.
const UNPRIVILEGED_ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// The account under which server processes run.
#[derive(Debug, Clone)]
pub(crate) struct ServerAccount {
    lent: Option<User>,
}

impl ServerAccount {
    /// The caller's own account, for servers that run under any.
    pub(crate) fn own() -> Self {
        Self { lent: None }
    }

    /// Finds the account: the caller's own, or an unprivileged one when the caller is root.
    pub(crate) fn find() -> Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self { lent: None });
        }
        for name in UNPRIVILEGED_ACCOUNTS {
            if let Some(user) =
                User::from_name(name).with_context(|| format!("look up the account {name}"))?
            {
                return Ok(Self { lent: Some(user) });
            }
        }
        bail!(
            "the tests run as root and this machine has neither of the accounts {UNPRIVILEGED_ACCOUNTS:?} to lend to PostgreSQL"
        )
    }

    /// Gives a file or folder to the account.
    pub(crate) fn give(&self, path: &Path) -> Result<()> {
        if let Some(user) = &self.lent {
            chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
                .with_context(|| format!("give {} to the account {}", path.display(), user.name))?;
        }
        Ok(())
    }

    /// Builds a command that runs `program` under the account.
    ///
    /// The process also receives SIGINT, on which servers stop, when the thread that started it ends, so that no server
    /// outlives its test even when that test is killed.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        self.command_ended_by("INT", program)
    }

    /// Builds a command as [`Self::command`] does, for a server that another signal than SIGINT ends with that thread.
    pub(crate) fn command_ended_by(&self, signal: &str, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        if let Some(user) = &self.lent {
            command
                .arg(format!("--reuid={}", user.uid))
                .arg(format!("--regid={}", user.gid))
                .arg("--clear-groups");
        }
        command.arg(format!("--pdeathsig={signal}")).arg("--").arg(program);
        command
    }

    /// Fails when the account cannot run `program`, which happens when a folder above it is closed to others.
    pub(crate) fn check_can_run(&self, program: &Path) -> Result<()> {
        let status = self
            .command("test")
            .arg("-x")
            .arg(program)
            .status()
            .context("run setpriv (Debian's util-linux has it)")?;
        if !status.success() {
            bail!(
                "the account that runs the servers cannot execute {}; set WHIMBREL_TEST_CACHE to a folder that every account can enter",
                program.display()
            );
        }
        Ok(())
    }
}
