//! The project's own commands: test, tidy, gen, bench, soak.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program prints")]

mod bench;
mod compatibility;
mod generate;
mod interrupt;
mod mutations;
mod servers;
mod soak;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

use crate::servers::Selection;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [-- ARGUMENTS]               start the servers and run every test (ARGUMENTS go to nextest)
  test --servers [KIND]             only start them, print their variables and wait; KIND is postgresql or mongodb
  tidy                              check the invariants that a program can check
  gen [--check]                     write the generated files; --check fails when one is stale
  bench [--check | --peers] [NAME]  compare with the tools people use today; --check fails below a bar,
                                    --peers leaves Whimbrel out, NAME is a part of a benchmark's name
  soak [NAME] [MINUTES]             the long runs, 10 minutes each unless told; NAME is a part of a run's name
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<ExitCode> {
    match arguments {
        ["test", "--servers"] => test::serve(Selection::All),
        ["test", "--servers", "postgresql"] => test::serve(Selection::Postgres),
        ["test", "--servers", "mongodb"] => test::serve(Selection::Mongo),
        ["test"] => test::run(&[]),
        ["test", "--", rest @ ..] => test::run(rest),
        ["tidy"] => tidy::run(),
        ["gen"] => generate::write(),
        ["gen", "--check"] => generate::check(),
        ["bench", rest @ ..] => bench::run(rest),
        ["soak", rest @ ..] if rest.len() <= 2 => soak::run(rest),
        _ => {
            eprint!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}
