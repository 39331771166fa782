//! The one place where an error becomes text and an exit code.

use std::process::ExitCode as ProcessExit;

use miette::Diagnostic;
use whimbrel_lifecycle::LifecycleError;

use crate::output::Output;

/// The published exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Pending or drift found.
    Found = 3,
    /// Another deployer held the lock.
    LockTimeout = 4,
    /// Refused by a guard or by lint.
    Refused = 5,
    /// Done, and an optional part of it failed.
    Partial = 6,
    /// Verification failed.
    Unverified = 7,
}

impl From<ExitCode> for ProcessExit {
    fn from(code: ExitCode) -> Self {
        ProcessExit::from(code as u8)
    }
}

/// The exit code that an error's stable code stands for.
fn exit_code(code: &str) -> ExitCode {
    match code.split_once("::") {
        Some(("guard", _) | ("lint", "refused")) => ExitCode::Refused,
        Some(("verify", _)) => ExitCode::Unverified,
        Some(("migrate", "lock_timeout")) => ExitCode::LockTimeout,
        _ => ExitCode::Failed,
    }
}

/// Writes an error to standard error and gives its exit code.
pub(crate) fn report(failure: &LifecycleError, output: &Output) -> ProcessExit {
    let code = failure.code().map(|code| code.to_string()).unwrap_or_default();
    output.error(failure);
    exit_code(&code).into()
}

/// The runtime could not start.
#[expect(clippy::print_stderr, reason = "there is no output to write to yet")]
pub(crate) fn fail_to_start(error: &std::io::Error) -> ProcessExit {
    eprintln!("error: the asynchronous runtime cannot start: {error}");
    ExitCode::Failed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_errors_become_exit_codes() {
        for (code, expected) in [
            ("guard::protected_environment", ExitCode::Refused),
            ("guard::data_loss", ExitCode::Refused),
            ("lint::refused", ExitCode::Refused),
            ("verify::differs", ExitCode::Unverified),
            ("migrate::lock_timeout", ExitCode::LockTimeout),
            ("migrate::checksum_mismatch", ExitCode::Failed),
            ("", ExitCode::Failed),
        ] {
            assert_eq!(exit_code(code), expected);
        }
    }
}
