//! `whimbrel completions`.

use super::Context;
use crate::arguments::tree;
use crate::error::ExitCode;

/// Prints the completions of a shell.
pub(crate) fn run(context: &Context<'_>, shell: clap_complete::Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut tree(), "whimbrel", &mut script);
    context.output.data(&String::from_utf8_lossy(&script));
    ExitCode::Done
}
