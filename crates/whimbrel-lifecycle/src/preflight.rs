//! Preflight: rows that a statement would fail on, and rows that it would take away, counted before it runs.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use serde::Serialize;
use whimbrel_engine::{Source, Statement};
use whimbrel_schema::catalog::{Catalog, QualifiedName};
use whimbrel_schema::preflight::{Probe, ProbeKind, is_worth_probing, probes};
use whimbrel_schema::statement::actions;

use crate::error::Result;
use crate::events::Event;
use crate::journal::Run;
use crate::lint::position;
use crate::migration::PlannedStep;
use crate::session::Session;

mod known;
mod sensitive;

pub(crate) use known::Known;
use sensitive::Sensitive;

/// How many examples are shown.
const EXAMPLES: usize = 5;
/// How much of a value is shown, in characters.
const SHOWN_CHARACTERS: usize = 60;

/// Something that was counted and stops nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What was counted, in words.
    pub what: String,
}

/// What was counted and stops a step.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[non_exhaustive]
pub enum PreflightError {
    /// The rows that stand do not fit.
    #[error("{what}{examples}")]
    #[diagnostic(code(migrate::violations))]
    Violations {
        /// The count in words.
        what: String,
        /// How many there are.
        count: u64,
        /// Some of them, a line each.
        examples: String,
        /// The file.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The statement.
        #[label("fails on them")]
        span: SourceSpan,
        /// The ways on.
        #[help]
        help: String,
    },
    /// Rows or values would be lost in a protected environment.
    #[error("`{environment}` is protected, and this would lose data: {}", losses.join("; "))]
    #[diagnostic(
        code(guard::data_loss),
        help("take a backup, then repeat the command with --allow-destructive")
    )]
    Losses {
        /// The environment.
        environment: String,
        /// What would be lost, in words, with the numbers.
        losses: Vec<String>,
        /// The file.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The first statement that takes something away.
        #[label("here")]
        span: SourceSpan,
    },
}

/// Counts, for the statements of one transaction that is about to run, what stands in their way and what they
/// take away. What they take away stops a protected environment, unless the session allows it; elsewhere it is a
/// note.
///
/// # Errors
/// Rows that the statements would fail on; rows that they would take away in a protected environment; a database
/// that cannot be read.
async fn preflight(
    session: &mut Session<'_>,
    known: &mut Known,
    source: &Source,
    statements: &[Statement],
) -> Result<Vec<Note>> {
    if !statements.iter().any(|statement| is_worth_probing(&statement.sql)) {
        return Ok(Vec::new());
    }
    let catalog = known.around(session, statements).await?;
    let Counted { counted, uncounted } = count(session, catalog, statements, None).await?;
    if let Some(first) = counted.iter().find(|(probe, _)| probe.kind == ProbeKind::Violation) {
        return Err(violations(session, source, statements, first).await?.into());
    }
    refuse(session, source, statements, &counted)?;
    let told = counted.iter().map(|(probe, number)| (probe, probe.words(*number)));
    let untold = uncounted.iter().map(|(probe, why)| (probe, format!("not counted: {} ({why})", probe.many)));
    Ok(told.chain(untold).map(|(probe, what)| note(source, statements, probe, what)).collect())
}

/// The rows that one statement, which belongs to no file, would fail on.
///
/// # Errors
/// The database cannot be read.
pub(crate) async fn violation(
    session: &mut Session<'_>,
    catalog: &Catalog,
    statement: &str,
) -> Result<Option<PreflightError>> {
    let source = Source { name: "a statement".to_owned(), text: Arc::from(statement) };
    let statements = [Statement::new(statement, 0)];
    let Counted { counted, .. } = count(session, catalog, &statements, Some(ProbeKind::Violation)).await?;
    match counted.first() {
        Some(first) => Ok(Some(violations(session, &source, &statements, first).await?)),
        None => Ok(None),
    }
}

/// Counts what a whole plan would take away from what stands now, and refuses it in a protected environment
/// before anything runs. Tables that the plan itself changes before are counted when their turn comes.
///
/// # Errors
/// Something would be lost, or the database cannot be read.
pub async fn refuse_losses(session: &mut Session<'_>, planned: &[PlannedStep]) -> Result<()> {
    let is_open = !session.project.protected.value || session.allow_destructive;
    let all = || planned.iter().flat_map(|step| &step.step.statements);
    if is_open || !all().any(|statement| is_worth_probing(&statement.sql)) {
        return Ok(());
    }
    let statements: Vec<Statement> = all().cloned().collect();
    let catalog = session.present_around(&tables(&statements)).await?;
    let Counted { counted, .. } = count(session, &catalog, &statements, Some(ProbeKind::Loss)).await?;
    let mut first = 0;
    for step in planned {
        let own = first..first + step.step.statements.len();
        first = own.end;
        let here: Vec<(Probe, u64)> = counted
            .iter()
            .filter(|(probe, _)| own.contains(&probe.statement))
            .map(|(probe, number)| {
                (Probe { statement: probe.statement - own.start, ..probe.clone() }, *number)
            })
            .collect();
        refuse(session, &step.step.source, &step.step.statements, &here)?;
    }
    Ok(())
}

