//! Waiting for server processes, and ending one with all its children.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How often a starting or stopping process is looked at.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(25);
/// How long a signalled process may take to stop or to vanish: the kernel needs a moment to free a large one's memory.
const SIGNAL_TIMEOUT: Duration = Duration::from_secs(15);

/// Polls `condition` until it holds or `timeout` has passed, and says whether it held.
pub(crate) fn wait_until(timeout: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + timeout;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// A loopback port that nothing listens on at this moment.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("find a free loopback port")?;
    Ok(listener.local_addr().context("read the free port")?.port())
}

/// Sends `signal`, waits for the end for at most `timeout`, and kills the process when it is still there.
pub(crate) fn end(mut child: Child, signal: Signal, timeout: Duration) -> Result<()> {
    let signalled = pid(&child).is_ok_and(|pid| kill(pid, signal).is_ok());
    if signalled && wait_until(timeout, || !matches!(child.try_wait(), Ok(None))) {
        return Ok(());
    }
    child.kill().context("kill the server")?;
    child.wait().context("wait for the killed server")?;
    Ok(())
}

/// Ends a process and all its children with SIGKILL, and returns when none of them is left.
///
/// The parent is stopped first, so that it starts no child that the list of its children misses.
pub(crate) fn kill_with_children(mut child: Child) -> Result<()> {
    let parent = pid(&child)?;
    kill(parent, Signal::SIGSTOP).context("stop the server")?;
    let stopped = wait_until(SIGNAL_TIMEOUT, || stat(parent).is_none_or(|stat| "TZ".contains(stat.state)));
    ensure!(stopped, "the server did not stop within {SIGNAL_TIMEOUT:?}");
    let children = children(parent)?;
    child.kill().context("kill the server")?;
    for child in &children {
        match kill(*child, Signal::SIGKILL) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(error).context("kill a child of the server"),
        }
    }
    child.wait().context("wait for the killed server")?;
    // Where nothing reaps orphans they stay behind as zombies, which hold nothing.
    let is_gone = |pid: &Pid| stat(*pid).is_none_or(|stat| stat.state == 'Z');
    let gone = wait_until(SIGNAL_TIMEOUT, || children.iter().all(is_gone));
    ensure!(gone, "a killed child of the server is still there after {SIGNAL_TIMEOUT:?}");
    Ok(())
}

/// Moves a process and its children to these cores, a list as `taskset` understands it; later children follow their parent.
pub(crate) fn run_on_cores(child: &Child, cores: &str) -> Result<()> {
    let parent = pid(child)?;
    move_to(parent, cores)?;
    for child in children(parent)? {
        // One that ended in between needs no core.
        if let Err(error) = move_to(child, cores)
            && stat(child).is_some_and(|stat| stat.state != 'Z')
        {
            return Err(error);
        }
    }
    Ok(())
}

fn move_to(pid: Pid, cores: &str) -> Result<()> {
    let output = Command::new("taskset")
        .args(["--cpu-list", "--pid", cores, &pid.to_string()])
        .output()
        .context("run taskset (Debian's util-linux has it)")?;
    ensure!(
        output.status.success(),
        "the server does not move to the cores {cores}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

fn pid(child: &Child) -> Result<Pid> {
    Ok(Pid::from_raw(i32::try_from(child.id()).context("a process id fits 31 bits")?))
}

fn children(parent: Pid) -> Result<Vec<Pid>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc").context("read /proc")? {
        let name = entry.context("read /proc")?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()).map(Pid::from_raw) else {
            continue;
        };
        if stat(pid).is_some_and(|stat| stat.parent == parent) {
            children.push(pid);
        }
    }
    Ok(children)
}

/// What the kernel says of a process.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    parent: Pid,
}

/// Reads a process's state; none when there is no such process.
fn stat(pid: Pid) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The name stands in parentheses and may hold any character, these too.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some(Stat { state, parent: Pid::from_raw(fields.next()?.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_with_parentheses_is_read_over() {
        let stat = parse_stat("12 (odd) name) T 7 12 12 0").unwrap();
        assert_eq!(stat, Stat { state: 'T', parent: Pid::from_raw(7) });
        assert_eq!(parse_stat("12 broken"), None);
    }

    #[test]
    fn children_end_with_their_parent() {
        let shell = Command::new("sh").args(["-c", "sleep 600 & sleep 600"]).spawn().unwrap();
        let parent = pid(&shell).unwrap();
        let mut sleepers = Vec::new();
        assert!(wait_until(SIGNAL_TIMEOUT, || {
            sleepers = children(parent).unwrap();
            sleepers.len() == 2
        }));
        kill_with_children(shell).unwrap();
        assert!(sleepers.iter().all(|pid| stat(*pid).is_none_or(|stat| stat.state == 'Z')));
    }
}
