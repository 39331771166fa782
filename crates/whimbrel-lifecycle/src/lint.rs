//! Linting a plan: facts from the engine, findings from the pure rules, refusals by environment.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceSpan};
use serde::Serialize;
use whimbrel_engine::{Grouping, Locking, Source, Statement, Unit};
use whimbrel_schema::lint::{
    Allowed, Finding, LintFile, LintStatement, Options, Reversal, Severity, find_rule, is_preflighted, lint,
    rules, tables_made,
};

use crate::error::Result;
use crate::events::{Event, Observer};
use crate::migration::{Direction, Folder, Migration, MigrationError, PlannedStep, Target, Version};
use crate::preflight;
use crate::project::LintLevel;
use crate::session::Session;

mod facts;

use facts::Gathered;

/// What was found in one step of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct Reviewed {
    /// Up or down.
    pub direction: Direction,
    /// The version.
    pub version: String,
    /// The file.
    pub file: String,
    /// The findings, in the order of the file.
    pub findings: Vec<Placed>,
    /// The file's text, for messages.
    #[serde(skip)]
    pub source: Source,
}

/// A finding with its place for people.
#[derive(Clone, Debug, Serialize)]
pub struct Placed {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The locks in words, where there are any.
    pub lock: Option<String>,
    /// Whether the preflight counts what it is about, and refuses by the number.
    #[serde(skip)]
    pub counted: bool,
}

impl Reviewed {
    /// The findings as diagnostics with their source.
    #[must_use]
    pub fn reports(&self) -> Vec<FindingReport> {
        self.findings.iter().map(|placed| FindingReport::new(&self.source, &placed.finding)).collect()
    }
}

/// A finding as a diagnostic that points into its file.
#[derive(Clone, Debug)]
pub struct FindingReport {
    finding: Finding,
    source: NamedSource<Arc<str>>,
}

impl FindingReport {
    fn new(source: &Source, finding: &Finding) -> Self {
        FindingReport {
            finding: finding.clone(),
            source: NamedSource::new(&source.name, Arc::clone(&source.text)),
        }
    }
}

impl fmt::Display for FindingReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.finding.reason)
    }
}

impl std::error::Error for FindingReport {}

impl Diagnostic for FindingReport {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("lint::{}", self.finding.code)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let rewrite = self.finding.rewrite.as_ref()?;
        let intro = if rewrite.contains('\n') { "\n" } else { "" };
        Some(Box::new(format!("instead: {intro}{rewrite}")))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = SourceSpan::new(self.finding.span.start.into(), self.finding.span.len());
        let label = self.finding.lock_words();
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(label, span))))
    }
}

/// What lint refuses.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[non_exhaustive]
pub enum LintError {
    /// Findings stop the plan.
    #[error(
        "lint refuses this plan in `{environment}`: {} of severity error; nothing was run",
        if findings.len() == 1 { "one finding".to_owned() } else { format!("{} findings", findings.len()) }
    )]
    #[diagnostic(code(lint::refused))]
    Refused {
        /// The environment.
        environment: String,
        /// What was found.
        #[related]
        findings: Vec<FindingReport>,
        /// The ways on.
        #[help]
        help: String,
    },
    /// `lint.ignore` names a code that no rule has.
    #[error("lint.ignore names `{code}`, and no rule has this code")]
    #[diagnostic(
        code(project::unknown_lint_code),
        help("the nearest one is `{nearest}`; docs/reference/lint.md lists them all")
    )]
    UnknownCode {
        /// What it names.
        code: String,
        /// The code that was probably meant.
        nearest: String,
    },
}