/// Counts for the statements of one transaction of a step, and tells what was counted.
pub(crate) async fn announce(
    session: &mut Session<'_>,
    run: &mut Run<'_>,
    statements: &[Statement],
) -> Result<()> {
    for note in preflight(session, run.known, &run.planned.step.source, statements).await? {
        run.observer.event(&Event::Counted { file: note.file, line: note.line, what: note.what });
    }
    Ok(())
}

/// The tables that the statements work on.
fn tables(statements: &[Statement]) -> Vec<QualifiedName> {
    let acts = statements.iter().flat_map(|statement| actions(&statement.sql));
    acts.filter_map(|act| act.action.table().cloned()).collect()
}

/// What the probes found.
struct Counted {
    /// Those that found something, with the number.
    counted: Vec<(Probe, u64)>,
    /// Violations that could not be counted, with the reason: the statement itself will tell.
    uncounted: Vec<(Probe, String)>,
}

/// Asks the database.
async fn count(
    session: &mut Session<'_>,
    catalog: &Catalog,
    statements: &[Statement],
    kind: Option<ProbeKind>,
) -> Result<Counted> {
    let texts: Vec<&str> = statements.iter().map(|statement| statement.sql.as_str()).collect();
    let (mut counted, mut uncounted) = (Vec::new(), Vec::new());
    for probe in probes(&texts, catalog) {
        if kind.is_some_and(|wanted| wanted != probe.kind) {
            continue;
        }
        let rows = match session.relational()?.rows(&probe.count).await {
            Ok(rows) => rows,
            Err(error) if probe.kind == ProbeKind::Violation => {
                uncounted.push((probe, error.to_string()));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let number = rows.first().and_then(|row| row.first().cloned().flatten());
        let number = number.and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        if number > 0 {
            counted.push((probe, number));
        }
    }
    Ok(Counted { counted, uncounted })
}

fn refuse(
    session: &Session<'_>,
    source: &Source,
    statements: &[Statement],
    counted: &[(Probe, u64)],
) -> Result<()> {
    if !session.project.protected.value || session.allow_destructive {
        return Ok(());
    }
    let losses: Vec<&(Probe, u64)> =
        counted.iter().filter(|(probe, _)| probe.kind == ProbeKind::Loss).collect();
    let Some((first, _)) = losses.first() else { return Ok(()) };
    Err(PreflightError::Losses {
        environment: session.project.environment.value.clone(),
        losses: losses.iter().map(|(probe, number)| probe.words(*number)).collect(),
        source_code: NamedSource::new(&source.name, Arc::clone(&source.text)),
        span: span(statements, first),
    }
    .into())
}

fn span(statements: &[Statement], probe: &Probe) -> SourceSpan {
    let offset = statements.get(probe.statement).map_or(0, |statement| statement.offset);
    SourceSpan::new((offset + probe.span.start).into(), probe.span.len())
}

fn note(source: &Source, statements: &[Statement], probe: &Probe, what: String) -> Note {
    let (line, _) = position(&source.text, span(statements, probe).offset());
    Note { file: source.name.clone(), line, what }
}

async fn violations(
    session: &mut Session<'_>,
    source: &Source,
    statements: &[Statement],
    (probe, number): &(Probe, u64),
) -> Result<PreflightError> {
    let sensitive = Sensitive::of(session.project);
    let mut examples = String::new();
    let mut help = String::from(
        "change these rows in a migration before this one, or in the same file before this statement",
    );
    if let Some(list) = &probe.list {
        let rows = session.relational()?.rows(&format!("{list} LIMIT {EXAMPLES}")).await.unwrap_or_default();
        for row in &rows {
            examples.push_str(&format!("\n  {}", example(probe, row, &sensitive)));
        }
        let more = number.saturating_sub(rows.len() as u64);
        if more > 0 && !rows.is_empty() {
            examples.push_str(&format!("\n  and {more} more"));
        }
        help.push_str(&format!("; all of them:\n{list};"));
    }
    Ok(PreflightError::Violations {
        what: probe.words(*number),
        count: *number,
        examples,
        source_code: NamedSource::new(&source.name, Arc::clone(&source.text)),
        span: span(statements, probe),
        help,
    })
}

/// One row as `id = 3, email = ****`.
fn example(probe: &Probe, row: &[Option<String>], sensitive: &Sensitive) -> String {
    let parts = probe.columns.iter().zip(row).map(|(column, value)| {
        let hidden = is_hidden(sensitive, &probe.table, &column.shows);
        let shown = match value {
            None => "NULL".to_owned(),
            Some(_) if hidden => "****".to_owned(),
            Some(text) if text.chars().count() > SHOWN_CHARACTERS => {
                format!("{}…", text.chars().take(SHOWN_CHARACTERS).collect::<String>())
            }
            Some(text) => text.clone(),
        };
        format!("{} = {shown}", column.label)
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn is_hidden(sensitive: &Sensitive, table: &QualifiedName, columns: &[String]) -> bool {
    columns.iter().any(|column| sensitive.holds(table, column))
}
