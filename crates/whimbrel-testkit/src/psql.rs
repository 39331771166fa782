//! Runs SQL through Debian's `psql`, so that tests look at a database with a tool that is not ours.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::toolchain::{PostgresVersion, Toolchain};

/// Finds `psql`: beside Debian's PostgreSQL 15, else on `PATH`.
fn program() -> PathBuf {
    let packaged = Toolchain::packaged_postgres_bin(PostgresVersion::V15).join("psql");
    if packaged.exists() { packaged } else { PathBuf::from("psql") }
}

/// Runs a script with `psql` and returns its unaligned, tuples-only output; the first failing statement is an error.
pub(crate) fn run(url: &str, sql: &str) -> Result<String> {
    let mut command = Command::new(program());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG")) {
        command.env_remove(name);
    }
    let mut child = command
        .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--file=-"])
        .arg(url)
        .env("PGCONNECT_TIMEOUT", "10")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start psql (Debian's postgresql-client-15); `cargo xtask test` installs it")?;
    let mut stdin = child.stdin.take().expect("stdin was asked to be a pipe");
    let script = sql.to_owned();
    // A thread writes, so that a script and an answer larger than the pipes cannot block each other.
    let writer = std::thread::spawn(move || stdin.write_all(script.as_bytes()));
    let output = child.wait_with_output().context("wait for psql")?;
    // A write that fails because psql stopped early is explained by psql's own message.
    let written = writer.join();
    if !output.status.success() {
        bail!("psql failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    if !matches!(written, Ok(Ok(()))) {
        bail!("psql did not read the whole script");
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
