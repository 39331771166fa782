//! `xtask test`: starts the servers, runs every test, stops the servers.

use std::io::Read;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::interrupt::Interrupt;
use crate::servers::{Selection, Servers};
use crate::workspace;

/// How often a waiting `--servers` looks whether it should end.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// The exit code of a command that a signal ended.
const INTERRUPTED: u8 = 130;

/// Runs every test; `arguments` go to nextest.
pub(crate) fn run(arguments: &[&str]) -> Result<ExitCode> {
    let interrupt = Interrupt::listen()?;
    install_nextest(&interrupt)?;
    let servers = Servers::start(Selection::All, &interrupt)?;
    // The summary of the tests comes last; examples run with the whole suite, not with a selection of tests.
    let examples = if arguments.is_empty() {
        Some(interrupt.run(cargo(&servers)?.args(["test", "--quiet", "--doc", "--workspace"]))?)
    } else {
        None
    };
    let tests = interrupt.run(cargo(&servers)?.args(["nextest", "run", "--workspace"]).args(arguments))?;
    let outcome = examples.filter(|examples| tests.success() && !examples.success()).unwrap_or(tests);
    if outcome != tests {
        eprintln!("error: examples in the documentation failed, see above");
    }
    Ok(if interrupt.arrived() { ExitCode::from(INTERRUPTED) } else { exit_code(outcome) })
}

/// Starts the selected servers, prints their variables and waits until standard input closes or a signal arrives.
pub(crate) fn serve(selection: Selection) -> Result<ExitCode> {
    let interrupt = Interrupt::listen()?;
    let servers = Servers::start(selection, &interrupt)?;
    for (name, url) in servers.variables() {
        println!("export {name}='{url}'");
    }
    eprintln!("xtask: the servers run until standard input closes");
    let closed = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&closed);
    // Reading blocks and cannot be interrupted, so a thread does it that ends with the process.
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 1024];
        while matches!(std::io::stdin().read(&mut buffer), Ok(read) if read > 0) {}
        flag.store(true, Ordering::SeqCst);
    });
    while !closed.load(Ordering::SeqCst) && !interrupt.arrived() {
        std::thread::sleep(POLL_INTERVAL);
    }
    drop(servers);
    Ok(ExitCode::SUCCESS)
}

/// Cargo in the workspace, with the variables through which the tests find the servers.
pub(crate) fn cargo(servers: &Servers) -> Result<Command> {
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root()?).stdin(Stdio::null()).envs(servers.variables());
    Ok(command)
}

fn install_nextest(interrupt: &Interrupt) -> Result<()> {
    let found = Command::new(workspace::cargo())
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("start cargo")?;
    if found.success() {
        return Ok(());
    }
    eprintln!("xtask: installing cargo-nextest");
    let status = interrupt.run(Command::new(workspace::cargo()).args([
        "install",
        "--quiet",
        "--locked",
        "cargo-nextest",
    ]))?;
    if !status.success() {
        bail!("cargo-nextest could not be installed; run `cargo install --locked cargo-nextest`");
    }
    Ok(())
}

/// Passes a child's exit code on.
fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