/// Lints a plan over the database as it stands. Changes nothing.
///
/// # Errors
/// The database cannot be read, or `lint.ignore` names an unknown code.
pub async fn review(session: &mut Session<'_>, planned: &[PlannedStep]) -> Result<Vec<Reviewed>> {
    if session.is_document() {
        // What a script does shows when it runs: its commands are looked at one by one.
        return Ok(Vec::new());
    }
    let options = options(session)?;
    let outside = session.relational()?.runs_outside();
    let files: Vec<LintFile> = planned.iter().map(|step| lint_file(step, &outside)).collect();
    let mut facts = Gathered::gather(session, &files).await?;
    let mut reviewed = Vec::with_capacity(planned.len());
    for (step, file) in planned.iter().zip(&files) {
        let findings = lint(file, &facts, &options);
        facts.made.extend(tables_made(file));
        let source = step.step.source.clone();
        reviewed.push(Reviewed {
            direction: step.direction,
            version: step.version.to_string(),
            file: step.file_name.clone(),
            findings: findings
                .into_iter()
                .map(|finding| {
                    let counted = is_preflighted(finding.code) && facts.stands(file, &finding);
                    placed(&source, finding, counted)
                })
                .collect(),
            source,
        });
    }
    Ok(reviewed)
}

/// Lints a plan, tells what was found, and refuses it where the environment asks for that. What the plan would
/// take away is counted, and refused in a protected environment whatever lint is told.
///
/// # Errors
/// As [`review`]; a finding of severity error, or rows that would be lost, in a protected environment.
pub async fn enforce(
    session: &mut Session<'_>,
    planned: &[PlannedStep],
    observer: &mut dyn Observer,
) -> Result<()> {
    if session.is_document() {
        return Ok(());
    }
    preflight::refuse_losses(session, planned).await?;
    let level = session.project.lint.level.value;
    if level == LintLevel::Off {
        return Ok(());
    }
    let reviewed = review(session, planned).await?;
    for step in &reviewed {
        for placed in &step.findings {
            observer.event(&Event::Finding {
                file: step.file.clone(),
                line: placed.line,
                severity: placed.finding.severity.as_str(),
                code: placed.finding.code,
                reason: placed.finding.reason.clone(),
                lock: placed.lock.clone().unwrap_or_default(),
            });
        }
    }
    if level == LintLevel::Refuse { refuse(session, &reviewed) } else { Ok(()) }
}

fn refuse(session: &Session<'_>, reviewed: &[Reviewed]) -> Result<()> {
    let passes = |finding: &Finding| {
        let allowed = match finding.class.flag() {
            Some("--allow-locking") => session.allow_locking,
            Some(_) => session.allow_destructive,
            None => false,
        };
        finding.severity != Severity::Error || allowed
    };
    let refused: Vec<(&Reviewed, &Finding)> = reviewed
        .iter()
        .flat_map(|step| step.findings.iter().map(move |placed| (step, placed)))
        .filter(|(_, placed)| !placed.counted)
        .map(|(step, placed)| (step, &placed.finding))
        .filter(|(_, finding)| !passes(finding))
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    let mut flags: Vec<&str> = refused.iter().filter_map(|(_, finding)| finding.class.flag()).collect();
    flags.sort_unstable();
    flags.dedup();
    let once = match flags.as_slice() {
        [] => String::new(),
        flags => format!(", or let it pass once: `whimbrel migrate {}`", flags.join(" ")),
    };
    Err(LintError::Refused {
        environment: session.project.environment.value.clone(),
        findings: refused.iter().map(|(step, finding)| FindingReport::new(&step.source, finding)).collect(),
        help: format!(
            "write the safe form, accept a finding in its file with `-- whimbrel:allow CODE reason`{once}"
        ),
    }
    .into())
}

/// The steps that `migrate lint` looks at: the pending ones up to a target, or those of the named files.
///
/// # Errors
/// Files and history disagree, or there is no such file or version.
pub async fn steps(
    session: &mut Session<'_>,
    target: Option<&Version>,
    files: &[String],
) -> Result<Vec<PlannedStep>> {
    let folder = session.folder()?;
    let state = session.state(&folder).await?;
    let dialect = session.engine.dialect();
    if !files.is_empty() {
        return files.iter().map(|given| Ok(state.step_of(find_file(&folder, given)?, dialect))).collect();
    }
    let target = target.map_or(Target::Latest, |version| Target::Version(version.clone()));
    Ok(state.plan(&target, dialect, &session.deployer, &|_| None)?)
}

