//! Times whole processes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait4::Wait4;

use super::report::{FLOOR, SUBJECT};
use crate::interrupt::Interrupt;

/// Timed runs of each command; the median of five is steady enough for the bars, which are factors.
pub(super) const RUNS: usize = 5;
/// Timed pairs of the subject and the floor where a bar allows a fifth more than the floor: two runs of the same work
/// differ by that much on a machine that others use too.
pub(super) const PAIRS: usize = 15;

/// A command that is measured, and how it is shown.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) tool: &'static str,
    pub(super) version: String,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) folder: PathBuf,
    pub(super) variables: Vec<(&'static str, String)>,
    /// The command as a reader would type it, without passwords and temporary paths.
    pub(super) shown: String,
    /// What runs before each timed run, untimed.
    pub(super) before: Option<Box<Measured>>,
    /// Whether the process measures a part of itself and prints it, in milliseconds, as its last line.
    pub(super) tells_time: bool,
}

impl Measured {
    pub(super) fn new(
        tool: &'static str,
        program: impl Into<PathBuf>,
        arguments: &[&str],
        folder: &Path,
    ) -> Self {
        let program = program.into();
        let name = program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self {
            tool,
            version: String::new(),
            program,
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            folder: folder.to_owned(),
            variables: Vec::new(),
            shown: format!("{name} {}", arguments.join(" ")).trim().to_owned(),
            before: None,
            tells_time: false,
        }
    }

    pub(super) fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    pub(super) fn variable(mut self, name: &'static str, value: String) -> Self {
        self.variables.push((name, value));
        self
    }

    pub(super) fn shown(mut self, shown: &str) -> Self {
        shown.clone_into(&mut self.shown);
        self
    }

    /// Runs `before` untimed before each timed run.
    pub(super) fn after(mut self, before: Measured) -> Self {
        self.before = Some(Box::new(before));
        self
    }

    /// Takes the milliseconds that the process prints as its last line for its time.
    pub(super) fn telling_its_time(mut self) -> Self {
        self.tells_time = true;
        self
    }

