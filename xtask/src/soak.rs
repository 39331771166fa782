//! `xtask soak`: runs that are too long for the test command.
//!
//! To add one, write a function over a [`Deadline`] and name it in [`RUNS`].

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use whimbrel_testkit::{PostgresServer, PostgresVersion, Sandbox};

use crate::bench::build_release;
use crate::interrupt::Interrupt;
use crate::servers::{Selection, Servers};
use crate::test::cargo;
use crate::{mutations, workspace};

/// How long each run lasts unless the command line says otherwise.
const DEFAULT_MINUTES: u64 = 10;
/// The longest time between the start of `init` and the end of its server; a whole `init` takes less.
const LATEST_KILL_MS: u64 = 400;
/// Steps between those times: a prime, so that the rounds do not repeat each other's moments.
const KILL_STEP_MS: u64 = 37;
/// How long an interrupted `init` may take to notice that its server has gone.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a running command is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Runs until the deadline and returns the number of rounds.
type Run = fn(&Deadline) -> Result<u64>;

/// Every run by its name.
const RUNS: [(&str, Run); 4] = [
    ("commands-are-fuzzed", commands_are_fuzzed),
    ("mutations-are-caught", |deadline| mutations::are_caught(&deadline.interrupt)),
    ("postgres-ends-during-init", postgres_ends_during_init),
    ("migrate-is-killed-at-random-times", migrate_is_killed_at_random_times),
];
/// How often each round of the everyday test kills a run here: the round must end before the test runner ends it.
const CRASHES: u64 = 300;

/// The inputs of one round of the everyday test here.
const INPUTS: u64 = 1_000_000;

/// When a run should end.
struct Deadline {
    at: Instant,
    interrupt: Interrupt,
}

impl Deadline {
    fn passed(&self) -> bool {
        Instant::now() >= self.at || self.interrupt.arrived()
    }
}

/// Runs the soaks whose name has the word, or all of them, for so many minutes each.
pub(crate) fn run(arguments: &[&str]) -> Result<ExitCode> {
    let (word, minutes) = chosen(arguments)?;
    let interrupt = Interrupt::listen()?;
    for (name, run) in RUNS.iter().filter(|(name, _)| name.contains(word)) {
        let deadline =
            Deadline { at: Instant::now() + Duration::from_secs(minutes * 60), interrupt: interrupt.clone() };
        let rounds = run(&deadline).with_context(|| format!("soak {name}"))?;
        println!("soak: {name}: {rounds} rounds");
    }
    Ok(ExitCode::SUCCESS)
}

/// The word that the runs' names have to have, and the minutes.
fn chosen<'a>(arguments: &[&'a str]) -> Result<(&'a str, u64)> {
    let (mut word, mut minutes) = ("", DEFAULT_MINUTES);
    for argument in arguments {
        match argument.parse() {
            Ok(number) => minutes = number,
            Err(_) => word = argument,
        }
    }
    let names = RUNS.map(|(name, _)| name);
    ensure!(
        names.iter().any(|name| name.contains(word)),
        "no soak has `{word}` in its name: {}",
        names.join(", ")
    );
    Ok((word, minutes))
}

/// Repeats the everyday test with a million inputs a round, at least one round; each tells its seed. A stack that overflows ends the
/// process, which the round's end tells.
fn commands_are_fuzzed(deadline: &Deadline) -> Result<u64> {
    let mut rounds = 0;
    while rounds == 0 || !deadline.passed() {
        let mut command = Command::new(workspace::cargo());
        command.current_dir(workspace::root()?).stdin(Stdio::null());
        command.args(["test", "--release", "--package", "whimbrel-documents", "--test", "it"]);
        command.args(["no_command_breaks_the_engine", "--", "--nocapture"]);
        command.env("WHIMBREL_TEST_INPUTS", INPUTS.to_string());
        let status = deadline.interrupt.run(&mut command)?;
        if deadline.interrupt.arrived() {
            break;
        }
        ensure!(status.success(), "the test ended with {status}");
        rounds += 1;
    }
    Ok(rounds)
}

/// Repeats the everyday test with ever different times; each round tells its seed.
fn migrate_is_killed_at_random_times(deadline: &Deadline) -> Result<u64> {
    let servers = Servers::start(Selection::All, &deadline.interrupt)?;
    let mut crashes = 0;
    while !deadline.passed() {
        let status = deadline.interrupt.run(
            cargo(&servers)?
                .args(["nextest", "run", "--package", "whimbrel-cli", "crash::random::"])
                .args(["--success-output", "immediate"])
                .env("WHIMBREL_TEST_CRASHES", CRASHES.to_string()),
        )?;
        ensure!(status.success() || deadline.interrupt.arrived(), "the test ended with {status}");
        crashes += CRASHES;
    }
    Ok(crashes)
}

