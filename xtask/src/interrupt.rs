//! Ctrl-C and SIGTERM: children end first, then servers stop and temporary folders go, then the command ends.

use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// How often a child and the flag are looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How long an interrupted child may take to end by itself; nextest itself gives its tests ten seconds.
const GRACE: Duration = Duration::from_secs(15);

/// Whether the command was asked to stop.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    arrived: Arc<AtomicBool>,
    /// Ctrl-C reaches the children by itself, since they share the terminal.
    by_terminal: Arc<AtomicBool>,
}

impl Interrupt {
    /// Starts to listen; from now on the signals set a flag instead of ending the process.
    pub(crate) fn listen() -> Result<Self> {
        let interrupt = Self { arrived: Arc::default(), by_terminal: Arc::default() };
        signal_hook::flag::register(SIGINT, Arc::clone(&interrupt.by_terminal))
            .context("listen for signals")?;
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&interrupt.arrived))
                .context("listen for signals")?;
        }
        Ok(interrupt)
    }

    /// Whether a signal has arrived.
    pub(crate) fn arrived(&self) -> bool {
        self.arrived.load(Ordering::SeqCst)
    }

    /// Runs a command to its end; after a signal it is asked to end, and killed when it does not.
    pub(crate) fn run(&self, command: &mut Command) -> Result<ExitStatus> {
        let name = command.get_program().display().to_string();
        let mut child = command.spawn().with_context(|| format!("start {name}"))?;
        loop {
            if let Some(status) = child.try_wait().with_context(|| format!("wait for {name}"))? {
                return Ok(status);
            }
            if self.arrived() {
                return self.end(&mut child).with_context(|| format!("end {name}"));
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// Ends an interrupted child; nextest takes a second signal as an order to kill its tests, so none is sent after Ctrl-C.
    fn end(&self, child: &mut Child) -> Result<ExitStatus> {
        if !self.by_terminal.load(Ordering::SeqCst) {
            kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM)?;
        }
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        child.kill()?;
        Ok(child.wait()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interrupt(arrived: bool) -> Interrupt {
        Interrupt { arrived: Arc::new(AtomicBool::new(arrived)), by_terminal: Arc::default() }
    }

    #[test]
    fn an_exit_code_is_passed_on() {
        let status = interrupt(false).run(Command::new("/bin/sh").args(["-c", "exit 7"])).unwrap();
        assert_eq!(status.code(), Some(7));
    }

    #[test]
    fn a_signal_ends_the_running_child() {
        let start = Instant::now();
        let status = interrupt(true).run(Command::new("/bin/sleep").arg("60")).unwrap();
        assert!(!status.success());
        assert!(start.elapsed() < GRACE);
    }
}