    /// Keeps the process on these cores, a list as `taskset` understands it.
    pub(super) fn on_cores(mut self, cores: &str) -> Self {
        let program = self.program.display().to_string();
        self.arguments.splice(0..0, ["--cpu-list".to_owned(), cores.to_owned(), program]);
        self.program = PathBuf::from("taskset");
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.variables.iter().cloned());
        for name in ["PATH", "HOME"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs the command untimed, as a step of the preparation, and returns what it printed.
    pub(super) fn prepare(&self) -> Result<String> {
        let output = self.command().output().with_context(|| format!("start {}", self.program.display()))?;
        if !output.status.success() {
            let text = [output.stdout, output.stderr].concat();
            bail!("`{}` ended with {}: {}", self.shown, output.status, String::from_utf8_lossy(&text).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn time(&self, scratch: &Path) -> Result<Run> {
        if let Some(before) = &self.before {
            before.prepare()?;
        }
        let errors = File::create(scratch).with_context(|| format!("write {}", scratch.display()))?;
        let mut command = self.command();
        let printed = scratch.with_extension("out");
        let output = if self.tells_time {
            File::create(&printed).with_context(|| format!("write {}", printed.display()))?.into()
        } else {
            Stdio::null()
        };
        command.stdout(output).stderr(errors);
        let start = Instant::now();
        let child = command.spawn().with_context(|| format!("start {}", self.program.display()))?;
        let usage = child.wait4().with_context(|| format!("wait for {}", self.program.display()))?;
        let mut elapsed = start.elapsed();
        if !usage.status.success() {
            bail!(
                "`{}` ended with {}: {}",
                self.shown,
                usage.status,
                fs::read_to_string(scratch).unwrap_or_default().trim()
            );
        }
        if self.tells_time {
            let text = fs::read_to_string(&printed).with_context(|| format!("read {}", printed.display()))?;
            fs::remove_file(&printed).with_context(|| format!("remove {}", printed.display()))?;
            elapsed = told(&text).with_context(|| format!("`{}` printed no time: {text}", self.shown))?;
        }
        Ok(Run { elapsed, peak_memory_bytes: usage.rusage.maxrss })
    }
}

/// The milliseconds of the last line.
fn told(text: &str) -> Option<Duration> {
    let milliseconds: f64 = text.lines().last()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(milliseconds / 1e3).ok()
}

/// One timed run.
#[derive(Debug, Clone, Copy)]
struct Run {
    elapsed: Duration,
    peak_memory_bytes: u64,
}

/// The median of a command's runs, and the most memory that any of them held.
#[derive(Debug, Clone)]
pub(super) struct Measurement {
    pub(super) tool: &'static str,
    pub(super) version: String,
    pub(super) shown: String,
    /// The runs in their order, so that those of two commands can be paired.
    pub(super) times_ms: Vec<f64>,
    pub(super) median_ms: f64,
    pub(super) peak_memory_mb: f64,
}

impl Measurement {
    /// How many times as long this took as `other`: the median over the pairs of runs that stood beside each other.
    pub(super) fn ratio_to(&self, other: &Self) -> f64 {
        median(self.times_ms.iter().zip(&other.times_ms).map(|(mine, theirs)| mine / theirs).collect())
    }
}

/// Measures commands in turns, after one untimed run of each, so that a noisy moment of the machine meets all of them. The
/// subject and the floor are run `pairs` times, every other time in the opposite order, so that neither always follows
/// the same neighbour; the others [`RUNS`] times.
pub(super) fn measure(
    commands: &[Measured],
    pairs: usize,
    interrupt: &Interrupt,
) -> Result<Vec<Measurement>> {
    let scratch = tempfile::NamedTempFile::new().context("make a temporary file")?;
    let mut runs = vec![Vec::with_capacity(pairs); commands.len()];
    for round in 0..=pairs.max(RUNS) {
        for place in in_turn(commands, round, pairs) {
            if interrupt.arrived() {
                bail!("interrupted");
            }
            let run = commands[place].time(scratch.path())?;
            if round > 0 {
                runs[place].push(run);
            }
        }
    }
    Ok(commands.iter().zip(runs).map(|(command, runs)| summarise(command, &runs)).collect())
}

/// The places of the commands that run in a round, in their order.
fn in_turn(commands: &[Measured], round: usize, pairs: usize) -> Vec<usize> {
    let is_paired = |place: &usize| [SUBJECT, FLOOR].contains(&commands[*place].tool);
    let (mut paired, others): (Vec<_>, Vec<_>) = (0..commands.len()).partition(is_paired);
    if round % 2 == 1 {
        paired.reverse();
    }
    paired.retain(|_| round <= pairs);
    paired.extend(others.into_iter().filter(|_| round <= RUNS));
    paired
}

fn summarise(command: &Measured, runs: &[Run]) -> Measurement {
    let times_ms: Vec<f64> = runs.iter().map(|run| run.elapsed.as_secs_f64() * 1e3).collect();
    let peak = runs.iter().map(|run| run.peak_memory_bytes).max().unwrap_or_default();
    Measurement {
        tool: command.tool,
        version: command.version.clone(),
        shown: command.shown.clone(),
        median_ms: median(times_ms.clone()),
        times_ms,
        // Kibibytes fit f64 for any machine's memory, and the table shows one decimal.
        peak_memory_mb: f64::from(u32::try_from(peak / 1024).unwrap_or(u32::MAX)) / 1024.0,
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_five() {
        assert_eq!(median(vec![9.0, 1.0, 100.0, 3.0, 2.0]), 3.0);
    }

    #[test]
    fn the_subject_and_the_floor_change_places_and_run_more_often() {
        let folder = tempfile::tempdir().unwrap();
        let commands =
            [SUBJECT, FLOOR, "peer"].map(|tool| Measured::new(tool, "/bin/true", &[], folder.path()));
        assert_eq!(in_turn(&commands, 2, PAIRS), [0, 1, 2]);
        assert_eq!(in_turn(&commands, 3, PAIRS), [1, 0, 2]);
        assert_eq!(in_turn(&commands, RUNS + 1, PAIRS), [0, 1]);
        assert!(in_turn(&commands, RUNS + 1, RUNS).is_empty());
    }

    #[test]
    fn a_ratio_is_of_runs_that_stood_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let measurement = |milliseconds: [u64; 3]| {
            let runs =
                milliseconds.map(|time| Run { elapsed: Duration::from_millis(time), peak_memory_bytes: 0 });
            summarise(&Measured::new("true", "/bin/true", &[], folder.path()), &runs)
        };
        // The machine was slow in the second round: the medians alone would say 200 to 30.
        let (slow, fast) = (measurement([20, 200, 300]), measurement([10, 100, 30]));
        assert_eq!(slow.ratio_to(&fast), 2.0);
    }

    #[test]
    fn what_comes_before_a_run_is_not_timed_and_must_succeed() {
        let folder = tempfile::tempdir().unwrap();
        let command = |script: &str| Measured::new("sh", "/bin/sh", &["-c", script], folder.path());
        let errors = folder.path().join("errors");
        let run = command("test -e made").after(command("sleep 0.3; touch made")).time(&errors).unwrap();
        assert!(run.elapsed < Duration::from_millis(300));
        command("true").after(command("exit 3")).time(&errors).unwrap_err();
    }

    #[test]
    fn a_process_stays_on_its_core() {
        let folder = tempfile::tempdir().unwrap();
        let core = crate::bench::cores::allowed().unwrap().first().to_string();
        let asking =
            Measured::new("grep", "grep", &["Cpus_allowed_list", "/proc/self/status"], folder.path());
        let printed = asking.on_cores(&core).prepare().unwrap();
        assert_eq!(printed.split_whitespace().last(), Some(&*core));
    }

    #[test]
    fn a_process_is_timed_with_its_memory() {
        let folder = tempfile::tempdir().unwrap();
        let sleep = Measured::new("sleep", "/bin/sleep", &["0.05"], folder.path());
        let run = sleep.time(&folder.path().join("errors")).unwrap();
        assert!(run.elapsed >= Duration::from_millis(50));
        let measurement = summarise(&sleep, &[run]);
        assert!(measurement.peak_memory_mb > 0.1 && measurement.peak_memory_mb < 100.0, "{measurement:?}");
    }

    #[test]
    fn a_process_may_tell_its_own_time() {
        let folder = tempfile::tempdir().unwrap();
        let command = |script: &str| Measured::new("sh", "/bin/sh", &["-c", script], folder.path());
        let errors = folder.path().join("errors");
        let run = command("echo loading; sleep 0.2; echo 12.5").telling_its_time().time(&errors).unwrap();
        assert_eq!(run.elapsed, Duration::from_micros(12_500));
        for nonsense in ["true", "echo soon", "echo -1"] {
            command(nonsense).telling_its_time().time(&errors).unwrap_err();
        }
    }

    #[test]
    fn a_measured_command_that_fails_is_an_error_with_its_words() {
        let folder = tempfile::tempdir().unwrap();
        let failing = Measured::new("sh", "/bin/sh", &["-c", "echo broken >&2; exit 3"], folder.path());
        let error = failing.time(&folder.path().join("errors")).unwrap_err().to_string();
        assert!(error.contains("broken"), "{error}");
        assert!(failing.prepare().unwrap_err().to_string().contains("broken"));
    }
}