/// Ends the server at ever different moments of `init`; a second `init` must complete, and `rollback --to 0` must leave nothing.
fn postgres_ends_during_init(deadline: &Deadline) -> Result<u64> {
    let binary = build_release(&deadline.interrupt)?;
    let root = workspace::root()?;
    let mut server = PostgresServer::start_durable(PostgresVersion::V15)?;
    let sandbox = Sandbox::new(binary)?;
    sandbox.copy(&root.join("systems/travya"), "project")?;
    let mut rounds = 0;
    let mut expected = None;
    while !deadline.passed() {
        let database = format!("round_{rounds}");
        server.create_database(&database)?;
        let round = Round { sandbox: &sandbox, url: server.url(&database) };
        let delay = Duration::from_millis(rounds * KILL_STEP_MS % LATEST_KILL_MS);
        round.interrupted_init(delay, || {
            if rounds.is_multiple_of(2) { server.kill9() } else { server.stop() }
        })?;
        server.restart()?;
        round.whimbrel(&["init", "--quick"])?;
        round.whimbrel(&["migrate", "check"])?;
        let catalogue = server.psql(&database, CATALOGUE)?;
        ensure!(!catalogue.is_empty(), "init made no table");
        ensure!(
            *expected.get_or_insert_with(|| catalogue.clone()) == catalogue,
            "round {rounds} reached another catalogue: {catalogue}"
        );
        round.whimbrel(&["rollback", "--to", "0"])?;
        let left = server.psql(&database, CATALOGUE)?;
        ensure!(left.is_empty(), "round {rounds}: rollback left {left}");
        server.psql("postgres", &format!("DROP DATABASE {database} WITH (FORCE)"))?;
        rounds += 1;
    }
    Ok(rounds)
}

/// Every column, index, constraint and type outside Whimbrel's own tables.
const CATALOGUE: &str = "
SELECT 'column', table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
 WHERE table_schema = 'public' AND table_name NOT LIKE '%whimbrel%'
UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes
 WHERE schemaname = 'public' AND tablename NOT LIKE '%whimbrel%'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '%whimbrel%'
UNION ALL SELECT 'type', typname, '', '', '', '' FROM pg_type
 WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd') AND typname NOT LIKE '%whimbrel%'
ORDER BY 1, 2, 3";

/// One database and the project that is brought up on it.
struct Round<'a> {
    sandbox: &'a Sandbox,
    url: String,
}

impl Round<'_> {
    fn arguments<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [&["--project", "project", "--env", "test", "--yes", "--url", &self.url], arguments].concat()
    }

    fn whimbrel(&self, arguments: &[&str]) -> Result<()> {
        let output = self.sandbox.run(self.arguments(arguments))?;
        ensure!(
            output.code == Some(0),
            "whimbrel {} ended with {:?}: {}{}",
            arguments.join(" "),
            output.code,
            output.stdout,
            output.stderr
        );
        Ok(())
    }

    /// Starts `init`, waits for `delay`, lets `end_server` end the server, and waits until `init` has noticed.
    fn interrupted_init(&self, delay: Duration, end_server: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut command: Command = self.sandbox.command();
        command.args(self.arguments(&["init", "--quick"])).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().context("start whimbrel init")?;
        std::thread::sleep(delay);
        end_server()?;
        let noticed = Instant::now() + NOTICE_TIMEOUT;
        while child.try_wait().context("wait for whimbrel init")?.is_none() {
            if Instant::now() >= noticed {
                child.kill().context("kill whimbrel init")?;
                child.wait().context("wait for whimbrel init")?;
                bail!("init did not notice within {NOTICE_TIMEOUT:?} that its server had gone");
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_a_part_of_its_name() {
        assert_eq!(chosen(&[]).unwrap(), ("", DEFAULT_MINUTES));
        assert_eq!(chosen(&["3"]).unwrap(), ("", 3));
        assert_eq!(chosen(&["fuzz", "1"]).unwrap(), ("fuzz", 1));
        let error = chosen(&["nothing"]).unwrap_err().to_string();
        assert!(error.contains("commands-are-fuzzed"), "{error}");
    }
}
