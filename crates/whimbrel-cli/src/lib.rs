//! The `whimbrel` command: one file per subcommand, one place that turns errors into text and exit codes.
//!
//! It is a library so that the reference of the command line can be generated from the same tree that parses it.

use std::process::ExitCode;

mod arguments;
mod command;
mod connect;
mod error;
mod output;
mod progress;
mod reference;

pub use reference::reference_markdown;

/// Runs the command that the process's arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match arguments::parse() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let output = output::Output::new(&arguments.global);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return error::fail_to_start(&error),
    };
    match runtime.block_on(command::run(&arguments, &output)) {
        Ok(code) => code.into(),
        Err(failure) => error::report(&failure, &output),
    }
}
