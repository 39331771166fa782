//! `whimbrel config`.

use super::{Context, Outcome, text};
use crate::error::ExitCode;

/// Shows every setting with its origin.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let project = context.project()?;
    context.output.result(&project.settings(), |settings| {
        let rows = settings
            .iter()
            .map(|row| vec![row.key.clone(), row.value.clone(), row.origin.to_string()])
            .collect();
        format!("{}\n", text::table(&["setting", "value", "from"], rows, &[]))
    });
    Ok(ExitCode::Done)
}