/// A file by its path, its name or its version.
fn find_file<'f>(folder: &'f Folder, given: &str) -> Result<&'f Migration> {
    let name = std::path::Path::new(given).file_name().map(|name| name.to_string_lossy().into_owned());
    let by_name = folder.migrations.iter().find(|migration| Some(&migration.file_name) == name.as_ref());
    by_name
        .or_else(|| Version::parse(given).and_then(|version| folder.find(&version)))
        .ok_or_else(|| MigrationError::UnknownVersion { version: given.to_owned() }.into())
}

fn options(session: &mut Session<'_>) -> Result<Options> {
    let settings = &session.project.lint;
    for code in &settings.ignore.value {
        if find_rule(code).is_none() {
            let nearest = rules()
                .into_iter()
                .map(|rule| rule.code)
                .max_by(|one, other| strsim::jaro(one, code).total_cmp(&strsim::jaro(other, code)))
                .unwrap_or_default();
            return Err(LintError::UnknownCode { code: code.clone(), nearest: nearest.to_owned() }.into());
        }
    }
    Ok(Options {
        lock_timeout: session.project.pool.lock_timeout.value.is_some(),
        big_table_rows: u64::from(settings.big_table_rows.value),
        ignore: settings.ignore.value.clone(),
        locks_tables: session.relational()?.locking() == Locking::Tables,
    })
}

/// A step in the form that the rules read.
fn lint_file(planned: &PlannedStep, outside: &dyn Fn(&Statement) -> bool) -> LintFile {
    let text = &planned.step.source.text;
    let allowed = |given: &[whimbrel_engine::Allowance]| -> Vec<Allowed> {
        given
            .iter()
            .map(|allowance| {
                let line =
                    text.get(allowance.offset..).and_then(|rest| rest.lines().next()).unwrap_or_default();
                Allowed {
                    code: allowance.code.clone(),
                    span: allowance.offset..allowance.offset + line.trim_end().len(),
                }
            })
            .collect()
    };
    let units = planned.step.units(outside);
    let unit_of = |offset: usize| -> Option<usize> {
        let Some(units) = &units else { return Some(0) };
        let holds = |unit: &Unit| unit.statements().iter().any(|statement| statement.offset == offset);
        units.iter().position(holds).filter(|index| matches!(units[*index], Unit::Together(_)))
    };
    let statements = planned.step.statements.iter().enumerate().map(|(index, statement)| {
        let mut linted = LintStatement::new(&statement.sql, statement.offset);
        let forced = matches!(statement.grouping, Grouping::Group(_)) && outside(statement);
        linted.unit = unit_of(statement.offset).or(forced.then_some(usize::MAX - index));
        linted.batched = statement.batch.is_some();
        linted.allowed = allowed(&statement.allowed);
        linted
    });
    LintFile {
        statements: statements.collect(),
        reversal: (planned.direction == Direction::Up).then_some(if planned.reversible {
            Reversal::Present
        } else {
            Reversal::Missing
        }),
        is_rollback: planned.direction == Direction::Down,
        // A file's allowances speak of its way up; on the way down they may have nothing to do.
        allowed: if planned.direction == Direction::Up { allowed(&planned.allowed) } else { Vec::new() },
    }
}

fn placed(source: &Source, finding: Finding, counted: bool) -> Placed {
    let (line, column) = position(&source.text, finding.span.start);
    let lock = finding.lock_words();
    Placed { finding, line, column, lock, counted }
}

/// The line and column of a place, from 1.
pub(crate) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
