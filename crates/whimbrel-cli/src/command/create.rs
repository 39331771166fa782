//! `whimbrel migrate create`.

use std::io::{IsTerminal as _, Write as _};

use whimbrel_lifecycle::LifecycleError;
use whimbrel_lifecycle::Session;
use whimbrel_lifecycle::create::{Created, create_auto, create_template, possible_renames};
use whimbrel_lifecycle::declared::DeclaredSchema;
use whimbrel_lifecycle::migration::Folder;
use whimbrel_schema::ddl::Forms;

use super::{Context, Outcome, text};
use crate::arguments::CreateArguments;
use crate::connect::Purpose;
use crate::error::ExitCode;

/// Writes a new migration file.
pub(crate) async fn run(context: &Context<'_>, given: &CreateArguments) -> Outcome {
    let forms = if given.plain { Forms::Plain } else { Forms::Safe };
    write(context, &given.name, given.auto, &given.rename, forms).await
}

/// Writes a file from a template or from the difference.
pub(crate) async fn write(
    context: &Context<'_>,
    name: &str,
    auto: bool,
    renames: &[String],
    forms: Forms,
) -> Outcome {
    let project = context.project()?;
    if !auto {
        let folder = Folder::read(&project.migrations_folder.value)?;
        let created = create_template(&folder, name, project.model.value)?;
        context.output.result(&created, |created| format!("wrote {}\n", created.path.display()));
        return Ok(ExitCode::Done);
    }
    let (mut session, declared) = context.session_and_schema(&project, Purpose::Look).await?;
    let mut renames = renames.to_vec();
    renames.extend(asked_renames(context, &mut session, &declared, &renames).await?);
    match create_auto(&mut session, &declared, name, &renames, forms).await? {
        Some(created) => context.output.result(&created, render),
        None => context.output.result(&Option::<Created>::None, |_| {
            "Nothing to write: the migrations build what the schema declares.\n".to_owned()
        }),
    }
    Ok(ExitCode::Done)
}

/// Asks on a terminal which dropped and added things are one renamed thing.
async fn asked_renames(
    context: &Context<'_>,
    session: &mut Session<'_>,
    declared: &DeclaredSchema,
    given: &[String],
) -> Result<Vec<String>, LifecycleError> {
    if context.global.yes || !std::io::stdin().is_terminal() {
        return Ok(Vec::new());
    }
    let candidates = possible_renames(session, declared, given).await?;
    Ok(candidates.into_iter().filter(|candidate| is_rename(candidate)).collect())
}

fn is_rename(candidate: &str) -> bool {
    let Some((old, new)) = candidate.split_once(':') else { return false };
    let mut error = std::io::stderr();
    let _ = write!(error, "Is {new} the new name of {old}? [y/N] ");
    let _ = error.flush();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok()
        && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

fn render(created: &Created) -> String {
    let mut out = format!("wrote {}\n", created.path.display());
    out.push_str(&text::list("It does this:", &created.changes));
    out.push_str(&text::list("Look at this before it runs:", &created.cautions));
    out
}
