//! `whimbrel doctor`.

use miette::Diagnostic;
use serde::Serialize;
use whimbrel_lifecycle::declared::DeclaredSchema;
use whimbrel_lifecycle::report::status;
use whimbrel_lifecycle::{LifecycleError, Session};

use super::{Context, Outcome};
use crate::connect::Purpose;
use crate::error::ExitCode;

/// One thing that was checked.
#[derive(Debug, Serialize)]
struct Finding {
    /// What was checked.
    check: &'static str,
    /// Whether it is as it should be.
    ok: bool,
    /// What was found.
    found: String,
    /// What to do about it.
    help: Option<String>,
}

/// Checks everything that a command needs, and goes on after a failure where that makes sense.
pub(crate) async fn run(context: &Context<'_>) -> Outcome {
    let mut findings = Vec::new();
    examine(context, &mut findings).await;
    let healthy = findings.iter().all(|finding| finding.ok);
    context.output.result(&findings, |findings| {
        let mut out = String::new();
        for finding in findings {
            let mark = if finding.ok { "ok  " } else { "FAIL" };
            out.push_str(&format!("{mark}  {:<11} {}\n", finding.check, finding.found));
            if let Some(help) = &finding.help {
                out.push_str(&format!("{:19}{help}\n", ""));
            }
        }
        out
    });
    Ok(if healthy { ExitCode::Done } else { ExitCode::Failed })
}

async fn examine(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let project = match context.project() {
        Ok(project) => project,
        Err(error) => return findings.push(failed("project", &error)),
    };
    findings.push(fine("project", format!("{} in {}", project.name.value, project.folder.display())));
    findings.push(fine(
        "environment",
        format!("{} from {}", project.environment.value, project.environment.origin),
    ));
    findings.push(fine("url", format!("{} from {}", project.url.value, project.url.origin)));
    let declared = match DeclaredSchema::read(&project) {
        Ok(declared) => {
            findings.push(fine("schema", format!("{} models", declared.schema.models.len())));
            Some(declared)
        }
        Err(error) => {
            findings.push(failed("schema", &error));
            None
        }
    };
    match context.session(&project, Purpose::Look).await {
        Ok(mut session) => {
            let server = session.engine.server();
            findings.push(fine(
                "connection",
                format!("{} {} · {} · {}", server.product, server.version, server.location, server.database),
            ));
            examine_database(&mut session, declared.as_ref(), findings).await;
        }
        Err(error) => findings.push(failed("connection", &error)),
    }
}

async fn examine_database(
    session: &mut Session<'_>,
    declared: Option<&DeclaredSchema>,
    findings: &mut Vec<Finding>,
) {
    let folder = match session.folder() {
        Ok(folder) => folder,
        Err(error) => return findings.push(failed("migrations", &error)),
    };
    match session.state(&folder).await {
        Ok(state) => findings.push(fine(
            "migrations",
            format!("{} files, {} applied", folder.migrations.len(), state.applied().len()),
        )),
        Err(error) => return findings.push(failed("migrations", &error)),
    }
    match session.check_seal(&folder, false) {
        Ok(()) => findings.push(fine("seal", "whimbrel.sum is in order".to_owned())),
        Err(error) => findings.push(failed("seal", &error)),
    }
    let Some(declared) = declared else { return };
    match status(session, declared).await {
        Ok(report) if report.is_clean() => {
            findings.push(fine("database", "what the schema declares".to_owned()));
        }
        Ok(_) => findings.push(Finding {
            check: "database",
            ok: false,
            found: "differs from the schema, or migrations are pending".to_owned(),
            help: Some("`whimbrel status` shows what".to_owned()),
        }),
        Err(error) => findings.push(failed("database", &error)),
    }
}

fn fine(check: &'static str, found: String) -> Finding {
    Finding { check, ok: true, found, help: None }
}

fn failed(check: &'static str, error: &LifecycleError) -> Finding {
    Finding { check, ok: false, found: error.to_string(), help: error.help().map(|help| help.to_string()) }
}
